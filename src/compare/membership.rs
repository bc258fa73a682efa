//! The label that marks an object as a member of a set: it comes with every apply and stands in no manifest.

use serde_json::{Map, Value};

use super::judge::Assessment;
use crate::desired::Membership;
use crate::object::fields::ManagedFields;
use crate::object::path::{FieldPath, PathElement};
use crate::object::value::text_at;
use crate::record::applyset::PART_OF_LABEL;

/// The set that a live object says it belongs to.
pub(super) fn set_of(live: &Value) -> Option<&str> {
    text_at(live, &["metadata", "labels", PART_OF_LABEL])
}

/// Why an object is none of this set's: it is a member of another. A set whose name is a guess claims nothing.
pub(super) fn conflict(set: Option<&Membership>, live: &Value) -> Option<String> {
    let other = set_of(live)?;
    let set = set.filter(|set| set.certain && set.id != other && !set.adopts.iter().any(|id| id == other))?;
    let other: String = other.chars().take(63).collect();
    Some(format!("it is labelled as a member of the set {other}; this set is {}", set.id))
}

/// Takes the label out of what was found: it is no removal, and where it is missing the object is not adopted yet.
pub(super) fn settle(assessment: &mut Assessment, set: Option<&Membership>, live: &Value) {
    let label =
        FieldPath(["metadata", "labels", PART_OF_LABEL].map(|name| PathElement::Field(name.into())).into());
    let labels = FieldPath(label.0[..2].to_vec());
    let is_all =
        live.pointer("/metadata/labels").and_then(Value::as_object).is_some_and(|all| all.len() == 1);
    let marked = set_of(live).is_some();
    assessment
        .pruning
        .dropped
        .retain(|dropped| !(marked && (dropped.path == label || (is_all && dropped.path == labels))));
    let ours = ManagedFields::of(live).own().is_some();
    assessment.unlabelled = ours && !marked && set.is_some_and(|set| set.recorded);
}

/// Puts the label of the live object into what an apply would send.
pub(super) fn keep_label(body: &mut Value, live: &Value) {
    if let Some(set) = set_of(live) {
        put_label(body, set);
    }
}

/// Marks what an apply sends as a member of a set.
pub(super) fn put_label(body: &mut Value, set: &str) {
    let empty = || Value::Object(Map::new());
    let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let labels = metadata.entry("labels").or_insert_with(empty);
    if labels.is_null() {
        *labels = empty();
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(PART_OF_LABEL.to_owned(), Value::from(set));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(id: &str, certain: bool) -> Membership {
        Membership { id: id.to_owned(), certain, recorded: true, adopts: vec!["old".to_owned()] }
    }

    #[test]
    fn only_a_set_that_is_sure_of_its_name_is_in_conflict() {
        let member = json!({"metadata": {"labels": {PART_OF_LABEL: "a"}}});
        assert_eq!(conflict(Some(&set("a", true)), &member), None);
        assert_eq!(conflict(Some(&set("b", false)), &member), None);
        assert_eq!(conflict(None, &member), None);
        let old = json!({"metadata": {"labels": {PART_OF_LABEL: "old"}}});
        assert_eq!(conflict(Some(&set("b", true)), &old), None, "it is taken over");
        assert_eq!(conflict(Some(&set("b", true)), &json!({})), None);
        let reason = conflict(Some(&set("b", true)), &member).unwrap();
        assert_eq!(reason, "it is labelled as a member of the set a; this set is b");
    }

    #[test]
    fn the_label_is_sent_along() {
        let live = json!({"metadata": {"labels": {PART_OF_LABEL: "a"}}});
        for (body, expected) in [
            (json!({"metadata": {"name": "x"}}), json!({"name": "x", "labels": {PART_OF_LABEL: "a"}})),
            (json!({"metadata": {"labels": null}}), json!({"labels": {PART_OF_LABEL: "a"}})),
            (json!({"metadata": {"labels": {"k": "v"}}}), json!({"labels": {"k": "v", PART_OF_LABEL: "a"}})),
        ] {
            let mut sent = body.clone();
            keep_label(&mut sent, &live);
            assert_eq!(sent["metadata"], expected);
            let mut sent = body.clone();
            keep_label(&mut sent, &json!({"metadata": {}}));
            assert_eq!(sent, body, "none to keep");
        }
    }
}
