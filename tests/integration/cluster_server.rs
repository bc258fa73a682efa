//! What the edge makes of a real API server's answers. The oracle is the real kubectl.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test writes files and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gitops::cluster::connect::Transport;
use gitops::cluster::error::ClusterError;
use gitops::cluster::kubeconfig::{Choice, Environment, load};
use gitops::cluster::{Options, Server};
use gitops::live::{
    Catalog, DryRun, FetchError, LiveSet, Pin, Prediction, Presence, Refusal, Resource, Served, Wanted,
};
use gitops::object::id::{Gvk, ObjectId};
use gitops::schema::Schemas;
use gitops::schema::openapi::Document;
use serde_json::{Value, json};

use crate::support::cluster::{self, Cluster};

fn choice(kubeconfig: &Path) -> Choice {
    Choice { file: Some(kubeconfig.to_owned()), ..Choice::default() }
}

async fn connect(kubeconfig: &Path) -> (Server, Catalog) {
    connect_with(kubeconfig, Options::default()).await
}

async fn connect_with(kubeconfig: &Path, options: Options) -> (Server, Catalog) {
    let server = Server::connect(&choice(kubeconfig), &Environment::default(), options).await.unwrap();
    let catalog = server.catalog().await.unwrap();
    (server, catalog)
}

fn resource(catalog: &Catalog, api_version: &str, kind: &str) -> Resource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    match catalog.served(&Gvk::new(group, version, kind)) {
        Served::Yes(resource) => resource.clone(),
        other => panic!("{api_version} {kind}: {other:?}"),
    }
}

fn wanted(catalog: &Catalog, api_version: &str, kind: &str, objects: &[(&str, &str)]) -> Wanted {
    let objects = objects.iter().map(|(namespace, name)| ((*namespace).to_owned(), (*name).to_owned()));
    Wanted { resource: resource(catalog, api_version, kind), objects: objects.collect() }
}

fn entry<'a>(live: &'a LiveSet, kind: &str, namespace: &str, name: &str) -> &'a Result<Presence, FetchError> {
    let id = live.keys().find(|id| id.kind == kind && id.namespace == namespace && id.name == name);
    &live[id.unwrap()]
}

