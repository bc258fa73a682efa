//! Values without what a pattern means inside them: for lists and maps that differ as a whole.

use serde_json::Value;

use crate::compare::place::{OwnedStep, child_node, item_key};
use crate::object::path::PathElement;
use crate::object::pattern::ElementPattern;
use crate::schema::{NodeId, Schema};

/// Takes out of a value what the rest of a pattern means; true if there was something.
pub(super) fn strip(schema: &Schema, node: NodeId, value: &mut Value, pattern: &[ElementPattern]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return false };
    let children = children(schema, node, value, first);
    if !rest.is_empty() {
        let below = |found: bool, (step, node): (OwnedStep, NodeId)| {
            child_mut(value, &step).is_some_and(|child| strip(schema, node, child, rest)) || found
        };
        return children.into_iter().fold(false, below);
    }
    let found = !children.is_empty();
    for (step, _) in children.into_iter().rev() {
        match (step, &mut *value) {
            (OwnedStep::Key(key), Value::Object(map)) => drop(map.remove(&key)),
            (OwnedStep::Index(index), Value::Array(items)) => drop(items.remove(index)),
            _ => {}
        }
    }
    found
}

/// True if a value holds something that a pattern means.
pub(super) fn holds(schema: &Schema, node: NodeId, value: &Value, pattern: &[ElementPattern]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return true };
    let below = |(step, node): (OwnedStep, NodeId)| {
        let child = match step {
            OwnedStep::Key(key) => value.get(&key),
            OwnedStep::Index(index) => value.get(index),
        };
        child.is_some_and(|child| holds(schema, node, child, rest))
    };
    children(schema, node, value, first).into_iter().any(below)
}

/// The children of a value that one element means, in order.
fn children(
    schema: &Schema,
    node: NodeId,
    value: &Value,
    pattern: &ElementPattern,
) -> Vec<(OwnedStep, NodeId)> {
    let kind = schema.node(node);
    let below = |element: &PathElement| child_node(schema, node, element).unwrap_or(NodeId::DEDUCED);
    match value {
        Value::Object(map) => {
            let fields = map.keys().map(|key| (key, PathElement::Field(key.clone())));
            let fields = fields.filter(|(_, element)| pattern.matches(element, None));
            fields.map(|(key, element)| (OwnedStep::Key(key.clone()), below(&element))).collect()
        }
        Value::Array(items) => {
            let element = kind.list.as_ref().map_or(NodeId::DEDUCED, |list| list.element);
            let means =
                |(at, item): &(usize, &Value)| match kind.list.as_ref().and_then(|list| item_key(list, item))
                {
                    Some(key) => pattern.matches(&key, Some(*at)),
                    None => pattern.matches_item(item, *at),
                };
            let found = items.iter().enumerate().filter(means);
            found.map(|(at, _)| (OwnedStep::Index(at), element)).collect()
        }
        _ => Vec::new(),
    }
}

fn child_mut<'v>(value: &'v mut Value, step: &OwnedStep) -> Option<&'v mut Value> {
    match step {
        OwnedStep::Key(key) => value.get_mut(key),
        OwnedStep::Index(index) => value.get_mut(index),
    }
}
