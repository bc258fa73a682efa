//! The built-in kinds: which rule each has, which need none, and the short rules themselves.

use super::Readiness::{self, Failed, Progressing, Ready};
use super::conditions::brief;
use super::{Subject, pods, workloads};
use crate::object::id::Gvk;

/// A built-in kind with a rule of its own.
pub(super) struct Kind {
    group: &'static str,
    kind: &'static str,
    /// True if its controller always writes `status.observedGeneration`.
    pub(super) observes: bool,
    pub(super) rule: fn(&Subject<'_>) -> Readiness,
}

const fn kind(
    group: &'static str,
    kind: &'static str,
    observes: bool,
    rule: fn(&Subject<'_>) -> Readiness,
) -> Kind {
    Kind { group, kind, observes, rule }
}

const KINDS: &[Kind] = &[
    kind("", "ConfigMap", false, always),
    kind("", "Namespace", false, namespace),
    kind("", "PersistentVolume", false, volume),
    kind("", "PersistentVolumeClaim", false, claim),
    kind("", "Pod", false, pods::pod),
    kind("", "ReplicationController", true, workloads::replica_set),
    kind("", "Secret", false, always),
    kind("", "Service", false, service),
    kind("apiextensions.k8s.io", "CustomResourceDefinition", false, definition),
    kind("apiregistration.k8s.io", "APIService", false, api_service),
    kind("apps", "DaemonSet", true, workloads::daemon_set),
    kind("apps", "Deployment", true, workloads::deployment),
    kind("apps", "ReplicaSet", true, workloads::replica_set),
    kind("apps", "StatefulSet", true, workloads::stateful_set),
    kind("batch", "CronJob", false, always),
    kind("batch", "Job", false, workloads::job),
    kind("policy", "PodDisruptionBudget", true, budget),
];

/// Built-in kinds without conditions, without `observedGeneration` and without a rule: they are what they are as soon as
/// they are stored. They stand in the order of their groups.
const BY_EXISTING: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "PodTemplate",
            "ResourceQuota",
            "Secret",
            "ServiceAccount",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apps", &["ControllerRevision"]),
    ("batch", &["CronJob"]),
    ("certificates.k8s.io", &["ClusterTrustBundle"]),
    ("coordination.k8s.io", &["Lease", "LeaseCandidate"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("events.k8s.io", &["Event"]),
    ("networking.k8s.io", &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    (
        "storage.k8s.io",
        &[
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
];

/// The rule of a built-in kind, in any version.
pub(super) fn find(gvk: &Gvk) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.group == gvk.group && kind.kind == gvk.kind)
}

/// True if nothing in the status of such an object could say that it is not ready, so that nobody needs to ask.
pub fn is_ready_by_existing(gvk: &Gvk) -> bool {
    BY_EXISTING.iter().any(|(group, kinds)| *group == gvk.group && kinds.contains(&gvk.kind.as_str()))
}

/// Whatever its status holds.
fn always(_: &Subject<'_>) -> Readiness {
    Ready
}

/// D11: kstatus has no rule for namespaces.
fn namespace(subject: &Subject<'_>) -> Readiness {
    match subject.text("/status/phase") {
        "Active" => Ready,
        "" => Progressing("it is not active yet".to_owned()),
        phase => Progressing(format!("it is {}", brief(phase))),
    }
}

/// D12: kstatus has no rule for volumes.
fn volume(subject: &Subject<'_>) -> Readiness {
    match subject.text("/status/phase") {
        "Available" | "Bound" | "Released" => Ready,
        "Failed" => Failed(phase_text(subject, "it has failed")),
        phase => Progressing(phase_text(subject, if phase.is_empty() { "it is pending" } else { phase })),
    }
}

fn phase_text(subject: &Subject<'_>, otherwise: &str) -> String {
    match subject.text("/status/message") {
        "" => brief(otherwise),
        message => brief(message),
    }
}

fn claim(subject: &Subject<'_>) -> Readiness {
    match subject.text("/status/phase") {
        "Bound" => Ready,
        // D13: its volume is gone, and nothing brings it back; kstatus waits.
        "Lost" => Failed("its volume is lost".to_owned()),
        _ => Progressing("it is not bound to a volume".to_owned()),
    }
}

/// As kstatus: an external address is a matter of the provider, and many clusters have none to give.
fn service(subject: &Subject<'_>) -> Readiness {
    let balanced = subject.text("/spec/type") == "LoadBalancer";
    if balanced && subject.text("/spec/clusterIP").is_empty() {
        return Progressing("it has no cluster IP yet".to_owned());
    }
    Ready
}

/// Its controller has computed the budget when it has observed it.
fn budget(_: &Subject<'_>) -> Readiness {
    Ready
}

fn definition(subject: &Subject<'_>) -> Readiness {
    for condition in subject.conditions.all() {
        match (condition.kind, condition.status, condition.reason) {
            ("NamesAccepted", "False", _) => return Failed(condition.text()),
            ("Established", "False", "Installing") => {}
            ("Established", "False", _) => return Failed(condition.text()),
            ("Established", "True", _) => return Ready,
            _ => {}
        }
    }
    Progressing("it is not established yet".to_owned())
}

/// D14: kstatus has no rule for aggregated APIs.
fn api_service(subject: &Subject<'_>) -> Readiness {
    match subject.conditions.get("Available") {
        Some(available) if available.is("True") => Ready,
        Some(available) => Progressing(available.text()),
        None => Progressing("nobody has tried yet whether it answers".to_owned()),
    }
}
