//! Ignore rules on the real server: kubectl edits under each kind of rule, and what the program makes of them.
#![expect(clippy::disallowed_methods, reason = "writes the files of a source")]

use std::time::Duration;

use serde_json::Value;

use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Run, Source, gitops};

/// Name of an object, the edit, the rule, and what is ignored of it: path and why; nothing where the rule does not hold.
struct Row {
    name: &'static str,
    edit: &'static [&'static str],
    rule: &'static str,
    ignored: &'static [&'static str],
}

const PATCH: &str = "--type=strategic";

/// One Deployment, Service or ConfigMap a row.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "deployment/path", edit: &["scale", "--replicas=5"], rule: "paths: [spec.replicas]", ignored: &["spec.replicas"] },
    Row { name: "deployment/item", edit: &["patch", PATCH, "-p", r#"{"spec": {"template": {"spec": {"containers": [{"name": "debug", "image": "b:1"}]}}}}"#],
        rule: "paths:\n  - spec.template.spec.containers[debug]", ignored: &["spec.template.spec.containers[debug]"] },
    Row { name: "deployment/any", edit: &["set", "image", "web=example.test/web:2"],
        rule: "paths: ['spec.template.spec.containers[*].image']", ignored: &["spec.template.spec.containers[web].image"] },
    Row { name: "service/keys", edit: &["patch", PATCH, "-p", r#"{"spec": {"ports": [{"port": 80, "targetPort": 81}]}}"#],
        rule: "paths: ['spec.ports[port=80].targetPort']", ignored: &["spec.ports[port=80,protocol=TCP].targetPort"] },
    Row { name: "configmap/quoted", edit: &["annotate", "--overwrite", "example.org/owner=eve"],
        rule: "paths: ['metadata.annotations[\"example.org/owner\"]']", ignored: &["metadata.annotations[\"example.org/owner\"]"] },
    Row { name: "configmap/manager", edit: &["patch", "--type=merge", "--field-manager=robot", "-p", r#"{"data": {"a": "2"}}"#],
        rule: "managers: [robot]", ignored: &["data.a"] },
    Row { name: "configmap/both", edit: &["patch", "--type=merge", "--field-manager=robot", "-p", r#"{"data": {"a": "2"}}"#],
        rule: "managers: [rob*]\n  paths: [data.*]", ignored: &["data.a"] },
    Row { name: "configmap/stranger", edit: &["patch", "--type=merge", "--field-manager=kubectl-edit", "-p", r#"{"data": {"a": "2"}}"#],
        rule: "managers: [robot]\n  paths: [data.a]", ignored: &[] },
    Row { name: "configmap/gone", edit: &["patch", "--type=merge", "-p", r#"{"data": {"b": null}}"#],
        rule: "paths: [data.b]", ignored: &["data.b"] },
    Row { name: "configmap/gone-by-nobody", edit: &["patch", "--type=merge", "--field-manager=robot", "-p", r#"{"data": {"b": null}}"#],
        rule: "managers: [robot]", ignored: &[] },
    Row { name: "deployment/atomic", edit: &["patch", "--type=json", "-p", r#"[{"op": "replace", "path": "/spec/template/spec/tolerations/0/value", "value": "y"}]"#],
        rule: "paths: ['spec.template.spec.tolerations[key=spot].value']", ignored: &["spec.template.spec.tolerations"] },
    Row { name: "deployment/atomic-beside", edit: &["patch", "--type=json", "-p", r#"[{"op": "replace", "path": "/spec/template/spec/tolerations/0/effect", "value": "NoExecute"}]"#],
        rule: "paths: ['spec.template.spec.tolerations[key=spot].value']", ignored: &[] },
    Row { name: "configmap/expired", edit: &["patch", "--type=merge", "-p", r#"{"data": {"a": "2"}}"#],
        rule: "paths: [data.a]\n  until: 2020-01-31", ignored: &[] },
    Row { name: "configmap/lasting", edit: &["patch", "--type=merge", "-p", r#"{"data": {"a": "2"}}"#],
        rule: "paths: [data.a]\n  until: 2999-12-31", ignored: &["data.a"] },
    Row { name: "deployment/whole", edit: &["patch", PATCH, "-p", r#"{"spec": {"replicas": 7, "paused": true}}"#],
        rule: "paths: ['*']", ignored: &["spec.paused", "spec.replicas"] },
];

fn manifest(kind: &str, name: &str) -> String {
    match kind {
        "deployment" => format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers: [{{name: web, image: example.test/web:1}}]
      tolerations: [{{key: spot, operator: Equal, value: x, effect: NoSchedule}}]
"
        ),
        "service" => format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: x}}, ports: [{{port: 80, targetPort: 80}}]}}\n"
        ),
        _ => format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {{example.org/owner: anna}}}}\ndata: {{a: \"1\", b: \"1\"}}\n"
        ),
    }
}

fn parts(row: &Row) -> (&str, &str) {
    row.name.split_once('/').expect("a row names a kind and an object")
}

fn apply(cluster: &Cluster, namespace: &str, text: &str) {
    let apply = ["-n", namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"];
    cluster.kubectl_stdin(&apply, text);
}

/// Owners' times have seconds, and only a later one is newer.
fn a_second_later() {
    std::thread::sleep(Duration::from_millis(1_100));
}

fn edit(cluster: &Cluster, namespace: &str, object: &str, edit: &[&str]) {
    let (verb, rest) = edit.split_at(if edit[0] == "set" { 2 } else { 1 });
    cluster.kubectl_ok(&[&["-n", namespace][..], verb, &[object], rest].concat());
}

fn diff(cluster: &Cluster, source: &Source, namespace: &str, flags: &[&str]) -> Run {
    let args = [&["diff", source.path(), "-n", namespace], flags].concat();
    gitops(cluster, cluster.kubeconfig(), &args)
}

/// Notes of kind `ignored`: name of the object, paths, and the rule.
fn ignored(report: &Value) -> Vec<(String, Vec<String>, Value)> {
    let all = program::objects(report).into_iter().chain(program::noted(report));
    let mut found: Vec<_> = all
        .flat_map(|object| {
            let notes = object.0["notes"].as_array().cloned().unwrap_or_default();
            let ignored = notes.into_iter().filter(|note| note["kind"] == "ignored");
            ignored.map(move |note| (object.name().to_owned(), texts(&note["paths"]), note["rule"].clone()))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn check_schema(report: &Value) {
    let schema = include_str!("../../fixtures/report.schema.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let errors: Vec<String> = validator.iter_errors(report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn each_kind_of_rule_takes_its_edit_away_and_no_other() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("rules");
    let all: String =
        ROWS.iter().map(|row| format!("---\n{}", manifest(parts(row).0, parts(row).1))).collect();
    let rules = ROWS.iter().map(|row| {
        let (kind, name) = parts(row);
        format!(
            "- reason: about {name}\n  kind: {kind}\n  name: {name}\n  namespace: {namespace}\n  {}\n",
            row.rule
        )
    });
    let configuration = format!("apiVersion: gitops/v1\nignore:\n{}", rules.collect::<String>());
    let source = Source::files(&[
        ("all.yaml", &all),
        ("gitops.yaml", &configuration),
        ("none.txt", "apiVersion: gitops/v1\n"),
    ]);
    apply(cluster, &namespace, &all);
    a_second_later();
    for row in ROWS {
        edit(cluster, &namespace, row.name, row.edit);
    }

    let none = source.file("none.txt");
    let without =
        diff(cluster, &source, &namespace, &["-o", "json", "--config", none.to_str().expect("UTF-8")]);
    assert_eq!(without.code, 1, "{}", without.stderr);
    let names = |report: &Value| -> Vec<String> {
        let mut names: Vec<String> =
            program::objects(report).iter().map(|object| object.name().to_owned()).collect();
        names.sort();
        names
    };
    let mut expected: Vec<&str> = ROWS.iter().map(|row| parts(row).1).collect();
    expected.sort_unstable();
    assert_eq!(names(&without.report()), expected, "without rules every edit is found");

    let with = diff(cluster, &source, &namespace, &["-o", "json", "--show", "ignored"]);
    assert_eq!(with.code, 1, "{}", with.stderr);
    let report = with.report();
    check_schema(&report);
    let mut left: Vec<&str> =
        ROWS.iter().filter(|row| row.ignored.is_empty()).map(|row| parts(row).1).collect();
    left.sort_unstable();
    assert_eq!(names(&report), left);
    let taken: Vec<(String, Vec<String>)> =
        ignored(&report).into_iter().map(|(name, paths, _)| (name, paths)).collect();
    let mut wanted: Vec<(String, Vec<String>)> = ROWS
        .iter()
        .filter(|row| !row.ignored.is_empty())
        .map(|row| (parts(row).1.to_owned(), row.ignored.iter().map(|path| (*path).to_owned()).collect()))
        .collect();
    wanted.sort();
    assert_eq!(taken, wanted);
    let (_, _, rule) = ignored(&report).into_iter().find(|(name, ..)| name == "path").expect("it is ignored");
    assert_eq!(
        rule,
        serde_json::json!({"maker": "configuration", "file": "gitops.yaml", "line": 3, "reason": "about path"})
    );
    assert_eq!(report["counts"]["dryRuns"], left.len(), "what is ignored is not asked about");
    assert!(with.stderr.contains("the ignore rule expired on 2020-01-31"), "{}", with.stderr);
    let meaningless: Vec<&str> = with.stderr.lines().filter(|line| line.contains("matches")).collect();
    let told = "the ignore rule matches objects, but none of them has a field of such a manager (correct it, or remove it)";
    assert!(
        matches!(meaningless[..], [line] if line.ends_with(told)),
        "who removed a field left no trace: {}",
        with.stderr
    );
}

#[test]
fn only_ignored_differences_are_in_sync_and_a_reader_is_told() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("rules-text");
    let text = manifest("configmap", "settings") + "---\n" + &manifest("configmap", "quiet");
    let configuration = "apiVersion: gitops/v1
ignore:
- reason: tried out by hand
  kind: ConfigMap
  paths: [data.a]
- kind: Deployment
  paths: [spec.replicas]
- kind: ConfigMap
  name: quiet
  paths: [data.nothing]
";
    let source = Source::files(&[("all.yaml", &text), ("gitops.yaml", configuration)]);
    apply(cluster, &namespace, &text);
    a_second_later();
    edit(
        cluster,
        &namespace,
        "configmap/settings",
        &["patch", "--type=merge", "-p", r#"{"data": {"a": "2"}}"#],
    );

    let quiet = diff(cluster, &source, &namespace, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.stdout);
    assert!(quiet.stdout.contains("2 objects: 2 in sync · 1 difference ignored · "), "{}", quiet.stdout);
    assert!(!quiet.stdout.contains("tried out"), "{}", quiet.stdout);
    let warnings: Vec<&str> = quiet.stderr.lines().collect();
    assert_eq!(
        warnings,
        [
            "warning: gitops.yaml:6: the ignore rule matches no object (correct it, or remove it)",
            "warning: gitops.yaml:8: the ignore rule matches objects, but none of them has such a field (correct it, or remove it)",
        ]
    );
    let shown = diff(cluster, &source, &namespace, &["--show", "ignored"]);
    let line = shown.stdout.lines().find(|line| line.contains("settings")).expect("it is told");
    assert!(line.ends_with("ignored: tried out by hand (gitops.yaml:3): data.a"), "{line}");
    let denied = diff(cluster, &source, &namespace, &["--deny-warnings"]);
    assert_eq!(denied.code, 2, "{}", denied.stderr);
    for part in [["--only", "ConfigMap/settings"], ["-l", "!none"]] {
        let some = diff(cluster, &source, &namespace, &part);
        assert_eq!((some.code, some.stderr.as_str()), (0, ""), "only a part was looked at");
    }
}

/// The address of a Service cannot change. Where that difference is ignored, the server is asked about the others alone.
#[test]
fn an_ignored_difference_does_not_spoil_the_answer_about_others() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("rules-body");
    apply(cluster, &namespace, &manifest("service", "fixed"));
    a_second_later();
    let port = r#"{"spec": {"ports": [{"port": 80, "targetPort": 81}]}}"#;
    edit(cluster, &namespace, "service/fixed", &["patch", PATCH, "-p", port]);
    let wanted = manifest("service", "fixed").replace("spec: {", "spec: {clusterIP: None, ");
    let rules = "apiVersion: gitops/v1\nignore: [{kind: Service, paths: [spec.clusterIP]}]\n";
    let source = Source::files(&[
        ("all.yaml", &wanted),
        ("gitops.yaml", rules),
        ("none.txt", "apiVersion: gitops/v1\n"),
    ]);
    let said = |flags: &[&str]| {
        let run = diff(cluster, &source, &namespace, &[&["-o", "json"], flags].concat());
        let report = run.report();
        let service = program::object(&report, "Service", "fixed").expect("it differs");
        let paths: Vec<String> = service.fields().into_iter().map(|(path, ..)| path).collect();
        (paths, service.0["notes"].to_string().contains("server refuses"))
    };
    let target = "spec.ports[port=80,protocol=TCP].targetPort".to_owned();
    let none = source.file("none.txt");
    let (paths, refused) = said(&["--config", none.to_str().expect("UTF-8")]);
    assert!(paths.contains(&"spec.clusterIP".to_owned()) && refused, "{paths:?} {refused}");
    assert_eq!(said(&[]), (vec![target], false));
}

const FLUX: &str = "kustomize.toolkit.fluxcd.io";

#[test]
fn marks_of_flux_are_understood_where_they_stand() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("rules-flux");
    let marked = |name: &str, mark: &str| {
        manifest("deployment", name)
            .replace("metadata: {name:", &format!("metadata: {{annotations: {{{FLUX}/{mark}}}, name:"))
    };
    let objects = [
        marked("disabled", "reconcile: disabled"),
        marked("ignore", "ssa: Ignore"),
        marked("if-not-present", "ssa: IfNotPresent"),
        marked("merge", "ssa: Merge"),
        marked("other", "ssa: Override"),
        manifest("deployment", "live"),
        manifest("deployment", "not-flux"),
    ];
    let absent = [marked("absent", "ssa: Ignore"), marked("wanted", "ssa: IfNotPresent")];
    let source =
        Source::files(&[("all.yaml", &objects.join("---\n")), ("absent.yaml", &absent.join("---\n"))]);
    apply(cluster, &namespace, &objects.join("---\n"));
    a_second_later();
    let edits = r#"{"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "x:2"}, {"name": "debug", "image": "b:1"}]}}}}"#;
    for name in ["disabled", "ignore", "if-not-present", "merge", "other", "live", "not-flux"] {
        edit(cluster, &namespace, &format!("deployment/{name}"), &["patch", PATCH, "-p", edits]);
    }
    let mark = format!("{FLUX}/reconcile=disabled");
    for name in ["live", "not-flux"] {
        cluster.kubectl_ok(&["-n", &namespace, "annotate", "deployment", name, &mark]);
    }
    let (name, space) = (format!("{FLUX}/name=shop"), format!("{FLUX}/namespace=flux-system"));
    cluster.kubectl_ok(&["-n", &namespace, "label", "deployment", "live", &name, &space]);

    let run = diff(cluster, &source, &namespace, &["-o", "json", "--show", "ignored"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.report();
    check_schema(&report);
    let (image, sidecar) =
        ("spec.template.spec.containers[web].image", "spec.template.spec.containers[debug]");
    let left: Vec<(String, Vec<String>)> = program::objects(&report)
        .iter()
        .map(|object| {
            (object.name().to_owned(), object.fields().into_iter().map(|(path, ..)| path).collect())
        })
        .collect();
    let owned = |name: &str, paths: &[&str]| {
        (name.to_owned(), paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(
        left,
        [
            owned("merge", &[image]),
            owned("not-flux", &[sidecar, image]),
            owned("other", &[sidecar, image]),
            owned("wanted", &[])
        ]
    );
    let taken: Vec<(String, Vec<String>, String)> = ignored(&report)
        .into_iter()
        .map(|(name, paths, rule)| (name, paths, rule["maker"].as_str().unwrap_or_default().to_owned()))
        .collect();
    let by = |name: &str, paths: &[&str], maker: &str| {
        (owned(name, paths).0, owned(name, paths).1, maker.to_owned())
    };
    assert_eq!(
        taken,
        [
            by("absent", &[""], "mark"),
            by("disabled", &[sidecar, image], "mark"),
            by("if-not-present", &[sidecar, image], "mark"),
            by("ignore", &[sidecar, image], "mark"),
            by("live", &[sidecar, image], "live-mark"),
            by("merge", &[sidecar], "mark"),
        ]
    );
    let text = diff(cluster, &source, &namespace, &[]).stdout;
    let told = format!("note: 2 differences ignored: the live object says {FLUX}/reconcile: disabled");
    assert!(text.contains(&told), "what only the cluster asks for is never silent: {text}");
}

const DEFINITION: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "applications.argoproj.io"},
    "spec": {"group": "argoproj.io", "scope": "Namespaced",
        "names": {"kind": "Application", "plural": "applications", "singular": "application", "listKind": "ApplicationList"},
        "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
            {"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}}"#;

#[test]
fn an_application_s_rules_are_about_what_it_manages_alone() {
    let Some(cluster) = cluster::shared() else { return };
    let definition = serde_json::from_str(DEFINITION).expect("it is JSON");
    cluster.define(&definition, "v1alpha1", "Application");
    let namespace = cluster.namespace("rules-argo");
    let application = format!(
        "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop}}
spec:
  source: {{repoURL: 'https://git.example/shop.git', path: shop}}
  destination: {{server: 'https://kubernetes.default.svc', namespace: {namespace}}}
  ignoreDifferences:
  - group: apps
    kind: Deployment
    jsonPointers: [/spec/replicas, /spec/template/spec/containers/0/imagePullPolicy]
  - group: apps
    kind: Deployment
    jqPathExpressions:
    - .spec.template.spec.containers[] | select(.name == \"web\") | .image
    - .spec.template.spec.containers[].args | length
    managedFieldsManagers: [robot]
"
    );
    let objects = manifest("deployment", "managed") + "---\n" + &manifest("deployment", "stranger");
    let source = Source::files(&[("apps/shop.yaml", &application), ("shop/all.yaml", &objects)]);
    apply(cluster, &namespace, &application);
    apply(cluster, &namespace, &objects);
    let tracked = format!("argocd.argoproj.io/tracking-id=shop:apps/Deployment:{namespace}/managed");
    cluster.kubectl_ok(&["-n", &namespace, "annotate", "deployment", "managed", &tracked]);
    a_second_later();
    for name in ["deployment/managed", "deployment/stranger"] {
        edit(cluster, &namespace, name, &["scale", "--replicas=5"]);
        edit(cluster, &namespace, name, &["set", "image", "web=example.test/web:2"]);
        let policy = r#"{"spec": {"template": {"spec": {"containers": [{"name": "web", "imagePullPolicy": "Never"}]}}}}"#;
        edit(cluster, &namespace, name, &["patch", PATCH, "-p", policy]);
        let minimum = r#"{"spec": {"minReadySeconds": 5}}"#;
        edit(
            cluster,
            &namespace,
            name,
            &["patch", "--type=merge", "--field-manager=kubectl-edit", "-p", minimum],
        );
    }
    let run = diff(cluster, &source, &namespace, &["-o", "json", "--show", "ignored"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.report();
    check_schema(&report);
    let paths = |name: &str| -> Vec<String> {
        let object = program::object(&report, "Deployment", name).expect("it differs");
        object.fields().into_iter().map(|(path, ..)| path).collect()
    };
    assert_eq!(paths("managed"), ["spec.minReadySeconds"]);
    let image = "spec.template.spec.containers[web].image";
    let policy = "spec.template.spec.containers[web].imagePullPolicy";
    assert_eq!(paths("stranger"), ["spec.minReadySeconds", "spec.replicas", image, policy]);
    let taken: Vec<(Vec<String>, Value, Value)> = ignored(&report)
        .into_iter()
        .map(|(_, paths, rule)| (paths, rule["line"].clone(), rule["maker"].clone()))
        .collect();
    assert_eq!(
        taken,
        [
            (vec!["spec.replicas".to_owned(), policy.to_owned()], Value::from(8), Value::from("application")),
            (vec![image.to_owned()], Value::from(11), Value::from("application")),
        ]
    );
    assert!(run.stderr.contains("apps/shop.yaml:11: Application shop: ignoreDifferences: \".spec.template.spec.containers[].args | length\" is not understood"), "{}", run.stderr);
}
