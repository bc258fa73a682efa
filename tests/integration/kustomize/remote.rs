//! Bases in other repositories: read as kustomize reads their URLs, built as it builds them, pinned, and held to the rules.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use gitops::render::kustomize::reference::{Named, named};
use serde_json::Value;

use super::oracle::{Case, program, theirs_with_git};
use crate::git_server::repository::Repo;
use crate::support::sealed::Sealed;

/// Texts as kustomizations name bases.
const TEXTS: &[&str] = &[
    "https://github.com/org/repo",
    "https://github.com/org/repo?ref=v1",
    "https://github.com/org/repo/a/b?ref=v1",
    "https://github.com/org/repo//a/b?ref=v1",
    "https://github.com/org/repo.git/a/b",
    "https://github.com/org/repo.git//a?version=v2",
    "https://github.com/org/repo?version=v2&ref=v1",
    "https://github.com/org/repo?ref=&version=v2",
    "https://github.com/org/repo?ref=a%2Fb+c",
    "https://github.com/org/repo?timeout=90&submodules=false&ref=x",
    "https://github.com/org/repo?submodules=0",
    "https://github.com/org/repo?token=x",
    "HTTPS://GITHUB.COM/org/repo",
    "http://github.com/org/repo",
    "ssh://github.com/org/repo",
    "ssh://git@github.com/org/repo.git//x",
    "https://git@github.com/org/repo",
    "git@github.com:org/repo",
    "git@github.com:org/repo.git//x/y?ref=z",
    "git@github.com/org/repo",
    "github.com/org/repo",
    "github.com:org/repo/x",
    "GitHub.com/org/repo//x",
    "git::https://github.com/org/repo",
    "git::git@github.com:org/repo",
    "https://gitlab.example/org/repo/x",
    "https://gitlab.example/org/group/repo//x",
    "https://gitlab.example/org/group/repo.git/x",
    "https://gitlab.example:8443/org/repo",
    "ssh://git@gitlab.example:2222/org/repo.git//x",
    "git@gitlab.example:org/group/repo.git//x",
    "git@gitlab.example:org/repo/x/y",
    "user-1@gitlab.example:org/repo",
    "https://dev.azure.example/org/project/_git/repo/x/y?ref=v1",
    "https://user@dev.azure.example/org/project/_git/repo",
    "https://example.org/repo.git",
    "https://example.org/a.gitops/repo/x",
    "file:///srv/repo",
    "file:///srv/repo//x?ref=main",
    "file:///srv/repo.git/x",
    "https://example.org/org/repo//../x",
    "https://example.org/org/repo//a/../../x",
    "https://example.org/org",
    "https://example.org",
    "https://",
    "https:///org/repo",
    "gitlab.example/org/repo//x?ref=v1",
    "gitlab.example:org/repo",
    "a@b/c/d",
    "a_b@c:d/e",
    "../x",
    "x/y",
    "./github.com/org/repo",
    "git://example.org/org/repo",
    "s3::https://example.org/org/repo",
    "oci://example.org/org/repo",
];

/// What kustomize gives to git for a text: URL and revision, or nothing if it takes the text for a path or refuses it. A program
/// in the place of git writes down what it is asked, and the proxy for web servers is a closed port of this machine.
fn asked_of_git(oracle: &Path, text: &str) -> Option<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    let (bin, log) = (dir.path().join("bin"), dir.path().join("log"));
    std::fs::create_dir(&bin).unwrap();
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = fetch ]; then printf '%s\\n%s\\n' \"$3\" \"$4\" > '{}'; fi\n",
        log.display()
    );
    crate::support::scripts::script(&bin.join("git"), &script);
    let kustomization = format!("resources: [{}]\n", Value::from(text));
    std::fs::write(dir.path().join("kustomization.yaml"), kustomization).unwrap();
    let output = Command::new(oracle)
        .args(["build", "."])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", &bin)
        .env("HOME", dir.path())
        .env("TMPDIR", dir.path())
        .envs(["HTTPS_PROXY", "HTTP_PROXY"].map(|name| (name, "http://127.0.0.1:1")))
        .output()
        .unwrap();
    assert!(!output.status.success(), "there is nothing to build at {text}");
    let written = std::fs::read_to_string(log).ok()?;
    let (url, revision) = written.trim_end_matches('\n').split_once('\n').unwrap();
    Some((url.to_owned(), revision.to_owned()))
}

