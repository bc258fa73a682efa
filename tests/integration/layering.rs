//! Which module may use which: pure code never imports an edge, and nothing imports the ends of the line.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "reads the sources of this crate")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// For every top-level module, the top-level modules that it may name. `source` is split: its pure values are
/// `source::tree` and `source::url`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("cli", &["compare", "exit", "object", "record", "select"]),
    ("cluster", &["live", "object", "record", "schema", "store"]),
    ("compare", &["desired", "live", "object", "record", "render", "schema"]),
    ("config", &["compare", "object", "render", "source::tree"]),
    ("desired", &["compare", "live", "object", "render"]),
    ("exit", &["compare"]),
    ("external", &["source", "source::tree"]),
    ("live", &["object"]),
    ("lock", &["object", "record"]),
    ("mask", &["compare", "object", "plan", "record"]),
    ("object", &[]),
    ("plan", &["compare", "desired", "live", "object", "record"]),
    ("progress", &[]),
    ("reader", &["cluster", "live", "object", "record", "schema", "snapshot"]),
    ("ready", &["object"]),
    ("record", &["live", "object"]),
    ("render", &["object", "source::tree", "source::url"]),
    ("report", &["compare", "exit", "mask", "object", "plan", "render"]),
    (
        "run",
        &[
            "cli",
            "cluster",
            "compare",
            "config",
            "desired",
            "exit",
            "external",
            "live",
            "lock",
            "mask",
            "object",
            "plan",
            "progress",
            "reader",
            "ready",
            "record",
            "render",
            "report",
            "schema",
            "select",
            "settings",
            "snapshot",
            "source",
            "source::tree",
            "source::url",
            "store",
        ],
    ),
    ("schema", &["object"]),
    ("select", &["object"]),
    (
        "settings",
        &[
            "cli",
            "cluster",
            "compare",
            "exit",
            "external",
            "live",
            "mask",
            "plan",
            "object",
            "record",
            "report",
            "run",
            "select",
            "source",
            "source::tree",
        ],
    ),
    ("snapshot", &["cluster", "compare", "live", "object", "record", "render"]),
    ("source", &["object"]),
    ("store", &["object"]),
];

/// Modules that touch disk, network, environment, terminal or clock.
const EDGES: &[&str] =
    &["cluster", "external", "progress", "reader", "run", "settings", "snapshot", "source", "store"];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The edges of the graph of modules: (module, module it names), read from every `crate::` path outside of tests.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap().with_extension("");
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for used in code.split("crate::").skip(1) {
            let path: String =
                used.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            let mut parts = path.split("::");
            let first = parts.next().unwrap().to_owned();
            let second = parts.next().unwrap_or_default();
            let pure = first == "source" && matches!(second, "tree" | "url");
            let name = if pure { format!("source::{second}") } else { first };
            if first_part(&name) != module {
                imports.entry(module.clone()).or_default().insert(name);
            }
        }
    }
    imports
}

fn first_part(name: &str) -> &str {
    name.split("::").next().unwrap_or(name)
}

#[test]
fn modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, used) in imports() {
        let Some(row) = allowed.get(module.as_str()) else {
            wrong.push(format!("{module} is not in the table"));
            continue;
        };
        for name in used {
            if !row.contains(&name.as_str()) {
                wrong.push(format!("{module} imports {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_modules_import_no_edge() {
    for (module, used) in ALLOWED {
        if !EDGES.contains(module) && *module != "cli" {
            let edges: Vec<&&str> = used.iter().filter(|name| EDGES.contains(name)).collect();
            assert!(edges.is_empty(), "{module} may import {edges:?}");
        }
    }
}
