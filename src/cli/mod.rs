//! The command line as it is written: commands, flags, help texts. No logic; [`values`] reads what clap cannot.
//!
//! Every flag has a variable `GITOPS_…` of its name; the flag wins.

mod allow;
mod examples;
pub mod generate;
mod lock;
mod rendering;
pub mod values;
pub mod writing;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub use crate::cli::allow::AllowArgs;
pub use crate::cli::lock::LockArgs;
pub use crate::cli::rendering::{AllowRemote, Renderer, RenderingArgs};
use crate::cli::values::{Destination, Only, format_parser};
use crate::cli::writing::{ApplyArgs, DeleteArgs, HistoryArgs, RevertArgs, RollbackArgs, UndoArgs};
use crate::compare::paranoid::Percent;
use crate::exit::FailOn;
use crate::object::selector::Selector;

/// Finds drift between Git and a Kubernetes cluster
///
/// Reads a Git source at a revision, renders its manifests, reads the matching live objects and tells field by field
/// what differs, why, and who did it.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "gitops",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = examples::global()
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show what differs between Git and the cluster
    ///
    /// Compares every object of the source with its live state. `-` is live, `+` is Git. Nothing is written, neither to
    /// the cluster nor to the repository. stdout carries the report alone; progress, warnings and hints go to stderr.
    #[command(after_help = examples::diff())]
    Diff(Box<DiffArgs>),
    /// Make the cluster equal to Git
    ///
    /// Shows the diff, asks, writes what differs, and reads again what was written. What is shown is what is done: an object
    /// that somebody changes in between is left alone. Running it twice writes nothing the second time.
    #[command(after_help = examples::apply())]
    Apply(Box<ApplyArgs>),
    /// Put back what somebody did to the cluster
    ///
    /// Fields that drifted, fields that people added and objects that are gone become what was applied last. What moved in
    /// Git waits for the next apply, and everything else of an object keeps its live value.
    #[command(after_help = examples::revert())]
    Revert(Box<RevertArgs>),
    /// Make the cluster equal to an earlier revision
    ///
    /// As `gitops apply --ref REV`: shows the diff to that revision, asks, writes and reads again. What the revision does not
    /// have is deleted only with --prune.
    #[command(after_help = examples::rollback())]
    Rollback(Box<RollbackArgs>),
    /// Delete every member of the set, and its record
    ///
    /// Shows what goes, asks for the number of objects, and deletes them in the reverse order of an apply. Protected kinds
    /// stay unless they are named; then the record stays too.
    #[command(after_help = examples::delete())]
    Delete(Box<DeleteArgs>),
    /// Put every object back as it was before the last run
    ///
    /// Shows what goes back, asks, and writes. What the run changed, made and deleted is taken back with its owners; where
    /// somebody has been at an object since, it is left alone and the exit code is 5. Undoing an undo does the run again.
    #[command(after_help = examples::undo())]
    Undo(Box<UndoArgs>),
    /// List the last runs that wrote to the set
    #[command(after_help = examples::history())]
    History(Box<HistoryArgs>),
    /// Print the rendered manifests
    ///
    /// Needs no cluster and no kubeconfig. kubectl reads the output as the same objects.
    #[command(after_help = examples::render())]
    Render(RenderArgs),
    /// Record the live state that a diff needs into a file
    ///
    /// `gitops diff --live FILE` compares with the file as with the cluster itself. Values of Secrets are left out
    /// unless --include-secrets is given.
    #[command(after_help = examples::snapshot())]
    Snapshot(SnapshotArgs),
    /// Print the completion script of a shell
    #[command(after_help = examples::completions())]
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    #[command(after_help = examples::man())]
    Man {
        /// The command whose page is printed; without it, the page of gitops itself
        #[arg(value_parser = generate::PAGES)]
        command: Option<String>,
    },
}

