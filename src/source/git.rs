//! Opening a repository in place, read-only, and resolving revisions.
//!
//! Everything the project does with libgit2 on existing repositories starts here, so that its errors get names and a way out.
//! libgit2 runs no program that a repository's configuration names: no hook, filter, monitor, ssh command or helper.

use std::path::Path;

use git2::{ErrorClass, ErrorCode, Oid, Repository};

use crate::source::error::{SourceError, near_names};
use crate::source::escape::one_line;
use crate::source::loose;

/// Opens the repository at its top level (or its `.git`, or a bare one), without searching above it.
///
/// # Errors
/// [`SourceError::ForeignOwned`], [`SourceError::Partial`], [`SourceError::Unsupported`], [`SourceError::Store`].
pub(crate) fn open(path: &Path) -> Result<Repository, SourceError> {
    Repository::open(path).map_err(|error| opening(&path.display().to_string(), &error))
}

/// Gives a failure to open a repository its name.
fn opening(place: &str, error: &git2::Error) -> SourceError {
    let place = one_line(place);
    if error.code() == ErrorCode::Owner {
        return SourceError::ForeignOwned { place };
    }
    if error.code() == ErrorCode::NotFound {
        return SourceError::NotFound {
            place,
            problem: "no git repository there".to_owned(),
            hint: "check the path".to_owned(),
        };
    }
    let message = error.message();
    if let Some(name) = message.strip_prefix("unsupported extension name ") {
        return unsupported_extension(place, name);
    }
    if message.contains("object format") || message.contains("unknown object type") {
        return unsupported(place, "an object format other than SHA-1 (extensions.objectformat)");
    }
    if message.starts_with("unsupported repository version") {
        return unsupported(place, "a newer repository format (core.repositoryformatversion)");
    }
    store(place, error)
}

fn unsupported_extension(place: String, name: &str) -> SourceError {
    match name.trim_start_matches("extensions.") {
        "partialclone" => SourceError::Partial { place },
        extension => unsupported(place, &format!("extensions.{}", one_line(extension))),
    }
}

fn unsupported(place: String, feature: &str) -> SourceError {
    SourceError::Unsupported {
        place,
        feature: feature.to_owned(),
        hint: "read a plain clone of it, or the files through a pipe: gitops diff -".to_owned(),
    }
}

/// A failure of the store without a name of its own.
pub(crate) fn store(place: String, error: &git2::Error) -> SourceError {
    SourceError::Store { place, problem: one_line(error.message()) }
}

/// A commit of a repository, resolved once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The commit id.
    pub(crate) id: Oid,
    /// Its tree.
    pub(crate) tree: Oid,
}

/// Resolves a revision to a commit as `git rev-parse REV^{commit}` does: branch, tag (annotated tags are peeled),
/// remote-tracking branch, full or abbreviated commit id, and git's suffixes.
///
/// # Errors
/// [`SourceError::RefNotFound`] with near names, [`SourceError::Shallow`] and [`SourceError::Partial`] where the commit is
/// missing because of the kind of clone.
pub(crate) fn resolve(repo: &Repository, place: &str, reference: &str) -> Result<Commit, SourceError> {
    check_reference(reference)?;
    check_named_object(repo, reference)
        .and_then(|()| repo.revparse_single(reference))
        .and_then(|object| object.peel_to_commit())
        .map(|commit| Commit { id: commit.id(), tree: commit.tree_id() })
        .map_err(|error| unresolved(repo, place, reference, &error))
}

/// The id of the object that a tag names, if the revision is one: a tag hides a branch of the same name.
pub(crate) fn tag(repo: &Repository, reference: &str) -> Option<String> {
    let name = reference.strip_prefix("refs/tags/").or(reference.strip_prefix("tags/")).unwrap_or(reference);
    repo.refname_to_id(&format!("refs/tags/{name}")).ok().map(|id| id.to_string())
}

