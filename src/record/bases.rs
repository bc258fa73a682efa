//! Which recorded object is the base of a live one.
//!
//! An entry is the base only if it was written for this very object, and if nobody applied the object under our name since:
//! its uid and its Apply time are those of the live object. Where the recorded digest is that of the desired object, the two
//! are equal and no shard is read for it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::digest::{IdHash, ObjectDigest, Uid, canonical};
use super::index::{Index, IndexEntry};
use super::key::SetKey;
use super::opened::Stored;
use super::veil::{Hidden, holds_veiled, unveil, veil};
use crate::object::id::ObjectId;

/// What of a live object decides about its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Its uid.
    pub uid: Uid,
    /// The time of our Apply entry in seconds since 1970; `None` if there is no such entry.
    pub time: Option<u32>,
}

/// What the record says of one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It has no entry.
    Nothing,
    /// It has one, and the object was applied since by a run that could not record it.
    Stale,
    /// It has one, and what was applied is not at hand.
    Unkept,
    /// What was applied last is exactly the desired object.
    Unchanged,
    /// What was applied last, with secret values where somebody at hand has them.
    Object(Box<Value>),
}

/// The stored bases of a set, as far as they were read.
#[derive(Debug, Clone, Default)]
pub struct Bases {
    index: Index,
    key: Option<SetKey>,
    unchanged: BTreeSet<IdHash>,
    objects: BTreeMap<IdHash, (ObjectId, Value)>,
}

/// Sets that are smaller are digested on one thread.
const WORTH_A_THREAD: usize = 400;

