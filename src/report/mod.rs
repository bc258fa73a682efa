//! What a run tells: one value that all formats are written from. Nothing unmasked fits into it.

pub mod escape;
pub mod hints;
pub mod json;
pub mod style;
pub mod text;

use std::collections::BTreeMap;

use crate::compare::verdict::{BaseKind, LastRun, NoteKind, ObjectVerdict, Status};
use crate::exit::Code;
use crate::mask::Masked;
use crate::render::Notice;

/// The result of a diff.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where the manifests come from.
    pub source: Source,
    /// Compared targets, in order.
    pub targets: Vec<TargetReport>,
    /// What it took.
    pub counts: Counts,
    /// The outcome.
    pub code: Code,
    /// The number that the process returns: the outcome in the chosen style.
    pub exit: u8,
}

/// The source of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Directory or URL, without credentials.
    pub display: String,
    /// Revision as asked for.
    pub reference: Option<String>,
    /// Commit id in full.
    pub commit: Option<String>,
    /// Branch.
    pub branch: Option<String>,
    /// True if the files are not those of the commit.
    pub dirty: bool,
}

/// What a source was compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// An API server.
    Server {
        /// Context of the kubeconfig; empty if there is none.
        context: String,
        /// URL.
        url: String,
    },
    /// A snapshot or another file.
    File {
        /// Its name.
        name: String,
    },
}

/// The verdicts on one target.
#[derive(Debug, Clone)]
pub struct TargetReport {
    /// Name of the target; empty if the source is the only one.
    pub name: String,
    /// What it was compared with.
    pub cluster: Cluster,
    /// Verdicts in the order of identity.
    pub verdicts: Masked<Vec<ObjectVerdict>>,
    /// What a user should know although the comparison succeeded.
    pub warnings: Vec<Notice>,
}

impl TargetReport {
    /// The base that most objects were compared with: of those that differ if any do.
    pub fn usual_base(&self) -> &BaseKind {
        let verdicts = self.verdicts.get();
        let differing = verdicts.iter().filter(|verdict| !verdict.fields.is_empty());
        let compared: Vec<&ObjectVerdict> = differing.collect();
        let all: Vec<&ObjectVerdict> = if compared.is_empty() { verdicts.iter().collect() } else { compared };
        let mut times: BTreeMap<&BaseKind, usize> = BTreeMap::new();
        for verdict in all {
            *times.entry(&verdict.base).or_default() += 1;
        }
        let usual = times.into_iter().max_by_key(|(_, count)| *count);
        usual.map_or(&BaseKind::Unknown, |(base, _)| base)
    }

    /// The run that the record of the set speaks of, if a base came from it.
    pub fn last_run(&self) -> Option<&LastRun> {
        self.verdicts.get().iter().find_map(|verdict| match &verdict.base {
            BaseKind::Record(run) | BaseKind::Earlier(run) => Some(&**run),
            _ => None,
        })
    }
}

/// What a run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests to the API server, dry runs included.
    pub requests: u64,
    /// Dry runs.
    pub dry_runs: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
}

/// `--show`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Show {
    /// Objects in sync, and values in another spelling.
    pub in_sync: bool,
    /// Fields of controllers.
    pub foreign: bool,
    /// What a rule ignores.
    pub ignored: bool,
}

impl Show {
    /// True if notes of this kind are shown.
    pub fn shows(self, kind: NoteKind) -> bool {
        match kind {
            NoteKind::Adopt | NoteKind::Addition | NoteKind::Remark => true,
            NoteKind::Foreign => self.foreign,
            NoteKind::Cosmetic => self.in_sync,
            NoteKind::Ignored => self.ignored,
        }
    }
}

/// Objects by status, in the order of a summary: in sync first, then by precedence.
pub fn summary<'v>(verdicts: impl IntoIterator<Item = &'v ObjectVerdict>) -> Vec<(Status, usize)> {
    let mut counts: BTreeMap<Status, usize> = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict.status).or_default() += 1;
    }
    let in_sync = counts.remove_entry(&Status::InSync);
    // The gravest statuses stand last, where a reader looks first.
    in_sync.into_iter().chain(counts.into_iter().rev()).collect()
}

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
