//! What became of the steps of a plan, for a reader.

use crate::object::id::{Gvk, ObjectId};

/// What was done about one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// It was created.
    Created,
    /// It was changed.
    Configured,
    /// It was deleted and made anew.
    Replaced,
    /// Nothing was left to do: somebody else had done it meanwhile.
    Unchanged,
    /// It was deleted.
    Deleted,
    /// Its deletion was taken, and something holds it.
    Deleting,
    /// It failed.
    Failed,
    /// It was planned as something that may not be done.
    Refused,
    /// It was not begun.
    NotStarted,
}

impl Act {
    /// All of them, in the order of a summary.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Configured,
        Self::Replaced,
        Self::Unchanged,
        Self::Deleted,
        Self::Deleting,
        Self::Failed,
        Self::Refused,
        Self::NotStarted,
    ];

    /// The word in reports and in the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Deleted => "deleted",
            Self::Deleting => "deleting",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::NotStarted => "not started",
        }
    }

    /// True if the object is as it was planned.
    pub fn is_good(self) -> bool {
        !matches!(self, Self::Failed | Self::Refused | Self::NotStarted)
    }

    /// True if something was written.
    pub fn is_write(self) -> bool {
        matches!(self, Self::Created | Self::Configured | Self::Replaced | Self::Deleted | Self::Deleting)
    }
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// Which object.
    pub id: ObjectId,
    /// Its kind, with the version of the manifest.
    pub gvk: Gvk,
    /// What was done.
    pub act: Act,
    /// Why, where that is not plain.
    pub reason: Option<String>,
}
