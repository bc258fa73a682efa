//! An undo after a run that was killed: whatever the run had done by then goes back, from what was kept before its first write.
#![expect(clippy::disallowed_methods, reason = "looks at what the program keeps")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::Signal;

use super::site::{Ran, Site, Version, in_lanes};
use crate::support::cluster::{self, Cluster, tell};
use crate::support::proxy::{Moment, Shot};

/// The records that this home keeps, with their content.
fn kept(home: &Path) -> BTreeSet<(PathBuf, Vec<u8>)> {
    let files = std::fs::read_dir(home.join(".local/state/gitops/undo")).expect("something was kept");
    let files = files.map(|file| file.expect("a file").path());
    // What a killed run was about to keep is nothing yet.
    let is_kept =
        |file: &PathBuf| !file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let files = files.filter(is_kept);
    files.map(|file| (file.clone(), std::fs::read(file).expect("it can be read"))).collect()
}

/// Killed before or after any request, in turns: the cluster is as it was before the run, and so is every object that the run
/// had not deleted.
#[test]
fn flt_36_a_run_that_was_killed_can_be_undone() {
    let Some(cluster) = cluster::private() else { return };
    let home = tempfile::tempdir().unwrap();
    let whole = Site::begun(&cluster, home.path()).apply(Vec::new(), None, &[]);
    assert_eq!(whole.code(), Some(0), "{}", whole.text());
    let points: Vec<Shot> = (0..whole.journal.len())
        .map(|request| {
            let moment = if request % 2 == 0 { Moment::Before } else { Moment::After };
            Shot { request, moment, signal: Signal::KILL }
        })
        .collect();
    let (begun, midway) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = in_lanes(&points, |home, shot| {
        let written = check(&cluster, home, *shot);
        begun.fetch_add(usize::from(written.is_some()), Ordering::SeqCst);
        midway.fetch_add(
            usize::from(written.is_some_and(|number| number > 0 && number < 30)),
            Ordering::SeqCst,
        );
    });
    let (begun, midway) = (begun.into_inner(), midway.into_inner());
    tell(&format!("undone after {begun} of {} kills, {midway} of them amid the writes", points.len()));
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), points.len(), failures.join("\n"));
    assert!(midway >= 20, "{midway}");
}

/// Kills a run and undoes it. The number of writes that it had done; `None` if it had not begun to keep anything.
fn check(cluster: &Cluster, home: &Path, shot: Shot) -> Option<usize> {
    let site = Site::begun(cluster, home);
    let (before, known) = (site.live(), kept(home));
    let killed = site.apply(Vec::new(), Some(shot), &[]);
    let place = format!("{:?} request {}", shot.moment, shot.request);
    if kept(home) == known {
        // The record is still that of the run before.
        site.assert_arrived(Version::Old, &place);
        site.end();
        return None;
    }
    let undone: Ran = site.undo(&[]);
    assert_eq!(undone.code(), Some(0), "{place}: {}", undone.text());
    site.assert_arrived(Version::Old, &place);
    let after = site.live();
    for (name, (uid, _)) in before.iter().filter(|(name, _)| name.contains("/upd")) {
        assert_eq!(after[name].0, *uid, "{place}: {name} is the same object");
    }
    // Whatever was half-done is done again by the next run.
    let again = site.go_to(Version::New);
    assert_eq!(again.code(), Some(0), "{place}: {}", again.text());
    site.assert_arrived(Version::New, &place);
    let writes = killed.member_writes().len();
    site.end();
    Some(writes)
}

/// An undo that is killed is gone on with by the next one: what it was undoing stays known until all of it is undone.
#[test]
fn flt_36_an_undo_that_was_killed_is_gone_on_with() {
    let Some(cluster) = cluster::private() else { return };
    let home = tempfile::tempdir().unwrap();
    let site = Site::begun(&cluster, home.path());
    assert_eq!(site.go_to(Version::New).code(), Some(0));
    let whole = site.undo_shot(None);
    assert_eq!(whole.code(), Some(0), "{}", whole.text());
    let points: Vec<Shot> = (0..whole.journal.len())
        .map(|request| {
            let moment = if request % 2 == 0 { Moment::After } else { Moment::Before };
            Shot { request, moment, signal: Signal::KILL }
        })
        .collect();
    let midway = AtomicUsize::new(0);
    let failures = in_lanes(&points, |home, shot| {
        let site = Site::begun(&cluster, home);
        assert_eq!(site.go_to(Version::New).code(), Some(0));
        let known = kept(home);
        let killed = site.undo_shot(Some(*shot));
        let place = format!("{:?} request {}", shot.moment, shot.request);
        if kept(home) == known {
            let next = site.undo(&[]);
            // All was done, and said in the record of the set.
            let over =
                next.code() == Some(5) && next.text().contains("the last run that wrote is the undo of");
            assert!(next.code() == Some(0) || over, "{place}: {}", next.text());
            let writes = killed.member_writes().len();
            midway.fetch_add(usize::from(writes > 0 && writes < 30), Ordering::SeqCst);
        }
        site.assert_arrived(Version::Old, &place);
        site.end();
    });
    let midway = midway.into_inner();
    tell(&format!("an undo went on after {midway} kills amid its writes, of {} in all", points.len()));
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), points.len(), failures.join("\n"));
    assert!(midway >= 20, "{midway}");
}
