//! An object on its way through the build, with what the build remembers about it.

use std::sync::{Arc, OnceLock};

use super::ident::{Gvk, ResId};
use super::node::{Id, Kind, NodeError, NodeResult, Place, Str, Tag, Tree};
use super::paths::lookup;
use super::scopes::Learned;

/// What a generated object does with one of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

/// An earlier name of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) name: Str,
    pub(super) namespace: Str,
    pub(super) kind: Str,
}

/// One object.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) tree: Tree,
    /// Earlier names, the oldest first.
    pub(super) previous: Vec<Previous>,
    pub(super) prefixes: Vec<Str>,
    pub(super) suffixes: Vec<Str>,
    pub(super) behavior: Behavior,
    pub(super) needs_hash: bool,
    pub(super) allow_name_change: bool,
    pub(super) allow_kind_change: bool,
    /// Vars that read from this object.
    pub(super) vars: Vec<String>,
    /// True for an object that is to be taken out.
    pub(super) gone: bool,
    /// What the build learns of kinds, once it does.
    pub(super) learned: Option<Arc<OnceLock<Learned>>>,
}

pub(super) const ORIGIN: &str = "config.kubernetes.io/origin";
pub(super) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const ALLOW_NAME: &str = "internal.config.kubernetes.io/allowNameChange";
const ALLOW_KIND: &str = "internal.config.kubernetes.io/allowKindChange";
const ENABLED: &str = "enabled";

impl Resource {
    pub(super) fn new(tree: Tree) -> Self {
        let mut resource = Self {
            tree,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::Unspecified,
            needs_hash: false,
            allow_name_change: false,
            allow_kind_change: false,
            vars: Vec::new(),
            gone: false,
            learned: None,
        };
        resource.allow_name_change = resource.annotation(ALLOW_NAME) == Some(ENABLED);
        resource.allow_kind_change = resource.annotation(ALLOW_KIND) == Some(ENABLED);
        resource
    }

    /// The object of a file. What kustomize remembers in annotations may stand there already, and counts.
    ///
    /// # Errors
    /// Earlier names, namespaces and kinds that are not equally many.
    pub(super) fn read(tree: Tree) -> NodeResult<Self> {
        let mut resource = Self::new(tree);
        let list = |what: &str| -> Vec<Str> {
            let text = resource.annotation(&format!("internal.config.kubernetes.io/{what}"));
            text.filter(|text| !text.is_empty())
                .map(|text| text.split(',').map(Str::from).collect())
                .unwrap_or_default()
        };
        let (names, namespaces, kinds) =
            (list("previousNames"), list("previousNamespaces"), list("previousKinds"));
        if names.len() != namespaces.len() || names.len() != kinds.len() {
            let message = "the annotations of earlier names, namespaces and kinds do not hold equally many";
            return Err(NodeError { place: resource.place(), message: message.to_owned() });
        }
        let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
        let previous = names.into_iter().zip(namespaces).zip(kinds);
        resource.previous =
            previous.map(|((name, namespace), kind)| Previous { name, namespace, kind }).collect();
        (resource.prefixes, resource.suffixes) = (prefixes, suffixes);
        Ok(resource)
    }

    /// True if the name gets a hash: a generator wants it, or an annotation.
    pub(super) fn wants_hash(&self) -> bool {
        self.needs_hash || self.annotation(NEEDS_HASH) == Some(ENABLED)
    }

    /// True for a kind without a namespace that the build has learned of.
    pub(super) fn has_learned_cluster_scoped(&self, gvk: &Gvk) -> bool {
        let learned = self.learned.as_ref().and_then(|learned| learned.get());
        learned.is_some_and(|learned| learned.is_cluster_scoped(gvk))
    }

    /// True if nothing is left of the object.
    pub(super) fn is_gone(&self) -> bool {
        self.gone || self.tree.is_nil_or_empty(self.tree.root)
    }

    /// The place of the object: that of its first key.
    pub(super) fn place(&self) -> Place {
        self.tree.node(self.tree.root).place
    }

    pub(super) fn id(&self) -> ResId {
        let mut id = ResId::of(&self.tree);
        id.cluster_scoped = id.cluster_scoped || self.has_learned_cluster_scoped(&id.gvk);
        id
    }

    pub(super) fn gvk(&self) -> Gvk {
        let root = self.tree.root;
        Gvk::of(self.tree.field_text(root, "apiVersion"), self.tree.field_text(root, "kind"))
    }

