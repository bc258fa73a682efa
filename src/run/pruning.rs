//! The stage that plans deletions: what is known of the set goes in, steps of the plan or a refusal come out.

use std::collections::BTreeSet;

use super::compared::Scene;
use super::contents::holds_others;
use super::error::RunError;
use super::extras::uids;
use super::members::is_present;
use super::output::Output;
use crate::cli::writing::DeleteBounds;
use crate::cluster::Server;
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::exit::Code;
use crate::plan::items;
use crate::plan::prune::{self, Budget, Refusal};
use crate::plan::{Left, Plan};
use crate::record::SetIdentity;
use crate::record::applyset::group_kind;

/// What flags allow.
pub(super) fn budget(args: &DeleteBounds) -> Budget {
    Budget { most: args.max_deletes, kinds: args.allow_prune_kind.iter().cloned().collect(), empty: false }
}

/// Adds the deletions of a prune to a plan. While something keeps the plan from being done as a whole there are none.
///
/// # Errors
/// A guard refuses, or not everything is known.
pub(super) async fn add(
    plan: &mut Plan,
    server: &Server,
    scene: &Scene,
    verdicts: &[ObjectVerdict],
    budget: &Budget,
    set: &SetIdentity,
) -> Result<(), RunError> {
    let rendered: Vec<&ObjectVerdict> =
        verdicts.iter().filter(|verdict| !scene.extras.members.contains_key(&verdict.id)).collect();
    let doubtful = rendered.iter().filter(|verdict| {
        matches!(verdict.status, Status::Unknown | Status::Invalid | Status::Blocked | Status::Conflict)
    });
    let known = prune::Scene {
        members: scene.extras.members.values().collect(),
        present: rendered.iter().filter(|verdict| is_present(&scene.live, &verdict.id)).count(),
        rendered: rendered.len(),
        uids: if scene.extras.members.is_empty() { BTreeSet::new() } else { uids(&scene.live) },
        doubtful: doubtful.map(|verdict| group_kind(&verdict.id.group, &verdict.id.kind)).collect(),
        gaps: scene.extras.gaps.keys().cloned().collect(),
        record_namespace: &set.record_namespace,
    };
    let recorded = scene.recorded.record.as_ref().is_some_and(|record| record.parent.is_some());
    match prune::plan(&known, budget) {
        Ok((deletions, _)) if !recorded && !deletions.is_empty() => Err(unrecorded(set, deletions.len())),
        Ok((deletions, kept)) => {
            plan.kept = kept;
            if plan.blockers.is_empty() {
                let mut alone = Vec::with_capacity(deletions.len());
                for deletion in deletions {
                    match holds_others(server, &scene.catalog, &deletion, &set.id()).await {
                        None => alone.push(deletion),
                        Some(reason) => plan.kept.push((deletion.id, reason)),
                    }
                }
                plan.delete(alone);
            }
            Ok(())
        }
        Err(Refusal::Guard(problem, hint)) => {
            Err(RunError::refused(format!("{problem}; nothing was written"), hint))
        }
        Err(Refusal::Incomplete(problem)) => Err(RunError::Stopped {
            problem: format!("{problem}, and nothing was written"),
            hint: Some("repair that, or apply without --prune".to_owned()),
            code: Code::Incomplete,
        }),
    }
}

/// Members without a record are not known to be all, or to be this set's alone.
fn unrecorded(set: &SetIdentity, number: usize) -> RunError {
    let objects = if number == 1 { "object" } else { "objects" };
    RunError::refused(
        format!(
            "{number} {objects} left Git, and the record of set {} is gone or cannot be read; nothing was written",
            set.name
        ),
        "apply once without --prune, which writes the record anew, and look at what diff calls extra before you prune"
            .to_owned(),
    )
}

/// What stays although it left Git, what a revert leaves, and what is not written over.
pub(super) fn tell(plan: &Plan, output: &Output) {
    if let Some(first) = plan.held.first() {
        let more =
            if plan.held.len() > 1 { format!(" and of {} more", plan.held.len() - 1) } else { String::new() };
        output.say(
            "hint",
            &format!(
                "a controller holds fields of {first}{more}; --force-conflicts=MANAGER writes over its values"
            ),
        );
    }
    for Left { id, path, reason } in &plan.left {
        let path = path.as_ref().map_or_else(String::new, |path| format!(" {path}"));
        output.say("warning", &format!("{id}{path} is not put back: {reason}"));
    }
    for (id, reason) in &plan.kept {
        output.say("info", &format!("{id} left Git and stays: {reason}"));
    }
}

/// The guard in front of containers, volumes and ports that go: nobody is asked under `--yes`.
///
/// # Errors
/// They are more than may be deleted.
pub(super) fn bound_items(plan: &Plan, budget: &Budget, yes: bool) -> Result<(), RunError> {
    let items = if yes { items::taken_out(plan).len() } else { 0 };
    prune::guard_items(items, plan.deletions().count(), budget).map_err(|refusal| match refusal {
        Refusal::Guard(problem, hint) => RunError::refused(format!("{problem}; nothing was written"), hint),
        Refusal::Incomplete(problem) => RunError::refused(problem, None),
    })
}
