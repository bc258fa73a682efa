//! Reads and writes of objects that belong to this program: the lock and the record of a set.
//!
//! They are created with POST and updated with PUT at a resourceVersion, never applied: two runs that write the same one
//! have to collide. Neither request can be repeated blindly. Where a first attempt may have got through (the connection was
//! lost, no answer came, a second attempt met a conflict), the object is read back and compared with what was sent.

use std::sync::Arc;

use http::Method;
use serde_json::{Map, Value};

use crate::cluster::Server;
use crate::cluster::answer::{Answer, Failure, Rejection, without_controls};
use crate::cluster::list::right;
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::cluster::write::deletion_of;
use crate::live::{Pin, Resource, Right};
use crate::object::id::Gvk;

/// Field manager of these writes. The manager of members is another: what is written here is no part of any set.
const MANAGER: &str = "gitops-record";
/// The largest answer: one object with 1 MiB of data, in base64, twice.
const MAX_ANSWER: usize = 8 << 20;

/// The kinds of objects that belong to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnedKind {
    /// `coordination.k8s.io/v1` Lease: the lock.
    Lease,
    /// ConfigMap: the parent.
    ConfigMap,
    /// Secret: index and shards of the bases.
    Secret,
    /// Event: what a run did.
    Event,
}

impl OwnedKind {
    fn resource(self) -> Resource {
        let (group, kind, plural) = match self {
            Self::Lease => ("coordination.k8s.io", "Lease", "leases"),
            Self::ConfigMap => ("", "ConfigMap", "configmaps"),
            Self::Secret => ("", "Secret", "secrets"),
            Self::Event => ("", "Event", "events"),
        };
        Resource {
            gvk: Gvk::new(group, "v1", kind),
            plural: plural.to_owned(),
            namespaced: true,
            has_status: false,
            listable: true,
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            Self::Lease => Purpose::Lock,
            Self::ConfigMap | Self::Secret | Self::Event => Purpose::Record,
        }
    }
}

/// Why an object of this program could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnedError {
    /// Somebody else created, changed or deleted it first.
    #[error("it was changed by another run")]
    Conflict,
    /// It does not exist.
    #[error("it does not exist")]
    Missing,
    /// Its namespace does not exist.
    #[error("namespace {0} does not exist")]
    NoNamespace(String),
    /// 403 of RBAC: the right to grant, and the server's text.
    #[error("forbidden: cannot {right}")]
    Forbidden {
        /// The right to grant.
        right: Right,
        /// The server's message.
        message: String,
    },
    /// 401: the server's text.
    #[error("the server does not accept the credentials (401): {0}")]
    Unauthorized(String),
    /// Any other failure after all attempts, or a request that was not sent: what the server or the network said.
    #[error("{0}")]
    Failed(String),
    /// The run's deadline passed first.
    #[error("the deadline of the run passed")]
    Deadline,
}

/// A handle for these requests alone that outlives borrows of the [`Server`], for work in the background.
#[derive(Debug, Clone)]
pub struct Owned {
    sender: Arc<Sender>,
}

/// What a request is about, for paths and messages.
struct Target<'a> {
    kind: OwnedKind,
    resource: Resource,
    namespace: &'a str,
    name: &'a str,
    path: String,
}

impl<'a> Target<'a> {
    fn new(kind: OwnedKind, namespace: &'a str, name: &'a str) -> Result<Self, OwnedError> {
        let resource = kind.resource();
        let path = url::object(&resource, namespace, name).ok_or_else(|| {
            OwnedError::Failed(format!("no {} can have the name {namespace:?}/{name:?}", resource.gvk.kind))
        })?;
        Ok(Self { kind, resource, namespace, name, path })
    }

    fn call(&self, method: Method, path: String, body: Option<&Value>) -> Call {
        Call {
            purpose: self.kind.purpose(),
            method,
            path,
            accept: "application/json",
            body: body.map(|body| ("application/json", body.to_string().into_bytes())),
            max_answer: MAX_ANSWER,
        }
    }

    /// The object in an answer, if it is the one that was asked for.
    fn object(&self, answer: &Answer) -> Result<Value, Failure> {
        let object: Value = answer.json()?;
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let same = text("/kind") == self.resource.gvk.kind
            && text("/metadata/name") == self.name
            && text("/metadata/namespace") == self.namespace
            && !text("/metadata/uid").is_empty()
            && !text("/metadata/resourceVersion").is_empty();
        if same {
            Ok(object)
        } else {
            Err(Failure::Nonsense("the server answered with another object".to_owned()))
        }
    }

