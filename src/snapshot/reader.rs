//! Answers from a snapshot as a server would have answered when it was made.
#![expect(clippy::disallowed_methods, reason = "reads files: an edge")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SnapshotError;
use super::document::{Document, FORMAT, NamespacePart, RecordPart, TypePart, VERSION};
use super::printed::Printed;
use super::record::is_secret;
use crate::cluster::Search;
use crate::cluster::admission::AdmissionConfigs;
use crate::cluster::gathered::Gathered;
use crate::cluster::kubeconfig::Identity;
use crate::live::{
    Catalog, DryRun, FetchError, LiveSet, OpenApiDocuments, Prediction, Presence, Resource, Wanted,
};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::record::SetIdentity;
use crate::record::opened::{Answers, Part};

/// The largest file that is read.
const MAX_FILE: u64 = 1 << 30;

/// A snapshot that was read.
#[derive(Debug)]
pub struct Recorded {
    identity: Identity,
    catalog: Catalog,
    openapi: OpenApiDocuments,
    types: BTreeMap<Gvk, Gathered>,
    namespaces: BTreeMap<String, NamespacePart>,
    admission: AdmissionConfigs,
    record: Option<RecordPart>,
    members: BTreeMap<Gvk, Gathered>,
    secret_values: bool,
    owners_recorded: bool,
}

