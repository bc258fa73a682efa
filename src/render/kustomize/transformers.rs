//! Built-in transformers that are configured in files of their own.

use super::config::settings;
use super::decode::{LOOSE, Setting};
use super::entries::{each, field_spec, image, replica, selector, text};
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::kustomization::{Pairs, Text};
use super::load::{Directory, Loader};
use super::node::Place;
use super::plugins::{check, json_patch_step, merges, replacements, with_settings};
use super::replacement_entries::replacement_entry;
use super::resource::Resource;
use super::selector::Selector;
use super::step::{AddValue, Step, ValueTarget};
use super::transform::{Affix, Namespace, Subjects};

const TRANSFORMERS: &[&str] = &[
    "AnnotationsTransformer",
    "HashTransformer",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "SuffixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "ValueAddTransformer",
];

/// The steps of a transformer.
pub(super) fn transformer(plugin: &Resource, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<Vec<Step>> {
    check(plugin, TRANSFORMERS, "transformer")?;
    let place = plugin.place();
    with_settings(plugin, |settings| match plugin.kind() {
        "AnnotationsTransformer" => {
            let (pairs, fields) = pairs_and_fields(settings, "annotations")?;
            Ok(vec![Step::Annotations(pairs, fields)])
        }
        "LabelTransformer" => {
            let (pairs, fields) = pairs_and_fields(settings, "labels")?;
            Ok(vec![Step::Labels(pairs, fields)])
        }
        "HashTransformer" => Ok(vec![Step::Hash]),
        "ImageTagTransformer" => {
            let (mut wanted, mut specs) = (Default::default(), Vec::new());
            for (name, field) in settings.fields(&["imageTag", "fieldSpecs"])? {
                if name == "imageTag" { wanted = image(&field)? } else { specs = each(&field, field_spec)? }
            }
            Ok(vec![Step::Images(wanted, specs)])
        }
        "ReplicaCountTransformer" => {
            let (mut wanted, mut specs) = (Default::default(), Vec::new());
            for (name, field) in settings.fields(&["replica", "fieldSpecs"])? {
                if name == "replica" { wanted = replica(&field)? } else { specs = each(&field, field_spec)? }
            }
            Ok(vec![Step::Replicas(wanted, specs)])
        }
        "NamespaceTransformer" => Ok(vec![namespace(settings)?]),
        "PrefixTransformer" => Ok(vec![affix(settings, "prefix", place)?]),
        "SuffixTransformer" => Ok(vec![affix(settings, "suffix", place)?]),
        "PrefixSuffixTransformer" => {
            Ok(vec![affix(settings, "prefix", place)?, affix(settings, "suffix", place)?])
        }
        "ReplacementTransformer" => {
            let mut entries = Vec::new();
            for (_, field) in settings.fields(&["replacements"])? {
                entries = each(&field, replacement_entry)?;
            }
            Ok(vec![replacements(&entries, loader, dir)?])
        }
        "PatchTransformer" => Ok(vec![patch(settings, loader, dir)?]),
        "PatchJson6902Transformer" => Ok(vec![json_patch(settings, loader, dir)?]),
        "PatchStrategicMergeTransformer" => {
            let (mut paths, mut inline) = (Vec::new(), Text::default());
            for (name, field) in settings.fields(&["paths", "patches"])? {
                if name == "paths" { paths = field.texts()? } else { inline = text(&field)? }
            }
            Ok(vec![merges(&paths, &inline, place, loader, dir)?])
        }
        _ => Ok(vec![Step::AddValue(add_value(settings, loader, dir)?)]),
    })
}

fn pairs_and_fields(settings: &Setting<'_>, what: &'static str) -> Outcome<(Pairs, Vec<FieldSpec>)> {
    let (mut pairs, mut fields) = (Pairs::new(), Vec::new());
    for (name, field) in settings.fields(&[what, "fieldSpecs"])? {
        if name == what { pairs = field.pairs()? } else { fields = each(&field, field_spec)? }
    }
    Ok((pairs, fields))
}

fn affix(settings: &Setting<'_>, what: &'static str, place: Place) -> Outcome<Step> {
    let mut affix = Affix { is_suffix: what == "suffix", ..Affix::default() };
    let mut given = false;
    for (name, field) in settings.fields(&[what, "fieldSpecs"])? {
        if name == what {
            affix.text = text(&field)?;
        } else {
            given = !field.is_null();
            affix.fields = each(&field, field_spec)?;
        }
    }
    if given { Ok(Step::Affix(affix)) } else { Err(Fault::at(place, "`fieldSpecs` is missing")) }
}

fn namespace(settings: &Setting<'_>) -> Outcome<Step> {
    let mut namespace = Namespace::default();
    for (name, field) in
        settings.fields(&["metadata", "fieldSpecs", "unsetOnly", "setRoleBindingSubjects"])?
    {
        match name {
            "metadata" => {
                for (_, field) in field.fields(&["namespace"])? {
                    namespace.namespace = text(&field)?;
                }
            }
            "fieldSpecs" => namespace.fields = each(&field, field_spec)?,
            "unsetOnly" => namespace.unset_only = field.flag()?,
            _ => {
                namespace.subjects = match field.text()?.as_str() {
                    "" | "defaultOnly" => Subjects::NamedDefault,
                    "allServiceAccounts" => Subjects::ServiceAccounts,
                    "none" => Subjects::None,
                    _ => {
                        let message =
                            "setRoleBindingSubjects must be defaultOnly, allServiceAccounts or none";
                        return Err(Fault::at(field.place(), message));
                    }
                }
            }
        }
    }
    Ok(Step::Namespace(namespace))
}

fn patch(settings: &Setting<'_>, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<Step> {
    let mut wanted = Vec::new();
    super::entries::patch_of_plugin(settings, &mut wanted)?;
    let patch = wanted.pop().unwrap_or_default();
    super::steps::patch_step(&patch, loader, dir)
}

fn json_patch(settings: &Setting<'_>, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<Step> {
    let mut target: Option<Selector> = None;
    let (mut path, mut inline) = (Text::default(), Text::default());
    for (name, field) in settings.fields(&["target", "path", "jsonOp"])? {
        match name {
            "target" => target = Some(selector(&field)?),
            "path" => path = text(&field)?,
            _ => inline = text(&field)?,
        }
    }
    json_patch_step(target, &path, &inline, settings.place(), loader, dir)
}

fn add_value(settings: &Setting<'_>, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<AddValue> {
    let mut add = AddValue::default();
    let mut file = Text::default();
    for (name, field) in settings.fields(&["value", "targets", "targetFilePath"])? {
        match name {
            "value" => add.value = text(&field)?,
            "targets" => add.targets = each(&field, value_target)?,
            _ => file = text(&field)?,
        }
    }
    add.value.0 = add.value.0.trim().to_owned();
    if add.value.0.is_empty() {
        add.value = (dir.path.file_name().to_owned(), settings.place());
    }
    if !file.0.is_empty() {
        let (content, number) = loader.read(dir, &file.0, file.1)?;
        if let Some(document) = self::settings(&content, number)? {
            let place = Place { file: number, line: document.line };
            let root = Setting::new(&document.value, &document.lines, place, LOOSE);
            for (_, field) in root.fields(&["targets"])? {
                add.targets.extend(each(&field, value_target)?);
            }
        }
    }
    if add.targets.is_empty() {
        return Err(Fault::at(settings.place(), "at least one target is needed"));
    }
    for target in &add.targets {
        if target.path.is_empty() || target.position < 0 {
            return Err(Fault::at(
                settings.place(),
                "a target needs a fieldPath, and a position that is not negative",
            ));
        }
    }
    Ok(add)
}

fn value_target(entry: &Setting<'_>) -> Outcome<ValueTarget> {
    let mut target = ValueTarget::default();
    for (name, field) in entry.fields(&["selector", "fieldPath", "filePathPosition"])? {
        match name {
            "selector" if !field.is_null() => target.selector = Some(selector(&field)?),
            "fieldPath" => target.path = field.text()?,
            "filePathPosition" => target.position = field.integer()?,
            _ => {}
        }
    }
    Ok(target)
}
