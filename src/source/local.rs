//! A directory of this machine as a [`FileTree`]: what is on disk now, links not followed.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to the working directory")]

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::source::names::is_dot_git;
use crate::source::tree::{
    EntryKind, FileTree, MAX_FILE_BYTES, RepoPath, TreeError, checked_content, too_large,
};

/// The files below a directory.
///
/// `.git` is not part of the tree, and a directory below the root that holds one is another repository:
/// [`EntryKind::Submodule`], as in a commit. Sockets and devices appear as files that cannot be read.
#[derive(Debug)]
pub struct LocalTree {
    root: PathBuf,
}

impl LocalTree {
    /// A tree over a directory that exists.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn on_disk(&self, path: &RepoPath) -> PathBuf {
        self.root.join(path.as_str())
    }

    /// Metadata of what stands at a path, each directory above it checked to be one and no link.
    fn metadata(&self, path: &RepoPath) -> Result<Option<Metadata>, TreeError> {
        let mut at = self.root.clone();
        let mut found = fs::metadata(&at).map_err(|error| unreadable(path, &error))?;
        for name in path.components() {
            let is_boundary = at != self.root && is_repository(&at);
            if !found.is_dir() || is_dot_git(name) || is_boundary {
                return Ok(None);
            }
            at.push(name);
            found = match fs::symlink_metadata(&at) {
                Ok(metadata) => metadata,
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(unreadable(path, &error)),
            };
        }
        Ok(Some(found))
    }

    fn existing(&self, path: &RepoPath) -> Result<(Metadata, EntryKind), TreeError> {
        let metadata = self.metadata(path)?.ok_or_else(|| TreeError::NotFound(path.clone()))?;
        let kind = self.kind(path, &metadata);
        Ok((metadata, kind))
    }

    fn kind(&self, path: &RepoPath, metadata: &Metadata) -> EntryKind {
        if metadata.is_symlink() {
            EntryKind::Link
        } else if !metadata.is_dir() {
            EntryKind::File
        } else if !path.is_root() && is_repository(&self.on_disk(path)) {
            EntryKind::Submodule
        } else {
            EntryKind::Directory
        }
    }
}

impl FileTree for LocalTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<EntryKind>, TreeError> {
        let metadata = self.metadata(path)?;
        Ok(metadata.map(|metadata| self.kind(path, &metadata)))
    }

    fn list(&self, directory: &RepoPath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        if self.existing(directory)?.1 != EntryKind::Directory {
            return Err(unreadable_because(directory, "not a directory"));
        }
        let failed = |error: io::Error| unreadable(directory, &error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.on_disk(directory)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string().map_err(|name| {
                unreadable_because(directory, &format!("the name {:?} is not UTF-8", name.to_string_lossy()))
            })?;
            if is_dot_git(&name) {
                continue;
            }
            // An entry that vanished since the directory was read is not listed.
            match fs::symlink_metadata(entry.path()) {
                Ok(metadata) => {
                    let kind = self.kind(&directory.child(&name), &metadata);
                    entries.push((name, kind));
                }
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        Ok(entries)
    }

    fn read(&self, file: &RepoPath) -> Result<Vec<u8>, TreeError> {
        let (before, _) = self.existing(file)?;
        if !before.is_file() {
            return Err(unreadable_because(file, "not a regular file"));
        }
        if before.len() > MAX_FILE_BYTES {
            return Err(too_large(file, before.len()));
        }
        let failed = |error: io::Error| unreadable(file, &error);
        let open = File::open(self.on_disk(file)).map_err(failed)?;
        let opened = open.metadata().map_err(failed)?;
        // A link put in place of the file between the look and the opening leads to another file.
        if (opened.dev(), opened.ino()) != (before.dev(), before.ino()) {
            return Err(unreadable_because(file, "replaced while it was read"));
        }
        let mut content = Vec::with_capacity(usize::try_from(opened.len()).unwrap_or(0));
        open.take(MAX_FILE_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err(too_large(file, content.len() as u64));
        }
        checked_content(file, content)
    }

    fn link(&self, path: &RepoPath) -> Result<String, TreeError> {
        if self.existing(path)?.1 != EntryKind::Link {
            return Err(unreadable_because(path, "not a symbolic link"));
        }
        let target = fs::read_link(self.on_disk(path)).map_err(|error| unreadable(path, &error))?;
        target
            .into_os_string()
            .into_string()
            .map_err(|_| unreadable_because(path, "the link's target is not UTF-8"))
    }
}

fn is_repository(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(".git")).is_ok()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &RepoPath, error: &io::Error) -> TreeError {
    unreadable_because(path, &error.to_string())
}

fn unreadable_because(path: &RepoPath, problem: &str) -> TreeError {
    TreeError::Unreadable { path: path.clone(), problem: problem.to_owned() }
}
