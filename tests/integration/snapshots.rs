//! Snapshots of a real server: the same answers, and no values of Secrets.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test writes files and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};

use gitops::cluster::kubeconfig::{Choice, Environment, Identity};
use gitops::cluster::{Options, Server};
use gitops::live::{Catalog, FetchError, Served, Wanted};
use gitops::object::id::{Gvk, ObjectId};
use gitops::snapshot::{Recorded, Wish, record, write};
use serde_json::json;

use crate::support::cluster;

async fn connect(kubeconfig: &std::path::Path) -> (Server, Catalog) {
    let choice = Choice { file: Some(kubeconfig.to_owned()), ..Choice::default() };
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    let catalog = server.catalog().await.unwrap();
    (server, catalog)
}

fn wanted(catalog: &Catalog, gvk: &Gvk, namespace: &str, names: &[&str]) -> Wanted {
    let Served::Yes(resource) = catalog.served(gvk) else { panic!("{gvk}") };
    Wanted {
        resource: resource.clone(),
        objects: names.iter().map(|name| (namespace.to_owned(), (*name).to_owned())).collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_gives_the_answers_of_the_server() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("snapshot");
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "here", "namespace": namespace},
        "stringData": {"password": "canary-secret"}});
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "here", "namespace": namespace},
        "data": {"k": "not-secret"}});
    // Client-side apply, which keeps a copy of the Secret in an annotation.
    cluster.kubectl_stdin(&["apply", "-f", "-"], &secret.to_string());
    cluster.kubectl_stdin(&["apply", "-f", "-"], &config.to_string());
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "get,list", "configmaps,secrets");
    let (server, catalog) = connect(&user.kubeconfig).await;
    let (secrets, configs) = (Gvk::new("", "v1", "Secret"), Gvk::new("", "v1", "ConfigMap"));
    let forbidden = Gvk::new("apps", "v1", "Deployment");
    let all = [
        wanted(&catalog, &secrets, &namespace, &["here", "gone"]),
        wanted(&catalog, &configs, &namespace, &["here", "gone"]),
        wanted(&catalog, &forbidden, &namespace, &["gone"]),
    ];
    let schemas = BTreeSet::from([configs.group_version()]);
    let namespaces = BTreeSet::from([namespace.clone()]);
    let live = server.read(&all).await;
    for secret_values in [false, true] {
        let wish =
            Wish { wanted: &all, schemas: &schemas, namespaces: &namespaces, secret_values, set: None };
        let document = record(&server, &catalog, wish).await.unwrap();
        let gaps = document.gaps();
        let expected = format!(
            "Deployment {namespace}/gone: forbidden: cannot list deployments.apps in namespace {namespace}"
        );
        assert!(gaps.contains(&expected), "{gaps:?}");
        let file = cluster.dir().join(format!("{namespace}-{secret_values}.json"));
        write(&document, &file).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // "canary-secret" in base64, and as it stands in the annotation.
        let leaks = text.contains("canary-secret") || text.contains("Y2FuYXJ5LXNlY3JldA==");
        assert_eq!(leaks, secret_values);
        assert!(text.contains("not-secret"));

        let recorded = Recorded::open(&file).unwrap();
        // Who recorded it is not told, nor how the server was trusted.
        let nobody = Identity { account: None, authority: None, ..server.identity().clone() };
        assert_eq!(recorded.identity(), &nobody);
        assert_eq!(recorded.catalog().resources, catalog.resources);
        assert_eq!(recorded.catalog().server_version, cluster.version());
        let mut expected = live.clone();
        if !secret_values {
            let id = ObjectId::new(&secrets, &namespace, "here");
            expected.insert(id, Err(FetchError::NotRecorded("secret values not recorded".into())));
        }
        assert_eq!(recorded.read(&all), expected);
        assert_eq!(
            recorded.namespace_exists(&namespace),
            Ok(true),
            "forbidden to see, but an object lives there"
        );
        let fetched = server.openapi(&schemas).await.unwrap();
        let kept = recorded.openapi(&schemas);
        let sizes: Vec<_> =
            fetched.values().zip(kept.values()).map(|(all, kept)| all.len() > 3 * kept.len()).collect();
        assert_eq!(sizes, [true]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_state_gives_the_same_bytes() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("bytes");
    for name in ["b", "a", "c"] {
        cluster.kubectl_ok(&["create", "configmap", name, "--namespace", &namespace]);
    }
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "get,list", "configmaps");
    let (server, catalog) = connect(&user.kubeconfig).await;
    let all = [wanted(&catalog, &Gvk::new("", "v1", "ConfigMap"), &namespace, &["a", "b", "c", "gone"])];
    let mut written = BTreeSet::new();
    for _ in 0..2 {
        let wish = Wish {
            wanted: &all,
            schemas: &BTreeSet::new(),
            namespaces: &BTreeSet::new(),
            secret_values: false,
            set: None,
        };
        let document = record(&server, &catalog, wish).await.unwrap();
        let file = cluster.dir().join("bytes.json");
        write(&document, &file).unwrap();
        written.insert(std::fs::read(&file).unwrap());
    }
    assert_eq!(written.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn output_of_kubectl_is_read() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("printed");
    for name in ["one", "two"] {
        let text = format!("--from-literal=k=on: 0644 {name}");
        cluster.kubectl_ok(&["create", "configmap", name, &text, "--namespace", &namespace]);
    }
    let (server, catalog) = connect(cluster.kubeconfig()).await;
    let configs = Gvk::new("", "v1", "ConfigMap");
    let all = [wanted(&catalog, &configs, &namespace, &["one", "two"])];
    let live: BTreeMap<_, _> = server.read(&all).await;
    for (args, owners) in [
        (&["--output=yaml"][..], false),
        (&["--output=json"][..], false),
        (&["--output=yaml", "--show-managed-fields"][..], true),
        (&["--output=json", "--show-managed-fields"][..], true),
    ] {
        let text =
            cluster.kubectl_ok(&[&["get", "configmaps", "--namespace", &namespace][..], args].concat());
        let file = cluster.dir().join(format!("{namespace}.txt"));
        std::fs::write(&file, text).unwrap();
        let recorded = Recorded::open(&file).unwrap();
        assert_eq!(recorded.owners_recorded(), owners, "{args:?}");
        for (id, presence) in recorded.read(&all) {
            let object = |presence: &Result<gitops::live::Presence, FetchError>| match presence {
                Ok(gitops::live::Presence::Found(observed)) => {
                    serde_json::from_slice::<serde_json::Value>(&observed.json).unwrap()
                }
                other => panic!("{id}: {other:?}"),
            };
            let (mut ours, mut theirs) = (object(&presence), object(&live[&id]));
            ours.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
            if !owners {
                theirs["metadata"].as_object_mut().unwrap().remove("managedFields");
            }
            assert_eq!(ours, theirs, "{args:?}");
        }
    }
}
