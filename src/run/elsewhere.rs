//! The bounds that a user sets to what a repository, or a record, may reach.

use super::error::RunError;
use crate::object::id::ObjectId;
use crate::plan::allowed::Allowed;

/// Refuses a run that would touch what is not allowed.
///
/// # Errors
/// Some object is elsewhere, or of another kind.
pub(super) fn refuse<'i>(
    allowed: &Allowed,
    objects: impl Iterator<Item = &'i ObjectId>,
) -> Result<(), RunError> {
    let refused: Vec<String> =
        objects.filter_map(|id| Some(format!("{id}: {}", allowed.refuses(id)?))).collect();
    let Some(first) = refused.first() else { return Ok(()) };
    let more = match refused.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Err(RunError::refused(
        format!("{first}{more}; nothing was written"),
        "take it out, or allow it with --allow-namespace, --allow-kind or --allow-cluster-scoped".to_owned(),
    ))
}
