//! From a tree of nodes to a JSON value with the line of every field, as kubectl's YAML library does it.
//!
//! Go's order counts: entries are set one after the other, so the last of two equal keys wins, and a merge (`<<`) that
//! stands after a key overrides it. What surprises is kept and warned about; aliases are expanded within limits.

use serde_json::{Map, Number, Value};

use super::resolve::{self, Scalar};
use super::tree::{Body, Node, Tag, Tree};
use super::{Dialect, Document, MAX_ALIAS_BYTES, MAX_ALIAS_NODES, MAX_DEPTH, Remark};
use crate::render::origin::{FieldLines, PathHash, Step};

/// Most warnings of one document; further ones would only repeat.
const MAX_WARNINGS: usize = 50;

/// Most repeated keys of one document that are traced back to the earlier one, each a search through the document.
const MAX_EXAMINED: usize = 200;

/// What the aliases of one file have added so far.
#[derive(Debug, Default)]
pub(super) struct Limits {
    nodes: u64,
    bytes: u64,
}

/// Converts one document. Gives no document for null.
///
/// # Errors
/// The first thing that has no JSON form, or a limit that was passed.
pub(super) fn convert(
    mut tree: Tree,
    dialect: Dialect,
    limits: &mut Limits,
) -> Result<(Option<Document>, Vec<Remark>), Remark> {
    let (line, column) = (tree.nodes[0].line, tree.nodes[0].column);
    let before = limits.bytes;
    let size = tree.nodes.len() / 2;
    let mut converter = Converter {
        movable: tree.plain,
        nodes: &mut tree.nodes,
        dialect,
        limits,
        fields: Vec::with_capacity(size),
        aliases: 0,
        depth: 0,
        examined: 0,
        decoded: 1,
        decoded_by_alias: 0,
        warnings: Vec::new(),
    };
    let value = converter.value(0, PathHash::ROOT)?;
    let warnings = converter.warnings;
    let fields = converter.fields;
    let bytes = tree.bytes as u64 + converter.limits.bytes - before;
    if value.is_null() {
        return Ok((None, warnings));
    }
    let lines = FieldLines::new(fields.into_iter().map(|field| (field.path, field.line)).collect());
    let document = Document {
        value,
        line,
        column,
        lines,
        bytes,
    };
    Ok((Some(document), warnings))
}

struct Converter<'t> {
    nodes: &'t mut Vec<Node>,
    /// True if every node is visited once, so that its text may be moved.
    movable: bool,
    dialect: Dialect,
    limits: &'t mut Limits,
    fields: Vec<Field>,
    /// How many aliases the current node is inside of.
    aliases: u32,
    /// How many maps and lists are open, those that aliases and merges opened included.
    depth: usize,
    /// How many repeated keys were traced back to the earlier one.
    examined: usize,
    /// Go's own count of nodes, for its own rule on aliases.
    decoded: u64,
    decoded_by_alias: u64,
    warnings: Vec<Remark>,
}

/// One entry that was set, kept to find the earlier one when a key is set again.
struct Field {
    path: PathHash,
    line: u32,
    column: u32,
    kind: KeyKind,
    /// How many merges it came through.
    merges: u16,
}

/// The type of a key before it becomes a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyKind {
    Item,
    Text,
    Bool,
    Int,
    Float,
}

/// Where the entries of a map go, through any number of merges.
struct Target<'m> {
    map: &'m mut Map<String, Value>,
    path: PathHash,
    /// Index of the first field that was set for this map.
    start: usize,
    merges: u16,
}

