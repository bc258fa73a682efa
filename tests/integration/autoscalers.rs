//! Autoscalers on a real server: whose value a number of replicas or a request is, what is asked for to know it, and what a
//! snapshot knows of it.

#![expect(clippy::disallowed_methods, reason = "waits for the server to publish definitions")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};
use crate::support::program::{self, Source, gitops};

const SCALE: &str = "k patch deployment $N --subresource=scale --type=merge";

/// One Deployment: its autoscaler, what is done to it, and what a diff says of the one field that differs.
struct Case {
    name: &'static str,
    scaler: Option<Value>,
    script: String,
    status: &'static str,
    class: &'static str,
    writer: &'static str,
    remark: &'static str,
}

fn case(name: &'static str, scaler: Option<Value>, script: &str, verdict: [&'static str; 4]) -> Case {
    let [status, class, writer, remark] = verdict;
    let script = format!("N={name}\n{script}");
    Case { name, scaler, script, status, class, writer, remark }
}

fn scaled(manager: &str, count: u32) -> String {
    format!("{SCALE} --field-manager={manager} -p '{{\"spec\":{{\"replicas\":{count}}}}}'")
}

fn requested(manager: &str, cpu: &str) -> String {
    let container = json!({"name": "web", "resources": {"requests": {"cpu": cpu}}});
    let patch = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    format!("k patch deployment $N --field-manager={manager} -p '{patch}'")
}

/// The server records no time for who scales, so that no class can rest on it, and nobody for a number of zero.
fn cases() -> Vec<Case> {
    let horizontal = || {
        Some(
            json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {"minReplicas": 2, "maxReplicas": 9}}),
        )
    };
    let keda =
        |spec: Value| Some(json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": spec}));
    let vertical = |mode: &str| {
        Some(json!({"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "spec": {
            "updatePolicy": {"updateMode": mode}, "resourcePolicy": {"containerPolicies": [
                {"containerName": "web", "minAllowed": {"cpu": "50m"}, "maxAllowed": {"cpu": "1"}}]}}}))
    };
    let (controller, person) = ("kube-controller-manager", "kubectl");
    let drift = |writer, remark| ["drift", "drift", writer, remark];
    vec![
        case(
            "hpa-inside",
            horizontal(),
            &scaled(controller, 6),
            [
                "in-sync",
                "held",
                "kube-controller-manager/scale",
                "HorizontalPodAutoscaler NS/hpa-inside scales it between 2 and 9",
            ],
        ),
        case(
            "hpa-outside",
            horizontal(),
            &scaled(controller, 10),
            [
                "drift",
                "held",
                "kube-controller-manager/scale",
                "out of bounds: HorizontalPodAutoscaler NS/hpa-outside",
            ],
        ),
        case(
            "person-inside",
            horizontal(),
            &scaled(person, 6),
            ["in-sync", "held", "kubectl/scale", "between 2 and 9"],
        ),
        case(
            "person-outside",
            horizontal(),
            &scaled(person, 12),
            ["differs", "differs", "kubectl/scale", "out of bounds: "],
        ),
        case(
            "person-alone",
            None,
            &scaled(person, 6),
            ["differs", "differs", "kubectl/scale", "Git may have added it"],
        ),
        case(
            "hpa-gone",
            None,
            &scaled(controller, 6),
            [
                "drift",
                "held",
                "kube-controller-manager/scale",
                "an autoscaler set it, and none scales the object now",
            ],
        ),
        case(
            "keda-zero",
            keda(json!({"maxReplicaCount": 4})),
            &scaled("keda", 0),
            ["in-sync", "held", "", "ScaledObject NS/keda-zero scales it between 0 and 4"],
        ),
        case(
            "keda-no-zero",
            keda(json!({"minReplicaCount": 1})),
            &scaled("keda", 0),
            [
                "differs",
                "differs",
                "",
                "out of bounds: ScaledObject NS/keda-no-zero scales it between 1 and 100",
            ],
        ),
        case(
            "keda-idle",
            keda(json!({"minReplicaCount": 4, "idleReplicaCount": 0})),
            &scaled("keda", 0),
            ["in-sync", "held", "", "between 4 and 100 or 0"],
        ),
        case(
            "vpa-inside",
            vertical("Auto"),
            &requested("vpa-updater", "700m"),
            [
                "in-sync",
                "held",
                "vpa-updater",
                "VerticalPodAutoscaler NS/vpa-inside scales it between 50m and 1",
            ],
        ),
        case(
            "vpa-outside",
            vertical("Auto"),
            &requested("kubectl-set", "1500m"),
            drift("kubectl-set", "out of bounds: "),
        ),
        case("vpa-off", vertical("Off"), &requested("kubectl-set", "700m"), drift("kubectl-set", "")),
    ]
}

