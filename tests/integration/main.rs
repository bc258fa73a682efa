//! Whole-program tests: one binary, one module for each subject.

mod support;

mod base_revision;
mod catalogue;
mod cli;
mod cluster_faults;
mod cluster_server;
mod cluster_smoke;
mod cluster_wire;
mod coverage;
mod exit_codes;
mod field_facts;
mod git_server;
mod hostile;
mod in_sync;
mod kustomize;
mod layering;
mod live_edits;
mod plain_render;
mod shop_snapshot;
mod snapshots;
mod source_hostile;
mod source_hostile_server;
mod source_http;
mod source_local;
mod source_sealed;
mod source_ssh;
mod statuses;
mod yaml_oracle;
