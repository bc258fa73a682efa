//! What is wrong with a manifest by its schema alone, in the words of the place: undeclared fields, wrong types, items
//! without or with equal keys.

use serde_json::Value;

use super::place::{Shape, item_key, shape};
use crate::object::path::{FieldPath, PathElement};
use crate::schema::{ListKind, ListType, MapType, NodeId, Scalar, Schema};

/// One fault of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub path: FieldPath,
    /// What was found and what was expected; never a value.
    pub message: String,
}

/// Checks an object against its schema as server-side apply does before anything else.
pub fn validate(schema: &Schema, object: &Value) -> Vec<Fault> {
    let mut check = Check { schema, faults: Vec::new(), path: Vec::new() };
    check.value(schema.root(), object);
    check.faults
}

struct Check<'a> {
    schema: &'a Schema,
    faults: Vec<Fault>,
    path: Vec<PathElement>,
}

impl Check<'_> {
    fn fault(&mut self, message: String) {
        self.faults.push(Fault { path: FieldPath(self.path.clone()), message });
    }

    fn value(&mut self, id: NodeId, value: &Value) {
        let schema = self.schema;
        let node = schema.node(id);
        match (value, &node.map, &node.list, node.scalar) {
            (Value::Null, ..) => {}
            (Value::Object(map), Some(kind), ..) => self.map(kind, map),
            (Value::Array(items), _, Some(list), _) => self.list(id, list, items, value),
            (Value::String(_), _, _, Some(Scalar::String | Scalar::Untyped))
            | (Value::Number(_), _, _, Some(Scalar::Numeric | Scalar::Untyped))
            | (Value::Bool(_), _, _, Some(Scalar::Boolean | Scalar::Untyped)) => {}
            _ => self.fault(format!("expected {}, found {}", expected(schema, id), found(value))),
        }
    }

    fn map(&mut self, kind: &MapType, map: &serde_json::Map<String, Value>) {
        for (key, value) in map {
            self.path.push(PathElement::Field(key.clone()));
            match kind.child(key) {
                Some(child) => self.value(child, value),
                None => self.fault(format!("field not declared in schema{}", near(key, kind))),
            }
            self.path.pop();
        }
    }

    fn list(&mut self, id: NodeId, list: &ListType, items: &[Value], value: &Value) {
        if shape(self.schema.node(id), value) != Shape::Items {
            for (at, item) in items.iter().enumerate() {
                self.path.push(PathElement::Index(at));
                self.value(list.element, item);
                self.path.pop();
            }
            return;
        }
        let mut seen: Vec<PathElement> = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let Some(key) = item_key(list, item) else {
                self.path.push(PathElement::Index(at));
                self.fault("the item has none of the fields that tell items of this list apart".to_owned());
                self.path.pop();
                continue;
            };
            self.path.push(key.clone());
            self.key_fields(list, item);
            if seen.contains(&key) {
                self.fault("the list holds this item more than once".to_owned());
            } else {
                self.value(list.element, item);
            }
            self.path.pop();
            seen.push(key);
        }
    }

    /// An explicit null or empty text as key is another key for apply than for the stored object, so that each apply would
    /// append one more item.
    fn key_fields(&mut self, list: &ListType, item: &Value) {
        if let ListKind::Keyed(keys) = &list.kind {
            for key in keys {
                let empty = match item.get(&key.name) {
                    Some(Value::Null) => true,
                    Some(Value::String(text)) => text.is_empty(),
                    _ => false,
                };
                if empty {
                    self.fault(format!(
                        "the key field {:?} is null or empty: each apply would add the item once more",
                        key.name
                    ));
                }
            }
        }
    }
}

fn expected(schema: &Schema, id: NodeId) -> &'static str {
    let node = schema.node(id);
    match (&node.map, &node.list, node.scalar) {
        (Some(_), ..) => "a map",
        (_, Some(_), _) => "a list",
        (.., Some(Scalar::String)) => "a string",
        (.., Some(Scalar::Numeric)) => "a number",
        (.., Some(Scalar::Boolean)) => "true or false",
        _ => "a scalar",
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The declared field with the least distance, if it is near.
fn near(key: &str, kind: &MapType) -> String {
    let ratio = |name: &str| similar::TextDiff::from_chars(key, name).ratio();
    let best = kind.fields.keys().map(|name| (ratio(name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((ratio, name)) if ratio >= 0.75 => format!(" (did you mean {name}?)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::{deployment, service};
    use serde_json::json;

    #[test]
    fn faults_name_their_place() {
        let pod = |container: Value| json!({"spec": {"template": {"spec": {"containers": container}}}});
        let at = "spec.template.spec.containers";
        let table = [
            (
                pod(json!([{"name": "a", "imag": "x"}])),
                format!("{at}[a].imag: field not declared in schema (did you mean image?)"),
            ),
            (
                pod(json!([{"name": "a", "image": 1}])),
                format!("{at}[a].image: expected a string, found a number"),
            ),
            (
                pod(json!([{"image": "x"}])),
                format!("{at}[0]: the item has none of the fields that tell items of this list apart"),
            ),
            (
                pod(json!([{"name": "a"}, {"name": "a"}])),
                format!("{at}[a]: the list holds this item more than once"),
            ),
            (
                json!({"spec": {"replicas": "3"}}),
                "spec.replicas: expected a number, found a string".to_owned(),
            ),
            (json!({"spec": []}), "spec: expected a map, found a list".to_owned()),
        ];
        for (object, expected) in table {
            let faults = validate(&deployment(), &object);
            let text: Vec<String> = faults.iter().map(|f| format!("{}: {}", f.path, f.message)).collect();
            assert_eq!(text, [expected]);
        }
        let null_key = json!({"spec": {"ports": [{"port": 80, "protocol": null}]}});
        assert!(validate(&service(), &null_key)[0].message.contains("null or empty"));
        assert!(
            validate(&service(), &json!({"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}))
                .is_empty()
        );
    }
}
