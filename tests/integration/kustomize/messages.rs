//! Errors like a compiler's: where, what was found, what was expected, and what is near.

use super::cases;
use super::oracle::Case;
use gitops::render::RenderError;
use gitops::render::kustomize::kustomization::FIELDS;
use gitops::render::kustomize::{Options, render};
use gitops::source::tree::RepoPath;

fn problem(case: &Case) -> (String, Option<String>) {
    match render(&case.tree(), &RepoPath::root(), Options::default()) {
        Err(RenderError::Problems(problems)) => (problems[0].to_string(), problems[0].hint.clone()),
        other => panic!("{}: expected a problem, got {other:?}", case.name),
    }
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\n";

#[test]
fn problems_name_their_place_and_what_is_near() {
    let table = [
        ("namePrefx: a\n", "kustomization.yaml:1: unknown field \"namePrefx\"", "did you mean namePrefix?"),
        (
            "resources: [shp.yaml]\n",
            "kustomization.yaml:1: shp.yaml: no such file or directory",
            "did you mean shop.yaml?",
        ),
        (
            "resources:\n- shop.yaml\n- shop.yaml\n",
            "shop.yaml:1: Service shop is there already",
            "the other one stands at shop.yaml:1",
        ),
        (
            "resources: [shop.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: shopp}\n",
            "kustomization.yaml:4: the patch means Service shopp, which is not among the objects",
            "did you mean Service shop?",
        ),
        (
            "resources: [shop.yaml]\nreplicas:\n- name: web\n  count: five\n",
            "kustomization.yaml:4: expected a whole number, found a text",
            "",
        ),
        (
            "resources: [shop.yaml]\ncommonLabels:\n  a: 5\n",
            "kustomization.yaml:3: expected a text, found a number",
            "quote it",
        ),
        (
            "resources: [shop.yaml]\npatches:\n- target: {kind: Service}\n  patch: |-\n    - op: remove\n      path: /spec\n",
            "kustomization.yaml:5: patching Service shop: there is nothing to remove at /spec",
            "",
        ),
        (
            "resources: [shop.yaml]\nreplacements:\n- source: {kind: Service, name: shp}\n  targets: [{select: {kind: Service}}]\n",
            "kustomization.yaml:3: the source of a replacement means no object: Service \"shp\"",
            "did you mean shop?",
        ),
        (
            "resources: [shop.yaml]\ntransformers:\n- |-\n  apiVersion: builtin\n  kind: LableTransformer\n  metadata: {name: l}\n",
            "kustomization.yaml:4: LableTransformer is no built-in transformer",
            "did you mean LabelTransformer?",
        ),
    ];
    for (kustomization, message, hint) in table {
        let case =
            Case::named(kustomization).with("kustomization.yaml", kustomization).with("shop.yaml", SERVICE);
        let (found, near) = problem(&case);
        assert_eq!(found, message, "{kustomization}");
        assert_eq!(near.unwrap_or_default(), hint, "{kustomization}");
    }
}

/// Every field of kustomize's type, each with a value that shows when it works, or the error that names it.
#[test]
fn every_field_works_or_is_refused_by_name() {
    let text = include_str!("fields.txt");
    let cases = cases(text);
    let mut seen = Vec::new();
    for case in &cases {
        let (field, expected) = case.name.split_once(' ').unwrap();
        seen.push(field);
        let built = render(&case.tree(), &RepoPath::root(), Options::default());
        match (expected.strip_prefix("error: "), built) {
            (Some(expected), Err(error)) => assert!(error.to_string().contains(expected), "{field}: {error}"),
            (None, Ok(manifests)) => {
                let shown: String =
                    manifests.items.iter().map(|item| item.object.value().to_string()).collect();
                assert!(shown.contains(expected), "{field}: {expected} is not in {shown}");
            }
            (expected, built) => panic!("{field}: expected {expected:?}, got {built:?}"),
        }
    }
    let mut known = FIELDS.to_vec();
    seen.sort_unstable();
    known.sort_unstable();
    assert_eq!(seen, known, "each field has one case");
}

/// The list of fields is that of kustomize's own type, as its module has it.
#[test]
fn the_list_of_fields_is_that_of_kustomize() {
    let module = std::process::Command::new("go").args(["env", "GOMODCACHE"]).output();
    let Some(cache) = module.ok().and_then(|output| String::from_utf8(output.stdout).ok()) else { return };
    let path = format!("{}/sigs.k8s.io/kustomize/api@v0.21.1/types/kustomization.go", cache.trim());
    // Without the module there is nothing to compare with; the oracle's build fetches it.
    let Ok(source) = std::fs::read_to_string(path) else { return };
    let body = source.split("type Kustomization struct {").nth(1).unwrap().split("\n}").next().unwrap();
    let tags = body.lines().filter_map(|line| line.split("json:\"").nth(1)?.split([',', '"']).next());
    let mut named: Vec<&str> = tags.filter(|name| !name.is_empty()).chain(["apiVersion", "kind"]).collect();
    let mut known = FIELDS.to_vec();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
}
