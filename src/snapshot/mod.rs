//! Snapshots: what a diff needs of a cluster, in a file. A run with a snapshot takes the same way as with a server.
//!
//! [`record()`] asks a server, [`Document`] is the file format, [`write()`] stores it, [`Recorded`] answers from it. Output of
//! `kubectl get` is read too; what such a file cannot know is unknown, never absent.

pub mod document;
mod of_set;
mod printed;
mod reader;
mod record;
mod slim;
mod write;

use std::path::PathBuf;

pub use document::Document;
pub use reader::Recorded;
pub use record::{Wish, record};
pub use write::write;

/// Why a snapshot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The operating system refuses.
    #[error("{}: {doing}: {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, for example `cannot be read`.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is neither a snapshot nor the output of kubectl.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What was found, without quoting values.
        reason: String,
    },
    /// Secret values would be written where they could be committed.
    #[error("{} lies inside the Git work tree {}", path.display(), work_tree.display())]
    InsideWorkTree {
        /// The file to be written.
        path: PathBuf,
        /// The top of the work tree.
        work_tree: PathBuf,
    },
}

impl SnapshotError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Invalid { .. } => Some(
                "expected is a file of gitops snapshot, the output of kubectl get -o yaml or -o json, or a directory of \
                 such files",
            ),
            Self::InsideWorkTree { .. } => {
                Some("a snapshot with Secret values must not be committed: write it elsewhere")
            }
        }
    }
}