/// Where manifests come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source")]
pub struct SourceArgs {
    /// Directory, Git URL, or `-` for standard input
    ///
    /// URLs are https://, ssh://, user@host:path and file://, also as URL//sub/dir?ref=REV. A directory is read as it
    /// is now, uncommitted edits included.
    #[arg(value_name = "SOURCE", default_value = ".")]
    pub source: String,

    /// Branch, tag or commit to read instead of the working tree or the default branch
    #[arg(long = "ref", value_name = "REV", env = "GITOPS_REF", hide_env_values = true)]
    pub reference: Option<String>,

    /// Directory inside the source
    #[arg(long, value_name = "DIR", env = "GITOPS_PATH", hide_env_values = true)]
    pub path: Option<String>,

    /// Stay off the network for the source: use the commit of a URL that was fetched last
    #[arg(long, env = "GITOPS_OFFLINE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub offline: bool,

    /// Namespace for objects that have none; never a filter, never an override
    #[arg(short, long, value_name = "NS", env = "GITOPS_NAMESPACE", hide_env_values = true)]
    #[arg(value_parser = values::namespace)]
    pub namespace: Option<String>,
}

/// Which set the objects are, and where its record is.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Set")]
pub struct SetArgs {
    /// Name of the set, whose record on the cluster tells what was applied last
    ///
    /// Without it the name is made of the repository and the path: the last segment of the origin's URL without .git, and
    /// the path with - for /.
    #[arg(long, value_name = "NAME", env = "GITOPS_SET_NAME", hide_env_values = true)]
    #[arg(value_parser = values::set_name)]
    pub set_name: Option<String>,

    /// Namespace of the record; default: that of -n, else of the context, else default
    #[arg(long, value_name = "NS", env = "GITOPS_RECORD_NAMESPACE", hide_env_values = true)]
    #[arg(value_parser = values::namespace)]
    pub record_namespace: Option<String>,
}

/// Which objects are looked at.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Objects")]
pub struct ChoiceArgs {
    /// Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db
    #[arg(short = 'l', long, value_name = "SELECTOR", env = "GITOPS_SELECTOR", hide_env_values = true)]
    #[arg(value_parser = Selector::parse)]
    pub selector: Option<Selector>,

    /// Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable
    #[arg(long, value_name = "KIND[/NS]/NAME", env = "GITOPS_ONLY", hide_env_values = true)]
    #[arg(value_parser = values::only)]
    pub only: Vec<Only>,
}

/// The configuration of the source, and which of its targets.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Targets")]
pub struct TargetArgs {
    /// Target of the configuration; repeatable. Without it, all of them
    #[arg(long, value_name = "NAME", env = "GITOPS_TARGET", hide_env_values = true, conflicts_with = "path")]
    pub target: Vec<String>,

    /// All targets of the configuration; an error if it has none
    #[arg(long, env = "GITOPS_ALL_TARGETS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with_all = ["path", "target"])]
    pub all_targets: bool,

    /// Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules
    #[arg(long, value_name = "FILE", env = "GITOPS_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,

    /// The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)
    #[arg(long, value_name = "UID", env = "GITOPS_CLUSTER_UID", hide_env_values = true)]
    pub cluster_uid: Option<String>,
}

/// Which cluster is read, and as whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterArgs {
    /// Context of the kubeconfig; default: its current context
    #[arg(long, value_name = "NAME", env = "GITOPS_CONTEXT", hide_env_values = true)]
    pub context: Option<String>,

    /// Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in
    #[arg(long, value_name = "FILE", env = "GITOPS_KUBECONFIG", hide_env_values = true)]
    pub kubeconfig: Option<PathBuf>,

    /// User to impersonate
    #[arg(long = "as", value_name = "USER", env = "GITOPS_AS", hide_env_values = true)]
    pub as_user: Option<String>,

    /// Group to impersonate; repeatable, needs --as
    #[arg(long, value_name = "GROUP", env = "GITOPS_AS_GROUP", hide_env_values = true, requires = "as_user")]
    pub as_group: Vec<String>,

    /// Requests in flight at most
    #[arg(long, value_name = "N", default_value_t = 16, env = "GITOPS_MAX_INFLIGHT", hide_env_values = true)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=256))]
    pub max_inflight: u16,
}

