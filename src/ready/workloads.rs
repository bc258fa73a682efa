//! Controllers that keep a number of pods, and jobs: the counts of their status against those of their spec.

use super::Readiness::{self, Failed, Progressing, Ready};
use super::{Subject, UNSEEN};

/// `2 of 3 replicas are available`.
fn counted(have: i64, want: i64, what: &str) -> Readiness {
    let (noun, verb) = if want == 1 { ("replica", "is") } else { ("replicas", "are") };
    Progressing(format!("{have} of {want} {noun} {verb} {what}"))
}

fn leaving(number: i64) -> Readiness {
    match number {
        1 => Progressing("1 old replica is still there".to_owned()),
        number => Progressing(format!("{number} old replicas are still there")),
    }
}

/// Replicas that are asked for; the server's default is one.
fn wanted(subject: &Subject<'_>) -> i64 {
    subject.number("/spec/replicas").unwrap_or(1)
}

/// Deployment.
pub(super) fn deployment(subject: &Subject<'_>) -> Readiness {
    if let Some(late) = subject
        .conditions
        .all()
        .find(|condition| condition.kind == "Progressing" && condition.reason == "ProgressDeadlineExceeded")
    {
        return Failed(late.text());
    }
    // D5: a paused one makes no progress before somebody resumes it; Helm does not wait for it either.
    if subject.live.pointer("/spec/paused").is_some_and(|paused| paused == true) {
        return Ready;
    }
    let want = wanted(subject);
    let replicas = subject.count("/status/replicas");
    let updated = subject.count("/status/updatedReplicas");
    let available = subject.count("/status/availableReplicas");
    let ready = subject.count("/status/readyReplicas");
    // Without a deadline the controller never writes the condition.
    let endless = i64::from(i32::MAX);
    let progressed = subject.number("/spec/progressDeadlineSeconds").unwrap_or(endless) == endless
        || subject.conditions.all().any(|condition| {
            condition.kind == "Progressing"
                && condition.is("True")
                && condition.reason == "NewReplicaSetAvailable"
        });
    match () {
        () if want > replicas => counted(replicas, want, "created"),
        () if want > updated => counted(updated, want, "updated"),
        () if replicas > want => leaving(replicas - want),
        () if updated > available => counted(available, updated, "available"),
        () if want > ready => counted(ready, want, "ready"),
        () if !progressed => Progressing("its new ReplicaSet is not available yet".to_owned()),
        () if !subject.conditions.has("Available", "True") => {
            Progressing(subject.conditions.get("Available").map_or_else(
                || "its controller does not say that it is available".to_owned(),
                |available| available.text(),
            ))
        }
        () => Ready,
    }
}

/// ReplicaSet, and ReplicationController, whose status has the same fields (D6: kstatus has no rule for it).
pub(super) fn replica_set(subject: &Subject<'_>) -> Readiness {
    if let Some(failure) =
        subject.conditions.all().find(|condition| condition.kind == "ReplicaFailure" && condition.is("True"))
    {
        return Progressing(failure.text());
    }
    let want = wanted(subject);
    let replicas = subject.count("/status/replicas");
    let labelled = subject.count("/status/fullyLabeledReplicas");
    let available = subject.count("/status/availableReplicas");
    let ready = subject.count("/status/readyReplicas");
    match () {
        () if want > labelled => counted(labelled, want, "created"),
        () if want > available => counted(available, want, "available"),
        () if want > ready => counted(ready, want, "ready"),
        () if replicas > want => leaving(replicas - want),
        () => Ready,
    }
}

/// StatefulSet. Its controller writes no condition, so that nothing tells a failure.
pub(super) fn stateful_set(subject: &Subject<'_>) -> Readiness {
    // People replace the pods of such a set when they like.
    if subject.text("/spec/updateStrategy/type") == "OnDelete" {
        return Ready;
    }
    let want = wanted(subject);
    let replicas = subject.count("/status/replicas");
    let ready = subject.count("/status/readyReplicas");
    let current = subject.count("/status/currentReplicas");
    let updated = subject.count("/status/updatedReplicas");
    let revisions = (subject.text("/status/currentRevision"), subject.text("/status/updateRevision"));
    match subject.number("/spec/updateStrategy/rollingUpdate/partition").filter(|partition| *partition != -1)
    {
        _ if want > replicas => counted(replicas, want, "created"),
        _ if want > ready => counted(ready, want, "ready"),
        _ if replicas > want => leaving(replicas - want),
        // Pods below the partition keep the old revision.
        Some(partition) if updated < want.saturating_sub(partition) => {
            counted(updated, want.saturating_sub(partition), "updated")
        }
        Some(_) => Ready,
        None if want > current => counted(current, want, "of the current revision"),
        None if revisions.0 != revisions.1 => Progressing("its rolling update is not complete".to_owned()),
        None => Ready,
    }
}

/// DaemonSet.
pub(super) fn daemon_set(subject: &Subject<'_>) -> Readiness {
    if subject.generation.is_none() || subject.observed.is_none() {
        return Progressing(UNSEEN.to_owned());
    }
    let Some(want) = subject.number("/status/desiredNumberScheduled").filter(|want| *want != -1) else {
        return Progressing("its controller has not counted the nodes yet".to_owned());
    };
    let current = subject.count("/status/currentNumberScheduled");
    let updated = subject.count("/status/updatedNumberScheduled");
    let available = subject.count("/status/numberAvailable");
    let ready = subject.count("/status/numberReady");
    // D7: people replace the pods of such a set when they like, as of a StatefulSet; kstatus waits for ever.
    let on_delete = subject.text("/spec/updateStrategy/type") == "OnDelete";
    match () {
        () if want > current => counted(current, want, "scheduled"),
        () if want > updated && !on_delete => counted(updated, want, "updated"),
        () if want > available => counted(available, want, "available"),
        () if want > ready => counted(ready, want, "ready"),
        () => Ready,
    }
}

/// Job: ready when it runs, as in kstatus; a run that has to end is a matter of hours, not of a sync.
pub(super) fn job(subject: &Subject<'_>) -> Readiness {
    for condition in subject.conditions.all().filter(|condition| condition.is("True")) {
        match condition.kind {
            "Complete" => return Ready,
            "Failed" => return Failed(condition.text()),
            _ => {}
        }
    }
    // D8: one that is suspended does not start before somebody resumes it.
    let suspended = subject.live.pointer("/spec/suspend").is_some_and(|suspend| suspend == true);
    if subject.text("/status/startTime").is_empty() && !suspended {
        return Progressing("it has not started".to_owned());
    }
    Ready
}
