//! Waiting on the real server: statuses written through the status subresource, and what its own controllers write.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use gitops::cluster::kubeconfig::{Choice, Environment};
use gitops::cluster::{Options, Server};
use gitops::live::{Catalog, Presence, Resource, Served, Wanted};
use gitops::object::id::{GroupVersion, Gvk, ObjectId};
use gitops::progress::Progress;
use gitops::reader::Live;
use gitops::ready::{is_ready_by_existing, readiness};
use gitops::run::wait::{Awaited, WaitOutcome, Waited, wait};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::oracle::kstatus;
use super::tables::{CUSTOM, Kind, State, kinds};
use super::{gvk, word};
use crate::support::cluster::{self, Cluster};

async fn connect(cluster: &Cluster) -> (Live, Catalog) {
    let choice = Choice { file: Some(cluster.kubeconfig().to_owned()), ..Choice::default() };
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    let catalog = server.catalog().await.unwrap();
    (Live::Server(Box::new(server)), catalog)
}

/// One object of the table on the server.
struct Case<'a> {
    state: &'a State,
    object: Value,
}

/// A merge patch (RFC 7386).
fn merged(mut object: Value, patch: &Value) -> Value {
    let Value::Object(members) = patch else { return patch.clone() };
    for (key, value) in members {
        let old = object.get(key).cloned().unwrap_or_else(|| json!({}));
        object[key] = merged(old, value);
    }
    object
}

fn prepared<'a>(kind: &'a Kind, number: usize, state: &'a State, at: usize, namespace: &str) -> Case<'a> {
    let mut object = kind.manifest.clone();
    let cluster_wide = object["metadata"]["name"] == "NAME";
    object["metadata"]["name"] = json!(format!("ready-{number}-{at}"));
    if !cluster_wide {
        object["metadata"]["namespace"] = json!(namespace);
    }
    Case { state, object }
}

fn list<'a>(items: impl Iterator<Item = &'a Value>) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": items.collect::<Vec<_>>()}).to_string()
}

fn definition(group: &str, kind: &str) -> Value {
    let singular = kind.to_lowercase();
    let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": any, "status": any}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{singular}s.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": format!("{singular}s"), "singular": singular},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}, "schema": schema}]}})
}

fn resource(catalog: &Catalog, object: &Value) -> Resource {
    match catalog.served(&gvk(object)) {
        Served::Yes(resource) => resource.clone(),
        other => panic!("{}: {other:?}", object["kind"]),
    }
}

/// Reads objects and makes of each what is known after a write.
async fn written(live: &Live, catalog: &Catalog, objects: &[&Value]) -> Vec<(Awaited, Value)> {
    let mut types: BTreeMap<Gvk, Wanted> = BTreeMap::new();
    let id = |object: &Value| {
        let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
        ObjectId::new(&gvk(object), text("namespace"), text("name"))
    };
    for object in objects {
        let fresh = || Wanted { resource: resource(catalog, object), objects: BTreeSet::new() };
        let id = id(object);
        types.entry(gvk(object)).or_insert_with(fresh).objects.insert((id.namespace, id.name));
    }
    let found = live.read(&types.into_values().collect::<Vec<_>>()).await;
    let awaited = |object: &&Value| {
        let (id, resource) = (id(object), resource(catalog, object));
        let Ok(Presence::Found(observed)) = &found[&id] else { panic!("{id}: {:?}", found[&id]) };
        let mut value: Value = serde_json::from_slice(&observed.json).unwrap();
        let uid = value["metadata"]["uid"].as_str().unwrap().to_owned();
        let generation = value["metadata"]["generation"].as_i64().unwrap_or(0);
        (value["apiVersion"], value["kind"]) = (object["apiVersion"].clone(), object["kind"].clone());
        (Awaited { id, resource, uid, generation }, value)
    };
    objects.iter().map(awaited).collect()
}

