//! Performs the steps of a plan, wave by wave: what was shown is what is written, or the object fails.

mod changing;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use crate::cluster::Server;
use crate::compare::sending::{creation, refused};
use crate::compare::survey::Open;
use crate::compare::verdict::ObjectVerdict;
use crate::desired::Entry;
use crate::live::{DryRun, Presence, Write, Written};
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::plan::prune::Deletion;
use crate::plan::{Action, Policy, Replace, Step};
use crate::reader::Live;
use crate::run::compared::Scene;
use crate::run::error::RunError;
use crate::run::saved::Exact;
use crate::run::stop::Stop;

/// How often an object that somebody else keeps writing is read again.
const ROUNDS: usize = 4;
/// How long an object that is replaced may take to go.
const GOING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(300);
/// Writes that are begun between two looks at the lock.
const BATCH: usize = 20;

/// How one step ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// It was created.
    Created(Box<Value>),
    /// It was changed.
    Configured(Box<Value>),
    /// It was deleted and made anew.
    Replaced(Box<Value>),
    /// Somebody else had done it meanwhile.
    Same(Box<Value>),
    /// It was changed, and these fields stay although they should be gone, for this reason.
    Partly(Box<Value>, Vec<FieldPath>, String),
    /// It is gone.
    Deleted,
    /// It is being deleted: something holds it.
    Deleting,
    /// It failed, for this reason.
    Failed(String),
    /// It was not begun.
    NotStarted,
}

/// An object that was read once more.
enum Again {
    /// It is there, and this is said about it now.
    Changed(Box<(Open, ObjectVerdict)>),
    /// It is gone.
    Gone,
}

/// What steps are performed with.
pub(super) struct Execution<'a> {
    pub(super) reader: &'a Live,
    pub(super) server: &'a Server,
    pub(super) policy: &'a Policy,
    /// Most writes in flight.
    pub(super) inflight: usize,
    pub(super) stop: &'a Stop,
    /// What steps are held to, if they are those of a saved plan.
    pub(super) exact: Option<&'a Exact>,
    /// What was found instead of what the plan was made for.
    pub(super) reread: &'a Reread,
}

/// Objects that were read once more before they were written, as they were then.
pub(super) type Reread = RefCell<BTreeMap<ObjectId, Value>>;

impl Execution<'_> {
    /// Performs steps that may go at the same time. `fence` is asked before every batch; an error of it ends the run when
    /// what is in flight has ended.
    pub(super) async fn wave(
        &self,
        scene: &Scene,
        steps: &[&Step],
        fence: impl AsyncFn() -> Result<(), RunError>,
        done: impl Fn(),
    ) -> (Vec<(ObjectId, Ended)>, Option<RunError>) {
        let mut results = Vec::with_capacity(steps.len());
        let mut running = FuturesUnordered::new();
        let (mut next, mut lost) = (steps.iter(), None);
        let mut begun = 0;
        loop {
            while running.len() < self.inflight && lost.is_none() && self.goes_on() {
                let Some(step) = next.next() else { break };
                if begun % BATCH == 0
                    && let Err(error) = fence().await
                {
                    lost = Some(error);
                    results.push((step.id.clone(), Ended::NotStarted));
                    break;
                }
                begun += 1;
                running.push(async { (step.id.clone(), self.step(scene, step).await) });
            }
            match running.next().await {
                Some(ended) => {
                    done();
                    results.push(ended);
                }
                None => break,
            }
        }
        results.extend(next.map(|step| (step.id.clone(), Ended::NotStarted)));
        results.sort_by(|a, b| a.0.cmp(&b.0));
        (results, lost)
    }

    fn goes_on(&self) -> bool {
        !self.stop.is_wanted() && !self.exact.is_some_and(Exact::is_stale)
    }

    /// A step that somebody got in the way of.
    fn crossed(&self, what: &str) -> Ended {
        match self.exact {
            Some(exact) => exact.stale(what),
            None => Ended::Failed(format!("{what} since it was read; run again")),
        }
    }

    async fn step(&self, scene: &Scene, step: &Step) -> Ended {
        match &step.action {
            Action::Create(apply) => self.create(apply).await,
            Action::Update(update) => self.update(scene, update).await,
            Action::Replace(replace) => self.replace(replace).await,
            Action::Revert(revert) => self.revert(scene, revert).await,
            Action::Delete(deletion) => self.delete(deletion).await,
            Action::Later => Ended::NotStarted,
            Action::Refused(refused) => Ended::Failed(refused.words(&step.gvk)),
        }
    }

    async fn create(&self, apply: &DryRun) -> Ended {
        match self.server.write(&Write::Apply(apply.clone())).await {
            Written::Stored(object) => Ended::Created(Box::new(object)),
            Written::Conflict => self.crossed("somebody created it"),
            other => failed(&apply.id, other),
        }
    }

    /// Deletes an object, waits until it is gone, and makes it anew.
    async fn replace(&self, replace: &Replace) -> Ended {
        match self.delete(&replace.old).await {
            Ended::Deleted => {}
            Ended::Deleting => {
                if let Err(reason) = self.until_gone(&replace.old).await {
                    return Ended::Failed(reason);
                }
            }
            other => return other,
        }
        match self.create(&replace.new).await {
            Ended::Created(object) => Ended::Replaced(object),
            Ended::Failed(reason) => {
                Ended::Failed(format!("it was deleted, and could not be made anew: {reason}"))
            }
            other => other,
        }
    }

    async fn until_gone(&self, old: &Deletion) -> Result<(), String> {
        let end = tokio::time::Instant::now() + GOING;
        loop {
            match self.reader.reread(&old.id, &old.resource).await {
                Ok(Presence::Absent) => return Ok(()),
                Ok(Presence::Found(_)) if tokio::time::Instant::now() < end && !self.stop.is_wanted() => {
                    tokio::time::sleep(LOOK).await;
                }
                Ok(Presence::Found(_)) => {
                    return Err("it is being deleted and not gone yet; run again when it is".to_owned());
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    async fn delete(&self, deletion: &Deletion) -> Ended {
        let Deletion { id, resource, pin, .. } = deletion;
        let delete = Write::Delete { id: id.clone(), resource: resource.clone(), pin: pin.clone() };
        match self.server.write(&delete).await {
            Written::Gone => Ended::Deleted,
            Written::Deleting => Ended::Deleting,
            Written::Conflict if self.exact.is_some() => self.crossed("somebody changed it"),
            Written::Conflict => {
                Ended::Failed("somebody changed it since it was read, so it stays; run again".to_owned())
            }
            other => failed(id, other),
        }
    }

    async fn recreate(&self, scene: &Scene, id: &ObjectId) -> Ended {
        match scene.desired.entries.get(id) {
            Some(Entry::Ready(ready)) => self.create(&creation(id, ready, &self.policy.set)).await,
            _ => Ended::Failed("it is not part of the render".to_owned()),
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
