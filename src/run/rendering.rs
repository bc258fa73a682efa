//! From an open source to its manifests: what it names elsewhere is fetched first, then the renderer runs, ours or the
//! user's.

use std::path::{Path, PathBuf};

use super::error::RunError;
use super::remotes::{self, Fetched, Policy};
use crate::cli::Renderer;
use crate::external::{Limits, Program};
use crate::render::detect::Renderer as Needed;
use crate::render::{Manifests, Notice, Options, plain, render_with, renderer_of};
use crate::source::tree::{MAX_TOTAL_BYTES, RepoPath};
use crate::source::{self, Request, Snapshot};

/// How sources are rendered in a run.
#[derive(Debug, Clone)]
pub struct Rendering {
    /// The source as it was asked for: cache, deadline and credentials of what is fetched beside it.
    pub request: Request,
    /// What happens with remote bases.
    pub remotes: Policy,
    /// The only hosts from which they are fetched; `None` for any.
    pub hosts: Option<Vec<String>>,
    /// Which renderer.
    pub renderer: Renderer,
    /// Directory of what is exported for programs.
    pub exports: Option<PathBuf>,
    /// Bounds of a program.
    pub limits: Limits,
}

impl Rendering {
    /// Of a source alone: nothing is fetched beside it, and no program runs.
    pub fn of(request: &Request) -> Self {
        Self {
            request: request.clone(),
            remotes: Policy::Refuse,
            hosts: None,
            renderer: Renderer::Auto,
            exports: None,
            limits: Limits { time: request.deadline, output: MAX_TOTAL_BYTES },
        }
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
        let needed = renderer_of(snapshot.tree.as_ref(), directory);
        let fits = match &self.renderer {
            Renderer::Auto | Renderer::KustomizeBy(_) => true,
            Renderer::Plain => needed != Needed::Kustomize,
            Renderer::Kustomize => needed == Needed::Kustomize,
        };
        if !fits {
            return Err(misfit(&self.renderer, directory, needed));
        }
        match &self.renderer {
            Renderer::KustomizeBy(program) if needed == Needed::Kustomize => {
                Ok((self.by_program(program, snapshot, directory)?, Fetched::default()))
            }
            renderer => {
                let (mut manifests, fetched) = self.native(snapshot, directory)?;
                if let Renderer::KustomizeBy(program) = renderer {
                    manifests.warnings.push(unused(program, directory));
                }
                Ok((manifests, fetched))
            }
        }
    }

    /// In process.
    pub(super) fn native(
        &self,
        snapshot: &Snapshot,
        directory: &RepoPath,
    ) -> Result<(Manifests, Fetched), RunError> {
        let mut fetched = remotes::fetch(snapshot, directory, self)?;
        let options = Options { remotes: Some(&fetched.remotes) };
        let mut manifests = render_with(snapshot.tree.as_ref(), directory, options)?;
        manifests.warnings.append(&mut fetched.warnings);
        Ok((manifests, fetched))
    }

    /// By a program: in place where the source is on disk as it is read, else in an export.
    pub(super) fn by_program(
        &self,
        program: &Path,
        snapshot: &Snapshot,
        directory: &RepoPath,
    ) -> Result<Manifests, RunError> {
        match self.remotes {
            Policy::Refuse => remotes::refuse(snapshot, directory, program)?,
            Policy::Locked | Policy::Update => return Err(unlocked(program)),
            Policy::Allow if self.hosts.is_some() => remotes::refuse(snapshot, directory, program)?,
            Policy::Allow => {}
        }
        let program = Program::find(program)?;
        let on_disk = match &snapshot.reference {
            None => source::root_on_disk(&self.request)?,
            Some(_) => None,
        };
        let place = if directory.is_root() { snapshot.display.clone() } else { directory.to_string() };
        let printed = match (on_disk, &self.exports) {
            (Some(root), _) => program.build(&root.join(directory.as_str()), &place, self.limits)?,
            (None, Some(exports)) => {
                program.build_exported(snapshot.tree.as_ref(), directory, &place, exports, self.limits)?
            }
            (None, None) => {
                return Err(RunError::usage(
                    "there is no place to export the source to: neither XDG_CACHE_HOME nor HOME is set",
                    "set XDG_CACHE_HOME".to_owned(),
                ));
            }
        };
        let name = format!("output of {} for {place}", program.path().display());
        Ok(plain::render_text(&name, &printed)?)
    }
}

fn misfit(renderer: &Renderer, directory: &RepoPath, needed: Needed) -> RunError {
    let name = if *renderer == Renderer::Plain { "plain" } else { "kustomize" };
    RunError::usage(
        format!("--renderer {name} does not fit {directory}, which is for {needed}"),
        "leave the flag out, or name another directory with --path".to_owned(),
    )
}

fn unlocked(program: &Path) -> RunError {
    RunError::usage(
        format!("{} fetches by itself and knows nothing of gitops.lock", program.display()),
        "leave --locked and --update-lock out, or leave kustomizations to gitops".to_owned(),
    )
}

fn unused(program: &Path, directory: &RepoPath) -> Notice {
    Notice {
        file: directory.to_string(),
        line: 0,
        column: 0,
        message: format!("holds no kustomization, so {} is not asked", program.display()),
        hint: None,
    }
}
