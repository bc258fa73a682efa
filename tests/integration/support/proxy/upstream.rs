//! The way from the proxy to the API server: TLS, the administrator's certificate, nothing repeated.

#![expect(clippy::disallowed_methods, reason = "reads a kubeconfig")]

use std::path::Path;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig};
use tower::{BoxError, ServiceExt as _};

use super::http1::{Answer, Asked};

/// Headers that belong to one connection alone (RFC 9110 7.6.1), and the length, which is written anew.
const OF_A_CONNECTION: [&str; 5] =
    ["connection", "keep-alive", "transfer-encoding", "content-length", "host"];

/// A client of the server.
pub(super) struct Upstream {
    client: kube::Client,
    server: String,
    /// `Authorization`, for a user with a bearer token.
    authorization: Option<String>,
}

impl Upstream {
    /// Reads the kubeconfig; connects with the first request.
    pub(super) async fn connect(kubeconfig: &Path) -> Self {
        let text = std::fs::read_to_string(kubeconfig).expect("a kubeconfig");
        let plain: serde_json::Value = serde_yaml::from_str(&text).expect("a kubeconfig");
        let authorization =
            plain["users"][0]["user"]["token"].as_str().map(|token| format!("Bearer {token}"));
        let config = Kubeconfig::from_yaml(&text).expect("a kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        let config = config.expect("a usable kubeconfig");
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let tls = config.rustls_https_connector_with_connector(tcp).expect("certificates that can be used");
        let http: Client<_, Body> = Client::builder(TokioExecutor::new()).build(tls);
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        Self { client: kube::Client::new(http.map_err(BoxError::from), "default"), server, authorization }
    }

    /// The whole answer of the server; 502 with the reason if there is none.
    pub(super) async fn ask(&self, asked: &Asked) -> Answer {
        self.try_ask(asked).await.unwrap_or_else(|error| Answer {
            status: StatusCode::BAD_GATEWAY,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            body: error.to_string().into(),
        })
    }

    async fn try_ask(&self, asked: &Asked) -> Result<Answer, BoxError> {
        let mut request =
            Request::builder().method(asked.method.as_str()).uri(format!("{}{}", self.server, asked.path));
        for (name, value) in
            asked.headers.iter().filter(|(name, _)| !OF_A_CONNECTION.contains(&name.as_str()))
        {
            request = request.header(name, value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let body = if asked.body.is_empty() { Body::empty() } else { Body::from(asked.body.to_vec()) };
        let response = self.client.send(request.body(body)?).await?;
        let (head, body) = response.into_parts();
        let headers = head.headers.iter().filter(|(name, _)| !OF_A_CONNECTION.contains(&name.as_str()));
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body: Bytes = body.collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers, body })
    }
}
