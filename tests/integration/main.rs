//! Whole-program tests: one binary, one module for each subject.

mod git_server;
mod source_hostile;
mod source_hostile_server;
mod source_http;
mod source_local;
mod source_sealed;
mod source_ssh;
