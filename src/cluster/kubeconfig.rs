//! Which cluster and which user: kubeconfig files chosen and merged as kubectl does.
//!
//! `--kubeconfig` names one file that must exist; else `KUBECONFIG` lists files, of which missing ones are skipped; else
//! `~/.kube/config`; else the service account of the pod, and only where no file was named or found. The order and the
//! merge are those of client-go's `clientcmd` (`ClientConfigLoadingRules`): the first file to set a name wins.
#![expect(clippy::disallowed_methods, reason = "reads kubeconfig files and the environment: an edge")]

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, ExecInteractiveMode, Kubeconfig, KubeconfigError, NamedContext};
use sha2::{Digest as _, Sha256};

use crate::cluster::proxy::{ProxyVariables, proxy_for};
use crate::object::digest::{hex, of_parts};

/// What the command line says about the cluster; flags as in kubectl.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// `--kubeconfig`.
    pub file: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--as`.
    pub impersonate: Option<String>,
    /// `--as-group`, repeatable.
    pub impersonate_groups: Vec<String>,
}

/// What the environment says about the cluster.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `KUBECONFIG`.
    pub kubeconfig: Option<OsString>,
    /// The home directory.
    pub home: Option<PathBuf>,
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`.
    pub proxy: ProxyVariables,
    /// True inside a pod: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` are set.
    pub in_cluster: bool,
    /// True if a credential plugin may ask the user: standard input is a terminal.
    pub terminal: bool,
}

impl Environment {
    /// Reads the environment of this process.
    pub fn of_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: std::env::var_os("HOME").filter(|value| !value.is_empty()).map(PathBuf::from),
            proxy: ProxyVariables::of_process(),
            in_cluster: ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"]
                .iter()
                .all(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())),
            terminal: std::io::stdin().is_terminal(),
        }
    }
}

/// The cluster and user that were chosen.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Everything that is needed to connect.
    pub config: kube::Config,
    /// What to show of it.
    pub identity: Identity,
}

/// The cluster as a reader of the report knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// URL of the server, without credentials.
    pub server: String,
    /// Name of the context, or `None` inside a pod.
    pub context: Option<String>,
    /// Namespace of the context, if it names one.
    pub namespace: Option<String>,
    /// A digest of the credentials, which tells accounts apart; `None` where a plugin or a file that changes provides them.
    pub account: Option<String>,
    /// A digest of the certificates that the server has to be vouched for by, if the kubeconfig holds some.
    pub authority: Option<String>,
}

/// Why no cluster could be chosen.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Nothing names a cluster.
    #[error("no kubeconfig: neither --kubeconfig nor KUBECONFIG is set, {} does not exist, and this is not a pod", default_file.display())]
    NoConfig {
        /// Where the default file would be.
        default_file: PathBuf,
    },
    /// Files were named, and none is there.
    #[error("{named_by} names {}, which does not exist", list(files))]
    Missing {
        /// `--kubeconfig` or `KUBECONFIG`.
        named_by: &'static str,
        /// The files, in order.
        files: Vec<PathBuf>,
    },
    /// A file cannot be read or is no kubeconfig.
    #[error("{}: {reason}", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong, without quoting the file.
        reason: String,
    },
    /// The context is not in the files.
    #[error("no context {name:?} in {}", list(files))]
    NoContext {
        /// The wanted name.
        name: String,
        /// The files that were read.
        files: Vec<PathBuf>,
        /// All names in the files, nearest first.
        known: Vec<String>,
    },
    /// Nobody says which context to use.
    #[error("{} sets no current-context", list(files))]
    NoCurrentContext {
        /// The files that were read.
        files: Vec<PathBuf>,
        /// All names in the files.
        known: Vec<String>,
    },
    /// The context refers to something that is missing or unusable.
    #[error("context {context:?} in {}: {reason}", list(files))]
    Unusable {
        /// The context.
        context: String,
        /// The files that were read.
        files: Vec<PathBuf>,
        /// What is wrong.
        reason: String,
    },
    /// `--as-group` without `--as`.
    #[error("--as-group needs --as: the server refuses groups without a user")]
    GroupsWithoutUser,
    /// The service account of the pod cannot be used.
    #[error("this is a pod without a usable service account: {0}")]
    InCluster(String),
    /// The kubeconfig lies in the source that is compared: it could name a program to run.
    #[error("the kubeconfig {} lies inside the source {}", file.display(), source_directory.display())]
    InsideSource {
        /// The kubeconfig.
        file: PathBuf,
        /// The source.
        source_directory: PathBuf,
    },
}

