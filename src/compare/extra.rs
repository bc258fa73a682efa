//! Members of a set that are live and no longer rendered.
//!
//! Controllers copy labels, to Endpoints for one: an object is a member only if we applied it, and nobody's child.

use serde_json::Value;

use super::ignore::marks::{is_extra_ignored, kept_by_mark};
use super::membership::set_of;
use super::verdict::{Note, NoteKind, ObjectVerdict, Status};
use crate::object::fields::ManagedFields;
use crate::object::id::{Gvk, ObjectId};
use crate::object::value::text_at;

/// Kinds that are never deleted without being named: whatever lives in them or is described by them goes with them.
const KEPT: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("storage.k8s.io", "StorageClass"),
];

/// The verdict on a live object that Git does not have; `None` if it is none of this set's. `id` is that of the set.
pub fn extra(gvk: &Gvk, live: &Value, id: &str) -> Option<ObjectVerdict> {
    let owners = live.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let controlled =
        owners.into_iter().flatten().any(|owner| owner.get("controller") == Some(&Value::Bool(true)));
    if set_of(live) != Some(id) || ManagedFields::of(live).own().is_none() || controlled {
        return None;
    }
    let text = |key| text_at(live, &["metadata", key]).unwrap_or_default();
    let object = ObjectId::new(gvk, text("namespace"), text("name"));
    let verdict = |status, reason: Option<&str>| {
        ObjectVerdict::bare(object.clone(), gvk.clone(), status, reason.map(str::to_owned))
    };
    if live.pointer("/metadata/deletionTimestamp").is_some() {
        return Some(verdict(Status::Terminating, Some("it left Git and is being deleted")));
    }
    let noted = |text: String| {
        let mut noted = verdict(Status::InSync, None);
        noted.notes.push(Note { kind: NoteKind::Remark, writer: None, paths: Vec::new(), text });
        Some(noted)
    };
    match kept(gvk, live) {
        Some(Kept::Kind) => noted(format!("left Git; a {} is deleted only if it is named", gvk.kind)),
        Some(Kept::Ignored) => noted("left Git; its compare-options say IgnoreExtraneous".to_owned()),
        Some(Kept::Mark(mark)) => noted(format!("left Git; kept by {mark}")),
        None => Some(verdict(Status::Extra, Some("it left Git and is still in the cluster"))),
    }
}

/// What keeps an object that left Git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A mark on it.
    Mark(&'static str),
    /// Argo CD is told not to mind it.
    Ignored,
    /// Its kind, unless that is named.
    Kind,
}

/// What keeps a live object from being deleted when it leaves Git; a mark counts for more than the kind.
pub fn kept(gvk: &Gvk, live: &Value) -> Option<Kept> {
    let mark = kept_by_mark(live).map(Kept::Mark);
    let ignored = || is_extra_ignored(live).then_some(Kept::Ignored);
    let kind = || KEPT.contains(&(gvk.group.as_str(), gvk.kind.as_str())).then_some(Kept::Kind);
    mark.or_else(ignored).or_else(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::applyset::PART_OF_LABEL;
    use serde_json::json;

    fn live() -> Value {
        json!({"metadata": {"name": "x", "namespace": "n", "labels": {PART_OF_LABEL: "id"}, "managedFields": [
            {"manager": "gitops", "operation": "Apply", "apiVersion": "v1", "time": "t", "fieldsV1": {"f:data": {}}}]}})
    }

    fn status(kind: &str, group: &str, change: impl Fn(&mut Value)) -> Option<Status> {
        let mut object = live();
        change(&mut object);
        extra(&Gvk::new(group, "v1", kind), &object, "id").map(|verdict| verdict.status)
    }

    #[test]
    fn a_member_is_labelled_and_applied_and_nobodys_child() {
        let config = |change: &dyn Fn(&mut Value)| status("ConfigMap", "", change);
        assert_eq!(config(&|_| ()), Some(Status::Extra));
        assert_eq!(config(&|o| o["metadata"]["labels"] = json!({PART_OF_LABEL: "other"})), None);
        assert_eq!(config(&|o| o["metadata"]["labels"] = Value::Null), None);
        assert_eq!(config(&|o| o["metadata"]["managedFields"][0]["operation"] = json!("Update")), None);
        let owner = |controller: bool| json!([{"kind": "ReplicaSet", "name": "r", "controller": controller}]);
        assert_eq!(config(&|o| o["metadata"]["ownerReferences"] = owner(true)), None);
        assert_eq!(config(&|o| o["metadata"]["ownerReferences"] = owner(false)), Some(Status::Extra));
        assert_eq!(config(&|o| o["metadata"]["deletionTimestamp"] = json!("t")), Some(Status::Terminating));
    }

    #[test]
    fn what_a_guard_keeps_is_a_note() {
        assert_eq!(status("Namespace", "", |_| ()), Some(Status::InSync));
        assert_eq!(status("Namespace", "other.example", |_| ()), Some(Status::Extra));
        let kept = extra(&Gvk::new("storage.k8s.io", "v1", "StorageClass"), &live(), "id").unwrap();
        assert_eq!(kept.notes[0].text, "left Git; a StorageClass is deleted only if it is named");
        assert!(KEPT.is_sorted());
        let marked = |key: &'static str| {
            move |o: &mut Value| o["metadata"]["annotations"] = json!({key: "IgnoreExtraneous"})
        };
        let (option, other) = ("argocd.argoproj.io/compare-options", "argocd.argoproj.io/sync-options");
        assert_eq!(status("ConfigMap", "", marked(option)), Some(Status::InSync));
        assert_eq!(status("ConfigMap", "", marked(other)), Some(Status::Extra));
    }

    /// The marks are those that the documentation of each tool names.
    #[test]
    fn marks_of_other_tools_keep_what_left_git() {
        let table: &[(&str, &str, &str, bool)] = &[
            ("annotations", "gitops/prune", "disabled", true),
            ("annotations", "gitops/prune", "enabled", false),
            ("annotations", "argocd.argoproj.io/sync-options", "Replace=true, Prune=false", true),
            ("annotations", "argocd.argoproj.io/sync-options", "Prune=confirm", true),
            ("annotations", "argocd.argoproj.io/sync-options", "Delete=false", true),
            ("annotations", "argocd.argoproj.io/sync-options", "Prune=true", false),
            ("annotations", "kustomize.toolkit.fluxcd.io/prune", "disabled", true),
            ("labels", "kustomize.toolkit.fluxcd.io/prune", "disabled", true),
            ("annotations", "helm.sh/resource-policy", "keep", true),
            ("annotations", "helm.sh/resource-policy", "delete", false),
        ];
        for (map, key, value, keeps) in table {
            let found = status("ConfigMap", "", |o| o["metadata"][*map][*key] = json!(value));
            assert_eq!(found, Some(if *keeps { Status::InSync } else { Status::Extra }), "{key}: {value}");
        }
    }
}
