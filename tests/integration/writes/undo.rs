//! `gitops undo`: what a run changed, made and deleted goes back; what others did since stays.

use serde_json::{Value, json};

use super::{Set, a_second, actions, deployment, differing, reason, service};
use crate::support::cluster;
use crate::support::program::{Run, Source, gitops_at};
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Entry, Proxy};

/// A ConfigMap, a Secret and a workload at one of two versions, and what only one of them has.
fn version(set: &Set<'_>, number: usize) -> Source {
    let text = |one: &str, two: &str| json!(if number == 1 { one } else { two });
    let mut web = deployment(&set.namespace);
    web["spec"]["replicas"] = if number == 1 { json!(3) } else { json!(5) };
    web["spec"]["template"]["spec"]["containers"][1]["image"] =
        text("registry.example/proxy:2", "registry.example/proxy:3");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": set.namespace},
        "data": {"k": text("b25l", "dHdv"), "same": "c2FtZQ=="}});
    let config = set.config("c", &json!({"a": text("1", "2"), "b": "1"}));
    let own = match number {
        1 => set.config("gone", &json!({"k": "v"})),
        _ => set.config("made", &json!({"k": "v"})),
    };
    Source::of(&[web, secret, config, own, service(&set.namespace)])
}

/// What people and tools see of an object: everything but its status and what the server counts.
fn content(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    let metadata = object["metadata"].as_object_mut().expect("an object has metadata");
    for key in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"] {
        metadata.remove(key);
    }
    // The controller counts the revisions of a Deployment.
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    if metadata.get("annotations").is_some_and(|annotations| annotations == &json!({})) {
        metadata.remove("annotations");
    }
    object
}

/// Who owns what since when, without what belongs to the status.
fn owners(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().expect("an object has managedFields");
    let mut texts: Vec<String> =
        entries.iter().filter(|entry| entry["subresource"] != "status").map(Value::to_string).collect();
    texts.sort();
    texts
}

fn undo_at(set: &Set<'_>, home: &std::path::Path, flags: &[&str]) -> Run {
    // The source only names a set, and this one has a name.
    let source = Source::files(&[]);
    let mut args = vec!["undo", source.path(), "--set-name", &set.name, "-n", &set.namespace, "-o", "json"];
    args.extend(flags);
    gitops_at(home, set.cluster.kubeconfig(), &args)
}

fn undo(set: &Set<'_>, flags: &[&str]) -> Run {
    undo_at(set, set.cluster.dir(), flags)
}

fn edit(set: &Set<'_>, what: &str, patch: &Value) {
    let patch = patch.to_string();
    set.kubectl(&["patch", what, "--type=strategic", "--field-manager=kubectl-edit", "-p", &patch]);
}

const ALL: [&str; 4] = ["deployment/web", "secret/s", "configmap/c", "service/web"];

