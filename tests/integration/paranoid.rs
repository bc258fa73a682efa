//! `--paranoid` against a server that answers otherwise than was proven.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use gitops::cluster::Options;
use gitops::compare::ignore::Rules;
use gitops::compare::judge::Policy;
use gitops::compare::paranoid::Percent;
use gitops::compare::survey::{Bases, Setting, survey};
use gitops::compare::verdict::ObjectVerdict;
use gitops::desired::resolve;
use gitops::live::Wanted;
use gitops::object::id::Gvk;
use gitops::reader::Live;
use gitops::render::plain::render_stream;
use gitops::run::paranoid::check;
use serde_json::{Value, json};

use crate::support::script::{self, Reply};

/// Both sides hold a value that no message may quote.
fn object(value: &str) -> Value {
    let fields = json!({"f:data": {"f:a": {}, "f:secret": {}}});
    let entry = json!({"manager": "gitops", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": fields});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": value, "secret": "hunter2"},
        "metadata": {"name": "x", "namespace": "n", "uid": "u", "resourceVersion": "7", "managedFields": [entry]}})
}

/// The verdict, what is said on stderr, and the number of dry runs. Git and the list agree; the dry run gets this reply.
async fn checked(percent: u8, reply: Reply) -> (ObjectVerdict, Vec<String>, usize) {
    let list = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"}, "items": [object("1")]});
    let (server, journal) = script::server(Options::default(), move |seen| {
        let known = script::discovery("v1.36.3", &seen.path);
        known.unwrap_or_else(|| match seen.method.as_str() {
            "PATCH" => reply.clone(),
            _ => Reply::json(200, &list),
        })
    });
    let reader = Live::Server(Box::new(server));
    let catalog = reader.catalog().await.unwrap();
    let yaml = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: '1', secret: hunter2}}";
    let desired = resolve(render_stream(yaml.as_bytes()).unwrap().items, &catalog, "n");
    let setting = Setting {
        desired: &desired,
        schemas: &BTreeMap::new(),
        bases: &Bases::Unknown,
        policy: Policy { paranoid: Percent::new(percent).unwrap(), ..Policy::default() },
        owners_recorded: true,
        rules: &Rules::default(),
    };
    let resource = catalog.resources[&Gvk::new("", "v1", "ConfigMap")].clone();
    let wanted = Wanted { resource, objects: [("n".to_owned(), "x".to_owned())].into() };
    let mut found = survey(&setting, &reader.read(&[wanted]).await);
    assert_eq!((found.verdicts[0].status.word(), found.open.len()), ("in-sync", 0), "proven");
    let notices = check(&reader, &catalog, &setting, found.sampled, &mut found.verdicts).await;
    let said = notices.iter().map(|notice| format!("{} {:?}", notice.message, notice.hint)).collect();
    let dry_runs = journal.all().iter().filter(|seen| seen.method == "PATCH").count();
    (found.verdicts.pop().unwrap(), said, dry_runs)
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_contradicts_a_proof_is_a_bug_and_the_verdict() {
    let (verdict, said, dry_runs) = checked(100, Reply::json(200, &object("2"))).await;
    assert_eq!((verdict.status.word(), dry_runs), ("differs", 1));
    let fields: Vec<String> = verdict.fields.iter().map(|field| field.path.to_string()).collect();
    assert_eq!(fields, ["data.a"]);
    assert_eq!(said.len(), 1);
    let text = "bug: ConfigMap n/x was proven in sync, but the server's dry run changes data.a Some(\"please report it";
    assert!(said[0].starts_with(text), "{said:?}");
    assert!(!said[0].contains("hunter2"), "{said:?}");
    // A field of ours that the server would take away.
    let mut without = object("1");
    without["data"].as_object_mut().unwrap().remove("secret");
    let (verdict, said, _) = checked(100, Reply::json(200, &without)).await;
    assert_eq!(verdict.status.word(), "differs");
    assert!(said[0].contains("changes data.secret") && !said[0].contains("hunter2"), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_agrees_says_nothing() {
    let (verdict, said, dry_runs) = checked(100, Reply::json(200, &object("1"))).await;
    assert_eq!((verdict.status.word(), said.len(), dry_runs), ("in-sync", 0, 1));
    // What admission puts beside our fields is no drift.
    let mut beside = object("1");
    beside["data"]["injected"] = json!("x");
    beside["metadata"]["resourceVersion"] = json!("8");
    let (verdict, said, _) = checked(100, Reply::json(200, &beside)).await;
    assert_eq!((verdict.status.word(), said.len()), ("in-sync", 0));
    let (verdict, said, dry_runs) = checked(0, Reply::json(200, &object("2"))).await;
    assert_eq!((verdict.status.word(), said.len(), dry_runs), ("in-sync", 0, 0), "not in the sample");
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_that_is_refused_contradicts_as_well() {
    let text = "failed to create typed patch object (n/x; /v1, Kind=ConfigMap): .data.secret: hunter2";
    let (verdict, said, _) = checked(100, Reply::status(500, "", text, None)).await;
    assert_eq!(verdict.status.word(), "invalid");
    assert!(
        said[0].contains("the server refuses its dry run: status 500") && !said[0].contains("hunter2"),
        "{said:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_checked_is_told_and_stays_proven() {
    let text = "configmaps \"x\" is forbidden: User \"bob\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"n\"";
    for reply in [
        Reply::status(403, "Forbidden", text, Some(("configmaps", "x"))),
        Reply::status(409, "Conflict", "modified", None),
    ] {
        let (verdict, said, _) = checked(100, reply).await;
        assert_eq!(verdict.status.word(), "in-sync");
        assert!(said[0].starts_with("--paranoid could not check 1 of 1 objects: "), "{said:?}");
    }
}
