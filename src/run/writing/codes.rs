//! What a plan, and what became of it, mean for the exit code.

use crate::exit::Code;
use crate::plan::outcome::{Act, Acted};
use crate::plan::{self, Plan};

/// The code of what keeps a run from writing.
pub(super) fn blockers(plan: &Plan) -> Code {
    Code::worst(plan.blockers.iter().map(|(_, status)| Code::of_status(*status)))
}

/// The code of a plan itself: what it cannot do, may not do, and leaves although Git says otherwise.
pub(super) fn planned(plan: &Plan) -> Code {
    let held = if plan.held.is_empty() { Code::Clean } else { Code::Error };
    Code::worst([blockers(plan), left(plan), refusals(plan), held])
}

/// The code of what a revert leaves: refused if it does nothing else.
fn left(plan: &Plan) -> Code {
    match (plan.left.is_empty(), plan.is_empty()) {
        (true, _) => Code::Clean,
        (false, true) => Code::Refused,
        (false, false) => Code::Error,
    }
}

/// The code of what is planned as refused.
fn refusals(plan: &Plan) -> Code {
    let code = |step: &plan::Step| match &step.action {
        plan::Action::Refused(plan::Refused::Replace | plan::Refused::NeverReplaced) => Some(Code::Refused),
        plan::Action::Refused(plan::Refused::Terminating) => Some(Code::Error),
        _ => None,
    };
    Code::worst(plan.steps.iter().filter_map(code))
}

pub(super) fn of_acts(acted: &[Acted]) -> Code {
    let bad = acted.iter().any(|acted| matches!(acted.act, Act::Failed | Act::NotStarted));
    if bad { Code::Error } else { Code::Clean }
}
