//! Which API groups are part of Kubernetes itself.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_sorted_for_the_search() {
        assert!(GROUPS.is_sorted());
        assert!(is_builtin_group("") && is_builtin_group("apps") && is_builtin_group("storage.k8s.io"));
        assert!(!is_builtin_group("example.org"));
    }
}
