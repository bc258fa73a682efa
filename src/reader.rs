//! The live side of a run: a server, or a snapshot of one. Both are asked the same questions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::cluster::admission::AdmissionConfigs;
use crate::cluster::error::ClusterError;
use crate::cluster::gathered::Gathered;
use crate::cluster::kubeconfig::Identity;
use crate::cluster::{Counts, Search, Selection, Server};
use crate::live::{Catalog, DryRun, FetchError, LiveSet, Observed, Prediction, Presence, Resource, Wanted};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::record::SetIdentity;
use crate::record::opened::{Answers, Part};
use crate::schema::Schemas;
use crate::schema::openapi::Document;
use crate::snapshot::Recorded;

/// Where live objects come from.
#[derive(Debug)]
pub enum Live {
    /// An API server.
    Server(Box<Server>),
    /// A snapshot.
    Recorded(Box<Recorded>),
}

impl Live {
    /// URL, context and namespace.
    pub fn identity(&self) -> &Identity {
        match self {
            Self::Server(server) => server.identity(),
            Self::Recorded(recorded) => recorded.identity(),
        }
    }

    /// Which types are served.
    ///
    /// # Errors
    /// See [`Server::catalog`].
    pub async fn catalog(&self) -> Result<Catalog, ClusterError> {
        match self {
            Self::Server(server) => server.catalog().await,
            Self::Recorded(recorded) => Ok(recorded.catalog().clone()),
        }
    }

    /// The schemas of some kinds; one for which none is published is left out.
    ///
    /// # Errors
    /// See [`Server::schemas`].
    pub async fn schemas(&self, wanted: &BTreeSet<Gvk>) -> Result<Schemas, ClusterError> {
        match self {
            Self::Server(server) => server.schemas(wanted).await,
            Self::Recorded(recorded) => Ok(compile(recorded, wanted)),
        }
    }

    /// Reads objects; every wanted one has an entry in the answer.
    pub async fn read(&self, wanted: &[Wanted]) -> LiveSet {
        match self {
            Self::Server(server) => server.read(wanted).await,
            Self::Recorded(recorded) => recorded.read(wanted),
        }
    }

    /// Reads all objects of some types, in their order; an object with an empty name stands for a namespace.
    pub async fn read_all(&self, wanted: &[Wanted]) -> Vec<Gathered> {
        match self {
            Self::Server(server) => server.read_all(wanted).await,
            Self::Recorded(recorded) => wanted.iter().map(|wanted| recorded.gathered(wanted)).collect(),
        }
    }

    /// As [`Self::read`], with what else carries the id of a set among the objects of these types.
    pub async fn read_set(
        &self,
        wanted: &[Wanted],
        label: Option<&str>,
    ) -> (LiveSet, Vec<(Resource, Gathered)>) {
        match self {
            Self::Server(server) => server.read_set(wanted, label).await,
            Self::Recorded(recorded) => recorded.read_set(wanted),
        }
    }

    /// Members of a set among the objects of other types, or in other namespaces.
    pub async fn members(&self, id: &str, wanted: &[(Resource, BTreeSet<String>)]) -> Vec<Search> {
        match self {
            Self::Server(server) => server.members(id, wanted).await,
            Self::Recorded(recorded) => recorded.members(wanted),
        }
    }

    /// The first objects of some selections, for reasons that are told to people; a snapshot has none.
    pub async fn select(&self, selections: Vec<Selection>) -> Vec<Result<Vec<Observed>, FetchError>> {
        match self {
            Self::Server(server) => server.select(selections).await,
            Self::Recorded(_) => {
                let unrecorded = || Err(FetchError::NotRecorded("a snapshot tells no reasons".to_owned()));
                selections.iter().map(|_| unrecorded()).collect()
            }
        }
    }

