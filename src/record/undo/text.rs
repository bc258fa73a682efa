//! A record as text: the head, then one object a line, compressed. The copy of this machine is this text.

use std::io::Read as _;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Did, Entry, Head, MAX_OBJECTS, Record, State, is_about};
use crate::object::id::{Gvk, ObjectId};
use crate::record::SetIdentity;

/// Most bytes of a record before it is compressed.
pub const MAX_PLAIN: usize = 512 << 20;
const LEVEL: i32 = 3;
/// Twice the window of the level that is written.
const MAX_WINDOW_LOG: u32 = 22;

#[derive(Serialize, Deserialize)]
struct Line<'l> {
    /// Group, version, kind, namespace and name.
    id: [String; 5],
    did: Did,
    /// `null` for absent, a map for an object, a text for what is not known.
    #[serde(borrow)]
    before: &'l RawValue,
    #[serde(borrow)]
    after: &'l RawValue,
}

/// What stands for an object that is not known.
const UNKNOWN: &str = "unknown";

/// One object as a line.
///
/// # Errors
/// JSON cannot be written.
pub(super) fn line(entry: &Entry) -> Result<Vec<u8>, serde_json::Error> {
    let raw = |state: &State| match state {
        State::Absent => serde_json::value::to_raw_value(&()),
        State::Unknown => serde_json::value::to_raw_value(UNKNOWN),
        State::Object(object) => serde_json::value::to_raw_value(object),
    };
    let (before, after) = (raw(&entry.before)?, raw(&entry.after)?);
    let ObjectId { group, kind, namespace, name, .. } = &entry.id;
    let id = [group, &entry.version, kind, namespace, name].map(Clone::clone);
    let mut line = serde_json::to_vec(&Line { id, did: entry.did, before: &before, after: &after })?;
    line.push(b'\n');
    Ok(line)
}

/// Reads lines. Every object has to be the one that its line is about.
///
/// # Errors
/// What is wrong, in one sentence.
pub(super) fn entries(plain: &[u8], first: usize) -> Result<Vec<Entry>, String> {
    let lines = plain.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut entries = Vec::new();
    for (number, text) in lines.enumerate() {
        let wrong = |what: &str| format!("line {} {what}", first + number);
        let line: Line<'_> = serde_json::from_slice(text).map_err(|_| wrong("is no object"))?;
        let [group, version, kind, namespace, name] = &line.id;
        let id = ObjectId::new(&Gvk::new(group, version, kind), namespace, name);
        let state = |raw: &RawValue| -> Result<State, String> {
            match serde_json::from_str::<Value>(raw.get()).map_err(|_| wrong("is no object"))? {
                Value::Null => Ok(State::Absent),
                Value::String(text) if text == UNKNOWN => Ok(State::Unknown),
                object if is_about(&id, version, &object) => Ok(State::Object(Box::new(object))),
                _ => Err(wrong("holds another object than it says")),
            }
        };
        let (before, after) = (state(line.before)?, state(line.after)?);
        entries.push(Entry { id, version: version.clone(), did: line.did, before, after });
        if entries.len() > MAX_OBJECTS {
            return Err(format!("it has more than {MAX_OBJECTS} objects"));
        }
    }
    Ok(entries)
}

/// The whole record, compressed.
///
/// # Errors
/// It is too large, or cannot be written.
pub fn encode(record: &Record) -> Result<Vec<u8>, String> {
    let mut plain = serde_json::to_vec(&record.head).map_err(|error| error.to_string())?;
    plain.push(b'\n');
    for entry in record.entries.values() {
        plain.extend(line(entry).map_err(|error| error.to_string())?);
        if plain.len() > MAX_PLAIN {
            return Err(format!("what it would keep is larger than {} MiB", MAX_PLAIN >> 20));
        }
    }
    if record.entries.len() > MAX_OBJECTS {
        return Err(format!("it would keep more than {MAX_OBJECTS} objects"));
    }
    zstd::bulk::compress(&plain, LEVEL).map_err(|error| error.to_string())
}