fn outcome_word(outcome: &WaitOutcome) -> &'static str {
    match outcome {
        WaitOutcome::Ready => "Current",
        WaitOutcome::TimedOut(_) => "InProgress",
        WaitOutcome::Failed(_) => "Failed",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn statuses_on_the_server_give_what_kstatus_says() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("ready");
    let definitions: Vec<Value> = CUSTOM.iter().map(|(group, kind, _)| definition(group, kind)).collect();
    cluster.kubectl_stdin(&["create", "-f", "-"], &list(definitions.iter()));
    let (live, catalog) = connect(&cluster).await;
    let awaited: Vec<Awaited> = written(&live, &catalog, &definitions.iter().collect::<Vec<_>>())
        .await
        .into_iter()
        .map(|(awaited, _)| awaited)
        .collect();
    let waited = wait(&live, &awaited, Duration::from_secs(60), &Progress::hidden()).await;
    assert!(waited.iter().all(|waited| waited.outcome == WaitOutcome::Ready), "{waited:?}");

    let kinds = kinds();
    let mut cases: Vec<Case> = Vec::new();
    let mut changed = Vec::new();
    for (number, kind) in kinds.iter().enumerate().filter(|(_, kind)| kind.on_server) {
        for (at, state) in kind.states.iter().enumerate() {
            let case = prepared(kind, number, state, at, &namespace);
            changed.push(merged(case.object.clone(), &kind.change));
            cases.push(case);
        }
    }
    let apply = ["apply", "--server-side", "--field-manager=admin", "-f", "-"];
    cluster.kubectl_stdin(&apply, &list(cases.iter().map(|case| &case.object)));
    cluster.kubectl_stdin(&apply, &list(changed.iter()));
    let statuses: Vec<Value> = cases
        .iter()
        .zip(&changed)
        .map(|(case, changed)| {
            let mut object = changed.clone();
            object["status"] = case.state.status.clone();
            object
        })
        .collect();
    cluster.kubectl_stdin(&["replace", "--subresource=status", "-f", "-"], &list(statuses.iter()));

    let (live, catalog) = connect(&cluster).await;
    let objects: Vec<&Value> = cases.iter().map(|case| &case.object).collect();
    let (awaited, values): (Vec<Awaited>, Vec<Value>) =
        written(&live, &catalog, &objects).await.into_iter().unzip();
    let waited = wait(&live, &awaited, Duration::from_secs(8), &Progress::hidden()).await;
    // kstatus gives a pod 15 seconds from its creation to be scheduled.
    let aged = json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}});
    let theirs = kstatus(&values.iter().map(|value| merged(value.clone(), &aged)).collect::<Vec<_>>());
    let mut wrong = String::new();
    let mut complete: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (at, (case, Waited { id, outcome })) in cases.iter().zip(&waited).enumerate() {
        let (name, expected) = (format!("{id} {}", case.state.name), case.state.word);
        if outcome_word(outcome) != expected {
            let _ =
                writeln!(wrong, "{name}: expected {expected}, found {outcome:?}: {}", values[at]["status"]);
        }
        if let Some(theirs) = &theirs
            && (theirs[at].as_deref() == Ok(expected)) != case.state.difference.is_none()
        {
            let difference = case.state.difference;
            let _ = writeln!(wrong, "{name}: {difference:?}, kstatus says {:?}: {}", theirs[at], values[at]);
        }
        let kind = format!("{} {}", case.object["apiVersion"], case.object["kind"]);
        complete.entry(kind).or_default().insert(case.state.name);
    }
    assert!(wrong.is_empty(), "{wrong}");
    let four = ["failed", "progressing", "ready", "stale"];
    let complete = complete.values().filter(|states| four.iter().all(|state| states.contains(state))).count();
    assert!(complete >= 25, "{complete} kinds have all four states on the server");
}

