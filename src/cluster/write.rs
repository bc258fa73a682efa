//! Writes to members of a set. Each is bound to the object that was read, so that it may be repeated: what was stored already
//! is answered as a conflict or as gone, and reading tells the rest.

use http::Method;
use serde_json::{Value, json};

use super::answer::Failure;
use super::dryrun::{self, Mode, is_same_object};
use super::request::Call;
use super::throttle::Purpose;
use super::{Server, url};
use crate::live::{DryRun, FetchError, Pin, Prediction, Resource, Write, Written};
use crate::object::fields::FIELD_MANAGER;
use crate::object::id::ObjectId;
use crate::object::value::text_at;

const MAX_ANSWER: usize = 64 << 20;

impl Server {
    /// Writes one object.
    pub async fn write(&self, write: &Write) -> Written {
        match write {
            Write::Apply(apply) => self.apply(apply).await,
            Write::Patch { id, resource, operations } => self.patch(id, resource, operations).await,
            Write::Create { id, resource, object } => self.create(id, resource, object).await,
            Write::Delete { id, resource, pin } => self.delete(id, resource, pin).await,
        }
    }

    async fn apply(&self, apply: &DryRun) -> Written {
        let mode = if apply.pin.is_some() { Mode::Forced } else { Mode::Unforced };
        let call = match dryrun::call(apply, mode) {
            Ok(call) => call,
            Err(reason) => return Written::Unavailable(FetchError::Failed(reason)),
        };
        match self.sender.send(&call).await.and_then(|answer| answer.json::<Value>()) {
            Ok(stored) if is_same_object(&stored, apply) => Written::Stored(stored),
            Ok(_) => Written::Unavailable(other_object()),
            Err(failure) => written(dryrun::meaning(apply, failure, mode)),
        }
    }

    async fn patch(&self, id: &ObjectId, resource: &Resource, operations: &Value) -> Written {
        let about = about(id, resource, None);
        let Some(path) = url::object(resource, &id.namespace, &id.name) else {
            return Written::Unavailable(no_such_name(id));
        };
        let call = Call {
            purpose: Purpose::Write,
            method: Method::PATCH,
            path: format!("{path}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict"),
            accept: "application/json",
            body: Some(("application/json-patch+json", operations.to_string().into_bytes())),
            max_answer: MAX_ANSWER,
        };
        match self.sender.send(&call).await.and_then(|answer| answer.json::<Value>()) {
            Ok(stored) if is_same_object(&stored, &about) => Written::Stored(stored),
            Ok(_) => Written::Unavailable(other_object()),
            Err(failure) => written(dryrun::meaning(&about, failure, Mode::Forced)),
        }
    }

    /// Creates with POST. A second attempt meets what the first one may have made: that is a conflict, and reading tells.
    async fn create(&self, id: &ObjectId, resource: &Resource, object: &Value) -> Written {
        let about = about(id, resource, None);
        if url::object(resource, &id.namespace, &id.name).is_none() {
            return Written::Unavailable(no_such_name(id));
        }
        let collection = url::collection(resource, resource.namespaced.then_some(id.namespace.as_str()));
        let call = Call {
            purpose: Purpose::Write,
            method: Method::POST,
            path: format!("{collection}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict"),
            accept: "application/json",
            body: Some(("application/json", object.to_string().into_bytes())),
            max_answer: MAX_ANSWER,
        };
        match self.sender.send(&call).await.and_then(|answer| answer.json::<Value>()) {
            Ok(stored) if is_same_object(&stored, &about) => Written::Stored(stored),
            Ok(_) => Written::Unavailable(other_object()),
            Err(failure) => written(dryrun::meaning(&about, failure, Mode::Unforced)),
        }
    }

