//! Which kinds have a namespace: those that kustomize knows, and those of `openapi.path`.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::ident::Gvk;

/// Where objects of a kind live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Cluster,
    Namespace,
}

type Table = &'static [(&'static str, &'static [&'static str], &'static [&'static str])];

/// Kinds that kustomize knows to have no namespace (`kyaml/openapi`, the table of known types).
const CLUSTER: Table = &[
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1"],
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ),
    ("apiextensions.k8s.io", &["v1", "v1beta1"], &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"], &["APIService"]),
    ("certificates.k8s.io", &["v1", "v1beta1"], &["CertificateSigningRequest"]),
    ("flowcontrol.apiserver.k8s.io", &["v1beta1"], &["FlowSchema", "PriorityLevelConfiguration"]),
    ("networking.k8s.io", &["v1", "v1beta1"], &["IngressClass"]),
    ("node.k8s.io", &["v1", "v1beta1"], &["RuntimeClass"]),
    ("policy", &["v1beta1"], &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1"], &["ClusterRole", "ClusterRoleBinding"]),
    ("scheduling.k8s.io", &["v1", "v1beta1"], &["PriorityClass"]),
    ("storage.k8s.io", &["v1", "v1beta1"], &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"]),
    ("", &["v1"], &["ComponentStatus", "Namespace", "Node", "NodeProxyOptions", "PersistentVolume"]),
];

/// Kinds that it knows to have one.
const NAMESPACED: Table = &[
    ("apps", &["v1"], &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("autoscaling", &["v1"], &["HorizontalPodAutoscaler", "Scale"]),
    ("autoscaling", &["v2beta1", "v2beta2"], &["HorizontalPodAutoscaler"]),
    ("batch", &["v1"], &["CronJob", "Job"]),
    ("batch", &["v1beta1"], &["CronJob"]),
    ("coordination.k8s.io", &["v1", "v1beta1"], &["Lease"]),
    ("discovery.k8s.io", &["v1", "v1beta1"], &["EndpointSlice"]),
    ("events.k8s.io", &["v1", "v1beta1"], &["Event"]),
    ("extensions", &["v1beta1"], &["Ingress"]),
    ("networking.k8s.io", &["v1"], &["Ingress", "NetworkPolicy"]),
    ("networking.k8s.io", &["v1beta1"], &["Ingress"]),
    ("policy", &["v1", "v1beta1"], &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1"], &["Role", "RoleBinding"]),
    ("storage.k8s.io", &["v1beta1"], &["CSIStorageCapacity"]),
    (
        "",
        &["v1"],
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "PodAttachOptions",
            "PodExecOptions",
            "PodPortForwardOptions",
            "PodProxyOptions",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
            "ServiceProxyOptions",
        ],
    ),
];

/// What kustomize knows of a kind by itself.
pub(super) fn scope(gvk: &Gvk) -> Option<Scope> {
    let holds = |table: Table| {
        table.iter().any(|(group, versions, kinds)| {
            *group == gvk.group
                && versions.contains(&gvk.version.as_str())
                && kinds.contains(&gvk.kind.as_str())
        })
    };
    if holds(CLUSTER) {
        return Some(Scope::Cluster);
    }
    holds(NAMESPACED).then_some(Scope::Namespace)
}

/// Kinds without a namespace that kustomize learns from the paths of an OpenAPI document.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned(HashSet<Gvk>);

impl Learned {
    /// Reads the paths of a document: a kind has a namespace if one of its paths says so.
    pub(super) fn from_openapi(document: &Value) -> Self {
        let (mut cluster, mut namespaced) = (BTreeSet::new(), HashSet::new());
        let paths = document.get("paths").and_then(Value::as_object);
        for (path, item) in paths.into_iter().flatten() {
            let Some(kind) = item.pointer("/get/x-kubernetes-group-version-kind") else { continue };
            let text = |key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default();
            let gvk = Gvk::new(text("group"), text("version"), text("kind"));
            if path.contains("namespaces/{namespace}") {
                namespaced.insert(gvk);
            } else {
                cluster.insert(gvk);
            }
        }
        Self(cluster.into_iter().filter(|gvk| !namespaced.contains(gvk)).collect())
    }

    /// True for a kind without a namespace that kustomize does not know by itself.
    pub(super) fn is_cluster_scoped(&self, gvk: &Gvk) -> bool {
        self.0.contains(gvk) && scope(gvk).is_none()
    }
}
