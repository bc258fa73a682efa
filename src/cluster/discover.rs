//! What the server serves: aggregated discovery in two requests, or one request a group-version on older servers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    APIGroupList, APIResource, APIResourceList, APIVersions,
};
use kube::core::discovery::v2::{
    ACCEPT_AGGREGATED_DISCOVERY_V2, APIGroupDiscoveryList, APIResourceDiscovery, APIVersionDiscovery,
};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::cluster::answer::{Answer, Failure};
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::live::{Catalog, Resource};
use crate::object::id::{GroupVersion, Gvk};

/// The largest discovery document that is read.
const MAX_DOCUMENT: usize = 64 << 20;

/// Asks for version and served types, all at once.
///
/// # Errors
/// The failure of the version or of a root document; the failure of a single group is a value in the catalog.
pub(crate) async fn catalog(sender: &Arc<Sender>) -> Result<Catalog, Failure> {
    let (core, groups, version) = (root("/api"), root("/apis"), document("/version".to_owned()));
    let (core, groups, version) =
        tokio::join!(sender.send(&core), sender.send(&groups), sender.send(&version));
    let mut catalog = Catalog { server_version: server_version(version)?, ..Catalog::default() };
    let mut plain = BTreeSet::new();
    plain.extend(read_root(&core?, &mut catalog)?);
    plain.extend(read_root(&groups?, &mut catalog)?);
    read_plain(sender, plain, &mut catalog).await?;
    Ok(catalog)
}

fn root(path: &str) -> Call {
    Call { accept: ACCEPT_AGGREGATED_DISCOVERY_V2, ..document(path.to_owned()) }
}

fn document(path: String) -> Call {
    Call { max_answer: MAX_DOCUMENT, ..Call::get(Purpose::Discovery, path) }
}

/// The version decides only how lists are asked for, so a server that hides it is taken for an old one.
fn server_version(answer: Result<Answer, Failure>) -> Result<String, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        git_version: String,
    }
    match answer {
        Ok(answer) => Ok(answer.json::<Version>().map(|version| version.git_version).unwrap_or_default()),
        Err(failure) if matches!(failure.code(), Some(403 | 404)) => Ok(String::new()),
        Err(failure) => Err(failure),
    }
}

/// Reads `/api` or `/apis`. Returns the group-versions that have to be asked for one by one.
fn read_root(answer: &Answer, catalog: &mut Catalog) -> Result<Vec<GroupVersion>, Failure> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        kind: String,
    }
    match answer.json::<Head>()?.kind.as_str() {
        "APIGroupDiscoveryList" => {
            read_aggregated(&answer.json()?, catalog);
            Ok(Vec::new())
        }
        "APIVersions" => {
            let versions: APIVersions = answer.json()?;
            Ok(versions.versions.iter().filter_map(|version| GroupVersion::parse(version)).collect())
        }
        "APIGroupList" => {
            let list: APIGroupList = answer.json()?;
            let versions = list.groups.iter().flat_map(|group| &group.versions);
            Ok(versions.filter_map(|version| GroupVersion::parse(&version.group_version)).collect())
        }
        _ => Err(Failure::Nonsense("the answer is no discovery document".to_owned())),
    }
}

fn read_aggregated(list: &APIGroupDiscoveryList, catalog: &mut Catalog) {
    for group in &list.items {
        let name = group.metadata.as_ref().and_then(|metadata| metadata.name.clone()).unwrap_or_default();
        for version in &group.versions {
            read_version(&name, version, catalog);
        }
    }
}

fn read_version(group: &str, version: &APIVersionDiscovery, catalog: &mut Catalog) {
    let gv = GroupVersion { group: group.to_owned(), version: version.version.clone().unwrap_or_default() };
    if version.freshness.as_deref() == Some("Stale") {
        let reason = "the server that provides it does not answer (discovery is stale)";
        catalog.incomplete.insert(gv.to_string(), reason.to_owned());
    }
    for resource in version.resources.iter().filter_map(|resource| aggregated_resource(&gv, resource)) {
        insert(resource, catalog);
    }
}

/// `responseKind` has an empty group and version for built-in types: those of the enclosing version count.
fn aggregated_resource(gv: &GroupVersion, resource: &APIResourceDiscovery) -> Option<Resource> {
    let kind = resource.response_kind.as_ref()?.kind.clone()?;
    Some(Resource {
        gvk: Gvk::new(&gv.group, &gv.version, &kind),
        plural: resource.resource.clone()?,
        namespaced: resource.scope.as_deref() == Some("Namespaced"),
        has_status: resource.subresources.iter().any(|sub| sub.subresource.as_deref() == Some("status")),
        listable: resource.verbs.iter().any(|verb| verb == "list"),
    })
}

/// Where two resources give the same kind (reviews, bindings), the one that can be listed is the type.
fn insert(resource: Resource, catalog: &mut Catalog) {
    match catalog.resources.get(&resource.gvk) {
        Some(known) if known.listable || !resource.listable => {}
        _ => {
            catalog.resources.insert(resource.gvk.clone(), resource);
        }
    }
}

