//! What came back from the server: a whole answer, a Status that rejects the request, or the reason why neither came.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cluster::retry::Signal;
use crate::live::{FetchError, Refusal, Right};

/// A whole answer of the 2xx class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// `Content-Type`, empty if there is none.
    pub(crate) content_type: String,
    /// The body, decompressed.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An answer that begins with these headers, its body still to come.
    ///
    /// # Errors
    /// Never; readers of other kinds refuse what they cannot read.
    pub(crate) fn begin(headers: &HeaderMap) -> Result<Self, Failure> {
        Ok(Self { content_type: content_type(headers).to_owned(), body: Vec::new() })
    }

    /// The body, if it is declared as JSON.
    ///
    /// # Errors
    /// [`Failure::Nonsense`] for anything else, for example the HTML page of a proxy.
    pub(crate) fn json_text(&self) -> Result<&[u8], Failure> {
        declared_json(&self.content_type)?;
        Ok(&self.body)
    }

    /// The body as a value. A Status in place of the value is an error.
    ///
    /// # Errors
    /// [`Failure::Nonsense`] for text that is not JSON or not of this shape; the text is not quoted.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Self::parsed(self.json_text()?)
    }

    /// The body as a value, whatever its declared type: servers send the index of schemas as plain text.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub(crate) fn undeclared_json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        Self::parsed(&self.body)
    }

    fn parsed<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
        if serde_json::from_slice::<Status>(text).is_ok_and(|status| status.kind == "Status") {
            return Err(Failure::Nonsense("the server answered 200 with a Status".to_owned()));
        }
        serde_json::from_slice(text).map_err(|error| Failure::not_json(&error))
    }
}

/// `Content-Type`, empty if there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Refuses what is not declared as JSON.
///
/// # Errors
/// [`Failure::Nonsense`], for example for the HTML page of a proxy.
pub(crate) fn declared_json(content_type: &str) -> Result<(), Failure> {
    if content_type.starts_with("application/json") {
        return Ok(());
    }
    let found = if content_type.is_empty() { "no content type" } else { content_type };
    Err(Failure::Nonsense(format!("the server answered with {}, not with JSON", without_controls(found, 80))))
}

/// A Status, as far as it matters (`k8s.io/apimachinery/pkg/apis/meta/v1`, type `Status`).
#[derive(Debug, Default, Deserialize)]
struct Status {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    details: Option<Details>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    causes: Option<Vec<Cause>>,
    #[serde(default)]
    retry_after_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct Cause {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    field: Option<String>,
}

/// An answer that is not of the 2xx class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// Code, reason, message and causes.
    pub(crate) refusal: Refusal,
    /// `details.kind` and `details.name`: what the Status is about.
    pub(crate) about: Option<(String, String)>,
    /// How long the server wants us to wait.
    pub(crate) retry_after: Option<Duration>,
}

impl Rejection {
    /// Reads a Status; any other text becomes the message.
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, answer: &Answer) -> Self {
        let parsed =
            serde_json::from_slice::<Status>(&answer.body).ok().filter(|status| status.kind == "Status");
        let plain = parsed.is_none().then(|| plain_message(status, answer));
        let parsed = parsed.unwrap_or_default();
        let details = parsed.details.unwrap_or_default();
        let seconds =
            headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let causes = details.causes.unwrap_or_default().into_iter().map(|cause| {
            (
                cause.reason.unwrap_or_default(),
                cause.field.unwrap_or_default(),
                cause.message.unwrap_or_default(),
            )
        });
        Self {
            refusal: Refusal {
                code: status.as_u16(),
                reason: parsed.reason.unwrap_or_default(),
                message: plain.or(parsed.message).unwrap_or_default(),
                causes: causes.collect(),
            },
            about: details.kind.zip(details.name),
            retry_after: seconds.or(details.retry_after_seconds).map(Duration::from_secs),
        }
    }
}

/// The first line of a plain text; the page of a proxy is only named.
fn plain_message(status: StatusCode, answer: &Answer) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    match text.lines().next() {
        Some(line) if answer.content_type.starts_with("text/plain") => without_controls(line, 200),
        _ => status.canonical_reason().unwrap_or("no reason given").to_lowercase(),
    }
}

