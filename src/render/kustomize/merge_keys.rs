//! The key `<<`, which merges maps into a map.

use super::compose::Composer;
use super::node::{Id, Kind, NodeResult, Tag};

impl Composer<'_> {
    /// Resolves the key `<<` of a map that is complete: what stands in the map itself wins, then the first of a list.
    pub(super) fn merge(&mut self, map: Id) -> NodeResult<()> {
        let Some(count) = self.named.remove(&map) else {
            // The one that goes is found by its text, quoted or not.
            return self.tree.clear(map, "<<");
        };
        let line = self.tree.node(map).place.line;
        if count > 1 {
            return Err(self.error_at(line, "the map has more than one key `<<`".to_owned()));
        }
        let found = self.tree.entries(map).find(|(key, _)| self.tree.node(*key).tag == Tag::Merge);
        let Some((_, value)) = found else { return Ok(()) };
        let sources = self.merged(value)?;
        let own = self.tree.entries(map).filter(|(key, _)| self.tree.node(*key).tag != Tag::Merge);
        let own: Vec<Id> = own.flat_map(|(key, value)| [key, value]).collect();
        let mut content = own.clone();
        for source in sources {
            let entries: Vec<(Id, Id)> = self.tree.entries(source).collect();
            entries.into_iter().for_each(|(key, value)| self.set_entry(&mut content, key, value));
        }
        for [key, value] in own.as_chunks::<2>().0 {
            self.set_entry(&mut content, *key, *value);
        }
        self.tree.node_mut(map).content = content.into();
        Ok(())
    }

    fn set_entry(&self, content: &mut Vec<Id>, key: Id, value: Id) {
        let name = &self.tree.node(key).text;
        let found = content.as_chunks::<2>().0.iter().position(|[old, _]| self.tree.node(*old).text == *name);
        match found {
            Some(at) => (content[2 * at], content[2 * at + 1]) = (key, value),
            None => content.extend([key, value]),
        }
    }

    /// The maps to merge, the one that wins last.
    fn merged(&self, value: Id) -> NodeResult<Vec<Id>> {
        let node = self.tree.node(value);
        let wrong =
            || self.error_at(node.place.line, "the value of `<<` is no map and no list of maps".to_owned());
        match node.kind {
            Kind::Map => Ok(vec![value]),
            Kind::Seq => {
                let maps: Vec<Id> = node.content.iter().rev().copied().collect();
                let good = maps.iter().all(|item| self.tree.node(*item).kind == Kind::Map);
                if good { Ok(maps) } else { Err(wrong()) }
            }
            Kind::Scalar => Err(wrong()),
        }
    }
}
