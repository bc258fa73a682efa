//! The lines of one field: path and class, then live, Git and base.

use serde_json::Value;

use super::line::{Line, columns, wrap};
use super::{Page, object, value, words};
use crate::compare::verdict::{BaseKind, Class, FieldVerdict, ObjectVerdict};
use crate::object::value::same;
use crate::report::style::Role;

/// Columns in front of a path.
const PATH_INDENT: usize = 4;
/// Columns in front of a value.
const INDENT: usize = 6;
/// Columns kept free behind a value, for who and when.
const LABELS: usize = 34;
/// The words for a side that has no value.
const ABSENT: &str = "(absent)";

/// One side of a field.
struct Side<'v> {
    sign: &'static str,
    name: &'static str,
    role: Role,
    part: Role,
    value: Option<&'v Value>,
    label: String,
}

/// All lines of a field.
pub(super) fn lines(verdict: &ObjectVerdict, field: &FieldVerdict, page: &Page<'_>) -> Vec<Line> {
    let sides = sides(verdict, field, page);
    let mut lines = head(field, page);
    match short_values(&sides, page) {
        Some(values) => lines.extend(rows(&sides, &values)),
        None => lines.extend(blocks(&sides, page)),
    }
    lines
}

fn head(field: &FieldVerdict, page: &Page<'_>) -> Vec<Line> {
    let path = match field.path.0.is_empty() {
        true => "(the whole object)".to_owned(),
        false => field.path.to_string(),
    };
    let mut line = Line::of(Role::Plain, &format!("{}{path}", " ".repeat(PATH_INDENT)));
    line.pad_to(page.column);
    let words = words::class(field, page.all_local);
    let role = if field.counts { Role::Difference } else { Role::Faint };
    let (class, remark) = match &field.remark {
        Some(remark) => (words.trim_end_matches(remark.as_str()).trim_end_matches(": "), remark.as_str()),
        None => (words.as_str(), ""),
    };
    if line.width() + columns(&words) <= page.options.width || remark.is_empty() {
        return vec![line.with(role, &words)];
    }
    let mut lines = vec![line.with(role, class)];
    let room = page.options.width.saturating_sub(INDENT);
    let indented = |text: &String| Line::of(Role::Faint, &format!("{}{text}", " ".repeat(INDENT)));
    lines.extend(wrap(remark, room).iter().map(indented));
    lines
}

/// The sides that are shown: live where there is a value or somebody took it away, Git, and the base where it differs
/// from both.
fn sides<'v>(verdict: &ObjectVerdict, field: &'v FieldVerdict, page: &Page<'_>) -> Vec<Side<'v>> {
    let mut sides = Vec::new();
    let taken =
        matches!(field.class, Class::Drift | Class::Diverged | Class::Differs) || field.writer.is_some();
    if field.live.is_some() || taken {
        let label = words::who(verdict, field, page.options.now);
        let (role, part) = (Role::Live, Role::LivePart);
        sides.push(Side { sign: "-", name: "live", role, part, value: field.live.as_ref(), label });
    }
    if field.desired.is_some() || field.class == Class::Diverged {
        let own = verdict.places.first().map(|(file, _)| file);
        let file = field.file.as_ref().or(own).map(|file| object::at(file, field.line));
        let label = file.filter(|_| field.desired.is_some()).unwrap_or_default();
        let (role, part) = (Role::Git, Role::GitPart);
        let name = if matches!(verdict.base, BaseKind::Before(_)) { "before" } else { "Git" };
        sides.push(Side { sign: "+", name, role, part, value: field.desired.as_ref(), label });
    }
    let differs = |base: &Value| {
        let from = |other: &Option<Value>| !other.as_ref().is_some_and(|other| same(base, other));
        from(&field.live) && from(&field.desired)
    };
    if let Some(base) = field.base.as_ref().filter(|base| differs(base)) {
        let label = verdict.base.words();
        let role = Role::Faint;
        sides.push(Side { sign: " ", name: "base", role, part: role, value: Some(base), label });
    }
    sides
}

