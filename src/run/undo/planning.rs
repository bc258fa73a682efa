//! The plan of an undo: which record counts, what is live, what may be done about it.

use super::doing::{Planned, Undoing};
use super::found::{self, Origin};
use super::local::Local;
use super::telling::whole_seconds;
use crate::exit::Code;
use crate::live::Catalog;
use crate::object::value::text_at;
use crate::plan;
use crate::plan::prune::{Budget, Refusal};
use crate::plan::undo::{self, Found, Rules, Undo};
use crate::record::undo::shards::restore;
use crate::record::undo::{Did, Entry, Record};
use crate::run::contents::holds_others;
use crate::run::error::RunError;
use crate::run::keeping::Keeping;
use crate::run::output::Output;
use crate::run::pruning;

impl Undoing<'_> {
    /// Finds the record, reads what is live, and plans.
    ///
    /// # Errors
    /// There is nothing to undo, or a guard refuses.
    pub(super) async fn plan(
        &self,
        local: &Local,
        keeping: &Keeping<'_>,
        output: &Output,
    ) -> Result<Planned, RunError> {
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
