//! Paths into objects: those of field specifications (`spec/template[]/x`) and those of replacements and vars (`a.[b=c].d`).

use super::ident::{Gvk, split_version};
use super::node::{Id, Kind, Node, NodeError, NodeResult, Style, Tag, Tree};
use super::pattern::Pattern;
use super::read;

/// A field of objects of some types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldSpec {
    /// The types; empty parts mean any.
    pub(super) gvk: Gvk,
    /// As written.
    pub(super) path: String,
    /// True if the field is made where it is missing.
    pub(super) create: bool,
}

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

impl FieldSpec {
    /// True if an object of this type is meant.
    pub(super) fn fits(&self, tree: &Tree) -> bool {
        let kind = tree.field_text(tree.root, "kind");
        let (group, version) = split_version(tree.field_text(tree.root, "apiVersion"));
        let fits = |wanted: &str, own: &str| wanted.is_empty() || wanted == own;
        fits(&self.gvk.kind, kind) && fits(&self.gvk.group, group) && fits(&self.gvk.version, version)
    }

    /// Calls a function for each node of an object that the path leads to, if the object is meant.
    pub(super) fn visit(
        &self,
        tree: &mut Tree,
        create: Create,
        set: &mut dyn FnMut(&mut Tree, Id) -> NodeResult<()>,
    ) -> NodeResult<()> {
        if !self.fits(tree) {
            return Ok(());
        }
        let path = split(&self.path, '/');
        let root = tree.root;
        visit(tree, root, &path, create.filter(|_| self.create), set)
    }
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

fn error(tree: &Tree, at: Id, message: &str) -> NodeError {
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
fn kind_before(next: &str, last: Kind) -> Kind {
    if is_item(next) || next.parse::<usize>().is_ok() {
        Kind::Seq
    } else if next.is_empty() {
        last
    } else {
        Kind::Map
    }
}

fn is_item(part: &str) -> bool {
    part.len() > 1 && part.starts_with('[') && part.ends_with(']')
}

fn step(tree: &mut Tree, at: Id, part: &str, create: Option<Kind>) -> NodeResult<Option<Id>> {
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
            let Some((name, value)) = part[1..part.len() - 1].split_once('=') else {
                return Err(error(tree, at, "an item of a list is written [name=value]"));
            };
            item(tree, at, name, value, create.is_some())
        }
        name => {
            if let Some(field) = tree.get(at, name)? {
                return Ok(Some(field));
            }
            let Some(kind) = create.filter(|_| !tree.is_null(at)) else { return Ok(None) };
            Ok(Some(make_field(tree, at, name, kind)?))
        }
    }
}

fn make_field(tree: &mut Tree, map: Id, name: &str, kind: Kind) -> NodeResult<Id> {
    let node = Node::new(kind, tree.node(map).place);
    let id = tree.push(node);
    tree.set_field(map, name, Some(id), false)?;
    Ok(id)
}

fn item(tree: &mut Tree, list: Id, name: &str, value: &str, create: bool) -> NodeResult<Option<Id>> {
    tree.expect(list, Kind::Seq)?;
    let fits = |id: &Id| {
        if name.is_empty() {
            return tree.node(*id).text == value;
        }
        tree.field(*id, name).is_some_and(|field| tree.node(field).text == value)
    };
    let found = tree.node(list).content.iter().copied().find(fits);
    if found.is_some() || !create {
        return Ok(found);
    }
    Ok(Some(append_item(tree, list, name, value)))
}

fn append_item(tree: &mut Tree, list: Id, name: &str, value: &str) -> Id {
    let place = tree.node(list).place;
    let text = tree.push_scalar(value, Tag::Unset, place);
    let id = if name.is_empty() {
        text
    } else {
        let key = tree.push_scalar(name, Tag::Unset, place);
        tree.push(Node { content: vec![key, text], ..Node::new(Kind::Map, place) })
    };
    tree.node_mut(list).content.push(id);
    id
}

