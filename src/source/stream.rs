//! A stream as a source: the standard input.
#![expect(clippy::disallowed_methods, reason = "this module is the edge to the standard input")]

use std::io::Read;

use crate::source::tree::{MAX_TOTAL_BYTES, MemoryTree, RepoPath};
use crate::source::{Request, Snapshot, SourceError};

pub(super) fn from_stdin(request: &Request) -> Result<Snapshot, SourceError> {
    let flag = request.reference.as_ref().map(|_| "--ref").or(request.path.as_ref().map(|_| "--path"));
    if let Some(flag) = flag {
        return Err(SourceError::Usage {
            problem: format!("{flag} cannot be combined with the standard input"),
            hint: format!("leave out {flag}, or name a directory or URL in place of -"),
        });
    }
    from_stream(std::io::stdin().lock())
}

/// Reads a stream to its end as the one file `-` of a tree.
///
/// # Errors
/// [`SourceError::Limit`] above 256 MiB, [`SourceError::Store`] if it cannot be read.
pub fn from_stream(stream: impl Read) -> Result<Snapshot, SourceError> {
    let place = "standard input".to_owned();
    let mut content = Vec::new();
    if let Err(error) = stream.take(MAX_TOTAL_BYTES + 1).read_to_end(&mut content) {
        return Err(SourceError::Store { place, problem: error.to_string() });
    }
    if content.len() as u64 > MAX_TOTAL_BYTES {
        let problem = format!("more than {MAX_TOTAL_BYTES} bytes");
        return Err(SourceError::Limit { place, problem });
    }
    Ok(Snapshot {
        display: place,
        reference: None,
        commit: None,
        branch: None,
        tag: None,
        dirty: false,
        origin_url: None,
        tree: Box::new(MemoryTree::default().with_file("-", content)),
        prefix: RepoPath::root().child("-"),
        warnings: Vec::new(),
    })
}
