//! JSON and its schema, and what must hold for any verdicts in every format.

use proptest::prelude::*;

use super::*;
use crate::mask::mask;
use crate::mask::rules::MaskRules;
use crate::object::value::same;

const SCHEMA: &str = include_str!("../../../fixtures/report.schema.json");

fn schema() -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, document: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{} at {}", error, error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

const EVERYTHING: Show = Show { in_sync: true, foreign: true, ignored: true };

#[test]
fn the_json_report_is_what_its_schema_says() {
    let schema = schema();
    let mut report = report(sketch());
    report.targets.push(report.targets[0].clone());
    report.targets[1].cluster = Cluster::File { name: "prod.json".to_owned() };
    report.targets[1].warnings = vec![Notice {
        file: "web.yaml".to_owned(),
        line: 3,
        column: 5,
        message: "a key stands twice".to_owned(),
        hint: Some("the last one counts".to_owned()),
    }];
    let document = json(&report, Show::default());
    assert_valid(&schema, &document);
    assert_eq!(document["schemaVersion"], 1);
    assert_eq!((&document["exitCode"], &document["outcome"]), (&json!(3), &json!("incomplete")));
    assert_eq!(document["counts"], json!({"requests": 9, "dryRuns": 0, "elapsedMs": 314}));
    assert_eq!(document["summary"]["objects"], 10);
    let target = &document["targets"][0];
    assert_eq!((&target["summary"]["in-sync"], &target["summary"]["diverged"]), (&json!(2), &json!(1)));
    let names: Vec<&str> =
        target["objects"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["db", "banner", "web"], "objects in sync are left out");
    let image = &target["objects"][2]["fields"][0];
    let expected = json!({
        "path": "spec.template.spec.containers[web].image", "class": "drift", "counts": true, "proof": "server",
        "desired": "registry.example/web:1.4.2", "base": "registry.example/web:1.4.2", "live": "registry.example/web:1.4.3",
        "writer": {"recorded": "exactly", "manager": "kubectl-edit", "time": "2026-11-21T08:00:00Z"},
        "owners": [], "line": 23
    });
    assert_eq!(*image, expected);
    assert_eq!(target["objects"][2]["origin"], json!({"file": "web.yaml", "line": 1}));
    let added = target["objects"][2]["fields"][2].as_object().unwrap();
    let members: Vec<&str> = added.keys().map(String::as_str).collect();
    let expected = ["class", "counts", "line", "live", "owners", "path", "proof", "writer"];
    assert_eq!(members, expected, "an absent value has no member");
    let all = json(&report, EVERYTHING);
    assert_eq!(all["targets"][0]["objects"].as_array().unwrap().len(), 5);
    assert_eq!(document["targets"][1]["warnings"][0]["hint"], "the last one counts");
}

#[test]
fn a_null_is_a_value_and_an_absent_value_is_none() {
    let mut gone = field("spec.a", Class::Drift, json!("x"), Value::Null);
    gone.base = Some(Value::Null);
    let document = json(&report(vec![object("", "Pod", "a", Status::Drift, vec![gone])]), Show::default());
    let field = &document["targets"][0]["objects"][0]["fields"][0];
    assert_eq!((field.get("live"), field.get("base")), (None, Some(&Value::Null)));
}

#[test]
fn the_schema_is_strict() {
    let schema = schema();
    let document = json(&report(sketch()), Show::default());
    let break_at = |pointer: &str, value: Value| {
        let mut broken = document.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        broken
    };
    let broken = [
        break_at("/schemaVersion", json!(2)),
        break_at("/targets/0/objects/0/status", json!("fine")),
        break_at("/targets/0/objects/2/fields/0/class", json!("in-sync")),
        break_at("/targets/0/objects/2/fields/0/writer", json!({"recorded": "maybe"})),
        break_at("/targets/0/cluster", json!({"context": "x"})),
        break_at("/summary", json!({"objects": 1})),
        break_at("/source", json!({"display": "x", "dirty": false, "token": "x"})),
    ];
    for document in broken {
        assert!(!schema.is_valid(&document), "{document}");
    }
}

#[test]
fn the_schema_knows_every_word() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let words = |pointer: &str| -> Vec<String> {
        let list = schema.pointer(pointer).unwrap().as_array().unwrap();
        list.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let statuses: Vec<&str> = Status::ALL.into_iter().map(Status::word).collect();
    assert_eq!(words("/$defs/object/properties/status/enum"), statuses);
    let classes: Vec<&str> = Class::ALL.into_iter().map(Class::word).collect();
    assert_eq!(words("/$defs/field/properties/class/enum"), classes);
    let outcomes: Vec<&str> = Code::ALL.into_iter().map(Code::word).collect();
    assert_eq!(words("/properties/outcome/enum"), outcomes);
}