impl Bases {
    /// The bases of a record whose shards are not read yet, compared with the desired objects. Without a key no digest can be
    /// compared, and every member's shard is wanted. Each desired object is made when it is looked at, and dropped again.
    pub fn new(
        stored: Stored,
        desired: &[(&ObjectId, impl Fn() -> Value + Sync)],
        hidden: &dyn Hidden,
    ) -> Self {
        let Stored { index, key } = stored;
        let mut bases = Self { index, key, ..Self::default() };
        if bases.key.is_some() {
            let (first, second) =
                desired.split_at(if desired.len() < WORTH_A_THREAD { 0 } else { desired.len() / 2 });
            bases.unchanged = std::thread::scope(|scope| {
                let other = scope.spawn(|| bases.equal(first, hidden));
                let mut unchanged = bases.equal(second, hidden);
                match other.join() {
                    Ok(more) => unchanged.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
                unchanged
            });
        }
        bases
    }

    /// The desired objects whose digest is the recorded one.
    fn equal(&self, desired: &[(&ObjectId, impl Fn() -> Value)], hidden: &dyn Hidden) -> BTreeSet<IdHash> {
        let Some(key) = &self.key else { return BTreeSet::new() };
        let equal = desired.iter().filter_map(|(id, object)| {
            let hash = IdHash::of(id);
            let entry = self.index.get(hash)?;
            let digest = ObjectDigest::of(key, hash, &veil(key, id, &object(), hidden));
            (digest == entry.digest).then_some(hash)
        });
        equal.collect()
    }

    /// True if the record has an entry for the object.
    pub fn has(&self, id: &ObjectId) -> bool {
        self.index.get(IdHash::of(id)).is_some()
    }

    /// The entry of an object that Git did not move since, as bytes: the same bytes are the same entry.
    pub fn unchanged(&self, id: &ObjectId) -> Option<Vec<u8>> {
        let hash = IdHash::of(id);
        let entry = self.index.get(hash).filter(|_| self.unchanged.contains(&hash))?;
        Some([&entry.digest.0[..], &entry.uid.0[..], &entry.applied.to_le_bytes()].concat())
    }

    /// True if the object has an entry, moved in Git since, and what was applied is kept.
    pub fn is_moved(&self, id: &ObjectId) -> bool {
        let hash = IdHash::of(id);
        self.index.get(hash).is_some_and(|entry| entry.shard > 0 && !self.unchanged.contains(&hash))
    }

    /// The shard that has to be read for an object: it moved in Git, and its entry may be believed or belongs to an earlier
    /// object of the name.
    pub fn shard_of(&self, id: &ObjectId, live: Applied) -> Option<u16> {
        let hash = IdHash::of(id);
        let entry = self.index.get(hash)?;
        let wanted = !self.unchanged.contains(&hash) && !is_stale(entry, live);
        (wanted && entry.shard > 0).then_some(entry.shard)
    }

    /// The shard that has to be read for a member that is gone and moved in Git.
    pub fn shard_of_absent(&self, id: &ObjectId) -> Option<u16> {
        let hash = IdHash::of(id);
        let entry = self.index.get(hash)?;
        (!self.unchanged.contains(&hash) && entry.shard > 0).then_some(entry.shard)
    }

    /// What was applied last of an object that is gone, if it is at hand; secret values that nobody has stay veiled.
    pub fn find_absent(&self, id: &ObjectId, desired: &Value) -> Option<Value> {
        let hash = IdHash::of(id);
        self.index.get(hash)?;
        if self.unchanged.contains(&hash) {
            return Some(desired.clone());
        }
        let (_, recorded) = self.objects.get(&hash).filter(|(of, _)| of == id)?;
        let mut object = recorded.clone();
        if let Some(key) = &self.key {
            unveil(key, id, &mut object, &[desired]);
        }
        Some(object)
    }

    /// The digests that the members of a shard have in the index.
    pub fn wanted_of(&self, shard: u16) -> BTreeMap<IdHash, ObjectDigest> {
        let of_shard = self.index.entries().iter().filter(|entry| entry.shard == shard);
        of_shard.filter(|e| !self.unchanged.contains(&e.id)).map(|e| (e.id, e.digest)).collect()
    }

    /// The key that confirms what shards hold.
    pub fn key(&self) -> Option<&SetKey> {
        self.key.as_ref()
    }

    /// Adds what was read of a shard.
    pub fn add(&mut self, members: BTreeMap<IdHash, (ObjectId, Value)>) {
        self.objects.extend(members);
    }

    /// True if the entry was written for another object of this name.
    pub fn is_recreated(&self, id: &ObjectId, live: Applied) -> bool {
        self.index.get(IdHash::of(id)).is_some_and(|entry| entry.uid != live.uid)
    }

    /// What the record says of a live object.
    pub fn find(&self, id: &ObjectId, desired: &Value, live: &Value, applied: Applied) -> Found {
        let hash = IdHash::of(id);
        let Some(entry) = self.index.get(hash) else { return Found::Nothing };
        if is_stale(entry, applied) {
            return Found::Stale;
        }
        if self.unchanged.contains(&hash) {
            return Found::Unchanged;
        }
        let Some((_, recorded)) = self.objects.get(&hash).filter(|(of, _)| of == id) else {
            return Found::Unkept;
        };
        match &self.key {
            None if holds_veiled(recorded) => Found::Unkept,
            None if canonical(recorded) == canonical(desired) => Found::Unchanged,
            None => Found::Object(Box::new(recorded.clone())),
            Some(key) => {
                let mut object = recorded.clone();
                unveil(key, id, &mut object, &[desired, live]);
                Found::Object(Box::new(object))
            }
        }
    }
}

/// True if somebody applied the object under our name since, or took our entry away. An earlier object of the name has its
/// own times, which prove nothing.
fn is_stale(entry: &IndexEntry, live: Applied) -> bool {
    entry.uid == live.uid && live.time != Some(entry.applied)
}

#[cfg(test)]
mod tests {
    use super::super::SetIdentity;
    use super::super::decode;
    use super::super::digest::seconds;
    use super::super::encode::{Member, encode, secrets};
    use super::super::fixtures::{APPLIED, Hides, UID, id, member};
    use super::*;
    use serde_json::json;

