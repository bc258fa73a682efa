//! Whole-program tests: one binary, one module for each subject.

mod support;

mod cluster_faults;
mod cluster_server;
mod cluster_smoke;
mod cluster_wire;
mod snapshots;
