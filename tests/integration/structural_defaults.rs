//! Structural defaults of generated definitions, as the real server fills them in and as they are computed here.

use std::collections::BTreeMap;

use gitops::object::id::Gvk;
use gitops::schema::Schema;
use gitops::schema::defaulting::defaulted;
use gitops::schema::openapi::Document;
use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::generate::structural;
use crate::support::program::{Source, gitops};

const GROUP: &str = "defaults.example.org";
const DEFINITIONS: u64 = 14;
const OBJECTS: u64 = 30;
const SEED: u64 = 20_261_121;

fn define(cluster: &Cluster) -> Vec<Value> {
    let definitions: Vec<Value> =
        (0..DEFINITIONS).map(|number| structural::definition(SEED, GROUP, number)).collect();
    for definition in &definitions {
        let kind = definition["spec"]["names"]["kind"].as_str().expect("a definition has a kind");
        cluster.define(definition, "v1", &format!("\"kind\":\"{kind}\""));
    }
    definitions
}

fn schemas(cluster: &Cluster) -> BTreeMap<String, Schema> {
    let document = cluster.kubectl_ok(&["get", "--raw", &format!("/openapi/v3/apis/{GROUP}/v1")]);
    let document = Document::parse(document.as_bytes()).expect("the server publishes a document");
    let kinds = (0..DEFINITIONS).map(|number| format!("Thing{number}"));
    let schema = |kind: &String| document.schema(&Gvk::new(GROUP, "v1", kind)).expect("it holds the kind");
    kinds.map(|kind| (kind.clone(), schema(&kind))).collect()
}

/// What is live of all kinds, by kind and name.
fn live(cluster: &Cluster, namespace: &str) -> BTreeMap<(String, String), Value> {
    let kinds: Vec<String> = (0..DEFINITIONS).map(|number| format!("thing{number}s.{GROUP}")).collect();
    let list = cluster.kubectl_ok(&["get", &kinds.join(","), "-n", namespace, "-o", "json"]);
    let list: Value = serde_json::from_str(&list).expect("kubectl prints JSON");
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let items = list["items"].as_array().expect("a list has items").iter();
    items.map(|item| ((text(&item["kind"]), text(&item["metadata"]["name"])), item["spec"].clone())).collect()
}

#[test]
fn the_server_stores_what_the_structural_defaults_say() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("defaults");
    let definitions = define(&cluster);
    let schemas = schemas(&cluster);
    let objects: Vec<Value> = definitions
        .iter()
        .flat_map(|definition| {
            (0..OBJECTS).map(|number| structural::custom(SEED, definition, number, &namespace))
        })
        .collect();
    let source = Source::of(&objects);
    // Some are refused: null for a field that neither takes it nor has a default.
    cluster.kubectl(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);

    let live = live(&cluster, &namespace);
    let (mut accepted, mut filled) = (Vec::new(), 0);
    for object in objects {
        let name = |value: &Value| value.as_str().expect("it is a text").to_owned();
        let Some(stored) = live.get(&(name(&object["kind"]), name(&object["metadata"]["name"]))) else {
            continue;
        };
        let schema = &schemas[&name(&object["kind"])];
        let computed = defaulted(schema, schema.root(), &object);
        assert_eq!(&computed["spec"], stored, "{object}");
        filled += usize::from(computed != object);
        accepted.push(object);
    }
    let all = (DEFINITIONS * OBJECTS) as usize;
    assert!(accepted.len() * 10 > all * 9, "{} of {all} are live", accepted.len());
    assert!(filled * 2 > all, "defaults changed {filled} of {all}");

    let source = Source::of(&accepted);
    let run = gitops(&cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    let report = run.report();
    assert_eq!((run.code, &report["counts"]["dryRuns"]), (0, &json!(0)), "{}{}", run.stdout, run.stderr);
    let run =
        gitops(&cluster, cluster.kubeconfig(), &["diff", source.path(), "--paranoid=100%", "-o", "json"]);
    let dry_runs = &run.report()["counts"]["dryRuns"];
    assert_eq!((run.code, dry_runs), (0, &json!(accepted.len())), "{}{}", run.stdout, run.stderr);
    no_wrong_proof_of_other_objects(&cluster, &definitions, &accepted, &namespace);
}

/// Objects that Git has changed in every way: whatever is proven of them is confirmed, and much differs.
fn no_wrong_proof_of_other_objects(
    cluster: &Cluster,
    definitions: &[Value],
    accepted: &[Value],
    namespace: &str,
) {
    let names: Vec<&Value> = accepted.iter().map(|object| &object["metadata"]["name"]).collect();
    let all = definitions.iter().flat_map(|definition| {
        (0..OBJECTS).map(|number| structural::custom(SEED + 1, definition, number, namespace))
    });
    let objects: Vec<Value> = all.filter(|object| names.contains(&&object["metadata"]["name"])).collect();
    let source = Source::of(&objects);
    let run =
        gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "--paranoid=100%", "-o", "json"]);
    assert!(!run.stderr.contains("bug:"), "{}", run.stderr);
    let in_sync = run.report()["summary"]["in-sync"].as_u64().expect("it is a number");
    assert!(in_sync > 10 && in_sync * 2 < objects.len() as u64, "{in_sync} of {} are in sync", objects.len());
}
