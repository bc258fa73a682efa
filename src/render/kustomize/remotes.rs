//! Directories of other repositories, fetched before the build: a build knows what is in this value, and opens nothing.

use std::collections::BTreeMap;

use crate::source::tree::{FileTree, RepoPath};

/// One commit of another repository.
pub struct Repository {
    /// Its URL, without credentials.
    pub url: String,
    /// The revision as asked for; `None` for the default branch.
    pub revision: Option<String>,
    /// The commit id, 40 hexadecimal digits.
    pub commit: String,
    /// Its files.
    pub tree: Box<dyn FileTree>,
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.url, self.commit)
    }
}

impl Repository {
    /// A file of it as reports and errors name it.
    pub(super) fn file(&self, path: &str) -> String {
        let commit: String = self.commit.chars().take(7).collect();
        format!("{}@{commit}//{path}", self.url)
    }
}

/// What was fetched, by the texts that name it in kustomizations.
#[derive(Debug, Default)]
pub struct Remotes {
    repositories: Vec<Repository>,
    by_text: BTreeMap<String, usize>,
}

impl Remotes {
    /// The number of a repository that is there already at this commit.
    pub fn find(&self, url: &str, commit: &str) -> Option<usize> {
        self.repositories.iter().position(|known| known.url == url && known.commit == commit)
    }

    /// Adds a repository and returns its number.
    pub fn add(&mut self, repository: Repository) -> usize {
        self.repositories.push(repository);
        self.repositories.len() - 1
    }

    /// Says which repository an entry of a kustomization means.
    pub fn name(&mut self, text: &str, repository: usize) {
        self.by_text.insert(text.to_owned(), repository);
    }

    /// A repository by its number.
    pub fn repository(&self, number: usize) -> Option<&Repository> {
        self.repositories.get(number)
    }

    /// The number of the repository that an entry means.
    pub(super) fn get(&self, text: &str) -> Option<usize> {
        self.by_text.get(text).copied()
    }
}

/// The submodule that a path leads into, if it leads into one.
pub(super) fn submodule_above(tree: &dyn FileTree, path: &RepoPath) -> Option<RepoPath> {
    let mut at = RepoPath::root();
    for name in path.components() {
        at = at.child(name);
        match tree.entry(&at) {
            Ok(Some(crate::source::tree::EntryKind::Submodule)) => return Some(at),
            Ok(Some(_)) => {}
            _ => return None,
        }
    }
    None
}
