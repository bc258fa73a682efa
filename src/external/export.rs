//! The files of a commit, written to a directory of one run: its name is random, nobody else can read it, and it goes with
//! the run. One that a run left behind because it was killed goes with the next.
#![expect(clippy::disallowed_methods, reason = "writes files for a program: an edge")]

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ExportError;
use crate::source::tree::{EntryKind, FileTree, MAX_FILES, MAX_TOTAL_BYTES, RepoPath, TreeError, resolve};

/// Name of the file that a run holds locked while it uses its directory.
const LOCK: &str = "lock";
/// Name of the directory with the files.
const FILES: &str = "files";
/// Deepest directory that is written.
const MAX_DEPTH: usize = 64;

/// An exported tree; it is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Export {
    directory: TempDir,
    _lock: File,
}

impl Export {
    /// Writes a whole tree below a directory of exports, which is made (mode 0700). What earlier runs left there is removed.
    ///
    /// # Errors
    /// The tree cannot be read, is too large, or holds a link that leads out of it; the files cannot be written.
    pub(super) fn new(tree: &dyn FileTree, exports: &Path) -> Result<Self, ExportError> {
        let failed = |error| ExportError::at(exports, error);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(exports)
            .and_then(|()| fs::set_permissions(exports, Permissions::from_mode(0o700)))
            .map_err(failed)?;
        remove_stale(exports);
        let directory = tempfile::Builder::new()
            .prefix("run-")
            .rand_bytes(16)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(exports)
            .map_err(failed)?;
        let lock = locked(directory.path()).map_err(failed)?;
        let mut writer = Writer { tree, root: directory.path().join(FILES), files: 0, bytes: 0 };
        writer.directory(&RepoPath::root(), 0)?;
        Ok(Self { directory, _lock: lock })
    }

    /// A directory of the tree, where it was written.
    pub(super) fn path(&self, directory: &RepoPath) -> PathBuf {
        self.directory.path().join(FILES).join(directory.as_str())
    }
}

fn locked(directory: &Path) -> std::io::Result<File> {
    // It has its name when it is locked: another run takes a lock that it can get for one that was left behind.
    let new = directory.join("lock.new");
    let lock = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    lock.lock()?;
    fs::rename(new, directory.join(LOCK))?;
    Ok(lock)
}

/// Removes the directories that no run holds. What cannot be removed is left to the next run.
fn remove_stale(exports: &Path) {
    for entry in fs::read_dir(exports).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with("run-");
        if is_ours && path.is_dir() && !path.is_symlink() && is_free(&path.join(LOCK)) {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// True if a lock was held and is held no longer. A directory without one is just being made.
fn is_free(lock: &Path) -> bool {
    match File::open(lock).map(|lock| lock.try_lock()) {
        Ok(Ok(())) => true,
        Ok(Err(TryLockError::WouldBlock | TryLockError::Error(_))) | Err(_) => false,
    }
}

struct Writer<'t> {
    tree: &'t dyn FileTree,
    root: PathBuf,
    files: usize,
    bytes: u64,
}

impl Writer<'_> {
    fn directory(&mut self, path: &RepoPath, depth: usize) -> Result<(), ExportError> {
        if depth > MAX_DEPTH {
            return Err(ExportError::Limit(format!("{path} is nested deeper than {MAX_DEPTH} directories")));
        }
        self.count(0)?;
        let at = self.root.join(path.as_str());
        DirBuilder::new().mode(0o700).create(&at).map_err(|error| ExportError::at(&at, error))?;
        for (name, kind) in self.tree.list(path)? {
            let path = path.child(&name);
            match kind {
                EntryKind::Directory => self.directory(&path, depth + 1)?,
                EntryKind::File => self.file(&path)?,
                EntryKind::Link => self.link(&path)?,
                // Its files are in another repository.
                EntryKind::Submodule => {}
            }
        }
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), ExportError> {
        self.files += 1;
        self.bytes += bytes as u64;
        if self.files > MAX_FILES {
            return Err(ExportError::Limit(format!("it has more than {MAX_FILES} files and directories")));
        }
        if self.bytes > MAX_TOTAL_BYTES {
            return Err(ExportError::Limit(format!("its files hold more than {MAX_TOTAL_BYTES} bytes")));
        }
        Ok(())
    }

    fn file(&mut self, path: &RepoPath) -> Result<(), ExportError> {
        let content = match self.tree.read(path) {
            // A build that needs the content fails without it.
            Err(TreeError::LfsPointer(_)) => return Ok(()),
            content => content?,
        };
        self.count(content.len())?;
        let at = self.root.join(path.as_str());
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&at);
        file.and_then(|mut file| file.write_all(&content)).map_err(|error| ExportError::at(&at, error))
    }

    /// A link inside the tree is written as it is; one that leads out of it refuses the whole tree.
    fn link(&mut self, path: &RepoPath) -> Result<(), ExportError> {
        self.count(0)?;
        match resolve(self.tree, path) {
            Ok(_) => {}
            // A link to nothing inside the tree leads to nothing there as well.
            Err(TreeError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let at = self.root.join(path.as_str());
        symlink(self.tree.link(path)?, &at).map_err(|error| ExportError::at(&at, error))
    }
}
