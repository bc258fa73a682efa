//! When a failed request is sent again, and after how long. A pure policy, one table.
//!
//! Everything that is sent here may be repeated: GET, LIST, and dry runs that are pinned to uid and resourceVersion.
//! A server that wants us to wait is obeyed within bounds; an answer about the object itself is never asked for twice.

use std::time::Duration;

/// The most attempts for one request.
pub const MAX_ATTEMPTS: u32 = 6;
/// The most attempts to connect to a server that was there before: it may be restarting.
const MAX_CONNECTS: u32 = 16;
/// How long such a server may be away.
pub const MAX_AWAY: Duration = Duration::from_secs(20);
/// The longest wait that a server may ask for; longer ones count as this.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// How one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The server answered with this status.
    Status {
        /// HTTP status code.
        code: u16,
        /// `reason` of the Status, empty if there is none.
        reason: String,
        /// `message` of the Status, or the text of the answer.
        message: String,
        /// `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// No connection could be made: refused, unknown host, handshake.
    NotConnected {
        /// True if another attempt cannot end differently: the certificate does not match.
        hopeless: bool,
    },
    /// The connection was lost before the whole answer was there.
    Broken,
    /// No answer, or no more of it, within the time for one request.
    TimedOut,
    /// A whole answer that makes no sense, or is too large.
    Nonsense,
}

/// What the run has spent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were planned.
    pub planned: u64,
    /// Repetitions, but those of connections that could not be made: they cost the server nothing.
    pub retries: u64,
    /// True once any answer has come from the server.
    pub reached: bool,
    /// How long no connection could be made; zero while one can.
    pub away: Duration,
}

impl Spent {
    /// At most a quarter of the planned requests and twenty may be repeated, so that a sick server is not stormed.
    pub fn leaves_room(&self) -> bool {
        self.retries < self.planned / 4 + 20
    }
}

/// What to do after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Wait this long, then send the request again.
    Retry(Duration),
    /// Report the failure.
    GiveUp,
}

/// Decides what to do after attempt number `attempt` (from 1). `jitter` is a fraction from 0 to below 1.
pub fn decide(signal: &Signal, attempt: u32, spent: Spent, jitter: f64) -> Decision {
    let has_room = match signal {
        Signal::NotConnected { .. } => spent.away < MAX_AWAY,
        _ => spent.leaves_room(),
    };
    if attempt >= limit(signal, spent.reached) || !has_room {
        return Decision::GiveUp;
    }
    let asked = match signal {
        Signal::Status { retry_after, .. } => *retry_after,
        _ => None,
    };
    let backoff = FIRST_BACKOFF.saturating_mul(1 << attempt.min(10)).min(MAX_BACKOFF).mul_f64(jitter);
    Decision::Retry(match asked {
        // Not before the time that was asked for, and not all at once after it.
        Some(wait) => {
            let wait = wait.min(MAX_RETRY_AFTER);
            wait + wait.mul_f64(jitter / 10.0)
        }
        None => backoff,
    })
}

/// How many attempts a failure of this kind is worth.
fn limit(signal: &Signal, reached: bool) -> u32 {
    match signal {
        Signal::Status { code, reason, message, .. } => status_limit(*code, reason, message),
        Signal::NotConnected { hopeless: true } => 1,
        // A server that was never reached is more likely misspelt than restarting.
        Signal::NotConnected { .. } if !reached => 1,
        Signal::NotConnected { .. } => MAX_CONNECTS,
        Signal::Broken => MAX_ATTEMPTS,
        Signal::TimedOut => 3,
        Signal::Nonsense => 1,
    }
}

fn status_limit(code: u16, reason: &str, message: &str) -> u32 {
    match code {
        // A dead conversion webhook; it stays so, while Retry-After asks to wait for ever.
        429 if message.contains("storage is (re)initializing") => 2,
        429 | 502 | 503 | 504 => MAX_ATTEMPTS,
        500 if is_about_the_object(message) => 1,
        500 if is_storage_hiccup(message) => MAX_ATTEMPTS,
        500 if reason == "InternalError" && message.contains("failed calling webhook") => 3,
        _ => 1,
    }
}

