//! Server-side applies and their dry runs: the body, pinned to the object that was listed, and what the server's answer means.

use std::sync::Arc;

use http::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::cluster::answer::{Failure, Rejection, without_controls};
use crate::cluster::list::right;
use crate::cluster::request::{Call, Sender};
use crate::cluster::retry::is_about_the_object;
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::live::{DryRun, FetchError, Prediction, Refusal};
use crate::object::fields::FIELD_MANAGER;
use crate::object::id::ObjectId;
use crate::object::wire::emit_apply_json;

const MAX_ANSWER: usize = 64 << 20;

/// Asks for all predictions at once, as far as the throttle allows. The answers are in the order of the questions.
pub(crate) async fn predict(sender: &Arc<Sender>, dry_runs: Vec<DryRun>) -> Vec<Prediction> {
    let lost = || Prediction::Unavailable(FetchError::Failed("the dry run was abandoned".to_owned()));
    let mut predictions: Vec<Prediction> = dry_runs.iter().map(|_| lost()).collect();
    let mut tasks = JoinSet::new();
    for (index, dry_run) in dry_runs.into_iter().enumerate() {
        let sender = Arc::clone(sender);
        tasks.spawn(async move { (index, one(&sender, &dry_run).await) });
    }
    while let Some(done) = tasks.join_next().await {
        if let Ok((index, prediction)) = done {
            predictions[index] = prediction;
        }
    }
    predictions
}

async fn one(sender: &Sender, dry_run: &DryRun) -> Prediction {
    let call = match call(dry_run, Mode::DryRun) {
        Ok(call) => call,
        Err(reason) => return Prediction::Unavailable(FetchError::Failed(reason)),
    };
    match sender.send(&call).await.and_then(|answer| answer.json::<Value>()) {
        Ok(stored) if is_same_object(&stored, dry_run) => Prediction::Stored(stored),
        Ok(_) => {
            Prediction::Unavailable(FetchError::Failed("the server answered with another object".to_owned()))
        }
        Err(failure) => meaning(dry_run, failure, Mode::DryRun),
    }
}

/// Whether an apply is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is only tried.
    DryRun,
    /// It is stored, whoever owns the fields.
    Forced,
    /// It is stored where nobody else owns one of its fields with another value.
    Unforced,
}

impl Mode {
    fn query(self) -> &'static str {
        match self {
            Self::DryRun => "dryRun=All&force=true&",
            Self::Forced => "force=true&",
            Self::Unforced => "force=false&",
        }
    }

    fn undone(self) -> &'static str {
        if self == Self::DryRun { "no dry run" } else { "not applied" }
    }
}

/// The request of an apply.
///
/// A pin without uid or resourceVersion would not say anything about the object that was listed, and could even predict
/// the creation of a new one, so the request is not made.
pub(super) fn call(dry_run: &DryRun, mode: Mode) -> Result<Call, String> {
    let undone = mode.undone();
    if dry_run.pin.as_ref().is_some_and(|pin| !pin.is_complete()) {
        return Err(format!("{undone}: the live object has no uid or resourceVersion"));
    }
    let path = url::object(&dry_run.resource, &dry_run.id.namespace, &dry_run.id.name)
        .ok_or_else(|| format!("no object can have the name {:?}", dry_run.id.name))?;
    let mut body = dry_run.body.clone();
    let metadata = body.get_mut("metadata").and_then(Value::as_object_mut);
    let metadata = metadata.ok_or_else(|| format!("{undone}: the manifest has no metadata"))?;
    if let Some(pin) = &dry_run.pin {
        metadata.insert("uid".to_owned(), pin.uid.clone().into());
        metadata.insert("resourceVersion".to_owned(), pin.resource_version.clone().into());
    }
    let bytes = emit_apply_json(&body).map_err(|error| format!("{undone}: {error}"))?;
    let query = mode.query();
    Ok(Call {
        purpose: if mode == Mode::DryRun { Purpose::DryRun } else { Purpose::Write },
        method: Method::PATCH,
        path: format!("{path}?{query}fieldManager={FIELD_MANAGER}&fieldValidation=Strict"),
        accept: "application/json",
        body: Some(("application/apply-patch+yaml", bytes)),
        max_answer: MAX_ANSWER,
    })
}

