//! A directory of this machine as a source, with the repository around it.
#![expect(clippy::disallowed_methods, reason = "this module is the edge that looks for the directory")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::error::near_names;
use crate::source::escape::one_line;
use crate::source::local::LocalTree;
use crate::source::prefix::{chosen_path, unreadable};
use crate::source::repository::{from_repository, submodule_warnings};
use crate::source::tree::{RepoPath, read_if_present};
use crate::source::{Request, Snapshot, SourceError, git, names, worktree};

pub(super) fn from_directory(request: &Request, directory: &str) -> Result<Snapshot, SourceError> {
    let display = one_line(directory);
    let at = existing_directory(directory)?;
    match (&request.reference, worktree::around(&at)?) {
        (None, None) => on_disk(request, display, at),
        (None, Some(found)) => in_worktree(request, display, &at, &found),
        (Some(reference), Some(found)) => {
            let prefix = below(&found.top, &at)?;
            from_repository(request, display, found.repo, &prefix, reference)
        }
        (Some(reference), None) => {
            let repo = git::open(&at).map_err(|error| no_repository(&display, error))?;
            from_repository(request, display, repo, &RepoPath::root(), reference)
        }
    }
}

/// What stands at the root of a directory's tree without opening all of it: whether the directory is that root, and the bytes
/// of a file.
pub(super) fn look(directory: &str, file: &RepoPath) -> Result<(bool, Option<Vec<u8>>), SourceError> {
    let at = existing_directory(directory)?;
    let top = worktree::around(&at)?.map_or_else(|| at.clone(), |found| found.top);
    let is_root = top == at;
    let tree = LocalTree::new(top);
    let bytes = read_if_present(&tree, file);
    Ok((is_root, bytes.map_err(|error| unreadable(&one_line(directory), error))?))
}

/// The root of a directory's tree: the top of its repository, or itself.
pub(super) fn top(directory: &str) -> Result<PathBuf, SourceError> {
    let at = existing_directory(directory)?;
    Ok(worktree::around(&at)?.map_or(at, |found| found.top))
}

/// The repository of a directory, if it is in one.
pub(super) fn repository(directory: &str) -> Result<Option<git2::Repository>, SourceError> {
    let at = existing_directory(directory)?;
    Ok(match worktree::around(&at)? {
        Some(found) => Some(found.repo),
        None => git::open(&at).ok(),
    })
}

fn no_repository(display: &str, error: SourceError) -> SourceError {
    match error {
        SourceError::NotFound { .. } => SourceError::Usage {
            problem: format!("{display} is not in a git repository, so it has no revisions"),
            hint: "leave out --ref to read the files as they are".to_owned(),
        },
        named => named,
    }
}

fn existing_directory(directory: &str) -> Result<PathBuf, SourceError> {
    let missing = |problem: &str| SourceError::NotFound {
        place: one_line(directory),
        problem: problem.to_owned(),
        hint: directory_hint(directory),
    };
    let at = fs::canonicalize(directory).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing("no such directory"),
        _ => missing(&error.to_string()),
    })?;
    if at.is_dir() { Ok(at) } else { Err(missing("not a directory")) }
}

fn directory_hint(directory: &str) -> String {
    let path = Path::new(directory);
    if path.is_file() {
        return format!("name its directory, or pipe it: gitops diff - < {}", one_line(directory));
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let near = near_names(&name, &sub_directories(parent));
    if near.is_empty() {
        "name a directory, a URL such as https://HOST/PATH, or - for the standard input".to_owned()
    } else {
        format!("did you mean {}?", one_line(&near.join(" or ")))
    }
}

fn sub_directories(parent: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn on_disk(request: &Request, display: String, at: PathBuf) -> Result<Snapshot, SourceError> {
    let tree = LocalTree::new(at);
    let prefix = chosen_path(request, &tree, &RepoPath::root(), &display, None)?;
    Ok(Snapshot {
        display,
        reference: None,
        commit: None,
        branch: None,
        tag: None,
        dirty: false,
        origin_url: None,
        tree: Box::new(tree),
        prefix,
        warnings: Vec::new(),
    })
}

fn in_worktree(
    request: &Request,
    display: String,
    at: &Path,
    found: &worktree::Worktree,
) -> Result<Snapshot, SourceError> {
    let tree = LocalTree::new(found.top.clone());
    let start = below(&found.top, at)?;
    let prefix = chosen_path(request, &tree, &start, &display, None)?;
    let head = worktree::head(&found.repo, &display)?;
    let submodules = worktree::submodules(&found.repo, &display, &prefix)?;
    Ok(Snapshot {
        reference: None,
        dirty: worktree::is_dirty(&found.repo, &display, &prefix)?,
        commit: head.commit,
        branch: head.branch,
        tag: None,
        origin_url: worktree::origin_url(&found.repo),
        tree: Box::new(tree),
        prefix,
        warnings: submodule_warnings(&submodules),
        display,
    })
}

/// The path of a canonical directory below another.
fn below(top: &Path, at: &Path) -> Result<RepoPath, SourceError> {
    let path = at.strip_prefix(top).unwrap_or(at);
    let failed = |problem: &str| SourceError::Store {
        place: one_line(&at.display().to_string()),
        problem: problem.to_owned(),
    };
    let text = path.to_str().ok_or_else(|| failed("the path is not UTF-8"))?;
    text.split('/').filter(|name| !name.is_empty()).try_fold(RepoPath::root(), |path, name| {
        match names::problem_with(name) {
            Some(problem) => Err(failed(&format!("{name:?} {problem}"))),
            None => Ok(path.child(name)),
        }
    })
}
