//! Random overlays: directories that nobody thought of.

use std::fmt::Write as _;

use super::oracle::{Case, compare};

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const NAMES: &[&str] = &["web", "db", "cache", "settings", "a"];
const KEYS: &[&str] = &["app", "tier", "team", "x"];
const WORDS: &[&str] =
    &["one", "two", "\"3\"", "4", "yes", "2020-01-01", "null", "true", "1.5", "\"\"", "'quoted'"];
const TEXTS: &[&str] = &["one", "two", "\"3\"", "blue", "\"true\""];
const NAMESPACES: &[&str] = &["default", "prod", "dev"];
const IMAGES: &[&str] =
    &["nginx", "\"nginx:1\"", "redis", "\"gcr.io/x/app:2@sha256:ab\"", "\"host:5000/app\""];

fn metadata(random: &mut Random, name: &str, namespaced: bool) -> String {
    let mut text = format!("metadata:\n  name: {name}\n");
    if namespaced && random.chance(30) {
        let _ = writeln!(text, "  namespace: {}", random.pick(NAMESPACES));
    }
    if random.chance(50) {
        let _ = writeln!(text, "  labels: {{{}: {}}}", random.pick(KEYS), random.pick(TEXTS));
    }
    if random.chance(30) {
        let _ = writeln!(
            text,
            "  annotations: {{{}: {}, b: {}}}",
            random.pick(KEYS),
            random.pick(WORDS),
            random.pick(WORDS)
        );
    }
    text
}

fn pod(random: &mut Random, indent: &str) -> String {
    let mut text = format!("{indent}containers:\n");
    for container in ["main", "side", "log"].iter().take(1 + random.below(3)) {
        let _ = write!(text, "{indent}- name: {container}\n{indent}  image: {}\n", random.pick(IMAGES));
        if random.chance(50) {
            let _ = write!(text, "{indent}  env:\n{indent}  - {{name: A, value: {}}}\n", random.pick(TEXTS));
            let kind = random.pick(&["configMapKeyRef", "secretKeyRef"]);
            let _ = writeln!(
                text,
                "{indent}  - {{name: B, valueFrom: {{{kind}: {{name: {}, key: k}}}}}}",
                random.pick(NAMES)
            );
        }
        if random.chance(30) {
            let protocol = random.pick(&["", ", protocol: TCP", ", protocol: UDP"]);
            let _ = write!(
                text,
                "{indent}  ports:\n{indent}  - {{containerPort: {}{protocol}}}\n",
                80 + random.below(2)
            );
        }
    }
    if random.chance(50) {
        let volume = format!("configMap: {{name: {}}}", random.pick(NAMES));
        let other = format!("secret: {{secretName: {}}}", random.pick(NAMES));
        let _ = write!(
            text,
            "{indent}volumes:\n{indent}- {{name: v, {volume}}}\n{indent}- {{name: w, {other}}}\n"
        );
    }
    if random.chance(30) {
        let _ = writeln!(text, "{indent}serviceAccountName: {}", random.pick(NAMES));
    }
    text
}

