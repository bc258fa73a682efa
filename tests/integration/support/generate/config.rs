//! Metadata, configuration, storage, limits.

use serde_json::{Value, json};

use super::dice::Dice;

/// Adds to a metadata that has a name.
pub(super) fn metadata(dice: &mut Dice, metadata: &mut Value) {
    dice.maybe(
        metadata,
        "labels",
        [json!({}), Value::Null, json!({"app.kubernetes.io/part-of": "shop", "empty": ""})],
    );
    dice.maybe(metadata, "annotations", [json!({}), Value::Null, json!({"note": "100 %, grüß Gott\n"})]);
    dice.maybe(metadata, "creationTimestamp", [Value::Null]);
    for list in ["finalizers", "ownerReferences"] {
        dice.maybe(metadata, list, [json!([])]);
    }
}

pub(super) fn config_map(dice: &mut Dice, object: &mut Value) {
    let plain = json!({"a": "1", "empty": "", "file.conf": "x = 1\ny = \"2\"\n", "emoji": "🛒"});
    dice.maybe(object, "data", [plain, json!({}), Value::Null]);
    dice.maybe(object, "binaryData", [json!({"gif": "R0lGODlhAQAB\nAIAAAP///w==\n"}), json!({})]);
    dice.maybe(object, "immutable", [json!(false), Value::Null]);
}

/// No null among the values: client-side apply takes it for "not there", all others for the empty text.
pub(super) fn secret(dice: &mut Dice, object: &mut Value) {
    let folded = json!({"key": "YWFhYWFhYWFhYWFhYWFhYWFh\r\nYWFhYWFhYWFh\n"});
    let bits = json!({"a": "YR==", "empty": "", "b": "Yg=="});
    dice.maybe(object, "data", [folded, bits, json!({}), Value::Null]);
    dice.maybe(object, "stringData", [json!({"a": "plain text", "b": ""}), json!({}), Value::Null]);
    dice.maybe(object, "type", [json!("Opaque"), json!(""), json!("example.com/own")]);
    dice.maybe(object, "immutable", [json!(false)]);
}

pub(super) fn volume_claim(dice: &mut Dice, object: &mut Value) {
    let request = dice
        .pick(&[json!("1024Mi"), json!("1.5Gi"), json!("0.5Ti"), json!(1_073_741_824), json!("1e9")])
        .clone();
    let mut spec = json!({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": request}}});
    dice.maybe(&mut spec, "storageClassName", [json!(""), json!("fast"), Value::Null]);
    dice.maybe(&mut spec, "volumeMode", [json!("Filesystem"), Value::Null]);
    dice.maybe(&mut spec, "volumeName", [json!("")]);
    dice.maybe(&mut spec["resources"], "limits", [json!({}), Value::Null]);
    object["spec"] = spec;
}

pub(super) fn quota(dice: &mut Dice, object: &mut Value) {
    let cpu = dice.pick(&[json!("1000m"), json!(0.5), json!("2.50"), json!(4)]).clone();
    let memory = dice.pick(&[json!("1024Mi"), json!("1.5Gi"), json!("1000000k")]).clone();
    let mut spec = json!({"hard": {"limits.cpu": cpu, "limits.memory": memory, "pods": 1000}});
    dice.maybe(&mut spec, "scopes", [json!([])]);
    dice.maybe(&mut spec, "scopeSelector", [Value::Null]);
    object["spec"] = spec;
}
