//! The build of a directory in the exact order of kustomize: resources, configurations, generators, components, transformers,
//! validators and vars; hashes, references and vars are settled at the end of all.

use std::sync::{Arc, OnceLock};

use super::config::{configuration, crds, settings};
use super::decode::{EXACT, Setting};
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::generate::{Generated, generate};
use super::kustomization::{Kustomization, Label, Patch, Text};
use super::load::{Directory, Loader};
use super::node::Place;
use super::patches;
use super::plugins;
use super::references;
use super::resource::{ORIGIN, Resource, TRANSFORMATIONS};
use super::schema::Schemas;
use super::scopes::{Learned, scope};
use super::set::ResourceSet;
use super::shown::{configured_in, written_in};
use super::sort;
use super::specs::{FieldSpecs, merge_all, merge_one};
use super::step::Step;
use super::text::resources_of;
use super::transform::{Affix, Namespace};
use super::vars::{self, Vars};
use crate::render::Notice;
use crate::source::tree::RepoPath;

/// Adds the label that names kustomize and its version.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

/// A build.
pub(super) struct Build<'t> {
    pub(super) loader: Loader<'t>,
    /// The types of `openapi`, if given; then the built-in ones are not known.
    custom: Option<Schemas>,
    /// True once `openapi` was given.
    schema_is_set: bool,
    /// True if something needed the built-in types before `openapi` was given; then they stay known.
    needed_builtin: bool,
    /// What `openapi` says of the scope of kinds.
    learned: Arc<OnceLock<Learned>>,
    /// True if the origin of objects is written into annotations.
    tracks: bool,
    pub(super) warnings: Vec<Notice>,
}

/// What a directory gives to the one above it.
#[derive(Default)]
struct Gathered {
    set: ResourceSet,
    specs: Arc<FieldSpecs>,
    vars: Vars,
}

/// A kustomization with its directory.
struct Target {
    kustomization: Kustomization,
    dir: Directory,
    /// The name of its file.
    file: String,
    place: Place,
}

impl<'t> Build<'t> {
    pub(super) fn new(loader: Loader<'t>) -> Self {
        Self {
            loader,
            custom: None,
            schema_is_set: false,
            needed_builtin: false,
            learned: Arc::default(),
            tracks: false,
            warnings: Vec::new(),
        }
    }

    /// Builds a directory.
    pub(super) fn run(&mut self, place: &RepoPath) -> Outcome<Vec<Resource>> {
        let dir = self.loader.start(place)?;
        let target = self.load(dir, Place { file: u32::MAX, line: 0 })?;
        self.set_schema(&target)?;
        self.tracks = !target.kustomization.build_metadata.is_empty();
        let mut gathered = self.gather(&target, Gathered::default())?;
        Step::Hash.run(&mut gathered.set, &[])?;
        references::fix(&mut gathered.set, &gathered.specs)?;
        vars::resolve(&gathered.vars, &mut gathered.set, &gathered.specs.var_reference)?;
        drop_local(&mut gathered.set)?;
        let kustomization = &target.kustomization;
        sort::sort(gathered.set.items_mut(), kustomization.sort.as_ref())?;
        self.finish(gathered.set, kustomization)
    }

    fn finish(&self, mut set: ResourceSet, kustomization: &Kustomization) -> Outcome<Vec<Resource>> {
        if kustomization.has_metadata("managedByLabel") {
            let at = kustomization.build_metadata.first().map_or(Place::default(), |(_, place)| *place);
            let pairs = [(MANAGED_BY.0.to_owned(), (MANAGED_BY.1.to_owned(), at))].into();
            super::transform::set_pairs(&mut set, &pairs, &[labels_field()], "labels")?;
        }
        let (origins, steps) = (
            kustomization.has_metadata("originAnnotations"),
            kustomization.has_metadata("transformerAnnotations"),
        );
        for item in set.items_mut() {
            item.finish_annotations(|key| (key != ORIGIN || origins) && (key != TRANSFORMATIONS || steps))?;
        }
        Ok(set.items)
    }

