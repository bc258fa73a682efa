//! Values of flags that need more than clap's own parsers: `FORMAT=FILE`, `KIND/NS/NAME`, durations.

use crate::object::pattern::PathPattern;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::compare::paranoid::Percent;
use crate::object::id::{NAMESPACE, is_namespace};

/// One `-o FORMAT[=FILE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination<F> {
    /// The format.
    pub format: F,
    /// The file; `None` for stdout.
    pub file: Option<PathBuf>,
}

/// One `--only KIND[/NS]/NAME`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Only {
    /// Kind, plural or short name, with or without a group behind a dot.
    pub kind: String,
    /// Namespace, if one was given.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// Reads `--only`.
///
/// # Errors
/// A sentence that says what was expected.
pub fn only(text: &str) -> Result<Only, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (kind, namespace, name) = match parts[..] {
        [kind, name] => (kind, None, name),
        [kind, namespace, name] => (kind, Some(namespace), name),
        _ => return Err("expected KIND/NAME or KIND/NAMESPACE/NAME, as in Deployment/shop/web".to_owned()),
    };
    let empty = [("kind", Some(kind)), ("namespace", namespace), ("name", Some(name))];
    if let Some((part, _)) = empty.iter().find(|(_, value)| *value == Some("")) {
        return Err(format!("the {part} is empty; expected KIND/NAME or KIND/NAMESPACE/NAME"));
    }
    Ok(Only { kind: kind.to_owned(), namespace: namespace.map(str::to_owned), name: name.to_owned() })
}

/// Reads a duration such as `90s`, `10m` or `1h30m`.
///
/// # Errors
/// A sentence that says what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let expected = "expected a duration above zero, as in 90s, 10m or 1h30m";
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Err(format!("the unit is missing; write {text}s or {text}m"));
    }
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| expected.to_owned())?;
    Duration::try_from(parsed).ok().filter(|duration| !duration.is_zero()).ok_or_else(|| expected.to_owned())
}

/// Reads a percentage such as `5%` or `5`.
///
/// # Errors
/// A sentence that says what was expected.
pub fn percent(text: &str) -> Result<Percent, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let percent = number.parse().ok().filter(|_| plain).and_then(Percent::new);
    percent.ok_or_else(|| "expected a whole number from 0 to 100, as in 5%".to_owned())
}

/// A parser of `FORMAT[=FILE]` that lists the formats and suggests near ones, as clap does for plain values.
pub fn format_parser<F: ValueEnum + Clone + Send + Sync + 'static>() -> FormatParser<F> {
    FormatParser(EnumValueParser::new())
}

/// See [`format_parser`].
#[derive(Clone)]
pub struct FormatParser<F: ValueEnum + Clone + Send + Sync + 'static>(EnumValueParser<F>);

impl<F: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for FormatParser<F> {
    type Value = Destination<F>;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let text = value.to_string_lossy();
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format.to_owned(), Some(file.to_owned())),
            None => (text.into_owned(), None),
        };
        let format = self.0.parse_ref(command, arg, OsStr::new(&format))?;
        if file.as_deref() == Some("") {
            let mut error = clap::Error::new(ErrorKind::ValueValidation).with_cmd(command);
            error
                .insert(ContextKind::InvalidArg, ContextValue::String("--output <FORMAT[=FILE]>".to_owned()));
            error.insert(
                ContextKind::InvalidValue,
                ContextValue::String(format!("{} (the file name is empty)", value.to_string_lossy())),
            );
            return Err(error);
        }
        Ok(Destination { format, file: file.map(PathBuf::from) })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// The name of a set.
///
/// # Errors
/// What is wrong with it.
pub fn set_name(text: &str) -> Result<String, String> {
    crate::record::name::checked(text)
}

/// A namespace: `shop`.
///
/// # Errors
/// What a name of a namespace is made of.
pub fn namespace(text: &str) -> Result<String, String> {
    match is_namespace(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("it is no name of a namespace: {NAMESPACE}")),
    }
}

/// Reads a path of a field, as reports print it.
///
/// # Errors
/// What is wrong with it.
pub fn path(text: &str) -> Result<PathPattern, String> {
    PathPattern::parse(text).map_err(|error| error.to_string())
}

/// One of two flags that say the opposite of each other: a flag wins over a variable, whichever of the two it sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// The flag was given.
    Given,
    /// Its variable says this.
    Variable(bool),
}

/// What stands for a flag that was given.
pub const GIVEN: &str = "given";

/// Reads [`Switch`].
///
/// # Errors
/// The variable is neither yes nor no.
pub fn switch(text: &str) -> Result<Switch, String> {
    match text.to_lowercase().as_str() {
        GIVEN => Ok(Switch::Given),
        "y" | "yes" | "t" | "true" | "on" | "1" => Ok(Switch::Variable(true)),
        "n" | "no" | "f" | "false" | "off" | "0" => Ok(Switch::Variable(false)),
        _ => Err("expected true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_one_object() {
        let parsed = |text| only(text).map(|o| (o.kind, o.namespace.unwrap_or("-".to_owned()), o.name));
        let owned = |a: &str, b: &str, c: &str| Ok((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(parsed("Deployment/web"), owned("Deployment", "-", "web"));
        assert_eq!(parsed("deployments.apps/shop/web"), owned("deployments.apps", "shop", "web"));
        assert!(only("web").unwrap_err().contains("expected KIND/NAME"));
        assert!(only("a/b/c/d").unwrap_err().contains("expected KIND/NAME"));
        for (text, part) in [("/web", "kind"), ("Pod//web", "namespace"), ("Pod/", "name")] {
            assert!(only(text).unwrap_err().starts_with(&format!("the {part} is empty")), "{text}");
        }
    }

    #[test]
    fn namespaces_are_labels() {
        let longest = "a".repeat(63);
        for good in ["shop", "a-1", "0", &longest] {
            assert_eq!(namespace(good).as_deref(), Ok(good));
        }
        for wrong in ["", "A_B", "-a", "a-", "a.b", "a b", &"a".repeat(64)] {
            assert!(namespace(wrong).unwrap_err().contains("lower-case letters"), "{wrong}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        let table = [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2h", 7200)];
        for (text, seconds) in table {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("10").unwrap_err(), "the unit is missing; write 10s or 10m");
        for text in ["", "0s", "-5m", "5 parsecs", "m"] {
            assert!(duration(text).unwrap_err().contains("above zero"), "{text}");
        }
    }
}
