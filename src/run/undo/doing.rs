//! One undo, locked: plan, show, ask, write, note the run.

use std::collections::{BTreeMap, BTreeSet};

use super::found::Origin;
use super::local::Local;
use super::recording::Recording;
use crate::cli::writing::UndoArgs;
use crate::cluster::Server;
use crate::exit::{Code, Style};
use crate::live::{Resource, Right};
use crate::mask::acted;
use crate::mask::rules::MaskRules;
use crate::object::id::ObjectId;
use crate::plan::outcome::{Act, Acted};
use crate::plan::undo::{Action, Rules, Step, Undo, inverse};
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::{Outcome, Run};
use crate::record::undo::Record;
use crate::run::access::{check_rights, of_plan, right};
use crate::run::confirm::ask;
use crate::run::elsewhere;
use crate::run::error::RunError;
use crate::run::events;
use crate::run::fence::{Fence, Taken};
use crate::run::keeping::Keeping;
use crate::run::output::{Output, report_error};
use crate::run::reporting::{self, Told};
use crate::settings::{self, Surroundings};

/// A run that undoes, and holds the lock or is a dry run.
pub(super) struct Undoing<'a> {
    pub(super) args: &'a UndoArgs,
    pub(super) surroundings: &'a Surroundings,
    pub(super) target: &'a str,
    pub(super) live: &'a Live,
    pub(super) server: &'a Server,
    pub(super) set: SetIdentity,
    pub(super) fence: &'a Fence,
    pub(super) taken: Option<Taken>,
    pub(super) started: String,
}

/// What is to be done, with all that it was made of.
pub(super) struct Planned {
    pub(super) record: Record,
    pub(super) origin: Origin,
    pub(super) rules: Rules,
    pub(super) undo: Undo,
    /// True if something could not be read.
    pub(super) gaps: bool,
}

impl Undoing<'_> {
    pub(super) async fn run(&self, output: &mut Output) -> Result<Code, RunError> {
        let mut keeping = Keeping::open(self.server, &self.set).await?;
        for trouble in std::mem::take(&mut keeping.troubles) {
            output.say("warning", &trouble);
        }
        let local = Local::new(self.live, &self.set).await;
        let planned = self.plan(&local, &keeping, output).await?;
        let mut report = self.report(&planned);
        self.show(&planned, &report, output)?;
        let written = planned.undo.steps.iter().filter(|step| step.is_write()).map(|step| &step.id);
        let deleted = planned.undo.plan.deletions().map(|step| &step.id);
        elsewhere::refuse(&settings::allowed(&self.args.allow), written.chain(deleted))?;
        let acts = match self.args.write.dry_run || planned.undo.is_empty() {
            true => None,
            false => Some(self.act(&planned, local, keeping, output).await?),
        };
        let code = match acts {
            None => {
                if planned.undo.is_empty() {
                    output.say("info", "nothing is left to be put back");
                }
                of_plan_alone(&planned)
            }
            Some((done, code)) => {
                report.targets[0].acted = Some(acted(done, &MaskRules::default()));
                reporting::write(&self.args.report, self.surroundings, &report, output, Told::Acts)?;
                Code::worst([of_plan_alone(&planned), code])
            }
        };
        let code = Code::worst([Some(code), self.fence.stop.code()].into_iter().flatten());
        (report.code, report.exit, report.counts) = (code, code.styled(Style::Default), self.counts());
        reporting::write(&self.args.report, self.surroundings, &report, output, Told::Rest)?;
        Ok(code)
    }

    async fn act(
        &self,
        planned: &Planned,
        local: Local,
        mut keeping: Keeping<'_>,
        output: &mut Output,
    ) -> Result<(Vec<Acted>, Code), RunError> {
        let entries = inverse(&planned.undo);
        let mut next = Recording::new(self.server, &self.set, local, "undo", entries, true);
        next.prepare(output);
        self.ask(planned).await?;
        let mut done = begun(&planned.undo);
        let stopped = self.write(planned, &mut keeping, &mut next, &mut done, output).await.err();
        let done: Vec<Acted> = done.into_values().collect();
        let bad = done.iter().any(|acted| matches!(acted.act, Act::Failed | Act::NotStarted));
        let mut code = if bad { Code::Error } else { Code::Clean };
        if let Some(error) = stopped {
            report_error(&error);
            return Ok((done, Code::worst([code, error.exit()])));
        }
        // What is left to do is told by the record that was undone: it stays until all of it is.
        let whole = !bad && planned.undo.is_whole() && !self.fence.stop.is_wanted();
        let id = if whole { next.name() } else { &planned.record.head.id };
        let inputs = keeping.inputs().clone();
        let code_of_all = Code::worst([code, of_plan_alone(planned)]);
        let run = self.line(&done, code_of_all, keeping.runs(), Some(id.to_owned()));
        if self.args.write.emit_events {
            events::tell(self.server, &self.set, &run, output).await;
        }
        keeping.finish(Some(run), None, inputs).await?;
        if whole {
            // From here on another undo does the run again, so nothing may come after it.
            next.keep_whole(&done, keeping.key()).await;
        }
        next.troubles.iter().for_each(|trouble| output.say("warning", trouble));
        if !whole {
            output.say(
                "hint",
                "what is not put back stays in the undo record: repair that and run gitops undo again",
            );
        }
        if self.fence.stop.is_wanted() {
            code = Code::worst([code, Code::Error]);
        }
        Ok((done, code))
    }

    async fn ask(&self, planned: &Planned) -> Result<(), RunError> {
        let known = match &self.taken {
            Some(Taken::Forbidden(right)) => vec![right.clone()],
            _ => Vec::new(),
        };
        let mut wanted = of_plan(&planned.undo.plan);
        for step in &planned.undo.steps {
            let Some(resource) = planned.undo.resources.get(&step.id) else { continue };
            wanted.extend(rights(step, resource));
        }
        check_rights(self.server, wanted, &self.set, known).await?;
        let deletions = planned.undo.plan.deletions().count();
        let asked = ask(words(&planned.undo), deletions, self.live.identity(), self.args.write.yes, false);
        self.fence.stop.unless(asked).await.ok_or_else(|| RunError::stopped(self.fence.stop.code()))?
    }

    /// The line of the record about this run. What was applied last is still what it was.
    fn line(&self, done: &[Acted], code: Code, before: &[Run], undo: Option<String>) -> Run {
        let mut counts = BTreeMap::new();
        for act in Act::ALL {
            let number = done.iter().filter(|acted| acted.act == act).count() as u64;
            if number > 0 {
                counts.insert(act.word().to_owned(), number);
            }
        }
        let result = match () {
            () if self.fence.stop.is_wanted() => Outcome::Interrupted,
            () if code == Code::Clean => Outcome::Done,
            () => Outcome::Failed,
        };
        Run {
            command: "undo".to_owned(),
            commit: before.first().and_then(|last| last.commit.clone()),
            dirty: before.first().is_some_and(|last| last.dirty),
            started_at: self.started.clone(),
            finished_at: settings::now(),
            result,
            counts,
            times: 1,
            undo,
        }
    }
}

