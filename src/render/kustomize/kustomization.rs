//! The fields of a kustomization file (`api/types/kustomization.go`) and of what stands in them.

use std::collections::BTreeMap;

use super::decode::Setting;
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::ident::{Gvk, ResId};
use super::node::Place;
use super::pattern::Pattern;
use super::selector::Selector;
use crate::object::selector::Selector as LabelSelector;

/// A text and its place.
pub(super) type Text = (String, Place);
/// Texts by their keys.
pub(super) type Pairs = BTreeMap<String, Text>;

/// Every field of a kustomization, the deprecated ones included.
pub const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// One kustomization or component.
#[derive(Debug, Default)]
pub(super) struct Kustomization {
    pub(super) is_component: bool,
    pub(super) openapi: BTreeMap<String, Text>,
    pub(super) name_prefix: Text,
    pub(super) name_suffix: Text,
    pub(super) namespace: Text,
    pub(super) common_labels: Pairs,
    pub(super) labels: Vec<Label>,
    pub(super) common_annotations: Pairs,
    pub(super) patches_strategic_merge: Vec<Text>,
    pub(super) patches_json: Vec<Patch>,
    pub(super) patches: Vec<Patch>,
    pub(super) images: Vec<Image>,
    pub(super) replacements: Vec<ReplacementEntry>,
    pub(super) replicas: Vec<Replica>,
    pub(super) vars: Vec<Var>,
    pub(super) sort: Option<SortOptions>,
    pub(super) resources: Vec<Text>,
    pub(super) components: Vec<Text>,
    pub(super) crds: Vec<Text>,
    pub(super) config_maps: Vec<GeneratorArgs>,
    pub(super) secrets: Vec<GeneratorArgs>,
    pub(super) helm: Option<Place>,
    pub(super) generator_options: Option<GeneratorOptions>,
    pub(super) configurations: Vec<Text>,
    pub(super) generators: Vec<Text>,
    pub(super) transformers: Vec<Text>,
    pub(super) validators: Vec<Text>,
    pub(super) build_metadata: Vec<Text>,
    /// Deprecated fields that are set.
    pub(super) deprecated: Vec<(&'static str, &'static str, Place)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Label {
    pub(super) pairs: Pairs,
    pub(super) include_selectors: bool,
    pub(super) include_templates: bool,
    pub(super) fields: Vec<FieldSpec>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Patch {
    pub(super) path: String,
    pub(super) patch: String,
    pub(super) target: Option<Selector>,
    /// The name in the target, as written.
    pub(super) target_name: String,
    pub(super) allow_name_change: bool,
    pub(super) allow_kind_change: bool,
    /// True if options are given at all.
    pub(super) has_options: bool,
    pub(super) place: Place,
    /// Where the text of the patch starts.
    pub(super) text_place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    pub(super) name: String,
    pub(super) new_name: Text,
    pub(super) tag_suffix: Text,
    pub(super) new_tag: Text,
    pub(super) digest: Text,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Replica {
    pub(super) name: String,
    pub(super) count: i64,
    pub(super) place: Place,
}

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

#[derive(Debug, Clone, Default)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) object: ResId,
    pub(super) field_path: String,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct SortOptions {
    pub(super) order: String,
    pub(super) legacy: Option<(Vec<String>, Vec<String>)>,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct GeneratorArgs {
    pub(super) name: Text,
    pub(super) namespace: Text,
    pub(super) behavior: String,
    pub(super) literals: Vec<Text>,
    pub(super) files: Vec<Text>,
    pub(super) envs: Vec<Text>,
    pub(super) kind: Text,
    pub(super) options: Option<GeneratorOptions>,
    pub(super) place: Place,
}

#[derive(Debug, Clone, Default)]
pub(super) struct GeneratorOptions {
    pub(super) labels: Pairs,
    pub(super) annotations: Pairs,
    pub(super) disable_hash: bool,
    pub(super) immutable: Option<Place>,
}

const VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

impl Kustomization {
    /// Reads a kustomization file.
    pub(super) fn read(document: &Setting<'_>) -> Outcome<Self> {
        let mut found = Self::default();
        let (mut api_version, mut kind) = (Text::default(), Text::default());
        let mut empty = true;
        let (mut bases, mut tags) = (Vec::new(), Vec::new());
        for (name, field) in document.fields(FIELDS)? {
            if !field.is_null() && !matches!(name, "apiVersion" | "kind") {
                empty = false;
            }
            match name {
                "apiVersion" => api_version = text(&field)?,
                "kind" => kind = text(&field)?,
                "bases" => bases = field.texts()?,
                "imageTags" => tags = each(&field, image)?,
                _ => found.field(name, &field)?,
            }
            if let Some((_, instead)) = DEPRECATED.iter().find(|(old, _)| *old == name && !field.is_null()) {
                found.deprecated.push((name, instead, field.place()));
            }
        }
        if empty {
            return Err(Fault::at(document.place(), "the kustomization is empty"));
        }
        found.resources.append(&mut bases);
        found.images.append(&mut tags);
        found.check_type(&api_version, &kind)?;
        Ok(found)
    }

    fn check_type(&mut self, api_version: &Text, kind: &Text) -> Outcome<()> {
        self.is_component = kind.0 == "Component";
        if !matches!(kind.0.as_str(), "" | "Kustomization" | "Component") {
            return Err(Fault::at(kind.1, "kind must be Kustomization or Component"));
        }
        let wanted = if self.is_component { COMPONENT_VERSION } else { VERSION };
        if !api_version.0.is_empty() && api_version.0 != wanted {
            let what = if self.is_component { "Component" } else { "Kustomization" };
            return Err(Fault::at(api_version.1, format!("apiVersion of a {what} must be {wanted}")));
        }
        Ok(())
    }

    fn field(&mut self, name: &str, field: &Setting<'_>) -> Outcome<()> {
        match name {
            "metadata" => metadata(field)?,
            "openapi" => self.openapi = field.pairs()?,
            "namePrefix" => self.name_prefix = text(field)?,
            "nameSuffix" => self.name_suffix = text(field)?,
            "namespace" => self.namespace = text(field)?,
            "commonLabels" => self.common_labels = field.pairs()?,
            "labels" => self.labels = each(field, label)?,
            "commonAnnotations" => self.common_annotations = field.pairs()?,
            "patchesStrategicMerge" => self.patches_strategic_merge = field.texts()?,
            "patchesJson6902" => self.patches_json = each(field, patch)?,
            "patches" => self.patches = each(field, patch)?,
            "images" => self.images = each(field, image)?,
            "replacements" => self.replacements = each(field, replacement_entry)?,
            "replicas" => self.replicas = each(field, replica)?,
            "vars" => self.vars = each(field, var)?,
            "sortOptions" => self.sort = (!field.is_null()).then(|| sort_options(field)).transpose()?,
            "resources" => self.resources = field.texts()?,
            "components" => self.components = field.texts()?,
            "crds" => self.crds = field.texts()?,
            "configMapGenerator" => self.config_maps = each(field, config_map_args)?,
            "secretGenerator" => self.secrets = each(field, secret_args)?,
            "helmCharts" | "helmChartInflationGenerator" if !field.items()?.is_empty() => {
                self.helm = Some(field.place());
            }
            "generatorOptions" => {
                self.generator_options = (!field.is_null()).then(|| generator_options(field)).transpose()?;
            }
            "configurations" => self.configurations = field.texts()?,
            "generators" => self.generators = field.texts()?,
            "transformers" => self.transformers = field.texts()?,
            "validators" => self.validators = field.texts()?,
            "buildMetadata" => self.build_metadata = build_metadata(field)?,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn has_metadata(&self, option: &str) -> bool {
        self.build_metadata.iter().any(|(text, _)| text == option)
    }
}

/// Old fields, and what to write instead.
const DEPRECATED: &[(&str, &str)] = &[
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

pub(super) fn text(field: &Setting<'_>) -> Outcome<Text> {
    Ok((field.text()?, field.place()))
}

pub(super) fn each<T>(list: &Setting<'_>, read: fn(&Setting<'_>) -> Outcome<T>) -> Outcome<Vec<T>> {
    list.items()?.iter().map(read).collect()
}

fn build_metadata(field: &Setting<'_>) -> Outcome<Vec<Text>> {
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

fn label(entry: &Setting<'_>) -> Outcome<Label> {
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

fn patch(entry: &Setting<'_>) -> Outcome<Patch> {
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

fn target(field: &Setting<'_>) -> Outcome<(Option<Selector>, String)> {
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

fn var(entry: &Setting<'_>) -> Outcome<Var> {
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

fn sort_options(entry: &Setting<'_>) -> Outcome<SortOptions> {
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

fn generator_options(entry: &Setting<'_>) -> Outcome<GeneratorOptions> {
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
