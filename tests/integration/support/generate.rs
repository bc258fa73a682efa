//! Objects of many kinds, written as people, generators and templates write them: quantities in every spelling, explicit
//! zeros, nulls and empty collections, references without their defaults. A server accepts them all and stores nearly all of
//! them as something else, which is no difference.
//!
//! The same seed gives the same objects. `entries` says which spellings an object holds, so that a test can ask whether all
//! of them are there.

mod config;
pub(crate) mod dice;
pub(crate) mod entries;
mod network;
mod pods;
mod rights;
pub(crate) mod structural;
mod workloads;

use serde_json::{Value, json};

use self::dice::Dice;

/// A kind with its generator.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// `apiVersion`.
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    fill: fn(&mut Dice, &mut Value),
}

/// Twelve kinds of six group-versions.
pub(crate) const TWELVE: [Kind; 12] = [
    Kind { version: "v1", kind: "ConfigMap", fill: config::config_map },
    Kind { version: "v1", kind: "Secret", fill: config::secret },
    Kind { version: "v1", kind: "ServiceAccount", fill: rights::service_account },
    Kind { version: "v1", kind: "Service", fill: network::service },
    Kind { version: "apps/v1", kind: "Deployment", fill: workloads::deployment },
    Kind { version: "apps/v1", kind: "StatefulSet", fill: workloads::stateful_set },
    Kind { version: "apps/v1", kind: "DaemonSet", fill: workloads::daemon_set },
    Kind { version: "batch/v1", kind: "CronJob", fill: workloads::cron_job },
    Kind { version: "autoscaling/v2", kind: "HorizontalPodAutoscaler", fill: workloads::autoscaler },
    Kind { version: "networking.k8s.io/v1", kind: "NetworkPolicy", fill: network::network_policy },
    Kind { version: "networking.k8s.io/v1", kind: "Ingress", fill: network::ingress },
    Kind { version: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", fill: rights::role_binding },
];

/// More kinds, of which fewer objects are needed.
pub(crate) const MORE: [Kind; 5] = [
    Kind { version: "rbac.authorization.k8s.io/v1", kind: "Role", fill: rights::role },
    Kind { version: "policy/v1", kind: "PodDisruptionBudget", fill: workloads::disruption_budget },
    Kind { version: "batch/v1", kind: "Job", fill: workloads::job },
    Kind { version: "v1", kind: "PersistentVolumeClaim", fill: config::volume_claim },
    Kind { version: "v1", kind: "ResourceQuota", fill: config::quota },
];

/// `each` objects of every kind in `namespace`.
///
/// An object depends on its kind, its number and the seed alone, so other kinds and counts beside it do not change it.
pub(crate) fn objects(seed: u64, kinds: &[Kind], each: u64, namespace: &str) -> Vec<Value> {
    let one = |kind: &Kind, number: u64| {
        let name = format!("{}-{number}", kind.kind.to_lowercase());
        let mut dice = Dice::new(seed, kind.kind, number);
        let mut object = json!({
            "apiVersion": kind.version,
            "kind": kind.kind,
            "metadata": {"name": name, "namespace": namespace},
        });
        config::metadata(&mut dice, &mut object["metadata"]);
        (kind.fill)(&mut dice, &mut object);
        object
    };
    kinds.iter().flat_map(|kind| (0..each).map(move |number| one(kind, number))).collect()
}

/// A stream of YAML documents, each in flow style on one line.
pub(crate) fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}
