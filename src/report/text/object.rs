//! The block of one object.

use super::acts::Acts;
use super::line::{Line, columns, wrap};
use super::{Page, field, value, words};
use crate::compare::verdict::{BaseKind, Note, ObjectVerdict, Status};
use crate::report::ignored;
use crate::report::style::Role;

/// Columns in front of what belongs to an object.
const INDENT: usize = 4;

/// A line for the object, then what it needs: the reason, the place, fields, the whole object, notes.
pub(super) fn block(verdict: &ObjectVerdict, page: &Page<'_>) -> Vec<Line> {
    let mut lines = head(verdict, page);
    if let Some(place) = place(verdict) {
        lines.push(indented(Role::Faint, &place));
    }
    if verdict.base != *page.base && !verdict.fields.is_empty() {
        lines.push(indented(Role::Faint, &words::base(&verdict.base, page.options.now)));
    }
    let acts = Acts::of(verdict);
    if acts.are_mixed() {
        let words = wrap(&acts.words(), page.options.width.saturating_sub(INDENT));
        lines.extend(words.iter().map(|text| indented(Role::Faint, text)));
    }
    for field in &verdict.fields {
        lines.extend(field::lines(verdict, field, page));
    }
    if let Some(object) = &verdict.object {
        let (sign, role) = if verdict.status == Status::Extra { ("-", Role::Live) } else { ("+", Role::Git) };
        lines.extend(value::signed(INDENT, sign, role, &value::readable(object)));
    }
    for shown in verdict.notes.iter().filter(|note| page.options.show.shows(note.kind)) {
        lines.push(note(shown, Line::of(Role::Plain, "  "), page));
    }
    for ignored in ignored(verdict).iter().filter(|_| page.options.show.ignored) {
        lines.push(note(&ignored.note, Line::of(Role::Plain, "  "), page));
    }
    lines
}

fn head(verdict: &ObjectVerdict, page: &Page<'_>) -> Vec<Line> {
    let (sign, role) = words::sign(verdict.status);
    let mut line = Line::of(role, &format!("{sign} ")).with(Role::Strong, &verdict.id.to_string());
    line.pad_to(page.column);
    line.push(role, &words::status(verdict));
    let Some(reason) = &verdict.reason else { return vec![line] };
    if line.width() + 2 + columns(reason) <= page.options.width {
        return vec![line.with(role, ": ").with(Role::Plain, reason)];
    }
    let wrapped = wrap(reason, page.options.width.saturating_sub(INDENT));
    std::iter::once(line).chain(wrapped.iter().map(|text| indented(Role::Plain, text))).collect()
}

/// Where the object is written, and why it may be absent; nothing for an object whose fields name their lines.
fn place(verdict: &ObjectVerdict) -> Option<String> {
    let places: Vec<String> = verdict.places.iter().map(|(file, line)| at(file, Some(*line))).collect();
    let written = (!places.is_empty()).then(|| format!("in {}", places.join(" and ")));
    let gone = match (verdict.status, &verdict.reason, &verdict.base) {
        (Status::Missing, None, BaseKind::Unknown) => Some("deleted or never applied; writer not recorded"),
        (Status::Missing, None, _) => Some("deleted; writer not recorded"),
        _ => None,
    };
    match (written, gone) {
        (None, None) => None,
        _ if !verdict.fields.is_empty() && verdict.places.len() < 2 => None,
        (Some(written), None) => (verdict.status != Status::InSync).then_some(written),
        (None, Some(gone)) => Some(gone.to_owned()),
        (Some(written), Some(gone)) => Some(format!("{written}; {gone}")),
    }
}

/// `file:line`, or the file alone where the line is not known.
pub(super) fn at(file: &str, line: Option<u32>) -> String {
    match line {
        Some(line) if line > 0 => format!("{file}:{line}"),
        _ => file.to_owned(),
    }
}

fn indented(role: Role, text: &str) -> Line {
    Line::of(role, &format!("{}{text}", " ".repeat(INDENT)))
}

/// A note on one line, with as many of its paths as fit and the number of the others.
pub(super) fn note(note: &Note, mut line: Line, page: &Page<'_>) -> Line {
    // In a block the note stands under the fields, otherwise in the column of classes.
    let is_block = line.width() <= 2;
    line.pad_to(if is_block { INDENT } else { page.column });
    let words = words::note(note);
    line.push(Role::Faint, &words);
    let paths: Vec<String> =
        note.paths.iter().map(ToString::to_string).filter(|path| !path.is_empty()).collect();
    let room = page.options.width.saturating_sub(" and 999 more".len());
    for (number, path) in paths.iter().enumerate() {
        let separator = if number == 0 { ": " } else { ", " };
        if number > 0 && line.width() + 2 + columns(path) > room {
            return line.with(Role::Faint, &format!(" and {} more", paths.len() - number));
        }
        line.push(Role::Faint, separator);
        line.push(Role::Plain, path);
    }
    line
}
