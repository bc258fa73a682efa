//! The `gitops` binary itself, run in a sealed environment, and its JSON report.

#![expect(clippy::disallowed_methods, reason = "runs the program and writes its sources")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::cluster::Cluster;
use super::generate;

/// What a run said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A directory of manifests, removed when dropped.
pub(crate) struct Source(tempfile::TempDir);

/// An object of a JSON report.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a>(pub(crate) &'a Value);

/// Path, class and writer of a field; [`NOBODY`] where no writer is a fact.
pub(crate) type Field = (String, String, String);

/// Stands for a writer that the server did not record.
pub(crate) const NOBODY: &str = "-";

/// Runs `gitops` with `kubeconfig`. Its cache is that of the cluster's directory.
pub(crate) fn gitops(cluster: &Cluster, kubeconfig: &Path, args: &[&str]) -> Run {
    gitops_at(cluster.dir(), kubeconfig, args)
}

/// As [`gitops`], with a home, and so a cache, of its own.
pub(crate) fn gitops_at(home: &Path, kubeconfig: &Path, args: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_gitops"))
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .env("KUBECONFIG", kubeconfig)
        .current_dir(home)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// As [`gitops`], in a directory, without a cluster and with nothing kept.
pub(crate) fn gitops_in(directory: &Path, args: &[&str]) -> Run {
    let home = tempfile::tempdir().expect("a directory can be made");
    let output = Command::new(env!("CARGO_BIN_EXE_gitops"))
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home.path())
        .env("KUBECONFIG", "/no/kubeconfig")
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Run { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Run {
    /// The JSON report on standard output.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| {
            let start: String = self.stdout.chars().take(500).collect();
            panic!("no JSON report: {why}: exit {}, {start}\n{}", self.code, self.stderr)
        })
    }
}

/// The objects of a JSON report, those that are in sync only if they were asked for.
pub(crate) fn objects(report: &Value) -> Vec<Object<'_>> {
    let targets = report["targets"].as_array().expect("a report has targets");
    targets
        .iter()
        .flat_map(|target| target["objects"].as_array().expect("a target has objects"))
        .map(Object)
        .collect()
}

/// The objects in sync that have notes, where objects in sync are not listed.
pub(crate) fn noted(report: &Value) -> Vec<Object<'_>> {
    let targets = report["targets"].as_array().expect("a report has targets");
    targets
        .iter()
        .flat_map(|target| target["notes"].as_array().expect("a target has notes"))
        .map(Object)
        .collect()
}

/// The one object of that kind and name, if it is in the report.
pub(crate) fn object<'a>(report: &'a Value, kind: &str, name: &str) -> Option<Object<'a>> {
    let found: Vec<_> =
        objects(report).into_iter().filter(|object| object.kind() == kind && object.name() == name).collect();
    assert!(found.len() < 2, "{kind} {name} is reported more than once");
    found.into_iter().next()
}

impl<'a> Object<'a> {
    pub(crate) fn kind(self) -> &'a str {
        self.text("kind")
    }

    pub(crate) fn name(self) -> &'a str {
        self.text("name")
    }

    pub(crate) fn status(self) -> &'a str {
        self.text("status")
    }

    /// Why it has its status, in words; empty if the fields say it.
    pub(crate) fn reason(self) -> &'a str {
        self.0["reason"].as_str().unwrap_or_default()
    }

    fn text(self, key: &str) -> &'a str {
        self.0[key].as_str().unwrap_or_else(|| panic!("an object without {key}: {}", self.0))
    }

    fn list(self, key: &str) -> impl Iterator<Item = &'a Value> {
        self.0[key].as_array().into_iter().flatten()
    }

    /// All fields in the report's order.
    pub(crate) fn fields(self) -> Vec<Field> {
        let text = |field: &Value, key: &str| field[key].as_str().unwrap_or_default().to_owned();
        self.list("fields").map(|field| (text(field, "path"), text(field, "class"), writer(field))).collect()
    }

    /// Kind, writer and number of paths of each note.
    pub(crate) fn notes(self) -> Vec<(&'a str, &'a str, usize)> {
        let text = |note: &'a Value, key: &str| note[key].as_str().unwrap_or_default();
        let paths = |note: &Value| note["paths"].as_array().map_or(0, Vec::len);
        self.list("notes").map(|note| (text(note, "kind"), text(note, "writer"), paths(note))).collect()
    }
}

/// The name of the writer where it is a fact.
fn writer(field: &Value) -> String {
    let writer = &field["writer"];
    let fact = matches!(writer["recorded"].as_str(), Some("exactly" | "or-earlier"));
    if fact { writer["manager"].as_str().unwrap_or_default().to_owned() } else { NOBODY.to_owned() }
}

impl Source {
    /// A directory with the objects in one file.
    pub(crate) fn of(objects: &[Value]) -> Self {
        Self::files(&[("all.yaml", &generate::stream(objects))])
    }

    /// A directory with these files, each a name and its text.
    pub(crate) fn files(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a directory can be made");
        for (name, text) in files {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a file has a directory")).expect("it can be made");
            std::fs::write(file, text).expect("the directory can be written");
        }
        Self(dir)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.path().to_str().expect("the directory's name is UTF-8")
    }

    /// Writes a file anew.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).expect("the file can be written");
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
