//! The record of a set while a run writes: read once, widened before the first write, kept up with what was done, and
//! narrowed at the end. Every write is bound to the version that was read, so that two runs cannot mix.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::RunError;
use crate::cluster::Server;
use crate::cluster::owned::{OwnedError, OwnedKind};
use crate::desired::{DesiredSet, Entry};
use crate::exit::Code;
use crate::live::Pin;
use crate::mask::rules::MaskRules;
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::record::applyset::group_kind;
use crate::record::encode::{Member, secrets};
use crate::record::key::{KEY_BYTES, SetKey};
use crate::record::ledger::Ledger;
use crate::record::opened::grant;
use crate::record::parent::{Inputs, Parent, Run};
use crate::record::{SetIdentity, decode, digest};

/// Namespaces by `Kind.group`.
pub(super) type Places = BTreeMap<String, BTreeSet<String>>;

/// One object of the record as it stands on the cluster.
#[derive(Debug)]
struct Stored {
    version: String,
    object: Value,
}

/// The record of one set, held by one run.
#[derive(Debug)]
pub(super) struct Keeping<'a> {
    server: &'a Server,
    set: SetIdentity,
    parent: Parent,
    parent_stored: Option<Stored>,
    secrets: BTreeMap<u16, Stored>,
    ledger: Ledger,
    /// What had to be given up of an earlier record, in words.
    pub(super) troubles: Vec<String>,
    /// True if there was a record and it told where members are.
    knew_places: bool,
}

impl<'a> Keeping<'a> {
    /// Reads the whole record of a set; without one there is an empty one, with a new key.
    ///
    /// # Errors
    /// It cannot be read, or belongs to another tool.
    pub(super) async fn open(server: &'a Server, set: &SetIdentity) -> Result<Self, RunError> {
        let namespace = &set.record_namespace;
        let (parent, index) = (set.parent_name(), set.base_name(0));
        let (parent, index) = tokio::join!(
            server.read_owned(OwnedKind::ConfigMap, namespace, &parent),
            server.read_owned(OwnedKind::Secret, namespace, &index),
        );
        let parent = parent.map_err(|error| unreadable(set, &error))?.map(stored).transpose()?;
        let index = index.map_err(|error| unreadable(set, &error))?.map(stored).transpose()?;
        let mut keeping = Self {
            server,
            set: set.clone(),
            parent: Parent::default(),
            parent_stored: None,
            secrets: BTreeMap::new(),
            ledger: Ledger::new(new_key()?, 0),
            troubles: Vec::new(),
            knew_places: false,
        };
        if let Some(found) = parent {
            keeping.read_parent(&found.object)?;
            keeping.parent_stored = Some(found);
        }
        if let Some(found) = index {
            keeping.read_bases(found).await?;
        }
        Ok(keeping)
    }

    fn read_parent(&mut self, object: &Value) -> Result<(), RunError> {
        match Parent::decode(&self.set, object) {
            Ok(parent) => {
                self.parent = parent;
                self.knew_places = true;
                Ok(())
            }
            Err(reason) => {
                let name = format!("ConfigMap {}/{}", self.set.record_namespace, self.set.parent_name());
                let managed = text_at(object, &["metadata", "labels", "app.kubernetes.io/managed-by"]);
                if managed != Some("gitops") {
                    return Err(RunError::refused(
                        format!("{name} is no record of this tool: {reason}"),
                        "choose another name with --set-name, or another namespace with --record-namespace"
                            .to_owned(),
                    ));
                }
                self.troubles.push(format!("{name} is damaged and written anew: {reason}"));
                Ok(())
            }
        }
    }

    /// The index and every shard that it names. What cannot be read is written anew.
    async fn read_bases(&mut self, index: Stored) -> Result<(), RunError> {
        let name = format!("Secret {}/{}", self.set.record_namespace, self.set.base_name(0));
        let decoded = decode::index(&index.object);
        self.secrets.insert(0, index);
        let (index, key) = match decoded {
            Ok((index, Some(key))) => (index, key),
            Ok((_, None)) => {
                self.troubles.push(format!("{name} has no key and is written anew"));
                return Ok(());
            }
            Err(error) => {
                self.troubles.push(format!("{name} is damaged and written anew: {error}"));
                return Ok(());
            }
        };
        let mut plain = Vec::new();
        for number in 1..=index.shards {
            let name = self.set.base_name(number);
            let read = self.server.read_owned(OwnedKind::Secret, &self.set.record_namespace, &name).await;
            let Some(found) = read.map_err(|error| unreadable(&self.set, &error))?.map(stored).transpose()?
            else {
                self.troubles.push(format!("Secret {name} of the record is gone and written anew"));
                continue;
            };
            match decode::shard(&found.object) {
                Ok(text) => plain.push(text),
                Err(error) => {
                    self.troubles.push(format!("Secret {name} is damaged and written anew: {error}"))
                }
            }
            self.secrets.insert(number, found);
        }
        self.ledger = Ledger::of(key, &index, &plain);
        Ok(())
    }