    fn error(&self, verb: &str, failure: &Failure) -> OwnedError {
        let Failure::Rejected(rejection) = failure else {
            return match failure {
                Failure::Deadline => OwnedError::Deadline,
                other => OwnedError::Failed(other.text()),
            };
        };
        let refusal = &rejection.refusal;
        let message = || without_controls(&refusal.message, 500);
        match refusal.code {
            401 => OwnedError::Unauthorized(message()),
            // Quotas, webhooks, policies and namespaces that end answer 403, too; no right would help there.
            403 if refusal.message.contains(&format!("cannot {verb} resource \"")) => OwnedError::Forbidden {
                right: right(verb, &self.resource, Some(self.namespace)),
                message: message(),
            },
            404 if about(rejection, "namespaces", self.namespace) => {
                OwnedError::NoNamespace(self.namespace.to_owned())
            }
            404 if about(rejection, &self.resource.plural, self.name) => OwnedError::Missing,
            409 => OwnedError::Conflict,
            code if self.kind == OwnedKind::Secret => OwnedError::Failed(format!(
                "the server answered {code} (message withheld, it may quote the Secret)"
            )),
            _ => OwnedError::Failed(failure.text()),
        }
    }
}

fn about(rejection: &Rejection, kind: &str, name: &str) -> bool {
    rejection.about.as_ref().is_some_and(|about| about.0 == kind && about.1 == name)
}

impl Owned {
    /// Reads one object; `None` if the server says that it does not exist.
    ///
    /// # Errors
    /// Why that is unknown.
    pub async fn read(
        &self,
        kind: OwnedKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, OwnedError> {
        self.fetch(&Target::new(kind, namespace, name)?).await
    }

    async fn fetch(&self, target: &Target<'_>) -> Result<Option<Value>, OwnedError> {
        let call = target.call(Method::GET, target.path.clone(), None);
        match self.sender.send(&call).await.and_then(|answer| target.object(&answer)) {
            Ok(object) => Ok(Some(object)),
            Err(failure) => match target.error("get", &failure) {
                OwnedError::Missing => Ok(None),
                error => Err(error),
            },
        }
    }

    /// Creates an object (POST); the answer is the object as it is stored.
    ///
    /// # Errors
    /// [`OwnedError::Conflict`] if it exists, [`OwnedError::NoNamespace`], and what else may happen to a request.
    pub async fn create(
        &self,
        kind: OwnedKind,
        namespace: &str,
        object: &Value,
    ) -> Result<Value, OwnedError> {
        let target = Target::new(kind, namespace, name(object)?)?;
        let collection = url::collection(&target.resource, Some(namespace));
        let path = format!("{collection}?fieldManager={MANAGER}&fieldValidation=Strict");
        self.store(&target, "create", target.call(Method::POST, path, Some(object)), object).await
    }

    /// Replaces an object (PUT) if it is still the one of `metadata.resourceVersion`; the answer is the object as it is stored.
    ///
    /// # Errors
    /// [`OwnedError::Conflict`] if it was changed since; that or [`OwnedError::Missing`] if it was deleted; and what else may
    /// happen to a request. Without a resourceVersion nothing is sent.
    pub async fn update(
        &self,
        kind: OwnedKind,
        namespace: &str,
        object: &Value,
    ) -> Result<Value, OwnedError> {
        let target = Target::new(kind, namespace, name(object)?)?;
        let version = object.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        if matches!(version, None | Some("" | "0")) {
            let text = "not updated: without a resourceVersion the change of another run would be lost";
            return Err(OwnedError::Failed(text.to_owned()));
        }
        let path = format!("{}?fieldManager={MANAGER}&fieldValidation=Strict", target.path);
        self.store(&target, "update", target.call(Method::PUT, path, Some(object)), object).await
    }

    /// Sends a POST or PUT, and reads the object back where the answer does not tell what became of it.
    async fn store(
        &self,
        target: &Target<'_>,
        verb: &str,
        call: Call,
        object: &Value,
    ) -> Result<Value, OwnedError> {
        let mut repeated = false;
        let sent = self.sender.send_noting(&call, Answer::begin, &mut repeated).await;
        let failure = match sent.and_then(|answer| target.object(&answer)) {
            Ok(stored) => return Ok(stored),
            Err(failure) => failure,
        };
        let error = target.error(verb, &failure);
        if is_decided(&failure, repeated) {
            return Err(error);
        }
        match self.fetch(target).await {
            Ok(Some(found)) if is_stored(object, &found) => Ok(found),
            // The object there is not ours, so the request did not get through, or was overwritten since.
            Ok(Some(_)) if verb == "create" => Err(OwnedError::Conflict),
            _ => Err(error),
        }
    }

    /// Deletes an object if it is still the one that was read.
    ///
    /// # Errors
    /// [`OwnedError::Conflict`] if it was changed or made again since, [`OwnedError::Missing`], and what else may happen to a
    /// request. With an incomplete pin nothing is sent.
    pub async fn delete(
        &self,
        kind: OwnedKind,
        namespace: &str,
        name: &str,
        pin: &Pin,
    ) -> Result<(), OwnedError> {
        let target = Target::new(kind, namespace, name)?;
        if !pin.is_complete() {
            return Err(OwnedError::Failed("not deleted: uid or resourceVersion is not known".to_owned()));
        }
        let body = deletion_of(pin);
        let call = target.call(Method::DELETE, target.path.clone(), Some(&body));
        let mut repeated = false;
        let sent = self.sender.send_noting(&call, Answer::begin, &mut repeated).await;
        let failure = match sent.and_then(|answer| answer.json_text().map(|_| ())) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        let error = target.error("delete", &failure);
        match error {
            OwnedError::Missing if repeated => return Ok(()),
            _ if is_decided(&failure, repeated) => return Err(error),
            _ => {}
        }
        match self.fetch(&target).await {
            Ok(found) if found.as_ref().is_none_or(|found| is_going(found, &pin.uid)) => Ok(()),
            _ => Err(error),
        }
    }
}

impl Server {
    /// A handle for the objects of this program.
    pub fn owned(&self) -> Owned {
        Owned { sender: Arc::clone(&self.sender) }
    }

