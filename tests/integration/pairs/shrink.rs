//! The smallest manifest that still shows a wrong verdict.

use gitops::schema::Schema;
use serde_json::Value;

use super::mutate::{remove, spots};
use super::round::{Pair, ask, pair};
use super::tally::{Finding, weigh};
use super::world::World;

/// Dry runs that may be spent on one counterexample.
const MOST: usize = 150;

/// Takes parts out of the manifest as long as the verdict stays wrong in the same way; gives the pair with its answer.
pub(super) async fn shrink(world: &World, found: Pair, kind: &Finding) -> (Pair, String) {
    let schema: &Schema = &world.schemas[&found.desired.gvk];
    let mut best = found;
    let mut left = MOST;
    let mut smaller = true;
    while smaller && left > 0 {
        smaller = false;
        for spot in spots(schema, &best.manifest).into_iter().skip(1) {
            if left == 0 {
                break;
            }
            let mut manifest = best.manifest.clone();
            if !remove(&mut manifest, &spot.steps) {
                continue;
            }
            let Some(next) = again(world, &best, manifest) else { continue };
            left -= 1;
            let said = ask(world, std::slice::from_ref(&next)).await.remove(0);
            if weigh(world, &next, &said).kind() == kind.kind() {
                best = next;
                smaller = true;
                break;
            }
        }
    }
    let said = ask(world, std::slice::from_ref(&best)).await.remove(0);
    let text = describe(world, &best, &weigh(world, &best, &said));
    (best, text)
}

fn again(world: &World, of: &Pair, manifest: Value) -> Option<Pair> {
    pair(world, manifest, &of.open.live, of.events.clone(), of.change)
}

fn describe(world: &World, pair: &Pair, finding: &Finding) -> String {
    let schema = &world.schemas[&pair.desired.gvk];
    let mut live = pair.open.live.clone();
    let entries = live["metadata"]["managedFields"].take();
    let entries: Vec<String> = entries
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap_or_default();
            format!(
                "    {} {} {} {}: {}",
                text("manager"),
                text("operation"),
                text("apiVersion"),
                text("subresource"),
                entry["fieldsV1"]
            )
        })
        .collect();
    let mut text = format!(
        "{}: {finding}\n  history: {:?}, manifest {}\n  manifest: {}\n  live: {live}\n  owners:\n{}",
        pair.open.id,
        pair.events,
        pair.change,
        pair.manifest,
        entries.join("\n")
    );
    for (path, stored) in finding.stored_at(schema) {
        text.push_str(&format!("\n  dry run has at {path}: {stored}"));
    }
    text
}
