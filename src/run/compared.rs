//! The stages from a rendered source to verdicts: resolve, read, survey, ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::ask;
use super::autoscalers;
use super::choose::{self, Chosen};
use super::error::RunError;
use super::extras::{Extras, Search};
use super::paranoid;
use super::prepared::{Prepared, prepare};
use super::recorded::{self, LastApplied, Recorded};
use super::remembered::Remembered;
use super::rendering::Rendering;
use super::unborn;
use crate::cluster::error::ClusterError;
use crate::compare::ignore::usage::Usage;
use crate::compare::ignore::{Rule, Rules, application};
use crate::compare::judge::Policy;
use crate::compare::memory::Memory;
use crate::compare::survey::{Bases, Setting, survey_with};
use crate::compare::verdict::ObjectVerdict;
use crate::desired::{self, DesiredSet, Entry};
use crate::live::{Catalog, FetchError, LiveSet, Resource, Wanted};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::progress::Progress;
use crate::reader::Live;
use crate::record::{SetChoice, SetIdentity};
use crate::render::{Manifests, Notice};
use crate::report::{RemoteBase, Source};
use crate::schema::Schemas;
use crate::source::tree::RepoPath;
use crate::source::{self, Snapshot};

/// `--base`.
#[derive(Debug, Clone)]
pub enum BaseChoice {
    /// A revision of the same source, as it was asked for, and the directory in it; `None` if it did not have the target.
    Revision(String, Arc<Snapshot>, Option<RepoPath>),
    /// Unknown, on purpose.
    None,
}

/// Where the manifests are.
#[derive(Debug, Clone)]
pub enum Opening {
    /// To be opened.
    Request(Box<source::Request>),
    /// A directory of a source that is open already, shared by all targets of a run.
    Shared(Arc<Snapshot>, RepoPath),
}

/// What to compare and how.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What to open.
    pub source: Opening,
    /// How it is rendered.
    pub rendering: Rendering,
    /// `--base`.
    pub base: Option<BaseChoice>,
    /// `--set-name` and `--record-namespace`, else a target's.
    pub set: SetChoice,
    /// `-n`: the namespace of what has none.
    pub namespace: Option<String>,
    /// `-l` and `--only`.
    pub chosen: Chosen,
    /// True if no dry run may be sent.
    pub read_only: bool,
    /// How to judge.
    pub policy: Policy,
    /// The ignore rules of the configuration.
    pub rules: Vec<Arc<Rule>>,
    /// True if a source without any manifest is an empty render, on purpose.
    pub allow_empty: bool,
    /// Ids of sets whose members become this set's.
    pub adopts: Vec<String>,
    /// True if dry runs are sent for objects that do not exist, too.
    pub verify_new: bool,
}

/// The result of a comparison.
#[derive(Debug)]
pub struct Compared {
    /// The source as it was read.
    pub source: Source,
    /// Verdicts in the order of identity.
    pub verdicts: Vec<ObjectVerdict>,
    /// What was rendered of other repositories.
    pub remotes: Vec<RemoteBase>,
    /// Remarks of all stages.
    pub warnings: Vec<Notice>,
    /// Which rules of the configuration mean something here.
    pub usage: Usage,
    /// The revision that was applied last.
    pub(super) last: Option<LastApplied>,
    /// Id of the object that a tag names, if the revision is one.
    pub tag: Option<String>,
    /// What is wrong with each `--only` here, in their order: it may mean an object of another target.
    pub unmet: Vec<Option<RunError>>,
}

/// What verdicts were made of: commands that act on them need it once more.
#[derive(Debug)]
pub struct Scene {
    /// Which types are served.
    pub catalog: Catalog,
    /// What Git says.
    pub desired: DesiredSet,
    /// Merge schemas of the kinds in use.
    pub schemas: Schemas,
    /// What was last applied.
    pub bases: Bases,
    /// What does not count.
    pub rules: Rules,
    /// How verdicts were reached.
    pub policy: Policy,
    /// The objects as they were read first; one that was asked about may have been read again since.
    pub live: LiveSet,
    /// The record of the set.
    pub(super) recorded: Recorded,
    /// False if live objects were printed without `managedFields`.
    pub owners_recorded: bool,
    /// Members that left Git.
    pub(super) extras: Extras,
}

impl Scene {
    /// What objects are compared with.
    pub fn setting(&self) -> Setting<'_> {
        Setting {
            desired: &self.desired,
            schemas: &self.schemas,
            bases: &self.bases,
            policy: self.policy,
            owners_recorded: self.owners_recorded,
            rules: &self.rules,
        }
    }
}

/// Compares a source with a cluster or a snapshot.
///
/// # Errors
/// The source cannot be read or rendered, or the cluster cannot be used at all. What concerns single objects is a verdict.
pub async fn compare(
    comparison: &Comparison,
    reader: &Live,
    progress: &Progress,
) -> Result<Compared, RunError> {
    let prepared = prepare(comparison, reader, progress).await?;
    Ok(examine(comparison, prepared, reader, progress, false).await?.0)
}

