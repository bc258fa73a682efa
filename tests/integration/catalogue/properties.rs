//! What holds for any object: it does not differ from itself, the order of the input does not matter, and ignoring
//! additions adds nothing.

use std::sync::Arc;

use gitops::compare::ignore::Rule;
use gitops::compare::judge::{AddedPolicy, Answer};
use gitops::compare::local::Admission;
use gitops::compare::verdict::{ObjectVerdict, Status};
use gitops::object::path::FieldPath;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

use super::values::Case;

/// Text of few values, so that two objects often agree.
fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", ""])
}

fn words() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(word().prop_filter("a key has a name", |key| !key.is_empty()), word(), 0..3)
        .prop_map(|map| json!(map))
}

/// Items of a keyed list in any order, no key twice.
fn keyed(key: &'static str, field: &'static str) -> impl Strategy<Value = Value> {
    let names = Just(vec!["x", "y", "z"]).prop_shuffle();
    (names, prop::collection::vec(word(), 3), 0..4_usize).prop_map(move |(names, values, count)| {
        let items =
            names.into_iter().zip(values).take(count).map(|(name, value)| json!({key: name, field: value}));
        items.collect()
    })
}

fn container() -> impl Strategy<Value = Value> {
    let quantity = prop::sample::select(vec!["1", "1000m", "0.5", "500m"]);
    (word(), keyed("name", "value"), prop::option::of(quantity)).prop_map(|(image, env, cpu)| {
        let mut container = json!({"name": "web", "image": image, "env": env});
        if let Some(cpu) = cpu {
            container["resources"] = json!({"limits": {"cpu": cpu}});
        }
        container
    })
}

/// A Deployment with fields of every kind: scalars, maps, keyed lists and lists that are compared as a whole.
fn deployment() -> impl Strategy<Value = Value> {
    let parts = (
        prop::option::of(0..4_u32),
        prop::option::of(words()),
        prop::option::of(container()),
        prop::option::of(keyed("name", "image")),
        prop::option::of(keyed("key", "operator")),
        prop::option::of(words()),
    );
    parts.prop_map(|(replicas, labels, web, init, tolerations, selector)| {
        let mut pod = Map::new();
        pod.extend(web.map(|web| ("containers".to_owned(), json!([web]))));
        pod.extend(init.map(|init| ("initContainers".to_owned(), init)));
        pod.extend(tolerations.map(|tolerations| ("tolerations".to_owned(), tolerations)));
        pod.extend(selector.map(|selector| ("nodeSelector".to_owned(), selector)));
        let mut object = json!({"spec": {"template": {"spec": pod}}});
        if let Some(labels) = labels {
            object["metadata"]["labels"] = labels;
        }
        if let Some(replicas) = replicas {
            object["spec"]["replicas"] = json!(replicas);
        }
        object
    })
}

/// What Git has, what is live, what we applied, what others wrote, and what the server answers.
type Sides = (Value, Value, Value, Value, Value);

fn sides() -> impl Strategy<Value = Sides> {
    (deployment(), deployment(), deployment(), deployment(), deployment())
}

fn case((git, live, ours, edited, _): &Sides) -> Case {
    let case = Case::of("apps/v1", "Deployment").git(git).live(live).ours(ours).base(ours);
    case.by("kubectl-edit", edited).by("operator", ours).through(
        "kubectl",
        "scale",
        &json!({"spec": {"replicas": 1}}),
    )
}

