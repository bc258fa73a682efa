//! What becomes of a read when the server or the network misbehaves: never a wrong answer, and never a hang.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gitops::cluster::connect::Transport;
use gitops::cluster::error::ClusterError;
use gitops::cluster::kubeconfig::{Choice, Environment};
use gitops::cluster::{Options, Server};
use gitops::live::{Catalog, FetchError, LiveSet, Presence, Resource, Served, Wanted};
use gitops::object::id::{Gvk, ObjectId};
use serde_json::json;
use tokio::time::Instant;

use crate::support::script::{self, Piece, Reply, Seen};

/// The list of the one namespace that most tests want something of.
const CONFIG_MAPS: &str = "/api/v1/namespaces/a/configmaps?limit=500";
const EVERYWHERE: &str = "/api/v1/configmaps?limit=500";

fn gvk(kind: &str) -> Gvk {
    Gvk::new(if kind == "Deployment" { "apps" } else { "" }, "v1", kind)
}

fn wanted(kind: &str, objects: &[(&str, &str)]) -> Wanted {
    Wanted {
        resource: Resource {
            gvk: gvk(kind),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: kind != "Namespace",
            has_status: false,
            listable: true,
        },
        objects: objects
            .iter()
            .map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned()))
            .collect(),
    }
}

fn entry<'a>(live: &'a LiveSet, kind: &str, namespace: &str, name: &str) -> &'a Result<Presence, FetchError> {
    &live[&ObjectId::new(&gvk(kind), namespace, name)]
}

/// `found`, `absent`, or the error.
fn state(live: &LiveSet, kind: &str, namespace: &str, name: &str) -> String {
    match entry(live, kind, namespace, name) {
        Ok(Presence::Found(observed)) => {
            let object: serde_json::Value = serde_json::from_slice(&observed.json).unwrap();
            assert_eq!(object["data"]["key"], format!("value of {name}"));
            "found".to_owned()
        }
        Ok(Presence::Absent) => "absent".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// A server of version 1.36 that answers discovery as it should, and everything else by `answer`.
async fn ready(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, script::Journal, Catalog) {
    ready_with("v1.36.3", Options::default(), answer).await
}

async fn ready_with(
    version: &'static str,
    options: Options,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, script::Journal, Catalog) {
    let (server, journal) = script::server(options, move |seen| {
        script::discovery(version, &seen.path).unwrap_or_else(|| answer(seen))
    });
    let catalog = server.catalog().await.unwrap();
    (server, journal, catalog)
}

fn config_maps(objects: &[(&str, &str)]) -> Reply {
    Reply::json(200, &script::list("ConfigMap", "", objects))
}

fn forbidden(verb: &str, plural: &str, place: &str) -> Reply {
    let message = format!(
        r#"{plural} is forbidden: User "bob" cannot {verb} resource "{plural}" in API group "" {place}"#
    );
    Reply::status(403, "Forbidden", &message, Some((plural, "")))
}

#[tokio::test(start_paused = true)]
async fn flt_01_retry_after_is_waited_for() {
    let (server, journal, _) = ready(|seen| match seen.nth {
        0..=2 => Reply::status(429, "TooManyRequests", "busy", None).header("retry-after", "2"),
        _ => config_maps(&[("a", "x")]),
    })
    .await;
    let start = Instant::now();
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    let took = start.elapsed();
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    let seen = journal.of(CONFIG_MAPS);
    assert_eq!(seen.len(), 4);
    for pair in seen.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!(pause >= Duration::from_secs(2) && pause <= Duration::from_millis(2_400), "{pause:?}");
    }
    assert!(took >= Duration::from_secs(6) && took <= Duration::from_millis(7_200), "{took:?}");
    assert_eq!(server.counts().retries, 3);
}

#[tokio::test(start_paused = true)]
async fn flt_01_retry_after_is_bounded() {
    let (server, journal, _) = ready(|_| {
        Reply::status(429, "TooManyRequests", "storage is (re)initializing: failed to list", None)
            .header("retry-after", "86400")
    })
    .await;
    let start = Instant::now();
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    let text = state(&live, "ConfigMap", "a", "x");
    assert!(text.contains("storage is (re)initializing"), "{text}");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 2);
    assert!(start.elapsed() <= Duration::from_secs(33), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn flt_02_bursts_of_server_errors_clear() {
    let faults: [fn() -> Reply; 6] = [
        || Reply::status(500, "", "etcdserver: leader changed", None),
        || Reply::typed(502, "text/html", "<html>bad gateway</html>"),
        || Reply::typed(503, "text/plain", "service unavailable"),
        || Reply::status(504, "Timeout", "request did not complete", None),
        || Reply::Reset,
        || Reply::typed(200, "application/json", "{\"kind\":\"ConfigMapList\",").then(Piece::Reset),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let (server, journal, _) = ready(move |seen| match seen.nth {
            0 | 1 => fault(),
            _ => config_maps(&[("a", "x")]),
        })
        .await;
        let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "gone")])]).await;
        assert_eq!(state(&live, "ConfigMap", "a", "x"), "found", "fault {index}");
        assert_eq!(state(&live, "ConfigMap", "a", "gone"), "absent", "fault {index}");
        assert_eq!(journal.of(CONFIG_MAPS).len(), 3, "fault {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn flt_02_a_sick_server_is_not_stormed() {
    let (server, journal, _) = ready(|_| Reply::typed(503, "text/plain", "service unavailable")).await;
    let kinds = ["ConfigMap", "Secret", "Deployment"];
    let all: Vec<Wanted> = kinds.iter().cycle().take(30).map(|kind| wanted(kind, &[("a", "x")])).collect();
    let _ = server.read(&all).await;
    // 30 lists and 3 requests of discovery were planned: at most 33 / 4 + 20 repetitions.
    assert_eq!(journal.all().len(), 33 + 28);
}

