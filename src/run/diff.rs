//! `gitops diff`: compare, mask, report.

use std::time::Duration;

use super::compared::{Compared, Comparison, compare};
use super::error::RunError;
use super::output::{Output, deliver, report_target_error};
use super::pin;
use super::targets::{self, Job, Plan};
use crate::cli::{ClusterArgs, DiffArgs, DiffFormat};
use crate::cluster::{Counts as RequestCounts, Server};
use crate::compare::ignore::usage::Usage;
use crate::exit::{Code, FailOn};
use crate::mask::mask;
use crate::mask::rules::MaskRules;
use crate::reader::Live;
use crate::report::{Cluster, Counts, Failure, Report, TargetReport, hints, json, text};
use crate::settings::{self, Surroundings};
use crate::snapshot::Recorded;

/// A target that was compared.
struct Done {
    live: Live,
    compared: Compared,
}

/// Compares and reports.
///
/// # Errors
/// Nothing could be compared at all, or the report could not be written.
pub async fn diff(args: &DiffArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let mut plan = targets::plan(args).await?;
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
    let report = report(args, surroundings, plan, results);
    for warning in report.targets.iter().flat_map(|target| &target.warnings).chain(&report.warnings) {
        output.warning(warning);
    }
    write(args, surroundings, &report, output)?;
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
        policy: settings::policy(&args.compare),
        rules: plan.config.rules.clone(),
    };
    let progress = output.progress();
    let compared = compare(&comparison, &live, &progress).await;
    drop(progress);
    let mut compared = compared?;
    compared.warnings.extend(unchecked);
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

/// Nothing past this function sees an unmasked value.
fn report(
    args: &DiffArgs,
    surroundings: &Surroundings,
    plan: Plan,
    results: Vec<(String, Result<Done, RunError>)>,
) -> Report {
    let fail_on = match &args.compare.fail_on[..] {
        [] => FailOn::default(),
        chosen => FailOn::only(chosen.iter().map(String::as_str)),
    };
    let (mut codes, mut counts, mut usage) = (Vec::new(), Counts::default(), Usage::default());
    let (mut source, mut targets) = (plan.source, Vec::new());
    let whole = plan.whole && results.iter().all(|(_, result)| result.is_ok());
    for (name, result) in results {
        let target = match result {
            Ok(Done { live, compared }) => {
                let spent = live.counts();
                counts.requests += spent.reads() + spent.dry_runs;
                counts.dry_runs += spent.dry_runs;
                let warnings = compared.warnings.len();
                codes.push(Code::of_diff(&compared.verdicts, warnings, &fail_on, args.run.deny_warnings));
                usage.merge(compared.usage);
                source.get_or_insert(compared.source);
                TargetReport {
                    name,
                    cluster: cluster(args, &live),
                    remotes: compared.remotes,
                    verdicts: mask(compared.verdicts, &MaskRules::default()),
                    warnings: compared.warnings,
                    failure: None,
                }
            }
            Err(error) => {
                codes.push(error.exit());
                failed(name, &error)
            }
        };
        targets.push(target);
    }
    counts.elapsed_ms = settings::milliseconds_since(surroundings.started);
    let mut warnings = plan.warnings;
    if whole {
        warnings.extend(plan.config.useless(&usage));
    }
    codes.push(Code::of_diff(&[], warnings.len(), &fail_on, args.run.deny_warnings));
    let code = Code::worst(codes);
    Report {
        source: source.unwrap_or_default(),
        targets,
        warnings,
        rules: plan.rules,
        counts,
        code,
        exit: code.styled(settings::style(&args.compare)),
    }
}

/// The section of a target that was not compared.
fn failed(name: String, error: &RunError) -> TargetReport {
    TargetReport {
        name,
        cluster: Cluster::Server { context: String::new(), url: String::new() },
        remotes: Vec::new(),
        verdicts: mask(Vec::new(), &MaskRules::default()),
        warnings: Vec::new(),
        failure: Some(Failure {
            message: error.to_string(),
            details: error.details(),
            hint: error.hint(),
            code: error.exit(),
        }),
    }
}

fn cluster(args: &DiffArgs, live: &Live) -> Cluster {
    let identity = live.identity();
    match &args.compare.live {
        Some(file) => Cluster::File { name: file.display().to_string() },
        None => Cluster::Server {
            context: identity.context.clone().unwrap_or_default(),
            url: identity.server.clone(),
        },
    }
}

fn write(
    args: &DiffArgs,
    surroundings: &Surroundings,
    report: &Report,
    output: &Output,
) -> Result<(), RunError> {
    let show = settings::show(&args.report);
    let mut destinations: Vec<_> = args.report.output.iter().map(|d| (d.format, d.file.as_deref())).collect();
    if destinations.is_empty() {
        destinations.push((DiffFormat::Text, None));
    }
    for (format, file) in destinations {
        let mut content = Vec::new();
        let written = match format {
            DiffFormat::Json => json::write(report, show, &mut content),
            DiffFormat::Text => {
                let options = settings::text(surroundings, args.report.unified, show, file.is_some());
                text::write(report, &options, &mut content)
            }
        };
        let place = || file.map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
        written.map_err(|error| RunError::Output { place: place(), reason: error.to_string() })?;
        deliver(file, output, &content)?;
    }
    Ok(())
}

/// `-v`: what the run cost, by kind of request.
fn explain(counts: RequestCounts, output: &Output, surroundings: &Surroundings) {
    if surroundings.verbose == 0 {
        return;
    }
    let text = format!(
        "requests: {} discovery, {} schemas, {} lists, {} gets, {} dry runs; {} repeated; {} ms",
        counts.discovery,
        counts.openapi,
        counts.lists,
        counts.gets,
        counts.dry_runs,
        counts.retries,
        settings::milliseconds_since(surroundings.started),
    );
    output.say("info", &text);
    let cache =
        surroundings.cache.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    output.say("info", &format!("cache: {cache}"));
}