/// Content, labels, owners and their times are those from before the run, in one change of the workload's specification; an
/// undo of the undo is the run again.
#[test]
fn everything_goes_back_as_it_was() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "undo");
    set.apply(&version(&set, 1));
    a_second();
    // Values of others than us, beside and among those that the next run writes.
    edit(
        &set,
        "deployment/web",
        &json!({"spec": {"replicas": 4, "template": {"spec": {"containers":
        [{"name": "web", "env": [{"name": "MINE", "value": "1"}]}]}}}}),
    );
    edit(
        &set,
        "configmap/c",
        &json!({"data": {"added": "x"}, "metadata": {"annotations": {"note": "mine"}}}),
    );
    a_second();
    let live = |what: &str| set.live(what);
    let before: Vec<Value> = ALL.iter().map(|what| live(what)).collect();
    let gone = live("configmap/gone");
    set.ok("apply", &version(&set, 2), &["--yes", "--prune"]);
    let after: Vec<Value> = ALL.iter().map(|what| live(what)).collect();
    assert_ne!(content(&after[0]), content(&before[0]));
    assert!(!set.exists("configmap/gone") && set.exists("configmap/made"));
    a_second();

    let dry = undo(&set, &["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert_eq!(
        differing(&dry.report()),
        [
            "differs Secret s",
            "differs ConfigMap c",
            "missing ConfigMap gone",
            "extra ConfigMap made",
            "differs Deployment web"
        ]
    );
    assert!(!dry.stdout.contains("b25l") && !dry.stdout.contains("dHdv"), "{}", dry.stdout);
    assert_eq!(content(&live("deployment/web")), content(&after[0]), "a dry run writes nothing");
    let run = undo(&set, &[]);
    assert_eq!(run.code, 5, "nobody was asked: {}", run.stderr);

    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(
        actions(&run.report()),
        [
            "configured Secret s",
            "configured ConfigMap c",
            "created ConfigMap gone",
            "deleted ConfigMap made",
            "configured Deployment web"
        ]
    );
    for (what, before) in ALL.iter().zip(&before) {
        let now = live(what);
        assert_eq!(content(&now), content(before), "{what}");
        assert_eq!(owners(&now), owners(before), "{what}");
        assert_eq!(now["metadata"]["uid"], before["metadata"]["uid"], "{what}");
    }
    let generation = |object: &Value| object["metadata"]["generation"].as_i64().expect("it has a generation");
    assert_eq!(generation(&live("deployment/web")), generation(&after[0]) + 1, "one roll-out");
    let back = live("configmap/gone");
    assert_eq!((content(&back), owners(&back)), (content(&gone), owners(&gone)));
    assert_ne!(back["metadata"]["uid"], gone["metadata"]["uid"]);
    assert!(!set.exists("configmap/made"));

    assert_private(&set.cluster.dir().join(".local/state/gitops/undo"));

    // Once more: the run again.
    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (what, after) in ALL.iter().zip(&after) {
        let now = live(what);
        assert_eq!(content(&now), content(after), "{what}");
        assert_eq!(owners(&now), owners(after), "{what}");
    }
    assert!(!set.exists("configmap/gone") && set.exists("configmap/made"));
    assert_eq!(differing(&set.ok("diff", &version(&set, 2), &[])), [""; 0]);
    assert_eq!(
        actions(&set.ok("apply", &version(&set, 2), &["--yes"])),
        [""; 0],
        "nothing is left to be applied"
    );
}

/// The home of another machine: it shares nothing but the cluster.
fn elsewhere() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory can be made")
}

