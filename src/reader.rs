//! Where live state is read from: a server or a snapshot, behind the same questions.

use std::collections::BTreeSet;

use crate::cluster::Server;
use crate::cluster::admission::AdmissionConfigs;
use crate::cluster::error::ClusterError;
use crate::live::{Catalog, DryRun, FetchError, LiveSet, OpenApiDocuments, Prediction, Presence, Resource, Wanted};
use crate::object::id::{GroupVersion, ObjectId};

/// A source of live state.
#[derive(Debug)]
pub enum Reader {
    /// An API server.
    Server(Box<Server>),
}

impl Reader {
    /// What is served.
    ///
    /// # Errors
    /// The server cannot be used at all.
    pub async fn catalog(&self) -> Result<Catalog, ClusterError> {
        match self {
            Self::Server(server) => server.catalog().await,
        }
    }

    /// Published schemas.
    ///
    /// # Errors
    /// The server cannot be used at all.
    pub async fn openapi(&self, versions: &BTreeSet<GroupVersion>) -> Result<OpenApiDocuments, ClusterError> {
        match self {
            Self::Server(server) => server.openapi(versions).await,
        }
    }

    /// Live objects.
    pub async fn read(&self, wanted: &[Wanted]) -> LiveSet {
        match self {
            Self::Server(server) => server.read(wanted).await,
        }
    }

    /// What applies would store, in the order of the questions.
    pub async fn predict(&self, questions: Vec<DryRun>) -> Vec<Prediction> {
        match self {
            Self::Server(server) => server.predict(questions).await,
        }
    }

    /// One object again.
    ///
    /// # Errors
    /// Why it is unknown.
    pub async fn reread(&self, id: &ObjectId, resource: &Resource) -> Result<Presence, FetchError> {
        match self {
            Self::Server(server) => server.reread(id, resource).await,
        }
    }

    /// Webhooks and policies.
    pub async fn admission(&self, catalog: &Catalog) -> AdmissionConfigs {
        match self {
            Self::Server(server) => server.admission(catalog).await,
        }
    }

    /// Whether a namespace exists.
    ///
    /// # Errors
    /// Why that is unknown.
    pub async fn namespace_exists(&self, name: &str) -> Result<bool, FetchError> {
        match self {
            Self::Server(server) => server.namespace_exists(name).await,
        }
    }

    /// The namespace that the context names.
    pub fn namespace(&self) -> Option<String> {
        match self {
            Self::Server(server) => server.identity().namespace.clone(),
        }
    }

    /// URL of the server, or name of the file.
    pub fn server(&self) -> String {
        match self {
            Self::Server(server) => server.identity().server.clone(),
        }
    }

    /// True unless the live objects were printed without `managedFields`.
    pub fn owners_recorded(&self) -> bool {
        match self {
            Self::Server(_) => true,
        }
    }

    /// Whether dry runs may be sent; else the reason for the report.
    ///
    /// # Errors
    /// The reason.
    pub fn dry_runs(&self, read_only: bool) -> Result<(), String> {
        match self {
            Self::Server(_) if read_only => Err("--read-only sends none".to_owned()),
            Self::Server(_) => Ok(()),
        }
    }
}
