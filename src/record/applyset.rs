//! Names of the ApplySet specification (KEP-3659), as kubectl spells them (`pkg/cmd/apply/applyset.go`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Label of a parent: its id.
pub const ID_LABEL: &str = "applyset.kubernetes.io/id";
/// Label of a member: the id of its set.
pub const PART_OF_LABEL: &str = "applyset.kubernetes.io/part-of";
/// Annotation of a parent: the tool that may write it.
pub const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// Annotation of a parent: `Kind.group` of all members, sorted, separated by commas.
pub const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// Annotation of a parent: namespaces of members beside its own, sorted, separated by commas.
pub const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
/// What [`TOOLING`] says of a set of ours.
pub const TOOL: &str = "gitops/v1";

/// The id of a set whose parent is this ConfigMap.
pub fn id(name: &str, namespace: &str) -> String {
    let digest = Sha256::digest(format!("{name}.{namespace}.ConfigMap."));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(digest))
}

/// A group and kind as the parent's annotation spells it.
pub fn group_kind(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf 'gitops-shop.default.ConfigMap.' | openssl dgst -sha256 -binary | basenc --base64url`.
    #[test]
    fn ids_are_those_of_the_specification() {
        assert_eq!(id("gitops-shop", "default"), "applyset--0-z-gDzzmrUPiuK6a3SJZBgB9X7fyRyVePISSB9wB0-v1");
        assert_eq!(group_kind("", "ConfigMap"), "ConfigMap");
        assert_eq!(group_kind("apps", "Deployment"), "Deployment.apps");
    }
}
