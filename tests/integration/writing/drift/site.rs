//! The set of the test: a repository, its objects on the server, and the program that is run on them.
#![expect(clippy::disallowed_methods, reason = "writes the files of a repository")]

use gitops::live::Resource;
use gitops::schema::Schema;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::edits::Edit;
use super::kubectl::{SCRIPTS, WORKLOADS};
use super::tally::Tally;
use super::walker::{self, Moments};
use super::writers;
use crate::base_revision::git;
use crate::pairs::client::Write;
use crate::pairs::truth;
use crate::pairs::world::World;
use crate::support::cluster::{Cluster, tell};
use crate::support::generate::dice::Dice;
use crate::support::generate::{self, MORE, TWELVE};
use crate::support::kinds::{BUILTIN, objects};
use crate::support::program::{self, Run, Source, gitops};
use crate::support::proxy::{Entry, Proxy};

/// Objects that are edited before a revert.
const ROUND: usize = 24;
const PART_OF: &str = "applyset.kubernetes.io/part-of";
/// Draws for one edit.
const DRAWS: usize = 60;

pub(super) struct Site<'c> {
    cluster: &'c Cluster,
    runtime: Runtime,
    world: World,
    source: Source,
    /// What Git says, in the second commit.
    manifests: Vec<Value>,
    seed: u64,
}

/// An object that people edited.
struct Edited {
    manifest: Value,
    before: Value,
    edited: Value,
    /// What was done, for a reader.
    told: Vec<String>,
}

impl<'c> Site<'c> {
    /// Applies the first commit and then the second.
    pub(super) fn begin(cluster: &'c Cluster, seed: u64) -> Self {
        let runtime = Runtime::new().expect("a runtime can be made");
        let world = runtime.block_on(World::of(cluster));
        let first = manifests(seed, &world);
        let source = Source::of(&first);
        let second: Vec<Value> = first.iter().map(moved_on).collect();
        let site = Self { cluster, runtime, world, source, manifests: second, seed };
        git(site.source.file("").as_path(), &["init", "-q"]);
        site.commit(&first, "first");
        site.ok("apply", &["--yes"]);
        site.commit(&site.manifests, "second");
        site.ok("apply", &["--yes"]);
        site.writes_nothing("apply", &["--yes"]);
        tell(&format!("{} objects applied", site.manifests.len()));
        // An edit in the second of the creation is taken for a part of it.
        std::thread::sleep(std::time::Duration::from_millis(1100));
        site
    }

    fn commit(&self, objects: &[Value], tag: &str) {
        let directory = self.source.file("");
        std::fs::write(self.source.file("all.yaml"), generate::stream(objects)).expect("it can be written");
        git(&directory, &["add", "-A"]);
        git(&directory, &["commit", "-qm", tag]);
        git(&directory, &["tag", tag]);
    }

