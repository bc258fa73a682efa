//! What is as Git has it is reported as such, however it was applied and whatever the server made of its spelling.

#![expect(clippy::disallowed_methods, reason = "reads the shop's manifests, waits for the next second")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use gitops::compare::paranoid::Percent;
use gitops::object::id::{GroupVersion, Gvk, ObjectId};
use serde_json::Value;

use crate::support::cluster::{self, Cluster};
use crate::support::generate::{self, MORE, TWELVE};
use crate::support::program::{self, Run, Source, gitops, gitops_at};

const SEED: u64 = 20_261_103;
/// Objects of each of the twelve kinds.
const EACH: u64 = 84;
/// Objects of each further kind.
const EACH_MORE: u64 = 20;

/// The three ways in which people create objects, by the arguments of kubectl.
const WAYS: [(&str, &[&str]); 3] = [
    ("server-side", &["apply", "--server-side", "--field-manager=gitops"]),
    ("client-side", &["apply"]),
    ("created", &["create"]),
];

/// Thousands of objects in a cluster of their own, so that other tests do not have to list them.
struct Crowd {
    cluster: Cluster,
    /// For each way its namespace and all objects of it.
    applied: Vec<(String, Source)>,
}

impl Crowd {
    fn get() -> Option<&'static Self> {
        static CROWD: OnceLock<Option<Crowd>> = OnceLock::new();
        CROWD.get_or_init(|| cluster::private().map(Self::apply)).as_ref()
    }

    fn apply(cluster: Cluster) -> Self {
        let create = |(way, arguments): &(&str, &[&str])| {
            let namespace = cluster.namespace(way);
            let source = Source::of(&objects(&namespace));
            cluster.kubectl_ok(&[*arguments, &["-f", source.path()]].concat());
            (namespace, source)
        };
        let applied = std::thread::scope(|scope| {
            let running: Vec<_> = WAYS.iter().map(|way| scope.spawn(|| create(way))).collect();
            running.into_iter().map(|thread| thread.join().expect("kubectl creates the objects")).collect()
        });
        Self { cluster, applied }
    }
}

fn objects(namespace: &str) -> Vec<Value> {
    let mut objects = generate::objects(SEED, &TWELVE, EACH, namespace);
    objects.extend(generate::objects(SEED, &MORE, EACH_MORE, namespace));
    objects
}

/// Exit 0, nothing listed, all of that number in sync, and no notes but that gitops has not applied something itself.
fn assert_in_sync(run: &Run, count: usize, what: &str) {
    let report = run.report();
    let listed: Vec<_> = program::objects(&report).iter().map(|object| object.0.to_string()).collect();
    assert!(listed.is_empty(), "{what}: {} differ, such as {}", listed.len(), listed[0]);
    assert_eq!(run.code, 0, "{what}: {}", run.stderr);
    assert_eq!(report["summary"]["in-sync"], count, "{what}");
    assert_eq!(report["summary"]["objects"], count, "{what}");
    for object in program::noted(&report) {
        let adopt = object.notes().iter().all(|(kind, ..)| *kind == "adopt");
        assert!(adopt, "{what}: {}", object.0);
    }
}

#[test]
fn the_generated_objects_hold_every_canonical_entry() {
    let objects = generate::objects(SEED, &TWELVE, EACH, "any");
    assert!(objects.len() >= 1000 && TWELVE.len() >= 12);
    let rare: Vec<_> =
        generate::entries::count(&objects).into_iter().filter(|(_, count)| *count < 5).collect();
    assert!(rare.is_empty(), "{rare:?}");
    assert_eq!(objects, generate::objects(SEED, &TWELVE, EACH, "any"), "the same each time");
}

