//! `gitops revert` and `gitops rollback`.

use serde_json::{Value, json};

use super::{Set, a_second, actions, deployment, differing, reason, service};
use crate::base_revision::git;
use crate::support::cluster;
use crate::support::generate;
use crate::support::program::{Source, gitops};

/// Drift goes back to what was applied, what moved in Git waits, and a second revert writes nothing (PROP-07).
#[test]
fn prop_07_drift_is_undone_and_pending_changes_wait() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "revert");
    let config = |value: &str| set.config("c", &json!({"a": "1", "b": value}));
    set.apply(&Source::of(&[
        deployment(&set.namespace),
        service(&set.namespace),
        config("1"),
        set.config("gone", &json!({"k": "v"})),
    ]));
    let before = set.live("deployment/web");
    a_second();
    let container = "/spec/template/spec/containers/0";
    let edits = json!([
        {"op": "replace", "path": "/spec/replicas", "value": 7},
        {"op": "add", "path": format!("{container}/env/-"), "value": {"name": "NEW", "value": "1"}},
        {"op": "remove", "path": format!("{container}/env/0")},
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "debug", "image": "busybox"}},
    ]);
    set.kubectl(&[
        "patch",
        "deployment/web",
        "--type=json",
        "--field-manager=kubectl-edit",
        "-p",
        &edits.to_string(),
    ]);
    set.kubectl(&[
        "patch",
        "configmap/c",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
        r#"{"data":{"a":"x"}}"#,
    ]);
    set.kubectl(&["annotate", "configmap/c", "note=mine"]);
    set.kubectl(&["delete", "configmap/gone"]);
    // Git moves on in another field, and in one that somebody edited.
    let mut moved = deployment(&set.namespace);
    moved["spec"]["template"]["spec"]["containers"][1]["image"] = json!("registry.example/proxy:3");
    moved["spec"]["replicas"] = json!(4);
    let source =
        Source::of(&[moved, service(&set.namespace), config("2"), set.config("gone", &json!({"k": "v"}))]);
    let report = set.ok("revert", &source, &["--yes"]);
    let mut done = actions(&report);
    done.sort();
    assert_eq!(done, ["configured ConfigMap c", "configured Deployment web", "created ConfigMap gone"]);
    let after = set.live("deployment/web");
    assert_eq!(after["spec"], before["spec"], "as it was applied, the new image waits");
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "1", "b": "1"}));
    assert_eq!(
        set.live("configmap/c")["metadata"]["annotations"]["note"],
        "mine",
        "what does not count stays"
    );
    assert_eq!(
        differing(&set.run("diff", &source, &[]).report()),
        ["pending ConfigMap c", "pending Deployment web"]
    );
    assert_eq!(actions(&set.ok("revert", &source, &["--yes"])), [""; 0], "revert; revert");
    set.apply(&source);
    assert_eq!(differing(&set.ok("diff", &source, &[])), [""; 0]);
}

/// `--field`, `--manager` and `--only` choose; the rest keeps its live value.
#[test]
fn a_choice_leaves_the_rest_as_it_is() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "choice");
    let data = |a: &str, b: &str| json!({"a": a, "b": b});
    let source = Source::of(&[set.config("c", &data("1", "1")), set.config("d", &data("1", "1"))]);
    set.apply(&source);
    a_second();
    for (name, key, manager) in
        [("c", "a", "kubectl-edit"), ("c", "b", "kubectl-patch"), ("d", "a", "kubectl-edit")]
    {
        let patch = json!({"data": {key: "x"}}).to_string();
        set.kubectl(&[
            "patch",
            &format!("configmap/{name}"),
            "--type=merge",
            "--field-manager",
            manager,
            "-p",
            &patch,
        ]);
    }
    let live = |name: &str| set.live(&format!("configmap/{name}"))["data"].clone();
    let only = format!("ConfigMap/{}/c", set.namespace);
    set.ok("revert", &source, &["--yes", "--field", "data.a", "--only", &only]);
    assert_eq!((live("c"), live("d")), (data("1", "x"), data("x", "1")));
    set.ok("revert", &source, &["--yes", "--manager", "kubectl-edit"]);
    assert_eq!((live("c"), live("d")), (data("1", "x"), data("1", "1")));
    assert_eq!(
        actions(&set.ok("revert", &source, &["--yes", "--since", "1s", "--manager", "nobody"])),
        [""; 0]
    );
    set.ok("revert", &source, &["--yes"]);
    assert_eq!(live("c"), data("1", "1"));
}

