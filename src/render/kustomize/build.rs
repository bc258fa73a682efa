//! The build of a directory in the exact order of kustomize: resources, configurations, generators, components, transformers,
//! validators and vars; hashes, references and vars are settled at the end of all.

use std::sync::{Arc, OnceLock};

use super::config::settings;
use super::decode::{EXACT, Setting};
use super::fault::{Fault, Outcome};
use super::generate::{Generated, generate};
use super::kustomization::{Kustomization, Text};
use super::load::{Directory, Loader};
use super::node::Place;
use super::noted::{configured, configured_by, note_step};
use super::plugins;
use super::references;
use super::resource::{ORIGIN, Resource, TRANSFORMATIONS};
use super::schema::Schemas;
use super::scopes::{Learned, scope};
use super::set::ResourceSet;
use super::shown::written_in;
use super::sort;
use super::specs::FieldSpecs;
use super::step::Step;
use super::steps::labels_field;
use super::text::resources_of;
use super::vars::{self, Vars};
use crate::render::Notice;
use crate::source::tree::RepoPath;

/// Adds the label that names kustomize and its version.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.1");

/// A build.
pub(super) struct Build<'t> {
    pub(super) loader: Loader<'t>,
    /// The types of `openapi`, if given; then the built-in ones are not known.
    pub(super) custom: Option<Schemas>,
    /// True once `openapi` was given.
    pub(super) schema_is_set: bool,
    /// True if something needed the built-in types before `openapi` was given; then they stay known.
    pub(super) needed_builtin: bool,
    /// What `openapi` says of the scope of kinds.
    pub(super) learned: Arc<OnceLock<Learned>>,
    /// True if the origin of objects is written into annotations.
    pub(super) tracks: bool,
    pub(super) warnings: Vec<Notice>,
}

/// What a directory gives to the one above it.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) set: ResourceSet,
    pub(super) specs: Arc<FieldSpecs>,
    pub(super) vars: Vars,
}

/// A kustomization with its directory.
pub(super) struct Target {
    pub(super) kustomization: Kustomization,
    pub(super) dir: Directory,
    /// The name of its file.
    pub(super) file: String,
    pub(super) place: Place,
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
    pub(super) fn plugins(&mut self, target: &Target, entries: &[Text]) -> Outcome<Vec<Resource>> {
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
