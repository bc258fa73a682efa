//! A set's own key: what is digested with it can be recognised, not guessed, by those who hold it.

use std::fmt;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// 32 random bytes, made at the first write of a set and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SetKey([u8; KEY_BYTES]);

impl SetKey {
    /// The key with these bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key in a slice of exactly [`KEY_BYTES`].
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.try_into().ok()?))
    }

    /// The bytes, for the one Secret that holds them.
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// HMAC-SHA-256 (RFC 2104) over what the digest is for and its parts, each with its length in front, so that no two
    /// lists of parts are the same bytes.
    pub(super) fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        // A key of 32 bytes is shorter than a block: it is padded with zeros (RFC 2104), as every key may be.
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block(&self.0).into());
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// A key as a whole block of SHA-256.
fn block(key: &[u8; KEY_BYTES]) -> [u8; 64] {
    let mut block = [0; 64];
    block[..KEY_BYTES].copy_from_slice(key);
    block
}

impl fmt::Debug for SetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected value: `openssl dgst -sha256 -mac HMAC -macopt hexkey:…` over the bytes written out.
    #[test]
    fn digests_are_those_of_openssl_and_parts_do_not_run_together() {
        let key = SetKey::new([7; 32]);
        let hex: String = key.mac("p", &[b"ab"]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "6b9fdb87ca4756623765994ea62070a74165e5592ee5d522d45c67efa1bad648");
        assert_ne!(key.mac("p", &[b"ab", b"c"]), key.mac("p", &[b"a", b"bc"]));
        assert_ne!(key.mac("p", &[b"a"]), key.mac("q", &[b"a"]));
        assert_ne!(key.mac("p", &[b"a"]), SetKey::new([8; 32]).mac("p", &[b"a"]));
    }

    #[test]
    fn a_key_is_never_formatted() {
        let text = format!("{:?} {:#?}", SetKey::new([65; 32]), Some(SetKey::new([65; 32])));
        assert!(!text.contains("65") && !text.contains('A'), "{text}");
        assert_eq!(SetKey::from_slice(&[1; 31]), None);
    }
}
