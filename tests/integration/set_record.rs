//! The record of a set on the real server: which side moved, object by object, told by what was applied last.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test waits, and fails by panicking")]

use std::time::Duration;

use gitops::record::SetIdentity;
use gitops::record::encode::Member;
use serde_json::{Value, json};

use crate::base_revision::{APPLIED, EDIT, WANTED};
use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Source, gitops, object, objects};
use crate::support::{generate, recorder};

/// A namespace with a set in it, whose record lies there too.
struct Set<'c> {
    cluster: &'c Cluster,
    namespace: String,
    set: SetIdentity,
}

impl<'c> Set<'c> {
    fn new(cluster: &'c Cluster, name: &str) -> Self {
        let namespace = cluster.namespace(name);
        let set = recorder::set(name, &namespace);
        Self { cluster, namespace, set }
    }

    fn kubectl(&self, args: &[&str], input: &str) -> String {
        self.cluster.kubectl_stdin(&[&["-n", &self.namespace], args].concat(), input)
    }

    /// Applies under our name, with the label of the set.
    fn apply(&self, objects: &[Value]) {
        let labelled = recorder::labelled(&self.set, objects);
        let (here, there): (Vec<Value>, Vec<Value>) = labelled.into_iter().partition(|object| {
            object["metadata"]["namespace"].as_str().is_none_or(|namespace| namespace == self.namespace)
        });
        for object in there {
            let apply = ["apply", "--server-side", "--field-manager=gitops", "-f", "-"];
            self.cluster.kubectl_stdin(&apply, &object.to_string());
        }
        let labelled = here;
        self.kubectl(
            &["apply", "--server-side", "--field-manager=gitops", "-f", "-"],
            &generate::stream(&labelled),
        );
    }

    fn members(&self, source: &Source) -> Vec<Member> {
        recorder::members(self.cluster.kubeconfig(), source.path(), &self.namespace)
    }

    fn write(&self, members: &[Member]) {
        let objects = recorder::record(&self.set, members, "2026-11-18T10:00:00Z");
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=recorder", "-f", "-"];
        self.kubectl(&apply, &generate::stream(&objects));
    }

    /// Applies and records, and waits until later writes are newer: owners' times have seconds.
    fn applied(&self, objects: &[Value]) {
        self.apply(objects);
        self.write(&self.members(&Source::of(objects)));
        std::thread::sleep(Duration::from_millis(1100));
    }

    fn diff(&self, wanted: &[Value], flags: &[&str]) -> program::Run {
        self.diff_as(self.cluster.kubeconfig(), wanted, flags)
    }

    fn diff_as(&self, kubeconfig: &std::path::Path, wanted: &[Value], flags: &[&str]) -> program::Run {
        let source = Source::of(wanted);
        let args = ["diff", source.path(), "-n", &self.namespace, "--set-name", &self.set.name];
        gitops(self.cluster, kubeconfig, &[&args, flags].concat())
    }

    fn report(&self, wanted: &[Value]) -> Value {
        self.diff(wanted, &["-o", "json"]).report()
    }
}

fn documents(text: &str) -> Vec<Value> {
    text.split("---\n").map(|text| serde_yaml::from_str(text).unwrap()).collect()
}

