//! Values in a text report: on one line, as YAML, and as a diff of lines.

use serde_json::Value;
use similar::{DiffOp, TextDiff};

use super::line::Line;
use crate::render::yaml::emit::{self, Order};
use crate::report::style::Role;

/// Lines on both sides together up to which a minimal diff is looked for. Beyond, everything counts as replaced.
const MOST_LINES: usize = 20_000;
/// Characters that stay around the differing part of a long text.
const AROUND: usize = 30;

/// A value on one line: a text as it is where nothing else could be meant, a collection in flow style. `None` for a text
/// of several lines.
pub(super) fn short(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\n') => None,
        Value::String(text) => Some(scalar(text)),
        other => Some(flow(other)),
    }
}

/// A value as a YAML document.
pub(super) fn yaml(value: &Value) -> String {
    emit::document(value, Order::Manifest)
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains([',', '[', ']', '{', '}', '\n']) => {
            Value::from(text.as_str()).to_string()
        }
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(key, value)| format!("{}: {}", flow(&Value::from(key.as_str())), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// A text on one line. The report's own words stand in parentheses, so that a text that begins so is quoted.
fn scalar(text: &str) -> String {
    if crate::mask::is_mark(&Value::from(text)) {
        return text.to_owned();
    }
    if text.starts_with('(') {
        Value::from(text).to_string()
    } else {
        yaml(&Value::from(text)).trim_end().to_owned()
    }
}

/// The lines of a value: of a text of several lines its own, of everything else YAML.
pub(super) fn lines(value: &Value) -> String {
    match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        Value::String(text) => format!("{}\n", scalar(text)),
        other => readable(other),
    }
}

/// Widest list of plain values that stands on one line.
const MOST_FLOW: usize = 60;

/// A value as YAML that can be read behind a sign: a list stands further in than its key, and a short one on the key's line,
/// so that no dash is taken for a sign.
pub(super) fn readable(value: &Value) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let entries = emit::ordered(map, Order::Manifest);
            entries.into_iter().map(|(key, value)| entry(key, value)).collect()
        }
        Value::Array(items) if !items.is_empty() => items.iter().map(item).collect(),
        other => yaml(other),
    }
}

/// An item of a list: a dash in front of its first line, blanks in front of the others.
fn item(item: &Value) -> String {
    match item {
        Value::Object(map) if !map.is_empty() => {
            format!("- {}", indented(&readable(item), 2).trim_start_matches(' '))
        }
        Value::Array(items) if !items.is_empty() => format!("-\n{}", indented(&readable(item), 2)),
        other => yaml(&Value::Array(vec![other.clone()])),
    }
}

fn entry(key: &str, value: &Value) -> String {
    let alone = |value: &Value| yaml(&Value::Object([(key.to_owned(), value.clone())].into_iter().collect()));
    let head = || {
        let entry = alone(&Value::Null);
        entry.strip_suffix(" null\n").map_or(entry.clone(), str::to_owned)
    };
    let below = |value: &Value| format!("{}\n{}", head(), indented(&readable(value), 2));
    match value {
        Value::Array(items) if !items.is_empty() => {
            let plain = items.iter().all(|item| !item.is_object() && !item.is_array());
            let flow = flow(value);
            let fits = plain && flow.chars().count() <= MOST_FLOW;
            if fits { format!("{} {flow}\n", head()) } else { below(value) }
        }
        Value::Object(map) if !map.is_empty() => below(value),
        other => alone(other),
    }
}

fn indented(text: &str, columns: usize) -> String {
    let blanks = " ".repeat(columns);
    let lines = text.split_terminator('\n');
    lines.map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{blanks}{line}\n") }).collect()
}

/// Lines with one sign in front of each, in an indented block.
pub(super) fn signed(indent: usize, sign: &str, role: Role, text: &str) -> Vec<Line> {
    let lines = text.split_terminator('\n');
    lines.map(|line| signed_line(indent, sign, role, line)).collect()
}

fn signed_line(indent: usize, sign: &str, role: Role, text: &str) -> Line {
    let mut line = Line::of(role, &format!("{}{sign} ", " ".repeat(indent)));
    line.push_verbatim(role, text);
    line
}

