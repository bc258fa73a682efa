//! Remote bases, before the build: found in the kustomizations, resolved to commits, fetched, and again for what those name.
#![expect(clippy::disallowed_methods, reason = "watches the clock over all fetches")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use super::error::RunError;
use super::rendering::Rendering;
use crate::config::lock::{FILE, Key, Lock};
use crate::render::kustomize::reference::shown;
use crate::render::kustomize::remotes::{Remotes, Repository};
use crate::render::kustomize::wanted::{Wanted, wanted};
use crate::render::{Notice, RenderError};
use crate::report::RemoteBase;
use crate::source::tree::RepoPath;
use crate::source::url::{self, GitUrl, Location, Scheme};
use crate::source::{self, Base, Request, Snapshot, SourceError};

/// Most references to other repositories in one render.
const MAX_REFERENCES: usize = 100;

/// How remote bases are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// They are an error.
    Refuse,
    /// They are fetched: those in the lock at its commits, others at what their revision is now.
    Allow,
    /// They are fetched, and one that the lock does not pin is an error.
    Locked,
    /// They are fetched at what their revision is now, whatever the lock says.
    Update,
}

/// What was fetched for a render.
#[derive(Debug, Default)]
pub struct Fetched {
    /// For the renderer.
    pub remotes: Remotes,
    /// For reports: each repository and revision with its commit.
    pub bases: Vec<RemoteBase>,
    /// What a user should know.
    pub warnings: Vec<Notice>,
    /// The lock of the source with the commits of this run.
    pub lock: Lock,
    /// Changes of the lock, one sentence each.
    pub changes: Vec<String>,
}

/// Fetches what a directory of an open source names.
///
/// # Errors
/// A reference that is no URL, that may not be named there, or whose repository or revision cannot be had.
pub fn fetch(snapshot: &Snapshot, directory: &RepoPath, rendering: &Rendering) -> Result<Fetched, RunError> {
    let (request, policy) = (&rendering.request, rendering.remotes);
    let mut fetched = Fetched::default();
    if policy == Policy::Refuse {
        return Ok(fetched);
    }
    let start = Instant::now();
    let mut count = 0;
    let mut resolved: BTreeMap<Key, usize> = BTreeMap::new();
    loop {
        let wanted = wanted(snapshot.tree.as_ref(), directory, &fetched.remotes);
        if wanted.is_empty() {
            break;
        }
        if count == 0 {
            fetched.lock = lock(snapshot)?;
        }
        for wanted in wanted {
            count += 1;
            if count > MAX_REFERENCES {
                let message = format!(
                    "more than {MAX_REFERENCES} references to other repositories, which is the limit of one render"
                );
                return Err(problem(&wanted, message, "copy what is needed into the repository"));
            }
            let url = allowed(&wanted, request, &fetched.remotes)?;
            check_host(&wanted, &url, rendering.hosts.as_deref())?;
            let key = (url.to_string(), wanted.reference.revision.clone());
            let number = match resolved.get(&key) {
                Some(number) => *number,
                None => {
                    let left = request.deadline.saturating_sub(start.elapsed());
                    let left = wanted.reference.timeout.map_or(left, |own| left.min(own));
                    let own = snapshot.origin_url.as_deref();
                    let scene = Scene { wanted: &wanted, url: &url, key: &key, policy };
                    let base = scene
                        .open(Request { deadline: left, ..request.for_base(&url, own) }, &fetched.lock)?;
                    let number = fetched.add(&scene, base);
                    resolved.insert(key, number);
                    number
                }
            };
            fetched.remotes.name(&wanted.text, number);
            fetched.warnings.extend(useless_parameters(&wanted));
        }
    }
    fetched.bases.sort();
    Ok(fetched)
}

/// Refuses to give a directory to a program that would fetch what it names elsewhere.
///
/// # Errors
/// The first reference to another repository.
pub(super) fn refuse(snapshot: &Snapshot, directory: &RepoPath, program: &Path) -> Result<(), RunError> {
    let found = wanted(snapshot.tree.as_ref(), directory, &Remotes::default());
    match found.first() {
        None => Ok(()),
        Some(wanted) => {
            let (shown, program) = (shown(&wanted.text), program.display());
            let message = format!("{shown} is remote, and {program} would fetch it");
            Err(problem(
                wanted,
                message,
                "allow it with --allow-remote, without hosts; the program knows nothing of them and of gitops.lock",
            ))
        }
    }
}

/// The lock at the root of a source.
fn lock(snapshot: &Snapshot) -> Result<Lock, RunError> {
    match snapshot.file(FILE)? {
        Some(bytes) => Lock::parse(&bytes).map_err(RunError::Config),
        None => Ok(Lock::default()),
    }
}

/// The URL of a reference. A repository of this machine can be named by files of this machine alone.
fn allowed(wanted: &Wanted, request: &Request, remotes: &Remotes) -> Result<GitUrl, RunError> {
    let url = source::base_url(&wanted.reference.repository, &request.allow_protocols).map_err(|error| {
        problem(
            wanted,
            format!("{}: {error}", shown(&wanted.text)),
            "use https://, ssh://USER@HOST/PATH or USER@HOST:PATH",
        )
    })?;
    let namer = wanted.by.and_then(|number| remotes.repository(number)).map_or(&request.source, |by| &by.url);
    let local = match url::parse(namer, &request.allow_protocols) {
        Ok(Location::Remote(remote)) => wanted.by.is_some() && remote.url.scheme() == Scheme::File,
        _ => true,
    };
    if url.scheme() == Scheme::File && !local {
        let message = format!(
            "{} is a repository of this machine, and the kustomization that names it comes from another place",
            shown(&wanted.text)
        );
        return Err(problem(wanted, message, "name the repository by the URL at which everybody finds it"));
    }
    Ok(url)
}

