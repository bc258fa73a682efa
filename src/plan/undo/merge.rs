//! What an object is to become when a run is undone: as it was before, but for what others than the run changed since.
//!
//! Maps are merged by key and everything else is taken whole, as nothing here knows which lists have keys.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::object::path::{FieldPath, PathElement};
use crate::object::value::same;

/// What the server sets in metadata: it is neither compared nor put back.
const SERVERS: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// An object without its status and what the server sets.
pub(super) fn content(object: &Value) -> Value {
    let mut content = object.clone();
    if let Some(map) = content.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = content.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|key, value| !SERVERS.contains(&key.as_str()) && !is_nothing(value));
    }
    content
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// The object to be, and where somebody else than the run has been.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Merged {
    pub(super) wanted: Value,
    /// Changed since where the run changed nothing: it keeps its live value.
    pub(super) moved: Vec<FieldPath>,
    /// Changed since where the run had changed it too.
    pub(super) conflicts: Vec<FieldPath>,
}

/// Merges contents: what the run did is taken back, what was done since stays.
pub(super) fn merge(before: &Value, after: &Value, live: &Value) -> Merged {
    let mut merged = Merged { wanted: Value::Null, moved: Vec::new(), conflicts: Vec::new() };
    let mut path = Vec::new();
    let wanted = node(Some(before), Some(after), Some(live), &mut path, &mut merged);
    merged.wanted = wanted.unwrap_or(Value::Null);
    merged
}

fn node(
    before: Option<&Value>,
    after: Option<&Value>,
    live: Option<&Value>,
    path: &mut Vec<PathElement>,
    merged: &mut Merged,
) -> Option<Value> {
    if is_same(live, after) || is_same(live, before) {
        return before.cloned();
    }
    let map = |value: Option<&'_ Value>| value.is_none_or(Value::is_object);
    if map(before)
        && map(after)
        && live.is_some_and(Value::is_object)
        && (before.is_some() || after.is_some())
    {
        let keys: BTreeSet<&String> = [before, after, live]
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .flat_map(Map::keys)
            .collect();
        let mut wanted = Map::new();
        for key in keys {
            let at = |value: Option<&'_ Value>| value.and_then(|value| value.get(key)).cloned();
            path.push(PathElement::Field(key.clone()));
            let (before, after, live) = (at(before), at(after), at(live));
            if let Some(value) = node(before.as_ref(), after.as_ref(), live.as_ref(), path, merged) {
                wanted.insert(key.clone(), value);
            }
            path.pop();
        }
        return (before.is_some() || !wanted.is_empty()).then_some(Value::Object(wanted));
    }
    let place = FieldPath(path.clone());
    if is_same(before, after) {
        merged.moved.push(place);
        return live.cloned();
    }
    merged.conflicts.push(place);
    before.cloned()
}

fn is_same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_run_did_goes_and_what_others_did_stays() {
        let none = Vec::<&str>::new;
        // Before, after, live; what is wanted, what others moved, where both were.
        let table = [
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 2}), json!({"a": 1}), none(), none()),
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 1}), json!({"a": 1}), none(), none()),
            (json!({"a": 1}), json!({"a": 2}), json!({"a": 3}), json!({"a": 1}), none(), vec!["a"]),
            (json!({"a": 1}), json!({"a": 1}), json!({"a": 3}), json!({"a": 3}), vec!["a"], none()),
            (
                json!({"a": 1}),
                json!({"a": 2}),
                json!({"a": 2, "b": 1}),
                json!({"a": 1, "b": 1}),
                vec!["b"],
                none(),
            ),
            (
                json!({"a": 1, "b": 1}),
                json!({"a": 2, "b": 1}),
                json!({"a": 2}),
                json!({"a": 1}),
                vec!["b"],
                none(),
            ),
            (json!({"a": 1}), json!({}), json!({}), json!({"a": 1}), none(), none()),
            (json!({}), json!({"a": 1}), json!({"a": 1}), json!({}), none(), none()),
            (json!({"a": 1}), json!({}), json!({"a": 2}), json!({"a": 1}), none(), vec!["a"]),
            (
                json!({}),
                json!({"m": {"x": 1}}),
                json!({"m": {"x": 1, "y": 2}}),
                json!({"m": {"y": 2}}),
                vec!["m.y"],
                none(),
            ),
            (
                json!({"m": {"x": 1}}),
                json!({}),
                json!({"m": {"y": 2}}),
                json!({"m": {"x": 1, "y": 2}}),
                vec!["m.y"],
                none(),
            ),
            (
                json!({"l": [1]}),
                json!({"l": [1, 2]}),
                json!({"l": [1, 2, 3]}),
                json!({"l": [1]}),
                none(),
                vec!["l"],
            ),
            (
                json!({"l": [1]}),
                json!({"l": [1]}),
                json!({"l": [1, 3]}),
                json!({"l": [1, 3]}),
                vec!["l"],
                none(),
            ),
            (json!({"a": 1}), json!({"a": 1.0}), json!({"a": 1}), json!({"a": 1}), none(), none()),
        ];
        for (before, after, live, wanted, moved, conflicts) in table {
            let merged = merge(&before, &after, &live);
            let texts = |paths: &[FieldPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(merged.wanted, wanted, "{before} {after} {live}");
            assert_eq!(texts(&merged.moved), moved, "{before} {after} {live}");
            assert_eq!(texts(&merged.conflicts), conflicts, "{before} {after} {live}");
        }
    }

    #[test]
    fn what_the_server_sets_is_no_content() {
        let object = json!({"apiVersion": "v1", "kind": "K", "status": {"x": 1}, "data": {}, "metadata": {
            "name": "n", "uid": "u", "resourceVersion": "1", "generation": 2, "creationTimestamp": "t",
            "managedFields": [], "labels": {"a": "b"}, "annotations": {}, "finalizers": ["f"]}});
        assert_eq!(
            content(&object),
            json!({"apiVersion": "v1", "kind": "K", "data": {}, "metadata": {
                "name": "n", "labels": {"a": "b"}, "finalizers": ["f"]}})
        );
    }
}
