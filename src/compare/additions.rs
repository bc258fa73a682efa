//! Live fields that Git does not have, found through the entries of those who own them.

use serde_json::Value;

use super::canonical::is_stored_as;
use super::owner::{self, Addition};
use super::place::{Shape, child_node, child_value, node_at, shape, value_at};
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
            result.extend(judge(schema, managed, last_applied, desired, live, path));
        }
    }
    fold(schema, desired, live, result)
}

/// Fields of one struct that came together, written by the same, are one addition: a probe, not each of its settings.
fn fold(schema: &Schema, desired: &Value, live: &Value, added: Vec<Added>) -> Vec<Added> {
    let mut groups: Vec<(Option<usize>, Vec<Added>)> = Vec::new();
    for added in added {
        let depth = new_struct(schema, desired, &added.path);
        match (depth, groups.last_mut()) {
            (Some(depth), Some((Some(same), group)))
                if depth == *same && added.path.0.starts_with(&group[0].path.0[..depth]) =>
            {
                group.push(added);
            }
            _ => groups.push((depth, vec![added])),
        }
    }
    groups.into_iter().flat_map(|(_, group)| join(schema, live, group)).collect()
}

/// Length of the path to the outermost struct around a field that Git lacks altogether, if only fields of structs lie between.
fn new_struct(schema: &Schema, desired: &Value, path: &FieldPath) -> Option<usize> {
    let is_struct = |parents: &[PathElement]| {
        let map = schema.node(node_at(schema, parents)).map.as_ref();
        map.is_some_and(|map| !map.atomic && !map.fields.is_empty())
    };
    let (_, around) = path.0.split_last()?;
    let depths = (1..=around.len()).rev().take_while(|depth| is_struct(&around[..*depth]));
    depths.take_while(|depth| value_at(schema, desired, &around[..*depth]).is_none()).last()
}

fn join(schema: &Schema, live: &Value, group: Vec<Added>) -> Vec<Added> {
    let [first, rest @ ..] = group.as_slice() else { return group };
    // What the server filled in beside what a person added goes with it: a volume's source is one thing.
    let by_person = group.iter().any(|added| added.by == Addition::Person);
    let by = |added: &Added| match added.by {
        Addition::Creation if by_person => Addition::Person,
        by => by,
    };
    let alike = |other: &Added| {
        by(other) == by(first) && other.owners == first.owners && other.writer == first.writer
    };
    if rest.is_empty() || !rest.iter().all(alike) {
        return group;
    }
    let shared = |other: &Added| first.path.0.iter().zip(&other.path.0).take_while(|(a, b)| a == b).count();
    let depth = rest.iter().map(shared).min().unwrap_or_default();
    let path = FieldPath(first.path.0[..depth].to_vec());
    match value_at(schema, live, &path.0).cloned() {
        Some(live) => vec![Added { path, live, by: by(first), ..first.clone() }],
        None => group,
    }
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
    desired: &Value,
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
    } else if verdicts.contains(&Addition::Person) {
        by_person(schema, desired, live, &path)
    } else {
        untracked(schema, live, live, &path)
    };
    let mut names: Vec<String> = owners.iter().map(|entry| owner::display(entry)).collect();
    names.sort();
    names.dedup();
    let live = value_at(schema, live, &path.0)?.clone();
    Some(Added { path, live, by, owners: names, writer: owner::writer(&owners) })
}

/// What a field says that a person's entry holds. Whoever applies all that `kubectl get` printed owns what the server had filled
/// in: its defaults, which it would fill in again, and what it made when the object was created, which nobody can change.
fn by_person(schema: &Schema, desired: &Value, live: &Value, path: &FieldPath) -> Addition {
    let of = schema.node(schema.root()).name.as_deref().unwrap_or_default();
    let made = FIXED.iter().any(|(kind, names)| *kind == of && path.starts_with_fields(names));
    let around = path.0.split_last().map_or(&[][..], |(_, around)| around);
    let parent = schema.node(node_at(schema, around)).name.as_deref().unwrap_or_default();
    let allotted = ALLOTTED.iter().any(|(of, field)| {
        parent == *of && matches!(path.0.last(), Some(PathElement::Field(name)) if name == field)
    });
    // What Git says beside it decides about a default that depends on others; without that it is a part of what was added.
    let is_beside = value_at(schema, desired, around).is_some();
    match untracked(schema, desired, live, path) {
        Addition::Creation if is_beside => Addition::Creation,
        _ if made => Addition::Creation,
        _ if allotted => Addition::Untracked,
        _ => Addition::Person,
    }
}

