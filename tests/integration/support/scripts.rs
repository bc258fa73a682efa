//! Programs that tests write themselves and let others run.

#![expect(clippy::disallowed_methods, reason = "writes a file and runs a program")]

use std::path::Path;
use std::process::Command;

/// Writes a program. Another process makes it: a file that this one had open for writing could not be run while some thread
/// here is starting a process of its own.
pub(crate) fn script(path: &Path, text: &str) {
    let source = path.with_extension("text");
    std::fs::write(&source, text).expect("a file can be written");
    let status = Command::new("install").args(["-m", "755"]).arg(&source).arg(path).status();
    assert!(status.expect("install can be run").success(), "{} cannot be written", path.display());
    std::fs::remove_file(source).expect("the file can be removed");
}
