//! Reading YAML exactly as kustomize does (kyaml's `kio.FromBytes` over go-yaml v3): documents, anchors and merge keys.
//!
//! Texts of problems name positions and never hold content of the file: a broken file may hold a password.

use std::borrow::Cow;

use super::compose::{Expanded, compose};
use super::node::{Ids, NodeError, NodeResult, Place, Tree};

/// Files with fewer documents are read on one thread.
const FEW_DOCUMENTS: usize = 64;

/// Reads the documents of a file; empty ones are left out. The items of a file that is one `List` are documents.
///
/// # Errors
/// The first problem.
pub(super) fn read(bytes: &[u8], file: u32) -> NodeResult<Vec<Tree>> {
    let text = text_of(bytes, file)?;
    let parts = split(&text, file)?;
    let only = parts.len() == 1;
    let mut trees = Vec::new();
    // Aliases are counted through the whole file, so only files without any are read on two threads.
    let composed = if parts.len() < FEW_DOCUMENTS || text.contains('&') {
        compose_all(&parts, file)
    } else {
        let (front, back) = parts.split_at(parts.len() / 2);
        std::thread::scope(|scope| {
            let back = scope.spawn(|| compose_all(back, file));
            let front = compose_all(front, file)?;
            let back = back.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            Ok(front.into_iter().chain(back).collect())
        })
    };
    for tree in composed? {
        match items_of_list(&tree).filter(|_| only) {
            Some(items) => trees.extend(items.into_iter().map(|item| Tree { root: item, ..tree.clone() })),
            None => trees.push(tree),
        }
    }
    Ok(trees)
}

/// Reads the first document of a text that stands inside of another one; its lines count from that place.
pub(super) fn read_first(text: &str, place: Place) -> NodeResult<Option<Tree>> {
    compose(text, place.file, place.line.max(1), &mut Expanded::default())
}

fn compose_all(parts: &[(&str, u32)], file: u32) -> NodeResult<Vec<Tree>> {
    let mut expanded = Expanded::default();
    let composed = parts.iter().map(|(text, line)| compose(text, file, *line, &mut expanded));
    composed.filter_map(Result::transpose).collect()
}

fn items_of_list(tree: &Tree) -> Option<Ids> {
    let kind = tree.field_text(tree.root, "kind");
    let is_list = matches!(kind, "List" | "ResourceList");
    let items = tree.field(tree.root, "items");
    let wrapped = is_list && (items.is_some() || tree.field(tree.root, "functionConfig").is_some());
    wrapped.then(|| items.map(|items| tree.node(items).content.clone()).unwrap_or_default())
}

/// The text of a file, without a mark at its start and with plain line ends.
fn text_of(bytes: &[u8], file: u32) -> NodeResult<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        NodeError {
            place: Place { file, line: 1 + u32::try_from(before).unwrap_or(0) },
            message: "invalid UTF-8".to_owned(),
        }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() })
}

/// Cuts a stream at lines that start with `---`; nothing but blanks and a comment may follow on such a line.
fn split(text: &str, file: u32) -> NodeResult<Vec<(&str, u32)>> {
    let mut parts = Vec::new();
    let (mut start, mut line, mut from) = (0, 1u32, 0);
    while let Some(at) = text[from..].find("\n---").map(|at| at + from) {
        let Some(end) = text[at + 1..].find('\n').map(|end| at + 1 + end) else { break };
        let after = text[at + 4..end].trim();
        let newlines = u32::try_from(text[start..=at].matches('\n').count()).unwrap_or(0);
        if !after.is_empty() && !after.starts_with('#') {
            let place = Place { file, line: line + newlines };
            let message = "text after the document separator `---`".to_owned();
            return Err(NodeError { place, message });
        }
        parts.push((&text[start..=at], line));
        line += newlines + 1;
        (start, from) = (end + 1, end + 1);
        // The line end of a separator cannot start another one.
        if start > text.len() {
            break;
        }
    }
    if !text.is_empty() {
        parts.push((&text[start.min(text.len())..], line));
    }
    Ok(parts)
}
