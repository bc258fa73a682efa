//! Writing `gitops.lock`: into the directory that is the root of the source, whole or not at all.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::RunError;
use super::output::Output;
use super::remotes::Fetched;
use crate::config::lock::FILE;
use crate::source::{self, Request};

/// The file that `--update-lock` writes.
///
/// # Errors
/// SOURCE is no directory.
pub(super) fn place(request: &Request) -> Result<PathBuf, RunError> {
    match source::root_on_disk(request)? {
        Some(root) => Ok(root.join(FILE)),
        None => Err(RunError::usage(
            format!("--update-lock writes {FILE} into the source, and SOURCE is no directory"),
            "run it in a clone of the repository, and commit the file".to_owned(),
        )),
    }
}

/// Writes the lock if it changed, and says what did.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(file: &Path, fetched: &Fetched, output: &Output) -> Result<(), RunError> {
    if fetched.changes.is_empty() {
        let state =
            if fetched.bases.is_empty() { "there are no remote bases" } else { "nothing has changed" };
        output.say("note", &format!("{FILE} is left as it is: {state}"));
        return Ok(());
    }
    // A file that is replaced is replaced as a whole; a link in its place is not followed.
    let directory = file.parent().unwrap_or(Path::new("."));
    let written =
        tempfile::Builder::new().prefix(".gitops.lock.").tempfile_in(directory).and_then(|mut new| {
            new.write_all(fetched.lock.text().as_bytes())?;
            readable(new.as_file())?;
            new.persist(file)?;
            Ok(())
        });
    written
        .map_err(|error| RunError::Output { place: file.display().to_string(), reason: error.to_string() })?;
    for change in &fetched.changes {
        output.say("note", &format!("{FILE}: {change}"));
    }
    Ok(())
}

/// As other files of a repository: temporary files begin as their owner's alone.
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}
