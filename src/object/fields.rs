//! `metadata.managedFields`: who owns which fields.
//!
//! The grammar is structured-merge-diff's `fieldpath/serialize.go` and `serialize-pe.go`: `f:` a field, `k:` a list item by
//! its keys, `v:` a set item by its value, `i:` an item by position, `.` the node itself. Unknown prefixes are skipped.

use serde_json::{Map, Value};

use super::path::PathElement;

/// The name under which this tool applies.
pub const FIELD_MANAGER: &str = "gitops";

/// A `fieldsV1` trie, read in place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldSet<'a>(&'a Map<String, Value>);

impl<'a> FieldSet<'a> {
    /// The trie of a `fieldsV1` value; `None` if it is no map.
    pub fn new(fields: &'a Value) -> Option<Self> {
        fields.as_object().map(Self)
    }

    /// True if the node itself is owned: it is a leaf or holds `.`.
    pub fn is_member(self) -> bool {
        self.0.is_empty() || self.0.contains_key(".")
    }

    /// True if nothing stands below the node.
    pub fn is_leaf(self) -> bool {
        self.0.keys().all(|key| key == ".")
    }

    /// The elements below this node, in the order of their text.
    pub fn children(self) -> impl Iterator<Item = (PathElement, FieldSet<'a>)> {
        self.0.iter().filter_map(|(key, below)| Some((parse_element(key)?, Self(below.as_object()?))))
    }

    /// The node of a field.
    pub fn field(self, name: &str) -> Option<FieldSet<'a>> {
        self.0.get(&format!("f:{name}"))?.as_object().map(Self)
    }

    /// The node at a path below this one, whether it is a member or only leads to members.
    pub fn get(self, path: &[PathElement]) -> Option<FieldSet<'a>> {
        path.iter().try_fold(self, |set, element| match element {
            PathElement::Field(name) => set.field(name),
            other => set.children().find(|(child, _)| child == other).map(|(_, below)| below),
        })
    }

    /// True if exactly this path is a member.
    pub fn contains(self, path: &[PathElement]) -> bool {
        self.get(path).is_some_and(Self::is_member)
    }

    /// Number of member paths.
    pub fn len(self) -> usize {
        usize::from(self.is_member()) + self.children().map(|(_, below)| below.len()).sum::<usize>()
    }

    /// True if there is no member path at all, which is the case for an empty `fieldsV1` of a whole entry.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

pub(super) fn parse_element(key: &str) -> Option<PathElement> {
    let (prefix, rest) = key.split_at_checked(2)?;
    match prefix {
        "f:" => Some(PathElement::Field(rest.to_owned())),
        "v:" => serde_json::from_str(rest).ok().map(PathElement::Value),
        "i:" => rest.parse().ok().map(PathElement::Index),
        "k:" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).ok()?;
            Some(PathElement::Key(keys.into_iter().collect()))
        }
        _ => None,
    }
}

/// How a manager wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Anything else.
    Update,
}

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Name of the field manager.
    pub manager: &'a str,
    /// Apply or update.
    pub operation: Operation,
    /// Subresource written through, empty for the object itself.
    pub subresource: &'a str,
    /// `apiVersion` at which the fields are recorded.
    pub api_version: &'a str,
    /// Time of the last change, RFC 3339 in UTC, so that texts order as times do; empty if not recorded.
    pub time: &'a str,
    /// The owned fields.
    pub fields: FieldSet<'a>,
}

/// All entries of an object, decoded by identity: of duplicates the last wins, as on the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ManagedFields<'a> {
    entries: Vec<Entry<'a>>,
    reset: bool,
    hidden: bool,
}

impl<'a> ManagedFields<'a> {
    /// Reads `metadata.managedFields` of an object.
    pub fn of(object: &'a Value) -> Self {
        let Some(Value::Array(list)) = object.pointer("/metadata/managedFields") else {
            return Self { hidden: true, ..Self::default() };
        };
        let mut entries: Vec<Entry<'a>> = Vec::with_capacity(list.len());
        for entry in list.iter().filter_map(parse_entry) {
            entries.retain(|known| !same_identity(known, &entry));
            entries.push(entry);
        }
        Self { reset: entries.is_empty(), entries, hidden: false }
    }

