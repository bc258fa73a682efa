//! Programs of the user that render in our place: which one, on which directory, and what it printed.
//!
//! A program is named on the command line and nowhere else. It gets no secrets, has to end in time and by itself, and what it
//! printed counts only if it ended well: half an output looks like a whole one.

mod export;
mod program;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use program::Program;

use crate::source::tree::{FileTree, RepoPath, TreeError};
use export::Export;

/// Bounds of one run of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time.
    pub time: Duration,
    /// Most bytes on its standard output.
    pub output: u64,
}

/// Why a program did not render.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// There is no such program, or it cannot be run.
    #[error("{program}: {problem}")]
    Unusable {
        /// The program as named.
        program: String,
        /// What is wrong with it.
        problem: String,
        /// The way out.
        hint: String,
    },
    /// It ended badly, not at all, or printed too much.
    #[error("{program} failed on {place}: {problem}{}", said(.stderr))]
    Failed {
        /// The program.
        program: PathBuf,
        /// What it was to render.
        place: String,
        /// How it ended.
        problem: String,
        /// The end of what it wrote to its standard error, a line an entry.
        stderr: Vec<String>,
    },
    /// The files could not be put where the program reads them.
    #[error("cannot export the source for {program}: {problem}")]
    Export {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        problem: String,
    },
}

impl ExternalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unusable { hint, .. } => Some(hint.clone()),
            Self::Failed { .. } | Self::Export { .. } => None,
        }
    }
}

/// Why files could not be exported.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("{}: {error}", .place.display())]
    Disk { place: PathBuf, error: std::io::Error },
    #[error("{0}")]
    Limit(String),
}

impl ExportError {
    fn at(place: &Path, error: std::io::Error) -> Self {
        Self::Disk { place: place.to_owned(), error }
    }
}

impl Program {
    /// What the program prints for a directory of a tree that is not on disk, which errors call `place`: the whole tree is
    /// exported for it, because a kustomization may name others around it.
    ///
    /// # Errors
    /// As [`Program::build`]; [`ExternalError::Export`].
    pub fn build_exported(
        &self,
        tree: &dyn FileTree,
        directory: &RepoPath,
        place: &str,
        exports: &Path,
        limits: Limits,
    ) -> Result<Vec<u8>, ExternalError> {
        let export = Export::new(tree, exports).map_err(|error| ExternalError::Export {
            program: self.path().to_owned(),
            problem: error.to_string(),
        })?;
        self.build(&export.path(directory), place, limits)
    }
}

fn said(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}
