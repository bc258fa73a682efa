//! What an undo says before it asks: the report, and where the record is from.

use std::sync::Arc;

use super::doing::{Planned, Undoing};
use super::found::Origin;
use crate::compare::ignore::usage::Usage;
use crate::compare::verdict::LastRun;
use crate::exit::Code;
use crate::plan::undo::{Action, verdicts};
use crate::report::{Counts, Report, Source, TargetReport};
use crate::run::compared::Compared;
use crate::run::error::RunError;
use crate::run::output::Output;
use crate::run::reporting::{self, Told};
use crate::settings;

impl Undoing<'_> {
    /// Everything that is not as it was.
    pub(super) fn report(&self, planned: &Planned) -> Report {
        let head = &planned.record.head;
        let run = LastRun {
            set: self.set.name.clone(),
            namespace: self.set.record_namespace.clone(),
            command: head.command.clone(),
            at: whole_seconds(&head.started_at),
            ..LastRun::default()
        };
        let source = Source { display: self.set.name.clone(), ..Source::default() };
        let compared = Compared {
            source: source.clone(),
            verdicts: verdicts(&planned.undo, &Arc::new(run)),
            remotes: Vec::new(),
            warnings: Vec::new(),
            usage: Usage::default(),
            unmet: Vec::new(),
            last: None,
            tag: None,
        };
        let target: TargetReport = reporting::target(self.target, self.live, compared);
        Report {
            source,
            targets: vec![target],
            warnings: Vec::new(),
            rules: None,
            counts: self.counts(),
            code: Code::Clean,
            exit: 0,
        }
    }

    /// What it took so far.
    pub(super) fn counts(&self) -> Counts {
        let spent = self.live.counts();
        Counts {
            requests: spent.all(),
            dry_runs: spent.dry_runs,
            elapsed_ms: settings::milliseconds_since(self.surroundings.started),
        }
    }

    /// Shows what goes back, and what does not come back with it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn show(&self, planned: &Planned, report: &Report, output: &Output) -> Result<(), RunError> {
        let head = &planned.record.head;
        let place = match planned.origin {
            Origin::Machine => "this machine",
            Origin::Cluster => "the cluster",
        };
        output.say(
            "info",
            &format!(
                "undoes the {} of {}, as {place} kept it",
                head.command,
                whole_seconds(&head.started_at)
            ),
        );
        if !head.complete {
            output.say("warning", "that run did not come to its end: what it did last is not in its record");
        }
        reporting::write(&self.args.report, self.surroundings, report, output, Told::Text)?;
        for step in planned.undo.steps.iter().filter(|step| matches!(step.action, Action::Create(_))) {
            if let ("", "Namespace") | ("apiextensions.k8s.io", _) =
                (step.gvk.group.as_str(), step.gvk.kind.as_str())
            {
                let text = format!(
                    "{} is made anew without what was in it, but for what the run deleted itself",
                    step.id
                );
                output.say("warning", &text);
            }
        }
        Ok(())
    }
}

/// A time without its fractions.
pub(super) fn whole_seconds(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}
