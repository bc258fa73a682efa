//! What a scalar means: the rules of go-yaml v2, which kubectl uses (`resolve.go`).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

use super::Dialect;
use super::tree::Tag;

/// The meaning of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    /// Above the range of [`Scalar::Int`].
    Uint(u64),
    Float(f64),
    /// The text as it stands.
    Text,
    /// Another text than the one that stands there.
    Decoded(String),
}

/// Resolves a scalar.
///
/// # Errors
/// What is wrong with it, without its content.
pub(super) fn scalar(text: &str, tag: Tag, literal: bool, dialect: Dialect) -> Result<Scalar, &'static str> {
    let Dialect::Plain = dialect;
    if literal || matches!(tag, Tag::Str | Tag::NonSpecific) {
        return Ok(Scalar::Text);
    }
    let found = match tag {
        Tag::Binary => return binary(text),
        Tag::Merge => return Err("the tag !!merge belongs to a key `<<` only"),
        _ => untagged(text),
    };
    match (tag, &found) {
        (Tag::Float, Scalar::Int(number)) => Ok(Scalar::Float(*number as f64)),
        (Tag::None, _)
        | (Tag::Null, Scalar::Null)
        | (Tag::Bool, Scalar::Bool(_))
        | (Tag::Int, Scalar::Int(_) | Scalar::Uint(_))
        | (Tag::Float, Scalar::Float(_)) => Ok(found),
        _ => Err("the text does not fit its tag"),
    }
}

/// True for the words that YAML 1.1 reads as booleans and YAML 1.2 as text.
pub(super) fn is_old_boolean(text: &str) -> bool {
    !matches!(text.as_bytes().first(), Some(b't' | b'T' | b'f' | b'F')) && word(text).is_some_and(is_bool)
}

fn is_bool(scalar: Scalar) -> bool {
    matches!(scalar, Scalar::Bool(_))
}

fn untagged(text: &str) -> Scalar {
    match text.as_bytes().first() {
        None => Scalar::Null,
        Some(b'+' | b'-' | b'0'..=b'9') => word(text).unwrap_or_else(|| number(text)),
        Some(b'.') => word(text).unwrap_or_else(|| fraction(text)),
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            word(text).unwrap_or(Scalar::Text)
        }
        Some(_) => Scalar::Text,
    }
}

/// Words with a meaning of their own.
fn word(text: &str) -> Option<Scalar> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

/// A text that starts with a digit or a sign. Dates and base-60 numbers are texts.
fn number(text: &str) -> Scalar {
    let cleaned;
    let plain = if text.contains('_') {
        cleaned = text.replace('_', "");
        cleaned.as_str()
    } else {
        text
    };
    integer(plain)
        .or_else(|| is_float(plain).then(|| float(plain)).flatten().map(Scalar::Float))
        .or_else(|| signed_binary(plain))
        .unwrap_or(Scalar::Text)
}

/// An integer with its base in the prefix, as Go's `strconv.ParseInt(text, 0, 64)` reads it, then `ParseUint`.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = based(digits)?;
    // The standard parser takes a sign of its own.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let size = u64::from_str_radix(digits, base).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(size).map(Scalar::Int);
    }
    match i64::try_from(size) {
        Ok(number) => Some(Scalar::Int(number)),
        Err(_) => (!text.starts_with('+')).then_some(Scalar::Uint(size)),
    }
}

fn based(digits: &str) -> Option<(u32, &str)> {
    let bytes = digits.as_bytes();
    if bytes.first() != Some(&b'0') {
        return Some((10, digits));
    }
    let long = bytes.len() >= 3;
    match bytes.get(1).map(u8::to_ascii_lowercase) {
        None => Some((10, digits)),
        Some(b'b') if long => Some((2, &digits[2..])),
        Some(b'o') if long => Some((8, &digits[2..])),
        Some(b'x') if long => Some((16, &digits[2..])),
        Some(b'0'..=b'7') => Some((8, &digits[1..])),
        Some(_) => None,
    }
}

/// `0b` with a sign behind it, which go-yaml takes too.
fn signed_binary(text: &str) -> Option<Scalar> {
    let digits = text.strip_prefix("0b")?;
    i64::from_str_radix(digits, 2).ok().map(Scalar::Int)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
pub(in crate::render) fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    let mantissa_good = all_digits(whole)
        && part.is_none_or(all_digits)
        && !(whole.is_empty() && part.is_none_or(str::is_empty));
    let exponent_good = exponent.is_none_or(|text| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        !digits.is_empty() && all_digits(digits)
    });
    mantissa_good && exponent_good
}

/// A number beyond the range of floating point is none, as in Go.
fn float(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A text that starts with a dot. Here underscores must stand between digits.
fn fraction(text: &str) -> Scalar {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let separated = bytes
        .iter()
        .enumerate()
        .all(|(at, byte)| *byte != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1))));
    let plain = text.replace('_', "");
    let number = (separated && is_float(&plain)).then(|| float(&plain)).flatten();
    number.map_or(Scalar::Text, Scalar::Float)
}

/// True for a text that is something else when it is not quoted.
pub(in crate::render) fn is_no_text(text: &str) -> bool {
    untagged(text) != Scalar::Text
}

/// The text of a `!!binary`.
///
/// # Errors
/// It is no base64.
pub(in crate::render) fn binary_text(text: &str) -> Result<String, &'static str> {
    match binary(text)? {
        Scalar::Decoded(text) => Ok(text),
        _ => Ok(text.to_owned()),
    }
}

/// Base64 as Go decodes it: line breaks ignored, padding wanted, trailing bits not checked; what is not UTF-8 becomes one
/// replacement character a byte when it is turned into JSON.
fn binary(text: &str) -> Result<Scalar, &'static str> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
    let joined: String = text.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
    let bytes = ENGINE.decode(joined).map_err(|_| "the text of a !!binary is no base64")?;
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(Scalar::Decoded(decoded))
}

/// The text of a floating-point number that is the key of a map: Go's `FormatFloat(number, 'g', -1, 32)`.
pub(super) fn float_key(number: f64) -> String {
    let number = number as f32;
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let power: i32 = exponent.parse().unwrap_or(0);
    if !(-4..6).contains(&power) {
        let sign = if power < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", power.abs())
    } else {
        format!("{number}")
    }
}
