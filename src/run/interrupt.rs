//! SIGINT and SIGTERM: reading commands stop at once, and the code says by which.

use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Code;

/// Waits for a signal that ends the run; waits for ever where signals cannot be caught.
pub(super) async fn interrupted() -> Code {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Code::Interrupted,
        _ = terminate.recv() => Code::Terminated,
    }
}
