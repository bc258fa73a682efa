//! The text that the API server stores for a quantity.
//!
//! The rule is apimachinery's `resource.ParseQuantity` and `CanonicalizeBytes`: some spellings are kept as typed, all others
//! are rounded and printed in canonical form. Only exact answers are given: what does not fit 128 bits is `None`.

use serde_json::{Number, Value};

/// Where a quantity stands, which decides how it is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Any quantity field: to nano.
    Nano,
    /// An entry of a resource list (requests, limits, hard, capacity): to milli.
    Milli,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Decimal,
    Exponent,
    Binary,
}

struct Parsed<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
    format: Format,
}

/// The text stored for a quantity written as a JSON string or number; `None` if it is no quantity, or beyond 128 bits.
pub fn stored(value: &Value, rounding: Rounding) -> Option<String> {
    match value {
        Value::String(text) => stored_text(text.trim(), rounding),
        Value::Number(number) => stored_text(&number_text(number)?, rounding),
        _ => None,
    }
}

/// True if two spellings mean the same amount, also where the server stores them differently.
pub fn same_amount(a: &Value, b: &Value) -> bool {
    matches!((amount(a), amount(b)), (Some(a), Some(b)) if a == b)
}

/// The order of two amounts; `None` if one is no quantity, or they are too far apart for 128 bits.
pub fn order(a: &Value, b: &Value) -> Option<std::cmp::Ordering> {
    let ((a, a_scale), (b, b_scale)) = (amount(a)?, amount(b)?);
    let scale = a_scale.min(b_scale);
    let at = |mantissa: i128, from: i32| {
        mantissa.checked_mul(10_i128.checked_pow(u32::try_from(from - scale).ok()?)?)
    };
    Some(at(a, a_scale)?.cmp(&at(b, b_scale)?))
}

fn amount(value: &Value) -> Option<(i128, i32)> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number_text(number)?,
        _ => return None,
    };
    let parsed = parse(&text)?;
    normal(exact(&parsed)?)
}

/// Go prints a float without an exponent between 1e-6 and 1e21, and so does Rust.
fn number_text(number: &Number) -> Option<String> {
    let float = number.as_f64()?;
    let plain = number.is_i64() || number.is_u64() || float == 0.0 || (1e-6..1e21).contains(&float.abs());
    plain.then(|| if number.is_f64() { float.to_string() } else { number.to_string() })
}

fn stored_text(text: &str, rounding: Rounding) -> Option<String> {
    let parsed = parse(text)?;
    if parsed.whole == "0" && parsed.fraction.is_empty() {
        return Some("0".to_owned());
    }
    let (mantissa, scale) = exact(&parsed)?;
    if is_kept(&parsed, rounding) {
        return Some(text.to_owned());
    }
    let finest = if rounding == Rounding::Milli { -3 } else { -9 };
    let (mantissa, scale) = round_away(mantissa, scale, finest)?;
    let (mantissa, scale) = cap(parsed.format, mantissa, scale);
    print(parsed.format, mantissa, scale)
}

fn parse(text: &str) -> Option<Parsed<'_>> {
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let whole_length = digits(unsigned);
    let (whole, rest) = unsigned.split_at(whole_length);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(digits(rest)),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let (exponent, format) = suffix_of(suffix)?;
    Some(Parsed { negative, whole, fraction, exponent, format })
}