    /// Reads the kustomization of a directory.
    fn load(&mut self, dir: Directory, place: Place) -> Outcome<Target> {
        let (file, content, number) = self.loader.kustomization(&dir, place)?;
        let place = Place { file: number, line: 1 };
        let Some(document) = settings(&content, number)? else {
            return Err(Fault::at(place, "the kustomization is empty"));
        };
        let at = Place { line: document.line, ..place };
        let root = Setting::new(&document.value, &document.lines, at, EXACT);
        let kustomization = Kustomization::read(&root)?;
        for (old, instead, place) in &kustomization.deprecated {
            let message = format!("the field {old} is deprecated");
            let file =
                self.loader.files.get(place.file as usize).map(ToString::to_string).unwrap_or_default();
            let hint = Some(format!("write {instead}; `kustomize edit fix` does it"));
            self.warnings.push(Notice { file, line: place.line, column: 0, message, hint });
        }
        Ok(Target { kustomization, dir, file, place })
    }

    /// Takes the types of `openapi`; those of the first kustomization that has some count.
    fn set_schema(&mut self, target: &Target) -> Outcome<()> {
        let openapi = &target.kustomization.openapi;
        let content = match openapi.get("path") {
            Some((path, place)) => Some(self.loader.read(&target.dir, path, *place)?),
            None => None,
        };
        if self.schema_is_set {
            return Ok(());
        }
        match (content, openapi.get("version")) {
            (Some(_), Some((_, place))) => {
                Err(Fault::at(*place, "openapi has `path` and `version`, expected one of them"))
            }
            (None, Some((version, place))) if !version.is_empty() && version != "v1.21.2" => {
                Err(Fault::at(*place, format!("the OpenAPI of version {version:?} is not built in"))
                    .hint("the version that is built in is v1.21.2; give others as a file in `openapi.path`"))
            }
            (None, version) => {
                self.schema_is_set = version.is_some_and(|(version, _)| !version.is_empty());
                Ok(())
            }
            (Some((content, file)), None) => {
                let document = settings(&content, file)?;
                let value = document.map(|document| document.value).unwrap_or_default();
                self.custom = Some(Schemas::from_openapi(&value));
                self.learned.get_or_init(|| Learned::from_openapi(&value));
                self.schema_is_set = true;
                Ok(())
            }
        }
    }

    /// Performs all of a kustomization on what is there: nothing for a directory of its own, all of the parent's for a component.
    fn gather(&mut self, target: &Target, gathered: Gathered) -> Outcome<Gathered> {
        let kustomization = &target.kustomization;
        let mut gathered = self.resources(target, gathered, &kustomization.resources)?;
        self.configure(target, &mut gathered)?;
        self.generate(target, &mut gathered)?;
        for (path, place) in &kustomization.components {
            gathered = self.directory(target, gathered, path, *place, true)?;
        }
        let steps = self.steps(target, &gathered.specs)?;
        for (step, origin) in steps {
            self.perform(&step, &mut gathered.set)?;
            if let Some(origin) = origin {
                note_step(&mut gathered.set, &origin, target.place)?;
            }
            gathered.set.drop_empty();
        }
        self.validate(target, &mut gathered)?;
        vars::add(&mut gathered.vars, &kustomization.vars, &mut gathered.set)?;
        Ok(gathered)
    }

    fn perform(&mut self, step: &Step, set: &mut ResourceSet) -> Outcome<()> {
        match &self.custom {
            Some(custom) if self.needed_builtin => step.run(set, &[custom, Schemas::builtin()]),
            Some(custom) => step.run(set, &[custom]),
            None => {
                self.needed_builtin |= step.needs_types();
                step.run(set, &[Schemas::builtin()])
            }
        }
    }

    /// Adds objects from files and directories.
    fn resources(&mut self, target: &Target, mut gathered: Gathered, paths: &[Text]) -> Outcome<Gathered> {
        for (path, place) in paths {
            if !self.loader.is_file(&target.dir, path) {
                gathered = self.directory(target, gathered, path, *place, false)?;
                continue;
            }
            let (content, file) = self.loader.read(&target.dir, path, *place)?;
            let mut set = ResourceSet::default();
            for mut resource in resources_of(&content, Place { file, line: 1 })? {
                resource.learned = Some(Arc::clone(&self.learned));
                self.needed_builtin |= self.custom.is_none() && scope(&resource.gvk()).is_none();
                if self.tracks {
                    resource.add_annotation(ORIGIN, &written_in(&target.dir, path), *place)?;
                }
                set.append(resource)?;
            }
            gathered.set.append_all(set)?;
        }
        Ok(gathered)
    }

