//! One target, planned: ask, write, wait, record.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Context;
use super::codes::{blockers, of_acts, planned};
use super::noting::by_id;
use crate::cluster::Server;
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::exit::Code;
use crate::mask::rules::MaskRules;
use crate::mask::{Masked, acted};
use crate::plan::outcome::{Act, Acted};
use crate::plan::{self, Plan, Policy};
use crate::progress::Progress;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::Inputs;
use crate::report::Source;
use crate::run::access;
use crate::run::acting::{Acting, Acts};
use crate::run::awaiting::{unready, until_ready};
use crate::run::compared::Scene;
use crate::run::confirm::confirm;
use crate::run::error::RunError;
use crate::run::events;
use crate::run::fence::{Fence, Taken};
use crate::run::keeping::Keeping;
use crate::run::members::note_in_sync;
use crate::run::order::Intent;
use crate::run::output::{Output, report_error};
use crate::run::saved::Exact;
use crate::run::undo::local::Local;
use crate::run::undo::recording::Recording;
use crate::run::wait::Awaited;
use crate::settings::{self, Waits};

/// A run on one target, once its plan is made.
pub(super) struct Started<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) live: &'a Live,
    pub(super) scene: &'a Scene,
    pub(super) set: SetIdentity,
    pub(super) policy: Policy,
    pub(super) fence: &'a Fence,
    pub(super) taken: Option<&'a Taken>,
    /// True if no object was left out by choice.
    pub(super) whole: bool,
    pub(super) started: String,
    /// What steps are held to, if they are those of a saved plan.
    pub(super) exact: Option<&'a Exact>,
    pub(super) source: Source,
}

/// How a run on one target ended.
pub(super) struct Done {
    pub(super) code: Code,
    /// What was done; `None` if nothing was begun.
    pub(super) acted: Option<Masked<Vec<Acted>>>,
    /// True if the set is gone with its record.
    pub(super) removed: bool,
}

