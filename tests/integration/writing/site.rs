//! A set in a namespace of its own, in two versions: from the first to the second, ten objects are created, ten updated and ten
//! deleted. And the program, run on it through a proxy.
#![expect(clippy::disallowed_methods, reason = "runs the program")]

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::program::Source;
use crate::support::proxy::rules::Rule;
use crate::support::proxy::{Entry, Proxy, Shot};

/// Items that are checked at a time.
const LANES: usize = 4;
/// Objects of each class.
const EACH: usize = 10;
/// The field of which both versions have another value.
const KEY: &str = "value";

/// What Git says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Old,
    New,
}

/// Where one test runs.
pub(super) struct Site<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: String,
    home: &'a Path,
    old: Source,
    new: Source,
}

/// A run of the program and what the server was asked by it.
pub(super) struct Ran {
    pub(super) output: Output,
    pub(super) journal: Vec<Entry>,
}

impl Ran {
    /// The exit code; `None` if a signal ended it.
    pub(super) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Both streams.
    pub(super) fn text(&self) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        format!("{}\n{}", text(&self.output.stdout), text(&self.output.stderr))
    }

    /// Writes of members that the server carried out, as verb and name.
    pub(super) fn member_writes(&self) -> Vec<(String, String)> {
        let carried_out =
            |entry: &&Entry| entry.writes_member() && entry.status.is_some_and(|status| status < 300);
        let named =
            |entry: &Entry| (entry.verb.clone(), format!("{}/{}", entry.about.resource, entry.about.name));
        self.journal.iter().filter(carried_out).map(named).collect()
    }
}

impl<'a> Site<'a> {
    /// A namespace without objects.
    pub(super) fn new(cluster: &'a Cluster, home: &'a Path) -> Self {
        let namespace = cluster.namespace("write");
        Self::at(cluster, home, &namespace)
    }

    /// A namespace that is there.
    pub(super) fn at(cluster: &'a Cluster, home: &'a Path, namespace: &str) -> Self {
        let namespace = namespace.to_owned();
        let (old, new) = (Source::of(&version(Version::Old)), Source::of(&version(Version::New)));
        Self { cluster, namespace, home, old, new }
    }

    /// The same with the first version applied.
    ///
    /// # Panics
    /// If that fails.
    pub(super) fn begun(cluster: &'a Cluster, home: &'a Path) -> Self {
        let site = Self::new(cluster, home);
        let child = site.spawn(site.old.path(), cluster.kubeconfig(), &[]);
        let output = child.wait_with_output().expect("the program can be waited for");
        let ran = Ran { output, journal: Vec::new() };
        assert_eq!(ran.code(), Some(0), "the first version: {}", ran.text());
        site
    }

    /// Applies the second version through a proxy.
    pub(super) fn apply(&self, rules: Vec<Rule>, shot: Option<Shot>, more: &[&str]) -> Ran {
        self.through_proxy(Version::New, rules, shot, more)
    }

    /// Applies a version through a proxy without faults.
    pub(super) fn go_to(&self, version: Version) -> Ran {
        self.through_proxy(version, Vec::new(), None, &[])
    }

    fn through_proxy(&self, to: Version, rules: Vec<Rule>, shot: Option<Shot>, more: &[&str]) -> Ran {
        let proxy = Proxy::start(self.cluster, rules, shot);
        let source = if to == Version::Old { &self.old } else { &self.new };
        let child = self.spawn(source.path(), proxy.kubeconfig(), more);
        proxy.aim(child.id());
        let output = child.wait_with_output().expect("the program can be waited for");
        proxy.settle();
        Ran { output, journal: proxy.journal() }
    }

    /// Starts the program.
    pub(super) fn spawn(&self, source: &str, kubeconfig: &Path, more: &[&str]) -> Child {
        self.command("apply", source, kubeconfig, &[&["--prune"], more].concat())
    }

    fn command(&self, command: &str, source: &str, kubeconfig: &Path, more: &[&str]) -> Child {
        let args = [command, source, "--yes", "--max-deletes=10", "--set-name=set", "-n", &self.namespace];
        Command::new(env!("CARGO_BIN_EXE_gitops"))
            .args(args)
            .args(more)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home)
            .env("KUBECONFIG", kubeconfig)
            .envs([("GITOPS_LOCK_DURATION", "2s"), ("GITOPS_LOCK_TIMEOUT", "60s")])
            .current_dir(self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts")
    }

    /// Takes the last run back, and is shot.
    pub(super) fn undo_shot(&self, shot: Option<Shot>) -> Ran {
        let (empty, proxy) = (Source::files(&[]), Proxy::start(self.cluster, Vec::new(), shot));
        let child = self.command("undo", empty.path(), proxy.kubeconfig(), &[]);
        proxy.aim(child.id());
        let output = child.wait_with_output().expect("the program can be waited for");
        proxy.settle();
        Ran { output, journal: proxy.journal() }
    }

