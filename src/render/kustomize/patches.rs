//! Patches: strategic merges and JSON patches, and how they find their objects.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fault::{Fault, Outcome, near};
use super::ident::ResId;
use super::json_patch::{self, Operation};
use super::merge::merge;
use super::node::{Kind, Node, Place, Tree};
use super::resource::Resource;
use super::schema::Schemas;
use super::selector::Selector;
use super::set::ResourceSet;
use super::text::resources_of;
use crate::render::origin::{PathHash, Step};
use crate::render::yaml::{self, Dialect};

/// The text of a patch, read both ways.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) merges: Vec<Resource>,
    pub(super) operations: Vec<Operation>,
    /// Where the text starts.
    pub(super) place: Place,
}

/// Reads the text of a patch, which must be one of the two kinds.
pub(super) fn parse(text: &[u8], place: Place) -> Outcome<Parsed> {
    let merges = resources_of(text, place);
    let operations = read_operations(text);
    match (merges, operations) {
        (Ok(merges), Some(operations)) if !merges.is_empty() && !operations.is_empty() => {
            drop((merges, operations));
            Err(Fault::at(place, "the patch can be read as a merge and as a JSON patch"))
        }
        (Ok(merges), _) => Ok(Parsed { merges, operations: Vec::new(), place }),
        (Err(_), Some(operations)) => Ok(Parsed { merges: Vec::new(), operations, place }),
        (Err(fault), None) => Err(fault
            .context("the patch is neither a strategic merge nor a JSON patch")
            .hint("a merge is an object with apiVersion, kind and metadata.name; a JSON patch is a list of operations")),
    }
}

/// The operations of a JSON patch, in JSON or YAML.
pub(super) fn read_operations(text: &[u8]) -> Option<Vec<Operation>> {
    if text.is_empty() {
        return None;
    }
    if text[0] == b'[' {
        return json_patch::operations(&serde_json::from_slice(text).ok()?);
    }
    let reading = yaml::read(text, Dialect::Plain).ok()?;
    let Some(document) = reading.documents.into_iter().next() else { return Some(Vec::new()) };
    let mut operations = json_patch::operations(&document.value)?;
    for (at, operation) in operations.iter_mut().enumerate() {
        let line = document.lines.at(PathHash::ROOT.step(Step::Index(at))).unwrap_or(1);
        operation.line = line - 1;
    }
    Some(operations)
}

/// Applies the strategic merges of a patch.
pub(super) fn apply_merges(
    set: &mut ResourceSet,
    patches: &[Resource],
    target: Option<&Selector>,
    schemas: &[&Schemas],
) -> Outcome<()> {
    if let Some(target) = target {
        if let [_, second, ..] = patches {
            return Err(Fault::at(second.place(), "a patch with a target may hold one object only")
                .hint("write one entry of `patches` for each"));
        }
        let Some(patch) = patches.first() else { return Ok(()) };
        let selected: Vec<ResId> = set.selected(target).into_iter().map(|at| set.items[at].id()).collect();
        return apply_copies(set, &selected, patch, schemas);
    }
    for patch in patches {
        let at = find(set, patch)?;
        set.change(at, |item| apply(item, patch, schemas))?;
    }
    Ok(())
}