impl Converter<'_> {
    fn value(&mut self, at: usize, path: PathHash) -> Result<Value, Remark> {
        self.count(at)?;
        match &mut self.nodes[at].body {
            Body::Ready(value) => Ok(value.take()),
            Body::Scalar { .. } => self.scalar(at),
            Body::Seq => self.list(at, path),
            Body::Map => {
                let mut map = Map::new();
                let start = self.fields.len();
                self.entries(
                    at,
                    &mut Target {
                        map: &mut map,
                        path,
                        start,
                        merges: 0,
                    },
                )?;
                Ok(Value::Object(map))
            }
            Body::Alias(target) => {
                let target = *target as usize;
                self.aliases += 1;
                let value = self.value(target, path);
                self.aliases -= 1;
                value
            }
        }
    }

    fn list(&mut self, at: usize, path: PathHash) -> Result<Value, Remark> {
        self.descend(at)?;
        let mut items = Vec::new();
        let end = self.end(at);
        let mut child = at + 1;
        while child < end {
            let item = path.step(Step::Index(items.len()));
            let (line, column) = (self.nodes[child].line, self.nodes[child].column);
            self.fields.push(Field {
                path: item,
                line,
                column,
                kind: KeyKind::Item,
                merges: 0,
            });
            items.push(self.value(child, item)?);
            child = self.end(child);
        }
        self.depth -= 1;
        Ok(Value::Array(items))
    }

    fn entries(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        self.descend(at)?;
        let end = self.end(at);
        let mut key = at + 1;
        while key < end {
            let value = self.end(key);
            if self.is_merge(key) {
                self.merge(value, target)?;
            } else {
                self.entry(key, value, target)?;
            }
            key = self.end(value);
        }
        self.depth -= 1;
        Ok(())
    }

    fn descend(&mut self, at: usize) -> Result<(), Remark> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.problem(
                at,
                format!("nested more than {MAX_DEPTH} levels deep through aliases"),
            ));
        }
        Ok(())
    }

    fn entry(&mut self, key: usize, value: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        let (line, column) = (self.nodes[key].line, self.nodes[key].column);
        let (text, kind) = self.key(key)?;
        let path = target.path.step(Step::Key(&text));
        let value = self.value_of_entry(value, path, line, column, kind, target.merges)?;
        if target.map.contains_key(&text) {
            self.set_again(&text, path, (line, column), kind, target)?;
        }
        target.map.insert(text, value);
        Ok(())
    }

    fn value_of_entry(
        &mut self,
        value: usize,
        path: PathHash,
        line: u32,
        column: u32,
        kind: KeyKind,
        merges: u16,
    ) -> Result<Value, Remark> {
        self.fields.push(Field {
            path,
            line,
            column,
            kind,
            merges,
        });
        self.value(value, path)
    }

    /// A key is set for the second time.
    fn set_again(
        &mut self,
        key: &str,
        path: PathHash,
        (line, column): (u32, u32),
        kind: KeyKind,
        target: &Target<'_>,
    ) -> Result<(), Remark> {
        self.examined += 1;
        if self.examined > MAX_EXAMINED {
            return Ok(());
        }
        let earlier = self.fields[target.start..]
            .iter()
            .rev()
            .filter(|field| field.path == path)
            .nth(1);
        let Some(earlier) = earlier else {
            return Ok(());
        };
        let shown = shown_key(key);
        if earlier.kind != kind {
            let message = format!(
                "key {shown} stands at {}:{} too, there with another type; which of the two kubectl takes is chance",
                earlier.line, earlier.column
            );
            return Err(Remark::at(line, column, message).hint("remove one of the two keys"));
        }
        if earlier.merges == target.merges {
            let message = format!(
                "duplicate key {shown}: kubectl takes this one and ignores the one at {}:{}",
                earlier.line, earlier.column
            );
            self.warn(Remark::at(line, column, message).hint("remove one of the two keys"));
        } else if earlier.merges < target.merges {
            let message = format!(
                "merged key {shown} overrides the one at {}:{}, because `<<` stands after it",
                earlier.line, earlier.column
            );
            self.warn(Remark::at(line, column, message).hint("write `<<` as the first key of the map"));
        }
        Ok(())
    }

    fn merge(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        match self.nodes[at].body {
            Body::Map => self.merge_map(at, target),
            Body::Alias(anchored) => self.merge_alias(at, anchored as usize, target),
            Body::Seq => {
                let end = self.end(at);
                let mut items = Vec::new();
                let mut child = at + 1;
                while child < end {
                    items.push(child);
                    child = self.end(child);
                }
                // From the last to the first: the first of the list wins.
                items
                    .into_iter()
                    .rev()
                    .try_for_each(|item| match self.nodes[item].body {
                        Body::Map => self.merge_map(item, target),
                        Body::Alias(anchored) => self.merge_alias(item, anchored as usize, target),
                        _ => Err(self.no_map(item)),
                    })
            }
            _ => Err(self.no_map(at)),
        }
    }

    fn merge_alias(&mut self, at: usize, anchored: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        if !matches!(self.nodes[anchored].body, Body::Map) {
            return Err(self.no_map(at));
        }
        self.count(at)?;
        self.aliases += 1;
        let merged = self.merge_map(anchored, target);
        self.aliases -= 1;
        merged
    }

    fn merge_map(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        self.count(at)?;
        target.merges += 1;
        let merged = self.entries(at, target);
        target.merges -= 1;
        merged
    }

    fn no_map(&self, at: usize) -> Remark {
        self.problem(at, "the value of `<<` is no map and no list of maps")
    }

    fn is_merge(&self, at: usize) -> bool {
        let Body::Scalar { text, tag, literal } = &self.nodes[at].body else {
            return false;
        };
        text == "<<"
            && match tag {
                Tag::Merge | Tag::NonSpecific => true,
                Tag::None => !*literal,
                _ => false,
            }
    }

    fn key(&mut self, at: usize) -> Result<(String, KeyKind), Remark> {
        self.count(at)?;
        match &self.nodes[at].body {
            Body::Map | Body::Seq => Err(self.problem(at, "a map or list cannot be a key")),
            Body::Ready(_) => Err(self.problem(at, "a key must be a text")),
            Body::Alias(target) => {
                let target = *target as usize;
                self.aliases += 1;
                let key = self.key(target);
                self.aliases -= 1;
                key
            }
            Body::Scalar { text, tag, literal } => {
                let scalar = resolve::scalar(text, *tag, *literal, self.dialect)
                    .map_err(|problem| self.problem(at, problem))?;
                match scalar {
                    Scalar::Text => Ok((self.text(at), KeyKind::Text)),
                    Scalar::Decoded(text) => Ok((text, KeyKind::Text)),
                    Scalar::Int(number) => Ok((number.to_string(), KeyKind::Int)),
                    Scalar::Float(number) => Ok((resolve::float_key(number), KeyKind::Float)),
                    Scalar::Bool(value) => {
                        self.old_boolean(at, value, true);
                        Ok((value.to_string(), KeyKind::Bool))
                    }
                    Scalar::Null => Err(self.problem(at, "a key is null").hint("quote the key")),
                    Scalar::Uint(_) => Err(self
                        .problem(at, "a key is an integer of more than 64 bits")
                        .hint("quote the key")),
                }
            }
        }
    }

    fn scalar(&mut self, at: usize) -> Result<Value, Remark> {
        let Body::Scalar { text, tag, literal } = &self.nodes[at].body else {
            return Ok(Value::Null);
        };
        let scalar = resolve::scalar(text, *tag, *literal, self.dialect)
            .map_err(|problem| self.problem(at, problem))?;
        Ok(match scalar {
            Scalar::Text => Value::String(self.text(at)),
            Scalar::Decoded(text) => Value::String(text),
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => {
                self.old_boolean(at, value, false);
                Value::Bool(value)
            }
            Scalar::Int(number) => number.into(),
            Scalar::Uint(number) => (number as f64).into(),
            Scalar::Float(number) => float(number).ok_or_else(|| {
                self.problem(at, "infinity and not-a-number have no JSON form")
                    .hint("quote the text")
            })?,
        })
    }

    /// The text of a scalar, moved out if nobody will ask for it again.
    fn text(&mut self, at: usize) -> String {
        match &mut self.nodes[at].body {
            Body::Scalar { text, .. } if self.movable => std::mem::take(text),
            Body::Scalar { text, .. } => {
                if self.aliases > 0 {
                    self.limits.bytes += text.len() as u64;
                }
                text.clone()
            }
            _ => String::new(),
        }
    }

    fn old_boolean(&mut self, at: usize, value: bool, key: bool) {
        let Body::Scalar {
            text, tag: Tag::None, ..
        } = &self.nodes[at].body
        else {
            return;
        };
        if resolve::is_old_boolean(text) {
            let what = if key { "key" } else { "value" };
            let message = format!("an unquoted word as {what} is read as the boolean {value}");
            self.warn(self.problem(at, message).hint(format!(
                "write {value} if a boolean is meant, or quote it if a text is meant"
            )));
        }
    }

    fn warn(&mut self, warning: Remark) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }

    /// Counts a node that is decoded, against our limits and against the one of go-yaml (`allowedAliasRatio`).
    fn count(&mut self, at: usize) -> Result<(), Remark> {
        self.decoded += 1;
        if self.aliases == 0 {
            return Ok(());
        }
        self.decoded_by_alias += 1;
        self.limits.nodes += 1;
        self.limits.bytes += 1;
        if self.limits.nodes > MAX_ALIAS_NODES || self.limits.bytes > MAX_ALIAS_BYTES {
            let message = format!(
                "the aliases of this file expand to more than {MAX_ALIAS_NODES} nodes or {MAX_ALIAS_BYTES} bytes"
            );
            return Err(self.problem(at, message));
        }
        let ratio = self.decoded_by_alias as f64 / self.decoded as f64;
        if self.decoded_by_alias > 100 && self.decoded > 1000 && ratio > allowed_ratio(self.decoded) {
            return Err(self.problem(at, "the document consists of aliases for the most part"));
        }
        Ok(())
    }

    fn end(&self, at: usize) -> usize {
        at + self.nodes[at].span as usize
    }

    fn problem(&self, at: usize, message: impl Into<String>) -> Remark {
        Remark::at(self.nodes[at].line, self.nodes[at].column, message)
    }
}

/// The share of nodes that may come from aliases: 99 % up to 400,000 nodes, falling to 10 % at 4,000,000.
fn allowed_ratio(decoded: u64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let over = (decoded as f64).clamp(LOW, HIGH) - LOW;
    0.99 - 0.89 * over / (HIGH - LOW)
}

/// A number as kubectl has it after its way through JSON: whole ones that fit 64 bits are integers.
pub(super) fn float(number: f64) -> Option<Value> {
    if let Ok(whole) = format!("{number}").parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(number).map(Value::Number)
}

/// A key for a message: short and without control characters.
fn shown_key(key: &str) -> String {
    const MOST: usize = 80;
    let short: String = key.chars().take(MOST).collect();
    let dots = if key.chars().nth(MOST).is_some() {
        "…"
    } else {
        ""
    };
    format!("{:?}{dots}", short)
}
