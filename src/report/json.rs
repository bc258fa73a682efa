//! The report for programs: own structs, a version, and a schema in `fixtures/report.schema.json`.
//!
//! Within one `schemaVersion` members are added, never taken away or changed in meaning. A value that is absent has no
//! member; `null` is a value. Times are those of the cluster; nothing depends on when a report is written.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::{Cluster, Report, RuleText, RulesChanged, Show, TargetReport, escape};
use crate::compare::owner;
use crate::compare::verdict::{FieldVerdict, LastRun, Note, ObjectVerdict, Status};
use crate::plan::outcome::Acted;
use crate::render::Notice;

/// The version of the format.
pub const SCHEMA_VERSION: u32 = 1;

/// Writes a report as one JSON document with a line end. Control characters, bidirectional and invisible ones stand as
/// `\uXXXX`.
///
/// # Errors
/// Those of the writer.
pub fn write(report: &Report, show: Show, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(&Document::of(report, show))?;
    writeln!(out, "{}", escape::json(text))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'r> {
    schema_version: u32,
    source: Source<'r>,
    targets: Vec<Target<'r>>,
    /// What a user should know about the run as a whole.
    warnings: Vec<Warning<'r>>,
    /// How the ignore rules changed since the base.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_rules: Option<IgnoreRules<'r>>,
    summary: Summary,
    counts: Counts,
    outcome: &'static str,
    exit_code: u8,
}

#[derive(Serialize)]
struct Source<'r> {
    display: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'r str>,
    dirty: bool,
}

#[derive(Serialize)]
struct Target<'r> {
    name: &'r str,
    cluster: ClusterRef<'r>,
    base: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remotes: Vec<RemoteBase<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordRef<'r>>,
    objects: Vec<Object<'r>>,
    /// Notes on objects in sync, where those are not listed.
    notes: Vec<Noted<'r>>,
    warnings: Vec<Warning<'r>>,
    /// Why there is no comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<FailureRef<'r>>,
    /// What was done about the objects, one for each that was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<Action<'r>>>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Action<'r> {
    api_version: String,
    kind: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'r str,
    name: &'r str,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
}

impl<'r> Action<'r> {
    fn of(acted: &'r Acted) -> Self {
        Self {
            api_version: acted.gvk.api_version(),
            kind: &acted.id.kind,
            namespace: &acted.id.namespace,
            name: &acted.id.name,
            result: acted.act.word(),
            reason: acted.reason.as_deref(),
        }
    }
}

/// A directory of another repository that was rendered.
#[derive(Serialize)]
struct RemoteBase<'r> {
    url: &'r str,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<&'r str>,
    commit: &'r str,
}

/// The record that bases come from.
#[derive(Serialize)]
struct RecordRef<'r> {
    set: &'r str,
    namespace: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    dirty: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    command: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    at: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    result: &'r str,
}

#[derive(Serialize)]
struct FailureRef<'r> {
    message: &'r str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    details: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'r str>,
    outcome: &'static str,
}

#[derive(Serialize)]
struct IgnoreRules<'r> {
    since: &'r str,
    added: Vec<RuleRef<'r>>,
    removed: Vec<RuleRef<'r>>,
}

#[derive(Serialize)]
struct RuleRef<'r> {
    file: &'r str,
    line: u32,
    rule: &'r str,
}

/// The rule behind a note on what is ignored.
#[derive(Serialize)]
struct OriginRef<'r> {
    maker: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'r str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ClusterRef<'r> {
    Server { context: &'r str, server: &'r str },
    File { file: &'r str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<String>,
    group: &'r str,
    kind: &'r str,
    namespace: &'r str,
    name: &'r str,
}

#[derive(Serialize)]
struct Object<'r> {
    #[serde(flatten)]
    identity: Identity<'r>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Place<'r>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<Place<'r>>,
    base: String,
    fields: Vec<Field<'r>>,
    notes: Vec<NoteRef<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'r Value>,
}

#[derive(Serialize)]
struct Noted<'r> {
    #[serde(flatten)]
    identity: Identity<'r>,
    notes: Vec<NoteRef<'r>>,
}

