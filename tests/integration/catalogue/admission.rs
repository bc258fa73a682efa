//! Rows about policies that change or refuse what is written, in a cluster of their own.

#![expect(clippy::disallowed_methods, reason = "waits for the server's policies")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::server::{self, Row, deployment, web};
use crate::support::cluster::{self, Cluster};
use crate::support::program::Source;

const VERSION: &str = "admissionregistration.k8s.io/v1";
const POD: &str = "/spec/template/spec";

/// A policy that patches the Deployments of one row, and its binding.
fn policy(number: u16, condition: &str, patches: &str) -> [Value; 2] {
    let name = format!("row-{number:03}");
    let rule = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]});
    let condition = format!("object.metadata.name == '{name}' && ({condition})");
    let spec = json!({
        "matchConstraints": {"resourceRules": [rule]}, "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConditions": [{"name": "row", "expression": condition}],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": format!("[{patches}]")}}]});
    [
        json!({"apiVersion": VERSION, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}),
        json!({"apiVersion": VERSION, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name}, "spec": {"policyName": name}}),
    ]
}

/// Writes policies and waits until the probe, a shell script, says that they work.
fn install(cluster: &Cluster, namespace: &str, objects: &[Value], probe: &str) {
    cluster.kubectl_ok(&["create", "-f", Source::of(objects).path()]);
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let output = cluster.shell(namespace, probe);
        if output.status.success() {
            return;
        }
        assert!(Instant::now() < limit, "no effect: {probe}: {}", String::from_utf8_lossy(&output.stderr));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A script that fails unless a dry run of a Deployment with the row's name comes out with a text.
fn probe(number: u16, text: &str) -> String {
    format!(
        "k create deployment row-{number:03} --image=web:1 --dry-run=server -o json >probe.json; grep -q '{text}' probe.json"
    )
}

fn rewriting() -> Vec<Value> {
    let spec = "object.spec.template.spec";
    let appended = format!(
        "JSONPatch{{op: 'add', path: '{POD}/tolerations/-', value: Object.spec.template.spec.tolerations{{key: 'hook', operator: 'Exists'}}}}"
    );
    let mirrored = format!(
        "JSONPatch{{op: 'replace', path: '{POD}/containers/0/image', value: 'mirror/' + {spec}.containers[0].image}}"
    );
    let raised =
        format!("JSONPatch{{op: 'replace', path: '{POD}/containers/0/resources/limits/cpu', value: '2'}}");
    let noted = "JSONPatch{op: 'add', path: '/metadata/annotations', value: {'hook': 'seen'}}";
    [
        policy(
            19,
            &format!(
                "has({spec}.tolerations) && !{spec}.tolerations.exists(t, has(t.key) && t.key == 'hook')"
            ),
            &appended,
        ),
        policy(
            83,
            &format!("has({spec}.containers[0].resources) && has({spec}.containers[0].resources.limits)"),
            &raised,
        ),
        policy(127, &format!("!{spec}.containers[0].image.startsWith('mirror/')"), &mirrored),
        policy(128, "!request.dryRun && !has(object.metadata.annotations)", noted),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn refusing() -> [Value; 2] {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]});
    let spec = json!({"matchConstraints": {"resourceRules": [rule]}, "validations": [{
        "expression": "!has(object.data) || !('forbidden' in object.data)", "message": "no forbidden keys here"}]});
    [
        json!({"apiVersion": VERSION, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "row-134"}, "spec": spec}),
        json!({"apiVersion": VERSION, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "row-134"},
            "spec": {"policyName": "row-134", "validationActions": ["Deny"]}}),
    ]
}

fn rows(namespace: &str) -> Vec<Row> {
    let toleration = json!([{"key": "a", "operator": "Exists"}]);
    let tolerant =
        deployment(json!({"containers": [{"name": "web", "image": "web:1"}], "tolerations": toleration}));
    let limited = web(json!({"resources": {"limits": {"cpu": "1"}}}));
    let config = |data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data});
    vec![
        Row::same(19, "", namespace, &tolerant),
        Row::same(83, "", namespace, &limited),
        Row::same(127, "", namespace, &web(json!({}))),
        Row::same(128, "", namespace, &web(json!({}))),
        Row::same(129, "", namespace, &web(json!({}))),
        Row::new(134, "", namespace, config(json!({"a": "1"})), config(json!({"a": "1", "forbidden": "1"})))
            .is("invalid", &[])
            .says("no forbidden keys here"),
    ]
}

/// Numbers of the rows in this table.
pub(super) fn numbers() -> Vec<u16> {
    rows("any").iter().map(|row| row.number).collect()
}

#[test]
fn what_policies_make_of_a_manifest_is_no_difference() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("admission");
    let mut rows = rows(&namespace);
    install(&cluster, &namespace, &rewriting(), &probe(127, "mirror/web:1"));
    install(
        &cluster,
        &namespace,
        &refusing(),
        "! k create configmap x --from-literal=forbidden=1 --dry-run=server",
    );
    server::apply(&cluster, &rows.iter().filter_map(|row| row.live.clone()).collect::<Vec<_>>());
    let sidecar = format!(
        "JSONPatch{{op: 'add', path: '{POD}/containers/-', value: Object.spec.template.spec.containers{{name: 'sidecar', image: 'sidecar:1'}}}}"
    );
    let late = policy(129, "object.spec.template.spec.containers.size() == 1", &sidecar);
    let seen = "k annotate deployment row-129 a=b --dry-run=server -o json >probe.json; grep -q sidecar:1 probe.json";
    install(&cluster, &namespace, &late, seen);

    let stored = |row: u16, path: &str| {
        cluster.kubectl_ok(&[
            "get",
            "deployment",
            &format!("row-{row:03}"),
            "-n",
            &namespace,
            "-o",
            &format!("jsonpath={{{path}}}"),
        ])
    };
    assert_eq!(stored(19, ".spec.template.spec.tolerations[*].key"), "a hook");
    assert_eq!(stored(83, ".spec.template.spec.containers[0].resources.limits.cpu"), "2");
    assert_eq!(stored(127, ".spec.template.spec.containers[0].image"), "mirror/web:1");
    assert_eq!(stored(128, ".metadata.annotations.hook"), "seen");
    assert_eq!(stored(129, ".spec.template.spec.containers[*].name"), "web", "no sidecar yet");
    let run = server::check(&cluster, &rows);
    assert_eq!(run.code, 2, "the refused one is invalid");

    // Without the policies what they wrote is a difference. Our entry still holds the fields, as if Git had moved.
    for name in ["row-019", "row-083", "row-127"] {
        cluster.kubectl_ok(&["delete", "mutatingadmissionpolicybinding", name]);
    }
    let limit = Instant::now() + Duration::from_secs(30);
    let mirrors = "k set image deployment/row-127 web=web:2 \
        --dry-run=server -o json >probe.json; grep -q mirror/web:2 probe.json";
    while cluster.shell(&namespace, mirrors).status.success() {
        assert!(Instant::now() < limit, "the policies stay");
        std::thread::sleep(Duration::from_millis(100));
    }
    for row in &mut rows {
        row.fields = match row.number {
            19 => &[("spec.template.spec.tolerations", "pending")],
            83 => &[("spec.template.spec.containers[web].resources.limits.cpu", "pending")],
            127 => &[("spec.template.spec.containers[web].image", "pending")],
            _ => continue,
        };
        row.status = "pending";
    }
    server::check(&cluster, &rows);
}
