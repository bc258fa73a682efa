//! From the text of one document to a tree of nodes, each with its position.
//!
//! The tree is one vector in the order of the text; a node knows how many nodes it spans. Aliases stay references: what
//! they expand to is counted when the tree is converted.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Mark, Parser, ScalarStyle, SequenceStyle};
use serde_json::Value;

use super::slices::Slices;
use super::{MAX_ANCHORS, MAX_DEPTH, MAX_NODES, Remark, documents};

/// One document, root first.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// True if nothing refers back into the tree, so that texts may be moved out of it.
    pub(super) plain: bool,
    /// Length of the text.
    pub(super) bytes: usize,
}

/// One node; its children follow it in the vector.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Number of nodes of the subtree, this one included.
    pub(super) span: u32,
    pub(super) body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    /// A scalar to be resolved. `literal` is true if it is a string whatever its text (quoted, no tag).
    Scalar {
        text: String,
        tag: Tag,
        literal: bool,
    },
    /// A scalar of a JSON document.
    Ready(Value),
    /// Keys and values in turn.
    Map,
    Seq,
    /// Index of the anchored node.
    Alias(u32),
}

/// The tags that are understood; every other one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    /// `!`: a text whatever it looks like, but for the key `<<`.
    NonSpecific,
    Str,
    Bool,
    Int,
    Float,
    Null,
    Binary,
    Merge,
}

/// A YAML parser for one document after the other; its buffers are kept.
pub(super) struct Documents<'t> {
    parser: Parser<Slices<'t>>,
}

impl<'t> Documents<'t> {
    pub(super) fn new() -> Self {
        Self { parser: Parser::new() }
    }

    /// Parses one document. `first_line` is the number of the text's first line. Gives `None` for a document without
    /// content.
    ///
    /// # Errors
    /// The first problem of the document.
    pub(super) fn compose(&mut self, text: &'t str, first_line: u32) -> Result<Option<Tree>, Remark> {
        // The parser gives up with a panic where a tag inside brackets ends with a comma.
        let composed = guarded(|| self.composed(text, first_line));
        composed.unwrap_or_else(|| {
            self.parser = Parser::new();
            let tags = text.match_indices('!').map(|(at, _)| text.split_at(at));
            let ends = |tag: &str| tag.find(|c: char| c == ',' || c.is_whitespace());
            let comma = |tag: &str| ends(tag).is_some_and(|end| tag[end..].starts_with(','));
            let Some((before, _)) = tags.into_iter().find(|(_, tag)| comma(tag)) else {
                return Err(Remark::at(first_line, 1, "unreadable YAML"));
            };
            let (line, column) = documents::position(before);
            let problem = Remark::at(line - 1 + first_line, column, "a tag with a comma behind it");
            Err(problem.hint("quote the text if it is meant to start with `!`"))
        })
    }

    fn composed(&mut self, text: &'t str, first_line: u32) -> Result<Option<Tree>, Remark> {
        // The parser takes any first byte 0xEF for half of a mark; kubectl skips one real mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.parser.reset();
        self.parser.set_encoding(Encoding::Utf8);
        self.parser.set_input(Slices(text.as_bytes()));
        let composer = Composer {
            text,
            first_line,
            nodes: Vec::with_capacity(text.len() / BYTES_A_NODE),
            open: Vec::new(),
            flow: 0,
            anchors: HashMap::new(),
            aliases: false,
            escapes: text.contains("\\/"),
        };
        composer.refuse_inner_marks()?;
        composer.document(&mut self.parser)
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// True while a panic of this thread is caught and becomes a problem of the file, so that nothing needs to be said about it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs the parser; `None` if it panicked.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    GUARDED.set(true);
    let result = std::panic::catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    result.ok()
}

/// A guess that is seldom too small.
const BYTES_A_NODE: usize = 16;

pub(super) struct Composer<'a> {
    pub(super) text: &'a str,
    pub(super) first_line: u32,
    nodes: Vec<Node>,
    /// Indices of the maps and lists that are not closed yet.
    open: Vec<u32>,
    /// How many of them, counted from the innermost, are in flow style.
    flow: usize,
    anchors: HashMap<String, u32>,
    aliases: bool,
    /// True if the text holds `\/`, which may be an escape.
    escapes: bool,
}