/// Rules about fields of the generated objects, as a configuration states them.
fn rules() -> impl Strategy<Value = Vec<Arc<Rule>>> {
    const PATHS: &[&str] = &[
        "*",
        "spec.replicas",
        "metadata.labels",
        "metadata.labels.*",
        "spec.template.spec.containers[*].image",
        "spec.template.spec.containers[web]",
        "spec.template.spec.containers[*].env",
        "spec.template.spec.containers[*].env[y].value",
        "spec.template.spec.containers[name=web].resources.limits",
        "spec.template.spec.initContainers[x]",
        "spec.template.spec.initContainers[*].image",
        "spec.template.spec.tolerations",
        "spec.template.spec.tolerations[*].operator",
        "spec.template.spec.tolerations[key=x]",
        "spec.template.spec.nodeSelector.a",
        "spec.template.spec.nodeSelector[*]",
    ];
    const MANAGERS: &[&str] = &["kubectl-edit", "operator", "kubectl/scale", "kube*", "*"];
    let paths = prop::sample::subsequence(PATHS, 0..4);
    let managers = prop::sample::subsequence(MANAGERS, 0..2);
    let one = (paths, managers).prop_filter("a rule says something", |(a, b)| !a.is_empty() || !b.is_empty());
    prop::collection::vec(one, 1..3).prop_map(|rules| {
        let rules: Vec<Value> = rules
            .into_iter()
            .map(|(paths, managers)| json!({"kind": "Deployment", "paths": paths, "managers": managers}))
            .collect();
        let text = json!({"apiVersion": "gitops/v1", "ignore": rules}).to_string();
        let day = jiff::civil::date(2026, 1, 1);
        gitops::config::parse("gitops.yaml", text.as_bytes(), day).expect("the rules are well formed").rules
    })
}

fn answer((.., predicted): &Sides) -> Answer {
    Answer::Stored(predicted.clone())
}

fn config() -> Config {
    Config { cases: 1000, failure_persistence: None, ..Config::default() }
}

fn differing(verdict: &ObjectVerdict) -> Vec<String> {
    verdict.fields.iter().map(|field| format!("{} {}", field.path, field.class.word())).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_object_does_not_differ_from_itself(object in deployment(), other in deployment()) {
        let case = Case::of("apps/v1", "Deployment").git(&object).live(&object).by("operator", &other);
        case.judged().is("in-sync", &[]);
    }

    #[test]
    fn the_order_of_managers_does_not_matter(sides in sides()) {
        let judged = case(&sides).judged_if_asked(answer(&sides));
        let reversed = case(&sides).entries_reversed().judged_if_asked(answer(&sides));
        prop_assert_eq!(judged, reversed);
    }

    #[test]
    fn ignoring_additions_never_adds_a_difference(sides in sides()) {
        let counted = case(&sides).judged_if_asked(answer(&sides));
        for added in [AddedPolicy::Note, AddedPolicy::Ignore] {
            let ignored = case(&sides).added(added).judged_if_asked(answer(&sides));
            let all = differing(&counted);
            prop_assert!(differing(&ignored).iter().all(|field| all.contains(field)), "{:?}", ignored.fields);
            prop_assert!(ignored.status == Status::InSync || counted.status != Status::InSync);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 2_500, ..config() })]

    /// PROP-23: a rule takes differences away and adds none, whatever it names and whatever the server answers. Four sets of
    /// rules for each object: 10,000 cases.
    #[test]
    fn prop_23_an_ignore_rule_never_adds_a_difference(
        sides in sides(),
        sets in prop::collection::vec(rules(), 4),
        asked: bool,
    ) {
        let local = Answer::Unavailable { reason: "not asked".to_owned(), admission: Admission::NoneMatches };
        let said = if asked { answer(&sides) } else { local };
        let all = case(&sides).judged_if_asked(said.clone());
        for rules in sets {
            let less = case(&sides).rules(&rules).judged_if_asked(said.clone());
            let (before, after) = (differing(&all), differing(&less));
            prop_assert!(after.iter().all(|field| before.contains(field)), "{:?}\n{:?}", before, after);
            prop_assert!(less.status == Status::InSync || all.status != Status::InSync);
            prop_assert!(less.status != Status::Unknown || all.status == Status::Unknown);
            // Nothing gets lost either: what was found without rules is listed or ignored.
            let ignored = |path: &FieldPath| less.ignored.iter().any(|ignored| path.starts_with(&ignored.path));
            for field in all.fields.iter().filter(|_| asked) {
                let shown = after.contains(&format!("{} {}", field.path, field.class.word()));
                prop_assert!(shown || ignored(&field.path), "{} is lost", field.path);
            }
        }
    }
}
