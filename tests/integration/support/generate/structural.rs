//! Definitions of custom resources with defaults at every place where the server takes one, and objects of them that leave
//! things out, write null where a default stands, and hold empty maps and lists.

use serde_json::{Map, Value, json};

use super::Dice;

/// The definition of kind `Thing<number>`.
pub(crate) fn definition(seed: u64, group: &str, number: u64) -> Value {
    let (kind, plural) = (format!("Thing{number}"), format!("thing{number}s"));
    let spec = object(&mut Dice::new(seed, "definition", number), 4);
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": schema}]}})
}

/// An object of the definition.
pub(crate) fn custom(seed: u64, definition: &Value, number: u64, namespace: &str) -> Value {
    let names = &definition["spec"]["names"];
    let kind = names["kind"].as_str().expect("a definition has a kind");
    let mut dice = Dice::new(seed, kind, number);
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let group = definition["spec"]["group"].as_str().expect("a definition has a group");
    json!({"apiVersion": format!("{group}/v1"), "kind": kind,
        "metadata": {"name": format!("{}-{number}", kind.to_lowercase()), "namespace": namespace},
        "spec": value(&mut dice, schema, true)})
}

fn object(dice: &mut Dice, depth: usize) -> Value {
    let mut properties = Map::new();
    for at in 0..2 + dice.below(4) {
        properties.insert(format!("f{at}"), any(dice, depth - 1));
    }
    json!({"type": "object", "properties": properties})
}

/// A schema; one in two has a default, and one in four takes null.
fn any(dice: &mut Dice, depth: usize) -> Value {
    let mut schema = match dice.below(if depth > 0 { 9 } else { 4 }) {
        0 => json!({"type": "string"}),
        1 => json!({"type": "integer"}),
        2 => json!({"type": "boolean"}),
        3 => json!({"x-kubernetes-int-or-string": true}),
        4 | 5 => object(dice, depth),
        6 => json!({"type": "array", "items": any(dice, depth - 1)}),
        7 => json!({"type": "object", "additionalProperties": any(dice, depth - 1)}),
        _ => special(dice, depth),
    };
    if dice.once_in(4) {
        schema["nullable"] = json!(true);
    }
    if dice.once_in(2) && schema.get("x-kubernetes-embedded-resource").is_none() {
        schema["default"] = value(dice, &schema, false);
    }
    schema
}

/// Keyed lists, maps that are replaced as a whole, free content beside declared fields, whole objects inside objects.
fn special(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(4) {
        0 => {
            let mut item = object(dice, depth);
            item["properties"]["name"] = json!({"type": "string"});
            item["required"] = json!(["name"]);
            json!({"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]})
        }
        1 => {
            let mut map = object(dice, depth);
            map["x-kubernetes-map-type"] = json!("atomic");
            map
        }
        2 => {
            let mut free = object(dice, depth);
            free["x-kubernetes-preserve-unknown-fields"] = json!(true);
            free
        }
        _ => {
            let spec = object(dice, depth);
            json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"spec": spec}})
        }
    }
}

/// A value that fits the schema, with `gaps` as people write it: null only where the server takes it.
fn value(dice: &mut Dice, schema: &Value, gaps: bool) -> Value {
    let is = |key: &str| schema.get(key).is_some();
    if (gaps && is("default") || is("nullable")) && dice.once_in(6) {
        return Value::Null;
    }
    match schema["type"].as_str() {
        Some("string") => json!(*dice.pick(&["", "a", "b c", "1"])),
        Some("integer") => json!(*dice.pick(&[0, 1, -7, 1_000_000])),
        Some("boolean") => json!(dice.once_in(2)),
        Some("array") => list(dice, schema, gaps),
        Some(_) => map(dice, schema, gaps),
        None => dice.pick(&[json!(80), json!("80"), json!("http")]).clone(),
    }
}

fn list(dice: &mut Dice, schema: &Value, gaps: bool) -> Value {
    let mut items: Vec<Value> = (0..dice.below(4)).map(|_| value(dice, &schema["items"], gaps)).collect();
    if schema.get("x-kubernetes-list-map-keys").is_some() {
        items.retain(Value::is_object);
        for (at, item) in items.iter_mut().enumerate() {
            item["name"] = json!(format!("n{at}"));
        }
    }
    Value::Array(items)
}

fn map(dice: &mut Dice, schema: &Value, gaps: bool) -> Value {
    let mut map = Map::new();
    if let Some(entry) = schema.get("additionalProperties") {
        for at in 0..dice.below(3) {
            map.insert(format!("k{at}"), value(dice, entry, gaps));
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if dice.once_in(2) {
            map.insert(name.clone(), value(dice, property, gaps));
        }
    }
    if schema.get("x-kubernetes-embedded-resource").is_some() {
        map.extend([("apiVersion".to_owned(), json!("v1")), ("kind".to_owned(), json!("Inner"))]);
        map.insert("metadata".to_owned(), json!({"name": "inner", "labels": {"a": "b"}}));
    } else if schema.get("x-kubernetes-preserve-unknown-fields").is_some() && gaps && dice.once_in(2) {
        map.insert("unknown".to_owned(), json!({"f0": {}, "list": [{}]}));
    }
    Value::Object(map)
}
