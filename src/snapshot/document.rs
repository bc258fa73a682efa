//! The format of snapshot files, version 1: one JSON document with its own structs, apart from those of the program.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cluster::admission::AdmissionConfigs;
use crate::cluster::gathered::{Absence, Gathered, Key, Listed};
use crate::live::{Catalog, FetchError, Observed, Resource, Right};
use crate::object::id::Gvk;

/// What `format` says.
pub const FORMAT: &str = "gitops-snapshot";
/// The version of the format that is written, and the newest that is read.
pub const VERSION: u32 = 1;

/// A snapshot.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// Always [`FORMAT`].
    pub format: String,
    /// Version of the format.
    pub schema_version: u32,
    /// Name and version of the program that wrote it.
    pub tool: String,
    /// The server.
    pub server: ServerPart,
    /// True if Secrets carry their values.
    pub secret_values: bool,
    /// Served types.
    pub resources: Vec<ResourcePart>,
    /// Groups whose discovery failed, with the reason.
    pub incomplete: BTreeMap<String, String>,
    /// OpenAPI documents by group-version, without descriptions and paths.
    pub openapi: BTreeMap<String, Box<RawValue>>,
    /// Objects by type.
    pub types: Vec<TypePart>,
    /// Whether namespaces exist.
    pub namespaces: BTreeMap<String, NamespacePart>,
    /// Webhooks and policies.
    pub admission: AdmissionConfigs,
    /// The record of the set that was recorded, if the set has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RecordPart>,
    /// Members of that set of types that Git does not have any more, and nothing else of these types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<TypePart>,
}

/// The record of a set as the server had it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordPart {
    /// Name of the set.
    pub set: String,
    /// The namespace of its record.
    pub namespace: String,
    /// The parent ConfigMap.
    pub parent: RecordedPart,
    /// The Secrets with the stored bases: the index first, then the shards. The key is left out unless the snapshot holds
    /// the values of Secrets: with it, short values could be guessed from their digests.
    pub bases: Vec<RecordedPart>,
}

/// One object of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RecordedPart {
    /// The object.
    Object(Value),
    /// It does not exist.
    Absent,
    /// Why that is unknown.
    Unknown(ErrorPart),
}

/// The server that was asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServerPart {
    /// Its URL.
    pub url: String,
    /// Its version.
    pub version: String,
    /// The context that named it.
    pub context: Option<String>,
    /// The namespace of that context.
    pub namespace: Option<String>,
}

/// One served type.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourcePart {
    group: String,
    version: String,
    kind: String,
    plural: String,
    namespaced: bool,
    status: bool,
    listable: bool,
}

impl From<&Resource> for ResourcePart {
    fn from(resource: &Resource) -> Self {
        Self {
            group: resource.gvk.group.clone(),
            version: resource.gvk.version.clone(),
            kind: resource.gvk.kind.clone(),
            plural: resource.plural.clone(),
            namespaced: resource.namespaced,
            status: resource.has_status,
            listable: resource.listable,
        }
    }
}

impl From<&ResourcePart> for Resource {
    fn from(part: &ResourcePart) -> Self {
        Self {
            gvk: Gvk::new(&part.group, &part.version, &part.kind),
            plural: part.plural.clone(),
            namespaced: part.namespaced,
            has_status: part.status,
            listable: part.listable,
        }
    }
}

/// The objects of one type, and for which names they are all.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TypePart {
    group: String,
    version: String,
    kind: String,
    complete: CompletePart,
    items: Vec<Box<RawValue>>,
    single: Vec<SinglePart>,
}

/// For which names a list is whole.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum CompletePart {
    /// All objects of the type.
    Everywhere,
    /// The objects in these namespaces.
    Namespaces(BTreeSet<String>),
}

/// An object that was asked for by name and not found.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SinglePart {
    namespace: String,
    name: String,
    /// Why it is unknown; absent if it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorPart>,
}

/// Whether a namespace exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NamespacePart {
    /// It does, or does not.
    Exists(bool),
    /// Why that is unknown.
    Unknown(ErrorPart),
}

/// Why something could not be read when the snapshot was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorPart {
    /// 403.
    Forbidden {
        /// Verb of the missing right.
        verb: String,
        /// Its resource.
        resource: String,
        /// Its group.
        group: String,
        /// Its namespace, if it is not for the cluster.
        namespace: Option<String>,
        /// The server's text.
        message: String,
    },
    /// 401.
    Unauthorized(String),
    /// Not asked for.
    NotRecorded(String),
    /// Another failure.
    Failed(String),
    /// The deadline passed.
    Deadline,
}

impl From<&FetchError> for ErrorPart {
    fn from(error: &FetchError) -> Self {
        match error.clone() {
            FetchError::Forbidden { right, message } => Self::Forbidden {
                verb: right.verb,
                resource: right.resource,
                group: right.group,
                namespace: right.namespace,
                message,
            },
            FetchError::Unauthorized(text) => Self::Unauthorized(text),
            FetchError::NotRecorded(text) => Self::NotRecorded(text),
            FetchError::Failed(text) => Self::Failed(text),
            FetchError::Deadline => Self::Deadline,
        }
    }
}