    fn directory(
        &mut self,
        target: &Target,
        gathered: Gathered,
        path: &str,
        place: Place,
        component: bool,
    ) -> Outcome<Gathered> {
        let dir = self.loader.enter(&target.dir, path, place)?;
        let below = self.load(dir, place)?;
        self.set_schema(&below)?;
        match (component, below.kustomization.is_component) {
            (true, false) => {
                return Err(Fault::at(place, format!("{path} is no component"))
                    .hint("name a kustomization in `resources`, or write `kind: Component` into it"));
            }
            (false, true) => {
                return Err(
                    Fault::at(place, format!("{path} is a component")).hint("name it in `components`")
                );
            }
            (true, true) => {
                let mut built = self.gather(&below, gathered)?;
                let items = std::mem::take(&mut built.set);
                // Two objects may have got the same name in the component.
                built.set.append_all(items)?;
                return Ok(built);
            }
            (false, false) => {}
        }
        let below = self.gather(&below, Gathered::default())?;
        let mut gathered = gathered;
        gathered.set.append_all(below.set)?;
        gathered.specs.merge(&below.specs)?;
        vars::merge(&mut gathered.vars, below.vars.into_values())?;
        Ok(gathered)
    }

    /// Adds the field specifications of configurations and crds.
    fn configure(&mut self, target: &Target, gathered: &mut Gathered) -> Outcome<()> {
        let mut own = FieldSpecs::defaults();
        let mut files = Arc::new(FieldSpecs::default());
        for (path, place) in &target.kustomization.configurations {
            let (content, file) = self.loader.read(&target.dir, path, *place)?;
            files
                .merge(&Arc::new(configuration(&content, file)?))
                .map_err(|fault| Fault { place: *place, ..fault })?;
        }
        let at = |fault: Fault| Fault { place: target.place, ..fault };
        if *files != FieldSpecs::default() {
            own.merge(&files).map_err(at)?;
        }
        gathered.specs.merge(&own).map_err(at)?;
        let mut known = Arc::new(FieldSpecs::default());
        for (path, place) in &target.kustomization.crds {
            let (content, file) = self.loader.read(&target.dir, path, *place)?;
            let specs = crds(&content, file).map_err(|fault| {
                if fault.place.line == 0 { Fault { place: *place, ..fault } } else { fault }
            })?;
            known.merge(&Arc::new(specs)).map_err(at)?;
        }
        if *known != FieldSpecs::default() {
            gathered.specs.merge(&known).map_err(at)?;
        }
        Ok(())
    }

    fn generate(&mut self, target: &Target, gathered: &mut Gathered) -> Outcome<()> {
        let kustomization = &target.kustomization;
        let global = kustomization.generator_options.as_ref();
        let mut made = Vec::new();
        for (what, kind, list) in [
            (Generated::ConfigMap, "ConfigMapGenerator", &kustomization.config_maps),
            (Generated::Secret, "SecretGenerator", &kustomization.secrets),
        ] {
            for args in list {
                let mut resource = generate(what, args, global, &mut self.loader, &target.dir)?;
                if self.tracks {
                    resource.annotate(ORIGIN, &configured(target, kind), target.place)?;
                }
                made.push(resource);
            }
        }
        if let Some(place) = kustomization.helm {
            return Err(plugins::helm(place));
        }
        for plugin in self.plugins(target, &kustomization.generators)? {
            for mut resource in plugins::run_generator(&plugin, &mut self.loader, &target.dir)? {
                if self.tracks && resource.annotation(ORIGIN).is_none() {
                    resource.annotate(ORIGIN, &configured_by(&plugin), plugin.place())?;
                }
                made.push(resource);
            }
        }
        made.into_iter().try_for_each(|resource| gathered.set.absorb(resource))
    }

