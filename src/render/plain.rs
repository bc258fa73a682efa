//! Plain manifests: every `.yaml`, `.yml` and `.json` file of a directory and the directories in it, sorted by path.
//!
//! A render is whole or it is an error: what cannot be read or is no Kubernetes object fails it, with every problem named.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde_json::Value;

use super::objects::Objects;
use super::walk::{Walk, unread};
use super::yaml::{self, Dialect, Remark};
use super::{Manifest, Manifests, Notice, RenderError};
use crate::source::tree::{FileTree, MAX_TOTAL_BYTES, RepoPath};

/// How a Git LFS pointer starts.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
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
    let mut rendered = Found { warnings: walk.warnings, problems: walk.problems, ..Found::default() };
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
    render_text("-", bytes)
}

/// Renders the text of one stream of documents under a name of its own.
///
/// # Errors
/// As [`render`].
pub fn render_text(name: &str, bytes: &[u8]) -> Result<Manifests, RenderError> {
    parse_file(name, bytes).finish(name, 1)
}

/// True for a configuration of this tool that stands among manifests.
fn is_configuration(document: &Value) -> bool {
    document.get("apiVersion").is_some_and(|version| version == "gitops/v1") && document.get("kind").is_none()
}

fn left_out(name: &str, document: &yaml::Document) -> Notice {
    Notice {
        file: name.to_owned(),
        line: document.line,
        column: document.column,
        message: "a configuration of gitops and no manifest; it is left out".to_owned(),
        hint: Some("it is read at the root of the source, or where --config names it".to_owned()),
    }
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
    let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
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
    Notice::about(path.as_str(), message)
}

fn parse_file(name: &str, bytes: &[u8]) -> Found {
    let mut found = Found::default();
    if bytes.starts_with(LFS_POINTER) {
        found.problems.push(Notice {
            hint: Some("fetch the content with `git lfs pull`, or keep manifests out of Git LFS".to_owned()),
            ..Notice::about(name, "is a Git LFS pointer, not the file itself")
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
                if is_configuration(&document.value) {
                    found.warnings.push(left_out(name, &document));
                } else {
                    objects.add(&file, document);
                }
            }
            found.items = objects.items;
            found.problems = objects.problems;
            found.warnings.extend(reading.warnings.into_iter().map(placed));
        }
    }
    found
}
