//! URLs over smart HTTP: what is fetched, how often, and every way in which a server can fail.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "fixtures are files, and may fail loudly"
)]

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use gitops::source::ancestry::{Descent, descent};
use gitops::source::redacted::Redacted;
use gitops::source::tree::RepoPath;
use gitops::source::{Request, Snapshot, SourceError, open};
use tempfile::TempDir;

use crate::git_server::http::{Behaviour, HttpServer};
use crate::git_server::repository::{Repo, git_in};

/// A server over one repository at `/repo.git/…`, and a cache of its own.
struct World {
    repo: Repo,
    server: HttpServer,
    cache: TempDir,
}

impl World {
    fn new(behaviour: Behaviour) -> Self {
        let repo = Repo::with_files(&[("app/web.yaml", "kind: A\n"), ("README.md", "x\n")]);
        Self::over(repo, behaviour)
    }

    fn over(repo: Repo, behaviour: Behaviour) -> Self {
        let server = HttpServer::start(&repo.path(), behaviour);
        Self { repo, server, cache: tempfile::tempdir().unwrap() }
    }

    fn request(&self, reference: Option<&str>) -> Request {
        let mut request = Request::new(&self.server.url(".git"));
        request.reference = reference.map(str::to_owned);
        request.allow_protocols = vec!["http".to_owned()];
        request.cache_dir = Some(self.cache.path().join("git"));
        request.deadline = Duration::from_secs(20);
        request.environment.home = Some(self.cache.path().to_owned());
        request
    }

    fn open(&self, reference: Option<&str>) -> Result<Snapshot, SourceError> {
        open(&self.request(reference))
    }
}

fn read(snapshot: &Snapshot, path: &str) -> String {
    let path = RepoPath::root().join(path).unwrap();
    String::from_utf8(snapshot.tree.read(&path).unwrap()).unwrap()
}

#[test]
fn a_url_is_read_at_its_default_branch() {
    let world = World::new(Behaviour::default());
    let snapshot = world.open(None).unwrap();
    assert_eq!(snapshot.commit, Some(world.repo.git(&["rev-parse", "HEAD"])));
    assert_eq!(snapshot.branch.as_deref(), Some("main"));
    assert!(!snapshot.dirty);
    assert_eq!(snapshot.display, world.server.url(".git"));
    assert_eq!(read(&snapshot, "app/web.yaml"), "kind: A\n");
}

/// The bare repository in the cache.
fn cached(world: &World) -> PathBuf {
    let mut found = std::fs::read_dir(world.cache.path().join("git")).unwrap();
    let is_repository = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "git");
    found.find_map(|entry| Some(entry.unwrap().path()).filter(is_repository)).unwrap()
}

fn objects_in_cache(world: &World) -> usize {
    let listed = git_in(&cached(world), &["cat-file", "--batch-all-objects", "--batch-check"]);
    listed.lines().count()
}

#[test]
fn every_kind_of_reference_is_resolved_as_git_does() {
    for config in [Vec::new(), vec!["uploadpack.allowAnySHA1InWant=true".to_owned()]] {
        let world = World::new(Behaviour { config, ..Behaviour::default() });
        let repo = &world.repo;
        let first = repo.git(&["rev-parse", "HEAD"]);
        repo.git(&["tag", "light"]);
        repo.git(&["tag", "-a", "-m", "x", "v1.0"]);
        let second = repo.commit_files(&[("app/web.yaml", "kind: B\n")], "second");
        repo.git(&["branch", "feature/x"]);
        repo.git(&["update-ref", "refs/pull/7/head", &first]);
        repo.commit_files(&[("app/web.yaml", "kind: C\n")], "third");
        let table = [
            ("main", Some("main")),
            ("feature/x", Some("feature/x")),
            ("light", None),
            ("v1.0", None),
            ("refs/heads/feature/x", None),
            ("refs/tags/v1.0", None),
            ("pull/7/head", None),
            ("HEAD", Some("main")),
            (first.as_str(), None),
            (second.as_str(), None),
            (&second[..8], None),
        ];
        for (reference, branch) in table {
            // A cache of its own each time: the first answer must not help the second.
            let cache = tempfile::tempdir().unwrap();
            let mut request = world.request(Some(reference));
            request.cache_dir = Some(cache.path().to_owned());
            let snapshot = open(&request).unwrap_or_else(|error| panic!("{reference}: {error}"));
            let git_name = if reference == "pull/7/head" { "refs/pull/7/head" } else { reference };
            let expected = repo.git(&["rev-parse", &format!("{git_name}^{{commit}}")]);
            assert_eq!(snapshot.commit, Some(expected.clone()), "{reference}");
            assert_eq!(snapshot.branch.as_deref(), branch, "{reference}");
            let content = repo.git(&["show", &format!("{expected}:app/web.yaml")]);
            assert_eq!(read(&snapshot, "app/web.yaml").trim_end(), content, "{reference}");
        }
    }
}

