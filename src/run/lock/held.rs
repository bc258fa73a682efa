//! A lock that this run holds: renewed in the background, looked at before every batch of writes, given back at the end.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::host::Host;
use super::{holder, now};
use crate::cluster::owned::{Owned, OwnedError, OwnedKind};
use crate::exit::Code;
use crate::lock::fence;
use crate::lock::lease::{self, Lease};
use crate::record::SetIdentity;

/// Time to give a lock back; after it the run ends, and the lock expires.
const RELEASE_TIME: Duration = Duration::from_secs(10);

/// The lock is not held any more, or nobody can tell: nothing more may be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the lock of the set {set} was lost: {reason}")]
pub struct Lost {
    /// Name of the set.
    pub set: String,
    /// What happened.
    pub reason: String,
}

impl Lost {
    /// The exit code.
    pub fn exit(&self) -> Code {
        Code::Locked
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("nothing more was written; run again, and the rest is done".to_owned())
    }
}

/// A lock that is held. Dropped without [`Self::release`], it is left to expire.
#[derive(Debug)]
pub struct Held {
    shared: Arc<Shared>,
    renewal: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    owned: Owned,
    set: SetIdentity,
    host: Host,
    duration: Duration,
    /// The Lease as it is stored; who holds this may write it.
    stored: tokio::sync::Mutex<Value>,
    /// When the last renewal that worked was sent.
    renewed: Mutex<Duration>,
    lost: OnceLock<Lost>,
}

impl Held {
    /// Begins to renew a Lease that was taken by a request sent at `renewed`.
    pub(super) fn new(
        owned: Owned,
        set: SetIdentity,
        host: Host,
        duration: Duration,
        stored: Value,
        renewed: Duration,
    ) -> Self {
        let shared = Arc::new(Shared {
            owned,
            set,
            host,
            duration,
            stored: tokio::sync::Mutex::new(stored),
            renewed: Mutex::new(renewed),
            lost: OnceLock::new(),
        });
        let renewal = tokio::spawn(keep_renewing(Arc::clone(&shared)));
        Self { shared, renewal }
    }

    /// To be called before every batch of at most 20 writes. Sends nothing while the last renewal is younger than half the
    /// duration, else renews first.
    ///
    /// # Errors
    /// The lock is lost, or could not be renewed: no write may follow.
    pub async fn before_batch(&self) -> Result<(), Lost> {
        self.shared.check()?;
        if self.shared.holds() {
            return Ok(());
        }
        let mut failed = String::new();
        for _ in 0..2 {
            match self.shared.renew(true).await {
                Ok(()) if self.shared.holds() => return Ok(()),
                Ok(()) => "the renewal took too long".clone_into(&mut failed),
                Err(reason) => failed = reason,
            }
            self.shared.check()?;
        }
        Err(self.shared.lose(failed))
    }

    /// True once it is known that another run has it, or that it cannot be renewed.
    pub fn is_lost(&self) -> bool {
        self.shared.lost.get().is_some()
    }

    /// Gives the lock back, so that a next run gets it at once. `checked_at` is left in the Lease by a run that had nothing to
    /// write.
    ///
    /// # Errors
    /// Another run has it, or the server could not be told; then it expires by itself.
    pub async fn release(self, checked_at: Option<jiff::Timestamp>) -> Result<(), Lost> {
        let late = || self.shared.lost("it could not be given back in time".to_owned());
        timeout(RELEASE_TIME, self.free(checked_at)).await.unwrap_or_else(|_| Err(late()))
    }

