//! What differs between a saved plan and the one that is computed when it is to be performed. Anything that does makes it stale.

use std::collections::{BTreeMap, BTreeSet};

use super::saved::{Basis, Cluster, Key, Saved, SavedStep, Told};
use crate::object::id::ObjectId;

impl Basis {
    /// What differs, in sentences that begin with what it is about; nothing if the plan still holds.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let Self { tool, command, commit: _, dirty, path, renderer, set, cluster, inputs, since } = self;
        let mut all = Vec::new();
        let mut compare = |what: &str, then: &str, now: &str| {
            if then != now {
                all.push(format!("{what} was {} and is {}", said(then), said(now)));
            }
        };
        compare("the version of gitops", tool, &now.tool);
        compare("the command", command, &now.command);
        compare("the cluster", &cluster.text(), &now.cluster.text());
        compare("the set", set, &now.set);
        compare("the path", path, &now.path);
        compare("the renderer", renderer, &now.renderer);
        let commit = |commit: &Option<String>| commit.clone().unwrap_or_else(|| "no commit".to_owned());
        compare("the commit", &commit(&self.commit), &commit(&now.commit));
        if *dirty != now.dirty {
            all.push(match dirty {
                true => "the source had uncommitted changes, and has none now".to_owned(),
                false => "the source has uncommitted changes now".to_owned(),
            });
        }
        all.extend(of_inputs(inputs, &now.inputs));
        if *since != now.since {
            let [then, now] = [since, &now.since].map(|moment| said(moment.as_deref().unwrap_or_default()));
            all.push(format!("the moment of --since was {then} and is {now}"));
        }
        all
    }
}

impl Saved {
    /// What differs, the basis first; nothing if the plan still holds. The time at which it was made does not matter.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let Self { made_at: _, basis, key, render, steps, blocked, held, left } = self;
        let mut all = basis.differences(&now.basis);
        if *key != now.key {
            // Digests of two keys have nothing to do with each other.
            all.push(of_keys(key, &now.key).to_owned());
            return all;
        }
        if *render != now.render {
            all.push("the render is another one: the same source gives other objects now".to_owned());
        }
        all.extend(of_steps(steps, &now.steps));
        all.extend(of_told(["it could not be written", "it cannot be written now"], blocked, &now.blocked));
        all.extend(of_told(["it was to be left", "it is left now"], left, &now.left));
        let objects = |held: &[String]| -> BTreeSet<String> { held.iter().cloned().collect() };
        for object in objects(held).symmetric_difference(&objects(&now.held)) {
            all.push(format!("{object}: which of its fields a controller holds changed"));
        }
        if all.is_empty() && self.order() != now.order() {
            all.push("the order of the steps changed".to_owned());
        }
        all
    }

    /// Everything that is listed, in its order.
    fn order(&self) -> (&[SavedStep], &[Told], &[String], &[Told]) {
        (&self.steps, &self.blocked, &self.held, &self.left)
    }
}

impl Cluster {
    fn text(&self) -> String {
        match self {
            Self::Uid(uid) => uid.clone(),
            Self::Server(digest) => format!("known by its URL alone ({digest})"),
        }
    }
}

fn said(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

fn of_inputs(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let of = |inputs: &BTreeMap<String, String>, name: &String| inputs.get(name).cloned();
    let differing = names.into_iter().filter(|name| of(then, name) != of(now, name));
    let told = differing.map(|name| {
        // Those of flags are one word; others say themselves what they are.
        let what = if name.contains(' ') { name.clone() } else { format!("--{name}") };
        let said = |value: Option<String>| value.unwrap_or_else(|| "not given".to_owned());
        format!("{what} was {} and is {}", said(of(then, name)), said(of(now, name)))
    });
    told.collect()
}

fn of_keys(then: &Key, now: &Key) -> &'static str {
    match (then, now) {
        (Key::Plan(_), Key::Set(_)) => "the set had no record and has one now: another run wrote it",
        (Key::Set(_), Key::Plan(_)) => "the record of the set is gone, or cannot be read",
        _ => "the record of the set was made anew",
    }
}