fn config(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn classes(report: &Value, kind: &str, name: &str) -> Vec<(String, String)> {
    let found = object(report, kind, name).unwrap_or_else(|| panic!("{name} is in sync: {report}"));
    found.fields().into_iter().map(|(path, class, _)| (path, class)).collect()
}

fn statuses(report: &Value) -> Vec<(String, String)> {
    objects(report).iter().map(|o| (o.name().to_owned(), o.status().to_owned())).collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

/// The table is that of `--base REV` in `base_revision.rs`: a record knows what the revision knew.
#[test]
fn the_record_tells_each_side_that_moved() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "recorded");
    set.applied(&documents(APPLIED));
    set.kubectl(&["patch", "configmap", "config", "--type=merge", "-p", EDIT], "");
    set.kubectl(&["delete", "configmap", "deleted"], "");
    let wanted = documents(WANTED);
    let report = set.report(&wanted);
    assert_eq!(statuses(&report), owned(&[("config", "diverged"), ("deleted", "missing"), ("fresh", "new")]));
    let expected = [
        ("data.add", "pending"),
        ("data.add-foreign", "diverged"),
        ("data.diverged", "diverged"),
        ("data.drift", "drift"),
        ("data.dropped-changed", "diverged"),
        ("data.pending", "pending"),
        ("data.removal", "removal"),
        ("data.removed-live", "drift"),
    ];
    assert_eq!(classes(&report, "ConfigMap", "config"), owned(&expected));
    assert_eq!(report["targets"][0]["base"], "record, 9a01b7c");
    assert_eq!(report["targets"][0]["record"]["set"], "recorded");
    assert_eq!(report["targets"][0]["record"]["at"], "2026-11-18T10:00:00Z");
    let base = |path: &str| {
        let config = object(&report, "ConfigMap", "config").unwrap();
        let field =
            config.0["fields"].as_array().unwrap().iter().find(|field| field["path"] == path).cloned();
        field.unwrap()["base"].clone()
    };
    assert_eq!(
        (base("data.diverged"), base("data.pending"), base("data.add")),
        (json!("1"), json!("1"), Value::Null)
    );
    let text = set.diff(&wanted, &[]);
    assert_eq!((text.code, text.stderr.contains("warning")), (1, false), "{}", text.stderr);
    assert!(
        text.stdout.lines().next().unwrap().contains("base: record, 9a01b7c, applied"),
        "{}",
        text.stdout
    );
    let mut again = set.report(&wanted);
    for varies in ["counts", "source"] {
        again[varies] = report[varies].clone();
    }
    assert_eq!(again.to_string(), report.to_string(), "the same bytes for the same state");
    // A base that a user names wins, and so does one that is withheld.
    let withheld = set.diff(&wanted, &["-o", "json", "--base", "none"]).report();
    assert!(statuses(&withheld).contains(&("fresh".to_owned(), "missing".to_owned())));
    assert!(
        classes(&withheld, "ConfigMap", "config").contains(&("data.add".to_owned(), "differs".to_owned()))
    );
}

#[test]
fn values_of_secrets_are_compared_by_their_digests() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "digests");
    // As an apply of ours sends it: folded into data.
    let secret = |mut data: Value| {
        use base64::Engine as _;
        for value in data.as_object_mut().unwrap().values_mut() {
            *value = json!(base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap()));
        }
        [json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": data})]
    };
    set.applied(&secret(
        json!({"drift": "canary-one", "pending": "canary-one", "both": "canary-one", "same": "canary-one",
        "gone": "canary-one", "left": "canary-one", "converged": "canary-one"}),
    ));
    let edit = json!({"stringData": {"drift": "canary-two", "both": "canary-two", "left": "canary-two",
        "converged": "canary-three"}});
    set.kubectl(&["patch", "secret", "keys", "--type=merge", "-p", &edit.to_string()], "");
    let wanted = secret(
        json!({"drift": "canary-one", "pending": "canary-three", "both": "canary-three", "same": "canary-one",
        "converged": "canary-three"}),
    );
    let expected = [
        ("data.both", "diverged"),
        ("data.drift", "drift"),
        ("data.gone", "removal"),
        ("data.left", "diverged"),
        ("data.pending", "pending"),
    ];
    assert_eq!(classes(&set.report(&wanted), "Secret", "keys"), owned(&expected));
    let stored =
        set.kubectl(&["get", "secrets", "-l", "app.kubernetes.io/managed-by=gitops", "-o", "json"], "");
    let text = set.diff(&wanted, &[]).stdout;
    for hidden in ["canary", "Y2FuYXJ5", "hmac"] {
        assert!(!text.contains(hidden), "{text}");
        assert!(!stored.contains(hidden), "{hidden}");
    }
}

