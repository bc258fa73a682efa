//! An admission webhook on loopback, with a certificate of the test cluster's own authority.
#![expect(clippy::disallowed_methods, reason = "listens, reads certificates")]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::cluster::Cluster;

/// What the webhook does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Admits everything.
    Admits,
    /// Hangs up, so many times more; then admits.
    HangsUp(usize),
    /// Answers after this long.
    Sleeps(Duration),
}

struct Shared {
    mood: Mutex<Mood>,
    /// Names of the objects that it was asked about.
    asked: Mutex<Vec<String>>,
}

/// A running webhook; it ends when it is dropped.
pub(crate) struct Webhook {
    port: u16,
    authority: Vec<u8>,
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Webhook {
    /// Listens; nobody asks it until it is registered.
    pub(crate) fn start(cluster: &Cluster) -> Self {
        let file =
            |name: &str| std::fs::read(cluster.dir().join(name)).expect("the cluster has certificates");
        let (certificate, key) = (file("serving.crt"), file("serving.key"));
        let certificate = CertificateDer::from_pem_slice(&certificate).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(&key).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.expect("a certificate with its key")));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let shared = Arc::new(Shared { mood: Mutex::new(Mood::Admits), asked: Mutex::default() });
        let serving = Arc::clone(&shared);
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(Arc::clone(&serving), acceptor.clone(), connection));
            }
        });
        Self { port, authority: file("ca.crt"), shared, runtime: Some(runtime) }
    }

    /// Has the API server ask it about ConfigMaps of a namespace with the label `guarded`, or fail.
    pub(crate) fn register(&self, cluster: &Cluster, namespace: &str, kind: &str, side_effects: &str) {
        let hook = json!({"name": "guard.example.com", "admissionReviewVersions": ["v1"], "sideEffects": side_effects,
            "failurePolicy": "Fail", "timeoutSeconds": 1,
            "clientConfig": {"url": format!("https://127.0.0.1:{}/", self.port), "caBundle": STANDARD.encode(&self.authority)},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "objectSelector": {"matchExpressions": [{"key": "guarded", "operator": "Exists"}]},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]});
        let configuration = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
            "metadata": {"name": "guard"}, "webhooks": [hook]});
        cluster.kubectl_stdin(&["apply", "-f", "-"], &configuration.to_string());
        // The server learns of it some moments after it is stored.
        let probe = json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "probe", "namespace": namespace, "labels": {"guarded": "yes"}}});
        let mut rounds = 0..;
        while !self.asked().contains(&"probe".to_owned()) {
            let name = format!("probe-{}", rounds.next().unwrap_or(0));
            assert!(name != "probe-300", "the server does not ask the webhook");
            cluster.kubectl_stdin(&["apply", "-f", "-"], &probe.to_string());
            cluster.kubectl_ok(&["delete", "configmap", "probe", "-n", namespace]);
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Changes its mood.
    pub(crate) fn becomes(&self, mood: Mood) {
        *self.shared.mood.lock().expect("it is whole") = mood;
    }

    /// Names of the objects that it was asked about so far, hung up or not.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().expect("it is whole").clone()
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(shared: Arc<Shared>, acceptor: TlsAcceptor, connection: TcpStream) {
    let Ok(mut connection) = acceptor.accept(connection).await else { return };
    let mut buffer = Vec::new();
    loop {
        let (head, length) = loop {
            let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                break (end + 4, length.and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0));
            }
            if !matches!(connection.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        };
        while buffer.len() < head + length {
            if !matches!(connection.read_buf(&mut buffer).await, Ok(1..)) {
                return;
            }
        }
        let review: Value = serde_json::from_slice(&buffer[head..head + length]).expect("a review");
        buffer.drain(..head + length);
        let Some(answer) = answer(&shared, &review).await else { return };
        let text = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        if connection.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The answer to a review; `None` hangs up.
async fn answer(shared: &Shared, review: &Value) -> Option<String> {
    let name = review["request"]["name"].as_str().unwrap_or_default().to_owned();
    shared.asked.lock().expect("it is whole").push(name);
    let mood = {
        let mut mood = shared.mood.lock().expect("it is whole");
        let now = *mood;
        match now {
            Mood::HangsUp(0) => *mood = Mood::Admits,
            Mood::HangsUp(times) => *mood = Mood::HangsUp(times - 1),
            _ => {}
        }
        now
    };
    match mood {
        Mood::Admits | Mood::HangsUp(0) => {}
        Mood::HangsUp(_) => return None,
        Mood::Sleeps(time) => tokio::time::sleep(time).await,
    }
    let response = json!({"uid": review["request"]["uid"], "allowed": true});
    Some(
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
            .to_string(),
    )
}