pub(super) fn is_same_object(stored: &Value, dry_run: &DryRun) -> bool {
    let uid = stored.pointer("/metadata/uid").and_then(Value::as_str);
    dry_run.pin.as_ref().is_none_or(|pin| uid == Some(&pin.uid))
        && stored.get("kind").and_then(Value::as_str) == Some(&dry_run.resource.gvk.kind)
}

/// What an answer that is not of the 2xx class says about the object.
pub(super) fn meaning(dry_run: &DryRun, failure: Failure, mode: Mode) -> Prediction {
    let unavailable = |dry_run: &DryRun, refusal: &Refusal| unavailable(dry_run, refusal, mode);
    let right = |verb| {
        let namespace = dry_run.resource.namespaced.then_some(dry_run.id.namespace.as_str());
        right(verb, &dry_run.resource, namespace)
    };
    let Failure::Rejected(rejection) = failure else {
        return Prediction::Unavailable(failure.fetch_error(&right("patch")));
    };
    let refusal = &rejection.refusal;
    match refusal.code {
        401 => Prediction::Unavailable(Failure::Rejected(rejection).fetch_error(&right("patch"))),
        403 => match missing_verb(&refusal.message) {
            Some(verb) => Prediction::Unavailable(FetchError::Forbidden {
                right: right(verb),
                message: said(dry_run, refusal),
            }),
            None => Prediction::Refused(refusal.clone()),
        },
        409 if !refusal.causes.iter().any(|(reason, ..)| reason == "FieldManagerConflict") => {
            Prediction::Conflict
        }
        422 if is_about_uid(refusal) => Prediction::Conflict,
        400 if refusal.message.contains("does not support dry run") => unavailable(dry_run, refusal),
        404 if !is_namespace_missing(&rejection) => unavailable(dry_run, refusal),
        500 if is_about_the_object(&refusal.message) => Prediction::Refused(refusal.clone()),
        // Without a reason it is an error of typing or decoding, whatever its text (server-facts: duplicate nodePort, …).
        500 if refusal.reason.is_empty() && !is_outage(&refusal.message) => {
            Prediction::Refused(refusal.clone())
        }
        429 | 500..=599 => unavailable(dry_run, refusal),
        _ => Prediction::Refused(refusal.clone()),
    }
}

/// The verb of `User "u" cannot VERB resource "r" in API group "g"`, the text of RBAC alone: quotas, webhooks, policies
/// and terminating namespaces answer 403 too and say something else.
fn missing_verb(message: &str) -> Option<&'static str> {
    ["patch", "create", "get", "update", "delete"]
        .into_iter()
        .find(|verb| message.contains(&format!("cannot {verb} resource \"")))
}

/// A wrong uid is a change of an immutable field: the object was deleted and made again since it was listed.
fn is_about_uid(refusal: &Refusal) -> bool {
    !refusal.causes.is_empty() && refusal.causes.iter().all(|(_, field, _)| field == "metadata.uid")
}

fn is_namespace_missing(rejection: &Rejection) -> bool {
    rejection.about.as_ref().is_some_and(|(kind, _)| kind == "namespaces")
}

/// True for a 500 that tells of the server and not of the object although it has no reason.
fn is_outage(message: &str) -> bool {
    message.is_empty() || message.contains("etcdserver") || message.contains("context deadline exceeded")
}

fn unavailable(dry_run: &DryRun, refusal: &Refusal, mode: Mode) -> Prediction {
    let said = said(dry_run, refusal);
    let text = match webhook(&refusal.message) {
        Some(webhook) if mode == Mode::DryRun => format!("webhook {webhook:?} prevents the dry run: {said}"),
        Some(webhook) => format!("webhook {webhook:?} prevents the write: {said}"),
        None => format!("{}: the server answered {}: {said}", mode.undone(), refusal.code),
    };
    Prediction::Unavailable(FetchError::Failed(text))
}

/// The server's message; for a Secret nothing of it, since messages quote values.
fn said(dry_run: &DryRun, refusal: &Refusal) -> String {
    if is_secret(&dry_run.id) {
        return "message withheld, it may quote the Secret".to_owned();
    }
    without_controls(&refusal.message, 500)
}

/// True for objects whose values no message may show.
pub(super) fn is_secret(id: &ObjectId) -> bool {
    id.group.is_empty() && id.kind == "Secret"
}

