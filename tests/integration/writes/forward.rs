//! A revision that does not continue what was applied last: a branch that was rewritten or went back, a tag that moved, a commit that
//! vanished.

use serde_json::{Value, json};

use super::{Set, differing};
use crate::git_server::repository::{Repo, git_in};
use crate::support::cluster;
use crate::support::program::{Run, gitops};

/// A repository with one ConfigMap of a set, whose value says which commit was applied.
struct Site<'c> {
    set: Set<'c>,
    repo: Repo,
}

impl<'c> Site<'c> {
    fn new(cluster: &'c cluster::Cluster, name: &str) -> Self {
        Self { set: Set::new(cluster, name), repo: Repo::new() }
    }

    fn commit(&self, value: &str) -> String {
        let object = self.set.config("c", &json!({"k": value}));
        self.repo.commit_files(&[("c.yaml", &object.to_string())], value)
    }

    fn run(&self, command: &[&str], from: &str, flags: &[&str]) -> Run {
        let set = ["--set-name", &self.set.name, "-n", &self.set.namespace, "-o", "json"];
        let args = [command, &[from], &set, flags].concat();
        gitops(self.set.cluster, self.set.cluster.kubeconfig(), &args)
    }

    fn apply(&self, flags: &[&str]) -> Run {
        self.run(&["apply"], &self.repo.at(""), &[flags, &["--yes"]].concat())
    }

    fn value(&self) -> String {
        self.set.live("configmap/c")["data"]["k"].as_str().unwrap_or_default().to_owned()
    }
}

fn short(commit: &str) -> &str {
    &commit[..12]
}

#[test]
fn flt_45_a_branch_that_was_rewritten_is_refused_unless_that_is_meant() {
    let Some(cluster) = cluster::shared() else { return };
    let site = Site::new(cluster, "rewritten");
    let first = site.commit("1");
    assert_eq!(site.apply(&[]).code, 0);
    let second = site.commit("2");
    assert_eq!(site.apply(&[]).code, 0, "a commit on top of it goes forward");
    site.repo.git(&["reset", "-q", "--hard", &first]);
    let third = site.commit("3");
    let run = site.apply(&[]);
    assert_eq!((run.code, &*site.value()), (5, "2"), "{}", run.stderr);
    for words in [short(&third), short(&second), "does not continue", "--allow-non-fast-forward"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let run = site.run(&["diff"], &site.repo.at(""), &[]);
    assert_eq!(differing(&run.report()), ["pending ConfigMap c"]);
    assert!(run.stderr.contains("warning: ") && run.stderr.contains("does not continue"), "{}", run.stderr);
    let run = site.apply(&["--dry-run"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("does not continue"), "a dry run says it: {}", run.stderr);
    let url = format!("file://{}", site.repo.path().display());
    assert_eq!(site.run(&["apply"], &url, &["--yes"]).code, 5, "a URL is no other");
    let run = site.apply(&["--allow-non-fast-forward"]);
    assert_eq!((run.code, &*site.value()), (0, "3"), "{}", run.stderr);
    assert!(run.stderr.contains("does not continue"), "and it is said: {}", run.stderr);
    let vanished = "0123456789abcdef0123456789abcdef01234567";
    let run = site.run(&["rollback", vanished], &site.repo.at(""), &["--yes"]);
    assert_eq!((run.code, run.stderr.contains(vanished)), (2, true), "{}", run.stderr);
}

#[test]
fn flt_46_a_branch_that_went_back_is_refused_and_a_rollback_is_not() {
    let Some(cluster) = cluster::shared() else { return };
    let site = Site::new(cluster, "went-back");
    let first = site.commit("1");
    let second = site.commit("2");
    assert_eq!(site.apply(&[]).code, 0);
    let run = site.apply(&["--ref", &first]);
    assert_eq!((run.code, &*site.value()), (5, "2"), "{}", run.stderr);
    for words in [short(&first), short(&second), "is older than", "gitops rollback"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    let run = site.run(&["rollback", &first], &site.repo.at(""), &["--yes"]);
    assert_eq!((run.code, &*site.value()), (0, "1"), "{}", run.stderr);
    let run = site.apply(&["--ref", "main"]);
    assert_eq!((run.code, &*site.value()), (0, "2"), "forward again: {}", run.stderr);
}

/// How CI systems clone: the history cannot tell, and the run goes on with a warning.
#[test]
fn a_shallow_clone_is_applied_with_a_warning() {
    let Some(cluster) = cluster::shared() else { return };
    let site = Site::new(cluster, "shallow");
    site.commit("1");
    assert_eq!(site.apply(&[]).code, 0);
    site.commit("2");
    site.commit("3");
    let clone = tempfile::tempdir().expect("a directory can be made");
    let url = format!("file://{}", site.repo.path().display());
    git_in(clone.path(), &["clone", "-q", "--depth", "1", &url, "."]);
    let at = clone.path().to_str().expect("the path is text");
    let run = site.run(&["apply"], at, &["--yes"]);
    assert_eq!((run.code, &*site.value()), (0, "3"), "{}", run.stderr);
    assert!(run.stderr.contains("is not known") && run.stderr.contains("fetch-depth: 0"), "{}", run.stderr);
}

#[test]
fn flt_49_a_tag_that_moved_is_a_warning_and_with_strict_a_refusal() {
    let Some(cluster) = cluster::shared() else { return };
    let site = Site::new(cluster, "tagged");
    site.commit("1");
    site.repo.git(&["tag", "-a", "v1", "-m", "one"]);
    assert_eq!(site.apply(&["--ref", "v1"]).code, 0);
    let inputs = site.set.parent()["data"]["inputs"].as_str().unwrap_or_default().to_owned();
    let inputs: Value = serde_json::from_str(&inputs).expect("inputs are JSON");
    assert_eq!(inputs["tag v1"], json!(site.repo.git(&["rev-parse", "v1"])), "the tag object's own id");
    let run = site.apply(&["--ref", "v1"]);
    assert!(!run.stderr.contains("moved"), "{}", run.stderr);
    site.commit("2");
    site.repo.git(&["tag", "-f", "-a", "v1", "-m", "two"]);
    let run = site.apply(&["--ref", "v1", "--strict"]);
    assert_eq!((run.code, &*site.value()), (5, "1"), "{}", run.stderr);
    let run = site.apply(&["--ref", "v1"]);
    assert_eq!((run.code, &*site.value()), (0, "2"), "{}", run.stderr);
    assert!(run.stderr.contains("warning: the tag v1 moved since it was applied"), "{}", run.stderr);
    site.repo.git(&["tag", "-d", "v1"]);
    let run = site.apply(&["--ref", "v1"]);
    assert_eq!((run.code, run.stderr.contains("v1")), (2, true), "{}", run.stderr);
}
