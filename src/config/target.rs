//! Targets: a directory of the source, how it is rendered, and the cluster it belongs to.

use super::checker::{Checker, Fields, near};
use crate::object::id::{NAMESPACE, is_namespace};
use crate::render::yaml::located::{Content, Located};
use crate::source::tree::RepoPath;

/// Most targets of one configuration.
const MAX_TARGETS: usize = 200;
const KEYS: &[&str] =
    &["name", "path", "context", "cluster", "namespace", "recordNamespace", "renderer", "helm"];

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, which is the name of the set.
    pub name: String,
    /// Its directory in the source.
    pub path: RepoPath,
    /// Context of the kubeconfig.
    pub context: Option<String>,
    /// `metadata.uid` of the namespace kube-system of its cluster.
    pub cluster: Option<String>,
    /// Namespace of what has none.
    pub namespace: Option<String>,
    /// Namespace of the set's record.
    pub record_namespace: Option<String>,
    /// How it is rendered.
    pub renderer: Renderer,
    /// Where settings of a chart stand, as line and column, if there are any.
    pub helm: Option<(u32, u32)>,
    /// Line of the target in the file.
    pub line: u32,
}

/// How a target is rendered, and where that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renderer {
    /// As its directory shows.
    Auto,
    /// As plain manifests; line and column.
    Plain(u32, u32),
    /// As a kustomization; line and column.
    Kustomize(u32, u32),
    /// By a renderer that is not there yet: its name, line and column.
    NotYet(&'static str, u32, u32),
}

pub(super) fn targets(checker: &mut Checker<'_>, fields: &Fields<'_>) -> Vec<Target> {
    let items = checker.list(fields, "targets", MAX_TARGETS);
    if items.is_empty()
        && let Some(value @ Located { content: Content::List(_), .. }) = fields.get("targets")
    {
        checker.at(value, "targets is empty", "leave it out to compare the whole source".to_owned());
    }
    let mut targets: Vec<Target> = Vec::new();
    for item in items {
        let Some((target, name)) = target(checker, item) else { continue };
        if let Some(first) = targets.iter().find(|other| other.name == target.name) {
            let message =
                format!("a second target of the name {}; the first is in line {}", target.name, first.line);
            checker.at(name, message, "every target is a set of its own and needs its own name".to_owned());
        }
        targets.push(target);
    }
    targets
}

/// A target and where its name stands, if it has one.
fn target<'v>(checker: &mut Checker<'_>, item: &'v Located) -> Option<(Target, &'v Located)> {
    let fields = checker.map(item, "a target", KEYS);
    let required = |checker: &mut Checker<'_>, key: &str| {
        if fields.get(key).is_none() && matches!(item.content, Content::Map(_)) {
            checker.at(item, format!("the target has no {key}"), None);
        }
        fields.get(key)
    };
    let (name, path) = (required(checker, "name"), required(checker, "path"));
    let named = name.and_then(|name| set_name(checker, name));
    let path = path.and_then(|path| directory(checker, path));
    let context = checker.optional(&fields, "context");
    let cluster = fields.get("cluster").and_then(|value| cluster(checker, value));
    let namespace = fields.get("namespace").and_then(|value| namespace(checker, value, "namespace"));
    let record = fields.get("recordNamespace");
    let record_namespace = record.and_then(|value| self::namespace(checker, value, "recordNamespace"));
    let renderer =
        fields.get("renderer").and_then(|value| renderer(checker, value)).unwrap_or(Renderer::Auto);
    let helm = fields.get("helm").map(|value| {
        checker.map(value, "helm", &["releaseName", "values", "set"]);
        (value.line, value.column)
    });
    let line = item.line;
    let target = Target {
        name: named?,
        path: path?,
        context,
        cluster,
        namespace,
        record_namespace,
        renderer,
        helm,
        line,
    };
    Some((target, name?))
}

/// The name is part of names of objects on the cluster.
fn set_name(checker: &mut Checker<'_>, value: &Located) -> Option<String> {
    let name = checker.text(value, "name")?;
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let (first, last) = (name.bytes().next(), name.bytes().last());
    if name.len() <= 200 && name.bytes().all(inner) && end(first) && end(last) {
        return Some(name.to_owned());
    }
    let hint =
        "at most 200 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends".to_owned();
    checker.at(value, format!("{name:?} is no name of a target"), hint);
    None
}

fn directory(checker: &mut Checker<'_>, value: &Located) -> Option<RepoPath> {
    let text = checker.text(value, "path")?;
    match RepoPath::root().join(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let hint = "name a directory of the source, from its root, with `/`".to_owned();
            checker.at(value, error.to_string(), hint);
            None
        }
    }
}

fn cluster(checker: &mut Checker<'_>, value: &Located) -> Option<String> {
    let fields = checker.map(value, "cluster", &["uid"]);
    match fields.get("uid") {
        Some(uid) => {
            let text = checker.text(uid, "uid")?;
            let plain = text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
            if !plain {
                checker.at(uid, "uid holds characters that no uid has", None);
            }
            plain.then(|| text.to_owned())
        }
        None => {
            if matches!(value.content, Content::Map(_)) {
                let hint =
                    "print it with: kubectl get namespace kube-system -o jsonpath={.metadata.uid}".to_owned();
                checker.at(value, "the cluster has no uid", hint);
            }
            None
        }
    }
}

fn namespace(checker: &mut Checker<'_>, value: &Located, key: &str) -> Option<String> {
    let name = checker.text(value, key)?;
    if is_namespace(name) {
        return Some(name.to_owned());
    }
    checker.at(value, format!("{name:?} is no name of a namespace"), NAMESPACE.to_owned());
    None
}

fn renderer(checker: &mut Checker<'_>, value: &Located) -> Option<Renderer> {
    const NOT_YET: [&str; 2] = ["helm", "jsonnet"];
    let text = checker.text(value, "renderer")?;
    if let Some(name) = NOT_YET.into_iter().find(|name| *name == text) {
        return Some(Renderer::NotYet(name, value.line, value.column));
    }
    match text {
        "auto" => Some(Renderer::Auto),
        "plain" => Some(Renderer::Plain(value.line, value.column)),
        "kustomize" => Some(Renderer::Kustomize(value.line, value.column)),
        other => {
            let known = ["auto", "plain", "kustomize", "helm", "jsonnet"];
            let hint = match near(other, &known) {
                _ if other.contains("exec:") => {
                    "a program is named on the command line alone: --renderer kustomize=exec:PATH".to_owned()
                }
                Some(near) => format!("did you mean {near}?"),
                None => format!("known are {}", known.join(", ")),
            };
            checker.at(value, format!("{other:?} is no renderer"), hint);
            None
        }
    }
}
