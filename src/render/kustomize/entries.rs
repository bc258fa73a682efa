//! Reading the entries of a kustomization's lists.

use super::decode::Setting;
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::ident::{Gvk, ResId};
use super::kustomization::{
    GeneratorArgs, GeneratorOptions, Image, Label, Patch, Replica, SortOptions, Text, Var,
};
use super::pattern::Pattern;
use super::selector::Selector;
use crate::object::selector::Selector as LabelSelector;

pub(super) fn label(entry: &Setting<'_>) -> Outcome<Label> {
    let mut label = Label::default();
    for (name, field) in entry.fields(&["pairs", "includeSelectors", "includeTemplates", "fields"])? {
        match name {
            "pairs" => label.pairs = field.pairs()?,
            "includeSelectors" => label.include_selectors = field.flag()?,
            "includeTemplates" => label.include_templates = field.flag()?,
            _ => label.fields = each(&field, field_spec)?,
        }
    }
    Ok(label)
}

/// A field specification, as configurations and labels write it.
pub(super) fn field_spec(entry: &Setting<'_>) -> Outcome<FieldSpec> {
    let mut spec = FieldSpec { gvk: Gvk::default(), path: String::new(), create: false };
    for (name, field) in entry.fields(&["group", "version", "kind", "path", "create"])? {
        match name {
            "group" => spec.gvk.group = field.text()?.into(),
            "version" => spec.gvk.version = field.text()?.into(),
            "kind" => spec.gvk.kind = field.text()?.into(),
            "path" => spec.path = field.text()?,
            _ => spec.create = field.flag()?,
        }
    }
    Ok(spec)
}

pub(super) fn patch(entry: &Setting<'_>) -> Outcome<Patch> {
    let mut patch = Patch { place: entry.place(), ..Patch::default() };
    for (name, field) in entry.fields(&["path", "patch", "target", "options"])? {
        match name {
            "path" => patch.path = field.text()?,
            "patch" => (patch.patch, patch.text_place) = text(&field)?,
            "target" if !field.is_null() => (patch.target, patch.target_name) = target(&field)?,
            "options" if !field.is_null() => {
                patch.has_options = true;
                for (name, option) in field.fields(&["allowNameChange", "allowKindChange"])? {
                    match name {
                        "allowNameChange" => patch.allow_name_change = option.flag()?,
                        _ => patch.allow_kind_change = option.flag()?,
                    }
                }
            }
            _ => {}
        }
    }
    Ok(patch)
}

pub(super) fn target(field: &Setting<'_>) -> Outcome<(Option<Selector>, String)> {
    let (selector, name) = selector_and_name(field)?;
    Ok((Some(selector), name))
}

/// A selector of objects.
pub(super) fn selector(field: &Setting<'_>) -> Outcome<Selector> {
    Ok(selector_and_name(field)?.0)
}

fn selector_and_name(field: &Setting<'_>) -> Outcome<(Selector, String)> {
    const NAMES: &[&str] =
        &["group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector"];
    let mut selector = Selector {
        group: None,
        version: None,
        kind: None,
        name: None,
        namespace: None,
        labels: None,
        annotations: None,
    };
    let mut wanted_name = String::new();
    for (name, field) in field.fields(NAMES)? {
        let text = field.text()?;
        if text.is_empty() {
            continue;
        }
        if name == "name" {
            wanted_name.clone_from(&text);
        }
        let fault = |message: String| Fault::at(field.place(), message);
        let labels = || LabelSelector::parse(&text).map(Some).map_err(fault);
        let pattern = || Pattern::whole(&text).map(Some).map_err(fault);
        match name {
            "group" => selector.group = pattern()?,
            "version" => selector.version = pattern()?,
            "kind" => selector.kind = pattern()?,
            "name" => selector.name = pattern()?,
            "namespace" => selector.namespace = pattern()?,
            "labelSelector" => selector.labels = labels()?,
            _ => selector.annotations = labels()?,
        }
    }
    Ok((selector, wanted_name))
}

pub(super) fn image(entry: &Setting<'_>) -> Outcome<Image> {
    let mut image = Image { place: entry.place(), ..Image::default() };
    for (name, field) in entry.fields(&["name", "newName", "tagSuffix", "newTag", "digest"])? {
        match name {
            "name" => image.name = field.text()?,
            "newName" => image.new_name = text(&field)?,
            "tagSuffix" => image.tag_suffix = text(&field)?,
            "newTag" => image.new_tag = text(&field)?,
            _ => image.digest = text(&field)?,
        }
    }
    Ok(image)
}

pub(super) fn replica(entry: &Setting<'_>) -> Outcome<Replica> {
    let mut replica = Replica { place: entry.place(), ..Replica::default() };
    for (name, field) in entry.fields(&["name", "count"])? {
        match name {
            "name" => replica.name = field.text()?,
            _ => (replica.count, replica.place) = (field.integer()?, field.place()),
        }
    }
    Ok(replica)
}