/// Why there is no answer of the 2xx class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The server answered with another status.
    Rejected(Box<Rejection>),
    /// No connection: the text, and whether another attempt is hopeless.
    NotConnected(String, bool),
    /// The connection was lost.
    Broken(String),
    /// No answer, or no more of it, in this time.
    TimedOut(Duration),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// The answer makes no sense.
    Nonsense(String),
    /// The request was not sent, for this reason.
    NotSent(String),
    /// The deadline of the run passed.
    Deadline,
}

impl Failure {
    pub(crate) fn timed_out(time: Duration) -> Self {
        Self::TimedOut(time)
    }

    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Nonsense(match error.classify() {
            serde_json::error::Category::Eof => {
                format!("the answer ends early, at line {line}, column {column}")
            }
            serde_json::error::Category::Data => {
                format!("the answer has an unexpected shape at line {line}, column {column}")
            }
            _ => format!("the answer is not JSON at line {line}, column {column}"),
        })
    }

    /// Classifies an error of the HTTP client.
    pub(crate) fn of_transport(error: &kube::Error) -> Self {
        let chain = || std::iter::successors(Some(error as &dyn Error), |&error| error.source());
        if let Some(auth) = chain().find_map(|error| error.downcast_ref::<kube::client::AuthError>()) {
            return Self::NotConnected(credentials_text(auth), true);
        }
        let text = chain_text(error);
        let lost = chain().filter_map(|error| error.downcast_ref::<std::io::Error>()).any(|error| {
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe
            )
        });
        let legacy = chain().find_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>());
        match legacy {
            Some(legacy) if legacy.is_connect() && !lost => {
                let hopeless = text.contains("certificate");
                Self::NotConnected(text, hopeless)
            }
            _ => Self::Broken(text),
        }
    }

    /// The connection was lost inside an answer.
    pub(crate) fn broken(error: &(dyn Error + 'static)) -> Self {
        Self::Broken(chain_text(error))
    }

    /// What the retry policy has to know; `None` if nothing can be repeated.
    pub(crate) fn signal(&self) -> Option<Signal> {
        Some(match self {
            Self::Rejected(rejection) => Signal::Status {
                code: rejection.refusal.code,
                reason: rejection.refusal.reason.clone(),
                message: rejection.refusal.message.clone(),
                retry_after: rejection.retry_after,
            },
            Self::NotConnected(_, hopeless) => Signal::NotConnected { hopeless: *hopeless },
            Self::Broken(_) => Signal::Broken,
            Self::TimedOut(_) => Signal::TimedOut,
            Self::TooLarge(_) | Self::Nonsense(_) => Signal::Nonsense,
            Self::NotSent(_) | Self::Deadline => return None,
        })
    }

    /// The HTTP status, if the server sent one.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Rejected(rejection) => Some(rejection.refusal.code),
            _ => None,
        }
    }

    /// The message of a 401.
    pub(crate) fn unauthorized(&self) -> Option<&str> {
        match self {
            Self::Rejected(rejection) if rejection.refusal.code == 401 => Some(&rejection.refusal.message),
            _ => None,
        }
    }

    /// One line about it; quotes the server's message.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Rejected(rejection) => {
                let Refusal { code, message, .. } = &rejection.refusal;
                format!("the server answered {code}: {}", without_controls(message, 500))
            }
            Self::NotConnected(text, _) => text.clone(),
            Self::Broken(text) => format!("the connection was lost: {text}"),
            Self::TimedOut(time) => format!("no answer within {} s", time.as_secs()),
            Self::TooLarge(bytes) => format!("the answer is larger than {} MiB", bytes >> 20),
            Self::Nonsense(text) | Self::NotSent(text) => text.clone(),
            Self::Deadline => FetchError::Deadline.to_string(),
        }
    }

    /// What this failure says about objects that were read with `right`.
    pub(crate) fn fetch_error(&self, right: &Right) -> FetchError {
        match self {
            Self::Deadline => FetchError::Deadline,
            Self::Rejected(rejection) => match rejection.refusal.code {
                401 => FetchError::Unauthorized(without_controls(&rejection.refusal.message, 500)),
                403 => FetchError::Forbidden {
                    right: right.clone(),
                    message: without_controls(&rejection.refusal.message, 500),
                },
                _ => FetchError::Failed(self.text()),
            },
            _ => FetchError::Failed(self.text()),
        }
    }
}

