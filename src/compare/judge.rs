//! The verdict on one object: a local proof first, and the server's answer for what is left.

use serde_json::Value;

use super::additions::{Added, additions};
use super::base::{Base, last_applied};
use super::classify::{self, Evidence};
use super::contain::{Containment, Difference, Kind, contain};
use super::local::{self, Admission};
use super::owner::Addition;
use super::place::{node_at, value_at};
use super::prune::{Dropped, Pruning, prune};
use super::refusal::{self, Meaning};
use super::validate::validate;
use super::verdict::{Class, FieldVerdict, Note, NoteKind, ObjectVerdict, Proof, Status, status_of};
use crate::desired::Desired;
use crate::live::Refusal;
use crate::object::fields::{Entry, ManagedFields};
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::quantity;
use crate::object::value::same;
use crate::schema::{Form, Schema};

/// What additions by people are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddedPolicy {
    /// Drift, which counts.
    #[default]
    Drift,
    /// A note.
    Note,
    /// Nothing.
    Ignore,
}

/// How a run judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// What additions by people are.
    pub added: AddedPolicy,
    /// Labels and annotations added by people count as well.
    pub strict: bool,
}

/// One object to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Identity.
    pub id: &'a ObjectId,
    /// What Git says.
    pub desired: &'a Desired,
    /// Merge schema of the type.
    pub schema: &'a Schema,
    /// What was last applied, where it is known from a revision or a record.
    pub base: &'a Base,
    /// How to judge.
    pub policy: Policy,
}

/// What the server said about the unproven object.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Nothing had to be asked.
    NotNeeded,
    /// The object as it would be stored.
    Stored(Value),
    /// It refused the change; `fresh` tells how it took the same manifest as a new object, where that was asked.
    Refused {
        /// The refusal.
        refusal: Refusal,
        /// `Some(None)` if the manifest is fine as a new object.
        fresh: Option<Option<Refusal>>,
    },
    /// It could not be asked.
    Unavailable {
        /// Why, for the report.
        reason: String,
        /// What is known of webhooks and policies.
        admission: Admission,
    },
}

/// What the local comparison found.
#[derive(Debug, Clone)]
pub struct Assessment {
    containment: Containment,
    pruning: Pruning,
    cosmetic: Vec<FieldPath>,
    /// Our entry is recorded at another version than the manifest's.
    other_version: bool,
}

impl Assessment {
    /// True if only the server can tell whether an apply would change anything.
    pub fn needs_server(&self) -> bool {
        let removable = self.pruning.dropped.iter().any(|dropped| dropped.co_owners.is_empty());
        !self.containment.differences.is_empty()
            || removable
            || self.pruning.inconsistent
            || self.other_version
    }
}

/// Compares an object with its live counterpart as far as that can be done locally.
pub fn assess(subject: &Subject<'_>, live: &Value) -> Assessment {
    let schema = subject.schema;
    let managed = ManagedFields::of(live);
    let own = managed.own();
    let mut containment = contain(schema, &subject.desired.object, live, own.map(|own| own.fields));
    let cosmetic = split_cosmetic(schema, &mut containment.differences);
    let others: Vec<&Entry<'_>> = managed.others().collect();
    let pruning = own.map(|own| prune(schema, own.fields, &others, &subject.desired.object, live));
    let other_version = own.is_some_and(|own| own.api_version != subject.desired.gvk.api_version());
    Assessment { containment, pruning: pruning.unwrap_or_default(), cosmetic, other_version }
}

/// Takes out the quantities that mean the same amount: the server would store the other spelling and nothing else changes.
fn split_cosmetic(schema: &Schema, differences: &mut Vec<Difference>) -> Vec<FieldPath> {
    let mut cosmetic = Vec::new();
    differences.retain(|found| {
        let quantity = schema.node(node_at(schema, &found.path.0)).form == Form::Quantity;
        let equal =
            quantity && found.live.as_ref().is_some_and(|live| quantity::same_amount(&found.desired, live));
        if equal {
            cosmetic.push(found.path.clone());
        }
        !equal
    });
    cosmetic
}

/// The verdict on an object that does not exist live.
pub fn absent(subject: &Subject<'_>) -> ObjectVerdict {
    let faults = validate(subject.schema, &subject.desired.object);
    let status = match () {
        () if !faults.is_empty() => Status::Invalid,
        () if subject.base.lacks_object() => Status::New,
        () => Status::Missing,
    };
    let reason = (!faults.is_empty()).then(|| fault_text(subject));
    let mut verdict = bare(subject, status, reason);
    verdict.object = (status != Status::Invalid).then(|| subject.desired.object.clone());
    verdict
}

