use proptest::prelude::*;
use serde_json::json;

use super::*;

fn nowhere(_: usize) -> Option<usize> {
    None
}

fn field(path: FieldPath, name: &str) -> FieldPath {
    path.field(name)
}

fn names(names: &[&str]) -> FieldPath {
    names.iter().fold(FieldPath::default(), |path, name| field(path, name))
}

fn item(path: FieldPath, keys: &[(&str, Value)]) -> FieldPath {
    path.with(PathElement::Key(keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()))
}

fn covers(pattern: &str, path: &FieldPath) -> bool {
    PathPattern::parse(pattern).unwrap().relation(path, nowhere) == Relation::Covered
}

#[test]
fn a_pattern_covers_what_it_matches_and_everything_below() {
    let containers = || names(&["spec", "template", "spec", "containers"]);
    let image = item(containers(), &[("name", json!("web"))]).field("image");
    let port = item(names(&["spec", "ports"]), &[("port", json!(80)), ("protocol", json!("TCP"))]);
    let annotation = names(&["metadata", "annotations", "a.b/c"]);
    let finalizer = names(&["metadata", "finalizers"]).with(PathElement::Value(json!("x/y")));
    let argument = names(&["spec", "args"]).with(PathElement::Index(2));
    let table: &[(&str, &FieldPath, bool)] = &[
        ("spec", &image, true),
        ("*", &image, true),
        ("spec.template", &image, true),
        ("spec.replicas", &image, false),
        ("spec.template.spec.containers[*].image", &image, true),
        ("spec.template.spec.containers[web].image", &image, true),
        ("spec.template.spec.containers[\"web\"].image", &image, true),
        ("spec.template.spec.containers[name=web].image", &image, true),
        ("spec.template.spec.containers[name=w*].image", &image, true),
        ("spec.template.spec.containers[name=\"w*\"].image", &image, false),
        ("spec.template.spec.containers[db].image", &image, false),
        ("spec.template.spec.containers[image=web].image", &image, false),
        ("spec.template.spec.*.image", &image, false),
        ("*.template.*.containers[*]", &image, true),
        ("spec.ports[port=80]", &port, true),
        ("spec.ports[port=80,protocol=TCP]", &port, true),
        ("spec.ports[protocol=TCP,port=80]", &port, true),
        ("spec.ports[port=80.0]", &port, true),
        ("spec.ports[port=81]", &port, false),
        ("spec.ports[port=80,protocol=UDP]", &port, false),
        ("spec.ports[*]", &port, true),
        ("spec.ports[80]", &port, false),
        ("metadata.annotations[\"a.b/c\"]", &annotation, true),
        ("metadata.annotations[a.b/c]", &annotation, true),
        ("metadata.annotations[a.b/*]", &annotation, true),
        ("metadata.annotations[*]", &annotation, true),
        ("metadata.annotations.*", &annotation, true),
        ("metadata.annotations[\"a.b/*\"]", &annotation, false),
        ("metadata.finalizers[=\"x/y\"]", &finalizer, true),
        ("metadata.finalizers[=x/*]", &finalizer, true),
        ("metadata.finalizers[=x]", &finalizer, false),
        ("spec.args[2]", &argument, true),
        ("spec.args[3]", &argument, false),
    ];
    for (pattern, path, expected) in table {
        assert_eq!(covers(pattern, path), *expected, "{pattern} {path}");
    }
}

#[test]
fn what_is_left_of_a_longer_pattern_is_told() {
    let pattern = PathPattern::parse("spec.tolerations[key=a].effect").unwrap();
    let rest = |path: &FieldPath| match pattern.relation(path, nowhere) {
        Relation::Inside(rest) => rest.len(),
        Relation::Apart => 99,
        Relation::Covered => 0,
    };
    assert_eq!(rest(&names(&["spec", "tolerations"])), 2);
    assert_eq!(rest(&names(&["spec"])), 3);
    assert_eq!(rest(&names(&["spec", "replicas"])), 99);
    assert_eq!(rest(&FieldPath::default()), 4);
}

#[test]
fn a_pointer_goes_by_the_position_of_an_item() {
    let pointer = |name: &str| ElementPattern::Pointer(name.to_owned());
    let pattern = PathPattern::of("/a/0/b", vec![pointer("a"), pointer("0"), pointer("b")]);
    let path = item(names(&["a"]), &[("name", json!("web"))]).field("b");
    let at = |place: Option<usize>| {
        pattern.relation(&path, move |length| place.filter(|_| length == 2)) == Relation::Covered
    };
    assert!(at(Some(0)));
    assert!(!at(Some(1)) && !at(None));
    assert!(pattern.relation(&names(&["a", "0", "b"]), nowhere) == Relation::Covered, "a field named 0");
}

