//! What Git drops and no apply takes out, on the real server: found before the apply, still there after it, and known afterwards
//! by whoever has a base, or by a person's entry that holds it.

#![expect(clippy::disallowed_methods, reason = "writes the files of a repository")]

use serde_json::{Value, json};

use crate::base_revision::git;
use crate::support::cluster::{self, Cluster};
use crate::support::generate;
use crate::support::program::{self, gitops};

const GROUP: &str = "stuck.example.org";

/// An object as it was applied and as Git has it now, the place that stays, what is said, and whether that is still said after
/// an apply where no base is known.
struct Case {
    name: &'static str,
    applied: Value,
    git: Value,
    path: &'static str,
    says: &'static str,
    afterwards: &'static str,
}

fn object(version: &str, kind: &str, content: Value) -> Value {
    let mut object = content;
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object
}

fn deployment(pod: Value) -> Value {
    let mut pod = pod;
    pod["containers"] = json!([{"name": "c", "image": "i:1"}]);
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": pod});
    object(
        "apps/v1",
        "Deployment",
        json!({"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}),
    )
}

fn scaler(version: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["maxReplicas"] = json!(9);
    spec["scaleTargetRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"});
    object(version, "HorizontalPodAutoscaler", json!({"spec": spec}))
}

fn cases() -> Vec<Case> {
    let secret = |texts: Value| object("v1", "Secret", json!({"stringData": texts}));
    let config = |data: Value| object("v1", "ConfigMap", json!({"data": data}));
    let thing = |names: &[&str]| {
        let list: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        object(&format!("{GROUP}/v1"), "Thing", json!({"spec": {"list": list}}))
    };
    let case = |name, applied, git, path, says| Case { name, applied, git, path, says, afterwards: "" };
    vec![
        case(
            "alias",
            deployment(json!({"serviceAccountName": "old"})),
            deployment(json!({})),
            "spec.template.spec.serviceAccountName",
            "restored by serviceAccount",
        ),
        case(
            "texts",
            secret(json!({"a": "1", "old": "2"})),
            secret(json!({"a": "1"})),
            "data.old",
            "it came in stringData",
        ),
        case(
            "version",
            scaler("autoscaling/v1", json!({"targetCPUUtilizationPercentage": 50})),
            scaler("autoscaling/v2", json!({})),
            "spec.metrics",
            "it was applied as spec.targetCPUUtilizationPercentage of autoscaling/v1",
        ),
        case(
            "items",
            thing(&["x", "y"]),
            thing(&["x"]),
            "spec.list[y]",
            "it was applied when the list was one value",
        ),
        Case {
            afterwards: "added",
            ..case(
                "shared",
                config(json!({"a": "1", "b": "2"})),
                config(json!({"a": "1"})),
                "data.b",
                "held in place by kubectl-edit",
            )
        },
    ]
}

pub(crate) fn definition(list: &str) -> Value {
    let mut list = json!({"type": "array", "x-kubernetes-list-type": list,
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}});
    if list["x-kubernetes-list-type"] == "map" {
        list["x-kubernetes-list-map-keys"] = json!(["name"]);
    }
    let spec = json!({"type": "object", "properties": {"list": list}});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": format!("things.{GROUP}")},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": {"plural": "things", "singular": "thing", "kind": "Thing"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}})
}

fn named(object: &Value, name: &str) -> Value {
    let mut object = object.clone();
    object["metadata"]["name"] = json!(name);
    object
}

fn apply(cluster: &Cluster, namespace: &str, manager: &str, objects: &[Value]) {
    let manager = format!("--field-manager={manager}");
    let arguments = ["-n", namespace, "apply", "--server-side", "--force-conflicts", &manager, "-f", "-"];
    cluster.kubectl_stdin(&arguments, &generate::stream(objects));
}

/// Class and remark of the place, empty if nothing is said about it.
fn told(report: &Value, case: &Case) -> (String, String) {
    let kind = case.git["kind"].as_str().expect("it has a kind");
    let fields = program::object(report, kind, case.name).map(|object| object.0["fields"].clone());
    let fields = fields.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
    let found = fields.iter().find(|field| field["path"] == case.path);
    found.map(|field| (text(field, "class"), text(field, "remark"))).unwrap_or_default()
}

