//! Every command that writes: the chosen targets one after the other, and the report on all of them.

mod carrying_out;
mod codes;
mod noting;
mod planning;
mod target;

use super::error::RunError;
use super::order::Order;
use super::output::{Output, report_target_error};
use super::reporting::{self, Told, failed};
use super::saved;
use super::stop::Stop;
use super::targets::{self, Plan as Jobs};
use crate::exit::{Code, Style};
use crate::plan::saved::Saved;
use crate::report::{Counts, Report, Source, TargetReport};
use crate::settings::{self, Surroundings};

/// What every target of a run has in common.
struct Context<'a> {
    args: &'a Order,
    surroundings: &'a Surroundings,
    jobs: &'a Jobs,
    stop: &'a Stop,
    /// The plan that is performed.
    saved: Option<&'a Saved>,
}

/// What came of one target.
struct Applied {
    source: Source,
    target: TargetReport,
    counts: Counts,
    code: Code,
    /// True if the set is gone with its record.
    removed: bool,
}

/// Does what was ordered for every chosen target, one after the other.
///
/// # Errors
/// Nothing could be compared at all, or the report could not be written.
pub(super) async fn write(args: &Order, output: &mut Output, stop: &Stop) -> Result<Code, RunError> {
    let (order, saved) = saved::load(args).await?;
    let args = &order;
    saved::refuse_inside(args)?;
    let surroundings = settings::surroundings(&args.run);
    let mut jobs = targets::plan(&args.selection()).await?;
    refuse_unchosen(args, &jobs)?;
    saved::refuse_several(args, &jobs.jobs.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>())?;
    let (mut all, mut source, mut counts, mut codes) =
        (Vec::new(), jobs.source.clone(), Counts::default(), Vec::new());
    for (name, job) in std::mem::take(&mut jobs.jobs) {
        let context = Context { args, surroundings: &surroundings, jobs: &jobs, stop, saved: saved.as_ref() };
        let result = match job {
            Ok(job) => context.target(&name, job, output).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(applied) => {
                source.get_or_insert(applied.source);
                counts.requests += applied.counts.requests;
                counts.dry_runs += applied.counts.dry_runs;
                codes.push(applied.code);
                all.push(applied.target);
            }
            Err(error) if name.is_empty() => return Err(error),
            Err(error) => {
                report_target_error(&name, &error);
                codes.push(error.exit());
                all.push(failed(&name, &error));
            }
        }
        if let Some(code) = stop.code() {
            codes.push(code);
            break;
        }
    }
    counts.elapsed_ms = settings::milliseconds_since(surroundings.started);
    let code = Code::worst(codes);
    let report = Report {
        source: source.unwrap_or_default(),
        targets: all,
        warnings: jobs.warnings,
        rules: jobs.rules,
        counts,
        code,
        exit: code.styled(Style::Default),
    };
    reporting::write(&args.report, &surroundings, &report, output, Told::Rest)?;
    Ok(code)
}

/// Writing to several clusters at once is never a default.
fn refuse_unchosen(args: &Order, jobs: &Jobs) -> Result<(), RunError> {
    if jobs.jobs.len() < 2 || args.targets.all_targets || !args.targets.target.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = jobs.jobs.iter().map(|(name, _)| name.as_str()).collect();
    Err(RunError::usage(
        format!("{} targets are configured, and none is chosen", names.len()),
        format!("choose with --target {}, or all of them with --all-targets", names.join(" or --target ")),
    ))
}
