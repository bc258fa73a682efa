//! What the server fills in where a field of a built-in type is absent, null or zero: one table.
//!
//! It holds what decides a comparison: fields inside atomic nodes, and fields whose explicit zero or null is replaced. Every rule
//! is local: it looks at nothing but the struct that it fills. Every row is proven by a test that walks this table and stores
//! each on a real server. What depends on the old object, on a gate or on a field that somebody else may own is not here:
//! `nodePort`, `clusterIP`, `ipFamilies`, `policyTypes`, `internalTrafficPolicy`, `backoffLimit`, `parallelism`. Nor is what is
//! filled in for a Job and not for the Job of a CronJob (`suspend`, `completionMode`), and the update strategy of a StatefulSet:
//! without a type it gets a partition as well.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Name of the published type.
    pub of: &'static str,
    /// The field.
    pub field: &'static str,
    /// What stands there afterwards.
    pub filled: Filled,
}

/// What the server fills in.
#[derive(Debug, Clone, Copy)]
pub enum Filled {
    /// This value, as JSON.
    Json(&'static str),
    /// The value of the field of this name beside it.
    Beside(&'static str),
    /// By the tag of the image beside it.
    PullPolicy,
    /// The RBAC group, for users and groups.
    RbacGroup,
    /// One, where a number of devices is asked for.
    ExactCount,
}

use Filled::{Beside, ExactCount, Json, PullPolicy, RbacGroup};

const fn row(of: &'static str, field: &'static str, filled: Filled) -> Row {
    Row { of, field, filled }
}

/// All rows, in the order of type and field.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row("io.k8s.api.admissionregistration.v1.MatchResources", "matchPolicy", Json("\"Equivalent\"")),
    row("io.k8s.api.admissionregistration.v1.MatchResources", "namespaceSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.MatchResources", "objectSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicySpec", "failurePolicy", Json("\"Fail\"")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "failurePolicy", Json("\"Fail\"")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "matchPolicy", Json("\"Equivalent\"")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "namespaceSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "objectSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "reinvocationPolicy", Json("\"Never\"")),
    row("io.k8s.api.admissionregistration.v1.MutatingWebhook", "timeoutSeconds", Json("10")),
    row("io.k8s.api.admissionregistration.v1.NamedRuleWithOperations", "scope", Json("\"*\"")),
    row("io.k8s.api.admissionregistration.v1.RuleWithOperations", "scope", Json("\"*\"")),
    row("io.k8s.api.admissionregistration.v1.ServiceReference", "port", Json("443")),
    row("io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec", "failurePolicy", Json("\"Fail\"")),
    row("io.k8s.api.admissionregistration.v1.ValidatingWebhook", "failurePolicy", Json("\"Fail\"")),
    row("io.k8s.api.admissionregistration.v1.ValidatingWebhook", "matchPolicy", Json("\"Equivalent\"")),
    row("io.k8s.api.admissionregistration.v1.ValidatingWebhook", "namespaceSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.ValidatingWebhook", "objectSelector", Json("{}")),
    row("io.k8s.api.admissionregistration.v1.ValidatingWebhook", "timeoutSeconds", Json("10")),
    row("io.k8s.api.apps.v1.DaemonSetSpec", "revisionHistoryLimit", Json("10")),
    row("io.k8s.api.apps.v1.DaemonSetUpdateStrategy", "type", Json("\"RollingUpdate\"")),
    row("io.k8s.api.apps.v1.DeploymentSpec", "progressDeadlineSeconds", Json("600")),
    row("io.k8s.api.apps.v1.DeploymentSpec", "replicas", Json("1")),
    row("io.k8s.api.apps.v1.DeploymentSpec", "revisionHistoryLimit", Json("10")),
    row("io.k8s.api.apps.v1.DeploymentStrategy", "type", Json("\"RollingUpdate\"")),
    row("io.k8s.api.apps.v1.ReplicaSetSpec", "replicas", Json("1")),
    row("io.k8s.api.apps.v1.RollingUpdateDaemonSet", "maxSurge", Json("0")),
    row("io.k8s.api.apps.v1.RollingUpdateDaemonSet", "maxUnavailable", Json("1")),
    row("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxSurge", Json("\"25%\"")),
    row("io.k8s.api.apps.v1.RollingUpdateDeployment", "maxUnavailable", Json("\"25%\"")),
    row("io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy", "partition", Json("0")),
    row("io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenDeleted", Json("\"Retain\"")),
    row("io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy", "whenScaled", Json("\"Retain\"")),
    row("io.k8s.api.apps.v1.StatefulSetSpec", "podManagementPolicy", Json("\"OrderedReady\"")),
    row("io.k8s.api.apps.v1.StatefulSetSpec", "replicas", Json("1")),
    row("io.k8s.api.apps.v1.StatefulSetSpec", "revisionHistoryLimit", Json("10")),
    row("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", "metrics", Json("[{\"type\":\"Resource\",\"resource\":{\"name\":\"cpu\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":80}}}]")),
    row("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", "minReplicas", Json("1")),
    row("io.k8s.api.batch.v1.CronJobSpec", "concurrencyPolicy", Json("\"Allow\"")),
    row("io.k8s.api.batch.v1.CronJobSpec", "failedJobsHistoryLimit", Json("1")),
    row("io.k8s.api.batch.v1.CronJobSpec", "successfulJobsHistoryLimit", Json("3")),
    row("io.k8s.api.batch.v1.CronJobSpec", "suspend", Json("false")),
    row("io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern", "status", Json("\"True\"")),
    row("io.k8s.api.core.v1.ClientIPConfig", "timeoutSeconds", Json("10800")),
    row("io.k8s.api.core.v1.ConfigMapVolumeSource", "defaultMode", Json("420")),
    row("io.k8s.api.core.v1.Container", "imagePullPolicy", PullPolicy),
    row("io.k8s.api.core.v1.Container", "terminationMessagePath", Json("\"/dev/termination-log\"")),
    row("io.k8s.api.core.v1.Container", "terminationMessagePolicy", Json("\"File\"")),
    row("io.k8s.api.core.v1.ContainerPort", "protocol", Json("\"TCP\"")),
    row("io.k8s.api.core.v1.DownwardAPIVolumeSource", "defaultMode", Json("420")),
    row("io.k8s.api.core.v1.EndpointPort", "protocol", Json("\"TCP\"")),
    row("io.k8s.api.core.v1.GRPCAction", "service", Json("\"\"")),
    row("io.k8s.api.core.v1.HTTPGetAction", "path", Json("\"/\"")),
    row("io.k8s.api.core.v1.HTTPGetAction", "scheme", Json("\"HTTP\"")),
    row("io.k8s.api.core.v1.HostPathVolumeSource", "type", Json("\"\"")),
    row("io.k8s.api.core.v1.NamespaceSpec", "finalizers", Json("[\"kubernetes\"]")),
    row("io.k8s.api.core.v1.ObjectFieldSelector", "apiVersion", Json("\"v1\"")),
    row("io.k8s.api.core.v1.PersistentVolumeClaim", "apiVersion", Json("\"v1\"")),
    row("io.k8s.api.core.v1.PersistentVolumeClaim", "kind", Json("\"PersistentVolumeClaim\"")),
    row("io.k8s.api.core.v1.PersistentVolumeClaimSpec", "volumeMode", Json("\"Filesystem\"")),
    row("io.k8s.api.core.v1.PersistentVolumeClaimStatus", "phase", Json("\"Pending\"")),
    row("io.k8s.api.core.v1.PersistentVolumeSpec", "persistentVolumeReclaimPolicy", Json("\"Retain\"")),
    row("io.k8s.api.core.v1.PersistentVolumeSpec", "volumeMode", Json("\"Filesystem\"")),
    row("io.k8s.api.core.v1.PodSpec", "dnsPolicy", Json("\"ClusterFirst\"")),
    row("io.k8s.api.core.v1.PodSpec", "restartPolicy", Json("\"Always\"")),
    row("io.k8s.api.core.v1.PodSpec", "schedulerName", Json("\"default-scheduler\"")),
    row("io.k8s.api.core.v1.PodSpec", "securityContext", Json("{}")),
    row("io.k8s.api.core.v1.PodSpec", "terminationGracePeriodSeconds", Json("30")),
    row("io.k8s.api.core.v1.Probe", "failureThreshold", Json("3")),
    row("io.k8s.api.core.v1.Probe", "periodSeconds", Json("10")),
    row("io.k8s.api.core.v1.Probe", "successThreshold", Json("1")),
    row("io.k8s.api.core.v1.Probe", "timeoutSeconds", Json("1")),
    row("io.k8s.api.core.v1.ProjectedVolumeSource", "defaultMode", Json("420")),
    row("io.k8s.api.core.v1.ReplicationControllerSpec", "replicas", Json("1")),
    row("io.k8s.api.core.v1.ResourceFieldSelector", "divisor", Json("\"0\"")),
    row("io.k8s.api.core.v1.Secret", "type", Json("\"Opaque\"")),
    row("io.k8s.api.core.v1.SecretVolumeSource", "defaultMode", Json("420")),
    row("io.k8s.api.core.v1.ServiceAccountTokenProjection", "expirationSeconds", Json("3600")),
    row("io.k8s.api.core.v1.ServicePort", "protocol", Json("\"TCP\"")),
    row("io.k8s.api.core.v1.ServicePort", "targetPort", Beside("port")),
    row("io.k8s.api.core.v1.ServiceSpec", "sessionAffinity", Json("\"None\"")),
    row("io.k8s.api.core.v1.ServiceSpec", "type", Json("\"ClusterIP\"")),
    row("io.k8s.api.core.v1.Volume", "emptyDir", Json("{}")),
    row("io.k8s.api.discovery.v1.EndpointPort", "name", Json("\"\"")),
    row("io.k8s.api.discovery.v1.EndpointPort", "protocol", Json("\"TCP\"")),
    row("io.k8s.api.flowcontrol.v1.FlowSchemaSpec", "matchingPrecedence", Json("1000")),
    row("io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration", "lendablePercent", Json("0")),
    row("io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration", "nominalConcurrencyShares", Json("30")),
    row("io.k8s.api.networking.v1.NetworkPolicyPort", "protocol", Json("\"TCP\"")),
    row("io.k8s.api.rbac.v1.RoleRef", "apiGroup", Json("\"rbac.authorization.k8s.io\"")),
    row("io.k8s.api.rbac.v1.Subject", "apiGroup", RbacGroup),
    row("io.k8s.api.resource.v1.DeviceSubRequest", "allocationMode", Json("\"ExactCount\"")),
    row("io.k8s.api.resource.v1.DeviceSubRequest", "count", ExactCount),
    row("io.k8s.api.resource.v1.DeviceToleration", "operator", Json("\"Equal\"")),
    row("io.k8s.api.resource.v1.ExactDeviceRequest", "allocationMode", Json("\"ExactCount\"")),
    row("io.k8s.api.resource.v1.ExactDeviceRequest", "count", ExactCount),
    row("io.k8s.api.scheduling.v1.PriorityClass", "preemptionPolicy", Json("\"PreemptLowerPriority\"")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "attachRequired", Json("true")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "fsGroupPolicy", Json("\"ReadWriteOnceWithFSType\"")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "podInfoOnMount", Json("false")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "requiresRepublish", Json("false")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "seLinuxMount", Json("false")),
    row("io.k8s.api.storage.v1.CSIDriverSpec", "storageCapacity", Json("false")),
    row("io.k8s.api.storage.v1.StorageClass", "reclaimPolicy", Json("\"Delete\"")),
    row("io.k8s.api.storage.v1.StorageClass", "volumeBindingMode", Json("\"Immediate\"")),
];