    /// Reads one object again, after a conflict.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn reread(&self, id: &ObjectId, resource: &Resource) -> Result<Presence, FetchError> {
        match self {
            Self::Server(server) => server.reread(id, resource).await,
            Self::Recorded(recorded) => recorded.reread(id, resource),
        }
    }

    /// What applying these bodies would store, in the order of the questions.
    pub async fn predict(&self, dry_runs: Vec<DryRun>) -> Vec<Prediction> {
        match self {
            Self::Server(server) => server.predict(dry_runs).await,
            Self::Recorded(recorded) => recorded.predict(&dry_runs),
        }
    }

    /// Whether a namespace exists.
    ///
    /// # Errors
    /// Why that is unknown.
    pub async fn namespace_exists(&self, name: &str) -> Result<bool, FetchError> {
        match self {
            Self::Server(server) => server.namespace_exists(name).await,
            Self::Recorded(recorded) => recorded.namespace_exists(name),
        }
    }

    /// The parent and the index of a set's record. A snapshot knows its own set, and needs no name for it; without a name a
    /// server is not asked.
    pub async fn record(&self, set: Option<&SetIdentity>) -> Option<Answers> {
        match (self, set) {
            (Self::Server(server), Some(set)) => Some(server.record(set).await),
            (Self::Server(_), None) => None,
            (Self::Recorded(recorded), set) => recorded.record(set),
        }
    }

    /// Some shards of a set's bases.
    pub async fn record_shards(&self, set: &SetIdentity, shards: &BTreeSet<u16>) -> BTreeMap<u16, Part> {
        match self {
            Self::Server(server) => server.record_shards(set, shards).await,
            Self::Recorded(recorded) => recorded.record_shards(shards),
        }
    }

    /// `metadata.uid` of the namespace kube-system, which tells clusters apart; `None` for a snapshot, which does not record
    /// it.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn cluster_uid(&self) -> Result<Option<String>, FetchError> {
        match self {
            Self::Server(server) => server.uid().await.map(Some),
            Self::Recorded(_) => Ok(None),
        }
    }

    /// The webhooks and admission policies.
    pub async fn admission(&self, catalog: &Catalog) -> AdmissionConfigs {
        match self {
            Self::Server(server) => server.admission(catalog).await,
            Self::Recorded(recorded) => recorded.admission().clone(),
        }
    }

    /// The directory of caches; none for a snapshot.
    pub fn cache(&self) -> Option<&Path> {
        match self {
            Self::Server(server) => server.cache(),
            Self::Recorded(_) => None,
        }
    }

    /// What the answer to a dry run depends on beside the object and its manifest.
    pub async fn situation(&self, catalog: &Catalog) -> Option<Vec<String>> {
        match self {
            Self::Server(server) => server.situation(catalog).await,
            Self::Recorded(_) => None,
        }
    }

    /// False if live objects were printed without `managedFields`.
    pub fn owners_recorded(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Recorded(recorded) => recorded.owners_recorded(),
        }
    }

    /// Requests so far; none for a snapshot.
    pub fn counts(&self) -> Counts {
        match self {
            Self::Server(server) => server.counts(),
            Self::Recorded(_) => Counts::default(),
        }
    }

    /// What the server said in `Warning` headers so far.
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::Server(server) => server.warnings(),
            Self::Recorded(_) => Vec::new(),
        }
    }
}

/// The schemas of the documents that a snapshot holds.
fn compile(recorded: &Recorded, wanted: &BTreeSet<Gvk>) -> Schemas {
    let versions: BTreeSet<GroupVersion> = wanted.iter().map(Gvk::group_version).collect();
    let documents = recorded.openapi(&versions);
    let parsed = documents.iter().filter_map(|(version, text)| Some((version, Document::parse(text).ok()?)));
    let parsed: BTreeMap<&GroupVersion, Document> = parsed.collect();
    let schema = |gvk: &Gvk| Some((gvk.clone(), parsed.get(&gvk.group_version())?.schema(gvk)?));
    wanted.iter().filter_map(schema).collect()
}
