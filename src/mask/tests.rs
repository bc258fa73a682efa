use super::*;
use crate::compare::verdict::{Class, Note, NoteKind, Proof, Status};
use crate::object::id::{Gvk, ObjectId};
use crate::object::path::PathElement;
use serde_json::json;

fn field(path: FieldPath, desired: Option<Value>, base: Option<Value>, live: Option<Value>) -> FieldVerdict {
    FieldVerdict {
        path,
        class: Class::Drift,
        proof: Proof::Server,
        desired,
        base,
        live,
        writer: None,
        owners: Vec::new(),
        remark: None,
        line: None,
        file: None,
        counts: true,
    }
}

fn verdict(group: &str, kind: &str, fields: Vec<FieldVerdict>) -> ObjectVerdict {
    let gvk = Gvk::new(group, "v1", kind);
    let mut verdict = ObjectVerdict::bare(ObjectId::new(&gvk, "shop", "db"), gvk, Status::Drift, None);
    verdict.fields = fields;
    verdict
}

/// A path of field names; `[…]` is an item of a list by name.
fn path(names: &[&str]) -> FieldPath {
    FieldPath(
        names
            .iter()
            .map(|name| match name.strip_prefix('[') {
                Some(item) => {
                    let name = item.trim_end_matches(']');
                    PathElement::Key(vec![("name".to_owned(), json!(name))])
                }
                None => PathElement::Field((*name).to_owned()),
            })
            .collect(),
    )
}

/// Masks one field and returns its path and its sides: Git, base, live.
fn one(
    rules: &MaskRules,
    group: &str,
    kind: &str,
    at: &[&str],
    sides: [Option<Value>; 3],
) -> (String, [Option<Value>; 3]) {
    let [desired, base, live] = sides;
    let masked = mask(vec![verdict(group, kind, vec![field(path(at), desired, base, live)])], rules);
    let field = &masked.get()[0].fields[0];
    (field.path.to_string(), [field.desired.clone(), field.base.clone(), field.live.clone()])
}

fn secret(at: &[&str], sides: [Option<Value>; 3]) -> (String, [Option<Value>; 3]) {
    one(&MaskRules::default(), "", "Secret", at, sides)
}

#[test]
fn sec_34_marks_tell_the_side_and_nothing_else() {
    let text = |value: &str| Some(json!(value));
    for length in [1, 8, 4096] {
        let (a, b) = ("x".repeat(length), "y".repeat(length));
        let found = secret(&["data", "p"], [text(&a), None, text(&b)]);
        assert_eq!(found.1, [text("*** (Git)"), None, text("*** (live)")]);
    }
    let table = [
        (["a", "b", "c"], ["*** (Git)", "*** (base)", "*** (live)"]),
        (["a", "a", "c"], ["*** (Git)", "*** (Git)", "*** (live)"]),
        (["a", "c", "c"], ["*** (Git)", "*** (live)", "*** (live)"]),
        (["a", "b", "a"], ["***", "*** (base)", "***"]),
        (["a", "a", "a"], ["***", "***", "***"]),
    ];
    for (sides, marks) in table {
        assert_eq!(secret(&["data", "p"], sides.map(text)).1, marks.map(text), "{sides:?}");
    }
}

#[test]
fn keys_of_a_secret_stay_and_all_its_values_go() {
    let live = json!({"a": "1", "b": "2", "c": "3"});
    let desired = json!({"a": "1", "b": "9"});
    let masked = secret(&["data"], [Some(desired.clone()), None, Some(live.clone())]);
    assert_eq!(masked.1[0], Some(json!({"a": "***", "b": "*** (Git)"})));
    assert_eq!(masked.1[2], Some(json!({"a": "***", "b": "*** (live)", "c": "*** (live)"})));
    let whole = |data: Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data,
        "metadata": {"name": "db", "labels": {"app": "db"}}, "immutable": true, "stringdata": {"typo": "x"}})
    };
    let masked = secret(&[], [Some(whole(desired)), None, Some(whole(live))]);
    let found = masked.1[2].clone().unwrap();
    assert_eq!(found["data"], json!({"a": "***", "b": "*** (live)", "c": "*** (live)"}));
    assert_eq!(found["stringdata"], json!({"typo": "***"}));
    assert_eq!((&found["type"], &found["immutable"]), (&json!("Opaque"), &json!(true)));
    assert_eq!(found["metadata"]["labels"], json!({"app": "db"}));
}