    /// Takes the last run back, without a proxy.
    pub(super) fn undo(&self, more: &[&str]) -> Ran {
        let empty = Source::files(&[]);
        let child = self.command("undo", empty.path(), self.cluster.kubeconfig(), more);
        let output = child.wait_with_output().expect("the program can be waited for");
        Ran { output, journal: Vec::new() }
    }

    /// What is there, as kubectl sees it: uid and value of each object by `Kind/name`. Objects of the program itself are left
    /// out.
    pub(super) fn live(&self) -> BTreeMap<String, (String, String)> {
        let get = [
            "get",
            "configmaps,secrets,serviceaccounts,roles",
            "--output=json",
            "--namespace",
            &self.namespace,
        ];
        let list: Value = serde_json::from_str(&self.cluster.kubectl_ok(&get)).expect("kubectl writes JSON");
        let items = list["items"].as_array().expect("a list has items").iter();
        let text = |object: &Value, pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let ours = |object: &&Value| !text(object, "/metadata/name").starts_with("gitops-");
        items
            .filter(ours)
            .map(|object| {
                let value = match object["kind"].as_str() {
                    Some("ConfigMap") => text(object, "/data/value"),
                    Some("Secret") => {
                        let bytes = STANDARD.decode(text(object, "/data/value")).expect("base64");
                        String::from_utf8(bytes).expect("text")
                    }
                    _ => text(object, "/metadata/annotations/value"),
                };
                let name = format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"));
                (name, (text(object, "/metadata/uid"), value))
            })
            .collect()
    }

    /// # Panics
    /// If what is there is not this version, whole and alone.
    pub(super) fn assert_arrived(&self, to: Version, place: &str) {
        let live: BTreeMap<String, String> =
            self.live().into_iter().map(|(name, (_, value))| (name, value)).collect();
        let wanted: BTreeMap<String, String> = version(to).iter().map(named).collect();
        assert_eq!(live, wanted, "{place}: what is there is not what Git says");
    }

    /// Who holds the lock of the set.
    pub(super) fn lock_holder(&self) -> Option<String> {
        let get = [
            "get",
            "leases",
            "--output=jsonpath={.items[*].spec.holderIdentity}",
            "--namespace",
            &self.namespace,
        ];
        Some(self.cluster.kubectl_ok(&get)).filter(|holder| !holder.is_empty())
    }

    /// Lets the namespace go, so that the server keeps no more than it has to.
    pub(super) fn end(self) {
        self.cluster.kubectl(&["delete", "namespace", &self.namespace, "--wait=false"]);
    }

    /// # Panics
    /// If an object that stays was deleted, or one that goes more than once.
    pub(super) fn assert_deleted_once(&self, to: Version, place: &str, runs: &[&Ran]) {
        let mut deleted = BTreeSet::new();
        for (number, run) in runs.iter().enumerate() {
            // The first run is always on its way to the second version.
            let class = if number == 0 || to == Version::New { "/del" } else { "/new" };
            for (_, name) in run.member_writes().into_iter().filter(|(verb, _)| verb == "delete") {
                assert!(name.contains(class), "{place}: {name} was deleted");
                assert!(deleted.insert(name.clone()), "{place}: {name} was deleted twice");
            }
        }
    }
}

/// Runs a check for every item, four at a time, each lane with a home of its own. What failed, in words.
pub(super) fn in_lanes<T: Sync>(items: &[T], check: impl Fn(&Path, &T) + Sync) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let home = tempfile::tempdir().expect("a directory can be made");
                while let Some(item) = items.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let checked = AssertUnwindSafe(|| check(home.path(), item));
                    if let Err(panic) = std::panic::catch_unwind(checked) {
                        let text = panic.downcast_ref::<String>().cloned();
                        let text =
                            text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                        let mut failures = failures.lock().expect("the list is whole");
                        failures.push(text.unwrap_or_else(|| "a check failed".to_owned()));
                    }
                }
            });
        }
    });
    failures.into_inner().expect("the list is whole")
}

/// Kind and name, and the value.
fn named(object: &Value) -> (String, String) {
    let value = [&object["data"][KEY], &object["stringData"][KEY], &object["metadata"]["annotations"][KEY]];
    let value = value.iter().find_map(|value| value.as_str()).expect("every object has a value");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (format!("{}/{}", text(&object["kind"]), text(&object["metadata"]["name"])), value.to_owned())
}

fn version(version: Version) -> Vec<Value> {
    let (value, classes) = match version {
        Version::Old => ("old", ["upd", "del"]),
        Version::New => ("new", ["upd", "new"]),
    };
    let all = classes.iter().flat_map(|class| (0..EACH).map(move |number| (class, number)));
    all.map(|(class, number)| object(class, number, value)).collect()
}

/// Two of ten are Secrets, one is a ServiceAccount; and only the second version has a Role.
fn object(class: &str, number: usize, value: &str) -> Value {
    let name = format!("{class}{number}");
    let noted = json!({"name": name, "annotations": {KEY: value}});
    match (class, number) {
        ("new", 6) => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": noted,
            "rules": []}),
        (_, 7 | 8) => json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
            "stringData": {KEY: value}}),
        (_, 9) => json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": noted}),
        _ => {
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {KEY: value}})
        }
    }
}
