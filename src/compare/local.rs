//! What is proven without asking the server: the few differences that no default, spelling, strategy or webhook explains.

use serde_json::Value;

use super::contain::{Difference, Kind};
use super::owner;
use super::place::node_at;
use super::prune::Dropped;
use crate::object::fields::ManagedFields;
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::is_zero;
use crate::schema::{Form, NodeId, Scalar, Schema};

/// What is known of mutating webhooks and policies for a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// All configurations were listed and none matches the kind.
    NoneMatches,
    /// One matches, or they could not be listed.
    MayRewrite,
}

/// Fields that the server restores, wipes or fills from another field, so that an absence proves nothing: last names of paths.
const RESTORED: &[&str] = &[
    "serviceAccount",
    "serviceAccountName",
    "sessionAffinityConfig",
    "nodePort",
    "clusterIP",
    "clusterIPs",
    "healthCheckNodePort",
    "allocateLoadBalancerNodePorts",
    "externalTrafficPolicy",
    "ipFamilies",
    "ipFamilyPolicy",
];

/// True if the difference is real whatever the server would answer.
pub fn is_proven(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    found: &Difference,
    admission: Admission,
) -> bool {
    if is_set_by_newer(managed, &found.path) && found.live.is_some() {
        return true;
    }
    match found.kind {
        Kind::Absent => !is_zero(&found.desired) && !is_restored(&found.path),
        Kind::Order | Kind::Duplicated => admission == Admission::NoneMatches,
        Kind::Changed => {
            let plain = |value: &Value| is_plain(schema, node_at(schema, &found.path.0), value);
            admission == Admission::NoneMatches
                && !is_zero(&found.desired)
                && !is_restored(&found.path)
                && plain(&found.desired)
                && found.live.as_ref().is_some_and(plain)
        }
    }
}

/// True if somebody else owns the leaf and wrote after our last apply.
fn is_set_by_newer(managed: &ManagedFields<'_>, path: &FieldPath) -> bool {
    let Some(own) = managed.own() else { return false };
    let owners = owner::owners(managed, &path.0);
    !own.fields.contains(&path.0) && owners.iter().any(|entry| entry.time > own.time)
}

fn is_restored(path: &FieldPath) -> bool {
    path.0
        .iter()
        .any(|element| matches!(element, PathElement::Field(name) if RESTORED.contains(&name.as_str())))
}

/// True if an apply takes the dropped path out whatever the server would answer: an entry of a map or an item of a keyed
/// list has no default that could bring it back.
pub fn is_removed(schema: &Schema, found: &Dropped, admission: Admission) -> bool {
    if !found.co_owners.is_empty() {
        return true;
    }
    let Some((last, parents)) = found.path.0.split_last() else { return false };
    let entry = match last {
        PathElement::Field(name) => {
            let parent = schema.node(node_at(schema, parents)).map.as_ref();
            parent.is_some_and(|map| !map.fields.contains_key(name))
        }
        PathElement::Key(_) | PathElement::Value(_) => true,
        PathElement::Index(_) => false,
    };
    entry && admission == Admission::NoneMatches
}

/// True for text, numbers and booleans that the server stores as written, and for atomic lists and maps of such.
fn is_plain(schema: &Schema, node: NodeId, value: &Value) -> bool {
    let node = schema.node(node);
    match value {
        Value::Array(items) => node
            .list
            .as_ref()
            .is_some_and(|list| items.iter().all(|item| is_plain(schema, list.element, item))),
        Value::Object(map) => node.map.as_ref().is_some_and(|kind| {
            let free = kind.fields.is_empty() || !schema.builtin;
            free && map
                .iter()
                .all(|(key, value)| kind.child(key).is_some_and(|child| is_plain(schema, child, value)))
        }),
        Value::Null => false,
        _ => {
            node.form == Form::Verbatim
                && node.scalar.is_some_and(|s| !schema.builtin || s != Scalar::Untyped)
        }
    }
}
