//! What is hidden in reports is not kept in records either.

use serde_json::Value;

use super::rules::MaskRules;
use super::walk::{Cursor, each};
use crate::compare::owner::LAST_APPLIED;
use crate::object::id::{Gvk, ObjectId};
use crate::record::veil::Hidden;

impl Hidden for MaskRules {
    fn concerns(&self, id: &ObjectId, object: &Value) -> bool {
        let secret = id.group.is_empty() && matches!(id.kind.as_str(), "Secret" | "SecretList");
        secret || self.looks_into(&Gvk::new(&id.group, "", &id.kind)) || holds_a_secret(object)
    }

    fn each(&self, id: &ObjectId, object: &mut Value, visit: &mut dyn FnMut(&[String], &mut Value)) {
        let root = Cursor::root(&Gvk::new(&id.group, "", &id.kind), id, self);
        each(&root, &mut Vec::new(), object, visit);
    }
}

/// True if a Secret, a list of them or a recorded manifest stands anywhere inside.
fn holds_a_secret(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(name, value)| match name.as_str() {
            LAST_APPLIED => true,
            "kind" => matches!(value.as_str(), Some("Secret" | "SecretList")) || holds_a_secret(value),
            _ => holds_a_secret(value),
        }),
        Value::Array(items) => items.iter().any(holds_a_secret),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn visited(kind: &str, group: &str, mut object: Value) -> (bool, Vec<String>) {
        let id = ObjectId::new(&Gvk::new(group, "v1", kind), "n", "x");
        let rules = MaskRules::default();
        let mut paths = Vec::new();
        rules.each(&id, &mut object, &mut |path, value| {
            paths.push(path.join("/"));
            *value = Value::from("gone");
        });
        (rules.concerns(&id, &object), paths)
    }

    #[test]
    fn what_is_masked_in_reports_is_visited() {
        let secret = json!({"kind": "Secret", "metadata": {"name": "x", "labels": {"a": "b"}}, "type": "Opaque",
            "data": {"k": "djE=", "l": ""}, "stringdata": {"k": "v"}});
        assert_eq!(
            visited("Secret", "", secret),
            (true, vec!["data/k".into(), "data/l".into(), "stringdata/k".into()])
        );
        assert_eq!(visited("Secret", "", json!({"data": ["a"]})), (true, vec!["data".into()]));
        let custom = json!({"spec": {"password": "p", "users": [{"token": "t", "name": "n"}]}});
        assert_eq!(
            visited("Database", "db.example", custom),
            (true, vec!["spec/password".into(), "spec/users/token".into()])
        );
        let inner =
            json!({"spec": {"template": {"apiVersion": "v1", "kind": "Secret", "data": {"k": "djE="}}}});
        assert_eq!(visited("Job", "batch", inner), (true, vec!["spec/template/data/k".into()]));
        let plain = json!({"data": {"password": "p", "kind": "ConfigMap"}});
        assert_eq!(visited("ConfigMap", "", plain), (false, vec![]));
    }
}
