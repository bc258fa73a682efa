//! The index of the stored bases: 38 bytes a member, so that 20,000 members fit into one Secret with room to spare.
//!
//! All numbers are little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `GITOPSB` and the version of the format, 1 |
//! | 4, 2, 2 | number of entries, number of shards, zero |
//! | 38 each | hash of the identity (8), digest of the object (8), uid (16), Apply time in seconds (4), shard or 0 (2) |
//! | 8 | first bytes of the SHA-256 of everything before |
//!
//! Entries ascend by their hash, each hash once.

use sha2::{Digest as _, Sha256};

use super::MAX_INDEX;
use super::digest::{IdHash, ObjectDigest, Uid};

const MAGIC: &[u8; 7] = b"GITOPSB";
const VERSION: u8 = 1;
const HEAD: usize = 16;
const ENTRY: usize = 38;
const CHECK: usize = 8;

/// Most members of a set.
pub const MAX_MEMBERS: usize = (MAX_INDEX - HEAD - CHECK) / ENTRY;

/// What the index says of one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexEntry {
    /// Whose entry it is.
    pub id: IdHash,
    /// Digest of the object as it was last applied.
    pub digest: ObjectDigest,
    /// Uid of the object that was written.
    pub uid: Uid,
    /// Time of our Apply entry after the write, in seconds since 1970.
    pub applied: u32,
    /// The shard that holds the object; 0 if it is not kept.
    pub shard: u16,
}

/// The members of a set in the order of their hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    entries: Vec<IndexEntry>,
    /// Number of shards.
    pub shards: u16,
}

/// Why bytes are no index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Another version of this program wrote it.
    #[error("it has version {0} of the format, and this program reads version {VERSION}")]
    Version(u8),
    /// Everything else.
    #[error("it is damaged: {0}")]
    Damaged(&'static str),
}

impl Index {
    /// An index of these entries. Two with one hash cannot be told apart, and both are left out.
    pub fn new(mut entries: Vec<IndexEntry>, shards: u16) -> Self {
        entries.sort_by_key(|entry| entry.id);
        let twice: Vec<IdHash> =
            entries.windows(2).filter(|pair| pair[0].id == pair[1].id).map(|pair| pair[0].id).collect();
        entries.retain(|entry| twice.binary_search(&entry.id).is_err());
        Self { entries, shards }
    }

    /// All entries.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// The entry of a member.
    pub fn get(&self, id: IdHash) -> Option<&IndexEntry> {
        let at = self.entries.binary_search_by_key(&id, |entry| entry.id).ok()?;
        Some(&self.entries[at])
    }

    /// The index as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + ENTRY * self.entries.len() + CHECK);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&u32::try_from(self.entries.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(&self.shards.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.id.0);
            bytes.extend_from_slice(&entry.digest.0);
            bytes.extend_from_slice(&entry.uid.0);
            bytes.extend_from_slice(&entry.applied.to_le_bytes());
            bytes.extend_from_slice(&entry.shard.to_le_bytes());
        }
        let check = checksum(&bytes);
        bytes.extend_from_slice(&check);
        bytes
    }

    /// Reads an index from bytes that anybody may have written.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, IndexError> {
        let damaged = |what| Err(IndexError::Damaged(what));
        let mut rest = Reader(bytes);
        if rest.take::<7>().as_ref() != Some(MAGIC) {
            return damaged("it does not begin as an index does");
        }
        match rest.take::<1>() {
            Some([VERSION]) => {}
            Some([other]) => return Err(IndexError::Version(other)),
            None => return damaged("it is cut short"),
        }
        let (Some(count), Some(shards), Some(_)) = (rest.take(), rest.take(), rest.take::<2>()) else {
            return damaged("it is cut short");
        };
        let (count, shards) = (u32::from_le_bytes(count), u16::from_le_bytes(shards));
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(ENTRY));
        if length.and_then(|length| length.checked_add(CHECK)) != Some(rest.0.len()) {
            return damaged("its length is not that of its entries");
        }
        if rest.0[rest.0.len() - CHECK..] != checksum(&bytes[..bytes.len() - CHECK]) {
            return damaged("its checksum is another");
        }
        let mut entries = Vec::new();
        while rest.0.len() > CHECK {
            let Some(entry) = entry(&mut rest) else { return damaged("it is cut short") };
            if entry.shard > shards {
                return damaged("it names a shard that does not exist");
            }
            entries.push(entry);
        }
        match entries.is_sorted_by(|a, b| a.id < b.id) {
            true => Ok(Self { entries, shards }),
            false => damaged("its entries are not in order"),
        }
    }
}

