//! `gitops apply`.

use serde_json::{Value, json};

use super::{Set, a_second, actions, deployment, differing, reason, service};
use crate::support::cluster;
use crate::support::kinds::{BUILTIN, text};
use crate::support::program::{Source, gitops, object};

/// PROP-05 and PROP-06 for every kind that can be created: the second run writes no member, and no generation moves.
#[test]
fn the_second_apply_of_every_kind_writes_nothing() {
    // A server of its own: webhooks, policies, quotas and classes would be felt by others.
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "kinds");
    let files: Vec<(String, String)> = ["definitions"]
        .into_iter()
        .chain(BUILTIN)
        .chain(["custom"])
        .map(|file| {
            (
                format!("{file}.yaml"),
                text(file).replace("namespace: default", &format!("namespace: {}", set.namespace)),
            )
        })
        .collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&name[..], &text[..])).collect();
    let source = Source::files(&named);
    let first = set.apply(&source);
    let written = actions(&first).len();
    assert!(written >= 60, "{written} objects");
    let generations = |set: &Set<'_>| {
        let all = actions(&first);
        let of = |action: &String| {
            let mut words = action.split(' ').skip(1);
            let (kind, name) =
                (words.next().unwrap_or_default().to_lowercase(), words.next().unwrap_or_default());
            let args = [
                "-n",
                &set.namespace,
                "get",
                &kind,
                name,
                "-o",
                "jsonpath={.metadata.resourceVersion}/{.metadata.generation}",
            ];
            let found = set.cluster.kubectl(&args);
            format!("{kind}/{name} {}", String::from_utf8_lossy(&found.stdout))
        };
        all.iter().map(of).collect::<Vec<_>>()
    };
    let before = generations(&set);
    let mark = cluster.mark();
    let second = set.apply(&source);
    assert_eq!(actions(&second), [""; 0]);
    let writes: Vec<String> = cluster
        .requests_since(mark)
        .iter()
        .filter(|r| r.user_agent.starts_with("gitops/") && !r.uri.contains("dryRun="))
        .filter(|r| matches!(r.verb.as_str(), "patch" | "create" | "update" | "delete"))
        .filter(|r| !r.uri.contains("/leases") && !r.uri.contains("/selfsubject"))
        .map(|r| format!("{} {}", r.verb, r.uri))
        .collect();
    assert_eq!(writes, [""; 0], "a run without changes writes neither a member nor the record");
    // Status controllers of the server write some kinds; those that nobody writes stay as they were.
    let after = generations(&set);
    let moved =
        before.iter().zip(&after).filter(|(a, b)| a.rsplit('/').next() != b.rsplit('/').next()).count();
    assert_eq!(moved, 0, "no generation moves");
    let diff = set.ok("diff", &source, &[]);
    assert_eq!(differing(&diff), [""; 0]);
    cluster::tell(&format!("apply twice: {written} objects, 0 writes the second time"));
}