    /// All entries, in the order of the object.
    pub fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// The Apply entry of this tool.
    pub fn own(&self) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| {
            entry.manager == FIELD_MANAGER
                && entry.operation == Operation::Apply
                && entry.subresource.is_empty()
        })
    }

    /// All entries but the Apply entry of this tool.
    pub fn others(&self) -> impl Iterator<Item = &Entry<'a>> {
        let own = self.own().map(std::ptr::from_ref);
        self.entries.iter().filter(move |entry| Some(std::ptr::from_ref(*entry)) != own)
    }

    /// True if the object carries no `managedFields` at all: hidden by the tool that printed it, or never tracked.
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// True if tracking was reset: the list is there and holds nothing.
    pub fn is_reset(&self) -> bool {
        self.reset
    }
}

fn same_identity(a: &Entry<'_>, b: &Entry<'_>) -> bool {
    let version = a.operation == Operation::Apply || a.api_version == b.api_version;
    a.manager == b.manager && a.operation == b.operation && a.subresource == b.subresource && version
}

pub(super) fn parse_entry(entry: &Value) -> Option<Entry<'_>> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return None,
    };
    Some(Entry {
        manager: text("manager"),
        operation,
        subresource: text("subresource"),
        api_version: text("apiVersion"),
        time: text("time"),
        fields: FieldSet::new(entry.get("fieldsV1")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trie_members_and_lookup() {
        let fields = json!({"f:spec": {"f:replicas": {}, "f:ports": {
            "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}, "x:new": {}}}});
        let set = FieldSet::new(&fields).unwrap();
        let field = |name: &str| PathElement::Field(name.into());
        let key = PathElement::Key(vec![("port".into(), json!(80)), ("protocol".into(), json!("TCP"))]);
        assert!(set.contains(&[field("spec"), field("replicas")]));
        assert!(!set.contains(&[field("spec")]), "leads to members, is none");
        assert!(set.contains(&[field("spec"), field("ports"), key.clone()]));
        assert!(set.contains(&[field("spec"), field("ports"), key, field("port")]));
        assert!(set.get(&[field("status")]).is_none());
        assert_eq!(set.len(), 3, "unknown prefixes are skipped");
    }

    #[test]
    fn of_duplicate_entries_the_last_wins() {
        let entry = |op: &str, version: &str, field: &str| json!({"manager": "m", "operation": op, "apiVersion": version, "fieldsV1": {field: {}}});
        let object = json!({"metadata": {"managedFields": [
            entry("Update", "v1", "f:a"), entry("Update", "v1", "f:b"), entry("Update", "v2", "f:c"),
            entry("Apply", "v1", "f:d"), entry("Apply", "v2", "f:e"), {},
        ]}});
        let fields: Vec<String> = ManagedFields::of(&object)
            .entries()
            .iter()
            .flat_map(|e| e.fields.children().map(|(p, _)| p.to_string()).collect::<Vec<_>>())
            .collect();
        assert_eq!(fields, ["b", "c", "e"]);
    }

    #[test]
    fn own_is_the_apply_entry_without_subresource() {
        let object = json!({"metadata": {"managedFields": [
            {"manager": "gitops", "operation": "Update", "fieldsV1": {}},
            {"manager": "gitops", "operation": "Apply", "subresource": "status", "fieldsV1": {}},
            {"manager": "gitops", "operation": "Apply", "time": "t", "fieldsV1": {"f:a": {}}},
        ]}});
        let managed = ManagedFields::of(&object);
        assert_eq!(managed.own().unwrap().time, "t");
        assert_eq!(managed.others().count(), 2);
        assert!(ManagedFields::of(&json!({"metadata": {"managedFields": [{}]}})).is_reset());
        assert!(ManagedFields::of(&json!({"metadata": {}})).is_hidden());
    }
}
