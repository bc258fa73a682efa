//! `gitops undo`, and what the other commands keep for it.

mod copy;
pub(super) mod recording;
