//! A repository made by the git of this machine, in a directory that goes with the value.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the fixture runs git and may fail loudly"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A working tree with its repository.
pub(crate) struct Repo {
    dir: TempDir,
}

impl Repo {
    /// An empty repository with branch `main`.
    pub(crate) fn new() -> Self {
        let repo = Self { dir: tempfile::tempdir().unwrap() };
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    /// A repository with one commit that holds these files.
    pub(crate) fn with_files(files: &[(&str, &str)]) -> Self {
        let repo = Self::new();
        repo.commit_files(files, "first");
        repo
    }

    /// Canonical path of the top level.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    /// A path below the top level, as text.
    pub(crate) fn at(&self, path: &str) -> String {
        self.path().join(path).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Writes files and commits everything; returns the commit id.
    pub(crate) fn commit_files(&self, files: &[(&str, &str)], message: &str) -> String {
        for (path, content) in files {
            self.write(path, content);
        }
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the working tree; returns its trimmed output. Panics if git fails.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        git_in(self.dir.path(), args)
    }
}

/// Runs git with a configuration of its own; returns its trimmed output.
pub(crate) fn git_in(dir: &Path, args: &[&str]) -> String {
    let bytes = git_bytes(dir, args);
    String::from_utf8(bytes).unwrap().trim_end().to_owned()
}

/// Runs git; returns the bytes of its output.
pub(crate) fn git_bytes(dir: &Path, args: &[&str]) -> Vec<u8> {
    let output = git_command(dir).args(args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {args:?}: {errors}");
    output.stdout
}

/// Runs git with an input; returns its trimmed output.
pub(crate) fn git_with_input(dir: &Path, args: &[&str], input: &[u8]) -> String {
    let output = git_bytes_with_input(dir, args, input);
    String::from_utf8(output).unwrap().trim_end().to_owned()
}

/// Runs git with an input; returns the bytes of its output.
pub(crate) fn git_bytes_with_input(dir: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = git_command(dir).args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {args:?}");
    output.stdout
}

fn git_command(dir: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A U Thor")
        .env("GIT_AUTHOR_EMAIL", "author@example.com")
        .env("GIT_COMMITTER_NAME", "C O Mitter")
        .env("GIT_COMMITTER_EMAIL", "committer@example.com")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .args(["-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"]);
    command
}
