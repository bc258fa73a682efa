//! Every row of the security and fault catalogues has a test that bears its number (`sec_NN_…`, `flt_NN_…`), or stands here with
//! the reason why it has none. Rows that the commands that write can reach are tested on a scripted server, and those for which
//! the catalogue asks for a real one on a real server as well.

#![expect(clippy::disallowed_methods, reason = "reads the source tree")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Catalogue and number: `("sec", 7)`.
type Row = (&'static str, u32);

/// What a test runs against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    /// Answers that a test makes up: the scripted transport, or the server in memory behind the proxy.
    Scripted,
    /// kube-apiserver and etcd.
    Real,
}

/// The rows that are accounted for here.
fn rows() -> BTreeSet<Row> {
    let security = (1..=38).chain([40, 45, 47, 48, 52, 54, 59]).map(|number| ("sec", number));
    let faults = [44, 47, 48, 50, 51, 52, 53].into_iter().map(|number| ("flt", number));
    security.chain(faults).chain(writing_rows().into_keys()).collect()
}

/// The rows that commands which write can reach, and the servers that each has to be tested on.
fn writing_rows() -> BTreeMap<Row, BTreeSet<Server>> {
    let faults = (1..=43).chain([45, 46, 49]).chain(54..=60).map(|number| ("flt", number));
    let rows = faults.chain((55..=58).map(|number| ("sec", number)));
    rows.map(|row| {
        let real = REAL.contains(&row).then_some(Server::Real);
        (row, real.into_iter().chain([Server::Scripted]).collect())
    })
    .collect()
}

/// Rows that the catalogue wants on the real server: on it alone, behind the proxy, with a webhook, or killed at every request.
const REAL: &[Row] = &[
    ("flt", 2),
    ("flt", 3),
    ("flt", 4),
    ("flt", 5),
    ("flt", 6),
    ("flt", 7),
    ("flt", 8),
    ("flt", 9),
    ("flt", 10),
    ("flt", 11),
    ("flt", 12),
    ("flt", 13),
    ("flt", 14),
    ("flt", 15),
    ("flt", 16),
    ("flt", 17),
    ("flt", 18),
    ("flt", 19),
    ("flt", 20),
    ("flt", 21),
    ("flt", 22),
    ("flt", 23),
    ("flt", 24),
    ("flt", 25),
    ("flt", 26),
    ("flt", 27),
    ("flt", 29),
    ("flt", 32),
    ("flt", 33),
    ("flt", 34),
    ("flt", 35),
    ("flt", 36),
    ("flt", 37),
    ("flt", 38),
    ("flt", 55),
    ("flt", 56),
    ("flt", 57),
    ("flt", 58),
    ("flt", 60),
    ("sec", 55),
    ("sec", 56),
    ("sec", 57),
];

/// Files whose tests answer the program themselves, but for those that ask for a cluster.
const SCRIPTED: &[&str] = &["cluster_faults.rs", "lock.rs", "ready/polling.rs", "writing/scripted.rs"];

