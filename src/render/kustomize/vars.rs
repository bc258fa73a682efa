//! Vars, the old way to copy a value: `$(NAME)` in some fields becomes the value of a field of an object.

use std::collections::BTreeMap;

use super::fault::{Fault, Outcome, near};
use super::fields::{FieldSpec, Fields};
use super::generate::base64_lines;
use super::json::go_number;
use super::kustomization::Var;
use super::node::{Id, Kind, NodeError, NodeResult, Style, Tag, Tree};
use super::paths::{find, split_dots};
use super::pattern::Pattern;
use super::resource::Resource;
use super::set::ResourceSet;

/// The vars of a build, by name.
pub(super) type Vars = BTreeMap<String, Var>;

/// Adds vars, and remembers in the objects which of them read from there.
pub(super) fn add(vars: &mut Vars, incoming: &[Var], set: &mut ResourceSet) -> Outcome<()> {
    for var in incoming {
        let mut id = var.object.clone();
        id.cluster_scoped = false;
        let exact = !id.namespace.is_empty();
        let fits =
            |other: &super::ident::ResId| if exact { id.same(other) } else { id.same_type_and_name(other) };
        let mut found = set.named(Some(&id.name));
        found.retain(|at| set.items[*at].is_or_was(fits));
        match found[..] {
            [] => {}
            [at] => set.items[at].vars.push(var.name.clone()),
            _ => {
                let message = format!("the var {} may read from {} objects", var.name, found.len());
                return Err(Fault::at(var.place, message).hint("name the namespace in `objref`"));
            }
        }
    }
    merge(vars, incoming.iter().cloned())
}

/// Adds vars whose names must be new.
pub(super) fn merge(vars: &mut Vars, incoming: impl IntoIterator<Item = Var>) -> Outcome<()> {
    for var in incoming {
        if vars.contains_key(&var.name) {
            return Err(Fault::at(var.place, format!("the var {} is defined already", var.name)));
        }
        vars.insert(var.name.clone(), var);
    }
    Ok(())
}

/// Replaces all vars.
pub(super) fn resolve(vars: &Vars, set: &mut ResourceSet, fields: &[FieldSpec]) -> Outcome<()> {
    if vars.is_empty() {
        return Ok(());
    }
    let mut holders: BTreeMap<&str, &Resource> = BTreeMap::new();
    for item in &set.items {
        for name in &item.vars {
            holders.entry(name).or_insert(item);
        }
    }
    let mut values = BTreeMap::new();
    for (name, var) in vars {
        values.insert(name.as_str(), value(var, holders.get(name.as_str()).copied(), set)?);
    }
    let mut fields = Fields::new(fields);
    for item in set.items_mut() {
        for field in fields.of(&item.tree).iter() {
            field
                .visit(&mut item.tree, None, &mut |tree, id| replace(tree, id, &values))
                .map_err(|error| Fault::from(error).context("replacing vars"))?;
        }
    }
    Ok(())
}

/// The value of a var: a text, a number, a boolean, or something that cannot be put into a text.
#[derive(Debug, Clone)]
enum VarValue {
    Text(String),
    Typed(String, Tag),
    Other,
}

fn value(var: &Var, holder: Option<&Resource>, set: &ResourceSet) -> Outcome<VarValue> {
    let Some(item) = holder else {
        let fault = Fault::at(
            var.place,
            format!("the var {} reads from {}, which is not among the objects", var.name, var.object),
        );
        let names: Vec<String> = set.items.iter().map(|item| item.original_id().to_string()).collect();
        return Err(match near(&var.object.to_string(), names.iter().map(String::as_str)) {
            Some(name) => fault.hint(format!("did you mean {name}?")),
            None => fault,
        });
    };
    let missing = |message: &str| {
        Fault::at(var.place, format!("the var {}: {message} {} of {}", var.name, var.field_path, item.id()))
    };
    let path = index_steps(split_dots(&var.field_path));
    let found = find(&item.tree, item.tree.root, &path).map_err(|_| missing("nothing can be read at"))?;
    let id = found.ok_or_else(|| missing("there is no field"))?;
    let node = item.tree.node(id);
    let text = node.text.to_string();
    let unfit = || missing("no value can be read at");
    Ok(match (node.kind, node.tag) {
        (Kind::Map | Kind::Seq, _) => VarValue::Other,
        (_, Tag::Int) => VarValue::Typed(text.parse::<i64>().map_err(|_| unfit())?.to_string(), Tag::Int),
        (_, Tag::Float) => {
            VarValue::Typed(plain_float(text.parse::<f64>().map_err(|_| unfit())?), Tag::Float)
        }
        (_, Tag::Bool) => match text.as_str() {
            "true" | "True" | "TRUE" => VarValue::Typed("true".to_owned(), Tag::Bool),
            "false" | "False" | "FALSE" => VarValue::Typed("false".to_owned(), Tag::Bool),
            _ => return Err(unfit()),
        },
        _ => VarValue::Text(text),
    })
}

