//! From flags and the configuration to what is compared with which cluster: one job a target, over one opened source.

use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::compared::{BaseChoice, Opening};
use super::error::RunError;
use super::prepared::told;
use crate::cli::{ChoiceArgs, ClusterArgs, DiffArgs, RunArgs, SetArgs, SourceArgs, TargetArgs};
use crate::config::{self, Config, Renderer, Target};
use crate::record::SetChoice;
use crate::render::Notice;
use crate::report::{RuleText, RulesChanged, Source};
use crate::settings;
use crate::source::tree::RepoPath;
use crate::source::url::{self, Location};
use crate::source::{self, Snapshot};

/// What flags say about what is compared with which cluster, whatever the command.
#[derive(Debug, Clone)]
pub struct Selection {
    pub(super) source: SourceArgs,
    pub(super) set: SetArgs,
    pub(super) targets: TargetArgs,
    pub(super) choice: ChoiceArgs,
    pub(super) cluster: ClusterArgs,
    pub(super) base: Option<String>,
    pub(super) run: RunArgs,
}

impl From<&DiffArgs> for Selection {
    fn from(args: &DiffArgs) -> Self {
        Self {
            source: args.source.clone(),
            set: args.set.clone(),
            targets: args.targets.clone(),
            choice: args.choice.clone(),
            cluster: args.cluster.clone(),
            base: args.judge.base.clone(),
            run: args.run.clone(),
        }
    }
}

/// One comparison of a directory with a cluster.
#[derive(Debug)]
pub struct Job {
    /// Where the manifests are.
    pub opening: Opening,
    /// What was applied last.
    pub base: Option<BaseChoice>,
    /// Context of the kubeconfig.
    pub context: Option<String>,
    /// The uid that the namespace kube-system must have.
    pub cluster_uid: Option<String>,
    /// Namespace of what has none.
    pub namespace: Option<String>,
    /// The set, and where its record is.
    pub set: SetChoice,
}

/// A target by its name, and its job or why there is none. The name is empty where the flags alone say what is compared.
pub type Named = (String, Result<Job, RunError>);

/// Everything that a run compares.
#[derive(Debug)]
pub struct Plan {
    /// The configuration.
    pub config: Config,
    /// The jobs, in the order of the configuration; at least one.
    pub jobs: Vec<Named>,
    /// The source, where it is open already.
    pub source: Option<Source>,
    /// How the ignore rules changed since the base.
    pub rules: Option<RulesChanged>,
    /// What a user should know about the configuration.
    pub warnings: Vec<Notice>,
    /// True if everything is compared that the configuration is about.
    pub whole: bool,
}

/// A source as far as it was opened to find its configuration.
struct Found {
    config: Config,
    /// Is `None` for a directory that is read as it is: it is opened beside discovery.
    snapshot: Option<Arc<Snapshot>>,
    /// True if SOURCE and flags name the root of the source, so that targets say what is compared.
    is_root: bool,
}

/// Reads the configuration and lays out the jobs.
///
/// # Errors
/// The source or the configuration cannot be read, or the flags ask for targets that are not there.
pub async fn plan(args: &Selection) -> Result<Plan, RunError> {
    let args = args.clone();
    super::blocking(move || laid_out(&args)).await
}

fn laid_out(args: &Selection) -> Result<Plan, RunError> {
    let today = settings::today();
    let request = settings::source(&args.source, &args.run);
    let location =
        url::parse(&request.source, &request.allow_protocols).map_err(source::SourceError::from)?;
    let mut found = find(args, &request, &location, today)?;
    let targets = selected(args, &found)?;
    let (base, rules, unread) = base(args, &request, &found.config, today)?;
    let mut warnings = found.config.warnings.clone();
    warnings.extend(unread);
    let jobs = match &targets {
        None => vec![(String::new(), Ok(by_flags(args, request, found.snapshot.clone(), base)))],
        Some(targets) => {
            refuse_flags_of_one(args, targets, &location)?;
            let snapshot = match found.snapshot.take() {
                Some(snapshot) => snapshot,
                None => Arc::new(source::open(&request)?),
            };
            found.snapshot = Some(Arc::clone(&snapshot));
            let trusted = args.targets.config.is_some() || !matches!(location, Location::Remote(_));
            let stream = matches!(location, Location::Stdin);
            let scene = Scene { args, config: &found.config, snapshot, base, trusted, stream };
            targets.iter().map(|target| (target.name.clone(), scene.job(target))).collect()
        }
    };
    let whole = args.choice.only.is_empty()
        && args.choice.selector.is_none()
        && targets.map_or(0, |targets| targets.len()) == found.config.targets.len();
    let source = found.snapshot.as_deref().map(told);
    Ok(Plan { config: found.config, jobs, source, rules, warnings, whole })
}

