//! Types, versions, schemas.

use gitops::compare::survey::{Bases, Setting, survey};
use gitops::compare::verdict::{ObjectVerdict, Status};
use gitops::desired::Entry;
use gitops::live::{Catalog, LiveSet, Observed, Presence};
use gitops::object::id::ObjectId;
use gitops::render::plain::render_stream;
use gitops::schema::Schema;
use gitops::schema::openapi::Document;
use serde_json::{Value, json};

use super::schemas::schemas;
use super::values::{Case, catalog, gvk, resolved};

const GROUP: &str = "catalogue.example.org/v1";

fn widget() -> Case {
    Case::of(GROUP, "Widget")
}

fn gadget() -> Case {
    Case::of(GROUP, "Gadget")
}

fn spec(spec: Value) -> Value {
    json!({"spec": spec})
}

/// The schema of a Widget whose `spec` has these fields.
fn widget_of(properties: Value) -> Schema {
    let document = json!({"components": {"schemas": {"Widget": {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}, "metadata": {"type": "object"}},
        "x-kubernetes-group-version-kind": [{"group": "catalogue.example.org", "version": "v1", "kind": "Widget"}],
    }}}});
    let document = Document::parse(document.to_string().as_bytes()).expect("it is a document");
    document.schema(&gvk(GROUP, "Widget")).expect("it holds the kind")
}

/// Everything that can be told without a cluster about some documents, none of which is live.
fn surveyed(yaml: &str, catalog: &Catalog) -> Vec<ObjectVerdict> {
    let desired = resolved(yaml, catalog);
    let absent: LiveSet = desired.entries.keys().map(|id| (id.clone(), Ok(Presence::Absent))).collect();
    let setting = Setting {
        desired: &desired,
        schemas: schemas(),
        bases: &Bases::Unknown,
        policy: Default::default(),
        owners_recorded: true,
        rules: &Default::default(),
    };
    survey(&setting, &absent).verdicts
}

fn statuses(verdicts: &[ObjectVerdict]) -> Vec<(String, &str)> {
    verdicts.iter().map(|verdict| (verdict.id.to_string(), verdict.status.word())).collect()
}

#[test]
fn row_109_a_field_that_does_not_exist() {
    let text = "failed to create typed patch object (n/x; apps/v1, Kind=Deployment): .spec.bogus: field not declared in schema";
    let case = Case::of("apps/v1", "Deployment").git(&spec(json!({"bogus": 1, "replicas": 1})));
    let case =
        case.live(&spec(json!({"replicas": 1}))).ours(&spec(json!({"replicas": 1}))).refused(500, text);
    let judged = case.judged();
    assert_eq!(judged.verdict.status.word(), "invalid");
    judged.because("spec.bogus: field not declared in schema");
}

#[test]
fn row_110_a_field_that_only_the_server_knows() {
    let content = spec(json!({"brandNew": 1}));
    let newer = widget_of(json!({"brandNew": {"type": "integer"}}));
    widget().schema(newer).git(&content).live(&content).judged().in_sync();
}

/// Corrected: a path of ours that left the schema takes a live ancestor with it, so only the server can tell.
#[test]
fn row_111_a_field_that_left_the_definition() {
    let ours = json!({"f:spec": {"f:count": {}, "f:obj": {"f:gone": {}}}});
    let (git, live) = (spec(json!({"count": 1})), spec(json!({"count": 1, "obj": {"keep": "kk"}})));
    let case = widget().git(&git).live(&live).our_fields(&ours);
    case.clone().predicted(&git).judged().is("pending", &[("spec.obj", "removal")]);
    case.predicted_as_live().judged().is("in-sync", &[]);
    let case = widget().git(&git).live(&git).our_fields(&ours);
    case.judged().is("in-sync", &[]);
}

#[test]
fn row_115_a_key_that_differs_in_free_content() {
    let free = |value: &str| spec(json!({"free": {"nested": {"deep": value}}}));
    let case =
        widget().git(&free("a")).live(&free("b")).ours(&spec(json!({}))).by("kubectl-edit", &free("b"));
    case.predicted(&free("a")).judged().is("drift", &[("spec.free.nested.deep", "drift")]);
}

#[test]
fn row_116_lists_without_a_schema_are_compared_in_order() {
    let list = |items: Value| spec(json!({"list": items}));
    let (git, live) = (list(json!([1, 2])), list(json!([2, 1])));
    for case in [gadget(), gadget().without_schema()] {
        let case = case.git(&git).live(&live).ours(&json!({})).by("kubectl-edit", &live).predicted(&git);
        case.judged().is("drift", &[("spec.list", "drift")]);
    }
}

#[test]
fn row_118_status_where_it_is_a_subresource() {
    let git = json!({"spec": {"count": 1}, "status": {"phase": "New"}});
    let live = json!({"spec": {"count": 1}, "status": {"phase": "Ready"}});
    widget().git(&git).live(&live).judged().in_sync();
}

