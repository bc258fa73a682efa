//! `gitops apply --wait` from end to end: somebody else writes the statuses.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::program::{Run, Source, gitops};

fn manifests(namespace: &str) -> Source {
    let labels = json!({"app": "web"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "x"}]}});
    Source::of(&[
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}, "data": {"a": "b"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}}),
    ])
}

fn apply(cluster: &Cluster, source: &Source, namespace: &str, flags: &[&str]) -> (Run, Duration) {
    let start = Instant::now();
    let mut args = vec!["apply", source.path(), "--yes", "--set-name", "ready", "-n", namespace];
    args.extend(flags);
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    (run, start.elapsed())
}

/// Writes the status of the Deployment as soon as it is there.
fn write_status(cluster: &Cluster, namespace: &str, status: &Value) {
    let limit = Instant::now() + Duration::from_secs(30);
    let patch = json!({"status": status}).to_string();
    let args =
        ["patch", "deployment", "web", "-n", namespace, "--subresource=status", "--type=merge", "-p", &patch];
    while !cluster.kubectl(&args).status.success() {
        assert!(Instant::now() < limit, "the Deployment does not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn counts(available: i64) -> Value {
    json!({"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": available,
        "availableReplicas": available, "conditions": [{"type": "Available", "status": "True"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]})
}

#[test]
fn apply_waits_until_what_it_wrote_is_ready() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("wait");
    let source = manifests(&namespace);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            write_status(cluster, &namespace, &counts(1));
            std::thread::sleep(Duration::from_secs(2));
            write_status(cluster, &namespace, &counts(2));
        });
        let (run, took) = apply(cluster, &source, &namespace, &["--wait", "--timeout", "60s"]);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(30), "{took:?}");
        assert!(
            run.stderr.contains("ready: Deployment") && run.stderr.contains("(1 of 1)"),
            "{}",
            run.stderr
        );
    });
}

#[test]
fn a_set_that_is_not_ready_in_time_is_an_error_that_says_why_until_it_is() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("late");
    let source = manifests(&namespace);
    let (run, took) = apply(cluster, &source, &namespace, &["--wait", "--timeout", "6s"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(took < Duration::from_secs(8), "{took:?}");
    let line = |what: &str| format!("Deployment {namespace}/web: {what}");
    let unobserved = line("written, but not ready in time: its controller has not observed it yet");
    assert!(run.stdout.contains(&unobserved), "{}", run.stdout);
    assert!(run.stderr.contains(&line("not ready in time: ")), "{}", run.stderr);

    // Nothing is left to write, and it is not ready all the same.
    let (run, _) = apply(cluster, &source, &namespace, &["--wait", "--timeout", "6s", "-o", "json"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let actions = run.report()["targets"][0]["actions"].clone();
    assert_eq!(actions[0]["kind"], "Deployment", "{actions}");
    assert_eq!(actions[0]["result"], "failed", "{actions}");
    assert_eq!(
        actions[0]["reason"],
        "in sync, but not ready in time: its controller has not observed it yet"
    );

    let (run, took) = apply(cluster, &source, &namespace, &["--no-wait"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(took < Duration::from_secs(5), "{took:?}");
    // A log is no terminal: nothing is waited for without the flag.
    let (run, _) = apply(cluster, &source, &namespace, &[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);

    let failed = json!([{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too late"}]);
    let mut late = counts(1);
    late["conditions"] = failed;
    write_status(cluster, &namespace, &late);
    let (run, took) = apply(cluster, &source, &namespace, &["--wait", "--timeout", "60s"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert!(took < Duration::from_secs(10), "a failure does not wait for the time-out: {took:?}");
    let failed = line("in sync, but it failed: Progressing: too late (ProgressDeadlineExceeded)");
    assert!(run.stdout.contains(&failed), "{}", run.stdout);

    write_status(cluster, &namespace, &counts(2));
    let (run, _) = apply(cluster, &source, &namespace, &["--wait", "--timeout", "60s"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("nothing to do"), "{}", run.stdout);
}
