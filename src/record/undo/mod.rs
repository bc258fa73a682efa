//! The undo record of a set: the objects that its last run wrote, as they were before and as they were afterwards.
//!
//! It is begun before the first write, with what was before, and filled in with what came after. One set has one record, that
//! of the last run that wrote. The copy of this machine ([`text`]) holds everything. The copy on the cluster ([`shards`]) holds
//! no values of Secrets or other masked places, and at most [`MAX_TOTAL`] bytes; it is read as hostile input.

pub mod shards;
pub mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SetIdentity;
use crate::object::id::{Gvk, ObjectId};
use crate::object::value::text_at;

/// The type of the Secrets that hold the copy on the cluster.
pub const SECRET_TYPE: &str = "gitops/undo";
/// Most bytes of the copy on the cluster, compressed.
pub const MAX_TOTAL: usize = 4 << 20;
/// Most Secrets of that copy.
pub const MAX_SHARDS: u16 = 5;
/// Most objects of a record.
pub const MAX_OBJECTS: usize = 50_000;
/// The version of the format.
pub const FORMAT: u32 = 1;
/// Most characters of one text of a head: more is no record of ours.
const MAX_TEXT: usize = 256;

/// Which run a record is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The version of the format, [`FORMAT`].
    pub format: u32,
    /// What tells this run from all others: random hexadecimal digits.
    pub id: String,
    /// Name of the set.
    pub set: String,
    /// The namespace of its record.
    pub namespace: String,
    /// `apply`, `revert`, …
    pub command: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// True once the run came to its end and all that it did is in the record.
    pub complete: bool,
}

impl Head {
    /// True if it says what a record of this set says.
    pub fn is_of(&self, set: &SetIdentity) -> bool {
        let texts = [&self.id, &self.set, &self.namespace, &self.command, &self.started_at];
        self.format == FORMAT
            && !self.id.is_empty()
            && self.set == set.name
            && self.namespace == set.record_namespace
            && texts.iter().all(|text| text.len() <= MAX_TEXT)
    }
}

/// What a run did with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Did {
    /// It made it.
    Create,
    /// It changed it.
    Change,
    /// It deleted it and made it anew.
    Replace,
    /// It deleted it.
    Delete,
}

/// An object at one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum State {
    /// It was not there.
    Absent,
    /// It was this, `managedFields` included.
    Object(Box<Value>),
    /// Nobody knows, or it was not kept.
    Unknown,
}

impl State {
    /// The object, if there was one and it is known.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Object(object) => Some(object),
            Self::Absent | Self::Unknown => None,
        }
    }
}

/// One object that a run was going to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Which.
    pub id: ObjectId,
    /// The API version at which it was read.
    pub version: String,
    /// What was to be done with it.
    pub did: Did,
    /// As it was before.
    pub before: State,
    /// As it was afterwards; unknown until that is told, and where the write failed.
    pub after: State,
}

impl Entry {
    /// The type of the object.
    pub fn gvk(&self) -> Gvk {
        Gvk::new(&self.id.group, &self.version, &self.id.kind)
    }
}

/// What a run wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which run.
    pub head: Head,
    /// The objects.
    pub entries: BTreeMap<ObjectId, Entry>,
}

impl Record {
    /// The record of a run that has written nothing yet.
    pub fn new(head: Head, entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { head, entries: entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect() }
    }

    /// Notes what came of a write.
    pub fn note(&mut self, id: &ObjectId, after: State) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.after = after;
        }
    }

    /// Notes that an object was another one than that of the plan when it was written.
    pub fn correct(&mut self, id: &ObjectId, before: Value) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.before = State::Object(Box::new(before));
        }
    }

    /// Leaves out an object that was not written.
    pub fn drop(&mut self, id: &ObjectId) {
        self.entries.remove(id);
    }
}

/// True if an object is the one that an entry is about.
fn is_about(id: &ObjectId, version: &str, object: &Value) -> bool {
    let text = |keys: &[&str]| text_at(object, keys).unwrap_or_default();
    let gvk = Gvk::new(&id.group, version, &id.kind);
    text(&["kind"]) == id.kind
        && text(&["apiVersion"]) == gvk.api_version()
        && text(&["metadata", "name"]) == id.name
        && text(&["metadata", "namespace"]) == id.namespace
}

#[cfg(test)]
pub(super) mod fixtures {
    use super::*;
    use serde_json::json;

    pub(in crate::record) fn set() -> SetIdentity {
        SetIdentity { name: "shop".to_owned(), record_namespace: "ops".to_owned() }
    }

    pub(in crate::record) fn head() -> Head {
        Head {
            format: FORMAT,
            id: "0a1b".to_owned(),
            set: "shop".to_owned(),
            namespace: "ops".to_owned(),
            command: "apply".to_owned(),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            complete: true,
        }
    }

    pub(in crate::record) fn object(kind: &str, name: &str, data: Value) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop", "uid": "u"}, "data": data})
    }

    pub(in crate::record) fn entry(kind: &str, name: &str, did: Did, states: [State; 2]) -> Entry {
        let [before, after] = states;
        let id = ObjectId::new(&Gvk::new("", "v1", kind), "shop", name);
        Entry { id, version: "v1".to_owned(), did, before, after }
    }

    pub(in crate::record) fn is(object: Value) -> State {
        State::Object(Box::new(object))
    }
}
