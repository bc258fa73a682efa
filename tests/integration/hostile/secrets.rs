//! Values of Secrets against a real server: whatever verb, kind, annotation or error brings them, no output holds them.

#![expect(clippy::disallowed_methods, reason = "waits for the server's policies, and writes files")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use super::CANARY;
use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Source};
use crate::support::sealed::{Ended, Sealed, assert_hidden};

const APPLY: [&str; 5] = ["apply", "--server-side", "--field-manager=gitops", "-f", "-"];
/// What is in Git; the canary is what only the cluster holds.
const IN_GIT: &str = "g1t-v4lue-Wm3pLd8";

/// A Secret with `data`, as the server stores it.
fn secret(namespace: &str, name: &str, data: Value) -> Value {
    let encoded = |value: &Value| json!(base64(value.as_str().expect("a text")));
    let data: serde_json::Map<String, Value> =
        data.as_object().expect("a map").iter().map(|(key, value)| (key.clone(), encoded(value))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data})
}

fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A diff as JSON; it, the same diff as text with everything explained, and all files that both leave hold neither value.
fn diff(sealed: &Sealed, source: &Source, more: &[&str]) -> Ended {
    let text = sealed
        .run(&[&["diff", source.path(), "-v", "-v", "--show", "in-sync,foreign,ignored"], more].concat());
    let strict = sealed
        .run(&[&["diff", source.path(), "--strict", "--read-only", "--color", "always"], more].concat());
    let json = sealed.run(&[&["diff", source.path(), "-o", "json"], more].concat());
    assert_eq!(text.code, json.code, "{text:?}\n{json:?}");
    for canary in [CANARY, IN_GIT] {
        text.assert_hides(canary);
        strict.assert_hides(canary);
        json.assert_hides(canary);
        for (name, content) in sealed.files() {
            assert_hidden(&name, &content, canary);
        }
    }
    assert!(text.stdout.len() > 50, "{text:?}");
    json
}

/// Status of an object, and path and class of its fields.
fn verdict(run: &Ended, kind: &str, name: &str) -> (String, Vec<(String, String)>) {
    let report = run.report();
    let object =
        program::object(&report, kind, name).unwrap_or_else(|| panic!("{name} is not reported: {run:?}"));
    let fields = object.fields().into_iter().map(|(path, class, _)| (path, class)).collect();
    (object.status().to_owned(), fields)
}

fn field(path: &str, class: &str) -> Vec<(String, String)> {
    vec![(path.to_owned(), class.to_owned())]
}

#[test]
fn sec_28_patch_without_get_shows_no_value() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("patch-only");
    cluster.kubectl_stdin(
        &APPLY,
        &secret(&namespace, "s", json!({"password": CANARY, "more": CANARY})).to_string(),
    );
    let source = Source::of(&[secret(&namespace, "s", json!({"password": IN_GIT}))]);
    for verbs in ["patch", "patch,update,create,list", "patch,get"] {
        let user = cluster.user();
        cluster.allow_in(&namespace, &user, verbs, "secrets");
        let run = diff(&Sealed::with_cluster(&user.kubeconfig), &source, &[]);
        let readable = verbs.contains("get") || verbs.contains("list");
        assert_eq!(run.code, if readable { 1 } else { 3 }, "{verbs}: {run:?}");
        let (status, fields) = verdict(&run, "Secret", "s");
        assert_eq!(status == "unknown", !readable, "{verbs}: {status} {fields:?}");
    }
}

