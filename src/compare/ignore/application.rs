//! `ignoreDifferences` of Argo CD Applications that are part of the render.
//!
//! An Application's rules are about the objects that it manages and no others. What it manages is told by the live object:
//! the annotation `argocd.argoproj.io/tracking-id` names the Application and the object itself; where only the older label
//! `app.kubernetes.io/instance` stands there, which charts set too, the object's file must also lie in a source path of the
//! Application, its repository must be this one and its destination namespace the object's.

use std::sync::Arc;

use serde_json::Value;

use super::{Maker, Objects, Origin, Rule, What, jq};
use crate::object::glob::Glob;
use crate::object::id::ObjectId;
use crate::object::pattern::{ElementPattern, PathPattern};
use crate::object::value::text_at;
use crate::render::{Manifest, Notice};

/// Most `ignoreDifferences` of one Application that are read.
const MAX_ENTRIES: usize = 1_000;

/// What tells which objects an Application manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its namespace, empty if it is not written.
    pub namespace: String,
    /// Directories of its sources that lie in this repository.
    pub paths: Vec<String>,
    /// `spec.destination.namespace`, empty if it is not written.
    pub destination: String,
}

impl Application {
    /// True if it manages a live object whose manifest stands in a file.
    pub fn manages(&self, id: &ObjectId, file: &str, live: &Value) -> bool {
        let tracking = text_at(live, &["metadata", "annotations", "argocd.argoproj.io/tracking-id"]);
        if let Some(tracking) = tracking {
            return self.tracks(id, tracking);
        }
        let label = text_at(live, &["metadata", "labels", "app.kubernetes.io/instance"]);
        label == Some(&self.name)
            && self.paths.iter().any(|path| is_below(file, path))
            && (id.namespace.is_empty() || id.namespace == self.destination)
    }

