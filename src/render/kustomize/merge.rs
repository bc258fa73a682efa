//! The strategic merge of kustomize (`kyaml/yaml/merge2`), which is not that of the API server: of the directives it knows
//! `$patch: merge`, `replace` and `delete`, new items of a list come first, and null takes a field out.

use std::collections::BTreeSet;

use super::node::{Id, Kind, Node, NodeError, NodeResult, Tag, Tree};
use super::schema::{Schemas, Spot};

const DIRECTIVE: &str = "$patch";

/// What a merge leaves: nothing, or a node. Null is kept where the flag says so.
type Merged = Option<(Id, bool)>;

enum Directive {
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

struct Merge<'t, 's> {
    tree: &'t mut Tree,
    schemas: &'s [&'s Schemas],
}

/// A place in a type, with the number of the set of types.
type At<'s> = Option<(usize, Spot<'s>)>;

impl<'s> Merge<'_, 's> {
    fn missing(&self, node: Option<Id>) -> bool {
        node.is_none_or(|id| self.tree.is_null(id))
    }

    fn walk(&mut self, dest: Option<Id>, origin: Option<Id>, at: At<'s>) -> NodeResult<Merged> {
        let at = at.or_else(|| self.type_of(dest)).or_else(|| self.type_of(origin));
        let first = [dest, origin].into_iter().flatten().find(|id| !self.tree.is_null(*id));
        let kind = first.map_or(Kind::Map, |id| self.tree.node(id).kind);
        for id in [dest, origin].into_iter().flatten() {
            self.tree.expect(id, kind)?;
        }
        match kind {
            Kind::Map => self.map(dest, origin, at),
            Kind::Scalar => Ok(origin.or(dest).map(|id| (id, false))),
            Kind::Seq => {
                match at.and_then(|(set, spot)| spot.merge_keys().map(|keys| (set, spot, keys.to_vec()))) {
                    Some((set, spot, keys)) => {
                        let items = self.schemas[set].items(spot).map(|items| (set, items));
                        self.list(dest, origin, keys, items)
                    }
                    None => Ok(origin.or(dest).map(|id| (id, false))),
                }
            }
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
        for name in self.names(dest, origin) {
            let below = at.and_then(|(set, spot)| Some((set, self.schemas[set].field(spot, &name)?)));
            let ours = self.tree.field(dest, &name);
            let theirs = origin.and_then(|origin| self.tree.field(origin, &name));
            let merged = self.walk(ours, theirs, below)?;
            let (value, keep) = merged.map_or((None, false), |(id, keep)| (Some(id), keep));
            self.tree.set_field(dest, &name, value, keep)?;
        }
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

    fn names(&self, dest: Id, origin: Option<Id>) -> BTreeSet<String> {
        let sources = std::iter::once(dest).chain(origin);
        sources
            .flat_map(|id| self.tree.entries(id))
            .map(|(key, _)| self.tree.node(key).text.clone())
            .collect()
    }

    /// Reads the directive of a patch and takes it out.
    fn directive(&mut self, patch: Option<Id>) -> NodeResult<Directive> {
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
                self.set_item(patch, None, &[DIRECTIVE.to_owned()], &[text])?;
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

    fn list(
        &mut self,
        dest: Option<Id>,
        origin: Option<Id>,
        keys: Vec<String>,
        items: At<'s>,
    ) -> NodeResult<Merged> {
        let dest = if self.missing(dest) {
            origin
        } else if origin.is_some_and(|id| self.tree.is_null(id)) {
            None
        } else {
            match self.directive(origin)? {
                Directive::Delete => None,
                Directive::Replace => origin,
                Directive::Merge => dest,
            }
        };
        let Some(dest) = dest else { return Ok(None) };
        let (keys, values) = if keys.is_empty() {
            (vec![String::new()], self.single_values(dest, origin))
        } else {
            let values = self.key_values(dest, origin, &keys);
            (keys, values)
        };
        let merged = self.items(dest, origin, keys, values, items)?;
        Ok((!self.tree.is_null(merged)).then_some((merged, false)))
    }

    /// The values of the keys of all items, those of the patch first.
    fn key_values(&self, dest: Id, origin: Option<Id>, keys: &[String]) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<String>> = Vec::new();
        for list in origin.into_iter().chain([dest]) {
            for item in &self.tree.node(list).content {
                let value = |key: &String| {
                    let field = self.tree.field(*item, key).filter(|id| !self.tree.is_nil_or_empty(*id));
                    field.map_or_else(String::new, |id| self.tree.node(id).text.clone())
                };
                let values: Vec<String> = keys.iter().map(value).collect();
                if !found.contains(&values) {
                    found.push(values);
                }
            }
        }
        found
    }

    fn single_values(&self, dest: Id, origin: Option<Id>) -> Vec<Vec<String>> {
        let mut found: Vec<Vec<String>> = Vec::new();
        for list in origin.into_iter().chain([dest]) {
            for item in &self.tree.node(list).content {
                let value = vec![self.tree.node(*item).text.clone()];
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found
    }

    fn items(
        &mut self,
        dest: Id,
        origin: Option<Id>,
        keys: Vec<String>,
        mut values: Vec<Vec<String>>,
        items: At<'s>,
    ) -> NodeResult<Id> {
        if keys.len() > 1 {
            complete(&mut values);
        }
        let place = self.tree.node(dest).place;
        let added = self.tree.push(Node::new(Kind::Seq, place));
        let mut used = Vec::new();
        for wanted in &values {
            let (names, texts) = usable(&values, wanted, &keys);
            used.clone_from(&names);
            let (search_names, search_texts) = usable(std::slice::from_ref(&texts), &texts, &names);
            let ours = self.find(Some(dest), &search_names, &search_texts);
            let theirs = self.find(origin, &search_names, &search_texts);
            let merged = self.walk(ours, theirs, items)?.map(|(id, _)| id);
            let Some(value) = merged.filter(|id| !self.is_empty(*id)) else {
                for _ in &names {
                    self.set_item(dest, None, &names, &texts)?;
                }
                continue;
            };
            self.set_keys(value, &names, &texts)?;
            self.set_item(added, Some(value), &names, &texts)?;
        }
        if values.is_empty() {
            return Ok(dest);
        }
        self.append(added, dest, &used)?;
        Ok(added)
    }

    fn is_empty(&self, id: Id) -> bool {
        let node = self.tree.node(id);
        node.tag == Tag::Null || (node.kind == Kind::Map && node.content.is_empty())
    }

    /// Makes sure that an item has its keys.
    fn set_keys(&mut self, item: Id, names: &[String], texts: &[String]) -> NodeResult<()> {
        for (name, text) in names.iter().zip(texts) {
            if self.tree.field(item, name).is_some() || text.is_empty() {
                continue;
            }
            let place = self.tree.node(item).place;
            let value = self.tree.push_scalar(text, Tag::Unset, place);
            if name.is_empty() {
                self.tree.set_scalar(item, value)?;
            } else {
                self.tree.set_field(item, name, Some(value), false)?;
            }
        }
        Ok(())
    }

    /// The first item with these values; an empty text fits a key only if the item's is empty.
    fn find(&self, list: Option<Id>, names: &[String], texts: &[String]) -> Option<Id> {
        let list = list.filter(|id| self.tree.node(*id).kind == Kind::Seq)?;
        let content = &self.tree.node(list).content;
        if names.first().is_none_or(String::is_empty) {
            let wanted = texts.first().map_or("", String::as_str);
            return content.iter().copied().find(|item| self.tree.node(*item).text == wanted);
        }
        content.iter().copied().find(|item| {
            self.tree.node(*item).kind == Kind::Map
                && names.iter().zip(texts).all(|(name, text)| {
                    self.tree.field(*item, name).is_some_and(|id| self.tree.node(id).text == *text)
                })
        })
    }

    /// Replaces the item with these values, or takes it out, or appends it.
    fn set_item(&mut self, list: Id, item: Option<Id>, names: &[String], texts: &[String]) -> NodeResult<()> {
        let by_key = names.first().is_some_and(|name| !name.is_empty())
            && texts.first().is_some_and(|text| !text.is_empty());
        let mut content = Vec::new();
        let mut found = false;
        for old in self.tree.node(list).content.clone() {
            if self.is_empty(old) {
                continue;
            }
            if by_key && self.tree.node(old).kind != Kind::Map {
                content.push(old);
            } else if !self.has(old, names, texts)? {
                if !texts.is_empty() {
                    content.push(old);
                }
            } else {
                found = true;
                content.extend(item);
            }
        }
        if let Some(item) = item.filter(|item| !found && !self.tree.is_null(*item)) {
            content.push(item);
        }
        self.tree.node_mut(list).content = content;
        Ok(())
    }

    fn has(&self, item: Id, names: &[String], texts: &[String]) -> NodeResult<bool> {
        let mut last = None;
        for (at, name) in names.iter().enumerate() {
            if let Some(text) = texts.get(at) {
                last = if name.is_empty() {
                    self.tree.expect(item, Kind::Scalar)?;
                    (self.tree.node(item).text == *text).then_some(item)
                } else {
                    let field = self.tree.get(item, name)?;
                    field.filter(|id| text.is_empty() || self.tree.node(*id).text == *text)
                };
            }
            if last.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts the old items behind the new ones, each in the place of a new one with the same keys.
    fn append(&mut self, into: Id, from: Id, names: &[String]) -> NodeResult<()> {
        for item in self.tree.node(from).content.clone() {
            if names.first().is_none_or(String::is_empty) {
                let text = self.tree.node(item).text.clone();
                self.set_item(into, Some(item), &[String::new()], &[text])?;
                continue;
            }
            let mut texts = Vec::new();
            for name in names {
                match self.tree.get(item, name)? {
                    Some(value) => texts.push(self.tree.node(value).text.clone()),
                    None => self.tree.node_mut(into).content.push(item),
                }
            }
            if names.len() > 1 {
                self.set_item(into, None, names, &texts)?;
            }
            self.set_item(into, Some(item), names, &texts)?;
        }
        Ok(())
    }
}

/// Values that differ only where one is empty are the same: both become complete.
fn complete(values: &mut [Vec<String>]) {
    for one in 0..values.len() {
        for other in 0..values.len() {
            if let Some(both) = joined(&values[one], &values[other]) {
                values[one].clone_from(&both);
                values[other] = both;
            }
        }
    }
}

fn joined(one: &[String], other: &[String]) -> Option<Vec<String>> {
    let mut common = false;
    let mut both = Vec::new();
    for (a, b) in one.iter().zip(other) {
        if a == b {
            common = true;
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        }
        both.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    common.then_some(both)
}

/// The keys that some item has, and the values of one item for them.
fn usable(all: &[Vec<String>], values: &[String], keys: &[String]) -> (Vec<String>, Vec<String>) {
    let used: BTreeSet<&String> = all
        .iter()
        .flat_map(|values| values.iter().zip(keys))
        .filter(|(value, _)| !value.is_empty())
        .map(|(_, key)| key)
        .collect();
    if used.is_empty() {
        return (keys.to_vec(), values.to_vec());
    }
    let names = keys.iter().filter(|key| used.contains(key)).cloned().collect();
    let texts = values.iter().zip(keys).filter(|(value, key)| !value.is_empty() || used.contains(key));
    (names, texts.map(|(value, _)| value.clone()).collect())
}
