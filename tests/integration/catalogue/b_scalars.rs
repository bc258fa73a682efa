//! Scalars, formats and empty values.

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
fn row_034_quantities_of_custom_resources_are_text() {
    let limits = spec(json!({"limits": {"cpu": "1000m"}}));
    widget().git(&limits).live(&limits).judged().in_sync();
}

#[test]
fn row_035_an_operator_rewrites_a_quantity_of_a_custom_resource() {
    let (git, live) = (spec(json!({"limits": {"cpu": "1000m"}})), spec(json!({"limits": {"cpu": "1"}})));
    let case = widget().git(&git).live(&live).ours(&spec(json!({"limits": {}}))).by("operator", &live);
    case.predicted(&git).judged().is("drift", &[("spec.limits.cpu", "held")]).says("operator");
}

#[test]
fn row_036_a_number_and_its_text_are_different_ports() {
    let port = |value: Value| spec(json!({"ports": [{"port": 80, "targetPort": value}]}));
    let text = "Service \"x\" is invalid: spec.ports[0].targetPort: Invalid value: \"80\": must contain at least one letter (a-z)";
    let case =
        Case::of("v1", "Service").git(&port(json!("80"))).live(&port(json!(80))).ours(&port(json!(80)));
    let case = case.base(&port(json!(80))).refused(422, text);
    let path = "spec.ports[port=80,protocol=TCP].targetPort";
    case.judged().is("invalid", &[(path, "pending")]);

    let (git, live) = (spec(json!({"port": "80"})), spec(json!({"port": 80})));
    let case =
        widget().git(&git).live(&live).ours(&spec(json!({}))).by("kubectl-edit", &live).predicted(&git);
    case.judged().is("drift", &[("spec.port", "drift")]);
}

#[test]
fn row_037_a_float_that_is_an_integer() {
    let case = Case::of("apps/v1", "Deployment")
        .git_yaml("spec: {replicas: 3.0}")
        .live(&spec(json!({"replicas": 3})));
    case.judged().in_sync();
}

#[test]
fn row_038_a_float_that_is_an_integer_in_a_custom_resource() {
    widget().git_yaml("spec: {ratio: 1.0}").live(&spec(json!({"ratio": 1}))).judged().in_sync();
}

#[test]
fn row_039_large_integers_that_differ_in_the_last_digit() {
    let count = |value: i64| spec(json!({"count": value}));
    let (git, live) = (count(9_007_199_254_740_993), count(9_007_199_254_740_992));
    let case =
        widget().git(&git).live(&live).ours(&spec(json!({}))).by("kubectl-edit", &live).predicted(&git);
    case.judged().is("drift", &[("spec.count", "drift")]);
    widget().git(&git).live(&git).judged().in_sync();
}

#[test]
fn row_040_octal_modes() {
    let yaml = "spec: {template: {spec: {volumes: [{name: v, configMap: {name: c, defaultMode: 0644}}]}}}";
    let volume = json!({"name": "v", "configMap": {"name": "c", "defaultMode": 420}});
    let live = spec(json!({"template": {"spec": {"volumes": [volume]}}}));
    Case::of("apps/v1", "Deployment").git_yaml(yaml).live(&live).judged().in_sync();
}

#[test]
fn row_046_null_labels_leave_those_of_others() {
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let case = Case::of("v1", "ConfigMap").git(&labels(Value::Null)).live(&labels(json!({"x": "y"})));
    let judged = case.by("operator", &labels(json!({"x": "y"}))).judged().is("in-sync", &[]);
    judged.noted(NoteKind::Foreign, "operator", "metadata.labels.x");
}

#[test]
fn row_049_null_of_a_nullable_field_with_a_default() {
    let null = spec(json!({"nullable": null}));
    widget().git(&null).live(&null).judged().in_sync();
}

