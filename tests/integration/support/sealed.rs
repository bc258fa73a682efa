//! The `gitops` binary as a stranger would run it: a home of its own, no inherited variables, a time limit, and a watch on its
//! memory. What it wrote can be searched for what it should have kept to itself.

#![expect(clippy::disallowed_methods, reason = "runs the program, and reads what it wrote")]

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::Value;
use tempfile::TempDir;

/// A home, its variables, and how long the program may take.
pub(crate) struct Sealed {
    home: TempDir,
    variables: Vec<(OsString, OsString)>,
    limit: Duration,
}

/// A run that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
    /// The most memory that was resident, in MiB, as far as looking every two milliseconds shows it.
    pub(crate) peak_mib: u64,
}

impl Sealed {
    /// A fresh home. The program is stopped after a minute, which fails the test.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory can be made");
        Self { home, variables: Vec::new(), limit: Duration::from_secs(60) }
    }

    /// With a kubeconfig, as `KUBECONFIG` names it.
    pub(crate) fn with_cluster(kubeconfig: &Path) -> Self {
        Self::new().variable("KUBECONFIG", kubeconfig)
    }

    pub(crate) fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs the program without standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.run_with(args, b"")
    }

    /// Runs the program with an input.
    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Ended {
        let file = || tempfile::tempfile().expect("a file can be made");
        let (mut stdin, stdout, stderr) = (file(), file(), file());
        stdin.write_all(input).expect("it can be written");
        rewind(&stdin);
        let clone = |file: &std::fs::File| Stdio::from(file.try_clone().expect("a file can be shared"));
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gitops"))
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.home())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home())
            .stdin(stdin)
            .stdout(clone(&stdout))
            .stderr(clone(&stderr))
            .spawn()
            .expect("the program starts");
        let (code, peak_mib) = self.watch(&mut child, start, args);
        let took = start.elapsed();
        Ended { code, stdout: read(stdout), stderr: read(stderr), took, peak_mib }
    }

    fn watch(&self, child: &mut Child, start: Instant, args: &[&str]) -> (i32, u64) {
        let mut peak = 0;
        loop {
            peak = peak.max(resident_mib(child.id()));
            if let Some(status) = child.try_wait().expect("the program can be waited for") {
                return (status.code().unwrap_or(-1), peak);
            }
            if start.elapsed() > self.limit {
                child.kill().expect("it can be stopped");
                child.wait().expect("it can be waited for");
                panic!("gitops {args:?} runs for more than {:?}", self.limit);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// All files below the home, read as text.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let (mut files, mut directories) = (Vec::new(), vec![self.home().to_owned()]);
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(&directory).expect("the home can be read") {
                let path = entry.expect("an entry can be read").path();
                if path.is_dir() {
                    directories.push(path);
                } else if path.is_file() {
                    let bytes = std::fs::read(&path).expect("a file of the home can be read");
                    files.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
                }
            }
        }
        files
    }
}

impl Ended {
    /// The JSON report on standard output.
    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("no JSON report: {why}: {self:?}"))
    }

    /// Both streams.
    pub(crate) fn text(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// # Panics
    /// If a stream holds `canary` in any spelling of [`spellings`].
    pub(crate) fn assert_hides(&self, canary: &str) {
        assert_hidden("the output", &self.text(), canary);
    }

    /// # Panics
    /// If a stream holds a character that does something to a terminal.
    pub(crate) fn assert_tame(&self) {
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let wild = text.chars().find(|character| is_wild(*character));
            assert_eq!(wild, None, "{name}: {}", text.escape_debug());
        }
    }
}

/// # Panics
/// If `text` holds `canary` in any spelling of [`spellings`].
pub(crate) fn assert_hidden(place: &str, text: &str, canary: &str) {
    for spelling in spellings(canary) {
        assert!(!text.contains(&spelling), "{place} holds {canary:?} as {spelling:?}: {text}");
    }
}

/// The canary as it is, backwards, in hexadecimal digits and decimal bytes, and in base64 wherever it may stand in what was encoded.
pub(crate) fn spellings(canary: &str) -> Vec<String> {
    assert!(canary.len() >= 8, "a short canary occurs by chance");
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    let bytes: Vec<String> = canary.bytes().map(|byte| byte.to_string()).collect();
    let mut all =
        vec![canary.to_owned(), canary.chars().rev().collect(), hex.to_uppercase(), hex, bytes.join(", ")];
    for before in 0..3 {
        let text = [&b"xx"[..before.min(2)], canary.as_bytes()].concat();
        // The first and last characters depend on what stands beside the canary.
        let (from, to) = ([0, 2, 3][before], text.len() * 8 / 6);
        all.extend([
            STANDARD.encode(&text)[from..to].to_owned(),
            URL_SAFE.encode(&text)[from..to].to_owned(),
        ]);
        let twice = STANDARD.encode(&STANDARD.encode(&text).as_bytes()[from..to]);
        all.push(twice[..twice.len() - 4].to_owned());
    }
    all
}

/// Control characters but line feed and tab, and those that change the direction or the visibility of text.
fn is_wild(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\t');
    control
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn rewind(mut file: &std::fs::File) {
    use std::io::Seek as _;
    file.rewind().expect("a file can be read from its start");
}

fn read(file: std::fs::File) -> String {
    rewind(&file);
    std::io::read_to_string(&file).expect("the program writes UTF-8")
}

/// `VmHWM` of Linux's `/proc/PID/status`; 0 once the process has ended. What `wait4` tells is no less than what its parent held
/// when it began.
pub(crate) fn resident_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
}
