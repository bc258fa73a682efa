//! One set of ConfigMaps behind the proxy, on the server in memory or on the real one, so that the same fault can be tried on
//! both.
#![expect(clippy::disallowed_methods, reason = "runs the program")]

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cluster::{self, Cluster};
use crate::support::program::{Run, Source};
use crate::support::proxy::rules::Rule;
use crate::support::proxy::{Entry, Proxy, Shot};
use crate::support::shelf::Shelf;
use crate::writes::{a_second, actions};

/// What the program talks to.
enum Server {
    Memory(Shelf),
    Real(&'static Cluster),
}

/// A namespace that holds a set and its record.
pub(super) struct Bed {
    server: Server,
    pub(super) namespace: String,
    pub(super) home: TempDir,
}

/// A run and what the server was asked by it.
pub(super) struct Ran {
    pub(super) run: Run,
    pub(super) journal: Vec<Entry>,
}

impl Bed {
    /// On the server in memory, and on the real one.
    pub(super) fn both() -> Vec<Self> {
        [Some(Self::scripted()), cluster::shared().map(Self::real)].into_iter().flatten().collect()
    }

    /// On the server in memory.
    pub(super) fn scripted() -> Self {
        Self { server: Server::Memory(Shelf::default()), namespace: "ns".to_owned(), home: home() }
    }

    /// On the real one.
    pub(super) fn real(cluster: &'static Cluster) -> Self {
        Self { server: Server::Real(cluster), namespace: cluster.namespace("bed"), home: home() }
    }

    /// The same objects in memory, beside these.
    ///
    /// # Panics
    /// On the real server.
    pub(super) fn copy(&self) -> Self {
        let Server::Memory(shelf) = &self.server else { panic!("only in memory") };
        Self { server: Server::Memory(shelf.copy()), namespace: self.namespace.clone(), home: home() }
    }

    /// The real one, if this is on it.
    fn cluster(&self) -> Option<&'static Cluster> {
        match self.server {
            Server::Memory(_) => None,
            Server::Real(cluster) => Some(cluster),
        }
    }

