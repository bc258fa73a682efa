//! A directory of Kustomize against a real API server: what kustomize makes of it was applied with kubectl, so nothing differs; what
//! is edited live is found at the line of the overlay that wants it otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::oracle::{Case, theirs};
use crate::support::cluster;
use crate::support::program::{Source, gitops};

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: main
        image: nginx:1.25
        env:
        - name: MODE
          value: test
        envFrom:
        - configMapRef:
            name: settings
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - port: 80
    targetPort: 8080
";

const OVERLAY: &str = "resources:
- ../base
namePrefix: shop-
labels:
- pairs:
    team: shop
images:
- name: nginx
  newTag: '1.27'
configMapGenerator:
- name: settings
  literals:
  - color=blue
patches:
- path: size.yaml
- target:
    kind: Service
  patch: |
    - op: add
      path: /spec/sessionAffinity
      value: ClientIP
";

const SIZE: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: main
        env:
        - name: MODE
          value: prod
";

fn case(namespace: &str) -> Case {
    Case::named("shop")
        .with("base/kustomization.yaml", "resources: [web.yaml]\n")
        .with("base/web.yaml", WEB)
        .with("app/kustomization.yaml", format!("{OVERLAY}namespace: {namespace}\n"))
        .with("app/size.yaml", SIZE)
}

/// File and line of each field that differs, by kind and path.
fn places(report: &Value) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for object in report["targets"][0]["objects"].as_array().into_iter().flatten() {
        for field in object["fields"].as_array().into_iter().flatten() {
            let file = field["file"].as_str().or(object["origin"]["file"].as_str()).unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let key = format!("{} {}", text(&object["kind"]), text(&field["path"]));
            places.insert(key, format!("{file}:{}", field["line"]));
        }
    }
    places
}

#[test]
fn what_kustomize_applied_is_in_sync_and_edits_are_found_in_the_overlay() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("kustomize");
    let case = case(&namespace);
    let Some(rendered) = theirs(std::slice::from_ref(&case)) else { return };
    let objects = rendered.into_iter().next().unwrap().unwrap();
    assert_eq!(objects.len(), 3);
    let applied = Source::of(&objects);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", applied.path()]);
    // The server's times have whole seconds: an edit in the second of the apply is not newer.
    std::thread::sleep(Duration::from_millis(1100));

    let texts: Vec<(&str, &str)> =
        case.files.iter().map(|(path, text)| (path.as_str(), std::str::from_utf8(text).unwrap())).collect();
    let source = Source::files(&texts);
    let diff = || {
        let args = ["diff", source.path(), "--path", "app", "-o", "json"];
        gitops(cluster, cluster.kubeconfig(), &args)
    };
    let clean = diff();
    assert_eq!(clean.code, 0, "{}{}", clean.stdout, clean.stderr);
    assert_eq!(clean.report()["summary"]["in-sync"], 3);

    let settings = objects[0]["metadata"]["name"].as_str().unwrap();
    assert!(settings.starts_with("shop-settings-"), "{settings}");
    let kubectl = |args: &[&str]| cluster.kubectl_ok(&[&["-n", &namespace], args].concat());
    kubectl(&["scale", "deployment/shop-web", "--replicas=7"]);
    kubectl(&["set", "image", "deployment/shop-web", "main=nginx:1.26"]);
    kubectl(&["set", "env", "deployment/shop-web", "MODE=debug"]);
    kubectl(&["label", "--overwrite", "service/shop-web", "team=other"]);
    kubectl(&["patch", "service/shop-web", "-p", r#"{"spec": {"sessionAffinity": "None"}}"#]);
    kubectl(&["patch", "configmap", settings, "-p", r#"{"data": {"color": "red"}}"#]);
    kubectl(&[
        "patch",
        "service/shop-web",
        "-p",
        r#"{"spec": {"ports": [{"port": 80, "targetPort": 9090}]}}"#,
    ]);

    let edited = diff();
    assert_eq!(edited.code, 1, "{}{}", edited.stdout, edited.stderr);
    let expected = [
        ("ConfigMap data.color", "app/kustomization.yaml:13"),
        ("Deployment spec.replicas", "app/size.yaml:6"),
        ("Deployment spec.template.spec.containers[main].env[MODE].value", "app/size.yaml:13"),
        ("Deployment spec.template.spec.containers[main].image", "app/kustomization.yaml:9"),
        ("Service metadata.labels.team", "app/kustomization.yaml:6"),
        ("Service spec.ports[port=80,protocol=TCP].targetPort", "base/web.yaml:34"),
        ("Service spec.sessionAffinity", "app/kustomization.yaml:19"),
    ];
    let expected = expected.map(|(path, place)| (path.to_owned(), place.to_owned()));
    assert_eq!(places(&edited.report()), BTreeMap::from(expected));

    // The text for people names the same files.
    let text = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "--path", "app"]);
    for place in ["size.yaml:6", "app/kustomization.yaml:9", "base/web.yaml"] {
        assert!(text.stdout.contains(place), "no {place} in\n{}", text.stdout);
    }
}
