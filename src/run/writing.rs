//! Every command that writes: lock, compare, plan, show, ask, write, read again, record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::access;
use super::acting::{Acting, Acts, is_present, note_in_sync, places};
use super::awaiting::{unready, until_ready};
use super::compared::{Comparison, Prepared, Scene, examine, nameless, prepare};
use super::confirm::confirm;
use super::error::RunError;
use super::fence::{self, Fence, Taken};
use super::keeping::{Keeping, Places};
use super::lock;
use super::order::{Intent, Order};
use super::output::{Output, report_target_error};
use super::pin;
use super::pruning;
use super::reporting::{self, Told, explain, failed, target};
use super::stop::Stop;
use super::targets::{self, Job, Plan as Jobs};
use super::wait::Awaited;
use crate::cli::ClusterArgs;
use crate::cluster::Server;
use crate::compare::sending::Force;
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::exit::{Code, Style};
use crate::mask::rules::MaskRules;
use crate::mask::{Masked, acted};
use crate::object::id::ObjectId;
use crate::plan::outcome::Act;
use crate::plan::prune::Budget;
use crate::plan::{self, Plan, Policy};
use crate::progress::Progress;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::record::parent::{Inputs, Outcome, Run};
use crate::render::{Manifests, RenderError};
use crate::report::{Counts, Report, Source, TargetReport, hints};
use crate::settings::{self, Surroundings, Waits};

/// What every target of a run has in common.
struct Context<'a> {
    args: &'a Order,
    surroundings: &'a Surroundings,
    jobs: &'a Jobs,
    stop: &'a Stop,
}

/// What came of one target.
struct Applied {
    source: Source,
    target: TargetReport,
    counts: Counts,
    code: Code,
    /// True if the set is gone with its record.
    removed: bool,
}

/// Does what was ordered for every chosen target, one after the other.
///
/// # Errors
/// Nothing could be compared at all, or the report could not be written.
pub(super) async fn write(args: &Order, output: &mut Output, stop: &Stop) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let mut jobs = targets::plan(&args.selection()).await?;
    refuse_unchosen(args, &jobs)?;
    let (mut all, mut source, mut counts, mut codes) =
        (Vec::new(), jobs.source.clone(), Counts::default(), Vec::new());
    for (name, job) in std::mem::take(&mut jobs.jobs) {
        let context = Context { args, surroundings: &surroundings, jobs: &jobs, stop };
        let result = match job {
            Ok(job) => context.target(&name, job, output).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(applied) => {
                source.get_or_insert(applied.source);
                counts.requests += applied.counts.requests;
                counts.dry_runs += applied.counts.dry_runs;
                codes.push(applied.code);
                all.push(applied.target);
            }
            Err(error) if name.is_empty() => return Err(error),
            Err(error) => {
                report_target_error(&name, &error);
                codes.push(error.exit());
                all.push(failed(&name, &error));
            }
        }
        if let Some(code) = stop.code() {
            codes.push(code);
            break;
        }
    }
    counts.elapsed_ms = settings::milliseconds_since(surroundings.started);
    let code = Code::worst(codes);
    let report = Report {
        source: source.unwrap_or_default(),
        targets: all,
        warnings: jobs.warnings,
        rules: jobs.rules,
        counts,
        code,
        exit: code.styled(Style::Default),
    };
    reporting::write(&args.report, &surroundings, &report, output, Told::Rest)?;
    Ok(code)
}

/// Writing to several clusters at once is never a default.
fn refuse_unchosen(args: &Order, jobs: &Jobs) -> Result<(), RunError> {
    if jobs.jobs.len() < 2 || args.targets.all_targets || !args.targets.target.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = jobs.jobs.iter().map(|(name, _)| name.as_str()).collect();
    Err(RunError::usage(
        format!("{} targets are configured, and none is chosen", names.len()),
        format!("choose with --target {}, or all of them with --all-targets", names.join(" or --target ")),
    ))
}

