//! What Git dropped, nobody else owns, and no apply takes out all the same: fields that an alias restores, items of a list that was
//! one value when it was applied, keys that came in `stringData`, and fields of another version of the type.
//!
//! Our Apply entry tells of them until the next apply rewrites it; afterwards only a base does.

use serde_json::Value;

use super::place::{Shape, child_node, item_key, node_at, shape, value_at};
use crate::object::fields::{Entry, FieldSet, ManagedFields};
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::{is_zero, text_at};
use crate::schema::{NodeId, Schema};

/// A live value that stays although Git dropped it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Left {
    /// The field or item.
    pub(super) path: FieldPath,
    /// Its live value.
    pub(super) live: Value,
    /// Why it stays, in words that quote no value.
    pub(super) why: String,
}

/// Fields that the server keeps equal: where one is dropped, the other restores it (core/v1 conversion).
const ALIASES: &[(&str, &str, &str)] = &[
    ("io.k8s.api.core.v1.PodSpec", "serviceAccount", "serviceAccountName"),
    ("io.k8s.api.core.v1.PodSpec", "serviceAccountName", "serviceAccount"),
];

/// Fields that another version of a type has under another name: group, kind, version, field of `spec`, and the same again.
const MOVED: &[(&str, &str, [(&str, &str); 2])] = &[(
    "autoscaling",
    "HorizontalPodAutoscaler",
    [("v1", "targetCPUUtilizationPercentage"), ("v2", "metrics")],
)];

/// The field that the server keeps equal to another one, if there is one.
pub(super) fn beside(schema: &Schema, path: &FieldPath) -> Option<FieldPath> {
    let (PathElement::Field(name), parents) = path.0.split_last()? else { return None };
    let of = schema.node(node_at(schema, parents)).name.as_deref()?;
    let (_, _, other) = ALIASES.iter().find(|row| (row.0, row.1) == (of, name.as_str()))?;
    let mut beside = parents.to_vec();
    beside.push(PathElement::Field((*other).to_owned()));
    Some(FieldPath(beside))
}

/// The alias that restores a dropped field, if there is one that is live, not ours, and not in Git either.
pub(super) fn alias(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    desired: &Value,
    live: &Value,
    path: &FieldPath,
) -> Option<String> {
    let beside = beside(schema, path)?.0;
    let ours = managed.own().is_some_and(|own| own.fields.contains(&beside));
    let is_live = value_at(schema, live, &beside).is_some();
    let other = beside.last().map(ToString::to_string);
    other.filter(|_| is_live && !ours && value_at(schema, desired, &beside).is_none())
}

/// What stays by the evidence of our own entry; `former_values` are lists that it holds as one value.
pub(super) fn left(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    former_values: &[FieldPath],
    desired: &Value,
    live: &Value,
) -> Vec<Left> {
    let Some(own) = managed.own() else { return Vec::new() };
    let mut left = string_data(schema, own, desired, live);
    left.extend(moved(own.api_version, desired, live, |field| {
        own.fields.field("spec").and_then(|s| s.field(field)).is_some()
    }));
    left.extend(former_values.iter().flat_map(|path| former_value(schema, path, desired, live)));
    left.retain(|found| !managed.others().any(|entry| entry.fields.get(&found.path.0).is_some()));
    left
}

/// What stays of a base that was applied at another version of the type.
pub(super) fn moved_from(base: &Value, desired: &Value, live: &Value) -> Vec<Left> {
    let version = text_at(base, &["apiVersion"]).unwrap_or_default();
    moved(version, desired, live, |field| base.get("spec").and_then(|spec| spec.get(field)).is_some())
}

/// Keys of a Secret that came in `stringData`: the server records them under that name, which is never live.
fn string_data(schema: &Schema, own: &Entry<'_>, desired: &Value, live: &Value) -> Vec<Left> {
    let secret = schema.node(schema.root()).name.as_deref() == Some("io.k8s.api.core.v1.Secret");
    let Some(texts) = own.fields.field("stringData").filter(|_| secret) else { return Vec::new() };
    let data = own.fields.field("data");
    let stays = |(element, _): (PathElement, FieldSet<'_>)| {
        let PathElement::Field(key) = element else { return None };
        let live = live.get("data")?.get(&key)?;
        let kept = desired.get("data").is_some_and(|data| data.get(&key).is_some());
        let ours = data.is_some_and(|data| data.field(&key).is_some());
        (!kept && !ours).then(|| Left {
            path: FieldPath::default().field("data").field(&key),
            live: live.clone(),
            why: "it came in stringData".to_owned(),
        })
    };
    texts.children().filter_map(stays).collect()
}

