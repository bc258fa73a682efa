//! Asking the server about objects that reading alone does not decide: pinned dry runs, again where somebody wrote meanwhile.

use std::collections::BTreeMap;

use serde_json::Value;

use super::remembered::{Remembered, situation};
use crate::cluster::admission::AdmissionConfigs;
use crate::compare::judge::Answer;
use crate::compare::local::Admission;
use crate::compare::memory::Proof;
use crate::compare::refusal::{Meaning, meaning};
use crate::compare::survey::{Open, Setting, conclude, gone, question, reopen, resource};
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::live::{Catalog, DryRun, FetchError, Prediction, Presence, Refusal, Resource};
use crate::reader::Live;

/// How often an object that keeps changing is read and asked about again.
const ROUNDS: usize = 4;
/// Kinds whose name is part of what is validated, so that they cannot be tried under another name.
const NAMED_BY_CONTENT: &[&str] = &["CustomResourceDefinition", "APIService"];

/// Decides all open objects. `allowed` is false where no dry run may be sent, with the reason.
pub async fn ask(
    reader: &Live,
    catalog: &Catalog,
    setting: &Setting<'_>,
    remembered: &Remembered,
    open: Vec<Open>,
    allowed: Result<(), String>,
) -> Vec<ObjectVerdict> {
    let mut asking =
        Asking { reader, catalog, setting, admission: None, verdicts: Vec::new(), unchanged: Vec::new() };
    match allowed {
        Ok(()) => {
            let recalled = asking.recall(remembered, open).await;
            asking.rounds(recalled.open).await;
            asking.remember(remembered, recalled.situation).await;
        }
        Err(reason) => {
            for open in open {
                asking.unavailable(&open, &reason).await;
            }
        }
    }
    asking.verdicts
}

struct Asking<'a> {
    reader: &'a Live,
    catalog: &'a Catalog,
    setting: &'a Setting<'a>,
    admission: Option<AdmissionConfigs>,
    verdicts: Vec<ObjectVerdict>,
    /// Objects that a dry run found in sync and that may be remembered.
    unchanged: Vec<Proof>,
}

/// What is left to be asked, and in which situation.
struct Recalled {
    open: Vec<Open>,
    situation: Option<Proof>,
}

