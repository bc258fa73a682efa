//! What one read says of one object. Pure.

use std::time::Duration;

use serde_json::Value;

use super::{Awaited, WaitOutcome, tell};
use crate::live::{FetchError, Observed, Presence};
use crate::object::value::text_at;
use crate::ready::{Readiness, is_untouched, readiness};

/// How long a custom resource may have no status before it counts as one of a kind that writes none.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// What was seen of an object last.
#[derive(Debug, Clone, Default)]
pub(super) enum Seen {
    /// Nothing yet.
    #[default]
    Nothing,
    /// It is on its way, for this reason; the object, to find out more.
    Unready(String, Box<[u8]>),
    /// It could not be read.
    Unread(FetchError),
}

impl Seen {
    /// What it becomes when the time is over.
    pub(super) fn too_late(&self) -> WaitOutcome {
        match self {
            Self::Nothing => WaitOutcome::Unknown(FetchError::Deadline),
            Self::Unready(text, _) => WaitOutcome::TimedOut(text.clone()),
            Self::Unread(error) => WaitOutcome::Unknown(error.clone()),
        }
    }

    /// Why it is waited for, in words.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Nothing => "it was not read yet".to_owned(),
            Self::Unready(text, _) => text.clone(),
            Self::Unread(error) => tell::safe(&error.to_string()),
        }
    }

    /// The object, if it was seen.
    pub(super) fn live(&self) -> Value {
        match self {
            Self::Unready(_, json) => serde_json::from_slice(json).unwrap_or_default(),
            Self::Nothing | Self::Unread(_) => Value::Null,
        }
    }
}

/// What a read changes.
pub(super) enum Step {
    /// It is waited for further.
    Seen(Seen),
    /// Waiting for it is over.
    Decided(WaitOutcome, Seen),
}

/// Judges what was read of an object after waiting this long.
pub(super) fn step(awaited: &Awaited, presence: Result<Presence, FetchError>, waited: Duration) -> Step {
    match presence {
        // Nothing else can be read either.
        Err(error @ FetchError::Unauthorized(_)) => Step::Decided(WaitOutcome::Unknown(error), Seen::Nothing),
        Err(error) => Step::Seen(Seen::Unread(error)),
        Ok(Presence::Absent) => Step::Decided(WaitOutcome::Gone, Seen::Nothing),
        Ok(Presence::Found(observed)) => found(awaited, observed, waited),
    }
}

fn found(awaited: &Awaited, observed: Observed, waited: Duration) -> Step {
    let live: Value = match serde_json::from_slice(&observed.json) {
        Ok(live) => live,
        Err(error) => {
            let error = FetchError::Failed(format!("the live object cannot be decoded: {error}"));
            return Step::Seen(Seen::Unread(error));
        }
    };
    if text_at(&live, &["metadata", "uid"]) != Some(&awaited.uid) {
        return Step::Decided(WaitOutcome::Replaced, Seen::Nothing);
    }
    let unready = |text: &str| Seen::Unready(tell::safe(text), observed.json.clone());
    let generation = live.pointer("/metadata/generation").and_then(Value::as_i64);
    if generation.is_some_and(|generation| generation < awaited.generation) {
        return Step::Seen(unready("the server does not show what was written yet"));
    }
    let gvk = &awaited.resource.gvk;
    match readiness(gvk, &live) {
        Readiness::Ready if waited < FIRST_LOOK && is_untouched(gvk, awaited.resource.has_status, &live) => {
            Step::Seen(unready("nobody has looked at it yet"))
        }
        Readiness::Ready => Step::Decided(WaitOutcome::Ready, Seen::Nothing),
        Readiness::Progressing(text) => Step::Seen(unready(&text)),
        Readiness::Failed(text) => Step::Decided(WaitOutcome::Failed(tell::safe(&text)), unready(&text)),
        // It goes away whatever happens now.
        Readiness::Terminating => {
            let text = deleted(&live);
            Step::Decided(WaitOutcome::Failed(tell::safe(&text)), unready(&text))
        }
    }
}

fn deleted(live: &Value) -> String {
    let finalizers = live.pointer("/metadata/finalizers").and_then(Value::as_array);
    let names: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    match names.is_empty() {
        true => "it is being deleted".to_owned(),
        false => format!("it is being deleted and waits for {}", names.join(", ")),
    }
}
