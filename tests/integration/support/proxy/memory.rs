//! An API server in memory: discovery, lists, the objects of a [`Shelf`], and server-side apply of ConfigMaps by one manager.
//! It publishes no schemas and grants every right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::http1::{Answer, Asked};
use crate::support::script::{Piece, Reply, Seen, discovery};
use crate::support::shelf::Shelf;

/// The maps of a ConfigMap that an apply owns key by key.
const MAPS: [&str; 3] = ["/data", "/metadata/labels", "/metadata/annotations"];

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/";

/// Answers a request.
pub(super) fn answer(shelf: &Shelf, asked: &Asked) -> Answer {
    match reply(shelf, asked) {
        Reply::Answer(code, headers, pieces) => {
            let body = pieces.into_iter().flat_map(|piece| match piece {
                Piece::Data(data) => data.to_vec(),
                other => panic!("{other:?} is for the rules of the proxy"),
            });
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Answer {
                status: StatusCode::from_u16(code).unwrap(),
                headers,
                body: body.collect::<Vec<u8>>().into(),
            }
        }
        other => panic!("{other:?} is for the rules of the proxy"),
    }
}

fn reply(shelf: &Shelf, asked: &Asked) -> Reply {
    let path = asked.path.split('?').next().unwrap();
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (asked.method.as_str(), &parts[..]) {
        ("GET", ["apis"]) if !shelf.below(WEBHOOKS).is_empty() => with_webhooks(),
        ("GET", ["apis", "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations"]) => {
            list(shelf, path)
        }
        ("GET", ["version" | "api" | "apis"]) => discovery("v1.36.3", path).unwrap(),
        ("GET", ["openapi", "v3"]) => Reply::json(200, &json!({"paths": {}})),
        ("GET", ["api", "v1", "namespaces", name]) => Reply::json(
            200,
            &json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": name, "uid": format!("uid-of-{name}"), "resourceVersion": "1"}}),
        ),
        ("POST", ["apis", "authorization.k8s.io", _, "selfsubjectrulesreviews"]) => Reply::json(
            201,
            &json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "metadata": {}, "spec": {},
                "status": {"incomplete": false, "nonResourceRules": [],
                    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}}),
        ),
        ("GET", ["api", "v1", "namespaces", _, "configmaps"]) => list(shelf, path),
        ("PATCH", ["api", "v1", "namespaces", _, "configmaps", _]) => apply(shelf, path, asked),
        (
            "GET" | "POST" | "PUT" | "DELETE",
            ["api" | "apis", .., "namespaces", _, "configmaps" | "secrets" | "leases"],
        )
        | ("GET" | "PUT" | "DELETE", ["api" | "apis", .., "configmaps" | "secrets" | "leases", _]) => shelf
            .answer(&Seen {
                method: asked.method.clone(),
                path: path.to_owned(),
                headers: BTreeMap::new(),
                body: asked.body.clone(),
                nth: 0,
                at: Duration::ZERO,
            }),
        ("GET", ["apis", ..] | ["api", ..]) => {
            Reply::typed(404, "text/plain; charset=utf-8", "404 page not found\n")
        }
        _ => panic!("the server in memory has no {} {}", asked.method, asked.path),
    }
}

/// The discovery of a server that has webhooks to tell of.
fn with_webhooks() -> Reply {
    let resource = json!({"resource": "mutatingwebhookconfigurations", "scope": "Cluster", "verbs": ["get", "list"],
        "responseKind": {"group": "", "version": "", "kind": "MutatingWebhookConfiguration"}});
    let group = json!({"metadata": {"name": "admissionregistration.k8s.io"},
        "versions": [{"version": "v1", "freshness": "Current", "resources": [resource]}]});
    let body =
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": [group]});
    Reply::typed(
        200,
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        body.to_string(),
    )
}

fn list(shelf: &Shelf, path: &str) -> Reply {
    let items = shelf.below(&format!("{path}/"));
    Reply::json(
        200,
        &json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"}, "items": items}),
    )
}

