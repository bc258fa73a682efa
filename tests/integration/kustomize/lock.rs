//! `gitops.lock` and the rules of fetching: what is pinned stays, what is pinned and cached needs no server, and nothing is
//! asked, sent or read that the user did not allow.

use std::path::Path;
use std::time::Duration;

use gitops::exit::Code;
use gitops::render::RenderError;
use gitops::run::error::RunError;
use gitops::run::prepared::{Rendered, render};
use gitops::run::remotes::Policy;
use gitops::run::rendering::Rendering;
use gitops::source::redacted::Redacted;
use gitops::source::{Request, SourceError};
use serde_json::json;
use tempfile::TempDir;

use crate::git_server::http::{Behaviour, HttpServer};
use crate::git_server::repository::Repo;
use crate::git_server::ssh::{SshServer, key_pair};
use crate::support::sealed::Sealed;

fn map(value: &str) -> String {
    format!(
        "configMapGenerator: [{{name: a, literals: [k={value}], options: {{disableNameSuffixHash: true}}}}]\n"
    )
}

fn base(value: &str) -> Repo {
    Repo::with_files(&[("kustomization.yaml", &map(value)), ("sub/kustomization.yaml", &map("sub"))])
}

fn write(at: &Path, path: &str, text: &str) {
    std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
    std::fs::write(at.join(path), text).unwrap();
}

fn entry(url: &str, reference: &str, commit: &str) -> String {
    format!("- url: \"{url}\"\n  ref: \"{reference}\"\n  commit: \"{commit}\"\n")
}

#[test]
fn the_lock_holds_a_base_where_it_was() {
    let repo = base("one");
    let url = format!("file://{}", repo.path().display());
    let first = repo.git(&["rev-parse", "HEAD"]);
    let sealed = Sealed::new();
    let lock = sealed.home().join("gitops.lock");
    write(sealed.home(), "a/kustomization.yaml", &format!("resources: [\"{url}?ref=main\"]\n"));
    write(sealed.home(), "b/kustomization.yaml", &format!("resources: [\"{url}//sub?ref=other\"]\n"));
    let run = |path: &str, flags: &[&str]| {
        sealed.run(&[&["render", "--path", path, "--allow-remote"], flags].concat())
    };

    let unpinned = run("a", &[]);
    assert_eq!(unpinned.code, 0, "{unpinned:?}");
    assert!(
        unpinned.stderr.contains(&format!("a/kustomization.yaml:1: {url}?ref=main is at commit {first} now"))
    );
    assert!(unpinned.stderr.contains("--update-lock"), "{unpinned:?}");
    assert!(!lock.exists(), "nobody asked for a lock");
    assert_eq!(run("a", &["--deny-warnings"]).code, 2);
    let locked = run("a", &["--locked"]);
    assert_eq!(locked.code, 2);
    assert!(
        locked.stderr.contains("a/kustomization.yaml:1:") && locked.stderr.contains("is not in gitops.lock"),
        "{locked:?}"
    );

    let written = run("a", &["--update-lock"]);
    assert_eq!(
        (written.code, written.stderr.as_str()),
        (0, &*format!("note: gitops.lock: {url} main: {}\n", &first[..12]))
    );
    let text = std::fs::read_to_string(&lock).unwrap();
    assert!(
        text.ends_with(&format!("apiVersion: gitops/v1\nremotes:\n{}", entry(&url, "main", &first))),
        "{text}"
    );

    let second = repo.commit_files(&[("kustomization.yaml", &map("two"))], "second");
    repo.git(&["branch", "other"]);
    for flags in [&[][..], &["--locked"], &["--offline"], &["--deny-warnings"]] {
        let pinned = run("a", flags);
        assert_eq!((pinned.code, pinned.stderr.as_str()), (0, ""), "{flags:?}");
        assert!(pinned.stdout.contains("k: one"), "{flags:?}: {pinned:?}");
    }
    // What this render does not name stays.
    assert_eq!(run("b", &["--update-lock"]).code, 0);
    let both = std::fs::read_to_string(&lock).unwrap();
    assert!(both.ends_with(&(entry(&url, "main", &first) + &entry(&url, "other", &second))), "{both}");
    let moved = run("a", &["--update-lock"]);
    assert!(moved.stdout.contains("k: two"), "{moved:?}");
    assert_eq!(
        moved.stderr,
        format!("note: gitops.lock: {url} main: {} → {}\n", &first[..12], &second[..12])
    );
    assert!(run("a", &["--update-lock"]).stderr.contains("left as it is: nothing has changed"));

    let gone = "00000000000000000000000000000000000000ff";
    std::fs::write(&lock, both.replace(&first, gone)).unwrap();
    let missing = run("a", &[]);
    assert_eq!(missing.code, 2);
    let told = format!(
        "error: gitops.lock:4: the commit {gone} of {url} is not there any more; it was that of \"main\""
    );
    assert!(missing.stderr.starts_with(&told), "{missing:?}");
    assert!(missing.stderr.contains("--update-lock"), "{missing:?}");
    // A full commit id is a pin of its own.
    write(sealed.home(), "c/kustomization.yaml", &format!("resources: [\"{url}?ref={first}\"]\n"));
    assert_eq!(run("c", &["--locked"]).code, 0);
}

