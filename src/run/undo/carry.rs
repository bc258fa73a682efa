//! Performs the steps of an undo. What is written is judged again whenever it turns out to be another object than was read.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::Value;

use crate::cluster::Server;
use crate::compare::sending::refused;
use crate::live::{Pin, Presence, Resource, Write, Written};
use crate::object::id::ObjectId;
use crate::plan::prune::Deletion;
use crate::plan::undo::{Action, Rules, Step, deletion, is_made, judge, owners, typed};
use crate::reader::Live;
use crate::record::undo::Entry;
use crate::run::error::RunError;
use crate::run::execute::Ended;
use crate::run::fence::Fence;

/// Patches and rereads of one object at most.
const ROUNDS: usize = 10;
/// How long an object that is replaced may take to go.
const GOING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(300);
/// Writes between two looks at the lock.
const BATCH: usize = 20;

/// What steps are performed with.
pub(super) struct Carrying<'a> {
    pub(super) reader: &'a Live,
    pub(super) server: &'a Server,
    pub(super) rules: &'a Rules,
    pub(super) inflight: usize,
    pub(super) fence: &'a Fence,
}

/// A step with what it is made from.
pub(super) struct Work<'a> {
    pub(super) step: &'a Step,
    pub(super) entry: &'a Entry,
    pub(super) resource: &'a Resource,
}

