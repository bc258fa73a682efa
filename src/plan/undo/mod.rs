//! Plans to undo a run: every object that it wrote goes back to what it was before, where nobody has been at it since.
//!
//! What a person, or another run, changed since is refused, whether or not it is what the run had changed. What controllers
//! changed beside it stays; where they changed the same, that is refused as well.

mod anew;
mod begun;
mod changes;
mod judge;
mod merge;
mod moved;
mod shown;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Plan;
use super::order::Wave;
use super::prune::{self, Budget, Deletion, Refusal};
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::live::{Pin, Resource};
use crate::object::id::{Gvk, ObjectId};
use crate::record::undo::Entry;

pub use begun::{entries, inverse, typed};
pub use judge::{is_made, judge, owners};
pub use shown::verdicts;

/// What may be done, and what is known of the record.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The id of the set, which marks members.
    pub set: String,
    /// The namespace that holds its record.
    pub record_namespace: String,
    /// Kinds whose objects may be deleted and made anew, as `Kind` or `Kind.group`.
    pub replace: BTreeSet<String>,
    /// Where members are, as the record of the set tells it, for an undo record that somebody else could have written;
    /// `None` for one that this machine kept.
    pub places: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Uids of objects that the run took away.
    pub gone: BTreeSet<String>,
}

/// What is done about one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// It is changed back.
    PutBack(Box<PutBack>),
    /// It is made anew.
    Create(Box<Value>),
    /// It is deleted and made anew.
    Replace(Box<(Pin, Value)>),
    /// It is deleted.
    Delete(Pin),
    /// Nothing: this is why.
    Refused(String),
    /// Nothing: it is as it was.
    Nothing,
}

/// How an object is put back. The owners can be written only after the content, as the server gives what changes to whoever
/// writes.
#[derive(Debug, Clone, PartialEq)]
pub struct PutBack {
    /// A JSON patch of the content.
    pub content: Option<Value>,
    /// A JSON patch of the owners, for an object whose content is right already.
    pub owners: Option<Value>,
    /// What it is to be, without status and what the server sets.
    pub wanted: Value,
}

/// What is planned for one object.
#[derive(Debug)]
pub struct Step {
    /// Which object.
    pub id: ObjectId,
    /// Its type.
    pub gvk: Gvk,
    /// When.
    pub wave: Wave,
    /// As it was read; absent if it was not there.
    pub live: Option<Value>,
    /// What.
    pub action: Action,
}

/// What is live of an object that a record names.
#[derive(Debug, Clone)]
pub enum Found {
    /// It was read, or is not there.
    Read(Resource, Option<Value>),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

/// What is planned for a whole record.
#[derive(Debug, Default)]
pub struct Undo {
    /// Steps in the order of execution: what is made anew, then what is changed back with the waves backwards.
    pub steps: Vec<Step>,
    /// Deletions, in their order, and members that stay with the reason.
    pub plan: Plan,
    /// Types of the objects, for those that are read again.
    pub resources: BTreeMap<ObjectId, Resource>,
}

impl Undo {
    /// True if nothing would be written.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty() && !self.steps.iter().any(Step::is_write)
    }

    /// True if every object is as it was once this is done.
    pub fn is_whole(&self) -> bool {
        self.plan.kept.is_empty() && !self.steps.iter().any(|step| matches!(step.action, Action::Refused(_)))
    }
}

impl Step {
    /// True if something is written.
    pub fn is_write(&self) -> bool {
        matches!(self.action, Action::PutBack(_) | Action::Create(_) | Action::Replace(_))
    }
}

/// Plans to undo what a record names. `members` is the number of members of the set now.
///
/// # Errors
/// A guard refuses to delete so much.
pub fn plan(
    entries: &BTreeMap<ObjectId, Entry>,
    found: &BTreeMap<ObjectId, Found>,
    rules: &Rules,
    budget: &Budget,
    members: usize,
) -> Result<Undo, Refusal> {
    let mut undo = Undo::default();
    let mut going: Vec<prune::Member> = Vec::new();
    for (id, entry) in entries {
        let gvk = entry.gvk();
        let (action, live) = match found.get(id) {
            Some(Found::Read(resource, live)) => {
                undo.resources.insert(id.clone(), resource.clone());
                (judge(entry, live.as_ref(), rules), live.clone())
            }
            Some(Found::Unknown(reason)) => (Action::Refused(format!("it cannot be read: {reason}")), None),
            None => (Action::Refused("it was not read".to_owned()), None),
        };
        if let (Action::Delete(_), Some(Found::Read(resource, Some(live)))) = (&action, found.get(id)) {
            let verdict = ObjectVerdict::bare(id.clone(), gvk.clone(), Status::Extra, None);
            going.push(prune::Member { resource: resource.clone(), live: live.clone(), verdict });
        }
        undo.steps.push(Step { id: id.clone(), wave: Wave::of(&gvk), gvk, live, action });
    }
    let scene = prune::Scene {
        members: going.iter().collect(),
        present: members.saturating_sub(going.len()),
        rendered: members.max(1),
        uids: BTreeSet::new(),
        doubtful: BTreeSet::new(),
        gaps: BTreeSet::new(),
        record_namespace: &rules.record_namespace,
    };
    let (deletions, kept) = prune::plan(&scene, budget)?;
    undo.plan.kept = kept;
    undo.plan.delete(deletions);
    undo.steps.sort_by_cached_key(order);
    Ok(undo)
}

/// What is made anew goes as an apply goes, what is changed goes back.
fn order(step: &Step) -> (u8, std::cmp::Reverse<Wave>, Wave, ObjectId) {
    let (first, back) = match step.action {
        Action::Create(_) => (0, Wave::Foundations),
        _ => (1, step.wave),
    };
    let forward = if first == 0 { step.wave } else { Wave::Foundations };
    (first, std::cmp::Reverse(back), forward, step.id.clone())
}

/// The deletion of an object that is replaced.
pub fn deletion(id: &ObjectId, resource: &Resource, pin: &Pin) -> Deletion {
    Deletion { id: id.clone(), resource: resource.clone(), pin: pin.clone(), cascade: String::new() }
}

#[cfg(test)]
mod tests;
