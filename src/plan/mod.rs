//! From verdicts to what is done about them: steps in waves, each with what it sends and why. Pure.
//!
//! A plan is shown, confirmed and executed as it is. What cannot be planned is a blocker, and what may not be done is a step
//! that is refused.

pub mod allowed;
pub mod bound;
pub mod items;
pub mod order;
pub mod outcome;
pub mod prune;
pub mod revert;
pub mod saved;
pub mod seal;
pub mod stale;
pub mod undo;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compare::reverting::Reverting;
use crate::compare::sending::{Force, Sending, creation, held, planned, sending};
use crate::compare::survey::{Open, Setting, opened};
use crate::compare::verdict::{NoteKind, ObjectVerdict, Status};
use crate::desired::{Entry, Ready};
use crate::live::{DryRun, LiveSet, Observed, Pin, Presence, Resource};
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::FieldPath;
use order::Wave;
use prune::Deletion;

/// How a user wants differences to be handled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// The id of the set, which marks members.
    pub set: String,
    /// Whose held fields are taken.
    pub force: Force,
    /// Kinds whose objects may be deleted and made anew, as `Kind` or `Kind.group`.
    pub replace: BTreeSet<String>,
}

/// What is done about one object.
#[derive(Debug)]
pub struct Step {
    /// Which object.
    pub id: ObjectId,
    /// Its kind, with the version of the manifest.
    pub gvk: Gvk,
    /// When.
    pub wave: Wave,
    /// What.
    pub action: Action,
}

/// What is done.
#[derive(Debug)]
pub enum Action {
    /// It does not exist and is created.
    Create(DryRun),
    /// It exists and is changed.
    Update(Box<Update>),
    /// It is created once its kind is served, which another step of the plan brings about.
    Later,
    /// It is deleted and made anew.
    Replace(Box<Replace>),
    /// Some of its fields are put back to what was applied last.
    Revert(Box<Revert>),
    /// It left Git and is deleted.
    Delete(Deletion),
    /// Nothing, and that is a failure.
    Refused(Refused),
}

/// Why nothing is done about an object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// An immutable field changes, and its kind was not named.
    Replace,
    /// An immutable field changes, and its kind is never deleted for that.
    NeverReplaced,
    /// It is being deleted.
    Terminating,
}

impl Refused {
    /// In words.
    pub fn words(&self, gvk: &Gvk) -> String {
        match self {
            Self::Replace => {
                format!(
                    "an immutable field changes: it has to be deleted and made anew (--replace {})",
                    gvk.kind
                )
            }
            Self::NeverReplaced => {
                format!("an immutable field changes, and a {} is never deleted for that", gvk.kind)
            }
            Self::Terminating => "it is being deleted; run again when it is gone".to_owned(),
        }
    }
}

/// A change of an object.
#[derive(Debug)]
pub struct Update {
    /// What was read and found.
    pub open: Open,
    /// What was said about it.
    pub verdict: ObjectVerdict,
    /// What is sent.
    pub sending: Sending,
}

/// An object whose immutable fields change.
#[derive(Debug)]
pub struct Replace {
    /// The object as it was read.
    pub old: Deletion,
    /// What is created once it is gone.
    pub new: DryRun,
}

/// A revert of fields of an object.
#[derive(Debug)]
pub struct Revert {
    /// What was read and found.
    pub open: Open,
    /// What was said about it.
    pub verdict: ObjectVerdict,
    /// What is sent.
    pub reverting: Reverting,
}

/// Something that a revert leaves as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Which object.
    pub id: ObjectId,
    /// Which field; `None` for the whole object.
    pub path: Option<FieldPath>,
    /// Why.
    pub reason: &'static str,
}

/// What a run is going to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// The steps in the order of execution.
    pub steps: Vec<Step>,
    /// Objects because of which nothing is written, unless the run continues on errors.
    pub blockers: Vec<(ObjectId, Status)>,
    /// Objects with fields that are left to a controller although Git says otherwise.
    pub held: Vec<ObjectId>,
    /// What a revert leaves.
    pub left: Vec<Left>,
    /// Members that left Git and stay, with the reason.
    pub kept: Vec<(ObjectId, String)>,
    /// Objects in sync by ownership alone that are written to make them this set's: their number.
    pub adopted: usize,
}

impl Plan {
    /// True if nothing would be written.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|step| !matches!(step.action, Action::Refused(_)))
    }

    /// The writes of one wave.
    pub fn of_wave(&self, wave: Wave) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |step| step.wave == wave && step.is_write())
    }

    /// The deletions, in their order: the waves backwards.
    pub fn deletions(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| matches!(step.action, Action::Delete(_)))
    }

    /// Adds deletions behind everything else.
    pub fn delete(&mut self, deletions: Vec<Deletion>) {
        let step = |deletion: Deletion| {
            let (id, gvk) = (deletion.id.clone(), deletion.resource.gvk.clone());
            Step { id, wave: Wave::of(&gvk), gvk, action: Action::Delete(deletion) }
        };
        self.steps.extend(deletions.into_iter().map(step));
    }
}