#[test]
fn only_one_commit_and_only_what_is_missing_is_fetched() {
    let world = World::new(Behaviour::default());
    for number in 0..5 {
        world.repo.commit_files(&[("app/web.yaml", &format!("n: {number}\n"))], "more");
    }
    world.open(None).unwrap();
    // One commit, two trees, two files.
    assert_eq!(objects_in_cache(&world), 5);
    world.open(None).unwrap();
    assert_eq!(objects_in_cache(&world), 5);
    world.repo.commit_files(&[("app/web.yaml", "n: new\n")], "new");
    let snapshot = world.open(Some("main")).unwrap();
    assert_eq!(read(&snapshot, "app/web.yaml"), "n: new\n");
    // One commit, two trees, one file more: the unchanged README.md was not sent again.
    assert_eq!(objects_in_cache(&world), 9);
    let packed = git_in(&cached(&world), &["count-objects", "-v"]);
    let in_packs = packed.lines().find_map(|line| line.strip_prefix("in-pack: ")).unwrap();
    assert_eq!(in_packs, "9");
}

#[test]
fn a_commit_id_that_is_cached_costs_no_request() {
    let world = World::new(Behaviour::default());
    let commit = world.open(None).unwrap().commit.unwrap();
    let before = world.server.seen().len();
    assert!(before > 0);
    let snapshot = world.open(Some(&commit)).unwrap();
    assert_eq!(snapshot.commit, Some(commit));
    assert_eq!(world.server.seen().len(), before);
}

#[test]
fn a_tag_hides_a_branch_of_its_name_and_says_so() {
    let world = World::new(Behaviour::default());
    world.repo.git(&["tag", "both"]);
    world.repo.commit_files(&[("x", "y")], "second");
    world.repo.git(&["branch", "both"]);
    let snapshot = world.open(Some("both")).unwrap();
    assert_eq!(snapshot.commit, Some(world.repo.git(&["rev-parse", "refs/tags/both"])));
    assert_eq!(snapshot.warnings, ["\"both\" is a tag and a branch; the tag was used"]);
}

#[test]
fn a_deleted_branch_is_not_found_although_it_is_cached() {
    let world = World::new(Behaviour::default());
    world.repo.git(&["branch", "gone"]);
    world.open(Some("gone")).unwrap();
    world.repo.git(&["branch", "-D", "gone"]);
    let error = world.open(Some("gone")).unwrap_err();
    assert!(matches!(error, SourceError::RefNotFound { .. }), "{error:?}");
}

#[test]
fn a_misspelt_branch_suggests_the_near_one() {
    let world = World::new(Behaviour::default());
    let error = world.open(Some("mian")).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: no branch, tag or commit \"mian\"", world.server.url(".git")));
    assert_eq!(error.hint().unwrap(), "did you mean main?");
    for expression in ["main~1", "main^{tree}", "a..b", "x:y", "sp ace"] {
        let error = world.open(Some(expression)).unwrap_err();
        assert!(matches!(error, SourceError::Usage { .. }), "{expression}: {error:?}");
    }
}

