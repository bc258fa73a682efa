//! Rendering of plain directories, through the public interface: what is taken, what is refused, and what errors say.
#![expect(clippy::disallowed_methods, reason = "limits are limits of time too")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use gitops::render::origin::Step;
use gitops::render::plain::{render, render_stream};
use gitops::render::{Manifests, Notice, RenderError};
use gitops::source::tree::{EntryKind, FileTree, MemoryTree, RepoPath, TreeError};
use serde_json::json;

fn object(kind: &str, name: &str) -> String {
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n")
}

fn config(name: &str) -> String {
    object("ConfigMap", name)
}

fn path(text: &str) -> RepoPath {
    RepoPath::root().join(text).unwrap()
}

fn names(manifests: &Manifests) -> Vec<String> {
    let shown = |item: &gitops::render::Manifest| format!("{}:{}", item.origin.file, item.name);
    manifests.items.iter().map(shown).collect()
}

fn problems(result: Result<Manifests, RenderError>) -> Vec<Notice> {
    match result {
        Err(RenderError::Problems(problems)) => problems,
        other => panic!("expected problems, got {other:?}"),
    }
}

fn texts(problems: &[Notice]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn files_are_taken_by_name_and_sorted_by_path() {
    let tree = MemoryTree::default()
        .with_file("b.yml", config("b"))
        .with_file("a/z.yaml", config("z"))
        .with_file(
            "a/nested/deep.json",
            "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"j\"}}",
        )
        .with_file("a.yaml", format!("{}---\n{}", config("a1"), config("a2")))
        .with_file("README.md", "no: manifest")
        .with_file(".hidden.yaml", "no: manifest")
        .with_file(".git/config.yaml", "no: manifest")
        .with_file("gitops.yaml", "apiVersion: gitops/v1\ntargets: []\n")
        .with_file("empty.yaml", "")
        .with_file("comments.yaml", "# nothing\n---\n# here\n");
    let manifests = render(&tree, &RepoPath::root()).unwrap();
    assert_eq!(
        names(&manifests),
        ["a.yaml:a1", "a.yaml:a2", "a/nested/deep.json:j", "a/z.yaml:z", "b.yml:b"]
    );
    assert_eq!(manifests.items[1].origin.line, 6);
    assert_eq!(manifests.items[1].origin.fields.line([Step::Key("metadata"), Step::Key("name")]), Some(9));
    assert_eq!(names(&render(&tree, &path("a/nested")).unwrap()), ["a/nested/deep.json:j"]);
    assert_eq!(names(&render(&tree, &path("b.yml")).unwrap()), ["b.yml:b"]);
}

#[test]
fn many_files_keep_their_order() {
    let tree = (0..200).fold(MemoryTree::default(), |tree, number| {
        tree.with_file(&format!("{number:03}.yaml"), config(&format!("n{number}")))
    });
    let expected: Vec<String> = (0..200).map(|number| format!("{number:03}.yaml:n{number}")).collect();
    for _ in 0..5 {
        assert_eq!(names(&render(&tree, &RepoPath::root()).unwrap()), expected);
    }
}

#[test]
fn links_inside_the_tree_are_followed_once() {
    let tree = MemoryTree::default()
        .with_file("base/web.yaml", config("web"))
        .with_file("prod/own.yaml", config("own"))
        .with_link("prod/base", "../base")
        .with_link("prod/again", "base/../base")
        .with_link("prod/loop", ".")
        .with_link("prod/web.yaml", "../base/web.yaml")
        .with_link("prod/LICENSE", "nowhere");
    let manifests = render(&tree, &path("prod")).unwrap();
    assert_eq!(names(&manifests), ["base/web.yaml:web", "prod/own.yaml:own"]);
    assert_eq!(manifests.warnings.len(), 1);
    assert_eq!(manifests.warnings[0].file, "prod/LICENSE");
}

#[test]
fn sec_03_links_that_leave_the_tree_fail_the_render() {
    for target in ["../../secret.yaml", "/etc/passwd", "../..", "loop.yaml"] {
        let tree = MemoryTree::default().with_file("a.yaml", config("a")).with_link("loop.yaml", target);
        let found = problems(render(&tree, &RepoPath::root()));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].file == "loop.yaml" && found[0].message.contains("link"), "{found:?}");
    }
    let tree = MemoryTree::default().with_file("a.yaml", config("a")).with_link("dir", "../outside");
    assert_eq!(problems(render(&tree, &RepoPath::root()))[0].file, "dir");
}