/// One object, without its separator.
fn object(random: &mut Random, kind: usize, name: &str) -> String {
    match kind {
        0 => {
            let mut text =
                format!("apiVersion: apps/v1\nkind: Deployment\n{}spec:\n", metadata(random, name, true));
            if random.chance(50) {
                let _ = writeln!(text, "  replicas: {}", random.pick(&["1", "\"2\"", "null", "0"]));
            }
            if random.chance(50) {
                let _ = writeln!(text, "  selector: {{matchLabels: {{{}: web}}}}", random.pick(KEYS));
            }
            format!(
                "{text}  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n{}",
                pod(random, "      ")
            )
        }
        1 => format!(
            "apiVersion: apps/v1\nkind: StatefulSet\n{}spec:\n  serviceName: {}\n  template:\n    spec:\n{}",
            metadata(random, name, true),
            random.pick(NAMES),
            pod(random, "      ")
        ),
        2 => {
            format!("apiVersion: v1\nkind: Pod\n{}spec:\n{}", metadata(random, name, true), pod(random, "  "))
        }
        3 => format!(
            "apiVersion: v1\nkind: Service\n{}spec:\n  selector: {{{}: web}}\n  ports:\n  - {{port: 80, name: http}}\n  - {{port: 81, protocol: UDP, name: dns}}\n",
            metadata(random, name, true),
            random.pick(KEYS)
        ),
        4 => format!(
            "apiVersion: v1\nkind: ConfigMap\n{}data:\n  k: {}\n  l: |\n    line\n    other\n  f: >\n    folded\n    text\n\n    end\n",
            metadata(random, name, true),
            random.pick(TEXTS)
        ),
        5 => format!("apiVersion: v1\nkind: Secret\n{}data: {{k: eA==}}\n", metadata(random, name, true)),
        6 => format!("apiVersion: v1\nkind: ServiceAccount\n{}", metadata(random, name, true)),
        7 => {
            let kind = random.pick(&["Role", "ClusterRole"]);
            let names = format!("resourceNames: [{}, {}]", random.pick(NAMES), random.pick(NAMES));
            format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{}rules:\n- {{apiGroups: [\"\"], resources: [secrets], {names}}}\n",
                metadata(random, name, kind == "Role")
            )
        }
        8 => {
            let kind = random.pick(&["RoleBinding", "ClusterRoleBinding"]);
            let role = random.pick(&["Role", "ClusterRole"]);
            let subject = random.pick(&["", ", namespace: prod", ", namespace: default"]);
            format!(
                "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n{}roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {role}, name: {}}}\nsubjects:\n- {{kind: ServiceAccount, name: {}{subject}}}\n- {{kind: ServiceAccount, name: default}}\n",
                metadata(random, name, kind == "RoleBinding"),
                random.pick(NAMES),
                random.pick(NAMES)
            )
        }
        9 => format!("apiVersion: v1\nkind: Namespace\n{}", metadata(random, name, false)),
        10 => format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\n{}spec:\n  tls: [{{secretName: {}}}]\n  defaultBackend: {{service: {{name: {}, port: {{number: 80}}}}}}\n",
            metadata(random, name, true),
            random.pick(NAMES),
            random.pick(NAMES)
        ),
        _ => format!(
            "apiVersion: example.com/v1\nkind: Thing\n{}spec:\n  v: {}\n  list: [{}, {}]\n  deep: {{containers: [{{image: nginx}}], {}: {}}}\n",
            metadata(random, name, true),
            random.pick(WORDS),
            random.pick(WORDS),
            random.pick(WORDS),
            random.pick(KEYS),
            random.pick(WORDS)
        ),
    }
}

const KINDS: &[&str] = &[
    "Deployment",
    "StatefulSet",
    "Pod",
    "Service",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "Role",
    "RoleBinding",
    "Namespace",
    "Ingress",
    "Thing",
];

/// The objects of a directory: those of a base, and some that belong to nothing.
fn objects(random: &mut Random) -> (String, Vec<(usize, String)>) {
    let mut made: Vec<(usize, String)> = Vec::new();
    for _ in 0..2 + random.below(6) {
        let next = (random.below(KINDS.len()), random.pick(NAMES).to_owned());
        if !made.contains(&next) {
            made.push(next);
        }
    }
    let texts: Vec<String> = made.iter().map(|(kind, name)| object(random, *kind, name)).collect();
    (texts.join("---\n"), made)
}

fn version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "StatefulSet" => "apps/v1",
        "Role" | "RoleBinding" => "rbac.authorization.k8s.io/v1",
        "Ingress" => "networking.k8s.io/v1",
        "Thing" => "example.com/v1",
        _ => "v1",
    }
}