#[test]
fn urls_are_read_as_kustomize_reads_them() {
    let Some(oracle) = program() else { return };
    let mut wrong = Vec::new();
    let mut repositories = 0;
    for text in TEXTS {
        let theirs = asked_of_git(&oracle, text);
        let ours = match named(text) {
            Named::Repository(reference) => {
                Some((reference.repository, reference.revision.unwrap_or_else(|| "HEAD".to_owned())))
            }
            Named::Local | Named::Refused(..) => None,
        };
        repositories += usize::from(theirs.is_some());
        if ours != theirs {
            wrong.push(format!("{text}: kustomize {theirs:?}, we {ours:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(repositories > 35, "kustomize takes only {repositories} texts for repositories");
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";

/// Two repositories, of which the first names the second.
fn repositories() -> (Repo, Repo) {
    let second = Repo::with_files(&[
        ("kustomization.yaml", "resources: [leaf]\nnameSuffix: -top\n"),
        ("leaf/kustomization.yaml", "configMapGenerator: [{name: leaf, files: [data.txt]}]\n"),
        ("leaf/data.txt", "one\n"),
        (
            "part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: part-\n",
        ),
        ("plugins/kustomization.yaml", "resources: [label.yaml]\n"),
        (
            "plugins/label.yaml",
            "apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: l}\nlabels: {a: b}\nfieldSpecs: [{path: metadata/labels, create: true}]\n",
        ),
    ]);
    second.git(&["tag", "v1"]);
    second.commit_files(&[("leaf/data.txt", "two\n")], "second");
    second.git(&["branch", "feature/x"]);
    let at = format!("file://{}", second.path().display());
    let above = |reference: &str| format!("resources: [\"{at}{reference}\"]\n");
    second.commit_files(
        &[("up/kustomization.yaml", &above("")), ("fixed/kustomization.yaml", &above("?ref=main"))],
        "the top from below",
    );
    let first = Repo::with_files(&[
        ("app/kustomization.yaml", "resources: [web.yaml, ../other]\nnamePrefix: app-\n"),
        ("app/web.yaml", SERVICE),
        ("other/kustomization.yaml", "configMapGenerator: [{name: other, literals: [a=b]}]\n"),
        (
            "far/kustomization.yaml",
            &format!("resources: [\"{at}//leaf?ref=v1\", \"{at}\"]\nlabels: [{{pairs: {{far: \"1\"}}}}]\n"),
        ),
        ("out/kustomization.yaml", "resources: [../../x]\n"),
        ("file/kustomization.yaml", "resources: [../app/web.yaml]\n"),
        ("self/kustomization.yaml", "resources: [\"file://ONE//self\"]\n"),
        ("link/kustomization.yaml", "resources: [inner.yaml]\n"),
        ("broken/kustomization.yaml", "resourcs: []\n"),
    ]);
    std::os::unix::fs::symlink("../app/web.yaml", first.path().join("link/inner.yaml")).unwrap();
    std::os::unix::fs::symlink("app", first.path().join("alias")).unwrap();
    let own = format!("resources: [\"file://{}//self\"]\n", first.path().display());
    first.commit_files(&[("self/kustomization.yaml", &own)], "links");
    (first, second)
}

/// Kustomizations over `ONE` and `TWO`, and whether kustomize builds them.
const OVERLAYS: &[(&str, bool)] = &[
    ("resources: [\"file://ONE//app\"]\n", true),
    ("resources: [\"file://ONE//app?ref=main\"]\nnamespace: shop\n", true),
    ("bases: [\"file://ONE//app/\"]\n", true),
    ("resources: [\"file://ONE//./other/../app\"]\n", true),
    ("resources: [\"file://ONE//alias\"]\n", true),
    ("resources: [\"file://TWO\"]\n", true),
    ("resources: [\"file://TWO?ref=v1\"]\nbuildMetadata: [originAnnotations]\n", true),
    ("resources: [\"file://TWO//leaf?ref=v1\"]\nnameSuffix: -s\n", true),
    ("resources: [\"file://TWO//leaf?ref=v1\", \"file://TWO//leaf?ref=feature/x\"]\n", false),
    ("resources: [\"file://TWO//leaf?version=v1&timeout=20s&submodules=false\"]\n", true),
    ("resources: [\"file://TWO//leaf?ref=feature%2Fx\"]\n", true),
    ("resources: [\"file://TWO//leaf\", \"file://TWO//leaf\"]\n", false),
    ("resources: [\"file://ONE//far\"]\n", true),
    (
        "resources: [\"file://ONE//far\"]\nbuildMetadata: [originAnnotations, transformerAnnotations]\nnamePrefix: z-\n",
        true,
    ),
    ("resources: [\"file://ONE//app\"]\ncomponents: [\"file://TWO//part?ref=v1\"]\n", true),
    ("resources: [\"file://TWO//part\"]\n", false),
    ("components: [\"file://TWO//leaf\"]\n", false),
    ("resources: [\"file://ONE//app\"]\ntransformers: [\"file://TWO//plugins\"]\n", true),
    (
        "resources: [\"file://ONE//app\"]\ntransformers: [\"file://TWO//plugins\"]\nbuildMetadata: [transformerAnnotations]\n",
        true,
    ),
    ("resources: [\"file://ONE//app\"]\nvalidators: [\"file://TWO//plugins\"]\n", false),
    (
        "resources: [\"file://ONE//app\"]\npatches: [{patch: '[{\"op\": \"add\", \"path\": \"/spec/x\", \"value\": 1}]', target: {kind: Service}}]\n",
        true,
    ),
    ("resources: [\"file://TWO//up\"]\n", false),
    ("resources: [\"file://TWO//fixed?ref=main\"]\n", true),
    ("resources: [\"file://ONE//out\"]\n", false),
    ("resources: [\"file://ONE//file\"]\n", false),
    ("resources: [\"file://ONE//link\"]\n", false),
    ("resources: [\"file://ONE//self\"]\n", false),
    ("resources: [\"file://ONE//broken\"]\n", false),
    ("resources: [\"file://ONE//app/web.yaml\"]\n", false),
    ("resources: [\"file://ONE//missing\"]\n", false),
    ("resources: [\"file://ONE//app?ref=missing\"]\n", false),
    ("resources: [\"file://ONE/missing//app\"]\n", false),
    ("resources: [\"file://ONE//../x\"]\n", false),
    ("patches: [{path: \"file://ONE//app/web.yaml\"}]\nresources: [\"file://ONE//app\"]\n", false),
];

/// What the program prints for a kustomization in a directory of its own.
fn ours(kustomization: &str, flags: &[&str]) -> Result<Vec<Value>, String> {
    let sealed = Sealed::new();
    std::fs::write(sealed.home().join("kustomization.yaml"), kustomization).unwrap();
    let ended = sealed.run(&[&["render", "-o", "json"], flags].concat());
    match ended.code {
        0 => Ok(ended.report().as_array().unwrap().clone()),
        2 => Err(ended.stderr),
        code => panic!("{kustomization}: exit code {code}: {}", ended.stderr),
    }
}

#[test]
fn bases_of_other_repositories_are_built_as_kustomize_builds_them() {
    let (first, second) = repositories();
    let places: BTreeMap<&str, String> = [("ONE", first.path()), ("TWO", second.path())]
        .map(|(name, path)| (name, path.display().to_string()))
        .into();
    let text = |overlay: &str| overlay.replace("ONE", &places["ONE"]).replace("TWO", &places["TWO"]);
    let cases: Vec<Case> = OVERLAYS
        .iter()
        .map(|(overlay, _)| Case::named(overlay).with("kustomization.yaml", text(overlay)))
        .collect();
    let Some(theirs) = theirs_with_git(&cases) else { return };
    for ((overlay, builds), theirs) in OVERLAYS.iter().zip(theirs) {
        let ours = ours(&text(overlay), &["--allow-remote", "-q"]);
        assert_eq!(theirs.is_ok(), *builds, "{overlay}: kustomize says {theirs:?}");
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => assert_eq!(ours, theirs, "{overlay}"),
            (Err(_), Err(error)) => {
                assert!(
                    error.contains(".yaml:") || error.contains("//missing holds"),
                    "{overlay}: no place: {error}"
                );
            }
            (theirs, ours) => panic!("{overlay}: kustomize says {theirs:?}, we {ours:?}"),
        }
        // Without the flag every one of them is an error that names it.
        let refused = self::ours(&text(overlay), &[]).unwrap_err();
        assert!(refused.contains("--allow-remote") || !builds, "{overlay}: {refused}");
    }
}
