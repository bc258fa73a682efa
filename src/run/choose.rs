//! Choosing objects of a render with `-l` and `--only`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::RunError;
use crate::cli::values::Only;
use crate::desired::{DesiredSet, Entry};
use crate::object::id::ObjectId;
use crate::object::selector::Selector;

/// The objects to look at; empty is all.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// `-l`.
    pub selector: Option<Selector>,
    /// `--only`, repeatable.
    pub only: Vec<Only>,
    /// True if an `--only` may mean no object: with several targets, one of them has it.
    pub lenient: bool,
}

impl Chosen {
    /// True if every object is looked at.
    pub fn is_all(&self) -> bool {
        self.selector.is_none() && self.only.is_empty()
    }
}

/// True if the labels of an object fulfil the selector.
pub fn is_selected(selector: Option<&Selector>, object: &Value) -> bool {
    let Some(selector) = selector else { return true };
    let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
    let labels: BTreeMap<&str, &str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
        .collect();
    selector.matches(&labels)
}

/// True if `--only` means this object. The kind compares without case and may be the plural, with or without its group.
pub fn is_meant(only: &Only, id: &ObjectId, plural: Option<&str>) -> bool {
    let (kind, group) = match only.kind.split_once('.') {
        Some((kind, group)) => (kind, Some(group)),
        None => (only.kind.as_str(), None),
    };
    let singular = plural.is_some_and(|plural| plural.eq_ignore_ascii_case(kind));
    (kind.eq_ignore_ascii_case(&id.kind) || singular)
        && group.is_none_or(|group| group == id.group)
        && only.namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace)
        && only.name == id.name
}

/// Keeps the chosen objects of a set. Where one of several targets may have the object, what is wrong with each `--only` here
/// is the answer, in their order.
///
/// # Errors
/// An `--only` that means no object; the hint names the nearest.
pub fn choose(desired: &mut DesiredSet, chosen: &Chosen) -> Result<Vec<Option<RunError>>, RunError> {
    let plural = |entry: &Entry| match entry {
        Entry::Ready(desired) => Some(desired.resource.plural.clone()),
        _ => None,
    };
    let unmet = |only: &Only| {
        let met = desired.entries.iter().any(|(id, entry)| is_meant(only, id, plural(entry).as_deref()));
        (!met).then(|| none_meant(only, desired.entries.keys()))
    };
    let mut unmet: Vec<Option<RunError>> = chosen.only.iter().map(unmet).collect();
    if !chosen.lenient
        && let Some(error) = unmet.iter_mut().find_map(Option::take)
    {
        return Err(error);
    }
    desired.entries.retain(|id, entry| {
        let meant = chosen.only.is_empty()
            || chosen.only.iter().any(|only| is_meant(only, id, plural(entry).as_deref()));
        // What cannot be compared is kept under a selector: leaving it out would hide it.
        let selector = chosen.selector.as_ref();
        let selected = |entry: &Entry| match entry {
            Entry::Ready(ready) if selector.is_some() => is_selected(selector, &ready.object()),
            _ => true,
        };
        meant && selected(entry)
    });
    Ok(unmet)
}

/// The error for an `--only` without an object.
pub fn none_meant<'a>(only: &Only, ids: impl Iterator<Item = &'a ObjectId>) -> RunError {
    let text = |namespace: Option<&str>| {
        [Some(only.kind.as_str()), namespace, Some(only.name.as_str())]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("/")
    };
    let wanted = text(only.namespace.as_deref());
    let near = |id: &ObjectId| {
        let full = format!("{}/{}", id.kind, id.qualified_name());
        let short = format!("{}/{}", id.kind, id.name);
        let ratio = |name: &str| strsim::normalized_levenshtein(&wanted.to_lowercase(), &name.to_lowercase());
        (ratio(&full).max(ratio(&short)), full)
    };
    let best = ids.map(near).max_by(|a, b| a.0.total_cmp(&b.0)).filter(|best| best.0 > 0.6);
    RunError::usage(
        format!("--only {wanted}: the render holds no such object"),
        best.map(|(_, name)| format!("did you mean {name}?")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::values::only;
    use crate::object::id::Gvk;

    #[test]
    fn one_object_is_meant_by_kind_and_name() {
        let id = ObjectId::new(&Gvk::new("apps", "v1", "Deployment"), "shop", "web");
        let table = [
            ("Deployment/web", true),
            ("deployment/shop/web", true),
            ("deployments/web", true),
            ("deployment.apps/web", true),
            ("deployment.extensions/web", false),
            ("Deployment/other/web", false),
            ("Service/web", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_meant(&only(text).unwrap(), &id, Some("deployments")), expected, "{text}");
        }
    }

    #[test]
    fn an_only_without_object_names_the_nearest() {
        let id = ObjectId::new(&Gvk::new("apps", "v1", "Deployment"), "shop", "web");
        let error = none_meant(&only("Deploymnet/web").unwrap(), [&id].into_iter());
        assert_eq!(error.hint().as_deref(), Some("did you mean Deployment/shop/web?"));
    }
}
