//! For every type of the table of defaults an object that holds one, and where.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Kinds of hosts without namespaces.
pub(super) const CLUSTER_SCOPED: &[&str] = &[
    "CSIDriver",
    "FlowSchema",
    "MutatingAdmissionPolicy",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

type Hosts = BTreeMap<String, (&'static str, Value)>;

/// By the name of the published type: a JSON pointer to the struct, and the object around it.
pub(super) fn hosts() -> Hosts {
    [admission(), workloads(), pods(), volumes(), others()].into_iter().flatten().collect()
}

fn all<const N: usize>(package: &str, rows: [(&str, &'static str, Value); N]) -> Hosts {
    rows.into_iter().map(|(name, at, host)| (format!("io.k8s.api.{package}.{name}"), (at, host))).collect()
}

pub(super) fn object(version: &str, kind: &str, content: Value) -> Value {
    let mut object = content;
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object
}

fn admission() -> Hosts {
    let rule = json!({"apiGroups": ["nothing.example.org"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["things"]});
    let hook = |kind: &str, client: Value| {
        let hook = json!({"name": "w.example.org", "rules": [rule], "clientConfig": client, "sideEffects": "None",
            "admissionReviewVersions": ["v1"]});
        object("admissionregistration.k8s.io/v1", kind, json!({"webhooks": [hook]}))
    };
    let url = || json!({"url": "https://127.0.0.1:1/"});
    let service = json!({"service": {"namespace": "default", "name": "none"}});
    let policy = |kind: &str, content: Value| {
        let mut spec = content;
        spec["matchConstraints"] = json!({"resourceRules": [rule]});
        object("admissionregistration.k8s.io/v1", kind, json!({"spec": spec}))
    };
    let validating = || policy("ValidatingAdmissionPolicy", json!({"validations": [{"expression": "true"}]}));
    let patch = json!({"expression": "[JSONPatch{op: \"test\", path: \"/kind\", value: \"Thing\"}]"});
    let mutating =
        json!({"reinvocationPolicy": "Never", "mutations": [{"patchType": "JSONPatch", "jsonPatch": patch}]});
    all(
        "admissionregistration.v1",
        [
            ("MatchResources", "/spec/matchConstraints", validating()),
            ("MutatingAdmissionPolicySpec", "/spec", policy("MutatingAdmissionPolicy", mutating)),
            ("MutatingWebhook", "/webhooks/0", hook("MutatingWebhookConfiguration", url())),
            ("NamedRuleWithOperations", "/spec/matchConstraints/resourceRules/0", validating()),
            ("RuleWithOperations", "/webhooks/0/rules/0", hook("MutatingWebhookConfiguration", url())),
            (
                "ServiceReference",
                "/webhooks/0/clientConfig/service",
                hook("MutatingWebhookConfiguration", service),
            ),
            ("ValidatingAdmissionPolicySpec", "/spec", validating()),
            ("ValidatingWebhook", "/webhooks/0", hook("ValidatingWebhookConfiguration", url())),
        ],
    )
}

pub(super) fn template(pod: Value) -> Value {
    let mut pod = pod;
    if pod.get("containers").is_none() {
        pod["containers"] = json!([{"name": "c", "image": "i:1"}]);
    }
    json!({"metadata": {"labels": {"a": "b"}}, "spec": pod})
}

pub(super) fn workload(kind: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["selector"] = json!({"matchLabels": {"a": "b"}});
    spec["template"] = template(json!({}));
    object("apps/v1", kind, json!({"spec": spec}))
}

fn workloads() -> Hosts {
    let rolling = |field: &str| json!({field: {"type": "RollingUpdate", "rollingUpdate": {}}});
    let typed = |field: &str| json!({field: {"type": "RollingUpdate"}});
    let set = |content: Value| {
        let mut spec = content;
        spec["serviceName"] = json!("s");
        workload("StatefulSet", spec)
    };
    let job = |content: Value| {
        let mut spec = content;
        spec["template"] = template(json!({"restartPolicy": "Never"}));
        spec
    };
    let failure = json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]});
    let hpa = json!({"maxReplicas": 9, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}});
    let cron = json!({"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job(json!({}))}});
    let mut hosts = all(
        "apps.v1",
        [
            ("DaemonSetSpec", "/spec", workload("DaemonSet", json!({}))),
            (
                "DaemonSetUpdateStrategy",
                "/spec/updateStrategy",
                workload("DaemonSet", typed("updateStrategy")),
            ),
            ("DeploymentSpec", "/spec", workload("Deployment", json!({}))),
            ("DeploymentStrategy", "/spec/strategy", workload("Deployment", typed("strategy"))),
            ("ReplicaSetSpec", "/spec", workload("ReplicaSet", json!({}))),
            (
                "RollingUpdateDaemonSet",
                "/spec/updateStrategy/rollingUpdate",
                workload("DaemonSet", rolling("updateStrategy")),
            ),
            (
                "RollingUpdateDeployment",
                "/spec/strategy/rollingUpdate",
                workload("Deployment", rolling("strategy")),
            ),
            (
                "RollingUpdateStatefulSetStrategy",
                "/spec/updateStrategy/rollingUpdate",
                set(rolling("updateStrategy")),
            ),
            (
                "StatefulSetPersistentVolumeClaimRetentionPolicy",
                "/spec/persistentVolumeClaimRetentionPolicy",
                set(json!({"persistentVolumeClaimRetentionPolicy": {}})),
            ),
            ("StatefulSetSpec", "/spec", set(json!({}))),
            ("StatefulSetUpdateStrategy", "/spec/updateStrategy", set(typed("updateStrategy"))),
        ],
    );
    hosts.extend(all(
        "batch.v1",
        [
            ("CronJobSpec", "/spec", object("batch/v1", "CronJob", json!({"spec": cron}))),
            ("JobSpec", "/spec", object("batch/v1", "Job", json!({"spec": job(json!({}))}))),
            (
                "PodFailurePolicyOnPodConditionsPattern",
                "/spec/podFailurePolicy/rules/0/onPodConditions/0",
                object("batch/v1", "Job", json!({"spec": job(json!({"podFailurePolicy": failure}))})),
            ),
        ],
    ));
    let hpa = object("autoscaling/v2", "HorizontalPodAutoscaler", json!({"spec": hpa}));
    hosts.extend(all("autoscaling.v2", [("HorizontalPodAutoscalerSpec", "/spec", hpa)]));
    hosts
}

pub(super) fn deployment(pod: Value) -> Value {
    let mut deployment = workload("Deployment", json!({}));
    deployment["spec"]["template"] = template(pod);
    deployment
}

pub(super) fn container(content: Value) -> Value {
    let mut container = content;
    container["name"] = json!("c");
    container["image"] = json!("i:1");
    deployment(json!({"containers": [container]}))
}

fn pods() -> Hosts {
    let probe = |handler: Value| container(json!({"readinessProbe": handler}));
    let source = |source: Value| container(json!({"env": [{"name": "X", "valueFrom": source}]}));
    all(
        "core.v1",
        [
            ("Container", "/spec/template/spec/containers/0", container(json!({}))),
            (
                "ContainerPort",
                "/spec/template/spec/containers/0/ports/0",
                container(json!({"ports": [{"containerPort": 80}]})),
            ),
            (
                "GRPCAction",
                "/spec/template/spec/containers/0/readinessProbe/grpc",
                probe(json!({"grpc": {"port": 1}})),
            ),
            (
                "HTTPGetAction",
                "/spec/template/spec/containers/0/readinessProbe/httpGet",
                probe(json!({"httpGet": {"port": 1}})),
            ),
            (
                "ObjectFieldSelector",
                "/spec/template/spec/containers/0/env/0/valueFrom/fieldRef",
                source(json!({"fieldRef": {"fieldPath": "metadata.name"}})),
            ),
            ("PodSpec", "/spec/template/spec", deployment(json!({}))),
            (
                "Probe",
                "/spec/template/spec/containers/0/readinessProbe",
                probe(json!({"tcpSocket": {"port": 1}})),
            ),
            (
                "ResourceFieldSelector",
                "/spec/template/spec/containers/0/env/0/valueFrom/resourceFieldRef",
                source(json!({"resourceFieldRef": {"resource": "limits.cpu"}})),
            ),
        ],
    )
}

fn volumes() -> Hosts {
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("v");
        deployment(json!({"volumes": [volume]}))
    };
    let token = json!({"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}});
    let claim = json!({"metadata": {"name": "data"}, "status": {}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}});
    let set = || workload("StatefulSet", json!({"serviceName": "s", "volumeClaimTemplates": [claim]}));
    let physical =
        json!({"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/a"}});
    all(
        "core.v1",
        [
            (
                "ConfigMapVolumeSource",
                "/spec/template/spec/volumes/0/configMap",
                volume(json!({"configMap": {"name": "c"}})),
            ),
            (
                "DownwardAPIVolumeSource",
                "/spec/template/spec/volumes/0/downwardAPI",
                volume(
                    json!({"downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.name"}}]}}),
                ),
            ),
            (
                "HostPathVolumeSource",
                "/spec/template/spec/volumes/0/hostPath",
                volume(json!({"hostPath": {"path": "/a"}})),
            ),
            ("PersistentVolumeClaim", "/spec/volumeClaimTemplates/0", set()),
            ("PersistentVolumeClaimSpec", "/spec/volumeClaimTemplates/0/spec", set()),
            ("PersistentVolumeClaimStatus", "/spec/volumeClaimTemplates/0/status", set()),
            ("PersistentVolumeSpec", "/spec", object("v1", "PersistentVolume", json!({"spec": physical}))),
            ("ProjectedVolumeSource", "/spec/template/spec/volumes/0/projected", volume(token.clone())),
            (
                "SecretVolumeSource",
                "/spec/template/spec/volumes/0/secret",
                volume(json!({"secret": {"secretName": "s"}})),
            ),
            (
                "ServiceAccountTokenProjection",
                "/spec/template/spec/volumes/0/projected/sources/0/serviceAccountToken",
                volume(token),
            ),
            ("Volume", "/spec/template/spec/volumes/0", volume(json!({}))),
        ],
    )
}

