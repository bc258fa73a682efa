//! The two streams of the process: stdout carries the answer, stderr everything else.
#![expect(clippy::disallowed_methods, reason = "writes to streams and files: an edge")]

use std::io::{ErrorKind, Write};
use std::path::Path;

use super::error::RunError;
use crate::exit::Code;
use crate::progress::Progress;
use crate::render::{Notice, yaml};
use crate::report::{escape, hints};

/// Where a command writes.
#[derive(Debug)]
pub struct Output {
    quiet: bool,
    /// Warnings that were given, quiet or not.
    warnings: usize,
}

impl Output {
    /// Output to the process's own streams; `quiet` leaves out warnings and hints.
    pub fn new(quiet: bool) -> Self {
        Self { quiet, warnings: 0 }
    }

    /// How many warnings were given.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// A warning about a place of the source.
    pub fn warning(&mut self, notice: &Notice) {
        self.warnings += 1;
        self.say("warning", &hints::warning(notice));
    }

    /// A progress line for the stages to come, on a terminal only.
    pub fn progress(&self) -> Progress {
        Progress::start(self.quiet)
    }

    /// A remark on stderr that --quiet leaves out.
    pub fn say(&self, kind: &str, text: &str) {
        if !self.quiet {
            complain(kind, text);
        }
    }
}

/// An error with its hint; never left out.
pub fn report_error(error: &RunError) {
    complain("error", &error.to_string());
    for detail in error.details() {
        complain("  ", &detail);
    }
    if let Some(hint) = error.hint() {
        complain("hint", &hint);
    }
}

/// The error that kept one target from being compared, with its hint; never left out.
pub fn report_target_error(target: &str, error: &RunError) {
    complain("error", &format!("target {target}: {error}"));
    for detail in error.details() {
        complain("  ", &detail);
    }
    if let Some(hint) = error.hint() {
        complain("hint", &format!("target {target}: {hint}"));
    }
}

/// Makes a panic say where it happened and nothing else: its text may quote what must not be shown.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if yaml::is_guarded() {
            return;
        }
        let place =
            panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        complain(
            "internal error",
            &format!("gitops stopped{place}; this is a bug, please report it with the command line"),
        );
    }));
}

/// Prints what clap answers instead of parsed arguments, help or a mistake, and returns the exit code. Arguments that clap
/// quotes may come from elsewhere, such as the name of a branch; where they are harmless clap prints in its own colours.
pub fn help_or_usage(answer: &clap::Error) -> u8 {
    let text = answer.render().to_string();
    let harmless = harmless(&text);
    if answer.use_stderr() && harmless != text {
        let _ = std::io::stderr().lock().write_all(harmless.as_bytes());
    } else {
        let _ = answer.print();
    }
    u8::try_from(answer.exit_code()).unwrap_or(Code::Error.number())
}

/// Writes a line to stderr; a stderr that is gone is no reason to stop.
fn complain(kind: &str, text: &str) {
    let separator = if kind.trim().is_empty() { "" } else { ": " };
    let _ = writeln!(std::io::stderr().lock(), "{}", harmless(&format!("{kind}{separator}{text}")));
}

/// Text that neither moves a terminal nor speaks to a build service.
fn harmless(text: &str) -> String {
    let clean = escape::clean(text);
    let lines: Vec<_> = clean.split('\n').map(escape::without_commands).collect();
    lines.join("\n")
}

/// Writes an answer to a file, or to stdout if none is named. A reader that closed the pipe has seen enough.
///
/// # Errors
/// The file or stdout cannot be written.
pub fn deliver(file: Option<&Path>, _output: &Output, content: &[u8]) -> Result<(), RunError> {
    let failed =
        |place: String| move |error: std::io::Error| RunError::Output { place, reason: error.to_string() };
    match file {
        Some(path) => write_file(path, content).map_err(failed(path.display().to_string())),
        None => {
            let mut stdout = std::io::stdout().lock();
            match stdout.write_all(content).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
                result => result.map_err(failed("standard output".to_owned())),
            }
        }
    }
}

/// Replaces a file at once; a device such as `/dev/null` or `/dev/stderr` is written in place.
fn write_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let special = std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    if special {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::Builder::new().prefix(".gitops-").tempfile_in(parent);
    // The library's own text names a file that nobody asked for.
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::NotFound => std::io::Error::new(ErrorKind::NotFound, "its directory does not exist"),
        kind => std::io::Error::from(kind),
    })?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SEC-24
    #[test]
    fn messages_do_nothing_to_terminals_and_build_services() {
        assert_eq!(harmless("error: a\n  b\n"), "error: a\n  b\n");
        let wild = "error: \u{1b}[2J\r\u{202e}\n::error::x\n ##[group]y";
        assert_eq!(harmless(wild), "error: \\u{1b}[2J\\r\\u{202e}\n\\u{3a}:error::x\n \\u{23}#[group]y");
    }
}
