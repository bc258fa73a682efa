//! The recorded shop, which the README compares without a cluster: what `fixtures/record` did to it is what a diff finds.

#![expect(clippy::disallowed_methods, reason = "reads the recorded file")]

use std::path::Path;

use crate::support::program::{self, Run, gitops_at};
use crate::support::{generate, recorder};

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
    ("RoleBinding orders-leader", "terminating", &[]),
    ("Secret database", "unknown", &[]),
    ("Secret registry", "unknown", &[]),
    ("ConfigMap web", "diverged", &[
        ("data.FEATURE_COUPONS", "removal", "gitops"),
        ("data.FEATURE_WISHLIST", "drift", program::NOBODY),
        ("data.LEGACY_URL", "stuck", "gitops"),
        ("data.MAX_BASKET", "drift", "kubectl-patch"),
    ]),
    ("ConfigMap winter-sale", "extra", &[]),
    ("Service orders", "differs", &[("spec.ports[port=8080,protocol=TCP]", "differs", program::NOBODY)]),
    ("Service web", "drift", &[("spec.ports[port=6060,protocol=TCP]", "added", "kubectl-patch")]),
    ("Ingress web", "drift", &[("metadata.annotations[\"cert-manager.io/cluster-issuer\"]", "held", "cert-manager")]),
    ("PodDisruptionBudget database", "new", &[]),
    ("PodDisruptionBudget web", "missing", &[]),
    ("StatefulSet database", "pending", &[("spec.template.spec.containers[postgres].image", "pending", "gitops")]),
    ("Deployment orders", "drift", &[
        ("spec.template.spec.containers[debug]", "added", "kubectl-patch"),
        ("spec.template.spec.containers[orders].env[TRACE]", "added", "kubectl-set"),
    ]),
    ("Deployment web", "diverged", &[
        ("spec.replicas", "drift", "kubectl/scale"),
        ("spec.template.spec.containers[web].env[LOG_LEVEL].value", "pending", "gitops"),
        ("spec.template.spec.containers[web].image", "diverged", "kubectl-set"),
    ]),
    ("Job winter-mail", "extra", &[]),
    ("Promotion autumn", "drift", &[("spec.discount", "drift", "kubectl-patch")]),
];

/// All notes, with `--show foreign,in-sync`.
const NOTES: &[(&str, &str, &str)] = &[
    ("RoleBinding orders-leader", "note", "kubectl-patch"),
    ("ConfigMap banner", "adopt", ""),
    ("Service database", "note", "kubectl-label"),
    ("Service orders", "adopt", ""),
    ("Service orders", "note", ""),
    ("Ingress web", "foreign", "cert-manager"),
    ("NetworkPolicy database", "foreign", "mesh-operator"),
    ("StatefulSet database", "note", "kubectl-rollout"),
    ("Deployment web", "cosmetic", ""),
    ("CronJob invoices", "adopt", ""),
];

/// Statuses that only a server's answer, or a manifest that is wrong, can give.
const WITHOUT: &[&str] = &["invalid", "blocked", "conflict", "replace"];

#[test]
fn the_recorded_edits_are_found_without_a_cluster() {
    let run = diff(&["-o", "json", "--show", "foreign,in-sync"]);
    assert_eq!(run.code, 3, "values of Secrets are not recorded: {}", run.stderr);
    let report = run.report();
    let name = |object: &program::Object<'_>| format!("{} {}", object.kind(), object.name());
    let all = program::objects(&report);
    let found = all.iter().filter(|object| object.status() != "in-sync");
    let found: Vec<_> = found.map(|object| (name(object), object.status(), object.fields())).collect();
    let owned = |fields: &[(&str, &str, &str)]| -> Vec<program::Field> {
        fields.iter().map(|(path, class, by)| ((*path).into(), (*class).into(), (*by).into())).collect()
    };
    let expected: Vec<_> =
        EDITS.iter().map(|(name, status, fields)| ((*name).to_owned(), *status, owned(fields))).collect();
    assert_eq!(found, expected);

    let notes: Vec<_> = all
        .iter()
        .flat_map(|object| object.notes().into_iter().map(|(kind, writer, _)| (name(object), kind, writer)))
        .collect();
    let expected: Vec<_> =
        NOTES.iter().map(|(name, kind, writer)| ((*name).to_owned(), *kind, *writer)).collect();
    assert_eq!(notes, expected);
    assert_eq!(report["targets"][0]["base"], "record, 9a01b7c");
}