/// The object that a patch means by its own name.
pub(super) fn find(set: &mut ResourceSet, patch: &Resource) -> Outcome<usize> {
    let mut id = patch.id();
    id.cluster_scoped |= set.items.first().is_some_and(|item| item.has_learned_cluster_scoped(&id.gvk));
    set.one(&id).map_err(|count| match count {
        0 => {
            let fault =
                Fault::at(patch.place(), format!("the patch means {id}, which is not among the objects"));
            let names: Vec<String> = set.items.iter().map(|item| item.original_id().to_string()).collect();
            let same_kind = set
                .items
                .iter()
                .filter(|item| item.kind() == id.gvk.kind)
                .map(|item| item.original_id().to_string());
            let near = near(&id.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
            let known: Vec<String> = same_kind.take(5).collect();
            match near {
                Some(name) if name != id.to_string() => fault.hint(format!("did you mean {name}?")),
                _ if known.is_empty() => fault.hint(format!("there is no {} at all", id.gvk.kind)),
                _ => fault.hint(format!("those of its kind: {}", known.join(", "))),
            }
        }
        count => Fault::at(patch.place(), format!("the patch means {id}, which {count} objects are or were")),
    })
}

/// Applies copies of one patch to several objects, as kustomize does it where a patch has a target.
pub(super) fn apply_copies(
    set: &mut ResourceSet,
    selected: &[ResId],
    patch: &Resource,
    schemas: &[&Schemas],
) -> Outcome<()> {
    let mut copy = patch.clone();
    for field in ["labels", "annotations"] {
        let texts = copy.texts(field);
        copy.set_texts(field, &texts)?;
    }
    copy.set_name(patch.name())?;
    copy.set_namespace(patch.namespace())?;
    let mut meant = BTreeSet::new();
    for id in selected {
        let same =
            |other: &ResId| (&other.gvk, &other.name, &other.namespace) == (&id.gvk, &id.name, &id.namespace);
        meant.extend(set.named(Some(&id.name)).into_iter().filter(|at| same(&set.items[*at].id())));
    }
    for at in meant {
        let mut own = copy.clone();
        own.set_root("apiVersion", &set.items[at].gvk().api_version())?;
        set.change(at, |item| apply(item, &own, schemas))?;
    }
    set.drop_empty();
    set.check_unique()
}

/// Merges a patch into an object. Name, kind and namespace stay unless the patch may change them.
fn apply(item: &mut Resource, patch: &Resource, schemas: &[&Schemas]) -> Outcome<()> {
    let (name, namespace, kind) =
        (item.name().to_owned(), item.namespace().to_owned(), item.kind().to_owned());
    if patch.allow_name_change || patch.allow_kind_change {
        item.remember_name();
    }
    let name_place = item.name_place();
    let root = item.tree.import(&patch.tree, patch.tree.root);
    let context = format!("merging a patch into {}", item.id());
    if !merge(&mut item.tree, root, schemas).map_err(|error| Fault::from(error).context(&context))? {
        item.gone = true;
        return Ok(());
    }
    if item.tree.is_nil_or_empty(item.tree.root) {
        item.gone = true;
        return Ok(());
    }
    if !patch.allow_kind_change {
        item.set_kind(&kind)?;
    }
    if !patch.allow_name_change {
        item.set_name(&name)?;
        item.set_name_place(name_place.unwrap_or_default());
    }
    Ok(item.set_namespace(&namespace)?)
}

/// Applies a JSON patch to an object.
pub(super) fn apply_operations(item: &mut Resource, operations: &[Operation], place: Place) -> Outcome<()> {
    let mut value = item.tree.to_json(item.tree.root)?;
    show_annotations(item, &mut value);
    for operation in operations {
        let at = Place { line: place.line + operation.line, ..place };
        json_patch::apply(&mut value, operation)
            .map_err(|message| Fault::at(at, format!("patching {}: {message}", item.id())))?;
    }
    let old = item.place();
    let mut tree = Tree::from_json(&value, Place { file: u32::MAX, line: 0 });
    let root = tree.root;
    tree.places_from(root, &item.tree, item.tree.root);
    for operation in operations {
        let at = Place { line: place.line + operation.line, ..place };
        mark(&mut tree, operation.path.as_deref().unwrap_or_default(), at);
    }
    for node in &mut tree.nodes {
        if node.place.file == u32::MAX {
            node.place = old;
        }
    }
    item.tree = tree;
    Ok(item.settle_annotations()?)
}

/// kustomize keeps what it remembers in annotations, which a patch can see: there are some even where an object has none.
fn show_annotations(item: &Resource, value: &mut Value) {
    let remembers = !item.previous.is_empty() || !item.prefixes.is_empty() || !item.suffixes.is_empty();
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut).filter(|_| remembers) {
        let annotations =
            metadata.entry("annotations").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if !annotations.is_object() {
            *annotations = Value::Object(serde_json::Map::new());
        }
    }
}

/// Sets the place of everything that an operation wrote.
fn mark(tree: &mut Tree, path: &str, place: Place) {
    let mut at = tree.root;
    for part in path.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        let next = match tree.node(at).kind {
            Kind::Map => tree.field(at, &part),
            Kind::Seq if part == "-" => tree.node(at).content.last().copied(),
            Kind::Seq => {
                part.parse::<usize>().ok().and_then(|index| tree.node(at).content.get(index).copied())
            }
            Kind::Scalar => None,
        };
        match next {
            Some(id) => at = id,
            None => return,
        }
    }
    if at != tree.root {
        set_place(tree, at, place);
    }
}

fn set_place(tree: &mut Tree, id: u32, place: Place) {
    let node: &mut Node = tree.node_mut(id);
    node.place = place;
    for child in node.content.clone() {
        set_place(tree, child, place);
    }
}
