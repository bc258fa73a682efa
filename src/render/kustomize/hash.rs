//! The hash of the content of ConfigMaps and Secrets, which stands behind their names.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fault::{Fault, Outcome};
use super::node::Kind;
use super::resource::Resource;

impl Resource {
    /// Puts the hash of the content behind the name.
    pub(super) fn add_hash(&mut self) -> Outcome<()> {
        let hash = self.hash()?;
        self.remember_name();
        let name = format!("{}-{hash}", self.name());
        Ok(self.set_name(&name)?)
    }

    /// The hash of the content (`api/hasher`). The name is left out although it seems to be in.
    fn hash(&self) -> Outcome<String> {
        let (fields, kind): (&[&str], &str) = match self.kind() {
            "ConfigMap" => (&["data", "binaryData"], "ConfigMap"),
            "Secret" => (&["data", "stringData", "type"], "Secret"),
            other => {
                let message =
                    format!("a name hash is wanted for a {other}; only ConfigMaps and Secrets have one");
                return Err(Fault::at(self.place(), message));
            }
        };
        let mut parts: BTreeMap<&str, String> = BTreeMap::new();
        for field in fields {
            let found = self.tree.field(self.tree.root, field);
            let value = match found {
                None => Value::from(""),
                Some(id) if self.tree.node(id).kind == Kind::Scalar => {
                    Value::from(self.tree.node(id).text.as_str())
                }
                Some(id) => self.tree.to_json(id)?,
            };
            if value.is_object() || !matches!(*field, "binaryData" | "stringData") {
                parts.insert(field, go_json(&value));
            }
        }
        parts.insert("kind", go_json(&kind.into()));
        parts.insert("name", go_json(&"".into()));
        let body: Vec<String> = parts.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        Ok(encode(&Sha256::digest(format!("{{{}}}", body.join(",")))))
    }
}

/// Ten digits, with letters in place of those that could make a word or be misread.
fn encode(digest: &[u8]) -> String {
    let hex: String = digest.iter().take(5).map(|byte| format!("{byte:02x}")).collect();
    let letter = |digit| match digit {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    };
    hex.chars().map(letter).collect()
}

/// JSON as Go writes it: keys sorted, and `<`, `>`, `&` and two line ends escaped.
pub(super) fn go_json(value: &Value) -> String {
    match value {
        Value::String(text) => go_text(text),
        Value::Array(items) => format!("[{}]", items.iter().map(go_json).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            let entries = sorted.iter().map(|(key, value)| format!("{}:{}", go_text(key), go_json(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

fn go_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}
