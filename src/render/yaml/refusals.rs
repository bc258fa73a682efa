//! What is refused although the parser takes it, because kubectl's parser reads it otherwise, and how the parser's own errors
//! are told: with a position in the file, and without its content.

use libyaml_safer::{Error, ErrorKind, EventData, Mark, Parser};

use super::slices::{Slices, is_readable};
use super::tree::Composer;
use super::{Remark, documents};

impl Composer<'_> {
    /// kubectl reads one document of each part and drops the rest in silence.
    pub(super) fn nothing_follows(&self, parser: &mut Parser<Slices<'_>>, end: Mark) -> Result<(), Remark> {
        let mark = match parser.parse() {
            Ok(event) if event.data == EventData::StreamEnd => return Ok(()),
            Ok(event) => event.start_mark,
            Err(error) => error.problem_mark().unwrap_or(end),
        };
        Err(self
            .problem(mark, "text after the end of the document, which kubectl would ignore")
            .hint("start a new document with a line `---`"))
    }

    /// The parser knows `\/` from YAML 1.2; kubectl's does not.
    pub(super) fn refuse_escaped_slash(&self, start: Mark, end: Mark) -> Result<(), Remark> {
        let offset = |mark: Mark| usize::try_from(mark.index).unwrap_or(usize::MAX);
        let quoted = self.text.as_bytes().get(offset(start)..offset(end));
        let mut escaped = false;
        for byte in quoted.unwrap_or_default() {
            if escaped && *byte == b'/' {
                return Err(self.problem(start, "unknown escape `\\/` in a quoted text"));
            }
            escaped = *byte == b'\\' && !escaped;
        }
        Ok(())
    }

    /// A byte order mark at the start of a later line: the parser skips it, kubectl's takes it for a part of the text.
    pub(super) fn refuse_inner_marks(&self) -> Result<(), Remark> {
        for (at, _) in self.text.match_indices('\u{feff}') {
            let before = &self.text[..at];
            if before.ends_with(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
                let (line, _) = documents::position(before);
                let problem =
                    Remark::at(line - 1 + self.first_line, 1, "a byte order mark at the start of a line");
                return Err(problem.hint("remove it"));
            }
        }
        Ok(())
    }

    /// Inside brackets kubectl's parser takes a question mark for the start of a key.
    pub(super) fn refuse_question_mark(&self, text: &str, mark: Mark) -> Result<(), Remark> {
        if text.char_indices().any(|(at, char)| at > 0 && char == '?') {
            let problem = self.problem(mark, "a question mark in an unquoted text inside brackets");
            return Err(problem.hint("quote the text"));
        }
        Ok(())
    }

    pub(super) fn syntax(&self, error: &Error) -> Remark {
        let Some(mark) = error.problem_mark() else {
            return self.unreadable(error);
        };
        let message = match error.context() {
            Some(context) => format!("{} {context}", error.problem()),
            None => error.problem().to_owned(),
        };
        let remark = self.problem(mark, message);
        match error.problem() {
            "found character that cannot start any token" => {
                remark.hint("quote the text, and indent with spaces, not tabs")
            }
            problem if problem.contains("tab character") => remark.hint("indent with spaces, not tabs"),
            _ => remark,
        }
    }

    /// Errors of the parser's reader have no position: find the character that it refuses.
    fn unreadable(&self, error: &Error) -> Remark {
        let bad = self.text.char_indices().find(|(_, char)| !is_readable(*char));
        match bad {
            Some((at, _)) if error.kind() == ErrorKind::Reader => {
                let (line, column) = documents::position(&self.text[..at]);
                Remark::at(line - 1 + self.first_line, column, "control characters are not allowed")
                    .hint("write it as an escape in a double-quoted text")
            }
            _ => Remark::at(self.first_line, 1, "unreadable YAML"),
        }
    }
}
