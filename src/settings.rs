//! From flags and environment to settings, once. Past this module nobody sees a flag or a variable.
#![expect(clippy::disallowed_methods, reason = "reads the environment and the terminal: an edge")]

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::values::Switch;
use crate::cli::writing::WaitArgs;
use crate::cli::{
    self, Added, ChoiceArgs, Cli, ClusterArgs, Color, Command, CompareArgs, ExitCodeStyle, JudgeArgs,
    LockArgs, RenderingArgs, ReportArgs, RunArgs, SetArgs, SourceArgs,
};
use crate::cluster::Options;
use crate::cluster::kubeconfig::{Choice, Environment};
use crate::compare::judge::{AddedPolicy, Policy};
use crate::compare::paranoid::Percent;
use crate::exit::Style;
use crate::external::Limits;
use crate::object::glob::Glob;
use crate::plan::allowed::Allowed;
use crate::record::SetChoice;
use crate::report::{Show, style, text};
use crate::run::choose::Chosen;
use crate::run::lock::LockOptions;
use crate::run::remotes::Policy as RemotePolicy;
use crate::run::rendering::Rendering;
use crate::source;
use crate::source::tree::MAX_TOTAL_BYTES;

/// What a command needs to know about how it may use its surroundings.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Directory of caches; `None` keeps nothing on disk.
    pub cache: Option<PathBuf>,
    /// When the run began.
    pub started: Instant,
    /// True if stdout may be coloured.
    pub color: bool,
    /// True if files may be coloured.
    pub color_files: bool,
    /// True if neither progress nor warnings are wanted.
    pub quiet: bool,
    /// How much is explained on stderr: 0 to 2.
    pub verbose: u8,
    /// Width of the terminal behind stdout, or `None` for a pipe or a file.
    pub width: Option<usize>,
}

/// The request for a source.
pub fn source(args: &SourceArgs, run: &RunArgs) -> source::Request {
    let mut request = source::Request::new(&args.source);
    request.reference = args.reference.clone();
    request.path = args.path.clone();
    request.offline = args.offline;
    request.deadline = run.timeout.min(Duration::from_secs(120));
    request.cache_dir = cache_directory().filter(|_| !run.no_cache).map(|cache| cache.join("git"));
    request.environment = source::environment::Environment::from_process();
    request
}

/// How the source is rendered.
pub fn rendering(args: &RenderingArgs, source: &SourceArgs, run: &RunArgs) -> Rendering {
    let remotes = match (&args.allow_remote, args.locked) {
        (cli::AllowRemote::Nothing, _) => RemotePolicy::Refuse,
        (_, false) => RemotePolicy::Allow,
        (_, true) => RemotePolicy::Locked,
    };
    let hosts = match &args.allow_remote {
        cli::AllowRemote::Hosts(hosts) => Some(hosts.clone()),
        cli::AllowRemote::Nothing | cli::AllowRemote::All => None,
    };
    Rendering {
        request: self::source(source, run),
        remotes,
        hosts,
        renderer: args.renderer.clone(),
        exports: cache_directory().map(|cache| cache.join("exports")),
        limits: Limits { time: run.timeout, output: MAX_TOTAL_BYTES },
    }
}

/// The kubeconfig to choose and the environment that helps.
pub fn kubeconfig(args: &ClusterArgs) -> (Choice, Environment) {
    let choice = Choice {
        file: args.kubeconfig.clone(),
        context: args.context.clone(),
        impersonate: args.as_user.clone(),
        impersonate_groups: args.as_group.clone(),
    };
    (choice, Environment::of_process())
}

/// How to talk to the server.
pub fn options(args: &ClusterArgs, run: &RunArgs, surroundings: &Surroundings, read_only: bool) -> Options {
    Options {
        max_inflight: usize::from(args.max_inflight),
        timeout: run.timeout,
        read_only,
        cache: surroundings.cache.clone(),
        seed: seed(),
    }
}

/// How the lock of a set is taken; `doing` is the command, for those who wait.
pub fn lock(args: &LockArgs, doing: &str) -> LockOptions {
    LockOptions {
        timeout: args.lock_timeout,
        duration: args.lock_duration,
        break_lock: args.break_lock,
        doing: doing.to_owned(),
    }
}

/// Spreads the waits of runs that start together.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.as_nanos() as u64 ^ u64::from(std::process::id()).rotate_left(32)
}

