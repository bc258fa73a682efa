//! One round: live objects with their histories, manifests to compare them with, and the server's answers.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use gitops::compare::base::Base;
use gitops::compare::judge::{Answer, Policy, Subject, assess};
use gitops::compare::survey::{Bases, Open, Setting, conclude, question};
use gitops::compare::verdict::ObjectVerdict;
use gitops::desired::{DesiredSet, Entry, Ready, resolve};
use gitops::live::{Prediction, Presence, Refusal, Wanted};
use gitops::object::id::{Gvk, ObjectId};
use gitops::object::packed::Packed;
use gitops::render::Manifest;
use gitops::render::origin::{FieldLines, Origin};
use gitops::schema::Schema;
use serde_json::Value;
use tokio::task::JoinSet;

use super::history::{self, Made};
use super::kinds;
use super::mutate::{mutate, subset};
use super::tally::Tally;
use super::truth;
use super::world::{World, gvk};
use crate::support::generate::dice::Dice;

/// Manifests that each live object is compared with.
pub(super) const VARIANTS: usize = 3;
/// Objects whose histories are written at a time.
const WRITERS: usize = 8;

/// Objects of all kinds in turn, with their histories.
pub(super) async fn make(world: &World, seed: u64, numbers: Range<u64>) -> Vec<Result<Made, String>> {
    let seeds: Vec<_> = kinds::seeds().into_iter().filter(|seed| seed.kind() != "Aged").collect();
    let first = |number: u64| {
        let kind = &seeds[(number % seeds.len() as u64) as usize];
        placed(world, kind.manifest(seed, number, &world.namespace))
    };
    write(world, seed, numbers.map(|number| (number, first(number))).collect()).await
}

/// Objects of the kind whose definition will change.
pub(super) async fn make_aged(world: &World, seed: u64, count: u64) -> Vec<Result<Made, String>> {
    let kind = kinds::seeds().into_iter().find(|seed| seed.kind() == "Aged").expect("the kind is there");
    let numbered = |number| (number, placed(world, kind.manifest(seed, number, &world.namespace)));
    write(world, seed, (1_000_000..1_000_000 + count).map(numbered).collect()).await
}

/// True if the definition's change shows in the published schema.
pub(super) fn has_aged(schemas: &BTreeMap<Gvk, Schema>) -> bool {
    let schema = &schemas[&Gvk::new("kinds.example.com", "v1", "Aged")];
    let spec = schema.node(schema.root()).map.as_ref().and_then(|map| map.child("spec"));
    let fields = spec.and_then(|spec| schema.node(spec).map.as_ref()).map(|map| &map.fields);
    fields.is_some_and(|fields| !fields.contains_key("gone"))
}

/// Without a namespace where the kind has none.
fn placed(world: &World, mut manifest: Value) -> Value {
    if !world.resource(&manifest).0.namespaced
        && let Some(metadata) = manifest["metadata"].as_object_mut()
    {
        metadata.remove("namespace");
    }
    manifest
}

async fn write(world: &World, seed: u64, manifests: Vec<(u64, Value)>) -> Vec<Result<Made, String>> {
    let mut tasks = JoinSet::new();
    let mut parts: Vec<Vec<(u64, Value)>> = (0..WRITERS).map(|_| Vec::new()).collect();
    for (at, manifest) in manifests.into_iter().enumerate() {
        parts[at % WRITERS].push(manifest);
    }
    for part in parts {
        let api = world.api.clone();
        let part: Vec<_> = part
            .into_iter()
            .map(|(number, manifest)| {
                let (resource, schema) = world.resource(&manifest);
                (number, manifest, resource.clone(), schema.clone())
            })
            .collect();
        tasks.spawn(async move {
            let mut made = Vec::new();
            for (number, manifest, resource, schema) in part {
                let mut dice = Dice::new(seed, "history", number);
                made.push((number, history::make(&api, &resource, &schema, manifest, &mut dice).await));
            }
            made
        });
    }
    let mut all: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    all.sort_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, made)| made).collect()
}

