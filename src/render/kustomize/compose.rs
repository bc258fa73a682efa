//! From the events of the YAML parser to nodes, with anchors and merge keys resolved as go-yaml v3 does it.

use std::borrow::Cow;
use std::collections::HashMap;

use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

use super::node::{Id, Kind, Node, NodeError, NodeResult, Place, Style, Tag, Tree};
use super::scalar::tag_of;
use crate::render::yaml::{MAX_ALIAS_BYTES, MAX_ALIAS_NODES, MAX_ANCHORS, MAX_DEPTH, MAX_NODES};

/// What the aliases of one file have added.
#[derive(Default)]
pub(super) struct Expanded {
    nodes: u64,
    bytes: u64,
}

pub(super) fn compose(text: &str, file: u32, line: u32, expanded: &mut Expanded) -> NodeResult<Option<Tree>> {
    let mut parser = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    // The parser wants a line end behind a block; kustomize's reads a last line without one as it is.
    let whole = if text.ends_with('\n') { Cow::Borrowed(text) } else { Cow::Owned(format!("{text}\n")) };
    let mut input = whole.as_bytes();
    parser.set_input(&mut input);
    let capacity = text.len() / 8;
    let mut composer = Composer {
        tree: Tree { nodes: Vec::with_capacity(capacity), root: 0 },
        open: Vec::new(),
        anchors: HashMap::new(),
        named: HashMap::new(),
        file,
        line,
        expanded,
        escapes: text.contains("\\/"),
        text,
        open_ended: !text.lines().next_back().is_none_or(|line| line.trim().is_empty())
            && !text.ends_with('\n'),
    };
    loop {
        let event = parser.parse().map_err(|error| {
            let mark = error.problem_mark().or(error.context_mark());
            let at = mark.map_or(line, |mark| line + u32::try_from(mark.line).unwrap_or(0));
            composer.error_at(at, format!("invalid YAML: {}", error.problem()))
        })?;
        match event.data {
            EventData::StreamEnd | EventData::DocumentEnd { .. } => break,
            _ => composer.event(event)?,
        }
    }
    let Composer { mut tree, .. } = composer;
    tree.nodes.shrink_to_fit();
    if tree.nodes.is_empty() || tree.is_null(tree.root) {
        return Ok(None);
    }
    Ok(Some(tree))
}

pub(super) struct Composer<'a> {
    pub(super) tree: Tree,
    /// Maps and lists that are not closed yet.
    open: Vec<Id>,
    /// Names of anchors of the nodes that were read.
    anchors: HashMap<String, Id>,
    /// Keys `<<` that merge, by their map.
    pub(super) named: HashMap<Id, u32>,
    file: u32,
    line: u32,
    expanded: &'a mut Expanded,
    escapes: bool,
    text: &'a str,
    /// True if the last line has no end.
    open_ended: bool,
}

