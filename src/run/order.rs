//! What a writing command was asked to do, whichever command it is.

use std::time::Duration;

use super::targets::Selection;
use crate::cli::values::Switch;
use crate::cli::writing::{
    ApplyArgs, DeleteArgs, DeleteBounds, RevertArgs, RollbackArgs, SavedArgs, WaitArgs, WriteArgs,
};
use crate::cli::{
    Added, AllowArgs, ChoiceArgs, ClusterArgs, JudgeArgs, LockArgs, RenderingArgs, ReportArgs, RunArgs,
    SetArgs, SourceArgs, TargetArgs, Verify,
};
use crate::plan::revert::Choice;
use crate::settings;

/// What is done about what differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Intent {
    /// Live becomes what Git says.
    Apply,
    /// What somebody did to the cluster is undone.
    Revert(Choice),
    /// Every member goes.
    Delete,
}

/// An order of a user.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// The command, as the record and the lock name it.
    pub(super) command: &'static str,
    pub(super) intent: Intent,
    pub(super) source: SourceArgs,
    pub(super) rendering: RenderingArgs,
    pub(super) set: SetArgs,
    pub(super) targets: TargetArgs,
    pub(super) judge: JudgeArgs,
    pub(super) write: WriteArgs,
    /// `--out` and `--plan`.
    pub(super) saved: SavedArgs,
    /// `--since`, as it was given.
    pub(super) since: Option<Duration>,
    pub(super) wait: WaitArgs,
    pub(super) prune: bool,
    pub(super) allow_empty: bool,
    pub(super) adopt_set: Vec<String>,
    pub(super) bounds: DeleteBounds,
    pub(super) allow: AllowArgs,
    pub(super) lock: LockArgs,
    pub(super) choice: ChoiceArgs,
    pub(super) cluster: ClusterArgs,
    pub(super) report: ReportArgs,
    pub(super) run: RunArgs,
}

impl Order {
    /// `gitops apply`.
    pub(super) fn apply(args: &ApplyArgs) -> Self {
        let args = args.clone();
        Self {
            command: "apply",
            intent: Intent::Apply,
            source: args.source,
            rendering: args.rendering,
            set: args.set,
            targets: args.targets,
            judge: args.judge,
            write: WriteArgs { dry_run: args.write.dry_run || args.saved.out.is_some(), ..args.write },
            saved: args.saved,
            since: None,
            wait: args.wait,
            prune: args.prune.prune,
            allow_empty: args.prune.allow_empty,
            adopt_set: args.adopt_set,
            bounds: args.prune.bounds,
            allow: args.allow,
            lock: args.lock,
            choice: args.choice,
            cluster: args.cluster,
            report: args.report,
            run: args.run,
        }
    }

    /// `gitops rollback`.
    pub(super) fn rollback(args: &RollbackArgs) -> Self {
        let mut order = Self::apply(&args.apply);
        order.command = "rollback";
        order.source.reference = Some(args.revision.clone());
        order
    }

    /// `gitops revert`.
    pub(super) fn revert(args: &RevertArgs) -> Self {
        let args = args.clone();
        let since = args.choose.since.and_then(|since| settings::moment().checked_sub(since).ok());
        let choice = Choice { fields: args.choose.field, managers: args.choose.manager, since };
        Self {
            command: "revert",
            intent: Intent::Revert(choice),
            source: args.source,
            rendering: args.rendering,
            set: args.set,
            targets: args.targets,
            judge: args.judge,
            write: WriteArgs {
                yes: args.write.yes,
                dry_run: args.write.dry_run || args.saved.out.is_some(),
                continue_on_error: args.write.continue_on_error,
                emit_events: args.write.emit_events,
                // What Git says now is only compared with: what is written was applied before.
                allow_dirty: true,
                ..WriteArgs::default()
            },
            saved: args.saved,
            since: args.choose.since,
            wait: args.wait,
            prune: false,
            allow_empty: false,
            adopt_set: Vec::new(),
            bounds: DeleteBounds { max_deletes: args.write.max_deletes, allow_prune_kind: Vec::new() },
            allow: args.allow,
            lock: args.lock,
            choice: args.choice,
            cluster: args.cluster,
            report: args.report,
            run: args.run,
        }
    }

    /// `gitops delete`.
    pub(super) fn delete(args: &DeleteArgs) -> Self {
        let args = args.clone();
        Self {
            command: "delete",
            intent: Intent::Delete,
            source: args.source,
            rendering: RenderingArgs::default(),
            set: args.set,
            targets: args.targets,
            judge: JudgeArgs { base: None, added: Added::Drift, strict: false, verify: Verify::Changed },
            write: WriteArgs {
                yes: args.write.yes,
                dry_run: args.write.dry_run || args.saved.out.is_some(),
                continue_on_error: args.write.continue_on_error,
                emit_events: args.write.emit_events,
                allow_dirty: true,
                ..WriteArgs::default()
            },
            saved: args.saved,
            since: None,
            wait: WaitArgs { wait: None, no_wait: Some(Switch::Given) },
            prune: true,
            allow_empty: true,
            adopt_set: Vec::new(),
            bounds: args.bounds,
            allow: args.allow,
            lock: args.lock,
            choice: ChoiceArgs { selector: None, only: Vec::new() },
            cluster: args.cluster,
            report: args.report,
            run: args.run,
        }
    }

    /// What is compared with which cluster.
    pub(super) fn selection(&self) -> Selection {
        Selection {
            source: self.source.clone(),
            set: self.set.clone(),
            targets: self.targets.clone(),
            choice: self.choice.clone(),
            cluster: self.cluster.clone(),
            base: self.judge.base.clone(),
            run: self.run.clone(),
        }
    }
}
