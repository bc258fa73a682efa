//! What an apply would take out: paths that we own, that are live, and that the desired object no longer has.
//!
//! Our Apply entry can hold paths that are not live any more; the server then removes a live, unowned ancestor. So every
//! prefix of an owned path counts, not only the path itself.

use serde_json::Value;

use super::owner::LAST_APPLIED;
use super::place::{Shape, child_node, child_value, contributes, node_at, shape};
use crate::object::fields::{Entry, FieldSet};
use crate::object::path::{FieldPath, PathElement};
use crate::schema::{NodeId, Schema};

/// A live path that left the desired object.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// The topmost path that an apply would remove, or that other managers hold in place.
    pub path: FieldPath,
    /// Its live value.
    pub live: Value,
    /// Other managers that own it or something below it: an apply of ours leaves it in place.
    pub co_owners: Vec<String>,
}

/// The result of the walk over our Apply entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pruning {
    /// Paths that an apply would remove or that are stuck, in order.
    pub dropped: Vec<Dropped>,
    /// The entry does not fit the schema (a member below an atomic node, an index): nothing is proven by it.
    pub inconsistent: bool,
    /// Keyed lists and sets that the entry holds as one value: they were atomic when they were applied.
    pub former_values: Vec<FieldPath>,
}

/// Walks our Apply entry against the desired and the live object.
pub fn prune(
    schema: &Schema,
    own: FieldSet<'_>,
    others: &[&Entry<'_>],
    desired: &Value,
    live: &Value,
) -> Pruning {
    let mut walk = Walk { schema, others, result: Pruning::default(), path: Vec::new() };
    walk.node(schema.root(), own, Some(desired), live, false);
    walk.result.dropped.sort_by(|a, b| a.path.cmp(&b.path));
    walk.result
}

struct Walk<'a> {
    schema: &'a Schema,
    others: &'a [&'a Entry<'a>],
    result: Pruning,
    path: Vec<PathElement>,
}

