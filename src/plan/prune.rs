//! What is deleted because it left Git, and every guard in front of it. Nothing is deleted on doubt.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::compare::extra::{Kept, kept};
use crate::compare::verdict::{ObjectVerdict, Status};
use crate::live::{Pin, Resource};
use crate::object::id::ObjectId;
use crate::object::value::text_at;
use crate::record::applyset::group_kind;

/// A live member of a set that is not rendered.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its type.
    pub resource: Resource,
    /// The object.
    pub live: Value,
    /// What was said about it.
    pub verdict: ObjectVerdict,
}

/// How much may be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Budget {
    /// `--max-deletes`: takes the place of the bounds by number and by share.
    pub most: Option<usize>,
    /// Kinds that are otherwise never deleted, as `Kind` or `Kind.group`.
    pub kinds: BTreeSet<String>,
    /// True if everything may go because nothing is rendered.
    pub empty: bool,
}

/// Deletions without `--max-deletes` at most.
const MOST: usize = 50;
/// A set of so many objects loses at most [`SHARE`] percent without `--max-deletes`.
const LARGE: usize = 10;
const SHARE: usize = 30;

/// What is known of a set when its prune is planned.
#[derive(Debug)]
pub struct Scene<'a> {
    /// Members that are not rendered.
    pub members: Vec<&'a Member>,
    /// Number of rendered objects that exist.
    pub present: usize,
    /// Number of rendered objects.
    pub rendered: usize,
    /// Uids of live objects that are rendered, under whatever version.
    pub uids: BTreeSet<String>,
    /// Rendered objects that are unknown or wrong, by kind and group.
    pub doubtful: BTreeSet<String>,
    /// Kinds that could not be listed everywhere.
    pub gaps: BTreeSet<String>,
    /// The namespace that holds the record.
    pub record_namespace: &'a str,
}

/// An object to be deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct Deletion {
    /// Which object.
    pub id: ObjectId,
    /// Its type.
    pub resource: Resource,
    /// As it was read.
    pub pin: Pin,
    /// What goes with it, in words; empty if nothing does.
    pub cascade: String,
}

/// Why a prune does not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A guard refuses, in words, with the way out.
    Guard(String, String),
    /// Not everything is known, in words.
    Incomplete(String),
}

/// The deletions in the order of their execution, and what is kept with its reason.
///
/// # Errors
/// Nothing may be deleted.
pub fn plan(scene: &Scene<'_>, budget: &Budget) -> Result<(Vec<Deletion>, Vec<(ObjectId, String)>), Refusal> {
    let (mut deletions, mut kept) = (Vec::new(), Vec::new());
    for member in &scene.members {
        match keeps(member, scene, budget) {
            Some(reason) => kept.push((member.verdict.id.clone(), reason)),
            None => deletions.push(deletion(member)),
        }
    }
    if deletions.is_empty() {
        return Ok((deletions, kept));
    }
    guard(scene, budget, &deletions)?;
    // What was written last goes first.
    deletions.sort_by(|a, b| order(b).cmp(&order(a)));
    Ok((deletions, kept))
}

fn order(deletion: &Deletion) -> (super::order::Wave, &ObjectId) {
    (super::order::Wave::of(&deletion.resource.gvk), &deletion.id)
}

fn keeps(member: &Member, scene: &Scene<'_>, budget: &Budget) -> Option<String> {
    let id = &member.verdict.id;
    if member.verdict.status == Status::Terminating {
        return Some("it is being deleted already".to_owned());
    }
    let uid = text_at(&member.live, &["metadata", "uid"]).unwrap_or_default();
    if scene.uids.contains(uid) {
        return Some("it is rendered under another version or group".to_owned());
    }
    if id.group.is_empty() && id.kind == "Namespace" && id.name == scene.record_namespace {
        return Some("it holds the record of the set".to_owned());
    }
    match kept(&member.resource.gvk, &member.live)? {
        Kept::Mark(mark) => Some(format!("kept by {mark}")),
        Kept::Ignored => Some("its compare-options say IgnoreExtraneous".to_owned()),
        Kept::Kind if is_named(id, &budget.kinds) => None,
        Kept::Kind => Some(format!("a {0} is deleted only with --allow-prune-kind {0}", id.kind)),
    }
}

/// True if a kind was named, with or without its group.
pub fn is_named(id: &ObjectId, kinds: &BTreeSet<String>) -> bool {
    kinds.contains(&id.kind) || kinds.contains(&group_kind(&id.group, &id.kind))
}

