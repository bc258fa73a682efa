//! What the source stage takes from the environment, read once.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to environment variables")]

use std::path::PathBuf;

use crate::source::redacted::Redacted;

/// Home directory, cache, credentials. Tests supply their own.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// `HOME`: keys, known hosts and git's user configuration are below it.
    pub home: Option<PathBuf>,
    /// User name of this machine, for `ssh://` URLs that name none.
    pub user: Option<String>,
    /// `XDG_CACHE_HOME`.
    pub xdg_cache_home: Option<PathBuf>,
    /// `SSH_AUTH_SOCK`: the socket of an ssh agent.
    pub ssh_auth_sock: Option<PathBuf>,
    /// `GITOPS_SSH_KEY`: a private key file, tried before all others.
    pub ssh_key: Option<PathBuf>,
    /// `GITOPS_GIT_USERNAME`: user name that goes with `GITOPS_GIT_TOKEN`.
    pub git_username: Option<String>,
    /// `GITOPS_GIT_TOKEN`: sent to the host of SOURCE, if it asks.
    pub git_token: Option<Redacted<String>>,
    /// `GITHUB_TOKEN`: sent to github.com only.
    pub github_token: Option<Redacted<String>>,
    /// `GITLAB_TOKEN`: sent to gitlab.com only.
    pub gitlab_token: Option<Redacted<String>>,
    /// Files of known host keys beside `~/.ssh/known_hosts`.
    pub global_known_hosts: Vec<PathBuf>,
}

impl Environment {
    /// Reads the environment of this process. Empty variables count as unset.
    pub fn from_process() -> Self {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let secret = |name: &str| text(name).map(|value| Redacted::new(value.trim().to_owned()));
        Self {
            home: path("HOME"),
            user: text("USER").or_else(|| text("LOGNAME")),
            xdg_cache_home: path("XDG_CACHE_HOME").filter(|dir| dir.is_absolute()),
            ssh_auth_sock: path("SSH_AUTH_SOCK"),
            ssh_key: path("GITOPS_SSH_KEY"),
            git_username: text("GITOPS_GIT_USERNAME"),
            git_token: secret("GITOPS_GIT_TOKEN"),
            github_token: secret("GITHUB_TOKEN"),
            gitlab_token: secret("GITLAB_TOKEN"),
            global_known_hosts: vec![PathBuf::from("/etc/ssh/ssh_known_hosts")],
        }
    }

    /// The user's cache directory for fetched repositories, if one can be told.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.xdg_cache_home
            .clone()
            .or_else(|| self.home.as_ref().map(|home| home.join(".cache")))
            .map(|dir| dir.join("gitops").join("git"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_the_user_keeps_caches() {
        let with = |xdg: Option<&str>, home: Option<&str>| Environment {
            xdg_cache_home: xdg.map(PathBuf::from),
            home: home.map(PathBuf::from),
            ..Environment::default()
        };
        let table = [
            (with(Some("/x"), Some("/h")), Some("/x/gitops/git")),
            (with(None, Some("/h")), Some("/h/.cache/gitops/git")),
            (with(None, None), None),
        ];
        for (environment, expected) in table {
            assert_eq!(environment.cache_dir(), expected.map(PathBuf::from));
        }
    }

    #[test]
    fn sec_35_debug_output_holds_no_token() {
        let environment = Environment {
            git_token: Some(Redacted::new("canary".to_owned())),
            github_token: Some(Redacted::new("canary".to_owned())),
            gitlab_token: Some(Redacted::new("canary".to_owned())),
            ..Environment::default()
        };
        assert!(!format!("{environment:?}").contains("canary"));
    }
}