#[test]
fn what_no_apply_takes_out_is_found_and_survives_it() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("stuck");
    cluster.define(&definition("atomic"), "v1", r#""x-kubernetes-list-type":"atomic""#);
    let cases = cases();
    let of =
        |side: fn(&Case) -> &Value| cases.iter().map(|case| named(side(case), case.name)).collect::<Vec<_>>();
    let (before, after) = (of(|case| &case.applied), of(|case| &case.git));

    let dir = tempfile::tempdir().expect("a directory can be made");
    let source = dir.path().to_str().expect("its name is UTF-8");
    git(dir.path(), &["init", "-q"]);
    for (objects, message) in [(&before, "applied"), (&after, "wanted")] {
        std::fs::write(dir.path().join("all.yaml"), generate::stream(objects)).expect("it can be written");
        git(dir.path(), &["add", "-A"]);
        git(dir.path(), &["commit", "-qm", message]);
    }
    apply(&cluster, &namespace, "gitops", &before);
    apply(
        &cluster,
        &namespace,
        "kubectl-edit",
        &[named(&json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2"}}), "shared")],
    );
    cluster.define(&definition("map"), "v1", r#""x-kubernetes-list-type":"map""#);

    let diff = |base: &str| {
        gitops(
            &cluster,
            cluster.kubeconfig(),
            &["diff", source, "-n", &namespace, "-o", "json", "--base", base],
        )
        .report()
    };
    for base in ["none", "HEAD~1"] {
        let report = diff(base);
        for case in &cases {
            let (class, remark) = told(&report, case);
            assert_eq!(class, "stuck", "{}, base {base}: {report}", case.name);
            assert!(base != "none" || remark.contains(case.says), "{}: {remark}", case.name);
        }
    }

    apply(&cluster, &namespace, "gitops", &after);
    let live = |case: &Case| {
        let kind = case.git["kind"].as_str().expect("it has a kind");
        cluster.kubectl_ok(&["-n", &namespace, "get", kind, case.name, "-o", "json"])
    };
    let stays = [
        "\"serviceAccountName\": \"old\"",
        "\"old\": \"Mg==\"",
        "\"averageUtilization\": 50",
        "\"name\": \"y\"",
        "\"b\": \"2\"",
    ];
    let (unknown, known) = (diff("none"), diff("HEAD~1"));
    for (case, stays) in cases.iter().zip(stays) {
        assert!(live(case).contains(stays), "the apply took it out: {}", live(case));
        assert_eq!(told(&unknown, case).0, case.afterwards, "{}, after the apply: {unknown}", case.name);
        assert_eq!(told(&known, case).0, "stuck", "{}, after the apply: {known}", case.name);
    }
}

/// Whether anything differs or not: the next apply would fail.
#[test]
fn an_object_that_no_apply_can_reach_is_told_with_the_place() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("unreachable");
    let account = |label: &str| {
        object("v1", "ServiceAccount", json!({"metadata": {"labels": {"a": label}}, "secrets": [{}]}))
    };
    for name in ["equal", "other"] {
        cluster
            .kubectl_stdin(&["-n", &namespace, "create", "-f", "-"], &named(&account("1"), name).to_string());
    }
    let git = |label: &str, name: &str| {
        let mut object = named(&account(label), name);
        object.as_object_mut().expect("it is a map").remove("secrets");
        object
    };
    let source = program::Source::of(&[git("1", "equal"), git("2", "other")]);
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-n", &namespace, "-o", "json"]);
    let report = run.report();
    assert_eq!(run.code, 2, "{}", run.stdout);
    for name in ["equal", "other"] {
        let account = program::object(&report, "ServiceAccount", name).expect("it is listed");
        assert_eq!(account.status(), "blocked", "{}", account.0);
        assert!(account.reason().contains("an item of secrets has none of its keys"), "{}", account.reason());
    }
}