    fn args<'a>(&'a self, command: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
        let mut args = vec![command];
        if command == "rollback" {
            args.push("first");
        }
        args.extend([self.source.path(), "--set-name", "drift", "-n", &self.world.namespace, "-o", "json"]);
        args.extend(flags);
        args
    }

    fn run(&self, command: &str, flags: &[&str]) -> Run {
        gitops(self.cluster, self.cluster.kubeconfig(), &self.args(command, flags))
    }

    fn ok(&self, command: &str, flags: &[&str]) {
        let run = self.run(command, flags);
        assert_eq!(run.code, 0, "gitops {command} {flags:?}\n{}{}", shortened(&run.stdout), run.stderr);
    }

    /// Runs a command that has nothing to do: it writes no member.
    fn writes_nothing(&self, command: &str, flags: &[&str]) {
        let proxy = Proxy::start(self.cluster, Vec::new(), None);
        let run = gitops(self.cluster, proxy.kubeconfig(), &self.args(command, flags));
        proxy.settle();
        let written: Vec<String> = proxy
            .journal()
            .iter()
            .filter(|entry| Entry::writes_member(entry))
            .map(|e| e.path.clone())
            .collect();
        assert_eq!((run.code, written), (0, Vec::new()), "{command}; {command}: {}", run.stderr);
    }

    fn read(&self, manifest: &Value) -> Option<Value> {
        let (resource, _) = self.world.resource(manifest);
        let mut live = self.runtime.block_on(self.world.api.read(resource, manifest)).ok()?;
        live["apiVersion"] = manifest["apiVersion"].clone();
        live["kind"] = manifest["kind"].clone();
        Some(live)
    }

    /// Edits some objects, reverts, and judges what is there.
    pub(super) fn round(&self, number: usize, tally: &mut Tally) {
        let mut dice = Dice::new(self.seed, "round", number as u64);
        let all = self.manifests.len();
        let mut edited = Vec::new();
        for at in 0..ROUND {
            let manifest = &self.manifests[(number * ROUND + at) % all];
            edited.extend(self.edit(manifest, &mut dice, tally));
        }
        let edited: Vec<Edited> =
            edited.into_iter().filter_map(|edited| self.unless_final(edited, tally)).collect();
        let run = self.run("revert", &["--yes", "--continue-on-error"]);
        if ![0, 2].contains(&run.code) {
            tally.fault(format!("round {number}: revert ended with {}: {}", run.code, run.stderr));
            return self.heal(&edited);
        }
        let report = run.report();
        let mut whole = Vec::new();
        for object in &edited {
            match failure(&report, &object.manifest) {
                None => self.judge(object, tally),
                Some(reason) => {
                    self.judge_failed(object, &reason, tally);
                    whole.push(object);
                }
            }
        }
        if run.code != 0 && whole.is_empty() {
            let failed = failures(&report).join("; ");
            tally.fault(format!("round {number}: revert ended with {}: {failed}", run.code));
        }
        for object in whole {
            self.make_anew(&object.manifest);
        }
        self.writes_nothing_more(number, &edited, tally);
    }

    /// A second revert writes nothing, and a diff finds nothing.
    fn writes_nothing_more(&self, number: usize, edited: &[Edited], tally: &mut Tally) {
        let proxy = Proxy::start(self.cluster, Vec::new(), None);
        let run = gitops(self.cluster, proxy.kubeconfig(), &self.args("revert", &["--yes"]));
        proxy.settle();
        for entry in proxy.journal().iter().filter(|entry| entry.writes_member()) {
            let place = format!("round {number}: the second revert writes {} {}", entry.verb, entry.path);
            let name = entry.path.split('?').next().unwrap_or_default();
            let of = |object: &&Edited| {
                let (resource, _) = self.world.resource(&object.manifest);
                let named = object.manifest["metadata"]["name"].as_str().unwrap_or_default();
                name.ends_with(&format!("{}/{named}", resource.plural))
            };
            let told: Vec<String> = edited.iter().filter(of).map(|edited| edited.told.join("; ")).collect();
            let about: Vec<String> = program::objects(&run.report())
                .iter()
                .filter(|object| name.ends_with(&format!("/{}", object.name())))
                .map(|object| object.0.to_string())
                .collect();
            tally.fault(format!("{place}: {told:?} {}", shortened(&about.join(" "))));
        }
        let diff = self.run("diff", &[]);
        if (run.code, diff.code) != (0, 0) {
            let text = differing(&diff.report());
            let codes = format!("revert; revert ended with {}, the diff with {}", run.code, diff.code);
            tally.fault(format!("round {number}: {codes}: {text}{}", run.stderr));
        }
    }

    /// Takes what is still not as it was out of the way of the next round.
    fn heal(&self, edited: &[Edited]) {
        edited.iter().for_each(|edited| self.make_anew(&edited.manifest));
    }

    fn make_anew(&self, manifest: &Value) {
        let (resource, _) = self.world.resource(manifest);
        let _ = self.runtime.block_on(self.world.api.delete(resource, manifest));
        let _ = self.strip_finalizers(resource, manifest);
        self.ok("apply", &["--yes", "--only", &only(manifest)]);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }

    fn strip_finalizers(&self, resource: &Resource, manifest: &Value) -> Option<()> {
        let live = self.read(manifest)?;
        let mut body = json!({"metadata": {"finalizers": null}});
        body["metadata"]["name"] = live["metadata"]["name"].clone();
        body["metadata"]["namespace"] = live["metadata"]["namespace"].clone();
        self.runtime.block_on(self.world.api.write(resource, "test", Write::Merge(""), &body)).ok()?;
        Some(())
    }

    /// Some edits of one object.
    fn edit(&self, manifest: &Value, dice: &mut Dice, tally: &mut Tally) -> Option<Edited> {
        let before = self.read(manifest).expect("it was applied");
        let mut told = Vec::new();
        for _ in 0..=dice.below(3) {
            let done = match dice.once_in(9) {
                true => self.by_kubectl(manifest, dice, tally),
                false => self.by_api(manifest, dice, tally),
            };
            told.extend(done);
        }
        let edited = self.read(manifest).expect("it is still there");
        (!told.is_empty()).then(|| Edited { manifest: manifest.clone(), before, edited, told })
    }

    fn by_api(&self, manifest: &Value, dice: &mut Dice, tally: &mut Tally) -> Option<String> {
        let (resource, schema) = self.world.resource(manifest);
        for _ in 0..DRAWS {
            let live = self.read(manifest)?;
            let edit = *dice.pick(&Edit::ALL);
            // They fit every object, and others do not.
            if edit == Edit::Mark && !dice.once_in(3) {
                continue;
            }
            let Some(mut wanted) = edit.of(schema, &live, dice) else { continue };
            keep_label(&live, &mut wanted);
            let api = &self.world.api;
            let (how, answer) = if edit == Edit::Scale {
                let body = json!({"metadata": {"name": live["metadata"]["name"], "namespace": live["metadata"]["namespace"]},
                    "spec": {"replicas": wanted["spec"]["replicas"]}});
                let write = api.write(resource, "kubectl", Write::Merge("scale"), &body);
                ("scale by kubectl".to_owned(), self.runtime.block_on(write))
            } else {
                let writer = writers::pick(schema, dice);
                let write = writer.write(api, resource, schema, &live, &wanted);
                (writer.words(), self.runtime.block_on(write))
            };
            let now = answer.is_ok().then(|| self.read(manifest)).flatten();
            let changed = now.map(|now| truth::changed(schema, &live, &now)).unwrap_or_default();
            if changed.is_empty() {
                tally.drawn_again += 1;
                continue;
            }
            let paths: Vec<String> = changed.iter().map(ToString::to_string).collect();
            let told = format!("{} ({how}): {}", edit.words(), paths.join(", "));
            tally.edited(&resource.gvk.kind, edit.words(), how);
            return Some(told);
        }
        None
    }

    fn by_kubectl(&self, manifest: &Value, dice: &mut Dice, tally: &mut Tally) -> Option<String> {
        let (resource, schema) = self.world.resource(manifest);
        let gvk = &resource.gvk;
        let fits: Vec<_> = SCRIPTS
            .iter()
            .filter(|script| !script.workloads || WORKLOADS.contains(&gvk.kind.as_str()))
            .collect();
        let script = dice.pick(&fits);
        let live = self.read(manifest)?;
        let name = manifest["metadata"]["name"].as_str()?;
        let group =
            if gvk.group.is_empty() { String::new() } else { format!(".{}.{}", gvk.version, gvk.group) };
        let names = format!("N=v{}\nW={}{group}/{name}", dice.below(900), resource.plural);
        let namespace = manifest["metadata"]["namespace"].as_str().unwrap_or(&self.world.namespace);
        let output = self.cluster.shell(namespace, &format!("{names}\n{}", script.text));
        let now = output.status.success().then(|| self.read(manifest)).flatten();
        let changed = now.map(|now| truth::changed(schema, &live, &now)).unwrap_or_default();
        if changed.is_empty() {
            tally.drawn_again += 1;
            return None;
        }
        let paths: Vec<String> = changed.iter().map(ToString::to_string).collect();
        tally.edited(&gvk.kind, "by kubectl itself", script.words.to_owned());
        Some(format!("{}: {}", script.words, paths.join(", ")))
    }

    /// Objects that the server would not let anybody put back are made anew.
    fn unless_final(&self, edited: Edited, tally: &mut Tally) -> Option<Edited> {
        let (resource, schema) = self.world.resource(&edited.manifest);
        let mut body = edited.before.clone();
        body["metadata"]["resourceVersion"] = edited.edited["metadata"]["resourceVersion"].clone();
        let put = self.world.api.write(resource, "kubectl-replace", Write::TryReplace, &body);
        let back = match self.runtime.block_on(put) {
            Ok(stored) => truth::changed(schema, &edited.before, &stored).is_empty(),
            Err(_) => false,
        };
        if !back {
            tally.final_edits += 1;
            self.make_anew(&edited.manifest);
        }
        back.then_some(edited)
    }

    fn judge(&self, object: &Edited, tally: &mut Tally) {
        let (_, schema) = self.world.resource(&object.manifest);
        let after = self.read(&object.manifest).expect("it is still there");
        let moments = Moments { schema, before: &object.before, edited: &object.edited, after: &after };
        let place = format!("{} [{}]", only(&object.manifest), object.told.join("; "));
        let judged = walker::judge(&moments);
        let faulty = !judged.faults.is_empty();
        tally.judged(&place, judged);
        if faulty {
            self.make_anew(&object.manifest);
        }
    }

    /// An object that failed is as people left it.
    fn judge_failed(&self, object: &Edited, reason: &str, tally: &mut Tally) {
        let (_, schema): (_, &Schema) = self.world.resource(&object.manifest);
        let after = self.read(&object.manifest).expect("it is still there");
        let place = format!("{} [{}]", only(&object.manifest), object.told.join("; "));
        tally.left_whole += 1;
        if !reason.contains("revert would also change") {
            tally.fault(format!("{place}: {reason}"));
        }
        let touched = truth::changed(schema, &object.edited, &after);
        if !touched.is_empty() {
            tally.fault(format!("{place}: it failed and was touched: {touched:?}"));
        }
    }

    /// PROP-08: back to the first commit, and nothing differs from it.
    pub(super) fn go_back(&self) {
        self.ok("rollback", &["--yes"]);
        self.ok("diff", &["--ref", "first"]);
        self.writes_nothing("rollback", &["--yes"]);
    }
}