/// Asks for group-versions one by one, as before aggregated discovery (Kubernetes 1.26).
async fn read_plain(
    sender: &Arc<Sender>,
    wanted: BTreeSet<GroupVersion>,
    catalog: &mut Catalog,
) -> Result<(), Failure> {
    let mut tasks = JoinSet::new();
    for gv in wanted {
        let sender = Arc::clone(sender);
        tasks.spawn(async move {
            let answer = sender.send(&document(url::group_version(&gv))).await;
            (gv, answer.and_then(|answer| answer.json::<APIResourceList>()))
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        let (gv, answer) = done.map_err(|error| Failure::NotSent(error.to_string()))?;
        answers.insert(gv, answer);
    }
    for (gv, answer) in answers {
        match answer {
            Ok(list) => {
                plain_resources(&gv, &list.resources).into_iter().for_each(|found| insert(found, catalog))
            }
            Err(failure @ Failure::Deadline) => return Err(failure),
            Err(failure) if failure.unauthorized().is_some() => return Err(failure),
            Err(failure) => {
                catalog.incomplete.insert(gv.to_string(), failure.text());
            }
        }
    }
    Ok(())
}

fn plain_resources(gv: &GroupVersion, list: &[APIResource]) -> Vec<Resource> {
    let has_status = |name: &str| list.iter().any(|other| other.name.strip_suffix("/status") == Some(name));
    let whole = list.iter().filter(|resource| !resource.name.contains('/'));
    whole
        .map(|resource| Resource {
            gvk: Gvk::new(&gv.group, &gv.version, &resource.kind),
            plural: resource.name.clone(),
            namespaced: resource.namespaced,
            has_status: has_status(&resource.name),
            listable: resource.verbs.iter().any(|verb| verb == "list"),
        })
        .collect()
}

/// Major and minor of a version such as `v1.36.3` or `v1.33.1-eks-1a2b`.
pub(crate) fn minor_version(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Served;
    use serde_json::{Value, json};

    fn answer(body: &Value) -> Answer {
        Answer {
            content_type: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList".into(),
            body: body.to_string().into_bytes(),
        }
    }

    #[test]
    fn aggregated_discovery_is_read_as_servers_send_it() {
        // Shapes of Kubernetes 1.36: empty group and version in `responseKind` of built-ins, a stale group without resources.
        let body = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [
            {"metadata": {"name": "apps", "creationTimestamp": null}, "versions": [{"version": "v1", "freshness": "Current", "resources": [
                {"resource": "deployments", "responseKind": {"group": "", "version": "", "kind": "Deployment"}, "scope": "Namespaced",
                 "singularResource": "deployment", "verbs": ["create", "get", "list", "patch"], "subresources": [
                    {"subresource": "scale", "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}, "verbs": ["get"]},
                    {"subresource": "status", "responseKind": {"group": "", "version": "", "kind": "Deployment"}, "verbs": ["get"]}]},
            ]}]},
            {"metadata": {"name": "example.org"}, "versions": [{"version": "v2", "freshness": "Current", "resources": [
                {"resource": "widgets", "responseKind": {"group": "example.org", "version": "v2", "kind": "Widget"}, "scope": "Cluster", "verbs": ["get", "list"]}]}]},
            {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
        ]});
        let mut catalog = Catalog::default();
        assert_eq!(read_root(&answer(&body), &mut catalog).unwrap(), []);
        let deployment = &catalog.resources[&Gvk::new("apps", "v1", "Deployment")];
        assert_eq!(deployment.plural, "deployments");
        assert!(deployment.namespaced && deployment.has_status && deployment.listable);
        let widget = &catalog.resources[&Gvk::new("example.org", "v2", "Widget")];
        assert!(!widget.namespaced && !widget.has_status && widget.listable);
        assert!(!catalog.resources.contains_key(&Gvk::new("autoscaling", "v1", "Scale")));
        let served = |group, version, kind| catalog.served(&Gvk::new(group, version, kind));
        assert!(matches!(served("metrics.k8s.io", "v1beta1", "PodMetrics"), Served::Unknown(_)));
        assert_eq!(served("example.org", "v1", "Widget"), Served::No(vec!["v2".into()]));
        assert_eq!(served("other.org", "v1", "Widget"), Served::No(vec![]));
    }

    #[test]
    fn plain_discovery_names_what_to_ask_for() {
        let mut catalog = Catalog::default();
        let core = json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []});
        let groups = json!({"kind": "APIGroupList", "groups": [{"name": "apps",
            "versions": [{"groupVersion": "apps/v1", "version": "v1"}, {"groupVersion": "apps/v1beta1", "version": "v1beta1"}]}]});
        let names = |found: Vec<GroupVersion>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(read_root(&answer(&core), &mut catalog).unwrap()), ["v1"]);
        assert_eq!(names(read_root(&answer(&groups), &mut catalog).unwrap()), ["apps/v1", "apps/v1beta1"]);
        assert!(read_root(&answer(&json!({"kind": "Other"})), &mut catalog).is_err());
        assert!(read_root(&answer(&json!({"kind": "Status", "status": "Failure"})), &mut catalog).is_err());
    }

    #[test]
    fn plain_resources_join_their_subresources() {
        let list: APIResourceList = serde_json::from_value(json!({"groupVersion": "v1", "resources": [
            {"name": "pods", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get", "list"]},
            {"name": "pods/status", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"]},
            {"name": "bindings", "singularName": "", "namespaced": true, "kind": "Binding", "verbs": ["create"]},
        ]}))
        .unwrap();
        let found = plain_resources(&GroupVersion::parse("v1").unwrap(), &list.resources);
        let flags: Vec<_> = found.iter().map(|r| (r.plural.as_str(), r.has_status, r.listable)).collect();
        assert_eq!(flags, [("pods", true, true), ("bindings", false, false)]);
    }

    #[test]
    fn versions_are_read_with_vendor_suffixes() {
        for (text, expected) in [
            ("v1.36.3", Some((1, 36))),
            ("v1.33+", Some((1, 33))),
            ("v1.31.0-eks-1a2b", Some((1, 31))),
            ("", None),
            ("main", None),
        ] {
            assert_eq!(minor_version(text), expected, "{text}");
        }
    }
}
