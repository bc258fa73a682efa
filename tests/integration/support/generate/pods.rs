//! Pod templates and containers.

use serde_json::{Value, json};

use super::dice::Dice;

/// A pod template with the labels that its workload selects.
pub(super) fn template(dice: &mut Dice, labels: &Value, restart: &str) -> Value {
    let mut metadata = json!({"labels": labels});
    dice.maybe(&mut metadata, "annotations", [json!({}), json!({"prometheus.io/port": "9090"}), Value::Null]);
    dice.maybe(&mut metadata, "creationTimestamp", [Value::Null]);
    json!({"metadata": metadata, "spec": spec(dice, restart)})
}

/// `restart` is the policy that the workload demands; `Always` may be left to the default.
fn spec(dice: &mut Dice, restart: &str) -> Value {
    let containers: Vec<Value> = (0..=dice.below(3)).map(|number| container(dice, number)).collect();
    let mut spec = json!({"containers": containers, "volumes": volumes(dice)});
    if restart == "Always" {
        dice.maybe(&mut spec, "restartPolicy", [json!("Always"), json!("")]);
    } else {
        dice.set(&mut spec, "restartPolicy", [json!(restart)]);
    }
    for host in ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "automountServiceAccountToken"]
    {
        dice.maybe(&mut spec, host, [json!(false), Value::Null]);
    }
    dice.maybe(&mut spec, "dnsPolicy", [json!(""), json!("ClusterFirst"), json!("Default")]);
    dice.maybe(&mut spec, "schedulerName", [json!(""), json!("default-scheduler")]);
    dice.maybe(&mut spec, "terminationGracePeriodSeconds", [Value::Null, json!(0), json!(5)]);
    let user = json!({"runAsUser": 0, "runAsNonRoot": false, "supplementalGroups": []});
    dice.maybe(&mut spec, "securityContext", [Value::Null, json!({}), user]);
    dice.maybe(&mut spec, "nodeSelector", [json!({}), Value::Null, json!({"disk": "ssd", "zone": ""})]);
    dice.maybe(&mut spec, "affinity", [json!({}), Value::Null, affinity()]);
    let noexec =
        json!([{"key": "node.example/slow", "operator": "Exists", "effect": "NoExecute", "value": ""}]);
    dice.maybe(
        &mut spec,
        "tolerations",
        [json!([]), noexec, json!([{"operator": "Exists", "key": "", "effect": ""}])],
    );
    for list in
        ["imagePullSecrets", "hostAliases", "readinessGates", "topologySpreadConstraints", "initContainers"]
    {
        dice.maybe(&mut spec, list, [json!([])]);
    }
    for text in ["priorityClassName", "nodeName", "hostname", "subdomain"] {
        dice.maybe(&mut spec, text, [json!("")]);
    }
    spec
}

fn affinity() -> Value {
    json!({"nodeAffinity": {}, "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
        "weight": 10,
        "podAffinityTerm": {
            "topologyKey": "zone", "namespaces": [], "labelSelector": {"matchLabels": {}, "matchExpressions": []},
        },
    }]}})
}

fn container(dice: &mut Dice, number: usize) -> Value {
    let mut container = json!({
        "name": format!("c{number}"),
        "image": *dice.pick(&["registry.example/a:1.2", "registry.example/b", "registry.example/c:latest"]),
    });
    let into = &mut container;
    let amounts = [resources(dice), resources(dice), Value::Null, json!({}), empty_resources()];
    dice.maybe(into, "resources", amounts);
    let variables = [environment(dice), environment(dice), json!([]), Value::Null];
    dice.maybe(into, "env", variables);
    let ports = [ports(dice, number), ports(dice, number), json!([])];
    dice.maybe(into, "ports", ports);
    dice.maybe(into, "args", [json!([]), json!(["--verbose", ""]), Value::Null]);
    dice.maybe(into, "command", [json!([]), Value::Null]);
    let from = json!([{"prefix": "", "configMapRef": {"name": "x", "optional": false}}, {"secretRef": {"name": "y"}}]);
    dice.maybe(into, "envFrom", [json!([]), from]);
    for flag in ["stdin", "tty", "stdinOnce"] {
        dice.maybe(into, flag, [json!(false), Value::Null]);
    }
    for text in ["workingDir", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy"] {
        dice.maybe(into, text, [json!(""), Value::Null]);
    }
    for check in ["readinessProbe", "livenessProbe"] {
        let probes = [probe(dice), probe(dice), Value::Null];
        dice.maybe(into, check, probes);
    }
    let security = json!({"privileged": false, "capabilities": {"add": [], "drop": ["ALL"]}, "runAsUser": 0});
    dice.maybe(into, "securityContext", [Value::Null, json!({}), json!({"capabilities": {}}), security]);
    dice.maybe(
        into,
        "lifecycle",
        [json!({}), Value::Null, json!({"preStop": {"exec": {"command": ["stop"]}}})],
    );
    let mounts = json!([{"name": "scratch", "mountPath": "/s", "readOnly": false, "subPath": ""}]);
    dice.maybe(into, "volumeMounts", [json!([]), mounts]);
    container
}

