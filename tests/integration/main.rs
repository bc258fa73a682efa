//! Whole-program tests: one binary, one module for each subject.

mod plain_render;
mod yaml_oracle;