/// The differing lines of two texts, `-` live and `+` Git, with lines of context and `@@ line N @@` where lines are left
/// out.
pub(super) fn diff(indent: usize, live: &str, git: &str, context: usize) -> Vec<Line> {
    let old: Vec<&str> = live.split_inclusive('\n').collect();
    let new: Vec<&str> = git.split_inclusive('\n').collect();
    let groups = if old.len() + new.len() > MOST_LINES {
        vec![vec![DiffOp::Replace { old_index: 0, old_len: old.len(), new_index: 0, new_len: new.len() }]]
    } else {
        TextDiff::from_slices(&old, &new).grouped_ops(context)
    };
    let mut lines = Vec::new();
    for group in groups {
        let start = group.first().map_or(0, |op| op.new_range().start);
        if start > 0 || lines_are_left_out(&group, &old) {
            lines.push(Line::of(Role::Faint, &format!("{}@@ line {} @@", " ".repeat(indent), start + 1)));
        }
        for op in &group {
            hunk(&mut lines, indent, op, &old, &new);
        }
    }
    lines
}

/// True if something stands before the group although it begins at the first line of Git.
fn lines_are_left_out(group: &[DiffOp], old: &[&str]) -> bool {
    group.first().is_some_and(|op| op.old_range().start > 0) && !old.is_empty()
}

fn hunk(lines: &mut Vec<Line>, indent: usize, op: &DiffOp, old: &[&str], new: &[&str]) {
    let (old, new) = (&old[op.old_range()], &new[op.new_range()]);
    if let DiffOp::Equal { .. } = op {
        lines.extend(old.iter().map(|text| verbatim(indent, " ", Role::Faint, text)));
        return;
    }
    if old.len() == new.len() {
        // Lines that face each other show which part of them differs.
        let pairs: Vec<(Line, Line)> = old.iter().zip(new).map(|(old, new)| pair(indent, old, new)).collect();
        let (old, new): (Vec<Line>, Vec<Line>) = pairs.into_iter().unzip();
        lines.extend(old.into_iter().chain(new));
        return;
    }
    lines.extend(old.iter().map(|text| verbatim(indent, "-", Role::Live, text)));
    lines.extend(new.iter().map(|text| verbatim(indent, "+", Role::Git, text)));
}

fn verbatim(indent: usize, sign: &str, role: Role, text: &str) -> Line {
    match text.strip_suffix('\n') {
        Some(text) => signed_line(indent, sign, role, text),
        None => signed_line(indent, sign, role, text).with(Role::Faint, "  (no line end)"),
    }
}

fn pair(indent: usize, old: &str, new: &str) -> (Line, Line) {
    let body = |text: &'_ str| text.strip_suffix('\n').unwrap_or(text).to_owned();
    let (old_text, new_text) = (body(old), body(new));
    let shows_blanks = |text: &str| text.ends_with([' ', '\t']);
    let ends_alike = old.ends_with('\n') == new.ends_with('\n');
    if !ends_alike || shows_blanks(&old_text) || shows_blanks(&new_text) {
        return (verbatim(indent, "-", Role::Live, old), verbatim(indent, "+", Role::Git, new));
    }
    let (start, end) = common(&old_text, &new_text);
    let line = |sign: &str, text: &str, role, part| {
        let mut line = Line::of(role, &format!("{}{sign} ", " ".repeat(indent)));
        line.push_part(role, &text[..start]);
        line.push_part(part, &text[start..text.len() - end]);
        line.push_part(role, &text[text.len() - end..]);
        line
    };
    (line("-", &old_text, Role::Live, Role::LivePart), line("+", &new_text, Role::Git, Role::GitPart))
}

