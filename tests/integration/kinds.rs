//! Every kind that the API serves and that can be created is in sync right after kubectl applied it, rich in fields, in each of
//! the ways in which people create objects.

use std::collections::BTreeSet;

use gitops::render::plain::render_stream;

use crate::support::cluster;
use crate::support::kinds::{BUILTIN, objects, text};
use crate::support::program::{self, Object, Source, gitops};

/// The ways in which people create objects, by the arguments of kubectl.
const WAYS: [(&str, &[&str]); 3] = [
    ("server", &["apply", "--server-side", "--field-manager=gitops"]),
    ("client", &["apply"]),
    ("create", &["create"]),
];

/// What client-side apply does not bring: nulls that a custom resource may hold. Server-side apply would store them.
const NULLS: [(&str, &[&str]); 2] = [
    ("Gadget", &["spec.none differs"]),
    ("Widget", &["spec.free.a.b differs", "spec.note differs", "spec.title differs"]),
];

/// Paths and classes of an object's fields.
fn fields(object: &Object<'_>) -> Vec<String> {
    object.fields().into_iter().map(|(path, class, _)| format!("{path} {class}")).collect()
}

/// The manifests of all files under other names, so that each way has objects of its own.
fn files(way: &str, number: usize, namespace: &str) -> Vec<(String, String)> {
    let own = |file: &str| {
        text(file)
            .replace("name: rich", &format!("name: rich-{way}"))
            .replace("kinds.example.com", &format!("kinds-{way}.example.com"))
            .replace("nothing.example.com", &format!("nothing-{way}.example.com"))
            .replace("10.77.", &format!("10.{}.", 200 + number))
            .replace("namespace: default", &format!("namespace: {namespace}"))
    };
    let files = ["definitions"].into_iter().chain(BUILTIN).chain(["custom"]);
    files.map(|file| (format!("{file}.yaml"), own(file))).collect()
}

#[test]
fn every_kind_that_can_be_created_is_in_sync_however_it_was_applied() {
    // A server of its own: webhooks, policies, quotas and classes would be felt by others.
    let Some(cluster) = cluster::private() else { return };
    for (number, (way, arguments)) in WAYS.into_iter().enumerate() {
        let namespace = cluster.namespace(way);
        let files = files(way, number, &namespace);
        let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&name[..], &text[..])).collect();
        let source = Source::files(&named);
        let mut count = 0;
        for (name, text) in &files {
            let file = source.file(name);
            let file = file.to_str().expect("the name is UTF-8");
            cluster.kubectl_ok(&[arguments, &["--namespace", &namespace, "-f", file]].concat());
            if name == "definitions.yaml" {
                cluster.kubectl_ok(&["wait", "--for=condition=Established", "-f", file]);
            }
            count += render_stream(text.as_bytes()).expect("the manifests can be read").items.len();
        }
        let args = ["diff", source.path(), "--namespace", &namespace, "-o", "json", "--show", "in-sync"];
        let run = gitops(&cluster, cluster.kubeconfig(), &args);
        let report = run.report();
        let objects = program::objects(&report);
        let other = |object: &&Object<'_>| object.status() != "in-sync";
        let found: Vec<_> =
            objects.iter().filter(other).map(|object| (object.kind(), fields(object))).collect();
        let expected = if way == "client" { NULLS.as_slice() } else { &[] };
        let owned = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        let expected: Vec<(&str, Vec<String>)> =
            expected.iter().map(|(kind, fields)| (*kind, owned(fields))).collect();
        assert_eq!(found, expected, "{way}");
        let code = i32::from(!expected.is_empty());
        assert_eq!((run.code, objects.len()), (code, count), "{way}: {}", run.stderr);
        let strange =
            objects.iter().filter(|object| object.notes().iter().any(|(kind, ..)| *kind != "adopt"));
        assert_eq!(strange.map(|object| object.0.to_string()).collect::<Vec<_>>(), [""; 0], "{way}");
        cluster::tell(&format!(
            "kinds in sync, {way}: {count} objects, {} dry runs",
            report["counts"]["dryRuns"]
        ));
    }
}

/// Otherwise the test above would prove little: the manifests cover what discovery lists.
#[test]
fn every_kind_that_can_be_created_has_a_manifest() {
    let Some(cluster) = cluster::shared() else { return };
    let listed = cluster.kubectl_ok(&["api-resources", "--verbs=create,get,list,patch", "--no-headers"]);
    // Other tests define kinds of their own in the shared cluster.
    let defined = ["get", "customresourcedefinitions", "-o", "jsonpath={.items[*].spec.group}"];
    let defined = cluster.kubectl_ok(&defined);
    let defined: BTreeSet<&str> = defined.split_whitespace().collect();
    // NAME SHORTNAMES APIVERSION NAMESPACED KIND; the second may be empty.
    let served: BTreeSet<(&str, &str)> = listed
        .lines()
        .map(|line| line.split_whitespace().rev().collect::<Vec<_>>())
        .map(|words| (words[2].rsplit_once('/').map_or("", |(group, _)| group), words[0]))
        .filter(|(group, _)| !defined.contains(group))
        .collect();
    assert!(served.len() >= 50, "{served:?}");
    let all: Vec<_> = ["definitions"].into_iter().chain(BUILTIN).flat_map(objects).collect();
    let group = |version: &str| version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
    let ours: BTreeSet<(String, String)> = all
        .iter()
        .map(|object| {
            let text = |key: &str| object[key].as_str().unwrap_or_default();
            (group(text("apiVersion")), text("kind").to_owned())
        })
        .collect();
    let lacking: Vec<_> = served
        .iter()
        .filter(|(group, kind)| !ours.contains(&((*group).to_owned(), (*kind).to_owned())))
        .collect();
    assert_eq!(lacking, [&("", ""); 0], "kinds without a manifest in fixtures/kinds");
}
