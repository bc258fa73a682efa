//! One target, locked: compare, plan, show.

use super::carrying_out::{Done, Started};
use super::noting::inputs;
use super::{Applied, Context};
use crate::exit::Code;
use crate::plan;
use crate::plan::saved::Basis;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::run::compared::{Compared, Comparison, examine};
use crate::run::elsewhere;
use crate::run::error::RunError;
use crate::run::fence::{Fence, Taken};
use crate::run::forward::{self, Lookup};
use crate::run::order::Intent;
use crate::run::output::Output;
use crate::run::prepared::Prepared;
use crate::run::pruning;
use crate::run::reporting::target;
use crate::run::saved::{self, Bound};
use crate::settings;

/// A run on one target that holds the lock, or is a dry run.
pub(super) struct Locked<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) live: &'a Live,
    pub(super) set: SetIdentity,
    pub(super) fence: &'a Fence,
    /// What came of asking for the lock; `None` for a dry run.
    pub(super) taken: Option<Taken>,
    /// What a saved plan is made of, if one is written or performed.
    pub(super) basis: Option<Basis>,
}

impl Locked<'_> {
    pub(super) async fn run(
        &self,
        name: &str,
        comparison: &Comparison,
        prepared: Prepared,
        output: &mut Output,
    ) -> Result<Applied, RunError> {
        let (context, started) = (self.context, settings::now());
        let inputs = inputs(&prepared, comparison);
        let progress = output.progress();
        let examining = context.stop.unless(examine(comparison, prepared, self.live, &progress, true));
        let (mut compared, scene) = examining.await.ok_or_else(|| context.stopped())??;
        drop(progress);
        let scene = scene.ok_or_else(|| RunError::usage("the comparison was not kept", None))?;
        if let Some(error) = std::mem::take(&mut compared.unmet).into_iter().flatten().next() {
            return Err(error);
        }
        if scene.recorded.unanswered {
            return Err(RunError::Stopped {
                problem: format!(
                    "the record of set {} could not be read, and nothing was written",
                    self.set.name
                ),
                hint: Some("what was applied last is not known without it: run again".to_owned()),
                code: Code::Incomplete,
            });
        }
        self.forward(&mut compared).await?;
        elsewhere::refuse(&context.allowed(), compared.verdicts.iter().map(|verdict| &verdict.id))?;
        let policy = context.policy(&self.set);
        let (setting, live) = (scene.setting(), &scene.live);
        let mut plan = match &context.args.intent {
            Intent::Revert(choice) => {
                plan::revert::revert(&setting, live, &compared.verdicts, &policy.set, choice)
            }
            Intent::Apply | Intent::Delete => plan::apply(&setting, live, &compared.verdicts, &policy),
        };
        let refusal = match (context.args.prune, self.live) {
            (true, Live::Server(server)) => {
                let (verdicts, budget) = (&compared.verdicts, context.budget());
                pruning::add(&mut plan, server, &scene, verdicts, &budget, &self.set).await.err()
            }
            _ => None,
        };
        let yes = context.args.write.yes;
        let refusal = refusal.or_else(|| pruning::bound_items(&plan, &context.budget(), yes).err());
        let bound = match &self.basis {
            Some(basis) => Some(saved::bind(context.args, basis, &scene, &plan, context.saved)?),
            None => None,
        };
        let exact = bound.as_ref().filter(|_| context.saved.is_some()).map(Bound::exact);
        let run = Started {
            context,
            live: self.live,
            scene: &scene,
            set: self.set.clone(),
            policy,
            fence: self.fence,
            taken: self.taken.as_ref(),
            whole: comparison.chosen.is_all(),
            started,
            exact: exact.as_ref(),
            source: compared.source.clone(),
        };
        let (verdicts, warnings) = (compared.verdicts.clone(), compared.warnings.len());
        let (source, mut target) = (compared.source.clone(), target(name, self.live, compared));
        context.show(&source, &target, self.live, output)?;
        pruning::tell(&plan, output);
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        if let (Some(bound), Some(saved)) = (&bound, context.saved) {
            bound.check(context.args, saved)?;
        }
        let Done { code, acted, removed } = run.act(&plan, &verdicts, warnings, inputs, output).await?;
        if let Some(bound) = &bound {
            bound.save(context.args, run.is_doable(&plan, warnings), output)?;
        }
        target.acted = acted;
        context.tell(&source, &target, self.live, output)?;
        let counts = context.counts(self.live);
        Ok(Applied { source, target, counts, code, removed })
    }

    /// An apply goes forward in the history; where it does not, it is refused or said.
    async fn forward(&self, compared: &mut Compared) -> Result<(), RunError> {
        let args = self.context.args;
        let (Some(last), "apply") = (&compared.last, args.command) else { return Ok(()) };
        let request = settings::source(&args.source, &args.run);
        let (source, tag) = (&compared.source, compared.tag.as_deref());
        for finding in forward::findings(&request, last, source, tag, Lookup::Anywhere).await? {
            let strict = args.judge.strict && tag.is_some();
            let refuses = (finding.refuses || strict) && !args.write.allow_non_fast_forward;
            if refuses && !args.write.dry_run {
                return Err(RunError::refused(finding.problem, finding.hint));
            }
            compared.warnings.push(forward::notice(finding));
        }
        Ok(())
    }
}
