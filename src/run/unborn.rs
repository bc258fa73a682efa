//! `--verify all`: objects that do not exist yet are asked about too, so that what the server would refuse is known before
//! anything is written.

use std::collections::BTreeSet;

use crate::compare::sending::{creation, refused};
use crate::compare::survey::Setting;
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::desired::Entry;
use crate::live::{DryRun, Prediction};
use crate::reader::Live;

/// Sends a dry run for every object that would be created. What the server refuses is invalid; what it does not answer is
/// unknown. In a namespace that this render creates nothing can be asked about.
pub(super) async fn verify(
    reader: &Live,
    setting: &Setting<'_>,
    set: Option<&str>,
    allowed: Result<(), String>,
    verdicts: &mut [ObjectVerdict],
) {
    let is_new = |verdict: &ObjectVerdict| matches!(verdict.status, Status::Missing | Status::New);
    let namespace = |verdict: &ObjectVerdict| {
        let is_namespace = verdict.id.group.is_empty() && verdict.id.kind == "Namespace";
        (is_namespace && is_new(verdict)).then(|| verdict.id.name.clone())
    };
    let unborn: BTreeSet<String> = verdicts.iter().filter_map(namespace).collect();
    let (mut places, mut questions) = (Vec::new(), Vec::<DryRun>::new());
    for (at, verdict) in verdicts.iter().enumerate() {
        let Some(Entry::Ready(ready)) = setting.desired.entries.get(&verdict.id) else { continue };
        if is_new(verdict) && !unborn.contains(&verdict.id.namespace) {
            places.push(at);
            questions.push(creation(&verdict.id, ready, set.unwrap_or_default()));
        }
    }
    let answers = match &allowed {
        Ok(()) => reader.predict(questions).await.into_iter().map(Some).collect(),
        Err(_) => places.iter().map(|_| None).collect::<Vec<_>>(),
    };
    for (at, answer) in places.into_iter().zip(answers) {
        let verdict = &mut verdicts[at];
        let (status, reason) = match answer {
            Some(Prediction::Stored(_)) => continue,
            Some(Prediction::Refused(refusal)) => (Status::Invalid, refused(&verdict.id, &refusal)),
            Some(Prediction::Conflict) => {
                (Status::Unknown, "somebody created it since it was read".to_owned())
            }
            Some(Prediction::Unavailable(error)) => (Status::Unknown, error.to_string()),
            None => {
                let reason = allowed.clone().err().unwrap_or_default();
                (Status::Unknown, format!("a dry run is needed to verify it, and {reason}"))
            }
        };
        verdict.status = status;
        verdict.reason = Some(reason);
    }
}
