//! What a kustomization tells of types: `openapi`, `configurations` and `crds`, and what a transformer sees of them.

use std::sync::Arc;

use super::build::{Build, Gathered, Target};
use super::config::{configuration, crds, settings};
use super::fault::{Fault, Outcome};
use super::schema::Schemas;
use super::scopes::Learned;
use super::set::ResourceSet;
use super::specs::FieldSpecs;
use super::step::Step;

impl Build<'_> {
    /// Takes the types of `openapi`; those of the first kustomization that has some count.
    pub(super) fn set_schema(&mut self, target: &Target) -> Outcome<()> {
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

    pub(super) fn perform(&mut self, step: &Step, set: &mut ResourceSet) -> Outcome<()> {
        match &self.custom {
            Some(custom) if self.needed_builtin => step.run(set, &[custom, Schemas::builtin()]),
            Some(custom) => step.run(set, &[custom]),
            None => {
                self.needed_builtin |= step.needs_types();
                step.run(set, &[Schemas::builtin()])
            }
        }
    }

    /// Adds the field specifications of configurations and crds.
    pub(super) fn configure(&mut self, target: &Target, gathered: &mut Gathered) -> Outcome<()> {
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
}
