//! The writes of an undo in their order, with the record of the set beside them, and the second read.

use std::collections::BTreeMap;

use super::carry::{Carrying, Work};
use super::doing::{Planned, Undoing};
use super::found;
use super::recording::Recording;
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::plan;
use crate::plan::order::Wave;
use crate::plan::outcome::{Act, Acted};
use crate::plan::prune::Deletion;
use crate::plan::undo::{self, Action, Found, Step, Undo};
use crate::record::undo::{Entry, Record};
use crate::run::acting::told;
use crate::run::error::RunError;
use crate::run::execute::Ended;
use crate::run::keeping::Keeping;
use crate::run::members::places;
use crate::run::output::Output;

impl Undoing<'_> {
    /// What is made anew, then what is changed back, then what is deleted; and what of it holds.
    pub(super) async fn write(
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
        let deletions: Vec<&Deletion> = undo.plan.deletions().filter_map(deletion).collect();
        for group in deletions.chunk_by(|a, b| Wave::of(&a.resource.gvk) == Wave::of(&b.resource.gvk)) {
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
}

fn work<'a>(step: &'a Step, record: &'a Record, undo: &'a Undo) -> Option<Work<'a>> {
    Some(Work { step, entry: record.entries.get(&step.id)?, resource: undo.resources.get(&step.id)? })
}

fn deletion(step: &plan::Step) -> Option<&Deletion> {
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
