//! What is left out of snapshots: values of Secrets, and the prose of schemas.

use serde_json::Value;

use crate::compare::owner::LAST_APPLIED;

/// Removes the values of a Secret: `data`, `stringData`, and the copy that client-side apply keeps in an annotation.
pub(super) fn remove_secret_values(secret: &mut Value) {
    let Some(object) = secret.as_object_mut() else { return };
    object.remove("data");
    object.remove("stringData");
    let annotations = object.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
    if let Some(annotations) = annotations.and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
}

/// Removes the paths and descriptions of an OpenAPI document: nine tenths of it, and nothing that compares anything.
pub(super) fn remove_prose(document: &mut Value) {
    if let Some(document) = document.as_object_mut() {
        document.remove("paths");
    }
    remove_descriptions(document);
}

/// `value` is a schema, or something that holds schemas under keywords.
fn remove_descriptions(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(remove_descriptions),
        Value::Object(map) => {
            map.remove("description");
            for (keyword, value) in map {
                match keyword.as_str() {
                    // Here keys are names, and one may be called `description`.
                    "properties" | "patternProperties" | "schemas" => {
                        let schemas = value.as_object_mut().into_iter().flat_map(|map| map.values_mut());
                        schemas.for_each(remove_descriptions);
                    }
                    // Values that a schema quotes stay as they are.
                    "default" | "enum" | "example" => {}
                    _ => remove_descriptions(value),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_keep_nothing_of_their_values() {
        let mut secret = json!({"metadata": {"name": "s", "annotations": {"a": "b",
                "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":\"canary\"}"}},
            "type": "Opaque", "data": {"k": "canary"}, "stringData": {"k": "canary"}});
        remove_secret_values(&mut secret);
        assert_eq!(secret, json!({"metadata": {"name": "s", "annotations": {"a": "b"}}, "type": "Opaque"}));
        let mut odd = json!({"metadata": null, "data": "canary"});
        remove_secret_values(&mut odd);
        assert_eq!(odd, json!({"metadata": null}));
    }

    #[test]
    fn schemas_lose_prose_and_nothing_else() {
        let mut document = json!({"openapi": "3.0.0", "paths": {"/x": {}}, "components": {"schemas": {"A": {
            "description": "prose", "type": "object", "properties": {
                "description": {"description": "prose", "type": "string"},
                "default": {"description": "prose", "type": "object"},
                "list": {"type": "array", "items": {"description": "prose", "type": "string"},
                    "default": [{"description": "value"}], "x-kubernetes-list-type": "atomic"},
                "map": {"default": {"type": "x", "description": "value"}, "enum": [{"description": "value"}],
                    "allOf": [{"description": "prose", "$ref": "#/components/schemas/B"}]}}}}}});
        remove_prose(&mut document);
        assert_eq!(
            document,
            json!({"openapi": "3.0.0", "components": {"schemas": {"A": {
                "type": "object", "properties": {
                    "description": {"type": "string"},
                    "default": {"type": "object"},
                    "list": {"type": "array", "items": {"type": "string"},
                        "default": [{"description": "value"}], "x-kubernetes-list-type": "atomic"},
                    "map": {"default": {"type": "x", "description": "value"}, "enum": [{"description": "value"}],
                        "allOf": [{"$ref": "#/components/schemas/B"}]}}}}}})
        );
    }
}