impl Recorded {
    /// Reads a snapshot, output of `kubectl get -o yaml|json`, or a directory of such output (`.yaml`, `.yml`, `.json`,
    /// below it too, hidden ones left out).
    ///
    /// # Errors
    /// See [`SnapshotError`].
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        if path.is_dir() {
            return Self::of_directory(path);
        }
        let bytes = read(path)?;
        let invalid = |reason: String| SnapshotError::Invalid { path: path.to_owned(), reason };
        match version(&bytes) {
            Some(VERSION) => {
                let document = serde_json::from_slice(&bytes)
                    .map_err(|error| invalid(format!("is damaged: {error}")))?;
                Self::of_document(document).map_err(|reason| invalid(format!("is damaged: {reason}")))
            }
            Some(version) => Err(invalid(format!(
                "is a snapshot of version {version}; this program reads version {VERSION}"
            ))),
            None => {
                let mut printed = Printed::default();
                printed.add(path, &bytes)?;
                Ok(Self::of_printed(path, printed))
            }
        }
    }

    /// The answers of a snapshot that was just made.
    ///
    /// # Errors
    /// What contradicts itself in the document.
    pub fn of_document(document: Document) -> Result<Self, String> {
        let catalog = document.catalog();
        let mut openapi = OpenApiDocuments::new();
        for (gv, text) in &document.openapi {
            let gv = GroupVersion::parse(gv).ok_or_else(|| format!("{gv:?} is no group-version"))?;
            openapi.insert(gv, text.get().as_bytes().into());
        }
        let mut types = BTreeMap::new();
        for (gvk, gathered) in
            document.types.into_iter().map(TypePart::gathered).collect::<Result<Vec<_>, _>>()?
        {
            if types.insert(gvk.clone(), gathered).is_some() {
                return Err(format!("{gvk} occurs twice"));
            }
        }
        let members = document.members.into_iter().map(TypePart::gathered).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            identity: Identity {
                server: document.server.url,
                context: document.server.context,
                namespace: document.server.namespace,
                account: None,
                authority: None,
            },
            catalog,
            openapi,
            types,
            namespaces: document.namespaces,
            admission: document.admission,
            members: members.into_iter().collect(),
            record: document.record,
            secret_values: document.secret_values,
            owners_recorded: true,
        })
    }

    fn of_directory(directory: &Path) -> Result<Self, SnapshotError> {
        let mut files = Vec::new();
        collect(directory, &mut files)?;
        if files.is_empty() {
            let reason = "holds no .yaml, .yml or .json file".to_owned();
            return Err(SnapshotError::Invalid { path: directory.to_owned(), reason });
        }
        let mut printed = Printed::default();
        for file in files {
            let bytes = read(&file)?;
            if version(&bytes).is_some() {
                let reason = "is a snapshot: name the file itself, not its directory".to_owned();
                return Err(SnapshotError::Invalid { path: file, reason });
            }
            printed.add(&file, &bytes)?;
        }
        Ok(Self::of_printed(directory, printed))
    }

    fn of_printed(path: &Path, printed: Printed) -> Self {
        let owners_recorded = printed.owners_recorded();
        let (catalog, types) = printed.finish();
        let unreadable =
            vec!["a file of printed objects holds no webhooks and policies of the server".to_owned()];
        Self {
            identity: Identity { server: path.display().to_string(), ..Identity::default() },
            catalog,
            openapi: OpenApiDocuments::new(),
            types,
            namespaces: BTreeMap::new(),
            admission: AdmissionConfigs { unreadable, ..AdmissionConfigs::default() },
            record: None,
            members: BTreeMap::new(),
            secret_values: true,
            owners_recorded,
        }
    }

    /// The server that was asked; for output of kubectl the name of the file.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What the server served.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// False if objects were printed without `managedFields`, so that nobody can tell who owns what.
    pub fn owners_recorded(&self) -> bool {
        self.owners_recorded
    }

    /// The schemas of some group-versions, as far as they were recorded.
    pub fn openapi(&self, wanted: &BTreeSet<GroupVersion>) -> OpenApiDocuments {
        let documents = wanted.iter().filter_map(|gv| Some((gv.clone(), self.openapi.get(gv)?.clone())));
        documents.collect()
    }

    /// Reads objects. Every wanted object has an entry in the answer.
    pub fn read(&self, wanted: &[Wanted]) -> LiveSet {
        let mut live = LiveSet::new();
        for wanted in wanted {
            let gvk = &wanted.resource.gvk;
            for key in &wanted.objects {
                live.insert(ObjectId::new(gvk, &key.0, &key.1), self.presence(gvk, key));
            }
        }
        live
    }

    /// As [`Self::read`], with everything else that was recorded of these types.
    pub fn read_set(&self, wanted: &[Wanted]) -> (LiveSet, Vec<(Resource, Gathered)>) {
        let beside = wanted.iter().filter_map(|wanted| {
            let mut gathered = self.types.get(&wanted.resource.gvk)?.clone();
            gathered.found.retain(|key, _| !wanted.objects.contains(key));
            Some((wanted.resource.clone(), gathered))
        });
        (self.read(wanted), beside.collect())
    }

    /// Members of the set that were recorded of other types.
    pub fn members(&self, wanted: &[(Resource, BTreeSet<String>)]) -> Vec<Search> {
        let search = |resource: &Resource| match self.members.get(&resource.gvk) {
            Some(gathered) => (resource.clone(), gathered.clone(), Vec::new()),
            None => {
                let reason = FetchError::NotRecorded(format!("the snapshot holds no {}", resource.gvk));
                (resource.clone(), Gathered::nothing(), vec![reason])
            }
        };
        wanted.iter().map(|(resource, _)| search(resource)).collect()
    }

    fn presence(&self, gvk: &Gvk, key: &(String, String)) -> Result<Presence, FetchError> {
        let Some(gathered) = self.types.get(gvk) else {
            return Err(FetchError::NotRecorded(format!("the snapshot holds no {gvk}")));
        };
        match gathered.presence(key) {
            Ok(Presence::Found(_)) if is_secret(gvk) && !self.secret_values => {
                Err(FetchError::NotRecorded("secret values not recorded".to_owned()))
            }
            Err(FetchError::NotRecorded(_)) if !gathered.single.contains_key(key) => {
                Err(FetchError::NotRecorded("the snapshot does not tell whether it exists".to_owned()))
            }
            other => other,
        }
    }

    /// All that was recorded of a type.
    pub fn gathered(&self, wanted: &Wanted) -> Gathered {
        let gvk = &wanted.resource.gvk;
        let missing = || FetchError::NotRecorded(format!("the snapshot holds no {gvk}"));
        let recorded = self.types.get(gvk).cloned();
        recorded.unwrap_or_else(|| Gathered::failed(wanted.objects.clone(), &missing()))
    }

    /// Reads one object again: as before.
    ///
    /// # Errors
    /// Why it is unknown.
    pub fn reread(&self, id: &ObjectId, resource: &Resource) -> Result<Presence, FetchError> {
        self.presence(&resource.gvk, &(id.namespace.clone(), id.name.clone()))
    }

    /// A snapshot cannot tell what an apply would store.
    pub fn predict(&self, dry_runs: &[DryRun]) -> Vec<Prediction> {
        let text = "a snapshot cannot answer a dry run";
        dry_runs.iter().map(|_| Prediction::Unavailable(FetchError::NotRecorded(text.to_owned()))).collect()
    }

    /// Tells whether a namespace existed.
    ///
    /// # Errors
    /// Why that is unknown.
    pub fn namespace_exists(&self, name: &str) -> Result<bool, FetchError> {
        let recorded = self.namespaces.get(name);
        if let Some(NamespacePart::Exists(exists)) = recorded {
            return Ok(*exists);
        }
        // Where an object lives, its namespace exists.
        if self.types.values().any(|gathered| gathered.found.keys().any(|(namespace, _)| namespace == name)) {
            return Ok(true);
        }
        if let Some(NamespacePart::Unknown(error)) = recorded {
            return Err(error.clone().into());
        }
        let presence = self.presence(&Gvk::new("", "v1", "Namespace"), &(String::new(), name.to_owned()))?;
        Ok(matches!(presence, Presence::Found(_)))
    }

    /// The record of the set that was recorded; of another set the snapshot knows nothing.
    pub fn record(&self, set: Option<&SetIdentity>) -> Option<Answers> {
        let record = self.record.as_ref().filter(|record| set.is_none_or(|set| record.set == set.name))?;
        Some(record.answers())
    }

    /// Some shards of the record that was recorded.
    pub fn record_shards(&self, shards: &BTreeSet<u16>) -> BTreeMap<u16, Part> {
        self.record.as_ref().map(|record| record.shards(shards)).unwrap_or_default()
    }

    /// The webhooks and policies of the server.
    pub fn admission(&self) -> &AdmissionConfigs {
        &self.admission
    }
}

