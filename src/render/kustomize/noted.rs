//! What the annotations of origin say about the fields and plugins that make and change objects.

use super::build::Target;
use super::fault::Outcome;
use super::node::Place;
use super::resource::{ORIGIN, Resource, TRANSFORMATIONS};
use super::set::ResourceSet;
use super::shown::configured_in;

/// What the annotation of origin says about something that a field of a kustomization makes or changes.
pub(super) fn configured(target: &Target, kind: &str) -> String {
    let file = configured_in(&target.dir, &target.file);
    format!("{file}configuredBy:\n  apiVersion: builtin\n  kind: {kind}\n")
}

/// The same for a plugin with a configuration of its own.
pub(super) fn configured_by(plugin: &Resource) -> String {
    let origin = plugin.annotation(ORIGIN).unwrap_or_default();
    let line = |start: &str| origin.lines().find(|line| line.starts_with(start));
    let mut out = String::new();
    for line in [line("repo: "), line("ref: ")].into_iter().flatten() {
        out.push_str(&format!("{line}\n"));
    }
    if let Some(path) = line("path: ").and_then(|line| line.strip_prefix("path: ")) {
        out.push_str(&format!("configuredIn: {path}\n"));
    }
    out.push_str("configuredBy:\n");
    let version = plugin.gvk().api_version();
    for (name, text) in [
        ("apiVersion", version.as_str()),
        ("kind", plugin.kind()),
        ("name", plugin.name()),
        ("namespace", plugin.namespace()),
    ] {
        if !text.is_empty() {
            out.push_str(&format!("  {name}: {}\n", yaml_text(text)));
        }
    }
    out
}

pub(super) fn yaml_text(text: &str) -> String {
    let plain = super::scalar::tag_of(text) == super::node::Tag::Str && !super::scalar::is_no_old_text(text);
    if plain { text.to_owned() } else { format!("{text:?}") }
}

/// Notes a step in the annotations of all objects.
pub(super) fn note_step(set: &mut ResourceSet, origin: &str, place: Place) -> Outcome<()> {
    for item in set.items_mut() {
        if item.annotation(ORIGIN).is_none() {
            item.annotate(ORIGIN, origin, place)?;
            continue;
        }
        let mut text = item.annotation(TRANSFORMATIONS).unwrap_or_default().to_owned();
        for (number, line) in origin.lines().enumerate() {
            text.push_str(if number == 0 { "- " } else { "  " });
            text.push_str(line);
            text.push('\n');
        }
        item.annotate(TRANSFORMATIONS, &text, place)?;
    }
    Ok(())
}
