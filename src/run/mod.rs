//! The commands: each is one function that calls the stages in order. Nothing else knows the order.

mod access;
mod acquainted;
mod acting;
pub mod ask;
mod autoscalers;
mod awaiting;
pub mod choose;
pub mod compared;
mod confirm;
mod contents;
pub mod diff;
mod elsewhere;
pub mod error;
mod events;
mod execute;
mod extras;
mod fence;
mod forward;
mod history;
mod interrupt;
mod keeping;
pub mod lock;
mod lockfile;
mod members;
mod order;
pub mod output;
pub mod paranoid;
mod pending;
mod pin;
pub mod prepared;
mod pruning;
mod recorded;
pub mod remembered;
pub mod remotes;
pub mod render;
pub mod rendering;
mod reporting;
mod saved;
mod second_read;
pub mod snapshot;
mod stop;
pub mod targets;
mod unborn;
mod undo;
mod verify;
pub mod wait;
mod writing;

use std::path::Path;

use crate::cli::writing::UndoArgs;
use crate::cli::{Cli, ClusterArgs, Command, SourceArgs, generate};
use crate::cluster::error::ClusterError;
use crate::cluster::kubeconfig::{Choice, Environment, refuse_inside};
use crate::exit::Code;
use crate::settings;
use crate::source::url::{self, Location};
use error::RunError;
use order::Order;
use output::{Output, deliver, report_error};
use stop::Stop;

/// Runs one command and returns the number that the process ends with.
pub async fn run(cli: Cli) -> u8 {
    let style = settings::exit_style(&cli);
    let order = match &cli.command {
        Command::Apply(args) => Some(Order::apply(args)),
        Command::Revert(args) => Some(Order::revert(args)),
        Command::Rollback(args) => Some(Order::rollback(args)),
        Command::Delete(args) => Some(Order::delete(args)),
        _ => None,
    };
    let code = match (order, &cli.command) {
        (Some(order), _) => writing(&order).await,
        (None, Command::Undo(args)) => undoing(args).await,
        (None, _) => tokio::select! {
            result = command(cli) => result.unwrap_or_else(failed),
            code = interrupt::interrupted() => code,
        },
    };
    code.styled(style)
}

/// A command that writes finishes what is in flight when the first signal comes; the second ends it.
async fn writing(order: &Order) -> Code {
    let (stop, mut output) = (Stop::default(), Output::new(order.run.quiet));
    tokio::select! {
        result = writing::write(order, &mut output, &stop) => result.unwrap_or_else(failed),
        code = stop.listen() => code,
    }
}

/// As [`writing()`].
async fn undoing(args: &UndoArgs) -> Code {
    let (stop, mut output) = (Stop::default(), Output::new(args.run.quiet));
    tokio::select! {
        result = undo::undo(args, &mut output, &stop) => result.unwrap_or_else(failed),
        code = stop.listen() => code,
    }
}

fn failed(error: RunError) -> Code {
    report_error(&error);
    error.exit()
}

/// Runs what waits for disk, Git or a stream on a thread of its own, so that a signal ends the run all the same.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(RunError::usage("the run was interrupted", None)),
        },
    }
}

/// The kubeconfig that flags and environment choose. One that lies in the source is refused: a repository would name the
/// program that obtains credentials.
fn kubeconfig(source: &SourceArgs, cluster: &ClusterArgs) -> Result<(Choice, Environment), RunError> {
    let (choice, environment) = settings::kubeconfig(cluster);
    if let Ok(Location::Directory(directory)) = url::parse(&source.source, &[]) {
        refuse_inside(Path::new(&directory), &choice, &environment).map_err(ClusterError::from)?;
    }
    Ok((choice, environment))
}

/// The code where the process could not even start its threads.
pub fn no_runtime(error: &std::io::Error) -> u8 {
    report_error(&RunError::usage(format!("cannot start: {error}"), None));
    Code::Error.number()
}

async fn command(cli: Cli) -> Result<Code, RunError> {
    match cli.command {
        Command::Diff(args) => diff::diff(&args, &mut Output::new(args.run.quiet)).await,
        // Those that write have their own way.
        Command::Apply(_)
        | Command::Revert(_)
        | Command::Rollback(_)
        | Command::Delete(_)
        | Command::Undo(_) => Ok(Code::Error),
        Command::History(args) => history::history(&args, &mut Output::new(args.run.quiet)).await,
        Command::Render(args) => {
            blocking(move || render::render(&args, &mut Output::new(args.run.quiet))).await
        }
        Command::Snapshot(args) => snapshot::snapshot(&args, &mut Output::new(args.run.quiet)).await,
        Command::Completions { shell } => {
            deliver(None, &Output::new(false), &generate::completion(shell))?;
            Ok(Code::Clean)
        }
        Command::Man { command } => {
            let page = generate::manual(command.as_deref());
            let page = page.map_err(|error| RunError::usage(error.to_string(), None))?;
            deliver(None, &Output::new(false), &page)?;
            Ok(Code::Clean)
        }
    }
}
