//! From documents to Kubernetes objects: lists flattened, and every document that is no object named.

use std::io::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::origin::{FieldLines, Origin, PathHash, Step};
use super::yaml::Document;
use super::{Manifest, Notice};
use crate::object::id::{GroupVersion, Gvk};
use crate::object::packed::Packed;

/// Largest object, in bytes of JSON. The API server takes no larger request.
pub const MAX_OBJECT_BYTES: usize = 3 * 1024 * 1024;

/// How much longer JSON can be than the YAML it was read from: `-` and a line end become `null,`.
const ENCODED_GROWTH: u64 = 6;

/// One file's objects and what is wrong with the others.
#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) items: Vec<Manifest>,
    pub(super) problems: Vec<Notice>,
}

/// An object that may be a list, with its place.
struct Candidate {
    value: Value,
    line: u32,
    column: u32,
    lines: FieldLines,
    /// True if the object may pass the limit of size, so that it is worth measuring.
    large: bool,
    /// Which item of a list it is.
    place: String,
}

impl Objects {
    /// Adds the objects of one document.
    pub(super) fn add(&mut self, file: &Arc<str>, document: Document) {
        self.candidate(
            file,
            Candidate {
                value: document.value,
                line: document.line,
                column: document.column,
                lines: document.lines,
                large: document.bytes.saturating_mul(ENCODED_GROWTH) > MAX_OBJECT_BYTES as u64,
                place: String::new(),
            },
        );
    }

    fn candidate(&mut self, file: &Arc<str>, mut candidate: Candidate) {
        match take_items(&mut candidate.value) {
            None => match manifest(file, &mut candidate) {
                Ok(manifest) => self.items.push(manifest),
                Err((message, hint)) => self.problem(file, &candidate, message, hint),
            },
            Some(Err(found)) => {
                let message = format!("the items of a list are {found}, expected a list of objects");
                self.problem(file, &candidate, message, None);
            }
            Some(Ok(items)) => {
                let defaults = item_type(&candidate.value);
                let root = PathHash::ROOT.step(Step::Key("items"));
                for (index, value) in items.into_iter().enumerate() {
                    let item = list_item(&candidate, &defaults, root, index, value);
                    self.candidate(file, item);
                }
            }
        }
    }

    fn problem(&mut self, file: &Arc<str>, at: &Candidate, message: String, hint: Option<&str>) {
        self.problems.push(Notice {
            file: file.to_string(),
            line: at.line,
            column: at.column,
            message: format!("{}{message}", at.place),
            hint: hint.map(str::to_owned),
        });
    }
}

/// The items, if the value is a list of objects by its kind; `Err` says what stands there instead.
fn take_items(value: &mut Value) -> Option<Result<Vec<Value>, &'static str>> {
    let map = value.as_object_mut()?;
    let kind = map.get("kind").and_then(Value::as_str)?;
    if !kind.ends_with("List") || !map.contains_key("items") {
        return (kind == "List").then(|| Ok(Vec::new()));
    }
    match map.remove("items")? {
        Value::Array(items) => Some(Ok(items)),
        Value::Null => Some(Ok(Vec::new())),
        other => Some(Err(found(&other))),
    }
}

/// `apiVersion` and `kind` for items that name neither, told from the list's own.
fn item_type(list: &Value) -> Option<(Value, Value)> {
    let api_version = list.get("apiVersion")?.clone();
    let kind = list.get("kind")?.as_str()?.strip_suffix("List")?;
    (!kind.is_empty()).then(|| (api_version, Value::from(kind)))
}

fn list_item(
    list: &Candidate,
    defaults: &Option<(Value, Value)>,
    items: PathHash,
    index: usize,
    mut value: Value,
) -> Candidate {
    let root = items.step(Step::Index(index));
    let lines = list.lines.below(root, &value);
    let line = list.lines.at(root).unwrap_or(list.line);
    if let (Value::Object(map), Some((api_version, kind))) = (&mut value, defaults)
        && !map.contains_key("kind")
        && !map.contains_key("apiVersion")
    {
        map.insert("apiVersion".to_owned(), api_version.clone());
        map.insert("kind".to_owned(), kind.clone());
    }
    Candidate {
        value,
        line,
        column: 0,
        lines,
        large: list.large,
        place: format!("{}item {} of the list: ", list.place, index + 1),
    }
}

