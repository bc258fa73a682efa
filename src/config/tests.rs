use jiff::civil::date;

use super::*;
use crate::compare::ignore::What;
use crate::object::id::{Gvk, ObjectId};

fn read(text: &str) -> Result<Config, Vec<Notice>> {
    parse(FILE, text.as_bytes(), date(2026, 11, 21))
}

fn with(rest: &str) -> String {
    format!("apiVersion: gitops/v1\n{rest}")
}

const WHOLE: &str = "\
targets:
  - name: prod
    path: clusters/prod
    context: prod-eu
    cluster: {uid: 0b7c0000-1111-2222-3333-444455556666}
    namespace: shop
    recordNamespace: gitops
    renderer: auto
  - name: test
    path: ./clusters/../clusters/test
    renderer: helm
    helm: {releaseName: shop, values: [values.yaml], set: {image.tag: \"1\"}}
ignore:
  - reason: the autoscaler owns it
    kind: Deployment
    paths: [spec.replicas]
    managers: [kube-controller-manager]
    until: 2026-11-21
  - kind: Deploy*.apps
    name: web-?
    namespace: shop
    paths: ['metadata.annotations[\"a.b/c\"]']
  - managers: [k9s]
    until: 2026-11-20
";

#[test]
fn a_configuration_is_read() {
    let config = read(&with(WHOLE)).unwrap();
    let [prod, test] = &config.targets[..] else { panic!("two targets") };
    assert_eq!((prod.name.as_str(), prod.path.as_str(), prod.line), ("prod", "clusters/prod", 3));
    assert_eq!(prod.context.as_deref(), Some("prod-eu"));
    assert_eq!(prod.cluster.as_deref(), Some("0b7c0000-1111-2222-3333-444455556666"));
    assert_eq!((prod.namespace.as_deref(), prod.record_namespace.as_deref()), (Some("shop"), Some("gitops")));
    assert_eq!((prod.renderer, prod.helm), (Renderer::Auto, None));
    assert_eq!(test.path.as_str(), "clusters/test");
    assert_eq!((test.renderer, test.helm), (Renderer::NotYet("helm", 12, 15), Some((13, 11))));
    assert_eq!(config.rules.len(), 2, "the last one expired yesterday");
    let origin = &config.rules[0].origin;
    assert_eq!(
        (origin.place().as_str(), origin.reason.as_str()),
        ("gitops.yaml:15", "the autoscaler owns it")
    );
    assert!(
        matches!(&config.rules[0].what, What::Fields { paths, managers } if paths.len() == 1 && managers.len() == 1)
    );
    let id = |group: &str, kind: &str, namespace: &str, name: &str| {
        ObjectId::new(&Gvk::new(group, "v1", kind), namespace, name)
    };
    let selects = |id: &ObjectId| config.rules.iter().map(|rule| rule.objects.name(id)).collect::<Vec<_>>();
    assert_eq!(selects(&id("apps", "Deployment", "shop", "web-1")), [true, true]);
    assert_eq!(selects(&id("apps", "Deployment", "shop", "web")), [true, false]);
    assert_eq!(selects(&id("apps", "Deployment", "test", "web-1")), [true, false]);
    assert_eq!(selects(&id("example.org", "Deployment", "shop", "web-1")), [true, false]);
    assert_eq!(selects(&id("apps", "StatefulSet", "shop", "web-1")), [false, false]);
    let warnings: Vec<String> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["gitops.yaml:24:5: the ignore rule expired on 2026-11-20 and no longer applies"]);
}

#[test]
fn mistakes_are_told_with_line_column_and_the_way_out() {
    #[rustfmt::skip]
    let table: &[(&str, &[&str])] = &[
        ("", &["gitops.yaml: holds nothing | start with apiVersion: gitops/v1"]),
        ("targets: []\n", &["gitops.yaml:1:1: apiVersion is missing | add apiVersion: gitops/v1",
            "gitops.yaml:1:10: targets is empty | leave it out to compare the whole source"]),
        ("apiVersion: gitops/v2\n", &["gitops.yaml:1:13: apiVersion gitops/v2 is not known; expected gitops/v1"]),
        ("apiVersion: 1\n", &["gitops.yaml:1:13: apiVersion: expected a text, found a number | quote it if a text is meant"]),
        ("- a\n", &["gitops.yaml:1:1: the configuration: expected a map, found a list"]),
        ("apiVersion: [\n", &["gitops.yaml:2:1: "]),
        (&with("kind: Config\n"), &["gitops.yaml:2:1: unknown key `kind` in the configuration | known keys here: apiVersion, targets, ignore"]),
        (&with("ignroe: []\n"), &["gitops.yaml:2:1: unknown key `ignroe` in the configuration | did you mean ignore?"]),
        (&with("ignore:\n- manager: [a]\n"), &["gitops.yaml:3:3: unknown key `manager` in an ignore rule | did you mean managers?"]),
        (&with("ignore: {a: 1}\n"), &["gitops.yaml:2:9: ignore: expected a list, found a map"]),
        (&with("ignore: [x]\n"), &["gitops.yaml:2:10: an ignore rule: expected a map, found a text"]),
        (&with("ignore:\n- kind: Deployment\n"), &["gitops.yaml:3:3: the ignore rule has neither paths nor managers | name paths, for example [spec.replicas], or managers; `paths: [\"*\"]` is every field"]),
        (&with("ignore:\n- kind: Deployment\n  paths: spec.replicas\n"), &["gitops.yaml:4:10: paths: expected a list, found a text"]),
        (&with("ignore:\n- kind: Deployment\n  paths: [spec..replicas]\n"), &["gitops.yaml:4:11: \"spec..replicas\" is no path: at character 6: a name is missing; names are joined by one `.` | copy a path from a report, as in spec.containers[web].image"]),
        (&with("ignore:\n- paths: ['*']\n"), &["gitops.yaml:3:11: `*` without a kind or a name would ignore every field of every object | say which objects with kind or name"]),
        (&with("ignore:\n- {kind: '*', paths: ['*']}\n"), &["gitops.yaml:3:23: `*` without a kind or a name would ignore every field of every object | say which objects with kind or name"]),
        (&with("ignore:\n- {kind: true, paths: [a]}\n"), &["gitops.yaml:3:10: kind: expected a text, found a boolean | quote it if a text is meant"]),
        (&with("ignore:\n- {kind: A, paths: [a], until: soon}\n"), &["gitops.yaml:3:32: until: expected a day such as 2027-01-31, found \"soon\""]),
        (&with("ignore:\n- {kind: A, paths: [a], until: 2027-02-29}\n"), &["gitops.yaml:3:32: until: expected a day such as 2027-01-31, found \"2027-02-29\""]),
        (&with("ignore:\n- {kind: A, paths: [a], until: 20270131}\n"), &["gitops.yaml:3:32: until: expected a day such as 2027-01-31, found a number"]),
        (&with("targets:\n- path: a\n"), &["gitops.yaml:3:3: the target has no name"]),
        (&with("targets:\n- {name: a}\n"), &["gitops.yaml:3:3: the target has no path"]),
        (&with("targets:\n- {name: a, path: x}\n- {name: b, path: x}\n- {name: a, path: y}\n"), &["gitops.yaml:5:10: a second target of the name a; the first is in line 3 | every target is a set of its own and needs its own name"]),
        (&with("targets:\n- {name: Prod, path: x}\n"), &["gitops.yaml:3:10: \"Prod\" is no name of a target | at most 200 lower-case letters, digits, `-` and `.`, with a letter or digit at both ends"]),
        (&with("targets:\n- {name: a, path: ../x}\n"), &["gitops.yaml:3:19: path \"../x\" leads outside the source | name a directory of the source, from its root, with `/`"]),
        (&with("targets:\n- {name: a, path: /x}\n"), &["gitops.yaml:3:19: path \"/x\" is not a relative path inside the source | name a directory of the source, from its root, with `/`"]),
        (&with("targets:\n- {name: a, path: x, renderer: kustomise}\n"), &["gitops.yaml:3:32: \"kustomise\" is no renderer | did you mean kustomize?"]),
        (&with("targets:\n- {name: a, path: x, cluster: abc}\n"), &["gitops.yaml:3:31: cluster: expected a map, found a text"]),
        (&with("targets:\n- {name: a, path: x, cluster: {}}\n"), &["gitops.yaml:3:31: the cluster has no uid | print it with: kubectl get namespace kube-system -o jsonpath={.metadata.uid}"]),
        (&with("targets:\n- {name: a, path: x, namespace: A_b}\n"), &["gitops.yaml:3:33: \"A_b\" is no name of a namespace | at most 63 lower-case letters, digits and `-`, a letter or digit at both ends"]),
        (&with("targets:\n- {name: a, path: x, helm: {value: 1}}\n"), &["gitops.yaml:3:29: unknown key `value` in helm | did you mean values?"]),
        (&with("targets:\n- {name: a, path: x, context: ''}\n"), &["gitops.yaml:3:31: context is empty"]),
        (&with("targets:\n- {name: 1, path: x, contxt: y}\n"), &["gitops.yaml:3:10: name: expected a text, found a number | quote it if a text is meant",
            "gitops.yaml:3:22: unknown key `contxt` in a target | did you mean context?"]),
    ];
    for (text, expected) in table {
        let problems = read(text).unwrap_err();
        let shown: Vec<String> = problems
            .iter()
            .map(|problem| match &problem.hint {
                Some(hint) => format!("{problem} | {hint}"),
                None => problem.to_string(),
            })
            .collect();
        if *expected == ["gitops.yaml:2:1: "] {
            assert!(shown[0].starts_with(expected[0]), "{shown:?}");
        } else {
            assert_eq!(shown, *expected, "{text}");
        }
    }
}

#[test]
fn too_much_is_refused() {
    let rules = "- {kind: A, paths: [a]}\n".repeat(1_001);
    let problems = read(&with(&format!("ignore:\n{rules}"))).unwrap_err();
    assert_eq!(problems[0].message, "ignore: 1001 items; at most 1000 are read");
    let paths = "a, ".repeat(101);
    let problems = read(&with(&format!("ignore:\n- {{kind: A, paths: [{paths}]}}\n"))).unwrap_err();
    assert!(problems[0].message.starts_with("paths: 101 items"));
}

#[test]
fn rules_that_changed_are_told_by_what_they_say() {
    let stated = |text: &str| read(&with(text)).unwrap().stated;
    let before = stated(
        "ignore:\n- {kind: A, paths: [a], reason: x}\n- {kind: B, managers: [m], until: 2020-01-01}\n",
    );
    let moved = stated(
        "# moved\nignore:\n- {kind: B, managers: [m], until: 2020-01-01}\n- {reason: x, kind: A, paths: [a]}\n",
    );
    assert_eq!(changed(&moved, &before), (vec![], vec![]));
    let other = stated(
        "ignore:\n- {kind: A, paths: [a, b], reason: x}\n- {kind: B, managers: [m], until: 2020-01-01}\n",
    );
    let words =
        |rules: Vec<Stated>| rules.into_iter().map(|rule| (rule.line, rule.words)).collect::<Vec<_>>();
    let (more, less) = changed(&other, &before);
    assert_eq!(words(more), [(3, "A */*: a, b (x)".to_owned())]);
    assert_eq!(words(less), [(3, "A */*: a (x)".to_owned())]);
    let twice = stated("ignore:\n- {kind: A, paths: [a]}\n- {kind: A, paths: [a]}\n");
    let once = stated("ignore:\n- {kind: A, paths: [a]}\n");
    assert_eq!(words(changed(&twice, &once).0), [(4, "A */*: a".to_owned())]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    /// FUZZ-13: whatever stands in a configuration is read or refused with a place in the file.
    #[test]
    fn fuzz_13_no_text_is_too_much(
        text in "[a-z:{}\\[\\]'\"*&!, \n-]{0,80}",
        key in proptest::sample::select(vec!["", "ignore:\n- ", "targets:\n- ", "ignore:\n- paths: [", "ignore:\n- {kind: A, until: "]),
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
    ) {
        let whole = with(&format!("{key}{text}"));
        let lines = u32::try_from(whole.lines().count()).unwrap() + 1;
        if let Err(problems) = read(&whole) {
            proptest::prop_assert!(!problems.is_empty());
            proptest::prop_assert!(problems.iter().all(|problem| problem.line <= lines), "{problems:?}");
        }
        let _ = parse(FILE, &bytes, date(2026, 11, 21));
        let _ = crate::compare::ignore::jq::parse(&text);
        let _ = crate::object::pattern::PathPattern::parse(&text);
    }
}
