//! A thousand fault schedules on a server in memory. The expected states are what Git says, and what the requests that the
//! server carried out can have done.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test; runs the program")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::site::in_lanes;
use crate::support::cluster::tell;
use crate::support::program::Source;
use crate::support::proxy::rules::{Action, Rule};
use crate::support::proxy::{Entry, Proxy};
use crate::support::shelf::Shelf;

const SCHEDULES: u64 = 1_000;
/// One in so many requests meets each fault.
const MANY: u64 = 100;
/// Objects that come, stay and go.
const EACH: usize = 4;

fn version(classes: [&str; 2], value: &str) -> Vec<Value> {
    let names = classes.iter().flat_map(|class| (0..EACH).map(move |number| format!("{class}{number}")));
    let object = |name| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": value}});
    names.map(object).collect()
}

fn faults(seed: u64) -> Vec<Rule> {
    let actions = [
        Action::Status(503, None),
        Action::Status(500, None),
        Action::ResetBefore,
        Action::ResetAfter,
        Action::CloseInside,
        Action::Truncate(20),
        Action::Delay(Duration::from_millis(50)),
    ];
    let numbered = actions.into_iter().zip(0..);
    numbered.map(|(action, number)| Rule::all(action).by_chance(seed * 16 + number, MANY)).collect()
}

struct Ran {
    code: Option<i32>,
    text: String,
    journal: Vec<Entry>,
}

fn apply(home: &Path, shelf: &Shelf, source: &Source, rules: Vec<Rule>) -> Ran {
    let proxy = Proxy::scripted(shelf, rules);
    let output = Command::new(env!("CARGO_BIN_EXE_gitops"))
        .args(["apply", source.path(), "--yes", "--prune", "--max-deletes=4", "--set-name=set", "-n", "ns"])
        .args(["--lock-duration=2s", "--lock-timeout=30s"])
        .env_clear()
        .env("HOME", home)
        .env("KUBECONFIG", proxy.kubeconfig())
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    proxy.settle();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Ran { code: output.status.code(), text, journal: proxy.journal() }
}

fn live(shelf: &Shelf) -> BTreeMap<String, String> {
    let objects = shelf.below("/api/v1/namespaces/ns/configmaps/");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named =
        objects.iter().map(|object| (text(&object["metadata"]["name"]), text(&object["data"]["value"])));
    named.filter(|(name, _)| !name.starts_with("gitops-")).collect()
}

fn deletions(runs: &[&Ran]) -> Vec<String> {
    let journals = runs.iter().flat_map(|run| &run.journal);
    let done = journals.filter(|entry| entry.verb == "delete" && entry.status == Some(200));
    done.map(|entry| entry.about.name.clone()).collect()
}

#[test]
fn a_thousand_fault_schedules_end_where_git_says() {
    let home = tempfile::tempdir().unwrap();
    let (old, new) = (version(["upd", "del"], "old"), version(["upd", "new"], "new"));
    let wanted: BTreeMap<String, String> = new
        .iter()
        .map(|object| (object["metadata"]["name"].as_str().unwrap().to_owned(), "new".to_owned()))
        .collect();
    let (old, new) = (Source::of(&old), Source::of(&new));
    let start = Shelf::default();
    let first = apply(home.path(), &start, &old, Vec::new());
    assert_eq!((first.code, live(&start).len()), (Some(0), 2 * EACH), "{}", first.text);
    let shelf = start.copy();
    let calm = apply(home.path(), &shelf, &new, Vec::new());
    assert_eq!((calm.code, live(&shelf)), (Some(0), wanted.clone()), "{}", calm.text);
    let usual = calm.journal.len();

    let counts: [AtomicUsize; 4] = Default::default();
    let [done, told, requests, faulty] = &counts;
    let seeds: Vec<u64> = (0..SCHEDULES).collect();
    let failures = in_lanes(&seeds, |home, seed| {
        let shelf = start.copy();
        let first = apply(home, &shelf, &new, faults(*seed));
        faulty
            .fetch_add(first.journal.iter().filter(|entry| entry.action.is_some()).count(), Ordering::SeqCst);
        match first.code {
            Some(0) => {
                done.fetch_add(1, Ordering::SeqCst);
                requests.fetch_add(first.journal.len(), Ordering::SeqCst);
                assert_eq!(live(&shelf), wanted, "seed {seed}: it says that it is done");
            }
            Some(2..=4) => {
                told.fetch_add(1, Ordering::SeqCst);
            }
            other => panic!("seed {seed}: {other:?}: {}", first.text),
        }
        let second = apply(home, &shelf, &new, Vec::new());
        assert_eq!((second.code, live(&shelf)), (Some(0), wanted.clone()), "seed {seed}: {}", second.text);
        let deleted = deletions(&[&first, &second]);
        assert!(deleted.iter().all(|name| name.starts_with("del")), "seed {seed}: {deleted:?}");
        let once: BTreeSet<&String> = deleted.iter().collect();
        assert_eq!(once.len(), deleted.len(), "seed {seed}: deleted twice: {deleted:?}");
    });
    let [done, told, requests, faulty] = counts.map(AtomicUsize::into_inner);
    tell(&format!(
        "{SCHEDULES} schedules with {faulty} faults: {done} done, {told} told what they could not do; \
         {requests} requests where {} are usual",
        done * usual
    ));
    assert!(failures.is_empty(), "{} of {SCHEDULES}:\n{}", failures.len(), failures.join("\n"));
    assert!(faulty as u64 > SCHEDULES, "there were faults: {faulty}");
    assert!(done as u64 > SCHEDULES / 4, "many faults are overcome: {done}");
    assert!(requests * 4 <= done * usual * 5, "{requests} requests are more than a quarter above the usual");
}
