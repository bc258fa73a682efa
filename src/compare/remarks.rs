//! Remarks about differences that a reader would puzzle over: what null asks for, who else moves the items of a list, whose
//! certificate stands in for a placeholder, and which entries stop every apply.

use base64::Engine as _;
use serde_json::Value;

use super::canonical;
use super::classify::Evidence;
use super::contain::{Difference, Kind};
use super::judge::Subject;
use super::owner::{self, Class as Manager};
use super::place::{item_key, node_at, value_at};
use super::stuck;
use super::verdict::{Class, FieldVerdict, Note, NoteKind};
use crate::object::fields::ManagedFields;
use crate::object::path::PathElement;
use crate::object::value::text_at;
use crate::schema::Schema;

/// Annotations with which injectors of certificates are told to fill in `caBundle`: cert-manager's cainjector and OpenShift's
/// service CA.
const INJECTED: &[&str] = &[
    "cert-manager.io/inject-ca-from",
    "cert-manager.io/inject-ca-from-secret",
    "cert-manager.io/inject-apiserver-ca",
    "service.beta.openshift.io/inject-cabundle",
];

/// Adds what is known beside the class of a difference.
pub(super) fn explain(evidence: &Evidence<'_>, live: &Value, found: &Difference, verdict: &mut FieldVerdict) {
    if is_injected(evidence, live, found) {
        (verdict.class, verdict.counts) = (Class::Held, false);
        verdict.remark =
            Some("Git has a placeholder, and annotations ask for a certificate in its place".to_owned());
    } else if let Some(text) =
        null_asks_for(evidence.schema, found).or_else(|| moved_with(evidence, live, found))
    {
        verdict.remark = Some(verdict.remark.take().map_or(text.clone(), |known| format!("{known}; {text}")));
    }
}

/// Null is no "leave it alone": it asks for the default.
fn null_asks_for(schema: &Schema, found: &Difference) -> Option<String> {
    if !found.desired.is_null() || found.kind == Kind::Order {
        return None;
    }
    let (last, parents) = found.path.0.split_last()?;
    let PathElement::Field(name) = last else { return None };
    let default = canonical::default_of(schema, node_at(schema, parents), name)?;
    Some(format!("null asks for the default, {default}"))
}

/// An apply puts our items in our order, and with them those of others between.
fn moved_with(evidence: &Evidence<'_>, live: &Value, found: &Difference) -> Option<String> {
    if found.kind != Kind::Order {
        return None;
    }
    let schema = evidence.schema;
    let list = schema.node(node_at(schema, &found.path.0)).list.as_ref()?;
    let ours = found.desired.as_array()?;
    let theirs =
        value_at(schema, live, &found.path.0)?.as_array()?.iter().filter_map(|item| item_key(list, item));
    let mut names: Vec<String> = Vec::new();
    for key in theirs.filter(|key| !ours.contains(&Value::from(key.to_string()))) {
        let mut path = found.path.0.clone();
        path.push(key);
        let owners = owner::owners(evidence.managed, &path);
        names.extend(
            owners.into_iter().filter(|e| owner::class(e) == Manager::Controller).map(owner::display),
        );
    }
    names.sort();
    names.dedup();
    let names = names.join(", ");
    (!names.is_empty())
        .then(|| format!("an apply moves items of {names} as well, who may move them back each time"))
}

fn is_injected(evidence: &Evidence<'_>, live: &Value, found: &Difference) -> bool {
    let named = matches!(found.path.0.last(), Some(PathElement::Field(name)) if name == "caBundle");
    let annotated = || {
        let annotations = live.pointer("/metadata/annotations");
        annotations.is_some_and(|map| INJECTED.iter().any(|name| text_at(map, &[name]).is_some()))
    };
    let people = || {
        let owners = owner::owners(evidence.managed, &found.path.0);
        owners.iter().any(|entry| owner::class(entry) == Manager::Person)
    };
    named && found.live.is_some() && is_placeholder(&found.desired) && annotated() && !people()
}

/// A certificate that is none: nothing, or blanks.
fn is_placeholder(value: &Value) -> bool {
    let bytes = value.as_str().and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    value.is_null() || bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_whitespace))
}

/// Entries of others at versions of a custom kind that are not served any more. Once the definition drops such a version, the
/// server cannot read the object for any apply (500 "request to convert CR to an invalid group/version").
pub(super) fn versions_gone(schema: &Schema, managed: &ManagedFields<'_>) -> Vec<Note> {
    if schema.builtin || schema.versions.is_empty() {
        return Vec::new();
    }
    let gone = managed.others().filter(|entry| {
        let version = entry.api_version.rsplit('/').next().unwrap_or_default();
        !version.is_empty() && !schema.versions.contains(version)
    });
    let note = |entry: &crate::object::fields::Entry<'_>| Note {
        kind: NoteKind::Remark,
        writer: Some(owner::display(entry)),
        paths: Vec::new(),
        text: format!(
            "its entry is at {}, which is not served any more; if the definition has dropped that version, every apply fails",
            entry.api_version
        ),
    };
    gone.map(note).collect()
}

/// A service account is the one kind whose keyed lists may hold items without their key; no apply can reach it then.
pub(super) fn keyless(subject: &Subject<'_>, live: &Value) -> Option<Note> {
    let account = subject.id.group.is_empty() && subject.id.kind == "ServiceAccount";
    let path = account.then(|| stuck::keyless(subject.schema, live)).flatten()?;
    let text = format!("every apply fails, because an item of {path} has none of its keys");
    Some(Note { kind: NoteKind::Remark, writer: None, paths: Vec::new(), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn blanks_are_placeholders_and_certificates_are_none() {
        for (value, expected) in [
            (json!(""), true),
            (json!("Cg=="), true),
            (json!(null), true),
            (json!("Q0E="), false),
            (json!("%"), false),
        ] {
            assert_eq!(is_placeholder(&value), expected, "{value}");
        }
    }
}
