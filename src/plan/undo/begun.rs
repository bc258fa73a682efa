//! What a plan is going to write, as it is before: the undo record of a run that has written nothing yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Action as Back, Step, Undo};
use crate::live::{LiveSet, Presence};
use crate::object::id::{Gvk, ObjectId};
use crate::object::value::text_at;
use crate::plan::prune::Member;
use crate::plan::{Action, Plan};
use crate::record::undo::{Did, Entry, State};

/// The entries of a record, one a step that writes. `members` are those that left Git.
pub fn entries(plan: &Plan, live: &LiveSet, members: &BTreeMap<ObjectId, Member>) -> Vec<Entry> {
    let read = |id: &ObjectId| match live.get(id) {
        Some(Ok(Presence::Found(observed))) => serde_json::from_slice(&observed.json).ok(),
        _ => None,
    };
    let mut entries = Vec::new();
    for step in &plan.steps {
        let (did, before) = match &step.action {
            Action::Create(_) | Action::Later => (Did::Create, State::Absent),
            Action::Update(update) => (Did::Change, is(Some(update.open.live.clone()), &step.gvk)),
            Action::Revert(revert) => (Did::Change, is(Some(revert.open.live.clone()), &step.gvk)),
            Action::Replace(_) => (Did::Replace, is(read(&step.id), &step.gvk)),
            Action::Delete(_) => {
                (Did::Delete, is(members.get(&step.id).map(|member| member.live.clone()), &step.gvk))
            }
            Action::Refused(_) => continue,
        };
        let version = step.gvk.version.clone();
        entries.push(Entry { id: step.id.clone(), version, did, before, after: State::Unknown });
    }
    entries
}

fn is(object: Option<Value>, gvk: &Gvk) -> State {
    object.map_or(State::Unknown, |object| State::Object(Box::new(typed(object, gvk))))
}

/// The object with its type: items of lists lack it.
pub fn typed(mut object: Value, gvk: &Gvk) -> Value {
    if text_at(&object, &["kind"]).is_none() {
        object["kind"] = Value::from(gvk.kind.as_str());
    }
    if text_at(&object, &["apiVersion"]).is_none() {
        object["apiVersion"] = Value::from(gvk.api_version());
    }
    object
}

/// What an undo of this undo puts back: everything as it is now.
pub fn inverse(undo: &Undo) -> Vec<Entry> {
    let is = |live: &Option<Value>| live.clone().map_or(State::Absent, |live| State::Object(Box::new(live)));
    let going: BTreeSet<&ObjectId> = undo.plan.deletions().map(|step| &step.id).collect();
    let entry = |step: &Step| {
        let did = match &step.action {
            Back::PutBack(_) => Did::Change,
            Back::Create(_) => Did::Create,
            Back::Replace(_) => Did::Replace,
            Back::Delete(_) if going.contains(&step.id) => Did::Delete,
            _ => return None,
        };
        let (id, version) = (step.id.clone(), step.gvk.version.clone());
        Some(Entry { id, version, did, before: is(&step.live), after: State::Unknown })
    };
    undo.steps.iter().filter_map(entry).collect()
}
