//! Schemas as they are kept on disk: compiled, so that a later run neither fetches nor parses a published document.
//!
//! What is read back may be anything: a node that points nowhere makes the whole text unusable, so that no later step can
//! fail over it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Form, KeyField, ListKind, ListType, MapType, Node, NodeId, Scalar, Schema};

/// Changes with every change of what is written here or of how documents are compiled.
pub const FORMAT: &str = "1";

#[derive(Serialize, Deserialize)]
struct Stored {
    nodes: Vec<StoredNode>,
    root: u32,
    builtin: bool,
    deduced: bool,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    versions: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredNode {
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    scalar: Option<Scalar>,
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    list: Option<StoredList>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    map: Option<StoredMap>,
    #[serde(rename = "f", default, skip_serializing_if = "is_verbatim")]
    form: Form,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// No value or one.
    #[serde(rename = "d", default, skip_serializing_if = "Vec::is_empty")]
    default: Vec<Value>,
    #[serde(rename = "o", default, skip_serializing_if = "std::ops::Not::not")]
    nullable: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredList {
    #[serde(rename = "k")]
    kind: StoredKind,
    #[serde(rename = "e")]
    element: u32,
}

#[derive(Serialize, Deserialize)]
enum StoredKind {
    #[serde(rename = "a")]
    Atomic,
    #[serde(rename = "s")]
    Set,
    /// Names with their default: no value or one.
    #[serde(rename = "k")]
    Keyed(Vec<(String, Vec<Value>)>),
}

#[derive(Serialize, Deserialize)]
struct StoredMap {
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    atomic: bool,
    #[serde(rename = "f", default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<String, u32>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    element: Option<u32>,
}

fn is_verbatim(form: &Form) -> bool {
    *form == Form::Verbatim
}

/// The text under which a schema is kept; the same for equal schemas.
pub fn encode(schema: &Schema) -> Vec<u8> {
    // Whole, so that a field that is added cannot be forgotten here.
    let Schema { nodes, root, builtin, deduced, versions } = schema;
    let stored = Stored {
        nodes: nodes.iter().map(store).collect(),
        root: root.0,
        builtin: *builtin,
        deduced: *deduced,
        versions: versions.clone(),
    };
    // All keys are texts and nothing fails to be written to memory.
    serde_json::to_vec(&stored).unwrap_or_default()
}

fn store(node: &Node) -> StoredNode {
    let keyed = |keys: &[KeyField]| {
        keys.iter().map(|key| (key.name.clone(), key.default.iter().cloned().collect())).collect()
    };
    // Whole, so that a field that is added cannot be forgotten here.
    let Node { scalar, list, map, form, name, default, nullable } = node;
    StoredNode {
        scalar: *scalar,
        list: list.as_ref().map(|list| StoredList {
            kind: match &list.kind {
                ListKind::Atomic => StoredKind::Atomic,
                ListKind::Set => StoredKind::Set,
                ListKind::Keyed(keys) => StoredKind::Keyed(keyed(keys)),
            },
            element: list.element.0,
        }),
        map: map.as_ref().map(|map| StoredMap {
            atomic: map.atomic,
            fields: map.fields.iter().map(|(name, node)| (name.clone(), node.0)).collect(),
            element: map.element.map(|node| node.0),
        }),
        form: *form,
        name: name.as_deref().map(str::to_owned),
        default: default.iter().cloned().collect(),
        nullable: *nullable,
    }
}

/// The schema that was kept; `None` if the text is no such schema.
pub fn decode(text: &[u8]) -> Option<Schema> {
    let stored: Stored = serde_json::from_slice(text).ok()?;
    let count = u32::try_from(stored.nodes.len()).ok()?;
    let id = |number: u32| (number < count).then_some(NodeId(number));
    let nodes: Option<Vec<Node>> = stored.nodes.into_iter().map(|node| restore(node, &id)).collect();
    // The nodes that every schema has are at fixed places.
    let nodes = nodes.filter(|nodes| nodes.get(..2) == Some(&super::common_nodes()[..]))?;
    let Stored { builtin, deduced, versions, .. } = stored;
    Some(Schema { nodes, root: id(stored.root)?, builtin, deduced, versions })
}

fn restore(node: StoredNode, id: &impl Fn(u32) -> Option<NodeId>) -> Option<Node> {
    let key = |(name, default): (String, Vec<Value>)| KeyField { name, default: default.into_iter().next() };
    let list = match node.list {
        None => None,
        Some(list) => {
            let kind = match list.kind {
                StoredKind::Atomic => ListKind::Atomic,
                StoredKind::Set => ListKind::Set,
                StoredKind::Keyed(keys) => ListKind::Keyed(keys.into_iter().map(key).collect()),
            };
            Some(ListType { kind, element: id(list.element)? })
        }
    };
    let map = match node.map {
        None => None,
        Some(map) => {
            let fields = map.fields.into_iter().map(|(name, node)| Some((name, id(node)?)));
            let element = map.element.map(|node| id(node).ok_or(())).transpose().ok()?;
            Some(MapType { atomic: map.atomic, fields: fields.collect::<Option<_>>()?, element })
        }
    };
    let name = node.name.map(Arc::from);
    let default = node.default.into_iter().next();
    Some(Node { scalar: node.scalar, list, map, form: node.form, name, default, nullable: node.nullable })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use crate::schema::openapi::Document;
    use proptest::prelude::*;
    use serde_json::json;

    fn schema() -> Schema {
        let document = json!({"components": {"schemas": {
            "io.k8s.api.core.v1.Thing": {"type": "object",
                "properties": {
                    "ports": {"type": "array", "items": {"$ref": "#/components/schemas/Port"},
                        "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]},
                    "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
                    "args": {"type": "array", "items": {"type": "string"}},
                    "size": {"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity"},
                    "selector": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
                    "free": {"x-kubernetes-preserve-unknown-fields": true},
                    "data": {"type": "string", "format": "byte"}},
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Thing"}]},
            "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
            "Port": {"type": "object", "properties": {"port": {"type": "integer"},
                "protocol": {"type": "string", "default": "TCP"}}},
        }}});
        let document = Document::parse(document.to_string().as_bytes()).unwrap();
        document.schema(&Gvk::new("", "v1", "Thing")).unwrap()
    }

    #[test]
    fn schemas_are_read_back_as_they_were() {
        for schema in [schema(), Schema::deduced()] {
            let text = encode(&schema);
            assert_eq!(decode(&text).unwrap(), schema);
            for end in 0..text.len() {
                assert!(decode(&text[..end]).is_none(), "cut at {end}");
            }
        }
    }

    #[test]
    fn nodes_that_point_nowhere_are_refused() {
        let whole: Value = serde_json::from_slice(&encode(&schema())).unwrap();
        let mut references = vec!["/root".to_owned()];
        for (at, node) in whole["nodes"].as_array().unwrap().iter().enumerate() {
            let place = |rest: &str| format!("/nodes/{at}{rest}");
            references.extend(node.pointer("/l/e").map(|_| place("/l/e")));
            references.extend(node.pointer("/m/e").map(|_| place("/m/e")));
            let fields = node.pointer("/m/f").and_then(Value::as_object);
            references.extend(fields.into_iter().flatten().map(|(name, _)| place(&format!("/m/f/{name}"))));
        }
        assert!(references.len() > 12, "{references:?}");
        for reference in references {
            let mut broken = whole.clone();
            *broken.pointer_mut(&reference).unwrap() = json!(whole["nodes"].as_array().unwrap().len());
            assert!(decode(broken.to_string().as_bytes()).is_none(), "{reference}");
        }
        assert!(decode(br#"{"nodes":[],"root":0,"builtin":true,"deduced":false}"#).is_none());
    }

    proptest! {
        /// Any text: refused, or a schema whose every node can be visited.
        #[test]
        fn no_text_makes_a_schema_that_fails(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = encode(&schema());
            let at = at.index(text.len());
            text[at] = byte;
            if let Some(schema) = decode(&text) {
                for node in &schema.nodes {
                    let map = node.map.iter().flat_map(|map| map.fields.values().copied().chain(map.element));
                    for id in map.chain(node.list.iter().map(|list| list.element)) {
                        let _ = schema.node(id);
                    }
                }
                let _ = schema.node(schema.root());
            }
        }
    }
}
