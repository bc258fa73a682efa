//! From rendered manifests to the desired objects of one cluster: scope, namespace, duplicates, and preparation.
//!
//! What is wrong with one object is a value beside the others, never the end of the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD as STANDARD_ALPHABET;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::live::{Catalog, Resource, Served};
use crate::object::id::{Gvk, ObjectId};
use crate::object::packed::Packed;
use crate::object::value::text_at;
use crate::render::origin::Origin;
use crate::render::{Manifest, Notice};

/// A desired object while it is compared.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Group, version and kind as written.
    pub gvk: Gvk,
    /// The served type.
    pub resource: Arc<Resource>,
    /// The prepared object.
    pub object: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// A desired object that can be compared, as it is kept.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Group, version and kind as written.
    pub gvk: Gvk,
    /// The served type.
    pub resource: Arc<Resource>,
    /// Where it was written.
    pub origin: Origin,
    /// The prepared object.
    pub packed: Packed,
}

impl Ready {
    /// The prepared object.
    pub fn object(&self) -> Value {
        self.packed.value()
    }

    /// The whole, to be compared.
    pub fn desired(&self) -> Desired {
        Desired {
            gvk: self.gvk.clone(),
            resource: Arc::clone(&self.resource),
            object: self.object(),
            origin: self.origin.clone(),
        }
    }
}

/// One object of the render.
#[derive(Debug, Clone)]
pub enum Entry {
    /// It can be compared.
    Ready(Box<Ready>),
    /// It can never be applied as it is written.
    Invalid {
        /// What is wrong, in one sentence.
        reason: String,
        /// Every place that has to do with it.
        places: Vec<(String, u32)>,
    },
    /// Its kind is not served yet, but the render holds the definition.
    KindPending(Box<Manifest>),
    /// Nobody can tell whether its kind is served.
    Unknown {
        /// Why.
        reason: String,
        /// Where it was written.
        origin: Origin,
    },
    /// Its kind was served when it was applied, and is not any more.
    Lost {
        /// What is gone.
        reason: String,
        /// Where it was written.
        place: (String, u32),
    },
}

/// All objects of a render, by identity.
#[derive(Debug, Clone, Default)]
pub struct DesiredSet {
    /// The objects.
    pub entries: BTreeMap<ObjectId, Entry>,
    /// Remarks that do not change a verdict.
    pub warnings: Vec<Notice>,
    /// The set that these objects make up, if it has a name.
    pub set: Option<Membership>,
}

/// How members of a set are told on a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The ApplySet id, which members carry as their `part-of` label.
    pub id: String,
    /// True if a user named the set or its record exists; else the name is a guess from the repository, and an object that
    /// belongs to another set may belong to this one under another name.
    pub certain: bool,
    /// True if its record exists, so that every member was labelled.
    pub recorded: bool,
    /// Ids of sets whose members are taken over.
    pub adopts: Vec<String>,
}

/// Sets that are smaller are resolved on one thread: starting another would cost more.
const WORTH_A_THREAD: usize = 200;

/// Resolves and prepares all manifests. `namespace` fills in the namespace of what has none.
pub fn resolve(manifests: Vec<Manifest>, catalog: &Catalog, namespace: &str) -> DesiredSet {
    let around =
        Around { catalog, namespace, pending: pending_kinds(&manifests), types: types(&manifests, catalog) };
    let mut set = DesiredSet::default();
    let mut places: BTreeMap<ObjectId, Vec<(String, u32)>> = BTreeMap::new();
    for (id, entry, place) in resolve_all(manifests, &around, &mut set.warnings) {
        places.entry(id.clone()).or_default().push(place);
        set.entries.entry(id).or_insert(entry);
    }
    for (id, places) in places {
        if places.len() > 1 {
            let reason = format!("the render holds this object {} times", places.len());
            set.entries.insert(id, Entry::Invalid { reason, places });
        }
    }
    set
}

type Resolved = (ObjectId, Entry, (String, u32));

