//! A repository as a value: a read-only tree of files that knows nothing outside itself.
//!
//! Renderers read through [`FileTree`] alone, so a link to `/etc/passwd` in a repository is only text, and no path leaves
//! the tree. [`resolve`] is the one place that follows symbolic links.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// Largest sum of all files that one run reads, in bytes.
pub const MAX_TOTAL_BYTES: u64 = 256 * 1024 * 1024;
/// Most files that one run reads.
pub const MAX_FILES: usize = 20_000;
/// Longest chain of symbolic links that is followed.
const MAX_LINKS: usize = 32;

/// A path inside a tree: components joined by `/`, no leading slash, never `.` or `..`. The root is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// The root of the tree.
    pub fn root() -> Self {
        Self::default()
    }

    /// Joins a relative path, resolving `.` and `..` by name.
    ///
    /// # Errors
    /// [`PathError`] for absolute paths, paths above the root, NUL, backslashes, drive letters and URLs.
    pub fn join(&self, relative: &str) -> Result<Self, PathError> {
        refuse_foreign(relative)?;
        let mut parts: Vec<&str> = self.components().collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(|| PathError::Outside(relative.to_owned()))?;
                }
                name => parts.push(name),
            }
        }
        Ok(Self(parts.join("/").into()))
    }

    /// Appends one name that was read from the tree itself.
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// The directory that holds this path; the root holds itself.
    pub fn parent(&self) -> Self {
        self.0.rsplit_once('/').map_or_else(Self::root, |(dir, _)| Self(dir.into()))
    }

    /// The last component, empty for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// The components from the root.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// The text, `/`-separated, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the root of the tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

/// Why a text is not a path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path climbs above the root.
    #[error("path {0:?} leads outside the source")]
    Outside(String),
    /// The path is absolute, a URL, or holds characters that are no part of a path in a repository.
    #[error("path {0:?} is not a relative path inside the source")]
    NotRelative(String),
}

fn refuse_foreign(text: &str) -> Result<(), PathError> {
    let drive = text.as_bytes().get(1) == Some(&b':') && text.as_bytes()[0].is_ascii_alphabetic();
    let foreign = text.starts_with('/') || text.contains(['\0', '\\']) || text.contains("://") || drive;
    if foreign { Err(PathError::NotRelative(text.to_owned())) } else { Ok(()) }
}

/// What stands at a path of a tree, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; its target is text until [`resolve`] follows it.
    Link,
    /// A submodule (a commit of another repository).
    Submodule,
}

/// Why a tree could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing stands at the path.
    #[error("{0}: no such file or directory in the source")]
    NotFound(RepoPath),
    /// A symbolic link leads outside the tree, in a circle, or through too many links.
    #[error("{path}: symbolic link {problem}")]
    Link {
        /// The link.
        path: RepoPath,
        /// What is wrong with it; never holds content from outside the tree.
        problem: String,
    },
    /// A limit of size or number was exceeded.
    #[error("{path}: {problem}")]
    TooLarge {
        /// The file or directory.
        path: RepoPath,
        /// The limit and what was found.
        problem: String,
    },
    /// A path that is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A directory of the tree holds a name that git would never write; the whole tree is refused.
    #[error("{path}: entry {name:?} {problem}: the repository was tampered with")]
    HostileName {
        /// The directory.
        path: RepoPath,
        /// The name.
        name: String,
        /// The rule that it breaks.
        problem: &'static str,
    },
    /// The file holds a Git LFS pointer in place of its content.
    #[error("{0}: the file is a Git LFS pointer, its content is not in the repository; LFS is not supported")]
    LfsPointer(RepoPath),
    /// The file or directory is part of the commit, but the repository does not have it.
    #[error("{0}: its content is missing from the repository (a partial or damaged clone)")]
    Absent(RepoPath),
    /// The store below the tree failed.
    #[error("cannot read {path}: {problem}")]
    Unreadable {
        /// The file or directory.
        path: RepoPath,
        /// The reason given by the store.
        problem: String,
    },
}

/// A read-only tree of files: a commit, a working directory, or values in memory.
///
/// Implementations never follow links and never look outside their root; [`resolve`] does the following.
pub trait FileTree: Send + Sync {
    /// What stands at the path; `None` if nothing does. Links are not followed, also not in the middle of the path.
    ///
    /// # Errors
    /// [`TreeError`] if the store cannot be read.
    fn entry(&self, path: &RepoPath) -> Result<Option<EntryKind>, TreeError>;

