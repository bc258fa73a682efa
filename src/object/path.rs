//! Paths of fields inside an object, with list items named by their keys.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use super::value::same;

/// One element of a [`FieldPath`].
#[derive(Debug, Clone)]
pub enum PathElement {
    /// A map key or struct field.
    Field(String),
    /// An item of a keyed list: its key fields in order of name.
    Key(Vec<(String, Value)>),
    /// An item of a set: its value.
    Value(Value),
    /// An item by position, where a list has no keys.
    Index(usize),
}

impl PathElement {
    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl PartialEq for PathElement {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a == b,
            (Self::Key(a), Self::Key(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && same(&a.1, &b.1))
            }
            (Self::Value(a), Self::Value(b)) => same(a, b),
            (Self::Index(a), Self::Index(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for PathElement {}

impl Ord for PathElement {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            (Self::Value(a), Self::Value(b)) => order(a, b),
            (Self::Key(a), Self::Key(b)) => {
                let pairs = a.iter().zip(b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1)));
                pairs.fold(Ordering::Equal, Ordering::then).then_with(|| a.len().cmp(&b.len()))
            }
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }
}

/// A total order of values that agrees with [`same`].
fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (a, b) if same(a, b) => Ordering::Equal,
        (Value::Number(a), Value::Number(b)) => {
            let float = |number: &serde_json::Number| number.as_f64().unwrap_or_default();
            a.as_i64().zip(b.as_i64()).map_or_else(|| float(a).total_cmp(&float(b)), |(a, b)| a.cmp(&b))
        }
        (a, b) => a.to_string().cmp(&b.to_string()),
    }
}

impl PartialOrd for PathElement {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for PathElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) if is_plain(name) => f.write_str(name),
            Self::Field(name) => write!(f, "[{}]", Value::from(name.as_str())),
            Self::Key(keys) => write_keys(f, keys),
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
}

/// `[web]` for a key that is a name, `[port=80,protocol=TCP]` for all others.
fn write_keys(f: &mut fmt::Formatter<'_>, keys: &[(String, Value)]) -> fmt::Result {
    let plain = |value: &Value| match value {
        Value::String(text) if is_label(text) => text.clone(),
        other => other.to_string(),
    };
    if let [(name, value)] = keys
        && name == "name"
    {
        return write!(f, "[{}]", plain(value));
    }
    let quoted = |name: &str| if is_plain(name) { name.to_owned() } else { Value::from(name).to_string() };
    let part = |(name, value): &(String, Value)| format!("{}={}", quoted(name), plain(value));
    let parts: Vec<String> = keys.iter().map(part).collect();
    write!(f, "[{}]", parts.join(","))
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b':'))
}

/// A path from the object to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FieldPath(pub Vec<PathElement>);

impl FieldPath {
    /// This path with one more element.
    pub fn with(&self, element: PathElement) -> Self {
        let mut elements = self.0.clone();
        elements.push(element);
        Self(elements)
    }

    /// This path with one more field.
    pub fn field(&self, name: &str) -> Self {
        self.with(PathElement::Field(name.to_owned()))
    }

    /// True if `prefix` is this path or leads to it.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.len() >= prefix.0.len() && self.0.iter().zip(&prefix.0).all(|(a, b)| a == b)
    }

    /// True if the leading field names are these.
    pub fn starts_with_fields(&self, names: &[&str]) -> bool {
        self.0.len() >= names.len()
            && self
                .0
                .iter()
                .zip(names)
                .all(|(element, name)| matches!(element, PathElement::Field(n) if n == name))
    }

    /// True for labels and annotations of the object or of a pod template inside it.
    pub fn is_metadata_map(&self) -> bool {
        self.0.windows(2).any(|pair| match pair {
            [PathElement::Field(meta), PathElement::Field(map)] => {
                meta == "metadata" && (map == "labels" || map == "annotations")
            }
            _ => false,
        })
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, element) in self.0.iter().enumerate() {
            let dotted = matches!(element, PathElement::Field(name) if is_plain(name));
            if at > 0 && dotted {
                f.write_str(".")?;
            }
            write!(f, "{element}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_print_as_people_write_them() {
        let key = |pairs: &[(&str, Value)]| {
            PathElement::Key(pairs.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
        };
        let spec = FieldPath::default().field("spec");
        let table = [
            (
                spec.field("containers").with(key(&[("name", json!("web"))])).field("image"),
                "spec.containers[web].image",
            ),
            (
                spec.field("ports").with(key(&[("port", json!(80)), ("protocol", json!("TCP"))])),
                "spec.ports[port=80,protocol=TCP]",
            ),
            (FieldPath::default().field("data").field("a.conf"), "data[\"a.conf\"]"),
            (spec.field("finalizers").with(PathElement::Value(json!("x/y"))), "spec.finalizers[=\"x/y\"]"),
            (spec.field("args").with(PathElement::Index(2)), "spec.args[2]"),
            (spec.field("env").with(key(&[("name", json!("a b"))])), "spec.env[\"a b\"]"),
        ];
        for (path, text) in table {
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn keys_compare_as_values() {
        let a = PathElement::Key(vec![("port".into(), json!(80))]);
        let b = PathElement::Key(vec![("port".into(), serde_json::from_str("80.0").unwrap())]);
        assert_eq!(a, b);
        assert_eq!(a.cmp(&b), Ordering::Equal);
    }
}
