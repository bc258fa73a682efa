//! What a build knows beside the objects: where each field was written, and how the program uses it.

use gitops::render::kustomize::{Options, render};
use gitops::render::origin::Step;
use gitops::source::tree::RepoPath;

use super::oracle::Case;
use crate::git_server::repository::Repo;

/// Every field has the file and line of whoever wrote it last.
#[test]
fn fields_have_the_place_of_their_last_writer() {
    let case = Case::named("origins")
        .with("base/kustomization.yaml", "resources: [web.yaml]\nnamePrefix: shop-\n")
        .with(
            "base/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: web\n        command: [run]\n",
        )
        .with(
            "app/kustomization.yaml",
            "resources: [../base]\nnamespace: prod\nlabels:\n- pairs:\n    team: shop\nimages:\n- name: web\n  newTag: v2\npatches:\n- path: patch.yaml\n- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/paused\n      value: true\n    - op: add\n      path: /spec/revisionHistoryLimit\n      value: 3\nconfigMapGenerator:\n- name: settings\n  literals:\n  - color=blue\n  files: [motd.txt]\n  envs: [vars.env]\n",
        )
        .with(
            "app/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  minReadySeconds: 5\n  template:\n    spec:\n      containers:\n      - name: web\n        command: [serve]\n",
        )
        .with("app/motd.txt", "hello\n")
        .with("app/vars.env", "# a comment\nSIZE=3\n");
    let manifests = render(&case.tree(), &RepoPath::root().join("app").unwrap(), Options::default()).unwrap();
    let find = |kind: &str| manifests.items.iter().find(|item| item.gvk.kind == kind).unwrap();
    let place = |kind: &str, path: &[Step<'_>]| {
        let (file, line) =
            find(kind).origin.place(path.iter().copied()).unwrap_or_else(|| panic!("{path:?}"));
        format!("{file}:{line}")
    };
    let key = Step::Key;
    let container =
        |field| [key("spec"), key("template"), key("spec"), key("containers"), Step::Index(0), key(field)];
    let table: &[(&str, &[Step<'_>], &str)] = &[
        ("Deployment", &[key("spec"), key("replicas")], "base/web.yaml:6"),
        ("Deployment", &[key("metadata"), key("name")], "base/kustomization.yaml:2"),
        ("Deployment", &[key("metadata"), key("namespace")], "app/kustomization.yaml:2"),
        ("Deployment", &[key("metadata"), key("labels"), key("team")], "app/kustomization.yaml:5"),
        ("Deployment", &container("image"), "app/kustomization.yaml:8"),
        ("Deployment", &container("command"), "app/patch.yaml:11"),
        ("Deployment", &[key("spec"), key("minReadySeconds")], "app/patch.yaml:6"),
        ("Deployment", &[key("spec"), key("paused")], "app/kustomization.yaml:13"),
        ("Deployment", &[key("spec"), key("revisionHistoryLimit")], "app/kustomization.yaml:16"),
        ("ConfigMap", &[key("data"), key("color")], "app/kustomization.yaml:22"),
        ("ConfigMap", &[key("data"), key("motd.txt")], "app/motd.txt:1"),
        ("ConfigMap", &[key("data"), key("SIZE")], "app/vars.env:2"),
    ];
    for (kind, path, expected) in table {
        assert_eq!(place(kind, path), *expected, "{kind} {path:?}");
    }
    assert_eq!((&*find("Deployment").origin.file, find("Deployment").origin.line), ("base/web.yaml", 1));
}

/// A commit is built from the object database, the working tree as it is now; links and directories are those of each.
#[test]
fn commits_and_working_trees_are_built_alike() {
    let repo = Repo::with_files(&[
        ("base/kustomization.yaml", "resources: [service.yaml]"),
        ("base/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: shop}\n"),
        ("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: committed-\n"),
    ]);
    repo.write("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: edited-\n");
    let name = |reference: Option<&str>| {
        let mut request = gitops::source::Request::new(repo.path().to_str().unwrap());
        request.reference = reference.map(str::to_owned);
        request.path = Some("prod".to_owned());
        let snapshot = gitops::source::open(&request).unwrap();
        let manifests = gitops::render::render(snapshot.tree.as_ref(), &snapshot.prefix).unwrap();
        manifests.items.iter().map(|item| item.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(name(Some("HEAD")), ["committed-shop"]);
    assert_eq!(name(None), ["edited-shop"]);
}
