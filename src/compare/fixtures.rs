//! Small schemas for the tests of this module, cut from what kube-apiserver 1.36 publishes.

use serde_json::{Value, json};

use crate::object::id::Gvk;
use crate::schema::Schema;
use crate::schema::openapi::Document;

fn reference(name: &str) -> Value {
    json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]})
}

fn keyed(item: &str, keys: &[&str]) -> Value {
    json!({"type": "array", "items": reference(item), "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys})
}

fn strings() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

fn compile(group: &str, kind: &str, mut definitions: Value) -> Schema {
    let text = json!({"type": "string"});
    definitions["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"] = json!({"type": "object", "properties": {
        "name": text, "namespace": text, "uid": text, "resourceVersion": text, "labels": strings(), "annotations": strings(),
        "finalizers": {"type": "array", "items": text, "x-kubernetes-list-type": "set"}}});
    let root = format!("root.{kind}");
    definitions[&root]["properties"]["metadata"] =
        reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
    definitions[&root]["type"] = json!("object");
    definitions[&root]["x-kubernetes-group-version-kind"] =
        json!([{"group": group, "version": "v1", "kind": kind}]);
    let document =
        Document::parse(json!({"components": {"schemas": definitions}}).to_string().as_bytes()).unwrap();
    document.schema(&Gvk::new(group, "v1", kind)).unwrap()
}

/// A ConfigMap.
pub(crate) fn config_map() -> Schema {
    compile("", "ConfigMap", json!({"root.ConfigMap": {"properties": {"data": strings()}}}))
}

/// A Service with ports keyed by port and protocol and an atomic selector.
pub(crate) fn service() -> Schema {
    let port = json!({"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"}, "nodePort": {"type": "integer"}, "targetPort": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}});
    let mut selector = strings();
    selector["x-kubernetes-map-type"] = json!("atomic");
    let spec = json!({"type": "object", "properties": {"ports": keyed("io.k8s.api.core.v1.ServicePort", &["port", "protocol"]),
        "selector": selector, "clusterIP": {"type": "string"}, "type": {"type": "string"}}});
    compile(
        "",
        "Service",
        json!({"root.Service": {"properties": {"spec": reference("io.k8s.api.core.v1.ServiceSpec")}},
            "io.k8s.api.core.v1.ServiceSpec": spec, "io.k8s.api.core.v1.ServicePort": port}),
    )
}

/// A Deployment with containers, variables, probes, volume mounts and atomic tolerations.
pub(crate) fn deployment() -> Schema {
    let text = json!({"type": "string"});
    let object = |properties: Value| json!({"type": "object", "properties": properties});
    compile(
        "apps",
        "Deployment",
        json!({
            "root.Deployment": {"properties": {"spec": reference("io.k8s.api.apps.v1.DeploymentSpec")}},
            "io.k8s.api.apps.v1.DeploymentSpec": object(json!({"replicas": {"type": "integer"},
                "template": reference("io.k8s.api.core.v1.PodTemplateSpec")})),
            "io.k8s.api.core.v1.PodTemplateSpec": object(json!({
                "metadata": reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
                "spec": reference("io.k8s.api.core.v1.PodSpec")})),
            "io.k8s.api.core.v1.PodSpec": object(json!({
                "containers": keyed("io.k8s.api.core.v1.Container", &["name"]),
                "tolerations": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "atomic"}})),
            "io.k8s.api.core.v1.Container": object(json!({"name": text, "image": text,
                "livenessProbe": reference("io.k8s.api.core.v1.Probe"),
                "env": keyed("io.k8s.api.core.v1.EnvVar", &["name"]),
                "volumeMounts": keyed("io.k8s.api.core.v1.VolumeMount", &["mountPath"])})),
            "io.k8s.api.core.v1.EnvVar": object(json!({"name": text, "value": text})),
            "io.k8s.api.core.v1.Probe": object(json!({"periodSeconds": {"type": "integer"},
                "tcpSocket": object(json!({"port": {"type": "integer"}}))})),
            "io.k8s.api.core.v1.VolumeMount": object(json!({"name": text, "mountPath": text})),
        }),
    )
}