#[test]
fn an_entry_is_believed_only_for_the_object_and_the_apply_it_was_written_for() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "believed");
    let names = ["recreated", "reapplied", "replaced", "unowned", "ending"];
    let all = |value: &str| -> Vec<Value> {
        names.iter().map(|name| config(name, json!({"k": value, "other": "1"}))).collect()
    };
    set.applied(&all("1"));
    // Deleted and made again by somebody, as it was and otherwise.
    set.kubectl(&["delete", "configmap", "recreated", "replaced"], "");
    set.kubectl(&["create", "configmap", "recreated", "--from-literal=k=2", "--from-literal=other=1"], "");
    set.kubectl(&["create", "configmap", "replaced", "--from-literal=k=9", "--from-literal=other=1"], "");
    // Applied by a run that could not record it.
    set.apply(&[config("reapplied", json!({"k": "3", "other": "1"}))]);
    // Our entry is gone.
    let reset = r#"[{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]"#;
    set.kubectl(&["patch", "configmap", "unowned", "--type=json", "-p", reset], "");
    let hold = r#"{"metadata": {"finalizers": ["example.com/hold"]}}"#;
    set.kubectl(&["patch", "configmap", "ending", "--type=merge", "-p", hold], "");
    set.kubectl(&["delete", "configmap", "ending", "--wait=false"], "");
    let report = set.report(&all("2"));
    let release = r#"{"metadata": {"finalizers": null}}"#;
    set.kubectl(&["patch", "configmap", "ending", "--type=merge", "-p", release], "");

    let told = |name: &str| {
        let found = object(&report, "ConfigMap", name)
            .or_else(|| program::noted(&report).into_iter().find(|object| object.name() == name));
        found.unwrap_or_else(|| panic!("{name} is not told")).0.clone()
    };
    let anew = "deleted and created anew since the last apply";
    assert!(told("recreated")["notes"].to_string().contains(anew), "{}", told("recreated"));
    assert!(told("recreated").get("status").is_none(), "in sync by chance");
    let replaced = told("replaced");
    assert_eq!(
        (&replaced["status"], &replaced["fields"][0]["base"]),
        (&json!("differs"), &json!("1")),
        "{replaced}"
    );
    assert!(replaced["notes"].to_string().contains(anew));
    assert_eq!(replaced["base"], "record, of an earlier object");
    let reapplied = told("reapplied");
    assert_eq!(
        (&reapplied["status"], &reapplied["base"]),
        (&json!("pending"), &json!("unknown")),
        "{reapplied}"
    );
    assert_eq!(
        (&told("unowned")["status"], &told("unowned")["base"]),
        (&json!("differs"), &json!("unknown"))
    );
    assert_eq!(told("ending")["status"], "terminating");
}

