//! The objects that are edited: one of each kind, under any name.

use serde_json::{Value, json};

/// An object of a kind as Git has it.
pub(super) fn manifest(kind: &str, name: &str, namespace: &str) -> Value {
    let (version, mut object) = match kind {
        "Deployment" => ("apps/v1", deployment()),
        "StatefulSet" => (
            "apps/v1",
            json!({"spec": {
                "serviceName": "x", "replicas": 2, "selector": {"matchLabels": {"app": "shop"}}, "template": template(),
            }}),
        ),
        "DaemonSet" => (
            "apps/v1",
            json!({"spec": {
                "selector": {"matchLabels": {"app": "shop"}}, "template": template(),
            }}),
        ),
        "CronJob" => (
            "batch/v1",
            json!({"spec": {"schedule": "5 3 * * *", "jobTemplate": {"spec": {"template": {
                "spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": "job:1"}]},
            }}}}}),
        ),
        "ConfigMap" => ("v1", json!({"data": {"a": "1", "b": "2", "text": "one\ntwo\nthree\n"}})),
        "Secret" => ("v1", json!({"data": {"k": "djE=", "other": "djI="}})),
        "Service" => ("v1", service()),
        "Ingress" => (
            "networking.k8s.io/v1",
            json!({"spec": {"ingressClassName": "public", "rules": [rule("shop.example.com")]}}),
        ),
        "NetworkPolicy" => (
            "networking.k8s.io/v1",
            json!({"spec": {
                "podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 5432}]}],
            }}),
        ),
        "HorizontalPodAutoscaler" => (
            "autoscaling/v2",
            json!({"spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"},
                "minReplicas": 2, "maxReplicas": 5,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}],
            }}),
        ),
        "PodDisruptionBudget" => (
            "policy/v1",
            json!({"spec": {
                "minAvailable": 1, "selector": {"matchLabels": {"app": "shop"}},
            }}),
        ),
        "ServiceAccount" => ("v1", json!({"automountServiceAccountToken": false})),
        "Role" => (
            "rbac.authorization.k8s.io/v1",
            json!({"rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
            ]}),
        ),
        "RoleBinding" => (
            "rbac.authorization.k8s.io/v1",
            json!({
                "subjects": [{"kind": "User", "name": "anna"}], "roleRef": {"kind": "Role", "name": "x"},
            }),
        ),
        "Promotion" => (
            "shop.example.com/v1",
            json!({"spec": {
                "discount": 15, "articles": ["tea", "umbrella"], "banner": {"colour": "red"},
                "steps": [{"name": "members", "percent": 20}, {"name": "all"}],
            }}),
        ),
        other => panic!("no manifest of kind {other}"),
    };
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object["metadata"] = json!({
        "name": name, "namespace": namespace,
        "labels": {"app": "shop", "team": "a"}, "annotations": {"owner": "anna"},
    });
    object
}

fn deployment() -> Value {
    json!({"spec": {
        "replicas": 2,
        "minReadySeconds": 5,
        "selector": {"matchLabels": {"app": "shop"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": template(),
    }})
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "shop", "tier": "front"}}, "spec": {
        "terminationGracePeriodSeconds": 20,
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "initContainers": [{"name": "init", "image": "init:1"}],
        "containers": [
            {
                "name": "web", "image": "web:1", "imagePullPolicy": "Always",
                "args": ["serve", "--port=80"],
                "env": [
                    {"name": "A", "value": "1"},
                    {"name": "B", "value": "2"},
                    {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
                "ports": [{"name": "http", "containerPort": 80}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}],
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 5},
                "securityContext": {"runAsUser": 1000},
                "volumeMounts": [{"name": "cache", "mountPath": "/cache"}, {"name": "config", "mountPath": "/config"}],
            },
            {"name": "log", "image": "log:1"},
        ],
        "volumes": [{"name": "cache", "emptyDir": {}}, {"name": "config", "configMap": {"name": "c"}}],
    }})
}

fn service() -> Value {
    json!({"spec": {
        "type": "ClusterIP",
        "selector": {"app": "shop"},
        "ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 9000}],
    }})
}

pub(super) fn rule(host: &str) -> Value {
    let backend = json!({"service": {"name": "web", "port": {"number": 80}}});
    json!({"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}})
}