/// From another machine everything goes back but what reports hide, and that is said.
#[test]
fn another_machine_puts_back_what_the_cluster_keeps() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "elsewhere");
    set.apply(&version(&set, 1));
    let before = content(&set.live("deployment/web"));
    a_second();
    let run = set.run("apply", &version(&set, 2), &["--yes", "--prune"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("what reports hide of 1 object is kept for undo on this machine only"),
        "{}",
        run.stderr
    );
    let other = elsewhere();
    let kept = set.kubectl(&["get", "secret", "-o", "json", "gitops-elsewhere-undo-0"]);
    assert!(kept.contains("gitops/undo"), "{kept}");
    let run = undo_at(&set, other.path(), &["--yes"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("--from-cluster"), "{}", run.stderr);
    assert_ne!(content(&set.live("deployment/web")), before, "nothing is written");

    let run = undo_at(&set, other.path(), &["--yes", "--from-cluster"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    let report = run.report();
    assert_eq!(
        actions(&report),
        [
            "refused Secret s",
            "configured ConfigMap c",
            "created ConfigMap gone",
            "deleted ConfigMap made",
            "configured Deployment web"
        ]
    );
    assert!(reason(&report, "s").contains("only on the machine of that run"), "{}", reason(&report, "s"));
    assert_eq!(content(&set.live("deployment/web")), before);
    assert_eq!(set.live("secret/s")["data"], json!({"k": "dHdv", "same": "c2FtZQ=="}), "as the run left it");
    // What is left is put back where the values are.
    let run = undo(&set, &["--yes"]);
    assert_eq!(
        (run.code, actions(&run.report())),
        (0, vec!["configured Secret s".to_owned()]),
        "{}",
        run.stderr
    );
    assert_eq!(set.live("secret/s")["data"], json!({"k": "b25l", "same": "c2FtZQ=="}));
    for output in [&run.stdout, &run.stderr] {
        assert!(!output.contains("b25l") && !output.contains("dHdv"), "{output}");
    }
}

/// A Secret of which the run changed no value goes back from anywhere: its values are still there.
#[test]
fn values_that_did_not_change_are_found_in_the_live_object() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "values");
    let secret = |label: &str| {
        Source::of(&[json!({"apiVersion": "v1", "kind": "Secret", "data": {"k": "b25l"},
            "metadata": {"name": "s", "namespace": set.namespace, "labels": {"v": label}}})])
    };
    set.apply(&secret("1"));
    a_second();
    set.apply(&secret("2"));
    let run = undo_at(&set, elsewhere().path(), &["--yes", "--from-cluster"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let live = set.live("secret/s");
    assert_eq!((&live["data"]["k"], &live["metadata"]["labels"]["v"]), (&json!("b25l"), &json!("1")));
}

/// What somebody did since is not overwritten; what a controller did beside it stays.
#[test]
fn what_was_changed_since_is_refused_and_the_rest_goes_back() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "moved");
    let all = |value: &str| -> Source {
        let config = |name: &str| set.config(name, &json!({"k": value}));
        Source::of(&["same", "beside", "operated", "fought", "deleted", "again"].map(config))
    };
    set.apply(&all("1"));
    a_second();
    let next: Vec<Value> = ["same", "beside", "operated", "fought", "deleted", "again", "new"]
        .map(|name| set.config(name, &json!({"k": "2"})))
        .to_vec();
    set.apply(&Source::of(&next));
    a_second();
    let patch = |name: &str, manager: &str, data: Value| {
        let (what, patch) = (format!("configmap/{name}"), json!({"data": data}).to_string());
        set.kubectl(&["patch", &what, "--type=merge", "--field-manager", manager, "-p", &patch]);
    };
    patch("beside", "kubectl-edit", json!({"other": "x"}));
    patch("operated", "operator", json!({"other": "x"}));
    patch("fought", "operator", json!({"k": "3"}));
    patch("new", "kubectl-edit", json!({"k": "3"}));
    set.kubectl(&["delete", "configmap/deleted"]);
    set.kubectl(&["delete", "configmap/again"]);
    set.kubectl(&["create", "configmap", "again"]);
    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    let report = run.report();
    assert_eq!(
        actions(&report),
        [
            "refused ConfigMap again",
            "refused ConfigMap beside",
            "refused ConfigMap deleted",
            "refused ConfigMap fought",
            "refused ConfigMap new",
            "configured ConfigMap operated",
            "configured ConfigMap same",
        ]
    );
    for (name, why) in [
        ("again", "somebody made another one since the run"),
        ("beside", "kubectl-edit changed it since the run"),
        ("deleted", "somebody deleted it since the run"),
        ("fought", "data.k was changed since the run by operator"),
        ("new", "kubectl-edit changed it since the run"),
    ] {
        assert_eq!(reason(&report, name), why);
    }
    let data = |name: &str| set.live(&format!("configmap/{name}"))["data"].clone();
    assert_eq!(data("same"), json!({"k": "1"}));
    assert_eq!(data("operated"), json!({"k": "1", "other": "x"}));
    assert_eq!(data("beside"), json!({"k": "2", "other": "x"}));
    assert_eq!(data("fought"), json!({"k": "3"}));
    assert_eq!(data("new"), json!({"k": "3"}));
    let entries = set.live("configmap/operated")["metadata"]["managedFields"].to_string();
    assert!(entries.contains("operator"), "the controller keeps what it has: {entries}");
    // Once somebody has taken the edit back, the rest of the undo can be done.
    patch("beside", "kubectl-edit", json!({"other": null}));
    let run = undo(&set, &["--yes"]);
    assert!(
        actions(&run.report()).contains(&"configured ConfigMap beside".to_owned()),
        "{}{}",
        run.stdout,
        run.stderr
    );
    assert_eq!(data("beside"), json!({"k": "1"}));
}

/// What was applied last stays what it was: after an undo the cluster has drifted from it, and Git of before is in sync.
#[test]
fn a_diff_after_an_undo_is_honest() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "honest");
    let one = |value: &str, name: &str| {
        Source::of(&[set.config("c", &json!({"k": value})), set.config(name, &json!({}))])
    };
    let (old, new) = (one("1", "old"), one("2", "new"));
    set.apply(&old);
    a_second();
    set.ok("apply", &new, &["--yes", "--prune"]);
    a_second();
    assert_eq!(undo(&set, &["--yes"]).code, 0);
    assert_eq!(differing(&set.ok("diff", &old, &[])), [""; 0], "as it was");
    let report = set.run("diff", &new, &[]).report();
    assert_eq!(differing(&report), ["drift ConfigMap c", "new ConfigMap new", "extra ConfigMap old"]);
    let args = ["history", old.path(), "--set-name", "honest", "-n", &set.namespace];
    let history = super::gitops(cluster, cluster.kubeconfig(), &args);
    let commands: Vec<&str> =
        history.stdout.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(commands[0], "undo", "{}", history.stdout);
    let can: Vec<bool> = history.stdout.lines().map(|line| line.ends_with(", can be undone")).collect();
    assert_eq!(can, [true, false], "{}", history.stdout);
    // The next apply is an ordinary one, and can be undone in its turn.
    set.ok("apply", &new, &["--yes", "--prune"]);
    assert_eq!(differing(&set.ok("diff", &new, &[])), [""; 0]);
    assert_eq!(undo(&set, &["--yes"]).code, 0);
    assert_eq!(differing(&set.ok("diff", &old, &[])), [""; 0]);
}

