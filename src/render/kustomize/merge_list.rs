//! The strategic merge of lists whose items have keys.

use std::collections::{BTreeSet, HashSet};

use super::merge::{At, Directive, Merge, Merged};
use super::node::{Id, Ids, Kind, Node, NodeResult, Str, Tag};

impl<'s> Merge<'_, 's> {
    pub(super) fn list(
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

    pub(super) fn is_empty(&self, id: Id) -> bool {
        let node = self.tree.node(id);
        node.tag == Tag::Null || (node.kind == Kind::Map && node.content.is_empty())
    }

    /// Makes sure that an item has its keys.
    pub(super) fn set_keys(&mut self, item: Id, names: &[Str], texts: &[Str]) -> NodeResult<()> {
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
    pub(super) fn set_item(
        &mut self,
        list: Id,
        item: Option<Id>,
        names: &[Str],
        texts: &[Str],
    ) -> NodeResult<()> {
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
