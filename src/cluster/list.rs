//! Reading the objects of one type: one LIST, or what the account is allowed to do instead.
//!
//! Cluster-wide first; where that is forbidden, each namespace; where that is forbidden, each object. A list counts only
//! when it is whole: a page that is cut short, of the wrong type or of an expired chain is an error, never a shorter list.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::cluster::answer::{Answer, Failure};
use crate::cluster::gathered::{Absence, Gathered, Key, Listed};
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::live::{FetchError, Observed, Presence, Resource, Right, Wanted};

const PAGE: usize = 500;
/// How often a chain of pages is started again after its continue token has expired.
const RESTARTS: u32 = 3;

/// Which objects of a list are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Those that are wanted.
    Wanted,
    /// All, for a snapshot.
    All,
}

/// How to read one type.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The type and the objects.
    pub(crate) wanted: Wanted,
    /// What to keep.
    pub(crate) keep: Keep,
    /// True if lists are asked for in pages: servers before 1.31 read unpaged lists from etcd.
    pub(crate) paged: bool,
}

/// Reads the objects of one type.
pub(crate) async fn gather(sender: Arc<Sender>, plan: Plan) -> Gathered {
    let plan = Arc::new(plan);
    let wanted = &plan.wanted;
    if !wanted.resource.listable {
        return singly(sender, &plan, wanted.objects.clone(), None).await;
    }
    match scope(&sender, &plan, None).await {
        Ok(found) => Gathered { found, listed: Listed::Everywhere, single: BTreeMap::new() },
        Err(failure) if failure.code() == Some(403) && wanted.resource.namespaced => {
            by_namespace(sender, plan).await
        }
        Err(failure) if failure.code() == Some(403) => {
            let error = failure.fetch_error(&right("list", &wanted.resource, None));
            singly(sender, &plan, wanted.objects.clone(), Some(error)).await
        }
        Err(failure) => {
            let error = failure.fetch_error(&right("list", &wanted.resource, None));
            Gathered::failed(wanted.objects.clone(), &error)
        }
    }
}

async fn by_namespace(sender: Arc<Sender>, plan: Arc<Plan>) -> Gathered {
    let mut namespaces: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    for key in &plan.wanted.objects {
        namespaces.entry(key.0.clone()).or_default().insert(key.clone());
    }
    let mut tasks = JoinSet::new();
    for (namespace, keys) in namespaces {
        let (sender, plan) = (Arc::clone(&sender), Arc::clone(&plan));
        tasks.spawn(async move { in_namespace(sender, &plan, namespace, keys).await });
    }
    let mut gathered = Gathered::nothing();
    while let Some(done) = tasks.join_next().await {
        if let Ok(part) = done {
            gathered.extend(part);
        }
    }
    gathered
}

async fn in_namespace(sender: Arc<Sender>, plan: &Plan, namespace: String, keys: BTreeSet<Key>) -> Gathered {
    match scope(&sender, plan, Some(&namespace)).await {
        Ok(found) => Gathered {
            found,
            listed: Listed::Namespaces(BTreeSet::from([namespace])),
            single: BTreeMap::new(),
        },
        Err(failure) => {
            let error = failure.fetch_error(&right("list", &plan.wanted.resource, Some(&namespace)));
            match failure.code() {
                Some(403) => singly(sender, plan, keys, Some(error)).await,
                _ => Gathered::failed(keys, &error),
            }
        }
    }
}

/// Asks for each object by name. Where that is forbidden too, the error of the list says which right is missing.
async fn singly(
    sender: Arc<Sender>,
    plan: &Plan,
    keys: BTreeSet<Key>,
    of_list: Option<FetchError>,
) -> Gathered {
    let (named, whole): (BTreeSet<Key>, BTreeSet<Key>) = keys.into_iter().partition(|key| !key.1.is_empty());
    let mut tasks = JoinSet::new();
    for key in named {
        let (sender, resource) = (Arc::clone(&sender), plan.wanted.resource.clone());
        tasks.spawn(async move {
            let answer = get(&sender, &resource, &key.0, &key.1).await;
            (key, answer)
        });
    }
    // An empty name stands for all objects of a namespace, which only a list can tell.
    let unread =
        of_list.clone().unwrap_or_else(|| FetchError::Failed("the type cannot be listed".to_owned()));
    let mut gathered = Gathered::failed(whole, &unread);
    while let Some(done) = tasks.join_next().await {
        let Ok((key, answer)) = done else { continue };
        match answer {
            Ok(Presence::Found(observed)) => {
                gathered.found.insert(key, observed);
            }
            Ok(Presence::Absent) => {
                gathered.single.insert(key, Ok(Absence));
            }
            Err(FetchError::Forbidden { right, message }) => {
                let error = of_list.clone().unwrap_or(FetchError::Forbidden { right, message });
                gathered.single.insert(key, Err(error));
            }
            Err(error) => {
                gathered.single.insert(key, Err(error));
            }
        }
    }
    gathered
}

