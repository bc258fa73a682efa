//! A URL as a source: read in place (`file://`) or fetched into the cache.

use std::path::Path;

use crate::source::base::no_cache;
use crate::source::repository::{at_commit, from_repository};
use crate::source::tree::RepoPath;
use crate::source::url::{Remote, Scheme};
use crate::source::{Request, Snapshot, SourceError, cache, git, remote};

pub(super) fn from_remote(request: &Request, named: &Remote) -> Result<Snapshot, SourceError> {
    let request = &with_shorthand(request, named)?;
    let display = named.url.to_string();
    let mut snapshot = if named.url.scheme() == Scheme::File {
        let repo = git::open(Path::new(&named.url.decoded_path()))?;
        let reference = request.reference.as_deref().unwrap_or("HEAD");
        from_repository(request, display.clone(), repo, &RepoPath::root(), reference)?
    } else {
        fetched(request, named, display.clone())?
    };
    snapshot.origin_url = Some(display);
    if named.url.has_credentials() {
        snapshot.warnings.push(
            "the URL holds credentials, which other users of this machine can see; use GITOPS_GIT_TOKEN or git's credential helpers"
                .to_owned(),
        );
    }
    Ok(snapshot)
}

fn fetched(request: &Request, named: &Remote, display: String) -> Result<Snapshot, SourceError> {
    let cache_dir = request.cache_dir.clone().or_else(|| request.environment.cache_dir());
    let cache_dir = cache_dir.ok_or_else(no_cache)?;
    let entry = cache::Entry::new(&cache_dir, &named.url)?;
    let settings = remote::Settings {
        offline: request.offline,
        deadline: request.deadline,
        limits: request.limits,
        environment: request.environment.clone(),
    };
    let found = remote::obtain(&entry, &named.url, request.reference.as_deref(), &settings)?;
    let damaged = || SourceError::Store {
        place: entry.display(),
        problem: "the cache was removed or damaged meanwhile".to_owned(),
    };
    let repo = entry.open().ok_or_else(damaged)?;
    let commit = git::resolve(&repo, &display, &found.commit.to_string())?;
    let mut snapshot = at_commit(request, display, repo, &commit, &RepoPath::root())?;
    snapshot.branch = found.branch;
    snapshot.tag = found.tag.map(|id| id.to_string());
    snapshot.warnings.splice(0..0, found.warnings);
    Ok(snapshot)
}

/// Joins the shorthand of a URL with the flags; the same thing said twice must be the same.
fn with_shorthand(request: &Request, named: &Remote) -> Result<Request, SourceError> {
    let twice = |flag: &str| SourceError::Usage {
        problem: format!("the URL and {flag} say different things"),
        hint: format!("leave out {flag}, or what the URL says"),
    };
    let reference = match (&named.reference, &request.reference) {
        (Some(a), Some(b)) if a != b => return Err(twice("--ref")),
        (a, b) => b.clone().or_else(|| a.clone()),
    };
    // As for a directory: --path is joined below the directory of SOURCE.
    let path = match (&named.directory, &request.path) {
        (Some(directory), Some(path)) => Some(format!("{directory}/{path}")),
        (directory, path) => path.clone().or_else(|| directory.clone()),
    };
    Ok(Request { reference, path, ..request.clone() })
}
