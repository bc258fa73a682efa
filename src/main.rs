//! The `gitops` binary: parse, run, return an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(2)
}