impl ConfigError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { .. } | Self::Missing { .. } => Some("name a file with --kubeconfig".to_owned()),
            Self::NoContext { known, .. } if known.is_empty() => {
                Some("the files hold no context at all".to_owned())
            }
            Self::NoContext { name, known, .. } => Some(match known.first() {
                Some(near) if is_near(name, near) => format!("did you mean {near:?}?"),
                _ => format!("known contexts: {}", known.join(", ")),
            }),
            Self::NoCurrentContext { known, .. } => {
                Some(format!("choose one with --context: {}", known.join(", ")))
            }
            Self::InsideSource { .. } => Some(
                "a kubeconfig can run programs, so it is never taken from a repository: move it outside"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

fn list(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.join(", ")
}

fn is_near(name: &str, other: &str) -> bool {
    strsim::damerau_levenshtein(name, other) <= 1 + name.chars().count() / 4
}

/// Chooses cluster and user.
///
/// # Errors
/// See [`ConfigError`]. No file is quoted: kubeconfigs hold credentials.
pub fn load(choice: &Choice, environment: &Environment) -> Result<Loaded, ConfigError> {
    if choice.impersonate.is_none() && !choice.impersonate_groups.is_empty() {
        return Err(ConfigError::GroupsWithoutUser);
    }
    let mut loaded = match files(choice, environment)? {
        Some(files) => from_files(&files, choice, environment)?,
        None => in_cluster(choice, environment)?,
    };
    loaded.config.default_retry = false;
    if let Some(user) = &choice.impersonate {
        loaded.config.auth_info.impersonate = Some(user.clone());
        loaded.config.auth_info.impersonate_groups = Some(choice.impersonate_groups.clone());
        loaded.config.auth_info.impersonate_uid = None;
        loaded.config.auth_info.impersonate_user_extra = None;
    }
    loaded.identity.account = account(&loaded.config.auth_info);
    loaded.identity.authority = loaded.config.root_cert.as_deref().map(authority);
    Ok(loaded)
}

fn authority(certificates: &[Vec<u8>]) -> String {
    hex(&of_parts(&certificates.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// A digest of credentials; `None` where a plugin or a token file says only later who it is.
fn account(user: &AuthInfo) -> Option<String> {
    if user.exec.is_some() || user.auth_provider.is_some() || user.token_file.is_some() {
        return None;
    }
    let certificate = user.client_certificate.as_ref().map(std::fs::read).transpose().ok()?;
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(user).ok()?);
    hash.update(certificate.unwrap_or_default());
    Some(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Refuses a kubeconfig that lies inside the source directory, since it can name a program to run.
///
/// # Errors
/// [`ConfigError::InsideSource`], and the errors of choosing the files.
pub fn refuse_inside(source: &Path, choice: &Choice, environment: &Environment) -> Result<(), ConfigError> {
    let source_directory = std::fs::canonicalize(source).unwrap_or_else(|_| source.to_owned());
    let inside = files(choice, environment)?.into_iter().flatten().find(|file| {
        let real = std::fs::canonicalize(file);
        let named = std::path::absolute(file);
        [real, named].into_iter().flatten().any(|path| path.starts_with(&source_directory))
    });
    match inside {
        Some(file) => Err(ConfigError::InsideSource { file, source_directory }),
        None => Ok(()),
    }
}

/// The files to read, all existing, in order of precedence; `None` if none was named or found.
fn files(choice: &Choice, environment: &Environment) -> Result<Option<Vec<PathBuf>>, ConfigError> {
    if let Some(file) = &choice.file {
        let named = vec![file.clone()];
        return existing("--kubeconfig", named).map(Some);
    }
    if let Some(value) = &environment.kubeconfig {
        let named: Vec<PathBuf> =
            std::env::split_paths(value).filter(|path| !path.as_os_str().is_empty()).collect();
        if !named.is_empty() {
            return existing("KUBECONFIG", named).map(Some);
        }
    }
    Ok(Some(vec![default_file(environment)]).filter(|files| files.iter().all(|file| file.exists())))
}

fn existing(named_by: &'static str, files: Vec<PathBuf>) -> Result<Vec<PathBuf>, ConfigError> {
    let found: Vec<PathBuf> = files.iter().filter(|file| file.exists()).cloned().collect();
    if found.is_empty() {
        return Err(ConfigError::Missing { named_by, files });
    }
    Ok(found)
}

fn default_file(environment: &Environment) -> PathBuf {
    let home = environment.home.clone().unwrap_or_else(|| PathBuf::from("~"));
    home.join(".kube").join("config")
}

fn from_files(files: &[PathBuf], choice: &Choice, environment: &Environment) -> Result<Loaded, ConfigError> {
    let mut merged = Kubeconfig::default();
    for file in files {
        merged = merge(merged, read(file)?, file)?;
    }
    let context = wanted_context(&merged, files, choice)?;
    let unusable = |reason: String| ConfigError::Unusable {
        context: context.name.clone(),
        files: files.to_vec(),
        reason,
    };
    let body = context.context.clone().ok_or_else(|| unusable("the context is empty".to_owned()))?;
    check_references(&merged, &body).map_err(unusable)?;
    let cluster = merged.clusters.iter().find(|cluster| cluster.name == body.cluster);
    let own_proxy = cluster.and_then(|cluster| cluster.cluster.as_ref()?.proxy_url.clone());
    merged.current_context = Some(context.name.clone());
    let mut config = kube::Config::try_from(merged).map_err(|error| unusable(explain(error)))?;
    config.proxy_url =
        proxy_for(&config.cluster_url, own_proxy.as_deref(), &environment.proxy).map_err(unusable)?;
    restrict_plugin(&mut config.auth_info, environment.terminal).map_err(unusable)?;
    let identity = Identity {
        server: without_credentials(&config.cluster_url),
        context: Some(context.name),
        namespace: body.namespace.filter(|namespace| !namespace.is_empty()),
        account: None,
        authority: None,
    };
    Ok(Loaded { config, identity })
}

fn read(file: &Path) -> Result<Kubeconfig, ConfigError> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut config = Kubeconfig::read_from(absolute)
        .map_err(|error| ConfigError::Invalid { file: file.to_owned(), reason: explain(error) })?;
    config.current_context = config.current_context.filter(|name| !name.is_empty());
    Ok(config)
}

fn merge(first: Kubeconfig, next: Kubeconfig, file: &Path) -> Result<Kubeconfig, ConfigError> {
    first.merge(next).map_err(|error| ConfigError::Invalid { file: file.to_owned(), reason: explain(error) })
}

fn wanted_context(
    merged: &Kubeconfig,
    files: &[PathBuf],
    choice: &Choice,
) -> Result<NamedContext, ConfigError> {
    let mut known: Vec<String> = merged.contexts.iter().map(|context| context.name.clone()).collect();
    known.sort();
    let Some(name) = choice.context.clone().or_else(|| merged.current_context.clone()) else {
        return Err(ConfigError::NoCurrentContext { files: files.to_vec(), known });
    };
    let found = merged.contexts.iter().find(|context| context.name == name).cloned();
    found.ok_or_else(|| {
        known.sort_by_key(|other| strsim::damerau_levenshtein(&name, other));
        ConfigError::NoContext { name, files: files.to_vec(), known }
    })
}

/// kubectl refuses a context whose cluster or user is not defined; kube would go on without credentials.
fn check_references(merged: &Kubeconfig, context: &kube::config::Context) -> Result<(), String> {
    if !merged.clusters.iter().any(|cluster| cluster.name == context.cluster) {
        return Err(format!("there is no cluster {:?}", context.cluster));
    }
    match context.user.as_deref().filter(|user| !user.is_empty()) {
        Some(user) if !merged.auth_infos.iter().any(|named| named.name == user) => {
            Err(format!("there is no user {user:?}"))
        }
        _ => Ok(()),
    }
}

/// Without a terminal a credential plugin gets no standard input, which may hold the manifests (`interactiveMode` of
/// client-go's exec plugins).
fn restrict_plugin(user: &mut AuthInfo, terminal: bool) -> Result<(), String> {
    let Some(exec) = user.exec.as_mut().filter(|_| !terminal) else {
        return Ok(());
    };
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err("the credential plugin needs a terminal, and standard input is none".to_owned());
    }
    exec.interactive_mode = Some(ExecInteractiveMode::Never);
    Ok(())
}

fn in_cluster(choice: &Choice, environment: &Environment) -> Result<Loaded, ConfigError> {
    if !environment.in_cluster {
        return Err(ConfigError::NoConfig { default_file: default_file(environment) });
    }
    if let Some(context) = &choice.context {
        return Err(ConfigError::NoContext {
            name: context.clone(),
            files: vec![default_file(environment)],
            known: Vec::new(),
        });
    }
    let config = kube::Config::incluster().map_err(|error| ConfigError::InCluster(error.to_string()))?;
    let identity = Identity {
        server: without_credentials(&config.cluster_url),
        context: None,
        namespace: Some(config.default_namespace.clone()),
        account: None,
        authority: None,
    };
    Ok(Loaded { config, identity })
}

fn without_credentials(url: &http::Uri) -> String {
    let text = url.to_string();
    let text = text.trim_end_matches('/');
    match (text.split_once("://"), url.authority()) {
        (Some((scheme, rest)), Some(authority)) => {
            let host = authority.as_str().rsplit('@').next().unwrap_or_default();
            let path = rest.split_once('/').map_or(String::new(), |(_, path)| format!("/{path}"));
            format!("{scheme}://{host}{path}")
        }
        _ => text.to_owned(),
    }
}

/// Says what is wrong without quoting the file: parse errors of the YAML library show source lines, which may be tokens.
fn explain(error: KubeconfigError) -> String {
    match error {
        KubeconfigError::ReadConfig(error, _) => format!("cannot be read: {error}"),
        KubeconfigError::Parse(error) => match error.location() {
            Some(place) => format!("is not a kubeconfig: line {}, column {}", place.line(), place.column()),
            None => "is not a kubeconfig".to_owned(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = r#"
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: a, cluster: {server: "https://a.example:6443"}}
- {name: b, cluster: {server: "https://user:canary@b.example/path/"}}
contexts:
- {name: one, context: {cluster: a, user: u, namespace: shop}}
- {name: two, context: {cluster: b, user: u}}
- {name: no-cluster, context: {cluster: gone, user: u}}
- {name: no-user, context: {cluster: a, user: gone}}
users:
- {name: u, user: {token: canary}}
"#;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new(files: &[(&str, &str)]) -> Self {
            let home = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = home.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            Self(home)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn environment(&self, list: &[&str]) -> Environment {
            let paths =
                list.iter().map(|name| if name.is_empty() { PathBuf::new() } else { self.path(name) });
            Environment {
                kubeconfig: (!list.is_empty()).then(|| std::env::join_paths(paths).unwrap()),
                home: Some(self.0.path().to_owned()),
                ..Environment::default()
            }
        }

        fn text(&self, error: &ConfigError) -> String {
            error.to_string().replace(self.0.path().to_str().unwrap(), "~")
        }
    }

    fn context(name: &str) -> Choice {
        Choice { context: Some(name.into()), ..Choice::default() }
    }

    #[test]
    fn files_are_chosen_in_kubectls_order() {
        let other = BOTH.replace("current-context: one", "current-context: two");
        let home = Home::new(&[(".kube/config", BOTH), ("other", &other)]);
        let server = |choice: &Choice, list: &[&str]| {
            load(choice, &home.environment(list))
                .map(|loaded| loaded.identity.server)
                .map_err(|e| home.text(&e))
        };
        let named = |name: &str| Choice { file: Some(home.path(name)), ..Choice::default() };
        assert_eq!(server(&Choice::default(), &[]).unwrap(), "https://a.example:6443");
        assert_eq!(server(&Choice::default(), &["other"]).unwrap(), "https://b.example/path");
        assert_eq!(server(&Choice::default(), &["", "missing", "other"]).unwrap(), "https://b.example/path");
        assert_eq!(server(&named("other"), &[".kube/config"]).unwrap(), "https://b.example/path");
        let error = server(&Choice::default(), &["missing", "gone"]).unwrap_err();
        assert_eq!(error, "KUBECONFIG names ~/missing, ~/gone, which does not exist");
        let error = server(&named("missing"), &["other"]).unwrap_err();
        assert_eq!(error, "--kubeconfig names ~/missing, which does not exist");
    }

    #[test]
    fn lists_merge_and_the_first_file_wins() {
        let home = Home::new(&[
            (
                "first",
                "current-context: ''\ncontexts: [{name: one, context: {cluster: b, user: u, namespace: first}}]\n",
            ),
            ("second", BOTH),
        ]);
        let loaded = load(&Choice::default(), &home.environment(&["first", "second"])).unwrap();
        assert_eq!(loaded.identity.namespace.as_deref(), Some("first"));
        assert_eq!(loaded.identity.server, "https://b.example/path");
        assert_eq!(loaded.identity.context.as_deref(), Some("one"), "an empty current-context sets nothing");
        assert!(!loaded.config.default_retry);
    }

    #[test]
    fn errors_name_file_context_and_near_names_and_no_credentials() {
        let home = Home::new(&[
            ("config", BOTH),
            ("broken", "clusters: canary\n"),
            ("bare", "canary\n"),
            ("empty", ""),
        ]);
        let fails = |choice: &Choice, file: &str| {
            let error = load(choice, &home.environment(&[file])).unwrap_err();
            let text = format!("{}; {:?}", home.text(&error), error.hint());
            assert!(!format!("{text}{error:?}").contains("canary"), "{text}");
            text
        };
        assert_eq!(
            fails(&context("onee"), "config"),
            r#"no context "onee" in ~/config; Some("did you mean \"one\"?")"#
        );
        let text = fails(&context("production"), "config");
        let known = "known contexts: ";
        assert!(
            text.starts_with(r#"no context "production" in ~/config; Some(""#) && text.contains(known),
            "{text}"
        );
        let text = fails(&context("no-cluster"), "config");
        assert_eq!(text, r#"context "no-cluster" in ~/config: there is no cluster "gone"; None"#);
        let text = fails(&context("no-user"), "config");
        assert_eq!(text, r#"context "no-user" in ~/config: there is no user "gone"; None"#);
        assert_eq!(
            fails(&Choice::default(), "broken"),
            "~/broken: is not a kubeconfig: line 1, column 11; None"
        );
        assert!(fails(&Choice::default(), "bare").starts_with("~/bare: is not a kubeconfig"));
        assert!(fails(&Choice::default(), "empty").starts_with("~/empty sets no current-context"));
    }

    #[test]
    fn a_pod_is_used_only_where_no_file_was_named_or_found() {
        let home = Home::new(&[]);
        let mut environment = home.environment(&[]);
        let error = load(&Choice::default(), &environment).unwrap_err();
        assert!(matches!(error, ConfigError::NoConfig { .. }), "{error:?}");
        environment.in_cluster = true;
        let error = load(&Choice::default(), &environment).unwrap_err();
        assert!(matches!(error, ConfigError::InCluster(_)), "this machine is no pod: {error:?}");
        let error = load(&context("one"), &environment).unwrap_err();
        assert!(matches!(error, ConfigError::NoContext { .. }), "{error:?}");
        let mut named = home.environment(&["missing"]);
        named.in_cluster = true;
        assert!(matches!(load(&Choice::default(), &named), Err(ConfigError::Missing { .. })));
        let broken = Home::new(&[(".kube/config", "- canary\n")]);
        let mut environment = broken.environment(&[]);
        environment.in_cluster = true;
        assert!(matches!(load(&Choice::default(), &environment), Err(ConfigError::Invalid { .. })));
    }

    #[test]
    fn impersonation_replaces_that_of_the_file() {
        let file = BOTH.replace("{token: canary}", "{token: canary, as: old, as-groups: [old], as-uid: old}");
        let home = Home::new(&[("config", &file)]);
        let environment = home.environment(&["config"]);
        let kept = load(&Choice::default(), &environment).unwrap().config.auth_info;
        assert_eq!(kept.impersonate.as_deref(), Some("old"));
        let mut choice = Choice {
            impersonate: Some("new".into()),
            impersonate_groups: vec!["g".into()],
            ..Choice::default()
        };
        let user = load(&choice, &environment).unwrap().config.auth_info;
        assert_eq!((user.impersonate.as_deref(), user.impersonate_uid), (Some("new"), None));
        assert_eq!(user.impersonate_groups, Some(vec!["g".to_owned()]));
        choice.impersonate = None;
        assert!(matches!(load(&choice, &environment), Err(ConfigError::GroupsWithoutUser)));
    }

    #[test]
    fn plugins_get_no_standard_input_without_a_terminal() {
        for (mode, terminal, expected) in [
            ("IfAvailable", false, Some(ExecInteractiveMode::Never)),
            ("IfAvailable", true, Some(ExecInteractiveMode::IfAvailable)),
            ("Never", true, Some(ExecInteractiveMode::Never)),
            ("Always", true, Some(ExecInteractiveMode::Always)),
            ("Always", false, None),
        ] {
            let exec = format!("{{exec: {{command: x, interactiveMode: {mode}}}}}");
            let home = Home::new(&[("config", &BOTH.replace("{token: canary}", &exec))]);
            let environment = Environment { terminal, ..home.environment(&["config"]) };
            let found = load(&Choice::default(), &environment);
            let found = found.ok().and_then(|loaded| loaded.config.auth_info.exec?.interactive_mode);
            assert_eq!(found, expected, "{mode} {terminal}");
        }
    }

    // SEC-39
    #[test]
    fn a_kubeconfig_inside_the_source_is_refused() {
        let home = Home::new(&[("repo/.kube/config", BOTH), (".kube/config", BOTH), ("repo/app/x.yaml", "")]);
        let refused = |source: &str, choice: &Choice, list: &[&str]| {
            matches!(
                refuse_inside(&home.path(source), choice, &home.environment(list)),
                Err(ConfigError::InsideSource { .. })
            )
        };
        let none = Choice::default();
        assert!(!refused("repo", &none, &[]));
        assert!(refused("repo", &none, &["repo/.kube/config"]));
        assert!(refused("repo", &none, &[".kube/config", "repo/app/../.kube/config"]));
        assert!(!refused("repo/app", &none, &["repo/.kube/config"]));
        std::os::unix::fs::symlink(home.path("repo/.kube/config"), home.path("link")).unwrap();
        assert!(refused("repo", &none, &["link"]), "a link from outside leads inside");
        std::os::unix::fs::symlink(home.path(".kube/config"), home.path("repo/link")).unwrap();
        assert!(
            refused("repo", &none, &["repo/link"]),
            "what the repository links to was chosen by the repository"
        );
        let flag = Choice { file: Some(home.path("repo/.kube/config")), ..Choice::default() };
        assert!(refused("repo", &flag, &[]));
    }
}
