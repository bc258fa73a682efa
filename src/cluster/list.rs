//! Reading the objects of one type: one LIST, or what is cheaper, or what the account is allowed to do instead.
//!
//! Objects of one namespace are listed there; others cluster-wide first. Where that is forbidden, each namespace; where that
//! is forbidden, each object. Among many foreign objects the namespaces or the objects themselves are asked for
//! ([`strategy`]). A list counts only when it is whole: a page that is cut short, of the wrong type or of an expired chain is
//! an error, never a shorter list.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cluster::answer::{Answer, Failure};
use crate::cluster::gathered::{Absence, Gathered, Key, Listed};
use crate::cluster::page::{Head, Meta, Page, Reading};
use crate::cluster::request::{Call, MAX_ANSWER, Sender};
use crate::cluster::strategy::{self, Progress, SMALL_PAGE, Single, Way};
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::live::{FetchError, Observed, Presence, Resource, Right, Wanted};

/// How often a chain of pages is started again after its continue token has expired.
const RESTARTS: u32 = 3;
/// The largest page of which only what is wanted is held: it is bounded by time.
const MAX_PASSING: usize = 16 << 30;

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
    /// The id of a set: objects that carry it in a label are kept as well, wherever they happen to be listed.
    pub(crate) label: Option<Arc<str>>,
    /// True if pages are small: servers before 1.31 read lists from etcd.
    pub(crate) paged: bool,
}

impl Plan {
    /// The one place that decides whether an item of a list is kept; its key, if it is.
    pub(crate) fn key_if_kept(&self, item: &Meta<'_>) -> Option<Key> {
        let key = (item.namespace.as_ref().to_owned(), item.name.as_ref().to_owned());
        let labelled = || {
            let labels = item.labels.map(RawValue::get).unwrap_or_default();
            self.label.as_deref().is_some_and(|label| labels.contains(label))
        };
        (self.keep == Keep::All || self.wanted.objects.contains(&key) || labelled()).then_some(key)
    }

    /// True if only a whole list will do: what is looked for is not known by name.
    fn needs_all(&self) -> bool {
        self.keep == Keep::All
    }
}

/// Wanted objects by namespace.
fn namespaces(keys: &BTreeSet<Key>) -> BTreeMap<String, BTreeSet<Key>> {
    let mut namespaces: BTreeMap<String, BTreeSet<Key>> = BTreeMap::new();
    for key in keys {
        namespaces.entry(key.0.clone()).or_default().insert(key.clone());
    }
    namespaces
}

/// Reads the objects of one type.
pub(crate) async fn gather(sender: Arc<Sender>, plan: Plan) -> Gathered {
    let plan = Arc::new(plan);
    let Wanted { resource, objects } = &plan.wanted;
    if !resource.listable {
        return singly(sender, &plan, objects.clone(), None).await;
    }
    let homes = namespaces(objects);
    if resource.namespaced && homes.len() == 1 && !plan.needs_all() {
        return by_namespace(sender, plan, homes).await;
    }
    match scope(&sender, &plan, None, objects).await {
        Ok(gathered) => gathered,
        Err(failure) if failure.code() == Some(403) && resource.namespaced => {
            by_namespace(sender, plan, homes).await
        }
        Err(failure) if failure.code() == Some(403) => {
            let error = failure.fetch_error(&right("list", resource, None));
            singly(sender, &plan, objects.clone(), Some(error)).await
        }
        Err(failure) => {
            let error = failure.fetch_error(&right("list", resource, None));
            Gathered::failed(objects.clone(), &error)
        }
    }
}

/// Lists each namespace. Boxed: a list may come back to this when it turns out to be long.
fn by_namespace(
    sender: Arc<Sender>,
    plan: Arc<Plan>,
    namespaces: BTreeMap<String, BTreeSet<Key>>,
) -> Pin<Box<dyn Future<Output = Gathered> + Send>> {
    Box::pin(each_namespace(sender, plan, namespaces))
}

