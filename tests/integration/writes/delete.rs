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

/// FLT-56: a namespace goes only when nothing is in it that is not the set's, a definition only without objects of others.
#[test]
fn flt_56_namespaces_and_definitions_stay_while_they_hold_what_is_not_the_sets() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "contents");
    let (made, group) = (format!("{}-made", set.namespace), format!("{}.example.com", set.namespace));
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let source = Source::of(&[
        definition,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ours", "namespace": made}}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "ours", "namespace": made}}),
    ]);
    set.apply(&source);
    let foreign = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "foreign", "namespace": set.namespace}});
    cluster.kubectl_stdin(&["apply", "-f", "-"], &foreign.to_string());
    cluster.kubectl_ok(&["-n", &made, "create", "configmap", "foreign"]);
    let flags = [
        "--yes",
        "--max-deletes",
        "9",
        "--allow-prune-kind",
        "Namespace",
        "--allow-prune-kind",
        "CustomResourceDefinition",
    ];
    let run = set.run("delete", &source, &flags);
    assert_eq!(run.code, 5, "{}", run.stderr);
    for words in [
        format!("it holds ConfigMap {made}/foreign"),
        format!("there is Widget.{group} {}/foreign", set.namespace),
    ] {
        assert!(
            run.stderr.contains(&words) || run.stderr.contains(&words.replace(&format!(".{group}"), "")),
            "{words}: {}",
            run.stderr
        );
    }
    let all = ["get", "namespace,crd", "-o", "name"];
    let left = cluster.kubectl_ok(&all);
    assert!(
        left.contains(&format!("namespace/{made}")) && left.contains(&format!("widgets.{group}")),
        "{left}"
    );
    assert!(set.exists("configmap/gitops-contents"), "the record stays with them");
    cluster.kubectl_ok(&["-n", &made, "delete", "configmap", "foreign"]);
    cluster.kubectl_ok(&["-n", &set.namespace, "delete", &format!("widgets.{group}"), "foreign"]);
    let run = set.run("delete", &source, &flags);
    let mut done = actions(&run.report());
    done.sort();
    assert!(
        done.iter().any(|action| action.ends_with(&format!("Namespace {made}"))),
        "{done:?} {}",
        run.stderr
    );
    assert!(done.iter().any(|action| action.contains("CustomResourceDefinition")), "{done:?} {}", run.stderr);
}
