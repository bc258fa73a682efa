//! What the steps of a saved plan are held to while they are performed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::mask::rules::MaskRules;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::saved::{Saved, SavedStep};
use crate::plan::seal::Seal;
use crate::run::execute::Ended;

/// What the steps of a plan that is performed are held to: after a conflict an object has to be as it was, and what is sent as
/// well, or the plan is stale and the run ends.
#[derive(Debug)]
pub(in crate::run) struct Exact {
    steps: BTreeMap<ObjectId, SavedStep>,
    seal: Seal,
    stale: AtomicBool,
}

impl Exact {
    /// Of a plan that was compared, with what its digests are made with.
    pub(super) fn new(saved: &Saved, seal: Seal) -> Self {
        let steps = saved.steps.iter().map(|step| (step.id(), step.clone())).collect();
        Self { steps, seal, stale: AtomicBool::new(false) }
    }

    /// True if something was not as planned.
    pub(in crate::run) fn is_stale(&self) -> bool {
        self.stale.load(Ordering::Relaxed)
    }

    /// The end of a step that cannot be done as planned.
    pub(in crate::run) fn stale(&self, reason: &str) -> Ended {
        self.stale.store(true, Ordering::Relaxed);
        Ended::Failed(format!("{reason} while the saved plan was performed; plan again"))
    }

    /// True if it is the object of the plan, whatever state it is in.
    pub(in crate::run) fn is_same_object(&self, id: &ObjectId, live: &Value) -> bool {
        let uid = text_at(live, &["metadata", "uid"]);
        self.steps.get(id).is_some_and(|step| step.uid.as_deref() == uid)
    }

    /// True if the object is as it was planned upon, and what is sent as well.
    pub(in crate::run) fn holds(&self, id: &ObjectId, live: &Value, sent: &[Value]) -> bool {
        let hidden = MaskRules::default();
        let digest = Some(self.seal.live(id, live, &hidden));
        let sends = Some(self.seal.sent(id, sent, &hidden));
        self.is_same_object(id, live)
            && self.steps.get(id).is_some_and(|step| step.live == digest && step.sends == sends)
    }
}
