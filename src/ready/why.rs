//! Why a workload is not ready, from what belongs to it: its newest ReplicaSet, its pods, and events. The most telling
//! sentence of each is chosen.

use serde_json::Value;

use super::conditions::{Conditions, brief};
use super::pods::{Weight, trouble};
use crate::object::value::text_at;

/// What was read about an object that is not ready.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// ReplicaSets with its labels; only a Deployment has any.
    pub replica_sets: Vec<Value>,
    /// Pods with its labels, or the pod itself.
    pub pods: Vec<Value>,
}

/// What explains why an object is not ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// A sentence; empty where only an event may say more.
    pub text: String,
    /// The objects whose events may say more, the nearest to the cause last: uid and name as it is told.
    pub subjects: Vec<(String, String)>,
}

/// The cause of an object's state. Only what the object controls counts: labels alone prove nothing.
pub fn cause(live: &Value, evidence: &Evidence) -> Cause {
    let mut subjects = vec![(uid(live).to_owned(), String::new())];
    let mut texts = Vec::new();
    let newest = newest_of(uid(live), &evidence.replica_sets);
    if let Some(set) = newest {
        subjects.push((uid(set).to_owned(), format!("ReplicaSet {}", name(set))));
        if let Some(failure) = replica_failure(set) {
            texts.push(format!("ReplicaSet {}: {failure}", name(set)));
        }
    } else if let Some(failure) = replica_failure(live) {
        texts.push(failure);
    }
    let owner = newest.map_or(uid(live), uid);
    let troubled = evidence.pods.iter().filter(|pod| controlled_by(pod, owner)).filter_map(worst);
    // The first by name of those that tell most.
    let worst = troubled.min_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    if let Some((_, name, pod, text)) = worst {
        subjects.push((uid(pod).to_owned(), format!("Pod {name}")));
        texts.push(format!("Pod {name}: {text}"));
    }
    Cause { text: texts.join("; "), subjects }
}

fn worst(pod: &Value) -> Option<(Weight, &str, &Value, String)> {
    let (weight, text) = trouble(pod)?;
    Some((weight, name(pod), pod, text))
}

/// `FailedCreate: pods "web-1" is forbidden (3 times)`: the newest warning among events, else the newest event. `None`
/// without events.
pub fn newest_event(events: &[Value]) -> Option<String> {
    let is_warning = |event: &Value| text_at(event, &["type"]) == Some("Warning");
    let newest = events.iter().max_by_key(|event| (is_warning(event), time(event), name(event)))?;
    let message = text_at(newest, &["message"]).or_else(|| text_at(newest, &["note"])).unwrap_or_default();
    let reason = text_at(newest, &["reason"]).unwrap_or_default();
    let times = ["/series/count", "/count"].iter().find_map(|at| newest.pointer(at).and_then(Value::as_i64));
    let times = times.filter(|count| *count > 1).map(|count| format!(" ({count} times)")).unwrap_or_default();
    Some(format!("event {}: {}{times}", brief(reason), brief(message)))
}

/// When an event was seen last. Times of the API are texts that sort as times do.
fn time(event: &Value) -> &str {
    let times = [
        &["series", "lastObservedTime"][..],
        &["lastTimestamp"],
        &["eventTime"],
        &["metadata", "creationTimestamp"],
    ];
    times.iter().find_map(|keys| text_at(event, keys)).unwrap_or_default()
}

/// The ReplicaSet of the newest revision that an object controls (`deployment.kubernetes.io/revision`).
fn newest_of<'a>(owner: &str, sets: &'a [Value]) -> Option<&'a Value> {
    let revision = |set: &Value| {
        let written = text_at(set, &["metadata", "annotations", "deployment.kubernetes.io/revision"]);
        written.and_then(|revision| revision.parse::<i64>().ok()).unwrap_or(0)
    };
    let created = |set: &'a Value| text_at(set, &["metadata", "creationTimestamp"]).unwrap_or_default();
    sets.iter()
        .filter(|set| controlled_by(set, owner))
        .max_by_key(|set| (revision(set), created(set), name(set)))
}

fn replica_failure(set: &Value) -> Option<String> {
    let conditions = Conditions::read(set.get("status")).ok()?;
    conditions.get("ReplicaFailure").filter(|failure| failure.is("True")).map(|failure| failure.text())
}

/// True if an object is controlled by the one with this uid, or is it.
fn controlled_by(object: &Value, owner: &str) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controls = |reference: &Value| {
        reference.get("controller") == Some(&Value::Bool(true)) && text_at(reference, &["uid"]) == Some(owner)
    };
    !owner.is_empty() && (uid(object) == owner || owners.is_some_and(|owners| owners.iter().any(controls)))
}

/// The label selector of an object's pods as the server reads it in a query; `None` if it has none that can be written so.
pub fn pod_selector(live: &Value) -> Option<String> {
    let selector = live.pointer("/spec/selector")?;
    // A ReplicationController has the labels themselves.
    let labels = if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() {
        selector.get("matchLabels")
    } else {
        Some(selector)
    };
    let mut parts: Vec<String> = Vec::new();
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str()?));
    }
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let (key, operator) = (text_at(expression, &["key"])?, text_at(expression, &["operator"])?);
        let values = expression.get("values").and_then(Value::as_array);
        let values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        parts.push(match operator {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

fn uid(object: &Value) -> &str {
    text_at(object, &["metadata", "uid"]).unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text_at(object, &["metadata", "name"]).unwrap_or_default()
}
