//! What is sent to put an object back: patches of its content and of its owners, and what of it is shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::compare::verdict::{Class, FieldVerdict, Proof};
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::{same, text_at};

/// Parts of metadata that are content.
const METADATA: [&str; 4] = ["annotations", "finalizers", "labels", "ownerReferences"];

/// A JSON patch (RFC 6902) that makes one content of another, guarded by the `resourceVersion` of the live object: every
/// part that differs is replaced whole. `None` if nothing differs.
pub(super) fn of_content(live: &Value, from: &Value, to: &Value) -> Option<Value> {
    let mut operations = Vec::new();
    let keys: BTreeSet<&String> =
        [from, to].into_iter().filter_map(Value::as_object).flat_map(|map| map.keys()).collect();
    for key in keys.into_iter().filter(|key| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata")) {
        operations.extend(operation(&format!("/{}", escaped(key)), from.get(key), to.get(key)));
    }
    let metadata =
        |object: &'_ Value, key: &str| object.get("metadata").and_then(|found| found.get(key)).cloned();
    for key in METADATA {
        let (from, to) = (metadata(from, key), metadata(to, key));
        operations.extend(operation(&format!("/metadata/{key}"), from.as_ref(), to.as_ref()));
    }
    (!operations.is_empty()).then(|| guarded(live, operations))
}

/// A JSON patch that writes the owners of fields, and nothing else.
pub(super) fn of_owners(live: &Value, entries: &[Value]) -> Value {
    guarded(live, vec![json!({"op": "replace", "path": "/metadata/managedFields", "value": entries})])
}

fn guarded(live: &Value, operations: Vec<Value>) -> Value {
    let version = text_at(live, &["metadata", "resourceVersion"]).unwrap_or_default();
    let guard = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version});
    Value::Array(std::iter::once(guard).chain(operations).collect())
}

fn operation(path: &str, from: Option<&Value>, to: Option<&Value>) -> Option<Value> {
    match (from, to) {
        (Some(from), Some(to)) if same(from, to) => None,
        (_, Some(to)) => Some(json!({"op": "add", "path": path, "value": to})),
        (Some(_), None) => Some(json!({"op": "remove", "path": path})),
        (None, None) => None,
    }
}

/// A key in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The fields in which two contents differ: as they are live, and as they are to be.
pub(super) fn shown(live: &Value, wanted: &Value) -> Vec<FieldVerdict> {
    let mut fields = Vec::new();
    differences(Some(live), Some(wanted), &mut Vec::new(), &mut fields);
    fields
}

fn differences(
    live: Option<&Value>,
    wanted: Option<&Value>,
    path: &mut Vec<PathElement>,
    fields: &mut Vec<FieldVerdict>,
) {
    match (live, wanted) {
        (Some(a), Some(b)) if same(a, b) => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                path.push(PathElement::Field(key.clone()));
                differences(a.get(key), b.get(key), path, fields);
                path.pop();
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b)))
            if is_named(a) && is_named(b) && is_same_order(a, b) =>
        {
            let names: BTreeSet<&str> =
                a.iter().chain(b).filter_map(|item| text_at(item, &["name"])).collect();
            let find = |items: &'_ [Value], name: &str| {
                items.iter().find(|item| text_at(item, &["name"]) == Some(name)).cloned()
            };
            for name in names {
                path.push(PathElement::Key(vec![("name".to_owned(), Value::from(name))]));
                differences(find(a, name).as_ref(), find(b, name).as_ref(), path, fields);
                path.pop();
            }
        }
        (live, wanted) => fields.push(FieldVerdict {
            path: FieldPath(path.clone()),
            class: Class::Differs,
            proof: Proof::Server,
            desired: wanted.cloned(),
            base: None,
            live: live.cloned(),
            writer: None,
            owners: Vec::new(),
            remark: None,
            line: None,
            file: None,
            counts: true,
        }),
    }
}

/// True for a list whose items all have names, each another.
fn is_named(items: &[Value]) -> bool {
    let names: BTreeSet<&str> = items.iter().filter_map(|item| text_at(item, &["name"])).collect();
    !items.is_empty() && names.len() == items.len()
}

/// True if what both lists have stands in the same order in both.
fn is_same_order(a: &[Value], b: &[Value]) -> bool {
    let common = |of: &'_ [Value], other: &[Value]| -> Vec<String> {
        let names = of.iter().filter_map(|item| text_at(item, &["name"]));
        let has = |name: &&str| other.iter().any(|item| text_at(item, &["name"]) == Some(name));
        names.filter(has).map(str::to_owned).collect()
    };
    common(a, b) == common(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Value {
        json!({"metadata": {"resourceVersion": "7"}})
    }

    #[test]
    fn only_parts_that_differ_are_sent() {
        let from = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n", "labels": {"a": "1"}, "annotations": {"x": "y"}},
            "spec": {"r": 1}, "data": {"k": "v"}, "a/b~": 1});
        let to = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n", "labels": {"a": "2"}, "finalizers": ["f"]},
            "spec": {"r": 2}, "data": {"k": "v"}});
        let guard = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"});
        assert_eq!(
            of_content(&live(), &from, &to).unwrap(),
            json!([
                guard,
                {"op": "remove", "path": "/a~1b~0"},
                {"op": "add", "path": "/spec", "value": {"r": 2}},
                {"op": "remove", "path": "/metadata/annotations"},
                {"op": "add", "path": "/metadata/finalizers", "value": ["f"]},
                {"op": "add", "path": "/metadata/labels", "value": {"a": "2"}},
            ])
        );
        assert_eq!(of_content(&live(), &from, &from), None);
    }

    #[test]
    fn differences_are_shown_field_by_field() {
        let items = |image: &str| json!([{"name": "a", "image": image}, {"name": "b"}]);
        let texts = |a: &Value, b: &Value| -> Vec<String> {
            let told = |field: &FieldVerdict| {
                let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
                format!("{} {} {}", field.path, text(&field.live), text(&field.desired))
            };
            shown(a, b).iter().map(told).collect()
        };
        assert_eq!(
            texts(&json!({"s": {"c": items("1"), "r": 1}}), &json!({"s": {"c": items("2")}, "t": [1]})),
            ["s.c[a].image \"1\" \"2\"", "s.r 1 -", "t - [1]"]
        );
        assert_eq!(texts(&json!({"l": [1, 2]}), &json!({"l": [2]})), ["l [1,2] [2]"]);
        let (ab, ba) =
            (json!({"l": [{"name": "a"}, {"name": "b"}]}), json!({"l": [{"name": "b"}, {"name": "a"}]}));
        assert_eq!(texts(&ab, &ba).len(), 1, "another order is a difference of the list");
    }
}
