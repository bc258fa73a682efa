//! The lock of a set: one run at a time, a takeover after a killed one, and a run that finds itself out. Hours pass on tokio's
//! paused clock; [`on_the_server`] repeats the main cases on a real one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod on_the_server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use gitops::cluster::owned::OwnedError;
use gitops::cluster::{Options, Server};
use gitops::exit::Code;
use gitops::lock::lease::Holder;
use gitops::progress::Progress;
use gitops::record::SetIdentity;
use gitops::run::lock::held::Held;
use gitops::run::lock::host::{Clock, Host};
use gitops::run::lock::{LockError, LockOptions, acquire_as};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::script::{Journal, Reply, Seen, over};
use crate::support::shelf::{Fault, Shelf};

const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/gitops-shop";

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn set() -> SetIdentity {
    SetIdentity { name: "shop".into(), record_namespace: "ns".into() }
}

fn options(timeout: u64) -> LockOptions {
    LockOptions { timeout: seconds(timeout), duration: seconds(60), break_lock: false, doing: "apply".into() }
}

/// Some run on a machine whose clock began at `start`.
fn host(run: &str, start: Instant) -> Host {
    let holder = Holder {
        identity: format!("ann@build-7/{run}"),
        host_id: "machine".into(),
        boot_id: "boot".into(),
        doing: "apply".into(),
    };
    Host { holder, clock: Clock::Paused(start, seconds(1_000_000)) }
}

fn connect(shelf: &Shelf, fault: impl Fn(&Seen) -> Fault + Send + Sync + 'static) -> (Server, Journal) {
    let journal = Journal::default();
    let options = Options { timeout: seconds(86_400), ..Options::default() };
    (over(shelf.transport(&journal, fault), options), journal)
}

fn server(shelf: &Shelf) -> (Server, Journal) {
    connect(shelf, |_| Fault::None)
}

async fn acquire(server: &Server, options: &LockOptions, host: Host) -> Result<Held, LockError> {
    acquire_as(server, &set(), options, &Progress::hidden(), host, std::future::pending()).await
}

fn methods(journal: &Journal) -> String {
    journal.all().iter().map(|seen| seen.method.as_str()).collect::<Vec<_>>().join(" ")
}

fn holder_of(shelf: &Shelf) -> Option<String> {
    let lease: Value = shelf.get(PATH)?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_taken_renewed_and_given_back() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (server, journal) = server(&shelf);
    let held = acquire(&server, &options(0), host("1", start)).await.unwrap();
    assert_eq!(methods(&journal), "GET POST");
    assert_eq!(holder_of(&shelf).as_deref(), Some("ann@build-7/1"));

    for _ in 0..10 {
        sleep(seconds(6)).await;
        held.before_batch().await.unwrap();
    }
    sleep(seconds(1)).await;
    assert_eq!(
        methods(&journal),
        "GET POST PUT PUT PUT PUT",
        "four renewals a minute, and none for the batches"
    );
    let times: Vec<u64> = journal.all()[2..].iter().map(|seen| seen.at.as_secs()).collect();
    assert_eq!(times, [15, 30, 45, 60]);

    held.release(Some("2026-01-02T03:04:05Z".parse().unwrap())).await.unwrap();
    assert_eq!(holder_of(&shelf), None);
    let stamp = &shelf.get(PATH).unwrap()["metadata"]["annotations"]["gitops/checkedAt"];
    assert_eq!(stamp, "2026-01-02T03:04:05Z");
    sleep(seconds(600)).await;
    assert_eq!(journal.all().len(), 7, "nothing is renewed after the release");

    let (server, journal) = self::server(&shelf);
    let next = acquire(&server, &options(0), host("2", start)).await.unwrap();
    assert_eq!(methods(&journal), "GET PUT", "a free Lease is taken at once");
    assert_eq!(journal.all()[1].at, Duration::ZERO);
    drop(next);
    sleep(seconds(600)).await;
    assert_eq!(journal.all().len(), 2, "dropped, it is left to expire");
    assert_eq!(holder_of(&shelf).as_deref(), Some("ann@build-7/2"));
    assert_eq!(server.counts().record, 2);
}

