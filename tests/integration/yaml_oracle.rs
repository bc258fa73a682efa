//! The real kubectl as the judge of our YAML: the same bytes must give the same JSON, or be refused by both.
//!
//! `kubectl annotate --local` reads files without a server, goes on after a broken one, and prints the objects as JSON. All
//! snippets of a test go through one call.
#![expect(clippy::disallowed_methods, reason = "the test starts kubectl and writes its input")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod snippets;

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use gitops::object::value::same;
use gitops::object::wire::emit_apply_json;
use gitops::render::plain::render_stream;
use gitops::render::yaml::emit;
use serde_json::Value;

use snippets::Snippet;

/// The kubectl that judges: named, else that of the test cluster, else the one in PATH. Before 1.33 kubectl never turned from
/// JSON to YAML, so an older one is no judge.
fn kubectl() -> PathBuf {
    const OLDEST: u32 = 33;
    let named = env::var_os("GITOPS_TEST_KUBECTL").map(PathBuf::from);
    let cluster = env::var_os("GITOPS_TEST_CLUSTER_BIN").map(|bin| PathBuf::from(bin).join("kubectl"));
    let path = named.or(cluster).unwrap_or_else(|| "kubectl".into());
    let output = Command::new(&path).args(["version", "--client", "-o", "json"]).output();
    let version: Option<Value> = output.ok().and_then(|output| serde_json::from_slice(&output.stdout).ok());
    let minor = version.and_then(|version| {
        let minor = version["clientVersion"]["minor"].as_str()?.to_owned();
        minor.trim_end_matches('+').parse::<u32>().ok()
    });
    assert!(
        minor.is_some_and(|minor| minor >= OLDEST),
        "no kubectl 1.{OLDEST} or newer at {} (minor version: {minor:?}): name one in GITOPS_TEST_KUBECTL",
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
        Ok(manifests) => Ok(manifests.items.into_iter().map(|item| item.object.value()).collect()),
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
    let files: Vec<Vec<u8>> =
        snippets.iter().enumerate().map(|(number, snippet)| snippet.file(number)).collect();
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
    let files: Vec<Vec<u8>> =
        snippets.iter().enumerate().map(|(number, snippet)| snippet.file(number)).collect();
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

/// Objects of several kinds with texts, keys and numbers that are hard to write.
fn nasty_object(random: &mut Random, number: usize) -> Value {
    let (api_version, kind) = *random.pick(&[
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("apps/v1", "Deployment"),
        ("example.org/v1alpha1", "Widget"),
    ]);
    let mut annotations = serde_json::Map::new();
    for _ in 0..random.below(4) {
        annotations.insert(nasty_text(random), Value::from(nasty_text(random)));
    }
    annotations.insert("file".to_owned(), Value::from(number.to_string()));
    let mut object = serde_json::json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": {"name": format!("x{number}"), "annotations": annotations}
    });
    for _ in 0..1 + random.below(3) {
        let key = format!("{}{}", random.pick(&["data", "spec", "y", "on", "1", "~"]), nasty_text(random));
        object[key] = nasty_value(random, 0);
    }
    object
}

fn nasty_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 4 { 8 } else { 12 }) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 0),
        2 => nasty_number(random),
        3..=7 => Value::from(nasty_text(random)),
        8 | 9 => (0..random.below(4)).map(|_| nasty_value(random, depth + 1)).collect(),
        _ => {
            let entries = (0..random.below(4)).map(|_| (nasty_text(random), nasty_value(random, depth + 1)));
            Value::Object(entries.collect())
        }
    }
}

