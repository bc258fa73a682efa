//! What earlier runs proved, so that nothing is proven twice: digests of everything that a verdict follows from.
//!
//! A verdict is a function of the desired object, the live object, the schema, the base and the policy. Whoever knows that
//! these are the same to the last byte, and that the verdict was `in sync` without a remark, need not look again. Nothing
//! but digests is kept. Secrets are left out all the same: who finds such a file could try out short values.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::ignore::Rules;
use super::paranoid::Percent;
use super::survey::{Bases, Setting};
use crate::desired::Ready;
use crate::object::id::{Gvk, ObjectId};
use crate::schema::stored;

/// A digest of everything that one verdict follows from.
pub type Proof = [u8; 16];

/// Proofs of earlier runs, and what this run adds to each of its own.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    known: BTreeSet<Proof>,
    /// For each kind the digest of what all its objects have in common; empty if nothing is remembered.
    common: BTreeMap<Gvk, Proof>,
}

impl Memory {
    /// Nothing is known and nothing is to be remembered.
    pub fn off() -> Self {
        Self::default()
    }

    /// What earlier runs of the same `program` proved.
    pub fn new(known: BTreeSet<Proof>, program: &[u8], setting: &Setting<'_>) -> Self {
        // Whole, so that nothing that a verdict may follow from is forgotten here. Bases and desired objects are part of
        // each object's own digest.
        let Setting { desired, schemas, bases: _, policy, owners_recorded, rules } = setting;
        // Every object says which rules mean something, also one that is in sync; and doubts are about proofs themselves.
        if **rules != Rules::default() || policy.paranoid != Percent::default() {
            return Self::off();
        }
        let settings = format!("{policy:?} {owners_recorded} {:?}", desired.set);
        let common = schemas.iter().map(|(gvk, schema)| {
            let schema = stored::encode(schema);
            (gvk.clone(), digest(&[program, settings.as_bytes(), gvk.to_string().as_bytes(), &schema]))
        });
        Self { common: common.collect(), known }
    }

    /// The digest of everything that the verdict on an object follows from; `None` if it is not to be remembered.
    pub fn proof(&self, bases: &Bases, id: &ObjectId, ready: &Ready, live: &[u8]) -> Option<Proof> {
        let common = self.common.get(&ready.gvk)?;
        if id.group.is_empty() && id.kind == "Secret" {
            return None;
        }
        // What was last applied makes a difference of its own; only its absence is part of the digest so far.
        let base = match bases {
            Bases::Unknown => b"unknown".to_vec(),
            Bases::Withheld => b"withheld".to_vec(),
            Bases::Record(recorded) => recorded.bases.unchanged(id)?,
            Bases::Revision { .. } => return None,
        };
        Some(digest(&[common, &base, id.to_string().as_bytes(), ready.packed.text(), live]))
    }

    /// True if an earlier run proved it.
    pub fn knows(&self, proof: &Proof) -> bool {
        self.known.contains(proof)
    }
}

/// The digest of some parts, each with its length so that no two lists of parts are alike.
pub fn digest(parts: &[&[u8]]) -> Proof {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut proof = Proof::default();
    proof.copy_from_slice(&hash.finalize()[..16]);
    proof
}
