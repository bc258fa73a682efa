//! Files of field specifications: `configurations`, and what `crds` say about references.

use serde_json::Value;

use super::decode::{NAMED, Setting};
use super::entries::{each, field_spec};
use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::ident::Gvk;
use super::node::Place;
use super::specs::{FieldSpecs, NameReference, merge_one};
use crate::render::yaml::{self, Dialect, Document};

/// The first document of a file of settings, as `sigs.k8s.io/yaml` reads it.
pub(super) fn settings(content: &[u8], file: u32) -> Outcome<Option<Document>> {
    let reading = yaml::read(content, Dialect::Plain).map_err(|problems| {
        let first = problems.into_iter().next();
        let (line, message, hint) =
            first.map_or((0, String::new(), None), |remark| (remark.line, remark.message, remark.hint));
        Fault { hint, ..Fault::at(Place { file, line }, message) }
    })?;
    Ok(reading.documents.into_iter().next())
}

/// Reads a file of `configurations`.
pub(super) fn configuration(content: &[u8], file: u32) -> Outcome<FieldSpecs> {
    let mut specs = FieldSpecs::default();
    let Some(document) = settings(content, file)? else { return Ok(specs) };
    let place = Place { file, line: document.line };
    let root = Setting::new(&document.value, &document.lines, place, NAMED);
    let mut known = FieldSpecs::LISTS.to_vec();
    known.push("nameReference");
    for (name, field) in root.fields(&known)? {
        match specs.list_mut(name) {
            Some(list) => *list = each(&field, field_spec)?,
            None => specs.name_reference = each(&field, name_reference)?,
        }
    }
    specs.sort();
    Ok(specs)
}

fn name_reference(entry: &Setting<'_>) -> Outcome<NameReference> {
    let mut reference = NameReference { gvk: Gvk::default(), fields: Vec::new() };
    for (name, field) in entry.fields(&["group", "version", "kind", "fieldSpecs"])? {
        match name {
            "group" => reference.gvk.group = field.text()?.into(),
            "version" => reference.gvk.version = field.text()?.into(),
            "kind" => reference.gvk.kind = field.text()?.into(),
            _ => reference.fields = each(&field, field_spec)?,
        }
    }
    Ok(reference)
}

/// Reads a file of `crds`: OpenAPI definitions with kustomize's marks on properties.
pub(super) fn crds(content: &[u8], file: u32) -> Outcome<FieldSpecs> {
    let mut specs = FieldSpecs::default();
    if content.is_empty() {
        return Err(Fault::at(Place { file, line: 0 }, "the file is empty"));
    }
    let Some(document) = settings(content, file)? else { return Ok(specs) };
    let Value::Object(types) = &document.value else {
        return Err(Fault::at(Place { file, line: document.line }, "expected a map of OpenAPI definitions"));
    };
    for (name, definition) in types {
        if !definition.is_object() && !definition.is_null() {
            return Err(Fault::at(
                Place { file, line: document.line },
                format!("the definition {name:?} is no map"),
            ));
        }
        let properties = properties(definition);
        if ["kind", "apiVersion", "metadata"]
            .iter()
            .all(|field| properties.is_some_and(|map| map.contains_key(*field)))
        {
            let kind = name.rsplit('.').next().unwrap_or_default();
            let mut crd = Crd { types, specs: &mut specs, gvk: Gvk::new("", "", kind), open: Vec::new() };
            crd.walk(name, &[])?;
        }
    }
    Ok(specs)
}

fn properties(definition: &Value) -> Option<&serde_json::Map<String, Value>> {
    let schema = definition.get("Schema").or_else(|| definition.get("schema"))?;
    schema.get("properties").and_then(Value::as_object)
}

struct Crd<'c> {
    types: &'c serde_json::Map<String, Value>,
    specs: &'c mut FieldSpecs,
    gvk: Gvk,
    /// Types that are being walked.
    open: Vec<String>,
}

impl Crd<'_> {
    fn walk(&mut self, name: &str, path: &[String]) -> Outcome<()> {
        let Some(properties) = self.types.get(name).and_then(properties) else { return Ok(()) };
        if self.open.iter().any(|open| open == name) {
            return Err(Fault::at(
                Place::default(),
                format!("the definition {name} of a file of crds contains itself"),
            ));
        }
        self.open.push(name.to_owned());
        for (field, property) in properties {
            let mut path = path.to_vec();
            path.push(field.clone());
            let mark = |name: &str| property.get(name).and_then(Value::as_str);
            let spec =
                |path: &[String]| FieldSpec { gvk: self.gvk.clone(), path: path.join("/"), create: false };
            if mark("x-kubernetes-annotation").is_some() {
                merge_one(&mut self.specs.common_annotations, &spec(&path))?;
            }
            if mark("x-kubernetes-label-selector").is_some() {
                merge_one(&mut self.specs.common_labels, &spec(&path))?;
            }
            if mark("x-kubernetes-identity").is_some() {
                merge_one(&mut self.specs.name_prefix, &spec(&path))?;
            }
            if let (Some(version), Some(kind)) =
                (mark("x-kubernetes-object-ref-api-version"), mark("x-kubernetes-object-ref-kind"))
            {
                let mut path = path.clone();
                path.push(mark("x-kubernetes-object-ref-name-key").unwrap_or("name").to_owned());
                let reference = NameReference { gvk: Gvk::new("", version, kind), fields: vec![spec(&path)] };
                self.specs.add_reference(&reference)?;
            }
            if let Some(reference) = mark("$ref") {
                self.walk(reference, &path)?;
            }
        }
        self.open.pop();
        Ok(())
    }
}
