//! From verdicts to verdicts that may be shown: values of Secrets and of other sensitive places become fixed marks.
//!
//! Comparing works on real values; only what this module returns reaches a report, because [`Masked`] has no other
//! constructor. A mark says on which side a value stands and nothing else: no length, no equality across objects. A value
//! that is the same in Git and live is [`SAME`] in both; that is all a report needs to show what changed.

mod record;
pub mod rules;
mod safe;
mod walk;

use serde_json::Value;

use crate::compare::verdict::{FieldVerdict, ObjectVerdict};
use crate::mask::rules::MaskRules;
use crate::mask::walk::{Cursor, Sides};
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::FieldPath;
use crate::plan::outcome::Acted;

/// A hidden value that differs, in Git.
pub const IN_GIT: &str = "*** (Git)";
/// A hidden value that differs, live.
pub const LIVE: &str = "*** (live)";
/// A hidden value of the base that is neither Git's nor the live one.
pub const BASE: &str = "*** (base)";
/// A hidden value that is the same on both sides.
pub const SAME: &str = "***";

/// A value without secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Masked<T>(T);

impl<T> Masked<T> {
    /// The value, to be shown.
    pub fn get(&self) -> &T {
        &self.0
    }
}

/// Hides what may not be shown. Neither the objects nor their statuses, paths and classes change; a path that would
/// lead into a hidden value ends at it.
pub fn mask(mut verdicts: Vec<ObjectVerdict>, rules: &MaskRules) -> Masked<Vec<ObjectVerdict>> {
    for verdict in &mut verdicts {
        mask_object(verdict, rules);
    }
    Masked(verdicts)
}

fn mask_object(verdict: &mut ObjectVerdict, rules: &MaskRules) {
    let root = Cursor::root(&verdict.gvk, &verdict.id, rules);
    let root = match &verdict.object {
        Some(object) => root.at_object(&[Some(object)]),
        None => root,
    };
    if let Some(object) = &mut verdict.object {
        walk::hide(&root, Sides { desired: Some(object), base: None, live: None });
    }
    for field in &mut verdict.fields {
        mask_field(field, &root);
    }
    for note in &mut verdict.notes {
        for path in &mut note.paths {
            *path = cut(path, &root).0;
        }
    }
    for ignored in &mut verdict.ignored {
        ignored.path = cut(&ignored.path, &root).0;
    }
    if root.guards_texts() {
        mask_texts(verdict);
    }
}

/// Hides what may not be shown of what was done: a server's own words about an object that guards its texts.
pub fn acted(mut acted: Vec<Acted>, rules: &MaskRules) -> Masked<Vec<Acted>> {
    for acted in &mut acted {
        if Cursor::root(&acted.gvk, &acted.id, rules).guards_texts()
            && let Some(reason) = &mut acted.reason
        {
            *reason = safe::reduce(reason);
        }
    }
    Masked(acted)
}

/// Reasons, remarks and notes can hold what a server said about the object.
fn mask_texts(verdict: &mut ObjectVerdict) {
    let remarks = verdict.fields.iter_mut().filter_map(|field| field.remark.as_mut());
    let notes = verdict.notes.iter_mut().map(|note| &mut note.text);
    for text in verdict.reason.iter_mut().chain(remarks).chain(notes) {
        *text = safe::reduce(text);
    }
}

fn mask_field(field: &mut FieldVerdict, root: &Cursor<'_>) {
    let (path, cursor) = cut(&field.path, root);
    field.path = path;
    let FieldVerdict { desired, base, live, .. } = field;
    walk::hide(&cursor, Sides { desired: desired.as_mut(), base: base.as_mut(), live: live.as_mut() });
}

/// The path up to the first hidden place, and the cursor there.
fn cut<'r>(path: &FieldPath, root: &Cursor<'r>) -> (FieldPath, Cursor<'r>) {
    let mut cursor = root.clone();
    for (at, element) in path.0.iter().enumerate() {
        if cursor.is_hidden() {
            return (FieldPath(path.0[..at].to_vec()), cursor);
        }
        cursor = cursor.element(element);
    }
    (path.clone(), cursor)
}

/// Hides what may not be shown of an object that two sides have, beside each other: one of the two [`IN_GIT`] and [`LIVE`]
/// where they differ.
pub fn pair(gvk: &Gvk, id: &ObjectId, sides: (Value, Value), rules: &MaskRules) -> Masked<(Value, Value)> {
    let (mut ours, mut theirs) = sides;
    let root = Cursor::root(gvk, id, rules);
    walk::hide(&root, Sides { desired: Some(&mut ours), base: None, live: Some(&mut theirs) });
    Masked((ours, theirs))
}

/// True if a value is one of the marks.
pub fn is_mark(value: &Value) -> bool {
    value.as_str().is_some_and(|text| [IN_GIT, LIVE, BASE, SAME].contains(&text))
}

#[cfg(test)]
mod tests;
