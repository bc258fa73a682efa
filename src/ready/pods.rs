//! Pods, and what keeps one from being ready.

use serde_json::Value;

use super::Readiness::{self, Failed, Progressing, Ready};
use super::Subject;
use super::conditions::{Conditions, brief};

/// Pod.
pub(super) fn pod(subject: &Subject<'_>) -> Readiness {
    let conditions = &subject.conditions;
    match subject.text("/status/phase") {
        "Succeeded" => Ready,
        // D9: kstatus takes a pod that failed for ready, since it is over.
        "Failed" => Failed(ended(subject.live)),
        "Running" if conditions.has("Ready", "True") => Ready,
        "Running" => match crash_loop(subject.live) {
            Some(text) => Failed(text),
            None => Progressing(
                trouble(subject.live).map_or_else(|| "it runs but is not ready".to_owned(), |(_, text)| text),
            ),
        },
        // D10: kstatus calls one that cannot be scheduled failed 15 seconds after it was created. Adding a node takes longer,
        // so that it is waited for.
        "Pending" => {
            Progressing(trouble(subject.live).map_or_else(|| "it is pending".to_owned(), |(_, text)| text))
        }
        "" => Progressing("nobody has looked at it yet".to_owned()),
        phase => Progressing(format!("its phase is {}", brief(phase))),
    }
}

/// How telling a trouble is: the greater, the better it explains why a workload is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It has to be expected for a while: images are pulled, volumes mounted, probes awaited.
    Passing,
    /// It runs and is not ready.
    NotReady,
    /// No node takes it.
    Unschedulable,
    /// A container ends with an error.
    Ended,
    /// A container cannot be started.
    Stuck,
}

/// What keeps a pod from being ready: the worst of its containers, or one of its own conditions. Output of containers is
/// never quoted: it may hold anything.
pub(super) fn trouble(pod: &Value) -> Option<(Weight, String)> {
    let conditions = Conditions::read(pod.get("status")).unwrap_or_default();
    let condition = |kind: &str| conditions.get(kind).filter(|condition| condition.is("False"));
    let worst = containers(pod).filter_map(container).rev().max_by_key(|(weight, _)| *weight);
    let scheduling = condition("PodScheduled").map(|unmet| (Weight::Unschedulable, unmet.text()));
    let not_ready = condition("Ready").map(|unmet| (Weight::NotReady, unmet.text()));
    let over = (pod.pointer("/status/phase").is_some_and(|phase| phase == "Failed"))
        .then(|| (Weight::Ended, ended(pod)));
    [not_ready, scheduling, over, worst].into_iter().flatten().max_by_key(|(weight, _)| *weight)
}

/// Statuses of all containers, those that run first in front.
fn containers(pod: &Value) -> impl DoubleEndedIterator<Item = &Value> {
    let list = |key: &str| pod.pointer(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list("/status/initContainerStatuses").iter().chain(list("/status/containerStatuses"))
}

fn container(status: &Value) -> Option<(Weight, String)> {
    let name = brief(text(status, "/name"));
    let waiting = text(status, "/state/waiting/reason");
    match waiting {
        "CrashLoopBackOff" => return Some((Weight::Stuck, crashing(status))),
        "ContainerCreating" | "PodInitializing" => {
            return Some((Weight::Passing, format!("container {name} waits: {waiting}")));
        }
        "" => {}
        reason => {
            let (reason, message) = (brief(reason), brief(text(status, "/state/waiting/message")));
            let separator = if message.is_empty() { "" } else { ": " };
            return Some((Weight::Stuck, format!("container {name}: {reason}{separator}{message}")));
        }
    }
    let ended = exit(status, "/state/terminated")
        .filter(|_| number(status, "/state/terminated/exitCode") != Some(0))?;
    Some((Weight::Ended, format!("container {name} has ended with {ended}")))
}

fn crashing(status: &Value) -> String {
    let name = brief(text(status, "/name"));
    let restarts =
        number(status, "/restartCount").map(|count| format!(", {count} restarts")).unwrap_or_default();
    let last = exit(status, "/lastState/terminated")
        .map(|exit| format!(", last ended with {exit}"))
        .unwrap_or_default();
    format!("container {name}: CrashLoopBackOff{restarts}{last}")
}

/// `exit code 1 (Error)`, `signal 9 (OOMKilled)`.
fn exit(status: &Value, state: &str) -> Option<String> {
    let terminated = status.pointer(state)?;
    let code = match number(terminated, "/signal").filter(|signal| *signal != 0) {
        Some(signal) => format!("signal {signal}"),
        None => format!("exit code {}", number(terminated, "/exitCode")?),
    };
    match brief(text(terminated, "/reason")).as_str() {
        "" => Some(code),
        reason => Some(format!("{code} ({reason})")),
    }
}

/// Containers that run again and again, which kstatus calls failed.
fn crash_loop(pod: &Value) -> Option<String> {
    let statuses = pod.pointer("/status/containerStatuses")?.as_array()?;
    let looping =
        statuses.iter().find(|status| text(status, "/state/waiting/reason") == "CrashLoopBackOff")?;
    Some(crashing(looping))
}

/// Why a pod is over that did not succeed.
fn ended(pod: &Value) -> String {
    let (reason, message) = (brief(text(pod, "/status/reason")), brief(text(pod, "/status/message")));
    match (reason.as_str(), message.as_str()) {
        ("", "") => containers(pod)
            .filter_map(container)
            .map(|(_, text)| text)
            .next()
            .unwrap_or_else(|| "it has ended without success".to_owned()),
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{message} ({reason})"),
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, pointer: &str) -> Option<i64> {
    value.pointer(pointer).and_then(Value::as_i64)
}