#[test]
fn other_renderers_are_named_with_the_way_out() {
    let tree = MemoryTree::default()
        .with_file("apps/kustomization.yaml", "resources: []")
        .with_file("apps/deployment.yaml", "{{ not yaml")
        .with_file("chart/Chart.yaml", "name: x")
        .with_file("chart/templates/a.yaml", "{{ not yaml")
        .with_file("json/main.jsonnet", "{}")
        .with_file("plain/a.yaml", config("a"));
    let found = problems(render(&tree, &RepoPath::root()));
    assert_eq!(
        texts(&found),
        [
            "apps/kustomization.yaml: the directory apps is a kustomization, and stands among plain manifests",
            "chart/Chart.yaml: the directory chart needs helm, a renderer that is not there yet",
            "json/main.jsonnet: the directory json needs jsonnet, a renderer that is not there yet",
        ]
    );
    assert_eq!(found[0].hint.as_deref(), Some("render it on its own with --path apps"));
    for problem in &found[1..] {
        let hint = problem.hint.as_deref().unwrap();
        assert_eq!(hint, "choose a directory of plain manifests, for example --path plain");
    }
    assert_eq!(names(&render(&tree, &path("plain")).unwrap()), ["plain/a.yaml:a"]);
    let root = MemoryTree::default().with_file("Chart.yaml", "");
    let found = problems(render(&root, &RepoPath::root()));
    assert!(found[0].hint.as_deref().unwrap().contains("--path DIR"), "{found:?}");
}

#[test]
fn lists_are_flattened_with_the_lines_of_their_items() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\n\
                - apiVersion: v1\n  kind: ConfigMapList\n  items:\n  - metadata: {name: b}\n    data:\n      k: v\n";
    let manifests = render_stream(text.as_bytes()).unwrap();
    assert_eq!(names(&manifests), ["-:a", "-:b"]);
    assert_eq!(manifests.items[0].origin.line, 4);
    assert_eq!(manifests.items[1].origin.line, 11);
    assert_eq!(
        manifests.items[1].object.value(),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"k": "v"}})
    );
    let line = manifests.items[1].origin.fields.line([Step::Key("data"), Step::Key("k")]);
    assert_eq!(line, Some(13));
    let found =
        problems(render_stream(b"apiVersion: v1\nkind: List\nitems:\n- 1\n- apiVersion: v1\n  kind: X\n"));
    assert_eq!(
        texts(&found),
        [
            "-:4: item 1 of the list: no Kubernetes object: found a number, expected a map",
            "-:5: item 2 of the list: metadata is missing"
        ]
    );
}

#[test]
fn sec_31_items_of_lists_are_secrets_by_their_own_kind() {
    let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: canary}}";
    for text in [
        format!("apiVersion: v1\nkind: List\nitems: [{secret}]\n"),
        format!("apiVersion: v1\nkind: List\nitems: [{{apiVersion: v1, kind: List, items: [{secret}]}}]\n"),
        "apiVersion: v1\nkind: SecretList\nitems: [{metadata: {name: s}, stringData: {p: canary}}]\n".to_owned(),
        "{\"apiVersion\":\"v1\",\"kind\":\"SecretList\",\"items\":[{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"canary\"}}]}".to_owned(),
        format!("apiVersion: v1\nkind: ConfigMapList\nitems: [{secret}]\n"),
    ] {
        let tree = MemoryTree::default().with_file("configmap.yaml", text.clone());
        let manifests = render(&tree, &RepoPath::root()).unwrap();
        assert_eq!(manifests.items.len(), 1, "{text}");
        let item = &manifests.items[0];
        assert_eq!(item.gvk, gitops::object::id::Gvk::new("", "v1", "Secret"), "{text}");
        assert_eq!(item.object.value()["kind"], "Secret");
        assert_eq!(item.object.value()["stringData"]["p"], "canary");
    }
}

