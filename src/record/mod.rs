//! The record of a set on its cluster: what it is called, how it is written, and what of it may be believed.
//!
//! A set's record is a ConfigMap `gitops-<set>` (an ApplySet parent, KEP-3659) with the last runs, and Secrets
//! `gitops-<set>-base-0…n` with every member as it was last applied. [`encode`] writes those Secrets, [`decode`] reads them
//! as hostile input, [`parent`] does both for the ConfigMap. Nothing here reads or writes a cluster.
//!
//! Values of Secrets and of other masked places never get into a record: digests keyed with the set's own key stand for
//! them ([`veil`]). With the key, a value at hand can be recognised as the recorded one; without it the digests say nothing.

pub mod applyset;
pub mod bases;
pub mod decode;
pub mod digest;
pub mod encode;
pub mod event;
#[cfg(test)]
mod fixtures;
pub mod index;
pub mod key;
pub mod ledger;
pub mod name;
pub mod opened;
pub mod parent;
mod shard;
pub mod undo;
pub mod veil;

/// The type of the Secrets that hold bases.
pub const SECRET_TYPE: &str = "gitops/base";
/// Most bytes of one shard, compressed. A Secret may hold 1 MiB.
pub const MAX_SHARD: usize = 900 * 1024;
/// Most bytes of the index. The server takes 1 MiB of data in one Secret, the key included.
pub const MAX_INDEX: usize = (1 << 20) - 1024;

/// What tells one set from another on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetIdentity {
    /// Name of the set, as [`name`] makes it: 56 characters at most.
    pub name: String,
    /// The namespace that holds its record.
    pub record_namespace: String,
}

/// What flags or a target say about the set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SetChoice {
    /// Its name; `None` leaves it to the repository.
    pub name: Option<String>,
    /// The namespace of its record; `None` is that of the run.
    pub record_namespace: Option<String>,
}

impl SetChoice {
    /// The set that is meant: by its name, else by the URL of the repository and the path in it. `namespace` is that of the
    /// run. `None` if nothing names it.
    pub fn identity(&self, origin_url: Option<&str>, path: &str, namespace: &str) -> Option<SetIdentity> {
        let name = match &self.name {
            Some(name) => name::checked(name).unwrap_or_else(|_| name.clone()),
            None => name::of_repository(origin_url?, path)?,
        };
        let record_namespace = self.record_namespace.as_deref().unwrap_or(namespace).to_owned();
        Some(SetIdentity { name, record_namespace })
    }
}

impl SetIdentity {
    /// Name of the parent ConfigMap.
    pub fn parent_name(&self) -> String {
        format!("gitops-{}", self.name)
    }

    /// Name of the Lease that is the set's lock.
    pub fn lease_name(&self) -> String {
        format!("gitops-{}", self.name)
    }

    /// Name of the Secret with the index (0) or a shard.
    pub fn base_name(&self, number: u16) -> String {
        format!("gitops-{}-base-{number}", self.name)
    }

    /// Name of a Secret with a part of the undo record, from 0.
    pub fn undo_name(&self, number: u16) -> String {
        format!("gitops-{}-undo-{number}", self.name)
    }

    /// The ApplySet id, which members carry as their `part-of` label.
    pub fn id(&self) -> String {
        applyset::id(&self.parent_name(), &self.record_namespace)
    }
}
