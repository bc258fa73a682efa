//! One request to the server: sent within bounds, repeated where the policy says so, and its answer read to its end.
//!
//! Every request of a run goes through [`Sender::send_to`]. It bounds requests in flight, the time for one answer, the
//! pauses inside an answer, the size of an answer, and the time of the whole run. It logs no body.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::cluster::answer::{Answer, Failure, Rejection, without_controls};
use crate::cluster::connect::Transport;
use crate::cluster::retry::{Decision, Signal, decide};
use crate::cluster::throttle::{Purpose, Throttle};

/// Time for the answer to a read, and for the next piece of it.
pub(crate) const READ_TIME: Duration = Duration::from_secs(30);
/// Time for the answer to a dry run: the server gives itself 34 s, and webhooks are part of that.
pub(crate) const WRITE_TIME: Duration = Duration::from_secs(60);
/// The largest answer that is read: one page of a list, or one document.
pub(crate) const MAX_ANSWER: usize = 256 << 20;
const MAX_WARNINGS: usize = 100;
const MAX_WARNING_LENGTH: usize = 1_000;
const USER_AGENT: &str = concat!("gitops/", env!("CARGO_PKG_VERSION"));

/// A request before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// GET, or PATCH for a dry run.
    pub(crate) method: Method,
    /// Path and query, relative to the server's URL.
    pub(crate) path: String,
    /// `Accept`.
    pub(crate) accept: &'static str,
    /// `Content-Type` and body.
    pub(crate) body: Option<(&'static str, Vec<u8>)>,
    /// The largest answer to read, in bytes after decompression.
    pub(crate) max_answer: usize,
}

impl Call {
    /// A GET for JSON.
    pub(crate) fn get(purpose: Purpose, path: String) -> Self {
        Self {
            purpose,
            method: Method::GET,
            path,
            accept: "application/json",
            body: None,
            max_answer: MAX_ANSWER,
        }
    }

    fn time(&self) -> Duration {
        if self.method == Method::GET { READ_TIME } else { WRITE_TIME }
    }

    fn request(&self) -> Result<Request<Body>, Failure> {
        let builder = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::ACCEPT, self.accept)
            .header(header::USER_AGENT, USER_AGENT);
        let request = match &self.body {
            Some((kind, bytes)) => {
                builder.header(header::CONTENT_TYPE, *kind).body(Body::from(bytes.clone()))
            }
            None => builder.body(Body::empty()),
        };
        request.map_err(|error| Failure::NotSent(format!("{error}: {}", self.path)))
    }
}

/// Sends the requests of one run.
#[derive(Debug)]
pub(crate) struct Sender {
    transport: Transport,
    pub(crate) throttle: Throttle,
    deadline: Instant,
    read_only: bool,
    warnings: Mutex<BTreeSet<String>>,
}

impl Sender {
    pub(crate) fn new(transport: Transport, throttle: Throttle, time: Duration, read_only: bool) -> Self {
        Self { transport, throttle, deadline: Instant::now() + time, read_only, warnings: Mutex::default() }
    }

