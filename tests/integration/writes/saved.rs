//! Saved plans: `--out` writes one, `--plan` performs exactly it or nothing.
#![expect(clippy::disallowed_methods, reason = "reads what the program wrote and writes manifests")]

mod edits;
mod stale;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use self::edits::signed;
use super::{Set, a_second, actions, deployment, service, until};
use crate::base_revision::git;
use crate::support::cluster;
use crate::support::program::{Run, Source, gitops};
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Entry, Proxy};
use crate::support::scripts::script;

/// A place for plans, outside of every source.
struct Plans(tempfile::TempDir);

impl Plans {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory can be made"))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Runs a command on a set through a proxy.
fn through(proxy: &Proxy, set: &Set<'_>, command: &[&str], source: &Source, flags: &[&str]) -> Run {
    let own = [source.path(), "--set-name", &set.name, "-n", &set.namespace, "-o", "json"];
    gitops(set.cluster, proxy.kubeconfig(), &[command, &own, flags].concat())
}

/// Makes a repository of a source, with one commit.
fn commit(source: &Source) {
    let dir = source.file("");
    if !dir.join(".git").exists() {
        git(&dir, &["init", "-q"]);
    }
    git(&dir, &["add", "-A"]);
    git(&dir, &["commit", "-qm", "next"]);
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the name is UTF-8")
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).expect("the plan is there")
}

/// The steps of a plan as `action Kind name`.
fn steps(file: &Path) -> Vec<String> {
    let plan: Value = serde_json::from_str(&read(file)).expect("a plan is JSON");
    let word = |step: &Value, key: &str| step[key].as_str().unwrap_or_default().to_owned();
    let steps = plan["steps"].as_array().expect("it has steps");
    steps.iter().map(|s| format!("{} {} {}", word(s, "action"), word(s, "kind"), word(s, "name"))).collect()
}

/// The writes of members, as `verb resource name`.
fn writes(journal: &[Entry]) -> Vec<String> {
    let writes = journal.iter().filter(|entry| entry.writes_member() && entry.about.resource != "leases");
    writes.map(|entry| format!("{} {} {}", entry.verb, entry.about.resource, entry.about.name)).collect()
}

/// Writes of anything at all but the lock.
fn stored(journal: &[Entry]) -> Vec<String> {
    let writes = journal.iter().filter(|entry| entry.writes() && entry.about.resource != "leases");
    writes.map(|entry| format!("{} {}", entry.verb, entry.path)).collect()
}

fn job(namespace: &str, image: &str) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": namespace}, "spec":
        {"suspend": true, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}}}})
}

fn secret(namespace: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}, "stringData": {"k": value}})
}