#[test]
fn sec_29_the_last_applied_copy_is_hidden() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("last-applied");
    let live = [
        secret(&namespace, "drifted", json!({"password": CANARY})),
        secret(&namespace, "calm", json!({"password": IN_GIT})),
        // Other kinds carry a copy as well.
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "copy", "namespace": namespace,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"data\":\"{CANARY}\"}}")}}}),
    ];
    for object in &live[..2] {
        cluster.kubectl_stdin(&["apply", "-f", "-"], &object.to_string());
    }
    cluster.kubectl_stdin(&["create", "-f", "-"], &live[2].to_string());
    let source = Source::of(&[
        secret(&namespace, "drifted", json!({"password": IN_GIT})),
        secret(&namespace, "calm", json!({"password": IN_GIT})),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "copy", "namespace": namespace}}),
        secret(&namespace, "absent", json!({"password": IN_GIT})),
    ]);
    let run = diff(&Sealed::with_cluster(cluster.kubeconfig()), &source, &[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(verdict(&run, "Secret", "drifted"), ("pending".to_owned(), field("data.password", "pending")));
    assert_eq!(verdict(&run, "Secret", "absent").0, "missing");
    let raw = cluster.kubectl_ok(&["get", "secret", "drifted", "-n", &namespace, "-o", "yaml"]);
    assert_eq!(raw.matches(&base64(CANARY)).count(), 2, "the annotation is there: {raw}");
}

#[test]
fn sec_30_invalid_secrets_are_named_without_their_values() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("invalid-secrets");
    let metadata = |name: &str| json!({"name": name, "namespace": namespace});
    let head = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name)});
    let with = |name: &str, more: Value| {
        let mut object = head(name);
        object.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        object
    };
    let frozen = |value: &str| with("frozen", json!({"immutable": true, "stringData": {"a": value}}));
    cluster.kubectl_stdin(&APPLY, &frozen(CANARY).to_string());
    for name in ["bad-base64", "list", "too-long", "docker"] {
        let object = match name {
            "docker" => with(
                name,
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"}}),
            ),
            _ => with(name, json!({"stringData": {"a": CANARY}})),
        };
        cluster.kubectl_stdin(&APPLY, &object.to_string());
    }
    let long = IN_GIT.repeat(1_150_000 / IN_GIT.len());
    let cases = [
        ("bad-base64", with("bad-base64", json!({"data": {"a": format!("not base64! {IN_GIT}")}}))),
        ("new-bad-base64", with("new-bad-base64", json!({"data": {"a": format!("{IN_GIT}!")}}))),
        ("number", with("number", json!({"stringData": {"a": 20_200_101, "b": IN_GIT}}))),
        ("list", with("list", json!({"stringData": {"a": [IN_GIT]}}))),
        ("map", with("map", json!({"data": {"a": {"b": base64(IN_GIT)}}}))),
        ("whole", with("whole", json!({"stringData": IN_GIT}))),
        ("misspelt", with("misspelt", json!({"stringdata": {"a": IN_GIT}}))),
        ("bad-key", with("bad-key", json!({"stringData": {"a/b c": IN_GIT}}))),
        ("too-long", with("too-long", json!({"stringData": {"a": long}}))),
        (
            "docker",
            with(
                "docker",
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": IN_GIT}}),
            ),
        ),
        (
            "new-docker",
            with(
                "new-docker",
                json!({"type": "kubernetes.io/dockerconfigjson", "stringData": {"a": IN_GIT}}),
            ),
        ),
    ];
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let all: Vec<Value> = cases.iter().map(|(_, object)| object.clone()).collect();
    let run = diff(&sealed, &Source::of(&all), &[]);
    assert_eq!(run.code, 2, "{run:?}");
    for (name, object) in &cases {
        let alone = sealed.run(&["diff", Source::of(std::slice::from_ref(object)).path(), "-v"]);
        alone.assert_hides(IN_GIT);
        alone.assert_hides(CANARY);
        // What does not exist yet is not tried out; it is missing until an apply.
        let status = verdict(&run, "Secret", name).0;
        let expected = if ["bad-key", "new-docker"].contains(name) { ("missing", 1) } else { ("invalid", 2) };
        assert_eq!((status.as_str(), alone.code), expected, "{name}: {alone:?}");
    }
    // Immutable: an apply cannot do it, deleting first could.
    let replaced = diff(&sealed, &Source::of(&[frozen(IN_GIT)]), &[]);
    assert_eq!(
        (verdict(&replaced, "Secret", "frozen").0.as_str(), replaced.code),
        ("replace", 1),
        "{replaced:?}"
    );
}

