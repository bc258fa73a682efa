//! One step of a build: a transformer with its settings.

use super::fault::{Fault, Outcome};
use super::fields::FieldSpec;
use super::images;
use super::json_patch::Operation;
use super::kustomization::{Image, Pairs, Replica};
use super::node::{Kind, Place, Tag};
use super::patches::{self, Parsed};
use super::paths::lookup;
use super::replace;
use super::replacement_entries::Replacement;
use super::resource::Resource;
use super::schema::Schemas;
use super::selector::Selector;
use super::set::ResourceSet;
use super::transform::{self, Affix, Namespace};

/// A transformer.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// `patchesStrategicMerge`.
    Merge(Vec<Resource>),
    /// `patches`.
    Patch {
        parsed: Box<Parsed>,
        target: Option<Box<Selector>>,
        place: Place,
    },
    /// `patchesJson6902`.
    JsonPatch {
        operations: Vec<Operation>,
        place: Place,
        target: Box<Selector>,
    },
    Namespace(Namespace),
    Affix(Affix),
    Labels(Pairs, Vec<FieldSpec>),
    Annotations(Pairs, Vec<FieldSpec>),
    Replicas(Replica, Vec<FieldSpec>),
    Images(Image, Vec<FieldSpec>),
    Replace(Vec<Replacement>),
    Hash,
    AddValue(AddValue),
}

/// The transformer that writes one value to many fields.
#[derive(Debug, Clone, Default)]
pub(super) struct AddValue {
    pub(super) value: (String, Place),
    pub(super) targets: Vec<ValueTarget>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct ValueTarget {
    pub(super) selector: Option<Selector>,
    pub(super) path: String,
    pub(super) position: i64,
}

impl Step {
    /// True if the step looks at the types of fields.
    pub(super) fn needs_types(&self) -> bool {
        match self {
            Self::Merge(_) => true,
            Self::Patch { parsed, .. } => !parsed.merges.is_empty(),
            _ => false,
        }
    }

    /// Performs the step.
    pub(super) fn run(&self, set: &mut ResourceSet, schemas: &[&Schemas]) -> Outcome<()> {
        match self {
            Self::Merge(patches) => {
                for patch in patches {
                    let at = patches::find(set, patch)?;
                    let id = set.items[at].id();
                    patches::apply_copies(set, &[id], patch, schemas)?;
                }
                Ok(())
            }
            Self::Patch { parsed, target, place } => {
                run_patch(set, parsed, target.as_deref(), *place, schemas)
            }
            Self::JsonPatch { operations, place, target } => {
                set.selected(target).into_iter().try_for_each(|at| {
                    set.change(at, |item| patches::apply_operations(item, operations, *place))
                })
            }
            Self::Namespace(namespace) => namespace.transform(set),
            Self::Affix(affix) => affix.transform(set),
            Self::Labels(pairs, fields) => transform::set_pairs(set, pairs, fields, "labels"),
            Self::Annotations(pairs, fields) => transform::set_pairs(set, pairs, fields, "annotations"),
            Self::Replicas(replica, fields) => transform::set_replicas(set, replica, fields),
            Self::Images(image, fields) => images::set_image(set, image, fields),
            Self::Replace(replacements) => replace::replace(set, replacements),
            Self::Hash => {
                set.items_mut().iter_mut().filter(|item| item.wants_hash()).try_for_each(Resource::add_hash)
            }
            Self::AddValue(add) => add.run(set),
        }
    }
}

fn run_patch(
    set: &mut ResourceSet,
    parsed: &Parsed,
    target: Option<&Selector>,
    place: Place,
    schemas: &[&Schemas],
) -> Outcome<()> {
    if !parsed.merges.is_empty() {
        return patches::apply_merges(set, &parsed.merges, target, schemas);
    }
    if parsed.operations.is_empty() {
        return Ok(());
    }
    let Some(target) = target else {
        return Err(Fault::at(place, "a JSON patch needs a target")
            .hint("add `target:` with the kind and name of the object"));
    };
    for at in set.selected(target) {
        set.change(at, |item| {
            item.remember_name();
            patches::apply_operations(item, &parsed.operations, parsed.place)
        })?;
    }
    Ok(())
}

impl AddValue {
    fn run(&self, set: &mut ResourceSet) -> Outcome<()> {
        for target in &self.targets {
            let path = target_path(&target.path);
            for item in set.items_mut() {
                if target.selector.as_ref().is_some_and(|selector| !selector.selects(item)) {
                    continue;
                }
                if target.path == "metadata/namespace" {
                    let namespace = Namespace { namespace: self.value.clone(), ..Namespace::default() };
                    namespace.apply(item)?;
                    continue;
                }
                let root = item.tree.root;
                let Some(id) = lookup(&mut item.tree, root, &path, Some(Kind::Scalar))? else { continue };
                item.tree.expect(id, Kind::Scalar)?;
                let text = match usize::try_from(target.position) {
                    Ok(position @ 1..) => insert_part(&item.tree.node(id).text, position - 1, &self.value.0),
                    _ => self.value.0.clone(),
                };
                let value = item.tree.push_scalar(&text, Tag::Unset, self.value.1);
                item.tree.set_scalar(id, value)?;
            }
        }
        Ok(())
    }
}

/// Splits at slashes that are not escaped; what is empty stays.
fn target_path(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

/// Inserts a part into a path of a file; the start of an absolute one stays.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{}{}", if absolute { "/" } else { "" }, parts.join("/"))
}