/// P3 and G8: what is written is what the plan lists, verb by verb, and planning writes nothing at all.
#[test]
fn g8_a_fresh_plan_is_performed_as_it_is_listed() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "planned"), Plans::new());
    let before = [
        deployment(&set.namespace),
        service(&set.namespace),
        set.config("left", &json!({})),
        job(&set.namespace, "one"),
        secret(&set.namespace, "first"),
    ];
    set.apply(&Source::of(&before));
    a_second();
    let label = r#"{"metadata":{"labels":{"by":"hand"}}}"#;
    set.kubectl(&["patch", "service/web", "--type=merge", "--field-manager=kubectl-edit", "-p", label]);
    let port = r#"[{"op":"add","path":"/spec/ports/-","value":{"name":"extra","port":81}}]"#;
    set.kubectl(&["patch", "service/web", "--type=json", "--field-manager=kubectl-edit", "-p", port]);
    let mut changed = deployment(&set.namespace);
    changed["spec"]["replicas"] = json!(5);
    let source = Source::of(&[
        changed,
        service(&set.namespace),
        set.config("new", &json!({"k": "v"})),
        job(&set.namespace, "two"),
        secret(&set.namespace, "second"),
    ]);
    let (file, proxy) = (plans.file("plan"), Proxy::start(cluster, Vec::new(), None));
    let flags = ["--prune", "--replace", "Job"];
    let run = through(&proxy, &set, &["apply"], &source, &[&flags[..], &["--out", text(&file)]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(
        proxy.journal().iter().filter(|entry| entry.writes()).count(),
        0,
        "not even the lock is taken"
    );
    let mode = std::fs::metadata(&file).expect("the plan is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let expected = [
        "create ConfigMap new",
        "update Secret s",
        "update Deployment web",
        "replace Job once",
        "update Service web",
    ];
    let listed: BTreeSet<String> = steps(&file).into_iter().collect();
    let mut all: BTreeSet<String> = expected.map(str::to_owned).into();
    all.insert("delete ConfigMap left".to_owned());
    assert_eq!(listed, all);

    let run = through(&proxy, &set, &["apply"], &source, &[&flags[..], &["--plan", text(&file)]].concat());
    assert_eq!(run.code, 5, "nobody said yes: {}", run.stderr);
    assert!(run.stderr.contains("(perform the saved plan: create 1 object"), "{}", run.stderr);
    let mark = proxy.journal().len();
    let run =
        through(&proxy, &set, &["apply"], &source, &[&flags[..], &["--yes", "--plan", text(&file)]].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let mut performed = writes(&proxy.journal()[mark..]);
    performed.sort();
    let mut verbs = [
        "delete configmaps left",
        "delete jobs once",
        "patch configmaps new",
        "patch deployments web",
        "patch jobs once",
        "patch secrets s",
        // The port that a person added is taken over first.
        "patch services web",
        "patch services web",
    ];
    verbs.sort_unstable();
    assert_eq!(performed, verbs);
    let mut done = actions(&run.report());
    done.sort();
    let mut words = [
        "configured Deployment web",
        "configured Secret s",
        "configured Service web",
        "created ConfigMap new",
        "deleted ConfigMap left",
        "replaced Job once",
    ];
    words.sort_unstable();
    assert_eq!(done, words);
    let run =
        through(&proxy, &set, &["apply"], &source, &[&flags[..], &["--yes", "--plan", text(&file)]].concat());
    assert_eq!(run.code, 5, "a plan is performed once: {}", run.stderr);
}

/// Performs a plan through a proxy that holds back the first write of a resource, and meanwhile does something else. The answer
/// holds every write that the server carried out.
fn perform_while(
    set: &Set<'_>,
    source: &Source,
    plan: &Path,
    resource: &'static str,
    meanwhile: impl FnOnce() + Send,
) -> (Run, Vec<String>) {
    let held = Rule {
        nth: Some(0),
        dry_run: Some(false),
        ..Rule::of(&["patch", "delete"], resource, Action::Delay(Duration::from_secs(3)))
    };
    let proxy = Proxy::start(set.cluster, vec![held], None);
    let flags = ["--yes", "--prune", "--max-inflight", "1", "--plan", text(plan)];
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| through(&proxy, set, &["apply"], source, &flags));
        let is_it = |entry: &Entry| entry.writes_member() && entry.about.resource == resource;
        until("the first write", || proxy.journal().iter().any(is_it));
        meanwhile();
        run.join().expect("the run ends")
    });
    let carried_out = |entry: &Entry| entry.status.is_some_and(|status| status < 300);
    let journal: Vec<Entry> = proxy.journal().into_iter().filter(carried_out).collect();
    (run, writes(&journal))
}