/// A run that writes nothing, or fails before it writes, leaves the record of the run before.
#[test]
fn a_run_that_writes_nothing_leaves_the_record() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "noop");
    let of = |value: &str| set.config("c", &json!({"k": value}));
    set.apply(&Source::of(&[of("1")]));
    a_second();
    set.apply(&Source::of(&[of("2")]));
    let kept = || set.live("secret/gitops-noop-undo-0")["data"].clone();
    let before = kept();
    set.apply(&Source::of(&[of("2")]));
    assert_eq!(kept(), before);
    let large = set.config("large", &json!({"k": "x".repeat(1_200_000)}));
    assert_eq!(set.run("apply", &Source::of(&[of("2"), large]), &["--yes"]).code, 2);
    assert_eq!(kept(), before, "a run that could write nothing");
    assert_eq!(undo(&set, &["--yes"]).code, 0);
    assert_eq!(set.live("configmap/c")["data"]["k"], "1");
}

/// After `gitops delete` the cluster holds nothing of the set; the machine that deleted it can bring it back.
#[test]
fn a_deleted_set_comes_back_from_this_machine() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "back");
    let source = Source::of(&[set.config("c", &json!({"k": "1"})), service(&set.namespace)]);
    set.apply(&source);
    let before = [set.live("configmap/c"), set.live("service/web")];
    let run = set.run("delete", &source, &["--yes", "--max-deletes", "2"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("this run can be undone from this machine only"), "{}", run.stderr);
    assert!(!set.exists("secret/gitops-back-undo-0") && !set.exists("configmap/c"));
    let other = undo_at(&set, elsewhere().path(), &["--yes", "--from-cluster"]);
    assert_eq!(other.code, 2, "{}", other.stderr);
    assert!(other.stderr.contains("there is nothing to undo"), "{}", other.stderr);
    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (what, before) in ["configmap/c", "service/web"].iter().zip(&before) {
        let now = set.live(what);
        assert_eq!((content(&now), owners(&now)), (content(before), owners(before)), "{what}");
    }
    assert_eq!(actions(&set.ok("apply", &source, &["--yes"])), [""; 0], "it is the set's as before");
    set.ok("delete", &source, &["--yes", "--max-deletes", "2"]);
    assert!(!set.exists("secret/gitops-back-undo-0"), "nothing of it stays on the cluster");
}