fn of_steps(then: &[SavedStep], now: &[SavedStep]) -> Vec<String> {
    let by_id = |steps: &[SavedStep]| -> BTreeMap<ObjectId, Vec<SavedStep>> {
        let mut all: BTreeMap<ObjectId, Vec<SavedStep>> = BTreeMap::new();
        steps.iter().for_each(|step| all.entry(step.id()).or_default().push(step.clone()));
        all
    };
    let (then, now) = (by_id(then), by_id(now));
    let ids: BTreeSet<&ObjectId> = then.keys().chain(now.keys()).collect();
    let told = ids.into_iter().filter_map(|id| {
        let what = match (then.get(id).map(Vec::as_slice), now.get(id).map(Vec::as_slice)) {
            (then, now) if then == now => return None,
            (Some([then]), Some([now])) => of_step(then, now),
            (Some([then, ..]), None) => {
                format!("the plan is to {} it, and now nothing is to be done", then.action)
            }
            (None, Some([now, ..])) => {
                format!("the plan leaves it, and now it is to be {}", done(&now.action))
            }
            _ => "the plan speaks of it more than once".to_owned(),
        };
        Some(format!("{id}: {what}"))
    });
    told.collect()
}

fn of_step(then: &SavedStep, now: &SavedStep) -> String {
    match (&then.uid, &now.uid) {
        (Some(_), None) => return "it is gone since the plan was made".to_owned(),
        (None, Some(_)) => return "it exists now, and did not when the plan was made".to_owned(),
        (Some(then), Some(now)) if then != now => {
            return "it was deleted and made anew since the plan was made (another uid)".to_owned();
        }
        _ => {}
    }
    if then.live.is_some() && now.live.is_some() && then.live != now.live {
        return "somebody changed it since the plan was made".to_owned();
    }
    if then.action != now.action {
        return format!("the plan is to {} it, and now it is to be {}", then.action, done(&now.action));
    }
    if then.api_version != now.api_version {
        return format!("its version was {} and is {}", then.api_version, now.api_version);
    }
    if then.sends != now.sends {
        return "what is to be written changed".to_owned();
    }
    "what is said about it changed".to_owned()
}

/// An action as what is done to an object.
fn done(action: &str) -> String {
    match action {
        "create" | "update" | "replace" | "delete" => format!("{action}d"),
        "revert" => "reverted".to_owned(),
        "later" => "created later".to_owned(),
        other => other.to_owned(),
    }
}

/// What is told only by one of the plans, in the words for either.
fn of_told([gone, new]: [&str; 2], then: &[Told], now: &[Told]) -> Vec<String> {
    let set = |told: &[Told]| -> BTreeSet<Told> { told.iter().cloned().collect() };
    let (then, now) = (set(then), set(now));
    let gone = then.difference(&now).map(|told| format!("{}: {gone}: {}", told.object, told.reason));
    let new = now.difference(&then).map(|told| format!("{}: {new}: {}", told.object, told.reason));
    gone.chain(new).collect()
}

#[cfg(test)]
mod tests {
    use super::super::saved::tests::{plan, step};
    use super::*;

