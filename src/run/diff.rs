//! `gitops diff`: compare, mask, report.

use super::compared::{Compared, Comparison, compare};
use super::error::RunError;
use super::output::{Output, deliver};
use crate::cli::{DiffArgs, DiffFormat};
use crate::cluster::Server;
use crate::exit::{Code, FailOn};
use crate::mask::mask;
use crate::mask::rules::MaskRules;
use crate::reader::Live;
use crate::report::{Cluster, Counts, Report, TargetReport, hints, json, text};
use crate::settings::{self, Surroundings};
use crate::snapshot::Recorded;

/// Compares and reports.
///
/// # Errors
/// The comparison could not be made at all, or the report could not be written.
pub async fn diff(args: &DiffArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let comparison = Comparison {
        source: settings::source(&args.source, &args.run),
        base: settings::base(&args.compare),
        set: settings::set(&args.set),
        namespace: args.source.namespace.clone(),
        chosen: settings::chosen(&args.choice),
        read_only: args.compare.read_only,
        policy: settings::policy(&args.compare),
    };
    let live = live(args, &surroundings).await?;
    let progress = output.progress();
    let compared = compare(&comparison, &live, &progress).await;
    drop(progress);
    let compared = compared?;
    for text in live.warnings() {
        output.say("warning", &text);
    }
    let report = report(args, &surroundings, &live, compared);
    for warning in &report.targets[0].warnings {
        output.warning(warning);
    }
    write(args, &surroundings, &report, output)?;
    for hint in hints::hints(&report) {
        output.say("hint", &hint);
    }
    explain(&live, output, &surroundings);
    Ok(report.code)
}

/// The cluster, or the file of `--live`.
async fn live(args: &DiffArgs, surroundings: &Surroundings) -> Result<Live, RunError> {
    if let Some(file) = &args.compare.live {
        return Ok(Live::Recorded(Box::new(Recorded::open(file)?)));
    }
    let (choice, environment) = super::kubeconfig(&args.source, &args.cluster)?;
    let options = settings::options(&args.cluster, &args.run, surroundings, args.compare.read_only);
    Ok(Live::Server(Box::new(Server::connect(&choice, &environment, options).await?)))
}

/// Nothing past this function sees an unmasked value.
fn report(args: &DiffArgs, surroundings: &Surroundings, live: &Live, compared: Compared) -> Report {
    let fail_on = match &args.compare.fail_on[..] {
        [] => FailOn::default(),
        chosen => FailOn::only(chosen.iter().map(String::as_str)),
    };
    let code = Code::of_diff(&compared.verdicts, compared.warnings.len(), &fail_on, args.run.deny_warnings);
    let counts = live.counts();
    Report {
        source: compared.source,
        targets: vec![TargetReport {
            name: String::new(),
            cluster: cluster(args, live),
            verdicts: mask(compared.verdicts, &MaskRules::default()),
            warnings: compared.warnings,
        }],
        counts: Counts {
            requests: counts.reads() + counts.dry_runs,
            dry_runs: counts.dry_runs,
            elapsed_ms: settings::milliseconds_since(surroundings.started),
        },
        code,
        exit: code.styled(settings::style(&args.compare)),
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
fn explain(live: &Live, output: &Output, surroundings: &Surroundings) {
    if surroundings.verbose == 0 {
        return;
    }
    let counts = live.counts();
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