/// The label of the set is the program's own: a revert adopts nothing.
fn keep_label(live: &Value, wanted: &mut Value) {
    if !wanted["metadata"]["labels"].is_object() {
        wanted["metadata"]["labels"] = json!({});
    }
    wanted["metadata"]["labels"][PART_OF] = live["metadata"]["labels"][PART_OF].clone();
}

/// Objects that differ, with what is said about their fields.
fn differing(report: &Value) -> String {
    let told = |object: program::Object<'_>| {
        let fields: Vec<String> =
            object.fields().iter().map(|(path, class, _)| format!("{class} {path}")).collect();
        format!(
            "{} {} {}: {} {}",
            object.status(),
            object.kind(),
            object.name(),
            fields.join(", "),
            object.reason()
        )
    };
    program::objects(report).into_iter().map(told).collect::<Vec<_>>().join("\n    ")
}

/// Why an object was not put back.
fn failure(report: &Value, manifest: &Value) -> Option<String> {
    let targets = report["targets"].as_array()?;
    let mut actions = targets.iter().filter_map(|target| target["actions"].as_array()).flatten();
    let is_it = |action: &&Value| {
        let bad =
            !["configured", "created", "unchanged"].contains(&action["result"].as_str().unwrap_or_default());
        let named = action["kind"] == manifest["kind"] && action["name"] == manifest["metadata"]["name"];
        bad && named && action["apiVersion"] == manifest["apiVersion"]
    };
    let action = actions.find(is_it)?;
    Some(format!("{}: {}", action["result"], action["reason"]))
}

