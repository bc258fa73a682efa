//! Flags of the commands that write.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::values::{self, Switch};
use super::{
    AllowArgs, ChoiceArgs, ClusterArgs, JudgeArgs, LockArgs, RenderingArgs, ReportArgs, RunArgs, SetArgs,
    SourceArgs, TargetArgs,
};
use crate::object::pattern::PathPattern;

/// Flags of `gitops apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// Where manifests come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How they are rendered.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// What was applied last.
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// What may be written.
    #[command(flatten)]
    pub write: WriteArgs,
    /// The plan in a file.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// What is waited for.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// What may be deleted.
    #[command(flatten)]
    pub prune: PruneArgs,
    /// Take over the members of another set, after it was renamed: NAME, or NAMESPACE/NAME of its record; repeatable
    #[arg(long, value_name = "OLD", env = "GITOPS_ADOPT_SET", hide_env_values = true, help_heading = "Set")]
    pub adopt_set: Vec<String>,
    /// What may be touched.
    #[command(flatten)]
    pub allow: AllowArgs,
    /// How the lock is taken.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Which objects.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What the report holds.
    #[command(flatten)]
    pub report: ReportArgs,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Flags of `gitops rollback`.
#[derive(Debug, Clone, Args)]
pub struct RollbackArgs {
    /// Branch, tag or commit to go back to
    #[arg(value_name = "REV")]
    pub revision: String,
    /// Everything else is as in an apply.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// Flags of `gitops revert`.
#[derive(Debug, Clone, Args)]
pub struct RevertArgs {
    /// Where manifests come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How they are rendered.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// What was applied last.
    #[command(flatten)]
    pub judge: JudgeArgs,
    /// What is put back.
    #[command(flatten)]
    pub choose: ChooseArgs,
    /// What may be written.
    #[command(flatten)]
    pub write: RevertWriteArgs,
    /// The plan in a file.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// What is waited for.
    #[command(flatten)]
    pub wait: WaitArgs,
    /// What may be touched.
    #[command(flatten)]
    pub allow: AllowArgs,
    /// How the lock is taken.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Which objects.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What the report holds.
    #[command(flatten)]
    pub report: ReportArgs,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What a revert puts back; without a choice everything, objects that are gone included.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What is put back")]
pub struct ChooseArgs {
    /// Only fields at or below this path, as reports print it: spec.replicas; repeatable
    #[arg(long, value_name = "PATH", env = "GITOPS_FIELD", hide_env_values = true, value_parser = values::path)]
    pub field: Vec<PathPattern>,

    /// Only fields that this field manager wrote, such as kubectl-edit; repeatable
    #[arg(long, value_name = "NAME", env = "GITOPS_MANAGER", hide_env_values = true)]
    pub manager: Vec<String>,

    /// Only fields that were written in this time: 2h
    #[arg(long, value_name = "DURATION", env = "GITOPS_SINCE", hide_env_values = true, value_parser = values::duration)]
    pub since: Option<Duration>,
}

/// How a revert is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Writing")]
pub struct RevertWriteArgs {
    /// Do not ask; without it and without a terminal nothing is written (exit 5)
    #[arg(short, long, env = "GITOPS_YES", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub yes: bool,

    /// Show what would be put back and write nothing
    #[arg(long, env = "GITOPS_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Put the rest back although some objects are invalid, unknown, blocked or in conflict, or a step failed
    #[arg(long, env = "GITOPS_CONTINUE_ON_ERROR", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub continue_on_error: bool,

    /// Tell what the run did as an Event about the set's record
    #[arg(long, env = "GITOPS_EMIT_EVENTS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub emit_events: bool,

    /// Containers, volumes and ports that are taken out without a question at most [default: 50]
    #[arg(long, value_name = "N", env = "GITOPS_MAX_DELETES", hide_env_values = true)]
    pub max_deletes: Option<usize>,
}

/// Flags of `gitops delete`.
#[derive(Debug, Clone, Args)]
pub struct DeleteArgs {
    /// Where manifests come from: with the path it names the set.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which targets.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// What may be written.
    #[command(flatten)]
    pub write: DeleteWriteArgs,
    /// The plan in a file.
    #[command(flatten)]
    pub saved: SavedArgs,
    /// What may be deleted.
    #[command(flatten)]
    pub bounds: DeleteBounds,
    /// What may be touched.
    #[command(flatten)]
    pub allow: AllowArgs,
    /// How the lock is taken.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What the report holds.
    #[command(flatten)]
    pub report: ReportArgs,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// How a set is deleted.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Writing")]
pub struct DeleteWriteArgs {
    /// Do not ask; needs --max-deletes
    #[arg(short, long, env = "GITOPS_YES", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(requires = "max_deletes")]
    pub yes: bool,

    /// Show what would be deleted and write nothing
    #[arg(long, env = "GITOPS_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Delete the rest although a deletion failed
    #[arg(long, env = "GITOPS_CONTINUE_ON_ERROR", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub continue_on_error: bool,

    /// Tell what the run did as an Event about the set's record
    #[arg(long, env = "GITOPS_EMIT_EVENTS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub emit_events: bool,
}

/// Flags of `gitops undo`.
#[derive(Debug, Clone, Args)]
pub struct UndoArgs {
    /// Where manifests come from: with the path it names the set.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which target.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// What may be written.
    #[command(flatten)]
    pub write: UndoWriteArgs,
    /// What may be deleted.
    #[command(flatten)]
    pub bounds: DeleteBounds,
    /// What may be touched.
    #[command(flatten)]
    pub allow: AllowArgs,
    /// How the lock is taken.
    #[command(flatten)]
    pub lock: LockArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// What the report holds.
    #[command(flatten)]
    pub report: ReportArgs,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// How a run is undone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Writing")]
pub struct UndoWriteArgs {
    /// Do not ask; without it and without a terminal nothing is written (exit 5)
    #[arg(short, long, env = "GITOPS_YES", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub yes: bool,