pub(super) fn var(entry: &Setting<'_>) -> Outcome<Var> {
    let mut var = Var { place: entry.place(), field_path: "metadata.name".to_owned(), ..Var::default() };
    for (name, field) in entry.fields(&["name", "objref", "fieldref"])? {
        match name {
            "name" => var.name = field.text()?,
            "objref" => var.object = object_reference(&field)?,
            _ => {
                for (_, field) in field.fields(&["fieldPath"])? {
                    let path = field.text()?;
                    if !path.is_empty() {
                        var.field_path = path;
                    }
                }
            }
        }
    }
    Ok(var)
}

fn object_reference(entry: &Setting<'_>) -> Outcome<ResId> {
    let mut id = ResId::default();
    let mut api_version = String::new();
    for (name, field) in entry.fields(&["apiVersion", "group", "version", "kind", "name", "namespace"])? {
        match name {
            "apiVersion" => api_version = field.text()?,
            "group" => id.gvk.group = field.text()?.into(),
            "version" => id.gvk.version = field.text()?.into(),
            "kind" => id.gvk.kind = field.text()?.into(),
            "name" => id.name = field.text()?.into(),
            _ => id.namespace = field.text()?.into(),
        }
    }
    match api_version.split('/').collect::<Vec<_>>()[..] {
        [""] => {}
        [version] => id.gvk.version = version.into(),
        [group, version] => (id.gvk.group, id.gvk.version) = (group.into(), version.into()),
        _ => {}
    }
    Ok(id)
}

pub(super) fn sort_options(entry: &Setting<'_>) -> Outcome<SortOptions> {
    let mut options = SortOptions { place: entry.place(), ..SortOptions::default() };
    for (name, field) in entry.fields(&["order", "legacySortOptions"])? {
        match name {
            "order" => (options.order, options.place) = text(&field)?,
            _ if field.is_null() => {}
            _ => {
                let mut lists = (Vec::new(), Vec::new());
                for (name, list) in field.fields(&["orderFirst", "orderLast"])? {
                    let texts = list.texts()?.into_iter().map(|(text, _)| text).collect();
                    if name == "orderFirst" { lists.0 = texts } else { lists.1 = texts }
                }
                options.legacy = Some(lists);
            }
        }
    }
    Ok(options)
}

pub(super) fn config_map_args(entry: &Setting<'_>) -> Outcome<GeneratorArgs> {
    generator_args(entry, &["namespace", "name", "behavior", "literals", "files", "envs", "env", "options"])
}

pub(super) fn secret_args(entry: &Setting<'_>) -> Outcome<GeneratorArgs> {
    generator_args(
        entry,
        &["namespace", "name", "behavior", "literals", "files", "envs", "env", "options", "type"],
    )
}

/// The arguments of a generator with these fields; in the configuration of a plugin there are more.
pub(super) fn generator_args(entry: &Setting<'_>, known: &[&'static str]) -> Outcome<GeneratorArgs> {
    let mut args = GeneratorArgs { place: entry.place(), ..GeneratorArgs::default() };
    let mut env = None;
    for (name, field) in entry.fields(known)? {
        match name {
            "namespace" => args.namespace = text(&field)?,
            "name" => args.name = text(&field)?,
            "behavior" => args.behavior = field.text()?,
            "literals" => args.literals = field.texts()?,
            "files" => args.files = field.texts()?,
            "envs" => args.envs = field.texts()?,
            "env" => env = Some(text(&field)?).filter(|(path, _)| !path.is_empty()),
            "options" => args.options = (!field.is_null()).then(|| generator_options(&field)).transpose()?,
            "type" => args.kind = text(&field)?,
            _ => {}
        }
    }
    args.envs.extend(env);
    Ok(args)
}

pub(super) fn generator_options(entry: &Setting<'_>) -> Outcome<GeneratorOptions> {
    let mut options = GeneratorOptions::default();
    for (name, field) in entry.fields(&["labels", "annotations", "disableNameSuffixHash", "immutable"])? {
        match name {
            "labels" => options.labels = field.pairs()?,
            "annotations" => options.annotations = field.pairs()?,
            "disableNameSuffixHash" => options.disable_hash = field.flag()?,
            _ => options.immutable = field.flag()?.then(|| field.place()),
        }
    }
    Ok(options)
}

/// The patch that the configuration of a plugin describes.
pub(super) fn patch_of_plugin(settings: &Setting<'_>, into: &mut Vec<Patch>) -> Outcome<()> {
    into.push(patch(settings)?);
    Ok(())
}

pub(super) fn text(field: &Setting<'_>) -> Outcome<Text> {
    Ok((field.text()?, field.place()))
}

pub(super) fn each<T>(list: &Setting<'_>, read: fn(&Setting<'_>) -> Outcome<T>) -> Outcome<Vec<T>> {
    list.items()?.iter().map(read).collect()
}

pub(super) fn build_metadata(field: &Setting<'_>) -> Outcome<Vec<Text>> {
    field.texts()
}

pub(super) fn metadata(field: &Setting<'_>) -> Outcome<()> {
    for (name, field) in field.fields(&["name", "namespace", "labels", "annotations"])? {
        match name {
            "labels" | "annotations" => drop(field.pairs()?),
            _ => drop(field.text()?),
        }
    }
    Ok(())
}