    /// The runs that the record tells of, the newest first.
    pub(super) fn runs(&self) -> &[Run] {
        &self.parent.runs
    }

    /// The key of the set.
    pub(super) fn key(&self) -> &SetKey {
        self.ledger.key()
    }

    /// Number of members that the bases know.
    pub(super) fn members(&self) -> usize {
        self.ledger.len()
    }

    /// True if the set has no record yet.
    pub(super) fn is_new(&self) -> bool {
        self.parent_stored.is_none()
    }

    /// How the last run rendered.
    pub(super) fn inputs(&self) -> &Inputs {
        &self.parent.inputs
    }

    /// Where members are, as the record says.
    pub(super) fn places(&self) -> &Places {
        &self.parent.places
    }

    /// Adds places before anything is written to them, so that nothing is ever outside of what the record names.
    ///
    /// # Errors
    /// It cannot be written, or another run wrote it.
    pub(super) async fn widen(&mut self, places: &Places, inputs: Inputs) -> Result<(), RunError> {
        for (kind, namespaces) in places {
            self.parent.places.entry(kind.clone()).or_default().extend(namespaces.iter().cloned());
        }
        if self.parent_stored.is_none() {
            self.parent.inputs = inputs;
        }
        self.save_parent().await
    }

    /// Notes what was applied.
    ///
    /// # Errors
    /// It cannot be encoded.
    pub(super) fn note(&mut self, member: &Member) -> Result<(), RunError> {
        self.ledger
            .set(member, &MaskRules::default())
            .map_err(|error| unwritable(&self.set, &error.to_string()))
    }

    /// Notes a write that changed nothing of what was applied.
    ///
    /// # Errors
    /// The server's time is none.
    pub(super) fn touch(&mut self, id: &ObjectId, live: &Value) -> Result<(), RunError> {
        let uid = text_at(live, &["metadata", "uid"]).unwrap_or_default();
        let Some(applied) = ManagedFields::of(live).own().map(|own| own.time.to_owned()) else {
            return Ok(());
        };
        self.ledger.touch(id, uid, &applied).map_err(|error| unwritable(&self.set, &error.to_string()))
    }

    /// A digest of everything that was rendered, keyed as it covers values of Secrets.
    pub(super) fn render_digest(&self, desired: &DesiredSet) -> String {
        let ready = desired.entries.iter().filter_map(|(id, entry)| match entry {
            Entry::Ready(ready) => Some((id, ready.object())),
            _ => None,
        });
        digest::of_render(self.ledger.key(), ready, &MaskRules::default())
    }

    /// Forgets a member that is proven gone.
    pub(super) fn forget(&mut self, id: &ObjectId) {
        self.ledger.remove(id);
    }

    /// Writes the bases that changed.
    ///
    /// # Errors
    /// They cannot be written, or another run wrote them.
    pub(super) async fn save(&mut self) -> Result<(), RunError> {
        let encoded = self.ledger.encode().map_err(|error| unwritable(&self.set, &error.to_string()))?;
        self.parent.shards = u16::try_from(encoded.shards.len()).unwrap_or(u16::MAX);
        let all = secrets(&self.set, &encoded, self.ledger.key());
        // The index goes last: a shard that it does not know yet is only a base that is not kept.
        let numbered: Vec<(u16, Value)> = (0..).zip(all).collect();
        for (number, object) in numbered.into_iter().rev() {
            if self.secrets.get(&number).is_some_and(|known| known.object["data"] == object["data"]) {
                continue;
            }
            let version = self.secrets.get(&number).map(|known| known.version.clone());
            let written = self.write(OwnedKind::Secret, object, version).await?;
            self.secrets.insert(number, written);
        }
        Ok(())
    }

    /// Notes the run and leaves in the places only those where members are, then writes what changed.
    ///
    /// # Errors
    /// It cannot be written, or another run wrote it.
    pub(super) async fn finish(
        &mut self,
        run: Option<Run>,
        places: Option<Places>,
        inputs: Inputs,
    ) -> Result<(), RunError> {
        self.save().await?;
        if let Some(places) = places {
            self.parent.places = places;
        }
        if let Some(run) = run {
            self.parent.inputs = inputs;
            self.parent.push(run);
        }
        if self.parent_stored.is_some() || !self.parent.runs.is_empty() {
            self.save_parent().await?;
        }
        Ok(())
    }

    /// True if there is a record that does not tell where members are.
    pub(super) fn is_damaged(&self) -> bool {
        self.parent_stored.is_some() && !self.knew_places
    }

    /// Deletes the record, the parent last: while it stands the set can be found.
    ///
    /// # Errors
    /// Something of it cannot be deleted.
    pub(super) async fn remove(&mut self) -> Result<(), RunError> {
        let namespace = self.set.record_namespace.clone();
        for (number, known) in std::mem::take(&mut self.secrets).into_iter().rev() {
            let name = self.set.base_name(number);
            self.delete(OwnedKind::Secret, &namespace, &name, &known).await?;
        }
        if let Some(known) = self.parent_stored.take() {
            self.delete(OwnedKind::ConfigMap, &namespace, &self.set.parent_name(), &known).await?;
        }
        Ok(())
    }

