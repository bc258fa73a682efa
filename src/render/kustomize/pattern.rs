//! Regular expressions, those of Go: the only module that names the library.

use regex::{Regex, RegexBuilder};

/// Largest compiled expression, in bytes: expressions come from repositories.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Expression(Regex),
    /// A text that means itself.
    Literal(Box<str>),
}

impl Pattern {
    /// An expression that may match anywhere.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text).size_limit(SIZE_LIMIT).build();
        built.map(Self::Expression).map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("invalid regular expression: {last}")
        })
    }

    /// An expression that must match the whole text; an empty one matches everything.
    ///
    /// # Errors
    /// As [`Pattern::new`].
    pub(super) fn whole(text: &str) -> Result<Self, String> {
        let means_itself = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
        match text {
            "" => Self::new(""),
            _ if text.bytes().all(means_itself) => Ok(Self::Literal(text.into())),
            _ => Self::new(&format!("^(?:{text})$")),
        }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Expression(regex) => regex.is_match(text),
            Self::Literal(own) => **own == *text,
        }
    }

    /// The one text that it matches, if it was written as that text.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Expression(_) => None,
            Self::Literal(text) => Some(text),
        }
    }
}
