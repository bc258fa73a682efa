//! The cluster of the pairs: connections, types, schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gitops::cluster::kubeconfig::{Choice, Environment};
use gitops::cluster::{Options, Server};
use gitops::live::{Catalog, Resource, Served};
use gitops::object::id::{GroupVersion, Gvk};
use gitops::schema::Schema;
use gitops::schema::openapi::Document;
use serde_json::Value;

use super::client::Api;
use crate::support::cluster::Cluster;
use crate::support::kinds;

pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) server: Server,
    pub(crate) catalog: Catalog,
    pub(crate) schemas: BTreeMap<Gvk, Schema>,
    pub(crate) namespace: String,
}

impl World {
    pub(crate) async fn of(cluster: &Cluster) -> Self {
        let namespace = cluster.namespace("pairs");
        cluster.kubectl_ok(&["create", "namespace", &format!("{namespace}-limits")]);
        cluster.kubectl_stdin(&["apply", "--server-side", "-f", "-"], &kinds::text("definitions"));
        cluster.kubectl_ok(&["wait", "--for=condition=Established", "crd", "--all"]);
        let choice = Choice { file: Some(cluster.kubeconfig().to_owned()), ..Choice::default() };
        let options = Options { timeout: Duration::from_secs(3 * 3600), ..Options::default() };
        let server = Server::connect(&choice, &Environment::default(), options).await;
        let server = server.expect("the test cluster can be reached");
        let catalog = server.catalog().await.expect("the test cluster tells what it serves");
        let mut world =
            Self { api: Api::to(cluster.kubeconfig()), server, catalog, schemas: BTreeMap::new(), namespace };
        world
            .learn(|schemas| schemas.keys().filter(|gvk| gvk.group == "kinds.example.com").count() >= 4)
            .await;
        world
    }

    /// Reads the published schemas of all kinds, again until they are as they should be: the server publishes them a little
    /// later than it uses them.
    pub(crate) async fn learn(&mut self, done: impl Fn(&BTreeMap<Gvk, Schema>) -> bool) {
        for _ in 0..100 {
            self.learn_once().await;
            if done(&self.schemas) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the server does not publish the schemas");
    }

    async fn learn_once(&mut self) {
        let versions: BTreeSet<GroupVersion> =
            self.catalog.resources.keys().map(Gvk::group_version).collect();
        let documents = self.server.openapi(&versions).await.expect("schemas are published");
        for (version, text) in documents {
            let document = Document::parse(&text).expect("a schema can be read");
            for gvk in self.catalog.resources.keys().filter(|gvk| gvk.group_version() == version) {
                if let Some(schema) = document.schema(gvk) {
                    self.schemas.insert(gvk.clone(), schema);
                }
            }
        }
    }

    /// The type of a manifest.
    pub(crate) fn resource(&self, manifest: &Value) -> (&Resource, &Schema) {
        let gvk = gvk(manifest);
        match (self.catalog.served(&gvk), self.schemas.get(&gvk)) {
            (Served::Yes(resource), Some(schema)) => (resource, schema),
            (other, _) => panic!("{gvk}: {other:?}, or no schema"),
        }
    }
}

/// Group, version and kind of a manifest.
pub(crate) fn gvk(manifest: &Value) -> Gvk {
    let version = manifest["apiVersion"].as_str().and_then(GroupVersion::parse);
    let version = version.expect("a manifest has a version");
    Gvk::new(&version.group, &version.version, manifest["kind"].as_str().expect("a manifest has a kind"))
}
