//! Autoscalers: which fields of which objects are theirs, and inside which bounds.
//!
//! A target's `replicas` belong to a HorizontalPodAutoscaler or a KEDA ScaledObject, requests and limits of its containers to
//! a VerticalPodAutoscaler, whoever wrote them last: inside the bounds such a value is the autoscaler's business.

use serde_json::Value;

use crate::live::{Catalog, Resource};
use crate::object::id::{GroupVersion, Gvk, ObjectId};
use crate::object::path::{FieldPath, PathElement};
use crate::object::quantity;
use crate::object::value::text_at;

/// What an autoscaler writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Writes {
    /// `spec.replicas`.
    Replicas,
    /// `resources` of containers.
    Resources,
}

/// Kinds of autoscalers, best version first.
const KINDS: &[(Writes, &str, &[&str], &str)] = &[
    (Writes::Replicas, "autoscaling", &["v2", "v1"], "HorizontalPodAutoscaler"),
    (Writes::Replicas, "keda.sh", &["v1alpha1"], "ScaledObject"),
    (Writes::Resources, "autoscaling.k8s.io", &["v1", "v1beta2"], "VerticalPodAutoscaler"),
];

/// One autoscaler.
#[derive(Debug, Clone, PartialEq)]
pub struct Autoscaler {
    /// Kind, namespace and name, as they are shown.
    name: String,
    /// Group, kind, namespace and name of what it scales.
    target: (String, String, String, String),
    bounds: Bounds,
}

#[derive(Debug, Clone, PartialEq)]
enum Bounds {
    /// Fewest and most, and numbers beside them that are its own as well (idle, paused).
    Replicas { min: i64, max: i64, also: Vec<i64> },
    /// By container; `*` is every other one.
    Resources(Vec<Container>),
}

#[derive(Debug, Clone, PartialEq)]
struct Container {
    name: String,
    off: bool,
    requests_only: bool,
    controlled: Option<Vec<String>>,
    min: Value,
    max: Value,
}

/// What is known of the autoscalers of one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scaling {
    scalers: Vec<Autoscaler>,
    /// True if autoscalers were looked for.
    looked: bool,
    /// Why some could not be read, if so.
    unread: Option<String>,
}

/// What autoscalers have to do with a live value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// The value is inside the bounds of one, with words about it.
    Inside(String),
    /// Autoscalers write the field, and the value is outside the bounds of all, with words about them.
    Outside(String),
    /// All autoscalers are known, and none writes the field.
    None,
    /// Nobody looked, or some could not be read, with the reason.
    Unknown(Option<String>),
}

impl Scaling {
    /// The autoscalers of one object among all that are known. `unread` tells why others could not be read.
    pub fn of(id: &ObjectId, all: &[Autoscaler], unread: Option<String>) -> Self {
        let targets = |scaler: &&Autoscaler| {
            let (group, kind, namespace, name) = &scaler.target;
            (group, kind, namespace, name) == (&id.group, &id.kind, &id.namespace, &id.name)
        };
        Self { scalers: all.iter().filter(targets).cloned().collect(), looked: true, unread }
    }

    /// Who claims the live value of a field.
    pub(super) fn claim(&self, path: &FieldPath, live: &Value) -> Claim {
        let mut outside = Vec::new();
        for scaler in &self.scalers {
            match scaler.bounds.hold(path, live) {
                Some(Ok(bounds)) => return Claim::Inside(format!("{} scales it{bounds}", scaler.name)),
                Some(Err(bounds)) => outside.push(format!("{} scales it{bounds}", scaler.name)),
                None => {}
            }
        }
        match () {
            () if !outside.is_empty() => Claim::Outside(format!("out of bounds: {}", outside.join(", "))),
            () if self.looked && self.unread.is_none() => Claim::None,
            () => Claim::Unknown(self.unread.clone()),
        }
    }

    /// The autoscaler that writes a field, if one is known.
    pub(super) fn writer_of(&self, path: &FieldPath) -> Option<&str> {
        let writes = field(path)?;
        self.scalers.iter().find(|scaler| scaler.bounds.writes() == writes).map(|scaler| scaler.name.as_str())
    }
}

impl Bounds {
    fn writes(&self) -> Writes {
        match self {
            Self::Replicas { .. } => Writes::Replicas,
            Self::Resources(_) => Writes::Resources,
        }
    }

    /// `None` if the field is not this autoscaler's; else whether the value is inside, with words for the bounds.
    fn hold(&self, path: &FieldPath, live: &Value) -> Option<Result<String, String>> {
        match self {
            Self::Replicas { min, max, also } => {
                if field(path) != Some(Writes::Replicas) {
                    return None;
                }
                let count = live.as_i64();
                let inside = count.is_some_and(|n| (*min..=*max).contains(&n) || also.contains(&n));
                let extra: String = also.iter().map(|n| format!(" or {n}")).collect();
                let words = format!(" between {min} and {max}{extra}");
                Some(if inside { Ok(words) } else { Err(words) })
            }
            Self::Resources(containers) => container_bounds(containers, path, live),
        }
    }
}

