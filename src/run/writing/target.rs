//! One target of a command that writes: connect, render, take the lock, go on, give the lock back; and what is told of it.

use std::time::Duration;

use super::noting::inputs;
use super::planning::Locked;
use super::{Applied, Context};
use crate::cli::{ClusterArgs, Verify};
use crate::cluster::Server;
use crate::compare::sending::Force;
use crate::exit::Code;
use crate::plan::Policy;
use crate::plan::allowed::Allowed;
use crate::plan::prune::Budget;
use crate::reader::Live;
use crate::record::SetIdentity;
use crate::render::{Manifests, RenderError};
use crate::report::{Counts, Report, Source, TargetReport, hints};
use crate::run::acquainted::Acquainted;
use crate::run::compared::Comparison;
use crate::run::error::RunError;
use crate::run::fence::{self, Fence};
use crate::run::order::Intent;
use crate::run::output::Output;
use crate::run::prepared::{Prepared, Rendered, nameless, prepare};
use crate::run::reporting::{self, Told, explain};
use crate::run::targets::Job;
use crate::run::{kubeconfig, pin, pruning, saved};
use crate::settings;

impl Context<'_> {
    pub(super) async fn target(
        &self,
        name: &str,
        job: Job,
        output: &mut Output,
    ) -> Result<Applied, RunError> {
        let server = self.connect(&job).await?;
        let live = Live::Server(Box::new(server));
        let unchecked = pin::check(&live, name, job.cluster_uid.as_deref()).await?;
        let is_pinned = job.cluster_uid.is_some();
        let comparison = self.comparison(job, name, live.identity().namespace.as_deref());
        let progress = output.progress();
        let preparing = self.stop.unless(prepare(&comparison, &live, &progress));
        let mut prepared = preparing.await.ok_or_else(|| self.stopped())?.map_err(refused_if_empty)?;
        let set = self.set(&prepared)?;
        self.allow_record(&set)?;
        let acquainted = self.acquainted(&live, &set, &prepared.rendered, is_pinned, output).await?;
        if self.args.intent == Intent::Delete {
            prepared.rendered.manifests = Manifests::default();
        }
        prepared.rendered.manifests.warnings.extend(unchecked);
        let inputs = inputs(&prepared, &comparison);
        let basis = saved::basis(self.args, &comparison, &prepared, &inputs, &set, &live).await;
        saved::check_basis(self.args, self.saved, basis.as_ref())?;
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
        let locked = Locked { context: self, live: &live, set, fence: &fence, taken, basis };
        let result = locked.run(name, &comparison, prepared, output).await;
        fence.release(result.is_ok()).await;
        if result.as_ref().is_ok_and(|applied| applied.target.acted.is_some()) {
            acquainted.remember();
        }
        if let (Ok(Applied { removed: true, .. }), Live::Server(server)) = (&result, &live) {
            fence::remove(server, &locked.set).await;
        }
        live.warnings().iter().for_each(|text| output.say("warning", text));
        explain(live.counts(), output, self.surroundings);
        result
    }

    /// The clusters that the set was applied to; that this is none of them is said, or refused where nobody would see it.
    async fn acquainted(
        &self,
        live: &Live,
        set: &SetIdentity,
        rendered: &Rendered,
        is_pinned: bool,
        output: &Output,
    ) -> Result<Acquainted, RunError> {
        let source = match &rendered.origin_url {
            Some(url) => url.clone(),
            None => settings::absolute(&rendered.source.display),
        };
        let acquainted = Acquainted::open(live, set, &source).await;
        let write = &self.args.write;
        if let Some(stranger) = acquainted.check(write.yes && !write.dry_run, is_pinned)? {
            output.say("warning", &stranger);
        }
        Ok(acquainted)
    }

    pub(super) fn stopped(&self) -> RunError {
        RunError::stopped(self.stop.code())
    }

    async fn connect(&self, job: &Job) -> Result<Server, RunError> {
        let cluster = ClusterArgs { context: job.context.clone(), ..self.args.cluster.clone() };
        let (choice, environment) = kubeconfig(&self.args.source, &cluster)?;
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
            verify_new: self.args.judge.verify == Verify::All,
            rendering: settings::rendering(&self.args.rendering, &self.args.source, &self.args.run),
        }
    }

    /// What the user allows, whatever the repository says.
    pub(super) fn allowed(&self) -> Allowed {
        settings::allowed(&self.args.allow)
    }

    /// The record is written where the user says, or where objects may be.
    fn allow_record(&self, set: &SetIdentity) -> Result<(), RunError> {
        let args = &self.args;
        let said = args.set.record_namespace.as_ref().or(args.source.namespace.as_ref());
        let namespace = &set.record_namespace;
        if said == Some(namespace) || self.allowed().has_namespace(namespace) {
            return Ok(());
        }
        Err(RunError::refused(
            format!(
                "the record of set {} would be in {namespace}, which is none of the allowed namespaces",
                set.name
            ),
            format!("name another with --record-namespace, or allow it with --allow-namespace {namespace}"),
        ))
    }

    pub(super) fn budget(&self) -> Budget {
        Budget { empty: self.args.allow_empty, ..pruning::budget(&self.args.bounds) }
    }

    pub(super) fn policy(&self, set: &SetIdentity) -> Policy {
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
    pub(super) fn show(
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
    pub(super) fn tell(
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

    pub(super) fn counts(&self, live: &Live) -> Counts {
        let spent = live.counts();
        Counts {
            requests: spent.all(),
            dry_runs: spent.dry_runs,
            elapsed_ms: settings::milliseconds_since(self.surroundings.started),
        }
    }
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