/// A manifest beside a live object, with what the comparison and the server say.
pub(super) struct Pair {
    pub(super) manifest: Value,
    pub(super) desired: Ready,
    pub(super) open: Open,
    pub(super) events: Vec<&'static str>,
    pub(super) change: &'static str,
}

/// What the server said to the dry run of a pair.
pub(super) enum Said {
    Stored(Value),
    Refused(Refusal),
    Nothing(String),
}

/// Compares each live object with some manifests and weighs that against the server's answers.
pub(super) async fn judge(world: &World, made: Vec<Result<Made, String>>, seed: u64, tally: &mut Tally) {
    let made: Vec<Made> =
        made.into_iter().filter_map(|made| made.map_err(|text| tally.refused(text)).ok()).collect();
    let live = read(world, &made).await;
    for variant in 0..VARIANTS {
        let mut pairs = Vec::new();
        for made in &made {
            let name = made.applied["metadata"]["name"].as_str().unwrap_or_default();
            let id = ObjectId::new(
                &gvk(&made.applied),
                made.applied["metadata"]["namespace"].as_str().unwrap_or_default(),
                name,
            );
            let Some(live) = live.get(&id) else { continue };
            let mut dice = Dice::new(seed, name, variant as u64);
            let (manifest, change) = manifest(world, made, live, variant, &mut dice);
            pairs.extend(pair(world, manifest, live, made.events.clone(), change));
        }
        let said = ask(world, &pairs).await;
        for (pair, said) in pairs.into_iter().zip(said) {
            tally.add(world, pair, said).await;
        }
    }
}

async fn read(world: &World, made: &[Made]) -> BTreeMap<ObjectId, Value> {
    let mut wanted: BTreeMap<Gvk, Wanted> = BTreeMap::new();
    for made in made {
        let (resource, _) = world.resource(&made.applied);
        let text = |key: &str| made.applied["metadata"][key].as_str().unwrap_or_default().to_owned();
        let namespace = if resource.namespaced { text("namespace") } else { String::new() };
        let fresh = || Wanted { resource: resource.clone(), objects: BTreeSet::new() };
        wanted.entry(resource.gvk.clone()).or_insert_with(fresh).objects.insert((namespace, text("name")));
    }
    let wanted: Vec<Wanted> = wanted.into_values().collect();
    let answers = world.server.read(&wanted).await;
    let found = answers.into_iter().filter_map(|(id, presence)| match presence {
        Ok(Presence::Found(observed)) => {
            Some((id, serde_json::from_slice(&observed.json).expect("the server answers JSON")))
        }
        _ => None,
    });
    found.collect()
}

/// What Git holds: as applied, with changes, or as somebody copied it from the cluster.
fn manifest(
    world: &World,
    made: &Made,
    live: &Value,
    variant: usize,
    dice: &mut Dice,
) -> (Value, &'static str) {
    let (_, schema) = world.resource(&made.applied);
    let mut manifest = match variant {
        2 => {
            let mut subset = subset(live, dice);
            subset["apiVersion"] = made.applied["apiVersion"].clone();
            subset["kind"] = made.applied["kind"].clone();
            subset
        }
        _ => made.applied.clone(),
    };
    if manifest["kind"] == "Aged" && !dice.once_in(8) {
        fit(schema, schema.root(), &mut manifest);
    }
    let mut change = if variant == 2 { "copied from live" } else { "as applied" };
    for _ in 0..[dice.below(2), 1 + dice.below(2), dice.below(3)][variant] {
        change = mutate(schema, &mut manifest, Some(live), dice);
    }
    (manifest, change)
}

/// Takes out fields that the type no longer has.
fn fit(schema: &Schema, node: gitops::schema::NodeId, value: &mut Value) {
    let kind = schema.node(node);
    match (value, &kind.map, &kind.list) {
        (Value::Object(map), Some(known), _) => {
            map.retain(|key, _| known.child(key).is_some());
            for (key, value) in map {
                fit(schema, known.child(key).expect("it was kept"), value);
            }
        }
        (Value::Array(items), _, Some(list)) => {
            items.iter_mut().for_each(|item| fit(schema, list.element, item))
        }
        _ => {}
    }
}