const CANARY: &str = "hunter2canary";

#[test]
fn sec_13_errors_and_warnings_hold_positions_and_no_values() {
    let head = object("Secret", "s");
    let broken = [
        format!("{head}stringData:\n  p: \"{CANARY}\n"),
        format!("{head}stringData:\n  p: @{CANARY}\n"),
        format!("{head}stringData:\n  p: *{CANARY}\n"),
        format!("{head}stringData:\n  p: !{CANARY} x\n"),
        format!("{head}stringData:\n  p: !!int {CANARY}\n"),
        format!("{head}stringData:\n  p: !!binary {CANARY}*\n"),
        format!("{head}stringData:\n  p: {{{CANARY}: 1, [\n"),
        format!("{head}stringData:\n  p: {CANARY}\n {CANARY}: x\n"),
        format!("{head}stringData:\n  p: {CANARY}\u{1}\n"),
        format!("{head}stringData:\n  p: {CANARY}\n--- {CANARY}\n"),
        format!("{head}stringData:\n  p: x\n...\n{CANARY}\n"),
        format!("{head}stringData:\n  p: |\n  {CANARY}\n\t{CANARY}\n"),
        format!("{head}stringData:\n  p: \"{CANARY}\\q\"\n"),
        format!("{head}stringData:\n  p: [{CANARY}?x]\n"),
        format!("{{\"kind\":\"Secret\",\"stringData\":{{\"p\":\"{CANARY}}}\n"),
        format!("{{\"kind\":\"Secret\",\"stringData\":{{\"p\":\"{CANARY}\\q\"}}}}\n"),
        format!("{{\"kind\":\"Secret\",\"stringData\":{{\"p\":{CANARY}}}}}\n"),
        format!("- {CANARY}\n"),
        format!("{CANARY}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {CANARY}\n"),
        format!("apiVersion: v1\nkind: [{CANARY}]\nmetadata: {{}}\n"),
        format!("apiVersion: {CANARY}/a/b\nkind: Secret\nmetadata: {{}}\n"),
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: [{CANARY}]}}\n"),
        format!("apiVersion: v1\nkind: SecretList\nitems: {CANARY}\n"),
    ];
    for text in broken {
        let found = problems(render_stream(text.as_bytes()));
        assert!(found.iter().all(|problem| problem.line > 0), "{text}\n{found:?}");
        assert!(!format!("{found:?}").contains("hunter2"), "{text}\n{found:?}");
    }
    let surprising = format!("{head}stringData:\n  p: {CANARY}\n  p: {CANARY}2\n  q: yes\n");
    let manifests = render_stream(surprising.as_bytes()).unwrap();
    assert_eq!(manifests.warnings.len(), 2);
    let shown = format!("{:?}", manifests.warnings);
    assert!(!shown.contains("hunter2") && !shown.contains("yes"), "{shown}");
}

#[test]
fn sec_54_duplicate_keys_and_tags_are_reported_with_their_file() {
    let tree = MemoryTree::default().with_file("a.yaml", format!("{}data:\n  k: a\n  k: b\n", config("a")));
    let manifests = render(&tree, &RepoPath::root()).unwrap();
    assert_eq!(manifests.items[0].object.value()["data"]["k"], "b");
    assert_eq!(
        texts(&manifests.warnings),
        ["a.yaml:7:3: duplicate key \"k\": kubectl takes this one and ignores the one at 6:3"]
    );
    let tree = MemoryTree::default().with_file("a.yaml", format!("{}data: !custom {{}}\n", config("a")));
    assert_eq!(texts(&problems(render(&tree, &RepoPath::root()))), ["a.yaml:5:7: unsupported tag"]);
}

