//! Flags that bound what a command may touch.

use clap::Args;
use clap::builder::BoolishValueParser;

/// What may be touched, whatever a repository says.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Allowed")]
pub struct AllowArgs {
    /// Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)
    #[arg(
        long,
        value_name = "NS",
        env = "GITOPS_ALLOW_NAMESPACE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub allow_namespace: Vec<String>,

    /// Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)
    #[arg(
        long,
        value_name = "KIND",
        env = "GITOPS_ALLOW_KIND",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub allow_kind: Vec<String>,

    /// Objects without a namespace are allowed, although --allow-namespace names some
    #[arg(long, env = "GITOPS_ALLOW_CLUSTER_SCOPED", hide_env_values = true, value_parser = BoolishValueParser::new())]
    pub allow_cluster_scoped: bool,
}
