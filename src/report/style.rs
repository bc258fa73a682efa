//! Whether output is coloured, and the style sheet: plain by default.

use owo_colors::{OwoColorize as _, Style};

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// Terminals are coloured, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What the environment says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is set, not empty and not `0` (bixense.com/clicolors).
    pub force_color: bool,
    /// `TERM` is `dumb`.
    pub dumb: bool,
    /// The stream is a terminal.
    pub is_terminal: bool,
}

/// True if a stream is coloured. The flag decides, then `NO_COLOR`, then `CLICOLOR_FORCE`, then the terminal.
pub fn is_colored(choice: Choice, surroundings: Surroundings) -> bool {
    match choice {
        Choice::Always => true,
        Choice::Never => false,
        Choice::Auto if surroundings.no_color => false,
        Choice::Auto if surroundings.force_color => true,
        Choice::Auto => surroundings.is_terminal && !surroundings.dumb,
    }
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Text without a role.
    Plain,
    /// Names of objects, headers.
    Strong,
    /// Who, when, where; context.
    Faint,
    /// What Git says.
    Git,
    /// The part of it that differs.
    GitPart,
    /// What is live.
    Live,
    /// The part of it that differs.
    LivePart,
    /// What differs.
    Difference,
    /// What is not known.
    Unknown,
    /// What is wrong.
    Fault,
}

/// A style for each role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Styles {
    colored: bool,
}

impl Styles {
    /// Coloured or plain.
    pub fn new(colored: bool) -> Self {
        Self { colored }
    }

    /// The text in the style of its role. It must be clean: see [`super::escape`].
    pub fn paint(self, role: Role, text: &str) -> String {
        match (self.colored && !text.is_empty(), role) {
            (false, _) | (_, Role::Plain) => text.to_owned(),
            (true, role) => text.style(style(role)).to_string(),
        }
    }
}

fn style(role: Role) -> Style {
    match role {
        Role::Plain => Style::new(),
        Role::Strong => Style::new().bold(),
        Role::Faint => Style::new().dimmed(),
        Role::Git => Style::new().green(),
        Role::GitPart => Style::new().green().bold().underline(),
        Role::Live => Style::new().red(),
        Role::LivePart => Style::new().red().bold().underline(),
        Role::Difference => Style::new().yellow(),
        Role::Unknown => Style::new().magenta(),
        Role::Fault => Style::new().red().bold(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_decides_then_the_environment_then_the_terminal() {
        let at = |no_color, force_color, dumb, is_terminal| Surroundings {
            no_color,
            force_color,
            dumb,
            is_terminal,
        };
        let table = [
            (Choice::Always, at(true, false, true, false), true),
            (Choice::Never, at(false, true, false, true), false),
            (Choice::Auto, at(false, false, false, true), true),
            (Choice::Auto, at(false, false, false, false), false),
            (Choice::Auto, at(false, false, true, true), false),
            (Choice::Auto, at(true, false, false, true), false),
            (Choice::Auto, at(true, true, false, true), false),
            (Choice::Auto, at(false, true, false, false), true),
            (Choice::Auto, at(false, true, true, true), true),
        ];
        for (choice, surroundings, expected) in table {
            assert_eq!(is_colored(choice, surroundings), expected, "{choice:?} {surroundings:?}");
        }
    }

    #[test]
    fn plain_is_plain() {
        assert_eq!(Styles::default().paint(Role::Fault, "x"), "x");
        assert_eq!(Styles::new(true).paint(Role::Live, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(Styles::new(true).paint(Role::Live, ""), "");
    }
}