/// The type whose limits fill in each other.
pub const LIMITS: &str = "io.k8s.api.core.v1.LimitRangeItem";

/// What the server fills in for `field` of the published type `name`, given what stands beside it; `None` if nothing is known.
pub(super) fn value(name: &str, field: &str, siblings: Option<&Map<String, Value>>) -> Option<Value> {
    let at = TABLE.binary_search_by_key(&(name, field), |row| (row.of, row.field)).ok()?;
    let sibling = |field| siblings.and_then(|map| map.get(field));
    let text = |field| sibling(field).and_then(Value::as_str);
    match TABLE[at].filled {
        Json(json) => serde_json::from_str(json).ok(),
        Beside(field) => sibling(field).cloned(),
        PullPolicy => text("image").and_then(pull_policy).map(Value::from),
        RbacGroup => {
            matches!(text("kind"), Some("User" | "Group")).then(|| Value::from("rbac.authorization.k8s.io"))
        }
        ExactCount => {
            matches!(text("allocationMode"), None | Some("" | "ExactCount")).then(|| Value::from(1))
        }
    }
}

/// Only an image whose tag is `latest`, written or implied, is pulled each time. A name that is no reference has no tag to the
/// server; such a name is not judged here.
fn pull_policy(image: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:@".contains(c);
    if !image.starts_with(|c: char| c.is_ascii_alphanumeric()) || !image.chars().all(plain) {
        return None;
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    let (name, pinned) = name.split_once('@').map_or((name, false), |(name, _)| (name, true));
    let latest = name.split_once(':').map_or(!pinned, |(_, tag)| tag == "latest");
    Some(if latest { "Always" } else { "IfNotPresent" })
}

/// A struct of a type with the fields that fill in each other (core/v1 `SetDefaults_LimitRangeItem`): what is allowed at most is
/// the default, and the default, or what is needed at least, is requested.
pub(super) fn cascaded<'m>(name: &str, map: &'m Map<String, Value>) -> Cow<'m, Map<String, Value>> {
    if name != LIMITS || map.get("type").and_then(Value::as_str) != Some("Container") {
        return Cow::Borrowed(map);
    }
    let list = |map: &Map<String, Value>, field: &str| {
        map.get(field).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let mut map = map.clone();
    for (field, from) in [("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min")] {
        let mut filled = list(&map, from);
        filled.extend(list(&map, field));
        map.insert(field.to_owned(), Value::Object(filled));
    }
    Cow::Owned(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search_and_holds_json() {
        assert!(TABLE.is_sorted_by_key(|row| (row.of, row.field)));
        for row in TABLE {
            if let Json(text) = row.filled {
                assert!(serde_json::from_str::<Value>(text).is_ok(), "{}.{}", row.of, row.field);
            }
        }
    }

    /// Policies as a kube-apiserver 1.36.3 set them.
    #[test]
    fn the_pull_policy_follows_the_tag() {
        for image in ["nginx", "nginx:latest", "host:5000/team/nginx", "nginx:latest@sha256:0123"] {
            assert_eq!(pull_policy(image), Some("Always"), "{image}");
        }
        for image in ["nginx:1.2", "host:5000/nginx:1", "nginx@sha256:0123"] {
            assert_eq!(pull_policy(image), Some("IfNotPresent"), "{image}");
        }
    }
}
