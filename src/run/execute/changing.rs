//! Changing an object that exists: send, and where somebody else was faster read it again, judge it again, and do only what was
//! approved.

use serde_json::{Value, json};

use crate::compare::leftover::{Gone, leftovers, removal};
use crate::compare::reverting::{Reverting, beside, is_edit, reverting as reverting_of};
use crate::compare::sending::{Force, planned, refused, sending};
use crate::compare::survey::{Open, opened};
use crate::compare::verdict::{Class, FieldVerdict, ObjectVerdict};
use crate::desired::Entry;
use crate::live::{DryRun, Pin, Prediction, Presence, Write, Written};
use crate::object::fields::ManagedFields;
use crate::object::path::FieldPath;
use crate::object::value::text_at;
use crate::plan::bound::{of_revert, of_update};
use crate::plan::undo::typed;
use crate::plan::{Revert, Update, same_changes};
use crate::run::ask;
use crate::run::compared::Scene;
use crate::run::remembered::Remembered;

use super::{Again, Ended, Execution, ROUNDS, failed};

impl Execution<'_> {
    pub(super) async fn update(&self, scene: &Scene, update: &Update) -> Ended {
        let mut current = update.sending.clone();
        for _ in 0..ROUNDS {
            match self.send(&current.take_over, &current.apply).await {
                Written::Stored(object) => {
                    return self.finish(scene, &current.apply, object, &current.gone).await;
                }
                Written::Conflict => {}
                other => return failed(&update.open.id, other),
            }
            // Somebody wrote it meanwhile, or the answer to a write of ours was lost. Only what was approved is done.
            let (open, verdict) = match self.again(scene, &update.open).await {
                Ok(Again::Changed(again)) => *again,
                // Git has it, so it is made anew, as it would have been a moment later.
                Ok(Again::Gone) if self.exact.is_some() => return self.crossed("somebody deleted it"),
                Ok(Again::Gone) => return self.recreate(scene, &update.open.id).await,
                Err(reason) => return Ended::Failed(reason),
            };
            let force = &self.policy.force;
            let new = sending(&scene.setting(), &open, &verdict, &self.policy.set, force);
            let ours = renewed(&update.open.live, &open.live);
            let is_there = is_there(&verdict, &open, &self.policy.set, force, ours);
            if let Some(exact) = self.exact
                && !exact.holds(&open.id, &open.live, &of_update(&new))
                && !(exact.is_same_object(&open.id, &open.live) && is_there)
            {
                return exact.stale("somebody changed it");
            }
            if is_there {
                return as_wanted(ours, open.live);
            }
            if !same_changes(&update.verdict, &verdict, force) {
                return Ended::Failed(moved(&update.verdict, &verdict, force));
            }
            current = new;
        }
        Ended::Failed("somebody else keeps writing it: it changed each time it was read".to_owned())
    }

    /// Puts fields back. What the server would change beside them is found by a dry run first.
    pub(super) async fn revert(&self, scene: &Scene, revert: &Revert) -> Ended {
        let Revert { open, reverting: planned, .. } = revert;
        let mut current = (open.clone(), planned.clone());
        for _ in 0..ROUNDS {
            let (now, reverting) = &current;
            match self.put_back(scene, now, reverting).await {
                Ok(Written::Stored(object)) => {
                    return self.finish(scene, &reverting.apply, object, &reverting.gone).await;
                }
                Ok(Written::Conflict) => {}
                Ok(other) => return failed(&open.id, other),
                Err(reason) => return Ended::Failed(reason),
            }
            let (now, verdict) = match self.again(scene, open).await {
                Ok(Again::Changed(again)) => *again,
                Ok(Again::Gone) => {
                    return self.crossed("somebody deleted it");
                }
                Err(reason) => return Ended::Failed(reason),
            };
            // What was taken over, if the answer to that was lost, waits to be removed.
            let is_taken =
                |field: &FieldVerdict| planned.take_over.is_some() && field.class == Class::Removal;
            let is_chosen = |field: &FieldVerdict| {
                planned.chosen.contains(&field.path) && (is_edit(field) || is_taken(field))
            };
            let again = reverting_of(&scene.setting(), &now, &verdict, is_chosen);
            if let Some(exact) = self.exact {
                let same = exact.is_same_object(&now.id, &now.live);
                let holds = again
                    .0
                    .as_ref()
                    .map_or(same, |reverting| exact.holds(&now.id, &now.live, &of_revert(reverting)));
                if !holds {
                    return exact.stale("somebody changed it");
                }
            }
            match again {
                (None, _) => return as_wanted(renewed(&open.live, &now.live), now.live),
                (Some(reverting), _) => current = (now, reverting),
            }
        }
        Ended::Failed("somebody else keeps writing it: it changed each time it was read".to_owned())
    }

    async fn put_back(&self, scene: &Scene, open: &Open, reverting: &Reverting) -> Result<Written, String> {
        let mut apply = reverting.apply.clone();
        let mut taken = None;
        if let Some(operations) = &reverting.take_over {
            match self.patch(&apply, operations.clone()).await {
                Written::Stored(object) => {
                    apply.pin = Some(Pin::of(&object));
                    taken = Some(object);
                }
                other => return Ok(other),
            }
        }
        let predicted = self.reader.predict(vec![apply.clone()]).await.into_iter().next();
        let reason = match predicted {
            Some(Prediction::Stored(predicted)) => {
                match beside(&scene.setting(), open, reverting, &predicted) {
                    None => return Ok(self.server.write(&Write::Apply(apply)).await),
                    Some(reason) => reason,
                }
            }
            Some(Prediction::Conflict) => return Ok(Written::Conflict),
            Some(Prediction::Refused(refusal)) => refused(&open.id, &refusal),
            Some(Prediction::Unavailable(error)) => error.to_string(),
            None => "the server did not answer the dry run".to_owned(),
        };
        if let Some(taken) = taken {
            self.give_back(&apply, open, &taken).await;
        }
        Err(reason)
    }

    /// Takes out what the apply has left of what was to be gone, by a patch of exactly that.
    async fn finish(&self, scene: &Scene, apply: &DryRun, object: Value, gone: &[Gone]) -> Ended {
        let setting = scene.setting();
        let schema = setting.schema_of(&apply.resource.gvk);
        let Some(operations) = removal(schema, &object, &leftovers(schema, &object, gone)) else {
            return Ended::Configured(Box::new(object));
        };
        let (object, why) = match self.patch(apply, operations).await {
            Written::Stored(object) => (object, "the server keeps it".to_owned()),
            Written::Conflict => match self.crossed("somebody changed it") {
                Ended::Failed(reason) => (object, reason),
                _ => (object, "somebody changed it".to_owned()),
            },
            other => match failed(&apply.id, other) {
                Ended::Failed(reason) => (object, reason),
                _ => (object, "it could not be taken out".to_owned()),
            },
        };
        let left: Vec<FieldPath> =
            leftovers(schema, &object, gone).into_iter().map(|gone| gone.path.clone()).collect();
        match left.first() {
            None => Ended::Configured(Box::new(object)),
            Some(path) => {
                let reason = format!("{path} stays: {why}");
                Ended::Partly(Box::new(object), left, reason)
            }
        }
    }

    /// Undoes a take-over that led to nothing.
    async fn give_back(&self, apply: &DryRun, open: &Open, taken: &Value) {
        let operations = json!([
            {"op": "replace", "path": "/metadata/resourceVersion", "value": taken["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": open.live["metadata"]["managedFields"]},
        ]);
        // If that fails the fields are ours and stay: the next run takes them for a removal and says so.
        let _ = self.patch(apply, operations).await;
    }

    async fn patch(&self, apply: &DryRun, operations: Value) -> Written {
        let (id, resource) = (apply.id.clone(), apply.resource.clone());
        self.server.write(&Write::Patch { id, resource, operations }).await
    }

    async fn send(&self, take_over: &Option<Value>, apply: &DryRun) -> Written {
        let mut apply = apply.clone();
        if let Some(operations) = take_over {
            match self.patch(&apply, operations.clone()).await {
                Written::Stored(object) => apply.pin = Some(Pin::of(&object)),
                other => return other,
            }
        }
        self.server.write(&Write::Apply(apply)).await
    }

    /// Reads and judges an object once more.
    async fn again(&self, scene: &Scene, open: &Open) -> Result<Again, String> {
        let setting = scene.setting();
        let Some(Entry::Ready(ready)) = scene.desired.entries.get(&open.id) else {
            return Err("it is not part of the render".to_owned());
        };
        let observed = match self.reader.reread(&open.id, &ready.resource).await {
            Ok(Presence::Found(observed)) => observed,
            Ok(Presence::Absent) => return Ok(Again::Gone),
            Err(error) => return Err(error.to_string()),
        };
        let live: Value = serde_json::from_slice(&observed.json)
            .map_err(|error| format!("the live object cannot be decoded: {error}"))?;
        self.reread.borrow_mut().insert(open.id.clone(), typed(live.clone(), &ready.gvk));
        let fresh = opened(&setting, &open.id, ready, live);
        let remembered = Remembered::off();
        let asked = vec![fresh.clone()];
        let verdicts = ask::ask(self.reader, &scene.catalog, &setting, &remembered, asked, Ok(())).await;
        let verdict = verdicts.into_iter().next().ok_or("it could not be judged")?;
        Ok(Again::Changed(Box::new((fresh, verdict))))
    }
}

