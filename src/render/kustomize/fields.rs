//! The fields that a transformer writes to, by the types of objects.

use std::collections::HashMap;
use std::rc::Rc;

use super::ident::{Gvk, split_version};
use super::node::{Id, NodeResult, Tree};
use super::paths::{Create, split, visit};
use super::work::looked;

/// A field of objects of some types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldSpec {
    /// The types; empty parts mean any.
    pub(super) gvk: Gvk,
    /// As written.
    pub(super) path: String,
    /// True if the field is made where it is missing.
    pub(super) create: bool,
}

impl FieldSpec {
    /// True if an object of this type is meant.
    fn fits(&self, tree: &Tree) -> bool {
        let kind = tree.field_text(tree.root, "kind");
        let (group, version) = split_version(tree.field_text(tree.root, "apiVersion"));
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        fits(&self.gvk.kind, kind) && fits(&self.gvk.group, group) && fits(&self.gvk.version, version)
    }
}

/// A field with its path taken apart.
pub(super) struct Field<'s> {
    pub(super) spec: &'s FieldSpec,
    path: Vec<String>,
    /// True if somebody may have changed the type of the object since it was looked up.
    uncertain: bool,
}

impl Field<'_> {
    /// Calls a function for each node of an object that the path leads to. The object is one of those that [`Fields::of`] gave
    /// the field for.
    pub(super) fn visit(
        &self,
        tree: &mut Tree,
        create: Create,
        set: &mut dyn FnMut(&mut Tree, Id) -> NodeResult<()>,
    ) -> NodeResult<()> {
        if self.uncertain {
            return self.visit_if_fits(tree, create, set);
        }
        self.visit_any(tree, create, set)
    }

    /// The same for any object; nothing happens if it is not meant.
    pub(super) fn visit_if_fits(
        &self,
        tree: &mut Tree,
        create: Create,
        set: &mut dyn FnMut(&mut Tree, Id) -> NodeResult<()>,
    ) -> NodeResult<()> {
        if self.spec.fits(tree) { self.visit_any(tree, create, set) } else { Ok(()) }
    }

    fn visit_any(
        &self,
        tree: &mut Tree,
        create: Create,
        set: &mut dyn FnMut(&mut Tree, Id) -> NodeResult<()>,
    ) -> NodeResult<()> {
        looked(1);
        let root = tree.root;
        visit(tree, root, &self.path, create.filter(|_| self.spec.create), set)
    }
}

/// The fields of a transformer. Which of them an object has is found once for each type.
pub(super) struct Fields<'s> {
    pub(super) all: Vec<Rc<Field<'s>>>,
    by_type: HashMap<Gvk, Rc<[Rc<Field<'s>>]>>,
}

impl<'s> Fields<'s> {
    pub(super) fn new(specs: &'s [FieldSpec]) -> Self {
        let paths: Vec<Vec<String>> = specs.iter().map(|spec| split(&spec.path, '/')).collect();
        let is_type = |path: &Vec<String>| {
            path.iter()
                .map(|part| part.trim())
                .find(|part| !part.is_empty())
                .is_some_and(|part| matches!(part.trim_end_matches("[]"), "kind" | "apiVersion"))
        };
        let uncertain = paths.iter().any(is_type);
        let field = |(spec, path)| Rc::new(Field { spec, path, uncertain });
        Self { all: specs.iter().zip(paths).map(field).collect(), by_type: HashMap::new() }
    }

    /// The fields of an object, in the order in which they are written.
    pub(super) fn of(&mut self, tree: &Tree) -> Rc<[Rc<Field<'s>>]> {
        let root = tree.root;
        let gvk = Gvk::of(tree.field_text(root, "apiVersion"), tree.field_text(root, "kind"));
        if let Some(found) = self.by_type.get(&gvk) {
            return Rc::clone(found);
        }
        let fits = |field: &&Rc<Field<'_>>| field.uncertain || field.spec.fits(tree);
        let found: Rc<[Rc<Field<'s>>]> = self.all.iter().filter(fits).map(Rc::clone).collect();
        self.by_type.insert(gvk, Rc::clone(&found));
        found
    }
}