/// Resolves on two threads where that pays; the order stays.
fn resolve_all(
    mut manifests: Vec<Manifest>,
    around: &Around<'_>,
    warnings: &mut Vec<Notice>,
) -> Vec<Resolved> {
    let some = |manifests: Vec<Manifest>, warnings: &mut Vec<Notice>| -> Vec<Resolved> {
        let one = |manifest: Manifest| {
            let place = (manifest.origin.file.to_string(), manifest.origin.line);
            let (id, entry) = resolve_one(manifest, around, warnings);
            (id, entry, place)
        };
        manifests.into_iter().map(one).collect()
    };
    if manifests.len() < WORTH_A_THREAD {
        return some(manifests, warnings);
    }
    let second = manifests.split_off(manifests.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut warnings = Vec::new();
            (some(second, &mut warnings), warnings)
        });
        let mut resolved = some(manifests, warnings);
        match other.join() {
            Ok((mut rest, mut later)) => {
                resolved.append(&mut rest);
                warnings.append(&mut later);
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
        resolved
    })
}

/// What all manifests are resolved with.
struct Around<'a> {
    catalog: &'a Catalog,
    namespace: &'a str,
    pending: BTreeMap<(String, String), bool>,
    /// The served types in use, each once for all its objects.
    types: BTreeMap<Gvk, Arc<Resource>>,
}

fn types(manifests: &[Manifest], catalog: &Catalog) -> BTreeMap<Gvk, Arc<Resource>> {
    let mut types = BTreeMap::new();
    for manifest in manifests {
        if !types.contains_key(&manifest.gvk)
            && let Served::Yes(resource) = catalog.served(&manifest.gvk)
        {
            types.insert(manifest.gvk.clone(), Arc::new(resource.clone()));
        }
    }
    types
}

/// Kinds that a CustomResourceDefinition of the render defines: group and kind, and whether it is namespaced.
fn pending_kinds(manifests: &[Manifest]) -> BTreeMap<(String, String), bool> {
    let definitions = manifests
        .iter()
        .filter(|m| m.gvk.group == "apiextensions.k8s.io" && m.gvk.kind == "CustomResourceDefinition");
    let kind = |m: &Manifest| {
        let object = m.object.value();
        let group = text_at(&object, &["spec", "group"])?.to_owned();
        let kind = text_at(&object, &["spec", "names", "kind"])?.to_owned();
        Some(((group, kind), text_at(&object, &["spec", "scope"]) != Some("Cluster")))
    };
    definitions.filter_map(kind).collect()
}

fn resolve_one(manifest: Manifest, around: &Around<'_>, warnings: &mut Vec<Notice>) -> (ObjectId, Entry) {
    let written = manifest.namespace.clone().unwrap_or_else(|| around.namespace.to_owned());
    let id = |namespaced: bool| {
        let name = if manifest.name.is_empty() { generated_name(&manifest) } else { manifest.name.clone() };
        ObjectId::new(&manifest.gvk, if namespaced { &written } else { "" }, &name)
    };
    if let Some(resource) = around.types.get(&manifest.gvk) {
        let id = id(resource.namespaced);
        let object = manifest.object.value();
        if !resource.namespaced && manifest.namespace.is_some() {
            warnings.push(ignored_namespace(&manifest));
        }
        if has_rules_of_a_controller(&manifest, &object) {
            warnings.push(ignored_rules(&manifest));
        }
        let entry = prepare_entry(manifest, object, Arc::clone(resource), &id);
        return (id, entry);
    }
    match around.catalog.served(&manifest.gvk) {
        Served::No(versions) => {
            let kind = (manifest.gvk.group.clone(), manifest.gvk.kind.clone());
            match around.pending.get(&kind) {
                Some(namespaced) => (id(*namespaced), Entry::KindPending(Box::new(manifest))),
                None => (id(manifest.namespace.is_some()), not_served(&manifest, &versions, around.catalog)),
            }
        }
        Served::Unknown(reason) => {
            let reason = format!("cannot tell whether {} is served: {reason}", manifest.gvk);
            (id(manifest.namespace.is_some()), Entry::Unknown { reason, origin: manifest.origin })
        }
        // All types that are served are among those in use.
        Served::Yes(resource) => {
            let id = id(resource.namespaced);
            let object = manifest.object.value();
            let entry = prepare_entry(manifest, object, Arc::new(resource.clone()), &id);
            (id, entry)
        }
    }
}

fn generated_name(manifest: &Manifest) -> String {
    format!("{}*", text_at(&manifest.object.value(), &["metadata", "generateName"]).unwrap_or_default())
}

fn ignored_namespace(manifest: &Manifest) -> Notice {
    Notice {
        file: manifest.origin.file.to_string(),
        line: manifest.origin.line,
        column: 0,
        message: format!("{} is cluster-scoped: its namespace is ignored", manifest.gvk.kind),
        hint: None,
    }
}