/// Reads what is live and decides. With `keep` the answer holds what the verdicts were made of.
///
/// # Errors
/// As [`compare`].
pub async fn examine(
    comparison: &Comparison,
    prepared: Prepared,
    reader: &Live,
    progress: &Progress,
    keep: bool,
) -> Result<(Compared, Option<Scene>), RunError> {
    let Prepared { rendered, catalog, namespace, set } = prepared;
    let mut bases = bases(comparison, &catalog, &namespace).await?;
    let named = comparison.set.name.is_some();
    let (others, misunderstood) =
        application::rules(&rendered.manifests.items, rendered.origin_url.as_deref());
    let rules = Rules { own: comparison.rules.clone(), others };
    let mut desired = desired::resolve(rendered.manifests.items, &catalog, &namespace);
    let unmet = choose::choose(&mut desired, &comparison.chosen)?;
    let mut warnings = rendered.manifests.warnings;
    warnings.extend(misunderstood);
    warnings.append(&mut desired.warnings);
    warnings.extend(untried_version(&catalog.server_version));

    let wanted = wanted(&desired);
    let kinds = kinds(&desired);
    progress.stage("reading live objects");
    let label = set.as_ref().map(SetIdentity::id);
    let (schemas, (live, beside), answers) = tokio::join!(
        reader.schemas(&kinds),
        reader.read_set(&wanted, label.as_deref()),
        // A snapshot is of one set, whatever the directory is called that it is compared with.
        reader.record(set.as_ref().filter(|_| named || matches!(reader, Live::Server(_)))),
    );
    warnings.extend(recorded::of_another_set(reader, set.as_ref().filter(|_| named), answers.as_ref()));
    let recorded = Recorded::open(set, named, answers, &mut warnings);
    desired.set = recorded.membership();
    if let Some(set) = &mut desired.set {
        set.adopts.clone_from(&comparison.adopts);
    }
    recorded.mark_lost_kinds(&mut desired, &catalog);
    if matches!(bases, Bases::Unknown) {
        bases = recorded.bases(&desired, &live, reader, keep, &mut warnings).await;
    }
    let mut schemas = schemas?;
    schemas.iter_mut().for_each(|(kind, schema)| schema.versions = catalog.versions(kind));
    warnings.extend(kinds.iter().filter(|kind| !schemas.contains_key(kind)).map(without_schema));
    refuse_unauthorized(&live, reader)?;
    let policy = comparison.policy;
    let owners_recorded = reader.owners_recorded();
    let none = LiveSet::new();
    let mut scene = Scene {
        catalog,
        desired,
        schemas,
        bases,
        rules,
        policy,
        live: none,
        recorded,
        owners_recorded,
        extras: Extras::default(),
    };
    let setting = scene.setting();
    let remembered = Remembered::of(reader, &rendered.source.display, &rendered.path);
    let memory = match remembered.is_off() {
        true => Memory::off(),
        false => Memory::new(remembered.proofs(), &remembered.program, &setting),
    };
    let mut found = survey_with(&setting, &live, &memory);
    remembered.add_proofs(&found.proven);
    let allowed = dry_runs(comparison, reader);
    progress.stage("asking the server about what differs");
    autoscalers::find(reader, &scene.catalog, &scene.desired, &mut found.open).await;
    let mut verdicts = std::mem::take(&mut found.verdicts);
    verdicts.extend(ask::ask(reader, &scene.catalog, &setting, &remembered, found.open, allowed).await);
    let sampled = std::mem::take(&mut found.sampled);
    warnings.extend(paranoid::check(reader, &scene.catalog, &setting, sampled, &mut verdicts).await);
    verdicts.sort_by(|a, b| a.id.cmp(&b.id));
    ask::explain_missing(reader, &mut verdicts).await;
    if comparison.verify_new {
        unborn::verify(reader, &setting, label.as_deref(), dry_runs(comparison, reader), &mut verdicts).await;
    }
    if comparison.chosen.is_all() {
        let (desired, recorded) = (&scene.desired, &scene.recorded);
        let search = Search { reader, catalog: &scene.catalog, desired, recorded };
        let extras = search.run(beside, &live, &mut warnings).await;
        verdicts.extend(extras.verdicts());
        verdicts.sort_by(|a, b| a.id.cmp(&b.id));
        scene.extras = extras;
    }
    let (source, remotes, tag) = (rendered.source, rendered.fetched.bases, rendered.tag);
    let (last, usage) = (scene.recorded.last_applied(), found.usage);
    let compared = Compared { source, verdicts, remotes, warnings, usage, last, tag, unmet };
    let scene = keep.then(|| {
        scene.live = live;
        scene
    });
    Ok((compared, scene))
}

