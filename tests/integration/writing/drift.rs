//! PROP-07: random drift, and its revert. Objects of every built-in kind are applied; people edit them with all tools and in all
//! ways; then every field that was applied is back and every other one is as they left it. `GITOPS_TEST_DRIFT=5000` asks for
//! more edits, `GITOPS_TEST_DRIFT_SEED=7` for others.

mod edits;
mod kubectl;
mod site;
mod tally;
mod walker;
mod writers;

use self::site::Site;
use self::tally::Tally;
use crate::support::cluster;

/// Edits of a usual run.
const EDITS: usize = 500;
const SEED: usize = 20_261_121;

#[expect(clippy::disallowed_methods, reason = "how many edits and which is set from outside")]
fn setting(name: &str, usual: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; expected a number")),
        Err(_) => usual,
    }
}

#[test]
fn prop_07_random_drift_goes_back_and_nothing_else_moves() {
    // A server of its own: webhooks, policies, quotas and classes would be felt by others.
    let Some(cluster) = cluster::private() else { return };
    let (wanted, seed) =
        (setting("GITOPS_TEST_DRIFT", EDITS), setting("GITOPS_TEST_DRIFT_SEED", SEED) as u64);
    let site = Site::begin(&cluster, seed);
    let mut tally = Tally::default();
    let mut number = 0;
    while tally.edits() < wanted {
        site.round(number, &mut tally);
        number += 1;
        assert!(number < wanted, "the server takes none of the edits");
    }
    site.go_back();
    tally.tell(seed, number);
    tally.assert_right(wanted);
}