impl From<ErrorPart> for FetchError {
    /// What failed while recording is not recorded: only a missing right is worth naming again. A 401 in the file must not
    /// end a run that sends nothing.
    fn from(part: ErrorPart) -> Self {
        let not_recorded = |why: String| Self::NotRecorded(format!("not in the snapshot: {why}"));
        match part {
            ErrorPart::Forbidden { verb, resource, group, namespace, message } => {
                Self::Forbidden { right: Right { verb, resource, group, namespace }, message }
            }
            ErrorPart::Unauthorized(text) => not_recorded(Self::Unauthorized(text).to_string()),
            ErrorPart::NotRecorded(text) => Self::NotRecorded(text),
            ErrorPart::Failed(text) => not_recorded(text),
            ErrorPart::Deadline => not_recorded("the deadline passed while it was made".to_owned()),
        }
    }
}

impl Document {
    /// The catalog that was recorded.
    pub fn catalog(&self) -> Catalog {
        let resources = self.resources.iter().map(Resource::from);
        Catalog {
            resources: resources.map(|resource| (resource.gvk.clone(), resource)).collect(),
            incomplete: self.incomplete.clone(),
            server_version: self.server.version.clone(),
        }
    }
}

impl Document {
    /// What of the set's record is not in the snapshot, one line each. A diff does without: evidence decides.
    pub fn record_gaps(&self) -> Vec<String> {
        self.record.iter().flat_map(RecordPart::gaps).collect()
    }

    /// What is not in the snapshot although a diff needs it, one line each.
    pub fn gaps(&self) -> Vec<String> {
        let of_types = self.types.iter().flat_map(|part| {
            part.single.iter().filter_map(|single| {
                let error = FetchError::from(single.error.clone()?);
                let place = if single.namespace.is_empty() {
                    String::new()
                } else {
                    format!("{}/", single.namespace)
                };
                let name = if single.name.is_empty() { "*" } else { &single.name };
                Some(format!("{} {place}{name}: {error}", part.kind))
            })
        });
        let of_namespaces = self.namespaces.iter().filter_map(|(name, part)| match part {
            NamespacePart::Exists(_) => None,
            NamespacePart::Unknown(error) => {
                Some(format!("Namespace {name}: {}", FetchError::from(error.clone())))
            }
        });
        let of_admission = self.admission.unreadable.iter().cloned();
        of_types.chain(of_namespaces).chain(of_admission).collect()
    }
}

impl TypePart {
    /// What was read of a type.
    pub(super) fn new(gvk: &Gvk, gathered: &Gathered) -> Self {
        let items = gathered.found.values().filter_map(|observed| {
            let text = std::str::from_utf8(&observed.json).ok()?;
            RawValue::from_string(text.to_owned()).ok()
        });
        let single = gathered.single.iter().map(|((namespace, name), outcome)| SinglePart {
            namespace: namespace.clone(),
            name: name.clone(),
            error: outcome.as_ref().err().map(ErrorPart::from),
        });
        Self {
            group: gvk.group.clone(),
            version: gvk.version.clone(),
            kind: gvk.kind.clone(),
            complete: match &gathered.listed {
                Listed::Everywhere => CompletePart::Everywhere,
                Listed::Namespaces(namespaces) => CompletePart::Namespaces(namespaces.clone()),
            },
            items: items.collect(),
            single: single.collect(),
        }
    }

    /// The type and what was read of it.
    ///
    /// # Errors
    /// An item without a name, or the same item twice.
    pub(super) fn gathered(self) -> Result<(Gvk, Gathered), String> {
        let gvk = Gvk::new(&self.group, &self.version, &self.kind);
        let mut gathered = Gathered::nothing();
        for item in self.items {
            let key = key(item.get()).ok_or_else(|| format!("an item of {gvk} has no name"))?;
            let name = format!("{}/{}", key.0, key.1);
            let json = item.get().as_bytes().into();
            if gathered.found.insert(key, Observed { json }).is_some() {
                return Err(format!("{gvk} {name} occurs twice"));
            }
        }
        gathered.listed = match self.complete {
            CompletePart::Everywhere => Listed::Everywhere,
            CompletePart::Namespaces(namespaces) => Listed::Namespaces(namespaces),
        };
        let single = self.single.into_iter().map(|part| {
            let outcome = part.error.map_or(Ok(Absence), |error| Err(error.into()));
            ((part.namespace, part.name), outcome)
        });
        gathered.single = single.collect();
        Ok((gvk, gathered))
    }
}

/// Namespace and name of an object's JSON text.
pub(super) fn key(text: &str) -> Option<Key> {
    #[derive(Deserialize)]
    struct Head {
        metadata: Meta,
    }
    #[derive(Deserialize)]
    struct Meta {
        name: String,
        #[serde(default)]
        namespace: String,
    }
    let head: Head = serde_json::from_str(text).ok()?;
    Some((head.metadata.namespace, head.metadata.name)).filter(|(_, name)| !name.is_empty())
}
