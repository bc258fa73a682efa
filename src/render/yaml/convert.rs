//! From a tree of nodes to a JSON value with the line of every field, as kubectl's YAML library does it.
//!
//! Go's order counts: entries are set one after the other, so the last of two equal keys wins, and a merge (`<<`) that
//! stands after a key overrides it. What surprises is kept and warned about; aliases are expanded within limits.

use serde_json::{Map, Number, Value};

use super::keys::{Field, KeyKind};
use super::limits::{Counter, Limits};
use super::resolve::{self, Scalar};
use super::tree::{Body, Node, Tag, Tree};
use super::{Dialect, Document, MAX_DEPTH, Remark};
use crate::render::origin::{FieldLines, PathHash, Step};

/// Most warnings of one document; further ones would only repeat.
const MAX_WARNINGS: usize = 50;

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
    let before = limits.bytes();
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
        counter: Counter::default(),
        warnings: Vec::new(),
    };
    let value = converter.value(0, PathHash::ROOT)?;
    let warnings = converter.warnings;
    let fields = converter.fields;
    let bytes = tree.bytes as u64 + converter.limits.bytes() - before;
    if value.is_null() {
        return Ok((None, warnings));
    }
    let lines = FieldLines::new(fields.into_iter().map(|field| (field.path, field.line)).collect());
    let document = Document { value, line, column, lines, bytes };
    Ok((Some(document), warnings))
}

pub(super) struct Converter<'t> {
    pub(super) nodes: &'t mut Vec<Node>,
    /// True if every node is visited once, so that its text may be moved.
    movable: bool,
    pub(super) dialect: Dialect,
    limits: &'t mut Limits,
    pub(super) fields: Vec<Field>,
    /// How many aliases the current node is inside of.
    pub(super) aliases: u32,
    /// How many maps and lists are open, those that aliases and merges opened included.
    depth: usize,
    /// How many repeated keys were traced back to the earlier one.
    pub(super) examined: usize,
    counter: Counter,
    warnings: Vec<Remark>,
}

/// Where the entries of a map go, through any number of merges.
pub(super) struct Target<'m> {
    map: &'m mut Map<String, Value>,
    path: PathHash,
    /// Index of the first field that was set for this map.
    pub(super) start: usize,
    pub(super) merges: u16,
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
                self.entries(at, &mut Target { map: &mut map, path, start, merges: 0 })?;
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
            self.fields.push(Field { path: item, line, column, kind: KeyKind::Item, merges: 0 });
            items.push(self.value(child, item)?);
            child = self.end(child);
        }
        self.depth -= 1;
        Ok(Value::Array(items))
    }

    pub(super) fn entries(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
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
            return Err(self.problem(at, format!("nested more than {MAX_DEPTH} levels deep through aliases")));
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
        self.fields.push(Field { path, line, column, kind, merges });
        self.value(value, path)
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
                self.problem(at, "infinity and not-a-number have no JSON form").hint("quote the text")
            })?,
        })
    }

    /// The text of a scalar, moved out if nobody will ask for it again.
    pub(super) fn text(&mut self, at: usize) -> String {
        match &mut self.nodes[at].body {
            Body::Scalar { text, .. } if self.movable => std::mem::take(text),
            Body::Scalar { text, .. } => {
                if self.aliases > 0 {
                    self.limits.add_text(text);
                }
                text.clone()
            }
            _ => String::new(),
        }
    }

    pub(super) fn old_boolean(&mut self, at: usize, value: bool, key: bool) {
        let Body::Scalar { text, tag: Tag::None, .. } = &self.nodes[at].body else {
            return;
        };
        if resolve::is_old_boolean(text) {
            let what = if key { "key" } else { "value" };
            let message = format!("an unquoted word as {what} is read as the boolean {value}");
            self.warn(
                self.problem(at, message)
                    .hint(format!("write {value} if a boolean is meant, or quote it if a text is meant")),
            );
        }
    }

    pub(super) fn warn(&mut self, warning: Remark) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }

    /// Counts a node that is decoded.
    pub(super) fn count(&mut self, at: usize) -> Result<(), Remark> {
        let counted = self.counter.count(self.aliases > 0, self.limits);
        counted.map_err(|message| self.problem(at, message))
    }

    pub(super) fn end(&self, at: usize) -> usize {
        at + self.nodes[at].span as usize
    }

    pub(super) fn problem(&self, at: usize, message: impl Into<String>) -> Remark {
        Remark::at(self.nodes[at].line, self.nodes[at].column, message)
    }
}

/// A number as kubectl has it after its way through JSON: whole ones that fit 64 bits are integers.
pub(super) fn float(number: f64) -> Option<Value> {
    if let Ok(whole) = format!("{number}").parse::<i64>() {
        return Some(whole.into());
    }
    Number::from_f64(number).map(Value::Number)
}