/// A node that a path of a replacement leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Match {
    /// In the object.
    Here(Id),
    /// In a text of the object that was read for the search: nothing that is set there is seen.
    InText,
}

/// All nodes that a path leads to; items are chosen by patterns. With a kind, what is missing is made.
pub(super) fn matches(
    tree: &mut Tree,
    at: Id,
    path: &[String],
    create: Option<Kind>,
) -> NodeResult<Vec<Match>> {
    let Some((part, rest)) = path.split_first() else { return Ok(vec![Match::Here(at)]) };
    let next = rest.first().map_or("", String::as_str);
    if let Ok(index) = part.parse::<usize>() {
        tree.expect(at, Kind::Seq)?;
        let length = tree.node(at).content.len();
        if length == index
            && let Some(kind) = create
        {
            let node = Node::new(kind_before(next, kind), tree.node(at).place);
            let id = tree.push(node);
            tree.node_mut(at).content.push(id);
        }
        let Some(item) = tree.node(at).content.get(index).copied() else {
            return Err(error(tree, at, &format!("the path wants item {index} of a list of {length}")));
        };
        return matches(tree, item, rest, create);
    }
    if is_item(part) {
        return matching_items(tree, at, part, rest, create);
    }
    if part == "*" {
        tree.expect(at, Kind::Seq)?;
        let mut found = Vec::new();
        for item in tree.node(at).content.clone() {
            found.extend(matches(tree, item, rest, create)?);
        }
        return Ok(found);
    }
    let field = match (tree.get(at, part)?, create) {
        (Some(field), _) => field,
        (None, None) => return Ok(Vec::new()),
        (None, Some(kind)) => make_field(tree, at, part, kind_before(next, kind))?,
    };
    if tree.node(field).kind == Kind::Scalar && !rest.is_empty() {
        let node = tree.node(field);
        let Some(mut inner) = read::read_first(&node.text, node.place)? else {
            return Err(error(tree, field, "the path leads into an empty text"));
        };
        let root = inner.root;
        let found = matches(&mut inner, root, rest, create)?;
        return Ok(found.into_iter().map(|_| Match::InText).collect());
    }
    matches(tree, field, rest, create)
}

fn matching_items(
    tree: &mut Tree,
    list: Id,
    part: &str,
    rest: &[String],
    create: Option<Kind>,
) -> NodeResult<Vec<Match>> {
    let Some((name, wanted)) = part[1..part.len() - 1].split_once('=') else {
        return Err(error(tree, list, "an item of a list is written [name=value]"));
    };
    let pattern = Pattern::new(wanted).map_err(|message| error(tree, list, &message))?;
    tree.expect(list, Kind::Seq)?;
    for again in [false, true] {
        let mut found = Vec::new();
        for item in tree.node(list).content.clone() {
            if name.is_empty() {
                if pattern.is_match(&shown(tree, item)) {
                    found.push(Match::Here(item));
                }
            } else if tree.field(item, name).is_some_and(|field| pattern.is_match(&shown(tree, field))) {
                found.extend(matches(tree, item, rest, create)?);
            }
        }
        if !found.is_empty() || create.is_none() || again {
            return Ok(found);
        }
        append_item(tree, list, name, wanted);
    }
    Ok(Vec::new())
}

/// A value as YAML, which is what patterns are compared with: quotes are part of it.
fn shown(tree: &Tree, id: Id) -> String {
    let node = tree.node(id);
    let text = &node.text;
    let forced = node.tag == Tag::Str && !node.tagged && super::scalar::tag_of(text) != Tag::Str;
    match node.style {
        _ if node.kind != Kind::Scalar => tree.to_json(id).map(|value| value.to_string()).unwrap_or_default(),
        Style::Single => format!("'{}'", text.replace('\'', "''")),
        Style::Double => format!("{text:?}"),
        Style::Plain if forced => format!("{text:?}"),
        _ => text.trim().to_owned(),
    }
}
