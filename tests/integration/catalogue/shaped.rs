//! What holds for any object, over objects of the kinds and shapes that people write: an object does not differ from itself, and
//! neither the order of managers, nor that of documents and keys, nor ignoring additions changes a verdict for the worse.
//!
//! Each property prints what its cases were like, so that a generator of nothing would be seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use gitops::compare::base::Base;
use gitops::compare::judge::{AddedPolicy, Answer, Policy, Subject, assess, judge};
use gitops::compare::local::Admission;
use gitops::compare::survey::{Bases, Setting, conclude, survey};
use gitops::compare::validate::validate;
use gitops::compare::verdict::{FieldVerdict, ObjectVerdict, Status};
use gitops::desired::{Desired, Entry, resolve};
use gitops::live::{Catalog, LiveSet, Observed, Presence};
use gitops::object::id::ObjectId;
use gitops::object::packed::Packed;
use gitops::render::Manifest;
use gitops::render::origin::{FieldLines, Origin};
use gitops::schema::Schema;
use serde_json::{Map, Value, json};

use super::schemas::schemas;
use super::values::{catalog, field_set, gvk, resolved};
use crate::pairs::mutate::mutate;
use crate::support::cluster::tell;
use crate::support::generate::dice::Dice;
use crate::support::generate::{self, MORE, TWELVE};

/// Cases of each property.
const CASES: u64 = 10_000;
const SEED: u64 = 20_261_121;

/// How many cases came out in which way.
type Counts = BTreeMap<String, usize>;

/// Runs a property over all cases on two threads and prints what they were like.
fn cases(property: &str, case: impl Fn(&mut Dice, &mut Counts) + Sync) -> Counts {
    let some = |numbers: Range<u64>| {
        let mut counts = Counts::new();
        for number in numbers {
            case(&mut Dice::new(SEED, property, number), &mut counts);
        }
        counts
    };
    let (mut counts, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| some(CASES / 2..CASES));
        (some(0..CASES / 2), other.join().expect("the property holds"))
    });
    for (what, count) in other {
        *counts.entry(what).or_default() += count;
    }
    let text: Vec<String> = counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    tell(&format!("{property}: {CASES} cases: {}", text.join(", ")));
    counts
}

fn count(counts: &mut Counts, what: &str) {
    *counts.entry(what.to_owned()).or_default() += 1;
}

/// A manifest of some kind with some changes, as text and as it is compared, with its schema.
struct Git {
    manifest: Value,
    id: ObjectId,
    desired: Desired,
    schema: &'static Schema,
}

/// Kinds whose manifests have few lines.
const SMALL: &[&str] = &["ConfigMap", "Role", "RoleBinding", "Secret", "Service", "ServiceAccount"];

/// The kinds with a recorded schema. `None` stands for a custom resource.
fn kinds(small: bool) -> Vec<Option<generate::Kind>> {
    let all = TWELVE.into_iter().chain(MORE);
    let known = all.filter(|kind| schemas().contains_key(&gvk(kind.version, kind.kind)));
    known.filter(|kind| !small || SMALL.contains(&kind.kind)).map(Some).chain([None]).collect()
}

fn first(dice: &mut Dice, small: bool) -> Value {
    match dice.pick(&kinds(small)) {
        Some(kind) => generate::objects(dice.below(1 << 30) as u64, &[*kind], 1, "n").remove(0),
        None => {
            let kind = *dice.pick(&["Widget", "Gadget"]);
            let mut object = json!({"apiVersion": "catalogue.example.org/v1", "kind": kind, "spec": {},
                "metadata": {"name": kind.to_lowercase(), "namespace": "n"}});
            for _ in 0..8 {
                mutate(&schemas()[&gvk("catalogue.example.org/v1", kind)], &mut object, None, dice);
            }
            object
        }
    }
}

fn schema_of(object: &Value) -> &'static Schema {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    &schemas()[&gvk(text("apiVersion"), text("kind"))]
}

/// A manifest that the server would take by its schema.
fn git(dice: &mut Dice, catalog: &Catalog) -> Git {
    loop {
        let mut manifest = first(dice, false);
        let schema = schema_of(&manifest);
        for _ in 0..dice.below(4) {
            mutate(schema, &mut manifest, None, dice);
        }
        let text = |key: &str| manifest[key].as_str().unwrap_or_default();
        let item = Manifest {
            gvk: gvk(text("apiVersion"), text("kind")),
            namespace: Some("n".to_owned()),
            name: manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            object: Packed::of(&manifest),
            origin: Origin { file: "a.yaml".into(), line: 1, fields: FieldLines::default() },
        };
        let set = resolve(vec![item], catalog, "n");
        let Some((id, Entry::Ready(ready))) = set.entries.into_iter().next() else { continue };
        let desired = ready.desired();
        if validate(schema, &desired.object).is_empty() {
            return Git { manifest, id, desired, schema };
        }
    }
}

