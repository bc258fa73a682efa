//! What an undo is going to do, in the form of verdicts, for the reports.

use std::sync::Arc;

use super::{Action, Step, Undo, changes, merge};
use crate::compare::verdict::{BaseKind, LastRun, ObjectVerdict, Status};

/// One verdict an object that is not as it was before the run, in the order of identity.
pub fn verdicts(undo: &Undo, run: &Arc<LastRun>) -> Vec<ObjectVerdict> {
    let mut verdicts: Vec<ObjectVerdict> =
        undo.steps.iter().filter_map(|step| verdict(step, undo, run)).collect();
    verdicts.sort_by(|a, b| a.id.cmp(&b.id));
    verdicts
}

fn verdict(step: &Step, undo: &Undo, run: &Arc<LastRun>) -> Option<ObjectVerdict> {
    let of = |status, reason: Option<&str>| {
        let mut verdict =
            ObjectVerdict::bare(step.id.clone(), step.gvk.clone(), status, reason.map(str::to_owned));
        verdict.base = BaseKind::Before(Arc::clone(run));
        verdict
    };
    Some(match &step.action {
        Action::Nothing => return None,
        Action::Refused(reason) => of(Status::Blocked, Some(reason)),
        Action::Delete(_) => {
            let kept = undo.plan.kept.iter().find(|(id, _)| *id == step.id);
            match kept {
                Some((_, reason)) => of(Status::Blocked, Some(reason)),
                None => of(Status::Extra, Some("the run made it")),
            }
        }
        Action::Create(object) => {
            let mut verdict = of(Status::Missing, Some("the run deleted it"));
            verdict.object = Some((**object).clone());
            verdict
        }
        Action::Replace(replace) => {
            let mut verdict = of(Status::Replace, Some("the run deleted it and made it anew"));
            let live = step.live.as_ref().map(merge::content).unwrap_or_default();
            verdict.fields = changes::shown(&live, &replace.1);
            verdict
        }
        Action::PutBack(put_back) => {
            let mut verdict = of(Status::Differs, None);
            let live = step.live.as_ref().map(merge::content).unwrap_or_default();
            verdict.fields = changes::shown(&live, &put_back.wanted);
            if verdict.fields.is_empty() {
                verdict.reason = Some("its owners are not those from before the run".to_owned());
            }
            verdict
        }
    })
}
