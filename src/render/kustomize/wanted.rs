//! What a kustomization names of other repositories, found without building it: the entries of itself and of all
//! kustomizations that it leads to, as far as they can be read.

use std::collections::{BTreeSet, VecDeque};

use super::config::settings;
use super::decode::{EXACT, Setting};
use super::fault::Outcome;
use super::kustomization::{Kustomization, Text};
use super::load::{Directory, Loader};
use super::node::Place;
use super::plugins;
use super::reference::{Named, Reference, named};
use super::remotes::Remotes;
use super::text::resources_of;
use crate::render::Notice;
use crate::source::tree::{FileTree, RepoPath};

/// An entry that names a directory of another repository which was not fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The entry as written; it may hold credentials.
    pub text: String,
    /// What it names.
    pub reference: Reference,
    /// The fetched repository whose kustomization names it; `None` for the source itself.
    pub by: Option<usize>,
    file: String,
    line: u32,
}

impl Wanted {
    /// File and line of the entry.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// A remark about the entry.
    pub fn notice(&self, message: String, hint: Option<String>) -> Notice {
        Notice { file: self.file.clone(), line: self.line, column: 0, message, hint }
    }
}

/// The entries that are not among what was fetched, in the order of the kustomizations from the first outwards. What cannot be
/// read is left to the build, which tells what is wrong with it.
pub fn wanted(tree: &dyn FileTree, place: &RepoPath, remotes: &Remotes) -> Vec<Wanted> {
    let mut walk = Walk { loader: Loader::new(tree, Some(remotes)), remotes, found: Vec::new() };
    let mut seen = BTreeSet::new();
    let mut waiting: VecDeque<Directory> = walk.loader.start(place).into_iter().collect();
    while let Some(directory) = waiting.pop_front() {
        if seen.insert((directory.repository, directory.path.clone()))
            && let Ok(below) = walk.look(&directory)
        {
            waiting.extend(below);
        }
    }
    walk.found
}

struct Walk<'t> {
    loader: Loader<'t>,
    remotes: &'t Remotes,
    found: Vec<Wanted>,
}

impl Walk<'_> {
    /// The directories that a kustomization names.
    fn look(&mut self, directory: &Directory) -> Outcome<Vec<Directory>> {
        let (_, content, number) = self.loader.kustomization(directory, Place::default())?;
        let Some(document) = settings(&content, number)? else { return Ok(Vec::new()) };
        let at = Place { file: number, line: document.line };
        let kustomization = Kustomization::read(&Setting::new(&document.value, &document.lines, at, EXACT))?;
        let plugins = [&kustomization.generators, &kustomization.transformers, &kustomization.validators];
        let outside = plugins.into_iter().flatten().filter(|entry| !is_inline(entry));
        let entries = kustomization.resources.iter().chain(&kustomization.components).chain(outside);
        let mut below = Vec::new();
        for (text, place) in entries {
            if self.loader.is_file(directory, text) {
                continue;
            }
            match named(text) {
                Named::Repository(reference) if self.remotes.get(text).is_none() => {
                    self.want(text, reference, directory, *place);
                }
                _ => below.extend(self.loader.enter(directory, text, *place)),
            }
        }
        Ok(below)
    }

    fn want(&mut self, text: &str, reference: Reference, directory: &Directory, place: Place) {
        if self.found.iter().any(|known| known.text == text) {
            return;
        }
        let file = self.loader.files.get(place.file as usize).map(ToString::to_string).unwrap_or_default();
        let (text, by, line) = (text.to_owned(), directory.repository, place.line);
        self.found.push(Wanted { text, reference, by, file, line });
    }
}

/// True for a plugin whose configuration stands in the entry itself.
fn is_inline(entry: &Text) -> bool {
    entry.0.contains('\n') || resources_of(entry.0.as_bytes(), plugins::inner_place(entry)).is_ok()
}
