//! The entries of `replacements`.

use super::decode::Setting;
use super::entries::{each, selector, text};
use super::fault::Outcome;
use super::ident::ResId;
use super::kustomization::Text;
use super::node::Place;
use super::selector::Selector;

#[derive(Debug, Clone, Default)]
pub(super) struct ReplacementEntry {
    pub(super) path: String,
    pub(super) replacement: Replacement,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Replacement {
    pub(super) source: Option<ReplacementSource>,
    pub(super) source_value: Option<Text>,
    pub(super) targets: Option<Vec<ReplacementTarget>>,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ReplacementSource {
    pub(super) id: ResId,
    pub(super) field_path: String,
    pub(super) options: FieldOptions,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ReplacementTarget {
    pub(super) select: Option<Selector>,
    pub(super) reject: Vec<Selector>,
    pub(super) field_paths: Vec<Text>,
    pub(super) options: FieldOptions,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct FieldOptions {
    pub(super) delimiter: String,
    pub(super) index: i64,
    pub(super) create: bool,
}

pub(super) fn replacement_entry(entry: &Setting<'_>) -> Outcome<ReplacementEntry> {
    let mut found = ReplacementEntry { place: entry.place(), ..ReplacementEntry::default() };
    found.replacement.place = entry.place();
    for (name, field) in entry.fields(&["source", "targets", "sourceValue", "path"])? {
        match name {
            "path" => found.path = field.text()?,
            _ => replacement_field(&mut found.replacement, name, &field)?,
        }
    }
    Ok(found)
}

pub(super) fn replacement(entry: &Setting<'_>) -> Outcome<Replacement> {
    let mut found = Replacement { place: entry.place(), ..Replacement::default() };
    for (name, field) in entry.fields(&["source", "targets", "sourceValue"])? {
        replacement_field(&mut found, name, &field)?;
    }
    Ok(found)
}

fn replacement_field(found: &mut Replacement, name: &str, field: &Setting<'_>) -> Outcome<()> {
    if field.is_null() {
        return Ok(());
    }
    match name {
        "source" => found.source = Some(replacement_source(field)?),
        "sourceValue" => found.source_value = Some(text(field)?),
        _ => found.targets = Some(each(field, replacement_target)?),
    }
    Ok(())
}

fn replacement_source(entry: &Setting<'_>) -> Outcome<ReplacementSource> {
    let mut source = ReplacementSource { place: entry.place(), ..ReplacementSource::default() };
    for (name, field) in
        entry.fields(&["group", "version", "kind", "name", "namespace", "fieldPath", "options"])?
    {
        match name {
            "group" => source.id.gvk.group = field.text()?.into(),
            "version" => source.id.gvk.version = field.text()?.into(),
            "kind" => source.id.gvk.kind = field.text()?.into(),
            "name" => source.id.name = field.text()?.into(),
            "namespace" => source.id.namespace = field.text()?.into(),
            "fieldPath" => source.field_path = field.text()?,
            _ => source.options = field_options(&field)?,
        }
    }
    Ok(source)
}

fn field_options(entry: &Setting<'_>) -> Outcome<FieldOptions> {
    let mut options = FieldOptions::default();
    for (name, field) in entry.fields(&["delimiter", "index", "encoding", "create"])? {
        match name {
            "delimiter" => options.delimiter = field.text()?,
            "index" => options.index = field.integer()?,
            "create" => options.create = field.flag()?,
            _ => drop(field.text()?),
        }
    }
    Ok(options)
}

fn replacement_target(entry: &Setting<'_>) -> Outcome<ReplacementTarget> {
    let mut target = ReplacementTarget { place: entry.place(), ..ReplacementTarget::default() };
    for (name, field) in entry.fields(&["select", "reject", "fieldPaths", "options"])? {
        match name {
            "select" if !field.is_null() => target.select = Some(selector(&field)?),
            "reject" => target.reject = each(&field, selector)?,
            "fieldPaths" => target.field_paths = field.texts()?,
            "options" => target.options = field_options(&field)?,
            _ => {}
        }
    }
    Ok(target)
}
