//! Where transformers write, and which fields refer to names: the defaults, and what `configurations` and `crds` add.

use std::sync::{Arc, OnceLock};

use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::ident::Gvk;
use super::node::Place;

const DEFAULTS: &str = include_str!("field_specs.txt");

/// Fields that refer to objects of a type by their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NameReference {
    /// The type that is referred to; empty parts mean any.
    pub(super) gvk: Gvk,
    pub(super) fields: Vec<FieldSpec>,
}

/// The fields of all transformers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FieldSpecs {
    pub(super) name_prefix: Vec<FieldSpec>,
    pub(super) name_suffix: Vec<FieldSpec>,
    pub(super) namespace: Vec<FieldSpec>,
    pub(super) common_labels: Vec<FieldSpec>,
    pub(super) labels: Vec<FieldSpec>,
    pub(super) template_labels: Vec<FieldSpec>,
    pub(super) common_annotations: Vec<FieldSpec>,
    pub(super) name_reference: Vec<NameReference>,
    pub(super) var_reference: Vec<FieldSpec>,
    pub(super) images: Vec<FieldSpec>,
    pub(super) replicas: Vec<FieldSpec>,
}

impl FieldSpecs {
    /// The fields that kustomize knows of itself.
    pub(super) fn defaults() -> Arc<Self> {
        static TABLE: OnceLock<Arc<FieldSpecs>> = OnceLock::new();
        Arc::clone(TABLE.get_or_init(|| {
            let mut specs = parse(DEFAULTS);
            specs.sort();
            Arc::new(specs)
        }))
    }

    /// A list by the name that configurations give it.
    pub(super) fn list_mut(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match name {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "labels" => &mut self.labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "varReference" => &mut self.var_reference,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            _ => return None,
        })
    }

    /// The names of the lists.
    pub(super) const LISTS: &[&str] = &[
        "namePrefix",
        "nameSuffix",
        "namespace",
        "commonLabels",
        "labels",
        "templateLabels",
        "commonAnnotations",
        "varReference",
        "images",
        "replicas",
    ];

    /// Adds what is not there yet.
    ///
    /// # Errors
    /// A field that is there with the opposite of `create`.
    pub(super) fn merge(self: &mut Arc<Self>, other: &Arc<Self>) -> Outcome<()> {
        if **self == Self::default() {
            *self = Arc::clone(other);
            return Ok(());
        }
        if Arc::ptr_eq(self, other) {
            return Ok(());
        }
        let mut merged = (**self).clone();
        let mut added = (**other).clone();
        for name in Self::LISTS {
            if let (Some(into), Some(from)) = (merged.list_mut(name), added.list_mut(name)) {
                merge_all(into, from)?;
            }
        }
        for reference in &other.name_reference {
            merged.add_reference(reference)?;
        }
        merged.sort();
        if merged != **self {
            *self = Arc::new(merged);
        }
        Ok(())
    }

    /// Adds fields that refer to a type.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub(super) fn add_reference(&mut self, reference: &NameReference) -> Outcome<()> {
        let mut found = false;
        for own in self.name_reference.iter_mut().filter(|own| own.gvk == reference.gvk) {
            merge_all(&mut own.fields, &reference.fields)?;
            found = true;
        }
        if !found {
            self.name_reference.push(reference.clone());
        }
        Ok(())
    }

    /// Puts the lists in the order of types.
    pub(super) fn sort(&mut self) {
        for name in Self::LISTS {
            if let Some(list) = self.list_mut(name) {
                list.sort_by_cached_key(|spec| order(&spec.gvk));
            }
        }
        self.name_reference.sort_by_cached_key(|reference| order(&reference.gvk));
    }
}

/// Adds the fields that are not there yet.
///
/// # Errors
/// A field that is there with the opposite of `create`.
pub(super) fn merge_all(into: &mut Vec<FieldSpec>, from: &[FieldSpec]) -> Outcome<()> {
    from.iter().try_for_each(|spec| merge_one(into, spec))
}

pub(super) fn merge_one(into: &mut Vec<FieldSpec>, spec: &FieldSpec) -> Outcome<()> {
    match into.iter().find(|own| own.path == spec.path && own.gvk.is_selected(&spec.gvk)) {
        Some(own) if own.create != spec.create => {
            let message = format!(
                "the field {} is configured twice, once with `create: true` and once without",
                spec.path
            );
            Err(Fault::at(Place::default(), message))
        }
        Some(_) => Ok(()),
        None => {
            into.push(spec.clone());
            Ok(())
        }
    }
}

/// The rank of a type, then its text.
pub(super) fn order(gvk: &Gvk) -> (i32, String) {
    (super::sort::default_rank(&gvk.kind), gvk.sort_text())
}

fn parse(text: &str) -> FieldSpecs {
    let mut specs = FieldSpecs::default();
    let mut section = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.starts_with(' '), &words[..]) {
            (false, ["nameReference", target]) => {
                section = "nameReference".to_owned();
                specs.name_reference.push(NameReference { gvk: selector(target), fields: Vec::new() });
            }
            (false, [name]) => section = (*name).to_owned(),
            (true, [target, path, rest @ ..]) => {
                let spec =
                    FieldSpec { gvk: selector(target), path: (*path).to_owned(), create: rest == ["create"] };
                match (section.as_str(), specs.name_reference.last_mut()) {
                    ("nameReference", Some(reference)) => reference.fields.push(spec),
                    (name, _) => specs.list_mut(name).into_iter().for_each(|list| list.push(spec.clone())),
                }
            }
            _ => {}
        }
    }
    specs
}

/// `KIND[@GROUP/VERSION]`; the group of one entry holds a slash, a mistake that everybody lives with.
fn selector(word: &str) -> Gvk {
    let (kind, rest) = word.split_once('@').unwrap_or((word, ""));
    let (group, version) = rest.split_once('/').unwrap_or_default();
    let kind = if kind == "*" { "" } else { kind };
    Gvk::new(&group.replace("%2F", "/"), version, kind)
}
