//! The fields of a kustomization file (`api/types/kustomization.go`) and of what stands in them.

use std::collections::BTreeMap;

use super::decode::Setting;
use super::entries::{
    build_metadata, config_map_args, each, generator_options, image, label, metadata, patch, replica,
    secret_args, sort_options, text, var,
};
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::ident::ResId;
use super::node::Place;
use super::replacement_entries::{ReplacementEntry, replacement_entry};
use super::selector::Selector;

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
