//! Whole outputs, both formats.

use std::sync::Arc;

use serde_json::{Value, json};

use super::fixtures::*;
use super::style::Styles;
use super::text::Options;
use super::*;
use crate::compare::owner::Writer;
use crate::compare::verdict::{Class, FieldVerdict, Note, Proof};
use crate::object::path::FieldPath;

fn text_with(report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    text::write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(verdicts: Vec<ObjectVerdict>) -> String {
    text_with(&report(verdicts), &options())
}

/// The text without header and summary.
fn blocks(verdicts: Vec<ObjectVerdict>) -> String {
    let text = text(verdicts);
    let body = text.split_once("\n\n").unwrap().1;
    body.rsplit_once("\n\n").unwrap().0.to_owned()
}

fn json_text(report: &Report, show: Show) -> String {
    let mut out = Vec::new();
    json::write(report, show, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(report: &Report, show: Show) -> Value {
    serde_json::from_str(&json_text(report, show)).unwrap()
}

#[test]
fn the_report_is_what_the_contract_sketches() {
    let expected = "\
shop @ 4f2c1e9 main → prod (https://10.0.0.1:6443)  base: revision 9a01b7c

? Secret shop/db                              unknown: forbidden: cannot list secrets in namespace shop
    in db.yaml:1
+ ConfigMap shop/banner                       new
    in banner.yaml:1
    + apiVersion: v1
    + kind: ConfigMap
    + metadata:
    +   name: banner
    +   namespace: shop
    + data:
    +   \"on\": \"yes\"
    +   text: |
    +     two
    +     lines
~ Deployment shop/web                         diverged: drift, added and pending
    apply would undo 2 edits and bring 1 change; revert would undo 2 edits
    spec.template.spec.containers[web].image  drift
      - registry.example/web:1.4.3     live   kubectl-edit, 2 h ago
      + registry.example/web:1.4.2     Git    web.yaml:23
    spec.replicas                             pending
      - 3                              live   gitops, 3 days ago
      + 5                              Git    web.yaml:9
    spec.template.spec.containers[debug]      added
      - {image: busybox, name: debug}  live   kubectl-edit, 2 h ago

apply would undo 2 edits, bring 1 change and create 1 object; revert would undo 2 edits
5 objects: 2 in sync, 1 diverged, 1 new, 1 unknown · 9 requests, 0 dry runs, 0.31 s
";
    assert_eq!(text(sketch()), expected);
}

fn drift(writer: Option<Writer>) -> FieldVerdict {
    let mut field = field("spec.replicas", Class::Drift, json!(3), json!(7));
    field.writer = writer;
    field
}

#[test]
fn every_writer_is_told_as_surely_as_it_is_recorded() {
    let (manager, time) = ("kubectl-edit".to_owned(), "2026-11-21T09:15:00Z".to_owned());
    let writers = [
        (
            set_by("kubectl-edit", "2026-11-21T09:15:00Z"),
            "set by kubectl-edit, 45 min ago; base unknown",
            "kubectl-edit, 45 min ago",
        ),
        (
            Some(Writer::ChangedBy { manager: manager.clone(), time: time.clone() }),
            "changed by kubectl-edit, 45 min ago or earlier; base unknown",
            "kubectl-edit, 45 min ago or earlier",
        ),
        (
            Some(Writer::Possibly { manager, time }),
            "writer not recorded, possibly kubectl-edit, 45 min ago",
            "writer not recorded, possibly kubectl-edit, 45 min ago",
        ),
        (Some(Writer::NotRecorded), "writer not recorded", "writer not recorded"),
        (set_by("helm", ""), "set by helm; base unknown", "helm"),
    ];
    for (writer, without_base, with_base) in writers {
        let mut verdict = object("apps", "Deployment", "web", Status::Drift, vec![drift(writer)]);
        for (base, words) in [(BaseKind::Unknown, without_base), (BaseKind::LastApplied, with_base)] {
            verdict.base = base;
            let expected = format!(
                "~ Deployment shop/web  drift\n    spec.replicas  drift\n      \
                       - 7                              live   {words}\n      \
                       + 3                              Git    web.yaml:7"
            );
            assert_eq!(blocks(vec![verdict.clone()]), aligned(&expected));
        }
    }
}

/// Puts the words behind two or more blanks of an expected object or path line into the least column, 44.
fn aligned(expected: &str) -> String {
    let line = |line: &str| match line.split_once("  ").filter(|(name, _)| !name.is_empty()) {
        _ if line.starts_with("      ") || line.is_empty() => line.to_owned(),
        _ => {
            let indent = line.len() - line.trim_start().len();
            let rest = line.trim_start();
            match rest.split_once("  ") {
                Some((name, words)) => {
                    format!("{:<44}{}", format!("{}{name}", " ".repeat(indent)), words.trim_start())
                }
                None => line.to_owned(),
            }
        }
    };
    expected.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_record_is_named_and_what_is_proven_locally_is_said_once() {
    let mut pending = field("spec.replicas", Class::Pending, json!(5), json!(3));
    pending.proof = Proof::Local;
    pending.base = Some(json!(3));
    let mut verdict = object("apps", "Deployment", "web", Status::Pending, vec![pending]);
    let run = LastRun {
        commit: Some("9a01b7c000000000000000000000000000000000".to_owned()),
        command: "apply".to_owned(),
        at: "2026-11-18T10:00:00Z".to_owned(),
        result: "done".to_owned(),
        ..LastRun::default()
    };
    let told = |verdict: &ObjectVerdict| text(vec![verdict.clone()]);
    verdict.base = BaseKind::Record(Arc::new(run.clone()));
    let page = told(&verdict);
    assert!(page.lines().next().unwrap().ends_with("base: record, 9a01b7c, applied 3 days ago"), "{page}");
    assert_eq!(page.matches("proof: local").count(), 1, "{page}");
    assert!(
        page.contains("\nno dry run was possible: every difference is proven locally (proof: local)\n"),
        "{page}"
    );
    assert!(page.contains("pending\n"), "{page}");
    verdict.base =
        BaseKind::Record(Arc::new(LastRun { result: "failed".to_owned(), dirty: true, ..run.clone() }));
    let first = "base: record, 9a01b7c with uncommitted changes, apply failed 3 days ago";
    assert!(told(&verdict).lines().next().unwrap().ends_with(first), "{}", told(&verdict));
    verdict.base = BaseKind::Record(Arc::new(LastRun::default()));
    assert!(told(&verdict).lines().next().unwrap().ends_with("base: record"), "{}", told(&verdict));
    verdict.base = BaseKind::Earlier(Arc::new(run));
    assert!(told(&verdict).lines().next().unwrap().ends_with("base: record, of an earlier object"));
}

#[test]
fn every_class_has_its_rows() {
    let mut fields: Vec<FieldVerdict> = Class::ALL
        .into_iter()
        .map(|class| {
            let desired = match class {
                Class::Added | Class::Removal | Class::Stuck => Value::Null,
                _ => json!("git"),
            };
            field(&format!("spec.{}", class.word()), class, desired, json!("live"))
        })
        .collect();
    fields[0].live = None;
    fields[0].writer = Some(Writer::NotRecorded);
    fields[3].base = Some(json!("base"));
    fields[3].desired = None;
    fields[4].writer = set_by("gitops", "2026-11-20T10:00:00Z");
    fields[5].remark = Some("gone from Git, held in place by helm".to_owned());
    fields[6].counts = false;
    fields[6].remark = Some("an autoscaler holds it".to_owned());
    fields[7].proof = Proof::Local;
    fields[7].remark = Some("Git may have added it".to_owned());
    let mut verdict = object("apps", "Deployment", "web", Status::Diverged, fields);
    verdict.base = BaseKind::Revision("v1.4.1 (9a01b7c)".to_owned());
    let expected = "\
~ Deployment shop/web  diverged: drift, added, pending, diverged, removal, stuck and differs
    apply would undo 3 edits, bring 2 changes, set 1 field and leave 1 field; revert would undo 3 edits
    spec.drift  drift
      - (absent)                       live   writer not recorded
      + git                            Git    web.yaml:7
    spec.added  added
      - live                           live
    spec.pending  pending
      - live                           live
      + git                            Git    web.yaml:7
    spec.diverged  diverged
      - live                           live
      + (absent)                       Git
        base                           base   revision v1.4.1 (9a01b7c)
    spec.removal  removal
      - live                           live   gitops, 24 h ago
    spec.stuck  stuck: gone from Git, held in place by helm
      - live                           live
    spec.held  held, does not count: an autoscaler holds it
      - live                           live
      + git                            Git    web.yaml:7
    spec.differs  differs (proof: local): Git may have added it
      - live                           live
      + git                            Git    web.yaml:7";
    assert_eq!(blocks(vec![verdict]), aligned(expected));
}

#[test]
fn every_status_has_its_line() {
    let reason = |status: Status| match status {
        Status::Unknown => Some("forbidden: cannot list widgets.example.org in namespace shop"),
        Status::Invalid => Some("the render holds this object 2 times"),
        Status::Blocked => Some("server-side apply cannot read the live object: status 500, InternalError"),
        Status::Conflict => Some(
            "it belongs to the set other in namespace default, whose record was written by a run of another user on another machine",
        ),
        Status::Terminating => Some("it is being deleted"),
        Status::Replace => Some("an immutable field changes: status 422, Invalid at spec.selector"),
        _ => None,
    };
    let verdicts: Vec<ObjectVerdict> = Status::ALL
        .into_iter()
        .map(|status| {
            let mut verdict = object("example.org", "Widget", status.word(), status, vec![]);
            verdict.reason = reason(status).map(str::to_owned);
            if status == Status::Invalid {
                verdict.places = vec![("a.yaml".to_owned(), 3), ("b/c.yaml".to_owned(), 12)];
            }
            verdict
        })
        .collect();
    let expected = "\
? Widget shop/unknown  unknown
    forbidden: cannot list widgets.example.org in namespace shop
    in unknown.yaml:1
! Widget shop/invalid  invalid: the render holds this object 2 times
    in a.yaml:3 and b/c.yaml:12
! Widget shop/blocked  blocked
    server-side apply cannot read the live object: status 500, InternalError
    in blocked.yaml:1
! Widget shop/conflict  conflict
    it belongs to the set other in namespace default, whose record was written by a run of another user on
    another machine
    in conflict.yaml:1
~ Widget shop/terminating  terminating: it is being deleted
    in terminating.yaml:1
+ Widget shop/missing  missing
    in missing.yaml:1; deleted or never applied; writer not recorded
+ Widget shop/new  new
    in new.yaml:1
- Widget shop/extra  extra
    in extra.yaml:1
~ Widget shop/replace  replace
    an immutable field changes: status 422, Invalid at spec.selector
    in replace.yaml:1
~ Widget shop/diverged  diverged
    in diverged.yaml:1
~ Widget shop/drift  drift
    in drift.yaml:1
~ Widget shop/differs  differs
    in differs.yaml:1
~ Widget shop/pending  pending
    in pending.yaml:1";
    assert_eq!(blocks(verdicts.clone()), aligned(expected));
    let summary = text(verdicts).lines().last().unwrap().to_owned();
    let expected = "14 objects: 1 in sync, 1 pending, 1 differs, 1 drift, 1 diverged, 1 replace, 1 extra, 1 new, 1 missing, \
                    1 terminating, 1 conflict, 1 blocked, 1 invalid, 1 unknown · 9 requests, 0 dry runs, 0.31 s";
    assert_eq!(summary, expected);
}

#[test]
fn a_deleted_object_shows_that_nobody_is_recorded() {
    let mut verdict = object("", "ConfigMap", "a", Status::Missing, vec![]);
    verdict.base = BaseKind::Revision("v1".to_owned());
    assert!(blocks(vec![verdict.clone()]).ends_with("\n    in a.yaml:1; deleted; writer not recorded"));
    verdict.reason = Some("kind pending: its definition is part of this render".to_owned());
    assert!(
        blocks(vec![verdict])
            .ends_with("missing: kind pending: its definition is part of this render\n    in a.yaml:1")
    );
}

#[test]
fn texts_of_several_lines_are_diffed_with_context() {
    let git = "server {\n  listen 80;\n  root /srv;\n  index a;\n  gzip on;\n  log off;\n}\n";
    let live = git.replace("listen 80", "listen 8080").replace("}\n", "}");
    let mut config = field("data.conf", Class::Drift, json!(git), json!(live));
    config.writer = set_by("kubectl-edit", "2026-11-21T08:00:00Z");
    let mut verdict = object("", "ConfigMap", "web", Status::Drift, vec![config]);
    verdict.base = BaseKind::LastApplied;
    let expected = "\
~ ConfigMap shop/web  drift
    data.conf  drift
      - live   kubectl-edit, 2 h ago
      + Git    web.yaml:7
          server {
        -   listen 8080;
        +   listen 80;
            root /srv;
        @@ line 6 @@
            log off;
        - }  (no line end)
        + }";
    let options = Options { context: 1, ..options() };
    let text = text_with(&report(vec![verdict]), &options);
    assert!(text.contains(&format!("\n\n{}\n\n", aligned(expected))), "{text}");
}

#[test]
fn structures_are_diffed_as_yaml_and_long_texts_around_the_difference() {
    let probe = |port: u16| json!({"httpGet": {"path": "/healthz", "port": port, "scheme": "HTTP"}, "periodSeconds": 10, "timeoutSeconds": 2});
    let long =
        |mark: &str| json!(format!("{}{mark}{}", "--flag=value ".repeat(10), " --more=flags".repeat(10)));
    let mut added =
        field("spec.init", Class::Added, Value::Null, json!({"args": ["a".repeat(40), "b".repeat(40)]}));
    added.writer = Some(Writer::NotRecorded);
    let fields = vec![
        field("spec.probe", Class::Differs, probe(80), probe(8080)),
        field("spec.command", Class::Differs, long("--level=info"), long("--level=debug")),
        added,
    ];
    let expected = "\
~ Pod shop/web  drift: added and differs
    apply would undo 1 edit and set 2 fields
    spec.probe  differs
      - live
      + Git    web.yaml:7
          httpGet:
            path: /healthz
        -   port: 8080
        +   port: 80
            scheme: HTTP
          periodSeconds: 10
          timeoutSeconds: 2
    spec.command  differs
      - live
      + Git    web.yaml:7
        - …ag=value --flag=value --level=debug --more=flags --more=flags --m…
        + …ag=value --flag=value --level=info --more=flags --more=flags --m…
    spec.init  added
      - live   writer not recorded
        - args:
        -   - aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        -   - bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    assert_eq!(blocks(vec![object("", "Pod", "web", Status::Drift, fields)]), aligned(expected));
}

#[test]
fn objects_say_when_their_base_is_another() {
    let with = |name: &str, base: BaseKind| {
        let mut verdict = object("", "Service", name, Status::Drift, vec![drift(None)]);
        verdict.base = base;
        verdict
    };
    let verdicts = vec![
        with("a", BaseKind::LastApplied),
        with("b", BaseKind::LastApplied),
        with("c", BaseKind::Unknown),
    ];
    let text = text(verdicts);
    assert!(
        text.starts_with(
            "shop @ 4f2c1e9 main → prod (https://10.0.0.1:6443)  base: last-applied annotation\n"
        )
    );
    assert_eq!(text.matches("\n    base: unknown, managedFields are the evidence\n").count(), 1, "{text}");
    assert_eq!(text.matches("base: ").count(), 2);
}

#[test]
fn notes_are_one_line_an_object_and_writer() {
    let all = |name: &str, status| {
        let mut verdict = object("", "Service", name, status, vec![]);
        verdict.notes = vec![
            note(NoteKind::Adopt, None, &[], ""),
            note(NoteKind::Adopt, None, &["spec.a", "spec.b"], "right value, owned by others"),
            note(NoteKind::Addition, Some("kubectl-rollout"), &["metadata.annotations.restart"], ""),
            note(NoteKind::Foreign, Some("cainjector"), &["spec.caBundle"], ""),
            note(NoteKind::Cosmetic, None, &["spec.memory"], "same amount in another spelling"),
            note(NoteKind::Ignored, None, &["spec.x"], "the autoscaler owns it"),
            note(
                NoteKind::Remark,
                None,
                &[],
                "server refuses the manifest over the live object: status 422, Invalid",
            ),
        ];
        verdict
    };
    let verdicts = || vec![all("quiet", Status::InSync), all("loud", Status::Missing)];
    let expected = "\
+ Service shop/loud  missing
    in loud.yaml:1; deleted or never applied; writer not recorded
    adopt: not applied by gitops yet
    adopt: right value, owned by others: spec.a, spec.b
    note: added by kubectl-rollout: metadata.annotations.restart
    note: server refuses the manifest over the live object: status 422, Invalid

· Service shop/quiet  adopt: not applied by gitops yet
· Service shop/quiet  adopt: right value, owned by others: spec.a, spec.b
· Service shop/quiet  note: added by kubectl-rollout: metadata.annotations.restart
· Service shop/quiet  note: server refuses the manifest over the live object: status 422, Invalid";
    assert_eq!(blocks(verdicts()), aligned(expected));
    let shown = |show: Show| text_with(&report(verdicts()), &Options { show, ..options() });
    let foreign = shown(Show { foreign: true, ..Show::default() });
    assert_eq!(
        foreign.matches("foreign: set outside Git by cainjector: spec.caBundle\n").count(),
        2,
        "{foreign}"
    );
    let ignored = shown(Show { ignored: true, ..Show::default() });
    assert_eq!(ignored.matches("ignored: the autoscaler owns it: spec.x\n").count(), 2, "{ignored}");
    let in_sync = shown(Show { in_sync: true, ..Show::default() });
    assert_eq!(
        in_sync.matches("cosmetic: same amount in another spelling: spec.memory\n").count(),
        2,
        "{in_sync}"
    );
    assert!(
        in_sync.contains("\n= Service shop/quiet                        in sync\n    adopt: "),
        "{in_sync}"
    );
    assert!(!in_sync.contains('·') || in_sync.matches('·').count() == 1, "the summary alone: {in_sync}");
}

#[test]
fn a_note_with_many_paths_says_how_many_more() {
    let paths: Vec<String> = (0..30).map(|n| format!("metadata.annotations.key{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut verdict = object("", "Service", "a", Status::InSync, vec![]);
    verdict.notes = vec![note(NoteKind::Addition, Some("helm"), &paths, "")];
    let line = "· Service shop/a                            note: added by helm: metadata.annotations.key0 and 29 more";
    assert_eq!(blocks(vec![verdict]), line);
}

#[test]
fn many_objects_to_adopt_are_one_line() {
    let verdicts = |number: usize| -> Vec<ObjectVerdict> {
        let make = |n| {
            let mut verdict = object("", "Service", &format!("s{n:02}"), Status::InSync, vec![]);
            verdict.notes = vec![note(NoteKind::Adopt, None, &[], "not applied by gitops yet")];
            verdict
        };
        (0..number).map(make).collect()
    };
    assert_eq!(blocks(verdicts(10)).lines().count(), 10);
    let folded = "· 11 objects                                adopt: not applied by gitops yet (--show in-sync lists them)";
    assert_eq!(blocks(verdicts(11)), folded);
    let shown = Options { show: Show { in_sync: true, ..Show::default() }, ..options() };
    let listed = text_with(&report(verdicts(11)), &shown);
    assert_eq!(listed.matches("adopt: not applied by gitops yet\n").count(), 11);
}

#[test]
fn an_autoscalers_field_is_a_note_on_an_object_in_sync() {
    let mut held = field("spec.replicas", Class::Held, json!(3), json!(7));
    held.counts = false;
    held.remark = Some("an autoscaler holds it".to_owned());
    held.writer = set_by("kube-controller-manager/scale", "2026-11-21T09:59:30Z");
    let verdict = object("apps", "Deployment", "web", Status::InSync, vec![held]);
    let expected = "· Deployment shop/web                       held: spec.replicas is 7, Git says 3; an autoscaler holds it; \
                    kube-controller-manager/scale, 30 s ago";
    assert_eq!(blocks(vec![verdict]), expected);
}

#[test]
fn nothing_is_said_of_what_is_in_sync() {
    let quiet = object("", "Service", "a", Status::InSync, vec![]);
    let mut report = report(vec![quiet]);
    report.counts = Counts { requests: 1, dry_runs: 1, elapsed_ms: 61_009 };
    report.source = Source { display: "./shop".to_owned(), dirty: true, ..Source::default() };
    report.targets[0].cluster = Cluster::File { name: "prod.json".to_owned() };
    let expected = "./shop (with uncommitted changes) → file prod.json  base: unknown, managedFields are the evidence\n\n\
                    1 object: 1 in sync · 1 request, 1 dry run, 61.00 s\n";
    assert_eq!(text_with(&report, &options()), expected);
    report.targets.clear();
    assert_eq!(text_with(&report, &options()), "0 objects · 1 request, 1 dry run, 61.00 s\n");
}

#[test]
fn every_target_has_its_header() {
    let mut two = report(vec![object("", "Service", "a", Status::Drift, vec![drift(None)])]);
    two.targets.push(two.targets[0].clone());
    two.targets[1].name = "staging".to_owned();
    two.source.reference = Some("v1.4.2".to_owned());
    two.source.branch = None;
    let text = text_with(&two, &options());
    assert!(text.starts_with("shop @ 4f2c1e9 v1.4.2 → prod (https://"), "{text}");
    assert!(text.contains("\n\nshop @ 4f2c1e9 v1.4.2 → staging (https://10.0.0.1:6443)"), "{text}");
    assert!(
        text.ends_with("\n\napply would undo 2 edits\n2 objects: 2 drift · 9 requests, 0 dry runs, 0.31 s\n"),
        "{text}"
    );
}

/// Names, paths, values, files, managers and reasons that try to move the cursor, to hide text and to fake lines.
#[test]
fn sec_24_hostile_text_is_shown_and_does_nothing() {
    let evil = "\u{1b}]0;x\u{7}\u{1b}[2J\r\n\u{202e}::error::|<script>\u{9b}A\u{200b}";
    let shown = "\\u{1b}]0;x\\u{7}\\u{1b}[2J\\r\\n\\u{202e}::error::|<script>\\u{9b}A\\u{200b}";
    let mut bad = field("spec", Class::Drift, json!({evil: evil}), json!(evil));
    bad.path = FieldPath::default().field("spec").field(evil);
    bad.writer = set_by(evil, evil);
    bad.remark = Some(evil.to_owned());
    let mut verdict = object("", "ConfigMap", evil, Status::Drift, vec![bad]);
    verdict.places = vec![(evil.to_owned(), 1)];
    verdict.reason = Some(evil.to_owned());
    verdict.notes = vec![note(NoteKind::Addition, Some(evil), &[], evil)];
    let mut hostile = report(vec![verdict]);
    hostile.source.display = evil.to_owned();
    hostile.targets[0].cluster = Cluster::Server { context: evil.to_owned(), url: evil.to_owned() };
    hostile.targets[0].warnings = vec![Notice {
        file: evil.to_owned(),
        line: 1,
        column: 2,
        message: evil.to_owned(),
        hint: Some(evil.to_owned()),
    }];
    let text = text_with(&hostile, &options());
    assert!(
        !text.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{200b}')),
        "{text}"
    );
    for line in [
        format!("{shown} @ 4f2c1e9 main → {shown} ({shown})  base: unknown, managedFields are the evidence"),
        format!("~ ConfigMap shop/{shown}  drift"),
        format!("      - live   set by {shown}, {shown}; base unknown"),
        format!("    note: {shown} by {shown}"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n\n{text}");
    }
    let warning = hints::warning(&hostile.targets[0].warnings[0]);
    assert_eq!(warning, format!("{shown}:1:2: {shown} ({shown})"));
    let json = json_text(&hostile, Show::default());
    assert!(
        !json.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}' || c == '\u{200b}')),
        "{json}"
    );
    let read: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["targets"][0]["objects"][0]["name"], evil, "JSON keeps the meaning");
}

#[test]
fn secrets_are_compared_and_never_shown() {
    let text_of = |value: &str| json!(value);
    let fields = vec![
        field("data.password", Class::Drift, text_of("aHVudGVyMg=="), text_of("c2VzYW1l")),
        field("data.extra", Class::Added, Value::Null, text_of("c2VzYW1l")),
    ];
    let expected = "\
~ Secret shop/db  drift: drift and added
    data.password  drift
      - *** (live)                     live
      + *** (Git)                      Git    db.yaml:7
    data.extra  added
      - *** (live)                     live";
    assert_eq!(blocks(vec![object("", "Secret", "db", Status::Drift, fields)]), aligned(expected));
}

#[test]
fn colours_change_no_text() {
    let colored = Options { styles: Styles::new(true), ..options() };
    let painted = text_with(&report(sketch()), &colored);
    assert!(
        painted.contains("1.4.\u{1b}[0m\u{1b}[31;1;4m3\u{1b}[0m"),
        "the differing part is marked: {painted:?}"
    );
    let mut plain = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, text(sketch()));
}

#[test]
fn hints_say_what_to_do_for_each_status_that_occurs() {
    let hints = hints::hints(&report(sketch()));
    let statuses: Vec<&str> = hints.iter().map(|hint| hint.split(':').next().unwrap()).collect();
    assert_eq!(statuses, ["diverged", "new", "unknown"]);
    let all = Status::ALL.into_iter().map(|status| object("", "Pod", "a", status, vec![])).collect();
    assert_eq!(hints::hints(&report(all)).len(), Status::ALL.len() - 1, "all but in sync");
}

mod formats;
