//! Polling by a script: how often is asked, what becomes of failures in between, and that the deadline holds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gitops::cluster::Options;
use gitops::live::{FetchError, Resource};
use gitops::object::id::{Gvk, ObjectId};
use gitops::progress::Progress;
use gitops::reader::Live;
use gitops::run::wait::{Awaited, WaitOutcome, Waited, wait};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::script::{self, Journal, Piece, Reply, Seen};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments?";
const SETS: &str = "/apis/apps/v1/namespaces/shop/statefulsets?";

fn resource(group: &str, kind: &str) -> Resource {
    Resource {
        gvk: Gvk::new(group, "v1", kind),
        plural: format!("{}s", kind.to_lowercase()),
        namespaced: true,
        has_status: true,
        listable: true,
    }
}

fn awaited(kind: &str, name: &str) -> Awaited {
    let group = match kind {
        "Deployment" | "StatefulSet" => "apps",
        "Widget" => "example.org",
        _ => "",
    };
    let resource = resource(group, kind);
    let id = ObjectId::new(&resource.gvk, "shop", name);
    Awaited { id, resource, uid: format!("uid-{name}"), generation: 2 }
}

/// A Deployment with so many of three replicas available, at a generation.
fn deployment(name: &str, generation: i64, available: i64) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "generation": generation},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": name}}},
        "status": {"observedGeneration": generation, "replicas": 3, "updatedReplicas": 3,
            "availableReplicas": available, "readyReplicas": available,
            "conditions": [{"type": "Available", "status": "True"}]}})
}

fn late(name: &str) -> Value {
    let mut object = deployment(name, 2, 0);
    object["status"]["conditions"] = json!([{"type": "Progressing", "status": "False",
        "reason": "ProgressDeadlineExceeded", "message": "it has timed out progressing"}]);
    object
}

fn list(kind: &str, items: &[Value]) -> Reply {
    Reply::json(
        200,
        &json!({"kind": format!("{kind}List"), "apiVersion": "v1", "metadata": {}, "items": items}),
    )
}

