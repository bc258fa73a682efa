//! Lists, keys and order.

use gitops::compare::verdict::NoteKind;
use serde_json::{Value, json};

use super::values::Case;

fn deployment() -> Case {
    Case::of("apps/v1", "Deployment")
}

fn service() -> Case {
    Case::of("v1", "Service")
}

fn pod(spec: &Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn containers(items: &[Value]) -> Value {
    pod(&json!({"containers": items}))
}

fn named(names: &[&str]) -> Value {
    containers(&names.iter().map(|name| json!({"name": name, "image": "i"})).collect::<Vec<_>>())
}

fn env(items: Value) -> Value {
    containers(&[json!({"name": "web", "env": items})])
}

fn variables(names: &[&str]) -> Value {
    env(names.iter().map(|name| json!({"name": name, "value": "1"})).collect())
}

fn ports(items: Value) -> Value {
    json!({"spec": {"ports": items}})
}

const CONTAINERS: &str = "spec.template.spec.containers";
const ENV: &str = "spec.template.spec.containers[web].env";

#[test]
fn row_001_key_defaults_complete_a_port() {
    let live = ports(json!([{"port": 80, "protocol": "TCP", "targetPort": 80}]));
    service().git(&ports(json!([{"port": 80}]))).live(&live).judged().in_sync();
}

#[test]
fn row_002_another_protocol_is_another_port() {
    let tcp = ports(json!([{"port": 53, "protocol": "TCP"}]));
    let udp = ports(json!([{"port": 53, "protocol": "UDP"}]));
    let (old, new) = ("spec.ports[port=53,protocol=TCP]", "spec.ports[port=53,protocol=UDP]");
    let case = service().git(&udp).live(&tcp).ours(&tcp).base(&tcp).predicted(&udp);
    case.judged().is("pending", &[(old, "removal"), (new, "pending")]);
    // Somebody put the other one in place of ours.
    let both = ports(json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]));
    let edited = service().git(&udp).live(&tcp).ours(&json!({})).by("kubectl-edit", &tcp).predicted(&both);
    edited.judged().is("drift", &[(old, "added"), (new, "drift")]);
}

#[test]
fn row_003_ports_of_both_protocols_in_another_order() {
    let git = ports(json!([{"port": 53, "protocol": "UDP"}, {"port": 53}]));
    let live = ports(json!([{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}]));
    let case = service().git(&git).live(&live).predicted(&git);
    case.judged().is("drift", &[("spec.ports", "drift")]).says("order differs");
}

#[test]
fn row_004_containers_in_another_order() {
    let case = deployment().git(&named(&["b", "a"])).live(&named(&["a", "b"])).predicted(&named(&["b", "a"]));
    case.judged().is("drift", &[(CONTAINERS, "drift")]).says("order differs");
}

#[test]
fn row_005_an_injected_container_between_ours() {
    let case = deployment().git(&named(&["a", "b"])).live(&named(&["a", "istio-proxy", "b"]));
    let judged = case.by("sidecar-injector", &named(&["istio-proxy"])).judged().is("in-sync", &[]);
    judged.noted(NoteKind::Foreign, "sidecar-injector", "spec.template.spec.containers[istio-proxy]");
}

#[test]
fn row_006_another_order_around_an_injected_container() {
    let case = deployment().git(&named(&["b", "a"])).live(&named(&["a", "istio", "b"]));
    let case = case.by("sidecar-injector", &named(&["istio"])).predicted(&named(&["istio", "b", "a"]));
    case.judged().is("drift", &[(CONTAINERS, "drift")]).says("order differs");
}

#[test]
fn row_007_a_variable_that_git_adds_between_two() {
    let old = variables(&["A", "B"]);
    let case = deployment().git(&variables(&["A", "X", "B"])).base(&old).ours(&old);
    let case = case.live(&variables(&["A", "B", "F"])).by("operator", &variables(&["F"]));
    let judged = case.predicted(&variables(&["A", "X", "B", "F"])).judged();
    let judged = judged.is("pending", &[(&format!("{ENV}[X]"), "pending")]);
    judged.noted(NoteKind::Foreign, "operator", &format!("{ENV}[F]"));
}

