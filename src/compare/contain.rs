//! The containment walk: is the desired object contained in the live one, as server-side apply would merge it?
//!
//! If it is, a merge changes nothing. Leaves compare by value, atomic nodes as a whole, keyed items by key, and our items of
//! a list must stand in our order. What differs only in a spelling that the server normalises is contained too.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::canonical::{is_item_stored_as, is_stored_as};
use super::place::{Shape, contributes, item_key, shape};
use crate::object::fields::FieldSet;
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::{is_empty_collection, same};
use crate::schema::{ListType, NodeId, Schema};

/// How a desired value differs from the live one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The live value is another one.
    Changed,
    /// Nothing is there.
    Absent,
    /// A keyed list or set holds our items in another order.
    Order,
    /// Live holds an item of ours more than once.
    Duplicated,
}

/// One place where desired is not contained in live. It is the topmost one: nothing below it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The field, item or list.
    pub path: FieldPath,
    /// What is different about it.
    pub kind: Kind,
    /// The desired value.
    pub desired: Value,
    /// The live value, if there is one.
    pub live: Option<Value>,
}

/// The result of the walk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Containment {
    /// Where desired is not contained in live, in order of path.
    pub differences: Vec<Difference>,
    /// Leaves and items that are equal but not in our Apply entry.
    pub unowned: Vec<FieldPath>,
}

/// Walks the desired object against the live one. `own` is our Apply entry, if there is one.
pub fn contain(schema: &Schema, desired: &Value, live: &Value, own: Option<FieldSet<'_>>) -> Containment {
    let frozen = schema.builtin && live.get("immutable") == Some(&Value::Bool(true));
    let mut walk = Walk { schema, frozen, result: Containment::default(), path: Vec::new() };
    for (key, value) in desired.as_object().into_iter().flatten() {
        // Identity is compared by having found the object; the server never tracks it.
        if key != "apiVersion" && key != "kind" {
            walk.field(schema.root(), desired.as_object(), key, value, live.get(key), own);
        }
    }
    walk.result.differences.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    walk.result
}

/// True if the first value is contained in the second at a node.
pub fn is_contained(schema: &Schema, node: NodeId, desired: &Value, live: &Value) -> bool {
    let mut walk = Walk { schema, frozen: false, result: Containment::default(), path: Vec::new() };
    walk.value(&Place { node, parent: None }, desired, Some(live), None);
    walk.result.differences.is_empty()
}

struct Walk<'a> {
    schema: &'a Schema,
    /// A ConfigMap or Secret that says it is immutable: the server takes even an empty map for a change of no map.
    frozen: bool,
    result: Containment,
    path: Vec<PathElement>,
}

/// Where a value stands: its node, and the struct or map around it with the field's name.
struct Place<'a> {
    node: NodeId,
    parent: Option<(NodeId, &'a str, Option<&'a Map<String, Value>>)>,
}

