//! Ownership, removal, and fields of others.

use gitops::compare::verdict::NoteKind;
use serde_json::{Value, json};

use super::race;
use super::values::Case;

fn deployment() -> Case {
    Case::of("apps/v1", "Deployment")
}

fn config() -> Case {
    Case::of("v1", "ConfigMap")
}

fn data(data: Value) -> Value {
    json!({"data": data})
}

fn web(container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("web");
    json!({"spec": {"template": {"spec": {"containers": [container]}}}})
}

fn replicas(count: u32) -> Value {
    json!({"spec": {"replicas": count}})
}

const WEB: &str = "spec.template.spec.containers[web]";

#[test]
fn row_084_a_key_that_left_git_and_is_only_ours() {
    let (old, git) = (data(json!({"a": "1", "b": "2"})), data(json!({"a": "1"})));
    let case = config().git(&git).base(&old).live(&old).ours(&old).predicted(&git);
    case.judged().is("pending", &[("data.b", "removal")]);
    // Base unknown: our own entry still tells.
    let case = config().git(&git).no_base().live(&old).ours(&old).predicted(&git);
    case.judged().is("pending", &[("data.b", "removal")]);
}

#[test]
fn row_085_a_key_that_left_git_and_client_side_apply_holds() {
    let (old, git) = (data(json!({"a": "1", "b": "2"})), data(json!({"a": "1"})));
    let case =
        config().git(&git).base(&old).live(&old).ours(&old).created_by("kubectl-client-side-apply", &old);
    case.judged().is("pending", &[("data.b", "stuck")]).says("kubectl-client-side-apply");
}

#[test]
fn row_087_another_image_by_kubectl_set() {
    let (git, live) = (web(json!({"image": "web:1"})), web(json!({"image": "web:2"})));
    let image = format!("{WEB}.image");
    let case =
        deployment().git(&git).live(&live).ours(&web(json!({}))).by("kubectl-set", &live).predicted(&git);
    case.clone().judged().is("drift", &[(&image, "drift")]).says("kubectl-set");
    case.no_base().judged().is("drift", &[(&image, "drift")]).says("kubectl-set");
}

#[test]
fn row_088_a_variable_by_a_person() {
    let env = |names: &[&str]| {
        web(json!({"env": names.iter().map(|name| json!({"name": name, "value": "1"})).collect::<Vec<_>>()}))
    };
    let added = json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "env": [{"name": "B", "value": "1"}]}]}}}});
    let case = deployment().git(&env(&["A"])).live(&env(&["A", "B"])).by("kubectl-edit", &added);
    case.judged().is("drift", &[(&format!("{WEB}.env[B]"), "added")]).says("kubectl-edit");
}

#[test]
fn row_089_a_key_by_a_person() {
    let case = config().git(&data(json!({"a": "1"}))).live(&data(json!({"a": "1", "b": "2"})));
    let case = case.by("kubectl-edit", &data(json!({"b": "2"})));
    case.judged().is("drift", &[("data.b", "added")]).says("kubectl-edit");
}

#[test]
fn row_090_host_aliases_by_a_person() {
    let aliases =
        json!({"spec": {"template": {"spec": {"hostAliases": [{"ip": "10.0.0.9", "hostnames": ["db"]}]}}}});
    let mut live = aliases.clone();
    live["spec"]["replicas"] = json!(1);
    let case = deployment().git(&replicas(1)).live(&live).by("kubectl-edit", &aliases);
    let path = "spec.template.spec.hostAliases[ip=10.0.0.9]";
    case.judged().is("drift", &[(path, "added")]).says("kubectl-edit");
}

#[test]
fn row_091_a_label_that_somebody_took_away() {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let (git, live) = (labels(json!({"a": "1", "b": "2"})), labels(json!({"a": "1"})));
    let case = config().git(&git).live(&live).ours(&live).predicted(&git);
    case.judged().is("drift", &[("metadata.labels.b", "drift")]);
}

