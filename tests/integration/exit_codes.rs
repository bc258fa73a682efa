//! The exit codes of the process itself: one run for each that can be reached, signals and streams included.
#![expect(clippy::disallowed_methods, reason = "starts the program, and sends it signals")]

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: shop}\ndata: {k: v}\n";

/// A home with a directory of manifests and a live file that holds `live`.
fn home(live: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(home.path().join("k")).expect("a directory");
    std::fs::write(home.path().join("k/a.yaml"), CONFIG).expect("a file");
    std::fs::write(home.path().join("live.json"), live).expect("a file");
    home
}

fn command(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gitops"));
    command.args(args).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").current_dir(home);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn code(home: &Path, args: &[&str]) -> Option<i32> {
    command(home, args).output().expect("it runs").status.code()
}

/// The live object as a server stores it, with this value and an owner.
fn live(value: &str) -> String {
    let fields = r#"{"f:data": {"f:k": {}}}"#;
    format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [{{"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {{"name": "a", "namespace": "shop", "uid": "u", "resourceVersion": "1", "managedFields": [
        {{"manager": "gitops", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsV1": {}}},
        {{"manager": "kubectl-edit", "operation": "Update", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z", "fieldsV1": {fields}}}]}},
        "data": {{"k": "{value}"}}}}]}}"#,
        if value == "v" { fields } else { r#"{"f:metadata": {}}"# },
    )
}

#[test]
fn a_comparison_ends_with_the_code_of_its_outcome() {
    let diff = ["diff", "k", "--live", "live.json"];
    let with = |extra: &[&'static str]| [&diff[..], extra].concat();
    let (same, other) = (home(&live("v")), home(&live("w")));
    assert_eq!(code(same.path(), &diff), Some(0));
    assert_eq!(code(other.path(), &diff), Some(1), "drift");
    assert_eq!(code(other.path(), &with(&["--exit-code-style", "terraform"])), Some(2));
    assert_eq!(code(other.path(), &with(&["--fail-on", "added"])), Some(0));
    assert_eq!(code(same.path(), &with(&["--deny-warnings"])), Some(2), "no schema is published: a warning");
    assert_eq!(code(same.path(), &["diff", "k", "--live", "none"]), Some(2));
    assert_eq!(
        code(same.path(), &["diff", "k", "--live", "none", "--exit-code-style", "terraform"]),
        Some(1)
    );
    assert_eq!(code(same.path(), &["diff", "--nonsense"]), Some(2));
    let hidden = home(
        &live("v")
            .replace("managedFields", "labels_")
            .replace("\"labels_\": [", "\"finalizers\": [\"x/y\"], \"x\": ["),
    );
    assert_eq!(code(hidden.path(), &diff), Some(3), "owners are not recorded");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_none() {
    let other = home(&live("w"));
    let diff = ["diff", "k", "--live", "live.json"];
    let full = File::options().write(true).open("/dev/full").expect("the device is there");
    let status = command(other.path(), &diff).stdout(full).status().expect("it runs");
    assert_eq!(status.code(), Some(2), "the device is full");
    let mut child = command(other.path(), &diff).spawn().expect("it runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "nobody reads, and the verdict stays");
}

#[test]
fn secrets_that_could_be_committed_are_refused_with_their_own_code() {
    let Some(cluster) = crate::support::cluster::shared() else { return };
    let home = home("{}");
    let made = Command::new("git").args(["init", "-q", "."]).current_dir(home.path()).status();
    assert!(made.expect("git starts").success());
    let kubeconfig = cluster.kubeconfig().to_str().expect("a plain path").to_owned();
    let args = ["snapshot", "k", "--kubeconfig", &kubeconfig, "--include-secrets", "-o", "s.json"];
    let output = command(home.path(), &args).output().expect("it runs");
    let code = output.status.code();
    assert!(!home.path().join("s.json").exists());
    assert_eq!(code, Some(5), "{}", String::from_utf8_lossy(&output.stderr));
}

fn signalled(signal: &str) -> Option<i32> {
    let home = home("{}");
    // Nobody writes to its standard input, so it waits until the signal comes.
    let mut child: Child =
        command(home.path(), &["render", "-"]).stdin(Stdio::piped()).spawn().expect("it runs");
    std::thread::sleep(Duration::from_millis(300));
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            return status.code();
        }
        assert!(start.elapsed() < Duration::from_secs(10), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn signals_end_a_run_with_their_own_codes() {
    assert_eq!(signalled("-INT"), Some(130));
    assert_eq!(signalled("-TERM"), Some(143));
}
