//! The merge key `<<`, in the order of go-yaml v2: an entry that stands later wins, whether it was merged or written.

use super::Remark;
use super::convert::{Converter, Target};
use super::tree::{Body, Tag};

impl Converter<'_> {
    pub(super) fn merge(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        match self.nodes[at].body {
            Body::Map => self.merge_map(at, target),
            Body::Alias(anchored) => self.merge_alias(at, anchored as usize, target),
            Body::Seq => {
                let end = self.end(at);
                let mut items = Vec::new();
                let mut child = at + 1;
                while child < end {
                    items.push(child);
                    child = self.end(child);
                }
                // From the last to the first: the first of the list wins.
                items.into_iter().rev().try_for_each(|item| match self.nodes[item].body {
                    Body::Map => self.merge_map(item, target),
                    Body::Alias(anchored) => self.merge_alias(item, anchored as usize, target),
                    _ => Err(self.no_map(item)),
                })
            }
            _ => Err(self.no_map(at)),
        }
    }

    fn merge_alias(&mut self, at: usize, anchored: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        if !matches!(self.nodes[anchored].body, Body::Map) {
            return Err(self.no_map(at));
        }
        self.count(at)?;
        self.aliases += 1;
        let merged = self.merge_map(anchored, target);
        self.aliases -= 1;
        merged
    }

    fn merge_map(&mut self, at: usize, target: &mut Target<'_>) -> Result<(), Remark> {
        self.count(at)?;
        target.merges += 1;
        let merged = self.entries(at, target);
        target.merges -= 1;
        merged
    }

    fn no_map(&self, at: usize) -> Remark {
        self.problem(at, "the value of `<<` is no map and no list of maps")
    }

    pub(super) fn is_merge(&self, at: usize) -> bool {
        let Body::Scalar { text, tag, literal } = &self.nodes[at].body else {
            return false;
        };
        text == "<<"
            && match tag {
                Tag::Merge | Tag::NonSpecific => true,
                Tag::None => !*literal,
                _ => false,
            }
    }
}
