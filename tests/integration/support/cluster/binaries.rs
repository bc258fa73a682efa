//! Where the servers' executables are.

#![expect(clippy::disallowed_methods, reason = "finds executables by the environment and the disk")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything a cluster needs, in one directory.
const PROGRAMS: [&str; 5] = ["clusterd", "etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/// The directory that holds all of [`PROGRAMS`]: what `tests/run` set, or else what `tests/cluster/build` would make.
///
/// # Errors
/// One line that says what is missing and what to run.
pub(crate) fn find() -> Result<PathBuf, String> {
    let bin = match std::env::var_os("GITOPS_TEST_CLUSTER_BIN") {
        Some(bin) => PathBuf::from(bin),
        None => built()?,
    };
    match PROGRAMS.iter().find(|program| !bin.join(program).is_file()) {
        None => Ok(bin),
        Some(missing) => Err(format!(
            "the test cluster is not built ({} has no '{missing}'): run `tests/run`, or `tests/cluster/build` once, \
             or set GITOPS_TEST_CLUSTER=off to skip the tests that need it",
            bin.display()
        )),
    }
}

fn built() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/build");
    let output = Command::new(&script)
        .arg("--print-dir")
        .output()
        .map_err(|error| format!("cannot run {}: {error}", script.display()))?;
    if !output.status.success() {
        return Err(format!(
            "{} failed: {}",
            script.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}