/// Bounds and noise of a run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub struct RunArgs {
    /// Deadline of the whole run, for example 90s or 10m
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10m",
        env = "GITOPS_TIMEOUT",
        hide_env_values = true
    )]
    #[arg(value_parser = values::duration)]
    pub timeout: Duration,

    /// Keep nothing on disk between runs: neither read nor write the cache
    #[arg(long, env = "GITOPS_NO_CACHE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub no_cache: bool,

    /// Treat warnings as errors (exit 2)
    #[arg(long, env = "GITOPS_DENY_WARNINGS", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub deny_warnings: bool,

    /// Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "GITOPS_COLOR", hide_env_values = true)]
    pub color: Color,

    /// No progress, no warnings, no hints
    #[arg(short, long, env = "GITOPS_QUIET", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(conflicts_with = "verbose")]
    pub quiet: bool,

    /// Explain on stderr: requests, timings, cache; twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Flags of `gitops diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// Where manifests come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How manifests are made of it.
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
    /// What is compared, and with what.
    #[command(flatten)]
    pub compare: CompareArgs,
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

/// What was applied last, and how people's additions are taken.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Comparison")]
pub struct JudgeArgs {
    /// Revision that was applied last: tells drift from pending changes; `none` for none
    ///
    /// Without it the base is the record of the set, or the last-applied annotation of client-side applied objects; for all
    /// others the times of managedFields are the evidence.
    #[arg(long, value_name = "REV", env = "GITOPS_BASE", hide_env_values = true)]
    pub base: Option<String>,

    /// How fields are taken that people added and Git does not have
    #[arg(long, value_name = "WHAT", default_value = "drift", env = "GITOPS_ADDED", hide_env_values = true)]
    pub added: Added,

    /// Labels and annotations that people added count too; an apply of a tag that moved is refused
    #[arg(long, env = "GITOPS_STRICT", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub strict: bool,

    /// Which objects the server is asked about: what it alone can decide, or also every object that does not exist yet
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "changed",
        env = "GITOPS_VERIFY",
        hide_env_values = true
    )]
    pub verify: Verify,
}

/// What dry runs are sent for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    /// Objects that exist and differ in what cannot be decided without the server
    #[default]
    Changed,
    /// New objects too: what the server would refuse is told before anything is written
    All,
}

/// What a diff compares with, and what counts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Comparison")]
pub struct CompareArgs {
    /// Compare with a file instead of a cluster: a snapshot, or what `kubectl get -o yaml|json` printed
    #[arg(long, value_name = "FILE", env = "GITOPS_LIVE", hide_env_values = true)]
    #[arg(conflicts_with_all = ["context", "kubeconfig", "as_user", "as_group"])]
    pub live: Option<PathBuf>,

    /// Send no request but get and list: no dry run; what only a dry run can prove is unknown (exit 3)
    #[arg(long, env = "GITOPS_READ_ONLY", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub read_only: bool,

    /// What gives exit 1, separated by commas; errors and unknown objects always count [default: all]
    #[arg(long, value_name = "LIST", env = "GITOPS_FAIL_ON", hide_env_values = true, value_delimiter = ',')]
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(FailOn::words()))]
    pub fail_on: Vec<String>,

    /// Ask the server about N % of what is proven in sync without it, and report any other answer as a bug
    #[arg(long, value_name = "N%", env = "GITOPS_PARANOID", hide_env_values = true, value_parser = values::percent)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "5%", conflicts_with_all = ["live", "read_only"])]
    pub paranoid: Option<Percent>,

    /// Numbers of the exit codes; terraform swaps 1 and 2
    #[arg(long, value_name = "STYLE", default_value = "default", env = "GITOPS_EXIT_CODE_STYLE")]
    #[arg(hide_env_values = true)]
    pub exit_code_style: ExitCodeStyle,
}

