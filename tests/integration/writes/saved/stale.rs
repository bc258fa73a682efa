//! Everything that makes a saved plan stale, one by one: each is refused with what differs, and nothing is written.
#![expect(clippy::disallowed_methods, reason = "writes plans and manifests")]

use std::path::Path;

use gitops::plan::saved::Saved;
use serde_json::{Value, json};

use super::{Plans, commit, read, signed, stored, text, through};
use crate::support::cluster::{self, Cluster};
use crate::support::generate;
use crate::support::program::{Run, Source, gitops};
use crate::support::proxy::Proxy;
use crate::writes::{Set, a_second};

/// A set of which a plan was made that still holds.
struct Scene<'c> {
    set: Set<'c>,
    source: Source,
    plans: Plans,
    proxy: Proxy,
    cases: usize,
}

const FLAGS: &[&str] = &["--prune"];
/// ConfigMaps that the plan changes, each for one edit.
const CHANGED: usize = 10;

impl<'c> Scene<'c> {
    fn new(cluster: &'c Cluster, name: &str) -> Self {
        let set = Set::new(cluster, name);
        let config =
            |number: usize, value: &str| set.config(&format!("c{number}"), &json!({"a": value, "b": "1"}));
        let secret = |value: &str| super::secret(&set.namespace, value);
        let mut objects: Vec<Value> = (0..CHANGED).map(|number| config(number, "1")).collect();
        let same = set.config("same", &json!({"k": "v"}));
        objects.extend([
            set.config("gone", &json!({})),
            set.config("gone2", &json!({})),
            same.clone(),
            secret("one"),
        ]);
        let source = Source::of(&objects);
        commit(&source);
        set.apply(&source);
        a_second();
        objects = (0..CHANGED).map(|number| config(number, "2")).collect();
        objects.extend([set.config("new", &json!({"k": "v"})), same, secret("two")]);
        std::fs::write(source.file("all.yaml"), generate::stream(&objects)).expect("it can be written");
        commit(&source);
        let (plans, proxy) = (Plans::new(), Proxy::start(cluster, Vec::new(), None));
        let scene = Self { set, source, plans, proxy, cases: 0 };
        let run = scene.run(&["apply"], &[FLAGS, &["--out", text(&scene.plans.file("plan"))]].concat());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        scene
    }

    fn run(&self, command: &[&str], flags: &[&str]) -> Run {
        through(&self.proxy, &self.set, command, &self.source, flags)
    }

    /// Performs a plan, which has to be refused with this code and these words, and to write nothing.
    fn refused(&mut self, code: i32, words: &str, command: &[&str], flags: &[&str], plan: &str) {
        let mark = self.proxy.journal().len();
        let file = self.plans.file(plan);
        let run = self.run(command, &[flags, &["--yes", "--plan", text(&file)]].concat());
        assert_eq!(run.code, code, "{words}: {command:?} {flags:?}\n{}{}", run.stdout, run.stderr);
        assert!(run.stderr.contains(words), "expected {words}: {command:?} {flags:?}\n{}", run.stderr);
        assert_eq!(stored(&self.proxy.journal()[mark..]), [""; 0], "{words}");
        self.cases += 1;
    }

    /// As [`Self::refused`] with 5, of a plan that was changed and has a digest that fits.
    fn tampered(&mut self, words: &str, change: impl FnOnce(&mut Value)) {
        let mut plan: Value = serde_json::from_str(&read(&self.plans.file("plan"))).expect("a plan is JSON");
        change(&mut plan);
        self.with(5, words, &signed(&plan));
    }

    /// As [`Self::refused`], of a file with this content.
    fn with(&mut self, code: i32, words: &str, content: &[u8]) {
        std::fs::write(self.plans.file("changed"), content).expect("it can be written");
        self.refused(code, words, &["apply"], FLAGS, "changed");
    }

