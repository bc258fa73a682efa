//! The copy of a record on the cluster: Secrets with some objects each, without what reports hide.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Entry, Head, MAX_SHARDS, MAX_TOTAL, Record, SECRET_TYPE, State, text};
use crate::object::value::text_at;
use crate::record::key::SetKey;
use crate::record::veil::{Hidden, holds_veiled, unveil, veil};
use crate::record::{MAX_SHARD, SetIdentity, shard};

/// Most bytes of the head.
const MAX_HEAD: usize = 4096;

/// What a copy on the cluster is made of, and what it lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The Secrets, number 0 first.
    pub secrets: Vec<Value>,
    /// Objects of which values are left out because reports hide them.
    pub valued: usize,
    /// Objects that are left out because there is no room.
    pub large: usize,
}

/// Encodes a record for the cluster. The largest objects are left out until the rest fits.
///
/// # Errors
/// JSON cannot be written, or compressing fails.
pub fn encode(record: &Record, key: &SetKey, hidden: &dyn Hidden) -> Result<Encoded, String> {
    let mut valued = 0;
    let mut lines: Vec<(Entry, Vec<u8>)> = Vec::with_capacity(record.entries.len());
    for entry in record.entries.values() {
        let veiled = veiled(entry, key, hidden);
        valued += usize::from(veiled.before != entry.before);
        let line = text::line(&veiled).map_err(|error| error.to_string())?;
        lines.push((veiled, line));
    }
    let mut large = 0;
    let packed = loop {
        let all: Vec<&[u8]> = lines.iter().map(|(_, line)| line.as_slice()).collect();
        let mut packed = Vec::new();
        if pack(&all, &mut packed).map_err(|error| error.to_string())? && fits(&packed) {
            break packed;
        }
        match leave_out(&mut lines).map_err(|error| error.to_string())? {
            0 => return Err("the objects that it names do not fit".to_owned()),
            more => large += more,
        }
    };
    let set = SetIdentity { name: record.head.set.clone(), record_namespace: record.head.namespace.clone() };
    let packed = if packed.is_empty() { vec![Vec::new()] } else { packed };
    let number = packed.len();
    let secrets =
        packed.iter().enumerate().map(|(at, objects)| secret(&set, &record.head, at, number, objects));
    Ok(Encoded { secrets: secrets.collect(), valued, large })
}

fn veiled(entry: &Entry, key: &SetKey, hidden: &dyn Hidden) -> Entry {
    let of = |state: &State| match state {
        State::Object(object) => State::Object(Box::new(veil(key, &entry.id, object, hidden).into_owned())),
        other => other.clone(),
    };
    Entry { before: of(&entry.before), after: of(&entry.after), ..entry.clone() }
}

fn fits(packed: &[Vec<u8>]) -> bool {
    packed.len() <= usize::from(MAX_SHARDS) && packed.iter().map(Vec::len).sum::<usize>() <= MAX_TOTAL
}

/// Compresses lines into shards; false if a line alone is larger than a shard.
fn pack(lines: &[&[u8]], into: &mut Vec<Vec<u8>>) -> std::io::Result<bool> {
    if lines.is_empty() {
        return Ok(true);
    }
    if let Some(packed) = shard::pack(lines)? {
        into.push(packed);
        return Ok(true);
    }
    if lines.len() == 1 {
        return Ok(false);
    }
    let (first, second) = lines.split_at(lines.len() / 2);
    Ok(pack(first, into)? && pack(second, into)?)
}

/// Forgets the objects of the longest lines: a tenth of all that is kept, and at least one. The number of those forgotten.
fn leave_out(lines: &mut [(Entry, Vec<u8>)]) -> serde_json::Result<usize> {
    let has_object = |entry: &Entry| entry.before.object().is_some() || entry.after.object().is_some();
    let mut order: Vec<usize> = (0..lines.len()).filter(|at| has_object(&lines[*at].0)).collect();
    order.sort_by_key(|at| (std::cmp::Reverse(lines[*at].1.len()), *at));
    let share = order.iter().map(|at| lines[*at].1.len()).sum::<usize>() / 10;
    let (mut gone, mut number) = (0, 0);
    for at in order {
        if number > 0 && gone >= share {
            break;
        }
        let (entry, line) = &mut lines[at];
        gone += line.len();
        number += 1;
        let forget = |state: &State| match state {
            State::Object(_) => State::Unknown,
            other => other.clone(),
        };
        (entry.before, entry.after) = (forget(&entry.before), forget(&entry.after));
        *line = text::line(entry)?;
    }
    Ok(number)
}

fn secret(set: &SetIdentity, head: &Head, at: usize, number: usize, objects: &[u8]) -> Value {
    let part = json!({"head": head, "part": at, "parts": number});
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": set.undo_name(u16::try_from(at).unwrap_or(u16::MAX)),
            "namespace": set.record_namespace,
            "labels": {"app.kubernetes.io/managed-by": "gitops"},
        },
        "type": SECRET_TYPE,
        "data": {"head": STANDARD.encode(part.to_string()), "objects": STANDARD.encode(objects)},
    })
}