/// What the server's own controllers write: names that are taken, and an API without a service.
#[tokio::test]
async fn definitions_and_apis_are_judged_by_what_the_server_writes() {
    let Some(cluster) = cluster::private() else { return };
    let mut conflicting = definition("other.ready.example", "Second");
    for (group, kind) in [("other.ready.example", "First"), ("fine.ready.example", "Third")] {
        let mut first = definition(group, kind);
        first["spec"]["names"]["shortNames"] = json!(["taken"]);
        cluster.define(&first, "v1", kind);
    }
    conflicting["spec"]["names"]["shortNames"] = json!(["taken"]);
    let service = json!({"name": "nobody", "namespace": "default"});
    let api = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1.nobody.example"}, "spec": {"group": "nobody.example", "version": "v1",
        "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true, "service": service}});
    cluster.kubectl_stdin(&["create", "-f", "-"], &list([&conflicting, &api].into_iter()));
    let own = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.apps"}});
    let first = definition("other.ready.example", "First");
    let (live, catalog) = connect(&cluster).await;
    let written = written(&live, &catalog, &[&conflicting, &api, &own, &first]).await;
    let awaited: Vec<Awaited> = written.into_iter().map(|(awaited, _)| awaited).collect();
    let waited = wait(&live, &awaited, Duration::from_secs(10), &Progress::hidden()).await;
    let WaitOutcome::Failed(text) = &waited[0].outcome else { panic!("{waited:?}") };
    assert!(text.starts_with("NamesAccepted: ") && text.contains("taken"), "{text}");
    let WaitOutcome::TimedOut(text) = &waited[1].outcome else { panic!("{waited:?}") };
    assert!(text.starts_with("Available: ") && text.contains("ServiceNotFound"), "{text}");
    assert_eq!((&waited[2].outcome, &waited[3].outcome), (&WaitOutcome::Ready, &WaitOutcome::Ready));
}

/// A workload by hand: a Deployment with two ReplicaSets and a pod of each, and events of the pods.
fn workload(namespace: &str) -> (Value, Vec<Value>) {
    let labels = json!({"app": "web"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x"}]}});
    let spec = json!({"replicas": 2, "selector": {"matchLabels": labels}, "template": template});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace}, "spec": spec});
    let set = |revision: &str| {
        json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": spec, "metadata": {"name": format!("web-{revision}"),
            "namespace": namespace, "labels": labels, "annotations": {"deployment.kubernetes.io/revision": revision}}})
    };
    let pod = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "spec": template["spec"],
            "metadata": {"name": name, "namespace": namespace, "labels": labels}})
    };
    (deployment, vec![set("1"), set("2"), pod("old"), pod("new"), pod("stray")])
}

fn create(cluster: &Cluster, object: &Value, owner: Option<&Value>) -> Value {
    let mut object = object.clone();
    if let Some(owner) = owner {
        object["metadata"]["ownerReferences"] = json!([{"apiVersion": owner["apiVersion"], "kind": owner["kind"],
            "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"], "controller": true}]);
    }
    let answer = cluster.kubectl_stdin(&["create", "-o", "json", "-f", "-"], &object.to_string());
    serde_json::from_str(&answer).unwrap()
}

fn write_status(cluster: &Cluster, object: &Value, status: Value) {
    let mut object = object.clone();
    object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    object["status"] = status;
    cluster.kubectl_stdin(&["replace", "--subresource=status", "-f", "-"], &object.to_string());
}

