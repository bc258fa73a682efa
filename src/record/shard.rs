//! A shard: members as JSON, one a line, compressed.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::MAX_SHARD;
use super::digest::{IdHash, ObjectDigest};
use crate::object::id::{Gvk, ObjectId};

/// Most bytes of a shard before it is compressed, so that what is read stays in bounds whatever it unpacks to.
pub(super) const MAX_PLAIN: usize = 16 << 20;
/// Twice the window of the level that is written; a larger one asks for more memory than a shard is worth.
const MAX_WINDOW_LOG: u32 = 22;
const LEVEL: i32 = 3;

#[derive(Serialize, Deserialize)]
struct Line<'l> {
    /// Group, kind, namespace and name.
    id: [String; 4],
    /// The digest that the index has of this object, in hexadecimal digits.
    digest: String,
    #[serde(borrow)]
    object: &'l RawValue,
}

/// One member as a line.
pub(super) fn line(
    id: &ObjectId,
    digest: ObjectDigest,
    veiled: &Value,
) -> Result<Vec<u8>, serde_json::Error> {
    let object = serde_json::value::to_raw_value(veiled)?;
    let id = [&id.group, &id.kind, &id.namespace, &id.name].map(Clone::clone);
    let mut line = serde_json::to_vec(&Line { id, digest: digest.text(), object: &object })?;
    line.push(b'\n');
    Ok(line)
}

/// Compresses lines. `None` if the result is larger than a shard may be.
pub(super) fn pack(lines: &[&[u8]]) -> std::io::Result<Option<Vec<u8>>> {
    let plain = lines.concat();
    if plain.len() > MAX_PLAIN {
        return Ok(None);
    }
    let packed = zstd::bulk::compress(&plain, LEVEL)?;
    Ok((packed.len() <= MAX_SHARD).then_some(packed))
}

/// Unpacks a shard that anybody may have written.
///
/// # Errors
/// What is wrong with it.
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, String> {
    if packed.len() > MAX_SHARD {
        return Err(format!("it is larger than {} KiB", MAX_SHARD / 1024));
    }
    let mut decoder =
        zstd::stream::read::Decoder::with_buffer(packed).map_err(|_| "it is not compressed as a shard is")?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    let read = decoder.take(MAX_PLAIN as u64 + 1).read_to_end(&mut plain);
    read.map_err(|_| "it is not compressed as a shard is")?;
    if plain.len() > MAX_PLAIN {
        Err(format!("it unpacks to more than {} MiB", MAX_PLAIN >> 20))
    } else {
        Ok(plain)
    }
}

/// The lines of an unpacked shard with whose they are and the digest that they name; what is no member is left out.
pub(super) fn lines(plain: &[u8]) -> impl Iterator<Item = (IdHash, String, Vec<u8>)> {
    plain.split_inclusive(|byte| *byte == b'\n').filter_map(|text| {
        let line: Line<'_> = serde_json::from_slice(text).ok()?;
        let [group, kind, namespace, name] = &line.id;
        let id = ObjectId::new(&Gvk::new(group, "", kind), namespace, name);
        Some((IdHash::of(&id), line.digest, text.to_vec()))
    })
}

/// The wanted members of an unpacked shard. One whose digest is not the one the index has is left out: index and shard were
/// not written by the same run.
///
/// # Errors
/// What is wrong with it.
pub(super) fn members(
    plain: &[u8],
    wanted: &BTreeMap<IdHash, ObjectDigest>,
) -> Result<BTreeMap<IdHash, (ObjectId, Value)>, String> {
    let mut found = BTreeMap::new();
    let lines = plain.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    for (number, text) in lines.enumerate() {
        let wrong = |_| format!("line {} is no member", number + 1);
        let line: Line<'_> = serde_json::from_slice(text).map_err(wrong)?;
        let [group, kind, namespace, name] = &line.id;
        let id = ObjectId::new(&Gvk::new(group, "", kind), namespace, name);
        let hash = IdHash::of(&id);
        if wanted.get(&hash).is_some_and(|digest| digest.text() == line.digest) {
            let object = serde_json::from_str(line.object.get()).map_err(wrong)?;
            found.insert(hash, (id, object));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_unpacks_without_end_is_refused() {
        let bomb = zstd::bulk::compress(&vec![b' '; MAX_PLAIN + 1], LEVEL).unwrap();
        assert!(bomb.len() < 4096, "{}", bomb.len());
        assert_eq!(unpack(&bomb).unwrap_err(), "it unpacks to more than 16 MiB");
        let most = zstd::bulk::compress(&vec![b'\n'; MAX_PLAIN], LEVEL).unwrap();
        assert_eq!(unpack(&most).unwrap().len(), MAX_PLAIN);
        assert_eq!(unpack(&vec![0; MAX_SHARD + 1]).unwrap_err(), "it is larger than 900 KiB");
    }

    #[test]
    fn a_window_beyond_the_bound_is_refused() {
        use std::io::Write as _;
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
        let wide = encoder.finish().unwrap();
        assert!(unpack(&wide).is_err());
    }

    #[test]
    fn what_is_no_shard_is_an_error() {
        for bytes in [&b""[..], b"{}", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\x00\x00"] {
            assert!(unpack(bytes).map_or(true, |plain| plain.is_empty()), "{bytes:?}");
        }
        let none = BTreeMap::new();
        assert_eq!(members(b"{}\n", &none).unwrap_err(), "line 1 is no member");
        let deep =
            format!("{{\"id\":[\"\",\"K\",\"\",\"n\"],\"digest\":\"\",\"object\":{}}}", "[".repeat(100_000));
        assert!(members(deep.as_bytes(), &none).is_err());
    }
}
