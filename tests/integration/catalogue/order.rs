//! The order of documents and of keys does not change a verdict.

use std::collections::BTreeMap;

use gitops::compare::survey::{Bases, Setting, survey};
use gitops::live::{LiveSet, Observed, Presence};
use gitops::object::id::ObjectId;
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::json;

use super::schemas::schemas;
use super::values::{catalog, gvk, resolved};

/// Name, and keys with their values.
type Document = (u8, Vec<(char, u8)>);

fn yaml(documents: &[Document]) -> String {
    let text = |(name, data): &Document| {
        let entries: Vec<String> = data.iter().map(|(key, value)| format!("{key}: \"{value}\"")).collect();
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{name}}}\ndata: {{{}}}\n",
            entries.join(", ")
        )
    };
    documents.iter().map(text).collect::<Vec<_>>().join("---\n")
}

/// Every verdict but for the places, as text; some objects are live with `a: "1"` and some are not.
fn verdicts(yaml: &str) -> Vec<String> {
    let desired = resolved(yaml, &catalog([&gvk("v1", "ConfigMap")]));
    let live = |id: &ObjectId| match id.name.as_str() {
        "c0" | "c1" => {
            let object = json!({"metadata": {"name": id.name, "namespace": "n", "managedFields": []}, "data": {"a": "1"}});
            Presence::Found(Observed { json: object.to_string().into_bytes().into() })
        }
        _ => Presence::Absent,
    };
    let live: LiveSet = desired.entries.keys().map(|id| (id.clone(), Ok(live(id)))).collect();
    let setting = Setting {
        desired: &desired,
        schemas: &BTreeMap::clone(schemas()),
        bases: &Bases::Unknown,
        policy: Default::default(),
        owners_recorded: true,
        rules: &Default::default(),
    };
    let found = survey(&setting, &live);
    let told = found
        .verdicts
        .iter()
        .map(|verdict| format!("{} {:?} {:?}", verdict.id, verdict.status, verdict.notes));
    told.chain(found.open.iter().map(|open| format!("{} {:?}", open.id, open.assessment))).collect()
}

fn shuffled() -> impl Strategy<Value = (Vec<Document>, Vec<Document>)> {
    let keys = prop::collection::btree_map(prop::char::range('a', 'd'), 0..3_u8, 0..4);
    let documents =
        prop::collection::vec((0..4_u8, keys.prop_map(|map| map.into_iter().collect::<Vec<_>>())), 0..5);
    documents.prop_flat_map(|documents| {
        let reversed: Vec<Document> =
            documents.iter().map(|(name, data)| (*name, data.iter().rev().copied().collect())).collect();
        (Just(documents), Just(reversed).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(Config { cases: 1000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn the_order_of_documents_and_keys_does_not_matter((documents, other) in shuffled()) {
        prop_assume!(!documents.is_empty());
        prop_assert_eq!(verdicts(&yaml(&documents)), verdicts(&yaml(&other)));
    }
}
