//! Sets that came about in unusual ways. Each is asked the same: whether its base is known, so that an edit is drift; what its record
//! says; and whether a prune takes exactly the member that left Git.
#![expect(clippy::disallowed_methods, reason = "writes the files of a repository")]

use serde_json::{Value, json};

use super::{Set, a_second, actions, differing, reason};
use crate::base_revision::git;
use crate::support::cluster::{self, Cluster};
use crate::support::generate;
use crate::support::program::{Run, Source, gitops, object};
use crate::support::proxy::Proxy;
use crate::support::proxy::rules::{Action, Rule};

/// Names and values of members.
type Members<'a> = &'a [(&'a str, &'a str)];

const ALL: Members<'static> = &[("a", "1"), ("b", "1"), ("c", "1")];

/// Where the manifests of a set come from.
enum Origin {
    /// A directory without history.
    Plain,
    /// A repository in which every change is committed.
    Commits,
    /// A repository whose first change alone is committed.
    Dirty,
    /// A clone that knows one commit of another repository.
    Shallow(Source),
}

/// A set and its manifests.
struct Home<'c> {
    set: Set<'c>,
    source: Source,
    origin: Origin,
    /// True for ClusterRoles in place of ConfigMaps.
    roles: bool,
    /// A namespace that is part of the set and holds its members.
    made: Option<String>,
}

impl<'c> Home<'c> {
    fn new(cluster: &'c Cluster, name: &str, origin: Origin) -> Self {
        let (set, source) = (Set::new(cluster, name), Source::files(&[]));
        match &origin {
            Origin::Plain => {}
            Origin::Commits | Origin::Dirty => git(&source.file(""), &["init", "-q"]),
            Origin::Shallow(upstream) => git(&upstream.file(""), &["init", "-q"]),
        }
        Self { set, source, origin, roles: false, made: None }
    }

    fn plain(cluster: &'c Cluster, name: &str) -> Self {
        Self::new(cluster, name, Origin::Plain)
    }

