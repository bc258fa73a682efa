//! The bare repositories into which URLs are fetched: one for each URL, private to the user, safe for two runs at once.
//!
//! Next to `<key>` stands `<key>.lock`, held while something is written. Fetched refs are kept under `refs/gitops/` with
//! their names in hexadecimal, so that no name of a server becomes a path.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to the cache directory")]

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use git2::{Oid, Repository, RepositoryInitOptions};
use sha2::{Digest, Sha256};

use crate::object::digest::hex;
use crate::source::error::SourceError;
use crate::source::escape::one_line;
use crate::source::git::store;
use crate::source::url::GitUrl;

/// Namespace of refs that one fetch fills; emptied before and after.
pub(crate) const INCOMING: &str = "refs/gitops/incoming";
const KEPT: &str = "refs/gitops/kept";

/// The cache of one URL.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    directory: PathBuf,
    lock: PathBuf,
}

/// What kind of name a kept ref stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The default branch of the server.
    Default,
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A full ref name, or one of the server's own namespaces.
    Other,
    /// A commit id that was asked for.
    Commit,
}

impl Kept {
    fn directory(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Branch => "branch",
            Self::Tag => "tag",
            Self::Other => "other",
            Self::Commit => "commit",
        }
    }
}

impl Entry {
    /// The entry for a URL below a cache directory, which is created (mode 0700).
    ///
    /// # Errors
    /// [`SourceError::Store`] if the directory cannot be created.
    pub(crate) fn new(cache: &Path, url: &GitUrl) -> Result<Self, SourceError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(cache)
            .and_then(|()| fs::set_permissions(cache, Permissions::from_mode(0o700)))
            .map_err(|error| failed(cache, &error))?;
        let key = hex(&Sha256::digest(url.to_string().trim_end_matches('/'))[..16]);
        Ok(Self { directory: cache.join(format!("{key}.git")), lock: cache.join(format!("{key}.lock")) })
    }

    /// Takes the lock; another run that holds it is waited for. The lock ends with the returned file.
    ///
    /// # Errors
    /// [`SourceError::Store`] if the lock is not free in time.
    pub(crate) fn lock(&self, patience: Duration) -> Result<File, SourceError> {
        let start = Instant::now();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&self.lock)
            .map_err(|error| failed(&self.lock, &error))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let problem = format!("another run has held the cache for {} s", patience.as_secs());
                    return Err(SourceError::Store { place: shown(&self.lock), problem });
                }
                Err(TryLockError::Error(error)) => return Err(failed(&self.lock, &error)),
            }
        }
    }

    /// The repository, if there is one that can be opened.
    pub(crate) fn open(&self) -> Option<Repository> {
        Repository::open_bare(&self.directory).ok()
    }

    /// The repository, created if it is missing and anew if it is damaged. Needs the lock.
    ///
    /// # Errors
    /// [`SourceError::Store`].
    pub(crate) fn open_or_create(&self) -> Result<Repository, SourceError> {
        if let Some(repo) = self.open() {
            forget_incoming(&repo);
            return Ok(repo);
        }
        if self.directory.exists() {
            fs::remove_dir_all(&self.directory).map_err(|error| failed(&self.directory, &error))?;
        }
        // No templates: they may hold hooks and settings.
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkdir(true).external_template(false);
        let repo = Repository::init_opts(&self.directory, &options)
            .map_err(|error| store(shown(&self.directory), &error))?;
        self.make_private()?;
        Ok(repo)
    }

    /// Takes all rights from group and others; libgit2 writes packs that anybody may read.
    ///
    /// # Errors
    /// [`SourceError::Store`].
    pub(crate) fn make_private(&self) -> Result<(), SourceError> {
        private(&self.directory).map_err(|error| failed(&self.directory, &error))
    }

    /// The path, for messages.
    pub(crate) fn display(&self) -> String {
        shown(&self.directory)
    }
}

fn private(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = if metadata.is_dir() { 0o700 } else { 0o600 };
    if metadata.permissions().mode() & 0o777 != mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            private(&entry?.path())?;
        }
    }
    Ok(())
}

/// Keeps a commit under a name for later runs, offline ones among them.
///
/// # Errors
/// libgit2's, if the ref cannot be written.
pub(crate) fn keep(repo: &Repository, kind: Kept, name: &str, commit: Oid) -> Result<(), git2::Error> {
    if kind == Kept::Default {
        forget(repo, &format!("{KEPT}/{}/*", kind.directory()));
    }
    repo.reference(&kept_ref(kind, name), commit, true, "").map(|_| ())
}

/// The commit that was kept under a name.
pub(crate) fn kept(repo: &Repository, kind: Kept, name: &str) -> Option<Oid> {
    repo.find_reference(&kept_ref(kind, name)).ok()?.target()
}

/// Names that were kept, sorted, with their commits.
pub(crate) fn kept_names(repo: &Repository, kind: Kept) -> Vec<(String, Oid)> {
    let prefix = format!("{KEPT}/{}/", kind.directory());
    let mut names: Vec<(String, Oid)> = repo
        .references_glob(&format!("{prefix}*"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|reference| {
            Some((unhex(reference.name().ok()?.strip_prefix(&prefix)?)?, reference.target()?))
        })
        .collect();
    names.sort();
    names
}

/// Deletes the refs of an earlier fetch, also of one that was interrupted.
pub(crate) fn forget_incoming(repo: &Repository) {
    forget(repo, &format!("{INCOMING}/*"));
}

fn forget(repo: &Repository, glob: &str) {
    for mut reference in repo.references_glob(glob).into_iter().flatten().flatten() {
        // What cannot be deleted is overwritten by the next fetch.
        let _ = reference.delete();
    }
}

fn kept_ref(kind: Kept, name: &str) -> String {
    // File names end at 255 bytes: longer names are kept by their hash.
    let encoded = if name.len() <= 100 {
        hex(name.as_bytes())
    } else {
        format!("sha256-{}", hex(&Sha256::digest(name)))
    };
    format!("{KEPT}/{}/{encoded}", kind.directory())
}

fn unhex(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect();
    String::from_utf8(bytes?).ok()
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}

fn failed(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Store { place: shown(path), problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_hexadecimal() {
        assert_eq!(kept_ref(Kept::Branch, "../x"), "refs/gitops/kept/branch/2e2e2f78");
        assert_eq!(unhex("2e2e2f78").as_deref(), Some("../x"));
        assert_eq!((unhex("2e2"), unhex("zz"), unhex("ff")), (None, None, None));
        assert!(kept_ref(Kept::Tag, &"n".repeat(300)).len() < 120);
    }
}