fn guard(scene: &Scene<'_>, budget: &Budget, deletions: &[Deletion]) -> Result<(), Refusal> {
    let number = deletions.len();
    if scene.rendered == 0 && !budget.empty {
        return Err(Refusal::Guard(
            format!("nothing is rendered, and {number} objects would be deleted"),
            "if the set is to go, say --allow-empty, or gitops delete".to_owned(),
        ));
    }
    if let Some(kind) = scene.gaps.iter().next() {
        return Err(Refusal::Incomplete(format!("not every {kind} could be listed, so nothing is deleted")));
    }
    let affected = deletions.iter().map(|d| group_kind(&d.id.group, &d.id.kind));
    if let Some(kind) = affected.into_iter().find(|kind| scene.doubtful.contains(kind)) {
        return Err(Refusal::Incomplete(format!("some {kind} is unknown, so nothing is deleted")));
    }
    let all = scene.present + scene.members.len();
    let share = all >= LARGE && number * 100 > all * SHARE;
    let (over, bound) = match budget.most {
        Some(most) => (number > most, format!("--max-deletes {most} allows fewer")),
        None if share => (true, format!("more than {SHARE} % of a set of {all}")),
        None => (number > MOST, format!("more than {MOST}")),
    };
    if over {
        return Err(Refusal::Guard(
            format!("{number} objects would be deleted: {bound}"),
            format!("look at them with gitops diff; if all of them are to go, say --max-deletes {number}"),
        ));
    }
    Ok(())
}

/// Refuses to take out more containers, volumes and ports without a question than may be deleted; deletions of objects count
/// with them. The share is one of objects and does not bound them.
///
/// # Errors
/// They are too many.
pub fn guard_items(items: usize, deletions: usize, budget: &Budget) -> Result<(), Refusal> {
    let number = items + deletions;
    let (over, bound) = match budget.most {
        Some(most) => (number > most, format!("--max-deletes {most} allows fewer")),
        None => (number > MOST, format!("more than {MOST}")),
    };
    if items == 0 || !over {
        return Ok(());
    }
    let objects = if deletions == 0 { String::new() } else { format!(", and {deletions} objects deleted") };
    Err(Refusal::Guard(
        format!("{items} containers, volumes or ports would be taken out of objects{objects}: {bound}"),
        format!("look at them with gitops diff; if all of them are to go, say --max-deletes {number}"),
    ))
}

