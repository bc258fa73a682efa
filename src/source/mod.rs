//! Where manifests come from: a directory, a commit of a repository, a stream. Everything is read through [`tree::FileTree`].
#![expect(
    clippy::disallowed_methods,
    reason = "this module is the edge that opens a source"
)]

mod auth;
mod cache;
pub mod commit;
pub mod environment;
pub mod error;
pub mod escape;
pub mod fetch;
mod git;
mod helper;
mod known_hosts;
pub mod local;
mod names;
pub mod redacted;
mod remote;
pub mod tree;
pub mod url;
mod worktree;

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::Repository;

use crate::source::commit::CommitTree;
use crate::source::environment::Environment;
pub use crate::source::error::SourceError;
use crate::source::error::near_names;
use crate::source::escape::one_line;
use crate::source::fetch::Limits;
use crate::source::local::LocalTree;
use crate::source::tree::{EntryKind, FileTree, MAX_TOTAL_BYTES, MemoryTree, RepoPath, TreeError, resolve};
use crate::source::url::{Location, Remote, Scheme};

/// What to open.
#[derive(Debug, Clone)]
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
        Location::Stdin => from_stdin(request),
        Location::Directory(directory) => from_directory(request, &directory),
        Location::Remote(remote) => from_remote(request, &remote),
    }
}

/// Opens another revision of the same source: the same repository and path, its own commit.
///
/// # Errors
/// [`SourceError`]; [`SourceError::PathMissing`] if the path did not exist at that revision.
pub fn open_revision(request: &Request, revision: &str) -> Result<Snapshot, SourceError> {
    open(&Request {
        reference: Some(revision.to_owned()),
        ..request.clone()
    })
}

fn from_stdin(request: &Request) -> Result<Snapshot, SourceError> {
    let flag = request
        .reference
        .as_ref()
        .map(|_| "--ref")
        .or(request.path.as_ref().map(|_| "--path"));
    if let Some(flag) = flag {
        return Err(SourceError::Usage {
            problem: format!("{flag} cannot be combined with the standard input"),
            hint: format!("leave out {flag}, or name a directory or URL in place of -"),
        });
    }
    from_stream(std::io::stdin().lock())
}

/// Reads a stream to its end as the one file `-` of a tree.
///
/// # Errors
/// [`SourceError::Limit`] above 256 MiB, [`SourceError::Store`] if it cannot be read.
pub fn from_stream(stream: impl Read) -> Result<Snapshot, SourceError> {
    let place = "standard input".to_owned();
    let mut content = Vec::new();
    if let Err(error) = stream.take(MAX_TOTAL_BYTES + 1).read_to_end(&mut content) {
        return Err(SourceError::Store {
            place,
            problem: error.to_string(),
        });
    }
    if content.len() as u64 > MAX_TOTAL_BYTES {
        let problem = format!("more than {MAX_TOTAL_BYTES} bytes");
        return Err(SourceError::Limit { place, problem });
    }
    Ok(Snapshot {
        display: place,
        reference: None,
        commit: None,
        branch: None,
        dirty: false,
        origin_url: None,
        tree: Box::new(MemoryTree::default().with_file("-", content)),
        prefix: RepoPath::root(),
        warnings: Vec::new(),
    })
}

