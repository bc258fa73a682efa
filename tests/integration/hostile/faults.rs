//! Sources that are not there, not whole, or not what was meant: an error, never a smaller or an empty set.

#![expect(clippy::disallowed_methods, reason = "moves repositories away")]

use crate::git_server::repository::{Repo, git_in};
use crate::git_server::ssh::{SshServer, key_pair};
use crate::support::program::Source;
use crate::support::sealed::{Ended, Sealed};

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good, namespace: shop}\n";

/// A home with an empty cluster in `live.json`.
fn home() -> Sealed {
    let sealed = Sealed::new();
    let empty = r#"{"apiVersion":"v1","kind":"List","items":[]}"#;
    std::fs::write(sealed.home().join("live.json"), empty).expect("the home can be written");
    sealed
}

/// `diff` against nothing, and `render`, of a source that both refuse with the same words.
fn refused(sealed: &Sealed, args: &[&str], words: &[&str]) {
    for command in [&["diff", "--live", "live.json"][..], &["render"]] {
        let run = sealed.run(&[command, args].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stdout.is_empty() && run.stderr.starts_with("error: "), "{run:?}");
        for word in words {
            assert!(run.stderr.contains(word), "{word}: {run:?}");
        }
    }
}

fn bare(repo: &Repo, options: &[&str]) -> Source {
    let clone = Source::files(&[("keep", "")]);
    let url = format!("file://{}", repo.path().display());
    git_in(clone.file("").as_path(), &[&["clone", "-q"], options, &[&url, "clone"]].concat());
    clone
}

#[test]
fn flt_44_an_unreachable_remote_is_an_error_and_the_cluster_is_left_alone() {
    // A cluster that would be asked for its version at once.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.set_nonblocking(true).expect("a listener need not block");
    let port = listener.local_addr().expect("it has an address").port();
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
    );
    let sealed = Sealed::new();
    std::fs::create_dir(sealed.home().join(".kube")).expect("the home can be written");
    std::fs::write(sealed.home().join(".kube/config"), config).expect("the home can be written");
    let run = sealed.run(&["diff", "https://127.0.0.1:1/shop.git"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stderr.contains("https://127.0.0.1:1/shop.git") && run.stdout.is_empty(), "{run:?}");
    let asked = listener.accept();
    assert!(
        asked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
        "the cluster was asked"
    );
}

