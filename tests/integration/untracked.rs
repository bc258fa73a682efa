//! Objects of which the server had recorded nobody when they were first applied: old ones, and ones restored from a backup.

use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::program::{Source, gitops, object, objects};

/// One of each kind whose fields the server fills in, with as little as possible written.
fn manifests(namespace: &str) -> Vec<Value> {
    let metadata = |name: &str| json!({"name": name, "namespace": namespace});
    let claim = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "x"});
    let probe = json!({"httpGet": {"path": "/", "port": 80}});
    let field = json!({"fieldRef": {"fieldPath": "metadata.name"}});
    let pod = json!({
        "metadata": {"labels": {"app": "old"}},
        "spec": {
            "containers": [{"name": "web", "image": "example.test/web:1", "ports": [{"containerPort": 80}],
                "livenessProbe": probe, "env": [{"name": "NAME", "valueFrom": field}]}],
            "volumes": [{"name": "c", "configMap": {"name": "c"}}, {"name": "e", "emptyDir": {}}]}});
    let selector = json!({"matchLabels": {"app": "old"}});
    let never = {
        let mut pod = pod.clone();
        pod["spec"]["restartPolicy"] = json!("Never");
        pod
    };
    vec![
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("d"),
            "spec": {"selector": selector, "template": pod}}),
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata("s"),
            "spec": {"serviceName": "s", "selector": selector, "template": pod}}),
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata("n"),
            "spec": {"selector": selector, "template": pod}}),
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("c"),
            "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": never}}}}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("p"),
            "spec": {"selector": {"app": "old"}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata("e")}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata("v"), "spec": claim}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata("w"),
            "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}}),
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata("h"),
            "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}}),
    ]
}

/// Creates objects, has the server forget who wrote them, and applies them as gitops.
fn apply_untracked(cluster: &Cluster, live: &Source, git: &Source, namespace: &str) {
    cluster.kubectl_ok(&["create", "-f", live.path()]);
    // The entry gets the time of the first apply; that has to differ from the time of the creation.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let erase = r#"[{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]"#;
    cluster.kubectl_ok(&["patch", "-n", namespace, "-f", live.path(), "--type=json", "-p", erase]);
    let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=gitops", "-f"];
    cluster.kubectl_ok(&[&apply[..], &[git.path()]].concat());
}

#[test]
fn what_the_server_filled_in_is_nobodys_edit() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("untracked");
    let source = Source::of(&manifests(&namespace));
    apply_untracked(cluster, &source, &source, &namespace);
    let entries = cluster.kubectl_ok(&[
        "get",
        "-n",
        namespace.as_str(),
        "deployment/d",
        "-o",
        "yaml",
        "--show-managed-fields",
    ]);
    assert!(entries.contains("manager: before-first-apply"), "{entries}");

    let run = gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "-o", "json"]);
    let report = run.report();
    let listed: Vec<_> = objects(&report).iter().map(|object| object.0.to_string()).collect();
    assert_eq!((run.code, listed), (0, Vec::new()), "{}", run.stderr);
}

#[test]
fn what_no_server_fills_in_is_still_an_addition() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("untracked-more");
    let git = manifests(&namespace);
    let mut live = git.clone();
    live[0]["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .expect("a list")
        .push(json!({"name": "debug", "image": "example.test/debug:1"}));
    live[5]["stringData"] = json!({"extra": "value"});
    let (live, git) = (Source::of(&live), Source::of(&git));
    apply_untracked(cluster, &live, &git, &namespace);

    let report = gitops(cluster, cluster.kubeconfig(), &["diff", git.path(), "-o", "json"]).report();
    for (kind, name, path) in
        [("Deployment", "d", "spec.template.spec.containers[debug]"), ("Secret", "e", "data.extra")]
    {
        let object = object(&report, kind, name).expect("it is listed");
        let fields: Vec<_> = object.fields().into_iter().map(|(path, class, _)| (path, class)).collect();
        assert_eq!(fields, [(path.to_owned(), "added".to_owned())], "{kind}");
        assert_eq!(object.status(), "drift");
    }
}
