//! What a write is to take out, and what of it is still there afterwards: fields that an alias restores, that somebody's entry at
//! another version holds, or that came under another name.
//!
//! Most of it goes with the one apply, if our entry names the paths; a JSON patch of exactly the rest goes last.

use serde_json::{Value, json};

use super::owner::{self, Class as Manager};
use super::place::{OwnedStep, child_node, node_at, steps, value_at};
use super::stuck;
use super::verdict::{Class, FieldVerdict};
use crate::object::fields::{Entry, ManagedFields};
use crate::object::path::FieldPath;
use crate::object::value::{same, text_at};
use crate::schema::Schema;

/// A live value that is to be gone.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// The field or item.
    pub path: FieldPath,
    /// Its value before.
    pub live: Value,
    /// The field that is kept equal to it, and has to go with it.
    pub alias: Option<FieldPath>,
    /// True if it was applied once: then it must not be there, whoever owns it. What people added may turn out to be what the
    /// server fills in by itself.
    pub applied: bool,
}

impl Gone {
    /// The live value of a field that a body does not have; `None` if there is none.
    pub(super) fn of(schema: &Schema, body: &Value, live: &Value, field: &FieldVerdict) -> Option<Self> {
        let is_free = |path: &FieldPath| {
            value_at(schema, live, &path.0).is_some() && value_at(schema, body, &path.0).is_none()
        };
        Some(Self {
            path: field.path.clone(),
            live: field.live.clone()?,
            alias: stuck::beside(schema, &field.path).filter(is_free),
            applied: field.class != Class::Added,
        })
    }

    fn paths(&self) -> impl Iterator<Item = &FieldPath> {
        [&self.path].into_iter().chain(&self.alias)
    }

    fn stays(&self, schema: &Schema, object: &Value) -> bool {
        let managed = ManagedFields::of(object);
        let is_persons = |entry: &Entry<'_>| owner::class(entry) == Manager::Person;
        let held = || managed.others().any(|entry| is_persons(entry) && entry.fields.contains(&self.path.0));
        let sure = self.applied || self.alias.is_some();
        value_at(schema, object, &self.path.0).is_some_and(|value| same(value, &self.live))
            && (sure || held())
    }
}

/// The paths among `gone` that our entry has to name although nobody else's does, so that an apply of `body` takes them out. What
/// would take a neighbour along is left to a patch.
pub(super) fn claims(schema: &Schema, live: &Value, body: &Value, gone: &[Gone]) -> Vec<FieldPath> {
    let managed = ManagedFields::of(live);
    let Some(own) = managed.own() else { return Vec::new() };
    if text_at(body, &["apiVersion"]).is_some_and(|version| version != own.api_version) {
        return Vec::new();
    }
    let is_free = |path: &&FieldPath| {
        let has = |entry: &Entry<'_>| entry.fields.get(&path.0).is_some();
        !has(own) && !managed.others().any(has)
    };
    // Whatever nobody names around a path goes with it.
    let is_held = |path: &&FieldPath| {
        (1..path.0.len()).all(|depth| {
            let around = &path.0[..depth];
            value_at(schema, body, around).is_some()
                || managed.others().any(|entry| entry.fields.get(around).is_some())
        })
    };
    let is_known = |path: &&FieldPath| {
        let around = path.0.split_last().map_or(&[][..], |(_, around)| around);
        path.0.last().is_some_and(|last| child_node(schema, node_at(schema, around), last).is_some())
    };
    let paths = gone.iter().flat_map(Gone::paths);
    paths.filter(is_free).filter(is_held).filter(is_known).cloned().collect()
}

/// What is still there of what was to be gone.
pub fn leftovers<'g>(schema: &Schema, object: &Value, gone: &'g [Gone]) -> Vec<&'g Gone> {
    gone.iter().filter(|gone| gone.stays(schema, object)).collect()
}

