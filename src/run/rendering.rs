//! From an open source to its manifests: what it names elsewhere is fetched first, then the renderer runs.

use super::error::RunError;
use super::remotes::{self, Fetched, Policy};
use crate::render::{Manifests, Options, render_with};
use crate::source::tree::RepoPath;
use crate::source::{Request, Snapshot};

/// How sources are rendered in a run.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The source as it was asked for: cache, deadline and credentials of what is fetched beside it.
    pub request: Request,
    /// What happens with remote bases.
    pub remotes: Policy,
}

impl Rendering {
    /// Of a source alone: nothing is fetched beside it.
    pub fn of(request: &Request) -> Self {
        Self { request: request.clone(), remotes: Policy::Refuse }
    }

    /// Renders a directory of an open source.
    ///
    /// # Errors
    /// It cannot be rendered, or what it names elsewhere cannot be had.
    pub fn render(
        &self,
        snapshot: &Snapshot,
        directory: &RepoPath,
    ) -> Result<(Manifests, Fetched), RunError> {
        let mut fetched = remotes::fetch(snapshot, directory, &self.request, self.remotes)?;
        let options = Options { remotes: Some(&fetched.remotes) };
        let mut manifests = render_with(snapshot.tree.as_ref(), directory, options)?;
        manifests.warnings.append(&mut fetched.warnings);
        Ok((manifests, fetched))
    }
}
