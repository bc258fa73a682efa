//! URLs over ssh, against a real sshd: host keys, keys, agents.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "fixtures are files and programs, and may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use gitops::source::environment::Environment;
use gitops::source::tree::RepoPath;
use gitops::source::{Request, Snapshot, SourceError, open};
use tempfile::TempDir;

use crate::git_server::repository::Repo;
use crate::git_server::ssh::{Agent, SshServer, key_pair, public};
use crate::source_sealed::open_sealed;

/// A home directory of a user, and a repository behind sshd.
struct World {
    home: TempDir,
    repo: Repo,
    server: SshServer,
}

impl World {
    /// The user has a key of this name and kind, and knows the host's first key.
    fn new(name: &str, kind: &str, host_keys: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = key_pair(&home.path().join(".ssh"), name, kind, "");
        let world = Self {
            repo: Repo::with_files(&[("apps/a.yaml", "a: 1\n")]),
            server: SshServer::start(host_keys, &[&key]),
            home,
        };
        world.know(&world.server.known_host(host_keys[0]));
        world
    }

    fn know(&self, line: &str) {
        std::fs::write(self.known_hosts(), line).unwrap();
    }

    fn known_hosts(&self) -> PathBuf {
        self.home.path().join(".ssh/known_hosts")
    }

    fn request(&self) -> Request {
        let mut request = Request::new(&self.server.url(&self.repo.at(".git")));
        request.environment =
            Environment { home: Some(self.home.path().to_owned()), ..Environment::default() };
        request.deadline = Duration::from_secs(30);
        request
    }

    fn open(&self) -> Result<Snapshot, SourceError> {
        open(&self.request())
    }

    fn is_nothing_fetched(&self) -> bool {
        let packs = Command::new("find").arg(self.home.path()).args(["-name", "*.pack"]).output().unwrap();
        packs.stdout.is_empty()
    }
}

#[test]
fn keys_of_every_kind_open_a_repository() {
    for (name, kind) in [("id_ed25519", "ed25519"), ("id_ecdsa", "ecdsa"), ("id_rsa", "rsa")] {
        let world = World::new(name, kind, &[kind]);
        let snapshot = world.open().unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(snapshot.commit, Some(world.repo.git(&["rev-parse", "HEAD"])));
        assert_eq!(snapshot.branch.as_deref(), Some("main"));
        let file = RepoPath::root().join("apps/a.yaml").unwrap();
        assert_eq!(snapshot.tree.read(&file).unwrap(), b"a: 1\n");
    }
}

#[test]
fn a_key_of_another_name_is_named_by_the_environment() {
    let world = World::new("deploy", "ed25519", &["ed25519"]);
    assert!(matches!(world.open(), Err(SourceError::Auth { .. })));
    let mut request = world.request();
    request.environment.ssh_key = Some(world.home.path().join(".ssh/deploy"));
    assert!(open(&request).is_ok());
}

