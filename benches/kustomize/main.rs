//! `cargo bench --bench kustomize`: `gitops render` of kustomizations beside kustomize's own packages, on the same directories in
//! one run.
//!
//! Prints tables in Markdown on standard output, and what it does on standard error. Every figure is a median; both programs must
//! make the same objects in the same order, or the bench fails. `BENCH=full` lets kustomize build the largest set as well.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "runs programs, takes the time and prints"
)]

mod measure;
mod workload;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

use crate::measure::{Cost, Program, median};

/// Numbers of objects.
const SIZES: [usize; 3] = [1_000, 4_000, 20_000];
/// kustomize builds no larger set unless everything is asked for: 20,000 objects take it a quarter of an hour.
const LARGEST_PEER: usize = 4_000;
/// Small directories that are built one after the other.
const DIRECTORIES: usize = 1_000;
/// Runs of ours and of kustomize for each size.
const ROUNDS: (usize, usize) = (11, 3);

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, command)) if first == "--measure" => measure::measured(command),
        _ => Bench::start()?.run(),
    }
}

struct Bench {
    dir: tempfile::TempDir,
    oracle: PathBuf,
    full: bool,
    started: Instant,
}

impl Bench {
    fn start() -> anyhow::Result<Self> {
        let oracle = match std::env::var("GITOPS_TEST_KUSTOMIZE") {
            Ok(path) => path.into(),
            Err(_) => {
                let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize/build");
                let built = Command::new(script).stderr(Stdio::inherit()).output()?;
                ensure!(built.status.success(), "tests/kustomize/build failed");
                PathBuf::from(String::from_utf8(built.stdout)?.trim())
            }
        };
        let full = std::env::var("BENCH").is_ok_and(|mode| mode == "full");
        Ok(Self { dir: tempfile::tempdir()?, oracle, full, started: Instant::now() })
    }

    fn say(&self, text: &str) {
        eprintln!("[{:>4.0} s] {text}", self.started.elapsed().as_secs_f64());
    }

    fn run(self) -> anyhow::Result<()> {
        println!(
            "| objects | input | kustomize 5.8.1 | its memory | `gitops render` | its memory | faster |"
        );
        println!("|---|---|---|---|---|---|---|");
        for size in SIZES {
            println!("{}", self.overlay(size)?);
        }
        println!(
            "\n| directories | kustomize 5.8.1, a process each | `gitops render`, a process each | faster | in one process | faster |"
        );
        println!("|---|---|---|---|---|---|");
        println!("{}", self.directories()?);
        Ok(())
    }

    fn ours(&self, root: &Path, path: &str) -> Program {
        let root = root.to_string_lossy().into_owned();
        let command = [env!("CARGO_BIN_EXE_gitops"), "render", &root, "--path", path, "-o", "json"];
        Program { command: command.map(str::to_owned).to_vec(), input: Vec::new() }
    }

    fn theirs(&self, root: &Path, path: &str) -> anyhow::Result<Program> {
        let command = vec![self.oracle.to_string_lossy().into_owned()];
        Ok(Program { command, input: workload::request(root, path)? })
    }

    /// A base and an overlay with namespace, prefix, label, image and patch.
    fn overlay(&self, size: usize) -> anyhow::Result<String> {
        let root = self.dir.path().join(format!("overlay-{size}"));
        let bytes = workload::overlay(&root, size)?;
        self.say(&format!("{size} objects, {:.2} MB of YAML", bytes as f64 / 1e6));
        let (ours, theirs) = (self.ours(&root, "app"), self.theirs(&root, "app")?);
        let mut costs = (Vec::new(), Vec::new());
        let with_peer = self.full || size <= LARGEST_PEER;
        for round in 0..ROUNDS.0 {
            costs.0.push(measure::run(self.dir.path(), &ours)?);
            if with_peer && round % ROUNDS.0.div_ceil(ROUNDS.1) == 0 {
                let said = workload::objects_of_ours(&measure::said(self.dir.path())?)?;
                costs.1.push(measure::run(self.dir.path(), &theirs)?);
                let also = workload::objects_of_kustomize(&measure::said(self.dir.path())?)?;
                ensure!(said.len() == size && said == also, "{size} objects: the two differ");
                self.say("kustomize built it once, the same objects");
            }
        }
        let wall = |costs: &[Cost]| median(costs.iter().map(|cost| cost.wall));
        let peak = |costs: &[Cost]| median(costs.iter().map(|cost| cost.peak));
        let ours = wall(&costs.0).context("no run")?;
        let memory = |peak: Option<f64>| peak.map_or("–".to_owned(), |peak| format!("{peak:.0} MiB"));
        let (theirs, faster) = match wall(&costs.1) {
            Some(theirs) => (seconds(theirs), format!("{:.0} ×", theirs / ours)),
            None => ("–".to_owned(), "–".to_owned()),
        };
        Ok(format!(
            "| {size} | {:.2} MB | {theirs} | {} | {} | {} | {faster} |",
            bytes as f64 / 1e6,
            memory(peak(&costs.1)),
            seconds(ours),
            memory(peak(&costs.0)),
        ))
    }

    /// Many small directories: one process for each, and ours in one process as well.
    fn directories(&self) -> anyhow::Result<String> {
        let root = self.dir.path().join("small");
        workload::small(&root, DIRECTORIES)?;
        self.say(&format!("{DIRECTORIES} small directories"));
        let (mut ours, mut theirs) = (0.0, 0.0);
        for number in 0..DIRECTORIES {
            let path = format!("app-{number}");
            let (our, their) = (self.ours(&root, &path), self.theirs(&root.join(&path), ".")?);
            ours += measure::run(self.dir.path(), &our)?.wall;
            let said = workload::objects_of_ours(&measure::said(self.dir.path())?)?;
            theirs += measure::run(self.dir.path(), &their)?.wall;
            let also = workload::objects_of_kustomize(&measure::said(self.dir.path())?)?;
            ensure!(!said.is_empty() && said == also, "{path}: the two differ");
        }
        let once = median(
            (0..ROUNDS.0)
                .map(|_| workload::in_process(&root, DIRECTORIES))
                .collect::<anyhow::Result<Vec<f64>>>()?,
        )
        .context("no run")?;
        Ok(format!(
            "| {DIRECTORIES} | {} | {} | {:.0} × | {} | {:.0} × |",
            seconds(theirs),
            seconds(ours),
            theirs / ours,
            seconds(once),
            theirs / once,
        ))
    }
}

fn seconds(value: f64) -> String {
    match value {
        value if value < 1.0 => format!("{value:.3} s"),
        value if value < 10.0 => format!("{value:.2} s"),
        value => format!("{value:.1} s"),
    }
}
