//! Changes to an object as people, tools and time make them, guided by its merge schema: a field dropped, changed, emptied,
//! spelled otherwise, copied from live, a list put in another order, a field added that the type has.

use base64::Engine as _;
use gitops::schema::{Form, ListKind, Node, NodeId, Scalar, Schema};
use serde_json::{Map, Value, json};

use crate::support::generate::dice::Dice;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// A place inside an object.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    pub(crate) steps: Vec<Step>,
    pub(crate) node: NodeId,
}

/// Every place that a manifest may decide about, outermost first.
pub(crate) fn spots(schema: &Schema, object: &Value) -> Vec<Spot> {
    let mut found = Vec::new();
    walk(schema, schema.root(), object, &mut Vec::new(), &mut found);
    found.retain(|spot| !is_identity(&spot.steps));
    found
}

fn is_identity(steps: &[Step]) -> bool {
    let key = |at: usize| match steps.get(at) {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    match (key(0), key(1)) {
        ("apiVersion" | "kind" | "", "") => true,
        ("metadata", second) => !["labels", "annotations", "finalizers", "ownerReferences"].contains(&second),
        _ => false,
    }
}

fn walk(schema: &Schema, node: NodeId, value: &Value, steps: &mut Vec<Step>, found: &mut Vec<Spot>) {
    found.push(Spot { steps: steps.clone(), node });
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let child = schema.node(node).map.as_ref().and_then(|map| map.child(key));
                steps.push(Step::Key(key.clone()));
                walk(schema, child.unwrap_or(NodeId::DEDUCED), value, steps, found);
                steps.pop();
            }
        }
        Value::Array(items) => {
            let element = schema.node(node).list.as_ref().map_or(NodeId::DEDUCED, |list| list.element);
            for (index, item) in items.iter().enumerate() {
                steps.push(Step::Index(index));
                walk(schema, element, item, steps, found);
                steps.pop();
            }
        }
        _ => {}
    }
}

pub(crate) fn get<'a>(object: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}

pub(crate) fn get_mut<'a>(object: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(index),
    })
}

/// Takes a field or an item out.
pub(crate) fn remove(object: &mut Value, steps: &[Step]) -> bool {
    let Some((last, around)) = steps.split_last() else { return false };
    match (get_mut(object, around), last) {
        (Some(Value::Object(map)), Step::Key(key)) => map.remove(key).is_some(),
        (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

/// Changes a random place; `live` is where values may be copied from. Tells what was done.
pub(crate) fn mutate(
    schema: &Schema,
    object: &mut Value,
    live: Option<&Value>,
    dice: &mut Dice,
) -> &'static str {
    let all = spots(schema, object);
    let tries = if all.is_empty() { 0 } else { 20 };
    let mut done = (0..tries).filter_map(|_| change(schema, object, dice.pick(&all), live, dice));
    done.next().unwrap_or("nothing")
}

fn change(
    schema: &Schema,
    object: &mut Value,
    spot: &Spot,
    live: Option<&Value>,
    dice: &mut Dice,
) -> Option<&'static str> {
    let choice = dice.below(11);
    if choice < 2 {
        return remove(object, &spot.steps).then_some("drop");
    }
    let from_live = live.and_then(|live| get(live, &spot.steps)).cloned();
    let value = get_mut(object, &spot.steps)?;
    let node = schema.node(spot.node);
    match (choice, value) {
        (2, value) if !value.is_null() => {
            *value = Value::Null;
            Some("null")
        }
        (3, value) => empty(value),
        (4 | 5, Value::Array(items)) if items.len() > 1 => {
            let (a, b) = (dice.below(items.len()), dice.below(items.len()));
            items.swap(a, b);
            (a != b).then_some("reorder")
        }
        (4, Value::Array(items)) => {
            let list = node.list.as_ref()?;
            items.push(generate(schema, list.element, dice, 2));
            Some("add item")
        }
        (4..=6, Value::Object(map)) => add_field(schema, node, map, dice),
        (7, Value::Object(map)) => copy_field(map, from_live?.as_object()?, dice),
        (7, value) => {
            let live = from_live.filter(|live| live != value)?;
            *value = live;
            Some("copy from live")
        }
        (8 | 9, value) => respell(node, value, dice).then_some("spell otherwise"),
        (_, value) => scalar(value, dice).then_some("change"),
    }
}

fn empty(value: &mut Value) -> Option<&'static str> {
    let other = match value {
        Value::Object(map) if !map.is_empty() => json!({}),
        Value::Array(items) if !items.is_empty() => json!([]),
        Value::String(text) if !text.is_empty() => json!(""),
        Value::Number(number) if number.as_i64() != Some(0) => json!(0),
        Value::Bool(true) => json!(false),
        _ => return None,
    };
    *value = other;
    Some("empty")
}

