//! Thousands of generated statuses, of which most are none that a controller would write, held against kstatus. Where we
//! differ, the object has to be one of those for which the difference is stated.

use std::collections::BTreeMap;

use gitops::ready::Readiness;
use serde_json::{Value, json};

use super::oracle::{Judged, kstatus};
use super::{ours, word};
use crate::support::generate::dice::Dice;

const CASES: u64 = 20_000;

const KINDS: &[(&str, &str)] = &[
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "DaemonSet"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
    ("v1", "Pod"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Node"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("apiregistration.k8s.io/v1", "APIService"),
    ("example.org/v1", "Deployment"),
    ("example.org/v1", "Widget"),
];

const TYPES: &[&str] = &[
    "Ready",
    "Ready",
    "Reconciling",
    "Stalled",
    "Available",
    "Progressing",
    "ReplicaFailure",
    "Complete",
    "Failed",
    "NamesAccepted",
    "Established",
    "PodScheduled",
    "Other",
];
const REASONS: &[&str] = &[
    "",
    "ProgressDeadlineExceeded",
    "NewReplicaSetAvailable",
    "ReplicaSetUpdated",
    "Unschedulable",
    "Installing",
    "Because",
];

fn object(number: u64) -> Value {
    let mut dice = Dice::new(11, "ready", number);
    let (api, kind) = *dice.pick(KINDS);
    let mut metadata = json!({"name": "x", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"});
    if !dice.once_in(8) {
        metadata["generation"] = json!(2);
    }
    if dice.once_in(25) {
        metadata["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    let (spec, status) = (spec(&mut dice), status(&mut dice));
    let mut object = json!({"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec});
    let unschedulable = kind == "Pod" && dice.once_in(4);
    match dice.below(40) {
        0 => {}
        1 => object["status"] = Value::Null,
        2 => object["status"] = json!("fine"),
        _ => object["status"] = status,
    }
    if unschedulable {
        let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
        object["status"] = json!({"phase": "Pending", "conditions": [condition]});
    }
    object
}

fn spec(dice: &mut Dice) -> Value {
    let mut spec = json!({});
    dice.maybe(&mut spec, "replicas", [json!(0), json!(1), json!(2), json!(2)]);
    dice.maybe(&mut spec, "progressDeadlineSeconds", [json!(600), json!(i32::MAX)]);
    dice.maybe(&mut spec, "type", [json!("LoadBalancer"), json!("ClusterIP")]);
    dice.maybe(&mut spec, "clusterIP", [json!("10.0.0.1"), json!("")]);
    if dice.once_in(6) {
        spec["paused"] = json!(true);
        spec["suspend"] = json!(true);
    }
    match dice.below(6) {
        0 => spec["updateStrategy"] = json!({"type": "OnDelete"}),
        1..=3 => {
            let partition = *dice.pick(&[0, 0, 1, 2, 3, -1]);
            spec["updateStrategy"] =
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
        }
        _ => {}
    }
    spec
}

fn status(dice: &mut Dice) -> Value {
    if dice.once_in(3) {
        return nearly_ready(dice);
    }
    let mut status = json!({});
    for field in COUNTS {
        dice.maybe(&mut status, field, [json!(2), json!(2), json!(1), json!(0), json!(3)]);
    }
    dice.maybe(
        &mut status,
        "observedGeneration",
        [json!(2), json!(2), json!(2), json!(2), json!(1), json!(3)],
    );
    dice.maybe(&mut status, "currentRevision", [json!("a"), json!("b")]);
    dice.maybe(&mut status, "updateRevision", [json!("a"), json!("b")]);
    dice.maybe(&mut status, "startTime", [json!("2026-01-01T00:00:00Z")]);
    let phases = [
        "Pending",
        "Running",
        "Running",
        "Succeeded",
        "Failed",
        "Unknown",
        "Bound",
        "Lost",
        "Active",
        "Available",
        "Released",
    ];
    if !dice.once_in(6) {
        status["phase"] = json!(*dice.pick(&phases));
    }
    if dice.once_in(4) {
        let reason = *dice.pick(&["CrashLoopBackOff", "ImagePullBackOff"]);
        status["containerStatuses"] = json!([{"name": "web", "state": {"waiting": {"reason": reason}}}]);
    }
    status["conditions"] = match dice.below(30) {
        0 => Value::Null,
        1 => json!({"Ready": "True"}),
        2 => json!(["Ready"]),
        3 => json!([{"type": "Ready", "status": true}]),
        4 => json!([null]),
        _ => (0..dice.below(5)).map(|_| condition(dice)).collect(),
    };
    status
}

/// A status in which at most one thing is not as it should be, so that every single rule decides somewhere.
fn nearly_ready(dice: &mut Dice) -> Value {
    let mut status = json!({"observedGeneration": 2, "currentRevision": "a", "updateRevision": "a",
        "startTime": "2026-01-01T00:00:00Z", "phase": *dice.pick(&["Running", "Bound", "Active", "Available"])});
    for field in COUNTS {
        status[field] = json!(2);
    }
    let good = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason});
    let mut conditions = vec![
        good("Available", "Because"),
        good("Progressing", "NewReplicaSetAvailable"),
        good("Ready", "Because"),
        good("Established", "Because"),
    ];
    match dice.below(4) {
        0 => status[*dice.pick(&COUNTS)] = json!(*dice.pick(&[0, 1, 3])),
        1 => {
            let at = dice.below(conditions.len());
            conditions[at]["status"] = json!(*dice.pick(&["False", "Unknown"]));
        }
        2 => drop(conditions.remove(dice.below(conditions.len()))),
        _ => {}
    }
    if dice.once_in(4) {
        status["updateRevision"] = json!("b");
    }
    if dice.once_in(4) {
        conditions.insert(dice.below(conditions.len() + 1), condition(dice));
    }
    status["conditions"] = conditions.into();
    status
}

const COUNTS: [&str; 12] = [
    "replicas",
    "updatedReplicas",
    "readyReplicas",
    "availableReplicas",
    "currentReplicas",
    "fullyLabeledReplicas",
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberReady",
    "succeeded",
];

fn condition(dice: &mut Dice) -> Value {
    let mut condition = json!({"type": *dice.pick(TYPES), "status": *dice.pick(&["True", "True", "False", "Unknown", "Odd"]),
        "reason": *dice.pick(REASONS), "message": "text"});
    dice.maybe(&mut condition, "observedGeneration", [json!(1), json!(2)]);
    if dice.once_in(10) {
        condition["message"] = Value::Null;
    }
    condition
}

/// The object of which kstatus is asked: where our rule is kstatus' rule for another object, that one.
fn asked(object: &Value) -> Value {
    let mut asked = object.clone();
    if object["kind"] == "ReplicationController" {
        // D6.
        (asked["apiVersion"], asked["kind"]) = (json!("apps/v1"), json!("ReplicaSet"));
    }
    let wanted = &object["status"]["desiredNumberScheduled"];
    if object["kind"] == "DaemonSet" && on_delete(object) && wanted.is_i64() {
        // D7.
        asked["status"]["updatedNumberScheduled"] = wanted.clone();
    }
    asked
}

fn on_delete(object: &Value) -> bool {
    object["spec"]["updateStrategy"]["type"] == "OnDelete"
}

/// The stated difference under which we may say `ours` where kstatus says `theirs`.
fn difference(object: &Value, theirs: &Judged, ours: &str) -> Option<&'static str> {
    let kind = if object["apiVersion"] == "example.org/v1" { "" } else { object["kind"].as_str().unwrap() };
    let (metadata, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
    let phase = status["phase"].as_str().unwrap_or_default();
    let theirs = match theirs {
        Ok(theirs) => theirs.as_str(),
        Err(_) => return (ours == "InProgress").then_some("D1"),
    };
    let observing = [
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "PodDisruptionBudget",
    ];
    let conditions = status["conditions"].as_array();
    let behind = conditions.into_iter().flatten().any(|condition| {
        (condition["type"] == "Ready" || condition["type"] == "Stalled")
            && condition["observedGeneration"] == 1
    });
    let has = |kind: &str, status: &str| {
        conditions
            .into_iter()
            .flatten()
            .any(|condition| condition["type"] == kind && condition["status"] == status)
    };
    let first_available = conditions.into_iter().flatten().find(|condition| condition["type"] == "Available");
    match (kind, theirs, ours) {
        (_, _, "InProgress")
            if observing.contains(&kind)
                && metadata["generation"] == 2
                && status["observedGeneration"].is_null() =>
        {
            Some("D3")
        }
        (_, "Failed" | "Current", "InProgress") if behind && metadata["generation"] == 2 => Some("D4"),
        ("Deployment", "InProgress", "Current") if spec["paused"] == true => Some("D5"),
        ("Job", "InProgress", "Current") if spec["suspend"] == true && status["startTime"].is_null() => {
            Some("D8")
        }
        ("Pod", "Current", "Failed") if phase == "Failed" => Some("D9"),
        ("Pod", "Failed", "InProgress") if phase == "Pending" && has("PodScheduled", "False") => Some("D10"),
        ("Namespace", "Current" | "InProgress", "InProgress" | "Current") => namespace(phase, ours),
        ("PersistentVolume", "Current" | "InProgress", _) => volume(phase, ours),
        ("PersistentVolumeClaim", "InProgress", "Failed") if phase == "Lost" => Some("D13"),
        ("APIService", _, "InProgress") if first_available.is_none_or(|first| first["status"] != "True") => {
            Some("D14")
        }
        // Its rule comes before the condition Ready, of which kstatus, which has no rule, makes something.
        ("APIService", "InProgress", "Current") if first_available.is_some() => Some("D14"),
        _ => None,
    }
}

fn namespace(phase: &str, ours: &str) -> Option<&'static str> {
    ((phase == "Active") == (ours == "Current")).then_some("D11")
}

fn volume(phase: &str, ours: &str) -> Option<&'static str> {
    let expected = match phase {
        "Available" | "Bound" | "Released" => "Current",
        "Failed" => "Failed",
        _ => "InProgress",
    };
    (ours == expected).then_some("D12")
}

#[test]
fn generated_statuses_mean_what_kstatus_says() {
    let objects: Vec<Value> = (0..CASES).map(object).collect();
    let Some(theirs) = kstatus(&objects.iter().map(asked).collect::<Vec<_>>()) else { return };
    let (mut words, mut differences) = (BTreeMap::new(), BTreeMap::new());
    let mut wrong = Vec::new();
    for (object, theirs) in objects.iter().zip(&theirs) {
        let found = ours(object);
        let ours = word(&found);
        *words.entry(ours).or_insert(0_u32) += 1;
        if theirs.as_deref() == Ok(ours) {
            continue;
        }
        match difference(object, theirs, ours) {
            Some(stated) => *differences.entry(stated).or_insert(0_u32) += 1,
            None => wrong.push(format!("kstatus {theirs:?}, ours {found:?}: {object}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {CASES} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
    // A generator that reaches only one answer, or none of the differences, would prove nothing.
    for state in ["Current", "InProgress", "Failed", "Terminating"] {
        assert!(words.get(state).is_some_and(|count| *count >= 100), "{words:?}");
    }
    for stated in ["D1", "D3", "D4", "D5", "D8", "D9", "D10", "D11", "D12", "D13", "D14"] {
        assert!(differences.contains_key(stated), "{stated} never occurs: {differences:?}");
    }
}

/// Every word of a reason says something: no reason is empty or longer than a line.
#[test]
fn generated_reasons_can_be_read() {
    for object in (0..CASES).map(object) {
        if let Readiness::Progressing(text) | Readiness::Failed(text) = ours(&object) {
            assert!(
                !text.trim().is_empty() && !text.contains('\n') && text.chars().count() < 400,
                "{text:?}: {object}"
            );
        }
    }
}
