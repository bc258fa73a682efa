//! Whole-program tests: one binary, one module for each subject.

mod git_server;
mod source_http;
