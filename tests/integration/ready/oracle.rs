//! The oracle: a process of kstatus' own package that judges one object after the other.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What kstatus says of an object: its word, or why it refuses the object.
pub(super) type Judged = Result<String, String>;

/// The program; `None` if `GITOPS_TEST_KSTATUS=off` asks for a run without it.
fn program() -> Option<PathBuf> {
    match std::env::var("GITOPS_TEST_KSTATUS").as_deref() {
        Ok("off") => {
            crate::support::cluster::tell("skipped: kstatus, because GITOPS_TEST_KSTATUS=off");
            None
        }
        Ok(path) if !path.is_empty() => Some(path.into()),
        _ => {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kstatus/build");
            let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
            assert!(
                output.status.success(),
                "tests/kstatus/build failed; GITOPS_TEST_KSTATUS=off skips these tests"
            );
            Some(String::from_utf8(output.stdout).unwrap().trim().into())
        }
    }
}

/// What kstatus makes of each object; `None` if it is not there on purpose.
pub(super) fn kstatus(objects: &[Value]) -> Option<Vec<Judged>> {
    let mut child = Command::new(program()?)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let judged: Vec<Judged> = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
            match answer["error"].as_str() {
                Some(error) => Err(error.to_owned()),
                None => Ok(answer["status"].as_str().unwrap().to_owned()),
            }
        })
        .collect();
    writer.join().unwrap().unwrap();
    child.wait().unwrap();
    assert_eq!(judged.len(), objects.len(), "the oracle stopped early");
    Some(judged)
}
