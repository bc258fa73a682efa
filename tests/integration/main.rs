//! Whole-program tests: one binary, one module for each subject.

mod support;

mod cli;
mod cluster_faults;
mod cluster_server;
mod cluster_smoke;
mod git_server;
mod in_sync;
mod live_edits;
mod layering;
mod snapshots;
mod source_http;
mod yaml_oracle;
