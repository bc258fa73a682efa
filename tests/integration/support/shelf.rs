//! A server of the scripted transport that stores objects: GET, POST, PUT and DELETE with uid and resourceVersion, as the API
//! server has them, and faults on demand. It knows no schemas and no apply.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gitops::cluster::connect::Transport;
use serde_json::{Value, json};

use super::script::{self, Journal, Reply, Seen};

/// What happens to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// This answer in place of the server's, which never sees the request.
    Answer(Reply),
    /// The server carries it out, and this answer comes in place of its own.
    After(Reply),
}

#[derive(Clone, Default)]
struct State {
    /// By path.
    objects: BTreeMap<String, Value>,
    versions: u64,
    uids: u64,
}

/// The stored objects; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<State>>);

impl Shelf {
    /// A shelf of its own with the same objects.
    pub(crate) fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.0.lock().unwrap().clone())))
    }

    /// The objects below a path, which ends with `/`.
    pub(crate) fn below(&self, path: &str) -> Vec<Value> {
        let state = self.0.lock().unwrap();
        state
            .objects
            .iter()
            .filter(|(at, _)| at.starts_with(path))
            .map(|(_, object)| object.clone())
            .collect()
    }

    /// Carries a request out.
    pub(crate) fn answer(&self, seen: &Seen) -> Reply {
        self.0.lock().unwrap().answer(seen)
    }

    /// The object at a path.
    pub(crate) fn get(&self, path: &str) -> Option<Value> {
        self.0.lock().unwrap().objects.get(path).cloned()
    }

    /// Puts an object there, as another client would: with a new resourceVersion, and a new uid if there was none.
    pub(crate) fn put(&self, path: &str, object: &Value) -> Value {
        self.0.lock().unwrap().write(path, object.clone())
    }

    /// Removes the object there, as another client would.
    pub(crate) fn remove(&self, path: &str) {
        self.0.lock().unwrap().objects.remove(path);
    }

    /// The transport of one client. `fault` decides about every request.
    pub(crate) fn transport(
        &self,
        journal: &Journal,
        fault: impl Fn(&Seen) -> Fault + Send + Sync + 'static,
    ) -> Transport {
        let shelf = self.clone();
        Transport::over(script::client(journal, move |seen| match fault(seen) {
            Fault::None => shelf.0.lock().unwrap().answer(seen),
            Fault::Answer(reply) => reply,
            Fault::After(reply) => {
                shelf.0.lock().unwrap().answer(seen);
                reply
            }
        }))
    }
}

impl State {
    fn write(&mut self, path: &str, mut object: Value) -> Value {
        self.versions += 1;
        let old = self.objects.get(path).map(|old| old["metadata"]["uid"].clone());
        object["metadata"]["uid"] = old.unwrap_or_else(|| {
            self.uids += 1;
            json!(format!("uid-{}", self.uids))
        });
        object["metadata"]["resourceVersion"] = json!(self.versions.to_string());
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    fn answer(&mut self, seen: &Seen) -> Reply {
        let path = seen.path.split('?').next().unwrap();
        let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        match seen.method.as_str() {
            "GET" => match self.objects.get(path) {
                Some(object) => Reply::json(200, object),
                None => missing(path),
            },
            "POST" => {
                let path = format!("{path}/{}", body["metadata"]["name"].as_str().unwrap());
                match self.objects.get(&path) {
                    Some(_) => conflict("AlreadyExists"),
                    None => Reply::json(201, &self.write(&path, body)),
                }
            }
            "PUT" => match self.objects.get(path) {
                None if body["kind"] == "Lease" && body["metadata"]["uid"].is_string() => {
                    conflict("Conflict")
                }
                None => missing(path),
                Some(old) if old["metadata"]["resourceVersion"] != body["metadata"]["resourceVersion"] => {
                    conflict("Conflict")
                }
                Some(_) => Reply::json(200, &self.write(path, body)),
            },
            "DELETE" => match self.objects.get(path) {
                None => missing(path),
                Some(old)
                    if old["metadata"]["uid"] != body["preconditions"]["uid"]
                        || old["metadata"]["resourceVersion"] != body["preconditions"]["resourceVersion"] =>
                {
                    conflict("Conflict")
                }
                Some(_) => {
                    self.objects.remove(path);
                    Reply::json(200, &json!({"kind": "Status", "apiVersion": "v1", "status": "Success"}))
                }
            },
            other => panic!("the shelf has no {other}"),
        }
    }
}

fn conflict(reason: &str) -> Reply {
    Reply::status(409, reason, "the object has been modified", None)
}

fn missing(path: &str) -> Reply {
    let mut parts = path.rsplit('/');
    let (name, plural) = (parts.next().unwrap(), parts.next().unwrap());
    Reply::status(404, "NotFound", &format!("{plural} \"{name}\" not found"), Some((plural, name)))
}