#[test]
fn values_of_wrong_shape_are_hidden_whole() {
    let mark = Some(json!("*** (live)"));
    for live in [json!("text"), json!(["text"]), json!(7)] {
        assert_eq!(secret(&["data"], [None, None, Some(live)]).1[2], mark);
    }
    assert_eq!(secret(&["data", "a"], [None, None, Some(json!({"deep": "text"}))]).1[2], mark);
    let mixed = secret(&["data"], [Some(json!({"a": "x"})), None, Some(json!("x"))]);
    assert_eq!(mixed.1, [Some(json!("*** (Git)")), None, mark.clone()]);
    assert_eq!(
        secret(&["data", "a", "text"], [None, None, Some(json!("x"))]),
        ("data.a".to_owned(), [None, None, mark])
    );
}

/// SEC-31: what the object says of itself decides, not a file, a name or an annotation.
#[test]
fn sec_31_a_secret_is_known_by_its_own_kind() {
    let default = MaskRules::default();
    let shown = one(&default, "example.org", "Secret", &["data", "a"], [None, None, Some(json!("x"))]);
    assert_eq!(shown.1[2], Some(json!("x")), "another group's Secret");
    let mut renamed = verdict("", "Secret", vec![field(path(&["data", "a"]), None, None, Some(json!("x")))]);
    renamed.gvk = Gvk::new("", "", "ConfigMap");
    assert_eq!(mask(vec![renamed], &default).get()[0].fields[0].live, Some(json!(LIVE)));
    let mut moved =
        verdict("apps", "Deployment", vec![field(path(&["data", "a"]), None, None, Some(json!("x")))]);
    moved.gvk = Gvk::new("", "v1", "Secret");
    assert_eq!(mask(vec![moved], &default).get()[0].fields[0].live, Some(json!(LIVE)));
    let inner = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "x"}});
    for (kind, at, value) in [
        ("List", "items", json!([inner])),
        ("Wrapper", "spec", json!({"items": [{"manifest": inner}]})),
        ("SecretList", "items", json!([{"stringData": {"a": "x"}}])),
    ] {
        let found = one(&default, "", kind, &[at], [None, None, Some(value)]);
        let text = found.1[2].clone().unwrap().to_string();
        assert!(text.contains("\"a\":\"*** (live)\""), "{kind}: {text}");
    }
    let mut absent = verdict("x.example.org", "Wrapper", vec![]);
    absent.object = Some(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "x"}}));
    absent.reason = Some("x is wrong".to_owned());
    let masked = mask(vec![absent], &default);
    assert_eq!(masked.get()[0].object.as_ref().unwrap()["data"], json!({"a": "*** (Git)"}));
    assert_eq!(masked.get()[0].reason.as_deref(), Some("details withheld, they could quote a secret value"));
}

#[test]
fn sec_29_the_last_applied_copy_is_hidden_on_any_object() {
    let copy = "kubectl.kubernetes.io/last-applied-configuration";
    let default = MaskRules::default();
    for (group, kind) in [("", "Secret"), ("apps", "Deployment"), ("example.org", "Widget")] {
        let at = ["metadata", "annotations", copy];
        assert_eq!(one(&default, group, kind, &at, [None, None, Some(json!("x"))]).1[2], Some(json!(LIVE)));
        let map = json!({"metadata": {"annotations": {copy: "x", "b": "kept"}}});
        let found = one(&default, group, kind, &[], [None, None, Some(map)]).1[2].clone().unwrap();
        assert_eq!(found["metadata"]["annotations"], json!({copy: LIVE, "b": "kept"}));
    }
}