/// A merge into one of the objects; its body does not always fit.
fn merge_body(random: &mut Random) -> String {
    let options: [String; 8] = [
        format!("  labels: {{{}: {}}}\n", random.pick(KEYS), random.pick(&["patched", "null", "\"5\""])),
        format!(
            "  annotations: {{{}: {}}}\nspec: {{replicas: {}}}\n",
            random.pick(KEYS),
            random.pick(WORDS),
            random.below(5)
        ),
        format!("spec:\n  template:\n    spec:\n{}", pod(random, "      ")),
        format!("spec:\n{}", pod(random, "  ")),
        format!("data: {{k: {}, n: {}}}\n", random.pick(&["null", "patched"]), random.pick(TEXTS)),
        "spec: {ports: [{port: 80, name: new}, {port: 90}]}\n".to_owned(),
        format!(
            "spec:\n  template:\n    spec:\n      containers:\n      - name: side\n        $patch: {}\n",
            random.pick(&["delete", "replace", "merge"])
        ),
        format!("spec: {{list: [{}], v: {}, deep: {{x: null}}}}\n", random.pick(WORDS), random.pick(WORDS)),
    ];
    options[random.below(options.len())].clone()
}

fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{line}\n")).collect()
}

fn patch(random: &mut Random, made: &[(usize, String)]) -> String {
    let (kind, name) = &made[random.below(made.len())];
    let kind = KINDS[*kind];
    let name = if random.chance(95) { name.as_str() } else { "nobody" };
    if random.chance(35) {
        let operations = [
            format!("{{op: add, path: /metadata/labels, value: {{json: {}}}}}", random.pick(TEXTS)),
            format!("{{op: add, path: /metadata/annotations/json, value: {}}}", random.pick(TEXTS)),
            format!("{{op: replace, path: /metadata/name, value: {}}}", random.pick(NAMES)),
            format!("{{op: add, path: /spec/extra, value: {}}}", random.pick(WORDS)),
            "{op: remove, path: /spec/template/spec/containers/0}".to_owned(),
        ];
        let operation = &operations[random.below(operations.len())];
        let target =
            [format!("kind: {kind}"), format!("name: {name}"), format!("kind: {kind}, name: \"{name}|x\"")];
        return format!("- target: {{{}}}\n  patch: |\n    - {operation}\n", target[random.below(3)]);
    }
    let body = merge_body(random);
    let text = if body.starts_with("  ") {
        format!("apiVersion: {}\nkind: {kind}\nmetadata:\n  name: {name}\n{body}", version(kind))
    } else {
        format!("apiVersion: {}\nkind: {kind}\nmetadata: {{name: {name}}}\n{body}", version(kind))
    };
    let target = if random.chance(40) { format!("  target: {{kind: {kind}}}\n") } else { String::new() };
    format!("- patch: |\n{}{target}", indented(&text, "    "))
}

fn generator(random: &mut Random) -> String {
    let mut text = format!(
        "- name: {}\n  literals: [k={}, z=1]\n",
        random.pick(NAMES),
        random.pick(&["v", "yes", "5", "a b"])
    );
    if random.chance(40) {
        let _ = writeln!(text, "  behavior: {}", random.pick(&["merge", "replace", "create"]));
    }
    if random.chance(30) {
        let _ = writeln!(
            text,
            "  options: {{labels: {{{}: gen}}, disableNameSuffixHash: {}}}",
            random.pick(KEYS),
            random.pick(&["true", "false"])
        );
    }
    if random.chance(20) {
        let _ = writeln!(text, "  namespace: {}", random.pick(NAMESPACES));
    }
    text
}

fn old_body(random: &mut Random) -> String {
    let options = [
        "  annotations: null\n".to_owned(),
        format!("  labels: {{$patch: replace, {}: {}}}\n", random.pick(KEYS), random.pick(TEXTS)),
        "spec: {template: {spec: {containers: [{name: main, env: [{name: A, value: z}, {name: NEW, value: n}]}]}}}\n"
            .to_owned(),
        "$patch: delete\n".to_owned(),
        format!("spec: {{list: [{{name: a, v: {}}}, {{name: z}}]}}\n", random.pick(WORDS)),
    ];
    options[random.below(options.len())].clone()
}