type Refusal = (String, Option<&'static str>);

fn manifest(file: &Arc<str>, candidate: &mut Candidate) -> Result<Manifest, Refusal> {
    let Value::Object(map) = &candidate.value else {
        let hint =
            "only Kubernetes objects may stand here; choose another directory with --path, or move this file";
        return Err((
            format!("no Kubernetes object: found {}, expected a map", found(&candidate.value)),
            Some(hint),
        ));
    };
    let gvk = gvk(map)?;
    let (name, namespace) = identity(map)?;
    if candidate.large && encoded_size_exceeds(&candidate.value, MAX_OBJECT_BYTES) {
        return Err((
            format!("the object is larger than {MAX_OBJECT_BYTES} bytes, which no API server takes"),
            None,
        ));
    }
    Ok(Manifest {
        gvk,
        namespace,
        name,
        object: Packed::of(&candidate.value),
        origin: Origin {
            file: Arc::clone(file),
            line: candidate.line,
            fields: std::mem::take(&mut candidate.lines),
        },
    })
}

fn gvk(map: &Map<String, Value>) -> Result<Gvk, Refusal> {
    let text = |key: &str| match map.get(key) {
        None | Some(Value::Null) => Err("missing"),
        Some(Value::String(text)) if text.is_empty() => Err("empty"),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => Err(found(other)),
    };
    let hint =
        "only Kubernetes objects may stand here; choose another directory with --path, or move this file";
    let (api_version, kind) = match (text("apiVersion"), text("kind")) {
        (Ok(api_version), Ok(kind)) => (api_version, kind),
        (Err("missing"), Err("missing")) => {
            return Err(("no Kubernetes object: apiVersion and kind are missing".to_owned(), Some(hint)));
        }
        (Err(problem), _) => {
            return Err((format!("no Kubernetes object: apiVersion is {problem}"), Some(hint)));
        }
        (_, Err(problem)) => return Err((format!("no Kubernetes object: kind is {problem}"), Some(hint))),
    };
    let Some(group_version) = GroupVersion::parse(api_version) else {
        return Err(("apiVersion is neither VERSION nor GROUP/VERSION".to_owned(), None));
    };
    Ok(Gvk::new(&group_version.group, &group_version.version, kind))
}

/// Name (empty where only `generateName` is given) and namespace.
fn identity(map: &Map<String, Value>) -> Result<(String, Option<String>), Refusal> {
    let metadata = match map.get("metadata") {
        None | Some(Value::Null) => return Err(("metadata is missing".to_owned(), None)),
        Some(Value::Object(metadata)) => metadata,
        Some(other) => return Err((format!("metadata is {}, expected a map", found(other)), None)),
    };
    let text = |key: &str| match metadata.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(other) => {
            Err((format!("metadata.{key} is {}, expected a string", found(other)), Some("quote it")))
        }
    };
    let (name, generated, namespace) = (text("name")?, text("generateName")?, text("namespace")?);
    if name.is_empty() && generated.is_empty() {
        return Err(("metadata.name is missing".to_owned(), None));
    }
    Ok((name.to_owned(), (!namespace.is_empty()).then(|| namespace.to_owned())))
}

/// The type of a value, in words.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// Encodes the value until the limit is passed.
fn encoded_size_exceeds(value: &Value, limit: usize) -> bool {
    serde_json::to_writer(Budget(limit), value).is_err()
}

struct Budget(usize);

impl Write for Budget {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.checked_sub(bytes.len()) {
            Some(left) => self.0 = left,
            None => return Err(std::io::ErrorKind::FileTooLarge.into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