/// The verdict on an object that exists live.
pub fn judge(subject: &Subject<'_>, live: &Value, assessment: &Assessment, answer: &Answer) -> ObjectVerdict {
    let managed = ManagedFields::of(live);
    let recorded = last_applied(live);
    let base = effective_base(subject, &managed, recorded.as_ref());
    let evidence = Evidence { schema: subject.schema, managed: &managed, base: &base };
    let mut judgement = Judgement { subject, live, evidence, fields: Vec::new(), undecided: Vec::new() };
    judgement.differences(assessment, answer);
    judgement.left_behind(assessment);
    let added = additions(subject.schema, &managed, recorded.as_ref(), &subject.desired.object, live);
    let mut notes = notes_of_additions(subject.id, &added, subject.policy);
    judgement.additions(added, answer);
    notes.extend(adoption(&managed, assessment));
    notes.extend(cosmetic(assessment));
    let (status, reason) = judgement.status(answer, &mut notes);
    let mut verdict = bare(subject, status, reason);
    verdict.base = base.kind();
    verdict.fields = judgement.fields;
    verdict.fields.sort_by(|a, b| (&a.path, a.class).cmp(&(&b.path, b.class)));
    notes.sort();
    verdict.notes = notes;
    verdict
}

fn bare(subject: &Subject<'_>, status: Status, reason: Option<String>) -> ObjectVerdict {
    let mut verdict = ObjectVerdict::bare(subject.id.clone(), subject.desired.gvk.clone(), status, reason);
    verdict.places = vec![(subject.desired.origin.file.to_string(), subject.desired.origin.line)];
    verdict.base = subject.base.kind();
    verdict
}

/// A revision or record goes first; the annotation of client-side apply counts only where we never applied.
fn effective_base(subject: &Subject<'_>, managed: &ManagedFields<'_>, recorded: Option<&Value>) -> Base {
    if !matches!(subject.base, Base::Unknown) || managed.own().is_some() {
        return subject.base.clone();
    }
    let desired = subject.desired;
    let prepared = recorded.and_then(|object| {
        crate::desired::prepare(object.clone(), &desired.gvk, &desired.resource, subject.id).ok()
    });
    match prepared {
        Some(object) => {
            Base::Known { kind: super::verdict::BaseKind::LastApplied, object: Some(Box::new(object)) }
        }
        None => Base::Unknown,
    }
}

struct Judgement<'a> {
    subject: &'a Subject<'a>,
    live: &'a Value,
    evidence: Evidence<'a>,
    fields: Vec<FieldVerdict>,
    /// Paths that differ and are not proven.
    undecided: Vec<FieldPath>,
}

