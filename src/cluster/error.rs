//! Why a cluster could not be used at all. What concerns one object or one type is a `FetchError` instead.

use crate::cluster::kubeconfig::ConfigError;

/// An error that ends the run.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The kubeconfig cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Credentials could not be obtained: an exec plugin failed, a token file is missing, a proxy is not supported.
    #[error("cannot prepare the connection to {server}: {reason}")]
    Credentials {
        /// URL of the server.
        server: String,
        /// What failed, without credentials.
        reason: String,
    },
    /// No connection: refused, unknown host, TLS.
    #[error("cannot reach {server}: {reason}")]
    Unreachable {
        /// URL of the server.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// 401.
    #[error("{server} does not accept these credentials (401): {message}")]
    Unauthorized {
        /// URL of the server.
        server: String,
        /// The server's message.
        message: String,
    },
    /// What the server serves could not be read.
    #[error("cannot find out what {server} serves: {reason}")]
    Discovery {
        /// URL of the server.
        server: String,
        /// What the server or the network said.
        reason: String,
    },
    /// The deadline of the run passed.
    #[error("the deadline of the run passed while waiting for {server}")]
    Deadline {
        /// URL of the server.
        server: String,
    },
}

impl ClusterError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Config(error) => return error.hint(),
            Self::Credentials { .. } => {
                "run the credential plugin by hand, or choose another user with --context"
            }
            Self::Unreachable { reason, .. } if reason.contains("certificate") => {
                "check certificate-authority and tls-server-name in the kubeconfig"
            }
            Self::Unreachable { .. } => {
                "check that the server runs and that the context is the right one (--context); proxies come from \
                 proxy-url in the kubeconfig or from HTTPS_PROXY"
            }
            Self::Unauthorized { .. } => "log in again, or choose another context with --context",
            Self::Discovery { .. } => "is this the URL of a Kubernetes API server?",
            Self::Deadline { .. } => "give the run more time with --timeout",
        };
        Some(text.to_owned())
    }
}
