//! Reading files for a build: below the directory of the kustomization that names them, inside the source, each within limits.

use std::sync::Arc;

use super::fault::{Fault, Outcome};
use super::node::Place;
use crate::source::tree::{EntryKind, FileTree, MAX_FILES, MAX_TOTAL_BYTES, RepoPath, TreeError, resolve};

/// Deepest chain of kustomizations.
const MAX_CHAIN: usize = 64;
/// Names of kustomization files.
pub(super) const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Reads files and remembers their names.
pub(super) struct Loader<'t> {
    tree: &'t dyn FileTree,
    /// Names of files, by the numbers that places have.
    pub(super) files: Vec<Arc<str>>,
    bytes: u64,
    /// How many files were read.
    pub(super) count: usize,
}

/// The directory of a kustomization, and of those that led to it.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// The directory, without links.
    pub(super) path: RepoPath,
    /// The directories on the way, this one last.
    chain: Vec<RepoPath>,
    /// As it is called in annotations: relative to the first directory.
    pub(super) shown: String,
}

/// A path that names something outside of the source.
pub(super) fn is_remote(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let scheme = ["http://", "https://", "ssh://", "git://", "file://", "git::", "gh:", "oci://", "git@"];
    let host = ["github.com/", "github.com:", "gitlab.com/", "bitbucket.org/", "git@"];
    scheme.iter().chain(&host).any(|start| lower.starts_with(start))
        || (lower.contains("?ref=")
            || lower.contains(".git/")
            || lower.ends_with(".git")
            || lower.contains("_git/"))
            && !lower.starts_with('.')
}

impl<'t> Loader<'t> {
    pub(super) fn new(tree: &'t dyn FileTree) -> Self {
        Self { tree, files: Vec::new(), bytes: 0, count: 0 }
    }

