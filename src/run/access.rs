//! The rights that a plan takes, checked before its first write.

use std::collections::BTreeSet;

use super::error::RunError;
use crate::cluster::Server;
use crate::live::{DryRun, FetchError, Resource, Right};
use crate::plan::{Action, Plan};
use crate::record::SetIdentity;

/// Asks for every right that a plan and the record of its set take. `known` are rights that are missing for sure.
///
/// # Errors
/// Some are missing, or the server does not tell.
pub(super) async fn check(
    server: &Server,
    plan: &Plan,
    set: &SetIdentity,
    known: Vec<Right>,
) -> Result<(), RunError> {
    check_rights(server, of_plan(plan), set, known).await
}

/// As [`check`], for rights that are known one by one.
///
/// # Errors
/// As there.
pub(super) async fn check_rights(
    server: &Server,
    mut wanted: BTreeSet<Right>,
    set: &SetIdentity,
    known: Vec<Right>,
) -> Result<(), RunError> {
    wanted.extend(of_record(set));
    let mut missing = match server.missing_rights(&wanted).await {
        Ok(missing) => missing,
        // Who may not even ask finds out by writing, one object at a time.
        Err(FetchError::Forbidden { .. }) if known.is_empty() => return Ok(()),
        Err(FetchError::Forbidden { .. }) => Vec::new(),
        Err(error) => {
            let problem =
                format!("which rights this account has cannot be told: {error}; nothing was written");
            return Err(RunError::usage(problem, None));
        }
    };
    missing.extend(known);
    missing.sort();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = missing.iter().map(ToString::to_string).collect();
    Err(RunError::refused(
        format!("{} missing, so nothing was written: {}", rights(list.len()), list.join(", ")),
        "grant them, or diff instead: gitops diff needs get and list alone".to_owned(),
    ))
}

fn rights(number: usize) -> String {
    if number == 1 { "1 right is".to_owned() } else { format!("{number} rights are") }
}

/// The rights that the steps of a plan take.
pub(super) fn of_plan(plan: &Plan) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    for step in &plan.steps {
        match &step.action {
            Action::Create(apply) => {
                rights.insert(of_apply("create", apply));
                rights.insert(of_apply("patch", apply));
            }
            Action::Update(update) => drop(rights.insert(of_apply("patch", &update.sending.apply))),
            Action::Replace(replace) => {
                rights.insert(of_apply("create", &replace.new));
                rights.insert(of_apply("patch", &replace.new));
                rights.insert(of_apply("delete", &replace.new));
            }
            Action::Revert(revert) => drop(rights.insert(of_apply("patch", &revert.reverting.apply))),
            Action::Delete(deletion) => {
                rights.insert(right("delete", &deletion.resource, &deletion.id.namespace));
            }
            Action::Later | Action::Refused(_) => {}
        }
    }
    rights
}

fn of_apply(verb: &str, apply: &DryRun) -> Right {
    right(verb, &apply.resource, &apply.id.namespace)
}

/// A right on a type in a namespace.
pub(super) fn right(verb: &str, resource: &Resource, namespace: &str) -> Right {
    Right {
        verb: verb.to_owned(),
        resource: resource.plural.clone(),
        group: resource.gvk.group.clone(),
        namespace: resource.namespaced.then(|| namespace.to_owned()),
    }
}

/// What keeping the record and the lock takes.
fn of_record(set: &SetIdentity) -> Vec<Right> {
    let right = |verb: &str, group: &str, resource: &str| Right {
        verb: verb.to_owned(),
        resource: resource.to_owned(),
        group: group.to_owned(),
        namespace: Some(set.record_namespace.clone()),
    };
    let parts = [("", "configmaps"), ("", "secrets"), ("coordination.k8s.io", "leases")];
    let verbs = ["get", "create", "update"];
    parts.iter().flat_map(|(group, resource)| verbs.map(|verb| right(verb, group, resource))).collect()
}