/// True for a ClusterRole whose rules a controller fills in from others, and that brings rules nevertheless.
fn has_rules_of_a_controller(manifest: &Manifest, object: &Value) -> bool {
    manifest.gvk.group == "rbac.authorization.k8s.io"
        && manifest.gvk.kind == "ClusterRole"
        && object.get("aggregationRule").is_some()
        && object.get("rules").is_some()
}

fn ignored_rules(manifest: &Manifest) -> Notice {
    Notice {
        file: manifest.origin.file.to_string(),
        line: manifest.origin.line,
        column: 0,
        message: format!("ClusterRole {} has an aggregationRule: its rules are ignored", manifest.name),
        hint: Some("a controller fills them in; leave rules out".to_owned()),
    }
}

fn not_served(manifest: &Manifest, versions: &[String], catalog: &Catalog) -> Entry {
    let mut reason = format!("the cluster does not serve {}", manifest.gvk);
    if let Some(near) = catalog.near(&manifest.gvk).filter(|_| versions.is_empty()) {
        reason.push_str(&format!("; did you mean {near}?"));
    } else if versions.is_empty() {
        reason.push_str(", and the render holds no definition of it");
    } else {
        reason.push_str(&format!("; it serves {}", versions.join(", ")));
    }
    invalid(manifest, reason)
}

fn invalid(manifest: &Manifest, reason: String) -> Entry {
    Entry::Invalid { reason, places: vec![(manifest.origin.file.to_string(), manifest.origin.line)] }
}

fn prepare_entry(manifest: Manifest, object: Value, resource: Arc<Resource>, id: &ObjectId) -> Entry {
    if manifest.name.is_empty() {
        let reason =
            "it has generateName and no name: an object without a name of its own cannot be compared";
        return invalid(&manifest, reason.to_owned());
    }
    if object.get("sops").is_some() {
        return invalid(&manifest, "encrypted with SOPS, not supported yet".to_owned());
    }
    let Manifest { gvk, origin, .. } = manifest;
    match prepare(object, &gvk, &resource, id) {
        Ok(object) => {
            let packed = Packed::of(&object);
            Entry::Ready(Box::new(Ready { gvk, resource, origin, packed }))
        }
        Err(reason) => Entry::Invalid { reason, places: vec![(origin.file.to_string(), origin.line)] },
    }
}

/// Prepares an object for comparing and applying: what the server ignores, forces or resets is settled here, the same way
/// for desired and base.
///
/// # Errors
/// A sentence that says why the object cannot be applied as written.
pub fn prepare(mut object: Value, gvk: &Gvk, resource: &Resource, id: &ObjectId) -> Result<Value, String> {
    drop_null_timestamps(&mut object);
    let Some(map) = object.as_object_mut() else { return Err("it is no object".to_owned()) };
    if resource.has_status {
        map.remove("status");
    }
    if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
        prepare_metadata(metadata, id);
    }
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Secret") => {
            check_base64(map)?;
            fold_string_data(map)?;
        }
        ("rbac.authorization.k8s.io", "ClusterRole") if map.contains_key("aggregationRule") => {
            // A controller fills the rules in; sending ours would wipe them each time.
            map.remove("rules");
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            map.remove("status");
            if let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut)
                && spec.get("preserveUnknownFields") == Some(&Value::Bool(false))
            {
                spec.remove("preserveUnknownFields");
            }
        }
        _ => {}
    }
    Ok(object)
}

fn prepare_metadata(metadata: &mut Map<String, Value>, id: &ObjectId) {
    for key in ["managedFields", "creationTimestamp", "resourceVersion", "uid", "generation", "selfLink"] {
        metadata.remove(key);
    }
    if id.namespace.is_empty() {
        metadata.remove("namespace");
    } else {
        metadata.insert("namespace".to_owned(), Value::from(id.namespace.as_str()));
    }
    if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut)
        && annotations.remove(crate::compare::owner::LAST_APPLIED).is_some()
        && annotations.is_empty()
    {
        metadata.remove("annotations");
    }
}

/// Generators print `creationTimestamp: null` into every metadata; it means nothing.
fn drop_null_timestamps(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.get("creationTimestamp").is_some_and(Value::is_null) {
                map.remove("creationTimestamp");
            }
            map.values_mut().for_each(drop_null_timestamps);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_null_timestamps),
        _ => {}
    }
}

