//! From a URL to a commit in the cache: which refs are asked for, in which order, and how long.
#![expect(clippy::disallowed_methods, reason = "this module is the edge that watches the clock of a fetch")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use git2::{Oid, Reference, Repository};

use crate::source::auth::user_known_hosts;
use crate::source::cache::{Entry, INCOMING, Kept, forget_incoming, keep, kept, kept_names};
use crate::source::environment::Environment;
use crate::source::error::{SourceError, near_names};
use crate::source::escape::one_line;
use crate::source::fetch::{FULL_HISTORY, Failure, Limits, Session};
use crate::source::git::{check_reference, is_commit_id, store};
use crate::source::known_hosts::KnownHosts;
use crate::source::memory;
use crate::source::url::GitUrl;

/// How a URL is fetched.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) offline: bool,
    pub(crate) deadline: Duration,
    pub(crate) limits: Limits,
    pub(crate) environment: Environment,
}

/// A commit of a URL, in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) commit: Oid,
    pub(crate) branch: Option<String>,
    /// Id of the object that a tag names, if the reference is one.
    pub(crate) tag: Option<Oid>,
    pub(crate) warnings: Vec<String>,
}

impl Found {
    fn new(commit: Oid, branch: Option<&str>) -> Self {
        Self { commit, branch: branch.map(str::to_owned), tag: None, warnings: Vec::new() }
    }
}

/// Resolves a reference (default branch if `None`) of a URL once, and has its commit in the cache afterwards.
///
/// A full commit id that is already there costs no connection.
///
/// # Errors
/// [`SourceError`].
pub(crate) fn obtain(
    entry: &Entry,
    url: &GitUrl,
    reference: Option<&str>,
    settings: &Settings,
) -> Result<Found, SourceError> {
    let reference = reference.filter(|name| *name != "HEAD");
    if let Some(name) = reference {
        check_name(name)?;
        let cached =
            full_id(name).and_then(|id| entry.open().filter(|repo| has_commit(repo, id)).map(|_| id));
        if let Some(id) = cached {
            return Ok(Found::new(id, None));
        }
    }
    if settings.offline {
        return from_cache(entry, url, reference);
    }
    let reference = reference.map(str::to_owned);
    in_time(entry.clone(), url.clone(), settings.clone(), move |fetch| match reference.as_deref() {
        None => fetch.default_branch(),
        Some(name) => match full_id(name) {
            Some(id) => fetch.commit(id),
            None => fetch.name(name),
        },
    })
}

/// Fetches more of the history behind a commit that is in the cache.
///
/// # Errors
/// [`SourceError`].
pub(crate) fn deepen(
    entry: &Entry,
    url: &GitUrl,
    commit: Oid,
    depth: i32,
    settings: &Settings,
) -> Result<(), SourceError> {
    in_time(entry.clone(), url.clone(), settings.clone(), move |fetch| fetch.deeper(commit, depth))
}

/// Depths at which the history behind a commit is looked at, one after the other: most runs are a few commits apart.
pub(crate) const DEPTHS: [i32; 3] = [50, 1000, FULL_HISTORY];

/// At a URL only names and commit ids can be asked for, not git's expressions.
fn check_name(name: &str) -> Result<(), SourceError> {
    check_reference(name)?;
    let full = if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") };
    if Reference::is_valid_name(&full) {
        return Ok(());
    }
    Err(SourceError::Usage {
        problem: format!("{:?} is not the name of a branch, tag or commit", one_line(name)),
        hint: "expressions such as main~1 work in a local clone only".to_owned(),
    })
}

fn full_id(name: &str) -> Option<Oid> {
    (name.len() == 40 && is_commit_id(name)).then(|| Oid::from_str(name).ok()).flatten()
}

fn has_commit(repo: &Repository, id: Oid) -> bool {
    repo.find_commit(id).is_ok_and(|commit| commit.tree().is_ok())
}

fn from_cache(entry: &Entry, url: &GitUrl, reference: Option<&str>) -> Result<Found, SourceError> {
    let missing = |near: Vec<String>| SourceError::Usage {
        problem: format!(
            "{url}: {} was never fetched",
            reference.map_or("the default branch".into(), |name| format!("{name:?}"))
        ),
        hint: if near.is_empty() {
            "run once without --offline".to_owned()
        } else {
            format!("fetched before: {}", near.join(", "))
        },
    };
    let repo = entry.open().ok_or_else(|| missing(Vec::new()))?;
    let found = match reference {
        None => kept_names(&repo, Kept::Default)
            .into_iter()
            .next()
            .map(|(name, id)| Found::new(id, branch_name(&name))),
        Some(name) => [Kept::Tag, Kept::Branch, Kept::Other]
            .into_iter()
            .find_map(|kind| {
                Some(Found::new(kept(&repo, kind, name)?, (kind == Kept::Branch).then_some(name)))
            })
            .or_else(|| {
                is_commit_id(name).then(|| abbreviated(&repo, name).map(|id| Found::new(id, None))).flatten()
            }),
    };
    let mut found =
        found.ok_or_else(|| missing(near_names(reference.unwrap_or_default(), &all_kept(&repo))))?;
    found.warnings.push(format!(
        "offline: {url} at commit {}, the last that was fetched; it may have moved on",
        found.commit
    ));
    Ok(found)
}