#[derive(Serialize)]
struct Place<'r> {
    file: &'r str,
    line: u32,
}

#[derive(Serialize)]
struct Field<'r> {
    path: String,
    class: &'static str,
    counts: bool,
    proof: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    desired: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    base: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<&'r Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<Writer<'r>>,
    owners: &'r [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'r str>,
}

#[derive(Serialize)]
struct Writer<'r> {
    recorded: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manager: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'r str>,
}

#[derive(Serialize)]
struct NoteRef<'r> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    writer: Option<&'r str>,
    paths: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<OriginRef<'r>>,
}

#[derive(Serialize)]
struct Warning<'r> {
    file: &'r str,
    line: u32,
    column: u32,
    message: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'r str>,
}

/// Numbers of objects: all, and by status; every status has a member.
#[derive(Serialize)]
struct Summary {
    objects: usize,
    #[serde(flatten)]
    statuses: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Counts {
    requests: u64,
    dry_runs: u64,
    elapsed_ms: u64,
}

impl<'r> Document<'r> {
    fn of(report: &'r Report, show: Show) -> Self {
        let source = &report.source;
        let counts = report.counts;
        Self {
            schema_version: SCHEMA_VERSION,
            source: Source {
                display: &source.display,
                reference: source.reference.as_deref(),
                commit: source.commit.as_deref(),
                branch: source.branch.as_deref(),
                dirty: source.dirty,
            },
            targets: report.targets.iter().map(|target| Target::of(target, show)).collect(),
            warnings: report.warnings.iter().map(warning).collect(),
            ignore_rules: report.rules.as_ref().map(ignore_rules),
            summary: Summary::of(report.targets.iter().flat_map(|target| target.verdicts.get())),
            counts: Counts {
                requests: counts.requests,
                dry_runs: counts.dry_runs,
                elapsed_ms: counts.elapsed_ms,
            },
            outcome: report.code.word(),
            exit_code: report.exit,
        }
    }
}

impl<'r> Target<'r> {
    fn of(target: &'r TargetReport, show: Show) -> Self {
        let verdicts = target.verdicts.get();
        let (listed, in_sync): (Vec<&ObjectVerdict>, Vec<&ObjectVerdict>) =
            verdicts.iter().partition(|verdict| verdict.status != Status::InSync || show.in_sync);
        let noted = in_sync
            .into_iter()
            .map(|verdict| Noted { identity: identity(verdict), notes: notes(verdict, show) });
        Self {
            name: &target.name,
            cluster: match &target.cluster {
                Cluster::Server { context, url } => ClusterRef::Server { context, server: url },
                Cluster::File { name } => ClusterRef::File { file: name },
            },
            base: target.usual_base().words(),
            remotes: target.remotes.iter().map(remote).collect(),
            record: target.last_run().map(record),
            objects: listed.into_iter().map(|verdict| object(verdict, show)).collect(),
            notes: noted.filter(|noted| !noted.notes.is_empty()).collect(),
            warnings: target.warnings.iter().map(warning).collect(),
            error: target.failure.as_ref().map(|failure| FailureRef {
                message: &failure.message,
                details: &failure.details,
                hint: failure.hint.as_deref(),
                outcome: failure.code.word(),
            }),
            actions: target.acted.as_ref().map(|acted| acted.get().iter().map(Action::of).collect()),
            summary: Summary::of(verdicts),
        }
    }
}

impl Summary {
    fn of<'v>(verdicts: impl IntoIterator<Item = &'v ObjectVerdict>) -> Self {
        let counted: BTreeMap<Status, usize> = super::summary(verdicts).into_iter().collect();
        let number = |status: Status| (status.word(), counted.get(&status).copied().unwrap_or(0));
        Self { objects: counted.values().sum(), statuses: Status::ALL.into_iter().map(number).collect() }
    }
}

fn remote(base: &super::RemoteBase) -> RemoteBase<'_> {
    RemoteBase { url: &base.url, reference: base.reference.as_deref(), commit: &base.commit }
}