/// FLT-10 under `--plan`: what somebody changes between the check and the write ends the run, and nothing is judged anew, even
/// where the same write would still be right.
#[test]
fn flt_10_a_change_between_check_and_write_ends_a_planned_run() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "bumped"), Plans::new());
    let config = |name: &str, a: &str| set.config(name, &json!({"a": a, "b": "1"}));
    let all = |a: &str| vec![config("c", a), config("d", a), super::deployment(&set.namespace)];
    let source = |a: &str| Source::of(&all(a));
    set.apply(&Source::of(&[all("1"), vec![set.config("gone", &json!({}))]].concat()));
    a_second();
    let source = source("2");
    let edits: &[(&str, &str)] = &[
        ("kubectl-edit", r#"{"data":{"a":"theirs"}}"#),
        // Without a plan this would be no obstacle: the change that was approved is still the same.
        ("controller", r#"{"data":{"other":"x"}}"#),
    ];
    for (manager, edit) in edits {
        let file = plans.file(manager);
        set.ok("apply", &source, &["--prune", "--out", text(&file)]);
        let manager = format!("--field-manager={manager}");
        let (run, carried_out) = perform_while(&set, &source, &file, "configmaps", || {
            set.kubectl(&["patch", "configmap/c", "--type=merge", &manager, "-p", edit]);
        });
        assert_eq!(run.code, 5, "{manager}: {}{}", run.stdout, run.stderr);
        assert!(
            super::reason(&run.report(), "c")
                .contains("somebody changed it while the saved plan was performed")
        );
        assert_eq!(carried_out, [""; 0], "{manager}: nothing after it is begun");
        let mut done = actions(&run.report());
        done.sort();
        assert_eq!(done, ["failed ConfigMap c", "not started ConfigMap d", "not started ConfigMap gone"]);
        assert!(run.stderr.contains("plan again"), "{}", run.stderr);
    }
    let data = set.live("configmap/c")["data"].clone();
    assert_eq!(data, json!({"a": "theirs", "b": "1", "other": "x"}));
}

/// FLT-10: a status that moves between the check and the write is no change of what the plan is about.
#[test]
fn flt_10_a_status_that_moves_does_not_stop_a_planned_run() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "status"), Plans::new());
    let mut wanted = deployment(&set.namespace);
    set.apply(&Source::of(&[wanted.clone()]));
    a_second();
    wanted["spec"]["replicas"] = json!(5);
    let (source, file) = (Source::of(&[wanted]), plans.file("plan"));
    set.ok("apply", &source, &["--prune", "--out", text(&file)]);
    let (run, carried_out) = perform_while(&set, &source, &file, "deployments", || {
        let status = r#"{"status":{"collisionCount":3}}"#;
        let args = ["patch", "deployment/web", "--subresource=status", "--type=merge", "-p", status];
        set.kubectl(&args);
    });
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(carried_out, ["patch deployments web"], "the first was answered with a conflict");
    assert_eq!(set.live("deployment/web")["spec"]["replicas"], 5);
    assert_eq!(set.live("deployment/web")["status"]["collisionCount"], 3);
}

/// FLT-06: an answer that is lost is no change of the object: the write was the one of the plan.
#[test]
fn flt_06_a_lost_answer_does_not_make_a_plan_stale() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "lost"), Plans::new());
    let source =
        |a: &str| Source::of(&[set.config("c", &json!({"a": a})), set.config("d", &json!({"a": a}))]);
    set.apply(&source("1"));
    let (source, file) = (source("2"), plans.file("plan"));
    set.ok("apply", &source, &["--out", text(&file)]);
    let lost = Rule {
        nth: Some(0),
        name: Some("c".to_owned()),
        dry_run: Some(false),
        ..Rule::of(&["patch"], "configmaps", Action::ResetAfter)
    };
    let proxy = Proxy::start(cluster, vec![lost], None);
    let run = through(&proxy, &set, &["apply"], &source, &["--yes", "--plan", text(&file)]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(proxy.journal().iter().any(|entry| entry.action.is_some()), "an answer was lost");
    for name in ["c", "d"] {
        assert_eq!(set.live(&format!("configmap/{name}"))["data"]["a"], "2");
    }
}

/// FLT-32 under `--plan`: an object that is deleted, or made anew, between the check and the write is left to a new plan.
#[test]
fn flt_32_an_object_that_went_between_check_and_write_ends_a_planned_run() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "went"), Plans::new());
    let source =
        |a: &str| Source::of(&[set.config("c", &json!({"a": a})), set.config("d", &json!({"a": a}))]);
    for (value, made_anew) in [("2", false), ("3", true)] {
        set.apply(&source("1"));
        a_second();
        let (source, file) = (source(value), plans.file(value));
        set.ok("apply", &source, &["--prune", "--out", text(&file)]);
        let (run, carried_out) = perform_while(&set, &source, &file, "configmaps", || {
            set.kubectl(&["delete", "configmap/c"]);
            if made_anew {
                set.kubectl(&["create", "configmap", "c", "--from-literal=a=1"]);
            }
        });
        assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
        assert_eq!(carried_out, [""; 0]);
        assert_eq!(set.exists("configmap/c"), made_anew);
        if made_anew {
            assert_eq!(set.live("configmap/c")["data"], json!({"a": "1"}));
        }
        assert_eq!(set.live("configmap/d")["data"], json!({"a": "1"}));
        set.kubectl(&["delete", "configmap", "c", "--ignore-not-found"]);
    }
    // The same for what is to be created or deleted.
    set.ok(
        "apply",
        &Source::of(&[set.config("c", &json!({"a": "1"})), set.config("gone", &json!({}))]),
        &["--yes", "--prune"],
    );
    a_second();
    let wanted = ["c", "n"].map(|name| set.config(name, &json!({"a": "1"})));
    let (source, file) = (Source::of(&wanted), plans.file("create"));
    set.ok("apply", &source, &["--prune", "--out", text(&file)]);
    assert_eq!(steps(&file), ["create ConfigMap n", "delete ConfigMap gone"]);
    let (run, carried_out) = perform_while(&set, &source, &file, "configmaps", || {
        set.kubectl(&["create", "configmap", "n", "--from-literal=a=theirs"]);
    });
    assert_eq!((run.code, carried_out), (5, vec![]), "{}{}", run.stdout, run.stderr);
    assert_eq!(set.live("configmap/n")["data"], json!({"a": "theirs"}));
    assert!(set.exists("configmap/gone"), "the run ended before");
    let (source, file) = (Source::of(&wanted[..1]), plans.file("delete"));
    set.ok("apply", &source, &["--prune", "--out", text(&file)]);
    assert_eq!(steps(&file), ["delete ConfigMap gone"]);
    let (run, carried_out) = perform_while(&set, &source, &file, "configmaps", || {
        set.kubectl(&["label", "configmap", "gone", "by=hand"]);
    });
    assert_eq!((run.code, carried_out), (5, vec![]), "{}{}", run.stdout, run.stderr);
    assert!(set.exists("configmap/gone"));
}

