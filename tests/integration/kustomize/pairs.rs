//! Every pair of fields: in one kustomization, and each of them in a base below the other.

use super::oracle::{Case, compare};

/// A field with an entry of it. Entries of lists can be put together.
struct Feature {
    name: &'static str,
    field: &'static str,
    /// The value behind the field, or the items of a list if it starts with `- `.
    text: &'static str,
    files: &'static [(&'static str, &'static str)],
}

const OBJECTS: &str = include_str!("objects.yaml");

const fn feature(name: &'static str, field: &'static str, text: &'static str) -> Feature {
    Feature { name, field, text, files: &[] }
}

const FEATURES: &[Feature] = &[
    feature("prefix", "namePrefix", "pre-"),
    feature("suffix", "nameSuffix", "-suf"),
    feature("namespace", "namespace", "prod"),
    feature("common labels", "commonLabels", "{app: changed, extra: label}"),
    feature("labels", "labels", "- pairs: {app: labels}\n"),
    feature("labels with selectors", "labels", "- pairs: {sel: ected}\n  includeSelectors: true\n"),
    feature("labels with templates", "labels", "- pairs: {tem: plates}\n  includeTemplates: true\n"),
    feature("annotations", "commonAnnotations", "{note: text, number: \"5\"}"),
    feature(
        "images",
        "images",
        "- {name: nginx, newName: my/nginx, newTag: \"2\"}\n- {name: redis, digest: \"sha256:0\"}\n",
    ),
    feature("replicas", "replicas", "- {name: web, count: 7}\n"),
    feature("config map", "configMapGenerator", "- name: generated\n  literals: [a=b]\n"),
    feature(
        "config map merge",
        "configMapGenerator",
        "- name: settings\n  behavior: merge\n  literals: [color=red, size=1]\n",
    ),
    feature(
        "config map replace",
        "configMapGenerator",
        "- name: settings\n  behavior: replace\n  literals: [only=this]\n",
    ),
    feature(
        "secret",
        "secretGenerator",
        "- name: hidden\n  literals: [a=b]\n  options: {labels: {from: generator}}\n",
    ),
    feature("generator options", "generatorOptions", "{labels: {gen: erated}, annotations: {gen: erated}}"),
    feature(
        "merge patch",
        "patches",
        "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web, labels: {patched: \"yes\"}, annotations: {app: null}}\n    spec: {template: {spec: {containers: [{name: side, image: redis}, {name: main, env: [{name: A, value: patched}]}]}}}\n",
    ),
    feature(
        "merge patch with a target",
        "patches",
        "- target: {kind: Deployment|StatefulSet}\n  patch: |\n    apiVersion: v1\n    kind: Any\n    metadata: {name: any, labels: {app: null}}\n    spec: {template: {metadata: {labels: {app: null, by: target}}}}\n",
    ),
    feature(
        "json patch",
        "patches",
        "- target: {kind: Deployment, name: web}\n  patch: |\n    - {op: add, path: /metadata/annotations/json, value: patched}\n    - {op: replace, path: /metadata/labels/app, value: json}\n    - {op: remove, path: /spec/template/spec/containers/1}\n",
    ),
    feature(
        "patch that deletes",
        "patches",
        "- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: web}\n    $patch: delete\n",
    ),
    feature(
        "patch that renames",
        "patches",
        "- target: {kind: ConfigMap, name: settings}\n  options: {allowNameChange: true}\n  patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: renamed}\n",
    ),
    feature(
        "old merge patch",
        "patchesStrategicMerge",
        "- |-\n  apiVersion: apps/v1\n  kind: StatefulSet\n  metadata: {name: db, labels: {old: merge}}\n  spec: {replicas: 2, template: {spec: {containers: [{name: db, ports: [{containerPort: 1}]}]}}}\n",
    ),
    feature(
        "old json patch",
        "patchesJson6902",
        "- target: {group: apps, version: v1, kind: Deployment, name: web}\n  patch: |-\n    - {op: add, path: /spec/paused, value: true}\n",
    ),
    feature(
        "replacement",
        "replacements",
        "- source: {kind: Service, name: web}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [\"spec.template.spec.containers.[name=main].env.[name=SVC].value\"]\n- sourceValue: given\n  targets:\n  - select: {kind: Thing}\n    fieldPaths: [metadata.labels.app, spec.new]\n    options: {create: true}\n",
    ),
    feature(
        "replacement of a part",
        "replacements",
        "- source: {kind: ConfigMap, name: settings, fieldPath: data.url, options: {delimiter: \"/\", index: 2}}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [\"spec.template.spec.containers.0.image\"]\n    options: {delimiter: \":\", index: 1}\n",
    ),
    feature(
        "vars",
        "vars",
        "- name: SERVICE\n  objref: {apiVersion: v1, kind: Service, name: web}\n- name: REPLICAS\n  objref: {apiVersion: apps/v1, kind: Deployment, name: web}\n  fieldref: {fieldPath: spec.replicas}\n",
    ),
    Feature {
        name: "configurations",
        field: "configurations",
        text: "- config.yaml\n",
        files: &[(
            "config.yaml",
            "nameReference:\n- kind: ConfigMap\n  fieldSpecs: [{kind: Thing, path: spec/config}]\ncommonLabels:\n- {kind: Thing, path: spec/labels, create: true}\n",
        )],
    },
    feature("origin annotations", "buildMetadata", "- originAnnotations\n- transformerAnnotations\n"),
    feature("fifo", "sortOptions", "{order: fifo}"),
    Feature {
        name: "component",
        field: "components",
        text: "- ../part\n",
        files: &[(
            "../part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: part-\nconfigMapGenerator:\n- name: of-part\n  literals: [x=z]\nlabels:\n- pairs: {part: \"yes\"}\n  includeSelectors: true\n",
        )],
    },
    feature(
        "transformer",
        "transformers",
        "- |-\n  apiVersion: builtin\n  kind: LabelTransformer\n  metadata: {name: l}\n  labels: {trans: former}\n  fieldSpecs: [{path: metadata/labels, create: true}]\n- |-\n  apiVersion: builtin\n  kind: PrefixTransformer\n  metadata: {name: p}\n  prefix: tr-\n  fieldSpecs: [{path: metadata/name}]\n",
    ),
    feature(
        "namespace transformer",
        "transformers",
        "- |-\n  apiVersion: builtin\n  kind: NamespaceTransformer\n  metadata: {name: n, namespace: only-unset}\n  unsetOnly: true\n  setRoleBindingSubjects: allServiceAccounts\n",
    ),
    feature(
        "generator",
        "generators",
        "- |-\n  apiVersion: builtin\n  kind: ConfigMapGenerator\n  metadata: {name: from-generator}\n  literals: [a=b]\n",
    ),
];

