//! The body of a dry run where rules ignore something: an apply would leave those fields as they are, so what the server
//! says about the others is not clouded by them.

use serde_json::Value;

use super::weigh::{Found, Taken};
use crate::compare::contain::Kind;
use crate::compare::place::{OwnedStep, steps};
use crate::object::fields::ManagedFields;
use crate::object::path::{FieldPath, PathElement};
use crate::schema::Schema;

/// The desired object with what is ignored as it is live where we own it (else the server would reset or remove it), and
/// without it where we do not.
pub(in crate::compare) fn without_ignored(
    schema: &Schema,
    desired: &Value,
    live: &Value,
    taken: &[Taken],
) -> Value {
    let mut body = desired.clone();
    let managed = ManagedFields::of(live);
    for taken in taken {
        match &taken.found {
            // What is left of an order or of copies is not ours to say: the server's answer about it is not looked at.
            Found::Difference(found) if matches!(found.kind, Kind::Order | Kind::Duplicated) => {}
            Found::Difference(found) => {
                leave(schema, &mut body, &managed, &found.path, found.live.as_ref());
            }
            Found::Dropped(found) => add(schema, &mut body, &found.path, found.live.clone()),
        }
    }
    body
}

/// Makes a body leave a field as it is live: with the live value where we own it, since the server would reset or remove what
/// we stop sending, and without it where we do not.
pub(in crate::compare) fn leave(
    schema: &Schema,
    body: &mut Value,
    managed: &ManagedFields<'_>,
    path: &FieldPath,
    live: Option<&Value>,
) {
    let ours = managed.own().is_some_and(|own| own.fields.get(&path.0).is_some());
    restore(schema, body, path, live.filter(|_| ours).cloned());
}

/// Puts another value in the place of a field, or takes the field out.
pub(in crate::compare) fn restore(schema: &Schema, body: &mut Value, path: &FieldPath, value: Option<Value>) {
    match value {
        Some(value) => set(schema, body, path, value),
        None => remove(schema, body, path),
    }
}

fn at<'v>(value: &'v mut Value, steps: &[OwnedStep]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        OwnedStep::Key(key) => value.get_mut(key),
        OwnedStep::Index(index) => value.get_mut(index),
    })
}

fn set(schema: &Schema, body: &mut Value, path: &FieldPath, live: Value) {
    if let Some(place) = steps(schema, body, path).and_then(|steps| at(body, &steps)) {
        *place = live;
    }
}

fn remove(schema: &Schema, body: &mut Value, path: &FieldPath) {
    let Some(steps) = steps(schema, body, path) else { return };
    let Some((last, around)) = steps.split_last() else { return };
    match (at(body, around), last) {
        (Some(Value::Object(map)), OwnedStep::Key(key)) => drop(map.remove(key)),
        (Some(Value::Array(items)), OwnedStep::Index(index)) => drop(items.remove(*index)),
        _ => {}
    }
}

/// Adds what only live has. Where Git lacks what is around it, nothing is added.
fn add(schema: &Schema, body: &mut Value, path: &FieldPath, live: Value) {
    let Some((last, around)) = path.0.split_last() else { return };
    let Some(steps) = steps(schema, body, &FieldPath(around.to_vec())) else { return };
    match (at(body, &steps), last) {
        (Some(Value::Object(map)), PathElement::Field(name)) => drop(map.insert(name.clone(), live)),
        (Some(Value::Array(items)), PathElement::Key(_) | PathElement::Value(_)) => items.push(live),
        _ => {}
    }
}
