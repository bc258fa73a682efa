//! What may happen to a run that writes, by the numbers of the fault catalogue.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Set, a_second, actions, differing, reason, service, until};
use crate::support::cluster;
use crate::support::program::{Run, Source, gitops};
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Entry, Proxy};

/// Applies through a proxy that holds the first write of a ConfigMap back, and meanwhile does something else.
fn apply_while(set: &Set<'_>, source: &Source, meanwhile: impl FnOnce() + Send) -> Run {
    let held = Rule {
        nth: Some(0),
        dry_run: Some(false),
        ..Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_secs(3)))
    };
    let proxy = Proxy::start(set.cluster, vec![held], None);
    let args = ["apply", source.path(), "--set-name", &set.name, "-n", &set.namespace, "--yes", "-o", "json"];
    std::thread::scope(|scope| {
        let run = scope.spawn(|| gitops(set.cluster, proxy.kubeconfig(), &args));
        let is_it = |entry: &Entry| {
            entry.verb == "patch" && entry.about.resource == "configmaps" && !entry.about.dry_run
        };
        until("the write of a ConfigMap", || proxy.journal().iter().any(is_it));
        meanwhile();
        run.join().expect("the run ends")
    })
}

/// FLT-10: an object that somebody writes in between is read again; what was approved is done, and nothing else.
#[test]
fn flt_10_only_what_was_approved_is_written_over_a_change() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "between");
    let source = |a: &str| Source::of(&[set.config("c", &json!({"a": a, "b": "1"}))]);
    set.apply(&source("1"));
    a_second();
    let patch = |manager: &str, data: Value| {
        let patch = json!({"data": data}).to_string();
        set.kubectl(&["patch", "configmap/c", "--type=merge", "--field-manager", manager, "-p", &patch]);
    };
    let run = apply_while(&set, &source("2"), || patch("controller", json!({"other": "x"})));
    assert_eq!(
        (run.code, actions(&run.report())),
        (0, vec!["configured ConfigMap c".to_owned()]),
        "{}",
        run.stderr
    );
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "2", "b": "1", "other": "x"}));
    let run = apply_while(&set, &source("3"), || patch("kubectl-edit", json!({"b": "theirs"})));
    let why = reason(&run.report(), "c");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(why.contains("somebody changed"), "{why}");
    assert_eq!(
        set.live("configmap/c")["data"],
        json!({"a": "2", "b": "theirs", "other": "x"}),
        "nothing is overwritten"
    );
}

/// FLT-32: an object that is deleted in between is made anew.
#[test]
fn flt_32_an_object_that_is_deleted_in_between_is_made_anew() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "deleted");
    let source = |a: &str| Source::of(&[set.config("c", &json!({"a": a}))]);
    set.apply(&source("1"));
    let run = apply_while(&set, &source("2"), || drop(set.kubectl(&["delete", "configmap/c"])));
    assert_eq!(
        (run.code, actions(&run.report())),
        (0, vec!["created ConfigMap c".to_owned()]),
        "{}",
        run.stderr
    );
    assert_eq!(set.live("configmap/c")["data"]["a"], "2");
}

/// FLT-13: a namespace that is going is told as what it is, and not as a missing right.
#[test]
fn flt_13_a_namespace_that_is_being_deleted_is_told() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "going");
    let going = format!("{}-going", set.namespace);
    cluster.kubectl_ok(&["create", "namespace", &going]);
    cluster.kubectl_ok(&["-n", &going, "create", "configmap", "held"]);
    cluster.kubectl_ok(&[
        "-n",
        &going,
        "patch",
        "configmap",
        "held",
        "-p",
        r#"{"metadata":{"finalizers":["example.com/held"]}}"#,
    ]);
    cluster.kubectl_ok(&["delete", "namespace", &going, "--wait=false"]);
    let object =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": going}});
    let run = set.run("apply", &Source::of(&[object]), &["--yes"]);
    let why = reason(&run.report(), "c");
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(why.contains("being terminated") || why.contains("NamespaceTerminating"), "{why}");
    assert!(!why.contains("cannot create"), "{why}");
}