    /// The configurations of plugins: written out, in files, or built from directories.
    fn plugins(&mut self, target: &Target, entries: &[Text]) -> Outcome<Vec<Resource>> {
        let mut gathered = Gathered::default();
        let mut paths = Vec::new();
        for entry in entries {
            match resources_of(entry.0.as_bytes(), plugins::inner_place(entry)) {
                Ok(inline) => {
                    for mut resource in inline {
                        if self.tracks {
                            resource.annotate(ORIGIN, &written_in(&target.dir, &target.file), entry.1)?;
                        }
                        gathered.set.append(resource)?;
                    }
                }
                Err(fault) if entry.0.contains('\n') => return Err(fault),
                Err(_) => paths.push(entry.clone()),
            }
        }
        Ok(self.resources(target, gathered, &paths)?.set.items)
    }

    /// The transformers of a kustomization, in their order, each with what is noted about it.
    fn steps(&mut self, target: &Target, specs: &Arc<FieldSpecs>) -> Outcome<Vec<(Step, Option<String>)>> {
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
    fn external(&mut self, plugin: &Resource, target: &Target) -> Outcome<Vec<(Step, Option<String>)>> {
        let steps = plugins::transformer(plugin, &mut self.loader, &target.dir)?;
        let last = steps.len().saturating_sub(1);
        let origin = self.tracks.then(|| configured_by(plugin));
        let note = |(at, step)| (step, origin.clone().filter(|_| at == last));
        Ok(steps.into_iter().enumerate().map(note).collect())
    }

    /// Runs the validators, which must change nothing.
    fn validate(&mut self, target: &Target, gathered: &mut Gathered) -> Outcome<()> {
        for plugin in self.plugins(target, &target.kustomization.validators)? {
            for (step, _) in self.external(&plugin, target)? {
                let before = gathered.set.clone();
                self.perform(&step, &mut gathered.set)?;
                let same = before.items.len() == gathered.set.items.len()
                    && before.items.iter().zip(&gathered.set.items).all(|(old, new)| is_untouched(old, new));
                if !same {
                    return Err(Fault::at(plugin.place(), "a validator has changed an object")
                        .hint("a transformer that changes objects belongs to `transformers`"));
                }
            }
        }
        Ok(())
    }
}

/// True if nothing was written to an object, not even what was there.
fn is_untouched(old: &Resource, new: &Resource) -> bool {
    fn same(old: &super::node::Tree, a: u32, new: &super::node::Tree, b: u32) -> bool {
        let (left, right) = (old.node(a), new.node(b));
        left.kind == right.kind
            && left.text == right.text
            && left.tag == right.tag
            && left.place == right.place
            && left.content.len() == right.content.len()
            && left.content.iter().zip(&right.content).all(|(a, b)| same(old, *a, new, *b))
    }
    old.previous == new.previous
        && old.prefixes == new.prefixes
        && old.suffixes == new.suffixes
        && same(&old.tree, old.tree.root, &new.tree, new.tree.root)
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

fn labels_field() -> FieldSpec {
    FieldSpec { gvk: super::ident::Gvk::default(), path: "metadata/labels".to_owned(), create: true }
}

/// Takes out objects that are marked as local.
fn drop_local(set: &mut ResourceSet) -> Outcome<()> {
    for item in &set.items {
        if item.name().is_empty() && !item.kind().ends_with("List") {
            return Err(Fault::at(item.place(), "an object has lost its name"));
        }
        if item.kind().is_empty() {
            return Err(Fault::at(item.place(), "an object has lost its kind"));
        }
    }
    let items = std::mem::take(set).into_items();
    let stays = |item: &Resource| {
        matches!(item.annotation("config.kubernetes.io/local-config"), None | Some("false"))
    };
    // Two objects may have got the same name on the way.
    items.into_iter().filter(stays).try_for_each(|item| set.append(item))
}

/// What the annotation of origin says about something that a field of a kustomization makes or changes.
fn configured(target: &Target, kind: &str) -> String {
    let file = configured_in(&target.dir, &target.file);
    format!("{file}configuredBy:\n  apiVersion: builtin\n  kind: {kind}\n")
}

/// The same for a plugin with a configuration of its own.
fn configured_by(plugin: &Resource) -> String {
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
fn note_step(set: &mut ResourceSet, origin: &str, place: Place) -> Outcome<()> {
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
