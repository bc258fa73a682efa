//! Live fields that Git does not have, found through the entries of those who own them.

use serde_json::Value;

use super::owner::{self, Addition};
use super::place::{Shape, child_node, child_value, shape, value_at};
use crate::object::fields::{Entry, FieldSet, ManagedFields};
use crate::object::path::{FieldPath, PathElement};
use crate::schema::{NodeId, Schema};

/// A live field outside the desired object, at its topmost owned path.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// The field or item.
    pub path: FieldPath,
    /// Its live value.
    pub live: Value,
    /// Who keeps it there.
    pub by: Addition,
    /// Names of all owners, sorted.
    pub owners: Vec<String>,
    /// The writer, if one is recorded.
    pub writer: Option<owner::Writer>,
}

/// Finds every live field outside `desired` that somebody else owns, in order of path. `last_applied` is what client-side
/// apply recorded on the object, if anything.
pub fn additions(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    last_applied: Option<&Value>,
    desired: &Value,
    live: &Value,
) -> Vec<Added> {
    let mut paths = Vec::new();
    for entry in managed.others() {
        let mut walk = Walk { schema, found: &mut paths, path: Vec::new() };
        walk.node(schema.root(), entry.fields, Some(desired), live);
    }
    paths.sort();
    paths.dedup();
    let mut result: Vec<Added> = Vec::new();
    for path in paths {
        let inside = result.iter().any(|added| path.starts_with(&added.path));
        let ours = managed.own().is_some_and(|own| own.fields.get(&path.0).is_some());
        if !inside && !ours && !is_servers_own(&path) {
            result.extend(judge(schema, managed, last_applied, live, path));
        }
    }
    result
}

/// Status and the bookkeeping annotations are written by the server and its controllers only.
fn is_servers_own(path: &FieldPath) -> bool {
    path.starts_with_fields(&["status"])
        || path.starts_with_fields(&["metadata", "annotations", owner::LAST_APPLIED])
}

fn judge(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    last_applied: Option<&Value>,
    live: &Value,
    path: FieldPath,
) -> Option<Added> {
    let owners: Vec<&Entry<'_>> = owner::owners(managed, &path.0);
    let recorded = last_applied.is_some_and(|applied| value_at(schema, applied, &path.0).is_some());
    let created = owner::created(live);
    let verdicts: Vec<Addition> = owners.iter().map(|e| owner::addition(e, created, recorded)).collect();
    let by = if verdicts.contains(&Addition::Controller) {
        Addition::Controller
    } else if verdicts.contains(&Addition::Creation) {
        Addition::Creation
    } else {
        Addition::Person
    };
    let mut names: Vec<String> = owners.iter().map(|entry| owner::display(entry)).collect();
    names.sort();
    names.dedup();
    let live = value_at(schema, live, &path.0)?.clone();
    Some(Added { path, live, by, owners: names, writer: owner::writer(&owners) })
}

struct Walk<'a> {
    schema: &'a Schema,
    found: &'a mut Vec<FieldPath>,
    path: Vec<PathElement>,
}

impl Walk<'_> {
    fn node(&mut self, node: NodeId, set: FieldSet<'_>, desired: Option<&Value>, live: &Value) {
        let schema = self.schema;
        // An addition inside an atomic value is a difference of that value.
        if desired
            .is_some_and(|desired| shape(schema.node(node), desired) == Shape::Leaf && !desired.is_null())
        {
            return;
        }
        for (element, below) in set.children() {
            let Some(live) = child_value(schema, node, live, &element) else {
                continue;
            };
            let desired = desired.and_then(|desired| child_value(schema, node, desired, &element));
            let child = child_node(schema, node, &element).unwrap_or(NodeId::DEDUCED);
            // An item is one addition; a map or list that came with it is told by its entries, which others may share.
            let whole = below.is_leaf() || (below.is_member() && !matches!(element, PathElement::Field(_)));
            self.path.push(element);
            if desired.is_none() && whole && below.is_member() {
                self.found.push(FieldPath(self.path.clone()));
            } else if !below.is_leaf() {
                self.node(child, below, desired, live);
            }
            self.path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::fixtures::deployment;
    use serde_json::json;

    fn entry(manager: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": "Update", "time": "t1", "apiVersion": "apps/v1", "fieldsV1": fields})
    }

    #[test]
    fn a_sidecar_is_one_addition_and_a_status_is_none() {
        let containers =
            |inner: Value| json!({"f:spec": {"f:template": {"f:spec": {"f:containers": inner}}}});
        let sidecar = containers(json!({"k:{\"name\":\"debug\"}": {".": {}, "f:name": {}, "f:image": {}},
            "k:{\"name\":\"web\"}": {"f:env": {".": {}, "k:{\"name\":\"X\"}": {".": {}, "f:name": {}, "f:value": {}}}}}));
        let live = json!({
            "metadata": {"labels": {"team": "a"}, "managedFields": [
                entry("kubectl-edit", &sidecar),
                entry("kube-controller-manager", &json!({"f:status": {"f:replicas": {}}, "f:metadata": {"f:labels": {"f:team": {}}}})),
            ]},
            "status": {"replicas": 1},
            "spec": {"template": {"spec": {"containers": [
                {"name": "web", "env": [{"name": "X", "value": "1"}]}, {"name": "debug", "image": "b"}]}}}});
        let desired = json!({"spec": {"template": {"spec": {"containers": [{"name": "web"}]}}}});
        let managed = ManagedFields::of(&live);
        let found: Vec<(String, Addition)> = additions(&deployment(), &managed, None, &desired, &live)
            .into_iter()
            .map(|added| (added.path.to_string(), added.by))
            .collect();
        let at = "spec.template.spec.containers";
        let expected = [
            ("metadata.labels.team".to_owned(), Addition::Controller),
            (format!("{at}[debug]"), Addition::Person),
            (format!("{at}[web].env[X]"), Addition::Person),
        ];
        assert_eq!(found, expected);
    }
}