/// FLT-54: a render that is another one each time is never performed from a plan.
#[test]
fn flt_54_a_render_that_differs_from_run_to_run_is_refused() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "random"), Plans::new());
    let source = Source::files(&[("kustomization.yaml", "resources: []\n")]);
    let renderer = |name: &str, value: &str| {
        let program = plans.file(name);
        let manifest = set.config("c", &json!({"k": "VALUE"})).to_string();
        script(
            &program,
            &format!(
                "#!/bin/sh\nread id </proc/sys/kernel/random/uuid\necho '{manifest}' | sed \"s/VALUE/{value}/\"\n"
            ),
        );
        format!("kustomize=exec:{}", program.display())
    };
    let (random, steady) = (renderer("random", "$id"), renderer("steady", "1"));
    for (renderer, code) in [(&random, 5), (&steady, 0)] {
        let file = plans.file("plan");
        set.ok("apply", &source, &["--renderer", renderer, "--out", text(&file)]);
        let run = set.run("apply", &source, &["--renderer", renderer, "--yes", "--plan", text(&file)]);
        assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
        assert_eq!(set.exists("configmap/c"), code == 0);
        assert_eq!(run.stderr.contains("the render is another one"), code == 5, "{}", run.stderr);
    }
}

/// SEC-36: no value of a Secret is in a plan, in any spelling, nor anything from which one could be guessed with the plan alone;
/// a plan with Secrets is performed all the same.
#[test]
fn sec_36_a_plan_holds_no_value_of_a_secret() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "canary"), Plans::new());
    let canaries = ["canary-first", "canary-second", "canary-edited"];
    let file = plans.file("plan");
    let clean = || {
        let plan = read(&file);
        for canary in canaries {
            let base64 = base64(canary);
            let bytes = canary.as_bytes();
            let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            for spelled in [canary, base64.trim_end_matches('='), &hexadecimal] {
                assert!(!plan.contains(spelled), "{spelled} is in the plan");
            }
        }
        plan
    };
    let source = Source::of(&[secret(&set.namespace, canaries[0])]);
    // Nothing but a commit says which values a set without a key has.
    let run = set.run("apply", &source, &["--out", text(&file)]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("would not tell one value of Secret") && !file.exists(), "{}", run.stderr);
    commit(&source);
    // Not even a directory at a commit: it may hold files that Git ignores.
    let run = set.run("apply", &source, &["--out", text(&file)]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    set.ok("apply", &source, &["--ref", "HEAD", "--out", text(&file)]);
    let plan = clean();
    // Whoever has the plan can make the digest of what is sent, and it is the same for every value: none can be tried.
    let guess = |value: &str| guessed(&plan, &set, value);
    let told: Value = serde_json::from_str(&plan).expect("a plan is JSON");
    assert_eq!(Some(guess(canaries[0]).as_str()), told["steps"][0]["sends"].as_str());
    assert_eq!(guess(canaries[0]), guess("another value"));
    let other = Source::of(&[secret(&set.namespace, "other-canary")]);
    std::fs::write(source.file("all.yaml"), read(&other.file("all.yaml"))).expect("it can be written");
    for flags in [&["--allow-dirty"][..], &[]] {
        let run = set.run("apply", &source, &[flags, &["--yes", "--plan", text(&file)]].concat());
        assert_eq!(run.code, 5, "{}", run.stderr);
        git(&source.file(""), &["checkout", "-q", "."]);
    }
    assert!(!set.exists("secret/s"));
    set.ok("apply", &source, &["--ref", "HEAD", "--yes", "--plan", text(&file)]);
    assert_eq!(set.live("secret/s")["data"]["k"], base64(canaries[0]));

    // Now the set has a key, and a plan knows values again without holding them, of a directory as well.
    a_second();
    let edit = json!({"stringData": {"k": canaries[2]}}).to_string();
    let source = Source::of(&[secret(&set.namespace, canaries[1])]);
    set.kubectl(&["patch", "secret/s", "--type=merge", "--field-manager=kubectl-edit", "-p", &edit]);
    set.ok("apply", &source, &["--out", text(&file)]);
    assert!(clean().contains("\"set\": "), "the key of the set");
    let run = set.run("apply", &other, &["--yes", "--plan", text(&file)]);
    assert_eq!(run.code, 5, "another value: {}", run.stderr);
    assert!(run.stderr.contains("what is to be written changed"), "{}", run.stderr);
    set.ok("apply", &source, &["--yes", "--plan", text(&file)]);
    assert_eq!(set.live("secret/s")["data"]["k"], base64(canaries[1]));
}