fn suffix_of(suffix: &str) -> Option<(i32, Format)> {
    const DECIMAL: [(&str, i32); 10] = [
        ("n", -9),
        ("u", -6),
        ("m", -3),
        ("", 0),
        ("k", 3),
        ("M", 6),
        ("G", 9),
        ("T", 12),
        ("P", 15),
        ("E", 18),
    ];
    const BINARY: [(&str, i32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
    let find = |table: &[(&str, i32)]| table.iter().find(|(name, _)| *name == suffix).map(|entry| entry.1);
    if let Some(exponent) = find(&DECIMAL) {
        return Some((exponent, Format::Decimal));
    }
    if let Some(exponent) = find(&BINARY) {
        return Some((exponent, Format::Binary));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()?;
    (exponent.abs() <= 60).then_some((exponent, Format::Exponent))
}

/// The exact amount as mantissa × 10^scale.
fn exact(parsed: &Parsed<'_>) -> Option<(i128, i32)> {
    let digits = format!("{}{}", parsed.whole, parsed.fraction);
    let magnitude: i128 = digits.parse().ok()?;
    let fraction = i32::try_from(parsed.fraction.len()).ok()?;
    let (magnitude, scale) = match parsed.format {
        Format::Binary => (magnitude.checked_mul(1_i128 << parsed.exponent)?, -fraction),
        _ => (magnitude, parsed.exponent - fraction),
    };
    Some((if parsed.negative { -magnitude } else { magnitude }, scale))
}

/// True if the server keeps the text as typed.
fn is_kept(parsed: &Parsed<'_>, rounding: Rounding) -> bool {
    let digits = format!("{}{}", parsed.whole, parsed.fraction);
    let length = |text: &str| i32::try_from(text.len()).unwrap_or(i32::MAX);
    let Ok(number) = digits.parse::<i64>() else {
        return false;
    };
    match parsed.format {
        Format::Binary => {
            let room = 15 - length(parsed.whole) - parsed.exponent * 3 / 10 - 1;
            let fits =
                number.checked_mul(1_i64.checked_shl(parsed.exponent.unsigned_abs()).unwrap_or(0)).is_some();
            parsed.fraction.is_empty() && room >= 0 && fits && number & 7 != 0
        }
        _ => {
            let scale = parsed.exponent - length(parsed.fraction);
            let finest = if rounding == Rounding::Milli { -3 } else { -9 };
            let room = 18 - length(parsed.whole) - length(parsed.fraction);
            room >= 0
                && scale >= finest
                && scale % 3 == 0
                && !digits.ends_with("000")
                && !digits.starts_with('0')
        }
    }
}

/// Rounds away from zero where the scale is finer than `finest`.
fn round_away(mantissa: i128, scale: i32, finest: i32) -> Option<(i128, i32)> {
    if scale >= finest {
        return Some((mantissa, scale));
    }
    let Some(divisor) = 10_i128.checked_pow((finest - scale).unsigned_abs()) else {
        return Some((mantissa.signum(), finest));
    };
    let quotient = mantissa / divisor;
    let rest = if mantissa % divisor == 0 { 0 } else { mantissa.signum() };
    Some((quotient.checked_add(rest)?, finest))
}

/// Binary amounts are capped at the largest signed 64-bit number.
fn cap(format: Format, mantissa: i128, scale: i32) -> (i128, i32) {
    let limit = i128::from(i64::MAX);
    let whole = 10_i128
        .checked_pow(scale.unsigned_abs())
        .map_or(0, |p| if scale < 0 { mantissa / p } else { mantissa });
    match format {
        Format::Binary if whole.abs() > limit => (limit * mantissa.signum(), 0),
        _ => (mantissa, scale),
    }
}

/// Removes trailing zeros, so that equal amounts are equal values.
fn normal((mut mantissa, mut scale): (i128, i32)) -> Option<(i128, i32)> {
    if mantissa == 0 {
        return Some((0, 0));
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        scale += 1;
    }
    Some((mantissa, scale))
}

fn print(format: Format, mantissa: i128, scale: i32) -> Option<String> {
    let (mantissa, scale) = normal((mantissa, scale))?;
    if mantissa == 0 {
        return Some("0".to_owned());
    }
    let integer =
        if scale >= 0 { 10_i128.checked_pow(scale.unsigned_abs())?.checked_mul(mantissa) } else { None };
    if format == Format::Binary
        && let Some(integer) = integer
        && integer.abs() >= 1024
    {
        return print_binary(integer);
    }
    print_decimal(format, mantissa, scale)
}

fn print_binary(mut integer: i128) -> Option<String> {
    let mut steps = 0;
    while integer % 1024 == 0 {
        integer /= 1024;
        steps += 1;
    }
    let suffix = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].get(steps)?;
    Some(format!("{integer}{suffix}"))
}

fn print_decimal(format: Format, mut mantissa: i128, mut scale: i32) -> Option<String> {
    while scale.rem_euclid(3) != 0 {
        mantissa = mantissa.checked_mul(10)?;
        scale -= 1;
    }
    if format == Format::Exponent {
        return Some(if scale == 0 { mantissa.to_string() } else { format!("{mantissa}e{scale}") });
    }
    let suffix = match scale {
        -9 => "n",
        -6 => "u",
        -3 => "m",
        0 => "",
        3 => "k",
        6 => "M",
        9 => "G",
        12 => "T",
        15 => "P",
        18 => "E",
        _ => return None,
    };
    Some(format!("{mantissa}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Input, stored in a resource list, stored elsewhere: recorded from a kube-apiserver 1.36.3.
    const RECORDED: &[(&str, &str, &str)] = &[
        ("1", "1", "1"),
        ("1000m", "1", "1"),
        ("0.5", "500m", "500m"),
        ("1.5", "1500m", "1500m"),
        ("0.10", "100m", "100m"),
        ("0.001", "1m", "1m"),
        ("0.0001", "1m", "100u"),
        ("0.0015", "2m", "1500u"),
        ("1u", "1m", "1u"),
        ("1500u", "2m", "1500u"),
        ("1000000n", "1m", "1m"),
        ("1000", "1k", "1k"),
        ("1000M", "1G", "1G"),
        ("1024Mi", "1Gi", "1Gi"),
        ("1024", "1024", "1024"),
        ("1536Mi", "1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi", "1536Mi"),
        ("0.5Mi", "512Ki", "512Ki"),
        ("0.3Gi", "322122547200m", "322122547200m"),
        ("1e3", "1e3", "1e3"),
        ("1E3", "1E3", "1E3"),
        ("1e-3", "1e-3", "1e-3"),
        ("12e6", "12e6", "12e6"),
        ("1E", "1E", "1E"),
        ("1Ei", "1Ei", "1Ei"),
        ("9Ei", "9223372036854775807", "9223372036854775807"),
        ("8Ei", "9223372036854775807", "9223372036854775807"),
        ("9223372036854775807", "9223372036854775807", "9223372036854775807"),
        ("99999999999999999999", "99999999999999999999", "99999999999999999999"),
        ("1000P", "1E", "1E"),
        ("0m", "0", "0"),
        ("00", "0", "0"),
        ("-0", "0", "0"),
        ("+1", "+1", "+1"),
        ("+1Gi", "+1Gi", "+1Gi"),
        ("01", "01", "01"),
        ("1.0", "1", "1"),
        ("1.000", "1", "1"),
        ("1.", "1.", "1."),
        (".5", "500m", "500m"),
        ("0.50Gi", "512Mi", "512Mi"),
        ("100.000Mi", "100Mi", "100Mi"),
        ("1048576", "1048576", "1048576"),
        ("1048576Ki", "1Gi", "1Gi"),
        ("2048Ki", "2Mi", "2Mi"),
        ("1024Gi", "1Ti", "1Ti"),
        ("0.9999999", "1", "999999900n"),
        ("1.0005", "1001m", "1000500u"),
        ("123456789.123456789", "123456789124m", "123456789.123456789"),
    ];

    #[test]
    fn texts_are_stored_as_recorded() {
        for (input, list, other) in RECORDED {
            assert_eq!(stored(&json!(input), Rounding::Milli).as_deref(), Some(*list), "{input} in a list");
            assert_eq!(stored(&json!(input), Rounding::Nano).as_deref(), Some(*other), "{input} elsewhere");
        }
    }

    #[test]
    fn numbers_are_stored_as_recorded() {
        let table = [
            ("1", "1"),
            ("0", "0"),
            ("1.5", "1500m"),
            ("0.1", "100m"),
            ("1000000", "1M"),
            ("1048576", "1048576"),
        ];
        for (input, text) in table {
            let number: Value = serde_json::from_str(input).unwrap();
            assert_eq!(stored(&number, Rounding::Milli).as_deref(), Some(text), "{input}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for wrong in ["", "1K", "1Mb", "1i", "1_000", "0x10", "1e", "1E2Ki", "abc", "."] {
            assert_eq!(stored(&json!(wrong), Rounding::Nano), None, "{wrong:?}");
        }
        assert_eq!(stored(&json!(true), Rounding::Nano), None);
    }

    #[test]
    fn amounts_compare_across_spellings() {
        assert!(same_amount(&json!("500Mi"), &json!("524288000")));
        assert!(same_amount(&json!(1), &json!("1000m")));
        assert!(!same_amount(&json!("1Gi"), &json!("1G")));
        assert!(!same_amount(&json!("x"), &json!("x")));
    }
}
