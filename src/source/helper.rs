//! Git's credential helpers, asked through `git credential fill`.
//!
//! Only the user's own configuration counts: git runs outside every repository. Secrets pass through pipes, never through
//! arguments. Without git on this machine there are no helpers.
#![expect(clippy::disallowed_methods, reason = "this module is the edge that runs git")]

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::source::environment::Environment;
use crate::source::redacted::Redacted;
use crate::source::url::{GitUrl, Scheme};

/// Longest time that a helper may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a helper answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) user: Redacted<String>,
    pub(crate) password: Redacted<String>,
}

/// Asks git's credential helpers.
///
/// # Errors
/// Why there is no answer, for the list of ways that could not be tried.
pub(crate) fn fill(url: &GitUrl, environment: &Environment) -> Result<Answer, String> {
    let mut child = command(environment)
        .spawn()
        .map_err(|error| format!("git's credential helper: git cannot be run ({})", error.kind()))?;
    // A helper that does not read its input is judged by its answer.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(question(url).as_bytes());
    }
    let stdout = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.map(|out| out.take(65_536).read_to_string(&mut text));
        text
    });
    if !finished(&mut child) {
        return Err("git's credential helper did not answer in time".to_owned());
    }
    let text = reader.join().unwrap_or_default();
    answer(&text).ok_or_else(|| "git's credential helper has nothing for this host".to_owned())
}

fn command(environment: &Environment) -> Command {
    let mut command = Command::new("git");
    command
        .args(["credential", "fill"])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .env("GIT_DIR", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GCM_INTERACTIVE", "never")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .env_remove("GIT_OBJECT_DIRECTORY")
        .env_remove("GIT_CONFIG")
        .env_remove("SSH_ASKPASS")
        .env_remove("GITOPS_GIT_TOKEN");
    if let Some(home) = &environment.home {
        command.env("HOME", home);
    }
    command
}

/// The question in the helpers' protocol (git-credential(1), INPUT/OUTPUT FORMAT). The URL's parts hold no line breaks.
fn question(url: &GitUrl) -> String {
    let protocol = if url.scheme() == Scheme::Http { "http" } else { "https" };
    let port = url.written_port().map_or_else(String::new, |port| format!(":{port}"));
    let mut text = format!("protocol={protocol}\nhost={}{port}\n", url.host());
    text.push_str(&format!("path={}\n", url.decoded_path().trim_start_matches('/')));
    if let (Some(user), Some(_)) = (url.user(), url.password()) {
        text.push_str(&format!("username={}\n", user.expose()));
    }
    text.push('\n');
    text
}

fn answer(text: &str) -> Option<Answer> {
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| Redacted::new(value.to_owned()))
    };
    Some(Answer { user: value("username")?, password: value("password")? })
}

/// Waits for the end of a process; kills it when patience ends.
fn finished(child: &mut Child) -> bool {
    let start = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(_)) => return true,
            Ok(None) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