impl Walk<'_> {
    fn field(
        &mut self,
        parent: NodeId,
        siblings: Option<&Map<String, Value>>,
        key: &str,
        desired: &Value,
        live: Option<&Value>,
        own: Option<FieldSet<'_>>,
    ) {
        let map = self.schema.node(parent).map.as_ref();
        let node = map.and_then(|map| map.child(key)).unwrap_or(NodeId::DEDUCED);
        let entry = map.is_none_or(|map| !map.fields.contains_key(key));
        let below = own.and_then(|own| own.field(key));
        self.path.push(PathElement::Field(key.to_owned()));
        if is_untracked(&self.path) {
            self.path.pop();
            return;
        }
        let before = self.findings();
        self.value(&Place { node, parent: Some((parent, key, siblings)) }, desired, live, below);
        // The key of a map is a member beside its value; a leaf was looked at already.
        if entry && before == self.findings() && live.is_some() && !is_metadata(&self.path) {
            self.note_owner(below);
        }
        self.path.pop();
    }

    fn value(&mut self, place: &Place<'_>, desired: &Value, live: Option<&Value>, own: Option<FieldSet<'_>>) {
        let schema = self.schema;
        let node = schema.node(place.node);
        match (shape(node, desired), desired, live) {
            (Shape::Map | Shape::Items, desired, live) if is_empty_collection(desired) => {
                self.empty(place, desired, live, own);
            }
            (Shape::Map, Value::Object(map), Some(Value::Object(live))) => {
                for (key, value) in map {
                    self.field(place.node, Some(map), key, value, live.get(key), own);
                }
            }
            (Shape::Items, Value::Array(items), Some(Value::Array(live_items))) => {
                if let Some(list) = &node.list {
                    self.items(list, items, live_items, own);
                }
            }
            (_, desired, live) => self.leaf(place, desired, live, own),
        }
    }

    /// An empty collection is contained in any of its kind that is not empty; else both must be literally the same. Where
    /// the type is free, null stands for an empty map, and a list is replaced by it.
    fn empty(&mut self, place: &Place<'_>, desired: &Value, live: Option<&Value>, own: Option<FieldSet<'_>>) {
        let is_map = shape(self.schema.node(place.node), desired) == Shape::Map;
        let filled = match live {
            Some(Value::Object(live)) => is_map && !live.is_empty(),
            Some(Value::Array(live)) => !is_map && !live.is_empty(),
            _ => false,
        };
        if !filled {
            self.leaf(place, desired, live, own);
        }
    }

    fn leaf(&mut self, place: &Place<'_>, desired: &Value, live: Option<&Value>, own: Option<FieldSet<'_>>) {
        if live.is_some_and(|live| same(desired, live)) {
            // An empty keyed list is nobody's: apply records nothing for it.
            if contributes(self.schema, place.node, desired) {
                self.note_owner(own);
            }
            return;
        }
        let explained = match place.parent {
            Some((parent, key, siblings)) => {
                is_stored_as(self.schema, parent, key, siblings, Some(desired), live)
            }
            None => live.is_some_and(|live| is_item_stored_as(self.schema, place.node, desired, live)),
        };
        if !explained || self.is_refused(place, desired) {
            let kind = if live.is_some() { Kind::Changed } else { Kind::Absent };
            self.differ(kind, desired.clone(), live.cloned());
        }
    }

    /// Values that the server stores as what is live and refuses all the same: in an immutable ConfigMap or Secret it takes
    /// an empty map or null for a change, finalizers of an object inside another for a field that may not be set, and two lists
    /// of a ResourceSlice for too many even if one is empty.
    fn is_refused(&self, place: &Place<'_>, desired: &Value) -> bool {
        let in_data = matches!(self.path.first(), Some(PathElement::Field(name)) if name == "data" || name == "binaryData");
        let frozen = self.frozen && in_data;
        let name = place.parent.and_then(|(parent, ..)| self.schema.node(parent).name.as_deref());
        let nested = self.path.len() > 2 && name.is_some_and(|name| name.ends_with(".ObjectMeta"));
        let slice = name.is_some_and(|name| name.ends_with(".ResourceSliceSpec"));
        frozen || ((nested || slice) && desired.is_array())
    }

    fn items(&mut self, list: &ListType, desired: &[Value], live: &[Value], own: Option<FieldSet<'_>>) {
        let mut positions: BTreeMap<PathElement, Vec<usize>> = BTreeMap::new();
        for (at, item) in live.iter().enumerate() {
            if let Some(key) = item_key(list, item) {
                positions.entry(key).or_default().push(at);
            }
        }
        let owned: Vec<(PathElement, FieldSet<'_>)> =
            own.map(|own| own.children().collect()).unwrap_or_default();
        let mut order = Vec::with_capacity(desired.len());
        for item in desired {
            let Some(key) = item_key(list, item) else {
                self.differ(Kind::Changed, Value::Array(desired.to_vec()), Some(Value::Array(live.to_vec())));
                return;
            };
            let below = owned.iter().find(|(element, _)| *element == key).map(|(_, below)| *below);
            let found = positions.get(&key).map(Vec::as_slice).unwrap_or_default();
            self.path.push(key);
            match found {
                [] => self.differ(Kind::Absent, item.clone(), None),
                [at] => {
                    order.push(*at);
                    self.item(list, item, &live[*at], below, own.is_some());
                }
                many => {
                    let copies = many.iter().map(|at| live[*at].clone()).collect();
                    self.differ(Kind::Duplicated, item.clone(), Some(Value::Array(copies)));
                }
            }
            self.path.pop();
        }
        // An item that Git holds twice is not in order either: nothing is proven, and the server refuses it.
        if !order.is_sorted_by(|a, b| a < b) {
            self.misordered(list, desired, live);
        }
    }

    fn item(
        &mut self,
        list: &ListType,
        desired: &Value,
        live: &Value,
        own: Option<FieldSet<'_>>,
        tracked: bool,
    ) {
        let before = self.findings();
        self.value(&Place { node: list.element, parent: None }, desired, Some(live), own);
        if tracked && before == self.findings() {
            self.note_owner(own);
        }
    }

    fn misordered(&mut self, list: &ListType, desired: &[Value], live: &[Value]) {
        let name =
            |item: &Value| item_key(list, item).map_or(Value::Null, |key| Value::from(key.to_string()));
        let wanted: Vec<Value> = desired.iter().map(name).collect();
        let found = live.iter().map(name).filter(|key| wanted.contains(key)).collect();
        self.differ(Kind::Order, Value::Array(wanted), Some(Value::Array(found)));
    }

    fn findings(&self) -> usize {
        self.result.unowned.len() + self.result.differences.len()
    }

    fn differ(&mut self, kind: Kind, desired: Value, live: Option<Value>) {
        self.result.differences.push(Difference { path: FieldPath(self.path.clone()), kind, desired, live });
    }

    fn note_owner(&mut self, own: Option<FieldSet<'_>>) {
        if !own.is_some_and(FieldSet::is_member) {
            self.result.unowned.push(FieldPath(self.path.clone()));
        }
    }
}

