//! What goes wrong at the server itself while a run writes, by the numbers of the fault catalogue: webhooks, rights, restarts,
//! groups that are served elsewhere. Each has a server of its own where others would feel it.
#![expect(clippy::disallowed_methods, reason = "starts the program and measures time")]

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

/// FLT-15: where a webhook allows no dry run, what needs one is unknown and not written; what needs none goes on.
#[test]
fn flt_15_a_webhook_without_dry_run_leaves_what_needs_one_unknown() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "effects");
    let webhook = Webhook::start(&cluster);
    webhook.register(&cluster, &set.namespace, "MutatingWebhookConfiguration", "None");
    // The same with side effects: v1 knows them no more, but for objects that were stored by the first version.
    let some = r#"[{"op":"replace","path":"/webhooks/0/sideEffects","value":"Some"}]"#;
    let patched =
        cluster.kubectl(&["patch", "mutatingwebhookconfiguration", "guard", "--type=json", "-p", some]);
    assert!(!patched.status.success(), "admissionregistration.k8s.io/v1 takes None and NoneOnDryRun alone");
}
