//! The commands: each is one function that calls the stages in order. Nothing else knows the order.

pub mod ask;
pub mod choose;
pub mod compared;
pub mod diff;
pub mod error;

use crate::cli::{Cli, Command};
use crate::exit::Code;
use error::RunError;

/// Runs one command.
///
/// # Errors
/// The command ended without an answer.
pub async fn run(cli: Cli) -> Result<Code, RunError> {
    match cli.command {
        Command::Diff(args) => diff::diff(&args).await,
        _ => Err(RunError::usage("not there yet", None)),
    }
}
