//! The rule by which an ssh server is believed: its key must stand in a known-hosts file.
//!
//! The format is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": host patterns with wildcards and negation, hashed names,
//! and the markers `@revoked` and `@cert-authority`. There is no trust on first use.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// One known-hosts file.
#[derive(Debug, Clone)]
pub(crate) struct KnownHosts {
    /// Its path, for messages.
    pub(crate) file: String,
    /// Its text.
    pub(crate) text: String,
}

/// What the files say about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The key stands there for this host.
    Known,
    /// The host does not stand there.
    Unknown,
    /// The host stands there with another key of the same type.
    Changed {
        /// `file:line`.
        place: String,
    },
    /// The host stands there, but only with keys of other types.
    OtherTypes {
        /// The types, sorted.
        types: Vec<String>,
    },
    /// The key is marked as revoked.
    Revoked {
        /// `file:line`.
        place: String,
    },
}

/// Looks a key up. `key` is the public key in ssh's wire format; a revocation anywhere wins, then a match anywhere.
pub(crate) fn check(files: &[KnownHosts], host: &str, port: u16, key: &[u8]) -> Trust {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let name = if port == 22 { host } else { format!("[{host}]:{port}") };
    let mut known = false;
    let mut changed = None;
    let mut types = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(file.text.lines()) {
            let Some(line) = Line::parse(line).filter(|line| line.matches(&name)) else {
                continue;
            };
            let place = || format!("{}:{number}", file.file);
            match (line.marker, line.key == key) {
                (Some("@revoked"), true) => return Trust::Revoked { place: place() },
                (None, true) => known = true,
                (None, false) if Some(line.key_type) == key_type(key) => {
                    changed.get_or_insert_with(place);
                }
                (None, false) => types.push(line.key_type.to_owned()),
                _ => {}
            }
        }
    }
    types.sort();
    types.dedup();
    match (known, changed) {
        (true, _) => Trust::Known,
        (false, Some(place)) => Trust::Changed { place },
        (false, None) if types.is_empty() => Trust::Unknown,
        (false, None) => Trust::OtherTypes { types },
    }
}

/// The fingerprint as OpenSSH prints it: `SHA256:` and base64 without padding.
pub(crate) fn fingerprint(key: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key)))
}

/// The type that a public key in wire format names first (RFC 4253, 6.6).
pub(crate) fn key_type(key: &[u8]) -> Option<&str> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok()
}

struct Line<'a> {
    marker: Option<&'a str>,
    hosts: &'a str,
    key_type: &'a str,
    key: Vec<u8>,
}

impl<'a> Line<'a> {
    /// `None` for comments, blank lines and lines that are damaged.
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let mut fields = line.split_ascii_whitespace().peekable();
        let marker = fields.next_if(|field| field.starts_with('@'));
        Some(Self {
            marker,
            hosts: fields.next()?,
            key_type: fields.next()?,
            key: STANDARD.decode(fields.next()?).ok()?,
        })
    }

    fn matches(&self, name: &str) -> bool {
        if let Some(hashed) = self.hosts.strip_prefix("|1|") {
            return matches_hash(hashed, name).unwrap_or(false);
        }
        let mut found = false;
        for pattern in self.hosts.split(',') {
            match pattern.strip_prefix('!') {
                Some(negated) if matches_pattern(negated, name) => return false,
                None if matches_pattern(pattern, name) => found = true,
                _ => {}
            }
        }
        found
    }
}

/// `base64(salt)|base64(HMAC-SHA1(salt, name))`.
fn matches_hash(hashed: &str, name: &str) -> Option<bool> {
    let (salt, digest) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&STANDARD.decode(digest).ok()?).is_ok())
}

