//! The `gitops` binary: parse, run, return an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use gitops::cli::Cli;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    ExitCode::from(gitops::run::run(Cli::parse()).await)
}
