//! What holds for any object: it does not differ from itself, the order of the input does not matter, and ignoring
//! additions adds nothing.

use gitops::compare::judge::{AddedPolicy, Answer};
use gitops::compare::verdict::{ObjectVerdict, Status};
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
