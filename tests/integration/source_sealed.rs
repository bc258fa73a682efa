//! Opening a source in a process of its own, with an environment that holds what a test puts there and nothing else.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "starts processes and reads their answers, and may fail loudly"
)]

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use gitops::source::environment::Environment;
use gitops::source::{Request, open};

use crate::git_server::http::{Behaviour, HttpServer};
use crate::git_server::repository::Repo;

/// Opens a URL in a process whose environment is `PATH`, `HOME` and these variables: `ok COMMIT`, or the error.
pub(crate) fn open_sealed(home: &Path, url: &str, variables: &[(&str, &OsStr)]) -> String {
    let answer = home.join("answer");
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "source_sealed::opens_what_the_environment_says", "--ignored"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("GITOPS_TEST_SOURCE", url)
        .env("GITOPS_TEST_ANSWER", &answer)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    std::fs::read_to_string(answer).unwrap()
}

#[test]
#[ignore = "other tests run it in a process with an environment of its own"]
fn opens_what_the_environment_says() {
    let source = std::env::var("GITOPS_TEST_SOURCE").unwrap();
    let mut request = Request::new(&source);
    request.allow_protocols = vec!["http".to_owned()];
    request.environment = Environment::from_process();
    let answer = match open(&request) {
        Ok(snapshot) => format!("ok {}", snapshot.commit.unwrap_or_default()),
        Err(error) => format!("{error:?}"),
    };
    std::fs::write(std::env::var_os("GITOPS_TEST_ANSWER").unwrap(), answer).unwrap();
}

#[test]
fn sec_27_secrets_are_in_no_argument_list() {
    let canary = format!("canary{}", std::process::id());
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let login = Some(format!("user:{canary}-of-helper"));
    let server = HttpServer::start(&repo.path(), Behaviour { login, ..Behaviour::default() });
    let home = tempfile::tempdir().unwrap();
    let seen = home.path().join("seen");
    // The helper is the last of the line of processes: it looks at all of them, then answers.
    let helper = format!(
        "#!/bin/sh\ncat /proc/[0-9]*/cmdline | tr '\\0' ' ' > {}\nprintf 'username=user\\npassword={canary}-of-helper\\n'\n",
        seen.display()
    );
    let script = home.path().join("helper");
    std::fs::write(&script, helper).unwrap();
    assert!(Command::new("chmod").arg("+x").arg(&script).status().unwrap().success());
    std::fs::write(
        home.path().join(".gitconfig"),
        format!("[credential]\n\thelper = {}\n", script.display()),
    )
    .unwrap();
    let token = format!("{canary}-of-environment");
    let answer = open_sealed(home.path(), &server.url(".git"), &[("GITOPS_GIT_TOKEN", OsStr::new(&token))]);
    assert_eq!(answer, format!("ok {}", repo.git(&["rev-parse", "HEAD"])));
    let seen = String::from_utf8_lossy(&std::fs::read(&seen).unwrap()).into_owned();
    assert!(
        seen.contains("git credential fill") && seen.contains("opens_what_the_environment_says"),
        "{seen}"
    );
    assert!(!seen.contains(&canary), "{seen}");
    assert!(server.seen().iter().any(|seen| seen.authorization.is_some()));
}

#[test]
fn sec_18_helpers_of_the_repository_around_are_not_asked() {
    // The process stands in a repository whose configuration names a helper; only the user's own configuration counts.
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let server =
        HttpServer::start(&repo.path(), Behaviour { login: Some("u:p".into()), ..Behaviour::default() });
    let home = tempfile::tempdir().unwrap();
    let canary = home.path().join("touched");
    repo.git(&["config", "credential.helper", &format!("!touch {}; true", canary.display())]);
    let git_dir = repo.path().join(".git");
    let answer = open_sealed(home.path(), &server.url(".git"), &[("GIT_DIR", git_dir.as_os_str())]);
    assert!(answer.starts_with("Auth"), "{answer}");
    assert!(!canary.exists());
}

#[test]
fn a_token_of_the_environment_is_used() {
    let repo = Repo::with_files(&[("a.yaml", "a: 1\n")]);
    let home = tempfile::tempdir().unwrap();
    for (user, variables) in
        [("x-access-token", vec![]), ("robot", vec![("GITOPS_GIT_USERNAME", OsStr::new("robot"))])]
    {
        let server = HttpServer::start(
            &repo.path(),
            Behaviour { login: Some(format!("{user}:t0ken")), ..Behaviour::default() },
        );
        let variables = [variables, vec![("GITOPS_GIT_TOKEN", OsStr::new("t0ken\n"))]].concat();
        assert!(open_sealed(home.path(), &server.url(".git"), &variables).starts_with("ok "), "{user}");
    }
}
