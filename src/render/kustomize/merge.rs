//! The strategic merge of kustomize (`kyaml/yaml/merge2`), which is not that of the API server: of the directives it knows
//! `$patch: merge`, `replace` and `delete`, new items of a list come first, and null takes a field out.

use std::collections::BTreeSet;

use super::node::{Id, Kind, NodeError, NodeResult, Str, Tree};
use super::schema::{Schemas, Spot};

const DIRECTIVE: &str = "$patch";

/// What a merge leaves: nothing, or a node. Null is kept where the flag says so.
pub(super) type Merged = Option<(Id, bool)>;

pub(super) enum Directive {
    Merge,
    Replace,
    Delete,
}

/// Merges a patch into an object; both lie in the tree. False if nothing of the object is left.
///
/// # Errors
/// The place where the two do not fit together.
pub(super) fn merge(tree: &mut Tree, patch: Id, schemas: &[&Schemas]) -> NodeResult<bool> {
    let root = tree.root;
    let result = Merge { tree, schemas }.walk(Some(root), Some(patch), None)?;
    Ok(result.is_some())
}

pub(super) struct Merge<'t, 's> {
    pub(super) tree: &'t mut Tree,
    pub(super) schemas: &'s [&'s Schemas],
}

/// A place in a type, with the number of the set of types.
pub(super) type At<'s> = Option<(usize, Spot<'s>)>;

impl<'s> Merge<'_, 's> {
    pub(super) fn missing(&self, node: Option<Id>) -> bool {
        node.is_none_or(|id| self.tree.is_null(id))
    }

    pub(super) fn walk(&mut self, dest: Option<Id>, origin: Option<Id>, at: At<'s>) -> NodeResult<Merged> {
        let at = at.or_else(|| self.type_of(dest)).or_else(|| self.type_of(origin));
        let first = [dest, origin].into_iter().flatten().find(|id| !self.tree.is_null(*id));
        let kind = first.map_or(Kind::Map, |id| self.tree.node(id).kind);
        for id in [dest, origin].into_iter().flatten() {
            self.tree.expect(id, kind)?;
        }
        match kind {
            Kind::Map => self.map(dest, origin, at),
            Kind::Scalar => Ok(origin.or(dest).map(|id| (id, false))),
            Kind::Seq => match at.and_then(|(set, spot)| Some((set, spot, spot.merge_keys()?.to_vec()))) {
                Some((set, spot, keys)) => {
                    let keys = keys.into_iter().map(Str::from).collect();
                    let items = self.schemas[set].items(spot).map(|items| (set, items));
                    self.list(dest, origin, keys, items)
                }
                None => Ok(origin.or(dest).map(|id| (id, false))),
            },
        }
    }

    /// The type of an object that names one.
    fn type_of(&self, node: Option<Id>) -> At<'s> {
        let id = node?;
        let (version, kind) = (self.tree.field_text(id, "apiVersion"), self.tree.field_text(id, "kind"));
        if version.is_empty() || kind.is_empty() {
            return None;
        }
        self.schemas.iter().enumerate().find_map(|(set, schemas)| Some((set, schemas.root(version, kind)?)))
    }

    fn map(&mut self, dest: Option<Id>, origin: Option<Id>, at: At<'s>) -> NodeResult<Merged> {
        let Some((dest, keep)) = self.map_target(dest, origin)? else { return Ok(None) };
        let (ours, theirs) = (self.tree.index(dest), origin.map(|origin| self.tree.index(origin)));
        let mut gone = BTreeSet::new();
        for name in self.names(dest, origin) {
            let below = at.and_then(|(set, spot)| Some((set, self.schemas[set].field(spot, &name)?)));
            let ours = ours.get(&name).copied();
            let theirs = theirs.as_ref().and_then(|theirs| theirs.get(&name).copied());
            let merged = self.walk(ours, theirs, below)?;
            match merged.filter(|(value, keep)| *keep || !self.tree.is_null(*value)) {
                Some((value, _)) => self.tree.put_field(dest, &name, ours, value),
                None => drop(gone.insert(name)),
            }
        }
        self.tree.clear_all(dest, gone);
        Ok(Some((dest, keep)))
    }

    /// The map that takes the fields.
    fn map_target(&mut self, dest: Option<Id>, origin: Option<Id>) -> NodeResult<Merged> {
        if self.missing(dest) {
            // Whatever the directive is, only that of a deletion counts where there is nothing to merge into.
            if matches!(self.directive(origin), Ok(Directive::Delete)) {
                return Ok(None);
            }
            let kept = dest.filter(|id| origin.is_none() && !self.tree.node(*id).text.is_empty());
            return Ok(match kept {
                Some(null) => Some((null, true)),
                None => origin.map(|id| (id, false)),
            });
        }
        if origin.is_some_and(|id| self.tree.is_null(id)) {
            return Ok(None);
        }
        Ok(match self.directive(origin)? {
            Directive::Delete => None,
            Directive::Replace => origin.map(|id| (id, false)),
            Directive::Merge => dest.map(|id| (id, false)),
        })
    }

    fn names(&self, dest: Id, origin: Option<Id>) -> BTreeSet<Str> {
        let sources = std::iter::once(dest).chain(origin);
        sources
            .flat_map(|id| self.tree.entries(id))
            .map(|(key, _)| self.tree.node(key).text.clone())
            .collect()
    }

    /// Reads the directive of a patch and takes it out.
    pub(super) fn directive(&mut self, patch: Option<Id>) -> NodeResult<Directive> {
        let Some(patch) = patch else { return Ok(Directive::Merge) };
        match self.tree.node(patch).kind {
            Kind::Map => {
                let Some(value) = self.tree.field(patch, DIRECTIVE) else { return Ok(Directive::Merge) };
                let directive = self.named(value)?;
                self.tree.clear(patch, DIRECTIVE)?;
                Ok(directive)
            }
            Kind::Seq => {
                let items = self.tree.node(patch).content.clone();
                let found =
                    items.into_iter().find_map(|item| Some((item, self.tree.field(item, DIRECTIVE)?)));
                let Some((item, value)) = found else { return Ok(Directive::Merge) };
                if self.tree.node(item).content.len() > 2 {
                    return Ok(Directive::Merge);
                }
                let directive = self.named(value)?;
                let text = self.tree.node(value).text.clone();
                self.set_item(patch, None, &[Str::from(DIRECTIVE)], &[text])?;
                Ok(directive)
            }
            Kind::Scalar => {
                let place = self.tree.node(patch).place;
                Err(NodeError { place, message: "a single value cannot be merged here".to_owned() })
            }
        }
    }

    fn named(&self, value: Id) -> NodeResult<Directive> {
        let node = self.tree.node(value);
        match node.text.as_str() {
            "merge" => Ok(Directive::Merge),
            "replace" => Ok(Directive::Replace),
            "delete" => Ok(Directive::Delete),
            _ => Err(NodeError {
                place: node.place,
                message: "unknown directive in `$patch`, expected merge, replace or delete".to_owned(),
            }),
        }
    }
}