/// What else went wrong.
fn failures(report: &Value) -> Vec<String> {
    let targets = report["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let actions = targets.iter().filter_map(|target| target["actions"].as_array()).flatten();
    let bad = actions
        .filter(|action| ["failed", "refused", "not started"].iter().any(|word| action["result"] == *word));
    let objects = program::objects(report).into_iter();
    let stopped =
        objects.filter(|object| ["unknown", "invalid", "blocked", "conflict"].contains(&object.status()));
    bad.map(ToString::to_string).chain(stopped.map(|object| object.0.to_string())).collect()
}

fn only(manifest: &Value) -> String {
    let text = |key: &str| manifest["metadata"][key].as_str().unwrap_or_default();
    let kind = manifest["kind"].as_str().unwrap_or_default();
    match text("namespace") {
        "" => format!("{kind}/{}", text("name")),
        namespace => format!("{kind}/{namespace}/{}", text("name")),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(3000).collect()
}

/// Every built-in kind as its rich manifest, and generated objects of many kinds.
fn manifests(seed: u64, world: &World) -> Vec<Value> {
    let namespace = &world.namespace;
    let mut all: Vec<Value> = BUILTIN.iter().flat_map(|file| objects(file)).collect();
    all.extend(generate::objects(seed, &TWELVE, 4, namespace));
    all.extend(generate::objects(seed, &MORE, 1, namespace));
    for object in &mut all {
        let namespaced = world.resource(object).0.namespaced;
        // Limits and quotas would be felt by all others.
        let apart = ["LimitRange", "ResourceQuota"].contains(&object["kind"].as_str().unwrap_or_default());
        let suffix = if apart { "-limits" } else { "" };
        if namespaced {
            object["metadata"]["namespace"] = Value::from(format!("{namespace}{suffix}"));
        }
        // What an autoscaler may write is no drift.
        if object["kind"] == "HorizontalPodAutoscaler" {
            object["spec"]["scaleTargetRef"]["name"] = json!("nothing");
        }
        // The server deletes it with the Service of the same name.
        if object["kind"] == "Endpoints" {
            object["metadata"]["name"] = json!("apart");
        }
        if object["kind"] == "Event" {
            let about = if object["apiVersion"] == "v1" { "involvedObject" } else { "regarding" };
            object[about]["namespace"] = Value::from(namespace.as_str());
        }
    }
    all
}

/// What Git says a commit later.
fn moved_on(manifest: &Value) -> Value {
    let mut next = manifest.clone();
    if !next["metadata"]["annotations"].is_object() {
        next["metadata"]["annotations"] = json!({});
    }
    next["metadata"]["annotations"]["example.com/commit"] = json!("second");
    if next["kind"] == "ConfigMap" {
        next["data"]["commit"] = json!("second");
    }
    if let Some(containers) = next.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut)
        && manifest["kind"] != "Job"
    {
        containers[0]["image"] = json!("registry.example/second:2");
        containers.push(json!({"name": "second", "image": "registry.example/second:2"}));
    }
    next
}