#[test]
fn row_008_a_variable_twice_in_git() {
    let text = r#"failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].env: duplicate entries for key [name="X"]"#;
    let twice = |a: &str, b: &str| env(json!([{"name": "X", "value": a}, {"name": "X", "value": b}]));
    for (git, live) in [(twice("1", "2"), variables(&["X"])), (twice("1", "1"), variables(&["X"]))] {
        let case = deployment().git(&git).live(&live).ours(&live).base(&live).refused(500, text);
        let judged = case.judged();
        assert_eq!(judged.verdict.status.word(), "invalid");
        judged.because("env[X]: the list holds this item more than once");
    }
    let verdict = deployment().git(&twice("1", "2")).judged().verdict;
    assert_eq!(verdict.status.word(), "invalid", "also where nothing is live");
}

#[test]
fn row_009_a_variable_twice_in_live_that_git_does_not_have() {
    let foreign = json!([{"name": "FOO", "value": "1"}, {"name": "FOO", "value": "2"}]);
    deployment().git(&containers(&[json!({"name": "web"})])).live(&env(foreign)).judged().in_sync();
}

#[test]
fn row_010_a_variable_of_ours_twice_in_live() {
    let git = env(json!([{"name": "X", "value": "2"}]));
    let live = env(json!([{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]));
    let case = deployment().git(&git).live(&live).predicted(&git);
    case.judged().is("drift", &[(&format!("{ENV}[X]"), "drift")]).says("more than once");
}

#[test]
fn row_012_a_number_as_the_value_of_a_variable() {
    let text = r#"failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.template.spec.containers[name="web"].env[name="X"].value: expected string, got &value.valueUnstructured{Value:1}"#;
    let git = env(json!([{"name": "X", "value": 1}]));
    let case = deployment().git(&git).live(&variables(&["X"])).ours(&variables(&["X"])).refused(500, text);
    let judged = case.judged();
    assert_eq!(judged.verdict.status.word(), "invalid");
    judged.because("env[X].value: expected a string, found a number");
    let absent = deployment().git(&git).judged();
    assert_eq!(absent.verdict.status.word(), "invalid");
}

#[test]
fn row_013_variables_in_another_order() {
    let git = variables(&["A", "B"]);
    let case = deployment().git(&git).live(&variables(&["B", "A"])).predicted(&git);
    case.judged().is("drift", &[(ENV, "drift")]).says("order differs");
}

#[test]
fn row_014_another_volume_at_the_same_place() {
    let mount = |name: &str| {
        containers(&[json!({"name": "web", "volumeMounts": [{"mountPath": "/a", "name": name}]})])
    };
    let case =
        deployment().git(&mount("v2")).live(&mount("v1")).ours(&json!({})).by("kubectl-edit", &mount("v1"));
    let path = "spec.template.spec.containers[web].volumeMounts[mountPath=/a].name";
    case.predicted(&mount("v2")).judged().is("drift", &[(path, "drift")]).says("kubectl-edit");
}

#[test]
fn row_015_another_source_of_a_volume() {
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("v");
        pod(&json!({"volumes": [volume]}))
    };
    let old = volume(json!({"emptyDir": {}}));
    let git = volume(json!({"configMap": {"name": "c"}}));
    let stored = volume(json!({"configMap": {"name": "c", "defaultMode": 420}}));
    let case = deployment().git(&git).live(&old).ours(&old).base(&old).predicted(&stored);
    let at = "spec.template.spec.volumes[v]";
    let fields = [(&*format!("{at}.configMap"), "pending"), (&*format!("{at}.emptyDir"), "removal")];
    case.judged().is("pending", &fields);
}

fn finalizers(names: &[&str]) -> Value {
    json!({"metadata": {"finalizers": names}})
}

