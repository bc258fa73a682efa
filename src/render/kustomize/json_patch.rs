//! JSON patches (RFC 6902) with the habits of the library that kustomize uses (gopkg.in/evanphx/json-patch.v4): `replace` makes a
//! missing key, null counts as missing on the way, and an index may be negative.

use serde_json::{Map, Value};

/// One operation.
#[derive(Debug, Clone, Default)]
pub(super) struct Operation {
    op: String,
    pub(super) path: Option<String>,
    from: Option<String>,
    pub(super) value: Value,
    /// The line of the operation in the text of the patch, from 0.
    pub(super) line: u32,
}

/// The operations of a patch; `None` if the value is no list of them.
pub(super) fn operations(patch: &Value) -> Option<Vec<Operation>> {
    let operation = |entry: &Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let map: &Map<String, Value> = match entry {
            Value::Object(map) => map,
            Value::Null => return Some(Operation::default()),
            _ => return None,
        };
        let value = map.get("value").cloned().unwrap_or_default();
        Some(Operation {
            op: text("op").unwrap_or_default(),
            path: text("path"),
            from: text("from"),
            value,
            line: 0,
        })
    };
    match patch {
        Value::Array(items) => items.iter().map(operation).collect(),
        Value::Null => Some(Vec::new()),
        _ => None,
    }
}

/// Applies one operation.
///
/// # Errors
/// What is missing; never a value.
pub(super) fn apply(document: &mut Value, operation: &Operation) -> Result<(), String> {
    let path = || operation.path.as_deref().ok_or("the operation has no path".to_owned());
    let from = || operation.from.as_deref().ok_or("the operation has no `from`".to_owned());
    match operation.op.as_str() {
        "add" => add(document, path()?, operation.value.clone()),
        "remove" => remove(document, path()?).map(drop),
        "replace" => replace(document, path()?, operation.value.clone()),
        "move" => {
            let value = get(document, from()?)?.cloned().unwrap_or_default();
            remove(document, from()?)?;
            add(document, path()?, value)
        }
        "copy" => {
            let value = get(document, from()?)?.cloned().unwrap_or_default();
            add(document, path()?, value)
        }
        "test" => test(document, path()?, &operation.value),
        "" => Err("the operation has no `op`".to_owned()),
        other => {
            Err(format!("unknown operation {other:?}, expected add, remove, replace, move, copy or test"))
        }
    }
}

fn decode(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// The map or list that a path leads into, and the last part of the path.
fn container<'d>(document: &'d mut Value, path: &str) -> Result<(&'d mut Value, String), String> {
    let missing = || format!("the path {path} does not exist");
    let mut parts: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let last = parts.pop().ok_or_else(missing)?;
    let mut at = document;
    for part in parts {
        at = match at {
            Value::Object(map) => map.get_mut(&part).ok_or_else(missing)?,
            Value::Array(items) => {
                let index = index(&part, items.len()).ok_or_else(missing)?;
                items.get_mut(index).ok_or_else(missing)?
            }
            _ => return Err(missing()),
        };
    }
    match at {
        Value::Object(_) | Value::Array(_) => Ok((at, last)),
        _ => Err(missing()),
    }
}

/// An index, counted from the end if it is negative.
fn index(text: &str, length: usize) -> Option<usize> {
    let index: i64 = text.parse().ok()?;
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok()
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let (container, key) = container(document, path)?;
    match container {
        Value::Object(map) => {
            map.insert(key, value);
            Ok(())
        }
        Value::Array(items) if key == "-" => {
            items.push(value);
            Ok(())
        }
        Value::Array(items) => {
            let at = index(&key, items.len() + 1).filter(|at| *at <= items.len());
            let at = at.ok_or_else(|| format!("the list at {path} has no such index"))?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err(format!("the path {path} does not exist")),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<Value, String> {
    let (container, key) = container(document, path)?;
    let missing = || format!("there is nothing to remove at {path}");
    match container {
        Value::Object(map) => map.remove(&key).ok_or_else(missing),
        Value::Array(items) => {
            let at = index(&key, items.len()).filter(|at| *at < items.len()).ok_or_else(missing)?;
            Ok(items.remove(at))
        }
        _ => Err(missing()),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        if !matches!(value, Value::Object(_) | Value::Array(_)) {
            return Err("the whole object can be replaced by a map only".to_owned());
        }
        *document = value;
        return Ok(());
    }
    let (container, key) = container(document, path)?;
    match container {
        Value::Object(map) => {
            map.insert(key, value);
            Ok(())
        }
        Value::Array(items) => {
            let found = index(&key, items.len()).and_then(|at| items.get_mut(at));
            *found.ok_or_else(|| format!("there is nothing to replace at {path}"))? = value;
            Ok(())
        }
        _ => Err(format!("the path {path} does not exist")),
    }
}

fn get<'d>(document: &'d mut Value, path: &str) -> Result<Option<&'d Value>, String> {
    let (container, key) = container(document, path)?;
    match container {
        Value::Object(map) => Ok(map.get(&key)),
        Value::Array(items) => {
            let found = index(&key, items.len()).and_then(|at| items.get(at));
            found.map(Some).ok_or_else(|| format!("the list at {path} has no such index"))
        }
        _ => Ok(None),
    }
}

fn test(document: &mut Value, path: &str, wanted: &Value) -> Result<(), String> {
    let same = if path.is_empty() {
        crate::object::value::same(document, wanted)
    } else {
        let found = get(document, path)?.cloned().unwrap_or_default();
        crate::object::value::same(&found, wanted)
    };
    if same { Ok(()) } else { Err(format!("the test of {path} failed: another value stands there")) }
}
