//! The test cluster itself: what other tests take for granted about it.

#![expect(clippy::disallowed_methods, reason = "waits for controllers")]

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::cluster;

#[test]
fn server_and_kubectl_are_the_pinned_release() {
    let Some(cluster) = cluster::shared() else { return };
    assert_eq!(cluster.version(), "v1.36.3");
    let said: serde_json::Value =
        serde_json::from_str(&cluster.kubectl_ok(&["version", "--output=json"])).unwrap();
    assert_eq!(said["clientVersion"]["gitVersion"], "v1.36.3");
    assert_eq!(said["serverVersion"]["gitVersion"], "v1.36.3");
    assert_eq!(said["serverVersion"]["minor"], "36");
}

#[test]
fn objects_make_the_round_trip_in_a_namespace_of_their_own() {
    let Some(cluster) = cluster::shared() else { return };
    let (one, other) = (cluster.namespace("smoke"), cluster.namespace("smoke"));
    assert_ne!(one, other);
    let manifest =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: greeting}\ndata: {text: \"grüß Gott\"}\n";
    cluster.kubectl_stdin(&["apply", "--namespace", &one, "-f", "-"], manifest);
    let text = ["get", "configmap", "greeting", "--output=jsonpath={.data.text}", "--namespace"];
    assert_eq!(cluster.kubectl_ok(&[&text[..], &[&one]].concat()), "grüß Gott");
    assert!(!cluster.kubectl(&[&text[..], &[&other]].concat()).status.success(), "only there");
}

#[test]
fn users_have_the_rights_they_are_given_and_no_other() {
    let Some(cluster) = cluster::shared() else { return };
    let (user, somebody) = (cluster.user(), cluster.user());
    let (home, elsewhere) = (cluster.namespace("rights"), cluster.namespace("rights"));
    let list = |user, resource, namespace: &str| {
        let output = cluster.kubectl_as(user, &["get", resource, "--namespace", namespace]);
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (allowed, said) = list(&user, "secrets", &home);
    assert!(!allowed && said.contains("Forbidden") && said.contains(&user.name), "{said}");

    cluster.allow_in(&home, &user, "get,list", "secrets,deployments.apps");
    assert!(list(&user, "secrets", &home).0);
    assert!(list(&user, "deployments.apps", &home).0);
    assert!(!list(&user, "configmaps", &home).0, "another resource");
    assert!(!list(&user, "secrets", &elsewhere).0, "another namespace");
    assert!(!list(&somebody, "secrets", &home).0, "another user");

    cluster.allow_everywhere(&user, "list", "configmaps,nodes");
    assert!(list(&user, "configmaps", &elsewhere).0);
    assert!(list(&user, "nodes", &elsewhere).0);
}

#[test]
fn the_server_counts_the_requests() {
    let Some(cluster) = cluster::shared() else { return };
    let (user, namespace) = (cluster.user(), cluster.namespace("count"));
    let ask = |uri: &str| cluster.kubectl_as(&user, &["get", "--raw", uri]);
    let uri = format!("/api/v1/namespaces/{namespace}/configmaps?limit=7");
    ask("/version");

    let mark = cluster.mark();
    assert!(!ask(&uri).status.success());
    cluster.kubectl_ok(&["get", "--raw", &uri]);
    assert!(ask("/openapi/v3").status.success());
    let requests = cluster.requests_since(mark);
    let mine: Vec<_> = requests.iter().filter(|request| request.user == user.name).collect();
    let seen: Vec<_> = mine.iter().map(|r| (r.verb.as_str(), r.uri.as_str(), r.code)).collect();
    assert_eq!(seen, [("list", uri.as_str(), 403), ("get", "/openapi/v3", 200)]);
    assert!(mine.iter().all(|request| request.user_agent.starts_with("kubectl/v1.36.3")), "{mine:?}");
    assert!(requests.iter().any(|r| r.user == "admin" && r.uri == uri && r.code == 200), "{requests:?}");

    let mark = cluster.mark();
    let refused = cluster
        .kubectl_command(&user.kubeconfig)
        .args(["get", "--raw", "/version?who=nobody", "--token=wrong"])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let requests = cluster.requests_since(mark);
    let refused: Vec<_> = requests.iter().filter(|r| r.uri == "/version?who=nobody").collect();
    assert!(matches!(refused[..], [only] if only.code == 401 && only.user.is_empty()), "{requests:?}");
}

#[test]
fn a_private_cluster_is_independent_has_controllers_and_is_gone_when_dropped() {
    let (Some(shared), Some(private)) = (cluster::shared(), cluster::private()) else {
        return;
    };
    assert_ne!(shared.url(), private.url());
    let namespace = private.namespace("only-here");
    assert!(!shared.kubectl(&["get", "namespace", &namespace]).status.success());

    private.controller_manager();
    private.controller_manager();
    private.kubectl_ok(&["create", "deployment", "web", "--image=web", "--replicas=2", "-n", &namespace]);
    let status = ["get", "replicasets", "-n", &namespace, "--output=jsonpath={.items[*].status.replicas}"];
    let limit = Instant::now() + Duration::from_secs(60);
    while private.kubectl_ok(&status) != "2" {
        assert!(Instant::now() < limit, "no controller made the replicas");
        std::thread::sleep(Duration::from_millis(50));
    }

    let (dir, address) = (private.dir().to_owned(), private.url().replace("https://", ""));
    assert!(dir.exists() && TcpStream::connect(&address).is_ok());
    drop(private);
    assert!(!dir.exists(), "the data is removed");
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
}
