//! Patterns of paths, in the syntax in which reports print paths: what is printed can be pasted into a rule.
//!
//! `spec.replicas`, `data["a.conf"]`, `spec.containers[web].image`, `spec.ports[port=80,protocol=TCP]`,
//! `metadata.finalizers[="x/y"]`, `spec.args[2]`. Where nothing is quoted `*` stands for any characters of one element and
//! `?` for one character: `spec.containers[*].image`, `metadata.annotations[example.org/*]`.

use std::fmt;

use serde_json::Value;

use super::glob::Glob;
use super::path::{FieldPath, PathElement};
use super::value::same;

/// Longest text of a pattern, in bytes.
const MAX_LENGTH: usize = 2_000;
/// Most elements of a pattern.
const MAX_ELEMENTS: usize = 100;

/// A pattern of paths. It covers what it matches and everything below.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPattern {
    text: String,
    elements: Vec<ElementPattern>,
}

/// A pattern of one element of a path.
#[derive(Debug, Clone, PartialEq)]
pub enum ElementPattern {
    /// A field, outside of brackets.
    Field(Glob),
    /// One name in brackets: a field, an item by its `name`, or a position.
    Named(Text),
    /// An item by its keys; keys that are not named may be anything.
    Keys(Vec<(String, Text)>),
    /// An item of a set by its value.
    Value(Text),
    /// The item at this position, or the field of that name: an element of a JSON pointer.
    Pointer(String),
}

/// A text in brackets.
#[derive(Debug, Clone, PartialEq)]
pub enum Text {
    /// Not quoted: a string with wildcards, or a number, a boolean or null written like this.
    Plain(Glob),
    /// A JSON value: exactly this.
    Exact(Value),
}

impl Text {
    /// True if the value is meant.
    pub fn matches(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Exact(exact), value) => same(exact, value),
            (Self::Plain(glob), Value::String(text)) => glob.matches(text),
            (Self::Plain(glob), value) => {
                glob.is_any()
                    || serde_json::from_str(glob.as_str()).is_ok_and(|wanted: Value| same(&wanted, value))
            }
        }
    }

    fn matches_name(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => exact.as_str() == Some(name),
            Self::Plain(glob) => glob.matches(name),
        }
    }
}

impl ElementPattern {
    /// True if it matches an element. `position` is where an item stands in its list, if that is known.
    pub fn matches(&self, element: &PathElement, position: Option<usize>) -> bool {
        match (self, element) {
            (Self::Field(glob), PathElement::Field(name)) => glob.matches(name),
            (Self::Named(text), PathElement::Field(name)) => text.matches_name(name),
            (Self::Named(text), PathElement::Key(keys)) => match &keys[..] {
                [(key, value)] if key == "name" => text.matches(value),
                _ => matches!(text, Text::Plain(glob) if glob.is_any()),
            },
            (Self::Named(text), PathElement::Value(value)) => text.matches(value),
            (Self::Named(text), PathElement::Index(index)) => text.matches(&Value::from(*index)),
            (Self::Keys(wanted), PathElement::Key(keys)) => wanted
                .iter()
                .all(|(name, text)| keys.iter().any(|(key, value)| key == name && text.matches(value))),
            (Self::Value(text), PathElement::Value(value)) => text.matches(value),
            (Self::Pointer(name), PathElement::Field(field)) => name == field,
            (Self::Pointer(name), PathElement::Index(index)) => *name == index.to_string(),
            (Self::Pointer(name), PathElement::Key(_) | PathElement::Value(_)) => {
                position.is_some_and(|position| *name == position.to_string())
            }
            _ => false,
        }
    }

    /// True if it matches an item of a list whose items have no key for the server: it goes by what the item holds.
    pub fn matches_item(&self, item: &Value, position: usize) -> bool {
        match self {
            Self::Field(_) => false,
            Self::Named(text) => {
                text.matches(&Value::from(position))
                    || item.get("name").is_some_and(|name| text.matches(name))
            }
            Self::Keys(wanted) => {
                wanted.iter().all(|(name, text)| item.get(name).is_some_and(|value| text.matches(value)))
            }
            Self::Value(text) => text.matches(item),
            Self::Pointer(name) => *name == position.to_string(),
        }
    }

