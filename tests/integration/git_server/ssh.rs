//! A real sshd on a loopback port, with keys of its own, and a real ssh-agent.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the fixture runs sshd and may fail loudly"
)]

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A running sshd; it stops when it is dropped.
pub(crate) struct SshServer {
    dir: TempDir,
    port: u16,
    child: Child,
}

impl SshServer {
    /// Starts sshd with host keys of these types and the user keys in `authorized`.
    pub(crate) fn start(host_keys: &[&str], authorized: &[&Path]) -> Self {
        let sshd = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .expect("these tests need sshd: install openssh-server");
        let dir = tempfile::tempdir().unwrap();
        // sshd of root wants this directory; for other users it does not matter.
        let _ = std::fs::create_dir_all("/run/sshd");
        let keys: String = authorized.iter().map(|path| public(path)).collect();
        let authorized = dir.path().join("authorized_keys");
        std::fs::write(&authorized, keys).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin yes\nAuthorizedKeysFile {}\nMaxAuthTries 3\nLogLevel ERROR\n",
            authorized.display()
        );
        for kind in host_keys {
            let key = key_pair(dir.path(), &format!("host_{kind}"), kind, "");
            config.push_str(&format!("HostKey {}\n", key.display()));
        }
        let file = dir.path().join("sshd_config");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(sshd)
            .args(["-D", "-e", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { dir, port, child };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&self) {
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "sshd does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// URL of a repository by its absolute path, with the user of this process.
    pub(crate) fn url(&self, path: &str) -> String {
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let user = String::from_utf8(user).unwrap();
        format!("ssh://{}@127.0.0.1:{}{path}", user.trim(), self.port)
    }

    /// The known-hosts line for a host key.
    pub(crate) fn known_host(&self, kind: &str) -> String {
        let key = public(&self.dir.path().join(format!("host_{kind}")));
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    /// The fingerprint of a host key by ssh-keygen.
    pub(crate) fn fingerprint(&self, kind: &str) -> String {
        let output = Command::new("ssh-keygen")
            .arg("-lf")
            .arg(self.dir.path().join(format!("host_{kind}.pub")))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split(' ').nth(1).unwrap().to_owned()
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An ssh-agent that holds one key; it stops when it is dropped.
pub(crate) struct Agent {
    socket: PathBuf,
    child: Child,
}

impl Agent {
    pub(crate) fn start(dir: &Path, keys: &[&Path]) -> Self {
        let socket = dir.join("agent.sock");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let agent = Self { socket, child };
        let start = Instant::now();
        while !agent.socket.exists() {
            assert!(start.elapsed() < Duration::from_secs(10), "ssh-agent does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        for key in keys {
            let status = Command::new("ssh-add")
                .arg("-q")
                .arg(key)
                .env("SSH_AUTH_SOCK", &agent.socket)
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert!(status.success());
        }
        agent
    }

    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Makes a key pair by ssh-keygen; returns the path of the private key.
pub(crate) fn key_pair(dir: &Path, name: &str, kind: &str, passphrase: &str) -> PathBuf {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).unwrap();
    let path = dir.join(name);
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", passphrase, "-f"])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    path
}

/// The public half of a key pair.
pub(crate) fn public(private: &Path) -> String {
    std::fs::read_to_string(format!("{}.pub", private.display())).unwrap()
}
