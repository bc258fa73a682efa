//! The `gitops` binary: parse, run, return an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use gitops::cli::Cli;
use gitops::run::output;

fn main() -> ExitCode {
    output::quiet_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return ExitCode::from(output::help_or_usage(&answer)),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(gitops::run::run(cli));
            // What still runs was given up: a fetch that was interrupted must not hold the process.
            runtime.shutdown_background();
            ExitCode::from(code)
        }
        Err(error) => ExitCode::from(gitops::run::no_runtime(&error)),
    }
}
