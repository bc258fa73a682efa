//! The name of a set: what a user says, or what the repository and the path give.

use sha2::{Digest as _, Sha256};

/// Most characters of a name, so that `gitops-<set>` is a label value and a name of any kind of object.
pub const MAX_NAME: usize = 56;
/// Digits of the hash that keeps shortened names apart.
const HASH: usize = 8;

/// A name that a user wrote: letters, digits, `-` and `.` in lower case, as the API server takes them in names. A longer one
/// than [`MAX_NAME`] is shortened with a hash.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn checked(name: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if name.is_empty() {
        return Err("the name of a set is empty".to_owned());
    }
    if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
        return Err(format!(
            "the set name {name:?} holds {wrong:?}; it is made of a to z, 0 to 9, `-` and `.`, as names of objects are"
        ));
    }
    let edges = |c: char| matches!(c, '-' | '.');
    if name.starts_with(edges) || name.ends_with(edges) || name.split('.').any(|part| part.is_empty()) {
        return Err(format!("the set name {name:?} does not begin and end each part with a letter or digit"));
    }
    if name.split('.').any(|part| part.starts_with('-') || part.ends_with('-')) {
        return Err(format!("the set name {name:?} has a part that begins or ends with `-`"));
    }
    Ok(shortened(name, name))
}

/// The name of a set without a given one: the last segment of the repository's URL without `.git`, and the path with `-` for
/// `/`. `None` if the URL has no such segment.
pub fn of_repository(origin_url: &str, path: &str) -> Option<String> {
    let url = origin_url.trim_end_matches('/');
    let last = match url.split_once("://") {
        // What stands alone behind a scheme is a host.
        Some((_, rest)) => rest.rsplit_once('/')?.1,
        None => url.rsplit(['/', ':']).next()?,
    };
    let last = last.strip_suffix(".git").unwrap_or(last);
    if last.is_empty() {
        return None;
    }
    let mut written = last.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        written.push('-');
        written.push_str(part);
    }
    let name = spelled(&written);
    if name.is_empty() {
        return None;
    }
    // What is not a name as it stands gets the hash, too: `Shop` and `shop` are two repositories.
    Some(if name == written { shortened(&name, &written) } else { hashed(&name, &written) })
}

/// The text in the letters of names: what is not one becomes `-`.
fn spelled(text: &str) -> String {
    let lower = text.to_lowercase();
    let plain: String =
        lower.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' }).collect();
    plain.trim_matches('-').to_owned()
}

fn shortened(name: &str, written: &str) -> String {
    if name.len() <= MAX_NAME { name.to_owned() } else { hashed(name, written) }
}

fn hashed(name: &str, written: &str) -> String {
    let digest = Sha256::digest(written.as_bytes());
    let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let room = MAX_NAME - HASH - 1;
    let head: String = name.chars().take(room).collect();
    format!("{}-{}", head.trim_end_matches(['-', '.']), &hash[..HASH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_and_a_path_make_a_name() {
        let table = [
            ("https://git.example/team/shop.git", "", Some("shop")),
            ("https://git.example/team/shop", "clusters/prod", Some("shop-clusters-prod")),
            ("git@git.example:shop.git", "", Some("shop")),
            ("ssh://git@git.example/shop.git/", "a", Some("shop-a")),
            ("file:///srv/git/shop.git", "", Some("shop")),
            ("https://git.example/", "", None),
            ("", "a", None),
        ];
        for (url, path, expected) in table {
            assert_eq!(of_repository(url, path).as_deref(), expected, "{url} {path}");
        }
    }

    /// The hashes are the first digits of `printf 'Team_Shop' | sha256sum`.
    #[test]
    fn what_is_no_name_is_kept_apart_by_a_hash() {
        assert_eq!(of_repository("https://h/Team_Shop.git", "").unwrap(), "team-shop-0fd6fc50");
        let long = "a".repeat(57);
        let name = of_repository(&format!("https://h/{long}"), "").unwrap();
        assert_eq!(name, format!("{}-f13b2d72", "a".repeat(47)));
        assert_eq!(name.len(), MAX_NAME);
        assert_eq!(of_repository(&format!("https://h/{}", "a".repeat(56)), "").unwrap(), "a".repeat(56));
        assert_ne!(of_repository("https://h/shop", "A"), of_repository("https://h/shop", "a"));
    }

    #[test]
    fn names_that_users_write_are_checked() {
        for name in ["shop", "a", "team.shop-2", "0"] {
            assert_eq!(checked(name).as_deref(), Ok(name));
        }
        assert_eq!(checked(&"b".repeat(60)).unwrap().len(), MAX_NAME);
        for name in ["", "Shop", "a/b", "-a", "a-", "a..b", "a.-b", "a-.b", "ä", "a b", "a\n"] {
            assert!(checked(name).is_err(), "{name:?}");
        }
    }
}
