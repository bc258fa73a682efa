//! Waiting until what was written is ready: one list a type that still has something unready, at growing intervals, until
//! all is decided or the time is over.
//!
//! A read that fails is repeated with the next round and never taken for anything. What failed is told at once. For what is
//! not ready in the end the cluster is asked why.

mod explain;
mod seen;
mod tell;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use crate::live::{FetchError, LiveSet, Resource, Wanted};
use crate::object::id::{Gvk, ObjectId};
use crate::progress::Progress;
use crate::reader::Live;
use crate::ready::is_ready_by_existing;
use explain::Budget;
use seen::{Seen, Step, step};
use tell::Teller;

/// The first pause between two rounds.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Left at the end of the time for finding out why something is not ready.
const FOR_REASONS: Duration = Duration::from_secs(5);
/// Left for the last round.
const FOR_LAST_ROUND: Duration = Duration::from_millis(500);

/// An object that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// Which one.
    pub id: ObjectId,
    /// Its type, at the version to read.
    pub resource: Resource,
    /// `metadata.uid` after the write.
    pub uid: String,
    /// `metadata.generation` after the write; 0 where there is none.
    pub generation: i64,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// Which one.
    pub id: ObjectId,
    /// What became of it.
    pub outcome: WaitOutcome,
}

/// How waiting for an object ended. The reasons are one line each, short, and safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitOutcome {
    /// It is ready.
    Ready,
    /// It will not become ready without a change.
    Failed(String),
    /// It was still on its way when the time was over.
    TimedOut(String),
    /// It is no longer there.
    Gone,
    /// It was deleted and created anew by somebody else.
    Replaced,
    /// It could not be read in the end.
    Unknown(FetchError),
}

/// Waits for objects, at most for `timeout`; in the order of `awaited`.
///
/// Objects of kinds that are ready by existing are not asked for. It comes back before `timeout` is over as soon as nothing
/// is on its way any more.
pub async fn wait(reader: &Live, awaited: &[Awaited], timeout: Duration, progress: &Progress) -> Vec<Waited> {
    let mut waiting = Waiting::new(awaited);
    let end = Instant::now() + timeout;
    let last_round = end - FOR_REASONS.min(timeout / 4);
    let mut teller = Teller::new(progress, waiting.open().count());
    let (mut pause, started) = (FIRST_PAUSE, Instant::now());
    while waiting.open().next().is_some() {
        let round = waiting.round(reader, started.elapsed());
        // A round that is cut off leaves what was seen before.
        let Ok(decided) = timeout_at(last_round, round).await else { break };
        // Asking why something failed keeps neither it from being told nor the others from being looked at.
        let asking = waiting.explain(reader, &decided);
        let _ = timeout_at(last_round.min(Instant::now() + FOR_REASONS), asking).await;
        teller.round(&waiting, &decided);
        let left = last_round.saturating_duration_since(Instant::now());
        if waiting.open().next().is_none() || left <= FOR_LAST_ROUND {
            break;
        }
        sleep(pause.min(left - FOR_LAST_ROUND)).await;
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
    }
    let late = waiting.give_up();
    let _ = timeout_at(end, waiting.explain(reader, &late)).await;
    teller.end(&waiting, &late);
    waiting.finish()
}

/// What is known of all objects.
struct Waiting<'a> {
    awaited: &'a [Awaited],
    /// What was seen last, in the order of `awaited`.
    seen: Vec<Seen>,
    /// How waiting ended, where it has.
    outcomes: Vec<Option<WaitOutcome>>,
    budget: Budget,
}

impl<'a> Waiting<'a> {
    fn new(awaited: &'a [Awaited]) -> Self {
        let by_existing =
            |awaited: &Awaited| is_ready_by_existing(&awaited.resource.gvk).then_some(WaitOutcome::Ready);
        Self {
            awaited,
            seen: awaited.iter().map(|_| Seen::default()).collect(),
            outcomes: awaited.iter().map(by_existing).collect(),
            budget: Budget::default(),
        }
    }

    /// Places of the objects that are not decided.
    fn open(&self) -> impl Iterator<Item = usize> {
        self.outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(at, _)| at)
    }

    /// Reads what is not decided; the places of what is decided by it.
    async fn round(&mut self, reader: &Live, waited: Duration) -> Vec<usize> {
        let live = reader.read(&self.wanted()).await;
        self.take(live, waited)
    }

    /// One entry a type, with the objects that are still open.
    fn wanted(&self) -> Vec<Wanted> {
        let mut types: BTreeMap<&Gvk, Wanted> = BTreeMap::new();
        for awaited in self.open().map(|at| &self.awaited[at]) {
            let fresh = || Wanted { resource: awaited.resource.clone(), objects: Default::default() };
            let wanted = types.entry(&awaited.resource.gvk).or_insert_with(fresh);
            wanted.objects.insert((awaited.id.namespace.clone(), awaited.id.name.clone()));
        }
        types.into_values().collect()
    }

    fn take(&mut self, mut live: LiveSet, waited: Duration) -> Vec<usize> {
        let mut decided = Vec::new();
        for at in self.open().collect::<Vec<_>>() {
            let awaited = &self.awaited[at];
            let Some(presence) = live.remove(&awaited.id) else { continue };
            match step(awaited, presence, waited) {
                Step::Seen(seen) => self.seen[at] = seen,
                Step::Decided(outcome, seen) => {
                    self.seen[at] = seen;
                    self.outcomes[at] = Some(outcome);
                    decided.push(at);
                }
            }
        }
        decided
    }

    /// The time is over for what is still open; its places.
    fn give_up(&mut self) -> Vec<usize> {
        let late: Vec<usize> = self.open().collect();
        for at in &late {
            self.outcomes[*at] = Some(self.seen[*at].too_late());
        }
        late
    }

    /// Asks the cluster why some objects are not ready, as far as that is still affordable.
    async fn explain(&mut self, reader: &Live, places: &[usize]) {
        let unready = |at: &&usize| {
            matches!(self.outcomes[**at], Some(WaitOutcome::Failed(_) | WaitOutcome::TimedOut(_)))
        };
        let places: Vec<usize> = places.iter().filter(unready).copied().collect();
        let places = self.budget.take(places);
        let objects: Vec<_> = places.iter().map(|at| (&self.awaited[*at], self.seen[*at].live())).collect();
        let reasons = explain::reasons(reader, &objects).await;
        for (at, reason) in places.into_iter().zip(reasons) {
            if let Some(WaitOutcome::Failed(text) | WaitOutcome::TimedOut(text)) = &mut self.outcomes[at] {
                *text = reason.after(text);
            }
        }
    }

    fn finish(self) -> Vec<Waited> {
        let outcomes = self.awaited.iter().zip(self.outcomes);
        let unseen = WaitOutcome::Unknown(FetchError::Deadline);
        outcomes
            .map(|(awaited, outcome)| Waited {
                id: awaited.id.clone(),
                outcome: outcome.unwrap_or_else(|| unseen.clone()),
            })
            .collect()
    }
}