/// A JSON patch (RFC 6902) that takes leftovers out of the object that the server answered last, guarded by its
/// `resourceVersion`. `None` if there is nothing to take out.
pub fn removal(schema: &Schema, object: &Value, leftovers: &[&Gone]) -> Option<Value> {
    let version = text_at(object, &["metadata", "resourceVersion"])?;
    let paths: Vec<&FieldPath> = leftovers.iter().flat_map(|gone| gone.paths()).collect();
    let inside = |path: &FieldPath| paths.iter().any(|other| *other != path && path.starts_with(other));
    let found = paths.iter().filter(|path| !inside(path)).filter_map(|path| steps(schema, object, path));
    let mut places: Vec<Vec<OwnedStep>> = found.collect();
    // Later items first, so that positions stay what they are.
    places.sort_by(|a, b| order(b).cmp(&order(a)));
    places.dedup();
    if places.is_empty() {
        return None;
    }
    let guard = json!({"op": "replace", "path": "/metadata/resourceVersion", "value": version});
    let operations = places.iter().map(|place| json!({"op": "remove", "path": pointer(place)}));
    Some([guard].into_iter().chain(operations).collect())
}

fn order(place: &[OwnedStep]) -> Vec<(usize, &str)> {
    let part = |step| match step {
        &OwnedStep::Index(index) => (index, ""),
        OwnedStep::Key(key) => (0, key.as_str()),
    };
    place.iter().map(part).collect()
}

/// A JSON pointer (RFC 6901).
fn pointer(place: &[OwnedStep]) -> String {
    let part = |step: &OwnedStep| match step {
        OwnedStep::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        OwnedStep::Index(index) => format!("/{index}"),
    };
    place.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::deployment;

    fn gone(path: &[&str], live: Value) -> Gone {
        let path = path.iter().fold(FieldPath::default(), |path, name| path.field(name));
        Gone { path, live, alias: None, applied: true }
    }

    #[test]
    fn a_patch_takes_later_items_out_first() {
        let schema = deployment();
        let around = ["spec", "template", "spec", "containers"];
        let object = json!({"metadata": {"resourceVersion": "7", "annotations": {"a/b~c": "1"}}, "spec": {"template": {"spec":
            {"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}}}});
        let item = |name: &str| {
            let mut gone = gone(&around, json!({"name": name}));
            gone.path.0.push(crate::object::path::PathElement::Key(vec![("name".to_owned(), json!(name))]));
            gone
        };
        let all = [
            item("a"),
            item("c"),
            gone(&["metadata", "annotations", "a/b~c"], json!("1")),
            gone(&["x"], json!(1)),
        ];
        let left = leftovers(&schema, &object, &all);
        assert_eq!(left.len(), 3, "what is not there is no leftover");
        let list = "/spec/template/spec/containers";
        let remove = |path: String| json!({"op": "remove", "path": path});
        assert_eq!(
            removal(&schema, &object, &left).unwrap(),
            json!([
                {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"},
                remove(format!("{list}/2")),
                remove(format!("{list}/0")),
                remove("/metadata/annotations/a~1b~0c".to_owned()),
            ])
        );
        assert_eq!(removal(&schema, &object, &[]), None);
    }

    #[test]
    fn another_value_is_no_leftover_nor_is_a_default_that_nobody_owns() {
        let schema = deployment();
        let object = json!({"metadata": {"managedFields": []}, "spec": {"replicas": 1}});
        let path = ["spec", "replicas"];
        assert!(leftovers(&schema, &object, &[gone(&path, json!(2))]).is_empty());
        let added = Gone { applied: false, ..gone(&path, json!(1)) };
        assert!(leftovers(&schema, &object, std::slice::from_ref(&added)).is_empty());
        let held = json!({"metadata": {"managedFields": [{"manager": "kubectl-edit", "operation": "Update",
            "apiVersion": "v1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}, "spec": {"replicas": 1}});
        assert_eq!(leftovers(&schema, &held, std::slice::from_ref(&added)).len(), 1);
    }
}