    /// The plan as it is holds: a refusal is due to the case alone.
    fn holds(&self) {
        let file = self.plans.file("plan");
        let run = self.run(&["apply"], &[FLAGS, &["--dry-run", "--plan", text(&file)]].concat());
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    }
}

/// A step of a plan, by its name.
fn step<'p>(plan: &'p mut Value, name: &str) -> &'p mut Value {
    let steps = plan["steps"].as_array_mut().expect("it has steps");
    steps.iter_mut().find(|step| step["name"] == name).expect("there is such a step")
}

/// PROP-20 and G8: whoever changes a plan, and makes its digest anew, has another plan, which is compared with what is so.
#[test]
fn prop_20_a_plan_that_was_changed_is_refused_whatever_was_changed() {
    let Some(cluster) = cluster::shared() else { return };
    let mut scene = Scene::new(cluster, "tampered");
    scene.holds();
    type Change = (&'static str, fn(&mut Value));
    let changes: &[Change] = &[
        ("the version of gitops was 9.9", |p| p["basis"]["tool"] = json!("9.9")),
        ("the command was rollback", |p| p["basis"]["command"] = json!("rollback")),
        ("the commit was 0123", |p| p["basis"]["commit"] = json!("0123")),
        ("the commit was no commit", |p| p["basis"]["commit"] = Value::Null),
        ("the source had uncommitted changes", |p| p["basis"]["dirty"] = json!(true)),
        ("the path was elsewhere", |p| p["basis"]["path"] = json!("elsewhere")),
        ("the renderer was kustomize", |p| p["basis"]["renderer"] = json!("kustomize")),
        ("the set was other/set", |p| p["basis"]["set"] = json!("other/set")),
        ("the cluster was 00000000", |p| p["basis"]["cluster"]["uid"] = json!("00000000")),
        ("the cluster was known by its URL", |p| p["basis"]["cluster"] = json!({"server": "00"})),
        ("--prune was not given", |p| drop(p["basis"]["inputs"].as_object_mut().unwrap().remove("prune"))),
        ("--replace was Job", |p| p["basis"]["inputs"]["replace"] = json!("Job")),
        ("namespace was other", |p| p["basis"]["inputs"]["namespace"] = json!("other")),
        ("the moment of --since", |p| p["basis"]["since"] = json!("2026-01-01T00:00:00Z")),
        ("the record of the set was made anew", |p| p["key"]["set"] = json!("00")),
        ("had no record and has one now", |p| p["key"] = json!({"plan": "00".repeat(32)})),
        ("had no record and has one now", |p| p["key"] = json!({"plan": "no key"})),
        ("the render is another one", |p| p["render"] = json!("00")),
        ("it is to be updated", |p| drop(p["steps"].as_array_mut().unwrap().remove(1))),
        ("nothing was written", |p| p["steps"] = json!([])),
        ("the order of the steps changed", |p| p["steps"].as_array_mut().unwrap().swap(0, 1)),
        ("more than once", |p| {
            let again = step(p, "c1").clone();
            p["steps"].as_array_mut().unwrap().push(again);
        }),
        ("/c1: the plan is to delete it", |p| step(p, "c1")["action"] = json!("delete")),
        ("/new: the plan is to update it", |p| step(p, "new")["action"] = json!("update")),
        ("/c1: its version was v2", |p| step(p, "c1")["apiVersion"] = json!("v2")),
        ("Elsewhere", |p| step(p, "c1")["kind"] = json!("Elsewhere")),
        ("elsewhere/c1", |p| step(p, "c1")["namespace"] = json!("elsewhere")),
        ("/other: the plan is to update it", |p| step(p, "c1")["name"] = json!("other")),
        ("/c1: it was deleted and made anew", |p| step(p, "c1")["uid"] = json!("00")),
        ("/c1: it exists now", |p| drop(step(p, "c1").as_object_mut().unwrap().remove("uid"))),
        ("/new: it is gone", |p| step(p, "new")["uid"] = json!("00")),
        ("/gone: it was deleted and made anew", |p| step(p, "gone")["uid"] = json!("00")),
        ("/c1: somebody changed it", |p| step(p, "c1")["live"] = json!("00")),
        ("/gone: somebody changed it", |p| step(p, "gone")["live"] = json!("00")),
        ("/s: somebody changed it", |p| step(p, "s")["live"] = json!("00")),
        ("/c1: what is said about it", |p| drop(step(p, "c1").as_object_mut().unwrap().remove("live"))),
        ("/c1: what is to be written changed", |p| step(p, "c1")["sends"] = json!("00")),
        ("/new: what is to be written changed", |p| step(p, "new")["sends"] = json!("00")),
        ("/s: what is to be written changed", |p| step(p, "s")["sends"] = json!("00")),
        ("/c1: what is to be written changed", |p| {
            drop(step(p, "c1").as_object_mut().unwrap().remove("sends"))
        }),
        ("/c1: what is said about it", |p| step(p, "c1")["note"] = json!("x")),
        ("it could not be written", |p| {
            p["blocked"] = json!([{"object": "ConfigMap a", "reason": "invalid"}])
        }),
        ("which of its fields a controller holds", |p| p["held"] = json!(["ConfigMap a"])),
        ("it was to be left", |p| p["left"] = json!([{"object": "ConfigMap a", "reason": "x"}])),
        ("unknown field `more`", |p| p["more"] = json!(1)),
        ("unknown field `more`", |p| step(p, "c1")["more"] = json!(1)),
        ("missing field `render`", |p| drop(p.as_object_mut().unwrap().remove("render"))),
        ("invalid type", |p| p["steps"] = json!({})),
    ];
    for (words, change) in changes {
        scene.tampered(words, change);
    }
    let plan = read(&scene.plans.file("plan"));
    every_byte(plan.as_bytes());
    let untouched = "its digest is not that of its content";
    scene.with(5, untouched, plan.replacen("\"update\"", "\"delete\"", 1).as_bytes());
    scene.with(5, untouched, plan.replacen("  \"madeAt\": \"2", "  \"madeAt\": \"3", 1).as_bytes());
    scene.with(5, untouched, plan.replacen("\"version\": 1", "\"version\": 2", 1).as_bytes());
    scene.with(5, "does not end as plans do", plan.trim_end().as_bytes());
    scene.with(5, "does not end as plans do", format!("{plan}\n").as_bytes());
    scene.with(5, "does not end as plans do", &plan.as_bytes()[..plan.len() / 2]);
    // What is no plan at all is a mistake of the command line.
    scene.with(2, "is no plan of gitops", b"");
    scene.with(2, "is no plan of gitops", b"kind: ConfigMap\n");
    scene.with(2, "is no plan of gitops", plan.to_uppercase().as_bytes());
    scene.refused(2, "cannot be read", &["apply"], FLAGS, "none");
    scene.refused(2, "cannot be read", &["apply"], FLAGS, ".");
    assert!(scene.cases >= 50, "{} cases", scene.cases);
    scene.holds();
}

/// A plan as the program wrote it, with each of its bytes changed, and cut at every length: none is read as a plan.
fn every_byte(plan: &[u8]) {
    assert!(Saved::decode(plan).is_ok());
    for at in 0..plan.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut changed = plan.to_vec();
            changed[at] ^= flip;
            assert!(Saved::decode(&changed).is_err(), "byte {at} by {flip:x}");
        }
        assert!(Saved::decode(&plan[..at]).is_err(), "{at} bytes");
    }
}

