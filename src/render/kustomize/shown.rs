//! How the annotations of origin name files: kustomize's `resource.Origin`, with its fields in its order.

use super::load::Directory;
use super::noted::yaml_text;
use super::reference::Reference;

/// A path relative to the first directory, resolved by name.
pub(super) fn join_shown(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// An object that stands in a file.
pub(super) fn written_in(dir: &Directory, file: &str) -> String {
    format!("path: {}\n{}", yaml_text(&join_shown(&dir.shown, file)), dir.shown_repository)
}

/// An object that a file makes or changes; what makes it comes behind.
pub(super) fn configured_in(dir: &Directory, file: &str) -> String {
    format!("{}configuredIn: {}\n", dir.shown_repository, yaml_text(&join_shown(&dir.shown, file)))
}

/// What stands in annotations about another repository.
pub(super) fn repository(reference: &Reference) -> String {
    let mut out = format!("repo: {}\n", yaml_text(&reference.repository));
    if let Some(revision) = &reference.revision {
        out.push_str(&format!("ref: {}\n", yaml_text(revision)));
    }
    out
}

/// The directory of another repository, as paths in annotations start. For the top of a repository kustomize writes the name
/// that it has for a place which is not there yet.
pub(super) fn top(reference: &Reference) -> &'static str {
    if reference.directory.is_empty() { "notCloned" } else { "" }
}
