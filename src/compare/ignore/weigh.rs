//! Which rule, if any, takes a difference away.

use std::sync::Arc;

use serde_json::Value;

use super::strip::strip;
use super::{Ignoring, Rule, What, names};
use crate::compare::contain::{Containment, Difference, Kind, is_contained};
use crate::compare::place::{node_at, value_at};
use crate::compare::prune::{Dropped, Pruning};
use crate::object::fields::ManagedFields;
use crate::object::glob::Glob;
use crate::object::path::FieldPath;
use crate::object::pattern::{ElementPattern, PathPattern, Relation};
use crate::object::value::is_empty_collection;
use crate::schema::Schema;

/// The object that rules are weighed for.
#[derive(Debug, Clone, Copy)]
pub(in crate::compare) struct Scene<'a> {
    pub(in crate::compare) schema: &'a Schema,
    pub(in crate::compare) managed: &'a ManagedFields<'a>,
    pub(in crate::compare) desired: &'a Value,
    pub(in crate::compare) live: &'a Value,
}

/// What the local comparison found and a rule took away.
#[derive(Debug, Clone)]
pub(in crate::compare) struct Taken {
    pub(in crate::compare) found: Found,
    pub(in crate::compare) rule: Arc<Rule>,
}

impl Taken {
    /// True if only the server could have told what becomes of it.
    pub(in crate::compare) fn needs_server(&self) -> bool {
        match &self.found {
            Found::Difference(_) => true,
            Found::Dropped(dropped) => dropped.co_owners.is_empty(),
        }
    }
}

/// One finding of the local comparison.
#[derive(Debug, Clone)]
pub(in crate::compare) enum Found {
    Difference(Difference),
    Dropped(Dropped),
}

/// The two sides of a place that differs.
struct Sides<'v> {
    path: &'v FieldPath,
    desired: Option<&'v Value>,
    live: Option<&'v Value>,
    /// True if they can be compared without some of their parts.
    divisible: bool,
    /// True if a person added it.
    addition: bool,
}

impl Ignoring {
    /// Takes out of the findings what a rule means, so that nobody has to be asked about it.
    pub(in crate::compare) fn take(
        &self,
        scene: &Scene<'_>,
        containment: &mut Containment,
        pruning: &mut Pruning,
    ) -> Vec<Taken> {
        let mut taken = Vec::new();
        if self.is_empty() {
            return taken;
        }
        containment.differences.retain(|found| {
            let rule = self.of_difference(scene, found);
            let keep = rule.is_none();
            taken.extend(rule.map(|rule| Taken { found: Found::Difference(found.clone()), rule }));
            keep
        });
        pruning.dropped.retain(|found| {
            let rule = self.of_live(scene, &found.path, &found.live);
            let keep = rule.is_none();
            taken.extend(rule.map(|rule| Taken { found: Found::Dropped(found.clone()), rule }));
            keep
        });
        taken
    }

    fn of_difference(&self, scene: &Scene<'_>, found: &Difference) -> Option<Arc<Rule>> {
        let divisible = matches!(found.kind, Kind::Changed | Kind::Absent);
        let sides = Sides {
            path: &found.path,
            desired: Some(&found.desired),
            live: found.live.as_ref(),
            divisible,
            addition: false,
        };
        self.rule(scene, &sides)
    }

    /// The rule about a live value that Git does not have.
    pub(in crate::compare) fn of_live(
        &self,
        scene: &Scene<'_>,
        path: &FieldPath,
        live: &Value,
    ) -> Option<Arc<Rule>> {
        self.rule(scene, &Sides { path, desired: None, live: Some(live), divisible: true, addition: false })
    }

    /// The rule about a live value that somebody added.
    pub(in crate::compare) fn of_addition(
        &self,
        scene: &Scene<'_>,
        path: &FieldPath,
        live: &Value,
        by_person: bool,
    ) -> Option<Arc<Rule>> {
        self.rule(
            scene,
            &Sides { path, desired: None, live: Some(live), divisible: true, addition: by_person },
        )
    }

    fn rule(&self, scene: &Scene<'_>, sides: &Sides<'_>) -> Option<Arc<Rule>> {
        self.0.iter().find(|rule| means(&rule.what, scene, sides)).cloned()
    }
}

fn means(what: &What, scene: &Scene<'_>, sides: &Sides<'_>) -> bool {
    match what {
        What::Everything => true,
        What::Additions => sides.addition,
        What::Fields { paths, managers } => {
            (managers.is_empty() || is_theirs(managers, scene, sides))
                && (paths.is_empty() || is_meant(paths, scene, sides))
        }
    }
}

/// True if the live value has owners beside us and all of them are among the managers. Of a value that is gone nobody knows
/// who took it away.
fn is_theirs(managers: &[Glob], scene: &Scene<'_>, sides: &Sides<'_>) -> bool {
    let mut owners =
        scene.managed.others().filter(|entry| entry.fields.get(&sides.path.0).is_some()).peekable();
    sides.live.is_some() && owners.peek().is_some() && owners.all(|entry| names(managers, entry))
}

/// True if a path covers the place, or if the sides are the same without what the paths mean inside them.
fn is_meant(paths: &[PathPattern], scene: &Scene<'_>, sides: &Sides<'_>) -> bool {
    let position = |length: usize| position(scene, &sides.path.0[..length]);
    let mut inside: Vec<&[ElementPattern]> = Vec::new();
    for pattern in paths {
        match pattern.relation(sides.path, position) {
            Relation::Covered => return true,
            Relation::Inside(rest) => inside.push(rest),
            Relation::Apart => {}
        }
    }
    sides.divisible && !inside.is_empty() && is_same_without(&inside, scene.schema, sides)
}

fn is_same_without(patterns: &[&[ElementPattern]], schema: &Schema, sides: &Sides<'_>) -> bool {
    let node = node_at(schema, &sides.path.0);
    let mut found = false;
    let mut without = |value: Option<&Value>| {
        let mut value = value.cloned();
        for pattern in patterns {
            found |= value.as_mut().is_some_and(|value| strip(schema, node, value, pattern));
        }
        value
    };
    let (desired, live) = (without(sides.desired), without(sides.live));
    let same = match (desired, live) {
        (Some(desired), Some(live)) => is_contained(schema, node, &desired, &live),
        (Some(rest), None) | (None, Some(rest)) => is_empty_collection(&rest),
        (None, None) => false,
    };
    found && same
}

/// Where the item at the end of a path stands in its list: in Git and live, if both hold it at the same place, or in the one
/// that holds it.
fn position(scene: &Scene<'_>, path: &[crate::object::path::PathElement]) -> Option<usize> {
    let (_, around) = path.split_last()?;
    let within = |object: &Value| {
        let item = value_at(scene.schema, object, path)?;
        value_at(scene.schema, object, around)?.as_array()?.iter().position(|other| std::ptr::eq(other, item))
    };
    match (within(scene.desired), within(scene.live)) {
        (Some(desired), Some(live)) => (desired == live).then_some(desired),
        (desired, live) => desired.or(live),
    }
}
