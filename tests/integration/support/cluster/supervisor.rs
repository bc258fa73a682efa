//! The process that runs the servers: `clusterd` of `tests/cluster`.
//!
//! It stops everything when its standard input ends, so a test binary that is killed leaves nothing behind.

#![expect(clippy::disallowed_methods, reason = "starts a process")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What clusterd says when the servers are ready.
#[derive(Deserialize)]
pub(super) struct Announcement {
    pub(super) url: String,
    pub(super) kubeconfig: PathBuf,
    pub(super) audit_log: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) version: String,
    /// Milliseconds from clusterd's start.
    pub(super) ready_ms: u64,
    pub(super) users: Vec<Account>,
}

/// A user that the server knows by a bearer token and who has no rights of their own.
#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) token: String,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: Option<String>,
}

/// A running clusterd.
pub(super) struct Supervisor {
    process: Child,
    /// `None` only while it is dropped.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Supervisor {
    /// Starts the servers and waits until they are ready.
    pub(super) fn start(bin: &Path) -> Result<(Self, Announcement), String> {
        let mut process = Command::new(bin.join("clusterd"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start clusterd: {error}"))?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or("clusterd has no output")?;
        let mut supervisor = Self { process, input, output: BufReader::new(output) };
        let about = supervisor.read()?;
        Ok((supervisor, about))
    }

    /// Sends one command and waits until it is done.
    pub(super) fn command(&mut self, command: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("clusterd is stopped")?;
        writeln!(input, "{command}").map_err(|error| format!("clusterd is gone: {error}"))?;
        match self.read::<Answer>()?.error {
            None => Ok(()),
            Some(why) => Err(why),
        }
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T, String> {
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(|error| format!("cannot read from clusterd: {error}"))?;
        if line.is_empty() {
            return Err("the test cluster ended; clusterd said why on standard error".to_owned());
        }
        serde_json::from_str(&line)
            .map_err(|error| format!("cannot read what clusterd said: {error}: {line}"))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.input.take());
        // Gone already is as good.
        let _ = self.process.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use super::Supervisor;
    use crate::support::cluster::{binaries, switched_off};

    /// Nobody can clean up after SIGKILL but the kernel, and the next start.
    #[test]
    fn servers_end_with_a_killed_supervisor_and_the_next_one_removes_the_data() {
        if switched_off() {
            return;
        }
        let bin = binaries::find().unwrap();
        let (mut supervisor, about) = Supervisor::start(&bin).unwrap();
        let address = about.url.trim_start_matches("https://").to_owned();
        assert!(TcpStream::connect(&address).is_ok(), "the server listens");

        supervisor.process.kill().unwrap();
        supervisor.process.wait().unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(&address).is_ok() {
            assert!(Instant::now() < limit, "the server outlived its supervisor");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(about.dir.exists(), "a killed supervisor cannot remove its data");

        let (next, _) = Supervisor::start(&bin).unwrap();
        assert!(!about.dir.exists(), "leftovers are removed");
        drop(next);
    }
}
