//! Marks of other tools on an object that take differences away: annotations and labels of Flux, compare options of Argo CD.
//!
//! Flux reads its marks from labels and annotations alike, in any case (`fluxcd/pkg`, `ssa/utils` and `ssa/manager_apply.go`):
//! `reconcile: disabled` and `ssa: Ignore` in Git or live take the whole object out, `ssa: IfNotPresent` in Git does once the
//! object exists, `ssa: Merge` keeps what people added.

use serde_json::Value;

/// Our own annotation: `disabled` keeps an object when it leaves Git.
pub const PRUNE: &str = "gitops/prune";

use super::{Maker, Objects, Origin, Rule, What};
use crate::compare::judge::Subject;

const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";
const SSA: &str = "kustomize.toolkit.fluxcd.io/ssa";
/// Labels that Flux puts on what a Kustomization applied.
const FLUX_OWNER: [&str; 2] = ["kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"];
const COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";

/// A mark: key, value, what it means, whether it counts if only the live object has it, and whether it needs one.
const MARKS: &[(&str, &str, What, bool, bool)] = &[
    (RECONCILE, "disabled", What::Everything, true, false),
    (SSA, "Ignore", What::Everything, true, false),
    (SSA, "IfNotPresent", What::Everything, false, true),
    (SSA, "Merge", What::Additions, true, true),
];

/// The rules that marks on the object in Git or live stand for. A mark that only the live object has counts where Flux
/// manages it: for others it is an annotation like any.
pub(super) fn of_object<'a>(
    subject: &'a Subject<'_>,
    live: Option<&'a Value>,
) -> impl Iterator<Item = Rule> + 'a {
    let desired = &subject.desired.object;
    MARKS.iter().filter_map(move |(key, value, what, counts_live, needs_live)| {
        if *needs_live && live.is_none() {
            return None;
        }
        let reason = format!("{key}: {value}");
        let origin = if is_marked(desired, key, value) {
            let origin = &subject.desired.origin;
            Origin { maker: Maker::Mark, file: origin.file.to_string(), line: origin.line, reason }
        } else if *counts_live && live.is_some_and(|live| is_marked(live, key, value) && is_flux_s(live)) {
            Origin { maker: Maker::LiveMark, file: String::new(), line: 0, reason }
        } else {
            return None;
        };
        Some(Rule { origin, objects: Objects::default(), what: what.clone() })
    })
}

fn entry<'v>(object: &'v Value, map: &str, key: &str) -> Option<&'v str> {
    object.get("metadata")?.get(map)?.get(key)?.as_str()
}

fn is_marked(object: &Value, key: &str, value: &str) -> bool {
    let is = |map| entry(object, map, key).is_some_and(|found| found.eq_ignore_ascii_case(value));
    is("annotations") || is("labels")
}

fn is_flux_s(live: &Value) -> bool {
    FLUX_OWNER.iter().all(|label| entry(live, "labels", label).is_some())
}

/// The mark on a live object that says it is not to be deleted when it leaves Git: ours, or that of Argo CD, Flux or Helm.
pub fn kept_by_mark(live: &Value) -> Option<&'static str> {
    let annotation = |name| entry(live, "annotations", name);
    let label = |name| entry(live, "labels", name);
    let is = |found: Option<&str>, word: &str| found.is_some_and(|text| text.trim() == word);
    let options = annotation("argocd.argoproj.io/sync-options");
    let option =
        |name: &str| options.is_some_and(|options| options.split(',').any(|option| option.trim() == name));
    let flux = "kustomize.toolkit.fluxcd.io/prune";
    match () {
        () if is(annotation(PRUNE), "disabled") => Some("gitops/prune: disabled"),
        () if option("Prune=false") => Some("argocd.argoproj.io/sync-options: Prune=false"),
        () if option("Prune=confirm") => Some("argocd.argoproj.io/sync-options: Prune=confirm"),
        () if option("Delete=false") => Some("argocd.argoproj.io/sync-options: Delete=false"),
        () if is(annotation(flux), "disabled") || is(label(flux), "disabled") => {
            Some("kustomize.toolkit.fluxcd.io/prune: disabled")
        }
        () if is(annotation("helm.sh/resource-policy"), "keep") => Some("helm.sh/resource-policy: keep"),
        () => None,
    }
}

/// True if Argo CD is told not to mind that a live object is not in Git: `compare-options: IgnoreExtraneous`, which says
/// nothing about the fields of an object that is in Git.
pub fn is_extra_ignored(live: &Value) -> bool {
    let options = entry(live, "annotations", COMPARE_OPTIONS);
    options.is_some_and(|options| options.split(',').any(|option| option.trim() == "IgnoreExtraneous"))
}