/// What one Secret says: of which run it is, which part of how many, and the objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The run.
    pub head: Head,
    /// Number of this part, from 0.
    pub part: u16,
    /// Number of parts.
    pub parts: u16,
    objects: Vec<Entry>,
}

/// Reads a Secret that anybody may have written.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn decode(set: &SetIdentity, secret: &Value) -> Result<Part, String> {
    if text_at(secret, &["type"]) != Some(SECRET_TYPE) {
        return Err(format!("its type is not {SECRET_TYPE}"));
    }
    let bytes = |name: &str, most: usize| -> Result<Vec<u8>, String> {
        let encoded =
            text_at(secret, &["data", name]).ok_or_else(|| format!("its data.{name} is missing"))?;
        if encoded.len() > most.div_ceil(3) * 4 + 4 {
            return Err(format!("its data.{name} is larger than {most} bytes"));
        }
        STANDARD.decode(encoded).map_err(|_| format!("its data.{name} is no base64"))
    };
    #[derive(serde::Deserialize)]
    struct Told {
        head: Head,
        part: u16,
        parts: u16,
    }
    let told: Told =
        serde_json::from_slice(&bytes("head", MAX_HEAD)?).map_err(|_| "its data.head is no head")?;
    if !told.head.is_of(set) {
        return Err("it is of another set, or of another version of this program".to_owned());
    }
    if told.parts == 0 || told.parts > MAX_SHARDS || told.part >= told.parts {
        return Err(format!("it says that it is part {} of {}", told.part, told.parts));
    }
    let packed = bytes("objects", MAX_SHARD)?;
    let plain = if packed.is_empty() { Vec::new() } else { shard::unpack(&packed)? };
    let objects = text::entries(&plain, 1)?;
    Ok(Part { head: told.head, part: told.part, parts: told.parts, objects })
}

/// The record that all parts make.
///
/// # Errors
/// Parts are missing or of another run, or an object is told twice.
pub fn join(parts: Vec<Part>) -> Result<Record, String> {
    let Some(head) = parts.first().map(|part| part.head.clone()) else {
        return Err("there is no part of it".to_owned());
    };
    let number = parts.first().map_or(0, |part| usize::from(part.parts));
    let whole = parts.len() == number
        && parts.iter().enumerate().all(|(at, part)| usize::from(part.part) == at && part.head == head);
    if !whole {
        return Err("its parts are not all of the same run".to_owned());
    }
    let objects: Vec<Entry> = parts.into_iter().flat_map(|part| part.objects).collect();
    let told = objects.len();
    let record = Record::new(head, objects);
    if record.entries.len() != told {
        return Err("it tells of an object twice".to_owned());
    }
    Ok(record)
}

