//! What the machine that a run is on may lack, by the numbers of the fault catalogue: places for files, memory, processors, and a
//! program without mistakes.
#![expect(
    clippy::disallowed_methods,
    reason = "runs the program, reads its environment, measures its memory"
)]

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gitops::progress::Progress;
use gitops::record::SetIdentity;
use gitops::run::lock::{LockOptions, acquire};
use gitops::run::output::quiet_panics;
use serde_json::json;

use super::bed::Bed;
use crate::support::cluster::tell;
use crate::support::program::Source;
use crate::support::sealed::{assert_hidden, resident_mib};

/// FLT-39: without a place for its cache, or with a disk that is full, a run writes what it should.
#[test]
fn flt_39_a_cache_that_cannot_be_kept_costs_nothing() {
    for bed in Bed::both() {
        let file = bed.home.path().join("file");
        std::fs::write(&file, "").expect("it can be written");
        // Root may write to every directory but to none of these.
        let homes = [None, Some(Path::new("/proc")), Some(Path::new("/dev/null")), Some(&*file)];
        for (number, home) in homes.into_iter().enumerate() {
            let source = bed.configs(&["a"], &number.to_string());
            let proxy = bed.proxy(Vec::new());
            let mut command = bed.command(&proxy, &source, &["apply", "--yes"]);
            match home {
                None => command.env_remove("HOME"),
                Some(home) => command.env("HOME", home),
            };
            let ran = Bed::end(&proxy, command.spawn().expect("the program starts"));
            assert_eq!(ran.run.code, 0, "{}, {home:?}: {}", bed.place(), ran.text());
            assert_eq!(bed.data("a"), json!({"k": number.to_string()}), "{}, {home:?}", bed.place());
        }
        // No file may grow: what a full disk says to every write.
        let source = bed.configs(&["a"], "full");
        let proxy = bed.proxy(Vec::new());
        let command = bed.command(&proxy, &source, &["apply", "--yes"]);
        let limited = within("trap '' XFSZ; ulimit -f 0", &command);
        let ran = Bed::end(&proxy, { limited }.spawn().expect("a shell starts"));
        assert_eq!(
            (ran.run.code, bed.data("a")),
            (0, json!({"k": "full"})),
            "{}: {}",
            bed.place(),
            ran.text()
        );
        // A report that cannot be kept is told, and what was done is done.
        let source = bed.configs(&["a"], "report");
        let report = format!("json={}/no/report.json", bed.home.path().display());
        let ran = bed.run(&source, Vec::new(), &["apply", "--yes", "-o", &report]);
        assert_eq!(
            (ran.run.code, bed.data("a")),
            (2, json!({"k": "report"})),
            "{}: {}",
            bed.place(),
            ran.text()
        );
        assert!(ran.run.stderr.contains("report.json"), "{}", ran.run.stderr);
        assert_eq!(bed.lock_holder(), "", "{}", bed.place());
    }
}

/// The same command in a shell that limits it first.
fn within(limits: &str, command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited
        .arg("-c")
        .arg(format!("{limits}; exec \"$0\" \"$@\""))
        .arg(command.get_program())
        .args(command.get_args());
    limited.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    if let Some(directory) = command.get_current_dir() {
        limited.current_dir(directory);
    }
    limited.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    limited
}

fn many(bed: &Bed, number: usize) -> Source {
    let object = |number| bed.config(&format!("c{number:05}"), &json!({"k": "1", "more": "x".repeat(100)}));
    Source::of(&(0..number).map(object).collect::<Vec<_>>())
}

