//! What does not count: additions that are no drift, ownership that is missing, other spellings.

use serde_json::Value;

use super::additions::Added;
use super::base::Base;
use super::classify::Evidence;
use super::ignore::{Ignored, Maker};
use super::judge::{AddedPolicy, Assessment, Policy};
use super::owner::Addition;
use super::place::value_at;
use super::verdict::{Note, NoteKind};
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::value::same;

pub(super) fn is_drift(id: &ObjectId, added: &Added, policy: Policy) -> bool {
    added.by == Addition::Person
        && policy.added == AddedPolicy::Drift
        && !is_never_taken_out(id, &added.path)
        && (policy.strict || !added.path.is_metadata_map())
}

/// What no apply of ours takes out where others hold it: a note and never drift.
pub(super) fn is_never_taken_out(id: &ObjectId, path: &FieldPath) -> bool {
    const KINDS: &[&str] =
        &["PersistentVolume", "PersistentVolumeClaim", "Namespace", "CustomResourceDefinition", "Node"];
    let kind = matches!(id.group.as_str(), "" | "apiextensions.k8s.io") && KINDS.contains(&id.kind.as_str());
    let account = id.group.is_empty() && id.kind == "ServiceAccount";
    let starts = |names: &[&str]| path.starts_with_fields(names);
    kind || starts(&["metadata", "finalizers"])
        || starts(&["metadata", "ownerReferences"])
        || (account && (starts(&["secrets"]) || starts(&["imagePullSecrets"])))
}

/// Groups what does not count: one note for each kind and writer.
pub(super) fn notes_of_additions(id: &ObjectId, added: &[Added], policy: Policy) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for added in added.iter().filter(|added| !is_drift(id, added, policy)) {
        let kind = match added.by {
            Addition::Creation => continue,
            Addition::Person | Addition::Untracked if policy.added == AddedPolicy::Ignore => continue,
            Addition::Person | Addition::Untracked => NoteKind::Addition,
            Addition::Controller => NoteKind::Foreign,
        };
        let writer = Some(added.owners.join(", "));
        match notes.iter_mut().find(|note| note.kind == kind && note.writer == writer) {
            Some(note) => note.paths.push(added.path.clone()),
            None => notes.push(Note { kind, writer, paths: vec![added.path.clone()], text: String::new() }),
        }
    }
    notes
}

/// Values that are right and not ours: taken by somebody before Git had them, or recorded under another name.
pub(super) fn adoption(evidence: &Evidence<'_>, desired: &Value, assessment: &Assessment) -> Vec<Note> {
    let note = |paths, text: &str| Note { kind: NoteKind::Adopt, writer: None, paths, text: text.to_owned() };
    if evidence.managed.own().is_none() {
        return vec![note(Vec::new(), "not applied by gitops yet")];
    }
    if assessment.unlabelled {
        return vec![note(Vec::new(), "not labelled as a member of the set yet")];
    }
    let Evidence { schema, base, .. } = evidence;
    let moved = |path: &&FieldPath| {
        let now = value_at(schema, desired, &path.0);
        base.object().is_some() && base.at(schema, path).zip(now).is_none_or(|(then, now)| !same(then, now))
    };
    let (converged, mut right): (Vec<&FieldPath>, Vec<&FieldPath>) =
        assessment.containment.unowned.iter().partition(moved);
    // Of some fields the server records no owner, however often they are applied: an apply would not make them ours.
    let others = || evidence.managed.others();
    let is_owned = |path: &FieldPath| {
        others().any(|entry| (1..=path.0.len()).any(|depth| entry.fields.contains(&path.0[..depth])))
    };
    right.retain(|path| !base.is_known() || is_owned(path));
    let texts =
        [(converged, "converged: Git and live took the same value"), (right, "right value, owned by others")];
    let told = texts.into_iter().filter(|(paths, _)| !paths.is_empty());
    told.map(|(paths, text)| note(paths.into_iter().cloned().collect(), text)).collect()
}

/// The object that was applied is gone, and this is another one.
pub(super) fn recreation(base: &Base) -> Option<Note> {
    let text = "deleted and created anew since the last apply; base values are those of the earlier object"
        .to_owned();
    base.is_earlier().then_some(Note { kind: NoteKind::Remark, writer: None, paths: Vec::new(), text })
}

pub(super) fn cosmetic(assessment: &Assessment) -> Option<Note> {
    let paths = assessment.cosmetic.clone();
    let text = "same amount in another spelling".to_owned();
    (!paths.is_empty()).then_some(Note { kind: NoteKind::Cosmetic, writer: None, paths, text })
}

/// What the live object alone asks to ignore is told without being asked for: whoever may edit it could hide everything.
pub(super) fn ignored_by_live(ignored: &[Ignored]) -> Option<Note> {
    let live = |ignored: &&Ignored| ignored.rule.origin.maker == Maker::LiveMark;
    let first = ignored.iter().find(live)?;
    let count = ignored.iter().filter(live).count();
    let differences = if count == 1 { "difference" } else { "differences" };
    let text = format!("{count} {differences} ignored: the live object says {}", first.rule.origin.reason);
    Some(Note { kind: NoteKind::Remark, writer: None, paths: Vec::new(), text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::Value;

    #[test]
    fn what_no_apply_takes_out_is_never_drift() {
        let judge = |kind: &str, fields: &[&str], strict: bool| {
            let path = fields.iter().fold(FieldPath::default(), |path, name| path.field(name));
            let added = Added { path, live: Value::Null, by: Addition::Person, owners: vec![], writer: None };
            let id = ObjectId::new(&Gvk::new("", "v1", kind), "", "x");
            is_drift(&id, &added, Policy { strict, ..Policy::default() })
        };
        assert!(judge("ConfigMap", &["data", "a"], false));
        assert!(judge("ServiceAccount", &["automountServiceAccountToken"], false));
        assert!(!judge("ConfigMap", &["metadata", "labels", "a"], false));
        assert!(judge("ConfigMap", &["metadata", "labels", "a"], true));
        for (kind, fields) in [
            ("ConfigMap", &["metadata", "finalizers"][..]),
            ("ConfigMap", &["metadata", "ownerReferences"]),
            ("ServiceAccount", &["secrets"]),
            ("ServiceAccount", &["imagePullSecrets"]),
            ("Namespace", &["spec", "finalizers"]),
            ("PersistentVolumeClaim", &["spec", "volumeName"]),
        ] {
            assert!(!judge(kind, fields, true), "{kind} {fields:?}");
        }
    }
}
