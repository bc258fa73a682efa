//! `gitops undo`: what a run changed, made and deleted goes back; what others did since stays.

use serde_json::{Value, json};

use super::{Set, a_second, actions, deployment, differing, reason, service};
use crate::support::cluster;
use crate::support::program::{Run, Source, gitops_at};

/// A ConfigMap, a Secret and a workload at one of two versions, and what only one of them has.
fn version(set: &Set<'_>, number: usize) -> Source {
    let text = |one: &str, two: &str| json!(if number == 1 { one } else { two });
    let mut web = deployment(&set.namespace);
    web["spec"]["replicas"] = if number == 1 { json!(3) } else { json!(5) };
    web["spec"]["template"]["spec"]["containers"][1]["image"] =
        text("registry.example/proxy:2", "registry.example/proxy:3");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": set.namespace},
        "data": {"k": text("b25l", "dHdv"), "same": "c2FtZQ=="}});
    let config = set.config("c", &json!({"a": text("1", "2"), "b": "1"}));
    let own = match number {
        1 => set.config("gone", &json!({"k": "v"})),
        _ => set.config("made", &json!({"k": "v"})),
    };
    Source::of(&[web, secret, config, own, service(&set.namespace)])
}

/// What people and tools see of an object: everything but its status and what the server counts.
fn content(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    let metadata = object["metadata"].as_object_mut().expect("an object has metadata");
    for key in ["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"] {
        metadata.remove(key);
    }
    // The controller counts the revisions of a Deployment.
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("deployment.kubernetes.io/revision");
    }
    if metadata.get("annotations").is_some_and(|annotations| annotations == &json!({})) {
        metadata.remove("annotations");
    }
    object
}

/// Who owns what since when, without what belongs to the status.
fn owners(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().expect("an object has managedFields");
    let mut texts: Vec<String> =
        entries.iter().filter(|entry| entry["subresource"] != "status").map(Value::to_string).collect();
    texts.sort();
    texts
}

fn undo_at(set: &Set<'_>, home: &std::path::Path, flags: &[&str]) -> Run {
    // The source only names a set, and this one has a name.
    let source = Source::files(&[]);
    let mut args = vec!["undo", source.path(), "--set-name", &set.name, "-n", &set.namespace, "-o", "json"];
    args.extend(flags);
    gitops_at(home, set.cluster.kubeconfig(), &args)
}

fn undo(set: &Set<'_>, flags: &[&str]) -> Run {
    undo_at(set, set.cluster.dir(), flags)
}

fn edit(set: &Set<'_>, what: &str, patch: &Value) {
    let patch = patch.to_string();
    set.kubectl(&["patch", what, "--type=strategic", "--field-manager=kubectl-edit", "-p", &patch]);
}

const ALL: [&str; 4] = ["deployment/web", "secret/s", "configmap/c", "service/web"];

/// Content, labels, owners and their times are those from before the run, in one change of the workload's specification; an
/// undo of the undo is the run again.
#[test]
fn everything_goes_back_as_it_was() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "undo");
    set.apply(&version(&set, 1));
    a_second();
    // Values of others than us, beside and among those that the next run writes.
    edit(&set, "deployment/web", &json!({"spec": {"replicas": 4, "template": {"spec": {"containers":
        [{"name": "web", "env": [{"name": "MINE", "value": "1"}]}]}}}}));
    edit(&set, "configmap/c", &json!({"data": {"added": "x"}, "metadata": {"annotations": {"note": "mine"}}}));
    a_second();
    let live = |what: &str| set.live(what);
    let before: Vec<Value> = ALL.iter().map(|what| live(what)).collect();
    let gone = live("configmap/gone");
    set.ok("apply", &version(&set, 2), &["--yes", "--prune"]);
    let after: Vec<Value> = ALL.iter().map(|what| live(what)).collect();
    assert_ne!(content(&after[0]), content(&before[0]));
    assert!(!set.exists("configmap/gone") && set.exists("configmap/made"));
    a_second();

    let dry = undo(&set, &["--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert_eq!(
        differing(&dry.report()),
        ["differs Secret s", "differs ConfigMap c", "missing ConfigMap gone", "extra ConfigMap made", "differs Deployment web"]
    );
    assert!(!dry.stdout.contains("b25l") && !dry.stdout.contains("dHdv"), "{}", dry.stdout);
    assert_eq!(content(&live("deployment/web")), content(&after[0]), "a dry run writes nothing");
    let run = undo(&set, &[]);
    assert_eq!(run.code, 5, "nobody was asked: {}", run.stderr);

    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(
        actions(&run.report()),
        ["configured Secret s", "configured ConfigMap c", "created ConfigMap gone", "deleted ConfigMap made", "configured Deployment web"]
    );
    for (what, before) in ALL.iter().zip(&before) {
        let now = live(what);
        assert_eq!(content(&now), content(before), "{what}");
        assert_eq!(owners(&now), owners(before), "{what}");
        assert_eq!(now["metadata"]["uid"], before["metadata"]["uid"], "{what}");
    }
    let generation = |object: &Value| object["metadata"]["generation"].as_i64().expect("it has a generation");
    assert_eq!(generation(&live("deployment/web")), generation(&after[0]) + 1, "one roll-out");
    let back = live("configmap/gone");
    assert_eq!((content(&back), owners(&back)), (content(&gone), owners(&gone)));
    assert_ne!(back["metadata"]["uid"], gone["metadata"]["uid"]);
    assert!(!set.exists("configmap/made"));

    // Once more: the run again.
    let run = undo(&set, &["--yes"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (what, after) in ALL.iter().zip(&after) {
        let now = live(what);
        assert_eq!(content(&now), content(after), "{what}");
        assert_eq!(owners(&now), owners(after), "{what}");
    }
    assert!(!set.exists("configmap/gone") && set.exists("configmap/made"));
    assert_eq!(differing(&set.ok("diff", &version(&set, 2), &[])), [""; 0]);
    assert_eq!(actions(&set.ok("apply", &version(&set, 2), &["--yes"])), [""; 0], "nothing is left to be applied");
}
