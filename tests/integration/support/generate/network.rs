//! Services, ingresses, network policies.

use serde_json::{Value, json};

use super::dice::Dice;

pub(super) fn service(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({"selector": {"app": "shop"}});
    let mut port = json!({"port": 80, "name": "http"});
    dice.maybe(&mut port, "targetPort", [json!("http"), json!(8080), json!(0), json!("")]);
    dice.maybe(&mut port, "nodePort", [json!(0)]);
    let dns = json!([port, {"port": 53, "protocol": "UDP", "name": "dns"}, {"port": 53, "name": "dns-tcp"}]);
    dice.set(&mut spec, "ports", [json!([port]), dns, json!([{"port": 443, "name": ""}])]);
    dice.maybe(&mut spec, "type", [json!("ClusterIP"), json!("")]);
    dice.maybe(&mut spec, "clusterIP", [json!("None"), json!("None")]);
    dice.maybe(&mut spec, "sessionAffinity", [json!(""), json!("None")]);
    dice.maybe(&mut spec, "publishNotReadyAddresses", [json!(false), Value::Null]);
    dice.maybe(&mut spec, "externalIPs", [json!([]), Value::Null]);
    dice.maybe(&mut spec, "loadBalancerSourceRanges", [json!([])]);
    object["spec"] = spec;
    dice.maybe(object, "status", [json!({"loadBalancer": {}})]);
}

pub(super) fn network_policy(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({});
    dice.set(
        &mut spec,
        "podSelector",
        [json!({}), json!({"matchLabels": {"app": "db"}}), json!({"matchExpressions": []})],
    );
    let ports = [
        json!([{"port": 5432}]),
        json!([{}]),
        json!([]),
        json!([{"port": "http"}, {"port": 53, "protocol": "UDP"}, {"port": 8000, "endPort": 8010}]),
        Value::Null,
    ];
    let (one, other) = (dice.pick(&ports).clone(), dice.pick(&ports).clone());
    let from = json!([{"podSelector": {"matchLabels": {"app": "web"}, "matchExpressions": []}}, {"namespaceSelector": {}}]);
    let rules = json!([{"from": from, "ports": one}, {"ports": other}]);
    dice.set(&mut spec, "ingress", [rules, json!([{"from": [], "ports": one}]), json!([{}])]);
    let block =
        json!([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}], "ports": [{"port": 443}]}]);
    dice.maybe(&mut spec, "egress", [block]);
    let kinds = if spec.get("egress").is_some() { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    dice.maybe(&mut spec, "policyTypes", [kinds]);
    object["spec"] = spec;
}

pub(super) fn ingress(dice: &mut Dice, object: &mut Value) {
    let mut backend = json!({"name": "web", "port": {"number": 80}});
    dice.maybe(&mut backend["port"], "name", [json!("")]);
    let path = json!({"path": "/", "pathType": "Prefix", "backend": {"service": backend}});
    let mut rule = json!({"http": {"paths": [path]}});
    dice.maybe(&mut rule, "host", [json!(""), json!("shop.example.com")]);
    let mut spec = json!({"rules": [rule]});
    dice.maybe(
        &mut spec,
        "tls",
        [json!([]), json!([{"hosts": [], "secretName": "t"}]), json!([{"hosts": ["shop.example.com"]}])],
    );
    dice.maybe(&mut spec, "ingressClassName", [json!("public"), Value::Null]);
    dice.maybe(&mut spec, "defaultBackend", [Value::Null, json!({"service": backend})]);
    object["spec"] = spec;
}