fn deployment(namespace: &str, name: &str) -> Value {
    let container = json!({"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "100m"}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "replicas": 3, "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}}})
}

/// An autoscaler of its namesake.
fn named(mut scaler: Value, namespace: &str, name: &str) -> Value {
    scaler["metadata"] = json!({"name": name, "namespace": namespace});
    let reference = if scaler["kind"] == "VerticalPodAutoscaler" { "targetRef" } else { "scaleTargetRef" };
    // Kind and version as KEDA takes them where they are left out.
    scaler["spec"][reference] = match scaler["kind"].as_str() {
        Some("ScaledObject") => json!({"name": name}),
        _ => json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": name}),
    };
    scaler
}

/// The kinds of KEDA and of the vertical autoscaler, without their controllers.
fn define(cluster: &Cluster) {
    let kinds = [
        ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
        ("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers"),
    ];
    for (group, version, kind, plural) in kinds {
        let schema =
            json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}"), "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
            "spec": {"group": group, "scope": "Namespaced", "names": {"plural": plural, "singular": kind.to_lowercase(), "kind": kind},
                "versions": [{"name": version, "served": true, "storage": true, "schema": schema}]}});
        cluster.kubectl_stdin(&["apply", "-f", "-"], &definition.to_string());
        let limit = Instant::now() + Duration::from_secs(30);
        while !cluster.kubectl(&["get", plural, "--all-namespaces"]).status.success() {
            assert!(Instant::now() < limit, "{kind} is not served");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn assert_told(report: &Value, namespace: &str, cases: &[Case], how: &str) {
    for case in cases {
        let object = program::object(report, "Deployment", case.name).expect("it is listed");
        let field = &object.0["fields"][0];
        let found = [
            object.status(),
            field["class"].as_str().unwrap_or_default(),
            field["writer"]["manager"].as_str().unwrap_or_default(),
        ];
        assert_eq!(found, [case.status, case.class, case.writer], "{how}: {}: {}", case.name, object.0);
        let remark = field["remark"].as_str().unwrap_or_default();
        let expected = case.remark.replace("NS", namespace);
        assert!(
            remark.contains(&expected) && remark.is_empty() == expected.is_empty(),
            "{how}: {}: {remark}",
            case.name
        );
        assert_eq!(field["counts"], case.status != "in-sync", "{}", case.name);
    }
}

/// The kinds of autoscalers that a diff of these Deployments listed, once for each list.
fn lists(cluster: &Cluster, namespace: &str, names: &[&str]) -> Vec<&'static str> {
    let source = Source::of(&names.iter().map(|name| deployment(namespace, name)).collect::<Vec<_>>());
    let mark = cluster.mark();
    gitops(cluster, cluster.kubeconfig(), &["diff", source.path()]);
    let requests = cluster.requests_since(mark);
    let kinds = ["horizontalpodautoscalers", "scaledobjects", "verticalpodautoscalers"];
    let listed =
        |kind: &&'static str| requests.iter().filter(|r| r.verb == "list" && r.uri.contains(*kind)).count();
    kinds.into_iter().flat_map(|kind| std::iter::repeat_n(kind, listed(&kind))).collect()
}

