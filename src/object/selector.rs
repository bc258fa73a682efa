//! Label selectors as `kubectl -l` reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A label selector: all of its requirements must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector(Vec<Requirement>);

/// One requirement on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, BTreeSet<String>),
    NotIn(String, BTreeSet<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Parses `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a` and `!a`, separated by commas
    /// (`k8s.io/apimachinery/pkg/labels`).
    ///
    /// # Errors
    /// A sentence that names the wrong part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = split_outside_parentheses(text)?;
        parts.into_iter().map(requirement).collect::<Result<_, _>>().map(Self)
    }

    /// True if all requirements hold for these labels; a label that is not there fulfils `!=` and `notin`.
    pub fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => labels.get(key.as_str()).is_some_and(|v| values.contains(*v)),
            Requirement::NotIn(key, values) => !labels.get(key.as_str()).is_some_and(|v| values.contains(*v)),
            Requirement::Exists(key) => labels.contains_key(key.as_str()),
            Requirement::Absent(key) => !labels.contains_key(key.as_str()),
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(",");
        for (number, requirement) in self.0.iter().enumerate() {
            f.write_str(if number > 0 { "," } else { "" })?;
            match requirement {
                Requirement::In(key, values) => write!(f, "{key} in ({})", list(values))?,
                Requirement::NotIn(key, values) => write!(f, "{key} notin ({})", list(values))?,
                Requirement::Exists(key) => f.write_str(key)?,
                Requirement::Absent(key) => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}

fn split_outside_parentheses(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut inside) = (0, false);
    for (at, character) in text.char_indices() {
        match character {
            '(' if inside => return Err(format!("`{text}` has a parenthesis inside a parenthesis")),
            '(' => inside = true,
            ')' if !inside => return Err(format!("`{text}` closes a parenthesis that is not open")),
            ')' => inside = false,
            ',' if !inside => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err(format!("`{text}` lacks a closing parenthesis"));
    }
    parts.push(&text[start..]);
    Ok(parts)
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let part = part.trim();
    if part.is_empty() {
        return Err("a requirement is empty; write for example app=web".to_owned());
    }
    if let Some(name) = part.strip_prefix('!') {
        return Ok(Requirement::Absent(key(name)?));
    }
    if let Some((head, list)) = part.split_once('(') {
        return set_requirement(part, head, list);
    }
    let one = |text: &str| value(text).map(|value| BTreeSet::from([value]));
    if let Some((name, text)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key(name)?, one(text)?));
    }
    if let Some((name, text)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key(name)?, one(text)?));
    }
    Ok(Requirement::Exists(key(part)?))
}

fn set_requirement(part: &str, head: &str, list: &str) -> Result<Requirement, String> {
    let Some(list) = list.trim_end().strip_suffix(')') else {
        return Err(format!("`{part}` has text behind the parenthesis"));
    };
    let values = list.split(',').map(value).collect::<Result<_, _>>()?;
    match head.split_whitespace().collect::<Vec<_>>()[..] {
        [name, "in"] => Ok(Requirement::In(key(name)?, values)),
        [name, "notin"] => Ok(Requirement::NotIn(key(name)?, values)),
        _ => Err(format!("`{part}` is none of `key in (a,b)` and `key notin (a,b)`")),
    }
}

/// A label key: an optional DNS prefix, and a name of at most 63 characters.
fn key(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    let dns = |prefix: &str| {
        prefix.len() <= 253
            && is_name(prefix)
            && prefix
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
    };
    if is_name(name) && name.len() <= 63 && prefix.is_none_or(dns) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "`{text}` is no label key: letters, digits, `-`, `_` and `.`, with an optional `domain/` in front"
        ))
    }
}

fn value(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || (is_name(text) && text.len() <= 63) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no label value: at most 63 letters, digits, `-`, `_` and `.`"))
    }
}

/// Letters and digits at both ends, `-`, `_` and `.` between them.
fn is_name(text: &str) -> bool {
    let end = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric());
    end(text.bytes().next())
        && end(text.bytes().last())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_as_in_kubectl() {
        let labels = BTreeMap::from([("app", "web"), ("tier", "front"), ("example.org/x", "")]);
        let table = [
            ("app=web", true),
            ("app == web", true),
            ("app=db", false),
            ("app!=db", true),
            ("app!=web", false),
            ("none!=x", true),
            ("app in (web, db)", true),
            ("app in (db),tier", false),
            ("app notin (db,web)", false),
            ("none notin (x)", true),
            ("tier,app", true),
            ("!none", true),
            ("!app", false),
            ("example.org/x=", true),
            ("example.org/x", true),
            ("app=web,tier=back", false),
        ];
        for (text, expected) in table {
            let selector = Selector::parse(text).unwrap();
            assert_eq!(selector.matches(&labels), expected, "{text}");
            assert_eq!(Selector::parse(&selector.to_string()).as_ref(), Ok(&selector), "{selector}");
        }
    }

    #[test]
    fn wrong_selectors_are_named() {
        let table = [
            ("", "a requirement is empty; write for example app=web"),
            ("a=b,", "a requirement is empty; write for example app=web"),
            ("a in (b", "`a in (b` lacks a closing parenthesis"),
            ("a in b)", "`a in b)` closes a parenthesis that is not open"),
            ("a of (b)", "`a of (b)` is none of `key in (a,b)` and `key notin (a,b)`"),
            ("a in (b) c", "`a in (b) c` has text behind the parenthesis"),
            ("a=b c", "`b c` is no label value: at most 63 letters, digits, `-`, `_` and `.`"),
        ];
        for (text, message) in table {
            assert_eq!(Selector::parse(text).unwrap_err(), message, "{text}");
        }
        for text in ["-a", "a b", "A_/b", "a/b/c", "/b", "!", "a>1"] {
            assert!(Selector::parse(text).unwrap_err().contains("is no label key"), "{text}");
        }
    }
}
