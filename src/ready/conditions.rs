//! `status.conditions`: the common form in which controllers say how far they are.

use serde_json::Value;

use super::unreadable;

/// Longest text of a condition that is told, in characters.
const LONGEST: usize = 300;

/// One condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    /// `type`.
    pub(super) kind: &'a str,
    /// `True`, `False` or `Unknown`.
    pub(super) status: &'a str,
    /// One word.
    pub(super) reason: &'a str,
    /// A sentence, or more.
    message: &'a str,
    /// The generation that it speaks of, where it says so.
    observed: Option<i64>,
}

/// All conditions in their order.
#[derive(Debug, Default)]
pub(super) struct Conditions<'a>(Vec<Condition<'a>>);

impl<'a> Conditions<'a> {
    /// Reads the conditions of a status; none, if it has none.
    ///
    /// # Errors
    /// They have another form.
    pub(super) fn read(status: Option<&'a Value>) -> Result<Self, String> {
        let conditions = match status {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(status)) => status.get("conditions"),
            Some(_) => return Err(unreadable("status")),
        };
        let items = match conditions {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(unreadable("conditions")),
        };
        items
            .iter()
            .map(Condition::read)
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| unreadable("conditions"))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Condition<'a>> {
        self.0.iter().copied()
    }

    /// The first condition of a type.
    pub(super) fn get(&self, kind: &str) -> Option<Condition<'a>> {
        self.all().find(|condition| condition.kind == kind)
    }

    /// True if a condition of this type has this status.
    pub(super) fn has(&self, kind: &str, status: &str) -> bool {
        self.all().any(|condition| condition.kind == kind && condition.is(status))
    }
}

impl<'a> Condition<'a> {
    fn read(value: &'a Value) -> Option<Self> {
        if value.is_null() {
            return Some(Self { kind: "", status: "", reason: "", message: "", observed: None });
        }
        let map = value.as_object()?;
        let text = |key: &str| match map.get(key) {
            None | Some(Value::Null) => Some(""),
            Some(value) => value.as_str(),
        };
        Some(Self {
            kind: text("type")?,
            status: text("status")?,
            reason: text("reason")?,
            message: text("message")?,
            observed: map.get("observedGeneration").and_then(Value::as_i64),
        })
    }

    pub(super) fn is(&self, status: &str) -> bool {
        self.status == status
    }

    /// True if it speaks of an earlier generation.
    pub(super) fn is_behind(&self, generation: Option<i64>) -> bool {
        self.observed.zip(generation).is_some_and(|(observed, generation)| observed < generation)
    }

    /// What it says if it speaks of an earlier generation.
    pub(super) fn behind(&self) -> String {
        format!("the condition {} is of generation {}", self.kind, self.observed.unwrap_or_default())
    }

    /// `Type: message (Reason)`, or what there is of it.
    pub(super) fn text(&self) -> String {
        let (kind, message) = (self.kind, brief(self.message));
        match (message.as_str(), self.reason) {
            ("", "") => format!("{kind} is {}", self.status),
            ("", reason) => format!("{kind}: {reason}"),
            (message, "") => format!("{kind}: {message}"),
            (message, reason) => format!("{kind}: {message} ({reason})"),
        }
    }
}

/// A text of the cluster on one line, and not longer than a reader wants it.
pub(super) fn brief(text: &str) -> String {
    let mut words = String::with_capacity(text.len().min(LONGEST * 4));
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
        if words.len() > LONGEST * 4 {
            break;
        }
    }
    match words.char_indices().nth(LONGEST) {
        None => words,
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
    }
}
