//! A commit as a [`FileTree`]: read from the object database, never checked out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use git2::{ErrorCode, ObjectType, Oid, Repository};

use crate::source::escape::one_line;
use crate::source::loose;
use crate::source::names::problem_with;
use crate::source::tree::{
    EntryKind, FileTree, MAX_FILE_BYTES, RepoPath, TreeError, checked_content, too_large,
};

/// Deepest directory that is looked at.
const MAX_DEPTH: usize = 256;
/// Largest link target, in bytes: longer ones are no paths.
const MAX_LINK_BYTES: u64 = 4_096;

/// The files of one commit.
///
/// Directories are read when they are asked for and kept. Threads that read at the same time get a handle of their own.
pub struct CommitTree {
    git_dir: PathBuf,
    handles: Mutex<Vec<Repository>>,
    root: Oid,
    partial: bool,
    directories: Mutex<BTreeMap<Oid, Arc<[Entry]>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    kind: EntryKind,
    id: Oid,
}

impl CommitTree {
    /// A tree over the objects of an open repository. Of a partial clone, [`Self::submodules`] looks whether files are missing.
    pub(crate) fn new(repo: Repository, root: Oid, partial: bool) -> Self {
        Self {
            git_dir: repo.path().to_owned(),
            handles: Mutex::new(vec![repo]),
            root,
            partial,
            directories: Mutex::default(),
        }
    }

    fn with_repo<T>(
        &self,
        path: &RepoPath,
        work: impl FnOnce(&Repository) -> Result<T, git2::Error>,
    ) -> Result<T, TreeError> {
        let idle = self.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let repo = match idle {
            Some(repo) => repo,
            None => Repository::open(&self.git_dir).map_err(|error| unreadable(path, &error))?,
        };
        let result = work(&repo).map_err(|error| unreadable(path, &error));
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(repo);
        result
    }