/// Edits that server-side apply alone cannot undo are undone by a take-over of what people added, in one change of spec.
/// The list is that of server-facts: eleven edits by `kubectl-edit`.
#[test]
fn eleven_edits_go_back_exactly_in_one_change_of_spec() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "edits");
    let source = Source::of(&[deployment(&set.namespace), service(&set.namespace)]);
    set.apply(&source);
    a_second();
    let container = "/spec/template/spec/containers/0";
    let edits: [(&str, &str, Value); 11] = [
        (
            "variable",
            "deployment",
            json!([{"op": "add", "path": format!("{container}/env/-"), "value": {"name": "NEW", "value": "1"}}]),
        ),
        (
            "sidecar",
            "deployment",
            json!([{"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "debug", "image": "busybox"}}]),
        ),
        (
            "ports",
            "deployment",
            json!([{"op": "add", "path": "/spec/template/spec/containers/1/ports", "value": [{"containerPort": 9}]}]),
        ),
        (
            "valueFrom",
            "deployment",
            json!([{"op": "replace", "path": format!("{container}/env/0"), "value": {"name": "LEVEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}}]),
        ),
        (
            "volume source",
            "deployment",
            json!([{"op": "replace", "path": "/spec/template/spec/volumes/0", "value": {"name": "cache", "configMap": {"name": "x"}}}]),
        ),
        (
            "strategy",
            "deployment",
            json!([{"op": "replace", "path": "/spec/strategy", "value": {"type": "Recreate"}}]),
        ),
        (
            "key of an item",
            "deployment",
            json!([{"op": "replace", "path": format!("{container}/env/1/name"), "value": "MODES"}]),
        ),
        ("port", "service", json!([{"op": "replace", "path": "/spec/ports/0/port", "value": 81}])),
        (
            "second port",
            "service",
            json!([{"op": "add", "path": "/spec/ports/-", "value": {"name": "more", "port": 90}}]),
        ),
        ("selector", "service", json!([{"op": "add", "path": "/spec/selector/tier", "value": "front"}])),
        ("type", "service", json!([{"op": "replace", "path": "/spec/type", "value": "NodePort"}])),
    ];
    for (edit, kind, patch) in edits {
        let what = format!("{kind}/web");
        let before = set.live(&what);
        set.kubectl(&[
            "patch",
            &what,
            "--type=json",
            "--field-manager=kubectl-edit",
            "-p",
            &patch.to_string(),
        ]);
        let edited = set.live(&what);
        assert_ne!(before["spec"], edited["spec"], "{edit}: the edit did something");
        let report = set.ok("apply", &source, &["--yes"]);
        assert_eq!(actions(&report).len(), 1, "{edit}: {report}");
        let after = set.live(&what);
        let plain = |object: &Value| {
            let mut spec = object["spec"].clone();
            // A port that the server allots is its own.
            if let Some(ports) = spec.get_mut("ports").and_then(Value::as_array_mut) {
                ports
                    .iter_mut()
                    .for_each(|port| drop(port.as_object_mut().map(|port| port.remove("nodePort"))));
            }
            spec
        };
        assert_eq!(plain(&after), plain(&before), "{edit}");
        if kind == "deployment" {
            let generation = |object: &Value| object["metadata"]["generation"].as_i64().unwrap_or_default();
            assert_eq!(generation(&after), generation(&edited) + 1, "{edit}: one change of spec");
        }
        let diff = set.ok("diff", &source, &[]);
        assert_eq!(differing(&diff), [""; 0], "{edit}");
        a_second();
    }
}

/// FLT-16: a definition, its namespace and its objects in one run, with the record in that namespace.
#[test]
fn flt_16_definition_and_objects_go_in_one_run_into_a_namespace_that_it_creates() {
    let Some(cluster) = cluster::shared() else { return };
    let base = cluster.namespace("own");
    let (namespace, group) = (format!("{base}-made"), format!("{base}.example.com"));
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
                {"type": "object", "properties": {"spec": {"type": "object", "properties": {
                    "size": {"type": "integer"}, "colour": {"type": "string", "default": "red"}}}}}}}]}});
    let source = Source::of(&[
        json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}),
        definition,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": namespace}}),
    ]);
    let args = ["apply", source.path(), "--set-name", "own", "-n", &namespace, "-o", "json", "--yes"];
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let mut done = actions(&run.report());
    done.sort();
    let expected = ["CustomResourceDefinition widgets", "Namespace", "ConfigMap c", "Widget w"];
    assert_eq!(done.len(), expected.len(), "{done:?}");
    assert!(done.iter().all(|action| action.starts_with("created ")), "{done:?}");
    let again = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!((again.code, actions(&again.report())), (0, Vec::new()), "{}", again.stderr);
    let record = cluster.kubectl_ok(&["get", "configmap", "gitops-own", "-n", &namespace, "-o", "name"]);
    assert_eq!(record.trim(), "configmap/gitops-own");
}