fn found(presence: &Result<Presence, FetchError>) -> Value {
    match presence {
        Ok(Presence::Found(observed)) => serde_json::from_slice(&observed.json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn kubectl_json(cluster: &Cluster, args: &[&str]) -> Value {
    let args = [args, &["--output=json", "--show-managed-fields"]].concat();
    serde_json::from_str(&cluster.kubectl_ok(&args)).unwrap()
}

fn apply(cluster: &Cluster, namespace: &str, manifest: &Value) {
    let args = ["apply", "--server-side", "--field-manager=gitops", "--namespace", namespace, "-f", "-"];
    cluster.kubectl_stdin(&args, &manifest.to_string());
}

fn config_map(namespace: &str, name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"k": value}})
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_is_what_kubectl_lists() {
    let Some(cluster) = cluster::shared() else { return };
    let (server, catalog) = connect(cluster.kubeconfig()).await;
    assert_eq!(catalog.server_version, cluster.version());
    assert_eq!(catalog.incomplete, BTreeMap::new());
    let rows = cluster.kubectl_ok(&["api-resources", "--no-headers", "--output=wide"]);
    let mut expected = BTreeSet::new();
    for row in rows.lines() {
        // NAME SHORTNAMES APIVERSION NAMESPACED KIND VERBS CATEGORIES; the second and the last may be empty.
        let words: Vec<&str> = row.split_whitespace().collect();
        let namespaced = words.iter().position(|word| ["true", "false"].contains(word)).unwrap();
        let verbs = words[namespaced + 2].split(',').collect::<Vec<_>>();
        expected.insert((
            words[namespaced - 1].to_owned(),
            words[namespaced + 1].to_owned(),
            words[0].to_owned(),
            words[namespaced] == "true",
            verbs.contains(&"list"),
        ));
    }
    assert!(expected.len() > 40, "{rows}");
    let ours: BTreeSet<_> = catalog.resources.values().collect();
    // kubectl lists the preferred version of a group alone; we keep all versions.
    let all: BTreeSet<_> = ours
        .iter()
        .map(|r| (r.gvk.api_version(), r.gvk.kind.clone(), r.plural.clone(), r.namespaced, r.listable))
        .collect();
    assert_eq!(
        expected.difference(&all).collect::<Vec<_>>(),
        Vec::<&(String, String, String, bool, bool)>::new()
    );
    let kinds = |set: &BTreeSet<(String, String, String, bool, bool)>| -> BTreeSet<(String, String)> {
        let group =
            |api_version: &str| api_version.rsplit_once('/').map_or("", |(group, _)| group).to_owned();
        set.iter().map(|(api_version, kind, ..)| (group(api_version), kind.clone())).collect()
    };
    assert_eq!(kinds(&all), kinds(&expected));
    for (api_version, kind, has_status) in [
        ("apps/v1", "Deployment", true),
        ("v1", "ConfigMap", false),
        ("v1", "Namespace", true),
        ("v1", "Secret", false),
    ] {
        assert_eq!(resource(&catalog, api_version, kind).has_status, has_status, "{kind}");
    }
    assert_eq!(server.counts().discovery, 3);
    assert_eq!(server.identity().server, cluster.url());
}

/// A client of the real server, with every request changed on its way and some answered in its place.
fn altered(
    kubeconfig: &Path,
    alter: impl Fn(http::Request<kube::client::Body>) -> Result<http::Request<kube::client::Body>, &'static str>
    + Send
    + Sync
    + 'static,
) -> Server {
    let loaded = load(&choice(kubeconfig), &Environment::default()).unwrap();
    let real = kube::Client::try_from(loaded.config).unwrap();
    let alter = std::sync::Arc::new(alter);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (real, alter) = (real.clone(), alter.clone());
        async move {
            match alter(request) {
                Ok(request) => real.send(request).await,
                Err(body) => {
                    let response = http::Response::builder().header("content-type", "application/json");
                    Ok(response.body(kube::client::Body::from(body.as_bytes().to_vec())).unwrap())
                }
            }
        }
    });
    let transport = Transport::over(kube::Client::new(service, "default"));
    Server::over(transport, loaded.identity, Options::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_kinds_of_discovery_give_one_catalog() {
    let Some(cluster) = cluster::shared() else { return };
    let user = cluster.user();
    let (_, aggregated) = connect(&user.kubeconfig).await;
    let old = altered(&user.kubeconfig, |mut request| {
        request.headers_mut().insert("accept", http::HeaderValue::from_static("application/json"));
        Ok(request)
    });
    let plain = old.catalog().await.unwrap();
    // Other tests may add types between the two questions; built-in groups have no dot, or end in k8s.io.
    let built_in = |catalog: &Catalog| -> BTreeSet<Resource> {
        let own = |group: &str| !group.contains('.') || group.ends_with("k8s.io");
        catalog.resources.values().filter(|resource| own(&resource.gvk.group)).cloned().collect()
    };
    assert_eq!(built_in(&plain), built_in(&aggregated));
    assert!(old.counts().discovery > 20, "{:?}", old.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_read_as_kubectl_reads_them() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("read");
    apply(cluster, &namespace, &config_map(&namespace, "here", "grüß\u{1}\u{2028}Gott"));
    let user = cluster.user();
    cluster.allow_everywhere(&user, "get,list", "configmaps,secrets,namespaces,deployments.apps");
    let (server, catalog) = connect(&user.kubeconfig).await;
    let mark = cluster.mark();
    let namespace = namespace.as_str();
    let live = server
        .read(&[
            wanted(
                &catalog,
                "v1",
                "ConfigMap",
                &[(namespace, "here"), (namespace, "gone"), ("no-such-namespace", "here")],
            ),
            wanted(&catalog, "apps/v1", "Deployment", &[(namespace, "gone")]),
            wanted(&catalog, "v1", "Namespace", &[("", namespace), ("", "no-such-namespace")]),
        ])
        .await;
    let mut expected = kubectl_json(cluster, &["get", "configmap", "here", "--namespace", namespace]);
    let id = ObjectId::new(&Gvk::new("", "v1", "ConfigMap"), namespace, "here");
    let again = server.reread(&id, &resource(&catalog, "v1", "ConfigMap")).await;
    assert_eq!(found(&again), expected, "a GET carries apiVersion and kind");
    expected.as_object_mut().unwrap().retain(|key, _| key != "apiVersion" && key != "kind");
    assert_eq!(found(entry(&live, "ConfigMap", namespace, "here")), expected);
    assert_eq!(found(entry(&live, "Namespace", "", namespace))["metadata"]["name"], namespace);
    for (kind, namespace, name) in [
        ("ConfigMap", namespace, "gone"),
        ("ConfigMap", "no-such-namespace", "here"),
        ("Deployment", namespace, "gone"),
        ("Namespace", "", "no-such-namespace"),
    ] {
        assert_eq!(entry(&live, kind, namespace, name), &Ok(Presence::Absent), "{kind} {namespace}/{name}");
    }
    assert_eq!(server.namespace_exists(namespace).await, Ok(true));
    assert_eq!(server.namespace_exists("no-such-namespace").await, Ok(false));

    let mut seen: Vec<_> =
        cluster.requests_since(mark).into_iter().filter(|request| request.user == user.name).collect();
    assert!(seen.iter().all(|request| request.user_agent.starts_with("gitops/")), "{seen:?}");
    seen.sort_by(|a, b| (&a.verb, &a.uri).cmp(&(&b.verb, &b.uri)));
    let lists: Vec<_> =
        seen.iter().filter(|request| request.verb == "list").map(|request| request.uri.as_str()).collect();
    let deployments = format!("/apis/apps/v1/namespaces/{namespace}/deployments?limit=500");
    let expected = ["/api/v1/configmaps?limit=500", "/api/v1/namespaces?limit=500", &deployments];
    assert_eq!(lists, expected, "one namespace is listed alone");
    let counts = server.counts();
    assert_eq!((counts.lists, counts.gets, counts.dry_runs, counts.retries), (3, 3, 0, 0));
    assert_eq!(seen.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn flt_20_and_21_limited_accounts_see_what_they_may() {
    let Some(cluster) = cluster::shared() else { return };
    let (one, two) = (cluster.namespace("limited"), cluster.namespace("limited"));
    for namespace in [&one, &two] {
        apply(cluster, namespace, &config_map(namespace, "here", "v"));
        cluster.kubectl_ok(&["create", "secret", "generic", "here", "--namespace", namespace]);
    }
    let user = cluster.user();
    cluster.allow_in(&one, &user, "get,list", "configmaps");
    cluster.allow_in(&two, &user, "get", "configmaps");
    let (server, catalog) = connect(&user.kubeconfig).await;
    let names =
        [(one.as_str(), "here"), (one.as_str(), "gone"), (two.as_str(), "here"), (two.as_str(), "gone")];
    let live = server
        .read(&[wanted(&catalog, "v1", "ConfigMap", &names), wanted(&catalog, "v1", "Secret", &names)])
        .await;
    for namespace in [&one, &two] {
        assert_eq!(found(entry(&live, "ConfigMap", namespace, "here"))["data"]["k"], "v");
        assert_eq!(entry(&live, "ConfigMap", namespace, "gone"), &Ok(Presence::Absent));
        for name in ["here", "gone"] {
            let error = entry(&live, "Secret", namespace, name).clone().unwrap_err();
            assert_eq!(error.to_string(), format!("forbidden: cannot list secrets in namespace {namespace}"));
            let FetchError::Forbidden { message, .. } = error else { panic!() };
            assert!(message.contains(&format!("User \"{}\" cannot list resource", user.name)), "{message}");
        }
    }
    let unknown = server.namespace_exists(&one).await.unwrap_err();
    assert_eq!(unknown.to_string(), "forbidden: cannot get namespaces at cluster scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_an_older_server_add_up() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("pages");
    let items: Vec<Value> = (0..620).map(|n| config_map(&namespace, &format!("c{n:03}"), "v")).collect();
    cluster.kubectl_stdin(
        &["create", "-f", "-"],
        &json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string(),
    );
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "list", "configmaps");
    // The same server, except that it says it is old.
    let server = altered(&user.kubeconfig, |request| match request.uri().path() {
        "/version" => Err(r#"{"gitVersion":"v1.30.4"}"#),
        _ => Ok(request),
    });
    let catalog = server.catalog().await.unwrap();
    let names: Vec<String> = (0..621).map(|n| format!("c{n:03}")).collect();
    let objects: Vec<(&str, &str)> = names.iter().map(|name| (namespace.as_str(), name.as_str())).collect();
    let mark = cluster.mark();
    let live = server.read(&[wanted(&catalog, "v1", "ConfigMap", &objects)]).await;
    let states: Vec<bool> =
        live.values().map(|presence| matches!(presence, Ok(Presence::Found(_)))).collect();
    assert_eq!(states.iter().filter(|found| **found).count(), 620);
    assert_eq!(entry(&live, "ConfigMap", &namespace, "c620"), &Ok(Presence::Absent));
    let requests = cluster.requests_since(mark);
    let mine = requests.iter().filter(|request| request.user == user.name).map(|request| request.code);
    assert_eq!(mine.collect::<Vec<_>>(), [200, 200], "two pages of the one namespace");
}

/// Every kind of the server, so every form that a schema can have there.
#[tokio::test(flavor = "multi_thread")]
async fn compiled_schemas_are_kept_as_they_are_and_spare_the_documents() {
    let Some(cluster) = cluster::shared() else { return };
    let user = cluster.user();
    let cache = tempfile::tempdir().unwrap();
    let options = |cache: Option<&std::path::Path>| Options {
        cache: cache.map(std::path::Path::to_owned),
        ..Options::default()
    };
    let (fresh, catalog) = connect_with(&user.kubeconfig, options(None)).await;
    // Other tests add and change types; built-in groups have no dot, or end in k8s.io.
    let own = |group: &str| !group.contains('.') || group.ends_with("k8s.io");
    let kinds: BTreeSet<Gvk> = catalog.resources.keys().filter(|gvk| own(&gvk.group)).cloned().collect();
    let versions: BTreeSet<_> = kinds.iter().map(Gvk::group_version).collect();
    let documents = fresh.openapi(&versions).await.unwrap();
    let mut expected = Schemas::new();
    for (version, text) in &documents {
        let document = Document::parse(text).unwrap();
        let of_version = kinds.iter().filter(|gvk| gvk.group_version() == *version);
        expected.extend(of_version.filter_map(|gvk| Some((gvk.clone(), document.schema(gvk)?))));
    }
    assert!(expected.len() > 60, "{}", expected.len());
    for (run, requests) in [("cold", 1 + documents.len() as u64), ("warm", 1)] {
        let (server, _) = connect_with(&user.kubeconfig, options(Some(cache.path()))).await;
        assert_eq!(server.schemas(&kinds).await.unwrap(), expected, "{run}");
        assert_eq!(server.counts().openapi, requests, "{run}");
    }
    // Damaged files are as good as none.
    for file in std::fs::read_dir(cache.path().join("schemas")).unwrap() {
        let file = file.unwrap().path();
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(file, bytes).unwrap();
    }
    let (server, _) = connect_with(&user.kubeconfig, options(Some(cache.path()))).await;
    assert_eq!(server.schemas(&kinds).await.unwrap(), expected);
    assert_eq!(server.counts().openapi, 1, "the documents are kept as well");
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_those_of_the_server_and_kept() {
    let Some(cluster) = cluster::shared() else { return };
    let user = cluster.user();
    let cache = tempfile::tempdir().unwrap();
    let options = || Options { cache: Some(cache.path().to_owned()), ..Options::default() };
    let wanted: BTreeSet<_> = [("", "v1"), ("apps", "v1"), ("none.example.org", "v1")]
        .map(|(group, version)| Gvk::new(group, version, "").group_version())
        .into();
    let mut documents = Vec::new();
    for expected in [3, 1] {
        let (server, _) = connect_with(&user.kubeconfig, options()).await;
        let mark = cluster.mark();
        documents.push(server.openapi(&wanted).await.unwrap());
        let requests = cluster.requests_since(mark);
        let mine = requests.iter().filter(|request| request.user == user.name).count();
        assert_eq!(mine, expected);
        assert_eq!(server.counts().openapi, u64::try_from(expected).unwrap());
    }
    assert_eq!(documents[0], documents[1]);
    assert_eq!(documents[0].len(), 2);
    for (gv, text) in &documents[0] {
        let path = if gv.group.is_empty() { "api/v1".to_owned() } else { format!("apis/{gv}") };
        let raw = cluster.kubectl_ok(&["get", "--raw", &format!("/openapi/v3/{path}")]);
        let (ours, theirs): (Value, Value) =
            (serde_json::from_slice(text).unwrap(), serde_json::from_str(&raw).unwrap());
        assert!(ours == theirs, "{gv}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_ends_the_run() {
    let Some(cluster) = cluster::shared() else { return };
    let user = cluster.user();
    let text = std::fs::read_to_string(&user.kubeconfig).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    config["users"][0]["user"]["token"] = "wrong".into();
    let file = cluster.dir().join("wrong.kubeconfig");
    std::fs::write(&file, config.to_string()).unwrap();
    let server = Server::connect(&choice(&file), &Environment::default(), Options::default()).await.unwrap();
    let error = server.catalog().await.unwrap_err();
    assert!(matches!(error, ClusterError::Unauthorized { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("{} does not accept these credentials (401): Unauthorized", cluster.url())
    );

    config["clusters"][0]["cluster"].as_object_mut().unwrap().remove("certificate-authority");
    std::fs::write(&file, config.to_string()).unwrap();
    let server = Server::connect(&choice(&file), &Environment::default(), Options::default()).await.unwrap();
    let error = server.catalog().await.unwrap_err();
    assert!(
        matches!(&error, ClusterError::Unreachable { reason, .. } if reason.contains("certificate")),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("certificate-authority"));
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_plugins_and_impersonation_work_as_in_kubectl() {
    let Some(cluster) = cluster::shared() else { return };
    let (user, namespace) = (cluster.user(), cluster.namespace("plugin"));
    cluster.allow_in(&namespace, &user, "get,list", "configmaps");
    let text = std::fs::read_to_string(&user.kubeconfig).unwrap();
    let mut config: Value = serde_json::from_str(&text).unwrap();
    let token = config["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    let credential = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token}});
    let file = cluster.dir().join("plugin.kubeconfig");
    let mut write = |command: &str| {
        config["users"][0]["user"] = json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh", "args": ["-c", command], "interactiveMode": "Never"}});
        std::fs::write(&file, config.to_string()).unwrap();
    };
    write(&format!("echo '{credential}'"));
    let (server, catalog) = connect(&file).await;
    let live = server.read(&[wanted(&catalog, "v1", "ConfigMap", &[(&namespace, "gone")])]).await;
    assert_eq!(entry(&live, "ConfigMap", &namespace, "gone"), &Ok(Presence::Absent));

    write(&format!("echo '{credential}'; exit 3"));
    let error =
        Server::connect(&choice(&file), &Environment::default(), Options::default()).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, ClusterError::Credentials { .. }), "{text}");
    assert!(text.contains("exit status: 3") && !text.contains(&token), "{text}");

    let choice = Choice { impersonate: Some(user.name.clone()), ..choice(cluster.kubeconfig()) };
    let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
    let catalog = server.catalog().await.unwrap();
    let live = server.read(&[wanted(&catalog, "v1", "Secret", &[(&namespace, "gone")])]).await;
    let error = entry(&live, "Secret", &namespace, "gone").clone().unwrap_err();
    let FetchError::Forbidden { message, .. } = error else { panic!("{error:?}") };
    assert!(message.contains(&format!("User \"{}\"", user.name)), "{message}");
}

fn dry_run(catalog: &Catalog, api_version: &str, body: &Value, live: &Value) -> DryRun {
    let kind = body["kind"].as_str().unwrap();
    let resource = resource(catalog, api_version, kind);
    let metadata = &live["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    DryRun {
        id: ObjectId::new(&resource.gvk, &text(&metadata["namespace"]), &text(&metadata["name"])),
        resource,
        body: body.clone(),
        pin: Some(Pin { uid: text(&metadata["uid"]), resource_version: text(&metadata["resourceVersion"]) }),
    }
}

fn refusal(prediction: &Prediction) -> &Refusal {
    match prediction {
        Prediction::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_predict_without_writing() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("predict");
    let get = |kind: &str, name: &str| kubectl_json(cluster, &["get", kind, name, "--namespace", &namespace]);
    let labels = json!({"app": "web"});
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "web", "image": "nginx"}]}}}});
    // Characters that a YAML parser folds or refuses unless they are escaped.
    let text = "a\u{85}b \u{2028} c \u{2029} d\u{7f}\u{9f}\u{fffe}\u{ffff}/😀\u{1b}";
    let config = config_map(&namespace, "pin", "v");
    apply(cluster, &namespace, &deployment);
    apply(cluster, &namespace, &config);
    let (live, pin) = (get("deployment", "web"), get("configmap", "pin"));
    let (server, catalog) = connect(cluster.kubeconfig()).await;
    let mut changed = config.clone();
    changed["data"]["k"] = text.into();
    let mut immutable = deployment.clone();
    immutable["spec"]["selector"]["matchLabels"]["app"] = "other".into();
    immutable["spec"]["template"]["metadata"]["labels"]["app"] = "other".into();
    let mut unknown = deployment.clone();
    unknown["spec"]["bogus"] = 1.into();
    let mut quantity = deployment.clone();
    quantity["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "no"}});
    let mut stale = dry_run(&catalog, "v1", &config, &pin);
    stale.pin.as_mut().unwrap().resource_version = "1".into();
    let mut recreated = dry_run(&catalog, "v1", &config, &pin);
    recreated.pin.as_mut().unwrap().uid = "00000000-0000-0000-0000-000000000000".into();
    let mut gone = dry_run(&catalog, "v1", &config_map(&namespace, "gone", "v"), &pin);
    gone.id.name = "gone".into();
    let mut no_namespace = dry_run(&catalog, "v1", &config_map("no-such-namespace", "pin", "v"), &pin);
    no_namespace.id.namespace = "no-such-namespace".into();
    let answers = server
        .predict(vec![
            dry_run(&catalog, "apps/v1", &deployment, &live),
            dry_run(&catalog, "v1", &changed, &pin),
            dry_run(&catalog, "apps/v1", &immutable, &live),
            dry_run(&catalog, "apps/v1", &unknown, &live),
            dry_run(&catalog, "apps/v1", &quantity, &live),
            stale,
            recreated,
            gone,
            no_namespace,
        ])
        .await;
    let Prediction::Stored(same) = &answers[0] else { panic!("{:?}", answers[0]) };
    let without_times = |value: &Value| {
        let mut value = value.clone();
        value["metadata"].as_object_mut().unwrap().remove("managedFields");
        value
    };
    assert_eq!(without_times(same), without_times(&live), "a no-op");
    let Prediction::Stored(other) = &answers[1] else { panic!("{:?}", answers[1]) };
    assert_eq!(other["data"]["k"], text, "every character arrives");
    assert_eq!(refusal(&answers[2]).code, 422);
    assert_eq!(refusal(&answers[2]).causes[0].1, "spec.selector");
    assert_eq!((refusal(&answers[3]).code, refusal(&answers[3]).reason.as_str()), (500, ""));
    assert!(refusal(&answers[3]).message.contains(".spec.bogus: field not declared in schema"));
    assert_eq!(refusal(&answers[4]).code, 500);
    assert_eq!(answers[5..8], [Prediction::Conflict, Prediction::Conflict, Prediction::Conflict]);
    // With a uid the server looks for the object before the namespace.
    assert_eq!(answers[8], Prediction::Conflict);
    assert_eq!(server.counts().dry_runs, 9, "no answer was asked for twice");
    assert_eq!(get("configmap", "pin"), pin, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_without_the_right_name_it() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("nopatch");
    let config = config_map(&namespace, "pin", "v");
    apply(cluster, &namespace, &config);
    let live = kubectl_json(cluster, &["get", "configmap", "pin", "--namespace", &namespace]);
    let user = cluster.user();
    cluster.allow_in(&namespace, &user, "get,list", "configmaps");
    let (server, catalog) = connect(&user.kubeconfig).await;
    let question = dry_run(&catalog, "v1", &config, &live);
    let answers = server.predict(vec![question.clone()]).await;
    let Prediction::Unavailable(error) = &answers[0] else { panic!("{answers:?}") };
    assert_eq!(error.to_string(), format!("forbidden: cannot patch configmaps in namespace {namespace}"));

    let options = Options { read_only: true, ..Options::default() };
    let (server, _) = connect_with(cluster.kubeconfig(), options).await;
    let answers = server.predict(vec![question]).await;
    let Prediction::Unavailable(FetchError::Failed(text)) = &answers[0] else { panic!("{answers:?}") };
    assert!(text.contains("--read-only"), "{text}");
    assert_eq!(server.counts().dry_runs, 0);
}

/// Webhooks and policies are felt by everybody, so this test has a server of its own.
#[tokio::test(flavor = "multi_thread")]
async fn admission_refuses_or_prevents_a_dry_run() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = cluster.namespace("admission");
    let config = config_map(&namespace, "pin", "v");
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pin", "namespace": namespace}});
    apply(&cluster, &namespace, &config);
    apply(&cluster, &namespace, &account);
    let get = |kind: &str| kubectl_json(&cluster, &["get", kind, "pin", "--namespace", &namespace]);
    let (live, live_account) = (get("configmap"), get("serviceaccount"));
    let policy = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "deny.example.org"},
         "spec": {"failurePolicy": "Fail", "validations": [{"expression": "!('k' in object.data) || object.data.k != 'denied'", "message": "no"}],
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["UPDATE"]}]}}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "deny.example.org"},
         "spec": {"policyName": "deny.example.org", "validationActions": ["Deny"]}},
        {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "dead.example.org"},
         "webhooks": [{"name": "dead.example.org", "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Fail", "sideEffects": "None",
            "timeoutSeconds": 1, "admissionReviewVersions": ["v1"],
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["serviceaccounts"], "operations": ["UPDATE"]}]}]}]});
    cluster.kubectl_stdin(&["create", "-f", "-"], &policy.to_string());
    let (server, catalog) = connect(cluster.kubeconfig()).await;
    let admission = server.admission(&catalog).await;
    let seeing = |kind: &str| -> Vec<String> {
        let rules = admission.seeing(&resource(&catalog, "v1", kind)).into_iter();
        rules.map(|rule| format!("{} {}", rule.kind, rule.name)).collect()
    };
    assert_eq!(seeing("ConfigMap"), ["ValidatingAdmissionPolicy deny.example.org"]);
    assert_eq!(seeing("ServiceAccount"), ["ValidatingWebhookConfiguration dead.example.org"]);
    assert_eq!(seeing("Secret"), [""; 0]);
    assert_eq!(admission.unreadable, [""; 0]);

    // Both become active some moments after they are stored.
    let denied = dry_run(&catalog, "v1", &config_map(&namespace, "pin", "denied"), &live);
    let hooked = dry_run(&catalog, "v1", &account, &live_account);
    let mut answers = Vec::new();
    for _ in 0..300 {
        answers = server.predict(vec![denied.clone(), hooked.clone()]).await;
        if answers.iter().all(|answer| !matches!(answer, Prediction::Stored(_))) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(refusal(&answers[0]).code, 422);
    assert!(refusal(&answers[0]).message.contains("ValidatingAdmissionPolicy 'deny.example.org'"));
    let Prediction::Unavailable(error) = &answers[1] else { panic!("{:?}", answers[1]) };
    assert!(error.to_string().starts_with("webhook \"dead.example.org\" prevents the dry run: "), "{error}");

    let user = cluster.user();
    let (limited, catalog) = connect(&user.kubeconfig).await;
    let admission = limited.admission(&catalog).await;
    assert_eq!(admission.rules, []);
    assert!(
        admission.unreadable.len() >= 3 && admission.unreadable[0].contains("forbidden: cannot list"),
        "{admission:?}"
    );
}
