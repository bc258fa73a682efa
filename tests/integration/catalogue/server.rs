//! Rows of the catalogue on a real server: what is applied, what is done to it, and what a diff says.

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::program::{self, Run, Source, gitops};

/// One object of a row.
pub(super) struct Row {
    pub(super) number: u16,
    /// Tells the objects of one row apart.
    pub(super) variant: &'static str,
    /// Applied as `gitops` first.
    pub(super) live: Option<Value>,
    /// Shell; `k` is kubectl, `$N` the object's name.
    pub(super) script: &'static str,
    pub(super) git: Value,
    pub(super) status: &'static str,
    pub(super) fields: &'static [(&'static str, &'static str)],
    /// Part of the reason, of a note, or of a field's remark.
    pub(super) says: &'static str,
}

impl Row {
    /// A row whose object was applied as `live` and is `git` now; both get their name.
    pub(super) fn new(number: u16, variant: &'static str, namespace: &str, live: Value, git: Value) -> Self {
        let named = |mut object: Value| {
            object["metadata"]["name"] = json!(name(number, variant));
            object["metadata"]["namespace"] = json!(namespace);
            object
        };
        let (live, git) = (Some(named(live)), named(git));
        Self { number, variant, live, script: "", git, status: "in-sync", fields: &[], says: "" }
    }

    /// A row whose object was applied as Git has it.
    pub(super) fn same(number: u16, variant: &'static str, namespace: &str, object: &Value) -> Self {
        Self::new(number, variant, namespace, object.clone(), object.clone())
    }

    /// A row whose object is made by the script.
    pub(super) fn made(number: u16, namespace: &str, git: Value, script: &'static str) -> Self {
        Self { live: None, script, ..Self::new(number, "", namespace, json!({}), git) }
    }

    pub(super) fn then(mut self, script: &'static str) -> Self {
        self.script = script;
        self
    }

    pub(super) fn is(
        mut self,
        status: &'static str,
        fields: &'static [(&'static str, &'static str)],
    ) -> Self {
        (self.status, self.fields) = (status, fields);
        self
    }

    pub(super) fn says(mut self, text: &'static str) -> Self {
        self.says = text;
        self
    }

    fn name(&self) -> String {
        name(self.number, self.variant)
    }

    fn kind(&self) -> &str {
        self.git["kind"].as_str().unwrap_or_default()
    }

    /// What is wrong with a report, if anything.
    fn fault(&self, report: &Value) -> Option<String> {
        let name = self.name();
        let noted = program::noted(report)
            .into_iter()
            .find(|object| object.kind() == self.kind() && object.name() == name);
        let object = program::object(report, self.kind(), &name);
        let status = object.map_or("in-sync", |object| object.status());
        let fields: Vec<(String, String)> = object
            .map(|object| object.fields())
            .unwrap_or_default()
            .into_iter()
            .map(|(path, class, _)| (path, class))
            .collect();
        let expected: Vec<(String, String)> =
            self.fields.iter().map(|(path, class)| ((*path).to_owned(), (*class).to_owned())).collect();
        let said = object.or(noted).map(|object| object.0.to_string()).unwrap_or_default();
        let right =
            status == self.status && (fields == expected || status == "invalid") && said.contains(self.says);
        (!right).then(|| {
            format!(
                "row {:03} {name}: {status} {fields:?}\n  expected {} {expected:?} '{}'\n  {said}",
                self.number, self.status, self.says
            )
        })
    }
}

fn name(number: u16, variant: &str) -> String {
    let dash = if variant.is_empty() { "" } else { "-" };
    format!("row-{number:03}{dash}{variant}")
}

/// Applies what is live as `gitops`.
pub(super) fn apply(cluster: &Cluster, objects: &[Value]) {
    let source = Source::of(objects);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
}

/// Runs the scripts of all rows.
pub(super) fn edit(cluster: &Cluster, namespace: &str, rows: &[Row]) {
    for row in rows.iter().filter(|row| !row.script.is_empty()) {
        let output = cluster.shell(namespace, &format!("N={}\n{}", row.name(), row.script));
        assert!(
            output.status.success(),
            "row {:03}: {}",
            row.number,
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Compares what Git says in all rows, and checks every row.
pub(super) fn check(cluster: &Cluster, rows: &[Row]) -> Run {
    let source = Source::of(&rows.iter().map(|row| row.git.clone()).collect::<Vec<_>>());
    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    let report = run.report();
    assert_eq!(report["summary"]["objects"], rows.len(), "every row is one object: {}", run.stderr);
    let wrong: Vec<String> = rows.iter().filter_map(|row| row.fault(&report)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
    run
}

/// A Deployment with this pod.
pub(super) fn deployment(pod: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": pod}}})
}

/// A Deployment with one container, which has a name and an image already.
pub(super) fn web(container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("web");
    if container.get("image").is_none() {
        container["image"] = json!("web:1");
    }
    deployment(json!({"containers": [container]}))
}
