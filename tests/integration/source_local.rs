//! Directories and commits of local repositories, with git itself as the judge.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "fixtures are files, and may fail loudly"
)]

use std::os::unix::fs::symlink;

use gitops::source::tree::{EntryKind, FileTree, RepoPath, TreeError, resolve};
use gitops::source::{Request, Snapshot, SourceError, open, open_revision};

use crate::git_server::repository::{Repo, git_bytes, git_in};

fn request(source: &str, reference: Option<&str>, path: Option<&str>) -> Request {
    let mut request = Request::new(source);
    request.reference = reference.map(str::to_owned);
    request.path = path.map(str::to_owned);
    request
}

fn opened(source: &str, reference: Option<&str>) -> Snapshot {
    open(&request(source, reference, None)).unwrap_or_else(|error| panic!("{source} {reference:?}: {error}"))
}

fn path(text: &str) -> RepoPath {
    RepoPath::root().join(text).unwrap()
}

/// Every file below a directory, with its bytes; links with their target.
fn all_files(tree: &dyn FileTree, below: &RepoPath) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (name, kind) in tree.list(below).unwrap() {
        let at = below.child(&name);
        assert_eq!(tree.entry(&at).unwrap(), Some(kind), "{at}");
        match kind {
            EntryKind::Directory => files.extend(all_files(tree, &at)),
            EntryKind::File => files.push((at.as_str().to_owned(), tree.read(&at).unwrap())),
            EntryKind::Link => files.push((at.as_str().to_owned(), tree.link(&at).unwrap().into_bytes())),
            EntryKind::Submodule => {}
        }
    }
    files.sort();
    files
}

/// The same from git: `ls-tree -r` and `cat-file`.
fn all_files_by_git(repo: &Repo, revision: &str) -> Vec<(String, Vec<u8>)> {
    let listed = repo.git(&["ls-tree", "-r", "-z", "--name-only", revision]);
    let mut files: Vec<_> = listed
        .split_terminator('\0')
        .map(|name| {
            let object = format!("{revision}:{name}");
            (name.to_owned(), git_bytes(&repo.path(), &["cat-file", "blob", &object]))
        })
        .collect();
    files.sort();
    files
}

fn varied_repo() -> Repo {
    let repo = Repo::with_files(&[
        ("a.yaml", "a: 1\n"),
        ("a/b.yaml", "b: 1\r\n"),
        ("a.b/c.yaml", ""),
        ("apps/web/deployment.yaml", "kind: Deployment\n"),
        ("apps/web/ü n ï.yaml", "ö: 1\n"),
        ("apps/db/x.json", "{}"),
        (".hidden/y.yaml", "y: 1\n"),
        ("dev-disk-by\\x2dlabel.swap", "unit\n"),
    ]);
    std::fs::write(repo.path().join("binary"), [0, 159, 146, 150, 255]).unwrap();
    symlink("a/b.yaml", repo.path().join("link.yaml")).unwrap();
    symlink("apps", repo.path().join("current")).unwrap();
    repo.commit_files(&[], "second");
    repo
}

#[test]
fn every_file_of_a_commit_equals_git_show() {
    let repo = varied_repo();
    repo.commit_files(&[("a.yaml", "a: 2\n"), ("apps/db/new.yaml", "n: 1\n")], "third");
    repo.git(&["gc", "-q"]);
    repo.commit_files(&[("a.yaml", "a: 3\n")], "fourth, loose");
    for revision in ["HEAD", "HEAD~1", "HEAD~2", "HEAD~3"] {
        let snapshot = opened(&repo.at(""), Some(revision));
        let expected = all_files_by_git(&repo, revision);
        assert!(expected.len() >= 8);
        assert_eq!(all_files(&*snapshot.tree, &RepoPath::root()), expected, "{revision}");
        assert_eq!(snapshot.commit, Some(repo.git(&["rev-parse", revision])));
        assert!(!snapshot.dirty);
    }
}

