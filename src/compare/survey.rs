//! The first pass over a whole set: what is decided by reading alone, and what only the server can tell.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use super::autoscale::Scaling;
use super::base::Base;
use super::ignore::usage::Usage;
use super::ignore::{Rules, without_ignored};
use super::judge::{Answer, Assessment, Policy, Subject, absent, assess, bare, judge};
use super::membership;
use super::memory::{Memory, Proof};
use super::recorded::RecordedBases;
use super::verdict::{BaseKind, ObjectVerdict, Status};
use crate::desired::{Desired, DesiredSet, Entry, Ready};
use crate::live::{DryRun, FetchError, LiveSet, Pin, Presence, Resource};
use crate::object::fields::ManagedFields;
use crate::object::id::{Gvk, ObjectId};
use crate::schema::Schema;

/// What was last applied, for a whole set.
#[derive(Debug, Clone, Default)]
pub enum Bases {
    /// Not known: each object's own evidence decides.
    #[default]
    Unknown,
    /// Not to be used, on purpose.
    Withheld,
    /// The objects of a revision, prepared; an object that is not among them was not part of it.
    Revision {
        /// The revision as it is shown.
        name: String,
        /// The objects.
        objects: BTreeMap<ObjectId, Value>,
    },
    /// What the record of the set keeps.
    Record(Box<RecordedBases>),
}

impl Bases {
    /// The base of an object that is absent, or not read yet.
    fn of(&self, id: &ObjectId) -> Base {
        match self {
            Self::Record(recorded) => recorded.without_live(id),
            Self::Unknown => Base::Unknown,
            Self::Withheld => Base::Withheld,
            Self::Revision { name, objects } => Base::Known {
                kind: BaseKind::Revision(name.clone()),
                object: objects.get(id).cloned().map(Box::new),
            },
        }
    }
}

impl Bases {
    /// The base of an object that exists, now that it was compared with what Git says.
    fn of_live(&self, id: &ObjectId, desired: &Value, live: &Value, assessment: &Assessment) -> Base {
        match self {
            Self::Record(recorded) => recorded.of_live(id, desired, live, assessment),
            other => other.of(id),
        }
    }
}

/// What a set is compared with.
#[derive(Debug)]
pub struct Setting<'a> {
    /// What Git says.
    pub desired: &'a DesiredSet,
    /// Schemas of the kinds in use; a kind without one is deduced.
    pub schemas: &'a BTreeMap<Gvk, Schema>,
    /// What was last applied.
    pub bases: &'a Bases,
    /// How to judge.
    pub policy: Policy,
    /// False if live objects were printed without `managedFields`, so that nobody can tell who owns what.
    pub owners_recorded: bool,
    /// What does not count.
    pub rules: &'a Rules,
}

impl Setting<'_> {
    /// The schema of a kind.
    pub fn schema_of(&self, gvk: &Gvk) -> &Schema {
        static DEDUCED: LazyLock<Schema> = LazyLock::new(Schema::deduced);
        self.schemas.get(gvk).unwrap_or(&DEDUCED)
    }
}

/// An object that is not proven to be in sync.
#[derive(Debug, Clone)]
pub struct Open {
    /// Identity.
    pub id: ObjectId,
    /// What Git says.
    pub desired: Desired,
    /// The live object.
    pub live: Value,
    /// What was found locally.
    pub assessment: Assessment,
    /// What was last applied.
    pub base: Base,
    /// The digest of all this, if it may be remembered.
    pub proof: Option<Proof>,
    /// Who scales it, once that was looked for.
    pub scaling: Scaling,
}

/// The result of the first pass.
#[derive(Debug, Default)]
pub struct Survey {
    /// Final verdicts.
    pub verdicts: Vec<ObjectVerdict>,
    /// Objects to ask the server about.
    pub open: Vec<Open>,
    /// Objects that are proven in sync and to be held against the server all the same; their verdicts are among the others.
    pub sampled: Vec<Open>,
    /// What was proven for the first time and may be remembered.
    pub proven: Vec<Proof>,
    /// Which rules mean something.
    pub usage: Usage,
}

impl Survey {
    fn append(&mut self, mut other: Self) {
        self.verdicts.append(&mut other.verdicts);
        self.open.append(&mut other.open);
        self.sampled.append(&mut other.sampled);
        self.proven.append(&mut other.proven);
        self.usage.merge(other.usage);
    }
}

/// Sets that are smaller are compared on one thread: starting another would cost more.
const WORTH_A_THREAD: usize = 200;

/// Compares every object of a set as far as reading allows, and remembers nothing.
pub fn survey(setting: &Setting<'_>, live: &LiveSet) -> Survey {
    survey_with(setting, live, &Memory::off())
}

