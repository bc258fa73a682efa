//! How to read the objects that are wanted of one type at the least cost. Pure: all times were measured in this run.
//!
//! The first page of a list is about as large as what is wanted, so it costs a server without foreign objects nothing, and
//! one with many of them no more than about what the objects themselves do. Then there are three ways: the pages that are
//! left, the namespaces that are left, or each object by its name.

use std::time::Duration;

/// Fewest objects in a page.
pub(crate) const SMALL_PAGE: usize = 500;
/// Most objects in a page: what a server reads from etcd at a time stays bounded.
const LARGE_PAGE: usize = 5_000;
/// Objects that a list of their namespace has to be for, on average, to be chosen over as many requests for one object.
const WORTH_A_LIST: usize = 4;

/// Objects of a list that cost a server as much as one request for one object. Measured: a GET takes 1.5 ms of a server that
/// lists an object in 20 to 40 µs; the quickest request of a run says nothing of many at once.
const SINGLE_COSTS: u64 = 40;

/// What the first page told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Objects that were listed so far, wanted or not.
    pub(crate) listed: usize,
    /// How long that took.
    pub(crate) time: Duration,
    /// How many are left by the server's count; `None` if it does not say.
    pub(crate) left: Option<u64>,
    /// Wanted objects that were not among them.
    pub(crate) missing: usize,
    /// Namespaces of those; 1 if the list is of one namespace or of a type without.
    pub(crate) namespaces: usize,
}

/// What one request for one object takes, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Single {
    /// Time from request to answer.
    pub(crate) time: Duration,
    /// How many are on their way at a time.
    pub(crate) inflight: usize,
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Read the pages that are left.
    Pages,
    /// List each namespace in which something is missing.
    Namespaces,
    /// Ask for each missing object.
    Singly,
}

/// Objects to ask for in the first page of a list in which `wanted` are sought.
pub(crate) fn first_page(wanted: usize) -> usize {
    wanted.saturating_mul(2).clamp(SMALL_PAGE, LARGE_PAGE)
}

/// Objects to ask for in all further pages: they are all to be read.
pub(crate) fn further_page(first: usize) -> usize {
    if first <= SMALL_PAGE { SMALL_PAGE } else { LARGE_PAGE }
}

/// Chooses how to go on after a page.
pub(crate) fn choose(progress: Progress, single: Single) -> Way {
    let Some(left) = progress.left else { return Way::Pages };
    let seconds = |time: Duration| time.as_secs_f64();
    let pages = left as f64 / progress.listed.max(1) as f64 * seconds(progress.time);
    let requests = |number: usize| {
        let rounds = number as f64 / single.inflight.max(1) as f64;
        rounds.max(1.0) * seconds(single.time)
    };
    let by_namespace =
        progress.namespaces > 1 && progress.namespaces.saturating_mul(WORTH_A_LIST) <= progress.missing;
    let (way, other) = if by_namespace {
        // A list of a namespace has about twice as many objects as are wanted of it, like the first page.
        let objects = 2.0 * progress.missing as f64 / progress.listed.max(1) as f64;
        (Way::Namespaces, requests(progress.namespaces) + objects * seconds(progress.time))
    } else {
        (Way::Singly, requests(progress.missing))
    };
    let worth = (progress.missing as u64).saturating_mul(SINGLE_COSTS) < left;
    match way {
        _ if pages <= other => Way::Pages,
        Way::Singly if !worth => Way::Pages,
        way => way,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cheapest_way_is_chosen() {
        let millis = Duration::from_millis;
        let near = Single { time: millis(2), inflight: 16 };
        let quick = Single { time: Duration::from_micros(400), inflight: 16 };
        let far = Single { time: millis(52), inflight: 16 };
        let table = [
            // listed, time, left, missing, namespaces
            ("a little is left", (500, 10, Some(100), 300, 1), near, Way::Pages),
            ("a lot is left, and few are missing", (500, 10, Some(50_000), 160, 1), near, Way::Singly),
            ("as many are missing as are left", (500, 10, Some(500), 500, 1), near, Way::Pages),
            ("far away and few left", (500, 60, Some(400), 160, 1), far, Way::Pages),
            ("far away and a lot left", (500, 60, Some(50_000), 160, 1), far, Way::Singly),
            ("some namespaces", (500, 10, Some(50_000), 160, 5), near, Way::Namespaces),
            ("a namespace each", (500, 10, Some(50_000), 160, 160), near, Way::Singly),
            ("many are missing of a lot", (5_000, 50, Some(50_000), 15_000, 1), quick, Way::Pages),
            ("nobody knows what is left", (500, 10, None, 1, 1), near, Way::Pages),
            ("all are found", (500, 10, Some(50_000), 0, 0), near, Way::Singly),
        ];
        for (what, (listed, time, left, missing, namespaces), single, expected) in table {
            let progress = Progress { listed, time: millis(time), left, missing, namespaces };
            assert_eq!(choose(progress, single), expected, "{what}");
        }
    }

    #[test]
    fn a_first_page_is_about_as_large_as_what_is_wanted() {
        assert_eq!([0, 40, 1_000, 20_000].map(first_page), [500, 500, 2_000, 5_000]);
    }
}
