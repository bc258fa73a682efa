//! Rows about versions and shapes of custom resources that change while objects live.

#![expect(clippy::disallowed_methods, reason = "waits for the server to publish a definition")]

use serde_json::{Value, json};

use super::server::{self, Row};
use crate::support::cluster;

/// A kind of its own for each row.
fn group(number: u16) -> String {
    format!("row{number:03}.example.org")
}

/// A definition with these versions, the last of which is stored, and this list.
fn definition(number: u16, versions: &[&str], list: &Value) -> Value {
    let last = versions.last().copied().unwrap_or_default();
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "a": {"type": "string"}, "b": {"type": "string"}, "list": list}}}}});
    let versions: Vec<Value> = versions
        .iter()
        .map(|name| json!({"name": name, "served": true, "storage": *name == last, "schema": schema}))
        .collect();
    let group = group(number);
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("things.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
            "versions": versions}})
}

fn list(kind: &str) -> Value {
    let mut list = json!({"type": "array", "x-kubernetes-list-type": kind,
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}});
    if kind == "map" {
        list["x-kubernetes-list-map-keys"] = json!(["name"]);
    }
    list
}

fn thing(number: u16, version: &str, spec: Value) -> Value {
    json!({"apiVersion": format!("{}/{version}", group(number)), "kind": "Thing", "spec": spec})
}

fn rows(namespace: &str) -> Vec<Row> {
    let both = json!({"a": "1", "b": "2"});
    let one = json!({"a": "1"});
    let items =
        |names: &[&str]| json!({"list": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()});
    vec![
        // The other manager's entry is at a version that is gone: equal is proven, but no apply can reach the object.
        Row::new(112, "equal", namespace, thing(112, "v1", one.clone()), thing(112, "v1", one.clone()))
            .then(r#"k patch things.v1beta1.row112.example.org $N --type=merge --field-manager=old -p '{"spec":{"b":"2"}}'"#)
            .says("which is not served any more"),
        Row::new(112, "other", namespace, thing(112, "v1", one.clone()), thing(112, "v1", json!({"a": "9"})))
            .then(r#"k patch things.v1beta1.row112.example.org $N --type=merge --field-manager=old -p '{"spec":{"b":"2"}}'"#)
            .is("blocked", &[("spec.a", "pending")]),
        Row::new(113, "equal", namespace, thing(113, "v1beta1", both.clone()), thing(113, "v1", both.clone())),
        Row::new(113, "dropped", namespace, thing(113, "v1beta1", both), thing(113, "v1", one))
            .is("pending", &[("spec.b", "removal")]),
        Row::new(117, "equal", namespace, thing(117, "v1", items(&["x", "y"])), thing(117, "v1", items(&["x", "y"]))),
        // The server does not take it out, and afterwards nobody owns it.
        Row::new(117, "dropped", namespace, thing(117, "v1", items(&["x", "y"])), thing(117, "v1", items(&["x"])))
            .is("pending", &[("spec.list[y]", "stuck")]),
    ]
}

/// Numbers of the rows in this table.
pub(super) fn numbers() -> Vec<u16> {
    vec![113, 117]
}

#[test]
fn objects_outlive_versions_and_shapes() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("versions");
    let (both, text) = (["v1beta1", "v1"], "x-kubernetes-list-type");
    for number in [112, 113] {
        cluster.define(&definition(number, &both, &list("atomic")), "v1beta1", text);
        cluster.define(&definition(number, &both, &list("atomic")), "v1", text);
    }
    cluster.define(&definition(117, &["v1"], &list("atomic")), "v1", r#""x-kubernetes-list-type":"atomic""#);
    let rows = rows(&namespace);
    server::apply(&cluster, &rows.iter().filter_map(|row| row.live.clone()).collect::<Vec<_>>());
    server::edit(&cluster, &namespace, &rows);
    cluster.define(&definition(112, &["v1"], &list("atomic")), "v1", text);
    cluster.define(&definition(117, &["v1"], &list("map")), "v1", r#""x-kubernetes-list-type":"map""#);
    let gone = "! k get --raw /apis/row112.example.org/v1beta1";
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while !cluster.shell(&namespace, gone).status.success() {
        assert!(std::time::Instant::now() < limit, "the old version stays");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    server::check(&cluster, &rows);
}
