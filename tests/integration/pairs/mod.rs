//! Pairs of a manifest and a live object on the real server: whatever the comparison proves in sync, a dry run of the body
//! that an apply would send leaves as it is; and what a dry run changes, the verdict says, no more and no less.
//!
//! Live objects have a history: several tools created, applied, edited and scaled them, and their ownership has aged. Numbers
//! are drawn from a seed: `GITOPS_TEST_PAIRS=20000` asks for more pairs, `GITOPS_TEST_PAIRS_SEED=7` for others.

pub(crate) mod client;
mod found;
pub(crate) mod history;
pub(crate) mod kinds;
pub(crate) mod mutate;
mod round;
mod shrink;
mod tally;
mod tamper;
pub(crate) mod truth;
pub(crate) mod world;

use self::tally::Tally;
use self::world::World;
use crate::support::cluster;
use crate::support::kinds::text;

/// Pairs of a usual run.
const PAIRS: u64 = 2_400;
/// Live objects of a round; each is compared with [`round::VARIANTS`] manifests.
const ROUND: u64 = 270;
const SEED: u64 = 20_261_121;

#[expect(clippy::disallowed_methods, reason = "how many pairs and which is set from outside")]
fn setting(name: &str, usual: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}; expected a number")),
        Err(_) => usual,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_proven_is_what_the_server_says() {
    // A server of its own: definitions change under their objects, and thousands of objects would burden others.
    let Some(cluster) = cluster::private() else { return };
    let pairs = setting("GITOPS_TEST_PAIRS", PAIRS);
    let seed = setting("GITOPS_TEST_PAIRS_SEED", SEED);
    let mut world = World::of(&cluster).await;
    let mut tally = Tally::default();
    let mut number = 0;
    let aged = round::make_aged(&world, seed, pairs / 60).await;
    cluster.kubectl_stdin(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &text("aged"));
    world.learn(round::has_aged).await;
    round::judge(&world, aged, seed, &mut tally).await;
    while tally.pairs() < pairs {
        let made = round::make(&world, seed, number..number + ROUND).await;
        assert!(!made.is_empty(), "the server takes none of the manifests");
        round::judge(&world, made, seed, &mut tally).await;
        number += ROUND;
    }
    tally.tell(seed);
    tally.assert_right();
}
