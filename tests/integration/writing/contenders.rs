//! FLT-33 with real processes: eight of them, twenty rounds each, on one set. Their writes never interleave.
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::sync::Mutex;
use std::time::{Duration, Instant};

use gitops::progress::Progress;
use gitops::record::SetIdentity;
use gitops::run::lock::{LockOptions, acquire};
use serde_json::json;

use super::site::Site;
use crate::support::cluster::{self, tell};
use crate::support::program::Source;
use crate::support::proxy::{Entry, Proxy};

const PROCESSES: usize = 8;
const ROUNDS: usize = 20;

/// One run: who it was, and when its writes of members and record began and ended.
#[derive(Debug, Clone)]
struct Span {
    who: String,
    begun: Instant,
    ended: Instant,
}

#[test]
fn flt_33_writes_of_eight_processes_never_interleave() {
    let Some(cluster) = cluster::private() else { return };
    let namespace = Site::new(&cluster, cluster.dir()).namespace;
    let spans = Mutex::new(Vec::new());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for process in 0..PROCESSES {
            let (cluster, namespace, spans, failures) = (&cluster, &namespace, &spans, &failures);
            scope.spawn(move || {
                let home = tempfile::tempdir().unwrap();
                for round in 0..ROUNDS {
                    let who = format!("{process}-{round}");
                    let objects = ["a", "b", "c"].map(|name| {
                        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"value": who}})
                    });
                    let source = Source::of(&objects);
                    let site = Site::at(cluster, home.path(), namespace);
                    let proxy = Proxy::start(cluster, Vec::new(), None);
                    let wait = ["--lock-timeout=500s", "--lock-duration=20s"];
                    let child = site.spawn(source.path(), proxy.kubeconfig(), &wait);
                    let output = child.wait_with_output().unwrap();
                    proxy.settle();
                    if output.status.code() != Some(0) {
                        let text = String::from_utf8_lossy(&output.stderr).into_owned();
                        failures.lock().unwrap().push(format!("{who}: {:?} {text}", output.status.code()));
                    }
                    let journal = proxy.journal();
                    let writes = || journal.iter().filter(|entry| entry.writes() && entry.about.resource != "leases");
                    let members = journal.iter().filter(|entry| entry.writes_member()).count();
                    if members > 3 {
                        let told = |entry: &Entry| format!("{} {} {:?}", entry.verb, entry.path, entry.status);
                        let told: Vec<String> = journal.iter().map(told).collect();
                        let text = format!("{who}: {members} writes of three members:\n{}", told.join("\n"));
                        failures.lock().unwrap().push(text);
                    }
                    let (Some(begun), Some(ended)) =
                        (writes().map(|entry| entry.begun).min(), writes().filter_map(|entry| entry.ended).max())
                    else {
                        failures.lock().unwrap().push(format!("{who} wrote nothing"));
                        continue;
                    };
                    spans.lock().unwrap().push(Span { who, begun, ended });
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let mut spans = spans.into_inner().unwrap();
    assert_eq!(spans.len(), PROCESSES * ROUNDS);
    spans.sort_by_key(|span| span.begun);
    for pair in spans.windows(2) {
        assert!(pair[0].ended <= pair[1].begun, "{} and {} interleave: {pair:?}", pair[0].who, pair[1].who);
    }
    let get =
        ["get", "configmaps", "a", "b", "c", "--output=jsonpath={.items[*].data.value}", "-n", &namespace];
    let last = &spans.last().unwrap().who;
    assert_eq!(cluster.kubectl_ok(&get), format!("{last} {last} {last}"), "the last one has the last word");
    let turns =
        spans.windows(2).filter(|pair| pair[0].who.split('-').next() != pair[1].who.split('-').next());
    tell(&format!("{} runs of {PROCESSES} processes, {} changes of hands", spans.len(), turns.count()));
}

/// Without a wait the losers say at once who holds the lock, and exit 4.
#[test]
fn flt_33_losers_without_a_wait_name_the_holder_at_once() {
    let Some(cluster) = cluster::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let site = Site::begun(cluster, home.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let set = SetIdentity { name: "set".into(), record_namespace: site.namespace.clone() };
    let options = LockOptions {
        timeout: Duration::ZERO,
        duration: Duration::from_secs(60),
        break_lock: false,
        doing: "revert".into(),
    };
    let held = runtime.block_on(async {
        let server = crate::support::connect(cluster.kubeconfig()).await;
        acquire(&server, &set, &options, &Progress::hidden(), std::future::pending()).await.unwrap()
    });
    let holder = site.lock_holder().unwrap();
    let before = site.live();
    for _ in 0..4 {
        let begun = Instant::now();
        let ran = site.apply(Vec::new(), None, &["--lock-timeout=0"]);
        assert_eq!(ran.code(), Some(4), "{}", ran.text());
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(ran.text().contains(&format!("locked by {holder} (revert)")), "{}", ran.text());
        assert!(ran.journal.iter().all(|entry| !entry.writes()), "{:?}", ran.journal);
    }
    assert_eq!(site.live(), before);
    runtime.block_on(held.release(None)).unwrap();
    let ran = site.apply(Vec::new(), None, &["--lock-timeout=0"]);
    assert_eq!(ran.code(), Some(0), "{}", ran.text());
}
