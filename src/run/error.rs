//! Why a command ended without an answer, and which exit code that is.

use crate::cluster::error::ClusterError;
use crate::exit::Code;
use crate::render::RenderError;
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
            _ => Code::Error,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::Source(error) => error.hint(),
            Self::Cluster(error) => error.hint(),
            Self::Render(_) | Self::Output { .. } => None,
        }
    }
}
