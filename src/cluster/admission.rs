//! Which webhooks and admission policies could change or refuse objects of a type.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::cluster::answer::Failure;
use crate::cluster::list::right;
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::cluster::url;
use crate::live::{Catalog, FetchError, Resource};
use crate::object::id::Gvk;
use crate::object::value::text_at;

/// What admission does beside the server's own plugins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionConfigs {
    /// All rules of all configurations.
    pub rules: Vec<AdmissionRule>,
    /// Kinds of configuration that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// One rule: requests of these types go through this webhook or policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdmissionRule {
    /// Kind of the configuration, for example `MutatingWebhookConfiguration`.
    pub kind: String,
    /// Name of the webhook or policy.
    pub name: String,
    /// API groups; `*` is all.
    pub groups: BTreeSet<String>,
    /// Resources, subresources as `pods/status`; `*` and `*/*` are all.
    pub resources: BTreeSet<String>,
    /// `CREATE`, `UPDATE`, …; `*` is all.
    pub operations: BTreeSet<String>,
}

impl AdmissionConfigs {
    /// The webhooks and policies that see creates or updates of a type.
    ///
    /// Versions and selectors are not looked at: `matchPolicy: Equivalent` converts between versions, and a rule that is
    /// named although its selector excludes the object does no harm.
    pub fn seeing(&self, resource: &Resource) -> Vec<&AdmissionRule> {
        let any = |set: &BTreeSet<String>, names: &[&str]| names.iter().any(|name| set.contains(*name));
        let rules = self.rules.iter().filter(|rule| {
            any(&rule.groups, &["*", &resource.gvk.group])
                && any(&rule.resources, &["*", "*/*", &resource.plural])
                && any(&rule.operations, &["*", "CREATE", "UPDATE"])
        });
        rules.collect()
    }
}

const GROUP: &str = "admissionregistration.k8s.io";
const KINDS: [&str; 4] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "MutatingAdmissionPolicy",
    "ValidatingAdmissionPolicy",
];

/// Lists the configurations that the server knows.
pub(crate) async fn configs(sender: &Arc<Sender>, catalog: &Catalog) -> AdmissionConfigs {
    let mut configs = AdmissionConfigs::default();
    for kind in KINDS {
        let Some(resource) = served(catalog, kind) else { continue };
        match list(sender, resource).await {
            Ok(items) => configs.rules.extend(items.iter().flat_map(|item| rules(kind, item))),
            Err(failure) => {
                let error: FetchError = failure.fetch_error(&right("list", resource, None));
                configs.unreadable.push(format!("{}: {error}", resource.plural));
            }
        }
    }
    configs.rules.sort();
    configs
}

/// What changes with every change of what admission does, for each configuration and binding: uid and resourceVersion.
/// `None` if some cannot be listed.
pub(crate) async fn revisions(sender: &Arc<Sender>, catalog: &Catalog) -> Option<Vec<String>> {
    if catalog.incomplete.contains_key("*") || catalog.incomplete.contains_key(GROUP) {
        return None;
    }
    let bindings = ["MutatingAdmissionPolicyBinding", "ValidatingAdmissionPolicyBinding"];
    let mut tasks = JoinSet::new();
    for kind in KINDS.into_iter().chain(bindings) {
        let Some(resource) = served(catalog, kind).cloned() else { continue };
        let sender = Arc::clone(sender);
        tasks.spawn(async move { (kind, list(&sender, &resource).await) });
    }
    let mut revisions = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (kind, items) = done.ok()?;
        for item in items.ok()? {
            let text = |key| text_at(&item, &["metadata", key]).map(str::to_owned);
            revisions.push(format!("{kind} {} {}", text("uid")?, text("resourceVersion")?));
        }
    }
    revisions.sort();
    Some(revisions)
}

/// The type of a configuration at the first version of the catalog's order: v1 before v1alpha1 and v1beta1.
fn served<'a>(catalog: &'a Catalog, kind: &str) -> Option<&'a Resource> {
    let is_it = |gvk: &Gvk| gvk.group == GROUP && gvk.kind == kind;
    catalog.resources.values().find(|resource| is_it(&resource.gvk) && resource.listable)
}

async fn list(sender: &Sender, resource: &Resource) -> Result<Vec<Value>, Failure> {
    #[derive(Deserialize)]
    struct List {
        items: Option<Vec<Value>>,
    }
    let call = Call::get(Purpose::List, url::collection(resource, None));
    let list: List = sender.send(&call).await?.json()?;
    Ok(list.items.unwrap_or_default())
}

/// The rules of one configuration: of its webhooks, or of the constraints of a policy.
fn rules(kind: &str, item: &Value) -> Vec<AdmissionRule> {
    let name = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    if let Some(webhooks) = item.get("webhooks").and_then(Value::as_array) {
        let all = webhooks.iter().map(|hook| (name(&hook["name"]), &hook["rules"]));
        return all.flat_map(|(name, rules)| read_rules(kind, &name, rules)).collect();
    }
    let constraints = &item["spec"]["matchConstraints"]["resourceRules"];
    read_rules(kind, &name(&item["metadata"]["name"]), constraints)
}

fn read_rules(kind: &str, name: &str, rules: &Value) -> Vec<AdmissionRule> {
    let set = |value: &Value| -> BTreeSet<String> {
        let texts = value.as_array().into_iter().flatten();
        texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
    };
    let rules = rules.as_array().into_iter().flatten();
    rules
        .map(|rule| AdmissionRule {
            kind: kind.to_owned(),
            name: name.to_owned(),
            groups: set(&rule["apiGroups"]),
            resources: set(&rule["resources"]),
            operations: set(&rule["operations"]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    #[test]
    fn rules_match_types_that_are_written() {
        let hook = json!({"metadata": {"name": "c"}, "webhooks": [
            {"name": "a.example.org", "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["CREATE"]}]},
            {"name": "b.example.org", "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": ["DELETE"]}]},
            {"name": "c.example.org", "rules": [{"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["pods/status"], "operations": ["*"]}]}]});
        let policy = json!({"metadata": {"name": "p"}, "spec": {"matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["*/*"], "operations": ["UPDATE"]}]}}});
        let mut configs = AdmissionConfigs::default();
        configs.rules.extend(rules("MutatingWebhookConfiguration", &hook));
        configs.rules.extend(rules("ValidatingAdmissionPolicy", &policy));
        let seeing = |group: &str, plural: &str| -> Vec<String> {
            let resource = Resource {
                gvk: Gvk::new(group, "v1", "Any"),
                plural: plural.into(),
                namespaced: true,
                has_status: false,
                listable: true,
            };
            configs.seeing(&resource).into_iter().map(|rule| rule.name.clone()).collect()
        };
        assert_eq!(seeing("apps", "deployments"), ["a.example.org"]);
        assert_eq!(seeing("", "pods"), ["p"]);
        assert_eq!(seeing("batch", "jobs"), [""; 0]);
    }
}
