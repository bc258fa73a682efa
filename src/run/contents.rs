//! What would go along with a namespace or a definition. Neither is deleted while something is in it that is not the set's.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::Server;
use crate::live::{Catalog, Resource};
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::plan::prune::Deletion;
use crate::record::applyset::PART_OF_LABEL;

/// Why a deletion would take along what is not the set's, or that this cannot be told; `None` if it takes nothing.
pub(super) async fn holds_others(
    server: &Server,
    catalog: &Catalog,
    deletion: &Deletion,
    set: &str,
) -> Option<String> {
    let id = &deletion.id;
    match (id.group.as_str(), id.kind.as_str()) {
        ("", "Namespace") => in_namespace(server, catalog, &id.name, set).await,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => of_kind(server, catalog, id, set).await,
        _ => None,
    }
}

async fn in_namespace(server: &Server, catalog: &Catalog, namespace: &str, set: &str) -> Option<String> {
    for resource in types(catalog).values().filter(|resource| resource.namespaced) {
        let found =
            server.find_metadata(resource, Some(namespace), |object| is_others(resource, object, set));
        match found.await {
            Ok(None) => {}
            Ok(Some(object)) => return Some(format!("it holds {}", named(resource, &object))),
            Err(error) => return Some(format!("what it holds cannot be told: {}: {error}", resource.plural)),
        }
    }
    None
}

async fn of_kind(server: &Server, catalog: &Catalog, id: &ObjectId, set: &str) -> Option<String> {
    let types = types(catalog);
    let of = |resource: &&&Resource| format!("{}.{}", resource.plural, resource.gvk.group) == id.name;
    let Some(resource) = types.values().find(of) else {
        // Nothing of a kind that is not served can be reached, and nobody can tell what is stored.
        return Some("whether there are objects of its kind cannot be told: it is not served".to_owned());
    };
    match server.find_metadata(resource, None, |object| is_others(resource, object, set)).await {
        Ok(None) => None,
        Ok(Some(object)) => Some(format!("there is {}", named(resource, &object))),
        Err(error) => Some(format!("whether there are objects of its kind cannot be told: {error}")),
    }
}

/// Every type once: the newest version that is served does for all of them.
fn types(catalog: &Catalog) -> BTreeMap<(String, String), &Resource> {
    let listable = catalog.resources.values().filter(|resource| resource.listable);
    listable.map(|resource| ((resource.gvk.group.clone(), resource.plural.clone()), resource)).collect()
}

/// True for what neither the set nor the cluster itself put there: children of others go with their owners, events with
/// time, and every namespace is given a certificate and an account.
fn is_others(resource: &Resource, object: &Value, set: &str) -> bool {
    let (group, plural) = (resource.gvk.group.as_str(), resource.plural.as_str());
    let name = text_at(object, &["metadata", "name"]).unwrap_or_default();
    let owned = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let is_child = owned.is_some_and(|owners| !owners.is_empty());
    let is_clusters = matches!(
        (group, plural, name),
        ("" | "events.k8s.io", "events", _)
            | ("metrics.k8s.io", _, _)
            | ("", "configmaps", "kube-root-ca.crt")
            | ("", "serviceaccounts", "default")
            | ("", "endpoints", _)
    );
    let is_ours = text_at(object, &["metadata", "labels", PART_OF_LABEL]) == Some(set);
    !(is_child || is_clusters || is_ours)
}

fn named(resource: &Resource, object: &Value) -> String {
    let text = |key| text_at(object, &["metadata", key]).unwrap_or_default();
    let id = ObjectId::new(&resource.gvk, text("namespace"), text("name"));
    format!("{id}, which is not the set's")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    #[test]
    fn only_what_the_set_and_the_cluster_put_there_may_go_along() {
        let others = |group: &str, plural: &str, metadata: Value| {
            let resource = Resource {
                gvk: Gvk::new(group, "v1", "X"),
                plural: plural.to_owned(),
                namespaced: true,
                has_status: false,
                listable: true,
            };
            is_others(&resource, &json!({"metadata": metadata}), "id")
        };
        assert!(others("", "configmaps", json!({"name": "a"})));
        assert!(others("", "configmaps", json!({"name": "a", "labels": {PART_OF_LABEL: "other"}})));
        assert!(!others("", "configmaps", json!({"name": "a", "labels": {PART_OF_LABEL: "id"}})));
        assert!(!others("", "configmaps", json!({"name": "kube-root-ca.crt"})));
        assert!(!others("", "serviceaccounts", json!({"name": "default"})));
        assert!(others("", "serviceaccounts", json!({"name": "robot"})));
        assert!(!others("", "pods", json!({"name": "p", "ownerReferences": [{"kind": "ReplicaSet"}]})));
        assert!(!others("events.k8s.io", "events", json!({"name": "e"})));
        assert!(others("example.org", "widgets", json!({"name": "w"})));
    }
}
