//! The second half of a writing command: waves of writes with the record kept up beside them, then the second read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::awaiting::unready;
use super::compared::Scene;
use super::error::RunError;
use super::execute::{Ended, Execution, Reread};
use super::fence::{Fence, Taken};
use super::keeping::Keeping;
use super::lock::LockOptions;
use super::members::{member, places};
use super::order::Intent;
use super::pending;
use super::saved::Exact;
use super::second_read::second_read;
use super::undo::recording::Recording;
use super::wait::Awaited;
use crate::cluster::Server;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::order::Wave;
use crate::plan::outcome::{Act, Acted};
use crate::plan::undo::typed;
use crate::plan::{Action, Plan, Policy, Step};
use crate::progress::Progress;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::Inputs;
use serde_json::Value;

/// Everything that writing takes.
pub(super) struct Acting<'a> {
    pub(super) reader: &'a Live,
    pub(super) server: &'a Server,
    pub(super) scene: &'a Scene,
    pub(super) policy: &'a Policy,
    pub(super) inflight: usize,
    pub(super) fence: &'a Fence,
    pub(super) lock: LockOptions,
    pub(super) set: &'a SetIdentity,
    pub(super) keeping: Keeping<'a>,
    pub(super) progress: Arc<Progress>,
    pub(super) continue_on_error: bool,
    pub(super) intent: &'a Intent,
    /// What steps are held to, if they are those of a saved plan.
    pub(super) exact: Option<&'a Exact>,
    /// What is kept so that the run can be undone.
    pub(super) undo: Recording<'a>,
    /// Uids of what this run wrote: none of it is ever deleted by it.
    pub(super) written: BTreeSet<String>,
}

/// What came of it.
pub(super) struct Acts<'a> {
    pub(super) acted: Vec<Acted>,
    /// What was not ready in the second read.
    pub(super) unready: Vec<Awaited>,
    /// Why the run had to stop, if it had to.
    pub(super) stopped: Option<RunError>,
    /// The record as it is now.
    pub(super) keeping: Keeping<'a>,
    /// What was kept so that the run can be undone.
    pub(super) undo: Recording<'a>,
}