impl Started<'_> {
    pub(super) async fn act(
        &self,
        plan: &Plan,
        verdicts: &[ObjectVerdict],
        warnings: usize,
        inputs: Inputs,
        output: &mut Output,
    ) -> Result<Done, RunError> {
        if let Some(code) = self.unwritten(plan, warnings, output) {
            return Ok(Done { code, acted: None, removed: false });
        }
        let Live::Server(server) = self.live else {
            return Err(RunError::usage("only a cluster can be written to", None));
        };
        let mut undo = self.recording(server, plan).await;
        if !plan.is_empty() {
            undo.prepare(output);
            self.ask(server, plan).await?;
        }
        let keeping = self.record(server, verdicts, output).await?;
        let acts = self.perform(server, plan, verdicts, (keeping, undo), inputs.clone(), output).await;
        self.finish(plan, verdicts, inputs, acts, output).await
    }

    /// True if a run would do what is planned, as far as it can be done at all.
    pub(super) fn is_doable(&self, plan: &Plan, warnings: usize) -> bool {
        let args = self.context.args;
        let blocked = blockers(plan) != Code::Clean && !args.write.continue_on_error;
        let warned = args.run.deny_warnings && warnings > 0;
        !blocked && !warned
    }

    /// The code, if nothing is to be written.
    fn unwritten(&self, plan: &Plan, warnings: usize, output: &mut Output) -> Option<Code> {
        let write = &self.context.args.write;
        if blockers(plan) != Code::Clean && !write.continue_on_error {
            output.say("hint", "nothing was written; --continue-on-error applies the rest");
            return Some(planned(plan));
        }
        if self.context.args.run.deny_warnings && warnings > 0 {
            output.say("hint", "nothing was written, because warnings are errors here");
            return Some(Code::Error);
        }
        write.dry_run.then(|| planned(plan))
    }

    /// Asks for what is needed: rights of the cluster, and the word of the user.
    async fn ask(&self, server: &Server, plan: &Plan) -> Result<(), RunError> {
        let known = match self.taken {
            Some(Taken::Forbidden(right)) => vec![right.clone()],
            _ => Vec::new(),
        };
        access::check(server, plan, &self.set, known).await?;
        let (yes, delete) = (self.context.args.write.yes, self.is_delete());
        let asked = confirm(plan, self.live.identity(), yes, delete, self.exact.is_some());
        self.fence.stop.unless(asked).await.ok_or_else(|| self.context.stopped())?
    }

    /// What the run keeps so that it can be undone. A record on the cluster would outlive a set that is deleted.
    async fn recording<'s>(&'s self, server: &'s Server, plan: &Plan) -> Recording<'s> {
        let entries = plan::undo::entries(plan, &self.scene.live, &self.scene.extras.members);
        let local = match entries.is_empty() {
            true => Local::default(),
            false => Local::new(self.live, &self.set).await,
        };
        Recording::new(server, &self.set, local, self.context.args.command, entries, !self.is_delete())
    }

    /// Opens the record of the set, and brings it up to what was found in sync.
    async fn record<'s>(
        &self,
        server: &'s Server,
        verdicts: &[ObjectVerdict],
        output: &mut Output,
    ) -> Result<Keeping<'s>, RunError> {
        let mut keeping = Keeping::open(server, &self.set).await?;
        for trouble in std::mem::take(&mut keeping.troubles) {
            output.say("warning", &trouble);
        }
        if keeping.is_damaged() && self.is_delete() {
            return Err(RunError::refused(
                "the record does not tell where members of the set are, so nothing is deleted",
                "apply the set once more: that writes its record anew".to_owned(),
            ));
        }
        if self.context.args.intent == Intent::Apply {
            note_in_sync(&mut keeping, self.scene, verdicts)?;
        }
        Ok(keeping)
    }

    async fn perform<'s>(
        &'s self,
        server: &'s Server,
        plan: &Plan,
        verdicts: &[ObjectVerdict],
        (keeping, undo): (Keeping<'s>, Recording<'s>),
        inputs: Inputs,
        output: &Output,
    ) -> Acts<'s> {
        let args = self.context.args;
        let progress = Arc::new(output.progress());
        let acting = Acting {
            reader: self.live,
            server,
            scene: self.scene,
            policy: &self.policy,
            inflight: usize::from(args.cluster.max_inflight),
            fence: self.fence,
            lock: settings::lock(&args.lock, args.command),
            set: &self.set,
            keeping,
            progress: Arc::clone(&progress),
            continue_on_error: args.write.continue_on_error,
            written: BTreeSet::new(),
            intent: &args.intent,
            exact: self.exact,
            undo,
        };
        let mut acts = acting.perform(plan, inputs).await;
        if acts.stopped.is_none() {
            let unready = std::mem::take(&mut acts.unready);
            self.wait(unready, verdicts, &progress, &mut acts.acted).await;
        }
        acts
    }

    /// Tells the record how it went.
    async fn finish(
        &self,
        plan: &Plan,
        verdicts: &[ObjectVerdict],
        mut inputs: Inputs,
        acts: Acts<'_>,
        output: &mut Output,
    ) -> Result<Done, RunError> {
        let Acts { acted: done, stopped, mut keeping, mut undo, .. } = acts;
        undo.finish(&done, keeping.key(), stopped.is_none()).await;
        let mut code = Code::worst([planned(plan), of_acts(&done)]);
        let mut removed = false;
        if let Some(error) = stopped {
            report_error(&error);
            code = Code::worst([code, error.exit()]);
        } else {
            let run = self.run(&done, code, keeping.runs(), undo.id());
            if run.is_some() {
                inputs.render_digest = keeping.render_digest(&self.scene.desired);
            }
            if let (Live::Server(server), Some(run), true) =
                (self.live, &run, self.context.args.write.emit_events)
            {
                events::tell(server, &self.set, run, output).await;
            }
            removed = self.is_gone(plan, &done);
            match removed {
                true => {
                    undo.remove_there().await;
                    keeping.remove().await?;
                }
                false => keeping.finish(run, self.places(&done, verdicts), inputs).await?,
            }
        }
        undo.troubles.iter().for_each(|trouble| output.say("warning", trouble));
        if self.is_delete() && !plan.kept.is_empty() {
            output.say(
                "hint",
                "the set and its record stay while members stay; name their kinds to delete them",
            );
            code = Code::worst([code, Code::Refused]);
        }
        if self.exact.is_some_and(Exact::is_stale) {
            output.say("hint", "the saved plan was not performed as a whole; plan again with --out");
            code = Code::worst([code, Code::Refused]);
        }
        code = Code::worst([Some(code), self.fence.stop.code()].into_iter().flatten());
        Ok(Done { code, acted: Some(acted(done, &MaskRules::default())), removed })
    }

    fn is_delete(&self) -> bool {
        self.context.args.intent == Intent::Delete
    }

    /// Waits until what was written is ready, if that is wanted and nothing has failed; where it was asked for also what was
    /// in sync but not ready when it was read, perhaps because an earlier run ran out of time.
    async fn wait(
        &self,
        mut awaited: Vec<Awaited>,
        verdicts: &[ObjectVerdict],
        progress: &Progress,
        done: &mut Vec<Acted>,
    ) {
        let Context { args, surroundings, stop, .. } = self.context;
        let failed = done.iter().any(|acted| !acted.act.is_good());
        let waits = settings::waits(&args.wait);
        if waits == Waits::No || (failed && !args.write.continue_on_error) {
            return;
        }
        let counts = |verdict: &&ObjectVerdict| verdict.status == Status::InSync && waits == Waits::All;
        let in_sync = verdicts.iter().filter(counts);
        let acts = by_id(done);
        let untouched = in_sync.map(|verdict| &verdict.id).filter(|id| !acts.contains_key(id));
        awaited.extend(unready(self.scene, untouched, &self.scene.live));
        awaited.sort_by(|a, b| a.id.cmp(&b.id));
        let spent = Duration::from_millis(settings::milliseconds_since(surroundings.started));
        let left = args.run.timeout.saturating_sub(spent);
        until_ready(self.live, &awaited, left, stop, progress, done).await;
    }

    /// True if the set was to be deleted and nothing of it is left.
    fn is_gone(&self, plan: &Plan, done: &[Acted]) -> bool {
        self.context.args.intent == Intent::Delete
            && plan.kept.is_empty()
            && plan.blockers.is_empty()
            && self.scene.extras.gaps.is_empty()
            && done.iter().all(|acted| acted.act == Act::Deleted)
    }
}