/// An apply by the manager `gitops`, as the documentation of server-side apply has it: keys that it owned and does not send
/// any more go, those that it sends are set, and one that changes nothing stores nothing.
fn apply(shelf: &Shelf, path: &str, asked: &Asked) -> Reply {
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let old = shelf.get(path);
    let pinned = |key: &str| {
        body["metadata"]
            .get(key)
            .is_some_and(|pin| Some(pin) != old.as_ref().map(|old| &old["metadata"][key]))
    };
    if pinned("uid") || pinned("resourceVersion") {
        return Reply::status(409, "Conflict", "the object has been modified", None);
    }
    let mut new = old.clone().unwrap_or_else(|| {
        let mut metadata = body["metadata"].clone();
        metadata.as_object_mut().unwrap().retain(|key, _| matches!(key.as_str(), "name" | "namespace"));
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    });
    let owned = old.as_ref().map(owned).unwrap_or_default();
    for map in MAPS {
        let sent = body.pointer(map).and_then(Value::as_object).cloned().unwrap_or_default();
        let mut there = new.pointer(map).and_then(Value::as_object).cloned().unwrap_or_default();
        there.retain(|key, _| sent.contains_key(key) || !owned.contains(&(map, key.clone())));
        there.extend(sent);
        set(&mut new, map, there);
    }
    let same = old.as_ref().is_some_and(|old| MAPS.iter().all(|map| old.pointer(map) == new.pointer(map)));
    if same && sent_keys(&body) == owned {
        return Reply::json(200, &new);
    }
    let version: u64 =
        new["metadata"]["resourceVersion"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    // A clock that goes on with every write.
    let time =
        format!("2026-01-01T{:02}:{:02}:{:02}Z", version / 3_600 % 24, version / 60 % 60, version % 60);
    let mut entries = vec![json!({"manager": "gitops", "operation": "Apply", "apiVersion": "v1",
        "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields(&body)})];
    let others = old.as_ref().and_then(|old| old["metadata"]["managedFields"].as_array().cloned());
    entries.extend(others.into_iter().flatten().filter(|entry| entry["manager"] != "gitops").map(
        |mut entry| {
            taken(&mut entry["fieldsV1"], old.as_ref(), &body);
            entry
        },
    ));
    new["metadata"]["managedFields"] = Value::Array(entries);
    let code = if old.is_some() { 200 } else { 201 };
    if asked.path.contains("dryRun=All") {
        return Reply::json(code, &new);
    }
    Reply::json(code, &shelf.put(path, &new))
}

fn set(object: &mut Value, pointer: &str, map: Map<String, Value>) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match map.is_empty() {
        true => drop(parent.remove(key)),
        false => drop(parent.insert(key.to_owned(), map.into())),
    }
}

/// What a forced apply takes from another manager: keys that it sends with another value.
fn taken(entry: &mut Value, old: Option<&Value>, body: &Value) {
    for map in MAPS {
        let Some(keys) = entry.pointer_mut(&map.replace('/', "/f:")).and_then(Value::as_object_mut) else {
            continue;
        };
        let at = |object: &Value, key: &str| object.pointer(map).and_then(|map| map.get(key)).cloned();
        keys.retain(|key, _| {
            let key = key.trim_start_matches("f:");
            let sent = at(body, key);
            sent.is_none() || sent == old.and_then(|old| at(old, key))
        });
    }
}

fn sent_keys(body: &Value) -> BTreeSet<(&'static str, String)> {
    let keys = |map: &'static str| {
        let sent = body.pointer(map).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        sent.map(move |key| (map, key.clone()))
    };
    MAPS.into_iter().flat_map(keys).collect()
}

/// What `managedFields` says is ours.
fn owned(object: &Value) -> BTreeSet<(&'static str, String)> {
    let entries = object["metadata"]["managedFields"].as_array();
    let ours = entries.into_iter().flatten().find(|entry| entry["manager"] == "gitops");
    let Some(fields) = ours.map(|entry| &entry["fieldsV1"]) else { return BTreeSet::new() };
    let keys = |map: &'static str| {
        let pointer = map.replace('/', "/f:");
        let keys = fields.pointer(&pointer).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        keys.map(|key| (map, key.trim_start_matches("f:").to_owned())).collect::<Vec<_>>()
    };
    MAPS.into_iter().flat_map(keys).collect()
}

fn fields(body: &Value) -> Value {
    let map = |pointer: &str| {
        let keys = body.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::keys);
        keys.map(|key| (format!("f:{key}"), json!({}))).collect::<Map<_, _>>()
    };
    json!({"f:data": map("/data"), "f:metadata": {"f:labels": map("/metadata/labels"),
        "f:annotations": map("/metadata/annotations")}})
}
