//! Every row of the table of defaults, stored on a real server: absent, null and as an explicit zero.
//!
//! The test walks the table itself, so a row for which nothing is stored here fails it.

mod forms;
mod hosts;

use std::collections::BTreeMap;

use gitops::compare::contain::contain;
use gitops::compare::defaults::{Filled, Row, TABLE};
use gitops::object::id::{GroupVersion, Gvk};
use gitops::schema::Schema;
use gitops::schema::openapi::Document;
use serde_json::{Map, Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::program::{Source, gitops};

/// Fields that are keys of a keyed list: null and zero make another key of them, and each apply would append an item.
const KEYS: &[(&str, &str)] =
    &[("io.k8s.api.core.v1.ContainerPort", "protocol"), ("io.k8s.api.core.v1.ServicePort", "protocol")];

/// One object that holds a row's struct.
struct Stored {
    row: usize,
    variant: &'static str,
    pointer: &'static str,
    git: Value,
}

fn zero(filled: Filled) -> Value {
    let of = |value: Value| match value {
        Value::String(_) => json!(""),
        Value::Number(_) => json!(0),
        Value::Bool(_) => json!(false),
        Value::Array(_) => json!([]),
        _ => json!({}),
    };
    match filled {
        Filled::Json(text) => of(serde_json::from_str(text).expect("the table holds JSON")),
        Filled::Beside(_) | Filled::ExactCount => json!(0),
        Filled::PullPolicy | Filled::RbacGroup => json!(""),
    }
}

fn variants(row: &Row) -> Vec<(&'static str, Option<Value>)> {
    let all = vec![("absent", None), ("null", Some(Value::Null)), ("zero", Some(zero(row.filled)))];
    let only_absent = KEYS.contains(&(row.of, row.field));
    all.into_iter().filter(|(name, _)| !only_absent || *name == "absent").collect()
}

fn objects(namespace: &str) -> Vec<Stored> {
    let hosts = hosts::hosts();
    let one = |(number, row): (usize, &Row)| {
        let (pointer, host) =
            hosts.get(row.of).unwrap_or_else(|| panic!("no object holds a {}", row.of)).clone();
        let stored = move |(variant, value): (&'static str, Option<Value>)| {
            let mut git = host.clone();
            let fields = git.pointer_mut(pointer).and_then(Value::as_object_mut);
            let fields = fields.unwrap_or_else(|| panic!("{} is not at {pointer}", row.of));
            fields.remove(row.field);
            fields.extend(value.map(|value| (row.field.to_owned(), value)));
            let name = format!("row-{number}-{variant}");
            git["metadata"]["name"] = json!(name);
            if !hosts::CLUSTER_SCOPED.contains(&git["kind"].as_str().expect("it has a kind")) {
                git["metadata"]["namespace"] = json!(namespace);
            }
            Stored { row: number, variant, pointer, git }
        };
        variants(row).into_iter().map(stored).collect::<Vec<_>>()
    };
    TABLE.iter().enumerate().flat_map(one).collect()
}

fn schema(cluster: &Cluster, cache: &mut BTreeMap<String, Document>, object: &Value) -> Schema {
    let version = object["apiVersion"].as_str().expect("it has a version");
    let document = cache.entry(version.to_owned()).or_insert_with(|| {
        let root = if version.contains('/') { "apis" } else { "api" };
        let text = cluster.kubectl_ok(&["get", "--raw", &format!("/openapi/v3/{root}/{version}")]);
        Document::parse(text.as_bytes()).expect("the server publishes a document")
    });
    let group = GroupVersion::parse(version).expect("it is a version");
    let kind = object["kind"].as_str().expect("it has a kind");
    document
        .schema(&Gvk { group: group.group, version: group.version, kind: kind.to_owned() })
        .expect("it is published")
}

/// What is live of these objects, by kind and name.
fn live(cluster: &Cluster, source: &Source) -> BTreeMap<(String, String), Value> {
    let list = cluster.kubectl_ok(&["get", "-f", source.path(), "--ignore-not-found", "-o", "json"]);
    let list: Value = serde_json::from_str(&list).expect("kubectl prints JSON");
    let items = list["items"].as_array().expect("a list has items").clone();
    items.into_iter().map(|item| (key(&item), item)).collect()
}

fn key(object: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    (text(&object["kind"]), text(&object["metadata"]["name"]))
}

#[test]
fn every_default_of_the_table_is_what_the_server_fills_in() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("table");
    let objects = objects(&namespace);
    let source = Source::of(&objects.iter().map(|object| object.git.clone()).collect::<Vec<_>>());
    // Some zeros are refused, such as a token that expires at once.
    cluster.kubectl(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    let live = live(&cluster, &source);

    let mut documents = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, row) in TABLE.iter().enumerate() {
        let name = format!("{}.{}", row.of.rsplit('.').next().unwrap_or_default(), row.field);
        let stored: Vec<&Stored> = objects.iter().filter(|object| object.row == number).collect();
        let at = |object: &Stored| -> Option<Option<Value>> {
            Some(live.get(&key(&object.git))?.pointer(object.pointer)?.get(row.field).cloned())
        };
        let Some(Some(default)) = at(stored[0]) else {
            wrong.push(format!("{name}: nothing is filled in where it is absent"));
            continue;
        };
        if let Filled::Json(text) = row.filled
            && serde_json::from_str::<Value>(text).ok().as_ref() != Some(&default)
        {
            wrong.push(format!("{name}: the server fills in {default}"));
        }
        let schema = schema(&cluster, &mut documents, &stored[0].git);
        for object in &stored {
            let Some(own) = live.get(&key(&object.git)) else { continue };
            let contained = |live: &Value| contain(&schema, &object.git, live, None).differences.is_empty();
            if !contained(own) {
                wrong.push(format!("{name} {}: not known to be stored as {:?}", object.variant, at(object)));
            }
            // A zero that is kept is another value than the default.
            let same = at(object) == Some(Some(default.clone()));
            if contained(&live[&key(&stored[0].git)]) != same {
                wrong.push(format!("{name} {}: taken for {default} although {same}", object.variant));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));

    let accepted: Vec<Value> =
        objects.iter().map(|object| object.git.clone()).filter(|git| live.contains_key(&key(git))).collect();
    assert!(accepted.len() > 2 * TABLE.len(), "{} objects are live", accepted.len());
    let source = Source::of(&accepted);
    let run = gitops(&cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    let report = run.report();
    assert_eq!((run.code, &report["counts"]["dryRuns"]), (0, &json!(0)), "{}", run.stdout);
    assert_confirmed(&cluster, &source, accepted.len());
}

/// The server confirms every proof.
fn assert_confirmed(cluster: &Cluster, source: &Source, count: usize) {
    let run =
        gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "--paranoid=100%", "-o", "json"]);
    assert_eq!(
        (run.code, &run.report()["counts"]["dryRuns"]),
        (0, &json!(count)),
        "{}{}",
        run.stdout,
        run.stderr
    );
}