/// Rows that are tested, but not on this server, and why.
const ELSEWHERE: &[(Row, Server, &str)] = &[
    (
        ("flt", 15),
        Server::Real,
        "v1 of webhook configurations takes none with side effects, as a test beside shows; a server of today refuses a dry run only for \
         configurations that were stored before Kubernetes 1.22",
    ),
    (
        ("flt", 16),
        Server::Scripted,
        "the server in memory serves no definitions; waiting for them is all that the row is about",
    ),
    (
        ("flt", 29),
        Server::Scripted,
        "the server in memory serves every object once; the guard is a table beside the code",
    ),
    (
        ("flt", 45),
        Server::Scripted,
        "the fault is in the repository, and no answer of the server has a part in it",
    ),
    (
        ("flt", 46),
        Server::Scripted,
        "the fault is in the repository, and no answer of the server has a part in it",
    ),
    (
        ("flt", 49),
        Server::Scripted,
        "the fault is in the repository, and no answer of the server has a part in it",
    ),
    (
        ("flt", 54),
        Server::Scripted,
        "the fault is in the render, and no answer of the server has a part in it",
    ),
    (
        ("flt", 56),
        Server::Scripted,
        "the server in memory writes ConfigMaps alone; the guard is a table beside the code",
    ),
];

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
    (("sec", 48), "archives: charts are refused by name"),
    (("sec", 59), "there is no audit log yet; identities at the server are tested"),
    (
        ("flt", 52),
        "a program that ends well after half an output, at the end of a document, cannot be told from one that had no more",
    ),
    (("flt", 9), "the client speaks HTTP/1.1 alone, which has no GOAWAY; connections that close are tested"),
    (("flt", 26), "waiting reads lists again and again and opens no watch, so that none can be dropped"),
    (
        ("flt", 43),
        "nothing makes the program itself panic: its hook and its lock are tested in a process of the tests, and 101 is what the \
         runtime of the language makes of a panic that reaches the end of main",
    ),
    (
        ("flt", 53),
        "a line such as `Warning: text` right before an object is YAML, and so a field of the object",
    ),
];

#[test]
fn every_row_of_the_writing_commands_is_tested_on_its_servers() {
    let tested = tested(Path::new(env!("CARGO_MANIFEST_DIR")));
    let absent: BTreeSet<Row> = ABSENT.iter().map(|(row, _)| *row).collect();
    let elsewhere: BTreeMap<(Row, Server), &str> =
        ELSEWHERE.iter().map(|(row, server, why)| ((*row, *server), *why)).collect();
    assert_eq!(elsewhere.len(), ELSEWHERE.len(), "a row stands twice");
    let (mut wrong, rows) = (Vec::new(), writing_rows());
    for (row, servers) in rows.iter().filter(|(row, _)| !absent.contains(row)) {
        let tests = tested.get(row).map(Vec::as_slice).unwrap_or_default();
        for server in servers {
            let is_tested = tests.iter().any(|test| test.servers.contains(server));
            match (is_tested, elsewhere.get(&(*row, *server))) {
                (false, None) => wrong.push(format!("{row:?} is not tested on {server:?}: {tests:?}")),
                (true, Some(_)) => {
                    wrong.push(format!("{row:?} is tested on {server:?} and has a reason not to be"))
                }
                _ => {}
            }
        }
    }
    for ((row, server), reason) in elsewhere {
        let is_asked = rows.get(&row).is_some_and(|servers| servers.contains(&server));
        if !is_asked || absent.contains(&row) || reason.is_empty() {
            wrong.push(format!("{row:?} on {server:?} is not asked for, or has no reason"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

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

/// A test that bears the number of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test {
    name: String,
    /// None for what needs no server.
    servers: BTreeSet<Server>,
}

/// The rows that names of test functions bear, with those tests.
fn tested(root: &Path) -> BTreeMap<Row, Vec<Test>> {
    let mut found: BTreeMap<Row, Vec<Test>> = BTreeMap::new();
    let integration = root.join("tests/integration");
    let mut directories = vec![root.join("src"), integration.clone()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory of the source tree can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let place = path.strip_prefix(&integration).ok();
                let is_scripted =
                    place.is_some_and(|place| SCRIPTED.iter().any(|file| place == Path::new(file)));
                for test in test_functions(&text, is_scripted) {
                    for row in rows_of(&test.name) {
                        found.entry(row).or_default().push(test.clone());
                    }
                }
            }
        }
    }
    found
}

/// Functions with a test attribute that no `#[ignore]` switches off. The servers are told by what a test asks for.
fn test_functions(text: &str, is_scripted: bool) -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
            continue;
        }
        if let Some(test) = tests.last_mut() {
            test.servers.extend(asked_for(line).iter().copied());
        }
        let declared = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
        if let Some(name) = declared.filter(|_| is_test && !is_ignored) {
            let name = name.split('(').next().unwrap_or_default().to_owned();
            tests.push(Test { name, servers: is_scripted.then_some(Server::Scripted).into_iter().collect() });
        }
        (is_test, is_ignored) = (false, false);
    }
    for test in &mut tests {
        // What asks for a cluster in a file of scripted answers asks for it in their place.
        if is_scripted && test.servers.contains(&Server::Real) {
            test.servers.remove(&Server::Scripted);
        }
    }
    tests
}

