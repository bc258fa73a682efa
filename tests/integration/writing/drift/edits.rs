//! What people do to live objects: each edit changes a copy of the object, at a place that the dice choose.

use std::collections::BTreeSet;

use gitops::compare::place::{OwnedStep, steps, value_at};
use gitops::object::fields::{FieldSet, ManagedFields};
use gitops::object::path::{FieldPath, PathElement};
use gitops::schema::{ListKind, Schema};
use serde_json::{Value, json};

use crate::pairs::mutate::{self, Spot, Step};
use crate::support::generate::dice::Dice;

/// A kind of edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edit {
    ChangeOwned,
    RemoveOwned,
    AddField,
    AddItem,
    RemoveItem,
    Reorder,
    ChangeKey,
    Mark,
    ChangeAtomic,
    AddVariable,
    Scale,
    Anything,
}

impl Edit {
    pub(super) const ALL: [Self; 12] = [
        Self::ChangeOwned,
        Self::RemoveOwned,
        Self::AddField,
        Self::AddItem,
        Self::RemoveItem,
        Self::Reorder,
        Self::ChangeKey,
        Self::Mark,
        Self::ChangeAtomic,
        Self::AddVariable,
        Self::Scale,
        Self::Anything,
    ];

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ChangeOwned => "owned value changed",
            Self::RemoveOwned => "owned field removed",
            Self::AddField => "field added",
            Self::AddItem => "item added",
            Self::RemoveItem => "item removed",
            Self::Reorder => "keyed list reordered",
            Self::ChangeKey => "key of an item changed",
            Self::Mark => "label or annotation",
            Self::ChangeAtomic => "inside an atomic list or map",
            Self::AddVariable => "variable added",
            Self::Scale => "scaled",
            Self::Anything => "anything",
        }
    }

    /// The object after the edit; `None` if it offers no place for it.
    pub(super) fn of(self, schema: &Schema, live: &Value, dice: &mut Dice) -> Option<Value> {
        let mut object = live.clone();
        let done = match self {
            Self::ChangeOwned => change_owned(schema, &mut object, dice),
            Self::RemoveOwned => {
                let place = pick_owned(schema, &object, dice, |_| true)?;
                mutate::remove(&mut object, &place)
            }
            Self::AddField => with_map(schema, &mut object, dice),
            Self::AddItem => add_item(schema, &mut object, dice),
            Self::RemoveItem => remove_item(schema, &mut object, dice),
            Self::Reorder => reorder(schema, &mut object, dice),
            Self::ChangeKey => change_key(schema, &mut object, dice),
            Self::Mark => mark(&mut object, dice),
            Self::ChangeAtomic => change_atomic(schema, &mut object, dice),
            Self::AddVariable => add_variable(schema, &mut object, dice),
            Self::Scale => {
                let replicas = object.pointer_mut("/spec/replicas")?;
                *replicas = json!(dice.below(6));
                true
            }
            Self::Anything => mutate::mutate(schema, &mut object, None, dice) != "nothing",
        };
        (done && object != *live).then_some(object)
    }
}

/// Spots of a spec that a list or map is at.
fn pick_spot(
    schema: &Schema,
    object: &Value,
    dice: &mut Dice,
    is: impl Fn(&Spot, &Value) -> bool,
) -> Option<Spot> {
    let mut found = mutate::spots(schema, object);
    let status = |spot: &Spot| matches!(&spot.steps[..], [Step::Key(first), ..] if first == "status");
    found.retain(|spot| {
        !status(spot) && mutate::get(object, &spot.steps).is_some_and(|value| is(spot, value))
    });
    (!found.is_empty()).then(|| dice.pick(&found).clone())
}

fn members(set: FieldSet<'_>, path: &mut Vec<PathElement>, found: &mut Vec<FieldPath>) {
    for (element, below) in set.children() {
        path.push(element);
        if below.is_member() {
            found.push(FieldPath(path.clone()));
        }
        members(below, path, found);
        path.pop();
    }
}

