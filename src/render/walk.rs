//! The search for the files of a plain directory.

use std::collections::BTreeSet;

use super::Notice;
use super::detect::{Renderer, detect};
use crate::source::tree::{EntryKind, FileTree, MAX_FILES, RepoPath, TreeError, resolve};

/// The name of the tool's own configuration at the root of a source.
const CONFIGURATION: &str = "gitops.yaml";
/// Deepest directory that is looked into.
const MAX_DIRECTORY_DEPTH: usize = 64;

/// The search for files. Every directory and file is visited once, by its path without links.
pub(super) struct Walk<'a> {
    tree: &'a dyn FileTree,
    /// Problems with files and directories.
    pub(super) problems: Vec<Notice>,
    /// What was left out, and links that lead to nothing.
    pub(super) warnings: Vec<Notice>,
    /// Files to parse, by their path without links.
    pub(super) files: BTreeSet<RepoPath>,
    directories: BTreeSet<RepoPath>,
    /// Links, followed when everything that stands in its own place was visited.
    links: Vec<RepoPath>,
    /// Directories with manifests of their own, to choose from.
    plain: Vec<RepoPath>,
    /// Directories that need another renderer.
    others: Vec<(RepoPath, Renderer, String)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a dyn FileTree) -> Self {
        Self {
            tree,
            problems: Vec::new(),
            warnings: Vec::new(),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
            links: Vec::new(),
            plain: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Visits a directory and everything in it, or one file.
    pub(super) fn start(&mut self, place: &RepoPath) {
        match resolve(self.tree, place) {
            Ok((path, EntryKind::Directory)) => self.directory(&path),
            Ok((path, EntryKind::File)) => self.file(&path),
            Ok((path, EntryKind::Submodule)) => self.problem(&path, "is a submodule, which is not read"),
            Ok((path, EntryKind::Link)) => self.problem(&path, "is a symbolic link that cannot be followed"),
            Err(error) => self.error(place, &error),
        }
        let mut next = 0;
        while next < self.links.len() {
            let link = self.links[next].clone();
            self.link(&link);
            next += 1;
        }
        self.refuse_others();
    }

    fn directory(&mut self, path: &RepoPath) {
        if !self.directories.insert(path.clone()) {
            return;
        }
        if path.components().count() > MAX_DIRECTORY_DEPTH {
            return self.problem(path, &format!("more than {MAX_DIRECTORY_DEPTH} directories deep"));
        }
        let entries = match self.tree.list(path) {
            Ok(entries) => entries,
            Err(error) => return self.error(path, &error),
        };
        if let (renderer, Some(name)) = detect(&entries) {
            self.others.push((path.clone(), renderer, name.to_owned()));
            return;
        }
        let before = self.files.len();
        for (name, kind) in &entries {
            if self.files.len() > MAX_FILES {
                return self.problem(path, &format!("more than {MAX_FILES} files"));
            }
            self.entry(path.child(name), *kind);
        }
        if self.files.len() > before {
            self.plain.push(path.clone());
        }
    }

    fn entry(&mut self, path: RepoPath, kind: EntryKind) {
        if path.file_name().starts_with('.') {
            return;
        }
        match kind {
            EntryKind::Directory => self.directory(&path),
            EntryKind::File if is_manifest_name(&path) => self.file(&path),
            EntryKind::File => {}
            EntryKind::Link if path.as_str() == CONFIGURATION => {}
            EntryKind::Link => self.links.push(path),
            EntryKind::Submodule => {
                let warning = Notice::about(path.as_str(), "is a submodule, which is not read");
                self.warnings.push(warning);
            }
        }
    }

    fn file(&mut self, path: &RepoPath) {
        if path.as_str() != CONFIGURATION {
            self.files.insert(path.clone());
        }
    }

    /// A link counts if its own name is that of a manifest, or if it leads to a directory.
    fn link(&mut self, link: &RepoPath) {
        match resolve(self.tree, link) {
            Ok((path, EntryKind::Directory)) => self.directory(&path),
            Ok((path, EntryKind::File)) if is_manifest_name(link) => self.file(&path),
            Ok((_, EntryKind::Submodule)) => {
                let warning = Notice::about(link.as_str(), "leads to a submodule, which is not read");
                self.warnings.push(warning);
            }
            Ok(_) => {}
            Err(TreeError::NotFound(_)) if !is_manifest_name(link) => {
                let warning = Notice::about(link.as_str(), "symbolic link leads to nothing");
                self.warnings.push(warning);
            }
            Err(error) => self.error(link, &error),
        }
    }

    fn refuse_others(&mut self) {
        let hint = match self.plain.first() {
            Some(path) if !self.others.is_empty() => {
                format!("choose a directory of plain manifests, for example --path {path}")
            }
            _ => "choose a directory of plain manifests with --path DIR".to_owned(),
        };
        for (path, renderer, name) in std::mem::take(&mut self.others) {
            let file = path.child(&name);
            let (message, hint) = match renderer {
                Renderer::Kustomize => (
                    format!("the directory {path} is a kustomization, and stands among plain manifests"),
                    Some(format!("render it on its own with --path {path}")),
                ),
                _ => (
                    format!("the directory {path} needs {renderer}, a renderer that is not there yet"),
                    Some(hint.clone()),
                ),
            };
            self.problems.push(Notice { hint, ..Notice::about(file.as_str(), message) });
        }
    }

    fn problem(&mut self, path: &RepoPath, message: &str) {
        let problem = Notice::about(path.to_string(), message);
        self.problems.push(problem);
    }

    fn error(&mut self, path: &RepoPath, error: &TreeError) {
        self.problems.push(unread(path, error));
    }
}

fn is_manifest_name(path: &RepoPath) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.file_name().ends_with(end))
}

pub(super) fn unread(path: &RepoPath, error: &TreeError) -> Notice {
    let message = match error {
        TreeError::NotFound(_) => "no such file or directory in the source".to_owned(),
        TreeError::Link { path: at, problem } if at == path => format!("symbolic link {problem}"),
        TreeError::TooLarge { path: at, problem } if at == path => problem.clone(),
        TreeError::Unreadable { path: at, problem } if at == path => format!("cannot be read: {problem}"),
        other => other.to_string(),
    };
    Notice::about(path.to_string(), message)
}
