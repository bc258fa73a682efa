//! One sanitiser for all text from clusters and repositories.

use crate::object::text::deceives;
use std::borrow::Cow;

/// The text without anything that moves a cursor, reorders or hides text: `\r` as the two characters `\r`, all other such
/// characters as `\u{…}`. Line feeds and tabs stay. Text that is clean already is not copied.
///
/// Covers C0, DEL and C1 (terminal sequences, CVE-2021-25743), bidirectional controls (CVE-2021-42574), and characters
/// that show nothing: zero-width ones, line separators, interlinear marks, tags.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\r' => clean.push_str("\\r"),
            _ if is_unsafe(character) => clean.extend(character.escape_unicode()),
            _ => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// The same on one line: line feeds and tabs are shown as `\n` and `\t`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    match clean(text) {
        clean if clean.contains(['\n', '\t']) => Cow::Owned(clean.replace('\n', "\\n").replace('\t', "\\t")),
        clean => clean,
    }
}

/// JSON text in which such characters stand as `\uXXXX`, so that printing it is safe too. They occur inside strings
/// alone, and the text keeps its meaning.
pub fn json(text: String) -> String {
    let harmful =
        |character: char| is_unsafe(character) && !character.is_ascii_control() || character == '\u{7f}';
    let is_command = |text: &str| COMMANDS.iter().any(|command| text.starts_with(command));
    if !text.chars().any(harmful) && !COMMANDS.iter().any(|command| text.contains(command)) {
        return text;
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for (at, character) in text.char_indices() {
        if harmful(character) || (character == '#' && is_command(&text[at..])) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                clean.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            clean.push(character);
        }
    }
    clean
}

/// Beginnings of commands that build services read from a log: GitHub (`::set-output`, `##[group]`), Azure, TeamCity.
const COMMANDS: &[&str] = &["##[", "##vso[", "##teamcity["];

/// A line of output that no build service takes for a command: `::` at its start (behind blanks, as GitHub reads it) and
/// the beginnings of build-service commands anywhere get their first character as `\u{…}`.
pub fn without_commands(line: &str) -> Cow<'_, str> {
    let mut line = Cow::Borrowed(line);
    if let Some(rest) = line.trim_start().strip_prefix("::") {
        let blanks = line.len() - rest.len() - 2;
        line = Cow::Owned(format!("{}\\u{{3a}}:{rest}", &line[..blanks]));
    }
    for command in COMMANDS {
        if line.contains(command) {
            line = Cow::Owned(line.replace(command, &format!("\\u{{23}}{}", &command[1..])));
        }
    }
    line
}

fn is_unsafe(character: char) -> bool {
    (character.is_control() && !matches!(character, '\n' | '\t')) || deceives(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sec_24_sequences_become_visible() {
        let table = [
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("safe\rover", "safe\\rover"),
            ("abc\u{202e}cba", "abc\\u{202e}cba"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("a\tb\nc", "a\tb\nc"),
            ("naïve 日本 🚀 ::error:: | <script>", "naïve 日本 🚀 ::error:: | <script>"),
        ];
        for (hostile, expected) in table {
            assert_eq!(clean(hostile), expected);
        }
        assert_eq!(one_line("a\tb\nc\r"), "a\\tb\\nc\\r");
    }

    #[test]
    fn sec_24_commands_of_build_services_are_none() {
        let table = [
            ("::set-output name=x::y", "\\u{3a}:set-output name=x::y"),
            ("   \t::error::x", "   \t\\u{3a}:error::x"),
            ("a ::error::", "a ::error::"),
            ("- x ##[group]##vso[a]", "- x \\u{23}#[group]\\u{23}#vso[a]"),
            ("## heading", "## heading"),
        ];
        for (line, expected) in table {
            assert_eq!(without_commands(line), expected, "{line}");
        }
        assert_eq!(json("\"##[error]\"".to_owned()), "\"\\u0023#[error]\"");
    }

    proptest! {
        /// PROP-15: no control character beside line feed and tab; idempotent; printable ASCII unchanged.
        #[test]
        fn prop_15_output_is_clean(text in "\\PC*|[\\x00-\\x{ff}]{0,40}|(?s:.){0,40}", ascii in "[ -~]{0,40}") {
            let once = clean(&text).into_owned();
            prop_assert!(!once.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            let is_bidi = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!once.chars().any(is_bidi));
            prop_assert_eq!(clean(&once), once.as_str());
            prop_assert_eq!(clean(&ascii), ascii.as_str());
            prop_assert!(!one_line(&text).contains(['\n', '\t']));
        }

        /// JSON keeps its meaning and holds no such character either.
        #[test]
        fn json_is_clean_and_means_the_same(text in "[\\x00-\\x{ff}]{0,20}|(?s:.){0,20}|[\\x{2020}-\\x{2070}\\x{e0000}-\\x{e007f}]{0,20}") {
            let printed = json(serde_json::to_string(&text).unwrap());
            prop_assert!(!printed.chars().any(is_unsafe), "{}", printed);
            prop_assert_eq!(serde_json::from_str::<String>(&printed).unwrap(), text);
        }
    }
}