#[test]
fn sec_30_base64_is_judged_as_the_server_judges_it() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("base64");
    let texts = [
        "",
        "YQ==",
        "YWE=",
        "YWFh",
        "YQ",
        "YWE",
        "YQ=",
        "YQ===",
        "YR==",
        "YWF=",
        "YW\nFh",
        "\r\nYWFh\r\n",
        "YW Fh",
        " YWFh",
        "YWFh\t",
        "-_-_",
        "+/+/",
        "YWFhYQ==YQ==",
        "=",
        "====",
        "Y",
        "YQ=\n=",
        "not base64!",
        "é",
    ];
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let mut refused = 0;
    for text in texts {
        let object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}, "data": {"a": text}});
        let source = Source::of(std::slice::from_ref(&object));
        let taken = cluster
            .kubectl(&["create", "--dry-run=server", "--validate=false", "-f", source.path()])
            .status
            .success();
        let run = sealed.run(&["diff", source.path()]);
        assert_eq!(
            run.code,
            if taken { 1 } else { 2 },
            "{text:?}, which the server {}: {run:?}",
            if taken { "takes" } else { "refuses" }
        );
        assert_eq!(run.stdout.contains("data[\"a\"] is no base64"), !taken, "{text:?}: {run:?}");
        refused += usize::from(!taken);
    }
    assert!((5..texts.len() - 5).contains(&refused), "{refused} are refused");
}

#[test]
fn sec_31_secrets_in_lists_are_hidden_wherever_they_stand() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("lists");
    for name in ["one", "two", "three"] {
        cluster.kubectl_stdin(&APPLY, &secret(&namespace, name, json!({"password": CANARY})).to_string());
    }
    let of = |name: &str| secret(&namespace, name, json!({"password": IN_GIT}));
    let list = |kind: &str, items: Vec<Value>| json!({"apiVersion": "v1", "kind": kind, "items": items});
    let bare = {
        let mut item = of("three");
        let map = item.as_object_mut().expect("a map");
        map.remove("kind");
        map.remove("apiVersion");
        item
    };
    let file = |value: &Value| value.to_string();
    let source = Source::files(&[
        ("configmaps.json", &file(&list("List", vec![of("one")]))),
        ("deployment.yaml", &file(&list("List", vec![list("List", vec![of("two")])]))),
        ("service.yml", &file(&list("SecretList", vec![bare]))),
    ]);
    let run = diff(&Sealed::with_cluster(cluster.kubeconfig()), &source, &[]);
    assert_eq!(run.code, 1, "{run:?}");
    for name in ["one", "two", "three"] {
        assert_eq!(verdict(&run, "Secret", name).1, field("data.password", "pending"), "{name}");
    }
}

