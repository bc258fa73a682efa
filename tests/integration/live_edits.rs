//! Live edits by the real kubectl, each to an object of its own: what they are taken for, and who is named.

mod manifests;
mod tables;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use self::tables::{CLIENT_SIDE, COUNTED, Edit, NOTED};
use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Field, Run, Source};

/// Edited objects in a namespace, and the source they were applied from.
struct Edited {
    cluster: &'static Cluster,
    edits: &'static [Edit],
    namespace: String,
    source: Source,
}

impl Edited {
    /// Applies an object for each edit with `apply`, and makes the edits.
    fn prepare(cluster: &'static Cluster, edits: &'static [Edit], apply: &[&str]) -> Self {
        let namespace = cluster.namespace("edits");
        let crd = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop/cluster/promotion-crd.yaml");
        cluster.kubectl_ok(&["apply", "--server-side", "-f", crd]);
        cluster.kubectl_ok(&["wait", "--for=condition=Established", "-f", crd]);
        let objects: Vec<Value> =
            edits.iter().map(|edit| manifests::manifest(edit.kind, edit.name, &namespace)).collect();
        let source = Source::of(&objects);
        cluster.kubectl_ok(&[apply, &["-f", source.path()]].concat());
        // The server's times have whole seconds: an edit in the second of the apply is not newer.
        std::thread::sleep(Duration::from_millis(1100));
        let edited = Self { cluster, edits, namespace, source };
        edited.edit_all();
        edited
    }

    /// Four at a time, as fast as kubectl starts.
    fn edit_all(&self) {
        let left = Mutex::new(self.edits.iter());
        let next = || left.lock().expect("no edit panics under the lock").next();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(edit) = next() {
                        let names = format!("N={}\nK={}/{}", edit.name, edit.kind.to_lowercase(), edit.name);
                        let output =
                            self.cluster.shell(&self.namespace, &format!("{names}\n{}", edit.script));
                        let said = String::from_utf8_lossy(&output.stderr);
                        assert!(output.status.success(), "{}: {said}", edit.name);
                        assert!(!said.contains("no changes"), "{}: {said}", edit.name);
                    }
                });
            }
        });
    }

    fn diff(&self, flags: &[&str]) -> Run {
        let args = [&["diff", self.source.path()], flags].concat();
        program::gitops(self.cluster, self.cluster.kubeconfig(), &args)
    }
}

/// What is wrong with the report on an edit that counts. An edit without fields deleted its object.
fn judge(report: &Value, edit: &Edit) -> Option<String> {
    let Some(object) = program::object(report, edit.kind, edit.name) else {
        return Some(format!("{}: not reported", edit.name));
    };
    let (fields, status) = (object.fields(), object.status());
    let owned = |(path, class, writer): &(&str, &str, &str)| {
        ((*path).to_owned(), (*class).to_owned(), (*writer).to_owned())
    };
    let expected: Vec<Field> = edit.fields.iter().map(owned).collect();
    let right = fields == expected && status == edit.status();
    (!right).then(|| format!("{}: {status} {fields:?}\n  expected {} {expected:?}", edit.name, edit.status()))
}

/// All rows of a table against one report, which may hold nothing else.
fn check(report: &Value, edits: &[Edit]) {
    let wrong: Vec<String> = edits.iter().filter_map(|edit| judge(report, edit)).collect();
    assert!(wrong.is_empty(), "{} of {} edits:\n{}", wrong.len(), edits.len(), wrong.join("\n"));
    assert_eq!(program::objects(report).len(), edits.len(), "nothing else is reported");
}

/// The text report on each of some objects alone.
fn check_alone(edited: &Edited, names: &[(&str, &[&str])]) {
    for (name, phrases) in names {
        let edit = edited.edits.iter().find(|edit| edit.name == *name).expect("an edit of the table");
        let only = format!("{}/{}/{name}", edit.kind, edited.namespace);
        let run = edited.diff(&["--only", &only]);
        assert_eq!(run.code, 1, "{name}: {}{}", run.stdout, run.stderr);
        for phrase in *phrases {
            assert!(run.stdout.contains(phrase), "{name}: no '{phrase}' in\n{}", run.stdout);
        }
    }
}

