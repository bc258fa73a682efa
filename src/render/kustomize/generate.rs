//! ConfigMaps and Secrets from files and literals, and the hash of their content that becomes a part of their names.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::fault::{Fault, Outcome};
use super::kustomization::{GeneratorArgs, GeneratorOptions, Pairs, Text};
use super::load::{Directory, Loader};
use super::node::{Id, Kind, Node, NodeResult, Place, Style, Tag, Tree};
use super::paths::lookup;
use super::resource::{Behavior, Resource};

/// Longest line of a file of variables, as Go's scanner takes it: what follows a longer one is not read.
const LONGEST_LINE: usize = 64 * 1024;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generated {
    ConfigMap,
    Secret,
}

/// Bytes by their keys, with the place of each.
type Data = BTreeMap<String, (Vec<u8>, Place)>;

/// Makes one object.
pub(super) fn generate(
    what: Generated,
    args: &GeneratorArgs,
    global: Option<&GeneratorOptions>,
    loader: &mut Loader<'_>,
    dir: &Directory,
) -> Outcome<Resource> {
    let place = args.place;
    if args.name.0.is_empty() {
        return Err(Fault::at(place, "a generator needs a name"));
    }
    let data = data(args, loader, dir)?;
    let mut tree = Tree::of(Node::new(Kind::Map, place));
    let kind = if what == Generated::Secret { "Secret" } else { "ConfigMap" };
    set(&mut tree, &["apiVersion"], "v1", place)?;
    set(&mut tree, &["kind"], kind, place)?;
    set(&mut tree, &["metadata", "name"], &args.name.0, args.name.1)?;
    if !args.namespace.0.is_empty() {
        set(&mut tree, &["metadata", "namespace"], &args.namespace.0, args.namespace.1)?;
    }
    if what == Generated::Secret {
        let (text, at) =
            if args.kind.0.is_empty() { ("Opaque", place) } else { (args.kind.0.as_str(), args.kind.1) };
        set(&mut tree, &["type"], text, at)?;
        secret_data(&mut tree, &data, place)?;
    } else {
        config_data(&mut tree, &data, None)?;
    }
    let options = merged(args.options.as_ref(), global);
    if let Some(options) = &options {
        add_options(&mut tree, options)?;
    }
    let mut resource = Resource::new(tree);
    resource.needs_hash = !args.options_disable_hash(global);
    resource.behavior = match args.behavior.as_str() {
        "create" => Behavior::Create,
        "replace" => Behavior::Replace,
        "merge" => Behavior::Merge,
        _ => Behavior::Unspecified,
    };
    Ok(resource)
}

impl GeneratorArgs {
    fn options_disable_hash(&self, global: Option<&GeneratorOptions>) -> bool {
        self.options.iter().chain(global).any(|options| options.disable_hash)
    }
}

/// The options of one generator over those of all.
fn merged(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> Option<GeneratorOptions> {
    let mut options = own.or(global)?.clone();
    if let Some(global) = global {
        let add = |into: &mut Pairs, from: &Pairs| {
            for (key, text) in from {
                into.entry(key.clone()).or_insert_with(|| text.clone());
            }
        };
        add(&mut options.labels, &global.labels);
        add(&mut options.annotations, &global.annotations);
        options.immutable = options.immutable.or(global.immutable);
    }
    Some(options)
}

fn add_options(tree: &mut Tree, options: &GeneratorOptions) -> NodeResult<()> {
    for (field, pairs) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        for (key, (text, place)) in pairs {
            let root = tree.root;
            let path = ["metadata".to_owned(), field.to_owned()];
            if let Some(map) = lookup(tree, root, &path, Some(Kind::Map))? {
                let value = tree.push_text(text, *place);
                tree.node_mut(value).style = Style::Single;
                tree.set_field(map, key, Some(value), false)?;
            }
        }
    }
    if let Some(place) = options.immutable {
        let value = tree.push_scalar("true", Tag::Bool, place);
        let root = tree.root;
        tree.set_field(root, "immutable", Some(value), false)?;
    }
    Ok(())
}

fn set(tree: &mut Tree, path: &[&str], text: &str, place: Place) -> NodeResult<()> {
    let Some((last, above)) = path.split_last() else { return Ok(()) };
    let above: Vec<String> = above.iter().map(|part| (*part).to_owned()).collect();
    let root = tree.root;
    if let Some(map) = lookup(tree, root, &above, Some(Kind::Map))? {
        let value = tree.push_text(text, place);
        tree.set_field(map, last, Some(value), false)?;
    }
    Ok(())
}

