//! One fetch from a git server into a bare repository: callbacks, limits, and names for what can go wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use git2::cert::Cert;
use git2::{
    AutotagOption, CertificateCheckStatus, ErrorClass, ErrorCode, FetchOptions, Progress, ProxyOptions,
    RemoteCallbacks, RemoteRedirect, Repository,
};

use crate::source::auth::Credentials;
use crate::source::environment::Environment;
use crate::source::error::SourceError;
use crate::source::escape::{one_line, remote_lines};
use crate::source::known_hosts::{KnownHosts, Trust, check, fingerprint, key_type};
use crate::source::memory::MAX_DATA;
use crate::source::url::{GitUrl, Location, Scheme, parse};

/// Depth that asks a server for the whole history behind a shallow clone (git: `INFINITE_DEPTH`).
pub(crate) const FULL_HISTORY: i32 = i32::MAX;
/// Bytes of the server's own text that are kept.
const MAX_REMOTE_TEXT: usize = 16 * 1024;

/// Bounds of one fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest pack, in bytes.
    pub pack_bytes: usize,
    /// Most objects in a pack.
    pub objects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pack_bytes: 2 * 1024 * 1024 * 1024, objects: 5_000_000 }
    }
}

/// What one or more fetches from a server need and leave behind.
pub(crate) struct Session {
    url: GitUrl,
    known_hosts: Vec<KnownHosts>,
    limits: Limits,
    cancelled: Arc<AtomicBool>,
    state: Mutex<State>,
}

struct State {
    credentials: Credentials,
    host_key: Option<SourceError>,
    limit: Option<String>,
    remote_text: Vec<u8>,
    default_branch: Option<String>,
}

/// A fetch that failed: its name, and libgit2's own words where another attempt may help.
pub(crate) struct Failure {
    /// The error for the user.
    pub(crate) error: SourceError,
    /// True if the server does not give this depth.
    pub(crate) no_depth: bool,
    /// True if the server does not give commits by id.
    pub(crate) no_ids: bool,
    /// True if the server does not give this commit: the ref moved meanwhile, or ids that are no refs are refused.
    pub(crate) refused: bool,
}

