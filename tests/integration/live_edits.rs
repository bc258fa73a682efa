//! Live edits by the real kubectl, each to an object of its own: what they are taken for, and who is named.

#![expect(clippy::disallowed_methods, reason = "waits for the next second of the server's clock")]

mod manifests;
mod tables;

use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use self::tables::{CLIENT_SIDE, COUNTED, Edit, NOTED};
use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Field, NOBODY, Run, Source};

/// Edited objects in a namespace, and the source they were applied from.
struct Edited {
    cluster: &'static Cluster,
    namespace: String,
    source: Source,
}

impl Edited {
    /// Applies an object for each edit with `apply`, and makes the edits.
    fn prepare(cluster: &'static Cluster, edits: &[Edit], apply: &[&str]) -> Self {
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
        let edited = Self { cluster, namespace, source };
        edited.edit_all(edits);
        edited
    }

    fn edit_all(&self, edits: &[Edit]) {
        let left = Mutex::new(edits.iter());
        let next = || left.lock().expect("no edit panics under the lock").next();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(edit) = next() {
                        let names = format!("N={}\nK={}/{}", edit.name, edit.kind.to_lowercase(), edit.name);
                        let output = self.cluster.shell(&self.namespace, &format!("{names}\n{}", edit.script));
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

fn expected(edit: &Edit) -> Vec<Field> {
    let owned = |(path, class, writer): &(&str, &str, &str)| {
        ((*path).to_owned(), (*class).to_owned(), (*writer).to_owned())
    };
    edit.fields.iter().map(owned).collect()
}

/// What is wrong with the report on an edit that counts; an object without fields was deleted.
fn judge(report: &Value, edit: &Edit) -> Option<String> {
    let Some(object) = program::object(report, edit.kind, edit.name) else {
        return Some(format!("{}: not reported", edit.name));
    };
    let (fields, status) = (object.fields(), object.status());
    let right = if edit.fields.is_empty() {
        fields.is_empty() && status == "missing"
    } else {
        fields == expected(edit) && status == status_of(edit)
    };
    (!right).then(|| format!("{}: {status} {fields:?}\n  expected {:?}", edit.name, edit.fields))
}

fn status_of(edit: &Edit) -> &'static str {
    let differs = edit.fields.iter().all(|(_, class, _)| *class == "differs");
    if differs { "differs" } else { "drift" }
}

/// All rows of a table against one report, which may hold nothing else.
fn check(report: &Value, edits: &[Edit]) {
    let wrong: Vec<String> = edits.iter().filter_map(|edit| judge(report, edit)).collect();
    assert!(wrong.is_empty(), "{} of {} edits:\n{}", wrong.len(), edits.len(), wrong.join("\n"));
    let reported = program::objects(report).into_iter().filter(|object| !object.fields().is_empty() || object.status() != "in-sync");
    assert_eq!(reported.count(), edits.len(), "nothing else is reported");
}

#[test]
fn edits_that_count_are_found_with_their_path_class_and_writer() {
    let Some(cluster) = cluster::shared() else { return };
    assert!(COUNTED.len() >= 50);
    let unnamed = |edit: &&Edit| edit.fields.iter().all(|(_, _, writer)| *writer == NOBODY);
    assert!(COUNTED.iter().filter(unnamed).count() >= 5);
    let edited = Edited::prepare(cluster, COUNTED, &["apply", "--server-side", "--field-manager=gitops"]);
    let run = edited.diff(&["-o", "json"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    if let Ok(p) = std::env::var("DUMP") { std::fs::write(p, &edited.diff(&[]).stdout).unwrap(); }
    check(&run.report(), COUNTED);
}