/// The reason of a time-out names the pod of the newest ReplicaSet, its condition and its event, and nobody else's.
#[tokio::test]
async fn a_time_out_names_the_failing_pod_and_its_condition() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("reason");
    let (deployment, others) = workload(&namespace);
    let deployment = create(cluster, &deployment, None);
    let old_set = create(cluster, &others[0], Some(&deployment));
    let new_set = create(cluster, &others[1], Some(&deployment));
    let unschedulable = |message: &str| {
        json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": message}]})
    };
    let pods = [(&others[2], Some(&old_set)), (&others[3], Some(&new_set)), (&others[4], None)];
    let pods = pods.map(|(pod, owner)| create(cluster, pod, owner));
    write_status(cluster, &pods[0], unschedulable("the old pod"));
    write_status(cluster, &pods[1], unschedulable("0/3 nodes are available: 3 Insufficient cpu."));
    write_status(cluster, &pods[2], unschedulable("a pod of nobody"));
    for (pod, name, time) in [
        (&pods[1], "later", "2026-01-02T00:00:00Z"),
        (&pods[1], "earlier", "2026-01-01T00:00:00Z"),
        (&pods[2], "stray", "2026-01-03T00:00:00Z"),
    ] {
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
            "type": "Warning", "reason": "FailedScheduling", "message": format!("{name}: nowhere to go"), "lastTimestamp": time,
            "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": namespace,
                "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}});
        create(cluster, &event, None);
    }
    let counts = json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1, "availableReplicas": 1});
    write_status(cluster, &deployment, counts);

    let (live, catalog) = connect(cluster).await;
    let awaited: Vec<Awaited> =
        written(&live, &catalog, &[&deployment]).await.into_iter().map(|(awaited, _)| awaited).collect();
    let start = Instant::now();
    let waited = wait(&live, &awaited, Duration::from_secs(4), &Progress::hidden()).await;
    let expected = "1 of 2 replicas are available; Pod new: PodScheduled: 0/3 nodes are available: 3 Insufficient cpu. \
                    (Unschedulable); event FailedScheduling: later: nowhere to go";
    assert_eq!(waited[0].outcome, WaitOutcome::TimedOut(expected.to_owned()));
    assert!(start.elapsed() < Duration::from_millis(4_500), "{:?}", start.elapsed());
}

/// Somebody writes the status while we wait.
#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_becomes_ready_while_it_is_waited_for() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("rollout");
    let deployment = create(cluster, &workload(&namespace).0, None);
    let (live, catalog) = connect(cluster).await;
    let awaited: Vec<Awaited> =
        written(&live, &catalog, &[&deployment]).await.into_iter().map(|(awaited, _)| awaited).collect();
    let counts = json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2,
        "conditions": [{"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]});
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(2));
            write_status(cluster, &deployment, counts);
        });
        let start = Instant::now();
        let waited = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(wait(
                &live,
                &awaited,
                Duration::from_secs(60),
                &Progress::hidden(),
            ))
        });
        assert_eq!(waited[0].outcome, WaitOutcome::Ready);
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(20), "{took:?}");
        writer.join().unwrap();
    });
}