impl Context<'_> {
    async fn target(&self, name: &str, job: Job, output: &mut Output) -> Result<Applied, RunError> {
        let server = self.connect(&job).await?;
        let live = Live::Server(Box::new(server));
        let unchecked = pin::check(&live, name, job.cluster_uid.as_deref()).await?;
        let comparison = self.comparison(job, name, live.identity().namespace.as_deref());
        let progress = output.progress();
        let preparing = self.stop.unless(prepare(&comparison, &live, &progress));
        let mut prepared = preparing.await.ok_or_else(|| self.stopped())?.map_err(refused_if_empty)?;
        let set = self.set(&prepared)?;
        if self.args.intent == Intent::Delete {
            prepared.rendered.manifests = Manifests::default();
        }
        prepared.rendered.manifests.warnings.extend(unchecked);
        let fence = Fence::new(self.stop.clone());
        let taken = match (&live, self.args.write.dry_run) {
            (Live::Server(server), false) => {
                let options = settings::lock(&self.args.lock, self.args.command);
                // Not dropped on a signal: a lock that was just taken has to be given back.
                Some(fence.take(server, &set, &options, &progress).await?)
            }
            _ => None,
        };
        drop(progress);
        let locked = Locked { context: self, live: &live, set, fence: &fence, taken };
        let result = locked.run(name, &comparison, prepared, output).await;
        fence.release(result.is_ok()).await;
        if let (Ok(Applied { removed: true, .. }), Live::Server(server)) = (&result, &live) {
            fence::remove(server, &locked.set).await;
        }
        live.warnings().iter().for_each(|text| output.say("warning", text));
        explain(live.counts(), output, self.surroundings);
        result
    }

    fn stopped(&self) -> RunError {
        RunError::stopped(self.stop.code())
    }

    async fn connect(&self, job: &Job) -> Result<Server, RunError> {
        let cluster = ClusterArgs { context: job.context.clone(), ..self.args.cluster.clone() };
        let (choice, environment) = super::kubeconfig(&self.args.source, &cluster)?;
        let mut options = settings::options(&cluster, &self.args.run, self.surroundings, false);
        let spent = Duration::from_millis(settings::milliseconds_since(self.surroundings.started));
        options.timeout = options.timeout.saturating_sub(spent);
        Ok(Server::connect(&choice, &environment, options).await?)
    }

    fn comparison(&self, job: Job, name: &str, namespace: Option<&str>) -> Comparison {
        let record = job.set.record_namespace.clone().or_else(|| job.namespace.clone());
        let adopts = self.args.adopt_set.iter().map(|old| {
            let (name, place) =
                old.split_once('/').map_or((old.as_str(), None), |(ns, name)| (name, Some(ns)));
            let record_namespace = place.map(str::to_owned).or_else(|| record.clone());
            let record_namespace = record_namespace.or_else(|| namespace.map(str::to_owned));
            let record_namespace = record_namespace.unwrap_or_else(|| "default".to_owned());
            SetIdentity { name: name.to_owned(), record_namespace }.id()
        });
        let adopts = adopts.collect();
        let mut chosen = settings::chosen(&self.args.choice);
        chosen.lenient = !name.is_empty() && self.args.targets.target.len() != 1;
        Comparison {
            source: job.opening,
            base: job.base,
            set: job.set,
            namespace: job.namespace,
            chosen,
            read_only: false,
            policy: settings::policy(&self.args.judge, None),
            rules: self.jobs.config.rules.clone(),
            allow_empty: self.args.allow_empty,
            adopts,
            rendering: settings::rendering(&self.args.rendering, &self.args.source, &self.args.run),
        }
    }

    fn budget(&self) -> Budget {
        Budget { empty: self.args.allow_empty, ..pruning::budget(&self.args.bounds) }
    }

    fn policy(&self, set: &SetIdentity) -> Policy {
        let forced = &self.args.write.force_conflicts;
        let force = Force {
            all: forced.iter().any(String::is_empty),
            of: forced.iter().filter(|of| !of.is_empty()).cloned().collect(),
        };
        Policy { set: set.id(), force, replace: self.args.write.replace.iter().cloned().collect() }
    }

    /// The set that is written. Without a name nobody could find its members again.
    fn set(&self, prepared: &Prepared) -> Result<SetIdentity, RunError> {
        let source = &prepared.rendered.source;
        if source.dirty && !self.args.write.allow_dirty && !self.args.write.dry_run {
            return Err(RunError::refused(
                format!("{} has uncommitted changes, and what is applied should be a commit", source.display),
                "commit them, or name a commit with --ref HEAD, or apply them as they are with --allow-dirty"
                    .to_owned(),
            ));
        }
        prepared.set.clone().ok_or_else(nameless)
    }

    /// The diff, before anything is asked or done. Other formats than text are written when all is over.
    fn show(
        &self,
        source: &Source,
        target: &TargetReport,
        live: &Live,
        output: &mut Output,
    ) -> Result<(), RunError> {
        target.warnings.iter().for_each(|warning| output.warning(warning));
        let report = self.report(source, target, live);
        reporting::write(&self.args.report, self.surroundings, &report, output, Told::Text)?;
        // What to do about a difference is what this command is about to do.
        if self.args.write.dry_run && self.args.intent != Intent::Delete {
            hints::hints(&report).iter().for_each(|hint| output.say("hint", hint));
        }
        Ok(())
    }

    /// What was done, as soon as it is.
    fn tell(
        &self,
        source: &Source,
        target: &TargetReport,
        live: &Live,
        output: &Output,
    ) -> Result<(), RunError> {
        if target.acted.is_none() {
            return Ok(());
        }
        let report = self.report(source, target, live);
        reporting::write(&self.args.report, self.surroundings, &report, output, Told::Acts)
    }

    fn report(&self, source: &Source, target: &TargetReport, live: &Live) -> Report {
        Report {
            source: source.clone(),
            targets: vec![target.clone()],
            warnings: Vec::new(),
            rules: None,
            counts: self.counts(live),
            code: Code::Clean,
            exit: 0,
        }
    }

    fn counts(&self, live: &Live) -> Counts {
        let spent = live.counts();
        Counts {
            requests: spent.all(),
            dry_runs: spent.dry_runs,
            elapsed_ms: settings::milliseconds_since(self.surroundings.started),
        }
    }
}

