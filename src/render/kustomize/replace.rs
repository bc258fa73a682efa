//! Replacements: a value of one object is copied to fields of others, whole, in part, or into a text that is itself YAML or JSON.

use serde_json::Value;

use super::fault::{Fault, Outcome, near};
use super::hash::go_json;
use super::ident::ResId;
use super::matching::{Match, matches};
use super::node::{Id, Kind, Node, Place, Tag, Tree};
use super::paths::{find, split_dots};
use super::read::read_first;
use super::replacement_entries::{FieldOptions, Replacement, ReplacementSource, ReplacementTarget};
use super::resource::Resource;
use super::set::ResourceSet;

/// Performs replacements in order.
pub(super) fn replace(set: &mut ResourceSet, replacements: &[Replacement]) -> Outcome<()> {
    for replacement in replacements {
        let place = replacement.place;
        let targets = replacement.targets.as_deref();
        let (value, targets) = match (&replacement.source, &replacement.source_value, targets) {
            (Some(_), Some(_), Some(_)) => {
                return Err(Fault::at(place, "a replacement has `source` or `sourceValue`, not both"));
            }
            (None, Some((text, place)), Some(targets)) => {
                (Tree::of(Node::scalar(text.as_str(), Tag::Unset, *place)), targets)
            }
            (Some(source), None, Some(targets)) => (read_source(set, source)?, targets),
            _ => return Err(Fault::at(place, "a replacement needs a source and at least one target")),
        };
        for target in targets {
            apply(set, &value, target)?;
        }
    }
    Ok(())
}

/// The identities of an object, the present one first. They do not know which kinds have no namespace.
fn ids(item: &Resource) -> Vec<ResId> {
    let mut ids = vec![ResId { cluster_scoped: false, ..item.id() }];
    ids.extend(item.previous_ids());
    ids
}

fn read_source(set: &mut ResourceSet, source: &ReplacementSource) -> Outcome<Tree> {
    let fits = |item: &Resource| ids(item).iter().any(|id| id.is_selected_by(&source.id));
    let name = Some(source.id.name.as_str()).filter(|name| !name.is_empty());
    let mut found = set.named(name);
    found.retain(|at| fits(&set.items[*at]));
    let at = match found[..] {
        [at] => at,
        [] => return Err(nothing_selected(set, source)),
        _ => {
            return Err(Fault::at(
                source.place,
                format!("the source of a replacement means {} objects", found.len()),
            )
            .hint("name its kind, name and namespace"));
        }
    };
    let path = if source.field_path.is_empty() { "metadata.name" } else { &source.field_path };
    let item = &set.items[at];
    let missing =
        || Fault::at(source.place, format!("the source of a replacement, {}, has no {path}", item.id()));
    let found =
        find(&item.tree, item.tree.root, &split_dots(path)).map_err(|error| missing().hint(error.message))?;
    let Some(id) = found.filter(|id| !item.tree.is_nil_or_empty(*id)) else { return Err(missing()) };
    let mut value = Tree { nodes: Vec::new(), root: 0 };
    value.root = value.import(&item.tree, id);
    let options = &source.options;
    if options.delimiter.is_empty() {
        return Ok(value);
    }
    let node = value.node_mut(value.root);
    if node.kind != Kind::Scalar {
        return Err(Fault::at(
            source.place,
            format!("{path} is no single value, so that it cannot be split"),
        ));
    }
    let parts = split_text(&node.text, &options.delimiter);
    let part = usize::try_from(options.index).ok().and_then(|index| parts.get(index).cloned());
    let count = parts.len();
    let part = part.ok_or_else(|| {
        Fault::at(source.place, format!("{path} has {count} parts, there is no part {}", options.index))
    })?;
    node.text = part.into();
    Ok(value)
}

fn split_text(text: &str, delimiter: &str) -> Vec<String> {
    text.split(delimiter).map(str::to_owned).collect()
}

fn nothing_selected(set: &ResourceSet, source: &ReplacementSource) -> Fault {
    let fault = Fault::at(
        source.place,
        format!("the source of a replacement means no object: {} {:?}", source.id.gvk, source.id.name),
    );
    match near(&source.id.name, set.items.iter().map(Resource::original_name)) {
        Some(name) if name != source.id.name => fault.hint(format!("did you mean {name}?")),
        _ => fault,
    }
}

fn apply(set: &mut ResourceSet, value: &Tree, target: &ReplacementTarget) -> Outcome<()> {
    let Some(select) = &target.select else {
        return Err(Fault::at(target.place, "the target of a replacement needs `select`"));
    };
    for at in set.named(select.only_name()) {
        let item = &set.items[at];
        if !select.fits_texts(item) {
            continue;
        }
        let with_texts =
            |reject: &&super::selector::Selector| reject.labels.is_some() || reject.annotations.is_some();
        if target.reject.iter().filter(with_texts).any(|reject| reject.fits_texts(item)) {
            continue;
        }
        let ids = ids(item);
        let fits = |selector: &super::selector::Selector, id: &ResId| {
            selector.fits_gvk(&id.gvk)
                && selector.fits_name(&id.name)
                && selector.fits_namespace(&id.namespace)
        };
        let rejected = target
            .reject
            .iter()
            .filter(|reject| !reject.is_without_id())
            .any(|reject| ids.iter().any(|id| fits(reject, id)));
        if rejected || !ids.iter().any(|id| fits(select, id)) {
            continue;
        }
        let default = [("metadata.name".to_owned(), target.place)];
        let paths = if target.field_paths.is_empty() { &default[..] } else { &target.field_paths };
        set.change(at, |item| {
            let mut paths = paths.iter();
            paths.try_for_each(|(path, place)| copy_to(item, value, path, *place, &target.options))
        })?;
    }
    Ok(())
}

