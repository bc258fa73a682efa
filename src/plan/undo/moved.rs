//! Who has been at an object since a run wrote it, by the server's record of owners.

use serde_json::Value;

use crate::compare::owner::{self, Class, display};
use crate::object::fields::{Entry, FIELD_MANAGER, ManagedFields, Operation};

/// Somebody who wrote since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mover {
    /// The field manager, as it is printed.
    pub(super) name: String,
    /// True for a controller, whose writes are no reason to leave an object alone.
    pub(super) is_controller: bool,
}

/// Who wrote since an object was in one of the states that are `known`: before a run and after it. With `own` our own applies
/// count, too; without it the known states are older than what we wrote. A value that somebody took away leaves no trace.
pub(super) fn movers(known: &[&Value], live: &Value, own: bool) -> Vec<Mover> {
    let known: Vec<ManagedFields<'_>> = known.iter().map(|object| ManagedFields::of(object)).collect();
    let now = ManagedFields::of(live);
    let mut movers = Vec::new();
    for entry in now.entries() {
        let mut earlier =
            known.iter().flat_map(|then| then.entries()).filter(|known| is_same_manager(known, entry));
        let moved = if is_ours(entry) {
            // What a patch of ours takes from our entry does not change its time.
            own && entry.operation == Operation::Apply && !earlier.any(|known| known.time == entry.time)
        } else {
            !earlier.any(|known| known.time == entry.time && is_part(entry, known))
        };
        if moved {
            let is_controller = !is_ours(entry) && owner::class(entry) == Class::Controller;
            movers.push(Mover { name: display(entry), is_controller });
        }
    }
    movers
}

/// True if our own entry is what it was before: nothing of ours was written since.
pub(super) fn is_untouched(before: &Value, live: &Value) -> bool {
    let (before, live) = (ManagedFields::of(before), ManagedFields::of(live));
    let told = |managed: &ManagedFields<'_>| managed.own().map(|own| (own.time.to_owned(), own.fields.len()));
    told(&before) == told(&live)
}

/// True for an entry that is the known one, or what others left of it.
fn is_part(entry: &Entry<'_>, known: &Entry<'_>) -> bool {
    entry.fields == known.fields || entry.fields.len() < known.fields.len()
}

fn is_ours(entry: &Entry<'_>) -> bool {
    entry.manager == FIELD_MANAGER && entry.subresource.is_empty()
}

fn is_same_manager(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    a.manager == b.manager && a.operation == b.operation && a.subresource == b.subresource
}

/// The entries of `managedFields` that an object is to have: those from before, but what controllers hold since, and what
/// belongs to the status. `None` if the server kept none before.
pub(super) fn entries(before: &Value, then: &Value, live: &Value) -> Option<Vec<Value>> {
    let list = |object: &'_ Value| -> Vec<Value> {
        object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let earlier = list(before);
    if earlier.is_empty() {
        return None;
    }
    let controllers: Vec<String> = movers(&[before, then], live, false)
        .into_iter()
        .filter(|mover| mover.is_controller)
        .map(|mover| mover.name)
        .collect();
    let is_theirs = |raw: &Value| {
        let text = |key: &str| raw.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = match text("subresource") {
            "" => text("manager").to_owned(),
            subresource => format!("{}/{subresource}", text("manager")),
        };
        text("subresource") == "status" || controllers.contains(&name)
    };
    let mut wanted: Vec<Value> = earlier.into_iter().filter(|raw| !is_theirs(raw)).collect();
    wanted.extend(list(live).into_iter().filter(is_theirs));
    Some(wanted)
}

/// True if two lists of entries say the same: their order does not matter.
pub(super) fn is_same_list(a: &[Value], b: &[Value]) -> bool {
    let texts = |list: &[Value]| {
        let mut texts: Vec<String> = list.iter().map(|entry| sorted(entry).to_string()).collect();
        texts.sort();
        texts
    };
    texts(a) == texts(b)
}