/// Compares every object of a set as far as reading allows, on two threads where that pays, but for what was proven by an
/// earlier run. The order is that of the set.
pub fn survey_with(setting: &Setting<'_>, live: &LiveSet, memory: &Memory) -> Survey {
    let entries: Vec<(&ObjectId, &Entry)> = setting.desired.entries.iter().collect();
    if entries.len() < WORTH_A_THREAD {
        return some(setting, live, &entries, memory);
    }
    let (first, second) = entries.split_at(entries.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| some(setting, live, second, memory));
        let mut survey = some(setting, live, first, memory);
        match other.join() {
            Ok(rest) => survey.append(rest),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        survey
    })
}

fn some(setting: &Setting<'_>, live: &LiveSet, entries: &[(&ObjectId, &Entry)], memory: &Memory) -> Survey {
    let mut survey = Survey::default();
    for (id, entry) in entries {
        match entry {
            Entry::Ready(ready) => one(setting, id, ready, live.get(id), memory, &mut survey),
            other => {
                survey.usage.note_name(setting.rules, id);
                survey.verdicts.push(without_comparison(id, other));
            }
        }
    }
    survey
}

fn one(
    setting: &Setting<'_>,
    id: &ObjectId,
    ready: &Ready,
    live: Option<&Result<Presence, FetchError>>,
    memory: &Memory,
    survey: &mut Survey,
) {
    let proof = match live {
        Some(Ok(Presence::Found(observed))) => memory.proof(setting.bases, id, ready, &observed.json),
        _ => None,
    };
    let base = setting.bases.of(id);
    if proof.is_some_and(|proof| memory.knows(&proof)) {
        return survey.verdicts.push(in_sync(id, ready, &base));
    }
    let desired = ready.desired();
    let subject = subject(setting, id, &desired, &base, &UNSCALED);
    let live = match live {
        Some(Ok(Presence::Found(observed))) => match serde_json::from_slice::<Value>(&observed.json) {
            Ok(live) => Ok(live),
            Err(error) => Err(unknown(&subject, format!("the live object cannot be decoded: {error}"))),
        },
        Some(Ok(Presence::Absent)) => Err(absent(&subject)),
        Some(Err(error)) => Err(unknown(&subject, error.to_string())),
        None => Err(unknown(&subject, "it was not read".to_owned())),
    };
    survey.usage.note(setting.rules, &subject, live.as_ref().ok());
    let live = match live {
        Ok(live) => live,
        Err(verdict) => return survey.verdicts.push(verdict),
    };
    if let Some(reason) = membership::conflict(setting.desired.set.as_ref(), &live) {
        return survey.verdicts.push(bare(&subject, Status::Conflict, Some(reason)));
    }
    let assessment = assessed(setting, &subject, &live);
    let base = setting.bases.of_live(id, &desired.object, &live, &assessment);
    let subject = Subject { base: &base, ..subject };
    let deleting = live.pointer("/metadata/deletionTimestamp").is_some();
    if !setting.owners_recorded && ManagedFields::of(&live).is_hidden() {
        let reason = "its managedFields are not recorded, so additions and owners cannot be seen";
        let mut verdict = judge(&subject, &live, &assessment, &local_answer(reason));
        verdict.status = Status::Unknown;
        verdict.reason = Some(reason.to_owned());
        survey.verdicts.push(verdict);
    } else if deleting || !assessment.needs_server() {
        let verdict = judge(&subject, &live, &assessment, &Answer::NotNeeded);
        // What an earlier run proved is said without looking at anything but names and digests.
        survey.proven.extend(proof.filter(|_| verdict == in_sync(id, ready, &setting.bases.of(id))));
        // What a rule ignores was never proven.
        let proven = verdict.status == Status::InSync && verdict.ignored.is_empty();
        let sampled = proven && setting.policy.paranoid.holds(id);
        survey.verdicts.push(verdict);
        if sampled {
            let scaling = Scaling::default();
            survey.sampled.push(Open { id: id.clone(), desired, live, assessment, base, proof, scaling });
        }
    } else {
        let scaling = Scaling::default();
        survey.open.push(Open { id: id.clone(), desired, live, assessment, base, proof, scaling });
    }
}

/// The verdict on an object about which there is nothing to say.
fn in_sync(id: &ObjectId, ready: &Ready, base: &Base) -> ObjectVerdict {
    let mut verdict = ObjectVerdict::bare(id.clone(), ready.gvk.clone(), Status::InSync, None);
    verdict.places = vec![(ready.origin.file.to_string(), ready.origin.line)];
    verdict.base = base.kind();
    verdict
}

/// Objects that are decided by reading have nothing that an autoscaler could hold.
static UNSCALED: LazyLock<Scaling> = LazyLock::new(Scaling::default);

