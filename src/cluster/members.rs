//! Looking for the members of a set by its label, in types and namespaces of which nothing was listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::answer::Failure;
use super::gathered::{Gathered, Key, Listed};
use super::list::{Keep, Plan, one_page, right};
use super::request::Sender;
use super::{Server, url};
use crate::live::{FetchError, Observed, Resource, Wanted};
use crate::record::applyset::PART_OF_LABEL;

/// Most pages of one list: a server that repeats itself does not keep a run for ever.
const MAX_PAGES: usize = 10_000;

/// What was found of one type, and why it may not be all: a reason for each place that could not be listed.
pub type Search = (Resource, Gathered, Vec<FetchError>);

impl Server {
    /// Looks for members of a set: of each type in these namespaces (none at cluster scope). Several are listed at once
    /// where that is allowed.
    pub async fn members(&self, id: &str, wanted: &[(Resource, BTreeSet<String>)]) -> Vec<Search> {
        let mut tasks = JoinSet::new();
        for (index, (resource, namespaces)) in wanted.iter().cloned().enumerate() {
            let (sender, id) = (Arc::clone(&self.sender), id.to_owned());
            tasks.spawn(async move { (index, search(&sender, resource, namespaces, &id).await) });
        }
        let mut found = BTreeMap::new();
        while let Some(done) = tasks.join_next().await {
            found.extend(done.ok());
        }
        found.into_values().collect()
    }
}

async fn search(sender: &Sender, resource: Resource, namespaces: BTreeSet<String>, id: &str) -> Search {
    let mut gathered = Gathered::nothing();
    let mut errors = Vec::new();
    if !resource.namespaced || namespaces.len() > 1 {
        match list(sender, &resource, None, id).await {
            Ok(found) => {
                return (resource, Gathered { found, listed: Listed::Everywhere, ..gathered }, errors);
            }
            Err(failure) if failure.code() == Some(403) && resource.namespaced => {}
            Err(failure) => {
                let error = failure.fetch_error(&right("list", &resource, None));
                return (resource, gathered, vec![error]);
            }
        }
    }
    for namespace in namespaces {
        match list(sender, &resource, Some(&namespace), id).await {
            Ok(found) => gathered.extend(Gathered {
                found,
                listed: Listed::Namespaces(BTreeSet::from([namespace])),
                single: BTreeMap::new(),
            }),
            Err(failure) => errors.push(failure.fetch_error(&right("list", &resource, Some(&namespace)))),
        }
    }
    (resource, gathered, errors)
}

async fn list(
    sender: &Sender,
    resource: &Resource,
    namespace: Option<&str>,
    id: &str,
) -> Result<BTreeMap<Key, Observed>, Failure> {
    let wanted = Wanted { resource: resource.clone(), objects: BTreeSet::new() };
    let plan = Arc::new(Plan { wanted, keep: Keep::All, label: None, paged: true });
    let first = format!(
        "{}?limit=500&labelSelector={}",
        url::collection(resource, namespace),
        url::segment(&format!("{PART_OF_LABEL}={id}"))
    );
    let (mut found, mut path) = (BTreeMap::new(), first.clone());
    for _ in 0..MAX_PAGES {
        let page = one_page(sender, &plan, path).await?;
        found.extend(page.kept);
        match page.token {
            None => return Ok(found),
            Some(token) => path = format!("{first}&continue={}", url::segment(&token)),
        }
    }
    Err(Failure::Nonsense("the server repeats a page of the list".to_owned()))
}
