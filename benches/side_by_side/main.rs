//! `cargo bench`: `gitops diff` beside `kubectl diff --server-side` and beside bare LISTs, on the test cluster.
//!
//! Prints a table in Markdown on standard output, and what it does on standard error. Every figure is the median of
//! interleaved runs; what was not measured but computed from a smaller set is marked with `~`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "runs programs, takes the time and prints"
)]

mod client;
mod cluster;
mod measure;
mod options;
mod proxy;
mod table;
mod workload;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use http::Method;

use crate::client::Write;
use crate::cluster::Cluster;
use crate::measure::{Cost, Program};
use crate::options::Options;
use crate::table::{Cell, PROGRAMS, Row};
use crate::workload::{COLLECTIONS, Workload};

/// kubectl is not measured with more objects than this, or with more than [`FAR_PEER`] if they are far away.
const NEAR_PEER: usize = 5_000;
const FAR_PEER: usize = 1_000;
/// Larger sets are measured near and in sync, and all else of them only where `BENCH=full` is asked for.
const NEAR_ONLY: usize = 10_000;
/// Most objects of which everything is measured, also where `BENCH=full` is not asked for.
const QUICK: usize = 1_000;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, command)) if first == "--measure" => measure::measured(command),
        Some((first, collections)) if first == "--raw" => {
            let kubeconfig = PathBuf::from(std::env::var("KUBECONFIG")?);
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(client::list(&kubeconfig, collections))
        }
        _ => Bench::start(Options::read(arguments.into_iter())?)?.run(),
    }
}

struct Bench {
    options: Options,
    cluster: Cluster,
    runtime: tokio::runtime::Runtime,
    started: Instant,
    rows: Vec<Row>,
}

/// What is compared in one row.
#[derive(Debug, Clone, Copy)]
struct Case {
    workload: Workload,
    size: usize,
    delay: u64,
    drift: bool,
    foreign: usize,
}

impl Bench {
    fn start(options: Options) -> anyhow::Result<Self> {
        let started = Instant::now();
        let cluster = Cluster::start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        Ok(Self { options, cluster, runtime, started, rows: Vec::new() })
    }

    fn say(&self, text: &str) {
        eprintln!("[{:>4.0} s] {text}", self.started.elapsed().as_secs_f64());
    }

    fn run(mut self) -> anyhow::Result<()> {
        let kubeconfigs = self.kubeconfigs()?;
        let mut present = Workload::of(0);
        for size in self.options.sizes.clone() {
            let workload = Workload::of(size);
            self.create(present, workload)?;
            present = workload;
            let source = self.source(workload)?;
            for drift in [false, true] {
                if drift {
                    self.edit(workload)?;
                }
                for (delay, kubeconfig) in &kubeconfigs {
                    if (drift || *delay > 0) && size > NEAR_ONLY && !self.options.full {
                        continue;
                    }
                    let case = Case { workload, size, delay: *delay, drift, foreign: 0 };
                    self.row(case, kubeconfig, &source)?;
                }
                if drift {
                    self.restore(workload)?;
                }
            }
        }
        self.crowd(present)?;
        self.print();
        Ok(())
    }

    /// The cluster as it is, and the same cluster far away.
    fn kubeconfigs(&self) -> anyhow::Result<Vec<(u64, PathBuf)>> {
        let delays = self.options.delays.iter().map(|&delay| {
            let path = match delay {
                0 => self.cluster.kubeconfig().to_owned(),
                delay => {
                    let port = proxy::start(self.cluster.address(), Duration::from_millis(delay))?;
                    self.cluster.kubeconfig_through(port)?
                }
            };
            Ok((delay, path))
        });
        delays.collect()
    }

    fn source(&self, workload: Workload) -> anyhow::Result<PathBuf> {
        let directory = self.cluster.dir().join(format!("manifests-{}", workload.objects()));
        std::fs::create_dir_all(&directory)?;
        let bytes = workload.write(&directory)?;
        self.say(&format!("{} objects, {:.2} MB of YAML", workload.objects(), bytes as f64 / 1e6));
        Ok(directory)
    }

    /// Applies what the larger workload has beyond the smaller one.
    fn create(&self, present: Workload, wanted: Workload) -> anyhow::Result<()> {
        let beyond = |all: Vec<workload::Manifest>, known: usize| all.into_iter().skip(known);
        let namespaces = beyond(wanted.namespace_manifests(), present.namespace_manifests().len());
        self.apply(namespaces.collect())?;
        self.apply(beyond(wanted.manifests(), present.manifests().len()).collect())
    }

    fn apply(&self, manifests: Vec<workload::Manifest>) -> anyhow::Result<()> {
        let writes = manifests.into_iter().map(|manifest| Write {
            path: format!("{}?fieldManager=gitops&force=true", manifest.path),
            method: Method::PATCH,
            kind: "application/apply-patch+yaml",
            body: manifest.yaml,
        });
        self.write(writes.collect())
    }

    fn write(&self, writes: Vec<Write>) -> anyhow::Result<()> {
        self.runtime.block_on(client::write(self.cluster.kubeconfig(), writes))
    }

    /// Changes one object in twenty as a person would.
    fn edit(&self, workload: Workload) -> anyhow::Result<()> {
        // A write in the second of the creation could be the creator's.
        std::thread::sleep(Duration::from_millis(1_100));
        let writes = workload.edits().into_iter().map(|(manifest, patch)| Write {
            path: format!("{}?fieldManager=kubectl-edit", manifest.path),
            method: Method::PATCH,
            kind: "application/merge-patch+json",
            body: patch.to_owned(),
        });
        self.write(writes.collect())
    }