fn server(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (Live, Journal) {
    let (server, journal) = script::server(Options::default(), answer);
    (Live::Server(Box::new(server)), journal)
}

/// Lines of a log, and a progress that writes it.
fn log() -> (Arc<Mutex<Vec<(Duration, String)>>>, Progress) {
    let (lines, start) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
    let kept = Arc::clone(&lines);
    (lines, Progress::log(move |line| kept.lock().unwrap().push((start.elapsed(), line.to_owned()))))
}

const MINUTE: Duration = Duration::from_secs(60);

fn outcomes(waited: &[Waited]) -> Vec<&WaitOutcome> {
    waited.iter().map(|waited| &waited.outcome).collect()
}

#[tokio::test(start_paused = true)]
async fn thousands_of_objects_are_one_list_a_round_at_growing_intervals() {
    let (live, journal) = server(|seen| {
        let ready = if seen.at >= Duration::from_secs(30) { 3 } else { 1 };
        let items: Vec<Value> = (0..3_000).map(|at| deployment(&format!("web-{at}"), 2, ready)).collect();
        list("Deployment", &items)
    });
    let wanted: Vec<Awaited> = (0..3_000).map(|at| awaited("Deployment", &format!("web-{at}"))).collect();
    let waited = wait(&live, &wanted, 10 * MINUTE, &Progress::hidden()).await;
    assert!(waited.iter().all(|waited| waited.outcome == WaitOutcome::Ready));
    assert!(waited.iter().zip(&wanted).all(|(waited, wanted)| waited.id == wanted.id), "the order is kept");
    let times: Vec<Duration> = journal.all().iter().map(|seen| seen.at).collect();
    let pauses: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
    assert_eq!(journal.all().len(), journal.of(DEPLOYMENTS).len(), "{:?}", journal.paths());
    // Half a second, half as much more each time, and never more than five: 0.5 + 0.75 + … + 3.8 + 5 + 5 + 5 passes 30.
    assert_eq!(times.len(), 11, "{times:?}");
    assert!(
        (pauses[0] - 0.5).abs() < 0.01 && pauses.windows(2).all(|pair| pair[0] <= pair[1] + 0.01),
        "{pauses:?}"
    );
    assert!(pauses.iter().all(|pause| *pause < 5.01) && pauses.last().unwrap() > &4.9, "{pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn only_types_with_something_unready_are_asked_for() {
    let (live, journal) = server(|seen| match seen.path.as_str() {
        path if path.starts_with(DEPLOYMENTS) => list("Deployment", &[deployment("web", 2, 3)]),
        path if path.starts_with(SETS) => {
            let ready = if seen.nth >= 3 { 3 } else { 1 };
            let status =
                json!({"observedGeneration": 2, "replicas": 3, "readyReplicas": ready, "currentReplicas": 3});
            let metadata = json!({"name": "db", "namespace": "shop", "uid": "uid-db", "generation": 2});
            list("StatefulSet", &[json!({"metadata": metadata, "spec": {"replicas": 3}, "status": status})])
        }
        path => panic!("nobody needs {path}"),
    });
    let kinds = [("ConfigMap", "c"), ("Deployment", "web"), ("Secret", "s"), ("StatefulSet", "db")];
    let wanted = kinds.map(|(kind, name)| awaited(kind, name));
    let (lines, progress) = log();
    let waited = wait(&live, &wanted, MINUTE, &progress).await;
    assert!(waited.iter().all(|waited| waited.outcome == WaitOutcome::Ready), "{waited:?}");
    assert_eq!((journal.of(DEPLOYMENTS).len(), journal.of(SETS).len()), (1, 4));
    let lines: Vec<String> = lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect();
    assert_eq!(lines, ["ready: Deployment shop/web (1 of 2)", "ready: StatefulSet shop/db (2 of 2)"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_for_objects_that_are_ready_by_existing() {
    let (live, journal) = server(|seen| panic!("nobody needs {}", seen.path));
    let waited = wait(&live, &[awaited("ConfigMap", "c")], MINUTE, &Progress::hidden()).await;
    assert_eq!(outcomes(&waited), [&WaitOutcome::Ready]);
    assert!(journal.all().is_empty());
    assert!(wait(&live, &[], MINUTE, &Progress::hidden()).await.is_empty());
}

/// FLT-26, as far as polling has it: whatever a read fails with, the next one decides.
#[tokio::test(start_paused = true)]
async fn flt_26_failures_in_between_are_read_again_and_never_taken_for_ready() {
    let failures: Vec<(&str, fn() -> Reply)> = vec![
        ("503", || Reply::status(503, "ServiceUnavailable", "try again", None)),
        ("500", || Reply::status(500, "InternalError", "something", None)),
        ("403", || Reply::status(403, "Forbidden", "deployments is forbidden", None)),
        ("404", || Reply::status(404, "NotFound", "the server could not find the requested resource", None)),
        ("410", || Reply::status(410, "Expired", "The provided continue parameter is too old", None)),
        ("reset", || Reply::Reset),
        ("html", || Reply::typed(200, "text/html", "<html>")),
        ("cut", || Reply::typed(200, "application/json", r#"{"kind":"DeploymentList","items":["#)),
        ("lost", || list("Deployment", &[]).then(Piece::Reset)),
        ("another list", || Reply::json(200, &json!({"kind": "Status", "status": "Failure"}))),
    ];
    for (name, failure) in failures {
        let (live, journal) = server(move |seen| match seen.at {
            at if at < Duration::from_secs(3) => list("Deployment", &[deployment("web", 2, 1)]),
            at if at < Duration::from_secs(40) => failure(),
            _ => list("Deployment", &[deployment("web", 2, 3)]),
        });
        let start = Instant::now();
        let waited = wait(&live, &[awaited("Deployment", "web")], 5 * MINUTE, &Progress::hidden()).await;
        assert_eq!(outcomes(&waited), [&WaitOutcome::Ready], "{name}");
        let (took, asked) = (start.elapsed(), journal.all().len());
        assert!(took >= Duration::from_secs(40) && took < Duration::from_secs(100), "{name}: {took:?}");
        assert!(asked < 200, "{name}: {asked} requests");
    }
}

/// FLT-26: pages that expire while they are read are read anew; half a list is never a list.
#[tokio::test(start_paused = true)]
async fn flt_26_an_expired_page_restarts_the_list() {
    let (live, journal) = server(|seen| {
        if seen.path.contains("continue=") && seen.nth == 0 {
            return Reply::status(410, "Expired", "The provided continue parameter is too old", None);
        }
        if seen.path.contains("continue=") {
            return list("Deployment", &[deployment("b", 2, 3)]);
        }
        let metadata = json!({"continue": "t"});
        Reply::json(
            200,
            &json!({"kind": "DeploymentList", "metadata": metadata, "items": [deployment("a", 2, 3)]}),
        )
    });
    let wanted = [awaited("Deployment", "a"), awaited("Deployment", "b")];
    let waited = wait(&live, &wanted, MINUTE, &Progress::hidden()).await;
    assert_eq!(outcomes(&waited), [&WaitOutcome::Ready, &WaitOutcome::Ready]);
    assert_eq!(journal.all().len(), 4, "{:?}", journal.paths());
}

/// FLT-26: the deadline is that of the run, whatever the server does.
#[tokio::test(start_paused = true)]
async fn flt_26_the_deadline_holds() {
    let servers: Vec<(&str, fn(&Seen) -> Reply)> = vec![
        ("silence", |_| Reply::Silence),
        ("stall", |_| list("Deployment", &[]).then(Piece::Stall)),
        ("503", |_| Reply::status(503, "ServiceUnavailable", "", None).header("retry-after", "20")),
        ("never ready", |seen| match seen.path.as_str() {
            path if path.starts_with(DEPLOYMENTS) => list("Deployment", &[deployment("web", 2, 1)]),
            _ => Reply::Silence,
        }),
    ];
    for (name, answer) in servers {
        for seconds in [1, 10, 60] {
            let (live, _) = server(answer);
            let (start, timeout) = (Instant::now(), Duration::from_secs(seconds));
            let waited = wait(&live, &[awaited("Deployment", "web")], timeout, &Progress::hidden()).await;
            let took = start.elapsed();
            assert!(took <= timeout + Duration::from_millis(50), "{name}: {took:?} of {timeout:?}");
            assert!(took >= timeout / 2, "{name}: {took:?} of {timeout:?}");
            match &waited[0].outcome {
                WaitOutcome::TimedOut(text) if name == "never ready" => {
                    assert_eq!(text, "1 of 3 replicas are available");
                }
                WaitOutcome::Unknown(FetchError::Deadline | FetchError::Failed(_))
                    if name != "never ready" => {}
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_in_the_end_is_unknown() {
    let (live, _) = server(|seen| match seen.at {
        at if at < Duration::from_secs(3) => list("Deployment", &[deployment("web", 2, 1)]),
        _ => Reply::status(403, "Forbidden", "deployments is forbidden", None),
    });
    let waited = wait(&live, &[awaited("Deployment", "web")], MINUTE, &Progress::hidden()).await;
    assert!(matches!(waited[0].outcome, WaitOutcome::Unknown(FetchError::Forbidden { .. })), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn refused_credentials_end_it_at_once() {
    let (live, _) = server(|_| Reply::status(401, "Unauthorized", "expired", None));
    let start = Instant::now();
    let waited = wait(&live, &[awaited("Deployment", "web")], MINUTE, &Progress::hidden()).await;
    assert!(matches!(waited[0].outcome, WaitOutcome::Unknown(FetchError::Unauthorized(_))), "{waited:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_replaced_or_shown_too_old_is_never_ready() {
    let (live, journal) = server(|seen| {
        let old = if seen.at < Duration::from_secs(4) { 1 } else { 2 };
        let mut replaced = deployment("replaced", 2, 3);
        replaced["metadata"]["uid"] = json!("another");
        let mut deleted = deployment("deleted", 2, 3);
        deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        deleted["metadata"]["finalizers"] = json!(["example.org/held"]);
        list("Deployment", &[replaced, deleted, deployment("old", old, 3), deployment("newer", 7, 3)])
    });
    let names = ["gone", "replaced", "deleted", "old", "newer"];
    let wanted = names.map(|name| awaited("Deployment", name));
    let waited = wait(&live, &wanted, MINUTE, &Progress::hidden()).await;
    let deleted = WaitOutcome::Failed("it is being deleted and waits for example.org/held".to_owned());
    let expected =
        [WaitOutcome::Gone, WaitOutcome::Replaced, deleted, WaitOutcome::Ready, WaitOutcome::Ready];
    assert_eq!(outcomes(&waited), expected.iter().collect::<Vec<_>>());
    assert!(journal.all().last().unwrap().at >= Duration::from_secs(4));
}

/// A failure does not wait for the time-out, and the others are still waited for.
#[tokio::test(start_paused = true)]
async fn a_failure_is_told_at_once() {
    let (live, _) = server(|seen| match seen.path.as_str() {
        path if path.starts_with(DEPLOYMENTS) => {
            let slow = if seen.at < Duration::from_secs(40) { 1 } else { 3 };
            list("Deployment", &[late("bad"), deployment("slow", 2, slow)])
        }
        _ => list("Any", &[]),
    });
    let (lines, progress) = log();
    let wanted = [awaited("Deployment", "bad"), awaited("Deployment", "slow")];
    let waited = wait(&live, &wanted, 10 * MINUTE, &progress).await;
    let reason = "Progressing: it has timed out progressing (ProgressDeadlineExceeded)";
    assert_eq!(outcomes(&waited), [&WaitOutcome::Failed(reason.to_owned()), &WaitOutcome::Ready]);
    let lines = lines.lock().unwrap();
    assert_eq!(lines[0], (Duration::ZERO, format!("Deployment shop/bad: failed: {reason}")));
    assert_eq!(lines.last().unwrap().1, "ready: Deployment shop/slow (1 of 2)");
    // In between a line every 15 seconds, as far as the rounds allow, and no more.
    let between: Vec<&(Duration, String)> = lines[1..lines.len() - 1].iter().collect();
    assert_eq!(between.len(), 2, "{lines:?}");
    for (_, line) in between {
        assert_eq!(line, "0 of 2 ready; waiting for Deployment shop/slow: 1 of 3 replicas are available");
    }
}

/// Reasons that do not come keep nothing from being told.
#[tokio::test(start_paused = true)]
async fn a_failure_is_told_without_its_reasons_if_they_do_not_come() {
    let (live, _) = server(|seen| match seen.path.as_str() {
        path if path.starts_with(DEPLOYMENTS) => {
            let slow = if seen.at < Duration::from_secs(20) { 1 } else { 3 };
            list("Deployment", &[late("bad"), deployment("slow", 2, slow)])
        }
        _ => Reply::Silence,
    });
    let (lines, progress) = log();
    let wanted = [awaited("Deployment", "bad"), awaited("Deployment", "slow")];
    let start = Instant::now();
    let waited = wait(&live, &wanted, 10 * MINUTE, &progress).await;
    assert!(matches!(waited[0].outcome, WaitOutcome::Failed(_)), "{waited:?}");
    assert_eq!(waited[1].outcome, WaitOutcome::Ready);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert!(lines.lock().unwrap()[0].0 <= Duration::from_secs(5), "{lines:?}");
}

/// A custom resource whose controller has not come yet is not ready; one of a kind that never writes a status is, a little
/// later.
#[tokio::test(start_paused = true)]
async fn a_custom_resource_without_a_status_is_given_a_moment() {
    let widget = |status: Value| json!({"metadata": {"name": "w", "namespace": "shop", "uid": "uid-w", "generation": 2}, "status": status});
    let (live, _) = server(move |seen| {
        let ready =
            json!({"conditions": [{"type": "Ready", "status": if seen.nth > 7 { "True" } else { "False" }}]});
        list("Widget", &[widget(if seen.nth == 0 { json!({}) } else { ready })])
    });
    let start = Instant::now();
    let waited = wait(&live, &[awaited("Widget", "w")], MINUTE, &Progress::hidden()).await;
    assert_eq!(outcomes(&waited), [&WaitOutcome::Ready]);
    assert!(start.elapsed() > Duration::from_secs(10), "{:?}", start.elapsed());

    let (live, _) = server(move |_| list("Widget", &[widget(Value::Null)]));
    let start = Instant::now();
    let waited = wait(&live, &[awaited("Widget", "w")], MINUTE, &Progress::hidden()).await;
    assert_eq!(outcomes(&waited), [&WaitOutcome::Ready]);
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(5), "{took:?}");
}

fn owned(name: &str, owner: &str, status: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"),
        "ownerReferences": [{"uid": owner, "controller": true}]}, "status": status})
}

/// The reason comes from the pods and events of what is not ready, in a bounded number of requests, and harms no terminal.
#[tokio::test(start_paused = true)]
async fn reasons_are_sought_with_few_requests_and_escaped() {
    let (live, journal) = server(|seen| match seen.path.as_str() {
        path if path.starts_with(DEPLOYMENTS) => {
            let items: Vec<Value> = (0..50).map(|at| late(&format!("web-{at}"))).collect();
            list("Deployment", &items)
        }
        path if path.contains("/replicasets?") => list("ReplicaSet", &[owned("set", "uid-web-0", json!({}))]),
        path if path.contains("/pods?") => {
            let message = "pull\u{1b}[2J ::error:: failed\n::set-output name=x::y";
            let waiting = json!({"reason": "ErrImagePull", "message": message});
            let container = json!({"name": "web", "state": {"waiting": waiting}});
            list("Pod", &[owned("pod", "uid-set", json!({"containerStatuses": [container]}))])
        }
        path if path.ends_with("involvedObject.uid%3Duid-pod") => {
            let event = json!({"metadata": {"name": "e"}, "type": "Warning", "reason": "Failed", "message": "no such image"});
            list("Event", &[event])
        }
        path if path.contains("/events?") => list("Event", &[]),
        path => panic!("nobody needs {path}"),
    });
    let wanted: Vec<Awaited> = (0..50).map(|at| awaited("Deployment", &format!("web-{at}"))).collect();
    let (lines, progress) = log();
    let waited = wait(&live, &wanted, MINUTE, &progress).await;
    let WaitOutcome::Failed(first) = &waited[0].outcome else { panic!("{:?}", waited[0]) };
    assert_eq!(
        first,
        "Progressing: it has timed out progressing (ProgressDeadlineExceeded); Pod pod: container web: \
         ErrImagePull: pull\\u{1b}[2J ::error:: failed ::set-output name=x::y; event Failed: no such image"
    );
    assert_eq!(lines.lock().unwrap().len(), 50);
    assert!(lines.lock().unwrap().iter().all(|(_, line)| !line.contains('\u{1b}')));
    let asked = journal.all();
    assert_eq!(asked.iter().filter(|seen| seen.path.starts_with(DEPLOYMENTS)).count(), 1);
    assert!(asked.len() <= 1 + 8 * 5, "{} requests", asked.len());
    assert!(asked.iter().all(|seen| seen.method == "GET"));
    let selector = asked.iter().find(|seen| seen.path.contains("/pods?")).unwrap();
    assert_eq!(selector.path, "/api/v1/namespaces/shop/pods?limit=500&labelSelector=app%3Dweb-0");
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_may_not_be_read_says_so() {
    let (live, _) = server(|seen| match seen.path.as_str() {
        path if path.starts_with(DEPLOYMENTS) => list("Deployment", &[deployment("web", 2, 1)]),
        _ => Reply::status(403, "Forbidden", "it is forbidden", None),
    });
    let waited = wait(&live, &[awaited("Deployment", "web")], MINUTE, &Progress::hidden()).await;
    let text = "1 of 3 replicas are available; its pods could not be read: forbidden: cannot list pods in namespace shop; \
                its replicasets could not be read: forbidden: cannot list replicasets.apps in namespace shop";
    assert_eq!(outcomes(&waited), [&WaitOutcome::TimedOut(text.to_owned())]);
}
