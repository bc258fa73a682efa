//! What may happen to single requests of a run that writes, by the numbers of the fault catalogue, on the server in memory and on
//! the real one.
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::bed::Bed;
use crate::support::cluster;
use crate::support::program::Source;
use crate::support::proxy::rules::{Action, Rule};
use crate::writes::{a_second, deployment, until};

/// Requests that meet a fault the first time that they come, as verb and path.
fn all_patches(names: &[&str], action: &Action) -> Vec<Rule> {
    names.iter().map(|name| Rule::of(&["patch"], "configmaps", action.clone()).stored(name).once()).collect()
}

/// FLT-02: bursts of server errors clear within the budget: one request in ten fails.
#[test]
fn flt_02_bursts_of_server_errors_in_a_run_that_writes_clear() {
    const NUMBER: usize = 200;
    for bed in Bed::both() {
        let names: Vec<String> = (0..NUMBER).map(|number| format!("c{number:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let leader = Action::refusal(500, "", "etcdserver: leader changed", &[]);
        let actions =
            [leader, Action::Status(502, None), Action::Status(503, None), Action::Status(504, None)];
        let rules = actions.into_iter().zip(1..).map(|(action, seed)| Rule::all(action).by_chance(seed, 40));
        let ran = bed.run(&bed.configs(&names, "1"), rules.collect(), &["apply", "--yes"]);
        assert_eq!(ran.run.code, 0, "{}: {}", bed.place(), ran.run.stderr);
        let hit = ran.journal.iter().filter(|entry| entry.action.is_some()).count();
        assert!((10..60).contains(&hit), "{}: {hit} faults", bed.place());
        let written = ran.written();
        assert_eq!(written.len(), NUMBER, "{}: each is written once", bed.place());
    }
}

/// FLT-03: a kind that cannot be read is unknown; the others are written only when that is wanted, and nothing is deleted.
#[test]
fn flt_03_one_sick_kind_stops_the_run_unless_the_rest_is_wanted() {
    for bed in Bed::both() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": bed.namespace}});
        bed.apply(&bed.configs(&["a", "left"], "1"));
        let source = Source::of(&[bed.config("a", &json!({"k": "2"})), secret]);
        let sick = || vec![Rule::of(&["list"], "secrets", Action::Status(503, None))];
        let ran = bed.run(&source, sick(), &["apply", "--yes", "--prune"]);
        assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}: {}", bed.place(), ran.text());
        let ran = bed.run(&source, sick(), &["apply", "--yes", "--continue-on-error"]);
        assert_eq!(ran.run.code, 3, "{}: {}", bed.place(), ran.text());
        assert_eq!(ran.written(), ["patch a"], "{}", bed.place());
        let ran = bed.run(&source, sick(), &["apply", "--yes", "--continue-on-error", "--prune"]);
        assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}: {}", bed.place(), ran.text());
        assert_eq!(bed.data("left"), json!({"k": "1"}), "{}: nothing is deleted", bed.place());
    }
}

/// FLT-04: without a server there is one clear line, soon.
#[test]
fn flt_04_a_run_that_writes_ends_at_once_without_a_server() {
    for bed in Bed::both() {
        let source = bed.configs(&["a"], "1");
        bed.apply(&source);
        let proxy = bed.proxy(Vec::new());
        let mut command = bed.command(&proxy, &source, &["apply", "--yes"]);
        let kubeconfig = bed.home.path().join("kubeconfig");
        std::fs::copy(proxy.kubeconfig(), &kubeconfig).expect("it can be copied");
        command.env("KUBECONFIG", kubeconfig);
        drop(proxy);
        let begun = Instant::now();
        let output = command.output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{}: {said}", bed.place());
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", bed.place());
        let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
        assert!(errors.len() == 1 && errors[0].contains("127.0.0.1"), "{}: {said}", bed.place());
    }
}

/// FLT-05: a connection that is reset before the server got the write costs a repetition, for every write.
#[test]
fn flt_05_a_reset_before_any_write_is_repeated_and_applied_once() {
    for bed in Bed::both() {
        let before = ["a", "b", "c"];
        bed.apply(&bed.configs(&before, "1"));
        let all = ["a", "b", "c", "d", "e", "f"];
        let source = bed.configs(&all, "2");
        let ran = bed.run(&source, all_patches(&all, &Action::ResetBefore), &["apply", "--yes"]);
        assert_eq!(ran.run.code, 0, "{}: {}", bed.place(), ran.text());
        for name in all {
            let patches = ran.patches(name);
            let told: Vec<_> = patches.iter().map(|entry| entry.status).collect();
            let expected = if before.contains(&name) { 200 } else { 201 };
            assert_eq!(told, [None, Some(expected)], "{}: {name}", bed.place());
            assert_eq!(bed.data(name), json!({"k": "2"}), "{}: {name}", bed.place());
        }
        let mut wanted: Vec<String> =
            before.iter().map(|name| format!("configured ConfigMap {name}")).collect();
        wanted.extend(all[3..].iter().map(|name| format!("created ConfigMap {name}")));
        assert_eq!(ran.actions(), wanted, "{}", bed.place());
    }
}

