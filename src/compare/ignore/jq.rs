//! The part of jq's path expressions that is a path: names, `[]`, positions, and items chosen by one field.
//!
//! Nothing is ever run: whatever has variables, functions, regular expressions or recursion is refused by name.

use crate::object::glob::Glob;
use crate::object::pattern::{ElementPattern, PathPattern, Text};
use serde_json::Value;

/// Reads an expression.
///
/// # Errors
/// Why it is not one of those that are understood.
pub fn parse(text: &str) -> Result<PathPattern, &'static str> {
    if text.len() > 2_000 {
        return Err("it is too long");
    }
    let mut reader = Reader { rest: text.trim() };
    let mut elements = Vec::new();
    loop {
        reader.path(&mut elements)?;
        reader.blanks();
        if reader.rest.is_empty() {
            break;
        }
        if !reader.take("|") {
            return Err("only paths, `[]` and `select(.key == \"value\")` are understood");
        }
        reader.blanks();
        if reader.take("select(") {
            // It chooses among the items that the step before it named.
            match elements.last_mut() {
                Some(last @ ElementPattern::Named(Text::Plain(_))) => *last = reader.selection()?,
                _ => return Err("`select` is understood behind `[]` only"),
            }
            reader.blanks();
            if reader.rest.is_empty() {
                break;
            }
            if !reader.take("|") {
                return Err("expected `|` behind `select(…)`");
            }
            reader.blanks();
        }
    }
    if elements.is_empty() {
        return Err("it names the whole object");
    }
    Ok(PathPattern::of(text, elements))
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `.a.b["c"][].d[0]`, each step with `?` behind it or not.
    fn path(&mut self, elements: &mut Vec<ElementPattern>) -> Result<(), &'static str> {
        if !self.rest.starts_with('.') {
            return Err(
                "only paths that start with `.`, `[]` and `select(.key == \"value\")` are understood",
            );
        }
        loop {
            if self.take("..") {
                return Err("`..` is not understood");
            }
            let dotted = self.take(".");
            if self.rest.starts_with('[') {
                elements.push(self.bracket()?);
            } else if dotted && self.rest.starts_with('"') {
                let name = self.string()?;
                elements.push(ElementPattern::Pointer(name));
            } else if dotted {
                match self.name() {
                    "" => {}
                    name => elements.push(ElementPattern::Pointer(name.to_owned())),
                }
            } else {
                return Ok(());
            }
            while self.take("?") {}
        }
    }

    fn name(&mut self) -> &'t str {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        name
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        match values.next() {
            Some(Ok(Value::String(text))) if !text.contains("\\(") => {
                self.rest = &self.rest[values.byte_offset()..];
                Ok(text)
            }
            _ => Err("a quoted name is not closed, or is no plain text"),
        }
    }

    fn bracket(&mut self) -> Result<ElementPattern, &'static str> {
        self.take("[");
        self.blanks();
        let element = if self.rest.starts_with('"') {
            ElementPattern::Pointer(self.string()?)
        } else if self.rest.starts_with(']') {
            ElementPattern::Named(Text::Plain(Glob::new("*")))
        } else {
            let digits = self.name();
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err("brackets hold nothing, a position or a quoted name");
            }
            ElementPattern::Pointer(digits.to_owned())
        };
        self.blanks();
        if self.take("]") { Ok(element) } else { Err("expected `]`") }
    }

    /// What stands in `select(…)`: `.key == "value"`.
    fn selection(&mut self) -> Result<ElementPattern, &'static str> {
        const ONLY: &str = "in `select` only `.key == \"value\"` is understood";
        self.blanks();
        if !self.take(".") {
            return Err(ONLY);
        }
        let key = if self.rest.starts_with('"') { self.string()? } else { self.name().to_owned() };
        while self.take("?") {}
        self.blanks();
        if key.is_empty() || !self.take("==") {
            return Err(ONLY);
        }
        self.blanks();
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { return Err(ONLY) };
        self.rest = &self.rest[values.byte_offset()..];
        self.blanks();
        if !self.take(")") {
            return Err(ONLY);
        }
        Ok(ElementPattern::Keys(vec![(key, Text::Exact(value))]))
    }
}