    fn directory(&self, path: &RepoPath, id: Oid) -> Result<Arc<[Entry]>, TreeError> {
        let mut known = self.directories.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entries) = known.get(&id) {
            return Ok(Arc::clone(entries));
        }
        let raw = self.with_repo(path, |repo| {
            loose::check(repo, id)?;
            let tree = repo.find_tree(id)?;
            Ok(tree
                .iter()
                .map(|entry| (entry.name_bytes().to_owned(), entry.filemode_raw(), entry.id()))
                .collect::<Vec<_>>())
        })?;
        let entries: Arc<[Entry]> = checked_entries(path, raw)?.into();
        known.insert(id, Arc::clone(&entries));
        Ok(entries)
    }

    fn find(&self, path: &RepoPath) -> Result<Option<(EntryKind, Oid)>, TreeError> {
        let mut found = (EntryKind::Directory, self.root);
        let mut at = RepoPath::root();
        for name in path.components() {
            if found.0 != EntryKind::Directory {
                return Ok(None);
            }
            let entries = self.directory(&at, found.1)?;
            match entries.binary_search_by(|entry| entry.name.as_bytes().cmp(name.as_bytes())) {
                Ok(index) => found = (entries[index].kind, entries[index].id),
                Err(_) => return Ok(None),
            }
            at = at.child(name);
        }
        Ok(Some(found))
    }

    fn blob(&self, path: &RepoPath, expected: EntryKind, limit: u64) -> Result<Vec<u8>, TreeError> {
        let (kind, id) = self.find(path)?.ok_or_else(|| TreeError::NotFound(path.clone()))?;
        if kind != expected {
            let problem = match expected {
                EntryKind::Link => "not a symbolic link",
                _ => "not a regular file",
            };
            return Err(unreadable_because(path, problem));
        }
        let (bytes, object) = self.with_repo(path, |repo| {
            loose::check(repo, id)?;
            repo.odb()?.read_header(id)
        })?;
        if object != ObjectType::Blob {
            return Err(unreadable_because(path, "the object is not a file"));
        }
        if bytes as u64 > limit {
            return Err(too_large(path, bytes as u64));
        }
        self.with_repo(path, |repo| Ok(repo.find_blob(id)?.content().to_owned()))
    }

    fn look_for(&self, path: &RepoPath, id: Oid) -> Result<(), TreeError> {
        if self.with_repo(path, |repo| Ok(repo.odb()?.exists(id)))? {
            Ok(())
        } else {
            Err(TreeError::Absent(path.clone()))
        }
    }

    /// Paths of the submodules below a directory, sorted. Every directory below it is read and its names checked; one that
    /// stands in several places is read once.
    ///
    /// # Errors
    /// [`TreeError`] for directories that cannot be read, hostile names, and nesting that is too deep.
    pub(crate) fn submodules(&self, below: &RepoPath) -> Result<Vec<RepoPath>, TreeError> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut waiting = Vec::new();
        match self.find(below)? {
            Some((EntryKind::Directory, id)) => waiting.push((below.clone(), id)),
            _ => return Ok(found),
        }
        while let Some((path, id)) = waiting.pop() {
            if !seen.insert(id) {
                continue;
            }
            if path.components().count() > MAX_DEPTH {
                return Err(TreeError::TooLarge {
                    path,
                    problem: format!("nested deeper than {MAX_DEPTH} directories"),
                });
            }
            for entry in self.directory(&path, id)?.iter() {
                match entry.kind {
                    EntryKind::Directory => waiting.push((path.child(&entry.name), entry.id)),
                    EntryKind::Submodule => found.push(path.child(&entry.name)),
                    EntryKind::File | EntryKind::Link if self.partial => {
                        self.look_for(&path.child(&entry.name), entry.id)?
                    }
                    EntryKind::File | EntryKind::Link => {}
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

impl FileTree for CommitTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<EntryKind>, TreeError> {
        Ok(self.find(path)?.map(|(kind, _)| kind))
    }

    fn list(&self, directory: &RepoPath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        match self.find(directory)? {
            Some((EntryKind::Directory, id)) => Ok(self
                .directory(directory, id)?
                .iter()
                .map(|entry| (entry.name.clone(), entry.kind))
                .collect()),
            Some(_) => Err(unreadable_because(directory, "not a directory")),
            None => Err(TreeError::NotFound(directory.clone())),
        }
    }

    fn read(&self, file: &RepoPath) -> Result<Vec<u8>, TreeError> {
        checked_content(file, self.blob(file, EntryKind::File, MAX_FILE_BYTES)?)
    }

    fn link(&self, path: &RepoPath) -> Result<String, TreeError> {
        String::from_utf8(self.blob(path, EntryKind::Link, MAX_LINK_BYTES)?)
            .map_err(|_| unreadable_because(path, "the link's target is not UTF-8"))
    }
}

/// Checks the names of a directory, and sorts them: git's own order puts a slash behind the names of directories.
fn checked_entries(path: &RepoPath, raw: Vec<(Vec<u8>, i32, Oid)>) -> Result<Vec<Entry>, TreeError> {
    let mut entries = Vec::with_capacity(raw.len());
    for (name, mode, id) in raw {
        let name = String::from_utf8(name).map_err(|error| {
            let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
            unreadable_because(path, &format!("the name {name:?} is not UTF-8"))
        })?;
        if let Some(problem) = problem_with(&name) {
            return Err(hostile(path, name, problem));
        }
        let Some(kind) = kind_of(mode) else {
            return Err(hostile(path, name, "has a mode that git does not know"));
        };
        entries.push(Entry { name, kind, id });
    }
    entries.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => Err(hostile(path, pair[0].name.clone(), "stands there twice")),
        None => Ok(entries),
    }
}

fn kind_of(mode: i32) -> Option<EntryKind> {
    match mode & 0o170_000 {
        0o040_000 => Some(EntryKind::Directory),
        0o100_000 => Some(EntryKind::File),
        0o120_000 => Some(EntryKind::Link),
        0o160_000 => Some(EntryKind::Submodule),
        _ => None,
    }
}

fn hostile(path: &RepoPath, name: String, problem: &'static str) -> TreeError {
    TreeError::HostileName { path: path.clone(), name, problem }
}

fn unreadable(path: &RepoPath, error: &git2::Error) -> TreeError {
    if error.code() == ErrorCode::NotFound {
        return TreeError::Absent(path.clone());
    }
    unreadable_because(path, &one_line(error.message()))
}

fn unreadable_because(path: &RepoPath, problem: &str) -> TreeError {
    TreeError::Unreadable { path: path.clone(), problem: problem.to_owned() }
}