/// Bytes that two texts have in common at their start and at their end.
pub(super) fn common(a: &str, b: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let start: usize = a.chars().zip(b.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (a, b) = (&a[start..], &b[start..]);
    let end: usize = a.chars().rev().zip(b.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    (start, end)
}

/// Two long texts of one line with what they have in common cut down to the surroundings of the difference.
pub(super) fn shortened(a: &str, b: &str) -> (String, String) {
    let (start, end) = common(a, b);
    let cut = |text: &str| {
        let (head, tail) = (&text[..start], &text[text.len() - end..]);
        let part = &text[start..text.len() - end];
        let head_from = head.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let tail_to = tail.char_indices().nth(AROUND).map_or(tail.len(), |(at, _)| at);
        let dots = |cut: bool| if cut { "…" } else { "" };
        format!(
            "{}{}{part}{}{}",
            dots(head_from > 0),
            &head[head_from..],
            &tail[..tail_to],
            dots(tail_to < tail.len())
        )
    };
    (cut(a), cut(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::style::Styles;
    use serde_json::json;

    fn text(lines: Vec<Line>) -> String {
        lines.into_iter().map(|line| line.paint(Styles::default()) + "\n").collect()
    }

    #[test]
    fn values_on_one_line_leave_no_doubt() {
        let table = [
            (json!("registry.example/web:1.4.3"), "registry.example/web:1.4.3"),
            (json!("a b"), "a b"),
            (json!(3), "3"),
            (json!("3"), "\"3\""),
            (json!("yes"), "\"yes\""),
            (json!(""), "\"\""),
            (json!(null), "null"),
            (json!("(absent)"), "\"(absent)\""),
            (json!("*** (live)"), "*** (live)"),
            (
                json!({"image": "busybox", "args": ["a", "b,c"], "count": 1}),
                "{args: [a, \"b,c\"], count: 1, image: busybox}",
            ),
            (json!([]), "[]"),
        ];
        for (value, expected) in table {
            assert_eq!(short(&value).as_deref(), Some(expected));
        }
        assert_eq!(short(&json!("a\nb")), None);
    }

    #[test]
    fn no_dash_is_taken_for_a_sign() {
        let value = json!({"name": "debug", "command": ["sleep", "1d"], "env": [{"name": "A", "value": "1"}, {"name": "B"}],
            "null": ["x"], "none": [], "nested": [[1, 2]], "text": "a\n\nb\n", "long": ["a".repeat(40), "b".repeat(40)]});
        let expected = format!(
            "command: [sleep, 1d]\nenv:\n  - name: A\n    value: \"1\"\n  - name: B\nlong:\n  - {}\n  - {}\nname: debug\n\
             nested:\n  -\n    - 1\n    - 2\nnone: []\n\"null\": [x]\ntext: |\n  a\n\n  b\n",
            "a".repeat(40),
            "b".repeat(40)
        );
        assert_eq!(readable(&value), expected);
        assert_eq!(serde_yaml::from_str::<Value>(&readable(&value)).unwrap(), value);
        assert_eq!(readable(&json!([{"a": 1}, "b", ["c"]])), "- a: 1\n- b\n-\n  - c\n");
    }

    #[test]
    fn a_diff_has_context_and_places() {
        let live = "1\n2\n3\n4\n5\n6\n7\n8\n";
        let git = "1\n2\n3\n4\n5\nsix\n7\n8\n";
        let expected = "    @@ line 5 @@\n      5\n    - 6\n    + six\n      7\n";
        assert_eq!(text(diff(4, live, git, 1)), expected);
        assert_eq!(text(diff(4, "a\nb\n", "a\nc\nd\n", 3)), "      a\n    - b\n    + c\n    + d\n");
        assert_eq!(text(diff(0, "a\n", "a", 3)), "- a\n+ a  (no line end)\n");
        assert_eq!(text(diff(0, "a\n", "a \n", 3)), "- a\n+ a\\u{20}\n");
        assert_eq!(text(diff(0, "a\n", "", 3)), "- a\n");
    }

    #[test]
    fn long_texts_are_cut_around_the_difference() {
        let a = format!("{}X{}", "a".repeat(100), "b".repeat(100));
        let b = format!("{}YY{}", "a".repeat(100), "b".repeat(100));
        let (a, b) = shortened(&a, &b);
        assert_eq!(a, format!("…{}X{}…", "a".repeat(30), "b".repeat(30)));
        assert_eq!(b, format!("…{}YY{}…", "a".repeat(30), "b".repeat(30)));
        assert_eq!(shortened("aé", "aè"), ("aé".to_owned(), "aè".to_owned()));
    }

    #[test]
    fn texts_of_very_many_lines_are_shown_whole() {
        let live = "same\n".repeat(MOST_LINES / 2) + "live\n";
        let git = "same\n".repeat(MOST_LINES / 2) + "git\n";
        assert_eq!(diff(0, &live, &git, 0).len(), MOST_LINES + 2);
        let (live, git) = (live.replacen("same\n", "", 1), git.replacen("same\n", "", 1));
        assert_eq!(text(diff(0, &live, &git, 0)), "@@ line 10000 @@\n- live\n+ git\n");
    }
}
