//! The parent ConfigMap of a set: which kinds and namespaces it reaches, and its last runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{SetIdentity, applyset};
use crate::object::value::text_at;

/// Runs that are kept.
const RUNS: usize = 10;
/// The version of the data.
const VERSION: &str = "1";
/// Most entries of a list in an annotation, and most characters of one text: more is no record of ours.
const MAX_LIST: usize = 16_384;
const MAX_TEXT: usize = 4096;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that was planned was done.
    Done,
    /// Some of it was not.
    Failed,
    /// It ended early.
    Interrupted,
}

impl Outcome {
    /// The word in the record and in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// One run that wrote to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// `apply`, `revert`, …
    pub command: String,
    /// Commit id in full; `None` for a source without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// True if the files were not those of the commit.
    #[serde(default)]
    pub dirty: bool,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub finished_at: String,
    /// How it ended.
    pub result: Outcome,
    /// Objects by what was done with them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// How many runs in a row this line stands for.
    #[serde(default = "one")]
    pub times: u32,
    /// What tells the run in its undo record, if one was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<String>,
}

fn one() -> u32 {
    1
}

/// How the last run rendered: everything that decides what comes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Directory inside the source.
    pub path: String,
    /// Name of the renderer.
    pub renderer: String,
    /// Settings from flags by name; those that look like secrets as keyed digests.
    pub settings: BTreeMap<String, String>,
    /// Digest of what was rendered, keyed where it covers secrets.
    pub render_digest: String,
    /// Name and version of the program.
    pub tool: String,
    /// Who ran it: user and host.
    pub identity: String,
}

/// A parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parent {
    /// The namespaces of the members of each `Kind.group`; the empty text is cluster scope.
    pub places: BTreeMap<String, BTreeSet<String>>,
    /// Number of shards of the stored bases.
    pub shards: u16,
    /// How the last run rendered.
    pub inputs: Inputs,
    /// The last runs, the newest first; equal neighbours are one.
    pub runs: Vec<Run>,
}

impl Parent {
    /// Adds a run. One that is as the newest but for its times and counts is folded into it.
    pub fn push(&mut self, run: Run) {
        match self.runs.first_mut() {
            Some(last) if is_repeated(last, &run) => {
                let times = last.times.saturating_add(run.times);
                *last = Run { times, started_at: last.started_at.clone(), ..run };
            }
            _ => self.runs.insert(0, run),
        }
        self.runs.truncate(RUNS);
    }