#[test]
fn flags_of_the_lock_that_do_not_fit_are_told() {
    let sealed = Sealed::new();
    write(sealed.home(), "kustomization.yaml", &map("one"));
    let table: &[(&[&str], &str)] = &[
        (&["--update-lock"], "--update-lock fetches, and needs --allow-remote for that"),
        (&["--update-lock", "--allow-remote", "--locked"], "--update-lock and --locked do not go together"),
        (&["--update-lock", "--allow-remote", "--offline"], "--update-lock and --offline do not go together"),
        (&["--update-lock", "--allow-remote", "--ref", "main"], "--update-lock and --ref do not go together"),
        (
            &["--update-lock", "--allow-remote", "--verify-with", "x"],
            "--update-lock and --verify-with do not",
        ),
        (
            &["--update-lock", "--allow-remote", "--renderer", "kustomize=exec:x"],
            "--update-lock and --renderer",
        ),
        (&["--update-lock", "--allow-remote", "-"], "SOURCE is no directory"),
        (&["--update-lock", "--allow-remote", "https://127.0.0.1:1/x"], "SOURCE is no directory"),
    ];
    for (flags, expected) in table {
        let ended = sealed.run(&[&["render"], *flags].concat());
        assert_eq!(ended.code, 2, "{flags:?}: {ended:?}");
        assert!(ended.stderr.contains(expected) && ended.stderr.contains("hint: "), "{flags:?}: {ended:?}");
    }
    // A variable may say that a flag is off.
    let sealed = sealed.variable("GITOPS_LOCKED", "false").variable("GITOPS_UPDATE_LOCK", "0");
    assert_eq!(sealed.run(&["render"]).code, 0);
}

#[test]
fn a_link_in_the_place_of_the_lock_is_not_followed() {
    let repo = base("one");
    let sealed = Sealed::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "apiVersion: gitops/v1\n").unwrap();
    let url = format!("file://{}", repo.path().display());
    write(sealed.home(), "over/kustomization.yaml", &format!("resources: [\"{url}\"]\n"));
    std::os::unix::fs::symlink(outside.path().join("file"), sealed.home().join("over/gitops.lock")).unwrap();
    let read = sealed.run(&["render", "over", "--allow-remote"]);
    assert_eq!(read.code, 2, "{read:?}");
    assert!(read.stderr.contains("gitops.lock: symbolic link leads outside the source"), "{read:?}");
    let inside = sealed.home().join("over/gitops.lock");
    std::fs::remove_file(&inside).unwrap();
    write(sealed.home(), "over/real.yaml", "apiVersion: gitops/v1\nremotes: []\n");
    std::os::unix::fs::symlink("real.yaml", &inside).unwrap();
    assert_eq!(sealed.run(&["render", "over", "--allow-remote", "--update-lock"]).code, 0);
    assert!(!inside.is_symlink() && std::fs::read_to_string(&inside).unwrap().contains("commit"));
    let kept = std::fs::read_to_string(sealed.home().join("over/real.yaml")).unwrap();
    assert_eq!(kept, "apiVersion: gitops/v1\nremotes: []\n");
}