/// What hostile input may cost: a second in the program as released, the unoptimised one is slower.
const PATIENCE: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 1 });

/// Fails, and in time.
fn refused(content: impl Into<Vec<u8>>) -> String {
    let content = content.into();
    let start = Instant::now();
    let found = problems(render_stream(&content));
    let took = start.elapsed();
    assert!(took < PATIENCE, "took {took:?}: {found:?}");
    found[0].to_string()
}

#[test]
fn sec_47_expansion_and_depth_are_bounded() {
    let mut bomb = format!("{}data:\n  a0: &a0 [lol]\n", config("a"));
    for level in 1..=9 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        bomb.push_str(&format!("  a{level}: &a{level} [{items}]\n"));
    }
    assert!(refused(bomb).contains("alias"));
    // Many nodes in a document that is mostly its own.
    let filler: String = (0..3_000).map(|number| format!("  k{number}: v\n")).collect();
    let items = vec!["*big"; 4_000].join(", ");
    let wide: String = vec!["x"; 300].join(", ");
    let nodes = format!("{}data:\n{filler}  big: &big [{wide}]\n  all: [{items}]\n", config("a"));
    assert!(refused(nodes).contains("alias"));
    // Many bytes in few nodes.
    let text = "x".repeat(200_000);
    let items = vec!["*big"; 90].join(", ");
    let bytes = format!("{}data:\n  big: &big {text}\n  all: [{items}]\n", config("a"));
    assert!(refused(bytes).contains("alias"));
    // Over several documents of one file.
    let items = vec!["*big"; 30].join(", ");
    let part = format!("{}data:\n  big: &big {text}\n  all: [{items}]\n---\n", config("a"));
    assert!(refused(part.repeat(3)).contains("alias"));
    let anchors: String = (0..100_000).map(|number| format!("  k{number}: &a{number} v\n")).collect();
    assert!(refused(format!("{}data:\n{anchors}", config("a"))).contains("10000 anchors"));
    let deep = format!("{}data: {}", config("a"), "[".repeat(10_000));
    assert!(refused(deep).contains("100 levels"));
    let deep: String = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(refused(deep).contains("100 levels"));
    assert!(refused("{\"a\":".repeat(10_000)).contains("100 levels"));
    let through_aliases: String =
        (1..200).map(|level| format!("  a{level}: &a{level} [*a{}]\n", level - 1)).collect();
    assert!(
        refused(format!("{}data:\n  a0: &a0 [x]\n{through_aliases}", config("a"))).contains("100 levels")
    );
    let merges: String =
        (1..200).map(|level| format!("  a{level}: &a{level} {{<<: *a{}}}\n", level - 1)).collect();
    assert!(refused(format!("{}data:\n  a0: &a0 {{x: y}}\n{merges}", config("a"))).contains("100 levels"));
    let keys: String = (0..600_000).map(|number| format!("  k{number}: v\n")).collect();
    assert!(refused(format!("{}data:\n{keys}", config("a"))).contains("1000000 values"));
    let items = vec!["1"; 1_100_000].join(",");
    assert!(refused(format!("{{\"a\":[{items}]}}")).contains("1000000 values"));
    assert!(refused("x".repeat(50 * 1024 * 1024)).contains("bytes"));
}

