//! A commit of an open repository as a source.

use git2::Repository;

use crate::source::commit::CommitTree;
use crate::source::escape::one_line;
use crate::source::prefix::{chosen_path, unreadable};
use crate::source::tree::{RepoPath, TreeError};
use crate::source::{Request, Snapshot, SourceError, git, worktree};

pub(super) fn from_repository(
    request: &Request,
    display: String,
    repo: Repository,
    start: &RepoPath,
    reference: &str,
) -> Result<Snapshot, SourceError> {
    let commit = git::resolve(&repo, &display, reference)?;
    let branch = repo.find_branch(reference, git2::BranchType::Local).is_ok().then(|| reference.to_owned());
    let tag = git::tag(&repo, reference);
    let origin_url = worktree::origin_url(&repo);
    let snapshot = at_commit(request, display, repo, &commit, start)?;
    Ok(Snapshot { branch, tag, origin_url, ..snapshot })
}

pub(super) fn at_commit(
    request: &Request,
    display: String,
    repo: Repository,
    commit: &git::Commit,
    start: &RepoPath,
) -> Result<Snapshot, SourceError> {
    let partial = git::is_partial(&repo);
    let tree = CommitTree::new(repo, commit.tree, partial);
    let id = commit.id.to_string();
    let prefix = chosen_path(request, &tree, start, &display, Some(&id))?;
    let submodules = tree.submodules(&prefix).map_err(|error| match error {
        TreeError::Absent(_) if partial => SourceError::Partial { place: display.clone() },
        error => unreadable(&display, error),
    })?;
    Ok(Snapshot {
        reference: request.reference.clone(),
        commit: Some(id),
        branch: None,
        tag: None,
        dirty: false,
        origin_url: None,
        tree: Box::new(tree),
        prefix,
        warnings: submodule_warnings(&submodules),
        display,
    })
}

pub(super) fn submodule_warnings(submodules: &[RepoPath]) -> Vec<String> {
    submodules
        .iter()
        .map(|path| format!("{}: submodule, its files are not read", one_line(path.as_str())))
        .collect()
}
