//! Digests by which a saved plan knows again what it was made of. Pure.
//!
//! Every digest is keyed. With the key of the set, which lives on the cluster alone, a digest covers values of Secrets too:
//! whoever has the plan without the key can guess none. A set without a record has no key yet. Then a random key stands in the
//! plan itself, so nothing that has to stay secret goes into a digest: hidden values are left out, and a live object that has
//! some is told by its `resourceVersion` instead, which moves with every write and says nothing about values.

use serde_json::Value;

use crate::object::digest::hex;
use crate::object::id::ObjectId;
use crate::record::digest::{IdHash, canonical, keyed, of_render};
use crate::record::key::{KEY_BYTES, SetKey};
use crate::record::veil::{Hidden, veil};

/// Stands for a hidden value in a plan without the key of the set.
const LEFT_OUT: &str = "left out";

/// The key of a plan's digests.
#[derive(Debug, Clone)]
pub struct Seal {
    key: SetKey,
    /// False if the key is the plan's own, which everybody can read who can read the plan.
    secret: bool,
}

impl Seal {
    /// Digests with the key of the set.
    pub fn of_set(key: SetKey) -> Self {
        Self { key, secret: true }
    }

    /// Digests for a set without a key, with random bytes that stand in the plan.
    pub fn of_plan(bytes: [u8; KEY_BYTES]) -> Self {
        Self { key: SetKey::new(bytes), secret: false }
    }

    /// What tells this key from others, and not what it is.
    pub fn id(&self) -> String {
        keyed(&self.key, "plan key", &[])
    }

    /// A digest of a live object as far as it stays the same while nobody changes it: without status, versions of the
    /// object, and the times of `managedFields`.
    pub fn live(&self, id: &ObjectId, live: &Value, hidden: &dyn Hidden) -> String {
        let kept = self.kept(id, &steady(live), hidden);
        let version = match self.secret || !kept.hides {
            true => "",
            false => live.pointer("/metadata/resourceVersion").and_then(Value::as_str).unwrap_or_default(),
        };
        let parts: [&[u8]; 3] = [&IdHash::of(id).0, &canonical(&kept.object), version.as_bytes()];
        keyed(&self.key, "plan live", &parts)
    }