impl Judgement<'_> {
    fn differences(&mut self, assessment: &Assessment, answer: &Answer) {
        let schema = self.subject.schema;
        for found in &assessment.containment.differences {
            let proof = match answer {
                Answer::Stored(predicted) if !self.changes(found, predicted) => continue,
                Answer::Unavailable { admission, .. } => {
                    if !local::is_proven(schema, self.evidence.managed, found, *admission) {
                        self.undecided.push(found.path.clone());
                        continue;
                    }
                    Proof::Local
                }
                Answer::Refused { .. } => Proof::Local,
                _ => Proof::Server,
            };
            let verdict = classify::difference(&self.evidence, found, proof);
            self.push(verdict);
        }
        for found in &assessment.pruning.dropped {
            self.dropped(found, answer);
        }
        if assessment.pruning.inconsistent || assessment.other_version {
            self.unclear_ownership(answer);
        }
    }

    /// True if the apply would change the live value at the place of a difference.
    fn changes(&self, found: &Difference, predicted: &Value) -> bool {
        let path = &found.path.0;
        // A path finds the first of equal items only, so the list around them is compared.
        let place = if found.kind == Kind::Duplicated { &path[..path.len().saturating_sub(1)] } else { path };
        let at = |object| value_at(self.subject.schema, object, place);
        match (at(self.live), at(predicted)) {
            (Some(live), Some(predicted)) => !same(live, predicted),
            (None, None) => false,
            _ => true,
        }
    }

    fn dropped(&mut self, found: &Dropped, answer: &Answer) {
        let schema = self.subject.schema;
        let (proof, remark) = match answer {
            Answer::Stored(predicted) if found.co_owners.is_empty() => {
                match value_at(schema, predicted, &found.path.0) {
                    Some(stays) if same(stays, &found.live) => return,
                    Some(_) => (Proof::Server, Some("the server puts its default in its place".to_owned())),
                    None => (Proof::Server, None),
                }
            }
            Answer::Unavailable { admission, .. } if !local::is_removed(schema, found, *admission) => {
                self.undecided.push(found.path.clone());
                return;
            }
            Answer::Stored(_) => (Proof::Server, None),
            _ => (Proof::Local, None),
        };
        let mut verdict = classify::dropped(&self.evidence, found, proof);
        verdict.remark = verdict.remark.or(remark);
        self.push(verdict);
    }

    /// Our entry cannot be read with this schema: whatever the apply takes out is a removal, and without an answer nobody knows.
    fn unclear_ownership(&mut self, answer: &Answer) {
        match answer {
            Answer::Stored(predicted) => {
                for path in vanishing(self.subject.schema, self.evidence.managed, self.live, predicted) {
                    if !self.fields.iter().any(|field| path.starts_with(&field.path)) {
                        let live =
                            value_at(self.subject.schema, self.live, &path.0).cloned().unwrap_or_default();
                        let found = Dropped { path, live, co_owners: Vec::new() };
                        let verdict = classify::dropped(&self.evidence, &found, Proof::Server);
                        self.push(verdict);
                    }
                }
            }
            Answer::Unavailable { .. } => self.undecided.push(FieldPath::default()),
            _ => {}
        }
    }

    /// What the base has and Git has not, live but not ours: no apply takes it out, and only the base shows it.
    fn left_behind(&mut self, assessment: &Assessment) {
        let schema = self.subject.schema;
        for path in self.evidence.base.gone_from(schema, &self.subject.desired.object) {
            let known = assessment
                .pruning
                .dropped
                .iter()
                .any(|dropped| dropped.path.starts_with(&path) || path.starts_with(&dropped.path));
            let ours = self.evidence.managed.own().is_some_and(|own| own.fields.get(&path.0).is_some());
            if known || ours {
                continue;
            }
            if let Some(live) = value_at(schema, self.live, &path.0) {
                let verdict = classify::left_behind(&self.evidence, &path, live);
                self.push(verdict);
            }
        }
    }

    /// What goes away with another change came with the edit that it undoes: the server's answer to a new type of a Service.
    fn additions(&mut self, added: Vec<Added>, answer: &Answer) {
        for added in added {
            let known =
                self.fields.iter().any(|field| added.path.starts_with(&field.path) && field.live.is_some());
            let undone = matches!(answer, Answer::Stored(predicted)
                if value_at(self.subject.schema, predicted, &added.path.0).is_none());
            if !known && !undone && is_drift(self.subject.id, &added, self.subject.policy) {
                let verdict = FieldVerdict {
                    class: Class::Added,
                    proof: Proof::Server,
                    desired: None,
                    base: None,
                    live: Some(added.live),
                    writer: added.writer,
                    owners: added.owners,
                    remark: None,
                    line: None,
                    counts: true,
                    path: added.path,
                };
                self.push(verdict);
            }
        }
    }

    fn push(&mut self, mut verdict: FieldVerdict) {
        verdict.line = line(self.subject, &verdict.path);
        self.fields.push(verdict);
    }

    fn status(&self, answer: &Answer, notes: &mut Vec<Note>) -> (Status, Option<String>) {
        if self.live.pointer("/metadata/deletionTimestamp").is_some() {
            return (Status::Terminating, Some("it is being deleted".to_owned()));
        }
        match answer {
            Answer::Refused { refusal, fresh } => self.refused(refusal, fresh.as_ref(), notes),
            Answer::Unavailable { reason, .. } if !self.undecided.is_empty() => {
                let paths: Vec<String> = self.undecided.iter().map(ToString::to_string).collect();
                let places =
                    paths.iter().filter(|path| !path.is_empty()).cloned().collect::<Vec<_>>().join(", ");
                let what = if places.is_empty() {
                    "no proof without a dry run".to_owned()
                } else {
                    format!("no proof without a dry run for {places}")
                };
                (Status::Unknown, Some(format!("{what}: {reason}")))
            }
            _ => (status_of(&self.fields), None),
        }
    }

    fn refused(
        &self,
        refusal: &Refusal,
        fresh: Option<&Option<Refusal>>,
        notes: &mut Vec<Note>,
    ) -> (Status, Option<String>) {
        let said = refusal_text(self.subject, refusal);
        match refusal::meaning(refusal) {
            Meaning::Manifest => (Status::Invalid, Some(invalid_text(self.subject, refusal))),
            Meaning::LiveObject => {
                (Status::Blocked, Some(format!("server-side apply cannot read the live object: {said}")))
            }
            Meaning::Denied if !self.has_evidence() => (Status::Invalid, Some(said)),
            Meaning::Change if !self.has_evidence() && matches!(fresh, Some(Some(_))) => {
                (Status::Invalid, Some(invalid_text(self.subject, refusal)))
            }
            Meaning::Change if !self.has_evidence() && refusal::is_immutable(refusal) => {
                (Status::Replace, Some(format!("an immutable field changes: {said}")))
            }
            _ => {
                let text = format!("server refuses the manifest over the live object: {said}");
                notes.push(Note { kind: NoteKind::Remark, writer: None, paths: Vec::new(), text });
                (status_of(&self.fields), None)
            }
        }
    }

    /// True if somebody's edit of the live object is proven, so that a refusal need not be the manifest's fault.
    fn has_evidence(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.class, Class::Drift | Class::Added | Class::Diverged))
    }
}

