//! From what was compared to reports: masked, counted, written to every destination.

use std::path::Path;

use super::compared::Compared;
use super::error::RunError;
use super::output::{Output, deliver};
use super::targets::Plan;
use crate::cli::{DiffFormat, ReportArgs};
use crate::cluster::Counts as RequestCounts;
use crate::compare::ignore::usage::Usage;
use crate::compare::verdict::ObjectVerdict;
use crate::exit::{Code, FailOn, Style};
use crate::mask::mask;
use crate::mask::rules::MaskRules;
use crate::reader::Live;
use crate::render::Notice;
use crate::report::{Cluster, Counts, Failure, RemoteBase, Report, TargetReport, json, text};
use crate::settings::{self, Surroundings};

/// A target that was compared.
pub(super) struct Done {
    pub(super) live: Live,
    pub(super) compared: Compared,
}

/// How a command tells what it found.
pub(super) struct Telling<'a> {
    /// What gives exit 1.
    pub(super) fail_on: FailOn,
    /// True if warnings are errors.
    pub(super) deny_warnings: bool,
    /// How codes are numbered.
    pub(super) style: Style,
    /// The file that is read in place of a cluster.
    pub(super) live: Option<&'a Path>,
}

/// Nothing past this function sees an unmasked value.
pub(super) fn report(
    telling: &Telling<'_>,
    surroundings: &Surroundings,
    plan: Plan,
    results: Vec<(String, Result<Done, RunError>)>,
) -> Report {
    let fail_on = &telling.fail_on;
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
                codes.push(Code::of_diff(&compared.verdicts, warnings, fail_on, telling.deny_warnings));
                usage.merge(compared.usage);
                source.get_or_insert(compared.source);
                masked(
                    name,
                    cluster(telling.live, &live),
                    compared.remotes,
                    compared.verdicts,
                    compared.warnings,
                )
            }
            Err(error) => {
                codes.push(error.exit());
                failed(&name, &error)
            }
        };
        targets.push(target);
    }
    counts.elapsed_ms = settings::milliseconds_since(surroundings.started);
    let mut warnings = plan.warnings;
    if whole {
        warnings.extend(plan.config.useless(&usage));
    }
    codes.push(Code::of_diff(&[], warnings.len(), fail_on, telling.deny_warnings));
    let code = Code::worst(codes);
    Report {
        source: source.unwrap_or_default(),
        targets,
        warnings,
        rules: plan.rules,
        counts,
        code,
        exit: code.styled(telling.style),
    }
}

/// The section of a target on a cluster.
pub(super) fn target(name: &str, live: &Live, compared: Compared) -> TargetReport {
    masked(name.to_owned(), cluster(None, live), compared.remotes, compared.verdicts, compared.warnings)
}

fn masked(
    name: String,
    cluster: Cluster,
    remotes: Vec<RemoteBase>,
    verdicts: Vec<ObjectVerdict>,
    warnings: Vec<Notice>,
) -> TargetReport {
    let (failure, acted) = (None, None);
    let verdicts = mask(verdicts, &MaskRules::default());
    TargetReport { name, cluster, remotes, verdicts, warnings, failure, acted }
}

/// The section of a target that was not compared.
pub(super) fn failed(name: &str, error: &RunError) -> TargetReport {
    TargetReport {
        name: name.to_owned(),
        acted: None,
        remotes: Vec::new(),
        cluster: Cluster::Server { context: String::new(), url: String::new() },
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

fn cluster(file: Option<&Path>, live: &Live) -> Cluster {
    let identity = live.identity();
    match file {
        Some(file) => Cluster::File { name: file.display().to_string() },
        None => Cluster::Server {
            context: identity.context.clone().unwrap_or_default(),
            url: identity.server.clone(),
        },
    }
}

/// Which destinations a report goes to. A command that writes tells the text on stdout in pieces, and the rest at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// All of them.
    Whole,
    /// Text on stdout.
    Text,
    /// What was done, as text on stdout.
    Acts,
    /// All but text on stdout.
    Rest,
}

/// Writes a report to the destinations that were asked for.
///
/// # Errors
/// One of them cannot be written.
pub(super) fn write(
    args: &ReportArgs,
    surroundings: &Surroundings,
    report: &Report,
    output: &Output,
    told: Told,
) -> Result<(), RunError> {
    let show = settings::show(args);
    let mut destinations: Vec<_> = args.output.iter().map(|d| (d.format, d.file.as_deref())).collect();
    if destinations.is_empty() {
        destinations.push((DiffFormat::Text, None));
    }
    for (format, file) in destinations {
        let is_page = format == DiffFormat::Text && file.is_none();
        if told != Told::Whole && is_page == (told == Told::Rest) {
            continue;
        }
        let mut content = Vec::new();
        let written = match format {
            DiffFormat::Json => json::write(report, show, &mut content),
            DiffFormat::Text => {
                let options = settings::text(surroundings, args.unified, show, file.is_some());
                match told {
                    Told::Acts => text::write_acted(report, &options, &mut content),
                    _ => text::write(report, &options, &mut content),
                }
            }
        };
        let place = || file.map_or_else(|| "standard output".to_owned(), |file| file.display().to_string());
        written.map_err(|error| RunError::Output { place: place(), reason: error.to_string() })?;
        deliver(file, output, &content)?;
    }
    Ok(())
}

/// `-v`: what the run cost, by kind of request.
pub(super) fn explain(counts: RequestCounts, output: &Output, surroundings: &Surroundings) {
    if surroundings.verbose == 0 {
        return;
    }
    let text = format!(
        "requests: {} discovery, {} schemas, {} lists, {} gets, {} dry runs, {} writes, {} of the record; \
         {} repeated; {} ms",
        counts.discovery,
        counts.openapi,
        counts.lists,
        counts.gets,
        counts.dry_runs,
        counts.writes,
        counts.record,
        counts.retries,
        settings::milliseconds_since(surroundings.started),
    );
    output.say("info", &text);
    let cache =
        surroundings.cache.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string());
    output.say("info", &format!("cache: {cache}"));
}