    /// A digest of what is sent for one object: bodies and patches in their order, without the versions that bind them.
    pub fn sent(&self, id: &ObjectId, bodies: &[Value], hidden: &dyn Hidden) -> String {
        let bodies = bodies.iter().map(|body| canonical(&self.body(id, body, hidden)));
        let mut parts = vec![IdHash::of(id).0.to_vec()];
        parts.extend(bodies);
        keyed(&self.key, "plan sent", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// A digest of all objects of a render, in the order of identity.
    pub fn render<'i>(
        &self,
        objects: impl Iterator<Item = (&'i ObjectId, Value)>,
        hidden: &dyn Hidden,
    ) -> String {
        let kept = objects.map(|(id, object)| (id, self.kept(id, &object, hidden).object));
        of_render(&self.key, kept, hidden)
    }

    /// True if an object has values that digests of this key leave out.
    pub fn leaves_out(&self, id: &ObjectId, object: &Value, hidden: &dyn Hidden) -> bool {
        !self.secret && self.kept(id, object, hidden).hides
    }

    fn kept(&self, id: &ObjectId, object: &Value, hidden: &dyn Hidden) -> Kept {
        if self.secret {
            return Kept { object: veil(&self.key, id, object, hidden).into_owned(), hides: false };
        }
        let (mut object, mut hides) = (object.clone(), false);
        if hidden.concerns(id, &object) {
            hidden.each(id, &mut object, &mut |_, value| {
                *value = Value::from(LEFT_OUT);
                hides = true;
            });
        }
        Kept { object, hides }
    }

    /// A body, or the operations of a patch.
    fn body(&self, id: &ObjectId, body: &Value, hidden: &dyn Hidden) -> Value {
        let mut body = unbound(body);
        if let Value::Array(operations) = &mut body {
            // Which value of an operation is hidden is not looked up: none of such an object is in the digest.
            let hides = !self.secret && hidden.concerns(id, &Value::Null);
            for operation in operations.iter_mut().filter(|operation| hides && path_of(operation) != OWNERS) {
                if let Some(value) = operation.get_mut("value") {
                    *value = Value::from(LEFT_OUT);
                }
            }
            return body;
        }
        self.kept(id, &body, hidden).object
    }
}

/// What of an object goes into a digest.
struct Kept {
    object: Value,
    /// True if something was left out.
    hides: bool,
}

/// A live object without what moves by itself.
fn steady(live: &Value) -> Value {
    let mut live = live.clone();
    let Some(object) = live.as_object_mut() else { return live };
    // Items of lists lack apiVersion and kind, and an object that is read alone has them.
    for moving in ["apiVersion", "kind", "status"] {
        object.remove(moving);
    }
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("resourceVersion");
        metadata.remove("generation");
        if let Some(managed) = metadata.get_mut("managedFields") {
            *managed = steady_owners(managed);
        }
    }
    live
}

/// `managedFields` without times, and without the ownership of status.
fn steady_owners(managed: &Value) -> Value {
    let Some(entries) = managed.as_array() else { return managed.clone() };
    let entries = entries.iter().filter_map(|entry| {
        let mut entry = entry.clone();
        let Some(map) = entry.as_object_mut() else { return Some(entry) };
        map.remove("time");
        if let Some(Value::Object(fields)) = map.get_mut("fieldsV1")
            && fields.remove("f:status").is_some()
            && fields.is_empty()
        {
            return None;
        }
        Some(entry)
    });
    Value::Array(entries.collect())
}

/// Where a JSON patch says who owns what.
const OWNERS: &str = "/metadata/managedFields";

fn path_of(operation: &Value) -> &str {
    operation.get("path").and_then(Value::as_str).unwrap_or_default()
}

/// What is sent, without the version of the object that it is bound to: that is the one which is read when it is sent.
fn unbound(body: &Value) -> Value {
    let Value::Array(operations) = body else { return body.clone() };
    let mut kept: Vec<Value> =
        operations.iter().filter(|o| path_of(o) != "/metadata/resourceVersion").cloned().collect();
    for operation in kept.iter_mut().filter(|operation| path_of(operation) == OWNERS) {
        operation["value"] = steady_owners(&operation["value"]);
    }
    Value::Array(kept)
}

/// The bytes of a key as the plan holds them.
pub(super) fn bytes_text(bytes: &[u8; KEY_BYTES]) -> String {
    hex(bytes)
}

/// The key that a plan holds; `None` if it is none.
pub(super) fn bytes_of(text: &str) -> Option<[u8; KEY_BYTES]> {
    let digits = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if digits.len() != 2 * KEY_BYTES {
        return None;
    }
    let mut bytes = [0; KEY_BYTES];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    /// Hides `data` of everything, as of a Secret.
    struct Data;

    impl Hidden for Data {
        fn concerns(&self, id: &ObjectId, _: &Value) -> bool {
            id.kind == "Secret"
        }

        fn each(&self, id: &ObjectId, object: &mut Value, visit: &mut dyn FnMut(&[String], &mut Value)) {
            let data = object.get_mut("data").and_then(Value::as_object_mut).filter(|_| id.kind == "Secret");
            data.into_iter().flatten().for_each(|(name, value)| visit(&["data".into(), name.clone()], value));
        }
    }

    fn id(kind: &str) -> ObjectId {
        ObjectId::new(&Gvk::new("", "v1", kind), "n", "x")
    }

    fn live(value: &str) -> Value {
        json!({"metadata": {"uid": "u", "resourceVersion": "7", "generation": 2, "labels": {"a": "b"}, "managedFields": [
            {"manager": "gitops", "operation": "Apply", "time": "2026-11-21T10:00:00Z", "fieldsV1": {"f:data": {"f:k": {}}}},
            {"manager": "kubelet", "operation": "Update", "subresource": "status", "time": "t", "fieldsV1": {"f:status": {"f:phase": {}}}},
        ]}, "data": {"k": value}, "status": {"phase": "Running"}})
    }

    #[test]
    fn what_moves_by_itself_is_not_in_the_digest_of_a_live_object_and_everything_else_is() {
        let seal = Seal::of_set(SetKey::new([1; 32]));
        let digest = |object: &Value| seal.live(&id("ConfigMap"), object, &Data);
        let was = digest(&live("v"));
        let edited = |pointer: &str, value: Value| {
            let mut object = live("v");
            *object.pointer_mut(pointer).unwrap() = value;
            digest(&object)
        };
        let same = [
            ("/metadata/resourceVersion", json!("8")),
            ("/metadata/generation", json!(3)),
            ("/metadata/managedFields/0/time", json!("2027-01-01T00:00:00Z")),
            ("/metadata/managedFields/1/fieldsV1", json!({"f:status": {"f:conditions": {}}})),
            ("/status", json!({"phase": "Failed"})),
        ];
        for (pointer, value) in same {
            assert_eq!(edited(pointer, value), was, "{pointer}");
        }
        let other = [
            ("/metadata/uid", json!("w")),
            ("/metadata/labels/a", json!("c")),
            ("/metadata/managedFields/0/manager", json!("kubectl-edit")),
            ("/metadata/managedFields/0/fieldsV1", json!({"f:data": {}})),
            ("/metadata/managedFields/1/fieldsV1", json!({"f:status": {}, "f:spec": {}})),
            ("/data/k", json!("w")),
            ("/data", json!({})),
        ];
        for (pointer, value) in other {
            assert_ne!(edited(pointer, value), was, "{pointer}");
        }
        let mut alone = live("v");
        alone["apiVersion"] = json!("v1");
        alone["kind"] = json!("ConfigMap");
        assert_eq!(digest(&alone), was, "read alone and not in a list");
        let mut bare = live("v");
        bare["metadata"]["managedFields"].as_array_mut().unwrap().pop();
        assert_eq!(digest(&bare), was, "an entry about status alone");
        assert_ne!(seal.live(&id("Pod"), &live("v"), &Data), was, "another object");
        assert_ne!(Seal::of_set(SetKey::new([2; 32])).live(&id("ConfigMap"), &live("v"), &Data), was);
    }

    /// Whoever reads the plan knows the key: a digest over the value could be guessed.
    #[test]
    fn a_key_in_the_plan_covers_no_hidden_value_and_the_version_stands_for_it() {
        let (own, set) = (Seal::of_plan([1; 32]), Seal::of_set(SetKey::new([1; 32])));
        let secret = id("Secret");
        let of = |seal: &Seal, value: &str| {
            let object = live(value);
            let patch = json!([{"op": "replace", "path": "/data/k", "value": value}]);
            [
                seal.live(&secret, &object, &Data),
                seal.sent(&secret, &[json!({"data": {"k": value}})], &Data),
                seal.sent(&secret, &[patch], &Data),
                seal.render(std::iter::once((&secret, object)), &Data),
            ]
        };
        assert_eq!(of(&own, "a"), of(&own, "b"), "values are left out");
        assert!(
            of(&set, "a").iter().zip(of(&set, "b")).all(|(a, b)| *a != b),
            "and covered by the key of the set"
        );
        let mut newer = live("a");
        newer["metadata"]["resourceVersion"] = json!("8");
        assert_ne!(own.live(&secret, &newer, &Data), own.live(&secret, &live("a"), &Data));
        assert_eq!(set.live(&secret, &newer, &Data), set.live(&secret, &live("a"), &Data));
        let open = id("ConfigMap");
        assert_eq!(
            own.live(&open, &newer, &Data),
            own.live(&open, &live("a"), &Data),
            "nothing is hidden in it"
        );
        assert_ne!(own.live(&open, &live("b"), &Data), own.live(&open, &live("a"), &Data));
        assert!(own.leaves_out(&secret, &live("a"), &Data) && !own.leaves_out(&open, &live("a"), &Data));
        assert!(!set.leaves_out(&secret, &live("a"), &Data));
    }

    #[test]
    fn what_is_sent_is_told_without_the_version_that_binds_it() {
        let seal = Seal::of_set(SetKey::new([1; 32]));
        let patch = |version: &str, time: &str, manager: &str| {
            json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": version},
                {"op": "replace", "path": "/metadata/managedFields", "value": [{"manager": manager, "time": time}]}])
        };
        let sent = |bodies: &[Value]| seal.sent(&id("ConfigMap"), bodies, &Data);
        let body = json!({"data": {"k": "v"}});
        let was = sent(&[patch("7", "t", "m"), body.clone()]);
        assert_eq!(sent(&[patch("8", "u", "m"), body.clone()]), was);
        assert_ne!(sent(&[patch("7", "t", "other"), body.clone()]), was);
        assert_ne!(sent(&[Value::Null, body.clone()]), was);
        assert_ne!(sent(&[body, patch("7", "t", "m")]), was, "the order counts");
    }

    #[test]
    fn a_key_is_read_back_and_nothing_else_is_a_key() {
        let bytes = std::array::from_fn(|at| u8::try_from(at * 8).unwrap());
        assert_eq!(bytes_of(&bytes_text(&bytes)), Some(bytes));
        for wrong in ["", "00", &"g".repeat(64), &"é".repeat(32), &"0".repeat(63), &"0".repeat(66)] {
            assert_eq!(bytes_of(wrong), None, "{wrong}");
        }
    }
}
