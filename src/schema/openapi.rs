//! Compiles published OpenAPI v3 documents into merge schemas.
//!
//! The rules are those of kube-openapi's `pkg/schemaconv/openapi.go`, which the API server itself uses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{
    Form, KeyField, ListKind, ListType, MapType, Node, NodeId, Scalar, Schema, builtin, common_nodes,
};
use crate::object::id::Gvk;

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
/// The type of what a built-in object keeps as it came.
pub(crate) const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
/// Deepest nesting of inline schemas that is compiled; deeper parts are deduced.
const MAX_DEPTH: usize = 100;

/// One parsed OpenAPI v3 document: the definitions of a group-version.
#[derive(Debug)]
pub struct Document {
    definitions: serde_json::Map<String, Value>,
    kinds: BTreeMap<Gvk, String>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// The text is no JSON or holds no `components.schemas`.
    pub fn parse(text: &[u8]) -> anyhow::Result<Self> {
        let mut document: Value = serde_json::from_slice(text)?;
        let schemas = document.pointer_mut("/components/schemas").map(Value::take);
        let Some(Value::Object(definitions)) = schemas else {
            anyhow::bail!("the OpenAPI document holds no components.schemas");
        };
        let mut kinds = BTreeMap::new();
        for (name, definition) in &definitions {
            for gvk in published_kinds(definition) {
                kinds.insert(gvk, name.clone());
            }
        }
        Ok(Self { definitions, kinds })
    }

    /// Compiles the schema of a kind; `None` if the document does not describe it.
    pub fn schema(&self, gvk: &Gvk) -> Option<Schema> {
        let name = self.kinds.get(gvk)?;
        let builtin = builtin::is_builtin_group(&gvk.group);
        let mut compiler = Compiler {
            document: self,
            nodes: common_nodes(),
            named: BTreeMap::new(),
            builtin,
            structural: false,
        };
        let root = compiler.named(name, None);
        Some(Schema { nodes: compiler.nodes, root, builtin, deduced: false, versions: BTreeSet::new() })
    }
}

fn published_kinds(definition: &Value) -> Vec<Gvk> {
    let Some(Value::Array(list)) = definition.get("x-kubernetes-group-version-kind") else {
        return Vec::new();
    };
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.iter()
        .map(|entry| Gvk {
            group: text(entry, "group"),
            version: text(entry, "version"),
            kind: text(entry, "kind"),
        })
        .collect()
}

struct Compiler<'a> {
    document: &'a Document,
    nodes: Vec<Node>,
    named: BTreeMap<(String, Option<bool>), NodeId>,
    builtin: bool,
    /// True inside the schema of a custom resource itself: what it refers to, such as metadata, has no structural defaults.
    structural: bool,
}

