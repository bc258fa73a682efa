//! What a run that writes makes of what it is answered and of what others do meanwhile, by the numbers of the fault catalogue, on
//! the server in memory. The real server is asked in the tests of the same numbers, from which these answers are taken.
#![expect(clippy::disallowed_methods, reason = "opens a device")]

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::bed::Bed;
use crate::support::program::Source;
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Moment, Shot};
use crate::writes::differing;

const APPLY: [&str; 2] = ["apply", "--yes"];

/// The first write of `a` comes to the server this late.
fn held() -> Rule {
    Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_secs(1))).stored("a").once()
}

/// An answer to every write of a name.
fn answered(name: &str, answer: Action) -> Vec<Rule> {
    vec![Rule::of(&["patch"], "configmaps", answer).stored(name)]
}

#[test]
fn flt_10_a_change_in_between_is_written_over_only_as_approved() {
    let bed = Bed::scripted();
    let two = |a: &str| Source::of(&[bed.config("a", &json!({"k": a, "other": "1"}))]);
    bed.apply(&two("1"));
    let ran =
        bed.while_held(&two("2"), &APPLY, held(), || bed.edit("a", "controller", &json!({"more": "x"})));
    assert_eq!(
        (ran.run.code, ran.actions()),
        (0, vec!["configured ConfigMap a".to_owned()]),
        "{}",
        ran.text()
    );
    assert_eq!(bed.data("a"), json!({"k": "2", "other": "1", "more": "x"}));
    let theirs = || bed.edit("a", "kubectl-edit", &json!({"other": "theirs"}));
    let ran = bed.while_held(&two("3"), &APPLY, held(), theirs);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert!(ran.reason("a").contains("somebody changed data.other"), "{}", ran.reason("a"));
    assert_eq!(
        bed.data("a"),
        json!({"k": "2", "other": "theirs", "more": "x"}),
        "nothing is written over it"
    );
}