#[test]
fn sec_47_repeated_keys_cost_no_square() {
    let keys: String = (0..60_000).map(|number| format!("k{number}: 1\n")).collect();
    let others: String = (0..60_000).map(|number| format!("l{number}: 1\n")).collect();
    let time = |second: &str| {
        let start = Instant::now();
        let found = problems(render_stream(format!("{keys}{second}").as_bytes()));
        assert_eq!(found.len(), 1);
        start.elapsed()
    };
    let (once, twice) = (time(&others), time(&keys));
    assert!(twice < once * 10 + Duration::from_secs(1), "{once:?} without, {twice:?} with repeated keys");
}

#[test]
fn what_is_within_the_limits_is_read() {
    let deep = format!("{}data: {}{}\n", config("a"), "[".repeat(98), "]".repeat(98));
    assert_eq!(render_stream(deep.as_bytes()).unwrap().items.len(), 1);
    let items = vec!["*a"; 5_000].join(", ");
    let own: String = vec!["x"; 5_000].join(", ");
    let aliases = format!("{}data:\n  a: &a x\n  own: [{own}]\n  all: [{items}]\n", config("a"));
    assert_eq!(render_stream(aliases.as_bytes()).unwrap().items.len(), 1);
}

#[test]
fn sec_48_files_objects_and_sums_are_bounded() {
    let value = "x".repeat(2_000_000);
    let object = |count: usize| {
        let fields: String = (0..count).map(|number| format!("  k{number}: {value}\n")).collect();
        format!("{}data:\n{fields}", config("a"))
    };
    assert_eq!(render_stream(object(1).as_bytes()).unwrap().items.len(), 1);
    assert!(refused(object(2)).contains("3145728 bytes"));
    // Long only because of its aliases.
    let text = "x".repeat(100_000);
    let aliased = format!("{}data:\n  a: &a {text}\n  all: [{}]\n", config("a"), vec!["*a"; 40].join(", "));
    assert!(refused(aliased).contains("3145728 bytes"));
    // Long only in JSON: a control character takes six bytes there.
    let escapes = "\\a".repeat(600_000);
    assert!(refused(format!("{}data: {{a: \"{escapes}\"}}\n", config("a"))).contains("3145728 bytes"));
    assert!(refused(vec![b'#'; 17 * 1024 * 1024]).contains("16777216"));
}

/// Twenty files of 15 MiB that are cheap to refuse.
struct HugeTree;

impl FileTree for HugeTree {
    fn entry(&self, path: &RepoPath) -> Result<Option<EntryKind>, TreeError> {
        Ok(Some(if path.is_root() { EntryKind::Directory } else { EntryKind::File }))
    }

    fn list(&self, _: &RepoPath) -> Result<Vec<(String, EntryKind)>, TreeError> {
        Ok((0..20).map(|number| (format!("{number:02}.yaml"), EntryKind::File)).collect())
    }

    fn read(&self, _: &RepoPath) -> Result<Vec<u8>, TreeError> {
        Ok(vec![0xff; 15 * 1024 * 1024])
    }

    fn link(&self, path: &RepoPath) -> Result<String, TreeError> {
        Err(TreeError::NotFound(path.clone()))
    }
}

#[test]
fn sec_48_the_sum_of_all_files_is_bounded() {
    let found = problems(render(&HugeTree, &RepoPath::root()));
    let over: Vec<&Notice> =
        found.iter().filter(|problem| problem.message.contains("268435456 bytes")).collect();
    assert_eq!((found.len(), over.len()), (20, 3), "{found:?}");
}

#[test]
fn flt_50_a_path_that_does_not_exist_is_no_empty_set() {
    let tree = MemoryTree::default().with_file("apps/a.yaml", config("a"));
    assert_eq!(
        texts(&problems(render(&tree, &path("apps/prod")))),
        ["apps/prod: no such file or directory in the source"]
    );
}

