//! From what differs to fields and a status: each difference is weighed against the server's answer.

use std::sync::Arc;

use serde_json::Value;

use super::additions::Added;
use super::classify::{self, Evidence};
use super::contain::{Difference, Kind};
use super::ignore::{Found, Ignored, Scene, Taken, What};
use super::judge::{Answer, Assessment, Subject};
use super::local;
use super::notes::{is_drift, is_never_taken_out};
use super::owner::Addition;
use super::place::value_at;
use super::prune::Dropped;
use super::reasons::{invalid_text, place, refusal_text};
use super::refusal::{self, Meaning};
use super::remarks;
use super::stuck::{self, Left};
use super::verdict::{Class, FieldVerdict, Note, NoteKind, Proof, Status, status_of};
use crate::live::Refusal;
use crate::object::fields::ManagedFields;
use crate::object::path::FieldPath;
use crate::object::value::same;
use crate::schema::Schema;

pub(super) struct Judgement<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) live: &'a Value,
    pub(super) evidence: Evidence<'a>,
    pub(super) fields: Vec<FieldVerdict>,
    /// Paths that differ and are not proven.
    pub(super) undecided: Vec<FieldPath>,
    /// What rules took away.
    pub(super) ignored: Vec<Ignored>,
}

impl Judgement<'_> {
    /// What the rules took out of the local comparison, with the class that it would have had.
    pub(super) fn ignored(&mut self, assessment: &Assessment) {
        for Taken { found, rule } in &assessment.taken {
            let verdict = match found {
                Found::Difference(found) => classify::difference(&self.evidence, found, Proof::Local),
                Found::Dropped(found) => classify::dropped(&self.evidence, found, Proof::Local),
            };
            let rule = Arc::clone(rule);
            self.ignored.push(Ignored { path: verdict.path, word: verdict.class.word(), rule });
        }
    }

    /// The additions that no rule takes away.
    pub(super) fn without_ignored(&mut self, assessment: &Assessment, added: Vec<Added>) -> Vec<Added> {
        if assessment.ignoring.is_empty() {
            return added;
        }
        let scene = self.scene();
        let mut ignored = Vec::new();
        let keep = |added: &Added| {
            let by_person = added.by == Addition::Person;
            // What a default of the server may be is told nowhere, and what would be a note stays one unless a rule names it.
            let told = added.by != Addition::Creation;
            let counts = is_drift(self.subject.id, added, self.subject.policy);
            let rule = assessment.ignoring.of_addition(&scene, &added.path, &added.live, by_person);
            let rule = rule.filter(|rule| told && (counts || matches!(rule.what, What::Fields { .. })));
            let word = if by_person { Class::Added.word() } else { NoteKind::Foreign.word() };
            let keep = rule.is_none();
            ignored.extend(rule.map(|rule| Ignored { path: added.path.clone(), word, rule }));
            keep
        };
        let kept = added.into_iter().filter(keep).collect();
        self.ignored.append(&mut ignored);
        kept
    }

    /// True if a rule takes away what is live and not in Git.
    fn is_ignored(&mut self, assessment: &Assessment, found: &FieldVerdict) -> bool {
        let live = found.live.as_ref().filter(|_| !assessment.ignoring.is_empty());
        let rule = live.and_then(|live| assessment.ignoring.of_live(&self.scene(), &found.path, live));
        let is_ignored = rule.is_some();
        let (path, word) = (found.path.clone(), found.class.word());
        self.ignored.extend(rule.map(|rule| Ignored { path, word, rule }));
        is_ignored
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            schema: self.subject.schema,
            managed: self.evidence.managed,
            desired: &self.subject.desired.object,
            live: self.live,
        }
    }

    pub(super) fn differences(&mut self, assessment: &Assessment, answer: &Answer) {
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
            let mut verdict = classify::difference(&self.evidence, found, proof);
            remarks::explain(&self.evidence, self.live, found, &mut verdict);
            self.push(verdict);
        }
        for found in &assessment.pruning.dropped {
            self.dropped(found, answer);
        }
        if assessment.pruning.inconsistent || assessment.other_version {
            self.unclear_ownership(assessment, answer);
        }
        if assessment.unreadable && matches!(answer, Answer::Unavailable { .. }) {
            self.undecided.push(FieldPath::default());
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
            // What the server drops may take along the struct that was to hold it.
            (None, None) => (1..place.len()).any(|depth| {
                let around = |object| value_at(self.subject.schema, object, &place[..depth]).is_some();
                around(self.live) != around(predicted)
            }),
            _ => true,
        }
    }

    fn dropped(&mut self, found: &Dropped, answer: &Answer) {
        let schema = self.subject.schema;
        if let Some((alias, proof)) = self.restored(found, answer) {
            let why = format!("restored by {alias}, which is the same field");
            let verdict = classify::unreachable(&self.evidence, &found.path, &found.live, proof, &why);
            self.push(verdict);
            return;
        }
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
        let scaled = self.evidence.scaling.writer_of(&found.path).map(|scaler| {
            format!("{scaler} scales it: an apply resets it to the server's default, so hand it over first")
        });
        verdict.remark = verdict.remark.or(scaled).or(remark);
        self.push(verdict);
    }

    /// Our entry cannot be read with this schema: whatever the apply takes out is a removal, and without an answer nobody knows.
    fn unclear_ownership(&mut self, assessment: &Assessment, answer: &Answer) {
        match answer {
            Answer::Stored(predicted) => {
                for path in vanishing(self.subject.schema, self.evidence.managed, self.live, predicted) {
                    if !self.fields.iter().any(|field| path.starts_with(&field.path)) {
                        let live =
                            value_at(self.subject.schema, self.live, &path.0).cloned().unwrap_or_default();
                        let found = Dropped { path, live, co_owners: Vec::new() };
                        let verdict = classify::dropped(&self.evidence, &found, Proof::Server);
                        if !self.is_ignored(assessment, &verdict) {
                            self.push(verdict);
                        }
                    }
                }
            }
            Answer::Unavailable { .. } => self.undecided.push(FieldPath::default()),
            _ => {}
        }
    }

    /// What the base has and Git has not, live but not ours: no apply takes it out, and only the base shows it.
    pub(super) fn left_behind(&mut self, assessment: &Assessment) {
        let schema = self.subject.schema;
        for path in self.evidence.base.gone_from(schema, &self.subject.desired.object) {
            let taken = assessment.taken.iter().filter_map(|taken| match &taken.found {
                Found::Dropped(dropped) => Some(dropped),
                Found::Difference(_) => None,
            });
            let known = assessment
                .pruning
                .dropped
                .iter()
                .chain(taken)
                .any(|dropped| dropped.path.starts_with(&path) || path.starts_with(&dropped.path));
            let ours = self.evidence.managed.own().is_some_and(|own| own.fields.get(&path.0).is_some());
            if known || ours {
                continue;
            }
            if let Some(live) = value_at(schema, self.live, &path.0) {
                let verdict = classify::left_behind(&self.evidence, &path, live);
                if !self.is_ignored(assessment, &verdict) {
                    self.push(verdict);
                }
            }
        }
    }

    /// The alias that keeps a dropped field in place, and what that rests on.
    fn restored(&self, found: &Dropped, answer: &Answer) -> Option<(String, Proof)> {
        let (schema, desired) = (self.subject.schema, &self.subject.desired.object);
        let alias = stuck::alias(schema, self.evidence.managed, desired, self.live, &found.path)?;
        let proof = match answer {
            Answer::Stored(predicted) => {
                let stays = value_at(schema, predicted, &found.path.0)?;
                same(stays, &found.live).then_some(Proof::Server)?
            }
            _ => Proof::Local,
        };
        found.co_owners.is_empty().then_some((alias, proof))
    }

    /// What our own entry, or a base at another version, shows to have left Git although no apply takes it out.
    pub(super) fn out_of_reach(&mut self, assessment: &Assessment, answer: &Answer) {
        let (schema, desired) = (self.subject.schema, &self.subject.desired.object);
        let mut left =
            stuck::left(schema, self.evidence.managed, &assessment.pruning.former_values, desired, self.live);
        if let Some(base) = self.evidence.base.object() {
            left.extend(stuck::moved_from(base, desired, self.live));
        }
        for Left { path, live, why } in left {
            let told = self.fields.iter().any(|field| path.starts_with(&field.path));
            let goes = matches!(answer, Answer::Stored(predicted)
                if value_at(schema, predicted, &path.0).is_none_or(|stays| !same(stays, &live)));
            if !told && !goes {
                let verdict = classify::unreachable(&self.evidence, &path, &live, Proof::Local, &why);
                if !self.is_ignored(assessment, &verdict) {
                    self.push(verdict);
                }
            }
        }
    }

    /// Why the server cannot read the live object for an apply, where that can be seen.
    fn why_blocked(&self) -> String {
        let schema = self.subject.schema;
        if let Some(path) = stuck::keyless(schema, self.live) {
            return format!("; an item of {path} has none of its keys");
        }
        let gone = remarks::versions_gone(schema, self.evidence.managed);
        let writers: Vec<String> = gone.into_iter().filter_map(|note| note.writer).collect();
        if writers.is_empty() {
            return String::new();
        }
        format!("; the entry of {} in managedFields is at a version that is gone", writers.join(", "))
    }

    /// What goes away with another change came with the edit that it undoes: the server's answer to a new type of a Service.
    pub(super) fn additions(&mut self, added: Vec<Added>, answer: &Answer) {
        for added in added {
            let covers = |field: &FieldVerdict| {
                let inside = added.path.starts_with(&field.path) && field.live.is_some();
                // The order of a list says nothing about what else is in it.
                inside && !classify::is_order(self.subject.schema, field)
            };
            let known = self.fields.iter().any(covers);
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
                    file: None,
                    counts: true,
                    path: added.path,
                };
                self.push(verdict);
            }
        }
    }

    fn push(&mut self, mut verdict: FieldVerdict) {
        if verdict.class == Class::Stuck && is_never_taken_out(self.subject.id, &verdict.path) {
            verdict.counts = false;
        }
        if let Some((file, line)) = place(self.subject, &verdict.path) {
            verdict.line = Some(line);
            verdict.file = (file != &*self.subject.desired.origin.file).then(|| file.to_owned());
        }
        self.fields.push(verdict);
    }

    pub(super) fn status(&self, answer: &Answer, notes: &mut Vec<Note>) -> (Status, Option<String>) {
        if self.live.pointer("/metadata/deletionTimestamp").is_some() {
            return (Status::Terminating, Some(deletion(self.live)));
        }
        match answer {
            Answer::Refused { refusal, fresh } => {
                self.refused(refusal, fresh.as_ref().map(Option::as_ref), notes)
            }
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
        fresh: Option<Option<&Refusal>>,
        notes: &mut Vec<Note>,
    ) -> (Status, Option<String>) {
        let said = refusal_text(self.subject.id, refusal);
        match refusal::meaning(refusal) {
            Meaning::Manifest => (Status::Invalid, Some(invalid_text(self.subject, refusal))),
            Meaning::LiveObject => {
                let why = self.why_blocked();
                (Status::Blocked, Some(format!("server-side apply cannot read the live object: {said}{why}")))
            }
            Meaning::Denied if !self.has_evidence() => (Status::Invalid, Some(said)),
            Meaning::Change
                if fresh.flatten().is_some_and(|fresh| refusal::is_same_fault(refusal, fresh)) =>
            {
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
        let proving = [Class::Drift, Class::Added, Class::Diverged];
        // An edit that does not count explains a refusal as well as any other.
        let ignored =
            self.ignored.iter().any(|ignored| proving.iter().any(|class| class.word() == ignored.word));
        ignored || self.fields.iter().any(|field| proving.contains(&field.class))
    }
}

/// What is known of a deletion: whom it waits for.
fn deletion(live: &Value) -> String {
    let finalizers = live.pointer("/metadata/finalizers").and_then(Value::as_array);
    let names: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    match names.is_empty() {
        true => "it is being deleted".to_owned(),
        false => format!("it is being deleted and waits for {}", names.join(", ")),
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
