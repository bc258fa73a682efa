//! The facts about zero values that the comparison rests on are those of the Go types themselves.
#![expect(clippy::disallowed_methods, reason = "runs the Go program that reads the types")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_table_of_zero_values_is_what_the_go_types_say() {
    if std::env::var("GITOPS_TEST_CLUSTER").is_ok_and(|value| value == "off") {
        return;
    }
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cluster");
    let output = Command::new("go")
        .args(["run", "-buildvcs=false", "./fieldfacts"])
        .current_dir(&module)
        .env("CGO_ENABLED", "0")
        .output()
        .expect("go runs; tests/run says how to install it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).expect("names are ASCII");
    let kept = include_str!("../../src/schema/builtin_fields.txt");
    let different = printed.lines().zip(kept.lines()).find(|(printed, kept)| printed != kept);
    assert_eq!(different, None, "run `go run ./fieldfacts` in tests/cluster and keep its output");
    assert_eq!(printed.lines().count(), kept.lines().count());
}