/// The name in `admission webhook "NAME" …` and `failed calling webhook "NAME"…`.
fn webhook(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("webhook \"")?;
    rest.split('"').next().filter(|name| !name.is_empty() && name.len() <= 253)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Pin, Resource};
    use crate::object::id::Gvk;
    use serde_json::json;
    use std::time::Duration;

    fn dry_run(kind: &str) -> DryRun {
        let gvk = Gvk::new("", "v1", kind);
        DryRun {
            id: ObjectId::new(&gvk, "n", "c"),
            resource: Resource {
                gvk,
                plural: format!("{}s", kind.to_lowercase()),
                namespaced: true,
                has_status: false,
                listable: true,
            },
            body: json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "c", "namespace": "n"}, "data": {"k": "v"}}),
            pin: Some(Pin { uid: "u-1".into(), resource_version: "7".into() }),
        }
    }

    fn rejected(code: u16, reason: &str, message: &str, causes: &[(&str, &str)], about: &str) -> Failure {
        Failure::Rejected(Box::new(Rejection {
            refusal: Refusal {
                code,
                reason: reason.into(),
                message: message.into(),
                causes: causes.iter().map(|(r, f)| ((*r).into(), (*f).into(), String::new())).collect(),
            },
            about: Some((about.into(), "c".into())),
            retry_after: None,
        }))
    }

    fn name(prediction: &Prediction) -> String {
        match prediction {
            Prediction::Stored(_) => "stored".into(),
            Prediction::Conflict => "conflict".into(),
            Prediction::Refused(refusal) => format!("refused {}", refusal.code),
            Prediction::Unavailable(FetchError::Forbidden { right, .. }) => format!("forbidden {right}"),
            Prediction::Unavailable(error) => format!("unavailable {error}"),
        }
    }

    // Texts and codes: recorded from kube-apiserver 1.36.3.
    #[test]
    fn answers_of_a_real_server_have_these_meanings() {
        let fm = [("FieldManagerConflict", ".data.a")];
        let uid = [("FieldValueInvalid", "metadata.uid"), ("FieldValueInvalid", "metadata.uid")];
        let rbac = r#"configmaps "c" is forbidden: User "bob" cannot patch resource "configmaps" in API group "" in the namespace "n""#;
        let create = r#"configmaps "c" is forbidden: User "bob" cannot create resource "configmaps" in API group "" in the namespace "n""#;
        let modified = "Operation cannot be fulfilled on configmaps \"c\": the object has been modified; please apply your changes to the latest version and try again";
        let table: &[(Failure, &str)] = &[
            (rejected(409, "Conflict", modified, &[], "configmaps"), "conflict"),
            (
                rejected(
                    409,
                    "Conflict",
                    "uid mismatch: the provided object specified uid u-1, and no existing object was found",
                    &[],
                    "",
                ),
                "conflict",
            ),
            (rejected(409, "Conflict", "Apply failed with 1 conflict", &fm, ""), "refused 409"),
            (
                rejected(
                    422,
                    "Invalid",
                    "ConfigMap \"c\" is invalid: metadata.uid: field is immutable",
                    &uid,
                    "",
                ),
                "conflict",
            ),
            (
                rejected(
                    422,
                    "Invalid",
                    "spec.selector: field is immutable",
                    &[("FieldValueInvalid", "spec.selector")],
                    "",
                ),
                "refused 422",
            ),
            (
                rejected(
                    422,
                    "Invalid",
                    "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
                    &[("", "")],
                    "",
                ),
                "refused 422",
            ),
            (
                rejected(403, "Forbidden", rbac, &[], "configmaps"),
                "forbidden patch configmaps in namespace n",
            ),
            (
                rejected(403, "Forbidden", create, &[], "configmaps"),
                "forbidden create configmaps in namespace n",
            ),
            (
                rejected(
                    403,
                    "Forbidden",
                    "configmaps \"c\" is forbidden: exceeded quota: q, requested: count/configmaps=1",
                    &[],
                    "",
                ),
                "refused 403",
            ),
            (
                rejected(403, "", "admission webhook \"deny.example.org\" denied the request: no", &[], ""),
                "refused 403",
            ),
            (
                rejected(
                    403,
                    "Forbidden",
                    "unable to create new content in namespace n because it is being terminated",
                    &[("NamespaceTerminating", "metadata.namespace")],
                    "",
                ),
                "refused 403",
            ),
            (
                rejected(
                    403,
                    "Forbidden",
                    "attempting to grant RBAC permissions not currently held",
                    &[],
                    "",
                ),
                "refused 403",
            ),
            (
                rejected(
                    400,
                    "BadRequest",
                    "admission webhook \"x.example.org\" does not support dry run",
                    &[],
                    "",
                ),
                "unavailable webhook \"x.example.org\" prevents the dry run: admission webhook \"x.example.org\" does not support dry run",
            ),
            (rejected(400, "BadRequest", "metadata.managedFields must be nil", &[], ""), "refused 400"),
            (
                rejected(
                    500,
                    "InternalError",
                    "Internal error occurred: failed calling webhook \"w.example.org\": refused",
                    &[],
                    "",
                ),
                "unavailable webhook \"w.example.org\" prevents the dry run: Internal error occurred: failed calling webhook \"w.example.org\": refused",
            ),
            (
                rejected(
                    500,
                    "",
                    "failed to create typed patch object (n/c; v1, Kind=ConfigMap): .spec.bogus: field not declared in schema",
                    &[],
                    "",
                ),
                "refused 500",
            ),
            (
                rejected(
                    500,
                    "",
                    "failed to convert new object (n/c; apps/v1, Kind=Deployment) to smd typed: quantities must match",
                    &[],
                    "",
                ),
                "refused 500",
            ),
            (
                rejected(500, "", "request to convert CR to an invalid group/version: G/V", &[], ""),
                "refused 500",
            ),
            (rejected(500, "", "duplicate nodePort: {TCP 30541}", &[], ""), "refused 500"),
            (
                rejected(500, "", "etcdserver: leader changed", &[], ""),
                "unavailable no dry run: the server answered 500: etcdserver: leader changed",
            ),
            (
                rejected(503, "ServiceUnavailable", "service unavailable", &[], ""),
                "unavailable no dry run: the server answered 503: service unavailable",
            ),
            (rejected(404, "NotFound", "namespaces \"n\" not found", &[], "namespaces"), "refused 404"),
            (
                rejected(404, "", "404 page not found", &[], ""),
                "unavailable no dry run: the server answered 404: 404 page not found",
            ),
            (rejected(413, "RequestEntityTooLarge", "limit is 3145728", &[], ""), "refused 413"),
            (
                rejected(401, "Unauthorized", "Unauthorized", &[], ""),
                "unavailable the server does not accept the credentials (401): Unauthorized",
            ),
            (Failure::Deadline, "unavailable the deadline of the run passed before it was read"),
            (Failure::TimedOut(Duration::from_secs(60)), "unavailable no answer within 60 s"),
        ];
        for (failure, expected) in table {
            assert_eq!(
                name(&meaning(&dry_run("ConfigMap"), failure.clone(), Mode::DryRun)),
                *expected,
                "{failure:?}"
            );
        }
    }

    #[test]
    fn messages_about_secrets_are_withheld() {
        let failure = rejected(500, "InternalError", "failed calling webhook \"w\": canary", &[], "");
        let text = name(&meaning(&dry_run("Secret"), failure, Mode::DryRun));
        assert_eq!(
            text,
            "unavailable webhook \"w\" prevents the dry run: message withheld, it may quote the Secret"
        );
    }

    #[test]
    fn the_request_is_pinned_and_strict() {
        let call = call(&dry_run("ConfigMap"), Mode::DryRun).unwrap();
        assert_eq!(call.method, Method::PATCH);
        assert_eq!(
            call.path,
            "/api/v1/namespaces/n/configmaps/c?dryRun=All&force=true&fieldManager=gitops&fieldValidation=Strict"
        );
        let (content_type, bytes) = call.body.unwrap();
        assert_eq!(content_type, "application/apply-patch+yaml");
        let sent: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            sent["metadata"],
            json!({"name": "c", "namespace": "n", "uid": "u-1", "resourceVersion": "7"})
        );
        for (uid, version) in [("", "7"), ("u-1", ""), ("u-1", "0")] {
            let unpinned = DryRun {
                pin: Some(Pin { uid: uid.into(), resource_version: version.into() }),
                ..dry_run("ConfigMap")
            };
            assert!(super::call(&unpinned, Mode::DryRun).is_err(), "{uid} {version}");
        }
    }
}
