//! What a dry run changes, path by path, and whether a verdict says exactly that.

use std::collections::BTreeSet;

use gitops::compare::place::{item_key, value_at};
use gitops::compare::verdict::{Class, FieldVerdict, NoteKind, ObjectVerdict};
use gitops::object::fields::ManagedFields;
use gitops::object::path::{FieldPath, PathElement};
use gitops::object::value::same;
use gitops::schema::{ListKind, NodeId, Schema};
use serde_json::{Map, Value};

/// Metadata that changes by itself or with every write.
const BESIDE: &[&str] = &["managedFields", "resourceVersion", "generation"];

/// The topmost paths at which two objects differ: fields, keyed items, lists whose order differs, atomic values.
pub(crate) fn changed(schema: &Schema, from: &Value, to: &Value) -> Vec<FieldPath> {
    let strip = |object: &Value| {
        let mut object = object.clone();
        if let Some(map) = object.as_object_mut() {
            // Items of a list of a built-in kind have neither.
            map.remove("apiVersion");
            map.remove("kind");
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|key, _| !BESIDE.contains(&key.as_str()));
        }
        object
    };
    let mut walk = Walk { schema, path: FieldPath::default(), found: Vec::new() };
    walk.value(schema.root(), &strip(from), &strip(to));
    walk.found
}

struct Walk<'a> {
    schema: &'a Schema,
    path: FieldPath,
    found: Vec<FieldPath>,
}

impl Walk<'_> {
    fn value(&mut self, node: NodeId, from: &Value, to: &Value) {
        if same(from, to) {
            return;
        }
        let kind = self.schema.node(node);
        match (from, to) {
            (Value::Object(from), Value::Object(to))
                if kind.map.as_ref().is_some_and(|map| !map.atomic) && !from.is_empty() && !to.is_empty() =>
            {
                self.map(node, from, to);
            }
            (Value::Array(from), Value::Array(to)) => {
                let keyed = kind.list.as_ref().filter(|list| list.kind != ListKind::Atomic);
                let keys = |items: &[Value]| -> Option<Vec<PathElement>> {
                    let keys: Option<Vec<_>> = items.iter().map(|item| item_key(keyed?, item)).collect();
                    keys.filter(|keys| {
                        keys.iter().enumerate().all(|(at, key)| !keys[..at].contains(key)) && !keys.is_empty()
                    })
                };
                match (keyed, keys(from), keys(to)) {
                    (Some(list), Some(before), Some(after)) => {
                        self.items(list.element, (from, &before), (to, &after));
                    }
                    _ => self.found.push(self.path.clone()),
                }
            }
            _ => self.found.push(self.path.clone()),
        }
    }

    fn at(&mut self, element: PathElement, node: NodeId, from: Option<&Value>, to: Option<&Value>) {
        self.path.0.push(element);
        match (from, to) {
            (Some(from), Some(to)) => self.value(node, from, to),
            (None, None) => {}
            _ => self.found.push(self.path.clone()),
        }
        self.path.0.pop();
    }

    fn map(&mut self, node: NodeId, from: &Map<String, Value>, to: &Map<String, Value>) {
        let keys: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for key in keys {
            let child = self.schema.node(node).map.as_ref().and_then(|map| map.child(key));
            let element = PathElement::Field(key.clone());
            self.at(element, child.unwrap_or(NodeId::DEDUCED), from.get(key), to.get(key));
        }
    }

    fn items(&mut self, node: NodeId, from: (&[Value], &[PathElement]), to: (&[Value], &[PathElement])) {
        let find = |side: (&'_ [Value], &[PathElement]), key: &PathElement| {
            side.1.iter().position(|other| other == key)
        };
        for (at, key) in from.1.iter().enumerate() {
            let after = find(to, key).map(|at| &to.0[at]);
            self.at(key.clone(), node, Some(&from.0[at]), after);
        }
        for (at, key) in to.1.iter().enumerate().filter(|(_, key)| find(from, key).is_none()) {
            self.at(key.clone(), node, None, Some(&to.0[at]));
        }
        let shared: Vec<&PathElement> = from.1.iter().filter(|key| find(to, key).is_some()).collect();
        let moved: Vec<&PathElement> = to.1.iter().filter(|key| find(from, key).is_some()).collect();
        if shared != moved {
            self.found.push(self.path.clone());
        }
    }
}

/// A path that the verdict should have, or should not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The dry run changes a field that Git or our entry has, and the verdict does not say so.
    Missing(FieldPath),
    /// The verdict has a change that the dry run does not make.
    Additional(FieldPath),
}

/// True if the verdict says that an apply would change this field.
fn is_change(field: &FieldVerdict) -> bool {
    let held_in_place = field.remark.as_deref().is_some_and(|remark| remark.starts_with("gone from Git"));
    !matches!(field.class, Class::Added | Class::Stuck) && !held_in_place
}

/// Compares a verdict with the paths that the dry run changes. The second number counts side effects: changes of fields that
/// neither Git nor our entry has.
pub(crate) fn compare(
    schema: &Schema,
    verdict: &ObjectVerdict,
    changed: &[FieldPath],
    desired: &Value,
    live: &Value,
) -> (Vec<Fault>, usize) {
    let mut told: Vec<&FieldPath> =
        verdict.fields.iter().filter(|field| is_change(field)).map(|field| &field.path).collect();
    let additional = told.iter().filter(|told| !changed.iter().any(|path| touch(path, told)));
    let mut faults: Vec<Fault> = additional.map(|path| Fault::Additional((*path).clone())).collect();
    // What it calls stuck is told as well: an alias that follows the field it stands for.
    told.extend(verdict.fields.iter().map(|field| &field.path));
    told.extend(
        verdict.notes.iter().filter(|note| note.kind == NoteKind::Cosmetic).flat_map(|note| &note.paths),
    );
    let managed = ManagedFields::of(live);
    let mut beside = 0;
    for path in changed.iter().filter(|path| !told.iter().any(|told| touch(path, told))) {
        let ours = managed.own().is_some_and(|own| own.fields.get(&path.0).is_some());
        let at = |object| value_at(schema, object, &path.0);
        let (wanted, lives) = (at(desired), at(live));
        // What Git and live agree on, and the server changes all the same, is counted up by it: a generation.
        let agreed = wanted.zip(lives).is_some_and(|(wanted, lives)| same(wanted, lives));
        if !agreed && (ours || wanted.is_some()) {
            faults.push(Fault::Missing(path.clone()));
        } else {
            beside += 1;
        }
    }
    (faults, beside)
}

fn touch(a: &FieldPath, b: &FieldPath) -> bool {
    a.starts_with(b) || b.starts_with(a)
}
