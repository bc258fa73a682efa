//! The `gitops` binary: parse, run, return an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use gitops::cli::Cli;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match gitops::run::run(Cli::parse()).await {
        Ok(code) => ExitCode::from(code.number()),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "until the report is merged")]
            {
                eprintln!("error: {error}");
            }
            ExitCode::from(error.exit().number())
        }
    }
}
