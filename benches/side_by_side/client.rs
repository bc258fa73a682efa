//! Talking to the server directly: the raw LISTs that are the limit of what can be reached, and writing the workload.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::{BoxError, ServiceBuilder};

/// Requests that write at the same time.
const WRITERS: usize = 8;
const USER_AGENT: &str = "benchmark";

/// A client that sends small writes at once, as ours does.
async fn connect(kubeconfig: &Path) -> anyhow::Result<kube::Client> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new()).build(tls);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, "default"))
}

/// Lists collections, all at once; what comes is read to its end and dropped.
pub(crate) async fn list(kubeconfig: &Path, collections: &[String]) -> anyhow::Result<()> {
    let client = connect(kubeconfig).await?;
    let mut lists = JoinSet::new();
    for path in collections {
        let request = Request::get(path).header("user-agent", USER_AGENT).body(Body::empty())?;
        let client = client.clone();
        lists.spawn(async move {
            let mut response = client.send(request).await?;
            ensure!(response.status() == StatusCode::OK, "LIST answered {}", response.status());
            while let Some(frame) = response.body_mut().frame().await {
                frame?;
            }
            Ok(())
        });
    }
    while let Some(done) = lists.join_next().await {
        done??;
    }
    Ok(())
}

/// One write.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// Path and query.
    pub(crate) path: String,
    /// `PATCH` or `POST`.
    pub(crate) method: Method,
    /// `Content-Type`.
    pub(crate) kind: &'static str,
    /// The body.
    pub(crate) body: String,
}

/// Sends writes, some at a time.
pub(crate) async fn write(kubeconfig: &Path, writes: Vec<Write>) -> anyhow::Result<()> {
    let client = connect(kubeconfig).await?;
    let slots = Arc::new(Semaphore::new(WRITERS));
    let mut tasks = JoinSet::new();
    for write in writes {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let client = client.clone();
        tasks.spawn(async move {
            let _slot = slot;
            let request = Request::builder()
                .method(write.method)
                .uri(&write.path)
                .header("user-agent", USER_AGENT)
                .header("content-type", write.kind)
                .body(Body::from(write.body.into_bytes()))?;
            let response = client.send(request).await?;
            let status = response.status();
            let answer = response.into_body().collect().await?.to_bytes();
            let text = || String::from_utf8_lossy(&answer).into_owned();
            ensure!(status.is_success(), "{} answered {status}: {}", write.path, text());
            Ok(())
        });
        while let Some(done) = tasks.try_join_next() {
            done.context("a write")??;
        }
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}