#[test]
fn a_clean_working_tree_reads_as_its_commit() {
    let repo = varied_repo();
    let on_disk = opened(&repo.at(""), None);
    let committed = opened(&repo.at(""), Some("HEAD"));
    let root = RepoPath::root();
    assert_eq!(all_files(&*on_disk.tree, &root), all_files(&*committed.tree, &root));
    assert_eq!((on_disk.commit, on_disk.branch), (committed.commit, Some("main".to_owned())));
}

#[test]
fn many_threads_read_one_commit() {
    let repo = varied_repo();
    let snapshot = opened(&repo.at(""), Some("HEAD"));
    let expected = all_files_by_git(&repo, "HEAD");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(all_files(&*snapshot.tree, &RepoPath::root()), expected));
        }
    });
}

#[test]
fn revisions_resolve_as_rev_parse_says() {
    let repo = Repo::with_files(&[("a", "1")]);
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "x", "annotated"]);
    repo.git(&["tag", "-a", "-m", "x", "nested", "annotated"]);
    repo.commit_files(&[("a", "2")], "fix: second");
    repo.git(&["branch", "feature/x"]);
    repo.git(&["update-ref", "refs/remotes/origin/far", "HEAD"]);
    repo.commit_files(&[("a", "3")], "third");
    let head = repo.git(&["rev-parse", "HEAD"]);
    let good = [
        "main",
        "HEAD",
        "light",
        "annotated",
        "nested",
        "feature/x",
        "origin/far",
        "refs/tags/light",
        "heads/main",
        "HEAD~1",
        "main^",
        "annotated^{commit}",
        "HEAD^{/fix}",
        &head,
        &head[..7],
        "@",
    ];
    for revision in good {
        let expected = repo.git(&["rev-parse", "--verify", &format!("{revision}^{{commit}}")]);
        assert_eq!(opened(&repo.at(""), Some(revision)).commit, Some(expected), "{revision}");
    }
    let bad = [
        "mian",
        "HEAD~9",
        "HEAD:a",
        "origin/main",
        "0123456789012345678901234567890123456789",
        "a..b",
        "HEAD^{tree}",
    ];
    for revision in bad {
        let error = open(&request(&repo.at(""), Some(revision), None)).unwrap_err();
        assert!(matches!(error, SourceError::RefNotFound { .. }), "{revision}: {error:?}");
    }
    let near = |revision: &str| open(&request(&repo.at(""), Some(revision), None)).unwrap_err().hint();
    assert_eq!(near("mian").unwrap(), "did you mean main?");
    assert_eq!(near("origin/fra").unwrap(), "did you mean origin/far?");
    for option in ["--upload-pack=x", "-x"] {
        let error = open(&request(&repo.at(""), Some(option), None)).unwrap_err();
        assert!(matches!(error, SourceError::Usage { .. }), "{option}: {error:?}");
    }
}

