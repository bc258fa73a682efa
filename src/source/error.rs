//! Why a source could not be opened, and the way out.

use crate::source::tree::TreeError;
use crate::source::url::UrlError;

/// Why a source could not be opened. Messages hold no credentials and no raw control characters; [`SourceError::hint`] says
/// what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The request itself is wrong.
    #[error("{problem}")]
    Usage {
        /// What was asked and why it cannot be done.
        problem: String,
        /// The way out.
        hint: String,
    },
    /// SOURCE is no valid URL or directory name.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// No such directory or repository.
    #[error("{place}: {problem}")]
    NotFound {
        /// The directory or URL.
        place: String,
        /// What was found instead.
        problem: String,
        /// The way out: a near name, or what to check.
        hint: String,
    },
    /// The server wants credentials and accepted none.
    #[error("{place}: authentication failed (tried: {})", list_or(.tried, "nothing"))]
    Auth {
        /// The URL.
        place: String,
        /// The ways that were tried, in order.
        tried: Vec<String>,
        /// Ways that could not be tried, with the reason.
        missing: Vec<String>,
    },
    /// The ssh server's host key is unknown, changed or revoked. A trust failure.
    #[error("{host}: {problem}")]
    HostKey {
        /// Host and port.
        host: String,
        /// What is wrong with the key, with its fingerprint.
        problem: String,
        /// The way out.
        hint: String,
    },
    /// The TLS certificate of the server could not be verified. A trust failure.
    #[error("{place}: {problem}")]
    Certificate {
        /// The URL.
        place: String,
        /// What the TLS library said.
        problem: String,
    },
    /// The server could not be reached, answered with an error, or did not answer in time.
    #[error("{place}: {problem}{}", quoted(.remote))]
    Unreachable {
        /// The URL.
        place: String,
        /// What went wrong.
        problem: String,
        /// What the server itself said, escaped, a line an entry.
        remote: Vec<String>,
    },
    /// The server redirected to another place.
    #[error("{place}: {problem}")]
    Redirected {
        /// The URL.
        place: String,
        /// From where to where.
        problem: String,
    },
    /// No branch, tag or commit of that name.
    #[error("{place}: no branch, tag or commit {reference:?}")]
    RefNotFound {
        /// The revision as asked for.
        reference: String,
        /// The repository.
        place: String,
        /// Names that are near.
        near: Vec<String>,
    },
    /// The commit is missing because the clone is shallow.
    #[error("{place}: commit {commit} is not in this shallow clone")]
    Shallow {
        /// The revision that is missing.
        commit: String,
        /// The repository.
        place: String,
    },
    /// Objects are missing because the clone is partial.
    #[error("{place}: this is a partial clone, and objects that are needed are missing")]
    Partial {
        /// The repository.
        place: String,
    },
    /// The repository belongs to another user.
    #[error("{place}: the repository is owned by another user")]
    ForeignOwned {
        /// Top level of the repository.
        place: String,
    },
    /// The repository uses a feature that is not supported.
    #[error("{place}: the repository uses {feature}, which is not supported")]
    Unsupported {
        /// The repository.
        place: String,
        /// The feature, by git's name for it.
        feature: String,
        /// The way out.
        hint: String,
    },
    /// The directory inside the source does not exist.
    #[error("{place}: no directory {path:?}{}", at_revision(.revision))]
    PathMissing {
        /// The repository or directory.
        place: String,
        /// The path inside it.
        path: String,
        /// The commit that was read, if any.
        revision: Option<String>,
        /// Directories that are near.
        near: Vec<String>,
    },
    /// A limit was exceeded.
    #[error("{place}: {problem}")]
    Limit {
        /// The repository or directory.
        place: String,
        /// The limit and what was found.
        problem: String,
    },
    /// The tree of files could not be read.
    #[error("{place}: {error}")]
    Tree {
        /// The repository or directory.
        place: String,
        /// What went wrong.
        error: TreeError,
    },
    /// A repository or the cache could not be read or written.
    #[error("{place}: {problem}")]
    Store {
        /// The repository, file or directory.
        place: String,
        /// What went wrong.
        problem: String,
    },
}

fn list_or(items: &[String], none: &str) -> String {
    if items.is_empty() { none.to_owned() } else { items.join(", ") }
}

fn quoted(remote: &[String]) -> String {
    if remote.is_empty() { String::new() } else { format!(" (the server said: {})", remote.join(" / ")) }
}

