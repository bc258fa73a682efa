//! The copy of an undo record on the cluster: some Secrets, each created, or updated at the version that was read.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cluster::Server;
use crate::cluster::owned::{OwnedError, OwnedKind};
use crate::live::Pin;
use crate::object::value::text_at;
use crate::record::SetIdentity;
use crate::record::undo::shards::{Part, decode, join};
use crate::record::undo::{MAX_SHARDS, Record};

/// The Secrets of one set.
#[derive(Debug)]
pub(in crate::run) struct Copy<'a> {
    server: &'a Server,
    set: SetIdentity,
    /// As they are on the cluster, by number.
    stored: BTreeMap<u16, Value>,
}

impl<'a> Copy<'a> {
    /// Nothing is known yet.
    pub(super) fn new(server: &'a Server, set: &SetIdentity) -> Self {
        Self { server, set: set.clone(), stored: BTreeMap::new() }
    }

    /// Reads all parts; `None` if there is none.
    ///
    /// # Errors
    /// They cannot be read, or are damaged: in words.
    pub(super) async fn read(&mut self) -> Result<Option<Record>, String> {
        let Some(first) = self.fetch(0).await.map_err(|error| error.to_string())? else { return Ok(None) };
        let set = self.set.clone();
        let wrong = |number: u16, reason: &str| {
            format!("Secret {}/{} is damaged: {reason}", set.record_namespace, set.undo_name(number))
        };
        let first = decode(&self.set, &first).map_err(|reason| wrong(0, &reason))?;
        let number = first.parts.min(MAX_SHARDS);
        let mut parts: Vec<Part> = vec![first];
        for number in 1..number {
            let found = self.fetch(number).await.map_err(|error| error.to_string())?;
            let found = found.ok_or_else(|| wrong(number, "it does not exist"))?;
            parts.push(decode(&self.set, &found).map_err(|reason| wrong(number, &reason))?);
        }
        join(parts).map(Some).map_err(|reason| wrong(0, &reason))
    }

    async fn fetch(&mut self, number: u16) -> Result<Option<Value>, OwnedError> {
        let (namespace, name) = (self.set.record_namespace.clone(), self.set.undo_name(number));
        let found = self.server.read_owned(OwnedKind::Secret, &namespace, &name).await?;
        if let Some(found) = &found {
            self.stored.insert(number, found.clone());
        }
        Ok(found)
    }

    /// What is there, in order to be written again.
    pub(super) fn contents(&self) -> Vec<Value> {
        self.stored.values().cloned().collect()
    }

    /// Makes the copy consist of these Secrets. Part 0 goes last: it names the others.
    ///
    /// # Errors
    /// One of them cannot be written.
    pub(super) async fn write(&mut self, secrets: &[Value]) -> Result<(), OwnedError> {
        let numbered: Vec<(u16, &Value)> = (0..).zip(secrets).collect();
        for (number, secret) in numbered.iter().rev() {
            if self.stored.get(number).is_some_and(|known| known["data"] == secret["data"]) {
                continue;
            }
            let written = self.put(*number, secret).await?;
            self.stored.insert(*number, written);
        }
        self.cut(numbered.len()).await;
        Ok(())
    }

    async fn put(&self, number: u16, secret: &Value) -> Result<Value, OwnedError> {
        let namespace = &self.set.record_namespace;
        let known = match self.stored.get(&number) {
            Some(known) => known.clone(),
            None => match self.server.create_owned(OwnedKind::Secret, namespace, &plain(secret)).await {
                // Left by an earlier run of more objects, or by a set of this name.
                Err(OwnedError::Conflict) => {
                    let name = self.set.undo_name(number);
                    let found = self.server.read_owned(OwnedKind::Secret, namespace, &name).await?;
                    found.ok_or(OwnedError::Conflict)?
                }
                other => return other,
            },
        };
        if text_at(&known, &["metadata", "labels", "app.kubernetes.io/managed-by"]) != Some("gitops") {
            let name = self.set.undo_name(number);
            return Err(OwnedError::Failed(format!("{namespace}/{name} is no object of this tool")));
        }
        let mut secret = plain(secret);
        secret["metadata"]["resourceVersion"] = known["metadata"]["resourceVersion"].clone();
        self.server.update_owned(OwnedKind::Secret, namespace, &secret).await
    }

    /// Deletes parts that are no longer needed. Whoever may not delete leaves them: part 0 no longer names them.
    async fn cut(&mut self, number: usize) {
        let surplus: Vec<u16> =
            self.stored.keys().copied().filter(|known| usize::from(*known) >= number).collect();
        for number in surplus {
            let Some(known) = self.stored.remove(&number) else { continue };
            let name = self.set.undo_name(number);
            let namespace = &self.set.record_namespace;
            let _ = self.server.delete_owned(OwnedKind::Secret, namespace, &name, &Pin::of(&known)).await;
        }
    }

    /// Deletes every part that there may be.
    ///
    /// # Errors
    /// One of them stays.
    pub(super) async fn remove(&mut self) -> Result<(), OwnedError> {
        for number in 0..MAX_SHARDS {
            let Some(found) = self.fetch(number).await? else { continue };
            let (namespace, name) = (&self.set.record_namespace, self.set.undo_name(number));
            match self.server.delete_owned(OwnedKind::Secret, namespace, &name, &Pin::of(&found)).await {
                Ok(()) | Err(OwnedError::Missing) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// A Secret without what the server sets.
fn plain(secret: &Value) -> Value {
    let metadata = &secret["metadata"];
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata["labels"]},
        "type": secret["type"],
        "data": secret["data"],
    })
}
