//! Completion scripts and manual pages from the definitions of the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;

/// Commands that have a manual page of their own.
pub const PAGES: [&str; 11] = [
    "diff",
    "apply",
    "revert",
    "rollback",
    "delete",
    "undo",
    "history",
    "render",
    "snapshot",
    "completions",
    "man",
];

/// The completion script of a shell.
pub fn completion(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gitops", &mut script);
    script
}

/// The name under which a shell expects the script.
pub fn completion_file(shell: Shell) -> String {
    use clap_complete::Generator as _;
    shell.file_name("gitops")
}

/// A manual page in roff: of a command of [`PAGES`], or of gitops itself.
///
/// # Errors
/// Only if there is no such command.
pub fn manual(command: Option<&str>) -> std::io::Result<Vec<u8>> {
    let mut root = Cli::command();
    root.build();
    let page = match command {
        None => root,
        Some(name) => {
            let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such command");
            let found = root.find_subcommand(name).ok_or_else(missing)?.clone();
            found.name(format!("gitops-{name}")).display_name(format!("gitops-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).date("").render(&mut text)?;
    Ok(text)
}