/// FLT-17: objects of a kind whose definition is gone are unknown, and nothing is deleted.
#[test]
fn flt_17_a_definition_that_is_gone_makes_its_objects_unknown() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "lost");
    let group = format!("{}.example.com", set.namespace);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    cluster.define(&definition, "v1", "widgets");
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "w", "namespace": set.namespace}});
    let extra = set.config("extra", &json!({}));
    let base: Vec<Value> = (0..9).map(|n| set.config(&format!("c{n}"), &json!({}))).collect();
    set.apply(&Source::of(&[&base[..], &[widget.clone(), extra]].concat()));
    cluster.kubectl_ok(&["delete", "crd", &format!("widgets.{group}")]);
    let left = Source::of(&[&base[..], &[widget]].concat());
    let run = set.run("apply", &left, &["--yes", "--prune"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(set.exists("configmap/extra"), "nothing is deleted on doubt");
}

/// FLT-19: what is too large is told for the one object.
#[test]
fn flt_19_an_object_that_is_too_large_fails_alone() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "large");
    let large = set.config("large", &json!({"k": "x".repeat(1_200_000)}));
    let run = set.run("apply", &Source::of(&[set.config("a", &json!({})), large]), &["--yes"]);
    let report = run.report();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(actions(&report).contains(&"failed ConfigMap large".to_owned()), "{:?}", actions(&report));
    assert!(reason(&report, "large").contains("1048576"), "{}", reason(&report, "large"));
    assert!(set.exists("configmap/a"));
}

/// FLT-28, FLT-30, FLT-31: what can never be applied stops the run before its first write.
#[test]
fn flt_28_flt_30_flt_31_wrong_manifests_stop_the_run_before_its_first_write() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "wrong");
    let good = set.config("good", &json!({}));
    let twice =
        [good.clone(), set.config("twice", &json!({"a": "1"})), set.config("twice", &json!({"a": "2"}))];
    let removed = [
        good.clone(),
        json!({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": {"name": "old"}}),
    ];
    let nameless =
        [good, json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}})];
    for (objects, expected) in [
        (&twice[..], "holds this object 2 times"),
        (&removed[..], "does not serve extensions/v1beta1"),
        (&nameless[..], "generateName"),
    ] {
        let run = set.run("apply", &Source::of(objects), &["--yes"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
        assert!(!set.exists("configmap/good"), "{expected}");
    }
}

/// FLT-57: after a rename the objects of the old set are a conflict until they are taken over, and none is deleted.
#[test]
fn flt_57_a_renamed_set_deletes_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    let old = Set::new(cluster, "before");
    let source = Source::of(&[old.config("a", &json!({"k": "v"})), old.config("b", &json!({"k": "v"}))]);
    old.apply(&source);
    let uid = old.live("configmap/a")["metadata"]["uid"].clone();
    let new = Set { cluster, namespace: old.namespace.clone(), name: "after".to_owned() };
    let run = new.run("apply", &source, &["--yes", "--prune"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(differing(&run.report()), ["conflict ConfigMap a", "conflict ConfigMap b"]);
    new.ok("apply", &source, &["--yes", "--prune", "--adopt-set", "before"]);
    assert_eq!(old.live("configmap/a")["metadata"]["uid"], uid);
    // The old set has no members left, and goes without taking anything along.
    old.ok("delete", &source, &["--yes", "--max-deletes", "0"]);
    assert!(old.exists("configmap/a") && !old.exists("configmap/gitops-before"));
}

/// FLT-60: what others change after an apply outside of Git asks for no write.
#[test]
fn flt_60_fields_of_controllers_ask_for_no_write() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "operator");
    let source = Source::of(&[super::deployment(&set.namespace)]);
    set.apply(&source);
    a_second();
    let patch = json!({"metadata": {"annotations": {"operator.example.com/seen": "1"}}, "spec": {"template": {"metadata":
        {"annotations": {"operator.example.com/hash": "abc"}}}}}).to_string();
    set.kubectl(&["patch", "deployment/web", "--type=merge", "--field-manager=operator", "-p", &patch]);
    assert_eq!(actions(&set.apply(&source)), [""; 0]);
    assert_eq!(
        set.live("deployment/web")["spec"]["template"]["metadata"]["annotations"]["operator.example.com/hash"],
        "abc"
    );
}

