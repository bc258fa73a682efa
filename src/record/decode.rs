//! From the Secrets of a record to what it says. Anybody who may write Secrets in that namespace may have written them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::digest::{IdHash, ObjectDigest};
use super::index::{Index, IndexError};
use super::key::SetKey;
use super::{MAX_INDEX, MAX_SHARD, SECRET_TYPE, shard};
use crate::object::id::ObjectId;

/// Why a Secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another type of Secret stands where the record is expected.
    #[error("its type is {0:?}, expected is {SECRET_TYPE}")]
    Type(String),
    /// A part is missing or not what it should be.
    #[error("its data.{0} {1}")]
    Data(&'static str, String),
    /// The index.
    #[error("{0}")]
    Index(#[from] IndexError),
}

/// The index and the key of `gitops-<set>-base-0`. A snapshot without Secret values has no key.
///
/// # Errors
/// See [`DecodeError`].
pub fn index(secret: &Value) -> Result<(Index, Option<SetKey>), DecodeError> {
    let bytes = data(secret, "index", MAX_INDEX)?
        .ok_or_else(|| DecodeError::Data("index", "is missing".to_owned()))?;
    let index = Index::decode(&bytes)?;
    let key =
        match data(secret, "key", 64)? {
            None => None,
            Some(key) => Some(SetKey::from_slice(&key).ok_or_else(|| {
                DecodeError::Data("key", format!("has {} bytes, expected are 32", key.len()))
            })?),
        };
    Ok((index, key))
}

/// The plain text of one shard.
///
/// # Errors
/// See [`DecodeError`].
pub fn shard(secret: &Value) -> Result<Vec<u8>, DecodeError> {
    let wrong = |reason| DecodeError::Data("objects", reason);
    let packed = data(secret, "objects", MAX_SHARD)?.ok_or_else(|| wrong("is missing".to_owned()))?;
    shard::unpack(&packed).map_err(|reason| wrong(format!("cannot be read: {reason}")))
}

/// The wanted members of one shard, veiled as they were stored. With the key, only what it confirms is returned.
///
/// # Errors
/// See [`DecodeError`].
pub fn members(
    secret: &Value,
    key: Option<&SetKey>,
    wanted: &BTreeMap<IdHash, ObjectDigest>,
) -> Result<BTreeMap<IdHash, (ObjectId, Value)>, DecodeError> {
    let wrong = |reason| DecodeError::Data("objects", reason);
    let plain = shard(secret)?;
    let mut found =
        shard::members(&plain, wanted).map_err(|reason| wrong(format!("cannot be read: {reason}")))?;
    if let Some(key) = key {
        found.retain(|id, (_, object)| wanted.get(id) == Some(&ObjectDigest::of(key, *id, object)));
    }
    Ok(found)
}

/// One part of a Secret of ours; `None` if it is not there.
fn data(secret: &Value, name: &'static str, most: usize) -> Result<Option<Vec<u8>>, DecodeError> {
    let kind = secret.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind != SECRET_TYPE {
        return Err(DecodeError::Type(kind.chars().take(64).collect()));
    }
    let wrong = |reason: &str| DecodeError::Data(name, reason.to_owned());
    let text = match secret.get("data").and_then(|data| data.get(name)) {
        None => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(wrong("is no text")),
    };
    if text.len() > most.div_ceil(3) * 4 {
        return Err(DecodeError::Data(name, format!("is larger than {most} bytes")));
    }
    STANDARD.decode(text).map(Some).map_err(|_| wrong("is no base64"))
}

#[cfg(test)]
mod tests {
    use super::super::SetIdentity;
    use super::super::encode::{Member, encode, secrets};
    use super::super::fixtures::{APPLIED, Hides, UID, member};
    use super::super::veil;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const KEY: SetKey = SetKey::new([9; 32]);

    fn set() -> SetIdentity {
        SetIdentity { name: "shop".to_owned(), record_namespace: "default".to_owned() }
    }

    fn recorded(members: &[Member], shards: u16) -> Vec<Value> {
        secrets(&set(), &encode(members, &KEY, &Hides, shards).unwrap(), &KEY)
    }

    fn wanted(index: &Index) -> BTreeMap<IdHash, ObjectDigest> {
        index.entries().iter().map(|entry| (entry.id, entry.digest)).collect()
    }

    #[test]
    fn the_secrets_have_the_names_and_the_type_of_the_set() {
        let secrets = recorded(&[member("ConfigMap", "a", json!({}))], 2);
        let names: Vec<&str> = secrets.iter().map(|s| s["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["gitops-shop-base-0", "gitops-shop-base-1", "gitops-shop-base-2"]);
        assert!(
            secrets.iter().all(|s| s["type"] == "gitops/base" && s["metadata"]["namespace"] == "default")
        );
        let (index, key) = index(&secrets[0]).unwrap();
        assert_eq!((index.shards, index.entries().len(), key), (2, 1, Some(KEY)));
        assert_eq!(index.entries()[0].applied, super::super::digest::seconds(APPLIED).unwrap());
        assert_eq!(index.entries()[0].uid, super::super::digest::Uid::of(UID));
    }

    #[test]
    fn what_index_and_shard_do_not_agree_on_is_left_out() {
        let old =
            recorded(&[member("ConfigMap", "a", json!({"k": "1"})), member("ConfigMap", "b", json!({}))], 0);
        let new =
            recorded(&[member("ConfigMap", "a", json!({"k": "2"})), member("ConfigMap", "b", json!({}))], 0);
        let (newer, _) = index(&new[0]).unwrap();
        for key in [Some(&KEY), None] {
            let found = members(&old[1], key, &wanted(&newer)).unwrap();
            let names: Vec<&str> = found.values().map(|(id, _)| id.name.as_str()).collect();
            assert_eq!(names, ["b"]);
        }
        let other = SetKey::new([1; 32]);
        assert!(
            members(&new[1], Some(&other), &wanted(&newer)).unwrap().is_empty(),
            "forged without the key"
        );
    }

    #[test]
    fn what_is_not_of_this_format_is_named() {
        let good = recorded(&[member("ConfigMap", "a", json!({}))], 0);
        let with = |at: &str, value: Value| {
            let mut secret = good[0].clone();
            *secret.pointer_mut(at).unwrap() = value;
            index(&secret).unwrap_err().to_string()
        };
        assert_eq!(with("/type", json!("Opaque")), "its type is \"Opaque\", expected is gitops/base");
        assert_eq!(with("/data", json!({})), "its data.index is missing");
        assert_eq!(with("/data/index", json!(7)), "its data.index is no text");
        assert_eq!(with("/data/index", json!("%")), "its data.index is no base64");
        assert_eq!(
            with("/data/index", json!("A".repeat(2 << 20))),
            "its data.index is larger than 1047552 bytes"
        );
        assert_eq!(with("/data/key", json!("AAAA")), "its data.key has 3 bytes, expected are 32");
        let mut newer = STANDARD.decode(good[0]["data"]["index"].as_str().unwrap()).unwrap();
        newer[7] = 7;
        let text = with("/data/index", json!(STANDARD.encode(newer)));
        assert_eq!(text, "it has version 7 of the format, and this program reads version 1");
        let mut shard = good[1].clone();
        shard["data"]["objects"] = json!(STANDARD.encode("no shard"));
        let error = members(&shard, None, &BTreeMap::new()).unwrap_err().to_string();
        assert_eq!(error, "its data.objects cannot be read: it is not compressed as a shard is");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null)
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect()))
            ]
        })
    }

    proptest! {
        #[test]
        fn members_come_back_as_they_were(
            data in proptest::collection::btree_map("[a-z]{1,8}", value(), 0..12), shards in 0..4u16, secret in any::<bool>()
        ) {
            let kind = if secret { "Secret" } else { "ConfigMap" };
            let all: Vec<Member> =
                data.into_iter().map(|(name, data)| member(kind, &name, json!({"k": data}))).collect();
            let written = recorded(&all, shards);
            let (index, key) = index(&written[0]).unwrap();
            let mut found = BTreeMap::new();
            for shard in &written[1..] {
                found.extend(members(shard, key.as_ref(), &wanted(&index)).unwrap());
            }
            prop_assert_eq!(found.len(), all.len());
            for member in all {
                let (id, mut object) = found.remove(&IdHash::of(&member.id)).unwrap();
                prop_assert_eq!(&id, &member.id);
                veil::unveil(&KEY, &id, &mut object, &[&member.object]);
                prop_assert_eq!(object, member.object);
            }
        }
    }
}
