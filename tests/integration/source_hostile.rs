//! Repositories that were made to escape, to run programs or to exhaust: local ones.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "fixtures are files and programs, and may fail loudly"
)]

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use gitops::source::tree::{EntryKind, RepoPath, TreeError, resolve};
use gitops::source::{Request, Snapshot, SourceError, open};
use tempfile::TempDir;

use crate::git_server::repository::{Repo, git_in, git_with_input};

fn at(source: &str, reference: Option<&str>) -> Result<Snapshot, SourceError> {
    let mut request = Request::new(source);
    request.reference = reference.map(str::to_owned);
    open(&request)
}

fn path(text: &str) -> RepoPath {
    RepoPath::root().join(text).unwrap()
}

const CANARY: &str = "canary-content";

/// A repository next to a directory with a canary file, and links of every kind.
fn linked_repo() -> (TempDir, Repo) {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret.yaml"), CANARY).unwrap();
    let repo = Repo::with_files(&[("values/staging.yaml", "in: tree\n"), ("envs/prod/x.yaml", "x: 1\n")]);
    let far = outside.path().to_str().unwrap();
    let up = format!("{}{far}/secret.yaml", "../".repeat(20));
    let link = |target: &str, name: &str| symlink(target, repo.path().join(name)).unwrap();
    link(&format!("{far}/secret.yaml"), "absolute.yaml");
    link(&up, "climbing.yaml");
    link("../secret.yaml", "parent.yaml");
    link("/nonexistent/x", "absent.yaml");
    link("/proc/self/environ", "values/prod.yaml");
    link("chain2.yaml", "chain1.yaml");
    link("chain3.yaml", "chain2.yaml");
    link("../outside.yaml", "chain3.yaml");
    link("loop.yaml", "loop.yaml");
    link(far, "directory");
    link("values/staging.yaml", "dev.yaml");
    link("envs/prod", "current");
    repo.commit_files(&[], "links");
    (outside, repo)
}

#[test]
fn sec_01_to_05_links_do_not_leave_the_tree() {
    let (_outside, repo) = linked_repo();
    for reference in [None, Some("HEAD")] {
        let snapshot = at(&repo.at(""), reference).unwrap();
        let escaping = [
            "absolute.yaml",
            "climbing.yaml",
            "parent.yaml",
            "absent.yaml",
            "values/prod.yaml",
            "chain1.yaml",
            "loop.yaml",
            "directory",
            "directory/secret.yaml",
        ];
        for name in escaping {
            let error = resolve(&*snapshot.tree, &path(name)).unwrap_err();
            assert!(matches!(error, TreeError::Link { .. }), "{name} {reference:?}: {error:?}");
            assert!(!error.to_string().contains(CANARY));
            // Without resolving, a link is no file and no directory.
            assert!(snapshot.tree.read(&path(name)).is_err(), "{name}");
            assert!(snapshot.tree.list(&path(name)).is_err(), "{name}");
        }
    }
}

#[test]
fn sec_01_path_flags_do_not_leave_the_source() {
    let (outside, repo) = linked_repo();
    let far = outside.path().to_str().unwrap().to_owned();
    for reference in [None, Some("HEAD")] {
        for chosen in [
            "..",
            "../..",
            "a/../../x",
            &far,
            "directory",
            "file:///etc",
            "c:\\x",
            "a\\..\\..",
            "loop.yaml",
            "absolute.yaml",
        ] {
            let mut request = Request::new(&repo.at(""));
            request.reference = reference.map(str::to_owned);
            request.path = Some(chosen.to_owned());
            let error = open(&request).unwrap_err();
            assert!(
                matches!(error, SourceError::Usage { .. } | SourceError::Tree { .. }),
                "{chosen}: {error:?}"
            );
        }
    }
}

#[test]
fn sec_06_links_inside_the_tree_work() {
    let (_outside, repo) = linked_repo();
    for reference in [None, Some("HEAD")] {
        let snapshot = at(&repo.at(""), reference).unwrap();
        let (found, kind) = resolve(&*snapshot.tree, &path("dev.yaml")).unwrap();
        assert_eq!((found.as_str(), kind), ("values/staging.yaml", EntryKind::File));
        assert_eq!(snapshot.tree.read(&found).unwrap(), b"in: tree\n");
        let (found, _) = resolve(&*snapshot.tree, &path("current/x.yaml")).unwrap();
        assert_eq!(found.as_str(), "envs/prod/x.yaml");
    }
    // From a directory below, a link may reach a sibling inside the repository.
    symlink("../../values/staging.yaml", repo.path().join("envs/prod/up.yaml")).unwrap();
    let snapshot = at(&repo.at("envs/prod"), None).unwrap();
    let (found, _) = resolve(&*snapshot.tree, &snapshot.prefix.child("up.yaml")).unwrap();
    assert_eq!(found.as_str(), "values/staging.yaml");
}

