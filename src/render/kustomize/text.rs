//! From the text of a file to objects: what has no kind or name is refused, lists are flattened.

use std::collections::VecDeque;

use super::fault::{Fault, Outcome};
use super::json::go_number;
use super::node::{Id, Ids, Kind, Node, Place, Style, Tag, Tree};
use super::read::read;
use super::resource::Resource;
use super::scalar;
use serde_json::Value;

/// The objects of a text whose first line has the place.
pub(super) fn resources_of(text: &[u8], place: Place) -> Outcome<Vec<Resource>> {
    let mut trees = read(text, place.file)?;
    if place.line > 1 {
        let nodes = trees.iter_mut().flat_map(|tree| &mut tree.nodes);
        nodes.for_each(|node| node.place.line += place.line - 1);
    }
    let mut queue: VecDeque<Tree> = VecDeque::new();
    for tree in trees {
        check(tree, &mut queue)?;
    }
    let mut resources = Vec::new();
    while let Some(tree) = queue.pop_front() {
        match items_of(&tree)? {
            None => resources.push(Resource::read(tree)?),
            Some(items) => {
                // The items of a list come behind everything else.
                for item in items {
                    check_item(&tree, item, &mut queue)?;
                }
            }
        }
    }
    Ok(resources)
}

/// Puts an object into the queue if it is one; what is empty is left out.
fn check(tree: Tree, queue: &mut VecDeque<Tree>) -> Outcome<()> {
    let root = tree.root;
    if tree.is_nil_or_empty(root) {
        return Ok(());
    }
    let place = tree.node(root).place;
    let hint = "only Kubernetes objects may stand here";
    if tree.node(root).kind != Kind::Map {
        return Err(Fault::at(place, "no Kubernetes object: expected a map").hint(hint));
    }
    let kind =
        tree.field(root, "kind").filter(|id| !tree.is_nil_or_empty(*id)).map_or("", |id| &tree.node(id).text);
    if kind.is_empty() {
        return Err(Fault::at(place, "no Kubernetes object: kind is missing").hint(hint));
    }
    let resource = Resource::new(tree);
    if resource.name().is_empty() && !resource.kind().ends_with("List") {
        let fault = Fault::at(place, "no Kubernetes object: metadata.name is missing");
        return Err(fault.hint("kustomize takes no object without a name, also not with generateName"));
    }
    queue.push_back(resource.tree);
    Ok(())
}

/// The items of an object that is a list by its kind.
fn items_of(tree: &Tree) -> Outcome<Option<Ids>> {
    if !tree.field_text(tree.root, "kind").ends_with("List") {
        return Ok(None);
    }
    let Some(items) = tree.field(tree.root, "items") else { return Ok(None) };
    let node = tree.node(items);
    match node.kind {
        _ if node.tag == Tag::Null => Ok(Some(Ids::new())),
        Kind::Seq => Ok(Some(node.content.clone())),
        _ => Err(Fault::at(node.place, "the items of a list are no list")),
    }
}

/// An item of a list goes through JSON before it is an object.
fn check_item(list: &Tree, item: Id, queue: &mut VecDeque<Tree>) -> Outcome<()> {
    let value = list.to_json(item)?;
    let place = list.node(item).place;
    let mut tree = Tree { nodes: Vec::new(), root: 0 };
    tree.root = push_quoted(&mut tree, &value, place);
    let root = tree.root;
    tree.places_from(root, list, item);
    if value.get("kind").and_then(Value::as_str) == Some("List")
        && let Some(Value::Array(_)) = value.get("items")
        && let Some(inner) = tree.field(root, "items")
    {
        for item in tree.node(inner).content.clone() {
            check(Tree { root: item, ..tree.clone() }, queue)?;
        }
        return Ok(());
    }
    check(tree, queue)
}

/// Nodes as they are read from a text of JSON.
fn push_quoted(tree: &mut Tree, value: &Value, place: Place) -> Id {
    let mut node = match value {
        Value::Null => Node::scalar("null", Tag::Null, place),
        Value::Bool(value) => Node::scalar(value.to_string(), Tag::Bool, place),
        Value::Number(number) => {
            let text = match number.as_f64() {
                Some(float) if number.is_f64() => go_number(float),
                _ => number.to_string(),
            };
            let tag = scalar::tag_of(&text);
            Node::scalar(text, tag, place)
        }
        Value::String(text) => Node { style: Style::Double, ..Node::scalar(text.as_str(), Tag::Str, place) },
        Value::Array(items) => {
            let content = items.iter().map(|item| push_quoted(tree, item, place)).collect();
            Node { content, ..Node::new(Kind::Seq, place) }
        }
        Value::Object(map) => {
            let mut content = Ids::with_capacity(2 * map.len());
            for (key, value) in map {
                let key = Node { style: Style::Double, ..Node::scalar(key.as_str(), Tag::Str, place) };
                content.push(tree.push(key));
                content.push(push_quoted(tree, value, place));
            }
            Node { content, ..Node::new(Kind::Map, place) }
        }
    };
    if node.kind != Kind::Scalar {
        node.style = Style::Flow;
    }
    tree.push(node)
}
