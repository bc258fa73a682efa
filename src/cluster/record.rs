//! Reading the record of a set: the parent and the index in one go, shards when they are wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Server, list};
use crate::live::{FetchError, Presence, Resource};
use crate::object::id::Gvk;
use crate::record::SetIdentity;
use crate::record::opened::{Answers, Part};

impl Server {
    /// Reads the parent and the index of a set, two requests at the same time.
    pub async fn record(&self, set: &SetIdentity) -> Answers {
        let (parent, index) = tokio::join!(
            part(self, resource("ConfigMap", "configmaps"), set, set.parent_name()),
            part(self, resource("Secret", "secrets"), set, set.base_name(0)),
        );
        Answers { set: set.clone(), parent, index }
    }

    /// Reads some shards of the bases of a set.
    pub async fn record_shards(&self, set: &SetIdentity, shards: &BTreeSet<u16>) -> BTreeMap<u16, Part> {
        let mut tasks = JoinSet::new();
        for number in shards.iter().copied() {
            let (sender, set) = (Arc::clone(&self.sender), set.clone());
            tasks.spawn(async move {
                let (resource, name) = (resource("Secret", "secrets"), set.base_name(number));
                (number, value(list::get(&sender, &resource, &set.record_namespace, &name).await))
            });
        }
        let lost = || Err(FetchError::Failed("the request was abandoned".to_owned()));
        let mut read: BTreeMap<u16, Part> = shards.iter().map(|number| (*number, lost())).collect();
        while let Some(done) = tasks.join_next().await {
            read.extend(done.ok());
        }
        read
    }
}

async fn part(server: &Server, resource: Resource, set: &SetIdentity, name: String) -> Part {
    value(list::get(&server.sender, &resource, &set.record_namespace, &name).await)
}

fn value(read: Result<Presence, FetchError>) -> Part {
    match read? {
        Presence::Absent => Ok(None),
        Presence::Found(observed) => serde_json::from_slice(&observed.json)
            .map(Some)
            .map_err(|error| FetchError::Failed(format!("the server answered with no JSON: {error}"))),
    }
}

fn resource(kind: &str, plural: &str) -> Resource {
    Resource {
        gvk: Gvk::new("", "v1", kind),
        plural: plural.to_owned(),
        namespaced: true,
        has_status: false,
        listable: true,
    }
}
