//! What goes wrong at the server itself while a run writes, by the numbers of the fault catalogue: webhooks, rights, restarts,
//! groups that are served elsewhere. Each has a server of its own where others would feel it.
use std::time::Duration;

use serde_json::{Value, json};

use super::{Set, a_second, actions, differing, reason, until};
use crate::support::cluster;
use crate::support::program::{Run, Source, gitops};
use crate::support::proxy::Proxy;
use crate::support::proxy::rules::{Action, Rule};
use crate::support::webhook::{Mood, Webhook};

/// A ConfigMap that the webhook is asked about.
fn guarded(set: &Set<'_>, name: &str, value: &str) -> Value {
    let mut config = set.config(name, &json!({"k": value}));
    config["metadata"]["labels"] = json!({"guarded": "yes"});
    config
}

/// FLT-14: a webhook that is down for a moment costs repetitions; one that stays away or never answers fails the one object, and is
/// named.
#[test]
fn flt_14_a_webhook_that_does_not_answer_is_named() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "hooked");
    let webhook = Webhook::start(&cluster);
    webhook.register(&cluster, &set.namespace, "ValidatingWebhookConfiguration", "None");
    let source =
        |value: &str| Source::of(&[guarded(&set, "a", value), set.config("b", &json!({"k": value}))]);
    webhook.becomes(Mood::HangsUp(2));
    let report = set.apply(&source("1"));
    assert_eq!(actions(&report), ["created ConfigMap a", "created ConfigMap b"]);
    let of_a = || webhook.asked().iter().filter(|name| *name == "a").count();
    assert!(of_a() >= 3, "{:?}", webhook.asked());
    for (mood, value) in [(Mood::HangsUp(1_000), "2"), (Mood::Sleeps(Duration::from_secs(12)), "3")] {
        webhook.becomes(Mood::Admits);
        let before = set.live("configmap/a")["data"].clone();
        // The dry run is answered, and what is written is not.
        let proxy = Proxy::start(
            &cluster,
            vec![Rule {
                dry_run: Some(false),
                ..Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_secs(2)))
            }],
            None,
        );
        let source = source(value);
        let args =
            ["apply", source.path(), "--set-name", &set.name, "-n", &set.namespace, "--yes", "-o", "json"];
        let run = std::thread::scope(|scope| {
            let run = scope.spawn(|| gitops(&cluster, proxy.kubeconfig(), &args));
            until("the write", || proxy.journal().iter().any(|entry| entry.action.is_some()));
            webhook.becomes(mood);
            run.join().expect("the run ends")
        });
        let report = run.report();
        assert_eq!(run.code, 2, "{mood:?}: {}", run.stderr);
        assert_eq!(actions(&report), ["failed ConfigMap a", "configured ConfigMap b"], "{mood:?}");
        assert!(reason(&report, "a").contains("guard.example.com"), "{mood:?}: {}", reason(&report, "a"));
        let told = proxy.journal();
        let tries = told
            .iter()
            .filter(|entry| entry.verb == "patch" && entry.about.name == "a" && !entry.about.dry_run);
        let tries = tries.count();
        assert!((2..=4).contains(&tries), "{mood:?}: {tries} tries");
        assert_eq!(set.live("configmap/a")["data"], before, "{mood:?}");
    }
    webhook.becomes(Mood::Admits);
    assert_eq!(actions(&set.apply(&source("3"))), ["configured ConfigMap a"]);
}

/// No webhook that a server of today takes refuses a dry run: row 15 cannot be made with it.
#[test]
fn webhooks_with_side_effects_cannot_be_configured_any_more() {
    let Some(cluster) = cluster::shared() else { return };
    let hook = json!({"name": "w.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "Some",
        "clientConfig": {"url": "https://127.0.0.1:1/"}, "rules": []});
    let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "effects"}, "webhooks": [hook]});
    let file = Source::of(&[configuration]);
    let made = cluster.kubectl(&["create", "--dry-run=server", "-f", file.path()]);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(!made.status.success() && said.contains("\"None\", \"NoneOnDryRun\""), "{said}");
}