    fn kind(&self) -> &'static str {
        if self.roles { "ClusterRole" } else { "ConfigMap" }
    }

    /// Names outside namespaces have to differ from those of other tests.
    fn name(&self, name: &str) -> String {
        if self.roles { format!("{}-{name}", self.set.namespace) } else { name.to_owned() }
    }

    fn namespace(&self) -> &str {
        self.made.as_deref().unwrap_or(&self.set.namespace)
    }

    fn objects(&self, members: Members<'_>) -> Vec<Value> {
        let namespace = self
            .made
            .iter()
            .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        let member = |(name, value): &(&str, &str)| match self.roles {
            true => json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": self.name(name)}, "rules": [{"apiGroups": [value], "resources": ["x"], "verbs": ["get"]}]}),
            false => json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": self.namespace()}, "data": {"k": value}}),
        };
        namespace.chain(members.iter().map(member)).collect()
    }

    /// Lets Git say this.
    fn write(&self, members: Members<'_>) {
        let text = generate::stream(&self.objects(members));
        let at = |source: &Source| {
            std::fs::write(source.file("all.yaml"), &text).expect("the file can be written")
        };
        let commit = |source: &Source| {
            git(&source.file(""), &["add", "-A"]);
            git(&source.file(""), &["commit", "-qm", "next"]);
        };
        match &self.origin {
            Origin::Plain => at(&self.source),
            Origin::Commits => {
                at(&self.source);
                commit(&self.source);
            }
            Origin::Dirty => {
                let is_new = !self.source.file("all.yaml").exists();
                at(&self.source);
                if is_new {
                    commit(&self.source);
                }
            }
            Origin::Shallow(upstream) => {
                at(upstream);
                commit(upstream);
                let url = format!("file://{}", upstream.path());
                let clone = self.source.file("");
                if self.source.file(".git").exists() {
                    git(&clone, &["fetch", "-q", "--depth=1", "origin", "HEAD"]);
                    git(&clone, &["reset", "-q", "--hard", "FETCH_HEAD"]);
                } else {
                    git(&clone, &["clone", "-q", "--depth=1", &url, "."]);
                }
            }
        }
    }

    fn run(&self, command: &str, flags: &[&str]) -> Run {
        let dirty: &[&str] =
            if matches!(self.origin, Origin::Dirty) && command == "apply" { &["--allow-dirty"] } else { &[] };
        self.set.run(command, &self.source, &[flags, dirty].concat())
    }

    fn ok(&self, command: &str, flags: &[&str]) -> Value {
        let run = self.run(command, flags);
        assert_eq!(run.code, 0, "{}: {command} {flags:?}: {}{}", self.set.name, run.stdout, run.stderr);
        run.report()
    }

    /// The commit of the manifests, if they have one.
    fn commit(&self) -> Option<String> {
        let head = std::fs::read_to_string(self.source.file(".git/refs/heads/main")).ok()?;
        Some(head.trim().to_owned())
    }

    fn edit(&self, name: &str) {
        let patch = match self.roles {
            true => r#"{"rules":[{"apiGroups":["x"],"resources":["x"],"verbs":["get"]}]}"#,
            false => r#"{"data":{"k":"x"}}"#,
        };
        let name = self.name(name);
        let args = [
            "-n",
            self.namespace(),
            "patch",
            self.kind(),
            &name,
            "--type=merge",
            "--field-manager=kubectl-edit",
            "-p",
            patch,
        ];
        self.set.cluster.kubectl_ok(&args);
    }

    fn value(&self, name: &str) -> String {
        let path = if self.roles { "jsonpath={.rules[0].apiGroups[0]}" } else { "jsonpath={.data.k}" };
        let name = self.name(name);
        let args = ["-n", self.namespace(), "get", self.kind(), &name, "--ignore-not-found", "-o", path];
        self.set.cluster.kubectl_ok(&args)
    }

    fn drifted(&self, name: &str) -> String {
        format!("drift {} {}", self.kind(), self.name(name))
    }

    /// All of [`ALL`] is applied: its base, its record, its prune.
    fn lives(&self) {
        self.has_base("b", "1");
        self.has_record("done", matches!(self.origin, Origin::Dirty));
        self.prunes();
    }

    /// An edit is drift from the value that the record keeps, and goes back to it.
    fn has_base(&self, name: &str, value: &str) {
        a_second();
        self.edit(name);
        let run = self.run("diff", &[]);
        let report = run.report();
        assert_eq!(differing(&report), [self.drifted(name)], "{}: {}", self.set.name, run.stderr);
        let base = report["targets"][0]["base"].as_str().unwrap_or_default();
        assert!(base.starts_with("record"), "{}: {base}", self.set.name);
        let told = object(&report, self.kind(), &self.name(name)).expect("it is told").0;
        assert!(
            told["fields"][0]["base"].to_string().contains(&format!("\"{value}\"")),
            "{}: {told}",
            self.set.name
        );
        assert!(self.ok("revert", &["--yes"])["outcome"] == "clean", "{}", self.set.name);
        assert_eq!(self.value(name), value, "{}", self.set.name);
    }

    fn has_record(&self, result: &str, dirty: bool) {
        let parent = self.set.parent()["data"].clone();
        let group = if self.roles { "ClusterRole.rbac.authorization.k8s.io" } else { "ConfigMap" };
        let places: Value =
            serde_json::from_str(parent["members"].as_str().unwrap_or_default()).expect("a map");
        let place = if self.roles { "" } else { self.namespace() };
        assert_eq!(places[group], json!([place]), "{}: {parent}", self.set.name);
        let runs: Value = serde_json::from_str(parent["runs"].as_str().unwrap_or_default()).expect("a list");
        let applied =
            runs.as_array().into_iter().flatten().find(|run| run["command"] == "apply").expect("an apply");
        let told =
            (applied["commit"].as_str().map(str::to_owned), applied["dirty"].as_bool().unwrap_or(false));
        assert_eq!(told, (self.commit(), dirty), "{}: {applied}", self.set.name);
        assert_eq!(applied["result"], result, "{}: {applied}", self.set.name);
    }

    /// What leaves Git goes, and nothing else.
    fn prunes(&self) {
        let foreign = self.name("foreign");
        match self.roles {
            true => drop(self.set.cluster.kubectl_ok(&[
                "create",
                "clusterrole",
                &foreign,
                "--verb=get",
                "--resource=pods",
            ])),
            false => {
                drop(self.set.cluster.kubectl_ok(&["-n", self.namespace(), "create", "configmap", &foreign]))
            }
        }
        self.write(&ALL[..2]);
        assert_eq!(actions(&self.ok("apply", &["--yes"])), [""; 0], "{}: not unasked", self.set.name);
        let report = self.ok("apply", &["--yes", "--prune"]);
        let gone = format!("deleted {} {}", self.kind(), self.name("c"));
        assert_eq!(actions(&report), [gone], "{}", self.set.name);
        assert_eq!(
            (self.value("c"), self.value("a"), self.value("b")),
            (String::new(), "1".to_owned(), "1".to_owned())
        );
        let left = self.set.cluster.kubectl_ok(&[
            "-n",
            self.namespace(),
            "get",
            self.kind(),
            &foreign,
            "-o",
            "name",
        ]);
        assert!(left.contains(&foreign), "{}: {left}", self.set.name);
        assert_eq!(differing(&self.ok("diff", &[])), [""; 0], "{}", self.set.name);
    }
}

