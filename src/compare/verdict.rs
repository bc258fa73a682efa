//! The result of a comparison: classes of fields, status of objects, notes.

use std::sync::Arc;

use serde_json::Value;

use super::ignore::Ignored;
use super::owner::Writer;
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::FieldPath;

/// Why a field is listed. The words are those of the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody changed what Git says.
    Drift,
    /// A person added what Git does not have.
    Added,
    /// Git moved, live did not.
    Pending,
    /// Both moved, to different values.
    Diverged,
    /// Git dropped it and an apply takes it out.
    Removal,
    /// Git dropped it and a plain apply does not take it out.
    Stuck,
    /// Live differs and a controller owns the field: an apply leaves it.
    Held,
    /// The values differ and nothing proves who moved.
    Differs,
}

impl Class {
    /// Every class, in the order of severity for a reader.
    pub const ALL: [Self; 8] = [
        Self::Drift,
        Self::Added,
        Self::Pending,
        Self::Diverged,
        Self::Removal,
        Self::Stuck,
        Self::Held,
        Self::Differs,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Added => "added",
            Self::Pending => "pending",
            Self::Diverged => "diverged",
            Self::Removal => "removal",
            Self::Stuck => "stuck",
            Self::Held => "held",
            Self::Differs => "differs",
        }
    }
}

/// What the class of a field rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The server says so: by a dry run, or by its record of who owns what.
    Server,
    /// Local evidence alone; no dry run was possible or allowed.
    Local,
}

impl Proof {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Local => "local",
        }
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldVerdict {
    /// The field, item or list.
    pub path: FieldPath,
    /// Why it is listed.
    pub class: Class,
    /// What the class rests on.
    pub proof: Proof,
    /// The value Git asks for, if it does.
    pub desired: Option<Value>,
    /// The value last applied, where it is known.
    pub base: Option<Value>,
    /// The live value, if there is one.
    pub live: Option<Value>,
    /// Who wrote the live value, or took it away.
    pub writer: Option<Writer>,
    /// All managers that own the live value.
    pub owners: Vec<String>,
    /// A remark in words: `order differs`, `Git may have added it`, …
    pub remark: Option<String>,
    /// Line of the desired value in its file, if known.
    pub line: Option<u32>,
    /// That file, if it is not the one that the object stands in: a patch or a kustomization wrote the value.
    pub file: Option<String>,
    /// False for a field that is shown but gives no status: one that an autoscaler holds.
    pub counts: bool,
}

/// Kind of a [`Note`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// Right value, not in our Apply entry.
    Adopt,
    /// A person's field that does not count: labels, annotations, or as the flags say.
    Addition,
    /// A controller's field outside Git.
    Foreign,
    /// Same value in another spelling that the server would store.
    Cosmetic,
    /// A rule says so.
    Ignored,
    /// A remark about the object.
    Remark,
}

impl NoteKind {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Adopt => "adopt",
            Self::Addition => "note",
            Self::Foreign => "foreign",
            Self::Cosmetic => "cosmetic",
            Self::Ignored => "ignored",
            Self::Remark => "note",
        }
    }
}

/// Something about an object that does not count: one for each kind and writer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it is.
    pub kind: NoteKind,
    /// The writer, if there is one.
    pub writer: Option<String>,
    /// The fields, in order.
    pub paths: Vec<FieldPath>,
    /// Words for a reader; empty if kind, writer and paths say it all.
    pub text: String,
}

/// Status of an object: the first that applies, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Something could not be read or proven.
    Unknown,
    /// It can never be applied as written.
    Invalid,
    /// No apply can reach the live object.
    Blocked,
    /// It belongs to another set.
    Conflict,
    /// It is being deleted.
    Terminating,
    /// Absent live; in the base, or the base is unknown.
    Missing,
    /// Absent live and not in the base.
    New,
    /// Live with our mark, and not rendered.
    Extra,
    /// An immutable field changes.
    Replace,
    /// Drift and pending together.
    Diverged,
    /// Somebody changed the cluster.
    Drift,
    /// It differs and nothing proves who moved.
    Differs,
    /// Git moved on.
    Pending,
    /// Nothing that counts differs.
    InSync,
}

impl Status {
    /// Every status in the order of precedence.
    pub const ALL: [Self; 14] = [
        Self::Unknown,
        Self::Invalid,
        Self::Blocked,
        Self::Conflict,
        Self::Terminating,
        Self::Missing,
        Self::New,
        Self::Extra,
        Self::Replace,
        Self::Diverged,
        Self::Drift,
        Self::Differs,
        Self::Pending,
        Self::InSync,
    ];

    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Blocked => "blocked",
            Self::Conflict => "conflict",
            Self::Terminating => "terminating",
            Self::Missing => "missing",
            Self::New => "new",
            Self::Extra => "extra",
            Self::Replace => "replace",
            Self::Diverged => "diverged",
            Self::Drift => "drift",
            Self::Differs => "differs",
            Self::Pending => "pending",
            Self::InSync => "in-sync",
        }
    }
}

