//! What is known of the objects that others may refer to.

use std::collections::{HashMap, HashSet};

use super::ident::{Gvk, ResId};
use super::node::Str;
use super::resource::Previous;
use super::work::looked;

/// What is known of an object that may be referred to.
pub(super) struct Candidate {
    pub(super) id: ResId,
    pub(super) previous: Vec<Previous>,
    pub(super) prefixes: Vec<Str>,
    pub(super) suffixes: Vec<Str>,
}

/// All objects, and how to find some of them.
#[derive(Clone, Copy)]
pub(super) struct Candidates<'c> {
    pub(super) list: &'c [Candidate],
    pub(super) by_name: &'c HashMap<Str, Vec<usize>>,
    pub(super) first: &'c FirstNamespaces,
}

/// The objects by the namespace that they were in first: of those that are in the same one now, one stands for all.
pub(super) struct FirstNamespaces(pub(super) HashMap<Str, Vec<usize>>);

impl FirstNamespaces {
    pub(super) fn of(candidates: &[Candidate]) -> Self {
        looked(candidates.len());
        let mut known = HashSet::new();
        let mut found: HashMap<Str, Vec<usize>> = HashMap::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let (first, now) = (candidate.first_namespace(), &candidate.id.namespace);
            if known.insert((first, now, candidate.id.cluster_scoped)) {
                found.entry(first.into()).or_default().push(at);
            }
        }
        Self(found)
    }
}

impl Candidate {
    /// True if it had an earlier identity of the type.
    pub(super) fn was(&self, gvk: &Gvk) -> bool {
        self.previous.iter().any(|previous| {
            let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
            fits(&previous.kind, &gvk.kind)
                && fits(&self.id.gvk.group, &gvk.group)
                && fits(&self.id.gvk.version, &gvk.version)
        })
    }

    pub(super) fn first_namespace(&self) -> &str {
        self.previous.first().map_or_else(
            || self.id.effective_namespace(),
            |previous| {
                if previous.namespace.is_empty() { "default" } else { &previous.namespace }
            },
        )
    }

    /// True if both went through the same prefixes and suffixes at last; `lenient` takes none for any.
    pub(super) fn same_affixes(&self, other: &Self, lenient: bool) -> bool {
        let same = |own: &[Str], other: &[Str]| {
            (lenient && (own.is_empty() || other.is_empty())) || same_end(own, other)
        };
        same(&self.prefixes, &other.prefixes) && same(&self.suffixes, &other.suffixes)
    }
}

/// True if the longer list ends with the shorter one; an empty one is like an empty one only.
fn same_end(one: &[Str], other: &[Str]) -> bool {
    let (short, long) = if one.len() > other.len() { (other, one) } else { (one, other) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
