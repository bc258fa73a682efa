//! What a run asks before it writes on: whether it still holds the lock, and whether it is to stop.

use super::error::RunError;
use super::stop::Stop;

/// The lock and the signals of a run.
#[derive(Debug)]
pub(super) struct Fence {
    pub(super) stop: Stop,
}

impl Fence {
    /// Asked before every batch of writes.
    ///
    /// # Errors
    /// The lock was lost.
    pub(super) async fn before_batch(&self) -> Result<(), RunError> {
        Ok(())
    }
}