/// A cluster that does not tell who it is, is known by its address and the certificates it is checked with.
#[test]
fn a_cluster_without_a_readable_uid_is_known_by_its_address() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "address"), Plans::new());
    let user = cluster.user();
    cluster.allow_in(
        &set.namespace,
        &user,
        "get,list,create,update,patch",
        "configmaps,secrets,leases.coordination.k8s.io",
    );
    let source = Source::of(&[set.config("c", &json!({}))]);
    let file = plans.file("plan");
    let run = |kubeconfig: &Path, flags: &[&str]| {
        let own = ["apply", source.path(), "--set-name", &set.name, "-n", &set.namespace, "-o", "json"];
        gitops(cluster, kubeconfig, &[&own, flags].concat())
    };
    let planned = run(&user.kubeconfig, &["--out", text(&file)]);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert!(read(&file).contains("\"server\": "), "{}", read(&file));
    // The same server at other addresses: who says that it is the same?
    let proxy = Proxy::start(cluster, Vec::new(), None);
    let config = read(&user.kubeconfig);
    let elsewhere = plans.file("elsewhere");
    std::fs::write(&elsewhere, config.replace("127.0.0.1", "localhost")).expect("it can be written");
    assert_ne!(read(&elsewhere), config);
    for other in [proxy.kubeconfig(), &elsewhere] {
        let refused = run(other, &["--yes", "--plan", text(&file)]);
        assert_eq!(refused.code, 5, "{}", refused.stderr);
        assert!(refused.stderr.contains("the cluster was known by its URL alone"), "{}", refused.stderr);
    }
    assert!(!set.exists("configmap/c") && !set.exists("lease/gitops-address"));
    let performed = run(&user.kubeconfig, &["--yes", "--plan", text(&file)]);
    assert_eq!(performed.code, 0, "{}", performed.stderr);
    assert!(set.exists("configmap/c"));
}