#[test]
fn sec_32_and_34_typed_secrets_differ_and_look_alike() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("typed");
    let docker = |value: &str| {
        json!({"auths": {"registry.example": {"username": "u", "password": value, "auth": base64(&format!("u:{value}"))}}}).to_string()
    };
    let build = |value: &str| -> Vec<(&str, &str, Value)> {
        vec![
            (
                "kubernetes.io/dockerconfigjson",
                ".dockerconfigjson",
                json!({".dockerconfigjson": docker(value)}),
            ),
            ("kubernetes.io/tls", "[tls.key]", json!({"tls.crt": "", "tls.key": value})),
            ("kubernetes.io/ssh-auth", "ssh-privatekey", json!({"ssh-privatekey": value})),
            ("kubernetes.io/basic-auth", "password", json!({"username": "u", "password": value})),
            ("Opaque", "value", json!({"value": value})),
        ]
    };
    let objects = |value: &str| -> Vec<Value> {
        let typed = build(value).into_iter().enumerate().map(|(number, (kind, _, data))| {
            let mut object = secret(&namespace, &format!("s{number}"), data);
            object["type"] = json!(kind);
            object
        });
        typed.collect()
    };
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let stream = |objects: &[Value]| objects.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
    cluster.kubectl_stdin(&APPLY, &stream(&objects(CANARY)));
    let mut shapes = Vec::new();
    // Lengths 1, 8 and 4096, and one that is a part of the live value.
    for value in ["x", "12345678", &"long".repeat(1024), &CANARY[..9]] {
        let source = Source::of(&objects(value));
        let run = diff(&sealed, &source, &[]);
        assert_eq!(run.code, 1, "{run:?}");
        let report = run.report();
        let fields: Vec<Value> = (0..build("").len())
            .map(|number| {
                let found = report["targets"][0]["objects"].as_array().expect("objects").iter();
                let object = found
                    .into_iter()
                    .find(|object| object["name"] == format!("s{number}"))
                    .expect("it differs");
                assert_eq!(object["status"], "pending", "{object}");
                object["fields"].clone()
            })
            .collect();
        for fields in &fields {
            assert_eq!(fields.as_array().map(Vec::len), Some(1), "{fields}");
            assert_eq!(
                (&fields[0]["desired"], &fields[0]["live"]),
                (&json!("*** (Git)"), &json!("*** (live)"))
            );
        }
        shapes.push(
            fields
                .into_iter()
                .map(|mut field| {
                    field[0]["line"] = Value::Null;
                    field
                })
                .collect::<Vec<_>>(),
        );
        let text = sealed.run(&["diff", source.path()]);
        assert!(!text.stdout.contains(&value.repeat(2)) && !text.stdout.contains(&CANARY[..9]), "{text:?}");
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "the marks tell lengths apart: {shapes:?}");
}