    async fn delete(
        &self,
        kind: OwnedKind,
        namespace: &str,
        name: &str,
        known: &Stored,
    ) -> Result<(), RunError> {
        let uid = text_at(&known.object, &["metadata", "uid"]).unwrap_or_default().to_owned();
        let pin = Pin { uid, resource_version: known.version.clone() };
        match self.server.delete_owned(kind, namespace, name, &pin).await {
            Ok(()) | Err(OwnedError::Missing) => Ok(()),
            Err(error) => Err(RunError::usage(
                format!("{name} of the record of set {} cannot be deleted: {error}", self.set.name),
                None,
            )),
        }
    }

    async fn save_parent(&mut self) -> Result<(), RunError> {
        let object =
            self.parent.encode(&self.set).map_err(|error| unwritable(&self.set, &error.to_string()))?;
        if self.parent_stored.as_ref().is_some_and(|known| is_same_parent(&known.object, &object)) {
            return Ok(());
        }
        let version = self.parent_stored.as_ref().map(|known| known.version.clone());
        self.parent_stored = Some(self.write(OwnedKind::ConfigMap, object, version).await?);
        Ok(())
    }

    async fn write(
        &self,
        kind: OwnedKind,
        mut object: Value,
        version: Option<String>,
    ) -> Result<Stored, RunError> {
        let namespace = &self.set.record_namespace;
        let result = match version {
            None => match self.server.create_owned(kind, namespace, &object).await {
                // A left-over of a record whose index is gone: nobody else may write while this run holds the lock.
                Err(OwnedError::Conflict) => self.over_left_over(kind, object).await,
                other => other,
            },
            Some(version) => {
                object["metadata"]["resourceVersion"] = Value::from(version);
                self.server.update_owned(kind, namespace, &object).await
            }
        };
        stored(result.map_err(|error| lost(&self.set, &error))?)
    }

    async fn over_left_over(&self, kind: OwnedKind, mut object: Value) -> Result<Value, OwnedError> {
        let name = text_at(&object, &["metadata", "name"]).unwrap_or_default().to_owned();
        let namespace = &self.set.record_namespace;
        let found = self.server.read_owned(kind, namespace, &name).await?.ok_or(OwnedError::Conflict)?;
        let managed = text_at(&found, &["metadata", "labels", "app.kubernetes.io/managed-by"]);
        if managed != Some("gitops") {
            return Err(OwnedError::Failed(format!("{namespace}/{name} is no object of this tool")));
        }
        object["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"].clone();
        self.server.update_owned(kind, namespace, &object).await
    }
}

/// The kind and the namespace of an object, as the places of a record.
pub(super) fn place_of(id: &ObjectId) -> (String, String) {
    (group_kind(&id.group, &id.kind), id.namespace.clone())
}

fn is_same_parent(stored: &Value, object: &Value) -> bool {
    let same = |pointer: &str| stored.pointer(pointer) == object.pointer(pointer);
    same("/data") && same("/metadata/labels") && same("/metadata/annotations")
}

fn stored(object: Value) -> Result<Stored, RunError> {
    match text_at(&object, &["metadata", "resourceVersion"]) {
        Some(version) => Ok(Stored { version: version.to_owned(), object }),
        None => {
            Err(RunError::usage("the server answered with an object of the record without a version", None))
        }
    }
}

fn new_key() -> Result<SetKey, RunError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| RunError::usage(format!("the system gives no random bytes: {error}"), None))?;
    Ok(SetKey::new(bytes))
}

/// A record that cannot be read is no reason to guess: nothing is written.
fn unreadable(set: &SetIdentity, error: &OwnedError) -> RunError {
    let hint = match error {
        OwnedError::Forbidden { .. } => Some(grant(set, 1).replace("--verb=get", "--verb=get,create,update")),
        _ => None,
    };
    let problem = format!("the record of set {} cannot be read: {error}; nothing was written", set.name);
    match error {
        OwnedError::Forbidden { .. } => RunError::refused(problem, hint),
        _ => RunError::usage(problem, hint),
    }
}

fn unwritable(set: &SetIdentity, reason: &str) -> RunError {
    RunError::usage(format!("the record of set {} cannot be written: {reason}", set.name), None)
}

/// A conflict means that somebody else wrote although this run holds the lock.
fn lost(set: &SetIdentity, error: &OwnedError) -> RunError {
    match error {
        OwnedError::Conflict | OwnedError::Missing => RunError::Stopped {
            problem: format!(
                "the record of set {} was changed by another run while this one wrote",
                set.name
            ),
            hint: Some("run again".to_owned()),
            code: Code::Locked,
        },
        error => unwritable(set, &error.to_string()),
    }
}