/// Fields that were applied under another name at another version.
fn moved(applied: &str, desired: &Value, live: &Value, has: impl Fn(&str) -> bool) -> Vec<Left> {
    let (Some(now), Some(kind)) = (text_at(desired, &["apiVersion"]), text_at(desired, &["kind"])) else {
        return Vec::new();
    };
    let mut left = Vec::new();
    for (group, of, fields) in MOVED.iter().filter(|row| row.1 == kind) {
        let version = |version: &str| format!("{group}/{version}");
        for (then, later) in [(fields[0], fields[1]), (fields[1], fields[0])] {
            let at = |object: &Value| object.get("spec").and_then(|spec| spec.get(later.1)).cloned();
            let stays = at(live).filter(|_| at(desired).is_none_or(|value| is_zero(&value)));
            if *of == kind && applied == version(then.0) && now == version(later.0) && has(then.1) {
                left.extend(stays.map(|live| Left {
                    path: FieldPath::default().field("spec").field(later.1),
                    live,
                    why: format!("it was applied as spec.{} of {applied}", then.1),
                }));
            }
        }
    }
    left
}

/// A keyed list or set that we own as one value was atomic when it was applied: its items are in nobody's entry.
fn former_value(schema: &Schema, path: &FieldPath, desired: &Value, live: &Value) -> Vec<Left> {
    let list = schema.node(node_at(schema, &path.0)).list.as_ref();
    let items = |object| value_at(schema, object, &path.0).and_then(Value::as_array);
    let (Some(list), Some(desired), Some(live)) = (list, items(desired), items(live)) else {
        return Vec::new();
    };
    if desired.is_empty() {
        return Vec::new();
    }
    let kept: Vec<PathElement> = desired.iter().filter_map(|item| item_key(list, item)).collect();
    let stays = |item: &Value| {
        let key = item_key(list, item).filter(|key| !kept.contains(key))?;
        let mut path = path.clone();
        path.0.push(key);
        Some(Left { path, live: item.clone(), why: "it was applied when the list was one value".to_owned() })
    };
    live.iter().filter_map(stays).collect()
}

/// A keyed list of the live object that holds an item without any of its keys: the server cannot read such an object for an apply.
pub(super) fn keyless(schema: &Schema, live: &Value) -> Option<FieldPath> {
    fn search(schema: &Schema, node: NodeId, value: &Value, path: &mut FieldPath) -> bool {
        let kind = schema.node(node);
        match value {
            Value::Object(map) if shape(kind, value) == Shape::Map => map.iter().any(|(name, value)| {
                let element = PathElement::Field(name.clone());
                let child = child_node(schema, node, &element);
                path.0.push(element);
                child.is_some_and(|child| search(schema, child, value, path)) || path.0.pop().is_none()
            }),
            Value::Array(items) if shape(kind, value) == Shape::Items => {
                let Some(list) = &kind.list else { return false };
                items.iter().any(|item| match item_key(list, item) {
                    None => true,
                    Some(key) => {
                        path.0.push(key);
                        search(schema, list.element, item, path) || path.0.pop().is_none()
                    }
                })
            }
            _ => false,
        }
    }
    let mut path = FieldPath::default();
    search(schema, schema.root(), live, &mut path).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::deployment;
    use crate::compare::prune::prune;
    use serde_json::json;

    #[test]
    fn an_item_without_a_key_is_found() {
        let schema = deployment();
        let pod = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let place = |containers: Value| keyless(&schema, &pod(containers)).map(|path| path.to_string());
        assert_eq!(place(json!([{"name": "a", "env": [{"name": "x"}]}])), None);
        assert_eq!(place(json!([{"name": "a"}, {}])).as_deref(), Some("spec.template.spec.containers"));
        let env = place(json!([{"name": "a", "env": [{"name": "x"}, {"value": "1"}]}]));
        assert_eq!(env.as_deref(), Some("spec.template.spec.containers[a].env"));
    }

    #[test]
    fn items_of_what_was_one_value_stay() {
        let schema = deployment();
        let pod = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let mut live = pod(json!([{"name": "a"}, {"name": "b"}, {"name": "c"}]));
        let at = |inner: Value| json!({"f:spec": {"f:template": {"f:spec": {"f:containers": inner}}}});
        let entry = |manager: &str, operation: &str, fields: Value| json!({"manager": manager, "operation": operation, "fieldsV1": fields});
        live["metadata"]["managedFields"] = json!([
            entry("gitops", "Apply", at(json!({}))),
            entry("other", "Update", at(json!({"k:{\"name\":\"c\"}": {".": {}}})))
        ]);
        let desired = pod(json!([{"name": "a"}]));
        let former = |live: &Value| {
            let managed = ManagedFields::of(live);
            prune(&schema, managed.own().unwrap().fields, &[], &desired, live).former_values
        };
        let paths = |live: &Value| -> Vec<String> {
            left(&schema, &ManagedFields::of(live), &former(live), &desired, live)
                .iter()
                .map(|left| left.path.to_string())
                .collect()
        };
        assert_eq!(paths(&live), ["spec.template.spec.containers[b]"]);
        live["metadata"]["managedFields"][0]["fieldsV1"] = at(json!({"k:{\"name\":\"a\"}": {".": {}}}));
        assert_eq!(paths(&live), [""; 0], "items are ours one by one");
    }
}
