//! What an apply sends for one object: the body, pinned to what was read, and before it the take-over of what people added.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ignore::{leave, restore, without_ignored};
use super::leftover::{Gone, claims};
use super::membership;
use super::notes::is_never_taken_out;
use super::owner;
use super::project::put;
use super::reasons::refusal_text;
use super::survey::{Open, Setting};
use super::verdict::{Class, FieldVerdict, ObjectVerdict};
use crate::desired::Ready;
use crate::live::{DryRun, Pin, Refusal, Resource};
use crate::object::fields::{Entry, ManagedFields};
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::takeover::take_over;

/// Whose fields an apply takes although a controller holds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Force {
    /// Everybody's.
    pub all: bool,
    /// Names of field managers, and paths as reports print them.
    pub of: BTreeSet<String>,
}

impl Force {
    /// True if a held field is taken.
    pub fn takes(&self, field: &FieldVerdict) -> bool {
        let path = || field.path.to_string();
        self.all || field.owners.iter().any(|owner| self.of.contains(owner)) || self.of.contains(&path())
    }
}

/// The requests for one object that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
    /// A JSON patch of `managedFields` that goes first: fields that only others own become ours, so that the apply takes
    /// them out.
    pub take_over: Option<Value>,
    /// The apply. Its pin is that of the object before the take-over.
    pub apply: DryRun,
    /// What has to be gone afterwards.
    pub gone: Vec<Gone>,
}

/// What an apply of ours sends for an object that was read and judged. `set` is the id that marks it as a member.
pub fn sending(
    setting: &Setting<'_>,
    open: &Open,
    verdict: &ObjectVerdict,
    set: &str,
    force: &Force,
) -> Sending {
    let desired = &open.desired;
    let schema = setting.schema_of(&desired.gvk);
    let mut body = match &open.assessment.taken[..] {
        [] => desired.object.clone(),
        taken => without_ignored(schema, &desired.object, &open.live, taken),
    };
    let managed = ManagedFields::of(&open.live);
    for field in verdict.fields.iter().filter(|field| is_held(field, force)) {
        leave(schema, &mut body, &managed, &field.path, field.live.as_ref());
    }
    membership::put_label(&mut body, set);
    let may_go = |field: &&FieldVerdict| !is_never_taken_out(&open.id, &field.path);
    let taken_out = planned(verdict, force).filter(|field| field.desired.is_none()).filter(may_go);
    let gone: Vec<Gone> = taken_out.filter_map(|field| Gone::of(schema, &body, &open.live, field)).collect();
    let forced = planned(verdict, force).any(|field| field.class == Class::Stuck && is_controllers(field));
    let paths: Vec<FieldPath> = gone.iter().map(|gone| gone.path.clone()).collect();
    let claims = claims(schema, &open.live, &body, &gone);
    Sending {
        take_over: take_over(&open.live, &paths, &claims, |entry| forced || is_persons(entry)),
        gone,
        apply: DryRun {
            id: open.id.clone(),
            resource: Resource::clone(&desired.resource),
            body,
            pin: Some(Pin::of(&open.live)),
        },
    }
}

/// What an apply of ours sends for an object that does not exist.
pub fn creation(id: &ObjectId, ready: &Ready, set: &str) -> DryRun {
    let mut body = ready.object();
    membership::put_label(&mut body, set);
    DryRun { id: id.clone(), resource: Resource::clone(&ready.resource), body, pin: None }
}

/// Marks a body as a member of a set.
pub fn labelled(body: &mut Value, set: &str) {
    membership::put_label(body, set);
}

/// Why the server refused a write, in words that quote no value of a Secret.
pub fn refused(id: &ObjectId, refusal: &Refusal) -> String {
    refusal_text(id, refusal)
}

/// What is recorded as applied: what Git says, in which every field that was not sent keeps what was applied before.
pub fn recorded(setting: &Setting<'_>, open: &Open, verdict: &ObjectVerdict, force: &Force) -> Value {
    let schema = setting.schema_of(&open.desired.gvk);
    let mut object = open.desired.object.clone();
    let ignored = verdict.ignored.iter().map(|ignored| &ignored.path);
    let left = verdict.fields.iter().filter(|field| is_held(field, force)).map(|field| &field.path);
    for path in ignored.chain(left).filter(|path| !path.0.is_empty()) {
        restore(schema, &mut object, path, open.base.at(schema, path).cloned());
    }
    object
}

/// What is recorded where fields stay that Git dropped: they keep what was applied before, so that the next run knows of them.
pub fn still(setting: &Setting<'_>, open: &Open, mut object: Value, left: &[FieldPath]) -> Value {
    let schema = setting.schema_of(&open.desired.gvk);
    let Some(base) = open.base.object() else { return object };
    for path in left {
        if let Some(value) = open.base.at(schema, path) {
            put(schema, &mut object, path, value, base);
        }
    }
    object
}

/// The fields that an apply changes: all that count but those that it leaves to a controller.
pub fn planned<'v>(verdict: &'v ObjectVerdict, force: &'v Force) -> impl Iterator<Item = &'v FieldVerdict> {
    verdict.fields.iter().filter(move |field| field.counts && !is_held(field, force))
}

/// The held fields that are an apply's failure: those of autoscalers are not.
pub fn held<'v>(verdict: &'v ObjectVerdict, force: &'v Force) -> impl Iterator<Item = &'v FieldVerdict> {
    verdict.fields.iter().filter(move |field| field.counts && is_held(field, force))
}

fn is_held(field: &FieldVerdict, force: &Force) -> bool {
    let held = field.class == Class::Held || (field.class == Class::Stuck && is_controllers(field));
    held && !force.takes(field)
}

/// True if a controller keeps in place what Git dropped.
fn is_controllers(field: &FieldVerdict) -> bool {
    field.owners.iter().any(|name| !owner::is_person(name.split('/').next().unwrap_or(name)))
}

pub(super) fn is_persons(entry: &Entry<'_>) -> bool {
    owner::class(entry) == owner::Class::Person
}