#[test]
fn flt_51_nothing_to_render_is_an_error_of_its_own() {
    let empty = |tree: &MemoryTree, place: &str| match render(tree, &path(place)) {
        Err(RenderError::NoManifests { place, files }) => (place, files),
        other => panic!("{other:?}"),
    };
    let tree = MemoryTree::default()
        .with_file("docs/README.md", "x")
        .with_file("comments/a.yaml", "# only\n---\n# comments\n")
        .with_file("list/a.yaml", "apiVersion: v1\nkind: List\nitems: []\n");
    assert_eq!(empty(&tree, "docs"), ("docs".to_owned(), 0));
    assert_eq!(empty(&tree, "comments"), ("comments".to_owned(), 1));
    assert_eq!(empty(&tree, "list"), ("list".to_owned(), 1));
    assert_eq!(empty(&MemoryTree::default(), ""), (".".to_owned(), 0));
    let error = render_stream(b"").unwrap_err();
    assert_eq!(error.to_string(), "no manifests under -: 1 file(s) read");
}

#[test]
fn flt_52_one_bad_file_fails_the_whole_render() {
    let tree = |bad: &str| {
        MemoryTree::default()
            .with_file("a.yaml", config("a"))
            .with_file("b.yaml", bad)
            .with_file("c.yaml", format!("{}---\nx: [\n", config("c")))
            .with_file("d.yaml", config("d"))
    };
    let truncated = config("b").replace("  name: b\n", "");
    let found = problems(render(&tree(&truncated), &RepoPath::root()));
    let files: Vec<&str> = found.iter().map(|problem| problem.file.as_str()).collect();
    assert_eq!(files, ["b.yaml", "c.yaml"]);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
    let found = problems(render(&tree(pointer), &RepoPath::root()));
    assert!(found[0].message.contains("Git LFS pointer"), "{found:?}");
    assert!(found[0].hint.as_deref().unwrap().contains("git lfs pull"));
}

#[test]
fn flt_53_documents_that_are_no_objects_are_named() {
    let table = [
        ("a: 1\n", "-:1:1: no Kubernetes object: apiVersion and kind are missing"),
        ("kind: X\n", "-:1:1: no Kubernetes object: apiVersion is missing"),
        ("apiVersion: v1\n", "-:1:1: no Kubernetes object: kind is missing"),
        ("apiVersion: 1\nkind: X\n", "-:1:1: no Kubernetes object: apiVersion is a number"),
        ("apiVersion: v1\nkind: \"\"\n", "-:1:1: no Kubernetes object: kind is empty"),
        ("apiVersion: a/b/c\nkind: X\n", "-:1:1: apiVersion is neither VERSION nor GROUP/VERSION"),
        ("\n- 1\n", "-:2:1: no Kubernetes object: found a list, expected a map"),
        ("W0101 warning\n", "-:1:1: no Kubernetes object: found a string, expected a map"),
        ("apiVersion: v1\nkind: X\n", "-:1:1: metadata is missing"),
        ("apiVersion: v1\nkind: X\nmetadata: []\n", "-:1:1: metadata is a list, expected a map"),
        ("apiVersion: v1\nkind: X\nmetadata: {}\n", "-:1:1: metadata.name is missing"),
        (
            "apiVersion: v1\nkind: X\nmetadata: {name: 1}\n",
            "-:1:1: metadata.name is a number, expected a string",
        ),
        (
            "apiVersion: v1\nkind: X\nmetadata: {name: a, namespace: 1}\n",
            "-:1:1: metadata.namespace is a number, expected a string",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(texts(&problems(render_stream(text.as_bytes()))), [expected]);
    }
    let all = table.map(|(text, _)| text).join("---\n");
    assert_eq!(problems(render_stream(all.as_bytes())).len(), table.len());
}

#[test]
fn generated_names_and_sops_objects_are_kept() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: j-, namespace: ns}\n---\n\
                apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nsops: {mac: x}\n";
    let manifests = render_stream(text.as_bytes()).unwrap();
    assert_eq!(manifests.items[0].name, "");
    assert_eq!(manifests.items[0].namespace.as_deref(), Some("ns"));
    assert!(manifests.items[1].object.value().get("sops").is_some());
}