/// The comparison of a manifest with a live object; `None` if the manifest cannot be compared at all.
pub(super) fn pair(
    world: &World,
    manifest: Value,
    live: &Value,
    events: Vec<&'static str>,
    change: &'static str,
) -> Option<Pair> {
    let text = |key: &str| manifest["metadata"][key].as_str().map(str::to_owned);
    let item = Manifest {
        gvk: gvk(&manifest),
        namespace: text("namespace"),
        name: text("name")?,
        object: Packed::of(&manifest),
        origin: Origin { file: "pair.yaml".into(), line: 1, fields: FieldLines::default() },
    };
    let set = resolve(vec![item], &world.catalog, &world.namespace);
    let (id, entry) = set.entries.into_iter().next()?;
    let Entry::Ready(ready) = entry else { return None };
    let desired = ready.desired();
    let subject = Subject {
        id: &id,
        desired: &desired,
        schema: world.schemas.get(&desired.gvk)?,
        base: &Base::Unknown,
        policy: Policy::default(),
        scaling: &Default::default(),
        rules: &Default::default(),
    };
    let assessment = assess(&subject, live);
    let open = Open {
        id,
        desired,
        live: live.clone(),
        assessment,
        base: Base::Unknown,
        scaling: Default::default(),
        proof: None,
    };
    Some(Pair { manifest, desired: *ready, open, events, change })
}

/// The verdict on a pair, as the program gives it.
pub(super) fn verdict(world: &World, pair: &Pair, answer: &Answer) -> ObjectVerdict {
    with_setting(world, pair, |setting| conclude(setting, &pair.open, answer))
        .expect("the pair is in its set")
}

fn with_setting<T>(world: &World, pair: &Pair, then: impl FnOnce(&Setting<'_>) -> T) -> T {
    let entry = Entry::Ready(Box::new(pair.desired.clone()));
    let desired = DesiredSet {
        entries: BTreeMap::from([(pair.open.id.clone(), entry)]),
        warnings: Vec::new(),
        set: None,
    };
    then(&Setting {
        desired: &desired,
        schemas: &world.schemas,
        bases: &Bases::Unknown,
        policy: Policy::default(),
        owners_recorded: true,
        rules: &Default::default(),
    })
}

/// Sends the dry runs as the program does.
pub(super) async fn ask(world: &World, pairs: &[Pair]) -> Vec<Said> {
    let questions =
        pairs.iter().map(|pair| with_setting(world, pair, |setting| question(setting, &pair.open)));
    let said = world.server.predict(questions.collect()).await;
    said.into_iter()
        .map(|prediction| match prediction {
            Prediction::Stored(stored) => Said::Stored(stored),
            Prediction::Refused(refusal) => Said::Refused(refusal),
            Prediction::Conflict => Said::Nothing("conflict".to_owned()),
            Prediction::Unavailable(error) => Said::Nothing(error.to_string()),
        })
        .collect()
}

/// Paths that the dry run changes although the comparison proved that it changes none; other spellings of an amount are no
/// change.
pub(super) fn unproven(world: &World, pair: &Pair, stored: &Value) -> Vec<gitops::object::path::FieldPath> {
    let schema = &world.schemas[&pair.desired.gvk];
    let verdict = verdict(world, pair, &Answer::NotNeeded);
    let cosmetic: Vec<_> = verdict
        .notes
        .iter()
        .filter(|note| note.kind == gitops::compare::verdict::NoteKind::Cosmetic)
        .flat_map(|note| note.paths.clone())
        .collect();
    let mut changed = truth::changed(schema, &pair.open.live, stored);
    changed.retain(|path| !cosmetic.contains(path));
    changed
}
