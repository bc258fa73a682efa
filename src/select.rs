//! Choosing objects: label selectors as kubectl writes them, and `KIND[/NAMESPACE]/NAME`.

use std::str::FromStr;

use serde_json::Value;

use crate::object::id::ObjectId;

/// Requirements on labels, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// True if the labels of an object fulfil every requirement.
    pub fn matches(&self, object: &Value) -> bool {
        let label =
            |key: &str| object.pointer("/metadata/labels").and_then(|l| l.get(key)).and_then(Value::as_str);
        self.0.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => label(key).is_some_and(|v| values.iter().any(|value| value == v)),
            Requirement::NotIn(key, values) => {
                !label(key).is_some_and(|v| values.iter().any(|value| value == v))
            }
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Absent(key) => label(key).is_none(),
        })
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        split(text)?.into_iter().map(requirement).collect::<Result<_, _>>().map(Self)
    }
}

/// Splits at commas that stand outside parentheses.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    if depth != 0 {
        return Err("a parenthesis is not closed".to_owned());
    }
    Ok(parts)
}

fn requirement(part: &str) -> Result<Requirement, String> {
    let one = |key: &str, value: &str| Ok((checked(key)?, vec![checked_value(value)?]));
    if let Some((key, value)) = part.split_once("!=") {
        return one(key, value).map(|(key, values)| Requirement::NotIn(key, values));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return one(key, value).map(|(key, values)| Requirement::In(key, values));
    }
    if let Some(key) = part.strip_prefix('!') {
        return checked(key).map(Requirement::Absent);
    }
    let Some((head, list)) = part.split_once('(') else { return checked(part).map(Requirement::Exists) };
    let list = list.trim_end().strip_suffix(')').ok_or_else(|| format!("{part:?}: expected ) at the end"))?;
    let values = list.split(',').map(checked_value).collect::<Result<Vec<_>, _>>()?;
    match head.split_whitespace().collect::<Vec<_>>()[..] {
        [key, "in"] => Ok(Requirement::In(checked(key)?, values)),
        [key, "notin"] => Ok(Requirement::NotIn(checked(key)?, values)),
        _ => Err(format!("{part:?}: expected KEY in (A,B) or KEY notin (A,B)")),
    }
}

fn checked(key: &str) -> Result<String, String> {
    let key = key.trim();
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if key.is_empty() || !key.bytes().all(legal) {
        return Err(format!("{key:?} is no label key: expected letters, digits, '-', '_', '.' and one '/'"));
    }
    Ok(key.to_owned())
}

fn checked_value(value: &str) -> Result<String, String> {
    let value = value.trim();
    if value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        Ok(value.to_owned())
    } else {
        Err(format!("{value:?} is no label value: expected letters, digits, '-', '_' and '.'"))
    }
}

/// One object by kind and name, in any namespace if none is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    kind: String,
    group: Option<String>,
    namespace: Option<String>,
    name: String,
}

impl Only {
    /// True if the object is meant. Kinds compare without case; `kind.group` names the group.
    pub fn matches(&self, id: &ObjectId) -> bool {
        self.kind.eq_ignore_ascii_case(&id.kind)
            && self.group.as_ref().is_none_or(|group| *group == id.group)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace)
            && self.name == id.name
    }

    /// The kind as written.
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let (kind, namespace, name) = match parts[..] {
            [kind, name] => (kind, None, name),
            [kind, namespace, name] => (kind, Some(namespace.to_owned()), name),
            _ => return Err(format!("{text:?}: expected KIND/NAME or KIND/NAMESPACE/NAME")),
        };
        if kind.is_empty() || name.is_empty() || namespace.as_deref() == Some("") {
            return Err(format!("{text:?}: expected KIND/NAME or KIND/NAMESPACE/NAME, found an empty part"));
        }
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group.to_owned())),
            None => (kind, None),
        };
        Ok(Self { kind: kind.to_owned(), group, namespace, name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    #[test]
    fn selectors_match_as_kubectl_does() {
        let object = json!({"metadata": {"labels": {"app": "shop", "tier": "web"}}});
        let table = [
            ("app=shop", true),
            ("app==shop,tier=web", true),
            ("app!=shop", false),
            ("none!=x", true),
            ("tier in (db, web)", true),
            ("tier notin (db,web)", false),
            ("app", true),
            ("!app", false),
            ("!none,app", true),
            ("app=", false),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Selector>().unwrap().matches(&object), expected, "{text}");
        }
        for wrong in ["", "a b", "app in shop", "app in (shop", "app=a b", "=x", ",app"] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn one_object_is_meant_by_kind_and_name() {
        let id = ObjectId::new(&Gvk::new("apps", "v1", "Deployment"), "shop", "web");
        let table = [
            ("Deployment/web", true),
            ("deployment/shop/web", true),
            ("deployment.apps/web", true),
            ("deployment.extensions/web", false),
            ("Deployment/other/web", false),
            ("Service/web", false),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Only>().unwrap().matches(&id), expected, "{text}");
        }
        for wrong in ["web", "a/b/c/d", "/web", "Deployment/", "Deployment//web"] {
            assert!(wrong.parse::<Only>().is_err(), "{wrong:?}");
        }
    }
}
