//! Text of a remote server or a repository, made safe for a terminal and a log.

/// Longest text of a server that is kept, in characters.
const MAX_CHARS: usize = 2_000;

/// Escapes control characters (C0, C1, DEL), bidirectional overrides and invisible characters as `\u{…}`, and cuts the
/// text at 2,000 characters. A tab becomes a space; line breaks are escaped, so the result is one line.
pub fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_CHARS));
    for (count, character) in text.chars().enumerate() {
        if count == MAX_CHARS {
            out.push('…');
            break;
        }
        push_escaped(&mut out, character);
    }
    out
}

fn push_escaped(out: &mut String, character: char) {
    match character {
        '\t' => out.push(' '),
        '\n' | '\r' => out.extend(character.escape_default()),
        _ if is_unsafe(character) => out.extend(character.escape_unicode()),
        _ => out.push(character),
    }
}

/// Characters that move the cursor, reorder or hide text (CVE-2024-52005, CVE-2021-42574).
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{061c}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Splits what a server wrote to its progress channel into lines, each escaped, empty ones and overwritten progress left out.
pub fn remote_lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes)
        .split('\n')
        .filter_map(|line| line.trim_end_matches('\r').rsplit('\r').next())
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .map(one_line)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_24_terminal_control_is_escaped() {
        let table = [
            ("plain – text", "plain – text"),
            ("\x1b]0;title\x07", r"\u{1b}]0;title\u{7}"),
            ("\x1b[2J", r"\u{1b}[2J"),
            ("a\rb\nc\td", r"a\rb\nc d"),
            ("abc\u{202e}def", r"abc\u{202e}def"),
            ("zero\u{200b}width\u{2066}x", r"zero\u{200b}width\u{2066}x"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
        ];
        for (input, expected) in table {
            assert_eq!(one_line(input), expected, "{input:?}");
        }
        assert_eq!(one_line(&"x".repeat(3_000)).chars().count(), MAX_CHARS + 1);
    }

    #[test]
    fn remote_text_becomes_lines() {
        let lines = remote_lines(b"Counting: 1%\rCounting: 100%\nERROR: \x1b[31mno\xff\r\n\n");
        assert_eq!(lines, ["Counting: 100%", "ERROR: \\u{1b}[31mno\u{fffd}"]);
    }
}
