//! One commit of another repository, for kustomizations that name one: read in place or fetched into the cache, as a source is.

use std::path::Path;

use crate::source::commit::CommitTree;
use crate::source::tree::FileTree;
use crate::source::url::{self, GitUrl, Location, Remote, Scheme};
use crate::source::{Request, SourceError, cache, git, remote};

/// A commit with its files.
pub struct Base {
    /// URL of the repository, without credentials.
    pub url: String,
    /// The commit id, 40 hexadecimal digits.
    pub commit: String,
    /// The files.
    pub tree: Box<dyn FileTree>,
    /// What a user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads the URL of a repository as a kustomization names it: without directory and revision.
///
/// # Errors
/// [`SourceError::Url`] for everything that is no plain URL, [`SourceError::Usage`] for a directory of this machine.
pub fn repository(text: &str, allowed: &[String]) -> Result<GitUrl, SourceError> {
    match url::parse(text, allowed)? {
        Location::Remote(Remote { url, directory: None, reference: None }) => Ok(url),
        _ => Err(SourceError::Usage {
            problem: format!("{} is not the URL of a repository", url::redact(text)),
            hint: "the forms are https://HOST/PATH, ssh://USER@HOST/PATH and USER@HOST:PATH".to_owned(),
        }),
    }
}

/// Resolves a revision (default branch if `None`) of a repository and opens its commit. A full commit id that is in the cache
/// costs no connection. `request` gives cache, deadline, credentials and limits; what it says about SOURCE means nothing here.
///
/// # Errors
/// [`SourceError`].
pub fn open_base(request: &Request, url: &GitUrl, revision: Option<&str>) -> Result<Base, SourceError> {
    let place = url.to_string();
    let (repo, commit, warnings) = if url.scheme() == Scheme::File {
        let repo = git::open(Path::new(&url.decoded_path()))?;
        let commit = git::resolve(&repo, &place, revision.unwrap_or("HEAD"))?;
        (repo, commit, Vec::new())
    } else {
        let cache_dir = request.cache_dir.clone().or_else(|| request.environment.cache_dir());
        let entry = cache::Entry::new(&cache_dir.ok_or_else(no_cache)?, url)?;
        let settings = remote::Settings {
            offline: request.offline,
            deadline: request.deadline,
            limits: request.limits,
            environment: request.environment.clone(),
        };
        let found = remote::obtain(&entry, url, revision, &settings)?;
        let repo = entry.open().ok_or_else(|| SourceError::Store {
            place: entry.display(),
            problem: "the cache was removed or damaged meanwhile".to_owned(),
        })?;
        let commit = git::resolve(&repo, &place, &found.commit.to_string())?;
        (repo, commit, found.warnings)
    };
    let partial = git::is_partial(&repo);
    let tree = Box::new(CommitTree::new(repo, commit.tree, partial));
    Ok(Base { url: place, commit: commit.id.to_string(), tree, warnings })
}

pub(super) fn no_cache() -> SourceError {
    SourceError::Usage {
        problem: "there is no place to fetch to: neither XDG_CACHE_HOME nor HOME is set".to_owned(),
        hint: "set XDG_CACHE_HOME".to_owned(),
    }
}

impl Request {
    /// The request for another repository that a kustomization of this source names: the token for the host of SOURCE is left
    /// out where the host is another one, because whoever writes a kustomization would say to whom it is sent.
    pub fn for_base(&self, url: &GitUrl, source: Option<&str>) -> Self {
        let own = source.and_then(|text| match url::parse(text, &self.allow_protocols) {
            Ok(Location::Remote(remote)) => Some(remote.url),
            _ => None,
        });
        let same = own.is_some_and(|own| {
            (own.scheme(), own.host(), own.port()) == (url.scheme(), url.host(), url.port())
        });
        let mut request = self.clone();
        if !same {
            request.environment.git_token = None;
        }
        request
    }
}
