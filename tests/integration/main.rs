//! Whole-program tests: one binary, one module for each subject.

mod support;

mod cluster_smoke;
mod in_sync;
