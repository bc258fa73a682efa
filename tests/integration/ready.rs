//! Readiness and waiting: rules against kstatus itself, statuses written on the real server, and polling by a script.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests run programs and fail by panicking"
)]

mod applied;
mod cases;
mod generated;
mod oracle;
mod polling;
mod server;
mod tables;

use gitops::object::id::Gvk;
use gitops::ready::{Readiness, readiness};
use serde_json::Value;

/// The four states as kstatus names them.
fn word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "Current",
        Readiness::Progressing(_) => "InProgress",
        Readiness::Failed(_) => "Failed",
        Readiness::Terminating => "Terminating",
    }
}

fn gvk(object: &Value) -> Gvk {
    let api = object["apiVersion"].as_str().unwrap();
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    Gvk::new(group, version, object["kind"].as_str().unwrap())
}

fn ours(object: &Value) -> Readiness {
    readiness(&gvk(object), object)
}
