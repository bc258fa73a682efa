//! The objects of a build, in order.

use std::collections::HashSet;

use super::fault::{Fault, Outcome};
use super::ident::{Gvk, ResId};
use super::pattern::Pattern;
use super::resource::{Behavior, ORIGIN, Resource};
use crate::object::selector::Selector as LabelSelector;

type Key = (Gvk, String, String);

/// Objects in the order of loading. No two have the same identity.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceSet {
    pub(super) items: Vec<Resource>,
    /// The identities, while nobody has changed one.
    keys: Option<HashSet<Key>>,
}

impl ResourceSet {
    /// The objects, to be changed.
    pub(super) fn items_mut(&mut self) -> &mut Vec<Resource> {
        self.keys = None;
        &mut self.items
    }

    pub(super) fn into_items(self) -> Vec<Resource> {
        self.items
    }

    /// Adds an object.
    ///
    /// # Errors
    /// One with the same identity is there.
    pub(super) fn append(&mut self, resource: Resource) -> Outcome<()> {
        let items = &self.items;
        let keys = self.keys.get_or_insert_with(|| items.iter().map(|item| item.id().key()).collect());
        let id = resource.id();
        if keys.insert(id.key()) {
            self.items.push(resource);
            return Ok(());
        }
        let other = self.items.iter().find(|item| item.id().same(&id)).map(Resource::place);
        let fault = Fault::at(resource.place(), format!("{id} is there already"));
        Err(match other {
            Some(place) => Fault { hint: Some(format!("the other one stands at {}", Shown(place))), ..fault },
            None => fault,
        })
    }

    pub(super) fn append_all(&mut self, others: Self) -> Outcome<()> {
        others.items.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Adds a generated object, or lets it replace or change the one of its name.
    pub(super) fn absorb(&mut self, mut resource: Resource) -> Outcome<()> {
        let id = resource.id();
        let found: Vec<usize> = (0..self.items.len())
            .filter(|at| {
                self.items[*at].has_or_had_name(&id.name) && self.items[*at].is_or_was(|other| id.same(other))
            })
            .collect();
        let changes = matches!(resource.behavior, Behavior::Merge | Behavior::Replace);
        match (found[..].first().copied(), found.len(), changes) {
            (None, _, true) => Err(Fault::at(
                resource.place(),
                format!("{id} does not exist, so that nothing can be merged into it or replaced"),
            )
            .hint("leave `behavior` out, or add the object to the resources")),
            (None, _, false) => self.append(resource),
            (Some(_), 1, false) => Err(Fault::at(resource.place(), format!("{id} exists already"))
                .hint("set `behavior: merge` or `behavior: replace`, or choose another name")),
            (Some(at), 1, true) => {
                let old = self.items[at].clone();
                resource.take_over(&old)?;
                self.items_mut()[at] = resource;
                Ok(())
            }
            _ => Err(Fault::at(resource.place(), format!("{} objects are or were {id}", found.len()))),
        }
    }

    /// Takes out what is gone or empty.
    pub(super) fn drop_empty(&mut self) {
        if self.items.iter().any(|item| item.gone || item.tree.is_nil_or_empty(item.tree.root)) {
            self.items_mut().retain(|item| !item.gone && !item.tree.is_nil_or_empty(item.tree.root));
        }
    }

    /// The number of the one object that has or had an identity.
    ///
    /// # Errors
    /// How many there are, if not one.
    pub(super) fn one(&self, id: &ResId) -> Result<usize, usize> {
        let fits = |item: &Resource| item.has_or_had_name(&id.name) && item.is_or_was(|other| id.same(other));
        let mut found = (0..self.items.len()).filter(|at| fits(&self.items[*at]));
        match (found.next(), found.count()) {
            (Some(at), 0) => Ok(at),
            (None, _) => Err(0),
            (Some(_), more) => Err(more + 1),
        }
    }
}

/// A place as text; the file is filled in where the table of files is known.
struct Shown(super::node::Place);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\u{1}{}\u{1}:{}", self.0.file, self.0.line)
    }
}

impl Resource {
    /// A generated object takes the place of an old one.
    fn take_over(&mut self, old: &Self) -> Outcome<()> {
        let joined = |mut below: std::collections::BTreeMap<_, _>, above| {
            below.extend(above);
            below
        };
        let labels = joined(old.texts("labels"), self.texts("labels"));
        self.set_texts("labels", &labels)?;
        let merge = self.behavior == Behavior::Merge;
        let below = old.texts("annotations");
        let origin = below.get(ORIGIN).filter(|_| merge).cloned();
        let mut annotations = joined(below, self.texts("annotations"));
        // What is merged into an object leaves its origin as it was.
        annotations.extend(origin.map(|origin| (ORIGIN.to_owned(), origin)));
        self.set_texts("annotations", &annotations)?;
        self.set_name(old.name())?;
        self.set_namespace(old.namespace())?;
        // What the build remembers comes from the old one; a hash is wanted only if both want it.
        self.needs_hash = self.needs_hash && old.needs_hash;
        self.behavior = old.behavior;
        self.previous.clone_from(&old.previous);
        self.prefixes.clone_from(&old.prefixes);
        self.suffixes.clone_from(&old.suffixes);
        self.vars.clone_from(&old.vars);
        if merge {
            for field in ["data", "binaryData"] {
                let texts = joined(old.data(field), self.data(field));
                self.set_data(field, &texts)?;
            }
        }
        Ok(())
    }
}

/// Which objects a patch or a replacement means: expressions that must match the whole text.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    pub(super) group: Option<Pattern>,
    pub(super) version: Option<Pattern>,
    pub(super) kind: Option<Pattern>,
    pub(super) name: Option<Pattern>,
    pub(super) namespace: Option<Pattern>,
    pub(super) labels: Option<LabelSelector>,
    pub(super) annotations: Option<LabelSelector>,
}

fn fits(pattern: &Option<Pattern>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

impl Selector {
    pub(super) fn fits_gvk(&self, gvk: &Gvk) -> bool {
        fits(&self.group, &gvk.group) && fits(&self.version, &gvk.version) && fits(&self.kind, &gvk.kind)
    }

    pub(super) fn fits_name(&self, name: &str) -> bool {
        fits(&self.name, name)
    }

    pub(super) fn fits_namespace(&self, namespace: &str) -> bool {
        fits(&self.namespace, namespace)
    }

    pub(super) fn is_without_id(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .all(|part| part.is_none())
    }

    /// True if labels and annotations are as wanted.
    pub(super) fn fits_texts(&self, resource: &Resource) -> bool {
        let fits = |selector: &Option<LabelSelector>, field: &str| {
            let Some(selector) = selector else { return true };
            let texts = resource.texts(field);
            selector.matches(&texts.iter().map(|(key, (text, _))| (key.as_str(), text.as_str())).collect())
        };
        fits(&self.labels, "labels") && fits(&self.annotations, "annotations")
    }

    /// True if the object is meant, by its present or its first name.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        let (now, first) = (resource.id(), resource.original_id());
        (self.fits_namespace(first.effective_namespace()) || self.fits_namespace(now.effective_namespace()))
            && (self.fits_name(&first.name) || self.fits_name(&now.name))
            && self.fits_gvk(&now.gvk)
            && self.fits_texts(resource)
    }
}