    /// A change of a plan, and what is said about it.
    type Case = (&'static str, fn(&mut Saved));

    const CASES: &[Case] = &[
        ("the version of gitops was 0.1 and is 0.2", |p| p.basis.tool = "0.2".into()),
        ("the command was apply and is revert", |p| p.basis.command = "revert".into()),
        ("the cluster was c-1 and is c-2", |p| p.basis.cluster = Cluster::Uid("c-2".into())),
        ("the cluster was c-1 and is known by its URL alone (c-1)", |p| {
            p.basis.cluster = Cluster::Server("c-1".into())
        }),
        ("the set was shop/prod and is shop/test", |p| p.basis.set = "shop/test".into()),
        ("the path was clusters/prod and is nothing", |p| p.basis.path = String::new()),
        ("the renderer was plain and is kustomize", |p| p.basis.renderer = "kustomize".into()),
        ("the commit was 4f2c1e9 and is 4f2c1e8", |p| p.basis.commit = Some("4f2c1e8".into())),
        ("the commit was 4f2c1e9 and is no commit", |p| p.basis.commit = None),
        ("the source has uncommitted changes now", |p| p.basis.dirty = true),
        ("--prune was true and is not given", |p| p.basis.inputs.clear()),
        ("--replace was not given and is Job", |p| {
            drop(p.basis.inputs.insert("replace".into(), "Job".into()))
        }),
        ("remote https://h/r v1 was not given and is 12", |p| {
            drop(p.basis.inputs.insert("remote https://h/r v1".into(), "12".into()));
        }),
        ("the moment of --since was nothing and is m", |p| p.basis.since = Some("m".into())),
        ("the record of the set was made anew", |p| p.key = Key::of_plan(&[8; 32])),
        ("the set had no record and has one now: another run wrote it", |p| p.key = Key::Set("k".into())),
        ("the render is another one: the same source gives other objects now", |p| p.render.push('0')),
        ("ConfigMap shop/banner: the plan is to create it, and now nothing is to be done", |p| {
            drop(p.steps.remove(0))
        }),
        ("ConfigMap shop/new: the plan leaves it, and now it is to be created", |p| {
            p.steps.push(step("create", "ConfigMap", "new"));
        }),
        ("ConfigMap shop/banner: it exists now, and did not when the plan was made", |p| {
            p.steps[0] = step("update", "ConfigMap", "banner");
        }),
        ("Deployment shop/web: it is gone since the plan was made", |p| {
            p.steps[1] = step("create", "Deployment", "web")
        }),
        ("Deployment shop/web: it was deleted and made anew since the plan was made (another uid)", |p| {
            p.steps[1].uid = Some("other".into());
        }),
        ("Deployment shop/web: somebody changed it since the plan was made", |p| {
            p.steps[1].live = Some(String::new())
        }),
        ("Deployment shop/web: the plan is to update it, and now it is to be replaced", |p| {
            p.steps[1].action = "replace".into();
        }),
        ("Deployment shop/web: its version was apps/v1 and is apps/v2", |p| {
            p.steps[1].api_version = "apps/v2".into()
        }),
        ("Deployment shop/web: what is to be written changed", |p| p.steps[1].sends = Some(String::new())),
        ("Deployment shop/web: what is said about it changed", |p| p.steps[1].note = Some("x".into())),
        ("Service shop/old: it is gone since the plan was made", |p| p.steps[2].uid = None),
        ("Service shop/old: the plan speaks of it more than once", |p| p.steps.push(p.steps[2].clone())),
        ("ConfigMap shop/broken: it could not be written: invalid", |p| p.blocked.clear()),
        ("Namespace shop: it is left now: protected", |p| {
            p.left.push(Told { object: "Namespace shop".into(), reason: "protected".into() });
        }),
        ("Deployment shop/web: which of its fields a controller holds changed", |p| p.held.clear()),
        ("the order of the steps changed", |p| p.steps.swap(0, 1)),
    ];

    #[test]
    fn whatever_differs_is_named() {
        let was = plan();
        for (expected, change) in CASES {
            let mut now = plan();
            change(&mut now);
            assert_eq!(was.differences(&now), [*expected]);
        }
    }

    #[test]
    fn a_plan_that_holds_says_nothing_and_its_age_does_not_matter() {
        let mut now = plan();
        now.made_at = "2027-01-01T00:00:00Z".to_owned();
        assert_eq!(plan().differences(&now), [""; 0]);
        now.basis.dirty = true;
        now.render.push('0');
        assert_eq!(plan().differences(&now).len(), 2, "all of it is told");
    }
}