fn branch_name(name: &str) -> Option<&str> {
    Some(name).filter(|name| *name != "HEAD")
}

fn all_kept(repo: &Repository) -> Vec<String> {
    let mut names: Vec<String> = [Kept::Default, Kept::Branch, Kept::Tag, Kept::Other]
        .into_iter()
        .flat_map(|kind| kept_names(repo, kind))
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Runs the fetch on a thread of its own: a server that stalls is left behind at the deadline. The thread holds the lock
/// until it ends, at the latest with the process.
fn in_time<T: Send + 'static>(
    entry: Entry,
    url: GitUrl,
    settings: Settings,
    asked: impl FnOnce(&Fetch<'_>) -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    memory::bound();
    let start = Instant::now();
    let deadline = settings.deadline;
    let lock = entry.lock(deadline)?;
    let cancelled = Arc::new(AtomicBool::new(false));
    let place = url.to_string();
    let failed =
        |problem: String| SourceError::Unreachable { place: place.clone(), problem, remote: Vec::new() };
    let (sender, receiver) = sync_channel(1);
    let flag = Arc::clone(&cancelled);
    let work = move || {
        let _lock = lock;
        let result = fetch(&entry, &url, &settings, flag, asked);
        // Nobody listens after the deadline.
        let _ = sender.send(result);
    };
    thread::Builder::new()
        .name("fetch".to_owned())
        .spawn(work)
        .map_err(|error| failed(format!("cannot start a thread: {error}")))?;
    match receiver.recv_timeout(deadline.saturating_sub(start.elapsed())) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            cancelled.store(true, Ordering::Relaxed);
            Err(failed(format!("no complete answer within {} s", deadline.as_secs_f32())))
        }
        Err(RecvTimeoutError::Disconnected) => Err(failed("the fetch ended unexpectedly".to_owned())),
    }
}

fn fetch<T>(
    entry: &Entry,
    url: &GitUrl,
    settings: &Settings,
    cancelled: Arc<AtomicBool>,
    asked: impl FnOnce(&Fetch<'_>) -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    let repo = entry.open_or_create()?;
    let known_hosts = known_hosts(&settings.environment);
    let session = Session::new(url, &settings.environment, known_hosts, settings.limits, cancelled);
    let result = asked(&Fetch { repo: &repo, session: &session, place: url.to_string() });
    forget_incoming(&repo);
    let private = entry.make_private();
    let found = result?;
    private.map(|()| found)
}

fn known_hosts(environment: &Environment) -> Vec<KnownHosts> {
    let user = user_known_hosts(environment);
    user.iter()
        .chain(&environment.global_known_hosts)
        .filter_map(|path| {
            Some(KnownHosts {
                file: path.display().to_string(),
                text: String::from_utf8_lossy(&fs::read(path).ok()?).into_owned(),
            })
        })
        .collect()
}

struct Fetch<'a> {
    repo: &'a Repository,
    session: &'a Session,
    place: String,
}

