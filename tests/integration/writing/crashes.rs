//! FLT-36, P4: killed before or after any request, the next run arrives. Every request of a run with ten creations, ten
//! updates and ten deletions is tried, four at a time, each on its own set and namespace. The next run goes on to the same
//! version, or back to the one before: then nothing of what the killed run made may stay.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use super::site::{Ran, Site, Version};
use crate::support::cluster::{self, Cluster, tell};
use crate::support::proxy::{Entry, Moment, Shot};

const LANES: usize = 4;

#[test]
fn flt_36_a_run_that_is_killed_at_any_request_costs_one_more_run() {
    let Some(cluster) = cluster::private() else { return };
    let home = tempfile::tempdir().unwrap();
    let whole = undisturbed(&cluster, home.path());
    let requests = whole.journal.len();
    let points: Vec<Shot> = (0..requests)
        .flat_map(|request| [Moment::Before, Moment::After].map(|moment| (request, moment)))
        .map(|(request, moment)| Shot { request, moment, signal: Signal::KILL })
        .collect();
    let (next, missed, failures) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let home = tempfile::tempdir().unwrap();
                while let Some(shot) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    match killed(&cluster, home.path(), *shot) {
                        Ok(true) => {}
                        Ok(false) => {
                            missed.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(why) => failures.lock().unwrap().push(why),
                    }
                }
            });
        }
    });
    let missed = missed.into_inner();
    tell(&format!("killed at {} of {} points: 2 x {requests} requests", points.len() - missed, points.len()));
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), points.len(), failures.join("\n"));
    // A renewal more or less moves the end of a run by a request.
    assert!(missed <= 6, "{missed} points were not reached");
}

fn undisturbed(cluster: &Cluster, home: &std::path::Path) -> Ran {
    let site = Site::begun(cluster, home);
    let before = site.live();
    let ran = site.apply(Vec::new(), None, &[]);
    assert_eq!(ran.code(), Some(0), "{}", ran.text());
    site.assert_arrived(Version::New, "undisturbed");
    let after = site.live();
    for (name, (uid, _)) in before.iter().filter(|(name, _)| name.contains("/upd")) {
        assert_eq!(after[name].0, *uid, "{name} is the same object");
    }
    let writes = ran.member_writes();
    assert_eq!(writes.len(), 30, "{writes:?}");
    assert_order(&ran);
    let again = site.apply(Vec::new(), None, &[]);
    assert_eq!((again.code(), again.member_writes()), (Some(0), Vec::new()), "{}", again.text());
    ran
}

/// The lock around everything; the record is widened before the first write of a member and narrowed after the last.
fn assert_order(ran: &Ran) {
    let position = |wanted: &dyn Fn(&Entry) -> bool| {
        let mut found = ran.journal.iter().enumerate().filter(|(_, entry)| wanted(entry)).map(|(at, _)| at);
        let first = found.next().expect("there is one");
        (first, found.next_back().unwrap_or(first))
    };
    let lock = position(&|entry| entry.writes() && entry.about.resource == "leases");
    let parent = position(&|entry| {
        entry.writes() && entry.about.name == "gitops-set" && entry.about.resource == "configmaps"
    });
    let members = position(&|entry| entry.writes() && !entry.about.name.starts_with("gitops-"));
    let deleted = position(&|entry| entry.verb == "delete");
    assert!(lock.0 < parent.0 && parent.0 < members.0, "{lock:?} {parent:?} {members:?}");
    assert!(members.1 < parent.1 && parent.1 < lock.1, "{members:?} {parent:?} {lock:?}");
    assert!(
        deleted.0 + 9 <= members.1 && deleted.1 == members.1,
        "deletes come last: {deleted:?} {members:?}"
    );
    assert_eq!(lock.1, ran.journal.len() - 1, "the lock is given back at the end");
}

/// One point: the run that is killed, and the one after it. `false` if the run came to its end before the point.
fn killed(cluster: &Cluster, home: &std::path::Path, shot: Shot) -> Result<bool, String> {
    let place = format!("{:?} request {}", shot.moment, shot.request);
    let check = || {
        let site = Site::begun(cluster, home);
        let first = site.apply(Vec::new(), Some(shot), &[]);
        let reached = first.code().is_none();
        // Both ways for each request, one before it and one after.
        let on = (shot.request % 2 == 0) == (shot.moment == Moment::Before);
        let to = if on { Version::New } else { Version::Old };
        let second = site.go_to(to);
        let last =
            first.journal.last().map(|entry| format!("{} {}", entry.verb, entry.path)).unwrap_or_default();
        let place = format!("{place} ({last}), then {to:?}");
        assert_eq!(second.code(), Some(0), "{place}: the next run: {}", second.text());
        site.assert_arrived(to, &place);
        site.assert_deleted_once(to, &place, &[&first, &second]);
        if shot.request % 8 == 0 {
            let third = site.go_to(to);
            assert_eq!(
                (third.code(), third.member_writes()),
                (Some(0), Vec::new()),
                "{place}: {}",
                third.text()
            );
        }
        site.end();
        reached
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or(place)
    })
}