/// An entry of a manager for what an object holds.
fn entry(schema: &Schema, manager: &str, operation: &str, time: &str, object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.retain(|key, _| !["apiVersion", "kind"].contains(&key.as_str()));
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.retain(|key, _| {
            ["labels", "annotations", "finalizers", "ownerReferences"].contains(&key.as_str())
        });
    }
    if object["metadata"].as_object().is_none_or(Map::is_empty)
        && let Some(map) = object.as_object_mut()
    {
        map.remove("metadata");
    }
    let fields = field_set(schema, schema.root(), &object).unwrap_or_else(|| json!({}));
    json!({"manager": manager, "operation": operation, "time": time, "fieldsType": "FieldsV1", "fieldsV1": fields})
}

/// A live object with entries at the version of the manifest.
fn live(content: &Value, version: &Value, entries: Vec<Value>) -> Value {
    let mut live = content.clone();
    let entries = entries.into_iter().map(|mut entry| {
        entry["apiVersion"] = version.clone();
        entry
    });
    live["metadata"]["managedFields"] = entries.collect();
    live["metadata"]["uid"] = json!("u");
    live["metadata"]["resourceVersion"] = json!("7");
    live["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    live
}

fn subject<'a>(git: &'a Git, base: &'a Base) -> Subject<'a> {
    static NOTHING: std::sync::LazyLock<(
        gitops::compare::autoscale::Scaling,
        gitops::compare::ignore::Rules,
    )> = std::sync::LazyLock::new(Default::default);
    let Git { id, desired, schema, .. } = git;
    Subject { id, desired, schema, base, policy: Policy::default(), scaling: &NOTHING.0, rules: &NOTHING.1 }
}

#[test]
fn an_object_does_not_differ_from_itself() {
    let catalog = catalog(schemas().keys());
    let counts = cases("compare(x, x)", |dice, counts| {
        let git = git(dice, &catalog);
        let object = &git.desired.object;
        let ours = entry(git.schema, "gitops", "Apply", "2026-01-02T00:00:00Z", object);
        let live = live(object, &object["apiVersion"], vec![ours]);
        let subject = subject(&git, &Base::Unknown);
        let assessment = assess(&subject, &live);
        assert!(!assessment.needs_server(), "{}: {:?}", git.manifest, assessment.open_places());
        let verdict = judge(&subject, &live, &assessment, &Answer::NotNeeded);
        let found = (verdict.status.word(), verdict.fields.len(), verdict.notes.len());
        assert_eq!(found, ("in-sync", 0, 0), "{}: {verdict:?}", git.manifest);
        count(counts, &git.id.kind);
    });
    assert!(counts.len() >= 15 && counts.values().all(|count| *count >= 100), "{counts:?}");
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    for at in (1..items.len()).rev() {
        items.swap(at, dice.below(at + 1));
    }
}

#[test]
fn neither_the_order_of_managers_nor_ignoring_additions_adds_a_difference() {
    let catalog = catalog(schemas().keys());
    let mut statuses = cases("order of managers, ignored additions", |dice, counts| {
        let git = git(dice, &catalog);
        let mut edited = || {
            let mut other = git.desired.object.clone();
            for _ in 0..dice.below(4) {
                mutate(git.schema, &mut other, None, dice);
            }
            other
        };
        let (content, ours, hand, machine, stored) = (edited(), edited(), edited(), edited(), edited());
        let valid =
            [&content, &ours, &hand, &machine].iter().all(|object| validate(git.schema, object).is_empty());
        if !valid {
            return count(counts, "(not a live object)");
        }
        let schema = git.schema;
        let mut entries = vec![
            entry(schema, "gitops", "Apply", "2026-01-02T00:00:00Z", &ours),
            entry(schema, "kubectl-edit", "Update", "2026-01-03T00:00:00Z", &hand),
            entry(schema, "operator", "Update", "2026-01-01T00:00:00Z", &machine),
            entry(schema, "flux", "Apply", "2026-01-04T00:00:00Z", &content),
        ];
        let version = &git.desired.object["apiVersion"];
        let subject = subject(&git, &Base::Unknown);
        let policy = Policy::default();
        let judged = |policy: Policy, entries: Vec<Value>| {
            let live = live(&content, version, entries);
            let subject = Subject { policy, ..subject };
            judge(&subject, &live, &assess(&subject, &live), &Answer::Stored(stored.clone()))
        };
        let verdict = judged(policy, entries.clone());
        shuffle(&mut entries, dice);
        assert_eq!(verdict, judged(policy, entries.clone()), "{}", git.manifest);
        for added in [AddedPolicy::Note, AddedPolicy::Ignore] {
            let ignored = judged(Policy { added, ..policy }, entries.clone());
            let known = |field: &FieldVerdict| verdict.fields.contains(field);
            assert!(ignored.fields.iter().all(known), "{}: {:?}", git.manifest, ignored.fields);
            assert!(ignored.status == Status::InSync || verdict.status != Status::InSync);
        }
        count(counts, verdict.status.word());
    });
    let impossible = statuses.remove("(not a live object)").unwrap_or_default();
    let in_sync = statuses.get("in-sync").copied().unwrap_or_default();
    assert!(impossible * 2 < CASES as usize && in_sync * 2 < CASES as usize, "{statuses:?}");
    assert!(statuses.len() >= 4, "{statuses:?}");
}

/// JSON with the keys of each map in some order.
fn emit(value: &Value, dice: &mut Dice, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            shuffle(&mut entries, dice);
            text.push('{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                let _ = write!(text, "{comma}{}: ", Value::from(key.as_str()));
                emit(value, dice, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ", " } else { "" });
                emit(item, dice, text);
            }
            text.push(']');
        }
        other => {
            let _ = write!(text, "{other}");
        }
    }
}

