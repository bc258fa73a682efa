//! What a run needs and what it says when it is not allowed.

use serde_json::json;

use super::Set;
use crate::support::cluster;
use crate::support::program::{Source, gitops};

/// FLT-20: with get and list alone the missing rights are told before anything is written.
#[test]
fn flt_20_missing_rights_are_told_before_the_first_write() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "rights");
    let user = cluster.user();
    cluster.allow_in(
        &set.namespace,
        &user,
        "get,list",
        "configmaps,secrets,services,leases.coordination.k8s.io",
    );
    let source = Source::of(&[set.config("c", &json!({"k": "v"})), super::service(&set.namespace)]);
    let mark = cluster.mark();
    let args = ["apply", source.path(), "--set-name", &set.name, "-n", &set.namespace, "--yes"];
    let run = gitops(cluster, &user.kubeconfig, &args);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    for right in [
        "create configmaps",
        "patch configmaps",
        "patch services",
        "create leases.coordination.k8s.io",
        "update secrets",
    ] {
        assert!(run.stderr.contains(right), "{right}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("get configmaps"), "{}", run.stderr);
    let writes = cluster.requests_since(mark);
    let written: Vec<_> = writes
        .iter()
        .filter(|r| r.user == user.name && r.code < 400)
        .filter(|r| !matches!(r.verb.as_str(), "get" | "list"))
        .filter(|r| !r.uri.contains("/selfsubject"))
        .map(|r| format!("{} {}", r.verb, r.uri))
        .collect();
    assert_eq!(written, [""; 0]);
}