impl<'a> Acting<'a> {
    /// Performs a plan and reads again what was written; a plan without a write does neither.
    pub(super) async fn perform(mut self, plan: &Plan, inputs: Inputs) -> Acts<'a> {
        let mut acted: BTreeMap<ObjectId, Acted> = plan.steps.iter().map(unbegun).collect();
        let mut unready = Vec::new();
        let stopped = match plan.is_empty() {
            true => None,
            false => self.waves(plan, inputs, &mut acted, &mut unready).await.err(),
        };
        let acted = acted.into_values().collect();
        Acts { acted, unready, stopped, keeping: self.keeping, undo: self.undo }
    }

    async fn waves(
        &mut self,
        plan: &Plan,
        inputs: Inputs,
        acted: &mut BTreeMap<ObjectId, Acted>,
        unready: &mut Vec<Awaited>,
    ) -> Result<(), RunError> {
        self.progress.counted("writing", plan.steps.len());
        self.undo.begin_here();
        let is_new = self.keeping.is_new();
        if !self.fence.is_held().await {
            self.namespace_of_record(plan, acted).await?;
        }
        self.keeping.widen(&places(plan.steps.iter().map(|step| &step.id)), inputs).await?;
        self.undo.begin_there(self.keeping.key(), is_new).await;
        for wave in Wave::ALL {
            let begun = |step: &&Step| acted.get(&step.id).is_none_or(|a| a.act == Act::NotStarted);
            let steps: Vec<&Step> = plan.of_wave(wave).filter(begun).collect();
            let scene = self.scene;
            self.wave(scene, &steps, acted).await?;
            if self.must_end(acted) {
                break;
            }
        }
        let later: Vec<ObjectId> =
            plan.steps.iter().filter(|s| matches!(s.action, Action::Later)).map(|s| s.id.clone()).collect();
        let pending =
            if later.is_empty() || self.must_end(acted) { None } else { self.later(&later, acted).await? };
        self.progress.stage("reading again what was written");
        let written: Vec<&Step> = plan.steps.iter().filter(|step| step.is_write()).collect();
        unready.extend(self.verify(self.scene, &written, acted).await);
        if let Some((scene, plan)) = &pending {
            let written: Vec<&Step> = plan.steps.iter().filter(|step| step.is_write()).collect();
            unready.extend(self.verify(scene, &written, acted).await);
        }
        self.deletions(plan, acted).await
    }

    /// Deletes, the waves backwards, once everything else is as it was planned.
    async fn deletions(
        &mut self,
        plan: &Plan,
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Result<(), RunError> {
        let is_undone = |step: &Step| {
            let act = acted.get(&step.id).map(|acted| acted.act);
            matches!(act, Some(Act::Failed | Act::NotStarted)) && !matches!(step.action, Action::Delete(_))
        };
        if plan.steps.iter().any(is_undone) {
            // What takes the place of a member that left Git may be what failed: that member stays.
            return Ok(());
        }
        for wave in Wave::ALL.into_iter().rev() {
            let is_written = |step: &&Step| match &step.action {
                Action::Delete(deletion) => self.written.contains(&deletion.pin.uid),
                _ => false,
            };
            let steps: Vec<&Step> = plan.deletions().filter(|step| step.wave == wave).collect();
            let (same, steps): (Vec<&Step>, Vec<&Step>) = steps.into_iter().partition(is_written);
            for step in same {
                let reason = "it is rendered under another version or group".to_owned();
                note(acted, &step.id, Act::Failed, Some(reason));
            }
            if self.must_end(acted) && (!self.continue_on_error || self.is_stale()) {
                break;
            }
            let scene = self.scene;
            self.wave(scene, &steps, acted).await?;
        }
        Ok(())
    }

    /// The lock and the record live in a namespace that this run creates: that goes before everything else.
    async fn namespace_of_record(
        &mut self,
        plan: &Plan,
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Result<(), RunError> {
        let namespace = &self.set.record_namespace;
        let is_it = |step: &&Step| {
            let id = &step.id;
            step.is_write() && id.group.is_empty() && id.kind == "Namespace" && id.name == *namespace
        };
        let Some(step) = plan.steps.iter().find(is_it) else {
            return Err(RunError::usage(
                format!(
                    "namespace {namespace} of the record does not exist, and the render does not hold it"
                ),
                "create it, add it to the manifests, or choose another with --record-namespace".to_owned(),
            ));
        };
        let scene = self.scene;
        self.written(scene, &[step], acted).await?;
        if self.must_end(acted) {
            return Ok(());
        }
        match self.fence.take(self.server, self.set, &self.lock, &self.progress).await? {
            Taken::Yes => Ok(()),
            other => Err(RunError::usage(format!("the lock cannot be taken: {other:?}"), None)),
        }
    }

    /// Objects of kinds that were defined by this run.
    async fn later(
        &mut self,
        ids: &[ObjectId],
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Result<Option<(Scene, Plan)>, RunError> {
        self.progress.stage("waiting for new kinds to be served");
        let found = pending::resolve(self.reader, self.scene, ids, self.policy).await;
        let (scene, plan, unresolved) = match found {
            Ok(found) => found,
            Err(reason) => {
                ids.iter().for_each(|id| note(acted, id, Act::Failed, Some(reason.clone())));
                return Ok(None);
            }
        };
        for (id, reason) in unresolved {
            note(acted, &id, Act::Failed, Some(reason));
        }
        let steps: Vec<&Step> = plan.steps.iter().filter(|step| step.is_write()).collect();
        if let (Some(exact), Some(other)) = (self.exact, steps.iter().find(|step| !is_creation(step))) {
            let ended = exact.stale("somebody created it");
            let (act, reason) = told(ended);
            note(acted, &other.id, act, reason);
            return Ok(None);
        }
        for step in &steps {
            if let Action::Update(update) = &step.action {
                self.undo.correct(&step.id, typed(update.open.live.clone(), &step.gvk));
            }
        }
        self.undo.save();
        self.wave(&scene, &steps, acted).await?;
        Ok(Some((scene, plan)))
    }

    /// One wave, and the record of what it wrote.
    async fn wave(
        &mut self,
        scene: &Scene,
        steps: &[&Step],
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Result<(), RunError> {
        if steps.is_empty() {
            return Ok(());
        }
        self.written(scene, steps, acted).await?;
        self.undo.save();
        self.keeping.save().await
    }

    async fn written(
        &mut self,
        scene: &Scene,
        steps: &[&Step],
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Result<(), RunError> {
        let stop = &self.fence.stop;
        let (reader, server, policy, inflight) = (self.reader, self.server, self.policy, self.inflight);
        let (reread, exact) = (Reread::default(), self.exact);
        let execution = Execution { reader, server, policy, inflight, stop, exact, reread: &reread };
        let fence = async || self.fence.before_batch().await;
        let (results, lost) = execution.wave(scene, steps, fence, || self.progress.step()).await;
        let by_id: BTreeMap<&ObjectId, &Step> = steps.iter().map(|step| (&step.id, *step)).collect();
        for (id, before) in reread.into_inner() {
            self.undo.correct(&id, before);
        }
        for (id, ended) in results {
            self.undo.note(&id, &ended);
            if ended == Ended::Deleted {
                self.keeping.forget(&id);
            }
            self.written.extend(live_of(&ended).and_then(uid_of));
            if let (Intent::Revert(_), Some(live)) = (self.intent, live_of(&ended)) {
                self.keeping.touch(&id, live)?;
            } else if let (Some(step), Some(live)) = (by_id.get(&id), live_of(&ended))
                && let Some(member) = member(scene, step, &ended, live, self.policy)
            {
                self.keeping.note(&member)?;
            }
            let (act, reason) = told(ended);
            note(acted, &id, act, reason);
        }
        lost.map_or(Ok(()), Err)
    }

    /// Notes what does not hold; what is as planned but not ready yet.
    async fn verify(
        &self,
        scene: &Scene,
        steps: &[&Step],
        acted: &mut BTreeMap<ObjectId, Acted>,
    ) -> Vec<Awaited> {
        let good = |step: &&&Step| acted.get(&step.id).is_some_and(|acted| acted.act.is_good());
        let steps: Vec<&Step> = steps.iter().filter(good).copied().collect();
        if steps.is_empty() {
            return Vec::new();
        }
        let (wrong, live) = second_read(self.reader, scene, &steps, self.policy).await;
        let good = steps.iter().map(|step| &step.id).filter(|id| !wrong.contains_key(id));
        let unready = unready(scene, good, &live);
        for (id, reason) in wrong {
            note(acted, &id, Act::Failed, Some(reason));
        }
        unready
    }

    /// True if no further wave may begin.
    fn must_end(&self, acted: &BTreeMap<ObjectId, Acted>) -> bool {
        let failed = acted.values().any(|acted| acted.act == Act::Failed);
        self.fence.stop.is_wanted() || self.is_stale() || (failed && !self.continue_on_error)
    }

    /// True if the saved plan that is performed turned out not to hold.
    fn is_stale(&self) -> bool {
        self.exact.is_some_and(Exact::is_stale)
    }
}

fn is_creation(step: &Step) -> bool {
    matches!(step.action, Action::Create(_))
}

fn uid_of(live: &Value) -> Option<String> {
    text_at(live, &["metadata", "uid"]).map(str::to_owned)
}

fn unbegun(step: &Step) -> (ObjectId, Acted) {
    let (act, reason) = match &step.action {
        Action::Refused(refused) => (Act::Refused, Some(refused.words(&step.gvk))),
        _ => (Act::NotStarted, None),
    };
    (step.id.clone(), Acted { id: step.id.clone(), gvk: step.gvk.clone(), act, reason })
}

fn note(acted: &mut BTreeMap<ObjectId, Acted>, id: &ObjectId, act: Act, reason: Option<String>) {
    if let Some(acted) = acted.get_mut(id) {
        (acted.act, acted.reason) = (act, reason);
    }
}

fn live_of(ended: &Ended) -> Option<&Value> {
    match ended {
        Ended::Created(live) | Ended::Configured(live) | Ended::Replaced(live) | Ended::Same(live) => {
            Some(live)
        }
        Ended::Partly(live, ..) => Some(live),
        _ => None,
    }
}

/// What a report says of it.
pub(super) fn told(ended: Ended) -> (Act, Option<String>) {
    match ended {
        Ended::Created(_) => (Act::Created, None),
        Ended::Configured(_) => (Act::Configured, None),
        Ended::Replaced(_) => (Act::Replaced, None),
        Ended::Same(_) => (Act::Unchanged, None),
        Ended::Deleted => (Act::Deleted, None),
        Ended::Deleting => (Act::Deleting, Some("finalizers hold it".to_owned())),
        Ended::Failed(reason) | Ended::Partly(_, _, reason) => (Act::Failed, Some(reason)),
        Ended::NotStarted => (Act::NotStarted, None),
    }
}
