//! Secret values in a record: a keyed digest stands for each, and gives the value back only where somebody holds it anyway.
//!
//! A digest covers the identity of the object and the names of the fields around the value, so equal values in two places
//! have different digests. Whoever has the record without the key learns from a digest only whether the value at that very
//! place is still the one it was; with the key, short values could be guessed. So a snapshot leaves the key out unless it
//! holds the Secrets' values themselves.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::digest::canonical;
use super::key::SetKey;
use crate::object::id::ObjectId;

/// What may not be kept of objects.
pub trait Hidden: Sync {
    /// True if the object may hold such a value. False spares a copy of it.
    fn concerns(&self, id: &ObjectId, object: &Value) -> bool;

    /// Calls back for every such value, with the names of the fields that lead to it; items of lists have no name.
    fn each(&self, id: &ObjectId, object: &mut Value, visit: &mut dyn FnMut(&[String], &mut Value));
}

/// What every veiled value begins with.
const PREFIX: &str = "hmac-sha256:";
/// Characters of 32 bytes in base64 without padding.
const DIGITS: usize = 43;

/// The object with digests for everything hidden. What is veiled already stays as it is.
pub fn veil<'v>(key: &SetKey, id: &ObjectId, object: &'v Value, hidden: &dyn Hidden) -> Cow<'v, Value> {
    if !hidden.concerns(id, object) {
        return Cow::Borrowed(object);
    }
    let mut veiled = object.clone();
    hidden.each(id, &mut veiled, &mut |path, value| {
        if !is_veiled(value) {
            *value = Value::from(digest(key, id, path, value));
        }
    });
    Cow::Owned(veiled)
}

/// True for a digest that [`veil`] put.
pub fn is_veiled(value: &Value) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix(PREFIX));
    digits.is_some_and(|digits| {
        digits.len() == DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

/// True if a digest stands anywhere in the value.
pub fn holds_veiled(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(holds_veiled),
        Value::Array(items) => items.iter().any(holds_veiled),
        other => is_veiled(other),
    }
}

/// Puts the values back that one of the candidates has at the same place. A digest that fits none stays: the recorded value
/// is another one than theirs, and nobody can tell which.
pub fn unveil(key: &SetKey, id: &ObjectId, recorded: &mut Value, candidates: &[&Value]) {
    unveil_at(key, id, recorded, &mut Vec::new(), candidates);
}

fn unveil_at(
    key: &SetKey,
    id: &ObjectId,
    recorded: &mut Value,
    path: &mut Vec<String>,
    candidates: &[&Value],
) {
    match recorded {
        Value::Object(map) => {
            for (name, value) in map {
                path.push(name.clone());
                unveil_at(key, id, value, path, candidates);
                path.pop();
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| unveil_at(key, id, item, path, candidates));
        }
        leaf if is_veiled(leaf) => {
            let mut at_place = Vec::new();
            candidates.iter().for_each(|candidate| values_at(candidate, path, &mut at_place));
            let known = at_place.into_iter().find(|value| leaf == digest(key, id, path, value).as_str());
            if let Some(value) = known {
                *leaf = value.clone();
            }
        }
        _ => {}
    }
}

/// All values at a path of names, in whatever items of lists they stand.
fn values_at<'v>(value: &'v Value, path: &[String], found: &mut Vec<&'v Value>) {
    if let Value::Array(items) = value {
        items.iter().for_each(|item| values_at(item, path, found));
    }
    match path.split_first() {
        None => found.push(value),
        Some((name, rest)) => {
            if let Some(next) = value.as_object().and_then(|map| map.get(name)) {
                values_at(next, rest, found);
            }
        }
    }
}

fn digest(key: &SetKey, id: &ObjectId, path: &[String], value: &Value) -> String {
    let value = canonical(&spelling(id, path, value));
    let identity = [&id.group, &id.kind, &id.namespace, &id.name];
    let names = (path.len() as u64).to_le_bytes();
    let mut parts: Vec<&[u8]> = identity.iter().map(|part| part.as_bytes()).collect();
    parts.push(&names);
    parts.extend(path.iter().map(|name| name.as_bytes()));
    parts.push(&value);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(key.mac("value", &parts)))
}

/// What a Secret holds in base64 is the same however it is spelled: the server writes it without line ends.
fn spelling(id: &ObjectId, path: &[String], value: &Value) -> Value {
    let encoded =
        id.group.is_empty() && id.kind == "Secret" && path.first().is_some_and(|name| name == "data");
    let text = value.as_str().filter(|_| encoded).map(|text| text.replace(['\r', '\n'], ""));
    match text.and_then(|text| STANDARD.decode(text).ok()) {
        Some(bytes) => Value::from(STANDARD.encode(bytes)),
        None => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    fn id(name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("", "v1", "Secret"), "shop", name)
    }

    fn veiled(key: &SetKey, name: &str, object: Value) -> Value {
        veil(key, &id(name), &object, &super::super::fixtures::Hides).into_owned()
    }

    #[test]
    fn a_digest_tells_nothing_but_whether_the_value_stayed() {
        let key = SetKey::new([3; 32]);
        let object = json!({"data": {"a": "czNjcjN0", "b": "czNjcjN0"}, "type": "Opaque"});
        let first = veiled(&key, "x", object.clone());
        assert!(!first.to_string().contains("czNjcjN0"));
        assert!(is_veiled(&first["data"]["a"]) && holds_veiled(&first) && !holds_veiled(&object));
        assert_eq!(first["type"], "Opaque");
        assert_ne!(first["data"]["a"], first["data"]["b"], "equal values in two keys");
        assert_ne!(first["data"]["a"], veiled(&key, "y", object.clone())["data"]["a"], "in two objects");
        assert_ne!(first["data"]["a"], veiled(&SetKey::new([4; 32]), "x", object.clone())["data"]["a"]);
        assert_eq!(first, veiled(&key, "x", object.clone()));
        assert_eq!(veiled(&key, "x", first.clone()), first, "what is veiled stays");
        let longer = veiled(&key, "x", json!({"data": {"a": "A".repeat(4000)}}));
        let length = |value: &Value| value.as_str().map(str::len);
        assert_eq!(length(&longer["data"]["a"]), length(&first["data"]["a"]), "the length is hidden");
    }

    #[test]
    fn values_at_hand_are_recognised() {
        let key = SetKey::new([3; 32]);
        let base = json!({"data": {"same": "YQ==", "git": "Yg==", "live": "Yw==", "gone": "ZA=="},
            "spec": {"items": [{"password": "one"}, {"password": "two"}]}});
        let mut recorded = veiled(&key, "x", base.clone());
        let git = json!({"data": {"same": "YQ==", "git": "Yg==", "live": "bmV3"}, "spec": {"items": [{"password": "two"}]}});
        let live = json!({"data": {"same": "YQ==", "git": "bmV3", "live": "Yw==\n"}, "spec": {"items": [{"password": "one"}]}});
        unveil(&key, &id("x"), &mut recorded, &[&git, &live]);
        assert_eq!(recorded["data"]["same"], base["data"]["same"]);
        assert_eq!(recorded["data"]["git"], base["data"]["git"]);
        assert_eq!(recorded["data"]["live"], "Yw==\n", "as it is spelled where it was found");
        assert!(is_veiled(&recorded["data"]["gone"]), "nobody has it any more");
        assert_eq!(recorded["spec"], base["spec"], "items of lists are found in any order");
        let mut other = veiled(&key, "x", base);
        unveil(&SetKey::new([4; 32]), &id("x"), &mut other, &[&git, &live]);
        assert!(is_veiled(&other["data"]["same"]), "another key recognises nothing");
    }
}