fn stream(documents: &[Value], dice: &mut Dice) -> String {
    let mut text = String::new();
    for document in documents {
        text.push_str("---\n");
        emit(document, dice, &mut text);
        text.push('\n');
    }
    text
}

/// The verdicts on a stream without a server, but for the places in the text.
fn verdicts(text: &str, catalog: &Catalog, live: &LiveSet) -> Vec<ObjectVerdict> {
    let desired = resolved(text, catalog);
    let setting = Setting {
        desired: &desired,
        schemas: schemas(),
        bases: &Bases::Unknown,
        policy: Policy::default(),
        owners_recorded: true,
        rules: &Default::default(),
    };
    let mut live = live.clone();
    for id in desired.entries.keys() {
        live.entry(id.clone()).or_insert(Ok(Presence::Absent));
    }
    let found = survey(&setting, &live);
    let unasked =
        Answer::Unavailable { reason: "nobody is asked".to_owned(), admission: Admission::NoneMatches };
    let open = found.open.iter().filter_map(|open| conclude(&setting, open, &unasked));
    let mut all: Vec<ObjectVerdict> = found.verdicts.into_iter().chain(open).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    for verdict in &mut all {
        verdict.places.clear();
        verdict.fields.iter_mut().for_each(|field| field.line = None);
        // A reason may quote a place as well.
        let reason = verdict.reason.take();
        verdict.reason = reason.map(|text| text.split("-:").next().unwrap_or_default().to_owned());
    }
    all
}

#[test]
fn the_order_of_documents_and_keys_does_not_matter() {
    let catalog = catalog(schemas().keys());
    let statuses = cases("order of documents and keys", |dice, counts| {
        let mut documents = Vec::new();
        let mut live = LiveSet::new();
        for number in 0..1 + dice.below(3) {
            let small = !dice.once_in(10);
            let mut document = first(dice, small);
            // Now and then two documents are about the same object.
            document["metadata"]["name"] = json!(format!("x-{}", if dice.once_in(8) { 0 } else { number }));
            let (mut content, schema) = (document.clone(), schema_of(&document));
            let text = |key: &str| document[key].as_str().unwrap_or_default();
            let id = ObjectId::new(&gvk(text("apiVersion"), text("kind")), "n", &format!("x-{number}"));
            for _ in 0..dice.below(3) {
                mutate(schema, &mut content, None, dice);
            }
            if validate(schema, &content).is_empty() {
                let entries = vec![entry(schema, "gitops", "Apply", "2026-01-02T00:00:00Z", &content)];
                let json = self::live(&content, &document["apiVersion"], entries).to_string().into_bytes();
                live.insert(id, Ok(Presence::Found(Observed { json: json.into() })));
            }
            documents.push(document);
        }
        let one = verdicts(&stream(&documents, dice), &catalog, &live);
        shuffle(&mut documents, dice);
        let other = verdicts(&stream(&documents, dice), &catalog, &live);
        assert_eq!(one, other, "{documents:?}");
        for verdict in one {
            count(counts, verdict.status.word());
        }
    });
    assert!(statuses.len() >= 5, "{statuses:?}");
}