/// Commits a hand-made tree object that holds an entry of this mode and name; returns the commit id.
fn forged(repo: &Repo, mode: &str, name: &[u8], below: Option<&str>) -> String {
    let dir = repo.path();
    let blob = git_with_input(&dir, &["hash-object", "-w", "--stdin"], b"forged: true\n");
    let mut raw = format!("{mode} ").into_bytes();
    raw.extend(name);
    raw.push(0);
    raw.extend((0..20).map(|at| u8::from_str_radix(&blob[at * 2..at * 2 + 2], 16).unwrap()));
    let mut tree = git_with_input(&dir, &["hash-object", "-w", "-t", "tree", "--literally", "--stdin"], &raw);
    if let Some(name) = below {
        tree = git_with_input(&dir, &["mktree"], format!("040000 tree {tree}\t{name}\n").as_bytes());
    }
    repo.git(&["commit-tree", "-m", "forged", &tree])
}

#[test]
fn sec_19_forged_tree_entries_refuse_the_repository() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let names: &[&[u8]] = &[
        b"..",
        b".",
        b".git",
        b".GIT",
        b"git~1",
        b".git ",
        b".git.",
        b"a/b",
        b"../x",
        b".g\xe2\x80\x8cit",
        b"..\\x",
    ];
    for name in names {
        for below in [None, Some("apps")] {
            let commit = forged(&repo, "100644", name, below);
            let error = at(&repo.at(""), Some(&commit)).unwrap_err();
            let shown = String::from_utf8_lossy(name);
            assert!(
                matches!(error, SourceError::Tree { error: TreeError::HostileName { .. }, .. }),
                "{shown} {below:?}: {error:?}"
            );
        }
    }
    let odd_mode = forged(&repo, "110644", b"x", None);
    assert!(matches!(at(&repo.at(""), Some(&odd_mode)), Err(SourceError::Tree { .. })));
    // The forgery itself is read where the name is honest, so that it is the name that is refused.
    let honest = forged(&repo, "100644", b"x.yaml", Some("apps"));
    let snapshot = at(&repo.at(""), Some(&honest)).unwrap();
    assert_eq!(snapshot.tree.read(&path("apps/x.yaml")).unwrap(), b"forged: true\n");
}

#[test]
fn sec_19_trees_that_nest_without_end_are_bounded() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let mut tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    // A "git bomb": 10 names for the same tree on each of 12 levels are 10^12 paths.
    for _ in 0..12 {
        let entries: String = (0..10).map(|name| format!("040000 tree {tree}\td{name}\n")).collect();
        tree = git_with_input(&repo.path(), &["mktree"], entries.as_bytes());
    }
    let commit = repo.git(&["commit-tree", "-m", "bomb", &tree]);
    let start = std::time::Instant::now();
    assert!(at(&repo.at(""), Some(&commit)).is_ok());
    assert!(start.elapsed().as_secs() < 5);
    for _ in 0..300 {
        tree = git_with_input(&repo.path(), &["mktree"], format!("040000 tree {tree}\td\n").as_bytes());
    }
    let commit = repo.git(&["commit-tree", "-m", "deep", &tree]);
    let error = at(&repo.at(""), Some(&commit)).unwrap_err();
    assert!(error.to_string().contains("nested deeper than 256 directories"), "{error}");
}

#[test]
fn sec_15_submodule_tricks_write_nothing() {
    let inner = Repo::with_files(&[("hooks/post-checkout", "#!/bin/sh\ntouch canary\n")]);
    let head = inner.git(&["rev-parse", "HEAD"]);
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    // CVE-2018-11235, CVE-2024-32002, CVE-2025-48384: names with dots, a link in the way, a path that ends in CR.
    let modules = format!(
        "[submodule \"../../modules/evil\"]\n\tpath = sub\n\turl = {0}\n[submodule \"x\"]\n\tpath = A/modules/x\n\turl = ext::sh -c touch%20canary\n\
         [submodule \"cr\"]\n\tpath = \"sub\r\"\n\turl = {0}\n",
        inner.at("")
    );
    repo.write(".gitmodules", &modules);
    symlink(".git", repo.path().join("a")).unwrap();
    repo.git(&["add", "-A"]);
    for name in ["sub", "A/modules/x", "sub\r"] {
        repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{head},{name}")]);
    }
    repo.git(&["commit", "-q", "-m", "evil"]);
    let before = listing(&repo);
    for reference in [None, Some("HEAD")] {
        let snapshot = at(&repo.at(""), reference).unwrap();
        assert_eq!(
            snapshot.warnings,
            [
                "A/modules/x: submodule, its files are not read",
                "sub: submodule, its files are not read",
                "sub\\r: submodule, its files are not read"
            ],
            "{reference:?}"
        );
    }
    assert_eq!(listing(&repo), before);
}

