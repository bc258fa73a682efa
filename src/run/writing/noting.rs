//! What the record is told of a run: what it did, with what, and where members are.

use std::collections::BTreeMap;

use super::carrying_out::Started;
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::exit::Code;
use crate::object::id::ObjectId;
use crate::plan::outcome::{Act, Acted};
use crate::record::parent::{Inputs, Outcome, Run};
use crate::run::compared::Comparison;
use crate::run::keeping::Places;
use crate::run::lock;
use crate::run::members::{is_present, places};
use crate::run::prepared::Prepared;
use crate::run::recorded::TAG_SETTING;
use crate::settings;

impl Started<'_> {
    /// The line of the record about this run; none if it neither wrote, nor failed, nor moved to another commit.
    pub(super) fn run(
        &self,
        acted: &[Acted],
        code: Code,
        before: &[Run],
        undo: Option<String>,
    ) -> Option<Run> {
        let moved = before.first().is_none_or(|last| last.commit != self.source.commit);
        let wrote = acted.iter().any(|acted| acted.act.is_write());
        if !moved && !wrote && code == Code::Clean {
            return None;
        }
        let result = match () {
            () if self.fence.stop.is_wanted() => Outcome::Interrupted,
            () if code == Code::Clean => Outcome::Done,
            () => Outcome::Failed,
        };
        let mut counts = BTreeMap::new();
        for act in Act::ALL {
            let number = acted.iter().filter(|acted| acted.act == act).count() as u64;
            if number > 0 {
                counts.insert(act.word().to_owned(), number);
            }
        }
        Some(Run {
            command: self.context.args.command.to_owned(),
            commit: self.source.commit.clone(),
            dirty: self.source.dirty,
            started_at: self.started.clone(),
            finished_at: settings::now(),
            result,
            counts,
            times: 1,
            undo,
        })
    }

    /// Where members are after the run; `None` where that is not known for sure.
    pub(super) fn places(&self, acted: &[Acted], verdicts: &[ObjectVerdict]) -> Option<Places> {
        let sure = self.whole
            && self.scene.extras.gaps.is_empty()
            && acted.iter().all(|acted| acted.act.is_good())
            && verdicts.iter().all(|verdict| verdict.status != Status::Unknown);
        let acts = by_id(acted);
        let rendered = verdicts.iter().filter(|verdict| {
            let act = acts.get(&verdict.id).copied();
            let stays = matches!(verdict.status, Status::Extra | Status::Terminating | Status::InSync);
            let present = || is_present(&self.scene.live, &verdict.id);
            act != Some(Act::Deleted) && (act.is_some() || stays || present())
        });
        sure.then(|| places(rendered.map(|verdict| &verdict.id)))
    }
}

/// What was done, to be looked up: sets are large.
pub(super) fn by_id(acted: &[Acted]) -> BTreeMap<&ObjectId, Act> {
    acted.iter().map(|acted| (&acted.id, acted.act)).collect()
}

/// What decided about the render, for the record.
pub(super) fn inputs(prepared: &Prepared, comparison: &Comparison) -> Inputs {
    let mut settings = BTreeMap::new();
    if let Some(namespace) = &comparison.namespace {
        settings.insert("namespace".to_owned(), namespace.clone());
    }
    if let (Some(reference), Some(tag)) = (&prepared.rendered.source.reference, &prepared.rendered.tag) {
        settings.insert(format!("{TAG_SETTING}{reference}"), tag.clone());
    }
    for base in &prepared.rendered.fetched.bases {
        let reference = base.reference.as_deref().unwrap_or("HEAD");
        settings.insert(format!("remote {} {reference}", base.url), base.commit.clone());
    }
    Inputs {
        path: prepared.rendered.path.clone(),
        renderer: prepared.rendered.renderer.to_string(),
        settings,
        render_digest: String::new(),
        tool: concat!("gitops/", env!("CARGO_PKG_VERSION")).to_owned(),
        identity: lock::host::person(),
    }
}