impl Composer<'_> {
    pub(super) fn error_at(&self, line: u32, message: String) -> NodeError {
        NodeError { place: Place { file: self.file, line }, message }
    }

    fn event(&mut self, event: Event) -> NodeResult<()> {
        let line = self.line + u32::try_from(event.start_mark.line).unwrap_or(0);
        let place = Place { file: self.file, line };
        if self.tree.nodes.len() > MAX_NODES {
            return Err(self.error_at(line, format!("more than {MAX_NODES} values in one document")));
        }
        match event.data {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                if self.escapes && style == ScalarStyle::DoubleQuoted {
                    self.refuse_escaped_slash(&event.start_mark, &event.end_mark, line)?;
                }
                let mut node = self.scalar(tag.as_deref(), value, style, place)?;
                let block = matches!(node.style, Style::Literal | Style::Folded);
                let at_end = usize::try_from(event.end_mark.index).is_ok_and(|end| end >= self.text.len());
                if self.open_ended && block && at_end && node.text.ends_with('\n') {
                    node.text.pop();
                }
                let id = self.tree.push(node);
                self.name(anchor, id, line)?;
                self.attach(id);
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                let flow = style == MappingStyle::Flow;
                self.open_node(Kind::Map, flow, anchor, tag, place)?;
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                let flow = style == SequenceStyle::Flow;
                self.open_node(Kind::Seq, flow, anchor, tag, place)?;
            }
            EventData::MappingEnd => {
                if let Some(id) = self.open.pop() {
                    self.merge(id)?;
                }
            }
            EventData::SequenceEnd => {
                self.open.pop();
            }
            EventData::Alias { anchor } => self.alias(&anchor, line)?,
            _ => {}
        }
        Ok(())
    }

    /// go-yaml knows no escape `\/`, which other readers take.
    fn refuse_escaped_slash(
        &self,
        start: &libyaml_safer::Mark,
        end: &libyaml_safer::Mark,
        line: u32,
    ) -> NodeResult<()> {
        let at = |mark: &libyaml_safer::Mark| usize::try_from(mark.index).unwrap_or(0);
        let quoted = self.text.as_bytes().get(at(start)..at(end));
        let mut escaped = false;
        for char in quoted.unwrap_or_default() {
            if escaped && *char == b'/' {
                return Err(self.error_at(line, "invalid YAML: unknown escape `\\/`".to_owned()));
            }
            escaped = *char == b'\\' && !escaped;
        }
        Ok(())
    }

    fn scalar(&self, tag: Option<&str>, text: String, style: ScalarStyle, place: Place) -> NodeResult<Node> {
        let style = match style {
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
            _ => Style::Plain,
        };
        let told = match tag.filter(|tag| *tag != "!") {
            None if style == Style::Plain => (tag_of(&text), false),
            None => (Tag::Str, false),
            Some(tag) => (self.known_tag(tag, place)?, true),
        };
        let mut node = Node::scalar(text, told.0, place);
        (node.style, node.tagged) = (style, told.1);
        Ok(node)
    }

    fn known_tag(&self, tag: &str, place: Place) -> NodeResult<Tag> {
        Ok(match tag.strip_prefix("tag:yaml.org,2002:") {
            Some("str") => Tag::Str,
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("bool") => Tag::Bool,
            Some("null") => Tag::Null,
            Some("timestamp") => Tag::Timestamp,
            Some("binary") => Tag::Binary,
            Some("merge") => Tag::Merge,
            _ => return Err(self.error_at(place.line, "unsupported tag".to_owned())),
        })
    }

    fn open_node(
        &mut self,
        kind: Kind,
        flow: bool,
        anchor: Option<String>,
        tag: Option<String>,
        place: Place,
    ) -> NodeResult<()> {
        let own = if kind == Kind::Map { "tag:yaml.org,2002:map" } else { "tag:yaml.org,2002:seq" };
        if tag.is_some_and(|tag| tag != own && tag != "!") {
            return Err(self.error_at(place.line, "unsupported tag".to_owned()));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error_at(place.line, format!("nested more than {MAX_DEPTH} levels deep")));
        }
        let mut node = Node::new(kind, place);
        if flow {
            node.style = Style::Flow;
        }
        let id = self.tree.push(node);
        self.name(anchor, id, place.line)?;
        self.attach(id);
        self.open.push(id);
        Ok(())
    }

    /// Puts a node into the map or list that is open.
    fn attach(&mut self, id: Id) {
        if let Some(parent) = self.open.last().copied() {
            let parent_node = self.tree.node(parent);
            let is_key = parent_node.kind == Kind::Map && parent_node.content.len().is_multiple_of(2);
            if is_key && self.tree.node(id).tag == Tag::Merge {
                *self.named.entry(parent).or_insert(0) += 1;
            }
            self.tree.node_mut(parent).content.push(id);
        }
    }

    fn name(&mut self, anchor: Option<String>, id: Id, line: u32) -> NodeResult<()> {
        if let Some(name) = anchor {
            self.anchors.insert(name, id);
            if self.anchors.len() > MAX_ANCHORS {
                return Err(self.error_at(line, format!("more than {MAX_ANCHORS} anchors in one document")));
            }
        }
        Ok(())
    }

    fn alias(&mut self, name: &str, line: u32) -> NodeResult<()> {
        let Some(&target) = self.anchors.get(name) else {
            return Err(self.error_at(line, "alias of an anchor that is not defined before it".to_owned()));
        };
        if self.open.contains(&target) {
            return Err(self.error_at(line, "alias of the node that holds it".to_owned()));
        }
        let id = self.expand(target, self.open.len(), line)?;
        self.attach(id);
        Ok(())
    }

    fn expand(&mut self, id: Id, depth: usize, line: u32) -> NodeResult<Id> {
        self.expanded.nodes += 1;
        self.expanded.bytes += 1 + self.tree.node(id).text.len() as u64;
        if self.expanded.nodes > MAX_ALIAS_NODES || self.expanded.bytes > MAX_ALIAS_BYTES {
            let message = format!(
                "the aliases of this file expand to more than {MAX_ALIAS_NODES} nodes or {MAX_ALIAS_BYTES} bytes"
            );
            return Err(self.error_at(line, message));
        }
        if depth > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep through aliases");
            return Err(self.error_at(line, message));
        }
        let mut node = self.tree.node(id).clone();
        for child in node.content.make_mut() {
            *child = self.expand(*child, depth + 1, line)?;
        }
        Ok(self.tree.push(node))
    }
}
