//! What to do next: one line for each status of a report. Hints and warnings go to stderr, beside the report.

use super::{Report, escape};
use crate::compare::verdict::Status;
use crate::render::Notice;

/// What each status of the report asks for, gravest last.
pub fn hints(report: &Report) -> Vec<String> {
    let verdicts = report.targets.iter().flat_map(|target| target.verdicts.get());
    let statuses = super::summary(verdicts);
    statuses
        .into_iter()
        .filter_map(|(status, _)| Some(format!("{}: {}", status.word(), advice(status)?)))
        .collect()
}

fn advice(status: Status) -> Option<&'static str> {
    Some(match status {
        Status::InSync => return None,
        Status::Unknown => {
            "not everything could be read or proven; remove the reason that is named and run again"
        }
        Status::Invalid => {
            "the API server refuses the manifest as it is written; correct it at the place that is named"
        }
        Status::Blocked => "no apply reaches the live object; repair or delete it first",
        Status::Conflict => "another set owns the object; take it out of one of the two",
        Status::Terminating => "the object is being deleted; run again when it is gone",
        Status::Missing => "the object is not in the cluster; apply it, or take it out of Git",
        Status::New => "the object is new in Git and not applied yet",
        Status::Extra => "the object is no longer in Git; delete it, or put it back into Git",
        Status::Replace => {
            "a field that cannot change differs; delete the object and apply it anew, or put the old value into Git"
        }
        Status::Diverged => "both sides moved; decide field by field, then commit to Git and apply",
        Status::Drift => "somebody changed the cluster; apply Git again, or commit the change to Git",
        Status::Differs => {
            "nothing proves which side moved; name the revision that was applied last with --base"
        }
        Status::Pending => "Git moved and was not applied yet; apply it",
    })
}

/// A warning on one line: `web.yaml:3:5: message (hint)`.
pub fn warning(notice: &Notice) -> String {
    let mut place = notice.file.clone();
    for number in [notice.line, notice.column] {
        if number == 0 {
            break;
        }
        place.push_str(&format!(":{number}"));
    }
    let hint = notice.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let separator = if place.is_empty() { "" } else { ": " };
    let line = format!("{place}{separator}{}{hint}", notice.message);
    escape::without_commands(&escape::one_line(&line)).into_owned()
}
