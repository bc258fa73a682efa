//! Writes the record of a set as an apply would: from what Git says and from what the server has, with the same encoder.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use gitops::cluster::kubeconfig::{Choice, Environment};
use gitops::cluster::{Options, Server};
use gitops::desired::{self, Entry};
use gitops::live::Presence;
use gitops::mask::rules::MaskRules;
use gitops::record::SetIdentity;
use gitops::record::applyset::{PART_OF_LABEL, group_kind};
use gitops::record::encode::{Member, encode, secrets};
use gitops::record::key::SetKey;
use gitops::record::parent::{Inputs, Outcome, Parent, Run};
use gitops::run::compared::wanted;
use gitops::run::prepared::{Rendered, render};
use gitops::run::rendering::Rendering;
use gitops::source::Request;
use serde_json::{Value, json};

/// The key of every record here.
pub(crate) const KEY: SetKey = SetKey::new(*b"a key of tests, 32 bytes long.. ");
/// The commit that every record here names.
pub(crate) const COMMIT: &str = "9a01b7c000000000000000000000000000000000";

/// A set in a namespace that also holds its record.
pub(crate) fn set(name: &str, namespace: &str) -> SetIdentity {
    SetIdentity { name: name.to_owned(), record_namespace: namespace.to_owned() }
}

/// The objects with the label of the set, as an apply sends them.
pub(crate) fn labelled(set: &SetIdentity, objects: &[Value]) -> Vec<Value> {
    let with = |object: &Value| {
        let mut object = object.clone();
        let metadata = object["metadata"].as_object_mut().unwrap();
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        labels[PART_OF_LABEL] = json!(set.id());
        object
    };
    objects.iter().map(with).collect()
}

/// What a record has to say of the manifests in a directory, as they are live under our name.
pub(crate) fn members(kubeconfig: &Path, source: &str, namespace: &str) -> Vec<Member> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let choice = Choice { file: Some(kubeconfig.to_owned()), ..Choice::default() };
        let server = Server::connect(&choice, &Environment::default(), Options::default()).await.unwrap();
        let catalog = server.catalog().await.unwrap();
        let rendered = render_source(source);
        let desired = desired::resolve(rendered.manifests.items, &catalog, namespace);
        let live = server.read(&wanted(&desired)).await;
        let member = |(id, entry): (&_, &Entry)| {
            let Entry::Ready(desired) = entry else { panic!("{id} cannot be recorded: {entry:?}") };
            let Some(Ok(Presence::Found(observed))) = live.get(id) else { return None };
            let live: Value = serde_json::from_slice(&observed.json).unwrap();
            let applied = applied(&live)?;
            let uid = live["metadata"]["uid"].as_str().unwrap().to_owned();
            Some(Member { id: id.clone(), object: desired.object(), uid, applied })
        };
        desired.entries.iter().filter_map(member).collect()
    })
}

fn render_source(source: &str) -> Rendered {
    let request = Request::new(source);
    render(&request, &Rendering::of(&request)).unwrap()
}

/// The manifests of a directory.
pub(crate) fn rendered(source: &str) -> Vec<Value> {
    render_source(source).manifests.items.into_iter().map(|manifest| manifest.object.value()).collect()
}

/// Seconds since 1970 as the server writes times.
pub(crate) fn time(seconds: u64) -> String {
    jiff::Timestamp::from_second(seconds.try_into().unwrap()).unwrap().to_string()
}

/// The time of our Apply entry.
fn applied(live: &Value) -> Option<String> {
    let entries = live["metadata"]["managedFields"].as_array()?;
    let ours = entries.iter().find(|entry| entry["manager"] == "gitops" && entry["operation"] == "Apply")?;
    ours["time"].as_str().map(str::to_owned)
}

/// The objects of a record: the parent first, then the Secrets.
pub(crate) fn record(set: &SetIdentity, members: &[Member], finished_at: &str) -> Vec<Value> {
    let encoded = encode(members, &KEY, &MaskRules::default(), 0).unwrap();
    let mut parent = Parent {
        places: BTreeMap::new(),
        shards: encoded.shards.len().try_into().unwrap(),
        inputs: Inputs {
            renderer: "plain".to_owned(),
            tool: "gitops/0.1.0".to_owned(),
            identity: "anna@laptop".to_owned(),
            ..Inputs::default()
        },
        runs: Vec::new(),
    };
    for Member { id, .. } in members {
        let kind = group_kind(&id.group, &id.kind);
        parent.places.entry(kind).or_default().insert(id.namespace.clone());
    }
    parent.push(Run {
        command: "apply".to_owned(),
        commit: Some(COMMIT.to_owned()),
        dirty: false,
        started_at: finished_at.to_owned(),
        finished_at: finished_at.to_owned(),
        result: Outcome::Done,
        counts: BTreeMap::from([("applied".to_owned(), members.len() as u64)]),
        times: 1,
        undo: None,
    });
    let mut objects = vec![parent.encode(set).unwrap()];
    objects.extend(secrets(set, &encoded, &KEY));
    objects
}
