//! Objects as they are kept while nobody looks at them: as text, which takes a tenth of the memory of a tree.

use serde_json::Value;

/// A JSON value as compact text.
#[derive(Clone, PartialEq, Eq)]
pub struct Packed(Box<[u8]>);

impl Packed {
    /// Packs a value.
    pub fn of(value: &Value) -> Self {
        // Values hold nothing that has no text, so writing to memory cannot fail.
        Self(serde_json::to_vec(value).unwrap_or_default().into_boxed_slice())
    }

    /// The value again. Values of more than 127 levels are null; renderers and servers stop at 100.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.0).unwrap_or_default()
    }

    /// The text: the same bytes for equal values.
    pub fn text(&self) -> &[u8] {
        &self.0
    }
}

/// Says how long it is and not what it holds, which may be a Secret.
impl std::fmt::Debug for Packed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Packed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_and_numbers_survive() {
        for text in [
            r#"{"a":[1,-1,1.5,0.1,1e300,9223372036854775807,-9223372036854775808,1.8446744073709552e19]}"#,
            r#"["","\u0000\u2028\ud83d\ude00\\\"",null,true,{}]"#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(Packed::of(&value).value(), value, "{text}");
        }
        let secret = Packed::of(&Value::from("hunter2"));
        assert_eq!(format!("{secret:?}"), "Packed(9 bytes)");
    }

    proptest! {
        #[test]
        fn every_number_survives(number in any::<f64>().prop_filter("JSON has no others", |n| n.is_finite())) {
            let value = Value::from(number);
            prop_assert_eq!(Packed::of(&value).value(), value);
        }
    }
}