    /// Names and kinds in a directory, sorted by the bytes of the name.
    ///
    /// # Errors
    /// [`TreeError`] if the path is no directory or cannot be read.
    fn list(&self, directory: &RepoPath) -> Result<Vec<(String, EntryKind)>, TreeError>;

    /// The bytes of a regular file, at most [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// [`TreeError`] if the path is no file, is too large or cannot be read.
    fn read(&self, file: &RepoPath) -> Result<Vec<u8>, TreeError>;

    /// The target of a symbolic link, as stored.
    ///
    /// # Errors
    /// [`TreeError`] if the path is no link or cannot be read.
    fn link(&self, path: &RepoPath) -> Result<String, TreeError>;
}

/// Follows every symbolic link on the way, inside the tree only, and returns the path that is reached.
///
/// # Errors
/// [`TreeError::NotFound`] if nothing stands there, [`TreeError::Link`] for links that are absolute, escape or loop.
pub fn resolve(tree: &dyn FileTree, path: &RepoPath) -> Result<(RepoPath, EntryKind), TreeError> {
    let mut links = 0;
    let mut done = RepoPath::root();
    let mut kind = EntryKind::Directory;
    let mut rest: Vec<String> = path.components().rev().map(str::to_owned).collect();
    while let Some(part) = rest.pop() {
        if part == ".." {
            if done.is_root() {
                return Err(TreeError::Link {
                    path: path.clone(),
                    problem: "leads outside the source".to_owned(),
                });
            }
            done = done.parent();
            kind = EntryKind::Directory;
            continue;
        }
        let next = done.child(&part);
        kind = tree.entry(&next)?.ok_or_else(|| TreeError::NotFound(path.clone()))?;
        if kind == EntryKind::Link {
            links += 1;
            push_target(tree, &next, links, &mut rest)?;
            kind = EntryKind::Directory;
        } else {
            done = next;
        }
    }
    Ok((done, kind))
}

/// The bytes of a file, links followed inside the tree; `None` if nothing stands there.
///
/// # Errors
/// [`TreeError`] if something else than a file stands there, or if it cannot be read.
pub fn read_if_present(tree: &dyn FileTree, path: &RepoPath) -> Result<Option<Vec<u8>>, TreeError> {
    match resolve(tree, path) {
        Ok((found, EntryKind::File)) => tree.read(&found).map(Some),
        Err(TreeError::NotFound(_)) if tree.entry(path)?.is_none() => Ok(None),
        Ok(_) => Err(TreeError::Unreadable { path: path.clone(), problem: "not a file".to_owned() }),
        Err(error) => Err(error),
    }
}

fn push_target(
    tree: &dyn FileTree,
    at: &RepoPath,
    links: usize,
    rest: &mut Vec<String>,
) -> Result<(), TreeError> {
    let problem = |text: &str| TreeError::Link { path: at.clone(), problem: text.to_owned() };
    if links > MAX_LINKS {
        return Err(problem("is part of a loop or of a chain that is too long"));
    }
    let target = tree.link(at)?;
    if refuse_foreign(&target).is_err() || target.is_empty() {
        return Err(problem("leads outside the source"));
    }
    rest.extend(target.split('/').rev().filter(|part| !part.is_empty() && *part != ".").map(str::to_owned));
    Ok(())
}

/// True for the text that Git LFS commits in place of a large file
/// (the LFS specification fixes the first line).
pub fn is_lfs_pointer(content: &[u8]) -> bool {
    content
        .strip_prefix(b"version https://git-lfs.github.com/spec/v1")
        .is_some_and(|rest| rest.starts_with(b"\n") || rest.starts_with(b"\r\n"))
}

/// The content of a file as a [`FileTree`] returns it: within [`MAX_FILE_BYTES`] and no LFS pointer.
///
/// # Errors
/// [`TreeError::LfsPointer`].
pub(crate) fn checked_content(path: &RepoPath, content: Vec<u8>) -> Result<Vec<u8>, TreeError> {
    if is_lfs_pointer(&content) {
        return Err(TreeError::LfsPointer(path.clone()));
    }
    Ok(content)
}

/// The error for a file of more than [`MAX_FILE_BYTES`].
pub(crate) fn too_large(path: &RepoPath, bytes: u64) -> TreeError {
    TreeError::TooLarge {
        path: path.clone(),
        problem: format!("file of {bytes} bytes; at most {MAX_FILE_BYTES} are read"),
    }
}