/// Reads one object by name.
///
/// # Errors
/// Why it is unknown. Only a Status that names this very object makes it absent: a 404 for a whole group does not.
pub(crate) async fn get(
    sender: &Sender,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> Result<Presence, FetchError> {
    let Some(path) = url::object(resource, namespace, name) else {
        return Err(FetchError::Failed(format!("no object can have the name {namespace:?}/{name:?}")));
    };
    let right = right("get", resource, resource.namespaced.then_some(namespace));
    match sender.send(&Call::get(Purpose::Get, path)).await {
        Ok(answer) => {
            whole(&answer, resource, namespace, name).map_err(|failure| failure.fetch_error(&right))
        }
        Err(failure) if is_about(&failure, resource, name) => Ok(Presence::Absent),
        Err(failure) => Err(failure.fetch_error(&right)),
    }
}

fn is_about(failure: &Failure, resource: &Resource, name: &str) -> bool {
    let Failure::Rejected(rejection) = failure else {
        return false;
    };
    let about = rejection.about.as_ref();
    rejection.refusal.code == 404
        && rejection.refusal.reason == "NotFound"
        && about.is_some_and(|(kind, about)| *kind == resource.plural && about == name)
}

/// Checks that an answer is the object that was asked for.
fn whole(answer: &Answer, resource: &Resource, namespace: &str, name: &str) -> Result<Presence, Failure> {
    let text = answer.json_text()?;
    let head: Head = serde_json::from_slice(text).map_err(|error| Failure::not_json(&error))?;
    let namespace = if resource.namespaced { namespace } else { "" };
    if head.kind != resource.gvk.kind || head.metadata.name != name || head.metadata.namespace != namespace {
        return Err(Failure::Nonsense("the server answered with another object".to_owned()));
    }
    Ok(Presence::Found(Observed { json: text.into() }))
}

/// Lists one namespace, or all.
async fn scope(
    sender: &Sender,
    plan: &Plan,
    namespace: Option<&str>,
) -> Result<BTreeMap<Key, Observed>, Failure> {
    let mut limit = plan.paged.then_some(PAGE);
    for _ in 0..=RESTARTS {
        match chain(sender, plan, namespace, limit).await {
            Err(failure) if failure.code() == Some(410) => {}
            // Too much at once: in pages, each answer is bounded.
            Err(Failure::TooLarge(_)) if limit.is_none() => limit = Some(PAGE),
            other => return other,
        }
    }
    chain(sender, plan, namespace, None).await
}

/// Reads one chain of pages; all of it comes from the same moment, or none of it counts.
async fn chain(
    sender: &Sender,
    plan: &Plan,
    namespace: Option<&str>,
    limit: Option<usize>,
) -> Result<BTreeMap<Key, Observed>, Failure> {
    let collection = url::collection(&plan.wanted.resource, namespace);
    let mut found = BTreeMap::new();
    let mut token = String::new();
    loop {
        let answer = sender.send(&Call::get(Purpose::List, page(&collection, limit, &token))).await?;
        let next = read_page(answer.json_text()?, plan, &mut found)?;
        match next {
            None => return Ok(found),
            Some(next) if next == token => {
                return Err(Failure::Nonsense("the server repeats a page of the list".to_owned()));
            }
            Some(next) => token = next,
        }
    }
}

fn page(collection: &str, limit: Option<usize>, token: &str) -> String {
    let mut path = collection.to_owned();
    let mut separator = '?';
    // A chain that the server has cut by itself goes on with its own page size.
    if let Some(limit) = limit.or((!token.is_empty()).then_some(PAGE)) {
        path.push_str(&format!("{separator}limit={limit}"));
        separator = '&';
    }
    if !token.is_empty() {
        path.push_str(&format!("{separator}continue={}", url::segment(token)));
    }
    path
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
    /// Absent is an error, `null` is an empty list (Go's nil slice).
    #[serde(borrow, default, deserialize_with = "items")]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
struct ListMeta<'a> {
    #[serde(rename = "continue", borrow, default)]
    token: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    metadata: Meta<'a>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    namespace: Cow<'a, str>,
}

fn items<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<&'de RawValue>>, D::Error> {
    Option::<Vec<&RawValue>>::deserialize(deserializer).map(|items| Some(items.unwrap_or_default()))
}

