//! Files that are kept between runs: private to their owner, whole or absent, and bounded in number and size.
//!
//! Whatever is kept may be lost at any time and costs a later run time, never an answer. Two runs may read and write at
//! once: a file is replaced as a whole, and one that is damaged, or that others could have written, is not used.
#![expect(clippy::disallowed_methods, reason = "keeps files: an edge")]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use crate::object::digest::{hex, of_parts};

const DIGEST: usize = 32;

/// A directory of files of one kind.
#[derive(Debug, Clone, Default)]
pub struct Store {
    directory: Option<PathBuf>,
    bounds: Bounds,
}

/// How much is kept; the oldest files go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Most files.
    pub files: usize,
    /// Most bytes in all, and so in one file.
    pub bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { files: 512, bytes: 128 << 20 }
    }
}

/// A content that is written and not kept yet; dropped, it is gone.
#[derive(Debug)]
pub struct Prepared {
    temporary: tempfile::NamedTempFile,
    file: PathBuf,
    store: Store,
}

impl Prepared {
    /// Keeps it, in place of what was kept under the same key.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn keep(self) -> std::io::Result<()> {
        self.temporary.persist(self.file).map_err(|error| error.error)?;
        self.store.directory.iter().for_each(|directory| self.store.prune(directory));
        Ok(())
    }
}

impl Store {
    /// The files called `kind` below `root`; without a root nothing is kept.
    pub fn new(root: Option<&Path>, kind: &str, bounds: Bounds) -> Self {
        Self { directory: root.map(|root| root.join(kind)), bounds }
    }

    /// True if nothing is kept.
    pub fn is_off(&self) -> bool {
        self.directory.is_none()
    }

    fn file(&self, key: &[&[u8]]) -> Option<PathBuf> {
        Some(self.directory.as_ref()?.join(hex(&of_parts(key))))
    }

    /// The content that was kept under a key.
    pub fn get(&self, key: &[&[u8]]) -> Option<Box<[u8]>> {
        if !is_private(self.directory.as_ref()?) {
            return None;
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(self.file(key)?).ok()?;
        let limit = self.bounds.bytes.saturating_add(DIGEST as u64);
        if file.metadata().ok()?.len() > limit {
            return None;
        }
        file.take(limit).read_to_end(&mut bytes).ok()?;
        let (digest, content) = bytes.split_at_checked(DIGEST)?;
        if Sha256::digest(content)[..] != *digest {
            return None;
        }
        bytes.drain(..DIGEST);
        Some(bytes.into_boxed_slice())
    }

    /// Keeps a content under a key; another run sees all of it or nothing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, key: &[&[u8]], content: &[u8]) -> std::io::Result<()> {
        let (Some(directory), Some(file)) = (&self.directory, self.file(key)) else { return Ok(()) };
        if content.len() as u64 > self.bounds.bytes {
            return Ok(());
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        temporary.write_all(&Sha256::digest(content))?;
        temporary.write_all(content)?;
        temporary.persist(file).map_err(|error| error.error)?;
        self.prune(directory);
        Ok(())
    }

    /// Writes a content beside the kept ones, so that keeping it later can hardly fail. Without a directory, or for more than
    /// the bounds allow, that is an error: here nothing is left out in silence.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn prepare(&self, key: &[&[u8]], content: &[u8]) -> std::io::Result<Prepared> {
        let (Some(directory), Some(file)) = (&self.directory, self.file(key)) else {
            return Err(std::io::Error::other("nothing is kept on disk (--no-cache, or no home directory)"));
        };
        if content.len() as u64 > self.bounds.bytes {
            return Err(std::io::Error::other(format!("it is larger than {} bytes", self.bounds.bytes)));
        }
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        if !is_private(directory) {
            return Err(std::io::Error::other(format!("others may write to {}", directory.display())));
        }
        sweep(directory);
        let mut temporary = tempfile::Builder::new().prefix(UNKEPT).tempfile_in(directory)?;
        temporary.write_all(&Sha256::digest(content))?;
        temporary.write_all(content)?;
        temporary.as_file().sync_all()?;
        Ok(Prepared { temporary, file, store: self.clone() })
    }

    /// Forgets what was kept under a key.
    pub fn forget(&self, key: &[&[u8]]) {
        if let Some(file) = self.file(key) {
            let _ = std::fs::remove_file(file);
        }
    }

    /// Removes the oldest files beyond the bounds. What cannot be removed stays.
    fn prune(&self, directory: &Path) {
        let Ok(entries) = std::fs::read_dir(directory) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| {
                let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .collect();
        files.sort();
        let (mut count, mut bytes) = (files.len(), files.iter().map(|file| file.1).sum::<u64>());
        for (_, length, path) in files {
            if count <= self.bounds.files && bytes <= self.bounds.bytes {
                return;
            }
            let _ = std::fs::remove_file(path);
            count -= 1;
            bytes -= length;
        }
    }
}

/// What the names of files begin with that are written and not kept yet.
const UNKEPT: &str = ".unkept-";
/// A file that is older was left by a run that was killed: no run asks for so long.
const LEFT: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// Removes what killed runs were about to keep.
fn sweep(directory: &Path) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(UNKEPT)) {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        if modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > LEFT)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// True if the directory is ours and nobody else can write to it.
fn is_private(directory: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    std::fs::metadata(directory)
        .is_ok_and(|found| found.uid() == own && found.permissions().mode() & 0o022 == 0)
}

