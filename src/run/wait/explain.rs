//! Asking the cluster why something is not ready: ReplicaSets and pods in one round of requests, events in a second.

use serde_json::Value;

use super::{Awaited, tell};
use crate::cluster::{Selection, Selector};
use crate::live::{FetchError, Observed, Resource};
use crate::object::id::Gvk;
use crate::reader::Live;
use crate::ready::why::{Cause, Evidence, cause, newest_event, pod_selector};

/// Objects that are explained in a run, at most: five requests each.
const MOST: usize = 8;

/// How many objects may still be explained.
#[derive(Debug)]
pub(super) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Budget {
    /// The first of these, as many as can be afforded.
    pub(super) fn take(&mut self, mut places: Vec<usize>) -> Vec<usize> {
        places.truncate(self.0);
        self.0 -= places.len();
        places
    }
}

/// What explains an object's state beside its own status; empty where nothing says more.
pub(super) struct Reason {
    cause: String,
    event: String,
}

impl Reason {
    /// What the object's own status says, and what this adds to it.
    pub(super) fn after(&self, own: &str) -> String {
        let text = tell::joined(own, &self.cause);
        let message = self.event.split_once(": ").map_or("", |(_, message)| message);
        // The events of a pod mostly repeat its conditions.
        if text.contains(message) { text } else { tell::joined(&text, &self.event) }
    }
}

/// Why these objects are not ready, in their order.
pub(super) async fn reasons(reader: &Live, objects: &[(&Awaited, Value)]) -> Vec<Reason> {
    let (mut questions, mut parts) = (Vec::new(), Vec::new());
    for (awaited, live) in objects {
        let first = questions.len();
        questions.extend(belongings(awaited, live));
        parts.push(first..questions.len());
    }
    let answers = reader.select(questions.clone()).await;
    let mut causes = Vec::new();
    for ((_, live), part) in objects.iter().zip(parts) {
        causes.push(found(live, &questions[part.clone()], &answers[part]));
    }
    let events = events(reader, objects, &causes).await;
    let reason = |(cause, event): (Cause, String)| Reason { cause: cause.text, event: tell::safe(&event) };
    causes.into_iter().zip(events).map(reason).collect()
}

/// The lists of what belongs to an object.
fn belongings(awaited: &Awaited, live: &Value) -> Vec<Selection> {
    let (group, kind) = (awaited.id.group.as_str(), awaited.id.kind.as_str());
    let has_pods = matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
            | ("batch", "Job")
            | ("", "ReplicationController")
    );
    let Some(selector) = has_pods.then(|| pod_selector(live)).flatten() else { return Vec::new() };
    let list = |resource| Selection {
        resource,
        namespace: awaited.id.namespace.clone(),
        selector: Selector::Labels(selector.clone()),
    };
    let mut lists = vec![list(resource("", "Pod", "pods"))];
    if kind == "Deployment" {
        lists.push(list(resource("apps", "ReplicaSet", "replicasets")));
    }
    lists
}

fn found(live: &Value, asked: &[Selection], answers: &[Result<Vec<Observed>, FetchError>]) -> Cause {
    let (mut evidence, mut unread) = (Evidence::default(), Vec::new());
    for (selection, answer) in asked.iter().zip(answers) {
        match answer {
            Ok(found) if selection.resource.plural == "pods" => evidence.pods = values(found),
            Ok(found) => evidence.replica_sets = values(found),
            Err(error) => {
                unread.push(format!("its {} could not be read: {error}", selection.resource.plural))
            }
        }
    }
    let mut cause = cause(live, &evidence);
    for text in unread {
        cause.text = tell::joined(&cause.text, &text);
    }
    cause
}

/// The newest event of each object and of what its cause names.
async fn events(reader: &Live, objects: &[(&Awaited, Value)], causes: &[Cause]) -> Vec<String> {
    let (mut questions, mut parts) = (Vec::new(), Vec::new());
    for ((awaited, _), cause) in objects.iter().zip(causes) {
        let first = questions.len();
        // Events of objects without a namespace are kept in `default`.
        let namespace =
            if awaited.id.namespace.is_empty() { "default" } else { awaited.id.namespace.as_str() };
        for (uid, _) in cause.subjects.iter().filter(|(uid, _)| !uid.is_empty()) {
            questions.push(Selection {
                resource: resource("", "Event", "events"),
                namespace: namespace.to_owned(),
                selector: Selector::Fields(format!("involvedObject.uid={uid}")),
            });
        }
        parts.push(first..questions.len());
    }
    let answers = reader.select(questions).await;
    let newest = |part: std::ops::Range<usize>| {
        let events: Vec<Value> = answers[part].iter().flatten().flat_map(|found| values(found)).collect();
        newest_event(&events).unwrap_or_default()
    };
    parts.into_iter().map(newest).collect()
}

fn values(found: &[Observed]) -> Vec<Value> {
    found.iter().filter_map(|observed| serde_json::from_slice(&observed.json).ok()).collect()
}

/// A type that every server has.
fn resource(group: &str, kind: &str, plural: &str) -> Resource {
    Resource {
        gvk: Gvk::new(group, "v1", kind),
        plural: plural.to_owned(),
        namespaced: true,
        has_status: true,
        listable: true,
    }
}