/// The configuration of `--config`, else that of the source.
fn find(
    args: &Selection,
    request: &source::Request,
    location: &Location,
    today: Date,
) -> Result<Found, RunError> {
    let (snapshot, is_root, own) = match source::look(request, config::FILE)? {
        Some((is_root, own)) => (None, is_root && request.path.is_none(), own),
        None => {
            let snapshot = source::open(request)?;
            let is_root = snapshot.prefix.is_root() && !matches!(location, Location::Stdin);
            let own = snapshot.file(config::FILE)?;
            (Some(Arc::new(snapshot)), is_root, own)
        }
    };
    let config = match (&args.targets.config, own) {
        (Some(file), _) => parse(&file.display().to_string(), &read(file)?, today)?,
        (None, Some(bytes)) => parse(config::FILE, &bytes, today)?,
        (None, None) => Config::default(),
    };
    Ok(Found { config, snapshot, is_root })
}

fn parse(file: &str, bytes: &[u8], today: Date) -> Result<Config, RunError> {
    config::parse(file, bytes, today).map_err(RunError::Config)
}

fn read(file: &Path) -> Result<Vec<u8>, RunError> {
    settings::configuration(file)
        .map_err(|error| RunError::usage(format!("--config {}: {error}", file.display()), None))
}

/// The targets that flags and source choose; `None` if the flags themselves are the target.
fn selected(args: &Selection, found: &Found) -> Result<Option<Vec<Target>>, RunError> {
    let (wanted, targets) = (&args.targets.target, &found.config.targets);
    if wanted.is_empty() && !args.targets.all_targets {
        let all = found.is_root && !targets.is_empty();
        return Ok(all.then(|| targets.clone()));
    }
    if targets.is_empty() {
        let file = if found.config.file.is_empty() { config::FILE } else { &found.config.file };
        let problem = match found.config.file.is_empty() {
            true => format!("there are no targets: the source has no {file} at its root"),
            false => format!("there are no targets in {file}"),
        };
        let hint = "leave the flag out, or name another configuration with --config FILE".to_owned();
        return Err(RunError::usage(problem, hint));
    }
    for name in wanted {
        if !targets.iter().any(|target| target.name == *name) {
            return Err(no_target(name, &found.config));
        }
    }
    let is_wanted = |target: &&Target| wanted.is_empty() || wanted.contains(&target.name);
    Ok(Some(targets.iter().filter(is_wanted).cloned().collect()))
}

fn no_target(name: &str, config: &Config) -> RunError {
    let names: Vec<&str> = config.targets.iter().map(|target| target.name.as_str()).collect();
    let likeness = |other: &&str| strsim::normalized_levenshtein(name, other);
    let near = names.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = match near.filter(|near| likeness(near) > 0.5) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("its targets are {}", names.join(", ")),
    };
    RunError::usage(format!("{} has no target {name}", config.file), hint)
}

/// Flags that can be true of one target only.
fn refuse_flags_of_one(args: &Selection, targets: &[Target], location: &Location) -> Result<(), RunError> {
    if targets.len() < 2 {
        return Ok(());
    }
    let flag = match () {
        () if args.cluster.context.is_some() => "--context",
        () if args.targets.cluster_uid.is_some() => "--cluster-uid",
        () if args.set.set_name.is_some() => "--set-name",
        () if matches!(location, Location::Stdin) => "a stream",
        () => return Ok(()),
    };
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    let hint = format!("choose one with --target: {}", names.join(", "));
    Err(RunError::usage(format!("{flag} is about one target, and {} are selected", targets.len()), hint))
}

