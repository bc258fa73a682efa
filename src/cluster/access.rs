//! Which rights this account lacks, asked before anything is written: one review of rules a namespace, and a single review
//! for what that leaves open.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::{Value, json};

use super::Server;
use super::request::Call;
use super::throttle::Purpose;
use crate::live::{FetchError, Right};

const MAX_ANSWER: usize = 16 << 20;

impl Server {
    /// The rights of these that the server does not grant.
    ///
    /// # Errors
    /// The server does not tell.
    pub async fn missing_rights(&self, wanted: &BTreeSet<Right>) -> Result<Vec<Right>, FetchError> {
        let mut by_namespace: BTreeMap<&str, Vec<&Right>> = BTreeMap::new();
        let mut open: Vec<&Right> = Vec::new();
        for right in wanted {
            match right.namespace.as_deref() {
                Some(namespace) => by_namespace.entry(namespace).or_default().push(right),
                None => open.push(right),
            }
        }
        for (namespace, rights) in by_namespace {
            let review = json!({"kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}});
            let rules = self.review("selfsubjectrulesreviews", review).await?;
            open.extend(rights.into_iter().filter(|right| !grants(&rules, right)));
        }
        let mut missing = Vec::new();
        for right in open {
            let mut attributes =
                json!({"verb": right.verb, "group": right.group, "resource": right.resource});
            if let Some(namespace) = &right.namespace {
                attributes["namespace"] = Value::from(namespace.as_str());
            }
            let review =
                json!({"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}});
            let answer = self.review("selfsubjectaccessreviews", review).await?;
            if answer.pointer("/status/allowed") != Some(&Value::Bool(true)) {
                missing.push(right.clone());
            }
        }
        missing.sort();
        Ok(missing)
    }

    async fn review(&self, plural: &str, mut review: Value) -> Result<Value, FetchError> {
        review["apiVersion"] = Value::from("authorization.k8s.io/v1");
        let call = Call {
            purpose: Purpose::Record,
            method: Method::POST,
            path: format!("/apis/authorization.k8s.io/v1/{plural}"),
            accept: "application/json",
            body: Some(("application/json", review.to_string().into_bytes())),
            max_answer: MAX_ANSWER,
        };
        let right = Right {
            verb: "create".to_owned(),
            resource: plural.to_owned(),
            group: "authorization.k8s.io".to_owned(),
            namespace: None,
        };
        let answer = self.sender.send(&call).await.and_then(|answer| answer.json::<Value>());
        answer.map_err(|failure| failure.fetch_error(&right))
    }
}

/// True if a rule without names grants a right.
fn grants(review: &Value, right: &Right) -> bool {
    let rules = review.pointer("/status/resourceRules").and_then(Value::as_array);
    rules.into_iter().flatten().any(|rule| {
        let has = |list: &str, what: &str| {
            let all = rule.get(list).and_then(Value::as_array);
            all.into_iter().flatten().any(|entry| entry == "*" || entry == what)
        };
        let named =
            rule.get("resourceNames").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
        !named
            && has("verbs", &right.verb)
            && has("apiGroups", &right.group)
            && has("resources", &right.resource)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules as kube-apiserver 1.36 prints them.
    #[test]
    fn a_rule_grants_what_it_names_and_nothing_else() {
        let review = json!({"status": {"incomplete": false, "resourceRules": [
            {"verbs": ["get", "list"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["patch"], "apiGroups": ["apps"], "resources": ["deployments"]},
            {"verbs": ["patch"], "apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["a"]},
            {"verbs": ["*"], "apiGroups": ["batch"], "resources": ["jobs"]},
        ]}});
        let right = |verb: &str, group: &str, resource: &str| Right {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: Some("n".to_owned()),
        };
        for (verb, group, resource, expected) in [
            ("get", "", "secrets", true),
            ("patch", "apps", "deployments", true),
            ("patch", "apps", "statefulsets", false),
            ("patch", "", "deployments", false),
            ("patch", "", "configmaps", false),
            ("delete", "batch", "jobs", true),
            ("create", "apps", "deployments", false),
        ] {
            assert_eq!(grants(&review, &right(verb, group, resource)), expected, "{verb} {group} {resource}");
        }
    }
}
