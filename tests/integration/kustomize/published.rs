//! What others have published: all kustomizations of the modules in `tests/kustomize/modules.txt`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::oracle::{Case, disagreement, theirs};

/// Kustomizations that the two treat differently, by a part of their path, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("cloudnative-pg@v1.24.1/config/olm-samples", "an object without apiVersion, which no API server takes"),
    ("cloudnative-pg@v1.24.1/config/olm-manifests", "the same object"),
];

/// What we may say where both refuse.
const REFUSALS: &[&str] = &[
    "is remote",
    "is a file of a web server",
    "no such file or directory",
    "does not lie in",
    "holds no kustomization",
    "the kustomization is empty",
    "helmCharts are not supported yet",
    "which is not among the objects",
    "is there already",
    "expected a map, found a text",
];

fn fetched() -> PathBuf {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kustomize/fetch");
    let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
    assert!(
        output.status.success(),
        "tests/kustomize/fetch failed; GITOPS_TEST_KUSTOMIZE=off skips these tests"
    );
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// The directories below one that hold a kustomization.
fn kustomizations(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let is_one = |entry: &std::fs::DirEntry| names.iter().any(|name| entry.file_name() == *name);
    if entries.iter().any(|entry| is_one(entry) && entry.file_type().unwrap().is_file()) {
        found.push(dir.to_owned());
    }
    for entry in entries {
        if entry.file_type().unwrap().is_dir() {
            kustomizations(&entry.path(), found);
        }
    }
}

/// One case for each kustomization, with the directory of its module.
fn cases(root: &Path) -> Vec<Case> {
    let list = include_str!("../../kustomize/modules.txt");
    let modules = list.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        format!("{}@{}", words[0], words[1])
    });
    let mut cases = Vec::new();
    for module in modules {
        let dir = root.join(&module);
        let mut found = Vec::new();
        kustomizations(&dir, &mut found);
        assert!(!found.is_empty(), "{module} holds no kustomization");
        let sets_types = found.iter().flat_map(|place| std::fs::read_dir(place).unwrap()).any(|file| {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap_or_default();
            text.lines().any(|line| line.starts_with("openapi:"))
        });
        for place in found {
            let path = place.strip_prefix(&dir).unwrap().to_str().unwrap().to_owned();
            let name = format!("{module}/{path}");
            cases.push(Case { on_disk: Some((dir.clone(), path)), sets_types, ..Case::named(&name) });
        }
    }
    cases
}

#[test]
fn published_kustomizations_are_built_as_kustomize_builds_them() {
    if std::env::var("GITOPS_TEST_KUSTOMIZE").as_deref() == Ok("off") {
        return;
    }
    let cases = cases(&fetched());
    let modules: BTreeSet<_> =
        cases.iter().filter_map(|case| case.on_disk.as_ref().map(|(dir, _)| dir)).collect();
    assert!(modules.len() >= 40 && cases.len() >= 600, "{} modules, {} cases", modules.len(), cases.len());
    let half = cases.len() / 2;
    let answers = std::thread::scope(|scope| {
        let back = scope.spawn(|| theirs(&cases[half..]));
        let mut front = theirs(&cases[..half]).unwrap();
        front.extend(back.join().unwrap().unwrap());
        front
    });
    let (mut built, mut refused, mut different, mut excepted) = (0, 0, String::new(), BTreeSet::new());
    for (case, theirs) in cases.iter().zip(&answers) {
        let ours = case.ours();
        if let (Err(theirs), Err(ours)) = (theirs, &ours)
            && !REFUSALS.iter().any(|known| ours.contains(known))
        {
            let _ = writeln!(different, "{}: we say: {ours}\n  kustomize: {theirs}\n", case.name);
        }
        let Some(wrong) = disagreement(theirs, &ours) else {
            if theirs.is_ok() {
                built += 1;
            } else {
                refused += 1;
            }
            continue;
        };
        match EXCEPTIONS.iter().find(|(path, _)| case.name.contains(path)) {
            Some((path, _)) => drop(excepted.insert(*path)),
            None => drop(write!(different, "{}\n{wrong}\n\n", case.name)),
        }
    }
    assert!(different.is_empty(), "{built} the same, {refused} refused by both, these differ:\n{different}");
    for (path, reason) in EXCEPTIONS {
        assert!(excepted.contains(path), "{path} is no exception any more ({reason})");
    }
    assert!(built >= 300, "only {built} are built, {refused} refused by both");
}