#[test]
fn generated_objects_are_in_sync_however_they_were_applied() {
    let Some(crowd) = Crowd::get() else { return };
    for ((way, _), (_, source)) in WAYS.iter().zip(&crowd.applied) {
        let run = gitops(&crowd.cluster, crowd.cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
        assert_in_sync(&run, objects("any").len(), way);
    }
}

/// Each proof is held against the server, which agrees with all of them.
#[test]
fn the_server_agrees_with_every_proof() {
    let Some(crowd) = Crowd::get() else { return };
    for ((way, _), (namespace, source)) in WAYS.iter().zip(&crowd.applied) {
        let objects = objects(namespace);
        for (flag, percent) in [("--paranoid=100%", 100), ("--paranoid", 5), ("--paranoid=0", 0)] {
            let args = ["diff", source.path(), "-o", "json", flag];
            let run = gitops(&crowd.cluster, crowd.cluster.kubeconfig(), &args);
            assert!(
                !run.stderr.contains("bug:") && !run.stderr.contains("--paranoid"),
                "{way}: {}",
                run.stderr
            );
            assert_in_sync(&run, objects.len(), way);
            let percent = Percent::new(percent).expect("it is at most 100");
            let sampled = objects.iter().filter(|object| percent.holds(&identity(object))).count();
            assert_eq!(run.report()["counts"]["dryRuns"], sampled, "{way} {flag}");
        }
    }
}

fn identity(object: &Value) -> ObjectId {
    let text = |value: &Value| value.as_str().expect("it is a text").to_owned();
    let version = GroupVersion::parse(&text(&object["apiVersion"])).expect("it is a version");
    let gvk = Gvk { group: version.group, version: version.version, kind: text(&object["kind"]) };
    ObjectId::new(&gvk, &text(&object["metadata"]["namespace"]), &text(&object["metadata"]["name"]))
}

/// Otherwise the test above would prove nothing.
#[test]
fn the_server_stores_most_generated_objects_as_something_else() {
    let Some(crowd) = Crowd::get() else { return };
    let kinds = TWELVE.map(|kind| kind.kind).join(",");
    for (namespace, _) in &crowd.applied {
        let stored = crowd.cluster.kubectl_ok(&["get", &kinds, "--namespace", namespace, "--output=json"]);
        let stored: Value = serde_json::from_str(&stored).expect("kubectl prints JSON");
        let stored = stored["items"].as_array().expect("a list has items");
        let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        let stored: BTreeMap<String, &Value> = stored.iter().map(|live| (name(live), live)).collect();
        let objects = generate::objects(SEED, &TWELVE, EACH, namespace);
        let other = objects.iter().filter(|object| !is_literally_in(object, stored[&name(object)])).count();
        assert!(other >= objects.len() / 2, "only {other} of {} are stored in other words", objects.len());
    }
}

/// Whether all that the first says stands in the second in the same words; lists item by item.
fn is_literally_in(desired: &Value, live: &Value) -> bool {
    match (desired, live) {
        (Value::Object(desired), Value::Object(live)) => {
            desired.iter().all(|(key, value)| live.get(key).is_some_and(|live| is_literally_in(value, live)))
        }
        (Value::Array(desired), Value::Array(live)) => {
            desired.len() == live.len()
                && desired.iter().zip(live).all(|(desired, live)| is_literally_in(desired, live))
        }
        _ => desired == live,
    }
}

#[test]
fn a_thousand_objects_of_twelve_kinds_cost_no_dry_run_and_few_requests_also_without_rights_to_write() {
    let Some(crowd) = Crowd::get() else { return };
    let cluster = &crowd.cluster;
    let source = Source::of(&generate::objects(SEED, &TWELVE, EACH, &crowd.applied[0].0));
    let (writer, reader) = (cluster.user(), cluster.user());
    cluster.allow_everywhere(&writer, "*", "*.*");
    cluster.allow_everywhere(&reader, "get,list", "*.*");
    for user in [&writer, &reader] {
        let home = tempfile::tempdir().expect("a directory can be made");
        for (cache, most) in [("cold", 30), ("warm", 24)] {
            let mark = cluster.mark();
            let run = gitops_at(home.path(), &user.kubeconfig, &["diff", source.path(), "-o", "json"]);
            assert_in_sync(&run, 1008, cache);
            let mut requests = cluster.requests_since(mark);
            requests.retain(|request| request.user == user.name);
            assert!(requests.iter().all(|request| request.user_agent.starts_with("gitops/")), "{requests:?}");
            let wrote = requests.iter().find(|request| !["get", "list"].contains(&request.verb.as_str()));
            assert!(wrote.is_none(), "{wrote:?}");
            assert!(
                requests.len() <= most,
                "{} requests with a {cache} cache: {requests:#?}",
                requests.len()
            );
            assert_eq!(
                run.report()["counts"]["requests"],
                requests.len(),
                "the report counts what the server counts"
            );
            assert_eq!(run.report()["counts"]["dryRuns"], 0);
        }
    }
}

#[test]
fn without_the_right_to_list_secrets_they_are_unknown_and_all_else_is_compared() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("no-secrets");
    let source = Source::of(&generate::objects(SEED, &TWELVE, 2, &namespace));
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    // What is written in the second of the creation may be the creator's.
    std::thread::sleep(Duration::from_millis(1100));
    let patch = r#"{"data":{"added":"live"}}"#;
    cluster.kubectl_ok(&["patch", "configmap", "configmap-0", "-n", &namespace, "-p", patch]);
    let user = cluster.user();
    let resources = "configmaps,serviceaccounts,services,deployments.apps,statefulsets.apps,daemonsets.apps,\
        cronjobs.batch,horizontalpodautoscalers.autoscaling,networkpolicies.networking.k8s.io,\
        ingresses.networking.k8s.io,rolebindings.rbac.authorization.k8s.io";
    cluster.allow_in(&namespace, &user, "get,list", resources);

    let run = gitops(cluster, &user.kubeconfig, &["diff", source.path(), "-o", "json"]);
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    let report = run.report();
    let seen: Vec<_> =
        program::objects(&report).iter().map(|object| (object.name(), object.status())).collect();
    assert_eq!(seen, [("secret-0", "unknown"), ("secret-1", "unknown"), ("configmap-0", "drift")]);
    for name in ["secret-0", "secret-1"] {
        let reason = program::object(&report, "Secret", name).expect("it is listed").reason();
        assert!(reason.contains("cannot list secrets in namespace"), "the missing right: {reason}");
    }
    assert_eq!(report["summary"]["in-sync"], 21);

    let text = gitops(cluster, &user.kubeconfig, &["diff", source.path()]);
    assert_eq!(text.code, 3);
    assert!(
        text.stdout.contains("unknown") && text.stdout.contains("cannot list secrets"),
        "{}",
        text.stdout
    );
}

