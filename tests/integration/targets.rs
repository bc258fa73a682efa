//! Targets of `gitops.yaml` against the real server: one run, several sets, each with its own context, and the guards.
#![expect(clippy::disallowed_methods, reason = "copies the kubeconfig")]

use std::path::PathBuf;

use serde_json::Value;

use crate::git_server::repository::Repo;
use crate::support::cluster::{self, Cluster};
use crate::support::program::{Run, Source, gitops};

const SETTINGS: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: \"1\", b: \"1\"}\n";

/// Two namespaces of one cluster, a context for each, and what is applied to them.
struct World {
    cluster: &'static Cluster,
    kubeconfig: PathBuf,
    namespaces: [String; 2],
    uid: String,
}

impl World {
    fn new(prefix: &str) -> Option<Self> {
        let cluster = cluster::shared()?;
        let namespaces = [cluster.namespace(prefix), cluster.namespace(prefix)];
        let kubeconfig = cluster.dir().join(format!("{}.kubeconfig", namespaces[0]));
        std::fs::copy(cluster.kubeconfig(), &kubeconfig).expect("it can be copied");
        let config = |args: &[&str]| {
            let output =
                cluster.kubectl_command(&kubeconfig).arg("config").args(args).output().expect("kubectl runs");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
        };
        let user = config(&["view", "-o", "jsonpath={.contexts[0].context.user}"]);
        let server = config(&["view", "-o", "jsonpath={.contexts[0].context.cluster}"]);
        for (context, namespace) in ["one", "two"].iter().zip(&namespaces) {
            config(&[
                "set-context",
                context,
                "--cluster",
                &server,
                "--user",
                &user,
                "--namespace",
                namespace,
            ]);
        }
        config(&["unset", "current-context"]);
        for namespace in &namespaces {
            let apply = ["-n", namespace, "apply", "--server-side", "--field-manager=gitops", "-f", "-"];
            cluster.kubectl_stdin(&apply, SETTINGS);
        }
        std::thread::sleep(std::time::Duration::from_millis(1_100));
        let edit = r#"{"data": {"a": "2"}}"#;
        cluster.kubectl_ok(&[
            "-n",
            &namespaces[1],
            "patch",
            "configmap",
            "settings",
            "--type=merge",
            "-p",
            edit,
        ]);
        let uid = cluster.kubectl_ok(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"]);
        Some(Self { cluster, kubeconfig, namespaces, uid })
    }

    fn diff(&self, source: &str, flags: &[&str]) -> Run {
        gitops(self.cluster, &self.kubeconfig, &[&["diff", source], flags].concat())
    }
}

fn files(configuration: &str) -> Vec<(&str, &str)> {
    vec![("gitops.yaml", configuration), ("one/all.yaml", SETTINGS), ("two/all.yaml", SETTINGS)]
}

const BOTH: &str = "apiVersion: gitops/v1
targets:
- {name: first, path: one, context: one}
- {name: second, path: two, context: two}
";

/// Name, statuses and error of each target of a JSON report.
fn sections(run: &Run) -> Vec<(String, Vec<String>, String)> {
    let report = run.report();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let targets = report["targets"].as_array().expect("there are targets");
    let section = |target: &Value| {
        let objects = target["objects"].as_array().expect("a target has objects");
        let statuses = objects.iter().map(|object| text(&object["status"])).collect();
        (text(&target["name"]), statuses, text(&target["error"]["outcome"]))
    };
    targets.iter().map(section).collect()
}

fn section(name: &str, statuses: &[&str], error: &str) -> (String, Vec<String>, String) {
    (name.to_owned(), statuses.iter().map(|status| (*status).to_owned()).collect(), error.to_owned())
}

#[test]
fn every_target_is_compared_with_its_own_context() {
    let Some(world) = World::new("targets") else { return };
    let source = Source::files(&files(BOTH));
    let both = world.diff(source.path(), &["-o", "json"]);
    assert_eq!(both.code, 1, "{}", both.stderr);
    assert_eq!(
        sections(&both),
        [section("first", &[], ""), section("second", &["drift"], "")],
        "{}",
        both.stdout
    );
    let report = both.report();
    assert_eq!(report["summary"]["objects"], 2);
    assert_eq!(report["targets"][1]["cluster"]["context"], "two");
    assert_eq!(report["targets"][1]["objects"][0]["namespace"], world.namespaces[1].as_str());

    let text = world.diff(source.path(), &[]).stdout;
    assert!(text.contains(&format!("→ first ({})", world.cluster.url())), "{text}");
    assert!(text.contains(&format!("→ second ({})", world.cluster.url())), "{text}");

    let table: &[(&[&str], i32)] = &[
        (&["--target", "first"], 0),
        (&["--target", "second"], 1),
        (&["--target", "second", "--target", "first"], 1),
        (&["--all-targets"], 1),
        (&["--target", "second", "--context", "one"], 0),
        (&["--only", "ConfigMap/settings"], 1),
        (&["--fail-on", "missing"], 0),
    ];
    for (flags, code) in table {
        let run = world.diff(source.path(), flags);
        assert_eq!(run.code, *code, "{flags:?}: {}{}", run.stdout, run.stderr);
    }
    // A directory that the flags name is no target.
    let flags = ["--path", "two", "--context", "two"];
    assert_eq!(world.diff(source.path(), &flags).code, 1);
}

#[test]
fn a_renderer_that_is_named_has_to_fit_its_directory() {
    let Some(world) = World::new("targets-renderers") else { return };
    let one = |renderer: &str| {
        let config = format!(
            "apiVersion: gitops/v1\ntargets:\n- {{name: a, path: app, context: one, renderer: {renderer}}}\n"
        );
        Source::files(&[
            ("gitops.yaml", &config),
            ("app/kustomization.yaml", "resources: [all.yaml]\n"),
            ("app/all.yaml", SETTINGS),
        ])
    };
    let run = world.diff(one("plain").path(), &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    let words = "gitops.yaml:3:48: the renderer plain does not fit app, which is for kustomize";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    for renderer in ["kustomize", "auto"] {
        let run = world.diff(one(renderer).path(), &[]);
        assert!(!run.stderr.contains("renderer") && run.stdout.contains("1 object"), "{renderer}: {run:?}");
    }
    let bare = "apiVersion: gitops/v1\ntargets:\n- {name: a, path: app, context: one, renderer: kustomize}\n";
    let run = world.diff(Source::files(&[("gitops.yaml", bare), ("app/all.yaml", SETTINGS)]).path(), &[]);
    assert!(run.stderr.contains("does not fit app, which is for plain manifests"), "{}", run.stderr);
}

#[test]
fn what_cannot_be_chosen_is_refused_in_words() {
    let Some(world) = World::new("targets-flags") else { return };
    let source = Source::files(&files(BOTH));
    let plain = Source::files(&[("all.yaml", SETTINGS)]);
    let table: &[(&Source, &[&str], &str)] = &[
        (
            &source,
            &["--target", "secnd"],
            "error: gitops.yaml has no target secnd\nhint: did you mean second?\n",
        ),
        (
            &source,
            &["--context", "one"],
            "error: --context is about one target, and 2 are selected\nhint: choose one with --target: first, second\n",
        ),
        (
            &plain,
            &["--target", "x"],
            "error: there are no targets: the source has no gitops.yaml at its root\nhint: leave the flag out, or name another configuration with --config FILE\n",
        ),
        (
            &source,
            &["--config", "/nowhere.yaml"],
            "error: --config /nowhere.yaml: No such file or directory (os error 2)\n",
        ),
        (
            &source,
            &["--only", "ConfigMap/setings"],
            "error: --only ConfigMap/setings: the render holds no such object\nhint: did you mean ",
        ),
    ];
    for (source, flags, message) in table {
        let run = world.diff(source.path(), flags);
        assert_eq!(run.code, 2, "{flags:?}");
        assert!(run.stderr.starts_with(message), "{flags:?}: {}", run.stderr);
    }
    let wrong = Source::files(&files("apiVersion: gitops/v1\ntargts: []\nignore:\n- {paths: [a..b]}\n"));
    let run = world.diff(wrong.path(), &[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(
        run.stderr,
        "error: 2 problems in the configuration, the first: gitops.yaml:2:1: unknown key `targts` in the configuration\n  \
         gitops.yaml:2:1: unknown key `targts` in the configuration\n  gitops.yaml:4:12: \"a..b\" is no path: at character 3: a name is missing; names are joined by one `.`\n\
         hint: did you mean targets?\n"
    );
}

#[test]
fn a_target_that_fails_hides_no_other() {
    let Some(world) = World::new("targets-fail") else { return };
    let configuration = format!(
        "{BOTH}- {{name: chart, path: one, context: one, renderer: helm}}\n- {{name: gone, path: ones, context: one}}\n"
    );
    let source = Source::files(&files(&configuration));
    let run = world.diff(source.path(), &["-o", "json"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(
        sections(&run),
        [
            section("first", &[], ""),
            section("second", &["drift"], ""),
            section("chart", &[], "error"),
            section("gone", &[], "error"),
        ]
    );
    assert!(
        run.stderr.contains("error: target chart: gitops.yaml:5:52: the renderer helm is not supported yet"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("error: target gone: ") && run.stderr.contains("no directory \"ones\""),
        "{}",
        run.stderr
    );
    let text = world.diff(source.path(), &[]).stdout;
    assert!(text.contains("! error: gitops.yaml:5:52: the renderer helm is not supported yet"), "{text}");
    assert!(text.contains("2 objects: 1 in sync, 1 drift · 2 targets not compared · "), "{text}");
}

#[test]
fn another_cluster_than_the_pinned_one_is_refused() {
    let Some(world) = World::new("targets-pin") else { return };
    let configuration =
        |uid: &str| format!("{BOTH}- {{name: pinned, path: one, context: one, cluster: {{uid: {uid}}}}}\n");
    let right = Source::files(&files(&configuration(&world.uid)));
    assert_eq!(world.diff(right.path(), &["--target", "pinned"]).code, 0);
    let wrong = Source::files(&files(&configuration("0b7c")));
    let run = world.diff(wrong.path(), &["-o", "json"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert_eq!(
        sections(&run),
        [section("first", &[], ""), section("second", &["drift"], ""), section("pinned", &[], "refused")]
    );
    let message = format!(
        "error: target pinned: wrong cluster: {} has the uid {}, and the cluster of target pinned is pinned to 0b7c\n",
        world.cluster.url(),
        world.uid
    );
    assert!(run.stderr.contains(&message), "{}", run.stderr);
    // The command line pins as well, with a configuration or without.
    let flags = |uid: &'static str| ["--path", "one", "--context", "one", "--cluster-uid", uid];
    assert_eq!(world.diff(right.path(), &flags("0b7c")).code, 5);
    let both = world.diff(right.path(), &["--target", "pinned", "--cluster-uid", "0b7c"]);
    assert_eq!(both.code, 5, "{}", both.stderr);
    assert!(both.stderr.contains("target pinned belongs to the cluster"), "{}", both.stderr);
}

#[test]
fn a_fetched_repository_does_not_choose_the_cluster() {
    let Some(world) = World::new("targets-url") else { return };
    let configuration = format!(
        "apiVersion: gitops/v1\ntargets:\n- {{name: first, path: one, context: one}}\n- {{name: pinned, path: two, cluster: {{uid: {}}}}}\n",
        world.uid
    );
    let repo = Repo::with_files(&files(&configuration));
    let url = format!("file://{}", repo.at(""));
    let run = |flags: &[&str]| world.diff(&url, flags);
    let alone = run(&["--target", "first"]);
    assert_eq!(alone.code, 5, "{}", alone.stderr);
    assert!(alone.stderr.contains("chooses the context one for target first"), "{}", alone.stderr);
    assert!(alone.stderr.contains("--target first --context one"), "{}", alone.stderr);
    assert_eq!(run(&["--target", "first", "--context", "two"]).code, 5, "another one is not the same");
    assert_eq!(run(&["--target", "first", "--context", "one"]).code, 0);
    let context = ["--target", "pinned", "--context", "two"];
    assert_eq!(run(&context).code, 5);
    let uid = world.uid.as_str();
    assert_eq!(
        run(&[&context[..], &["--cluster-uid", uid]].concat()).code,
        1,
        "the drift of the second namespace"
    );
    // A file of this machine is trusted.
    let own = Source::files(&[("gitops.yaml", configuration.as_str())]);
    let file = own.file("gitops.yaml");
    let trusted = run(&["--target", "first", "--config", file.to_str().expect("UTF-8")]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
}

#[test]
fn rules_that_changed_since_the_base_are_listed() {
    let Some(world) = World::new("targets-base") else { return };
    let rules = |rules: &str| format!("{BOTH}ignore:\n{rules}");
    let before =
        rules("- {kind: ConfigMap, paths: [data.b], reason: old}\n- {kind: Secret, managers: [robot]}\n");
    let repo = Repo::with_files(&files(&before));
    let now =
        rules("- {kind: Secret, managers: [robot]}\n- {kind: ConfigMap, paths: [data.a], reason: new}\n");
    repo.commit_files(&[("gitops.yaml", &now)], "other rules");
    let text = world.diff(&repo.at(""), &["--base", "HEAD~1"]);
    assert_eq!(text.code, 0, "{}{}", text.stdout, text.stderr);
    let told = "ignore rules changed since HEAD~1\n    - ConfigMap */*: data.b (old)  gitops.yaml:6\n    + ConfigMap */*: data.a (new)  gitops.yaml:7\n";
    assert!(text.stdout.contains(told), "{}", text.stdout);
    let json = world.diff(&repo.at(""), &["--base", "HEAD~1", "-o", "json"]).report();
    let expected = serde_json::json!({"since": "HEAD~1",
        "added": [{"file": "gitops.yaml", "line": 7, "rule": "ConfigMap */*: data.a (new)"}],
        "removed": [{"file": "gitops.yaml", "line": 6, "rule": "ConfigMap */*: data.b (old)"}]});
    assert_eq!(json["ignoreRules"], expected);
    let same = world.diff(&repo.at(""), &["--base", "HEAD"]);
    assert!(!same.stdout.contains("ignore rules changed"), "{}", same.stdout);
}

#[test]
fn the_configuration_of_the_readme_is_one() {
    let readme = include_str!("../../README.md");
    let (_, rest) =
        readme.split_once("```yaml\napiVersion: gitops/v1\n").expect("the README shows a configuration");
    let (text, _) = rest.split_once("```").expect("the block ends");
    let text = format!("apiVersion: gitops/v1\n{text}");
    let config = gitops::config::parse("gitops.yaml", text.as_bytes(), jiff::civil::date(2026, 12, 1));
    let config = config.unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!((config.targets.len(), config.rules.len()), (1, 1));
}

/// The base is rendered from where its own configuration had the target.
#[test]
fn the_base_of_a_target_is_where_its_own_configuration_had_it() {
    let Some(world) = World::new("targets-moved") else { return };
    let repo = Repo::with_files(&files(BOTH));
    let moved = BOTH.replace("path: one", "path: uno") + "- {name: third, path: two, context: one}\n";
    let changed = SETTINGS.replace("b: \"1\"", "b: \"3\"");
    repo.git(&["rm", "-q", "-r", "one"]);
    repo.commit_files(&[("gitops.yaml", &moved), ("uno/all.yaml", &changed)], "moved");
    let run = world.diff(&repo.at(""), &["--base", "HEAD~1", "--target", "first", "-o", "json"]);
    let report = run.report();
    let field = &report["targets"][0]["objects"][0]["fields"][0];
    assert_eq!(
        (run.code, field["path"].as_str(), field["class"].as_str()),
        (1, Some("data.b"), Some("pending")),
        "{}",
        run.stderr
    );
    // A target that the base did not have was never applied.
    let run =
        world.diff(&repo.at(""), &["--base", "HEAD~1", "--target", "third", "-n", "default", "-o", "json"]);
    assert_eq!(sections(&run), [section("third", &["new"], "")], "{}", run.stderr);
}

#[test]
fn one_source_is_opened_once_for_all_targets_and_a_stream_is_one_target() {
    let Some(world) = World::new("targets-stream") else { return };
    let source = Source::files(&files(BOTH));
    let file = source.file("gitops.yaml");
    let sealed = crate::support::sealed::Sealed::with_cluster(&world.kubeconfig);
    let config = file.to_str().expect("UTF-8");
    let run = |flags: &[&str]| {
        sealed.run_with(&[&["diff", "-", "--config", config], flags].concat(), SETTINGS.as_bytes())
    };
    let second = run(&["--target", "second"]);
    assert_eq!(second.code, 1, "{}", second.stderr);
    assert_eq!(run(&["--target", "first"]).code, 0);
    let rendered = sealed.run_with(&["render", "-"], SETTINGS.as_bytes());
    assert_eq!(rendered.code, 0, "{}", rendered.stderr);
    assert!(rendered.stdout.contains("name: settings"), "{}", rendered.stdout);
    let both = run(&["--all-targets"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("a stream is about one target, and 2 are selected"), "{}", both.stderr);
}

/// SEC-03
#[test]
fn a_configuration_is_never_read_outside_of_the_source() {
    let home = tempfile::tempdir().expect("a directory");
    let secret = home.path().join("secret.yaml");
    std::fs::write(&secret, "canary-7f3a: 1\n").expect("a file");
    let source = Source::files(&[("all.yaml", SETTINGS)]);
    std::os::unix::fs::symlink(&secret, source.file("gitops.yaml")).expect("a link");
    let run = crate::support::sealed::Sealed::new().run(&["diff", source.path()]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("gitops.yaml: symbolic link leads outside the source"), "{}", run.stderr);
    run.assert_hides("canary-7f3a");
    // One that stays inside is read.
    let source = Source::files(&[("all.yaml", SETTINGS), ("config/own.yaml", "apiVersion: gitops/v2\n")]);
    std::os::unix::fs::symlink("config/own.yaml", source.file("gitops.yaml")).expect("a link");
    let run = crate::support::sealed::Sealed::new().run(&["diff", source.path()]);
    assert_eq!(
        run.stderr,
        "error: gitops.yaml:1:13: apiVersion gitops/v2 is not known; expected gitops/v1\n"
    );
}
