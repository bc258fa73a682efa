//! Loose objects are checked before libgit2 reads them.
//!
//! libgit2 1.9 never returns from a loose object that was cut off (`git_zstream_get_output` waits for output that cannot
//! come), and a crash or a full disk leaves such objects behind. Packs are checked by their index and need no such look.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to the object directory")]

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::ZlibDecoder;
use git2::{ErrorClass, ErrorCode, Oid, Repository};

/// Most bytes that are decompressed for the check; what is larger is refused by its size later.
const MAX_CHECKED: u64 = 64 * 1024 * 1024;

/// Refuses an object that is loose and damaged. Absent and packed objects pass.
///
/// # Errors
/// An error of libgit2's kind that says that the object is damaged.
pub(crate) fn check(repo: &Repository, id: Oid) -> Result<(), git2::Error> {
    let name = id.to_string();
    let (directory, file) = name.split_at(2);
    let path = repo.commondir().join("objects").join(directory).join(file);
    let Ok(file) = File::open(path) else { return Ok(()) };
    let mut stream = ZlibDecoder::new(BufReader::new(file)).take(MAX_CHECKED);
    match io::copy(&mut stream, &mut io::sink()) {
        Ok(bytes) if bytes > 0 => Ok(()),
        _ => Err(git2::Error::new(
            ErrorCode::GenericError,
            ErrorClass::Odb,
            format!("object {id} is damaged; git fsck shows more"),
        )),
    }
}
