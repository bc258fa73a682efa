//! Digests of several parts, and bytes as text: for keys, names of files and equality that is remembered.

use sha2::{Digest as _, Sha256};

/// SHA-256 of some parts, each with its length so that no two lists of parts are alike.
pub fn of_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