/// A kustomization with these features.
fn kustomization(resources: &str, features: &[&Feature], dir: &str, case: &mut Case) {
    let mut text = format!("resources: [{resources}]\n");
    let mut fields: Vec<&str> = features.iter().map(|feature| feature.field).collect();
    fields.dedup();
    for field in fields {
        let values: Vec<&str> =
            features.iter().filter(|feature| feature.field == field).map(|feature| feature.text).collect();
        let list = values.iter().all(|value| value.starts_with("- "));
        if list {
            text.push_str(&format!("{field}:\n{}", values.concat()));
        } else {
            text.push_str(&format!("{field}: {}\n", values[0]));
        }
    }
    for (path, content) in features.iter().flat_map(|feature| feature.files) {
        let path = path.strip_prefix("../").map_or_else(|| format!("{dir}/{path}"), str::to_owned);
        case.files.insert(path, content.as_bytes().to_vec());
    }
    case.files.insert(format!("{dir}/kustomization.yaml"), text.into_bytes());
}

fn together(one: &Feature, other: &Feature) -> Case {
    let mut case = Case::named(&format!("{} and {}", one.name, other.name)).with("app/objects.yaml", OBJECTS);
    let features = if std::ptr::eq(one, other) { vec![one] } else { vec![one, other] };
    kustomization("objects.yaml", &features, "app", &mut case);
    case
}

fn stacked(below: &Feature, above: &Feature) -> Case {
    let mut case =
        Case::named(&format!("{} below {}", below.name, above.name)).with("base/objects.yaml", OBJECTS);
    kustomization("objects.yaml", &[below], "base", &mut case);
    kustomization("../base", &[above], "app", &mut case);
    case
}

#[test]
fn pairs_of_fields_are_built_as_kustomize_builds_them() {
    let mut cases = Vec::new();
    for (number, one) in FEATURES.iter().enumerate() {
        for other in &FEATURES[number..] {
            cases.push(together(one, other));
        }
        for other in FEATURES {
            cases.push(stacked(one, other));
        }
    }
    assert!(cases.len() >= 1500, "{} pairs", cases.len());
    compare(&cases, 1000);
}