fn container_bounds(
    containers: &[Container],
    path: &FieldPath,
    live: &Value,
) -> Option<Result<String, String>> {
    let place = resource_place(path)?;
    let named = |name: &str| containers.iter().find(|container| container.name == name);
    let policy = named(place.container).or_else(|| named("*"));
    let controlled = policy.and_then(|policy| policy.controlled.as_ref()).map_or_else(
        || matches!(place.resource, "cpu" | "memory"),
        |all| all.iter().any(|name| name == place.resource),
    );
    let Some(policy) = policy else { return controlled.then(|| Ok(String::new())) };
    if policy.off || !controlled || (place.limit && policy.requests_only) {
        return None;
    }
    // Limits follow requests in proportion: they are never below the smallest request, and have no upper bound.
    let min = policy.min.get(place.resource);
    let max = policy.max.get(place.resource).filter(|_| !place.limit);
    let above = min.is_none_or(|min| quantity::order(min, live).is_some_and(std::cmp::Ordering::is_le));
    let below = max.is_none_or(|max| quantity::order(live, max).is_some_and(std::cmp::Ordering::is_le));
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let words = match (min, max) {
        (Some(min), Some(max)) => format!(" between {} and {}", plain(min), plain(max)),
        (Some(min), None) => format!(" from {} on", plain(min)),
        (None, Some(max)) => format!(" up to {}", plain(max)),
        (None, None) => String::new(),
    };
    Some(if above && below { Ok(words) } else { Err(words) })
}

/// Where a quantity of a container stands.
struct ResourcePlace<'a> {
    container: &'a str,
    limit: bool,
    resource: &'a str,
}

fn resource_place(path: &FieldPath) -> Option<ResourcePlace<'_>> {
    use PathElement::{Field, Key};
    let [.., Field(list), Key(key), Field(resources), Field(kind), Field(resource)] = &path.0[..] else {
        return None;
    };
    let [(key, Value::String(container))] = &key[..] else { return None };
    let known = list == "containers" && key == "name" && resources == "resources";
    let limit = kind == "limits";
    (known && (limit || kind == "requests")).then_some(ResourcePlace { container, limit, resource })
}

/// What autoscalers of some kind write at a path, if they do.
pub fn field(path: &FieldPath) -> Option<Writes> {
    match &path.0[..] {
        [PathElement::Field(spec), PathElement::Field(replicas)]
            if spec == "spec" && replicas == "replicas" =>
        {
            Some(Writes::Replicas)
        }
        _ => resource_place(path).map(|_| Writes::Resources),
    }
}

/// The served kinds of autoscalers that write a field, and kinds of which nobody can tell whether they are served.
pub fn kinds(catalog: &Catalog, writes: Writes) -> (Vec<Resource>, Vec<String>) {
    let (mut served, mut unknown) = (Vec::new(), Vec::new());
    for (_, group, versions, kind) in KINDS.iter().filter(|row| row.0 == writes) {
        let gvks = versions.iter().map(|version| Gvk::new(group, version, kind));
        let listable =
            gvks.clone().filter_map(|gvk| catalog.resources.get(&gvk)).find(|found| found.listable);
        let reason = gvks.into_iter().find_map(|gvk| match catalog.served(&gvk) {
            crate::live::Served::Unknown(reason) => Some(format!("{kind}: {reason}")),
            _ => None,
        });
        match (listable, reason) {
            (Some(resource), _) => served.push(resource.clone()),
            (None, Some(reason)) => unknown.push(reason),
            (None, None) => {}
        }
    }
    (served, unknown)
}

/// True for the kinds that [`read`] understands.
pub fn is_autoscaler(id: &ObjectId) -> bool {
    KINDS.iter().any(|row| (row.1, row.3) == (id.group.as_str(), id.kind.as_str()))
}

/// Reads an autoscaler; `None` for other kinds, for one that is being deleted, and for one that writes nothing.
pub fn read(id: &ObjectId, object: &Value) -> Option<Autoscaler> {
    if !is_autoscaler(id) || object.pointer("/metadata/deletionTimestamp").is_some() {
        return None;
    }
    let spec = object.get("spec")?;
    let (target, bounds) = match id.group.as_str() {
        "autoscaling" => (target(id, spec.get("scaleTargetRef")?, ("", ""))?, horizontal(spec)?),
        "keda.sh" => {
            (target(id, spec.get("scaleTargetRef")?, ("apps/v1", "Deployment"))?, event_driven(object, spec))
        }
        _ => (target(id, spec.get("targetRef")?, ("", ""))?, vertical(spec)?),
    };
    Some(Autoscaler { name: format!("{} {}", id.kind, id.qualified_name()), target, bounds })
}

