//! The strategic merge of kustomize (`kyaml/yaml/merge2`), which is not that of the API server: of the directives it knows
//! `$patch: merge`, `replace` and `delete`, new items of a list come first, and null takes a field out.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::node::{Id, Ids, Kind, Node, NodeError, NodeResult, Str, Tag, Tree};
use super::schema::{Schemas, Spot};
use super::work::looked;

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

    fn list(
        &mut self,
        dest: Option<Id>,
        origin: Option<Id>,
        keys: Vec<Str>,
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
            (vec![Str::new()], self.single_values(dest, origin))
        } else {
            let values = self.key_values(dest, origin, &keys);
            (keys, values)
        };
        let merged = self.items(dest, origin, keys, values, items)?;
        Ok((!self.tree.is_null(merged)).then_some((merged, false)))
    }

    /// The values of the keys of all items, those of the patch first.
    fn key_values(&self, dest: Id, origin: Option<Id>, keys: &[Str]) -> Vec<Vec<Str>> {
        let mut known = HashSet::new();
        let mut found: Vec<Vec<Str>> = Vec::new();
        for list in origin.into_iter().chain([dest]) {
            for item in &self.tree.node(list).content {
                let value = |key: &Str| {
                    let field = self.tree.field(*item, key).filter(|id| !self.tree.is_nil_or_empty(*id));
                    field.map_or_else(Str::new, |id| self.tree.node(id).text.clone())
                };
                let values: Vec<Str> = keys.iter().map(value).collect();
                if known.insert(values.clone()) {
                    found.push(values);
                }
            }
        }
        found
    }

    fn single_values(&self, dest: Id, origin: Option<Id>) -> Vec<Vec<Str>> {
        let mut known = HashSet::new();
        let mut found: Vec<Vec<Str>> = Vec::new();
        for list in origin.into_iter().chain([dest]) {
            for item in &self.tree.node(list).content {
                let value = vec![self.tree.node(*item).text.clone()];
                if known.insert(value.clone()) {
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
        keys: Vec<Str>,
        mut values: Vec<Vec<Str>>,
        items: At<'s>,
    ) -> NodeResult<Id> {
        if keys.len() > 1 {
            complete(&mut values);
        }
        if let [key] = &keys[..]
            && values.iter().all(|value| value.iter().all(|text| !text.is_empty()))
            && (!key.is_empty() || self.are_texts(dest, origin))
        {
            return self.items_by_one_key(dest, origin, key, &values, items);
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

    /// True if all items are single values.
    fn are_texts(&self, dest: Id, origin: Option<Id>) -> bool {
        let items = origin.into_iter().chain([dest]).flat_map(|list| &self.tree.node(list).content);
        items.map(|item| self.tree.node(*item)).all(|node| node.kind == Kind::Scalar && node.tag != Tag::Null)
    }

    /// The usual case: all items of both lists are maps that have the one key, or single values, for which the key is empty.
    /// Items are found by an index.
    fn items_by_one_key(
        &mut self,
        dest: Id,
        origin: Option<Id>,
        key: &Str,
        values: &[Vec<Str>],
        items: At<'s>,
    ) -> NodeResult<Id> {
        if values.is_empty() {
            return Ok(dest);
        }
        let (ours, theirs) = (self.by_key(Some(dest), key), self.by_key(origin, key));
        let mut added = Ids::new();
        let mut places: HashMap<Str, usize> = HashMap::new();
        for text in values.iter().flatten() {
            let merged = self.walk(ours.get(text).copied(), theirs.get(text).copied(), items)?;
            let Some(value) = merged.map(|(id, _)| id).filter(|id| !self.is_empty(*id)) else { continue };
            self.set_keys(value, std::slice::from_ref(key), std::slice::from_ref(text))?;
            places.insert(text.clone(), added.len());
            added.push(value);
        }
        // The old items stand where the new ones with the same key do; of several with one key the last.
        for item in self.tree.node(dest).content.clone() {
            let text = self.text_of(item, key).map(|id| self.tree.node(id).text.clone());
            if let Some(at) = text.and_then(|text| places.get(&text).copied()) {
                added.make_mut()[at] = item;
            }
        }
        let place = self.tree.node(dest).place;
        Ok(self.tree.push(Node { content: added, ..Node::new(Kind::Seq, place) }))
    }

    /// What tells an item from the others: the value of its key, or the item itself.
    fn text_of(&self, item: Id, key: &str) -> Option<Id> {
        if key.is_empty() { Some(item) } else { self.tree.field(item, key) }
    }

    /// The first item for each text of a key.
    fn by_key(&self, list: Option<Id>, key: &str) -> HashMap<Str, Id> {
        let mut found = HashMap::new();
        let list = list.filter(|id| self.tree.node(*id).kind == Kind::Seq);
        for item in list.map(|id| self.tree.node(id).content.clone()).unwrap_or_default() {
            looked(1);
            if let Some(field) = self.text_of(item, key) {
                found.entry(self.tree.node(field).text.clone()).or_insert(item);
            }
        }
        found
    }

    fn is_empty(&self, id: Id) -> bool {
        let node = self.tree.node(id);
        node.tag == Tag::Null || (node.kind == Kind::Map && node.content.is_empty())
    }

    /// Makes sure that an item has its keys.
    fn set_keys(&mut self, item: Id, names: &[Str], texts: &[Str]) -> NodeResult<()> {
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
    fn find(&self, list: Option<Id>, names: &[Str], texts: &[Str]) -> Option<Id> {
        let list = list.filter(|id| self.tree.node(*id).kind == Kind::Seq)?;
        let content = &self.tree.node(list).content;
        if names.first().is_none_or(Str::is_empty) {
            let wanted = texts.first().map_or("", Str::as_str);
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
    fn set_item(&mut self, list: Id, item: Option<Id>, names: &[Str], texts: &[Str]) -> NodeResult<()> {
        let by_key = names.first().is_some_and(|name| !name.is_empty())
            && texts.first().is_some_and(|text| !text.is_empty());
        let mut content = Ids::new();
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

    fn has(&self, item: Id, names: &[Str], texts: &[Str]) -> NodeResult<bool> {
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
    fn append(&mut self, into: Id, from: Id, names: &[Str]) -> NodeResult<()> {
        for item in self.tree.node(from).content.clone() {
            if names.first().is_none_or(Str::is_empty) {
                let text = self.tree.node(item).text.clone();
                self.set_item(into, Some(item), &[Str::new()], &[text])?;
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
fn complete(values: &mut [Vec<Str>]) {
    for one in 0..values.len() {
        for other in 0..values.len() {
            if let Some(both) = joined(&values[one], &values[other]) {
                values[one].clone_from(&both);
                values[other] = both;
            }
        }
    }
}

fn joined(one: &[Str], other: &[Str]) -> Option<Vec<Str>> {
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
fn usable(all: &[Vec<Str>], values: &[Str], keys: &[Str]) -> (Vec<Str>, Vec<Str>) {
    let used: BTreeSet<&Str> = all
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