    /// The number of a file.
    pub(super) fn number(&mut self, path: &str) -> u32 {
        self.files.push(path.into());
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The first directory of a build.
    pub(super) fn start(&self, place: &RepoPath) -> Outcome<Directory> {
        match resolve(self.tree, place) {
            Ok((path, EntryKind::Directory)) => {
                Ok(Directory { chain: vec![path.clone()], path, shown: String::new() })
            }
            Ok((path, _)) => Err(Fault::of_file(&path.to_string(), "is no directory")),
            Err(error) => Err(Fault::of_file(&place.to_string(), error.to_string())),
        }
    }

    /// A directory that is named by the kustomization of another.
    pub(super) fn enter(&self, from: &Directory, path: &str, place: Place) -> Outcome<Directory> {
        if path.is_empty() {
            return Err(Fault::at(place, "the path is empty"));
        }
        let (found, kind) = self.find(from, path, place)?;
        if kind != EntryKind::Directory {
            return Err(Fault::at(place, format!("{path} is no directory")));
        }
        if let Some(above) = from.chain.iter().find(|dir| contains(&found, dir)) {
            let what = if *above == found {
                "is being built already"
            } else {
                "contains a kustomization that is being built"
            };
            return Err(Fault::at(place, format!("a cycle: the directory {found} {what}"))
                .hint("a kustomization cannot be built from itself; move what both need into a directory of its own"));
        }
        if from.chain.len() >= MAX_CHAIN {
            return Err(Fault::at(place, format!("a chain of more than {MAX_CHAIN} kustomizations")));
        }
        let mut chain = from.chain.clone();
        chain.push(found.clone());
        Ok(Directory { path: found, chain, shown: join_shown(&from.shown, path) })
    }

    fn find(&self, from: &Directory, path: &str, place: Place) -> Outcome<(RepoPath, EntryKind)> {
        if is_remote(path) {
            return Err(remote(path, place));
        }
        let joined = from.path.join(path).map_err(|error| Fault::at(place, error.to_string()))?;
        resolve(self.tree, &joined).map_err(|error| {
            let fault = Fault::at(
                place,
                match &error {
                    TreeError::NotFound(_) => format!("{path}: no such file or directory"),
                    other => other.to_string(),
                },
            );
            match self.near(&joined) {
                Some(name) if matches!(error, TreeError::NotFound(_)) => {
                    fault.hint(format!("did you mean {name}?"))
                }
                _ => fault,
            }
        })
    }

    /// A name like the one that is missing, in the same directory.
    fn near(&self, missing: &RepoPath) -> Option<String> {
        let names = self.tree.list(&missing.parent()).ok()?;
        super::fault::near(missing.file_name(), names.iter().map(|(name, _)| name.as_str()))
            .map(str::to_owned)
    }

    /// True if the path is a file, whatever is wrong with reading it.
    pub(super) fn is_file(&self, from: &Directory, path: &str) -> bool {
        let joined = from.path.join(path).ok();
        let found = joined.and_then(|joined| resolve(self.tree, &joined).ok());
        found.is_some_and(|(_, kind)| kind == EntryKind::File)
    }

    /// The content of a file that lies in the directory or below, and its number.
    pub(super) fn read(&mut self, from: &Directory, path: &str, place: Place) -> Outcome<(Vec<u8>, u32)> {
        let (found, kind) = self.find(from, path, place)?;
        if kind != EntryKind::File {
            return Err(Fault::at(place, format!("{path} is no file")));
        }
        if !contains(&from.path, &found.parent()) {
            return Err(Fault::at(place, format!("{path} does not lie in {} or below it", from.path))
                .hint("kustomize reads no files from outside the directory of the kustomization; move the file, or make a kustomization beside it and name that"));
        }
        let content = self.content(&found, place)?;
        let number = self.number(found.as_str());
        Ok((content, number))
    }

    fn content(&mut self, file: &RepoPath, place: Place) -> Outcome<Vec<u8>> {
        self.count += 1;
        if self.count > MAX_FILES {
            return Err(Fault::at(place, format!("more than {MAX_FILES} files are read")));
        }
        let content = self.tree.read(file).map_err(|error| Fault::at(place, error.to_string()))?;
        self.bytes += content.len() as u64;
        if self.bytes > MAX_TOTAL_BYTES {
            let message = format!(
                "the files hold more than {MAX_TOTAL_BYTES} bytes in all, which is the limit of one run"
            );
            return Err(Fault::at(place, message));
        }
        Ok(content)
    }

    /// The kustomization file of a directory: its name, content and number.
    pub(super) fn kustomization(&mut self, dir: &Directory, place: Place) -> Outcome<(String, Vec<u8>, u32)> {
        let exists = |name: &&&str| {
            let path = dir.path.child(name);
            resolve(self.tree, &path)
                .is_ok_and(|(found, kind)| kind == EntryKind::File && contains(&dir.path, &found.parent()))
        };
        let found: Vec<&str> = FILE_NAMES.iter().filter(exists).copied().collect();
        match found[..] {
            [name] => {
                let path = resolve(self.tree, &dir.path.child(name))
                    .map_err(|error| Fault::at(place, error.to_string()))?
                    .0;
                let content = self.content(&path, place)?;
                let number = self.number(dir.path.child(name).as_str());
                Ok((name.to_owned(), content, number))
            }
            [] => Err(Fault::at(place, format!("the directory {} holds no kustomization", dir.path))
                .hint("expected one of kustomization.yaml, kustomization.yml and Kustomization")),
            _ => Err(Fault::at(
                place,
                format!("the directory {} holds several kustomizations: {}", dir.path, found.join(", ")),
            )
            .hint("keep one of them")),
        }
    }
}

/// True if a directory is another or lies in it.
fn contains(outer: &RepoPath, inner: &RepoPath) -> bool {
    let mut inner = inner.components();
    outer.components().all(|part| inner.next() == Some(part))
}

/// The error for what would have to be fetched.
pub(super) fn remote(path: &str, place: Place) -> Fault {
    let shown: String = path.chars().take(200).collect();
    Fault::at(place, format!("{shown} is remote, and nothing is fetched while rendering"))
        .hint("--allow-remote is not there yet; copy what it names into the repository and name the copy")
}

/// A path relative to the first directory, resolved by name.
pub(super) fn join_shown(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