#[test]
fn notes_of_objects_in_sync_stand_apart() {
    let mut verdict = object("", "Service", "a", Status::InSync, vec![]);
    verdict.notes = vec![
        note(NoteKind::Adopt, None, &[], "not applied by gitops yet"),
        note(NoteKind::Foreign, Some("cainjector"), &["spec.x"], ""),
    ];
    let verdicts = vec![verdict, object("", "Service", "b", Status::InSync, vec![])];
    let target = json(&report(verdicts.clone()), Show::default())["targets"][0].clone();
    let expected = json!([{"apiVersion": "v1", "group": "", "kind": "Service", "namespace": "shop", "name": "a",
        "notes": [{"kind": "adopt", "paths": [], "text": "not applied by gitops yet"}]}]);
    assert_eq!((&target["notes"], &target["objects"]), (&expected, &json!([])));
    let target = json(&report(verdicts), EVERYTHING)["targets"][0].clone();
    assert_eq!(target["notes"], json!([]));
    let expected = json!({"kind": "foreign", "writer": "cainjector", "paths": ["spec.x"]});
    assert_eq!(target["objects"][0]["notes"][1], expected);
}

/// Values of any shape, not too deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        text_strategy().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map(key(), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "data",
        "stringData",
        "metadata",
        "annotations",
        "password",
        "kind",
        "apiVersion",
        "items",
        "name",
        "kubectl.kubernetes.io/last-applied-configuration",
        "a.conf",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => text_strategy()]
}

fn text_strategy() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        "(?s:.){0,12}",
        "[\\x00-\\x{a0}\\x{200b}-\\x{202e}\\n\\t ]{0,12}",
        Just("v1".to_owned()),
        Just("Secret".to_owned()),
        "[a-z \\n]{0,200}",
        "(\n? *::error::|##\\[x\\]|a\n){1,4}",
    ]
}

fn path_strategy() -> impl Strategy<Value = FieldPath> {
    proptest::collection::vec(key(), 0..4)
        .prop_map(|names| names.iter().fold(FieldPath::default(), |path, name| path.field(name)))
}

/// Three sides that are often equal.
fn sides() -> impl Strategy<Value = [Option<Value>; 3]> {
    let side = || proptest::option::weighted(0.8, value());
    ([side(), side(), side()], 0..8u8).prop_map(|([a, b, c], equal)| match equal {
        0 => [a.clone(), b, a],
        1 => [a.clone(), a, c],
        2 => [a, b.clone(), b],
        3 => [a.clone(), a.clone(), a],
        _ => [a, b, c],
    })
}

fn field_strategy() -> impl Strategy<Value = FieldVerdict> {
    let writer = (0..5u8, text_strategy(), text_strategy()).prop_map(|(pick, manager, time)| match pick {
        0 => None,
        1 => Some(Writer::SetBy { manager, time }),
        2 => Some(Writer::ChangedBy { manager, time }),
        3 => Some(Writer::Possibly { manager, time }),
        _ => Some(Writer::NotRecorded),
    });
    let class = (0..Class::ALL.len(), any::<bool>(), any::<bool>());
    let texts = (proptest::option::of(text_strategy()), proptest::option::of(1..99u32));
    (path_strategy(), class, sides(), writer, texts).prop_map(
        |(path, (class, counts, local), [desired, base, live], writer, texts)| FieldVerdict {
            path,
            class: Class::ALL[class],
            proof: if local { Proof::Local } else { Proof::Server },
            desired,
            base,
            live,
            writer,
            owners: Vec::new(),
            remark: texts.0,
            file: None,
            line: texts.1,
            counts,
        },
    )
}

