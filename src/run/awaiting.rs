//! After the second read: which objects of a set are not ready yet, and waiting for them.

use std::time::Duration;

use serde_json::Value;

use super::compared::Scene;
use super::stop::Stop;
use super::wait::{Awaited, WaitOutcome, wait};
use crate::desired::Entry;
use crate::live::{LiveSet, Presence};
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::outcome::{Act, Acted};
use crate::progress::Progress;
use crate::reader::Live;
use crate::ready::{Readiness, is_ready_by_existing, is_untouched, readiness};

/// Left of a run's time for its record and its report.
const FOR_THE_END: Duration = Duration::from_secs(5);

/// Those of some objects that were not ready when they were read.
pub(super) fn unready<'i>(
    scene: &Scene,
    ids: impl Iterator<Item = &'i ObjectId>,
    live: &LiveSet,
) -> Vec<Awaited> {
    ids.filter_map(|id| awaited(scene, id, live)).collect()
}

fn awaited(scene: &Scene, id: &ObjectId, live: &LiveSet) -> Option<Awaited> {
    let (Some(Entry::Ready(ready)), Some(Ok(Presence::Found(observed)))) =
        (scene.desired.entries.get(id), live.get(id))
    else {
        return None;
    };
    let resource = &ready.resource;
    if is_ready_by_existing(&resource.gvk) {
        return None;
    }
    let live: Value = serde_json::from_slice(&observed.json).ok()?;
    let untouched = is_untouched(&resource.gvk, resource.has_status, &live);
    if readiness(&resource.gvk, &live) == Readiness::Ready && !untouched {
        return None;
    }
    Some(Awaited {
        id: id.clone(),
        resource: resource.as_ref().clone(),
        uid: text_at(&live, &["metadata", "uid"])?.to_owned(),
        generation: live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0),
    })
}

/// Waits in what is `left` of the run's time, and notes what did not become ready as failed. A signal ends it.
pub(super) async fn until_ready(
    reader: &Live,
    awaited: &[Awaited],
    left: Duration,
    stop: &Stop,
    progress: &Progress,
    acted: &mut Vec<Acted>,
) {
    let time = left.saturating_sub(FOR_THE_END.min(left / 10));
    let Some(waited) = stop.unless(wait(reader, awaited, time, progress)).await else { return };
    for (awaited, waited) in awaited.iter().zip(waited) {
        let Some(reason) = words(&waited.outcome) else { continue };
        let found = acted.iter_mut().find(|acted| acted.id == awaited.id);
        let before = if found.is_some() { "written" } else { "in sync" };
        let failed = Acted {
            id: awaited.id.clone(),
            gvk: awaited.resource.gvk.clone(),
            act: Act::Failed,
            reason: Some(format!("{before}, but {reason}")),
        };
        match found {
            Some(acted) => *acted = failed,
            None => acted.push(failed),
        }
    }
}

/// What is wrong; nothing if it is ready.
fn words(outcome: &WaitOutcome) -> Option<String> {
    Some(match outcome {
        WaitOutcome::Ready => return None,
        WaitOutcome::Failed(reason) => format!("it failed: {reason}"),
        WaitOutcome::TimedOut(reason) => format!("not ready in time: {reason}"),
        WaitOutcome::Gone => "gone while it was waited for".to_owned(),
        WaitOutcome::Replaced => "replaced by another object while it was waited for".to_owned(),
        WaitOutcome::Unknown(error) => format!("whether it is ready is unknown: {error}"),
    })
}
