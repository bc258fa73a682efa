//! Credentials for a git server, one way after the other, each tried once.
//!
//! A server is asked without credentials first; they are given only to the scheme, host and port that SOURCE names
//! (CVE-2021-32690). Which ways were tried is kept for the error; the secrets are not.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to key files")]

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use git2::{Cred, CredentialType, ErrorClass, ErrorCode};

use crate::source::environment::Environment;
use crate::source::helper;
use crate::source::redacted::Redacted;
use crate::source::url::{GitUrl, Location, Scheme, parse};

/// A way to authenticate.
#[derive(Debug, Clone)]
enum Way {
    Password { label: String, user: String, secret: Redacted<String> },
    Helper,
    Agent,
    KeyFile(PathBuf),
}

/// The ways that are left for one server, and those that were tried.
#[derive(Debug)]
pub(crate) struct Credentials {
    url: GitUrl,
    environment: Environment,
    waiting: VecDeque<Way>,
    /// Ways that were tried, in order.
    pub(crate) tried: Vec<String>,
    /// Ways that could not be tried, with the reason.
    pub(crate) missing: Vec<String>,
    /// Set when another server than that of SOURCE asked for credentials.
    pub(crate) asked_by_other: bool,
    /// Set when the server asked and no way was left.
    pub(crate) exhausted: bool,
}

impl Credentials {
    /// Collects the ways that the environment offers for a URL.
    pub(crate) fn new(url: &GitUrl, environment: &Environment) -> Self {
        let mut credentials = Self {
            url: url.clone(),
            environment: environment.clone(),
            waiting: VecDeque::new(),
            tried: Vec::new(),
            missing: Vec::new(),
            asked_by_other: false,
            exhausted: false,
        };
        match url.scheme() {
            Scheme::Ssh => credentials.collect_ssh(),
            Scheme::Https | Scheme::Http => credentials.collect_passwords(),
            Scheme::File => {}
        }
        credentials
    }

    fn collect_passwords(&mut self) {
        let user = self.url.user().map(|user| user.expose().clone());
        if let Some(secret) = self.url.password() {
            let user = user.clone().unwrap_or_default();
            self.offer_password("password of the URL", user, secret.clone());
        } else if let Some(token) = self.url.user() {
            self.offer_password("user of the URL", token.expose().clone(), Redacted::new(String::new()));
        }
        let environment = self.environment.clone();
        let own_user = environment.git_username.or(user);
        self.offer_token(
            "GITOPS_GIT_TOKEN",
            environment.git_token,
            own_user.as_deref().unwrap_or("x-access-token"),
        );
        if self.url.host() == "github.com" {
            self.offer_token("GITHUB_TOKEN", environment.github_token, "x-access-token");
        }
        if self.url.host() == "gitlab.com" {
            self.offer_token("GITLAB_TOKEN", environment.gitlab_token, "oauth2");
        }
        self.waiting.push_back(Way::Helper);
    }

    fn offer_password(&mut self, label: &str, user: String, secret: Redacted<String>) {
        let label = label.to_owned();
        self.waiting.push_back(Way::Password { label, user, secret });
    }

    fn offer_token(&mut self, variable: &str, token: Option<Redacted<String>>, user: &str) {
        match token {
            Some(token) => self.offer_password(variable, user.to_owned(), token),
            None => self.missing.push(format!("{variable} is not set")),
        }
    }

    fn collect_ssh(&mut self) {
        if let Some(path) = self.environment.ssh_key.clone() {
            self.offer_key(path, true);
        }
        match &self.environment.ssh_auth_sock {
            Some(socket) if socket.exists() => self.waiting.push_back(Way::Agent),
            Some(_) => self.missing.push("the ssh agent's socket does not exist".to_owned()),
            None => self.missing.push("no ssh agent (SSH_AUTH_SOCK is not set)".to_owned()),
        }
        if let Some(home) = self.environment.home.clone() {
            for name in ["id_ed25519", "id_ecdsa", "id_rsa"] {
                self.offer_key(home.join(".ssh").join(name), false);
            }
        }
    }

    fn offer_key(&mut self, path: PathBuf, wanted: bool) {
        match fs::read(&path) {
            Ok(content) if has_passphrase(&content) => {
                self.missing.push(format!("{} has a passphrase, add it to an ssh agent", path.display()));
            }
            Ok(_) => self.waiting.push_back(Way::KeyFile(path)),
            Err(error) if wanted => self.missing.push(format!("GITOPS_SSH_KEY {}: {error}", path.display())),
            Err(_) => {}
        }
    }

