//! `--base REV` on the real server: what moved since the revision that was applied, on which side, object by object.
#![expect(clippy::disallowed_methods, reason = "runs git and writes the files of a repository")]

use std::process::Command;

use serde_json::Value;

use crate::support::cluster;
use crate::support::program::{self, objects};

/// The revision that is applied.
pub(crate) const APPLIED: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {drift: "1", pending: "1", diverged: "1", converged: "1", removal: "1", same: "1", removed-live: "1", dropped-changed: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: deleted}
data: {a: "1"}
"#;

/// What Git says now.
pub(crate) const WANTED: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data: {drift: "1", pending: "2", diverged: "2", converged: "2", same: "1", removed-live: "1", add: "1", add-foreign: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: deleted}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fresh}
data: {a: "1"}
"#;

/// What somebody does to the cluster in between.
pub(crate) const EDIT: &str = r#"{"data": {"drift": "x", "diverged": "x", "converged": "2", "removed-live": null,
    "dropped-changed": "x", "add-foreign": "x"}}"#;

pub(crate) fn git(dir: &std::path::Path, args: &[&str]) {
    let fixed = ["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "init.defaultBranch=main"];
    let output = Command::new("git")
        .args(fixed)
        .args(args)
        .current_dir(dir)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output();
    let output = output.expect("git starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn each_side_that_moved_is_told_and_a_withheld_base_leaves_it_to_the_evidence() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("base");
    let dir = tempfile::tempdir().expect("a directory");
    let commit = |text: &str, message: &str| {
        std::fs::write(dir.path().join("all.yaml"), text).expect("a file");
        git(dir.path(), &["add", "-A"]);
        git(dir.path(), &["commit", "-qm", message]);
    };
    git(dir.path(), &["init", "-q"]);
    commit(APPLIED, "applied");
    cluster.kubectl_stdin(
        &["-n", &namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"],
        APPLIED,
    );
    // Owners' times have seconds, and only a later one is newer.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    cluster.kubectl_ok(&["-n", &namespace, "patch", "configmap", "config", "--type=merge", "-p", EDIT]);
    cluster.kubectl_ok(&["-n", &namespace, "delete", "configmap", "deleted"]);
    commit(WANTED, "wanted");

    let source = dir.path().to_str().expect("a plain path");
    let diff = |base: &str| {
        let args = ["diff", source, "-n", &namespace, "-o", "json", "--base", base];
        let run = program::gitops(cluster, cluster.kubeconfig(), &args);
        assert_eq!(run.code, 1, "{}", run.stderr);
        run.report()
    };
    let classes = |report: &Value| -> Vec<(String, String)> {
        let config = program::object(report, "ConfigMap", "config").expect("it differs");
        config.fields().into_iter().map(|(path, class, _)| (path, class)).collect()
    };
    let statuses = |report: &Value| -> Vec<(String, String)> {
        objects(report).iter().map(|o| (o.name().to_owned(), o.status().to_owned())).collect()
    };
    let owned = |rows: &[(&str, &str)]| -> Vec<(String, String)> {
        rows.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };

    let known = diff("HEAD~1");
    assert_eq!(statuses(&known), owned(&[("config", "diverged"), ("deleted", "missing"), ("fresh", "new")]));
    let expected = [
        ("data.add", "pending"),
        ("data.add-foreign", "diverged"),
        ("data.diverged", "diverged"),
        ("data.drift", "drift"),
        ("data.dropped-changed", "diverged"),
        ("data.pending", "pending"),
        ("data.removal", "removal"),
        ("data.removed-live", "drift"),
    ];
    assert_eq!(classes(&known), owned(&expected));

    let unknown = diff("none");
    assert_eq!(
        statuses(&unknown),
        owned(&[("config", "diverged"), ("deleted", "missing"), ("fresh", "missing")])
    );
    let expected = [
        ("data.add", "differs"),
        ("data.add-foreign", "drift"),
        ("data.diverged", "drift"),
        ("data.drift", "drift"),
        ("data.dropped-changed", "added"),
        ("data.pending", "pending"),
        ("data.removal", "removal"),
        ("data.removed-live", "differs"),
    ];
    assert_eq!(classes(&unknown), owned(&expected));
}

/// The server records `stringData` under that name, and stores `data`.
#[test]
fn a_text_of_a_secret_that_git_changed_is_pending_and_one_that_was_edited_is_drift() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("texts");
    let secret = |a: &str, b: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: texts}}\nstringData: {{a: {a}, b: {b}}}\n")
    };
    let apply = ["-n", &namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"];
    cluster.kubectl_stdin(&apply, &secret("old", "old"));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let edit = r#"{"stringData": {"b": "edited"}}"#;
    cluster.kubectl_ok(&["-n", &namespace, "patch", "secret", "texts", "--type=merge", "-p", edit]);

    let source = program::Source::files(&[("all.yaml", &secret("new", "old"))]);
    let args = ["diff", source.path(), "-n", &namespace, "-o", "json"];
    let run = program::gitops(cluster, cluster.kubeconfig(), &args);
    let report = run.report();
    let texts = program::object(&report, "Secret", "texts").expect("it differs");
    let classes: Vec<(String, String)> =
        texts.fields().into_iter().map(|(path, class, _)| (path, class)).collect();
    let expected = [("data.a", "pending"), ("data.b", "drift")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(classes, expected, "{}", run.stderr);
}
