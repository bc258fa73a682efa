//! Checking the values of a configuration: what is wrong is collected with its place, and the rest is read on.

use crate::render::Notice;
use crate::render::yaml::located::{Content, Key, Located};

/// The problems of one file.
pub(super) struct Checker<'f> {
    pub(super) file: &'f str,
    pub(super) problems: Vec<Notice>,
}

/// The entries of a map whose keys are all known.
pub(super) struct Fields<'v>(Vec<(&'v Key, &'v Located)>);

impl<'v> Fields<'v> {
    /// The value of a key; an entry without a value is as good as none.
    pub(super) fn get(&self, key: &str) -> Option<&'v Located> {
        let found = self.0.iter().find(|(name, _)| name.text == key).map(|(_, value)| *value);
        found.filter(|value| value.content != Content::Null)
    }
}

impl<'f> Checker<'f> {
    pub(super) fn new(file: &'f str) -> Self {
        Self { file, problems: Vec::new() }
    }

    pub(super) fn sorted(mut self) -> Vec<Notice> {
        self.problems.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
        self.problems
    }

    pub(super) fn notice(
        &self,
        line: u32,
        column: u32,
        message: impl Into<String>,
        hint: Option<String>,
    ) -> Notice {
        Notice { file: self.file.to_owned(), line, column, message: message.into(), hint }
    }

    pub(super) fn problem(
        &mut self,
        line: u32,
        column: u32,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let problem = self.notice(line, column, message, hint);
        self.problems.push(problem);
    }

    pub(super) fn at(
        &mut self,
        value: &Located,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.problem(value.line, value.column, message, hint.into());
    }

    /// The entries of a map. A key that is not among the known ones is a problem that names the nearest.
    pub(super) fn map<'v>(&mut self, value: &'v Located, what: &str, known: &[&str]) -> Fields<'v> {
        let Content::Map(entries) = &value.content else {
            self.wrong(value, what, "a map");
            return Fields(Vec::new());
        };
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let hint = match near(&key.text, known) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("known keys here: {}", known.join(", ")),
                };
                let message = format!("unknown key `{}` in {what}", key.text);
                self.problem(key.line, key.column, message, Some(hint));
            }
        }
        Fields(entries.iter().map(|(key, value)| (key, value)).collect())
    }

    /// A value of another shape than expected.
    pub(super) fn wrong(&mut self, value: &Located, what: &str, expected: &str) {
        let quote = matches!(value.content, Content::Bool(_) | Content::Number(_)) && expected == "a text";
        let hint = quote.then(|| "quote it if a text is meant".to_owned());
        self.at(value, format!("{what}: expected {expected}, found {}", value.shape()), hint);
    }

    /// A text that is not empty.
    pub(super) fn text<'v>(&mut self, value: &'v Located, what: &str) -> Option<&'v str> {
        match &value.content {
            Content::Text(text) if text.trim().is_empty() => {
                self.at(value, format!("{what} is empty"), None);
                None
            }
            Content::Text(text) => Some(text),
            _ => {
                self.wrong(value, what, "a text");
                None
            }
        }
    }

    /// A text of a map that may be left out.
    pub(super) fn optional(&mut self, fields: &Fields<'_>, key: &str) -> Option<String> {
        self.text(fields.get(key)?, key).map(str::to_owned)
    }

    /// The items of a list of a map that may be left out, at most `most`.
    pub(super) fn list<'v>(&mut self, fields: &Fields<'v>, key: &str, most: usize) -> &'v [Located] {
        match fields.get(key) {
            None => &[],
            Some(Located { content: Content::List(items), .. }) if items.len() <= most => items,
            Some(value @ Located { content: Content::List(items), .. }) => {
                self.at(value, format!("{key}: {} items; at most {most} are read", items.len()), None);
                &[]
            }
            Some(value) => {
                self.wrong(value, key, "a list");
                &[]
            }
        }
    }

    /// The version of the file, which must be there.
    pub(super) fn version(&mut self, root: &Located, fields: &Fields<'_>, version: &str) {
        match fields.get("apiVersion") {
            None if matches!(root.content, Content::Map(_)) => {
                let hint = Some(format!("add apiVersion: {version}"));
                self.problem(root.line, root.column, "apiVersion is missing", hint);
            }
            None => {}
            Some(value) => {
                if let Some(text) = self.text(value, "apiVersion")
                    && text != version
                {
                    self.at(value, format!("apiVersion {text} is not known; expected {version}"), None);
                }
            }
        }
    }
}

/// The known name that was probably meant.
pub(super) fn near<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |other: &str| strsim::normalized_levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let best = known.iter().map(|other| (likeness(other), *other)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|best| best.0 > 0.5).map(|best| best.1)
}
