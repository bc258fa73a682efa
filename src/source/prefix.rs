//! The directory inside a tree that is rendered. One that is missing is an error that names its neighbours, never an empty set.

use crate::source::error::near_names;
use crate::source::tree::{EntryKind, FileTree, RepoPath, TreeError, resolve};
use crate::source::{Request, SourceError};

/// The directory that `--path` names below `start`, links followed inside the tree.
pub(super) fn chosen_path(
    request: &Request,
    tree: &dyn FileTree,
    start: &RepoPath,
    place: &str,
    revision: Option<&str>,
) -> Result<RepoPath, SourceError> {
    let path = match &request.path {
        Some(path) => start.join(path).map_err(|error| SourceError::Usage {
            problem: format!("--path: {error}"),
            hint: "--path names a directory inside the source".to_owned(),
        })?,
        None => start.clone(),
    };
    existing_directory(tree, &path, place, revision)
}

/// A directory of a tree, links followed inside it.
pub(super) fn existing_directory(
    tree: &dyn FileTree,
    path: &RepoPath,
    place: &str,
    revision: Option<&str>,
) -> Result<RepoPath, SourceError> {
    match resolve(tree, path) {
        Ok((found, EntryKind::Directory)) => Ok(found),
        Ok((_, EntryKind::Submodule)) => Err(SourceError::Unsupported {
            place: place.to_owned(),
            feature: format!("a submodule at {:?}", path.as_str()),
            hint: "name the submodule's own repository as SOURCE".to_owned(),
        }),
        Ok(_) | Err(TreeError::NotFound(_)) => Err(SourceError::PathMissing {
            place: place.to_owned(),
            path: path.as_str().to_owned(),
            revision: revision.map(str::to_owned),
            near: near_directories(tree, path),
        }),
        Err(error) => Err(unreadable(place, error)),
    }
}

/// Directories that a wrong path may have meant: in the deepest directory of it that exists.
fn near_directories(tree: &dyn FileTree, path: &RepoPath) -> Vec<String> {
    let mut parent = RepoPath::root();
    for name in path.components() {
        let next = parent.child(name);
        if !matches!(tree.entry(&next), Ok(Some(EntryKind::Directory))) {
            let siblings = directories(tree, &parent);
            let names: Vec<String> = siblings.iter().map(|path| path.file_name().to_owned()).collect();
            let near = near_names(name, &names);
            let shown = if near.is_empty() { names.into_iter().take(5).collect() } else { near };
            return shown.iter().map(|name| parent.child(name).as_str().to_owned()).collect();
        }
        parent = next;
    }
    Vec::new()
}

fn directories(tree: &dyn FileTree, parent: &RepoPath) -> Vec<RepoPath> {
    tree.list(parent)
        .unwrap_or_default()
        .into_iter()
        .filter(|(name, kind)| *kind == EntryKind::Directory && !name.starts_with('.'))
        .map(|(name, _)| parent.child(&name))
        .collect()
}

pub(super) fn unreadable(place: &str, error: TreeError) -> SourceError {
    SourceError::Tree { place: place.to_owned(), error }
}