/// A run on one target that holds the lock, or is a dry run.
struct Locked<'a> {
    context: &'a Context<'a>,
    live: &'a Live,
    set: SetIdentity,
    fence: &'a Fence,
    /// What came of asking for the lock; `None` for a dry run.
    taken: Option<Taken>,
}

impl Locked<'_> {
    async fn run(
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
            source: compared.source.clone(),
        };
        let (verdicts, warnings) = (compared.verdicts.clone(), compared.warnings.len());
        let (source, mut target) = (compared.source.clone(), target(name, self.live, compared));
        context.show(&source, &target, self.live, output)?;
        pruning::tell(&plan, output);
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let (code, acted, removed) = run.act(&plan, &verdicts, warnings, inputs, output).await?;
        target.acted = acted;
        context.tell(&source, &target, self.live, output)?;
        let counts = context.counts(self.live);
        Ok(Applied { source, target, counts, code, removed })
    }
}

/// A run on one target, once its plan is made.
struct Started<'a> {
    context: &'a Context<'a>,
    live: &'a Live,
    scene: &'a Scene,
    set: SetIdentity,
    policy: Policy,
    fence: &'a Fence,
    taken: Option<&'a Taken>,
    /// True if no object was left out by choice.
    whole: bool,
    started: String,
    source: Source,
}

/// What was done, masked for a report.
type MaskedActs = Masked<Vec<plan::outcome::Acted>>;