fn deletion(member: &Member) -> Deletion {
    let id = member.verdict.id.clone();
    let cascade = match (id.group.as_str(), id.kind.as_str()) {
        ("", "Namespace") => "with everything in it".to_owned(),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => "with every object of that kind".to_owned(),
        ("apps" | "batch", _) => "with what it runs".to_owned(),
        _ => String::new(),
    };
    let pin = Pin::of(&member.live);
    Deletion { id, resource: member.resource.clone(), pin, cascade }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use serde_json::json;

    fn member(group: &str, kind: &str, name: &str) -> Member {
        let gvk = Gvk::new(group, "v1", kind);
        let live = json!({"metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": "5"}});
        let id = ObjectId::new(&gvk, "shop", name);
        let verdict = ObjectVerdict::bare(id, gvk.clone(), Status::Extra, None);
        let resource = Resource {
            gvk,
            plural: format!("{}s", kind.to_lowercase()),
            namespaced: true,
            has_status: false,
            listable: true,
        };
        Member { resource, live, verdict }
    }

    fn scene(members: &[Member], present: usize) -> Scene<'_> {
        Scene {
            members: members.iter().collect(),
            present,
            rendered: present,
            uids: BTreeSet::new(),
            doubtful: BTreeSet::new(),
            gaps: BTreeSet::new(),
            record_namespace: "ops",
        }
    }

    fn configs(number: usize) -> Vec<Member> {
        (0..number).map(|n| member("", "ConfigMap", &format!("c{n:03}"))).collect()
    }

    fn outcome(scene: &Scene<'_>, budget: &Budget) -> String {
        match plan(scene, budget) {
            Ok((deletions, kept)) => format!("{} go, {} stay", deletions.len(), kept.len()),
            Err(Refusal::Guard(reason, _)) => format!("refused: {reason}"),
            Err(Refusal::Incomplete(reason)) => format!("incomplete: {reason}"),
        }
    }

    /// FLT-55: the bounds are those of the contract: 30 % of 10 or more, 50 at most.
    #[test]
    fn flt_55_a_prune_has_a_budget() {
        let none = Budget::default();
        let most = |most| Budget { most: Some(most), ..Budget::default() };
        for (extras, present, budget, expected) in [
            (3, 7, &none, "3 go, 0 stay"),
            (4, 6, &none, "refused: 4 objects would be deleted: more than 30 % of a set of 10"),
            (5, 4, &none, "5 go, 0 stay"),
            (50, 500, &none, "50 go, 0 stay"),
            (51, 500, &none, "refused: 51 objects would be deleted: more than 50"),
            (51, 500, &most(51), "51 go, 0 stay"),
            (4, 6, &most(4), "4 go, 0 stay"),
            (4, 6, &most(3), "refused: 4 objects would be deleted: --max-deletes 3 allows fewer"),
            (1, 100, &most(0), "refused: 1 objects would be deleted: --max-deletes 0 allows fewer"),
        ] {
            assert_eq!(outcome(&scene(&configs(extras), present), budget), expected, "{extras} of {present}");
        }
    }

    #[test]
    fn items_count_with_deletions() {
        let most = |most| Budget { most, ..Budget::default() };
        for (items, deletions, limit, expected) in [
            (0, 60, None, Ok(())),
            (50, 0, None, Ok(())),
            (51, 0, None, Err("51 containers, volumes or ports would be taken out of objects: more than 50")),
            (
                1,
                50,
                None,
                Err(
                    "1 containers, volumes or ports would be taken out of objects, and 50 objects deleted: more than 50",
                ),
            ),
            (51, 0, Some(51), Ok(())),
            (
                1,
                0,
                Some(0),
                Err(
                    "1 containers, volumes or ports would be taken out of objects: --max-deletes 0 allows fewer",
                ),
            ),
            (0, 1, Some(0), Ok(())),
        ] {
            let said = guard_items(items, deletions, &most(limit)).map_err(|refusal| match refusal {
                Refusal::Guard(problem, _) | Refusal::Incomplete(problem) => problem,
            });
            assert_eq!(said, expected.map_err(str::to_owned), "{items} and {deletions}");
        }
    }

    /// FLT-51 and the rule that a deletion needs complete knowledge.
    #[test]
    fn flt_51_nothing_is_deleted_on_doubt() {
        let members = configs(2);
        let none = Budget::default();
        let of = |change: &dyn Fn(&mut Scene<'_>), budget: &Budget| {
            let mut scene = scene(&members, 20);
            change(&mut scene);
            outcome(&scene, budget)
        };
        assert_eq!(
            of(&|s| s.rendered = 0, &none),
            "refused: nothing is rendered, and 2 objects would be deleted"
        );
        assert_eq!(of(&|s| s.rendered = 0, &Budget { empty: true, ..none.clone() }), "2 go, 0 stay");
        assert_eq!(
            of(
                &|s| {
                    s.gaps.insert("Job.batch".to_owned());
                },
                &none
            ),
            "incomplete: not every Job.batch could be listed, so nothing is deleted"
        );
        assert_eq!(
            of(
                &|s| {
                    s.doubtful.insert("ConfigMap".to_owned());
                },
                &none
            ),
            "incomplete: some ConfigMap is unknown, so nothing is deleted"
        );
        assert_eq!(
            of(
                &|s| {
                    s.doubtful.insert("Secret".to_owned());
                },
                &none
            ),
            "2 go, 0 stay"
        );
        assert_eq!(
            of(
                &|s| {
                    s.uids.insert("uid-c000".to_owned());
                },
                &none
            ),
            "1 go, 1 stay"
        );
    }

    /// FLT-56: the kinds of the catalogue.
    #[test]
    fn flt_56_protected_kinds_have_to_be_named() {
        for (group, kind) in [
            ("", "Namespace"),
            ("", "PersistentVolume"),
            ("", "PersistentVolumeClaim"),
            ("apiextensions.k8s.io", "CustomResourceDefinition"),
            ("storage.k8s.io", "StorageClass"),
            ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
            ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
            ("apiregistration.k8s.io", "APIService"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ] {
            let members = [member(group, kind, "x")];
            assert_eq!(outcome(&scene(&members, 20), &Budget::default()), "0 go, 1 stay", "{kind}");
            for name in [kind.to_owned(), group_kind(group, kind)] {
                let budget = Budget { kinds: [name].into(), ..Budget::default() };
                assert_eq!(outcome(&scene(&members, 20), &budget), "1 go, 0 stay", "{kind}");
            }
        }
        let record = [member("", "Namespace", "ops")];
        let budget = Budget { kinds: ["Namespace".to_owned()].into(), ..Budget::default() };
        assert_eq!(outcome(&scene(&record, 20), &budget), "0 go, 1 stay", "it holds the record");
    }

    #[test]
    fn what_was_written_last_goes_first() {
        let members = [
            member("", "ConfigMap", "a"),
            member("apps", "Deployment", "b"),
            member("example.org", "Widget", "c"),
        ];
        let (deletions, _) = plan(&scene(&members, 20), &Budget::default()).unwrap();
        let names: Vec<&str> = deletions.iter().map(|deletion| &*deletion.id.name).collect();
        assert_eq!(names, ["c", "b", "a"]);
    }
}