/// The code of what is not put back.
fn of_plan_alone(planned: &Planned) -> Code {
    let refused = if planned.undo.is_whole() { Code::Clean } else { Code::Refused };
    let gaps = if planned.gaps { Code::Incomplete } else { Code::Clean };
    Code::worst([refused, gaps])
}

fn begun(undo: &Undo) -> BTreeMap<ObjectId, Acted> {
    let going: BTreeSet<&ObjectId> = undo.plan.deletions().map(|step| &step.id).collect();
    let acted = |step: &Step| {
        let (act, reason) = match &step.action {
            Action::Nothing => return None,
            Action::Refused(reason) => (Act::Refused, Some(reason.clone())),
            Action::Delete(_) if !going.contains(&step.id) => {
                let kept = undo.plan.kept.iter().find(|(id, _)| *id == step.id);
                (Act::Refused, kept.map(|(_, reason)| reason.clone()))
            }
            _ => (Act::NotStarted, None),
        };
        Some((step.id.clone(), Acted { id: step.id.clone(), gvk: step.gvk.clone(), act, reason }))
    };
    undo.steps.iter().filter_map(acted).collect()
}

fn rights(step: &Step, resource: &Resource) -> BTreeSet<Right> {
    let verbs: &[&str] = match &step.action {
        Action::PutBack(_) => &["patch"],
        Action::Create(_) => &["create", "patch"],
        Action::Replace(_) => &["create", "delete", "patch"],
        _ => &[],
    };
    verbs.iter().map(|verb| right(verb, resource, &step.id.namespace)).collect()
}

/// `put back 3 objects and delete 2`.
fn words(undo: &Undo) -> String {
    let count = |is: fn(&Action) -> bool| undo.steps.iter().filter(|step| is(&step.action)).count();
    let objects =
        |number: usize| if number == 1 { "1 object".to_owned() } else { format!("{number} objects") };
    let parts = [
        ("make anew", count(|action| matches!(action, Action::Create(_)))),
        ("put back", count(|action| matches!(action, Action::PutBack(_)))),
        ("delete and make anew", count(|action| matches!(action, Action::Replace(_)))),
        ("delete", undo.plan.deletions().count()),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(verb, number)| format!("{verb} {}", objects(number)))
        .collect();
    parts.join(" and ")
}