fn from_directory(request: &Request, directory: &str) -> Result<Snapshot, SourceError> {
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

fn no_repository(display: &str, error: SourceError) -> SourceError {
    match error {
        SourceError::Store { .. } => SourceError::Usage {
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
    if at.is_dir() {
        Ok(at)
    } else {
        Err(missing("not a directory"))
    }
}

fn directory_hint(directory: &str) -> String {
    let path = Path::new(directory);
    if path.is_file() {
        return format!(
            "name its directory, or pipe it: gitops diff - < {}",
            one_line(directory)
        );
    }
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
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
    text.split('/')
        .filter(|name| !name.is_empty())
        .try_fold(RepoPath::root(), |path, name| match names::problem_with(name) {
            Some(problem) => Err(failed(&format!("{name:?} {problem}"))),
            None => Ok(path.child(name)),
        })
}

fn from_repository(
    request: &Request,
    display: String,
    repo: Repository,
    start: &RepoPath,
    reference: &str,
) -> Result<Snapshot, SourceError> {
    let commit = git::resolve(&repo, &display, reference)?;
    let branch = repo
        .find_branch(reference, git2::BranchType::Local)
        .is_ok()
        .then(|| reference.to_owned());
    let origin_url = worktree::origin_url(&repo);
    let snapshot = at_commit(request, display, repo, &commit, start)?;
    Ok(Snapshot {
        branch,
        origin_url,
        ..snapshot
    })
}

fn at_commit(
    request: &Request,
    display: String,
    repo: Repository,
    commit: &git::Commit,
    start: &RepoPath,
) -> Result<Snapshot, SourceError> {
    let tree = CommitTree::new(repo, commit.tree);
    let id = commit.id.to_string();
    let prefix = chosen_path(request, &tree, start, &display, Some(&id))?;
    let submodules = tree
        .submodules(&prefix)
        .map_err(|error| unreadable(&display, error))?;
    Ok(Snapshot {
        reference: request.reference.clone(),
        commit: Some(id),
        branch: None,
        dirty: false,
        origin_url: None,
        tree: Box::new(tree),
        prefix,
        warnings: submodule_warnings(&submodules),
        display,
    })
}

fn from_remote(request: &Request, remote: &Remote) -> Result<Snapshot, SourceError> {
    let request = &with_shorthand(request, remote)?;
    let display = remote.url.to_string();
    let mut snapshot = if remote.url.scheme() == Scheme::File {
        let repo = git::open(Path::new(&remote.url.decoded_path()))?;
        let reference = request.reference.as_deref().unwrap_or("HEAD");
        from_repository(request, display.clone(), repo, &RepoPath::root(), reference)?
    } else {
        fetched(request, remote, display.clone())?
    };
    snapshot.origin_url = Some(display);
    if remote.url.has_credentials() {
        snapshot.warnings.push(
            "the URL holds credentials, which other users of this machine can see; use GITOPS_GIT_TOKEN or git's credential helpers"
                .to_owned(),
        );
    }
    Ok(snapshot)
}

fn fetched(request: &Request, remote: &Remote, display: String) -> Result<Snapshot, SourceError> {
    let cache_dir = request
        .cache_dir
        .clone()
        .or_else(|| request.environment.cache_dir());
    let cache_dir = cache_dir.ok_or_else(|| SourceError::Usage {
        problem: "there is no place to fetch to: neither XDG_CACHE_HOME nor HOME is set".to_owned(),
        hint: "set XDG_CACHE_HOME".to_owned(),
    })?;
    let entry = cache::Entry::new(&cache_dir, &remote.url)?;
    let settings = remote::Settings {
        offline: request.offline,
        deadline: request.deadline,
        limits: request.limits,
        environment: request.environment.clone(),
    };
    let found = remote::obtain(&entry, &remote.url, request.reference.as_deref(), &settings)?;
    let damaged = || SourceError::Store {
        place: entry.display(),
        problem: "the cache was removed or damaged meanwhile".to_owned(),
    };
    let repo = entry.open().ok_or_else(damaged)?;
    let commit = git::resolve(&repo, &display, &found.commit.to_string())?;
    let mut snapshot = at_commit(request, display, repo, &commit, &RepoPath::root())?;
    snapshot.branch = found.branch;
    snapshot.warnings.splice(0..0, found.warnings);
    Ok(snapshot)
}

/// Joins the shorthand of a URL with the flags; the same thing said twice must be the same.
fn with_shorthand(request: &Request, remote: &Remote) -> Result<Request, SourceError> {
    let twice = |flag: &str| SourceError::Usage {
        problem: format!("the URL and {flag} say different things"),
        hint: format!("leave out {flag}, or what the URL says"),
    };
    let reference = match (&remote.reference, &request.reference) {
        (Some(a), Some(b)) if a != b => return Err(twice("--ref")),
        (a, b) => b.clone().or_else(|| a.clone()),
    };
    // As for a directory: --path is joined below the directory of SOURCE.
    let path = match (&remote.directory, &request.path) {
        (Some(directory), Some(path)) => Some(format!("{directory}/{path}")),
        (directory, path) => path.clone().or_else(|| directory.clone()),
    };
    Ok(Request {
        reference,
        path,
        ..request.clone()
    })
}

fn submodule_warnings(submodules: &[RepoPath]) -> Vec<String> {
    submodules
        .iter()
        .map(|path| format!("{}: submodule, its files are not read", one_line(path.as_str())))
        .collect()
}

fn unreadable(place: &str, error: TreeError) -> SourceError {
    SourceError::Tree {
        place: place.to_owned(),
        error,
    }
}

/// The directory that `--path` names below `start`, links followed inside the tree.
fn chosen_path(
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
    match resolve(tree, &path) {
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
            near: near_directories(tree, &path),
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
            let shown = if near.is_empty() {
                names.into_iter().take(5).collect()
            } else {
                near
            };
            return shown
                .iter()
                .map(|name| parent.child(name).as_str().to_owned())
                .collect();
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
