//! A bound on the memory of this process, against packs that unfold.
//!
//! A pack of 200 bytes can hold a delta that unfolds to gigabytes, and libgit2 asks for the memory of the whole object at
//! once, up to 2 GiB an object and several at a time. It takes a refusal of the system as an error, so the system is told
//! to refuse.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Most bytes of data of the process once something is fetched. Our own need stays far below.
pub(crate) const MAX_DATA: u64 = 2 * 1024 * 1024 * 1024;

/// Lowers the soft limit of data (`RLIMIT_DATA`) to [`MAX_DATA`] for the rest of the run; a lower limit stays. It is never
/// raised again: another fetch may run on another thread. Where the system does not enforce it (macOS), nothing is bounded.
pub(crate) fn bound() {
    let mut limit = getrlimit(Resource::Data);
    let lowest = [limit.current, limit.maximum, Some(MAX_DATA)].into_iter().flatten().min();
    if lowest != limit.current {
        limit.current = lowest;
        // A refusal leaves things as they were.
        let _ = setrlimit(Resource::Data, limit);
    }
}