fn verdict_strategy() -> impl Strategy<Value = ObjectVerdict> {
    let kinds = prop::sample::select(vec![
        ("", "Secret"),
        ("", "ConfigMap"),
        ("example.org", "Widget"),
        ("metallb.io", "BGPPeer"),
    ]);
    let kind = prop::sample::select(vec![
        NoteKind::Adopt,
        NoteKind::Addition,
        NoteKind::Foreign,
        NoteKind::Cosmetic,
        NoteKind::Ignored,
        NoteKind::Remark,
    ]);
    let notes = (
        kind,
        proptest::option::of(text_strategy()),
        proptest::collection::vec(path_strategy(), 0..4),
        text_strategy(),
    )
        .prop_map(|(kind, writer, paths, text)| Note { kind, writer, paths, text });
    let texts = (text_strategy(), proptest::option::of(text_strategy()), text_strategy());
    let object = proptest::option::of(proptest::collection::btree_map(key(), value(), 0..4));
    (
        (kinds, 0..Status::ALL.len(), 0..3u8, texts),
        proptest::collection::vec(field_strategy(), 0..3),
        proptest::collection::vec(notes, 0..3),
        object,
    )
        .prop_map(|(((group, kind), status, base, texts), fields, notes, object)| {
            let (name, reason, file): (String, Option<String>, String) = texts;
            let mut verdict = super::object(group, kind, &name, Status::ALL[status], fields);
            verdict.reason = reason;
            verdict.places = vec![(file, 1); usize::from(base)];
            verdict.base = match base {
                0 => BaseKind::Unknown,
                1 => BaseKind::LastApplied,
                _ => BaseKind::Revision("v1".to_owned()),
            };
            verdict.notes = notes;
            verdict.object = object.map(|map| Value::Object(map.into_iter().collect()));
            verdict
        })
}

fn all_formats(report: &Report) -> Vec<String> {
    let mut outputs = Vec::new();
    for show in [Show::default(), EVERYTHING] {
        outputs.push(text_with(report, &Options { show, ..options() }));
        outputs.push(json_text(report, show));
    }
    outputs.extend(hints::hints(report));
    outputs
}

/// Where a canary can hide in a Secret or in a sensitive place of another object.
fn hide_canary(canary: &str, place: u8, encoded: &str) -> ObjectVerdict {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(canary);
    let copy =
        json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": base64}, "stringData": {"b": canary}})
            .to_string();
    let annotations = json!({"kubectl.kubernetes.io/last-applied-configuration": copy});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "annotations": annotations},
        "data": {"a": base64, "list": [canary], "map": {"x": canary}}, "stringData": {"b": encoded}, "typo": {"c": canary}});
    let mut verdict = object("", "Secret", "db", Status::Drift, vec![]);
    let add = |verdict: &mut ObjectVerdict, at: &str, desired: Value, live: Value| {
        verdict.fields.push(field(at, Class::Drift, desired, live));
    };
    match place {
        0 => add(&mut verdict, "data.a", json!(encoded), json!("eA==")),
        1 => add(&mut verdict, "data", secret["data"].clone(), json!({"a": encoded})),
        2 => add(&mut verdict, "", secret.clone(), json!({"data": encoded, "stringData": [encoded]})),
        3 => verdict.object = Some(secret.clone()),
        4 => {
            verdict.reason = Some(format!("Secret \"db\" is invalid: data[a]: Invalid value: \"{encoded}\""))
        }
        5 => verdict.reason = Some(format!("the server refuses it: {encoded}")),
        6 => {
            add(&mut verdict, "data.a", json!("x"), json!("y"));
            verdict.fields[0].remark = Some(format!("value {encoded}"));
        }
        7 => verdict.notes = vec![note(NoteKind::Remark, None, &[], &format!("server said {encoded}"))],
        8 => {
            add(&mut verdict, "data.a", json!("x"), json!("y"));
            verdict.fields[0].base = Some(json!(encoded));
        }
        9 => {
            verdict = object("apps", "Deployment", "web", Status::Drift, vec![]);
            add(&mut verdict, "metadata.annotations", json!({"a": "b"}), annotations.clone());
            verdict.object = Some(json!({"kind": "Deployment", "metadata": {"annotations": annotations}}));
        }
        10 => {
            verdict = object("example.org", "Bundle", "b", Status::Drift, vec![]);
            add(&mut verdict, "spec", json!({"objects": [secret]}), json!({"db": {"password": encoded}}));
        }
        11 => {
            verdict = object("example.org", "Widget", "w", Status::Drift, vec![]);
            add(
                &mut verdict,
                "spec.config",
                json!({"hidden": encoded}),
                json!({"hidden": {"deep": [canary]}}),
            );
        }
        _ => {
            add(&mut verdict, "data.a", json!("x"), json!("y"));
            verdict.fields[0].path = FieldPath::default().field("data").field("a").field(encoded);
        }
    }
    verdict
}

/// Every spelling of a canary that must not occur: as it is, base64 at three alignments, base64url, hex, escaped for
/// URLs.
fn spellings(canary: &str) -> Vec<String> {
    use base64::Engine as _;
    let mut found = vec![canary.to_owned()];
    for pad in 0..3usize {
        let padded = [vec![b'x'; pad], canary.as_bytes().to_vec()].concat();
        let whole = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&padded);
        // Letters that hold bits of the canary alone.
        let from = (pad * 8).div_ceil(6);
        let to = padded.len() * 8 / 6;
        found.push(whole[from..to].to_owned());
        found.push(whole[from..to].replace('+', "-").replace('/', "_"));
    }
    let hex: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
    let url: String = canary.bytes().map(|b| format!("%{b:02X}")).collect();
    found.extend([hex.to_uppercase(), hex, url.to_lowercase(), url]);
    found
}