#[test]
fn a_set_that_kubectl_made() {
    let Some(cluster) = cluster::shared() else { return };
    for (way, arguments) in [
        ("client", &["apply", "-f"][..]),
        ("create", &["create", "-f"]),
        ("server", &["apply", "--server-side", "-f"]),
    ] {
        let home = Home::plain(cluster, &format!("made-{way}"));
        home.write(ALL);
        home.set.kubectl(&[arguments, &[home.source.file("all.yaml").to_str().expect("a name")]].concat());
        assert_eq!(actions(&home.ok("apply", &["--yes"])).len(), 3, "{way}");
        home.lives();
    }
}

/// What failed keeps its base, and what was done has a new one; a run that fails deletes nothing.
#[test]
fn a_set_that_was_written_in_part() {
    let Some(cluster) = cluster::shared() else { return };
    let home = Home::new(cluster, "part", Origin::Commits);
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    a_second();
    home.write(&[("a", "2"), ("b", "2")]);
    let denied = Action::refusal(422, "Invalid", "a policy denied it", &[]);
    let proxy = Proxy::start(cluster, vec![Rule::of(&["patch"], "configmaps", denied).stored("b")], None);
    let args = [
        "apply",
        home.source.path(),
        "--set-name=part",
        "-n",
        &home.set.namespace,
        "-o",
        "json",
        "--yes",
        "--prune",
    ];
    let run = gitops(cluster, proxy.kubeconfig(), &args);
    let report = run.report();
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(
        actions(&report)[..2],
        ["configured ConfigMap a", "failed ConfigMap b"],
        "{:?}",
        actions(&report)
    );
    assert!(reason(&report, "b").contains("422"), "{}", reason(&report, "b"));
    assert_eq!((home.value("b"), home.value("c")), ("1".to_owned(), "1".to_owned()), "nothing is deleted");
    home.has_record("failed", false);
    let diff = home.run("diff", &[]).report();
    assert_eq!(differing(&diff), ["pending ConfigMap b", "extra ConfigMap c"]);
    let told = object(&diff, "ConfigMap", "b").expect("it is told").0;
    assert_eq!(told["fields"][0]["base"], "1", "{told}");
    home.write(&[("a", "2"), ("b", "2"), ("c", "1")]);
    home.ok("apply", &["--yes"]);
    home.has_base("a", "2");
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    home.lives();
}

/// A choice changes the base of what was chosen alone, narrows nothing, and prunes nothing.
#[test]
fn a_set_that_was_chosen_in_part() {
    let Some(cluster) = cluster::shared() else { return };
    let home = Home::plain(cluster, "chosen");
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    a_second();
    home.write(&[("a", "2"), ("b", "2")]);
    let only = format!("ConfigMap/{}/a", home.set.namespace);
    let report = home.ok("apply", &["--yes", "--only", &only]);
    assert_eq!(actions(&report), ["configured ConfigMap a"]);
    let run = home.run("apply", &["--yes", "--only", &only, "--prune"]);
    assert!(home.value("c") == "1", "a choice prunes nothing: {}", run.stderr);
    home.has_record("done", false);
    let diff = home.run("diff", &[]).report();
    assert_eq!(differing(&diff), ["pending ConfigMap b", "extra ConfigMap c"]);
    assert_eq!(object(&diff, "ConfigMap", "b").expect("it is told").0["fields"][0]["base"], "1");
    home.write(&[("a", "2"), ("b", "1"), ("c", "1")]);
    home.has_base("a", "2");
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    home.lives();
}

