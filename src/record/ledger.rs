//! The stored bases of a set while a run changes them: what it does not touch stays as it was, byte for byte.

use std::collections::BTreeMap;

use super::MAX_SHARD;
use super::digest::{IdHash, ObjectDigest, Uid, seconds};
use super::encode::{EncodeError, Encoded, MAX_SHARDS, Member};
use super::index::{Index, IndexEntry, MAX_MEMBERS};
use super::key::SetKey;
use super::shard;
use super::veil::{Hidden, veil};
use crate::object::id::ObjectId;

/// The members of a set by the hash of their identity.
#[derive(Debug, Clone)]
pub struct Ledger {
    key: SetKey,
    shards: u16,
    members: BTreeMap<IdHash, Kept>,
}

/// An entry of the index and the line of its shard; no line if the object is recorded by its digest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    entry: IndexEntry,
    line: Vec<u8>,
}

impl Ledger {
    /// An empty one. `shards` is the number that the set has now, 0 for a new one.
    pub fn new(key: SetKey, shards: u16) -> Self {
        Self { key, shards: shards.clamp(1, MAX_SHARDS), members: BTreeMap::new() }
    }

    /// What an index and its unpacked shards hold. An entry whose line is in no shard keeps its digest.
    pub fn of(key: SetKey, index: &Index, plain: &[Vec<u8>]) -> Self {
        let lines = plain.iter().flat_map(|plain| shard::lines(plain));
        let mut lines: BTreeMap<IdHash, (String, Vec<u8>)> =
            lines.map(|(id, digest, line)| (id, (digest, line))).collect();
        let members = index.entries().iter().map(|entry| {
            let known = lines.remove(&entry.id).filter(|(digest, _)| *digest == entry.digest.text());
            let line = known.map(|(_, line)| line).unwrap_or_default();
            (entry.id, Kept { entry: *entry, line })
        });
        Self { shards: index.shards.clamp(1, MAX_SHARDS), members: members.collect(), key }
    }

    /// The key of the set.
    pub fn key(&self) -> &SetKey {
        &self.key
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True if nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Records a member as it was applied. An entry that says the same stays as it is.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn set(&mut self, member: &Member, hidden: &dyn Hidden) -> Result<(), EncodeError> {
        let id = IdHash::of(&member.id);
        let veiled = veil(&self.key, &member.id, &member.object, hidden);
        let digest = ObjectDigest::of(&self.key, id, &veiled);
        let wrong_time =
            || EncodeError::Time { id: Box::new(member.id.clone()), time: member.applied.clone() };
        let applied = seconds(&member.applied).ok_or_else(wrong_time)?;
        let uid = Uid::of(&member.uid);
        let known = self.members.get(&id).filter(|kept| kept.entry.digest == digest);
        let line = match known {
            Some(kept) if !kept.line.is_empty() => kept.line.clone(),
            _ => shard::line(&member.id, digest, &veiled)
                .map_err(|error| EncodeError::Pack(error.to_string()))?,
        };
        self.members.insert(id, Kept { entry: IndexEntry { id, digest, uid, applied, shard: 0 }, line });
        if self.members.len() > MAX_MEMBERS {
            return Err(EncodeError::TooMany(self.members.len()));
        }
        Ok(())
    }

    /// Notes that a member was written without a change of what was applied: a revert, or one field that was patched.
    ///
    /// # Errors
    /// The time is none.
    pub fn touch(&mut self, id: &ObjectId, uid: &str, applied: &str) -> Result<(), EncodeError> {
        let wrong = || EncodeError::Time { id: Box::new(id.clone()), time: applied.to_owned() };
        let applied = seconds(applied).ok_or_else(wrong)?;
        if let Some(kept) = self.members.get_mut(&IdHash::of(id)) {
            (kept.entry.uid, kept.entry.applied) = (Uid::of(uid), applied);
        }
        Ok(())
    }

    /// Forgets a member that is proven gone, or another set's.
    pub fn remove(&mut self, id: &ObjectId) {
        self.members.remove(&IdHash::of(id));
    }

    /// The index and the shards. The result depends on what is recorded alone.
    ///
    /// # Errors
    /// See [`EncodeError`].
    pub fn encode(&self) -> Result<Encoded, EncodeError> {
        let pack = |lines: &[&[u8]]| shard::pack(lines).map_err(|error| EncodeError::Pack(error.to_string()));
        let mut kept: Vec<(IndexEntry, &[u8])> = Vec::with_capacity(self.members.len());
        for member in self.members.values() {
            let alone = member.line.len() > MAX_SHARD && pack(&[&member.line])?.is_none();
            kept.push((member.entry, if alone { &[] } else { &member.line }));
        }
        let mut number = self.shards;
        loop {
            let mut packed = Vec::new();
            for lines in spread(&kept, number).values() {
                packed.extend(pack(lines)?);
            }
            if packed.len() == usize::from(number) {
                return Ok(Encoded { index: index(&kept, number).encode(), shards: packed });
            }
            number = number.checked_mul(2).filter(|n| *n <= MAX_SHARDS).ok_or(EncodeError::TooLarge)?;
        }
    }
}

/// The lines of each shard; every shard has an entry.
fn spread<'l>(kept: &[(IndexEntry, &'l [u8])], shards: u16) -> BTreeMap<u16, Vec<&'l [u8]>> {
    let mut all: BTreeMap<u16, Vec<&[u8]>> = (1..=shards).map(|number| (number, Vec::new())).collect();
    for (entry, line) in kept.iter().filter(|(_, line)| !line.is_empty()) {
        all.entry(entry.id.shard(shards)).or_default().push(line);
    }
    all
}