fn nasty_number(random: &mut Random) -> Value {
    let bits = random.below(usize::MAX) as u64;
    match random.below(6) {
        0 => Value::from(bits as i64),
        1 => Value::from(bits),
        2 => Value::from(random.below(1000) as i64 - 500),
        3 => serde_json::Number::from_f64(f64::from_bits(bits)).map_or(Value::Null, float),
        4 => Value::from(random.below(100_000) as f64 / 1000.0),
        _ => random
            .pick(&[
                Value::from(i64::MIN),
                Value::from(i64::MAX),
                Value::from(u64::MAX),
                Value::from(-0.0),
                Value::from(1e21),
                Value::from(5e-324),
                Value::from(f64::MAX),
            ])
            .clone(),
    }
}

/// Texts from whole nasty ones, and from pieces and characters joined by chance.
fn nasty_text(random: &mut Random) -> String {
    match random.below(10) {
        0..=3 => (*random.pick(snippets::NASTY)).to_owned(),
        4 => {
            let length = *random.pick(&[3, 30, 1100]);
            (0..length).map(|_| nasty_char(random)).collect()
        }
        _ => (0..random.below(6)).map(|_| *random.pick(snippets::NASTY)).collect(),
    }
}

fn nasty_char(random: &mut Random) -> char {
    let bound = *random.pick(&[0x80, 0x100, 0x3000, 0x1_0000, 0x11_0000]);
    char::from_u32(random.below(bound) as u32).unwrap_or('\u{fffd}')
}

/// Writes generated objects and compares what kubectl reads, 100 objects a file.
/// A float that is whole and within 64 bits is read as an integer, of the shortest digits that mean the float: beyond 2^53 that
/// is another integer than the float.
fn float(number: serde_json::Number) -> Value {
    let size = number.as_f64().unwrap_or_default().abs();
    if (2.0_f64.powi(53)..2.0_f64.powi(63)).contains(&size) { Value::Null } else { Value::Number(number) }
}

fn assert_read_back(
    count: usize,
    seed: u64,
    keep: impl Fn(&Value) -> bool,
    write: impl Fn(&[Value]) -> Vec<u8>,
) {
    let mut random = Random(seed);
    let groups: Vec<Vec<Value>> = (0..count / 100)
        .map(|number| {
            let objects = std::iter::repeat_with(|| nasty_object(&mut random, number));
            objects.filter(&keep).take(100).collect()
        })
        .collect();
    let files: Vec<Vec<u8>> = groups.iter().map(|group| write(group)).collect();
    let read = read_by_kubectl(&files);
    let mut objects = 0;
    for (number, group) in groups.iter().enumerate() {
        let text = String::from_utf8_lossy(&files[number]);
        let theirs = read.get(&number).unwrap_or_else(|| panic!("kubectl refuses file {number}:\n{text}"));
        assert_eq!(theirs.len(), group.len(), "file {number}");
        for (theirs, ours) in theirs.iter().zip(group) {
            assert!(same(theirs, ours), "kubectl reads\n{theirs}\nwe meant\n{ours}");
            objects += 1;
        }
    }
    assert_eq!(objects, count);
}

#[test]
fn kubectl_reads_our_yaml_back_as_the_same() {
    assert_read_back(10_000, 1, |_| true, |group| emit::stream(group, emit::Order::Manifest).into_bytes());
}

/// The body of an apply is read by the same YAML library as a file that starts with `---`.
#[test]
fn a_yaml_reader_takes_our_apply_bodies_for_what_they_are() {
    let short_keys = |object: &Value| emit_apply_json(object).is_ok();
    assert_read_back(2_000, 2, short_keys, |group| {
        let bodies = group.iter().map(|object| emit_apply_json(object).unwrap());
        bodies.flat_map(|body| [b"---\n".to_vec(), body, b"\n".to_vec()].concat()).collect()
    });
}

#[test]
fn we_read_our_yaml_back_as_the_same() {
    let mut random = Random(3);
    for number in 0..2_000 {
        let object = nasty_object(&mut random, number);
        let text = emit::document(&object, emit::Order::Sorted);
        let read = read_by_us(text.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert!(read.len() == 1 && same(&read[0], &object), "{text}");
    }
}
