//! Why a command ended without an answer, and which exit code that is.

use crate::cluster::error::ClusterError;
use crate::exit::Code;
use crate::external::ExternalError;
use crate::render::{Notice, RenderError};
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
    /// A configuration that is wrong: every problem, in order of place.
    #[error("{}", first(.0))]
    Config(Vec<Notice>),
    /// A guard refuses.
    #[error("{problem}")]
    Refused {
        /// What is refused and why.
        problem: String,
        /// The way out.
        hint: Option<String>,
    },
    /// A saved plan that does not hold any more.
    #[error("the plan in {file} is stale, and nothing was written: {}", differences.first().map_or("", String::as_str))]
    Stale {
        /// Its file.
        file: String,
        /// What differs.
        differences: Vec<String>,
        /// The way out.
        hint: String,
    },
    /// A run that writes had to stop.
    #[error("{problem}")]
    Stopped {
        /// Why.
        problem: String,
        /// The way out.
        hint: Option<String>,
        /// What it is.
        code: Code,
    },
    /// The source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A repository that a kustomization names could not be had.
    #[error("{place}: {error}")]
    RemoteBase {
        /// File and line that name it.
        place: String,
        /// What is wrong with it.
        error: SourceError,
    },
    /// A program of the user did not render.
    #[error(transparent)]
    External(#[from] ExternalError),
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

    /// Something that a guard refuses.
    pub fn refused(problem: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self::Refused { problem: problem.into(), hint: hint.into() }
    }

    /// A signal ended the run before it wrote anything.
    pub fn stopped(code: Option<Code>) -> Self {
        let problem = "interrupted before anything was written".to_owned();
        Self::Stopped { problem, hint: None, code: code.unwrap_or(Code::Interrupted) }
    }

    /// The exit code.
    pub fn exit(&self) -> Code {
        match self {
            Self::Source(error) | Self::RemoteBase { error, .. } if error.is_trust_failure() => {
                Code::Untrusted
            }
            Self::Snapshot(SnapshotError::InsideWorkTree { .. })
            | Self::Refused { .. }
            | Self::Stale { .. } => Code::Refused,
            Self::Stopped { code, .. } => *code,
            _ => Code::Error,
        }
    }

    /// Further lines that belong to the error: every other problem of a render.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Render(RenderError::Problems(problems)) if problems.len() > 1 => {
                problems.iter().map(ToString::to_string).collect()
            }
            Self::Config(problems) if problems.len() > 1 => {
                problems.iter().map(ToString::to_string).collect()
            }
            Self::Stale { differences, .. } if differences.len() > 1 => told(differences),
            _ => Vec::new(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Refused { hint, .. } | Self::Stopped { hint, .. } => hint.clone(),
            Self::Stale { hint, .. } => Some(hint.clone()),
            Self::Config(problems) => problems.iter().find_map(|problem| problem.hint.clone()),
            Self::Source(error) | Self::RemoteBase { error, .. } => error.hint(),
            Self::External(error) => error.hint(),
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

/// The first of many lines, and how many more there are.
fn told(lines: &[String]) -> Vec<String> {
    const MOST: usize = 20;
    let more = lines.len().saturating_sub(MOST);
    let more = (more > 0).then(|| format!("and {more} more"));
    lines.iter().take(MOST).cloned().chain(more).collect()
}

fn first(problems: &[Notice]) -> String {
    let first = problems.first().map(Notice::to_string).unwrap_or_default();
    match problems.len() {
        0 | 1 => first,
        count => format!("{count} problems in the configuration, the first: {first}"),
    }
}
