//! The text of a document as the parser takes it.

use std::io::{BufRead, Read};

/// Gives the parser a text in small pieces: it decodes each piece as a whole into a buffer of characters, which so stays
/// in the processor's cache.
pub(super) struct Slices<'a>(pub(super) &'a [u8]);

const PIECE: usize = 4096;

impl Read for Slices<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl BufRead for Slices<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(PIECE)])
    }

    fn consume(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }
}

/// The characters that YAML 1.1 allows in a stream.
pub(super) fn is_readable(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}