/// FLT-06: a connection that is reset after the server carried a write out costs a repetition; the object is written once, and the
/// report says that this run did it.
#[test]
fn flt_06_a_reset_after_any_write_is_told_as_done_and_written_once() {
    for bed in Bed::both() {
        let before = ["a", "b", "c"];
        bed.apply(&bed.configs(&before, "1"));
        let all = ["a", "b", "c", "d", "e", "f"];
        let ran =
            bed.run(&bed.configs(&all, "2"), all_patches(&all, &Action::ResetAfter), &["apply", "--yes"]);
        assert_eq!(ran.run.code, 0, "{}: {}", bed.place(), ran.text());
        for name in all {
            assert!(ran.patches(name).len() >= 2, "{}: {name} is sent again", bed.place());
            let stored: BTreeSet<_> =
                ran.patches(name).iter().filter_map(|entry| entry.version.clone()).collect();
            assert_eq!(stored.len(), 1, "{}: {name} has one new version: {stored:?}", bed.place());
            let live = bed.live(name).expect("it is there");
            assert_eq!(live["metadata"]["resourceVersion"], stored.first().map_or(Value::Null, |v| json!(v)));
            assert_eq!(live["data"], json!({"k": "2"}), "{}: {name}", bed.place());
        }
        let mut wanted: Vec<String> =
            before.iter().map(|name| format!("configured ConfigMap {name}")).collect();
        wanted.extend(all[3..].iter().map(|name| format!("created ConfigMap {name}")));
        assert_eq!(ran.actions(), wanted, "{}", bed.place());
    }
}

/// FLT-06 for the two requests that take out what a person added, and for the one of a revert: the spec changes once.
#[test]
fn flt_06_a_reset_after_a_take_over_or_a_revert_is_overcome() {
    let Some(cluster) = cluster::shared() else { return };
    let bed = Bed::real(cluster);
    let source = Source::of(&[deployment(&bed.namespace)]);
    bed.apply(&source);
    let live = || -> Value {
        let args = ["-n", &bed.namespace, "get", "deployment", "web", "-o", "json"];
        serde_json::from_str(&cluster.kubectl_ok(&args)).expect("kubectl prints JSON")
    };
    let before = live();
    for command in ["apply", "revert"] {
        for resets in [1, 2] {
            let patch = r#"[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"debug","image":"busybox"}}]"#;
            let args = [
                "-n",
                &bed.namespace,
                "patch",
                "deployment",
                "web",
                "--type=json",
                "--field-manager=kubectl-edit",
            ];
            cluster.kubectl_ok(&[&args[..], &["-p", patch]].concat());
            let edited = live();
            // The first write is the take-over, the second the apply that prunes.
            let reset = Rule::of(&["patch"], "deployments", Action::ResetAfter).stored("web").once();
            let reset = if resets == 1 { Rule { query: Some("force=true"), ..reset } } else { reset };
            let ran = bed.run(&source, vec![reset], &[command, "--yes"]);
            let told = format!("{command}, {resets} resets: {}", ran.text());
            assert_eq!(
                (ran.run.code, ran.actions()),
                (0, vec!["configured Deployment web".to_owned()]),
                "{told}"
            );
            assert_eq!(ran.journal.iter().filter(|entry| entry.action.is_some()).count(), resets, "{told}");
            let after = live();
            assert_eq!(after["spec"], before["spec"], "{told}");
            let generation = |object: &Value| object["metadata"]["generation"].as_i64().unwrap_or_default();
            assert_eq!(generation(&after), generation(&edited) + 1, "{told}");
            a_second();
        }
    }
}