/// Everything else that is stored in other words than it is written.
#[test]
fn other_forms_are_known_to_be_stored_in_other_words() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("forms");
    let named = |(name, object): (&'static str, Value)| {
        let mut object = object;
        object["metadata"]["name"] = json!(name);
        object["metadata"]["namespace"] = json!(namespace);
        object
    };
    let objects: Vec<Value> = forms::forms().into_iter().map(named).collect();
    let source = Source::of(&objects);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    let live = live(cluster, &source);
    let (mut documents, mut wrong) = (BTreeMap::new(), Vec::new());
    for git in &objects {
        let schema = schema(cluster, &mut documents, git);
        let found = contain(&schema, git, &live[&key(git)], None).differences;
        wrong.extend(found.iter().map(|found| format!("{:?} {}: {:?}", key(git), found.path, found.live)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    assert_eq!((run.code, &run.report()["counts"]["dryRuns"]), (0, &json!(0)), "{}", run.stdout);
    assert_confirmed(cluster, &source, objects.len());
}

/// Spellings of a quantity, in a list of resources and elsewhere: every one that the server takes is stored as computed.
#[test]
fn quantities_are_stored_as_computed() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("quantities");
    let texts = "1 1000m 0.5 500m 1.5 0.1 0.10 0.25 0.001 0.0001 0.0005 0.0015 1u 1n 1500u 100n 1000000n 1k 1000 1M 1000M 1G 1000k \
        1024Mi 1Gi 1Ki 1024 1025 1536Mi 1.5Gi 0.5Gi 0.5Mi 0.3Gi 1e3 1E3 1e-3 12e6 1E 1Ei 9Ei 8Ei 10Ei 9223372036854775807 \
        9223372036854775808 99999999999999999999 1P 1000P 0 0m 0Gi 00 -0 +1 +1Gi 01 007 1.0 1.000 1. .5 0.50Gi 1.0Gi 100.000Mi \
        1048576 1048576Ki 2048Ki 3Ti 1024Gi 0.9999999 1.0005 123456789.123456789";
    let spelled = texts.split_whitespace().map(|text| json!(text));
    let numbers = [
        json!(1),
        json!(0),
        json!(1.5),
        json!(0.1),
        json!(1000.0),
        json!(1_048_576),
        json!(9_007_199_254_740_993_u64),
    ];
    let quantities: Vec<Value> = spelled.chain(numbers).collect();
    let quota: Map<String, Value> = quantities
        .iter()
        .enumerate()
        .map(|(at, value)| (format!("requests.example.org/q{at}"), value.clone()))
        .collect();
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": namespace}, "spec": {"hard": quota}});
    let volumes: Vec<Value> = quantities
        .iter()
        .enumerate()
        .map(|(at, value)| json!({"name": format!("v{at}"), "emptyDir": {"sizeLimit": value}}))
        .collect();
    let pod = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}], "volumes": volumes}});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "q", "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": pod}});
    let source = Source::of(&[quota, deployment]);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    let live = live(cluster, &source);
    let of = |kind: &str| &live[&(kind.to_owned(), "q".to_owned())]["spec"];
    for (at, value) in quantities.iter().enumerate() {
        use gitops::object::quantity::{Rounding, stored};
        let listed = of("ResourceQuota")["hard"][format!("requests.example.org/q{at}")].as_str();
        assert_eq!(stored(value, Rounding::Milli).as_deref(), listed, "{value} in a list of resources");
        let alone = of("Deployment")["template"]["spec"]["volumes"][at]["emptyDir"]["sizeLimit"].as_str();
        assert_eq!(stored(value, Rounding::Nano).as_deref(), alone, "{value} alone");
    }
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    assert_eq!((run.code, &run.report()["counts"]["dryRuns"]), (0, &json!(0)), "{}", run.stdout);
}
