//! Names in a tree that no honest git would write.
//!
//! Git itself refuses these (`verify_path`); forged trees carry them to escape on checkout or to reach a repository's
//! own `.git` (CVE-2014-9390, CVE-2019-1353, CVE-2023-49569). Nothing is checked out here, so the rule is simply: refuse.

/// The rule that a name in a tree breaks, if any.
pub(crate) fn problem_with(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    if name.contains('/') {
        return Some("holds a slash");
    }
    if name.contains('\0') {
        return Some("holds a NUL byte");
    }
    // A backslash alone is legal on Unix (systemd writes such unit names); as a separator it must not hide one of the others.
    name.split('\\').find_map(|part| {
        if matches!(part, "." | "..") {
            Some("is a dot segment")
        } else if is_dot_git(part) {
            Some("is git's own directory")
        } else {
            None
        }
    })
}

/// True for `.git` in every spelling that some file system takes for it: any case, HFS+ ignorable characters, NTFS short
/// names, trailing dots and spaces, and alternate data streams.
pub(crate) fn is_dot_git(name: &str) -> bool {
    let visible: String = name.chars().filter(|c| !is_ignored_by_hfs(*c)).collect();
    let base = visible.split(':').next().unwrap_or_default();
    let base = base.trim_end_matches([' ', '.']).to_ascii_lowercase();
    matches!(base.as_str(), ".git" | "git~1")
}

/// The code points that HFS+ ignores in names (git: `utf8.c`, `next_hfs_char`).
fn is_ignored_by_hfs(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_19_hostile_names() {
        let hostile = [
            "",
            ".",
            "..",
            "a/b",
            "/",
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            ".git ",
            ".git.",
            ".git . .",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            "..\\x",
            "x\\..\\y",
            ".git\\config",
            "a\0b",
        ];
        for name in hostile {
            assert!(problem_with(name).is_some(), "{name:?}");
        }
        let honest = [
            "...",
            ".gitignore",
            ".gitmodules",
            "git",
            ".github",
            "git~2",
            "a.git",
            "dev-disk-by\\x2dlabel.swap",
            "ünï",
        ];
        for name in honest {
            assert_eq!(problem_with(name), None, "{name:?}");
        }
    }
}