/// True if nothing is left to be done about an object. What is still not ours after a write of ours never will be.
fn is_there(verdict: &ObjectVerdict, open: &Open, set: &str, force: &Force, ours: bool) -> bool {
    use crate::compare::verdict::NoteKind;
    let label = text_at(&open.live, &["metadata", "labels", crate::record::applyset::PART_OF_LABEL]);
    planned(verdict, force).next().is_none()
        && label == Some(set)
        && (ours || !verdict.notes.iter().any(|note| note.kind == NoteKind::Adopt))
}

/// True if we wrote an object since it was read, and the answer was lost: nobody else has the lock, and the time of our entry
/// stays through what others write.
fn renewed(before: &Value, now: &Value) -> bool {
    let (before, now) = (ManagedFields::of(before), ManagedFields::of(now));
    now.own().is_some_and(|own| before.own().is_none_or(|old| old.time != own.time))
}

/// An object that is as it should be after a conflict: by a write of ours, or by somebody else.
fn as_wanted(ours: bool, live: Value) -> Ended {
    if ours { Ended::Configured(Box::new(live)) } else { Ended::Same(Box::new(live)) }
}

/// What somebody changed since the plan was made.
fn moved(approved: &ObjectVerdict, now: &ObjectVerdict, force: &Force) -> String {
    let known: Vec<_> = planned(approved, force).map(|f| (&f.path, &f.live)).collect();
    let new = planned(now, force).find(|field| !known.contains(&(&field.path, &field.live)));
    let what = new.map_or_else(|| "it".to_owned(), |field| field.path.to_string());
    format!("somebody changed {what} since the plan was made; run again")
}