fn entry(rest: &mut Reader<'_>) -> Option<IndexEntry> {
    Some(IndexEntry {
        id: IdHash(rest.take()?),
        digest: ObjectDigest(rest.take()?),
        uid: Uid(rest.take()?),
        applied: u32::from_le_bytes(rest.take()?),
        shard: u16::from_le_bytes(rest.take()?),
    })
}

fn checksum(bytes: &[u8]) -> [u8; CHECK] {
    let mut check = [0; CHECK];
    check.copy_from_slice(&Sha256::digest(bytes)[..CHECK]);
    check
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(hash: u64) -> IndexEntry {
        IndexEntry {
            id: IdHash(hash.to_be_bytes()),
            digest: ObjectDigest((hash ^ 5).to_le_bytes()),
            uid: Uid([hash as u8; 16]),
            applied: hash as u32,
            shard: (hash % 3) as u16,
        }
    }

    #[test]
    fn twenty_thousand_members_fit_into_a_secret() {
        let index = Index::new((0..20_000).map(entry).collect(), 2);
        let bytes = index.encode();
        assert_eq!(bytes.len(), 16 + 20_000 * 38 + 8);
        assert!(bytes.len() <= MAX_INDEX && MAX_INDEX < 1 << 20);
        assert_eq!(Index::decode(&bytes).unwrap(), index);
        const { assert!(MAX_MEMBERS >= 20_000) };
    }

    #[test]
    fn members_that_cannot_be_told_apart_are_left_out() {
        let index = Index::new(vec![entry(2), entry(1), entry(2)], 2);
        assert_eq!(index.entries(), [entry(1)]);
        assert_eq!(index.get(entry(2).id), None);
        assert_eq!(index.get(entry(1).id), Some(&entry(1)));
    }

    #[test]
    fn what_is_no_index_is_an_error_and_another_version_says_so() {
        let bytes = Index::new(vec![entry(1), entry(2)], 2).encode();
        for end in 0..bytes.len() {
            assert!(matches!(Index::decode(&bytes[..end]), Err(IndexError::Damaged(_))), "cut at {end}");
        }
        let mut newer = bytes.clone();
        newer[7] = 2;
        let error = Index::decode(&newer).unwrap_err();
        assert_eq!(error.to_string(), "it has version 2 of the format, and this program reads version 1");
        let rewritten = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut body = bytes[..bytes.len() - CHECK].to_vec();
            change(&mut body);
            let check = checksum(&body);
            body.extend_from_slice(&check);
            Index::decode(&body).unwrap_err().to_string()
        };
        assert!(rewritten(&|b| b[12] = 0).contains("a shard that does not exist"));
        assert!(rewritten(&|b| b[8] = 9).contains("its length"));
        assert!(rewritten(&|b| b[8..12].fill(255)).contains("its length"));
        assert!(rewritten(&|b| b.copy_within(HEAD..HEAD + ENTRY, HEAD + ENTRY)).contains("not in order"));
    }

    proptest! {
        #[test]
        fn an_index_survives_and_a_changed_byte_does_not(
            hashes in proptest::collection::btree_set(any::<u64>(), 0..40), at in any::<prop::sample::Index>(), flip in 1..=255u8
        ) {
            let index = Index::new(hashes.into_iter().map(entry).collect(), 2);
            let mut bytes = index.encode();
            prop_assert_eq!(Index::decode(&bytes), Ok(index));
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            prop_assert!(Index::decode(&bytes).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let head = [&MAGIC[..], &[VERSION]].concat();
            let _ = Index::decode(&bytes);
            prop_assert!(Index::decode(&[&head[..], &bytes].concat()).is_err());
        }
    }
}
