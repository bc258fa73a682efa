//! Does the revision continue what was applied last? A branch that was rewritten, one that went back, and a tag that moved
//! change a cluster in a way that nobody may have meant.

use super::error::RunError;
use super::recorded::LastApplied;
use crate::render::Notice;
use crate::report::Source;
use crate::source::ancestry::{Descent, descent};
use crate::source::{Request, SourceError};

/// What stands between the revision and what was applied last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// What was found, in a sentence.
    pub(super) problem: String,
    /// What to do about it.
    pub(super) hint: String,
    /// True if it keeps an apply from writing; else it is a warning.
    pub(super) refuses: bool,
}

/// Where the history is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lookup {
    /// Only where it is at hand: nothing is said about what is not known.
    AtHand,
    /// Wherever it is.
    Anywhere,
}

/// Compares a revision with what was applied last. A source without commits has none to compare.
///
/// # Errors
/// The history cannot be read or fetched.
pub(super) async fn findings(
    request: &Request,
    last: &LastApplied,
    source: &Source,
    tag: Option<&str>,
    lookup: Lookup,
) -> Result<Vec<Finding>, RunError> {
    let moved = moved_tag(last, source, tag);
    let Some(commit) = source.commit.clone().filter(|commit| *commit != last.commit) else {
        return Ok(moved.into_iter().collect());
    };
    let (asked, from, to) = (request.clone(), last.commit.clone(), commit.clone());
    let local = lookup == Lookup::AtHand;
    let found = super::blocking(move || descent(&asked, &from, &to, local).map_err(RunError::from)).await;
    let remote = matches!(&found, Err(RunError::Source(SourceError::Unreachable { .. })));
    let found = match found {
        Err(_) if local => Descent::Unknown,
        // The server gave the commit a moment ago: without its history nothing is known, and that is said.
        Err(_) if remote => Descent::Unknown,
        found => found?,
    };
    let is_url = matches!(
        crate::source::url::parse(&request.source, &request.allow_protocols),
        Ok(crate::source::url::Location::Remote(_))
    );
    let finding = match (found, lookup) {
        (Descent::Forward, _) | (Descent::Unknown, Lookup::AtHand) => None,
        (found, _) => Some(told(found, last, &commit, is_url)),
    };
    Ok(moved.into_iter().chain(finding).collect())
}

fn told(found: Descent, last: &LastApplied, commit: &str, is_url: bool) -> Finding {
    let (to, from) = (short(commit), short(&last.commit));
    let when = format!("{from}, which gitops {} applied at {}", last.command, last.at);
    match found {
        Descent::Back => Finding {
            problem: format!("commit {to} is older than {when}"),
            hint: format!("to go back on purpose: gitops rollback {to}; or --allow-non-fast-forward"),
            refuses: true,
        },
        Descent::Unknown => Finding {
            problem: format!(
                "whether commit {to} continues {when}, is not known: the history ends before that"
            ),
            hint: match is_url {
                true => "--allow-non-fast-forward applies it nevertheless".to_owned(),
                false => {
                    "fetch the history: git fetch --unshallow (in GitHub Actions: fetch-depth: 0)".to_owned()
                }
            },
            // A shallow clone is how most CI systems work, and its owner chose the commit.
            refuses: is_url,
        },
        Descent::Apart | Descent::Forward => Finding {
            problem: format!(
                "commit {to} does not continue {when}: the branch was rewritten, or it is another one"
            ),
            hint: format!(
                "if that is meant: gitops rollback {to} for a single time, or --allow-non-fast-forward"
            ),
            refuses: true,
        },
    }
}

fn moved_tag(last: &LastApplied, source: &Source, tag: Option<&str>) -> Option<Finding> {
    let (name, now) = (source.reference.as_deref()?, tag?);
    let before = last.tags.get(name).filter(|before| *before != now)?;
    Some(Finding {
        problem: format!(
            "the tag {name} moved since it was applied at {}: it named {}, and now {}",
            last.at,
            short(before),
            short(now)
        ),
        hint: "tags are not meant to move: ask who moved it, or name the commit".to_owned(),
        refuses: false,
    })
}

fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// As a warning of a report.
pub(super) fn notice(finding: Finding) -> Notice {
    Notice { file: String::new(), line: 0, column: 0, message: finding.problem, hint: Some(finding.hint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last() -> LastApplied {
        LastApplied {
            commit: "b".repeat(40),
            command: "apply".to_owned(),
            at: "2026-11-01T10:00:00Z".to_owned(),
            tags: [("v1".to_owned(), "1".repeat(40))].into(),
        }
    }

    #[test]
    fn what_is_known_to_lead_elsewhere_refuses_and_what_is_not_known_of_a_clone_warns() {
        for (found, is_url, refuses, words) in [
            (Descent::Back, false, true, "is older than bbbbbbbbbbbb, which gitops apply applied at 2026-"),
            (Descent::Apart, true, true, "does not continue bbbbbbbbbbbb"),
            (Descent::Unknown, true, true, "is not known"),
            (Descent::Unknown, false, false, "is not known"),
        ] {
            let finding = told(found, &last(), &"a".repeat(40), is_url);
            assert_eq!((finding.refuses, finding.problem.contains(words)), (refuses, true), "{finding:?}");
        }
    }

    #[test]
    fn flt_49_a_tag_that_names_another_object_is_told() {
        let of = |reference: &str| Source { reference: Some(reference.to_owned()), ..Source::default() };
        let now = "2".repeat(40);
        let told = moved_tag(&last(), &of("v1"), Some(&now)).map(|finding| finding.problem);
        let words = "the tag v1 moved since it was applied at 2026-11-01T10:00:00Z: it named 111111111111, and now \
                     222222222222";
        assert_eq!(told.as_deref(), Some(words));
        assert_eq!(moved_tag(&last(), &of("v1"), Some(&"1".repeat(40))), None);
        assert_eq!(moved_tag(&last(), &of("v2"), Some(&now)), None);
        assert_eq!(moved_tag(&last(), &of("v1"), None), None);
    }
}