    /// Deletes in the background: what an object owns goes after it.
    async fn delete(&self, id: &ObjectId, resource: &Resource, pin: &Pin) -> Written {
        let about = about(id, resource, Some(pin.clone()));
        let Some(path) = url::object(resource, &id.namespace, &id.name) else {
            return Written::Unavailable(no_such_name(id));
        };
        if !pin.is_complete() {
            let text = "not deleted: the live object has no uid or resourceVersion";
            return Written::Unavailable(FetchError::Failed(text.to_owned()));
        }
        let body = deletion_of(pin);
        let call = Call {
            purpose: Purpose::Write,
            method: Method::DELETE,
            path,
            accept: "application/json",
            body: Some(("application/json", body.to_string().into_bytes())),
            max_answer: MAX_ANSWER,
        };
        match self.sender.send(&call).await.and_then(|answer| deleted(answer.json_text()?, pin)) {
            Ok(written) => written,
            Err(failure) if failure.code() == Some(404) => self.is_gone(id, resource, pin).await,
            Err(failure) => match written(dryrun::meaning(&about, failure, Mode::Forced)) {
                // Somebody wrote, or this very deletion was taken and its answer lost: reading tells.
                Written::Conflict => self.is_gone(id, resource, pin).await,
                Written::Unavailable(FetchError::Forbidden { mut right, message }) => {
                    right.verb = "delete".to_owned();
                    Written::Unavailable(FetchError::Forbidden { right, message })
                }
                other => other,
            },
        }
    }

    /// What became of an object whose deletion was not answered as expected.
    async fn is_gone(&self, id: &ObjectId, resource: &Resource, pin: &Pin) -> Written {
        use crate::live::Presence;
        match self.reread(id, resource).await {
            Ok(Presence::Absent) => Written::Gone,
            Ok(Presence::Found(observed)) => match serde_json::from_slice::<Value>(&observed.json) {
                Ok(live) if text_at(&live, &["metadata", "uid"]) != Some(&pin.uid) => Written::Gone,
                Ok(live) if live.pointer("/metadata/deletionTimestamp").is_some() => Written::Deleting,
                Ok(_) => Written::Conflict,
                Err(error) => Written::Unavailable(FetchError::Failed(error.to_string())),
            },
            Err(error) => Written::Unavailable(error),
        }
    }
}

/// The answer to a deletion is the object while finalizers hold it, else a Status of success.
fn deleted(answer: &[u8], pin: &Pin) -> Result<Written, Failure> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| Failure::not_json(&error))?;
    let held = text_at(&answer, &["metadata", "uid"]) == Some(&pin.uid)
        && answer.pointer("/metadata/deletionTimestamp").is_some();
    match text_at(&answer, &["kind"]) {
        Some("Status") if text_at(&answer, &["status"]) == Some("Success") => Ok(Written::Gone),
        Some("Status") => Err(Failure::Nonsense("the server answered 200 with a failure".to_owned())),
        _ if held => Ok(Written::Deleting),
        // Some types answer with the object that is gone.
        _ => Ok(Written::Gone),
    }
}

/// The options of a deletion in the background of exactly the object that was read.
pub(super) fn deletion_of(pin: &Pin) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": pin.uid, "resourceVersion": pin.resource_version},
    })
}

/// What is said about an object when the body of a request does not say it.
fn about(id: &ObjectId, resource: &Resource, pin: Option<Pin>) -> DryRun {
    DryRun { id: id.clone(), resource: resource.clone(), body: Value::Null, pin }
}

fn other_object() -> FetchError {
    FetchError::Failed("the server answered with another object".to_owned())
}

fn no_such_name(id: &ObjectId) -> FetchError {
    FetchError::Failed(format!("no object can have the name {:?}", id.name))
}

fn written(prediction: Prediction) -> Written {
    match prediction {
        Prediction::Stored(object) => Written::Stored(object),
        Prediction::Conflict => Written::Conflict,
        Prediction::Refused(refusal)
            if refusal.code == 409 && refusal.causes.iter().any(|c| c.0 == "FieldManagerConflict") =>
        {
            Written::Conflict
        }
        Prediction::Refused(refusal) => Written::Refused(refusal),
        Prediction::Unavailable(error) => Written::Unavailable(error),
    }
}
