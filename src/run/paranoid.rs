//! `--paranoid`: asks the server about a sample of what was proven without it, and reports any other answer as a bug.

use std::collections::BTreeMap;

use crate::cluster::admission::AdmissionConfigs;
use crate::compare::judge::Answer;
use crate::compare::paranoid::{overruled, refused};
use crate::compare::refusal::summary;
use crate::compare::survey::{Open, Setting, conclude, question};
use crate::compare::verdict::ObjectVerdict;
use crate::desired::{Entry, Ready};
use crate::live::{Catalog, Prediction};
use crate::object::id::ObjectId;
use crate::reader::Live;
use crate::render::Notice;
use crate::schema::Schema;

/// Checks a sample and puts the server's answer in the place of every verdict that it contradicts.
pub async fn check(
    reader: &Live,
    catalog: &Catalog,
    setting: &Setting<'_>,
    sampled: Vec<Open>,
    verdicts: &mut [ObjectVerdict],
) -> Vec<Notice> {
    if sampled.is_empty() {
        return Vec::new();
    }
    let questions: Vec<_> = sampled.iter().map(|open| question(setting, open)).collect();
    let answers = reader.predict(questions).await;
    let mut checking =
        Checking { setting, wrong: BTreeMap::new(), refused: Vec::new(), unchecked: BTreeMap::new() };
    let count = sampled.len();
    let mut places: BTreeMap<ObjectId, &mut ObjectVerdict> =
        verdicts.iter_mut().map(|verdict| (verdict.id.clone(), verdict)).collect();
    for (open, answer) in sampled.iter().zip(answers) {
        if let Some(verdict) = places.get_mut(&open.id) {
            checking.one(open, answer, verdict);
        }
    }
    let mut notices = Vec::new();
    if !checking.wrong.is_empty() {
        let admission = reader.admission(catalog).await;
        notices.extend(checking.wrong.iter().map(|(id, paths)| wrong(setting, &admission, id, paths)));
    }
    notices.extend(checking.refused.iter().map(|(id, reason)| contradicted(setting, id, reason)));
    notices.extend(checking.unchecked.iter().map(|(reason, number)| Notice {
        file: String::new(),
        line: 0,
        column: 0,
        message: format!("--paranoid could not check {number} of {count} objects: {reason}"),
        hint: None,
    }));
    notices
}

struct Checking<'a> {
    setting: &'a Setting<'a>,
    /// Objects that the server would change, and where.
    wrong: BTreeMap<ObjectId, Vec<String>>,
    /// Objects whose dry run is refused, and why.
    refused: Vec<(ObjectId, String)>,
    /// How many objects could not be checked, by reason.
    unchecked: BTreeMap<String, usize>,
}

impl Checking<'_> {
    fn one(&mut self, open: &Open, answer: Prediction, verdict: &mut ObjectVerdict) {
        match answer {
            Prediction::Stored(predicted) => {
                let Some((_, schema)) = compared(self.setting, &open.id) else { return };
                if let Some(other) = overruled(schema, &open.desired.object, open, verdict, &predicted) {
                    let paths = other.fields.iter().map(|field| field.path.to_string()).collect();
                    self.wrong.insert(open.id.clone(), paths);
                    *verdict = other;
                }
            }
            Prediction::Refused(refusal) => {
                let reason = summary(&refusal);
                let answer = Answer::Refused { refusal, fresh: None };
                if let Some(judged) = conclude(self.setting, open, &answer) {
                    self.refused.push((open.id.clone(), reason));
                    *verdict = refused(judged);
                }
            }
            Prediction::Conflict => self.not_checked("they changed meanwhile"),
            Prediction::Unavailable(error) => self.not_checked(&error.to_string()),
        }
    }

    fn not_checked(&mut self, reason: &str) {
        *self.unchecked.entry(reason.to_owned()).or_default() += 1;
    }
}

fn compared<'a>(setting: &'a Setting<'_>, id: &ObjectId) -> Option<(&'a Ready, &'a Schema)> {
    let Some(Entry::Ready(ready)) = setting.desired.entries.get(id) else { return None };
    Some((ready, setting.schema_of(&ready.gvk)))
}

fn wrong(setting: &Setting<'_>, admission: &AdmissionConfigs, id: &ObjectId, paths: &[String]) -> Notice {
    let sees =
        compared(setting, id).map(|(desired, _)| admission.seeing(&desired.resource)).unwrap_or_default();
    let mut names: Vec<&str> =
        sees.iter().filter(|rule| rule.kind.starts_with("Mutating")).map(|rule| rule.name.as_str()).collect();
    names.dedup();
    let hint = if names.is_empty() {
        "please report it with these paths, the kind and the version of the server; no values are needed"
            .to_owned()
    } else {
        format!(
            "unless {} changes it, please report it with these paths, the kind and the version of the server",
            names.join(", ")
        )
    };
    let message = format!(
        "bug: {} {} was proven in sync, but the server's dry run changes {}",
        id.kind,
        id.qualified_name(),
        paths.join(", ")
    );
    about(setting, id, message, hint)
}

fn contradicted(setting: &Setting<'_>, id: &ObjectId, reason: &str) -> Notice {
    let message = format!(
        "bug: {} {} was proven in sync, but the server refuses its dry run: {reason}",
        id.kind,
        id.qualified_name()
    );
    let hint =
        "unless a webhook or policy denies it, please report it with the kind and the version of the server";
    about(setting, id, message, hint.to_owned())
}

fn about(setting: &Setting<'_>, id: &ObjectId, message: String, hint: String) -> Notice {
    let origin = compared(setting, id).map(|(desired, _)| &desired.origin);
    let (file, line) = origin.map(|origin| (origin.file.to_string(), origin.line)).unwrap_or_default();
    Notice { file, line, column: 0, message, hint: Some(hint) }
}
