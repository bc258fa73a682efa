//! Who has to act: what an apply and a revert would do about what differs, in numbers.

use crate::compare::verdict::{BaseKind, Class, ObjectVerdict, Status};

/// Numbers of fields and objects by what becomes of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Acts {
    /// Edits that an apply undoes.
    undo: usize,
    /// Changes of Git that an apply brings.
    bring: usize,
    /// Fields whose mover is not known, and that an apply sets.
    set: usize,
    /// Objects that an apply creates.
    create: usize,
    /// Fields that an apply leaves.
    leave: usize,
    /// Objects that an apply deletes if it is told to prune.
    prune: usize,
    /// Edits that a revert undoes: their base is known.
    revert: usize,
    /// Objects that a revert brings back.
    restore: usize,
}

impl Acts {
    /// What becomes of one object. Nothing, where first somebody has to repair something.
    pub(super) fn of(verdict: &ObjectVerdict) -> Self {
        let mut acts = Self::default();
        let known = !matches!(verdict.base, BaseKind::Unknown | BaseKind::Earlier(_));
        match verdict.status {
            Status::Missing => (acts.create, acts.restore) = (1, usize::from(known)),
            Status::New => acts.create = 1,
            Status::Extra => acts.prune = 1,
            Status::Drift | Status::Diverged | Status::Differs | Status::Pending => {
                for field in verdict.fields.iter().filter(|field| field.counts) {
                    match field.class {
                        Class::Drift | Class::Added | Class::Diverged => {
                            acts.undo += 1;
                            let told = field.class != Class::Diverged || field.base.is_some();
                            acts.revert += usize::from(known && told);
                        }
                        Class::Pending | Class::Removal => acts.bring += 1,
                        Class::Differs => acts.set += 1,
                        Class::Stuck | Class::Held => acts.leave += 1,
                    }
                }
            }
            _ => {}
        }
        acts
    }

    /// The sum over all objects.
    pub(super) fn sum<'v>(verdicts: impl IntoIterator<Item = &'v ObjectVerdict>) -> Self {
        let mut all = Self::default();
        for acts in verdicts.into_iter().map(Self::of) {
            all.undo += acts.undo;
            all.bring += acts.bring;
            all.set += acts.set;
            all.create += acts.create;
            all.leave += acts.leave;
            all.prune += acts.prune;
            all.revert += acts.revert;
            all.restore += acts.restore;
        }
        all
    }

    /// True if one word does not say what becomes of the object.
    pub(super) fn are_mixed(self) -> bool {
        [self.undo, self.bring, self.set, self.leave].into_iter().filter(|number| *number > 0).count() > 1
    }

    /// The numbers as a sentence, empty if there is nothing to do: `apply would undo 2 edits and bring 1 change; revert would
    /// undo 2 edits`.
    pub(super) fn words(self) -> String {
        let apply = joined(&[
            counted("undo", self.undo, "edit"),
            counted("bring", self.bring, "change"),
            counted("set", self.set, "field"),
            counted("create", self.create, "object"),
            counted("leave", self.leave, "field"),
        ]);
        let prune = counted("delete", self.prune, "object");
        let revert =
            joined(&[counted("undo", self.revert, "edit"), counted("bring back", self.restore, "object")]);
        let parts = [("apply would ", apply), ("with --prune it would ", prune), ("revert would ", revert)];
        let told = parts.into_iter().filter(|(_, words)| !words.is_empty());
        let told: Vec<String> = told.map(|(who, words)| format!("{who}{words}")).collect();
        // Without anything else to apply the prune has no subject.
        told.join("; ").replacen(
            "with --prune it would",
            if self.applies() { "with --prune it would" } else { "apply --prune would" },
            1,
        )
    }

    fn applies(self) -> bool {
        self.undo + self.bring + self.set + self.create + self.leave > 0
    }
}

fn counted(verb: &str, number: usize, what: &str) -> String {
    match number {
        0 => String::new(),
        1 => format!("{verb} 1 {what}"),
        _ => format!("{verb} {number} {what}s"),
    }
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    match parts.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_a_sentence() {
        let none = Acts::default();
        assert_eq!(none.words(), "");
        let mixed = Acts { undo: 2, bring: 1, leave: 1, revert: 1, ..none };
        assert_eq!(
            mixed.words(),
            "apply would undo 2 edits, bring 1 change and leave 1 field; revert would undo 1 edit"
        );
        assert!(mixed.are_mixed() && !Acts { undo: 3, ..none }.are_mixed());
        assert_eq!(Acts { prune: 2, ..none }.words(), "apply --prune would delete 2 objects");
        let all = Acts { create: 2, prune: 1, restore: 1, set: 1, ..none };
        assert_eq!(
            all.words(),
            "apply would set 1 field and create 2 objects; with --prune it would delete 1 object; revert would bring back 1 object"
        );
    }
}