/// Fields that the server makes at the creation of an object and lets nobody change (validation of the types in
/// `k8s.io/kubernetes/pkg/apis`).
const FIXED: &[(&str, &[&str])] = &[
    ("io.k8s.api.batch.v1.Job", &["spec", "selector"]),
    ("io.k8s.api.core.v1.Service", &["spec", "clusterIP"]),
    ("io.k8s.api.core.v1.Service", &["spec", "clusterIPs"]),
    ("io.k8s.api.core.v1.Pod", &["spec", "nodeName"]),
    ("io.k8s.api.core.v1.Pod", &["spec", "priority"]),
    ("io.k8s.api.core.v1.Pod", &["spec", "serviceAccount"]),
    ("io.k8s.api.core.v1.Pod", &["spec", "serviceAccountName"]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequest", &["spec", "uid"]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequest", &["spec", "username"]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequest", &["spec", "groups"]),
    ("io.k8s.api.certificates.v1.CertificateSigningRequest", &["spec", "extra"]),
];

/// Numbers that the server allots and that stay when nobody asks for them any more, or are allotted anew: whoever has them in
/// an entry, taking them out would move a port that is in use.
const ALLOTTED: &[(&str, &str)] = &[
    ("io.k8s.api.core.v1.ServicePort", "nodePort"),
    ("io.k8s.api.core.v1.ServiceSpec", "healthCheckNodePort"),
];

/// What a field says that was there before anybody was recorded. No server makes up items or entries of maps, so a person
/// put them there; a field with the server's default is nothing; any other may be the server's own, such as an address.
fn untracked(schema: &Schema, beside: &Value, live: &Value, path: &FieldPath) -> Addition {
    let Some((PathElement::Field(field), around)) = path.0.split_last() else { return Addition::Person };
    let parent = node_at(schema, around);
    if schema.node(parent).map.as_ref().is_some_and(|map| !map.fields.contains_key(field)) {
        return Addition::Person;
    }
    let siblings = value_at(schema, beside, around).and_then(Value::as_object);
    let value = value_at(schema, live, &path.0);
    if is_stored_as(schema, parent, field, siblings, None, value) {
        Addition::Creation
    } else {
        Addition::Untracked
    }
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

    /// Whoever applies what `kubectl get` printed owns the defaults as well; one in a struct that came with them is a part of it.
    #[test]
    fn defaults_beside_what_git_has_are_no_edits() {
        let of = |managed: Value, desired: Value, live: Value| -> Vec<(String, Addition)> {
            let mut live = live;
            live["metadata"] = json!({"managedFields": [entry("kubectl", &managed)]});
            let added = additions(&deployment(), &ManagedFields::of(&live), None, &desired, &live);
            added.into_iter().map(|added| (added.path.to_string(), added.by)).collect()
        };
        let replicas = |number: i64| {
            let own = json!({"f:spec": {"f:replicas": {}}});
            of(own, json!({"spec": {"template": {}}}), json!({"spec": {"template": {}, "replicas": number}}))
        };
        assert_eq!(replicas(1), [("spec.replicas".to_owned(), Addition::Creation)]);
        assert_eq!(replicas(2), [("spec.replicas".to_owned(), Addition::Person)]);
        let whole = of(json!({"f:spec": {"f:replicas": {}}}), json!({}), json!({"spec": {"replicas": 1}}));
        assert_eq!(whole, [("spec.replicas".to_owned(), Addition::Person)]);
    }

    /// A node port stays, or is another one, if it is taken out.
    #[test]
    fn numbers_that_the_server_allots_are_told_and_no_more() {
        let own = json!({"f:spec": {"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:nodePort": {}, "f:targetPort": {}}}}});
        let port = json!({"port": 80, "protocol": "TCP", "nodePort": 30080, "targetPort": 8080});
        let live =
            json!({"metadata": {"managedFields": [entry("kubectl-edit", &own)]}, "spec": {"ports": [port]}});
        let desired = json!({"spec": {"ports": [{"port": 80}]}});
        let mut schema = crate::compare::fixtures::service();
        schema.builtin = true;
        let added = additions(&schema, &ManagedFields::of(&live), None, &desired, &live);
        let by: Vec<Addition> = added.iter().map(|added| added.by).collect();
        assert_eq!(by, [Addition::Untracked, Addition::Person], "{added:?}");
    }

    #[test]
    fn the_fields_of_a_new_struct_are_one_addition_unless_others_wrote_some() {
        let probe = |inner: Value| json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:livenessProbe": inner}}}}}});
        let all = probe(json!({"f:periodSeconds": {}, "f:tcpSocket": {"f:port": {}}}));
        let some = probe(json!({"f:periodSeconds": {}}));
        let socket = probe(json!({"f:tcpSocket": {"f:port": {}}}));
        let paths = |managed_fields: Value, desired: Value| -> Vec<String> {
            let containers = |web: Value| json!({"template": {"spec": {"containers": [web]}}});
            let live =
                json!({"name": "web", "livenessProbe": {"periodSeconds": 5, "tcpSocket": {"port": 1}}});
            let live = json!({"metadata": {"managedFields": managed_fields}, "spec": containers(live)});
            let desired = json!({"spec": containers(desired)});
            let added = additions(&deployment(), &ManagedFields::of(&live), None, &desired, &live);
            added.into_iter().map(|added| added.path.to_string()).collect()
        };
        let at = "spec.template.spec.containers[web].livenessProbe";
        let (period, port) = (format!("{at}.periodSeconds"), format!("{at}.tcpSocket.port"));
        let without = json!({"name": "web"});
        assert_eq!(paths(json!([entry("kubectl-edit", &all)]), without.clone()), [at]);
        let two = json!([entry("kubectl-edit", &some), entry("sidecar-injector", &socket)]);
        assert_eq!(paths(two, without), [period.clone(), port.clone()]);
        let with = json!({"name": "web", "livenessProbe": {"periodSeconds": 5}});
        assert_eq!(paths(json!([entry("kubectl-edit", &all)]), with), [port]);
    }
}
