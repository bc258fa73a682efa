//! One undo, locked: read the record and what is live, plan, show, ask, write, read again, note the run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::carry::{Carrying, Work};
use super::found::{self, Origin};
use super::recording::{Local, Recording};
use crate::cli::writing::UndoArgs;
use crate::cluster::Server;
use crate::compare::ignore::usage::Usage;
use crate::compare::verdict::LastRun;
use crate::exit::{Code, Style};
use crate::live::{Catalog, Resource, Right};
use crate::mask::acted;
use crate::mask::rules::MaskRules;
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::outcome::{Act, Acted};
use crate::plan::prune::{Budget, Refusal};
use crate::plan::undo::{self, Action, Found, Rules, Step, Undo, verdicts};
use crate::plan::{self};
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::{Outcome, Run};
use crate::record::undo::shards::restore;
use crate::record::undo::{Did, Entry, Record, State};
use crate::report::{Counts, Report, Source, TargetReport};
use crate::run::access::{check_rights, of_plan, right};
use crate::run::acting::{places, told};
use crate::run::compared::Compared;
use crate::run::confirm::ask;
use crate::run::contents::holds_others;
use crate::run::elsewhere;
use crate::run::error::RunError;
use crate::run::events;
use crate::run::execute::Ended;
use crate::run::fence::{Fence, Taken};
use crate::run::keeping::Keeping;
use crate::run::output::{Output, report_error};
use crate::run::pruning;
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
struct Planned {
    record: Record,
    origin: Origin,
    rules: Rules,
    undo: Undo,
    /// True if something could not be read.
    gaps: bool,
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

    async fn plan(&self, local: &Local, keeping: &Keeping<'_>, output: &Output) -> Result<Planned, RunError> {
        let (mut record, origin) =
            found::record(self.server, local, &self.set, keeping.runs(), output).await?;
        if origin == Origin::Cluster && self.args.write.yes && !self.args.write.from_cluster {
            return Err(RunError::refused(
                format!(
                    "this machine has no undo record of the {} of {}; the one on the cluster could have been changed by \
                     whoever may write Secrets in namespace {}",
                    record.head.command,
                    whole_seconds(&record.head.started_at),
                    self.set.record_namespace
                ),
                "look at it with gitops undo --dry-run, and believe it with --from-cluster".to_owned(),
            ));
        }
        let catalog = self.live.catalog().await?;
        let found = found::live(self.live, &catalog, &record.entries).await;
        if origin == Origin::Cluster {
            for (id, entry) in &mut record.entries {
                believe(entry, found.get(id), keeping);
            }
        }
        let rules = self.rules(&record, origin, keeping);
        let budget = Budget { empty: true, ..pruning::budget(&self.args.bounds) };
        let members = keeping.members().max(record.entries.len());
        let planned = undo::plan(&record.entries, &found, &rules, &budget, members);
        let mut undo = planned.map_err(refusal)?;
        self.leave_what_holds_others(&mut undo, &catalog).await;
        let gaps = found.values().any(|found| matches!(found, Found::Unknown(_)));
        Ok(Planned { record, origin, rules, undo, gaps })
    }

    fn rules(&self, record: &Record, origin: Origin, keeping: &Keeping<'_>) -> Rules {
        let gone = record.entries.values().filter(|entry| matches!(entry.did, Did::Delete | Did::Replace));
        let uid = |entry: &Entry| text_at(entry.before.object()?, &["metadata", "uid"]).map(str::to_owned);
        Rules {
            set: self.set.id(),
            record_namespace: self.set.record_namespace.clone(),
            replace: self.args.write.replace.iter().cloned().collect(),
            places: (origin == Origin::Cluster).then(|| keeping.places().clone()),
            gone: gone.filter_map(uid).collect(),
        }
    }

    /// Namespaces and definitions that the run made stay while something is in them that is not the set's.
    async fn leave_what_holds_others(&self, undo: &mut Undo, catalog: &Catalog) {
        let mut alone = Vec::new();
        for step in std::mem::take(&mut undo.plan.steps) {
            let holds = match &step.action {
                plan::Action::Delete(deletion) => {
                    holds_others(self.server, catalog, deletion, &self.set.id()).await
                }
                _ => None,
            };
            match holds {
                None => alone.push(step),
                Some(reason) => undo.plan.kept.push((step.id, reason)),
            }
        }
        undo.plan.steps = alone;
    }

