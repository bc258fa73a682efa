//! `gitops delete`.

use serde_json::{Value, json};

use super::{Set, actions};
use crate::support::cluster;
use crate::support::program::Source;

fn objects(set: &Set<'_>) -> Vec<Value> {
    vec![set.config("a", &json!({})), set.config("b", &json!({})), super::service(&set.namespace)]
}

#[test]
fn a_set_goes_with_its_record() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "gone");
    let source = Source::of(&objects(&set));
    set.apply(&source);
    set.kubectl(&["create", "configmap", "foreign"]);
    let run = set.run("delete", &source, &[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    let run = set.run("delete", &source, &["--yes"]);
    assert_eq!(run.code, 2, "--yes needs a number: {}", run.stderr);
    let run = set.run("delete", &source, &["--yes", "--max-deletes", "2"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(set.exists("configmap/a"));
    let report = set.ok("delete", &source, &["--yes", "--max-deletes", "3"]);
    assert_eq!(actions(&report), ["deleted ConfigMap a", "deleted ConfigMap b", "deleted Service web"]);
    for what in [
        "configmap/gitops-gone",
        "secret/gitops-gone-base-0",
        "secret/gitops-gone-base-1",
        "lease/gitops-gone",
    ] {
        assert!(!set.exists(what), "{what}");
    }
    assert!(set.exists("configmap/foreign"));
    assert_eq!(set.ok("delete", &source, &["--yes", "--max-deletes", "3"])["outcome"], "clean", "twice");
}

#[test]
fn protected_kinds_stay_with_the_record_until_they_are_named() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "protected");
    let mut all = objects(&set);
    all.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": set.namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}));
    let source = Source::of(&all);
    set.apply(&source);
    let run = set.run("delete", &source, &["--yes", "--max-deletes", "9"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("--allow-prune-kind PersistentVolumeClaim"), "{}", run.stderr);
    assert!(set.exists("pvc/data") && set.exists("configmap/gitops-protected") && !set.exists("configmap/a"));
}