/// The version of a snapshot; `None` if it is something else.
fn version(bytes: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        format: String,
        schema_version: u32,
    }
    let head: Head = serde_json::from_slice(bytes).ok()?;
    (head.format == FORMAT).then_some(head.schema_version)
}

fn read(path: &Path) -> Result<Vec<u8>, SnapshotError> {
    let failed = |source| SnapshotError::Io { path: path.to_owned(), doing: "cannot be read", source };
    let file = std::fs::File::open(path).map_err(failed)?;
    let too_large = || {
        let reason = format!("is larger than {} MiB", MAX_FILE >> 20);
        SnapshotError::Invalid { path: path.to_owned(), reason }
    };
    if file.metadata().map_err(failed)?.len() > MAX_FILE {
        return Err(too_large());
    }
    bounded(file, MAX_FILE).map_err(failed)?.ok_or_else(too_large)
}

/// All bytes, or `None` if there are more than `limit`: devices and pipes do not tell their size.
fn bounded(bytes: impl std::io::Read, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let mut content = Vec::new();
    bytes.take(limit + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= limit).then_some(content))
}

/// The files of a directory in the order of their paths.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), SnapshotError> {
    let failed = |source| SnapshotError::Io { path: directory.to_owned(), doing: "cannot be read", source };
    let entries = std::fs::read_dir(directory).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let wanted =
            path.extension().is_some_and(|kind| ["yaml", "yml", "json"].iter().any(|wanted| kind == *wanted));
        // A link to a directory is not followed: it could lead round in circles.
        let kind = std::fs::symlink_metadata(&path).map_err(failed)?.file_type();
        if hidden {
            continue;
        } else if kind.is_dir() {
            collect(&path, files)?;
        } else if wanted {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Served;

    fn wanted(kind: &str, objects: &[(&str, &str)]) -> Wanted {
        Wanted {
            resource: Resource {
                gvk: Gvk::new("", "v1", kind),
                plural: String::new(),
                namespaced: true,
                has_status: false,
                listable: true,
            },
            objects: objects.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
        }
    }

    fn state(recorded: &Recorded, kind: &str, namespace: &str, name: &str) -> String {
        let live = recorded.read(&[wanted(kind, &[(namespace, name)])]);
        match live.values().next().unwrap() {
            Ok(Presence::Found(_)) => "found".into(),
            Ok(Presence::Absent) => "absent".into(),
            Err(error) => error.to_string(),
        }
    }

    const SNAPSHOT: &str = r#"{"format": "gitops-snapshot", "schemaVersion": 1, "tool": "gitops/0", "secretValues": false,
        "server": {"url": "https://a", "version": "v1.36.3", "context": null, "namespace": null},
        "resources": [{"group": "", "version": "v1", "kind": "Secret", "plural": "secrets", "namespaced": true, "status": false, "listable": true}],
        "incomplete": {"metrics.k8s.io/v1": "stale"}, "openapi": {"v1": {"a": 1}},
        "types": [
            {"group": "", "version": "v1", "kind": "Secret", "complete": "everywhere", "single": [],
             "items": [{"metadata": {"name": "s", "namespace": "n"}}]},
            {"group": "", "version": "v1", "kind": "ConfigMap", "complete": {"namespaces": ["n"]},
             "items": [{"metadata": {"name": "c", "namespace": "n"}}],
             "single": [{"namespace": "m", "name": "gone"},
                        {"namespace": "m", "name": "late", "error": "deadline"},
                        {"namespace": "m", "name": "shy", "error": {"forbidden": {"verb": "list", "resource": "configmaps", "group": "", "namespace": "m", "message": "no"}}},
                        {"namespace": "m", "name": "refused", "error": {"unauthorized": "expired"}}]}],
        "namespaces": {"n": {"exists": true}, "m": {"exists": false}, "o": {"unknown": {"failed": "503"}}},
        "admission": {"rules": [], "unreadable": []}}"#;

    fn open(text: &str) -> Result<Recorded, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let path = file.path().to_str().unwrap();
        Recorded::open(file.path()).map_err(|error| error.to_string().replace(path, "FILE"))
    }

    /// SEC-48
    #[test]
    fn what_does_not_tell_its_size_is_bounded() {
        assert_eq!(bounded(&b"abc"[..], 3).unwrap().as_deref(), Some(&b"abc"[..]));
        assert_eq!(bounded(&b"abcd"[..], 3).unwrap(), None);
        assert_eq!(bounded(std::io::repeat(0), 1000).unwrap(), None, "and reading ends");
    }

    #[test]
    fn a_snapshot_answers_as_the_server_did() {
        let recorded = open(SNAPSHOT).unwrap();
        let state = |kind, namespace, name| state(&recorded, kind, namespace, name);
        assert_eq!(state("Secret", "n", "s"), "secret values not recorded");
        assert_eq!(state("Secret", "n", "none"), "absent");
        assert_eq!(state("ConfigMap", "n", "c"), "found");
        assert_eq!(state("ConfigMap", "n", "none"), "absent");
        assert_eq!(state("ConfigMap", "m", "gone"), "absent");
        assert_eq!(state("ConfigMap", "m", "other"), "the snapshot does not tell whether it exists");
        assert_eq!(
            state("ConfigMap", "m", "late"),
            "not in the snapshot: the deadline passed while it was made"
        );
        assert_eq!(state("ConfigMap", "m", "shy"), "forbidden: cannot list configmaps in namespace m");
        let text = state("ConfigMap", "m", "refused");
        assert_eq!(text, "not in the snapshot: the server does not accept the credentials (401): expired");
        assert_eq!(state("Service", "n", "x"), "the snapshot holds no v1 Service");
        assert_eq!(recorded.namespace_exists("n"), Ok(true));
        assert_eq!(recorded.namespace_exists("m"), Ok(false));
        assert!(recorded.namespace_exists("o").is_err() && recorded.namespace_exists("p").is_err());
        let catalog = recorded.catalog();
        assert!(matches!(catalog.served(&Gvk::new("", "v1", "Secret")), Served::Yes(_)));
        assert!(matches!(catalog.served(&Gvk::new("metrics.k8s.io", "v1", "X")), Served::Unknown("stale")));
        assert_eq!(catalog.served(&Gvk::new("", "v1", "Other")), Served::No(vec![]));
        let gvs =
            BTreeSet::from([GroupVersion::parse("v1").unwrap(), GroupVersion::parse("apps/v1").unwrap()]);
        let documents = recorded.openapi(&gvs);
        assert_eq!(documents.into_values().map(Vec::from).collect::<Vec<_>>(), [br#"{"a": 1}"#]);
        assert!(recorded.owners_recorded());
    }

    #[test]
    fn damaged_and_foreign_files_are_named() {
        let newer = SNAPSHOT.replace("\"schemaVersion\": 1", "\"schemaVersion\": 2");
        assert_eq!(
            open(&newer).unwrap_err(),
            "FILE: is a snapshot of version 2; this program reads version 1"
        );
        let unnamed = SNAPSHOT.replace(r#""name": "c", "#, "");
        assert_eq!(open(&unnamed).unwrap_err(), "FILE: is damaged: an item of v1 ConfigMap has no name");
        let twice = SNAPSHOT.replace("\"kind\": \"ConfigMap\"", "\"kind\": \"Secret\"");
        assert_eq!(open(&twice).unwrap_err(), "FILE: is damaged: v1 Secret occurs twice");
        let unknown = SNAPSHOT.replace("\"tool\"", "\"tools\"");
        assert!(open(&unknown).unwrap_err().starts_with("FILE: is damaged: unknown field `tools`"));
        assert!(
            Recorded::open(Path::new("no/such/file"))
                .unwrap_err()
                .to_string()
                .starts_with("no/such/file: cannot be read")
        );
        let empty = tempfile::tempdir().unwrap();
        assert!(
            Recorded::open(empty.path())
                .unwrap_err()
                .to_string()
                .contains("holds no .yaml, .yml or .json file")
        );
    }

    #[test]
    fn printed_objects_leave_everything_else_unknown() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let object = |kind: &str, name: &str| {
            format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: ns}}\n")
        };
        write("a.yaml", &object("ConfigMap", "c"));
        write("deep/b.yml", &object("Secret", "s"));
        write(".hidden/c.yaml", "not read: [");
        write("notes.txt", "not read: [");
        let recorded = Recorded::open(directory.path()).unwrap();
        assert_eq!(state(&recorded, "ConfigMap", "ns", "c"), "found");
        assert_eq!(state(&recorded, "Secret", "ns", "s"), "found");
        assert_eq!(
            state(&recorded, "ConfigMap", "ns", "gone"),
            "the snapshot does not tell whether it exists"
        );
        assert_eq!(state(&recorded, "Service", "ns", "gone"), "the snapshot holds no v1 Service");
        assert!(matches!(recorded.catalog().served(&Gvk::new("", "v1", "Service")), Served::Unknown(_)));
        assert!(
            matches!(recorded.catalog().served(&Gvk::new("", "v1", "Secret")), Served::Yes(r) if r.namespaced)
        );
        assert_eq!(recorded.namespace_exists("ns"), Ok(true));
        assert!(recorded.namespace_exists("m").is_err());
        assert!(!recorded.owners_recorded());
        assert!(!recorded.admission().unreadable.is_empty());
        write("z.json", SNAPSHOT);
        assert!(Recorded::open(directory.path()).unwrap_err().to_string().contains("z.json: is a snapshot"));
    }
}