/// Looks at the object that a plain name or a full id stands for, before libgit2 does. What an expression walks to
/// is not looked at.
fn check_named_object(repo: &Repository, reference: &str) -> Result<(), git2::Error> {
    let prefixes = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let named = prefixes.iter().find_map(|prefix| repo.refname_to_id(&format!("{prefix}{reference}")).ok());
    let id = Oid::from_str(reference).ok().filter(|_| reference.len() == 40).or(named);
    id.map_or(Ok(()), |id| loose::check(repo, id))
}

/// Refuses a revision that starts with a dash, is empty or holds control characters.
///
/// # Errors
/// [`SourceError::Usage`].
pub(crate) fn check_reference(reference: &str) -> Result<(), SourceError> {
    let problem = if reference.is_empty() {
        "is empty"
    } else if reference.starts_with('-') {
        "starts with a dash"
    } else if reference.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(SourceError::Usage {
        problem: format!("the revision {:?} {problem}", one_line(reference)),
        hint: "name a branch, a tag or a commit id".to_owned(),
    })
}

fn unresolved(repo: &Repository, place: &str, reference: &str, error: &git2::Error) -> SourceError {
    let place = one_line(place);
    if error.code() == ErrorCode::Ambiguous {
        return SourceError::Usage {
            problem: format!("{place}: the revision {:?} is ambiguous", one_line(reference)),
            hint: "write more digits of the commit id, or the full name (refs/heads/…, refs/tags/…)"
                .to_owned(),
        };
    }
    let absent = error.code() == ErrorCode::NotFound;
    if absent && repo.is_shallow() && (is_commit_id(reference) || is_derived(reference)) {
        return SourceError::Shallow { commit: one_line(reference), place };
    }
    if absent && error.class() == ErrorClass::Odb && is_partial(repo) {
        return SourceError::Partial { place };
    }
    if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec | ErrorCode::Peel) {
        return SourceError::RefNotFound {
            reference: reference.to_owned(),
            near: near_names(reference, &names(repo)),
            place,
        };
    }
    store(place, error)
}

/// True for 4 to 40 hexadecimal digits.
pub(crate) fn is_commit_id(text: &str) -> bool {
    (4..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_derived(reference: &str) -> bool {
    reference.contains(['~', '^', '@'])
}

/// True if objects may be missing because a promisor remote has them.
pub(crate) fn is_partial(repo: &Repository) -> bool {
    let Ok(config) = repo.config() else { return false };
    config
        .entries(Some("^remote\\..*\\.(promisor|partialclonefilter)$"))
        .and_then(|mut entries| entries.next().transpose().map(|entry| entry.is_some()))
        .unwrap_or(false)
}

/// Short names of all branches and tags, sorted; names that are not UTF-8 are left out.
fn names(repo: &Repository) -> Vec<String> {
    let mut names: Vec<String> = repo
        .references()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|reference| Some(std::str::from_utf8(reference.shorthand_bytes()).ok()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_to_open_get_names() {
        let error =
            |code, message: &str| opening("repo", &git2::Error::new(code, ErrorClass::Repository, message));
        assert!(matches!(error(ErrorCode::Owner, "x"), SourceError::ForeignOwned { .. }));
        assert!(matches!(
            error(ErrorCode::GenericError, "unsupported extension name extensions.partialclone"),
            SourceError::Partial { .. }
        ));
        assert!(matches!(
            error(ErrorCode::GenericError, "unsupported extension name extensions.refstorage"),
            SourceError::Unsupported { feature, .. } if feature == "extensions.refstorage"
        ));
        assert!(matches!(error(ErrorCode::GenericError, "x"), SourceError::Store { .. }));
    }

    #[test]
    fn sec_16_revisions_are_no_options() {
        for wrong in ["--upload-pack=touch canary", "-x", "", "a\nb"] {
            assert!(matches!(check_reference(wrong), Err(SourceError::Usage { .. })), "{wrong:?}");
        }
        assert_eq!(check_reference("feature/-x"), Ok(()));
    }
}
