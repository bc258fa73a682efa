//! Items of keyed lists without a usable key: apply adds such an item of Git each time, and cannot read a live object that holds
//! one.

use serde_json::Value;

use super::contain::Difference;
use super::place::item_key;
use crate::object::path::PathElement;
use crate::schema::{ListKind, Schema};

/// True if Git holds an item whose key is null or empty: the server stores it under the default, does not find it again, and
/// each apply adds it once more. Custom resources store an empty key as it is.
pub(super) fn grows(schema: &Schema, differences: &[Difference]) -> bool {
    let void = |value: &Value| value.is_null() || (schema.builtin && value.as_str() == Some(""));
    differences.iter().any(|found| match found.path.0.last() {
        Some(PathElement::Key(keys)) => keys.iter().any(|(_, value)| void(value)),
        _ => false,
    })
}

/// True if a keyed list of the object's top level holds an item without a key. Validation keeps such items out of all other
/// lists; a ServiceAccount takes them.
pub(super) fn is_unreadable(schema: &Schema, live: &Value) -> bool {
    let Some(root) = &schema.node(schema.root()).map else { return false };
    live.as_object().into_iter().flatten().any(|(key, value)| {
        let (Some(node), Value::Array(items)) = (root.child(key), value) else { return false };
        let keyed = schema.node(node).list.as_ref().filter(|list| matches!(list.kind, ListKind::Keyed(_)));
        keyed.is_some_and(|list| items.iter().any(|item| item_key(list, item).is_none()))
    })
}
