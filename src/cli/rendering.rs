//! Flags of how manifests are made.

use clap::Args;
use clap::builder::BoolishValueParser;

/// How manifests are made of the source.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rendering")]
pub struct RenderingArgs {
    /// Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock
    ///
    /// A base that gitops.lock at the root of the source does not pin is fetched at what its revision is now, with a
    /// warning. Without the flag a remote base is an error, and no connection is opened for it.
    #[arg(long, env = "GITOPS_ALLOW_REMOTE", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub allow_remote: bool,

    /// With --allow-remote: a base that gitops.lock does not pin is an error
    #[arg(long, env = "GITOPS_LOCKED", hide_env_values = true, value_parser = BoolishValueParser::new())]
    #[arg(requires = "allow_remote")]
    pub locked: bool,
}
