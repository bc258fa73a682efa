//! Who wrote a field: classes of field managers, owners of a path, and what their times prove.

use serde_json::Value;

use crate::object::fields::{Entry, ManagedFields, Operation};
use crate::object::path::PathElement;

/// The name under which client-side `kubectl apply` writes.
pub const CLIENT_SIDE_APPLY: &str = "kubectl-client-side-apply";
/// The annotation in which client-side apply keeps what it applied last.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What kind of writer a field manager is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A person's tool, or a tool used before this one: apply takes the field over.
    Person,
    /// A controller, another apply tool, or an unknown name: apply leaves its fields alone.
    Controller,
}

/// Tools of people by exact name; every name that begins with `kubectl-` is one as well.
const PEOPLE: &[&str] =
    &["kubectl", "k9s", "Lens", "OpenLens", "node-fetch", "Mozilla", "helm", BEFORE_FIRST_APPLY];

/// Tools that own the server's defaults as well when they create an object: a field of theirs proves nothing.
const CREATORS: &[&str] = &["kubectl-create", "kubectl-run", "kubectl-expose", "kubectl-autoscale"];

/// The class of an entry's manager.
pub fn class(entry: &Entry<'_>) -> Class {
    if is_person(entry.manager) { Class::Person } else { Class::Controller }
}

/// True for the name of a tool of people.
pub fn is_person(manager: &str) -> bool {
    PEOPLE.contains(&manager) || manager.starts_with("kubectl-")
}

/// True for the entry that scaling by a horizontal autoscaler writes.
pub fn is_autoscaler(entry: &Entry<'_>) -> bool {
    entry.manager == "kube-controller-manager" && entry.subresource == "scale"
}

/// What an owner's entry says about a field that Git does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addition {
    /// A person edited it in.
    Person,
    /// A controller keeps it.
    Controller,
    /// It came with the object's creation, so it may be a default of the server.
    Creation,
    /// The server recorded nobody before the first apply: everything that stood there is this owner's, defaults and all.
    Untracked,
}

/// The manager to which the first apply gives all fields of an object that had no `managedFields`.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Judges one owner of a field that Git does not have; `recorded` if the field stands in the last-applied annotation.
pub fn addition(entry: &Entry<'_>, created: &str, recorded: bool) -> Addition {
    if class(entry) == Class::Controller {
        return Addition::Controller;
    }
    if entry.manager == CLIENT_SIDE_APPLY {
        return if recorded { Addition::Person } else { Addition::Creation };
    }
    if CREATORS.contains(&entry.manager) || (!entry.time.is_empty() && entry.time == created) {
        return Addition::Creation;
    }
    if entry.manager == BEFORE_FIRST_APPLY {
        return Addition::Untracked;
    }
    if entry.subresource.is_empty() { Addition::Person } else { Addition::Controller }
}

/// The entries other than ours whose set holds exactly this path.
pub fn owners<'m, 'a>(managed: &'m ManagedFields<'a>, path: &[PathElement]) -> Vec<&'m Entry<'a>> {
    managed.others().filter(|entry| entry.fields.contains(path)).collect()
}

/// Who is named for a difference, and how surely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Writer {
    /// The server recorded this manager for exactly this field at this time.
    SetBy {
        /// Field manager, with the subresource behind a slash.
        manager: String,
        /// RFC 3339.
        time: String,
    },
    /// The manager owns the field among others, so that the time is the latest of all of them.
    ChangedBy {
        /// Field manager, with the subresource behind a slash.
        manager: String,
        /// RFC 3339; the field changed then or earlier.
        time: String,
    },
    /// Nobody is recorded, and exactly one other manager wrote after us.
    Possibly {
        /// Field manager, with the subresource behind a slash.
        manager: String,
        /// RFC 3339.
        time: String,
    },
    /// Nobody is recorded.
    NotRecorded,
}