#[test]
fn a_snapshot_of_another_set_is_told() {
    let run = diff(&["--set-name", "market", "-o", "json"]);
    assert_eq!(run.report()["targets"][0]["base"], "unknown");
    let warning = "the snapshot holds the record of set shop, not of set market";
    assert!(run.stderr.contains(warning), "{}", run.stderr);
    let run = diff(&["--set-name", "shop", "-o", "json"]);
    assert_eq!(run.report()["targets"][0]["base"], "record, 9a01b7c");
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

/// Every word that a comparison without a server can say stands in the demo.
#[test]
fn the_demo_shows_every_class_and_status() {
    use gitops::compare::verdict::{Class, NoteKind, Status};
    let statuses: Vec<&str> = EDITS.iter().map(|(_, status, _)| *status).chain(["in-sync"]).collect();
    for status in Status::ALL.map(Status::word) {
        assert_ne!(statuses.contains(&status), WITHOUT.contains(&status), "{status}");
    }
    let classes: Vec<&str> =
        EDITS.iter().flat_map(|(_, _, fields)| fields.iter().map(|(_, class, _)| *class)).collect();
    for class in Class::ALL.map(Class::word) {
        assert!(classes.contains(&class), "{class}");
    }
    // Rules that ignore something stand in a configuration, and the shop has none.
    for kind in [NoteKind::Adopt, NoteKind::Addition, NoteKind::Foreign, NoteKind::Cosmetic] {
        assert!(NOTES.iter().any(|(_, word, _)| *word == kind.word()), "{}", kind.word());
    }
}

/// The README's command as it stands there, and with everything shown: the whole of what it prints, but for the revision and
/// for how long ago things were. `UPDATE_REPORTS=1` writes the files anew.
#[test]
fn the_demo_prints_what_it_always_printed() {
    for (name, flags) in [("shop_report.txt", ""), ("shop_report_all.txt", " --show foreign,in-sync")] {
        let command = format!("diff fixtures/shop --live fixtures/shop.snapshot.json{flags}");
        let readme = include_str!("../../README.md");
        assert!(
            !flags.is_empty() || readme.contains(&format!("cargo run --quiet -- {command}")),
            "{command}"
        );
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let run = program::gitops_in(root, &command.split(' ').collect::<Vec<_>>());
        assert_eq!(run.code, 3, "{}", run.stderr);
        let printed = told(&format!("{}--\n{}", run.stdout, run.stderr));
        let file = root.join("tests/integration").join(name);
        if std::env::var_os("UPDATE_REPORTS").is_some() {
            std::fs::write(&file, &printed).expect("it can be written");
        }
        let expected = std::fs::read_to_string(&file).expect("it is text");
        assert!(printed == expected, "{name} is not what is printed:\n{printed}");
    }
}

/// The text with a placeholder for the revision and its state, for ages and for the time that it took.
fn told(text: &str) -> String {
    let (first, rest) = text.split_once('\n').expect("a header");
    let (_, target) = first.split_once(" → ").expect("source and target");
    let words: Vec<&str> = target.split_whitespace().collect();
    let mut told = format!("fixtures/shop @ REVISION → {}\n", words.join(" "));
    for line in rest.lines() {
        told.push_str(line.split_once(" dry runs, ").map_or(line, |(cost, _)| cost));
        told.push('\n');
    }
    let ages = [" s ago", " min ago", " h ago", " days ago"];
    for age in ages {
        while let Some(at) = told.find(age) {
            let digits = told[..at].trim_end_matches(|c: char| c.is_ascii_digit()).len();
            told.replace_range(digits..at + age.len(), "AGO");
        }
    }
    while let Some(at) = told.find(", on 20") {
        told.replace_range(at + 2..at + 15, "AGO");
    }
    told
}

/// Not a test: what `fixtures/record` asks of the recorder, with the cluster of its kubeconfig.
#[test]
#[ignore = "a tool of fixtures/record"]
fn records_for_the_script() {
    let set = recorder::set("shop", "shop");
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("fixtures/record sets {name}"));
    let (source, kubeconfig) = (variable("RECORDER_SOURCE"), variable("KUBECONFIG"));
    let objects = match variable("RECORDER_WANTS").as_str() {
        "labelled" => recorder::labelled(&set, &recorder::rendered(&source)),
        "record" => {
            let members = recorder::members(Path::new(&kubeconfig), &source, "shop");
            let now =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later");
            recorder::record(&set, &members, &recorder::time(now.as_secs()))
        }
        other => panic!("{other}: expected labelled or record"),
    };
    std::fs::write(variable("RECORDER_FILE"), generate::stream(&objects)).expect("it can be written");
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