/// What tells this program from any other build of it, so that what one build kept does not decide for another.
pub fn program() -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let stamp =
        file.map(|file| (file.len(), file.mtime(), file.mtime_nsec(), file.ino())).unwrap_or_default();
    format!("{version} {stamp:?}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[&[u8]] = &[b"https://a", b"/p?hash=1"];

    #[test]
    fn what_is_kept_is_whole_and_private() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(Some(root.path()), "things", Bounds::default());
        assert_eq!(store.get(KEY), None);
        store.put(KEY, b"{}").unwrap();
        assert_eq!(store.get(KEY).as_deref(), Some(&b"{}"[..]));
        assert_eq!(store.get(&[b"https://a/", b"p?hash=1"]), None, "another key of the same letters");
        assert_eq!(Store::new(Some(root.path()), "others", Bounds::default()).get(KEY), None);
        let directory = root.path().join("things");
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);

        let file = store.file(KEY).unwrap();
        let whole = std::fs::read(&file).unwrap();
        for end in 0..whole.len() {
            std::fs::write(&file, &whole[..end]).unwrap();
            assert_eq!(store.get(KEY), None, "cut at {end}");
        }
        store.put(KEY, b"{}").unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(store.get(KEY), None, "others could have written it");
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let root = tempfile::tempdir().unwrap();
        let bounds = Bounds { files: 3, bytes: 1_000 };
        let store = Store::new(Some(root.path()), "things", bounds);
        let age = |name: &[u8], seconds| {
            let file = std::fs::File::options().append(true).open(store.file(&[name]).unwrap()).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(seconds)).unwrap();
        };
        for (name, seconds) in [(b"a", 9), (b"b", 8), (b"c", 7)] {
            store.put(&[name], b"x").unwrap();
            age(name, seconds);
        }
        store.put(&[b"d"], b"x").unwrap();
        let kept =
            |names: &[&[u8]]| names.iter().map(|name| store.get(&[name]).is_some()).collect::<Vec<_>>();
        assert_eq!(kept(&[b"a", b"b", b"c", b"d"]), [false, true, true, true]);
        store.put(&[b"e"], &[b'x'; 900]).unwrap();
        assert_eq!(kept(&[b"b", b"c", b"d", b"e"]), [false, true, true, true]);
        store.put(&[b"f"], &[b'x'; 2_000]).unwrap();
        assert_eq!(kept(&[b"e", b"f"]), [true, false], "too large to be kept at all");
    }

    #[test]
    fn what_is_prepared_is_kept_only_when_that_is_said() {
        let root = tempfile::tempdir().unwrap();
        let store = Store::new(Some(root.path()), "things", Bounds { files: 3, bytes: 100 });
        store.put(KEY, b"old").unwrap();
        drop(store.prepare(KEY, b"new").unwrap());
        assert_eq!(store.get(KEY).as_deref(), Some(&b"old"[..]));
        store.prepare(KEY, b"new").unwrap().keep().unwrap();
        assert_eq!(store.get(KEY).as_deref(), Some(&b"new"[..]));
        let file = store.file(KEY).unwrap();
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(store.prepare(KEY, &[b'x'; 101]).unwrap_err().to_string().contains("larger than 100 bytes"));
        let (old, new) = (root.path().join("things/.unkept-a"), root.path().join("things/.unkept-b"));
        for (file, hours) in [(&old, 25), (&new, 23)] {
            let file = std::fs::File::create(file).unwrap();
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(hours * 3_600)).unwrap();
        }
        drop(store.prepare(KEY, b"x").unwrap());
        assert_eq!((old.exists(), new.exists()), (false, true), "a killed run leaves nothing for long");
        store.forget(KEY);
        assert_eq!(store.get(KEY), None);
        let none = Store::new(None, "things", Bounds::default());
        assert!(none.prepare(KEY, b"x").unwrap_err().to_string().contains("nothing is kept on disk"));
        std::fs::set_permissions(root.path().join("things"), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(store.prepare(KEY, b"x").unwrap_err().to_string().contains("others may write"));
    }

    #[test]
    fn without_a_usable_directory_nothing_is_kept() {
        let none = Store::new(None, "things", Bounds::default());
        none.put(KEY, b"{}").unwrap();
        assert_eq!((none.get(KEY), none.is_off()), (None, true));
        let file = tempfile::NamedTempFile::new().unwrap();
        let blocked = Store::new(Some(file.path()), "things", Bounds::default());
        assert!(blocked.put(KEY, b"{}").is_err());
        assert_eq!(blocked.get(KEY), None);
    }
}
