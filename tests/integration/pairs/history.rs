//! How a live object came to be: applied, created or posted by different tools, edited, scaled, applied again by others, and
//! with ownership as years leave it.

use gitops::live::Resource;
use gitops::schema::Schema;
use serde_json::{Value, json};

use super::client::{Api, Write};
use super::kinds;
use super::mutate::{mutate, subset};
use crate::support::generate::dice::Dice;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A live object and what Git held when it was applied last.
pub(super) struct Made {
    pub(super) applied: Value,
    pub(super) events: Vec<&'static str>,
}

/// Writes an object's history to the server. # Errors
/// The kind and the server's words if it refuses the first manifest.
pub(super) async fn make(
    api: &Api,
    resource: &Resource,
    schema: &Schema,
    mut manifest: Value,
    dice: &mut Dice,
) -> Result<Made, String> {
    let kind = resource.gvk.kind.clone();
    let mut events = Vec::new();
    for _ in 0..dice.below(3) {
        let mut other = manifest.clone();
        mutate(schema, &mut other, None, dice);
        manifest = other;
    }
    let older = {
        let mut older = resource.clone();
        let mut probe = manifest.clone();
        kinds::version(dice, &mut probe);
        if probe["apiVersion"] != manifest["apiVersion"] {
            older.gvk.version = "v1beta1".to_owned();
            manifest = probe;
        }
        older
    };
    let created = create(api, &older, &mut manifest, dice).await;
    events.push(created.map_err(|(code, text)| format!("{kind}: {code} {text}"))?);
    if older.gvk.version != resource.gvk.version {
        events.push("applied at an older version");
        manifest["apiVersion"] = Value::from(resource.gvk.api_version());
    }
    for _ in 0..dice.below(4) {
        if let Some(event) = event(api, resource, schema, &mut manifest, dice).await {
            events.push(event);
        }
    }
    if dice.once_in(4)
        && let Some(event) = super::tamper::tamper(api, resource, schema, &manifest, dice).await
    {
        events.push(event);
    }
    Ok(Made { applied: manifest, events })
}

async fn create(
    api: &Api,
    resource: &Resource,
    manifest: &mut Value,
    dice: &mut Dice,
) -> Result<&'static str, (u16, String)> {
    let (way, event) = match dice.below(20) {
        0..=1 => ("kubectl-client-side-apply", "client-side apply, then ours"),
        2 => ("kubectl-create", "created, then ours"),
        3 => ("kubectl-create", "created, never ours"),
        4 => ("kubectl-client-side-apply", "client-side apply, never ours"),
        _ => ("", "ours"),
    };
    if !way.is_empty() {
        let mut posted = manifest.clone();
        if way == "kubectl-client-side-apply" {
            let text = manifest.to_string();
            if !posted["metadata"]["annotations"].is_object() {
                posted["metadata"]["annotations"] = json!({});
            }
            posted["metadata"]["annotations"][LAST_APPLIED] = Value::from(text);
        }
        api.write(resource, way, Write::Create, &posted).await?;
    }
    if !event.ends_with("never ours") {
        api.write(resource, "gitops", Write::Apply, manifest).await?;
    }
    Ok(event)
}

/// One more write by somebody; `None` if the server refuses it.
async fn event(
    api: &Api,
    resource: &Resource,
    schema: &Schema,
    manifest: &mut Value,
    dice: &mut Dice,
) -> Option<&'static str> {
    let kind = resource.gvk.kind.clone();
    let name = json!({"apiVersion": resource.gvk.api_version(), "kind": kind,
        "metadata": {"name": manifest["metadata"]["name"], "namespace": manifest["metadata"]["namespace"]}});
    match dice.below(9) {
        0 | 1 => {
            let mut live = api.read(resource, &name).await.ok()?;
            let manager = *dice.pick(&["kubectl-edit", "kubectl-replace", "node-fetch"]);
            for _ in 0..=dice.below(2) {
                mutate(schema, &mut live, None, dice);
            }
            api.write(resource, manager, Write::Replace, &live).await.ok()?;
            Some("edit (PUT)")
        }
        2 | 3 => {
            let live = api.read(resource, &name).await.ok()?;
            let mut patch = live.clone();
            mutate(schema, &mut patch, None, dice);
            let mut body = merge_patch(&live, &patch)?;
            body["metadata"]["name"] = name["metadata"]["name"].clone();
            body["metadata"]["namespace"] = name["metadata"]["namespace"].clone();
            let manager = *dice.pick(&["kubectl-patch", "kubectl-set", "operator"]);
            api.write(resource, manager, Write::Merge(""), &body).await.ok()?;
            Some("patch")
        }
        4 if kinds::has_scale(&kind) => {
            let live = api.read(resource, &name).await.ok()?;
            let same = live["spec"]["replicas"].as_i64().unwrap_or(1);
            let replicas = if dice.once_in(2) { same } else { *dice.pick(&[0, 1, 3, 5]) };
            let body = json!({"metadata": name["metadata"], "spec": {"replicas": replicas}});
            let manager = *dice.pick(&["kubectl", "kube-controller-manager"]);
            api.write(resource, manager, Write::Merge("scale"), &body).await.ok()?;
            Some("scale")
        }
        4 | 5 if resource.has_status => {
            let mut body = json!({"metadata": name["metadata"], "status": {}});
            if kinds::has_scale(&kind) {
                body["status"] = json!({"replicas": 1});
            }
            body["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "1"});
            api.write(resource, "kube-controller-manager", Write::Merge("status"), &body).await.ok()?;
            Some("status")
        }
        6 => {
            let mut other = if dice.once_in(2) {
                subset(&api.read(resource, &name).await.ok()?, dice)
            } else {
                manifest.clone()
            };
            for _ in 0..dice.below(3) {
                mutate(schema, &mut other, None, dice);
            }
            api.write(resource, dice.pick::<&str>(&["flux", "other"]), Write::Apply, &other).await.ok()?;
            Some("applied by another")
        }
        7 => {
            let live = api.read(resource, &name).await.ok()?;
            let mut body = manifest.clone();
            mutate(schema, &mut body, Some(&live), dice);
            let text = body.to_string();
            body["metadata"]["annotations"][LAST_APPLIED] = Value::from(text);
            api.write(resource, "kubectl-client-side-apply", Write::Merge(""), &body).await.ok()?;
            Some("client-side apply")
        }
        _ => {
            let mut again = manifest.clone();
            for _ in 0..=dice.below(2) {
                mutate(schema, &mut again, None, dice);
            }
            api.write(resource, "gitops", Write::Apply, &again).await.ok()?;
            *manifest = again;
            Some("ours again")
        }
    }
}

/// The JSON merge patch (RFC 7386) from one object to another; lists are replaced.
pub(crate) fn merge_patch(from: &Value, to: &Value) -> Option<Value> {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            let mut patch = serde_json::Map::new();
            for key in from.keys().filter(|key| !to.contains_key(*key)) {
                patch.insert(key.clone(), Value::Null);
            }
            for (key, value) in to {
                match from.get(key) {
                    Some(old) => patch.extend(merge_patch(old, value).map(|value| (key.clone(), value))),
                    None => {
                        patch.insert(key.clone(), value.clone());
                    }
                }
            }
            (!patch.is_empty()).then_some(Value::Object(patch))
        }
        _ => (from != to).then(|| to.clone()),
    }
}
