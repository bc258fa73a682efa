//! Objects of kinds that the same run defined: they are resolved and judged once their kind is served.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::ask;
use super::compared::{Scene, wanted};
use super::extras::Extras;
use super::recorded::Recorded;
use super::remembered::Remembered;
use crate::compare::ignore::Rules;
use crate::compare::survey::{Bases, survey};
use crate::compare::verdict::ObjectVerdict;
use crate::desired::{self, DesiredSet, Entry};
use crate::live::{Catalog, LiveSet, Served};
use crate::object::id::{Gvk, ObjectId};
use crate::plan::{self, Plan, Policy};
use crate::reader::Live;
use crate::render::Manifest;
use crate::schema::Schemas;

/// How long a new kind may take to be served.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long its schema may take after that; without one it is compared by what can be deduced.
const SCHEMA_PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(200);

/// Objects for which nothing can be done, with the reason.
pub(super) type Unresolved = Vec<(ObjectId, String)>;

/// Waits until the kinds of these objects are served, then plans them.
///
/// # Errors
/// They are not served in time, or the server cannot be asked.
pub(super) async fn resolve(
    reader: &Live,
    scene: &Scene,
    ids: &[ObjectId],
    policy: &Policy,
) -> Result<(Scene, Plan, Unresolved), String> {
    let manifests: Vec<Manifest> = ids
        .iter()
        .filter_map(|id| match scene.desired.entries.get(id) {
            Some(Entry::KindPending(manifest)) => Some(Manifest::clone(manifest)),
            _ => None,
        })
        .collect();
    let kinds: BTreeSet<Gvk> = manifests.iter().map(|manifest| manifest.gvk.clone()).collect();
    let catalog = served(reader, &kinds).await?;
    let mut desired = desired::resolve(with_namespaces(manifests, ids), &catalog, "");
    desired.set = scene.desired.set.clone();
    let schemas = published(reader, &kinds).await?;
    let live = reader.read(&wanted(&desired)).await;
    let rules = Rules { own: scene.rules.own.clone(), others: scene.rules.others.clone() };
    let mut scene = Scene {
        catalog,
        desired,
        schemas,
        bases: Bases::Unknown,
        rules,
        policy: scene.policy,
        live: LiveSet::new(),
        recorded: Recorded::none(),
        owners_recorded: scene.owners_recorded,
        extras: Extras::default(),
    };
    let setting = scene.setting();
    let mut found = survey(&setting, &live);
    let open = std::mem::take(&mut found.open);
    let mut verdicts = std::mem::take(&mut found.verdicts);
    verdicts.extend(ask::ask(reader, &scene.catalog, &setting, &Remembered::off(), open, Ok(())).await);
    verdicts.sort_by(|a, b| a.id.cmp(&b.id));
    let plan = plan::apply(&setting, &live, &verdicts, policy);
    scene.live = live;
    let unresolved = unresolved(&scene.desired, &plan, &verdicts, ids);
    Ok((scene, plan, unresolved))
}

/// The namespace was decided when the set was resolved.
fn with_namespaces(mut manifests: Vec<Manifest>, ids: &[ObjectId]) -> Vec<Manifest> {
    let by_name: BTreeMap<(&str, &str, &str), Vec<&str>> = ids.iter().fold(BTreeMap::new(), |mut all, id| {
        all.entry((&*id.group, &*id.kind, &*id.name)).or_insert_with(Vec::new).push(&*id.namespace);
        all
    });
    for manifest in &mut manifests {
        let key = (&*manifest.gvk.group, &*manifest.gvk.kind, &*manifest.name);
        if let (None, Some([only])) = (&manifest.namespace, by_name.get(&key).map(Vec::as_slice)) {
            manifest.namespace = (!only.is_empty()).then(|| (*only).to_owned());
        }
    }
    manifests
}

async fn served(reader: &Live, kinds: &BTreeSet<Gvk>) -> Result<Catalog, String> {
    let start = tokio::time::Instant::now();
    loop {
        let catalog = reader.catalog().await.map_err(|error| error.to_string())?;
        let missing: Vec<String> = kinds
            .iter()
            .filter(|kind| !matches!(catalog.served(kind), Served::Yes(_)))
            .map(ToString::to_string)
            .collect();
        if missing.is_empty() {
            return Ok(catalog);
        }
        if start.elapsed() >= PATIENCE {
            let seconds = PATIENCE.as_secs();
            return Err(format!("the server does not serve {} after {seconds} s", missing.join(", ")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The schemas of new kinds; they are published a moment after the kinds are served.
async fn published(reader: &Live, kinds: &BTreeSet<Gvk>) -> Result<Schemas, String> {
    let start = tokio::time::Instant::now();
    loop {
        let schemas = reader.schemas(kinds).await.map_err(|error| error.to_string())?;
        if schemas.len() == kinds.len() || start.elapsed() >= SCHEMA_PATIENCE {
            return Ok(schemas);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn unresolved(desired: &DesiredSet, plan: &Plan, verdicts: &[ObjectVerdict], ids: &[ObjectId]) -> Unresolved {
    let planned: BTreeSet<&ObjectId> = plan.steps.iter().map(|step| &step.id).collect();
    let reason = |id: &ObjectId| {
        let verdict = verdicts.iter().find(|verdict| verdict.id == *id);
        verdict.and_then(|verdict| verdict.reason.clone())
    };
    let open = ids.iter().filter(|id| !planned.contains(id));
    open.map(|id| match desired.entries.contains_key(id) {
        true => (id.clone(), reason(id).unwrap_or_else(|| "nothing was left to do".to_owned())),
        false => (id.clone(), "its kind has another scope than its definition said".to_owned()),
    })
    .collect()
}
