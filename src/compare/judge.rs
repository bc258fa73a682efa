//! The verdict on one object: a local proof first, and the server's answer for what is left.

use std::collections::BTreeSet;

use serde_json::Value;

use super::additions::additions;
use super::autoscale::{self, Scaling, Writes};
use super::base::{Base, last_applied};
use super::classify::Evidence;
use super::contain::{Containment, Difference, contain};
use super::ignore::{Ignored, Ignoring, Rules, Scene, Taken};
use super::judgement::Judgement;
use super::local::Admission;
use super::notes::{adoption, cosmetic, ignored_by_live, is_drift, notes_of_additions, recreation};
use super::paranoid::Percent;
use super::place::node_at;
use super::prune::{Pruning, prune};
use super::reasons::fault_text;
use super::remarks::versions_gone;
use super::unkeyed;
use super::verdict::{ObjectVerdict, Status};
use crate::desired::Desired;
use crate::live::Refusal;
use crate::object::fields::{Entry, ManagedFields};
use crate::object::id::ObjectId;
use crate::object::path::FieldPath;
use crate::object::quantity;
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
    /// How many of what is proven in sync is held against the server.
    pub paranoid: Percent,
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
    /// Who scales the object.
    pub scaling: &'a Scaling,
    /// What does not count.
    pub rules: &'a Rules,
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
    pub(super) containment: Containment,
    pub(super) pruning: Pruning,
    pub(super) cosmetic: Vec<FieldPath>,
    /// Our entry is recorded at another version than the manifest's.
    pub(super) other_version: bool,
    /// It is applied and lacks the label of its set.
    pub(super) unlabelled: bool,
    /// Live holds a list item that nothing tells apart: server-side apply cannot read such an object.
    pub(super) unreadable: bool,
    /// The rules about the object.
    pub(super) ignoring: Ignoring,
    /// What they took out of the differences and of the pruning.
    pub(super) taken: Vec<Taken>,
    /// People added something beside what the rules took out: an apply of all of it tells whether it came with that.
    pub(super) added_beside: bool,
}

impl Assessment {
    /// True if nothing at all differs, in value or in spelling, and nothing of ours left Git.
    pub(super) fn is_contained(&self) -> bool {
        !self.needs_server()
            && self.pruning.dropped.is_empty()
            && self.cosmetic.is_empty()
            && self.taken.is_empty()
    }

    /// What of an object that differs, or left Git, autoscalers may write.
    pub fn scaled_fields(&self) -> BTreeSet<Writes> {
        let differing = self.containment.differences.iter().filter(|found| found.live.is_some());
        let paths =
            differing.map(|found| &found.path).chain(self.pruning.dropped.iter().map(|found| &found.path));
        paths.filter_map(autoscale::field).collect()
    }

    /// True if only the server can tell whether an apply would change anything.
    pub fn needs_server(&self) -> bool {
        let removable = self.pruning.dropped.iter().any(|dropped| dropped.co_owners.is_empty());
        !self.containment.differences.is_empty()
            || removable
            || self.pruning.inconsistent
            || self.other_version
            || self.added_beside
            || self.unreadable
    }

