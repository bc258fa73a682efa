//! Why a command ended without an answer, and which exit code that is.

use crate::cluster::error::ClusterError;
use crate::exit::Code;
use crate::render::RenderError;
use crate::snapshot::SnapshotError;
use crate::source::SourceError;

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The command line or its files ask for something impossible.
    #[error("{problem}")]
    Usage {
        /// What was asked and why it cannot be done.
        problem: String,
        /// The way out.
        hint: Option<String>,
    },
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The source could not be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The cluster could not be used.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A snapshot could not be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A file or stream could not be written.
    #[error("cannot write {place}: {reason}")]
    Output {
        /// The file, or `standard output`.
        place: String,
        /// What the system said.
        reason: String,
    },
}

impl RunError {
    /// A mistake in the command line.
    pub fn usage(problem: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self::Usage { problem: problem.into(), hint: hint.into() }
    }

    /// The exit code.
    pub fn exit(&self) -> Code {
        match self {
            Self::Source(SourceError::HostKey { .. } | SourceError::Certificate { .. }) => Code::Untrusted,
            Self::Snapshot(SnapshotError::InsideWorkTree { .. }) => Code::Refused,
            _ => Code::Error,
        }
    }

    /// Further lines that belong to the error: every other problem of a render.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Render(RenderError::Problems(problems)) if problems.len() > 1 => {
                problems.iter().map(ToString::to_string).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Source(error) => error.hint(),
            Self::Cluster(error) => error.hint(),
            Self::Snapshot(error) => error.hint().map(str::to_owned),
            Self::Render(RenderError::Problems(problems)) => problems.iter().find_map(|problem| problem.hint.clone()),
            Self::Render(RenderError::NoManifests { .. }) => Some(
                "name another directory with --path; read are .yaml, .yml and .json files, hidden ones left out".to_owned(),
            ),
            Self::Output { .. } => None,
        }
    }
}
