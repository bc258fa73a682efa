//! An object that is made anew as it was: without what the server sets, and what it would not take back.

use std::collections::BTreeSet;

use serde_json::Value;

use super::merge::content;
use crate::object::fields::ManagedFields;
use crate::object::id::ObjectId;
use crate::object::path::PathElement;
use crate::object::value::text_at;

/// The body of a creation. `gone` are uids of objects that the run took away: an owner among them would take this along.
pub(super) fn anew(id: &ObjectId, before: &Value, gone: &BTreeSet<String>) -> Value {
    let mut body = content(before);
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        let is_gone = |owner: &Value| text_at(owner, &["uid"]).is_some_and(|uid| gone.contains(uid));
        if let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) {
            owners.retain(|owner| !is_gone(owner));
        }
    }
    match (id.group.as_str(), id.kind.as_str()) {
        ("batch", "Job") => without_controller_uid(&mut body),
        ("", "PersistentVolumeClaim") => unbound(&mut body, before),
        _ => {}
    }
    body
}

/// Labels that the server makes of a Job's uid, by its two names for each (`pkg/registry/batch/job/strategy.go`).
const OF_A_JOB: [&str; 4] =
    ["controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];

/// A Job selects its Pods by its uid, which is another one now.
fn without_controller_uid(job: &mut Value) {
    if job.pointer("/spec/manualSelector") == Some(&Value::Bool(true)) {
        return;
    }
    if let Some(spec) = job.get_mut("spec").and_then(Value::as_object_mut) {
        spec.remove("selector");
    }
    for pointer in ["/metadata/labels", "/spec/template/metadata/labels"] {
        if let Some(labels) = job.pointer_mut(pointer).and_then(Value::as_object_mut) {
            labels.retain(|name, _| !OF_A_JOB.contains(&name.as_str()));
        }
    }
}

/// A claim is bound anew, unless the manifest named its volume: the one it had may be gone.
fn unbound(claim: &mut Value, before: &Value) {
    let named = ["spec", "volumeName"].map(|name| PathElement::Field(name.to_owned()));
    let is_ours = ManagedFields::of(before).own().is_some_and(|own| own.fields.contains(&named));
    if let Some(spec) = claim.get_mut("spec").and_then(Value::as_object_mut).filter(|_| !is_ours) {
        spec.remove("volumeName");
    }
    if let Some(annotations) = claim.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.retain(|name, _| !name.starts_with("pv.kubernetes.io/"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    fn made(group: &str, kind: &str, before: &Value) -> Value {
        let id = ObjectId::new(&Gvk::new(group, "v1", kind), "n", "x");
        anew(&id, before, &BTreeSet::from(["gone".to_owned()]))
    }

    #[test]
    fn what_the_server_would_not_take_back_is_left_out() {
        let owners = json!([{"name": "a", "uid": "gone"}, {"name": "b", "uid": "there"}]);
        let before = json!({"metadata": {"name": "x", "uid": "u", "ownerReferences": owners}, "status": {}});
        let owners = json!([{"name": "b", "uid": "there"}]);
        assert_eq!(
            made("", "ConfigMap", &before),
            json!({"metadata": {"name": "x", "ownerReferences": owners}})
        );

        let labels = json!({"app": "x", "controller-uid": "u", "batch.kubernetes.io/job-name": "x"});
        let mut job = json!({"metadata": {"labels": labels}, "spec": {"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {}}}});
        let kept = json!({"app": "x"});
        assert_eq!(
            made("batch", "Job", &job),
            json!({"metadata": {"labels": kept}, "spec": {"template": {"metadata": {"labels": kept}, "spec": {}}}})
        );
        job["spec"]["manualSelector"] = json!(true);
        assert_eq!(made("batch", "Job", &job), job);

        let own = |fields: Value| json!([{"manager": "gitops", "operation": "Apply", "fieldsV1": fields}]);
        let claim = |fields: Value| {
            json!({"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes", "a": "b"},
                "managedFields": own(fields)}, "spec": {"volumeName": "v", "accessModes": []}})
        };
        let bound = made("", "PersistentVolumeClaim", &claim(json!({})));
        assert_eq!(bound, json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"accessModes": []}}));
        let named = made("", "PersistentVolumeClaim", &claim(json!({"f:spec": {"f:volumeName": {}}})));
        assert_eq!(named["spec"]["volumeName"], "v");
    }
}
