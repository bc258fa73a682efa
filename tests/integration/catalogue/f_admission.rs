//! Admission, aggregated roles, rights and transport.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use gitops::cluster::{Options, Server};
use gitops::compare::local::Admission;
use gitops::live::{FetchError, LiveSet, Presence, Wanted};
use gitops::object::id::{Gvk, ObjectId};
use serde_json::{Value, json};

use super::schemas::schemas;
use super::values::{Case, catalog, gvk, resolved};
use crate::support::script::{self, Journal, Reply, Seen};

const UNKNOWN_EFFECTS: &str = "webhook \"w.example.org\" prevents the dry run: admission webhook \"w.example.org\" does not support dry run";

fn config() -> Case {
    Case::of("v1", "ConfigMap")
}

fn data(data: Value) -> Value {
    json!({"data": data})
}

#[test]
fn row_130_equal_values_behind_a_webhook_without_dry_run_need_none() {
    config().git(&data(json!({"a": "1"}))).live(&data(json!({"a": "1"}))).judged().in_sync();
}

#[test]
fn row_131_other_values_behind_a_webhook_without_dry_run_are_unknown() {
    let (git, live) = (data(json!({"a": "1"})), data(json!({"a": "2"})));
    let case = config().git(&git).live(&live).ours(&data(json!({"a": "2"}))).base(&live);
    let judged = case.unavailable(UNKNOWN_EFFECTS, Admission::MayRewrite).judged().is("unknown", &[]);
    judged.because("data.a").because("w.example.org");
}

fn role(rules: Option<Value>) -> Value {
    let mut role = json!({"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}});
    if let Some(rules) = rules {
        role["rules"] = rules;
    }
    role
}

fn cluster_role(git: Value) -> Case {
    let rules = json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]);
    let filled = role(Some(rules.clone()));
    let case = Case::of("rbac.authorization.k8s.io/v1", "ClusterRole").git(&git).live(&filled);
    case.applied_by("clusterrole-aggregation-controller", &json!({"rules": rules}))
}

#[test]
fn row_132_empty_rules_of_an_aggregated_role() {
    cluster_role(role(Some(json!([])))).judged().is("in-sync", &[]);
    let warnings = |rules: Option<Value>| {
        let mut role = role(rules);
        role["apiVersion"] = json!("rbac.authorization.k8s.io/v1");
        role["kind"] = json!("ClusterRole");
        role["metadata"] = json!({"name": "x"});
        resolved(&role.to_string(), &catalog(schemas().keys())).warnings
    };
    let said = warnings(Some(json!([])));
    assert!(said.len() == 1 && said[0].message.contains("aggregationRule"), "{said:?}");
    assert!(warnings(None).is_empty());
}

#[test]
fn row_133_an_aggregated_role_without_rules() {
    cluster_role(role(None)).judged().is("in-sync", &[]);
}

fn config_maps(objects: &[(&str, &str)]) -> Wanted {
    let gvk = gvk("v1", "ConfigMap");
    let resource = catalog([&gvk]).resources.remove(&gvk).unwrap();
    let objects = objects.iter().map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned()));
    Wanted { resource, objects: objects.collect() }
}

async fn ready(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Server, Journal) {
    let (server, journal) = script::server(Options::default(), move |seen| {
        script::discovery("v1.36.3", &seen.path).unwrap_or_else(|| answer(seen))
    });
    server.catalog().await.unwrap();
    (server, journal)
}

fn is_found(live: &LiveSet, namespace: &str, name: &str) -> bool {
    let gvk: Gvk = gvk("v1", "ConfigMap");
    matches!(live[&ObjectId::new(&gvk, namespace, name)], Ok(Presence::Found(_)))
}

fn forbidden(verb: &str, place: &str) -> Reply {
    let message = format!(
        r#"configmaps is forbidden: User "bob" cannot {verb} resource "configmaps" in API group "" {place}"#
    );
    Reply::status(403, "Forbidden", &message, Some(("configmaps", "")))
}