/// FLT-22: a group whose server is away is nothing to a set without it; with it, its objects are unknown and nothing is deleted.
#[test]
fn flt_22_a_group_whose_server_is_away_keeps_only_its_objects_unknown() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "away");
    let service = json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "v1.away.example.com"},
        "spec": {"group": "away.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "insecureSkipTLSVerify": true, "service": {"name": "nobody", "namespace": set.namespace}}});
    cluster.kubectl_stdin(&["apply", "-f", "-"], &service.to_string());
    let status =
        ["get", "apiservice", "v1.away.example.com", "-o", "jsonpath={.status.conditions[0].status}"];
    until("the server finds nobody there", || cluster.kubectl_ok(&status) == "False");
    let plain = [set.config("a", &json!({"k": "1"})), set.config("left", &json!({}))];
    assert_eq!(actions(&set.apply(&Source::of(&plain))), ["created ConfigMap a", "created ConfigMap left"]);
    let away = json!({"apiVersion": "away.example.com/v1", "kind": "Thing", "metadata": {"name": "t", "namespace": set.namespace}});
    let source = Source::of(&[set.config("a", &json!({"k": "2"})), away]);
    let run = set.run("apply", &source, &["--yes", "--prune"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(
        differing(&run.report()).contains(&"unknown Thing t".to_owned()),
        "{:?}",
        differing(&run.report())
    );
    assert_eq!(set.live("configmap/a")["data"]["k"], "1");
    let run = set.run("apply", &source, &["--yes", "--prune", "--continue-on-error"]);
    assert_eq!((run.code, &set.live("configmap/a")["data"]["k"]), (3, &json!("2")), "{}", run.stderr);
    assert!(set.exists("configmap/left"), "nothing is deleted on doubt");
}

/// FLT-24: a right that is taken away in the middle of a run fails what is left of it; what was done is told and recorded, and the
/// next run does the rest.
#[test]
fn flt_24_a_right_that_is_taken_away_stops_the_rest() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "revoked");
    let user = cluster.user();
    let kinds = "configmaps,secrets,leases.coordination.k8s.io";
    cluster.allow_in(&set.namespace, &user, "get,list,create,update,delete", kinds);
    let bindings = || set.kubectl(&["get", "rolebindings", "-o", "name"]);
    let before = bindings();
    cluster.allow_in(&set.namespace, &user, "patch", "configmaps");
    let all = bindings();
    let granted = all.lines().find(|name| !before.contains(name)).expect("a binding was made");
    let objects: Vec<Value> = (0..20).map(|n| set.config(&format!("c{n:02}"), &json!({"k": "1"}))).collect();
    let source = Source::of(&objects);
    let held = Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_secs(3))).stored("c10").once();
    let proxy = Proxy::start_as(&user.kubeconfig, vec![held], None);
    let args = [
        "apply",
        source.path(),
        "--set-name",
        &set.name,
        "-n",
        &set.namespace,
        "--yes",
        "-o",
        "json",
        "--max-inflight=1",
    ];
    let run: Run = std::thread::scope(|scope| {
        let run = scope.spawn(|| gitops(cluster, proxy.kubeconfig(), &args));
        until("the write that is held back", || proxy.journal().iter().any(|entry| entry.action.is_some()));
        set.kubectl(&["delete", granted]);
        run.join().expect("the run ends")
    });
    let report = run.report();
    assert_eq!(run.code, 2, "{}", run.stderr);
    let done = actions(&report);
    let created = done.iter().filter(|action| action.starts_with("created ")).count();
    assert!((10..15).contains(&created), "{done:?}");
    assert_eq!(done.iter().filter(|action| action.starts_with("failed ")).count(), 20 - created, "{done:?}");
    assert!(reason(&report, "c19").contains("patch configmaps"), "{}", reason(&report, "c19"));
    assert_eq!(set.parent()["data"]["runs"].as_str().map(|runs| runs.contains("failed")), Some(true));
    cluster.allow_in(&set.namespace, &user, "patch", "configmaps");
    let run = gitops(cluster, &user.kubeconfig, &args);
    assert_eq!((run.code, actions(&run.report()).len()), (0, 20 - created), "{}", run.stderr);
    a_second();
    set.kubectl(&[
        "patch",
        "configmap/c00",
        "--type=merge",
        "--field-manager=kubectl-edit",
        "-p",
        r#"{"data":{"k":"x"}}"#,
    ]);
    assert_eq!(
        differing(&set.run("diff", &source, &[]).report()),
        ["drift ConfigMap c00"],
        "the first run recorded it"
    );
}

