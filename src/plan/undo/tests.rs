//! What becomes of one object of a record, as tables.

use serde_json::{Value, json};

use super::*;
use crate::object::id::Gvk;
use crate::record::applyset::PART_OF_LABEL;
use crate::record::undo::{Did, State};

const SET: &str = "applyset-x-v1";

fn rules() -> Rules {
    Rules {
        set: SET.to_owned(),
        record_namespace: "shop".to_owned(),
        replace: BTreeSet::new(),
        places: None,
        gone: BTreeSet::new(),
    }
}

fn manager(name: &str, operation: &str, time: &str, fields: &[&str]) -> Value {
    let fields: serde_json::Map<String, Value> =
        fields.iter().map(|name| (format!("f:{name}"), json!({}))).collect();
    json!({"manager": name, "operation": operation, "apiVersion": "v1", "time": time, "fieldsV1": {"f:data": fields}})
}

/// A ConfigMap of the set.
fn config(uid: &str, data: Value, managers: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "shop", "uid": uid,
        "resourceVersion": "7", "labels": {PART_OF_LABEL: SET}, "managedFields": managers}, "data": data})
}

fn ours(time: &str) -> Value {
    manager("gitops", "Apply", time, &["a"])
}

fn entry(did: Did, before: Option<Value>, after: Option<Value>) -> Entry {
    let is = |object: Option<Value>| object.map_or(State::Absent, |object| State::Object(Box::new(object)));
    let id = ObjectId::new(&Gvk::new("", "v1", "ConfigMap"), "shop", "c");
    Entry { id, version: "v1".to_owned(), did, before: is(before), after: is(after) }
}

fn unknown(mut entry: Entry) -> Entry {
    entry.after = State::Unknown;
    entry
}