/// Even where nothing is published for a type, the server does not track that there is metadata.
fn is_metadata(path: &[PathElement]) -> bool {
    matches!(path, [PathElement::Field(name)] if name == "metadata")
}

/// Metadata that the server never tracks, so that a manifest's value cannot be applied or compared
/// (apimachinery `stripmeta.go`).
fn is_untracked(path: &[PathElement]) -> bool {
    const NAMES: &[&str] = &[
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    matches!(path, [PathElement::Field(meta), PathElement::Field(name)] if meta == "metadata" && NAMES.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::{deployment, service};
    use serde_json::json;

    fn paths(schema: &Schema, desired: &Value, live: &Value) -> Vec<(String, Kind)> {
        let walk = contain(schema, desired, live, None);
        walk.differences.iter().map(|d| (d.path.to_string(), d.kind)).collect()
    }

    #[test]
    fn services_are_contained_as_the_server_merges_them() {
        let schema = service();
        let spec = |spec: Value| json!({"spec": spec});
        let tcp =
            json!({"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "clusterIP": "10.0.0.1"});
        let table: &[(&str, Value, Value, &[(&str, Kind)])] = &[
            ("1", json!({"ports": [{"port": 80}]}), tcp.clone(), &[]),
            (
                "2",
                json!({"ports": [{"port": 53, "protocol": "UDP"}]}),
                json!({"ports": [{"port": 53, "protocol": "TCP"}]}),
                &[("spec.ports[port=53,protocol=UDP]", Kind::Absent)],
            ),
            (
                "3",
                json!({"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}),
                json!({"ports": [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]}),
                &[("spec.ports", Kind::Order)],
            ),
            (
                "21",
                json!({"selector": {"a": "b"}}),
                json!({"selector": {"a": "b", "x": "y"}}),
                &[("spec.selector", Kind::Changed)],
            ),
            ("empty list in a filled one", json!({"ports": []}), tcp, &[]),
        ];
        for (row, desired, live, expected) in table {
            let found = paths(&schema, &spec(desired.clone()), &spec(live.clone()));
            let expected: Vec<(String, Kind)> = expected.iter().map(|(p, k)| ((*p).to_owned(), *k)).collect();
            assert_eq!(found, expected, "row {row}");
        }
    }

    #[test]
    fn where_a_type_is_free_a_list_is_no_map() {
        let live = json!({"spec": {"list": ["a"], "map": {"a": 1}}});
        for (desired, expected) in [
            (json!({"list": null}), vec![("spec.list".to_owned(), Kind::Changed)]),
            (json!({"list": {}}), vec![("spec.list".to_owned(), Kind::Changed)]),
            (json!({"map": []}), vec![("spec.map".to_owned(), Kind::Changed)]),
            (json!({"map": null}), vec![]),
            (json!({"map": {}}), vec![]),
        ] {
            assert_eq!(paths(&Schema::deduced(), &json!({"spec": desired}), &live), expected, "{desired}");
        }
    }

    #[test]
    fn containers_are_contained_as_the_server_merges_them() {
        let schema = deployment();
        let pod = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let named = |names: &[&str]| Value::Array(names.iter().map(|n| json!({"name": n})).collect());
        let at = "spec.template.spec.containers";
        let table: Vec<(&str, Value, Value, Vec<(String, Kind)>)> = vec![
            ("4", named(&["b", "a"]), named(&["a", "b"]), vec![(at.to_owned(), Kind::Order)]),
            ("5", named(&["a", "b"]), named(&["a", "proxy", "b"]), vec![]),
            ("6", named(&["b", "a"]), named(&["a", "proxy", "b"]), vec![(at.to_owned(), Kind::Order)]),
            (
                "10",
                json!([{"name": "a", "env": [{"name": "X", "value": "2"}]}]),
                json!([{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]}]),
                vec![(format!("{at}[a].env[X]"), Kind::Duplicated)],
            ),
            (
                "9",
                json!([{"name": "a"}]),
                json!([{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]}]),
                vec![],
            ),
            (
                "11",
                json!([{"name": "a", "env": [{"name": "X", "value": ""}]}]),
                json!([{"name": "a", "env": [{"name": "X"}]}]),
                vec![],
            ),
            (
                "8",
                json!([{"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "X", "value": "1"}]}]),
                json!([{"name": "a", "env": [{"name": "X", "value": "1"}]}]),
                vec![(format!("{at}[a].env"), Kind::Order)],
            ),
            (
                "14",
                json!([{"name": "a", "volumeMounts": [{"mountPath": "/a", "name": "v2"}]}]),
                json!([{"name": "a", "volumeMounts": [{"mountPath": "/a", "name": "v1"}]}]),
                vec![(format!("{at}[a].volumeMounts[mountPath=/a].name"), Kind::Changed)],
            ),
        ];
        for (row, desired, live, expected) in table {
            assert_eq!(paths(&schema, &pod(desired), &pod(live)), expected, "row {row}");
        }
    }

    #[test]
    fn unowned_lists_what_is_equal_but_not_ours() {
        let schema = deployment();
        let object = json!({"metadata": {"name": "x", "labels": {"a": "b", "c": "d"}}, "spec": {"replicas": 1,
            "template": {"spec": {"containers": [{"name": "web", "image": "i"}]}}}});
        let own = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}, "f:spec": {"f:template": {"f:spec": {
            "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}});
        let walk = contain(&schema, &object, &object, FieldSet::new(&own));
        assert!(walk.differences.is_empty());
        let unowned: Vec<String> = walk.unowned.iter().map(ToString::to_string).collect();
        assert_eq!(unowned, ["metadata.labels.c", "spec.replicas"]);
    }
}
