//! Tables for the reader. What kubectl makes of the same bytes is asked in `tests/integration/yaml_oracle.rs`.

use serde_json::json;

use super::*;
use crate::render::origin::Step;

fn value(text: &str) -> Value {
    let reading =
        read(text.as_bytes(), Dialect::Plain).unwrap_or_else(|errors| panic!("{text:?}: {errors:?}"));
    assert_eq!(reading.documents.len(), 1, "{text:?}");
    reading.documents[0].value.clone()
}

fn problem(text: &str) -> (u32, u32, String) {
    let problems = read(text.as_bytes(), Dialect::Plain).unwrap_err();
    assert_eq!(problems.len(), 1, "{text:?}: {problems:?}");
    (problems[0].line, problems[0].column, problems[0].message.clone())
}

fn warnings(text: &str) -> Vec<(u32, u32, String)> {
    let reading = read(text.as_bytes(), Dialect::Plain).unwrap();
    let place = |warning: Remark| (warning.line, warning.column, warning.message);
    reading.warnings.into_iter().map(place).collect()
}

/// The published tables of differences between kubectl's YAML and others.
#[test]
fn sec_54_scalars_mean_what_they_mean_to_kubectl() {
    let table = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("on", json!(true)),
        ("yEs", json!("yEs")),
        ("0644", json!(420)),
        ("0o644", json!(420)),
        ("08", json!(8)),
        ("0888", json!(888)),
        ("1_000", json!(1000)),
        ("1__0", json!(10)),
        ("1_000.5", json!(1000.5)),
        ("0b11", json!(3)),
        ("0x1F", json!(31)),
        ("1:30", json!("1:30")),
        ("2020-01-01", json!("2020-01-01")),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        ("1e999", json!("1e999")),
        ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
        ("9223372036854775808", json!(9_223_372_036_854_775_808_f64)),
        ("18446744073709551616", json!(18_446_744_073_709_551_616_f64)),
        ("!!bool \"yes\"", json!(true)),
        ("!!binary aGk=", json!("hi")),
        ("!!str 1", json!("1")),
        ("'yes'", json!("yes")),
        ("~", json!(null)),
        ("\t1", json!(1)),
    ];
    for (text, expected) in table {
        assert_eq!(value(&format!("a: {text}"))["a"], expected, "{text:?}");
    }
    for (key, expected) in [("y", "true"), ("off", "false"), ("1e6", "1e+06"), ("0x10", "16"), ("'y'", "y")] {
        assert_eq!(value(&format!("{key}: 1")), json!({ expected: 1 }));
    }
}

#[test]
fn merges_follow_the_order_of_the_text() {
    let base = "b: &b {k: 2, l: 3}\nc: &c {k: 4}\n";
    let merged = |text: &str| value(&format!("{base}v: {text}"))["v"].clone();
    assert_eq!(merged("{<<: *b, k: 9}"), json!({"k": 9, "l": 3}));
    assert_eq!(merged("{k: 9, <<: *b}"), json!({"k": 2, "l": 3}));
    assert_eq!(merged("{<<: [*c, *b]}"), json!({"k": 4, "l": 3}));
    assert_eq!(merged("{\"<<\": *c}"), json!({"<<": {"k": 4}}));
    let (line, column, message) = warnings(&format!("{base}v: {{k: 9, <<: *b}}")).remove(0);
    assert_eq!((line, column), (1, 8));
    assert_eq!(message, "merged key \"k\" overrides the one at 3:5, because `<<` stands after it");
}

#[test]
fn sec_54_duplicate_keys_warn_with_both_positions() {
    let found = warnings("x: 0\na: 1\nb: {c: 1, c: 2}\na: 2\n");
    let text = |key: &str, at: &str| {
        format!("duplicate key {key:?}: kubectl takes this one and ignores the one at {at}")
    };
    assert_eq!(found, [(3, 11, text("c", "3:5")), (4, 1, text("a", "2:1"))]);
    assert_eq!(value("a: 1\na: 2\n"), json!({"a": 2}));
    assert_eq!(warnings("{\"a\": 1,\n \"a\": 2}"), [(2, 2, text("a", "1:2"))]);
    assert_eq!(value("{\"a\": 1, \"a\": 2}"), json!({"a": 2}));
    // The same key in two maps is none.
    assert_eq!(warnings("a: {k: 1}\nb: {k: 1}\nc: [{k: 1}, {k: 1}]"), []);
    let (line, column, message) = problem("1: a\n\"1\": b\n");
    assert_eq!((line, column), (2, 1));
    assert!(message.contains("1:1") && message.contains("chance"), "{message}");
}

#[test]
fn sec_54_words_of_yaml_1_1_are_flagged() {
    let found = warnings("on: 1\nv: yes\nw: true\nx: 'no'\nz: [n]\n");
    let places: Vec<(u32, u32)> = found.iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(places, [(1, 1), (2, 4), (5, 5)]);
    assert!(found[0].2.contains("key") && found[1].2.contains("value"), "{found:?}");
}