/// Which base an object was compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseKind {
    /// The revision named on the command line.
    Revision(String),
    /// The `last-applied-configuration` annotation of client-side apply.
    LastApplied,
    /// The record of the set.
    Record(Arc<LastRun>),
    /// The record of the set, and the object that it speaks of was replaced by another of the same name.
    Earlier(Arc<LastRun>),
    /// As it was before this run, which is to be undone.
    Before(Arc<LastRun>),
    /// None: evidence from `managedFields` decides.
    Unknown,
}

/// What a record says of the run that wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastRun {
    /// Name of the set.
    pub set: String,
    /// The namespace that holds the record.
    pub namespace: String,
    /// Commit id in full, if the run had one and the record says so.
    pub commit: Option<String>,
    /// True if the files were not those of the commit.
    pub dirty: bool,
    /// `apply`, `revert`, …; empty if the record does not say.
    pub command: String,
    /// When it ended, RFC 3339; empty if the record does not say.
    pub at: String,
    /// How it ended: `done`, `failed`, `interrupted`; empty if the record does not say.
    pub result: String,
}

impl BaseKind {
    /// The words in reports.
    pub fn words(&self) -> String {
        match self {
            Self::Revision(revision) => format!("revision {revision}"),
            Self::LastApplied => "last-applied annotation".to_owned(),
            Self::Record(run) => run.words(),
            Self::Earlier(_) => "record, of an earlier object".to_owned(),
            Self::Before(run) => format!("as before the {} of {}", run.command, run.at),
            Self::Unknown => "unknown".to_owned(),
        }
    }
}

impl LastRun {
    /// `record, 9a01b7c`.
    pub fn words(&self) -> String {
        let commit = self.commit.as_deref().map(|commit| commit.chars().take(7).collect::<String>());
        let dirty = if self.dirty { " with uncommitted changes" } else { "" };
        commit.map_or_else(|| "record".to_owned(), |commit| format!("record, {commit}{dirty}"))
    }
}

/// The verdict on one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectVerdict {
    /// Identity.
    pub id: ObjectId,
    /// Type as written in Git, or as read for an object that is not rendered.
    pub gvk: Gvk,
    /// Status.
    pub status: Status,
    /// Reason in words: the missing right, what is invalid, …
    pub reason: Option<String>,
    /// Where the object was written: file and line; several for duplicates.
    pub places: Vec<(String, u32)>,
    /// Which base was used.
    pub base: BaseKind,
    /// What differs, in order of path.
    pub fields: Vec<FieldVerdict>,
    /// What does not count.
    pub notes: Vec<Note>,
    /// What differs and a rule takes away, in order of path.
    pub ignored: Vec<Ignored>,
    /// The whole desired object where it is absent live, to be shown.
    pub object: Option<Value>,
}

impl ObjectVerdict {
    /// A verdict without fields.
    pub fn bare(id: ObjectId, gvk: Gvk, status: Status, reason: Option<String>) -> Self {
        Self {
            id,
            gvk,
            status,
            reason,
            places: Vec::new(),
            base: BaseKind::Unknown,
            fields: Vec::new(),
            notes: Vec::new(),
            ignored: Vec::new(),
            object: None,
        }
    }
}

/// The status that the fields alone give.
pub fn status_of(fields: &[FieldVerdict]) -> Status {
    let has = |classes: &[Class]| fields.iter().any(|f| f.counts && classes.contains(&f.class));
    let drift = has(&[Class::Drift, Class::Added, Class::Held]);
    let pending = has(&[Class::Pending, Class::Removal, Class::Stuck]);
    if has(&[Class::Diverged]) || (drift && pending) {
        Status::Diverged
    } else if drift {
        Status::Drift
    } else if has(&[Class::Differs]) {
        Status::Differs
    } else if pending {
        Status::Pending
    } else {
        Status::InSync
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(class: Class, counts: bool) -> FieldVerdict {
        FieldVerdict {
            path: FieldPath::default(),
            class,
            proof: Proof::Server,
            desired: None,
            base: None,
            live: None,
            writer: None,
            owners: Vec::new(),
            remark: None,
            line: None,
            file: None,
            counts,
        }
    }

    #[test]
    fn a_status_is_the_first_that_applies() {
        use Class::*;
        let table: &[(&[Class], Status)] = &[
            (&[], Status::InSync),
            (&[Drift], Status::Drift),
            (&[Added], Status::Drift),
            (&[Held], Status::Drift),
            (&[Pending], Status::Pending),
            (&[Removal], Status::Pending),
            (&[Stuck], Status::Pending),
            (&[Drift, Pending], Status::Diverged),
            (&[Added, Stuck], Status::Diverged),
            (&[Diverged], Status::Diverged),
            (&[Differs], Status::Differs),
            (&[Differs, Pending], Status::Differs),
            (&[Differs, Drift], Status::Drift),
        ];
        for (classes, status) in table {
            let fields: Vec<FieldVerdict> = classes.iter().map(|class| field(*class, true)).collect();
            assert_eq!(status_of(&fields), *status, "{classes:?}");
        }
        assert_eq!(status_of(&[field(Held, false)]), Status::InSync, "an autoscaler's field does not count");
        assert!(Status::ALL.is_sorted());
    }
}
