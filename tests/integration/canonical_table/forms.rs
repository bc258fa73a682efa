//! Other forms than defaults: limits that fill in each other, zeros and nulls that are left out or kept, empty maps and lists,
//! bytes and times. The server stores another text for all of them.

use serde_json::{Value, json};

use super::hosts::{container, deployment, object, template, workload};

/// Objects without names, each with what it is about.
pub(super) fn forms() -> Vec<(&'static str, Value)> {
    [limits(), pods(), empties(), texts()].into_iter().flatten().collect()
}

fn limits() -> Vec<(&'static str, Value)> {
    let range = |kind: &str, limits: Value| {
        let mut item = limits;
        item["type"] = json!(kind);
        object("v1", "LimitRange", json!({"spec": {"limits": [item]}}))
    };
    vec![
        ("limits-max", range("Container", json!({"max": {"cpu": "1000m", "memory": "1024Mi"}}))),
        ("limits-default", range("Container", json!({"default": {"cpu": "0.5"}}))),
        ("limits-min", range("Container", json!({"min": {"cpu": "100m"}}))),
        (
            "limits-some",
            range(
                "Container",
                json!({"max": {"cpu": "2", "memory": "1Gi"}, "default": {"cpu": "1"}, "min": {"memory": "1Mi"}}),
            ),
        ),
        (
            "limits-null",
            range("Container", json!({"max": {"cpu": "2"}, "default": null, "defaultRequest": {}})),
        ),
        ("limits-pod", range("Pod", json!({"max": {"cpu": "2000m"}}))),
        (
            "limits-claim",
            range("PersistentVolumeClaim", json!({"max": {"storage": "1024Gi"}, "min": {"storage": "1024"}})),
        ),
    ]
}

fn pods() -> Vec<(&'static str, Value)> {
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("v");
        deployment(json!({"volumes": [volume]}))
    };
    let claim =
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}});
    let failure = json!({"rules": [{"action": "Ignore", "onExitCodes": {"containerName": null, "operator": "In", "values": [1]}, "onPodConditions": []}]});
    let job = json!({"template": template(json!({"restartPolicy": "Never"})), "podFailurePolicy": failure});
    let terms = json!([{"labelSelector": {"matchLabels": {}, "matchExpressions": []}, "namespaces": [], "topologyKey": "z"}]);
    vec![
        (
            "projected-items",
            volume(json!({"projected": {"sources": [{"configMap": {"name": "c", "items": []}}]}})),
        ),
        ("ephemeral", volume(json!({"ephemeral": {"volumeClaimTemplate": claim}}))),
        ("env-prefix", container(json!({"envFrom": [{"prefix": "", "configMapRef": {"name": "c"}}]}))),
        (
            "tolerations",
            deployment(json!({"tolerations": [{"operator": "Exists", "key": "", "effect": ""}]})),
        ),
        ("job-rules", object("batch/v1", "Job", json!({"spec": job}))),
        (
            "affinity",
            deployment(
                json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}),
            ),
        ),
        ("affinity-empty", deployment(json!({"affinity": {}, "dnsConfig": {}}))),
        ("no-claims", workload("StatefulSet", json!({"serviceName": "s", "volumeClaimTemplates": []}))),
        (
            "left-out",
            deployment(
                json!({"hostNetwork": false, "hostPID": false, "hostIPC": false, "hostname": "", "subdomain": "",
                "nodeName": "", "priorityClassName": "", "serviceAccountName": "", "nodeSelector": {}, "imagePullSecrets": [],
                "tolerations": [], "overhead": {}, "hostAliases": []}),
            ),
        ),
        (
            "kept",
            deployment(
                json!({"shareProcessNamespace": false, "automountServiceAccountToken": false, "enableServiceLinks": false,
                "setHostnameAsFQDN": false, "terminationGracePeriodSeconds": 0, "securityContext": {"runAsUser": 0, "runAsNonRoot": false}}),
            ),
        ),
        (
            "left-out-of-a-container",
            container(
                json!({"stdin": false, "tty": false, "stdinOnce": false, "workingDir": "", "args": [], "command": [], "env": [],
                "ports": [], "volumeMounts": [], "lifecycle": null, "securityContext": null,
                "resources": {"limits": {}, "requests": {}, "claims": []}}),
            ),
        ),
        (
            "empty-in-a-container",
            container(json!({"lifecycle": {}, "securityContext": {"privileged": false, "capabilities": {}}})),
        ),
        (
            "null-counts",
            workload(
                "Deployment",
                json!({"replicas": null, "revisionHistoryLimit": null, "minReadySeconds": 0, "paused": false}),
            ),
        ),
    ]
}

fn empties() -> Vec<(&'static str, Value)> {
    let role = |rules: Option<Value>| {
        let mut role = object("rbac.authorization.k8s.io/v1", "Role", json!({}));
        if let Some(rules) = rules {
            role["rules"] = rules;
        }
        role
    };
    let policy = |spec: Value| {
        let mut spec = spec;
        spec["podSelector"] = json!({"matchLabels": {}});
        object("networking.k8s.io/v1", "NetworkPolicy", json!({"spec": spec}))
    };
    let backend = json!({"service": {"name": "s", "port": {"name": "", "number": 80}}});
    let rule =
        json!({"host": "", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
    let ingress = json!({"tls": [], "rules": [rule]});
    let metric = json!({"type": "Pods", "pods": {"metric": {"name": "m", "selector": {"matchLabels": {}}},
        "target": {"type": "AverageValue", "averageValue": "1000"}}});
    let hpa = json!({"maxReplicas": 9, "metrics": [metric], "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}});
    let account = json!({"roleRef": {"apiGroup": "", "kind": "Role", "name": "r"}, "subjects": [{"apiGroup": "", "kind": "ServiceAccount", "name": "s", "namespace": "n"}]});
    vec![
        ("rules-empty", role(Some(json!([])))),
        ("rules-null", role(Some(Value::Null))),
        ("rules-absent", role(None)),
        (
            "rules-nested",
            role(Some(
                json!([{"apiGroups": [""], "resources": ["pods"], "resourceNames": [], "verbs": ["get"]}]),
            )),
        ),
        ("binding", object("rbac.authorization.k8s.io/v1", "RoleBinding", account)),
        ("policy-ports", policy(json!({"ingress": [{"ports": [{"port": 80}, {}]}]}))),
        (
            "policy-blocks",
            policy(
                json!({"egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}], "ports": []}]}),
            ),
        ),
        ("ingress", object("networking.k8s.io/v1", "Ingress", json!({"spec": ingress}))),
        ("metrics", object("autoscaling/v2", "HorizontalPodAutoscaler", json!({"spec": hpa}))),
        (
            "labels",
            object(
                "v1",
                "ConfigMap",
                json!({"metadata": {"labels": {}, "annotations": {"a": null, "b": ""}}, "data": {"k": null}}),
            ),
        ),
        (
            "owners",
            object(
                "v1",
                "ConfigMap",
                json!({"metadata": {"finalizers": [], "ownerReferences": []}, "data": {}}),
            ),
        ),
    ]
}

fn texts() -> Vec<(&'static str, Value)> {
    let secret = |data: Value| object("v1", "Secret", json!({"data": data, "type": ""}));
    vec![
        (
            "bytes",
            secret(
                json!({"lf": "YWJj\nZGVm\n", "crlf": "YWJj\r\nZGVm", "bits": "YR==", "null": null, "empty": ""}),
            ),
        ),
        ("binary", object("v1", "ConfigMap", json!({"binaryData": {"k": "YWJj\nZGVm"}}))),
    ]
}
