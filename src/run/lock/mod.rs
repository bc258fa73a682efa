//! Taking the lock of a set: look at its Lease, wait while another run holds it, take it when it is free or has expired.

pub mod held;
pub mod host;

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::cluster::Server;
use crate::cluster::owned::{Owned, OwnedError, OwnedKind};
use crate::exit::Code;
use crate::lock::contest::{Sighting, Step, Watch, decide};
use crate::lock::fence;
use crate::lock::lease::{self, Holder, Lease};
use crate::progress::Progress;
use crate::record::SetIdentity;
use crate::report::escape;
use crate::store::{Bounds, Store};
use held::Held;
use host::Host;

/// Times between two looks at a Lease that another run holds; they grow from the first to the second.
const FIRST_LOOK: Duration = Duration::from_millis(200);
const LAST_LOOK: Duration = Duration::from_secs(1);
/// Time before the next look after another run was quicker.
const BEATEN: Duration = Duration::from_millis(20);

/// How to take a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOptions {
    /// How long to wait for another run; zero looks once.
    pub timeout: Duration,
    /// How long it is held without a renewal, in whole seconds.
    pub duration: Duration,
    /// Take it from a run that holds it.
    pub break_lock: bool,
    /// What the run does, for those who wait: `apply`.
    pub doing: String,
}

/// Why a lock was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Another run holds it.
    #[error("the set {set} is locked by {holder}{since}; waited {} s", .waited.as_secs())]
    Held {
        /// Name of the set.
        set: String,
        /// Who, where and what, made safe for a terminal.
        holder: String,
        /// `, taken 2026-01-02T03:04:05Z (12 s ago by this machine's clock)`.
        since: String,
        /// How long this run has waited.
        waited: Duration,
    },
    /// The Lease is none of this program.
    #[error("the Lease {namespace}/{name} cannot be used as the lock of the set: {reason}")]
    Foreign {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It could not be read or written.
    #[error("cannot take the lock of the set (Lease {namespace}/{name}): {error}")]
    Unusable {
        /// Namespace of the Lease.
        namespace: String,
        /// Name of the Lease.
        name: String,
        /// What happened.
        error: OwnedError,
    },
    /// The run was told to stop while it waited.
    #[error("stopped while waiting for the lock")]
    Stopped,
    /// This run has no identity.
    #[error("cannot take a lock: {0}")]
    Nobody(String),
}

impl LockError {
    /// The exit code.
    pub fn exit(&self) -> Code {
        match self {
            Self::Held { .. } => Code::Locked,
            Self::Stopped => Code::Interrupted,
            // Nothing is written with too few rights.
            Self::Unusable { error: OwnedError::Forbidden { .. }, .. } => Code::Refused,
            Self::Unusable { error: OwnedError::Deadline, .. } => Code::Incomplete,
            Self::Foreign { .. } | Self::Unusable { .. } | Self::Nobody(_) => Code::Error,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Held { .. } => Some(
                "wait longer with --lock-timeout; a run that was killed loses the lock by itself after its --lock-duration; \
                 if it is known to be gone, --break-lock takes it at once"
                    .to_owned(),
            ),
            Self::Foreign { namespace, name, .. } => Some(format!(
                "choose another name with --set-name, or see with `kubectl get lease -n {namespace} {name} -o yaml` whose it is"
            )),
            Self::Unusable { error: OwnedError::Forbidden { right, .. }, .. } => Some(format!(
                "a run that writes needs get, create and update of leases.coordination.k8s.io in namespace {}; missing: {right}",
                right.namespace.as_deref().unwrap_or_default()
            )),
            Self::Unusable { error: OwnedError::NoNamespace(_), .. } => Some(
                "create the namespace, add it to the manifests, or choose another with --record-namespace".to_owned(),
            ),
            _ => None,
        }
    }
}

/// Takes the lock of a set, waiting for it as long as the options say, or until `stopped` is ready. To drop this future instead
/// could leave a Lease behind that was just taken.
///
/// # Errors
/// It is held by another run, is not ours to take, or cannot be read or written.
pub async fn acquire(
    server: &Server,
    set: &SetIdentity,
    options: &LockOptions,
    progress: &Progress,
    stopped: impl Future<Output = ()>,
) -> Result<Held, LockError> {
    let host = Host::of_process(&options.doing).map_err(LockError::Nobody)?;
    acquire_as(server, set, options, progress, host, stopped).await
}

