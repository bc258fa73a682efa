//! The first stages: open a source, render it, and ask what the cluster serves.

use super::compared::{Comparison, Opening};
use super::error::RunError;
use super::remotes::Fetched;
use super::rendering::Rendering;
use crate::live::Catalog;
use crate::progress::Progress;
use crate::reader::Live;
use crate::record::{SetChoice, SetIdentity};
use crate::render::detect::Renderer;
use crate::render::{Manifests, Notice, RenderError};
use crate::report::Source;
use crate::source::tree::RepoPath;
use crate::source::{self, Snapshot};

/// What a report says about an opened source.
pub fn told(snapshot: &Snapshot) -> Source {
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
    /// URL of the repository, if there is one.
    pub origin_url: Option<String>,
    /// The directory in it.
    pub path: String,
    /// What rendered it.
    pub renderer: Renderer,
    /// Id of the object that a tag names, if the revision is one.
    pub tag: Option<String>,
    /// What was fetched for it.
    pub fetched: Fetched,
}

/// Opens and renders a source.
///
/// # Errors
/// The source cannot be read or rendered.
pub fn render(request: &source::Request, rendering: &Rendering) -> Result<Rendered, RunError> {
    let snapshot = source::open(request)?;
    rendered(&snapshot, &snapshot.prefix, rendering, false)
}

/// Renders a directory of an open source.
fn rendered(
    snapshot: &Snapshot,
    directory: &RepoPath,
    rendering: &Rendering,
    allow_empty: bool,
) -> Result<Rendered, RunError> {
    let (mut manifests, fetched) = match rendering.render(snapshot, directory) {
        Err(RunError::Render(RenderError::NoManifests { .. })) if allow_empty => {
            (Manifests::default(), Fetched::default())
        }
        result => result?,
    };
    let remark = |text: &String| Notice {
        file: snapshot.display.clone(),
        line: 0,
        column: 0,
        message: text.clone(),
        hint: None,
    };
    manifests.warnings.splice(0..0, snapshot.warnings.iter().map(remark));
    Ok(Rendered {
        source: told(snapshot),
        manifests,
        origin_url: snapshot.origin_url.clone(),
        path: directory.as_str().to_owned(),
        renderer: crate::render::renderer_of(snapshot.tree.as_ref(), directory),
        tag: snapshot.tag.clone(),
        fetched,
    })
}

/// What is known before anything of the set is read from the cluster.
#[derive(Debug)]
pub struct Prepared {
    /// The rendered source.
    pub rendered: Rendered,
    /// Which types are served.
    pub catalog: Catalog,
    /// The namespace of what has none.
    pub namespace: String,
    /// The set, if it has a name.
    pub set: Option<SetIdentity>,
}

/// Renders the source and asks what the cluster serves.
///
/// # Errors
/// As [`super::compared::compare`].
pub async fn prepare(
    comparison: &Comparison,
    reader: &Live,
    progress: &Progress,
) -> Result<Prepared, RunError> {
    progress.stage("rendering");
    let (opening, how) = (comparison.source.clone(), comparison.rendering.clone());
    let allow_empty = comparison.allow_empty;
    let rendering = super::blocking(move || match &opening {
        Opening::Request(request) => {
            let snapshot = source::open(request)?;
            rendered(&snapshot, &snapshot.prefix, &how, allow_empty)
        }
        Opening::Shared(snapshot, directory) => rendered(snapshot, directory, &how, allow_empty),
    });
    let remote = matches!(&comparison.source, Opening::Request(request) if is_remote(request));
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
    let set = comparison.set.identity(rendered.origin_url.as_deref(), &rendered.path, &namespace);
    Ok(Prepared { rendered, catalog, namespace, set })
}

/// The set that a source and flags name. With a name the source is not opened.
///
/// # Errors
/// The source cannot be opened, or nothing names the set.
pub fn name(request: &source::Request, choice: &SetChoice, namespace: &str) -> Result<SetIdentity, RunError> {
    if choice.name.is_some() {
        return choice.identity(None, "", namespace).ok_or_else(nameless);
    }
    let snapshot = source::open(request)?;
    let url = snapshot.origin_url.as_deref();
    choice.identity(url, snapshot.prefix.as_str(), namespace).ok_or_else(nameless)
}

/// Nothing names a set that is to be written.
pub fn nameless() -> RunError {
    RunError::usage(
        "the set has no name: the source is no repository with a remote called origin",
        "name it with --set-name NAME, the same in every run".to_owned(),
    )
}

/// True if opening the source needs the network.
fn is_remote(request: &source::Request) -> bool {
    matches!(
        source::url::parse(&request.source, &request.allow_protocols),
        Ok(source::url::Location::Remote(_))
    )
}