    /// For messages.
    pub(super) fn place(&self) -> &'static str {
        if self.cluster().is_some() { "the real server" } else { "the server in memory" }
    }

    pub(super) fn config(&self, name: &str, data: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": self.namespace}, "data": data})
    }

    /// ConfigMaps with one value.
    pub(super) fn configs(&self, names: &[&str], value: &str) -> Source {
        let objects: Vec<Value> = names.iter().map(|name| self.config(name, &json!({"k": value}))).collect();
        Source::of(&objects)
    }

    pub(super) fn proxy(&self, rules: Vec<Rule>) -> Proxy {
        self.proxy_and_shot(rules, None)
    }

    pub(super) fn proxy_and_shot(&self, rules: Vec<Rule>, shot: Option<Shot>) -> Proxy {
        match &self.server {
            Server::Memory(shelf) => Proxy::scripted_and_shot(shelf, rules, shot),
            Server::Real(cluster) => Proxy::start(cluster, rules, shot),
        }
    }

    /// The program on the set `set`, with a JSON report.
    pub(super) fn command(&self, proxy: &Proxy, source: &Source, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gitops"));
        let named = args.iter().any(|arg| arg.starts_with("--set-name"));
        command
            .args([args[0], source.path(), "-n", &self.namespace, "-o", "json"])
            .args((!named).then_some("--set-name=set"))
            .args(&args[1..])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home.path())
            .env("KUBECONFIG", proxy.kubeconfig())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a command through a proxy with these faults, to its end.
    pub(super) fn run(&self, source: &Source, rules: Vec<Rule>, args: &[&str]) -> Ran {
        let proxy = self.proxy(rules);
        let child = self.command(&proxy, source, args).spawn().expect("the program starts");
        Self::end(&proxy, child)
    }

    /// Waits for a run.
    pub(super) fn end(proxy: &Proxy, child: Child) -> Ran {
        let output = child.wait_with_output().expect("the program can be waited for");
        proxy.settle();
        let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let run = Run { code: output.status.code().unwrap_or(-1), stdout, stderr };
        Ran { run, journal: proxy.journal() }
    }

    /// Applies without faults, which has to end well, and lets a second pass: what follows is newer.
    pub(super) fn apply(&self, source: &Source) -> Ran {
        let ran = self.run(source, Vec::new(), &["apply", "--yes"]);
        assert_eq!(ran.run.code, 0, "{}: {}{}", self.place(), ran.run.stdout, ran.run.stderr);
        if self.cluster().is_some() {
            a_second();
        }
        ran
    }

    /// Runs a command while its first write of a ConfigMap is held back, and does something meanwhile.
    pub(super) fn while_held(
        &self,
        source: &Source,
        args: &[&str],
        held: Rule,
        meanwhile: impl FnOnce(),
    ) -> Ran {
        let is_held = held.action.clone();
        let proxy = self.proxy(vec![held]);
        let child = self.command(&proxy, source, args).spawn().expect("the program starts");
        let has_come = || proxy.journal().iter().any(|entry| entry.action.as_ref() == Some(&is_held));
        crate::writes::until("the request that is held back", has_come);
        meanwhile();
        Self::end(&proxy, child)
    }

    fn path(&self, name: &str) -> String {
        format!("/api/v1/namespaces/{}/configmaps/{name}", self.namespace)
    }

    /// A ConfigMap as it is live.
    pub(super) fn live(&self, name: &str) -> Option<Value> {
        match &self.server {
            Server::Memory(shelf) => shelf.get(&self.path(name)),
            Server::Real(cluster) => {
                let args =
                    ["get", "configmap", name, "-n", &self.namespace, "-o", "json", "--ignore-not-found"];
                let text = cluster.kubectl_ok(&[&args[..], &["--show-managed-fields"]].concat());
                serde_json::from_str(&text).ok()
            }
        }
    }

    /// The data of a ConfigMap; null if there is none.
    pub(super) fn data(&self, name: &str) -> Value {
        self.live(name).map_or(Value::Null, |live| live["data"].clone())
    }

    /// Sets keys of a ConfigMap in another's name.
    pub(super) fn edit(&self, name: &str, manager: &str, data: &Value) {
        match &self.server {
            Server::Memory(shelf) => {
                let mut object = shelf.get(&self.path(name)).expect("it is there");
                let keys = data.as_object().expect("keys with values");
                for (key, value) in keys {
                    object["data"][key] = value.clone();
                }
                let entries = object["metadata"]["managedFields"].as_array_mut().expect("it has entries");
                for entry in entries.iter_mut() {
                    if let Some(owned) = entry["fieldsV1"]["f:data"].as_object_mut() {
                        owned.retain(|key, _| !keys.contains_key(key.trim_start_matches("f:")));
                    }
                }
                let owned: serde_json::Map<_, _> =
                    keys.keys().map(|key| (format!("f:{key}"), json!({}))).collect();
                entries.push(json!({"manager": manager, "operation": "Update", "apiVersion": "v1",
                    "time": "2026-01-02T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": owned}}));
                shelf.put(&self.path(name), &object);
            }
            Server::Real(cluster) => {
                let patch = json!({"data": data}).to_string();
                cluster.kubectl_ok(&[
                    "-n",
                    &self.namespace,
                    "patch",
                    "configmap",
                    name,
                    "--type=merge",
                    "--field-manager",
                    manager,
                    "-p",
                    &patch,
                ]);
            }
        }
    }

    /// Changes a ConfigMap in memory as nobody else can.
    ///
    /// # Panics
    /// On the real server.
    pub(super) fn alter(&self, name: &str, alter: impl FnOnce(&mut Value)) {
        let Server::Memory(shelf) = &self.server else { panic!("only in memory") };
        let mut object = shelf.get(&self.path(name)).unwrap_or_else(|| self.config(name, &json!({})));
        alter(&mut object);
        shelf.put(&self.path(name), &object);
    }

    /// Lets a server in memory tell of a webhook for ConfigMaps.
    ///
    /// # Panics
    /// On the real server.
    pub(super) fn webhook(&self) {
        let Server::Memory(shelf) = &self.server else { panic!("only in memory") };
        let rule = json!({"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"], "resources": ["configmaps"]});
        let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": "w"}, "webhooks": [{"name": "w.example.com", "rules": [rule], "sideEffects": "Some"}]});
        shelf.put("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/w", &hook);
    }

    /// Deletes a ConfigMap.
    pub(super) fn remove(&self, name: &str) {
        match &self.server {
            Server::Memory(shelf) => shelf.remove(&self.path(name)),
            Server::Real(cluster) => {
                cluster.kubectl_ok(&["-n", &self.namespace, "delete", "configmap", name]);
            }
        }
    }

    /// The Secrets in memory: those of the record.
    ///
    /// # Panics
    /// On the real server.
    pub(super) fn secrets(&self) -> Vec<Value> {
        let Server::Memory(shelf) = &self.server else { panic!("only in memory") };
        shelf.below(&format!("/api/v1/namespaces/{}/secrets/", self.namespace))
    }

    /// Who holds the lock; empty if nobody does.
    pub(super) fn lock_holder(&self) -> String {
        match &self.server {
            Server::Memory(shelf) => {
                let path =
                    format!("/apis/coordination.k8s.io/v1/namespaces/{}/leases/gitops-set", self.namespace);
                let lease = shelf.get(&path).unwrap_or_default();
                lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
            }
            Server::Real(cluster) => {
                let args = ["get", "leases", "--output=jsonpath={.items[*].spec.holderIdentity}", "-n"];
                cluster.kubectl_ok(&[&args[..], &[&self.namespace]].concat())
            }
        }
    }
}

impl Ran {
    /// What was done, as `word Kind name`.
    pub(super) fn actions(&self) -> Vec<String> {
        actions(&self.run.report())
    }

    /// Why something was not done.
    pub(super) fn reason(&self, name: &str) -> String {
        crate::writes::reason(&self.run.report(), name)
    }

    /// Requests that store a ConfigMap of this name, dry runs left out.
    pub(super) fn patches(&self, name: &str) -> Vec<&Entry> {
        let stores =
            |entry: &&Entry| entry.verb == "patch" && entry.about.name == name && !entry.about.dry_run;
        self.journal.iter().filter(stores).collect()
    }

    /// Names of members that the server wrote.
    pub(super) fn written(&self) -> Vec<String> {
        let done = |entry: &&Entry| entry.writes_member() && entry.status.is_some_and(|status| status < 300);
        self.journal.iter().filter(done).map(|entry| format!("{} {}", entry.verb, entry.about.name)).collect()
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n{}", self.run.stdout, self.run.stderr)
    }
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a directory can be made")
}