/// Sets that others created are taken over as they are: by kubectl's three ways.
#[test]
fn what_others_created_is_adopted_without_a_change() {
    let Some(cluster) = cluster::shared() else { return };
    for (way, arguments) in [
        ("client", vec!["apply", "-f"]),
        ("create", vec!["create", "-f"]),
        ("server", vec!["apply", "--server-side", "-f"]),
    ] {
        let set = Set::new(cluster, &format!("adopt-{way}"));
        let source = Source::of(&[deployment(&set.namespace), set.config("c", &json!({"a": "1"}))]);
        let file = source.file("all.yaml");
        let file = file.to_str().expect("the name is UTF-8");
        set.kubectl(&[&arguments[..], &[file]].concat());
        let before = set.live("deployment/web");
        let report = set.apply(&source);
        assert_eq!(actions(&report), ["configured ConfigMap c", "configured Deployment web"], "{way}");
        let after = set.live("deployment/web");
        assert_eq!(after["spec"], before["spec"], "{way}");
        assert_eq!(after["metadata"]["generation"], before["metadata"]["generation"], "{way}");
        assert_eq!(actions(&set.apply(&source)), [""; 0], "{way}: the second run");
        let other = Source::of(&[deployment(&set.namespace), set.config("c", &json!({"a": "2"}))]);
        let diff = set.run("diff", &other, &[]).report();
        assert_eq!(differing(&diff), ["pending ConfigMap c"], "{way}: the record is the base");
    }
}

/// A field that a controller holds is left, told, and no success; it is taken when that is said.
#[test]
fn flt_11_held_fields_are_left_unless_they_are_forced() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "held");
    let source = Source::of(&[set.config("c", &json!({"a": "git", "b": "git"}))]);
    set.apply(&source);
    set.kubectl(&[
        "patch",
        "configmap/c",
        "--type=merge",
        "--field-manager=controller",
        "-p",
        r#"{"data":{"a":"held"}}"#,
    ]);
    let run = set.run("apply", &source, &["--yes"]);
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "held", "b": "git"}));
    let moved = Source::of(&[set.config("c", &json!({"a": "git", "b": "new"}))]);
    let run = set.run("apply", &moved, &["--yes"]);
    assert_eq!(run.code, 2, "the rest is written: {}{}", run.stdout, run.stderr);
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "held", "b": "new"}));
    let run = set.run("apply", &moved, &["--yes", "--force-conflicts=other"]);
    assert_eq!((run.code, &set.live("configmap/c")["data"]["a"]), (2, &json!("held")));
    set.ok("apply", &moved, &["--yes", "--force-conflicts=controller"]);
    assert_eq!(set.live("configmap/c")["data"], json!({"a": "git", "b": "new"}));
}

/// FLT-12 and FLT-18: one bad object is told with its reason, and what a failure stops is told too.
#[test]
fn flt_12_a_denied_object_fails_and_the_rest_of_its_wave_is_written() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "denied");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": set.namespace},
        "spec": {"containers": [{"name": "c", "image": "x"}], "priorityClassName": "absent"}});
    let source = Source::of(&[set.config("a", &json!({"k": "v"})), set.config("b", &json!({"k": "v"})), pod]);
    let run = set.run("apply", &source, &["--yes"]);
    let report = run.report();
    assert_eq!(run.code, 2, "{}{}", run.stdout, run.stderr);
    let done = actions(&report);
    assert!(done.contains(&"failed Pod p".to_owned()), "{done:?} {}", run.stderr);
    assert!(set.exists("configmap/a") && set.exists("configmap/b"));
    assert!(reason(&report, "p").contains("absent"), "{}", reason(&report, "p"));
}