fn copy_to(
    item: &mut Resource,
    value: &Tree,
    path: &str,
    place: Place,
    options: &FieldOptions,
) -> Outcome<()> {
    let create = options.create.then(|| value.node(value.root).kind);
    let parts = split_dots(path);
    if set_in_text(&mut item.tree, value, &parts, create, place)? {
        return Ok(());
    }
    let missing = |item: &Resource| {
        let verb = if options.create { "found or made" } else { "found" };
        Fault::at(place, format!("the field {path} cannot be {verb} in {}", item.id()))
    };
    let root = item.tree.root;
    let found =
        matches(&mut item.tree, root, &parts, create).map_err(|error| missing(item).hint(error.message))?;
    if found.is_empty() {
        let fault = missing(item);
        return Err(if options.create {
            fault
        } else {
            fault.hint("set `options: {create: true}` to make it")
        });
    }
    for found in found {
        if let Match::Here(id) = found {
            set_value(&mut item.tree, id, value, options, place)?;
        }
    }
    Ok(())
}

fn set_value(tree: &mut Tree, id: Id, value: &Tree, options: &FieldOptions, place: Place) -> Outcome<()> {
    let source = value.node(value.root);
    let mut text = if source.tag == Tag::Null && !options.delimiter.is_empty() {
        String::new()
    } else {
        source.text.to_string()
    };
    if !options.delimiter.is_empty() {
        if tree.node(id).kind != Kind::Scalar {
            return Err(Fault::at(place, "a field that is no single value cannot be split"));
        }
        let mut parts = split_text(&tree.node(id).text, &options.delimiter);
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, text),
            Ok(index) => match parts.get_mut(index) {
                Some(part) => *part = text,
                None => parts.push(text),
            },
        }
        text = parts.join(&options.delimiter);
    }
    let node = tree.node_mut(id);
    if node.kind == Kind::Scalar {
        node.text = text.into();
        node.place = place;
        return Ok(());
    }
    let copy = tree.import(value, value.root);
    if source.kind == Kind::Scalar {
        tree.node_mut(copy).text = text.into();
    }
    tree.overwrite(id, copy);
    tree.node_mut(id).place = place;
    Ok(())
}

/// Sets a value in a text that is YAML or JSON. False if the path leads into no such text.
fn set_in_text(
    tree: &mut Tree,
    value: &Tree,
    parts: &[String],
    create: Option<Kind>,
    place: Place,
) -> Outcome<bool> {
    let root = tree.root;
    for length in 1..parts.len() {
        let Ok(Some(field)) = find(tree, root, &parts[..length]) else { continue };
        if tree.node(field).kind != Kind::Scalar {
            continue;
        }
        let node = tree.node(field).clone();
        let Ok(inner) = read_first(&node.text, node.place) else { continue };
        let Some(mut inner) = inner else { return Ok(false) };
        let inner_root = inner.root;
        let Ok(found) = matches(&mut inner, inner_root, &parts[length..], create) else { return Ok(false) };
        if found.is_empty() {
            return Ok(false);
        }
        for found in found {
            let Match::Here(id) = found else { continue };
            if inner.node(id).kind == Kind::Scalar {
                inner.node_mut(id).text.clone_from(&value.node(value.root).text);
            } else {
                let copy = inner.import(value, value.root);
                inner.overwrite(id, copy);
            }
        }
        let text = serialize(&inner, &node.text, place)?;
        let node = tree.node_mut(field);
        (node.text, node.place) = (text.into(), place);
        return Ok(true);
    }
    Ok(false)
}

/// Writes a changed text as what it was, JSON or YAML.
fn serialize(tree: &Tree, old: &str, place: Place) -> Outcome<String> {
    if old.trim_start().starts_with(['{', '[']) {
        let value = tree.to_json(tree.root).map_err(|error| Fault::at(place, error.message))?;
        let pretty = old.contains('\n') && old.contains("  ");
        return Ok(if pretty { go_indented(&value, 0) } else { go_json(&value) });
    }
    super::emit::block(tree, old, place)
}

/// JSON as Go's `MarshalIndent` writes it, two spaces a level.
fn go_indented(value: &Value, level: usize) -> String {
    let (inner, outer) = ("  ".repeat(level + 1), "  ".repeat(level));
    match value {
        Value::Array(items) if !items.is_empty() => {
            let items: Vec<String> =
                items.iter().map(|item| format!("{inner}{}", go_indented(item, level + 1))).collect();
            format!("[\n{}\n{outer}]", items.join(",\n"))
        }
        Value::Object(map) if !map.is_empty() => {
            let sorted: std::collections::BTreeMap<_, _> = map.iter().collect();
            let entry = |(key, value): (&String, &Value)| {
                format!("{inner}{}: {}", go_json(&Value::from(key.as_str())), go_indented(value, level + 1))
            };
            let entries: Vec<String> = sorted.into_iter().map(entry).collect();
            format!("{{\n{}\n{outer}}}", entries.join(",\n"))
        }
        other => go_json(other),
    }
}
