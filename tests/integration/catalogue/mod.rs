//! The catalogue of drift cases, by number: each row is a test, or stands in the table of open rows with the reason.
//!
//! Rows that need no server, or only its answer, are pure values; the answers are what a kube-apiserver 1.36 was seen to
//! give. The others run on the test cluster.

mod a_lists;
mod admission;
mod b_scalars;
mod c_defaults;
mod canonical;
mod d_ownership;
mod decided;
mod e_types;
mod f_admission;
mod order;
mod properties;
mod race;
mod schemas;
mod server;
mod shaped;
mod values;
mod versions;

/// Number of rows.
const ROWS: u16 = 140;

const FILES: [&str; 7] = [
    include_str!("a_lists.rs"),
    include_str!("b_scalars.rs"),
    include_str!("c_defaults.rs"),
    include_str!("d_ownership.rs"),
    include_str!("e_types.rs"),
    include_str!("f_admission.rs"),
    include_str!("../set_record.rs"),
];

/// Rows whose verdict rests on what a real server does: they have to run on one. 140 needs an older release.
const ON_A_SERVER: [u16; 40] = [
    11, 16, 19, 27, 28, 29, 31, 32, 33, 41, 42, 43, 44, 45, 47, 48, 55, 56, 60, 61, 64, 65, 66, 67, 68, 69,
    70, 72, 74, 79, 83, 94, 112, 113, 114, 117, 127, 128, 129, 134,
];

#[test]
fn what_rests_on_the_server_runs_on_one() {
    let tables = [canonical::numbers(), decided::numbers(), admission::numbers(), versions::numbers()];
    let tables: Vec<u16> = tables.into_iter().flatten().collect();
    let lacking: Vec<u16> = ON_A_SERVER.into_iter().filter(|row| !tables.contains(row)).collect();
    assert_eq!(lacking, [0; 0]);
}

/// Numbers of the tests named `row_NNN_…`.
fn named() -> Vec<u16> {
    let number = |rest: &str| rest.get(..3).and_then(|digits| digits.parse().ok());
    let tests = FILES.iter().flat_map(|file| file.split("fn row_").skip(1));
    tests.map(|rest| number(rest).expect("a row's test is named by its number")).collect()
}

/// Numbers in the first column of a table of the page.
fn listed(heading: &str) -> Vec<u16> {
    let page = include_str!("README.md");
    let (_, section) = page.split_once(heading).expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    cells.flat_map(|cell| cell.split(", ")).filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn every_row_is_a_test_or_has_a_reason_why_not() {
    let tables = [canonical::numbers(), decided::numbers(), admission::numbers(), versions::numbers()];
    let tested: Vec<u16> = named().into_iter().chain(tables.into_iter().flatten()).collect();
    let open = listed("## Rows that are no tests yet");
    for row in 1..=ROWS {
        let places = tested.iter().chain(&open).filter(|number| **number == row).count();
        assert_eq!(places, 1, "row {row:03} stands in {places} places");
    }
    assert_eq!(tested.len() + open.len(), usize::from(ROWS));
    let partly = listed("## Rows of which a part is left");
    assert!(!partly.is_empty() && partly.iter().all(|row| tested.contains(row)), "{partly:?}");
}