    /// As [`Owned::read`].
    ///
    /// # Errors
    /// As there.
    pub async fn read_owned(
        &self,
        kind: OwnedKind,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, OwnedError> {
        self.owned().read(kind, namespace, name).await
    }

    /// As [`Owned::create`].
    ///
    /// # Errors
    /// As there.
    pub async fn create_owned(
        &self,
        kind: OwnedKind,
        namespace: &str,
        object: &Value,
    ) -> Result<Value, OwnedError> {
        self.owned().create(kind, namespace, object).await
    }

    /// As [`Owned::update`].
    ///
    /// # Errors
    /// As there.
    pub async fn update_owned(
        &self,
        kind: OwnedKind,
        namespace: &str,
        object: &Value,
    ) -> Result<Value, OwnedError> {
        self.owned().update(kind, namespace, object).await
    }

    /// As [`Owned::delete`].
    ///
    /// # Errors
    /// As there.
    pub async fn delete_owned(
        &self,
        kind: OwnedKind,
        namespace: &str,
        name: &str,
        pin: &Pin,
    ) -> Result<(), OwnedError> {
        self.owned().delete(kind, namespace, name, pin).await
    }
}

fn name(object: &Value) -> Result<&str, OwnedError> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.ok_or_else(|| OwnedError::Failed("not sent: the object has no name".to_owned()))
}

/// True if the failure says for certain that the request did nothing.
fn is_decided(failure: &Failure, repeated: bool) -> bool {
    match failure {
        // The answer of a server that is in trouble, or of a proxy before it, tells nothing of what was stored.
        Failure::Rejected(rejection) => rejection.refusal.code < 500 && !repeated,
        Failure::NotSent(_) => true,
        Failure::NotConnected(..) => !repeated,
        // After the deadline nothing can be read either.
        Failure::Deadline => true,
        Failure::Broken(_) | Failure::TimedOut(_) | Failure::TooLarge(_) | Failure::Nonsense(_) => false,
    }
}

/// True if what was sent is what is stored: content, labels and annotations. The server's own metadata do not count.
fn is_stored(sent: &Value, found: &Value) -> bool {
    const OURS: [&str; 6] =
        ["/metadata/labels", "/metadata/annotations", "/spec", "/data", "/binaryData", "/immutable"];
    let uid = |object: &Value| object.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
    OURS.iter().all(|path| content(sent, path) == content(found, path))
        && sent.get("type").is_none_or(|kind| found.get("type") == Some(kind))
        && uid(sent).is_none_or(|sent| uid(found) == Some(sent))
}

/// A part of an object; what is null or empty is not there, as the server sees it.
fn content(object: &Value, path: &str) -> Option<Value> {
    let present = |value: &Value| !value.is_null() && value.as_object().is_none_or(|map| !map.is_empty());
    let part = object.pointer(path).filter(|part| present(part))?;
    Some(match part.as_object() {
        Some(map) => {
            let fields = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
        }
        None => part.clone(),
    })
}

/// True if the object of this uid is gone, or waits for its finalizers.
fn is_going(found: &Value, uid: &str) -> bool {
    let text = |pointer: &str| found.pointer(pointer).and_then(Value::as_str);
    text("/metadata/uid") != Some(uid) || text("/metadata/deletionTimestamp").is_some()
}
