//! The base of an object: what was last applied, where that is known.

use serde_json::{Map, Value};

use super::contain::{Kind, contain, is_contained};
use super::owner::LAST_APPLIED;
use super::place::{node_at, value_at};
use super::verdict::BaseKind;
use crate::object::path::FieldPath;
use crate::schema::Schema;

/// What is known of an object as it was last applied.
#[derive(Debug, Clone, Default)]
pub enum Base {
    /// Nothing: evidence decides.
    #[default]
    Unknown,
    /// Not to be used, on purpose: evidence decides, also where an annotation would tell.
    Withheld,
    /// The object as it was last applied, prepared; `None` if it was not part of the revision.
    Known {
        /// Where it comes from.
        kind: BaseKind,
        /// The object.
        object: Option<Box<Value>>,
    },
    /// Exactly the desired object was last applied, and live does not differ from it.
    Unchanged {
        /// Where that is known from.
        kind: BaseKind,
    },
    /// The object was part of what was last applied, and its fields are not at hand: evidence decides.
    Member {
        /// Where that is known from.
        kind: BaseKind,
    },
    /// An object of this name was applied that does not exist any more. Its values are shown; they decide nothing about the
    /// one that took its place.
    Earlier {
        /// Where it comes from.
        kind: BaseKind,
        /// The object, if it is at hand.
        object: Option<Box<Value>>,
    },
}

impl Base {
    /// The kind for the report.
    pub fn kind(&self) -> BaseKind {
        match self {
            Self::Unknown | Self::Withheld => BaseKind::Unknown,
            Self::Known { kind, .. } | Self::Unchanged { kind } | Self::Member { kind } => kind.clone(),
            Self::Earlier { kind, .. } => kind.clone(),
        }
    }

    /// True if it is known that another object of this name was applied.
    pub fn is_earlier(&self) -> bool {
        matches!(self, Self::Earlier { .. })
    }

    /// True if the base is known.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known { .. } | Self::Unchanged { .. })
    }

    /// True if the base is known and does not hold the object.
    pub fn lacks_object(&self) -> bool {
        matches!(self, Self::Known { object: None, .. })
    }

    /// The object as last applied, if it is known.
    pub fn object(&self) -> Option<&Value> {
        match self {
            Self::Known { object: Some(object), .. } => Some(object),
            _ => None,
        }
    }

    /// The base value at a path, to decide by.
    pub fn at(&self, schema: &Schema, path: &FieldPath) -> Option<&Value> {
        value_at(schema, self.object()?, &path.0)
    }

    /// The value to be shown at a path: that of an earlier object, too.
    pub fn shown_at(&self, schema: &Schema, path: &FieldPath) -> Option<&Value> {
        match self {
            Self::Earlier { object: Some(object), .. } => value_at(schema, object, &path.0),
            _ => self.at(schema, path),
        }
    }

    /// Topmost paths that the base has and the desired object does not.
    pub fn gone_from(&self, schema: &Schema, desired: &Value) -> Vec<FieldPath> {
        let Some(base) = self.object() else { return Vec::new() };
        let differences = contain(schema, base, desired, None).differences;
        differences.into_iter().filter(|d| d.kind == Kind::Absent).map(|d| d.path).collect()
    }
}

/// What client-side apply recorded on a live object, parsed; `None` if there is nothing, or nothing that can be read.
pub fn last_applied(live: &Value) -> Option<Value> {
    let text = live.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
    let mut applied: Value = serde_json::from_str(text).ok()?;
    // kubectl records an empty map where the manifest has no annotations at all.
    if let Some(metadata) = applied.get_mut("metadata").and_then(Value::as_object_mut)
        && metadata.get("annotations").and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        metadata.remove("annotations");
    }
    Some(applied)
}

/// True if two values at a path mean the same to the server: each is contained in the other.
pub fn equal(schema: &Schema, path: &FieldPath, a: &Value, b: &Value) -> bool {
    let node = node_at(schema, &path.0);
    is_contained(schema, node, a, b) && is_contained(schema, node, b, a)
}

/// True if the live value holds the base value: a default that the server added does not count as a change.
pub fn holds(schema: &Schema, path: &FieldPath, base: &Value, live: &Value) -> bool {
    is_contained(schema, node_at(schema, &path.0), base, live)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As kubectl 1.36 records a manifest without annotations, and one with.
    #[test]
    fn the_empty_annotations_of_kubectl_are_not_in_the_manifest() {
        let live = |text: &str| json!({"metadata": {"annotations": {LAST_APPLIED: text}}});
        let without = last_applied(&live(r#"{"metadata":{"annotations":{},"name":"a"}}"#));
        assert_eq!(without, Some(json!({"metadata": {"name": "a"}})));
        let with = r#"{"metadata":{"annotations":{"owner":"anna"}}}"#;
        assert_eq!(last_applied(&live(with)), serde_json::from_str(with).ok());
        assert_eq!(last_applied(&live("no JSON")), None);
    }
}