/// FLT-07: a write whose answer never comes does not hold the run beyond its deadline, and the next run arrives.
#[test]
fn flt_07_a_stalled_write_ends_at_the_deadline_of_the_run() {
    for bed in Bed::both() {
        let source = bed.configs(&["a", "b"], "1");
        let stall = vec![Rule::of(&["patch"], "configmaps", Action::Stall).stored("a")];
        let begun = Instant::now();
        let ran = bed.run(&source, stall, &["apply", "--yes", "--timeout=4s"]);
        let took = begun.elapsed();
        assert!(
            (Duration::from_secs(4)..Duration::from_secs(9)).contains(&took),
            "{}: {took:?}",
            bed.place()
        );
        assert!(matches!(ran.run.code, 2 | 3), "{}: {}: {}", bed.place(), ran.run.code, ran.text());
        assert!(ran.reason("a").contains("deadline"), "{}: {}", bed.place(), ran.reason("a"));
        assert_eq!(bed.data("b"), json!({"k": "1"}), "{}: the other one is written", bed.place());
        assert_eq!(bed.lock_holder(), "", "{}: the lock is given back", bed.place());
        let again = bed.run(&source, Vec::new(), &["apply", "--yes", "--lock-timeout=0"]);
        assert_eq!(again.run.code, 0, "{}: {}", bed.place(), again.text());
    }
}

/// FLT-08: half a list, a page of HTML and a Status in place of a list are errors: nothing is written and nothing deleted.
#[test]
fn flt_08_a_damaged_list_writes_and_deletes_nothing() {
    for bed in Bed::both() {
        bed.apply(&bed.configs(&["a", "b", "left"], "1"));
        let source = bed.configs(&["a", "b"], "2");
        let listed = bed.run(&source, Vec::new(), &["diff"]);
        let length = listed.journal.iter().filter(|entry| entry.verb == "list").count();
        assert!(length > 0, "{}: lists are read", bed.place());
        let html = Action::Answer(200, "text/html", "<html>sign in</html>".to_owned());
        let status =
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "x", "code": 500});
        let status = Action::Answer(200, "application/json", status.to_string());
        let cuts = (0..10).map(|tenth| Action::Truncate(tenth * 100));
        for damage in cuts.chain([html, status]) {
            let told = format!("{}: {damage:?}", bed.place());
            let rules = vec![Rule::of(&["list"], "configmaps", damage)];
            let ran = bed.run(&source, rules, &["apply", "--yes", "--prune"]);
            assert!(matches!(ran.run.code, 2 | 3), "{told}: {}: {}", ran.run.code, ran.text());
            assert_eq!(ran.written(), [""; 0], "{told}");
        }
        assert_eq!(
            (bed.data("a"), bed.data("left")),
            (json!({"k": "1"}), json!({"k": "1"})),
            "{}",
            bed.place()
        );
        let ran = bed.run(&source, Vec::new(), &["apply", "--yes", "--prune"]);
        assert_eq!((ran.run.code, bed.data("left")), (0, Value::Null), "{}: {}", bed.place(), ran.text());
    }
}