/// A built-in transformer with a configuration of its own.
fn plugin(random: &mut Random) -> String {
    let options = [
        format!(
            "kind: PrefixTransformer\nmetadata: {{name: p}}\nprefix: {}-\nfieldSpecs: [{{path: metadata/name}}]",
            random.pick(&["x", "y"])
        ),
        format!(
            "kind: LabelTransformer\nmetadata: {{name: l}}\nlabels: {{{}: {}}}\nfieldSpecs: [{{path: metadata/labels, create: true}}, {{path: spec/template/metadata/labels, create: true, kind: Deployment}}]",
            random.pick(KEYS),
            random.pick(TEXTS)
        ),
        format!(
            "kind: NamespaceTransformer\nmetadata: {{name: n, namespace: {}}}\nunsetOnly: {}\nsetRoleBindingSubjects: {}",
            random.pick(NAMESPACES),
            random.pick(&["true", "false"]),
            random.pick(&["none", "defaultOnly", "allServiceAccounts"])
        ),
        format!(
            "kind: AnnotationsTransformer\nmetadata: {{name: a}}\nannotations: {{{}: {}}}\nfieldSpecs: [{{path: metadata/annotations, create: true}}]",
            random.pick(KEYS),
            random.pick(TEXTS)
        ),
    ];
    let text = &options[random.below(options.len())];
    format!("transformers:\n- |-\n{}", indented(&format!("apiVersion: builtin\n{text}\n"), "  "))
}

/// What `openapi` may name: a kind of its own with a list that merges, and no namespace.
const TYPES: &str = r#"{"definitions": {"thing": {"properties": {"spec": {"properties": {"list": {"type": "array", "items": {"type": "object"}, "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"}}}}, "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Thing", "version": "v1"}]}}, "paths": {"/apis/example.com/v1/things/{name}": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Thing", "version": "v1"}}}}}"#;

/// Random fields of one kustomization.
fn fields(random: &mut Random, made: &[(usize, String)]) -> String {
    let mut text = String::new();
    let mut add = |random: &mut Random, percent: usize, make: &mut dyn FnMut(&mut Random) -> String| {
        if random.chance(percent) {
            text.push_str(&make(random));
        }
    };
    add(random, 30, &mut |random| format!("namePrefix: {}-\n", random.pick(&["p", "q"])));
    add(random, 20, &mut |random| format!("nameSuffix: -{}\n", random.pick(&["s", "t"])));
    add(random, 35, &mut |random| format!("namespace: {}\n", random.pick(NAMESPACES)));
    add(random, 25, &mut |random| {
        format!("commonLabels: {{{}: {}}}\n", random.pick(KEYS), random.pick(TEXTS))
    });
    add(random, 30, &mut |random| {
        let more = random.pick(&["", "  includeSelectors: true\n", "  includeTemplates: true\n"]);
        format!("labels:\n- pairs: {{{}: {}}}\n{more}", random.pick(KEYS), random.pick(TEXTS))
    });
    add(random, 25, &mut |random| {
        format!("commonAnnotations: {{{}: {}}}\n", random.pick(KEYS), random.pick(TEXTS))
    });
    add(random, 30, &mut |random| {
        let what =
            random.pick(&["newTag: \"9\"", "newName: other/x", "digest: \"sha256:00\"", "tagSuffix: -x"]);
        format!(
            "images: [{{name: {}, {what}}}]\n",
            random.pick(&["nginx", "redis", "gcr.io/x/app", "\"host:5000/app\""])
        )
    });
    add(random, 15, &mut |random| format!("replicas: [{{name: {}, count: 4}}]\n", random.pick(NAMES)));
    add(random, 30, &mut |random| format!("configMapGenerator:\n{}", generator(random)));
    add(random, 20, &mut |random| format!("secretGenerator:\n{}", generator(random)));
    add(random, 15, &mut |random| {
        format!("generatorOptions: {{annotations: {{{}: all}}}}\n", random.pick(KEYS))
    });
    add(random, 50, &mut |random| {
        let count = 1 + random.below(2);
        format!("patches:\n{}", (0..count).map(|_| patch(random, made)).collect::<String>())
    });
    add(random, 15, &mut |random| {
        let (kind, name) = &made[random.below(made.len())];
        let create = random.pick(&["true", "false"]);
        format!(
            "replacements:\n- source: {{kind: {}, name: {name}}}\n  targets:\n  - select: {{kind: {}}}\n    fieldPaths: [{}]\n    options: {{create: {create}}}\n",
            KINDS[*kind],
            random.pick(KINDS),
            random.pick(&[
                "metadata.labels.app",
                "spec.replicas",
                "\"spec.template.spec.containers.[name=main].image\"",
                "metadata.annotations.x",
                "spec.selector.app"
            ])
        )
    });
    add(random, 10, &mut |random| {
        let (kind, name) = &made[random.below(made.len())];
        format!(
            "vars:\n- name: VAR\n  objref: {{apiVersion: {}, kind: {}, name: {name}}}\n",
            version(KINDS[*kind]),
            KINDS[*kind]
        )
    });
    add(random, 5, &mut |_| "buildMetadata: [originAnnotations, transformerAnnotations]\n".to_owned());
    add(random, 10, &mut |_| "sortOptions: {order: fifo}\n".to_owned());
    add(random, 10, &mut |random| {
        let (kind, name) = &made[random.below(made.len())];
        let kind = KINDS[*kind];
        format!(
            "patchesStrategicMerge:\n- |-\n{}",
            indented(
                &format!(
                    "apiVersion: {}\nkind: {kind}\nmetadata:\n  name: {name}\n{}",
                    version(kind),
                    old_body(random)
                ),
                "  "
            )
        )
    });
    add(random, 8, &mut |random| {
        let (kind, name) = &made[random.below(made.len())];
        let kind = KINDS[*kind];
        let (group, version) = version(kind).split_once('/').unwrap_or(("", version(kind)));
        format!(
            "patchesJson6902:\n- target: {{group: {group:?}, version: {version}, kind: {kind}, name: {name}}}\n  patch: |-\n    - {{op: add, path: /metadata/annotations, value: {{only: {}}}}}\n",
            random.pick(TEXTS)
        )
    });
    add(random, 12, &mut |random| plugin(random));
    add(random, 5, &mut |random| {
        format!("openapi: {{path: {}}}\n", random.pick(&["types.json", "types.json", "missing.json"]))
    });
    text
}

