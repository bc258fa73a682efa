//! Regular expressions, those of Go: the only module that names the library.

use regex::{Regex, RegexBuilder};

/// Largest compiled expression, in bytes: expressions come from repositories.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// An expression that may match anywhere.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let built = RegexBuilder::new(text).size_limit(SIZE_LIMIT).build();
        built.map(Self).map_err(|error| {
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
        if text.is_empty() { Self::new("") } else { Self::new(&format!("^(?:{text})$")) }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