/// What stands in `data` must be base64 as Go reads it: the standard alphabet with padding, line ends left out, and any
/// bits behind the last byte (`encoding/base64`, `StdEncoding`). The server would refuse the object, and only an object
/// that exists already is ever shown to it.
fn check_base64(secret: &Map<String, Value>) -> Result<(), String> {
    const AS_GO: GeneralPurpose = GeneralPurpose::new(
        &STANDARD_ALPHABET,
        GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    for (key, value) in secret.get("data").and_then(Value::as_object).into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        let text: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
        if AS_GO.decode(text).is_err() {
            return Err(format!("data[{key:?}] is no base64"));
        }
    }
    Ok(())
}

/// `stringData` becomes base64 in `data`: the server would not take a key out again that was applied as `stringData`.
fn fold_string_data(secret: &mut Map<String, Value>) -> Result<(), String> {
    let plain = match secret.remove("stringData") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(plain)) => plain,
        Some(_) => return Err("stringData is no map".to_owned()),
    };
    if plain.is_empty() {
        return Ok(());
    }
    let data = secret.entry("data").or_insert_with(|| Value::Object(Map::new()));
    if data.is_null() {
        *data = Value::Object(Map::new());
    }
    let Some(data) = data.as_object_mut() else { return Err("data is no map".to_owned()) };
    for (key, value) in plain {
        let text = match &value {
            Value::String(text) => text.as_str(),
            Value::Null => "",
            _ => return Err(format!("stringData[{key:?}] is no string")),
        };
        data.insert(key, Value::from(base64::engine::general_purpose::STANDARD.encode(text)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::origin::FieldLines;
    use serde_json::json;

    fn catalog() -> Catalog {
        let resource = |group: &str, kind: &str, namespaced: bool| Resource {
            gvk: Gvk::new(group, "v1", kind),
            plural: format!("{}s", kind.to_lowercase()),
            namespaced,
            has_status: kind != "ConfigMap",
            listable: true,
        };
        let resources = [
            resource("", "ConfigMap", true),
            resource("", "Secret", true),
            resource("", "Namespace", false),
            resource("apps", "Deployment", true),
            resource("rbac.authorization.k8s.io", "ClusterRole", false),
            resource("apiextensions.k8s.io", "CustomResourceDefinition", false),
        ];
        Catalog {
            resources: resources.into_iter().map(|r| (r.gvk.clone(), r)).collect(),
            incomplete: BTreeMap::from([("metrics.k8s.io".to_owned(), "service unavailable".to_owned())]),
            server_version: String::new(),
        }
    }

    fn manifest(line: u32, object: Value) -> Manifest {
        let version = crate::object::id::GroupVersion::parse(object["apiVersion"].as_str().unwrap()).unwrap();
        Manifest {
            gvk: Gvk {
                group: version.group,
                version: version.version,
                kind: object["kind"].as_str().unwrap().into(),
            },
            namespace: text_at(&object, &["metadata", "namespace"]).map(str::to_owned),
            name: text_at(&object, &["metadata", "name"]).unwrap_or_default().to_owned(),
            origin: Origin { file: "a.yaml".into(), line, fields: FieldLines::default() },
            object: Packed::of(&object),
        }
    }

    fn run(objects: Vec<Value>) -> Vec<(String, String)> {
        let manifests = objects.into_iter().zip(1..).map(|(object, line)| manifest(line, object)).collect();
        let set = resolve(manifests, &catalog(), "shop");
        set.entries
            .into_iter()
            .map(|(id, entry)| {
                let text = match entry {
                    Entry::Ready(desired) => desired.object().to_string(),
                    Entry::Invalid { reason, places } => format!("invalid: {reason} {places:?}"),
                    Entry::KindPending(_) => "kind pending".to_owned(),
                    Entry::Unknown { reason, .. } | Entry::Lost { reason, .. } => {
                        format!("unknown: {reason}")
                    }
                };
                (id.to_string(), text)
            })
            .collect()
    }

    fn object(api_version: &str, kind: &str, metadata: Value) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
    }

    #[test]
    fn namespaces_follow_the_scope() {
        let found = run(vec![
            object("v1", "ConfigMap", json!({"name": "a"})),
            object("v1", "ConfigMap", json!({"name": "b", "namespace": "other"})),
            object("v1", "Namespace", json!({"name": "n", "namespace": "ignored"})),
        ]);
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["Namespace n", "ConfigMap other/b", "ConfigMap shop/a"]);
        assert!(found[2].1.contains(r#""namespace":"shop""#) && !found[0].1.contains("ignored"));
    }

    #[test]
    fn duplicates_name_all_places_also_where_the_namespace_is_implied() {
        let found = run(vec![
            object("v1", "ConfigMap", json!({"name": "a"})),
            object("v1", "ConfigMap", json!({"name": "a", "namespace": "shop"})),
        ]);
        let expected = "invalid: the render holds this object 2 times [(\"a.yaml\", 1), (\"a.yaml\", 2)]";
        assert_eq!(found, [("ConfigMap shop/a".to_owned(), expected.to_owned())]);
    }

    #[test]
    fn kinds_are_pending_invalid_or_unknown() {
        let mut crd = object(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            json!({"name": "widgets.example.org"}),
        );
        crd["spec"] = json!({"group": "example.org", "scope": "Namespaced", "names": {"kind": "Widget"}});
        let found = run(vec![
            crd,
            object("example.org/v1", "Widget", json!({"name": "w"})),
            object("example.org/v1", "Gadget", json!({"name": "g"})),
            object("apps/v1", "Deploymnet", json!({"name": "misspelt"})),
            object("app/v1", "Deployment", json!({"name": "misgrouped"})),
            object("apps/v1beta1", "Deployment", json!({"name": "d"})),
            object("metrics.k8s.io/v1", "PodMetrics", json!({"name": "m"})),
            object("v1", "ConfigMap", json!({"generateName": "gen-"})),
        ]);
        let text = |name: &str| found.iter().find(|(id, _)| id.contains(name)).unwrap().1.as_str();
        assert_eq!(text("Widget shop/w"), "kind pending");
        assert!(
            text("Gadget")
                .contains("does not serve example.org/v1 Gadget, and the render holds no definition")
        );
        for wrong in ["misspelt", "misgrouped"] {
            assert!(text(wrong).contains("; did you mean apps/v1 Deployment?"), "{}", text(wrong));
        }
        assert!(text("Deployment d").contains("it serves v1"));
        assert!(
            text("PodMetrics").starts_with("unknown: ") && text("PodMetrics").contains("service unavailable")
        );
        assert!(text("gen-*").contains("generateName"));
    }

    #[test]
    fn preparation_settles_what_the_server_ignores() {
        let prepared = |value: Value| serde_json::from_str::<Value>(&run(vec![value])[0].1).unwrap();
        let mut secret = object("v1", "Secret", json!({"name": "s", "creationTimestamp": null, "uid": "x"}));
        secret["data"] = json!({"a": "eA=="});
        secret["stringData"] = json!({"a": "b", "n": null});
        secret["status"] = json!({});
        let secret = prepared(secret);
        assert_eq!(secret["data"], json!({"a": "Yg==", "n": ""}));
        assert!(secret.get("stringData").is_none() && secret.get("status").is_none());
        assert_eq!(secret["metadata"], json!({"name": "s", "namespace": "shop"}));
        let mut role = object("rbac.authorization.k8s.io/v1", "ClusterRole", json!({"name": "r"}));
        role["aggregationRule"] = json!({});
        role["rules"] = json!([]);
        assert!(prepared(role).get("rules").is_none());
        let mut config = object("v1", "ConfigMap", json!({"name": "c"}));
        config["status"] = json!("kept: the type has no status subresource");
        assert!(prepared(config).get("status").is_some());
    }

    /// SEC-30
    #[test]
    fn what_is_no_base64_is_invalid_without_its_value() {
        let reason = |text: &str| {
            let mut secret = object("v1", "Secret", json!({"name": "s"}));
            secret["data"] = json!({"k": text});
            run(vec![secret])[0].1.clone()
        };
        for text in ["", "YQ==", "YR==", "YW\r\nFh\n"] {
            assert!(reason(text).starts_with('{'), "{text:?}: {}", reason(text));
        }
        for text in ["YQ", "YQ= =", "canary!", "-_-_"] {
            assert_eq!(reason(text), "invalid: data[\"k\"] is no base64 [(\"a.yaml\", 1)]", "{text:?}");
        }
    }
}
