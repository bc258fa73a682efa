//! Text of repositories, objects and servers that wants to move the terminal, to look like something else, or to speak to a
//! build service: shown in a form that does nothing.

#![expect(clippy::disallowed_methods, reason = "writes kubeconfigs and answers connections")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::git_server::repository::{Repo, git_bytes_with_input};
use crate::support::cluster;
use crate::support::program::Source;
use crate::support::sealed::{Ended, Sealed};

/// A window title, a cleared screen, a line that is overwritten, C1, text from right to left, a link, and marks of build
/// services at the beginning of a line.
const WILD: &str = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31mred\rover\u{202e}left\u{2066}\u{200b}\u{feff}\u{1b}]8;;http://x\u{1b}\\\u{8}\u{7f}\
                    \n::error::build\n::set-output name=a::b\n##[error]build\n##vso[task.complete]";

/// No character of a report or message does anything, and no line speaks to a build service.
fn tame(run: &Ended) {
    run.assert_tame();
    for line in run.text().lines().map(str::trim_start) {
        let command = ["::error", "::set-output", "##[", "##vso["].iter().any(|mark| line.starts_with(mark));
        assert!(!command, "{line:?} is a command: {run:?}");
    }
}

/// JSON in ASCII without control characters, as YAML wants it.
fn escaped(json: &str) -> String {
    let escape = |character: char| match u32::from(character) {
        0x20..=0x7e => character.to_string(),
        code => format!("\\u{code:04x}"),
    };
    json.chars().map(escape).collect()
}

/// All forms in which a diff shows something.
fn forms(sealed: &Sealed, source: &str, more: &[&str]) -> Vec<Ended> {
    let show = ["diff", source, "--strict", "--show", "in-sync,foreign,ignored"];
    let forms: [&[&str]; 4] = [&[], &["-v", "-v"], &["-o", "json"], &["-U", "0"]];
    let runs: Vec<Ended> = forms.iter().map(|form| sealed.run(&[&show, *form, more].concat())).collect();
    runs.iter().for_each(tame);
    runs
}

#[test]
fn sec_24_objects_of_a_cluster_do_nothing_to_the_terminal() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("wild");
    let object = |name: &str, data: Value, annotations: Value| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, "annotations": annotations}, "data": data});
    let live = [
        object(
            "drifted",
            json!({"a": WILD, "lines": format!("one\n{WILD}\nthree\nfour\n")}),
            json!({"note": WILD}),
        ),
        object("added", json!({"a": "1"}), json!({"added-by-hand": WILD})),
    ];
    // Not by server-side apply: the server reads its body as YAML, where such characters are not allowed.
    for object in &live {
        cluster.kubectl_stdin(&["create", "--field-manager=gitops", "-f", "-"], &object.to_string());
    }
    // The name of a field manager is free text as well.
    let patch = format!(r#"{{"data":{{"a":"9{}"}}}}"#, "\\u001b[2J");
    let manager = "--field-manager=m\u{1b}[2J\u{202e}";
    let patched = cluster.kubectl(&["patch", "configmap", "added", "-n", &namespace, "-p", &patch, manager]);
    assert!(!patched.status.success(), "a server that takes such names: put a case here");
    let plain = |name: &str| {
        object(name, json!({"a": "1", "lines": "one\ntwo\nthree\nfour\n"}), json!({"note": "calm"}))
    };
    let wild_in_git = object("absent", json!({"a": WILD}), json!({"note": WILD}));
    let stream: Vec<String> = [plain("drifted"), object("added", json!({"a": "1"}), json!({})), wild_in_git]
        .map(|object| escaped(&object.to_string()))
        .into();
    let source = Source::files(&[("all.yaml", &stream.join("\n---\n"))]);
    let sealed = Sealed::with_cluster(cluster.kubeconfig());
    let runs = forms(&sealed, source.path(), &[]);
    for run in &runs {
        assert_eq!(run.code, 1, "{run:?}");
        assert!(
            run.stdout.contains("title") && run.stdout.contains("over"),
            "it is shown all the same: {run:?}"
        );
    }
    let report = runs[2].report();
    let drifted = report["targets"][0]["objects"].to_string();
    assert!(
        drifted.contains("drifted") && drifted.contains("absent") && drifted.contains("added"),
        "{drifted}"
    );
    for args in [["snapshot", source.path(), "-v"], ["render", source.path(), "-v"]] {
        tame(&sealed.run(&args));
    }
}