#[test]
fn row_017_a_finalizer_of_another() {
    let case =
        Case::of("v1", "ConfigMap").git(&finalizers(&["ours/z"])).live(&finalizers(&["x/y", "ours/z"]));
    let judged = case.by("operator", &finalizers(&["x/y"])).judged().is("in-sync", &[]);
    judged.noted(NoteKind::Foreign, "operator", r#"metadata.finalizers[="x/y"]"#);
}

#[test]
fn row_018_a_finalizer_of_ours_that_somebody_took_away() {
    let case = Case::of("v1", "ConfigMap").git(&finalizers(&["ours/z"])).live(&finalizers(&["x/y"]));
    let case = case.ours(&json!({})).by("operator", &finalizers(&["x/y"]));
    let judged = case.predicted(&finalizers(&["x/y", "ours/z"])).judged();
    judged.is("drift", &[(r#"metadata.finalizers[="ours/z"]"#, "drift")]);
}

#[test]
fn row_020_another_key_in_a_node_selector() {
    let selector = |value: Value| pod(&json!({"nodeSelector": value}));
    let (git, live) = (selector(json!({"a": "b"})), selector(json!({"a": "b", "extra": "x"})));
    let case = deployment().git(&git).live(&live).ours(&json!({})).by("kubectl-edit", &live).predicted(&git);
    case.judged().is("drift", &[("spec.template.spec.nodeSelector", "drift")]).says("kubectl-edit");
}

#[test]
fn row_021_another_key_in_the_selector_of_a_service() {
    let selector = |value: Value| json!({"spec": {"selector": value}});
    let (git, live) = (selector(json!({"a": "b"})), selector(json!({"a": "b", "extra": "x"})));
    let case = service().git(&git).live(&live).ours(&json!({})).by("kubectl-edit", &live).predicted(&git);
    case.judged().is("drift", &[("spec.selector", "drift")]).says("kubectl-edit");
}

#[test]
fn row_022_a_label_by_a_person() {
    let labels = |value: Value| json!({"metadata": {"labels": value}});
    let case = deployment().git(&labels(json!({"x": "y"}))).live(&labels(json!({"x": "y", "z": "1"})));
    let case = case.by("kubectl-label", &labels(json!({"z": "1"})));
    let judged = case.clone().judged().is("in-sync", &[]);
    judged.noted(NoteKind::Addition, "kubectl-label", "metadata.labels.z");
    case.strict().judged().is("drift", &[("metadata.labels.z", "added")]);
}

#[test]
fn row_023_a_second_port_by_a_person() {
    let git = ports(json!([{"port": 80}]));
    let live = ports(json!([{"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "TCP"}]));
    let case = service().git(&git).live(&live).by("kubectl-edit", &ports(json!([{"port": 81}])));
    case.judged().is("drift", &[("spec.ports[port=81,protocol=TCP]", "added")]).says("kubectl-edit");
}

#[test]
fn row_024_a_container_that_leaves_git_and_is_held_in_place() {
    let (both, git) = (named(&["nginx", "caddy"]), named(&["caddy"]));
    let case = deployment().git(&git).live(&both).ours(&both).base(&named(&["nginx"]));
    let case = case.created_by("kubectl-client-side-apply", &named(&["nginx"]));
    let judged = case.judged().is("pending", &[("spec.template.spec.containers[nginx]", "stuck")]);
    judged.says("kubectl-client-side-apply");
}

#[test]
fn row_025_constraints_with_two_keys_and_defaults() {
    let constraint = |more: &[(&str, &str)]| {
        let mut constraint =
            json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"});
        for (key, value) in more {
            constraint[key] = json!(value);
        }
        pod(&json!({"topologySpreadConstraints": [constraint]}))
    };
    let live = constraint(&[("nodeAffinityPolicy", "Honor"), ("nodeTaintsPolicy", "Ignore")]);
    deployment().git(&constraint(&[])).live(&live).judged().in_sync();
}

#[test]
fn row_026_our_order_in_a_set_that_another_shares() {
    let parts = |items: &[&str]| json!({"spec": {"parts": items}});
    let case = Case::of("catalogue.example.org/v1", "Widget")
        .git(&parts(&["a", "b"]))
        .live(&parts(&["b", "x", "a"]));
    let case = case.applied_by("other", &parts(&["x"])).predicted(&parts(&["x", "a", "b"]));
    let judged = case.judged().is("drift", &[("spec.parts", "drift")]);
    judged.says("order differs; an apply moves items of other as well");
}
