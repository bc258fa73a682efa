//! Rows whose live text is another than Git's although the server means the same: it stores what the row says, and a diff
//! finds it in sync without asking.

use serde_json::{Value, json};

use super::server::{self, Row, deployment, web};
use crate::support::cluster;

/// A row's object, and where and what the server stores of it; null where it stores nothing.
type Stored = (u16, &'static str, Value, Vec<(&'static str, Value)>);

const WEB: &str = "/spec/template/spec/containers/0";

fn rows() -> Vec<Stored> {
    [pods(), others()].into_iter().flatten().collect()
}

fn pods() -> Vec<Stored> {
    let limits = |limits: Value| web(json!({"resources": {"limits": limits}}));
    let probe = |field: &str| web(json!({"readinessProbe": {"tcpSocket": {"port": 1}, field: 0}}));
    let source = |source: Value| web(json!({"env": [{"name": "X", "valueFrom": source}]}));
    let container = json!({"name": "web", "image": "web:1"});
    let mut unsecured = container.clone();
    unsecured["securityContext"] = Value::Null;
    vec![
        (11, "", web(json!({"env": [{"name": "X", "value": ""}]})), vec![("env/0/value", Value::Null)]),
        (
            31,
            "",
            limits(json!({"cpu": "1000m", "memory": "1000M"})),
            vec![("resources/limits/cpu", json!("1")), ("resources/limits/memory", json!("1G"))],
        ),
        (32, "", limits(json!({"cpu": 0.5})), vec![("resources/limits/cpu", json!("500m"))]),
        (33, "", limits(json!({"cpu": 1})), vec![("resources/limits/cpu", json!("1"))]),
        (41, "", probe("timeoutSeconds"), vec![("readinessProbe/timeoutSeconds", json!(1))]),
        (42, "", probe("initialDelaySeconds"), vec![("readinessProbe/initialDelaySeconds", Value::Null)]),
        (
            43,
            "",
            deployment(json!({"containers": [container], "hostNetwork": false})),
            vec![("/spec/template/spec/hostNetwork", Value::Null)],
        ),
        (44, "", web(json!({"resources": {"limits": {}, "requests": {}}})), vec![("resources", json!({}))]),
        (
            45,
            "pod",
            deployment(json!({"containers": [container], "securityContext": null})),
            vec![("/spec/template/spec/securityContext", json!({}))],
        ),
        (
            45,
            "container",
            deployment(json!({"containers": [unsecured]})),
            vec![("securityContext", Value::Null)],
        ),
        (
            64,
            "",
            source(json!({"fieldRef": {"fieldPath": "metadata.name"}})),
            vec![("env/0/valueFrom/fieldRef/apiVersion", json!("v1"))],
        ),
        (
            65,
            "",
            source(json!({"resourceFieldRef": {"resource": "limits.cpu"}})),
            vec![("env/0/valueFrom/resourceFieldRef/divisor", json!("0"))],
        ),
    ]
}