#[test]
fn the_dirty_flag_equals_git_status() {
    type Edit = fn(&Repo);
    let edits: &[(&str, Edit)] = &[
        ("nothing", |_| {}),
        ("edited", |repo| repo.write("apps/web/deployment.yaml", "kind: Other\n")),
        ("edited and edited back", |repo| {
            repo.write("a.yaml", "x");
            repo.write("a.yaml", "a: 1\n");
        }),
        ("staged", |repo| {
            repo.write("apps/db/x.json", "[]");
            repo.git(&["add", "-A"]);
        }),
        ("staged and edited back", |repo| {
            repo.write("apps/db/x.json", "[]");
            repo.git(&["add", "-A"]);
            repo.write("apps/db/x.json", "{}");
        }),
        ("deleted", |repo| std::fs::remove_file(repo.path().join("apps/web/deployment.yaml")).unwrap()),
        ("untracked", |repo| repo.write("apps/db/new.yaml", "")),
        ("untracked directory", |repo| repo.write("apps/more/deep/new.yaml", "")),
        ("ignored", |repo| {
            repo.commit_files(&[(".gitignore", "*.log\n")], "ignore");
            repo.write("apps/db/x.log", "");
        }),
        ("outside", |repo| repo.write("other/x", "")),
        ("mode", |repo| {
            use std::os::unix::fs::PermissionsExt as _;
            let file = repo.path().join("apps/db/x.json");
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }),
        ("link moved", |repo| {
            std::fs::remove_file(repo.path().join("current")).unwrap();
            symlink("a", repo.path().join("current")).unwrap();
        }),
        ("skipped by a sparse checkout", |repo| {
            repo.git(&["sparse-checkout", "set", "apps/web"]);
        }),
        ("ignored by exclude", |repo| {
            std::fs::create_dir_all(repo.path().join(".git/info")).unwrap();
            repo.write(".git/info/exclude", "*.tmp\n");
            repo.write("apps/db/x.tmp", "");
        }),
    ];
    let mut answers = [0, 0];
    for (name, edit) in edits {
        let repo = varied_repo();
        edit(&repo);
        for directory in [".", "apps", "apps/web"] {
            let status = repo.git(&["status", "--porcelain", "--", directory]);
            let snapshot = opened(&repo.at(directory), None);
            assert_eq!(snapshot.dirty, !status.is_empty(), "{name}, {directory}: {status}");
            answers[usize::from(snapshot.dirty)] += 1;
        }
    }
    assert!(answers.iter().all(|count| *count > 10), "{answers:?}");
}

#[test]
fn the_working_tree_is_read_as_it_is_now() {
    let repo = varied_repo();
    repo.write("apps/web/deployment.yaml", "edited: true\n");
    repo.write("apps/web/new.yaml", "new: true\n");
    let snapshot = opened(&repo.at("apps/web"), None);
    assert_eq!(snapshot.prefix.as_str(), "apps/web");
    let read = |name: &str| snapshot.tree.read(&snapshot.prefix.child(name)).unwrap();
    assert_eq!(read("deployment.yaml"), b"edited: true\n");
    assert_eq!(read("new.yaml"), b"new: true\n");
    assert!(snapshot.dirty);
    let committed = open_revision(&request(&repo.at("apps/web"), None, None), "HEAD").unwrap();
    assert_eq!(committed.prefix.as_str(), "apps/web");
    assert_eq!(committed.tree.read(&path("apps/web/deployment.yaml")).unwrap(), b"kind: Deployment\n");
    assert_eq!(committed.tree.entry(&path("apps/web/new.yaml")).unwrap(), None);
}

#[test]
fn places_in_and_around_a_repository() {
    let repo = varied_repo();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(repo.path().join("apps"), elsewhere.path().join("alias")).unwrap();
    let alias = elsewhere.path().join("alias/web");
    assert_eq!(opened(alias.to_str().unwrap(), None).prefix.as_str(), "apps/web");
    assert_eq!(opened(&repo.at("current/web"), None).prefix.as_str(), "apps/web");

    // --path is joined below SOURCE, and may follow links and climb inside the repository.
    for (source, chosen, expected) in
        [("", "apps/db", "apps/db"), ("apps/web", "../db", "apps/db"), ("", "current/db", "apps/db")]
    {
        for reference in [None, Some("HEAD")] {
            let snapshot = open(&request(&repo.at(source), reference, Some(chosen))).unwrap();
            assert_eq!(snapshot.prefix.as_str(), expected, "{source} {chosen} {reference:?}");
        }
    }

    let worktree = elsewhere.path().join("linked");
    repo.git(&["worktree", "add", "-q", "-b", "side", worktree.to_str().unwrap()]);
    let snapshot = opened(worktree.join("apps").to_str().unwrap(), None);
    assert_eq!((snapshot.branch.as_deref(), snapshot.dirty), (Some("side"), false));
    assert_eq!(opened(worktree.to_str().unwrap(), Some("main")).branch.as_deref(), Some("main"));

    let bare = elsewhere.path().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let snapshot = opened(bare.to_str().unwrap(), Some("main"));
    assert_eq!(all_files(&*snapshot.tree, &RepoPath::root()), all_files_by_git(&repo, "main"));

    repo.git(&["checkout", "-q", "--detach"]);
    let snapshot = opened(&repo.at(""), None);
    assert_eq!((snapshot.branch, snapshot.commit), (None, Some(repo.git(&["rev-parse", "HEAD"]))));
}

