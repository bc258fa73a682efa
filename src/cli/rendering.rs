//! Flags of how manifests are made, and the reading of `--renderer`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

/// How manifests are made of the source.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rendering")]
pub struct RenderingArgs {
    /// auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations
    ///
    /// auto looks at the directory. The program is named here and nowhere else; it gets HOME, PATH and TMPDIR of the
    /// environment and nothing more, and has to end well within --timeout. A commit or URL is exported for it to a
    /// directory that goes with the run.
    #[arg(
        long,
        value_name = "NAME",
        default_value = "auto",
        env = "GITOPS_RENDERER",
        hide_env_values = true
    )]
    #[arg(value_parser = renderer)]
    pub renderer: Renderer,

    /// Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock
    ///
    /// With hosts, as in --allow-remote=github.com,git.example, from these alone. A base that gitops.lock at the root of
    /// the source does not pin is fetched at what its revision is now, with a warning. Without the flag a remote base is an
    /// error, and no connection is opened for it.
    #[arg(long, value_name = "HOSTS", env = "GITOPS_ALLOW_REMOTE", hide_env_values = true, value_parser = hosts)]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value = "false")]
    #[arg(hide_default_value = true)]
    pub allow_remote: AllowRemote,

    /// With --allow-remote: a base that gitops.lock does not pin is an error
    #[arg(long, env = "GITOPS_LOCKED", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub locked: bool,
}

/// `--allow-remote`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AllowRemote {
    /// Nothing is fetched.
    #[default]
    Nothing,
    /// Whatever is named.
    All,
    /// What is named of these hosts, in lower case; at least one.
    Hosts(Vec<String>),
}

/// Reads `--allow-remote`: a word for yes or no, as its variable may hold one, or hosts.
///
/// # Errors
/// A name that no host has.
fn hosts(text: &str) -> Result<AllowRemote, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => return Ok(AllowRemote::All),
        "false" | "no" | "off" | "n" | "f" | "0" | "" => return Ok(AllowRemote::Nothing),
        _ => {}
    }
    let host = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
        let is_host = !name.is_empty() && !name.starts_with('-') && name.chars().all(plain);
        let has_port = !name.starts_with('[') && name.contains(':');
        match is_host && !has_port {
            true => Ok(name.to_ascii_lowercase()),
            false => Err(format!(
                "{name:?} is no host; write names without scheme, port and path: github.com,git.example"
            )),
        }
    };
    text.split(',').map(host).collect::<Result<_, _>>().map(AllowRemote::Hosts)
}

/// `--renderer`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Renderer {
    /// As the directory shows.
    #[default]
    Auto,
    /// As plain manifests; a kustomization is an error.
    Plain,
    /// As a kustomization, in process; any other directory is an error.
    Kustomize,
    /// Kustomizations by a program of the user.
    KustomizeBy(PathBuf),
}

/// Reads `--renderer`.
///
/// # Errors
/// What is wrong with it and what was meant.
fn renderer(text: &str) -> Result<Renderer, String> {
    const KNOWN: &str = "known are auto, plain, kustomize and kustomize=exec:PATH";
    const FORM: &str = "write kustomize=exec:PATH, as in kustomize=exec:/usr/local/bin/kustomize";
    match text.split_once('=') {
        None => match text {
            "auto" => Ok(Renderer::Auto),
            "plain" => Ok(Renderer::Plain),
            "kustomize" => Ok(Renderer::Kustomize),
            "helm" | "jsonnet" => {
                Err("not supported yet; render it yourself and pipe it: … | gitops diff -".to_owned())
            }
            _ if text.starts_with("exec:") || text.starts_with("kustomize:") => Err(FORM.to_owned()),
            _ => Err(KNOWN.to_owned()),
        },
        Some(("kustomize", program)) => match program.strip_prefix("exec:") {
            Some("") => Err(format!("the program is missing; {FORM}")),
            Some(path) => Ok(Renderer::KustomizeBy(PathBuf::from(path))),
            None => Err(FORM.to_owned()),
        },
        Some(("helm" | "jsonnet", _)) => {
            Err("only kustomizations can be rendered by a program yet".to_owned())
        }
        Some(_) => Err(KNOWN.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_and_so_are_words_of_variables() {
        let named =
            |names: &[&str]| Ok(AllowRemote::Hosts(names.iter().map(|name| (*name).to_owned()).collect()));
        assert_eq!(hosts("true"), Ok(AllowRemote::All));
        assert_eq!(hosts("0"), Ok(AllowRemote::Nothing));
        assert_eq!(hosts("GitHub.com,git.example,[::1]"), named(&["github.com", "git.example", "[::1]"]));
        for wrong in
            ["https://github.com", "github.com/org", "a,,b", "github.com:443", "-x", "a b", "*.example"]
        {
            assert!(hosts(wrong).unwrap_err().contains("is no host"), "{wrong}");
        }
    }

    #[test]
    fn renderers_are_read_and_mistakes_say_what_was_meant() {
        assert_eq!(renderer("auto"), Ok(Renderer::Auto));
        assert_eq!(renderer("kustomize"), Ok(Renderer::Kustomize));
        assert_eq!(renderer("kustomize=exec:a=b"), Ok(Renderer::KustomizeBy(PathBuf::from("a=b"))));
        let table = [
            ("kustomise", "known are auto, plain"),
            ("", "known are auto, plain"),
            ("kustomize=", "write kustomize=exec:PATH"),
            ("kustomize=/usr/bin/kustomize", "write kustomize=exec:PATH"),
            ("kustomize=exec:", "the program is missing"),
            ("exec:/usr/bin/kustomize", "write kustomize=exec:PATH"),
            ("helm", "not supported yet"),
            ("helm=exec:/usr/bin/helm", "only kustomizations"),
        ];
        for (text, expected) in table {
            let error = renderer(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
