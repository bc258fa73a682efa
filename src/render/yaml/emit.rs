//! Writing values as YAML that kubectl reads back as the same JSON.
//!
//! Block style, as kubectl prints it: two spaces a level, lists in the column of their key, texts of several lines as
//! literal blocks. A text stands unquoted only if nothing in it, nor the whole, means something else to a YAML 1.1 or 1.2
//! reader.

use crate::object::text::deceives;
use serde_json::{Map, Value};

use super::resolve::{self, Scalar};
use super::tree::Tag;
use super::{Dialect, slices};

/// The order of the keys of the outermost map. Maps inside are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By their bytes.
    Sorted,
    /// `apiVersion`, `kind` and `metadata` first, `status` last, the others sorted.
    Manifest,
}

/// Longest key that is written before its colon: a reader looks no further than 1024 characters for the colon.
const LONGEST_KEY: usize = 1000;

/// One document, with a line end and without separator.
pub fn document(value: &Value, order: Order) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(&mut out, &ordered(map, order), 0),
        Value::Array(items) if !items.is_empty() => list(&mut out, items, 0),
        other => scalar(&mut out, other),
    }
    out
}

/// Several documents with `---` between them.
pub fn stream(values: impl IntoIterator<Item = impl std::borrow::Borrow<Value>>, order: Order) -> String {
    let mut out = String::new();
    for (at, value) in values.into_iter().enumerate() {
        out.push_str(if at > 0 { "---\n" } else { "" });
        out.push_str(&document(value.borrow(), order));
    }
    out
}

/// The entries of a map in an order.
pub fn ordered(map: &Map<String, Value>, order: Order) -> Vec<(&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    let rank = |key: &str| match (order, key) {
        (Order::Sorted, _) => 0,
        (_, "apiVersion") => 0,
        (_, "kind") => 1,
        (_, "metadata") => 2,
        (_, "status") => 4,
        _ => 3,
    };
    entries.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    entries
}

/// Entries of a map; the first stands where the output is, the others in the given column.
fn entries(out: &mut String, entries: &[(&String, &Value)], column: usize) {
    for (position, (key, value)) in entries.iter().enumerate() {
        if position > 0 {
            indent(out, column);
        }
        let start = out.len();
        inline(out, key);
        if out.len() - start > LONGEST_KEY {
            out.insert_str(start, "? ");
            out.push('\n');
            indent(out, column);
        }
        out.push(':');
        entry_value(out, value, column);
    }
}

/// The value of an entry, behind its colon.
fn entry_value(out: &mut String, value: &Value, column: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            indent(out, column + 2);
            entries(out, &ordered(map, Order::Sorted), column + 2);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            indent(out, column);
            list(out, items, column);
        }
        Value::String(text) if is_block(text) => block(out, text, column + 2),
        other => {
            out.push(' ');
            scalar(out, other);
        }
    }
}

fn list(out: &mut String, items: &[Value], column: usize) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            indent(out, column);
        }
        out.push('-');
        match item {
            Value::String(text) if is_block(text) => block(out, text, column + 2),
            Value::Object(map) if !map.is_empty() => {
                out.push(' ');
                entries(out, &ordered(map, Order::Sorted), column + 2);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push(' ');
                list(out, items, column + 2);
            }
            other => {
                out.push(' ');
                scalar(out, other);
            }
        }
    }
}

fn indent(out: &mut String, column: usize) {
    out.extend(std::iter::repeat_n(' ', column));
}

/// A value without structure, and the line end.
fn scalar(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => inline(out, text),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
    out.push('\n');
}

/// A text on one line.
fn inline(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(out, text);
    }
}

/// True if the text may stand without quotes as a key or as a value in block style.
fn is_plain(text: &str) -> bool {
    let first_fits = match text.as_bytes() {
        [b'-', next, ..] => *next != b' ' && !text.starts_with("---"),
        [first, ..] => !b"-?:,[]{}#&*!|>'\"%@` =<~".contains(first),
        [] => false,
    };
    first_fits
        && text.chars().all(|char| matches!(char, ' '..='~') || char.is_alphanumeric())
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("...")
        && resolve::scalar(text, Tag::None, false, Dialect::Plain) == Ok(Scalar::Text)
        && !looks_like_number_or_date(text)
}