impl Started<'_> {
    async fn act(
        &self,
        plan: &Plan,
        verdicts: &[ObjectVerdict],
        warnings: usize,
        inputs: Inputs,
        output: &mut Output,
    ) -> Result<(Code, Option<MaskedActs>, bool), RunError> {
        let write = &self.context.args.write;
        let blocked = Code::worst([blockers(plan), left(plan)]);
        if blockers(plan) != Code::Clean && !write.continue_on_error {
            output.say("hint", "nothing was written; --continue-on-error applies the rest");
            return Ok((blocked, None, false));
        }
        if self.context.args.run.deny_warnings && warnings > 0 {
            output.say("hint", "nothing was written, because warnings are errors here");
            return Ok((Code::Error, None, false));
        }
        if write.dry_run {
            let wanted = if plan.is_empty() { Code::Clean } else { Code::Differs };
            return Ok((Code::worst([blocked, refusals(plan), wanted]), None, false));
        }
        let Live::Server(server) = self.live else { return Ok((Code::Error, None, false)) };
        if !plan.is_empty() {
            let known = match self.taken {
                Some(Taken::Forbidden(right)) => vec![right.clone()],
                _ => Vec::new(),
            };
            access::check(server, plan, &self.set, known).await?;
            let asked =
                confirm(plan, self.live.identity(), write.yes, self.context.args.intent == Intent::Delete);
            self.fence.stop.unless(asked).await.ok_or_else(|| self.context.stopped())??;
        }
        let mut keeping = Keeping::open(server, &self.set).await?;
        for trouble in std::mem::take(&mut keeping.troubles) {
            output.say("warning", &trouble);
        }
        if keeping.is_damaged() && self.context.args.intent == Intent::Delete {
            return Err(RunError::refused(
                "the record does not tell where members of the set are, so nothing is deleted",
                "apply the set once more: that writes its record anew".to_owned(),
            ));
        }
        if self.context.args.intent == Intent::Apply {
            note_in_sync(&mut keeping, self.scene, verdicts)?;
        }
        let progress = Arc::new(output.progress());
        let acting = Acting {
            reader: self.live,
            server,
            scene: self.scene,
            policy: &self.policy,
            inflight: usize::from(self.context.args.cluster.max_inflight),
            fence: self.fence,
            lock: settings::lock(&self.context.args.lock, self.context.args.command),
            set: &self.set,
            keeping,
            progress: Arc::clone(&progress),
            continue_on_error: write.continue_on_error,
            written: BTreeSet::new(),
            intent: &self.context.args.intent,
        };
        let Acts { acted: mut done, unready, stopped, mut keeping } =
            acting.perform(plan, inputs.clone()).await;
        if stopped.is_none() {
            self.wait(unready, verdicts, &progress, &mut done).await;
        }
        drop(progress);
        let mut removed = false;
        let held = if plan.held.is_empty() { Code::Clean } else { Code::Error };
        let mut code = Code::worst([blocked, refusals(plan), held, of_acts(&done)]);
        if let Some(error) = stopped {
            super::output::report_error(&error);
            code = Code::worst([code, error.exit()]);
        } else {
            let run = self.run(&done, code, keeping.runs());
            let mut inputs = inputs;
            if run.is_some() {
                inputs.render_digest = keeping.render_digest(&self.scene.desired);
            }
            let places = self.places(&done, verdicts);
            removed = self.is_gone(plan, &done);
            match removed {
                true => keeping.remove().await?,
                false => keeping.finish(run, places, inputs).await?,
            }
        }
        if self.context.args.intent == Intent::Delete && !plan.kept.is_empty() {
            output.say(
                "hint",
                "the set and its record stay while members stay; name their kinds to delete them",
            );
            code = Code::worst([code, Code::Refused]);
        }
        code = Code::worst([Some(code), self.fence.stop.code()].into_iter().flatten());
        Ok((code, Some(acted(done, &MaskRules::default())), removed))
    }

    /// Waits until what was written is ready, if that is wanted and nothing has failed; where it was asked for also what was
    /// in sync but not ready when it was read, perhaps because an earlier run ran out of time.
    async fn wait(
        &self,
        mut awaited: Vec<Awaited>,
        verdicts: &[ObjectVerdict],
        progress: &Progress,
        done: &mut Vec<plan::outcome::Acted>,
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
    fn is_gone(&self, plan: &Plan, done: &[plan::outcome::Acted]) -> bool {
        self.context.args.intent == Intent::Delete
            && plan.kept.is_empty()
            && plan.blockers.is_empty()
            && self.scene.extras.gaps.is_empty()
            && done.iter().all(|acted| acted.act == Act::Deleted)
    }

    /// The line of the record about this run; none if it neither wrote, nor failed, nor moved to another commit.
    fn run(&self, acted: &[plan::outcome::Acted], code: Code, before: &[Run]) -> Option<Run> {
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
        })
    }

    /// Where members are after the run; `None` where that is not known for sure.
    fn places(&self, acted: &[plan::outcome::Acted], verdicts: &[ObjectVerdict]) -> Option<Places> {
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
fn by_id(acted: &[plan::outcome::Acted]) -> BTreeMap<&ObjectId, Act> {
    acted.iter().map(|acted| (&acted.id, acted.act)).collect()
}

/// The code of what keeps a run from writing.
fn blockers(plan: &Plan) -> Code {
    Code::worst(plan.blockers.iter().map(|(_, status)| Code::of_status(*status)))
}

/// The code of what a revert leaves: refused if it does nothing else.
fn left(plan: &Plan) -> Code {
    match (plan.left.is_empty(), plan.is_empty()) {
        (true, _) => Code::Clean,
        (false, true) => Code::Refused,
        (false, false) => Code::Error,
    }
}

/// The code of what is planned as refused.
fn refusals(plan: &Plan) -> Code {
    let code = |step: &plan::Step| match &step.action {
        plan::Action::Refused(plan::Refused::Replace | plan::Refused::NeverReplaced) => Some(Code::Refused),
        plan::Action::Refused(plan::Refused::Terminating) => Some(Code::Error),
        _ => None,
    };
    Code::worst(plan.steps.iter().filter_map(code))
}

fn of_acts(acted: &[plan::outcome::Acted]) -> Code {
    let bad = acted.iter().any(|acted| matches!(acted.act, Act::Failed | Act::NotStarted));
    if bad { Code::Error } else { Code::Clean }
}

/// A source without manifests is a guard's business where something is written.
fn refused_if_empty(error: RunError) -> RunError {
    match error {
        RunError::Render(empty @ RenderError::NoManifests { .. }) => {
            RunError::refused(empty.to_string(), RunError::Render(empty).hint())
        }
        other => other,
    }
}

/// What decided about the render, for the record.
fn inputs(prepared: &Prepared, comparison: &Comparison) -> Inputs {
    let mut settings = BTreeMap::new();
    if let Some(namespace) = &comparison.namespace {
        settings.insert("namespace".to_owned(), namespace.clone());
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
