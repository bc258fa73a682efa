//! Texts for people, and what keeps a workload from being ready. The rules themselves are held against kstatus.

use serde_json::json;

use super::why::{Evidence, cause, newest_event, pod_selector};
use super::*;

fn of(api: &str, kind: &str, live: Value) -> Readiness {
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    readiness(&Gvk::new(group, version, kind), &live)
}

fn progressing(text: &str) -> Readiness {
    Readiness::Progressing(text.to_owned())
}

fn failed(text: &str) -> Readiness {
    Readiness::Failed(text.to_owned())
}

#[test]
fn reasons_are_what_a_person_wants_to_know() {
    let deployment = |status: Value| {
        let live = json!({"metadata": {"generation": 2}, "spec": {"replicas": 3, "progressDeadlineSeconds": 600},
            "status": status});
        of("apps/v1", "Deployment", live)
    };
    let counts = |replicas: i64, updated: i64, available: i64| {
        json!({"observedGeneration": 2, "replicas": replicas, "updatedReplicas": updated,
            "availableReplicas": available, "readyReplicas": available})
    };
    let with = |mut status: Value, conditions: Value| {
        status["conditions"] = conditions;
        status
    };
    let late = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
        "message": "ReplicaSet \"x\" has timed out\n  progressing."}]);
    let table = [
        (deployment(json!({})), progressing("its controller has not observed it yet")),
        (
            deployment(json!({"observedGeneration": 1})),
            progressing("generation 2 is not observed yet, the status is of 1"),
        ),
        (deployment(counts(1, 1, 0)), progressing("1 of 3 replicas are created")),
        (deployment(counts(3, 1, 3)), progressing("1 of 3 replicas are updated")),
        (deployment(counts(4, 3, 3)), progressing("1 old replica is still there")),
        (deployment(counts(5, 3, 3)), progressing("2 old replicas are still there")),
        (deployment(counts(3, 3, 2)), progressing("2 of 3 replicas are available")),
        (
            deployment(with(counts(3, 3, 2), late)),
            failed("Progressing: ReplicaSet \"x\" has timed out progressing. (ProgressDeadlineExceeded)"),
        ),
        (
            of(
                "policy/v1",
                "PodDisruptionBudget",
                json!({"metadata": {"generation": 1}, "status": {"conditions": [{"type": "DisruptionAllowed",
                    "status": "False", "reason": "SyncFailed", "message": "found no controllers for pod"}]}}),
            ),
            progressing("DisruptionAllowed: found no controllers for pod (SyncFailed)"),
        ),
        (
            of("v1", "PersistentVolumeClaim", json!({"status": {"phase": "Pending"}})),
            progressing("it is not bound to a volume"),
        ),
        (
            of(
                "example.org/v1",
                "Widget",
                json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}),
            ),
            progressing("Ready is False"),
        ),
        (
            of(
                "example.org/v1",
                "Widget",
                json!({"status": {"conditions": [{"type": "Ready", "status": "Unknown", "reason": "Waiting"}]}}),
            ),
            progressing("Ready: Waiting"),
        ),
        (
            of("example.org/v1", "Widget", json!({"status": {"conditions": {"Ready": "True"}}})),
            progressing("its status is not understood: conditions has an unexpected form"),
        ),
        (
            of("v1", "Pod", json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})),
            Readiness::Terminating,
        ),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
}

#[test]
fn long_texts_are_cut_and_stay_on_one_line() {
    let message = format!("a\u{a0}b\r\n{}", "x ".repeat(100_000));
    let live = json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": message}]}});
    let Readiness::Progressing(text) = of("example.org/v1", "Widget", live) else {
        panic!("not progressing")
    };
    assert!(text.starts_with("Ready: a b x x"), "{text}");
    assert!(text.ends_with('…') && text.chars().count() < 320 && !text.contains('\n'), "{text}");
}

fn pod(name: &str, owner: &str, status: Value) -> Value {
    json!({"metadata": {"name": name, "uid": format!("uid-{name}"),
        "ownerReferences": [{"uid": owner, "controller": true}]}, "status": status})
}