/// What real controllers write: each of them says which generation it has seen, even of nothing, and a quota is the reason.
#[tokio::test]
async fn real_controllers_make_objects_ready_and_a_quota_is_named() {
    let Some(cluster) = cluster::private() else { return };
    cluster.controller_manager();
    let namespace = cluster.namespace("controllers");
    let labels = json!({"app": "none"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x"}]}});
    let object = |api: &str, kind: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": kind.to_lowercase(), "namespace": namespace}, "spec": spec});
    let selector = json!({"matchLabels": labels});
    let none = json!({"replicas": 0, "selector": selector, "template": template});
    let ready = vec![
        object("apps/v1", "Deployment", none.clone()),
        object("apps/v1", "ReplicaSet", none.clone()),
        object("apps/v1", "StatefulSet", merged(none, &json!({"serviceName": "x"}))),
        // There is no node.
        object("apps/v1", "DaemonSet", json!({"selector": selector, "template": template})),
        object(
            "v1",
            "ReplicationController",
            json!({"replicas": 0, "selector": labels, "template": template}),
        ),
        object("policy/v1", "PodDisruptionBudget", json!({"minAvailable": 1, "selector": selector})),
        object(
            "batch/v1",
            "Job",
            json!({"template": merged(template.clone(), &json!({"spec": {"restartPolicy": "Never"}}))}),
        ),
        object("v1", "Service", json!({"ports": [{"port": 80}]})),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": format!("{namespace}-other")}}),
    ];
    let full = cluster.namespace("quota");
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": full},
        "spec": {"hard": {"pods": "0"}}});
    create(&cluster, &quota, None);
    let used = ["get", "quota", "q", "-n", &full, "-o", "jsonpath={.status.hard.pods}"];
    let limit = Instant::now() + Duration::from_secs(30);
    while cluster.kubectl_ok(&used) != "0" {
        assert!(Instant::now() < limit, "the quota does not come to count");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let refused = merged(
        object("apps/v1", "Deployment", json!({"replicas": 1, "selector": selector, "template": template})),
        &json!({"metadata": {"namespace": full}}),
    );
    let claim = object(
        "v1",
        "PersistentVolumeClaim",
        json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
    );
    let objects: Vec<&Value> = ready.iter().chain([&refused, &claim]).collect();
    cluster.kubectl_stdin(&["create", "-f", "-"], &list(objects.iter().copied()));
    let (live, catalog) = connect(&cluster).await;
    let awaited: Vec<Awaited> =
        written(&live, &catalog, &objects).await.into_iter().map(|(awaited, _)| awaited).collect();
    let waited = wait(&live, &awaited, Duration::from_secs(12), &Progress::hidden()).await;
    let (late, ready): (Vec<&Waited>, Vec<&Waited>) =
        waited.iter().partition(|waited| waited.outcome != WaitOutcome::Ready);
    assert_eq!(ready.len(), objects.len() - 2, "{late:?}");
    let reason = |at: usize| match &late[at].outcome {
        WaitOutcome::TimedOut(reason) => reason.as_str(),
        other => panic!("{other:?}"),
    };
    assert!(reason(0).starts_with("0 of 1 replica is created; ReplicaSet deployment-"), "{}", reason(0));
    assert!(reason(0).contains("exceeded quota") && reason(0).contains("(FailedCreate)"), "{}", reason(0));
    assert!(reason(1).starts_with("it is not bound to a volume; event FailedBinding: "), "{}", reason(1));
}

/// Kinds that are never asked for are those whose published schema has no condition and no generation, but for one.
#[tokio::test]
async fn kinds_that_are_ready_by_existing_have_nothing_to_say() {
    let Some(cluster) = cluster::private() else { return };
    let choice = Choice { file: Some(cluster.kubeconfig().to_owned()), ..Choice::default() };
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    let catalog = server.catalog().await.unwrap();
    let versions: BTreeSet<GroupVersion> = catalog.resources.keys().map(Gvk::group_version).collect();
    let documents = server.openapi(&versions).await.unwrap();
    let mut seen = 0;
    for (gvk, resource) in catalog.resources.iter().filter(|(_, resource)| resource.listable) {
        let document: Value = serde_json::from_slice(&documents[&gvk.group_version()]).unwrap();
        let Some(tells) = tells(&document, gvk) else { continue };
        // The phase of a volume is all that it has.
        let has_rule =
            gvk.group.is_empty() && matches!(gvk.kind.as_str(), "PersistentVolume" | "ComponentStatus");
        assert_eq!(is_ready_by_existing(gvk), !tells && !has_rule, "{gvk} ({})", resource.plural);
        if is_ready_by_existing(gvk) {
            assert_eq!(word(&readiness(gvk, &json!({}))), "Current", "{gvk}");
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} kinds");
}

/// True if the status of a kind has conditions or a generation; `None` if the document has no such kind.
fn tells(document: &Value, gvk: &Gvk) -> Option<bool> {
    let schemas = document["components"]["schemas"].as_object()?;
    let meant = json!({"group": gvk.group, "version": gvk.version, "kind": gvk.kind});
    let is_meant = |schema: &&Value| {
        schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|all| all.contains(&meant))
    };
    let schema = schemas.values().find(is_meant)?;
    let status = &schema["properties"]["status"];
    let reference = status["$ref"].as_str().or_else(|| status["allOf"][0]["$ref"].as_str());
    let status = reference.and_then(|reference| schemas.get(reference.rsplit('/').next()?));
    let has = |field: &str| status.is_some_and(|status| !status["properties"][field].is_null());
    Some(has("conditions") || has("observedGeneration"))
}
