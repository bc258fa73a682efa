//! The cluster: everything that is read from an API server. Decides nothing about drift.
//!
//! [`Server`] answers four questions: what is served ([`Server::catalog`]), which schemas ([`Server::openapi`]), which
//! objects ([`Server::read`]), and what an apply would store ([`Server::predict`]). What concerns one object is a value
//! (`FetchError`, `Prediction`); what ends the run is a [`ClusterError`].

mod access;
pub mod admission;
mod answer;
pub mod connect;
mod contents;
mod discover;
mod dryrun;
pub mod error;
pub mod gathered;
pub mod kubeconfig;
mod list;
mod members;
mod openapi;
pub mod owned;
mod page;
mod proxy;
mod record;
mod request;
pub mod retry;
mod select;
mod split;
mod strategy;
mod throttle;
mod url;
mod write;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::cluster::admission::AdmissionConfigs;
use crate::cluster::answer::Failure;
use crate::cluster::connect::Transport;
use crate::cluster::error::ClusterError;
use crate::cluster::gathered::Gathered;
use crate::cluster::kubeconfig::{Choice, Environment, Identity};
use crate::cluster::list::{Keep, Plan};
use crate::cluster::openapi::Cache;
use crate::cluster::request::Sender;
use crate::cluster::throttle::Throttle;
use crate::live::{
    Catalog, DryRun, FetchError, LiveSet, OpenApiDocuments, Prediction, Presence, Resource, Wanted,
};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::object::value::text_at;
use crate::schema::Schemas;

pub use members::Search;
pub use proxy::ProxyVariables;
pub use select::{Selection, Selector};
pub use throttle::{Counts, Purpose};

/// Time for a credential plugin; long enough to log in with a browser.
const CREDENTIALS_TIME: Duration = Duration::from_secs(120);

/// How to talk to a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most requests in flight; 16 unless a user says otherwise.
    pub max_inflight: usize,
    /// Time for the whole run.
    pub timeout: Duration,
    /// True if nothing but get and list may be sent.
    pub read_only: bool,
    /// Where schemas are kept; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// Seed of the jitter in waits.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_inflight: 16, timeout: Duration::from_secs(600), read_only: false, cache: None, seed: 0 }
    }
}

/// A Kubernetes API server. All methods may be called at the same time.
#[derive(Debug)]
pub struct Server {
    sender: Arc<Sender>,
    identity: Identity,
    cache: Cache,
    root: Option<PathBuf>,
    /// True once the server is known to be older than 1.31, or to hide its version.
    version: OnceLock<String>,
    /// The uid of the namespace kube-system, once it was asked for.
    uid: OnceCell<Result<String, FetchError>>,
}

impl Server {
    /// Prepares the connection that flags and environment choose. The first request is sent by [`Self::catalog`].
    ///
    /// # Errors
    /// A kubeconfig that cannot be used, or credentials that cannot be obtained.
    pub async fn connect(
        choice: &Choice,
        environment: &Environment,
        options: Options,
    ) -> Result<Self, ClusterError> {
        let loaded = kubeconfig::load(choice, environment)?;
        let server = loaded.identity.server.clone();
        let config = loaded.config;
        // Credential plugins block, and the client wants to be made inside the runtime.
        let prepared = tokio::task::spawn_blocking(move || Transport::to(config));
        let transport = match tokio::time::timeout(options.timeout.min(CREDENTIALS_TIME), prepared).await {
            Ok(prepared) => prepared.unwrap_or_else(|_| Err("the credential plugin failed".to_owned())),
            Err(_) => Err("the credential plugin does not come to an end".to_owned()),
        };
        let transport = transport.map_err(|reason| ClusterError::Credentials { server, reason })?;
        Ok(Self::over(transport, loaded.identity, options))
    }

    /// A server behind any transport.
    pub fn over(transport: Transport, identity: Identity, options: Options) -> Self {
        let throttle = Throttle::new(options.max_inflight, options.seed);
        Self {
            cache: Cache::new(options.cache.as_deref(), &identity.server),
            sender: Arc::new(Sender::new(transport, throttle, options.timeout, options.read_only)),
            identity,
            root: options.cache,
            version: OnceLock::new(),
            uid: OnceCell::new(),
        }
    }

