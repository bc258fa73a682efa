//! Reading files for a build: below the directory of the kustomization that names them, inside the source, each within limits.

use std::sync::Arc;

use super::fault::{Fault, Outcome};
use super::node::Place;
use super::reference::{COPY, Named, Reference, looks_remote, named, shown};
use super::remotes::{Remotes, submodule_above};
use super::shown::{join_shown, repository, top};
use crate::source::tree::{EntryKind, FileTree, MAX_FILES, MAX_TOTAL_BYTES, RepoPath, TreeError, resolve};

/// Deepest chain of kustomizations.
const MAX_CHAIN: usize = 64;
/// Names of kustomization files.
pub(super) const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Reads files and remembers their names.
pub(super) struct Loader<'t> {
    tree: &'t dyn FileTree,
    /// What was fetched before.
    remotes: Option<&'t Remotes>,
    /// Names of files, by the numbers that places have.
    pub(super) files: Vec<Arc<str>>,
    bytes: u64,
    /// How many files were read.
    pub(super) count: usize,
}

/// The directory of a kustomization, and of those that led to it.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// The directory, without links.
    pub(super) path: RepoPath,
    /// The fetched repository that it is in; `None` for the source itself.
    pub(super) repository: Option<usize>,
    /// The directories on the way, this one last, each with its repository.
    chain: Vec<(Option<usize>, RepoPath)>,
    /// The texts that name other repositories on the way.
    named: Vec<String>,
    /// As it is called in annotations: relative to the first directory, or to the top of its repository.
    pub(super) shown: String,
    /// What annotations say about its repository.
    pub(super) shown_repository: String,
}

impl<'t> Loader<'t> {
    pub(super) fn new(tree: &'t dyn FileTree, remotes: Option<&'t Remotes>) -> Self {
        Self { tree, remotes, files: Vec::new(), bytes: 0, count: 0 }
    }