/// FLT-40: a report that cannot be written leaves nothing half done.
#[test]
#[expect(clippy::disallowed_methods, reason = "runs the program with a stdout of its own")]
fn flt_40_a_full_stdout_leaves_nothing_half_done() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "full");
    let source = Source::of(&[set.config("a", &json!({})), set.config("b", &json!({}))]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there is such a device");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_gitops"))
        .args(["apply", source.path(), "--set-name", &set.name, "-n", &set.namespace, "--yes", "-o", "json"])
        .env_clear()
        .env("HOME", cluster.dir())
        .env("KUBECONFIG", cluster.kubeconfig())
        .stdout(full)
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(2));
    assert!(set.exists("configmap/a") && set.exists("configmap/b") && set.exists("configmap/gitops-full"));
    assert_eq!(actions(&set.apply(&source)), [""; 0], "and the lock is free");
}

/// SEC-55: a set that is pinned to a cluster is applied to no other.
#[test]
fn sec_55_another_cluster_than_the_pinned_one_is_refused() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "pinned");
    let source = Source::of(&[set.config("a", &json!({}))]);
    let run = set.run("apply", &source, &["--yes", "--cluster-uid", "00000000-0000-0000-0000-000000000000"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("wrong cluster") && !set.exists("configmap/a"), "{}", run.stderr);
}

/// SEC-58: what a repository may reach is bounded by the user, before anything is written.
#[test]
fn sec_58_a_set_that_reaches_beyond_what_is_allowed_is_refused() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "bounded");
    let here = set.config("a", &json!({}));
    let there = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sec-58", "namespace": "kube-system"}});
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "sec-58"}, "rules": []});
    let own = ["--yes", "--allow-namespace", &set.namespace];
    for (more, word) in
        [(&there, "kube-system is none of the allowed namespaces"), (&role, "it is in no namespace")]
    {
        let source = Source::of(&[here.clone(), more.clone()]);
        let run = set.run("apply", &source, &own);
        assert_eq!((run.code, run.stderr.contains(word)), (5, true), "{}", run.stderr);
        assert!(!set.exists("configmap/a"), "nothing was written");
    }
    let source = Source::of(&[here.clone(), role]);
    let run = set.run("apply", &source, &["--yes", "--allow-kind", "ConfigMap,Secret"]);
    assert_eq!((run.code, run.stderr.contains("none of the allowed kinds")), (5, true), "{}", run.stderr);
    let elsewhere = ["--yes", "--allow-namespace", "other-*"];
    let source = Source::of(&[here]);
    assert_eq!(set.run("apply", &source, &elsewhere).code, 5);
    assert!(!cluster.kubectl_ok(&["get", "clusterrole", "-o", "name"]).contains("sec-58"));
    set.ok("apply", &source, &own);
    // The record is no way around it.
    let other = Source::of(&[set.config("b", &json!({}))]);
    let run = set.run("apply", &other, &[&own[..], &["--record-namespace", "kube-public"]].concat());
    assert_eq!(run.code, 0, "where the user says: {}", run.stderr);
    let config = Source::files(&[
        (
            "gitops.yaml",
            "apiVersion: gitops/v1\ntargets:\n- {name: t, path: app, recordNamespace: kube-system}\n",
        ),
        ("app/a.yaml", &set.config("d", &json!({})).to_string()),
    ]);
    let args = ["apply", config.path(), "--yes", "--allow-namespace", &set.namespace];
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!((run.code, run.stderr.contains("the record of set t")), (5, true), "{}", run.stderr);
}

/// What takes the place of a member that left Git may be what failed, so that member stays, even where a run goes on.
#[test]
fn nothing_is_pruned_after_a_step_that_failed() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "no-prune");
    set.apply(&Source::of(&[set.config("old", &json!({})), set.config("kept", &json!({"k": "1"}))]));
    let mut refused = service(&set.namespace);
    refused["spec"]["ports"][0]["port"] = json!(99_999);
    let source = Source::of(&[set.config("kept", &json!({"k": "2"})), refused]);
    let run = set.run("apply", &source, &["--yes", "--prune", "--continue-on-error"]);
    let acts = ["configured ConfigMap kept", "failed Service web", "not started ConfigMap old"];
    let mut told = actions(&run.report());
    told.sort();
    assert_eq!((run.code, &told[..]), (2, &acts.map(str::to_owned)[..]), "{}", run.stderr);
    assert!(set.exists("configmap/old"));
}