/// FLT-18: an immutable change is refused and nothing of the object is written; the rest is.
#[test]
fn flt_18_an_immutable_change_is_refused() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "immutable");
    let config = |value: &str| {
        let mut config = set.config("c", &json!({"k": value}));
        config["immutable"] = json!(true);
        config
    };
    set.apply(&Source::of(&[config("1"), set.config("d", &json!({"k": "1"}))]));
    let source = Source::of(&[config("2"), set.config("d", &json!({"k": "2"}))]);
    let run = set.run("apply", &source, &["--yes"]);
    assert_eq!(run.code, 5, "{}{}", run.stdout, run.stderr);
    assert_eq!(actions(&run.report()), ["refused ConfigMap c", "configured ConfigMap d"]);
    assert_eq!(set.live("configmap/c")["data"]["k"], "1");
    let uid = set.live("configmap/c")["metadata"]["uid"].clone();
    let report = set.ok("apply", &source, &["--yes", "--replace", "ConfigMap"]);
    assert_eq!(actions(&report), ["replaced ConfigMap c"]);
    assert_eq!(set.live("configmap/c")["data"]["k"], "2");
    assert_ne!(set.live("configmap/c")["metadata"]["uid"], uid);
    assert_eq!(actions(&set.apply(&source)), [""; 0]);
    let claim = |storage: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": set.namespace},
            "spec": {"accessModes": [storage], "resources": {"requests": {"storage": "1Gi"}}}})
    };
    let with = |claim: Value| Source::of(&[config("2"), set.config("d", &json!({"k": "2"})), claim]);
    set.apply(&with(claim("ReadWriteOnce")));
    let run =
        set.run("apply", &with(claim("ReadWriteMany")), &["--yes", "--replace", "PersistentVolumeClaim"]);
    assert_eq!(
        (run.code, actions(&run.report())),
        (5, vec!["refused PersistentVolumeClaim data".to_owned()])
    );
}

/// Nothing is written where nobody said so: without a terminal, from uncommitted files, without a name.
#[test]
fn nothing_is_written_unasked() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "unasked");
    let source = Source::of(&[set.config("c", &json!({"k": "v"}))]);
    let run = set.run("apply", &source, &[]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("no terminal to ask on") && run.stderr.contains("--yes"), "{}", run.stderr);
    let run = set.run("apply", &source, &["--dry-run"]);
    assert_eq!((run.code, differing(&run.report())), (0, vec!["missing ConfigMap c".to_owned()]));
    let args = ["apply", source.path(), "-n", &set.namespace, "--yes"];
    let run = gitops(cluster, cluster.kubeconfig(), &args);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("the set has no name") && run.stderr.contains("--set-name"),
        "{}",
        run.stderr
    );
    let bad = Source::of(&[
        set.config("c", &json!({"k": "v"})),
        json!({"apiVersion": "v1", "kind": "Sevice", "metadata": {"name": "x"}}),
    ]);
    let run = set.run("apply", &bad, &["--yes"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(!set.exists("configmap/c") && !set.exists("lease/other"), "nothing was written");
    assert_eq!(set.run("apply", &bad, &["--yes", "--continue-on-error"]).code, 2);
    assert!(set.exists("configmap/c"), "the rest is written when that is wanted");
    let empty = Source::files(&[("empty.yaml", "# nothing\n")]);
    let run = set.run("apply", &empty, &["--yes"]);
    assert_eq!(run.code, 5, "FLT-51: {}", run.stderr);
}

/// 4,000 new objects of four kinds take 4,000 writes and few requests beside; with one change exactly one member is written.
#[test]
fn a_large_set_costs_one_request_an_object() {
    const NUMBER: usize = 1000;
    // A server of its own: all its requests are counted.
    let Some(cluster) = cluster::private() else { return };
    let set = Set::new(&cluster, "large");
    let objects = |first: &str| -> Vec<Value> {
        let of = |n: usize| {
            let name = |kind: &str| json!({"name": format!("{kind}{n:04}"), "namespace": set.namespace});
            let value = if n == 0 { first } else { "v" };
            [
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name("c"), "data": {"k": value}}),
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": name("s"), "stringData": {"k": "v"}}),
                json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name("a")}),
                json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": name("r"),
                    "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]}),
            ]
        };
        (0..NUMBER).flat_map(of).collect()
    };
    let source = Source::of(&objects("1"));
    // The schemas are cached by a diff.
    assert_eq!(set.run("diff", &source, &[]).code, 1);
    let mark = cluster.mark();
    let report = set.apply(&source);
    assert_eq!(actions(&report).len(), 4 * NUMBER);
    let requests = cluster.requests_since(mark);
    let ours = || requests.iter().filter(|request| request.user_agent.starts_with("gitops/"));
    let writes = ours().filter(|request| request.verb == "patch" && !request.uri.contains("dryRun=")).count();
    let others = ours().count() - writes;
    assert_eq!(writes, 4 * NUMBER);
    assert!(others <= 60, "{others} other requests");
    let mark = cluster.mark();
    let report = set.apply(&Source::of(&objects("2")));
    assert_eq!(actions(&report), ["configured ConfigMap c0000"]);
    let requests = cluster.requests_since(mark);
    let members = requests.iter().filter(|request| {
        request.user_agent.starts_with("gitops/")
            && request.verb == "patch"
            && !request.uri.contains("dryRun=")
    });
    assert_eq!(members.count(), 1);
    cluster::tell(&format!("4,000 new objects: {writes} writes and {others} other requests"));
}

