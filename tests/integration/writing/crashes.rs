//! FLT-36, P4: killed before or after any request, the next run arrives. Every request of a run with ten creations, ten
//! updates and ten deletions is tried, four at a time, each on its own set and namespace. The next run goes on to the same
//! version, or back to the one before: then nothing of what the killed run made may stay.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use super::site::{Ran, Site, Version, in_lanes};
use crate::support::cluster::{self, Cluster, tell};
use crate::support::proxy::{Entry, Moment, Shot};

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
    let missed = AtomicUsize::new(0);
    let failures = in_lanes(&points, |home, shot| {
        let reached = killed(&cluster, home, *shot);
        missed.fetch_add(usize::from(!reached), Ordering::SeqCst);
    });
    let missed = missed.into_inner();
    tell(&format!("killed at {} of {} points: 2 x {requests} requests", points.len() - missed, points.len()));
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), points.len(), failures.join("\n"));
    // A renewal more or less moves the end of a run by a request.
    assert!(missed <= 6, "{missed} points were not reached");
}

fn undisturbed(cluster: &Cluster, home: &Path) -> Ran {
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
    let members = position(&Entry::writes_member);
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
fn killed(cluster: &Cluster, home: &Path, shot: Shot) -> bool {
    let site = Site::begun(cluster, home);
    let first = site.apply(Vec::new(), Some(shot), &[]);
    // Both ways for each request, one before it and one after.
    let on = shot.request.is_multiple_of(2) == (shot.moment == Moment::Before);
    let to = if on { Version::New } else { Version::Old };
    let second = site.go_to(to);
    let place = format!("{}, then {to:?}", place(shot, &first));
    assert_eq!(second.code(), Some(0), "{place}: the next run: {}", second.text());
    site.assert_arrived(to, &place);
    site.assert_deleted_once(to, &place, &[&first, &second]);
    if shot.request.is_multiple_of(8) {
        let third = site.go_to(to);
        assert_eq!((third.code(), third.member_writes()), (Some(0), Vec::new()), "{place}: {}", third.text());
    }
    site.end();
    first.code().is_none()
}

fn place(shot: Shot, ran: &Ran) -> String {
    let last = ran.journal.get(shot.request).map(|entry| format!("{} {}", entry.verb, entry.path));
    format!("{:?} request {} ({})", shot.moment, shot.request, last.unwrap_or_default())
}

/// FLT-37: a signal at any request lets the run finish what is in flight, give the lock back and say so; the next run need not
/// wait, and arrives.
#[test]
fn flt_37_a_signal_at_any_request_ends_the_run_in_order() {
    let Some(cluster) = cluster::private() else { return };
    let home = tempfile::tempdir().unwrap();
    let requests = undisturbed(&cluster, home.path()).journal.len();
    let signals = [(Signal::INT, 130), (Signal::TERM, 143)];
    let points: Vec<(Shot, i32)> = (0..requests)
        .map(|request| {
            let (signal, code) = signals[request % 2];
            (Shot { request, moment: Moment::Before, signal }, code)
        })
        .collect();
    let ended = AtomicUsize::new(0);
    let failures = in_lanes(&points, |home, (shot, code)| {
        let site = Site::begun(&cluster, home);
        let first = site.apply(Vec::new(), Some(*shot), &[]);
        let place = place(*shot, &first);
        // The last requests of a run leave nothing to stop.
        let late = first.code() == Some(0) && shot.request + 4 >= requests;
        assert!(first.code() == Some(*code) || late, "{place}: {:?} {}", first.code(), first.text());
        ended.fetch_add(usize::from(!late), Ordering::SeqCst);
        if late {
            site.assert_arrived(Version::New, &place);
        }
        assert_eq!(site.lock_holder(), None, "{place}: the lock is given back");
        let second = site.apply(Vec::new(), None, &["--lock-timeout=0"]);
        assert_eq!(second.code(), Some(0), "{place}: the next run: {}", second.text());
        site.assert_arrived(Version::New, &place);
        site.assert_deleted_once(Version::New, &place, &[&first, &second]);
        site.end();
    });
    tell(&format!("stopped at {} of {requests} requests", ended.into_inner()));
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), points.len(), failures.join("\n"));
}