fn index(kept: &[(IndexEntry, &[u8])], shards: u16) -> Index {
    let entry = |(entry, line): &(IndexEntry, &[u8])| {
        let shard = if line.is_empty() { 0 } else { entry.id.shard(shards) };
        IndexEntry { shard, ..*entry }
    };
    Index::new(kept.iter().map(entry).collect(), shards)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::encode::encode;
    use super::super::fixtures::{APPLIED, Hides, member};
    use super::*;

    const KEY: SetKey = SetKey::new([9; 32]);

    fn read_back(encoded: &Encoded) -> Ledger {
        let plain: Vec<Vec<u8>> = encoded.shards.iter().map(|shard| shard::unpack(shard).unwrap()).collect();
        Ledger::of(KEY, &Index::decode(&encoded.index).unwrap(), &plain)
    }

    #[test]
    fn what_is_not_touched_stays_byte_for_byte() {
        let members: Vec<Member> =
            (0..20).map(|n| member("ConfigMap", &format!("c{n}"), json!({"n": n.to_string()}))).collect();
        let before = encode(&members, &KEY, &Hides, 4).unwrap();
        let mut ledger = read_back(&before);
        assert_eq!(ledger.encode().unwrap(), before, "read and written");
        members.iter().for_each(|member| ledger.set(member, &Hides).unwrap());
        assert_eq!(ledger.encode().unwrap(), before, "recorded again as they were");
        ledger.set(&member("ConfigMap", "c7", json!({"n": "other"})), &Hides).unwrap();
        let after = ledger.encode().unwrap();
        let changed = before.shards.iter().zip(&after.shards).filter(|(a, b)| a != b).count();
        assert_eq!((changed, after.index != before.index), (1, true), "one shard and the index");
        let mut all = members.clone();
        all[7] = member("ConfigMap", "c7", json!({"n": "other"}));
        assert_eq!(after, encode(&all, &KEY, &Hides, 4).unwrap());
        all.iter().for_each(|member| ledger.remove(&member.id));
        assert_eq!(ledger.encode().unwrap(), encode(&[], &KEY, &Hides, 4).unwrap());
    }

    #[test]
    fn a_touched_member_keeps_what_was_applied() {
        let one = member("ConfigMap", "a", json!({"k": "v"}));
        let mut ledger = read_back(&encode(std::slice::from_ref(&one), &KEY, &Hides, 0).unwrap());
        ledger.touch(&one.id, "other-uid", "2026-05-05T05:05:05Z").unwrap();
        let index = Index::decode(&ledger.encode().unwrap().index).unwrap();
        let entry = index.get(IdHash::of(&one.id)).unwrap();
        assert_eq!(entry.uid, Uid::of("other-uid"));
        assert_eq!(entry.applied, seconds("2026-05-05T05:05:05Z").unwrap());
        assert_ne!(entry.applied, seconds(APPLIED).unwrap());
        let before = encode(std::slice::from_ref(&one), &KEY, &Hides, 0).unwrap();
        let after = ledger.encode().unwrap();
        assert_eq!(before.shards, after.shards);
        assert!(ledger.touch(&one.id, "u", "soon").is_err());
    }
}
