//! From members to the Secrets that hold them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::index::MAX_MEMBERS;
use super::key::SetKey;
use super::ledger::Ledger;
use super::veil::Hidden;
use super::{SECRET_TYPE, SetIdentity};
use crate::object::id::ObjectId;

/// Most shards of a set.
pub(super) const MAX_SHARDS: u16 = 1024;

/// A member to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its identity.
    pub id: ObjectId,
    /// The prepared object that Git asked for and the cluster then had; values may be veiled already.
    pub object: Value,
    /// Its uid after the write.
    pub uid: String,
    /// The time of our Apply entry after the write, as the server wrote it.
    pub applied: String,
}

/// The stored bases of a set as bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The index.
    pub index: Vec<u8>,
    /// The shards, the first of them number 1.
    pub shards: Vec<Vec<u8>>,
}

/// Why members cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// More than an index holds.
    #[error("the set has {0} members; a record holds {MAX_MEMBERS} at most")]
    TooMany(usize),
    /// The server's time is no time.
    #[error("{id}: the time of its Apply entry is {time:?}; expected is a time as in 2026-01-31T12:00:00Z")]
    Time {
        /// The member.
        id: Box<ObjectId>,
        /// What stood there.
        time: String,
    },
    /// The shards do not come out small enough.
    #[error("the members do not fit into {MAX_SHARDS} shards")]
    TooLarge,
    /// Compressing or writing JSON failed.
    #[error("the members cannot be packed: {0}")]
    Pack(String),
}

/// Encodes the members of a set, in any order; the result depends on what they are alone. `shards` is the number that the
/// set has now (0 for a new one): it never shrinks, so that objects stay where they are.
///
/// An object that is larger than a shard is recorded by its digest alone.
///
/// # Errors
/// See [`EncodeError`].
pub fn encode(
    members: &[Member],
    key: &SetKey,
    hidden: &dyn Hidden,
    shards: u16,
) -> Result<Encoded, EncodeError> {
    if members.len() > MAX_MEMBERS {
        return Err(EncodeError::TooMany(members.len()));
    }
    let mut ledger = Ledger::new(key.clone(), shards);
    members.iter().try_for_each(|member| ledger.set(member, hidden))?;
    ledger.encode()
}

/// The Secrets of a set's bases, the index first.
pub fn secrets(set: &SetIdentity, encoded: &Encoded, key: &SetKey) -> Vec<Value> {
    let text = |bytes: &[u8]| Value::from(STANDARD.encode(bytes));
    let index = json!({"index": text(&encoded.index), "key": text(key.expose())});
    let shards = encoded.shards.iter().map(|shard| json!({"objects": text(shard)}));
    let data = std::iter::once(index).chain(shards);
    (0..).zip(data).map(|(number, data)| secret(set, number, data)).collect()
}

fn secret(set: &SetIdentity, number: u16, data: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": set.base_name(number),
            "namespace": set.record_namespace,
            "labels": {"app.kubernetes.io/managed-by": "gitops"},
        },
        "type": SECRET_TYPE,
        "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::super::digest::IdHash;
    use super::super::fixtures::{Hides, member};
    use super::super::index::Index;
    use super::super::shard;
    use super::*;

    const KEY: SetKey = SetKey::new([9; 32]);

    #[test]
    fn the_same_members_give_the_same_bytes_in_any_order() {
        let mut members: Vec<Member> =
            (0..50).map(|n| member("ConfigMap", &format!("c{n}"), json!({"n": n.to_string()}))).collect();
        let first = encode(&members, &KEY, &Hides, 0).unwrap();
        members.reverse();
        assert_eq!(encode(&members, &KEY, &Hides, 0).unwrap(), first);
        assert_eq!(first.shards.len(), 1);
        assert_eq!(
            encode(&members, &KEY, &Hides, 3).unwrap().shards.len(),
            3,
            "a set never gets fewer shards"
        );
        assert_eq!(encode(&[], &KEY, &Hides, 0).unwrap().shards.len(), 1);
    }

    #[test]
    fn large_sets_get_more_shards_and_a_huge_object_only_a_digest() {
        // Text that does not compress: hexadecimal digits of digests.
        let noise = |seed: usize, bytes: usize| -> String {
            use sha2::Digest as _;
            let blocks = (0..bytes / 64).map(|n| sha2::Sha256::digest(format!("{seed}/{n}")));
            blocks
                .flat_map(|block| block.into_iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>())
                .collect()
        };
        let mut members: Vec<Member> = (0..30)
            .map(|n| member("ConfigMap", &format!("c{n}"), json!({"text": noise(n, 200_000)})))
            .collect();
        members.push(member("ConfigMap", "huge", json!({"text": noise(99, 3_000_000)})));
        let encoded = encode(&members, &KEY, &Hides, 0).unwrap();
        assert!(encoded.shards.len() >= 4, "{}", encoded.shards.len());
        assert!(encoded.shards.iter().all(|shard| shard.len() <= super::super::MAX_SHARD));
        let index = Index::decode(&encoded.index).unwrap();
        for member in &members {
            let id = IdHash::of(&member.id);
            let expected = if member.id.name == "huge" { 0 } else { id.shard(index.shards) };
            assert_eq!(index.get(id).unwrap().shard, expected, "{}", member.id);
        }
    }

    #[test]
    fn what_cannot_be_recorded_is_an_error() {
        let mut wrong = member("ConfigMap", "c", json!({}));
        wrong.applied = "yesterday".to_owned();
        let error = encode(&[wrong], &KEY, &Hides, 0).unwrap_err().to_string();
        assert!(
            error.starts_with("ConfigMap shop/c: the time of its Apply entry is \"yesterday\""),
            "{error}"
        );
        let many = vec![member("ConfigMap", "c", json!({})); MAX_MEMBERS + 1];
        assert!(matches!(encode(&many, &KEY, &Hides, 0), Err(EncodeError::TooMany(_))));
    }

    #[test]
    fn no_value_of_a_secret_gets_into_a_record() {
        let members = [member("Secret", "s", json!({"k": "c3VwZXJzZWNyZXQ="}))];
        let encoded = encode(&members, &KEY, &Hides, 0).unwrap();
        let plain = shard::unpack(&encoded.shards[0]).unwrap();
        let text = String::from_utf8(plain).unwrap();
        assert!(text.contains("hmac-sha256:") && !text.contains("c3VwZXJzZWNyZXQ"), "{text}");
    }
}