/// A policy that turns what stands in Git into what a vault holds, in every Secret but those without a mark.
fn resolver() -> Vec<Value> {
    let version = "admissionregistration.k8s.io/v1";
    let expression = format!(
        "object.metadata.name == 'late' ? [] : object.data.map(k, JSONPatch{{op: 'replace', path: '/data/' + k, value: '{}'}})",
        base64(CANARY)
    );
    let policy = json!({"apiVersion": version, "kind": "MutatingAdmissionPolicy", "metadata": {"name": "vault"}, "spec": {
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}]},
        "reinvocationPolicy": "IfNeeded",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
    }});
    let binding = json!({"apiVersion": version, "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "vault"}, "spec": {"policyName": "vault"}});
    vec![policy, binding]
}

fn install_resolver(cluster: &Cluster, namespace: &str) {
    cluster.kubectl_ok(&["create", "-f", Source::of(&resolver()).path()]);
    let limit = Instant::now() + Duration::from_secs(30);
    let probe = [
        "create",
        "secret",
        "generic",
        "x",
        "-n",
        namespace,
        "--from-literal=a=b",
        "--dry-run=server",
        "-o",
        "json",
    ];
    while !cluster.kubectl_ok(&probe).contains(&base64(CANARY)) {
        assert!(Instant::now() < limit, "the policy does not take effect");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn sec_33_what_admission_puts_into_a_prediction_is_hidden() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("vault");
    let placeholder = |name: &str| secret(&namespace, name, json!({"password": format!("vault:{IN_GIT}")}));
    // Before the policy, so that only a prediction holds the canary.
    cluster.kubectl_stdin(&APPLY, &secret(&namespace, "early", json!({"password": "old"})).to_string());
    cluster.kubectl_stdin(
        &APPLY,
        &secret(&namespace, "calm", json!({"password": format!("vault:{IN_GIT}")})).to_string(),
    );
    install_resolver(&cluster, &namespace);
    cluster.kubectl_stdin(&APPLY, &placeholder("resolved").to_string());
    let source = Source::of(&[
        placeholder("early"),
        placeholder("calm"),
        placeholder("resolved"),
        placeholder("absent"),
    ]);
    let run = diff(&Sealed::with_cluster(cluster.kubeconfig()), &source, &[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(verdict(&run, "Secret", "early"), ("pending".to_owned(), field("data.password", "pending")));
    let report = run.report();
    let resolved = program::object(&report, "Secret", "resolved").map(program::Object::status);
    assert_eq!(resolved, None, "what admission always makes of it is no difference: {run:?}");
}

#[test]
fn sec_36_snapshots_hold_no_value() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("recorded");
    cluster.kubectl_stdin(
        &["apply", "-f", "-"],
        &secret(&namespace, "s", json!({"password": CANARY})).to_string(),
    );
    cluster.kubectl_stdin(&APPLY, &secret(&namespace, "t", json!({"password": CANARY})).to_string());
    let of = |name: &str| secret(&namespace, name, json!({"password": IN_GIT}));
    let source = Source::of(&[of("s"), of("t"), of("absent")]);
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let stdout = sealed.run(&["snapshot", source.path(), "-v", "-v"]);
    let file = sealed.run(&["snapshot", source.path(), "-o", "live.json"]);
    for run in [&stdout, &file] {
        assert_eq!(run.code, 0, "{run:?}");
        run.assert_hides(CANARY);
        run.assert_hides(IN_GIT);
    }
    for (name, content) in sealed.files() {
        assert_hidden(&name, &content, CANARY);
        assert_hidden(&name, &content, IN_GIT);
    }
    let recorded = diff(&sealed, &source, &["--live", "live.json"]);
    assert_eq!(recorded.code, 3, "{recorded:?}");
    assert_eq!(verdict(&recorded, "Secret", "absent").0, "missing");
    // With values, only where the owner asked for it, and still hidden in the report.
    let whole = sealed.run(&["snapshot", source.path(), "-o", "whole.json", "--include-secrets"]);
    assert_eq!(whole.code, 0, "{whole:?}");
    whole.assert_hides(CANARY);
    let content = std::fs::read_to_string(sealed.home().join("whole.json")).expect("it was written");
    assert!(content.contains(&base64(CANARY)), "--include-secrets records values");
    let run = sealed.run(&["diff", source.path(), "--live", "whole.json", "-v", "-v"]);
    run.assert_hides(CANARY);
    run.assert_hides(IN_GIT);
}

#[test]
fn sec_37_known_places_of_other_kinds_are_hidden() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("custom");
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "shops.hostile.example.org"}, "spec": {"group": "hostile.example.org", "scope": "Namespaced",
        "names": {"plural": "shops", "singular": "shop", "kind": "Shop"}, "versions": [{"name": "v1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}});
    cluster.kubectl_stdin(&["apply", "-f", "-"], &definition.to_string());
    cluster.kubectl_ok(&[
        "wait",
        "--for=condition=Established",
        "crd/shops.hostile.example.org",
        "--timeout=30s",
    ]);
    let shop = |value: &str, size: u32| {
        json!({"apiVersion": "hostile.example.org/v1", "kind": "Shop", "metadata": {"name": "shop", "namespace": namespace},
            "spec": {"config": {"password": value, "apiKey": value, "size": size}, "users": [{"name": "u", "client_secret": value}]}})
    };
    let limit = Instant::now() + Duration::from_secs(30);
    let live = Source::of(&[shop(CANARY, 1)]);
    while !cluster.kubectl(&[&APPLY[..4], &[live.path()]].concat()).status.success() {
        assert!(Instant::now() < limit, "the kind is not served");
        std::thread::sleep(Duration::from_millis(100));
    }
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let run = diff(&sealed, &Source::of(&[shop(IN_GIT, 2)]), &[]);
    assert_eq!(run.code, 1, "{run:?}");
    let paths: Vec<String> = verdict(&run, "Shop", "shop").1.into_iter().map(|(path, _)| path).collect();
    assert!(paths.iter().any(|path| path == "spec.config.password"), "{paths:?}");
    assert!(paths.iter().any(|path| path == "spec.config.size"), "{paths:?}");
    let text = sealed.run(&["diff", Source::of(&[shop(IN_GIT, 2)]).path()]);
    assert!(text.stdout.contains("*** (live)") && text.stdout.contains("*** (Git)"), "{text:?}");
}
