//! Saved plans: `--out` writes one, `--plan` performs exactly it or nothing.

mod edits;
mod stale;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

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

#[expect(clippy::disallowed_methods, reason = "reads what the program wrote")]
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
