//! Defaults, allocation, and defaults inside values that are compared as a whole.

use gitops::compare::verdict::NoteKind;
use serde_json::{Value, json};

use super::values::Case;

fn widget() -> Case {
    Case::of("catalogue.example.org/v1", "Widget")
}

fn spec(spec: Value) -> Value {
    json!({"spec": spec})
}

#[test]
fn row_063_a_minimal_deployment() {
    let labels = json!({"app": "a"});
    let pod = |container: Value, more: Value| {
        let mut spec = more;
        spec["containers"] = json!([container]);
        json!({"metadata": {"labels": labels}, "spec": spec})
    };
    let git = spec(
        json!({"selector": {"matchLabels": labels}, "template": pod(json!({"name": "web", "image": "web:1"}), json!({}))}),
    );
    let container = json!({"name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent", "resources": {},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
    let defaults = json!({"dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
        "securityContext": {}, "terminationGracePeriodSeconds": 30});
    let live = json!({
        "spec": {"progressDeadlineSeconds": 600, "replicas": 1, "revisionHistoryLimit": 10, "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
            "template": pod(container, defaults)},
        "status": {"observedGeneration": 1}});
    Case::of("apps/v1", "Deployment").git(&git).live(&live).judged().in_sync();
}

#[test]
fn row_071_a_minimal_service() {
    let git = spec(json!({"ports": [{"port": 80}], "selector": {"app": "a"}, "type": "NodePort"}));
    let live = json!({
        "spec": {"ports": [{"port": 80, "targetPort": 80, "protocol": "TCP", "nodePort": 30001}], "selector": {"app": "a"},
            "clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
            "internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster", "sessionAffinity": "None", "type": "NodePort"},
        "status": {"loadBalancer": {}}});
    Case::of("v1", "Service").git(&git).live(&live).judged().in_sync();
}

#[test]
fn row_073_a_false_that_is_kept() {
    let service = spec(
        json!({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": false, "ports": [{"port": 80}]}),
    );
    Case::of("v1", "Service").git(&service).live(&service).judged().in_sync();
}

#[test]
fn row_075_the_label_of_a_namespace() {
    let live = json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "x"}}, "spec": {"finalizers": ["kubernetes"]}});
    let label = json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "x"}}});
    Case::of("v1", "Namespace")
        .git(&json!({}))
        .live(&live)
        .created_by("kubectl-create", &label)
        .judged()
        .in_sync();
}

#[test]
fn row_076_a_volume_claim_that_was_bound() {
    let git = spec(json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}));
    let bound = json!({
        "metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}},
        "spec": {"volumeName": "pv-1"}});
    let mut live = bound.clone();
    live["metadata"]["finalizers"] = json!(["kubernetes.io/pvc-protection"]);
    live["spec"] = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "standard", "volumeMode": "Filesystem", "volumeName": "pv-1"});
    live["status"] = json!({"phase": "Bound"});
    let case = Case::of("v1", "PersistentVolumeClaim").git(&git).live(&live);
    let judged = case.by("kube-controller-manager", &bound).judged().is("in-sync", &[]);
    judged.noted(NoteKind::Foreign, "kube-controller-manager", "spec.volumeName");
}

#[test]
fn row_077_secrets_that_a_controller_gives_a_service_account() {
    let secrets = |names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        json!({"secrets": items})
    };
    let case =
        Case::of("v1", "ServiceAccount").git(&secrets(&["ours"])).live(&secrets(&["ours", "x-dockercfg-1"]));
    let judged =
        case.by("openshift-controller-manager", &secrets(&["x-dockercfg-1"])).judged().is("in-sync", &[]);
    judged.noted(NoteKind::Foreign, "openshift-controller-manager", "secrets[x-dockercfg-1]");
}

#[test]
fn row_078_what_the_server_gives_a_job() {
    let container = json!({"name": "c", "image": "i:1"});
    let git = spec(json!({"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}));
    let labels = json!({"batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "x", "controller-uid": "u", "job-name": "x"});
    let live = spec(json!({
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}}, "completionMode": "NonIndexed", "parallelism": 1,
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], "restartPolicy": "Never"}}}));
    Case::of("batch/v1", "Job").git(&git).live(&live).judged().in_sync();
}

#[test]
fn row_080_defaults_inside_the_items_of_a_custom_resource() {
    let case = widget()
        .git(&spec(json!({"rules": [{"name": "a"}]})))
        .live(&spec(json!({"rules": [{"name": "a", "weight": 1}]})));
    case.judged().in_sync();
}

#[test]
fn row_081_a_person_changes_a_default_that_git_no_longer_has() {
    let live = spec(json!({"count": 1, "mode": "manual"}));
    let case = widget()
        .git(&spec(json!({"count": 1})))
        .live(&live)
        .by("kubectl-edit", &spec(json!({"mode": "manual"})));
    case.judged().is("drift", &[("spec.mode", "added")]).says("kubectl-edit");
}

#[test]
fn row_082_defaults_of_a_route() {
    let case = widget().git(&spec(json!({"backendRefs": [{"name": "web"}]})));
    let reference = json!({"group": "", "kind": "Service", "name": "web", "weight": 1});
    case.live(&spec(json!({"backendRefs": [reference]}))).judged().in_sync();
}