#[tokio::test(start_paused = true)]
async fn row_135_lists_by_namespace_where_the_whole_is_forbidden() {
    let (server, journal) = ready(|seen| match seen.path.split('?').next().unwrap() {
        "/api/v1/configmaps" => forbidden("list", "at the cluster scope"),
        "/api/v1/namespaces/a/configmaps" => Reply::json(200, &script::list("ConfigMap", "", &[("a", "x")])),
        "/api/v1/namespaces/b/configmaps" => Reply::json(200, &script::list("ConfigMap", "", &[("b", "y")])),
        other => panic!("{other}"),
    })
    .await;
    let live = server.read(&[config_maps(&[("a", "x"), ("b", "y")])]).await;
    assert!(is_found(&live, "a", "x") && is_found(&live, "b", "y"));
    assert_eq!(journal.of("/api/v1/namespaces/a/configmaps").len(), 1, "asked once");
}

#[tokio::test(start_paused = true)]
async fn row_136_single_objects_where_lists_are_forbidden() {
    let (server, _) = ready(|seen| match seen.path.split('?').next().unwrap() {
        "/api/v1/configmaps" => forbidden("list", "at the cluster scope"),
        "/api/v1/namespaces/a/configmaps" => forbidden("list", "in the namespace \"a\""),
        "/api/v1/namespaces/a/configmaps/x" => {
            let mut object = script::object("a", "x");
            object["apiVersion"] = json!("v1");
            object["kind"] = json!("ConfigMap");
            Reply::json(200, &object)
        }
        "/api/v1/namespaces/a/configmaps/gone" => {
            Reply::status(404, "NotFound", "configmaps \"gone\" not found", Some(("configmaps", "gone")))
        }
        other => panic!("{other}"),
    })
    .await;
    let live = server.read(&[config_maps(&[("a", "x"), ("a", "gone")])]).await;
    assert!(is_found(&live, "a", "x"));
    assert_eq!(live[&ObjectId::new(&gvk("v1", "ConfigMap"), "a", "gone")], Ok(Presence::Absent));
}

#[test]
fn row_137_without_the_right_to_patch() {
    let same = data(json!({"a": "1"}));
    config().git(&same).live(&same).judged().in_sync();
    let right = "forbidden: cannot patch configmaps in namespace n";
    let (git, live) = (same, data(json!({"a": "2"})));
    let case = config().git(&git).live(&live).ours(&live).base(&live);
    let judged = case.clone().unavailable(right, Admission::MayRewrite).judged().is("unknown", &[]);
    judged.because("patch configmaps");
    // Where nothing rewrites what is written, a plain text that differs needs no dry run.
    let judged = case.unavailable(right, Admission::NoneMatches).judged();
    judged.is("pending", &[("data.a", "pending")]).says("Local");
}

#[tokio::test(start_paused = true)]
async fn row_138_a_list_that_expires_between_its_pages() {
    let (server, journal) = script::server(Options::default(), |seen| {
        if let Some(reply) = script::discovery("v1.30.0", &seen.path) {
            return reply;
        }
        let later = seen.path.contains("continue=");
        match (later, seen.nth) {
            (false, _) => Reply::json(200, &script::list("ConfigMap", "token", &[("a", "x")])),
            (true, 0) => Reply::status(410, "Expired", "The provided continue parameter is too old", None),
            (true, _) => Reply::json(200, &script::list("ConfigMap", "", &[("a", "y")])),
        }
    });
    server.catalog().await.unwrap();
    let live = server.read(&[config_maps(&[("a", "x"), ("a", "y")])]).await;
    assert!(is_found(&live, "a", "x") && is_found(&live, "a", "y"));
    assert_eq!(journal.of("/api/v1/namespaces/a/configmaps").len(), 4, "both pages again from the first");
}

#[tokio::test(start_paused = true)]
async fn row_139_a_server_that_asks_to_slow_down() {
    let answer = |storm: usize| {
        move |seen: &Seen| match seen.nth {
            nth if nth < storm => {
                Reply::status(429, "TooManyRequests", "too many requests", None).header("retry-after", "1")
            }
            _ => Reply::json(200, &script::list("ConfigMap", "", &[("a", "x")])),
        }
    };
    let wanted = [config_maps(&[("a", "x"), ("a", "gone")])];
    let (calm, _) = ready(answer(0)).await;
    let (stormy, journal) = ready(answer(3)).await;
    let (expected, found): (LiveSet, LiveSet) = (calm.read(&wanted).await, stormy.read(&wanted).await);
    assert_eq!(found, expected);
    assert!(!found.values().any(|presence| matches!(presence, Err(FetchError::Failed(_)))));
    let seen = journal.of("/api/v1/namespaces/a/configmaps");
    assert!(seen.windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_secs(1)), "{seen:?}");
}
