//! Rich manifests of every kind that the API serves, in `fixtures/kinds`.

#![expect(clippy::disallowed_methods, reason = "reads the manifests of the kinds")]

use std::path::Path;

use gitops::render::plain::render_stream;
use serde_json::Value;

/// The files with built-in kinds.
pub(crate) const BUILTIN: [&str; 3] = ["core", "workloads", "cluster"];

/// The text of a file of rich manifests.
pub(crate) fn text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/kinds").join(format!("{file}.yaml"));
    std::fs::read_to_string(path).expect("the manifests are there")
}

/// The objects of a file of rich manifests.
pub(crate) fn objects(file: &str) -> Vec<Value> {
    let manifests = render_stream(text(file).as_bytes()).expect("the manifests can be read");
    manifests.items.into_iter().map(|manifest| manifest.object.value()).collect()
}