fn data(args: &GeneratorArgs, loader: &mut Loader<'_>, dir: &Directory) -> Outcome<Data> {
    let mut pairs = Vec::new();
    for (path, place) in &args.envs {
        let (content, number) = loader.read(dir, path, *place)?;
        variables(&content, number, &mut pairs)?;
    }
    for source in &args.literals {
        pairs.push(literal(source)?);
    }
    for source in &args.files {
        let (key, path) = file_source(source)?;
        let (content, number) = loader.read(dir, path, source.1)?;
        pairs.push((key, content, Place { file: number, line: 1 }));
    }
    let mut data = Data::new();
    for (key, content, place) in pairs {
        if data.contains_key(&key) {
            let message = format!("the generator {} has the key {key:?} twice", args.name.0);
            return Err(Fault::at(place, message));
        }
        data.insert(key, (content, place));
    }
    Ok(data)
}

type Pair = (String, Vec<u8>, Place);

fn variables(content: &[u8], file: u32, pairs: &mut Vec<Pair>) -> Outcome<()> {
    for (number, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.len() >= LONGEST_LINE {
            break;
        }
        let place = Place { file, line: u32::try_from(number + 1).unwrap_or(u32::MAX) };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|_| Fault::at(place, "invalid UTF-8"))?;
        let text = if number == 0 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if !key.is_empty() {
            pairs.push((key.to_owned(), value.as_bytes().to_vec(), place));
        }
    }
    Ok(())
}

fn literal((source, place): &Text) -> Outcome<Pair> {
    match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            let quoted = value.len() >= 2
                && value.starts_with(['"', '\''])
                && value.as_bytes().first() == value.as_bytes().last();
            let value = if quoted { &value[1..value.len() - 1] } else { value };
            Ok((key.to_owned(), value.as_bytes().to_vec(), *place))
        }
        _ => Err(Fault::at(*place, "a literal is written key=value")),
    }
}

fn file_source((source, place): &Text) -> Outcome<(String, &str)> {
    let wrong = |message: &str| Err(Fault::at(*place, message).hint("write path, or key=path"));
    match source.split('=').collect::<Vec<_>>()[..] {
        [path] => {
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            Ok((name.to_owned(), path))
        }
        ["", _] => wrong("the key of a file is empty"),
        [_, ""] => wrong("the path of a file is empty"),
        [key, path] => Ok((key.to_owned(), path)),
        _ => wrong("the key or the path of a file holds a `=`"),
    }
}

/// Base64 in lines, as kustomize writes longer ones.
pub(super) fn base64_lines(bytes: &[u8]) -> String {
    const LINE: usize = 70;
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < LINE {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out
}

fn secret_data(tree: &mut Tree, data: &Data, place: Place) -> NodeResult<()> {
    let root = tree.root;
    let map = tree.push(Node::new(Kind::Map, place));
    tree.set_field(root, "data", Some(map), false)?;
    for (key, (bytes, place)) in data {
        let value = tree.push_text(&base64_lines(bytes), *place);
        tree.put_field(map, key, None, value);
    }
    Ok(())
}

/// Texts go to `data` and other bytes to `binaryData`, or all to one field.
fn config_data(tree: &mut Tree, data: &Data, field: Option<&str>) -> NodeResult<()> {
    for (key, (bytes, place)) in data {
        let (name, text) = match std::str::from_utf8(bytes) {
            Ok(text) => ("data", text.to_owned()),
            Err(_) => ("binaryData", base64_lines(bytes)),
        };
        let map = data_map(tree, field.unwrap_or(name))?;
        let Some(map) = map else { continue };
        let value = tree.push_text(&text, *place);
        // No key is there yet: the map is new, and of the data each key stands once.
        tree.put_field(map, key, None, value);
    }
    Ok(())
}

fn data_map(tree: &mut Tree, field: &str) -> NodeResult<Option<Id>> {
    let root = tree.root;
    lookup(tree, root, &[field.to_owned()], Some(Kind::Map))
}

impl Resource {
    /// The texts of a map of data.
    pub(super) fn data(&self, field: &str) -> BTreeMap<String, Text> {
        let Some(map) = self.tree.field(self.tree.root, field) else { return BTreeMap::new() };
        let text =
            |id: Id| if self.tree.is_null(id) { String::new() } else { self.tree.node(id).text.to_string() };
        let entries = self.tree.entries(map);
        entries.map(|(key, value)| (text(key), (text(value), self.tree.node(value).place))).collect()
    }

    /// Replaces a map of data.
    pub(super) fn set_data(&mut self, field: &str, texts: &BTreeMap<String, Text>) -> NodeResult<()> {
        let root = self.tree.root;
        self.tree.clear(root, field)?;
        let data: Data = texts
            .iter()
            .map(|(key, (text, place))| (key.clone(), (text.clone().into_bytes(), *place)))
            .collect();
        config_data(&mut self.tree, &data, Some(field))
    }
}
