//! Where a field was written, and why an object is refused, in words that quote no value.

use super::judge::Subject;
use super::refusal::{self, Meaning};
use super::validate::validate;
use crate::live::Refusal;
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;

/// The file and line of a field.
pub(super) fn place<'s>(subject: &'s Subject<'_>, path: &FieldPath) -> Option<(&'s str, u32)> {
    use crate::render::origin::Step;
    let steps = super::place::steps(subject.schema, &subject.desired.object, path)?;
    let steps: Vec<Step<'_>> = steps.iter().map(super::place::OwnedStep::as_step).collect();
    let exact = subject.desired.origin.place(steps.iter().copied());
    exact.or_else(|| {
        // A Secret's stringData was folded into data.
        let folded = steps.first() == Some(&Step::Key("data"));
        let plain = std::iter::once(Step::Key("stringData")).chain(steps.iter().copied().skip(1));
        folded.then(|| subject.desired.origin.place(plain)).flatten()
    })
}

pub(super) fn fault_text(subject: &Subject<'_>) -> String {
    let faults = validate(subject.schema, &subject.desired.object);
    let texts = faults.iter().map(|fault| {
        let place = place(subject, &fault.path).map(|(file, line)| format!("{file}:{line}: "));
        format!("{}{}: {}", place.unwrap_or_default(), fault.path, fault.message)
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Our own words for a fault that the schema shows, else what the server said.
pub(super) fn invalid_text(subject: &Subject<'_>, refusal: &Refusal) -> String {
    let faults = fault_text(subject);
    if faults.is_empty() {
        format!("the server refuses it: {}", refusal_text(subject.id, refusal))
    } else {
        faults
    }
}

/// The text of a refusal: a policy's own words are shown, everything that may quote an object is reduced to its fields.
pub(super) fn refusal_text(id: &ObjectId, refusal: &Refusal) -> String {
    let secret = id.group.is_empty() && id.kind == "Secret";
    let denied = refusal::meaning(refusal) == Meaning::Denied;
    if denied && !secret { refusal.message.clone() } else { refusal::summary(refusal) }
}