    /// The places that keep the object from being proven, each with a word why.
    pub fn open_places(&self) -> Vec<(FieldPath, String)> {
        let differs = self.containment.differences.iter();
        let mut places: Vec<(FieldPath, String)> =
            differs.map(|found| (found.path.clone(), format!("{:?}", found.kind).to_lowercase())).collect();
        let removable = self.pruning.dropped.iter().filter(|dropped| dropped.co_owners.is_empty());
        places.extend(removable.map(|dropped| (dropped.path.clone(), "dropped".to_owned())));
        let whole = [
            (self.pruning.inconsistent, "inconsistent"),
            (self.other_version, "another version"),
            (self.unreadable, "unreadable"),
            (self.added_beside, "additions beside a rule"),
        ];
        let whole = whole.into_iter().filter(|(is, _)| *is);
        places.extend(whole.map(|(_, why)| (FieldPath::default(), why.to_owned())));
        places
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
    let mut pruning = pruning.unwrap_or_default();
    let other_version = own.is_some_and(|own| own.api_version != subject.desired.gvk.api_version());
    let unreadable = unkeyed::is_unreadable(schema, live);
    let ignoring = subject.rules.about(subject, Some(live));
    let scene = Scene { schema, managed: &managed, desired: &subject.desired.object, live };
    let taken = ignoring.take(&scene, &mut containment, &mut pruning);
    let asked = taken.iter().any(Taken::needs_server);
    let added_beside = asked && has_additions(subject, &scene, &ignoring);
    Assessment {
        containment,
        pruning,
        cosmetic,
        other_version,
        unlabelled: false,
        unreadable,
        ignoring,
        taken,
        added_beside,
    }
}

/// True if people added what counts and no rule takes away.
fn has_additions(subject: &Subject<'_>, scene: &Scene<'_>, ignoring: &Ignoring) -> bool {
    let recorded = last_applied(scene.live);
    let added = additions(scene.schema, scene.managed, recorded.as_ref(), scene.desired, scene.live);
    let counted = added.iter().filter(|added| is_drift(subject.id, added, subject.policy));
    counted.into_iter().any(|added| ignoring.of_addition(scene, &added.path, &added.live, true).is_none())
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
    let faults = fault_text(subject);
    if let Some(rule) = subject.rules.about(subject, None).of_absence().filter(|_| faults.is_empty()) {
        let mut verdict = bare(subject, Status::InSync, None);
        verdict.ignored = vec![Ignored { path: FieldPath::default(), word: Status::Missing.word(), rule }];
        return verdict;
    }
    let status = match () {
        () if !faults.is_empty() => Status::Invalid,
        () if subject.base.lacks_object() => Status::New,
        () => Status::Missing,
    };
    let reason = (!faults.is_empty()).then_some(faults);
    let mut verdict = bare(subject, status, reason);
    verdict.object = (status != Status::Invalid).then(|| subject.desired.object.clone());
    verdict
}

/// The verdict on an object that exists live.
pub fn judge(subject: &Subject<'_>, live: &Value, assessment: &Assessment, answer: &Answer) -> ObjectVerdict {
    let managed = ManagedFields::of(live);
    let recorded = last_applied(live);
    let base = effective_base(subject, &managed, recorded.as_ref());
    let evidence =
        Evidence { schema: subject.schema, managed: &managed, base: &base, scaling: subject.scaling };
    let (fields, undecided, ignored) = (Vec::new(), Vec::new(), Vec::new());
    let mut judgement = Judgement { subject, live, evidence, fields, undecided, ignored };
    judgement.ignored(assessment);
    judgement.differences(assessment, answer);
    judgement.left_behind(assessment);
    judgement.out_of_reach(assessment, answer);
    let added = additions(subject.schema, &managed, recorded.as_ref(), &subject.desired.object, live);
    let added = judgement.without_ignored(assessment, added);
    let mut notes = notes_of_additions(subject.id, &added, subject.policy);
    judgement.additions(added, answer);
    notes.extend(adoption(&judgement.evidence, &subject.desired.object, assessment));
    notes.extend(cosmetic(assessment));
    notes.extend(recreation(&base));
    if matches!(answer, Answer::NotNeeded) {
        notes.extend(versions_gone(subject.schema, &managed));
    }
    notes.extend(ignored_by_live(&judgement.ignored));
    let (status, reason) = match unkeyed::grows(subject.schema, &assessment.containment.differences) {
        true => (Status::Invalid, Some(fault_text(subject))),
        false => judgement.status(answer, &mut notes),
    };
    let mut verdict = bare(subject, status, reason);
    verdict.base = base.kind();
    verdict.fields = judgement.fields;
    verdict.fields.sort_by(|a, b| (&a.path, a.class).cmp(&(&b.path, b.class)));
    verdict.ignored = judgement.ignored;
    verdict.ignored.sort_by(|a, b| (&a.path, &a.rule.origin).cmp(&(&b.path, &b.rule.origin)));
    notes.sort();
    verdict.notes = notes;
    verdict
}

/// A verdict on a subject without fields.
pub(super) fn bare(subject: &Subject<'_>, status: Status, reason: Option<String>) -> ObjectVerdict {
    let mut verdict = ObjectVerdict::bare(subject.id.clone(), subject.desired.gvk.clone(), status, reason);
    verdict.places = vec![(subject.desired.origin.file.to_string(), subject.desired.origin.line)];
    verdict.base = subject.base.kind();
    verdict
}

/// A revision or record goes first; the annotation of client-side apply counts only where we never applied.
pub(super) fn effective_base(
    subject: &Subject<'_>,
    managed: &ManagedFields<'_>,
    recorded: Option<&Value>,
) -> Base {
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