    /// `NAME:GROUP/KIND:NAMESPACE/NAME`; an Application outside of Argo CD's own namespace is `NAMESPACE_NAME`.
    fn tracks(&self, id: &ObjectId, tracking: &str) -> bool {
        let mut parts = tracking.splitn(3, ':');
        let (Some(application), Some(kind), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        let same = application == self.name || application == format!("{}_{}", self.namespace, self.name);
        // Argo CD writes the destination's namespace also for objects without one.
        let placed = name == format!("{}/{}", id.namespace, id.name)
            || (id.namespace.is_empty() && name == format!("{}/{}", self.destination, id.name));
        same && kind == format!("{}/{}", id.group, id.kind) && placed
    }
}

fn is_below(file: &str, directory: &str) -> bool {
    directory.is_empty() || file.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The rules of all Applications of a render, and what of them is not understood. `repository` is the URL of this
/// repository, without credentials.
pub fn rules(manifests: &[Manifest], repository: Option<&str>) -> (Vec<Arc<Rule>>, Vec<Notice>) {
    let (mut rules, mut warnings) = (Vec::new(), Vec::new());
    for manifest in manifests {
        if manifest.gvk.group == "argoproj.io" && manifest.gvk.kind == "Application" {
            of_application(manifest, repository, &mut rules, &mut warnings);
        }
    }
    (rules, warnings)
}

fn of_application(
    manifest: &Manifest,
    repository: Option<&str>,
    rules: &mut Vec<Arc<Rule>>,
    warnings: &mut Vec<Notice>,
) {
    let object = manifest.object.value();
    let Some(Value::Array(entries)) = object.pointer("/spec/ignoreDifferences") else { return };
    let application = Arc::new(application(manifest, &object, repository));
    for (at, entry) in entries.iter().take(MAX_ENTRIES).enumerate() {
        let line = line(manifest, at);
        let (paths, misunderstood) = paths(entry);
        warnings.extend(misunderstood.into_iter().map(|message| Notice {
            file: manifest.origin.file.to_string(),
            line,
            column: 0,
            message: format!("Application {}: ignoreDifferences: {message}", manifest.name),
            hint: Some("write the rule under ignore: in gitops.yaml".to_owned()),
        }));
        let managers: Vec<Glob> = texts(entry, "managedFieldsManagers").map(Glob::new).collect();
        let origin = Origin {
            maker: Maker::Application,
            file: manifest.origin.file.to_string(),
            line,
            reason: format!("Application {}", manifest.name),
        };
        let objects = objects(entry, &application);
        // To Argo CD paths and managers are two rules in one.
        for what in
            [What::Fields { paths, managers: Vec::new() }, What::Fields { paths: Vec::new(), managers }]
        {
            if !matches!(&what, What::Fields { paths, managers } if paths.is_empty() && managers.is_empty()) {
                let rule = Rule { origin: origin.clone(), objects: objects.clone(), what };
                rules.push(Arc::new(rule));
            }
        }
    }
}

fn application(manifest: &Manifest, object: &Value, repository: Option<&str>) -> Application {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let several = spec.get("sources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let sources = several.iter().chain(spec.get("source"));
    let ours = |source: &&Value| {
        let url = source.get("repoURL").and_then(Value::as_str);
        url.zip(repository).is_some_and(|(a, b)| repository_of(a) == repository_of(b))
    };
    let path = |source: &Value| {
        let path = source.get("path").and_then(Value::as_str)?;
        Some(path.trim_start_matches("./").trim_matches('/').trim_start_matches('.').to_owned())
    };
    Application {
        name: manifest.name.clone(),
        namespace: manifest.namespace.clone().unwrap_or_default(),
        paths: sources.filter(ours).filter_map(path).collect(),
        destination: text_at(spec, &["destination", "namespace"]).unwrap_or_default().to_owned(),
    }
}

/// Host and path of a URL, by which the same repository is known under `https://` and `git@host:`.
fn repository_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = match rest.split_once('/') {
        Some((host, path)) => match host.rsplit_once('@') {
            Some((_, host)) => format!("{host}/{path}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let plain = rest.replacen(':', "/", usize::from(!url.contains("://")));
    plain.trim_end_matches('/').trim_end_matches(".git").to_lowercase()
}

fn objects(entry: &Value, application: &Arc<Application>) -> Objects {
    let glob = |key: &str| entry.get(key).and_then(Value::as_str).map(Glob::new);
    let named = |key: &str| glob(key).filter(|glob| !glob.as_str().is_empty());
    Objects {
        // No group is the core group.
        group: Some(glob("group").unwrap_or_else(|| Glob::new(""))),
        kind: Some(glob("kind").unwrap_or_else(|| Glob::new(""))),
        name: named("name"),
        namespace: named("namespace"),
        managed_by: Some(Arc::clone(application)),
    }
}

fn texts<'v>(entry: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    entry.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The paths of an entry, and what of them is not understood.
fn paths(entry: &Value) -> (Vec<PathPattern>, Vec<String>) {
    let pointers = texts(entry, "jsonPointers").map(|text| pointer(text).map_err(|why| (text, why)));
    let expressions =
        texts(entry, "jqPathExpressions").map(|text| jq::parse(text).map_err(|why| (text, why)));
    let (mut paths, mut misunderstood) = (Vec::new(), Vec::new());
    for path in pointers.chain(expressions) {
        match path {
            Ok(path) => paths.push(path),
            Err((text, why)) => {
                misunderstood.push(format!("{text:?} is not understood and not applied: {why}"))
            }
        }
    }
    (paths, misunderstood)
}

/// A JSON pointer (RFC 6901). Its numbers are positions in lists as they are in Git and live.
fn pointer(text: &str) -> Result<PathPattern, &'static str> {
    let Some(rest) = text.strip_prefix('/') else { return Err("a pointer starts with `/`") };
    if text.len() > 2_000 {
        return Err("it is too long");
    }
    let element = |part: &str| ElementPattern::Pointer(part.replace("~1", "/").replace("~0", "~"));
    Ok(PathPattern::of(text, rest.split('/').map(element).collect()))
}

fn line(manifest: &Manifest, entry: usize) -> u32 {
    use crate::render::origin::Step;
    let steps = [Step::Key("spec"), Step::Key("ignoreDifferences"), Step::Index(entry)];
    manifest.origin.fields.line(steps).unwrap_or(manifest.origin.line)
}