#[test]
fn row_119_status_where_it_is_a_field() {
    let (git, live) = (json!({"status": {"phase": "New"}}), json!({"status": {"phase": "Ready"}}));
    let case = gadget().git(&git).live(&live).ours(&json!({})).by("kubectl-edit", &live).predicted(&git);
    case.judged().is("drift", &[("status.phase", "drift")]);
}

#[test]
fn row_120_a_definition_without_preserved_fields() {
    let names = json!({"plural": "x", "kind": "X"});
    let git = spec(json!({"group": "g", "names": names, "preserveUnknownFields": false}));
    let case = Case::of("apiextensions.k8s.io/v1", "CustomResourceDefinition").without_schema();
    case.git(&git).live(&spec(json!({"group": "g", "names": names}))).judged().in_sync();
}

#[test]
fn row_121_the_same_object_twice() {
    let one = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
    let verdicts = surveyed(&format!("{one}---\n{one}"), &catalog(schemas().keys()));
    assert_eq!(statuses(&verdicts), [("ConfigMap n/x".to_owned(), "invalid")]);
    assert_eq!(verdicts[0].places, [("-".to_owned(), 1), ("-".to_owned(), 5)]);
}

#[test]
fn row_122_a_name_that_the_server_would_make() {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n";
    let verdicts = surveyed(yaml, &catalog(schemas().keys()));
    assert_eq!(verdicts[0].status, Status::Invalid);
    assert!(verdicts[0].reason.as_deref().is_some_and(|reason| reason.contains("generateName")));
}

#[test]
fn row_123_lists_and_empty_documents() {
    let item = |name: &str| format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}");
    let yaml = format!(
        "---\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n- {}\n- {}\n---\n{}\n---\n",
        item("a"),
        item("b"),
        item("c")
    );
    let names: Vec<String> =
        render_stream(yaml.as_bytes()).expect("it is read").items.into_iter().map(|item| item.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn row_124_namespaces_by_the_scope_of_the_kind() {
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n\
        apiVersion: v1\nkind: Namespace\nmetadata: {name: z, namespace: wrong}\n";
    let verdicts = surveyed(yaml, &catalog(schemas().keys()));
    let expected = [("Namespace z".to_owned(), "missing"), ("ConfigMap n/x".to_owned(), "missing")];
    assert_eq!(statuses(&verdicts), expected);
}

const DEFINITION: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
    metadata: {name: widgets.catalogue.example.org}\n\
    spec: {group: catalogue.example.org, scope: Namespaced, names: {kind: Widget}}\n";

#[test]
fn row_125_a_kind_that_the_same_render_defines() {
    let resource = format!("apiVersion: {GROUP}\nkind: Widget\nmetadata: {{name: x}}\n");
    let served = [gvk("apiextensions.k8s.io/v1", "CustomResourceDefinition")];
    let verdicts = surveyed(&format!("{DEFINITION}---\n{resource}"), &catalog(&served));
    let definition = "CustomResourceDefinition widgets.catalogue.example.org".to_owned();
    assert_eq!(statuses(&verdicts), [(definition, "missing"), ("Widget n/x".to_owned(), "missing")]);
    assert!(verdicts[1].reason.as_deref().is_some_and(|reason| reason.starts_with("kind pending")));
    // Without the definition it can never be applied.
    assert_eq!(surveyed(&resource, &catalog(&served))[0].status, Status::Invalid);
}

#[test]
fn row_126_a_group_that_cannot_be_discovered() {
    let mut catalog = catalog(schemas().keys());
    catalog.incomplete.insert("metrics.k8s.io".to_owned(), "service unavailable".to_owned());
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n---\n\
        apiVersion: metrics.k8s.io/v1beta1\nkind: NodeMetrics\nmetadata: {name: z}\n";
    let desired = resolved(yaml, &catalog);
    let id = ObjectId::new(&gvk("v1", "ConfigMap"), "n", "x");
    let Some(Entry::Ready(ready)) = desired.entries.get(&id) else { panic!("it is ready") };
    let mut object = ready.object();
    object["metadata"]["managedFields"] = json!([]);
    let json = object.to_string().into_bytes().into();
    let live = LiveSet::from([(id, Ok(Presence::Found(Observed { json })))]);
    let setting = Setting {
        desired: &desired,
        schemas: schemas(),
        bases: &Bases::Unknown,
        policy: Default::default(),
        owners_recorded: true,
        rules: &Default::default(),
    };
    let verdicts = survey(&setting, &live).verdicts;
    let expected = [("ConfigMap n/x".to_owned(), "in-sync"), ("NodeMetrics z".to_owned(), "unknown")];
    assert_eq!(statuses(&verdicts), expected);
    assert!(verdicts[1].reason.as_deref().is_some_and(|reason| reason.contains("service unavailable")));
}