#[test]
fn flt_11_what_a_controller_holds_is_left_unless_it_is_forced() {
    let bed = Bed::scripted();
    let source = Source::of(&[bed.config("a", &json!({"k": "git", "held": "git"}))]);
    bed.apply(&source);
    bed.edit("a", "controller", &json!({"held": "theirs"}));
    let ran = bed.run(&source, Vec::new(), &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert!(ran.run.stderr.contains("--force-conflicts"), "{}", ran.run.stderr);
    assert_eq!(bed.data("a"), json!({"k": "git", "held": "theirs"}));
    let ran = bed.run(&source, Vec::new(), &["apply", "--yes", "--force-conflicts=controller"]);
    assert_eq!((ran.run.code, bed.data("a")), (0, json!({"k": "git", "held": "git"})), "{}", ran.text());
}

#[test]
fn flt_12_what_a_policy_denies_is_tried_once_and_fails_alone() {
    let bed = Bed::scripted();
    let denial = "configmaps \"b\" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'names' denied request: not this one";
    let cause = [("FieldValueInvalid", "", "not this one")];
    let rules = answered("b", Action::refusal(422, "Invalid", denial, &cause));
    let ran = bed.run(&bed.configs(&["a", "b", "c"], "1"), rules, &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert_eq!(ran.actions(), ["created ConfigMap a", "failed ConfigMap b", "created ConfigMap c"]);
    assert!(ran.reason("b").contains("ValidatingAdmissionPolicy 'names'"), "{}", ran.reason("b"));
    assert_eq!(ran.patches("b").len(), 1, "what will be denied again is not tried again");
}

#[test]
fn flt_13_a_namespace_that_is_going_is_known_by_its_cause() {
    let bed = Bed::scripted();
    let text = "configmaps \"b\" is forbidden: unable to create new content in namespace ns because it is being terminated";
    let cause = [("NamespaceTerminating", "metadata.namespace", "namespace ns is being terminated")];
    let rules = answered("b", Action::refusal(403, "Forbidden", text, &cause));
    let ran = bed.run(&bed.configs(&["a", "b"], "1"), rules, &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert_eq!(ran.actions(), ["created ConfigMap a", "failed ConfigMap b"]);
    let why = ran.reason("b");
    assert!(
        why.contains("being terminated") && !why.contains("cannot patch") && !why.contains("grant"),
        "{why}"
    );
    assert_eq!(ran.patches("b").len(), 1);
}

#[test]
fn flt_14_a_webhook_that_is_down_is_tried_again_and_then_named() {
    let bed = Bed::scripted();
    let text = "Internal error occurred: failed calling webhook \"w.example.com\": failed to call webhook: Post \"https://127.0.0.1:1/\": connection refused";
    let down = Action::refusal(500, "InternalError", text, &[]);
    let twice = [0, 1].map(|nth| Rule { nth: Some(nth), ..answered("a", down.clone()).remove(0) });
    let ran = bed.run(&bed.configs(&["a"], "1"), twice.to_vec(), &APPLY);
    assert_eq!((ran.run.code, ran.patches("a").len()), (0, 3), "{}", ran.text());
    let ran = bed.run(&bed.configs(&["a", "b"], "2"), answered("a", down), &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert!(ran.reason("a").contains("w.example.com"), "{}", ran.reason("a"));
    assert_eq!((ran.patches("a").len(), bed.data("b")), (3, json!({"k": "2"})));
}

#[test]
fn flt_15_without_a_dry_run_only_what_needs_one_is_unknown() {
    let bed = Bed::scripted();
    bed.webhook();
    let text = "admission webhook \"w.example.com\" does not support dry run";
    let refused = || {
        let answer = Action::refusal(400, "BadRequest", text, &[]);
        vec![Rule { dry_run: Some(true), ..Rule::of(&["patch"], "configmaps", answer) }]
    };
    // What is new needs none.
    let ran = bed.run(&bed.configs(&["a", "b"], "1"), refused(), &APPLY);
    assert_eq!(ran.run.code, 0, "{}", ran.text());
    let moved = Source::of(&[bed.config("a", &json!({"k": "2"})), bed.config("b", &json!({"k": "1"}))]);
    let ran = bed.run(&moved, refused(), &APPLY);
    assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}", ran.text());
    assert_eq!(differing(&ran.run.report()), ["unknown ConfigMap a"]);
    assert!(ran.run.stdout.contains("w.example.com"), "{}", ran.run.stdout);
    assert_eq!(bed.data("a"), json!({"k": "1"}), "what is not known is not written");
}

#[test]
fn flt_17_a_kind_that_is_served_no_more_is_unknown() {
    let bed = Bed::scripted();
    let all: Vec<String> = (0..9).map(|number| format!("c{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    bed.apply(&bed.configs(&all, "1"));
    // As the record is after a run with a definition that was there.
    let places = "{\"ConfigMap\":[\"ns\"],\"Widget.example.com\":[\"ns\"]}";
    bed.alter("gitops-set", |parent| parent["data"]["members"] = json!(places));
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "ns"}});
    let mut objects: Vec<Value> = all[..8].iter().map(|name| bed.config(name, &json!({"k": "1"}))).collect();
    objects.push(widget);
    let ran = bed.run(&Source::of(&objects), Vec::new(), &["apply", "--yes", "--prune"]);
    assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}", ran.text());
    assert!(ran.run.stderr.contains("not every Widget.example.com could be listed"), "{}", ran.run.stderr);
    let ran = bed.run(&Source::of(&objects), Vec::new(), &APPLY);
    assert_eq!((ran.run.code, ran.written()), (3, Vec::new()), "{}", ran.text());
    assert!(differing(&ran.run.report()).contains(&"unknown Widget w".to_owned()), "{}", ran.text());
    assert!(ran.run.stdout.contains("the definition of Widget.example.com is gone"), "{}", ran.run.stdout);
    assert!(bed.live("c8").is_some(), "nothing is deleted on doubt");
}

#[test]
fn flt_24_a_right_that_is_gone_fails_the_rest_and_tells_what_was_done() {
    let bed = Bed::scripted();
    let all: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let source = bed.configs(&all, "1");
    let text = "configmaps \"x\" is forbidden: User \"bob\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"ns\"";
    let forbidden = |name: &&str| answered(name, Action::refusal(403, "Forbidden", text, &[])).remove(0);
    let ran = bed.run(&source, all[10..].iter().map(forbidden).collect(), &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    let done = ran.actions();
    assert!(done[..10].iter().all(|action| action.starts_with("created ")), "{done:?}");
    assert!(done[10..].iter().all(|action| action.starts_with("failed ")), "{done:?}");
    assert!(ran.reason("c19").contains("cannot patch configmaps in namespace ns"), "{}", ran.reason("c19"));
    assert!(
        all[10..].iter().all(|name| ran.patches(name).len() == 1),
        "what is forbidden is not tried again"
    );
    let ran = bed.run(&source, Vec::new(), &APPLY);
    assert_eq!((ran.run.code, ran.actions().len()), (0, 10), "{}", ran.text());
}

#[test]
fn sec_55_sec_58_another_cluster_and_places_that_are_not_allowed_are_refused() {
    let bed = Bed::scripted();
    let source = bed.configs(&["a"], "1");
    for (flag, said) in [
        ("--cluster-uid=00000000-0000-0000-0000-000000000000", "wrong cluster"),
        ("--allow-namespace=other", "ns"),
        ("--allow-kind=Secret", "ConfigMap"),
    ] {
        let ran = bed.run(&source, Vec::new(), &["apply", "--yes", flag]);
        assert_eq!((ran.run.code, ran.written()), (5, Vec::new()), "{flag}: {}", ran.text());
        assert!(ran.run.stderr.contains(said), "{flag}: {}", ran.run.stderr);
    }
    let flags = [
        "apply",
        "--yes",
        "--cluster-uid=uid-of-kube-system",
        "--allow-namespace=n*",
        "--allow-kind=ConfigMap",
    ];
    let ran = bed.run(&source, Vec::new(), &flags);
    assert_eq!(ran.run.code, 0, "{}", ran.text());
}

#[test]
fn flt_18_an_immutable_change_of_a_scripted_object_is_refused() {
    let bed = Bed::scripted();
    bed.apply(&bed.configs(&["a", "b"], "1"));
    let text = "ConfigMap \"a\" is invalid: data: Forbidden: field is immutable when `immutable` is set";
    let cause = [("FieldValueForbidden", "data", "Forbidden: field is immutable when `immutable` is set")];
    let rule = Rule {
        name: Some("a".to_owned()),
        ..Rule::of(&["patch"], "configmaps", Action::refusal(422, "Invalid", text, &cause))
    };
    let ran = bed.run(&bed.configs(&["a", "b"], "2"), vec![rule], &APPLY);
    assert_eq!(ran.run.code, 5, "{}", ran.text());
    assert_eq!(ran.actions(), ["refused ConfigMap a", "configured ConfigMap b"]);
    assert!(ran.text().contains("--replace"), "{}", ran.text());
    assert_eq!((bed.data("a"), ran.patches("a").len()), (json!({"k": "1"}), 0));
}

#[test]
fn flt_19_an_object_that_the_server_finds_too_large_fails_alone() {
    let bed = Bed::scripted();
    let text = "Request entity too large: limit is 3145728";
    let rules = answered("a", Action::refusal(413, "RequestEntityTooLarge", text, &[]));
    let ran = bed.run(&bed.configs(&["a", "b"], "1"), rules, &APPLY);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert_eq!(ran.actions(), ["failed ConfigMap a", "created ConfigMap b"]);
    assert!(ran.reason("a").contains("3145728") && ran.patches("a").len() == 1, "{}", ran.reason("a"));
    let live = bed.live("b").expect("it is written");
    assert!(live["metadata"]["annotations"].is_null(), "no copy of the object is put into it: {live}");
}

#[test]
fn flt_28_flt_30_flt_31_what_can_never_be_applied_stops_the_run() {
    let bed = Bed::scripted();
    let good = bed.config("good", &json!({}));
    let of = |group: &str, metadata: Value| json!({"apiVersion": group, "kind": "Deployment", "metadata": metadata});
    let removed = [good.clone(), of("extensions/v1beta1", json!({"name": "old"}))];
    let twice =
        [good.clone(), bed.config("twice", &json!({"a": "1"})), bed.config("twice", &json!({"a": "2"}))];
    let nameless = [good, of("apps/v1", json!({"generateName": "x-"}))];
    for (objects, expected) in [
        (&twice[..], "holds this object 2 times"),
        (&removed[..], "does not serve extensions/v1beta1"),
        (&nameless[..], "generateName"),
    ] {
        let ran = bed.run(&Source::of(objects), Vec::new(), &APPLY);
        assert_eq!((ran.run.code, ran.written()), (2, Vec::new()), "{expected}: {}", ran.text());
        assert!(ran.text().contains(expected), "{expected}: {}", ran.text());
    }
}

#[test]
fn flt_32_an_object_that_goes_in_between_is_made_anew() {
    let bed = Bed::scripted();
    bed.apply(&bed.configs(&["a"], "1"));
    let uid = bed.live("a").map(|live| live["metadata"]["uid"].clone());
    let ran = bed.while_held(&bed.configs(&["a"], "2"), &APPLY, held(), || bed.remove("a"));
    assert_eq!((ran.run.code, ran.actions()), (0, vec!["created ConfigMap a".to_owned()]), "{}", ran.text());
    assert_eq!(bed.data("a"), json!({"k": "2"}));
    assert_ne!(bed.live("a").map(|live| live["metadata"]["uid"].clone()), uid);
}

/// FLT-36 on the server in memory: at some requests all along a run; at every one of them on the real server.
#[test]
fn flt_36_a_run_that_is_killed_is_finished_by_the_next() {
    const POINTS: usize = 6;
    let start = Bed::scripted();
    start.apply(&start.configs(&["upd", "del"], "1"));
    let whole = start.copy();
    let flags = ["apply", "--yes", "--prune", "--max-deletes=1", "--lock-duration=2s", "--lock-timeout=30s"];
    let next = start.configs(&["upd", "new"], "2");
    let requests = whole.run(&next, Vec::new(), &flags).journal.len();
    std::thread::scope(|scope| {
        for point in 0..POINTS {
            let (start, next) = (&start, &next);
            scope.spawn(move || {
                let request = requests * point / POINTS;
                let moment = if point % 2 == 0 { Moment::After } else { Moment::Before };
                let bed = start.copy();
                let proxy =
                    bed.proxy_and_shot(Vec::new(), Some(Shot { request, moment, signal: Signal::KILL }));
                let child = bed.command(&proxy, next, &flags).spawn().expect("the program starts");
                proxy.aim(child.id());
                let killed = Bed::end(&proxy, child);
                assert_eq!(killed.run.code, -1, "request {request}: {}", killed.text());
                let ran = bed.run(next, Vec::new(), &flags);
                assert_eq!(ran.run.code, 0, "request {request}: {}", ran.text());
                let all = ["upd", "new", "del"].map(|name| bed.data(name));
                assert_eq!(all, [json!({"k": "2"}), json!({"k": "2"}), Value::Null], "request {request}");
                let deleted = [&killed, &ran]
                    .iter()
                    .flat_map(|ran| ran.written())
                    .filter(|w| w == "delete del")
                    .count();
                assert_eq!(deleted, 1, "request {request}");
            });
        }
    });
}

#[test]
fn flt_38_a_denied_deletion_is_recorded_and_tried_again() {
    let bed = Bed::scripted();
    let all: Vec<String> = (0..12).map(|number| format!("c{number:02}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    bed.apply(&bed.configs(&all, "1"));
    let left = bed.configs(&all[..9], "1");
    let deny = Action::refusal(
        422,
        "Invalid",
        "ValidatingAdmissionPolicy 'keep' denied request: it is guarded",
        &[],
    );
    let rule = Rule { name: Some("c10".to_owned()), ..Rule::of(&["delete"], "configmaps", deny) };
    let prune = ["apply", "--yes", "--prune"];
    let ran = bed.run(&left, vec![rule], &prune);
    assert_eq!(ran.run.code, 2, "{}", ran.text());
    assert_eq!(ran.actions(), ["deleted ConfigMap c09", "failed ConfigMap c10", "deleted ConfigMap c11"]);
    assert!(ran.reason("c10").contains("it is guarded"), "{}", ran.reason("c10"));
    let members = bed.live("gitops-set").map(|parent| parent["data"]["members"].clone());
    assert_eq!(members, Some(json!("{\"ConfigMap\":[\"ns\"]}")));
    let ran = bed.run(&left, Vec::new(), &prune);
    assert_eq!(
        (ran.run.code, ran.actions()),
        (0, vec!["deleted ConfigMap c10".to_owned()]),
        "{}",
        ran.text()
    );
}

#[test]
fn flt_40_a_report_that_cannot_be_written_leaves_nothing_half_done() {
    let bed = Bed::scripted();
    let source = bed.configs(&["a", "b"], "1");
    let proxy = bed.proxy(Vec::new());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there is such a device");
    let mut command = bed.command(&proxy, &source, &APPLY);
    let output = command.stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let parent = bed.live("gitops-set").expect("the record is written");
    assert!(
        parent["data"]["runs"].to_string().contains("apply") || parent["data"].to_string().contains("apply")
    );
    assert_eq!(
        (bed.data("a"), bed.data("b"), bed.lock_holder()),
        (json!({"k": "1"}), json!({"k": "1"}), String::new())
    );
    // A reader that has seen enough is no failure.
    let source = bed.configs(&["a", "b"], "2");
    let mut child = bed.command(&proxy, &source, &APPLY).spawn().expect("the program starts");
    drop(child.stdout.take());
    let ran = Bed::end(&proxy, child);
    assert_eq!((ran.run.code, bed.data("a")), (0, json!({"k": "2"})), "{}", ran.run.stderr);
}

#[test]
fn flt_55_a_third_of_the_set_is_not_deleted_unasked() {
    let bed = Bed::scripted();
    let all: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    bed.apply(&bed.configs(&all, "1"));
    let few = bed.configs(&all[..6], "2");
    let ran = bed.run(&few, Vec::new(), &["apply", "--yes", "--prune"]);
    assert_eq!((ran.run.code, ran.written()), (5, Vec::new()), "{}", ran.text());
    assert!(ran.run.stderr.contains("4 objects would be deleted: more than 30 %"), "{}", ran.run.stderr);
    let ran = bed.run(&few, Vec::new(), &["apply", "--yes", "--prune", "--max-deletes=4"]);
    assert_eq!((ran.run.code, bed.data("c9")), (0, Value::Null), "{}", ran.text());
}

#[test]
fn flt_57_sec_57_a_renamed_set_and_another_set_delete_nothing() {
    let bed = Bed::scripted();
    let source = bed.configs(&["a", "b"], "1");
    bed.apply(&source);
    let uid = |name: &str| bed.live(name).map(|live| live["metadata"]["uid"].clone());
    let before = uid("a");
    let renamed = ["apply", "--yes", "--prune", "--set-name=renamed"];
    let ran = bed.run(&source, Vec::new(), &renamed);
    assert_eq!((ran.run.code, ran.written()), (2, Vec::new()), "{}", ran.text());
    assert_eq!(differing(&ran.run.report()), ["conflict ConfigMap a", "conflict ConfigMap b"]);
    // One of two objects moves; the old set lets it go, and the new one never deletes the other.
    let moved = bed.configs(&["a"], "1");
    let ran = bed.run(&moved, Vec::new(), &[&renamed[..], &["--adopt-set=set"]].concat());
    assert_eq!(ran.run.code, 0, "{}", ran.text());
    let ran = bed.run(&bed.configs(&["b"], "1"), Vec::new(), &["apply", "--yes", "--prune"]);
    assert_eq!((ran.run.code, ran.written()), (0, Vec::new()), "{}", ran.text());
    assert_eq!((uid("a"), bed.data("b")), (before, json!({"k": "1"})));
}

#[test]
fn sec_56_a_copied_mark_makes_no_member() {
    let bed = Bed::scripted();
    let all: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    bed.apply(&bed.configs(&all, "1"));
    let labels = bed.live("c0").map(|live| live["metadata"]["labels"].clone()).expect("it has labels");
    bed.alter("forged", |object| object["metadata"]["labels"] = labels);
    let ran = bed.run(&bed.configs(&all[..9], "1"), Vec::new(), &["apply", "--yes", "--prune"]);
    assert_eq!((ran.run.code, ran.actions()), (0, vec!["deleted ConfigMap c9".to_owned()]), "{}", ran.text());
    assert!(bed.live("forged").is_some());
}

#[test]
fn flt_58_without_its_record_a_run_deletes_nothing() {
    for damage in ["gone", "damaged"] {
        let bed = Bed::scripted();
        let all: Vec<String> = (0..10).map(|number| format!("c{number}")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        bed.apply(&bed.configs(&all, "1"));
        match damage {
            "gone" => bed.remove("gitops-set"),
            _ => bed.alter("gitops-set", |parent| parent["data"]["members"] = json!("[]")),
        }
        let ran = bed.run(&bed.configs(&all[..9], "1"), Vec::new(), &["apply", "--yes", "--prune"]);
        assert_eq!((ran.run.code, ran.written()), (5, Vec::new()), "{damage}: {}", ran.text());
        assert!(
            ran.run.stderr.contains("the record of set set is gone or cannot be read"),
            "{}",
            ran.run.stderr
        );
        assert!(bed.live("c9").is_some(), "{damage}");
        // The next one writes the record anew, and what was marked is known again.
        let ran = bed.run(&bed.configs(&all[..9], "1"), Vec::new(), &APPLY);
        assert_eq!((ran.run.code, ran.written()), (0, Vec::new()), "{damage}: {}", ran.text());
        let diff = bed.run(&bed.configs(&all[..9], "1"), Vec::new(), &["diff"]);
        assert_eq!(differing(&diff.run.report()), ["extra ConfigMap c9"], "{damage}");
        let ran = bed.run(&bed.configs(&all[..9], "1"), Vec::new(), &["apply", "--yes", "--prune"]);
        assert_eq!(ran.actions(), ["deleted ConfigMap c9"], "{damage}: {}", ran.text());
    }
}

#[test]
fn flt_60_what_controllers_add_asks_for_no_write() {
    let bed = Bed::scripted();
    let source = bed.configs(&["a"], "1");
    bed.apply(&source);
    bed.edit("a", "operator", &json!({"seen": "1"}));
    let ran = bed.run(&source, Vec::new(), &APPLY);
    assert_eq!((ran.run.code, ran.written()), (0, Vec::new()), "{}", ran.text());
    assert_eq!(bed.data("a"), json!({"k": "1", "seen": "1"}));
}