fn others() -> Hosts {
    let service = |spec: Value| {
        let mut spec = spec;
        spec["ports"] = json!([{"port": 80}]);
        spec["selector"] = json!({"a": "b"});
        object("v1", "Service", json!({"spec": spec}))
    };
    let sticky =
        json!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}});
    let controller = json!({"selector": {"a": "b"}, "template": template(json!({}))});
    let endpoints = json!({"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]});
    let slice =
        json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]});
    let binding = || {
        let content =
            json!({"roleRef": {"kind": "Role", "name": "r"}, "subjects": [{"kind": "Group", "name": "g"}]});
        object("rbac.authorization.k8s.io/v1", "RoleBinding", content)
    };
    let policy = json!({"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}});
    let flow = json!({"spec": {"priorityLevelConfiguration": {"name": "global-default"}}});
    let level = json!({"spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}});
    let claim = |request: Value| {
        let mut request = request;
        request["name"] = json!("r");
        object("resource.k8s.io/v1", "ResourceClaim", json!({"spec": {"devices": {"requests": [request]}}}))
    };
    let exactly = || {
        claim(
            json!({"exactly": {"deviceClassName": "d.example.org", "tolerations": [{"key": "a", "effect": "NoSchedule"}]}}),
        )
    };
    let first = claim(json!({"firstAvailable": [{"name": "f", "deviceClassName": "d.example.org"}]}));
    let mut hosts = all(
        "core.v1",
        [
            ("ClientIPConfig", "/spec/sessionAffinityConfig/clientIP", service(sticky)),
            ("EndpointPort", "/subsets/0/ports/0", object("v1", "Endpoints", endpoints)),
            ("NamespaceSpec", "/spec", object("v1", "Namespace", json!({"spec": {}}))),
            (
                "ReplicationControllerSpec",
                "/spec",
                object("v1", "ReplicationController", json!({"spec": controller})),
            ),
            ("Secret", "", object("v1", "Secret", json!({}))),
            ("ServicePort", "/spec/ports/0", service(json!({}))),
            ("ServiceSpec", "/spec", service(json!({}))),
        ],
    );
    let rows = [
        ("discovery.v1.EndpointPort", "/ports/0", object("discovery.k8s.io/v1", "EndpointSlice", slice)),
        (
            "flowcontrol.v1.FlowSchemaSpec",
            "/spec",
            object("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", flow),
        ),
        (
            "flowcontrol.v1.LimitedPriorityLevelConfiguration",
            "/spec/limited",
            object("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", level),
        ),
        (
            "networking.v1.NetworkPolicyPort",
            "/spec/ingress/0/ports/0",
            object("networking.k8s.io/v1", "NetworkPolicy", policy),
        ),
        ("rbac.v1.RoleRef", "/roleRef", binding()),
        ("rbac.v1.Subject", "/subjects/0", binding()),
        ("resource.v1.DeviceSubRequest", "/spec/devices/requests/0/firstAvailable/0", first),
        ("resource.v1.DeviceToleration", "/spec/devices/requests/0/exactly/tolerations/0", exactly()),
        ("resource.v1.ExactDeviceRequest", "/spec/devices/requests/0/exactly", exactly()),
        (
            "scheduling.v1.PriorityClass",
            "",
            object("scheduling.k8s.io/v1", "PriorityClass", json!({"value": 1})),
        ),
        ("storage.v1.CSIDriverSpec", "/spec", object("storage.k8s.io/v1", "CSIDriver", json!({"spec": {}}))),
        (
            "storage.v1.StorageClass",
            "",
            object("storage.k8s.io/v1", "StorageClass", json!({"provisioner": "p.example.org"})),
        ),
    ];
    hosts.extend(rows.map(|(name, at, host)| (format!("io.k8s.api.{name}"), (at, host))));
    hosts
}
