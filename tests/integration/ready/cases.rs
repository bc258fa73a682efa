//! The table of kinds and states, held against kstatus itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::oracle::kstatus;
use super::tables::{Kind, State, kinds};
use super::{ours, word};

/// What a server would answer: defaults that matter, two generations, a status.
fn live(kind: &Kind, state: &State) -> Value {
    let mut live = kind.manifest.clone();
    live["metadata"]["generation"] = json!(2);
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    live["status"] = state.status.clone();
    if live["kind"] == "Deployment" {
        live["spec"]["progressDeadlineSeconds"] = json!(600);
    }
    if live["kind"] == "Service" {
        live["spec"]["clusterIP"] = json!("10.0.0.1");
    }
    live
}

#[test]
fn every_state_is_what_kstatus_says_or_a_stated_difference() {
    let kinds = kinds();
    let cases: Vec<(&State, Value)> =
        kinds.iter().flat_map(|kind| kind.states.iter().map(|state| (state, live(kind, state)))).collect();
    let objects: Vec<Value> = cases.iter().map(|(_, object)| object.clone()).collect();
    let theirs = kstatus(&objects);
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    let mut wrong = Vec::new();
    for (at, (state, object)) in cases.iter().enumerate() {
        let name = format!("{} {}", object["kind"], state.name);
        let found = ours(object);
        if word(&found) != state.word {
            wrong.push(format!("{name}: expected {}, found {found:?}", state.word));
        }
        let Some(theirs) = &theirs else { continue };
        let same = theirs[at].as_deref() == Ok(state.word);
        match state.difference {
            None if !same => {
                wrong.push(format!("{name}: kstatus says {:?}, the table {}", theirs[at], state.word))
            }
            Some(difference) if same => {
                wrong.push(format!("{name}: stated as {difference}, but kstatus says the same"));
            }
            Some(difference) => {
                shown.insert(difference);
            }
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all: BTreeSet<String> = (1..=14).map(|number| format!("D{number}")).collect();
    let shown: BTreeSet<String> = shown.into_iter().map(str::to_owned).collect();
    assert!(theirs.is_none() || shown == all, "differences without a case: {:?}", &all - &shown);
}

#[test]
fn at_least_25_kinds_have_all_four_states() {
    let mut states: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for kind in kinds() {
        let name = format!("{} {}", kind.manifest["apiVersion"], kind.manifest["kind"]);
        states.entry(name).or_default().extend(kind.states.iter().map(|state| state.name));
    }
    let four = ["failed", "progressing", "ready", "stale"];
    let complete = states.values().filter(|states| four.iter().all(|state| states.contains(state))).count();
    assert!(complete >= 25, "{complete} of {} kinds", states.len());
}
