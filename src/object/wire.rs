//! The body of a server-side apply: JSON that the server's YAML reader takes for what it is.
//!
//! `application/apply-patch+yaml` is parsed as YAML, and not all JSON survives that: a raw U+0085 becomes a blank, blanks
//! around U+2028 vanish, `\/` and surrogate pairs are refused. So everything is written as raw UTF-8 but the characters
//! that YAML refuses or folds, which are written as `\uXXXX`.

use std::fmt::Write;

use serde_json::Value;

/// A key is too long: a YAML reader looks no further than 1024 characters for the colon behind it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a key of {characters} characters is longer than the API server reads (1022)")]
pub struct KeyTooLong {
    /// Length as written, without the quotes.
    pub characters: usize,
}

/// Longest key as written, without its quotes.
const LONGEST_KEY: usize = 1022;

/// Encodes the body of an apply request.
///
/// # Errors
/// [`KeyTooLong`] for a key that the server would refuse.
pub fn emit_apply_json(value: &Value) -> Result<Vec<u8>, KeyTooLong> {
    let mut out = String::new();
    write_value(&mut out, value)?;
    Ok(out.into_bytes())
}

fn write_value(out: &mut String, value: &Value) -> Result<(), KeyTooLong> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (position, (key, value)) in map.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_key(out, key)?;
                write_value(out, value)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn write_key(out: &mut String, key: &str) -> Result<(), KeyTooLong> {
    let start = out.len();
    write_text(out, key);
    let characters = out[start..].chars().count() - 2;
    if characters > LONGEST_KEY {
        return Err(KeyTooLong { characters });
    }
    out.push(':');
    Ok(())
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        out.push_str(&rest[..at]);
        let Some(char) = rest[at..].chars().next() else {
            break;
        };
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            _ => {
                let _ = write!(out, "\\u{:04x}", u32::from(char));
            }
        }
        rest = &rest[at + char.len_utf8()..];
    }
    out.push_str(rest);
    out.push('"');
}

fn needs_escape(char: char) -> bool {
    matches!(
        char,
        '"' | '\\' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn encode(value: &Value) -> String {
        String::from_utf8(emit_apply_json(value).unwrap()).unwrap()
    }

    #[test]
    fn what_yaml_refuses_or_folds_is_escaped_and_nothing_else() {
        let value = json!({"a/b": "\u{0}\u{1b}\u{7f}\u{80}\u{85}\u{9f}\u{2028}\u{2029}\u{fffe}\u{ffff}\"\\\n\t", "é😀\u{feff}": [1, -2, 1.5, null, true, {}]});
        let expected = "{\"a/b\":\"\\u0000\\u001b\\u007f\\u0080\\u0085\\u009f\\u2028\\u2029\\ufffe\\uffff\\\"\\\\\\n\\u0009\",\
                        \"é😀\u{feff}\":[1,-2,1.5,null,true,{}]}";
        assert_eq!(encode(&value), expected);
        assert_eq!(serde_json::from_str::<Value>(&encode(&value)).unwrap(), value);
    }

    #[test]
    fn keys_that_the_server_refuses_are_an_error() {
        assert!(emit_apply_json(&json!({ "é".repeat(1022): 1 })).is_ok());
        assert_eq!(emit_apply_json(&json!({ "é".repeat(1023): 1 })), Err(KeyTooLong { characters: 1023 }));
        assert_eq!(
            emit_apply_json(&json!({ "\u{7f}".repeat(200): 1 })),
            Err(KeyTooLong { characters: 1200 })
        );
    }
}
