//! What a revert has to leave: worked out from the object before anybody edited it, and after, leaf by leaf. Who owned what is
//! read from the `managedFields` of both.

use std::collections::{BTreeMap, BTreeSet};

use gitops::compare::place::{Shape, child_node, item_key, shape};
use gitops::object::fields::{Entry, ManagedFields};
use gitops::object::path::{FieldPath, PathElement};
use gitops::object::value::same;
use gitops::schema::{NodeId, Schema};
use serde_json::Value;

/// An object at three moments.
pub(super) struct Moments<'a> {
    pub(super) schema: &'a Schema,
    pub(super) before: &'a Value,
    pub(super) edited: &'a Value,
    pub(super) after: &'a Value,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Judged {
    /// What is not as it has to be.
    pub(super) faults: Vec<String>,
    /// Owned leaves that somebody had edited and that are back.
    pub(super) back: usize,
    /// Leaves that people had added and that are gone, or have the server's default again.
    pub(super) taken_out: usize,
    /// Edited leaves that are no drift and were left alone.
    pub(super) left_alone: usize,
    /// Mask: owned values that are replaced as a whole.
    pub(super) atomic: usize,
    /// Mask: keyed lists in which foreign items stand in another order than before.
    pub(super) order: usize,
    /// Mask: leaves that nobody owns and that the server wrote along with others.
    pub(super) servers: usize,
}

type Leaves = BTreeMap<FieldPath, Value>;
type Orders = BTreeMap<FieldPath, Vec<PathElement>>;

/// What moves with every write.
const METADATA: &[&str] =
    &["managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "name", "namespace"];

struct Flat<'a> {
    schema: &'a Schema,
    leaves: Leaves,
    orders: Orders,
}

impl<'a> Flat<'a> {
    fn of(schema: &'a Schema, object: &Value) -> Self {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|key, _| !["apiVersion", "kind", "status"].contains(&key.as_str()));
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.retain(|key, _| !METADATA.contains(&key.as_str()));
        }
        let mut flat = Self { schema, leaves: Leaves::new(), orders: Orders::new() };
        flat.walk(schema.root(), &object, &mut FieldPath::default());
        flat
    }

    fn walk(&mut self, node: NodeId, value: &Value, path: &mut FieldPath) {
        let kind = self.schema.node(node);
        match (shape(kind, value), value) {
            (Shape::Map, Value::Object(map)) if !map.is_empty() => {
                for (key, value) in map {
                    let element = PathElement::Field(key.clone());
                    let child = child_node(self.schema, node, &element).unwrap_or(NodeId::DEDUCED);
                    path.0.push(element);
                    self.walk(child, value, path);
                    path.0.pop();
                }
            }
            (Shape::Items, Value::Array(items)) if !items.is_empty() => {
                let Some(list) = &kind.list else { return };
                let mut order = Vec::new();
                for item in items {
                    let Some(key) = item_key(list, item) else { continue };
                    order.push(key.clone());
                    path.0.push(key);
                    self.walk(list.element, item, path);
                    path.0.pop();
                }
                self.orders.insert(path.clone(), order);
            }
            _ => {
                self.leaves.insert(path.clone(), value.clone());
            }
        }
    }
}

/// Whether an entry holds a leaf, or something below it.
fn has(entry: &Entry<'_>, path: &FieldPath) -> bool {
    let texts = |path: &FieldPath| match path.0.split_first() {
        // The server records what came in `stringData` under that name alone.
        Some((PathElement::Field(data), key)) if data == "data" => {
            entry.fields.field("stringData").is_some_and(|texts| texts.get(key).is_some())
        }
        _ => false,
    };
    entry.fields.get(&path.0).is_some() || texts(path)
}

/// Tools of people, as the contract names them.
fn is_person(entry: &Entry<'_>) -> bool {
    let name = entry.manager;
    let known = name == "kubectl" || name.starts_with("kubectl-") || name == "node-fetch";
    known && entry.subresource.is_empty()
}

/// What is never taken out, and what counts only where that is asked for.
fn is_tolerated(before: &Value, path: &FieldPath) -> bool {
    let starts = |names: &[&str]| path.starts_with_fields(names);
    let kind = before["kind"].as_str().unwrap_or_default();
    let is =
        |element: &PathElement, name: &str| matches!(element, PathElement::Field(field) if field == name);
    // Those of templates are as many.
    let in_marks = path
        .0
        .windows(2)
        .any(|pair| is(&pair[0], "metadata") && (is(&pair[1], "labels") || is(&pair[1], "annotations")));
    ["PersistentVolume", "PersistentVolumeClaim", "Namespace", "CustomResourceDefinition", "Node"]
        .contains(&kind)
        || in_marks
        || path.0.last().is_some_and(|last| is(last, "nodePort") || is(last, "healthCheckNodePort"))
        || starts(&["metadata", "finalizers"])
        || starts(&["metadata", "ownerReferences"])
        || (kind == "ServiceAccount" && (starts(&["secrets"]) || starts(&["imagePullSecrets"])))
}