fn target(
    id: &ObjectId,
    reference: &Value,
    default: (&str, &str),
) -> Option<(String, String, String, String)> {
    let text = |key: &str| text_at(reference, &[key]).filter(|text| !text.is_empty());
    let version = text("apiVersion").unwrap_or(default.0);
    let group = if version.is_empty() { String::new() } else { GroupVersion::parse(version)?.group };
    let kind = text("kind").unwrap_or(default.1).to_owned();
    Some((group, kind, id.namespace.clone(), text("name")?.to_owned()))
}

fn horizontal(spec: &Value) -> Option<Bounds> {
    let number = |key: &str| spec.get(key).and_then(Value::as_i64);
    Some(Bounds::Replicas {
        min: number("minReplicas").unwrap_or(1),
        max: number("maxReplicas")?,
        also: Vec::new(),
    })
}

/// KEDA scales from and to zero by itself, and between through a HorizontalPodAutoscaler of its own. Defaults as in
/// keda.sh/v1alpha1.
fn event_driven(object: &Value, spec: &Value) -> Bounds {
    let number = |key: &str| spec.get(key).and_then(Value::as_i64);
    let annotations = object.pointer("/metadata/annotations");
    let paused = annotations
        .and_then(|map| text_at(map, &["autoscaling.keda.sh/paused-replicas"]))
        .and_then(|text| text.parse().ok());
    Bounds::Replicas {
        min: number("minReplicaCount").unwrap_or(0),
        max: number("maxReplicaCount").unwrap_or(100),
        also: number("idleReplicaCount").into_iter().chain(paused).collect(),
    }
}

