//! Members and a rule of what is hidden, for the tests of this module.

use serde_json::{Value, json};

use super::encode::Member;
use super::veil::Hidden;
use crate::object::id::{Gvk, ObjectId};

/// Hides the data of Secrets key by key, and `spec.items[*].password` of everything.
pub(super) struct Hides;

impl Hidden for Hides {
    fn concerns(&self, id: &ObjectId, object: &Value) -> bool {
        id.kind == "Secret" || object.get("spec").is_some()
    }

    fn each(&self, id: &ObjectId, object: &mut Value, visit: &mut dyn FnMut(&[String], &mut Value)) {
        let data = object.get_mut("data").filter(|_| id.kind == "Secret").and_then(Value::as_object_mut);
        for (name, value) in data.into_iter().flatten() {
            visit(&["data".to_owned(), name.clone()], value);
        }
        let items = object.pointer_mut("/spec/items").and_then(Value::as_array_mut);
        for password in items.into_iter().flatten().filter_map(|item| item.get_mut("password")) {
            visit(&["spec".to_owned(), "items".to_owned(), "password".to_owned()], password);
        }
    }
}

pub(super) fn id(kind: &str, name: &str) -> ObjectId {
    ObjectId::new(&Gvk::new("", "v1", kind), "shop", name)
}

/// The uid of every member here.
pub(super) const UID: &str = "00010203-0405-0607-0809-0a0b0c0d0e0f";
/// The Apply time of every member here.
pub(super) const APPLIED: &str = "2026-11-21T10:00:00Z";

pub(super) fn member(kind: &str, name: &str, data: Value) -> Member {
    let object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "data": data});
    Member { id: id(kind, name), object, uid: UID.to_owned(), applied: APPLIED.to_owned() }
}