/// The digest of what is sent for a Secret with this value, made with what stands in the plan.
fn guessed(plan: &str, set: &Set<'_>, value: &str) -> String {
    use gitops::object::id::{Gvk, ObjectId};
    let plan: Value = serde_json::from_str(plan).expect("a plan is JSON");
    let digits = plan["key"]["plan"].as_str().expect("the key is the plan's own");
    let byte = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).expect("digits");
    let seal = gitops::plan::seal::Seal::of_plan(std::array::from_fn(byte));
    let identity =
        gitops::record::SetIdentity { name: set.name.clone(), record_namespace: set.namespace.clone() };
    let body = json!({"apiVersion": "v1", "kind": "Secret", "data": {"k": base64(value)}, "metadata":
        {"name": "s", "namespace": set.namespace, "labels": {"applyset.kubernetes.io/part-of": identity.id()}}});
    let id = ObjectId::new(&Gvk::new("", "v1", "Secret"), &set.namespace, "s");
    seal.sent(&id, &[body], &gitops::mask::rules::MaskRules::default())
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// Without a key of the set a Secret that somebody writes is told by its version.
#[test]
fn a_plan_of_a_set_without_a_record_knows_a_secret_that_was_written() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "keyless"), Plans::new());
    set.kubectl(&["create", "secret", "generic", "s", "--from-literal=k=theirs"]);
    let (source, file) = (Source::of(&[secret(&set.namespace, "ours")]), plans.file("plan"));
    commit(&source);
    set.ok("apply", &source, &["--ref", "HEAD", "--out", text(&file)]);
    let plan = || set.run("apply", &source, &["--ref", "HEAD", "--dry-run", "--plan", text(&file)]);
    assert_eq!(plan().code, 0, "{}", plan().stderr);
    let edit = json!({"stringData": {"k": "again"}}).to_string();
    set.kubectl(&["patch", "secret/s", "--type=merge", "--field-manager=kubectl-create", "-p", &edit]);
    let run = plan();
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("/s: somebody changed it"), "{}", run.stderr);
}

/// A revert chooses by the moment that was meant when the plan was made, however much later it is performed.
#[test]
fn a_planned_revert_means_the_same_time_later() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "since"), Plans::new());
    let source = Source::of(&[set.config("c", &json!({"a": "1", "b": "1"}))]);
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
    let file = plans.file("plan");
    let since = ["--since", "4s"];
    set.ok("revert", &source, &[&since[..], &["--out", text(&file)]].concat());
    assert_eq!(steps(&file), ["revert ConfigMap c"]);
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(
        actions(&set.ok("revert", &source, &[&since[..], &["--yes"]].concat())),
        [""; 0],
        "it is too old by now"
    );
    for other in [&[][..], &["--since", "5s"], &["--since", "4s", "--manager", "kubectl-edit"]] {
        let run = set.run("revert", &source, &[other, &["--yes", "--plan", text(&file)]].concat());
        assert_eq!(run.code, 5, "{other:?} {}", run.stderr);
    }
    assert_eq!(set.live("configmap/c")["data"]["a"], "x");
    let report = set.ok("revert", &source, &[&since[..], &["--yes", "--plan", text(&file)]].concat());
    assert_eq!(actions(&report), ["configured ConfigMap c"]);
    assert_eq!(set.live("configmap/c")["data"]["a"], "1");
}

