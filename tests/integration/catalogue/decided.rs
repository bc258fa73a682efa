//! Rows that only a real server decides.

use std::time::Duration;

use serde_json::{Value, json};

use super::server::{self, Row, deployment, web};
use crate::support::cluster;

fn object(api_version: &str, kind: &str, content: Value) -> Value {
    let mut object = content;
    object["apiVersion"] = json!(api_version);
    object["kind"] = json!(kind);
    object
}

fn rows(namespace: &str) -> Vec<Row> {
    [workloads(namespace), others(namespace)].into_iter().flatten().collect()
}

fn workloads(namespace: &str) -> Vec<Row> {
    let volume = |source: Value| {
        let mut volume = source;
        volume["name"] = json!("v");
        deployment(json!({"containers": [{"name": "web", "image": "web:1"}], "volumes": [volume]}))
    };
    let replicas = |count: Value| {
        let mut object = web(json!({}));
        object["spec"]["replicas"] = count;
        object
    };
    let set = |storage: &str| {
        let claim = json!({"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": storage}}}});
        let mut set = web(json!({}));
        set["kind"] = json!("StatefulSet");
        set["spec"]["serviceName"] = json!("s");
        set["spec"]["volumeClaimTemplates"] = json!([claim]);
        set
    };
    let job = |image: &str| {
        let container = json!({"name": "c", "image": image});
        object(
            "batch/v1",
            "Job",
            json!({"spec": {"template": {"spec": {"containers": [container], "restartPolicy": "Never"}}}}),
        )
    };
    let sidecar = json!({"name": "log", "image": "log:1"});
    let two = deployment(json!({"containers": [{"name": "web", "image": "web:1"}, sidecar]}));
    vec![
        Row::new(16, "", namespace, volume(json!({"emptyDir": {}})), volume(json!({"configMap": {"name": "c"}})))
            .then(r#"printf '{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"%s"},"spec":{"template":{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}}}' $N | k apply --server-side --field-manager=other -f -"#)
            .is("differs", &[("spec.template.spec.volumes[v].configMap", "differs"), ("spec.template.spec.volumes[v].emptyDir", "stuck")])
            .says("server refuses the manifest over the live object"),
        Row::new(30, "", namespace, two, web(json!({})))
            .then(r#"k patch deployment $N --field-manager=vpa -p '{"spec":{"template":{"spec":{"containers":[{"name":"log","resources":{"requests":{"cpu":"1"}}}]}}}}'"#)
            .is("pending", &[("spec.template.spec.containers[log]", "removal")]),
        Row::same(48, "", namespace, &replicas(Value::Null))
            .then(r#"k patch deployment $N -p '{"spec":{"replicas":5}}'"#)
            .is("drift", &[("spec.replicas", "drift")])
            .says("null asks for the default, 1"),
        Row::new(67, "", namespace, set("1Gi"), set("2Gi")).is("replace", &[("spec.volumeClaimTemplates", "pending")]),
        Row::new(79, "", namespace, job("i:1"), job("i:2"))
            .is("replace", &[("spec.template.spec.containers[c].image", "pending")]),
        Row::new(94, "ours", namespace, replicas(json!(5)), web(json!({})))
            .then("k autoscale deployment $N --min=2 --max=9")
            .is("pending", &[("spec.replicas", "removal")])
            .says("scales it: an apply resets it to the server's default"),
        Row::new(94, "scaled", namespace, replicas(json!(5)), web(json!({})))
            .then(r#"k patch deployment $N --subresource=scale --field-manager=kube-controller-manager --type=merge -p '{"spec":{"replicas":7}}'"#),
    ]
}

fn others(namespace: &str) -> Vec<Row> {
    let resource = |name: &str| json!({"type": "Resource", "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": 50}}});
    let target = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let scaler = |version: &str, spec: Value| {
        let mut scaler = object(version, "HorizontalPodAutoscaler", json!({"spec": spec}));
        scaler["spec"]["scaleTargetRef"] = target.clone();
        scaler["spec"]["maxReplicas"] = json!(9);
        scaler
    };
    let two = json!([resource("memory"), resource("cpu")]);
    let (v1, v2) = ("autoscaling/v1", "autoscaling/v2");
    let cpu = json!({"minReplicas": 2, "targetCPUUtilizationPercentage": 50});
    let metrics = json!([resource("cpu")]);
    let address = |ip: &str| json!({"ip": ip});
    let endpoints = json!({"subsets": [
        {"addresses": [address("10.0.0.9"), address("10.0.0.2")], "ports": [{"port": 81}]},
        {"addresses": [address("10.0.0.1")], "ports": [{"port": 80}]}]});
    let slice =
        json!({"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]});
    let secret = |kind: &str| {
        object("v1", "Secret", json!({"type": kind, "data": {"username": "YQ==", "password": "Yg=="}}))
    };
    let service = |spec: Value| {
        let mut service = object("v1", "Service", json!({"spec": spec}));
        service["spec"]["selector"] = json!({"a": "b"});
        service
    };
    let node_port = |mut port: Value, number: Option<u16>| {
        port["nodePort"] = json!(number);
        if number.is_none() {
            port.as_object_mut().expect("it is a map").remove("nodePort");
        }
        service(json!({"type": "NodePort", "ports": [port]}))
    };
    let headless = service(json!({"clusterIP": "None", "ports": [{"port": 80}]}));
    vec![
        // Written again at version v1, which keeps the first metric only, in an annotation.
        Row::same(27, "", namespace, &scaler(v2, json!({"metrics": two})))
            .then("k get horizontalpodautoscalers.v1.autoscaling $N -o json | k replace -f -"),
        Row::same(28, "", namespace, &object("v1", "Endpoints", endpoints)),
        Row::same(29, "", namespace, &object("discovery.k8s.io/v1", "EndpointSlice", slice)),
        // Corrected: the key that client-side apply had in stringData stays in data with its value.
        Row::made(59, namespace, object("v1", "Secret", json!({"stringData": {"a": "1"}})),
            r#"for d in '"a":"1","old":"2"' '"a":"1"'; do printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s"},"stringData":{%s}}' $N "$d" | k apply -f -; done
                [ "$(k get secret $N -o 'jsonpath={.data.old}')" = Mg== ]"#),
        Row::new(60, "", namespace, secret("Opaque"), secret("kubernetes.io/basic-auth")).is("replace", &[("type", "pending")]),
        // The server restores both, and nothing is to be said.
        Row::new(72, "", namespace, node_port(json!({"port": 80}), Some(31_872)), node_port(json!({"port": 80}), None)),
        Row::new(74, "", namespace, headless, service(json!({"ports": [{"port": 80}]}))),
        Row::same(112, "builtin", namespace, &object("v1", "ConfigMap", json!({"data": {"a": "1"}})))
            .then(r#"k patch configmap $N --type=json -p '[{"op":"add","path":"/metadata/managedFields/-","value":{"manager":"old","operation":"Update","apiVersion":"v0beta9","time":"2026-01-01T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:a":{}}}}}]'"#),
        Row::new(114, "", namespace, scaler(v1, cpu.clone()), scaler(v2, json!({"minReplicas": 2, "metrics": metrics}))),
        Row::new(114, "dropped", namespace, scaler(v1, cpu), scaler(v2, json!({"metrics": metrics})))
            .is("pending", &[("spec.minReplicas", "removal")]),
    ]
}

/// Numbers of the rows in this table.
pub(super) fn numbers() -> Vec<u16> {
    let mut numbers: Vec<u16> = rows("any").iter().map(|row| row.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn what_only_the_server_decides() {
    let Some(cluster) = cluster::shared() else { return };
    let namespace = cluster.namespace("decided");
    let rows = rows(&namespace);
    server::apply(cluster, &rows.iter().filter_map(|row| row.live.clone()).collect::<Vec<_>>());
    // The server's times have whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    server::edit(cluster, &namespace, &rows);
    let run = server::check(cluster, &rows);
    assert_eq!(run.code, 1);
}