#[test]
fn two_runs_at_once_on_one_cache() {
    let world = World::new(Behaviour::default());
    let expected = world.repo.git(&["rev-parse", "HEAD"]);
    thread::scope(|scope| {
        let runs: Vec<_> = (0..6)
            .map(|number| {
                let world = &world;
                scope.spawn(move || world.open((number % 2 == 0).then_some("main")).unwrap())
            })
            .collect();
        for run in runs {
            let snapshot = run.join().unwrap();
            assert_eq!(snapshot.commit.as_ref(), Some(&expected));
            assert_eq!(read(&snapshot, "app/web.yaml"), "kind: A\n");
        }
    });
    git_in(&cached(&world), &["fsck", "--strict"]);
    assert_eq!(git_in(&cached(&world), &["for-each-ref", "refs/gitops/incoming"]), "");
}

#[test]
fn a_damaged_cache_is_made_anew() {
    let world = World::new(Behaviour::default());
    world.open(None).unwrap();
    std::fs::remove_file(cached(&world).join("HEAD")).unwrap();
    assert!(world.open(None).is_ok());
}

#[test]
fn shorthand_and_flags_are_joined() {
    let world = World::new(Behaviour::default());
    world.repo.git(&["tag", "v1"]);
    let mut request = world.request(None);
    request.source = format!("{}//app?ref=v1", world.server.url(".git"));
    let snapshot = open(&request).unwrap();
    assert_eq!(snapshot.prefix.as_str(), "app");
    assert_eq!(snapshot.reference.as_deref(), Some("v1"));
    request.path = Some("..".to_owned());
    assert!(open(&request).unwrap().prefix.is_root());
    request.reference = Some("main".to_owned());
    assert!(matches!(open(&request), Err(SourceError::Usage { .. })));
}

#[test]
fn flt_50_a_missing_path_is_an_error_that_names_near_ones() {
    let world = World::new(Behaviour::default());
    let mut request = world.request(None);
    request.path = Some("ap".to_owned());
    let error = open(&request).unwrap_err();
    let commit = world.repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(
        error.to_string(),
        format!("{}: no directory \"ap\" in commit {commit}", world.server.url(".git"))
    );
    assert_eq!(error.hint().unwrap(), "did you mean app?");
    request.path = Some("README.md".to_owned());
    assert!(matches!(open(&request), Err(SourceError::PathMissing { .. })));
}

#[test]
fn flt_48_a_ref_that_moves_meanwhile() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let before = repo.git(&["rev-parse", "HEAD"]);
    let after = repo.commit_files(&[("a.yaml", "a: 2\n")], "second");
    repo.git(&["reset", "-q", "--hard", &before]);
    let between = ["update-ref", "refs/heads/main", &after].map(str::to_owned).into();
    let world = World::over(repo, Behaviour { between, ..Behaviour::default() });
    let snapshot = world.open(Some("main")).unwrap();
    // Either commit is an honest answer; a mixture is not.
    let content = match snapshot.commit.as_ref() {
        Some(commit) if *commit == before => "a: 1\n",
        Some(commit) if *commit == after => "a: 2\n",
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&snapshot, "a.yaml"), content);
    // The tree stays at its commit when the branch moves on.
    world.repo.git(&["reset", "-q", "--hard", &after]);
    world.repo.commit_files(&[("a.yaml", "a: 3\n")], "third");
    world.open(Some("main")).unwrap();
    assert_eq!(read(&snapshot, "a.yaml"), content);
}

#[test]
fn flt_48_a_ref_that_is_rewritten_meanwhile_is_asked_for_again() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    let lost = repo.commit_files(&[("a.yaml", "a: 2\n")], "second");
    let between = ["update-ref", "refs/heads/main", &first].map(str::to_owned).into();
    let world = World::over(repo, Behaviour { between, ..Behaviour::default() });
    let snapshot = world.open(Some("main")).unwrap();
    assert_eq!((snapshot.commit, lost.len()), (Some(first), 40));
}