/// FLT-10 and FLT-32 for a revert.
#[test]
fn flt_10_a_planned_revert_ends_when_the_object_changes_under_it() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "reverting"), Plans::new());
    let source = Source::of(&[set.config("c", &json!({"a": "1", "b": "1"}))]);
    set.apply(&source);
    a_second();
    let patch = |manager: &str, patch: &str| {
        let manager = format!("--field-manager={manager}");
        set.kubectl(&["patch", "configmap/c", "--type=merge", &manager, "-p", patch]);
    };
    patch("kubectl-edit", r#"{"data":{"a":"x"}}"#);
    let file = plans.file("plan");
    set.ok("revert", &source, &["--out", text(&file)]);
    let held = Rule {
        nth: Some(0),
        dry_run: Some(false),
        ..Rule::of(&["patch"], "configmaps", Action::Delay(Duration::from_secs(3)))
    };
    let proxy = Proxy::start(cluster, vec![held], None);
    let run = std::thread::scope(|scope| {
        let run =
            scope.spawn(|| through(&proxy, &set, &["revert"], &source, &["--yes", "--plan", text(&file)]));
        until("the first write", || !writes(&proxy.journal()).is_empty());
        patch("controller", r#"{"data":{"other":"y"}}"#);
        run.join().expect("the run ends")
    });
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "x", "b": "1", "other": "y"}));
}

/// FLT-10: the patch that takes out what an apply leaves is bound to what the apply made, and is part of the plan.
#[test]
fn flt_10_a_change_behind_the_apply_ends_a_planned_run() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "behind"), Plans::new());
    let version = |account: Option<&str>| {
        let mut wanted = deployment(&set.namespace);
        if let Some(account) = account {
            wanted["spec"]["template"]["spec"]["serviceAccountName"] = json!(account);
        }
        wanted
    };
    let source = Source::of(&[version(Some("old"))]);
    commit(&source);
    let next = Source::of(&[version(None)]);
    for file in [&source, &next].map(|source| read(&source.file("all.yaml"))) {
        std::fs::write(source.file("all.yaml"), &file).expect("it can be written");
        let args = ["-n", &set.namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"];
        cluster.kubectl_stdin(&args, &file);
    }
    commit(&source);
    let flags = ["--base", "HEAD~1"];
    let account = || set.live("deployment/web")["spec"]["template"]["spec"]["serviceAccountName"].clone();
    for disturbed in [true, false] {
        let file = plans.file("plan");
        set.ok("apply", &source, &[&flags[..], &["--out", text(&file)]].concat());
        assert_eq!(steps(&file), ["update Deployment web"]);
        let slow = Rule {
            nth: Some(0),
            dry_run: Some(false),
            ..Rule::of(&["patch"], "deployments", Action::Delay(Duration::from_secs(2)))
        };
        let proxy = Proxy::start(cluster, vec![slow], None);
        let flags = [&flags[..], &["--yes", "--plan", text(&file)]].concat();
        let run = std::thread::scope(|scope| {
            let run = scope.spawn(|| through(&proxy, &set, &["apply"], &source, &flags));
            let is_behind = |entry: &Entry| entry.writes_member() && !entry.path.contains("force=true");
            until("the patch behind the apply", || proxy.journal().iter().any(is_behind));
            if disturbed {
                set.kubectl(&["label", "deployment", "web", "by=hand"]);
            }
            run.join().expect("the run ends")
        });
        assert_eq!(run.code, if disturbed { 5 } else { 0 }, "{}{}", run.stdout, run.stderr);
        assert_eq!(account(), if disturbed { json!("old") } else { Value::Null });
    }
}

