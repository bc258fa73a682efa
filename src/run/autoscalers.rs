//! Looking for the autoscalers of objects whose replicas or requests differ: one list for each kind of autoscaler that is served,
//! and none where nothing of the kind differs.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compare::autoscale::{self, Autoscaler, Scaling, Writes};
use crate::compare::survey::Open;
use crate::desired::{DesiredSet, Entry};
use crate::live::{Catalog, FetchError, Presence, Resource, Wanted};
use crate::object::id::ObjectId;
use crate::reader::Live;

/// Tells every open object by whom it is scaled, as far as that decides anything.
pub(super) async fn find(reader: &Live, catalog: &Catalog, desired: &DesiredSet, open: &mut [Open]) {
    let mut fields: BTreeSet<Writes> = BTreeSet::new();
    let mut namespaces: BTreeSet<(String, String)> = BTreeSet::new();
    for object in open.iter() {
        let scaled = object.assessment.scaled_fields();
        if !scaled.is_empty() {
            namespaces.insert((object.id.namespace.clone(), String::new()));
        }
        fields.extend(scaled);
    }
    if fields.is_empty() {
        return;
    }
    let mut found = read(reader, catalog, &fields, namespaces).await;
    found.add_rendered(desired);
    let unread =
        (!found.unread.is_empty()).then(|| found.unread.iter().cloned().collect::<Vec<_>>().join("; "));
    for object in open {
        object.scaling = Scaling::of(&object.id, &found.scalers, unread.clone());
    }
}

/// Kinds of autoscalers that matter for a set, for a snapshot, which cannot know what will differ.
pub(super) fn kinds_for(catalog: &Catalog, desired: &DesiredSet) -> Vec<Wanted> {
    let scalable = |entry: &Entry| match entry {
        Entry::Ready(ready) => {
            let object = ready.object();
            ["/spec/replicas", "/spec/template", "/spec/jobTemplate"]
                .iter()
                .any(|at| object.pointer(at).is_some())
        }
        _ => false,
    };
    let targets = desired.entries.iter().filter(|(_, entry)| scalable(entry));
    let objects: BTreeSet<(String, String)> =
        targets.map(|(id, _)| (id.namespace.clone(), String::new())).collect();
    if objects.is_empty() {
        return Vec::new();
    }
    let kinds = [Writes::Replicas, Writes::Resources].map(|writes| autoscale::kinds(catalog, writes).0);
    kinds.into_iter().flatten().map(|resource| Wanted { resource, objects: objects.clone() }).collect()
}

#[derive(Default)]
struct Found {
    scalers: Vec<Autoscaler>,
    live: BTreeSet<ObjectId>,
    /// Kinds and namespaces that could not be read.
    unread: BTreeSet<String>,
}

async fn read(
    reader: &Live,
    catalog: &Catalog,
    fields: &BTreeSet<Writes>,
    namespaces: BTreeSet<(String, String)>,
) -> Found {
    let mut found = Found::default();
    let mut wanted = Vec::new();
    for writes in fields {
        let (served, unknown) = autoscale::kinds(catalog, *writes);
        found.unread.extend(unknown);
        wanted.extend(served.into_iter().map(|resource| Wanted { resource, objects: namespaces.clone() }));
    }
    for (wanted, gathered) in wanted.iter().zip(reader.read_all(&wanted).await) {
        for ((namespace, name), observed) in &gathered.found {
            if let Ok(object) = serde_json::from_slice::<Value>(&observed.json) {
                let id = ObjectId::new(&wanted.resource.gvk, namespace, name);
                found.scalers.extend(autoscale::read(&id, &object));
                found.live.insert(id);
            }
        }
        for key in &wanted.objects {
            if let Err(error) = whole(gathered.presence(key)) {
                found.unread.insert(unreadable(&wanted.resource, &error));
            }
        }
    }
    found
}

fn whole(presence: Result<Presence, FetchError>) -> Result<(), FetchError> {
    presence.map(|_| ())
}

fn unreadable(resource: &Resource, error: &FetchError) -> String {
    match error {
        FetchError::Forbidden { .. } => error.to_string(),
        _ => format!("{}: {error}", resource.gvk.kind),
    }
}

impl Found {
    /// What Git says counts where nothing of that name is live yet.
    fn add_rendered(&mut self, desired: &DesiredSet) {
        for (id, entry) in &desired.entries {
            if let Entry::Ready(ready) = entry
                && autoscale::is_autoscaler(id)
                && !self.live.contains(id)
            {
                self.scalers.extend(autoscale::read(id, &ready.object()));
            }
        }
    }
}
