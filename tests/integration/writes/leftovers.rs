//! What Git dropped and no plain apply takes out goes with ours, in one change of the object; and what people added that an
//! alias would restore, or that they wrote at another version of the type. What is expected is what the server makes of the same
//! manifest as a new object.

use serde_json::{Value, json};

use super::{Set, a_second, actions, differing, reason};
use crate::stuck::definition;
use crate::support::cluster::{self, Cluster};
use crate::support::generate;
use crate::support::program::Source;

fn named(version: &str, kind: &str, name: &str, content: Value) -> Value {
    let mut object = content;
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object["metadata"]["name"] = json!(name);
    object
}

fn deployment(name: &str, pod: Value) -> Value {
    let mut pod = pod;
    pod["containers"] = json!([{"name": "c", "image": "i:1"}]);
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": pod});
    let spec = json!({"selector": {"matchLabels": {"a": "b"}}, "template": template});
    named("apps/v1", "Deployment", name, json!({"spec": spec}))
}

fn scaler(version: &str, name: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["maxReplicas"] = json!(9);
    spec["scaleTargetRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"});
    named(version, "HorizontalPodAutoscaler", name, json!({"spec": spec}))
}

fn secret(texts: Value) -> Value {
    named("v1", "Secret", "texts", json!({"stringData": texts}))
}

fn thing(names: &[&str]) -> Value {
    let list: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
    named("stuck.example.org/v1", "Thing", "items", json!({"spec": {"list": list}}))
}

/// What the server makes of a manifest under another name, without what tells objects apart.
fn fresh(cluster: &Cluster, namespace: &str, manifest: &Value) -> Value {
    let mut manifest = manifest.clone();
    manifest["metadata"]["name"] = json!("fresh");
    let args = ["-n", namespace, "create", "--dry-run=server", "-o", "json", "-f", "-"];
    let text = cluster.kubectl_stdin(&args, &manifest.to_string());
    bare(serde_json::from_str(&text).expect("kubectl prints JSON"))
}

fn bare(mut object: Value) -> Value {
    let fields = object.as_object_mut().expect("an object is a map");
    fields.retain(|key, _| ["data", "spec", "type"].contains(&key.as_str()));
    object
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// Four kinds of leftovers, applied and dropped, with what is known from the record.
#[test]
fn what_git_dropped_goes_although_a_plain_apply_leaves_it() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "leftovers");
    cluster.define(&definition("atomic"), "v1", r#""x-kubernetes-list-type":"atomic""#);
    let before = [
        deployment("alias", json!({"serviceAccountName": "old", "hostname": "h"})),
        secret(json!({"a": "1", "old": "2"})),
        scaler("autoscaling/v1", "version", json!({"targetCPUUtilizationPercentage": 50})),
        thing(&["x", "y"]),
        named("v1", "ConfigMap", "shared", json!({"data": {"a": "1", "b": "2"}})),
    ];
    let after = [
        deployment("alias", json!({"hostname": "g"})),
        secret(json!({"a": "1"})),
        scaler("autoscaling/v2", "version", json!({})),
        thing(&["x"]),
        named("v1", "ConfigMap", "shared", json!({"data": {"a": "1"}})),
    ];
    set.apply(&Source::of(&before));
    a_second();
    cluster.define(&definition("map"), "v1", r#""x-kubernetes-list-type":"map""#);
    // The index of the schemas follows a little later.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let shared = named("v1", "ConfigMap", "shared", json!({"data": {"b": "2"}})).to_string();
    let args = ["-n", &set.namespace, "apply", "--server-side", "--field-manager=kubectl-edit", "-f", "-"];
    cluster.kubectl_stdin(&args, &shared);

    let old = set.live("deployment/alias");
    let source = Source::of(&after);
    let stuck = set.run("diff", &source, &[]).report();
    assert_eq!(differing(&stuck).len(), 5, "{stuck}");
    set.apply(&source);
    let kinds = ["deployment/alias", "secret/texts", "hpa/version", "thing/items", "configmap/shared"];
    for (what, manifest) in kinds.into_iter().zip(&after) {
        assert_eq!(bare(set.live(what)), fresh(&cluster, &set.namespace, manifest), "{what}");
    }
    let new = set.live("deployment/alias");
    assert_eq!(generation(&new), generation(&old) + 1, "one change of the spec, and so one roll-out");
    assert_eq!(differing(&set.ok("diff", &source, &[])), [""; 0]);
    assert_eq!(actions(&set.apply(&source)), [""; 0], "apply; apply");
}

/// The same without a record: another tool applied both versions, and a revision tells what was there before.
#[test]
fn what_nobody_owns_any_more_goes_by_a_base() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "unowned");
    let versions = [
        [deployment("alias", json!({"serviceAccountName": "old"})), secret(json!({"a": "1", "old": "2"}))],
        [deployment("alias", json!({})), secret(json!({"a": "1"}))],
    ];
    let source = Source::of(&versions[0]);
    let git = |args: &[&str]| crate::base_revision::git(source.file("").as_path(), args);
    git(&["init", "-q"]);
    for objects in &versions {
        source.write("all.yaml", &generate::stream(objects));
        git(&["add", "-A"]);
        git(&["commit", "-qm", "next"]);
        let args = ["-n", &set.namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"];
        cluster.kubectl_stdin(&args, &generate::stream(objects));
    }
    let pod = |set: &Set<'_>| set.live("deployment/alias")["spec"]["template"]["spec"].clone();
    assert_eq!(
        (pod(&set)["serviceAccountName"].clone(), pod(&set)["serviceAccount"].clone()),
        (json!("old"), json!("old"))
    );
    set.ok("apply", &source, &["--yes", "--base", "HEAD~1"]);
    for (what, manifest) in ["deployment/alias", "secret/texts"].into_iter().zip(&versions[1]) {
        assert_eq!(bare(set.live(what)), fresh(cluster, &set.namespace, manifest), "{what}");
    }
    assert_eq!(differing(&set.ok("diff", &source, &["--base", "HEAD~1"])), [""; 0]);
}

