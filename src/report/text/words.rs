//! Words of a text report: who and when, classes, statuses, notes.

use jiff::Timestamp;

use crate::compare::owner::Writer;
use crate::compare::verdict::{BaseKind, Class, FieldVerdict, Note, NoteKind, ObjectVerdict, Proof, Status};
use crate::report::style::Role;

/// Days after which a time is a date.
const DATE_AFTER_DAYS: i64 = 60;

/// How long ago something was: `12 s ago`, `5 min ago`, `2 h ago`, `3 days ago`, `on 2026-01-31`. A time in the future and
/// a text that is no time stand as they are.
pub(super) fn when(time: &str, now: Timestamp) -> String {
    let Ok(then) = time.parse::<Timestamp>() else { return time.to_owned() };
    let seconds = now.as_second() - then.as_second();
    match seconds {
        ..0 => time.to_owned(),
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ if seconds / 86_400 <= DATE_AFTER_DAYS => format!("{} days ago", seconds / 86_400),
        _ => format!("on {}", then.strftime("%Y-%m-%d")),
    }
}

/// Who wrote a live value, as surely as it is recorded.
pub(super) fn who(verdict: &ObjectVerdict, field: &FieldVerdict, now: Timestamp) -> String {
    let Some(writer) = &field.writer else { return String::new() };
    let named = |manager: &str, time: &str| match time {
        "" => manager.to_owned(),
        _ => format!("{manager}, {}", when(time, now)),
    };
    let unknown = matches!(verdict.base, BaseKind::Unknown | BaseKind::Earlier(_));
    let evidence = field.class == Class::Drift && unknown;
    match writer {
        Writer::SetBy { manager, time } if evidence => {
            format!("set by {}; base unknown", named(manager, time))
        }
        Writer::SetBy { manager, time } => named(manager, time),
        Writer::ChangedBy { manager, time } if evidence => {
            format!("changed by {} or earlier; base unknown", named(manager, time))
        }
        Writer::ChangedBy { manager, time } => format!("{} or earlier", named(manager, time)),
        Writer::Possibly { manager, time } => {
            format!("writer not recorded, possibly {}", named(manager, time))
        }
        Writer::NotRecorded => "writer not recorded".to_owned(),
    }
}

/// The class of a field with what belongs to it: `drift`, `held, does not count`, `drift (proof: local): order differs`.
/// Where all of a report is proven locally the header says so.
pub(super) fn class(field: &FieldVerdict, all_local: bool) -> String {
    let mut words = field.class.word().to_owned();
    if !field.counts {
        words.push_str(", does not count");
    }
    if field.proof == Proof::Local && !all_local {
        words.push_str(" (proof: local)");
    }
    if let Some(remark) = &field.remark {
        words.push_str(": ");
        words.push_str(remark);
    }
    words
}

/// The status with the classes it comes from, where they say more: `diverged: drift and pending`.
pub(super) fn status(verdict: &ObjectVerdict) -> String {
    let word = verdict.status.word();
    if verdict.status == Status::InSync {
        return "in sync".to_owned();
    }
    let from_fields = [Status::Diverged, Status::Drift, Status::Differs, Status::Pending];
    let mut classes: Vec<&str> = Class::ALL
        .into_iter()
        .filter(|class| verdict.fields.iter().any(|field| field.counts && field.class == *class))
        .map(Class::word)
        .collect();
    if !from_fields.contains(&verdict.status) || classes.is_empty() || classes == [word] {
        return word.to_owned();
    }
    let last = classes.pop().unwrap_or_default();
    match classes.is_empty() {
        true => format!("{word}: {last}"),
        false => format!("{word}: {} and {last}", classes.join(", ")),
    }
}

/// The sign in front of an object, and its colour.
pub(super) fn sign(status: Status) -> (&'static str, Role) {
    match status {
        Status::Unknown => ("?", Role::Unknown),
        Status::Invalid | Status::Blocked | Status::Conflict => ("!", Role::Fault),
        Status::Missing | Status::New => ("+", Role::Git),
        Status::Extra => ("-", Role::Live),
        Status::Terminating
        | Status::Replace
        | Status::Diverged
        | Status::Drift
        | Status::Differs
        | Status::Pending => ("~", Role::Difference),
        Status::InSync => ("=", Role::Faint),
    }
}

/// What is said of the base in a header: `base: record, 9a01b7c, applied 3 days ago`.
pub(super) fn base(base: &BaseKind, now: Timestamp) -> String {
    match base {
        BaseKind::Unknown => "base: unknown, managedFields are the evidence".to_owned(),
        BaseKind::Record(run) if !run.at.is_empty() => {
            let verb = match (run.result.as_str(), run.command.as_str()) {
                ("done", "apply") => "applied".to_owned(),
                ("done", command) => format!("by {command}"),
                (result, command) => format!("{command} {result}"),
            };
            format!("base: {}, {verb} {}", run.words(), when(&run.at, now))
        }
        known => format!("base: {}", known.words()),
    }
}

/// A note in words, and its paths where they say something: `note: added by kubectl-rollout`.
pub(super) fn note(note: &Note) -> String {
    let mut words = note.kind.word().to_owned();
    words.push_str(": ");
    words.push_str(match (note.kind, note.text.is_empty()) {
        (_, false) => &note.text,
        (NoteKind::Adopt, _) if note.paths.is_empty() => "not applied by gitops yet",
        (NoteKind::Adopt, _) => "right value, owned by others",
        (NoteKind::Addition, _) => "added",
        (NoteKind::Foreign, _) => "set outside Git",
        (NoteKind::Cosmetic, _) => "same value in another spelling",
        (NoteKind::Ignored, _) => "ignored by a rule",
        (NoteKind::Remark, _) => "see",
    });
    if let Some(writer) = note.writer.as_deref().filter(|writer| !writer.is_empty()) {
        words.push_str(" by ");
        words.push_str(writer);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let table = [
            ("2026-11-21T10:00:00Z", "0 s ago"),
            ("2026-11-21T09:59:01Z", "59 s ago"),
            ("2026-11-21T09:59:00Z", "1 min ago"),
            ("2026-11-21T09:00:01Z", "59 min ago"),
            ("2026-11-21T08:00:00Z", "2 h ago"),
            ("2026-11-21T10:00:00+02:00", "2 h ago"),
            ("2026-11-19T10:00:01Z", "47 h ago"),
            ("2026-11-19T10:00:00Z", "2 days ago"),
            ("2026-09-22T10:00:00Z", "60 days ago"),
            ("2026-09-21T10:00:00Z", "on 2026-09-21"),
            ("2026-11-21T10:00:01Z", "2026-11-21T10:00:01Z"),
            ("yesterday", "yesterday"),
        ];
        for (time, expected) in table {
            assert_eq!(when(time, now), expected, "{time}");
        }
    }

    #[test]
    fn every_status_has_a_sign() {
        let signs: String = Status::ALL.into_iter().map(|status| sign(status).0).collect();
        assert_eq!(signs, "?!!!~++-~~~~~=");
    }
}
