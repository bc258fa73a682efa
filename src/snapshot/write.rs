//! Stores a snapshot: the whole file or none, and no Secret values where Git could pick them up.
#![expect(clippy::disallowed_methods, reason = "writes a file: an edge")]

use std::fs::Permissions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Document, SnapshotError};

/// Writes a snapshot to a file, which is replaced at once when all is written.
///
/// With Secret values only the owner may read the file, and a path inside a Git work tree is refused.
///
/// # Errors
/// See [`SnapshotError`].
pub fn write(document: &Document, path: &Path) -> Result<(), SnapshotError> {
    let failed = |doing| move |source| SnapshotError::Io { path: path.to_owned(), doing, source };
    let name = path.file_name().filter(|_| !path.is_dir()).ok_or_else(|| SnapshotError::Invalid {
        path: path.to_owned(),
        reason: "is a directory; a snapshot is written to a file".to_owned(),
    })?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = std::fs::canonicalize(parent).map_err(failed("cannot be written"))?;
    if document.secret_values
        && let Some(work_tree) = work_tree(&parent)
    {
        return Err(SnapshotError::InsideWorkTree { path: path.to_owned(), work_tree });
    }
    let mode = if document.secret_values { 0o600 } else { 0o666 };
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".gitops-snapshot").permissions(Permissions::from_mode(mode));
    let mut file = builder.tempfile_in(&parent).map_err(failed("cannot be written"))?;
    let mut buffer = BufWriter::new(&mut file);
    let written = serde_json::to_writer_pretty(&mut buffer, document).map_err(std::io::Error::from);
    written.and_then(|()| buffer.write_all(b"\n")).map_err(failed("cannot be written"))?;
    buffer.flush().map_err(failed("cannot be written"))?;
    drop(buffer);
    file.as_file().sync_all().map_err(failed("cannot be written"))?;
    file.persist(parent.join(name)).map_err(|error| failed("cannot be replaced")(error.error))?;
    Ok(())
}

/// The nearest directory at or above this one that holds `.git`, a directory or the file of a linked work tree.
fn work_tree(directory: &Path) -> Option<PathBuf> {
    let mut above = directory.ancestors();
    above.find(|directory| std::fs::symlink_metadata(directory.join(".git")).is_ok()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::document::{FORMAT, ServerPart, VERSION};

    fn document(secret_values: bool) -> Document {
        Document {
            format: FORMAT.into(),
            schema_version: VERSION,
            tool: String::new(),
            server: ServerPart::default(),
            secret_values,
            resources: vec![],
            incomplete: [].into(),
            openapi: [].into(),
            types: vec![],
            namespaces: [].into(),
            admission: Default::default(),
            record: None,
            members: vec![],
        }
    }

    #[test]
    fn secret_values_are_written_for_the_owner_alone_and_outside_git() {
        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let file = home.path().join("live.json");
        std::fs::write(&file, "old").unwrap();
        write(&document(true), &file).unwrap();
        assert_eq!(mode(&file), 0o600);
        write(&document(false), &file).unwrap();
        assert_eq!(mode(&file) & 0o600, 0o600);

        std::fs::create_dir_all(home.path().join("repo/.git")).unwrap();
        std::fs::create_dir_all(home.path().join("repo/deep/er")).unwrap();
        std::fs::create_dir(home.path().join("linked")).unwrap();
        std::fs::write(home.path().join("linked/.git"), "gitdir: /elsewhere\n").unwrap();
        std::os::unix::fs::symlink(home.path().join("repo/deep"), home.path().join("link")).unwrap();
        for inside in [
            "repo/live.json",
            "repo/deep/er/live.json",
            "repo/deep/../live.json",
            "link/live.json",
            "linked/x",
        ] {
            let path = home.path().join(inside);
            let refused = write(&document(true), &path);
            assert!(matches!(refused, Err(SnapshotError::InsideWorkTree { .. })), "{inside}: {refused:?}");
            assert!(!path.exists());
            write(&document(false), &path).unwrap();
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_cannot_be_written_leaves_the_old_file() {
        let home = tempfile::tempdir().unwrap();
        let refused = write(&document(false), home.path()).unwrap_err();
        assert!(refused.to_string().contains("is a directory"), "{refused}");
        let refused = write(&document(false), &home.path().join("none/live.json")).unwrap_err();
        assert!(matches!(refused, SnapshotError::Io { .. }), "{refused:?}");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