fn at_revision(revision: &Option<String>) -> String {
    revision.as_ref().map_or_else(String::new, |commit| format!(" in commit {commit}"))
}

impl SourceError {
    /// True for a host key or a certificate that cannot be trusted (exit code 6).
    pub fn is_trust_failure(&self) -> bool {
        matches!(self, Self::HostKey { .. } | Self::Certificate { .. })
    }

    /// What the user can do, one sentence.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. }
            | Self::NotFound { hint, .. }
            | Self::HostKey { hint, .. }
            | Self::Unsupported { hint, .. } => Some(hint.clone()),
            Self::Url(error) => Some(url_hint(error)),
            Self::Auth { missing, .. } => Some(auth_hint(missing)),
            Self::Certificate { .. } => {
                Some("set SSL_CERT_FILE to the certificate of the authority that signed it".to_owned())
            }
            Self::Unreachable { .. } => Some("--offline uses the last commit that was fetched".to_owned()),
            Self::Redirected { .. } => Some("use the URL that the server redirects to".to_owned()),
            Self::RefNotFound { near, .. } => near_hint(near),
            Self::PathMissing { near, .. } => near_hint(near),
            Self::Shallow { commit, .. } => Some(format!(
                "fetch the history (in CI fetch-depth: 0, GIT_DEPTH: 0), or this commit: git fetch --depth=1 origin {commit}"
            )),
            Self::Partial { .. } => {
                Some("clone again without --filter, or run git fetch --refetch without a filter".to_owned())
            }
            Self::ForeignOwned { place } => {
                Some(format!("if you trust it: git config --global --add safe.directory {place}"))
            }
            Self::Limit { .. } | Self::Tree { .. } | Self::Store { .. } => None,
        }
    }
}

fn url_hint(error: &UrlError) -> String {
    match error {
        UrlError::Empty => "name a directory, a URL, or - for the standard input",
        UrlError::Dash(_) => "write ./ before a directory whose name starts with a dash",
        UrlError::Protocol(_) => "use https://, ssh://, user@host:path or file://",
        UrlError::Control(_) | UrlError::Malformed { .. } => "the form is https://HOST/PATH//SUB/DIR?ref=REV",
    }
    .to_owned()
}

fn auth_hint(missing: &[String]) -> String {
    let way_out = "set GITOPS_GIT_TOKEN or GITOPS_SSH_KEY, or store credentials with git or in an ssh agent";
    if missing.is_empty() {
        way_out.to_owned()
    } else {
        format!("{way_out} (not tried: {})", missing.join(", "))
    }
}

fn near_hint(near: &[String]) -> Option<String> {
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

/// The names that are near a misspelt one: at most three, the nearest first, then those that end with it.
pub(crate) fn near_names(wrong: &str, names: &[String]) -> Vec<String> {
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut near: Vec<String> =
        similar::get_close_matches(wrong, &all, 3, 0.6).into_iter().map(str::to_owned).collect();
    let suffix = format!("/{wrong}");
    near.extend(names.iter().filter(|name| name.ends_with(&suffix)).cloned());
    let mut unique = Vec::new();
    for name in near {
        if !unique.contains(&name) && unique.len() < 3 {
            unique.push(name);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_by_spelling_and_by_ending() {
        let names: Vec<String> =
            ["main", "release-1.2", "origin/main", "feature/login"].map(str::to_owned).into();
        let table: &[(&str, &[&str])] = &[
            ("mian", &["main"]),
            ("relase-1.2", &["release-1.2"]),
            ("login", &["feature/login"]),
            ("zzz", &[]),
        ];
        for (wrong, expected) in table {
            assert_eq!(near_names(wrong, &names), *expected, "{wrong}");
        }
    }

    #[test]
    fn only_keys_and_certificates_are_trust_failures() {
        let text = String::new;
        let host_key = SourceError::HostKey { host: text(), problem: text(), hint: text() };
        let certificate = SourceError::Certificate { place: text(), problem: text() };
        let auth = SourceError::Auth { place: text(), tried: Vec::new(), missing: Vec::new() };
        assert!(host_key.is_trust_failure() && certificate.is_trust_failure() && !auth.is_trust_failure());
    }

    #[test]
    fn flt_47_the_advice_names_the_depth() {
        let error = SourceError::Shallow { commit: "abc".into(), place: "repo".into() };
        let hint = error.hint().unwrap();
        assert!(hint.contains("fetch-depth: 0") && hint.contains("git fetch --depth=1 origin abc"), "{hint}");
    }
}
