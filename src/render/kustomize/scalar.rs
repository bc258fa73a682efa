//! What a scalar means and what becomes of it when an object is written: the rules of go-yaml v3, which kustomize uses
//! (`resolve.go`, `encode.go`, `emitterc.go` of go.yaml.in/yaml/v3).

use serde_json::{Number, Value};

use super::block::{block_allowed, fold, is_block};
use super::node::{Kind, Node, Style, Tag};
use super::timestamp::timestamp;
use crate::render::yaml::resolve as old;

/// A scalar that was told from its text.
#[derive(Debug, Clone, PartialEq)]
enum Meaning {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Time(String),
    Merge,
    Text,
}

/// The tag that go-yaml gives to an unquoted text.
pub(super) fn tag_of(text: &str) -> Tag {
    match resolve(text, true) {
        Meaning::Null => Tag::Null,
        Meaning::Bool(_) => Tag::Bool,
        Meaning::Int(_) | Meaning::Uint(_) => Tag::Int,
        Meaning::Float(_) => Tag::Float,
        Meaning::Time(_) => Tag::Timestamp,
        Meaning::Merge => Tag::Merge,
        Meaning::Text => Tag::Str,
    }
}

/// True for a text that YAML 1.1 reads as something else when it is not quoted.
pub(super) fn is_no_old_text(text: &str) -> bool {
    !text.is_empty() && !text.contains('\n') && old::is_no_text(text)
}

fn resolve(text: &str, times: bool) -> Meaning {
    let word = match text {
        "true" | "True" | "TRUE" => Some(Meaning::Bool(true)),
        "false" | "False" | "FALSE" => Some(Meaning::Bool(false)),
        "" | "~" | "null" | "Null" | "NULL" => Some(Meaning::Null),
        ".nan" | ".NaN" | ".NAN" => Some(Meaning::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Meaning::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Meaning::Float(f64::NEG_INFINITY)),
        "<<" => Some(Meaning::Merge),
        _ => None,
    };
    if let Some(word) = word {
        return word;
    }
    match text.as_bytes().first() {
        Some(b'.') => go_float(text).map_or(Meaning::Text, Meaning::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if times && let Some(time) = timestamp(text) {
                return Meaning::Time(time);
            }
            number(&text.replace('_', ""))
        }
        _ => Meaning::Text,
    }
}

fn number(plain: &str) -> Meaning {
    if let Some(number) = based(plain) {
        return number;
    }
    if old::is_float(plain)
        && let Some(number) = plain.parse::<f64>().ok().filter(|number| number.is_finite())
    {
        return Meaning::Float(number);
    }
    Meaning::Text
}

/// An integer as Go's `ParseInt(text, 0, 64)` reads it once underscores are gone, then `ParseUint`, `0o` and a signed `0b` included.
fn based(plain: &str) -> Option<Meaning> {
    let (negative, signed, digits) = match plain.as_bytes().first()? {
        b'-' => (true, true, &plain[1..]),
        b'+' => (false, true, &plain[1..]),
        _ => (false, false, plain),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.as_bytes() {
        [b'0', b'x', _, ..] => (16, &lower[2..]),
        [b'0', b'o', _, ..] => (8, &lower[2..]),
        [b'0', b'b', _, ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(size).map(Meaning::Int);
    }
    match i64::try_from(size) {
        Ok(number) => Some(Meaning::Int(number)),
        Err(_) => (!signed).then_some(Meaning::Uint(size)),
    }
}

/// A number that starts with a dot, as Go's `ParseFloat` reads it.
fn go_float(text: &str) -> Option<f64> {
    let good =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    text.parse::<f64>().ok().filter(|number| good && number.is_finite())
}

/// The value of a scalar in JSON, after its way through the text that kustomize writes and reads again. `flow` is true inside
/// of braces or brackets.
///
/// # Errors
/// What is wrong, without the text.
pub(super) fn value(node: &Node, flow: bool) -> Result<Value, &'static str> {
    debug_assert_eq!(node.kind, Kind::Scalar, "only scalars have one value");
    let text = &node.text;
    if !flow && text.starts_with('\t') && is_block(node) && block_allowed(text) {
        return Err(
            "the text starts with a tab and has several lines, which kustomize writes in a form that it cannot read",
        );
    }
    let quoted = node.style != Style::Plain;
    let told = if quoted { Tag::Str } else { tag_of(text) };
    // Inside of braces a text with a colon is written in quotes, and so a time comes back as a text.
    if flow && told == Tag::Timestamp && node.tag == told && text.contains(':') {
        return Ok(text.as_str().into());
    }
    if node.tag == Tag::Unset || (!node.tagged && node.tag == Tag::Str) {
        let empty_in_flow = text.is_empty() && flow;
        let as_text = quoted || node.tag == Tag::Str || text.contains('\n') || empty_in_flow;
        return if as_text { Ok(written(node, flow)) } else { typed(resolve(text, true), text) };
    }
    if !node.tagged && (told == node.tag || (quoted && tag_of(text) == node.tag)) {
        return if quoted { Ok(written(node, flow)) } else { typed(resolve(text, true), text) };
    }
    explicit(node)
}

fn typed(meaning: Meaning, text: &str) -> Result<Value, &'static str> {
    Ok(match meaning {
        Meaning::Null => Value::Null,
        Meaning::Bool(value) => value.into(),
        Meaning::Int(number) => number.into(),
        Meaning::Uint(number) => number.into(),
        Meaning::Float(number) => float(number).ok_or("infinity and not-a-number have no JSON form")?,
        Meaning::Time(time) => time.into(),
        Meaning::Merge => "<<".into(),
        Meaning::Text => text.into(),
    })
}

/// A scalar with a tag that its text does not have by itself.
fn explicit(node: &Node) -> Result<Value, &'static str> {
    let unfit = Err("the text does not fit its type");
    let text = &node.text;
    match (node.tag, resolve(text, node.tag == Tag::Timestamp)) {
        (Tag::Str, _) => Ok(text.as_str().into()),
        (Tag::Binary, _) => old::binary_text(text).map(Value::String),
        (Tag::Float, Meaning::Int(number)) => typed(Meaning::Float(number as f64), text),
        (Tag::Int, meaning @ (Meaning::Int(_) | Meaning::Uint(_)))
        | (Tag::Float, meaning @ Meaning::Float(_))
        | (Tag::Bool, meaning @ Meaning::Bool(_))
        | (Tag::Null, meaning @ Meaning::Null)
        | (Tag::Timestamp, meaning @ Meaning::Time(_)) => typed(meaning, text),
        _ => unfit,
    }
}

/// A number of JSON: whole ones that fit are integers.
pub(super) fn float(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() < 9.2e18 {
        return Some((number as i64).into());
    }
    Number::from_f64(number).map(Value::Number)
}

/// A text after it was written and read again: what is folded does not come back as it was.
fn written(node: &Node, flow: bool) -> Value {
    let text = &node.text;
    let folded = node.style == Style::Folded && !flow && block_allowed(text);
    Value::String(if folded { fold(text) } else { text.to_string() })
}
