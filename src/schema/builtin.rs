//! Facts about the types that are part of Kubernetes itself: which groups they are, and what the server stores for their
//! zero values.
//!
//! The published schemas do not tell a pointer from a value, but storage depends on it: `hostNetwork: false` is left out,
//! `automountServiceAccountToken: false` is kept. `builtin_fields.txt` holds that fact for every field; it is printed by
//! `tests/cluster/fieldfacts` from the Go types and compared with them by a test.

use std::sync::OnceLock;

/// API groups whose objects kube-apiserver decodes into its own types (Kubernetes 1.36, `k8s.io/api`, apiextensions and
/// kube-aggregator). Everything else is a custom resource or an aggregated API and is taken as stored verbatim.
const GROUPS: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// True if the group is part of Kubernetes itself.
pub fn is_builtin_group(group: &str) -> bool {
    GROUPS.binary_search(&group).is_ok()
}

/// Kinds of Kubernetes itself that live outside namespaces (1.36).
const CLUSTER_SCOPED: &[(&str, &str)] = &[
    ("", "ComponentStatus"),
    ("", "Namespace"),
    ("", "Node"),
    ("", "PersistentVolume"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("certificates.k8s.io", "CertificateSigningRequest"),
    ("certificates.k8s.io", "ClusterTrustBundle"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("internal.apiserver.k8s.io", "StorageVersion"),
    ("networking.k8s.io", "IPAddress"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "ServiceCIDR"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"),
    ("resource.k8s.io", "DeviceTaintRule"),
    ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "CSIDriver"),
    ("storage.k8s.io", "CSINode"),
    ("storage.k8s.io", "StorageClass"),
    ("storage.k8s.io", "VolumeAttachment"),
    ("storage.k8s.io", "VolumeAttributesClass"),
    ("storagemigration.k8s.io", "StorageVersionMigration"),
];

/// True for the kinds of Kubernetes itself that are known to live outside namespaces.
pub fn is_cluster_scoped(group: &str, kind: &str) -> bool {
    CLUSTER_SCOPED.contains(&(group, kind))
}

/// What the server stores for the zero value of a field of a built-in type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroValue {
    /// Left out, whether it was written, null or absent.
    LeftOut,
    /// Kept as written; null is left out (a pointer).
    Kept,
    /// Always written, also where it was absent (a plain value without `omitempty`).
    Written,
    /// Null, also where it was absent or empty (a list or map without `omitempty`).
    Null,
    /// `{}`, also where it was absent or null (a struct by value).
    EmptyStruct,
}

const FIELDS: &str = include_str!("builtin_fields.txt");

/// Index over the lines of the fact table: type name and the words behind it, sorted by name.
fn facts() -> &'static [(&'static str, &'static str)] {
    static INDEX: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    INDEX.get_or_init(|| FIELDS.lines().filter_map(|line| line.split_once('\t')).collect())
}

/// What the server stores for the zero value of `field` in the published type `name`.
pub fn zero_value(name: &str, field: &str) -> ZeroValue {
    let facts = facts();
    let Ok(at) = facts.binary_search_by_key(&name, |entry| entry.0) else {
        return ZeroValue::LeftOut;
    };
    for word in facts[at].1.split(' ') {
        let Some((kind, fields)) = word.split_once(':') else {
            continue;
        };
        if fields.split(',').any(|listed| listed == field) {
            return match kind {
                "p" => ZeroValue::Kept,
                "e" => ZeroValue::Written,
                "n" => ZeroValue::Null,
                _ => ZeroValue::EmptyStruct,
            };
        }
    }
    ZeroValue::LeftOut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_values_follow_the_go_types() {
        assert!(facts().is_sorted());
        let pod = "io.k8s.api.core.v1.PodSpec";
        assert_eq!(zero_value(pod, "hostNetwork"), ZeroValue::LeftOut);
        assert_eq!(zero_value(pod, "automountServiceAccountToken"), ZeroValue::Kept);
        assert_eq!(zero_value("io.k8s.api.core.v1.Container", "resources"), ZeroValue::EmptyStruct);
        assert_eq!(zero_value("io.k8s.api.rbac.v1.Role", "rules"), ZeroValue::Null);
        assert_eq!(zero_value("io.k8s.api.core.v1.EnvVar", "name"), ZeroValue::Written);
    }

    #[test]
    fn groups_are_sorted_for_the_search() {
        assert!(GROUPS.is_sorted());
        assert!(is_builtin_group("") && is_builtin_group("apps") && is_builtin_group("storage.k8s.io"));
        assert!(!is_builtin_group("example.org"));
    }
}