/// Without rights nothing is written, and they are told; while another run holds the lock it waits, and then says who.
#[test]
fn rights_and_the_lock_come_first() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "guarded");
    let of = |value: &str| Source::of(&[set.config("c", &json!({"k": value}))]);
    set.apply(&of("1"));
    a_second();
    set.apply(&of("2"));
    let user = cluster.user();
    cluster.allow_in(&set.namespace, &user, "get,list", "configmaps,secrets,leases.coordination.k8s.io");
    let empty = Source::files(&[]);
    let args = ["undo", empty.path(), "--set-name", "guarded", "-n", &set.namespace, "--yes"];
    let run = gitops_at(cluster.dir(), &user.kubeconfig, &args);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("patch configmaps") && run.stderr.contains("nothing was written"),
        "{}",
        run.stderr
    );
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "gitops-guarded", "namespace": set.namespace},
        "spec": {"holderIdentity": "anna@laptop/1", "leaseDurationSeconds": 60, "renewTime": "2030-01-01T00:00:00.000000Z"}});
    cluster.kubectl_stdin(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &lease.to_string());
    let run = undo(&set, &["--yes", "--lock-timeout", "0"]);
    assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
    assert_eq!(set.live("configmap/c")["data"]["k"], "2");
}

/// A damaged record on the cluster is told and not used; one that somebody planted reaches nothing outside of the set.
#[test]
fn sec_56_a_record_on_the_cluster_is_not_trusted() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "forged");
    let of = |value: &str| Source::of(&[set.config("c", &json!({"k": value}))]);
    set.apply(&of("1"));
    a_second();
    set.apply(&of("2"));
    set.kubectl(&["create", "configmap", "foreign", "--from-literal=k=v"]);
    let genuine = set.live("secret/gitops-forged-undo-0");
    let plant = |head: Value, lines: &[Value]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let objects = zstd::bulk::compress(text.as_bytes(), 3).unwrap();
        let data =
            json!({"data": {"head": base64(head.to_string().as_bytes()), "objects": base64(&objects)}});
        set.kubectl(&["patch", "secret/gitops-forged-undo-0", "--type=merge", "-p", &data.to_string()]);
    };
    let head: Value = serde_json::from_slice(&unbase64(genuine["data"]["head"].as_str().unwrap())).unwrap();
    let config = |name: &str, namespace: &str, data: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data});
    let line = |kind: &str, namespace: &str, name: &str, did: &str, before: Value, after: Value| {
        let group = if kind == "ClusterRole" { "rbac.authorization.k8s.io" } else { "" };
        json!({"id": [group, "v1", kind, namespace, name], "did": did, "before": before, "after": after})
    };
    let member = {
        let id = set.parent()["metadata"]["labels"]["applyset.kubernetes.io/id"].clone();
        let mut planted = config("planted", "kube-system", json!({}));
        planted["metadata"]["labels"] = json!({"applyset.kubernetes.io/part-of": id});
        planted["metadata"]["managedFields"] = json!([{"manager": "gitops", "operation": "Apply", "apiVersion": "v1",
            "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {}}}]);
        planted
    };
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "planted"},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    let foreign = set.live("configmap/foreign");
    let mut changed = foreign.clone();
    changed["data"]["k"] = json!("planted");
    plant(
        head.clone(),
        &[
            line("ConfigMap", "kube-system", "planted", "delete", member, Value::Null),
            line(
                "ConfigMap",
                &set.namespace,
                "bare",
                "delete",
                config("bare", &set.namespace, json!({})),
                Value::Null,
            ),
            line("ConfigMap", &set.namespace, "foreign", "change", changed, foreign.clone()),
            line("ClusterRole", "", "planted", "delete", role, Value::Null),
        ],
    );
    let other = elsewhere();
    let run = undo_at(&set, other.path(), &["--yes", "--from-cluster"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    let told = actions(&run.report());
    assert!(
        told.len() == 4 && told.iter().all(|told| told.starts_with("refused")) || told.is_empty(),
        "{told:?}"
    );
    assert_eq!(differing(&run.report()).iter().filter(|told| told.starts_with("blocked")).count(), 4);
    assert!(!set.exists("configmap/bare") && set.live("configmap/foreign")["data"] == foreign["data"]);
    let all = cluster.kubectl_ok(&["get", "clusterrole,configmap", "-A", "-o", "name"]);
    assert!(!all.contains("planted"), "{all}");
    // Another deletes the foreign object by saying that the run made it.
    plant(head, &[line("ConfigMap", &set.namespace, "foreign", "create", Value::Null, foreign)]);
    assert_eq!(undo_at(&set, other.path(), &["--yes", "--from-cluster"]).code, 5);
    assert!(set.exists("configmap/foreign"));
    set.kubectl(&[
        "patch",
        "secret/gitops-forged-undo-0",
        "--type=merge",
        "-p",
        r#"{"data":{"objects":"AAAA"}}"#,
    ]);
    let run = undo_at(&set, other.path(), &["--yes", "--from-cluster"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("cannot be used") && run.stderr.contains("damaged"), "{}", run.stderr);
    // This machine needs none of it.
    let run = undo(&set, &["--yes"]);
    assert_eq!((run.code, set.live("configmap/c")["data"]["k"].clone()), (0, json!("1")), "{}", run.stderr);
}

/// FLT-39: without a place to keep it, and where the cluster may not keep values, that is told before anything is written.
#[test]
fn flt_39_what_cannot_be_kept_is_told() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "homeless");
    set.apply(&version(&set, 1));
    a_second();
    let home = elsewhere();
    let source = version(&set, 2);
    let file = home.path().join(".local");
    write(&file, "a file where a directory should be");
    let args = ["apply", source.path(), "--set-name", "homeless", "-n", &set.namespace, "--yes", "--prune"];
    let run = gitops_at(home.path(), cluster.kubeconfig(), &args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for text in ["this machine cannot keep what undo needs", "of 1 object is kept for undo nowhere"] {
        assert!(run.stderr.contains(text), "{text}: {}", run.stderr);
    }
    let run = undo_at(&set, home.path(), &["--yes", "--from-cluster"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert!(actions(&run.report()).contains(&"configured Deployment web".to_owned()), "{}", run.stdout);
    assert_eq!(set.live("secret/s")["data"]["k"], "dHdv");
}

#[expect(clippy::disallowed_methods, reason = "stands in the way of a directory")]
fn write(file: &std::path::Path, text: &str) {
    std::fs::write(file, text).expect("it can be written");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("it is base64")
}

/// What is kept on a machine holds values of Secrets: it is for its owner alone.
#[expect(clippy::disallowed_methods, reason = "looks at what the program keeps")]
fn assert_private(directory: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    let files = std::fs::read_dir(directory).expect("it can be listed");
    let modes: Vec<u32> = files.map(|file| mode(&file.expect("a file").path())).collect();
    assert!(!modes.is_empty() && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
}

/// A namespace that the run made goes only if it is named, and a replaced Job is replaced only if its kind is.
#[test]
fn flt_56_guards_of_deletions_hold_for_an_undo() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "guards");
    let made = format!("{}-made", set.namespace);
    let job = |image: &str| {
        let pod = json!({"restartPolicy": "Never", "containers": [{"name": "j", "image": image}]});
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "namespace": set.namespace},
            "spec": {"suspend": true, "template": {"spec": pod}}})
    };
    set.apply(&Source::of(&[job("registry.example/j:1")]));
    a_second();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": made}});
    let config =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "in", "namespace": made}});
    let source = Source::of(&[job("registry.example/j:2"), namespace, config]);
    set.ok("apply", &source, &["--yes", "--replace", "Job"]);
    let image = || set.live("job/j")["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    let report = run.report();
    assert_eq!(
        actions(&report),
        [
            "refused Namespace ".to_owned() + &made,
            "deleted ConfigMap in".to_owned(),
            "refused Job j".to_owned()
        ]
    );
    assert_eq!(reason(&report, &made), "a Namespace is deleted only with --allow-prune-kind Namespace");
    assert_eq!(reason(&report, "j"), "it has to be deleted and made anew (--replace Job)");
    assert_eq!(image(), "registry.example/j:2");
    let run = undo(&set, &["--yes", "--replace", "Job", "--allow-prune-kind", "Namespace"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(image(), "registry.example/j:1");
    let phase = cluster.kubectl(&["get", "namespace", &made, "-o", "jsonpath={.status.phase}"]);
    let phase = String::from_utf8_lossy(&phase.stdout).into_owned();
    assert!(phase.is_empty() || phase == "Terminating", "{phase}");
}

/// Every first answer to a write is lost: what was stored is recognised, and nothing is done twice.
#[test]
fn lost_answers_cost_an_undo_nothing() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "answers");
    set.apply(&version(&set, 1));
    let before = [set.live("configmap/c"), set.live("configmap/gone")];
    a_second();
    set.ok("apply", &version(&set, 2), &["--yes", "--prune"]);
    let lost = Rule::of(&["patch", "create", "delete"], "configmaps", Action::ResetAfter).once();
    let proxy = Proxy::start(cluster, vec![lost], None);
    let empty = Source::files(&[]);
    let args = ["undo", empty.path(), "--set-name", "answers", "-n", &set.namespace, "--yes", "-o", "json"];
    let run = gitops_at(cluster.dir(), proxy.kubeconfig(), &args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (what, before) in ["configmap/c", "configmap/gone"].iter().zip(&before) {
        let now = set.live(what);
        assert_eq!((content(&now), owners(&now)), (content(before), owners(before)), "{what}");
    }
    assert!(!set.exists("configmap/made"));
    let is_lost =
        |entry: &&Entry| entry.about.resource == "configmaps" && entry.writes() && entry.verb != "update";
    let writes = proxy.journal().iter().filter(is_lost).count();
    assert!(writes >= 6, "each of three objects took two attempts: {writes}");
}

/// SEC-58: what an undo may reach is bounded as what an apply may; and it tells itself as an Event where that is wanted.
#[test]
fn sec_58_an_undo_keeps_to_what_is_allowed() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "undo-bounds");
    set.apply(&Source::of(&[set.config("c", &json!({"k": "1"}))]));
    set.apply(&Source::of(&[set.config("c", &json!({"k": "2"}))]));
    for flags in [["--yes", "--allow-namespace", "other"], ["--yes", "--allow-kind", "Secret"]] {
        let run = undo(&set, &flags);
        assert_eq!((run.code, run.stderr.contains("none of the allowed")), (5, true), "{}", run.stderr);
    }
    assert_eq!(set.live("configmap/c")["data"]["k"], "2");
    let run = undo(&set, &["--yes", "--allow-namespace", &set.namespace, "--emit-events"]);
    assert_eq!((run.code, &set.live("configmap/c")["data"]["k"]), (0, &json!("1")), "{}", run.stderr);
    let reasons = set.kubectl(&["get", "events", "-o", "jsonpath={.items[*].reason}"]);
    assert!(reasons.split(' ').any(|reason| reason == "Undone"), "{reasons}");
}
