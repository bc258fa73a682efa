//! One run as an Event on the cluster, about the parent of the set: for people who look there and not at logs.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::SetIdentity;
use super::parent::{Outcome, Run};
use crate::object::digest::hex;

/// An `Event` of the core API about a run. It holds counts and the commit, and nothing of any object.
pub fn event(set: &SetIdentity, run: &Run, person: &str) -> Value {
    let parent = set.parent_name();
    let message = message(set, run);
    let key = [&*run.started_at, &run.finished_at, run.result.word(), &message, person].join("\n");
    let name = format!("{parent}.{}", &hex(&Sha256::digest(key))[..16]);
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": set.record_namespace},
        "involvedObject": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "name": parent,
            "namespace": set.record_namespace,
        },
        "type": if run.result == Outcome::Done { "Normal" } else { "Warning" },
        "reason": reason(run),
        "message": message,
        "firstTimestamp": run.finished_at,
        "lastTimestamp": run.finished_at,
        "count": 1,
        "source": {"component": "gitops"},
        "reportingComponent": "gitops",
        "reportingInstance": "",
    })
}

fn reason(run: &Run) -> &'static str {
    match (run.result, &*run.command) {
        (Outcome::Failed, _) => "Failed",
        (Outcome::Interrupted, _) => "Interrupted",
        (_, "apply") => "Applied",
        (_, "revert") => "Reverted",
        (_, "rollback") => "RolledBack",
        (_, "delete") => "Deleted",
        (_, "undo") => "Undone",
        _ => "Done",
    }
}

fn message(set: &SetIdentity, run: &Run) -> String {
    let commit: String = run.commit.as_deref().unwrap_or_default().chars().take(12).collect();
    let at = match (commit.is_empty(), run.dirty) {
        (true, _) => String::new(),
        (false, true) => format!(" at {commit} with uncommitted changes"),
        (false, false) => format!(" at {commit}"),
    };
    let counts: Vec<String> = run.counts.iter().map(|(what, number)| format!("{number} {what}")).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    format!("gitops {} of set {}{at}: {counts}", run.command, set.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_event_tells_what_a_run_did() {
        let set = SetIdentity { name: "shop".to_owned(), record_namespace: "ops".to_owned() };
        let run = |command: &str, result, counts: &[(&str, u64)]| Run {
            command: command.to_owned(),
            commit: Some("4f2c1e9d0b6a4f2c1e9d0b6a4f2c1e9d0b6a4f2c".to_owned()),
            dirty: false,
            started_at: "2026-11-01T10:00:00Z".to_owned(),
            finished_at: "2026-11-01T10:00:05Z".to_owned(),
            result,
            counts: counts.iter().map(|(what, n)| ((*what).to_owned(), *n)).collect::<BTreeMap<_, _>>(),
            times: 1,
            undo: None,
        };
        let told = event(&set, &run("apply", Outcome::Done, &[("configured", 1), ("created", 3)]), "anna");
        assert_eq!(told["message"], "gitops apply of set shop at 4f2c1e9d0b6a: 1 configured, 3 created");
        assert_eq!((&told["reason"], &told["type"]), (&json!("Applied"), &json!("Normal")));
        assert_eq!(told["involvedObject"]["name"], "gitops-shop");
        let failed = event(&set, &run("revert", Outcome::Failed, &[]), "anna");
        assert_eq!((&failed["reason"], &failed["type"]), (&json!("Failed"), &json!("Warning")));
        assert_ne!(told["metadata"]["name"], failed["metadata"]["name"], "each run has an event of its own");
    }
}
