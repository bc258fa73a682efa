//! Rendering: a tree of files in, manifests with their origins out. Pure; each renderer is one module.

pub mod agreement;
pub mod detect;
pub mod kustomize;
pub mod objects;
pub mod origin;
pub mod plain;
mod walk;
pub mod yaml;

use crate::object::id::Gvk;
use crate::object::packed::Packed;
use crate::render::origin::Origin;
use crate::source::tree::{EntryKind, FileTree, RepoPath, resolve};

/// One Kubernetes object as rendered, before preparation for a cluster.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Group, version and kind as written.
    pub gvk: Gvk,
    /// `metadata.namespace` as written, if any.
    pub namespace: Option<String>,
    /// `metadata.name`; empty where only `generateName` is given.
    pub name: String,
    /// The whole object, `apiVersion` and `kind` included.
    pub object: Packed,
    /// Where the object and its fields stand.
    pub origin: Origin,
}

/// The result of rendering one path.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// Objects in the order of files (sorted by path) and of documents in a file.
    pub items: Vec<Manifest>,
    /// What a user should know although rendering succeeded, in the same order.
    pub warnings: Vec<Notice>,
}

/// Renders a directory with the renderer that it needs, told from the names in it, or a single file as a plain manifest.
///
/// # Errors
/// As the renderer's.
pub fn render(tree: &dyn FileTree, place: &RepoPath) -> Result<Manifests, RenderError> {
    render_with(tree, place, Options::default())
}

/// What renderers may use beside the tree.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'r> {
    /// What was fetched of other repositories.
    pub remotes: Option<&'r kustomize::remotes::Remotes>,
}

/// Renders as [`render`] does, with what was fetched before.
///
/// # Errors
/// As the renderer's.
pub fn render_with(
    tree: &dyn FileTree,
    place: &RepoPath,
    options: Options<'_>,
) -> Result<Manifests, RenderError> {
    match renderer_of(tree, place) {
        detect::Renderer::Kustomize => {
            let options = options.remotes.map(kustomize::Options::with).unwrap_or_default();
            kustomize::render(tree, place, options)
        }
        _ => plain::render(tree, place),
    }
}

/// The renderer that a place needs.
pub fn renderer_of(tree: &dyn FileTree, place: &RepoPath) -> detect::Renderer {
    let entries = match resolve(tree, place) {
        Ok((path, EntryKind::Directory)) => tree.list(&path).unwrap_or_default(),
        _ => Vec::new(),
    };
    detect::detect(&entries).0
}

/// A remark about one place of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// File, relative to the source's root.
    pub file: String,
    /// Line, from 1; 0 if the remark is about the whole file.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
    /// The remark: lower case, one sentence, never a value of a Secret.
    pub message: String,
    /// What to do about it, if there is something to do.
    pub hint: Option<String>,
}

impl Notice {
    /// A remark about a whole file.
    fn about(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, message: message.into(), hint: None }
    }
}

/// Why there is no render. A render is whole or it is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Every problem that was found, in order of place; at least one.
    #[error("{}", summary(.0))]
    Problems(Vec<Notice>),
    /// The place exists and nothing in it is a manifest. Commands that write take this for a reason to refuse.
    #[error("no manifests under {place}: {files} file(s) read")]
    NoManifests {
        /// The directory or file; `-` for the standard input.
        place: String,
        /// How many files were read.
        files: usize,
    },
}

fn summary(problems: &[Notice]) -> String {
    let first = problems.first().map(Notice::to_string).unwrap_or_default();
    match problems.len() {
        0 | 1 => format!("cannot render: {first}"),
        count => format!("cannot render: {count} problems, the first: {first}"),
    }
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        write!(f, ": {}", self.message)
    }
}