#[test]
fn sec_24_manifests_and_file_names_do_nothing_to_the_terminal() {
    let raw = serde_json::to_string(WILD).expect("a text is JSON");
    [raw.clone(), escaped(&raw)].iter().for_each(|quoted| manifests_are_tame(quoted));
    // Arguments that somebody else chose.
    let source = Source::files(&[("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    let sealed = Sealed::new();
    for flag in [
        "--path",
        "--ref",
        "--only",
        "--live",
        "--selector",
        "--base",
        "--context",
        "--kubeconfig",
        "--timeout",
        "--show",
    ] {
        tame(&sealed.run(&["diff", source.path(), flag, WILD]));
    }
    tame(&sealed.run(&["render", WILD]));
    tame(&sealed.run(&["render", &format!("https://127.0.0.1:1/{WILD}")]));
    tame(&sealed.run(&[WILD]));
}

/// Manifests with this quoted text in all places.
fn manifests_are_tame(quoted: &str) {
    let head = "apiVersion: v1\nkind: ConfigMap\n";
    let sealed = Sealed::new();
    let empty = r#"{"apiVersion":"v1","kind":"List","items":[]}"#;
    std::fs::write(sealed.home().join("live.json"), empty).expect("the home can be written");
    let texts = [
        format!("{head}metadata: {{name: {quoted}}}\n"),
        format!("{head}metadata: {{name: a, namespace: {quoted}}}\n"),
        format!(
            "{head}metadata: {{name: a, labels: {{{quoted}: {quoted}}}}}\ndata: {{{quoted}: {quoted}}}\n"
        ),
        format!("apiVersion: {quoted}\nkind: ConfigMap\nmetadata: {{name: a}}\n"),
        format!("apiVersion: v1\nkind: {quoted}\nmetadata: {{name: a}}\n"),
        format!("{head}metadata: {{name: a}}\ndata: {{{quoted}: a, {quoted}: b}}\n"),
        format!("{head}metadata: {{name: a}}\ndata: !<{}> x\n", "%1b[2J"),
        format!("{head}metadata: {{name: a}}\ndata: *\u{202e}x\n"),
        format!("{head}metadata: {{name: a}}\n# {WILD}\n"),
        format!("{quoted}: {quoted}\n"),
        format!("{head}metadata: {{name: [{quoted}]}}\n"),
    ];
    let wild_name = "a\u{1b}[2J\u{202e}\r\n::error::x ##[error]y.yaml";
    for text in &texts {
        for name in ["a.yaml", wild_name] {
            let source = Source::files(&[(name, text)]);
            for run in forms(&sealed, source.path(), &["--live", "live.json"]) {
                assert!((1..=3).contains(&run.code), "{text:?}: {run:?}");
            }
            for format in ["yaml", "json"] {
                let run = sealed.run(&["render", source.path(), "-o", format, "-v", "-v"]);
                run.assert_tame();
            }
            tame(&sealed.run_with(&["render", "-", "-o", "json"], text.as_bytes()));
        }
    }
}

#[test]
fn sec_24_names_in_a_repository_do_nothing_to_the_terminal() {
    let repo = Repo::new();
    let blob = |text: &str| {
        let id = git_bytes_with_input(&repo.path(), &["hash-object", "-w", "--stdin"], text.as_bytes());
        String::from_utf8(id).expect("an id is text").trim().to_owned()
    };
    let manifest = blob("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let broken = blob("a: [\n");
    let link = blob("../../\u{1b}[2J\u{202e}");
    let lfs = blob("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n");
    let name = "n\u{1b}[2J\u{202e}\u{9b}x";
    for (mode, id, ending) in [
        ("100644", &manifest, "good.yaml"),
        ("100644", &broken, ".yaml"),
        ("120000", &link, ".yaml"),
        ("100644", &lfs, ".yaml"),
        ("160000", &"1".repeat(40), ""),
    ] {
        let entry = format!("{mode} {id}\t{name}{ending}\0");
        repo.git(&["read-tree", "--empty"]);
        git_bytes_with_input(&repo.path(), &["update-index", "-z", "--index-info"], entry.as_bytes());
        repo.git(&["commit", "-q", "--allow-empty", "-m", WILD]);
        let url = format!("file://{}", repo.path().display());
        for source in [repo.path().to_str().expect("a path is text"), &url] {
            let run = Sealed::new().run(&["render", source, "--ref", "main", "-v", "-v"]);
            tame(&run);
            assert_eq!(run.code, if ending == "good.yaml" { 0 } else { 2 }, "{ending}: {run:?}");
            tame(&Sealed::new().run(&["render", source, "--ref", "main", "--path", "n"]));
        }
    }
    // A branch may be called by a name from right to left.
    repo.git(&["checkout", "-q", "-b", "b\u{202e}x"]);
    tame(&Sealed::new().run(&[
        "diff",
        repo.path().to_str().expect("a path is text"),
        "--ref",
        "b",
        "--live",
        "x",
    ]));
}

/// An API server that answers everything but the exceptions as `answer` says.
struct Answering {
    port: u16,
    stop: Arc<AtomicBool>,
}

impl Answering {
    fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, answer) = (Arc::clone(&stop), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(&stream, &*answer));
            }
        });
        Self { port, stop }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut stream: &TcpStream, answer: &dyn Fn(&str) -> (u16, String)) {
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(first)) = lines.next() {
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let (code, body) = answer(&path);
        let head = format!(
            "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn sec_24_errors_of_an_api_server_do_nothing_to_the_terminal() {
    let status = |code: u16| {
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": WILD,
            "message": WILD, "code": code, "details": {"name": WILD, "kind": WILD, "causes": [{"reason": WILD, "message": WILD, "field": WILD}]}});
        (code, body.to_string())
    };
    let source =
        Source::files(&[("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n")]);
    let start = Instant::now();
    for code in [400, 401, 403, 404, 409, 418, 422, 500] {
        for everywhere in [true, false] {
            let server = Answering::start(move |path| {
                discovery(path).filter(|_| !everywhere).unwrap_or_else(|| status(code))
            });
            let config = format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: \"c\\e[2J\"\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{}'}}}}]\n\
                 contexts: [{{name: \"c\\e[2J\", context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\n",
                server.port
            );
            let sealed = Sealed::new();
            std::fs::create_dir(sealed.home().join(".kube")).expect("the home can be written");
            std::fs::write(sealed.home().join(".kube/config"), config).expect("the home can be written");
            for run in forms(&sealed, source.path(), &["--timeout", "1s"]) {
                assert!(
                    (2..=3).contains(&run.code) || (code, everywhere, run.code) == (404, false, 1),
                    "{code}: {run:?}"
                );
            }
        }
    }
    assert!(start.elapsed() < Duration::from_secs(100));
}

/// A server with ConfigMaps of a wild version.
fn discovery(path: &str) -> Option<(u16, String)> {
    let resources = json!([{"resource": "configmaps", "responseKind": {"group": "", "version": "", "kind": "ConfigMap"},
        "scope": "Namespaced", "verbs": ["get", "list", "patch"]}]);
    let list = |groups: Value| json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": groups});
    let core = json!([{"metadata": {"name": ""}, "versions": [{"version": "v1", "freshness": "Current", "resources": resources}]}]);
    let body = match path {
        "/version" => json!({"major": "1", "minor": WILD, "gitVersion": WILD}),
        "/api" => list(core),
        "/apis" => {
            list(json!([{"metadata": {"name": WILD}, "versions": [{"version": WILD, "freshness": "Stale"}]}]))
        }
        _ => return None,
    };
    Some((200, body.to_string()))
}
