//! The real kubectl of the cluster's release, in a sealed environment.

#![expect(clippy::disallowed_methods, reason = "runs kubectl")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{Cluster, User};

impl Cluster {
    /// Runs kubectl as administrator.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Output {
        run(self.kubectl_command(self.kubeconfig()).args(args), "")
    }

    /// Runs kubectl as administrator and returns its standard output.
    ///
    /// # Panics
    /// With kubectl's standard error if it fails.
    pub(crate) fn kubectl_ok(&self, args: &[&str]) -> String {
        self.kubectl_stdin(args, "")
    }

    /// As [`Cluster::kubectl_ok`], with `input` on standard input: `&["apply", "-f", "-"]`.
    pub(crate) fn kubectl_stdin(&self, args: &[&str], input: &str) -> String {
        let output = run(self.kubectl_command(self.kubeconfig()).args(args), input);
        assert!(
            output.status.success(),
            "kubectl {} failed: {}",
            args.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("kubectl writes UTF-8")
    }

    /// Runs kubectl as `user`.
    pub(crate) fn kubectl_as(&self, user: &User, args: &[&str]) -> Output {
        run(self.kubectl_command(&user.kubeconfig).args(args), "")
    }

    /// Runs a shell script in which `k` is the administrator's kubectl in `namespace`.
    pub(crate) fn shell(&self, namespace: &str, script: &str) -> Output {
        let script = format!("set -e\nk() {{ kubectl --namespace {namespace} \"$@\"; }}\n{script}");
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        let mut command = Command::new("/bin/sh");
        command.env_clear().env("PATH", path).env("HOME", self.dir()).env("KUBECONFIG", self.kubeconfig());
        run(command.args(["-c", &script]).current_dir(self.dir()), "")
    }

    /// A kubectl that knows nothing but `kubeconfig`; its caches live and end with the cluster.
    pub(crate) fn kubectl_command(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(self.bin.join("kubectl"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir())
            .env("KUBECONFIG", kubeconfig)
            .current_dir(self.dir());
        command
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("kubectl starts");
    let mut stdin = process.stdin.take().expect("standard input is a pipe");
    std::thread::scope(|scope| {
        // Beside the reading: kubectl may answer before it has read everything. One that fails early stops reading.
        scope.spawn(move || stdin.write_all(input.as_bytes()).unwrap_or_default());
        process.wait_with_output().expect("kubectl's output can be read")
    })
}
