//! Validators: transformers that must change nothing.

use super::build::{Build, Gathered, Target};
use super::fault::{Fault, Outcome};
use super::node::Tree;
use super::resource::Resource;

impl Build<'_> {
    /// Runs the validators, which must change nothing.
    pub(super) fn validate(&mut self, target: &Target, gathered: &mut Gathered) -> Outcome<()> {
        for plugin in self.plugins(target, &target.kustomization.validators)? {
            for (step, _) in self.external(&plugin, target)? {
                let before = gathered.set.clone();
                self.perform(&step, &mut gathered.set)?;
                let same = before.items.len() == gathered.set.items.len()
                    && before.items.iter().zip(&gathered.set.items).all(|(old, new)| is_untouched(old, new));
                if !same {
                    return Err(Fault::at(plugin.place(), "a validator has changed an object")
                        .hint("a transformer that changes objects belongs to `transformers`"));
                }
            }
        }
        Ok(())
    }
}

/// True if nothing was written to an object, not even what was there.
fn is_untouched(old: &Resource, new: &Resource) -> bool {
    fn same(old: &Tree, a: u32, new: &Tree, b: u32) -> bool {
        let (left, right) = (old.node(a), new.node(b));
        left.kind == right.kind
            && left.text == right.text
            && left.tag == right.tag
            && left.place == right.place
            && left.content.len() == right.content.len()
            && left.content.iter().zip(&right.content).all(|(a, b)| same(old, *a, new, *b))
    }
    old.previous == new.previous
        && old.prefixes == new.prefixes
        && old.suffixes == new.suffixes
        && same(&old.tree, old.tree.root, &new.tree, new.tree.root)
}