    pub(super) fn kind(&self) -> &str {
        self.tree.field_text(self.tree.root, "kind")
    }

    pub(super) fn name(&self) -> &str {
        self.meta("name")
    }

    pub(super) fn namespace(&self) -> &str {
        self.meta("namespace")
    }

    fn meta(&self, field: &str) -> &str {
        let value = self.metadata().and_then(|metadata| self.tree.field(metadata, field));
        value.filter(|id| !self.tree.is_nil_or_empty(*id)).map_or("", |id| &self.tree.node(id).text)
    }

    pub(super) fn metadata(&self) -> Option<Id> {
        self.tree.field(self.tree.root, "metadata").filter(|id| !self.tree.is_nil_or_empty(*id))
    }

    /// The earlier identities, the oldest first.
    pub(super) fn previous_ids(&self) -> Vec<ResId> {
        let gvk = self.gvk();
        let id = |previous: &Previous| ResId {
            gvk: Gvk { kind: previous.kind.clone(), ..gvk.clone() },
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
            cluster_scoped: false,
        };
        self.previous.iter().map(id).collect()
    }

    /// The identity that the object had first.
    pub(super) fn original_id(&self) -> ResId {
        self.previous_ids().into_iter().next().unwrap_or_else(|| self.id())
    }

    /// The type that the object had first.
    pub(super) fn original_gvk(&self) -> Gvk {
        let gvk = self.gvk();
        match self.previous.first() {
            Some(first) => Gvk { kind: first.kind.clone(), ..gvk },
            None => gvk,
        }
    }

    /// The name that the object had first.
    pub(super) fn original_name(&self) -> &str {
        self.previous.first().map_or_else(|| self.name(), |previous| &previous.name)
    }

    /// True if the object has or had the identity.
    pub(super) fn is_or_was(&self, matches: impl Fn(&ResId) -> bool) -> bool {
        self.previous_ids().iter().any(&matches) || matches(&self.id())
    }

    /// Remembers the present name.
    pub(super) fn remember_name(&mut self) {
        let id = self.id();
        // kustomize keeps lists of names in annotations, and an empty one leaves no trace there.
        let namespace: Str = id.effective_namespace().into();
        if !id.name.is_empty() && !namespace.is_empty() {
            self.previous.push(Previous { name: id.name, namespace, kind: id.gvk.kind });
        }
    }

    fn set_meta(&mut self, field: &str, text: &str) -> NodeResult<()> {
        let place = self.metadata().map_or(self.place(), |id| self.tree.node(id).place);
        let old = self.metadata().and_then(|metadata| self.tree.field(metadata, field));
        let place = old.map_or(place, |id| self.tree.node(id).place);
        let root = self.tree.root;
        let Some(metadata) = lookup(&mut self.tree, root, &["metadata".to_owned()], Some(Kind::Map))? else {
            return Ok(());
        };
        let value = self.tree.push_scalar(text, Tag::Unset, place);
        self.tree.set_field(metadata, field, Some(value), false)
    }

    pub(super) fn set_name(&mut self, name: &str) -> NodeResult<()> {
        self.set_meta("name", name)
    }

    /// The place of the name.
    pub(super) fn name_place(&self) -> Option<Place> {
        let name = self.metadata().and_then(|metadata| self.tree.field(metadata, "name"))?;
        Some(self.tree.node(name).place)
    }

    /// Sets the place of the name, which a patch names and does not write.
    pub(super) fn set_name_place(&mut self, place: Place) {
        if let Some(name) = self.metadata().and_then(|metadata| self.tree.field(metadata, "name")) {
            self.tree.node_mut(name).place = place;
        }
    }

    pub(super) fn set_kind(&mut self, kind: &str) -> NodeResult<()> {
        self.set_root("kind", kind)
    }

    pub(super) fn set_root(&mut self, field: &str, text: &str) -> NodeResult<()> {
        let root = self.tree.root;
        let place = self.tree.field(root, field).map_or(self.place(), |id| self.tree.node(id).place);
        let value = self.tree.push_scalar(text, Tag::Unset, place);
        self.tree.set_field(root, field, Some(value), false)
    }

    pub(super) fn set_namespace(&mut self, namespace: &str) -> NodeResult<()> {
        if !namespace.is_empty() {
            return self.set_meta("namespace", namespace);
        }
        match self.tree.field(self.tree.root, "metadata") {
            Some(metadata) => self.tree.clear(metadata, "namespace"),
            None => Ok(()),
        }
    }
}