    /// Sends a request until there is a whole answer of the 2xx class, or the policy gives up.
    ///
    /// # Errors
    /// The failure of the last attempt.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        self.send_to(call, Answer::begin).await
    }

    /// As [`Self::send`], but gives the answer to a reader while it arrives. Every attempt has a reader of its own, so that
    /// nothing of an answer that broke off is ever used.
    ///
    /// # Errors
    /// The failure of the last attempt.
    pub(crate) async fn send_to<R: Intake>(
        &self,
        call: &Call,
        begin: impl Fn(&HeaderMap) -> Result<R, Failure>,
    ) -> Result<R::Whole, Failure> {
        self.send_noting(call, begin, &mut false).await
    }

    /// As [`Self::send_to`], and sets `repeated` before the request goes out a second time: what is answered then may be about
    /// what the first one did.
    ///
    /// # Errors
    /// The failure of the last attempt.
    pub(crate) async fn send_noting<R: Intake>(
        &self,
        call: &Call,
        begin: impl Fn(&HeaderMap) -> Result<R, Failure>,
        repeated: &mut bool,
    ) -> Result<R::Whole, Failure> {
        if self.read_only && call.method != Method::GET {
            return Err(Failure::NotSent("--read-only allows get and list alone".to_owned()));
        }
        self.throttle.plan();
        let mut attempt = 1;
        let mut renewed = false;
        let deadline = self.deadline + call.purpose.grace();
        loop {
            let (generation, client) = self.transport.current()?;
            let tried = timeout_at(deadline, self.attempt(call, &client, &begin)).await;
            let failure = match tried.unwrap_or(Err(Failure::Deadline)) {
                Ok(answer) => {
                    self.transport.worked(generation);
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            if let Some(message) = failure.unauthorized() {
                if self.transport.renew(generation, message).await? && !renewed {
                    renewed = true;
                    self.throttle.repeat();
                    continue;
                }
                return Err(failure);
            }
            let Some(signal) = failure.signal() else {
                return Err(failure);
            };
            let connecting = matches!(signal, Signal::NotConnected { .. });
            if connecting {
                self.throttle.is_away();
            }
            let wait = match decide(&signal, attempt, self.throttle.spent(), self.throttle.jitter()) {
                Decision::Retry(wait) if Instant::now() + wait < deadline => wait,
                _ => return Err(failure),
            };
            tracing::debug!(path = call.path, attempt, ?wait, "request failed, sending it again");
            if connecting {
                self.throttle.connect_again();
            } else {
                self.throttle.repeat();
            }
            sleep(wait).await;
            *repeated = true;
            attempt += 1;
        }
    }

    /// What the server said in `Warning` headers, in alphabetical order.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.iter().cloned().collect()
    }

    async fn attempt<R: Intake>(
        &self,
        call: &Call,
        client: &kube::Client,
        begin: &impl Fn(&HeaderMap) -> Result<R, Failure>,
    ) -> Result<R::Whole, Failure> {
        let request = call.request()?;
        let _slot = self.throttle.slot(call.purpose).await;
        let start = Instant::now();
        let response = timeout(call.time(), client.send(request)).await;
        let response = response
            .map_err(|_| Failure::timed_out(call.time()))?
            .map_err(|error| Failure::of_transport(&error))?;
        self.throttle.reached();
        self.note_warnings(response.headers());
        let (parts, body) = response.into_parts();
        tracing::debug!(method = %call.method, path = call.path, status = parts.status.as_u16(), "answered");
        if !matches!(parts.status, StatusCode::OK | StatusCode::CREATED) {
            let answer = read(body, Answer::begin(&parts.headers)?, call).await?;
            let rejection = Rejection::new(parts.status, &parts.headers, &answer);
            return Err(Failure::Rejected(Box::new(rejection)));
        }
        let whole = read(body, begin(&parts.headers)?, call).await?;
        self.throttle.took(start.elapsed());
        Ok(whole)
    }

    fn note_warnings(&self, headers: &HeaderMap) {
        for value in headers.get_all(header::WARNING) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
            if warnings.len() < MAX_WARNINGS {
                warnings.insert(without_controls(warning_text(&text), MAX_WARNING_LENGTH));
            }
        }
    }
}

/// The text of `299 - "text"`, the only form that API servers send (RFC 7234 5.5).
fn warning_text(header: &str) -> &str {
    let quoted = header.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"'));
    quoted.map_or(header, |(text, _)| text)
}

/// Takes the body of an answer piece by piece.
pub(crate) trait Intake: Send {
    /// What it becomes.
    type Whole: Send;

    /// Takes the next piece.
    ///
    /// # Errors
    /// The answer cannot be used.
    fn piece(&mut self, piece: &[u8]) -> Result<(), Failure>;

    /// The answer is at its end.
    ///
    /// # Errors
    /// The answer cannot be used, for example because something is missing.
    fn whole(self) -> Result<Self::Whole, Failure>;
}

impl Intake for Answer {
    type Whole = Self;

    fn piece(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn whole(self) -> Result<Self, Failure> {
        Ok(self)
    }
}

/// Reads a body to its end: no piece may take longer than the call allows, and all of it may not be larger.
async fn read<R: Intake>(body: Body, mut intake: R, call: &Call) -> Result<R::Whole, Failure> {
    let mut body = std::pin::pin!(body);
    let mut length = 0;
    loop {
        let frame = timeout(call.time(), body.frame()).await.map_err(|_| Failure::timed_out(call.time()))?;
        let data = match frame {
            None => return intake.whole(),
            Some(Err(error)) => return Err(Failure::broken(&error)),
            Some(Ok(frame)) => frame.into_data(),
        };
        let Ok(data) = data else { continue };
        length += data.len();
        if length > call.max_answer {
            return Err(Failure::TooLarge(call.max_answer));
        }
        intake.piece(&data)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warning_headers_are_unwrapped() {
        for (header, text) in [
            (r#"299 - "policy/v1beta1 is deprecated""#, "policy/v1beta1 is deprecated"),
            (r#"299 - "unknown field \"spec.x\"""#, r#"unknown field \"spec.x\""#),
            ("something else", "something else"),
        ] {
            assert_eq!(warning_text(header), text);
        }
    }
}