impl Compiler<'_> {
    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// The node of a named definition, `atomic` overriding its map type as a `x-kubernetes-map-type` beside a `$ref` does.
    fn named(&mut self, name: &str, atomic: Option<bool>) -> NodeId {
        let key = (name.to_owned(), atomic);
        if let Some(id) = self.named.get(&key) {
            return *id;
        }
        let Some(definition) = self.document.definitions.get(name) else {
            return NodeId::DEDUCED;
        };
        let id = self.push(Node::default());
        let is_root = self.named.is_empty();
        self.named.insert(key, id);
        let outer = std::mem::replace(&mut self.structural, is_root && !self.builtin);
        let mut node = match name {
            QUANTITY => Node { scalar: Some(Scalar::Untyped), ..Node::default() },
            RAW_EXTENSION => self.nodes[NodeId::UNTYPED.0 as usize].clone(),
            _ => self.node(definition, false, 0),
        };
        self.structural = outer;
        if let (Some(atomic), Some(map)) = (atomic, node.map.as_mut()) {
            map.atomic = atomic;
        }
        node.name = Some(Arc::from(name));
        if self.builtin {
            node.form = match name {
                QUANTITY => Form::Quantity,
                TIME => Form::Time,
                _ => node.form,
            };
        }
        self.nodes[id.0 as usize] = node;
        id
    }

    fn node(&mut self, schema: &Value, preserve: bool, depth: usize) -> Node {
        if depth > MAX_DEPTH {
            return self.nodes[NodeId::DEDUCED.0 as usize].clone();
        }
        let preserve = preserve || flag(schema, "x-kubernetes-preserve-unknown-fields");
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let scalar = |scalar| Node { scalar: Some(scalar), ..Node::default() };
        match schema.get("type").and_then(Value::as_str) {
            None => Node {
                scalar: Some(Scalar::Untyped),
                list: Some(self.list(schema, preserve, depth)),
                map: Some(self.map(schema, preserve, depth)),
                ..Node::default()
            },
            Some("object") => Node { map: Some(self.map(schema, preserve, depth)), ..Node::default() },
            Some("array") => Node { list: Some(self.list(schema, preserve, depth)), ..Node::default() },
            Some("integer" | "number") => scalar(Scalar::Numeric),
            Some("boolean") => scalar(Scalar::Boolean),
            Some("string") if format.is_empty() => scalar(Scalar::String),
            Some("string") if format == "byte" => {
                let form = if self.builtin { Form::Bytes } else { Form::Verbatim };
                Node { scalar: Some(Scalar::String), form, ..Node::default() }
            }
            Some(_) => scalar(Scalar::Untyped),
        }
    }

    fn reference(&mut self, schema: &Value, preserve: bool, depth: usize) -> NodeId {
        let target = schema.get("$ref").or_else(|| match schema.get("allOf") {
            Some(Value::Array(all)) if all.len() == 1 => all[0].get("$ref"),
            _ => None,
        });
        match target.and_then(Value::as_str) {
            Some(target) => self.named(target.rsplit('/').next().unwrap_or(target), map_type(schema)),
            None => {
                let mut node = self.node(schema, preserve, depth + 1);
                if self.structural {
                    node.default = schema.get("default").filter(|default| !default.is_null()).cloned();
                    node.nullable = flag(schema, "nullable");
                }
                self.push(node)
            }
        }
    }

    fn map(&mut self, schema: &Value, preserve: bool, depth: usize) -> MapType {
        let mut fields = BTreeMap::new();
        if let Some(Value::Object(properties)) = schema.get("properties") {
            for (name, property) in properties {
                fields.insert(name.clone(), self.reference(property, preserve, depth));
            }
        }
        let element = match schema.get("additionalProperties") {
            None if preserve || fields.is_empty() => Some(NodeId::DEDUCED),
            Some(Value::Bool(true)) => Some(NodeId::DEDUCED),
            None | Some(Value::Bool(false)) => None,
            Some(element) => Some(self.reference(element, preserve, depth)),
        };
        MapType { atomic: map_type(schema) == Some(true), fields, element }
    }

    fn list(&mut self, schema: &Value, preserve: bool, depth: usize) -> ListType {
        let items = schema.get("items");
        let element = items.map_or(NodeId::UNTYPED, |items| self.reference(items, preserve, depth));
        let text = |key: &str| schema.get(key).and_then(Value::as_str);
        let kind = match (text("x-kubernetes-list-type"), text("x-kubernetes-patch-strategy")) {
            (Some("set"), _) => ListKind::Set,
            (Some("map"), _) => self.keyed(string_list(schema.get("x-kubernetes-list-map-keys")), items),
            (None, Some("merge" | "merge,retainKeys")) => match text("x-kubernetes-patch-merge-key") {
                Some(key) => self.keyed(vec![key.to_owned()], items),
                None => ListKind::Set,
            },
            _ => ListKind::Atomic,
        };
        ListType { kind, element }
    }

    fn keyed(&self, keys: Vec<String>, items: Option<&Value>) -> ListKind {
        let item = items.map(|items| self.target(items));
        let default = |key: &str| {
            let property = item?.get("properties")?.get(key)?;
            property.get("default").or_else(|| self.target(property).get("default")).cloned()
        };
        ListKind::Keyed(keys.into_iter().map(|name| KeyField { default: default(&name), name }).collect())
    }

    /// The definition that a schema refers to, or the schema itself.
    fn target<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let single = |all: &'s Vec<Value>| if all.len() == 1 { all[0].get("$ref") } else { None };
        let reference =
            schema.get("$ref").or_else(|| schema.get("allOf").and_then(Value::as_array).and_then(single));
        let name = reference.and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
        name.and_then(|name| self.document.definitions.get(name)).unwrap_or(schema)
    }
}