#[test]
fn a_plain_directory_has_no_manifest_called_lock() {
    let sealed = Sealed::new();
    write(sealed.home(), "a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    write(sealed.home(), "gitops.lock", "apiVersion: gitops/v1\nremotes: []\n");
    let ended = sealed.run(&["render", "-o", "json"]);
    assert_eq!((ended.code, ended.stderr.as_str(), ended.report().as_array().unwrap().len()), (0, "", 1));
}

#[test]
fn reports_name_the_repositories() {
    let repo = base("one");
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let url = format!("file://{}", repo.path().display());
    let sealed = Sealed::new();
    write(
        sealed.home(),
        "kustomization.yaml",
        &format!("resources: [\"{url}?ref=main\"]\nnamespace: shop\n"),
    );
    write(sealed.home(), "live.json", r#"{"apiVersion": "v1", "kind": "List", "items": []}"#);
    let diff = |flags: &[&str]| {
        sealed.run(&[&["diff", "--live", "live.json", "--allow-remote", "-q"], flags].concat())
    };
    let report = diff(&["-o", "json"]).report();
    assert_eq!(report["targets"][0]["remotes"], json!([{"url": url, "ref": "main", "commit": commit}]));
    let file = report["targets"][0]["objects"][0]["source"].to_string() + &report.to_string();
    assert!(file.contains(&format!("{url}@{}//kustomization.yaml", &commit[..7])), "{report}");
    let text = diff(&[]).stdout;
    assert!(text.contains(&format!("  with {url} @ {} main\n", &commit[..7])), "{text}");
}

/// A source that names repositories of a server of this machine, and a cache.
struct World {
    source: TempDir,
    cache: TempDir,
}

impl World {
    fn new(kustomization: &str) -> Self {
        let world = Self { source: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() };
        write(world.source.path(), "kustomization.yaml", kustomization);
        world
    }

    fn request(&self) -> Request {
        let mut request = Request::new(self.source.path().to_str().unwrap());
        request.allow_protocols = vec!["http".to_owned()];
        request.cache_dir = Some(self.cache.path().join("git"));
        request.deadline = Duration::from_secs(20);
        request.environment.home = Some(self.cache.path().to_owned());
        request
    }

    fn render(&self, request: Request, remotes: Policy) -> Result<Rendered, RunError> {
        render(&request, &Rendering { remotes, ..Rendering::of(&request) })
    }
}

fn values(rendered: &Rendered) -> Vec<String> {
    let value = |manifest: &gitops::render::Manifest| manifest.object.value()["data"]["k"].to_string();
    rendered.manifests.items.iter().map(value).collect()
}

fn first_problem(result: Result<Rendered, RunError>) -> String {
    match result {
        Err(RunError::Render(RenderError::Problems(problems))) => problems[0].to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(rendered) => panic!("built: {:?}", values(&rendered)),
    }
}

#[test]
fn sec_40_what_is_pinned_and_cached_needs_no_server() {
    let repo = base("one");
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let url = server.url(".git");
    let world = World::new(&format!("resources: [\"{url}?ref=main\"]\n"));

    let refused = first_problem(world.render(world.request(), Policy::Refuse));
    assert!(refused.contains("--allow-remote") && server.seen().is_empty(), "{refused}: {:?}", server.seen());
    let fetched = world.render(world.request(), Policy::Update).unwrap();
    assert_eq!(values(&fetched), ["\"one\""]);
    let once = server.seen().len();
    assert!(once > 0, "nothing was asked");
    write(world.source.path(), "gitops.lock", &fetched.fetched.lock.text());
    repo.commit_files(&[("kustomization.yaml", &map("two"))], "second");

    for policy in [Policy::Allow, Policy::Locked] {
        assert_eq!(values(&world.render(world.request(), policy).unwrap()), ["\"one\""]);
    }
    assert_eq!(server.seen().len(), once, "a pinned commit was asked for again");
    drop(server);
    let mut offline = world.request();
    offline.offline = true;
    assert_eq!(values(&world.render(offline, Policy::Locked).unwrap()), ["\"one\""]);
    // Another machine has the lock and no cache: it gets the same commit, although the branch has moved.
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let other = World::new(&format!("resources: [\"{}?ref=main\"]\n", server.url(".git")));
    let lock = fetched.fetched.lock.text().replace(&url, &server.url(".git"));
    write(other.source.path(), "gitops.lock", &lock);
    assert_eq!(values(&other.render(other.request(), Policy::Locked).unwrap()), ["\"one\""]);
}

#[test]
fn sec_45_nothing_is_fetched_from_a_host_that_was_not_named() {
    let repo = base("one");
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let world = World::new(&format!("resources: [\"{}?ref=main\"]\n", server.url(".git")));
    let render = |hosts: &[&str]| {
        let request = world.request();
        let hosts = Some(hosts.iter().map(|host| (*host).to_owned()).collect());
        render(&request, &Rendering { remotes: Policy::Allow, hosts, ..Rendering::of(&request) })
    };
    let problem = first_problem(render(&["git.example", "github.com"]));
    assert!(
        problem.starts_with("kustomization.yaml:1: ") && problem.contains("is on 127.0.0.1"),
        "{problem}"
    );
    assert!(problem.contains("--allow-remote names only git.example,github.com"), "{problem}");
    assert_eq!(server.seen().len(), 0, "the server was asked");
    assert_eq!(values(&render(&["git.example", "127.0.0.1"]).unwrap()), ["\"one\""]);
    // On the command line, and for a program, which would ask whom it likes.
    let sealed = Sealed::new();
    write(sealed.home(), "kustomization.yaml", "resources: [\"https://127.0.0.1:1/a/b\"]\n");
    let table: &[(&[&str], &str)] = &[
        (&["--allow-remote=git.example"], "is on 127.0.0.1, and --allow-remote names only git.example"),
        (&["--allow-remote=127.0.0.1"], "failed to connect"),
        (&["--allow-remote=false"], "nothing is fetched without --allow-remote"),
        (&["--allow-remote=https://git.example"], "is no host"),
        (&["--allow-remote=127.0.0.1", "--renderer", "kustomize=exec:sh"], "sh would fetch it"),
    ];
    for (flags, expected) in table {
        let ended = sealed.run(&[&["render"], *flags].concat());
        assert!(ended.code == 2 && ended.stderr.contains(expected), "{flags:?}: {ended:?}");
    }
}

#[test]
fn one_run_sees_one_commit_of_a_revision() {
    let repo = Repo::with_files(&[
        ("a/kustomization.yaml", &map("a")),
        ("b/kustomization.yaml", &map("b").replace("name: a", "name: b")),
    ]);
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let url = server.url(".git");
    let one = World::new(&format!("resources: [\"{url}//a?ref=main\"]\n"));
    one.render(one.request(), Policy::Allow).unwrap();
    let requests = server.seen().len();
    let both = World::new(&format!("resources: [\"{url}//a?ref=main\", \"{url}//b?ref=main\"]\n"));
    let rendered = both.render(both.request(), Policy::Allow).unwrap();
    assert_eq!(values(&rendered), ["\"a\"", "\"b\""]);
    assert_eq!(server.seen().len(), 2 * requests, "two directories of one commit are one fetch");
    assert_eq!(rendered.fetched.bases.len(), 1);
}

#[test]
fn sec_45_a_fetched_kustomization_names_nothing_of_this_machine() {
    let private = base("canary-of-a-private-repository");
    let at = format!("file://{}", private.path().display());
    let repo = Repo::with_files(&[("kustomization.yaml", &format!("resources: [\"{at}\"]\n"))]);
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let world = World::new(&format!("resources: [\"{}\"]\n", server.url(".git")));
    let problem = first_problem(world.render(world.request(), Policy::Allow));
    assert!(problem.contains("a repository of this machine"), "{problem}");
    assert!(problem.starts_with(&server.url(".git")), "no place: {problem}");
    // Nor does a source that is fetched itself.
    let mut request = world.request();
    request.source = server.url(".git");
    let problem = first_problem(world.render(request, Policy::Allow));
    assert!(
        problem.starts_with("kustomization.yaml:1: ") && problem.contains("of this machine"),
        "{problem}"
    );
    assert!(!problem.contains("canary"), "{problem}");
}

#[test]
fn sec_45_the_token_goes_to_the_server_of_the_source_alone() {
    let repo = base("one");
    let login = Some("x-access-token:canary-token".to_owned());
    let server = HttpServer::start(&repo.path(), Behaviour { login, ..Behaviour::default() });
    let world = World::new(&format!("resources: [\"{}\"]\n", server.url(".git")));
    let mut request = world.request();
    request.environment.git_token = Some(Redacted::new("canary-token".to_owned()));
    match world.render(request.clone(), Policy::Allow) {
        Err(RunError::RemoteBase { place, error: SourceError::Auth { .. } }) => {
            assert_eq!(place, "kustomization.yaml:1")
        }
        other => panic!("expected an authentication failure, got {other:?}"),
    }
    let sent = server.seen().into_iter().filter_map(|seen| seen.authorization).count();
    assert_eq!(sent, 0, "credentials were sent to the server of a base");
    // The same server as that of the source gets it.
    let own =
        Repo::with_files(&[("kustomization.yaml", &format!("resources: [\"{}\"]\n", server.url(".git")))]);
    own.git(&["remote", "add", "origin", &server.url("own.git")]);
    request.source = own.path().to_str().unwrap().to_owned();
    assert_eq!(values(&world.render(request, Policy::Allow).unwrap()), ["\"one\""]);
}

#[test]
fn sec_09_and_48_references_are_bounded() {
    let repo = base("one");
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let url = server.url(".git");
    let many: Vec<String> = (0..101).map(|number| format!("\"{url}//d{number}?ref=main\"")).collect();
    let world = World::new(&format!("resources: [{}]\n", many.join(", ")));
    let problem = first_problem(world.render(world.request(), Policy::Allow));
    assert!(problem.contains("more than 100 references"), "{problem}");
    // Two repositories that name each other.
    let other = Repo::with_files(&[("kustomization.yaml", &format!("resources: [\"{url}?ref=main\"]\n"))]);
    let second = HttpServer::start(&other.path(), Behaviour::default());
    repo.commit_files(
        &[("kustomization.yaml", &format!("resources: [\"{}?ref=main\"]\n", second.url(".git")))],
        "circle",
    );
    let world = World::new(&format!("resources: [\"{url}?ref=main\"]\n"));
    let problem = first_problem(world.render(world.request(), Policy::Allow));
    assert!(problem.contains("a cycle"), "{problem}");
}

#[test]
fn files_of_submodules_are_an_error_that_names_them() {
    let inner = base("inner");
    let repo = Repo::with_files(&[("kustomization.yaml", "resources: [vendor/sub]\n")]);
    repo.git(&["submodule", "add", "-q", inner.path().to_str().unwrap(), "vendor"]);
    repo.commit_files(&[], "with a submodule");
    let server = HttpServer::start(&repo.path(), Behaviour::default());
    let world = World::new(&format!("resources: [\"{}\"]\n", server.url(".git")));
    let problem = first_problem(world.render(world.request(), Policy::Allow));
    assert!(problem.contains("is in the submodule") && problem.contains("//vendor"), "{problem}");
    let direct = World::new(&format!("resources: [\"{}//vendor/sub\"]\n", server.url(".git")));
    let problem = first_problem(direct.render(direct.request(), Policy::Allow));
    assert!(problem.starts_with("kustomization.yaml:1: vendor/sub is in the submodule"), "{problem}");
}

#[test]
fn mistakes_in_references_are_told_with_place_and_way_out() {
    let repo = base("one");
    repo.commit_files(
        &[(
            "part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: p-\n",
        )],
        "a component",
    );
    let sealed = Sealed::new();
    let table = [
        ("file://ONE//sup?ref=main", "sup: no such file or directory in file://ONE at ", "did you mean sub?"),
        (
            "file://ONE//sub/kustomization.yaml",
            "//sub/kustomization.yaml is no directory",
            "a base is a directory",
        ),
        ("file://ONE//part", "file://ONE//part is a component", "name it in `components`"),
        ("file://ONE?ref=v9", "file://ONE: no branch, tag or commit \"v9\"", ""),
        (
            "file://ONE?ref=-x",
            "the revision \"-x\" starts with a dash",
            "name a branch, a tag or a commit id",
        ),
        ("file://ONE/nothing//x", "ONE/nothing: no git repository there", "check the path"),
        ("file://ONE//a/../../x", "leads outside its repository", "name a directory of the repository"),
        ("file://ONE?ref=a;b", "file://ONE has parameters that cannot be read", "the form is"),
        (
            "http://127.0.0.1:1/a/b",
            "http://127.0.0.1:1/a/b: protocol \"http\" is not allowed",
            "use https://",
        ),
        ("https://127.0.0.1:1/a", "https://127.0.0.1:1/a names no repository", "the form is"),
        ("https://127.0.0.1:1/a/b?ref=main~1", "\"main~1\" is not the name of a branch", "local clone only"),
        ("https://127.0.0.1:1/a/b/x.yaml", "is a file of a web server", "copy the file"),
        (
            "https://user:canary-pass@127.0.0.1:1/a/b",
            "https://127.0.0.1:1/a/b: failed to connect",
            "--offline",
        ),
        ("https://-oProxy=x/a/b", "the host starts with a dash", "use https://"),
        ("ssh://github.com/a/b", "is not the URL of a repository", "USER@HOST:PATH"),
        ("gitlab.example/a/b//x?ref=v1", "no such file or directory", "its URL starts with https://"),
        ("s3::https://127.0.0.1:1/a/b", "has the scheme \"s3\"", "the form is"),
    ];
    for (entry, message, hint) in table {
        let at = |text: &str| text.replace("ONE", repo.path().to_str().unwrap());
        let text = format!("namePrefix: a-\nresources:\n- \"{}\"\n", at(entry));
        write(sealed.home(), "app/kustomization.yaml", &text);
        let ended = sealed.run(&["render", "--path", "app", "--allow-remote"]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{entry}: {ended:?}");
        assert!(ended.stderr.contains("app/kustomization.yaml:3: "), "{entry}: no place: {}", ended.stderr);
        assert!(ended.stderr.contains(&at(message)), "{entry}: {}", ended.stderr);
        assert!(
            hint.is_empty() || ended.stderr.contains(&format!("hint: {hint}")) || ended.stderr.contains(hint)
        );
        ended.assert_hides("canary-pass");
    }
    // A parameter that kustomize ignores does nothing, and that is told.
    let text = format!("resources: [\"file://{}?reff=main\"]\n", repo.path().display());
    write(sealed.home(), "app/kustomization.yaml", &text);
    let ended = sealed.run(&["render", "--path", "app", "--allow-remote"]);
    assert!(ended.code == 0 && ended.stderr.contains("\"reff\" means nothing here"), "{ended:?}");
}

#[test]
fn a_reference_may_say_how_long_its_server_is_waited_for() {
    let repo = base("one");
    let server = HttpServer::start(&repo.path(), Behaviour { stall: true, ..Behaviour::default() });
    let world = World::new(&format!("resources: [\"{}?timeout=1s\"]\n", server.url(".git")));
    let start = std::time::Instant::now();
    match world.render(world.request(), Policy::Allow) {
        Err(RunError::RemoteBase { error: SourceError::Unreachable { problem, .. }, .. }) => {
            assert!(problem.contains("within 1 s"), "{problem}");
        }
        other => panic!("expected a time-out, got {other:?}"),
    }
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_base_over_ssh_needs_a_known_host_key() {
    let home = tempfile::tempdir().unwrap();
    let key = key_pair(&home.path().join(".ssh"), "id_ed25519", "ed25519", "");
    let server = SshServer::start(&["ed25519"], &[&key]);
    let repo = base("one");
    let world = World::new(&format!("resources: [\"{}//sub\"]\n", server.url(&repo.at(".git"))));
    let mut request = world.request();
    request.environment.home = Some(home.path().to_owned());
    let error = world.render(request.clone(), Policy::Allow).unwrap_err();
    assert!(matches!(&error, RunError::RemoteBase { error: SourceError::HostKey { .. }, .. }), "{error:?}");
    assert_eq!(error.exit(), Code::Untrusted);
    assert!(error.to_string().starts_with("kustomization.yaml:1: "), "{error}");
    std::fs::write(home.path().join(".ssh/known_hosts"), server.known_host("ed25519")).unwrap();
    assert_eq!(values(&world.render(request, Policy::Allow).unwrap()), ["\"sub\""]);
}