/// The value with the keys of its maps in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| key.as_str());
            Value::Object(pairs.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(manager: &str, operation: &str, time: &str, fields: &[&str]) -> Value {
        let fields: serde_json::Map<String, Value> =
            fields.iter().map(|name| (format!("f:{name}"), json!({}))).collect();
        json!({"manager": manager, "operation": operation, "apiVersion": "v1", "time": time,
            "fieldsType": "FieldsV1", "fieldsV1": fields})
    }

    fn object(entries: &[Value]) -> Value {
        json!({"metadata": {"managedFields": entries}})
    }

    fn scaled(mut entry: Value) -> Value {
        entry["subresource"] = json!("scale");
        entry
    }

    #[test]
    fn whoever_wrote_since_is_named() {
        let ours = entry("gitops", "Apply", "2", &["a", "b"]);
        let edit = entry("kubectl-edit", "Update", "1", &["c", "d"]);
        let then = object(&[ours.clone(), edit.clone()]);
        let names = |live: &[Value], own: bool| -> Vec<(String, bool)> {
            movers(&[&then], &object(live), own).into_iter().map(|m| (m.name, m.is_controller)).collect()
        };
        let person = |name: &str| (name.to_owned(), false);
        assert_eq!(names(&[ours.clone(), edit.clone()], true), []);
        assert_eq!(names(&[entry("gitops", "Apply", "3", &["a"]), edit.clone()], true), [person("gitops")]);
        assert_eq!(names(&[entry("gitops", "Apply", "3", &["a"]), edit.clone()], false), []);
        assert_eq!(names(&[entry("gitops", "Apply", "2", &["a"]), edit.clone()], true), [], "another took b");
        assert_eq!(
            names(&[ours.clone(), entry("gitops", "Update", "9", &["a"])], true),
            [],
            "a patch of ours"
        );
        assert_eq!(
            names(&[ours.clone(), entry("kubectl-edit", "Update", "3", &["c"])], true),
            [person("kubectl-edit")]
        );
        assert_eq!(
            names(&[ours.clone(), entry("kubectl-edit", "Update", "1", &["c"])], true),
            [],
            "it lost d"
        );
        assert_eq!(
            names(&[ours.clone(), entry("kubectl-edit", "Update", "1", &["c", "d", "e"])], true),
            [person("kubectl-edit")],
            "two writes within a second"
        );
        let before = object(&[entry("gitops", "Apply", "1", &["a"]), entry("helm", "Update", "1", &["b"])]);
        let back = object(&[
            entry("gitops", "Apply", "1", &["a"]),
            entry("helm", "Update", "1", &["b"]),
            edit.clone(),
        ]);
        assert_eq!(movers(&[&before, &then], &back, true), [], "put back as it was");
        assert_eq!(movers(&[&then], &back, true).len(), 2);
        assert_eq!(
            names(&[ours, edit, scaled(entry("kube-controller-manager", "Update", "3", &["r"]))], true),
            [("kube-controller-manager/scale".to_owned(), true)]
        );
    }

    #[test]
    fn owners_are_those_from_before_and_controllers_keep_theirs() {
        let status = |time: &str| {
            let mut entry = entry("kube-controller-manager", "Update", time, &["status"]);
            entry["subresource"] = json!("status");
            entry
        };
        let edit = entry("kubectl-edit", "Update", "1", &["c"]);
        let before = object(&[entry("gitops", "Apply", "1", &["a"]), edit.clone(), status("1")]);
        let then = object(&[entry("gitops", "Apply", "2", &["a", "c"]), status("1")]);
        let scaled = scaled(entry("kube-controller-manager", "Update", "3", &["r"]));
        let live = object(&[
            entry("gitops", "Apply", "2", &[]),
            entry("gitops", "Update", "4", &["a", "c"]),
            status("3"),
            scaled.clone(),
        ]);
        let wanted = entries(&before, &then, &live).unwrap();
        assert!(
            is_same_list(&wanted, &[scaled, status("3"), edit, entry("gitops", "Apply", "1", &["a"])]),
            "{wanted:?}"
        );
        assert_eq!(entries(&json!({"metadata": {}}), &then, &live), None);
        assert!(!is_same_list(&wanted, &wanted[1..]));
    }
}