/// A rollback and a delete are planned as an apply is.
#[test]
fn a_rollback_and_a_delete_are_planned() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "rolled"), Plans::new());
    let config = |value: &str| set.config("c", &json!({"k": value}));
    let source = Source::of(&[config("1")]);
    commit(&source);
    set.apply(&source);
    std::fs::write(
        source.file("all.yaml"),
        read(&Source::of(&[config("2"), set.config("n", &json!({}))]).file("all.yaml")),
    )
    .expect("it can be written");
    commit(&source);
    set.apply(&source);
    let proxy = Proxy::start(cluster, Vec::new(), None);
    let file = plans.file("plan");
    let rollback = |flags: &[&str]| {
        through(&proxy, &set, &["rollback", "HEAD~1"], &source, &[&["--prune"], flags].concat())
    };
    assert_eq!(rollback(&["--out", text(&file)]).code, 0);
    assert_eq!(steps(&file), ["update ConfigMap c", "delete ConfigMap n"]);
    let run = rollback(&["--yes", "--plan", text(&file)]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(writes(&proxy.journal()), ["patch configmaps c", "delete configmaps n"]);
    assert_eq!(set.live("configmap/c")["data"]["k"], "1");

    let mark = proxy.journal().len();
    let delete = |flags: &[&str]| through(&proxy, &set, &["delete"], &source, flags);
    assert_eq!(delete(&["--out", text(&file)]).code, 0);
    assert_eq!(steps(&file), ["delete ConfigMap c"]);
    assert_eq!(stored(&proxy.journal()[mark..]), [""; 0]);
    let run = delete(&["--yes", "--max-deletes", "1", "--plan", text(&file)]);
    assert_eq!(run.code, 5, "another flag: {}", run.stderr);
    assert_eq!(delete(&["--max-deletes", "1", "--out", text(&file)]).code, 0);
    let run = delete(&["--yes", "--max-deletes", "1", "--plan", text(&file)]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(!set.exists("configmap/c") && !set.exists("configmap/gitops-rolled"));
}

/// Objects of a kind that the same plan defines are created as it says, and left if somebody else was faster.
#[test]
fn objects_of_a_kind_that_the_plan_defines_are_part_of_it() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "kinds"), Plans::new());
    let group = format!("{}.example.com", set.namespace);
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")}, "spec": {"group": group, "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"}, "versions": [{"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    let widget = |size: u32| {
        json!({"apiVersion": format!("{group}/v1"), "kind": "Widget",
        "metadata": {"name": "w", "namespace": set.namespace}, "size": size})
    };
    let (source, file) = (Source::of(&[definition.clone(), widget(1)]), plans.file("plan"));
    set.ok("apply", &source, &["--out", text(&file)]);
    assert_eq!(
        steps(&file),
        ["create CustomResourceDefinition widgets.".to_owned() + &group, "later Widget w".to_owned()]
    );
    let run = set.run("apply", &Source::of(&[definition, widget(2)]), &["--yes", "--plan", text(&file)]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("the render is another one"), "{}", run.stderr);
    // The run looks whether the object is there once its kind is served: meanwhile somebody creates one.
    let slow =
        Rule { nth: Some(0), ..Rule::of(&["list", "get"], "widgets", Action::Delay(Duration::from_secs(3))) };
    let proxy = Proxy::start(cluster, vec![slow], None);
    let run = std::thread::scope(|scope| {
        let run =
            scope.spawn(|| through(&proxy, &set, &["apply"], &source, &["--yes", "--plan", text(&file)]));
        until("a look at the new kind", || {
            proxy.journal().iter().any(|entry| entry.about.resource == "widgets")
        });
        cluster.kubectl_stdin(&["create", "-f", "-"], &widget(3).to_string());
        run.join().expect("the run ends")
    });
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert_eq!(set.live(&format!("widgets.{group}/w"))["size"], 3);
    // What was begun is finished by another plan.
    set.ok("apply", &source, &["--out", text(&file)]);
    assert_eq!(steps(&file), ["update Widget w"]);
    let report = set.ok("apply", &source, &["--yes", "--plan", text(&file)]);
    assert_eq!(actions(&report), ["configured Widget w"]);
    assert_eq!(set.live(&format!("widgets.{group}/w"))["size"], 1);
}