    /// URL, context and namespace, as the kubeconfig names them.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The directory of caches.
    pub fn cache(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// What the answer to a dry run depends on beside the object and its manifest: cluster, account, release of the server,
    /// webhooks and policies. `None` if some of it cannot be told.
    pub async fn situation(&self, catalog: &Catalog) -> Option<Vec<String>> {
        let account = self.identity.account.clone()?;
        let namespaces = namespaces();
        let system = list::get(&self.sender, &namespaces, "", "kube-system");
        let (revisions, system) = tokio::join!(admission::revisions(&self.sender, catalog), system);
        let uid = match system {
            Ok(Presence::Found(observed)) => uid(&observed.json).unwrap_or_default(),
            // Its address is all that tells the cluster then.
            _ => String::new(),
        };
        let mut parts = vec![self.identity.server.clone(), account, uid, catalog.server_version.clone()];
        parts.extend(revisions?);
        Some(parts)
    }

    /// Requests so far.
    pub fn counts(&self) -> Counts {
        self.sender.throttle.counts()
    }

    /// What the server said in `Warning` headers so far.
    pub fn warnings(&self) -> Vec<String> {
        self.sender.warnings()
    }

    /// Asks which types are served, in three requests at once (version and aggregated discovery).
    ///
    /// # Errors
    /// The server cannot be reached, refuses the credentials, or does not answer like a Kubernetes API server.
    pub async fn catalog(&self) -> Result<Catalog, ClusterError> {
        let catalog = discover::catalog(&self.sender).await.map_err(|failure| self.run_error(failure))?;
        let _ = self.version.set(catalog.server_version.clone());
        Ok(catalog)
    }

    /// Fetches the published schemas of some group-versions; one that is not published is left out.
    ///
    /// # Errors
    /// As [`Self::catalog`].
    pub async fn openapi(&self, wanted: &BTreeSet<GroupVersion>) -> Result<OpenApiDocuments, ClusterError> {
        let documents = openapi::documents(&self.sender, &self.cache, wanted).await;
        documents.map_err(|failure| self.run_error(failure))
    }

    /// The schemas of some kinds; one that is not published is left out.
    ///
    /// # Errors
    /// As [`Self::catalog`].
    pub async fn schemas(&self, wanted: &BTreeSet<Gvk>) -> Result<Schemas, ClusterError> {
        let schemas = openapi::schemas(&self.sender, &self.cache, wanted).await;
        schemas.map_err(|failure| self.run_error(failure))
    }

    /// Reads objects: one LIST a type where that is allowed. Every wanted object has an entry in the answer.
    pub async fn read(&self, wanted: &[Wanted]) -> LiveSet {
        self.read_set(wanted, None).await.0
    }

    /// As [`Self::read`], with what else carries the id of a set: for each type what was found beside the wanted objects, and
    /// where it was looked for.
    pub async fn read_set(
        &self,
        wanted: &[Wanted],
        label: Option<&str>,
    ) -> (LiveSet, Vec<(Resource, Gathered)>) {
        let (mut live, mut others) = (LiveSet::new(), Vec::new());
        for (wanted, mut gathered) in wanted.iter().zip(self.gather(wanted, Keep::Wanted, label).await) {
            gathered.answer(wanted, &mut live);
            others.push((wanted.resource.clone(), gathered));
        }
        (live, others)
    }

    /// Reads objects and everything else that their lists hold, for a snapshot; in the order of `wanted`.
    pub async fn read_all(&self, wanted: &[Wanted]) -> Vec<Gathered> {
        self.gather(wanted, Keep::All, None).await
    }

    async fn gather(&self, wanted: &[Wanted], keep: Keep, label: Option<&str>) -> Vec<Gathered> {
        let label: Option<Arc<str>> = label.map(Arc::from);
        let paged = self.wants_pages();
        let lost = FetchError::Failed("the list was abandoned".to_owned());
        let mut all: Vec<Gathered> =
            wanted.iter().map(|wanted| Gathered::failed(wanted.objects.clone(), &lost)).collect();
        let mut tasks = JoinSet::new();
        for (index, wanted) in wanted.iter().enumerate() {
            let sender = Arc::clone(&self.sender);
            let plan = Plan { wanted: wanted.clone(), keep, label: label.clone(), paged };
            tasks.spawn(async move { (index, list::gather(sender, plan).await) });
        }
        while let Some(done) = tasks.join_next().await {
            if let Ok((index, gathered)) = done {
                all[index] = gathered;
            }
        }
        all
    }

    /// Servers answer unpaged consistent lists from memory from 1.31 on; older ones read all of it from etcd at once.
    fn wants_pages(&self) -> bool {
        let version = self.version.get().and_then(|version| discover::minor_version(version));
        version.is_none_or(|version| version < (1, 31))
    }

    /// Reads one object again, after a conflict.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn reread(&self, id: &ObjectId, resource: &Resource) -> Result<Presence, FetchError> {
        list::get(&self.sender, resource, &id.namespace, &id.name).await
    }

