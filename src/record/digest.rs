//! Short digests of identities, objects and uids, and the bytes that they are taken of.

use std::io::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::key::SetKey;
use super::veil::{Hidden, veil};
use crate::object::digest::hex;
use crate::object::id::ObjectId;

/// Eight bytes of SHA-256 over group, kind, namespace and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IdHash(pub [u8; 8]);

impl IdHash {
    /// The hash of an identity.
    pub fn of(id: &ObjectId) -> Self {
        let mut hash = Sha256::new();
        for part in [&id.group, &id.kind, &id.namespace, &id.name] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(first(&hash.finalize()))
    }

    /// The shard of `shards` in which the object lives: 1 to `shards`.
    pub fn shard(self, shards: u16) -> u16 {
        let place = u64::from_le_bytes(self.0) % u64::from(shards.max(1));
        u16::try_from(place + 1).unwrap_or(u16::MAX)
    }
}

/// Eight bytes of a keyed digest of a prepared and veiled object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectDigest(pub [u8; 8]);

impl ObjectDigest {
    /// The digest of an object whose secret values are veiled.
    pub fn of(key: &SetKey, id: IdHash, veiled: &Value) -> Self {
        Self(first(&key.mac("object", &[&id.0, &canonical(veiled)])))
    }

    /// In hexadecimal digits.
    pub fn text(self) -> String {
        hex(&self.0)
    }
}

/// A digest of all objects of a render, in the order of identity.
pub fn of_render<'i>(
    key: &SetKey,
    objects: impl Iterator<Item = (&'i ObjectId, Value)>,
    hidden: &dyn Hidden,
) -> String {
    let parts: Vec<Vec<u8>> = objects
        .map(|(id, object)| {
            let hash = IdHash::of(id);
            [hash.0, ObjectDigest::of(key, hash, &veil(key, id, &object, hidden)).0].concat()
        })
        .collect();
    hex(&key.mac("render", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())[..16])
}

/// Sixteen bytes of a keyed digest of some parts, in hexadecimal digits; `purpose` keeps digests for one thing from being those
/// for another.
pub fn keyed(key: &SetKey, purpose: &str, parts: &[&[u8]]) -> String {
    hex(&key.mac(purpose, parts)[..16])
}

/// A uid in sixteen bytes: those that a UUID spells, of another text the first of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uid(pub [u8; 16]);

impl Uid {
    /// The bytes of a uid.
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
        Self(uuid(text).unwrap_or(bytes))
    }
}

/// The bytes of a UUID in its usual spelling, as Kubernetes writes it.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    let usual = bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(byte),
        });
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    usual.then(|| u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)).flatten()
}

/// Seconds since 1970 of an RFC 3339 time. Times of managedFields have whole seconds; four bytes reach to 2106.
pub fn seconds(time: &str) -> Option<u32> {
    let time: jiff::Timestamp = time.parse().ok()?;
    u32::try_from(time.as_second()).ok()
}

/// A value as JSON without blanks, keys in order: the same bytes for the same value however it is kept in memory.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write(value, &mut bytes);
    bytes
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            out.push(b'{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                scalar(&Value::from(key.as_str()), out);
                out.push(b':');
                write(value, out);
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        other => scalar(other, out),
    }
}

fn scalar(value: &Value, out: &mut Vec<u8>) {
    // Writing into memory does not fail.
    let _ = write!(out, "{value}");
}

fn first(bytes: &[u8]) -> [u8; 8] {
    let mut head = [0; 8];
    head.copy_from_slice(&bytes[..8]);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    #[test]
    fn the_same_object_has_the_same_digest_and_another_has_another() {
        let id = |group: &str, name: &str| IdHash::of(&ObjectId::new(&Gvk::new(group, "v1", "K"), "n", name));
        assert_eq!(id("", "a"), IdHash::of(&ObjectId::new(&Gvk::new("", "v2", "K"), "n", "a")));
        assert_ne!(id("", "a"), id("", "b"));
        assert_ne!(id("g", "a"), id("", "a"));
        let key = SetKey::new([1; 32]);
        let digest = |object: Value| ObjectDigest::of(&key, id("", "a"), &object);
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(digest(parse(r#"{"a": 1, "b": "x"}"#)), digest(parse(r#"{"b": "x", "a": 1}"#)));
        assert_ne!(digest(json!({"a": 1})), digest(json!({"a": "1"})));
        assert_ne!(digest(json!({"a": 1})), ObjectDigest::of(&key, id("", "b"), &json!({"a": 1})));
        assert_ne!(digest(json!({})), ObjectDigest::of(&SetKey::new([2; 32]), id("", "a"), &json!({})));
        assert_eq!(canonical(&parse(r#"{"b":[1,null,"\u000a"], "a":{}}"#)), br#"{"a":{},"b":[1,null,"\n"]}"#);
    }

    #[test]
    fn uids_and_times_are_kept_in_few_bytes() {
        let uid = Uid::of("00010203-0405-0607-0809-0a0b0c0d0e0f");
        assert_eq!(uid.0, std::array::from_fn::<u8, 16, _>(|at| at as u8));
        assert_ne!(Uid::of("00010203-0405-0607-0809-0A0B0C0D0E0F"), uid, "another text is another uid");
        assert_ne!(Uid::of(""), Uid::of("x"));
        assert_eq!(seconds("2026-11-21T10:00:00Z"), Some(1_795_255_200));
        assert_eq!(seconds("2026-11-21T12:00:00+02:00"), Some(1_795_255_200));
        for wrong in ["", "yesterday", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shards_are_numbered_from_one() {
        let hashes = (0..=255).map(|byte| IdHash([byte, 7, 1, 0, 0, 0, 0, 0]));
        assert!(hashes.clone().all(|hash| (1..=3).contains(&hash.shard(3))));
        assert!(hashes.clone().all(|hash| hash.shard(1) == 1 && hash.shard(0) == 1));
    }
}
