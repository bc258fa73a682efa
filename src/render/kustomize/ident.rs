//! Groups, versions, kinds and identities, compared as kustomize compares them.

use super::node::{Str, Tree};
use super::scopes::{Scope, scope};

/// What stands for the namespace of a kind that has none.
pub(super) const NO_NAMESPACE: &str = "_non_namespaceable_";

/// A group, version and kind; in a selector an empty part means any.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub(super) struct Gvk {
    pub(super) group: Str,
    pub(super) version: Str,
    pub(super) kind: Str,
}

impl Gvk {
    pub(super) fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    pub(super) fn of(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_version(api_version);
        Self::new(group, version, kind)
    }

    /// True if this type is what the selector means.
    pub(super) fn is_selected(&self, selector: &Self) -> bool {
        let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
        fits(&self.kind, &selector.kind)
            && fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
    }

    pub(super) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The text by which kustomize orders types.
    pub(super) fn sort_text(&self) -> String {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        format!("{}_{}_{}", or(&self.group, "~G"), or(&self.version, "~V"), or(&self.kind, "~K"))
    }

    /// The text of a type in the order of objects.
    pub(super) fn id_text(&self) -> String {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        format!(
            "{}.{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]")
        )
    }
}

impl std::fmt::Display for Gvk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.api_version();
        let space = if version.is_empty() || self.kind.is_empty() { "" } else { " " };
        write!(f, "{version}{space}{}", self.kind)
    }
}

/// Group and version of an `apiVersion`: the version is all that follows the first slash.
pub(super) fn split_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// A name in a namespace, of a type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ResId {
    pub(super) gvk: Gvk,
    pub(super) name: Str,
    pub(super) namespace: Str,
    /// True if the type is known to have no namespace. An earlier identity does not know, but has [`NO_NAMESPACE`].
    pub(super) cluster_scoped: bool,
}

impl ResId {
    pub(super) fn of(tree: &Tree) -> Self {
        let root = tree.root;
        let gvk = Gvk::of(tree.field_text(root, "apiVersion"), tree.field_text(root, "kind"));
        let meta = |field: &str| {
            let value = tree.field(root, "metadata").and_then(|metadata| tree.field(metadata, field));
            value
                .filter(|id| !tree.is_nil_or_empty(*id))
                .map_or_else(Str::new, |id| tree.node(id).text.clone())
        };
        let (name, namespace) = (meta("name"), meta("namespace"));
        let cluster_scoped = scope(&gvk) == Some(Scope::Cluster);
        Self { gvk, name, namespace, cluster_scoped }
    }

    /// The namespace that counts in comparisons.
    pub(super) fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if self.cluster_scoped => NO_NAMESPACE,
            "" => "default",
            namespace => namespace,
        }
    }

    pub(super) fn same_namespace(&self, other: &Self) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub(super) fn same_type_and_name(&self, other: &Self) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    /// True for two names of the same object.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.same_type_and_name(other) && self.same_namespace(other)
    }

    /// True if this is what the selector means; its empty parts mean any.
    pub(super) fn is_selected_by(&self, selector: &Self) -> bool {
        (selector.name.is_empty() || selector.name == self.name)
            && (selector.namespace.is_empty() || selector.same_namespace(self))
            && self.gvk.is_selected(&selector.gvk)
    }

    /// A key that two identities share exactly if they are the same.
    pub(super) fn key(&self) -> (Gvk, Str, Str) {
        (self.gvk.clone(), self.name.clone(), self.effective_namespace().into())
    }
}

impl std::fmt::Display for ResId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.gvk.kind.is_empty() { "object" } else { &self.gvk.kind };
        match self.namespace.as_str() {
            "" | NO_NAMESPACE => write!(f, "{kind} {}", self.name),
            namespace => write!(f, "{kind} {namespace}/{}", self.name),
        }
    }
}