fn empty_resources() -> Value {
    json!({"limits": {}, "requests": {}, "claims": []})
}

/// Pairs of request and limit, each smaller first.
fn resources(dice: &mut Dice) -> Value {
    let cpu = [
        (json!("250m"), json!("1000m")),
        (json!(0.5), json!(1)),
        (json!("0.1"), json!("500m")),
        (json!("1.5"), json!("2")),
        (json!("100m"), json!("0.25")),
        (json!("0.0005"), json!("1e3")),
        (json!("1.250"), json!("+2")),
        (json!(".5"), json!("1.")),
        (json!("123456u"), json!("1E1")),
    ];
    let memory = [
        (json!("512Mi"), json!("1024Mi")),
        (json!("1.5Gi"), json!("2048Mi")),
        (json!(1_000_000), json!("1000M")),
        (json!("128974848"), json!("129e6")),
        (json!("0.5Gi"), json!("1048576Ki")),
        (json!("100.000Mi"), json!("1Gi")),
        (json!("0.3Gi"), json!("0400Mi")),
        (json!("1k"), json!("1000k")),
    ];
    let ((cpu_request, cpu_limit), (memory_request, memory_limit)) =
        (dice.pick(&cpu).clone(), dice.pick(&memory).clone());
    let mut resources = json!({});
    dice.set(
        &mut resources,
        "requests",
        [json!({"cpu": cpu_request, "memory": memory_request}), json!({"memory": memory_request})],
    );
    dice.maybe(
        &mut resources,
        "limits",
        [
            json!({"cpu": cpu_limit, "memory": memory_limit, "ephemeral-storage": "1024Mi"}),
            json!({}),
            Value::Null,
        ],
    );
    resources
}

fn environment(dice: &mut Dice) -> Value {
    let all = [
        json!({"name": "EMPTY", "value": ""}),
        json!({"name": "PLAIN", "value": "1.10"}),
        json!({"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
        json!({"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName", "apiVersion": ""}}}),
        json!({"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}),
        json!({"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1024Ki"}}}),
        json!({"name": "MILLI", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1000m"}}}),
        json!({"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": false}}}),
        json!({"name": "UNSET", "value": null}),
    ];
    let chosen: Vec<Value> = all.into_iter().filter(|_| dice.once_in(2)).collect();
    Value::Array(chosen)
}

/// Ports that no other container of the pod has.
fn ports(dice: &mut Dice, container: usize) -> Value {
    let mut port = json!({"containerPort": 8080 + container});
    dice.maybe(&mut port, "hostPort", [json!(0)]);
    dice.maybe(&mut port, "name", [json!(""), json!(format!("http-{container}"))]);
    dice.maybe(&mut port, "protocol", [json!("TCP")]);
    dice.maybe(&mut port, "hostIP", [json!("")]);
    let dns = 53 + container;
    json!([port, {"containerPort": dns, "protocol": "UDP"}, {"containerPort": dns}])
}

fn probe(dice: &mut Dice) -> Value {
    let mut probe = json!({});
    let mut http = json!({"port": 8080});
    dice.maybe(&mut http, "path", [json!(""), json!("/ready")]);
    dice.maybe(&mut http, "scheme", [json!(""), json!("HTTPS")]);
    dice.maybe(&mut http, "httpHeaders", [json!([])]);
    let handler = dice.below(3);
    match handler {
        0 => dice.set(&mut probe, "httpGet", [http]),
        1 => dice.set(&mut probe, "tcpSocket", [json!({"port": "http", "host": ""})]),
        _ => dice.set(&mut probe, "grpc", [json!({"port": 9000}), json!({"port": 9000, "service": ""})]),
    }
    for number in
        ["timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold", "initialDelaySeconds"]
    {
        dice.maybe(&mut probe, number, [json!(0), Value::Null, json!(1)]);
    }
    probe
}

/// `scratch` is always there, because containers mount it.
fn volumes(dice: &mut Dice) -> Value {
    let mut scratch = json!({"name": "scratch"});
    dice.maybe(
        &mut scratch,
        "emptyDir",
        [json!({}), Value::Null, json!({"sizeLimit": "0.5Gi", "medium": ""})],
    );
    let token = json!({"serviceAccountToken": {"path": "token"}});
    let downward = json!({"downwardAPI": {"items": [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "c0", "resource": "limits.cpu"}},
    ]}});
    let config = json!({"configMap": {"name": "c", "items": [], "optional": false}});
    let more = [
        json!({"name": "projected", "projected": {"sources": [token, downward, config]}}),
        json!({"name": "config", "configMap": {"name": "c", "defaultMode": 0, "items": []}}),
        json!({"name": "secret", "secret": {"secretName": "s", "optional": false}}),
        json!({"name": "host", "hostPath": {"path": "/var/log", "type": ""}}),
        json!({"name": "pod", "downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}}),
        json!({"name": "claim", "persistentVolumeClaim": {"claimName": "c", "readOnly": false}}),
    ];
    let mut volumes = vec![scratch];
    volumes.extend(more.into_iter().filter(|_| dice.once_in(4)));
    Value::Array(volumes)
}
