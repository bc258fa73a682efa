//! Paths of the API: group, version, namespace, resource, name.

use crate::live::Resource;
use crate::object::id::GroupVersion;

/// The path of a group-version: `/api/v1` or `/apis/apps/v1`.
pub(crate) fn group_version(gv: &GroupVersion) -> String {
    if gv.group.is_empty() {
        format!("/api/{}", segment(&gv.version))
    } else {
        format!("/apis/{}/{}", segment(&gv.group), segment(&gv.version))
    }
}

/// The path of all objects of a type, in one namespace or everywhere.
pub(crate) fn collection(resource: &Resource, namespace: Option<&str>) -> String {
    let root = group_version(&resource.gvk.group_version());
    let plural = segment(&resource.plural);
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{}/{plural}", segment(namespace)),
        None => format!("{root}/{plural}"),
    }
}

/// The path of one object; `None` for names that no object can have, since they would lead elsewhere.
pub(crate) fn object(resource: &Resource, namespace: &str, name: &str) -> Option<String> {
    if !can_be_segment(name) || (resource.namespaced && !can_be_segment(namespace)) {
        return None;
    }
    let collection = collection(resource, resource.namespaced.then_some(namespace));
    Some(format!("{collection}/{}", segment(name)))
}

/// The rule of `IsValidPathSegmentName` in `k8s.io/apimachinery/pkg/api/validation/path`.
fn can_be_segment(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%'])
}

/// Escapes everything that does not stand for itself in a path or in a value of a query.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                escaped.push(byte.into())
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;

    fn resource(group: &str, plural: &str, namespaced: bool) -> Resource {
        Resource {
            gvk: Gvk::new(group, "v1", "Any"),
            plural: plural.into(),
            namespaced,
            has_status: false,
            listable: true,
        }
    }

    #[test]
    fn paths_follow_the_api_conventions() {
        let pods = resource("", "pods", true);
        let roles = resource("rbac.authorization.k8s.io", "clusterroles", false);
        assert_eq!(collection(&pods, None), "/api/v1/pods");
        assert_eq!(collection(&pods, Some("a")), "/api/v1/namespaces/a/pods");
        assert_eq!(object(&pods, "a", "b").as_deref(), Some("/api/v1/namespaces/a/pods/b"));
        let path = object(&roles, "", "system:node reader");
        let expected = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node%20reader";
        assert_eq!(path.as_deref(), Some(expected));
    }

    #[test]
    fn hostile_names_lead_nowhere() {
        let pods = resource("", "pods", true);
        for (namespace, name) in
            [("a", ".."), ("a", "."), ("..", "b"), ("a", "b/../c"), ("a", ""), ("", "b"), ("a", "%2e")]
        {
            assert_eq!(object(&pods, namespace, name), None, "{namespace} {name}");
        }
        assert_eq!(object(&pods, "a", "b?x=y#z").as_deref(), Some("/api/v1/namespaces/a/pods/b%3Fx%3Dy%23z"));
    }
}
