//! Whether a commit continues another one: what was applied last should be part of the history of what is applied next.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Oid, Repository};

use crate::source::remote::{DEPTHS, Settings, deepen};
use crate::source::url::{self, Location, Remote, Scheme};
use crate::source::{Request, SourceError, base, cache, directory, git};

/// How one commit stands to an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Descent {
    /// It is the same, or has it among its ancestors.
    Forward,
    /// It is an ancestor of it: somebody went back.
    Back,
    /// Its history does not hold it, and it is no ancestor either: the branch was rewritten, or is another one.
    Apart,
    /// The history that is at hand ends before that can be told.
    Unknown,
}

/// How `to` stands to `from`, both full commit ids of a source; the history of a URL is fetched as far as needed, unless
/// `local` forbids it.
///
/// # Errors
/// [`SourceError`] if the repository cannot be read or fetched from.
pub fn descent(request: &Request, from: &str, to: &str, local: bool) -> Result<Descent, SourceError> {
    if from == to {
        return Ok(Descent::Forward);
    }
    let (Ok(from), Ok(to)) = (Oid::from_str(from), Oid::from_str(to)) else { return Ok(Descent::Unknown) };
    match url::parse(&request.source, &request.allow_protocols)? {
        Location::Stdin => Ok(Descent::Unknown),
        Location::Directory(at) => match directory::repository(&at)? {
            Some(repo) => Ok(between(&repo, from, to)),
            None => Ok(Descent::Unknown),
        },
        Location::Remote(remote) if remote.url.scheme() == Scheme::File => {
            Ok(between(&git::open(Path::new(&remote.url.decoded_path()))?, from, to))
        }
        Location::Remote(remote) => fetched(request, &remote, from, to, local),
    }
}

fn fetched(
    request: &Request,
    named: &Remote,
    from: Oid,
    to: Oid,
    local: bool,
) -> Result<Descent, SourceError> {
    let cache_dir = request.cache_dir.clone().or_else(|| request.environment.cache_dir());
    let entry = cache::Entry::new(&cache_dir.ok_or_else(base::no_cache)?, &named.url)?;
    let settings = Settings {
        offline: request.offline,
        deadline: request.deadline,
        limits: request.limits,
        environment: request.environment.clone(),
    };
    let mut depths = DEPTHS.iter();
    loop {
        let known = entry.open().map_or(Descent::Unknown, |repo| between(&repo, from, to));
        if known != Descent::Unknown || local || request.offline {
            return Ok(known);
        }
        let Some(depth) = depths.next() else { return Ok(Descent::Unknown) };
        deepen(&entry, &named.url, to, *depth, &settings)?;
    }
}

fn between(repo: &Repository, from: Oid, to: Oid) -> Descent {
    match reaches(repo, to, from) {
        Reach::Yes => Descent::Forward,
        Reach::Cut => Descent::Unknown,
        Reach::No => match reaches(repo, from, to) {
            Reach::Yes => Descent::Back,
            _ => Descent::Apart,
        },
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Yes,
    No,
    /// The history ends where a clone was cut off.
    Cut,
}

/// Whether `wanted` is among the ancestors of `start`.
fn reaches(repo: &Repository, start: Oid, wanted: Oid) -> Reach {
    if !repo.is_shallow() {
        if repo.find_commit(wanted).is_err() {
            // All ancestors of a commit are there, so what is not there is none.
            return if repo.find_commit(start).is_ok() { Reach::No } else { Reach::Cut };
        }
        return match repo.graph_descendant_of(start, wanted) {
            Ok(true) => Reach::Yes,
            Ok(false) => Reach::No,
            Err(_) => Reach::Cut,
        };
    }
    // libgit2 looks for common ancestors without regard to where a clone was cut off.
    let (mut seen, mut next, mut cut) = (BTreeSet::from([start]), vec![start], false);
    while let Some(id) = next.pop() {
        if id == wanted {
            return Reach::Yes;
        }
        let Ok(commit) = repo.find_commit(id) else {
            cut = true;
            continue;
        };
        let header = commit.raw_header().unwrap_or_default();
        let parents = header.lines().filter(|line| line.starts_with("parent ")).count();
        cut |= parents > commit.parent_count();
        next.extend(commit.parent_ids().filter(|parent| seen.insert(*parent)));
    }
    if cut { Reach::Cut } else { Reach::No }
}
