//! Fault schedules: one request in fourteen meets a fault that a seed chooses. A run says that it is done only when it is; whatever
//! it says, nothing wrong is deleted, and the run after it arrives.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::site::{Site, Version, in_lanes};
use crate::support::cluster::{self, tell};
use crate::support::proxy::rules::{Action, Rule};

const SCHEDULES: u64 = 50;
/// One in so many requests meets each fault.
const MANY: u64 = 100;

fn faults(seed: u64) -> Vec<Rule> {
    let actions = [
        Action::Status(503, None),
        Action::Status(429, Some(1)),
        Action::ResetBefore,
        Action::ResetAfter,
        Action::CloseInside,
        Action::Truncate(20),
        Action::Delay(Duration::from_millis(300)),
    ];
    let rules = actions.into_iter().zip(0..).map(|(action, number)| {
        let rule = Rule::all(action);
        rule.by_chance(seed * 16 + number, MANY)
    });
    rules.collect()
}

#[test]
fn fifty_fault_schedules_end_where_git_says() {
    let Some(cluster) = cluster::private() else { return };
    let counts: [AtomicUsize; 5] = Default::default();
    let [done, told, requests, faulty, usual] = &counts;
    let seeds: Vec<u64> = (0..SCHEDULES).collect();
    let failures = in_lanes(&seeds, |home, seed| {
        let site = Site::begun(&cluster, home);
        let first = site.apply(faults(*seed), None, &[]);
        let place = format!("seed {seed}");
        let hit = first.journal.iter().filter(|entry| entry.action.is_some()).count();
        faulty.fetch_add(hit, Ordering::SeqCst);
        match first.code() {
            Some(0) => {
                done.fetch_add(1, Ordering::SeqCst);
                requests.fetch_add(first.journal.len(), Ordering::SeqCst);
                site.assert_arrived(Version::New, &place);
            }
            // An error, something unknown, or a lock that was lost: told, and nothing worse.
            Some(2..=4) => {
                told.fetch_add(1, Ordering::SeqCst);
            }
            other => panic!("{place}: {other:?}: {}", first.text()),
        }
        let second = site.apply(Vec::new(), None, &[]);
        assert_eq!(second.code(), Some(0), "{place}: the next run: {}", second.text());
        site.assert_arrived(Version::New, &place);
        site.assert_deleted_once(Version::New, &place, &[&first, &second]);
        if first.code() == Some(0) {
            assert_eq!(second.member_writes(), Vec::new(), "{place}: what was done is done");
        }
        // What the same run asks without faults.
        let other = Site::begun(&cluster, home);
        let calm = other.apply(Vec::new(), None, &[]);
        assert_eq!(calm.code(), Some(0), "{}", calm.text());
        if first.code() == Some(0) {
            usual.fetch_add(calm.journal.len(), Ordering::SeqCst);
        }
        site.end();
        other.end();
    });
    let [done, told, requests, faulty, usual] = counts.map(AtomicUsize::into_inner);
    tell(&format!(
        "{SCHEDULES} schedules with {faulty} faults: {done} done, {told} told what they could not do; \
         {requests} requests where {usual} are usual"
    ));
    assert!(failures.is_empty(), "{} of {SCHEDULES}:\n{}", failures.len(), failures.join("\n"));
    assert!(faulty > 100, "there were faults: {faulty}");
    assert!(done > 5, "most faults are overcome: {done}");
    assert!(requests * 4 <= usual * 5, "{requests} requests are more than a quarter above {usual}");
}