    fn report(&self, planned: &Planned) -> Report {
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

    fn counts(&self) -> Counts {
        let spent = self.live.counts();
        Counts {
            requests: spent.all(),
            dry_runs: spent.dry_runs,
            elapsed_ms: settings::milliseconds_since(self.surroundings.started),
        }
    }

    fn show(&self, planned: &Planned, report: &Report, output: &Output) -> Result<(), RunError> {
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
        let id = match whole {
            true => {
                next.keep_whole(&done, keeping.key()).await;
                next.id()
            }
            false => Some(planned.record.head.id.clone()),
        };
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
        let inputs = keeping.inputs().clone();
        let run = self.line(&done, Code::worst([code, of_plan_alone(planned)]), keeping.runs(), id);
        if self.args.write.emit_events {
            events::tell(self.server, &self.set, &run, output).await;
        }
        keeping.finish(Some(run), None, inputs).await?;
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

    /// What is made anew, then what is changed back, then what is deleted; and what of it holds.
    async fn write(
        &self,
        planned: &Planned,
        keeping: &mut Keeping<'_>,
        next: &mut Recording<'_>,
        done: &mut BTreeMap<ObjectId, Acted>,
        output: &Output,
    ) -> Result<(), RunError> {
        let Planned { record, rules, undo, .. } = planned;
        let inflight = usize::from(self.args.cluster.max_inflight);
        let carrying =
            Carrying { reader: self.live, server: self.server, rules, inflight, fence: self.fence };
        let progress = output.progress();
        progress.counted("putting back", undo.steps.len());
        let made = undo.steps.iter().filter(|step| matches!(step.action, Action::Create(_)));
        let inputs = keeping.inputs().clone();
        keeping.widen(&places(made.map(|step| &step.id)), inputs).await?;
        let writes: Vec<&Step> = undo.steps.iter().filter(|step| step.is_write()).collect();
        let mut groups = writes.chunk_by(|a, b| {
            (a.wave, matches!(a.action, Action::Create(_))) == (b.wave, matches!(b.action, Action::Create(_)))
        });
        let failed = |done: &BTreeMap<ObjectId, Acted>| {
            let any = done.values().any(|acted| acted.act == Act::Failed);
            self.fence.stop.is_wanted() || (any && !self.args.write.continue_on_error)
        };
        while let Some(group) = groups.next().filter(|_| !failed(done)) {
            let work: Vec<Work<'_>> = group.iter().filter_map(|step| work(step, record, undo)).collect();
            let (results, lost) = carrying.steps(&work).await;
            note(results, keeping, next, done)?;
            keeping.save().await?;
            lost.map_or(Ok(()), Err)?;
        }
        self.read_again(planned, done).await;
        let deletions: Vec<&plan::prune::Deletion> = undo.plan.deletions().filter_map(deletion).collect();
        for group in deletions
            .chunk_by(|a, b| plan::order::Wave::of(&a.resource.gvk) == plan::order::Wave::of(&b.resource.gvk))
        {
            if failed(done) {
                break;
            }
            let (results, lost) = carrying.deletions(group).await;
            note(results, keeping, next, done)?;
            keeping.save().await?;
            lost.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// What was put back is read again, and has to be as it was planned.
    async fn read_again(&self, planned: &Planned, done: &mut BTreeMap<ObjectId, Acted>) {
        let good =
            |step: &&Step| step.is_write() && done.get(&step.id).is_some_and(|acted| acted.act.is_good());
        let written: BTreeMap<ObjectId, Entry> = planned
            .undo
            .steps
            .iter()
            .filter(good)
            .filter_map(|step| Some((step.id.clone(), planned.record.entries.get(&step.id)?.clone())))
            .collect();
        if written.is_empty() {
            return;
        }
        let Ok(catalog) = self.live.catalog().await else { return };
        let found = found::live(self.live, &catalog, &written).await;
        for step in planned.undo.steps.iter().filter(|step| written.contains_key(&step.id)) {
            let reason = match (found.get(&step.id), &step.action) {
                (Some(Found::Read(_, None)), _) => Some("it is gone again after it was written".to_owned()),
                (Some(Found::Read(_, Some(live))), Action::PutBack(_)) => {
                    match undo::judge(&written[&step.id], Some(live), &planned.rules) {
                        Action::Nothing => None,
                        Action::Refused(reason) => Some(format!("it was put back, and then: {reason}")),
                        _ => Some("it differs again after it was put back".to_owned()),
                    }
                }
                (Some(Found::Unknown(reason)), _) => Some(format!("it was written, and then: {reason}")),
                _ => None,
            };
            if let (Some(reason), Some(acted)) = (reason, done.get_mut(&step.id)) {
                (acted.act, acted.reason) = (Act::Failed, Some(reason));
            }
        }
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

/// Puts back into a record from the cluster what the live object still tells.
fn believe(entry: &mut Entry, found: Option<&Found>, keeping: &Keeping<'_>) {
    let live = match found {
        Some(Found::Read(_, live)) => live.as_ref(),
        _ => None,
    };
    restore(keeping.key(), entry, live);
    let mut after = Entry { before: entry.after.clone(), ..entry.clone() };
    restore(keeping.key(), &mut after, live);
    entry.after = after.before;
}

/// A time without its fractions.
fn whole_seconds(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}

fn refusal(refusal: Refusal) -> RunError {
    match refusal {
        Refusal::Guard(problem, hint) => RunError::refused(format!("{problem}; nothing was written"), hint),
        Refusal::Incomplete(problem) => RunError::Stopped {
            problem: format!("{problem}, and nothing was written"),
            hint: None,
            code: Code::Incomplete,
        },
    }
}

/// The code of what is not put back.
fn of_plan_alone(planned: &Planned) -> Code {
    let refused = if planned.undo.is_whole() { Code::Clean } else { Code::Refused };
    let gaps = if planned.gaps { Code::Incomplete } else { Code::Clean };
    Code::worst([refused, gaps])
}

/// What an undo of this undo puts back: everything as it is now.
fn inverse(undo: &Undo) -> Vec<Entry> {
    let is = |live: &Option<serde_json::Value>| {
        live.clone().map_or(State::Absent, |live| State::Object(Box::new(live)))
    };
    let going: BTreeSet<&ObjectId> = undo.plan.deletions().map(|step| &step.id).collect();
    let entry = |step: &Step| {
        let did = match &step.action {
            Action::PutBack(_) => Did::Change,
            Action::Create(_) => Did::Create,
            Action::Replace(_) => Did::Replace,
            Action::Delete(_) if going.contains(&step.id) => Did::Delete,
            _ => return None,
        };
        let (id, version) = (step.id.clone(), step.gvk.version.clone());
        Some(Entry { id, version, did, before: is(&step.live), after: State::Unknown })
    };
    undo.steps.iter().filter_map(entry).collect()
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

fn work<'a>(step: &'a Step, record: &'a Record, undo: &'a Undo) -> Option<Work<'a>> {
    Some(Work { step, entry: record.entries.get(&step.id)?, resource: undo.resources.get(&step.id)? })
}

fn deletion(step: &plan::Step) -> Option<&plan::prune::Deletion> {
    match &step.action {
        plan::Action::Delete(deletion) => Some(deletion),
        _ => None,
    }
}

/// Tells both records what came of some steps. What was applied last stays what it was: only the time of our entry is noted.
fn note(
    results: Vec<(ObjectId, Ended)>,
    keeping: &mut Keeping<'_>,
    next: &mut Recording<'_>,
    done: &mut BTreeMap<ObjectId, Acted>,
) -> Result<(), RunError> {
    for (id, ended) in results {
        next.note(&id, &ended);
        match &ended {
            Ended::Deleted => keeping.forget(&id),
            Ended::Created(live) | Ended::Configured(live) | Ended::Replaced(live) | Ended::Same(live) => {
                match ManagedFields::of(live).own() {
                    Some(_) => keeping.touch(&id, live)?,
                    // It was not ours before the run.
                    None => keeping.forget(&id),
                }
            }
            _ => {}
        }
        let (act, reason) = told(ended);
        if let Some(acted) = done.get_mut(&id) {
            (acted.act, acted.reason) = (act, reason);
        }
    }
    Ok(())
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
