//! Identity of objects: group, version, kind, and the total order in which objects are reported.

use std::cmp::Ordering;
use std::fmt;

/// An API group and version, as written in `apiVersion`. The core group is the empty string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersion {
    /// API group, empty for the core group.
    pub group: String,
    /// API version, for example `v1` or `v1beta1`.
    pub version: String,
}

impl GroupVersion {
    /// Parses an `apiVersion`. `v1` is the core group; more than one slash or an empty part gives `None`.
    pub fn parse(api_version: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let named = !api_version.contains('/') || !group.is_empty();
        (named && !version.is_empty() && !version.contains('/'))
            .then(|| Self { group: group.to_owned(), version: version.to_owned() })
    }
}

impl fmt::Display for GroupVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            f.write_str(&self.version)
        } else {
            write!(f, "{}/{}", self.group, self.version)
        }
    }
}

/// A group, version and kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gvk {
    /// API group, empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind, for example `Deployment`.
    pub kind: String,
}

impl Gvk {
    /// Builds a group-version-kind from its three parts.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// The group and version without the kind.
    pub fn group_version(&self) -> GroupVersion {
        GroupVersion { group: self.group.clone(), version: self.version.clone() }
    }

    /// The `apiVersion` text.
    pub fn api_version(&self) -> String {
        self.group_version().to_string()
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.group_version(), self.kind)
    }
}

/// Identity of an object: group-kind, namespace and name, without version (as in cli-utils' `ObjMetadata`).
///
/// The order is the order of all output: kind rank, group, kind, namespace, name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// API group, empty for the core group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Place of the kind among all kinds, kept because maps compare identities all the time.
    rank: u8,
}

impl ObjectId {
    /// Builds an identity from a type, a namespace (empty for cluster scope) and a name.
    pub fn new(gvk: &Gvk, namespace: &str, name: &str) -> Self {
        Self {
            rank: kind_rank(&gvk.group, &gvk.kind),
            group: gvk.group.clone(),
            kind: gvk.kind.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The same place with another name.
    pub fn named(&self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self.clone() }
    }

    /// `namespace/name`, or the name alone at cluster scope.
    pub fn qualified_name(&self) -> String {
        if self.namespace.is_empty() {
            self.name.clone()
        } else {
            format!("{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.qualified_name())
    }
}

impl Ord for ObjectId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| self.group.cmp(&other.group))
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.namespace.cmp(&other.namespace))
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Kinds in the order in which a reader expects them: what others depend on comes first, workloads last.
const RANKED: &[(&str, &str)] = &[
    ("", "Namespace"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("", "ResourceQuota"),
    ("", "LimitRange"),
    ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
    ("", "ServiceAccount"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("", "Secret"),
    ("", "ConfigMap"),
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("", "Service"),
    ("networking.k8s.io", "IngressClass"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("policy", "PodDisruptionBudget"),
    ("apps", "DaemonSet"),
    ("apps", "StatefulSet"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("", "Pod"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("autoscaling", "HorizontalPodAutoscaler"),
];

fn kind_rank(group: &str, kind: &str) -> u8 {
    let place = RANKED.iter().position(|&(g, k)| g == group && k == kind).unwrap_or(RANKED.len());
    u8::try_from(place).unwrap_or(u8::MAX)
}

/// What the name of a namespace is made of, in words.
pub const NAMESPACE: &str = "at most 63 lower-case letters, digits and `-`, a letter or digit at both ends";

/// True for what a server takes as the name of a namespace (RFC 1123 label).
pub fn is_namespace(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_version_is_parsed_as_kubernetes_does() {
        let gv = |g: &str, v: &str| Some(GroupVersion { group: g.into(), version: v.into() });
        assert_eq!(GroupVersion::parse("v1"), gv("", "v1"));
        assert_eq!(GroupVersion::parse("apps/v1"), gv("apps", "v1"));
        for wrong in ["", "/v1", "apps/", "a/b/c"] {
            assert_eq!(GroupVersion::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn order_is_rank_then_group_kind_namespace_name() {
        let id = |g: &str, k: &str, ns: &str, n: &str| ObjectId::new(&Gvk::new(g, "v1", k), ns, n);
        let mut ids = [
            id("example.org", "Widget", "a", "x"),
            id("apps", "Deployment", "b", "a"),
            id("apps", "Deployment", "a", "z"),
            id("", "ConfigMap", "z", "z"),
            id("", "Namespace", "", "z"),
        ];
        ids.sort();
        let text: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["Namespace z", "ConfigMap z/z", "Deployment a/z", "Deployment b/a", "Widget a/x"]);
    }
}
