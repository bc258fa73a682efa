//! The transformers of a kustomization, in the order in which they are performed.

use std::sync::Arc;

use super::build::{Build, Target};
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::kustomization::{Kustomization, Label, Patch, Text};
use super::load::{Directory, Loader};
use super::node::Place;
use super::noted::{configured, configured_by};
use super::patches;
use super::plugins;
use super::resource::Resource;
use super::specs::{FieldSpecs, merge_all, merge_one};
use super::step::Step;
use super::transform::{Affix, Namespace};
use super::transformers::transformer;

impl Build<'_> {
    /// The transformers of a kustomization, in their order, each with what is noted about it.
    pub(super) fn steps(
        &mut self,
        target: &Target,
        specs: &Arc<FieldSpecs>,
    ) -> Outcome<Vec<(Step, Option<String>)>> {
        let kustomization = &target.kustomization;
        let mut steps: Vec<(Step, &str)> = Vec::new();
        if let Some((_, place)) = kustomization.patches_strategic_merge.first() {
            let paths = &kustomization.patches_strategic_merge;
            let step = plugins::merges(paths, &Text::default(), *place, &mut self.loader, &target.dir)?;
            steps.push((step, "PatchStrategicMergeTransformer"));
        }
        for patch in &kustomization.patches {
            steps.push((patch_step(patch, &mut self.loader, &target.dir)?, "PatchTransformer"));
        }
        naming_steps(kustomization, specs, &mut steps);
        label_steps(kustomization, specs, &mut steps)?;
        if !kustomization.common_annotations.is_empty() {
            let fields = specs.common_annotations.clone();
            steps.push((
                Step::Annotations(kustomization.common_annotations.clone(), fields),
                "AnnotationsTransformer",
            ));
        }
        for patch in &kustomization.patches_json {
            let (path, inline) = ((patch.path.clone(), patch.place), (patch.patch.clone(), patch.text_place));
            let step = plugins::json_patch_step(
                patch.target.clone(),
                &path,
                &inline,
                patch.place,
                &mut self.loader,
                &target.dir,
            )?;
            steps.push((step, "PatchJson6902Transformer"));
        }
        for replica in &kustomization.replicas {
            steps.push((Step::Replicas(replica.clone(), specs.replicas.clone()), "ReplicaCountTransformer"));
        }
        for image in &kustomization.images {
            steps.push((Step::Images(image.clone(), specs.images.clone()), "ImageTagTransformer"));
        }
        if !kustomization.replacements.is_empty() {
            let step = plugins::replacements(&kustomization.replacements, &mut self.loader, &target.dir)?;
            steps.push((step, "ReplacementTransformer"));
        }
        let tracks = self.tracks;
        let origin = |kind: &str| tracks.then(|| configured(target, kind));
        let mut all: Vec<(Step, Option<String>)> =
            steps.into_iter().map(|(step, kind)| (step, origin(kind))).collect();
        for plugin in self.plugins(target, &kustomization.transformers)? {
            all.extend(self.external(&plugin, target)?);
        }
        Ok(all)
    }

    /// The steps of a transformer that is configured apart; what is noted stands with the last.
    pub(super) fn external(
        &mut self,
        plugin: &Resource,
        target: &Target,
    ) -> Outcome<Vec<(Step, Option<String>)>> {
        let steps = transformer(plugin, &mut self.loader, &target.dir)?;
        let last = steps.len().saturating_sub(1);
        let origin = self.tracks.then(|| configured_by(plugin));
        let note = |(at, step)| (step, origin.clone().filter(|_| at == last));
        Ok(steps.into_iter().enumerate().map(note).collect())
    }
}

/// The step of one entry of `patches`.
pub(super) fn patch_step(patch: &Patch, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<Step> {
    let inline = patch.patch.trim();
    let (content, place) = match (inline.is_empty(), patch.path.is_empty()) {
        (true, true) => return Err(Fault::at(patch.place, "a patch needs `path` or `patch`")),
        (false, false) => {
            return Err(Fault::at(patch.place, "a patch has `path` and `patch`, expected one of them"));
        }
        (false, true) => {
            let text = (inline.to_owned(), patch.text_place);
            let place = plugins::inner_place(&text);
            (text.0.into_bytes(), place)
        }
        (true, false) => {
            let (content, file) = loader.read(dir, &patch.path, patch.place)?;
            (content, Place { file, line: 1 })
        }
    };
    let mut parsed = patches::parse(&content, place)?;
    if patch.has_options {
        for merge in &mut parsed.merges {
            merge.allow_name_change |= patch.allow_name_change;
            merge.allow_kind_change |= patch.allow_kind_change;
            if patch.allow_name_change || patch.allow_kind_change {
                merge.settle_annotations()?;
            }
        }
    }
    let target = patch.target.clone().map(Box::new);
    Ok(Step::Patch { parsed: Box::new(parsed), target, place: patch.place })
}

fn naming_steps(kustomization: &Kustomization, specs: &FieldSpecs, steps: &mut Vec<(Step, &'static str)>) {
    if !kustomization.namespace.0.is_empty() {
        let namespace = kustomization.namespace.clone();
        let step = Namespace { namespace, fields: specs.namespace.clone(), ..Namespace::default() };
        steps.push((Step::Namespace(step), "NamespaceTransformer"));
    }
    for (text, fields, is_suffix, kind) in [
        (&kustomization.name_prefix, &specs.name_prefix, false, "PrefixTransformer"),
        (&kustomization.name_suffix, &specs.name_suffix, true, "SuffixTransformer"),
    ] {
        if !text.0.is_empty() {
            steps.push((Step::Affix(Affix { text: text.clone(), fields: fields.clone(), is_suffix }), kind));
        }
    }
}

fn label_steps(
    kustomization: &Kustomization,
    specs: &FieldSpecs,
    steps: &mut Vec<(Step, &'static str)>,
) -> Outcome<()> {
    const KIND: &str = "LabelTransformer";
    for label in &kustomization.labels {
        let at = label.pairs.values().next().map_or(Place::default(), |(_, place)| *place);
        let fields = label_fields(label, specs).map_err(|fault| Fault { place: at, ..fault })?;
        steps.push((Step::Labels(label.pairs.clone(), fields), KIND));
    }
    if !kustomization.labels.is_empty() || !kustomization.common_labels.is_empty() {
        steps.push((Step::Labels(kustomization.common_labels.clone(), specs.common_labels.clone()), KIND));
    }
    Ok(())
}

fn label_fields(label: &Label, specs: &FieldSpecs) -> Outcome<Vec<FieldSpec>> {
    let mut fields = label.fields.clone();
    merge_all(&mut fields, &specs.labels)?;
    if label.include_selectors {
        merge_all(&mut fields, &specs.common_labels)?;
        return Ok(fields);
    }
    if label.include_templates {
        merge_all(&mut fields, &specs.template_labels)?;
    }
    merge_one(&mut fields, &labels_field())?;
    Ok(fields)
}

pub(super) fn labels_field() -> FieldSpec {
    FieldSpec { gvk: super::ident::Gvk::default(), path: "metadata/labels".to_owned(), create: true }
}
