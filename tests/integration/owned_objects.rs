//! Writes of what belongs to the program itself: they collide where two runs write, and what a lost connection did is found out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use gitops::cluster::owned::{OwnedError, OwnedKind};
use gitops::cluster::{Options, Server};
use gitops::live::Pin;
use serde_json::{Value, json};

use crate::support::cluster;
use crate::support::script::{Journal, Piece, Reply, Seen, over};
use crate::support::shelf::{Fault, Shelf};

const PATH: &str = "/api/v1/namespaces/ns/configmaps/gitops-shop";

fn config_map(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "gitops-shop", "namespace": "ns"},
        "data": {"text": text}})
}

fn pin(object: &Value) -> Pin {
    let text = |key: &str| object["metadata"][key].as_str().unwrap().to_owned();
    Pin { uid: text("uid"), resource_version: text("resourceVersion") }
}

fn server(
    shelf: &Shelf,
    fault: impl Fn(&Seen) -> Fault + Send + Sync + 'static,
    read_only: bool,
) -> (Server, Journal) {
    let journal = Journal::default();
    let options = Options { read_only, ..Options::default() };
    (over(shelf.transport(&journal, fault), options), journal)
}

fn methods(journal: &Journal) -> String {
    journal.all().iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>().join(" ")
}

/// The first request of a method meets a fault, all others nothing.
fn first(method: &'static str, fault: Fault) -> impl Fn(&Seen) -> Fault + Send + Sync + 'static {
    move |seen| if seen.method == method && seen.nth == 0 { fault.clone() } else { Fault::None }
}

/// The ways in which an answer is lost, and whether the request is sent again by itself.
fn losses() -> Vec<(&'static str, Reply)> {
    vec![
        ("reset", Reply::Reset),
        ("silence", Reply::Silence),
        ("cut short", Reply::typed(200, "application/json", "{\"kind\":\"Con")),
        ("reset inside", Reply::typed(200, "application/json", "{").then(Piece::Reset)),
        ("504", Reply::status(504, "Timeout", "the request did not complete", None)),
        ("500", Reply::status(500, "InternalError", "something", None)),
        ("a page", Reply::typed(502, "text/html", "<html>")),
        ("a page with 200", Reply::typed(200, "text/html", "<html>")),
    ]
}

#[tokio::test(start_paused = true)]
async fn an_object_is_created_updated_and_deleted() {
    let shelf = Shelf::default();
    let (server, journal) = server(&shelf, |_| Fault::None, false);
    let kind = OwnedKind::ConfigMap;
    assert_eq!(server.read_owned(kind, "ns", "gitops-shop").await, Ok(None));
    let mut stored = server.create_owned(kind, "ns", &config_map("a")).await.unwrap();
    assert_eq!(server.create_owned(kind, "ns", &config_map("b")).await, Err(OwnedError::Conflict));
    stored["data"]["text"] = json!("b");
    let second = server.update_owned(kind, "ns", &stored).await.unwrap();
    assert_eq!(server.update_owned(kind, "ns", &stored).await, Err(OwnedError::Conflict), "stale");
    assert_eq!(
        server.delete_owned(kind, "ns", "gitops-shop", &pin(&stored)).await,
        Err(OwnedError::Conflict)
    );
    server.delete_owned(kind, "ns", "gitops-shop", &pin(&second)).await.unwrap();
    assert_eq!(server.delete_owned(kind, "ns", "gitops-shop", &pin(&second)).await, Err(OwnedError::Missing));
    assert_eq!(server.update_owned(kind, "ns", &second).await, Err(OwnedError::Missing));
    assert_eq!(
        methods(&journal),
        "GET POST POST PUT PUT DELETE DELETE DELETE PUT",
        "a plain answer is believed"
    );
    assert_eq!(server.counts().record, 9);
    assert_eq!(server.counts().reads() + server.counts().dry_runs + server.counts().writes, 0);
    let posted = &journal.all()[1].path;
    assert_eq!(posted, "/api/v1/namespaces/ns/configmaps?fieldManager=gitops-record&fieldValidation=Strict");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_after_the_write_is_found_out() {
    for (loss, reply) in losses() {
        let shelf = Shelf::default();
        let (server, _) = server(&shelf, first("POST", Fault::After(reply.clone())), false);
        let stored = server.create_owned(OwnedKind::ConfigMap, "ns", &config_map("a")).await;
        assert_eq!(stored.as_ref().ok(), shelf.get(PATH).as_ref(), "create, {loss}: {stored:?}");

        let shelf = Shelf::default();
        let mut object = shelf.put(PATH, &config_map("a"));
        object["data"]["text"] = json!("b");
        let (server, journal) = self::server(&shelf, first("PUT", Fault::After(reply.clone())), false);
        let stored = server.update_owned(OwnedKind::ConfigMap, "ns", &object).await;
        assert_eq!(stored.as_ref().ok(), shelf.get(PATH).as_ref(), "update, {loss}: {stored:?}");
        let version = &shelf.get(PATH).unwrap()["metadata"]["resourceVersion"];
        assert_eq!(version, "2", "{loss}: written once: {}", methods(&journal));

        let shelf = Shelf::default();
        let object = shelf.put(PATH, &config_map("a"));
        let (server, _) = self::server(&shelf, first("DELETE", Fault::After(reply)), false);
        let deleted = server.delete_owned(OwnedKind::ConfigMap, "ns", "gitops-shop", &pin(&object)).await;
        assert_eq!(deleted, Ok(()), "delete, {loss}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_loss_before_the_write_is_repeated_or_told() {
    for (loss, reply) in losses() {
        let shelf = Shelf::default();
        let mut object = shelf.put(PATH, &config_map("a"));
        object["data"]["text"] = json!("b");
        let (server, _) = server(&shelf, first("PUT", Fault::Answer(reply.clone())), false);
        let stored = server.update_owned(OwnedKind::ConfigMap, "ns", &object).await;
        let there = shelf.get(PATH).unwrap();
        match stored {
            Ok(stored) => {
                assert_eq!((&there, there["data"]["text"].as_str()), (&stored, Some("b")), "{loss}")
            }
            Err(error) => {
                assert!(matches!(error, OwnedError::Failed(_)), "{loss}: {error:?}");
                assert_eq!(there["data"]["text"], "a", "{loss}");
                assert!(
                    ["cut short", "500", "a page with 200"].contains(&loss),
                    "{loss} is worth another attempt"
                );
            }
        }
    }
}

/// What is found after a lost answer is another run's.
#[tokio::test(start_paused = true)]
async fn what_another_run_wrote_is_a_conflict() {
    let kind = OwnedKind::ConfigMap;
    let shelf = Shelf::default();
    let other = shelf.clone();
    let meddle = move |seen: &Seen| {
        if seen.method != "GET" && seen.nth == 0 {
            other.put(PATH, &config_map("another run"));
            return Fault::Answer(Reply::Reset);
        }
        Fault::None
    };
    let (meddled, _) = server(&shelf, meddle.clone(), false);
    assert_eq!(meddled.create_owned(kind, "ns", &config_map("a")).await, Err(OwnedError::Conflict));

    let object = shelf.get(PATH).unwrap();
    let (meddled, _) = server(&shelf, meddle.clone(), false);
    assert_eq!(
        meddled.update_owned(kind, "ns", &object).await.map(|_| ()),
        Ok(()),
        "the same content is ours"
    );
    let mut object = shelf.get(PATH).unwrap();
    object["data"]["text"] = json!("b");
    let (meddled, _) = server(&shelf, meddle.clone(), false);
    assert_eq!(meddled.update_owned(kind, "ns", &object).await, Err(OwnedError::Conflict));

    let object = shelf.get(PATH).unwrap();
    let (meddled, _) = server(&shelf, meddle, false);
    let deleted = meddled.delete_owned(kind, "ns", "gitops-shop", &pin(&object)).await;
    assert_eq!(deleted, Err(OwnedError::Conflict));
    assert!(shelf.get(PATH).is_some());

    // Made again under another uid: what was to be deleted is gone.
    let object = shelf.get(PATH).unwrap();
    let other = shelf.clone();
    let (meddled, _) = server(
        &shelf,
        move |seen| {
            if seen.method == "DELETE" && seen.nth == 0 {
                other.remove(PATH);
                other.put(PATH, &config_map("new"));
                return Fault::Answer(Reply::Reset);
            }
            Fault::None
        },
        false,
    );
    meddled.delete_owned(kind, "ns", "gitops-shop", &pin(&object)).await.unwrap();
    assert!(shelf.get(PATH).is_some(), "the new one stays");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_pinned_or_may_not_be_written_is_not_sent() {
    let shelf = Shelf::default();
    let (server, journal) = server(&shelf, |_| Fault::None, false);
    for version in [Value::Null, json!(""), json!("0")] {
        let mut object = config_map("a");
        object["metadata"]["resourceVersion"] = version;
        let updated = server.update_owned(OwnedKind::ConfigMap, "ns", &object).await;
        assert!(matches!(updated, Err(OwnedError::Failed(_))), "{updated:?}");
    }
    for (uid, version) in [("", "1"), ("u", ""), ("u", "0")] {
        let pin = Pin { uid: uid.into(), resource_version: version.into() };
        let deleted = server.delete_owned(OwnedKind::Lease, "ns", "gitops-shop", &pin).await;
        assert!(matches!(deleted, Err(OwnedError::Failed(_))), "{deleted:?}");
    }
    assert_eq!(journal.all().len(), 0);

    let mut object = shelf.put(PATH, &config_map("a"));
    object["data"]["text"] = json!("b");
    let (server, journal) = self::server(&shelf, |_| Fault::None, true);
    let kind = OwnedKind::ConfigMap;
    let failed = |result: Result<(), OwnedError>| match result {
        Err(OwnedError::Failed(text)) => assert!(text.contains("--read-only"), "{text}"),
        other => panic!("{other:?}"),
    };
    failed(server.create_owned(kind, "ns", &config_map("a")).await.map(|_| ()));
    failed(server.update_owned(kind, "ns", &object).await.map(|_| ()));
    failed(server.delete_owned(kind, "ns", "gitops-shop", &pin(&object)).await);
    assert_eq!(journal.all().len(), 0);
    assert!(server.read_owned(kind, "ns", "gitops-shop").await.unwrap().is_some(), "reading is allowed");
}

/// The texts and codes are the real server's.
#[test]
fn a_real_server_answers_as_expected() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("owned");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = crate::support::connect(cluster.kubeconfig()).await;
        for (kind, content) in [
            (OwnedKind::ConfigMap, json!({"kind": "ConfigMap", "data": {"a": "b"}})),
            (OwnedKind::Secret, json!({"kind": "Secret", "type": "gitops/base", "data": {"a": "Yg=="}})),
            (
                OwnedKind::Lease,
                json!({"kind": "Lease", "spec": {"holderIdentity": "me", "renewTime": "2026-01-02T03:04:05.000006Z"}}),
            ),
        ] {
            let api = if kind == OwnedKind::Lease { "coordination.k8s.io/v1" } else { "v1" };
            let mut object = content;
            object["apiVersion"] = json!(api);
            object["metadata"] = json!({"name": "gitops-x", "namespace": namespace, "labels": {"a": "b"}});
            assert_eq!(server.read_owned(kind, &namespace, "gitops-x").await, Ok(None), "{kind:?}");
            let stored = server.create_owned(kind, &namespace, &object).await.unwrap();
            assert_eq!(stored["metadata"]["managedFields"][0]["manager"], "gitops-record");
            assert_eq!(server.create_owned(kind, &namespace, &object).await, Err(OwnedError::Conflict));
            let mut changed = stored.clone();
            changed["metadata"]["labels"]["a"] = json!("c");
            let second = server.update_owned(kind, &namespace, &changed).await.unwrap();
            assert_eq!(server.update_owned(kind, &namespace, &changed).await, Err(OwnedError::Conflict));
            let stale = server.delete_owned(kind, &namespace, "gitops-x", &pin(&stored)).await;
            assert_eq!(stale, Err(OwnedError::Conflict));
            let uid = Pin { uid: "0b0e1a52-0000-4000-8000-000000000000".into(), ..pin(&second) };
            assert_eq!(
                server.delete_owned(kind, &namespace, "gitops-x", &uid).await,
                Err(OwnedError::Conflict)
            );
            server.delete_owned(kind, &namespace, "gitops-x", &pin(&second)).await.unwrap();
            let gone = server.delete_owned(kind, &namespace, "gitops-x", &pin(&second)).await;
            assert_eq!(gone, Err(OwnedError::Missing));
            let gone = server.update_owned(kind, &namespace, &second).await;
            // A PUT of a Lease may create one, so the server looks at the uid first.
            let expected = if kind == OwnedKind::Lease { OwnedError::Conflict } else { OwnedError::Missing };
            assert_eq!(gone, Err(expected), "{kind:?}");
            object["metadata"]["namespace"] = json!("no-such-namespace");
            let nowhere = server.create_owned(kind, "no-such-namespace", &object);
            assert_eq!(nowhere.await, Err(OwnedError::NoNamespace("no-such-namespace".into())));
            assert_eq!(server.read_owned(kind, "no-such-namespace", "gitops-x").await, Ok(None));
        }
    });
}

#[test]
fn a_missing_right_is_named() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("owned");
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "get", "configmaps");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = crate::support::connect(&user.kubeconfig).await;
        let mut object = config_map("a");
        object["metadata"]["namespace"] = json!(namespace);
        let right = |result: Result<(), OwnedError>| match result {
            Err(OwnedError::Forbidden { right, .. }) => right.to_string(),
            other => panic!("{other:?}"),
        };
        let created = server.create_owned(OwnedKind::ConfigMap, &namespace, &object).await;
        assert_eq!(right(created.map(|_| ())), format!("create configmaps in namespace {namespace}"));
        object["metadata"]["resourceVersion"] = json!("1");
        let updated = server.update_owned(OwnedKind::ConfigMap, &namespace, &object).await;
        assert_eq!(right(updated.map(|_| ())), format!("update configmaps in namespace {namespace}"));
        let read = server.read_owned(OwnedKind::Lease, &namespace, "gitops-shop").await;
        assert_eq!(
            right(read.map(|_| ())),
            format!("get leases.coordination.k8s.io in namespace {namespace}")
        );
    });
}