impl Step {
    /// True if an object is created or changed.
    pub fn is_write(&self) -> bool {
        matches!(self.action, Action::Create(_) | Action::Update(_) | Action::Replace(_) | Action::Revert(_))
    }
}

/// Plans to make live equal to what Git says.
pub fn apply(setting: &Setting<'_>, live: &LiveSet, verdicts: &[ObjectVerdict], policy: &Policy) -> Plan {
    let mut plan = Plan::default();
    for verdict in verdicts {
        match verdict.status {
            Status::Unknown | Status::Invalid | Status::Blocked | Status::Conflict => {
                plan.blockers.push((verdict.id.clone(), verdict.status));
            }
            Status::Extra => {}
            _ => {
                let Some(entry) = setting.desired.entries.get(&verdict.id) else { continue };
                if held(verdict, &policy.force).next().is_some() {
                    plan.held.push(verdict.id.clone());
                }
                if let Some(action) = action(setting, live, entry, verdict, policy) {
                    let is_adoption = verdict.status == Status::InSync;
                    plan.adopted += usize::from(is_adoption);
                    let (id, gvk) = (verdict.id.clone(), verdict.gvk.clone());
                    plan.steps.push(Step { id, wave: Wave::of(&gvk), gvk, action });
                }
            }
        }
    }
    plan.steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    plan
}

fn action(
    setting: &Setting<'_>,
    live: &LiveSet,
    entry: &Entry,
    verdict: &ObjectVerdict,
    policy: &Policy,
) -> Option<Action> {
    let ready = match entry {
        Entry::Ready(ready) => ready,
        Entry::KindPending(_) => return Some(Action::Later),
        _ => return None,
    };
    match verdict.status {
        Status::Terminating => return Some(Action::Refused(Refused::Terminating)),
        Status::Replace => return Some(replace(live, ready, verdict, policy)),
        Status::Missing | Status::New => {
            return Some(Action::Create(creation(&verdict.id, ready, &policy.set)));
        }
        _ => {}
    }
    let Some(Ok(Presence::Found(observed))) = live.get(&verdict.id) else { return None };
    let changes = planned(verdict, &policy.force).next().is_some();
    if !changes && !is_adopted(setting, verdict, observed, &policy.set) {
        return None;
    }
    let live: Value = serde_json::from_slice(&observed.json).ok()?;
    let open = opened(setting, &verdict.id, ready, live);
    let sending = sending(setting, &open, verdict, &policy.set, &policy.force);
    Some(Action::Update(Box::new(Update { open, verdict: verdict.clone(), sending })))
}

/// Kinds whose objects are never deleted for the sake of a field: what is in them, or described by them, would go along.
const NEVER_REPLACED: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
];

fn replace(live: &LiveSet, ready: &Ready, verdict: &ObjectVerdict, policy: &Policy) -> Action {
    let id = &verdict.id;
    if NEVER_REPLACED.contains(&(id.group.as_str(), id.kind.as_str())) {
        return Action::Refused(Refused::NeverReplaced);
    }
    let found = match live.get(id) {
        Some(Ok(Presence::Found(observed))) => serde_json::from_slice::<Value>(&observed.json).ok(),
        _ => None,
    };
    let Some(found) = found.filter(|_| prune::is_named(id, &policy.replace)) else {
        return Action::Refused(Refused::Replace);
    };
    let pin = Pin::of(&found);
    let resource = Resource::clone(&ready.resource);
    let old = Deletion { id: id.clone(), resource, pin, cascade: String::new() };
    Action::Replace(Box::new(Replace { old, new: creation(id, ready, &policy.set) }))
}

/// True if an object that is in sync has to be written to become this set's: we never applied it, do not own all of it, or
/// it lacks the label.
fn is_adopted(setting: &Setting<'_>, verdict: &ObjectVerdict, observed: &Observed, set: &str) -> bool {
    // Without a schema maps are taken whole, and the server owns them part by part.
    let known = setting.schemas.contains_key(&verdict.gvk);
    let counts = |paths: &[FieldPath]| known || paths.is_empty();
    verdict.notes.iter().any(|note| note.kind == NoteKind::Adopt && counts(&note.paths))
        // The id of a set stands nowhere else, and looking for it costs less than parsing.
        || !contains(&observed.json, set.as_bytes())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// True if the changes that a newer verdict asks for are those that were approved: the same values in the same places, over the
/// same live values.
pub fn same_changes(approved: &ObjectVerdict, now: &ObjectVerdict, force: &Force) -> bool {
    let told = |verdict: &ObjectVerdict| -> Vec<(String, Option<Value>, Option<Value>)> {
        planned(verdict, force).map(|f| (f.path.to_string(), f.desired.clone(), f.live.clone())).collect()
    };
    told(approved) == told(now)
}