    /// The ConfigMap.
    ///
    /// # Errors
    /// JSON cannot be written.
    pub fn encode(&self, set: &SetIdentity) -> Result<Value, serde_json::Error> {
        let namespaces: BTreeSet<&str> = self.places.values().flatten().map(String::as_str).collect();
        let additional =
            namespaces.into_iter().filter(|name| !name.is_empty() && *name != set.record_namespace);
        let additional = additional.collect::<Vec<_>>().join(",");
        let kinds = self.places.keys().map(String::as_str).collect::<Vec<_>>().join(",");
        let inputs = &self.inputs;
        let mut data = BTreeMap::from([
            ("version", VERSION.to_owned()),
            ("members", serde_json::to_string(&self.places)?),
            ("path", inputs.path.clone()),
            ("renderer", inputs.renderer.clone()),
            ("inputs", serde_json::to_string(&inputs.settings)?),
            ("renderDigest", inputs.render_digest.clone()),
            ("tool", inputs.tool.clone()),
            ("identity", inputs.identity.clone()),
            ("shards", self.shards.to_string()),
            ("runs", serde_json::to_string(&self.runs)?),
        ]);
        if let Some(last) = self.runs.first() {
            data.extend([
                ("commit", last.commit.clone().unwrap_or_default()),
                ("dirty", last.dirty.to_string()),
                ("startedAt", last.started_at.clone()),
                ("finishedAt", last.finished_at.clone()),
                ("result", last.result.word().to_owned()),
                ("counts", serde_json::to_string(&last.counts)?),
            ]);
        }
        Ok(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": set.parent_name(),
                "namespace": set.record_namespace,
                "labels": {applyset::ID_LABEL: set.id(), "app.kubernetes.io/managed-by": "gitops"},
                "annotations": {
                    applyset::TOOLING: applyset::TOOL,
                    applyset::GROUP_KINDS: kinds,
                    applyset::NAMESPACES: additional,
                },
            },
            "data": data,
        }))
    }

    /// Reads a ConfigMap that anybody may have written.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn decode(set: &SetIdentity, object: &Value) -> Result<Self, String> {
        let annotation = |name| text_at(object, &["metadata", "annotations", name]);
        let data = |name| text_at(object, &["data", name]).unwrap_or_default();
        match annotation(applyset::TOOLING) {
            Some(applyset::TOOL) => {}
            Some(other) => {
                let other: String = other.chars().take(64).collect();
                return Err(format!("it belongs to the tool {other:?}, expected is {}", applyset::TOOL));
            }
            None => return Err(format!("it has no annotation {}", applyset::TOOLING)),
        }
        if text_at(object, &["metadata", "labels", applyset::ID_LABEL]) != Some(&set.id()) {
            return Err(format!("its label {} is not the id of this set", applyset::ID_LABEL));
        }
        if data("version") != VERSION {
            let found: String = data("version").chars().take(16).collect();
            return Err(format!(
                "it has version {found:?} of the format, and this program reads version {VERSION}"
            ));
        }
        let runs: Vec<Run> =
            serde_json::from_str(data("runs")).map_err(|_| "its data.runs is no list of runs".to_owned())?;
        let settings = serde_json::from_str(data("inputs"))
            .map_err(|_| "its data.inputs is no map of texts".to_owned())?;
        let text = |name| data(name).chars().take(MAX_TEXT).collect::<String>();
        let mut places: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(data("members"))
            .map_err(|_| "its data.members is no map of kinds to namespaces".to_owned())?;
        if !places.keys().chain(places.values().flatten()).all(|name| is_name(name)) {
            return Err("its data.members is no map of kinds to namespaces".to_owned());
        }
        // A kind that stands in the annotation alone may be anywhere: the specification names kinds and namespaces apart.
        let mut anywhere = list(annotation(applyset::NAMESPACES), applyset::NAMESPACES)?;
        anywhere.insert(set.record_namespace.clone());
        for kind in list(annotation(applyset::GROUP_KINDS), applyset::GROUP_KINDS)? {
            places.entry(kind).or_insert_with(|| anywhere.clone());
        }
        Ok(Self {
            places,
            shards: data("shards").parse().map_err(|_| "its data.shards is no number".to_owned())?,
            inputs: Inputs {
                path: text("path"),
                renderer: text("renderer"),
                settings,
                render_digest: text("renderDigest"),
                tool: text("tool"),
                identity: text("identity"),
            },
            runs: runs.into_iter().take(RUNS).collect(),
        })
    }
}

fn is_repeated(last: &Run, run: &Run) -> bool {
    let what = |run: &Run| (run.command.clone(), run.commit.clone(), run.dirty, run.result);
    what(last) == what(run)
}

/// The entries of an annotation; absent is an error, as an empty list and a lost one are not the same.
fn list(text: Option<&str>, name: &str) -> Result<BTreeSet<String>, String> {
    let Some(text) = text else { return Err(format!("it has no annotation {name}")) };
    let entries: BTreeSet<String> =
        text.split(',').filter(|entry| !entry.is_empty()).take(MAX_LIST + 1).map(str::to_owned).collect();
    match entries.len() <= MAX_LIST && entries.iter().all(|name| is_name(name)) {
        true => Ok(entries),
        false => Err(format!("its annotation {name} is no list of names")),
    }
}

