//! `gitops apply --prune`.

use serde_json::{Value, json};

use super::{Set, actions, differing, reason, until};
use crate::support::cluster;
use crate::support::program::Source;

fn configs(set: &Set<'_>, names: std::ops::Range<usize>) -> Vec<Value> {
    names.map(|n| set.config(&format!("c{n:02}"), &json!({"n": n.to_string()}))).collect()
}

#[test]
fn what_left_git_goes_and_nothing_else() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "prune");
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": set.namespace}});
    let mut all = configs(&set, 0..12);
    all.push(secret);
    set.apply(&Source::of(&all));
    set.kubectl(&["create", "configmap", "foreign"]);
    let left = Source::of(&configs(&set, 0..10));
    // Without the flag nothing is deleted; the kind that Git does not have any more is known from the record.
    assert_eq!(actions(&set.apply(&left)), [""; 0]);
    assert!(set.exists("configmap/c10") && set.exists("secret/s"));
    let report = set.ok("apply", &left, &["--yes", "--prune"]);
    assert_eq!(actions(&report), ["deleted Secret s", "deleted ConfigMap c10", "deleted ConfigMap c11"]);
    assert!(set.exists("configmap/foreign") && set.exists("configmap/c09"));
    assert!(!set.exists("configmap/c10") && !set.exists("secret/s"));
    let members = set.parent()["data"]["members"].clone();
    assert_eq!(
        members,
        json!(format!("{{\"ConfigMap\":[\"{}\"]}}", set.namespace)),
        "narrowed to what is there"
    );
    assert_eq!(differing(&set.ok("diff", &left, &[])), [""; 0]);
}

/// FLT-55: more than 30 % of a set of ten is refused before anything is written.
#[test]
fn flt_55_a_large_loss_is_refused() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "budget");
    set.apply(&Source::of(&configs(&set, 0..12)));
    let mut few = configs(&set, 0..8);
    few[0]["data"]["n"] = json!("changed");
    let few = Source::of(&few);
    let run = set.run("apply", &few, &["--yes", "--prune"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(
        run.stderr.contains("4 objects would be deleted: more than 30 % of a set of 12"),
        "{}",
        run.stderr
    );
    assert_eq!(set.live("configmap/c00")["data"]["n"], "0", "nothing was written at all");
    set.ok("apply", &few, &["--yes", "--prune", "--max-deletes", "4"]);
    assert!(!set.exists("configmap/c08") && set.exists("configmap/c07"));
}

/// SEC-56, SEC-57 and marks: what is not surely a member that left Git stays.
#[test]
fn sec_56_sec_57_forged_marks_and_objects_of_other_sets_stay() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "marks");
    let mut kept = set.config("kept", &json!({}));
    kept["metadata"]["annotations"] = json!({"gitops/prune": "disabled"});
    let shared = set.config("shared", &json!({"k": "v"}));
    let base = configs(&set, 0..10);
    let with = |more: &[Value]| Source::of(&[&base[..], more].concat());
    set.apply(&with(&[kept, shared.clone(), set.config("moved", &json!({}))]));
    // Somebody copies the mark to an object that we never applied.
    let id = set.live("configmap/shared")["metadata"]["labels"]["applyset.kubernetes.io/part-of"].clone();
    set.kubectl(&["create", "configmap", "forged"]);
    set.kubectl(&[
        "label",
        "configmap/forged",
        &format!("applyset.kubernetes.io/part-of={}", id.as_str().unwrap_or_default()),
    ]);
    // Another set takes an object over.
    let other = Set { cluster, namespace: set.namespace.clone(), name: "other".to_owned() };
    let run = other.run("apply", &Source::of(std::slice::from_ref(&shared)), &["--yes"]);
    assert_eq!(run.code, 2, "another set's object is a conflict: {}", run.stderr);
    let uid = set.live("configmap/shared")["metadata"]["uid"].clone();
    other.ok("apply", &Source::of(&[shared]), &["--yes", "--adopt-set", "marks"]);
    let report = set.ok("apply", &with(&[]), &["--yes", "--prune"]);
    assert_eq!(actions(&report), ["deleted ConfigMap moved"]);
    for name in ["kept", "forged", "shared"] {
        assert!(set.exists(&format!("configmap/{name}")), "{name}");
    }
    assert_eq!(set.live("configmap/shared")["metadata"]["uid"], uid, "moved, never deleted");
}

/// FLT-38: a deletion that is denied stays recorded and is tried again.
#[test]
fn flt_38_a_denied_deletion_is_tried_again() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "survivors");
    let mut guarded = set.config("guarded", &json!({}));
    guarded["metadata"]["labels"] = json!({"guarded": set.namespace});
    let base = configs(&set, 0..10);
    set.apply(&Source::of(&[&base[..], &[guarded]].concat()));
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": set.namespace}, "spec": {"failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["DELETE"],
                "resources": ["configmaps"]}], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": set.namespace}}},
            "validations": [{"expression": "!has(oldObject.metadata.labels.guarded)", "message": "it is guarded"}]}});
    let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": set.namespace}, "spec": {"policyName": set.namespace, "validationActions": ["Deny"]}});
    for object in [&policy, &binding] {
        cluster.kubectl_stdin(&["apply", "-f", "-"], &object.to_string());
    }
    let delete = ["-n", &set.namespace, "delete", "configmap/guarded", "--dry-run=server"];
    until("the policy comes into force", || !cluster.kubectl(&delete).status.success());
    let left = Source::of(&base);
    let run = set.run("apply", &left, &["--yes", "--prune"]);
    assert_eq!(
        (run.code, actions(&run.report())),
        (2, vec!["failed ConfigMap guarded".to_owned()]),
        "{}",
        run.stderr
    );
    assert!(reason(&run.report(), "guarded").contains("it is guarded"));
    assert_eq!(
        differing(&set.run("diff", &left, &[]).report()),
        ["extra ConfigMap guarded"],
        "it is not forgotten"
    );
    cluster.kubectl_ok(&["delete", "validatingadmissionpolicybinding", &set.namespace]);
    until("the policy goes out of force", || cluster.kubectl(&delete).status.success());
    let report = set.ok("apply", &left, &["--yes", "--prune"]);
    assert_eq!(actions(&report), ["deleted ConfigMap guarded"]);
    cluster.kubectl_ok(&["delete", "validatingadmissionpolicy", &set.namespace]);
}

/// FLT-58: without a record that can be read nothing is pruned.
#[test]
fn flt_58_without_a_record_nothing_is_pruned() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "norecord");
    set.apply(&Source::of(&configs(&set, 0..12)));
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": set.namespace}});
    set.apply(&Source::of(&[&configs(&set, 0..12)[..], &[secret]].concat()));
    set.kubectl(&[
        "patch",
        "configmap/gitops-norecord",
        "--type=merge",
        "-p",
        r#"{"data":{"members":"[]"}}"#,
    ]);
    let left = Source::of(&configs(&set, 0..12));
    let run = set.run("apply", &left, &["--yes", "--prune"]);
    assert!(run.stderr.contains("no map of kinds to namespaces"), "{}", run.stderr);
    assert!(set.exists("secret/s"), "a kind that only the record names is not looked for without it");
    // The run wrote the record anew, from what is rendered and live.
    assert_eq!(actions(&set.apply(&left)), [""; 0]);
}