#[tokio::test(start_paused = true)]
async fn flt_03_one_sick_kind_leaves_the_others() {
    let (server, journal, _) = ready(|seen| match seen.path.as_str() {
        CONFIG_MAPS => Reply::typed(503, "text/plain", "service unavailable"),
        _ => Reply::json(200, &script::list("Secret", "", &[("a", "x")])),
    })
    .await;
    let both = [wanted("ConfigMap", &[("a", "x")]), wanted("Secret", &[("a", "x"), ("a", "gone")])];
    let live = server.read(&both).await;
    let text = "the server answered 503: service unavailable";
    assert_eq!(state(&live, "ConfigMap", "a", "x"), text);
    assert_eq!(state(&live, "Secret", "a", "x"), "found");
    assert_eq!(state(&live, "Secret", "a", "gone"), "absent");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 6);
}

async fn unreachable(url: &str) -> (ClusterError, Duration) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config");
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: '{url}'}}}}]\nusers: [{{name: u, user: {{token: canary}}}}]\n"
    );
    tokio::fs::write(&file, text).await.unwrap();
    let choice = Choice { file: Some(file), ..Choice::default() };
    let start = Instant::now();
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    let error = server.catalog().await.unwrap_err();
    assert_eq!(server.counts().retries, 0, "a server that was never reached is not waited for");
    (error, start.elapsed())
}