async fn each_namespace(
    sender: Arc<Sender>,
    plan: Arc<Plan>,
    namespaces: BTreeMap<String, BTreeSet<Key>>,
) -> Gathered {
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

async fn in_namespace(
    sender: Arc<Sender>,
    plan: &Arc<Plan>,
    namespace: String,
    keys: BTreeSet<Key>,
) -> Gathered {
    match scope(&sender, plan, Some(&namespace), &keys).await {
        Ok(gathered) => gathered,
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

/// Lists one namespace, or all, for these objects.
async fn scope(
    sender: &Arc<Sender>,
    plan: &Arc<Plan>,
    namespace: Option<&str>,
    keys: &BTreeSet<Key>,
) -> Result<Gathered, Failure> {
    let mut first = if plan.paged { SMALL_PAGE } else { strategy::first_page(keys.len()) };
    for _ in 0..=RESTARTS {
        match (Chain { sender, plan, namespace, keys, first }).read().await {
            Err(failure) if failure.code() == Some(410) => {}
            // Too much at once: smaller pages are bounded.
            Err(Failure::TooLarge(_)) if first > SMALL_PAGE => first = SMALL_PAGE,
            other => return other,
        }
    }
    let collection = url::collection(&plan.wanted.resource, namespace);
    let whole = one_page(sender, plan, page(&collection, None, "")).await?;
    match whole.token {
        None => Ok(Gathered { found: whole.kept.into_iter().collect(), ..listed(namespace) }),
        Some(_) => Err(Failure::Nonsense("the pages of the list expire while they are read".to_owned())),
    }
}

/// Nothing was found in a list that is whole.
fn listed(namespace: Option<&str>) -> Gathered {
    let listed = match namespace {
        None => Listed::Everywhere,
        Some(namespace) => Listed::Namespaces(BTreeSet::from([namespace.to_owned()])),
    };
    Gathered { listed, ..Gathered::nothing() }
}

pub(super) async fn one_page(sender: &Sender, plan: &Arc<Plan>, path: String) -> Result<Page, Failure> {
    let max_answer = if plan.needs_all() { MAX_ANSWER } else { MAX_PASSING };
    let call = Call { max_answer, ..Call::get(Purpose::List, path) };
    sender.send_to(&call, |headers| Reading::begin(plan, headers)).await
}

/// One chain of pages; all of it comes from the same moment, or none of it counts.
struct Chain<'a> {
    sender: &'a Arc<Sender>,
    plan: &'a Arc<Plan>,
    namespace: Option<&'a str>,
    keys: &'a BTreeSet<Key>,
    /// Objects in the first page.
    first: usize,
}

impl Chain<'_> {
    async fn read(&self) -> Result<Gathered, Failure> {
        let collection = url::collection(&self.plan.wanted.resource, self.namespace);
        let mut found = BTreeMap::new();
        let (mut token, mut limit) = (String::new(), self.first);
        let (mut items, mut time) = (0, Duration::ZERO);
        let mut may_get = true;
        loop {
            let start = Instant::now();
            let read = one_page(self.sender, self.plan, page(&collection, Some(limit), &token)).await?;
            time += start.elapsed();
            items += read.items;
            found.extend(read.kept);
            match read.token {
                None => return Ok(Gathered { found, ..listed(self.namespace) }),
                Some(next) if next == token => {
                    return Err(Failure::Nonsense("the server repeats a page of the list".to_owned()));
                }
                Some(next) => token = next,
            }
            let missing: BTreeSet<Key> =
                self.keys.iter().filter(|key| !found.contains_key(*key)).cloned().collect();
            let homes = namespaces(&missing);
            let progress = Progress {
                listed: items,
                time,
                left: read.left,
                missing: missing.len(),
                namespaces: homes.len(),
            };
            match self.way(progress) {
                Way::Pages => {}
                Way::Namespaces => return Ok(self.rest(found, homes).await),
                Way::Singly if may_get => match self.singly(missing).await {
                    Some(mut gathered) => {
                        gathered.found.append(&mut found);
                        return Ok(gathered);
                    }
                    None => may_get = false,
                },
                Way::Singly => {}
            }
            limit = strategy::further_page(self.first);
        }
    }

    fn way(&self, progress: Progress) -> Way {
        let throttle = &self.sender.throttle;
        let single =
            Single { time: throttle.quickest().unwrap_or_default(), inflight: throttle.max_inflight() };
        if self.plan.needs_all() { Way::Pages } else { strategy::choose(progress, single) }
    }

    async fn rest(&self, found: BTreeMap<Key, Observed>, homes: BTreeMap<String, BTreeSet<Key>>) -> Gathered {
        let (sender, plan) = (Arc::clone(self.sender), Arc::clone(self.plan));
        let mut gathered = by_namespace(sender, plan, homes).await;
        gathered.found.extend(found);
        gathered
    }

    /// The objects themselves; `None` if the account may list but not get them.
    async fn singly(&self, missing: BTreeSet<Key>) -> Option<Gathered> {
        let gathered = singly(Arc::clone(self.sender), self.plan, missing, None).await;
        let refused =
            |answer: &Result<Absence, FetchError>| matches!(answer, Err(FetchError::Forbidden { .. }));
        (!gathered.single.values().any(refused)).then_some(gathered)
    }
}

fn page(collection: &str, limit: Option<usize>, token: &str) -> String {
    let mut path = collection.to_owned();
    let mut separator = '?';
    if let Some(limit) = limit {
        path.push_str(&format!("{separator}limit={limit}"));
        separator = '&';
    }
    if !token.is_empty() {
        path.push_str(&format!("{separator}continue={}", url::segment(token)));
    }
    path
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
pub(super) mod tests {
    use super::*;
    use crate::object::id::Gvk;

    /// A plan for the ConfigMap `a/x`.
    pub(in crate::cluster) fn plan(keep: Keep) -> Plan {
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
            label: None,
            paged: false,
        }
    }

    #[test]
    fn pages_carry_limit_and_token() {
        assert_eq!(page("/api/v1/pods", None, ""), "/api/v1/pods");
        assert_eq!(page("/api/v1/pods", Some(500), ""), "/api/v1/pods?limit=500");
        assert_eq!(page("/api/v1/pods", Some(500), "a+/="), "/api/v1/pods?limit=500&continue=a%2B%2F%3D");
    }
}
