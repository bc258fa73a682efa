//! From a plan to what is saved of it: every step with digests in place of values. Pure.

use serde_json::Value;

use super::saved::{SavedStep, Told};
use super::seal::Seal;
use super::{Action, Left, Plan, Step};
use crate::compare::reverting::Reverting;
use crate::compare::sending::Sending;
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::value::text_at;
use crate::record::veil::Hidden;

/// The steps in the order of execution. `live` gives an object as it was read.
pub fn steps(
    plan: &Plan,
    seal: &Seal,
    live: impl Fn(&ObjectId) -> Option<Value>,
    hidden: &dyn Hidden,
) -> Vec<SavedStep> {
    plan.steps.iter().map(|step| saved(step, seal, &live, hidden)).collect()
}

fn saved(
    step: &Step,
    seal: &Seal,
    live: impl Fn(&ObjectId) -> Option<Value>,
    hidden: &dyn Hidden,
) -> SavedStep {
    let Step { id, gvk, wave: _, action } = step;
    let live = match action {
        Action::Update(update) => Some(update.open.live.clone()),
        Action::Revert(revert) => Some(revert.open.live.clone()),
        Action::Create(_) | Action::Later => None,
        Action::Replace(_) | Action::Delete(_) | Action::Refused(_) => live(id),
    };
    let sent = match action {
        Action::Create(apply) => Some(vec![apply.body.clone()]),
        Action::Update(update) => Some(of_update(&update.sending)),
        Action::Revert(revert) => Some(of_revert(&revert.reverting)),
        Action::Replace(replace) => Some(vec![replace.new.body.clone()]),
        Action::Delete(_) | Action::Later | Action::Refused(_) => None,
    };
    let note = match action {
        Action::Delete(deletion) => Some(deletion.cascade.clone()).filter(|cascade| !cascade.is_empty()),
        Action::Refused(refused) => Some(refused.words(gvk)),
        _ => None,
    };
    let uid = match action {
        Action::Delete(deletion) => Some(deletion.pin.uid.clone()),
        Action::Replace(replace) => Some(replace.old.pin.uid.clone()),
        _ => live.as_ref().and_then(|live| text_at(live, &["metadata", "uid"])).map(str::to_owned),
    };
    SavedStep {
        action: word(action).to_owned(),
        api_version: gvk.api_version(),
        kind: gvk.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
        uid,
        live: live.as_ref().map(|live| seal.live(id, live, hidden)),
        sends: sent.map(|sent| seal.sent(id, &sent, hidden)),
        note,
    }
}

fn word(action: &Action) -> &'static str {
    match action {
        Action::Create(_) => "create",
        Action::Update(_) => "update",
        Action::Later => "later",
        Action::Replace(_) => "replace",
        Action::Revert(_) => "revert",
        Action::Delete(_) => "delete",
        Action::Refused(_) => "refused",
    }
}

/// Everything that a change sends, in its order, and what is to be gone afterwards.
pub fn of_update(sending: &Sending) -> Vec<Value> {
    let Sending { take_over, apply, gone } = sending;
    vec![take_over.clone().unwrap_or_default(), apply.body.clone(), lines(gone.iter().map(|gone| &gone.path))]
}

fn lines<'p>(paths: impl Iterator<Item = &'p FieldPath>) -> Value {
    Value::from(paths.map(|path| format!("{path}\n")).collect::<String>())
}

/// Everything that a revert of fields sends, in its order, and what it may change.
pub fn of_revert(reverting: &Reverting) -> Vec<Value> {
    // What is expected of the server, and what has to be gone, follow from the live object, which is bound, and from what is
    // chosen.
    let Reverting { chosen, take_over, apply, expected: _, gone: _ } = reverting;
    vec![lines(chosen.iter()), take_over.clone().unwrap_or_default(), apply.body.clone()]
}

/// What a plan leaves as it is: fields of a revert, and members that left Git and stay.
pub fn left(plan: &Plan) -> Vec<Told> {
    let fields = plan.left.iter().map(|Left { id, path, reason }| Told {
        object: path.as_ref().map_or_else(|| id.to_string(), |path| format!("{id} {path}")),
        reason: (*reason).to_owned(),
    });
    let kept = plan.kept.iter().map(|(id, reason)| Told { object: id.to_string(), reason: reason.clone() });
    fields.chain(kept).collect()
}

/// What cannot be written.
pub fn blocked(plan: &Plan) -> Vec<Told> {
    let told = |(id, status): &(ObjectId, crate::compare::verdict::Status)| Told {
        object: id.to_string(),
        reason: status.word().to_owned(),
    };
    plan.blockers.iter().map(told).collect()
}