#[tokio::test]
async fn flt_04_no_connection_is_one_clear_line_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("https://127.0.0.1:{closed}");
    let (error, took) = unreachable(&url).await;
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.starts_with(&format!("cannot reach {url}: ")) && text.contains("Connection refused"),
        "{text}"
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!format!("{error:?}").contains("canary"));

    let (error, took) = unreachable("https://no-such-host.invalid:6443").await;
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("dns error"), "{error}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// A server that speaks anything but TLS.
#[tokio::test]
async fn flt_04_a_server_without_tls_is_named() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = std::thread::spawn(move || {
        use std::io::Write;
        for stream in listener.incoming().take(3) {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let (error, took) = unreachable(&format!("https://127.0.0.1:{port}")).await;
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    plain.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn flt_07_a_stalled_answer_is_asked_for_again() {
    let (server, journal, _) = ready(|seen| match seen.nth {
        0 => Reply::typed(200, "application/json", "{\"kind\":\"ConfigMapList\",").then(Piece::Stall),
        1 => Reply::Silence,
        _ => config_maps(&[("a", "x")]),
    })
    .await;
    let start = Instant::now();
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 3);
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(60) && took <= Duration::from_secs(62), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn flt_07_the_deadline_of_the_run_holds() {
    for (reply, seconds) in
        [(Reply::Silence, 45), (Reply::typed(200, "application/json", "{").then(Piece::Stall), 70)]
    {
        let options = Options { timeout: Duration::from_secs(seconds), ..Options::default() };
        let (server, _, _) = ready_with("v1.36.3", options, move |_| reply.clone()).await;
        let start = Instant::now();
        let live = server.read(&[wanted("ConfigMap", &[("a", "x")]), wanted("Secret", &[("a", "x")])]).await;
        assert_eq!(entry(&live, "ConfigMap", "a", "x"), &Err(FetchError::Deadline));
        assert_eq!(entry(&live, "Secret", "a", "x"), &Err(FetchError::Deadline));
        assert!(start.elapsed() <= Duration::from_secs(seconds + 5), "{:?}", start.elapsed());
        assert!(
            matches!(server.catalog().await, Err(ClusterError::Deadline { .. })),
            "and nothing starts after it"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn flt_07_a_slow_but_steady_answer_is_read_to_its_end() {
    let (server, journal, _) = ready(|_| {
        let text = script::list("ConfigMap", "", &[("a", "x")]).to_string();
        let (head, tail) = text.split_at(text.len() / 2);
        let (head, tail) = (head.to_owned(), tail.to_owned());
        let wait = Piece::Wait(Duration::from_secs(29));
        let slow = Reply::typed(200, "application/json", head).then(wait.clone());
        slow.then(Piece::Data(tail.into())).then(wait)
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn flt_08_a_damaged_list_is_never_a_shorter_list() {
    let text = script::list("ConfigMap", "", &[("a", "x"), ("a", "y"), ("a", "z")]).to_string();
    let mut bodies: Vec<(String, Reply)> = (0..10)
        .map(|tenth| {
            let cut = text[..text.len() * tenth / 10].to_owned();
            (format!("cut at {tenth}0 %"), Reply::typed(200, "application/json", cut))
        })
        .collect();
    bodies.push(("html".into(), Reply::typed(200, "text/html", "<html>please log in</html>")));
    bodies.push(("list as text".into(), Reply::typed(200, "text/plain", text.clone())));
    bodies.push(("no type".into(), Reply::Answer(200, vec![], vec![Piece::Data(text.into())])));
    let status = json!({"kind": "Status", "status": "Failure", "message": "no", "code": 500});
    bodies.push(("status".into(), Reply::json(200, &status)));
    bodies.push(("no items".into(), Reply::json(200, &json!({"kind": "ConfigMapList"}))));
    bodies.push(("object".into(), Reply::json(200, &script::object("a", "x"))));
    bodies.push(("accepted".into(), Reply::json(202, &script::list("ConfigMap", "", &[]))));
    bodies.push(("no content".into(), Reply::Answer(204, vec![], vec![])));
    for (name, reply) in bodies {
        let (server, _, _) = ready(move |_| reply.clone()).await;
        let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "gone")])]).await;
        for object in ["x", "gone"] {
            let found = entry(&live, "ConfigMap", "a", object);
            assert!(matches!(found, Err(FetchError::Failed(_))), "{name}: {object}: {found:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn flt_09_lists_are_consistent_and_survive_closed_connections() {
    let (server, journal, _) = ready(|seen| match (seen.nth, seen.path.as_str()) {
        (0, _) => Reply::Reset,
        (_, CONFIG_MAPS) => config_maps(&[("a", "x")]),
        _ => Reply::json(200, &script::list("Secret", "", &[])),
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")]), wanted("Secret", &[("a", "x")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(state(&live, "Secret", "a", "x"), "absent");
    let paths = journal.paths();
    assert_eq!(paths.iter().filter(|path| path.as_str() == CONFIG_MAPS).count(), 2, "{paths:?}");
    assert!(paths.iter().all(|path| !path.contains("resourceVersion")), "{paths:?}");
}

#[tokio::test(start_paused = true)]
async fn flt_20_a_forbidden_kind_is_unknown_and_the_right_is_named() {
    let (server, journal, _) = ready(|seen| match seen.path.as_str() {
        "/api/v1/namespaces/a/secrets?limit=500" => forbidden("list", "secrets", "in the namespace \"a\""),
        path if path.starts_with("/api/v1/namespaces/a/secrets/") => {
            forbidden("get", "secrets", "in the namespace \"a\"")
        }
        _ => config_maps(&[("a", "x")]),
    })
    .await;
    let both = [wanted("ConfigMap", &[("a", "x")]), wanted("Secret", &[("a", "x"), ("a", "y")])];
    let live = server.read(&both).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    for name in ["x", "y"] {
        assert_eq!(state(&live, "Secret", "a", name), "forbidden: cannot list secrets in namespace a");
        let Err(FetchError::Forbidden { message, .. }) = entry(&live, "Secret", "a", name) else { panic!() };
        assert!(message.contains(r#"User "bob" cannot list resource "secrets""#), "{message}");
    }
    assert_eq!(journal.of("/api/v1/namespaces/a/secrets").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn flt_20_cluster_scoped_kinds_fall_back_to_get() {
    let (server, _, _) = ready(|seen| match seen.path.as_str() {
        "/api/v1/namespaces" => forbidden("list", "namespaces", "at the cluster scope"),
        "/api/v1/namespaces/mine" => {
            let mut object = script::object("", "mine");
            object["kind"] = "Namespace".into();
            object["metadata"].as_object_mut().unwrap().remove("namespace");
            Reply::json(200, &object)
        }
        "/api/v1/namespaces/none" => {
            Reply::status(404, "NotFound", "namespaces \"none\" not found", Some(("namespaces", "none")))
        }
        _ => forbidden("get", "namespaces", "at the cluster scope"),
    })
    .await;
    let live = server.read(&[wanted("Namespace", &[("", "mine"), ("", "none"), ("", "theirs")])]).await;
    assert_eq!(state(&live, "Namespace", "", "mine"), "found");
    assert_eq!(state(&live, "Namespace", "", "none"), "absent");
    assert_eq!(state(&live, "Namespace", "", "theirs"), "forbidden: cannot list namespaces at cluster scope");
    assert_eq!(server.namespace_exists("mine").await, Ok(true));
    assert_eq!(server.namespace_exists("none").await, Ok(false));
    let unknown = server.namespace_exists("theirs").await.unwrap_err();
    assert_eq!(unknown.to_string(), "forbidden: cannot get namespaces at cluster scope");
}

#[tokio::test(start_paused = true)]
async fn flt_21_a_forbidden_list_falls_back_to_namespaces_and_objects() {
    let (server, journal, _) = ready(|seen| match seen.path.as_str() {
        EVERYWHERE => forbidden("list", "configmaps", "at the cluster scope"),
        "/api/v1/namespaces/a/configmaps?limit=500" => config_maps(&[("a", "x")]),
        "/api/v1/namespaces/b/configmaps?limit=500" => {
            forbidden("list", "configmaps", "in the namespace \"b\"")
        }
        "/api/v1/namespaces/b/configmaps/x" => {
            let mut object = script::object("b", "x");
            object["kind"] = "ConfigMap".into();
            Reply::json(200, &object)
        }
        "/api/v1/namespaces/b/configmaps/gone" => {
            Reply::status(404, "NotFound", "configmaps \"gone\" not found", Some(("configmaps", "gone")))
        }
        _ => Reply::status(404, "NotFound", "namespaces \"b\" not found", Some(("namespaces", "b"))),
    })
    .await;
    let objects = [("a", "x"), ("a", "gone"), ("b", "x"), ("b", "gone"), ("b", "odd")];
    let live = server.read(&[wanted("ConfigMap", &objects)]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "gone"), "absent");
    assert_eq!(state(&live, "ConfigMap", "b", "x"), "found");
    assert_eq!(state(&live, "ConfigMap", "b", "gone"), "absent");
    // A 404 that speaks of something else says nothing about the object.
    assert_eq!(state(&live, "ConfigMap", "b", "odd"), "the server answered 404: namespaces \"b\" not found");
    assert_eq!(journal.of("/api/v1/").len(), 6);
}

#[tokio::test(start_paused = true)]
async fn flt_22_a_group_that_cannot_be_discovered_is_unknown() {
    let (_, _, catalog) = ready(|_| Reply::Silence).await;
    let served = |group: &str, version: &str| catalog.served(&Gvk::new(group, version, "PodMetrics"));
    assert!(
        matches!(served("metrics.k8s.io", "v1beta1"), Served::Unknown(reason) if reason.contains("stale"))
    );
    assert_eq!(served("other.example.org", "v1"), Served::No(vec![]));
    assert!(matches!(catalog.served(&gvk("Deployment")), Served::Yes(_)));
}

#[tokio::test(start_paused = true)]
async fn flt_22_servers_without_aggregated_discovery_are_asked_group_by_group() {
    let resources = |kind: &str, plural: &str| {
        Reply::json(
            200,
            &json!({"kind": "APIResourceList", "groupVersion": "v1", "resources": [
            {"name": plural, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get", "list"]},
            {"name": format!("{plural}/status"), "singularName": "", "namespaced": true, "kind": kind, "verbs": ["get"]}]}),
        )
    };
    let (server, journal) = script::server(Options::default(), move |seen| match seen.path.as_str() {
        "/version" => Reply::json(200, &json!({"gitVersion": "v1.25.0"})),
        "/api" => Reply::json(200, &json!({"kind": "APIVersions", "versions": ["v1"]})),
        "/apis" => Reply::json(
            200,
            &json!({"kind": "APIGroupList", "groups": [
            {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]},
            {"name": "sick.example.org", "versions": [{"groupVersion": "sick.example.org/v1", "version": "v1"}]}]}),
        ),
        "/api/v1" => resources("ConfigMap", "configmaps"),
        "/apis/apps/v1" => resources("Deployment", "deployments"),
        _ => Reply::typed(503, "text/plain", "service unavailable"),
    });
    let catalog = server.catalog().await.unwrap();
    let Served::Yes(deployment) = catalog.served(&gvk("Deployment")) else { panic!("{catalog:?}") };
    assert!(deployment.has_status && deployment.namespaced && deployment.listable);
    assert!(matches!(catalog.served(&gvk("ConfigMap")), Served::Yes(_)));
    let sick = catalog.served(&Gvk::new("sick.example.org", "v1", "Any"));
    assert_eq!(sick, Served::Unknown("the server answered 503: service unavailable"));
    assert_eq!(journal.of("/apis/sick.example.org/v1").len(), 6);
    let accept = &journal.of("/apis")[0].headers["accept"];
    assert!(accept.contains("v=v2;") && accept.contains("v=v2beta1;"), "{accept}");
}

#[tokio::test(start_paused = true)]
async fn discovery_that_fails_ends_the_run() {
    type Expect = fn(&ClusterError) -> bool;
    let table: [(Reply, Expect); 5] = [
        (Reply::status(401, "Unauthorized", "Unauthorized", None), |e| {
            matches!(e, ClusterError::Unauthorized { .. })
        }),
        (Reply::status(403, "Forbidden", "no", None), |e| matches!(e, ClusterError::Discovery { .. })),
        (Reply::typed(503, "text/plain", "service unavailable"), |e| {
            matches!(e, ClusterError::Discovery { .. })
        }),
        (Reply::typed(200, "text/html", "<html></html>"), |e| matches!(e, ClusterError::Discovery { .. })),
        (Reply::Silence, |e| matches!(e, ClusterError::Unreachable { .. })),
    ];
    for path in ["/api", "/apis"] {
        for (reply, expected) in table.clone() {
            let name = format!("{path}: {reply:?}");
            let (server, _) = script::server(Options::default(), move |seen| match seen.path == path {
                true => reply.clone(),
                false => script::discovery("v1.36.3", &seen.path).unwrap(),
            });
            let error = server.catalog().await.unwrap_err();
            assert!(expected(&error), "{name}: {error:?}");
            assert!(error.hint().is_some());
        }
    }
}

/// A server that refuses the credentials of connection number `refused` and before from the moment `token_expires`.
fn expiring(refused: usize, kinds_before: usize) -> (Server, script::Journal, Arc<AtomicUsize>) {
    let journal = script::Journal::default();
    let connections = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let (log, made) = (journal.clone(), connections.clone());
    let transport = Transport::renewable(move || {
        let generation = made.fetch_add(1, Ordering::SeqCst);
        let answered = answered.clone();
        Ok(script::client(&log, move |seen| {
            if let Some(reply) = script::discovery("v1.36.3", &seen.path) {
                return reply;
            }
            if generation <= refused && answered.fetch_add(1, Ordering::SeqCst) >= kinds_before {
                return Reply::status(401, "Unauthorized", "the token has expired", None);
            }
            config_maps(&[("a", "x")])
        }))
    });
    (script::over(transport.unwrap(), Options::default()), journal, connections)
}

#[tokio::test(start_paused = true)]
async fn flt_23_expired_credentials_are_renewed_once() {
    let (server, _, connections) = expiring(0, 0);
    server.catalog().await.unwrap();
    let many: Vec<Wanted> = (0..8).map(|_| wanted("ConfigMap", &[("a", "x")])).collect();
    let live = server.read(&many).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(
        connections.load(Ordering::SeqCst),
        2,
        "eight requests were refused, one renewal served them all"
    );
}

#[tokio::test(start_paused = true)]
async fn flt_23_credentials_that_stay_refused_stop_the_run() {
    let (server, journal, connections) = expiring(usize::MAX, 0);
    server.catalog().await.unwrap();
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    let expected = Err(FetchError::Unauthorized("the token has expired".into()));
    assert_eq!(entry(&live, "ConfigMap", "a", "x"), &expected);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    let sent = journal.all().len();
    let live = server.read(&[wanted("Secret", &[("a", "x")])]).await;
    assert_eq!(entry(&live, "Secret", "a", "x"), &expected);
    assert_eq!(journal.all().len(), sent, "nothing is sent after that");
}

#[tokio::test(start_paused = true)]
async fn flt_23_a_plain_token_is_not_tried_again() {
    let (server, journal, _) = ready(|_| Reply::status(401, "Unauthorized", "Unauthorized", None)).await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    assert_eq!(entry(&live, "ConfigMap", "a", "x"), &Err(FetchError::Unauthorized("Unauthorized".into())));
    assert_eq!(journal.of(CONFIG_MAPS).len(), 1);
}

const OLD: &str = "v1.30.2";

fn expired() -> Reply {
    let mut reply = json!({"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "The provided continue parameter is too old"});
    // The token that comes with the error would go on inconsistently.
    reply["metadata"] = json!({"continue": "inconsistent"});
    Reply::json(410, &reply)
}

fn page(token: &str, objects: &[(&str, &str)]) -> Reply {
    Reply::json(200, &script::list("ConfigMap", token, objects))
}

#[tokio::test(start_paused = true)]
async fn flt_25_an_expired_chain_starts_again() {
    let (server, journal, _) = ready_with(OLD, Options::default(), |seen| {
        let first = seen.path == CONFIG_MAPS;
        match (first, seen.nth) {
            // The object "old" was there when the first chain began and is gone in the second.
            (true, 0) => page("t", &[("a", "x"), ("a", "old")]),
            (true, _) => page("t", &[("a", "x")]),
            (false, 0) => expired(),
            (false, _) => page("", &[("a", "y")]),
        }
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "y"), ("a", "old")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "y"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "old"), "absent", "pages of two chains are never joined");
    let paths: Vec<String> = journal.of(CONFIG_MAPS).into_iter().map(|seen| seen.path).collect();
    let (one, two) = (CONFIG_MAPS.to_owned(), format!("{CONFIG_MAPS}&continue=t"));
    assert_eq!(paths, [one.clone(), two.clone(), one, two]);
}

#[tokio::test(start_paused = true)]
async fn flt_25_a_chain_that_keeps_expiring_is_read_at_once() {
    let (server, journal, _) = ready_with(OLD, Options::default(), |seen| match seen.path.as_str() {
        "/api/v1/namespaces/a/configmaps" => page("", &[("a", "x"), ("a", "y")]),
        path if path.contains("continue") => expired(),
        _ => page("t", &[("a", "old")]),
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "y"), ("a", "old")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "y"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "old"), "absent");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 4 * 2);
    assert_eq!(journal.paths().last().unwrap(), "/api/v1/namespaces/a/configmaps");
}

#[tokio::test(start_paused = true)]
async fn flt_25_a_server_that_repeats_a_page_is_an_error() {
    let (server, _, _) = ready_with(OLD, Options::default(), |_| page("t", &[("a", "x")])).await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "the server repeats a page of the list");
}

/// Unknown is never absent: whatever goes wrong with a read, for lists and for single objects.
#[tokio::test(start_paused = true)]
async fn g6_no_failure_is_ever_absent() {
    let faults: Vec<(&str, Reply)> = vec![
        ("401", Reply::status(401, "Unauthorized", "Unauthorized", None)),
        ("403", forbidden("list", "any", "at the cluster scope")),
        ("404 of a group", Reply::typed(404, "text/plain; charset=utf-8", "404 page not found\n")),
        (
            "404 without details",
            Reply::status(404, "NotFound", "the server could not find the requested resource", None),
        ),
        ("404 of another", Reply::status(404, "NotFound", "x", Some(("namespaces", "a")))),
        ("500", Reply::status(500, "InternalError", "boom", None)),
        ("500 without reason", Reply::status(500, "", "conversion webhook for v1 failed", None)),
        ("502", Reply::typed(502, "text/html", "<html></html>")),
        ("503", Reply::typed(503, "text/plain", "service unavailable")),
        ("504", Reply::status(504, "Timeout", "", None)),
        ("410", expired()),
        (
            "429",
            Reply::status(429, "TooManyRequests", "storage is (re)initializing", None)
                .header("retry-after", "1"),
        ),
        ("timeout", Reply::Silence),
        ("reset", Reply::Reset),
        ("html", Reply::typed(200, "text/html", "<html></html>")),
        ("301", Reply::Answer(301, vec![("location", "/elsewhere".into())], vec![])),
    ];
    for version in ["v1.36.3", OLD] {
        for (name, fault) in &faults {
            for forbidden_lists in [false, true] {
                let fault = fault.clone();
                let (server, _, _) = ready_with(version, Options::default(), move |seen| {
                    // With lists forbidden, the fault hits the single objects.
                    let single = seen.path.ends_with("/x");
                    if forbidden_lists && !single { forbidden("list", "any", "") } else { fault.clone() }
                })
                .await;
                let kinds = ["ConfigMap", "Secret", "Deployment", "Namespace"];
                let all: Vec<Wanted> = kinds
                    .iter()
                    .map(|kind| wanted(kind, &[(if *kind == "Namespace" { "" } else { "a" }, "x")]))
                    .collect();
                let live = server.read(&all).await;
                assert_eq!(live.len(), kinds.len());
                for (id, presence) in &live {
                    assert!(
                        presence.is_err(),
                        "{version}, {name}, lists forbidden {forbidden_lists}: {id}: {presence:?}"
                    );
                }
                let resource = &all[0].resource;
                let again = server.reread(&ObjectId::new(&gvk("ConfigMap"), "a", "x"), resource).await;
                assert!(again.is_err(), "{version}, {name}: {again:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_request_names_this_program_and_warnings_are_kept() {
    let (server, journal, _) =
        ready(|_| config_maps(&[]).header("warning", "299 - \"v1 ConfigMap is \u{9b}31mdeprecated\"")).await;
    let _ = server.read(&[wanted("ConfigMap", &[("a", "x")]), wanted("Secret", &[])]).await;
    assert!(
        journal
            .all()
            .iter()
            .all(|seen| seen.headers["user-agent"] == concat!("gitops/", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(server.warnings(), ["v1 ConfigMap is  31mdeprecated"]);
    let counts = server.counts();
    assert_eq!((counts.discovery, counts.lists, counts.gets, counts.dry_runs), (3, 2, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn at_most_so_many_requests_are_in_flight() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let journal = script::Journal::default();
    let (running, peak) = (now.clone(), most.clone());
    let service = tower::service_fn(move |_: http::Request<kube::client::Body>| {
        let (running, peak) = (running.clone(), peak.clone());
        async move {
            peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            let text = script::list("ConfigMap", "", &[]).to_string();
            let response = http::Response::builder().header("content-type", "application/json");
            response.body(http_body_util::Full::new(bytes::Bytes::from(text))).map_err(tower::BoxError::from)
        }
    });
    let transport = Transport::over(kube::Client::new(service, "default"));
    let options = Options { max_inflight: 3, ..Options::default() };
    let server = script::over(transport, options);
    let many: Vec<Wanted> = (0..12).map(|_| wanted("ConfigMap", &[("a", "x")])).collect();
    let start = Instant::now();
    let live = server.read(&many).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "absent");
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(start.elapsed().as_secs(), 4);
    drop((now, journal));
}

#[tokio::test(start_paused = true)]
async fn schemas_are_fetched_for_the_group_versions_in_use() {
    let cache = tempfile::tempdir().unwrap();
    let options = || Options { cache: Some(cache.path().to_owned()), ..Options::default() };
    let answer = |seen: &Seen| match seen.path.as_str() {
        "/openapi/v3" => Reply::json(
            200,
            &json!({"paths": {
            "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=AA"},
            "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=BB"},
            "apis/batch/v1": {"serverRelativeURL": "/openapi/v3/apis/batch/v1?hash=CC"}}}),
        ),
        path if path.starts_with("/openapi/v3/api") => {
            Reply::json(200, &json!({"openapi": "3.0.0", "path": path}))
        }
        _ => Reply::Silence,
    };
    let wanted: BTreeSet<_> = [gvk("ConfigMap"), gvk("Deployment"), Gvk::new("none.example.org", "v1", "X")]
        .map(|gvk| gvk.group_version())
        .into();
    let (server, journal) = script::server(options(), answer);
    let documents = server.openapi(&wanted).await.unwrap();
    assert_eq!(documents.keys().map(ToString::to_string).collect::<Vec<_>>(), ["v1", "apps/v1"]);
    assert_eq!(journal.all().len(), 3, "{:?}", journal.paths());
    let (server, journal) = script::server(options(), answer);
    assert_eq!(server.openapi(&wanted).await.unwrap(), documents);
    assert_eq!(journal.paths(), ["/openapi/v3"], "the documents come from the cache");
}

/// A page of a list with many objects of others behind it.
fn crowded(token: &str, left: u64, objects: &[(&str, &str)]) -> Reply {
    let mut list = script::list("ConfigMap", token, objects);
    list["metadata"]["remainingItemCount"] = left.into();
    Reply::json(200, &list)
}

fn single(namespace: &str, name: &str) -> Reply {
    let mut object = script::object(namespace, name);
    object["kind"] = "ConfigMap".into();
    Reply::json(200, &object)
}

fn absent(name: &str) -> Reply {
    Reply::status(404, "NotFound", "not found", Some(("configmaps", name)))
}

/// Takes a while, so that pages cost more than single objects.
fn slowly(reply: Reply) -> Reply {
    reply.then(Piece::Wait(Duration::from_millis(500)))
}

#[tokio::test(start_paused = true)]
async fn among_many_foreign_objects_the_missing_ones_are_asked_for_by_name() {
    let (server, journal, _) = ready(|seen| match seen.path.as_str() {
        CONFIG_MAPS => slowly(crowded("t", 50_000, &[("a", "foreign"), ("a", "listed")])),
        "/api/v1/namespaces/a/configmaps/x" => single("a", "x"),
        "/api/v1/namespaces/a/configmaps/gone" => absent("gone"),
        _ => Reply::status(500, "InternalError", "boom", None),
    })
    .await;
    let objects = [("a", "listed"), ("a", "x"), ("a", "gone"), ("a", "sick")];
    let live = server.read(&[wanted("ConfigMap", &objects)]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "listed"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "gone"), "absent");
    assert_eq!(state(&live, "ConfigMap", "a", "sick"), "the server answered 500: boom", "never absent");
    assert_eq!(journal.of("/api/v1/namespaces").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn who_may_list_but_not_get_reads_the_pages() {
    let next = format!("{CONFIG_MAPS}&continue=t");
    let (server, journal, _) = ready(move |seen| match seen.path.as_str() {
        CONFIG_MAPS => slowly(crowded("t", 50_000, &[("a", "foreign")])),
        path if path == next => crowded("", 0, &[("a", "x")]),
        _ => forbidden("get", "configmaps", "in the namespace \"a\""),
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "gone")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "gone"), "absent", "the list is whole");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn among_many_foreign_objects_few_namespaces_are_listed() {
    let objects: Vec<(String, String)> = ["a", "b"]
        .iter()
        .flat_map(|namespace| (0..8).map(|n| ((*namespace).to_owned(), format!("x{n}"))))
        .collect();
    let objects: Vec<(&str, &str)> = objects.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let of = |namespace: &str| -> Vec<(String, String)> {
        (0..7).map(|n| (namespace.to_owned(), format!("x{n}"))).collect()
    };
    let (a, b) = (of("a"), of("b"));
    let (server, journal, _) = ready(move |seen| {
        let all = |list: &[(String, String)]| {
            config_maps(&list.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>())
        };
        match seen.path.as_str() {
            EVERYWHERE => slowly(crowded("t", 50_000, &[("0", "foreign")])),
            CONFIG_MAPS => all(&a),
            "/api/v1/namespaces/b/configmaps?limit=500" => all(&b),
            _ => Reply::status(500, "InternalError", "boom", None),
        }
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &objects)]).await;
    for (namespace, name) in &objects {
        let expected = if *name == "x7" { "absent" } else { "found" };
        assert_eq!(state(&live, "ConfigMap", namespace, name), expected, "{namespace}/{name}");
    }
    assert_eq!(journal.of("/api/v1/").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_that_is_soon_at_its_end_is_read_to_it() {
    let next = format!("{CONFIG_MAPS}&continue=t");
    let (server, journal, _) = ready(move |seen| match seen.path.as_str() {
        CONFIG_MAPS => crowded("t", 1, &[("a", "foreign"), ("a", "x")]),
        path if path == next => crowded("", 0, &[("a", "y")]),
        _ => Reply::status(500, "InternalError", "boom", None),
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "y"), ("a", "gone")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "y"), "found");
    assert_eq!(state(&live, "ConfigMap", "a", "gone"), "absent");
    assert_eq!(journal.of(CONFIG_MAPS).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_page_that_broke_off_is_kept() {
    let (server, _, _) = ready(|seen| match seen.nth {
        0 => {
            let text = script::list("ConfigMap", "", &[("a", "x"), ("a", "y")]).to_string();
            let cut = text.find("\"y\"").unwrap();
            Reply::typed(200, "application/json", text[..cut].to_owned()).then(Piece::Reset)
        }
        // It was deleted before the list was asked for again.
        _ => config_maps(&[("a", "y")]),
    })
    .await;
    let live = server.read(&[wanted("ConfigMap", &[("a", "x"), ("a", "y")])]).await;
    assert_eq!(state(&live, "ConfigMap", "a", "x"), "absent");
    assert_eq!(state(&live, "ConfigMap", "a", "y"), "found");
}
