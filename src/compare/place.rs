//! Finding a value's children by path element under a schema: struct fields, keyed items, set items.

use serde_json::Value;

use crate::object::path::{FieldPath, PathElement};
use crate::object::value::same;
use crate::schema::{KeyField, ListKind, ListType, Node, NodeId, Schema};

/// What a value is under its node, the way structured-merge-diff resolves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A map or struct that merges key by key.
    Map,
    /// A keyed list or a set.
    Items,
    /// A scalar, or a list or map that is replaced as a whole.
    Leaf,
}

/// The shape of a value (null where it is absent) at a node.
pub fn shape(node: &Node, value: &Value) -> Shape {
    let map = |node: &Node| node.map.as_ref().map(|map| if map.atomic { Shape::Leaf } else { Shape::Map });
    let list = |node: &Node| {
        node.list.as_ref().map(|list| if list.kind == ListKind::Atomic { Shape::Leaf } else { Shape::Items })
    };
    let found = match value {
        Value::Object(_) => map(node),
        Value::Array(_) => list(node),
        Value::Null if node.scalar.is_some() && node.map.is_none() => None,
        Value::Null => map(node).or_else(|| list(node)),
        _ => None,
    };
    found.unwrap_or(Shape::Leaf)
}

/// The key of an item of a keyed list or set; `None` if a keyed item lacks every key field, or is no map.
pub fn item_key(list: &ListType, item: &Value) -> Option<PathElement> {
    match &list.kind {
        ListKind::Atomic => None,
        ListKind::Set => Some(PathElement::Value(item.clone())),
        ListKind::Keyed(keys) => {
            let map = item.as_object()?;
            if !keys.iter().any(|key| map.contains_key(&key.name)) {
                return None;
            }
            let mut parts: Vec<(String, Value)> = keys
                .iter()
                .filter_map(|key| {
                    Some((key.name.clone(), map.get(&key.name).or(key.default.as_ref())?.clone()))
                })
                .collect();
            parts.sort_by(|a, b| a.0.cmp(&b.0));
            Some(PathElement::Key(parts))
        }
    }
}

/// True if the item has the key.
pub fn has_key(list: &ListType, item: &Value, element: &PathElement) -> bool {
    match (&list.kind, element) {
        (ListKind::Set, PathElement::Value(value)) => same(value, item),
        (ListKind::Keyed(keys), PathElement::Key(parts)) => has_fields(keys, item, parts),
        _ => false,
    }
}

fn has_fields(keys: &[KeyField], item: &Value, parts: &[(String, Value)]) -> bool {
    let Some(map) = item.as_object() else { return false };
    let own = |key: &KeyField| map.get(&key.name).or(key.default.as_ref()).cloned();
    let wanted = |key: &KeyField| parts.iter().find(|part| part.0 == key.name).map(|part| part.1.clone());
    keys.iter().any(|key| map.contains_key(&key.name))
        && keys.iter().all(|key| match (own(key), wanted(key)) {
            (Some(a), Some(b)) => same(&a, &b),
            (None, None) => true,
            _ => false,
        })
}

/// The node below an element; `None` where the schema does not allow one (undeclared field, item of an atomic list).
pub fn child_node(schema: &Schema, node: NodeId, element: &PathElement) -> Option<NodeId> {
    let node = schema.node(node);
    match element {
        PathElement::Field(name) => node.map.as_ref().filter(|map| !map.atomic)?.child(name),
        PathElement::Key(_) | PathElement::Value(_) => {
            node.list.as_ref().filter(|list| list.kind != ListKind::Atomic).map(|list| list.element)
        }
        PathElement::Index(_) => None,
    }
}

/// The value below an element.
pub fn child_value<'v>(
    schema: &Schema,
    node: NodeId,
    value: &'v Value,
    element: &PathElement,
) -> Option<&'v Value> {
    match element {
        PathElement::Field(name) => value.get(name),
        PathElement::Index(index) => value.get(index),
        _ => {
            let list = schema.node(node).list.as_ref()?;
            value.as_array()?.iter().find(|item| has_key(list, item, element))
        }
    }
}

/// The value at a path from the root of an object.
pub fn value_at<'v>(schema: &Schema, object: &'v Value, path: &[PathElement]) -> Option<&'v Value> {
    let mut node = schema.root();
    let mut value = object;
    for element in path {
        value = child_value(schema, node, value, element)?;
        node = child_node(schema, node, element).unwrap_or(NodeId::DEDUCED);
    }
    Some(value)
}

/// The node at a path from the root; deduced where the schema ends.
pub fn node_at(schema: &Schema, path: &[PathElement]) -> NodeId {
    path.iter()
        .fold(schema.root(), |node, element| child_node(schema, node, element).unwrap_or(NodeId::DEDUCED))
}

/// True if the value contributes a path to the set that server-side apply records for it: everything but empty keyed lists
/// and sets, and structs that hold nothing else.
pub fn contributes(schema: &Schema, node: NodeId, value: &Value) -> bool {
    match (shape(schema.node(node), value), value) {
        (Shape::Items, Value::Array(items)) => !items.is_empty(),
        (Shape::Map, Value::Object(map)) => {
            let Some(kind) = schema.node(node).map.as_ref() else {
                return true;
            };
            map.is_empty()
                || map.iter().any(|(key, value)| {
                    !kind.fields.contains_key(key)
                        || kind.child(key).is_none_or(|child| contributes(schema, child, value))
                })
        }
        _ => true,
    }
}

/// One step of a path through the JSON of an object, list items by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedStep {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl OwnedStep {
    /// The step as origins name it.
    pub fn as_step(&self) -> crate::render::origin::Step<'_> {
        match self {
            Self::Key(key) => crate::render::origin::Step::Key(key),
            Self::Index(index) => crate::render::origin::Step::Index(*index),
        }
    }
}

/// The JSON steps of a path in an object; `None` if the object does not have it.
pub fn steps(schema: &Schema, object: &Value, path: &FieldPath) -> Option<Vec<OwnedStep>> {
    let mut node = schema.root();
    let mut value = object;
    let mut steps = Vec::with_capacity(path.0.len());
    for element in &path.0 {
        let next = child_value(schema, node, value, element)?;
        steps.push(match element {
            PathElement::Field(name) => OwnedStep::Key(name.clone()),
            _ => OwnedStep::Index(value.as_array()?.iter().position(|item| std::ptr::eq(item, next))?),
        });
        node = child_node(schema, node, element).unwrap_or(NodeId::DEDUCED);
        value = next;
    }
    Some(steps)
}
