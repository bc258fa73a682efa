//! Which rules of the configuration mean something: a rule that means nothing is a mistake or a leftover.
//!
//! What counts is whether there is such an object and such a field, not whether it differs today: a warning that comes and
//! goes with the cluster would help nobody.

use std::collections::BTreeSet;

use serde_json::Value;

use super::strip::holds;
use super::{Rule, Rules, What, names};
use crate::compare::judge::Subject;
use crate::object::fields::ManagedFields;

/// Rules by their place in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Rules that select an object of the set.
    pub selecting: BTreeSet<usize>,
    /// Rules whose fields some object has, in Git or live.
    pub meaning: BTreeSet<usize>,
    /// Rules that select an object of which nobody knows all fields.
    pub unsure: BTreeSet<usize>,
}

/// What is wrong with a rule that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Useless {
    /// No object is selected.
    NoObject,
    /// No selected object has such a field.
    NoField,
    /// No selected object has a field of such a manager.
    NoManager,
}

impl Usage {
    /// Adds what another part of a set, or another set, showed.
    pub fn merge(&mut self, other: Self) {
        self.selecting.extend(other.selecting);
        self.meaning.extend(other.meaning);
        self.unsure.extend(other.unsure);
    }

    /// Notes an object that is there on both sides; what else it may be about is not known if `live` is `None`.
    pub(in crate::compare) fn note(&mut self, rules: &Rules, subject: &Subject<'_>, live: Option<&Value>) {
        for (at, rule) in rules.own.iter().enumerate() {
            if self.meaning.contains(&at) || !rule.objects.name(subject.id) {
                continue;
            }
            self.selecting.insert(at);
            if has(&rule.what, subject, live) {
                self.meaning.insert(at);
            } else if live.is_none() {
                self.unsure.insert(at);
            }
        }
    }

    /// Notes an object of which only the name is known.
    pub(in crate::compare) fn note_name(&mut self, rules: &Rules, id: &crate::object::id::ObjectId) {
        let selecting = rules.own.iter().enumerate().filter(|(_, rule)| rule.objects.name(id));
        for (at, _) in selecting {
            self.selecting.insert(at);
            self.unsure.insert(at);
        }
    }

    /// What is wrong with the rule at a place, if anything.
    pub fn useless(&self, at: usize, rule: &Rule) -> Option<Useless> {
        match &rule.what {
            _ if !self.selecting.contains(&at) => Some(Useless::NoObject),
            _ if self.meaning.contains(&at) || self.unsure.contains(&at) => None,
            What::Fields { paths, .. } if paths.is_empty() => Some(Useless::NoManager),
            _ => Some(Useless::NoField),
        }
    }
}

fn has(what: &What, subject: &Subject<'_>, live: Option<&Value>) -> bool {
    let What::Fields { paths, managers } = what else { return true };
    if paths.is_empty() {
        let managed = live.map(ManagedFields::of).unwrap_or_default();
        return managed.others().any(|entry| names(managers, entry));
    }
    let schema = subject.schema;
    let held =
        |object: &Value| paths.iter().any(|path| holds(schema, schema.root(), object, path.elements()));
    held(&subject.desired.object) || live.is_some_and(held)
}
