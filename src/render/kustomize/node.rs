//! The nodes of one object, as kustomize's YAML library has them: a scalar keeps its text, tag and style until the end.
//!
//! Nodes lie in one vector and refer to each other by number. That is not only compact: kustomize puts one node into several
//! places of an object (the value of a common label, for one), and a later change of one place is seen in all of them.

use std::collections::{BTreeSet, HashMap};

use super::scalar;
use super::work::looked;

/// A text of an object: short ones lie in it, long ones are shared by their copies.
pub(super) use ecow::EcoString as Str;
/// Numbers of nodes; copies share them until one is changed.
pub(super) type Ids = ecow::EcoVec<Id>;

/// Number of a node in its [`Tree`].
pub(super) type Id = u32;

/// Where a node was written: a number of the table of files, and a line from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) line: u32,
}

/// The shape of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Map,
    Seq,
}

/// The tag of a scalar: told by its text when it was read, or set by whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// To be told from the text when the object is written.
    Unset,
    Str,
    Int,
    Float,
    Bool,
    Null,
    Timestamp,
    Binary,
    Merge,
    /// Of a map or a list.
    Collection,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
    /// Of a map or list in braces or brackets.
    Flow,
}

/// One node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) tag: Tag,
    pub(super) style: Style,
    /// True if the tag was written out.
    pub(super) tagged: bool,
    pub(super) text: Str,
    /// Items; of a map, keys and values in turn.
    pub(super) content: Ids,
    pub(super) place: Place,
}

impl Node {
    pub(super) fn scalar(text: impl Into<Str>, tag: Tag, place: Place) -> Self {
        let (kind, style) = (Kind::Scalar, Style::Plain);
        Self { kind, tag, style, tagged: false, text: text.into(), content: Ids::new(), place }
    }

    pub(super) fn new(kind: Kind, place: Place) -> Self {
        let tag = if kind == Kind::Scalar { Tag::Unset } else { Tag::Collection };
        Self { kind, ..Self::scalar("", tag, place) }
    }

    fn is_text(&self) -> bool {
        self.kind == Kind::Scalar && matches!(self.tag, Tag::Str | Tag::Unset)
    }
}

/// Why an operation on nodes is not possible.
#[derive(Debug, Clone)]
pub(super) struct NodeError {
    pub(super) place: Place,
    pub(super) message: String,
}

pub(super) type NodeResult<T> = Result<T, NodeError>;

/// The nodes of one object.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Id,
}

impl Tree {
    /// A tree of one node.
    pub(super) fn of(node: Node) -> Self {
        Self { nodes: vec![node], root: 0 }
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn node_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    pub(super) fn push(&mut self, node: Node) -> Id {
        let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if self.nodes.len() == self.nodes.capacity() {
            // There are many trees, so none of them keeps half of its room empty.
            self.nodes.reserve_exact(8 + self.nodes.len() / 8);
        }
        self.nodes.push(node);
        id
    }

    pub(super) fn push_scalar(&mut self, text: &str, tag: Tag, place: Place) -> Id {
        self.push(Node::scalar(text, tag, place))
    }

    /// A text as it is set in labels and annotations: never anything but a string.
    pub(super) fn push_text(&mut self, text: &str, place: Place) -> Id {
        let mut node = Node::scalar(text, Tag::Str, place);
        if text.contains('\n') {
            node.style = Style::Literal;
        }
        self.push(node)
    }

    /// Puts the contents of one node into another.
    pub(super) fn overwrite(&mut self, into: Id, from: Id) {
        if into != from {
            self.nodes[into as usize] = self.nodes[from as usize].clone();
        }
    }

    pub(super) fn is_null(&self, id: Id) -> bool {
        self.node(id).tag == Tag::Null
    }

    pub(super) fn is_nil_or_empty(&self, id: Id) -> bool {
        let node = self.node(id);
        node.tag == Tag::Null || (node.kind != Kind::Scalar && node.content.is_empty())
    }

    /// The keys and values of a map; nothing for other nodes.
    pub(super) fn entries(&self, id: Id) -> impl Iterator<Item = (Id, Id)> + '_ {
        let node = self.node(id);
        let content: &[Id] = if node.kind == Kind::Map { &node.content } else { &[] };
        content.as_chunks::<2>().0.iter().map(|[key, value]| (*key, *value))
    }