/// Puts back values that the live object still has. True if the object is whole then.
pub fn restore(key: &SetKey, entry: &mut Entry, live: Option<&Value>) -> bool {
    let State::Object(before) = &mut entry.before else { return true };
    if let Some(live) = live {
        unveil(key, &entry.id, before, &[live]);
    }
    !holds_veiled(before)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{entry, head, is, object, set};
    use super::super::{Did, FORMAT};
    use super::*;
    use crate::record::fixtures::Hides;
    use serde_json::json;

    const KEY: SetKey = SetKey::new([7; 32]);

    fn record() -> Record {
        let config = |text: &str| is(object("ConfigMap", "c", json!({"k": text})));
        let secret = |a: &str| is(object("Secret", "s", json!({"a": a, "b": "c2FtZQ=="})));
        Record::new(
            head(),
            [
                entry("ConfigMap", "c", Did::Change, [config("1"), config("2")]),
                entry("Secret", "s", Did::Change, [secret("b2xk"), secret("bmV3")]),
            ],
        )
    }

    fn read(encoded: &Encoded) -> Record {
        join(encoded.secrets.iter().map(|secret| decode(&set(), secret).unwrap()).collect()).unwrap()
    }

    #[test]
    fn values_of_secrets_stay_at_home() {
        let encoded = encode(&record(), &KEY, &Hides).unwrap();
        assert_eq!((encoded.secrets.len(), encoded.valued, encoded.large), (1, 1, 0));
        assert_eq!(encoded.secrets[0]["metadata"]["name"], "gitops-shop-undo-0");
        let packed = STANDARD.decode(encoded.secrets[0]["data"]["objects"].as_str().unwrap()).unwrap();
        let plain = String::from_utf8(shard::unpack(&packed).unwrap()).unwrap();
        for value in ["b2xk", "bmV3", "c2FtZQ=="] {
            assert!(!plain.contains(value), "{value}: {plain}");
        }
        let mut found = read(&encoded);
        assert_eq!(found.entries.pop_last(), record().entries.pop_last(), "the ConfigMap is whole");
        // What is still live is known again; what the run changed is not.
        let (_, mut secret) = found.entries.pop_first().unwrap();
        let live = object("Secret", "s", json!({"a": "bmV3", "b": "c2FtZQ=="}));
        assert!(!restore(&KEY, &mut secret, Some(&live)));
        assert_eq!(secret.before.object().unwrap()["data"]["b"], "c2FtZQ==");
        assert!(holds_veiled(&secret.before.object().unwrap()["data"]["a"]));
        let back = object("Secret", "s", json!({"a": "b2xk", "b": "c2FtZQ=="}));
        assert!(restore(&KEY, &mut secret, Some(&back)));
    }

    #[test]
    fn large_records_take_several_secrets_and_leave_out_the_largest_objects() {
        let noise = |seed: usize, bytes: usize| -> String {
            use sha2::Digest as _;
            let blocks = (0..bytes / 64).map(|n| sha2::Sha256::digest(format!("{seed}/{n}")));
            blocks.map(|block| crate::object::digest::hex(&block)).collect()
        };
        let change = |n: usize, bytes: usize| {
            let name = format!("c{n:02}");
            let before = is(object("ConfigMap", &name, json!({"k": noise(n, bytes)})));
            entry("ConfigMap", &name, Did::Change, [before, State::Unknown])
        };
        let fits = Record::new(head(), (0..4).map(|n| change(n, 900_000)));
        let encoded = encode(&fits, &KEY, &Hides).unwrap();
        assert!(encoded.secrets.len() > 1 && encoded.large == 0, "{}", encoded.secrets.len());
        assert_eq!(read(&encoded), fits);
        let mut entries: Vec<Entry> = (0..20).map(|n| change(n, 600_000)).collect();
        entries.push(change(99, 3_000_000));
        let encoded = encode(&Record::new(head(), entries), &KEY, &Hides).unwrap();
        let bytes = |secret: &Value| secret["data"]["objects"].as_str().unwrap().len() * 3 / 4;
        assert!(encoded.secrets.len() <= usize::from(MAX_SHARDS));
        assert!(encoded.secrets.iter().map(bytes).sum::<usize>() <= MAX_TOTAL + 16);
        let found = read(&encoded);
        let lost = found.entries.values().filter(|entry| entry.before == State::Unknown);
        let lost: Vec<&str> = lost.map(|entry| &*entry.id.name).collect();
        assert!(lost.contains(&"c99") && lost.len() == encoded.large && lost.len() < 15, "{lost:?}");
        assert_eq!(found.entries.len(), 21, "every object is named");
    }

    #[test]
    fn what_anybody_wrote_is_checked() {
        let good = encode(&record(), &KEY, &Hides).unwrap().secrets.remove(0);
        let part = |head: Value| STANDARD.encode(head.to_string());
        let told = |parts: u16, number: u16| part(json!({"head": head(), "part": number, "parts": parts}));
        let foreign = Head { set: "other".to_owned(), ..head() };
        let newer = Head { format: FORMAT + 1, ..head() };
        let long = Head { command: "x".repeat(300), ..head() };
        let table: &[(&str, Value, &str)] = &[
            ("/type", json!("Opaque"), "its type is not gitops/undo"),
            ("/data/head", json!("%"), "no base64"),
            ("/data/head", json!(STANDARD.encode("[]")), "no head"),
            ("/data/head", json!("A".repeat(10_000)), "larger than 4096 bytes"),
            ("/data/head", json!(told(6, 0)), "part 0 of 6"),
            ("/data/head", json!(told(1, 1)), "part 1 of 1"),
            ("/data/head", json!(told(0, 0)), "part 0 of 0"),
            ("/data/head", json!(part(json!({"head": foreign, "part": 0, "parts": 1}))), "of another set"),
            ("/data/head", json!(part(json!({"head": newer, "part": 0, "parts": 1}))), "another version"),
            ("/data/head", json!(part(json!({"head": long, "part": 0, "parts": 1}))), "another set"),
            ("/data/objects", json!("AAAA"), "not compressed"),
            ("/data/objects", json!("A".repeat(1_300_000)), "larger than"),
        ];
        assert!(decode(&set(), &good).is_ok());
        for (pointer, value, expected) in table {
            let mut secret = good.clone();
            *secret.pointer_mut(pointer).unwrap() = value.clone();
            let error = decode(&set(), &secret).unwrap_err();
            assert!(error.contains(expected), "{pointer}: {expected}: {error}");
        }
        let part = decode(&set(), &good).unwrap();
        assert!(join(Vec::new()).is_err());
        assert!(join(vec![part.clone(), part.clone()]).is_err(), "one part too many");
        let twice = Part { parts: 2, ..part.clone() };
        let second = Part { part: 1, ..twice.clone() };
        assert_eq!(join(vec![twice.clone(), second.clone()]).unwrap_err(), "it tells of an object twice");
        let other = Part { head: Head { id: "ffff".to_owned(), ..head() }, ..second };
        assert_eq!(join(vec![twice, other]).unwrap_err(), "its parts are not all of the same run");
    }
}