fn plain_float(number: f64) -> String {
    format!("{number}")
}

/// `ports[0]` is the field `ports` and its item 0.
fn index_steps(path: Vec<String>) -> Vec<String> {
    let Ok(pattern) = Pattern::new(r"^.*\[\d+\]$") else { return path };
    let mut steps = Vec::new();
    for part in path {
        match part.rsplit_once('[').filter(|_| pattern.is_match(&part)) {
            Some((name, index)) => {
                steps.extend((!name.is_empty()).then(|| name.to_owned()));
                steps.push(index.trim_end_matches(']').to_owned());
            }
            None => steps.push(part),
        }
    }
    steps
}

type Values<'v> = BTreeMap<&'v str, VarValue>;

fn is_text(tree: &Tree, id: Id) -> bool {
    let node = tree.node(id);
    node.kind == Kind::Scalar && matches!(node.tag, Tag::Str | Tag::Unset)
}

fn replace(tree: &mut Tree, id: Id, values: &Values<'_>) -> NodeResult<()> {
    if tree.is_null(id) {
        return Ok(());
    }
    match tree.node(id).kind {
        Kind::Scalar => {
            if is_text(tree, id) {
                replace_text(tree, id, values);
            }
            Ok(())
        }
        Kind::Map => {
            let entries: Vec<(Id, Id)> = tree.entries(id).collect();
            for (key, value) in entries {
                if !is_text(tree, key) {
                    let message = "a key is no text: quote it".to_owned();
                    return Err(NodeError { place: tree.node(key).place, message });
                }
                if is_text(tree, value) {
                    replace_text(tree, value, values);
                }
            }
            Ok(())
        }
        Kind::Seq => {
            for item in tree.node(id).content.clone() {
                if !is_text(tree, item) {
                    let message = "expected a text, as vars may stand here".to_owned();
                    return Err(NodeError { place: tree.node(item).place, message });
                }
                replace_text(tree, item, values);
            }
            Ok(())
        }
    }
}

fn replace_text(tree: &mut Tree, id: Id, values: &Values<'_>) {
    let (text, tag) = expand(&tree.node(id).text, values);
    let node = tree.node_mut(id);
    (node.text, node.tag, node.style, node.tagged) = (text.into(), tag, Style::Plain, false);
}

/// Expands `$(NAME)`. `$$` is a dollar sign; a name that is no var stays as it is.
fn expand(input: &str, values: &Values<'_>) -> (String, Tag) {
    let whole = input.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    if let Some(VarValue::Typed(text, tag)) = whole.and_then(|name| values.get(name)) {
        return (text.clone(), *tag);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..at]);
        let after = &rest[at + 1..];
        rest = match after {
            [] => {
                out.push(b'$');
                after
            }
            [b'$', after @ ..] => {
                out.push(b'$');
                after
            }
            [b'(', after @ ..] => match after.iter().position(|byte| *byte == b')') {
                Some(end) => {
                    let name = std::str::from_utf8(&after[..end]).unwrap_or_default();
                    match values.get(name) {
                        Some(VarValue::Text(text) | VarValue::Typed(text, _)) => {
                            out.extend_from_slice(shown(text, values.get(name)).as_bytes());
                        }
                        Some(VarValue::Other) | None => {
                            out.extend_from_slice(b"$(");
                            out.extend_from_slice(&after[..=end]);
                        }
                    }
                    &after[end + 1..]
                }
                None => {
                    out.extend_from_slice(b"$(");
                    after
                }
            },
            [other, after @ ..] => {
                // kustomize takes the byte for a character, also where it is the first of several.
                out.push(b'$');
                out.extend_from_slice(char::from(*other).encode_utf8(&mut [0; 4]).as_bytes());
                after
            }
        };
    }
    out.extend_from_slice(rest);
    // What is no text any more is written as binary data.
    (String::from_utf8(out).unwrap_or_else(|error| base64_lines(error.as_bytes())), Tag::Str)
}

/// A number in the middle of a text is written as Go's `%v` does.
fn shown(text: &str, value: Option<&VarValue>) -> String {
    match value {
        Some(VarValue::Typed(_, Tag::Float)) => {
            let number = text.parse::<f64>().unwrap_or(0.0);
            if number.abs() >= 1e21 || (number != 0.0 && number.abs() < 1e-4) {
                go_number(number)
            } else {
                text.to_owned()
            }
        }
        _ => text.to_owned(),
    }
}