#[test]
fn before_the_first_commit_and_outside_of_repositories() {
    let repo = Repo::new();
    repo.write("a.yaml", "a: 1\n");
    let snapshot = opened(&repo.at(""), None);
    assert_eq!((snapshot.commit, snapshot.branch.as_deref(), snapshot.dirty), (None, Some("main"), true));

    let plain = tempfile::tempdir().unwrap();
    std::fs::write(plain.path().join("a.yaml"), "a: 1\n").unwrap();
    let source = plain.path().to_str().unwrap();
    let snapshot = opened(source, None);
    assert_eq!((snapshot.commit, snapshot.dirty, snapshot.origin_url), (None, false, None));
    assert_eq!(snapshot.tree.read(&path("a.yaml")).unwrap(), b"a: 1\n");
    let error = open(&request(source, Some("main"), None)).unwrap_err();
    assert_eq!(error.to_string(), format!("{source} is not in a git repository, so it has no revisions"));
}

#[test]
fn flt_50_missing_directories_suggest_near_ones() {
    let repo = varied_repo();
    let error = open(&request(&repo.at("aps"), None, None)).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: no such directory", repo.at("aps")));
    assert_eq!(error.hint().unwrap(), "did you mean apps?");
    let error = open(&request(&repo.at("a.yaml"), None, None)).unwrap_err();
    assert!(error.to_string().ends_with("a.yaml: not a directory"), "{error}");
    for reference in [None, Some("HEAD")] {
        let error = open(&request(&repo.at(""), reference, Some("apps/wbe"))).unwrap_err();
        assert!(matches!(error, SourceError::PathMissing { .. }), "{error:?}");
        assert_eq!(error.hint().unwrap(), "did you mean apps/web?", "{reference:?}");
    }
    // The directory exists now, but not in the first commit.
    repo.commit_files(&[("later/x.yaml", "")], "later");
    let first = request(&repo.at("later"), Some("HEAD~2"), None);
    assert!(matches!(open(&first), Err(SourceError::PathMissing { .. })));
}

#[test]
fn the_origin_is_shown_without_credentials() {
    let repo = Repo::with_files(&[("a", "")]);
    assert_eq!(opened(&repo.at(""), None).origin_url, None);
    let table = [
        ("https://user:canary@git.example/a.git", "https://git.example/a.git"),
        ("https://canary@git.example/a.git?token=canary", "https://git.example/a.git"),
        ("git@git.example:a.git", "git@git.example:a.git"),
        ("../other", "../other"),
    ];
    for (url, expected) in table {
        repo.git(&["config", "remote.origin.url", url]);
        for reference in [None, Some("HEAD")] {
            assert_eq!(opened(&repo.at(""), reference).origin_url.as_deref(), Some(expected));
        }
    }
}

#[test]
fn a_file_url_is_read_in_place() {
    let repo = varied_repo();
    repo.git(&["tag", "v1"]);
    repo.write("a.yaml", "edited");
    let snapshot = opened(&format!("file://{}//apps?ref=v1", repo.at("").trim_end_matches('/')), None);
    assert_eq!((snapshot.prefix.as_str(), snapshot.dirty), ("apps", false));
    assert_eq!(snapshot.tree.read(&path("a.yaml")).unwrap(), b"a: 1\n");
    assert!(matches!(
        open(&request("file:///nowhere/at/all", None, None)),
        Err(SourceError::NotFound { .. })
    ));
}

