//! Paths into objects and the nodes that they lead to: those of field specifications (`spec/template[]/x`), and single fields.

use super::node::{Id, Kind, Node, NodeError, NodeResult, Tag, Tree};

/// What is made where a field is missing or null.
pub(super) type Create = Option<(Kind, Tag)>;

/// Splits at a delimiter that is not escaped by a backslash.
pub(super) fn split(path: &str, delimiter: char) -> Vec<String> {
    let mut parts: Vec<&str> = path.split(delimiter).collect();
    if parts.len() > 1 && parts[0].is_empty() {
        parts.remove(0);
    }
    let mut result: Vec<String> = Vec::new();
    for part in parts {
        match result.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => result.push(part.to_owned()),
        }
    }
    result
}

/// Splits at dots, but not inside of brackets; the brackets of what is no `[name=value]` are taken off.
pub(super) fn split_dots(path: &str) -> Vec<String> {
    let parts = split(path, '.');
    let mut result = Vec::new();
    let mut at = 0;
    while at < parts.len() {
        let part = &parts[at];
        at += 1;
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part.clone());
            continue;
        }
        let mut joined = part.clone();
        while at < parts.len() {
            joined.push('.');
            joined.push_str(&parts[at]);
            at += 1;
            if joined.ends_with(']') {
                break;
            }
        }
        let entry = joined.contains('=');
        result.push(if entry { joined } else { joined.trim_matches(['[', ']']).to_owned() });
    }
    result
}

/// Calls a function for each node that a path leads to.
pub(super) fn visit(
    tree: &mut Tree,
    at: Id,
    path: &[String],
    create: Create,
    set: &mut dyn FnMut(&mut Tree, Id) -> NodeResult<()>,
) -> NodeResult<()> {
    let Some((part, rest)) = path.split_first() else { return set(tree, at) };
    if tree.is_null(at) {
        return Ok(());
    }
    match tree.node(at).kind {
        Kind::Seq => {
            for item in tree.node(at).content.clone() {
                visit(tree, item, path, create, set)?;
            }
            Ok(())
        }
        Kind::Map => {
            let (name, list) = part.strip_suffix("[]").map_or((part.as_str(), false), |name| (name, true));
            if name.is_empty() {
                return Err(error(tree, at, "a field with an empty name cannot be set"));
            }
            let wanted = match create {
                _ if list => Some((Kind::Seq, Tag::Unset)),
                Some(leaf) if rest.is_empty() => Some(leaf),
                Some(_) => Some((Kind::Map, Tag::Collection)),
                None => None,
            };
            let made = wanted.filter(|_| create.is_some() && !list).map(|(kind, _)| kind);
            let Some(field) = lookup(tree, at, &[name.to_owned()], made)? else { return Ok(()) };
            if let Some((kind, tag)) = wanted.filter(|_| tree.is_null(field)) {
                let node = tree.node_mut(field);
                (node.kind, node.tag) = (kind, tag);
            }
            visit(tree, field, rest, create, set)
        }
        Kind::Scalar => Err(error(tree, at, "expected a map or a list, found a single value")),
    }
}

pub(super) fn error(tree: &Tree, at: Id, message: &str) -> NodeError {
    NodeError { place: tree.node(at).place, message: message.to_owned() }
}

/// The node that a path leads to. With a kind, what is missing on the way is made.
pub(super) fn lookup(
    tree: &mut Tree,
    at: Id,
    path: &[String],
    create: Option<Kind>,
) -> NodeResult<Option<Id>> {
    let parts: Vec<&str> = path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    let mut found = at;
    for (number, part) in parts.iter().enumerate() {
        let next = parts.get(number + 1).copied().unwrap_or_default();
        let made = create.map(|kind| kind_before(next, kind));
        match step(tree, found, part, made)? {
            Some(id) => found = id,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// The kind of a node that is made before a part of a path.
pub(super) fn kind_before(next: &str, last: Kind) -> Kind {
    if is_item(next) || next.parse::<usize>().is_ok() {
        Kind::Seq
    } else if next.is_empty() {
        last
    } else {
        Kind::Map
    }
}

pub(super) fn is_item(part: &str) -> bool {
    part.len() > 1 && part.starts_with('[') && part.ends_with(']')
}

/// The node that a path leads to, if it is there.
pub(super) fn find(tree: &Tree, at: Id, path: &[String]) -> NodeResult<Option<Id>> {
    let mut found = at;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        match existing(tree, found, part)? {
            Some(id) => found = id,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn existing(tree: &Tree, at: Id, part: &str) -> NodeResult<Option<Id>> {
    if let Ok(index) = part.parse::<i64>() {
        let Ok(index) = usize::try_from(index) else {
            return Err(error(tree, at, "the index of a path is negative"));
        };
        tree.expect(at, Kind::Seq)?;
        return Ok(tree.node(at).content.get(index).copied());
    }
    match part {
        "-" => {
            tree.expect(at, Kind::Seq)?;
            let last = tree.node(at).content.last().copied();
            last.map(Some).ok_or_else(|| error(tree, at, "the path wants the last item of an empty list"))
        }
        "*" => Err(error(tree, at, "a `*` cannot stand in this path")),
        _ if is_item(part) => {
            let (name, value) = item_of(tree, at, part)?;
            tree.expect(at, Kind::Seq)?;
            let fits = |id: &Id| {
                if name.is_empty() {
                    return tree.node(*id).text == value;
                }
                tree.field(*id, name).is_some_and(|field| tree.node(field).text == value)
            };
            Ok(tree.node(at).content.iter().copied().find(fits))
        }
        name => tree.get(at, name),
    }
}

fn item_of<'p>(tree: &Tree, at: Id, part: &'p str) -> NodeResult<(&'p str, &'p str)> {
    let parts = part[1..part.len() - 1].split_once('=');
    parts.ok_or_else(|| error(tree, at, "an item of a list is written [name=value]"))
}

fn step(tree: &mut Tree, at: Id, part: &str, create: Option<Kind>) -> NodeResult<Option<Id>> {
    let found = existing(tree, at, part)?;
    let Some(kind) = create else { return Ok(found) };
    if found.is_some() || part.parse::<i64>().is_ok() || part == "-" {
        return Ok(found);
    }
    if is_item(part) {
        let (name, value) = item_of(tree, at, part)?;
        return Ok(Some(append_item(tree, at, name, value)));
    }
    if tree.is_null(at) {
        return Ok(None);
    }
    Ok(Some(make_field(tree, at, part, kind)?))
}

pub(super) fn make_field(tree: &mut Tree, map: Id, name: &str, kind: Kind) -> NodeResult<Id> {
    let node = Node::new(kind, tree.node(map).place);
    let id = tree.push(node);
    tree.set_field(map, name, Some(id), false)?;
    Ok(id)
}

pub(super) fn append_item(tree: &mut Tree, list: Id, name: &str, value: &str) -> Id {
    let place = tree.node(list).place;
    let text = tree.push_scalar(value, Tag::Unset, place);
    let id = if name.is_empty() {
        text
    } else {
        let key = tree.push_scalar(name, Tag::Unset, place);
        tree.push(Node { content: [key, text].into(), ..Node::new(Kind::Map, place) })
    };
    tree.node_mut(list).content.push(id);
    id
}
