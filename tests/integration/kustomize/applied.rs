//! Kustomizations with bases elsewhere on the real control plane: applied, recorded with their commits, and in sync.

use serde_json::Value;

use super::oracle::program as kustomize;
use crate::git_server::repository::Repo;
use crate::support::cluster;
use crate::support::program::{Source, gitops};

#[test]
fn what_was_applied_of_other_repositories_stands_in_the_record() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("remote-base");
    let repo = Repo::with_files(&[(
        "base/kustomization.yaml",
        "configMapGenerator: [{name: settings, literals: [a=b]}]\nlabels: [{pairs: {part: base}}]\n",
    )]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let url = format!("file://{}", repo.path().display());
    let overlay =
        format!("resources: [\"{url}//base?ref=main\"]\nnamePrefix: over-\nnamespace: {namespace}\n");
    let source = Source::files(&[("kustomization.yaml", &overlay)]);
    let run = |command: &str, flags: &[&str]| {
        let common = [command, source.path(), "-n", &namespace, "--set-name", "remote-base"];
        gitops(cluster, cluster.kubeconfig(), &[&common, flags].concat())
    };
    let applied = run("apply", &["--yes", "--allow-remote", "--no-wait"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let record =
        cluster.kubectl_ok(&["get", "configmap", "gitops-remote-base", "-n", &namespace, "-o", "json"]);
    let record: Value = serde_json::from_str(&record).unwrap();
    let inputs: Value = serde_json::from_str(record["data"]["inputs"].as_str().unwrap()).unwrap();
    assert_eq!(inputs[format!("remote {url} main")], Value::from(commit), "{record}");

    let diff = run("diff", &["--allow-remote", "-o", "json"]);
    assert_eq!(diff.code, 0, "{diff:?}");
    if let Some(kustomize) = kustomize() {
        let by = format!("kustomize=exec:{}", kustomize.display());
        let diff = run("diff", &["--allow-remote", "--renderer", &by]);
        assert_eq!(diff.code, 0, "{diff:?}");
    }
}