    /// Bases of these members with everything read, compared with the desired objects.
    fn bases(members: &[Member], desired: &[&Member], with_key: bool) -> Bases {
        let key = SetKey::new([9; 32]);
        let set = SetIdentity { name: "s".to_owned(), record_namespace: "n".to_owned() };
        let secrets = secrets(&set, &encode(members, &key, &Hides, 2).unwrap(), &key);
        let (index, key) = decode::index(&secrets[0]).unwrap();
        let stored = Stored { index, key: key.filter(|_| with_key) };
        let objects: Vec<_> = desired.iter().map(|m| (&m.id, || m.object.clone())).collect();
        let mut bases = Bases::new(stored, &objects, &Hides);
        for number in 1..=2 {
            let wanted = bases.wanted_of(number);
            let found = decode::members(&secrets[usize::from(number)], bases.key(), &wanted).unwrap();
            bases.add(found);
        }
        bases
    }

    fn applied(uid: &str, time: &str) -> Applied {
        Applied { uid: Uid::of(uid), time: seconds(time) }
    }

    #[test]
    fn an_entry_is_the_base_only_of_the_object_and_the_apply_it_was_written_for() {
        let old = member("ConfigMap", "a", json!({"k": "1"}));
        let new = member("ConfigMap", "a", json!({"k": "2"}));
        let bases = bases(std::slice::from_ref(&old), &[&new], true);
        let find = |live| bases.find(&new.id, &new.object, &new.object, live);
        assert_eq!(find(applied(UID, APPLIED)), Found::Object(Box::new(old.object.clone())));
        assert_eq!(find(applied(UID, "2026-11-21T10:00:01Z")), Found::Stale, "applied since");
        assert_eq!(find(applied(UID, "")), Found::Stale, "our entry was taken away");
        let other = applied("another", "2026-11-22T10:00:00Z");
        assert_eq!(find(other), Found::Object(Box::new(old.object.clone())), "shown, and marked:");
        assert!(bases.is_recreated(&new.id, other) && !bases.is_recreated(&new.id, applied(UID, APPLIED)));
        assert_eq!(bases.find(&id("ConfigMap", "b"), &new.object, &new.object, other), Found::Nothing);
    }

    #[test]
    fn an_object_that_git_did_not_move_needs_no_shard() {
        let same = member("ConfigMap", "same", json!({"k": "1"}));
        let moved = member("ConfigMap", "moved", json!({"k": "1"}));
        let now = member("ConfigMap", "moved", json!({"k": "2"}));
        let live = applied(UID, APPLIED);
        let known = bases(&[same.clone(), moved.clone()], &[&same, &now], true);
        assert_eq!(known.shard_of(&same.id, live), None);
        assert_eq!(known.shard_of(&now.id, live), Some(IdHash::of(&now.id).shard(2)));
        assert_eq!(
            known.shard_of(&now.id, applied(UID, "2026-11-21T10:00:01Z")),
            None,
            "its entry is not believed"
        );
        assert_eq!(known.find(&same.id, &same.object, &json!({"live": 1}), live), Found::Unchanged);
        let unkeyed = bases(&[same.clone(), moved.clone()], &[&same, &now], false);
        assert!(unkeyed.shard_of(&same.id, live).is_some(), "without the key no digest can be compared");
        assert_eq!(unkeyed.find(&same.id, &same.object, &same.object, live), Found::Unchanged);
        assert_eq!(
            unkeyed.find(&now.id, &now.object, &now.object, live),
            Found::Object(Box::new(moved.object))
        );
    }

    #[test]
    fn secret_values_are_compared_by_digest_and_without_the_key_not_at_all() {
        let secret = |a: &str, b: &str| member("Secret", "s", json!({"a": a, "b": b}));
        let (base, git, live) = (secret("MQ==", "MQ=="), secret("Mg==", "MQ=="), secret("MQ==", "Mw=="));
        let at = applied(UID, APPLIED);
        let known = bases(std::slice::from_ref(&base), &[&git], true);
        assert_eq!(
            known.find(&git.id, &git.object, &live.object, at),
            Found::Object(Box::new(base.object.clone()))
        );
        let Found::Object(object) = known.find(&git.id, &git.object, &git.object, at) else {
            panic!("it is kept")
        };
        assert!(holds_veiled(&object["data"]["a"]), "nobody holds the old value");
        let unkeyed = bases(&[base], &[&git], false);
        assert_eq!(unkeyed.find(&git.id, &git.object, &live.object, at), Found::Unkept);
    }
}