/// Judges one object after a revert.
pub(super) fn judge(moments: &Moments<'_>) -> Judged {
    let Moments { schema, before, edited, after } = moments;
    let [b, m, a] = [before, edited, after].map(|object| Flat::of(schema, object));
    let (then, now) = (ManagedFields::of(before), ManagedFields::of(edited));
    let own = then.own().expect("it was applied");
    let mut judged = Judged::default();
    let paths: BTreeSet<&FieldPath> = b.leaves.keys().chain(m.leaves.keys()).chain(a.leaves.keys()).collect();
    for path in paths {
        let at = |flat: &'_ Flat<'_>| flat.leaves.get(path).cloned();
        let (was, is, ends) = (at(&b), at(&m), at(&a));
        let ours = has(own, path);
        let persons = is.is_some() && now.others().any(|entry| is_person(entry) && has(entry, path));
        let theirs = then.others().chain(now.others()).any(|entry| has(entry, path));
        let mut want = |right: bool, count: fn(&mut Judged) -> &mut usize, what: &str| match right {
            true => *count(&mut judged) += 1,
            false => judged.faults.push(format!("{path} {what}: {was:?} became {is:?} and is {ends:?}")),
        };
        let (back, left) = (equal(&was, &ends), equal(&is, &ends));
        // With an item of ours that is put back come its defaults; and a map that people filled is empty again.
        let came_back = is.is_none() && is_gone(&m.leaves, own, path);
        let was_filled = is.is_none() && holds(&m.leaves, path);
        if equal(&was, &is) {
            if !(back || (!ours && !theirs) || (persons && !is_tolerated(before, path))) {
                want(false, |judged| &mut judged.back, "changed though nobody had edited it");
            }
        } else if ours {
            want(back, |judged| &mut judged.back, "is ours and not back");
            let whole = |value: &Option<Value>| {
                value.as_ref().is_some_and(|value| value.is_array() || value.is_object())
            };
            judged.atomic += usize::from(whole(&was) && whole(&is));
        } else if persons && (!is_tolerated(before, path) || is_new(&b.leaves, path)) {
            want(back, |judged| &mut judged.taken_out, "was added and is not taken out");
        } else if theirs && !came_back && !was_filled {
            want(left, |judged| &mut judged.left_alone, "is no drift and was touched");
        } else {
            let anew = is.is_none() && was.is_some() && ends.is_some();
            want(
                back || left || anew,
                |judged| &mut judged.servers,
                "is the server's and took a third value",
            );
        }
    }
    for (path, order) in &b.orders {
        let Some(ends) = a.orders.get(path) else { continue };
        let is_own = |key: &&PathElement| {
            let mut path = path.clone();
            path.0.push((*key).clone());
            has(own, &path)
        };
        let ours: Vec<&PathElement> = order.iter().filter(is_own).collect();
        let now: Vec<&PathElement> = ends.iter().filter(is_own).collect();
        if ours != now {
            judged.faults.push(format!("{path} is in another order: {ours:?} became {now:?}"));
        }
        let shared: Vec<&PathElement> = order.iter().filter(|key| ends.contains(key)).collect();
        let all: Vec<&PathElement> = ends.iter().filter(|key| order.contains(key)).collect();
        judged.order += usize::from(shared != all && ours == now);
    }
    judged
}

/// True if a leaf is in an item that was not there.
fn is_new(leaves: &Leaves, path: &FieldPath) -> bool {
    let is_item = |depth: &usize| matches!(path.0[depth - 1], PathElement::Key(_));
    let new = |depth: usize| !holds(leaves, &FieldPath(path.0[..depth].to_vec()));
    (1..path.0.len()).filter(is_item).any(new)
}

/// True if something stands below a path.
fn holds(leaves: &Leaves, path: &FieldPath) -> bool {
    leaves.keys().any(|leaf| leaf != path && leaf.starts_with(path))
}

/// True if something of ours around a leaf is gone.
fn is_gone(leaves: &Leaves, own: &Entry<'_>, path: &FieldPath) -> bool {
    (1..path.0.len()).any(|depth| {
        let around = FieldPath(path.0[..depth].to_vec());
        has(own, &around) && !leaves.contains_key(&around) && !holds(leaves, &around)
    })
}

fn equal(a: &Option<Value>, b: &Option<Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}
