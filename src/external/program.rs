//! Running kustomize: the program, its arguments, its surroundings, and how it ended.
#![expect(clippy::disallowed_methods, reason = "runs a program: an edge")]

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::{ExternalError, Limits};
use crate::source::escape::one_line;

/// Variables that a program gets, where they are set. None of them holds a secret.
const VARIABLES: [&str; 3] = ["HOME", "PATH", "TMPDIR"];
/// Bytes of the standard error that are kept: the last.
const MAX_STDERR: usize = 16 * 1024;
/// Lines of it that an error shows.
const SHOWN_LINES: usize = 20;

/// A program that builds kustomizations: kustomize, or kubectl, which has it inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
    command: &'static str,
}

impl Program {
    /// Finds the program: a path, or a name that is looked for in the absolute directories of `PATH`.
    ///
    /// # Errors
    /// [`ExternalError::Unusable`].
    pub fn find(named: &Path) -> Result<Self, ExternalError> {
        let unusable = |problem: &str, hint: &str| ExternalError::Unusable {
            program: one_line(&named.display().to_string()),
            problem: problem.to_owned(),
            hint: hint.to_owned(),
        };
        let only_name = named.components().count() == 1 && !named.to_string_lossy().contains('/');
        let path = if only_name {
            let found = search_path().into_iter().map(|dir| dir.join(named)).find(|path| is_program(path));
            found.ok_or_else(|| unusable("no such program in PATH", "write its path, as in ./kustomize"))?
        } else {
            match std::fs::canonicalize(named) {
                Ok(path) => path,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(unusable(
                        "no such file",
                        "name the program kustomize, by its path or its name in PATH",
                    ));
                }
                Err(error) => return Err(unusable(&error.to_string(), "name a program that can be run")),
            }
        };
        if path.is_dir() {
            return Err(unusable("is a directory", "name the program in it"));
        }
        if !is_program(&path) {
            return Err(unusable("cannot be executed", "name a program, or make it one with chmod +x"));
        }
        let is_kubectl = named.file_name().is_some_and(|name| name.to_string_lossy().starts_with("kubectl"));
        Ok(Self { path, command: if is_kubectl { "kustomize" } else { "build" } })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it prints for a directory, which errors call `place`.
    ///
    /// # Errors
    /// [`ExternalError`] unless it ended by itself, in time, with exit code 0.
    pub fn build(&self, directory: &Path, place: &str, limits: Limits) -> Result<Vec<u8>, ExternalError> {
        let mut child = self.start(directory).map_err(|error| ExternalError::Unusable {
            program: one_line(&self.path.display().to_string()),
            problem: error.to_string(),
            hint: "name a program that runs on this machine".to_owned(),
        })?;
        let excess = Arc::new(AtomicBool::new(false));
        let stdout = child.stdout.take().map(|pipe| all_of(pipe, limits.output, Arc::clone(&excess)));
        let stderr = child.stderr.take().map(end_of);
        let ended = wait(&mut child, limits.time, &excess);
        let stdout = stdout.and_then(|reader| reader.join().ok()).unwrap_or_default();
        let stderr = stderr.and_then(|reader| reader.join().ok()).unwrap_or_default();
        // It may have ended, well or badly, before anybody saw that it printed too much.
        let ended = if excess.load(Ordering::Relaxed) { Ended::TooMuch } else { ended };
        match failure(&ended, limits) {
            None => Ok(stdout),
            Some(problem) => {
                let (program, place) = (self.path.clone(), place.to_owned());
                Err(ExternalError::Failed { program, place, problem, stderr: lines(&stderr) })
            }
        }
    }

    fn start(&self, directory: &Path) -> std::io::Result<Child> {
        let path = std::env::join_paths(search_path()).unwrap_or_default();
        let set = |name: &str| std::env::var_os(name).map(|value| (name.to_owned(), value));
        Command::new(&self.path)
            .args([self.command, "."])
            .current_dir(directory)
            .env_clear()
            .envs(VARIABLES.iter().filter_map(|name| set(name)))
            .env("PATH", path)
            .env("GIT_TERMINAL_PROMPT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
    }
}

/// The absolute directories of `PATH`: another one would be a directory of whatever repository the program runs in.
fn search_path() -> Vec<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|dir| dir.is_absolute()).collect()
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// How a program ended.
enum Ended {
    By(ExitStatus),
    Late,
    TooMuch,
    Unknown(std::io::Error),
}

/// Waits for the end, of which there is one for certain when this returns.
fn wait(child: &mut Child, patience: Duration, excess: &AtomicBool) -> Ended {
    let start = Instant::now();
    let stopped = loop {
        match has_ended(child) {
            Ok(true) => break None,
            Ok(false) if excess.load(Ordering::Relaxed) => break Some(Ended::TooMuch),
            Ok(false) if start.elapsed() < patience => thread::sleep(Duration::from_millis(2)),
            Ok(false) => break Some(Ended::Late),
            Err(error) => break Some(Ended::Unknown(error)),
        }
    };
    // Whatever the program started and left behind may hold the pipes open. The group is the program's until it is waited for.
    end_group(child);
    let status = child.wait();
    match (stopped, status) {
        (Some(stopped), _) => stopped,
        (None, Ok(status)) => Ended::By(status),
        (None, Err(error)) => Ended::Unknown(error),
    }
}

/// True if the process has ended; its number stays taken.
fn has_ended(child: &Child) -> std::io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        Some(pid) => Ok(waitid(WaitId::Pid(pid), options)?.is_some()),
        None => Err(std::io::Error::other("it has no process id")),
    }
}

fn end_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // There may be nobody left in it.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn failure(ended: &Ended, limits: Limits) -> Option<String> {
    match ended {
        Ended::By(status) if status.success() => None,
        Ended::By(status) => Some(match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("it was ended by signal {signal}"),
            (None, None) => "it ended in an unknown way".to_owned(),
        }),
        Ended::Late => Some(format!("it did not end within {} s and was stopped", limits.time.as_secs_f32())),
        Ended::TooMuch => Some(format!("it printed more than {} bytes", limits.output)),
        Ended::Unknown(error) => Some(format!("nobody knows how it ended: {error}")),
    }
}

/// Reads all of a pipe, on a thread of its own; more than `limit` bytes are noted as excess.
fn all_of(pipe: impl Read + Send + 'static, limit: u64, excess: Arc<AtomicBool>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // The pipe stays open until the excess is noted: the program may end by the pipe's end.
        let mut pipe = pipe.take(limit.saturating_add(1));
        let complete = pipe.read_to_end(&mut bytes).is_ok();
        if !complete || bytes.len() as u64 > limit {
            excess.store(true, Ordering::Relaxed);
        }
        bytes
    })
}

/// Reads a pipe to its end and keeps the last bytes.
fn end_of(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            kept.extend_from_slice(&buffer[..count]);
            let surplus = kept.len().saturating_sub(MAX_STDERR);
            kept.drain(..surplus);
        }
        kept
    })
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text.lines().map(one_line).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(SHOWN_LINES)..].to_vec()
}