fn waiting(name: &str, reason: &str, message: &str) -> Value {
    json!({"name": name, "restartCount": 5, "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "password=hunter2"}}})
}

#[test]
fn the_worst_pod_of_the_newest_replica_set_is_the_cause() {
    let set = |name: &str, revision: &str, owner: &str| {
        json!({"metadata": {"name": name, "uid": name, "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"uid": owner, "controller": true}]}})
    };
    let live = json!({"metadata": {"name": "web", "uid": "d"}});
    let replica_sets = vec![set("web-9", "9", "d"), set("web-10", "10", "d"), set("other-11", "11", "other")];
    let pull =
        json!({"containerStatuses": [waiting("web", "ImagePullBackOff", "Back-off pulling image \"x:1\"")]});
    let creating = json!({"containerStatuses": [waiting("web", "ContainerCreating", "")]});
    let evidence = Evidence {
        replica_sets,
        pods: vec![
            pod("a-old", "web-9", pull.clone()),
            json!({"metadata": {"name": "a-owned", "ownerReferences": [{"uid": "web-10"}]}, "status": pull}),
            pod("a-late", "d", pull.clone()),
            pod("b-creating", "web-10", creating),
            pod("d-pull", "web-10", pull.clone()),
            pod("c-pull", "web-10", pull.clone()),
            pod("a-foreign", "other-11", pull),
        ],
    };
    let cause = cause(&live, &evidence);
    assert_eq!(cause.text, "Pod c-pull: container web: ImagePullBackOff: Back-off pulling image \"x:1\"");
    let subjects: Vec<&str> = cause.subjects.iter().map(|(uid, _)| uid.as_str()).collect();
    assert_eq!(subjects, ["d", "web-10", "uid-c-pull"]);
}

#[test]
fn every_trouble_of_a_pod_is_named_without_its_output() {
    let table = [
        (
            json!({"phase": "Running", "containerStatuses": [waiting("web", "CrashLoopBackOff", "back-off 5m0s")]}),
            "container web: CrashLoopBackOff, 5 restarts, last ended with exit code 1 (Error)",
        ),
        (
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
                "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu."}]}),
            "PodScheduled: 0/3 nodes are available: 3 Insufficient cpu. (Unschedulable)",
        ),
        (
            json!({"phase": "Pending", "initContainerStatuses": [waiting("init", "CreateContainerConfigError", "secret \"db\" not found")],
                "containerStatuses": [waiting("web", "PodInitializing", "")]}),
            "container init: CreateContainerConfigError: secret \"db\" not found",
        ),
        (
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False",
                "reason": "ContainersNotReady", "message": "containers with unready status: [web]"}]}),
            "Ready: containers with unready status: [web] (ContainersNotReady)",
        ),
        (
            json!({"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}),
            "The node was low on resource: memory. (Evicted)",
        ),
        (
            json!({"phase": "Failed", "containerStatuses": [{"name": "web",
                "state": {"terminated": {"exitCode": 137, "signal": 9, "reason": "OOMKilled", "message": "password=hunter2"}}}]}),
            "container web has ended with signal 9 (OOMKilled)",
        ),
    ];
    let live = json!({"metadata": {"name": "web", "uid": "d"}});
    for (status, expected) in table {
        let evidence = Evidence { pods: vec![pod("p", "d", status)], ..Evidence::default() };
        assert_eq!(cause(&live, &evidence).text, format!("Pod p: {expected}"));
    }
}

#[test]
fn the_newest_warning_is_told_before_anything_else() {
    let event = |kind: &str, time: &str, reason: &str| {
        json!({"type": kind, "lastTimestamp": time, "reason": reason, "message": "said\nso", "count": 3,
            "metadata": {"name": reason}})
    };
    let old = event("Warning", "2026-01-01T00:00:00Z", "Old");
    let new = event("Warning", "2026-01-02T00:00:00Z", "New");
    let normal = event("Normal", "2026-01-03T00:00:00Z", "Normal");
    let micro = json!({"type": "Warning", "eventTime": "2026-01-02T00:00:01.000000Z", "reason": "Micro",
        "note": "of the new API", "series": {"count": 7, "lastObservedTime": "2026-01-04T00:00:01.000000Z"}});
    assert_eq!(newest_event(&[]), None);
    assert_eq!(newest_event(std::slice::from_ref(&normal)).unwrap(), "event Normal: said so (3 times)");
    assert_eq!(
        newest_event(&[new.clone(), normal.clone(), old.clone()]).unwrap(),
        "event New: said so (3 times)"
    );
    assert_eq!(newest_event(&[new, normal, micro, old]).unwrap(), "event Micro: of the new API (7 times)");
}

#[test]
fn selectors_are_written_as_queries_read_them() {
    let table = [
        (json!({"matchLabels": {"app": "web", "a/b": ""}}), Some("a/b=,app=web")),
        (
            json!({"matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]},
                {"key": "b", "operator": "NotIn", "values": ["z"]}, {"key": "c", "operator": "Exists"},
                {"key": "d", "operator": "DoesNotExist"}]}),
            Some("a in (x,y),b notin (z),c,!d"),
        ),
        (json!({"app": "controller"}), Some("app=controller")),
        (json!({"matchExpressions": [{"key": "a", "operator": "Gt"}]}), None),
        (json!({}), None),
    ];
    for (selector, expected) in table {
        assert_eq!(pod_selector(&json!({"spec": {"selector": selector}})).as_deref(), expected, "{selector}");
    }
    assert_eq!(pod_selector(&json!({"spec": {}})), None);
}