/// G8: other flags, another source, and whatever somebody did to the cluster.
#[test]
fn g8_a_plan_is_refused_when_anything_that_it_was_made_of_changed() {
    let Some(cluster) = cluster::shared() else { return };
    let mut scene = Scene::new(cluster, "stale");
    scene.holds();
    let other = cluster.namespace("stale-other");
    let flags: &[(&str, &[&str])] = &[
        ("--prune was true and is not given", &[]),
        ("--replace was not given and is Job, Pod", &["--prune", "--replace", "Pod", "--replace", "Job"]),
        ("--force-conflicts was not given and is all", &["--prune", "--force-conflicts"]),
        ("--force-conflicts was not given and is m", &["--prune", "--force-conflicts=m"]),
        ("--only was not given and is ConfigMap/c1", &["--prune", "--only", "ConfigMap/c1"]),
        ("--selector was not given and is a in (b)", &["--prune", "-l", "a=b"]),
        ("--added was not given and is note", &["--prune", "--added", "note"]),
        ("--strict was not given and is true", &["--prune", "--strict"]),
        ("--verify was not given and is all", &["--prune", "--verify", "all"]),
        ("--base was not given and is none", &["--prune", "--base", "none"]),
        ("--base was not given and is HEAD (", &["--prune", "--base", "HEAD"]),
        ("--continue-on-error was not given", &["--prune", "--continue-on-error"]),
        ("--max-deletes was not given and is 9", &["--prune", "--max-deletes", "9"]),
        (
            "--allow-prune-kind was not given and is Namespace",
            &["--prune", "--allow-prune-kind", "Namespace"],
        ),
        ("--allow-empty was not given", &["--prune", "--allow-empty"]),
        ("--adopt-set was not given and is old", &["--prune", "--adopt-set", "old"]),
        ("--renderer was not given and is plain", &["--prune", "--renderer", "plain"]),
        ("--allow-remote was not given and is all", &["--prune", "--allow-remote"]),
        ("the set was", &["--prune", "--record-namespace", &other]),
        ("the commit was", &["--prune", "--ref", "HEAD~1"]),
    ];
    for (words, flags) in flags {
        scene.refused(5, words, &["apply"], flags, "plan");
    }
    scene.refused(5, "the command was apply and is rollback", &["rollback", "HEAD"], FLAGS, "plan");
    scene.refused(5, "the command was apply and is revert", &["revert"], &[], "plan");
    scene.refused(5, "the command was apply and is delete", &["delete"], &["--max-deletes", "99"], "plan");
    scene.holds();

    let file = scene.source.file("all.yaml");
    let manifests = read(&file);
    std::fs::write(&file, format!("{manifests}\n")).expect("it can be written");
    scene.refused(5, "has uncommitted changes", &["apply"], FLAGS, "plan");
    let dirty = ["--prune", "--allow-dirty"];
    scene.refused(5, "the source has uncommitted changes now", &["apply"], &dirty, "plan");
    commit(&scene.source);
    scene.refused(5, "the commit was", &["apply"], FLAGS, "plan");
    crate::base_revision::git(&scene.source.file(""), &["reset", "-q", "--hard", "HEAD~1"]);
    scene.holds();

    // Each edit is of an object of its own, and stays.
    let patch = |what: &str, manager: &str, patch: Value| {
        let manager = format!("--field-manager={manager}");
        scene.set.kubectl(&["patch", what, "--type=merge", &manager, "-p", &patch.to_string()]);
    };
    patch("configmap/c0", "kubectl-edit", json!({"data": {"b": "2"}}));
    patch("configmap/c1", "kubectl-edit", json!({"data": {"a": "x"}}));
    patch("configmap/c2", "controller", json!({"metadata": {"labels": {"seen": "yes"}}}));
    patch("configmap/c3", "controller", json!({"metadata": {"finalizers": ["example.com/hold"]}}));
    patch("configmap/gone", "controller", json!({"data": {"k": "v"}}));
    patch("configmap/same", "kubectl-edit", json!({"data": {"k": "w"}}));
    patch("secret/s", "kubectl-edit", json!({"stringData": {"k": "canary"}}));
    // The same value, which now has two owners.
    patch("configmap/c4", "kubectl-edit", json!({"data": {"b": null}}));
    patch("configmap/c4", "kubectl-edit", json!({"data": {"b": "1"}}));
    let set = &scene.set;
    set.kubectl(&["delete", "configmap", "c5", "c6", "c7", "gone2"]);
    set.kubectl(&["create", "configmap", "c6", "--from-literal=a=1", "--from-literal=b=1"]);
    let label = format!("applyset.kubernetes.io/part-of={}", set_id(set));
    set.kubectl(&["create", "configmap", "new"]);
    set.kubectl(&["create", "configmap", "c7", "--from-literal=a=2", "--from-literal=b=1"]);
    set.kubectl(&["label", "configmap", "c7", &label]);
    let changed = "somebody changed it since the plan was made";
    let cases = [
        ("c0", changed),
        ("c1", changed),
        ("c2", changed),
        ("c3", changed),
        ("c4", changed),
        ("s", changed),
        ("gone", changed),
        ("same", "the plan leaves it, and now it is to be updated"),
        ("gone2", "the plan is to delete it, and now nothing is to be done"),
        ("c5", "it is gone since the plan was made"),
        ("c6", "it was deleted and made anew since the plan was made (another uid)"),
        ("c7", "it was deleted and made anew since the plan was made (another uid)"),
        ("new", "it exists now, and did not when the plan was made"),
    ];
    for (name, words) in cases {
        let words = format!(" {}/{name}: {words}", scene.set.namespace);
        scene.refused(5, &words, &["apply"], FLAGS, "plan");
    }
    let record = format!("secret/gitops-{}-base-0", scene.set.name);
    scene.set.kubectl(&["delete", &record]);
    scene.refused(5, "the record of the set is gone", &["apply"], FLAGS, "plan");
    assert!(scene.cases >= 35, "{} cases", scene.cases);
}

/// The id of a set, as its record has it.
fn set_id(set: &Set<'_>) -> String {
    let id = set.parent()["metadata"]["labels"]["applyset.kubernetes.io/id"].clone();
    id.as_str().expect("a parent has an id").to_owned()
}