/// Reads what [`encode`] wrote, or anybody.
///
/// # Errors
/// What is wrong, in one sentence.
pub fn decode(set: &SetIdentity, packed: &[u8]) -> Result<Record, String> {
    let wrong = "it is not compressed as an undo record is";
    let mut decoder = zstd::stream::read::Decoder::with_buffer(packed).map_err(|_| wrong)?;
    decoder.window_log_max(MAX_WINDOW_LOG).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    decoder.take(MAX_PLAIN as u64 + 1).read_to_end(&mut plain).map_err(|_| wrong)?;
    if plain.len() > MAX_PLAIN {
        return Err(format!("it unpacks to more than {} MiB", MAX_PLAIN >> 20));
    }
    let end = plain.iter().position(|byte| *byte == b'\n').unwrap_or(plain.len());
    let head: Head = serde_json::from_slice(&plain[..end]).map_err(|_| "its first line is no head")?;
    if !head.is_of(set) {
        return Err("it is of another set, or of another version of this program".to_owned());
    }
    Ok(Record::new(head, entries(&plain[end..], 2)?))
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{entry, head, is, object, set};
    use super::*;
    use serde_json::json;

    fn record() -> Record {
        let one = |text: &str| is(object("ConfigMap", "c", json!({"k": text})));
        Record::new(
            head(),
            [
                entry("ConfigMap", "c", Did::Change, [one("1"), one("2\n")]),
                entry("ConfigMap", "d", Did::Create, [State::Absent, State::Unknown]),
                entry("Secret", "s", Did::Delete, [is(object("Secret", "s", json!({}))), State::Absent]),
            ],
        )
    }

    #[test]
    fn what_is_kept_comes_back() {
        let packed = encode(&record()).unwrap();
        assert_eq!(decode(&set(), &packed).unwrap(), record());
        let other = SetIdentity { name: "other".to_owned(), ..set() };
        assert!(decode(&other, &packed).unwrap_err().contains("another set"));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let pack = |text: &str| zstd::bulk::compress(text.as_bytes(), 1).unwrap();
        let head = serde_json::to_string(&head()).unwrap();
        let line = |id: &str, object: &Value| {
            format!(r#"{{"id":{id},"did":"change","before":{object},"after":null}}"#)
        };
        let fine = object("ConfigMap", "c", json!({}));
        let id = r#"["","v1","ConfigMap","shop","c"]"#;
        let table: &[(Vec<u8>, &str)] = &[
            (b"garbage".to_vec(), "not compressed"),
            (pack(""), "no head"),
            (pack("{}\n"), "no head"),
            (pack(&head.replace("\"format\":1", "\"format\":2")), "another set, or of another version"),
            (pack(&format!("{head}\n{{}}\n")), "line 2 is no object"),
            (
                pack(&format!("{head}\n{}\n", line(r#"["","v1","ConfigMap","shop","x"]"#, &fine))),
                "line 2 holds another object",
            ),
            (
                pack(&format!("{head}\n{}\n", line(r#"["","v1","Secret","shop","c"]"#, &fine))),
                "line 2 holds another object",
            ),
            (
                pack(&format!("{head}\n{}\n", line(r#"["","v1","ConfigMap","other","c"]"#, &fine))),
                "line 2 holds another object",
            ),
            (
                pack(&format!("{head}\n{}\n", line(r#"["apps","v1","ConfigMap","shop","c"]"#, &fine))),
                "line 2 holds another object",
            ),
            (pack(&format!("{head}\n{}\n", line(id, &json!(["x"])))), "line 2 holds another object"),
            (pack(&format!("{head}\n{}\n", line(id, &json!("known")))), "line 2 holds another object"),
        ];
        for (packed, expected) in table {
            let error = decode(&set(), packed).unwrap_err();
            assert!(error.contains(expected), "{expected}: {error}");
        }
        assert_eq!(
            decode(&set(), &pack(&format!("{head}\n{}\n", line(id, &fine)))).unwrap().entries.len(),
            1
        );
    }
}
