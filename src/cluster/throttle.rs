//! How much is sent: requests in flight, requests so far, and the seed of the jitter.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::cluster::retry::Spent;

/// Why a request is sent; the report counts requests by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Version and discovery.
    Discovery,
    /// OpenAPI documents.
    OpenApi,
    /// A page of a list.
    List,
    /// A single object.
    Get,
    /// A dry run.
    DryRun,
    /// A write of a member of the set.
    Write,
    /// A read or write of what belongs to this program: the record of the set.
    Record,
    /// The same for the lock of the set. It never waits for a slot: a renewal that stood behind the requests of its own run
    /// would lose the lock.
    Lock,
}

impl Purpose {
    const COUNT: usize = Self::Lock as usize + 1;

    /// Time beyond the deadline of the run: what a run has done is recorded, and its lock freed, even if it ran out of time.
    pub(crate) fn grace(self) -> Duration {
        match self {
            Self::Record | Self::Lock => Duration::from_secs(4),
            _ => Duration::ZERO,
        }
    }
}

/// Requests by purpose, repetitions included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Version and discovery.
    pub discovery: u64,
    /// OpenAPI index and documents.
    pub openapi: u64,
    /// Pages of lists.
    pub lists: u64,
    /// Single objects.
    pub gets: u64,
    /// Dry runs.
    pub dry_runs: u64,
    /// Writes of members.
    pub writes: u64,
    /// Reads and writes of the record and the lock for the sake of writing.
    pub record: u64,
    /// How many of all these were repetitions.
    pub retries: u64,
}

impl Counts {
    /// All requests.
    pub fn all(&self) -> u64 {
        self.reads() + self.dry_runs + self.writes + self.record
    }

    /// All requests that read, but dry runs.
    pub fn reads(&self) -> u64 {
        self.discovery + self.openapi + self.lists + self.gets
    }
}

/// The one bound on requests in flight, and the counters.
#[derive(Debug)]
pub(crate) struct Throttle {
    slots: Semaphore,
    max_inflight: usize,
    /// Microseconds of the quickest answer so far.
    quickest: AtomicU64,
    sent: [AtomicU64; Purpose::COUNT],
    planned: AtomicU64,
    retries: AtomicU64,
    /// Repetitions of requests for which no connection could be made.
    connects: AtomicU64,
    reached: AtomicBool,
    /// When the first connection failed, if none was made since.
    away: Mutex<Option<Instant>>,
    jitter: AtomicU64,
}

impl Throttle {
    /// A throttle for at most `max_inflight` requests at a time (at least one). `seed` makes waits repeatable.
    pub(crate) fn new(max_inflight: usize, seed: u64) -> Self {
        let max_inflight = max_inflight.clamp(1, 1_000);
        Self {
            slots: Semaphore::new(max_inflight),
            max_inflight,
            quickest: AtomicU64::new(u64::MAX),
            sent: Default::default(),
            planned: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            connects: AtomicU64::new(0),
            reached: AtomicBool::new(false),
            away: Mutex::new(None),
            jitter: AtomicU64::new(seed),
        }
    }

    /// Counts a request that the run needs, whatever becomes of it.
    pub(crate) fn plan(&self) {
        self.planned.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a repetition.
    pub(crate) fn repeat(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that no connection could be made.
    pub(crate) fn is_away(&self) {
        self.since().get_or_insert_with(Instant::now);
    }

    /// Counts a repetition of a request for which no connection could be made.
    pub(crate) fn connect_again(&self) {
        self.connects.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the server has answered.
    pub(crate) fn reached(&self) {
        self.reached.store(true, Ordering::Relaxed);
        *self.since() = None;
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how long an answer took, from the request to its end.
    pub(crate) fn took(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.quickest.fetch_min(micros, Ordering::Relaxed);
    }

    /// The quickest answer so far: what a small request takes at best.
    pub(crate) fn quickest(&self) -> Option<Duration> {
        let micros = self.quickest.load(Ordering::Relaxed);
        (micros < u64::MAX).then(|| Duration::from_micros(micros))
    }

    /// Most requests at a time.
    pub(crate) fn max_inflight(&self) -> usize {
        self.max_inflight
    }

    /// Waits for a free slot and counts the request; the slot is free again when the permit is dropped.
    pub(crate) async fn slot(&self, purpose: Purpose) -> Option<SemaphorePermit<'_>> {
        let permit = match purpose {
            Purpose::Lock => None,
            _ => self.slots.acquire().await.ok(),
        };
        self.sent[purpose as usize].fetch_add(1, Ordering::Relaxed);
        permit
    }

    /// What the retry policy has to know.
    pub(crate) fn spent(&self) -> Spent {
        Spent {
            planned: self.planned.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            reached: self.reached.load(Ordering::Relaxed),
            away: self.since().map_or(Duration::ZERO, |since| since.elapsed()),
        }
    }

    /// The next fraction from 0 to below 1 (splitmix64, which needs no state but a counter).
    pub(crate) fn jitter(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.jitter.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The upper 53 bits fill the mantissa exactly.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Requests so far.
    pub(crate) fn counts(&self) -> Counts {
        let sent = |purpose: Purpose| self.sent[purpose as usize].load(Ordering::Relaxed);
        Counts {
            discovery: sent(Purpose::Discovery),
            openapi: sent(Purpose::OpenApi),
            lists: sent(Purpose::List),
            gets: sent(Purpose::Get),
            dry_runs: sent(Purpose::DryRun),
            writes: sent(Purpose::Write),
            record: sent(Purpose::Record) + sent(Purpose::Lock),
            retries: self.retries.load(Ordering::Relaxed) + self.connects.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lock_never_waits_for_a_slot() {
        let throttle = Throttle::new(1, 0);
        let _taken = throttle.slot(Purpose::Write).await;
        let renewal = tokio::time::timeout(Duration::from_millis(100), throttle.slot(Purpose::Lock)).await;
        assert!(renewal.is_ok());
        let record = tokio::time::timeout(Duration::from_millis(100), throttle.slot(Purpose::Record)).await;
        assert!(record.is_err(), "the bound holds for everything else");
        let counts = throttle.counts();
        assert_eq!((counts.writes, counts.record, counts.reads(), counts.dry_runs), (1, 1, 0, 0));
    }

    #[test]
    fn jitter_is_a_repeatable_fraction() {
        let series = |seed| {
            let throttle = Throttle::new(1, seed);
            (0..1_000).map(|_| throttle.jitter()).collect::<Vec<_>>()
        };
        assert_eq!(series(7), series(7));
        assert_ne!(series(7), series(8));
        let values = series(7);
        assert!(values.iter().all(|value| (0.0..1.0).contains(value)));
        let mean = values.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
