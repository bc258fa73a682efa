//! Accounts and their rights.

use serde_json::{Value, json};

use super::dice::Dice;

pub(super) fn service_account(dice: &mut Dice, object: &mut Value) {
    dice.maybe(object, "automountServiceAccountToken", [json!(false), json!(true), Value::Null]);
    dice.maybe(object, "imagePullSecrets", [json!([]), json!([{"name": "registry"}]), Value::Null]);
    dice.maybe(object, "secrets", [json!([]), Value::Null]);
}

pub(super) fn role_binding(dice: &mut Dice, object: &mut Value) {
    let mut group = json!({"kind": "Group", "name": "storefront"});
    dice.maybe(&mut group, "apiGroup", [json!("rbac.authorization.k8s.io"), json!("")]);
    let account = json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop"});
    let unnamed = json!({"kind": "ServiceAccount", "name": "web", "namespace": "shop", "apiGroup": ""});
    let user = json!({"kind": "User", "name": "petra@example.com"});
    dice.maybe(
        object,
        "subjects",
        [json!([group]), json!([account, user]), json!([user, group, unnamed]), json!([]), Value::Null],
    );
    let mut role = json!({"kind": dice.pick(&["Role", "ClusterRole"]), "name": "nobody"});
    dice.maybe(&mut role, "apiGroup", [json!("rbac.authorization.k8s.io"), json!("")]);
    object["roleRef"] = role;
}

pub(super) fn role(dice: &mut Dice, object: &mut Value) {
    let mut rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]});
    dice.maybe(&mut rule, "resourceNames", [json!([]), json!(["a"])]);
    dice.maybe(object, "rules", [json!([rule]), json!([rule]), json!([]), Value::Null]);
}
