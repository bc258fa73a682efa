//! A count of what a build looks at, so that tests can hold it to grow with the number of objects and not with its square.

#[cfg(test)]
std::thread_local! {
    static LOOKS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes that so many objects, fields or items were looked at. Costs nothing outside of tests.
#[inline]
pub(super) fn looked(count: usize) {
    #[cfg(test)]
    LOOKS.with(|looks| looks.set(looks.get() + count as u64));
    #[cfg(not(test))]
    let _ = count;
}

/// What was looked at since the last time that somebody asked on this thread.
#[cfg(test)]
pub(super) fn taken() -> u64 {
    LOOKS.with(|looks| looks.replace(0))
}

#[cfg(test)]
mod tests {
    use super::taken;
    use crate::render::kustomize::{Options, render};
    use crate::source::tree::{MemoryTree, RepoPath};

    /// What is looked at to build `count` of something.
    fn looks(make: &dyn Fn(usize) -> MemoryTree, count: usize) -> u64 {
        let tree = make(count);
        taken();
        let built = render(&tree, &RepoPath::root().join("app").expect("a path"), Options::default());
        assert!(!built.expect("a build").items.is_empty(), "nothing was built");
        taken()
    }

    /// Twice as many cost twice as much and a little for the directories themselves.
    fn grows_evenly(what: &str, make: &dyn Fn(usize) -> MemoryTree) {
        let [few, more, many] = [50, 100, 200].map(|count| looks(make, count));
        assert!(few > 50, "{what}: only {few} looks, so nothing was counted");
        let (first, second) = (more - few, many - more);
        assert!(second <= first * 2 + first / 10, "{what}: {few}, {more}, {many}");
    }

    fn every(count: usize, text: &dyn Fn(usize) -> String) -> String {
        (0..count).map(text).collect()
    }

    /// A Deployment, its Service, its ConfigMap and a RoleBinding for each number.
    fn objects(count: usize) -> String {
        every(count, &|at| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{at}}}\nspec:\n  template:\n    spec:\n      serviceAccountName: s{at}\n      containers:\n      - {{name: a, image: nginx, envFrom: [{{configMapRef: {{name: c{at}}}}}]}}\n---\n\
                 apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{at}}}\ndata: {{a: b}}\n---\n\
                 apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: s{at}, namespace: other}}\n---\n\
                 apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: r{at}, namespace: other}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}}\nsubjects: [{{kind: ServiceAccount, name: s{at}, namespace: other}}]\n---\n"
            )
        })
    }

    fn overlay(count: usize, fields: String) -> MemoryTree {
        MemoryTree::default()
            .with_file("base/kustomization.yaml", "resources: [all.yaml]\nnamePrefix: b-\n")
            .with_file("base/all.yaml", objects(count))
            .with_file("app/kustomization.yaml", format!("resources: [../base]\n{fields}"))
    }

    #[test]
    fn the_work_grows_with_the_number_of_objects() {
        let all = "namePrefix: p-\nnameSuffix: -s\ncommonLabels: {a: b}\ncommonAnnotations: {c: d}\nimages: [{name: nginx, newTag: v2}]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: add, path: /spec/x, value: 1}\n- target: {kind: ConfigMap}\n  patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: any}\n    data: {e: f}\n";
        grows_evenly("an overlay", &|count| overlay(count, all.to_owned()));
    }

    #[test]
    fn the_work_grows_with_the_number_of_patches() {
        let patch = |at| {
            format!(
                "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: d{at}}}\n    spec: {{replicas: {at}}}\n"
            )
        };
        grows_evenly("merges without target", &|count| {
            overlay(count, format!("patches:\n{}", every(count, &patch)))
        });
        grows_evenly("merges with a target", &|count| {
            let patch = |at| format!("{}  target: {{kind: Deployment, name: d{at}}}\n", patch(at));
            overlay(count, format!("patches:\n{}", every(count, &patch)))
        });
        grows_evenly("JSON patches", &|count| {
            let patch = |at| {
                format!("- target: {{name: c{at}}}\n  patch: '- {{op: add, path: /data/x, value: y}}'\n")
            };
            overlay(count, format!("patches:\n{}", every(count, &patch)))
        });
        grows_evenly("merges of the old spelling", &|count| {
            let patch = |at| {
                format!(
                    "- |-\n  apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: c{at}}}\n  data: {{x: y}}\n"
                )
            };
            overlay(count, format!("patchesStrategicMerge:\n{}", every(count, &patch)))
        });
    }

    #[test]
    fn the_work_grows_with_the_number_of_entries() {
        grows_evenly("replacements", &|count| {
            let entry = |at| {
                format!(
                    "- source: {{kind: ConfigMap, name: c{at}, fieldPath: data.a}}\n  targets:\n  - select: {{kind: Deployment, name: d{at}}}\n    fieldPaths: [spec.template.spec.serviceAccountName]\n"
                )
            };
            overlay(count, format!("replacements:\n{}", every(count, &entry)))
        });
        grows_evenly("replicas", &|count| {
            overlay(
                count,
                format!("replicas:\n{}", every(count, &|at| format!("- {{name: d{at}, count: 2}}\n"))),
            )
        });
        grows_evenly("generators", &|count| {
            let entry = |at| {
                format!(
                    "- name: c{at}\n  behavior: merge\n  literals: [x=y]\n- name: n{at}\n  literals: [x=y]\n"
                )
            };
            overlay(count, format!("configMapGenerator:\n{}", every(count, &entry)))
        });
        grows_evenly("vars", &|count| {
            let entry =
                |at| format!("- name: V{at}\n  objref: {{apiVersion: v1, kind: ConfigMap, name: c{at}}}\n");
            overlay(count, format!("vars:\n{}", every(count, &entry)))
        });
        grows_evenly("components", &|count| {
            let mut tree = MemoryTree::default().with_file("app/all.yaml", objects(count)).with_file(
                "app/kustomization.yaml",
                format!(
                    "resources: [all.yaml]\ncomponents:\n{}",
                    every(count, &|at| format!("- ../c{at}\n"))
                ),
            );
            for at in 0..count {
                let patch = format!(
                    "kind: Component\npatches:\n- target: {{kind: Deployment, name: d{at}}}\n  patch: '- {{op: add, path: /spec/x, value: 1}}'\n"
                );
                tree = tree.with_file(&format!("c{at}/kustomization.yaml"), patch);
            }
            tree
        });
    }

    #[test]
    fn the_work_grows_with_the_length_of_lists_and_maps() {
        let of = |what: &str, list: &dyn Fn(usize) -> String, patch: &dyn Fn(usize) -> String| {
            grows_evenly(what, &|count| {
                let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n";
                MemoryTree::default()
                    .with_file("app/d.yaml", format!("{head}{}", list(count)))
                    .with_file("app/p.yaml", format!("{head}{}", patch(count)))
                    .with_file("app/kustomization.yaml", "resources: [d.yaml]\npatches: [{path: p.yaml}]\n")
            });
        };
        let env = |value: &'static str| {
            move |count| {
                let entries = every(count, &|at| format!("        - {{name: e{at}, value: {value}}}\n"));
                format!(
                    "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n        env:\n{entries}"
                )
            }
        };
        of("a list with a key", &env("old"), &env("new"));
        let labels = |value: &'static str| {
            move |count| format!("spec:\n  x:\n{}", every(count, &|at| format!("    k{at}: {value}\n")))
        };
        of("a map", &labels("old"), &labels("new"));
        of("a map that loses all", &labels("old"), &labels("null"));
        grows_evenly("a list of texts", &|count| {
            let head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  finalizers:\n";
            let texts = |what: &str| every(count, &|at| format!("  - {what}/{at}\n"));
            MemoryTree::default()
                .with_file("app/c.yaml", format!("{head}{}{}", texts("a"), texts("b")))
                .with_file("app/p.yaml", format!("{head}{}{}", texts("b"), texts("c")))
                .with_file("app/kustomization.yaml", "resources: [c.yaml]\npatches: [{path: p.yaml}]\n")
        });
        grows_evenly("literals", &|count| {
            let literals = every(count, &|at| format!("  - k{at}=v\n"));
            let generator = format!("configMapGenerator:\n- name: c\n  literals:\n{literals}");
            MemoryTree::default().with_file("app/kustomization.yaml", generator)
        });
    }
}