#[test]
fn submodules_are_named_and_not_read() {
    let inner = Repo::with_files(&[("secret.yaml", "x: 1\n")]);
    let repo = Repo::with_files(&[("apps/a.yaml", "a: 1\n")]);
    repo.git(&["submodule", "--quiet", "add", &inner.at(""), "apps/inner"]);
    repo.commit_files(&[], "submodule");
    // A nested clone that git does not track is not part of the repository either.
    git_in(&repo.path(), &["clone", "-q", &inner.at(""), "apps/nested"]);
    repo.write(".git/info/exclude", "apps/nested\n");
    for reference in [None, Some("HEAD")] {
        let snapshot = opened(&repo.at("apps"), reference);
        assert_eq!(snapshot.warnings, ["apps/inner: submodule, its files are not read"], "{reference:?}");
        assert_eq!(snapshot.tree.entry(&path("apps/inner")).unwrap(), Some(EntryKind::Submodule));
        assert_eq!(snapshot.tree.entry(&path("apps/inner/secret.yaml")).unwrap(), None);
        assert!(snapshot.tree.list(&path("apps/inner")).is_err());
        let error = open(&request(&repo.at(""), reference, Some("apps/inner"))).unwrap_err();
        assert!(matches!(error, SourceError::Unsupported { .. }), "{error:?}");
    }
    let snapshot = opened(&repo.at("apps"), None);
    assert_eq!(snapshot.tree.entry(&path("apps/nested")).unwrap(), Some(EntryKind::Submodule));
    // Opened by itself, a submodule is a repository like any other.
    assert!(opened(&repo.at("apps/inner"), None).tree.read(&path("secret.yaml")).is_ok());
}

#[test]
fn lfs_pointers_are_an_error_that_says_so() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    let repo = Repo::with_files(&[("big.yaml", pointer)]);
    for reference in [None, Some("HEAD")] {
        let error = opened(&repo.at(""), reference).tree.read(&path("big.yaml")).unwrap_err();
        assert_eq!(error, TreeError::LfsPointer(path("big.yaml")));
    }
}

#[test]
fn limits_of_a_file() {
    let repo = Repo::new();
    let file = std::fs::File::create(repo.path().join("big.yaml")).unwrap();
    file.set_len(gitops::source::tree::MAX_FILE_BYTES + 1).unwrap();
    repo.commit_files(&[], "big");
    for reference in [None, Some("HEAD")] {
        let error = opened(&repo.at(""), reference).tree.read(&path("big.yaml")).unwrap_err();
        assert_eq!(error.to_string(), "big.yaml: file of 16777217 bytes; at most 16777216 are read");
    }
    file.set_len(gitops::source::tree::MAX_FILE_BYTES).unwrap();
    assert!(opened(&repo.at(""), None).tree.read(&path("big.yaml")).is_ok());
}

#[test]
fn sockets_and_pipes_are_not_read() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    let socket = std::os::unix::net::UnixListener::bind(repo.path().join("s.yaml")).unwrap();
    let tree = opened(&repo.at(""), None).tree;
    assert_eq!(tree.read(&path("s.yaml")).unwrap_err().to_string(), "cannot read s.yaml: not a regular file");
    drop(socket);
}

#[test]
fn git_own_directory_is_not_part_of_the_tree() {
    let repo = Repo::with_files(&[("a.yaml", "")]);
    symlink(".git/config", repo.path().join("link.yaml")).unwrap();
    let tree = opened(&repo.at(""), None).tree;
    assert_eq!(tree.entry(&path(".git")).unwrap(), None);
    assert!(tree.read(&path(".git/config")).is_err());
    assert!(matches!(resolve(&*tree, &path("link.yaml")), Err(TreeError::NotFound(_))));
    assert!(tree.list(&RepoPath::root()).unwrap().iter().all(|(name, _)| name != ".git"));
}