/// The writer of a live value: the newest of its owners. `ancient-changes` is never named.
pub fn writer(owners: &[&Entry<'_>]) -> Option<Writer> {
    let newest =
        owners.iter().filter(|e| e.manager != "ancient-changes").max_by_key(|e| (e.time, e.manager))?;
    let (manager, time) = (display(newest), newest.time.to_owned());
    let several = newest.operation == Operation::Update && newest.fields.len() > 1;
    Some(if several { Writer::ChangedBy { manager, time } } else { Writer::SetBy { manager, time } })
}

/// The writer of something that is gone or moved: nobody is recorded, at most somebody is possible.
pub fn possible_writer(managed: &ManagedFields<'_>) -> Writer {
    let since = managed.own().map_or("", |own| own.time);
    let mut newer = managed.others().filter(|entry| {
        entry.time > since && entry.subresource != "status" && entry.manager != "ancient-changes"
    });
    match (newer.next(), newer.next(), managed.own()) {
        (Some(only), None, Some(_)) => {
            Writer::Possibly { manager: display(only), time: only.time.to_owned() }
        }
        _ => Writer::NotRecorded,
    }
}

/// The name of a manager as it is printed.
pub fn display(entry: &Entry<'_>) -> String {
    if entry.subresource.is_empty() {
        entry.manager.to_owned()
    } else {
        format!("{}/{}", entry.manager, entry.subresource)
    }
}

/// `metadata.creationTimestamp`, empty if there is none.
pub fn created(live: &Value) -> &str {
    live.pointer("/metadata/creationTimestamp").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::fields::FieldSet;
    use serde_json::json;

    fn entry<'a>(manager: &'a str, subresource: &'a str, time: &'a str, fields: &'a Value) -> Entry<'a> {
        let fields = FieldSet::new(fields).unwrap();
        Entry { manager, operation: Operation::Update, subresource, api_version: "v1", time, fields }
    }

    #[test]
    fn managers_are_classed_by_name() {
        let none = json!({});
        for person in ["kubectl", "kubectl-edit", "k9s", "Mozilla", "helm", "before-first-apply"] {
            assert_eq!(class(&entry(person, "", "", &none)), Class::Person, "{person}");
        }
        for other in ["kube-controller-manager", "argocd-controller", "flux", "me", "kubectlx"] {
            assert_eq!(class(&entry(other, "", "", &none)), Class::Controller, "{other}");
        }
        assert!(is_autoscaler(&entry("kube-controller-manager", "scale", "", &none)));
        assert!(!is_autoscaler(&entry("kubectl", "scale", "", &none)));
    }

    #[test]
    fn additions_by_creation_are_no_edits() {
        let none = json!({});
        let judge = |manager, subresource, time, recorded| {
            addition(&entry(manager, subresource, time, &none), "t0", recorded)
        };
        assert_eq!(judge("kubectl-edit", "", "t1", false), Addition::Person);
        assert_eq!(judge("kubectl-edit", "", "t0", false), Addition::Creation);
        assert_eq!(judge("kubectl-create", "", "t1", false), Addition::Creation);
        assert_eq!(judge(CLIENT_SIDE_APPLY, "", "t1", false), Addition::Creation);
        assert_eq!(judge(CLIENT_SIDE_APPLY, "", "t1", true), Addition::Person);
        assert_eq!(judge("kubectl", "scale", "t1", false), Addition::Controller, "scaling is delegated");
        assert_eq!(judge("cainjector", "", "t1", false), Addition::Controller);
        assert_eq!(judge("before-first-apply", "", "t1", false), Addition::Untracked);
    }

    #[test]
    fn a_writer_is_named_only_as_surely_as_recorded() {
        let one = json!({"f:a": {}});
        let two = json!({"f:a": {}, "f:b": {}});
        let name = |manager: &str, time: &str| (manager.to_owned(), time.to_owned());
        let (manager, time) = name("kubectl-edit", "t2");
        let single = entry("kubectl-edit", "", "t2", &one);
        let old = entry("kubectl-patch", "", "t1", &one);
        assert_eq!(writer(&[&old, &single]), Some(Writer::SetBy { manager, time }));
        let (manager, time) = name("kubectl/scale", "t2");
        let several = entry("kubectl", "scale", "t2", &two);
        assert_eq!(writer(&[&several]), Some(Writer::ChangedBy { manager, time }));
        assert_eq!(writer(&[&entry("ancient-changes", "", "t3", &one)]), None);
    }
}
