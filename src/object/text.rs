//! Characters of texts that a reader must not be shown as they are.

/// True for characters that break lines for some readers, reorder text or show nothing (CVE-2021-42574): they are written as
/// escapes, so that what is seen is what is meant.
pub fn deceives(character: char) -> bool {
    matches!(
        character,
        '\u{85}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}