/// Texts to kubectl that other readers of YAML take for numbers or dates.
fn looks_like_number_or_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let date = bytes.len() > 5 && digits(&bytes[..4]) && bytes[4] == b'-' && bytes[5].is_ascii_digit();
    let base_60 = text.contains(':')
        && bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b'.' | b'_' | b'+' | b'-'));
    date || base_60 || text.replace('_', "").parse::<f64>().is_ok()
}

/// A text in double quotes.
fn quoted(out: &mut String, text: &str) {
    use std::fmt::Write;
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if slices::is_readable(char) && !deceives(char) => out.push(char),
            _ if u32::from(char) > 0xffff => {
                let _ = write!(out, "\\U{:08X}", u32::from(char));
            }
            _ => {
                let _ = write!(out, "\\u{:04X}", u32::from(char));
            }
        }
    }
    out.push('"');
}

/// True if the text is best written as a literal block, and comes back from one unchanged.
fn is_block(text: &str) -> bool {
    let lines = text.strip_suffix('\n').unwrap_or(text);
    text.contains('\n')
        && !lines.ends_with('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && lines.split('\n').all(|line| line.is_empty() || !line.trim().is_empty())
        && text.chars().all(|char| slices::is_readable(char) && char != '\r' && !deceives(char))
}

fn block(out: &mut String, text: &str, column: usize) {
    let lines = text.strip_suffix('\n');
    out.push_str(if lines.is_some() { " |\n" } else { " |-\n" });
    for line in lines.unwrap_or(text).split('\n') {
        if !line.is_empty() {
            indent(out, column);
            out.push_str(line);
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn output_is_block_style() {
        let value = json!({
            "kind": "Widget", "apiVersion": "v1", "status": {}, "data": {"z": [1, [2, 3], {"a": null, "b": [true]}], "e": []},
            "metadata": {"name": "x"}, "text": "a\nb\n", "strip": "a\n\n  b", "list": ["a\nb", "- x"]
        });
        let expected = "\
apiVersion: v1
kind: Widget
metadata:
  name: x
data:
  e: []
  z:
  - 1
  - - 2
    - 3
  - a: null
    b:
    - true
list:
- |-
  a
  b
- \"- x\"
strip: |-
  a

    b
text: |
  a
  b
status: {}
";
        assert_eq!(document(&value, Order::Manifest), expected);
        assert!(document(&value, Order::Sorted).starts_with("apiVersion: v1\ndata:\n"));
    }

    #[test]
    fn texts_that_mean_something_else_are_quoted() {
        let quoted = [
            "",
            "yes",
            "on",
            "n",
            "null",
            "~",
            "1",
            "0x1F",
            "1_000",
            "08",
            "1:30",
            "2020-01-01",
            "1e999",
            ".5",
            ".inf",
            "<<",
            "=",
            "- x",
            "-",
            "---",
            "...",
            "a: b",
            "a:",
            "a #b",
            " a",
            "a ",
            "#a",
            "@a",
            "%a",
            "*a",
            "&a",
            "!a",
            "|",
            "{a",
            "[a",
            "'a",
            "a\tb",
            "a\u{85}b",
            "\u{feff}",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{e0041}b",
            "a\nb\u{2066}c",
            "true",
        ];
        for text in quoted {
            assert!(document(&json!(text), Order::Sorted).starts_with('"'), "{text:?}");
        }
        let plain = [
            "a",
            "web",
            "a b",
            "registry.example/web:1.4.2",
            "--flag=x",
            "500m",
            "10.0.0.1",
            "a#b",
            "é",
            "日本",
            "y1",
            "it's",
            "1.4.2",
            "http://x/y?z#a",
        ];
        for text in plain {
            assert_eq!(document(&json!(text), Order::Sorted), format!("{text}\n"));
        }
    }

    #[test]
    fn long_keys_are_written_with_a_question_mark() {
        let key = "k".repeat(2000);
        let text = document(&json!({ key.clone(): {"a": 1} }), Order::Sorted);
        assert_eq!(text, format!("? {key}\n:\n  a: 1\n"));
    }
}
