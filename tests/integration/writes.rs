//! The commands that write, on the real server: what they do, what they leave, and what they refuse.

mod apply;
mod clusters;
mod delete;
mod faults;
mod forward;
mod items;
mod leftovers;
mod prune;
mod revert;
mod rights;
mod saved;
mod server;
mod sets;
mod undo;

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::program::{self, Object, Run, Source, gitops};

/// A set in a namespace of its own, which also holds its record.
pub(crate) struct Set<'c> {
    pub(crate) cluster: &'c Cluster,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl<'c> Set<'c> {
    pub(crate) fn new(cluster: &'c Cluster, name: &str) -> Self {
        Self { cluster, namespace: cluster.namespace(name), name: name.to_owned() }
    }

    /// Runs a command on the set, with a JSON report.
    pub(crate) fn run(&self, command: &str, source: &Source, flags: &[&str]) -> Run {
        let mut args =
            vec![command, source.path(), "--set-name", &self.name, "-n", &self.namespace, "-o", "json"];
        args.extend(flags);
        gitops(self.cluster, self.cluster.kubeconfig(), &args)
    }

    /// As [`Self::run`], and it has to end well.
    pub(crate) fn ok(&self, command: &str, source: &Source, flags: &[&str]) -> Value {
        let run = self.run(command, source, flags);
        assert_eq!(run.code, 0, "gitops {command} {flags:?}\n{}{}", run.stdout, run.stderr);
        run.report()
    }

    pub(crate) fn apply(&self, source: &Source) -> Value {
        self.ok("apply", source, &["--yes"])
    }

    /// kubectl in the namespace of the set.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.cluster.kubectl_ok(&[&["-n", &self.namespace], args].concat())
    }

    /// An object as it is live, with its `managedFields`.
    pub(crate) fn live(&self, what: &str) -> Value {
        let text = self.kubectl(&["get", what, "-o", "json", "--show-managed-fields"]);
        serde_json::from_str(&text).expect("kubectl prints JSON")
    }

    /// True if an object exists.
    pub(crate) fn exists(&self, what: &str) -> bool {
        let args = ["-n", &self.namespace, "get", what, "-o", "name", "--ignore-not-found"];
        !self.cluster.kubectl_ok(&args).trim().is_empty()
    }

    /// The record's parent.
    pub(crate) fn parent(&self) -> Value {
        self.live(&format!("configmap/gitops-{}", self.name))
    }

    pub(crate) fn config(&self, name: &str, data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": self.namespace}, "data": data})
    }
}

/// What was done, as `word Kind name`, in the order of the report.
pub(crate) fn actions(report: &Value) -> Vec<String> {
    let text = |action: &Value, key: &str| action[key].as_str().unwrap_or_default().to_owned();
    let targets = report["targets"].as_array().expect("a report has targets");
    let actions = targets.iter().filter_map(|target| target["actions"].as_array()).flatten();
    actions.map(|a| format!("{} {} {}", text(a, "result"), text(a, "kind"), text(a, "name"))).collect()
}

/// Why something was not done.
pub(crate) fn reason(report: &Value, name: &str) -> String {
    let targets = report["targets"].as_array().expect("a report has targets");
    let mut actions = targets.iter().filter_map(|target| target["actions"].as_array()).flatten();
    let action = actions.find(|action| action["name"] == name).expect("there is an action");
    action["reason"].as_str().unwrap_or_default().to_owned()
}

/// Status of every object that is not in sync, as `status Kind name`.
pub(crate) fn differing(report: &Value) -> Vec<String> {
    let told = |object: Object<'_>| format!("{} {} {}", object.status(), object.kind(), object.name());
    program::objects(report).into_iter().map(told).collect()
}

/// A Deployment with two containers, whose template a person may edit.
pub(crate) fn deployment(namespace: &str) -> Value {
    let labels = json!({"app": "web"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "web", "namespace": namespace},
    "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [
                {"name": "web", "image": "registry.example/web:1", "ports": [{"containerPort": 8080}],
                    "env": [{"name": "LEVEL", "value": "info"}, {"name": "MODE", "value": "fast"}],
                    "volumeMounts": [{"name": "cache", "mountPath": "/cache"}]},
                {"name": "proxy", "image": "registry.example/proxy:2"},
            ],
            "volumes": [{"name": "cache", "emptyDir": {}}],
        }}}})
}

/// A Service with one port.
pub(crate) fn service(namespace: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}]}})
}

/// Waits until the server's clock shows another second, so that an edit is newer than what was written before it.
pub(crate) fn a_second() {
    std::thread::sleep(std::time::Duration::from_millis(1100));
}

/// Waits for something, for half a minute at most.
pub(crate) fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it does not come: {what}");
}