/// Every live path in our entry.
fn owned(schema: &Schema, object: &Value) -> Vec<FieldPath> {
    let managed = ManagedFields::of(object);
    let mut found = Vec::new();
    if let Some(own) = managed.own() {
        members(own.fields, &mut Vec::new(), &mut found);
    }
    let set_label = |path: &FieldPath| path.to_string().contains("applyset.kubernetes.io/part-of");
    found.retain(|path| value_at(schema, object, &path.0).is_some() && !set_label(path));
    found
}

fn pick_owned(
    schema: &Schema,
    object: &Value,
    dice: &mut Dice,
    is: impl Fn(&Value) -> bool,
) -> Option<Vec<Step>> {
    let mut paths = owned(schema, object);
    paths.retain(|path| value_at(schema, object, &path.0).is_some_and(&is));
    if paths.is_empty() {
        return None;
    }
    let steps = steps(schema, object, dice.pick(&paths))?;
    let step = |step: OwnedStep| match step {
        OwnedStep::Key(key) => Step::Key(key),
        OwnedStep::Index(index) => Step::Index(index),
    };
    Some(steps.into_iter().map(step).collect())
}

fn change_owned(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let is_scalar = |value: &Value| !value.is_object() && !value.is_array();
    let Some(place) = pick_owned(schema, object, dice, is_scalar) else { return false };
    mutate::get_mut(object, &place).is_some_and(|value| mutate::scalar(value, dice))
}

fn with_map(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let is_map = |spot: &Spot, value: &Value| {
        value.is_object() && schema.node(spot.node).map.as_ref().is_some_and(|map| !map.atomic)
    };
    let Some(spot) = pick_spot(schema, object, dice, is_map) else { return false };
    let map = mutate::get_mut(object, &spot.steps).and_then(Value::as_object_mut);
    map.is_some_and(|map| mutate::add_field(schema, schema.node(spot.node), map, dice).is_some())
}

/// A list of a kind, with so many items at least.
fn pick_list(
    schema: &Schema,
    object: &Value,
    dice: &mut Dice,
    least: usize,
    is: impl Fn(&ListKind) -> bool,
) -> Option<Spot> {
    pick_spot(schema, object, dice, |spot, value| {
        let kind = schema.node(spot.node).list.as_ref().map(|list| &list.kind);
        value.as_array().is_some_and(|items| items.len() >= least) && kind.is_some_and(&is)
    })
}

/// Another key of the same type.
fn other_key(value: &Value, dice: &mut Dice) -> Value {
    match value {
        Value::Number(number) => json!(number.as_i64().unwrap_or(1) + 1 + dice.below(50) as i64),
        Value::String(text) if text == "TCP" => json!("UDP"),
        Value::String(text) if text == "UDP" => json!("TCP"),
        Value::String(text) if text.starts_with('/') => json!(format!("{text}{}", dice.below(90))),
        Value::String(text) => json!(format!("{text}-{}", dice.below(90))),
        other => other.clone(),
    }
}

fn with_other_key(kind: &ListKind, item: &mut Value, dice: &mut Dice) {
    match kind {
        ListKind::Keyed(keys) => {
            if let Some(value) = item.get_mut(&keys[0].name) {
                *value = other_key(value, dice);
            }
            // Ports have names beside their numbers, which may not be the same either.
            if keys[0].name != "name"
                && let Some(Value::String(name)) = item.get_mut("name")
            {
                *name = format!("n{}", dice.below(900));
            }
        }
        _ => *item = other_key(item, dice),
    }
}

fn add_item(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let Some(spot) = pick_list(schema, object, dice, 1, |_| true) else { return false };
    let Some(list) = schema.node(spot.node).list.as_ref() else { return false };
    let Some(items) = mutate::get_mut(object, &spot.steps).and_then(Value::as_array_mut) else {
        return false;
    };
    let item = if dice.once_in(4) {
        mutate::generate(schema, list.element, dice, 2)
    } else {
        let mut item = dice.pick(items).clone();
        with_other_key(&list.kind, &mut item, dice);
        item
    };
    let place = dice.below(items.len() + 1);
    items.insert(place, item);
    true
}