/// Replaces control characters and cuts after `max` characters; the terminal's own escaping comes later.
pub(crate) fn without_controls(text: &str, max: usize) -> String {
    let mut clean: String = text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(max).is_some() {
        clean.push('…');
    }
    clean
}

/// An error and its causes in one line, without what a cause merely repeats.
pub(crate) fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        let part = error.to_string();
        if text.is_empty() || part.contains(&text) {
            text = part;
        } else if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
    }
    let text = text.trim_start_matches("ServiceError: ").trim_start_matches("client error (Connect): ");
    without_controls(text, 500)
}

/// What went wrong with credentials. The output of a plugin is not quoted: it may hold a token.
pub(crate) fn credentials_text(error: &kube::client::AuthError) -> String {
    use kube::client::AuthError;
    match error {
        // The command line is not quoted either: kube's text of it includes arguments and environment.
        AuthError::AuthExecRun { out, .. } => format!("the credential plugin failed with {}", out.status),
        AuthError::AuthExecParse(_) => "the credential plugin printed no ExecCredential".to_owned(),
        AuthError::AuthExec(_) => "the credential plugin failed".to_owned(),
        AuthError::AuthExecStart(error) => format!("the credential plugin cannot be started: {error}"),
        AuthError::ReadTokenFile(error, path) => {
            format!("the token file {} cannot be read: {error}", path.display())
        }
        AuthError::InvalidBearerToken(_) | AuthError::InvalidBasicAuth(_) => {
            "the credentials hold characters that no header can carry".to_owned()
        }
        AuthError::MissingCommand | AuthError::ExecMissingClusterInfo | AuthError::ExecPluginFailed => {
            error.to_string()
        }
        _ => "no credentials could be obtained".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rejection(code: u16, content_type: &str, body: &str) -> Rejection {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let answer = Answer { body: body.as_bytes().to_vec(), ..Answer::begin(&headers).unwrap() };
        Rejection::new(StatusCode::from_u16(code).unwrap(), &headers, &answer)
    }

    #[test]
    fn a_status_is_read_whole() {
        let body = json!({"kind": "Status", "status": "Failure", "message": "m", "reason": "Conflict", "code": 409,
            "details": {"kind": "configmaps", "name": "a", "retryAfterSeconds": 3,
                "causes": [{"reason": "FieldManagerConflict", "message": "c", "field": ".data.a"}]}});
        let found = rejection(409, "application/json", &body.to_string());
        assert_eq!(found.refusal.reason, "Conflict");
        assert_eq!(found.refusal.causes, [("FieldManagerConflict".into(), ".data.a".into(), "c".into())]);
        assert_eq!(found.about, Some(("configmaps".into(), "a".into())));
        assert_eq!(found.retry_after, Some(Duration::from_secs(3)));
    }

    #[test]
    fn other_texts_become_one_line() {
        let plain = rejection(404, "text/plain; charset=utf-8", "404 page not found\n");
        assert_eq!(plain.refusal.message, "404 page not found");
        assert_eq!(plain.about, None);
        let page = rejection(502, "text/html", "<html>\u{1b}[31m secret</html>");
        assert_eq!(page.refusal.message, "bad gateway");
        let escape = rejection(503, "text/plain", "a\u{1b}[31mb");
        assert_eq!(escape.refusal.message, "a [31mb");
    }

    #[test]
    fn only_json_that_is_no_status_is_an_answer() {
        let answer = |content_type: &str, body: &str| Answer {
            content_type: content_type.into(),
            body: body.as_bytes().to_vec(),
        };
        assert!(answer("application/json", "{\"a\":1}").json::<serde_json::Value>().is_ok());
        for (content_type, body) in [
            ("text/html", "{}"),
            ("", "{}"),
            ("application/json", "{\"kind\":\"Status\",\"status\":\"Failure\"}"),
            ("application/json", "{\"a\":"),
        ] {
            let found = answer(content_type, body).json::<serde_json::Value>();
            assert!(matches!(found, Err(Failure::Nonsense(_))), "{content_type} {body}: {found:?}");
        }
    }
}