#[test]
fn row_092_replicas_of_an_autoscaler() {
    let case = deployment().git(&replicas(3)).live(&replicas(5)).ours(&json!({}));
    let case = case.through("kube-controller-manager", "scale", &replicas(5)).predicted(&replicas(3));
    case.judged().is("in-sync", &[("spec.replicas", "held")]).says("an autoscaler holds it");
}

#[test]
fn row_093_replicas_by_a_person() {
    let case = deployment().git(&replicas(3)).live(&replicas(5)).ours(&json!({}));
    let case = case.through("kubectl", "scale", &replicas(5)).predicted(&replicas(3));
    case.judged().is("drift", &[("spec.replicas", "drift")]).says("kubectl/scale");
}

/// What KEDA does itself: from and to zero, through the scale subresource.
#[test]
fn row_095_replicas_of_a_scaled_object() {
    let case = deployment().git(&replicas(3)).live(&replicas(0)).ours(&json!({}));
    let case = case.through("keda", "scale", &replicas(0)).predicted(&replicas(3));
    let spec = json!({"scaleTargetRef": {"name": "x"}, "minReplicaCount": 0, "maxReplicaCount": 5});
    let scaled = case.clone().scaled_by("keda.sh", "ScaledObject", &spec);
    scaled.judged().is("in-sync", &[("spec.replicas", "held")]).says("ScaledObject n/s");
    let never_zero = json!({"scaleTargetRef": {"name": "x"}, "minReplicaCount": 1});
    let outside = case.scaled_by("keda.sh", "ScaledObject", &never_zero);
    outside.judged().is("drift", &[("spec.replicas", "held")]).says("out of bounds");
}

#[test]
fn row_096_a_restart() {
    let restarted = json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-03"}}}}});
    let mut live = restarted.clone();
    live["spec"]["replicas"] = json!(1);
    let case = deployment().git(&replicas(1)).live(&live).by("kubectl-rollout", &restarted);
    let path = r#"spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]"#;
    case.judged().is("in-sync", &[]).noted(NoteKind::Addition, "kubectl-rollout", path);
}

#[test]
fn row_097_the_revision_of_a_deployment() {
    let revision = json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "3"}}});
    let mut live = revision.clone();
    live["spec"] = json!({"replicas": 1});
    let case =
        deployment().git(&replicas(1)).live(&live).through("kube-controller-manager", "status", &revision);
    let path = r#"metadata.annotations["deployment.kubernetes.io/revision"]"#;
    case.judged().is("in-sync", &[]).noted(NoteKind::Foreign, "kube-controller-manager/status", path);
}

fn webhook(client: Value) -> Value {
    json!({"webhooks": [{"name": "w.example.org", "clientConfig": client}]})
}

#[test]
fn row_098_a_certificate_that_was_injected() {
    let (git, ca) = (webhook(json!({"url": "https://w"})), webhook(json!({"caBundle": "Q0E="})));
    let live = webhook(json!({"url": "https://w", "caBundle": "Q0E="}));
    let case =
        Case::of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration").git(&git).live(&live);
    let judged = case.by("cert-manager-cainjector", &ca).judged().is("in-sync", &[]);
    judged.noted(
        NoteKind::Foreign,
        "cert-manager-cainjector",
        "webhooks[w.example.org].clientConfig.caBundle",
    );
}

#[test]
fn row_099_a_placeholder_where_a_certificate_was_injected() {
    let (git, live) = (webhook(json!({"caBundle": "Cg=="})), webhook(json!({"caBundle": "Q0E="})));
    let case =
        Case::of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration").git(&git).live(&live);
    let case = case.ours(&webhook(json!({}))).by("cert-manager-cainjector", &live).predicted(&git);
    let path = "webhooks[w.example.org].clientConfig.caBundle";
    case.judged().is("drift", &[(path, "held")]).says("cert-manager-cainjector");
    // Asked for by annotation, it is what Git wants.
    let annotated = |object: Value| {
        let mut object = object;
        object["metadata"]["annotations"] = json!({"cert-manager.io/inject-ca-from": "ns/ca"});
        object
    };
    let (git, live) = (annotated(git), annotated(live));
    let case =
        Case::of("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration").git(&git).live(&live);
    let ours = annotated(webhook(json!({})));
    let certificate = webhook(json!({"caBundle": "Q0E="}));
    let case = case.ours(&ours).by("cert-manager-cainjector", &certificate).predicted(&git);
    case.judged().is("in-sync", &[(path, "held")]).says("placeholder");
}

