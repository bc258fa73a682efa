//! One run of a program: its time, its memory, and what it asked the server for.
//!
//! The program is started by a small process of its own that does nothing else: a child shares the memory of its parent
//! until its program is loaded, and the kernel counts that as the child's peak.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

use crate::cluster::Cluster;

/// What one run cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time outside the kernel.
    pub(crate) user: f64,
    /// Most memory in use at a time, in MiB.
    pub(crate) peak: f64,
    /// Requests that the server received.
    pub(crate) requests: f64,
}

/// A program and how to call it.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// The exit code of a run that went well.
    pub(crate) code: i32,
    /// What standard output has to hold then.
    pub(crate) says: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Ended {
    code: Option<i32>,
    cost: Cost,
}

/// Runs a program against the cluster of a kubeconfig and measures it.
///
/// # Errors
/// The program fails, or says something else than it should: then its time means nothing.
pub(crate) fn run(cluster: &Cluster, kubeconfig: &Path, program: &Program) -> anyhow::Result<Cost> {
    let out = cluster.dir().join("bench.out");
    let errors = cluster.dir().join("bench.err");
    let mark = cluster.mark()?;
    let output = Command::new(std::env::current_exe()?)
        .arg("--measure")
        .args(&program.command)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", cluster.dir())
        .env("KUBECONFIG", kubeconfig)
        .env("BENCH_OUT", &out)
        .env("BENCH_ERR", &errors)
        .current_dir(cluster.dir())
        .stderr(Stdio::inherit())
        .output()?;
    let ended: Ended = serde_json::from_slice(&output.stdout).context("the measuring process failed")?;
    let said = String::from_utf8_lossy(&std::fs::read(&out)?).into_owned();
    let complaint = || String::from_utf8_lossy(&std::fs::read(&errors).unwrap_or_default()).into_owned();
    let name = program.command.join(" ");
    ensure!(ended.code == Some(program.code), "{name}: exit {:?}: {}", ended.code, complaint());
    let last = said.lines().last().unwrap_or_default();
    for says in &program.says {
        ensure!(last.contains(says.as_str()), "{name}: says {last:?}, not {says:?}");
    }
    let requests = cluster.requests_since(mark)? as f64;
    Ok(Cost { requests, ..ended.cost })
}

/// The other side: runs the command of its arguments, waits, and prints what it cost.
pub(crate) fn measured(command: &[String]) -> anyhow::Result<()> {
    let file = |name| Ok::<_, anyhow::Error>(std::fs::File::create(std::env::var(name)?)?);
    let (out, errors) = (file("BENCH_OUT")?, file("BENCH_ERR")?);
    let (program, arguments) = command.split_first().context("no command")?;
    let mut command = Command::new(program);
    command.args(arguments).env_remove("BENCH_OUT").env_remove("BENCH_ERR");
    command.stdin(Stdio::null()).stdout(out).stderr(errors);
    let start = Instant::now();
    let ended = command.spawn()?.wait4()?;
    let cost = Cost {
        wall: start.elapsed().as_secs_f64(),
        user: ended.rusage.utime.as_secs_f64(),
        peak: ended.rusage.maxrss as f64 / f64::from(1 << 20),
        requests: 0.0,
    };
    serde_json::to_writer(std::io::stdout(), &Ended { code: ended.status.code(), cost })?;
    Ok(())
}