impl Walk<'_> {
    fn node(&mut self, node: NodeId, own: FieldSet<'_>, desired: Option<&Value>, live: &Value, stuck: bool) {
        if !own.is_leaf() && shape(self.schema.node(node), live) == Shape::Leaf && !live.is_null() {
            self.result.inconsistent = true;
            return;
        }
        if own.is_leaf() && desired.is_some() && shape(self.schema.node(node), live) == Shape::Items {
            self.result.former_values.push(FieldPath(self.path.clone()));
        }
        for (element, below) in own.children() {
            if self.is_bookkeeping(&element, below) {
                continue;
            }
            let Some(live) = child_value(self.schema, node, live, &element) else {
                continue;
            };
            let Some(child) = child_node(self.schema, node, &element) else {
                self.result.inconsistent = true;
                continue;
            };
            let desired = desired
                .and_then(|desired| child_value(self.schema, node, desired, &element))
                .filter(|desired| contributes(self.schema, child, desired));
            self.path.push(element);
            match desired {
                Some(desired) => self.node(child, below, Some(desired), live, false),
                None => self.left(child, below, live, stuck),
            }
            self.path.pop();
        }
    }

    /// What client-side apply keeps for itself is no field of the object, also where a manifest carried it once.
    fn is_bookkeeping(&self, element: &PathElement, below: FieldSet<'_>) -> bool {
        let field = |element: &PathElement, name: &str| matches!(element, PathElement::Field(n) if n == name);
        match &self.path[..] {
            [meta] if field(meta, "metadata") && field(element, "annotations") => {
                !below.is_leaf() && below.children().all(|(key, _)| field(&key, LAST_APPLIED))
            }
            [meta, map] if field(meta, "metadata") && field(map, "annotations") => {
                field(element, LAST_APPLIED)
            }
            _ => false,
        }
    }

    /// A live path that the desired object does not have. `stuck` if an ancestor was reported as held in place.
    fn left(&mut self, node: NodeId, own: FieldSet<'_>, live: &Value, stuck: bool) {
        let co_owners = self.co_owners();
        let held = !co_owners.is_empty();
        let report = !held || (own.is_member() && !stuck);
        if report {
            let path = FieldPath(self.path.clone());
            self.result.dropped.push(Dropped { path, live: live.clone(), co_owners });
        }
        if held && !own.is_leaf() {
            self.node(node, own, None, live, stuck || report);
        }
    }

    /// Who holds the path in place. An owner of something below holds a field that the type declares, but not an item of a
    /// list or an entry of a free map: those go as a whole unless they are themselves in the owner's entry
    /// (structured-merge-diff, `EnsureNamedFieldsAreMembers`).
    fn co_owners(&self) -> Vec<String> {
        let declared = self.path.split_last().is_some_and(|(last, around)| {
            let map = self.schema.node(node_at(self.schema, around)).map.as_ref();
            matches!(last, PathElement::Field(name) if map.is_some_and(|map| map.fields.contains_key(name)))
        });
        let owns = |entry: &&&Entry<'_>| {
            entry.fields.get(&self.path).is_some_and(|below| declared || below.is_member())
        };
        let mut names: Vec<String> = self.others.iter().filter(owns).map(|e| e.manager.to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::{config_map, deployment};
    use crate::object::fields::Operation;
    use serde_json::json;

    fn run(
        schema: &Schema,
        own: &Value,
        other: &Value,
        desired: &Value,
        live: &Value,
    ) -> Vec<(String, Vec<String>)> {
        let entry = Entry {
            manager: "other",
            operation: Operation::Update,
            subresource: "",
            api_version: "v1",
            time: "",
            fields: FieldSet::new(other).unwrap(),
        };
        let result = prune(schema, FieldSet::new(own).unwrap(), &[&entry], desired, live);
        assert!(!result.inconsistent);
        result.dropped.into_iter().map(|d| (d.path.to_string(), d.co_owners)).collect()
    }

    #[test]
    fn dropped_keys_are_removed_or_stuck() {
        let own = json!({"f:data": {".": {}, "f:a": {}, "f:b": {}, "f:gone": {}}});
        let live = json!({"data": {"a": "1", "b": "2"}});
        let desired = json!({"data": {"a": "1"}});
        let schema = config_map();
        let removed = vec![("data.b".to_owned(), vec![])];
        assert_eq!(run(&schema, &own, &json!({}), &desired, &live), removed);
        let stuck = vec![("data.b".to_owned(), vec!["other".to_owned()])];
        assert_eq!(run(&schema, &own, &json!({"f:data": {"f:b": {}}}), &desired, &live), stuck);
    }

    #[test]
    fn a_ghost_removes_its_live_unowned_ancestor() {
        let own = json!({"f:metadata": {"f:labels": {"f:ghost": {}}}});
        let live = json!({"metadata": {"labels": {"foreign": "x"}}});
        let schema = config_map();
        let removed = vec![("metadata".to_owned(), vec![])];
        assert_eq!(run(&schema, &own, &json!({}), &json!({"data": {}}), &live), removed);
        let desired = json!({"metadata": {"labels": {"l": "v"}}});
        assert!(run(&schema, &own, &json!({}), &desired, &live).is_empty());
    }

    /// A map entry that is a struct: the server does not take its owner for the owner of what is around it.
    #[test]
    fn an_entry_of_a_free_map_goes_even_if_another_owns_a_part_of_it() {
        let own = json!({"f:status": {}, "f:spec": {"f:a": {}}});
        let other = json!({"f:status": {"f:phase": {}}});
        let live = json!({"spec": {"a": 1}, "status": {"phase": "x"}});
        let removed = vec![("status".to_owned(), vec![])];
        assert_eq!(run(&Schema::deduced(), &own, &other, &json!({"spec": {"a": 1}}), &live), removed);
    }

    #[test]
    fn the_annotation_of_client_side_apply_is_never_dropped() {
        let annotations = |keys: &[&str]| {
            let map: serde_json::Map<String, Value> =
                keys.iter().map(|k| (format!("f:{k}"), json!({}))).collect();
            json!({"f:metadata": {"f:annotations": map}})
        };
        let live = json!({"metadata": {"annotations": {LAST_APPLIED: "{}", "a": "b"}}});
        let schema = config_map();
        let named = json!({"metadata": {"name": "x"}});
        let alone = run(&schema, &annotations(&[LAST_APPLIED]), &json!({}), &named, &live);
        assert!(alone.is_empty(), "{alone:?}");
        let desired = json!({"metadata": {"labels": {"l": "v"}}});
        let beside = run(&schema, &annotations(&[LAST_APPLIED, "a"]), &json!({}), &desired, &live);
        assert_eq!(beside, [("metadata.annotations".to_owned(), vec![])]);
    }

    #[test]
    fn a_whole_item_goes_even_if_another_owns_a_leaf_inside() {
        let schema = deployment();
        let at = |inner: Value| json!({"f:spec": {"f:template": {"f:spec": {"f:containers": inner}}}});
        let own = at(json!({"k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:image": {}}}));
        let pod = |containers: Value| json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let live = pod(json!([{"name": "a"}, {"name": "b", "image": "i"}]));
        let desired = pod(json!([{"name": "a"}]));
        let path = "spec.template.spec.containers[b]";
        let none = vec![(path.to_owned(), vec![])];
        assert_eq!(run(&schema, &own, &json!({}), &desired, &live), none);
        let leaf = at(json!({"k:{\"name\":\"b\"}": {"f:image": {}}}));
        assert_eq!(run(&schema, &own, &leaf, &desired, &live), none);
        let all = at(json!({"k:{\"name\":\"b\"}": {".": {}, "f:name": {}, "f:image": {}}}));
        let stuck = vec![(path.to_owned(), vec!["other".to_owned()])];
        assert_eq!(run(&schema, &own, &all, &desired, &live), stuck);
    }
}
