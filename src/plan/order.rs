//! The order of writes: what others need goes first, what could get in their way last.

use crate::object::id::Gvk;

/// Writes of one wave may go at the same time; the next wave starts when all have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wave {
    /// Namespaces and definitions of kinds.
    Foundations,
    /// Rights, configuration, storage, networks.
    Configuration,
    /// What runs.
    Workloads,
    /// Objects of kinds that somebody defined, and what the server asks before it takes an object.
    Extensions,
}

impl Wave {
    /// All waves in their order.
    pub const ALL: [Self; 4] = [Self::Foundations, Self::Configuration, Self::Workloads, Self::Extensions];

    /// The wave of a kind.
    pub fn of(gvk: &Gvk) -> Self {
        match (gvk.group.as_str(), gvk.kind.as_str()) {
            ("", "Namespace") | ("apiextensions.k8s.io", _) => Self::Foundations,
            ("apps" | "batch", _) | ("", "Pod" | "ReplicationController") => Self::Workloads,
            // A webhook or an aggregated API answers only when its own workload runs.
            ("admissionregistration.k8s.io" | "apiregistration.k8s.io", _) => Self::Extensions,
            (group, _) if is_built_in(group) => Self::Configuration,
            _ => Self::Extensions,
        }
    }
}

/// Groups that every API server brings. Names that end in `k8s.io` are not enough: projects define kinds under them too.
fn is_built_in(group: &str) -> bool {
    const GROUPS: &[&str] = &[
        "",
        "apps",
        "autoscaling",
        "batch",
        "policy",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "internal.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
        "storagemigration.k8s.io",
    ];
    GROUPS.contains(&group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prop_21_what_others_need_goes_first() {
        let wave = |group, kind| Wave::of(&Gvk::new(group, "v1", kind));
        let table = [
            (wave("", "Namespace"), wave("", "ConfigMap")),
            (wave("apiextensions.k8s.io", "CustomResourceDefinition"), wave("example.org", "Widget")),
            (wave("", "ServiceAccount"), wave("apps", "Deployment")),
            (wave("rbac.authorization.k8s.io", "RoleBinding"), wave("batch", "Job")),
            (wave("", "PersistentVolumeClaim"), wave("apps", "StatefulSet")),
            (wave("scheduling.k8s.io", "PriorityClass"), wave("", "Pod")),
            (
                wave("apps", "Deployment"),
                wave("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ),
            (wave("apps", "Deployment"), wave("apiregistration.k8s.io", "APIService")),
            (wave("apps", "Deployment"), wave("snapshot.storage.k8s.io", "VolumeSnapshot")),
        ];
        for (at, (first, second)) in table.into_iter().enumerate() {
            assert!(first < second, "row {at}: {first:?} before {second:?}");
        }
        assert!(Wave::ALL.is_sorted());
    }
}
