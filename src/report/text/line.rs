//! One line of a text report: pieces with roles. The only way text from outside gets into a report.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr as _;

use crate::report::escape;
use crate::report::style::{Role, Styles};

/// A line that is being put together.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pieces: Vec<(Role, String)>,
    width: usize,
}

impl Line {
    /// A line that begins with this text.
    pub(super) fn of(role: Role, text: &str) -> Self {
        Self::default().with(role, text)
    }

    /// The line with more text; what could harm a terminal is escaped, line feeds too.
    pub(super) fn with(mut self, role: Role, text: &str) -> Self {
        self.push(role, text);
        self
    }

    /// Adds text.
    pub(super) fn push(&mut self, role: Role, text: &str) {
        let text = escape::one_line(text).into_owned();
        self.width += text.width();
        self.pieces.push((role, text));
    }

    /// Adds a line of a longer text, in which tabs stay and a blank at the end is made visible.
    pub(super) fn push_verbatim(&mut self, role: Role, text: &str) {
        let clean = escape::clean(text).replace('\n', "\\n");
        let clean = match clean.strip_suffix([' ', '\t']) {
            Some(rest) if clean.ends_with(' ') => format!("{rest}\\u{{20}}"),
            Some(rest) => format!("{rest}\\t"),
            None => clean,
        };
        self.width += clean.width();
        self.pieces.push((role, clean));
    }

    /// Adds a part of a line of a longer text: tabs stay.
    pub(super) fn push_part(&mut self, role: Role, text: &str) {
        let clean = escape::clean(text).replace('\n', "\\n");
        self.width += clean.width();
        self.pieces.push((role, clean));
    }

    /// Columns of the line on a terminal.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Fills up to a column, with two blanks at least.
    pub(super) fn pad_to(&mut self, column: usize) {
        let blanks = column.saturating_sub(self.width).max(2);
        self.width += blanks;
        self.pieces.push((Role::Plain, " ".repeat(blanks)));
    }

    /// The line in its styles (plain if it had to be changed so that no build service reads a command in it), without blanks and without a line end behind it.
    pub(super) fn paint(mut self, styles: Styles) -> String {
        while let Some((_, last)) = self.pieces.last_mut() {
            last.truncate(last.trim_end_matches(' ').len());
            if !last.is_empty() {
                break;
            }
            self.pieces.pop();
        }
        let text: String = self.pieces.iter().map(|(_, text)| text.as_str()).collect();
        if let Cow::Owned(harmless) = escape::without_commands(&text) {
            return harmless;
        }
        self.pieces.iter().map(|(role, text)| styles.paint(*role, text)).collect()
    }
}

/// Columns of a text on a terminal, once escaped.
pub(super) fn columns(text: &str) -> usize {
    escape::one_line(text).width()
}

/// Breaks a text at blanks into lines of at most `width` columns; a longer word stands alone.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in escape::one_line(text).split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_by_columns_and_end_without_blanks() {
        let mut line = Line::of(Role::Plain, "日本");
        line.pad_to(6);
        line.push(Role::Plain, "x  ");
        line.push(Role::Plain, " ");
        assert_eq!(line.width(), 10);
        assert_eq!(line.paint(Styles::default()), "日本  x");
        let mut full = Line::of(Role::Plain, "abcdef");
        full.pad_to(3);
        assert_eq!(full.with(Role::Plain, "x").paint(Styles::default()), "abcdef  x");
    }

    #[test]
    fn a_blank_at_the_end_of_a_text_is_visible() {
        for (text, expected) in [("a  ", "a \\u{20}"), ("a\t", "a\\t"), ("a\tb", "a\tb"), ("", "")] {
            let mut line = Line::default();
            line.push_verbatim(Role::Plain, text);
            assert_eq!(line.paint(Styles::default()), expected);
        }
    }

    #[test]
    fn text_is_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible x", 7), ["incomprehensible", "x"]);
    }
}
