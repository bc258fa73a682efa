//! The oracle: a process of kustomize's own packages that builds one directory after the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gitops::object::value::same;
use gitops::render::RenderError;
use gitops::render::kustomize::{Options, render};
use gitops::source::local::LocalTree;
use gitops::source::tree::{MemoryTree, RepoPath};
use serde_json::{Value, json};

/// One directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) links: BTreeMap<String, String>,
    /// A directory on disk in place of files and links, and the directory in it.
    pub(super) on_disk: Option<(PathBuf, String)>,
    /// True if a kustomization on disk sets types with `openapi`.
    pub(super) sets_types: bool,
}

impl Case {
    pub(super) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub(super) fn with(mut self, path: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), text.into());
        self
    }

    /// The directory to build: `app` if there is one.
    fn path(&self) -> &'static str {
        if self.files.keys().any(|path| path.starts_with("app/")) { "app" } else { "." }
    }

    pub(super) fn tree(&self) -> MemoryTree {
        let mut tree = MemoryTree::default();
        for (path, content) in &self.files {
            tree = tree.with_file(path, content.clone());
        }
        for (path, target) in &self.links {
            tree = tree.with_link(path, target);
        }
        tree
    }

    /// What we make of it.
    pub(super) fn ours(&self) -> Result<Vec<Value>, String> {
        let built = match &self.on_disk {
            Some((root, path)) => {
                let place = RepoPath::root().join(path).unwrap();
                render(&LocalTree::new(root.clone()), &place, Options::default())
            }
            None => render(&self.tree(), &RepoPath::root().join(self.path()).unwrap(), Options::default()),
        };
        match built {
            Ok(manifests) => Ok(manifests.items.into_iter().map(|item| item.object.value()).collect()),
            Err(RenderError::NoManifests { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn request(&self) -> String {
        if let Some((root, path)) = &self.on_disk {
            return json!({"root": root, "path": path, "types": self.sets_types}).to_string() + "\n";
        }
        let files: BTreeMap<&String, String> =
            self.files.iter().map(|(path, content)| (path, STANDARD.encode(content))).collect();
        json!({"files": files, "links": self.links, "path": self.path()}).to_string() + "\n"
    }

    fn shown(&self) -> String {
        let mut out = format!("##### {}\n", self.name);
        for (path, content) in self
            .files
            .iter()
            .filter(|(path, _)| !path.ends_with("/objects.yaml") && !path.starts_with("base/"))
        {
            let _ = write!(out, "=== {path}\n{}", String::from_utf8_lossy(content));
        }
        out
    }
}

/// The program; `None` if `GITOPS_TEST_KUSTOMIZE=off` asks for a run without it.
pub(super) fn program() -> Option<PathBuf> {
    match std::env::var("GITOPS_TEST_KUSTOMIZE").as_deref() {
        Ok("off") => None,
        Ok(path) if !path.is_empty() => Some(path.into()),
        _ => {
            let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kustomize/build");
            let output = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
            assert!(
                output.status.success(),
                "tests/kustomize/build failed; GITOPS_TEST_KUSTOMIZE=off skips these tests"
            );
            Some(String::from_utf8(output.stdout).unwrap().trim().into())
        }
    }
}

/// What kustomize makes of each directory; `None` if it is not there on purpose.
pub(super) fn theirs(cases: &[Case]) -> Option<Vec<Result<Vec<Value>, String>>> {
    theirs_with(cases, &[])
}

/// The same where kustomize has git for the repositories of this machine.
pub(super) fn theirs_with_git(cases: &[Case]) -> Option<Vec<Result<Vec<Value>, String>>> {
    theirs_with(
        cases,
        &[("PATH", "/usr/bin:/bin"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_ALLOW_PROTOCOL", "file")],
    )
}

fn theirs_with(cases: &[Case], variables: &[(&str, &str)]) -> Option<Vec<Result<Vec<Value>, String>>> {
    let mut child = Command::new(program()?)
        // It fetches nothing from a network: git reads repositories of this machine alone, and nobody answers at the proxy.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", std::env::temp_dir())
        .env("GIT_ALLOW_PROTOCOL", "file")
        .env("TMPDIR", std::env::temp_dir())
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let requests: String = cases.iter().map(Case::request).collect();
    let writer = std::thread::spawn(move || input.write_all(requests.as_bytes()));
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let answers = lines.map(|line| {
        let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["objects"].as_array().cloned().unwrap_or_default()),
        }
    });
    let answers: Vec<_> = answers.collect();
    writer.join().unwrap().unwrap();
    child.wait().unwrap();
    assert_eq!(
        answers.len(),
        cases.len(),
        "the oracle stopped at {:?}",
        cases.get(answers.len()).map(Case::shown)
    );
    Some(answers)
}

/// The greatest number of differences that are shown.
const SHOWN: usize = 40;

/// Compares all directories, of which at least so many must build. A name with `!` states a refusal of ours.
pub(super) fn compare(cases: &[Case], least: usize) {
    let Some(theirs) = theirs(cases) else { return };
    let built = theirs.iter().filter(|answer| answer.is_ok()).count();
    let mut report = String::new();
    let mut different = 0;
    for (case, theirs) in cases.iter().zip(&theirs) {
        let found = disagreement(theirs, &case.ours());
        let stated = case.name.contains('!');
        let wrong = match found {
            None if stated => Some("stated as refused by us alone, but is not".to_owned()),
            Some(_) if stated && case.ours().is_err() => None,
            found => found,
        };
        if let Some(wrong) = wrong {
            different += 1;
            if different <= SHOWN {
                let _ = writeln!(report, "{}\n{wrong}\n", case.shown());
            }
        }
    }
    assert!(different == 0, "{different} of {} directories differ:\n{report}", cases.len());
    assert!(built >= least, "kustomize builds only {built} of {} directories", cases.len());
}

pub(super) fn disagreement(
    theirs: &Result<Vec<Value>, String>,
    ours: &Result<Vec<Value>, String>,
) -> Option<String> {
    match (theirs, ours) {
        (Err(_), Err(_)) => None,
        (Ok(theirs), Ok(ours)) if same(&Value::from(theirs.clone()), &Value::from(ours.clone())) => None,
        (Ok(theirs), Err(error)) => {
            Some(format!("kustomize builds {} objects, we refuse: {error}", theirs.len()))
        }
        (Err(error), Ok(ours)) => {
            Some(format!("kustomize refuses ({error}), we build {} objects", ours.len()))
        }
        (Ok(theirs), Ok(ours)) => {
            let shown =
                |items: &[Value]| items.iter().map(|item| format!("\n    {item}")).collect::<String>();
            let differing: Vec<usize> = (0..theirs.len().max(ours.len()))
                .filter(|at| theirs.get(*at).zip(ours.get(*at)).is_none_or(|(a, b)| !same(a, b)))
                .collect();
            let pick = |items: &[Value]| {
                differing.iter().filter_map(|at| items.get(*at).cloned()).collect::<Vec<_>>()
            };
            Some(format!("kustomize:{}\n  we:{}", shown(&pick(theirs)), shown(&pick(ours))))
        }
    }
}
