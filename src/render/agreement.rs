//! Whether two renders of the same source are the same: objects, fields and order. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Manifest;
use super::origin::Step;
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::same;

/// The first difference of two renders: objects first, then fields in the order of our objects, then the order.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// Only our render has the object.
    OnlyOurs(Object),
    /// Only theirs has it.
    OnlyTheirs(Object),
    /// A field of an object differs.
    Field {
        /// The object.
        object: Object,
        /// The field.
        path: FieldPath,
        /// Our whole object.
        ours: Value,
        /// Their whole object.
        theirs: Value,
        /// File and line of the last writer of our field, or of what is around it.
        written: Option<(String, u32)>,
    },
    /// The objects are the same, in another order: what stands at the first place that differs, from 1.
    Order {
        /// The place.
        position: usize,
        /// What stands there in ours.
        ours: Object,
        /// What stands there in theirs.
        theirs: Object,
    },
}

/// An object and where it was written first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Group, version and kind.
    pub gvk: Gvk,
    /// Identity without version.
    pub id: ObjectId,
    /// File and line, for ours.
    pub written: Option<(String, u32)>,
}

/// Where two renders differ first, and how many objects are the same in both; no difference if they are the same.
pub fn compare(ours: &[Manifest], theirs: &[Manifest]) -> (Option<Difference>, usize) {
    let index = |items: &[Manifest]| -> BTreeMap<Key, usize> {
        items.iter().enumerate().map(|(at, item)| (key(item), at)).collect()
    };
    let (our_index, their_index) = (index(ours), index(theirs));
    let pairs: Vec<(&Manifest, &Manifest)> =
        ours.iter().filter_map(|item| Some((item, &theirs[*their_index.get(&key(item))?]))).collect();
    let equal = pairs.iter().filter(|(a, b)| same(&a.object.value(), &b.object.value())).count();
    let only_ours = ours.iter().find(|item| !their_index.contains_key(&key(item)));
    let only_theirs = theirs.iter().find(|item| !our_index.contains_key(&key(item)));
    let found = only_ours
        .map(|item| Difference::OnlyOurs(object(item, true)))
        .or_else(|| only_theirs.map(|item| Difference::OnlyTheirs(object(item, false))))
        .or_else(|| pairs.iter().find_map(|(ours, theirs)| field(ours, theirs)))
        .or_else(|| order(ours, theirs));
    (found, equal)
}

type Key = (Gvk, Option<String>, String);

fn key(item: &Manifest) -> Key {
    (item.gvk.clone(), item.namespace.clone(), item.name.clone())
}

fn object(item: &Manifest, is_ours: bool) -> Object {
    Object {
        gvk: item.gvk.clone(),
        id: ObjectId::new(&item.gvk, item.namespace.as_deref().unwrap_or_default(), &item.name),
        written: is_ours.then(|| (item.origin.file.to_string(), item.origin.line)),
    }
}

fn field(ours: &Manifest, theirs: &Manifest) -> Option<Difference> {
    let (our_object, their_object) = (ours.object.value(), theirs.object.value());
    let mut path = Vec::new();
    if !first_difference(&our_object, &their_object, &mut path) {
        return None;
    }
    let steps: Vec<Step<'_>> = path
        .iter()
        .filter_map(|element| match element {
            PathElement::Field(name) => Some(Step::Key(name)),
            PathElement::Index(at) => Some(Step::Index(*at)),
            _ => None,
        })
        .collect();
    // A field that only they have was written nowhere; what is around it was.
    let written = (0..=steps.len())
        .rev()
        .find_map(|length| ours.origin.place(steps[..length].iter().copied()))
        .map(|(file, line)| (file.to_owned(), line));
    Some(Difference::Field {
        object: object(ours, true),
        path: FieldPath(path),
        ours: our_object,
        theirs: their_object,
        written,
    })
}

/// Goes to the first place that differs, maps in the order of their keys; false if there is none.
fn first_difference(ours: &Value, theirs: &Value, path: &mut Vec<PathElement>) -> bool {
    let into = |element: PathElement, a: &Value, b: &Value, path: &mut Vec<PathElement>| {
        path.push(element);
        let found = first_difference(a, b, path);
        if !found {
            path.pop();
        }
        found
    };
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().any(|name| match (a.get(name), b.get(name)) {
                (Some(a), Some(b)) => into(PathElement::Field(name.clone()), a, b, path),
                _ => {
                    path.push(PathElement::Field(name.clone()));
                    true
                }
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let both = a.len().min(b.len());
            let inside = (0..both).any(|at| into(PathElement::Index(at), &a[at], &b[at], path));
            if !inside && a.len() != b.len() {
                path.push(PathElement::Index(both));
            }
            inside || a.len() != b.len()
        }
        (a, b) => !same(a, b),
    }
}

fn order(ours: &[Manifest], theirs: &[Manifest]) -> Option<Difference> {
    let at = ours.iter().zip(theirs).position(|(a, b)| key(a) != key(b))?;
    let (ours, theirs) = (object(&ours[at], true), object(&theirs[at], false));
    Some(Difference::Order { position: at + 1, ours, theirs })
}
