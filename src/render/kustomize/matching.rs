//! The paths of replacements, whose items of lists are chosen by patterns (`a.[b=c].d`, `a.*.d`).

use super::node::{Id, Kind, Node, NodeResult, Style, Tag, Tree};
use super::paths::{append_item, error, is_item, kind_before, make_field};
use super::pattern::Pattern;
use super::read;

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
        Style::Single => format!("'{}'", text.as_str().replace('\'', "''")),
        Style::Double => format!("{text:?}"),
        Style::Plain if forced => format!("{text:?}"),
        _ => text.trim().to_owned(),
    }
}
