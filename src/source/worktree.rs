//! The repository around a directory: its top level, what is checked out, and whether that was edited.
#![expect(clippy::disallowed_methods, reason = "this module is the edge that looks for repositories on disk")]

use std::fs;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository, Status, StatusOptions};

use crate::source::error::SourceError;
use crate::source::escape::one_line;
use crate::source::git::{is_partial, open, store};
use crate::source::loose;
use crate::source::tree::RepoPath;
use crate::source::url::redact;

/// A repository with a working tree.
pub(crate) struct Worktree {
    /// The directory that holds `.git`.
    pub(crate) top: PathBuf,
    /// The repository, opened in place.
    pub(crate) repo: Repository,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Head {
    /// Commit id; `None` before the first commit.
    pub(crate) commit: Option<String>,
    /// Branch; `None` if HEAD is detached.
    pub(crate) branch: Option<String>,
}

/// Finds the nearest directory at or above `directory` (canonical) that holds `.git`, and opens the repository.
///
/// Only `.git` counts: a directory that merely looks like a bare repository is data (CVE-2022-24765, `safe.bareRepository`).
///
/// # Errors
/// [`SourceError`] as for opening, and if the repository says that its working tree is elsewhere.
pub(crate) fn around(directory: &Path) -> Result<Option<Worktree>, SourceError> {
    let holds_git = |dir: &&Path| fs::symlink_metadata(dir.join(".git")).is_ok();
    let Some(top) = directory.ancestors().find(holds_git) else {
        return Ok(None);
    };
    let repo = open(top)?;
    let declared = repo.workdir().and_then(|dir| fs::canonicalize(dir).ok());
    if declared.as_deref() != Some(top) {
        return Err(SourceError::Unsupported {
            place: one_line(&top.display().to_string()),
            feature: "a working tree in another place (core.worktree, core.bare)".to_owned(),
            hint: "read a plain clone of it, or a commit with --ref".to_owned(),
        });
    }
    Ok(Some(Worktree { top: top.to_owned(), repo }))
}

/// The commit and branch that HEAD names.
///
/// # Errors
/// [`SourceError::Store`] if HEAD cannot be read.
pub(crate) fn head(repo: &Repository, place: &str) -> Result<Head, SourceError> {
    let short = |name: &[u8]| {
        let name = String::from_utf8_lossy(name);
        name.strip_prefix("refs/heads/").map(str::to_owned)
    };
    let branch = repo.find_reference("HEAD").ok().and_then(|head| short(head.symbolic_target_bytes()?));
    if let Ok(id) = repo.refname_to_id("HEAD") {
        loose::check(repo, id).map_err(|error| store(place.to_owned(), &error))?;
    }
    match repo.head().and_then(|head| head.peel_to_commit()) {
        Ok(commit) => Ok(Head { commit: Some(commit.id().to_string()), branch }),
        Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(Head { commit: None, branch }),
        Err(error) => Err(store(place.to_owned(), &error)),
    }
}

/// The URL of the remote `origin`, without credentials.
pub(crate) fn origin_url(repo: &Repository) -> Option<String> {
    let url = repo.config().ok()?.snapshot().ok()?.get_string("remote.origin.url").ok()?;
    Some(redact(&url))
}

/// True if anything below the path differs from HEAD: staged, edited, deleted or untracked, as `git status` says.
/// Ignored files and submodules do not count: submodules are not read.
///
/// # Errors
/// [`SourceError::Unsupported`] for an index that libgit2 cannot read (split or sparse index), [`SourceError::Partial`].
pub(crate) fn is_dirty(repo: &Repository, place: &str, below: &RepoPath) -> Result<bool, SourceError> {
    let mut options = StatusOptions::new();
    options
        .include_untracked(true)
        .include_ignored(false)
        .exclude_submodules(true)
        .update_index(false)
        .disable_pathspec_match(true);
    if !below.is_root() {
        options.pathspec(below.as_str());
    }
    let failed = |error: git2::Error| status_failed(repo, place, &error);
    check_tree_of_head(repo).map_err(failed)?;
    let index = repo.index().map_err(failed)?;
    let statuses = repo.statuses(Some(&mut options)).map_err(failed)?;
    Ok(statuses
        .iter()
        .any(|entry| entry.status() != Status::WT_DELETED || !is_sparse(&index, entry.path_bytes())))
}

/// The status compares with the tree of HEAD: its top directory must be whole.
fn check_tree_of_head(repo: &Repository) -> Result<(), git2::Error> {
    let Ok(id) = repo.refname_to_id("HEAD") else {
        return Ok(());
    };
    loose::check(repo, repo.find_commit(id)?.tree_id())
}

/// A file that a sparse checkout leaves out is absent on purpose.
fn is_sparse(index: &git2::Index, path: &[u8]) -> bool {
    let flags = |path: &str| index.get_path(Path::new(path), 0).map(|entry| entry.flags_extended);
    let skip = git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits();
    std::str::from_utf8(path).ok().and_then(flags).is_some_and(|flags| flags & skip != 0)
}

fn status_failed(repo: &Repository, place: &str, error: &git2::Error) -> SourceError {
    let place = place.to_owned();
    if error.message().contains("mandatory extension") || error.message().contains("index version") {
        return SourceError::Unsupported {
            place,
            feature: "an index with split or sparse directories".to_owned(),
            hint: "git update-index --no-split-index; git sparse-checkout reapply --no-sparse-index"
                .to_owned(),
        };
    }
    if error.code() == ErrorCode::NotFound && is_partial(repo) {
        return SourceError::Partial { place };
    }
    store(place, error)
}

/// Paths of the submodules below a directory, as the index has them, sorted.
///
/// # Errors
/// As [`is_dirty`].
pub(crate) fn submodules(
    repo: &Repository,
    place: &str,
    below: &RepoPath,
) -> Result<Vec<RepoPath>, SourceError> {
    const GITLINK: u32 = 0o160_000;
    let index = repo.index().map_err(|error| status_failed(repo, place, &error))?;
    let mut paths: Vec<RepoPath> = index
        .iter()
        .filter(|entry| entry.mode == GITLINK)
        .filter_map(|entry| RepoPath::root().join(std::str::from_utf8(&entry.path).ok()?).ok())
        .filter(|path| is_below(path, below))
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn is_below(path: &RepoPath, directory: &RepoPath) -> bool {
    directory.is_root()
        || path
            .as_str()
            .strip_prefix(directory.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