/// The day, in UTC.
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// The time.
pub fn moment() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// The time, RFC 3339 in UTC, in whole seconds.
pub fn now() -> String {
    let now = moment();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// Largest configuration that is read, in bytes.
const MAX_CONFIGURATION: u64 = 16 * 1024 * 1024;

/// The bytes of the file that `--config` names.
///
/// # Errors
/// It cannot be read, or is too large.
pub fn configuration(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_CONFIGURATION + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_CONFIGURATION {
        true => Err(std::io::Error::other(format!("more than {MAX_CONFIGURATION} bytes"))),
        false => Ok(bytes),
    }
}

/// The set that is compared or recorded.
pub fn set(args: &SetArgs) -> SetChoice {
    SetChoice { name: args.set_name.clone(), record_namespace: args.record_namespace.clone() }
}

/// How to judge.
pub fn policy(args: &JudgeArgs, paranoid: Option<Percent>) -> Policy {
    let added = match args.added {
        Added::Drift => AddedPolicy::Drift,
        Added::Note => AddedPolicy::Note,
        Added::Ignore => AddedPolicy::Ignore,
    };
    Policy { added, strict: args.strict, paranoid: paranoid.unwrap_or_default() }
}

/// How the exit codes 1 and 2 are numbered for this command line.
pub fn exit_style(cli: &Cli) -> Style {
    match &cli.command {
        Command::Diff(args) => style(&args.compare),
        _ => Style::Default,
    }
}

/// How the exit codes 1 and 2 of a diff are numbered.
pub fn style(args: &CompareArgs) -> Style {
    match args.exit_code_style {
        ExitCodeStyle::Terraform => Style::Terraform,
        ExitCodeStyle::Default => Style::Default,
    }
}

/// The objects to look at.
pub fn chosen(args: &ChoiceArgs) -> Chosen {
    Chosen { selector: args.selector.clone(), only: args.only.clone(), lenient: false }
}

/// What the process may use, by flags, environment and terminal.
pub fn surroundings(run: &RunArgs) -> Surroundings {
    Surroundings {
        started: Instant::now(),
        cache: if run.no_cache { None } else { cache_directory() },
        color: is_coloured(run.color, std::io::stdout().is_terminal()),
        color_files: run.color == Color::Always,
        quiet: run.quiet,
        verbose: run.verbose,
        width: std::io::stdout().is_terminal().then(terminal_width),
    }
}

/// `XDG_CACHE_HOME/gitops`, else `~/.cache/gitops`; nothing without a home.
fn cache_directory() -> Option<PathBuf> {
    base_directory("XDG_CACHE_HOME", ".cache")
}

/// A directory of the XDG base directory specification, for this program.
fn base_directory(variable: &str, at_home: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set(variable).or_else(|| set("HOME").map(|home| home.join(at_home)))?;
    base.is_absolute().then(|| base.join("gitops"))
}

/// A directory by its full path: `.` is another one elsewhere.
pub fn absolute(directory: &str) -> String {
    std::path::absolute(directory).map_or_else(|_| directory.to_owned(), |path| path.display().to_string())
}

/// `XDG_STATE_HOME/gitops`, else `~/.local/state/gitops`; nothing without a home.
pub fn state_directory() -> Option<PathBuf> {
    base_directory("XDG_STATE_HOME", ".local/state")
}

/// What a command may touch.
pub fn allowed(args: &cli::AllowArgs) -> Allowed {
    let globs = |texts: &[String]| texts.iter().map(|text| Glob::new(text)).collect();
    Allowed {
        namespaces: globs(&args.allow_namespace),
        kinds: globs(&args.allow_kind),
        cluster_scoped: args.allow_cluster_scoped,
    }
}

/// For what a command that writes waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// For nothing.
    No,
    /// Until what it wrote is ready.
    Written,
    /// Until the whole set is, whoever wrote it.
    All,
}

/// For what to wait: by flag, else by variable, else for what was written where somebody watches.
pub fn waits(args: &WaitArgs) -> Waits {
    waits_at(args, std::io::stderr().is_terminal())
}

fn waits_at(args: &WaitArgs, is_terminal: bool) -> Waits {
    match (args.wait, args.no_wait) {
        (Some(Switch::Given), _) => Waits::All,
        (_, Some(Switch::Given | Switch::Variable(true))) => Waits::No,
        (Some(Switch::Variable(true)), _) => Waits::All,
        (Some(Switch::Variable(false)), _) => Waits::No,
        (None, _) if is_terminal => Waits::Written,
        (None, _) => Waits::No,
    }
}

/// True if a stream may be coloured, by flag, environment and terminal.
fn is_coloured(choice: Color, is_terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let choice = match choice {
        Color::Auto => style::Choice::Auto,
        Color::Always => style::Choice::Always,
        Color::Never => style::Choice::Never,
    };
    let surroundings = style::Surroundings {
        no_color: set("NO_COLOR"),
        force_color: std::env::var_os("CLICOLOR_FORCE")
            .is_some_and(|value| value != "0" && !value.is_empty()),
        dumb: std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
        is_terminal,
    };
    style::is_colored(choice, surroundings)
}

/// How the text report is written. A file is never coloured unless `--color always` asks for it.
pub fn text(surroundings: &Surroundings, context: u32, show: Show, to_file: bool) -> text::Options {
    let colored = if to_file { surroundings.color_files } else { surroundings.color };
    text::Options {
        now: jiff::Timestamp::now(),
        width: surroundings.width.unwrap_or(100),
        context: usize::try_from(context).unwrap_or(usize::MAX),
        show,
        styles: style::Styles::new(colored),
    }
}

/// What is shown beside differences.
pub fn show(args: &ReportArgs) -> Show {
    let has = |what| args.show.contains(&what);
    Show {
        in_sync: has(cli::Show::InSync),
        foreign: has(cli::Show::Foreign),
        ignored: has(cli::Show::Ignored),
    }
}

/// Milliseconds since a moment of this run.
pub fn milliseconds_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Columns of the terminal; 80 where it does not say.
fn terminal_width() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    set.or_else(asked).unwrap_or(80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_decided_by_flag_then_variable_then_terminal() {
        let (given, yes, no) =
            (Some(Switch::Given), Some(Switch::Variable(true)), Some(Switch::Variable(false)));
        let table = [
            (None, None, true, Waits::Written),
            (None, None, false, Waits::No),
            (given, None, false, Waits::All),
            (None, given, true, Waits::No),
            (given, yes, false, Waits::All),
            (yes, given, true, Waits::No),
            (yes, None, false, Waits::All),
            (no, None, true, Waits::No),
            (None, yes, true, Waits::No),
            (None, no, true, Waits::Written),
            (None, no, false, Waits::No),
        ];
        for (wait, no_wait, is_terminal, expected) in table {
            let args = WaitArgs { wait, no_wait };
            assert_eq!(waits_at(&args, is_terminal), expected, "{args:?} {is_terminal}");
        }
    }
}
