//! A proxy in front of the real API server that does what networks and servers do on bad days, keeps a journal of every
//! request, and can send a signal to the program at any of them.
//!
//! It speaks plain HTTP on loopback and acts as the administrator of the cluster. Each connection carries one request at a
//! time; the answer of the server is read whole before any of it is passed on.
#![expect(clippy::disallowed_methods, reason = "listens, writes a kubeconfig, measures time")]

mod http1;
mod memory;
pub(crate) mod rules;
mod upstream;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::http1::{Answer, Asked};
use self::rules::{About, Action, Rule};
use self::upstream::Upstream;
use super::cluster::Cluster;
use super::shelf::Shelf;

/// A request in the journal.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// As RBAC names it: `get`, `list`, `create`, `update`, `patch`, `delete`.
    pub(crate) verb: String,
    /// Path and query.
    pub(crate) path: String,
    /// What it is about.
    pub(crate) about: About,
    /// The status that the server answered, if it was asked.
    pub(crate) status: Option<u16>,
    /// What was done to it.
    pub(crate) action: Option<Action>,
    /// The resourceVersion of the object that the server answered.
    pub(crate) version: Option<String>,
    /// When it arrived.
    pub(crate) begun: Instant,
    /// When the server had answered.
    pub(crate) ended: Option<Instant>,
}

impl Entry {
    /// True for a request that changes what is stored; access reviews are stored nowhere.
    pub(crate) fn writes(&self) -> bool {
        let reads =
            matches!(self.verb.as_str(), "get" | "list") || self.about.group == "authorization.k8s.io";
        !reads && !self.about.dry_run
    }

    /// True for a write of a member of a set: those are applied or deleted, never created or updated.
    pub(crate) fn writes_member(&self) -> bool {
        self.writes()
            && !matches!(self.verb.as_str(), "create" | "update")
            && !self.about.name.starts_with("gitops-")
    }
}

/// When a signal is sent to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request has arrived and the server does not know of it.
    Before,
    /// The server has answered and the program does not know of it.
    After,
}

/// A signal at a request, counted from 0 in the order of arrival.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shot {
    pub(crate) request: usize,
    pub(crate) moment: Moment,
    pub(crate) signal: Signal,
}

/// A running proxy; it ends when it is dropped.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    target: watch::Sender<Option<u32>>,
    /// False while nobody listens.
    open: watch::Sender<bool>,
    kubeconfig: PathBuf,
    _directory: TempDir,
    /// Dropped in a thread of its own where a runtime is at work already.
    runtime: Option<Runtime>,
}

/// What the proxy stands before.
enum Behind {
    Cluster(Upstream),
    Memory(Shelf),
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime can be made")
}

/// Counts a request while the server has it, or until the proxy forgets it.
struct UnderWay<'a>(&'a watch::Sender<usize>);

