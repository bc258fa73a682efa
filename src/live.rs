//! What was read from a cluster: served types, live objects, and why something could not be read.
//!
//! The same values come from a real server and from a snapshot. Unknown is a value here and never the same as absent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::object::value::text_at;

/// One served resource type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Name in URLs, for example `deployments`.
    pub plural: String,
    /// True if objects live in namespaces.
    pub namespaced: bool,
    /// True if the type has a `status` subresource, so that `status` in a manifest is ignored by the server.
    pub has_status: bool,
    /// True if the type can be listed.
    pub listable: bool,
}

/// What the server serves.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Served types.
    pub resources: BTreeMap<Gvk, Resource>,
    /// Groups (or `group/version`, or `*` for all that is not among the resources) whose discovery failed, with the
    /// reason.
    pub incomplete: BTreeMap<String, String>,
    /// Version of the server, for example `v1.36.3`.
    pub server_version: String,
}

/// The answer to "is this kind served?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served<'a> {
    /// Yes.
    Yes(&'a Resource),
    /// Positively not; the versions of the same group and kind that are served instead.
    No(Vec<String>),
    /// Discovery of the group failed, for this reason.
    Unknown(&'a str),
}

impl Catalog {
    /// Tells whether a kind is served.
    pub fn served(&self, gvk: &Gvk) -> Served<'_> {
        if let Some(resource) = self.resources.get(gvk) {
            return Served::Yes(resource);
        }
        let group_version = gvk.group_version().to_string();
        if let Some(reason) = self
            .incomplete
            .get(&group_version)
            .or_else(|| self.incomplete.get(&gvk.group))
            .or_else(|| self.incomplete.get("*"))
        {
            return Served::Unknown(reason);
        }
        let others = self.resources.keys().filter(|other| other.group == gvk.group && other.kind == gvk.kind);
        Served::No(others.map(|other| other.version.clone()).collect())
    }
}

impl Catalog {
    /// The versions at which a group and kind are served; none if discovery of the group failed.
    pub fn versions(&self, gvk: &Gvk) -> BTreeSet<String> {
        let complete = !matches!(self.served(&Gvk::new(&gvk.group, "", &gvk.kind)), Served::Unknown(_));
        let same = |other: &&Gvk| complete && other.group == gvk.group && other.kind == gvk.kind;
        self.resources.keys().filter(same).map(|other| other.version.clone()).collect()
    }

    /// The served kind that was probably meant by one that is not: the same kind in another group, or a near name.
    pub fn near(&self, gvk: &Gvk) -> Option<&Gvk> {
        let likeness = |other: &Gvk| {
            let group = strsim::normalized_levenshtein(&gvk.group, &other.group);
            strsim::normalized_levenshtein(&gvk.kind, &other.kind) + group / 10.0
        };
        let best =
            self.resources.keys().map(|other| (likeness(other), other)).max_by(|a, b| a.0.total_cmp(&b.0))?;
        (strsim::normalized_levenshtein(&gvk.kind, &best.1.kind) > 0.7).then_some(best.1)
    }
}

/// The objects of one type that a run wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The type, at the version of the manifests.
    pub resource: Resource,
    /// Namespace (empty at cluster scope) and name of each object.
    pub objects: BTreeSet<(String, String)>,
}

/// One live object as the server answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The object as JSON text. List items of built-in kinds lack `apiVersion` and `kind`.
    pub json: Box<[u8]>,
}

/// What is known of one wanted object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It exists.
    Found(Observed),
    /// The server answered positively that it does not exist.
    Absent,
}

/// Live objects by identity; every wanted object has an entry.
pub type LiveSet = BTreeMap<ObjectId, Result<Presence, FetchError>>;

