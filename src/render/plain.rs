//! Plain manifests: every `.yaml`, `.yml` and `.json` file of a directory and the directories in it, sorted by path.
//!
//! A render is whole or it is an error: what cannot be read or is no Kubernetes object fails it, with every problem named.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::detect::{Renderer, detect};
use super::objects::Objects;
use super::yaml::{self, Dialect, Remark};
use super::{Manifest, Manifests, Notice, RenderError};
use crate::source::tree::{EntryKind, FileTree, MAX_FILES, MAX_TOTAL_BYTES, RepoPath, TreeError, resolve};

/// The name of the tool's own configuration at the root of a source.
const CONFIGURATION: &str = "gitops.yaml";
/// How a Git LFS pointer starts.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// Deepest directory that is looked into.
const MAX_DIRECTORY_DEPTH: usize = 64;
/// Threads that read and parse files.
const THREADS: usize = 2;
/// Fewer files than this are not worth a second thread.
const FEW_FILES: usize = 4;

/// Renders a directory, or a single file.
///
/// # Errors
/// [`RenderError::Problems`] with everything that is wrong, [`RenderError::NoManifests`] if there is nothing to render.
pub fn render(tree: &dyn FileTree, place: &RepoPath) -> Result<Manifests, RenderError> {
    let mut walk = Walk::new(tree);
    walk.start(place);
    let files: Vec<RepoPath> = walk.files.into_iter().collect();
    let parsed = parse(tree, &files);
    let mut rendered = walk.found;
    for file in parsed {
        rendered.append(file);
    }
    rendered.finish(&place.to_string(), files.len())
}

/// Renders one stream of documents, as it comes from a pipe; its name in origins and errors is `-`.
///
/// # Errors
/// As [`render`].
pub fn render_stream(bytes: &[u8]) -> Result<Manifests, RenderError> {
    parse_file("-", bytes).finish("-", 1)
}

/// Objects, warnings and problems found so far.
#[derive(Debug, Default)]
struct Found {
    items: Vec<Manifest>,
    warnings: Vec<Notice>,
    problems: Vec<Notice>,
}

impl Found {
    fn append(&mut self, mut other: Self) {
        self.items.append(&mut other.items);
        self.warnings.append(&mut other.warnings);
        self.problems.append(&mut other.problems);
    }

    fn finish(mut self, place: &str, files: usize) -> Result<Manifests, RenderError> {
        if !self.problems.is_empty() {
            self.problems.sort_by(place_order);
            return Err(RenderError::Problems(self.problems));
        }
        if self.items.is_empty() {
            let place = place.to_owned();
            return Err(RenderError::NoManifests { place, files });
        }
        self.warnings.sort_by(place_order);
        Ok(Manifests { items: self.items, warnings: self.warnings })
    }
}

fn place_order(a: &Notice, b: &Notice) -> std::cmp::Ordering {
    (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message))
}

fn notice(file: impl Into<String>, message: impl Into<String>) -> Notice {
    Notice { file: file.into(), line: 0, column: 0, message: message.into(), hint: None }
}

/// The search for files. Every directory and file is visited once, by its path without links.
struct Walk<'a> {
    tree: &'a dyn FileTree,
    found: Found,
    /// Files to parse, by their path without links.
    files: BTreeSet<RepoPath>,
    directories: BTreeSet<RepoPath>,
    /// Links, followed when everything that stands in its own place was visited.
    links: Vec<RepoPath>,
    /// Directories with manifests of their own, to choose from.
    plain: Vec<RepoPath>,
    /// Directories that need another renderer.
    others: Vec<(RepoPath, Renderer, String)>,
}

impl<'a> Walk<'a> {
    fn new(tree: &'a dyn FileTree) -> Self {
        Self {
            tree,
            found: Found::default(),
            files: BTreeSet::new(),
            directories: BTreeSet::new(),
            links: Vec::new(),
            plain: Vec::new(),
            others: Vec::new(),
        }
    }

