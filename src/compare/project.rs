//! The part of a live object that an entry of `managedFields` owns, as an apply would have to send it to change nothing, and
//! putting values into it.

use serde_json::{Map, Value};

use super::place::{Shape, child_node, has_key, item_key, shape};
use crate::object::fields::FieldSet;
use crate::object::path::{FieldPath, PathElement};
use crate::schema::{ListKind, NodeId, Schema};

/// What a set of fields holds of a live object. Items of keyed lists bring their keys, and lists the live order.
pub(super) fn project(schema: &Schema, live: &Value, fields: FieldSet<'_>) -> Value {
    node(schema, schema.root(), live, fields).unwrap_or_else(|| Value::Object(Map::new()))
}

fn node(schema: &Schema, at: NodeId, live: &Value, fields: FieldSet<'_>) -> Option<Value> {
    match (shape(schema.node(at), live), live) {
        (Shape::Map, Value::Object(map)) => {
            let mut kept = Map::new();
            for (element, below) in fields.children() {
                let PathElement::Field(name) = &element else { continue };
                let child = child_node(schema, at, &element).unwrap_or(NodeId::DEDUCED);
                if let Some(value) = map.get(name).and_then(|value| node(schema, child, value, below)) {
                    kept.insert(name.clone(), value);
                }
            }
            (!kept.is_empty() || fields.is_member()).then_some(Value::Object(kept))
        }
        (Shape::Items, Value::Array(items)) => {
            let list = schema.node(at).list.as_ref()?;
            let owned: Vec<(PathElement, FieldSet<'_>)> = fields.children().collect();
            let kept = items.iter().filter_map(|item| {
                let key = item_key(list, item)?;
                let (_, below) = owned.iter().find(|(element, _)| *element == key)?;
                let mut kept =
                    node(schema, list.element, item, *below).unwrap_or_else(|| item_of(&key, item));
                with_keys(&list.kind, item, &mut kept);
                Some(kept)
            });
            let kept: Vec<Value> = kept.collect();
            (!kept.is_empty() || fields.is_member()).then_some(Value::Array(kept))
        }
        // A scalar, or what is replaced as a whole: whoever owns a part of it owns it all.
        _ => Some(live.clone()),
    }
}

/// An item of which nothing but its existence is owned.
fn item_of(key: &PathElement, item: &Value) -> Value {
    match key {
        PathElement::Value(value) => value.clone(),
        PathElement::Key(_) => Value::Object(Map::new()),
        _ => item.clone(),
    }
}

/// Completes the keys of an item. One that is the server's default stays out, as whoever sends it owns it from then on.
fn with_keys(kind: &ListKind, item: &Value, kept: &mut Value) {
    if let (ListKind::Keyed(keys), Value::Object(kept)) = (kind, kept) {
        for key in keys {
            let value = item.get(&key.name).filter(|value| key.default.as_ref() != Some(value));
            if let Some(value) = value {
                kept.insert(key.name.clone(), value.clone());
            }
        }
    }
}

/// Puts a value at a path, with everything around it. An item that is new stands where `model` has it, relative to the items
/// that both have.
pub(super) fn put(schema: &Schema, object: &mut Value, path: &FieldPath, value: &Value, model: &Value) {
    put_below(schema, schema.root(), object, &path.0, value, Some(model));
}

fn put_below(
    schema: &Schema,
    at: NodeId,
    object: &mut Value,
    path: &[PathElement],
    value: &Value,
    model: Option<&Value>,
) {
    let Some((first, rest)) = path.split_first() else {
        *object = value.clone();
        return;
    };
    let child = child_node(schema, at, first).unwrap_or(NodeId::DEDUCED);
    match first {
        PathElement::Field(name) => {
            if !object.is_object() {
                *object = Value::Object(Map::new());
            }
            let Some(map) = object.as_object_mut() else { return };
            let place = map.entry(name.clone()).or_insert(Value::Null);
            put_below(schema, child, place, rest, value, model.and_then(|model| model.get(name)));
        }
        PathElement::Key(_) | PathElement::Value(_) => {
            if !object.is_array() {
                *object = Value::Array(Vec::new());
            }
            let (Some(list), Some(items)) = (schema.node(at).list.as_ref(), object.as_array_mut()) else {
                return;
            };
            let models = model.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let of_model = models.iter().find(|item| has_key(list, item, first));
            let place = match items.iter().position(|item| has_key(list, item, first)) {
                Some(place) => place,
                None => {
                    let place = place_of_new(list, items, models, first);
                    items.insert(place, new_item(&list.kind, first));
                    place
                }
            };
            put_below(schema, child, &mut items[place], rest, value, of_model);
        }
        PathElement::Index(_) => {}
    }
}

fn new_item(kind: &ListKind, key: &PathElement) -> Value {
    match key {
        PathElement::Key(parts) => {
            let whole = Value::Object(parts.iter().cloned().collect());
            let mut item = Value::Object(Map::new());
            with_keys(kind, &whole, &mut item);
            // Without any key the item would have none.
            if item.as_object().is_some_and(Map::is_empty) { whole } else { item }
        }
        PathElement::Value(value) => value.clone(),
        _ => Value::Null,
    }
}

/// Behind the nearest earlier item of the model that is there, else in front of all.
fn place_of_new(
    list: &crate::schema::ListType,
    items: &[Value],
    models: &[Value],
    key: &PathElement,
) -> usize {
    let Some(own) = models.iter().position(|item| has_key(list, item, key)) else { return items.len() };
    let earlier = models[..own].iter().rev().filter_map(|model| item_key(list, model));
    let known = earlier.filter_map(|key| items.iter().position(|item| has_key(list, item, &key)));
    known.into_iter().next().map_or(0, |place| place + 1)
}

/// Puts the items of a keyed list or set into the order of a model; items that the model lacks keep their places behind.
pub(super) fn reorder(schema: &Schema, object: &mut Value, path: &FieldPath, model: &Value) {
    let node = super::place::node_at(schema, &path.0);
    let Some(list) = schema.node(node).list.as_ref() else { return };
    let Some(models) = super::place::value_at(schema, model, &path.0).and_then(Value::as_array) else {
        return;
    };
    let keys: Vec<PathElement> = models.iter().filter_map(|item| item_key(list, item)).collect();
    let Some(steps) = super::place::steps(schema, object, path) else { return };
    let place = steps.iter().try_fold(object, |value, step| match step {
        super::place::OwnedStep::Key(key) => value.get_mut(key),
        super::place::OwnedStep::Index(index) => value.get_mut(index),
    });
    if let Some(Value::Array(items)) = place {
        items.sort_by_key(|item| keys.iter().position(|key| has_key(list, item, key)).unwrap_or(usize::MAX));
    }
}

/// The paths at which two objects differ, as the server tells fields apart; what the server writes by itself is left out.
pub(super) fn changes(schema: &Schema, a: &Value, b: &Value) -> Vec<FieldPath> {
    let mut found = Vec::new();
    walk(schema, schema.root(), Some(a), Some(b), &mut Vec::new(), &mut found);
    found
}

/// What moves with every write.
const SERVERS: &[&[&str]] = &[
    &["status"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
    &["metadata", "generation"],
    &["metadata", "creationTimestamp"],
    &["metadata", "uid"],
    &["apiVersion"],
    &["kind"],
];

fn walk(
    schema: &Schema,
    at: NodeId,
    a: Option<&Value>,
    b: Option<&Value>,
    path: &mut Vec<PathElement>,
    found: &mut Vec<FieldPath>,
) {
    use crate::object::value::same;
    let here = FieldPath(path.clone());
    if SERVERS.iter().any(|names| here.starts_with_fields(names)) {
        return;
    }
    let (Some(a), Some(b)) = (a, b) else {
        found.push(here);
        return;
    };
    if same(a, b) {
        return;
    }
    let kind = schema.node(at);
    match (shape(kind, a), shape(kind, b), a, b) {
        (Shape::Map, Shape::Map, Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                path.push(PathElement::Field(name.clone()));
                let child = child_node(schema, at, &path[path.len() - 1]).unwrap_or(NodeId::DEDUCED);
                let (one, other) = (one.get(name), other.get(name));
                if one.is_some() || other.is_some() {
                    walk(schema, child, one, other, path, found);
                }
                path.pop();
            }
        }
        (Shape::Items, Shape::Items, Value::Array(one), Value::Array(other)) => {
            let Some(list) = kind.list.as_ref() else { return found.push(here) };
            let keys = |items: &[Value]| items.iter().filter_map(|i| item_key(list, i)).collect::<Vec<_>>();
            let mut all = keys(one);
            all.extend(keys(other));
            all.sort();
            all.dedup();
            for key in all {
                let find = |items: &'_ [Value]| items.iter().position(|item| has_key(list, item, &key));
                let (left, right) = (find(one).map(|at| &one[at]), find(other).map(|at| &other[at]));
                path.push(key.clone());
                walk(schema, list.element, left, right, path, found);
                path.pop();
            }
        }
        _ => found.push(here),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::deployment;
    use super::*;
    use serde_json::json;

    fn named(list: &[&str]) -> FieldPath {
        let mut path: Vec<PathElement> =
            ["spec", "template", "spec", "containers"].map(|name| PathElement::Field(name.to_owned())).into();
        path.extend(list.iter().map(|name| PathElement::Key(vec![("name".to_owned(), json!(name))])));
        FieldPath(path)
    }

    fn pod(containers: &[(&str, &str)]) -> Value {
        let containers: Vec<Value> =
            containers.iter().map(|(name, image)| json!({"name": name, "image": image})).collect();
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "p"},
            "spec": {"template": {"spec": {"containers": containers}}}})
    }

    #[test]
    fn what_is_ours_is_taken_with_its_keys_in_the_live_order() {
        let schema = deployment();
        let live = pod(&[("b", "2"), ("a", "1"), ("theirs", "3")]);
        let fields = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {
            "k:{\"name\":\"a\"}": {".": {}, "f:image": {}, "f:name": {}},
            "k:{\"name\":\"b\"}": {"f:image": {}}}}}}});
        let projected = project(&schema, &live, FieldSet::new(&fields).unwrap());
        assert_eq!(projected["spec"], pod(&[("b", "2"), ("a", "1")])["spec"]);
    }

    /// What is sent is owned: a protocol that Git never wrote would be ours from then on.
    #[test]
    fn a_key_that_is_the_servers_default_is_not_sent_unless_it_is_ours() {
        let schema = crate::compare::fixtures::service();
        let ports = json!([{"name": "http", "port": 80, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]);
        let live = json!({"spec": {"ports": ports}});
        let of = |http: Value| {
            let fields = json!({"f:spec": {"f:ports": {
                "k:{\"port\":80,\"protocol\":\"TCP\"}": http,
                "k:{\"port\":53,\"protocol\":\"UDP\"}": {".": {}, "f:port": {}}}}});
            project(&schema, &live, FieldSet::new(&fields).unwrap())["spec"]["ports"].clone()
        };
        let dns = json!({"port": 53, "protocol": "UDP"});
        assert_eq!(of(json!({".": {}, "f:port": {}})), json!([{"port": 80}, dns]));
        let all = json!({".": {}, "f:port": {}, "f:protocol": {}});
        assert_eq!(of(all), json!([{"port": 80, "protocol": "TCP"}, dns]));
    }

    #[test]
    fn a_restored_item_stands_where_the_model_has_it() {
        let schema = deployment();
        let model = pod(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let mut object = pod(&[("a", "1"), ("c", "3")]);
        put(&schema, &mut object, &named(&["b"]), &json!({"name": "b", "image": "2"}), &model);
        assert_eq!(object["spec"], model["spec"]);
        let mut object = pod(&[("b", "2")]);
        put(&schema, &mut object, &named(&["a"]), &json!({"name": "a", "image": "1"}), &model);
        assert_eq!(object["spec"], pod(&[("a", "1"), ("b", "2")])["spec"]);
        let mut object = pod(&[("c", "3"), ("x", "9"), ("a", "1")]);
        reorder(&schema, &mut object, &named(&[]), &model);
        assert_eq!(object["spec"], pod(&[("a", "1"), ("c", "3"), ("x", "9")])["spec"]);
    }

    #[test]
    fn changes_are_found_by_key_and_without_what_the_server_writes() {
        let schema = deployment();
        let (one, mut other) = (pod(&[("a", "1"), ("b", "2")]), pod(&[("b", "3"), ("a", "1")]));
        other["metadata"]["resourceVersion"] = json!("7");
        other["metadata"]["labels"] = json!({"k": "v"});
        let found: Vec<String> = changes(&schema, &one, &other).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["metadata.labels", "spec.template.spec.containers[b].image"]);
        assert!(changes(&schema, &one, &one).is_empty());
    }
}
