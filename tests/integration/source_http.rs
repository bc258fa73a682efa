//! URLs over smart HTTP: what is fetched, how often, and every way in which a server can fail.

use std::time::Duration;

use gitops::source::redacted::Redacted;
use gitops::source::tree::RepoPath;
use gitops::source::{Request, Snapshot, SourceError, open};
use tempfile::TempDir;

use crate::git_server::http::{Behaviour, HttpServer};
use crate::git_server::repository::Repo;

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
        Self {
            repo,
            server,
            cache: tempfile::tempdir().unwrap(),
        }
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
    assert!(world.cache.path().join("git").read_dir().unwrap().count() > 0);
    let _ = Redacted::new(());
}