#[test]
fn sec_37_rules_hide_by_kind_and_path() {
    let rules = MaskRules::default().with("Widget.example.org", "spec.config.password").unwrap();
    let rules = rules.with("*", "**.env[DB].value").unwrap();
    let rules = rules.with("Widget.example.org", "spec.config.hidden").unwrap();
    let live = |value: Value| [None, None, Some(value)];
    let hidden: &[(&str, &str, &[&str], Value, Value)] = &[
        ("example.org", "Widget", &["spec", "config", "password"], json!("x"), json!(LIVE)),
        ("example.org", "Widget", &["spec", "config", "password"], json!({"a": 1}), json!(LIVE)),
        ("example.org", "Widget", &["spec"], json!({"config": {"password": "x", "a": 1}}), {
            json!({"config": {"password": LIVE, "a": 1}})
        }),
        (
            "apps",
            "Deployment",
            &["spec", "containers", "[web]", "env", "[DB]", "value"],
            json!("x"),
            json!(LIVE),
        ),
        (
            "apps",
            "Deployment",
            &["spec", "env"],
            json!([{"name": "DB", "value": "x"}, {"name": "A", "value": "x"}]),
            { json!([{"name": "DB", "value": LIVE}, {"name": "A", "value": "x"}]) },
        ),
        ("other.org", "Widget", &["spec", "config"], json!({"hidden": "kept"}), json!({"hidden": "kept"})),
        ("example.org", "Widget", &["spec", "config"], json!({"hidden": "x"}), json!({"hidden": LIVE})),
        // Defaults: known kinds, and telling names in custom resources.
        ("metallb.io", "BGPPeer", &["spec", "password"], json!("x"), json!(LIVE)),
        ("example.org", "Other", &["spec", "db", "admin_password"], json!("x"), json!(LIVE)),
        ("example.org", "Other", &["spec", "tokens"], json!("kept"), json!("kept")),
        (
            "example.org",
            "Other",
            &["spec", "password"],
            json!({"secretRef": "kept"}),
            json!({"secretRef": "kept"}),
        ),
        ("example.org", "Other", &["spec", "password"], json!(["x"]), json!(LIVE)),
        ("", "ConfigMap", &["data", "password"], json!("kept"), json!("kept")),
    ];
    for (group, kind, at, value, expected) in hidden {
        let found = one(&rules, group, kind, at, live(value.clone()));
        assert_eq!(found.1[2].as_ref(), Some(expected), "{kind} {at:?}");
    }
}

#[test]
fn texts_about_secrets_are_reduced_and_others_are_not() {
    let make = |group: &str, kind: &str| {
        let mut verdict =
            verdict(group, kind, vec![field(path(&["data", "a"]), None, None, Some(json!("x")))]);
        verdict.reason = Some("data[a]: Invalid value: \"x\"".to_owned());
        verdict.fields[0].remark = Some("order differs".to_owned());
        let paths = vec![path(&["data", "a", "x"])];
        verdict.notes =
            vec![Note { kind: NoteKind::Remark, writer: None, paths, text: "server refuses x".to_owned() }];
        verdict
    };
    let masked = mask(
        vec![make("", "Secret"), make("", "ConfigMap"), make("metallb.io", "BGPPeer")],
        &MaskRules::default(),
    );
    let [secret, plain, known] = masked.get().as_slice() else { panic!() };
    assert_eq!(secret.reason.as_deref(), Some(safe::WITHHELD));
    assert_eq!(secret.fields[0].remark.as_deref(), Some("order differs"));
    assert_eq!(secret.notes[0].text, safe::WITHHELD);
    assert_eq!(secret.notes[0].paths[0].to_string(), "data.a");
    assert_eq!(plain.reason.as_deref(), Some("data[a]: Invalid value: \"x\""));
    assert_eq!(known.reason.as_deref(), Some(safe::WITHHELD), "a kind with a rule of its own");
}