/// What was found locally; the label of a set's members is none of Git's business.
fn assessed(setting: &Setting<'_>, subject: &Subject<'_>, live: &Value) -> Assessment {
    let mut assessment = assess(subject, live);
    membership::settle(&mut assessment, setting.desired.set.as_ref(), live);
    assessment
}

fn local_answer(reason: &str) -> Answer {
    Answer::Unavailable { reason: reason.to_owned(), admission: super::local::Admission::MayRewrite }
}

fn subject<'a>(
    setting: &'a Setting<'_>,
    id: &'a ObjectId,
    desired: &'a Desired,
    base: &'a Base,
    scaling: &'a Scaling,
) -> Subject<'a> {
    let schema = setting.schema_of(&desired.gvk);
    Subject { id, desired, schema, base, policy: setting.policy, scaling, rules: setting.rules }
}

/// The subject that an open object is about.
pub(super) fn subject_of<'a>(setting: &'a Setting<'_>, open: &'a Open) -> Subject<'a> {
    subject(setting, &open.id, &open.desired, &open.base, &open.scaling)
}

/// The verdict on an open object once the server answered, or could not.
pub fn conclude(setting: &Setting<'_>, open: &Open, answer: &Answer) -> Option<ObjectVerdict> {
    Some(judge(&subject_of(setting, open), &open.live, &open.assessment, answer))
}

/// The verdict on an open object that was found gone when it was read again.
pub fn gone(setting: &Setting<'_>, open: &Open) -> Option<ObjectVerdict> {
    Some(absent(&subject_of(setting, open)))
}

/// An open object with what was read again after somebody else wrote it.
pub fn reopen(setting: &Setting<'_>, open: Open, live: Value) -> Option<Open> {
    let subject = subject_of(setting, &open);
    let assessment = assessed(setting, &subject, &live);
    let base = setting.bases.of_live(&open.id, &subject.desired.object, &live, &assessment);
    // What was read again is not what the digest is about.
    Some(Open { live, assessment, base, proof: None, ..open })
}

/// An object that was read, as it stands before the server is asked.
pub fn opened(setting: &Setting<'_>, id: &ObjectId, ready: &Ready, live: Value) -> Open {
    let desired = ready.desired();
    let base = setting.bases.of(id);
    let assessment = assessed(setting, &subject(setting, id, &desired, &base, &UNSCALED), &live);
    let base = setting.bases.of_live(id, &desired.object, &live, &assessment);
    Open { id: id.clone(), desired, live, assessment, base, proof: None, scaling: Scaling::default() }
}

/// The type of an open object.
pub fn resource<'a>(setting: &'a Setting<'_>, open: &Open) -> Option<&'a Resource> {
    match setting.desired.entries.get(&open.id) {
        Some(Entry::Ready(desired)) => Some(&desired.resource),
        _ => None,
    }
}

/// The dry run that decides an open object: exactly the body that an apply would send, pinned to what was read. What rules
/// ignore an apply leaves as it is.
pub fn question(setting: &Setting<'_>, open: &Open) -> DryRun {
    let desired = &open.desired;
    let mut body = match &open.assessment.taken[..] {
        [] => desired.object.clone(),
        _ if open.assessment.added_beside => desired.object.clone(),
        taken => {
            let schema = subject_of(setting, open).schema;
            without_ignored(schema, &desired.object, &open.live, taken)
        }
    };
    membership::keep_label(&mut body, &open.live);
    DryRun {
        id: open.id.clone(),
        resource: Resource::clone(&desired.resource),
        body,
        pin: Some(Pin::of(&open.live)),
    }
}

fn unknown(subject: &Subject<'_>, reason: String) -> ObjectVerdict {
    bare(subject, Status::Unknown, Some(reason))
}

/// The verdict on an object that cannot be compared at all.
fn without_comparison(id: &ObjectId, entry: &Entry) -> ObjectVerdict {
    let gvk = Gvk::new(&id.group, "", &id.kind);
    let at = |origin: &crate::render::origin::Origin| vec![(origin.file.to_string(), origin.line)];
    let (status, reason, places) = match entry {
        Entry::Invalid { reason, places } => (Status::Invalid, reason.clone(), places.clone()),
        Entry::KindPending(manifest) => {
            let reason = "kind pending: its definition is part of this render";
            (Status::Missing, reason.to_owned(), at(&manifest.origin))
        }
        Entry::Unknown { reason, origin } => (Status::Unknown, reason.clone(), at(origin)),
        Entry::Lost { reason, place } => (Status::Unknown, reason.clone(), vec![place.clone()]),
        Entry::Ready(desired) => (Status::Unknown, "it was not compared".to_owned(), at(&desired.origin)),
    };
    let mut verdict = ObjectVerdict::bare(id.clone(), gvk, status, Some(reason));
    verdict.places = places;
    verdict
}
