//! The order of the output.

use super::fault::{Fault, Outcome};
use super::kustomization::SortOptions;
use super::resource::Resource;

/// Kinds that come first, in this order (`api/internal/builtins/SortOrderTransformer.go`).
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
/// Kinds that come last.
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// The rank of a kind without options.
pub(super) fn default_rank(kind: &str) -> i32 {
    rank(kind, FIRST.iter().copied(), LAST.iter().copied())
}

/// The rank of a kind: of a name that stands in both lists, or twice, the last place counts.
fn rank<'a>(
    kind: &str,
    first: impl ExactSizeIterator<Item = &'a str> + DoubleEndedIterator,
    last: impl ExactSizeIterator<Item = &'a str> + DoubleEndedIterator,
) -> i32 {
    let number = |at: usize| i32::try_from(at).unwrap_or(i32::MAX / 2);
    let count = number(first.len());
    let (mut first, mut last) = (first, last);
    if let Some(at) = last.rposition(|name| name == kind) {
        return 1 + number(at);
    }
    first.rposition(|name| name == kind).map_or(0, |at| number(at) - count)
}

/// Sorts the objects as the options say; without options the order of the kinds counts.
///
/// # Errors
/// Options that contradict each other.
pub(super) fn sort(items: &mut [Resource], options: Option<&SortOptions>) -> Outcome<()> {
    let lists = match options {
        None => None,
        Some(options) => match (options.order.as_str(), &options.legacy) {
            ("fifo", None) => return Ok(()),
            ("fifo", Some(_)) => {
                return Err(Fault::at(
                    options.place,
                    "`legacySortOptions` is set, but the order is fifo, not legacy",
                ));
            }
            ("legacy", lists) => lists.as_ref(),
            _ => return Err(Fault::at(options.place, "`sortOptions.order` must be legacy or fifo")),
        },
    };
    let rank_of = |kind: &str| match lists {
        None => default_rank(kind),
        Some((first, last)) => rank(kind, first.iter().map(String::as_str), last.iter().map(String::as_str)),
    };
    items.sort_by_cached_key(|item| {
        let id = item.id();
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        // Of the kinds Namespace that without a group comes first.
        let core_namespace = id.gvk.kind == "Namespace" && id.gvk.group.is_empty();
        let text = format!("{}|{}|{}", id.gvk.id_text(), or(&id.namespace, "~X"), or(&id.name, "~N"));
        (rank_of(&id.gvk.kind), !core_namespace && id.gvk.kind == "Namespace", id.gvk.sort_text(), text)
    });
    Ok(())
}
