//! The schemas of the catalogue's rows, as a kube-apiserver publishes them, and the test that they still are what it does.
//!
//! `fixtures/openapi` holds one file for a group-version: the definitions that the kinds in use reach, without
//! descriptions. `GITOPS_RECORD=1 tests/run catalogue::schemas` writes them again from the test cluster.

#![expect(clippy::disallowed_methods, reason = "reads and records the fixtures, waits for the server")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gitops::object::id::Gvk;
use gitops::schema::Schema;
use gitops::schema::openapi::Document;
use serde_json::{Map, Value, json};

use crate::support::cluster::{self, Cluster};

/// Group, version and kinds of each file.
const RECORDED: &[(&str, &str, &[&str])] = &[
    ("", "v1", &["ConfigMap", "Namespace", "PersistentVolumeClaim", "Secret", "Service", "ServiceAccount"]),
    ("admissionregistration.k8s.io", "v1", &["MutatingWebhookConfiguration"]),
    ("apps", "v1", &["DaemonSet", "Deployment", "StatefulSet"]),
    ("autoscaling", "v2", &["HorizontalPodAutoscaler"]),
    ("batch", "v1", &["CronJob", "Job"]),
    ("catalogue.example.org", "v1", &["Gadget", "Widget"]),
    ("networking.k8s.io", "v1", &["Ingress", "NetworkPolicy"]),
    ("policy", "v1", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", "v1", &["ClusterRole", "Role", "RoleBinding"]),
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openapi")
}

fn file(group: &str, version: &str) -> PathBuf {
    let group = if group.is_empty() { "core" } else { group };
    directory().join(format!("{group}_{version}.json"))
}

/// The definitions of the custom resources, as a List.
pub(super) fn definitions() -> PathBuf {
    directory().join("crds.json")
}

/// The schemas of all recorded kinds.
pub(super) fn schemas() -> &'static BTreeMap<Gvk, Schema> {
    static SCHEMAS: OnceLock<BTreeMap<Gvk, Schema>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let mut schemas = BTreeMap::new();
        for (group, version, kinds) in RECORDED {
            let text = std::fs::read(file(group, version)).expect("it is recorded");
            let document = Document::parse(&text).expect("it is a document");
            for kind in *kinds {
                let gvk = Gvk::new(group, version, kind);
                let schema = document.schema(&gvk).expect("the file holds the kind");
                schemas.insert(gvk, schema);
            }
        }
        schemas
    })
}

/// A document, which the server publishes a moment after the definition of a custom resource is established.
fn document(cluster: &Cluster, path: &str) -> String {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let output = cluster.kubectl(&["get", "--raw", path]);
        if output.status.success() {
            return String::from_utf8(output.stdout).expect("it is UTF-8");
        }
        assert!(Instant::now() < limit, "{path}: {}", String::from_utf8_lossy(&output.stderr));
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What the server publishes for some kinds, one definition a line.
fn published(cluster: &Cluster, group: &str, version: &str, kinds: &[&str]) -> String {
    let path = if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") };
    let text = document(cluster, &format!("/openapi/v3/{path}"));
    let document: Value = serde_json::from_str(&text).expect("the server publishes JSON");
    let all = document["components"]["schemas"].as_object().expect("it holds definitions");
    let roots = all.iter().filter(|(_, definition)| {
        let published = definition["x-kubernetes-group-version-kind"].as_array();
        published.into_iter().flatten().any(|gvk| {
            gvk["group"] == *group
                && gvk["version"] == *version
                && kinds.iter().any(|kind| gvk["kind"] == **kind)
        })
    });
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut left: Vec<String> = roots.map(|(name, _)| name.clone()).collect();
    while let Some(name) = left.pop() {
        if reached.insert(name.clone()) {
            references(&all[&name], &mut left);
        }
    }
    let lines: Vec<String> = reached
        .iter()
        .map(|name| format!("{}: {}", json!(name), without_descriptions(&all[name], false)))
        .collect();
    format!("{{\"components\": {{\"schemas\": {{\n{}\n}}}}}}\n", lines.join(",\n"))
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get("$ref") {
                found.push(target.rsplit('/').next().unwrap_or_default().to_owned());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// `names` is true where the keys are names of fields and not words of the schema language.
fn without_descriptions(value: &Value, names: bool) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(key, _)| names || *key != "description");
            let trimmed = kept.map(|(key, value)| {
                (key.clone(), without_descriptions(value, !names && key == "properties"))
            });
            Value::Object(trimmed.collect::<Map<String, Value>>())
        }
        Value::Array(items) => items.iter().map(|item| without_descriptions(item, false)).collect(),
        other => other.clone(),
    }
}

#[test]
fn the_recorded_schemas_are_what_the_server_publishes() {
    let Some(cluster) = cluster::shared() else { return };
    let definitions = definitions();
    let crds = definitions.to_str().expect("the path is UTF-8");
    cluster.kubectl_ok(&["apply", "--server-side", "--force-conflicts", "-f", crds]);
    cluster.kubectl_ok(&["wait", "--for=condition=Established", "-f", crds]);
    let record = std::env::var_os("GITOPS_RECORD").is_some();
    for (group, version, kinds) in RECORDED {
        let published = published(cluster, group, version, kinds);
        let file = file(group, version);
        if record {
            std::fs::write(&file, &published).expect("the fixture can be written");
        }
        let recorded = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            recorded == published,
            "{} is not what {} publishes; GITOPS_RECORD=1 records it again",
            file.display(),
            cluster.version()
        );
    }
}
