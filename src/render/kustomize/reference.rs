//! References to other repositories, read as kustomize 5.8 reads them (`api/internal/git/repospec.go`): which texts are one,
//! and which part is the repository, the directory in it and the revision.

use std::time::Duration;

use crate::source::url::redact;

/// A directory of another repository, as a kustomization names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What is given to git: `https://host/org/repo`. May hold credentials.
    pub repository: String,
    /// The directory in the repository; empty for its top.
    pub directory: String,
    /// Branch, tag or commit; the default branch of the server if there is none.
    pub revision: Option<String>,
    /// Longest time that fetching may take, if the reference says so.
    pub timeout: Option<Duration>,
    /// Names of query parameters that mean nothing.
    pub unknown: Vec<String>,
}

/// What an entry of a kustomization names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A file or directory beside it.
    Local,
    /// A directory of another repository.
    Repository(Reference),
    /// Something else that is not in the source: what is wrong with it, and the way out.
    Refused(String, &'static str),
}

/// The way out where a file is not in the source.
pub(super) const COPY: &str = "copy the file into the repository and name the copy";
const FORM: &str = "the form is https://HOST/ORGANISATION/REPOSITORY//DIRECTORY?ref=REVISION";

const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];
const GITHUB: [&str; 2] = ["github.com/", "github.com:"];

/// Reads an entry.
pub fn named(text: &str) -> Named {
    if text.starts_with('/') {
        return Named::Local;
    }
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    if is_file_of_web(address) {
        let problem = "is a file of a web server, and only directories of git repositories are fetched";
        return Named::Refused(problem.to_owned(), COPY);
    }
    let Some((host, path)) = host_and_path(address) else {
        return match foreign_scheme(address) {
            Some(scheme) => {
                Named::Refused(format!("has the scheme {scheme:?}, from which nothing is fetched"), FORM)
            }
            None => Named::Local,
        };
    };
    let whole = host.eq_ignore_ascii_case("file://");
    let Some((repository, directory)) =
        split_path(&path, whole).filter(|(repository, _)| !repository.is_empty())
    else {
        return Named::Refused("names no repository".to_owned(), FORM);
    };
    if leaves(&directory) {
        return Named::Refused(
            "leads outside its repository".to_owned(),
            "name a directory of the repository",
        );
    }
    let Some(query) = parameters(query) else {
        return Named::Refused("has parameters that cannot be read".to_owned(), FORM);
    };
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let text_of = |name| value(name).filter(|value| !value.is_empty());
    let known = ["ref", "version", "timeout", "submodules"];
    let unknown =
        query.iter().map(|(key, _)| key.clone()).filter(|key| !known.contains(&key.as_str())).collect();
    Named::Repository(Reference {
        repository: format!("{host}{repository}"),
        directory: directory.trim_start_matches('/').to_owned(),
        revision: text_of("ref").or_else(|| text_of("version")).map(str::to_owned),
        timeout: text_of("timeout").and_then(duration),
        unknown,
    })
}

/// The text without credentials and parameters but the revision, at most 200 characters.
pub fn shown(text: &str) -> String {
    let mut out = redact(text);
    if let Named::Repository(Reference { revision: Some(revision), .. }) = named(text) {
        out.push_str("?ref=");
        out.push_str(&redact(&revision));
    }
    out.chars().take(200).collect()
}

/// True for a text that its author probably took for a remote one, although kustomize does not.
pub(super) fn looks_remote(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    !text.starts_with('.')
        && (text.contains("?ref=")
            || text.contains("?version=")
            || text.contains(".git/")
            || text.ends_with(".git")
            || (first.contains('.') && text.contains("//")))
}

/// Kustomize asks the server; a name with such an end is taken for a file here.
fn is_file_of_web(address: &str) -> bool {
    let lower = address.to_ascii_lowercase();
    let web = lower.starts_with("https://") || lower.starts_with("http://");
    web && [".yaml", ".yml", ".json"].iter().any(|end| lower.ends_with(end))
}

fn foreign_scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once("::").or_else(|| address.split_once("://"))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain)).then_some(scheme)
}

fn without_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// Scheme, user and host in front, and the path; `None` if kustomize takes the text for a path in the source.
fn host_and_path(address: &str) -> Option<(String, String)> {
    let address = without_prefix(address, "git::").unwrap_or(address);
    let found = SCHEMES.into_iter().find_map(|scheme| Some((scheme, without_prefix(address, scheme)?)));
    let (scheme, rest) = found.unwrap_or(("", address));
    let (user, rest) = user_and_rest(rest);
    let lower = rest.to_ascii_lowercase();
    let github = GITHUB.iter().any(|host| lower.starts_with(host));
    let short = scheme.is_empty() && (!user.is_empty() || github);
    if scheme.is_empty() && !short {
        return None;
    }
    if scheme == "file://" {
        return Some((scheme.to_owned(), format!("{user}{rest}")));
    }
    let slash = rest.find('/');
    let colon = rest.find(':').filter(|at| short && *at > 0 && slash.is_none_or(|slash| *at < slash));
    let end = colon.or(slash);
    let (host, path) = end.map_or((rest, ""), |at| rest.split_at(at + 1));
    if github {
        let host = match scheme == "ssh://" || !user.is_empty() {
            true => format!("{user}github.com:"),
            false => "https://github.com/".to_owned(),
        };
        return Some((host, path.to_owned()));
    }
    Some((format!("{scheme}{user}{host}"), path.to_owned()))
}

/// `name@` in front, where the name is letters, digits and dashes.
fn user_and_rest(text: &str) -> (&str, &str) {
    let Some(at) = text.find('@') else { return ("", text) };
    let name = &text[..at];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if plain { text.split_at(at + 1) } else { ("", text) }
}

/// Repository and directory: split at `_git/NAME`, `//` or `.git`, else behind two names (all of a `file://` path).
fn split_path(path: &str, whole: bool) -> Option<(String, String)> {
    if let Some(at) = path.find("_git/") {
        let start = at + "_git/".len();
        let (name, directory) = path[start..].split_once('/').unwrap_or((&path[start..], ""));
        return Some((format!("{}{name}", &path[..start]), directory.to_owned()));
    }
    if let Some((repository, directory)) = path.split_once("//") {
        return Some((repository.to_owned(), directory.to_owned()));
    }
    if let Some(at) = path.find(".git") {
        let (repository, directory) = path.split_at(at + ".git".len());
        return Some((repository.to_owned(), directory.to_owned()));
    }
    if whole {
        return Some((path.to_owned(), String::new()));
    }
    let mut names = path.splitn(3, '/');
    let (organisation, repository) = (names.next()?, names.next()?);
    Some((format!("{organisation}/{repository}"), names.next().unwrap_or_default().to_owned()))
}

fn leaves(directory: &str) -> bool {
    let mut depth = 0_usize;
    for name in directory.split('/') {
        match name {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// Names and values, the first of each name; `None` for broken escapes, which kustomize answers with no parameters at all.
fn parameters(query: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescaped(name)?, unescaped(value)?);
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, value));
        }
    }
    Some(found)
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Seconds, or a duration such as `2m`; others mean nothing to kustomize.
fn duration(text: &str) -> Option<Duration> {
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    let spelled = || text.parse::<jiff::SignedDuration>().ok().and_then(|found| found.try_into().ok());
    seconds.or_else(spelled).filter(|found| !found.is_zero())
}
