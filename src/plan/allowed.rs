//! What a run may touch, whatever a repository says: namespaces, kinds, and whether objects outside of namespaces. Pure.

use crate::object::glob::Glob;
use crate::object::id::ObjectId;
use crate::record::applyset::group_kind;

/// The bounds that a user has set. Without any, everything is allowed that the cluster's rights allow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Namespaces; empty for all of them.
    pub namespaces: Vec<Glob>,
    /// Kinds, as `Kind` or `Kind.group`; empty for all of them.
    pub kinds: Vec<Glob>,
    /// True if objects without a namespace are allowed although namespaces are named.
    pub cluster_scoped: bool,
}

impl Allowed {
    /// True if a namespace may hold objects of the set, or its record.
    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|glob| glob.matches(namespace))
    }

    /// Why an object may not be touched; `None` if it may. A Namespace is one of the namespaces that are named, and no other
    /// object outside of namespaces.
    pub fn refuses(&self, id: &ObjectId) -> Option<String> {
        let kind = group_kind(&id.group, &id.kind);
        let is_kind = |glob: &Glob| glob.matches(&id.kind) || glob.matches(&kind);
        if !self.kinds.is_empty() && !self.kinds.iter().any(is_kind) {
            return Some(format!("{kind} is none of the allowed kinds"));
        }
        if !id.namespace.is_empty() {
            return (!self.has_namespace(&id.namespace))
                .then(|| format!("{} is none of the allowed namespaces", id.namespace));
        }
        let is_own = id.group.is_empty() && id.kind == "Namespace" && self.has_namespace(&id.name);
        (!self.namespaces.is_empty() && !self.cluster_scoped && !is_own)
            .then(|| "it is in no namespace, and only namespaces are allowed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;

    #[test]
    fn sec_58_only_what_is_named_may_be_touched() {
        let globs = |texts: &[&str]| texts.iter().map(|text| Glob::new(text)).collect::<Vec<_>>();
        let of = |namespaces: &[&str], kinds: &[&str], cluster_scoped| Allowed {
            namespaces: globs(namespaces),
            kinds: globs(kinds),
            cluster_scoped,
        };
        for (allowed, group, kind, namespace, name, may) in [
            (of(&[], &[], false), "", "ConfigMap", "kube-system", "c", true),
            (of(&[], &[], false), "rbac.authorization.k8s.io", "ClusterRole", "", "c", true),
            (of(&["shop"], &[], false), "", "ConfigMap", "shop", "c", true),
            (of(&["shop"], &[], false), "", "ConfigMap", "shop-2", "c", false),
            (of(&["team-*"], &[], false), "", "ConfigMap", "team-a", "c", true),
            (of(&["shop"], &[], false), "rbac.authorization.k8s.io", "ClusterRole", "", "c", false),
            (of(&["shop"], &[], true), "rbac.authorization.k8s.io", "ClusterRole", "", "c", true),
            (of(&["shop"], &[], true), "", "ConfigMap", "kube-system", "c", false),
            (of(&["shop"], &[], false), "", "Namespace", "", "shop", true),
            (of(&["shop"], &[], false), "", "Namespace", "", "kube-system", false),
            (of(&["shop"], &[], false), "example.org", "Namespace", "", "shop", false),
            (of(&[], &["ConfigMap", "Deployment.apps"], false), "apps", "Deployment", "x", "c", true),
            (of(&[], &["ConfigMap", "Deployment.apps"], false), "example.org", "Deployment", "x", "c", false),
            (of(&[], &["ConfigMap"], false), "", "Secret", "x", "c", false),
            (
                of(&[], &["*.rbac.authorization.k8s.io"], false),
                "rbac.authorization.k8s.io",
                "Role",
                "x",
                "c",
                true,
            ),
        ] {
            let id = ObjectId::new(&Gvk::new(group, "v1", kind), namespace, name);
            assert_eq!(allowed.refuses(&id).is_none(), may, "{allowed:?} {id}");
        }
    }
}