    /// The files around a directory.
    fn tree(&self, dir: &Directory) -> &'t dyn FileTree {
        let repository = dir.repository.and_then(|number| self.remotes?.repository(number));
        repository.map_or(self.tree, |repository| repository.tree.as_ref())
    }

    /// The name of a file in messages and reports.
    fn name(&self, dir: &Directory, path: &RepoPath) -> String {
        match dir.repository.and_then(|number| self.remotes?.repository(number)) {
            Some(repository) => repository.file(path.as_str()),
            None => path.as_str().to_owned(),
        }
    }

    /// The number of a file.
    pub(super) fn number(&mut self, path: &str) -> u32 {
        self.files.push(path.into());
        u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX)
    }

    /// The first directory of a build.
    pub(super) fn start(&self, place: &RepoPath) -> Outcome<Directory> {
        match resolve(self.tree, place) {
            Ok((path, EntryKind::Directory)) => {
                let chain = vec![(None, path.clone())];
                let (named, shown, shown_repository) = (Vec::new(), String::new(), String::new());
                Ok(Directory { path, repository: None, chain, named, shown, shown_repository })
            }
            Ok((path, _)) => Err(Fault::of_file(&path.to_string(), "is no directory")),
            Err(error) => Err(Fault::of_file(&place.to_string(), error.to_string())),
        }
    }

    /// A directory that is named by the kustomization of another.
    pub(super) fn enter(&self, from: &Directory, path: &str, place: Place) -> Outcome<Directory> {
        if path.is_empty() {
            return Err(Fault::at(place, "the path is empty"));
        }
        let start = match named(path) {
            Named::Local => None,
            Named::Repository(reference) => Some(self.fetched(from, path, &reference, place)?),
            Named::Refused(problem, hint) => return Err(refused(path, &problem, place).hint(hint)),
        };
        let (from, path) = start.as_ref().map_or((from, path), |(start, path)| (start, path.as_str()));
        let (found, kind) = self.find(from, path, place)?;
        if kind != EntryKind::Directory {
            let name = self.name(from, &found);
            return Err(Fault::at(place, format!("{name} is no directory"))
                .hint("a base is a directory with a kustomization in it"));
        }
        let same = |(repository, _): &&(Option<usize>, RepoPath)| *repository == from.repository;
        // Another repository may be entered above a directory of it, but not at it.
        let meets = |dir: &RepoPath| if start.is_some() { *dir == found } else { contains(&found, dir) };
        if let Some((_, above)) = from.chain.iter().filter(same).find(|(_, dir)| meets(dir)) {
            let what = if *above == found {
                "is being built already"
            } else {
                "contains a kustomization that is being built"
            };
            return Err(Fault::at(place, format!("a cycle: the directory {found} {what}"))
                .hint("a kustomization cannot be built from itself; move what both need into a directory of its own"));
        }
        if from.chain.len() >= MAX_CHAIN {
            return Err(Fault::at(place, format!("a chain of more than {MAX_CHAIN} kustomizations")));
        }
        let mut chain = from.chain.clone();
        chain.push((from.repository, found.clone()));
        Ok(Directory { path: found, chain, shown: join_shown(&from.shown, path), ..from.clone() })
    }

    /// The top of another repository, as the start of the way to the directory in it, and that directory.
    fn fetched(
        &self,
        from: &Directory,
        text: &str,
        reference: &Reference,
        place: Place,
    ) -> Outcome<(Directory, String)> {
        let Some(number) = self.remotes.and_then(|remotes| remotes.get(text)) else {
            return Err(remote(text, place));
        };
        // kustomize compares the texts.
        if let Some(before) = from.named.iter().find(|before| before.starts_with(text)) {
            let message = format!("a cycle: {} is named on the way from {}", shown(text), shown(before));
            return Err(Fault::at(place, message)
                .hint("a kustomization cannot be built from itself; name the directory that is meant, or another revision"));
        }
        let mut named = from.named.clone();
        named.push(text.to_owned());
        let start = Directory {
            path: RepoPath::root(),
            repository: Some(number),
            chain: from.chain.clone(),
            named,
            shown: top(reference).to_owned(),
            shown_repository: repository(reference),
        };
        Ok((start, reference.directory.clone()))
    }

    fn find(&self, from: &Directory, path: &str, place: Place) -> Outcome<(RepoPath, EntryKind)> {
        let tree = self.tree(from);
        let joined = from.path.join(path).map_err(|error| match looks_remote(path) || is_of_web(path) {
            true => refused(path, "is remote, and files are read from the source alone", place),
            false => Fault::at(place, error.to_string()),
        })?;
        resolve(tree, &joined).map_err(|error| match error {
            TreeError::NotFound(_) => self.missing(from, path, &joined, place),
            other => Fault::at(place, other.to_string()),
        })
    }

    /// The error for a path at which nothing stands.
    fn missing(&self, from: &Directory, path: &str, joined: &RepoPath, place: Place) -> Fault {
        if let Some(submodule) = submodule_above(self.tree(from), joined) {
            let message = format!(
                "{path} is in the submodule {}, whose files are not read",
                self.name(from, &submodule)
            );
            return Fault::at(place, message).hint("name the submodule's own repository by its URL");
        }
        let within = from.repository.and_then(|number| self.remotes?.repository(number));
        let at = within.map_or_else(String::new, |repository| {
            format!(" in {} at {}", repository.url, repository.commit)
        });
        if matches!(named(path), Named::Repository(_)) {
            return refused(path, "names a repository, and a file of the source is expected here", place);
        }
        let fault = Fault::at(place, format!("{path}: no such file or directory{at}"));
        match self.near(from, joined) {
            Some(name) => fault.hint(format!("did you mean {name}?")),
            None if looks_remote(path) => {
                fault.hint("if another repository is meant: its URL starts with https://, ssh:// or USER@, or with github.com/")
            }
            None => fault,
        }
    }

    /// A name like the one that is missing, in the same directory.
    fn near(&self, from: &Directory, missing: &RepoPath) -> Option<String> {
        let names = self.tree(from).list(&missing.parent()).ok()?;
        super::fault::near(missing.file_name(), names.iter().map(|(name, _)| name.as_str()))
            .map(str::to_owned)
    }

    /// True if the path is a file, whatever is wrong with reading it.
    pub(super) fn is_file(&self, from: &Directory, path: &str) -> bool {
        let joined = from.path.join(path).ok();
        let found = joined.and_then(|joined| resolve(self.tree(from), &joined).ok());
        found.is_some_and(|(_, kind)| kind == EntryKind::File)
    }

    /// The content of a file that lies in the directory or below, and its number.
    pub(super) fn read(&mut self, from: &Directory, path: &str, place: Place) -> Outcome<(Vec<u8>, u32)> {
        let (found, kind) = self.find(from, path, place)?;
        if kind != EntryKind::File {
            return Err(Fault::at(place, format!("{path} is no file")));
        }
        if !contains(&from.path, &found.parent()) {
            return Err(Fault::at(place, format!("{path} does not lie in {} or below it", from.path))
                .hint("kustomize reads no files from outside the directory of the kustomization; move the file, or make a kustomization beside it and name that"));
        }
        let content = self.content(from, &found, place)?;
        let number = self.number(&self.name(from, &found));
        Ok((content, number))
    }

    fn content(&mut self, dir: &Directory, file: &RepoPath, place: Place) -> Outcome<Vec<u8>> {
        self.count += 1;
        if self.count > MAX_FILES {
            return Err(Fault::at(place, format!("more than {MAX_FILES} files are read")));
        }
        let content = self.tree(dir).read(file).map_err(|error| Fault::at(place, error.to_string()))?;
        self.bytes += content.len() as u64;
        if self.bytes > MAX_TOTAL_BYTES {
            let message = format!(
                "the files hold more than {MAX_TOTAL_BYTES} bytes in all, which is the limit of one run"
            );
            return Err(Fault::at(place, message));
        }
        Ok(content)
    }

    /// The kustomization file of a directory: its name, content and number.
    pub(super) fn kustomization(&mut self, dir: &Directory, place: Place) -> Outcome<(String, Vec<u8>, u32)> {
        let exists = |name: &&&str| {
            let path = dir.path.child(name);
            resolve(self.tree(dir), &path)
                .is_ok_and(|(found, kind)| kind == EntryKind::File && contains(&dir.path, &found.parent()))
        };
        let found: Vec<&str> = FILE_NAMES.iter().filter(exists).copied().collect();
        match found[..] {
            [name] => {
                let path = resolve(self.tree(dir), &dir.path.child(name))
                    .map_err(|error| Fault::at(place, error.to_string()))?
                    .0;
                let content = self.content(dir, &path, place)?;
                let number = self.number(&self.name(dir, &dir.path.child(name)));
                Ok((name.to_owned(), content, number))
            }
            [] => Err(Fault::at(
                place,
                format!("the directory {} holds no kustomization", self.name(dir, &dir.path)),
            )
            .hint("expected one of kustomization.yaml, kustomization.yml and Kustomization")),
            _ => Err(Fault::at(
                place,
                format!("the directory {} holds several kustomizations: {}", dir.path, found.join(", ")),
            )
            .hint("keep one of them")),
        }
    }
}

/// True if a directory is another or lies in it.
fn contains(outer: &RepoPath, inner: &RepoPath) -> bool {
    let mut inner = inner.components();
    outer.components().all(|part| inner.next() == Some(part))
}

/// True for a URL of a web server: kustomize reads files from there.
fn is_of_web(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.starts_with("https://") || lower.starts_with("http://")
}

/// The error for what was not fetched.
fn remote(path: &str, place: Place) -> Fault {
    Fault::at(place, format!("{} is remote, and nothing is fetched without --allow-remote", shown(path)))
        .hint("with --allow-remote it is fetched, pinned to a commit; or copy what it names into the repository and name the copy")
}

/// The error for what is never fetched.
fn refused(path: &str, problem: &str, place: Place) -> Fault {
    Fault::at(place, format!("{} {problem}", shown(path))).hint(COPY)
}