#[test]
fn row_050_null_of_a_field_with_a_default() {
    let case = widget().git(&spec(json!({"defaulted": null}))).live(&spec(json!({"defaulted": "x"})));
    case.judged().in_sync();
}

/// Corrected: the server does not prune it, it refuses it.
#[test]
fn row_051_null_of_a_field_without_a_default() {
    let text = "Widget.catalogue.example.org \"x\" is invalid: spec.plain: Invalid value: \"null\": spec.plain in body must be of type string: \"null\"";
    let case = widget().git(&spec(json!({"plain": null, "mode": "a"}))).live(&spec(json!({"mode": "a"})));
    let judged = case.base(&spec(json!({"mode": "a"}))).refused(422, text).judged();
    assert_eq!(judged.verdict.status.word(), "invalid");
}

#[test]
fn row_052_empty_values_that_a_controller_keeps_removing() {
    let git = spec(json!({"helm": {"valueFiles": [], "skipCrds": false}}));
    let case = widget().git(&git).live(&spec(json!({"helm": {}}))).ours(&json!({})).predicted(&git);
    let fields = [("spec.helm.skipCrds", "drift"), ("spec.helm.valueFiles", "drift")];
    case.judged().is("drift", &fields);
}

#[test]
fn row_053_null_timestamps() {
    let yaml = "spec: {template: {metadata: {creationTimestamp: null, labels: {a: b}}}}";
    let live = spec(json!({"template": {"metadata": {"labels": {"a": "b"}}}}));
    Case::of("apps/v1", "Deployment").git_yaml(yaml).live(&live).judged().in_sync();
}

#[test]
fn row_054_an_annotation_that_is_a_number() {
    let annotation = |value: &str| format!("data: {{a: {value}}}");
    let text = "failed to create typed patch object (n/x; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1.1}";
    let case = Case::of("v1", "ConfigMap").live(&json!({"data": {"a": "1.10"}})).ours(&json!({}));
    case.clone().git_yaml(&annotation("\"1.10\"")).judged().is("in-sync", &[]);
    let judged = case.git_yaml(&annotation("1.10")).refused(500, text).judged();
    assert_eq!(judged.verdict.status.word(), "invalid");
    judged.because("data.a: expected a string, found a number");
}

#[test]
fn row_057_string_data_of_a_secret() {
    let case = Case::of("v1", "Secret").git(&json!({"stringData": {"a": "b"}}));
    case.live(&json!({"data": {"a": "Yg=="}, "type": "Opaque"})).judged().in_sync();
}

#[test]
fn row_058_a_key_that_left_string_data() {
    let old = json!({"stringData": {"a": "b", "old": "c"}});
    let case = Case::of("v1", "Secret").git(&json!({"stringData": {"a": "b"}})).base(&old);
    let case = case.our_fields(&json!({"f:stringData": {"f:a": {}, "f:old": {}}}));
    let judged = case.live(&json!({"data": {"a": "Yg==", "old": "Yw=="}, "type": "Opaque"})).judged();
    judged.is("pending", &[("data.old", "stuck")]).says("owned by nobody");
}

#[test]
fn row_062_an_operator_rewrites_a_duration() {
    let (git, live) = (spec(json!({"interval": "60s"})), spec(json!({"interval": "1m0s"})));
    let case = widget().git(&git).live(&live).ours(&spec(json!({}))).by("operator", &live).predicted(&git);
    case.judged().is("drift", &[("spec.interval", "held")]).says("operator");
}

/// No row of its own: zero is a number like others where the server can tell it from nothing.
#[test]
fn zero_is_no_default() {
    let scaled = |count: u32| json!({"spec": {"replicas": count}});
    let case = Case::of("apps/v1", "Deployment").git(&scaled(0)).live(&scaled(1)).ours(&json!({}));
    let case = case.by("kubectl-edit", &scaled(1)).predicted(&scaled(0));
    case.judged().is("drift", &[("spec.replicas", "drift")]);
}
