//! Ownership as time leaves it: our entry with paths that are not live any more, without some that are, at an older version,
//! split in two, or erased.

use gitops::live::Resource;
use gitops::schema::{ListKind, MapType, NodeId, Schema};
use serde_json::{Map, Value, json};

use super::client::{Api, Write};
use crate::support::generate::dice::Dice;

/// Rewrites `metadata.managedFields`; tells how.
pub(super) async fn tamper(
    api: &Api,
    resource: &Resource,
    schema: &Schema,
    manifest: &Value,
    dice: &mut Dice,
) -> Option<&'static str> {
    let live = api.read(resource, manifest).await.ok()?;
    let mut entries = live["metadata"]["managedFields"].as_array()?.clone();
    let ours = entries.iter().position(|entry| entry["manager"] == "gitops" && entry["operation"] == "Apply");
    let event = match (dice.below(12), ours) {
        (0, _) => {
            entries = vec![json!({})];
            "ownership erased"
        }
        (1, _) => {
            let at = dice.below(entries.len().max(1));
            let mut copy = entries.get(at)?.clone();
            age(schema, schema.root(), copy["fieldsV1"].as_object_mut()?, dice, 3);
            entries.push(copy);
            "an entry twice"
        }
        (2, _) => {
            let at = dice.below(entries.len().max(1));
            let entry = entries.get_mut(at).filter(|entry| entry["operation"] == "Update")?;
            age(schema, schema.root(), entry["fieldsV1"].as_object_mut()?, dice, 3);
            "another's entry aged"
        }
        (_, Some(at)) => {
            let fields = entries[at]["fieldsV1"].as_object_mut()?;
            for _ in 0..=dice.below(4) {
                age(schema, schema.root(), fields, dice, 3);
            }
            "our entry aged"
        }
        _ => return None,
    };
    let body = json!({"metadata": {"name": live["metadata"]["name"], "namespace": live["metadata"]["namespace"],
        "managedFields": entries}});
    api.write(resource, "tamper", Write::Merge(""), &body).await.ok()?;
    Some(event)
}

/// Goes down a random way and adds a field that is not live, an item that nobody has, or takes a path out.
fn age(schema: &Schema, node: NodeId, set: &mut Map<String, Value>, dice: &mut Dice, again: usize) {
    let below: Vec<String> = set.keys().filter(|key| *key != ".").cloned().collect();
    if !below.is_empty() && !dice.once_in(4) {
        let key = dice.pick(&below).clone();
        let child = match key.split_at_checked(2) {
            Some(("f:", name)) => schema.node(node).map.as_ref().and_then(|map| map.child(name)),
            _ => schema.node(node).list.as_ref().map(|list| list.element),
        };
        if let (Some(child), Some(Value::Object(set))) = (child, set.get_mut(&key)) {
            return age(schema, child, set, dice, again);
        }
    }
    let kind = schema.node(node);
    match dice.below(5) {
        0 if !below.is_empty() => {
            set.remove(dice.pick(&below));
        }
        1 if !set.is_empty() => {
            set.insert(".".to_owned(), json!({}));
        }
        _ => {
            if let Some(map) = kind.map.as_ref().filter(|map| !map.atomic && !set.is_empty()) {
                let names: Vec<&String> = map.fields.keys().filter(|name| is_tracked(name, map)).collect();
                let name = if names.is_empty() { "ghost" } else { dice.pick(&names).as_str() };
                let child = map.child(name);
                let ghost = set.entry(format!("f:{name}")).or_insert_with(|| json!({}));
                if let (Some(child), Some(ghost), true) = (child, ghost.as_object_mut(), again > 0) {
                    ghost_below(schema, child, ghost, dice, again - 1);
                }
            } else if let Some(list) = kind.list.as_ref().filter(|_| !set.is_empty()) {
                match &list.kind {
                    ListKind::Set => {
                        set.insert("v:\"ghost\"".to_owned(), json!({}));
                    }
                    ListKind::Keyed(keys) if keys.len() == 1 => {
                        let key = json!({keys[0].name.as_str(): "ghost"});
                        set.insert(format!("k:{key}"), json!({".": {}, "f:name": {}}));
                    }
                    _ => {}
                }
            }
        }
    }
}

/// The server never tracks what names an object and its type, and what it counts itself.
fn is_tracked(name: &str, around: &MapType) -> bool {
    let metadata = around.fields.contains_key("managedFields");
    let type_name = around.fields.contains_key("metadata")
        && ["apiVersion", "kind", "metadata", "status"].contains(&name);
    !type_name && (!metadata || ["labels", "annotations", "finalizers", "ownerReferences"].contains(&name))
}

/// Fields below one that may not be live.
fn ghost_below(schema: &Schema, node: NodeId, set: &mut Map<String, Value>, dice: &mut Dice, again: usize) {
    let Some(map) = schema.node(node).map.as_ref().filter(|map| !map.atomic && !map.fields.is_empty()) else {
        return;
    };
    if dice.once_in(3) {
        return;
    }
    let names: Vec<&String> = map.fields.keys().filter(|name| is_tracked(name, map)).collect();
    if names.is_empty() {
        return;
    }
    let name = *dice.pick(&names);
    let below = set.entry(format!("f:{name}")).or_insert_with(|| json!({}));
    if let (Some(below), true) = (below.as_object_mut(), again > 0) {
        ghost_below(schema, map.fields[name], below, dice, again - 1);
    }
}
