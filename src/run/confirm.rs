//! The question before the first write.
#![expect(clippy::disallowed_methods, reason = "asks on the terminal: an edge")]

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::error::RunError;
use crate::cluster::kubeconfig::Identity;
use crate::plan::{Action, Plan};
use crate::report::escape;

/// Asks whether a plan is to be performed, unless that was said already.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub(super) async fn confirm(
    plan: &Plan,
    identity: &Identity,
    yes: bool,
    count_back: bool,
    saved: bool,
) -> Result<(), RunError> {
    let what = match saved {
        true => format!("perform the saved plan: {}", words(plan)),
        false => words(plan),
    };
    ask(what, plan.deletions().count(), identity, yes, count_back).await
}

/// Asks whether something is to be done, unless that was said already. With `count_back` the number has to be typed.
///
/// # Errors
/// As [`confirm`].
pub(super) async fn ask(
    what: String,
    number: usize,
    identity: &Identity,
    yes: bool,
    count_back: bool,
) -> Result<(), RunError> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(RunError::refused(
            format!("there is no terminal to ask on, so nothing was written ({what})"),
            "say --yes to write without a question, or --dry-run to see the plan alone".to_owned(),
        ));
    }
    let context = identity.context.clone().unwrap_or_default();
    let server = &identity.server;
    let place = if context.is_empty() { server.clone() } else { format!("{context} ({server})") };
    let number = number.to_string();
    let (question, expected) = match count_back {
        true => (format!("{what} in {place}? Type their number to go on: "), vec![number]),
        false => (format!("{what} in {place}? [y/N] "), vec!["y".to_owned(), "yes".to_owned()]),
    };
    let question = escape::clean(&question).into_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush());
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    match answer.await {
        Ok(Ok(answer)) if expected.contains(&answer.trim().to_lowercase()) => Ok(()),
        _ => Err(RunError::refused("not confirmed, so nothing was written", None)),
    }
}

/// `create 2 objects and change 3`.
fn words(plan: &Plan) -> String {
    let count = |is: fn(&Action) -> bool| plan.steps.iter().filter(|step| is(&step.action)).count();
    let created = count(|action| matches!(action, Action::Create(_) | Action::Later));
    let changed = count(|action| matches!(action, Action::Update(_)));
    let objects =
        |number: usize| if number == 1 { "1 object".to_owned() } else { format!("{number} objects") };
    let mut parts = Vec::new();
    if created > 0 {
        parts.push(format!("create {}", objects(created)));
    }
    if changed > 0 {
        let adopted = plan.adopted;
        let note = if adopted > 0 { format!(" ({adopted} to take over as they are)") } else { String::new() };
        parts.push(format!("change {}{note}", objects(changed)));
    }
    let replaced = count(|action| matches!(action, Action::Replace(_)));
    if replaced > 0 {
        parts.push(format!("delete and make anew {}", objects(replaced)));
    }
    let reverted = count(|action| matches!(action, Action::Revert(_)));
    if reverted > 0 {
        parts.push(format!("put back fields of {}", objects(reverted)));
    }
    let deleted = count(|action| matches!(action, Action::Delete(_)));
    if deleted > 0 {
        parts.push(format!("delete {}", objects(deleted)));
    }
    parts.join(" and ")
}