/// FLT-58 and what a least-rights user sees: the record is a help, never a condition.
#[test]
fn a_record_that_cannot_be_used_is_one_warning_and_leaves_it_to_the_evidence() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "unusable");
    set.applied(&[config("a", json!({"k": "1", "drift": "1"}))]);
    set.kubectl(&["patch", "configmap", "a", "--type=merge", "-p", r#"{"data": {"drift": "x"}}"#], "");
    let wanted = [config("a", json!({"k": "2", "drift": "1"}))];
    let expected = owned(&[("data.drift", "drift"), ("data.k", "pending")]);
    let check = |kubeconfig: &std::path::Path, base: &str, said: &[&str]| {
        let run = set.diff_as(kubeconfig, &wanted, &["-o", "json"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        let report = run.report();
        assert_eq!(classes(&report, "ConfigMap", "a"), expected);
        assert_eq!(report["targets"][0]["base"], base, "{}", run.stderr);
        assert_eq!(run.stderr.matches("warning:").count(), said.len().min(1), "{}", run.stderr);
        said.iter().for_each(|text| assert!(run.stderr.contains(text), "{text}: {}", run.stderr));
    };
    check(cluster.kubeconfig(), "record, 9a01b7c", &[]);

    let user = cluster.user();
    cluster.allow_in(&set.namespace, &user, "get,list,patch", "configmaps");
    let forbidden = format!("cannot get secrets in namespace {}", set.namespace);
    let grant = "--resource-name=gitops-unusable-base-0";
    check(&user.kubeconfig, "unknown", &["the record of set unusable cannot be read", &forbidden, grant]);
    cluster.allow_in(&set.namespace, &user, "get", "secrets");
    check(&user.kubeconfig, "record, 9a01b7c", &[]);

    let damage = |patch: &str, name: &str| {
        set.kubectl(&["patch", "secret", name, "--type=merge", "-p", patch], "");
    };
    damage(r#"{"data": {"objects": "AAAA"}}"#, "gitops-unusable-base-1");
    check(
        cluster.kubeconfig(),
        "record, 9a01b7c",
        &["gitops-unusable-base-1", "not compressed as a shard is"],
    );
    damage(r#"{"data": {"index": "R0lUT1BTQgI="}}"#, "gitops-unusable-base-0");
    check(
        cluster.kubeconfig(),
        "unknown",
        &["it has version 2 of the format, and this program reads version 1"],
    );
    set.kubectl(&["delete", "secret", "gitops-unusable-base-0"], "");
    check(cluster.kubeconfig(), "unknown", &["gitops-unusable-base-0", "it does not exist"]);
    set.kubectl(&["delete", "configmap", "gitops-unusable"], "");
    check(cluster.kubeconfig(), "unknown", &[]);

    // A snapshot without the right to read the record is whole for a diff.
    let user = cluster.user();
    cluster.allow_in(&set.namespace, &user, "get,list", "pods");
    let rights = "mutatingwebhookconfigurations,validatingwebhookconfigurations,mutatingadmissionpolicies,\
        mutatingadmissionpolicybindings,validatingadmissionpolicies,validatingadmissionpolicybindings";
    let rights: Vec<String> =
        rights.split(',').map(|name| format!("{}.admissionregistration.k8s.io", name.trim())).collect();
    cluster.allow_everywhere(&user, "get,list", &rights.join(","));
    cluster.allow_everywhere(&user, "get,list", "namespaces");
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": []}});
    let source = Source::of(&[pod]);
    let args = ["snapshot", source.path(), "-n", &set.namespace, "--set-name", "unusable"];
    let run = gitops(cluster, &user.kubeconfig, &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("record of set unusable: forbidden: cannot get"), "{}", run.stderr);
}

/// Rows 85 and 86 of the catalogue: what was stuck stays told after one more apply.
#[test]
fn row_086_a_stuck_removal_is_told_after_one_more_apply() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "stuck");
    let (before, after) = ([config("a", json!({"k": "1", "old": "1"}))], [config("a", json!({"k": "1"}))]);
    set.kubectl(&["create", "--field-manager=legacy-tool", "-f", "-"], &generate::stream(&before));
    set.applied(&before);
    let stuck = owned(&[("data.old", "stuck")]);
    assert_eq!(classes(&set.report(&after), "ConfigMap", "a"), stuck);
    // The apply lets go of the key, and the other manager keeps it where it is.
    set.apply(&after);
    let forgotten = set.diff(&after, &["-o", "json", "--base", "none"]).report();
    assert_eq!(statuses(&forgotten), [], "the server has forgotten it: {forgotten}");
    // An apply that changes no value keeps the time of its entry, so that the record is still true.
    assert_eq!(classes(&set.report(&after), "ConfigMap", "a"), stuck);
    // What an apply records of it: the key that was to go and is still there.
    let mut members = set.members(&Source::of(&after));
    members[0].object["data"]["old"] = json!("1");
    set.write(&members);
    let report = set.report(&after);
    assert_eq!(classes(&report, "ConfigMap", "a"), stuck);
    let told = object(&report, "ConfigMap", "a").unwrap().0["fields"][0]["remark"].clone();
    assert!(told.as_str().unwrap().contains("legacy-tool"), "{told}");
}

#[test]
fn the_record_costs_two_requests_and_shards_only_where_git_moved() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "counted");
    let all = |value: &str| -> Vec<Value> {
        (0..20).map(|n| config(&format!("c{n}"), json!({"k": value, "n": "1"}))).collect()
    };
    set.applied(&all("1"));
    set.kubectl(&["patch", "configmap", "c3", "--type=merge", "-p", r#"{"data": {"n": "x"}}"#], "");
    let user = cluster.user();
    cluster.allow_in(&set.namespace, &user, "get,list,patch", "configmaps");
    cluster.allow_everywhere(&user, "list", "configmaps");
    cluster.allow_in(&set.namespace, &user, "get", "secrets");
    let count = |wanted: &[Value]| {
        let mark = cluster.mark();
        set.diff_as(&user.kubeconfig, wanted, &["--read-only"]);
        let requests = cluster.requests_since(mark);
        let of_user: Vec<String> = requests
            .into_iter()
            .filter(|r| r.user == user.name)
            .map(|r| r.uri.split('?').next().unwrap().to_owned())
            .collect();
        let shards = of_user.iter().filter(|uri| uri.ends_with("gitops-counted-base-1")).count();
        (of_user.len(), shards)
    };
    count(&all("1"));
    let (requests, shards) = count(&all("1"));
    assert_eq!(shards, 0, "drift alone reads no shard");
    assert!(
        requests <= 1 + 6 + 4,
        "one list, six more, and the admission kinds that drift asks for: {requests}"
    );
    let (moved, shards) = count(&all("2"));
    assert_eq!((moved, shards), (requests + 1, 1));
}

#[test]
fn a_kind_whose_definition_is_gone_since_the_apply_is_unknown() {
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "lost");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.lost.example.com"}, "spec": {"group": "lost.example.com", "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    set.kubectl(&["apply", "-f", "-"], &definition.to_string());
    set.kubectl(&["wait", "--for=condition=Established", "crd/widgets.lost.example.com"], "");
    let widget = [json!({"apiVersion": "lost.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}})];
    set.applied(&widget);
    assert_eq!(set.diff(&widget, &[]).code, 0);
    set.kubectl(&["delete", "crd", "widgets.lost.example.com"], "");
    let run = set.diff(&widget, &["-o", "json"]);
    let report = run.report();
    let told = object(&report, "Widget", "w").unwrap();
    assert_eq!((told.status(), run.code), ("unknown", 3));
    assert_eq!(told.reason(), "the definition of Widget.lost.example.com is gone since the last apply");
    set.kubectl(&["delete", "configmap", "gitops-lost"], "");
    assert_eq!(set.diff(&widget, &[]).code, 2, "without a record the manifest is wrong");
}

#[test]
fn a_member_of_another_set_is_in_conflict() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "mine");
    set.applied(&[config("a", json!({"k": "1"}))]);
    let other = SetIdentity { name: "theirs".to_owned(), ..set.set.clone() };
    let label = format!("applyset.kubernetes.io/part-of={}", other.id());
    set.kubectl(&["label", "--overwrite", "configmap", "a", &label], "");
    let run = set.diff(&[config("a", json!({"k": "1"}))], &["-o", "json"]);
    let report = run.report();
    let told = object(&report, "ConfigMap", "a").unwrap();
    assert_eq!((told.status(), run.code), ("conflict", 2));
    assert!(told.reason().contains(&other.id()), "{}", told.reason());
}

/// What left Git is found by its label in every kind and namespace of the record, and nothing else is.
#[test]
fn what_left_git_is_extra() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "extras");
    let other = cluster.namespace("extras-other");
    let elsewhere = |mut object: Value| {
        object["metadata"]["namespace"] = json!(other);
        object
    };
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "gone-kind"},
        "spec": {"ports": [{"port": 80}], "clusterIP": "None"}});
    let stays = config("stays", json!({"k": "1"}));
    let all = [
        stays.clone(),
        config("gone", json!({"k": "1"})),
        elsewhere(config("gone-there", json!({"k": "1"}))),
        service,
        config("child", json!({"k": "1"})),
        config("copied", json!({})),
    ];
    set.applied(&all);
    let uid = set.kubectl(&["get", "configmap", "stays", "-o", "jsonpath={.metadata.uid}"], "");
    let owner = json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "stays",
        "uid": uid, "controller": true}]}});
    set.kubectl(&["patch", "configmap", "child", "--type=merge", "-p", &owner.to_string()], "");
    // A controller's copy carries the label, and nobody applied it.
    set.kubectl(&["delete", "configmap", "copied"], "");
    let copy = recorder::labelled(&set.set, &[config("copied", json!({}))]);
    set.kubectl(&["create", "--field-manager=a-controller", "-f", "-"], &generate::stream(&copy));
    let extras = owned(&[("gone", "extra"), ("gone-there", "extra"), ("gone-kind", "extra")]);
    let run = set.diff(std::slice::from_ref(&stays), &["-o", "json"]);
    assert_eq!((run.code, run.stderr.contains("warning")), (1, false), "{}", run.stderr);
    let mut told = statuses(&run.report());
    told.sort();
    let mut expected = extras.clone();
    expected.sort();
    assert_eq!(told, expected);
    // With a choice of objects nobody can tell what left Git.
    assert_eq!(set.diff(std::slice::from_ref(&stays), &["--only", "ConfigMap/stays"]).code, 0);

    // Who may not look everywhere is told so, and what was found stays found.
    let user = cluster.user();
    cluster.allow_in(&set.namespace, &user, "get,list,patch", "configmaps,secrets");
    let run = set.diff_as(&user.kubeconfig, std::slice::from_ref(&stays), &["-o", "json"]);
    assert_eq!(statuses(&run.report()), owned(&[("gone", "extra")]));
    let warning = "objects that left Git cannot be looked for everywhere";
    assert_eq!(run.stderr.matches("warning:").count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains(warning) && run.stderr.contains("(and 1 more kinds)"), "{}", run.stderr);

    // A snapshot tells the same.
    let source = Source::of(std::slice::from_ref(&stays));
    let file = cluster.dir().join("extras.json");
    let file = file.to_str().unwrap();
    let args = ["snapshot", source.path(), "-n", &set.namespace, "--set-name", "extras", "-o", file];
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = gitops(
        cluster,
        cluster.kubeconfig(),
        &["diff", source.path(), "--live", file, "-o", "json", "-n", &set.namespace],
    );
    let mut told = statuses(&run.report());
    told.retain(|(name, _)| name != "gone-there");
    told.sort();
    assert_eq!(told, owned(&[("gone", "extra"), ("gone-kind", "extra")]), "{}", run.stderr);
    let text = std::fs::read_to_string(file).unwrap();
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(recorder::KEY.expose());
    assert!(text.contains("gitops-extras-base-1") && !text.contains(&key), "the record without its key");
}

/// The id of a set is that of the specification, as kubectl computes it.
#[test]
fn kubectl_gives_a_set_the_same_id() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "oracle");
    let name = set.set.parent_name();
    let mut command = cluster.kubectl_command(cluster.kubeconfig());
    command.env("KUBECTL_APPLYSET", "true");
    let source = Source::of(&[config("a", json!({}))]);
    let parent = format!("--applyset=configmap/{name}");
    command.args(["-n", &set.namespace, "apply", "--prune", &parent, "-f", source.path()]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let label = |kind: &str, name: &str, label: &str| {
        let path = format!("jsonpath={{.metadata.labels.applyset\\.kubernetes\\.io/{label}}}");
        set.kubectl(&["get", kind, name, "-o", &path], "")
    };
    assert_eq!(label("configmap", &name, "id"), set.set.id());
    assert_eq!(label("configmap", "a", "part-of"), set.set.id());
}
