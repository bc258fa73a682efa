//! One run of a program: its time and its memory.
//!
//! The program is started by a small process of its own that does nothing else: a child shares the memory of its parent until its
//! program is loaded, and the kernel counts that as the child's peak.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// What one run cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Most memory in use at a time, in MiB.
    pub(crate) peak: f64,
    success: bool,
}

/// A program and how to call it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// The standard input.
    pub(crate) input: Vec<u8>,
}

/// Runs a program and measures it; what it says lies in the directory then.
///
/// # Errors
/// The program fails: then its time means nothing.
pub(crate) fn run(dir: &Path, program: &Program) -> anyhow::Result<Cost> {
    std::fs::write(dir.join("in"), &program.input)?;
    let output = Command::new(std::env::current_exe()?)
        .arg("--measure")
        .args(&program.command)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", dir)
        .current_dir(dir)
        .stderr(Stdio::inherit())
        .output()?;
    let cost: Cost = serde_json::from_slice(&output.stdout).context("the measuring process failed")?;
    ensure!(cost.success, "{}: it failed", program.command.join(" "));
    Ok(cost)
}

/// What the last program said.
pub(crate) fn said(dir: &Path) -> anyhow::Result<Vec<u8>> {
    Ok(std::fs::read(dir.join("out"))?)
}

/// The other side: runs the command of its arguments, waits, and prints what it cost.
pub(crate) fn measured(command: &[String]) -> anyhow::Result<()> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(File::open("in")?).stdout(File::create("out")?).stderr(Stdio::inherit());
    let start = Instant::now();
    let ended = command.spawn()?.wait4()?;
    let cost = Cost {
        wall: start.elapsed().as_secs_f64(),
        peak: ended.rusage.maxrss as f64 / f64::from(1 << 20),
        success: ended.status.success(),
    };
    serde_json::to_writer(std::io::stdout(), &cost)?;
    Ok(())
}

/// The middle of some figures.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut all: Vec<f64> = figures.into_iter().collect();
    all.sort_by(f64::total_cmp);
    let (low, high) = (all.get(all.len().checked_sub(1)? / 2)?, all.get(all.len() / 2)?);
    Some(low.midpoint(*high))
}
