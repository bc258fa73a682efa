//! Signals to a run that writes: the first lets it finish what is in flight, the second ends it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use super::interrupt::interrupted;
use crate::exit::Code;

/// Whether the run is to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    wanted: Arc<AtomicU8>,
    notify: Arc<Notify>,
}

impl Stop {
    /// True once a signal came.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire) != 0
    }

    /// The code of the signal that came.
    pub(super) fn code(&self) -> Option<Code> {
        match self.wanted.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Code::Interrupted),
            _ => Some(Code::Terminated),
        }
    }

    /// Waits for the first signal and notes it, then for the second; its code is that of the process.
    pub(super) async fn listen(&self) -> Code {
        let first = interrupted().await;
        self.wanted.store(if first == Code::Terminated { 2 } else { 1 }, Ordering::Release);
        self.notify.notify_waiters();
        interrupted().await
    }

    /// Waits for the first signal.
    pub(super) async fn wanted(&self) {
        self.unless(std::future::pending::<()>()).await;
    }

    /// Does something that may be dropped; `None` if a signal came first.
    pub(super) async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let stopped = self.notify.notified();
        if self.is_wanted() {
            return None;
        }
        tokio::select! {
            done = work => Some(done),
            () = stopped => None,
        }
    }
}
