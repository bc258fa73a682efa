//! Labels and annotations of an object, as texts.

use std::collections::BTreeMap;

use super::node::{Id, Kind, NodeResult, Place, Tag};
use super::paths::{lookup, visit};
use super::resource::Resource;

/// Annotations that kustomize keeps for itself and takes out at the end.
const INTERNAL: &[&str] = &[
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

impl Resource {
    /// The labels or annotations as texts.
    pub(super) fn texts(&self, field: &str) -> BTreeMap<String, (String, Place)> {
        let Some(map) = self.metadata().and_then(|metadata| self.tree.field(metadata, field)) else {
            return BTreeMap::new();
        };
        let text = |id: Id| self.tree.node(id).text.to_string();
        let entries = self.tree.entries(map);
        entries.map(|(key, value)| (text(key), (text(value), self.tree.node(value).place))).collect()
    }

    /// One annotation.
    pub(super) fn annotation(&self, key: &str) -> Option<&str> {
        let annotations = self.metadata().and_then(|metadata| self.tree.field(metadata, "annotations"))?;
        self.tree.field(annotations, key).map(|id| self.tree.node(id).text.as_str())
    }

    /// Replaces the labels or annotations; whatever they were, they are texts now. Without any the field goes.
    pub(super) fn set_texts(
        &mut self,
        field: &str,
        texts: &BTreeMap<String, (String, Place)>,
    ) -> NodeResult<()> {
        let root = self.tree.root;
        let Some(metadata) = lookup(&mut self.tree, root, &["metadata".to_owned()], Some(Kind::Map))? else {
            return Ok(());
        };
        let place = self.tree.field(metadata, field).map(|id| self.tree.node(id).place);
        self.tree.clear(metadata, field)?;
        if texts.is_empty() {
            return Ok(());
        }
        let Some(map) = lookup(&mut self.tree, metadata, &[field.to_owned()], Some(Kind::Map))? else {
            return Ok(());
        };
        if let Some(place) = place {
            self.tree.node_mut(map).place = place;
        }
        for (key, (text, place)) in texts {
            let value = self.tree.push_text(text, *place);
            self.tree.set_field(map, key, Some(value), false)?;
        }
        Ok(())
    }

    /// Makes texts of all annotations.
    pub(super) fn settle_annotations(&mut self) -> NodeResult<()> {
        let annotations = self.texts("annotations");
        self.set_texts("annotations", &annotations)
    }

    /// Sets one annotation; all others become texts.
    pub(super) fn annotate(&mut self, key: &str, text: &str, place: Place) -> NodeResult<()> {
        let mut annotations = self.texts("annotations");
        annotations.insert(key.to_owned(), (text.to_owned(), place));
        self.set_texts("annotations", &annotations)
    }

    /// Sets one annotation and leaves the others as they are.
    pub(super) fn add_annotation(&mut self, key: &str, text: &str, place: Place) -> NodeResult<()> {
        let (path, root) = (["metadata".to_owned(), "annotations".to_owned()], self.tree.root);
        let value = self.tree.push_text(text, place);
        let make = Some((Kind::Map, Tag::Collection));
        visit(&mut self.tree, root, &path, make, &mut |tree, id| tree.set_field(id, key, Some(value), false))
    }

    /// What is done to annotations at the very end.
    pub(super) fn finish_annotations(&mut self, keep: impl Fn(&str) -> bool) -> NodeResult<()> {
        if self.metadata().and_then(|metadata| self.tree.field(metadata, "annotations")).is_none() {
            return Ok(());
        }
        let mut annotations = self.texts("annotations");
        annotations.retain(|key, _| !INTERNAL.contains(&key.as_str()) && keep(key));
        self.set_texts("annotations", &annotations)
    }
}