    async fn free(&self, checked_at: Option<jiff::Timestamp>) -> Result<(), Lost> {
        // A renewal that is under way comes to its end first: cut off, it could come after the release.
        let mut stored = self.shared.stored.lock().await;
        self.renewal.abort();
        self.shared.check()?;
        let mut reason = String::new();
        for _ in 0..3 {
            match self.shared.put(&lease::freed(&stored, checked_at), RELEASE_TIME / 4).await {
                Ok(_) => return Ok(()),
                Err(error) => reason = format!("it could not be given back: {error}"),
            }
            match self.shared.get().await {
                Ok(Some(object)) if lease::is_held_by(&object, &self.shared.host.holder) => *stored = object,
                // The answer alone was lost.
                Ok(Some(object)) if matches!(Lease::read(&object), Ok(Lease { holder: None, .. })) => {
                    return Ok(());
                }
                Ok(there) => return Err(self.shared.overtaken(there.as_ref())),
                Err(error) => reason = format!("it could not be given back: {error}"),
            }
        }
        Err(self.shared.lost(reason))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// Renews every quarter of the duration until the lock is lost. A renewal that fails is tried again soon.
async fn keep_renewing(shared: Arc<Shared>) {
    let mut wait = fence::renewal(shared.duration);
    while shared.lost.get().is_none() {
        sleep(wait).await;
        wait = match shared.renew(false).await {
            Ok(()) => fence::renewal(shared.duration),
            Err(reason) => {
                tracing::debug!(reason, "the lock was not renewed");
                shared.duration / 16
            }
        };
    }
}

impl Shared {
    /// True while the last renewal is young enough.
    fn holds(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        fence::holds(self.host.clock.now().saturating_sub(renewed), self.duration)
    }

    fn check(&self) -> Result<(), Lost> {
        self.lost.get().map_or(Ok(()), |lost| Err(lost.clone()))
    }

    fn lost(&self, reason: String) -> Lost {
        Lost { set: self.set.name.clone(), reason }
    }

    /// Notes that the lock is lost; the first reason stays.
    fn lose(&self, reason: String) -> Lost {
        self.lost.get_or_init(|| self.lost(reason)).clone()
    }

    /// Renews the Lease; `if_old` leaves out what somebody else has renewed meanwhile.
    ///
    /// # Errors
    /// Why it was not renewed. That another run has it is noted as well.
    async fn renew(&self, if_old: bool) -> Result<(), String> {
        let mut stored = self.stored.lock().await;
        self.check().map_err(|lost| lost.reason)?;
        if if_old && self.holds() {
            return Ok(());
        }
        for _ in 0..2 {
            let sent = self.host.clock.now();
            match self.put(&lease::renewed(&stored, now()), fence::patience(self.duration)).await {
                Ok(answer) => {
                    *stored = answer;
                    *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = sent;
                    return Ok(());
                }
                Err(OwnedError::Conflict | OwnedError::Missing) => {}
                Err(error) => return Err(error.to_string()),
            }
            // Also after a renewal of ours that was cut off and stored all the same.
            match self.get().await {
                Ok(Some(object)) if lease::is_held_by(&object, &self.host.holder) => *stored = object,
                Ok(there) => return Err(self.overtaken(there.as_ref()).reason),
                Err(error) => return Err(format!("its Lease was changed and cannot be read: {error}")),
            }
        }
        Err("its Lease is changed by others again and again".to_owned())
    }

    /// Notes who has the Lease that was this run's.
    fn overtaken(&self, there: Option<&Value>) -> Lost {
        self.lose(match there.map(Lease::read) {
            None => "somebody has deleted its Lease".to_owned(),
            Some(Ok(Lease { holder: None, .. })) => "somebody has freed its Lease".to_owned(),
            Some(Ok(seen)) => format!("{} has taken it", holder(seen.holder.as_ref())),
            Some(Err(_)) => "its Lease was changed by another program".to_owned(),
        })
    }

    async fn put(&self, object: &Value, patience: Duration) -> Result<Value, OwnedError> {
        let answer = self.owned.update(OwnedKind::Lease, &self.set.record_namespace, object);
        timeout(patience, answer).await.unwrap_or_else(|_| Err(no_answer(patience)))
    }

    async fn get(&self) -> Result<Option<Value>, OwnedError> {
        let (patience, name) = (fence::patience(self.duration), self.set.lease_name());
        let answer = self.owned.read(OwnedKind::Lease, &self.set.record_namespace, &name);
        timeout(patience, answer).await.unwrap_or_else(|_| Err(no_answer(patience)))
    }
}

fn no_answer(patience: Duration) -> OwnedError {
    OwnedError::Failed(format!("no answer within {:.1} s", patience.as_secs_f64()))
}
