use serde_json::json;

use super::application::Application;
use super::*;
use crate::object::id::Gvk;
use crate::render::plain::render_stream;

fn gvk(kind: &str) -> Gvk {
    Gvk::new("apps", "v1", kind)
}

#[test]
fn jq_paths_are_understood_and_everything_else_is_named() {
    use crate::object::path::PathElement;
    let web = PathElement::Key(vec![("name".to_owned(), json!("web"))]);
    let containers =
        || ["spec", "containers"].iter().fold(FieldPath::default(), |path, name| path.field(name));
    let image = containers().with(web.clone()).field("image");
    let annotation = FieldPath::default().field("metadata").field("annotations").field("a.b/c");
    let table: &[(&str, &FieldPath, bool)] = &[
        (".spec.containers[].image", &image, true),
        (".spec.containers[]?.image?", &image, true),
        (".spec?.containers[] | .image", &image, true),
        (".spec.containers[] | select(.name == \"web\")", &image, true),
        (".spec.containers[]|select(.name==\"web\")|.image", &image, true),
        (".spec.containers[] | select(.name == \"db\") | .image", &image, false),
        (".spec.containers[] | select(.name == \"w*\") | .image", &image, false),
        (".spec.containers[0].image", &image, true),
        (".spec.containers[1].image", &image, false),
        (".spec[\"containers\"][].image", &image, true),
        (".metadata.annotations[\"a.b/c\"]", &annotation, true),
        (".metadata.annotations.\"a.b/c\"", &annotation, true),
        (".metadata.annotations[]", &annotation, true),
        (".metadata.annotations.a", &annotation, false),
    ];
    for (text, path, expected) in table {
        let pattern = jq::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        let covered = pattern.relation(path, |_| Some(0)) == crate::object::pattern::Relation::Covered;
        assert_eq!(covered, *expected, "{text}");
    }
    let refused = [
        ".. | .image",
        ".spec | keys",
        "def f: f; f",
        ".spec.containers[] | select(.name | contains(\"x\"))",
        ".spec.containers[] | select(.name != \"x\")",
        ".spec.containers[] | select(.name == \"x\") .image",
        ".spec.containers[1:2]",
        ".spec.containers[.n]",
        ".spec | select(.a == 1)",
        ".a, .b",
        ".",
        "",
        "$x",
        ".a.\"\\(1)\"x",
    ];
    for text in refused {
        assert!(jq::parse(text).is_err(), "{text}");
    }
}

const APPLICATION: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  source: {repoURL: 'https://git.example/team/shop.git', path: clusters/prod}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
  ignoreDifferences:
  - group: apps
    kind: Deployment
    jsonPointers: [/spec/replicas, /metadata/annotations/a.b~1c]
    managedFieldsManagers: [kube-controller-manager]
  - group: '*'
    kind: '*'
    name: web
    jqPathExpressions: ['.spec.x[]', 'def f: f; f']
  - kind: ConfigMap
";

#[test]
fn rules_of_an_application_are_read_with_what_is_not_understood() {
    let manifests = render_stream(APPLICATION.as_bytes()).unwrap().items;
    let (rules, warnings) = application::rules(&manifests, Some("git@git.example:team/shop"));
    let shown: Vec<(u32, usize, usize)> = rules
        .iter()
        .map(|rule| match &rule.what {
            What::Fields { paths, managers } => (rule.origin.line, paths.len(), managers.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shown, [(8, 2, 0), (8, 0, 1), (12, 1, 0)]);
    let texts: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        ["-:12: Application shop: ignoreDifferences: \"def f: f; f\" is not understood and not applied: \
          only paths that start with `.`, `[]` and `select(.key == \"value\")` are understood"]
    );
    let of = |kind: &str, group: &str| ObjectId::new(&Gvk::new(group, "v1", kind), "shop", "web");
    let selected = |id: &ObjectId| rules.iter().map(|rule| rule.objects.name(id)).collect::<Vec<_>>();
    assert_eq!(selected(&of("Deployment", "apps")), [true, true, true]);
    assert_eq!(selected(&of("Deployment", "")), [false, false, true]);
}

#[test]
fn an_application_manages_what_the_live_object_says_it_does() {
    let application = Application {
        name: "shop".to_owned(),
        namespace: "teams".to_owned(),
        paths: vec!["clusters/prod".to_owned()],
        destination: "shop".to_owned(),
    };
    let web = ObjectId::new(&gvk("Deployment"), "shop", "web");
    let tracked = |id: &str| {
        json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": id},
        "labels": {"app.kubernetes.io/instance": "shop"}}})
    };
    let labelled = |name: &str| json!({"metadata": {"labels": {"app.kubernetes.io/instance": name}}});
    let table = [
        (tracked("shop:apps/Deployment:shop/web"), "elsewhere/web.yaml", true),
        (tracked("teams_shop:apps/Deployment:shop/web"), "elsewhere/web.yaml", true),
        (tracked("other:apps/Deployment:shop/web"), "clusters/prod/web.yaml", false),
        (tracked("shop:apps/Deployment:shop/db"), "clusters/prod/web.yaml", false),
        (tracked("shop:apps/StatefulSet:shop/web"), "clusters/prod/web.yaml", false),
        (tracked("shop"), "clusters/prod/web.yaml", false),
        (labelled("shop"), "clusters/prod/web.yaml", true),
        (labelled("shop"), "clusters/production/web.yaml", false),
        (labelled("shop"), "clusters/test/web.yaml", false),
        (labelled("other"), "clusters/prod/web.yaml", false),
        (json!({"metadata": {}}), "clusters/prod/web.yaml", false),
    ];
    for (live, file, expected) in table {
        assert_eq!(application.manages(&web, file, &live), expected, "{live} {file}");
    }
    let elsewhere = ObjectId::new(&gvk("Deployment"), "test", "web");
    assert!(!application.manages(&elsewhere, "clusters/prod/web.yaml", &labelled("shop")));
    let role = ObjectId::new(&Gvk::new("rbac.authorization.k8s.io", "v1", "ClusterRole"), "", "web");
    let cluster_wide = tracked("shop:rbac.authorization.k8s.io/ClusterRole:shop/web");
    assert!(application.manages(&role, "x.yaml", &cluster_wide));
}

#[test]
fn another_repository_lends_no_path() {
    let manifests = render_stream(APPLICATION.as_bytes()).unwrap().items;
    let paths = |repository: Option<&str>| {
        let (rules, _) = application::rules(&manifests, repository);
        rules[0].objects.managed_by.as_ref().unwrap().paths.clone()
    };
    for same in [
        "https://git.example/team/shop",
        "ssh://git@git.example/team/shop.git",
        "git@git.example:team/shop.git",
    ] {
        assert_eq!(paths(Some(same)), ["clusters/prod"], "{same}");
    }
    assert!(paths(Some("https://git.example/team/shop2")).is_empty());
    assert!(paths(None).is_empty());
}

#[test]
fn extraneous_objects_are_ignored_where_argo_cd_is_told_so() {
    let live =
        |options: &str| json!({"metadata": {"annotations": {"argocd.argoproj.io/compare-options": options}}});
    assert!(marks::is_extra_ignored(&live("IgnoreExtraneous")));
    assert!(marks::is_extra_ignored(&live("ServerSideDiff=true, IgnoreExtraneous")));
    assert!(!marks::is_extra_ignored(&live("ServerSideDiff=true")));
    assert!(!marks::is_extra_ignored(&json!({"metadata": {}})));
}