/// The values on one line each, if all fit.
fn short_values(sides: &[Side<'_>], page: &Page<'_>) -> Option<Vec<String>> {
    let room = page.options.width.saturating_sub(INDENT + 2 + LABELS);
    let one = |side: &Side<'_>| match side.value {
        None => Some(ABSENT.to_owned()),
        Some(value) => value::short(value).filter(|text| columns(text) <= room),
    };
    sides.iter().map(one).collect()
}

fn rows(sides: &[Side<'_>], values: &[String]) -> Vec<Line> {
    let widest = values.iter().map(|value| columns(value)).max().unwrap_or(0);
    let label_column = (INDENT + 2 + widest + 2).max(39);
    let texts = match (sides, values) {
        ([a, b, ..], [live, git, ..]) if a.value.is_some() && b.value.is_some() => {
            Some(value::common(live, git))
        }
        _ => None,
    };
    let mut lines = Vec::new();
    for (number, (side, text)) in sides.iter().zip(values).enumerate() {
        let mut line = Line::of(side.role, &format!("{}{} ", " ".repeat(INDENT), side.sign));
        match texts {
            Some((start, end)) if number < 2 && start + end > 0 => {
                line.push(side.role, &text[..start]);
                line.push(side.part, &text[start..text.len() - end]);
                line.push(side.role, &text[text.len() - end..]);
            }
            _ => line.push(side.role, text),
        }
        line.pad_to(label_column);
        lines.push(line.with(Role::Plain, &format!("{:<7}", side.name)).with(Role::Faint, &side.label));
    }
    lines
}

/// Values that need several lines: first who and where, then the difference.
fn blocks(sides: &[Side<'_>], page: &Page<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for side in sides.iter().filter(|side| side.name != "base") {
        let absent = if side.value.is_none() { format!(" {ABSENT}") } else { String::new() };
        let name = format!("{}{} {:<7}", " ".repeat(INDENT), side.sign, side.name);
        lines.push(Line::of(side.role, &name).with(Role::Faint, &format!("{}{absent}", side.label)));
    }
    let values: Vec<(&Side<'_>, &Value)> =
        sides.iter().filter_map(|side| Some((side, side.value?))).collect();
    match values[..] {
        [(live, a), (git, b), ..] if live.sign == "-" && git.sign == "+" => {
            lines.extend(difference(a, b, page))
        }
        _ => {
            for (side, value) in values.iter().filter(|(side, _)| side.name != "base") {
                lines.extend(value::signed(INDENT + 2, side.sign, side.role, &value::lines(value)));
            }
        }
    }
    for (side, value) in values.iter().filter(|(side, _)| side.name == "base") {
        let name = format!("{}  {:<7}", " ".repeat(INDENT), side.name);
        lines.push(Line::of(side.role, &name).with(Role::Faint, &side.label));
        lines.extend(value::signed(INDENT + 2, side.sign, side.role, &value::lines(value)));
    }
    lines
}

fn difference(live: &Value, git: &Value, page: &Page<'_>) -> Vec<Line> {
    let text = |value: &Value| value.as_str().filter(|text| !text.contains('\n')).map(str::to_owned);
    if let (Some(live), Some(git)) = (text(live), text(git)) {
        let (live, git) = value::shortened(&live, &git);
        return value::diff(INDENT + 2, &format!("{live}\n"), &format!("{git}\n"), 0);
    }
    value::diff(INDENT + 2, &value::lines(live), &value::lines(git), page.options.context)
}

/// A field that does not count, in one sentence, for an object that is in sync.
pub(super) fn note(verdict: &ObjectVerdict, field: &FieldVerdict, page: &Page<'_>) -> String {
    let text = |value: &Option<Value>| match value {
        None => ABSENT.to_owned(),
        Some(value) => value::short(value).unwrap_or_else(|| "a text of several lines".to_owned()),
    };
    let mut words = format!(
        "{}: {} is {}, Git says {}",
        field.class.word(),
        field.path,
        text(&field.live),
        text(&field.desired)
    );
    for more in [field.remark.clone().unwrap_or_default(), words::who(verdict, field, page.options.now)] {
        if !more.is_empty() {
            words.push_str("; ");
            words.push_str(&more);
        }
    }
    words
}
