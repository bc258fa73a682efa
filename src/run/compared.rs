//! The stages from a source to verdicts: open, render, discover, resolve, read, survey, ask.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ask;
use super::choose::{self, Chosen};
use super::error::RunError;
use crate::cluster::error::ClusterError;
use crate::compare::judge::Policy;
use crate::compare::survey::{Bases, Setting, survey};
use crate::compare::verdict::ObjectVerdict;
use crate::desired::{self, DesiredSet, Entry};
use crate::live::{Catalog, FetchError, LiveSet, OpenApiDocuments, Wanted};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::progress::Progress;
use crate::reader::Live;
use crate::render::{Manifests, Notice};
use crate::report::Source;
use crate::schema::Schema;
use crate::schema::openapi::Document;
use crate::source::{self, Snapshot};

/// `--base`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseChoice {
    /// A revision of the same source.
    Revision(String),
    /// Unknown, on purpose.
    None,
}

/// What to compare and how.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What to open.
    pub source: source::Request,
    /// `--base`.
    pub base: Option<BaseChoice>,
    /// `-n`: the namespace of what has none.
    pub namespace: Option<String>,
    /// `-l` and `--only`.
    pub chosen: Chosen,
    /// True if no dry run may be sent.
    pub read_only: bool,
    /// How to judge.
    pub policy: Policy,
}

/// The result of a comparison.
#[derive(Debug)]
pub struct Compared {
    /// The source as it was read.
    pub source: Source,
    /// Verdicts in the order of identity.
    pub verdicts: Vec<ObjectVerdict>,
    /// Remarks of all stages.
    pub warnings: Vec<Notice>,
}

/// What a report says about an opened source.
fn told(snapshot: &Snapshot) -> Source {
    Source {
        display: snapshot.display.clone(),
        reference: snapshot.reference.clone(),
        commit: snapshot.commit.clone(),
        branch: snapshot.branch.clone(),
        dirty: snapshot.dirty,
    }
}

/// A rendered source.
#[derive(Debug)]
pub struct Rendered {
    /// Where it comes from.
    pub source: Source,
    /// Its manifests.
    pub manifests: Manifests,
}

/// Opens and renders a source.
///
/// # Errors
/// The source cannot be read or rendered.
pub fn render(request: &source::Request) -> Result<Rendered, RunError> {
    let snapshot = source::open(request)?;
    let mut manifests = crate::render::render(snapshot.tree.as_ref(), &snapshot.prefix)?;
    let remark = |text: &String| Notice {
        file: snapshot.display.clone(),
        line: 0,
        column: 0,
        message: text.clone(),
        hint: None,
    };
    manifests.warnings.splice(0..0, snapshot.warnings.iter().map(remark));
    Ok(Rendered { source: told(&snapshot), manifests })
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
    progress.stage("rendering");
    let request = comparison.source.clone();
    let rendering = super::blocking(move || render(&request));
    let remote = is_remote(&comparison.source);
    // A remote source may be out of reach, and then the cluster is left alone; a directory renders beside discovery.
    let (rendered, catalog) = if remote {
        (rendering.await?, reader.catalog().await?)
    } else {
        let (rendered, catalog) = tokio::join!(rendering, reader.catalog());
        (rendered?, catalog?)
    };
    let namespace = comparison
        .namespace
        .clone()
        .or_else(|| reader.identity().namespace.clone())
        .unwrap_or_else(|| "default".to_owned());
    let bases = bases(comparison, &catalog, &namespace).await?;
    let mut desired = desired::resolve(rendered.manifests.items, &catalog, &namespace);
    choose::choose(&mut desired, &comparison.chosen)?;
    let mut warnings = rendered.manifests.warnings;
    warnings.append(&mut desired.warnings);
    warnings.extend(untried_version(&catalog.server_version));

    let wanted = wanted(&desired);
    let versions = versions(&desired);
    progress.stage("reading live objects");
    let (documents, live) = tokio::join!(reader.openapi(&versions), reader.read(&wanted));
    let schemas = schemas(&desired, documents?, &mut warnings);
    refuse_unauthorized(&live, reader)?;
    let setting = Setting {
        desired: &desired,
        schemas: &schemas,
        bases: &bases,
        policy: comparison.policy,
        owners_recorded: reader.owners_recorded(),
    };
    let mut found = survey(&setting, &live);
    drop(live);
    let allowed = dry_runs(comparison, reader);
    progress.stage("asking the server about what differs");
    let mut verdicts = std::mem::take(&mut found.verdicts);
    verdicts.extend(ask::ask(reader, &catalog, &setting, found.open, allowed).await);
    verdicts.sort_by(|a, b| a.id.cmp(&b.id));
    ask::explain_missing(reader, &mut verdicts).await;
    Ok(Compared { source: rendered.source, verdicts, warnings })
}

/// True if opening the source needs the network.
fn is_remote(request: &source::Request) -> bool {
    matches!(
        source::url::parse(&request.source, &request.allow_protocols),
        Ok(source::url::Location::Remote(_))
    )
}

/// Renders the base revision with the same settings; `--base none` and no `--base` leave it to the evidence.
async fn bases(comparison: &Comparison, catalog: &Catalog, namespace: &str) -> Result<Bases, RunError> {
    let revision = match &comparison.base {
        None => return Ok(Bases::Unknown),
        Some(BaseChoice::None) => return Ok(Bases::Withheld),
        Some(BaseChoice::Revision(revision)) => revision,
    };
    let (request, wanted) = (comparison.source.clone(), revision.clone());
    let opened = super::blocking(move || {
        let snapshot = source::open_revision(&request, &wanted)?;
        Ok((crate::render::render(snapshot.tree.as_ref(), &snapshot.prefix)?, snapshot.commit))
    });
    let (manifests, commit) = opened.await?;
    let resolved = desired::resolve(manifests.items, catalog, namespace);
    let objects: BTreeMap<ObjectId, Value> = resolved
        .entries
        .into_iter()
        .filter_map(|(id, entry)| match entry {
            Entry::Ready(desired) => Some((id, desired.object)),
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
            let fresh = || Wanted { resource: object.resource.clone(), objects: BTreeSet::new() };
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

/// Compiles the schemas of the kinds in use. A kind without one is compared with deduced rules, and a warning says so.
fn schemas(
    desired: &DesiredSet,
    documents: OpenApiDocuments,
    warnings: &mut Vec<Notice>,
) -> BTreeMap<Gvk, Schema> {
    let kinds: BTreeSet<&Gvk> = desired
        .entries
        .values()
        .filter_map(|entry| match entry {
            Entry::Ready(desired) => Some(&desired.gvk),
            _ => None,
        })
        .collect();
    let parsed: BTreeMap<GroupVersion, Document> = documents
        .into_iter()
        .filter_map(|(version, text)| Some((version, Document::parse(&text).ok()?)))
        .collect();
    let mut schemas = BTreeMap::new();
    for gvk in kinds {
        match parsed.get(&gvk.group_version()).and_then(|document| document.schema(gvk)) {
            Some(schema) => {
                schemas.insert(gvk.clone(), schema);
            }
            None => warnings.push(Notice {
                file: gvk.to_string(),
                line: 0,
                column: 0,
                message: "no schema is published for this kind; lists are compared as a whole".to_owned(),
                hint: None,
            }),
        }
    }
    schemas
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
