//! The second read: whether what was planned is what the cluster has now.

use std::collections::{BTreeMap, BTreeSet};

use super::ask;
use super::compared::{Scene, wanted};
use super::remembered::Remembered;
use crate::compare::leftover::leftovers;
use crate::compare::sending::planned;
use crate::compare::survey::{Bases, Setting, survey};
use crate::compare::verdict::{Class, ObjectVerdict, Status};
use crate::desired::{DesiredSet, Entry};
use crate::live::{LiveSet, Presence};
use crate::object::id::ObjectId;
use crate::plan::{Action, Policy, Step};
use crate::reader::Live;
use serde_json::Value;

/// What does not hold of what was written, by object, and the objects as they were read.
pub(super) async fn second_read(
    reader: &Live,
    scene: &Scene,
    steps: &[&Step],
    policy: &Policy,
) -> (BTreeMap<ObjectId, String>, LiveSet) {
    let entries = steps.iter().filter_map(|step| {
        let entry = scene.desired.entries.get(&step.id)?;
        matches!(entry, Entry::Ready(_)).then(|| (step.id.clone(), entry.clone()))
    });
    let desired =
        DesiredSet { entries: entries.collect(), warnings: Vec::new(), set: scene.desired.set.clone() };
    let live = reader.read(&wanted(&desired)).await;
    let setting = Setting { desired: &desired, bases: &Bases::Withheld, ..scene.setting() };
    let mut found = survey(&setting, &live);
    let open = std::mem::take(&mut found.open);
    let asked = ask::ask(reader, &scene.catalog, &setting, &Remembered::off(), open, Ok(())).await;
    let verdicts: BTreeMap<ObjectId, ObjectVerdict> =
        found.verdicts.into_iter().chain(asked).map(|verdict| (verdict.id.clone(), verdict)).collect();
    let wrong = steps.iter().filter_map(|step| {
        let verdict = verdicts.get(&step.id)?;
        let wrong = not_held(step, verdict, policy).or_else(|| returned(scene, step, &live));
        Some((step.id.clone(), wrong?))
    });
    (wrong.collect(), live)
}

/// The first of the paths that were taken out and are there again: of what our entry does not name a verdict knows nothing.
fn returned(scene: &Scene, step: &Step, live: &LiveSet) -> Option<String> {
    let gone = match &step.action {
        Action::Update(update) => &update.sending.gone,
        Action::Revert(revert) => &revert.reverting.gone,
        _ => return None,
    };
    let Some(Ok(Presence::Found(observed))) = live.get(&step.id) else { return None };
    let object: Value = serde_json::from_slice(&observed.json).ok().filter(|_| !gone.is_empty())?;
    let setting = scene.setting();
    let left = leftovers(setting.schema_of(&step.gvk), &object, gone);
    left.first().map(|gone| format!("{} is there again after it was taken out", gone.path))
}

/// The first of the planned paths that does not hold, in words.
fn not_held(step: &Step, now: &ObjectVerdict, policy: &Policy) -> Option<String> {
    match now.status {
        Status::Missing | Status::New => return Some("it is gone again after it was written".to_owned()),
        Status::Unknown | Status::Conflict | Status::Blocked => {
            let reason = now.reason.clone().unwrap_or_else(|| now.status.word().to_owned());
            return Some(format!("it was written, and then: {reason}"));
        }
        _ => {}
    }
    if let Action::Revert(revert) = &step.action {
        let edits = now.fields.iter().filter(|field| {
            matches!(field.class, Class::Drift | Class::Added | Class::Diverged)
                && revert.reverting.chosen.contains(&field.path)
        });
        let path = edits.map(|field| field.path.to_string()).next()?;
        return Some(format!("{path} differs again after it was put back"));
    }
    let approved: Option<BTreeSet<String>> = match &step.action {
        Action::Update(update) => {
            Some(planned(&update.verdict, &policy.force).map(|field| field.path.to_string()).collect())
        }
        _ => None,
    };
    let was_planned = |path: &str| match &approved {
        Some(paths) => paths.contains(path),
        None => true,
    };
    let mut fields = planned(now, &policy.force).map(|field| field.path.to_string());
    let path = fields.find(|path| was_planned(path))?;
    Some(format!("{path} differs again after it was written"))
}