/// A tree of values in memory.
#[derive(Debug, Default, Clone)]
pub struct MemoryTree {
    entries: BTreeMap<RepoPath, MemoryEntry>,
}

#[derive(Debug, Clone)]
enum MemoryEntry {
    File(Vec<u8>),
    Link(String),
    Directory,
}

impl MemoryTree {
    /// Adds a file and the directories above it.
    pub fn with_file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.insert(path, MemoryEntry::File(content.into()));
        self
    }

    /// Adds a symbolic link and the directories above it.
    pub fn with_link(mut self, path: &str, target: &str) -> Self {
        self.insert(path, MemoryEntry::Link(target.to_owned()));
        self
    }

    fn insert(&mut self, path: &str, entry: MemoryEntry) {
        let mut at = RepoPath::root();
        let names: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        for name in &names[..names.len().saturating_sub(1)] {
            at = at.child(name);
            self.entries.entry(at.clone()).or_insert(MemoryEntry::Directory);
        }
        if let Some(name) = names.last() {
            self.entries.insert(at.child(name), entry);
        }
    }
}

impl FileTree for MemoryTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<EntryKind>, TreeError> {
        if path.is_root() {
            return Ok(Some(EntryKind::Directory));
        }
        Ok(self.entries.get(path).map(|entry| match entry {
            MemoryEntry::File(_) => EntryKind::File,
            MemoryEntry::Link(_) => EntryKind::Link,
            MemoryEntry::Directory => EntryKind::Directory,
        }))
    }

    fn list(&self, directory: &RepoPath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        if self.entry(directory)? != Some(EntryKind::Directory) {
            return Err(TreeError::NotFound(directory.clone()));
        }
        let mut names = Vec::new();
        for path in self.entries.keys().filter(|path| !path.is_root() && path.parent() == *directory) {
            if let Some(kind) = self.entry(path)? {
                names.push((path.file_name().to_owned(), kind));
            }
        }
        names.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
        Ok(names)
    }

    fn read(&self, file: &RepoPath) -> Result<Vec<u8>, TreeError> {
        match self.entries.get(file) {
            Some(MemoryEntry::File(bytes)) => Ok(bytes.clone()),
            _ => Err(TreeError::NotFound(file.clone())),
        }
    }

    fn link(&self, path: &RepoPath) -> Result<String, TreeError> {
        match self.entries.get(path) {
            Some(MemoryEntry::Link(target)) => Ok(target.clone()),
            _ => Err(TreeError::NotFound(path.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn join_stays_inside_the_tree() {
        let dir = RepoPath::root().join("a/b").unwrap();
        assert_eq!(dir.join("../c/./d").unwrap().as_str(), "a/c/d");
        for wrong in ["../../../x", "/etc/passwd", "file:///etc/passwd", "c:/x", "a\\b", "a\0b"] {
            assert!(dir.join(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn lfs_pointers_are_told_from_text_about_them() {
        let line = "version https://git-lfs.github.com/spec/v1";
        assert!(is_lfs_pointer(format!("{line}\noid sha256:00\nsize 3\n").as_bytes()));
        assert!(is_lfs_pointer(format!("{line}\r\noid").as_bytes()));
        for other in [line.to_owned(), format!("# {line}\n"), format!("{line}0\n")] {
            assert!(!is_lfs_pointer(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    fn links_resolve_inside_the_tree_only() {
        let tree = MemoryTree::default()
            .with_file("envs/staging.yaml", "a: 1")
            .with_link("envs/dev.yaml", "staging.yaml")
            .with_link("dir", "envs")
            .with_link("out", "../x")
            .with_link("abs", "/etc/passwd")
            .with_link("loop1", "loop2")
            .with_link("loop2", "loop1")
            .with_link("envs/up", "../dir/../envs/dev.yaml");
        let path = |text: &str| RepoPath::root().join(text).unwrap();
        for good in ["envs/dev.yaml", "dir/staging.yaml", "dir/dev.yaml", "envs/up"] {
            assert_eq!(resolve(&tree, &path(good)).unwrap().0.as_str(), "envs/staging.yaml", "{good}");
        }
        for bad in ["out", "abs", "loop1"] {
            assert!(matches!(resolve(&tree, &path(bad)), Err(TreeError::Link { .. })), "{bad}");
        }
        assert!(matches!(resolve(&tree, &path("envs/none")), Err(TreeError::NotFound(_))));
    }
}
