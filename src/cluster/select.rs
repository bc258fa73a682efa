//! A few objects by a selector, for reasons that are told to people: one page each, and what is behind it does not matter.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::list::{Keep, Plan, one_page, right};
use super::{Server, url};
use crate::live::{FetchError, Observed, Resource, Wanted};

/// Most objects of one answer.
const PAGE: usize = 500;

/// Some objects of one type and namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The type; it has to be one with namespaces.
    pub resource: Resource,
    /// The namespace.
    pub namespace: String,
    /// A label selector as the server reads it in a query, or a field selector.
    pub selector: Selector,
}

/// By what objects are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `labelSelector`.
    Labels(String),
    /// `fieldSelector`.
    Fields(String),
}

impl Server {
    /// The first objects of each selection, in the order of the selections. One request each.
    pub async fn select(&self, selections: Vec<Selection>) -> Vec<Result<Vec<Observed>, FetchError>> {
        let lost = || Err(FetchError::Failed("the list was abandoned".to_owned()));
        let mut all: Vec<_> = selections.iter().map(|_| lost()).collect();
        let mut tasks = JoinSet::new();
        for (index, selection) in selections.into_iter().enumerate() {
            let sender = Arc::clone(&self.sender);
            tasks.spawn(async move {
                let path = path(&selection);
                let right = right("list", &selection.resource, Some(&selection.namespace));
                let wanted = Wanted { resource: selection.resource, objects: BTreeSet::new() };
                let plan = Arc::new(Plan { wanted, keep: Keep::All, label: None, paged: true });
                let page = one_page(&sender, &plan, path).await;
                let observed = page.map(|page| page.kept.into_iter().map(|(_, observed)| observed).collect());
                (index, observed.map_err(|failure| failure.fetch_error(&right)))
            });
        }
        while let Some(done) = tasks.join_next().await {
            if let Ok((index, observed)) = done {
                all[index] = observed;
            }
        }
        all
    }
}

fn path(selection: &Selection) -> String {
    let collection = url::collection(&selection.resource, Some(&selection.namespace));
    let (name, selector) = match &selection.selector {
        Selector::Labels(selector) => ("labelSelector", selector),
        Selector::Fields(selector) => ("fieldSelector", selector),
    };
    format!("{collection}?limit={PAGE}&{name}={}", url::segment(selector))
}