/// The loser names the holder, its host and since when it holds; without a wait it does so at once.
#[tokio::test(start_paused = true)]
async fn flt_33_of_two_runs_one_waits() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (one, _) = server(&shelf);
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();

    let (two, journal) = server(&shelf);
    let error = acquire(&two, &options(0), host("2", start)).await.unwrap_err();
    assert_eq!((methods(&journal).as_str(), start.elapsed()), ("GET", Duration::ZERO));
    assert_eq!(error.exit(), Code::Locked);
    let text = error.to_string();
    assert!(text.starts_with("the set shop is locked by ann@build-7/1 (apply), taken 2"), "{text}");
    assert!(text.contains(" s ago by this machine's clock); waited 0 s"), "{text}");
    assert!(error.hint().unwrap().contains("--break-lock"));

    // A holder that is alive is waited for, however long it takes, and never overtaken.
    let begun = Instant::now();
    let error = acquire(&two, &options(3_600), host("3", start)).await.unwrap_err();
    assert!(matches!(error, LockError::Held { waited, .. } if waited == seconds(3_600)), "{error:?}");
    assert_eq!(begun.elapsed(), seconds(3_600));
    assert!(!held.is_lost());

    // It is had soon after it was given back.
    let freed = tokio::spawn(async move {
        sleep(seconds(20)).await;
        held.release(None).await.unwrap();
    });
    let begun = Instant::now();
    let mine = acquire(&two, &options(75), host("4", start)).await.unwrap();
    assert!((seconds(20)..=seconds(21)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    freed.await.unwrap();
    mine.before_batch().await.unwrap();
}

/// Many runs at once: one has it at any time, and each in its turn.
#[tokio::test(start_paused = true)]
async fn flt_33_writes_of_many_runs_never_interleave() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let inside = Arc::new(AtomicBool::new(false));
    let rounds = Arc::new(AtomicUsize::new(0));
    let mut runs = tokio::task::JoinSet::new();
    for run in 0..8 {
        let (shelf, inside, rounds) = (shelf.clone(), Arc::clone(&inside), Arc::clone(&rounds));
        runs.spawn(async move {
            for round in 0..20 {
                let (server, _) = server(&shelf);
                let host = host(&format!("{run}-{round}"), start);
                let held = acquire(&server, &options(86_400), host).await.unwrap();
                for _ in 0..3 {
                    held.before_batch().await.unwrap();
                    assert!(!inside.swap(true, Ordering::SeqCst), "two runs write at once");
                    sleep(seconds(7)).await;
                    inside.store(false, Ordering::SeqCst);
                }
                rounds.fetch_add(1, Ordering::SeqCst);
                held.release(None).await.unwrap();
            }
        });
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    assert_eq!(rounds.load(Ordering::SeqCst), 160);
}

/// A killed holder renews no more: the next run has it one duration after it first saw that, in one run with the default wait.
#[tokio::test(start_paused = true)]
async fn flt_34_a_killed_holder_is_overtaken_after_the_duration() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (one, _) = server(&shelf);
    drop(acquire(&one, &options(0), host("1", start)).await.unwrap());
    sleep(seconds(5)).await;

    let (two, _) = server(&shelf);
    let begun = Instant::now();
    let held = acquire(&two, &options(75), host("2", start)).await.unwrap();
    assert!((seconds(60)..=seconds(61)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert_eq!(holder_of(&shelf).as_deref(), Some("ann@build-7/2"));
    assert_eq!(shelf.get(PATH).unwrap()["spec"]["leaseTransitions"], 1);
    drop(held);

    // The Lease says how long, not the one who waits.
    let short = LockOptions { duration: seconds(2), ..options(75) };
    let (three, _) = server(&shelf);
    let begun = Instant::now();
    drop(acquire(&three, &short, host("3", start)).await.unwrap());
    assert!((seconds(60)..=seconds(61)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    let (four, _) = server(&shelf);
    let begun = Instant::now();
    drop(acquire(&four, &options(75), host("4", start)).await.unwrap());
    assert!((seconds(2)..=seconds(3)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
}

/// What one run saw, the next one on the same machine goes on with: a cron job that looks once gets the lock at its second
/// look. Anything that does not agree begins anew.
#[tokio::test(start_paused = true)]
async fn flt_34_the_next_run_on_the_machine_goes_on_counting() {
    let start = Instant::now();
    let cache = |shelf: &Shelf, home: &tempfile::TempDir| {
        let options =
            Options { timeout: seconds(86_400), cache: Some(home.path().to_owned()), ..Options::default() };
        over(shelf.transport(&Journal::default(), |_| Fault::None), options)
    };
    let other_boot = |mut host: Host| {
        host.holder.boot_id = "another boot".into();
        host
    };
    for (pause, disturbed, rebooted, expected) in [
        (61, false, false, true),
        (59, false, false, false),
        (61, true, false, false),
        (61, false, true, false),
        (3_600, false, false, true),
    ] {
        let (shelf, home) = (Shelf::default(), tempfile::tempdir().unwrap());
        drop(acquire(&cache(&shelf, &home), &options(0), host("1", start)).await.unwrap());
        let error = acquire(&cache(&shelf, &home), &options(0), host("2", start)).await.unwrap_err();
        assert_eq!(error.exit(), Code::Locked);
        sleep(seconds(pause)).await;
        if disturbed {
            let mut lease = shelf.get(PATH).unwrap();
            lease["metadata"]["labels"] = json!({"touched": "yes"});
            shelf.put(PATH, &lease);
        }
        let next = host("3", start);
        let next = if rebooted { other_boot(next) } else { next };
        let taken = acquire(&cache(&shelf, &home), &options(0), next).await;
        assert_eq!(taken.is_ok(), expected, "after {pause} s, {disturbed} {rebooted}");
    }
}

/// A run that slept past its time looks before it writes, and stops.
#[tokio::test(start_paused = true)]
async fn flt_35_a_run_that_slept_finds_itself_out() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    // Asleep, nothing is sent: what is in flight is lost.
    let asleep = Arc::new(AtomicBool::new(false));
    let sleeping = Arc::clone(&asleep);
    let (one, journal) = connect(&shelf, move |_| match sleeping.load(Ordering::SeqCst) {
        true => Fault::Answer(Reply::Silence),
        false => Fault::None,
    });
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
    held.before_batch().await.unwrap();
    asleep.store(true, Ordering::SeqCst);
    let (two, _) = server(&shelf);
    let other = acquire(&two, &options(75), host("2", start)).await.unwrap();
    asleep.store(false, Ordering::SeqCst);

    let before = journal.all().len();
    let lost = held.before_batch().await.unwrap_err();
    assert_eq!(lost.reason, "ann@build-7/2 (apply) has taken it");
    assert_eq!((lost.exit(), held.is_lost()), (Code::Locked, true));
    assert!(journal.all().len() > before, "it asked");
    let asked = journal.all().len();
    assert_eq!(held.before_batch().await.unwrap_err(), lost);
    sleep(seconds(600)).await;
    assert_eq!(journal.all().len(), asked, "it asks no more");
    held.release(None).await.unwrap_err();
    assert_eq!(holder_of(&shelf).as_deref(), Some("ann@build-7/2"), "the other run's lock stays");
    other.before_batch().await.unwrap();
}

/// Nobody took it meanwhile: the run renews and goes on. Half of the duration is the bound.
#[tokio::test(start_paused = true)]
async fn flt_35_an_old_renewal_is_repeated_before_a_batch() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let blocked = Arc::new(AtomicBool::new(false));
    let (stop, answers) = (Arc::clone(&blocked), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&answers);
    let (one, _) = connect(&shelf, move |seen| {
        if stop.load(Ordering::SeqCst) {
            return Fault::Answer(Reply::Reset);
        }
        counted.fetch_add(usize::from(seen.method == "PUT"), Ordering::SeqCst);
        Fault::None
    });
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
    blocked.store(true, Ordering::SeqCst);
    sleep(Duration::from_millis(29_900)).await;
    held.before_batch().await.unwrap();
    assert_eq!(answers.load(Ordering::SeqCst), 0, "young enough without an answer");
    sleep(Duration::from_millis(200)).await;
    let lost = held.before_batch().await.unwrap_err();
    assert!(lost.reason.contains("connection was lost"), "{}", lost.reason);
    assert!(held.is_lost(), "what could not be renewed in time is not written with");
    drop(held);

    let shelf = Shelf::default();
    let (stop, counted) = (Arc::clone(&blocked), Arc::clone(&answers));
    let (one, _) = connect(&shelf, move |seen| {
        if stop.load(Ordering::SeqCst) {
            return Fault::Answer(Reply::Silence);
        }
        counted.fetch_add(usize::from(seen.method == "PUT"), Ordering::SeqCst);
        Fault::None
    });
    blocked.store(false, Ordering::SeqCst);
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
    blocked.store(true, Ordering::SeqCst);
    sleep(seconds(40)).await;
    blocked.store(false, Ordering::SeqCst);
    held.before_batch().await.unwrap();
    assert_eq!(answers.load(Ordering::SeqCst), 1);
}

/// A renewal whose answer is lost was stored all the same; it is not another run's.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_renewal_loses_no_lock() {
    for reply in [Reply::Reset, Reply::Silence, Reply::status(504, "Timeout", "late", None)] {
        let (shelf, start) = (Shelf::default(), Instant::now());
        let puts = Arc::new(AtomicUsize::new(0));
        let answer = reply.clone();
        let (one, _) = connect(&shelf, move |seen| {
            let nth = if seen.method == "PUT" { puts.fetch_add(1, Ordering::SeqCst) } else { 1 };
            if nth % 3 == 0 { Fault::After(answer.clone()) } else { Fault::None }
        });
        let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
        for _ in 0..60 {
            sleep(seconds(10)).await;
            held.before_batch().await.unwrap_or_else(|lost| panic!("{reply:?}: {lost}"));
        }
        held.release(None).await.unwrap();
        assert_eq!(holder_of(&shelf), None);
    }
}

/// The same where the lock is taken: no answer, but a yes.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_the_first_write_is_found_out() {
    for reply in [Reply::Reset, Reply::Silence, Reply::typed(200, "text/html", "<html>")] {
        for there in [false, true] {
            let (shelf, start) = (Shelf::default(), Instant::now());
            if there {
                let (one, _) = server(&shelf);
                let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
                held.release(None).await.unwrap();
            }
            let answer = reply.clone();
            let (two, _) = connect(&shelf, move |seen| match (seen.method.as_str(), seen.nth) {
                ("POST" | "PUT", 0) => Fault::After(answer.clone()),
                _ => Fault::None,
            });
            let held = acquire(&two, &options(0), host("2", start)).await.unwrap();
            assert_eq!(holder_of(&shelf).as_deref(), Some("ann@build-7/2"));
            held.before_batch().await.unwrap();
        }
    }
}

/// Others count from the moment of that write, not from the one at which this run learnt of it.
#[tokio::test(start_paused = true)]
async fn the_time_of_a_lock_runs_since_its_first_write() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (server, _) = connect(&shelf, |seen| match seen.method.as_str() {
        "POST" => Fault::After(Reply::Silence),
        "PUT" => Fault::Answer(Reply::Silence),
        _ => Fault::None,
    });
    let held = acquire(&server, &options(0), host("1", start)).await.unwrap();
    assert!(start.elapsed() > seconds(7), "the answer was waited for");
    sleep(Duration::from_millis(29_900) - start.elapsed()).await;
    held.before_batch().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert!(held.before_batch().await.is_err(), "half of the duration has passed");
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_broken_only_on_demand_and_only_once() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (one, _) = server(&shelf);
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
    let force = LockOptions { break_lock: true, ..options(0) };
    let (two, _) = server(&shelf);
    let begun = Instant::now();
    let mine = acquire(&two, &force, host("2", start)).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    sleep(seconds(20)).await;
    assert!(held.is_lost(), "the renewal in the background found out");
    assert!(!mine.is_lost());

    // Between the look and the write a third run takes it: that one is not broken.
    let other = shelf.clone();
    let (three, _) = connect(&shelf, move |seen| {
        if seen.method == "PUT" && seen.nth == 0 {
            let mut lease = other.get(PATH).unwrap();
            lease["spec"]["holderIdentity"] = json!("bob@desk/9");
            other.put(PATH, &lease);
        }
        Fault::None
    });
    let error = acquire(&three, &force, host("3", start)).await.unwrap_err();
    assert!(error.to_string().contains("bob@desk/9"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_of_another_program_is_never_touched() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": "gitops-shop", "namespace": "ns"}, "spec": {"holderIdentity": "leader\u{1b}[2J"}});
    let stored = shelf.put(PATH, &lease);
    let (server, journal) = server(&shelf);
    for force in [false, true] {
        let error =
            acquire(&server, &LockOptions { break_lock: force, ..options(75) }, host("1", start)).await;
        let error = error.unwrap_err();
        assert!(matches!(error, LockError::Foreign { .. }), "{error:?}");
        assert_eq!(error.exit(), Code::Error);
        assert!(error.to_string().contains("another program"), "{error}");
    }
    assert_eq!(methods(&journal), "GET GET");
    assert_eq!(shelf.get(PATH), Some(stored));

    // The name of a holder is hostile text.
    let mut ours = lease;
    ours["metadata"]["annotations"] = json!({"gitops/lock": "v1", "gitops/doing": "\u{202e}x"});
    ours["spec"]["renewTime"] = json!("2026-01-02T03:04:05.000000Z");
    ours["spec"]["leaseDurationSeconds"] = json!(60);
    shelf.put(PATH, &ours);
    let text = acquire(&server, &options(0), host("1", start)).await.unwrap_err().to_string();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

/// A signal ends the waiting, and never leaves a Lease behind that was just taken.
#[tokio::test(start_paused = true)]
async fn flt_37_a_run_that_waits_can_be_stopped() {
    let (shelf, start) = (Shelf::default(), Instant::now());
    let (one, _) = server(&shelf);
    let held = acquire(&one, &options(0), host("1", start)).await.unwrap();
    let (two, _) = server(&shelf);
    let (begun, hidden) = (Instant::now(), Progress::hidden());
    let stopped = sleep(Duration::from_millis(7_300));
    let waiting = acquire_as(&two, &set(), &options(75), &hidden, host("2", start), stopped).await;
    assert_eq!((waiting.unwrap_err(), begun.elapsed().as_secs()), (LockError::Stopped, 7));
    held.release(None).await.unwrap();

    // The signal comes while the write is under way: it is done, and known.
    let (three, _) = connect(&shelf, |seen| match (seen.method.as_str(), seen.nth) {
        ("PUT", 0) => Fault::After(Reply::Silence),
        _ => Fault::None,
    });
    let stopped = sleep(seconds(1));
    let mine = acquire_as(&three, &set(), &options(75), &hidden, host("3", start), stopped).await;
    assert!(matches!(&mine, Ok(_) | Err(LockError::Stopped)), "{mine:?}");
    if let Ok(mine) = mine {
        mine.release(None).await.unwrap();
    }
    assert_eq!(holder_of(&shelf), None);
}

/// A Lease that somebody deletes, frees or changes under its holder.
#[tokio::test(start_paused = true)]
async fn a_lease_that_goes_is_lost_and_one_that_is_labelled_is_not() {
    let start = Instant::now();
    type Change = fn(&Shelf);
    let table: [(Change, Option<&str>); 4] = [
        (|shelf| shelf.remove(PATH), Some("somebody has deleted its Lease")),
        (
            |shelf| {
                let mut lease = shelf.get(PATH).unwrap();
                lease["spec"] = json!({});
                shelf.put(PATH, &lease);
            },
            Some("somebody has freed its Lease"),
        ),
        (
            |shelf| {
                let mut lease = shelf.get(PATH).unwrap();
                lease["metadata"]["annotations"] = json!({});
                lease["spec"]["holderIdentity"] = json!("x");
                shelf.put(PATH, &lease);
            },
            Some("its Lease was changed by another program"),
        ),
        (
            |shelf| {
                let mut lease = shelf.get(PATH).unwrap();
                lease["metadata"]["labels"] = json!({"touched": "yes"});
                shelf.put(PATH, &lease);
            },
            None,
        ),
    ];
    for (change, expected) in table {
        let shelf = Shelf::default();
        let (server, _) = server(&shelf);
        let held = acquire(&server, &options(0), host("1", start)).await.unwrap();
        change(&shelf);
        sleep(seconds(16)).await;
        let result = held.before_batch().await;
        assert_eq!(result.err().map(|lost| lost.reason).as_deref(), expected);
        assert_eq!(held.is_lost(), expected.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_server_refuses_is_told() {
    let start = Instant::now();
    let (server, _) = connect(&Shelf::default(), |seen| match seen.method.as_str() {
        "POST" => {
            let text = "namespaces \"ns\" not found";
            Fault::Answer(Reply::status(404, "NotFound", text, Some(("namespaces", "ns"))))
        }
        _ => Fault::None,
    });
    let error = acquire(&server, &options(0), host("1", start)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot take the lock of the set (Lease ns/gitops-shop): namespace ns does not exist"
    );
    assert_eq!(error.exit(), Code::Error);

    let (server, _) = connect(&Shelf::default(), |_| {
        let text = r#"leases.coordination.k8s.io "gitops-shop" is forbidden: User "bob" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "ns""#;
        Fault::Answer(Reply::status(403, "Forbidden", text, None))
    });
    let error = acquire(&server, &options(0), host("1", start)).await.unwrap_err();
    assert!(matches!(&error, LockError::Unusable { error: OwnedError::Forbidden { .. }, .. }), "{error:?}");
    assert_eq!(error.exit(), Code::Refused);
    assert!(error.hint().unwrap().contains("get leases.coordination.k8s.io in namespace ns"));
}

/// The wall clock of the machine that holds it and of the one that waits differ by an hour, or stand on another century: the
/// takeover comes after the duration, neither before nor after it.
#[tokio::test(start_paused = true)]
async fn flt_41_a_skewed_clock_changes_no_decision() {
    for time in ["1970-01-01T00:00:00.000000Z", "2038-01-19T03:14:08.000000Z", "9999-12-31T23:59:59.000000Z"]
    {
        let (shelf, start) = (Shelf::default(), Instant::now());
        let (one, _) = server(&shelf);
        drop(acquire(&one, &options(0), host("1", start)).await.unwrap());
        let mut lease = shelf.get(PATH).unwrap();
        lease["spec"]["renewTime"] = json!(time);
        lease["spec"]["acquireTime"] = json!(time);
        shelf.put(PATH, &lease);
        let (two, _) = server(&shelf);
        let error = acquire(&two, &options(59), host("2", start)).await.unwrap_err();
        assert_eq!(error.exit(), Code::Locked, "{time}");
        let begun = Instant::now();
        drop(acquire(&two, &options(75), host("3", start)).await.unwrap());
        assert!((seconds(60)..=seconds(61)).contains(&begun.elapsed()), "{time}: {:?}", begun.elapsed());
    }
}