/// Why something could not be read. An object with this is `unknown`, never `missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// 403: the right that is missing, and the server's text.
    Forbidden {
        /// The right to grant.
        right: Right,
        /// The server's message.
        message: String,
    },
    /// 401: the server's text. Ends the run, unlike the others: nothing else can be read either.
    Unauthorized(String),
    /// The snapshot does not hold this: what is lacking.
    NotRecorded(String),
    /// Any other failure after all retries: what the server or the network said.
    Failed(String),
    /// The run's deadline passed first.
    Deadline,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden { right, .. } => write!(f, "forbidden: cannot {right}"),
            Self::Unauthorized(text) => write!(f, "the server does not accept the credentials (401): {text}"),
            Self::NotRecorded(text) | Self::Failed(text) => f.write_str(text),
            Self::Deadline => f.write_str("the deadline of the run passed before it was read"),
        }
    }
}

/// An RBAC right, printed as in the server's own messages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Verb: `get`, `list`, `patch`, `create`.
    pub verb: String,
    /// Resource name in the plural.
    pub resource: String,
    /// API group, empty for the core group.
    pub group: String,
    /// Namespace, or `None` for cluster scope.
    pub namespace: Option<String>,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => f.write_str(" at cluster scope"),
        }
    }
}

/// A server-side dry run of an apply, pinned to the object that was listed.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// Identity of the object.
    pub id: ObjectId,
    /// Its type.
    pub resource: Resource,
    /// The body without `uid` and `resourceVersion`; `apiVersion`, `kind`, name and namespace included.
    pub body: serde_json::Value,
    /// The listed object that the answer has to be about; `None` tries the body as a new object.
    pub pin: Option<Pin>,
}

/// What ties a dry run to the object that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
}

impl Pin {
    /// The pin of an object as it was read; what the object lacks is empty.
    pub fn of(object: &serde_json::Value) -> Self {
        let text = |key| text_at(object, &["metadata", key]).unwrap_or_default().to_owned();
        Self { uid: text("uid"), resource_version: text("resourceVersion") }
    }

    /// True if it ties a request to one state of one object: the server takes `0` for any.
    pub fn is_complete(&self) -> bool {
        !self.uid.is_empty() && !matches!(self.resource_version.as_str(), "" | "0")
    }
}

/// The server's answer to a dry run.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// 200: the object as it would be stored.
    Stored(serde_json::Value),
    /// 409 without causes: the object changed since it was read.
    Conflict,
    /// The server refused: status code, `reason` and `message` of the Status, and the fields of its causes.
    Refused(Refusal),
    /// No answer that says anything about the object: 403 of RBAC, network, 5xx, deadline.
    Unavailable(FetchError),
}

/// A Status with which the server refused a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// `reason`, empty if there is none.
    pub reason: String,
    /// `message`; may quote whole objects, so it is masked before it is shown.
    pub message: String,
    /// `details.causes`: reason, field, message.
    pub causes: Vec<(String, String, String)>,
}

/// What is written to one member of a set.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// A server-side apply. Without a pin it is for an object that does not exist: it takes no field away from anybody.
    Apply(DryRun),
    /// A JSON patch of an object that is guarded by the `resourceVersion` in it.
    Patch {
        /// Identity of the object.
        id: ObjectId,
        /// Its type.
        resource: Resource,
        /// The operations, RFC 6902.
        operations: serde_json::Value,
    },
    /// A creation of a whole object, which fails where there is one.
    Create {
        /// Identity of the object.
        id: ObjectId,
        /// Its type.
        resource: Resource,
        /// The object.
        object: serde_json::Value,
    },
    /// A deletion of exactly the object that was read.
    Delete {
        /// Identity of the object.
        id: ObjectId,
        /// Its type.
        resource: Resource,
        /// The object that was read.
        pin: Pin,
    },
}

/// How a write ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The object as it is stored now.
    Stored(serde_json::Value),
    /// A deletion was taken: the object is gone, or will be when its finalizers let go.
    Deleting,
    /// The object is gone.
    Gone,
    /// Somebody else wrote, made or deleted the object since it was read.
    Conflict,
    /// The server refused.
    Refused(Refusal),
    /// No answer that says anything about the object.
    Unavailable(FetchError),
}

/// The published OpenAPI documents of the group-versions in use, as JSON text; absent where none is published.
pub type OpenApiDocuments = BTreeMap<GroupVersion, Box<[u8]>>;
