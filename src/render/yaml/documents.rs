//! Cutting a stream into documents, as kubectl does before any YAML is parsed.
//!
//! A line that starts with `---` ends a document, also inside a quoted or block scalar; only blanks and a comment may
//! follow on it. Line ends become plain newlines and the last line gets one (`LineReader` and `YAMLReader` in
//! `k8s.io/apimachinery/pkg/util/yaml/decoder.go`).

use std::borrow::Cow;

use super::Remark;

const SEPARATOR: &str = "---";

/// The text of one document and the line on which it starts, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) line: u32,
}

/// Cuts a text whose first line has the given number. A bad separator is a problem in the place of its document.
pub(super) fn split(text: &str, first_line: u32) -> Vec<Result<Part<'_>, Remark>> {
    let mut parts = Vec::new();
    let (mut start, mut start_line) = (0, first_line);
    let (mut counted, mut line) = (0, first_line);
    for at in separators(text) {
        line += newlines(&text[counted..at]);
        counted = at;
        let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        let after = text[at + SEPARATOR.len()..end].trim();
        if !after.is_empty() && !after.starts_with('#') {
            parts.push(Err(Remark::at(line, 4, "text after the document separator `---`")
                .hint("only a comment may follow `---` on its line")));
        }
        if at > start {
            parts.push(Ok(part(&text[start..at], start_line)));
            (start, start_line) = (end, line + 1);
        }
    }
    if start < text.len() {
        parts.push(Ok(part(&text[start..], start_line)));
    }
    parts
}

/// Byte offsets of the lines that start with the separator.
fn separators(text: &str) -> impl Iterator<Item = usize> + '_ {
    let first = text.starts_with(SEPARATOR).then_some(0);
    first.into_iter().chain(text.match_indices("\n---").map(|(at, _)| at + 1))
}

fn part(text: &str, line: u32) -> Part<'_> {
    let mut text =
        if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) };
    if !text.ends_with('\n') {
        text.to_mut().push('\n');
    }
    Part { text, line }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(u32::MAX)
}

/// Line and column, from 1, of the place behind a text that starts at line 1.
pub(super) fn position(before: &str) -> (u32, u32) {
    let line = 1 + newlines(before);
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count());
    (line, 1 + u32::try_from(column).unwrap_or(u32::MAX - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<(String, u32)> {
        split(text, 1)
            .into_iter()
            .map(|part| part.map_or_else(|bad| (bad.message, bad.line), |part| (part.text.into(), part.line)))
            .collect()
    }

    #[test]
    fn documents_end_at_lines_that_start_with_the_separator() {
        let own = |parts: &[(&str, u32)]| -> Vec<(String, u32)> {
            parts.iter().map(|(text, line)| ((*text).to_owned(), *line)).collect()
        };
        assert_eq!(texts("a: 1"), own(&[("a: 1\n", 1)]));
        assert_eq!(texts("a: 1\n---\nb: 2\n"), own(&[("a: 1\n", 1), ("b: 2\n", 3)]));
        assert_eq!(texts("---\na: 1\n"), own(&[("---\na: 1\n", 1)]));
        assert_eq!(texts("a\n--- # x\n---\nb"), own(&[("a\n", 1), ("---\nb\n", 3)]));
        assert_eq!(texts("a: |\r\n  x\r\n---\r\nb"), own(&[("a: |\n  x\n", 1), ("b\n", 4)]));
        assert_eq!(texts("a\n--- b\n"), own(&[("text after the document separator `---`", 2), ("a\n", 1)]));
        assert_eq!(texts(" ---\n"), own(&[(" ---\n", 1)]));
    }

    #[test]
    fn positions_count_characters() {
        assert_eq!(position(""), (1, 1));
        assert_eq!(position("a\nüx"), (2, 3));
    }
}