#[test]
fn flt_44_an_unreachable_server_and_offline() {
    let world = World::new(Behaviour::default());
    let commit = world.open(None).unwrap().commit.unwrap();
    world.open(Some("main")).unwrap();
    let mut request = world.request(Some("main"));
    let World { server, repo: _repo, cache: _cache } = world;
    drop(server);
    let error = open(&request).unwrap_err();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("--offline"));

    request.offline = true;
    for reference in [Some("main"), None, Some(commit.as_str())] {
        request.reference = reference.map(str::to_owned);
        let snapshot = open(&request).unwrap();
        assert_eq!(snapshot.commit.as_ref(), Some(&commit), "{reference:?}");
        if reference != Some(commit.as_str()) {
            assert!(snapshot.warnings[0].starts_with("offline: "), "{:?}", snapshot.warnings);
            assert!(snapshot.warnings[0].contains(&commit));
            assert_eq!(snapshot.branch.as_deref(), Some("main"));
        }
    }
    request.reference = Some("mian".to_owned());
    let error = open(&request).unwrap_err();
    assert!(error.to_string().ends_with("\"mian\" was never fetched"), "{error}");
    assert_eq!(error.hint().unwrap(), "fetched before: main");
}

#[test]
fn flt_44_refusals_are_told_apart() {
    let status = |code: u16| Behaviour { status: Some((code, String::new())), ..Behaviour::default() };
    let error = |behaviour| World::new(behaviour).open(None).unwrap_err();
    assert!(matches!(error(status(404)), SourceError::NotFound { .. }));
    assert!(matches!(error(status(403)), SourceError::Auth { .. }));
    assert!(matches!(error(status(500)), SourceError::Unreachable { .. }));
    let login = Behaviour { login: Some("u:p".to_owned()), ..Behaviour::default() };
    match error(login) {
        SourceError::Auth { tried, missing, .. } => {
            assert_eq!(tried, Vec::<String>::new());
            assert_eq!(
                missing,
                ["GITOPS_GIT_TOKEN is not set", "git's credential helper has nothing for this host"]
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn flt_44_a_stalled_server_ends_at_the_deadline() {
    let world = World::new(Behaviour { stall: true, ..Behaviour::default() });
    let mut request = world.request(None);
    request.deadline = Duration::from_millis(700);
    let start = Instant::now();
    let error = open(&request).unwrap_err();
    assert!(start.elapsed() >= Duration::from_millis(700) && start.elapsed() < Duration::from_secs(3));
    assert!(error.to_string().ends_with("no complete answer within 0.7 s"), "{error}");
}

#[test]
fn credentials_come_from_the_url_the_environment_or_a_helper() {
    let world = World::new(Behaviour { login: Some("user:canary".to_owned()), ..Behaviour::default() });
    let host = format!("127.0.0.1:{}", world.server.port());

    let mut by_url = world.request(None);
    by_url.source = format!("http://user:canary@{host}/.git");
    let snapshot = open(&by_url).unwrap();
    assert_eq!(snapshot.display, world.server.url(".git"));
    assert!(snapshot.warnings[0].contains("the URL holds credentials"));

    let mut by_token = world.request(None);
    by_token.environment.git_username = Some("user".to_owned());
    by_token.environment.git_token = Some(Redacted::new("canary".to_owned()));
    assert!(open(&by_token).unwrap().warnings.is_empty());

    // The helper of the user's own configuration, asked by the real git.
    let mut by_helper = world.request(None);
    std::fs::write(world.cache.path().join("store"), format!("http://user:canary@{host}\n")).unwrap();
    let config =
        format!("[credential]\n\thelper = store --file={}\n", world.cache.path().join("store").display());
    std::fs::write(world.cache.path().join(".gitconfig"), config).unwrap();
    by_helper.environment.git_token = Some(Redacted::new("wrong-canary".to_owned()));
    assert!(open(&by_helper).is_ok());

    let mut wrong = by_url;
    std::fs::remove_file(world.cache.path().join(".gitconfig")).unwrap();
    wrong.source = format!("http://user:bad-canary@{host}/.git");
    wrong.environment.git_token = Some(Redacted::new("wrong-canary".to_owned()));
    match open(&wrong).unwrap_err() {
        SourceError::Auth { tried, .. } => assert_eq!(tried, ["password of the URL", "GITOPS_GIT_TOKEN"]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn credentials_are_sent_only_after_the_server_asked() {
    let world = World::new(Behaviour::default());
    let mut request = world.request(None);
    request.environment.git_token = Some(Redacted::new("canary".to_owned()));
    open(&request).unwrap();
    assert!(world.server.seen().iter().all(|seen| seen.authorization.is_none()));
    let lines: Vec<_> = world.server.seen().into_iter().map(|seen| seen.line).collect();
    let upload = "POST /.git/git-upload-pack";
    assert_eq!(lines, ["GET /.git/info/refs?service=git-upload-pack", upload, upload]);
}

/// The history behind a commit is fetched as far as the question needs it, and no further; what the server has rewritten is told.
#[test]
fn flt_45_46_how_a_commit_stands_to_an_earlier_one_is_looked_up_at_the_server() {
    let world = World::new(Behaviour::default());
    let commit = |name: &str| world.repo.commit_files(&[("app/web.yaml", name)], name);
    let first = world.open(None).unwrap().commit.unwrap();
    let commits: Vec<String> = (0..120).map(|n| commit(&format!("kind: A{n}\n"))).collect();
    let last = world.open(None).unwrap().commit.unwrap();
    assert_eq!(commits.last(), Some(&last));
    let request = world.request(None);
    let ask = |from: &str, to: &str| descent(&request, from, to, false).unwrap();
    let fetched = || std::iter::once(&first).chain(&commits).filter(|id| known(&world, id)).count();
    assert_eq!((descent(&request, &first, &last, true), fetched()), (Ok(Descent::Unknown), 2), "at hand");
    assert_eq!((ask(&commits[100], &last), fetched()), (Descent::Forward, 51), "fifty commits and the first");
    assert_eq!(ask(&first, &last), Descent::Forward);
    assert_eq!(ask(&last, &first), Descent::Back);
    world.repo.git(&["reset", "-q", "--hard", &first]);
    let rewritten = commit("kind: B\n");
    assert_eq!(world.open(None).unwrap().commit.as_deref(), Some(&*rewritten));
    assert_eq!(ask(&last, &rewritten), Descent::Apart);
    // A commit that the server has nowhere is no ancestor, once the whole history is known.
    assert_eq!(ask(&"d".repeat(40), &rewritten), Descent::Apart);
    let offline = Request { offline: true, ..world.request(None) };
    assert_eq!(descent(&offline, &first, &last, false), Ok(Descent::Forward), "it is in the cache by now");
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", world.repo.path().display());
    git_in(clone.path(), &["clone", "-q", "--depth", "1", &url, "."]);
    let shallow = Request::new(clone.path().to_str().unwrap());
    assert_eq!(descent(&shallow, &first, &rewritten, false), Ok(Descent::Unknown));
    let whole = Request::new(world.repo.path().to_str().unwrap());
    assert_eq!(descent(&whole, &first, &rewritten, false), Ok(Descent::Forward));
    assert_eq!(descent(&whole, &last, &rewritten, false), Ok(Descent::Apart));
}

/// True if the cache holds a commit.
fn known(world: &World, id: &str) -> bool {
    let caches = std::fs::read_dir(world.cache.path().join("git")).unwrap();
    let mut caches = caches.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let cache = caches.next().unwrap();
    git2::Repository::open_bare(cache).unwrap().find_commit(id.parse().unwrap()).is_ok()
}