impl Session {
    /// A session with the server of a URL.
    pub(crate) fn new(
        url: &GitUrl,
        environment: &Environment,
        known_hosts: Vec<KnownHosts>,
        limits: Limits,
        cancelled: Arc<AtomicBool>,
    ) -> Self {
        Self {
            url: url.clone(),
            known_hosts,
            limits,
            cancelled,
            state: Mutex::new(State {
                credentials: Credentials::new(url, environment),
                host_key: None,
                limit: None,
                remote_text: Vec::new(),
                default_branch: None,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches refspecs at a depth (0: what is missing, without limit). A ssh server that ends the connection over one key is
    /// asked again with the next.
    ///
    /// # Errors
    /// [`Failure`].
    pub(crate) fn fetch(&self, repo: &Repository, specs: &[String], depth: i32) -> Result<(), Failure> {
        loop {
            let tried = self.state().credentials.tried.len();
            let Err(error) = self.attempt(repo, specs, depth) else {
                return Ok(());
            };
            let state = self.state();
            let another_key = self.url.scheme() == Scheme::Ssh
                && state.host_key.is_none()
                && state.credentials.tried.len() > tried
                && state.credentials.has_more();
            if !another_key || self.cancelled.load(Ordering::Relaxed) {
                return Err(self.failure(&state, &error));
            }
        }
    }

    fn attempt(&self, repo: &Repository, specs: &[String], depth: i32) -> Result<(), git2::Error> {
        let mut remote = repo.remote_anonymous(&self.url.to_string())?;
        let mut proxy = ProxyOptions::new();
        proxy.auto();
        let mut options = FetchOptions::new();
        options
            .remote_callbacks(self.callbacks())
            .proxy_options(proxy)
            .follow_redirects(RemoteRedirect::None)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .depth(depth);
        check_rewritten(&self.url, remote.url_bytes())?;
        let result = remote.fetch(specs, Some(&mut options), None);
        let default = remote.default_branch().ok();
        self.state().default_branch = default.and_then(|name| short_branch(&name));
        result
    }

    /// Short name of the server's default branch, as the last fetch saw it.
    pub(crate) fn default_branch(&self) -> Option<String> {
        self.state().default_branch.clone()
    }

    fn callbacks(&self) -> RemoteCallbacks<'_> {
        let mut callbacks = RemoteCallbacks::new();
        callbacks
            .credentials(|url, _, allowed| self.state().credentials.next(url, allowed))
            .certificate_check(|certificate, _| self.check_certificate(certificate))
            .transfer_progress(|progress| self.is_within_limits(&progress))
            .sideband_progress(|text| {
                let kept = &mut self.state().remote_text;
                let room = MAX_REMOTE_TEXT.saturating_sub(kept.len());
                kept.extend(text.iter().take(room));
                !self.cancelled.load(Ordering::Relaxed)
            });
        callbacks
    }

    fn is_within_limits(&self, progress: &Progress<'_>) -> bool {
        let problem = if progress.received_bytes() > self.limits.pack_bytes {
            format!("the server sent more than {} bytes", self.limits.pack_bytes)
        } else if progress.total_objects() > self.limits.objects {
            format!(
                "the server announced {} objects, at most {} are read",
                progress.total_objects(),
                self.limits.objects
            )
        } else {
            return !self.cancelled.load(Ordering::Relaxed);
        };
        self.state().limit = Some(problem);
        false
    }

    /// Host keys must be known; for TLS certificates the TLS library decides.
    fn check_certificate(&self, certificate: &Cert<'_>) -> Result<CertificateCheckStatus, git2::Error> {
        let Some(host_key) = certificate.as_hostkey() else {
            return Ok(CertificateCheckStatus::CertificatePassthrough);
        };
        let key = host_key.hostkey().unwrap_or_default();
        let trust = check(&self.known_hosts, self.url.host(), self.url.port(), key);
        if trust == Trust::Known && !key.is_empty() {
            return Ok(CertificateCheckStatus::CertificateOk);
        }
        self.state().host_key = Some(untrusted(&self.url, &trust, key));
        Err(git2::Error::new(ErrorCode::Certificate, ErrorClass::Ssh, "host key not trusted"))
    }

    fn failure(&self, state: &State, error: &git2::Error) -> Failure {
        let message = error.message();
        Failure {
            error: self.named(state, error),
            no_depth: message.contains("shallow") || message.contains("depth"),
            no_ids: message.contains("cannot fetch a specific object"),
            // libgit2 has no eye for the server's ERR line while it negotiates the depth, and says this in its place.
            refused: message.contains("not our ref") || message == "unexpected packet type",
        }
    }

    fn named(&self, state: &State, error: &git2::Error) -> SourceError {
        let place = self.url.to_string();
        let message = one_line(error.message().trim());
        if let Some(error) = &state.host_key {
            return error.clone();
        }
        if let Some(problem) = state.limit.clone() {
            return SourceError::Limit { place, problem };
        }
        if error.class() == ErrorClass::NoMemory {
            let problem =
                format!("the server sent an object that needs more than {MAX_DATA} bytes of memory");
            return SourceError::Limit { place, problem };
        }
        if state.credentials.asked_by_other || message.contains("redirect") {
            let problem = match state.credentials.asked_by_other {
                true => "redirected to another server, which asked for credentials".to_owned(),
                false => message,
            };
            return SourceError::Redirected { place, problem };
        }
        if error.class() == ErrorClass::Ssl || error.code() == ErrorCode::Certificate {
            return SourceError::Certificate { place, problem: message };
        }
        let refused = message.ends_with("status code: 401") || message.ends_with("status code: 403");
        if error.code() == ErrorCode::Auth || state.credentials.exhausted || refused {
            return SourceError::Auth {
                place,
                tried: state.credentials.tried.clone(),
                missing: state.credentials.missing.clone(),
            };
        }
        if let Some(problem) = absent(&message) {
            let hint = "check the URL; some servers answer so when credentials are missing".to_owned();
            return SourceError::NotFound { place, problem, hint };
        }
        let problem = match message.as_str() {
            "unexpected packet type" => "the server refused the request".to_owned(),
            _ => message,
        };
        SourceError::Unreachable { place, problem, remote: remote_lines(&state.remote_text) }
    }
}

/// What servers say where there is no repository: over HTTP the status, over ssh git's own words or those of a forge.
fn absent(message: &str) -> Option<String> {
    if message.ends_with("status code: 404") {
        return Some("no repository there (HTTP status 404)".to_owned());
    }
    let lower = message.to_ascii_lowercase();
    let said =
        lower.contains("does not appear to be a git repository") || lower.contains("repository not found");
    said.then(|| message.to_owned())
}

/// The user's configuration may rewrite URLs (`url.*.insteadOf`): the result must pass the same grammar.
fn check_rewritten(url: &GitUrl, rewritten: &[u8]) -> Result<(), git2::Error> {
    let text = String::from_utf8_lossy(rewritten);
    let allowed: &[String] = if url.scheme() == Scheme::Http { &["http".to_owned()] } else { &[] };
    match parse(&text, allowed) {
        Ok(Location::Remote(remote)) if remote.url.scheme() != Scheme::File => Ok(()),
        _ => Err(git2::Error::new(
            ErrorCode::Invalid,
            ErrorClass::Config,
            "the user's git configuration rewrites this URL to one that is not allowed (url.*.insteadOf)",
        )),
    }
}

fn short_branch(name: &[u8]) -> Option<String> {
    std::str::from_utf8(name).ok()?.strip_prefix("refs/heads/").map(str::to_owned)
}

fn untrusted(url: &GitUrl, trust: &Trust, key: &[u8]) -> SourceError {
    let host = format!("{}:{}", url.host(), url.port());
    let shown = format!("{} {}", one_line(key_type(key).unwrap_or("unknown type")), fingerprint(key));
    let port = if url.port() == 22 { String::new() } else { format!("-p {} ", url.port()) };
    let scan = format!("ssh-keyscan {port}{} >> ~/.ssh/known_hosts", url.host());
    let (problem, hint) = match trust {
        Trust::Changed { place } => (
            format!("the host key changed: {shown} is not the key at {place}"),
            "somebody may be intercepting the connection; ask the server's operator before removing the old key".to_owned(),
        ),
        Trust::Revoked { place } => (
            format!("the host key {shown} is revoked at {place}"),
            "do not connect; ask the server's operator for the new key".to_owned(),
        ),
        Trust::OtherTypes { types } => (
            format!("the host key {shown} is not known; known types are {}", types.join(", ")),
            format!("compare the fingerprint with the operator's, then: {scan}"),
        ),
        Trust::Unknown | Trust::Known => (
            format!("the host key {shown} is not known"),
            format!("compare the fingerprint with the operator's, then: {scan}"),
        ),
    };
    SourceError::HostKey { host, problem, hint }
}
