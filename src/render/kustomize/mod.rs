//! Kustomize: a directory with a kustomization becomes manifests, the same that kustomize 5.8 makes of it.
//!
//! The build (`build`) works on objects (`resource`) whose nodes (`node`) keep the text, tag and style that they were written
//! with, because kustomize decides what a value means only when it writes it (`scalar`, `json`). Nothing is executed and
//! nothing is fetched: what would need it is an error that says so.

mod annotations;
mod block;
mod build;
mod candidates;
mod compose;
mod config;
mod decode;
mod emit;
mod entries;
mod fault;
mod fields;
mod generate;
mod hash;
mod ident;
mod images;
mod json;
mod json_patch;
pub mod kustomization;
mod load;
mod matching;
mod merge;
mod merge_keyed;
mod merge_keys;
mod merge_list;
mod node;
mod noted;
mod patches;
mod paths;
mod pattern;
mod plugins;
mod read;
pub mod reference;
mod references;
pub mod remotes;
mod replace;
mod replacement_entries;
mod resource;
mod scalar;
mod schema;
mod scopes;
mod selector;
mod set;
mod shown;
mod sort;
mod specs;
mod step;
mod steps;
mod text;
mod timestamp;
mod transform;
mod transformers;
mod types;
mod validate;
mod vars;
pub mod wanted;
mod work;

use std::sync::Arc;

use serde_json::Value;

use super::origin::Origin;
use super::{Manifest, Manifests, Notice, RenderError};
use crate::object::id::{GroupVersion, Gvk};
use crate::object::packed::Packed;
use crate::source::tree::{FileTree, RepoPath};
use build::Build;
use load::Loader;
use remotes::Remotes;
use resource::Resource;

/// How to build.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Options<'r> {
    /// What was fetched of other repositories.
    pub remotes: Option<&'r Remotes>,
}

impl<'r> Options<'r> {
    /// With what was fetched of other repositories.
    pub fn with(remotes: &'r Remotes) -> Self {
        Self { remotes: Some(remotes) }
    }
}

/// Builds the kustomization in a directory.
///
/// # Errors
/// [`RenderError::Problems`] with the first problem, [`RenderError::NoManifests`] if nothing comes out.
pub fn render(tree: &dyn FileTree, place: &RepoPath, options: Options<'_>) -> Result<Manifests, RenderError> {
    let mut build = Build::new(Loader::new(tree, options.remotes));
    let built = build.run(place).and_then(|items| manifests(items, &build.loader.files));
    match built {
        Err(fault) => {
            Err(RenderError::Problems(vec![named(fault.notice(&build.loader.files), &build.loader.files)]))
        }
        Ok(items) if items.is_empty() => {
            Err(RenderError::NoManifests { place: place.to_string(), files: build.loader.count })
        }
        Ok(items) => Ok(Manifests { items, warnings: build.warnings }),
    }
}

/// Puts the names of files in where a hint has their numbers.
fn named(mut notice: Notice, files: &[Arc<str>]) -> Notice {
    if let Some(hint) = notice.hint.as_mut().filter(|hint| hint.contains('\u{1}')) {
        let parts: Vec<String> = hint
            .split('\u{1}')
            .map(|part| match part.parse::<usize>().ok().and_then(|number| files.get(number)) {
                Some(name) => name.to_string(),
                None => part.to_owned(),
            })
            .collect();
        *hint = parts.concat();
    }
    notice
}

/// Objects below this number are written on one thread.
const FEW_OBJECTS: usize = 128;

/// The objects as manifests. Each is given up as soon as it is written, so that memory never holds all of them twice.
fn manifests(mut items: Vec<Resource>, files: &[Arc<str>]) -> Result<Vec<Manifest>, fault::Fault> {
    let write = |items: Vec<Resource>| {
        items.into_iter().map(|item| manifest(&item, files)).collect::<Result<Vec<_>, _>>()
    };
    if items.len() < FEW_OBJECTS {
        return write(items);
    }
    let back = items.split_off(items.len() / 2);
    std::thread::scope(|scope| {
        let back = scope.spawn(|| write(back));
        let mut all = write(items)?;
        all.extend(back.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        Ok(all)
    })
}

fn manifest(item: &Resource, files: &[Arc<str>]) -> Result<Manifest, fault::Fault> {
    let (mut object, places) = item.tree.to_json_with_places()?;
    if item.tree.nodes.iter().any(|node| node.text.contains('\u{85}')) {
        fold_next_lines(&mut object);
    }
    let id = item.id();
    let version = item.gvk().api_version();
    let Some(version) = GroupVersion::parse(&version) else {
        let message = format!("{id} has no apiVersion of the form VERSION or GROUP/VERSION");
        return Err(fault::Fault::at(item.place(), message));
    };
    let place = item.place();
    let name = |number: u32| files.get(number as usize).cloned().unwrap_or_default();
    let own = name(place.file);
    let fields = places.into_iter().map(|(path, at)| (path, name(at.file), at.line));
    Ok(Manifest {
        gvk: Gvk::new(&version.group, &version.version, &id.gvk.kind),
        namespace: (!id.namespace.is_empty()).then(|| id.namespace.to_string()),
        name: id.name.to_string(),
        origin: Origin::with_files(own, place.line, fields),
        object: Packed::of(&object),
    })
}

/// The line end U+0085 does not survive the output of kustomize: like any line end in quotes it becomes a space, and the blanks
/// around it go.
fn fold_next_lines(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\u{85}') => *text = folded(text),
        Value::Array(items) => items.iter_mut().for_each(fold_next_lines),
        Value::Object(map) => map.values_mut().for_each(fold_next_lines),
        _ => {}
    }
}

fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{85}') {
        out.push_str(rest[..at].trim_end_matches([' ', '\t']));
        let after = rest[at..].trim_start_matches([' ', '\t', '\u{85}']);
        let count = rest[at..rest.len() - after.len()].matches('\u{85}').count();
        if count == 1 {
            out.push(' ')
        } else {
            out.push_str(&"\n".repeat(count - 1))
        }
        rest = after;
    }
    out + rest
}