const SERVER_SIDE: [&str; 3] = ["apply", "--server-side", "--field-manager=gitops"];

#[test]
fn edits_that_count_are_found_with_their_path_class_and_writer() {
    let Some(cluster) = cluster::shared() else { return };
    assert!(COUNTED.len() >= 50);
    assert!(COUNTED.iter().filter(|edit| edit.is_unnamed()).count() >= 5);
    let edited = Edited::prepare(cluster, COUNTED, &SERVER_SIDE);
    let run = edited.diff(&["-o", "json"]);
    let report = run.report();
    check(&report, COUNTED);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert_eq!(report["exitCode"], 1);

    check_alone(
        &edited,
        &[
            ("image", &["containers[web].image", "drift", "- web:2", "+ web:1", "kubectl-set"]),
            ("sidecar", &["containers[debug]", "added", "busybox:1", "kubectl-patch"]),
            ("env-removed", &["env[B]", "differs", "writer not recorded"]),
            ("reordered", &["spec.template.spec.containers", "order differs", "writer not recorded"]),
            ("key-removed", &["data.b", "writer not recorded"]),
            ("deleted", &["Deployment", "missing", "writer not recorded"]),
            ("strategy", &["spec.strategy.type", "Recreate", "possibly kubectl-patch"]),
            ("value-from", &["env[A].value", "drift"]),
            ("volume-source", &["volumes[cache]", "drift"]),
            ("port-number", &["spec.ports[port=80,protocol=TCP]", "drift"]),
            ("scaled", &["spec.replicas", "kubectl/scale"]),
            ("secret-changed", &["data.k", "drift", "kubectl-patch"]),
        ],
    );
    let secret = edited.diff(&["--only", &format!("Secret/{}/secret-changed", edited.namespace)]).stdout;
    for value in ["aGFja2Vk", "hacked", "djE=", "v1\n"] {
        assert!(!secret.contains(value), "a secret's value: {secret}");
    }
}

#[test]
fn added_labels_annotations_and_restarts_are_notes_and_strictly_differences() {
    let Some(cluster) = cluster::shared() else { return };
    let edited = Edited::prepare(cluster, NOTED, &SERVER_SIDE);
    let run = edited.diff(&["-o", "json"]);
    let report = run.report();
    assert_eq!((run.code, program::objects(&report).len()), (0, 0), "{}", run.stdout);
    let noted = program::noted(&report);
    for edit in NOTED {
        let object = noted.iter().find(|object| object.kind() == edit.kind && object.name() == edit.name);
        let notes = object.map(|object| object.notes()).unwrap_or_default();
        assert_eq!(notes, [("note", edit.fields[0].2, 1)], "{}: one note", edit.name);
    }
    assert_eq!(noted.len(), NOTED.len());

    let strict = edited.diff(&["-o", "json", "--strict"]);
    check(&strict.report(), NOTED);
    assert_eq!(strict.code, 1);
}

#[test]
fn edits_to_objects_of_client_side_apply_are_judged_by_its_annotation() {
    let Some(cluster) = cluster::shared() else { return };
    assert!(CLIENT_SIDE.len() >= 10);
    let edited = Edited::prepare(cluster, CLIENT_SIDE, &["apply"]);
    let run = edited.diff(&["-o", "json"]);
    let report = run.report();
    check(&report, CLIENT_SIDE);
    assert_eq!(run.code, 1);
    let based = |object: &program::Object<'_>| object.0["base"] == "last-applied annotation";
    let gone = CLIENT_SIDE.iter().filter(|edit| edit.fields.is_empty()).count();
    assert_eq!(
        program::objects(&report).iter().filter(|object| based(object)).count(),
        CLIENT_SIDE.len() - gone
    );
}
