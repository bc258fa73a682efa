//! Whole-program tests: one binary, one module for each subject.

mod yaml_oracle;
