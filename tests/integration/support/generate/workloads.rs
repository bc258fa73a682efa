//! What runs pods, and what scales and guards them.

use serde_json::{Value, json};

use super::dice::Dice;
use super::pods::template;

/// Sets the selector and a template that it selects.
fn selected(dice: &mut Dice, spec: &mut Value) {
    let labels = json!({"app": "shop"});
    dice.set(
        spec,
        "selector",
        [json!({"matchLabels": labels}), json!({"matchLabels": labels, "matchExpressions": []})],
    );
    spec["template"] = template(dice, &labels, "Always");
}

pub(super) fn deployment(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({});
    selected(dice, &mut spec);
    dice.maybe(&mut spec, "replicas", [Value::Null, json!(0), json!(3)]);
    dice.maybe(&mut spec, "revisionHistoryLimit", [Value::Null, json!(0), json!(10)]);
    dice.maybe(&mut spec, "minReadySeconds", [json!(0), Value::Null]);
    dice.maybe(&mut spec, "paused", [json!(false), Value::Null]);
    dice.maybe(&mut spec, "progressDeadlineSeconds", [json!(600)]);
    let rolling = json!({"type": "", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}});
    dice.maybe(&mut spec, "strategy", [json!({}), Value::Null, rolling, json!({"type": "Recreate"})]);
    object["spec"] = spec;
}

pub(super) fn stateful_set(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({"serviceName": "set"});
    selected(dice, &mut spec);
    dice.maybe(&mut spec, "replicas", [Value::Null, json!(0), json!(2)]);
    dice.maybe(&mut spec, "revisionHistoryLimit", [Value::Null, json!(3)]);
    dice.maybe(&mut spec, "minReadySeconds", [json!(0)]);
    let request = dice.pick(&["1024Gi", "1.5Ti", "1000M", "0.5Gi", "10Gi"]);
    let mut claim = json!({
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": request}}},
    });
    dice.maybe(&mut claim, "apiVersion", [json!("v1")]);
    dice.maybe(&mut claim, "kind", [json!("PersistentVolumeClaim")]);
    dice.maybe(&mut claim["metadata"], "creationTimestamp", [Value::Null]);
    dice.maybe(&mut claim["metadata"], "labels", [json!({}), json!({"a": "b"})]);
    dice.maybe(&mut claim["spec"], "storageClassName", [json!(""), json!("fast")]);
    let other = json!({"metadata": {"name": "log"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let choices = [json!([claim]), json!([claim, other]), json!([])];
    dice.maybe(&mut spec, "volumeClaimTemplates", choices);
    object["spec"] = spec;
}

pub(super) fn daemon_set(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({});
    selected(dice, &mut spec);
    dice.maybe(&mut spec, "minReadySeconds", [json!(0)]);
    dice.maybe(&mut spec, "revisionHistoryLimit", [Value::Null, json!(0)]);
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}});
    dice.maybe(&mut spec, "updateStrategy", [json!({}), Value::Null, rolling]);
    object["spec"] = spec;
}

fn job_spec(dice: &mut Dice) -> Value {
    let mut spec = json!({"template": template(dice, &json!({"app": "job"}), "Never")});
    dice.maybe(&mut spec, "backoffLimit", [json!(0), json!(4)]);
    dice.maybe(&mut spec, "suspend", [json!(false)]);
    dice.maybe(&mut spec, "activeDeadlineSeconds", [Value::Null, json!(300)]);
    dice.maybe(&mut spec, "ttlSecondsAfterFinished", [json!(0), Value::Null]);
    let policy = json!({"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]});
    dice.maybe(&mut spec, "podFailurePolicy", [policy]);
    spec
}

pub(super) fn cron_job(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({"schedule": "5 3 * * *", "jobTemplate": {"spec": job_spec(dice)}});
    dice.maybe(&mut spec, "suspend", [json!(false), json!(true)]);
    dice.maybe(&mut spec, "concurrencyPolicy", [json!("Forbid"), json!("Allow")]);
    dice.maybe(&mut spec, "startingDeadlineSeconds", [Value::Null, json!(0)]);
    dice.maybe(&mut spec, "successfulJobsHistoryLimit", [json!(0), json!(3)]);
    dice.maybe(
        &mut spec["jobTemplate"],
        "metadata",
        [json!({}), json!({"creationTimestamp": null, "labels": {}})],
    );
    object["spec"] = spec;
}

pub(super) fn job(dice: &mut Dice, object: &mut Value) {
    object["spec"] = job_spec(dice);
}

pub(super) fn autoscaler(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 10,
    });
    dice.maybe(&mut spec, "minReplicas", [Value::Null, json!(1), json!(2)]);
    let amounts = [
        json!("1024Mi"),
        json!("1.5Gi"),
        json!("1000m"),
        json!("0.5"),
        json!(100),
        json!("1500u"),
        json!(1.5),
    ];
    let average = dice.pick(&amounts).clone();
    let metrics = [
        json!({"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": average}}}),
        json!({"type": "Pods", "pods": {
            "metric": {"name": "queue", "selector": {"matchLabels": {}}},
            "target": {"type": "AverageValue", "averageValue": average}}}),
        json!({"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}),
        json!({"type": "External", "external": {
            "metric": {"name": "jobs", "selector": null}, "target": {"type": "Value", "value": average}}}),
    ];
    let (one, other) = (dice.pick(&metrics).clone(), dice.pick(&metrics[2..]).clone());
    dice.set(&mut spec, "metrics", [json!([one]), json!([one, other])]);
    let down = json!({"scaleDown": {"stabilizationWindowSeconds": 0}});
    dice.maybe(&mut spec, "behavior", [Value::Null, down]);
    object["spec"] = spec;
}

pub(super) fn disruption_budget(dice: &mut Dice, object: &mut Value) {
    let mut spec = json!({"selector": {"matchLabels": {"app": "shop"}}});
    let (field, value) = dice
        .pick(&[("minAvailable", json!(0)), ("maxUnavailable", json!("50%")), ("minAvailable", json!(2))])
        .clone();
    spec[field] = value;
    object["spec"] = spec;
}
