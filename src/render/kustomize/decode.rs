//! Reading settings from JSON values as Go's `encoding/json` does, with a place for every problem: keys in any case, null for
//! nothing, and, where kustomize goes through `sigs.k8s.io/yaml`, numbers and booleans for texts.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fault::{Fault, Outcome, near};
use super::node::Place;
use crate::render::origin::{FieldLines, PathHash, Step};

/// How exact the settings must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules {
    /// Unknown fields are problems.
    pub(super) strict: bool,
    /// A number or a boolean is good where a text is expected.
    pub(super) coerce: bool,
}

/// The kustomization file itself.
pub(super) const EXACT: Rules = Rules { strict: true, coerce: false };
/// Files that are read with an exact list of fields.
pub(super) const NAMED: Rules = Rules { strict: true, coerce: true };
/// Files whose unknown fields nobody minds.
pub(super) const LOOSE: Rules = Rules { strict: false, coerce: true };

/// One value of a document of settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'d> {
    pub(super) value: &'d Value,
    lines: &'d FieldLines,
    hash: PathHash,
    file: u32,
    line: u32,
    rules: Rules,
}

impl<'d> Setting<'d> {
    /// The whole document.
    pub(super) fn new(value: &'d Value, lines: &'d FieldLines, place: Place, rules: Rules) -> Self {
        Self { value, lines, hash: PathHash::ROOT, file: place.file, line: place.line, rules }
    }

    pub(super) fn place(&self) -> Place {
        Place { file: self.file, line: self.line }
    }

    fn child(&self, step: Step<'_>, value: &'d Value) -> Self {
        let hash = self.hash.step(step);
        Self { value, hash, line: self.lines.at(hash).unwrap_or(self.line), ..*self }
    }

    fn wrong(&self, expected: &str) -> Fault {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "a map",
        };
        Fault::at(self.place(), format!("expected {expected}, found {found}"))
    }

    /// The fields, by their names in `known`. Null has none.
    pub(super) fn fields(&self, known: &[&'static str]) -> Outcome<Vec<(&'static str, Self)>> {
        let map = match self.value {
            Value::Null => return Ok(Vec::new()),
            Value::Object(map) => map,
            _ => return Err(self.wrong("a map")),
        };
        let mut fields = Vec::new();
        for (key, value) in map {
            let field = self.child(Step::Key(key), value);
            let exact = known.iter().find(|name| *name == key);
            match exact.or_else(|| known.iter().find(|name| name.eq_ignore_ascii_case(key))) {
                Some(name) => fields.push((*name, field)),
                None if !self.rules.strict => {}
                None => {
                    let fault = Fault::at(field.place(), format!("unknown field {key:?}"));
                    return Err(match near(key, known.iter().copied()) {
                        Some(name) => fault.hint(format!("did you mean {name}?")),
                        None => fault.hint(format!("known fields: {}", known.join(", "))),
                    });
                }
            }
        }
        Ok(fields)
    }

    pub(super) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    /// A text; null is an empty one.
    pub(super) fn text(&self) -> Outcome<String> {
        match self.value {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) if self.rules.coerce => Ok(number.to_string()),
            Value::Bool(value) if self.rules.coerce => Ok(value.to_string()),
            Value::Number(_) | Value::Bool(_) => Err(self.wrong("a text").hint("quote it")),
            _ => Err(self.wrong("a text")),
        }
    }

    pub(super) fn flag(&self) -> Outcome<bool> {
        match self.value {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(*value),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub(super) fn integer(&self) -> Outcome<i64> {
        match self.value {
            Value::Null => Ok(0),
            Value::Number(number) => number.as_i64().ok_or_else(|| self.wrong("a whole number")),
            _ => Err(self.wrong("a whole number")),
        }
    }

    /// The items of a list; null has none.
    pub(super) fn items(&self) -> Outcome<Vec<Self>> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(items) => {
                Ok(items.iter().enumerate().map(|(at, item)| self.child(Step::Index(at), item)).collect())
            }
            _ => Err(self.wrong("a list")),
        }
    }

    /// A list of texts, each with its place.
    pub(super) fn texts(&self) -> Outcome<Vec<(String, Place)>> {
        self.items()?.iter().map(|item| Ok((item.text()?, item.place()))).collect()
    }

    /// A map of texts, each with its place.
    pub(super) fn pairs(&self) -> Outcome<BTreeMap<String, (String, Place)>> {
        match self.value {
            Value::Null => Ok(BTreeMap::new()),
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| {
                    let field = self.child(Step::Key(key), value);
                    Ok((key.clone(), (field.text()?, field.place())))
                })
                .collect(),
            _ => Err(self.wrong("a map")),
        }
    }
}
