//! Whole-program tests: one binary, one module for each subject.

mod support;

mod autoscalers;
mod base_revision;
mod canonical_table;
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
mod kinds;
mod layering;
mod live_edits;
mod pairs;
mod plain_render;
mod set_record;
mod shop_snapshot;
mod snapshots;
mod source_hostile;
mod source_hostile_server;
mod source_http;
mod source_local;
mod source_sealed;
mod source_ssh;
mod statuses;
mod structural_defaults;
mod untracked;
mod yaml_oracle;
