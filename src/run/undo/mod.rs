//! `gitops undo`, and what the other commands keep for it: choose the set, take the lock, find the record, go on.

mod carry;
mod copy;
mod doing;
pub(super) mod found;
pub(super) mod local;
mod planning;
pub(super) mod recording;
mod telling;
mod writing;

use std::time::Duration;

use super::compared::Opening;
use super::error::RunError;
use super::fence::{Fence, Taken};
use super::output::Output;
use super::prepared::{name, nameless};
use super::stop::Stop;
use super::targets::{self, Job, Selection};
use super::{kubeconfig, pin, reporting};
use crate::cli::writing::UndoArgs;
use crate::cli::{ChoiceArgs, ClusterArgs};
use crate::cluster::Server;
use crate::exit::Code;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::settings::{self, Surroundings};
use doing::Undoing;

/// Puts back what the last run on a set changed.
///
/// # Errors
/// There is nothing to undo, or nothing may be written.
pub(super) async fn undo(args: &UndoArgs, output: &mut Output, stop: &Stop) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let mut jobs = targets::plan(&selection(args)).await?;
    jobs.warnings.iter().for_each(|warning| output.warning(warning));
    let (target, job) = one(std::mem::take(&mut jobs.jobs))?;
    let server = connect(args, &job, &surroundings).await?;
    let live = Live::Server(Box::new(server));
    pin::check(&live, &target, job.cluster_uid.as_deref()).await?;
    let set = set(&job, &live).await?;
    let Live::Server(server) = &live else { return Ok(Code::Error) };
    let fence = Fence::new(stop.clone());
    let taken = match args.write.dry_run {
        true => None,
        false => {
            let progress = output.progress();
            Some(fence.take(server, &set, &settings::lock(&args.lock, "undo"), &progress).await?)
        }
    };
    if let Some(Taken::NoNamespace) = taken {
        return Err(RunError::usage(
            format!("namespace {} of the record does not exist", set.record_namespace),
            "an undo makes no namespace for the record: create it, and run again".to_owned(),
        ));
    }
    let started = settings::now();
    let undoing = Undoing {
        args,
        surroundings: &surroundings,
        target: &target,
        live: &live,
        server,
        set,
        fence: &fence,
        taken,
        started,
    };
    let result = undoing.run(output).await;
    fence.release(result.is_ok()).await;
    live.warnings().iter().for_each(|text| output.say("warning", text));
    reporting::explain(live.counts(), output, &surroundings);
    result
}

fn selection(args: &UndoArgs) -> Selection {
    Selection {
        source: args.source.clone(),
        set: args.set.clone(),
        targets: args.targets.clone(),
        choice: ChoiceArgs { selector: None, only: Vec::new() },
        cluster: args.cluster.clone(),
        base: None,
        run: args.run.clone(),
    }
}

/// The one target that is meant: what was done to several at once is undone one by one.
fn one(mut jobs: Vec<targets::Named>) -> Result<(String, Job), RunError> {
    if jobs.len() > 1 {
        let names: Vec<&str> = jobs.iter().map(|(name, _)| name.as_str()).collect();
        return Err(RunError::usage(
            format!("{} targets are configured, and an undo is of one", names.len()),
            format!("choose with --target {}", names.join(" or --target ")),
        ));
    }
    let (name, job) = jobs.pop().ok_or_else(nameless)?;
    Ok((name, job?))
}

async fn connect(args: &UndoArgs, job: &Job, surroundings: &Surroundings) -> Result<Server, RunError> {
    let cluster = ClusterArgs { context: job.context.clone(), ..args.cluster.clone() };
    let (choice, environment) = kubeconfig(&args.source, &cluster)?;
    let mut options = settings::options(&cluster, &args.run, surroundings, false);
    let spent = Duration::from_millis(settings::milliseconds_since(surroundings.started));
    options.timeout = options.timeout.saturating_sub(spent);
    Ok(Server::connect(&choice, &environment, options).await?)
}

/// The set, by its name or by the source.
async fn set(job: &Job, live: &Live) -> Result<SetIdentity, RunError> {
    let namespace = job.namespace.clone().or_else(|| live.identity().namespace.clone());
    let namespace = namespace.unwrap_or_else(|| "default".to_owned());
    match &job.opening {
        Opening::Shared(snapshot, directory) => {
            let url = snapshot.origin_url.as_deref();
            job.set.identity(url, directory.as_str(), &namespace).ok_or_else(nameless)
        }
        Opening::Request(request) => {
            let (request, choice) = (request.clone(), job.set.clone());
            super::blocking(move || name(&request, &choice, &namespace)).await
        }
    }
}
