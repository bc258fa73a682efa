//! The file of a plan: read within bounds, written as a whole, and never in the place of anything else.
#![expect(clippy::disallowed_methods, reason = "reads and writes files: an edge")]

use std::io::{Read as _, Write as _};
use std::path::Path;

use crate::plan::saved::{MAX_BYTES, START, Saved, Unreadable, is_plan};
use crate::run::error::RunError;
use crate::run::order::Order;

use super::again;

/// Reads a plan.
///
/// # Errors
/// The file cannot be read or is none (2), or it is not as it was written (5).
pub(super) fn decoded(file: &Path) -> Result<Saved, RunError> {
    let bytes = read(file).map_err(|error| unusable(file, &format!("cannot be read: {error}")))?;
    Saved::decode(&bytes).map_err(|error| match error {
        Unreadable::NotAPlan | Unreadable::TooLarge => unusable(file, &error.to_string()),
        Unreadable::Damaged(_) | Unreadable::Version(_) => {
            RunError::refused(format!("{} {error}; nothing was written", file.display()), again())
        }
    })
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unusable(file: &Path, reason: &str) -> RunError {
    let hint = "name a file that --out wrote".to_owned();
    RunError::usage(format!("--plan {}: it {reason}", file.display()), hint)
}

/// Writes a plan. A file that is to be replaced has to be one, and is so at once, readable by its owner alone.
///
/// # Errors
/// It cannot be written, or something else is there.
pub(super) fn write(file: &Path, content: &[u8]) -> Result<(), RunError> {
    let failed = |error: std::io::Error| RunError::Output {
        place: file.display().to_string(),
        reason: error.to_string(),
    };
    let known = match std::fs::symlink_metadata(file) {
        Ok(metadata) if metadata.is_file() => {
            let mut start = Vec::new();
            let opened = std::fs::File::open(file).map_err(failed)?;
            opened.take(START as u64).read_to_end(&mut start).map_err(failed)?;
            if !is_plan(&start) {
                return Err(unwritable(file, "it is there already and is no plan"));
            }
            true
        }
        Ok(_) => return Err(unwritable(file, "it is no ordinary file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(failed(error)),
    };
    // The library makes it for its owner alone.
    let temporary = tempfile::Builder::new().prefix(".gitops-plan-").tempfile_in(directory(file));
    let mut temporary = temporary.map_err(|error| failed(error.kind().into()))?;
    temporary.write_all(content).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    let persisted = if known { temporary.persist(file) } else { temporary.persist_noclobber(file) };
    persisted.map(drop).map_err(|error| failed(error.error))
}

pub(super) fn unwritable(file: &Path, reason: &str) -> RunError {
    RunError::usage(
        format!("--out {}: {reason}; no plan was saved", file.display()),
        "name another file".to_owned(),
    )
}

/// Refuses a file that the next run would read as a manifest.
///
/// # Errors
/// It lies in the directory that is rendered, and is called like a manifest.
pub(in crate::run) fn refuse_inside(order: &Order) -> Result<(), RunError> {
    let Some(file) = &order.saved.out else { return Ok(()) };
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    match matches!(ending, "yaml" | "yml" | "json") && is_inside(order, file) {
        true => Err(unwritable(file, "there it would be read as a manifest")),
        false => Ok(()),
    }
}

/// True if a file lies in the directory that is read as it is.
pub(super) fn is_inside(order: &Order, file: &Path) -> bool {
    let place = (std::fs::canonicalize(directory(file)), std::fs::canonicalize(&order.source.source));
    order.source.reference.is_none()
        && matches!(place, (Ok(parent), Ok(source)) if parent.starts_with(&source))
}

fn directory(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
