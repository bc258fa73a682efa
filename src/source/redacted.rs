//! A value that may be used but never shown.

use std::fmt;

/// A secret: `Debug` and `Display` print a fixed text, whatever is inside.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Hides a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one call that needs it. Never format what this returns.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<T> fmt::Display for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_formatted() {
        let secret = Redacted::new("canary".to_owned());
        assert_eq!(
            format!("{secret} {secret:?} {secret:#?} {:?}", Some(&secret)).matches("canary").count(),
            0
        );
        assert_eq!(secret.expose(), "canary");
    }
}
