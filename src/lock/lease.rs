//! A Lease as a value: who holds it, for how long, and when it was renewed.
//!
//! Fields: <https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/>. A free Lease has no
//! `holderIdentity` (the server takes none that is empty).

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::object::value::text_at;
use crate::record::SetIdentity;

/// Marks a Lease of this program and of this shape.
const MARK: &str = "gitops/lock";
const SHAPE: &str = "v1";
const HOST_ID: &str = "gitops/host-id";
const BOOT_ID: &str = "gitops/boot-id";
const DOING: &str = "gitops/doing";
/// When a run last found that nothing had to be written.
const CHECKED_AT: &str = "gitops/checkedAt";
/// Most characters of one text that is read back.
const MAX_TEXT: usize = 1_000;

/// A run that holds a lock, or wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// `USER@HOST/RUN`: RUN is new for every run.
    pub identity: String,
    /// What tells the machine from others; empty if it does not say.
    pub host_id: String,
    /// What tells this start of the machine from others; empty if it does not say.
    pub boot_id: String,
    /// What the run does: `apply`.
    pub doing: String,
}

impl Holder {
    /// The machine, as it calls itself.
    pub fn host(&self) -> &str {
        let named = self.identity.rsplit_once('/').map_or(self.identity.as_str(), |(named, _)| named);
        named.rsplit_once('@').map_or(named, |(_, host)| host)
    }
}

/// Who and where: `ann@build-7 (apply)`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.identity)?;
        if self.doing.is_empty() { Ok(()) } else { write!(f, " ({})", self.doing) }
    }
}

/// A Lease as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// Who holds it; `None` if it is free.
    pub holder: Option<Holder>,
    /// How long it is held without a renewal.
    pub duration: Duration,
    /// When it was taken, by the clock of its holder. To be shown, never to decide by.
    pub acquired: Option<Timestamp>,
    /// The last renewal, as it is written: equal or not is all that it tells.
    pub renewed: String,
    /// The stamp of the last run that had nothing to write.
    pub checked_at: Option<String>,
}

impl Lease {
    /// Reads a Lease.
    ///
    /// # Errors
    /// Why it is no lock of this program.
    pub fn read(object: &Value) -> Result<Self, String> {
        let text = |path: &[&str]| text_at(object, path).filter(|text| text.len() <= MAX_TEXT);
        let annotation = |name: &str| text(&["metadata", "annotations", name]).map(str::to_owned);
        match annotation(MARK) {
            None => return Err(format!("it has no annotation {MARK}, so another program made it")),
            Some(shape) if shape != SHAPE => {
                return Err(format!(
                    "its annotation {MARK} is {shape:?}, not {SHAPE:?}: another version of gitops made it"
                ));
            }
            Some(_) => {}
        }
        let metadata = |name| text(&["metadata", name]).filter(|text| !text.is_empty()).map(str::to_owned);
        let missing = |what: &str| format!("it has no {what}");
        let holder = match object.pointer("/spec/holderIdentity") {
            None | Some(Value::Null) => None,
            Some(Value::String(identity)) if identity.len() <= MAX_TEXT => Some(Holder {
                identity: identity.clone(),
                host_id: annotation(HOST_ID).unwrap_or_default(),
                boot_id: annotation(BOOT_ID).unwrap_or_default(),
                doing: annotation(DOING).unwrap_or_default(),
            }),
            Some(_) => return Err("its holderIdentity is no text of a usual length".to_owned()),
        }
        .filter(|holder| !holder.identity.is_empty());
        let seconds = object.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).unwrap_or(0);
        let renewed = text(&["spec", "renewTime"]).unwrap_or_default().to_owned();
        if holder.is_some() && (seconds == 0 || renewed.is_empty()) {
            return Err(
                "it is held, but has no leaseDurationSeconds and renewTime to tell for how long".to_owned()
            );
        }
        Ok(Self {
            uid: metadata("uid").ok_or_else(|| missing("uid"))?,
            resource_version: metadata("resourceVersion").ok_or_else(|| missing("resourceVersion"))?,
            holder,
            duration: Duration::from_secs(seconds),
            acquired: text(&["spec", "acquireTime"]).and_then(|time| time.parse().ok()),
            renewed,
            checked_at: annotation(CHECKED_AT),
        })
    }
}