/// A revert takes out what an alias would restore, and what was written at another version of the type.
#[test]
fn a_revert_reaches_what_its_apply_does_not() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "reach");
    let objects = [deployment("alias", json!({})), scaler("autoscaling/v2", "version", json!({}))];
    let source = Source::of(&objects);
    set.apply(&source);
    let before: Vec<Value> = ["deployment/alias", "hpa/version"].map(|what| bare(set.live(what))).into();
    a_second();
    let patch = |what: &str, patch: Value| {
        let patch = patch.to_string();
        set.kubectl(&["patch", what, "--type=merge", "--field-manager=kubectl-edit", "-p", &patch]);
    };
    patch("deployment/alias", json!({"spec": {"template": {"spec": {"serviceAccountName": "other"}}}}));
    patch("horizontalpodautoscalers.v1.autoscaling/version", json!({"spec": {"minReplicas": 3}}));
    let report = set.ok("revert", &source, &["--yes"]);
    assert_eq!(actions(&report).len(), 2, "{:?}", actions(&report));
    let after: Vec<Value> = ["deployment/alias", "hpa/version"].map(|what| bare(set.live(what))).into();
    assert_eq!(after, before);
    assert_eq!(actions(&set.ok("revert", &source, &["--yes"])), [""; 0], "revert; revert");
    assert_eq!(differing(&set.ok("diff", &source, &[])), [""; 0]);
}

/// What a controller keeps in place is left, run after run, until its name is given.
#[test]
fn what_a_controller_keeps_in_place_is_left_to_it() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "kept");
    set.apply(&Source::of(&[set.config("c", &json!({"a": "1", "b": "2"}))]));
    let shared = named("v1", "ConfigMap", "c", json!({"data": {"b": "2"}})).to_string();
    let args =
        ["-n", &set.namespace, "apply", "--server-side", "--field-manager=argocd-controller", "-f", "-"];
    cluster.kubectl_stdin(&args, &shared);
    let source = Source::of(&[set.config("c", &json!({"a": "1"}))]);
    let first = set.run("apply", &source, &["--yes"]);
    assert_eq!(
        (first.code, set.live("configmap/c")["data"]["b"].clone()),
        (2, json!("2")),
        "{}",
        first.stderr
    );
    let version = set.live("configmap/c")["metadata"]["resourceVersion"].clone();
    let second = set.run("apply", &source, &["--yes"]);
    assert_eq!((second.code, actions(&second.report())), (2, Vec::new()), "{}", second.stderr);
    assert!(second.stderr.contains("--force-conflicts"), "{}", second.stderr);
    assert_eq!(set.live("configmap/c")["metadata"]["resourceVersion"], version, "nothing was written");
    set.ok("apply", &source, &["--yes", "--force-conflicts=argocd-controller"]);
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "1"}));
}

/// What the server itself puts back cannot be taken out: that is a failure, and it is told again by the next run.
#[test]
fn what_the_server_puts_back_is_a_failure() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "putback");
    cluster.define(&definition("atomic"), "v1", r#""x-kubernetes-list-type":"atomic""#);
    set.apply(&Source::of(&[thing(&["x", "y"])]));
    cluster.define(&definition("map"), "v1", r#""x-kubernetes-list-type":"map""#);
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": {"name": "keeps"}, "spec": {"failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [{"apiGroups": ["stuck.example.org"], "apiVersions": ["v1"],
            "operations": ["UPDATE"], "resources": ["things"]}]},
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration":
            {"expression": "Object{spec: Object.spec{list: [Object.spec.list{name: \"y\"}]}}"}}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "keeps"}, "spec": {"policyName": "keeps"}});
    cluster.kubectl_stdin(&["apply", "-f", "-"], &generate::stream(&[policy, binding]));
    // A policy holds a little later than it is stored.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let source = Source::of(&[thing(&["x"])]);
    for _ in 0..2 {
        let run = set.run("apply", &source, &["--yes"]);
        assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
        assert!(reason(&run.report(), "items").contains("spec.list[y] stays"), "{}", run.stdout);
    }
}
