//! The usual merge of lists: by one key that all items have, or of single values. Items are found by an index.

use std::collections::HashMap;

use super::merge::{At, Merge};
use super::node::{Id, Ids, Kind, Node, NodeResult, Str, Tag};
use super::work::looked;

impl<'s> Merge<'_, 's> {
    /// True if all items are single values.
    pub(super) fn are_texts(&self, dest: Id, origin: Option<Id>) -> bool {
        let items = origin.into_iter().chain([dest]).flat_map(|list| &self.tree.node(list).content);
        items.map(|item| self.tree.node(*item)).all(|node| node.kind == Kind::Scalar && node.tag != Tag::Null)
    }

    /// The usual case: all items of both lists are maps that have the one key, or single values, for which the key is empty.
    /// Items are found by an index.
    pub(super) fn items_by_one_key(
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
}
