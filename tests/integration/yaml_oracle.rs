//! The real kubectl as the judge of our YAML: the same bytes must give the same JSON, or be refused by both.
//!
//! `kubectl annotate --local` reads files without a server, goes on after a broken one, and prints the objects as JSON. All
//! snippets of a test go through one call.
#![expect(clippy::disallowed_methods, reason = "the test starts kubectl and writes its input")]

mod snippets;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use gitops::object::value::same;
use gitops::render::plain::render_stream;
use serde_json::Value;

use snippets::Snippet;

/// The kubectl that judges: named, else that of the test cluster, else the one in PATH.
fn kubectl() -> PathBuf {
    let named = env::var_os("GITOPS_TEST_KUBECTL").map(PathBuf::from);
    let cluster = env::var_os("GITOPS_TEST_CLUSTER_BIN").map(|bin| PathBuf::from(bin).join("kubectl"));
    let path = named.or(cluster).unwrap_or_else(|| "kubectl".into());
    let runs = Command::new(&path).args(["version", "--client"]).output();
    assert!(
        runs.is_ok_and(|output| output.status.success()),
        "no kubectl at {}: put it in PATH or name it in GITOPS_TEST_KUBECTL",
        path.display()
    );
    path
}

/// What kubectl reads from each file: its objects by file number, nothing for a file that it refuses.
fn read_by_kubectl(files: &[Vec<u8>]) -> BTreeMap<usize, Vec<Value>> {
    let directory = tempfile::tempdir().unwrap();
    for (number, content) in files.iter().enumerate() {
        std::fs::write(directory.path().join(format!("{number:05}.yaml")), content).unwrap();
    }
    let output = Command::new(kubectl())
        .args(["annotate", "--local", "-o", "json", "-f"])
        .arg(directory.path())
        .arg("no-such-annotation-")
        .env("KUBECONFIG", "/dev/null")
        .output()
        .unwrap();
    let mut read: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for object in serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
        let object = object.expect("kubectl prints JSON");
        let number = object["metadata"]["annotations"]["file"]
            .as_str()
            .unwrap_or_else(|| panic!("an object of no file: {object}"));
        read.entry(number.parse().unwrap()).or_default().push(object);
    }
    // A file with several documents may print some before one is refused.
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    read.retain(|number, _| !errors.contains(&format!("/{number:05}.yaml")));
    read
}

fn read_by_us(content: &[u8]) -> Result<Vec<Value>, String> {
    match render_stream(content) {
        Ok(manifests) => Ok(manifests.items.into_iter().map(|item| item.object).collect()),
        Err(error) => Err(error.to_string()),
    }
}

fn disagreement(kubectl: Option<&Vec<Value>>, ours: &Result<Vec<Value>, String>) -> Option<String> {
    match (kubectl, ours) {
        (None, Err(_)) => None,
        (Some(theirs), Ok(ours)) if same(&Value::from(theirs.clone()), &Value::from(ours.clone())) => None,
        (None, Ok(ours)) => Some(format!("kubectl refuses, we read {}", Value::from(ours.clone()))),
        (Some(theirs), Err(error)) => {
            Some(format!("kubectl reads {}, we refuse: {error}", Value::from(theirs.clone())))
        }
        (Some(theirs), Ok(ours)) => Some(format!(
            "kubectl reads\n      {}\n    we read\n      {}",
            Value::from(theirs.clone()),
            Value::from(ours.clone())
        )),
    }
}

#[test]
fn sec_54_snippets_are_read_as_kubectl_reads_them() {
    let snippets = snippets::all();
    let files: Vec<Vec<u8>> = snippets
        .iter()
        .enumerate()
        .map(|(number, snippet)| snippet.file(number))
        .collect();
    let theirs = read_by_kubectl(&files);
    assert!(snippets.len() >= 300, "only {} snippets", snippets.len());
    assert!(theirs.len() >= 200, "kubectl read only {} of them", theirs.len());
    let mut report = String::new();
    for (number, snippet) in snippets.iter().enumerate() {
        let ours = read_by_us(&files[number]);
        let found = disagreement(theirs.get(&number), &ours);
        match (snippet.refused_by_us, found) {
            (false, None) => {}
            (true, Some(_)) if ours.is_err() => {}
            (true, _) => {
                let _ = writeln!(report, "{}: stated as an exception, but is none", snippet.shown());
            }
            (false, Some(found)) => {
                let _ = writeln!(report, "{}:\n    {found}", snippet.shown());
            }
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

impl Snippet {
    fn shown(&self) -> String {
        format!("{:?}", String::from_utf8_lossy(&self.text))
    }
}

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Refusals of ours that are stated exceptions; kubectl reads such a text in part, or by chance.
const STATED: &[&str] = &[
    "which kubectl would ignore",
    "found unexpected ':'",
    "unsupported tag",
    "byte order mark",
    "while scanning a tag",
    "which of the two kubectl takes is chance",
];

#[test]
fn sec_54_random_snippets_are_read_as_kubectl_reads_them() {
    let count: usize = env::var("GITOPS_TEST_YAML_RANDOM").map_or(3000, |count| count.parse().unwrap());
    let seed = env::var("GITOPS_TEST_YAML_SEED").map_or(1, |seed| seed.parse().unwrap());
    let mut random = Random(seed);
    let snippets: Vec<Snippet> = (0..count).map(|_| random_snippet(&mut random)).collect();
    let files: Vec<Vec<u8>> = snippets
        .iter()
        .enumerate()
        .map(|(number, snippet)| snippet.file(number))
        .collect();
    let theirs = read_by_kubectl(&files);
    assert!(theirs.len() > count / 8, "kubectl read only {}", theirs.len());
    let mut report = String::new();
    for (number, snippet) in snippets.iter().enumerate() {
        let ours = read_by_us(&files[number]);
        let stated = matches!(&ours, Err(error) if STATED.iter().any(|text| error.contains(text)));
        if let (Some(found), false) = (disagreement(theirs.get(&number), &ours), stated) {
            let _ = writeln!(report, "{}:\n    {found}", snippet.shown());
        }
    }
    assert!(report.is_empty(), "\n{report}");
}

fn random_snippet(random: &mut Random) -> Snippet {
    let tokens = 1 + random.below(12);
    let text: String = (0..tokens).map(|_| *random.pick(snippets::TOKENS)).collect();
    snippets::part(text)
}
