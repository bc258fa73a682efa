//! Whether an object of the cluster has become what its manifest asks for: ready, on its way, failed, or on its way out.
//!
//! The rules are those of kstatus (`sigs.k8s.io/cli-utils/pkg/kstatus`, which Flux and Helm use as well). First what all
//! objects have in common: a deletion, an `observedGeneration` that is behind, the conditions `Reconciling` and `Stalled`.
//! Then the rule of the kind, for built-in kinds; for all others the condition `Ready`. An object that has none of these is
//! ready by existing. Where the rules differ from kstatus on purpose, the rule says why (`D1` to `D14`, all of which stand in the tests' table).

mod conditions;
mod kinds;
mod pods;
pub mod why;
mod workloads;

use serde_json::Value;

use crate::object::id::Gvk;
use crate::object::value::text_at;
use conditions::Conditions;

pub use kinds::is_ready_by_existing;

/// How far an object has come. Texts are one short line for people; they may quote the cluster, so that whoever prints
/// them has to escape them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It is what its manifest asks for.
    Ready,
    /// It is on its way, or nobody has looked at it yet.
    Progressing(String),
    /// It will not become ready without a change; the reason.
    Failed(String),
    /// It is being deleted.
    Terminating,
}

/// Tells how far a live object has come. `gvk` is given because items of lists do not carry it.
pub fn readiness(gvk: &Gvk, live: &Value) -> Readiness {
    match judge(gvk, live) {
        Ok(readiness) => readiness,
        // D1: what kstatus refuses with an error is waited for, and the reason says what is not understood.
        Err(unreadable) => Readiness::Progressing(unreadable),
    }
}

/// True for a live object of a kind without a rule whose status is still empty, although its type has one: probably its
/// controller has not looked at it yet. kstatus, which knows no time, takes it for ready.
pub fn is_untouched(gvk: &Gvk, has_status: bool, live: &Value) -> bool {
    let status = live.get("status").and_then(Value::as_object);
    has_status && kinds::find(gvk).is_none() && status.is_none_or(serde_json::Map::is_empty)
}

fn judge(gvk: &Gvk, live: &Value) -> Result<Readiness, String> {
    if text_at(live, &["metadata", "deletionTimestamp"]).is_some_and(|time| !time.is_empty()) {
        return Ok(Readiness::Terminating);
    }
    let kind = kinds::find(gvk);
    let subject = Subject::read(live)?;
    if let Some(unobserved) = subject.unobserved(kind.is_some_and(|kind| kind.observes)) {
        return Ok(Readiness::Progressing(unobserved));
    }
    if let Some(decided) = subject.standard() {
        return Ok(decided);
    }
    Ok(match kind {
        Some(kind) => (kind.rule)(&subject),
        None => subject.by_ready_condition(),
    })
}

/// What is said of an object whose controller writes its status and has not.
const UNSEEN: &str = "its controller has not observed it yet";

/// A live object and what its status says.
pub(crate) struct Subject<'a> {
    live: &'a Value,
    conditions: Conditions<'a>,
    generation: Option<i64>,
    observed: Option<i64>,
}

impl<'a> Subject<'a> {
    /// # Errors
    /// What of the status is not understood.
    fn read(live: &'a Value) -> Result<Self, String> {
        let generation = live.pointer("/metadata/generation").and_then(Value::as_i64);
        let observed = match live.pointer("/status/observedGeneration") {
            None => None,
            Some(_) if generation.is_none() => None,
            // D2: Argo Rollouts write it as text, which kstatus refuses.
            Some(Value::String(text)) => Some(text.parse().map_err(|_| unreadable("observedGeneration"))?),
            Some(number) => Some(number.as_i64().ok_or_else(|| unreadable("observedGeneration"))?),
        };
        Ok(Self { live, conditions: Conditions::read(live.get("status"))?, generation, observed })
    }

    /// Why nothing that the status says is about the present spec.
    ///
    /// D3: where the controller of a built-in kind always says which generation it saw, one that has said nothing has not
    /// seen the object. kstatus takes a budget, or a set of no replicas, for ready before anybody has looked at it.
    fn unobserved(&self, expected: bool) -> Option<String> {
        let generation = self.generation?;
        match self.observed {
            Some(observed) if observed == generation => None,
            Some(observed) => {
                Some(format!("generation {generation} is not observed yet, the status is of {observed}"))
            }
            None if expected => Some(self.sync_failure().unwrap_or_else(|| UNSEEN.to_owned())),
            None => None,
        }
    }

    /// Why a budget cannot be computed; its controller does not get further than this condition then.
    fn sync_failure(&self) -> Option<String> {
        let allowed = self.conditions.get("DisruptionAllowed")?;
        (allowed.reason == "SyncFailed").then(|| allowed.text())
    }

    /// What the conditions decide that any controller may set. The first that is set decides, as in kstatus.
    fn standard(&self) -> Option<Readiness> {
        self.conditions.all().find_map(|condition| match condition.kind {
            "Reconciling" if condition.is("True") => Some(Readiness::Progressing(condition.text())),
            // D4: a condition that says of which generation it speaks is not believed about another one. The Gateway API
            // and others write `observedGeneration` nowhere else.
            "Stalled" if condition.is("True") && condition.is_behind(self.generation) => {
                Some(Readiness::Progressing(condition.behind()))
            }
            "Stalled" if condition.is("True") => Some(Readiness::Failed(condition.text())),
            _ => None,
        })
    }

    /// The last rule: `Ready`, where an object has it.
    fn by_ready_condition(&self) -> Readiness {
        let is_known = |status: &str| matches!(status, "True" | "False" | "Unknown");
        let mut ready = self.conditions.all().filter(|condition| condition.kind == "Ready");
        match ready.find(|condition| is_known(condition.status)) {
            None => Readiness::Ready,
            // D4.
            Some(ready) if ready.is_behind(self.generation) => Readiness::Progressing(ready.behind()),
            Some(ready) if ready.is("True") => Readiness::Ready,
            Some(ready) => Readiness::Progressing(ready.text()),
        }
    }

    /// The whole number at a JSON pointer.
    fn number(&self, pointer: &str) -> Option<i64> {
        self.live.pointer(pointer).and_then(Value::as_i64)
    }

    /// A whole number that counts as zero where it is not written.
    fn count(&self, pointer: &str) -> i64 {
        self.number(pointer).unwrap_or(0)
    }

    /// The text at a JSON pointer, empty if there is none.
    fn text(&self, pointer: &str) -> &'a str {
        self.live.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

fn unreadable(what: &str) -> String {
    format!("its status is not understood: {what} has an unexpected form")
}

#[cfg(test)]
mod tests;