    fn restore(&self, workload: Workload) -> anyhow::Result<()> {
        self.apply(workload.edits().into_iter().map(|(manifest, _)| manifest).collect())
    }

    /// The programs of a row in the order of the table; `None` for those that are not measured here.
    fn programs(&self, case: Case, source: &Path) -> anyhow::Result<[Option<Program>; 5]> {
        let source = source.to_string_lossy().into_owned();
        let differing = case.workload.edits().len();
        let kubectl = self.cluster.kubectl().to_string_lossy().into_owned();
        let code = i32::from(case.drift);
        let peer = |options: &[&str]| {
            let fixed = ["diff", "--server-side", "--field-manager=gitops", "--force-conflicts", "-R", "-f"];
            let mut command = vec![kubectl.clone()];
            command.extend(fixed.iter().chain(&[source.as_str()]).chain(options).map(ToString::to_string));
            Program { command, code, says: Vec::new() }
        };
        let objects = case.workload.objects();
        let summary = if case.drift {
            vec![format!(" {} in sync", objects - differing), format!(" {differing} drift")]
        } else {
            vec![format!(" {objects} in sync"), "0 dry runs".to_owned()]
        };
        let ours = |program: String| {
            let command = [program.as_str(), "diff", &source].map(str::to_owned).to_vec();
            Program { command, code, says: summary.clone() }
        };
        let bench = std::env::current_exe()?.to_string_lossy().into_owned();
        let mut raw = vec![bench, "--raw".to_owned()];
        raw.extend(COLLECTIONS.map(str::to_owned));
        let limit = if case.delay == 0 { NEAR_PEER } else { FAR_PEER };
        let peers = self.options.peers && case.foreign == 0 && (case.size <= limit || self.options.full);
        // What takes longest and says least is left to `BENCH=full`: kubectl takes as long with drift as without.
        let quick = !case.drift || self.options.full;
        let (slow, slower) = (quick || case.size <= QUICK, quick || case.delay == 0);
        let other = self.options.other.as_ref().map(|other| ours(other.to_string_lossy().into_owned()));
        Ok([
            (peers && slower).then(|| peer(&[])),
            (peers && slow).then(|| peer(&["--concurrency=16"])),
            Some(Program { command: raw, code: 0, says: Vec::new() }),
            Some(ours(env!("CARGO_BIN_EXE_gitops").to_owned())),
            other,
        ])
    }

    fn row(&mut self, case: Case, kubeconfig: &Path, source: &Path) -> anyhow::Result<()> {
        let programs = self.programs(case, source)?;
        // The first run fills the caches of ours.
        for program in programs.iter().skip(2).flatten() {
            measure::run(&self.cluster, kubeconfig, program)?;
        }
        let mut costs: [Vec<Cost>; 5] = Default::default();
        let every = self.options.rounds.div_ceil(self.options.peer_rounds);
        for round in 0..self.options.rounds {
            for (at, program) in programs.iter().enumerate() {
                let Some(program) = program else { continue };
                if at > 1 || round % every == 0 {
                    costs[at].push(measure::run(&self.cluster, kubeconfig, program)?);
                }
            }
        }
        let mut cells = costs.map(|costs| Cell::of(&costs));
        if self.options.peers && case.foreign == 0 {
            for (at, cell) in cells.iter_mut().enumerate().take(2) {
                *cell = cell.or_else(|| self.scaled(case, at));
            }
        }
        let row = Row {
            objects: case.workload.objects(),
            milliseconds: case.delay,
            drift: case.drift,
            foreign: case.foreign,
            cells,
        };
        self.say(&row.line(self.options.other.is_some()));
        self.rows.push(row);
        Ok(())
    }

    /// What a peer would take, from the largest set for which it was measured in the same conditions.
    fn scaled(&self, case: Case, at: usize) -> Option<Cell> {
        let objects = case.workload.objects() as f64;
        let alike = |row: &&Row| row.milliseconds == case.delay && row.drift == case.drift;
        let measured = |row: &Row| Some((row.objects as f64, row.cells[at].filter(|cell| cell.runs > 0)?));
        let (known, cell) = self.rows.iter().filter(alike).filter_map(measured).next_back()?;
        Some(cell.scaled(objects / known))
    }

    /// A set of 200 objects alone and among many others of the same kinds.
    fn crowd(&mut self, present: Workload) -> anyhow::Result<()> {
        if self.options.foreign == 0 {
            return Ok(());
        }
        let workload = Workload::of(200);
        self.create(present, workload)?;
        let source = self.source(workload)?;
        let kubeconfig = self.cluster.kubeconfig().to_owned();
        let own = workload.objects();
        let mut all = present.objects().max(own);
        for wanted in [own, own + self.options.foreign] {
            if wanted > all {
                self.create(Workload::of(all), Workload::of(wanted))?;
                all = Workload::of(wanted).objects();
            }
            let case = Case { workload, size: 200, delay: 0, drift: false, foreign: all - own };
            self.row(case, &kubeconfig, &source)?;
        }
        Ok(())
    }

    fn print(&self) {
        let other = self.options.other.is_some();
        let Options { rounds, peer_rounds, .. } = self.options;
        println!(
            "Kubernetes {}; wall time · user time · peak memory · requests; medians of interleaved runs: {rounds} of ours \
             and of the raw LISTs, {peer_rounds} of kubectl. `~`: not measured, computed from the largest set that was.\n",
            self.cluster.version()
        );
        println!("{}", table::head(other));
        for row in &self.rows {
            println!("{}", row.line(other));
        }
        let columns = PROGRAMS[..3].join(", ");
        println!("\nThe ratios compare wall times with those of {}: {columns}.", PROGRAMS[3]);
    }
}