/// FLT-09: connections that close inside answers are made anew, and no list is read from a cache that may be behind.
#[test]
fn flt_09_a_run_that_writes_survives_closed_connections() {
    for bed in Bed::both() {
        let names: Vec<String> = (0..40).map(|number| format!("c{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rules = vec![Rule::all(Action::CloseInside).by_chance(7, 6)];
        let ran = bed.run(&bed.configs(&names, "1"), rules, &["apply", "--yes"]);
        assert_eq!(ran.run.code, 0, "{}: {}", bed.place(), ran.text());
        assert!(ran.journal.iter().filter(|entry| entry.action.is_some()).count() > 4, "{}", bed.place());
        assert!(ran.journal.iter().all(|entry| !entry.path.contains("resourceVersion=0")), "{}", bed.place());
        assert_eq!(ran.actions().len(), 40, "{}", bed.place());
    }
}

/// FLT-23: credentials that expire in the middle of a run end it before the next write, and what was done is told.
#[test]
fn flt_23_credentials_that_expire_in_the_middle_stop_the_run() {
    for bed in Bed::both() {
        let names: Vec<String> = (0..30).map(|number| format!("c{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let source = bed.configs(&names, "1");
        // One write at a time: its number is known from an undisturbed run.
        let flags = ["apply", "--yes", "--max-inflight=1", "--lock-duration=2s"];
        let expired = Action::refusal(401, "Unauthorized", "Unauthorized", &[]);
        let calm = Bed::apply(&bed, &bed.configs(&["first"], "1"));
        let first = calm
            .journal
            .iter()
            .position(super::super::support::proxy::Entry::writes_member)
            .expect("it writes");
        let rules = vec![Rule { after: first + 10, ..Rule::all(expired) }];
        let ran = bed.run(&source, rules, &flags);
        assert_eq!(ran.run.code, 2, "{}: {}", bed.place(), ran.text());
        let refused = ran.journal.iter().position(|entry| entry.action.is_some()).expect("one is refused");
        let after: Vec<_> = ran.journal[refused..].iter().filter(|entry| entry.writes_member()).collect();
        assert!(after.len() <= 2, "{}: no storm of writes that cannot succeed: {}", bed.place(), after.len());
        let done = ran.actions().iter().filter(|action| action.starts_with("created ")).count();
        assert_eq!(done, ran.written().len(), "{}: what was done is told", bed.place());
        assert!((5..20).contains(&done), "{}: {done}", bed.place());
        let again = bed.run(&source, Vec::new(), &["apply", "--yes", "--lock-timeout=30s"]);
        assert_eq!(
            (again.run.code, again.actions().len()),
            (0, 30 - done),
            "{}: {}",
            bed.place(),
            again.text()
        );
    }
}

/// FLT-25: a list that expired is begun again, and a list that always expires leaves nothing decided.
#[test]
fn flt_25_an_expired_list_is_begun_again() {
    for bed in Bed::both() {
        let expired =
            || Action::refusal(410, "Expired", "The resourceVersion for the provided list is too old.", &[]);
        let source = bed.configs(&["a"], "1");
        let ran =
            bed.run(&source, vec![Rule::of(&["list"], "configmaps", expired()).once()], &["apply", "--yes"]);
        assert_eq!(
            (ran.run.code, ran.written()),
            (0, vec!["patch a".to_owned()]),
            "{}: {}",
            bed.place(),
            ran.text()
        );
        let source = bed.configs(&["b"], "1");
        let rules = vec![Rule::of(&["list"], "configmaps", expired())];
        let ran = bed.run(&source, rules, &["apply", "--yes", "--prune", "--max-deletes=1"]);
        assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}: {}", bed.place(), ran.text());
    }
}

/// FLT-26: while a run waits, lists that fail are read again, and nothing is taken for ready meanwhile.
#[test]
fn flt_26_lists_that_fail_while_a_run_waits_are_read_again() {
    let Some(cluster) = cluster::shared() else { return };
    let bed = Bed::real(cluster);
    let source = Source::of(&[deployment(&bed.namespace)]);
    let lost = Rule::of(&["list", "get"], "deployments", Action::ResetAfter).by_chance(5, 3);
    let proxy = bed.proxy(vec![Rule { after: 20, ..lost }]);
    let begun = Instant::now();
    let child = bed.command(&proxy, &source, &["apply", "--yes", "--wait", "--timeout=60s"]).spawn();
    until("the Deployment", || {
        proxy.journal().iter().any(|entry| entry.writes_member() && entry.status.is_some())
    });
    std::thread::sleep(Duration::from_secs(3));
    let ready = Instant::now();
    let status = json!({"status": {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3,
        "availableReplicas": 3, "conditions": [{"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]}});
    let args =
        ["patch", "deployment", "web", "-n", &bed.namespace, "--subresource=status", "--type=merge", "-p"];
    cluster.kubectl_ok(&[&args[..], &[&status.to_string()]].concat());
    let ran = Bed::end(&proxy, child.expect("the program starts"));
    assert_eq!(ran.run.code, 0, "{}", ran.text());
    assert!(ready > begun + Duration::from_secs(3) && Instant::now() > ready, "it waited for the status");
    let failed = ran.journal.iter().filter(|entry| entry.action.is_some()).count();
    assert!(
        failed > 0,
        "some were lost: {:?}",
        ran.journal.iter().map(|entry| &entry.path).collect::<Vec<_>>()
    );
}

/// FLT-27: a server that goes away for some seconds and comes back is waited for.
#[test]
fn flt_27_a_server_that_comes_back_is_waited_for() {
    for bed in Bed::both() {
        let names: Vec<String> = (0..60).map(|number| format!("c{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let source = bed.configs(&names, "1");
        let slow = Rule {
            dry_run: Some(false),
            ..Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_millis(20)))
        };
        let proxy = bed.proxy(vec![slow]);
        let child = bed.command(&proxy, &source, &["apply", "--yes", "--max-inflight=4"]).spawn();
        let written = || proxy.journal().iter().filter(|entry| entry.writes_member()).count();
        until("some writes", || written() > 10);
        let before = written();
        proxy.goes_away(Duration::from_secs(3));
        let ran = Bed::end(&proxy, child.expect("the program starts"));
        assert_eq!(ran.run.code, 0, "{}: {}", bed.place(), ran.run.stderr);
        assert!((10..50).contains(&before), "{}: in the middle of the run: {before}", bed.place());
        assert_eq!(ran.actions().len(), 60, "{}", bed.place());
        assert!(names.iter().all(|name| bed.data(name) == json!({"k": "1"})), "{}", bed.place());
        let again = bed.run(&source, Vec::new(), &["apply", "--yes", "--lock-timeout=0"]);
        assert_eq!((again.run.code, again.written()), (0, Vec::new()), "{}: {}", bed.place(), again.text());
    }
}
