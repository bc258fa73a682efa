//! Kustomizations: the same directories through kustomize's own packages and through us must give the same objects in the same
//! order, or be refused by both.
#![expect(clippy::disallowed_methods, reason = "the tests start the oracle and read the cases")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod applied;
mod build;
mod cluster;
mod external;
mod hostile;
mod lock;
mod messages;
mod oracle;
mod pairs;
mod published;
mod random;
mod remote;

use std::path::Path;

use oracle::{Case, compare};

/// The cases of a file: `##### name`, then `=== path` before the text of each file. `=== path -> target` is a link. A name that
/// starts with `!` states that we refuse what kustomize takes, with the reason behind a colon. `%%%%% shared` starts files that all
/// cases below have, unless they have their own.
fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut shared: Option<usize> = None;
    let mut file = None;
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "%%%%% shared" {
            shared = Some(cases.len());
            cases.push(Case::named("shared"));
            file = None;
        } else if let Some(name) = line.strip_prefix("##### ") {
            let files = shared.map(|at| cases[at].files.clone()).unwrap_or_default();
            cases.push(Case { files, ..Case::named(name.trim()) });
            file = None;
        } else if let (Some(path), Some(case)) = (line.strip_prefix("=== "), cases.last_mut()) {
            let path = path.trim();
            match path.split_once(" -> ") {
                Some((path, target)) => {
                    case.links.insert(path.to_owned(), target.to_owned());
                    file = None;
                }
                None => {
                    case.files.insert(path.to_owned(), Vec::new());
                    file = Some(path.to_owned());
                }
            }
        } else if let (Some(path), Some(case)) = (&file, cases.last_mut()) {
            case.files.get_mut(path).unwrap().extend_from_slice(line.as_bytes());
        }
    }
    cases.retain(|case| case.name != "shared");
    cases
}

fn files_of_cases() -> Vec<(String, Vec<Case>)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/kustomize/cases");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &Path| cases(&std::fs::read_to_string(path).unwrap());
    files.iter().map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), read(path))).collect()
}

/// Every directory that was written by hand.
#[test]
fn cases_are_built_as_kustomize_builds_them() {
    let all: Vec<Case> = files_of_cases()
        .into_iter()
        .flat_map(|(file, cases)| {
            cases.into_iter().map(move |case| Case { name: format!("{file}: {}", case.name), ..case })
        })
        .collect();
    assert!(all.len() >= 500, "only {} cases", all.len());
    compare(&all, 380);
}

/// Files whose last line has no end, which the format of the cases cannot hold.
#[test]
fn last_lines_without_an_end_are_read_as_kustomize_reads_them() {
    let head = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n";
    let ends = [
        "  k: |\n    one\n    two",
        "  k: |+\n    one",
        "  k: |-\n    one",
        "  k: >\n    one\n    two",
        "  k: >+\n    one\n\n    two",
        "  k: |\n    one\n  ",
        "  k: |\n    one\n    ",
        "  k: |\n    one\n# comment",
        "  k: one",
        "  k: 'one'",
        "  k: |",
        "  k: >-",
        "  k: |\n    one\n\n",
        "  k: {a: b}",
        "  k: \"a\\\n    b\"",
        "  k: |2\n      one",
    ];
    let mut cases = Vec::new();
    for end in ends {
        let file = format!("{head}{end}");
        let case = Case::named(&format!("{end:?}"));
        cases.push(
            case.clone().with("kustomization.yaml", "resources: [a.yaml]").with("a.yaml", file.clone()),
        );
        let two = format!("{file}\n---\n{}", file.replace("name: a", "name: b"));
        cases.push(case.clone().with("kustomization.yaml", "resources: [a.yaml]").with("a.yaml", two));
        let patch = format!("{}data: {{}}\n", head.replace("data:\n", ""));
        let kustomization = "resources: [a.yaml]\npatches: [{path: p.yaml}]";
        cases.push(case.with("kustomization.yaml", kustomization).with("a.yaml", patch).with("p.yaml", file));
    }
    compare(&cases, 30);
}
