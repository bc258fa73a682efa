//! Paths and links that lead out of the source, and files that nobody can parse: what stands in them is not shown.

#![expect(clippy::disallowed_methods, reason = "makes links")]

use super::CANARY;
use crate::git_server::repository::Repo;
use crate::support::program::Source;
use crate::support::sealed::Sealed;

/// A manifest that holds the canary in the open.
fn manifest() -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{k: {CANARY}}}\n",
        CANARY.to_lowercase()
    )
}

const GOOD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n";

/// All commands and formats that need no server.
fn everything<'a>(source: &'a str, more: &[&'a str]) -> Vec<Vec<&'a str>> {
    let commands: [&[&str]; 4] = [
        &["render", source, "-v", "-v"],
        &["render", source, "-o", "json"],
        &["diff", source, "--live", "live.json", "-v", "-v"],
        &["diff", source, "--live", "live.json", "-o", "json"],
    ];
    commands.iter().map(|command| [command, more].concat()).collect()
}

/// A home with an empty cluster in `live.json`.
fn home() -> Sealed {
    let sealed = Sealed::new();
    let empty = r#"{"apiVersion":"v1","kind":"List","items":[]}"#;
    std::fs::write(sealed.home().join("live.json"), empty).expect("the home can be written");
    sealed
}

#[test]
fn sec_01_and_02_paths_out_of_the_source_show_nothing_of_what_is_there() {
    let world = Source::files(&[
        ("outside/secret.yaml", &manifest()),
        ("outside/broken.yaml", &format!("a: [{CANARY}\n")),
        ("source/app/good.yaml", GOOD),
    ]);
    let (source, outside) = (world.file("source"), world.file("outside"));
    let source = source.to_str().expect("a path is text");
    let outside = outside.to_str().expect("a path is text");
    let sealed = home();
    let url = format!("file://{outside}");
    let backwards = format!("{outside}/../outside");
    let spellings = [
        outside,
        &url,
        &backwards,
        "../outside",
        "app/../../outside",
        "./../outside",
        "app/../../outside/secret.yaml",
        "..\\outside",
        "..%2foutside",
        "app//..//..//outside",
        "C:\\outside",
        "../outside/broken.yaml",
        "..",
        "/",
        "~/../..",
    ];
    for path in spellings {
        for args in everything(source, &["--path", path]) {
            let run = sealed.run(&args);
            assert_eq!(run.code, 2, "{path}: {run:?}");
            assert!(run.stderr.starts_with("error: ") && run.stdout.is_empty(), "{path}: {run:?}");
            run.assert_hides(CANARY);
            run.assert_hides(&CANARY.to_lowercase());
        }
    }
    assert_eq!(sealed.run(&["render", source, "--path", "app"]).code, 0, "the source itself is good");
}

#[test]
fn sec_02_and_03_links_out_of_the_source_show_nothing_of_what_is_there() {
    let targets = [
        "../outside/secret.yaml",
        "../outside/broken.yaml",
        "../outside",
        "app/../../outside/secret.yaml",
        "gone.yaml",
        "/proc/self/environ",
        "app/one.yaml",
        "link.yaml",
    ];
    for target in targets {
        let world = Source::files(&[
            ("outside/secret.yaml", &manifest()),
            ("outside/broken.yaml", &format!("a: [{CANARY}\n")),
            ("source/app/good.yaml", GOOD),
        ]);
        let link = |target: &str, name: &str| {
            std::os::unix::fs::symlink(target, world.file("source").join(name)).expect("a link can be made");
        };
        link(target, "link.yaml");
        // A chain that leaves with its last link.
        link("two.yaml", "app/one.yaml");
        link("../three.yaml", "app/two.yaml");
        link("../outside/secret.yaml", "three.yaml");
        let source = world.file("source");
        let sealed = home().variable("SECRET", CANARY);
        for args in everything(source.to_str().expect("a path is text"), &[]) {
            let run = sealed.run(&args);
            assert_eq!(run.code, 2, "{target}: {run:?}");
            assert!(run.stdout.is_empty() && run.stderr.contains("link.yaml"), "{target}: {run:?}");
            run.assert_hides(CANARY);
            run.assert_hides(&CANARY.to_lowercase());
        }
    }
}

#[test]
fn sec_13_a_secret_that_cannot_be_parsed_is_named_by_place_alone() {
    let head = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
    let broken = [
        format!("{head}data:\n  a: \"{CANARY}\n"),
        format!("{head}data:\n  a: [{CANARY}\n"),
        format!("{head}data:\n  a: {CANARY}: b\n"),
        format!("{head}data:\n  a: *{CANARY}\n"),
        format!("{head}data:\n  a: !{CANARY} x\n"),
        format!("{head}data:\n\ta: {CANARY}\n"),
        format!("{head}data:\n  a: '{CANARY}' {CANARY}\n"),
        format!("{head}data:\n  a: \"{CANARY}\\q\"\n"),
        format!("{head}data:\n  a: {CANARY}\n b: x\n"),
        format!("{head}data:\n  <<: {CANARY}\n"),
        format!("{head}data:\n  a: @{CANARY}\n"),
        format!("{head}stringData:\n  a: {CANARY}\u{0}\n"),
        format!("{{\"kind\": \"Secret\", \"data\": {{\"a\": \"{CANARY}\"\n"),
        format!("{head}data: {{a: {CANARY}}}\n---\nnone: of {CANARY}\n"),
        format!("{CANARY}\n"),
        format!("- {CANARY}\n"),
    ];
    for text in broken {
        let source = Source::files(&[("app/secret.yaml", &text)]);
        let sealed = home();
        for args in everything(source.path(), &[]) {
            let run = sealed.run(&args);
            assert_eq!(run.code, 2, "{text:?}: {run:?}");
            assert!(run.stderr.contains("app/secret.yaml:"), "it names the line: {run:?}");
            run.assert_hides(CANARY);
        }
        let stream = sealed.run_with(&["render", "-", "-v", "-v"], text.as_bytes());
        assert_eq!(stream.code, 2, "{text:?}: {stream:?}");
        stream.assert_hides(CANARY);
    }
}

#[test]
fn sec_39_a_kubeconfig_of_the_repository_is_refused() {
    let sealed = Sealed::new();
    let ran = sealed.home().join("ran");
    let config = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\nusers:\n- name: u\n  user: {{exec: {{apiVersion: \
         client.authentication.k8s.io/v1, command: /usr/bin/touch, args: ['{}'], interactiveMode: Never}}}}\n",
        ran.display()
    );
    let repo =
        Repo::with_files(&[("app/good.yaml", GOOD), (".kube/config", &config), ("app/deep/config", &config)]);
    let source = repo.path();
    let source = source.to_str().expect("a path is text");
    for command in ["diff", "snapshot"] {
        for file in [".kube/config", "app/deep/config"] {
            let named = sealed.run(&[command, source, "--kubeconfig", &repo.at(file)]);
            assert_eq!(named.code, 2, "{named:?}");
            assert!(named.stderr.contains("inside the source"), "{named:?}");
            let exported = Sealed::with_cluster(repo.at(file).as_ref()).run(&[command, source]);
            assert_eq!(exported.code, 2, "{exported:?}");
            assert!(exported.stderr.contains("inside the source"), "{exported:?}");
        }
        // As a revision, it is the same directory.
        let revision =
            sealed.run(&[command, source, "--ref", "main", "--kubeconfig", &repo.at(".kube/config")]);
        assert!(revision.code == 2 && revision.stderr.contains("inside the source"), "{revision:?}");
    }
    assert!(!ran.exists(), "the program that the repository named was run");
    // Outside, the same file is the user's own choice, and its program runs.
    let own = sealed.home().join("config");
    std::fs::write(&own, &config).expect("the home can be written");
    let run =
        sealed.run(&["diff", source, "--path", "app", "--kubeconfig", own.to_str().expect("a path is text")]);
    assert!(run.code == 2 && ran.exists(), "the test can tell whether it ran: {run:?}");
}