fn encode(canary: &str, how: usize, pad: usize) -> String {
    use base64::Engine as _;
    let padded = format!("{}{canary}", "x".repeat(pad));
    match how {
        0 => padded,
        1 => base64::engine::general_purpose::STANDARD.encode(padded),
        2 => base64::engine::general_purpose::URL_SAFE.encode(padded),
        3 => padded.bytes().map(|b| format!("{b:02x}")).collect(),
        4 => padded.bytes().map(|b| format!("%{b:02X}")).collect(),
        5 => Value::from(format!("a\n\"{padded}\"\n")).to_string(),
        _ => format!("folded\n  {padded}\n  text: \"{padded}\"\n"),
    }
}

proptest! {
    /// PROP-13: no output in any format holds a canary in any spelling.
    #[test]
    fn prop_13_no_secret_in_any_format(
        canary in "[a-zA-Z0-9]{12,24}", place in 0..13u8, how in 0..7usize, pad in 0..3usize, in_sync: bool,
    ) {
        let mut verdict = hide_canary(&canary, place, &encode(&canary, how, pad));
        if in_sync {
            verdict.status = Status::InSync;
        }
        let rules = MaskRules::default().with("Widget.example.org", "spec.config.hidden").unwrap();
        let mut shown = report(vec![]);
        shown.targets[0].verdicts = mask(vec![verdict], &rules);
        for output in all_formats(&shown) {
            for spelling in spellings(&canary) {
                prop_assert!(!output.contains(&spelling), "place {place} holds {spelling}:\n{output}");
            }
        }
    }

    /// PROP-14: masking changes no status, no class and no number of fields, and sides are equal exactly if they were.
    #[test]
    fn prop_14_masking_keeps_the_verdict(verdicts in proptest::collection::vec(verdict_strategy(), 0..4)) {
        let masked = mask(verdicts.clone(), &MaskRules::default());
        prop_assert_eq!(masked.get().len(), verdicts.len());
        for (before, after) in verdicts.iter().zip(masked.get()) {
            prop_assert_eq!((&before.id, before.status), (&after.id, after.status));
            prop_assert_eq!(before.fields.len(), after.fields.len());
            for (before, after) in before.fields.iter().zip(&after.fields) {
                prop_assert_eq!((before.class, before.counts), (after.class, after.counts));
                let equal = |a: &Option<Value>, b: &Option<Value>| match (a, b) {
                    (Some(a), Some(b)) => same(a, b),
                    (None, None) => true,
                    _ => false,
                };
                prop_assert_eq!(equal(&before.desired, &before.live), equal(&after.desired, &after.live), "{:?} {:?}", before, after);
                prop_assert_eq!(equal(&before.base, &before.live), equal(&after.base, &after.live), "{:?} {:?}", before, after);
                prop_assert_eq!(equal(&before.desired, &before.base), equal(&after.desired, &after.base), "{:?} {:?}", before, after);
            }
        }
    }

    /// PROP-16, G17: JSON fits its schema, both formats count alike and are the same each time, and nothing that harms a
    /// terminal comes out.
    #[test]
    fn prop_16_formats_agree_and_are_clean(verdicts in proptest::collection::vec(verdict_strategy(), 0..4)) {
        let shown = report(verdicts);
        let first = all_formats(&shown);
        prop_assert_eq!(&first, &all_formats(&shown));
        for output in &first {
            let harmful = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!output.contains(harmful), "{:?}", output);
            let command = output.lines().find(|line| line.trim_start().starts_with("::") || line.contains("##["));
            prop_assert_eq!(command, None);
        }
        prop_assert!(!first[0].lines().any(|line| line.ends_with([' ', '\t'])), "trailing blanks:\n{}", first[0]);
        let document: Value = serde_json::from_str(&first[3]).unwrap();
        assert_valid(&schema(), &document);
        let listed = document["targets"][0]["objects"].as_array().unwrap().len();
        prop_assert_eq!(document["summary"]["objects"].as_u64().unwrap() as usize, listed);
        let line = first[0].lines().last().unwrap();
        for status in Status::ALL {
            let number = document["summary"][status.word()].as_u64().unwrap();
            let word = if status == Status::InSync { "in sync" } else { status.word() };
            let counted = line.contains(&format!(" {number} {word}"));
            prop_assert_eq!(counted, number > 0, "{} in {}", status.word(), line);
        }
    }
}