/// A Lease that nobody has made yet, held.
pub fn made(set: &SetIdentity, holder: &Holder, duration: Duration, now: Timestamp) -> Value {
    let object = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": {"name": set.lease_name(), "namespace": set.record_namespace}});
    held(object, holder, duration, now, 0)
}

/// A Lease that is there, taken: it must be free or have expired.
pub fn taken(there: &Value, holder: &Holder, duration: Duration, now: Timestamp) -> Value {
    let transitions = there.pointer("/spec/leaseTransitions").and_then(Value::as_i64).unwrap_or(0);
    held(there.clone(), holder, duration, now, i32::try_from(transitions).unwrap_or(0).wrapping_add(1).max(0))
}

fn held(mut object: Value, holder: &Holder, duration: Duration, now: Timestamp, transitions: i32) -> Value {
    let before = text_at(&object, &["spec", "renewTime"]).unwrap_or_default().to_owned();
    let now = later(now, &before);
    object["spec"] = json!({
        "holderIdentity": holder.identity,
        "leaseDurationSeconds": duration.as_secs().max(1),
        "acquireTime": now,
        "renewTime": now,
        "leaseTransitions": transitions,
    });
    for (name, text) in
        [(MARK, SHAPE), (HOST_ID, &holder.host_id), (BOOT_ID, &holder.boot_id), (DOING, &holder.doing)]
    {
        annotate(&mut object, name, text);
    }
    object
}

/// The Lease with a new time. It differs from the time before even if the clock stands still: an unchanged one means that the
/// holder is gone.
pub fn renewed(there: &Value, now: Timestamp) -> Value {
    let mut object = there.clone();
    let before = text_at(there, &["spec", "renewTime"]).unwrap_or_default();
    object["spec"]["renewTime"] = later(now, before).into();
    object
}

