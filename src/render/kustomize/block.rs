//! Texts in blocks, and what becomes of them on the way through the text that kustomize writes and reads again.

use super::node::{Node, Style};

/// True if the text is written as a block where that is possible.
pub(super) fn is_block(node: &Node) -> bool {
    match node.style {
        Style::Literal | Style::Folded => true,
        Style::Plain => node.text.contains('\n'),
        _ => false,
    }
}

/// True for texts that may stand in a block scalar.
pub(super) fn block_allowed(text: &str) -> bool {
    let space_break = text.contains(" \n");
    let printable = |char: char| {
        matches!(char, '\t' | '\n' | '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
            || char > '\u{ffff}'
    };
    !text.is_empty() && !text.ends_with(' ') && !space_break && text.chars().all(printable)
}

/// Folds a text as go-yaml writes it and unfolds it as it reads it. The writer looks at the start of the text where it should
/// look behind the line end, so that lines come apart.
pub(super) fn fold(text: &str) -> String {
    let starts_blank =
        text.trim_start_matches('\n').starts_with([' ', '\t']) || text.trim_start_matches('\n').is_empty();
    let mut out = String::new();
    let (mut breaks, mut leading_space) = (true, true);
    for char in text.chars() {
        if char == '\n' {
            if !breaks && !leading_space && !starts_blank {
                out.push('\n');
            }
            out.push('\n');
            breaks = true;
        } else {
            if breaks {
                leading_space = matches!(char, ' ' | '\t');
            }
            out.push(char);
            breaks = false;
        }
    }
    unfold(&out, text)
}

fn unfold(written: &str, text: &str) -> String {
    let (strip, keep) = (!text.ends_with('\n'), text == "\n" || text.ends_with("\n\n"));
    let body = written.trim_start_matches('\n');
    let mut trailing = "\n".repeat(written.len() - body.len());
    let (mut out, mut leading, mut leading_blank) = (String::new(), "", false);
    let mut rest = body;
    while !rest.is_empty() {
        let blank = rest.starts_with([' ', '\t']);
        if leading.is_empty() || leading_blank || blank {
            out.push_str(leading);
        } else if trailing.is_empty() {
            out.push(' ');
        }
        out.push_str(&trailing);
        leading_blank = blank;
        let end = rest.find('\n').unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        let after = &rest[end..];
        leading = if after.is_empty() { "" } else { "\n" };
        rest = after.trim_start_matches('\n');
        trailing = "\n".repeat((after.len() - rest.len()).saturating_sub(leading.len()));
    }
    if !strip {
        out.push_str(leading);
    }
    if keep {
        out.push_str(&trailing);
    }
    out
}
