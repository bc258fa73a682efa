//! Every status that a diff can give an object, with the reason it prints and the exit code it leads to. Each case is an object
//! of its own, and all of them stand in one source, so that none may stop another.

#![expect(clippy::disallowed_methods, reason = "waits for the server's policies and its clock")]

mod cases;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::cases::Case;
use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Source, gitops};

const APPLY: [&str; 4] = ["apply", "--server-side", "--field-manager=gitops", "-f"];

/// A cluster with the live side of all cases, and the source with their Git side.
fn prepare(cluster: &Cluster, cases: &[Case], namespace: &str) -> Source {
    let live: Vec<Value> = cases.iter().flat_map(|case| case.live.clone()).collect();
    let live = Source::of(&live);
    cluster.kubectl_ok(&[&APPLY[..], &[live.path()]].concat());
    // The server's times have whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    for case in cases {
        let output = cluster.shell(namespace, &format!("N={}\n{}", case.name, case.script));
        assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
    }
    Source::of(&cases.iter().flat_map(|case| case.desired.clone()).collect::<Vec<_>>())
}

/// A policy against ConfigMaps with a certain key, and a webhook for quotas that nobody answers.
fn install_admission(cluster: &Cluster, namespace: &str) {
    let policies = Source::of(&cases::admission());
    cluster.kubectl_ok(&["create", "-f", policies.path()]);
    let refused = |script| !cluster.shell(namespace, script).status.success();
    let limit = Instant::now() + Duration::from_secs(30);
    let attempts = [
        "k create configmap x --from-literal=forbidden=1 --dry-run=server",
        "k create quota x --dry-run=server",
    ];
    while !attempts.iter().all(|script| refused(script)) {
        assert!(Instant::now() < limit, "the policies do not take effect");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What is wrong with the report on a case.
fn judge(report: &Value, case: &Case) -> Option<String> {
    let Some(object) = program::object(report, case.kind, case.name) else {
        return (case.status != "in-sync").then(|| format!("{}: not reported", case.name));
    };
    let fields: Vec<(String, String)> =
        object.fields().into_iter().map(|(path, class, _)| (path, class)).collect();
    let expected: Vec<(String, String)> =
        case.fields.iter().map(|(path, class)| ((*path).to_owned(), (*class).to_owned())).collect();
    let right = object.status() == case.status && object.reason().contains(case.reason);
    let right = right && (fields == expected || case.status == "invalid");
    (!right).then(|| {
        format!(
            "{}: {} '{}' {fields:?}\n  expected {} '{}' {expected:?}",
            case.name,
            object.status(),
            object.reason(),
            case.status,
            case.reason
        )
    })
}

#[test]
fn every_status_has_its_reason_and_exit_code_and_stops_no_other_object() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("statuses");
    let cases = cases::cases(&namespace);
    let source = prepare(&cluster, &cases, &namespace);
    install_admission(&cluster, &namespace);

    let run = gitops(&cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    assert_eq!(run.code, 2, "invalid comes first: {}", run.stderr);
    let report = run.report();
    let wrong: Vec<String> = cases.iter().filter_map(|case| judge(&report, case)).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    let differing = cases.iter().filter(|case| case.status != "in-sync").count();
    assert_eq!(program::objects(&report).len(), differing, "nothing else is reported");

    for case in &cases {
        let place = if case.namespace.is_empty() { String::new() } else { format!("{}/", case.namespace) };
        let only = format!("{}/{place}{}", case.kind, case.name);
        let alone = gitops(&cluster, cluster.kubeconfig(), &["diff", source.path(), "--only", &only]);
        assert_eq!(alone.code, case.code, "{}: {}{}", case.name, alone.stdout, alone.stderr);
        assert!(alone.stdout.contains(case.reason), "{}: {}", case.name, alone.stdout);
    }
    assert_shown_on_request(&cluster, &source);
}

/// What does not count is told to whoever asks: a controller's field, another spelling, an autoscaler's replicas.
fn assert_shown_on_request(cluster: &Cluster, source: &Source) {
    let show = ["diff", source.path(), "--show", "in-sync,foreign", "-o", "json"];
    let report = gitops(cluster, cluster.kubeconfig(), &show).report();
    let object = |kind, name| program::object(&report, kind, name).expect("it is listed");
    assert_eq!(object("ConfigMap", "foreign").notes(), [("foreign", "operator", 1)]);
    assert_eq!(object("Deployment", "respelled").notes(), [("cosmetic", "", 1)]);
    let autoscaled = object("Deployment", "autoscaled");
    let held = ("spec.replicas".to_owned(), "held".to_owned(), "kube-controller-manager/scale".to_owned());
    assert_eq!((autoscaled.status(), autoscaled.fields()), ("in-sync", vec![held]));
    assert_eq!(autoscaled.0["fields"][0]["counts"], false);
}

#[test]
fn duplicates_name_all_places() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("twice");
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: same\n";
    let source = Source::files(&[("a/one.yaml", one), ("b/two.yaml", &format!("# again\n---\n{one}"))]);
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-n", &namespace]);
    assert_eq!(run.code, 2);
    for place in ["a/one.yaml:1", "b/two.yaml:3"] {
        assert!(run.stdout.contains(place), "{place}: {}", run.stdout);
    }
}

#[test]
fn a_fault_is_told_with_its_file_and_line() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("faults");
    let text = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n    - port: 80\n      bogus: 1\n    - port: \"81\"\n";
    let source = Source::files(&[("web.yaml", text)]);
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-n", &namespace]);
    assert_eq!(run.code, 2);
    for phrase in ["invalid", "web.yaml:8", "bogus", "web.yaml:9", "port"] {
        assert!(run.stdout.contains(phrase), "{phrase}: {}", run.stdout);
    }
}