/// `*` and `?` as in ssh; no case.
fn matches_pattern(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.as_bytes());
    let pattern = pattern.as_bytes();
    // Greedy match with one point to return to: linear in practice, never exponential.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    // ssh-keygen -t ed25519 / ecdsa; the hashed line is ssh-keygen -H of `git.example`, the fingerprint ssh-keygen -l.
    const ED: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIMYuAS5AOumdZdJzqhKSBM1Y4FCk/sbck5smABhjDAfm";
    const ED_OTHER: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIKFQAdRPCR72UI7JerFeGcEu8SJCRq8KqOItthEY5gaD";
    const EC: &str = "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAU6uOfVv+CMctZ/vEu8oxINrzXrxK0kbncAk5bwyyniQTFNafedDpBcyR49Nq9WvVxkN9kT69A7eFSqo/LMx2c=";
    const HASHED: &str = "|1|srW2IQUmS9/RjY1WUF1M/VkJFhc=|A8wnVzT2pKjv7NB5kZmE8in7dWM=";
    const FINGERPRINT: &str = "SHA256:EL6RbDqr9T9aFg0EEEok8JrgNht8w2KnVXsT4AGVdNQ";

    fn key(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    fn look(text: &str, host: &str, port: u16) -> Trust {
        let files = [KnownHosts { file: "kh".into(), text: text.into() }];
        check(&files, host, port, &key(ED))
    }

    #[test]
    fn hosts_are_matched_as_ssh_does() {
        let table = [
            ("git.example", "git.example", 22, true),
            ("git.example", "GIT.example", 22, true),
            ("a,git.example,b", "git.example", 22, true),
            ("*.example", "git.example", 22, true),
            ("g?t.example", "git.example", 22, true),
            ("*.example,!git.example", "git.example", 22, false),
            ("git.example", "git.example", 2222, false),
            ("[git.example]:2222", "git.example", 2222, true),
            ("[git.example]:2222", "git.example", 22, false),
            ("git.example.org", "git.example", 22, false),
            ("::1", "[::1]", 22, true),
        ];
        for (pattern, host, port, known) in table {
            let expected = if known { Trust::Known } else { Trust::Unknown };
            assert_eq!(
                look(&format!("{pattern} ssh-ed25519 {ED} note"), host, port),
                expected,
                "{pattern} {host}:{port}"
            );
        }
    }

    #[test]
    fn hashed_names_are_matched() {
        let line = format!("{HASHED} ssh-ed25519 {ED}");
        assert_eq!(look(&line, "git.example", 22), Trust::Known);
        assert_eq!(look(&line, "git2.example", 22), Trust::Unknown);
    }

    #[test]
    fn sec_26_changed_revoked_and_other_keys() {
        let other_key = format!("# note\n\nh ssh-ed25519 {ED_OTHER}");
        assert_eq!(look(&other_key, "h", 22), Trust::Changed { place: "kh:3".into() });
        assert_eq!(look(&format!("{other_key}\nh ssh-ed25519 {ED}"), "h", 22), Trust::Known);
        let revoked = format!("h ssh-ed25519 {ED}\n@revoked * ssh-ed25519 {ED}");
        assert_eq!(look(&revoked, "h", 22), Trust::Revoked { place: "kh:2".into() });
        let other_type = format!("h ecdsa-sha2-nistp256 {EC}");
        assert_eq!(
            look(&other_type, "h", 22),
            Trust::OtherTypes { types: vec!["ecdsa-sha2-nistp256".into()] }
        );
        for useless in [
            format!("@cert-authority h ssh-ed25519 {ED}"),
            "h ssh-ed25519 ***".into(),
            "h".into(),
            String::new(),
        ] {
            assert_eq!(look(&useless, "h", 22), Trust::Unknown, "{useless}");
        }
    }

    #[test]
    fn fingerprints_are_those_of_ssh_keygen() {
        assert_eq!(fingerprint(&key(ED)), FINGERPRINT);
        assert_eq!(key_type(&key(ED)), Some("ssh-ed25519"));
        assert_eq!(key_type(&[0, 0, 0, 9, b'x']), None);
    }
}