fn flag(schema: &Value, key: &str) -> bool {
    schema.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn map_type(schema: &Value) -> Option<bool> {
    schema.get("x-kubernetes-map-type").and_then(Value::as_str).map(|text| text == "atomic")
}

fn string_list(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn widget(spec: Value) -> Schema {
        let document = json!({"components": {"schemas": {
            "org.example.v1.Widget": {
                "type": "object",
                "properties": {"spec": spec},
                "x-kubernetes-group-version-kind": [{"group": "example.org", "version": "v1", "kind": "Widget"}],
            },
            "Port": {"type": "object", "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}}},
            "Map": {"type": "object", "additionalProperties": {"type": "string"}},
        }}});
        let document = Document::parse(document.to_string().as_bytes()).unwrap();
        document.schema(&Gvk::new("example.org", "v1", "Widget")).unwrap()
    }

    fn spec(schema: &Schema) -> &Node {
        let root = schema.node(schema.root()).map.as_ref().unwrap();
        schema.node(root.child("spec").unwrap())
    }

    #[test]
    fn list_types_follow_the_extensions() {
        let list = |extensions: Value| {
            let mut schema =
                json!({"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Port"}]}});
            schema.as_object_mut().unwrap().extend(extensions.as_object().unwrap().clone());
            spec(&widget(schema)).list.clone().unwrap().kind
        };
        let key = |name: &str, default: Option<Value>| KeyField { name: name.into(), default };
        let port = key("port", None);
        assert_eq!(list(json!({})), ListKind::Atomic);
        assert_eq!(list(json!({"x-kubernetes-list-type": "set"})), ListKind::Set);
        assert_eq!(
            list(
                json!({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"]})
            ),
            ListKind::Keyed(vec![port.clone(), key("protocol", Some(json!("TCP")))])
        );
        assert_eq!(
            list(json!({"x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "port"})),
            ListKind::Keyed(vec![port])
        );
        assert_eq!(list(json!({"x-kubernetes-patch-strategy": "retainKeys"})), ListKind::Atomic);
    }

    #[test]
    fn maps_are_closed_open_or_free() {
        let element = |schema: Value| spec(&widget(schema)).map.clone().unwrap().element;
        assert_eq!(element(json!({"type": "object", "properties": {"a": {"type": "string"}}})), None);
        assert_eq!(element(json!({"type": "object"})), Some(NodeId::DEDUCED));
        let preserved = json!({"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-preserve-unknown-fields": true});
        assert_eq!(element(preserved), Some(NodeId::DEDUCED));
        let schema = widget(json!({"type": "object", "additionalProperties": {"type": "string"}}));
        let text = spec(&schema).map.as_ref().unwrap().element.unwrap();
        assert_eq!(schema.node(text).scalar, Some(Scalar::String));
    }

    #[test]
    fn a_map_type_beside_a_reference_overrides_its_target() {
        let schema = json!({"$ref": "#/components/schemas/Map", "x-kubernetes-map-type": "atomic"});
        assert!(spec(&widget(schema)).map.as_ref().unwrap().atomic);
        assert!(!spec(&widget(json!({"$ref": "#/components/schemas/Map"}))).map.as_ref().unwrap().atomic);
    }

    #[test]
    fn recursive_definitions_end() {
        let document = json!({"components": {"schemas": {"Tree": {
            "type": "object",
            "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
            "x-kubernetes-group-version-kind": [{"group": "g", "version": "v1", "kind": "Tree"}],
        }}}});
        let document = Document::parse(document.to_string().as_bytes()).unwrap();
        let schema = document.schema(&Gvk::new("g", "v1", "Tree")).unwrap();
        let children = schema.node(schema.root()).map.as_ref().unwrap().child("children").unwrap();
        assert_eq!(schema.node(children).list.as_ref().unwrap().element, schema.root());
    }
}
