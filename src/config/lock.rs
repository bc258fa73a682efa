//! `gitops.lock`: which commit every remote base of a source had when the file was written, so that the next run renders the
//! same. Pure; a small YAML document, sorted, the same bytes for the same entries.

use std::collections::BTreeMap;

use super::API_VERSION;
use super::checker::{Checker, Fields};
use crate::render::Notice;
use crate::render::yaml::located::{self, Content, Located};

/// The name of the file at the root of a source.
pub const FILE: &str = "gitops.lock";
/// Most entries that are read.
const MAX_ENTRIES: usize = 1_000;

/// A remote base: URL of the repository without credentials, and the revision; `None` for the default branch.
pub type Key = (String, Option<String>);

/// The entries of a lock file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    entries: BTreeMap<Key, Pinned>,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// The commit id, 40 hexadecimal digits.
    pub commit: String,
    /// Line of the entry in the file; 0 for one that is not written yet.
    pub line: u32,
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// Everything that is wrong with it, in order of place.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Notice>> {
        let mut checker = Checker::new(FILE);
        let mut lock = Self::default();
        match located::read(bytes) {
            Err(problem) => {
                checker.problem(problem.line, problem.column, problem.message, problem.hint.or_else(remedy));
            }
            Ok(None) => checker.problem(0, 0, "holds nothing", remedy()),
            Ok(Some(root)) => {
                let fields = checker.map(&root, "the lock", &["apiVersion", "remotes"]);
                checker.version(&root, &fields, API_VERSION);
                for item in checker.list(&fields, "remotes", MAX_ENTRIES) {
                    lock.read_entry(&mut checker, item);
                }
            }
        }
        if checker.problems.is_empty() { Ok(lock) } else { Err(checker.sorted()) }
    }

    fn read_entry(&mut self, checker: &mut Checker<'_>, item: &Located) {
        let fields = checker.map(item, "a remote base", &["url", "ref", "commit"]);
        let url = required(checker, item, &fields, "url");
        let commit = required(checker, item, &fields, "commit");
        let reference = checker.optional(&fields, "ref");
        let (Some(url), Some((commit, at))) = (url, commit.zip(fields.get("commit"))) else { return };
        if commit.len() != 40 || !commit.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            let message = format!("{commit:?} is no commit id");
            checker.at(at, message, "expected 40 digits and letters from a to f".to_owned());
            return;
        }
        let line = item.line;
        let before = self.entries.insert((url, reference), Pinned { commit, line });
        if let Some(before) = before {
            let message = format!("the same repository and ref as in line {}", before.line);
            checker.at(item, message, "keep one of the two".to_owned());
        }
    }

    /// The commit of a remote base.
    pub fn get(&self, key: &Key) -> Option<&Pinned> {
        self.entries.get(key)
    }

    /// Adds or replaces an entry; returns the commit that it had before.
    pub fn set(&mut self, key: Key, commit: String) -> Option<String> {
        self.entries.insert(key, Pinned { commit, line: 0 }).map(|before| before.commit)
    }

    /// True if there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# The commits of remote bases. `gitops render --allow-remote --update-lock` writes this file; keep it in Git.\n",
        );
        out.push_str(&format!("apiVersion: {API_VERSION}\nremotes:\n"));
        for ((url, reference), pinned) in &self.entries {
            out.push_str(&format!("- url: {}\n", quoted(url)));
            if let Some(reference) = reference {
                out.push_str(&format!("  ref: {}\n", quoted(reference)));
            }
            out.push_str(&format!("  commit: {}\n", quoted(&pinned.commit)));
        }
        out
    }
}

/// A text in double quotes: JSON is YAML, and no text is taken for anything else.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn remedy() -> Option<String> {
    Some("remove the file and write it anew: gitops render --allow-remote --update-lock".to_owned())
}

fn required(checker: &mut Checker<'_>, item: &Located, fields: &Fields<'_>, key: &str) -> Option<String> {
    if fields.get(key).is_none() && matches!(item.content, Content::Map(_)) {
        checker.at(item, format!("the remote base has no {key}"), remedy());
    }
    checker.optional(fields, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn what_is_written_is_read_again_in_one_order() {
        let mut lock = Lock::default();
        let keys: [Key; 4] = [
            ("https://b.example/x".to_owned(), Some("v1".to_owned())),
            ("https://a.example/x".to_owned(), Some("1.0".to_owned())),
            ("https://a.example/x".to_owned(), None),
            ("git@c.example:x".to_owned(), Some("yes: \"no\"\n".to_owned())),
        ];
        for key in &keys {
            assert_eq!(lock.set(key.clone(), COMMIT.to_owned()), None);
        }
        let read = Lock::parse(lock.text().as_bytes()).unwrap();
        assert_eq!(read.text(), lock.text());
        for key in &keys {
            assert_eq!(read.get(key).unwrap().commit, COMMIT, "{key:?}");
        }
        let urls: Vec<&str> = read.entries.keys().map(|(url, _)| url.as_str()).collect();
        let sorted = ["git@c.example:x", "https://a.example/x", "https://a.example/x", "https://b.example/x"];
        assert_eq!(urls, sorted);
        assert_eq!(lock.set(keys[0].clone(), "f".repeat(40)).as_deref(), Some(COMMIT));
    }

    #[test]
    fn mistakes_have_a_place_and_a_way_out() {
        let table = [
            ("", "gitops.lock: holds nothing"),
            ("remotes: []", "gitops.lock:1:1: apiVersion is missing"),
            ("apiVersion: gitops/v1\nremote: []", "gitops.lock:2:1: unknown key `remote` in the lock"),
            (
                "apiVersion: gitops/v1\nremotes:\n- url: a\n  commit: abc",
                "gitops.lock:4:11: \"abc\" is no commit id",
            ),
            ("apiVersion: gitops/v1\nremotes:\n- url: a", "gitops.lock:3:3: the remote base has no commit"),
            ("apiVersion: gitops/v1\nremotes: [a", "gitops.lock:3:1: "),
            (
                "apiVersion: gitops/v1\nremotes:\n- {url: a, commit: \"COMMIT\"}\n- {url: a, commit: \"COMMIT\"}",
                "gitops.lock:4:3: the same repository and ref as in line 3",
            ),
        ];
        for (text, expected) in table {
            let problems = Lock::parse(text.replace("COMMIT", COMMIT).as_bytes()).unwrap_err();
            assert!(problems[0].to_string().starts_with(expected), "{text}: {}", problems[0]);
            assert!(problems[0].hint.is_some() || text.contains("remote:"), "{text}: {:?}", problems[0]);
        }
    }
}