impl Composer<'_> {
    fn document(mut self, parser: &mut Parser<Slices<'_>>) -> Result<Option<Tree>, Remark> {
        loop {
            let event = parser.parse().map_err(|error| self.syntax(&error))?;
            let mark = event.start_mark;
            match event.data {
                EventData::StreamEnd => break,
                EventData::DocumentEnd { .. } => {
                    self.nothing_follows(parser, event.end_mark)?;
                    break;
                }
                _ => self.event(event)?,
            }
            if self.nodes.len() > MAX_NODES {
                let problem = self.problem(mark, format!("more than {MAX_NODES} values in one document"));
                return Err(problem.hint("split the document"));
            }
        }
        Ok((!self.nodes.is_empty()).then_some(Tree {
            nodes: self.nodes,
            plain: !self.aliases,
            bytes: self.text.len(),
        }))
    }

    fn event(&mut self, event: Event) -> Result<(), Remark> {
        let mark = event.start_mark;
        match event.data {
            EventData::Scalar { anchor, tag, value, plain_implicit, style, .. } => {
                match style {
                    ScalarStyle::DoubleQuoted if self.escapes => {
                        self.refuse_escaped_slash(mark, event.end_mark)?
                    }
                    ScalarStyle::Plain if self.flow > 0 => self.refuse_question_mark(&value, mark)?,
                    _ => {}
                }
                let tag = tag.map_or(Ok(Tag::None), |tag| self.scalar_tag(&tag, mark))?;
                let literal = tag == Tag::None && !plain_implicit;
                self.anchor(anchor, mark)?;
                self.push(mark, Body::Scalar { text: value, tag, literal });
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                self.flow += usize::from(style == MappingStyle::Flow);
                self.open_node(anchor, tag, "tag:yaml.org,2002:map", mark, Body::Map)?
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                self.flow += usize::from(style == SequenceStyle::Flow);
                self.open_node(anchor, tag, "tag:yaml.org,2002:seq", mark, Body::Seq)?
            }
            EventData::MappingEnd | EventData::SequenceEnd => {
                self.flow = self.flow.saturating_sub(1);
                if let Some(at) = self.open.pop() {
                    self.nodes[at as usize].span = index(self.nodes.len()) - at;
                }
            }
            EventData::Alias { anchor } => self.alias(&anchor, mark)?,
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, mark: Mark, body: Body) {
        let (line, column) = self.position(mark);
        self.nodes.push(Node { line, column, span: 1, body });
    }

    fn open_node(
        &mut self,
        anchor: Option<String>,
        tag: Option<String>,
        own_tag: &str,
        mark: Mark,
        body: Body,
    ) -> Result<(), Remark> {
        if tag.is_some_and(|tag| tag != own_tag && tag != "!") {
            return Err(self.bad_tag(mark));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.problem(mark, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        self.anchor(anchor, mark)?;
        self.open.push(index(self.nodes.len()));
        self.push(mark, body);
        Ok(())
    }

    /// Gives the next node a name.
    fn anchor(&mut self, anchor: Option<String>, mark: Mark) -> Result<(), Remark> {
        if let Some(name) = anchor {
            self.anchors.insert(name, index(self.nodes.len()));
            if self.anchors.len() > MAX_ANCHORS {
                return Err(self.problem(mark, format!("more than {MAX_ANCHORS} anchors in one document")));
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: &str, mark: Mark) -> Result<(), Remark> {
        let Some(&target) = self.anchors.get(anchor) else {
            let problem = self.problem(mark, "alias of an anchor that is not defined before it");
            return Err(problem.hint("quote the value if it is meant to start with `*`"));
        };
        if self.open.contains(&target) {
            return Err(self.problem(mark, "alias of the node that holds it"));
        }
        self.aliases = true;
        self.push(mark, Body::Alias(target));
        Ok(())
    }

    fn scalar_tag(&self, tag: &str, mark: Mark) -> Result<Tag, Remark> {
        if tag == "!" {
            return Ok(Tag::NonSpecific);
        }
        match tag.strip_prefix("tag:yaml.org,2002:") {
            Some("str") => Ok(Tag::Str),
            Some("bool") => Ok(Tag::Bool),
            Some("int") => Ok(Tag::Int),
            Some("float") => Ok(Tag::Float),
            Some("null") => Ok(Tag::Null),
            Some("binary") => Ok(Tag::Binary),
            Some("merge") => Ok(Tag::Merge),
            _ => Err(self.bad_tag(mark)),
        }
    }

    fn bad_tag(&self, mark: Mark) -> Remark {
        self.problem(mark, "unsupported tag").hint(
            "remove the tag, or quote the value if it is meant to start with `!`; \
             !!str, !!int, !!float, !!bool, !!null, !!binary, !!map and !!seq are understood",
        )
    }

    pub(super) fn problem(&self, mark: Mark, message: impl Into<String>) -> Remark {
        let (line, column) = self.position(mark);
        Remark::at(line, column, message)
    }

    fn position(&self, mark: Mark) -> (u32, u32) {
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX / 2);
        (number(mark.line) + self.first_line, number(mark.column) + 1)
    }
}

/// Index of a node: files are at most 16 MiB, so it fits.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