    /// Show what would be put back and write nothing
    #[arg(long, env = "GITOPS_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Go on although a step failed
    #[arg(long, env = "GITOPS_CONTINUE_ON_ERROR", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub continue_on_error: bool,

    /// Tell what the run did as an Event about the set's record
    #[arg(long, env = "GITOPS_EMIT_EVENTS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub emit_events: bool,

    /// Delete and make anew objects of this kind that the run had deleted and made anew; repeatable
    #[arg(long, value_name = "KIND", env = "GITOPS_REPLACE", hide_env_values = true)]
    pub replace: Vec<String>,

    /// With --yes: believe the undo record on the cluster where this machine has none
    ///
    /// Whoever may write Secrets in the namespace of the record may have changed it. It reaches members of the set alone.
    #[arg(long, env = "GITOPS_FROM_CLUSTER", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub from_cluster: bool,
}

/// Flags of `gitops history`.
#[derive(Debug, Clone, Args)]
pub struct HistoryArgs {
    /// Where manifests come from: with the path it names the set.
    #[command(flatten)]
    pub source: SourceArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What an apply may delete.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Deleting")]
pub struct PruneArgs {
    /// Delete members of the set that left Git
    #[arg(long, env = "GITOPS_PRUNE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub prune: bool,

    /// Prune although nothing is rendered: everything goes
    #[arg(long, env = "GITOPS_ALLOW_EMPTY", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(requires = "prune")]
    pub allow_empty: bool,

    /// How much may be deleted.
    #[command(flatten)]
    pub bounds: DeleteBounds,
}

/// How much a command may delete.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Deleting")]
pub struct DeleteBounds {
    /// Deletions at most [default: 50, and 30 % of a set of 10 or more]; with --yes containers, volumes and ports that are
    /// taken out of objects count as well
    #[arg(long, value_name = "N", env = "GITOPS_MAX_DELETES", hide_env_values = true)]
    pub max_deletes: Option<usize>,

    /// Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable
    #[arg(long, value_name = "KIND", env = "GITOPS_ALLOW_PRUNE_KIND", hide_env_values = true)]
    pub allow_prune_kind: Vec<String>,
}

/// A plan in a file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Writing")]
pub struct SavedArgs {
    /// Show what would be done, save it as a plan in FILE, and write nothing to the cluster
    ///
    /// The plan names every step and holds no value of any object. A file that exists is replaced only if it is a plan.
    #[arg(long, value_name = "FILE", env = "GITOPS_OUT", hide_env_values = true, conflicts_with = "plan")]
    pub out: Option<PathBuf>,

    /// Perform exactly the plan that --out saved in FILE, with the same flags, or nothing (exit 5)
    ///
    /// Everything is read and computed anew. If the commit, a flag, the render, the cluster or any object is not as it was,
    /// the run says what differs and writes nothing.
    #[arg(long, value_name = "FILE", env = "GITOPS_PLAN", hide_env_values = true)]
    pub plan: Option<PathBuf>,
}

/// What a command may write.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Writing")]
pub struct WriteArgs {
    /// Do not ask; without it and without a terminal nothing is written (exit 5)
    #[arg(short, long, env = "GITOPS_YES", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub yes: bool,

    /// Show what would be done and write nothing
    #[arg(long, env = "GITOPS_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub dry_run: bool,

    /// Write the rest although some objects are invalid, unknown, blocked or in conflict, or a step failed
    #[arg(long, env = "GITOPS_CONTINUE_ON_ERROR", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub continue_on_error: bool,

    /// Tell what the run did as an Event about the set's record
    #[arg(long, env = "GITOPS_EMIT_EVENTS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub emit_events: bool,

    /// Take fields that controllers hold: all of them, or those of a field manager, or one path; repeatable
    #[arg(long, value_name = "MANAGER|PATH", env = "GITOPS_FORCE_CONFLICTS", hide_env_values = true)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub force_conflicts: Vec<String>,

    /// Delete and make anew objects of this kind whose immutable fields change, such as Job or Job.batch; repeatable
    ///
    /// Never a PersistentVolume, PersistentVolumeClaim, Namespace or CustomResourceDefinition.
    #[arg(long, value_name = "KIND", env = "GITOPS_REPLACE", hide_env_values = true)]
    pub replace: Vec<String>,

    /// Apply uncommitted changes of a working tree
    #[arg(long, env = "GITOPS_ALLOW_DIRTY", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub allow_dirty: bool,

    /// Apply a revision that does not continue what was applied last: an older one, or a branch that was rewritten
    #[arg(long, env = "GITOPS_ALLOW_NON_FAST_FORWARD", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub allow_non_fast_forward: bool,
}

/// Whether a command that writes waits until what it wrote is ready. Its time is that of the run, `--timeout`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Waiting")]
pub struct WaitArgs {
    /// Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]
    ///
    /// What counts as ready are the rules of kstatus: replicas that are available, definitions that are established,
    /// conditions of custom resources. What is not ready in time is an error (exit 2) that says why.
    #[arg(long, env = "GITOPS_WAIT", hide_env_values = true, value_parser = values::switch)]
    #[arg(num_args = 0, default_missing_value = values::GIVEN, overrides_with = "no_wait")]
    pub wait: Option<Switch>,

    /// Do not wait until objects are ready
    #[arg(long, env = "GITOPS_NO_WAIT", hide_env_values = true, value_parser = values::switch)]
    #[arg(num_args = 0, default_missing_value = values::GIVEN, overrides_with = "wait")]
    pub no_wait: Option<Switch>,
}
