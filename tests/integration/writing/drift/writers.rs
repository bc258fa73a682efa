//! How people's tools bring an edit to the server: by PUT, by the three kinds of patches, by an apply of their own.

use gitops::compare::place::value_at;
use gitops::live::Resource;
use gitops::object::path::PathElement;
use gitops::schema::{ListKind, ListType, NodeId, Schema};
use serde_json::{Map, Value, json};

use crate::pairs::client::{Api, Write};
use crate::pairs::history::merge_patch;
use crate::pairs::truth;
use crate::support::generate::dice::Dice;

/// A way of writing, with the name of the field manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writer {
    Put(&'static str),
    Merge(&'static str),
    Json(&'static str),
    Strategic(&'static str),
    /// Apply of the changed fields alone.
    Apply(&'static str),
    /// Apply of all that the object has, as `kubectl get -o yaml` prints it.
    ApplyAll(&'static str),
}

impl Writer {
    pub(super) const ALL: [Self; 11] = [
        Self::Strategic("kubectl-edit"),
        Self::Strategic("kubectl-set"),
        Self::Strategic("kubectl-patch"),
        Self::Merge("kubectl-patch"),
        Self::Merge("kubectl-edit"),
        Self::Json("kubectl-patch"),
        Self::Put("kubectl-replace"),
        Self::Put("kubectl-edit"),
        Self::Put("node-fetch"),
        Self::Apply("kubectl"),
        Self::ApplyAll("kubectl"),
    ];

    pub(super) fn words(self) -> String {
        match self {
            Self::Put(manager) => format!("PUT by {manager}"),
            Self::Merge(manager) => format!("merge patch by {manager}"),
            Self::Json(manager) => format!("JSON patch by {manager}"),
            Self::Strategic(manager) => format!("strategic patch by {manager}"),
            Self::Apply(manager) => format!("apply by {manager}"),
            Self::ApplyAll(manager) => format!("apply of everything by {manager}"),
        }
    }

    /// Brings an edited copy to the server; the server's words if it refuses.
    pub(super) async fn write(
        self,
        api: &Api,
        resource: &Resource,
        schema: &Schema,
        live: &Value,
        edited: &Value,
    ) -> Result<Value, (u16, String)> {
        let nothing = || (0, "nothing to send".to_owned());
        match self {
            Self::Put(manager) => api.write(resource, manager, Write::Replace, edited).await,
            Self::Merge(manager) => {
                let mut body = merge_patch(live, edited).ok_or_else(nothing)?;
                body["metadata"]["name"] = live["metadata"]["name"].clone();
                body["metadata"]["namespace"] = live["metadata"]["namespace"].clone();
                api.write(resource, manager, Write::Merge(""), &body).await
            }
            Self::Json(manager) => {
                let mut operations = Vec::new();
                json_patch(live, edited, "", &mut operations);
                api.patch(resource, live, manager, "json-patch", &Value::Array(operations)).await
            }
            Self::Strategic(manager) => {
                let body = strategic(schema, schema.root(), live, edited).ok_or_else(nothing)?;
                api.patch(resource, live, manager, "strategic-merge-patch", &body).await
            }
            Self::Apply(manager) => {
                let mut body = json!({"apiVersion": resource.gvk.api_version(), "kind": resource.gvk.kind,
                    "metadata": {"name": live["metadata"]["name"]}});
                if resource.namespaced {
                    body["metadata"]["namespace"] = live["metadata"]["namespace"].clone();
                }
                for path in truth::changed(schema, live, edited) {
                    if let Some(value) = value_at(schema, edited, &path.0) {
                        graft(&mut body, &path.0, value);
                    }
                }
                api.write(resource, manager, Write::Apply, &body).await
            }
            Self::ApplyAll(manager) => {
                let mut body = edited.clone();
                body["apiVersion"] = Value::from(resource.gvk.api_version());
                body["kind"] = Value::from(resource.gvk.kind.as_str());
                if let Some(fields) = body.as_object_mut() {
                    fields.remove("status");
                }
                if let Some(metadata) = body["metadata"].as_object_mut() {
                    metadata.retain(|key, _| {
                        ["name", "namespace", "labels", "annotations"].contains(&key.as_str())
                    });
                }
                api.write(resource, manager, Write::Apply, &body).await
            }
        }
    }
}

/// The operations of RFC 6902 from one value to another; lists of another length are replaced.
fn json_patch(from: &Value, to: &Value, at: &str, operations: &mut Vec<Value>) {
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            for key in from.keys().filter(|key| !to.contains_key(*key)) {
                operations.push(json!({"op": "remove", "path": format!("{at}/{}", escape(key))}));
            }
            for (key, value) in to {
                let at = format!("{at}/{}", escape(key));
                match from.get(key) {
                    Some(old) => json_patch(old, value, &at, operations),
                    None => operations.push(json!({"op": "add", "path": at, "value": value})),
                }
            }
        }
        (Value::Array(from), Value::Array(to)) if from.len() == to.len() => {
            for (index, (old, value)) in from.iter().zip(to).enumerate() {
                json_patch(old, value, &format!("{at}/{index}"), operations);
            }
        }
        _ if from != to => operations.push(json!({"op": "replace", "path": at, "value": to})),
        _ => {}
    }
}

/// A strategic merge patch as kubectl makes it: lists with one key are merged by it, all others replaced.
fn strategic(schema: &Schema, node: NodeId, from: &Value, to: &Value) -> Option<Value> {
    let kind = schema.node(node);
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            let mut patch = Map::new();
            for key in from.keys().filter(|key| !to.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
            for (key, value) in to {
                let child = kind.map.as_ref().and_then(|map| map.child(key)).unwrap_or(NodeId::DEDUCED);
                let Some(old) = from.get(key) else {
                    patch.insert(key.clone(), value.clone());
                    continue;
                };
                if let Some(below) = strategic(schema, child, old, value) {
                    if let Some(order) = order_of(schema, child, old, value) {
                        patch.insert(format!("$setElementOrder/{key}"), order);
                    }
                    patch.insert(key.clone(), below);
                }
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        (Value::Array(old), Value::Array(new)) if from != to => match merged_by(schema, node) {
            Some((key, list)) => Some(items(schema, list, key, old, new)),
            None => Some(to.clone()),
        },
        _ => (from != to).then(|| to.clone()),
    }
}

/// The only key of a list.
fn merged_by(schema: &Schema, node: NodeId) -> Option<(&str, &ListType)> {
    let list = schema.node(node).list.as_ref()?;
    match &list.kind {
        ListKind::Keyed(keys) if keys.len() == 1 => Some((keys[0].name.as_str(), list)),
        _ => None,
    }
}

fn order_of(schema: &Schema, node: NodeId, from: &Value, to: &Value) -> Option<Value> {
    let (key, _) = merged_by(schema, node)?;
    let (_, Value::Array(new)) = (from.as_array()?, to) else { return None };
    Some(new.iter().map(|item| json!({key: item[key]})).collect())
}

fn items(schema: &Schema, list: &ListType, key: &str, old: &[Value], new: &[Value]) -> Value {
    let find = |items: &'_ [Value], wanted: &Value| items.iter().position(|item| item[key] == wanted[key]);
    let gone = old.iter().filter(|item| find(new, item).is_none());
    let mut patch: Vec<Value> = gone.map(|item| json!({key: item[key], "$patch": "delete"})).collect();
    for item in new {
        match find(old, item) {
            None => patch.push(item.clone()),
            Some(at) => {
                if let Some(mut below) = strategic(schema, list.element, &old[at], item) {
                    below[key] = item[key].clone();
                    patch.push(below);
                }
            }
        }
    }
    Value::Array(patch)
}

/// Puts a value at a path into a body, with the keys of the items around it.
fn graft(body: &mut Value, path: &[PathElement], value: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *body = value.clone();
        return;
    };
    match first {
        PathElement::Field(name) => {
            if !body.is_object() {
                *body = json!({});
            }
            let place = body.as_object_mut().expect("it is a map").entry(name.clone()).or_insert(Value::Null);
            graft(place, rest, value);
        }
        PathElement::Key(keys) => {
            if !body.is_array() {
                *body = json!([]);
            }
            let fresh: Map<String, Value> = keys.iter().cloned().collect();
            let items = body.as_array_mut().expect("it is a list");
            let is_it = |item: &Value| keys.iter().all(|(name, value)| item.get(name) == Some(value));
            let at = items.iter().position(is_it).unwrap_or_else(|| {
                items.push(Value::Object(fresh));
                items.len() - 1
            });
            graft(&mut items[at], rest, value);
        }
        PathElement::Value(item) => match body.as_array_mut() {
            Some(items) => items.push(item.clone()),
            None => *body = json!([item]),
        },
        PathElement::Index(_) => {}
    }
}

/// One of the ways that fit the type: custom resources know no strategic patches.
pub(super) fn pick(schema: &Schema, dice: &mut Dice) -> Writer {
    loop {
        let writer = *dice.pick(&Writer::ALL);
        if schema.builtin || !matches!(writer, Writer::Strategic(_)) {
            return writer;
        }
    }
}
