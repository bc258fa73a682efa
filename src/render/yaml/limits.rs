//! How much the aliases of a file may expand to: our own limits, and go-yaml's on the share of nodes that come from aliases.

use super::{MAX_ALIAS_BYTES, MAX_ALIAS_NODES};

/// What the aliases of one file have added so far.
#[derive(Debug, Default)]
pub(super) struct Limits {
    nodes: u64,
    bytes: u64,
}

impl Limits {
    /// Adds a text that an alias repeats.
    pub(super) fn add_text(&mut self, text: &str) {
        self.bytes += text.len() as u64;
    }

    /// Bytes added, nodes counted as one each.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The nodes of one document, counted as go-yaml does (`decoder.unmarshal`).
#[derive(Debug)]
pub(super) struct Counter {
    decoded: u64,
    by_alias: u64,
}

impl Default for Counter {
    fn default() -> Self {
        // The document is a node of its own.
        Self { decoded: 1, by_alias: 0 }
    }
}

impl Counter {
    /// Counts a node.
    ///
    /// # Errors
    /// The limit that was passed.
    pub(super) fn count(&mut self, in_alias: bool, limits: &mut Limits) -> Result<(), String> {
        self.decoded += 1;
        if !in_alias {
            return Ok(());
        }
        self.by_alias += 1;
        limits.nodes += 1;
        limits.bytes += 1;
        if limits.nodes > MAX_ALIAS_NODES || limits.bytes > MAX_ALIAS_BYTES {
            return Err(format!(
                "the aliases of this file expand to more than {MAX_ALIAS_NODES} nodes or {MAX_ALIAS_BYTES} bytes"
            ));
        }
        let ratio = self.by_alias as f64 / self.decoded as f64;
        if self.by_alias > 100 && self.decoded > 1000 && ratio > allowed_ratio(self.decoded) {
            return Err("the document consists of aliases for the most part".to_owned());
        }
        Ok(())
    }
}

/// go-yaml's `allowedAliasRatio`: the share of nodes that may come from aliases: 99 % up to 400,000 nodes, falling to 10 % at 4,000,000.
fn allowed_ratio(decoded: u64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let over = (decoded as f64).clamp(LOW, HIGH) - LOW;
    0.99 - 0.89 * over / (HIGH - LOW)
}