impl<'a> UnderWay<'a> {
    fn of(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

struct Shared {
    upstream: Behind,
    rules: Vec<Rule>,
    shot: Option<Shot>,
    journal: Mutex<Vec<Entry>>,
    /// How often each request came, by verb and path.
    times: Mutex<BTreeMap<(String, String), usize>>,
    target: watch::Receiver<Option<u32>>,
    under_way: watch::Sender<usize>,
}

impl Proxy {
    /// A proxy for this cluster; the first rule that fits a request decides.
    pub(crate) fn start(cluster: &Cluster, rules: Vec<Rule>, shot: Option<Shot>) -> Self {
        Self::start_as(cluster.kubeconfig(), rules, shot)
    }

    /// As [`Self::start`], and acts as the user of a kubeconfig.
    pub(crate) fn start_as(kubeconfig: &Path, rules: Vec<Rule>, shot: Option<Shot>) -> Self {
        let runtime = runtime();
        let upstream = runtime.block_on(Upstream::connect(kubeconfig));
        Self::over(runtime, Behind::Cluster(upstream), rules, shot)
    }

    /// A proxy before a server that exists in memory alone, with ConfigMaps and what belongs to the program.
    pub(crate) fn scripted(shelf: &Shelf, rules: Vec<Rule>) -> Self {
        Self::scripted_and_shot(shelf, rules, None)
    }

    /// As [`Self::scripted`], with a signal at a request.
    pub(crate) fn scripted_and_shot(shelf: &Shelf, rules: Vec<Rule>, shot: Option<Shot>) -> Self {
        Self::over(runtime(), Behind::Memory(shelf.clone()), rules, shot)
    }

    fn over(runtime: Runtime, upstream: Behind, rules: Vec<Rule>, shot: Option<Shot>) -> Self {
        let (target, receiver) = watch::channel(None);
        let shared = Arc::new(Shared {
            upstream,
            rules,
            shot,
            journal: Mutex::default(),
            times: Mutex::default(),
            target: receiver,
            under_way: watch::Sender::new(0),
        });
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let (open, opened) = watch::channel(true);
        runtime.spawn(listen(Arc::clone(&shared), listener, opened));
        let directory = tempfile::tempdir().expect("a directory can be made");
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, config(port).to_string()).expect("it can be written");
        Self { shared, target, open, kubeconfig, _directory: directory, runtime: Some(runtime) }
    }

    /// The kubeconfig that leads to the proxy.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The process that is meant by the shot.
    pub(crate) fn aim(&self, process: u32) {
        self.target.send_replace(Some(process));
    }

    /// Breaks every connection and takes none for this time, as a server that restarts.
    pub(crate) fn goes_away(&self, time: Duration) {
        self.open.send_replace(false);
        std::thread::sleep(time);
        self.open.send_replace(true);
    }

    /// Every request so far, in the order of arrival.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.shared.journal.lock().expect("the journal is whole").clone()
    }

    /// Waits until the server has answered every request that was passed on to it.
    pub(crate) fn settle(&self) {
        let mut under_way = self.shared.under_way.subscribe();
        let runtime = self.runtime.as_ref().expect("it runs");
        let settled = async {
            tokio::time::timeout(Duration::from_secs(60), under_way.wait_for(|n| *n == 0)).await.is_ok()
        };
        assert!(runtime.block_on(settled), "the server does not answer");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn config(port: u16) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proxy", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
        "current-context": "proxy",
    })
}

/// What becomes of a connection after an answer.
enum Next {
    Another,
    Close,
    Reset,
}

/// Takes connections while the proxy is open.
async fn listen(shared: Arc<Shared>, listener: TcpListener, mut open: watch::Receiver<bool>) {
    let address = listener.local_addr().expect("it has an address");
    let mut listener = Some(listener);
    loop {
        let mut serving = JoinSet::new();
        let taken = listener.take();
        let listening = match taken {
            Some(listener) => listener,
            None => TcpListener::bind(address).await.expect("the port is still free"),
        };
        loop {
            tokio::select! {
                accepted = listening.accept() => match accepted {
                    Ok((connection, _)) => drop(serving.spawn(serve(Arc::clone(&shared), connection))),
                    Err(_) => return,
                },
                changed = open.wait_for(|open| !open) => match changed {
                    Ok(_) => break,
                    Err(_) => return,
                },
            }
        }
        drop(listening);
        serving.shutdown().await;
        if open.wait_for(|open| *open).await.is_err() {
            return;
        }
    }
}

async fn serve(shared: Arc<Shared>, mut connection: TcpStream) {
    let _ = connection.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some(asked) = http1::read(&mut connection, &mut buffer).await {
        match shared.handle(asked, &mut connection).await {
            Next::Another => {}
            Next::Close => return,
            Next::Reset => {
                // The kernel sends a reset in place of an orderly end.
                let _ = connection.set_zero_linger();
                return;
            }
        }
    }
}