/// Uncommitted files are applied only when that is said; the record keeps what they said, as no commit has it.
#[test]
fn a_set_from_a_dirty_tree() {
    let Some(cluster) = cluster::shared() else { return };
    let home = Home::new(cluster, "dirty", Origin::Dirty);
    home.write(&[("a", "0"), ("b", "0"), ("c", "0")]);
    let commit = home.commit().expect("there is one");
    home.write(ALL);
    let run = home.set.run("apply", &home.source, &["--yes"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("--allow-dirty") && home.value("a").is_empty(), "{}", run.stderr);
    home.ok("apply", &["--yes"]);
    assert_eq!(home.commit().as_deref(), Some(&*commit));
    home.lives();
    let args = ["history", home.source.path(), "--set-name=dirty", "-n", &home.set.namespace];
    let history = gitops(cluster, cluster.kubeconfig(), &args);
    assert!(history.stdout.contains("(with uncommitted changes)"), "{}{}", history.stdout, history.stderr);
}

/// A clone of one commit has no other: the base is what the record keeps.
#[test]
fn a_set_from_a_shallow_clone() {
    let Some(cluster) = cluster::shared() else { return };
    let home = Home::new(cluster, "shallow", Origin::Shallow(Source::files(&[])));
    home.write(&[("a", "1"), ("b", "0"), ("c", "1")]);
    home.ok("apply", &["--yes"]);
    a_second();
    home.write(ALL);
    let diff = home.run("diff", &[]).report();
    assert_eq!(differing(&diff), ["pending ConfigMap b"]);
    assert_eq!(object(&diff, "ConfigMap", "b").expect("it is told").0["fields"][0]["base"], "0");
    home.ok("apply", &["--yes"]);
    home.lives();
}

#[test]
fn a_set_that_was_renamed() {
    let Some(cluster) = cluster::shared() else { return };
    let mut home = Home::plain(cluster, "former");
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    a_second();
    home.set.name = "latter".to_owned();
    assert_eq!(home.run("apply", &["--yes", "--prune"]).code, 2, "the objects are another set's");
    home.ok("apply", &["--yes", "--adopt-set", "former"]);
    home.lives();
    // The old record is left without members, and takes nothing along.
    home.set.name = "former".to_owned();
    home.ok("delete", &["--yes", "--max-deletes", "0"]);
    assert_eq!((home.value("a"), home.value("b")), ("1".to_owned(), "1".to_owned()));
}

/// The namespace that holds the record is never pruned with it.
#[test]
fn a_set_in_a_namespace_that_it_makes() {
    let Some(cluster) = cluster::shared() else { return };
    let mut home = Home::plain(cluster, "settler");
    let made = format!("{}-made", home.set.namespace);
    home.set.namespace.clone_from(&made);
    home.made = Some(made.clone());
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    home.lives();
    home.made = None;
    home.write(&ALL[..2]);
    let run = home.run("apply", &["--yes", "--prune", "--allow-prune-kind", "Namespace"]);
    assert!(run.stderr.contains("it holds the record of the set"), "{}", run.stderr);
    let live = cluster.kubectl_ok(&["get", "namespace", &made, "-o", "jsonpath={.status.phase}"]);
    assert_eq!(live, "Active");
}

#[test]
fn a_set_outside_all_namespaces() {
    let Some(cluster) = cluster::shared() else { return };
    let mut home = Home::plain(cluster, "wide");
    home.roles = true;
    home.write(ALL);
    home.ok("apply", &["--yes"]);
    // ClusterRoles are deleted only when that is said.
    home.has_base("b", "1");
    home.has_record("done", false);
    home.write(&ALL[..2]);
    let run = home.run("apply", &["--yes", "--prune"]);
    assert!(
        run.stderr.contains("--allow-prune-kind ClusterRole") && home.value("c") == "1",
        "{}",
        run.stderr
    );
    let report = home.ok("apply", &["--yes", "--prune", "--allow-prune-kind", "ClusterRole"]);
    assert_eq!(actions(&report), [format!("deleted ClusterRole {}", home.name("c"))]);
    let record = home.set.parent()["data"]["members"].clone();
    assert_eq!(record, json!("{\"ClusterRole.rbac.authorization.k8s.io\":[\"\"]}"));
    assert_eq!((home.value("a"), home.value("c")), ("1".to_owned(), String::new()));
}

/// Of two sets that render one object the first keeps it; the other writes the rest only when that is wanted, and neither prune takes
/// what is the other's.
#[test]
fn two_sets_that_share_an_object() {
    let Some(cluster) = cluster::shared() else { return };
    let one = Home::plain(cluster, "one");
    one.write(ALL);
    one.ok("apply", &["--yes"]);
    let mut two = Home::plain(cluster, "two");
    two.set.namespace.clone_from(&one.set.namespace);
    two.write(&[("c", "2"), ("d", "1"), ("e", "1")]);
    let run = two.run("apply", &["--yes"]);
    assert_eq!((run.code, two.value("d")), (2, String::new()), "{}", run.stderr);
    let run = two.run("apply", &["--yes", "--continue-on-error"]);
    assert_eq!(
        (run.code, two.value("c"), two.value("d")),
        (2, "1".to_owned(), "1".to_owned()),
        "{}",
        run.stderr
    );
    two.write(&[("d", "1"), ("e", "1")]);
    two.has_base("d", "1");
    two.write(&[("d", "1")]);
    assert_eq!(actions(&two.ok("apply", &["--yes", "--prune"])), ["deleted ConfigMap e"]);
    one.lives();
    assert_eq!(two.value("d"), "1");
    assert_eq!(differing(&two.ok("diff", &[])), [""; 0]);
}
