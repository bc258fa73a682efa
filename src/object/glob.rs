//! Names with `*` for any run of characters and `?` for one: as in shells, but `/` and `.` are characters like others.

use std::fmt;

/// A pattern of a name. Two are equal if their texts are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob(String);

impl Glob {
    /// A pattern; every text is one.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text it was made from.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it matches every name.
    pub fn is_any(&self) -> bool {
        !self.0.is_empty() && self.0.bytes().all(|byte| byte == b'*')
    }

    /// True if the whole name fits, upper and lower case being different. Takes at most pattern × name steps.
    pub fn matches(&self, name: &str) -> bool {
        fits(&self.0, name, |a, b| a == b)
    }

    /// The same without regard to the case of ASCII letters.
    pub fn matches_any_case(&self, name: &str) -> bool {
        fits(&self.0, name, |a, b| a.eq_ignore_ascii_case(&b))
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Greedy matching that comes back to the last `*` only: what stands before it fits wherever it ends first.
fn fits(pattern: &str, name: &str, same: impl Fn(char, char) -> bool) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let (mut next_pattern, mut next_name) = (pattern.clone(), name.clone());
        match (next_pattern.next(), next_name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                again = Some((next_pattern.clone(), name.clone()));
                pattern = next_pattern;
                continue;
            }
            (Some(wanted), Some(found)) if wanted == '?' || same(wanted, found) => {
                (pattern, name) = (next_pattern, next_name);
                continue;
            }
            _ => {}
        }
        let Some((after, rest)) = &mut again else { return false };
        if rest.next().is_none() {
            return false;
        }
        (pattern, name) = (after.clone(), rest.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_in_a_shell() {
        let table = [
            ("web", "web", true),
            ("web", "web2", false),
            ("web*", "web2", true),
            ("*", "", true),
            ("*", "a.b/c", true),
            ("", "", true),
            ("", "a", false),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1b2b3", false),
            ("*ab", "aab", true),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("ü?", "üß", true),
            ("**a", "ba", true),
            ("[ab]", "a", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
        assert!(Glob::new("deploy*").matches_any_case("Deployment"));
        assert!(Glob::new("**").is_any() && !Glob::new("").is_any() && !Glob::new("a*").is_any());
    }

    #[test]
    fn a_pattern_made_to_last_does_not() {
        let pattern = Glob::new(&"*a".repeat(1000));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(10_000))));
    }
}