/// Reads one page item by item and keeps what is to be kept. Returns the token of the next page.
fn read_page(
    text: &[u8],
    plan: &Plan,
    found: &mut BTreeMap<Key, Observed>,
) -> Result<Option<String>, Failure> {
    let list: List = serde_json::from_slice(text).map_err(|error| Failure::not_json(&error))?;
    let items = list.items.filter(|_| list.kind.ends_with("List"));
    let items =
        items.ok_or_else(|| Failure::Nonsense("the server answered 200 without a list".to_owned()))?;
    for item in items {
        let head: Head = serde_json::from_str(item.get()).map_err(|error| Failure::not_json(&error))?;
        let key = (head.metadata.namespace.into_owned(), head.metadata.name.into_owned());
        if plan.keep == Keep::All || plan.wanted.objects.contains(&key) {
            let json = item.get().as_bytes().into();
            found.insert(key, Observed { json });
        }
    }
    Ok(Some(list.metadata.token.into_owned()).filter(|token| !token.is_empty()))
}

pub(crate) fn right(verb: &str, resource: &Resource, namespace: Option<&str>) -> Right {
    Right {
        verb: verb.to_owned(),
        resource: resource.plural.clone(),
        group: resource.gvk.group.clone(),
        namespace: namespace.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::{Value, json};

    fn plan(keep: Keep) -> Plan {
        Plan {
            wanted: Wanted {
                resource: Resource {
                    gvk: Gvk::new("", "v1", "ConfigMap"),
                    plural: "configmaps".into(),
                    namespaced: true,
                    has_status: false,
                    listable: true,
                },
                objects: BTreeSet::from([("a".to_owned(), "x".to_owned())]),
            },
            keep,
            paged: false,
        }
    }

    fn body(token: &str) -> Value {
        json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": token}, "items": [
            {"metadata": {"name": "x", "namespace": "a", "labels": {"k": "\u{e9}\n"}}, "data": {"b": "1", "a": "2"}},
            {"metadata": {"name": "y", "namespace": "a"}},
            {"metadata": {"name": "x", "namespace": "b"}}]})
    }

    #[test]
    fn wanted_items_are_kept_as_they_came() {
        let text = body("").to_string();
        let mut found = BTreeMap::new();
        assert_eq!(read_page(text.as_bytes(), &plan(Keep::Wanted), &mut found).unwrap(), None);
        let keys: Vec<_> = found.keys().cloned().collect();
        assert_eq!(keys, [("a".to_owned(), "x".to_owned())]);
        let item: Value = serde_json::from_slice(&found[&keys[0]].json).unwrap();
        assert_eq!(item, body("")["items"][0]);
        found.clear();
        let next = read_page(body("t=/+").to_string().as_bytes(), &plan(Keep::All), &mut found).unwrap();
        assert_eq!((next.as_deref(), found.len()), (Some("t=/+"), 3));
    }

    #[test]
    fn every_cut_of_a_list_is_an_error() {
        let text = body("").to_string();
        for end in 0..text.len() {
            let mut found = BTreeMap::new();
            let page = read_page(&text.as_bytes()[..end], &plan(Keep::Wanted), &mut found);
            assert!(page.is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_not_a_list_is_an_error() {
        for (text, ok) in [
            (r#"{"kind":"ConfigMapList","items":null}"#, true),
            (r#"{"kind":"ConfigMapList","items":[]}"#, true),
            (r#"{"kind":"ConfigMapList"}"#, false),
            (r#"{"kind":"Status","status":"Failure","items":[]}"#, false),
            (r#"{"items":[]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[{}]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[{"metadata":{}}]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[null]}"#, false),
            ("<html></html>", false),
            ("", false),
        ] {
            let page = read_page(text.as_bytes(), &plan(Keep::Wanted), &mut BTreeMap::new());
            assert_eq!(page.is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn pages_carry_limit_and_token() {
        assert_eq!(page("/api/v1/pods", None, ""), "/api/v1/pods");
        assert_eq!(page("/api/v1/pods", Some(500), ""), "/api/v1/pods?limit=500");
        assert_eq!(page("/api/v1/pods", Some(500), "a+/="), "/api/v1/pods?limit=500&continue=a%2B%2F%3D");
        assert_eq!(page("/api/v1/pods", None, "t"), "/api/v1/pods?limit=500&continue=t");
    }
}
