//! Reading and writing YAML exactly as kubectl does.
//!
//! kubectl reads manifests as YAML 1.1 turned into JSON (Go's `sigs.k8s.io/yaml` over go-yaml v2), so the same bytes mean
//! something else to most other libraries: `on` is a boolean, `0644` is 420, `1_000` is 1000, a repeated key wins in
//! silence. Here a stream is cut into documents (`documents`), each is parsed to events and composed to a tree with a
//! position for every node (`tree`), and the tree becomes a JSON value (`convert`), its scalars read by the rules of a
//! dialect (`resolve`). What is written ([`emit`]) is read back by kubectl as the same value.
//!
//! Texts of errors and warnings name positions and never hold content of the file: a broken file may hold a password.

mod convert;
mod documents;
pub mod emit;
mod json;
mod json_stream;
mod keys;
mod limits;
pub mod located;
mod merge;
mod refusals;
pub(super) mod resolve;
mod slices;
mod tree;

pub use tree::is_guarded;

use std::borrow::Cow;

use serde_json::Value;

use crate::render::origin::FieldLines;
use crate::source::tree::MAX_FILE_BYTES;

/// Deepest nesting of maps and lists that is read.
pub const MAX_DEPTH: usize = 100;
/// Most nodes that the aliases of one file may add.
pub const MAX_ALIAS_NODES: u64 = 1_000_000;
/// Most bytes of text that the aliases of one file may add.
pub const MAX_ALIAS_BYTES: u64 = 10 * 1024 * 1024;
/// Most nodes in one document, aliases not expanded.
pub const MAX_NODES: usize = 1_000_000;
/// Most anchors in one document.
pub const MAX_ANCHORS: usize = 10_000;

/// Whose reading of a scalar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// kubectl and the API machinery: `sigs.k8s.io/yaml` over go-yaml v2.
    Plain,
}

/// One document that holds something; empty ones are left out, as kubectl does.
#[derive(Debug, Clone)]
pub struct Document {
    /// The value, never null.
    pub value: Value,
    /// Line of the first node, from 1.
    pub line: u32,
    /// Column of the first node, from 1.
    pub column: u32,
    /// Lines of the fields: of a map's entry the line of its key, of an item the line of the item.
    pub lines: FieldLines,
    /// Length of the text it was read from, and of what its aliases added.
    pub bytes: u64,
}

/// What was read from one file or stream.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The documents, in order.
    pub documents: Vec<Document>,
    /// What a reader would not expect, in order of place.
    pub warnings: Vec<Remark>,
}

/// A problem or a warning at one place of a file. It never quotes a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Line, from 1; 0 for the whole file.
    pub line: u32,
    /// Column in characters, from 1; 0 for the whole line or file.
    pub column: u32,
    /// What was found: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Remark {
    fn at(line: u32, column: u32, message: impl Into<String>) -> Self {
        Self { line, column, message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Reads all documents of a file, YAML or JSON, as kubectl reads them.
///
/// # Errors
/// Every problem of the file, in order of place; then nothing of the file is to be used. Input that kubectl itself would
/// cut short in silence (content after the end of a document) is a problem too.
pub fn read(bytes: &[u8], dialect: Dialect) -> Result<Reading, Vec<Remark>> {
    let text = decode(bytes).map_err(|problem| vec![problem])?;
    // kubectl takes one mark off a file before it looks at it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = Reader {
        limits: limits::Limits::default(),
        reading: Reading::default(),
        problems: Vec::new(),
        dialect,
    };
    let stream = json_stream::leading_values(text);
    for tree in stream.trees {
        reader.take(Ok(tree));
    }
    let before = reader.problems.len();
    match stream.rest {
        json_stream::Rest::Nothing => {}
        json_stream::Rest::Broken(problem) => reader.problems.push(problem),
        json_stream::Rest::Yaml { text, line, json } => {
            reader.yaml(text, line);
            if let Some(problem) = json {
                replace_if_nearer(&mut reader.problems, before, problem);
            }
        }
    }
    if reader.problems.is_empty() {
        reader.reading.warnings.sort();
        Ok(reader.reading)
    } else {
        reader.problems.sort();
        Err(reader.problems)
    }
}

/// A text that starts like JSON failed both as JSON and as YAML: the reading that came further knows better what is wrong.
fn replace_if_nearer(problems: &mut Vec<Remark>, from: usize, json: Remark) {
    if let Some(yaml) = problems.get(from)
        && (yaml.line, yaml.column) <= (json.line, json.column)
    {
        problems.truncate(from);
        problems.push(json);
    }
}

struct Reader {
    limits: limits::Limits,
    reading: Reading,
    problems: Vec<Remark>,
    dialect: Dialect,
}

impl Reader {
    fn yaml(&mut self, text: &str, line: u32) {
        let parts = documents::split(text, line);
        let mut documents = tree::Documents::new();
        for part in &parts {
            let tree = match part {
                Ok(part) => documents.compose(&part.text, part.line).transpose(),
                Err(problem) => Some(Err(problem.clone())),
            };
            if let Some(tree) = tree {
                self.take(tree);
            }
        }
    }

    fn take(&mut self, tree: Result<tree::Tree, Remark>) {
        let converted = tree.and_then(|tree| convert::convert(tree, self.dialect, &mut self.limits));
        match converted {
            Ok((document, warnings)) => {
                self.reading.warnings.extend(warnings);
                self.reading.documents.extend(document);
            }
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as kubectl takes it.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Remark> {
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Remark::at(
            0,
            0,
            format!("the file holds {} bytes, more than {MAX_FILE_BYTES} are not read", bytes.len()),
        ));
    }
    if let [0xff, 0xfe, units @ ..] = bytes {
        return utf16(units, u16::from_le_bytes);
    }
    if let [0xfe, 0xff, units @ ..] = bytes {
        return utf16(units, u16::from_be_bytes);
    }
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let (line, column) = documents::position(&valid);
        Remark::at(line, column, "invalid UTF-8").hint("convert the file to UTF-8")
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Remark> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().copied().map(unit);
    let text: Option<String> = char::decode_utf16(units).map(Result::ok).collect();
    text.filter(|_| rest.is_empty())
        .map(Cow::Owned)
        .ok_or_else(|| Remark::at(0, 0, "invalid UTF-16").hint("convert the file to UTF-8"))
}

#[cfg(test)]
mod tests;
