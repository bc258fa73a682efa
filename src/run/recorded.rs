//! The stage of the record: opening what was read of it, and fetching the shards that a comparison needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::compare::recorded::{RecordedBases, applied};
use crate::compare::survey::Bases;
use crate::compare::verdict::LastRun;
use crate::desired::{DesiredSet, Entry, Membership, Ready};
use crate::live::{Catalog, FetchError, LiveSet, Presence};
use crate::mask::rules::MaskRules;
use crate::object::id::ObjectId;
use crate::reader::Live;
use crate::record::applyset::group_kind;
use crate::record::opened::{Answers, Part, Record, Trouble, grant, open, unusable};
use crate::record::parent::{Parent, Run};
use crate::record::{SetIdentity, bases, decode};
use crate::render::Notice;

/// The record of a set, and the set itself.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The set, if it has a name.
    pub(super) set: Option<SetIdentity>,
    /// True if a user named it.
    pub(super) named: bool,
    /// Its record, if there is one.
    pub(super) record: Option<Record>,
    /// True if nobody can tell whether there is a record: the server did not answer.
    pub(super) unanswered: bool,
}

impl Recorded {
    /// Opens what was read, with warnings for what cannot be used.
    pub(super) fn open(
        set: Option<SetIdentity>,
        named: bool,
        answers: Option<Answers>,
        warnings: &mut Vec<Notice>,
    ) -> Self {
        let set = answers.as_ref().map(|answers| answers.set.clone()).or(set);
        let unanswered = answers.as_ref().is_some_and(
            |answers| matches!(&answers.parent, Err(error) if !matches!(error, FetchError::Forbidden { .. })),
        );
        let (record, troubles) = answers.map_or((None, Vec::new()), open);
        warnings.extend(troubles.into_iter().map(notice));
        Self { set, named, record, unanswered }
    }

    /// No record, and no set.
    pub(super) fn none() -> Self {
        Self { set: None, named: false, record: None, unanswered: false }
    }

    /// The revision that was applied last, if the record tells it.
    pub(super) fn last_applied(&self) -> Option<LastApplied> {
        LastApplied::of(self.record.as_ref()?.parent.as_ref()?)
    }

    /// How members are told.
    pub(super) fn membership(&self) -> Option<Membership> {
        let recorded = self.record.is_some();
        self.set.as_ref().map(|set| Membership {
            id: set.id(),
            certain: recorded || self.named,
            recorded,
            adopts: Vec::new(),
        })
    }

    /// Objects whose kind the record names and the server does not know any more are unknown, not wrong.
    pub(super) fn mark_lost_kinds(&self, desired: &mut DesiredSet, catalog: &Catalog) {
        let Some(parent) = self.record.as_ref().and_then(|record| record.parent.as_ref()) else { return };
        for (id, entry) in &mut desired.entries {
            let Entry::Invalid { places, .. } = entry else { continue };
            let kind = group_kind(&id.group, &id.kind);
            let served = catalog.resources.keys().any(|gvk| gvk.group == id.group && gvk.kind == id.kind);
            if let ([place], false, true) = (&places[..], served, parent.places.contains_key(&kind)) {
                let reason = format!("the definition of {kind} is gone since the last apply");
                *entry = Entry::Lost { reason, place: place.clone() };
            }
        }
    }

    /// The bases that the record keeps, with every shard that is needed.
    pub(super) async fn bases(
        &self,
        desired: &DesiredSet,
        live: &LiveSet,
        reader: &Live,
        absent: bool,
        warnings: &mut Vec<Notice>,
    ) -> Bases {
        let Some((record, stored)) =
            self.record.as_ref().and_then(|record| Some((record, record.stored.clone()?)))
        else {
            return Bases::Unknown;
        };
        let objects: Vec<_> = ready(desired).map(|(id, ready)| (id, || ready.object())).collect();
        let mut bases = bases::Bases::new(stored, &objects, &MaskRules::default());
        let shards = shards(&bases, desired, live, absent);
        if !shards.is_empty() {
            let read = reader.record_shards(&record.set, &shards).await;
            add(&mut bases, &record.set, read, warnings);
        }
        Bases::Record(Box::new(RecordedBases { run: Arc::new(last_run(record)), bases }))
    }
}

/// The revision that was applied last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LastApplied {
    /// Commit id in full.
    pub(super) commit: String,
    /// `apply` or `rollback`.
    pub(super) command: String,
    /// When, RFC 3339.
    pub(super) at: String,
    /// What tags named that were applied last.
    pub(super) tags: BTreeMap<String, String>,
}