impl Shared {
    async fn handle(&self, asked: Asked, connection: &mut TcpStream) -> Next {
        let (number, action) = self.note(&asked);
        let shot = self.shot.filter(|shot| shot.request == number);
        if let Some(shot) = shot.filter(|shot| shot.moment == Moment::Before)
            && self.shoot(shot).await
        {
            return Next::Close;
        }
        match &action {
            Some(Action::ResetBefore) => return Next::Reset,
            Some(Action::Status(code, seconds)) => {
                return http1::write(connection, &refused(*code, *seconds))
                    .await
                    .map_or(Next::Close, |()| Next::Another);
            }
            Some(Action::Answer(code, content_type, body)) => {
                let answer = Answer {
                    status: StatusCode::from_u16(*code).expect("a status"),
                    headers: vec![("content-type".to_owned(), (*content_type).to_owned())],
                    body: body.clone().into(),
                };
                return http1::write(connection, &answer).await.map_or(Next::Close, |()| Next::Another);
            }
            Some(Action::Delay(time)) => tokio::time::sleep(*time).await,
            _ => {}
        }
        let answer = self.forward(number, &asked).await;
        if let Some(shot) = shot.filter(|shot| shot.moment == Moment::After)
            && self.shoot(shot).await
        {
            return Next::Close;
        }
        let written = match action {
            Some(Action::ResetAfter) => return Next::Reset,
            Some(Action::Truncate(length)) => http1::write(connection, &answer.cut(length)).await,
            Some(Action::CloseInside) => {
                let _ = http1::write_half(connection, &answer).await;
                return Next::Close;
            }
            Some(Action::Stall) => {
                let _ = http1::write_head(connection, &answer).await;
                // Until the program gives up.
                http1::closed(connection).await;
                return Next::Close;
            }
            _ => http1::write(connection, &answer).await,
        };
        written.map_or(Next::Close, |()| Next::Another)
    }

    fn note(&self, asked: &Asked) -> (usize, Option<Action>) {
        let about = About::of(&asked.path);
        let verb = about.verb(&asked.method);
        let mut journal = self.journal.lock().expect("the journal is whole");
        // By method and path, so that a seed means the same whatever the order of arrival.
        let nth = {
            let mut times = self.times.lock().expect("the counts are whole");
            let count = times.entry((verb.clone(), asked.path.clone())).or_default();
            *count += 1;
            *count - 1
        };
        let come = journal.len();
        let rule =
            self.rules.iter().find(|rule| come >= rule.after && rule.fits(&verb, &about, &asked.path, nth));
        let action = rule.map(|rule| rule.action.clone());
        let path = asked.path.clone();
        let (begun, action_taken) = (Instant::now(), action.clone());
        journal.push(Entry {
            verb,
            path,
            about,
            status: None,
            action: action_taken,
            version: None,
            begun,
            ended: None,
        });
        (journal.len() - 1, action)
    }

    /// Passes a request on. A program that goes away does not stop it.
    async fn forward(&self, number: usize, asked: &Asked) -> Answer {
        let _under_way = UnderWay::of(&self.under_way);
        let answer = match &self.upstream {
            Behind::Cluster(upstream) => upstream.ask(asked).await,
            Behind::Memory(shelf) => memory::answer(shelf, asked),
        };
        {
            let entry = &mut self.journal.lock().expect("the journal is whole")[number];
            (entry.status, entry.ended) = (Some(answer.status.as_u16()), Some(Instant::now()));
            // A list is read by what it is about, and is large.
            if entry.verb != "list" {
                let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                entry.version = body["metadata"]["resourceVersion"].as_str().map(str::to_owned);
            }
        }
        answer
    }

    /// Sends the signal; true if the process is gone after it.
    async fn shoot(&self, shot: Shot) -> bool {
        let mut target = self.target.clone();
        let Ok(process) = target.wait_for(Option::is_some).await.map(|process| *process) else {
            return false;
        };
        let process = process.and_then(|process| Pid::from_raw(process.cast_signed()));
        kill_process(process.expect("a process has a number"), shot.signal).expect("the program is ours");
        shot.signal == Signal::KILL
    }
}

fn refused(code: u16, seconds: Option<u64>) -> Answer {
    let status = StatusCode::from_u16(code).expect("a status");
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "the proxy says so", "code": code});
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(seconds.map(|seconds| ("retry-after".to_owned(), seconds.to_string())));
    Answer { status, headers, body: body.to_string().into() }
}