/// A field that the type has and the object has not; most have a struct or a list below.
pub(crate) fn add_field(
    schema: &Schema,
    node: &Node,
    map: &mut Map<String, Value>,
    dice: &mut Dice,
) -> Option<&'static str> {
    let kind = node.map.as_ref()?;
    let free: Vec<(&String, &NodeId)> =
        kind.fields.iter().filter(|(name, _)| !map.contains_key(*name)).collect();
    if free.is_empty() {
        map.insert("added".to_owned(), generate(schema, kind.element?, dice, 2));
    } else {
        let (name, node) = *dice.pick(&free);
        if ["status", "metadata", "managedFields"].contains(&name.as_str()) {
            return None;
        }
        map.insert(name.clone(), generate(schema, *node, dice, 2));
    }
    Some("add field")
}

fn copy_field(
    map: &mut Map<String, Value>,
    live: &Map<String, Value>,
    dice: &mut Dice,
) -> Option<&'static str> {
    const NOT: &[&str] = &["status", "metadata", "managedFields", "uid", "resourceVersion", "generation"];
    let other: Vec<(&String, &Value)> =
        live.iter().filter(|(key, _)| !map.contains_key(*key) && !NOT.contains(&key.as_str())).collect();
    if other.is_empty() {
        return None;
    }
    let (key, value) = *dice.pick(&other);
    map.insert(key.clone(), value.clone());
    Some("copy from live")
}

/// A value that the schema allows, small and often a zero.
pub(crate) fn generate(schema: &Schema, node: NodeId, dice: &mut Dice, depth: usize) -> Value {
    const TEXTS: &[&str] =
        &["", "a", "b", "x", "TCP", "UDP", "Always", "None", "80", "10.0.0.1", "true", "http"];
    const NUMBERS: &[i64] = &[0, 1, 1, 2, 3, 5, 30, 80];
    let kind = schema.node(node);
    match kind.form {
        Form::Quantity => return json!(*dice.pick(&["1", "0", "500m", "1Gi", "0.5", "1e3", "1024Mi"])),
        Form::Time => return json!(*dice.pick(&["2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00"])),
        Form::Bytes => return json!(*dice.pick(&["YQ==", "", "YR==", "YWFh\n"])),
        Form::Verbatim => {}
    }
    match (&kind.map, &kind.list, kind.scalar) {
        (_, _, Some(Scalar::String)) => json!(*dice.pick(TEXTS)),
        (_, _, Some(Scalar::Numeric)) => json!(*dice.pick(NUMBERS)),
        (_, _, Some(Scalar::Boolean)) => json!(dice.once_in(2)),
        (_, _, Some(Scalar::Untyped)) if dice.once_in(2) => {
            dice.pick(&[json!(1), json!("a"), json!(80), json!("50%"), json!("1"), json!(true)]).clone()
        }
        (Some(map), _, _) => {
            let mut made = Map::new();
            let names: Vec<&String> = map.fields.keys().collect();
            for _ in 0..if depth == 0 { 0 } else { dice.below(3) } {
                let (name, child) = match (names.is_empty(), map.element) {
                    (false, _) => {
                        let name = *dice.pick(&names);
                        (name.clone(), map.fields[name])
                    }
                    (true, Some(element)) => ((*dice.pick(&["a", "b", "app"])).to_owned(), element),
                    (true, None) => break,
                };
                made.insert(name, generate(schema, child, dice, depth - 1));
            }
            Value::Object(made)
        }
        (None, Some(list), _) => {
            let count = if depth == 0 { 0 } else { dice.below(3) };
            let mut items: Vec<Value> =
                (0..count).map(|_| generate(schema, list.element, dice, depth - 1)).collect();
            if let ListKind::Keyed(keys) = &list.kind {
                for (at, item) in items.iter_mut().enumerate().filter(|(_, item)| item.is_object()) {
                    let first = &keys[0].name;
                    let number = first.to_lowercase().contains("port") || first == "id";
                    item[first.as_str()] =
                        if number { json!(8000 + at) } else { json!(format!("made-{at}")) };
                }
            }
            Value::Array(items)
        }
        _ => json!(*dice.pick(TEXTS)),
    }
}