/// As [`acquire`], for a run and a clock that are given.
///
/// # Errors
/// As there.
pub async fn acquire_as(
    server: &Server,
    set: &SetIdentity,
    options: &LockOptions,
    progress: &Progress,
    host: Host,
    stopped: impl Future<Output = ()>,
) -> Result<Held, LockError> {
    let mut stopped = std::pin::pin!(stopped);
    let store = Store::new(server.cache(), "locks", Bounds::default());
    let server_url = server.identity().server.clone();
    let mut attempt = Attempt {
        owned: server.owned(),
        set,
        options,
        host,
        store,
        server_url,
        watch: None,
        broken: None,
        sent: None,
        unsure: false,
    };
    let start = Instant::now();
    let (mut pause, mut told) = (FIRST_LOOK, false);
    loop {
        // Waiting may be cut short, writing may not: what was taken has to be given back.
        let asked = attempt.host.clock.now();
        let found = tokio::select! {
            biased;
            () = &mut stopped, if !attempt.unsure => return Err(LockError::Stopped),
            found = attempt.read() => found?,
        };
        let (seen, left) = match attempt.look(found, asked).await? {
            Outcome::Taken(held) => return Ok(*held),
            Outcome::Beaten => {
                sleep(BEATEN).await;
                continue;
            }
            Outcome::Wait(seen, left) => (seen, left),
        };
        let waited = start.elapsed();
        if waited >= options.timeout {
            attempt.remember(&seen);
            return Err(attempt.locked(&seen, waited));
        }
        let words = format!("waiting for the lock: {}", attempt.whose(&seen));
        if !std::mem::replace(&mut told, true) {
            progress.log_line(&words);
        }
        progress.waiting(words);
        tokio::select! {
            () = &mut stopped => return Err(LockError::Stopped),
            () = sleep(pause.min(left).min(options.timeout - waited)) => {}
        }
        pause = (pause * 3 / 2).min(LAST_LOOK);
    }
}

/// One run that wants a lock.
struct Attempt<'a> {
    owned: Owned,
    set: &'a SetIdentity,
    options: &'a LockOptions,
    host: Host,
    store: Store,
    server_url: String,
    watch: Option<Watch>,
    /// The holder that `--break-lock` was meant for: the first that was seen, and nobody who comes after it.
    broken: Option<String>,
    /// When this run first tried to write the Lease.
    sent: Option<Duration>,
    /// True while it is not known whether a write of this run was carried out.
    unsure: bool,
}

/// What came of one look.
enum Outcome {
    Taken(Box<Held>),
    /// Another run was quicker, or nobody said who was.
    Beaten,
    /// Another run holds it, for this time at least.
    Wait(Box<Lease>, Duration),
}

