//! The real API server that tests talk to.
//!
//! Almost every test takes [`shared`], one control plane for the whole test binary, and keeps to a namespace of its own.
//! A test that counts all requests, measures, or installs webhooks, policies or other things that everybody would feel
//! takes [`private`], which starts another in about three seconds and stops it when it is dropped.
//!
//! Both are `None` only when `GITOPS_TEST_CLUSTER=off`; then a test returns at once. When the servers are not there the
//! test fails.

pub(crate) mod binaries;
mod definitions;
mod kubectl;
mod requests;
mod supervisor;
mod users;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use self::supervisor::{Announcement, Supervisor};

pub(crate) use self::users::User;

/// One control plane: etcd and kube-apiserver with RBAC, no nodes, and no controllers unless asked for.
///
/// Dropped, it is stopped and its data removed. The shared one ends with the test binary, however that ends.
pub(crate) struct Cluster {
    about: Announcement,
    supervisor: Mutex<Supervisor>,
    bin: PathBuf,
    namespaces: AtomicUsize,
    users: AtomicUsize,
    roles: AtomicUsize,
}

/// The control plane of this test binary, started by the first test that asks.
pub(crate) fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    if switched_off() {
        return None;
    }
    match SHARED.get_or_init(Cluster::start) {
        Ok(cluster) => Some(cluster),
        Err(why) => panic!("{why}"),
    }
}

/// A control plane for one test alone, with its own counts of users and namespaces.
pub(crate) fn private() -> Option<Cluster> {
    if switched_off() {
        return None;
    }
    match Cluster::start() {
        Ok(cluster) => Some(cluster),
        Err(why) => panic!("{why}"),
    }
}

impl Cluster {
    fn start() -> Result<Self, String> {
        let bin = binaries::find()?;
        let (supervisor, about) = Supervisor::start(&bin)?;
        tell(&format!(
            "test cluster: Kubernetes {} at {} ready after {} ms",
            about.version, about.url, about.ready_ms
        ));
        Ok(Self {
            about,
            supervisor: Mutex::new(supervisor),
            bin,
            namespaces: AtomicUsize::new(0),
            users: AtomicUsize::new(0),
            roles: AtomicUsize::new(0),
        })
    }

    /// The kubeconfig of an administrator, who shows a client certificate.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.about.kubeconfig
    }

    /// `https://127.0.0.1:port`.
    pub(crate) fn url(&self) -> &str {
        &self.about.url
    }

    /// The server's release as `/version` has it, such as `v1.36.3`.
    pub(crate) fn version(&self) -> &str {
        &self.about.version
    }

    /// A directory only for this cluster, removed with it.
    pub(crate) fn dir(&self) -> &Path {
        &self.about.dir
    }

    /// Creates a namespace that no other test has, and returns its name.
    pub(crate) fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.kubectl_ok(&["create", "namespace", &name]);
        name
    }

    /// Starts kube-controller-manager, if it does not run yet, and waits until its controllers work.
    ///
    /// From then on every namespace gets the service account `default` and the ConfigMap `kube-root-ca.crt`, workloads
    /// get their pods, and deleted namespaces go: things that other tests do not expect in the shared cluster.
    pub(crate) fn controller_manager(&self) {
        self.command("controller-manager");
    }

    /// Kills the server and starts it again at the same address; nothing that was stored is lost. For a cluster of one's own.
    pub(crate) fn restart_server(&self) {
        self.command("restart-server");
    }

    fn command(&self, command: &str) {
        let mut supervisor = self.supervisor.lock().expect("the supervisor's lock is not poisoned");
        supervisor.command(command).unwrap_or_else(|why| panic!("{why}"));
    }
}

/// Whether `GITOPS_TEST_CLUSTER=off` asks for a run without servers; says so, naming the test.
#[expect(clippy::disallowed_methods, reason = "the switch is an environment variable")]
fn switched_off() -> bool {
    match std::env::var("GITOPS_TEST_CLUSTER").as_deref() {
        Err(_) | Ok("" | "on") => false,
        Ok("off") => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            tell(&format!("skipped: {test}, because GITOPS_TEST_CLUSTER=off"));
            true
        }
        Ok(other) => panic!("GITOPS_TEST_CLUSTER is '{other}'; expected 'on' or 'off'"),
    }
}

/// Writes a line to standard error itself, because the test harness hides what passing tests print.
#[expect(clippy::disallowed_methods, reason = "the test harness captures eprintln")]
pub(crate) fn tell(line: &str) {
    // Nobody left to read it is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}
