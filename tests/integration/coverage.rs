//! Every row of the security and fault catalogues that plain rendering and diff can reach has a test that bears its number
//! (`sec_NN_…`, `flt_NN_…`), or stands here with the reason why it has none.

#![expect(clippy::disallowed_methods, reason = "reads the source tree")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Catalogue and number: `("sec", 7)`.
type Row = (&'static str, u32);

/// The rows that are accounted for here.
fn rows() -> BTreeSet<Row> {
    let security = (1..=38).chain([40, 45, 47, 48, 52, 54, 59]).map(|number| ("sec", number));
    let faults = [44, 47, 48, 50, 51, 52, 53].into_iter().map(|number| ("flt", number));
    security.chain(faults).collect()
}

/// Rows without a test, and why.
const ABSENT: &[(Row, &str)] = &[(
    ("sec", 20),
    "libgit2 is built with collision detection; no colliding pair of git objects is at hand to prove it",
)];

/// Rows whose tests cannot reach everything yet, and what is left.
const PARTIAL: &[(Row, &str)] = &[
    (("sec", 10), "there are neither ignore files nor include maps; what is exported for programs is tested"),
    (("sec", 11), "charts are refused by name; no archive is unpacked yet"),
    (("sec", 12), "Jsonnet is refused by name"),
    (("sec", 4), "value files: charts are refused by name"),
    (("sec", 5), "globs of value files: charts are refused by name"),
    (
        ("sec", 40),
        "remote bases, plugins, charts and programs for kustomizations are tested; there are no other renderers yet",
    ),
    (("sec", 45), "kustomizations are tested; charts and Jsonnet are refused by name"),
    (
        ("sec", 14),
        "a fuzz target for the resolver of paths, which runs apart from the tests; its spellings are tested",
    ),
    (("sec", 36), "plan files do not exist yet; snapshots are tested"),
    (("sec", 48), "archives: charts are refused by name"),
    (("sec", 59), "there is no audit log yet; identities at the server are tested"),
    (
        ("flt", 52),
        "a program that ends well after half an output, at the end of a document, cannot be told from one that had no more",
    ),
    (
        ("flt", 53),
        "a line such as `Warning: text` right before an object is YAML, and so a field of the object",
    ),
    (("flt", 51), "commands that write do not exist yet; diff and render are tested"),
];

#[test]
fn every_row_has_a_test_or_a_reason_and_not_both() {
    let tested = tested(Path::new(env!("CARGO_MANIFEST_DIR")));
    let absent: BTreeMap<Row, &str> = ABSENT.iter().copied().collect();
    assert_eq!(absent.len(), ABSENT.len(), "a row stands twice among the absent");
    let mut wrong = Vec::new();
    for row in rows() {
        match (tested.get(&row), absent.get(&row)) {
            (None, None) => wrong.push(format!("{row:?} has neither a test nor a reason")),
            (Some(tests), Some(_)) => wrong.push(format!("{row:?} has a reason and tests: {tests:?}")),
            _ => {}
        }
    }
    for (row, _) in PARTIAL {
        if !tested.contains_key(row) {
            wrong.push(format!("{row:?} is said to be tested in part, and has no test"));
        }
    }
    let known = rows();
    for (row, reason) in ABSENT.iter().chain(PARTIAL) {
        if !known.contains(row) || reason.is_empty() {
            wrong.push(format!("{row:?} is no row of this list, or has no reason"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The rows that names of test functions bear, with those names.
fn tested(root: &Path) -> BTreeMap<Row, Vec<String>> {
    let mut found: BTreeMap<Row, Vec<String>> = BTreeMap::new();
    let mut directories = vec![root.join("src"), root.join("tests/integration")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the source tree can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                for name in test_functions(&text) {
                    for row in rows_of(&name) {
                        found.entry(row).or_default().push(name.clone());
                    }
                }
            }
        }
    }
    found
}

/// Names of functions with a test attribute that no `#[ignore]` switches off.
fn test_functions(text: &str) -> Vec<String> {
    let (mut names, mut is_test, mut is_ignored) = (Vec::new(), false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
            continue;
        }
        let declared = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = declared.filter(|_| is_test && !is_ignored) {
            names.push(name.split('(').next().unwrap_or_default().to_owned());
        }
        (is_test, is_ignored) = (false, false);
    }
    names
}

/// `sec_01_to_05_links` is rows 1 to 5, `flt_20_and_21_accounts` rows 20 and 21, `sec_02_canary` row 2.
fn rows_of(name: &str) -> Vec<Row> {
    let mut words = name.split('_');
    let catalogue = match words.next() {
        Some("sec") => "sec",
        Some("flt") => "flt",
        _ => return Vec::new(),
    };
    let mut number = || words.next().map(|word| (word.to_owned(), word.parse::<u32>().ok()));
    let Some((_, Some(first))) = number() else { return Vec::new() };
    let mut numbers = BTreeSet::from([first]);
    let mut last = first;
    while let Some((join, None)) = number() {
        let Some((_, Some(next))) = number() else { break };
        match join.as_str() {
            "to" => numbers.extend(last..=next),
            "and" => numbers.extend([next]),
            _ => break,
        }
        last = next;
    }
    numbers.into_iter().map(|number| (catalogue, number)).collect()
}

#[test]
fn names_are_read() {
    let table: &[(&str, &[u32])] = &[
        ("sec_02_canary", &[2]),
        ("sec_01_to_05_links", &[1, 2, 3, 4, 5]),
        ("flt_20_and_21_accounts", &[20, 21]),
        ("sec_02_and_13_and_35_x", &[2, 13, 35]),
        ("sec_x", &[]),
        ("section_2", &[]),
        ("sec_23_a_429_of", &[23]),
    ];
    for (name, expected) in table {
        let numbers: Vec<u32> = rows_of(name).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, *expected, "{name}");
    }
    let text = "#[test]\nfn sec_01_a() {}\n// #[test]\nfn sec_02_b() {}\n#[tokio::test(x)]\n#[expect(y)]\nasync fn \
                sec_03_c(\n#[test]\n#[ignore = \"slow\"]\nfn sec_04_d() {}\n";
    assert_eq!(test_functions(text), ["sec_01_a", "sec_03_c"]);
}