/// FLT-42: thousands of objects on one processor, within the memory that the catalogue allows.
#[test]
fn flt_42_a_set_of_thousands_on_a_small_machine() {
    const NUMBER: usize = 4_000;
    let bed = Bed::scripted();
    let source = many(&bed, NUMBER);
    let mut took = Vec::new();
    for expected in [NUMBER, 0] {
        let proxy = bed.proxy(Vec::new());
        let mut command =
            within("taskset -p -c 0 $$ >/dev/null", &bed.command(&proxy, &source, &["apply", "--yes"]));
        let begun = Instant::now();
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
        let mut peak = 0;
        let status = loop {
            peak = peak.max(resident_mib(child.id()));
            match child.try_wait().expect("it can be waited for") {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        assert_eq!(status.code(), Some(0));
        took.push(format!("{:.1} s and {peak} MiB", begun.elapsed().as_secs_f32()));
        assert!(peak > 10 && peak < 256, "{took:?}");
        assert_eq!(proxy.journal().iter().filter(|entry| entry.writes_member()).count(), expected);
    }
    tell(&format!("{NUMBER} objects on one processor, twice: {}", took.join(", ")));
}

/// FLT-59: the parent of the record holds no list of its members, and no part of the record is too large for etcd.
#[test]
fn flt_59_the_record_of_twenty_thousand_objects_fits() {
    let bed = Bed::scripted();
    let source = many(&bed, 20_000);
    let proxy = bed.proxy(Vec::new());
    let mut command = bed.command(&proxy, &source, &["apply", "--yes"]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program starts");
    assert_eq!(status.code(), Some(0));
    let parent = bed.live("gitops-set").expect("there is a record").to_string();
    assert!(parent.len() <= 64 << 10, "{} bytes", parent.len());
    assert!(!parent.contains("c00001"), "no list of objects: {parent}");
    let secrets = bed.secrets();
    assert!(secrets.len() >= 2, "an index and shards: {}", secrets.len());
    let mut lengths = Vec::new();
    for secret in &secrets {
        let data = secret["data"].as_object().into_iter().flat_map(|data| data.values());
        // The server stores the decoded values.
        let length: usize = data.map(|value| value.as_str().unwrap_or_default().len() / 4 * 3).sum();
        lengths.push(length);
        assert!(length <= 1 << 20, "{}: {length} bytes", secret["metadata"]["name"]);
    }
    tell(&format!("the record of 20,000 objects: a parent of {} bytes, and {lengths:?}", parent.len()));
}

/// FLT-42: with less and less memory a run ends as it should or says that it did not; what it says is done is done.
#[test]
fn flt_42_a_run_without_memory_says_nothing_wrong() {
    let mut ends = Vec::new();
    for mebibytes in [52, 56, 60, 64, 72, 96, 128, 1024] {
        let bed = Bed::scripted();
        let names: Vec<String> = (0..20).map(|number| format!("c{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let source = bed.configs(&names, "1");
        let proxy = bed.proxy(Vec::new());
        let command = bed.command(&proxy, &source, &["apply", "--yes", "--timeout=20s"]);
        let mut child =
            within(&format!("ulimit -v {}", mebibytes << 10), &command).spawn().expect("a shell starts");
        let begun = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                break Some(status);
            }
            if begun.elapsed() > Duration::from_secs(40) {
                child.kill().expect("it is ours");
                child.wait().expect("it can be waited for");
                break None;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let all = names.iter().all(|name| bed.data(name) == json!({"k": "1"}));
        let told = ended.map(|status| status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
        ends.push(format!("{mebibytes} MiB: {told:?}"));
        assert_ne!(told, Some(1), "{ends:?}");
        assert!(told != Some(0) || all, "{ends:?}: it says that all is done");
        assert!(mebibytes < 128 || told == Some(0), "{ends:?}: that is enough");
    }
    tell(&format!("a run within so much address space: {}", ends.join(", ")));
}

/// Says to the test below that it is the program.
const CHILD: &str = "GITOPS_TEST_PANICS";
const CANARY: &str = "canary-of-a-panic";

/// FLT-43: a panic says where it was and nothing of what it was about, and reaches the end of the process; the lock that the run held
/// expires by itself.
#[test]
fn flt_43_a_panic_tells_no_secret_and_leaves_a_lock_that_expires() {
    if let Some(kubeconfig) = std::env::var_os(CHILD) {
        panics_with_the_lock(Path::new(&kubeconfig));
    }
    let bed = Bed::scripted();
    let source = bed.configs(&["a"], "1");
    bed.apply(&source);
    let proxy = bed.proxy(Vec::new());
    let output = Command::new(std::env::current_exe().expect("it has a name"))
        .args([
            "--exact",
            "--nocapture",
            "writing::machine::flt_43_a_panic_tells_no_secret_and_leaves_a_lock_that_expires",
        ])
        .env(CHILD, proxy.kubeconfig())
        .env("RUST_BACKTRACE", "full")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(PANICKED), "{said}");
    assert!(
        said.contains("internal error: gitops stopped at tests/integration/writing/machine.rs:"),
        "{said}"
    );
    assert!(said.contains("this is a bug"), "{said}");
    assert_hidden("the output of a panic", &said, CANARY);
    assert_ne!(bed.lock_holder(), "", "nobody gave the lock back");
    let ran = bed.run(&source, Vec::new(), &["apply", "--yes", "--lock-timeout=0"]);
    assert_eq!(ran.run.code, 4, "{}", ran.text());
    let ran = bed.run(&bed.configs(&["a"], "2"), Vec::new(), &["apply", "--yes", "--lock-timeout=30s"]);
    assert_eq!((ran.run.code, bed.data("a")), (0, json!({"k": "2"})), "{}", ran.text());
}

const PANICKED: i32 = 77;

/// What the program does when a task of a run panics, up to the end of `main`: there the runtime of the language makes it 101.
#[expect(clippy::exit, reason = "the end of a process of its own")]
fn panics_with_the_lock(kubeconfig: &Path) -> ! {
    quiet_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let result = std::panic::catch_unwind(|| {
        runtime.block_on(async {
            let server = crate::support::connect(kubeconfig).await;
            let set = SetIdentity { name: "set".to_owned(), record_namespace: "ns".to_owned() };
            let options = LockOptions {
                timeout: Duration::ZERO,
                duration: Duration::from_secs(2),
                break_lock: false,
                doing: "apply".to_owned(),
            };
            let _held = acquire(&server, &set, &options, &Progress::hidden(), std::future::pending()).await;
            let task: tokio::task::JoinHandle<()> = tokio::task::spawn_blocking(|| panic!("{CANARY}"));
            let error = task.await.expect_err("it panics");
            std::panic::resume_unwind(error.into_panic());
        })
    });
    std::process::exit(if result.is_err() { PANICKED } else { 0 });
}
