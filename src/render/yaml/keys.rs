//! Keys of maps: what they become in JSON, and what happens when one is set again.

use super::Remark;
use super::convert::{Converter, Target};
use super::resolve::{self, Scalar};
use super::tree::Body;
use crate::render::origin::PathHash;

/// Most repeated keys of one document that are traced back to the earlier one, each a search through the document.
const MAX_EXAMINED: usize = 200;

/// One entry that was set, kept to find the earlier one when a key is set again.
pub(super) struct Field {
    pub(super) path: PathHash,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) kind: KeyKind,
    /// How many merges it came through.
    pub(super) merges: u16,
}

/// The type of a key before it becomes a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Item,
    Text,
    Bool,
    Int,
    Float,
}

impl Converter<'_> {
    /// The text of a key.
    pub(super) fn key(&mut self, at: usize) -> Result<(String, KeyKind), Remark> {
        self.count(at)?;
        match &self.nodes[at].body {
            Body::Map | Body::Seq => Err(self.problem(at, "a map or list cannot be a key")),
            Body::Ready(_) => Err(self.problem(at, "a key must be a text")),
            Body::Alias(target) => {
                let target = *target as usize;
                self.aliases += 1;
                let key = self.key(target);
                self.aliases -= 1;
                key
            }
            Body::Scalar { text, tag, literal } => {
                let scalar = resolve::scalar(text, *tag, *literal, self.dialect)
                    .map_err(|problem| self.problem(at, problem))?;
                match scalar {
                    Scalar::Text => Ok((self.text(at), KeyKind::Text)),
                    Scalar::Decoded(text) => Ok((text, KeyKind::Text)),
                    Scalar::Int(number) => Ok((number.to_string(), KeyKind::Int)),
                    Scalar::Float(number) => Ok((resolve::float_key(number), KeyKind::Float)),
                    Scalar::Bool(value) => {
                        self.old_boolean(at, value, true);
                        Ok((value.to_string(), KeyKind::Bool))
                    }
                    Scalar::Null => Err(self.problem(at, "a key is null").hint("quote the key")),
                    Scalar::Uint(_) => Err(self
                        .problem(at, "a key is an integer of more than 64 bits")
                        .hint("quote the key")),
                }
            }
        }
    }

    /// A key is set for the second time.
    pub(super) fn set_again(
        &mut self,
        key: &str,
        path: PathHash,
        (line, column): (u32, u32),
        kind: KeyKind,
        target: &Target<'_>,
    ) -> Result<(), Remark> {
        self.examined += 1;
        if self.examined > MAX_EXAMINED {
            return Ok(());
        }
        let earlier = self.fields[target.start..].iter().rev().filter(|field| field.path == path).nth(1);
        let Some(earlier) = earlier else {
            return Ok(());
        };
        let shown = shown_key(key);
        if earlier.kind != kind {
            let message = format!(
                "key {shown} stands at {}:{} too, there with another type; which of the two kubectl takes is chance",
                earlier.line, earlier.column
            );
            return Err(Remark::at(line, column, message).hint("remove one of the two keys"));
        }
        if earlier.merges == target.merges {
            let message = format!(
                "duplicate key {shown}: kubectl takes this one and ignores the one at {}:{}",
                earlier.line, earlier.column
            );
            self.warn(Remark::at(line, column, message).hint("remove one of the two keys"));
        } else if earlier.merges < target.merges {
            let message = format!(
                "merged key {shown} overrides the one at {}:{}, because `<<` stands after it",
                earlier.line, earlier.column
            );
            self.warn(Remark::at(line, column, message).hint("write `<<` as the first key of the map"));
        }
        Ok(())
    }
}

/// A key for a message: short and without control characters.
fn shown_key(key: &str) -> String {
    const MOST: usize = 80;
    let short: String = key.chars().take(MOST).collect();
    let dots = if key.chars().nth(MOST).is_some() { "…" } else { "" };
    format!("{:?}{dots}", short)
}