#[test]
fn every_field_knows_its_line() {
    let text =
        "# c\n---\na:\n  b: 1\n  c:\n  - x\n  -\n    x: 2\nd: |\n  t\ne: &e\n  f: 1\ng: *e\nh:\n  <<: *e\n";
    let reading = read(text.as_bytes(), Dialect::Plain).unwrap();
    let document = &reading.documents[0];
    assert_eq!((document.line, document.column), (3, 1));
    let key = Step::Key;
    let lines: &[(&[Step<'_>], Option<u32>)] = &[
        (&[key("a")], Some(3)),
        (&[key("a"), key("b")], Some(4)),
        (&[key("a"), key("c"), Step::Index(1)], Some(8)),
        (&[key("a"), key("c"), Step::Index(1), key("x")], Some(8)),
        (&[key("d")], Some(9)),
        (&[key("g")], Some(13)),
        (&[key("g"), key("f")], Some(12)),
        (&[key("h"), key("f")], Some(12)),
        (&[key("none")], None),
    ];
    for (path, line) in lines {
        assert_eq!(document.lines.line(path.iter().copied()), *line, "{path:?}");
    }
    let json = read(b"{\n \"a\": [1,\n  {\"b\": 2}]\n}\n", Dialect::Plain).unwrap();
    let path = [key("a"), Step::Index(1), key("b")];
    assert_eq!(json.documents[0].lines.line(path), Some(3));
}

#[test]
fn errors_say_where() {
    let table = [
        ("a: 1\n\tb: 2\n", (2, 1), "tab character"),
        ("a: 1\n---\nb:\n  - @x\n", (4, 5), "found character that cannot start any token"),
        ("a: [1\nb: 2\n", (2, 2), "did not find expected ',' or ']'"),
        ("a: .inf\n", (1, 4), "no JSON form"),
        ("a: 1\n~: 2\n", (2, 1), "a key is null"),
        ("? [a]\n: 1\n", (1, 3), "a map or list cannot be a key"),
        ("18446744073709551615: 1\n", (1, 1), "more than 64 bits"),
        ("a: !custom x\n", (1, 4), "unsupported tag"),
        ("a: !!int x\n", (1, 4), "does not fit its tag"),
        ("a: *x\n", (1, 4), "not defined before"),
        ("a: &x [*x]\n", (1, 8), "alias of the node that holds it"),
        ("a: 1\n--- b\n", (2, 4), "after the document separator"),
        ("a: 1\n...\nb: 2\n", (3, 1), "which kubectl would ignore"),
        ("a: \"\\/\"\n", (1, 4), "unknown escape"),
        ("a: 1\nb: \u{1}\n", (2, 4), "control characters"),
        ("a: 1\n\u{feff}b: 2\n", (2, 1), "byte order mark"),
        ("v: 1\n<<: 2\n", (2, 5), "no map and no list of maps"),
        ("{\"a\": 1,\n  \"b\": tru]}", (2, 11), "expected \',\' or \'}\'"),
        ("{\"a\": \"\\/\",\n \"b\": tru}", (2, 7), "expected a value"),
        ("{\"a\": 1e999}", (1, 12), "out of range"),
        ("{\"a\": 1}{\"a\": 2}\n{", (2, 2), "the JSON text ends"),
        ("v: [a?b]\n", (1, 5), "question mark"),
        ("v: !!binary '*'\n", (1, 4), "no base64"),
    ];
    for (text, place, message) in table {
        let (line, column, found) = problem(text);
        assert!(found.contains(message), "{text:?}: {found}");
        assert_eq!((line, column), place, "{text:?}");
    }
    let problems = read(b"a: 1\nb: \xff\n", Dialect::Plain).unwrap_err();
    assert_eq!((problems[0].line, problems[0].column), (2, 4));
}

#[test]
fn every_document_of_a_file_is_checked() {
    let problems = read(b"a: @\n---\nb: 1\n---\nc: *x\n", Dialect::Plain).unwrap_err();
    let lines: Vec<u32> = problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 5]);
}

#[test]
fn empty_documents_are_left_out() {
    for text in ["", "\n", "# c\n", "---\n", "---\n---\n# c\n", "null\n", "~", "\u{feff}", "--- # c\n"] {
        let reading = read(text.as_bytes(), Dialect::Plain).unwrap();
        assert!(reading.documents.is_empty(), "{text:?}");
    }
}

#[test]
fn a_file_in_utf_16_is_read() {
    let units: Vec<u8> = "\u{feff}a: é😀\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reading = read(&units, Dialect::Plain).unwrap();
    assert_eq!(reading.documents[0].value, json!({"a": "é😀"}));
    assert!(read(&units[..units.len() - 1], Dialect::Plain).is_err());
    assert!(read(b"\xff\xfe\x00\xd8", Dialect::Plain).is_err());
}

/// The parser panics here, and kubectl's refuses it.
#[test]
fn a_tag_that_ends_with_a_comma_is_a_problem_and_no_panic() {
    let found = |line, column| (line, column, "a tag with a comma behind it".to_owned());
    assert_eq!(problem("a: 1\nb: [!, c]\n"), found(2, 5));
    assert_eq!(problem("a: \"hi! you, there\"\n---\nb: {c: !!str,}\n"), found(3, 8));
    assert!(!is_guarded());
}