    /// Asks what applying these bodies would store, without storing it. Answers are in the order of the questions.
    pub async fn predict(&self, dry_runs: Vec<DryRun>) -> Vec<Prediction> {
        dryrun::predict(&self.sender, dry_runs).await
    }

    /// Tells whether a namespace exists.
    ///
    /// # Errors
    /// Why that is unknown.
    pub async fn namespace_exists(&self, name: &str) -> Result<bool, FetchError> {
        Ok(matches!(self.namespace(name).await?, Presence::Found(_)))
    }

    /// Reads a namespace.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn namespace(&self, name: &str) -> Result<Presence, FetchError> {
        list::get(&self.sender, &namespaces(), "", name).await
    }

    /// `metadata.uid` of the namespace kube-system, which tells clusters apart. It is asked for once.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn uid(&self) -> Result<String, FetchError> {
        let ask = async || match self.namespace("kube-system").await? {
            Presence::Found(observed) => {
                let object: Value = serde_json::from_slice(&observed.json)
                    .map_err(|error| FetchError::Failed(format!("kube-system cannot be decoded: {error}")))?;
                let uid = text_at(&object, &["metadata", "uid"]).map(str::to_owned);
                uid.ok_or_else(|| FetchError::Failed("kube-system has no uid".to_owned()))
            }
            Presence::Absent => Err(FetchError::Failed("there is no namespace kube-system".to_owned())),
        };
        self.uid.get_or_init(ask).await.clone()
    }

    /// Lists the webhooks and admission policies of the server.
    pub async fn admission(&self, catalog: &Catalog) -> AdmissionConfigs {
        admission::configs(&self.sender, catalog).await
    }

    fn run_error(&self, failure: Failure) -> ClusterError {
        let server = self.identity.server.clone();
        match failure {
            Failure::Deadline => ClusterError::Deadline { server },
            Failure::NotConnected(reason, _) => ClusterError::Unreachable { server, reason },
            Failure::Broken(_) | Failure::TimedOut(_) => {
                ClusterError::Unreachable { server, reason: failure.text() }
            }
            failure => match failure.unauthorized() {
                Some(message) => {
                    ClusterError::Unauthorized { server, message: answer::without_controls(message, 500) }
                }
                None => ClusterError::Discovery { server, reason: failure.text() },
            },
        }
    }
}

fn namespaces() -> Resource {
    Resource {
        gvk: Gvk::new("", "v1", "Namespace"),
        plural: "namespaces".to_owned(),
        namespaced: false,
        has_status: true,
        listable: true,
    }
}

fn uid(object: &[u8]) -> Option<String> {
    let object: serde_json::Value = serde_json::from_slice(object).ok()?;
    crate::object::value::text_at(&object, &["metadata", "uid"]).map(str::to_owned)
}