/// True for the texts with which the server says, as a 500 without reason, that it cannot type or convert the object.
pub fn is_about_the_object(message: &str) -> bool {
    const TEXTS: [&str; 6] = [
        "failed to create typed patch object",
        "failed to convert new object",
        "failed to create manager for existing fields",
        "failed to create typed",
        "request to convert CR",
        "conversion webhook for",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}

fn is_storage_hiccup(message: &str) -> bool {
    const TEXTS: [&str; 5] = [
        "leader changed",
        "etcdserver: request timed out",
        "etcdserver: no leader",
        "etcdserver: too many requests",
        "apiserver is shutting down",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Spent = Spent { planned: 10, retries: 0, reached: true, away: Duration::ZERO };

    fn status(code: u16, reason: &str, message: &str, retry_after: Option<u64>) -> Signal {
        Signal::Status {
            code,
            reason: reason.into(),
            message: message.into(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn attempts(signal: &Signal, spent: Spent) -> u32 {
        (1..).find(|&attempt| decide(signal, attempt, spent, 0.5) == Decision::GiveUp).unwrap()
    }

    #[test]
    fn attempts_by_kind_of_failure() {
        let table = [
            (status(429, "TooManyRequests", "too many requests", None), 6),
            (status(429, "TooManyRequests", "storage is (re)initializing: failed to list", Some(30)), 2),
            (status(502, "", "bad gateway", None), 6),
            (status(503, "ServiceUnavailable", "", None), 6),
            (status(504, "Timeout", "", None), 6),
            (status(500, "", "etcdserver: leader changed", None), 6),
            (status(500, "", "rpc error: etcdserver: request timed out", None), 6),
            (
                status(
                    500,
                    "",
                    "failed to create typed patch object (a/b; v1, Kind=X): .spec.y: field not declared",
                    None,
                ),
                1,
            ),
            (status(500, "", "failed to convert new object (a/b; v1) to smd typed", None), 1),
            (
                status(
                    500,
                    "",
                    "conversion webhook for example.org/v1 failed: etcdserver: leader changed",
                    None,
                ),
                1,
            ),
            (
                status(
                    500,
                    "InternalError",
                    "Internal error occurred: failed calling webhook \"x\": refused",
                    None,
                ),
                3,
            ),
            (status(500, "InternalError", "Internal error occurred: other", None), 1),
            (status(400, "BadRequest", "", None), 1),
            (status(401, "Unauthorized", "", None), 1),
            (status(403, "Forbidden", "", None), 1),
            (status(404, "NotFound", "", None), 1),
            (status(409, "Conflict", "", None), 1),
            (status(410, "Expired", "", None), 1),
            (status(422, "Invalid", "", Some(1)), 1),
            (status(501, "", "", None), 1),
            (Signal::NotConnected { hopeless: false }, 16),
            (Signal::NotConnected { hopeless: true }, 1),
            (Signal::Broken, 6),
            (Signal::TimedOut, 3),
            (Signal::Nonsense, 1),
        ];
        for (signal, expected) in table {
            assert_eq!(attempts(&signal, FRESH), expected, "{signal:?}");
        }
        let unreached = Spent { reached: false, ..FRESH };
        assert_eq!(attempts(&Signal::NotConnected { hopeless: false }, unreached), 1);
        assert_eq!(attempts(&Signal::Broken, unreached), 6);
    }

    #[test]
    fn waits_are_bounded_and_grow() {
        let wait = |signal: &Signal, attempt, jitter| match decide(signal, attempt, FRESH, jitter) {
            Decision::Retry(wait) => wait,
            Decision::GiveUp => panic!("gave up: {signal:?}"),
        };
        let busy = |seconds| status(429, "", "", Some(seconds));
        assert_eq!(wait(&busy(2), 1, 0.0), Duration::from_secs(2));
        assert!(wait(&busy(2), 1, 0.999) <= Duration::from_millis(2_400));
        assert_eq!(wait(&busy(86_400), 1, 0.0), MAX_RETRY_AFTER);
        let unavailable = status(503, "", "", None);
        assert_eq!(wait(&unavailable, 1, 0.5), Duration::from_millis(100));
        assert_eq!(wait(&unavailable, 2, 0.5), Duration::from_millis(200));
        assert_eq!(wait(&unavailable, 5, 1.0), Duration::from_millis(3_200));
        assert_eq!(wait(&unavailable, 1, 0.0), Duration::ZERO);
    }

    #[test]
    fn the_budget_of_the_run_ends_all_retries() {
        let broken = |planned, retries| {
            let spent = Spent { planned, retries, ..FRESH };
            decide(&Signal::Broken, 1, spent, 0.0)
        };
        let gone = |retries, seconds| {
            let spent = Spent { retries, away: Duration::from_secs(seconds), ..FRESH };
            decide(&Signal::NotConnected { hopeless: false }, 1, spent, 0.0)
        };
        assert_eq!(gone(500, 19), Decision::Retry(Duration::ZERO), "a server that restarts is waited for");
        assert_eq!(gone(0, 20), Decision::GiveUp, "and not for ever");
        assert_eq!(broken(10, 21), Decision::Retry(Duration::ZERO));
        assert_eq!(broken(10, 22), Decision::GiveUp);
        assert_eq!(broken(1_000, 269), Decision::Retry(Duration::ZERO));
        assert_eq!(broken(1_000, 270), Decision::GiveUp);
    }
}
