//! The directories that are built, and what the programs make of them.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops::render::kustomize::{Options, render};
use gitops::source::tree::RepoPath;
use serde_json::{Map, Value, json};

fn deployment(number: usize) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  labels:
    app: web-{number}
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web-{number}
  template:
    metadata:
      labels:
        app: web-{number}
    spec:
      serviceAccountName: web-{number}
      containers:
      - name: main
        image: nginx:1.25
        ports:
        - containerPort: 8080
        env:
        - name: MODE
          value: prod
        - name: SETTINGS
          valueFrom:
            configMapKeyRef:
              name: web-{number}
              key: color
"
    )
}

fn others(number: usize) -> [String; 3] {
    [
        format!(
            "apiVersion: v1
kind: Service
metadata:
  name: web-{number}
spec:
  selector:
    app: web-{number}
  ports:
  - port: 80
    targetPort: 8080
"
        ),
        format!(
            "apiVersion: v1
kind: ConfigMap
metadata:
  name: web-{number}
data:
  color: blue
  size: \"{number}\"
"
        ),
        format!("apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: web-{number}\n"),
    ]
}

const OVERLAY: &str = "resources: [../base]
namespace: prod
namePrefix: p-
labels:
- pairs: {team: shop}
  includeSelectors: true
images: [{name: nginx, newTag: \"1.27\"}]
patches:
- target: {kind: Deployment}
  patch: |
    - {op: replace, path: /spec/replicas, value: 3}
";

fn write(root: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().context("a path in the directory")?)?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// A base with so many objects and an overlay over it; how many bytes the objects have.
pub(crate) fn overlay(root: &Path, objects: usize) -> anyhow::Result<usize> {
    let texts: Vec<String> =
        (0..objects / 4).flat_map(|at| std::iter::once(deployment(at)).chain(others(at))).collect();
    let all = texts.join("---\n");
    write(
        root,
        &[
            ("base/all.yaml", &all),
            ("base/kustomization.yaml", "resources: [all.yaml]\n"),
            ("app/kustomization.yaml", OVERLAY),
        ],
    )?;
    Ok(all.len())
}

/// Directories of a base with four objects and an overlay each.
pub(crate) fn small(root: &Path, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        let [service, settings, account] = others(number);
        let kustomization = OVERLAY.replace("../base", "base");
        write(
            &root.join(format!("app-{number}")),
            &[
                ("base/deployment.yaml", &deployment(number)),
                ("base/service.yaml", &service),
                ("base/settings.yaml", &settings),
                ("base/account.yaml", &account),
                (
                    "base/kustomization.yaml",
                    "resources: [deployment.yaml, service.yaml, settings.yaml, account.yaml]\n",
                ),
                ("kustomization.yaml", &kustomization),
            ],
        )?;
    }
    Ok(())
}

/// What the oracle is asked: a line with the files of a directory.
pub(crate) fn request(root: &Path, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut files = Map::new();
    collect(root, "", &mut files)?;
    let mut line = serde_json::to_vec(&json!({"files": files, "links": {}, "path": path}))?;
    line.push(b'\n');
    Ok(line)
}

fn collect(dir: &Path, prefix: &str, files: &mut Map<String, Value>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, STANDARD.encode(fs::read(entry.path())?).into());
        }
    }
    Ok(())
}

/// The objects in the output of `gitops render -o json`.
pub(crate) fn objects_of_ours(said: &[u8]) -> anyhow::Result<Vec<Value>> {
    Ok(serde_json::from_slice(said)?)
}

/// The objects in the answer of the oracle.
pub(crate) fn objects_of_kustomize(said: &[u8]) -> anyhow::Result<Vec<Value>> {
    let mut answer: Value = serde_json::from_slice(said)?;
    ensure!(answer.get("error").is_none(), "kustomize refuses: {}", answer["error"]);
    Ok(answer["objects"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// The seconds that it takes to build all small directories in this process, from their files on disk.
pub(crate) fn in_process(root: &Path, count: usize) -> anyhow::Result<f64> {
    let start = Instant::now();
    for number in 0..count {
        let place = root.join(format!("app-{number}"));
        let snapshot = gitops::source::open(&gitops::source::Request::new(&place.to_string_lossy()))?;
        let built = render(snapshot.tree.as_ref(), &RepoPath::root(), Options::default())?;
        ensure!(built.items.len() == 4, "app-{number}: {} objects", built.items.len());
    }
    Ok(start.elapsed().as_secs_f64())
}
