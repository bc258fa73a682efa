//! What goes wrong in a build: a message with a place in the source.

use std::sync::Arc;

use super::node::{NodeError, Place};
use crate::render::Notice;

/// A problem that ends the build.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The file, if it is no number of the table of files.
    pub(super) file: Option<Arc<str>>,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

pub(super) type Outcome<T> = Result<T, Fault>;

impl Fault {
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self { file: None, place, message: message.into(), hint: None }
    }

    /// A problem of a whole file or directory.
    pub(super) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: Some(file.into()), ..Self::at(Place::default(), message) }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts words in front of the message.
    pub(super) fn context(mut self, context: &str) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    pub(super) fn notice(self, files: &[Arc<str>]) -> Notice {
        let known = files.get(self.place.file as usize).cloned();
        let file = self.file.or(known).unwrap_or_default();
        Notice {
            file: file.to_string(),
            line: self.place.line,
            column: 0,
            message: self.message,
            hint: self.hint,
        }
    }
}

impl From<NodeError> for Fault {
    fn from(error: NodeError) -> Self {
        Self::at(error.place, error.message)
    }
}

/// The name that is most like a wrong one, if one is near.
pub(super) fn near<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let ratio = |name: &str| strsim::normalized_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let best = names.into_iter().map(|name| (ratio(name), name)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(ratio, _)| *ratio > 0.6).map(|(_, name)| name)
}
