//! What the server was asked, by its own audit log.
//!
//! The server writes an event before it handles a request, so every request that a program got its answer to is in the
//! log, and a second one when it has answered, perhaps a moment after the program has read the answer. The server's
//! requests to itself are not logged.

#![expect(clippy::disallowed_methods, reason = "reads the audit log, waits for the server")]

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Cluster;

/// A point in the server's time.
#[derive(Clone, Copy)]
pub(crate) struct Mark(u64);

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// As RBAC names it: `get`, `list`, `watch`, `create`, `patch`, …; outside resources the HTTP method, lower case.
    pub(crate) verb: String,
    /// Who was authenticated; empty when nobody was.
    pub(crate) user: String,
    /// Path and query.
    pub(crate) uri: String,
    pub(crate) user_agent: String,
    /// The HTTP status of the answer.
    pub(crate) code: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "auditID")]
    audit_id: String,
    stage: Stage,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    #[serde(default)]
    user: EventUser,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    response_status: EventStatus,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Stage {
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

#[derive(Deserialize, Default)]
struct EventUser {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize, Default)]
struct EventStatus {
    #[serde(default)]
    code: u16,
}

impl Cluster {
    /// Now.
    pub(crate) fn mark(&self) -> Mark {
        Mark(std::fs::metadata(&self.about.audit_log).expect("the audit log is there").len())
    }

    /// The requests that came after `mark`, in the order of their arrival. Waits for the answers of those under way.
    ///
    /// In the shared cluster other tests' requests are among them: filter by [`Request::user`].
    pub(crate) fn requests_since(&self, mark: Mark) -> Vec<Request> {
        let limit = Instant::now() + Duration::from_secs(30);
        let arrived = self.events_since(mark).iter().filter(|event| event.opens()).count();
        loop {
            let events = self.events_since(mark);
            let answers: BTreeMap<&str, u16> =
                events.iter().filter_map(|event| Some((event.audit_id.as_str(), event.code()?))).collect();
            let opening = events.iter().filter(|event| event.opens()).take(arrived);
            let requests: Option<Vec<_>> =
                opening.map(|event| Some(event.answered(*answers.get(event.audit_id.as_str())?))).collect();
            match requests {
                Some(requests) => return requests,
                None => assert!(Instant::now() < limit, "the server does not answer a request"),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn events_since(&self, mark: Mark) -> Vec<Event> {
        let mut log = std::fs::File::open(&self.about.audit_log).expect("the audit log is there");
        let mut text = String::new();
        log.seek(SeekFrom::Start(mark.0)).expect("the audit log can be read");
        log.read_to_string(&mut text).expect("the audit log is UTF-8");
        // The last line may be in the middle of being written.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("audit event: {why}: {line}")))
            .collect()
    }
}

impl Event {
    /// Whether this is the first event of its request. One that fails to authenticate has no other than its answer.
    fn opens(&self) -> bool {
        self.stage == Stage::RequestReceived || (self.user.username.is_empty() && self.code().is_some())
    }

    /// The answer's status, if this event has one. Watches are answered when they start.
    fn code(&self) -> Option<u16> {
        (self.stage != Stage::RequestReceived).then_some(self.response_status.code)
    }

    fn answered(&self, code: u16) -> Request {
        Request {
            verb: self.verb.clone(),
            user: self.user.username.clone(),
            uri: self.request_uri.clone(),
            user_agent: self.user_agent.clone(),
            code,
        }
    }
}
