//! What a revert sends for one object: the live object as far as it is ours, with the chosen fields as they were applied last.

use serde_json::{Value, json};

use super::base::Base;
use super::ignore::restore;
use super::judge::effective_base;
use super::place::node_at;
use super::project::{changes, project, put, reorder};
use super::survey::{Open, Setting, subject_of};
use super::verdict::{Class, FieldVerdict, ObjectVerdict};
use crate::live::{DryRun, Pin, Resource};
use crate::object::fields::ManagedFields;
use crate::object::path::FieldPath;
use crate::object::takeover::take_over;
use crate::record::veil::holds_veiled;

/// The requests of a revert of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Reverting {
    /// The fields that are put back.
    pub chosen: Vec<FieldPath>,
    /// Goes first: what people added becomes ours, so that the apply takes it out.
    pub take_over: Option<Value>,
    /// The apply.
    pub apply: DryRun,
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
    let (mut chosen, mut gone, mut left) = (Vec::new(), Vec::new(), Left::new());
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
            (_, Some(model)) => super::place::value_at(schema, model, &field.path.0).cloned(),
        };
        match (&target, model) {
            (Some(value), _) if holds_veiled(value) => {
                left.push((field.path.clone(), "the value that was applied last is not kept"));
                continue;
            }
            (Some(_), Some(model)) if is_order(schema, field) => {
                reorder(schema, &mut body, &field.path, model)
            }
            (Some(value), Some(model)) => put(schema, &mut body, &field.path, value, model),
            _ => {
                restore(schema, &mut body, &field.path, None);
                gone.push(field.path.clone());
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
    let take_over = take_over(&open.live, &gone, super::sending::is_persons);
    (Some(Reverting { chosen, take_over, apply }), left)
}

/// True for what somebody did to the cluster.
pub fn is_edit(field: &FieldVerdict) -> bool {
    matches!(field.class, Class::Drift | Class::Added | Class::Diverged)
}

/// True if the field is a list that lost its order.
fn is_order(schema: &crate::schema::Schema, field: &FieldVerdict) -> bool {
    use super::place::{Shape, shape};
    let whole = field.live.as_ref().is_some_and(Value::is_array);
    let node = schema.node(node_at(schema, &field.path.0));
    whole && field.desired.as_ref().is_some_and(|desired| shape(node, desired) == Shape::Items)
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

/// The first path that a predicted revert changes beside what was chosen; the atomic node around a chosen field may change.
pub fn beside(
    setting: &Setting<'_>,
    open: &Open,
    chosen: &[FieldPath],
    predicted: &Value,
) -> Option<FieldPath> {
    let schema = setting.schema_of(&open.desired.gvk);
    let is_chosen =
        |path: &FieldPath| chosen.iter().any(|own| path.starts_with(own) || own.starts_with(path));
    changes(schema, &open.live, predicted).into_iter().find(|path| !is_chosen(path))
}