fn directory(number: u64) -> Case {
    let random = &mut Random(number.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let mut case = Case::named(&format!("random {number}"));
    let (text, made) = objects(random);
    let levels = 1 + random.below(3);
    let mut below = "objects.yaml".to_owned();
    for level in 0..levels {
        let dir = if level + 1 == levels { "app".to_owned() } else { format!("level{level}") };
        if level == 0 {
            case = case.with(&format!("{dir}/objects.yaml"), text.clone());
        }
        let mut kustomization = format!("resources: [{below}]\n{}", fields(random, &made));
        if random.chance(15) {
            let part = format!("part{level}");
            kustomization.push_str(&format!("components: [../{part}]\n"));
            let inner = format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nmetadata: {{name: part}}\n{}",
                fields(random, &made)
            );
            if inner.contains("types.json") {
                case = case.with(&format!("{part}/types.json"), TYPES);
            }
            case = case.with(&format!("{part}/kustomization.yaml"), inner);
        }
        if kustomization.contains("types.json") {
            case = case.with(&format!("{dir}/types.json"), TYPES);
        }
        case = case.with(&format!("{dir}/kustomization.yaml"), kustomization);
        below = format!("../{dir}");
    }
    case
}

/// 2,000 directories; `GITOPS_TEST_OVERLAYS` asks for another number, `GITOPS_TEST_SEED` for others.
#[test]
fn random_overlays_are_built_as_kustomize_builds_them() {
    let number =
        |name: &str, usual: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (count, seed) = (number("GITOPS_TEST_OVERLAYS", 2000), number("GITOPS_TEST_SEED", 1));
    let cases: Vec<Case> = (0..count).map(|at| directory(seed.wrapping_mul(1 << 32) + at)).collect();
    compare(&cases, usize::try_from(count).unwrap() / 4);
}
