//! An API server that exists as a script: each request is answered by a function, without a network. With tokio's
//! paused clock, minutes of waiting pass in no time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, VecDeque};
use std::future::Future as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use gitops::cluster::connect::Transport;
use gitops::cluster::kubeconfig::Identity;
use gitops::cluster::{Options, Server};
use http::request::Parts;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::BoxError;

/// A request that reached the script.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// How often this method and path was asked for before.
    pub(crate) nth: usize,
    /// Since the script began.
    pub(crate) at: Duration,
}

/// One piece of a body.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Data(Bytes),
    /// The rest comes only after this time.
    Wait(Duration),
    /// The connection is lost here.
    Reset,
    /// Nothing more ever comes, and the connection stays open.
    Stall,
}

/// What the script does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, Vec<Piece>),
    /// The connection is lost before any answer.
    Reset,
    /// No answer ever comes.
    Silence,
}

impl Reply {
    pub(crate) fn json(code: u16, body: &Value) -> Self {
        Self::typed(code, "application/json", body.to_string())
    }

    pub(crate) fn typed(code: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self::Answer(code, headers, vec![Piece::Data(body.into())])
    }

    /// A Status as the server sends it; `about` is kind and name of its details.
    pub(crate) fn status(code: u16, reason: &str, message: &str, about: Option<(&str, &str)>) -> Self {
        let details = about.map(|(kind, name)| json!({"kind": kind, "name": name}));
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": reason, "message": message, "details": details, "code": code});
        Self::json(code, &body)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn then(mut self, piece: Piece) -> Self {
        if let Self::Answer(_, _, pieces) = &mut self {
            pieces.push(piece);
        }
        self
    }
}

/// The pieces of a body, one frame each.
pub(crate) struct Pieces(VecDeque<Piece>, Option<Pin<Box<tokio::time::Sleep>>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(sleep) = &mut self.1 {
                std::task::ready!(sleep.as_mut().poll(context));
                self.1 = None;
            }
            return match self.0.pop_front() {
                None => Poll::Ready(None),
                Some(Piece::Data(data)) => Poll::Ready(Some(Ok(Frame::data(data)))),
                Some(Piece::Reset) => Poll::Ready(Some(Err(reset()))),
                Some(Piece::Wait(time)) => {
                    self.1 = Some(Box::pin(tokio::time::sleep(time)));
                    continue;
                }
                Some(Piece::Stall) => {
                    self.0.push_front(Piece::Stall);
                    Poll::Pending
                }
            };
        }
    }
}

fn reset() -> BoxError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}

/// What the script has seen so far.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Seen>>>);

impl Journal {
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.all().into_iter().map(|seen| seen.path).collect()
    }

    /// Requests whose path starts with `prefix`.
    pub(crate) fn of(&self, prefix: &str) -> Vec<Seen> {
        self.all().into_iter().filter(|seen| seen.path.starts_with(prefix)).collect()
    }
}

/// A client that is answered by a function; must be made inside a runtime.
pub(crate) fn client(
    journal: &Journal,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> kube::Client {
    let (journal, start, answer) = (journal.clone(), Instant::now(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (journal, answer) = (journal.clone(), Arc::clone(&answer));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await?.to_bytes();
            let seen = note(&journal, &head, body, start.elapsed());
            match answer(&seen) {
                Reply::Reset => Err(reset()),
                Reply::Silence => std::future::pending().await,
                Reply::Answer(code, headers, pieces) => {
                    let mut response = Response::builder().status(code);
                    for (name, value) in headers {
                        response = response.header(name, value);
                    }
                    Ok(response.body(Pieces(pieces.into(), None)).expect("a scripted answer is valid"))
                }
            }
        }
    });
    kube::Client::new(service, "default")
}

fn note(journal: &Journal, request: &Parts, body: Bytes, at: Duration) -> Seen {
    let mut all = journal.0.lock().unwrap();
    let (method, path) = (request.method.to_string(), request.uri.to_string());
    let nth = all.iter().filter(|seen| seen.method == method && seen.path == path).count();
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("?").to_owned()));
    let seen = Seen { method, path, headers: headers.collect(), body, nth, at };
    all.push(seen.clone());
    seen
}

/// A server that is answered by a function.
pub(crate) fn server(
    options: Options,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, Journal) {
    let journal = Journal::default();
    let transport = Transport::over(client(&journal, answer));
    (over(transport, options), journal)
}

pub(crate) fn over(transport: Transport, options: Options) -> Server {
    let identity = Identity { server: "https://script.example".to_owned(), ..Identity::default() };
    Server::over(transport, identity, options)
}

/// Version and discovery of a server with ConfigMaps, Secrets, Namespaces and Deployments; `None` for other paths.
pub(crate) fn discovery(version: &str, path: &str) -> Option<Reply> {
    let resource = |plural: &str, kind: &str, scope: &str| {
        json!({"resource": plural, "responseKind": {"group": "", "version": "", "kind": kind}, "scope": scope,
            "verbs": ["get", "list", "patch"]})
    };
    let group = |name: &str, resources: Value| json!({"metadata": {"name": name}, "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]});
    let list = |items: Value| json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items});
    let core = json!([
        resource("configmaps", "ConfigMap", "Namespaced"),
        resource("secrets", "Secret", "Namespaced"),
        resource("namespaces", "Namespace", "Cluster")
    ]);
    let stale = json!({"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]});
    let body = match path {
        "/version" => {
            return Some(Reply::json(200, &json!({"major": "1", "minor": "36", "gitVersion": version})));
        }
        "/api" => list(json!([group("", core)])),
        "/apis" => {
            list(json!([group("apps", json!([resource("deployments", "Deployment", "Namespaced")])), stale]))
        }
        _ => return None,
    };
    let content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    Some(Reply::typed(200, content_type, body.to_string()))
}

/// A list of objects given as namespace and name.
pub(crate) fn list(kind: &str, token: &str, objects: &[(&str, &str)]) -> Value {
    let items: Vec<Value> = objects.iter().map(|(namespace, name)| object(namespace, name)).collect();
    json!({"kind": format!("{kind}List"), "apiVersion": "v1",
        "metadata": {"resourceVersion": "7", "continue": token}, "items": items})
}

/// An object as an item of a list.
pub(crate) fn object(namespace: &str, name: &str) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name, "uid": format!("uid-{name}"), "resourceVersion": "5"},
        "data": {"key": format!("value of {name}")}})
}