/// Every file of a repository, `.git` included.
fn listing(repo: &Repo) -> String {
    let output = Command::new("find").arg(repo.path()).output().unwrap();
    let mut lines: Vec<_> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines.join("\n")
}

#[test]
fn sec_18_configuration_of_a_repository_runs_nothing() {
    let repo =
        Repo::with_files(&[("a.yaml", "a: 1\n"), (".gitattributes", "*.yaml filter=evil diff=evil\n")]);
    let canary = repo.path().join("canary");
    let touch = format!("touch {}", canary.display());
    let script = repo.path().join(".git/evil.sh");
    std::fs::write(&script, format!("#!/bin/sh\n{touch}\ncat\n")).unwrap();
    let make_executable = Command::new("chmod").arg("+x").arg(&script).status().unwrap();
    assert!(make_executable.success());
    let script = script.to_str().unwrap();
    let config = repo.path().join(".git/config");
    let mut text = std::fs::read_to_string(&config).unwrap();
    for (section, key) in [
        ("core", "fsmonitor"),
        ("core", "sshCommand"),
        ("core", "hooksPath"),
        ("core", "askPass"),
        ("core", "pager"),
        ("core", "editor"),
        ("core", "gitProxy"),
        ("diff", "external"),
        ("diff \"evil\"", "command"),
        ("diff \"evil\"", "textconv"),
        ("credential", "helper"),
        ("filter \"evil\"", "clean"),
        ("filter \"evil\"", "smudge"),
        ("filter \"evil\"", "process"),
        ("alias", "status"),
        ("gpg", "program"),
        ("uploadpack", "packObjectsHook"),
    ] {
        text.push_str(&format!("[{section}]\n\t{key} = {script}\n"));
    }
    text.push_str(&format!("[http]\n\textraHeader = X: {CANARY}\n[remote \"origin\"]\n\turl = ext::{script}\n\tuploadpack = {script}\n"));
    std::fs::write(&config, text).unwrap();
    for hook in
        ["post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman", "pre-auto-gc"]
    {
        let hook = repo.path().join(".git/hooks").join(hook);
        std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
        std::fs::copy(script, hook).unwrap();
    }
    repo.write("a.yaml", "a: 2\n");
    for reference in [None, Some("HEAD")] {
        let snapshot = at(&repo.at(""), reference).unwrap();
        assert!(!snapshot.tree.read(&path("a.yaml")).unwrap().is_empty());
        assert_eq!(snapshot.dirty, reference.is_none());
    }
    assert!(!canary.exists());
    // The trap works: git itself steps into it.
    let _ = Command::new("git")
        .args(["status"])
        .current_dir(repo.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(canary.exists());
}

#[test]
fn sec_18_a_working_tree_elsewhere_is_refused() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    repo.git(&["config", "core.worktree", "/"]);
    let error = at(&repo.at(""), None).unwrap_err();
    assert!(matches!(error, SourceError::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("core.worktree"));
}

#[test]
fn a_bare_repository_inside_a_tree_is_data() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    git_in(&repo.path(), &["init", "-q", "--bare", "apps/evil"]);
    repo.write("apps/evil/config", "[core]\n\trepositoryformatversion = 99\n");
    let snapshot = at(&repo.at("apps/evil"), None).unwrap();
    assert_eq!(snapshot.commit, Some(repo.git(&["rev-parse", "HEAD"])));
}

#[test]
fn foreign_owned_repositories_are_named_with_the_way_out() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let chown =
        Command::new("chown").args(["-R", "4242"]).arg(repo.path()).stderr(Stdio::null()).status().unwrap();
    assert!(chown.success(), "this test needs the right to give files away: run it as root");
    for reference in [None, Some("HEAD")] {
        let error = at(&repo.at(""), reference).unwrap_err();
        let top = repo.path().display().to_string();
        assert_eq!(error, SourceError::ForeignOwned { place: top.clone() });
        assert_eq!(
            error.hint().unwrap(),
            format!("if you trust it: git config --global --add safe.directory {top}")
        );
    }
}