/// The same value in other characters, or one that is nearly the same.
fn respell(node: &Node, value: &mut Value, dice: &mut Dice) -> bool {
    let before = value.clone();
    match (&node.form, &*value) {
        (Form::Quantity, _) => *value = quantity(value, dice),
        (Form::Time, Value::String(text)) => {
            let other = match dice.below(3) {
                0 => text.replace('Z', "+00:00"),
                1 => text.replace('Z', ".999Z"),
                _ => text.replace("T00:00:00Z", "T01:00:00+01:00"),
            };
            *value = json!(other);
        }
        (Form::Bytes, Value::String(text)) => {
            let engine = base64::engine::general_purpose::STANDARD;
            let decoded = engine.decode(text.replace(['\r', '\n'], "")).unwrap_or_default();
            let mut clean = engine.encode(decoded);
            if !clean.is_empty() {
                clean.insert_str(clean.len() / 2, dice.pick::<&str>(&["\n", "\r\n"]));
            }
            *value = json!(clean);
        }
        (_, Value::Number(number)) => match number.as_i64() {
            Some(whole) if dice.once_in(2) => *value = json!(whole as f64),
            Some(whole) => *value = json!(whole.to_string()),
            None => {}
        },
        (_, Value::String(text)) => {
            if let Ok(number) = text.parse::<i64>() {
                *value = json!(number);
            } else if dice.once_in(4) {
                *value = json!(format!("{text} "));
            }
        }
        _ => {}
    }
    let text = |value: &Value| value.to_string();
    text(value) != text(&before)
}

fn quantity(value: &Value, dice: &mut Dice) -> Value {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let number: String = text.chars().take_while(|c| c.is_ascii_digit()).collect();
    let whole: Option<i64> = number.parse().ok();
    let suffix = &text[number.len()..];
    match (dice.below(8), whole, suffix) {
        (0, _, _) => json!(format!("+{text}")),
        (1, _, _) => json!(format!("0{text}")),
        (2, Some(n), "Gi") => json!(format!("{}Mi", n * 1024)),
        (2, Some(n), "Mi") => json!(format!("{}Ki", n * 1024)),
        (2, Some(n), "") => json!(format!("{n}000m")),
        (2, Some(n), "m") => json!(n as f64 / 1000.0),
        (3, Some(n), "Mi") => json!(format!("{}Gi", n as f64 / 1024.0)),
        (3, Some(n), "Gi") => json!(format!("{n}.0Gi")),
        (3, Some(n), "") => json!(n),
        (4, Some(n), "Mi") => json!((n << 20).to_string()),
        (4, Some(n), "m") => json!(format!("{}u", n * 1000)),
        (4, Some(n), "") => json!(format!("{n}e0")),
        (5, Some(n), suffix) => json!(format!("{}{suffix}", n + 1)),
        (6, Some(n), "m") => json!(format!("0.{n:03}")),
        _ => json!(*dice.pick(&["1", "0.5", "1Gi", "1024Mi", "100m", "0"])),
    }
}

/// Another scalar of the same kind.
pub(crate) fn scalar(value: &mut Value, dice: &mut Dice) -> bool {
    let other = match &*value {
        Value::String(text) => match dice.below(4) {
            0 => json!(format!("{text}x")),
            1 => json!(*dice.pick(&["a", "b", "x", "Always", "Never", "None", "UDP", "Retain", "Allow"])),
            2 => json!(text.replace(char::is_numeric, "7")),
            _ => json!(format!("{}{text}", *dice.pick(&["a", "b", "x-"]))),
        },
        Value::Number(number) => match (number.as_i64(), dice.below(3)) {
            (Some(whole), 0) => json!(whole.saturating_add(1)),
            (Some(whole), 1) => json!(whole - 1),
            _ => json!(*dice.pick(&[1, 2, 7, 10])),
        },
        Value::Bool(flag) => json!(!flag),
        _ => return false,
    };
    let changed = *value != other;
    *value = other;
    changed
}

/// What of a live object a person might write into Git: most of it, without what the server keeps for itself.
pub(crate) fn subset(live: &Value, dice: &mut Dice) -> Value {
    let mut object = live.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| ["name", "namespace", "labels", "annotations"].contains(&key.as_str()));
    }
    let often = *dice.pick(&[4, 10, 30]);
    thin(&mut object, dice, often, 0);
    object
}

fn thin(value: &mut Value, dice: &mut Dice, often: usize, depth: usize) {
    match value {
        Value::Object(map) => {
            if depth > 1 {
                map.retain(|_, _| !dice.once_in(often));
            }
            map.values_mut().for_each(|value| thin(value, dice, often, depth + 1));
        }
        Value::Array(items) => {
            items.retain(|_| !dice.once_in(often * 2));
            items.iter_mut().for_each(|item| thin(item, dice, often, depth + 2));
        }
        _ => {}
    }
}
