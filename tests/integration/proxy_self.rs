//! The proxy does what its rules say, and its journal says what it did. The expected values are the server's own.
#![expect(clippy::disallowed_methods, reason = "runs kubectl and measures time")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gitops::cluster::Server;
use gitops::cluster::owned::{OwnedError, OwnedKind};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Moment, Proxy, Shot};

fn config_map(namespace: &str, name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"a": "b"}})
}

fn exists(cluster: &Cluster, namespace: &str, name: &str) -> bool {
    cluster.kubectl(&["get", "configmap", name, "--namespace", namespace]).status.success()
}

async fn server(proxy: &Proxy) -> Server {
    crate::support::connect(proxy.kubeconfig()).await
}

#[test]
fn a_request_passes_through_unchanged() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("proxy");
    let proxy = Proxy::start(cluster, Vec::new(), None);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let server = server(&proxy).await;
        let catalog = server.catalog().await.unwrap();
        assert_eq!(catalog.server_version, cluster.version());
        let stored =
            server.create_owned(OwnedKind::ConfigMap, &namespace, &config_map(&namespace, "a")).await;
        let read = server.read_owned(OwnedKind::ConfigMap, &namespace, "a").await.unwrap().unwrap();
        assert_eq!(stored.unwrap(), read);
        assert_eq!(server.read_owned(OwnedKind::ConfigMap, &namespace, "b").await, Ok(None));
    });
    let seen: Vec<_> = proxy.journal().iter().map(|entry| (entry.verb.clone(), entry.status)).collect();
    let expected = [("get", 200), ("get", 200), ("get", 200), ("create", 201), ("get", 200), ("get", 404)];
    assert_eq!(seen, expected.map(|(verb, status)| (verb.to_owned(), Some(status))));
    assert_eq!(proxy.journal().iter().filter(|entry| entry.writes()).count(), 1);
    assert!(exists(cluster, &namespace, "a"));
}

#[test]
fn every_fault_is_what_it_is_called() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("proxy");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // The name, the fault of the first request, whether the server stored at once, how many requests it takes, and the
    // shortest time.
    let half_a_second = Duration::from_millis(500);
    let table = [
        ("status", Action::Status(429, Some(1)), 2, 1_000),
        ("delay", Action::Delay(half_a_second), 1, 500),
        ("before", Action::ResetBefore, 2, 0),
        // Sent again, it is met by its own work, and read.
        ("after", Action::ResetAfter, 3, 0),
        ("inside", Action::CloseInside, 3, 0),
        ("cut", Action::Truncate(10), 2, 0),
    ];
    for (name, action, requests, least) in table {
        let rule = Rule { nth: Some(0), ..Rule::of(&["create"], "configmaps", action.clone()) };
        let proxy = Proxy::start(cluster, vec![rule], None);
        let begun = Instant::now();
        let created = runtime.block_on(async {
            let server = server(&proxy).await;
            server.create_owned(OwnedKind::ConfigMap, &namespace, &config_map(&namespace, name)).await
        });
        assert!(created.is_ok(), "{name}: {created:?}");
        assert!(exists(cluster, &namespace, name));
        let journal = proxy.journal();
        assert_eq!(journal.len(), requests, "{name}: {journal:#?}");
        let untouched = matches!(action, Action::Status(..) | Action::ResetBefore);
        assert_eq!(journal[0].status.is_none(), untouched, "{name}: whether the server knows of it");
        assert_eq!(journal[0].action, Some(action));
        assert!(journal[1..].iter().all(|entry| entry.action.is_none()), "{name}");
        assert!(begun.elapsed() >= Duration::from_millis(least), "{name}: {:?}", begun.elapsed());
    }
    // A stalled answer is waited for.
    let rule = Rule { nth: Some(0), ..Rule::of(&["create"], "configmaps", Action::Stall) };
    let proxy = Proxy::start(cluster, vec![rule], None);
    let late = runtime.block_on(async {
        let server = server(&proxy).await;
        let object = config_map(&namespace, "stall");
        let answer = server.create_owned(OwnedKind::ConfigMap, &namespace, &object);
        tokio::time::timeout(half_a_second, answer).await.is_err()
    });
    assert!(late && exists(cluster, &namespace, "stall"));
    // For ever the same fault is an error in the end.
    let proxy = Proxy::start(cluster, vec![Rule::all(Action::ResetBefore)], None);
    let failed = runtime.block_on(async {
        let server = server(&proxy).await;
        server.create_owned(OwnedKind::ConfigMap, &namespace, &config_map(&namespace, "never")).await
    });
    assert!(matches!(failed, Err(OwnedError::Failed(_))), "{failed:?}");
    assert!(!exists(cluster, &namespace, "never"));
}

/// kubectl is the program here: it creates an object, and is killed before or after.
#[test]
fn a_shot_hits_before_the_server_or_after_it() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("proxy");
    let run = |name: &str, shot: Option<Shot>| {
        let proxy = Proxy::start(cluster, Vec::new(), shot);
        let mut command: Command = cluster.kubectl_command(proxy.kubeconfig());
        let literal = ["create", "configmap", name, "--from-literal=a=b", "--namespace", &namespace];
        let child = command.args(literal).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = child.spawn().unwrap();
        proxy.aim(child.id());
        let output = child.wait_with_output().unwrap();
        proxy.settle();
        (output.status, proxy.journal())
    };
    let (status, journal) = run("whole", None);
    assert!(status.success() && exists(cluster, &namespace, "whole"));
    let request = journal.iter().position(|entry| entry.verb == "create").unwrap();
    for (moment, stored) in [(Moment::Before, false), (Moment::After, true)] {
        use std::os::unix::process::ExitStatusExt as _;
        let name = if stored { "after" } else { "before" };
        let (status, journal) = run(name, Some(Shot { request, moment, signal: Signal::KILL }));
        assert_eq!(status.signal(), Some(9), "{name}");
        assert_eq!(journal.len(), request + 1, "{name}: nothing comes after it");
        assert_eq!(journal[request].status, stored.then_some(201), "{name}");
        assert_eq!(exists(cluster, &namespace, name), stored, "{name}");
    }
}