/// True for what a kind with its group, or a namespace, is made of.
fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> SetIdentity {
        SetIdentity { name: "shop".to_owned(), record_namespace: "default".to_owned() }
    }

    fn run(commit: &str, at: &str, result: Outcome) -> Run {
        Run {
            command: "apply".to_owned(),
            commit: Some(commit.to_owned()),
            dirty: false,
            started_at: at.to_owned(),
            finished_at: at.to_owned(),
            result,
            counts: BTreeMap::from([("applied".to_owned(), 3)]),
            times: 1,
            undo: None,
        }
    }

    fn parent() -> Parent {
        Parent {
            places: [
                ("Deployment.apps".to_owned(), ["shop".to_owned(), "default".to_owned()].into()),
                ("ClusterRole.rbac.authorization.k8s.io".to_owned(), [String::new()].into()),
            ]
            .into(),
            shards: 2,
            inputs: Inputs {
                path: "clusters/prod".to_owned(),
                renderer: "plain".to_owned(),
                settings: BTreeMap::from([("namespace".to_owned(), "shop".to_owned())]),
                render_digest: "d".to_owned(),
                tool: "gitops/0.1.0".to_owned(),
                identity: "anna@laptop".to_owned(),
            },
            runs: vec![run("b", "t2", Outcome::Failed), run("a", "t1", Outcome::Done)],
        }
    }

    #[test]
    fn a_parent_comes_back_as_it_was_and_can_be_read_by_people() {
        let object = parent().encode(&set()).unwrap();
        assert_eq!(Parent::decode(&set(), &object), Ok(parent()));
        assert_eq!(
            object["metadata"]["annotations"][applyset::GROUP_KINDS],
            "ClusterRole.rbac.authorization.k8s.io,Deployment.apps"
        );
        assert_eq!(object["metadata"]["annotations"][applyset::NAMESPACES], "shop");
        for (name, value) in
            [("commit", "b"), ("result", "failed"), ("dirty", "false"), ("counts", r#"{"applied":3}"#)]
        {
            assert_eq!(object["data"][name], value);
        }
        let empty = Parent::default();
        assert_eq!(Parent::decode(&set(), &empty.encode(&set()).unwrap()), Ok(empty));
    }

    #[test]
    fn a_kind_that_only_the_annotation_names_may_be_anywhere() {
        let mut object = parent().encode(&set()).unwrap();
        object["metadata"]["annotations"][applyset::GROUP_KINDS] = json!("Job.batch,Deployment.apps");
        let places = Parent::decode(&set(), &object).unwrap().places;
        assert_eq!(places["Job.batch"], ["default".to_owned(), "shop".to_owned()].into());
        assert_eq!(places["Deployment.apps"], parent().places["Deployment.apps"]);
    }

    #[test]
    fn equal_neighbours_are_one_and_ten_are_kept() {
        let mut parent = Parent::default();
        parent.push(run("a", "t1", Outcome::Done));
        parent.push(run("a", "t2", Outcome::Done));
        parent.push(run("a", "t3", Outcome::Failed));
        parent.push(run("a", "t4", Outcome::Done));
        let told: Vec<(u32, &str, &str)> =
            parent.runs.iter().map(|run| (run.times, &*run.started_at, &*run.finished_at)).collect();
        assert_eq!(told, [(1, "t4", "t4"), (1, "t3", "t3"), (2, "t1", "t2")]);
        (0..20).for_each(|n| parent.push(run(&n.to_string(), "t", Outcome::Done)));
        assert_eq!((parent.runs.len(), parent.runs[0].commit.as_deref()), (10, Some("19")));
    }

    #[test]
    fn what_is_no_parent_of_the_set_is_named() {
        let wrong = |at: &str, value: Value| {
            let mut object = parent().encode(&set()).unwrap();
            *object.pointer_mut(at).unwrap() = value;
            Parent::decode(&set(), &object).unwrap_err()
        };
        let annotations = "/metadata/annotations/applyset.kubernetes.io~1";
        assert_eq!(
            wrong(&format!("{annotations}tooling"), json!("kubectl/v1.27")),
            "it belongs to the tool \"kubectl/v1.27\", expected is gitops/v1"
        );
        assert!(wrong("/metadata/labels", json!({})).contains("not the id of this set"));
        assert!(wrong("/data/version", json!("2")).contains("it has version \"2\" of the format"));
        assert!(wrong("/data/runs", json!("[{}]")).contains("no list of runs"));
        assert!(wrong("/data/inputs", json!("[]")).contains("no map of texts"));
        assert!(wrong("/data/members", json!("[]")).contains("no map of kinds"));
        assert!(wrong("/data/members", json!("{\"a b\":[]}")).contains("no map of kinds"));
        assert!(wrong("/data/shards", json!("70000")).contains("no number"));
        assert!(wrong(&format!("{annotations}contains-group-kinds"), json!(null)).contains("no annotation"));
        assert!(
            wrong(&format!("{annotations}contains-group-kinds"), json!("a b")).contains("no list of names")
        );
        assert!(Parent::decode(&set(), &Value::Null).is_err());
    }
}