    /// True if another connection could try another way.
    pub(crate) fn has_more(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next credential for a server that asks.
    ///
    /// # Errors
    /// If another server asks than that of SOURCE, and when no way is left.
    pub(crate) fn next(&mut self, asking: &str, allowed: CredentialType) -> Result<Cred, git2::Error> {
        if !self.is_same_server(asking) {
            self.asked_by_other = true;
            return Err(refuse("credentials are not given to another server"));
        }
        if allowed.contains(CredentialType::USERNAME) {
            return Cred::username(&self.ssh_user());
        }
        while let Some(way) = self.waiting.pop_front() {
            let fits = match way {
                Way::Password { .. } | Way::Helper => allowed.contains(CredentialType::USER_PASS_PLAINTEXT),
                Way::Agent | Way::KeyFile(_) => allowed.contains(CredentialType::SSH_KEY),
            };
            if !fits {
                continue;
            }
            if let Some(credential) = self.present(way) {
                return credential;
            }
        }
        self.exhausted = true;
        Err(refuse("no way to authenticate is left"))
    }

    fn present(&mut self, way: Way) -> Option<Result<Cred, git2::Error>> {
        match way {
            Way::Password { label, user, secret } => {
                self.tried.push(label);
                Some(Cred::userpass_plaintext(&user, secret.expose()))
            }
            Way::Helper => match helper::fill(&self.url, &self.environment) {
                Ok(found) => {
                    self.tried.push("git's credential helper".to_owned());
                    Some(Cred::userpass_plaintext(found.user.expose(), found.password.expose()))
                }
                Err(problem) => {
                    self.missing.push(problem);
                    None
                }
            },
            Way::Agent => {
                self.tried.push("ssh agent".to_owned());
                Some(Cred::ssh_key_from_agent(&self.ssh_user()))
            }
            Way::KeyFile(path) => {
                self.tried.push(format!("key {}", path.display()));
                Some(Cred::ssh_key(&self.ssh_user(), None, &path, None))
            }
        }
    }

    /// The user of the URL, else that of this machine, as ssh does.
    fn ssh_user(&self) -> String {
        let of_url = self.url.user().map(|user| user.expose().clone());
        of_url.or_else(|| self.environment.user.clone()).unwrap_or_else(|| "git".to_owned())
    }

    fn is_same_server(&self, asking: &str) -> bool {
        match parse(asking, &["http".to_owned()]) {
            Ok(Location::Remote(remote)) => {
                let origin = |url: &GitUrl| (url.scheme(), url.host().to_owned(), url.port());
                origin(&remote.url) == origin(&self.url)
            }
            _ => false,
        }
    }
}

fn refuse(reason: &str) -> git2::Error {
    git2::Error::new(ErrorCode::Auth, ErrorClass::None, reason)
}

/// True for a private key that needs a passphrase: PEM says `ENCRYPTED`, OpenSSH's format names a cipher
/// (openssh: `PROTOCOL.key`).
fn has_passphrase(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    if text.contains("ENCRYPTED") {
        return true;
    }
    let body: String = text.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
    let decoded = STANDARD.decode(body).unwrap_or_default();
    decoded.strip_prefix(b"openssh-key-v1\0\0\0\0").is_some_and(|rest| !rest.starts_with(b"\x04none"))
}

/// The path of the user's own list of host keys.
pub(crate) fn user_known_hosts(environment: &Environment) -> Option<PathBuf> {
    environment.home.as_deref().map(|home| Path::new(home).join(".ssh").join("known_hosts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(url: &str, environment: &Environment) -> Credentials {
        match parse(url, &["http".to_owned()]).unwrap() {
            Location::Remote(remote) => Credentials::new(&remote.url, environment),
            other => panic!("{other:?}"),
        }
    }

    fn with_tokens() -> Environment {
        let secret = |text: &str| Some(Redacted::new(text.to_owned()));
        Environment {
            git_token: secret("canary-git"),
            github_token: secret("canary-hub"),
            gitlab_token: secret("canary-lab"),
            ..Environment::default()
        }
    }

    #[test]
    fn tokens_go_to_their_own_hosts_only() {
        let table: &[(&str, &[&str])] = &[
            ("https://github.com/a", &["GITOPS_GIT_TOKEN", "GITHUB_TOKEN"]),
            ("https://gitlab.com/a", &["GITOPS_GIT_TOKEN", "GITLAB_TOKEN"]),
            ("https://github.com.evil.example/a", &["GITOPS_GIT_TOKEN"]),
            ("https://u:p@h/a", &["password of the URL", "GITOPS_GIT_TOKEN"]),
            ("ssh://github.com/a", &[]),
        ];
        for (url, expected) in table {
            let credentials = credentials(url, &with_tokens());
            let labels: Vec<&str> = credentials
                .waiting
                .iter()
                .filter_map(|way| match way {
                    Way::Password { label, .. } => Some(label.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(labels, *expected, "{url}");
        }
    }

    #[test]
    fn sec_22_another_server_gets_no_credentials() {
        let table = [
            ("https://h/a", "https://h/b", true),
            ("https://h/a", "https://H:443/b", true),
            ("https://h/a", "https://other/a", false),
            ("https://h/a", "http://h/a", false),
            ("https://h/a", "https://h:8443/a", false),
            ("https://h/a", "nonsense", false),
        ];
        for (own, asking, given) in table {
            let mut credentials = credentials(own, &with_tokens());
            let result = credentials.next(asking, CredentialType::USER_PASS_PLAINTEXT);
            assert_eq!(result.is_ok(), given, "{own} {asking}");
            assert_eq!(credentials.asked_by_other, !given, "{own} {asking}");
            assert_eq!(credentials.tried.is_empty(), !given, "{own} {asking}");
        }
    }

    #[test]
    fn each_way_is_tried_once() {
        let mut credentials = credentials("https://u:p@h/a", &with_tokens());
        credentials.waiting.retain(|way| !matches!(way, Way::Helper));
        let mut ask = || credentials.next("https://h/a", CredentialType::USER_PASS_PLAINTEXT).is_ok();
        assert_eq!([ask(), ask(), ask()], [true, true, false]);
        assert_eq!(credentials.tried, ["password of the URL", "GITOPS_GIT_TOKEN"]);
        assert!(credentials.exhausted && !format!("{credentials:?}").contains("canary"));
    }

    #[test]
    fn keys_with_a_passphrase_are_recognised() {
        // The first lines of keys that ssh-keygen wrote with and without -N.
        let open = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----\n";
        let locked = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIA\n-----END OPENSSH PRIVATE KEY-----\n";
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n";
        assert!(!has_passphrase(open.as_bytes()));
        assert!(has_passphrase(locked.as_bytes()) && has_passphrase(pem.as_bytes()));
    }
}
