//! Verdicts for the tests of the report formats: every status, class, writer and kind of note.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::Styles;
use super::text::Options;
use super::{Cluster, Counts, Report, Show, Source, TargetReport};
use crate::compare::owner::Writer;
use crate::compare::verdict::{BaseKind, Class, FieldVerdict, Note, NoteKind, ObjectVerdict, Proof, Status};
use crate::exit::{Code, FailOn, Style};
use crate::mask::mask;
use crate::mask::rules::MaskRules;
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::{FieldPath, PathElement};

pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().expect("a time")
}

pub(crate) fn options() -> Options {
    Options { now: now(), width: 110, context: 3, show: Show::default(), styles: Styles::default() }
}

/// A path as it is written in reports without quotes: `spec.containers[web].image`.
pub(crate) fn path(text: &str) -> FieldPath {
    let mut path = FieldPath::default();
    for part in text.split('.').filter(|part| !part.is_empty()) {
        let (field, items) = part.split_once('[').unwrap_or((part, ""));
        path = path.field(field);
        for item in items.split('[').map(|item| item.trim_end_matches(']')).filter(|item| !item.is_empty()) {
            path = path.with(PathElement::Key(vec![("name".to_owned(), json!(item))]));
        }
    }
    path
}

pub(crate) fn set_by(manager: &str, time: &str) -> Option<Writer> {
    Some(Writer::SetBy { manager: manager.to_owned(), time: time.to_owned() })
}

/// A field with Git's and the live value, written at line 7.
pub(crate) fn field(at: &str, class: Class, desired: Value, live: Value) -> FieldVerdict {
    let some = |value: Value| (!value.is_null()).then_some(value);
    FieldVerdict {
        path: path(at),
        class,
        proof: Proof::Server,
        desired: some(desired),
        base: None,
        live: some(live),
        writer: None,
        owners: Vec::new(),
        remark: None,
        line: Some(7),
        file: None,
        counts: true,
    }
}

pub(crate) fn object(
    group: &str,
    kind: &str,
    name: &str,
    status: Status,
    fields: Vec<FieldVerdict>,
) -> ObjectVerdict {
    let gvk = Gvk::new(group, "v1", kind);
    let mut verdict = ObjectVerdict::bare(ObjectId::new(&gvk, "shop", name), gvk, status, None);
    verdict.places = vec![(format!("{name}.yaml"), 1)];
    verdict.fields = fields;
    verdict
}

pub(crate) fn note(kind: NoteKind, writer: Option<&str>, paths: &[&str], text: &str) -> Note {
    let paths = paths.iter().map(|at| path(at)).collect();
    Note { kind, writer: writer.map(str::to_owned), paths, text: text.to_owned() }
}

pub(crate) fn report(verdicts: Vec<ObjectVerdict>) -> Report {
    let code = Code::of_diff(&verdicts, 0, &FailOn::default(), false);
    Report {
        source: Source {
            display: "shop".to_owned(),
            reference: None,
            commit: Some("4f2c1e9aa01b7cd2f3e4a5b6c7d8e9f001122334".to_owned()),
            branch: Some("main".to_owned()),
            dirty: false,
        },
        targets: vec![TargetReport {
            name: String::new(),
            cluster: Cluster::Server { context: "prod".to_owned(), url: "https://10.0.0.1:6443".to_owned() },
            remotes: Vec::new(),
            verdicts: mask(verdicts, &MaskRules::default()),
            warnings: Vec::new(),
            failure: None,
            acted: None,
        }],
        warnings: Vec::new(),
        rules: None,
        counts: Counts { requests: 9, dry_runs: 0, elapsed_ms: 314 },
        code,
        exit: code.styled(Style::Default),
    }
}

/// The sketch of the contract: one diverged, one new, one unknown, two in sync.
pub(crate) fn sketch() -> Vec<ObjectVerdict> {
    let mut image = field(
        "spec.template.spec.containers[web].image",
        Class::Drift,
        json!("registry.example/web:1.4.2"),
        json!("registry.example/web:1.4.3"),
    );
    image.base = image.desired.clone();
    image.writer = set_by("kubectl-edit", "2026-11-21T08:00:00Z");
    image.line = Some(23);
    let mut replicas = field("spec.replicas", Class::Pending, json!(5), json!(3));
    replicas.base = Some(json!(3));
    replicas.writer = set_by("gitops", "2026-11-18T10:00:00Z");
    replicas.line = Some(9);
    let added = json!({"image": "busybox", "name": "debug"});
    let mut sidecar = field("spec.template.spec.containers[debug]", Class::Added, Value::Null, added);
    sidecar.writer = set_by("kubectl-edit", "2026-11-21T08:00:00Z");
    let mut web = object("apps", "Deployment", "web", Status::Diverged, vec![image, replicas, sidecar]);
    web.base = BaseKind::Revision("9a01b7c".to_owned());
    let mut banner = object("", "ConfigMap", "banner", Status::New, vec![]);
    banner.base = BaseKind::Revision("9a01b7c".to_owned());
    banner.object = Some(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "banner", "namespace": "shop"},
        "data": {"text": "two\nlines\n", "on": "yes"}}),
    );
    let mut db = object("", "Secret", "db", Status::Unknown, vec![]);
    db.reason = Some("forbidden: cannot list secrets in namespace shop".to_owned());
    let quiet = |name: &str| object("", "Service", name, Status::InSync, vec![]);
    vec![db, banner, quiet("api"), quiet("web"), web]
}