/// Renders the base revision with the same settings; `--base none` and no `--base` leave it to the evidence.
async fn bases(comparison: &Comparison, catalog: &Catalog, namespace: &str) -> Result<Bases, RunError> {
    let (revision, snapshot, directory) = match &comparison.base {
        None => return Ok(Bases::Unknown),
        Some(BaseChoice::None) => return Ok(Bases::Withheld),
        Some(BaseChoice::Revision(revision, snapshot, directory)) => (revision, snapshot, directory),
    };
    let commit = snapshot.commit.clone();
    let manifests = match directory.clone() {
        Some(directory) => {
            let (snapshot, how) = (Arc::clone(snapshot), comparison.rendering.clone());
            super::blocking(move || how.render(&snapshot, &directory)).await?.0
        }
        None => Manifests::default(),
    };
    let resolved = desired::resolve(manifests.items, catalog, namespace);
    let objects: BTreeMap<ObjectId, Value> = resolved
        .entries
        .into_iter()
        .filter_map(|(id, entry)| match entry {
            Entry::Ready(ready) => Some((id, ready.object())),
            _ => None,
        })
        .collect();
    let short = |commit: &str| commit.chars().take(7).collect::<String>();
    let name = match commit.as_deref() {
        Some(commit) if !commit.starts_with(revision.as_str()) => format!("{revision} ({})", short(commit)),
        Some(commit) => short(commit),
        None => revision.clone(),
    };
    Ok(Bases::Revision { name, objects })
}

/// The types to read and the objects wanted of each.
pub fn wanted(desired: &DesiredSet) -> Vec<Wanted> {
    let mut types: BTreeMap<Gvk, Wanted> = BTreeMap::new();
    for (id, entry) in &desired.entries {
        if let Entry::Ready(object) = entry {
            let fresh = || Wanted { resource: Resource::clone(&object.resource), objects: BTreeSet::new() };
            let wanted = types.entry(object.gvk.clone()).or_insert_with(fresh);
            wanted.objects.insert((id.namespace.clone(), id.name.clone()));
        }
    }
    types.into_values().collect()
}

/// The group-versions whose schemas are needed.
pub fn versions(desired: &DesiredSet) -> BTreeSet<GroupVersion> {
    let ready = desired.entries.values().filter_map(|entry| match entry {
        Entry::Ready(desired) => Some(desired.gvk.group_version()),
        _ => None,
    });
    ready.collect()
}

/// The kinds that are compared.
fn kinds(desired: &DesiredSet) -> BTreeSet<Gvk> {
    let ready = desired.entries.values().filter_map(|entry| match entry {
        Entry::Ready(desired) => Some(desired.gvk.clone()),
        _ => None,
    });
    ready.collect()
}

/// A kind without a schema is compared with deduced rules, and a warning says so.
fn without_schema(gvk: &Gvk) -> Notice {
    Notice {
        file: gvk.to_string(),
        line: 0,
        column: 0,
        message: "no schema is published for this kind; lists are compared as a whole".to_owned(),
        hint: None,
    }
}

/// Minor versions of Kubernetes 1 whose behaviour the comparison was tried against.
const TRIED: std::ops::RangeInclusive<u32> = 33..=36;

/// A warning for a server that nobody tried; one that hides its version is taken as it is.
fn untried_version(version: &str) -> Option<Notice> {
    let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    let known = major == 1 && TRIED.contains(&minor);
    (!known).then(|| Notice {
        file: String::new(),
        line: 0,
        column: 0,
        message: format!(
            "the server is Kubernetes {version}; 1.{} to 1.{} are supported",
            TRIED.start(),
            TRIED.end()
        ),
        hint: None,
    })
}

/// Whether dry runs may be sent; else the reason that the report gives.
fn dry_runs(comparison: &Comparison, reader: &Live) -> Result<(), String> {
    match reader {
        Live::Recorded(_) => Err("a snapshot answers none".to_owned()),
        Live::Server(_) if comparison.read_only => Err("--read-only sends none".to_owned()),
        Live::Server(_) => Ok(()),
    }
}

/// Credentials that stopped working end the run: nothing that would still be said could be trusted.
fn refuse_unauthorized(live: &LiveSet, reader: &Live) -> Result<(), RunError> {
    for presence in live.values() {
        if let Err(FetchError::Unauthorized(message)) = presence {
            let server = reader.identity().server.clone();
            return Err(ClusterError::Unauthorized { server, message: message.clone() }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_nobody_tried_are_warned_of() {
        let warned = |version| untried_version(version).map(|notice| notice.message);
        for version in ["v1.33.0", "v1.36.3", "v1.34.1+k3s1", "", "unknown"] {
            assert_eq!(warned(version), None, "{version}");
        }
        for version in ["v1.32.9", "v1.37.0", "v2.34.0"] {
            assert!(warned(version).unwrap().contains("1.33 to 1.36 are supported"), "{version}");
        }
    }
}
