//! The kinds that pairs are made of, and their first manifests.

use serde_json::Value;

use crate::support::generate::dice::Dice;
use crate::support::generate::{self, Kind, MORE, TWELVE};
use crate::support::kinds::objects;

/// Objects of these names exist once, or are the schema of others.
const SINGLE: &[&str] = &["APIService", "CustomResourceDefinition", "IPAddress", "ServiceCIDR"];

/// Where first manifests come from.
#[derive(Clone)]
pub(crate) enum Seed {
    /// Written anew for each object.
    Generated(Kind),
    /// One rich manifest.
    Rich(Value),
}

impl Seed {
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::Generated(kind) => kind.kind,
            Self::Rich(object) => object["kind"].as_str().unwrap_or_default(),
        }
    }

    /// The first manifest of object `number`.
    pub(crate) fn manifest(&self, seed: u64, number: u64, namespace: &str) -> Value {
        let mut object = match self {
            Self::Generated(kind) => {
                let all = generate::objects(seed ^ (number << 20), &[*kind], 1, namespace);
                all.into_iter().next().expect("one was asked for")
            }
            Self::Rich(object) => object.clone(),
        };
        // Limits and quotas would be felt by all others.
        let apart = if ["LimitRange", "ResourceQuota"].contains(&self.kind()) { "-limits" } else { "" };
        object["metadata"]["namespace"] = Value::from(format!("{namespace}{apart}"));
        if self.kind() == "Event" {
            let about = if object["apiVersion"] == "v1" { "involvedObject" } else { "regarding" };
            object[about]["namespace"] = Value::from(namespace);
        }
        object["metadata"]["name"] = Value::from(format!("{}-{number}", self.kind().to_lowercase()));
        object
    }
}

/// All kinds: those with a generator twice, once generated and once as their rich manifest.
pub(crate) fn seeds() -> Vec<Seed> {
    let rich = ["core", "workloads", "cluster", "custom", "custom"];
    let rich = rich.iter().flat_map(|file| objects(file)).map(Seed::Rich);
    let rich = rich.filter(|seed| !SINGLE.contains(&seed.kind()));
    TWELVE.into_iter().chain(MORE).map(Seed::Generated).chain(rich).collect()
}

/// One of the kinds that can be scaled.
pub(crate) fn has_scale(kind: &str) -> bool {
    ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Widget"].contains(&kind)
}

/// A copy of a seed's `apiVersion`, or an older one where the kind has one.
pub(crate) fn version(dice: &mut Dice, object: &mut Value) {
    let older = match object["kind"].as_str() {
        Some("Widget") => "kinds.example.com/v1beta1",
        _ => return,
    };
    if dice.once_in(6) {
        object["apiVersion"] = Value::from(older);
    }
}