#[test]
fn row_100_equal_and_never_applied_by_us() {
    let same = data(json!({"a": "1"}));
    let case = config().git(&same).live(&same).not_ours().created_by("kubectl-create", &same);
    case.no_base().judged().is("in-sync", &[]).noted(NoteKind::Adopt, "", "");
}

#[test]
fn row_101_different_and_never_applied_by_us() {
    let (git, live) = (data(json!({"a": "1"})), data(json!({"a": "2"})));
    let case = config().git(&git).live(&live).not_ours().created_by("kubectl-create", &live).no_base();
    case.predicted(&git).judged().is("differs", &[("data.a", "differs")]);
}

#[test]
fn row_102_equal_and_tracking_was_reset() {
    let same = data(json!({"a": "1"}));
    let judged = config().git(&same).live(&same).not_ours().judged().is("in-sync", &[]);
    judged.noted(NoteKind::Adopt, "", "");
}

#[test]
fn row_103_another_apply_forced_its_value() {
    let (git, live) = (data(json!({"a": "1"})), data(json!({"a": "2"})));
    let case =
        config().git(&git).live(&live).ours(&json!({})).applied_by("other-tool", &live).predicted(&git);
    case.judged().is("drift", &[("data.a", "held")]).says("other-tool");
}

#[test]
fn row_104_a_variable_that_left_git_and_another_claims() {
    let env = web(json!({"env": [{"name": "A", "value": "1"}]}));
    let git = web(json!({"image": "web:1"}));
    let old = web(json!({"image": "web:1", "env": [{"name": "A", "value": "1"}]}));
    let case = deployment().git(&git).base(&old).live(&old).ours(&old).by("kube-green", &env);
    case.judged().is("pending", &[(&format!("{WEB}.env[A]"), "stuck")]).says("kube-green");
}

#[test]
fn row_105_an_owner_that_an_operator_set() {
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "o"}]}});
    let mut live = owner.clone();
    live["data"] = json!({"a": "1"});
    let judged = config().git(&data(json!({"a": "1"}))).live(&live).by("operator", &owner).judged();
    judged.is("in-sync", &[]).noted(NoteKind::Foreign, "operator", "metadata.ownerReferences[uid=o]");
}

#[test]
fn row_106_an_object_that_is_being_deleted() {
    for value in ["1", "2"] {
        let live = json!({"metadata": {"deletionTimestamp": "2026-01-03T00:00:00Z", "finalizers": ["x/y"]}, "data": {"a": value}});
        let judged = config().git(&data(json!({"a": "1"}))).live(&live).judged();
        assert_eq!(judged.verdict.status.word(), "terminating", "live has {value}");
    }
}

/// A new uid answers the dry run with 422 about `metadata.uid`; the object is read again and only that is judged.
#[tokio::test(start_paused = true)]
async fn row_107_deleted_and_made_again_between_list_and_dry_run() {
    let uid =
        json!([{"reason": "FieldValueInvalid", "message": "field is immutable", "field": "metadata.uid"}]);
    let (verdict, dry_runs) = race::run("1", "uid-new", 422, "Invalid", uid.clone()).await;
    assert_eq!((verdict.status.word(), verdict.fields.len(), dry_runs), ("in-sync", 0, 1));
    let (verdict, dry_runs) = race::run("other", "uid-new", 422, "Invalid", uid).await;
    assert_eq!(verdict.fields[0].live, Some(json!("other")), "what is live now, not what was listed");
    assert_eq!(dry_runs, 2);
}

#[tokio::test(start_paused = true)]
async fn row_108_written_between_list_and_dry_run() {
    let (verdict, dry_runs) = race::run("1", "uid-old", 409, "Conflict", json!([])).await;
    assert_eq!((verdict.status.word(), verdict.fields.len(), dry_runs), ("in-sync", 0, 1));
}
