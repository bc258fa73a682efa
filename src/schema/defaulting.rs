//! Structural defaults of custom resources: what the server makes of a value before it stores it.
//!
//! The rules are those of apiextensions-apiserver (`pkg/apiserver/schema/defaulting/algorithm.go`): a default is filled in where a
//! field of an object that is there is absent, or null although null is not allowed; then the same below, in what was filled in
//! as well. Unknown fields, free content and metadata have no defaults.

use serde_json::{Map, Value};

use super::{Node, NodeId, Schema};

/// The value as the server stores it at a node. Values of built-in types are returned as they are: their published defaults
/// are no rules of storage.
pub fn defaulted(schema: &Schema, node: NodeId, value: &Value) -> Value {
    let mut value = value.clone();
    if !schema.builtin {
        replace_null(schema.node(node), &mut value);
        fill(schema, node, &mut value);
    }
    value
}

/// Null where null is not allowed stands for the default; without one it stays, and the server refuses it.
fn replace_null(node: &Node, value: &mut Value) {
    if value.is_null()
        && !node.nullable
        && let Some(default) = &node.default
    {
        *value = default.clone();
    }
}

fn fill(schema: &Schema, node: NodeId, value: &mut Value) {
    let node = schema.node(node);
    match value {
        Value::Object(map) => {
            let Some(kind) = &node.map else { return };
            for (name, child) in &kind.fields {
                if let Some(default) = &schema.node(*child).default
                    && !map.contains_key(name)
                {
                    map.insert(name.clone(), default.clone());
                }
            }
            fill_entries(schema, map, |name| kind.child(name));
        }
        Value::Array(items) => {
            let Some(list) = &node.list else { return };
            for item in items {
                replace_null(schema.node(list.element), item);
                fill(schema, list.element, item);
            }
        }
        _ => {}
    }
}

fn fill_entries(schema: &Schema, map: &mut Map<String, Value>, child: impl Fn(&str) -> Option<NodeId>) {
    for (name, value) in map {
        if let Some(node) = child(name) {
            replace_null(schema.node(node), value);
            fill(schema, node, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use crate::schema::openapi::Document;
    use serde_json::json;

    /// The spec of a custom resource, or of a built-in one, as the server publishes it.
    fn spec_of(group: &str, properties: Value) -> Schema {
        let meta = json!({"type": "object", "properties": {"generation": {"type": "integer", "default": 0}}});
        let document = json!({"components": {"schemas": {
            "Meta": meta,
            "Thing": {"type": "object", "properties": {
                    "metadata": {"allOf": [{"$ref": "#/components/schemas/Meta"}]},
                    "spec": {"type": "object", "properties": properties}},
                "x-kubernetes-group-version-kind": [{"group": group, "version": "v1", "kind": "Thing"}]}}}});
        let document = Document::parse(document.to_string().as_bytes()).unwrap();
        document.schema(&Gvk::new(group, "v1", "Thing")).unwrap()
    }

    fn spec(properties: Value, value: Value) -> Value {
        let schema = spec_of("example.org", properties);
        let object = json!({"metadata": {}, "spec": value});
        let stored = defaulted(&schema, schema.root(), &object);
        assert_eq!(stored["metadata"], json!({}), "metadata has no structural defaults");
        stored["spec"].clone()
    }

    #[test]
    fn defaults_are_filled_into_what_is_there() {
        let text = |default: &str| json!({"type": "string", "default": default});
        let inner = json!({"type": "object", "properties": {"a": text("x"), "b": {"type": "string"}}});
        let mut outer = inner.clone();
        outer["default"] = json!({"b": "y"});
        let table = [
            ("a field", json!({"a": text("x")}), json!({}), json!({"a": "x"})),
            ("not over a value", json!({"a": text("x")}), json!({"a": ""}), json!({"a": ""})),
            ("not into an absent object", json!({"o": inner}), json!({}), json!({})),
            ("into an empty one", json!({"o": inner}), json!({"o": {}}), json!({"o": {"a": "x"}})),
            ("below a default", json!({"o": outer}), json!({}), json!({"o": {"a": "x", "b": "y"}})),
            (
                "in items",
                json!({"l": {"type": "array", "items": inner}}),
                json!({"l": [{}, {"a": "z"}]}),
                json!({"l": [{"a": "x"}, {"a": "z"}]}),
            ),
            (
                "in entries",
                json!({"m": {"type": "object", "additionalProperties": inner}}),
                json!({"m": {"k": {}}}),
                json!({"m": {"k": {"a": "x"}}}),
            ),
            (
                "not in unknown fields",
                json!({"f": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"o": inner}}}),
                json!({"f": {"o": {}, "p": {}}}),
                json!({"f": {"o": {"a": "x"}, "p": {}}}),
            ),
        ];
        for (what, properties, value, expected) in table {
            assert_eq!(spec(properties, value), expected, "{what}");
        }
    }

    #[test]
    fn null_is_the_default_unless_it_is_allowed() {
        let text = |nullable: bool| json!({"type": "string", "nullable": nullable, "default": "x"});
        let list = |item: Value| json!({"l": {"type": "array", "items": item}});
        let map = |entry: Value| json!({"m": {"type": "object", "additionalProperties": entry}});
        let table = [
            (json!({"a": text(false)}), json!({"a": null}), json!({"a": "x"})),
            (json!({"a": text(true)}), json!({"a": null}), json!({"a": null})),
            (json!({"a": {"type": "string"}}), json!({"a": null}), json!({"a": null})),
            (list(text(false)), json!({"l": [null]}), json!({"l": ["x"]})),
            (list(text(true)), json!({"l": [null]}), json!({"l": [null]})),
            (map(text(false)), json!({"m": {"k": null}}), json!({"m": {"k": "x"}})),
            (map(text(true)), json!({"m": {"k": null}}), json!({"m": {"k": null}})),
        ];
        for (properties, value, expected) in table {
            assert_eq!(spec(properties.clone(), value.clone()), expected, "{properties} {value}");
        }
    }

    #[test]
    fn published_defaults_of_built_in_types_are_no_rules() {
        let schema = spec_of("apps", json!({"a": {"type": "string", "default": "x"}}));
        let object = json!({"spec": {}});
        assert_eq!(defaulted(&schema, schema.root(), &object), object);
    }
}