/// The servers that a line asks for.
fn asked_for(line: &str) -> &'static [Server] {
    let is = |words: &[&str]| words.iter().any(|word| line.contains(word));
    match () {
        () if is(&["Bed::both()"]) => &[Server::Scripted, Server::Real],
        () if is(&["Bed::scripted()", "Proxy::scripted("]) => &[Server::Scripted],
        () if is(&["cluster::shared()", "cluster::private()"]) => &[Server::Real],
        () => &[],
    }
}

/// `sec_01_to_05_links` is rows 1 to 5, `flt_20_and_21_accounts` and `flt_20_flt_21_accounts` rows 20 and 21, `sec_02_canary` row 2.
fn rows_of(name: &str) -> Vec<Row> {
    let (mut rows, mut words) = (BTreeSet::new(), name.split('_').peekable());
    let mut catalogue = match words.next() {
        Some("sec") => "sec",
        Some("flt") => "flt",
        _ => return Vec::new(),
    };
    let mut last: Option<u32> = None;
    let mut is_range = false;
    for word in words {
        match (word, word.parse::<u32>().ok()) {
            (_, Some(number)) => {
                let first = last.filter(|_| is_range).unwrap_or(number);
                rows.extend((first..=number).map(|number| (catalogue, number)));
                (last, is_range) = (Some(number), false);
            }
            ("to", None) if last.is_some() => is_range = true,
            ("and", None) if last.is_some() => is_range = false,
            ("sec", None) => catalogue = "sec",
            ("flt", None) => catalogue = "flt",
            _ => break,
        }
    }
    rows.into_iter().collect()
}

#[test]
fn names_are_read() {
    let table: &[(&str, &[u32])] = &[
        ("sec_02_canary", &[2]),
        ("sec_01_to_05_links", &[1, 2, 3, 4, 5]),
        ("flt_20_and_21_accounts", &[20, 21]),
        ("sec_02_and_13_and_35_x", &[2, 13, 35]),
        ("sec_56_sec_57_x", &[56, 57]),
        ("sec_56_and_x_57", &[56]),
        ("sec_x", &[]),
        ("section_2", &[]),
        ("sec_23_a_429_of", &[23]),
    ];
    for (name, expected) in table {
        let numbers: Vec<u32> = rows_of(name).into_iter().map(|(_, number)| number).collect();
        assert_eq!(numbers, *expected, "{name}");
    }
    let text = "#[test]\nfn sec_01_a() {}\n// #[test]\nfn sec_02_b() {}\n#[tokio::test(x)]\n#[expect(y)]\nasync fn \
                sec_03_c(\nlet x = cluster::shared();\n#[test]\n#[ignore = \"slow\"]\nfn sec_04_d() {}\n";
    let test = |name: &str, servers: &[Server]| Test {
        name: name.to_owned(),
        servers: servers.iter().copied().collect(),
    };
    let real = test("sec_03_c", &[Server::Real]);
    assert_eq!(test_functions(text, false), [test("sec_01_a", &[]), real.clone()]);
    assert_eq!(test_functions(text, true), [test("sec_01_a", &[Server::Scripted]), real]);
    let both = "#[test]\nfn flt_05_a() {\nfor bed in Bed::both() {\n";
    assert_eq!(test_functions(both, false), [test("flt_05_a", &[Server::Scripted, Server::Real])]);
    assert_eq!(rows_of("flt_57_sec_57_x"), [("flt", 57), ("sec", 57)]);
}