/// An Event tells what a run did, one a run, and only where it was asked for and something happened.
#[test]
fn a_run_is_told_as_an_event_where_that_is_wanted() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "told");
    let events = || {
        let template = "{range .items[*]}{.type} {.reason} {.involvedObject.name}: {.message}{\"\\n\"}{end}";
        let args = ["get", "events", "--field-selector", "involvedObject.kind=ConfigMap", "-o"];
        let text = set.kubectl(&[&args[..], &[&format!("jsonpath={template}")]].concat());
        // The server lists them by their names, which are random.
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let source =
        Source::of(&[set.config("a", &json!({"k": "1"})), set.config("b", &json!({"k": "secret-value"}))]);
    set.apply(&source);
    assert_eq!(events(), [""; 0], "none without the flag");
    let source = Source::of(&[set.config("a", &json!({"k": "2"})), set.config("c", &json!({}))]);
    set.ok("apply", &source, &["--yes", "--emit-events"]);
    let told = "Normal Applied gitops-told: gitops apply of set told: 1 configured, 1 created";
    assert_eq!(events(), [told]);
    set.ok("apply", &source, &["--yes", "--emit-events"]);
    assert_eq!(events(), [told], "a run that does nothing tells nothing");
    let rule = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [{"port": 99999}]}});
    let failing = Source::of(&[set.config("a", &json!({"k": "2"})), set.config("c", &json!({})), rule]);
    let run = set.run("apply", &failing, &["--yes", "--emit-events"]);
    assert_eq!(
        (run.code, actions(&run.report())),
        (2, vec!["failed Service bad".to_owned()]),
        "{}",
        run.stderr
    );
    assert_eq!(events(), [told, "Warning Failed gitops-told: gitops apply of set told: 1 failed"]);
}

/// With `--verify all` the server is asked about new objects too: what it would refuse is known before the first write.
#[test]
fn new_objects_are_verified_where_that_is_wanted() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "verified");
    let mut bad = service(&set.namespace);
    bad["spec"]["ports"][0]["port"] = json!(99_999);
    let unborn = format!("{}-new", set.namespace);
    let source = Source::of(&[
        set.config("a", &json!({})),
        bad,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": unborn}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b", "namespace": unborn}}),
    ]);
    let told = differing(&set.run("diff", &source, &[]).report());
    assert_eq!(told.iter().filter(|told| told.starts_with("missing")).count(), 4, "{told:?}");
    let run = set.run("apply", &source, &["--yes", "--verify", "all"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let report = run.report();
    let service = object(&report, "Service", "web").expect("the Service is in the report");
    assert_eq!(
        (
            service.status(),
            service.reason().contains("spec.ports[0].port (must be between 1 and 65535, inclusive)")
        ),
        ("invalid", true),
        "{report}"
    );
    let kept = set.kubectl(&["get", "configmap", "-o", "name"]);
    assert!(!kept.contains("/a\n") && !kept.contains("gitops"), "nothing but the lock was written: {kept}");
    let diff = set.run("diff", &source, &["--verify=all"]);
    assert_eq!((diff.code, diff.report()["counts"]["dryRuns"].as_u64()), (2, Some(3)), "{}", diff.stdout);
    let unasked = set.run("diff", &source, &["--verify=all", "--read-only"]);
    assert_eq!(
        (unasked.code, unasked.stdout.contains("--read-only sends none")),
        (3, true),
        "{}",
        unasked.stdout
    );
}