/// What a report holds and where it goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]
    #[arg(short, long, value_name = "FORMAT[=FILE]", env = "GITOPS_OUTPUT", hide_env_values = true)]
    #[arg(value_parser = format_parser::<DiffFormat>())]
    pub output: Vec<Destination<DiffFormat>>,

    /// Lines of context in the diff of a text of several lines
    #[arg(short = 'U', long, value_name = "N", default_value_t = 3, env = "GITOPS_UNIFIED")]
    #[arg(hide_env_values = true, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub unified: u32,

    /// Show also what does not count, separated by commas
    #[arg(long, value_name = "LIST", env = "GITOPS_SHOW", hide_env_values = true, value_delimiter = ',')]
    pub show: Vec<Show>,
}

/// Flags of `gitops render`.
#[derive(Debug, Clone, Args)]
pub struct RenderArgs {
    /// Where manifests come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How manifests are made of it.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Which objects.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Fetch remote bases at what their revisions are now, and write their commits into gitops.lock at the root of the source
    ///
    /// Entries of bases that this render does not name stay as they are. SOURCE has to be a directory, read as it is.
    #[arg(long, env = "GITOPS_UPDATE_LOCK", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(help_heading = "Rendering")]
    pub update_lock: bool,
    /// Render a kustomization with this kustomize or kubectl too, and print the first difference instead of manifests
    ///
    /// Exit code 0 if both give the same objects in the same order, 2 if they do not.
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "GITOPS_VERIFY_WITH",
        hide_env_values = true,
        help_heading = "Rendering"
    )]
    #[arg(conflicts_with_all = ["output", "only", "selector"])]
    pub verify_with: Option<PathBuf>,
    /// yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]
    #[arg(short, long, value_name = "FORMAT[=FILE]", env = "GITOPS_OUTPUT", hide_env_values = true)]
    #[arg(value_parser = format_parser::<RenderFormat>(), help_heading = "Report")]
    pub output: Vec<Destination<RenderFormat>>,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Flags of `gitops snapshot`.
#[derive(Debug, Clone, Args)]
pub struct SnapshotArgs {
    /// Where manifests come from.
    #[command(flatten)]
    pub source: SourceArgs,
    /// How manifests are made of it.
    #[command(flatten)]
    pub rendering: RenderingArgs,
    /// Which set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Which cluster.
    #[command(flatten)]
    pub cluster: ClusterArgs,
    /// File to write; `-` for stdout
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "-",
        env = "GITOPS_OUTPUT",
        hide_env_values = true
    )]
    #[arg(help_heading = "Snapshot")]
    pub output: PathBuf,
    /// Record the values of Secrets too; the file is readable by its owner alone, and may not be in a Git work tree
    #[arg(long, env = "GITOPS_INCLUDE_SECRETS", hide_env_values = true, help_heading = "Snapshot")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub include_secrets: bool,
    /// Bounds and noise.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Formats of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For people
    Text,
    /// For programs; its schema is versioned
    Json,
}

/// Formats of a render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RenderFormat {
    /// One stream of documents
    Yaml,
    /// One array
    Json,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What additions by people are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Added {
    /// They count
    Drift,
    /// They are noted and do not count
    Note,
    /// They are not looked at
    Ignore,
}

/// What a report shows beside differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// Objects that are in sync, and values that are only spelled differently
    InSync,
    /// Fields of controllers outside Git
    Foreign,
    /// What a rule ignores
    Ignored,
}

/// How exit codes are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExitCodeStyle {
    /// 1 differs, 2 error
    Default,
    /// 2 differs, 1 error
    Terraform,
}
