//! Where manifests come from: a directory, a commit of a repository, a stream. Everything is read through [`tree::FileTree`].

pub mod ancestry;
mod auth;
mod base;
mod cache;
pub mod commit;
mod directory;
pub mod environment;
pub mod error;
pub mod escape;
pub mod fetch;
mod fetched;
mod git;
mod helper;
mod known_hosts;
pub mod local;
mod loose;
mod memory;
mod names;
mod prefix;
pub mod redacted;
mod remote;
mod repository;
mod stream;
pub mod tree;
pub mod url;
mod worktree;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use crate::source::base::{Base, open_base, repository as base_url};
use crate::source::environment::Environment;
pub use crate::source::error::SourceError;
use crate::source::fetch::Limits;
pub use crate::source::stream::from_stream;
use crate::source::tree::{FileTree, RepoPath};
use crate::source::url::Location;

/// What to open. `Debug` shows SOURCE without credentials.
#[derive(Clone)]
pub struct Request {
    /// SOURCE: a directory, a URL or `-`.
    pub source: String,
    /// `--ref`: a branch, tag or commit. Without it a directory is read as it is on disk, a URL at its default branch.
    pub reference: Option<String>,
    /// `--path`: a directory inside the source.
    pub path: Option<String>,
    /// Use what was fetched before and stay off the network.
    pub offline: bool,
    /// Directory of fetched repositories, instead of the user's cache.
    pub cache_dir: Option<PathBuf>,
    /// Longest time that fetching may take.
    pub deadline: Duration,
    /// Protocols beyond `https`, `ssh` and `file`; only `http` can be added.
    pub allow_protocols: Vec<String>,
    /// Home, tokens and keys.
    pub environment: Environment,
    /// Bounds of what a server may send.
    pub limits: Limits,
}

impl Request {
    /// A request for a source with default settings: 120 seconds for fetching, nothing from the environment.
    pub fn new(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            reference: None,
            path: None,
            offline: false,
            cache_dir: None,
            deadline: Duration::from_secs(120),
            allow_protocols: Vec::new(),
            environment: Environment::default(),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("source", &url::redact(&self.source))
            .field("reference", &self.reference)
            .field("path", &self.path)
            .field("offline", &self.offline)
            .field("cache_dir", &self.cache_dir)
            .field("deadline", &self.deadline)
            .field("allow_protocols", &self.allow_protocols)
            .field("environment", &self.environment)
            .field("limits", &self.limits)
            .finish()
    }
}

/// A source at one moment: a tree of files and where it comes from.
pub struct Snapshot {
    /// The directory or the URL, without credentials, escaped.
    pub display: String,
    /// The revision as asked for.
    pub reference: Option<String>,
    /// Commit id, 40 hexadecimal digits. `None` outside repositories and before the first commit.
    pub commit: Option<String>,
    /// Branch that is checked out or was fetched; `None` for tags, commits and detached heads.
    pub branch: Option<String>,
    /// Id of the object that the revision names, where it is a tag: of the tag itself if it is annotated.
    pub tag: Option<String>,
    /// True if the files are not those of the commit: edited, staged, deleted or untracked below the path.
    pub dirty: bool,
    /// URL of the repository (of `origin` for a directory), without credentials.
    pub origin_url: Option<String>,
    /// The files. The root is the repository's top level where there is one, so that links within it work.
    pub tree: Box<dyn FileTree>,
    /// The directory to render, inside the tree, links followed.
    pub prefix: RepoPath,
    /// What a user should know, one sentence each.
    pub warnings: Vec<String>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("display", &self.display)
            .field("reference", &self.reference)
            .field("commit", &self.commit)
            .field("branch", &self.branch)
            .field("tag", &self.tag)
            .field("dirty", &self.dirty)
            .field("origin_url", &self.origin_url)
            .field("prefix", &self.prefix)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Opens a source.
///
/// # Errors
/// [`SourceError`], typed; it never stands for an empty set of files.
pub fn open(request: &Request) -> Result<Snapshot, SourceError> {
    match url::parse(&request.source, &request.allow_protocols)? {
        Location::Stdin => stream::from_stdin(request),
        Location::Directory(directory) => directory::from_directory(request, &directory),
        Location::Remote(remote) => fetched::from_remote(request, &remote),
    }
}

/// What a directory that is read as it is on disk holds at the root of its repository (or its own), without opening all of
/// it: whether SOURCE is that root, and the bytes of a file there. `None` for a URL, a stream or a commit.
///
/// # Errors
/// The directory or the file cannot be read.
pub fn look(request: &Request, file: &str) -> Result<Option<(bool, Option<Vec<u8>>)>, SourceError> {
    match url::parse(&request.source, &request.allow_protocols)? {
        Location::Directory(directory) if request.reference.is_none() => {
            directory::look(&directory, &RepoPath::root().child(file)).map(Some)
        }
        _ => Ok(None),
    }
}

impl Snapshot {
    /// The bytes of a file at the root of the tree, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn file(&self, name: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let found = tree::read_if_present(self.tree.as_ref(), &RepoPath::root().child(name));
        found.map_err(|error| prefix::unreadable(&self.display, error))
    }

    /// A directory of the tree, links followed.
    ///
    /// # Errors
    /// [`SourceError::PathMissing`] if it is none.
    pub fn directory(&self, path: &RepoPath) -> Result<RepoPath, SourceError> {
        prefix::existing_directory(self.tree.as_ref(), path, &self.display, self.commit.as_deref())
    }
}

/// The directory of this machine in which the root of the source's tree is: where it can be written to. `None` for a URL, a
/// stream or a commit.
///
/// # Errors
/// The directory cannot be read.
pub fn root_on_disk(request: &Request) -> Result<Option<PathBuf>, SourceError> {
    match url::parse(&request.source, &request.allow_protocols)? {
        Location::Directory(directory) if request.reference.is_none() => directory::top(&directory).map(Some),
        _ => Ok(None),
    }
}

/// Opens another revision of the same source: the same repository and path, its own commit.
///
/// # Errors
/// [`SourceError`]; [`SourceError::PathMissing`] if the path did not exist at that revision.
pub fn open_revision(request: &Request, revision: &str) -> Result<Snapshot, SourceError> {
    open(&Request { reference: Some(revision.to_owned()), ..request.clone() })
}
