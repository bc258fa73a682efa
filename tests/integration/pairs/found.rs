//! Pairs that were judged wrongly once, found by the generated ones and made small.

use serde_json::{Value, json};

use super::client::Write;
use super::round::{ask, pair};
use super::tally::weigh;
use super::world::World;
use crate::support::cluster;

const CHANGED: &str = "not proven, and the verdict has exactly what the server changes";
const BESIDE: &str = "not proven, and the verdict has what the server changes but for side effects";
const REFUSED: &str = "not proven, and the server refuses it";
const PROVEN: &str = "proven, and the server agrees";
const GROWING: &str = "not proven, and each apply would add an item: invalid";

struct Row {
    name: &'static str,
    version: &'static str,
    kind: &'static str,
    /// What we applied first.
    applied: Value,
    /// What somebody patched then.
    patched: Option<Value>,
    git: Value,
    found: &'static str,
}

fn row(
    name: &'static str,
    (version, kind): (&'static str, &'static str),
    applied: Value,
    git: Value,
    found: &'static str,
) -> Row {
    Row { name, version, kind, applied, patched: None, git, found }
}

impl Row {
    fn patched(self, patch: Value) -> Self {
        Self { patched: Some(patch), ..self }
    }

    fn object(&self, content: &Value, namespace: &str) -> Value {
        let mut object = content.clone();
        object["apiVersion"] = json!(self.version);
        object["kind"] = json!(self.kind);
        object["metadata"]["name"] = json!(self.name);
        object["metadata"]["namespace"] = json!(namespace);
        object
    }
}

