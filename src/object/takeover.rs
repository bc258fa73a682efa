//! Taking over the ownership of fields: what others own below some paths becomes ours, so that our next apply, which does
//! not have them, takes them out.
//!
//! The server computes ownership of nothing here: the new `managedFields` are written as they are, as `kubectl` does when it
//! migrates entries of client-side apply (`k8s.io/client-go/util/csaupgrade`).

use serde_json::{Map, Value, json};

use super::fields::{Entry, FIELD_MANAGER, parse_element, parse_entry};
use super::path::{FieldPath, PathElement};
use super::value::text_at;

/// A JSON patch (RFC 6902) that moves what chosen entries own at or below some paths into our Apply entry, guarded by the
/// `resourceVersion` of the live object. Of `claims` our entry becomes the owner although nobody was. `None` if no chosen entry
/// owns anything there, and nothing is claimed.
pub fn take_over(
    live: &Value,
    paths: &[FieldPath],
    claims: &[FieldPath],
    from: impl Fn(&Entry<'_>) -> bool,
) -> Option<Value> {
    let version = text_at(live, &["metadata", "resourceVersion"])?;
    let entries = live.pointer("/metadata/managedFields")?.as_array()?;
    let own_at = entries.iter().position(|entry| parse_entry(entry).is_some_and(|entry| is_own(&entry)));
    let api_version = match own_at {
        Some(at) => text_at(&entries[at], &["apiVersion"])?,
        None => text_at(live, &["apiVersion"])?,
    };
    let (mut moved, mut left, mut time) = (Map::new(), Vec::new(), String::new());
    for (at, raw) in entries.iter().enumerate() {
        let chosen = parse_entry(raw).filter(|entry| !is_own(entry) && entry.api_version == api_version);
        let (Some(entry), false) = (chosen.filter(|entry| from(entry)), Some(at) == own_at) else {
            left.push(raw.clone());
            continue;
        };
        let mut raw = raw.clone();
        let Some(Value::Object(fields)) = raw.get_mut("fieldsV1") else { continue };
        let mut any = false;
        for path in paths {
            if let Some(owned) = cut(fields, &path.0) {
                put(&mut moved, &path.0, owned);
                any = true;
            }
        }
        let emptied = any && fields.is_empty();
        if any {
            time = time.max(entry.time.to_owned());
        }
        if !emptied {
            left.push(raw);
        }
    }
    for path in claims {
        let keys: Option<Vec<String>> = path.0.iter().map(element_key).collect();
        if let Some(keys) = keys {
            put(&mut moved, &path.0, Cut { keys, below: json!({}) });
        }
    }
    if moved.is_empty() {
        return None;
    }
    let own = left.iter_mut().find(|raw| parse_entry(raw).is_some_and(|entry| is_own(&entry)));
    match own.and_then(|raw| raw.get_mut("fieldsV1")).and_then(Value::as_object_mut) {
        Some(fields) => merge(fields, moved),
        None => left.push(json!({
            "manager": FIELD_MANAGER,
            "operation": "Apply",
            "apiVersion": api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": moved,
        })),
    }
    Some(json!([
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": left},
    ]))
}

fn is_own(entry: &Entry<'_>) -> bool {
    entry.manager == FIELD_MANAGER
        && entry.operation == super::fields::Operation::Apply
        && entry.subresource.is_empty()
}

/// The key of an element that stands in no trie yet.
fn element_key(element: &PathElement) -> Option<String> {
    match element {
        PathElement::Field(name) => Some(format!("f:{name}")),
        PathElement::Value(value) => Some(format!("v:{value}")),
        PathElement::Key(keys) => {
            let keys: Map<String, Value> = keys.iter().cloned().collect();
            Some(format!("k:{}", Value::Object(keys)))
        }
        PathElement::Index(_) => None,
    }
}

/// The key of a child of a trie.
fn key_of(fields: &Map<String, Value>, element: &PathElement) -> Option<String> {
    fields.keys().find(|key| parse_element(key).as_ref() == Some(element)).cloned()
}

/// Takes the trie at a path out of another, with the nodes above that then lead nowhere. The keys are given back with it, as
/// the server spelt them.
fn cut(fields: &mut Map<String, Value>, path: &[PathElement]) -> Option<Cut> {
    let (first, rest) = path.split_first()?;
    let key = key_of(fields, first)?;
    if rest.is_empty() {
        let below = fields.remove(&key)?;
        return Some(Cut { keys: vec![key], below });
    }
    let below = fields.get_mut(&key)?.as_object_mut()?;
    let mut cut = cut(below, rest)?;
    if below.is_empty() {
        fields.remove(&key);
    }
    cut.keys.insert(0, key);
    Some(cut)
}

struct Cut {
    keys: Vec<String>,
    below: Value,
}

fn put(fields: &mut Map<String, Value>, path: &[PathElement], cut: Cut) {
    debug_assert_eq!(path.len(), cut.keys.len(), "one key an element");
    let mut trie = cut.below;
    for key in cut.keys.into_iter().rev() {
        trie = Value::Object(Map::from_iter([(key, trie)]));
    }
    if let Value::Object(trie) = trie {
        merge(fields, trie);
    }
}

/// The union of two tries. A leaf is a member; beside children the membership is told by `.`.
fn merge(into: &mut Map<String, Value>, other: Map<String, Value>) {
    for (key, below) in other {
        let known = match parse_element(&key) {
            Some(element) => key_of(into, &element).unwrap_or(key),
            None => key,
        };
        let Value::Object(below) = below else { continue };
        match into.get_mut(&known).and_then(Value::as_object_mut) {
            None => drop(into.insert(known, Value::Object(below))),
            Some(present) => {
                let members = (present.is_empty(), below.is_empty());
                merge(present, below);
                let leaf = members.0 || members.1;
                if leaf && !present.is_empty() {
                    present.insert(".".to_owned(), json!({}));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fields::ManagedFields;
    use super::*;

    fn path(names: &[&str]) -> FieldPath {
        FieldPath(names.iter().map(|name| PathElement::Field((*name).to_owned())).collect())
    }

    fn entry(manager: &str, operation: &str, fields: Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn live(entries: &[Value]) -> Value {
        json!({"apiVersion": "v1", "metadata": {"resourceVersion": "7", "managedFields": entries}})
    }

    fn moved(live: &Value, paths: &[FieldPath]) -> Option<Value> {
        Some(take_over(live, paths, &[], |entry| entry.manager.starts_with("kubectl"))?[1]["value"].clone())
    }

    #[test]
    fn what_persons_own_at_a_path_becomes_ours_and_nothing_else_moves() {
        let item = r#"k:{"name":"debug"}"#;
        let live = live(&[
            entry("gitops", "Apply", json!({"f:spec": {"f:replicas": {}}})),
            entry(
                "kubectl-edit",
                "Update",
                json!({"f:spec": {"f:list": {item: {".": {}, "f:name": {}}}, "f:x": {}}}),
            ),
            entry("controller", "Update", json!({"f:spec": {"f:list": {item: {"f:image": {}}}}})),
        ]);
        let mut wanted = path(&["spec", "list"]);
        wanted.0.push(PathElement::Key(vec![("name".to_owned(), json!("debug"))]));
        assert_eq!(
            moved(&live, &[wanted]).unwrap(),
            json!([
                entry(
                    "gitops",
                    "Apply",
                    json!({"f:spec": {"f:replicas": {}, "f:list": {item: {".": {}, "f:name": {}}}}})
                ),
                entry("kubectl-edit", "Update", json!({"f:spec": {"f:x": {}}})),
                entry("controller", "Update", json!({"f:spec": {"f:list": {item: {"f:image": {}}}}})),
            ])
        );
        assert_eq!(moved(&live, &[path(&["spec", "y"])]), None, "nobody owns it");
        let guard = take_over(&live, &[path(&["spec", "x"])], &[], |_| true).unwrap()[0].clone();
        assert_eq!(guard, json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}));
    }

    #[test]
    fn an_entry_that_owns_nothing_more_goes_and_one_of_ours_is_made() {
        let live = live(&[entry("kubectl-edit", "Update", json!({"f:data": {"f:a": {}, "f:b": {}}}))]);
        let both = moved(&live, &[path(&["data", "a"]), path(&["data", "b"])]).unwrap();
        assert_eq!(both, json!([entry("gitops", "Apply", json!({"f:data": {"f:a": {}, "f:b": {}}}))]));
    }

    #[test]
    fn what_nobody_owns_can_be_claimed() {
        let item = r#"k:{"name":"a"}"#;
        let live = live(&[entry("gitops", "Apply", json!({"f:list": {item: {".": {}, "f:x": {}}}}))]);
        let mut beside = path(&["list"]);
        beside.0.push(PathElement::Key(vec![("name".to_owned(), json!("b"))]));
        let mut inside = path(&["list"]);
        inside.0.push(PathElement::Key(vec![("name".to_owned(), json!("a"))]));
        inside.0.push(PathElement::Field("y".to_owned()));
        let claimed = take_over(&live, &[], &[beside, inside], |_| true).unwrap()[1]["value"].clone();
        let other = r#"k:{"name":"b"}"#;
        let fields = json!({"f:list": {item: {".": {}, "f:x": {}, "f:y": {}}, other: {}}});
        assert_eq!(claimed, json!([entry("gitops", "Apply", fields)]));
        assert_eq!(take_over(&live, &[], &[], |_| true), None);
    }

    #[test]
    fn a_union_keeps_what_both_own() {
        let live = live(&[
            entry("gitops", "Apply", json!({"f:a": {}})),
            entry("kubectl-edit", "Update", json!({"f:a": {"f:b": {}}})),
        ]);
        let all = moved(&live, &[path(&["a"])]).unwrap();
        assert_eq!(all, json!([entry("gitops", "Apply", json!({"f:a": {".": {}, "f:b": {}}}))]));
        let object = json!({"metadata": {"managedFields": all}});
        let managed = ManagedFields::of(&object);
        let own = managed.own().unwrap();
        assert!(own.fields.contains(&path(&["a"]).0) && own.fields.contains(&path(&["a", "b"]).0));
    }
}