/// The files of the shop, with another name for its namespace and cluster-wide roles.
fn shop(namespace: &str) -> Source {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop");
    let read = |dir: &Path| {
        std::fs::read_dir(dir).expect("it is there").map(|entry| entry.expect("it can be read").path())
    };
    let mut files = Vec::new();
    for file in read(&shop).flat_map(|dir| read(&dir)) {
        let text = std::fs::read_to_string(&file).expect("it is text");
        let text = text.replace("namespace: shop\n", &format!("namespace: {namespace}\n"));
        let text = text.replace("name: shop\n", &format!("name: {namespace}\n"));
        let text = text.replace("name: shop-", &format!("name: {namespace}-"));
        let name = file.strip_prefix(&shop).expect("it is below").to_string_lossy().into_owned();
        files.push((name, text));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Source::files(&files)
}

#[test]
fn the_shop_is_in_sync_however_it_was_applied() {
    let Some(crowd) = Crowd::get() else { return };
    let cluster = &crowd.cluster;
    for (way, arguments) in WAYS {
        let source = shop(&format!("market-{way}"));
        let path = |dir| source.file(dir).to_string_lossy().into_owned();
        cluster.kubectl_ok(&[arguments, &["-f", &path("cluster")]].concat());
        cluster.kubectl_ok(&["wait", "--for=condition=Established", "crd/promotions.shop.example.com"]);
        for dir in ["database", "orders", "promotions", "web"] {
            cluster.kubectl_ok(&[arguments, &["-f", &path(dir)]].concat());
        }
        let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
        assert_in_sync(&run, 26, way);
        // The next way creates it anew.
        cluster.kubectl_ok(&["delete", "crd/promotions.shop.example.com"]);
    }
}
