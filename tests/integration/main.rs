//! Whole-program tests: one binary, one module for each subject.

mod support;

mod cli;
mod cluster_smoke;
mod plain_render;
mod yaml_oracle;