fn told(action: &Action) -> String {
    match action {
        Action::PutBack(put) => {
            let sends =
                |patch: &Option<Value>| patch.as_ref().map_or(0, |patch| patch.as_array().unwrap().len() - 1);
            format!(
                "put back {} content {} owners {}",
                put.wanted["data"],
                sends(&put.content),
                sends(&put.owners)
            )
        }
        Action::Create(object) => format!("create {}", object["data"]),
        Action::Replace(replace) => format!("replace {}", replace.1["data"]),
        Action::Delete(pin) => format!("delete {}", pin.uid),
        Action::Refused(reason) => format!("refused: {reason}"),
        Action::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn a_change_is_taken_back_where_nobody_has_been_since() {
    let before = config("u", json!({"a": "1"}), &[ours("1")]);
    let after = config("u", json!({"a": "2"}), &[ours("2")]);
    let change = || entry(Did::Change, Some(before.clone()), Some(after.clone()));
    let edit = |data: Value, by: &str| config("u", data, &[ours("2"), manager(by, "Update", "3", &["a"])]);
    let table: &[(Entry, Option<Value>, &str)] = &[
        (change(), Some(after.clone()), "put back {\"a\":\"1\"} content 1 owners 0"),
        (change(), Some(before.clone()), "nothing"),
        (
            change(),
            Some(config("u", json!({"a": "1"}), &[ours("2")])),
            "put back {\"a\":\"1\"} content 0 owners 1",
        ),
        (
            change(),
            Some(edit(json!({"a": "3"}), "kubectl-edit")),
            "refused: kubectl-edit changed it since the run",
        ),
        (
            change(),
            Some(edit(json!({"a": "2", "b": "x"}), "kubectl-edit")),
            "refused: kubectl-edit changed it since the run",
        ),
        (
            change(),
            Some(edit(json!({"a": "3"}), "operator")),
            "refused: data.a was changed since the run by operator",
        ),
        (
            change(),
            Some(edit(json!({"a": "2", "b": "x"}), "operator")),
            "put back {\"a\":\"1\",\"b\":\"x\"} content 1 owners 0",
        ),
        (
            change(),
            Some(config("u", json!({"a": "2", "b": "x"}), &[ours("2")])),
            "refused: data.b was changed since the run; who did it is not recorded",
        ),
        (
            change(),
            Some(config("u", json!({"a": "9"}), &[ours("4")])),
            "refused: gitops changed it since the run",
        ),
        (change(), None, "refused: somebody deleted it since the run"),
        (
            change(),
            Some(config("v", json!({"a": "2"}), &[ours("2")])),
            "refused: somebody made another one since the run",
        ),
        // Killed before it was noted what came after.
        (unknown(change()), Some(after.clone()), "put back {\"a\":\"1\"} content 1 owners 0"),
        (unknown(change()), Some(before.clone()), "nothing"),
        (
            unknown(change()),
            Some(edit(json!({"a": "3"}), "kubectl-edit")),
            "refused: kubectl-edit changed it since the run",
        ),
        (
            unknown(change()),
            Some(config(
                "u",
                json!({"a": "3"}),
                &[ours("1"), manager("kubectl-edit", "Update", "3", &["a"])],
            )),
            "nothing",
        ),
        (unknown(change()), None, "refused: somebody deleted it since the run"),
    ];
    for (entry, live, expected) in table {
        assert_eq!(told(&judge(entry, live.as_ref(), &rules())), *expected, "{live:?}");
    }
}

#[test]
fn what_was_made_goes_and_what_was_deleted_comes_back() {
    let one = config("u", json!({"a": "1"}), &[ours("1")]);
    let edited = config("u", json!({"a": "2"}), &[ours("1"), manager("kubectl-edit", "Update", "3", &["a"])]);
    let controlled =
        config("u", json!({"a": "1", "b": "x"}), &[ours("1"), manager("operator", "Update", "3", &["b"])]);
    let other = config("w", json!({"a": "9"}), &[ours("1")]);
    // Made anew by an undo that was killed, or could not do the rest.
    let again = config("w", json!({"a": "1"}), &[ours("1")]);
    let ownerless = config("w", json!({"a": "1"}), &[manager("gitops", "Update", "5", &["a"])]);
    let applied = config("w", json!({"a": "1"}), &[ours("5")]);
    let mut going = one.clone();
    going["metadata"]["deletionTimestamp"] = json!("t");
    let mut strangers = one.clone();
    strangers["metadata"]["labels"] = json!({});
    let created = || entry(Did::Create, None, Some(one.clone()));
    let deleted = || entry(Did::Delete, Some(one.clone()), None);
    let table: &[(Entry, Option<&Value>, &str)] = &[
        (created(), Some(&one), "delete u"),
        (created(), None, "nothing"),
        (created(), Some(&edited), "refused: kubectl-edit changed it since the run"),
        (created(), Some(&controlled), "delete u"),
        (created(), Some(&other), "refused: somebody made another one since the run"),
        (created(), Some(&going), "refused: it is being deleted; run again when it is gone"),
        (unknown(created()), Some(&one), "delete u"),
        (unknown(created()), Some(&edited), "refused: kubectl-edit changed it since the run"),
        (unknown(created()), Some(&strangers), "refused: whether the run made it is not known"),
        (unknown(created()), None, "nothing"),
        (deleted(), None, "create {\"a\":\"1\"}"),
        (deleted(), Some(&other), "refused: somebody made another one since the run"),
        (deleted(), Some(&again), "nothing"),
        (deleted(), Some(&ownerless), "put back {\"a\":\"1\"} content 0 owners 1"),
        (deleted(), Some(&applied), "refused: somebody made another one since the run"),
        (deleted(), Some(&going), "refused: it is being deleted; run again when it is gone"),
        (unknown(deleted()), Some(&one), "nothing"),
        (unknown(deleted()), None, "create {\"a\":\"1\"}"),
    ];
    for (entry, live, expected) in table {
        assert_eq!(told(&judge(entry, *live, &rules())), *expected, "{live:?}");
    }
}

#[test]
fn a_replacement_is_undone_only_for_kinds_that_are_named() {
    let (old, new) =
        (config("u", json!({"a": "1"}), &[ours("1")]), config("v", json!({"a": "2"}), &[ours("2")]));
    let replaced = entry(Did::Replace, Some(old.clone()), Some(new.clone()));
    let of = |entry: &Entry, live: Option<&Value>, kinds: &[&str]| {
        let replace = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        told(&judge(entry, live, &Rules { replace, ..rules() }))
    };
    assert_eq!(
        of(&replaced, Some(&new), &[]),
        "refused: it has to be deleted and made anew (--replace ConfigMap)"
    );
    assert_eq!(of(&replaced, Some(&new), &["ConfigMap"]), "replace {\"a\":\"1\"}");
    assert_eq!(of(&replaced, None, &["ConfigMap"]), "refused: somebody deleted it since the run");
    let half = unknown(replaced.clone());
    assert_eq!(of(&half, None, &[]), "create {\"a\":\"1\"}", "killed between the two");
    assert_eq!(of(&half, Some(&old), &[]), "nothing", "killed before the first");
    assert_eq!(
        of(&half, Some(&new), &["ConfigMap"]),
        "refused: whether the run made the one that is there is not known"
    );
}

/// A record that somebody else could have written makes undo touch nothing but members, where members are.
#[test]
fn a_forged_record_reaches_nothing_outside_of_the_set() {
    let member = config("u", json!({"a": "2"}), &[ours("2")]);
    let mut before = member.clone();
    before["data"]["a"] = json!("1");
    let mut stranger = member.clone();
    stranger["metadata"]["labels"] = json!({});
    let mut unapplied = member.clone();
    unapplied["metadata"]["managedFields"] = json!([]);
    let mut others = member.clone();
    others["metadata"]["labels"] = json!({PART_OF_LABEL: "applyset-other-v1"});
    let places = |kind: &str, namespaces: &[&str]| {
        let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
        Some(BTreeMap::from([(kind.to_owned(), namespaces)]))
    };
    let of = |entry: &Entry, live: Option<&Value>, places: Option<BTreeMap<String, BTreeSet<String>>>| {
        told(&judge(entry, live, &Rules { places, record_namespace: "ops".to_owned(), ..rules() }))
    };
    let change = entry(Did::Change, Some(before.clone()), Some(member.clone()));
    let fine = "put back {\"a\":\"1\"} content 1 owners 0";
    assert_eq!(of(&change, Some(&member), places("ConfigMap", &["shop"])), fine);
    assert_eq!(of(&change, Some(&member), None), fine);
    let elsewhere =
        "refused: it is in no place of the set, and the record could have been written by anybody";
    let foreign = "refused: it is no member of the set, and the record could have been written by anybody";
    assert_eq!(of(&change, Some(&member), places("ConfigMap", &["other"])), elsewhere);
    let change = |object: &Value| entry(Did::Change, Some(before.clone()), Some(object.clone()));
    assert_eq!(of(&change(&stranger), Some(&stranger), places("ConfigMap", &["shop"])), foreign);
    assert_eq!(of(&change(&unapplied), Some(&unapplied), places("ConfigMap", &["shop"])), foreign);
    assert_eq!(
        of(&change(&others), Some(&others), places("ConfigMap", &["shop"])),
        "refused: it belongs to another set"
    );
    assert_eq!(of(&change(&others), Some(&others), None), "refused: it belongs to another set");
    let plant = |object: &Value| entry(Did::Delete, Some(object.clone()), None);
    assert_eq!(of(&plant(&stranger), None, places("ConfigMap", &["shop"])), foreign);
    assert_eq!(of(&plant(&member), None, places("ConfigMap", &["shop"])), "create {\"a\":\"2\"}");
    let mut wide = plant(&member);
    wide.id = ObjectId::new(&Gvk::new("rbac.authorization.k8s.io", "v1", "ClusterRole"), "", "c");
    assert_eq!(of(&wide, None, places("ConfigMap", &["shop"])), elsewhere);
    let take = entry(Did::Create, None, Some(stranger.clone()));
    assert_eq!(of(&take, Some(&stranger), places("ConfigMap", &["shop"])), foreign, "nor does it delete");
}

#[test]
fn values_that_are_not_kept_are_not_guessed() {
    let digest = format!("hmac-sha256:{}", "A".repeat(43));
    let before = config("u", json!({"a": digest}), &[ours("1")]);
    let after = config("u", json!({"a": "2"}), &[ours("2")]);
    let change = entry(Did::Change, Some(before.clone()), Some(after.clone()));
    let places = Some(BTreeMap::from([("ConfigMap".to_owned(), BTreeSet::from(["shop".to_owned()]))]));
    let rules = Rules { places, ..rules() };
    let refused = "refused: values of it are kept only on the machine of that run";
    assert_eq!(told(&judge(&change, Some(&after), &rules)), refused);
    let deleted = entry(Did::Delete, Some(before), None);
    assert_eq!(
        told(&judge(&deleted, None, &rules)),
        "refused: its values are kept only on the machine of that run"
    );
    let mut lost = entry(Did::Change, None, Some(after.clone()));
    lost.before = State::Unknown;
    assert_eq!(told(&judge(&lost, Some(&after), &rules)), "refused: what it was is not kept here");
}

#[test]
fn guards_of_deletions_hold_and_steps_go_backwards() {
    let resource = |gvk: &Gvk| Resource {
        gvk: gvk.clone(),
        plural: String::new(),
        namespaced: true,
        has_status: false,
        listable: true,
    };
    let (mut entries, mut found) = (BTreeMap::new(), BTreeMap::new());
    let mut add = |group: &str, kind: &str, did: Did| {
        let gvk = Gvk::new(group, "v1", kind);
        let object = json!({"metadata": {"name": kind, "uid": kind, "resourceVersion": "1", "labels": {PART_OF_LABEL: SET},
            "managedFields": [ours("2")]}, "data": {"a": "2"}});
        let mut old = object.clone();
        old["data"]["a"] = json!("1");
        let id = ObjectId::new(&gvk, "", kind);
        let states = match did {
            Did::Create => [None, Some(object.clone())],
            Did::Delete => [Some(old), None],
            _ => [Some(old), Some(object.clone())],
        };
        let [before, after] = states;
        let live = (did != Did::Delete).then_some(object);
        entries.insert(id.clone(), Entry { id: id.clone(), ..entry(did, before, after) });
        found.insert(id, Found::Read(resource(&gvk), live));
    };
    add("apps", "Deployment", Did::Change);
    add("", "ConfigMap", Did::Change);
    add("", "Namespace", Did::Create);
    add("", "Secret", Did::Create);
    add("apps", "DaemonSet", Did::Delete);
    add("", "ServiceAccount", Did::Delete);
    let undo = plan(&entries, &found, &rules(), &Budget::default(), 20).unwrap();
    let writes: Vec<&str> =
        undo.steps.iter().filter(|step| step.is_write()).map(|step| &*step.id.kind).collect();
    assert_eq!(writes, ["ServiceAccount", "DaemonSet", "Deployment", "ConfigMap"]);
    let deletions: Vec<&str> = undo.plan.deletions().map(|step| &*step.id.kind).collect();
    assert_eq!(deletions, ["Secret"]);
    assert_eq!(undo.plan.kept.len(), 1, "the Namespace stays");
    assert!(!undo.is_whole() && !undo.is_empty());
    let none = Budget { most: Some(0), ..Budget::default() };
    assert!(matches!(plan(&entries, &found, &rules(), &none, 20), Err(Refusal::Guard(..))));
    let named = Budget { kinds: BTreeSet::from(["Namespace".to_owned()]), ..Budget::default() };
    assert!(plan(&entries, &found, &rules(), &named, 20).unwrap().is_whole());
    assert!(plan(&BTreeMap::new(), &found, &rules(), &none, 0).unwrap().is_empty());
}
