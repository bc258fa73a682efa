//! What a revert sends for one object: the live object as far as it is ours, with the chosen fields as they were applied last.

use serde_json::{Value, json};

use super::base::Base;
use super::classify::is_order;
use super::ignore::restore;
use super::judge::effective_base;
use super::leftover::{Gone, claims};
use super::notes::is_never_taken_out;
use super::place::{Shape, node_at, shape, value_at};
use super::project::{changes, project, put, reorder};
use super::survey::{Open, Setting, subject_of};
use super::verdict::{Class, FieldVerdict, ObjectVerdict};
use crate::live::{DryRun, Pin, Resource};
use crate::object::fields::ManagedFields;
use crate::object::path::FieldPath;
use crate::object::takeover::take_over;
use crate::record::veil::holds_veiled;
use crate::schema::Schema;

/// The requests of a revert of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Reverting {
    /// The fields that are put back.
    pub chosen: Vec<FieldPath>,
    /// Goes first: what people added becomes ours, so that the apply takes it out.
    pub take_over: Option<Value>,
    /// The apply.
    pub apply: DryRun,
    /// The live object as it is to be afterwards.
    pub expected: Value,
    /// What has to be gone afterwards.
    pub gone: Vec<Gone>,
}

/// Fields that are not put back, each with the reason.
pub type Left = Vec<(FieldPath, &'static str)>;

/// What a revert of the chosen fields sends; `None` if nothing can be put back. Fields that moved in Git alone are no business
/// of a revert, so that edits alone should be chosen ([`is_edit`]); what has no base is left.
pub fn reverting(
    setting: &Setting<'_>,
    open: &Open,
    verdict: &ObjectVerdict,
    is_chosen: impl Fn(&FieldVerdict) -> bool,
) -> (Option<Reverting>, Left) {
    let schema = setting.schema_of(&open.desired.gvk);
    let managed = ManagedFields::of(&open.live);
    let subject = subject_of(setting, open);
    let recorded = super::base::last_applied(&open.live);
    let base = effective_base(&subject, &managed, recorded.as_ref());
    let model = match &base {
        Base::Unchanged { .. } => Some(&open.desired.object),
        other => other.object(),
    };
    let own = managed.own();
    let mut body = match own {
        Some(own) => project(schema, &open.live, own.fields),
        None => json!({}),
    };
    let mut expected = open.live.clone();
    let (mut chosen, mut left) = (Vec::new(), Left::new());
    let mut gone: Vec<Gone> = Vec::new();
    for field in verdict.fields.iter().filter(|field| field.counts && is_chosen(field)) {
        let target = match (field.class, model) {
            // What is to go and is ours was taken over by this very run.
            (Class::Removal, _) => None,
            (Class::Added, _) if own.is_some() || model.is_some() => None,
            (_, None) => {
                left.push((field.path.clone(), "what was applied last is not known"));
                continue;
            }
            (Class::Added, _) => None,
            (_, Some(model)) => value_at(schema, model, &field.path.0).cloned(),
        };
        match (&target, model) {
            (Some(value), _) if holds_veiled(value) => {
                left.push((field.path.clone(), "the value that was applied last is not kept"));
                continue;
            }
            (Some(_), Some(model)) if is_order(schema, field) => {
                reorder(schema, &mut body, &field.path, model);
                reorder(schema, &mut expected, &field.path, model);
            }
            (Some(value), Some(model)) => {
                put(schema, &mut body, &field.path, value, model);
                put(schema, &mut expected, &field.path, value, model);
            }
            _ => {
                restore(schema, &mut body, &field.path, None);
                restore(schema, &mut expected, &field.path, None);
                if let Some(model) = model {
                    keep_shell(schema, &mut body, &field.path, model);
                }
                let may_go = !is_never_taken_out(&open.id, &field.path);
                gone.extend(Gone::of(schema, &body, &open.live, field).filter(|_| may_go));
            }
        }
        chosen.push(field.path.clone());
    }
    if chosen.is_empty() {
        return (None, left);
    }
    identify(&mut body, open);
    let apply = DryRun {
        id: open.id.clone(),
        resource: Resource::clone(&open.desired.resource),
        body,
        pin: Some(Pin::of(&open.live)),
    };
    let paths: Vec<FieldPath> = gone.iter().map(|gone| gone.path.clone()).collect();
    let claims = claims(schema, &open.live, &apply.body, &gone);
    let take_over = take_over(&open.live, &paths, &claims, super::sending::is_persons);
    // What is kept equal to a field goes with it.
    for alias in gone.iter().filter_map(|gone| gone.alias.clone()) {
        restore(schema, &mut expected, &alias, None);
        chosen.push(alias);
    }
    (Some(Reverting { chosen, take_over, apply, expected, gone }), left)
}

/// Where an empty map was applied and people filled it, it goes with what they added unless the apply holds it.
fn keep_shell(schema: &Schema, body: &mut Value, gone: &FieldPath, model: &Value) {
    let at = |depth: &usize| value_at(schema, model, &gone.0[..*depth]);
    let Some(depth) = (1..gone.0.len()).rev().find(|depth| at(depth).is_some()) else { return };
    let around = FieldPath(gone.0[..depth].to_vec());
    let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    if at(&depth).is_some_and(is_empty) && value_at(schema, body, &around.0).is_none() {
        put(schema, body, &around, &json!({}), model);
    }
}

/// True for what somebody did to the cluster.
pub fn is_edit(field: &FieldVerdict) -> bool {
    matches!(field.class, Class::Drift | Class::Added | Class::Diverged)
}

/// What every body of an apply says about the object.
fn identify(body: &mut Value, open: &Open) {
    body["apiVersion"] = Value::from(open.desired.gvk.api_version());
    body["kind"] = Value::from(open.desired.gvk.kind.as_str());
    if !body["metadata"].is_object() {
        body["metadata"] = json!({});
    }
    body["metadata"]["name"] = Value::from(open.id.name.as_str());
    if open.desired.resource.namespaced {
        body["metadata"]["namespace"] = Value::from(open.id.namespace.as_str());
    }
}

/// Why a predicted revert is not done: what it would change beside the chosen fields. The atomic node around a chosen field may change, and what is empty without it may go.
pub fn beside(
    setting: &Setting<'_>,
    open: &Open,
    reverting: &Reverting,
    predicted: &Value,
) -> Option<String> {
    let schema = setting.schema_of(&open.desired.gvk);
    let Reverting { chosen, expected, .. } = reverting;
    let is_chosen = |path: &FieldPath| chosen.iter().any(|own| path.starts_with(own));
    let around = |path: &FieldPath| chosen.iter().any(|own| own.starts_with(path));
    let may_go = |path: &FieldPath| {
        let value = value_at(schema, expected, &path.0);
        value.is_none_or(|value| {
            is_hollow(value) || shape(schema.node(node_at(schema, &path.0)), value) == Shape::Leaf
        })
    };
    let differs = changes(schema, expected, predicted).into_iter().filter(|path| !is_chosen(path));
    let other = differs.into_iter().find(|path| !(around(path) && may_go(path)));
    other.map(|path| format!("revert would also change {path}"))
}

/// True for maps and lists in which there is nothing but maps and lists.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().all(is_hollow),
        Value::Array(items) => items.iter().all(is_hollow),
        _ => false,
    }
}
