//! A control plane of its own for the measurements, started with the scripts of the tests, and what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// What clusterd says when the servers are ready.
#[derive(Debug, Deserialize)]
struct Announcement {
    url: String,
    kubeconfig: PathBuf,
    audit_log: PathBuf,
    dir: PathBuf,
    version: String,
}

/// The control plane; stopped, and its data removed, when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    process: Child,
    about: Announcement,
    bin: PathBuf,
}

impl Cluster {
    /// Builds the programs if they are missing (minutes, once) and starts them.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/build");
        let built = Command::new(script).stderr(Stdio::inherit()).output().context("tests/cluster/build")?;
        ensure!(built.status.success(), "tests/cluster/build failed");
        let bin = PathBuf::from(String::from_utf8(built.stdout)?.trim());
        let mut process = Command::new(bin.join("clusterd"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("clusterd")?;
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().context("clusterd has no output")?).read_line(&mut line)?;
        let about = serde_json::from_str(&line).context("clusterd did not start the cluster")?;
        Ok(Self { process, about, bin })
    }

    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.about.kubeconfig
    }

    pub(crate) fn version(&self) -> &str {
        &self.about.version
    }

    /// A directory only for this cluster, removed with it.
    pub(crate) fn dir(&self) -> &Path {
        &self.about.dir
    }

    pub(crate) fn kubectl(&self) -> PathBuf {
        self.bin.join("kubectl")
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.about.url.trim_start_matches("https://")
    }

    /// A kubeconfig that reaches the same server through another local port.
    pub(crate) fn kubeconfig_through(&self, port: u16) -> anyhow::Result<PathBuf> {
        let text = std::fs::read_to_string(&self.about.kubeconfig)?;
        let path = self.about.dir.join(format!("through-{port}.kubeconfig"));
        std::fs::write(&path, text.replace(&self.about.url, &format!("https://127.0.0.1:{port}")))?;
        Ok(path)
    }

    /// How far the audit log is written.
    pub(crate) fn mark(&self) -> anyhow::Result<u64> {
        Ok(std::fs::metadata(&self.about.audit_log)?.len())
    }

    /// How many requests the server received since a mark.
    pub(crate) fn requests_since(&self, mark: u64) -> anyhow::Result<u64> {
        // The log of the last answers may be written a moment after they were read.
        std::thread::sleep(Duration::from_millis(30));
        let mut log = std::fs::File::open(&self.about.audit_log)?;
        log.seek(SeekFrom::Start(mark))?;
        let mut text = String::new();
        log.read_to_string(&mut text)?;
        Ok(text.lines().filter(|line| line.contains("\"stage\":\"RequestReceived\"")).count() as u64)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Gone already is as good.
        let _ = self.process.wait();
    }
}