#[test]
fn the_next_key_is_tried_and_failures_say_which_were() {
    let world = World::new("id_rsa", "rsa", &["ed25519"]);
    let ssh = world.home.path().join(".ssh");
    key_pair(&ssh, "id_ed25519", "ed25519", "");
    key_pair(&ssh, "id_ecdsa", "ecdsa", "a passphrase");
    assert!(world.open().is_ok());
    std::fs::remove_file(ssh.join("id_rsa")).unwrap();
    match world.open().unwrap_err() {
        SourceError::Auth { tried, missing, .. } => {
            assert_eq!(tried, [format!("key {}", ssh.join("id_ed25519").display())]);
            assert_eq!(
                missing,
                [
                    "no ssh agent (SSH_AUTH_SOCK is not set)".to_owned(),
                    format!("{} has a passphrase, add it to an ssh agent", ssh.join("id_ecdsa").display()),
                ]
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_file_that_cannot_be_read_leaves_the_next() {
    let world = World::new("id_rsa", "rsa", &["ed25519"]);
    let damaged = world.home.path().join(".ssh/id_ed25519");
    for content in
        ["", "not a key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
    {
        std::fs::write(&damaged, content).unwrap();
        assert!(world.open().is_ok(), "{content}");
    }
}

#[test]
fn sec_26_unknown_and_changed_host_keys() {
    let world = World::new("id_ed25519", "ed25519", &["ed25519"]);
    let fingerprint = world.server.fingerprint("ed25519");
    let good = world.server.known_host("ed25519");
    let other = key_pair(world.home.path(), "other", "ed25519", "");
    let host = good.split(' ').next().unwrap();
    let table = [
        (String::new(), "is not known"),
        (format!("other.example {}", public(&other)), "is not known"),
        (format!("127.0.0.1 {}", public(&world.home.path().join("other"))), "is not known"),
        (format!("{host} {}", public(&other)), "the host key changed"),
        (format!("{good}@revoked * {}", good.split_once(' ').unwrap().1), "is revoked"),
    ];
    for (known, problem) in table {
        world.know(&known);
        let error = world.open().unwrap_err();
        assert!(matches!(error, SourceError::HostKey { .. }), "{known}: {error:?}");
        assert!(error.is_trust_failure());
        assert!(error.to_string().contains(problem) && error.to_string().contains(&fingerprint), "{error}");
    }
    std::fs::remove_file(world.known_hosts()).unwrap();
    assert!(matches!(world.open(), Err(SourceError::HostKey { .. })));
    assert!(world.is_nothing_fetched());
    world.know(&good);
    assert!(world.open().is_ok());
    assert!(!world.is_nothing_fetched());
}

#[test]
fn sec_26_hashed_and_global_known_hosts() {
    let world = World::new("id_ed25519", "ed25519", &["ed25519"]);
    let hash = Command::new("ssh-keygen").args(["-q", "-H", "-f"]).arg(world.known_hosts()).status().unwrap();
    assert!(hash.success());
    assert!(std::fs::read_to_string(world.known_hosts()).unwrap().starts_with("|1|"));
    assert!(world.open().is_ok());

    std::fs::remove_file(world.known_hosts()).unwrap();
    let global = world.home.path().join("ssh_known_hosts");
    std::fs::write(&global, world.server.known_host("ed25519")).unwrap();
    let mut request = world.request();
    assert!(open(&request).is_err());
    request.environment.global_known_hosts = vec![global];
    assert!(open(&request).is_ok());
}

#[test]
fn a_repository_that_is_not_there() {
    let world = World::new("id_ed25519", "ed25519", &["ed25519"]);
    let mut request = world.request();
    request.source = world.server.url("/nowhere/at/all.git");
    let error = open(&request).unwrap_err();
    assert!(matches!(error, SourceError::NotFound { .. }), "{error:?}");
    assert!(
        error.to_string().ends_with("'/nowhere/at/all.git' does not appear to be a git repository"),
        "{error}"
    );
}

/// What a process of its own found: `ok COMMIT` or the error.
fn in_process_of_its_own(world: &World, variables: &[(&str, &Path)]) -> String {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_os_str())).collect();
    open_sealed(world.home.path(), &world.server.url(&world.repo.at(".git")), &variables)
}

#[test]
fn an_agent_opens_a_repository() {
    let world = World::new("in_agent", "ed25519", &["ed25519"]);
    let private = world.home.path().join(".ssh/in_agent");
    let agent = Agent::start(world.home.path(), &[&private]);
    let expected = format!("ok {}", world.repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(in_process_of_its_own(&world, &[("SSH_AUTH_SOCK", agent.socket())]), expected);
    let without = in_process_of_its_own(&world, &[]);
    assert!(without.starts_with("Auth") && without.contains("SSH_AUTH_SOCK is not set"), "{without}");
}

#[test]
fn an_agent_without_the_key_leaves_the_key_files() {
    let world = World::new("id_ed25519", "ed25519", &["ed25519"]);
    let other = key_pair(world.home.path(), "other", "ed25519", "");
    let expected = format!("ok {}", world.repo.git(&["rev-parse", "HEAD"]));
    let wrong = Agent::start(world.home.path(), &[&other]);
    assert_eq!(in_process_of_its_own(&world, &[("SSH_AUTH_SOCK", wrong.socket())]), expected);
    drop(wrong);
    let _ = std::fs::remove_file(world.home.path().join("agent.sock"));
    let empty = Agent::start(world.home.path(), &[]);
    assert_eq!(in_process_of_its_own(&world, &[("SSH_AUTH_SOCK", empty.socket())]), expected);
    drop(empty);
    let dead = world.home.path().join("agent.sock");
    assert_eq!(in_process_of_its_own(&world, &[("SSH_AUTH_SOCK", &dead)]), expected);
}

#[test]
fn the_type_of_host_key_that_is_known_is_asked_for() {
    // The server offers two keys; only the one that ssh would not prefer is known.
    for known in ["ed25519", "ecdsa", "rsa"] {
        let world = World::new("id_ed25519", "ed25519", &["ed25519", "ecdsa", "rsa"]);
        world.know(&world.server.known_host(known));
        let answer = in_process_of_its_own(&world, &[]);
        assert!(answer.starts_with("ok "), "{known}: {answer}");
    }
}