/// Client-side apply leaves nulls out and succeeds; server-side apply sends them, and the definition does not take them.
#[test]
fn a_null_that_no_server_side_apply_gets_past_is_the_manifests_fault() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("nulls");
    let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object",
        "properties": {"map": map, "text": {"type": "string"}}}}}});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "nulls.statuses.example.org"},
        "spec": {"group": "statuses.example.org", "scope": "Namespaced", "names": {"plural": "nulls", "kind": "Null"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}});
    cluster.define(&definition, "v1", "Null");
    let object = json!({"apiVersion": "statuses.example.org/v1", "kind": "Null",
        "metadata": {"name": "n", "namespace": namespace}, "spec": {"map": null, "text": "a"}});
    let source = Source::of(&[object]);
    cluster.kubectl_ok(&["apply", "-f", source.path()]);
    let edit = r#"{"spec": {"text": "b"}}"#;
    cluster.kubectl_ok(&["patch", "-n", &namespace, "nulls/n", "--type=merge", "-p", edit]);
    assert!(!cluster.kubectl(&[&APPLY[..], &[source.path()]].concat()).status.success());

    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    let report = run.report();
    let found = program::object(&report, "Null", "n").expect("it is listed");
    assert_eq!((run.code, found.status()), (2, "invalid"), "{}", found.0);
    assert!(found.reason().contains("at spec.map"), "{}", found.reason());
}

#[test]
fn a_forbidden_kind_is_unknown_and_all_else_is_compared() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("forbidden");
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "r", "namespace": namespace}, "rules": []});
    let source = Source::of(&[
        cases::config(&namespace, "calm", &[("a", "1")]),
        cases::config(&namespace, "gone", &[]),
        role,
    ]);
    cluster.kubectl_ok(&[&APPLY[..], &[source.path()]].concat());
    cluster.kubectl_ok(&["delete", "configmap", "gone", "-n", &namespace]);
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "get,list", "configmaps");
    let run = gitops(cluster, &user.kubeconfig, &["diff", source.path(), "-o", "json"]);
    assert_eq!(run.code, 3, "{}", run.stderr);
    let report = run.report();
    let seen: Vec<_> =
        program::objects(&report).iter().map(|object| (object.name(), object.status())).collect();
    assert_eq!(seen, [("r", "unknown"), ("gone", "missing")]);
    let reason = program::object(&report, "Role", "r").expect("it is listed").reason();
    assert!(reason.contains("cannot list roles"), "{reason}");
}