impl Carrying<'_> {
    /// Performs steps that may go at the same time.
    pub(super) async fn steps(&self, work: &[Work<'_>]) -> (Vec<(ObjectId, Ended)>, Option<RunError>) {
        let mut results = Vec::with_capacity(work.len());
        for batch in work.chunks(BATCH) {
            if let Err(error) = self.fence.before_batch().await {
                return (results, Some(error));
            }
            if self.fence.stop.is_wanted() {
                return (results, None);
            }
            let running = batch.iter().map(|work| async { (work.step.id.clone(), self.step(work).await) });
            results.extend(
                futures_util::stream::iter(running).buffer_unordered(self.inflight).collect::<Vec<_>>().await,
            );
        }
        results.sort_by(|a, b| a.0.cmp(&b.0));
        (results, None)
    }

    /// Deletes what the run made, as far as it is still what was read.
    pub(super) async fn deletions(&self, all: &[&Deletion]) -> (Vec<(ObjectId, Ended)>, Option<RunError>) {
        let mut results = Vec::with_capacity(all.len());
        for batch in all.chunks(BATCH) {
            if let Err(error) = self.fence.before_batch().await {
                return (results, Some(error));
            }
            if self.fence.stop.is_wanted() {
                return (results, None);
            }
            let running = batch.iter().map(|going| async { (going.id.clone(), self.delete(going).await) });
            results.extend(
                futures_util::stream::iter(running).buffer_unordered(self.inflight).collect::<Vec<_>>().await,
            );
        }
        results.sort_by(|a, b| a.0.cmp(&b.0));
        (results, None)
    }

    async fn step(&self, work: &Work<'_>) -> Ended {
        match &work.step.action {
            Action::PutBack(_) => self.put_back(work).await,
            Action::Create(object) => self.create(work, object, Ended::Created).await,
            Action::Replace(replace) => self.replace(work, &replace.0, &replace.1).await,
            Action::Refused(reason) => Ended::Failed(reason.clone()),
            Action::Delete(_) | Action::Nothing => Ended::NotStarted,
        }
    }

    /// Content first, then owners; whoever writes in between is looked at again.
    async fn put_back(&self, work: &Work<'_>) -> Ended {
        let Work { step, entry, resource } = work;
        let Some(mut live) = step.live.clone() else { return Ended::NotStarted };
        let mut wrote = false;
        for _ in 0..ROUNDS {
            let patch = match judge(entry, Some(&live), self.rules) {
                Action::Nothing if wrote => return Ended::Configured(Box::new(live)),
                Action::Nothing => return Ended::Same(Box::new(live)),
                Action::PutBack(put_back) => put_back.content.or(put_back.owners),
                Action::Refused(reason) if wrote => {
                    return Ended::Failed(format!("it was put back, and then: {reason}"));
                }
                Action::Refused(reason) => return Ended::Failed(reason),
                _ => None,
            };
            let Some(operations) = patch else {
                return Ended::Failed("it became another object since it was read; run again".to_owned());
            };
            let patch = Write::Patch { id: step.id.clone(), resource: (*resource).clone(), operations };
            live = match self.server.write(&patch).await {
                Written::Stored(object) => {
                    wrote = true;
                    object
                }
                Written::Conflict => match self.read(&step.id, resource).await {
                    Ok(Some(found)) => found,
                    Ok(None) => return Ended::Failed("somebody deleted it since it was read".to_owned()),
                    Err(reason) => return Ended::Failed(reason),
                },
                other => return failed(&step.id, other),
            };
        }
        Ended::Failed("somebody else keeps writing it: it changed each time it was read".to_owned())
    }

    async fn create(&self, work: &Work<'_>, object: &Value, ended: fn(Box<Value>) -> Ended) -> Ended {
        let Work { step, entry, resource } = work;
        let creation =
            Write::Create { id: step.id.clone(), resource: (*resource).clone(), object: object.clone() };
        let mut live = match self.server.write(&creation).await {
            Written::Stored(stored) => stored,
            // Somebody made it, or the answer to a first attempt was lost.
            Written::Conflict => match self.read(&step.id, resource).await {
                Ok(Some(found)) if is_made(object, &found) => found,
                Ok(_) => return Ended::Failed("somebody made it since it was read; run again".to_owned()),
                Err(reason) => return Ended::Failed(reason),
            },
            other => return failed(&step.id, other),
        };
        let Some(before) = entry.before.object() else { return ended(Box::new(live)) };
        for _ in 0..ROUNDS {
            let Some(operations) = owners(before, &live) else { return ended(Box::new(live)) };
            let patch = Write::Patch { id: step.id.clone(), resource: (*resource).clone(), operations };
            live = match self.server.write(&patch).await {
                Written::Stored(object) => object,
                Written::Conflict => match self.read(&step.id, resource).await {
                    Ok(Some(found)) => found,
                    Ok(None) => return Ended::Failed("it was made, and is gone again".to_owned()),
                    Err(reason) => return Ended::Failed(format!("it was made without its owners: {reason}")),
                },
                other => match failed(&step.id, other) {
                    Ended::Failed(reason) => {
                        return Ended::Failed(format!("it was made without its owners: {reason}"));
                    }
                    other => return other,
                },
            };
        }
        Ended::Failed("it was made without its owners: somebody else keeps writing it".to_owned())
    }

    async fn replace(&self, work: &Work<'_>, pin: &Pin, object: &Value) -> Ended {
        let Work { step, resource, .. } = work;
        match self.delete(&deletion(&step.id, resource, pin)).await {
            Ended::Deleted => {}
            Ended::Deleting => {
                if let Err(reason) = self.until_gone(&step.id, resource).await {
                    return Ended::Failed(reason);
                }
            }
            other => return other,
        }
        match self.create(work, object, Ended::Replaced).await {
            Ended::Failed(reason) => Ended::Failed(format!("it was deleted, and then: {reason}")),
            other => other,
        }
    }

    async fn until_gone(&self, id: &ObjectId, resource: &Resource) -> Result<(), String> {
        let end = tokio::time::Instant::now() + GOING;
        loop {
            match self.read(id, resource).await? {
                None => return Ok(()),
                Some(_) if tokio::time::Instant::now() < end && !self.fence.stop.is_wanted() => {
                    tokio::time::sleep(LOOK).await;
                }
                Some(_) => {
                    return Err("it is being deleted and not gone yet; run again when it is".to_owned());
                }
            }
        }
    }

    async fn delete(&self, going: &Deletion) -> Ended {
        let Deletion { id, resource, pin, .. } = going;
        let delete = Write::Delete { id: id.clone(), resource: resource.clone(), pin: pin.clone() };
        match self.server.write(&delete).await {
            Written::Gone => Ended::Deleted,
            Written::Deleting => Ended::Deleting,
            Written::Conflict => {
                Ended::Failed("somebody changed it since it was read, so it stays; run again".to_owned())
            }
            other => failed(id, other),
        }
    }

    async fn read(&self, id: &ObjectId, resource: &Resource) -> Result<Option<Value>, String> {
        match self.reader.reread(id, resource).await {
            Ok(Presence::Absent) => Ok(None),
            Ok(Presence::Found(observed)) => serde_json::from_slice(&observed.json)
                .map(|object| Some(typed(object, &resource.gvk)))
                .map_err(|error| format!("the live object cannot be decoded: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }
}

fn failed(id: &ObjectId, written: Written) -> Ended {
    match written {
        Written::Refused(refusal) => Ended::Failed(refused(id, &refusal)),
        Written::Unavailable(error) => Ended::Failed(error.to_string()),
        Written::Stored(object) => Ended::Configured(Box::new(object)),
        Written::Gone => Ended::Deleted,
        Written::Deleting => Ended::Deleting,
        Written::Conflict => Ended::Failed("somebody changed it since it was read; run again".to_owned()),
    }
}
