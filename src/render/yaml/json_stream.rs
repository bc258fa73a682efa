//! The JSON part of a stream. kubectl looks for `{` at the start, reads JSON values as long as that works, and turns to
//! YAML for good at the first that fails, unless it has read more than one (`YAMLOrJSONDecoder`).

use super::Remark;
use super::json::{Failure, Parser};
use super::tree::Tree;

/// How far into a stream kubectl looks for the brace.
const SNIFFED: usize = 4096;

/// What was read as JSON and what is left.
pub(super) struct Stream<'a> {
    pub(super) trees: Vec<Tree>,
    pub(super) rest: Rest<'a>,
}

pub(super) enum Rest<'a> {
    Nothing,
    /// JSON for certain, and broken.
    Broken(Remark),
    /// To be read as YAML; `json` is what went wrong before.
    Yaml {
        text: &'a str,
        line: u32,
        json: Option<Remark>,
    },
}

/// Reads the JSON values at the start of a stream.
pub(super) fn leading_values(text: &str) -> Stream<'_> {
    let mut trees = Vec::new();
    let mut sniffed = SNIFFED.min(text.len());
    while !text.is_char_boundary(sniffed) {
        sniffed -= 1;
    }
    if !text[..sniffed].trim_start().starts_with('{') {
        let rest = Rest::Yaml { text, line: 1, json: None };
        return Stream { trees, rest };
    }
    let mut parser = Parser::new(text);
    let rest = loop {
        let (at, line) = parser.place();
        match parser.next_value() {
            None => break Rest::Nothing,
            Some(Ok(tree)) => trees.push(tree),
            Some(Err(Failure::Range(problem))) => break Rest::Broken(problem),
            Some(Err(Failure::Syntax(problem))) if trees.len() > 1 => break Rest::Broken(problem),
            Some(Err(Failure::Syntax(problem))) => match after_line_end(&text[at..], line) {
                Some((text, line)) => {
                    let json = Some(problem).filter(|_| trees.is_empty());
                    break Rest::Yaml { text, line, json };
                }
                None => break Rest::Broken(problem),
            },
        }
    };
    Stream { trees, rest }
}

/// Skips blanks up to and including the first line end, as kubectl does before it turns to YAML. It gives up where fewer
/// than four bytes are left.
fn after_line_end(text: &str, line: u32) -> Option<(&str, u32)> {
    let mut rest = text;
    loop {
        let char = rest.chars().next().filter(|_| rest.len() >= 4)?;
        match char {
            '\n' => return Some((&rest[1..], line + 1)),
            _ if char.is_whitespace() => rest = &rest[char.len_utf8()..],
            _ => return Some((rest, line)),
        }
    }
}