/// The Lease without a holder, so that the next run need not wait; with a stamp if nothing had to be written.
pub fn freed(there: &Value, checked_at: Option<Timestamp>) -> Value {
    let mut object = there.clone();
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        for key in ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime"] {
            spec.remove(key);
        }
    }
    for name in [HOST_ID, BOOT_ID, DOING] {
        if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut)
        {
            annotations.remove(name);
        }
    }
    if let Some(time) = checked_at {
        annotate(&mut object, CHECKED_AT, &time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    object
}

/// True if the Lease is held by this very run.
pub fn is_held_by(object: &Value, holder: &Holder) -> bool {
    text_at(object, &["spec", "holderIdentity"]) == Some(&holder.identity)
}

/// The time, or one that is a microsecond away from the time before if it would be the same.
fn later(now: Timestamp, before: &str) -> String {
    let text = micro_time(now);
    if text != before {
        return text;
    }
    micro_time(now.saturating_add(SignedDuration::from_micros(1)).unwrap_or(now))
}

/// As the server writes a `MicroTime`, so that a Lease that is read back equals the one that was sent.
fn micro_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

fn annotate(object: &mut Value, name: &str, text: &str) {
    let metadata = &mut object["metadata"];
    if !metadata["annotations"].is_object() {
        metadata["annotations"] = Value::Object(Map::new());
    }
    metadata["annotations"][name] = text.into();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder {
            identity: "ann@build-7/4f2c".into(),
            host_id: "machine".into(),
            boot_id: "boot".into(),
            doing: "apply".into(),
        }
    }

    fn set() -> SetIdentity {
        SetIdentity { name: "shop".into(), record_namespace: "ns".into() }
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn stored(mut object: Value) -> Value {
        object["metadata"]["uid"] = "u".into();
        object["metadata"]["resourceVersion"] = "7".into();
        object
    }

    #[test]
    fn a_lease_is_written_taken_renewed_and_freed() {
        let made = made(&set(), &holder(), Duration::from_secs(60), time("2026-01-02T03:04:05Z"));
        let expected = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "gitops-shop", "namespace": "ns", "annotations": {"gitops/lock": "v1",
                "gitops/host-id": "machine", "gitops/boot-id": "boot", "gitops/doing": "apply"}},
            "spec": {"holderIdentity": "ann@build-7/4f2c", "leaseDurationSeconds": 60, "leaseTransitions": 0,
                "acquireTime": "2026-01-02T03:04:05.000000Z", "renewTime": "2026-01-02T03:04:05.000000Z"}});
        assert_eq!(made, expected);
        let lease = Lease::read(&stored(made.clone())).unwrap();
        assert_eq!(lease.holder, Some(holder()));
        assert_eq!(lease.duration, Duration::from_secs(60));
        assert_eq!(lease.acquired, Some(time("2026-01-02T03:04:05Z")));
        assert_eq!((lease.uid.as_str(), lease.resource_version.as_str()), ("u", "7"));

        let again = renewed(&stored(made), time("2026-01-02T03:04:20.5Z"));
        assert_eq!(again["spec"]["renewTime"], "2026-01-02T03:04:20.500000Z");
        assert_eq!(again["spec"]["acquireTime"], "2026-01-02T03:04:05.000000Z");
        assert!(is_held_by(&again, &holder()));

        let free = freed(&again, Some(time("2026-01-02T03:05:00.75Z")));
        assert_eq!(free["spec"], json!({"leaseTransitions": 0}));
        assert_eq!(
            free["metadata"]["annotations"],
            json!({"gitops/lock": "v1", "gitops/checkedAt": "2026-01-02T03:05:00Z"})
        );
        let lease = Lease::read(&free).unwrap();
        assert_eq!((lease.holder, lease.checked_at.as_deref()), (None, Some("2026-01-02T03:05:00Z")));
        assert!(!is_held_by(&free, &holder()));

        let taken = taken(&free, &holder(), Duration::from_secs(2), time("2026-01-02T03:06:00Z"));
        assert_eq!(taken["spec"]["leaseTransitions"], 1);
        assert_eq!(taken["metadata"]["annotations"]["gitops/checkedAt"], "2026-01-02T03:05:00Z", "it stays");
        assert_eq!(taken["metadata"]["resourceVersion"], "7");
        assert_eq!(
            freed(&taken, None)["metadata"]["annotations"]["gitops/checkedAt"],
            "2026-01-02T03:05:00Z"
        );
    }

    /// A clock that stands still, is set back, or is past 2038 never makes a renewal look like none.
    #[test]
    fn flt_41_every_renewal_is_another_time() {
        for now in
            ["2026-01-02T03:04:05Z", "1970-01-01T00:00:00Z", "2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z"]
        {
            let mut object = stored(made(&set(), &holder(), Duration::from_secs(60), time(now)));
            for _ in 0..5 {
                let next = renewed(&object, time(now));
                assert_ne!(next["spec"]["renewTime"], object["spec"]["renewTime"], "{now}");
                assert!(Lease::read(&next).is_ok());
                object = next;
            }
        }
    }

    #[test]
    fn a_lease_of_another_program_or_shape_is_no_lock() {
        let good = stored(made(&set(), &holder(), Duration::from_secs(60), Timestamp::UNIX_EPOCH));
        let wrong = |pointer: &str, value: Value| {
            let mut object = good.clone();
            *object.pointer_mut(pointer).unwrap() = value;
            Lease::read(&object).unwrap_err()
        };
        let foreign =
            json!({"metadata": {"uid": "u", "resourceVersion": "1"}, "spec": {"holderIdentity": "leader"}});
        assert!(Lease::read(&foreign).unwrap_err().contains("another program"));
        assert!(wrong("/metadata/annotations/gitops~1lock", json!("v2")).contains("another version"));
        assert!(wrong("/spec/leaseDurationSeconds", json!(null)).contains("leaseDurationSeconds"));
        assert!(wrong("/spec/leaseDurationSeconds", json!(-1)).contains("leaseDurationSeconds"));
        assert!(wrong("/spec/leaseDurationSeconds", json!(0)).contains("leaseDurationSeconds"));
        assert!(wrong("/spec/renewTime", json!(null)).contains("renewTime"));
        assert!(wrong("/spec/holderIdentity", json!(5)).contains("holderIdentity"));
        assert!(wrong("/spec/holderIdentity", json!("x".repeat(2_000))).contains("holderIdentity"));
        assert!(wrong("/metadata/uid", json!("")).contains("uid"));
        assert!(wrong("/metadata/resourceVersion", json!(null)).contains("resourceVersion"));
    }

    #[test]
    fn a_holder_tells_its_host() {
        for (identity, host) in
            [("ann@build-7/4f2c", "build-7"), ("ann@corp@h/1", "h"), ("nobody", "nobody"), ("a/b", "a")]
        {
            assert_eq!(Holder { identity: identity.into(), ..Holder::default() }.host(), host);
        }
        assert_eq!(holder().to_string(), "ann@build-7/4f2c (apply)");
    }
}
