//! What a run asks before it writes on: whether it still holds the lock, and whether it is to stop.

use tokio::sync::RwLock;

use super::error::RunError;
use super::lock::held::Held;
use super::lock::{LockError, LockOptions, acquire};
use super::stop::Stop;
use crate::cluster::Server;
use crate::cluster::owned::{OwnedError, OwnedKind};
use crate::live::{Pin, Right};
use crate::object::value::text_at;
use crate::progress::Progress;
use crate::record::SetIdentity;

/// The lock and the signals of a run.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) stop: Stop,
    held: RwLock<Option<Held>>,
}

/// What came of asking for the lock.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// This run holds it.
    Yes,
    /// Its namespace does not exist yet.
    NoNamespace,
    /// This account may not take it.
    Forbidden(Right),
}

impl Fence {
    /// No lock yet.
    pub(super) fn new(stop: Stop) -> Self {
        Self { stop, held: RwLock::new(None) }
    }

    /// Takes the lock of a set.
    ///
    /// # Errors
    /// Another run holds it, or it cannot be used.
    pub(super) async fn take(
        &self,
        server: &Server,
        set: &SetIdentity,
        options: &LockOptions,
        progress: &Progress,
    ) -> Result<Taken, RunError> {
        match acquire(server, set, options, progress, self.stop.wanted()).await {
            Ok(held) => {
                *self.held.write().await = Some(held);
                Ok(Taken::Yes)
            }
            Err(LockError::Unusable { error: OwnedError::NoNamespace(_), .. }) => Ok(Taken::NoNamespace),
            Err(LockError::Unusable { error: OwnedError::Forbidden { right, .. }, .. }) => {
                Ok(Taken::Forbidden(right))
            }
            Err(LockError::Stopped) => Err(RunError::stopped(self.stop.code())),
            Err(error) => {
                Err(RunError::Stopped { problem: error.to_string(), hint: error.hint(), code: error.exit() })
            }
        }
    }

    /// True if this run has the lock, as far as it knows.
    pub(super) async fn is_held(&self) -> bool {
        self.held.read().await.is_some()
    }

    /// Asked before every batch of writes.
    ///
    /// # Errors
    /// The lock was lost.
    pub(super) async fn before_batch(&self) -> Result<(), RunError> {
        match &*self.held.read().await {
            None => Ok(()),
            Some(held) => held.before_batch().await.map_err(|lost| RunError::Stopped {
                problem: lost.to_string(),
                hint: lost.hint(),
                code: lost.exit(),
            }),
        }
    }

    /// Gives the lock back, with the time of the check; a lock that was lost is not given back.
    pub(super) async fn release(&self, checked: bool) {
        if let Some(held) = self.held.write().await.take() {
            // A lock that cannot be given back expires by itself.
            let _ = held.release(checked.then(crate::settings::moment)).await;
        }
    }
}

/// Deletes the Lease of a set that is gone, if no other run has taken it meanwhile. One that stays harms nobody.
pub(super) async fn remove(server: &Server, set: &SetIdentity) {
    let (namespace, name) = (&set.record_namespace, set.parent_name());
    let Ok(Some(lease)) = server.read_owned(OwnedKind::Lease, namespace, &name).await else { return };
    let holder = text_at(&lease, &["spec", "holderIdentity"]).unwrap_or_default();
    if holder.is_empty() {
        let _ = server.delete_owned(OwnedKind::Lease, namespace, &name, &Pin::of(&lease)).await;
    }
}