/// A controller of pods with one container.
fn pods(replicas: Option<u32>, pod: Value) -> Value {
    let mut spec = json!({"selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}});
    if let Some(pod) = pod.as_object() {
        spec["template"]["spec"].as_object_mut().expect("it is a struct").extend(pod.clone());
    }
    if let Some(replicas) = replicas {
        spec["replicas"] = json!(replicas);
    }
    json!({"spec": spec})
}

fn container(more: Value) -> Value {
    let mut container = json!({"name": "c", "image": "i:1"});
    container.as_object_mut().expect("it is a struct").extend(more.as_object().cloned().unwrap_or_default());
    json!({"containers": [container]})
}

fn scalars() -> Vec<Row> {
    const GADGET: (&str, &str) = ("kinds.example.com/v1", "Gadget");
    const DEPLOYMENT: (&str, &str) = ("apps/v1", "Deployment");
    let claim = |mode: Value| json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeMode": mode}});
    let scaler = |least: u32| json!({"spec": {"minReplicas": least, "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}});
    let cron = |suspend: Value| {
        let pod = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]});
        let job = json!({"suspend": suspend, "template": {"spec": pod}});
        json!({"spec": {"schedule": "5 3 * * *", "jobTemplate": {"spec": job}}})
    };
    let strategy = |of: Value| {
        let mut set = pods(None, Value::Null);
        set["spec"]["serviceName"] = json!("s");
        set["spec"]["updateStrategy"] = json!({"type": of});
        set
    };
    vec![
        row("no-replicas", DEPLOYMENT, pods(Some(1), Value::Null), pods(Some(0), Value::Null), CHANGED),
        row(
            "no-grace",
            DEPLOYMENT,
            pods(None, json!({"terminationGracePeriodSeconds": 30})),
            pods(None, json!({"terminationGracePeriodSeconds": 0})),
            CHANGED,
        ),
        row("no-minimum", ("autoscaling/v2", "HorizontalPodAutoscaler"), scaler(1), scaler(0), REFUSED),
        row(
            "empty-mode",
            ("v1", "PersistentVolumeClaim"),
            claim(json!("Filesystem")),
            claim(json!("")),
            REFUSED,
        ),
        row("cron-without-suspend", ("batch/v1", "CronJob"), cron(json!(false)), cron(Value::Null), CHANGED),
        row(
            "strategy-without-type",
            ("apps/v1", "StatefulSet"),
            strategy(json!("RollingUpdate")),
            strategy(Value::Null),
            BESIDE,
        ),
        row(
            "near-numbers",
            GADGET,
            json!({"spec": {"number": 9_007_199_254_740_993_i64}}),
            json!({"spec": {"number": 9_007_199_254_740_992_f64, "more": 1}}),
            CHANGED,
        ),
        row(
            "no-reference",
            DEPLOYMENT,
            pods(None, container(json!({"image": "i"}))),
            pods(None, container(json!({"image": "UDP", "imagePullPolicy": null}))),
            CHANGED,
        ),
        row(
            "unknown-to-a-gate",
            DEPLOYMENT,
            pods(None, container(json!({"lifecycle": {}}))),
            pods(None, container(json!({"lifecycle": {"stopSignal": "SIGTERM"}}))),
            CHANGED,
        ),
    ]
}

fn empties() -> Vec<Row> {
    const GADGET: (&str, &str) = ("kinds.example.com/v1", "Gadget");
    const SECRET: (&str, &str) = ("v1", "Secret");
    const ACCOUNT: (&str, &str) = ("v1", "ServiceAccount");
    let config = |opaque: Value| json!({"spec": {"config": [{"opaque": opaque}]}});
    let rules = |group: Value| {
        json!({"spec": {"matchingPrecedence": 900, "priorityLevelConfiguration": {"name": "workload-low"}, "rules": [{
            "subjects": [{"kind": "User", "user": {"name": "nobody"}}],
            "resourceRules": [{"apiGroups": [group], "resources": ["pods"], "verbs": ["list"], "namespaces": ["*"]}]}]}})
    };
    let claim = json!({"spec": {"spec": {"devices": {}}, "metadata": {"labels": {"a": "b"}}}});
    let mut claim_with_finalizers = claim.clone();
    claim_with_finalizers["spec"]["metadata"]["finalizers"] = json!([]);
    vec![
        row(
            "null-for-a-list",
            GADGET,
            json!({"spec": {"list": ["a"]}}),
            json!({"spec": {"list": null}}),
            CHANGED,
        ),
        row(
            "map-for-a-list",
            GADGET,
            json!({"spec": {"list": ["a"]}}),
            json!({"spec": {"list": {}}}),
            CHANGED,
        ),
        row(
            "entry-with-a-part-of-another",
            GADGET,
            json!({"spec": {"a": 1}, "status": {}}),
            json!({"spec": {"a": 1}}),
            CHANGED,
        )
        .patched(json!({"status": {"phase": "x"}})),
        row(
            "frozen-without-text",
            SECRET,
            json!({"immutable": true}),
            json!({"immutable": true, "stringData": {}}),
            PROVEN,
        ),
        row(
            "frozen-with-nothing",
            SECRET,
            json!({"immutable": true}),
            json!({"immutable": true, "data": {}}),
            REFUSED,
        ),
        row(
            "frozen-with-null",
            ("v1", "ConfigMap"),
            json!({"immutable": true, "binaryData": {"a": ""}}),
            json!({"immutable": true, "binaryData": {"a": null}}),
            REFUSED,
        ),
        row(
            "null-as-key",
            ACCOUNT,
            json!({"secrets": [{"name": "a"}]}),
            json!({"secrets": [{"name": "a"}, {"name": null}]}),
            GROWING,
        ),
        row(
            "keyless",
            ACCOUNT,
            json!({"secrets": [{"name": "a"}]}),
            json!({"secrets": [{"name": "a"}]}),
            REFUSED,
        )
        .patched(json!({"secrets": [{}, {"name": "a"}]})),
        row(
            "null-for-what-is-kept",
            ("apps/v1", "ControllerRevision"),
            json!({"revision": 1, "data": {}}),
            json!({"revision": 1, "data": null}),
            REFUSED,
        ),
        row(
            "without-what-is-kept",
            ("resource.k8s.io/v1", "DeviceClass"),
            config(json!({"driver": "a.example.com", "parameters": {}})),
            config(json!({"driver": "a.example.com"})),
            REFUSED,
        ),
        row(
            "null-in-a-set",
            ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"),
            rules(json!("")),
            rules(Value::Null),
            REFUSED,
        ),
        row(
            "finalizers-inside",
            ("resource.k8s.io/v1", "ResourceClaimTemplate"),
            claim,
            claim_with_finalizers,
            REFUSED,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_that_were_wrong_once_are_right() {
    let Some(cluster) = cluster::shared() else { return };
    let world = World::of(cluster).await;
    let mut wrong = Vec::new();
    for row in scalars().into_iter().chain(empties()) {
        let first = row.object(&row.applied, &world.namespace);
        let (resource, _) = world.resource(&first);
        let applied = world.api.write(resource, "gitops", Write::Apply, &first).await;
        applied.unwrap_or_else(|(code, text)| panic!("{}: {code} {text}", row.name));
        if let Some(patch) = &row.patched {
            let patch = row.object(patch, &world.namespace);
            let patched = world.api.write(resource, "kubectl-patch", Write::Merge(""), &patch).await;
            patched.unwrap_or_else(|(code, text)| panic!("{}: {code} {text}", row.name));
        }
        let live = world.api.read(resource, &first).await.expect("it was written");
        let git = row.object(&row.git, &world.namespace);
        let pair = pair(&world, git, &live, Vec::new(), "").expect("the manifest can be compared");
        let said = ask(&world, std::slice::from_ref(&pair)).await.remove(0);
        let finding = weigh(&world, &pair, &said);
        if finding.kind() != row.found {
            wrong.push(format!("{}: {finding}, expected {}", row.name, row.found));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