/// `--out` takes the place of a plan and of nothing else, and of a run that would do nothing there is none.
#[test]
fn a_plan_takes_the_place_of_a_plan_alone() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "files"), Plans::new());
    let source = Source::of(&[set.config("c", &json!({}))]);
    let out =
        |file: &Path, flags: &[&str]| set.run("apply", &source, &[&["--out", text(file)], flags].concat());
    let notes = plans.file("notes");
    std::fs::write(&notes, "mine\n").expect("it can be written");
    let run = out(&notes, &[]);
    assert_eq!((run.code, read(&notes).as_str()), (2, "mine\n"), "{}", run.stderr);
    assert!(run.stderr.contains("is there already and is no plan"), "{}", run.stderr);
    let link = plans.file("link");
    std::os::unix::fs::symlink(plans.file("aim"), &link).expect("a link can be made");
    for (file, words) in [
        (plans.file("."), "it is no ordinary file"),
        (link, "it is no ordinary file"),
        (plans.file("none/plan"), "cannot write"),
        (source.file("plan.json"), "there it would be read as a manifest"),
    ] {
        let run = out(&file, &[]);
        assert_eq!(run.code, 2, "{} {}", file.display(), run.stderr);
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let names = || {
        let entries = std::fs::read_dir(plans.file("")).expect("it can be read");
        entries.map(|entry| entry.expect("it can be read").file_name()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(), ["link", "notes"].map(Into::into).into(), "nothing is left behind");
    let plan = plans.file("plan");
    assert_eq!(out(&plan, &[]).code, 0);
    let first = read(&plan);
    assert_eq!(out(&plan, &["--prune"]).code, 0);
    assert_ne!(read(&plan), first);
    assert!(!set.exists("configmap/c") && !set.exists("lease/gitops-files"));

    // Another set's object is in the way.
    let other = Set { cluster, namespace: set.namespace.clone(), name: "files-other".to_owned() };
    other.apply(&source);
    let (blocked, mixed) =
        (plans.file("blocked"), Source::of(&[set.config("c", &json!({})), set.config("d", &json!({}))]));
    let flags = ["--out", text(&blocked)];
    let run = set.run("apply", &mixed, &flags);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("the plan is not saved") && !blocked.exists(), "{}", run.stderr);
    let run = set.run("apply", &mixed, &[&flags[..], &["--continue-on-error"]].concat());
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(steps(&blocked), ["create ConfigMap d"]);
    let perform = ["--continue-on-error", "--yes", "--plan", text(&blocked)];
    let run = set.run("apply", &mixed, &perform);
    assert_eq!(
        (run.code, actions(&run.report())),
        (2, vec!["created ConfigMap d".to_owned()]),
        "{}",
        run.stderr
    );
}

/// One file is about one target.
#[test]
fn a_plan_is_about_one_target() {
    let Some(cluster) = cluster::shared() else { return };
    let (set, plans) = (Set::new(cluster, "several"), Plans::new());
    let manifest = set.config("c", &json!({})).to_string();
    let config = "apiVersion: gitops/v1\ntargets: [{name: several-a, path: a}, {name: several-b, path: b}]\n";
    let source = Source::files(&[("gitops.yaml", config), ("a/c.yaml", &manifest), ("b/c.yaml", &manifest)]);
    let file = plans.file("plan");
    let run = |flags: &[&str]| {
        let own = ["apply", source.path(), "-n", &set.namespace];
        gitops(cluster, cluster.kubeconfig(), &[&own, flags].concat())
    };
    let all = run(&["--all-targets", "--out", text(&file)]);
    assert_eq!(all.code, 2, "{}", all.stderr);
    assert!(all.stderr.contains("--out is about one target, and 2 are selected"), "{}", all.stderr);
    assert!(
        all.stderr.contains("--target several-a or --target several-b") && !file.exists(),
        "{}",
        all.stderr
    );
    let one = run(&["--target", "several-a", "--out", text(&file)]);
    assert_eq!(one.code, 0, "{}", one.stderr);
    let all = run(&["--all-targets", "--yes", "--plan", text(&file)]);
    assert_eq!(all.code, 2, "{}", all.stderr);
    let other = run(&["--target", "several-b", "--yes", "--plan", text(&file)]);
    assert_eq!(other.code, 5, "{}", other.stderr);
    assert!(other.stderr.contains("--target was several-a and is several-b"), "{}", other.stderr);
    let one = run(&["--target", "several-a", "--yes", "--plan", text(&file)]);
    assert_eq!(one.code, 0, "{}", one.stderr);
}