#[test]
fn a_scaled_value_is_the_autoscalers_inside_its_bounds() {
    let Some(cluster) = cluster::private() else { return };
    define(&cluster);
    let namespace = cluster.namespace("scaled");
    let cases = cases();
    let mut git: Vec<Value> = cases.iter().map(|case| deployment(&namespace, case.name)).collect();
    git.push(deployment(&namespace, "calm"));
    git.push(deployment(&namespace, "vpa-only"));
    let source = Source::of(&git);
    cluster.kubectl_ok(&["apply", "--server-side", "--field-manager=gitops", "-f", source.path()]);
    for case in &cases {
        if let Some(scaler) = &case.scaler {
            let scaler = named(scaler.clone(), &namespace, case.name);
            cluster.kubectl_stdin(&["apply", "-f", "-"], &scaler.to_string());
        }
    }
    // The server's times have whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let run = |script: &str| {
        let output = cluster.shell(&namespace, script);
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    };
    cases.iter().for_each(|case| run(&case.script));
    run(&format!("N=vpa-only\n{}", requested("kubectl-set", "2")));

    let show = ["diff", source.path(), "--show", "in-sync", "-o", "json"];
    let told = gitops(&cluster, cluster.kubeconfig(), &show);
    assert_eq!(told.code, 1, "{}", told.stderr);
    assert_told(&told.report(), &namespace, &cases, "server");

    // None where nothing differs; else each that may write what differs, once.
    let (horizontal, keda, vertical) =
        ("horizontalpodautoscalers", "scaledobjects", "verticalpodautoscalers");
    assert_eq!(lists(&cluster, &namespace, &["calm"]), [""; 0]);
    assert_eq!(lists(&cluster, &namespace, &["calm", "person-alone"]), [horizontal, keda]);
    assert_eq!(lists(&cluster, &namespace, &["vpa-only"]), [vertical]);
    assert_eq!(lists(&cluster, &namespace, &["vpa-only", "person-alone"]), [horizontal, keda, vertical]);

    let file = cluster.dir().join("scaled.json");
    let name = file.to_str().expect("the directory's name is UTF-8");
    let snapshot = gitops(&cluster, cluster.kubeconfig(), &["snapshot", source.path(), "-o", name]);
    assert_eq!(snapshot.code, 0, "{}", snapshot.stderr);
    let recorded = gitops(&cluster, cluster.kubeconfig(), &[&show[..], &["--live", name]].concat());
    assert_told(&recorded.report(), &namespace, &cases, "snapshot");
    without_the_right_to_list(&cluster, &namespace);
    only_in_git(&cluster, &namespace);
}

/// Whether autoscalers exist is unknown then, so a person's change counts, and the right that is missing is named.
fn without_the_right_to_list(cluster: &Cluster, namespace: &str) {
    let user = cluster.user();
    cluster.allow_in(namespace, &user, "get,list,patch", "deployments.apps");
    for (name, status, remark) in [
        (
            "person-inside",
            "differs",
            "Git may have added it; an autoscaler may hold it, which could not be read: forbidden: cannot list horizontalpodautoscalers.autoscaling",
        ),
        ("hpa-inside", "in-sync", "an autoscaler holds it"),
    ] {
        let source = Source::of(&[deployment(namespace, name)]);
        let run =
            gitops(cluster, &user.kubeconfig, &["diff", source.path(), "--show", "in-sync", "-o", "json"]);
        let report = run.report();
        let object = program::object(&report, "Deployment", name).expect("it is listed");
        let found = object.0["fields"][0]["remark"].as_str().unwrap_or_default();
        assert!(object.status() == status && found.starts_with(remark), "{}", object.0);
    }
}

/// An autoscaler that Git is about to create scales what it will scale.
fn only_in_git(cluster: &Cluster, namespace: &str) {
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {"minReplicas": 2, "maxReplicas": 9}});
    let git = [deployment(namespace, "person-alone"), named(scaler, namespace, "person-alone")];
    let source = Source::of(&git);
    let run =
        gitops(cluster, cluster.kubeconfig(), &["diff", source.path(), "--show", "in-sync", "-o", "json"]);
    let report = run.report();
    let status = |kind| program::object(&report, kind, "person-alone").expect("it is listed").status();
    assert_eq!((status("Deployment"), status("HorizontalPodAutoscaler")), ("in-sync", "missing"));
}
