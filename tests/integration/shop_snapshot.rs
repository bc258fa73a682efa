//! The recorded shop, which the README compares without a cluster: what `fixtures/record` did to it is what a diff finds.

#![expect(clippy::disallowed_methods, reason = "reads the recorded file")]

use std::path::Path;

use crate::support::program::{self, Run, gitops_at};

fn diff(flags: &[&str]) -> Run {
    let home = tempfile::tempdir().expect("a directory can be made");
    let path = |file: &str| format!("{}/fixtures/{file}", env!("CARGO_MANIFEST_DIR"));
    let (shop, snapshot) = (path("shop"), path("shop.snapshot.json"));
    let args = [&["diff", &shop, "--live", &snapshot], flags].concat();
    gitops_at(home.path(), Path::new("/no/kubeconfig"), &args)
}

/// The edits of `fixtures/record`, each with its writer where the server recorded one.
#[rustfmt::skip]
const EDITS: &[(&str, &str, &[(&str, &str, &str)])] = &[
    ("Secret database", "unknown", &[]),
    ("Secret registry", "unknown", &[]),
    ("ConfigMap web", "drift", &[("data.FEATURE_WISHLIST", "differs", program::NOBODY), ("data.MAX_BASKET", "drift", "kubectl-patch")]),
    ("Service web", "drift", &[("spec.ports[port=6060,protocol=TCP]", "added", "kubectl-patch")]),
    ("PodDisruptionBudget web", "missing", &[]),
    ("Deployment orders", "drift", &[
        ("spec.template.spec.containers[debug]", "added", "kubectl-patch"),
        ("spec.template.spec.containers[orders].env[TRACE]", "added", "kubectl-set"),
    ]),
    ("Deployment web", "drift", &[
        ("spec.replicas", "differs", "kubectl/scale"),
        ("spec.template.spec.containers[web].image", "drift", "kubectl-set"),
    ]),
    ("CronJob invoices", "drift", &[("spec.suspend", "drift", "kubectl-patch")]),
    ("Promotion autumn", "drift", &[("spec.discount", "drift", "kubectl-patch")]),
];

/// Notes on objects in sync, with `--show foreign`.
const NOTES: &[(&str, &str, &str)] = &[
    ("ConfigMap banner", "adopt", ""),
    ("Service orders", "note", "kubectl-label"),
    ("Ingress web", "foreign", "cert-manager"),
    ("NetworkPolicy database", "foreign", "mesh-operator"),
    ("StatefulSet database", "note", "kubectl-rollout"),
];

#[test]
fn the_recorded_edits_are_found_without_a_cluster() {
    let run = diff(&["-o", "json", "--show", "foreign"]);
    assert_eq!(run.code, 3, "values of Secrets are not recorded: {}", run.stderr);
    let report = run.report();
    let name = |object: &program::Object<'_>| format!("{} {}", object.kind(), object.name());
    let found = program::objects(&report);
    let found: Vec<_> = found.iter().map(|object| (name(object), object.status(), object.fields())).collect();
    let owned = |fields: &[(&str, &str, &str)]| -> Vec<program::Field> {
        fields.iter().map(|(path, class, by)| ((*path).into(), (*class).into(), (*by).into())).collect()
    };
    let expected: Vec<_> =
        EDITS.iter().map(|(name, status, fields)| ((*name).to_owned(), *status, owned(fields))).collect();
    assert_eq!(found, expected);

    let notes = program::noted(&report);
    let notes: Vec<_> = notes
        .iter()
        .flat_map(|object| object.notes().into_iter().map(|(kind, writer, _)| (name(object), kind, writer)))
        .collect();
    let expected: Vec<_> =
        NOTES.iter().map(|(name, kind, writer)| ((*name).to_owned(), *kind, *writer)).collect();
    assert_eq!(notes, expected);
    assert_eq!(report["summary"]["in-sync"], 17);
}

#[test]
fn no_value_of_a_secret_is_recorded_or_printed() {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/shop.snapshot.json");
    let recorded = std::fs::read_to_string(recorded).expect("it is text");
    assert!(recorded.contains("Free delivery"), "the shop is recorded");
    let printed = diff(&["--color", "always"]).stdout;
    assert!(printed.contains("secret values not recorded"), "{printed}");
    for text in [recorded, printed] {
        for value in ["tr0ub4dor", "dHIwdWI0ZG9y", "cG9zdGdyZXM6Ly9zaG9w", "eyJhdXRocyI6", "c2hvcDpzZWNyZXQ"]
        {
            assert!(!text.contains(value), "{value}");
        }
    }
}
