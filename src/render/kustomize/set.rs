//! The objects of a build, in order.

use std::collections::{HashMap, HashSet};

use super::fault::{Fault, Outcome};
use super::ident::{Gvk, ResId};
use super::node::Str;
use super::resource::{Behavior, ORIGIN, Resource};
use super::selector::Selector;
use super::work::looked;

type Key = (Gvk, Str, Str);

/// Objects in the order of loading. No two have the same identity.
#[derive(Debug, Clone, Default)]
pub(super) struct ResourceSet {
    pub(super) items: Vec<Resource>,
    /// The identities, while nobody has changed one.
    keys: Option<HashSet<Key>>,
    /// The numbers of the objects by each name that they have or had. Perhaps there are some too many, and none is missing.
    names: Option<HashMap<Str, Vec<usize>>>,
    /// True if one of the objects may be gone or empty.
    thinned: bool,
}

fn note_names(names: &mut HashMap<Str, Vec<usize>>, at: usize, item: &Resource) {
    let mut note = |name: &str| match names.get_mut(name) {
        Some(found) if found.contains(&at) => {}
        Some(found) => found.push(at),
        None => drop(names.insert(name.into(), vec![at])),
    };
    note(item.name());
    item.previous.iter().for_each(|previous| note(&previous.name));
}

impl ResourceSet {
    /// All objects, to be changed in any way.
    pub(super) fn items_mut(&mut self) -> &mut Vec<Resource> {
        (self.keys, self.names, self.thinned) = (None, None, true);
        &mut self.items
    }

    pub(super) fn into_items(self) -> Vec<Resource> {
        self.items
    }

    /// Changes one object, which may get another identity.
    pub(super) fn change<T>(&mut self, at: usize, change: impl FnOnce(&mut Resource) -> T) -> T {
        let before = self.items[at].id().key();
        let result = change(&mut self.items[at]);
        let after = self.items[at].id().key();
        self.thinned |= self.items[at].is_gone();
        if before != after {
            let unique = self.are_unique();
            match self.keys.as_mut().filter(|_| unique) {
                Some(keys) => {
                    keys.remove(&before);
                    keys.insert(after);
                }
                None => self.keys = None,
            }
        }
        if let Some(names) = &mut self.names {
            note_names(names, at, &self.items[at]);
        }
        result
    }

    /// The numbers of the objects that may have or have had a name, in order; without a name, of all.
    pub(super) fn named(&mut self, name: Option<&str>) -> Vec<usize> {
        let Some(name) = name else {
            looked(self.items.len());
            return (0..self.items.len()).collect();
        };
        let items = &self.items;
        let names = self.names.get_or_insert_with(|| {
            looked(items.len());
            let mut names = HashMap::new();
            items.iter().enumerate().for_each(|(at, item)| note_names(&mut names, at, item));
            names
        });
        let mut found = names.get(name).cloned().unwrap_or_default();
        looked(found.len());
        found.sort_unstable();
        found
    }

    /// The numbers of the objects that a selector means.
    pub(super) fn selected(&mut self, target: &Selector) -> Vec<usize> {
        let mut found = self.named(target.only_name());
        found.retain(|at| target.selects(&self.items[*at]));
        found
    }

    /// True if it is known that no two objects have the same identity.
    fn are_unique(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.len() == self.items.len())
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
            if let Some(names) = &mut self.names {
                note_names(names, self.items.len(), &resource);
            }
            self.thinned |= resource.is_gone();
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
        if self.items.is_empty() && others.are_unique() {
            *self = others;
            return Ok(());
        }
        others.items.into_iter().try_for_each(|resource| self.append(resource))
    }

    /// Makes sure that no two objects have got the same identity.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub(super) fn check_unique(&mut self) -> Outcome<()> {
        let all = std::mem::take(self);
        self.append_all(all)
    }

    /// Adds a generated object, or lets it replace or change the one of its name.
    pub(super) fn absorb(&mut self, mut resource: Resource) -> Outcome<()> {
        let id = resource.id();
        let mut found = self.named(Some(&id.name));
        found.retain(|at| self.items[*at].is_or_was(|other| id.same(other)));
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
                self.change(at, |item| *item = resource);
                Ok(())
            }
            _ => Err(Fault::at(resource.place(), format!("{} objects are or were {id}", found.len()))),
        }
    }

    /// Takes out what is gone or empty.
    pub(super) fn drop_empty(&mut self) {
        if !self.thinned {
            return;
        }
        looked(self.items.len());
        if self.items.iter().any(Resource::is_gone) {
            self.items_mut().retain(|item| !item.is_gone());
        }
        self.thinned = false;
    }

    /// The number of the one object that has or had an identity.
    ///
    /// # Errors
    /// How many there are, if not one.
    pub(super) fn one(&mut self, id: &ResId) -> Result<usize, usize> {
        let mut found = self.named(Some(&id.name));
        found.retain(|at| self.items[*at].is_or_was(|other| id.same(other)));
        match found[..] {
            [at] => Ok(at),
            _ => Err(found.len()),
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