/// The base of `--base`, how the rules changed since, and a warning if that cannot be told.
type Base = (Option<(String, Option<(Arc<Snapshot>, Config)>)>, Option<RulesChanged>, Option<Notice>);

fn base(args: &Selection, request: &source::Request, config: &Config, today: Date) -> Result<Base, RunError> {
    let revision = match args.base.as_deref() {
        None => return Ok((None, None, None)),
        Some("none") => return Ok((Some(("none".to_owned(), None)), None, None)),
        Some(revision) => revision,
    };
    let snapshot = source::open_revision(request, revision)?;
    let own = match &args.targets.config {
        // The file is none of the source's, so no revision says what it was.
        Some(_) => {
            return Ok((Some((revision.to_owned(), Some((Arc::new(snapshot), config.clone())))), None, None));
        }
        None => snapshot.file(config::FILE)?,
    };
    let (before, unread) = match own.map(|bytes| config::parse(config::FILE, &bytes, today)) {
        None => (Config::default(), None),
        Some(Ok(before)) => (before, None),
        Some(Err(problems)) => {
            let place = problems.first().map(ToString::to_string).unwrap_or_default();
            let message =
                format!("whether ignore rules changed since {revision} is not known, because there {place}");
            let (line, column) = (0, 0);
            let notice = Notice { file: config::FILE.to_owned(), line, column, message, hint: None };
            (Config::default(), Some(notice))
        }
    };
    let (added, removed) = config::changed(&config.stated, &before.stated);
    let texts = |rules: Vec<config::Stated>| {
        let text = |rule: config::Stated| RuleText {
            file: config::FILE.to_owned(),
            line: rule.line,
            words: rule.words,
        };
        rules.into_iter().map(text).collect()
    };
    let known = unread.is_none() && !(config.file.is_empty() && before.file.is_empty());
    let changed = RulesChanged { since: revision.to_owned(), added: texts(added), removed: texts(removed) };
    Ok((Some((revision.to_owned(), Some((Arc::new(snapshot), before)))), known.then_some(changed), unread))
}

/// What the flags alone name.
fn by_flags(
    args: &Selection,
    request: source::Request,
    snapshot: Option<Arc<Snapshot>>,
    base: Option<(String, Option<(Arc<Snapshot>, Config)>)>,
) -> Job {
    let opening = match snapshot {
        Some(snapshot) => {
            let prefix = snapshot.prefix.clone();
            Opening::Shared(snapshot, prefix)
        }
        None => Opening::Request(Box::new(request)),
    };
    let base = base.map(|(revision, opened)| match opened {
        None => BaseChoice::None,
        Some((snapshot, _)) => {
            let prefix = snapshot.prefix.clone();
            BaseChoice::Revision(revision, snapshot, Some(prefix))
        }
    });
    Job {
        opening,
        base,
        context: args.cluster.context.clone(),
        cluster_uid: args.targets.cluster_uid.clone(),
        namespace: args.source.namespace.clone(),
        set: settings::set(&args.set),
    }
}

/// What the jobs of all targets have in common.
struct Scene<'a> {
    args: &'a Selection,
    config: &'a Config,
    snapshot: Arc<Snapshot>,
    base: Option<(String, Option<(Arc<Snapshot>, Config)>)>,
    /// False if somebody else's repository chooses the cluster.
    trusted: bool,
    /// True if the manifests come in a stream, which has no directories.
    stream: bool,
}

