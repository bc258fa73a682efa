//! Kustomizations that mean harm: nothing outside the source is read, nothing is fetched, nothing is executed, and all ends soon.

use std::time::{Duration, Instant};

use gitops::render::kustomize::{Options, render};
use gitops::render::{Notice, RenderError};
use gitops::source::tree::{MemoryTree, RepoPath};

const CANARY: &str = "canary-0f9e";

fn refused(tree: &MemoryTree, path: &str) -> Notice {
    let place = RepoPath::root().join(path).unwrap();
    match render(tree, &place, Options::default()) {
        Err(RenderError::Problems(problems)) => problems.into_iter().next().unwrap(),
        other => panic!("expected a problem, got {other:?}"),
    }
}

/// A tree in which `app` refers to a file beside it that holds the canary.
fn tree(kustomization: &str) -> MemoryTree {
    MemoryTree::default()
        .with_file("app/kustomization.yaml", kustomization)
        .with_file("app/inner/keep.yaml", "a: b")
        .with_file("app/own.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: own}\n")
        .with_file(
            "secret.yaml",
            format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{x: {CANARY}}}\n"),
        )
        .with_file("secret.env", format!("X={CANARY}\n"))
}

/// Every field that names a file, with a path that leaves the directory of the kustomization.
const FIELDS: &[&str] = &[
    "resources: [PATH]",
    "bases: [PATH]",
    "components: [PATH]",
    "crds: [PATH]",
    "configurations: [PATH]",
    "generators: [PATH]",
    "transformers: [PATH]",
    "validators: [PATH]",
    "openapi: {path: PATH}",
    "patches: [{path: PATH}]",
    "patchesStrategicMerge: [PATH]",
    "patchesJson6902: [{path: PATH, target: {version: v1, kind: Service, name: own}}]",
    "replacements: [{path: PATH}]",
    "configMapGenerator: [{name: a, files: [PATH]}]",
    "configMapGenerator: [{name: a, files: [\"key=PATH\"]}]",
    "configMapGenerator: [{name: a, envs: [PATH]}]",
    "secretGenerator: [{name: a, env: PATH}]",
    "transformers: [\"{apiVersion: builtin, kind: PatchTransformer, metadata: {name: p}, path: PATH}\"]",
    "transformers: [\"{apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: p}, targetFilePath: PATH}\"]",
    "generators: [\"{apiVersion: builtin, kind: SecretGenerator, metadata: {name: p}, files: [PATH]}\"]",
];

const PATHS: &[&str] = &[
    "../secret.yaml",
    "./../secret.yaml",
    "inner/../../secret.yaml",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "..\\\\secret.yaml",
    "c:/secret.yaml",
    "link.yaml",
    "out.yaml",
    "loop.yaml",
    "dir/secret.yaml",
];

#[test]
fn sec_01_to_06_and_08_and_14_no_field_leaves_the_directory() {
    for field in FIELDS {
        for path in PATHS {
            let yaml = format!("{}\n", field.replace("PATH", path));
            let tree = tree(&yaml)
                .with_link("app/link.yaml", "../secret.yaml")
                .with_link("app/out.yaml", "/etc/passwd")
                .with_link("app/loop.yaml", "loop.yaml")
                .with_link("app/dir", "..");
            let problem = refused(&tree, "app");
            let text = format!("{problem} {:?}", problem.hint);
            assert!(!text.contains(CANARY), "{field} {path}: {text}");
            assert_eq!(problem.file, "app/kustomization.yaml", "{field} {path}: {text}");
            assert!(problem.line > 0, "{field} {path}: {text}");
        }
    }
    // Links inside the directory work.
    let tree = tree("resources: [link.yaml]\n").with_link("app/link.yaml", "own.yaml");
    let place = RepoPath::root().join("app").unwrap();
    assert_eq!(render(&tree, &place, Options::default()).unwrap().items.len(), 1);
}

