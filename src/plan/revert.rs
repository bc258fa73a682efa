//! Plans to put back what somebody did to the cluster, to what was applied last. What moved in Git waits.

use jiff::Timestamp;
use serde_json::Value;

use super::order::Wave;
use super::{Action, Left, Plan, Refused, Revert, Step};
use crate::compare::owner::Writer;
use crate::compare::reverting::{is_edit, reverting};
use crate::compare::sending::labelled;
use crate::compare::survey::{Bases, Setting, opened};
use crate::compare::verdict::{FieldVerdict, ObjectVerdict, Status};
use crate::desired::{Entry, Ready};
use crate::live::{DryRun, LiveSet, Presence, Resource};
use crate::object::id::ObjectId;
use crate::object::pattern::PathPattern;

/// What is put back; without any choice everything is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    /// Fields at or below these paths.
    pub fields: Vec<PathPattern>,
    /// Fields that these field managers wrote.
    pub managers: Vec<String>,
    /// Fields that were written since.
    pub since: Option<Timestamp>,
}

impl Choice {
    /// True if objects that are gone are put back: nobody is recorded for a deletion, and it is no field.
    fn takes_objects(&self) -> bool {
        *self == Self::default()
    }

    /// True if a field is chosen.
    pub fn takes(&self, field: &FieldVerdict) -> bool {
        let by_path = self.fields.is_empty() || self.fields.iter().any(|p| p.matches_or_holds(&field.path));
        let (manager, time) = match &field.writer {
            Some(Writer::SetBy { manager, time } | Writer::ChangedBy { manager, time }) => {
                (Some(manager), time.parse::<Timestamp>().ok())
            }
            _ => (None, None),
        };
        let is_named = |name: &String| {
            manager == Some(name) || manager.is_some_and(|m| m.split('/').next() == Some(name.as_str()))
        };
        let by_manager = self.managers.is_empty() || self.managers.iter().any(is_named);
        let by_time = self.since.is_none_or(|since| time.is_some_and(|time| time >= since));
        by_path && by_manager && by_time
    }
}

/// Plans to put back what differs from what was applied last. `set` is the id that marks members.
pub fn revert(
    setting: &Setting<'_>,
    live: &LiveSet,
    verdicts: &[ObjectVerdict],
    set: &str,
    choice: &Choice,
) -> Plan {
    let mut plan = Plan::default();
    for verdict in verdicts {
        let Some(Entry::Ready(ready)) = setting.desired.entries.get(&verdict.id) else {
            if matches!(verdict.status, Status::Unknown | Status::Invalid) {
                plan.blockers.push((verdict.id.clone(), verdict.status));
            }
            continue;
        };
        let action = match verdict.status {
            Status::Unknown | Status::Invalid | Status::Blocked | Status::Conflict => {
                plan.blockers.push((verdict.id.clone(), verdict.status));
                None
            }
            Status::Terminating => Some(Action::Refused(Refused::Terminating)),
            Status::Missing if choice.takes_objects() => match base_of(setting, verdict, ready) {
                Some(object) => Some(Action::Create(restored(&verdict.id, ready, object, set))),
                None => {
                    let reason = "what was applied last is not known";
                    plan.left.push(Left { id: verdict.id.clone(), path: None, reason });
                    None
                }
            },
            _ => fields(setting, live, ready, verdict, choice, &mut plan),
        };
        if let Some(action) = action {
            let (id, gvk) = (verdict.id.clone(), verdict.gvk.clone());
            plan.steps.push(Step { id, wave: Wave::of(&gvk), gvk, action });
        }
    }
    plan.steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    plan
}

fn fields(
    setting: &Setting<'_>,
    live: &LiveSet,
    ready: &Ready,
    verdict: &ObjectVerdict,
    choice: &Choice,
    plan: &mut Plan,
) -> Option<Action> {
    if verdict.fields.is_empty() {
        return None;
    }
    let Some(Ok(Presence::Found(observed))) = live.get(&verdict.id) else { return None };
    let live: Value = serde_json::from_slice(&observed.json).ok()?;
    let open = opened(setting, &verdict.id, ready, live);
    let (reverting, left) = reverting(setting, &open, verdict, |field| is_edit(field) && choice.takes(field));
    plan.left.extend(left.into_iter().map(|(path, reason)| Left {
        id: verdict.id.clone(),
        path: Some(path),
        reason,
    }));
    let verdict = verdict.clone();
    reverting.map(|reverting| Action::Revert(Box::new(Revert { open, verdict, reverting })))
}

/// The object as it was applied last, if that is known.
fn base_of(setting: &Setting<'_>, verdict: &ObjectVerdict, ready: &Ready) -> Option<Value> {
    match setting.bases {
        Bases::Record(recorded) => recorded.of_absent(&verdict.id, &ready.object()),
        Bases::Revision { objects, .. } => objects.get(&verdict.id).cloned(),
        Bases::Unknown | Bases::Withheld => None,
    }
}

fn restored(id: &ObjectId, ready: &Ready, mut body: Value, set: &str) -> DryRun {
    labelled(&mut body, set);
    DryRun { id: id.clone(), resource: Resource::clone(&ready.resource), body, pin: None }
}