impl Asking<'_> {
    /// Decides what an earlier run asked in the same situation. That is looked at before anything is asked.
    async fn recall(&mut self, remembered: &Remembered, open: Vec<Open>) -> Recalled {
        if remembered.is_off() || !open.iter().any(|open| open.proof.is_some()) {
            return Recalled { open, situation: None };
        }
        let situation = self.situation().await;
        let known = remembered.dry_runs();
        let is_known = |open: &Open| {
            open.proof
                .zip(situation)
                .is_some_and(|(proof, situation)| known.contains_key(&(proof, situation)))
        };
        let (same, open) = open.into_iter().partition(is_known);
        for open in Vec::<Open>::from(same) {
            self.conclude(&open, &Answer::Stored(open.live.clone()));
        }
        Recalled { open, situation }
    }

    /// Remembers what changed nothing, if the situation is still that in which it was asked.
    async fn remember(&mut self, remembered: &Remembered, before: Option<Proof>) {
        if let Some(situation) = before
            && !self.unchanged.is_empty()
            && self.situation().await == Some(situation)
        {
            remembered.add_dry_runs(situation, &self.unchanged);
        }
    }

    async fn situation(&self) -> Option<Proof> {
        Some(situation(&self.reader.situation(self.catalog).await?))
    }

    /// The verdict by a prediction. One that says what the live object itself would say may be remembered.
    fn stored(&mut self, open: &Open, predicted: Value) {
        let Some(verdict) = conclude(self.setting, open, &Answer::Stored(predicted)) else { return };
        if verdict.status == Status::InSync
            && let Some(proof) = open.proof
            && conclude(self.setting, open, &Answer::Stored(open.live.clone())).as_ref() == Some(&verdict)
        {
            self.unchanged.push(proof);
        }
        self.verdicts.push(verdict);
    }

    async fn rounds(&mut self, mut open: Vec<Open>) {
        for _ in 0..ROUNDS {
            if open.is_empty() {
                return;
            }
            let questions: Vec<DryRun> = open.iter().map(|open| question(self.setting, open)).collect();
            let answers = self.reader.predict(questions).await;
            let (mut again, mut refused) = (Vec::new(), Vec::new());
            for (open, answer) in open.into_iter().zip(answers) {
                match answer {
                    Prediction::Stored(predicted) => self.stored(&open, predicted),
                    Prediction::Conflict => again.push(open),
                    Prediction::Refused(refusal) => refused.push((open, refusal)),
                    Prediction::Unavailable(error) => self.unavailable(&open, &error.to_string()).await,
                }
            }
            self.refused(refused).await;
            open = self.read_again(again).await;
        }
        for open in open {
            self.unavailable(&open, "the object changed each time it was read").await;
        }
    }

    fn conclude(&mut self, open: &Open, answer: &Answer) {
        self.verdicts.extend(conclude(self.setting, open, answer));
    }

    async fn read_again(&mut self, changed: Vec<Open>) -> Vec<Open> {
        let mut open = Vec::new();
        for object in changed {
            let Some(resource) = resource(self.setting, &object) else { continue };
            match self.reader.reread(&object.id, resource).await {
                Ok(Presence::Found(observed)) => match serde_json::from_slice::<Value>(&observed.json) {
                    Ok(live) => {
                        let Some(object) = reopen(self.setting, object, live) else { continue };
                        if object.assessment.needs_server() {
                            open.push(object);
                        } else {
                            self.conclude(&object, &Answer::NotNeeded);
                        }
                    }
                    Err(error) => self.unavailable(&object, &error.to_string()).await,
                },
                Ok(Presence::Absent) => self.verdicts.extend(gone(self.setting, &object)),
                Err(error) => self.unavailable(&object, &error.to_string()).await,
            }
        }
        open
    }

    /// A refused change may be the manifest's fault: the same manifest is tried as a new object.
    async fn refused(&mut self, refused: Vec<(Open, Refusal)>) {
        let mut questions = Vec::new();
        let mut places: BTreeMap<usize, usize> = BTreeMap::new();
        for (at, (open, refusal)) in refused.iter().enumerate() {
            if let Some(question) = fresh(self.setting, open, refusal) {
                places.insert(at, questions.len());
                questions.push(question);
            }
        }
        let answers = self.reader.predict(questions).await;
        for (at, (open, refusal)) in refused.into_iter().enumerate() {
            let fresh = places.get(&at).and_then(|place| match &answers[*place] {
                Prediction::Stored(_) => Some(None),
                Prediction::Refused(refusal) => Some(Some(refusal.clone())),
                Prediction::Conflict | Prediction::Unavailable(_) => None,
            });
            self.conclude(&open, &Answer::Refused { refusal, fresh });
        }
    }

    async fn unavailable(&mut self, open: &Open, reason: &str) {
        let Some(resource) = resource(self.setting, open) else { return };
        let admission = self.admission_of(resource).await;
        self.conclude(open, &Answer::Unavailable { reason: reason.to_owned(), admission });
    }

    /// What mutates objects of a type: only a webhook or policy that changes objects can explain a difference away.
    async fn admission_of(&mut self, resource: &Resource) -> Admission {
        if self.admission.is_none() {
            self.admission = Some(self.reader.admission(self.catalog).await);
        }
        let Some(configs) = &self.admission else { return Admission::MayRewrite };
        let mutating = configs.seeing(resource).iter().any(|rule| rule.kind.starts_with("Mutating"));
        let unreadable = configs.unreadable.iter().any(|text| text.contains("utating"));
        if mutating || unreadable { Admission::MayRewrite } else { Admission::NoneMatches }
    }
}

/// The same manifest under another name and without a pin, as a new object.
fn fresh(setting: &Setting<'_>, open: &Open, refusal: &Refusal) -> Option<DryRun> {
    if meaning(refusal) != Meaning::Change || NAMED_BY_CONTENT.contains(&open.id.kind.as_str()) {
        return None;
    }
    let mut dry_run = question(setting, open);
    // Rules are about live fields: a new object is as Git has it.
    dry_run.body = open.desired.object.clone();
    let short: String = open.id.name.chars().take(40).collect();
    let name = format!("{}-gitops-check", short.trim_end_matches(['-', '.']));
    dry_run.id = open.id.named(&name);
    dry_run.body["metadata"]["name"] = Value::from(name);
    dry_run.pin = None;
    Some(dry_run)
}

/// Puts a reason to objects that are missing because their namespace is. Namespaces of the render need no request.
pub async fn explain_missing(reader: &Live, verdicts: &mut [ObjectVerdict]) {
    let rendered: Vec<String> = verdicts
        .iter()
        .filter(|verdict| verdict.id.group.is_empty() && verdict.id.kind == "Namespace")
        .map(|verdict| verdict.id.name.clone())
        .collect();
    let mut known: BTreeMap<String, Result<bool, FetchError>> = BTreeMap::new();
    for verdict in verdicts {
        let namespace = verdict.id.namespace.clone();
        let absent = matches!(verdict.status, Status::Missing | Status::New) && verdict.reason.is_none();
        if !absent || namespace.is_empty() || rendered.contains(&namespace) {
            continue;
        }
        if !known.contains_key(&namespace) {
            let exists = reader.namespace_exists(&namespace).await;
            known.insert(namespace.clone(), exists);
        }
        if matches!(known.get(&namespace), Some(Ok(false))) {
            verdict.reason =
                Some(format!("namespace {namespace} does not exist, and this render does not hold it"));
        }
    }
}