/// Paths of our entry that are live and not predicted, topmost first.
fn vanishing(
    schema: &Schema,
    managed: &ManagedFields<'_>,
    live: &Value,
    predicted: &Value,
) -> Vec<FieldPath> {
    let mut paths = Vec::new();
    if let Some(own) = managed.own() {
        collect_vanishing(schema, own.fields, live, predicted, &mut FieldPath::default(), &mut paths);
    }
    paths
}

fn collect_vanishing(
    schema: &Schema,
    own: crate::object::fields::FieldSet<'_>,
    live: &Value,
    predicted: &Value,
    path: &mut FieldPath,
    paths: &mut Vec<FieldPath>,
) {
    for (element, below) in own.children() {
        path.0.push(element);
        let lives = value_at(schema, live, &path.0).is_some();
        let stays = value_at(schema, predicted, &path.0).is_some();
        if lives && !stays {
            paths.push(path.clone());
        } else if lives {
            collect_vanishing(schema, below, live, predicted, path, paths);
        }
        path.0.pop();
    }
}

fn is_drift(id: &ObjectId, added: &Added, policy: Policy) -> bool {
    added.by == Addition::Person
        && policy.added == AddedPolicy::Drift
        && !is_never_taken_out(id, &added.path)
        && (policy.strict || !added.path.is_metadata_map())
}

/// Additions that no apply takes out, whoever made them: a note and never drift.
fn is_never_taken_out(id: &ObjectId, path: &FieldPath) -> bool {
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
fn notes_of_additions(id: &ObjectId, added: &[Added], policy: Policy) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for added in added.iter().filter(|added| !is_drift(id, added, policy)) {
        let kind = match added.by {
            Addition::Creation => continue,
            Addition::Person if policy.added == AddedPolicy::Ignore => continue,
            Addition::Person => NoteKind::Addition,
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

fn adoption(managed: &ManagedFields<'_>, assessment: &Assessment) -> Option<Note> {
    let note =
        |paths, text: &str| Some(Note { kind: NoteKind::Adopt, writer: None, paths, text: text.to_owned() });
    if managed.own().is_none() {
        return note(Vec::new(), "not applied by gitops yet");
    }
    let paths = assessment.containment.unowned.clone();
    if paths.is_empty() { None } else { note(paths, "right value, owned by others") }
}

fn cosmetic(assessment: &Assessment) -> Option<Note> {
    let paths = assessment.cosmetic.clone();
    let text = "same amount in another spelling".to_owned();
    (!paths.is_empty()).then_some(Note { kind: NoteKind::Cosmetic, writer: None, paths, text })
}

/// The line of a field in its file, or of the nearest field around it.
fn line(subject: &Subject<'_>, path: &FieldPath) -> Option<u32> {
    use crate::render::origin::Step;
    let steps = super::place::steps(subject.schema, &subject.desired.object, path)?;
    let steps: Vec<Step<'_>> = steps.iter().map(super::place::OwnedStep::as_step).collect();
    let exact = subject.desired.origin.fields.line(steps.iter().copied());
    exact.or_else(|| {
        // A Secret's stringData was folded into data.
        let folded = steps.first() == Some(&Step::Key("data"));
        let plain = std::iter::once(Step::Key("stringData")).chain(steps.iter().copied().skip(1));
        folded.then(|| subject.desired.origin.fields.line(plain)).flatten()
    })
}

fn fault_text(subject: &Subject<'_>) -> String {
    let faults = validate(subject.schema, &subject.desired.object);
    let texts = faults.iter().map(|fault| {
        let place =
            line(subject, &fault.path).map(|line| format!("{}:{line}: ", subject.desired.origin.file));
        format!("{}{}: {}", place.unwrap_or_default(), fault.path, fault.message)
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Our own words for a fault that the schema shows, else what the server said.
fn invalid_text(subject: &Subject<'_>, refusal: &Refusal) -> String {
    let faults = fault_text(subject);
    if faults.is_empty() {
        format!("the server refuses it: {}", refusal_text(subject, refusal))
    } else {
        faults
    }
}

/// The text of a refusal: a policy's own words are shown, everything that may quote an object is reduced to its fields.
fn refusal_text(subject: &Subject<'_>, refusal: &Refusal) -> String {
    let secret = subject.id.group.is_empty() && subject.id.kind == "Secret";
    let denied = refusal::meaning(refusal) == Meaning::Denied;
    if denied && !secret { refusal.message.clone() } else { refusal::summary(refusal) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;

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