/// FLT-27: the server is killed in the middle of a run and starts again; the run waits and arrives.
#[test]
fn flt_27_a_server_that_is_restarted_is_waited_for() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "restart");
    let objects: Vec<Value> = (0..400).map(|n| set.config(&format!("c{n:03}"), &json!({"k": "1"}))).collect();
    let source = Source::of(&objects);
    let mark = cluster.mark();
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| set.run("apply", &source, &["--yes", "--max-inflight=2"]));
        let written = || cluster.requests_since(mark).iter().filter(|r| r.verb == "patch").count();
        until("some writes", || written() > 20);
        let before = written();
        assert!(
            before < 200 && !run.is_finished(),
            "the server is restarted in the middle of the run: {before}"
        );
        cluster.restart_server();
        run.join().expect("the run ends")
    });
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(actions(&run.report()).len(), 400);
    assert_eq!(actions(&set.apply(&source)), [""; 0]);
    let names = set.kubectl(&["get", "configmaps", "-o", "name"]);
    assert_eq!(names.lines().filter(|name| name.contains("/c")).count(), 400);
}

/// FLT-29: an object that is served under two versions or two groups is one object: when the manifest goes from one to the other, it
/// is never deleted.
#[test]
fn flt_29_an_object_under_two_versions_or_groups_is_never_pruned() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "versions");
    let group = format!("{}.example.com", set.namespace);
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"size": {"type": "integer"}}}});
    let version =
        |name: &str| json!({"name": name, "served": true, "storage": name == "v2", "schema": schema});
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [version("v1"), version("v2")]}});
    cluster.define(&definition, "v2", "widgets");
    let widget = |version: &str| {
        json!({"apiVersion": format!("{group}/{version}"), "kind": "Widget",
        "metadata": {"name": "w", "namespace": set.namespace}, "size": 1})
    };
    let about =
        json!({"apiVersion": "v1", "kind": "Namespace", "name": set.namespace, "namespace": set.namespace});
    // The two groups call some fields differently.
    let event = |api: &str| {
        let (object, controller) = if api == "v1" {
            ("involvedObject", "reportingComponent")
        } else {
            ("regarding", "reportingController")
        };
        json!({"apiVersion": api, "kind": "Event", "metadata": {"name": "e", "namespace": set.namespace}, object: about,
            "reason": "Test", "type": "Normal", "action": "x", controller: "example.com/test",
            "reportingInstance": "test", "eventTime": "2026-01-01T00:00:00.000000Z"})
    };
    set.apply(&Source::of(&[widget("v1"), event("v1")]));
    // Other tests define widgets too: the group is named.
    let w = format!("widgets.{group}/w");
    let uid = |what: &str| set.live(what)["metadata"]["uid"].clone();
    let before = (uid(&w), uid("events/e"));
    // Both versions in one render are one object twice.
    let run = set.run("apply", &Source::of(&[widget("v1"), widget("v2")]), &["--yes"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stdout.contains("holds this object 2 times"), "{}", run.stdout);
    let next = Source::of(&[widget("v2"), event("events.k8s.io/v1")]);
    let run = set.run("apply", &next, &["--yes", "--prune"]);
    assert!(
        actions(&run.report()).iter().all(|action| !action.starts_with("deleted")),
        "{:?}",
        actions(&run.report())
    );
    assert_eq!((uid(&w), uid("events/e")), before, "{}", run.stderr);
    for _ in 0..2 {
        let run = set.run("apply", &next, &["--yes", "--prune"]);
        assert!(actions(&run.report()).iter().all(|action| !action.starts_with("deleted")), "{}", run.stdout);
        assert_eq!((uid(&w), uid("events/e")), before);
    }
    // When it leaves Git for good, it goes.
    let none = Source::of(&[set.config("c", &json!({})), event("events.k8s.io/v1")]);
    let run = set.run("apply", &none, &["--yes", "--prune"]);
    assert_eq!(actions(&run.report()), ["created ConfigMap c", "deleted Widget w"], "{}", run.stderr);
}
