//! One path on two clusters: each has its own record, base and prune, and nobody gets from one to the other unawares.

#![expect(clippy::disallowed_methods, reason = "puts a file in the way")]

use serde_json::{Value, json};

use super::{Set, a_second, actions, differing};
use crate::support::cluster::{self, Cluster};
use crate::support::program::{Run, Source, gitops_at, object};

/// Runs a command on a cluster as one user, whose machine remembers.
fn run(home: &tempfile::TempDir, cluster: &Cluster, command: &str, source: &Source, flags: &[&str]) -> Run {
    let args = [command, source.path(), "--set-name", "twice", "-n", "default", "-o", "json"];
    gitops_at(home.path(), cluster.kubeconfig(), &[&args[..], flags].concat())
}

fn uid(cluster: &Cluster) -> String {
    cluster.kubectl_ok(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])
}

/// SEC-55: where a set was applied last is remembered, and another cluster has to be named or asked about.
#[test]
fn sec_55_one_path_on_two_clusters_has_two_records_and_no_way_unawares() {
    let (Some(one), Some(two)) = (cluster::private(), cluster::private()) else { return };
    let home = tempfile::tempdir().expect("a directory can be made");
    let config = |name: &str, value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": value}});
    let source = Source::of(&[config("a", "1"), config("b", "1")]);
    assert_eq!(run(&home, &one, "apply", &source, &["--yes"]).code, 0);
    assert_eq!(run(&home, &one, "apply", &source, &["--yes"]).code, 0, "and again");
    let stranger = run(&home, &two, "apply", &source, &["--yes"]);
    assert_eq!(stranger.code, 5, "{}", stranger.stderr);
    for words in ["was applied to https://", "this is another cluster", &uid(&two), "--cluster-uid"] {
        assert!(stranger.stderr.contains(words), "{words}: {}", stranger.stderr);
    }
    let absent = ["-n", "default", "get", "configmap,lease", "-o", "name"];
    let left = two.kubectl_ok(&absent);
    assert!(!left.contains("/a") && !left.contains("gitops"), "nothing was written, no lock either: {left}");
    let dry = run(&home, &two, "apply", &source, &["--yes", "--dry-run"]);
    assert_eq!((dry.code, dry.stderr.contains("this is another cluster")), (0, true), "{}", dry.stderr);
    assert_eq!(run(&home, &two, "apply", &source, &["--yes", "--cluster-uid", &uid(&two)]).code, 0);
    assert_eq!(run(&home, &two, "apply", &source, &["--yes"]).code, 0, "named once, it is known");
    assert_eq!(run(&home, &one, "apply", &source, &["--yes"]).code, 0, "and so is the first");

    // Each has its own base: an edit of one is drift there, and pending is told apart on the other.
    a_second();
    let patch = r#"{"data":{"k":"edited"}}"#;
    two.kubectl_ok(&["-n", "default", "patch", "configmap", "a", "--type=merge", "-p", patch]);
    let moved = Source::of(&[config("a", "1")]);
    let report = run(&home, &two, "diff", &moved, &[]).report();
    assert_eq!(differing(&report), ["drift ConfigMap a", "extra ConfigMap b"]);
    let base = |report: &Value| object(report, "ConfigMap", "a").map(|o| o.0["fields"][0]["base"].clone());
    assert_eq!(base(&report), Some(json!("1")), "{report}");
    assert_eq!(differing(&run(&home, &one, "diff", &moved, &[]).report()), ["extra ConfigMap b"]);
    // And its own prune.
    let pruned = run(&home, &one, "apply", &moved, &["--yes", "--prune"]);
    assert_eq!(actions(&pruned.report()), ["deleted ConfigMap b"], "{}", pruned.stderr);
    assert!(two.kubectl_ok(&absent).contains("configmap/b"), "the other keeps it");
}

/// A machine that remembers nothing, as most CI runners, asks nothing.
#[test]
fn without_a_memory_no_cluster_is_strange() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "forgetful");
    let source = Source::of(&[set.config("a", &json!({}))]);
    let home = tempfile::tempdir().expect("a directory can be made");
    let state = home.path().join(".local");
    std::fs::write(&state, "a file where the directory should be").expect("a file can be written");
    let args = ["apply", source.path(), "--set-name", "forgetful", "-n", &set.namespace, "--yes"];
    for _ in 0..2 {
        let run = gitops_at(home.path(), cluster.kubeconfig(), &args);
        assert_eq!((run.code, run.stderr.contains("another cluster")), (0, false), "{}", run.stderr);
    }
}