fn vertical(spec: &Value) -> Option<Bounds> {
    if text_at(spec, &["updatePolicy", "updateMode"]) == Some("Off") {
        return None;
    }
    let policies = spec.pointer("/resourcePolicy/containerPolicies").and_then(Value::as_array);
    let containers = policies.into_iter().flatten().map(|policy| Container {
        name: text_at(policy, &["containerName"]).unwrap_or("*").to_owned(),
        off: text_at(policy, &["mode"]) == Some("Off"),
        requests_only: text_at(policy, &["controlledValues"]) == Some("RequestsOnly"),
        controlled: policy
            .get("controlledResources")
            .and_then(Value::as_array)
            .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        min: policy.get("minAllowed").cloned().unwrap_or_default(),
        max: policy.get("maxAllowed").cloned().unwrap_or_default(),
    });
    Some(Bounds::Resources(containers.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(group: &str, kind: &str, name: &str) -> ObjectId {
        ObjectId::new(&Gvk::new(group, "v1", kind), "shop", name)
    }

    fn scaling(group: &str, kind: &str, object: &Value) -> Scaling {
        let all: Vec<Autoscaler> = read(&id(group, kind, "s"), object).into_iter().collect();
        Scaling::of(&id("apps", "Deployment", "web"), &all, None)
    }

    fn replicas() -> FieldPath {
        FieldPath::default().field("spec").field("replicas")
    }

    fn resource(container: &str, kind: &str, name: &str) -> FieldPath {
        let mut path = ["spec", "template", "spec", "containers"]
            .iter()
            .fold(FieldPath::default(), |path, field| path.field(field));
        path.0.push(PathElement::Key(vec![("name".to_owned(), json!(container))]));
        path.field("resources").field(kind).field(name)
    }

    fn word(claim: &Claim) -> &'static str {
        match claim {
            Claim::Inside(_) => "inside",
            Claim::Outside(_) => "outside",
            Claim::None => "none",
            Claim::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn replicas_belong_to_who_scales_inside_the_bounds() {
        let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
        let hpa = |spec: Value| {
            let mut object = json!({"spec": spec});
            object["spec"]["scaleTargetRef"] = target.clone();
            scaling("autoscaling", "HorizontalPodAutoscaler", &object)
        };
        let keda = |object: Value| scaling("keda.sh", "ScaledObject", &object);
        let two_to_nine = hpa(json!({"minReplicas": 2, "maxReplicas": 9}));
        let idle = keda(
            json!({"spec": {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 3, "idleReplicaCount": 0}}),
        );
        let paused =
            keda(json!({"metadata": {"annotations": {"autoscaling.keda.sh/paused-replicas": "120"}},
            "spec": {"scaleTargetRef": {"name": "web"}}}));
        let table = [
            (
                &two_to_nine,
                vec![(1, "outside"), (2, "inside"), (9, "inside"), (10, "outside"), (0, "outside")],
            ),
            (
                &hpa(json!({"maxReplicas": 3})),
                vec![(0, "outside"), (1, "inside"), (3, "inside"), (4, "outside")],
            ),
            (&idle, vec![(0, "inside"), (1, "outside"), (3, "inside"), (100, "inside"), (101, "outside")]),
            (&paused, vec![(0, "inside"), (120, "inside"), (119, "outside")]),
        ];
        for (scaling, cases) in table {
            for (count, expected) in cases {
                let claim = scaling.claim(&replicas(), &json!(count));
                assert_eq!(word(&claim), expected, "{count}: {claim:?}");
            }
        }
        let claim = two_to_nine.claim(&replicas(), &json!(5));
        assert_eq!(
            claim,
            Claim::Inside("HorizontalPodAutoscaler shop/s scales it between 2 and 9".to_owned())
        );
        assert_eq!(two_to_nine.claim(&FieldPath::default().field("spec"), &json!(5)), Claim::None);
        assert_eq!(word(&two_to_nine.claim(&resource("web", "requests", "cpu"), &json!("1"))), "none");
    }

    #[test]
    fn only_the_target_is_scaled() {
        let of = |target: Value| {
            scaling(
                "autoscaling",
                "HorizontalPodAutoscaler",
                &json!({"spec": {"maxReplicas": 9, "scaleTargetRef": target}}),
            )
        };
        let claims = |target: Value| word(&of(target).claim(&replicas(), &json!(5)));
        assert_eq!(
            claims(json!({"apiVersion": "apps/v1beta1", "kind": "Deployment", "name": "web"})),
            "inside"
        );
        assert_eq!(claims(json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "other"})), "none");
        assert_eq!(claims(json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"})), "none");
        assert_eq!(claims(json!({"kind": "Deployment", "name": "web"})), "none");
        let elsewhere = json!({"metadata": {"deletionTimestamp": "t"}, "spec": {"maxReplicas": 9,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}});
        let gone = scaling("autoscaling", "HorizontalPodAutoscaler", &elsewhere);
        assert_eq!(word(&gone.claim(&replicas(), &json!(5))), "none", "it is being deleted");
    }

    #[test]
    fn requests_belong_to_a_vertical_autoscaler() {
        let vpa = |spec: Value| {
            let mut object = json!({"spec": spec});
            object["spec"]["targetRef"] =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
            scaling("autoscaling.k8s.io", "VerticalPodAutoscaler", &object)
        };
        let policies = |policies: Value| vpa(json!({"resourcePolicy": {"containerPolicies": policies}}));
        let bounded = policies(json!([
            {"containerName": "web", "minAllowed": {"cpu": "100m"}, "maxAllowed": {"cpu": 1, "memory": "1Gi"}},
            {"containerName": "log", "mode": "Off"},
            {"containerName": "*", "controlledValues": "RequestsOnly", "controlledResources": ["cpu"]}]));
        let table = [
            (&vpa(json!({})), "any", "limits", "memory", json!("5Gi"), "inside"),
            (&vpa(json!({})), "any", "limits", "example.org/gpu", json!("1"), "none"),
            (
                &vpa(json!({"updatePolicy": {"updateMode": "Off"}})),
                "any",
                "requests",
                "cpu",
                json!("1"),
                "none",
            ),
            (&bounded, "web", "requests", "cpu", json!("500m"), "inside"),
            (&bounded, "web", "requests", "cpu", json!("1001m"), "outside"),
            (&bounded, "web", "requests", "cpu", json!("99m"), "outside"),
            (&bounded, "web", "requests", "memory", json!("1024Mi"), "inside"),
            (&bounded, "web", "requests", "memory", json!("1025Mi"), "outside"),
            (&bounded, "web", "limits", "cpu", json!("4"), "inside"),
            (&bounded, "web", "limits", "cpu", json!("50m"), "outside"),
            (&bounded, "web", "requests", "ephemeral-storage", json!("1Gi"), "none"),
            (&bounded, "log", "requests", "cpu", json!("1"), "none"),
            (&bounded, "other", "requests", "cpu", json!("1"), "inside"),
            (&bounded, "other", "requests", "memory", json!("1"), "none"),
            (&bounded, "other", "limits", "cpu", json!("1"), "none"),
        ];
        for (scaling, container, kind, name, live, expected) in table {
            let claim = scaling.claim(&resource(container, kind, name), &live);
            assert_eq!(word(&claim), expected, "{container} {kind} {name} {live}: {claim:?}");
        }
    }

    #[test]
    fn what_was_not_read_is_not_absent() {
        assert_eq!(Scaling::default().claim(&replicas(), &json!(5)), Claim::Unknown(None));
        let why = Some("forbidden".to_owned());
        let unread = Scaling::of(&id("apps", "Deployment", "web"), &[], why.clone());
        assert_eq!(unread.claim(&replicas(), &json!(5)), Claim::Unknown(why));
    }
}
