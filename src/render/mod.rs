//! Rendering: a tree of files in, manifests with their origins out. Pure; each renderer is one module.

pub mod origin;

use serde_json::Value;

use crate::object::id::Gvk;
use crate::render::origin::Origin;

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
    pub object: Value,
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

/// Rendering failed: every problem that was found, in order of place. A render is whole or it is an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot render: {} problem(s), first {}:{}: {}", .0.len(), .0.first().map_or("", |p| p.file.as_str()), .0.first().map_or(0, |p| p.line), .0.first().map_or("", |p| p.message.as_str()))]
pub struct RenderError(pub Vec<Notice>);