/// What a setting of the record is called that keeps the id of a tag.
pub(super) const TAG_SETTING: &str = "tag ";

impl LastApplied {
    fn of(parent: &Parent) -> Option<Self> {
        let applies = |run: &&Run| matches!(&*run.command, "apply" | "rollback");
        let run =
            parent.runs.iter().filter(applies).find(|run| run.commit.as_deref().is_some_and(is_commit))?;
        let settings = parent.inputs.settings.iter();
        let tags =
            settings.filter_map(|(name, id)| Some((name.strip_prefix(TAG_SETTING)?.to_owned(), id.clone())));
        Some(Self {
            commit: run.commit.clone()?,
            command: run.command.clone(),
            at: run.finished_at.clone(),
            tags: tags.collect(),
        })
    }
}

/// A snapshot that holds the record of another set than the one that is named.
pub(super) fn of_another_set(
    reader: &Live,
    named: Option<&SetIdentity>,
    answers: Option<&Answers>,
) -> Option<Notice> {
    let (Live::Recorded(recorded), Some(set), None) = (reader, named, answers) else { return None };
    let held = recorded.record(None)?.set.name;
    let message = format!("the snapshot holds the record of set {held}, not of set {}", set.name);
    let hint = Some(format!("leave --set-name out, or record the set {}", set.name));
    Some(Notice { file: String::new(), line: 0, column: 0, message, hint })
}

fn ready(desired: &DesiredSet) -> impl Iterator<Item = (&ObjectId, &Ready)> {
    desired.entries.iter().filter_map(|(id, entry)| match entry {
        Entry::Ready(ready) => Some((id, &**ready)),
        _ => None,
    })
}

/// The shards of members that moved in Git and exist; with `absent` also of those that are gone.
fn shards(bases: &bases::Bases, desired: &DesiredSet, live: &LiveSet, absent: bool) -> BTreeSet<u16> {
    let moved = ready(desired).filter(|(id, _)| bases.is_moved(id));
    let shards = moved.filter_map(|(id, _)| {
        let observed = match live.get(id) {
            Some(Ok(Presence::Found(observed))) => observed,
            Some(Ok(Presence::Absent)) if absent => return bases.shard_of_absent(id),
            _ => return None,
        };
        let live: Value = serde_json::from_slice(&observed.json).ok()?;
        bases.shard_of(id, applied(&live))
    });
    shards.collect()
}

/// Adds the shards that can be used, and one warning for all that cannot be.
fn add(bases: &mut bases::Bases, set: &SetIdentity, read: BTreeMap<u16, Part>, warnings: &mut Vec<Notice>) {
    let most = read.keys().max().copied().unwrap_or(0);
    let mut troubles = Vec::new();
    for (number, part) in read {
        let name = set.base_name(number);
        match part {
            Ok(Some(secret)) => match decode::members(&secret, bases.key(), &bases.wanted_of(number)) {
                Ok(members) => bases.add(members),
                Err(error) => troubles.push(unusable(set, "Secret", &name, &error.to_string())),
            },
            Ok(None) => troubles.push(unusable(set, "Secret", &name, "it does not exist")),
            Err(error) => {
                let mut trouble = unusable(set, "Secret", &name, &error.to_string());
                let forbidden = matches!(error, FetchError::Forbidden { .. });
                trouble.hint = forbidden.then(|| grant(set, most));
                troubles.push(trouble);
            }
        }
    }
    let more = troubles.len().saturating_sub(1);
    if let Some(mut trouble) = troubles.into_iter().next() {
        if more > 0 {
            trouble.message.push_str(&format!(" (and {more} more of its Secrets)"));
        }
        warnings.push(notice(trouble));
    }
}

fn last_run(record: &Record) -> LastRun {
    let run = record.parent.as_ref().and_then(|parent| parent.runs.first());
    LastRun {
        set: record.set.name.clone(),
        namespace: record.set.record_namespace.clone(),
        commit: run.and_then(|run| run.commit.clone().filter(|commit| is_commit(commit))),
        dirty: run.is_some_and(|run| run.dirty),
        command: run.map(|run| run.command.clone()).unwrap_or_default(),
        at: run.map(|run| run.finished_at.clone()).unwrap_or_default(),
        result: run.map(|run| run.result.word().to_owned()).unwrap_or_default(),
    }
}

/// A commit that is none would be printed as one.
fn is_commit(commit: &str) -> bool {
    commit.len() >= 40 && commit.bytes().all(|b| b.is_ascii_hexdigit())
}

fn notice(trouble: Trouble) -> Notice {
    Notice { file: String::new(), line: 0, column: 0, message: trouble.message, hint: trouble.hint }
}