    /// True if it depends on where an item stands in its list.
    pub fn is_position(&self) -> bool {
        matches!(self, Self::Pointer(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// How a path lies to a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relation<'p> {
    /// Nothing at or below the path is meant.
    Apart,
    /// The path, with everything below, is meant.
    Covered,
    /// Only something below the path may be meant: what is left of the pattern.
    Inside(&'p [ElementPattern]),
}

impl PathPattern {
    /// A pattern of elements, and the text it is shown as.
    pub fn of(text: &str, elements: Vec<ElementPattern>) -> Self {
        Self { text: text.to_owned(), elements }
    }

    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong, and at which character of the text, from 0.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut parser = Parser { text, at: 0 };
        if text.len() > MAX_LENGTH {
            return Err(parser.error(format!("a path has at most {MAX_LENGTH} characters")));
        }
        let mut elements = Vec::new();
        while !parser.rest().is_empty() {
            elements.push(parser.element(elements.is_empty())?);
            if elements.len() > MAX_ELEMENTS {
                return Err(parser.error(format!("a path has at most {MAX_ELEMENTS} elements")));
            }
        }
        if elements.is_empty() {
            return Err(parser.error("a path is empty; `*` stands for every field"));
        }
        Ok(Self { text: text.to_owned(), elements })
    }

    /// True if the pattern means a path, something above it, or something below it.
    pub fn matches_or_holds(&self, path: &FieldPath) -> bool {
        self.elements.iter().zip(&path.0).all(|(pattern, element)| pattern.matches(element, None))
    }

    /// The elements, from the root of an object.
    pub fn elements(&self) -> &[ElementPattern] {
        &self.elements
    }

    /// True for `*` alone: everything.
    pub fn is_everything(&self) -> bool {
        matches!(&self.elements[..], [ElementPattern::Field(glob)] if glob.is_any())
    }

    /// How a path lies to this pattern. `position` tells where the item stands that a prefix of the path of this length
    /// ends with.
    pub fn relation(&self, path: &FieldPath, position: impl Fn(usize) -> Option<usize>) -> Relation<'_> {
        for (at, (pattern, element)) in self.elements.iter().zip(&path.0).enumerate() {
            let position = if pattern.is_position() { position(at + 1) } else { None };
            if !pattern.matches(element, position) {
                return Relation::Apart;
            }
        }
        match self.elements.get(path.0.len()..) {
            None | Some([]) => Relation::Covered,
            Some(rest) => Relation::Inside(rest),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What is wrong.
    pub message: String,
    /// How many characters stand before the place.
    pub at: usize,
}

struct Parser<'t> {
    text: &'t str,
    /// In bytes.
    at: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn error(&self, message: impl Into<String>) -> PatternError {
        PatternError { message: message.into(), at: self.text[..self.at].chars().count() }
    }

    fn take(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        self.at += if found { expected.len() } else { 0 };
        found
    }

    fn element(&mut self, first: bool) -> Result<ElementPattern, PatternError> {
        if self.take("[") {
            return self.bracket();
        }
        if !first && !self.take(".") {
            return Err(self.error("expected `.` or `[`"));
        }
        if self.rest().starts_with('[') {
            return Err(self.error("`.` stands before a name, not before `[`"));
        }
        let name: &str = self.until(&['.', '[', ']', '"', '=', ',']);
        match name {
            "" if self.rest().starts_with(['.', '\0']) || self.rest().is_empty() => {
                Err(self.error("a name is missing; names are joined by one `.`"))
            }
            "" => Err(self.error("expected a name; write one with other characters as [\"a.b/c\"]")),
            "**" => Err(self
                .error("`**` is not understood: `*` stands for one element, and a path covers all below it")),
            name if name.contains(char::is_whitespace) => {
                Err(self.error("a name has no blanks; write one that has as [\"a b\"]"))
            }
            name => Ok(ElementPattern::Field(Glob::new(name))),
        }
    }

    fn until(&mut self, ends: &[char]) -> &'t str {
        let rest = self.rest();
        let name = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += name.len();
        name
    }

    /// What stands behind `[`, up to `]`.
    fn bracket(&mut self) -> Result<ElementPattern, PatternError> {
        if self.take("=") {
            let value = self.value()?;
            self.close()?;
            return Ok(ElementPattern::Value(value));
        }
        let start = self.at;
        let first = self.value()?;
        if !self.rest().starts_with('=') {
            self.close()?;
            return Ok(ElementPattern::Named(first));
        }
        self.at = start;
        let mut keys = Vec::new();
        loop {
            keys.push(self.key()?);
            if !self.take(",") {
                break;
            }
        }
        self.close()?;
        Ok(ElementPattern::Keys(keys))
    }

    fn key(&mut self) -> Result<(String, Text), PatternError> {
        let start = self.at;
        let name = match self.value()? {
            Text::Exact(Value::String(name)) => name,
            Text::Plain(glob) if !glob.as_str().contains(['*', '?']) => glob.as_str().to_owned(),
            _ => {
                self.at = start;
                return Err(self.error("the name of a key is a text without wildcards"));
            }
        };
        if !self.take("=") {
            return Err(self.error("expected `=` behind the name of a key"));
        }
        Ok((name, self.value()?))
    }

    fn value(&mut self) -> Result<Text, PatternError> {
        if self.rest().starts_with(['"', '{', '[']) {
            let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
            return match values.next() {
                Some(Ok(value)) => {
                    self.at += values.byte_offset();
                    Ok(Text::Exact(value))
                }
                _ => Err(self.error("a quoted text is not closed, or is no JSON")),
            };
        }
        let text = self.until(&[']', ',', '=', '"', '[']);
        if text.is_empty() || text != text.trim() {
            return Err(self.error("brackets hold a name, key=value, =value, a position or `*`"));
        }
        Ok(Text::Plain(Glob::new(text)))
    }

    fn close(&mut self) -> Result<(), PatternError> {
        if self.take("]") { Ok(()) } else { Err(self.error("expected `]`")) }
    }
}

#[cfg(test)]
mod tests;