impl Fetch<'_> {
    /// One commit deep; a server that cannot do that is asked for everything that is missing.
    fn shallow(&self, specs: &[String]) -> Result<(), Failure> {
        match self.session.fetch(self.repo, specs, 1) {
            Err(failure) if failure.no_depth => self.session.fetch(self.repo, specs, 0),
            // A ref that moved between advertisement and request is gone for one moment only.
            Err(failure) if failure.refused => self.session.fetch(self.repo, specs, 1),
            result => result,
        }
    }

    fn default_branch(&self) -> Result<Found, SourceError> {
        let specs = [format!("+HEAD:{INCOMING}/head")];
        self.shallow(&specs).map_err(|failure| failure.error)?;
        let commit = self.incoming("head").ok_or_else(|| SourceError::RefNotFound {
            reference: "HEAD".to_owned(),
            place: self.place.clone(),
            near: all_kept(self.repo),
        })?;
        let branch = self.session.default_branch();
        self.keep(Kept::Default, branch.as_deref().unwrap_or("HEAD"), commit)?;
        Ok(Found::new(commit, branch.as_deref()))
    }

    fn name(&self, name: &str) -> Result<Found, SourceError> {
        let specs = if name.starts_with("refs/") {
            vec![format!("+{name}:{INCOMING}/other")]
        } else {
            vec![
                format!("+refs/tags/{name}:{INCOMING}/tag"),
                format!("+refs/heads/{name}:{INCOMING}/branch"),
                format!("+refs/{name}:{INCOMING}/other"),
            ]
        };
        self.shallow(&specs).map_err(|failure| failure.error)?;
        // In git's order: a tag hides a branch of the same name.
        let kinds = [(Kept::Tag, "tag"), (Kept::Branch, "branch"), (Kept::Other, "other")];
        let mut arrived = kinds.into_iter().filter_map(|(kind, at)| Some((kind, self.incoming(at)?)));
        let Some((kind, commit)) = arrived.next() else {
            return self.abbreviated(name);
        };
        let mut found = Found::new(commit, (kind == Kept::Branch).then_some(name));
        let tag_at = if name.starts_with("refs/tags/") { "other" } else { "tag" };
        let tag = self.repo.find_reference(&format!("{INCOMING}/{tag_at}")).ok();
        found.tag = tag.and_then(|tag| tag.target());
        if arrived.any(|(_, other)| other != commit) {
            found.warnings.push(format!("{name:?} is a tag and a branch; the tag was used"));
        }
        self.keep(kind, name, commit)?;
        Ok(found)
    }

    fn commit(&self, id: Oid) -> Result<Found, SourceError> {
        let specs = [format!("+{id}:{INCOMING}/commit")];
        if let Err(failure) = self.shallow(&specs) {
            if !failure.no_ids && !failure.refused {
                return Err(failure.error);
            }
            self.everything()?;
        }
        if !has_commit(self.repo, id) {
            return Err(self.not_found(&id.to_string()));
        }
        self.keep(Kept::Commit, &id.to_string(), id)?;
        Ok(Found::new(id, None))
    }

    /// A short commit id can only be looked up where the whole history is.
    fn abbreviated(&self, name: &str) -> Result<Found, SourceError> {
        if !is_commit_id(name) {
            return Err(self.not_found(name));
        }
        self.everything()?;
        let id = abbreviated(self.repo, name).ok_or_else(|| self.not_found(name))?;
        self.keep(Kept::Commit, &id.to_string(), id)?;
        Ok(Found::new(id, None))
    }

    /// The history behind a commit; a server that gives no commits by id gives it behind its branches and tags.
    fn deeper(&self, commit: Oid, depth: i32) -> Result<(), SourceError> {
        let specs = [format!("+{commit}:{INCOMING}/commit")];
        match self.session.fetch(self.repo, &specs, depth) {
            Err(failure) if failure.no_depth => {
                self.session.fetch(self.repo, &specs, 0).map_err(|failure| failure.error)
            }
            Err(failure) if failure.no_ids || failure.refused => self.branches_and_tags(depth),
            result => result.map_err(|failure| failure.error),
        }
    }

    fn everything(&self) -> Result<(), SourceError> {
        self.branches_and_tags(FULL_HISTORY)
    }

    fn branches_and_tags(&self, depth: i32) -> Result<(), SourceError> {
        let specs = [format!("+refs/heads/*:{INCOMING}/heads/*"), format!("+refs/tags/*:{INCOMING}/tags/*")];
        match self.session.fetch(self.repo, &specs, depth) {
            Err(failure) if failure.no_depth => self.session.fetch(self.repo, &specs, 0),
            result => result,
        }
        .map_err(|failure| failure.error)
    }

    fn incoming(&self, name: &str) -> Option<Oid> {
        let reference = self.repo.find_reference(&format!("{INCOMING}/{name}")).ok()?;
        reference.peel_to_commit().ok().map(|commit| commit.id())
    }

    fn keep(&self, kind: Kept, name: &str, commit: Oid) -> Result<(), SourceError> {
        keep(self.repo, kind, name, commit).map_err(|error| store(self.place.clone(), &error))
    }

    fn not_found(&self, name: &str) -> SourceError {
        let mut names = all_kept(self.repo);
        names.extend(self.session.default_branch());
        SourceError::RefNotFound {
            reference: name.to_owned(),
            place: self.place.clone(),
            near: near_names(name, &names),
        }
    }
}

fn abbreviated(repo: &Repository, name: &str) -> Option<Oid> {
    let object = repo.revparse_single(name).ok()?;
    object.peel_to_commit().ok().map(|commit| commit.id())
}
