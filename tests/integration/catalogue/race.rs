//! A ConfigMap that somebody else writes, or makes anew, between the list and the dry run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use gitops::cluster::Options;
use gitops::compare::judge::Policy;
use gitops::compare::survey::{Bases, Setting, survey};
use gitops::compare::verdict::ObjectVerdict;
use gitops::live::Wanted;
use gitops::reader::Live;
use gitops::run::ask::ask;
use gitops::run::remembered::Remembered;
use serde_json::{Value, json};

use super::schemas::schemas;
use super::values::{gvk, resolved};
use crate::support::script::{self, Reply};

const NAMED: &str = "/api/v1/namespaces/n/configmaps/x";

fn object(uid: &str, version: &str, value: &str) -> Value {
    let entry = json!({"manager": "gitops", "operation": "Apply", "apiVersion": "v1", "time": "2026-01-02T00:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}}});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": value},
        "metadata": {"name": "x", "namespace": "n", "uid": uid, "resourceVersion": version, "managedFields": [entry]}})
}

/// The list shows `a: old`, Git wants `a: "1"`. The first dry run fails with this status; the object is now `uid` and has
/// `now`. Returns the verdict and the number of dry runs.
pub(super) async fn run(
    now: &'static str,
    uid: &'static str,
    code: u16,
    reason: &'static str,
    causes: Value,
) -> (ObjectVerdict, usize) {
    let failure = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": "the object has been modified", "details": {"name": "x", "kind": "configmaps", "causes": causes}});
    let list = json!({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": {"resourceVersion": "7"},
        "items": [object("uid-old", "5", "old")]});
    let (server, journal) = script::server(Options::default(), move |seen| {
        if let Some(reply) = script::discovery("v1.36.3", &seen.path) {
            return reply;
        }
        match (seen.method.as_str(), seen.path.split('?').next().unwrap()) {
            ("PATCH", NAMED) if seen.nth == 0 => Reply::json(code, &failure),
            ("PATCH", NAMED) => Reply::json(200, &object(uid, "6", "1")),
            ("GET", NAMED) => Reply::json(200, &object(uid, "6", now)),
            ("GET", _) => Reply::json(200, &list),
            other => panic!("{other:?}"),
        }
    });
    let reader = Live::Server(Box::new(server));
    let catalog = reader.catalog().await.unwrap();
    let yaml = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {a: '1'}}";
    let desired = resolved(yaml, &catalog);
    let setting = Setting {
        desired: &desired,
        schemas: &BTreeMap::clone(schemas()),
        bases: &Bases::Unknown,
        policy: Policy::default(),
        owners_recorded: true,
        rules: &Default::default(),
    };
    let resource = catalog.resources[&gvk("v1", "ConfigMap")].clone();
    let wanted = Wanted { resource, objects: [("n".to_owned(), "x".to_owned())].into() };
    let found = survey(&setting, &reader.read(&[wanted]).await);
    let verdict =
        ask(&reader, &catalog, &setting, &Remembered::default(), found.open, Ok(())).await.pop().unwrap();
    (verdict, journal.all().iter().filter(|seen| seen.method == "PATCH").count())
}