impl Attempt<'_> {
    async fn read(&self) -> Result<Option<Value>, LockError> {
        let (namespace, name) = (&self.set.record_namespace, self.set.lease_name());
        self.owned.read(OwnedKind::Lease, namespace, &name).await.map_err(|error| self.failed(error))
    }

    /// Decides about the Lease that was found after it was asked for at `asked`, and takes it if it may.
    async fn look(&mut self, found: Option<Value>, asked: Duration) -> Result<Outcome, LockError> {
        let holder = self.host.holder.clone();
        let seen = found.as_ref().map(Lease::read).transpose().map_err(|reason| self.foreign(reason))?;
        // An answer that was lost may have been a yes, and the time runs since that question.
        if let Some(object) = found.as_ref().filter(|object| lease::is_held_by(object, &holder)) {
            return Ok(Outcome::Taken(Box::new(self.held(object.clone(), self.sent.unwrap_or(asked)))));
        }
        let unchanged = seen.as_ref().map_or(Duration::ZERO, |seen| self.unchanged(seen, asked));
        let force = self.options.break_lock && seen.as_ref().is_some_and(|seen| self.is_to_be_broken(seen));
        let step = decide(seen.as_ref(), unchanged, force);
        if let (Step::Wait(left), Some(seen)) = (step, seen) {
            return Ok(Outcome::Wait(Box::new(seen), left));
        }
        let sent = self.host.clock.now();
        self.sent.get_or_insert(sent);
        let written =
            timeout(fence::patience(self.options.duration), self.write(found.as_ref(), &holder)).await;
        self.unsure = written.is_err();
        let Ok(written) = written else { return Ok(Outcome::Beaten) };
        match written {
            Ok(stored) => Ok(Outcome::Taken(Box::new(self.held(stored, sent)))),
            Err(OwnedError::Conflict | OwnedError::Missing) => Ok(Outcome::Beaten),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Takes the Lease that is there, or makes one.
    async fn write(&self, found: Option<&Value>, holder: &Holder) -> Result<Value, OwnedError> {
        let (set, duration, now) = (self.set, self.options.duration, now());
        let (kind, namespace) = (OwnedKind::Lease, &set.record_namespace);
        match found {
            Some(found) => {
                self.owned.update(kind, namespace, &lease::taken(found, holder, duration, now)).await
            }
            None => self.owned.create(kind, namespace, &lease::made(set, holder, duration, now)).await,
        }
    }

    fn is_to_be_broken(&mut self, seen: &Lease) -> bool {
        let holder = seen.holder.as_ref().map(|holder| holder.identity.clone()).unwrap_or_default();
        *self.broken.get_or_insert_with(|| holder.clone()) == holder
    }

    fn held(&self, stored: Value, renewed: Duration) -> Held {
        Held::new(
            self.owned.clone(),
            self.set.clone(),
            self.host.clone(),
            self.options.duration,
            stored,
            renewed,
        )
    }

    /// How long the Lease has been as it is, for this run or for an earlier one on this machine.
    fn unchanged(&mut self, seen: &Lease, asked: Duration) -> Duration {
        let now = self.host.clock.now();
        if self.watch.is_none() {
            self.watch = self.remembered(seen, now);
        }
        self.watch.get_or_insert_with(|| Watch::begin(seen, now)).look(seen, asked, now)
    }

    fn remembered(&self, seen: &Lease, now: Duration) -> Option<Watch> {
        let kept = self.store.get(&self.key())?;
        let sighting: Sighting = serde_json::from_slice(&kept).ok()?;
        Watch::resume(seen, &sighting, &self.host.place(), now)
    }

    fn remember(&self, seen: &Lease) {
        let place = self.host.place();
        let Some(watch) = self.watch.as_ref().filter(|_| place.is_known()) else { return };
        let Ok(sighting) = serde_json::to_vec(&watch.sighting(seen, &place)) else { return };
        if let Err(error) = self.store.put(&self.key(), &sighting) {
            tracing::debug!(%error, "what was seen of the lock cannot be kept");
        }
    }

    fn key(&self) -> [&[u8]; 3] {
        [self.server_url.as_bytes(), self.set.record_namespace.as_bytes(), self.set.name.as_bytes()]
    }

    /// Who holds it and since when, on one line that harms no terminal.
    fn whose(&self, seen: &Lease) -> String {
        format!("{}{}", holder(seen.holder.as_ref()), since(seen))
    }

    fn locked(&self, seen: &Lease, waited: Duration) -> LockError {
        LockError::Held {
            set: self.set.name.clone(),
            holder: holder(seen.holder.as_ref()),
            since: since(seen),
            waited,
        }
    }

    fn foreign(&self, reason: String) -> LockError {
        let reason = escape::one_line(&reason).into_owned();
        LockError::Foreign {
            namespace: self.set.record_namespace.clone(),
            name: self.set.lease_name(),
            reason,
        }
    }

    fn failed(&self, error: OwnedError) -> LockError {
        LockError::Unusable {
            namespace: self.set.record_namespace.clone(),
            name: self.set.lease_name(),
            error,
        }
    }
}

fn holder(holder: Option<&Holder>) -> String {
    let text = holder.map_or_else(|| "nobody".to_owned(), ToString::to_string);
    escape::one_line(&text).into_owned()
}

/// When it was taken. The only place where two clocks meet, and it is for reading alone.
fn since(seen: &Lease) -> String {
    let Some(acquired) = seen.acquired else { return String::new() };
    let taken = acquired.strftime("%Y-%m-%dT%H:%M:%SZ");
    match u64::try_from((now() - acquired).total(jiff::Unit::Second).unwrap_or(-1.0) as i64) {
        Ok(age) => format!(", taken {taken} ({age} s ago by this machine's clock)"),
        Err(_) => format!(", taken {taken} (ahead of this machine's clock)"),
    }
}

#[expect(clippy::disallowed_methods, reason = "the time that others read in the Lease")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