impl Scene<'_> {
    fn job(&self, target: &Target) -> Result<Job, RunError> {
        self.refuse_renderer(target)?;
        let (context, cluster_uid) = self.cluster(target)?;
        let directory = match self.stream {
            true => self.snapshot.prefix.clone(),
            false => self.snapshot.directory(&target.path)?,
        };
        self.refuse_other_renderer(target, &directory)?;
        Ok(Job {
            opening: Opening::Shared(Arc::clone(&self.snapshot), directory),
            base: self.base(target)?,
            context,
            cluster_uid,
            namespace: self.args.source.namespace.clone().or_else(|| target.namespace.clone()),
            set: self.set(target),
        })
    }

    /// The set of a target has its name, if no flag says otherwise.
    fn set(&self, target: &Target) -> SetChoice {
        let flags = settings::set(&self.args.set);
        SetChoice {
            name: flags.name.or_else(|| Some(target.name.clone())),
            record_namespace: flags.record_namespace.or_else(|| target.record_namespace.clone()),
        }
    }

    fn refuse_renderer(&self, target: &Target) -> Result<(), RunError> {
        let (what, line, column) = match (target.renderer, target.helm) {
            (Renderer::NotYet(name, line, column), _) => (format!("the renderer {name}"), line, column),
            (_, Some((line, column))) => ("helm".to_owned(), line, column),
            _ => return Ok(()),
        };
        Err(RunError::Config(vec![Notice {
            file: self.config.file.clone(),
            line,
            column,
            message: format!("{what} is not supported yet"),
            hint: Some("render it yourself and pipe it: helm template … | gitops diff -".to_owned()),
        }]))
    }

    /// A renderer that is named is the one that the directory needs, or the target is not what its author believes.
    fn refuse_other_renderer(&self, target: &Target, directory: &RepoPath) -> Result<(), RunError> {
        use crate::render::detect::Renderer as Needed;
        let needed = crate::render::renderer_of(self.snapshot.tree.as_ref(), directory);
        let (named, line, column) = match (target.renderer, needed) {
            (Renderer::Plain(line, column), Needed::Kustomize) => ("plain", line, column),
            (Renderer::Kustomize(line, column), Needed::Plain | Needed::Helm | Needed::Jsonnet) => {
                ("kustomize", line, column)
            }
            _ => return Ok(()),
        };
        Err(RunError::Config(vec![Notice {
            file: self.config.file.clone(),
            line,
            column,
            message: format!("the renderer {named} does not fit {}, which is for {needed}", target.path),
            hint: Some("leave the renderer out, or name another path".to_owned()),
        }]))
    }

    /// Context and uid. A repository that was fetched may name a cluster, but not choose it: the command line says the same.
    fn cluster(&self, target: &Target) -> Result<(Option<String>, Option<String>), RunError> {
        let flags = (&self.args.cluster.context, &self.args.targets.cluster_uid);
        let named = [
            ("the context", "--context", target.context.as_ref(), flags.0.as_ref()),
            ("the cluster", "--cluster-uid", target.cluster.as_ref(), flags.1.as_ref()),
        ];
        for (what, flag, wanted, given) in named {
            let Some(wanted) = wanted.filter(|wanted| Some(*wanted) != given) else { continue };
            let (name, file) = (&target.name, &self.config.file);
            if !self.trusted {
                return Err(RunError::refused(
                    format!("{file} of a fetched repository chooses {what} {wanted} for target {name}"),
                    format!("if that is what you want, say so: --target {name} {flag} {wanted}"),
                ));
            }
            if let ("--cluster-uid", Some(given)) = (flag, given) {
                let problem = format!("target {name} belongs to the cluster {wanted}, not to {given}");
                return Err(RunError::refused(
                    problem,
                    format!("leave out --cluster-uid, or correct {file}"),
                ));
            }
        }
        let context = flags.0.clone().or_else(|| target.context.clone());
        Ok((context, flags.1.clone().or_else(|| target.cluster.clone())))
    }

    /// The directory of the target as the base has it: where its own configuration puts it, else where this one does.
    fn base(&self, target: &Target) -> Result<Option<BaseChoice>, RunError> {
        let Some((revision, opened)) = &self.base else { return Ok(None) };
        let Some((snapshot, before)) = opened else { return Ok(Some(BaseChoice::None)) };
        let known = before.targets.iter().find(|other| other.name == target.name);
        let path = match known {
            Some(known) => Some(&known.path),
            None if before.targets.is_empty() => Some(&target.path),
            None => None,
        };
        let directory = match path.map(|path| snapshot.directory(path)) {
            None | Some(Err(source::SourceError::PathMissing { .. })) => None,
            Some(directory) => Some(directory?),
        };
        Ok(Some(BaseChoice::Revision(revision.clone(), Arc::clone(snapshot), directory)))
    }
}
