//! `gitops diff`: compare, mask, report.

use std::time::Duration;

use super::compared::{Comparison, compare};
use super::error::RunError;
use super::forward::{self, Lookup};
use super::output::{Output, report_target_error};
use super::pin;
use super::reporting::{Done, Telling, Told, explain, report, write};
use super::targets::{self, Job, Plan, Selection};
use crate::cli::{ClusterArgs, DiffArgs, Verify};
use crate::cluster::Server;
use crate::exit::{Code, FailOn};
use crate::reader::Live;
use crate::report::hints;
use crate::settings::{self, Surroundings};
use crate::snapshot::Recorded;

/// Compares and reports.
///
/// # Errors
/// Nothing could be compared at all, or the report could not be written.
pub async fn diff(args: &DiffArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let mut plan = targets::plan(&Selection::from(args)).await?;
    let several = plan.jobs.len() > 1;
    let mut results: Vec<(String, Result<Done, RunError>)> = Vec::new();
    for (name, job) in std::mem::take(&mut plan.jobs) {
        let result = match job {
            Ok(job) => compared(args, &surroundings, &plan, (&name, job), several, output).await,
            Err(error) => Err(error),
        };
        match result {
            // Without targets the error is that of the run.
            Err(error) if name.is_empty() => return Err(error),
            result => results.push((name, result)),
        }
    }
    refuse_unmet(&mut results)?;
    finish(args, &surroundings, plan, results, output)
}

fn finish(
    args: &DiffArgs,
    surroundings: &Surroundings,
    plan: Plan,
    results: Vec<(String, Result<Done, RunError>)>,
    output: &mut Output,
) -> Result<Code, RunError> {
    for (name, result) in &results {
        match result {
            Ok(done) => {
                let place = if name.is_empty() { String::new() } else { format!("target {name}: ") };
                done.live.warnings().iter().for_each(|text| output.say("warning", &format!("{place}{text}")));
            }
            Err(error) => report_target_error(name, error),
        }
    }
    let costs: Vec<_> =
        results.iter().filter_map(|(_, result)| Some(result.as_ref().ok()?.live.counts())).collect();
    let fail_on = match &args.compare.fail_on[..] {
        [] => FailOn::default(),
        chosen => FailOn::only(chosen.iter().map(String::as_str)),
    };
    let telling = Telling {
        fail_on,
        deny_warnings: args.run.deny_warnings,
        style: settings::style(&args.compare),
        live: args.compare.live.as_deref(),
    };
    let report = report(&telling, surroundings, plan, results);
    for warning in report.targets.iter().flat_map(|target| &target.warnings).chain(&report.warnings) {
        output.warning(warning);
    }
    write(&args.report, surroundings, &report, output, Told::Whole)?;
    for hint in hints::hints(&report) {
        output.say("hint", &hint);
    }
    for counts in costs {
        explain(counts, output, surroundings);
    }
    Ok(report.code)
}

/// Compares one target with its cluster.
async fn compared(
    args: &DiffArgs,
    surroundings: &Surroundings,
    plan: &Plan,
    (name, job): (&str, Job),
    several: bool,
    output: &Output,
) -> Result<Done, RunError> {
    let live = live(args, surroundings, name, &job).await?;
    let unchecked = pin::check(&live, name, job.cluster_uid.as_deref()).await?;
    let mut chosen = settings::chosen(&args.choice);
    chosen.lenient = several;
    let comparison = Comparison {
        source: job.opening,
        rendering: settings::rendering(&args.rendering, &args.source, &args.run),
        base: job.base,
        set: job.set,
        namespace: job.namespace,
        chosen,
        read_only: args.compare.read_only,
        policy: settings::policy(&args.judge, args.compare.paranoid),
        rules: plan.config.rules.clone(),
        allow_empty: false,
        adopts: Vec::new(),
        verify_new: args.judge.verify == Verify::All,
    };
    let progress = output.progress();
    let compared = compare(&comparison, &live, &progress).await;
    drop(progress);
    let mut compared = compared?;
    compared.warnings.extend(unchecked);
    if let (Some(last), Live::Server(_)) = (&compared.last, &live) {
        let request = settings::source(&args.source, &args.run);
        let (source, tag) = (&compared.source, compared.tag.as_deref());
        let found = forward::findings(&request, last, source, tag, Lookup::AtHand).await?;
        compared.warnings.extend(found.into_iter().map(forward::notice));
    }
    Ok(Done { live, compared })
}

/// With several targets an `--only` has to mean an object of one of them.
fn refuse_unmet(results: &mut [(String, Result<Done, RunError>)]) -> Result<(), RunError> {
    let mut unmet: Option<Vec<Option<RunError>>> = None;
    for (_, result) in results {
        // An object may be in a target that could not be compared.
        let Ok(done) = result else { return Ok(()) };
        let here = std::mem::take(&mut done.compared.unmet);
        unmet = Some(match unmet {
            None => here,
            Some(others) => others.into_iter().zip(here).map(|(a, b)| a.filter(|_| b.is_some())).collect(),
        });
    }
    unmet.into_iter().flatten().flatten().next().map_or(Ok(()), Err)
}

/// The cluster of a target, or the file of `--live`.
async fn live(args: &DiffArgs, surroundings: &Surroundings, name: &str, job: &Job) -> Result<Live, RunError> {
    if let Some(file) = &args.compare.live {
        return Ok(Live::Recorded(Box::new(Recorded::open(file)?)));
    }
    let cluster = ClusterArgs { context: job.context.clone(), ..args.cluster.clone() };
    let (choice, environment) = super::kubeconfig(&args.source, &cluster)?;
    let mut options = settings::options(&cluster, &args.run, surroundings, args.compare.read_only);
    if !name.is_empty() {
        // One deadline for all targets.
        let spent = Duration::from_millis(settings::milliseconds_since(surroundings.started));
        options.timeout = options.timeout.saturating_sub(spent);
    }
    Ok(Live::Server(Box::new(Server::connect(&choice, &environment, options).await?)))
}
