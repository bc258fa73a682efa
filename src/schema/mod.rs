//! The merge schema of a type: which lists are keyed, sets or atomic, which maps are closed, which text is canonical.
//!
//! The shape follows structured-merge-diff: a node may be a scalar, a list or a map, or several of them where the
//! type is free; the value decides ([`Node::list`], [`Node::map`]).

pub mod builtin;
pub mod defaulting;
pub mod openapi;
pub mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::id::Gvk;

/// Index of a node in its [`Schema`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// A free-form value: maps merge key by key, lists are atomic (`__untyped_deduced_`).
    pub const DEDUCED: Self = Self(0);
    /// A free-form value that is atomic as a whole (`__untyped_atomic_`).
    pub const UNTYPED: Self = Self(1);
}

/// The schemas of the kinds in use; a kind for which none is published has no entry.
pub type Schemas = BTreeMap<Gvk, Schema>;

/// The merge schema of one type, reachable from [`Schema::root`].
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    nodes: Vec<Node>,
    root: NodeId,
    /// True for types that are part of Kubernetes itself: their values are decoded and stored again by the server. Custom
    /// resources are stored as written.
    pub builtin: bool,
    /// True if nothing is published for the type and every node is deduced.
    pub deduced: bool,
    /// The versions at which the kind is served; empty if nobody looked.
    pub versions: BTreeSet<String>,
}

/// One node of a [`Schema`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// What scalars are allowed.
    pub scalar: Option<Scalar>,
    /// How a list behaves.
    pub list: Option<ListType>,
    /// How a map behaves.
    pub map: Option<MapType>,
    /// Which text the server stores for a scalar of this node.
    pub form: Form,
    /// Name of the published definition, for example `io.k8s.api.core.v1.PodSpec`.
    pub name: Option<Arc<str>>,
    /// What the server fills in where the field is absent; custom resources only.
    pub default: Option<Value>,
    /// True if null is a value of its own; custom resources only.
    pub nullable: bool,
}

/// Type of a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scalar {
    /// Text.
    String,
    /// Any number.
    Numeric,
    /// True or false.
    Boolean,
    /// Anything.
    Untyped,
}

/// Spelling that the server stores for a scalar of a built-in type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Form {
    /// As written.
    #[default]
    Verbatim,
    /// `resource.Quantity`.
    Quantity,
    /// `metav1.Time`: RFC 3339, UTC, whole seconds.
    Time,
    /// Base64 of bytes.
    Bytes,
}

/// How a list behaves when it is merged.
#[derive(Debug, Clone, PartialEq)]
pub struct ListType {
    /// Atomic, set or keyed.
    pub kind: ListKind,
    /// Type of the items.
    pub element: NodeId,
}

/// Kind of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum ListKind {
    /// Replaced as a whole.
    Atomic,
    /// Items are their own key.
    Set,
    /// Items are told apart by these fields; a missing field has the default.
    Keyed(Vec<KeyField>),
}

/// One key field of a keyed list.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyField {
    /// Name of the field.
    pub name: String,
    /// Value where the field is absent, for example `TCP` for a port's protocol.
    pub default: Option<Value>,
}

/// How a map or struct behaves when it is merged.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MapType {
    /// Replaced as a whole.
    pub atomic: bool,
    /// Declared fields.
    pub fields: BTreeMap<String, NodeId>,
    /// Type of undeclared keys; `None` if they are errors.
    pub element: Option<NodeId>,
}

impl MapType {
    /// The node of a key; `None` if the key is not declared and undeclared keys are errors.
    pub fn child(&self, key: &str) -> Option<NodeId> {
        self.fields.get(key).copied().or(self.element)
    }
}

impl Schema {
    /// A schema that knows nothing: everything is deduced from the values.
    pub fn deduced() -> Self {
        Self {
            nodes: common_nodes(),
            root: NodeId::DEDUCED,
            builtin: false,
            deduced: true,
            versions: BTreeSet::new(),
        }
    }

    /// The node of the whole object.
    pub fn root(&self) -> NodeId {
        self.root
    }

    /// A node by its index.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }
}

/// The nodes at [`NodeId::DEDUCED`] and [`NodeId::UNTYPED`].
fn common_nodes() -> Vec<Node> {
    let free = |atomic: bool, element: NodeId| Node {
        scalar: Some(Scalar::Untyped),
        list: Some(ListType { kind: ListKind::Atomic, element: NodeId::UNTYPED }),
        map: Some(MapType { atomic, fields: BTreeMap::new(), element: Some(element) }),
        ..Node::default()
    };
    vec![free(false, NodeId::DEDUCED), free(true, NodeId::UNTYPED)]
}
