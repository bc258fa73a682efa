//! What the tests stand on: real servers and real programs, started on demand and stopped for certain.

pub(crate) mod cluster;
pub(crate) mod generate;
pub(crate) mod kinds;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod recorder;
pub(crate) mod script;
pub(crate) mod scripts;
pub(crate) mod sealed;
pub(crate) mod shelf;
pub(crate) mod webhook;

/// A connection to the server of a kubeconfig, with the defaults of a run.
///
/// # Panics
/// If the kubeconfig cannot be used.
pub(crate) async fn connect(kubeconfig: &std::path::Path) -> gitops::cluster::Server {
    use gitops::cluster::kubeconfig::{Choice, Environment};
    let choice = Choice { file: Some(kubeconfig.to_owned()), ..Choice::default() };
    let options = gitops::cluster::Options::default();
    gitops::cluster::Server::connect(&choice, &Environment::default(), options)
        .await
        .expect("a usable kubeconfig")
}
