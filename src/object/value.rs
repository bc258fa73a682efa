//! Equality and access for plain JSON values, as the API server sees them.

use serde_json::{Number, Value};

/// Equality of JSON values with numbers compared as the API server does: integers inside 64 bits exactly, all other
/// numbers as floating point (a server stores integers beyond 64 bits as such). Key order does not matter, list order does.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a == b,
        (Some(whole), None) => b.as_f64().is_some_and(|float| is_exactly(whole, float)),
        (None, Some(whole)) => a.as_f64().is_some_and(|float| is_exactly(whole, float)),
        (None, None) => a.as_f64() == b.as_f64(),
    }
}

/// True if a float has the value of an integer. Beyond 2^53 several integers are near one float, and only one is equal.
fn is_exactly(whole: i64, float: f64) -> bool {
    const END: f64 = 9_223_372_036_854_775_808.0;
    whole as f64 == float && float < END && float as i64 == whole
}

/// True for null, an empty map and an empty list.
pub fn is_empty_collection(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// True for the zero value of its type: null, false, 0, the empty string, an empty map or list.
pub fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => is_empty_collection(value),
    }
}

/// The string at a chain of map keys, if there is one.
pub fn text_at<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_compare_as_on_the_server() {
        let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(same(&parse("3.0"), &parse("3")));
        assert!(!same(&parse("9007199254740993"), &parse("9007199254740992")));
        assert!(same(&parse("9223372036854775808"), &parse("9223372036854776000")));
        assert!(!same(&parse("9007199254740993"), &parse("9007199254740992.0")));
        assert!(same(&parse("9007199254740992"), &parse("9007199254740992.0")));
        assert!(!same(&parse("9223372036854775807"), &parse("9223372036854775808.0")));
        assert!(same(&json!({"a": [1, {"b": 2.0}]}), &json!({"a": [1.0, {"b": 2}]})));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(!same(&json!("1"), &json!(1)));
    }
}