fn record(run: &LastRun) -> RecordRef<'_> {
    RecordRef {
        set: &run.set,
        namespace: &run.namespace,
        commit: run.commit.as_deref(),
        dirty: run.dirty,
        command: &run.command,
        at: &run.at,
        result: &run.result,
    }
}

fn identity(verdict: &ObjectVerdict) -> Identity<'_> {
    let known = !verdict.gvk.version.is_empty();
    Identity {
        api_version: known.then(|| verdict.gvk.api_version()),
        group: &verdict.id.group,
        kind: &verdict.id.kind,
        namespace: &verdict.id.namespace,
        name: &verdict.id.name,
    }
}

fn object(verdict: &ObjectVerdict, show: Show) -> Object<'_> {
    let places: Vec<Place<'_>> =
        verdict.places.iter().map(|(file, line)| Place { file, line: *line }).collect();
    let origin = verdict.places.first().map(|(file, line)| Place { file, line: *line });
    Object {
        identity: identity(verdict),
        status: verdict.status.word(),
        reason: verdict.reason.as_deref(),
        origin,
        places: if places.len() > 1 { places } else { Vec::new() },
        base: verdict.base.words(),
        fields: verdict.fields.iter().map(field).collect(),
        notes: notes(verdict, show),
        object: verdict.object.as_ref(),
    }
}

fn field(field: &FieldVerdict) -> Field<'_> {
    Field {
        path: field.path.to_string(),
        class: field.class.word(),
        counts: field.counts,
        proof: field.proof.word(),
        desired: field.desired.as_ref(),
        base: field.base.as_ref(),
        live: field.live.as_ref(),
        writer: field.writer.as_ref().map(writer),
        owners: &field.owners,
        remark: field.remark.as_deref(),
        line: field.line,
        file: field.file.as_deref(),
    }
}

fn writer(writer: &owner::Writer) -> Writer<'_> {
    let of = |recorded, manager, time| Writer { recorded, manager, time };
    match writer {
        owner::Writer::SetBy { manager, time } => of("exactly", Some(manager), Some(time)),
        owner::Writer::ChangedBy { manager, time } => of("or-earlier", Some(manager), Some(time)),
        owner::Writer::Possibly { manager, time } => of("possibly", Some(manager), Some(time)),
        owner::Writer::NotRecorded => of("no", None, None),
    }
}

fn notes(verdict: &ObjectVerdict, show: Show) -> Vec<NoteRef<'_>> {
    let of = |note: &Note| -> Vec<String> { note.paths.iter().map(ToString::to_string).collect() };
    let shown = verdict.notes.iter().filter(|note| show.shows(note.kind)).map(|note| NoteRef {
        kind: note.kind.word(),
        writer: note.writer.as_deref(),
        paths: of(note),
        text: note.text.clone(),
        rule: None,
    });
    let ignored = super::ignored(verdict).into_iter().filter(|_| show.ignored).map(|ignored| NoteRef {
        kind: ignored.note.kind.word(),
        writer: None,
        paths: of(&ignored.note),
        text: ignored.note.text,
        rule: Some(OriginRef {
            maker: ignored.origin.maker.word(),
            file: &ignored.origin.file,
            line: Some(ignored.origin.line).filter(|line| *line > 0),
            reason: &ignored.origin.reason,
        }),
    });
    shown.chain(ignored).collect()
}

fn ignore_rules(changed: &RulesChanged) -> IgnoreRules<'_> {
    IgnoreRules { since: &changed.since, added: rules(&changed.added), removed: rules(&changed.removed) }
}

fn rules(rules: &[RuleText]) -> Vec<RuleRef<'_>> {
    rules.iter().map(|rule| RuleRef { file: &rule.file, line: rule.line, rule: &rule.words }).collect()
}

fn warning(notice: &Notice) -> Warning<'_> {
    Warning {
        file: &notice.file,
        line: notice.line,
        column: notice.column,
        message: &notice.message,
        hint: notice.hint.as_deref(),
    }
}
