//! What a run tells: one value that all formats are written from. Nothing unmasked fits into it.

pub mod escape;
pub mod hints;
pub mod json;
pub mod style;
pub mod text;

use std::collections::BTreeMap;

use crate::compare::ignore::Origin;
use crate::compare::verdict::{BaseKind, LastRun, Note, NoteKind, ObjectVerdict, Status};
use crate::exit::Code;
use crate::mask::Masked;
use crate::plan::outcome::Acted;
use crate::render::Notice;

/// The result of a diff.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where the manifests come from.
    pub source: Source,
    /// Compared targets, in order.
    pub targets: Vec<TargetReport>,
    /// What a user should know about the run as a whole.
    pub warnings: Vec<Notice>,
    /// How the ignore rules changed since the base, if there is a base to compare with.
    pub rules: Option<RulesChanged>,
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

/// A directory of another repository that was part of a render.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteBase {
    /// URL of the repository, without credentials.
    pub url: String,
    /// Revision as asked for; `None` for the default branch.
    pub reference: Option<String>,
    /// Commit id in full.
    pub commit: String,
}

/// How the ignore rules of the configuration changed since another revision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RulesChanged {
    /// The revision.
    pub since: String,
    /// Rules that it did not have.
    pub added: Vec<RuleText>,
    /// Rules that only it had.
    pub removed: Vec<RuleText>,
}

/// An ignore rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleText {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// Everything that the rule says.
    pub words: String,
}

/// Why a target could not be compared at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The error.
    pub message: String,
    /// Further lines that belong to it.
    pub details: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The exit code that it gives.
    pub code: Code,
}

/// The verdicts on one target.
#[derive(Debug, Clone)]
pub struct TargetReport {
    /// Name of the target; empty if the source is the only one.
    pub name: String,
    /// What it was compared with.
    pub cluster: Cluster,
    /// What was rendered of other repositories, sorted.
    pub remotes: Vec<RemoteBase>,
    /// Verdicts in the order of identity.
    pub verdicts: Masked<Vec<ObjectVerdict>>,
    /// What a user should know although the comparison succeeded.
    pub warnings: Vec<Notice>,
    /// Why there is no comparison, if there is none.
    pub failure: Option<Failure>,
    /// What was done, if anything was to be done.
    pub acted: Option<Masked<Vec<Acted>>>,
}

/// What one rule took away from one object.
#[derive(Debug, Clone)]
pub struct IgnoredByRule<'v> {
    /// The rule.
    pub origin: &'v Origin,
    /// As a note, for a reader.
    pub note: Note,
}

/// What rules took away from an object, one note a rule, in the order of the rules.
pub fn ignored(verdict: &ObjectVerdict) -> Vec<IgnoredByRule<'_>> {
    let mut notes: Vec<IgnoredByRule<'_>> = Vec::new();
    for ignored in &verdict.ignored {
        let origin = &ignored.rule.origin;
        if let Some(known) = notes.iter_mut().find(|note| note.origin == origin) {
            known.note.paths.push(ignored.path.clone());
            continue;
        }
        let reason = if origin.reason.is_empty() { "by a rule" } else { &origin.reason };
        let what = if ignored.path.0.is_empty() { format!("{}: ", ignored.word) } else { String::new() };
        let text = format!("{what}{reason} ({})", origin.place());
        let note = Note { kind: NoteKind::Ignored, writer: None, paths: vec![ignored.path.clone()], text };
        notes.push(IgnoredByRule { origin, note });
    }
    notes.sort_by(|a, b| a.origin.cmp(b.origin));
    for ignored in &mut notes {
        ignored.note.paths.dedup();
    }
    notes
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