fn remove_item(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let Some(spot) = pick_list(schema, object, dice, 1, |_| true) else { return false };
    let Some(items) = mutate::get_mut(object, &spot.steps).and_then(Value::as_array_mut) else {
        return false;
    };
    items.remove(dice.below(items.len()));
    true
}

fn reorder(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let keyed = |kind: &ListKind| *kind != ListKind::Atomic;
    let Some(spot) = pick_list(schema, object, dice, 2, keyed) else { return false };
    let Some(items) = mutate::get_mut(object, &spot.steps).and_then(Value::as_array_mut) else {
        return false;
    };
    let (from, to) = (dice.below(items.len()), dice.below(items.len()));
    let item = items.remove(from);
    items.insert(to, item);
    from != to
}

fn change_key(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let keyed = |kind: &ListKind| *kind != ListKind::Atomic;
    let Some(spot) = pick_list(schema, object, dice, 1, keyed) else { return false };
    let Some(list) = schema.node(spot.node).list.as_ref() else { return false };
    let Some(items) = mutate::get_mut(object, &spot.steps).and_then(Value::as_array_mut) else {
        return false;
    };
    let at = dice.below(items.len());
    with_other_key(&list.kind, &mut items[at], dice);
    true
}

fn mark(object: &mut Value, dice: &mut Dice) -> bool {
    let map = *dice.pick(&["labels", "annotations"]);
    if !object["metadata"][map].is_object() {
        object["metadata"][map] = json!({});
    }
    let key = *dice.pick(&["example.com/who", "app", "team", "note"]);
    object["metadata"][map][key] = json!(format!("v{}", dice.below(1000)));
    true
}

fn change_atomic(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let is_atomic = |spot: &Spot, value: &Value| {
        let node = schema.node(spot.node);
        let list = node.list.as_ref().is_some_and(|list| list.kind == ListKind::Atomic);
        let map = node.map.as_ref().is_some_and(|map| map.atomic);
        match value {
            Value::Array(items) => list && !items.is_empty(),
            Value::Object(fields) => map && !fields.is_empty(),
            _ => false,
        }
    };
    let Some(spot) = pick_spot(schema, object, dice, is_atomic) else { return false };
    let Some(value) = mutate::get_mut(object, &spot.steps) else { return false };
    inside(value, dice)
}

/// Changes something below an atomic value.
fn inside(value: &mut Value, dice: &mut Dice) -> bool {
    match value {
        Value::Array(items) if dice.once_in(3) => {
            let mut item = dice.pick(items).clone();
            inside(&mut item, dice);
            items.push(item);
            true
        }
        Value::Array(items) if items.len() > 1 && dice.once_in(3) => {
            items.reverse();
            true
        }
        Value::Array(items) if !items.is_empty() => {
            let at = dice.below(items.len());
            inside(&mut items[at], dice)
        }
        Value::Object(fields) if !fields.is_empty() => {
            let names: BTreeSet<String> = fields.keys().cloned().collect();
            let names: Vec<String> = names.into_iter().collect();
            inside(&mut fields[dice.pick(&names)], dice)
        }
        Value::Array(_) | Value::Object(_) | Value::Null => false,
        scalar => mutate::scalar(scalar, dice),
    }
}

fn add_variable(schema: &Schema, object: &mut Value, dice: &mut Dice) -> bool {
    let containers =
        |spot: &Spot, _: &Value| matches!(spot.steps.last(), Some(Step::Key(key)) if key == "containers");
    let Some(spot) = pick_spot(schema, object, dice, containers) else { return false };
    let Some(items) = mutate::get_mut(object, &spot.steps).and_then(Value::as_array_mut) else {
        return false;
    };
    if items.is_empty() {
        return false;
    }
    let at = dice.below(items.len());
    if !items[at]["env"].is_array() {
        items[at]["env"] = json!([]);
    }
    let variable = json!({"name": format!("ADDED_{}", dice.below(1000)), "value": "1"});
    items[at]["env"].as_array_mut().expect("it is one").push(variable);
    true
}