    fn start(&mut self, place: &RepoPath) {
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
            EntryKind::Link => self.links.push(path),
            EntryKind::Submodule => {
                let warning = notice(path.as_str(), "is a submodule, which is not read");
                self.found.warnings.push(warning);
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
                let warning = notice(link.as_str(), "leads to a submodule, which is not read");
                self.found.warnings.push(warning);
            }
            Ok(_) => {}
            Err(TreeError::NotFound(_)) if !is_manifest_name(link) => {
                let warning = notice(link.as_str(), "symbolic link leads to nothing");
                self.found.warnings.push(warning);
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
            let message = format!("the directory {path} needs {renderer}, a renderer that is not there yet");
            let hint = Some(hint.clone());
            self.found.problems.push(Notice { hint, ..notice(file.as_str(), message) });
        }
    }

    fn problem(&mut self, path: &RepoPath, message: &str) {
        let problem = notice(path.to_string(), message);
        self.found.problems.push(problem);
    }

    fn error(&mut self, path: &RepoPath, error: &TreeError) {
        self.found.problems.push(unread(path, error));
    }
}

fn is_manifest_name(path: &RepoPath) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.file_name().ends_with(end))
}

fn unread(path: &RepoPath, error: &TreeError) -> Notice {
    let message = match error {
        TreeError::NotFound(_) => "no such file or directory in the source".to_owned(),
        TreeError::Link { path: at, problem } if at == path => format!("symbolic link {problem}"),
        TreeError::TooLarge { path: at, problem } if at == path => problem.clone(),
        TreeError::Unreadable { path: at, problem } if at == path => format!("cannot be read: {problem}"),
        other => other.to_string(),
    };
    notice(path.to_string(), message)
}

/// Reads and parses files, on two threads if there are enough of them; the results are in the order of the files.
fn parse(tree: &dyn FileTree, files: &[RepoPath]) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let total = AtomicU64::new(0);
    let results = Mutex::new(Vec::with_capacity(files.len()));
    let work = || {
        while let Some((at, path)) = take(&next, files) {
            let found = read(tree, path, &total);
            if let Ok(mut results) = results.lock() {
                results.push((at, found));
            }
        }
    };
    std::thread::scope(|scope| {
        if files.len() >= FEW_FILES {
            for _ in 1..THREADS {
                scope.spawn(work);
            }
        }
        work();
    });
    let mut results = results
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, found)| found).collect()
}

fn take<'f>(next: &AtomicUsize, files: &'f [RepoPath]) -> Option<(usize, &'f RepoPath)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    files.get(at).map(|path| (at, path))
}

fn read(tree: &dyn FileTree, path: &RepoPath, total: &AtomicU64) -> Found {
    let refused = |problem: Notice| Found { problems: vec![problem], ..Found::default() };
    if total.load(Ordering::Relaxed) > MAX_TOTAL_BYTES {
        return refused(too_much(path));
    }
    match tree.read(path) {
        Err(error) => refused(unread(path, &error)),
        Ok(bytes) => {
            let sum = total.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
            if sum > MAX_TOTAL_BYTES {
                return refused(too_much(path));
            }
            parse_file(path.as_str(), &bytes)
        }
    }
}

fn too_much(path: &RepoPath) -> Notice {
    let message =
        format!("the files hold more than {MAX_TOTAL_BYTES} bytes in all, which is the limit of one run");
    notice(path.as_str(), message)
}

fn parse_file(name: &str, bytes: &[u8]) -> Found {
    let mut found = Found::default();
    if bytes.starts_with(LFS_POINTER) {
        found.problems.push(Notice {
            hint: Some("fetch the content with `git lfs pull`, or keep manifests out of Git LFS".to_owned()),
            ..notice(name, "is a Git LFS pointer, not the file itself")
        });
        return found;
    }
    let placed = |remark: Remark| Notice {
        file: name.to_owned(),
        line: remark.line,
        column: remark.column,
        message: remark.message,
        hint: remark.hint,
    };
    match yaml::read(bytes, Dialect::Plain) {
        Err(problems) => found.problems.extend(problems.into_iter().map(placed)),
        Ok(reading) => {
            let file: Arc<str> = name.into();
            let mut objects = Objects::default();
            for document in reading.documents {
                objects.add(&file, document);
            }
            found.items = objects.items;
            found.problems = objects.problems;
            found.warnings.extend(reading.warnings.into_iter().map(placed));
        }
    }
    found
}
