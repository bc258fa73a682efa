//! What earlier runs proved, so that nothing is proven twice: digests of everything that a verdict follows from.
//!
//! A verdict is a function of the desired object, the live object, the schema, the base and the policy. Whoever knows that
//! these are the same to the last byte, and that the verdict was `in sync` without a remark, need not look again. Nothing
//! but digests is kept. Secrets are left out all the same: who finds such a file could try out short values.

use std::collections::{BTreeMap, BTreeSet};

use super::ignore::Rules;
use super::paranoid::Percent;
use super::survey::{Bases, Setting};
use crate::desired::Ready;
use crate::object::digest::of_parts;
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
    let mut proof = Proof::default();
    proof.copy_from_slice(&of_parts(parts)[..size_of::<Proof>()]);
    proof
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::{config_map, deployment};
    use crate::compare::ignore::Rules;
    use crate::compare::judge::{AddedPolicy, Policy};
    use crate::desired::DesiredSet;
    use crate::live::Resource;
    use crate::object::packed::Packed;
    use crate::render::origin::{FieldLines, Origin};
    use crate::schema::Schema;
    use serde_json::json;
    use std::sync::Arc;

    fn ready(gvk: &Gvk, value: &str) -> Ready {
        let resource = Resource {
            gvk: gvk.clone(),
            plural: String::new(),
            namespaced: true,
            has_status: false,
            listable: true,
        };
        Ready {
            gvk: gvk.clone(),
            resource: Arc::new(resource),
            origin: Origin { file: "a.yaml".into(), line: 1, fields: FieldLines::default() },
            packed: Packed::of(&json!({"data": {"k": value}})),
        }
    }

    /// Everything that a verdict follows from.
    struct Case {
        program: &'static [u8],
        policy: Policy,
        owners_recorded: bool,
        schema: Schema,
        bases: Bases,
        gvk: Gvk,
        name: &'static str,
        desired: &'static str,
        live: &'static [u8],
    }

    fn case() -> Case {
        Case {
            program: b"1",
            policy: Policy::default(),
            owners_recorded: true,
            schema: config_map(),
            bases: Bases::Unknown,
            gvk: Gvk::new("", "v1", "ConfigMap"),
            name: "x",
            desired: "v",
            live: b"{}",
        }
    }

    fn proof(case: &Case) -> Option<Proof> {
        let (desired, rules) = (DesiredSet::default(), Rules::default());
        let schemas = BTreeMap::from([(case.gvk.clone(), case.schema.clone())]);
        let setting = Setting {
            desired: &desired,
            schemas: &schemas,
            bases: &case.bases,
            policy: case.policy,
            owners_recorded: case.owners_recorded,
            rules: &rules,
        };
        let memory = Memory::new(BTreeSet::new(), case.program, &setting);
        let id = ObjectId::new(&case.gvk, "a", case.name);
        memory.proof(&case.bases, &id, &ready(&case.gvk, case.desired), case.live)
    }

    #[test]
    fn every_part_makes_another_proof() {
        let changes: [(&str, fn(&mut Case)); 12] = [
            ("nothing", |_| {}),
            ("another program", |case| case.program = b"2"),
            ("another policy", |case| case.policy.added = AddedPolicy::Note),
            ("a strict policy", |case| case.policy.strict = true),
            ("without owners", |case| case.owners_recorded = false),
            ("another schema", |case| case.schema = deployment()),
            ("other served versions", |case| case.schema.versions.extend(["v2".to_owned()])),
            ("a base that is withheld", |case| case.bases = Bases::Withheld),
            ("another version", |case| case.gvk.version = "v2".to_owned()),
            ("another name", |case| case.name = "y"),
            ("another manifest", |case| case.desired = "w"),
            ("another live object", |case| case.live = b"{ }"),
        ];
        let mut seen: BTreeMap<Proof, &str> = BTreeMap::new();
        for (what, change) in changes {
            let mut case = case();
            change(&mut case);
            let same = seen.insert(proof(&case).unwrap(), what);
            assert_eq!(same, None, "{what} is the same as {same:?}");
        }
        assert_eq!(proof(&case()), proof(&case()));
    }

    #[test]
    fn some_things_are_never_remembered() {
        let secret = Case { gvk: Gvk::new("", "v1", "Secret"), ..case() };
        assert_eq!(proof(&secret), None);
        let revision = Bases::Revision { name: "r".to_owned(), objects: BTreeMap::new() };
        assert_eq!(proof(&Case { bases: revision, ..case() }), None);
        let id = ObjectId::new(&case().gvk, "a", "x");
        assert_eq!(Memory::off().proof(&Bases::Unknown, &id, &ready(&case().gvk, "v"), b"{}"), None);
    }

    #[test]
    fn the_border_between_parts_is_part_of_a_digest() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), digest(&[b"ab", b""]));
    }
}