fn others() -> Vec<Stored> {
    let secret = |data: Value| json!({"apiVersion": "v1", "kind": "Secret", "data": data});
    let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1024Mi"}}}});
    let mut set = web(json!({}));
    set["kind"] = json!("StatefulSet");
    set["spec"]["serviceName"] = json!("s");
    set["spec"]["volumeClaimTemplates"] = json!([claim]);
    let rule = json!({"apiGroups": ["nothing.example.org"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["things"]});
    let webhook = json!({"name": "w.example.org", "rules": [rule], "clientConfig": {"url": "https://127.0.0.1:1/"},
        "sideEffects": "None", "admissionReviewVersions": ["v1"]});
    vec![
        (
            47,
            "",
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {}}}),
            vec![("/metadata/labels", Value::Null)],
        ),
        (55, "", secret(json!({"k": "YWJj\nZGVm\n"})), vec![("/data/k", json!("YWJjZGVm"))]),
        (56, "", secret(json!({"k": null, "l": ""})), vec![("/data/k", json!(""))]),
        (
            61,
            "",
            json!({"apiVersion": "v1", "kind": "Event", "firstTimestamp": "2024-01-01T01:00:00+01:00"}),
            vec![("/firstTimestamp", json!("2024-01-01T00:00:00Z"))],
        ),
        (
            66,
            "",
            set,
            vec![
                ("/spec/volumeClaimTemplates/0/apiVersion", json!("v1")),
                ("/spec/volumeClaimTemplates/0/status/phase", json!("Pending")),
                ("/spec/volumeClaimTemplates/0/spec/resources/requests/storage", json!("1Gi")),
                ("/spec/volumeClaimTemplates/0/spec/volumeMode", json!("Filesystem")),
            ],
        ),
        (
            68,
            "",
            json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}}),
            vec![("/spec/ingress/0/ports/0/protocol", json!("TCP"))],
        ),
        (
            69,
            "",
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "Group", "name": "g"}]}),
            vec![
                ("/subjects/0/apiGroup", json!("rbac.authorization.k8s.io")),
                ("/roleRef/apiGroup", json!("rbac.authorization.k8s.io")),
            ],
        ),
        (
            70,
            "",
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "webhooks": [webhook]}),
            vec![
                ("/webhooks/0/rules/0/scope", json!("*")),
                ("/webhooks/0/matchPolicy", json!("Equivalent")),
                ("/webhooks/0/timeoutSeconds", json!(10)),
            ],
        ),
    ]
}

/// Numbers of the rows in this table.
pub(super) fn numbers() -> Vec<u16> {
    let mut numbers: Vec<u16> = rows().iter().map(|row| row.0).collect();
    numbers.dedup();
    numbers
}

#[test]
fn other_spellings_of_what_is_stored_are_in_sync_without_a_dry_run() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("canonical");
    let stored = rows();
    let mut rows: Vec<Row> = stored
        .iter()
        .map(|(number, variant, object, _)| Row::same(*number, variant, &namespace, object))
        .collect();
    for row in &mut rows {
        let kind = row.git["kind"].as_str().unwrap_or_default().to_owned();
        for object in [Some(&mut row.git), row.live.as_mut()].into_iter().flatten() {
            match kind.as_str() {
                "Event" => object["involvedObject"] = json!({"namespace": namespace}),
                "MutatingWebhookConfiguration" => {
                    object["metadata"].as_object_mut().expect("it has metadata").remove("namespace");
                }
                _ => {}
            }
        }
    }
    let live: Vec<Value> = rows.iter().filter_map(|row| row.live.clone()).collect();
    server::apply(cluster, &live);
    let run = server::check(cluster, &rows);
    assert_eq!((run.code, &run.report()["counts"]["dryRuns"]), (0, &json!(0)));

    let kinds = "deployments,configmaps,secrets,events,statefulsets,networkpolicies,rolebindings,mutatingwebhookconfigurations";
    let list = cluster.kubectl_ok(&["get", kinds, "--namespace", &namespace, "--output=json"]);
    let list: Value = serde_json::from_str(&list).expect("kubectl prints JSON");
    for ((number, _, _, expected), row) in stored.iter().zip(&rows) {
        let items = list["items"].as_array().expect("a list has items");
        let same = |object: &&Value| {
            object["kind"] == row.git["kind"] && object["metadata"]["name"] == row.git["metadata"]["name"]
        };
        let live = items.iter().find(same).expect("it was applied");
        for (path, value) in expected {
            let path = if path.starts_with('/') { (*path).to_owned() } else { format!("{WEB}/{path}") };
            let found = live.pointer(&path);
            assert_eq!(
                found,
                Some(value).filter(|value| !value.is_null()),
                "row {number:03}: stored at {path}"
            );
            assert_ne!(found, row.git.pointer(&path), "row {number:03}: Git has other words at {path}");
        }
    }
}
