//! Which lists merge, and by which keys: the table of the built-in types, or what a user's OpenAPI document says.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::Value;

const BUILTIN: &str = include_str!("merge_keys.txt");

/// The types that patches know.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    types: Vec<HashMap<String, Field>>,
    /// By `apiVersion` and kind.
    roots: HashMap<(String, String), usize>,
}

/// One field of a type.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    /// The type of the value; of a list, that of its items.
    below: Option<usize>,
    list: bool,
    /// The keys of a list that merges; empty for a list of single values.
    merge: Option<Vec<String>>,
}

/// A place in a type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot<'s> {
    Type(usize),
    Field(&'s Field),
}

impl Schemas {
    /// The types that kustomize is built with.
    pub(super) fn builtin() -> &'static Self {
        static TABLE: OnceLock<Schemas> = OnceLock::new();
        TABLE.get_or_init(|| Self::parse_table(BUILTIN))
    }

    fn parse_table(text: &str) -> Self {
        let lines =
            || text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" :"));
        let name = |head: &str| head.split(' ').next().unwrap_or_default().to_owned();
        let numbers: HashMap<String, usize> =
            lines().enumerate().map(|(number, (head, _))| (name(head), number)).collect();
        let mut schemas = Self::default();
        for (number, (head, fields)) in lines().enumerate() {
            for root in head.split(' ').filter_map(|word| word.strip_prefix('@')) {
                let (version, kind) = root.rsplit_once('/').unwrap_or_default();
                let version = version.trim_start_matches('/').to_owned();
                schemas.roots.insert((version, kind.to_owned()), number);
            }
            let fields = fields.split_whitespace().map(|word| parse_field(word, &numbers));
            schemas.types.push(fields.collect());
        }
        schemas
    }

    /// Reads the definitions of an OpenAPI document, version 2. What it defines comes before the built-in types.
    pub(super) fn from_openapi(document: &Value) -> Self {
        let empty = serde_json::Map::new();
        let definitions = document.get("definitions").and_then(Value::as_object).unwrap_or(&empty);
        let mut reader = OpenApi { definitions, schemas: Self::default(), numbers: HashMap::new() };
        for (name, definition) in definitions {
            let number = reader.definition(name);
            let kinds = definition.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for kind in kinds.into_iter().flatten() {
                let text = |key: &str| kind.get(key).and_then(Value::as_str).unwrap_or_default();
                let version = match text("group") {
                    "" => text("version").to_owned(),
                    group => format!("{group}/{}", text("version")),
                };
                reader.schemas.roots.insert((version, text("kind").to_owned()), number);
            }
        }
        reader.schemas
    }

    /// The type of an object.
    pub(super) fn root(&self, api_version: &str, kind: &str) -> Option<Spot<'_>> {
        self.roots.get(&(api_version.to_owned(), kind.to_owned())).copied().map(Spot::Type)
    }

    /// The field of a map.
    pub(super) fn field<'s>(&'s self, spot: Spot<'s>, name: &str) -> Option<Spot<'s>> {
        let number = match spot {
            Spot::Type(number) => number,
            Spot::Field(field) if !field.list => field.below?,
            Spot::Field(_) => return None,
        };
        let fields = self.types.get(number)?;
        fields.get(name).or_else(|| fields.get(ANY)).map(Spot::Field)
    }

    /// The items of a list.
    pub(super) fn items<'s>(&'s self, spot: Spot<'s>) -> Option<Spot<'s>> {
        match spot {
            Spot::Field(field) if field.list => field.below.map(Spot::Type),
            _ => None,
        }
    }
}

impl Spot<'_> {
    /// The keys by which a list merges; `None` if it does not.
    pub(super) fn merge_keys(&self) -> Option<&[String]> {
        match self {
            Self::Field(field) => field.merge.as_deref(),
            Self::Type(_) => None,
        }
    }
}

/// The name of the fields of a map whose keys are free.
const ANY: &str = "\0";

/// `FIELD=TYPE`, `FIELD*=TYPE`, `FIELD[KEYS]=TYPE` or `FIELD[KEYS]`.
fn parse_field(word: &str, numbers: &HashMap<String, usize>) -> (String, Field) {
    let (left, below) = word.split_once('=').unwrap_or((word, ""));
    let below = numbers.get(below).copied();
    if let Some((name, keys)) = left.split_once('[') {
        let keys = keys.trim_end_matches(']').split(',').filter(|key| !key.is_empty());
        let merge = Some(keys.map(str::to_owned).collect());
        return (name.to_owned(), Field { below, list: true, merge });
    }
    match left.strip_suffix('*') {
        Some(name) => (name.to_owned(), Field { below, list: true, merge: None }),
        None => (left.to_owned(), Field { below, list: false, merge: None }),
    }
}

struct OpenApi<'d> {
    definitions: &'d serde_json::Map<String, Value>,
    schemas: Schemas,
    numbers: HashMap<String, usize>,
}

impl OpenApi<'_> {
    fn definition(&mut self, name: &str) -> usize {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.reserve();
        self.numbers.insert(name.to_owned(), number);
        if let Some(definition) = self.definitions.get(name).cloned() {
            self.fill(number, &definition);
        }
        number
    }

    fn reserve(&mut self) -> usize {
        self.schemas.types.push(HashMap::new());
        self.schemas.types.len() - 1
    }

    fn fill(&mut self, number: usize, schema: &Value) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut fields = HashMap::new();
        for (name, property) in properties.into_iter().flatten() {
            fields.insert(name.clone(), self.property(property));
        }
        if let Some(any) = schema.get("additionalProperties").filter(|any| any.is_object()) {
            fields.insert(ANY.to_owned(), self.property(any));
        }
        self.schemas.types[number] = fields;
    }

    fn property(&mut self, property: &Value) -> Field {
        let items = property.get("items").filter(|_| is_type(property, "array"));
        let below = self.type_of(items.unwrap_or(property));
        let strategy =
            property.get("x-kubernetes-patch-strategy").and_then(Value::as_str).unwrap_or_default();
        let merges = strategy.split(',').any(|word| word == "merge");
        let merge = merges.then(|| merge_keys(property));
        Field { below: Some(below), list: items.is_some(), merge }
    }

    fn type_of(&mut self, schema: &Value) -> usize {
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = reference.and_then(|reference| reference.strip_prefix("#/definitions/")) {
            let name = name.replace("~1", "/").replace("~0", "~");
            return self.definition(&name);
        }
        let number = self.reserve();
        self.fill(number, schema);
        number
    }
}

fn is_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(text)) => text == name,
        Some(Value::Array(names)) => names.len() == 1 && names[0] == name,
        _ => false,
    }
}

fn merge_keys(property: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match (property.get("x-kubernetes-list-map-keys"), property.get("x-kubernetes-patch-merge-key")) {
        (Some(Value::Array(keys)), _) => keys.iter().map(text).collect(),
        (_, Some(key)) => vec![text(key)],
        _ => Vec::new(),
    }
}