#[test]
fn sec_09_cycles_and_long_chains_end() {
    let start = Instant::now();
    let cycle = MemoryTree::default()
        .with_file("a/kustomization.yaml", "resources: [../b]")
        .with_file("b/kustomization.yaml", "components: [../c]")
        .with_file("c/kustomization.yaml", "kind: Component\nresources: [../a]");
    assert!(refused(&cycle, "a").message.contains("cycle"));
    let own = MemoryTree::default().with_file("a/kustomization.yaml", "resources: [../a]");
    assert!(refused(&own, "a").message.contains("cycle"));
    let mut chain = MemoryTree::default();
    for level in 0..10_000 {
        chain = chain
            .with_file(&format!("d{level}/kustomization.yaml"), format!("resources: [../d{}]", level + 1));
    }
    assert!(refused(&chain, "d0").message.contains("more than 64"));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn sec_40_and_45_and_38_nothing_is_fetched_or_executed() {
    let plugin = |annotation: &str| {
        format!(
            "transformers:\n- |-\n  apiVersion: example.org/v1\n  kind: $(touch x)\n  metadata:\n    name: p\n    annotations:\n      config.kubernetes.io/function: |\n        {annotation}\n"
        )
    };
    let table = [
        ("resources: [\"https://169.254.169.254/latest\"]".to_owned(), "names no repository", "the form is"),
        ("resources: [\"https://169.254.169.254/latest/a\"]".to_owned(), "is remote", "--allow-remote"),
        (
            "resources: [\"http://127.0.0.1:1/x.yaml\"]".to_owned(),
            "is a file of a web server, and only directories of git repositories are fetched",
            "copy the file",
        ),
        ("resources: [\"s3::https://example.org/a/b\"]".to_owned(), "has the scheme \"s3\"", "the form is"),
        ("resources: [\"oci://example.org/a\"]".to_owned(), "has the scheme \"oci\"", "the form is"),
        ("resources: [\"git::https://example.org/a/b\"]".to_owned(), "is remote", "--allow-remote"),
        ("bases: [\"file:///etc\"]".to_owned(), "is remote", "--allow-remote"),
        ("generators: [\"https://example.org/a/b\"]".to_owned(), "is remote", "--allow-remote"),
        ("resources: [\"git@example.org:a/b\"]".to_owned(), "is remote", "--allow-remote"),
        ("resources: [\"github.com/a/b?ref=main\"]".to_owned(), "is remote", "--allow-remote"),
        ("components: [\"ssh://git@example.org/a//b?ref=v1\"]".to_owned(), "is remote", "--allow-remote"),
        ("patches: [{path: \"https://example.org/p.yaml\"}]".to_owned(), "is remote", "copy the file"),
        (
            "configMapGenerator: [{name: a, files: [\"https://example.org/p\"]}]".to_owned(),
            "is remote",
            "copy the file",
        ),
        ("openapi: {path: \"https://example.org/p\"}".to_owned(), "is remote", "copy the file"),
        ("crds: [\"git@example.org:a/b\"]".to_owned(), "names a repository, and a file", "copy the file"),
        (
            "helmCharts: [{name: a, repo: \"https://example.org\"}]".to_owned(),
            "helmCharts are not supported",
            "helm template",
        ),
        (
            "helmChartInflationGenerator: [{chartName: a}]".to_owned(),
            "helmCharts are not supported",
            "helm template",
        ),
        (plugin("exec: {path: /bin/sh}"), "an exec function", "built-in"),
        (plugin("container: {image: evil}"), "a container function", "built-in"),
        (plugin("starlark: {path: x.star}"), "a starlark function", "built-in"),
        (
            "generators: [\"{apiVersion: someteam.example.com/v1, kind: Go, metadata: {name: p}}\"]"
                .to_owned(),
            "a plugin of its own",
            "built-in",
        ),
    ];
    for (kustomization, message, hint) in table {
        let problem = refused(&tree(&kustomization), "app");
        assert!(problem.message.contains(message), "{kustomization}: {problem}");
        assert!(
            problem.hint.as_deref().is_some_and(|text| text.contains(hint)),
            "{kustomization}: {problem:?}"
        );
        assert_eq!(problem.file, "app/kustomization.yaml");
        assert!(problem.line > 0, "{kustomization}: {problem:?}");
    }
}

#[test]
fn sec_47_and_48_bombs_are_refused_soon() {
    let mut lol = String::from(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n",
    );
    for level in 1..10 {
        let below = vec![format!("*x{}", level - 1); 9].join(", ");
        lol.push_str(&format!("x{level}: &x{level} [{below}]\n"));
    }
    let deep = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\nx: {}\n", "[".repeat(10_000));
    let anchors: String = (0..100_000).map(|number| format!("k{number}: &a{number} x\n")).collect();
    let anchors = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n{anchors}");
    for (name, text) in [("lol", lol), ("deep", deep), ("anchors", anchors)] {
        for kustomization in ["resources: [own.yaml]", "resources: []\npatches: [{path: own.yaml}]"] {
            let start = Instant::now();
            let tree = tree(kustomization).with_file("app/own.yaml", text.clone());
            let problem = refused(&tree, "app");
            assert!(!problem.message.contains("lol, lol"), "{name}: {problem}");
            assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
        }
    }
    let problem = refused(&tree(&format!("x: &a [{}]\ny: [*a, *a]\nnamePrefix: [", "a,".repeat(10))), "app");
    assert_eq!(problem.file, "app/kustomization.yaml");
}

#[test]
fn sec_13_and_52_and_54_broken_files_are_named_without_their_content() {
    let broken = [
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{x: {CANARY}, y: \"{CANARY}}}\n"
        ),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nx: !!int {CANARY}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nx: *{CANARY}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nx: !{CANARY} a\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nx: {{a: {CANARY}, a: {CANARY}}}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n--- {CANARY}\n"),
    ];
    for text in broken {
        let tree = tree("resources: [own.yaml]").with_file("app/own.yaml", text.clone());
        let problem = refused(&tree, "app");
        assert_eq!(problem.file, "app/own.yaml", "{text}");
        assert!(problem.line >= 4, "{problem}");
        assert!(!problem.to_string().contains(CANARY), "{problem}");
    }
    for text in [
        format!("secretGenerator: [{{name: s, literals: [{CANARY}]}}]"),
        format!("secretGenerator: [{{name: s, literals: [\"={CANARY}\"]}}]"),
    ] {
        let problem = refused(&tree(&text), "app");
        assert!(!problem.to_string().contains(CANARY), "{problem}");
    }
}