#[test]
fn partial_clones_are_named_with_the_way_out() {
    let origin = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    origin.git(&["config", "uploadpack.allowFilter", "true"]);
    let place = tempfile::tempdir().unwrap();
    let url = format!("file://{}", origin.path().display());
    git_in(place.path(), &["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "clone"]);
    let clone = place.path().join("clone");
    let error = at(clone.to_str().unwrap(), Some("HEAD")).unwrap_err();
    assert!(matches!(error, SourceError::Partial { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("without --filter"));
}

#[test]
fn extensions_are_named() {
    for (extension, value) in [("refstorage", "reftable"), ("compatobjectformat", "sha256"), ("future", "1")]
    {
        let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
        let config = repo.path().join(".git/config");
        let text = std::fs::read_to_string(&config)
            .unwrap()
            .replace("repositoryformatversion = 0", "repositoryformatversion = 1");
        std::fs::write(&config, format!("{text}[extensions]\n\t{extension} = {value}\n")).unwrap();
        let error = at(&repo.at(""), None).unwrap_err();
        assert!(
            matches!(&error, SourceError::Unsupported { feature, .. } if *feature == format!("extensions.{extension}")),
            "{extension}: {error:?}"
        );
    }
    let sha256 = tempfile::tempdir().unwrap();
    git_in(sha256.path(), &["init", "-q", "--object-format=sha256"]);
    let error = at(sha256.path().to_str().unwrap(), None).unwrap_err();
    assert!(matches!(error, SourceError::Unsupported { .. }), "{error:?}");
    assert!(error.to_string().contains("objectformat"), "{error}");
    // Extensions that are supported.
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    repo.git(&["config", "extensions.worktreeConfig", "true"]);
    assert!(at(&repo.at(""), None).is_ok());
}

#[test]
fn an_index_that_cannot_be_read_is_named() {
    let repo = Repo::with_files(&[("a/a.yaml", "a: 1\n"), ("b/b.yaml", "b: 1\n")]);
    repo.git(&["update-index", "--split-index"]);
    let split = at(&repo.at(""), None).unwrap_err();
    assert!(matches!(split, SourceError::Unsupported { .. }), "{split:?}");
    assert!(split.hint().unwrap().contains("--no-split-index"));
    assert!(at(&repo.at(""), Some("HEAD")).is_ok());
}

#[test]
fn flt_47_a_commit_that_a_shallow_clone_lacks() {
    let origin = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let first = origin.git(&["rev-parse", "HEAD"]);
    origin.commit_files(&[("a.yaml", "a: 2\n")], "second");
    let place = tempfile::tempdir().unwrap();
    let url = format!("file://{}", origin.path().display());
    git_in(place.path(), &["clone", "-q", "--depth=1", &url, "clone"]);
    let clone = place.path().join("clone");
    let clone = clone.to_str().unwrap();
    assert!(at(clone, Some("HEAD")).is_ok());
    for missing in [first.as_str(), &first[..9], "HEAD~1"] {
        let error = at(clone, Some(missing)).unwrap_err();
        assert!(
            matches!(&error, SourceError::Shallow { commit, .. } if commit == missing),
            "{missing}: {error:?}"
        );
        assert!(error.hint().unwrap().contains("fetch-depth: 0"));
    }
    assert!(matches!(at(clone, Some("mian")), Err(SourceError::RefNotFound { .. })));
    // The advice helps.
    git_in(clone.as_ref(), &["fetch", "-q", "--depth=1", "origin", &first]);
    assert_eq!(at(clone, Some(&first)).unwrap().tree.read(&path("a.yaml")).unwrap(), b"a: 1\n");
}

#[test]
fn damaged_objects_are_errors_and_never_hang() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    for object in ["HEAD", "HEAD^{tree}", "HEAD:a.yaml"] {
        let id = repo.git(&["rev-parse", object]);
        let file = repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]);
        let whole = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        for cut in [0, 1, 2, whole.len() / 2, whole.len() - 5] {
            std::fs::write(&file, &whole[..cut]).unwrap();
            for reference in [None, Some("HEAD"), Some("main")] {
                let commits_tree = reference.is_some() || object != "HEAD:a.yaml";
                let read =
                    at(&repo.at(""), reference).map_err(|error| error.to_string()).and_then(|snapshot| {
                        snapshot.tree.read(&path("a.yaml")).map_err(|error| error.to_string())
                    });
                match read {
                    Err(problem) => {
                        assert!(problem.contains("is damaged"), "{object} {cut} {reference:?}: {problem}")
                    }
                    // The working tree does not need the committed file.
                    Ok(_) => assert!(!commits_tree, "{object} {cut} {reference:?}"),
                }
            }
        }
        std::fs::remove_file(&file).unwrap();
        assert!(
            at(&repo.at(""), Some("HEAD"))
                .and_then(|snapshot| {
                    snapshot
                        .tree
                        .read(&path("a.yaml"))
                        .map_err(|error| SourceError::Tree { place: String::new(), error })
                })
                .is_err(),
            "{object}"
        );
        std::fs::write(&file, whole).unwrap();
    }
    assert!(at(&repo.at(""), Some("HEAD")).is_ok());
}
