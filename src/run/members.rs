//! What the record of a set is told of its members: what was applied, and where they are.

use serde_json::Value;

use super::compared::Scene;
use super::error::RunError;
use super::execute::Ended;
use super::keeping::{Keeping, Places, place_of};
use crate::compare::sending::{recorded, still};
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::desired::Entry;
use crate::live::{LiveSet, Presence};
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::{Action, Policy, Step};
use crate::record::encode::Member;

/// Notes every member that is in sync as it is: Git says it and the cluster has it.
///
/// # Errors
/// It cannot be recorded.
pub(super) fn note_in_sync(
    keeping: &mut Keeping<'_>,
    scene: &Scene,
    verdicts: &[ObjectVerdict],
) -> Result<(), RunError> {
    for verdict in verdicts.iter().filter(|verdict| verdict.status == Status::InSync) {
        let (Some(Entry::Ready(ready)), Some(Ok(Presence::Found(observed)))) =
            (scene.desired.entries.get(&verdict.id), scene.live.get(&verdict.id))
        else {
            continue;
        };
        let Ok(live) = serde_json::from_slice::<Value>(&observed.json) else { continue };
        let partly = !verdict.ignored.is_empty() || !verdict.fields.is_empty();
        let object = match partly {
            false => ready.object(),
            true => {
                let setting = scene.setting();
                let open = crate::compare::survey::opened(&setting, &verdict.id, ready, live.clone());
                recorded(&setting, &open, verdict, &crate::compare::sending::Force::default())
            }
        };
        if let Some(member) = member_of(&verdict.id, object, &live) {
            keeping.note(&member)?;
        }
    }
    Ok(())
}

/// Where objects are, as a record tells it.
pub(super) fn places<'i>(ids: impl Iterator<Item = &'i ObjectId>) -> Places {
    let mut places = Places::new();
    for id in ids {
        let (kind, namespace) = place_of(id);
        places.entry(kind).or_default().insert(namespace);
    }
    places
}

/// What is live of objects that were read.
pub(super) fn is_present(live: &LiveSet, id: &ObjectId) -> bool {
    matches!(live.get(id), Some(Ok(Presence::Found(_))))
}

/// What is recorded of an object that was written.
pub(super) fn member(
    scene: &Scene,
    step: &Step,
    ended: &Ended,
    live: &Value,
    policy: &Policy,
) -> Option<Member> {
    let object = match &step.action {
        Action::Create(_) | Action::Replace(_) => match scene.desired.entries.get(&step.id)? {
            Entry::Ready(ready) => ready.object(),
            _ => return None,
        },
        Action::Update(update) => {
            let setting = scene.setting();
            let object = recorded(&setting, &update.open, &update.verdict, &policy.force);
            match ended {
                Ended::Partly(_, left, _) => still(&setting, &update.open, object, left),
                _ => object,
            }
        }
        Action::Revert(_) | Action::Delete(_) | Action::Later | Action::Refused(_) => return None,
    };
    member_of(&step.id, object, live)
}

pub(super) fn member_of(id: &ObjectId, object: Value, live: &Value) -> Option<Member> {
    let uid = text_at(live, &["metadata", "uid"])?.to_owned();
    let applied = ManagedFields::of(live).own()?.time.to_owned();
    Some(Member { id: id.clone(), object, uid, applied })
}