    /// The value of a field, if the node is a map that has it.
    pub(super) fn field(&self, map: Id, name: &str) -> Option<Id> {
        let mut entries = self.entries(map);
        let found = entries.find(|(key, _)| {
            looked(1);
            self.node(*key).text == name
        });
        found.map(|(_, value)| value)
    }

    /// The values of a map by their keys; of a key that stands twice the first.
    pub(super) fn index(&self, map: Id) -> HashMap<Str, Id> {
        let mut index = HashMap::with_capacity(self.node(map).content.len() / 2);
        for (key, value) in self.entries(map) {
            looked(1);
            index.entry(self.node(key).text.clone()).or_insert(value);
        }
        index
    }

    /// The text of a field, empty if there is none.
    pub(super) fn field_text(&self, map: Id, name: &str) -> &str {
        self.field(map, name).map_or("", |id| &self.node(id).text)
    }

    /// The value of a field; nothing in null, an error in what is no map.
    pub(super) fn get(&self, id: Id, name: &str) -> NodeResult<Option<Id>> {
        if self.is_null(id) {
            return Ok(None);
        }
        self.expect(id, Kind::Map)?;
        Ok(self.field(id, name))
    }

    /// An error for a node that is neither null nor of the kind.
    pub(super) fn expect(&self, id: Id, kind: Kind) -> NodeResult<()> {
        let node = self.node(id);
        if node.tag == Tag::Null || node.kind == kind {
            return Ok(());
        }
        let word = |kind| match kind {
            Kind::Scalar => "a single value",
            Kind::Map => "a map",
            Kind::Seq => "a list",
        };
        Err(NodeError {
            place: node.place,
            message: format!("expected {}, found {}", word(kind), word(node.kind)),
        })
    }

    /// Sets the contents of a single value, which keeps its style.
    pub(super) fn set_scalar(&mut self, at: Id, value: Id) -> NodeResult<()> {
        self.quote_old_words(value);
        self.expect(at, Kind::Scalar)?;
        if !self.is_null(value) {
            self.node_mut(value).style = self.node(at).style;
            self.overwrite(at, value);
        }
        Ok(())
    }

    /// Sets a field of a map. Nothing and null take it out, unless null is to be kept.
    pub(super) fn set_field(
        &mut self,
        map: Id,
        name: &str,
        value: Option<Id>,
        keep_null: bool,
    ) -> NodeResult<()> {
        let Some(value) = value.filter(|value| keep_null || !self.is_null(*value)) else {
            return self.clear(map, name);
        };
        let field = self.get(map, name)?;
        self.put_field(map, name, field, value);
        Ok(())
    }

    /// Sets a field whose old value is known, or puts a new one at the end.
    pub(super) fn put_field(&mut self, map: Id, name: &str, old: Option<Id>, value: Id) {
        self.quote_old_words(value);
        match old {
            Some(field) => {
                self.node_mut(value).style = self.node(field).style;
                self.overwrite(field, value);
            }
            None => {
                let place = self.node(value).place;
                let key = self.push_scalar(name, Tag::Unset, place);
                self.node_mut(map).content.extend([key, value]);
            }
        }
    }

    /// Takes fields out of a map; of one that stands twice the first.
    pub(super) fn clear_all(&mut self, map: Id, mut names: BTreeSet<Str>) {
        if names.is_empty() {
            return;
        }
        let kept = |(key, _): &(Id, Id)| !names.remove(&self.node(*key).text);
        let content = self.entries(map).filter(kept).flat_map(|(key, value)| [key, value]).collect();
        self.node_mut(map).content = content;
    }

    /// What YAML 1.1 would not read as a text is quoted.
    fn quote_old_words(&mut self, value: Id) {
        let node = self.node(value);
        if node.is_text() && node.style == Style::Plain && scalar::is_no_old_text(&node.text) {
            self.node_mut(value).style = Style::Double;
        }
    }

    /// Takes a field out of a map.
    pub(super) fn clear(&mut self, map: Id, name: &str) -> NodeResult<()> {
        self.expect(map, Kind::Map)?;
        let found = self.entries(map).position(|(key, _)| self.node(key).text == name);
        if let Some(at) = found {
            let content = &mut self.node_mut(map).content;
            content.remove(2 * at + 1);
            content.remove(2 * at);
        }
        Ok(())
    }

    /// Copies a node of another tree, with everything in it.
    pub(super) fn import(&mut self, other: &Tree, id: Id) -> Id {
        let source = other.node(id);
        let content = source.content.iter().map(|child| self.import(other, *child)).collect();
        self.push(Node { content, ..source.clone() })
    }
}