/// Refuses a host that the user did not name. A repository of this machine has none.
fn check_host(wanted: &Wanted, url: &GitUrl, hosts: Option<&[String]>) -> Result<(), RunError> {
    let Some(hosts) = hosts.filter(|_| url.scheme() != Scheme::File) else { return Ok(()) };
    if hosts.iter().any(|host| host == url.host()) {
        return Ok(());
    }
    let (shown, host, named) = (shown(&wanted.text), url.host(), hosts.join(","));
    let message = format!("{shown} is on {host}, and --allow-remote names only {named}");
    Err(problem(wanted, message, &format!("if it may be fetched: --allow-remote={named},{host}")))
}

/// One reference on its way to a commit.
struct Scene<'w> {
    wanted: &'w Wanted,
    url: &'w GitUrl,
    key: &'w Key,
    policy: Policy,
}

impl Scene<'_> {
    fn open(&self, request: Request, lock: &Lock) -> Result<Base, RunError> {
        let revision = self.wanted.reference.revision.as_deref();
        let pinned = lock.get(self.key).filter(|_| self.policy != Policy::Update);
        match pinned {
            Some(pinned) => {
                source::open_base(&request, self.url, Some(&pinned.commit)).map_err(|error| match error {
                    SourceError::RefNotFound { .. } | SourceError::Shallow { .. } => {
                        RunError::Config(vec![self.gone(&pinned.commit, pinned.line)])
                    }
                    error => unusable(self.wanted, error),
                })
            }
            None if self.policy == Policy::Locked && !self.is_commit() => Err(problem(
                self.wanted,
                format!("{} is not in {FILE}, and --locked takes nothing else", shown(&self.wanted.text)),
                "pin it with: gitops render --allow-remote --update-lock",
            )),
            None => {
                source::open_base(&request, self.url, revision).map_err(|error| unusable(self.wanted, error))
            }
        }
    }

    /// True if the reference names a commit in full.
    fn is_commit(&self) -> bool {
        let revision = self.wanted.reference.revision.as_deref().unwrap_or_default();
        revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    fn gone(&self, commit: &str, line: u32) -> Notice {
        let of = self.key.1.as_ref().map_or("its default branch".to_owned(), |name| format!("{name:?}"));
        Notice {
            file: FILE.to_owned(),
            line,
            column: 0,
            message: format!(
                "the commit {commit} of {} is not there any more; it was that of {of}",
                self.url
            ),
            hint: Some(format!(
                "ask who owns the repository; to take what {of} is now: gitops render --allow-remote --update-lock"
            )),
        }
    }
}

impl Fetched {
    /// Adds a repository and returns its number.
    fn add(&mut self, scene: &Scene<'_>, base: Base) -> usize {
        let (url, revision) = scene.key.clone();
        let commit = base.commit;
        let known = self.lock.get(scene.key).map(|pinned| pinned.commit.clone());
        if known.is_none() && scene.policy == Policy::Allow && !scene.is_commit() {
            let message =
                format!("{} is at commit {commit} now, and nothing pins it", shown(&scene.wanted.text));
            let hint =
                "gitops render --allow-remote --update-lock writes the commit into gitops.lock".to_owned();
            self.warnings.push(scene.wanted.notice(message, Some(hint)));
        }
        let remark = |text: String| scene.wanted.notice(text, None);
        self.warnings.extend(base.warnings.into_iter().map(remark));
        if scene.policy == Policy::Update && known.as_ref() != Some(&commit) {
            let of = revision.as_deref().unwrap_or("default branch");
            self.changes.push(match &known {
                Some(before) => format!("{url} {of}: {} → {}", short(before), short(&commit)),
                None => format!("{url} {of}: {}", short(&commit)),
            });
            self.lock.set(scene.key.clone(), commit.clone());
        }
        self.bases.push(RemoteBase { url: url.clone(), reference: revision.clone(), commit: commit.clone() });
        match self.remotes.find(&url, &commit) {
            Some(number) => number,
            None => self.remotes.add(Repository { url, revision, commit, tree: base.tree }),
        }
    }
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// kustomize ignores a parameter that it does not know: what its author meant by it does not happen.
fn useless_parameters(wanted: &Wanted) -> Option<Notice> {
    let unknown = wanted.reference.unknown.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
    (!unknown.is_empty()).then(|| {
        let message = format!("{}: {} means nothing here", shown(&wanted.text), unknown.join(", "));
        wanted.notice(message, Some("known are ref, version, timeout and submodules".to_owned()))
    })
}

fn problem(wanted: &Wanted, message: String, hint: &str) -> RunError {
    RenderError::Problems(vec![wanted.notice(message, Some(hint.to_owned()))]).into()
}

/// The error of a source, with the place that names it.
fn unusable(wanted: &Wanted, error: SourceError) -> RunError {
    RunError::RemoteBase { place: wanted.place(), error }
}