#[test]
fn flt_44_offline_takes_the_last_fetched_commit_and_says_so() {
    let repo = Repo::with_files(&[("app/good.yaml", GOOD)]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let sealed = home();
    let key = key_pair(&sealed.home().join(".ssh"), "id_ed25519", "ed25519", "");
    let server = SshServer::start(&["ed25519"], &[&key]);
    std::fs::write(sealed.home().join(".ssh/known_hosts"), server.known_host("ed25519"))
        .expect("it can be written");
    let url = server.url(&repo.at(".git"));
    let never = sealed.run(&["render", &url, "--offline"]);
    assert!(never.code == 2 && never.stderr.contains("without --offline"), "{never:?}");
    let online = sealed.run(&["render", &url]);
    assert_eq!(online.code, 0, "{online:?}");
    drop(server);
    let gone = sealed.run(&["render", &url]);
    assert!(gone.code == 2 && gone.stdout.is_empty() && gone.stderr.contains("hint: --offline"), "{gone:?}");
    let offline = sealed.run(&["render", &url, "--offline"]);
    assert_eq!((offline.code, &offline.stdout), (0, &online.stdout), "{offline:?}");
    assert!(offline.stderr.contains("offline: ") && offline.stderr.contains(&head), "{offline:?}");
    let diff = sealed.run(&["diff", &url, "--live", "live.json", "--offline", "-o", "json"]);
    assert_eq!(diff.report()["source"]["commit"], head, "{diff:?}");
    let denied = sealed.run(&["diff", &url, "--live", "live.json", "--offline", "--deny-warnings"]);
    assert_eq!(denied.code, 2, "{denied:?}");
}

#[test]
fn flt_47_a_base_that_a_shallow_clone_lacks_is_fetched_or_an_error_with_the_depth() {
    let repo = Repo::with_files(&[("app/good.yaml", GOOD)]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    for number in 0..3 {
        repo.commit_files(&[("app/good.yaml", &format!("{GOOD}data: {{n: '{number}'}}\n"))], "more");
    }
    let clone = bare(&repo, &["--depth=1"]);
    let source = clone.file("clone");
    let source = source.to_str().expect("a path is text");
    let sealed = home();
    for args in [
        &["diff", source, "--live", "live.json", "--base", &first][..],
        &["diff", source, "--live", "live.json", "--base", "HEAD~2"],
        &["render", source, "--ref", &first],
    ] {
        let run = sealed.run(args);
        assert_eq!(run.code, 2, "a base that is not there is no empty base: {run:?}");
        assert!(run.stdout.is_empty() && run.stderr.contains("fetch-depth"), "{args:?}: {run:?}");
    }
    let head = sealed.run(&["render", source, "--ref", "HEAD"]);
    assert!(head.code == 0 && head.stdout.contains("'2'") || head.stdout.contains("\"2\""), "{head:?}");
}

#[test]
fn flt_48_the_commit_is_resolved_once_and_reported() {
    let repo = Repo::with_files(&[("app/good.yaml", GOOD)]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    let url = format!("file://{}", repo.path().display());
    let sealed = home();
    let commit = |run: &Ended| run.report()["source"]["commit"].as_str().unwrap_or_default().to_owned();
    let args = ["diff", &url, "--live", "live.json", "--ref", "main", "-o", "json"];
    let before = sealed.run(&args);
    assert_eq!(commit(&before), first, "{before:?}");
    let renamed = GOOD.replace("good", "better");
    let second = repo.commit_files(&[("app/good.yaml", &renamed)], "moved on");
    let after = sealed.run(&args);
    assert_eq!(commit(&after), second);
    assert!(before.stdout.contains("\"good\"") && after.stdout.contains("\"better\""));
    // The commit stays what it was, whatever the branch does.
    repo.git(&["commit", "-q", "--amend", "--allow-empty", "-m", "rewritten"]);
    let pinned = sealed.run(&["diff", &url, "--live", "live.json", "--ref", &first, "-o", "json"]);
    assert_eq!(commit(&pinned), first);
    assert!(pinned.stdout.contains("\"good\""), "{pinned:?}");
}

#[test]
fn flt_50_a_path_that_is_not_there_is_an_error_that_names_near_ones() {
    let repo = Repo::with_files(&[("clusters/prod/good.yaml", GOOD)]);
    let directory = repo.path();
    let directory = directory.to_str().expect("a path is text");
    let url = format!("file://{directory}");
    let sealed = home();
    for source in [&[directory][..], &[&url], &[directory, "--ref", "main"]] {
        let args = [source, &["--path", "clusters/prd"]].concat();
        refused(&sealed, &args, &["clusters/prd", "clusters/prod"]);
    }
    refused(&sealed, &["nowhere"], &["nowhere"]);
}

#[test]
fn flt_51_a_source_without_a_manifest_is_an_error() {
    let sources: [&[(&str, &str)]; 5] = [
        &[("app/README.md", "# nothing\n")],
        &[("app/a.yaml", "# only a comment\n---\n# and another\n")],
        &[("app/a.yaml", "")],
        &[("app/a.yaml", "apiVersion: v1\nkind: List\nitems: []\n")],
        &[("app/.hidden/a.yaml", GOOD), ("gitops.yaml", "apiVersion: gitops/v1\n")],
    ];
    let sealed = home();
    for files in sources {
        let source = Source::files(files);
        refused(&sealed, &[source.path()], &["no manifests"]);
    }
    for input in ["", "---\n---\n", "# nothing\n"] {
        for args in [&["diff", "-", "--live", "live.json"][..], &["render", "-"]] {
            let run = sealed.run_with(args, input.as_bytes());
            assert!(run.code == 2 && run.stderr.contains("no manifests"), "{input:?}: {run:?}");
        }
    }
    // A choice that fits nothing is no proof that all is well either.
    let source = Source::files(&[("a.yaml", GOOD)]);
    refused(&sealed, &[source.path(), "--only", "ConfigMap/god"], &["god"]);
}

#[test]
fn flt_52_one_broken_file_fails_the_whole_source() {
    let broken = [
        "a: [\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a\n",
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\"",
        "apiVersion: v1\nkind: ConfigMap\n",
        "\u{fffd}\u{0}",
    ];
    let sealed = home();
    for text in broken {
        let source = Source::files(&[("a.yaml", GOOD), ("m/broken.yaml", text), ("z.yaml", GOOD)]);
        refused(&sealed, &[source.path()], &["m/broken.yaml"]);
    }
    // A stream that ends early, at every byte within the second document that leaves it no object.
    let second = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: second\n";
    let smallest = second.find("name: s").unwrap_or_default() + "name: s".len();
    for end in "---\na".len()..smallest {
        let text = format!("{GOOD}{}", &second[..end]);
        let run = sealed.run_with(&["diff", "-", "--live", "live.json"], text.as_bytes());
        assert!(run.code == 2 && run.stdout.is_empty(), "{:?}: {run:?}", &second[..end]);
    }
}

#[test]
fn flt_53_documents_that_are_no_objects_are_refused() {
    let sealed = home();
    let foreign = [
        "warning: something is deprecated\n",
        "- a\n- b\n",
        "replicas: 3\nimage: web\n",
        "kind: Values\n",
        "42\n",
    ];
    for text in foreign {
        let source = Source::files(&[("a.yaml", GOOD), ("values.yaml", text)]);
        refused(&sealed, &[source.path()], &["values.yaml:1"]);
        let run = sealed.run_with(&["render", "-"], format!("{GOOD}---\n{text}").as_bytes());
        assert!(run.code == 2 && run.stdout.is_empty(), "{text}: {run:?}");
    }
    // What a renderer says before its manifests: no YAML together with them, or a field that the kind does not have.
    for said in ["level=warning msg=old\n", "Release \"a\" does not exist.\n", "WARNING: old flag: -x\n"] {
        let run = sealed.run_with(&["render", "-"], format!("{said}{GOOD}").as_bytes());
        assert!(run.code == 2 && run.stdout.is_empty(), "{said}: {run:?}");
    }
    let shop = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop.snapshot.json");
    let text = format!("WARNING: old flag\n{GOOD}");
    let run = sealed.run_with(&["diff", "-", "--live", shop], text.as_bytes());
    assert!(run.code == 2 && run.stdout.contains("invalid") && run.stdout.contains("WARNING"), "{run:?}");
}
