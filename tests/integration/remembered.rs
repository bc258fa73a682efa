//! What is remembered between runs spares work and never an answer.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test looks at caches and fails by panicking"
)]

use std::path::Path;

use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster, User};
use crate::support::program::{Run, Source, gitops_at};

/// The server stores both names of the service account as the newer one says, so only a dry run can tell that nothing
/// would change.
fn alias(namespace: &str, old: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}},
            "spec": {"serviceAccount": old, "serviceAccountName": "new",
                "containers": [{"name": "web", "image": "registry.example/web:1"}]}}}})
}

fn apply(cluster: &Cluster, source: &Source) {
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
}

fn diff(home: &Path, kubeconfig: &Path, source: &Source, more: &[&str]) -> Run {
    let run = gitops_at(home, kubeconfig, &[&["diff", source.path(), "-o", "json"], more].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.report()["summary"]["in-sync"], run.report()["summary"]["objects"]);
    run
}

fn dry_runs(run: &Run) -> u64 {
    run.report()["counts"]["dryRuns"].as_u64().unwrap()
}

/// An account that may do what a diff may, and look at admission if it is told so.
fn account(cluster: &Cluster, sees_admission: bool) -> User {
    let user = cluster.user();
    cluster.allow_everywhere(&user, "get,list,patch", "deployments.apps");
    if sees_admission {
        let kinds = [
            "mutatingwebhookconfigurations",
            "validatingwebhookconfigurations",
            "mutatingadmissionpolicies",
            "validatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "validatingadmissionpolicybindings",
        ];
        let kinds: Vec<String> =
            kinds.iter().map(|kind| format!("{kind}.admissionregistration.k8s.io")).collect();
        cluster.allow_everywhere(&user, "list", &kinds.join(","));
    }
    user
}

#[test]
fn a_dry_run_that_changed_nothing_is_asked_again_only_when_something_it_depends_on_changed() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("remembered");
    let home = tempfile::tempdir().unwrap();
    let source = Source::of(&[alias(&namespace, "old")]);
    apply(&cluster, &source);
    let user = account(&cluster, true);
    let asked = |more: &[&str]| dry_runs(&diff(home.path(), &user.kubeconfig, &source, more));
    let asked_once = |what: &str| assert_eq!([asked(&[]), asked(&[])], [1, 0], "{what}");

    asked_once("the first run");
    assert_eq!(asked(&["--no-cache"]), 1, "--no-cache");

    let status = r#"{"status":{"observedGeneration":1,"replicas":1}}"#;
    cluster.kubectl_ok(&[
        "patch",
        "deployment",
        "web",
        "-n",
        &namespace,
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ]);
    asked_once("another resourceVersion");

    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "other"}, "webhooks": []});
    cluster.kubectl_stdin(&["apply", "-f", "-"], &hook.to_string());
    asked_once("another webhook configuration");
    cluster.kubectl_ok(&["label", "mutatingwebhookconfiguration", "other", "a=b"]);
    asked_once("a webhook configuration changed");
    cluster.kubectl_ok(&["delete", "mutatingwebhookconfiguration", "other"]);
    // It is as it was at first, and what was found then is still true.
    assert_eq!(asked(&[]), 0);

    let other = account(&cluster, true);
    let of_other = || dry_runs(&diff(home.path(), &other.kubeconfig, &source, &[]));
    assert_eq!([of_other(), of_other()], [1, 0], "another user");

    cluster.kubectl_ok(&["delete", "deployment", "web", "-n", &namespace]);
    apply(&cluster, &source);
    asked_once("another uid");

    std::fs::write(source.file("all.yaml"), alias(&namespace, "older").to_string()).unwrap();
    asked_once("another manifest");
}

#[test]
fn nothing_is_remembered_where_nobody_may_see_what_admission_does() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("unseen");
    let home = tempfile::tempdir().unwrap();
    let source = Source::of(&[alias(&namespace, "old")]);
    apply(cluster, &source);
    let user = account(cluster, false);
    for _ in 0..2 {
        assert_eq!(dry_runs(&diff(home.path(), &user.kubeconfig, &source, &[])), 1);
    }
    assert!(!home.path().join(".cache/gitops/dry-runs").exists());
}

#[test]
fn runs_at_once_share_what_they_remember_and_never_read_half_of_it() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("crowd");
    let home = tempfile::tempdir().unwrap();
    let map = |n: usize| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": format!("c{n}"), "namespace": namespace}, "data": {"k": n.to_string()}})
    };
    let mut objects: Vec<Value> = (0..40).map(map).collect();
    objects.push(alias(&namespace, "old"));
    let source = Source::of(&objects);
    apply(&cluster, &source);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..3 {
                    diff(home.path(), cluster.kubeconfig(), &source, &[]);
                }
            });
        }
    });
    assert_eq!(dry_runs(&diff(home.path(), cluster.kubeconfig(), &source, &[])), 0);
    let left: Vec<_> = ["proofs", "dry-runs"]
        .iter()
        .map(|kind| std::fs::read_dir(home.path().join(".cache/gitops").join(kind)).unwrap().count())
        .collect();
    assert_eq!(left, [1, 1], "one file each, and none that was not finished");
}

/// The proof is remembered, and the object is read all the same.
#[test]
fn what_was_proven_does_not_hide_what_changed_since() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("proofs");
    let home = tempfile::tempdir().unwrap();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}, "data": {"k": "v"}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}, "stringData": {"k": "v"}});
    let source = Source::of(&[map, secret]);
    apply(cluster, &source);
    let run = || gitops_at(home.path(), cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    assert_eq!([run().code, run().code], [0, 0]);
    let proofs = home.path().join(".cache/gitops/proofs");
    let file = std::fs::read_dir(&proofs).unwrap().next().unwrap().unwrap();
    assert_eq!(file.metadata().unwrap().len(), 32 + 16, "a digest, and one proof: none of the Secret");
    for kind in ["configmap/c", "secret/s"] {
        let patch =
            if kind.starts_with('c') { r#"{"data":{"k":"x"}}"# } else { r#"{"stringData":{"k":"x"}}"# };
        cluster.kubectl_ok(&["patch", kind, "-n", &namespace, "--type=merge", "-p", patch]);
    }
    let report = run().report();
    assert_eq!(report["summary"]["in-sync"], 0, "{report}");
    apply_force(cluster, &source);
    assert_eq!(run().code, 0);
}

fn apply_force(cluster: &Cluster, source: &Source) {
    let arguments =
        ["apply", "--server-side", "--field-manager=gitops", "--force-conflicts", "-f", source.path()];
    cluster.kubectl_ok(&arguments);
}