/// Values of Secrets are put back where Git still has them, and left where nobody does; none is ever printed.
#[test]
fn secrets_go_back_where_git_has_the_value() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "secrets");
    let secret = |a: &str, b: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": set.namespace}, "data": {"a": a, "b": b}});
    set.apply(&Source::of(&[secret("Y2FuYXJ5LTE=", "Y2FuYXJ5LTI=")]));
    a_second();
    let edit = json!({"data": {"a": "ZWRpdGVk", "b": "ZWRpdGVk", "c": "YWRkZWQ="}}).to_string();
    set.kubectl(&["patch", "secret/s", "--type=merge", "--field-manager=kubectl-edit", "-p", &edit]);
    // Git keeps a and moves b on.
    let source = Source::of(&[secret("Y2FuYXJ5LTE=", "Y2FuYXJ5LTM=")]);
    let run = set.run("revert", &source, &["--yes"]);
    assert_eq!(run.code, 2, "one value is not kept: {}", run.stderr);
    assert!(
        run.stderr.contains("data.b is not put back") || run.stderr.contains("is not kept"),
        "{}",
        run.stderr
    );
    let data = set.live("secret/s")["data"].clone();
    assert_eq!(data, json!({"a": "Y2FuYXJ5LTE=", "b": "ZWRpdGVk"}), "a is back, c is gone, b is left");
    for text in ["canary", "Y2FuYXJ5", "ZWRpdGVk", "YWRkZWQ"] {
        assert!(!run.stdout.contains(text) && !run.stderr.contains(text), "{text}");
    }
}

/// A revert that would change more than was chosen is not done: here the server would take back a port that it had allotted.
#[test]
fn a_revert_changes_nothing_beside_what_was_chosen() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "beside");
    let mut wanted = service(&set.namespace);
    wanted["spec"]["type"] = json!("ClusterIP");
    let source = Source::of(&[wanted]);
    set.apply(&source);
    a_second();
    let edit = r#"{"spec":{"type":"NodePort"}}"#;
    set.kubectl(&["patch", "service/web", "--type=merge", "--field-manager=kubectl-edit", "-p", edit]);
    let before = set.live("service/web");
    let run = set.run("revert", &source, &["--yes"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let why = reason(&run.report(), "web");
    assert!(why.contains("revert would also change spec."), "{why}");
    let after = set.live("service/web");
    assert_eq!(after["spec"], before["spec"]);
    assert_eq!(
        after["metadata"]["managedFields"], before["metadata"]["managedFields"],
        "a take-over is undone"
    );
    // An apply is about the whole object, and takes the port back.
    set.apply(&source);
    assert_eq!(set.live("service/web")["spec"]["type"], "ClusterIP");
}

/// Without anything that tells what was applied a revert does nothing and says so.
#[test]
fn without_a_base_nothing_is_guessed() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "nobase");
    let source = Source::of(&[set.config("c", &json!({"a": "1"}))]);
    set.apply(&source);
    a_second();
    set.kubectl(&[
        "patch",
        "configmap/c",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
        r#"{"data":{"a":"x"}}"#,
    ]);
    let run = set.run("revert", &source, &["--yes", "--base", "none"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("what was applied last is not known"), "{}", run.stderr);
    assert_eq!(set.live("configmap/c")["data"]["a"], "x");
}

/// PROP-08: a rollback is the apply of an earlier commit, and diff against that commit is empty.
#[test]
fn prop_08_rollback_makes_the_cluster_equal_to_an_earlier_commit() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "rollback");
    let source = Source::of(&[set.config("a", &json!({"k": "1"})), set.config("b", &json!({}))]);
    let commit = || {
        git(source.file("").as_path(), &["add", "-A"]);
        git(source.file("").as_path(), &["commit", "-qm", "next"]);
    };
    git(source.file("").as_path(), &["init", "-q"]);
    commit();
    git(source.file("").as_path(), &["tag", "before"]);
    set.apply(&source);
    let next = [set.config("a", &json!({"k": "2"})), set.config("n", &json!({}))];
    write(&source, &next);
    commit();
    set.ok("apply", &source, &["--yes", "--prune"]);
    let args = [
        "rollback",
        "before",
        source.path(),
        "--set-name",
        &set.name,
        "-n",
        &set.namespace,
        "--yes",
        "--prune",
        "-o",
        "json",
    ];
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(differing(&set.ok("diff", &source, &["--ref", "before"])), [""; 0]);
    assert!(!set.exists("configmap/n") && set.exists("configmap/b"));
    let args = ["history", source.path(), "--set-name", &set.name, "-n", &set.namespace];
    let history = gitops(cluster, cluster.kubeconfig(), &args);
    let commands: Vec<&str> =
        history.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(commands, ["rollback", "apply", "apply"], "{}", history.stdout);
}

#[expect(clippy::disallowed_methods, reason = "a commit changes a file")]
fn write(source: &Source, objects: &[Value]) {
    std::fs::write(source.file("all.yaml"), generate::stream(objects)).expect("the file can be written");
}