#[test]
fn wrong_patterns_are_told_with_their_place() {
    let table = [
        ("", 0, "a path is empty; `*` stands for every field"),
        ("spec..replicas", 5, "a name is missing; names are joined by one `.`"),
        ("spec.", 5, "a name is missing; names are joined by one `.`"),
        (".spec", 0, "a name is missing; names are joined by one `.`"),
        ("spec.**", 7, "`**` is not understood: `*` stands for one element, and a path covers all below it"),
        ("spec.[web]", 5, "`.` stands before a name, not before `[`"),
        ("spec[web", 8, "expected `]`"),
        ("spec[]", 5, "brackets hold a name, key=value, =value, a position or `*`"),
        ("spec[ web]", 9, "brackets hold a name, key=value, =value, a position or `*`"),
        ("spec[\"web]", 5, "a quoted text is not closed, or is no JSON"),
        ("spec[a=1,b]", 10, "expected `=` behind the name of a key"),
        ("spec[a*=1]", 5, "the name of a key is a text without wildcards"),
        ("spec[web]image", 9, "expected `.` or `[`"),
        ("spec a", 6, "a name has no blanks; write one that has as [\"a b\"]"),
        ("spec]", 4, "expected `.` or `[`"),
        ("\"spec\"", 0, "expected a name; write one with other characters as [\"a.b/c\"]"),
    ];
    for (text, at, message) in table {
        let error = PathPattern::parse(text).unwrap_err();
        assert_eq!((error.message.as_str(), error.at), (message, at), "{text:?}");
    }
    assert!(PathPattern::parse(&"a.".repeat(2_000)).is_err());
    assert!(PathPattern::parse(&format!("a{}", ".a".repeat(100))).is_err());
}

/// Names with everything that the syntax uses.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,3}", "[ -~]{0,4}", "[\\[\\]\"=,.*?\\\\]{0,3}", "\\PC{0,3}"]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        name().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(|number: f64| json!(number)),
        prop::sample::select(vec!["80", "true", "null", "1e30", "-1"]).prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn element() -> impl Strategy<Value = PathElement> {
    prop_oneof![
        name().prop_map(PathElement::Field),
        scalar().prop_map(|value| PathElement::Key(vec![("name".to_owned(), value)])),
        prop::collection::btree_map(name(), scalar(), 1..3)
            .prop_map(|keys| PathElement::Key(keys.into_iter().collect())),
        scalar().prop_map(PathElement::Value),
        Just(PathElement::Value(json!({"a": ["]", 1]}))),
        (0..100_usize).prop_map(PathElement::Index),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a report prints can be pasted into a rule, and means exactly that place.
    #[test]
    fn a_printed_path_is_a_pattern_of_itself(elements in prop::collection::vec(element(), 1..5), other in element()) {
        let path = FieldPath(elements);
        let pattern = PathPattern::parse(&path.to_string());
        prop_assert!(pattern.is_ok(), "{path}: {pattern:?}");
        let pattern = pattern.unwrap();
        prop_assert_eq!(pattern.relation(&path, nowhere), Relation::Covered, "{}", path);
        prop_assert_eq!(pattern.to_string(), path.to_string());
        // Another last element is not covered, unless it prints alike or is the same in other words.
        let mut neighbour = path.clone();
        neighbour.0.pop();
        neighbour.0.push(other);
        if pattern.relation(&neighbour, nowhere) == Relation::Covered {
            // A number and its text print alike, so they are one pattern.
            let printed = |key: &(String, Value)| PathElement::Key(vec![key.clone()]).to_string().replace('"', "");
            let alike = |key: &(String, Value), other: &(String, Value)| printed(key) == printed(other);
            let parts = |path: &FieldPath| path.0.last().map(|last| last.to_string().replace('"', "")).unwrap_or_default();
            let bare = |path: &FieldPath| parts(path).trim_matches(['[', ']', '=']).to_owned();
            let subset = matches!((path.0.last(), neighbour.0.last()), (Some(PathElement::Key(a)), Some(PathElement::Key(b))) if a.iter().all(|key| b.iter().any(|other| alike(key, other))));
            prop_assert!(subset || bare(&path) == bare(&neighbour), "{} covers {}", path, neighbour);
        }
    }
}
